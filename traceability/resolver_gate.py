"""The resolver behind the gate: what a GS1 Digital Link is answered (GS1-Conformant Resolver 1.2.1).

400 for what breaks the grammar, before 404 for what nobody here holds, before any redirect. A redirect is a 307: it is
never kept by a phone past a recall.
"""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from flask import render_template
from sqlmodel import Session
from werkzeug.wrappers import Request, Response

from traceability import i18n, wording
from traceability.domain import anchors, epc, resolver, stamp_codes
from traceability.domain.anchors import Registered
from traceability.domain.compressed_links import uncompressed
from traceability.domain.identifiers import DigitalLink, Malformed, parse_digital_link
from traceability.domain.resolver import Anchor, Target

DESCRIPTION_FILE = "/.well-known/gs1resolver"
CONTEXT_FILE = "/.well-known/gs1resolver/context.jsonld"
METHODS = "GET, HEAD, OPTIONS"
_LINKSET, _LD, _JSON, _HTML = (
    "application/linkset+json",
    "application/ld+json",
    "application/json",
    "text/html",
)
#: What the words of a linkset mean (RFC 9264 on the terms of Dublin Core and GS1's Web Vocabulary).
_CONTEXT = {
    "@context": {
        "linkset": "@graph",
        "anchor": "@id",
        "href": "@id",
        "gs1": resolver.VOCABULARY,
        "hreflang": {"@id": "http://purl.org/dc/terms/language", "@container": "@set"},
        "title": "http://purl.org/dc/terms/title",
        "type": "http://purl.org/dc/terms/format",
        "itemDescription": "http://www.w3.org/2000/01/rdf-schema#comment",
    }
}


def parse(target: str) -> tuple[DigitalLink | Malformed, bool]:
    """The link that a raw request target stands for, and whether it came packed: from a chip, or compressed."""
    if epc.looks_like_epc(target.partition("?")[0]):
        return epc.parse_epc(target), True
    link = parse_digital_link(target)
    if isinstance(link, Malformed):
        packed = uncompressed(target)
        return (packed, True) if packed else (link, False)
    return link, False


def description(root: str) -> dict[str, Any]:
    """The resolver description file (clause 3)."""
    return {
        "name": "Truy xuất nguồn gốc tỉnh Vĩnh Long",
        "resolverRoot": root,
        "supportedPrimaryKeys": list(anchors.KEYS),
        "linkTypeDefaultCanBeLinkset": False,
        "supportedLinkType": [{"namespace": resolver.VOCABULARY, "prefix": "gs1:"}],
        "jsonLdContextLocation": root + CONTEXT_FILE,
    }


def well_known(path: str, root: str) -> Response:
    """The description file, or the JSON-LD context of our linksets."""
    if path == CONTEXT_FILE:
        return _as_json(_CONTEXT, _LD)
    return _as_json(description(root), _JSON)


def answer(
    request: Request,
    session: Session,
    root: str,
    link: DigitalLink,
    issued: tuple[int, int] | None,
    packed: bool,
) -> Response:
    """The answer for a link in order. `issued`: what its serial was read as; `packed`: from a chip, or compressed."""
    found = anchors.of_link(session, root, link, issued)
    asked = request.args.get("linkType")
    wanted = _linkset_wanted(request, asked)
    if not found.anchors and (not found.disagrees or wanted or asked):
        return _not_public_yet() if found.unpublished else _nobody()
    told = tuple(_told(anchor) for anchor in found.anchors)
    reply = _reply(request, root, link, replace(found, anchors=told), asked, wanted)
    here = f"<{root}{link.path}?linkType=linkset>"
    links = [f'{here}; rel="linkset"; type="{_LINKSET}"']
    if reply.mimetype in (_LINKSET, _JSON):
        context = f"<{root}{CONTEXT_FILE}>"
        links.append(f'{context}; rel="http://www.w3.org/ns/json-ld#context"; type="{_LD}"')
    if packed:
        links.append(f'<{root}{link.path}>; rel="owl:sameAs"')
    reply.headers["Link"] = ", ".join(links)
    return reply


def _reply(
    request: Request, root: str, link: DigitalLink, found: Registered, asked: str | None, wanted: str | None
) -> Response:
    if request.method == "OPTIONS":
        return Response(status=204, headers={"Allow": METHODS})
    link_type = resolver.link_type_of(asked) if asked else resolver.DEFAULT_LINK
    if link_type in resolver.WHOLE_SET or (wanted and (not asked or link_type)):
        fitting = _candidates(request, found, link_type)
        known = link_type in resolver.WHOLE_SET or fitting
        return _linkset(request, root, found.anchors, wanted or _LINKSET, 200 if known else 404)
    if found.disagrees and link_type == resolver.DEFAULT_LINK:
        return _redirect(_disagreeing(root, link))
    fitting = _candidates(request, found, link_type)
    if not fitting:
        return _linkset(request, root, found.anchors, wanted or _HTML, 404)
    if len(fitting) > 1:
        last = found.anchors[-1]
        choice = Anchor(link.elements, found.anchors[0].description, last.default, tuple(fitting))
        return _linkset(request, root, (choice,), _accepted(request), 300)
    own: dict[str, str] = {}
    if fitting[0].ours:
        own |= {} if found.stamp_known else {"stamp": "unknown"}
        own |= {} if found.lot_known else {"lot": "unknown"}
    return _redirect(resolver.with_query(fitting[0].href, own, link.query))


