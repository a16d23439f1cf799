"""What is taken of a visitor's request to a public page, and how little of it."""

import ipaddress
import re

from werkzeug.wrappers import Request

from traceability import i18n

#: Link previewers, crawlers and monitors: they open pages, nobody looks.
_ROBOTS = re.compile(
    r"bot\b|bot[/;]|crawl|spider|slurp|preview|facebookexternalhit|facebookcatalog|whatsapp/|skypeuripreview"
    r"|embedly|pingdom|uptime|lighthouse|google-read-aloud|mediapartners|feedfetcher|vkshare|headlesschrome-prerender",
    re.IGNORECASE,
)
_AHEAD = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)
_AHEAD_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
_JSON = "application/json"
_LONGEST_AGENT = 400


def language_of(request: Request) -> str:
    """The language of a page that knows no cookie: `?lang=`, then what the browser asks for, then Vietnamese."""
    asked = request.args.get("lang")
    if asked in i18n.LANGUAGES:
        return str(asked)
    return request.accept_languages.best_match(list(i18n.LANGUAGES), default=i18n.DEFAULT) or i18n.DEFAULT


def wants_json(request: Request) -> bool:
    """Whether a program asks."""
    return request.accept_mimetypes.best_match(["text/html", _JSON], default="text/html") == _JSON


def is_a_person(request: Request) -> bool:
    """Whether somebody looks at the page: no link preview, no crawler, no page loaded ahead."""
    if request.method != "GET" or _ROBOTS.search(request.headers.get("User-Agent", "")):
        return False
    return not any(_AHEAD.search(request.headers.get(name, "")) for name in _AHEAD_HEADERS)


def network_of(request: Request) -> str:
    """The visitor's address without its last part: /24 of IPv4, /48 of IPv6. Behind our own proxy, the one it names."""
    address = _address(request.remote_addr or "")
    if address is not None and address.is_loopback:
        forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        address = _address(forwarded) or address
    if address is None:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))


def agent_of(request: Request) -> str:
    """The user agent, for the visitor's mark only."""
    return request.headers.get("User-Agent", "")[:_LONGEST_AGENT]


def device_of(request: Request) -> str:
    """The kind of device: phone, tablet, desktop, or other."""
    agent = request.headers.get("User-Agent", "")
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
