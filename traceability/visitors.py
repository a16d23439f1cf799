"""What is taken of a visitor's request to a public page, and how little of it."""

import ipaddress
import re
from functools import lru_cache
from typing import Any

from werkzeug.datastructures import Accept, LanguageAccept
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Request

from traceability import i18n

#: Link previewers, crawlers and monitors: they open pages, nobody looks.
_ROBOTS = re.compile(
    r"bot\b|bot[/;]|crawl|spider|slurp|preview|facebookexternalhit|facebookcatalog|whatsapp/|skypeuripreview"
    r"|embedly|pingdom|uptime|lighthouse|google-read-aloud|mediapartners|feedfetcher|vkshare|headlesschrome-prerender",
    re.IGNORECASE,
)
_AHEAD = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)
_AHEAD_HEADERS = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")
_IPV4 = re.compile(
    r"((?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])(?:\.(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){2})"
    r"\.(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])",
    re.ASCII,
)
_JSON = "application/json"
_LONGEST_AGENT = 400


def language_of(request: Request) -> str:
    """The language of a page that knows no cookie: `?lang=`, then what the browser asks for, then Vietnamese."""
    asked = request.args.get("lang")
    if asked in i18n.LANGUAGES:
        return str(asked)
    return request.accept_languages.best_match(list(i18n.LANGUAGES), default=i18n.DEFAULT) or i18n.DEFAULT


@lru_cache(maxsize=4096)
def language_asked(header: str) -> str:
    """The language that an `Accept-Language` header asks for, of ours."""
    accepted = parse_accept_header(header, LanguageAccept)
    return accepted.best_match(list(i18n.LANGUAGES), default=i18n.DEFAULT) or i18n.DEFAULT


@lru_cache(maxsize=4096)
def takes_gzip(header: str) -> bool:
    """Whether an `Accept-Encoding` header allows gzip."""
    return parse_accept_header(header, Accept).quality("gzip") > 0


def wants_json(request: Request) -> bool:
    """Whether a program asks."""
    return request.accept_mimetypes.best_match(["text/html", _JSON], default="text/html") == _JSON


def is_a_person(request: Request) -> bool:
    """Whether somebody looks at the page: no link preview, no crawler, no page loaded ahead."""
    return request.method == "GET" and looks(request.environ)


def looks(environ: dict[str, Any]) -> bool:
    """The same of a GET request's environment."""
    if is_robot(environ.get("HTTP_USER_AGENT", "")):
        return False
    return not any(_AHEAD.search(environ[name]) for name in _AHEAD_HEADERS if name in environ)


@lru_cache(maxsize=4096)
def is_robot(agent: str) -> bool:
    """Whether a user agent is a program that looks at pages by itself."""
    return _ROBOTS.search(agent) is not None


def network_of(request: Request) -> str:
    """The visitor's address without its last part: /24 of IPv4, /48 of IPv6. Behind our own proxy, the one it names."""
    environ = request.environ
    return network(environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", ""))


def network(remote: str, forwarded_for: str) -> str:
    """As `network_of`, of an address and of what a proxy of ours says of it."""
    named = remote if remote != "127.0.0.1" else forwarded_for.rpartition(",")[2].strip() or remote
    plain = _IPV4.fullmatch(named)
    if plain:  # the usual case, without the library's care
        return plain[1] + ".0/24"
    address = _address(remote)
    if address is not None and address.is_loopback:
        forwarded = forwarded_for.rpartition(",")[2].strip()
        address = _address(forwarded) or address
    if address is None:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))


def agent(text: str) -> str:
    """The user agent as it enters the visitor's mark."""
    return text[:_LONGEST_AGENT]


def device(agent: str) -> str:
    """The kind of device by its user agent: phone, tablet, desktop, or other."""
    if "iPad" in agent or "Tablet" in agent or ("Android" in agent and "Mobi" not in agent):
        return "tablet"
    if "Mobi" in agent or "iPhone" in agent:
        return "phone"
    return "desktop" if agent.startswith("Mozilla/") else "other"


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
