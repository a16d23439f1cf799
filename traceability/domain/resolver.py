"""What a GS1-conformant resolver answers: which link a request means, and the linkset of what is known.

Pure: the registrations come in as `Anchor`s, the most specific level first, as `DigitalLink.walk_up` orders them.
Clause numbers are those of GS1-Conformant Resolver 1.2.1.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from traceability.domain.identifiers import Level, level_path

#: The namespace under which link types are published, and the others that mean the same.
VOCABULARY = "https://ref.gs1.org/voc/"
_NAMESPACES = (VOCABULARY, "http://ref.gs1.org/voc/", "https://gs1.org/voc/", "http://gs1.org/voc/", "gs1:")
DEFAULT_LINK = "defaultLink"
#: Asked for as a link type: not a link but the whole set. The second is the word of older versions.
WHOLE_SET = frozenset({"linkset", "all"})


@dataclass(frozen=True)
class Target:
    """One link. `title` is text, or with `facts` the code of a sentence. `languages` and `media_type` of what is there.

    `ours`: the platform's own page, which the producer cannot take away.
    """

    link_type: str
    href: str
    title: str
    languages: tuple[str, ...] = ()
    media_type: str = "text/html"
    facts: dict[str, str] | None = field(default=None, hash=False)
    ours: bool = False


@dataclass(frozen=True)
class Anchor:
    """What is registered at one level: a GTIN, a lot or a serial number. `default` is where a plain scan leads."""

    level: Level
    description: str
    default: Target | None
    targets: tuple[Target, ...] = ()


@cache
def link_types() -> dict[str, str]:
    """The ratified link types of GS1's Web Vocabulary: name -> what it is called."""
    text = Path(__file__).with_name("gs1-link-types.json").read_text("utf-8")
    return {name: str(entry["title"]) for name, entry in json.loads(text).items()}


def link_type_of(asked: str) -> str | None:
    """The name of a link type asked for as a CURIE (`gs1:pip`), a URI, or either percent-encoded; None: not GS1's.

    Clause 2.14. `linkset` and `all` come back as they are.
    """
    asked = unquote(asked) if "%" in asked else asked
    if asked in WHOLE_SET:
        return asked
    for namespace in _NAMESPACES:
        if asked.startswith(namespace):
            name = asked.removeprefix(namespace)
            return name if name in link_types() else None
    return None


def default_of(anchors: Sequence[Anchor]) -> Target | None:
    """The default link of the nearest level that has one (2.6.1)."""
    return next((anchor.default for anchor in anchors if anchor.default is not None), None)


def candidates(
    anchors: Sequence[Anchor], link_type: str, languages: Sequence[str], fallback: str
) -> list[Target]:
    """The links of a type that fit a reader best (2.6.2, 2.6.3): none, one, or several that cannot be told apart.

    `languages` are the reader's, the dearest first; `fallback` is the platform's own. The nearest level that has the
    type answers alone. Without any fitting language the fallback decides, then links that name no language.
    """
    if link_type == DEFAULT_LINK:
        default = default_of(anchors)
        return [default] if default else []
    found: list[Target] = []
    for anchor in anchors:
        found = [target for target in anchor.targets if target.link_type == link_type]
        if found:
            break
    for language in (*languages, fallback):
        fitting = [target for target in found if _speaks(target, language)]
        if fitting:
            return fitting
    silent = [target for target in found if not target.languages]
    return silent or found


def _speaks(target: Target, language: str) -> bool:
    """Whether a target is in a language: `vi-VN` is served by `vi`, and `vi` by `vi-VN`."""
    wanted = language.lower()
    theirs = [one.lower() for one in target.languages]
    return wanted in theirs or wanted.split("-")[0] in [one.split("-")[0] for one in theirs]


def linkset(root: str, anchors: Sequence[Anchor]) -> dict[str, Any]:
    """The linkset of all levels that are registered, each with an anchor of its own (2.5.9, 2.10; RFC 9264).

    `root` is the configured public root. Anchors are uncompressed and absolute.
    """
    return {"linkset": [_context_object(root, anchor) for anchor in anchors]}


def _context_object(root: str, anchor: Anchor) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "anchor": root + level_path(anchor.level),
        "itemDescription": anchor.description,
    }
    if anchor.default is not None:  # href and title only (2.5.8)
        shown[VOCABULARY + DEFAULT_LINK] = [{"href": anchor.default.href, "title": anchor.default.title}]
    for target in anchor.targets:
        link: dict[str, Any] = {"href": target.href, "title": target.title}
        if target.languages:
            link["hreflang"] = list(target.languages)
        link["type"] = target.media_type
        shown.setdefault(VOCABULARY + target.link_type, []).append(link)
    return shown


def with_query(href: str, own: dict[str, str], passed_on: str) -> str:
    """An address with our own words first and then the whole query string of the request, unchanged (2.12)."""
    address, hash_mark, fragment = href.partition("#")
    ours = "&".join(f"{name}={quote(value, safe='')}" for name, value in own.items())
    # what no header may hold is written as it should have been sent; all else stays byte for byte
    theirs = quote(passed_on, safe="%!$&'()*+,;=:@/?-._~[]|^`{}\"<>\\#")
    query = "&".join(part for part in (ours, theirs.replace("#", "%23")) if part)
    if query:
        address += ("&" if "?" in address else "?") + query
    return address + hash_mark + fragment