def _candidates(request: Request, found: Registered, link_type: str | None) -> list[Target]:
    if link_type is None or link_type in resolver.WHOLE_SET:
        return []
    asked = request.args.get("lang")
    chosen = [asked] if asked in i18n.LANGUAGES else []
    preferred = [language for language, quality in request.accept_languages if quality > 0]
    fitting = resolver.candidates(found.anchors, link_type, [*chosen, *preferred], i18n.DEFAULT)
    if len(fitting) > 1:  # links in one language may still differ in what they are
        best = max(request.accept_mimetypes.quality(one.media_type) for one in fitting)
        fitting = [one for one in fitting if request.accept_mimetypes.quality(one.media_type) == best]
    return fitting


def _disagreeing(root: str, link: DigitalLink) -> str:
    """The page of an issued stamp that a link names under another GTIN or lot, and what the link said."""
    code = str(stamp_codes.normalise(link.serial or ""))
    said = {"gtin": link.gtin or "", "lot": link.lot or ""}
    own = {key: value for key, value in said.items() if value}
    return resolver.with_query(f"{root}/s/{quote(code)}", own, link.query)


def _redirect(href: str) -> Response:
    reply = Response("", 307, mimetype="text/plain")
    reply.headers["Location"] = href
    reply.autocorrect_location_header = False
    return reply


def _told(anchor: Anchor) -> Anchor:
    """An anchor whose links have their titles in the reader's language."""
    default = _titled(anchor.default) if anchor.default else None
    return replace(anchor, default=default, targets=tuple(map(_titled, anchor.targets)))


def _titled(target: Target) -> Target:
    if target.facts is None:
        return target
    return replace(target, title=wording.sentence(target.title, target.facts), facts=None)


def _linkset_wanted(request: Request, asked: str | None) -> str | None:
    """The form in which a linkset is asked for, by name; None for a reader who wants to be led on."""
    accepted = request.accept_mimetypes
    named = [kind for kind in (_LINKSET, _LD, _JSON) if any(kind == value.lower() for value, _q in accepted)]
    best = max(named, key=lambda kind: accepted.quality(kind), default=None)
    if best is not None and 0 < accepted.quality(best) >= accepted.quality(_HTML):
        return best
    return (
        _accepted(request)
        if asked is not None and resolver.link_type_of(asked) in resolver.WHOLE_SET
        else None
    )


def _accepted(request: Request) -> str:
    """The form of a linkset for whoever did not name one: a page for browsers, which name HTML."""
    named = any(value.lower() == _HTML for value, quality in request.accept_mimetypes if quality > 0)
    return _HTML if named else _LINKSET


def _linkset(request: Request, root: str, shown: tuple[Anchor, ...], kind: str, status: int) -> Response:
    content = resolver.linkset(root, shown)
    if kind in (_LINKSET, _JSON):
        return _as_json(content, kind, status)
    linked = _CONTEXT | content
    if kind == _LD:
        return _as_json(linked, _LD, status)
    languages = [(lang, "?" + urlencode(request.args.to_dict() | {"lang": lang})) for lang in i18n.LANGUAGES]
    page = render_template(
        "public/linkset.html", anchors=shown, linked=linked, status=status, language_links=languages
    )
    return Response(page, status, mimetype=_HTML)


def _as_json(content: dict[str, Any], kind: str, status: int = 200) -> Response:
    return Response(json.dumps(content, ensure_ascii=False), status, content_type=kind)


def malformed(fault: Malformed) -> Response:
    """400 with a sentence, whatever was asked for."""
    text = wording.sentence(fault.reason, dict(fault.facts))
    return _no_goods(400, i18n.gettext("This number cannot be right"), text)


def _nobody() -> Response:
    text = i18n.gettext(
        "Nobody on this platform holds this number. It may belong to goods of another system."
    )
    return _no_goods(404, i18n.gettext("These goods are not on this platform"), text)


def _not_public_yet() -> Response:
    text = i18n.gettext(
        "Its number was given out on this platform. What lies in it is not published yet: ask whoever delivered it."
    )
    return _no_goods(
        404, i18n.gettext("This carton is known; its contents are not public yet"), text, known=True
    )


def _no_goods(status: int, title: str, text: str, *, known: bool = False) -> Response:
    """The page for a link that names no goods here: what to compare, where to type a code, where to tell a doubt. No
    doubt is raised where the number is `known`.
    """
    page = render_template("public/no_goods.html", code=status, title=title, text=text, known=known)
    return Response(page, status, mimetype=_HTML)
