"""The gate of printed codes, in front of the framework: `/s/CODE` and GS1 Digital Links.

A stamp's page knows no cookie, no sign-in and no script. A code that was not issued is refused by its tag, without a
question to the database, with one constant answer. A Digital Link leads to the page by a 307.
"""

import gzip
import hashlib
import json
import logging
import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from flask import Flask, g, render_template
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request, Response

from traceability import errors, headers, i18n, mint, resolver_gate, scan_pages, stamp_pages, visitors
from traceability.domain import journeys, provenance, scan_lookup, scans, stamp_codes
from traceability.domain.clock import now, today
from traceability.domain.epc import looks_like_epc
from traceability.domain.identifiers import Malformed, looks_like_digital_link
from traceability.domain.ownership import PUBLIC
from traceability.domain.scan_lookup import Seen
from traceability.domain.scans import Sighting
from traceability.scan_pages import KeptPage, PageShelf
from traceability.scan_recorder import ScanRecorder

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_log = logging.getLogger(__name__)

SHORT = ("/s/", "/S/")
_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
_OTHER = frozenset({resolver_gate.DESCRIPTION_FILE, resolver_gate.CONTEXT_FILE})
_LEAST_TO_PACK = 1000
_AS_PRINTED = re.compile(r"[0-9A-HJKMNP-TV-Z]{16}")
#: An answer as WSGI takes it: status, headers, body.
Ready = tuple[str, list[tuple[str, str]], bytes]


class ScanGate:
    """The middleware. Whatever is no printed code it hands on."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.inner = app.wsgi_app
        self.database = app.extensions["database"]
        self.keyring = app.extensions["settings"].keyring()
        self.public_root = app.extensions["settings"].public_root
        self.recorder = ScanRecorder(self.database)
        self.pages = PageShelf(self.database.rows)
        self._unknown: dict[tuple[str, bool], Response] = {}
        self._unknown_bytes: dict[tuple[str, bool], tuple[list[tuple[str, str]], bytes]] = {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not (
            path.startswith(SHORT) or looks_like_digital_link(path) or path in _OTHER or looks_like_epc(path)
        ):
            return self.inner(environ, start_response)
        without_cookies = environ.copy()
        without_cookies.pop("HTTP_COOKIE", None)
        if path.startswith(SHORT):
            ready = self._ready(without_cookies, path[len(SHORT[0]) :])
            if ready is not None:
                start_response(*ready[:2])
                return (ready[2],)
        with self.app.request_context(without_cookies):
            request = Request(without_cookies)
            return self._answer(request, path)(without_cookies, start_response)

    def read(self, text: str) -> tuple[int, int] | None:
        """The epoch and serial that a code stands for; None if it was not issued."""
        keys = mint.epoch_keys(self.database, self.keyring)
        return stamp_codes.read(keys.values(), text) if keys else None

    # -- the quick way ------------------------------------------------------------------------------------------------

    def _ready(self, environ: "WSGIEnvironment", text: str) -> Ready | None:
        """The answer for a plain scan, past the framework; None for whatever is not quite that."""
        if (
            environ["REQUEST_METHOD"] != "GET"
            or environ.get("QUERY_STRING")
            or "json" in environ.get("HTTP_ACCEPT", "")
        ):
            return None
        request = visitors.Asking(environ, "GET")
        counted = visitors.is_a_person(request)
        language = visitors.language_asked(environ.get("HTTP_ACCEPT_LANGUAGE", ""))
        try:
            issued = self.read(text)
            seen = scan_lookup.look_up(self.database.rows, *issued, today()) if issued else None
            if issued is None or seen is None:
                return self._unknown_ready(environ, language)
            page = self.pages.get(seen, language) or self._make(environ, seen, language)
        except Exception:
            _log.exception("a scan took the long way")
            return None
        found = seen.found
        opened = found.opened + counted
        code = text if _AS_PRINTED.fullmatch(text) else str(stamp_codes.normalise(text))
        if page is None or (
            opened == 1 and found.first_opened_at is not None
        ):  # "1 times" is nobody's language
            return None
        part = page.stamp_part(code, opened, found.first_opened_at)
        packed = visitors.takes_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
        body = page.packed(part) if packed else page.plain(part)
        if counted:
            self._note(request, found, language)
        return "200 OK", _with_length(page.headers, body, packed), body

    def _make(self, environ: "WSGIEnvironment", seen: Seen, language: str) -> KeptPage | None:
        """Renders the page of a stamp in a form that can be kept, and keeps it."""
        found = seen.found
        with self.app.request_context(environ):
            request = Request(environ)
            _in_language(request, language)
            with self.database.reading(PUBLIC) as session:
                story = provenance.of_batch(session, found.batch_id, today(), found.stamps_id)
                producers = journeys.producers_behind(session, found.batch_id)
            if producers is None:
                return None
            shown = []
            for first in (None, scan_pages.FIRST):
                stamp = replace(found, opened=scan_pages.COUNT, first_opened_at=first)
                page = stamp_pages.StampPage(scan_pages.CODE, stamp, story, False, False)
                html = render_template(
                    "public/stamp.html", page=page, language_links=_language_links(request)
                )
                shown.append(scan_pages.split(html))
            answer = _headed(Response(html, mimetype="text/html"))
        first_time, again = shown
        if first_time is None or again is None or not scan_pages.has_places(again[1], language):
            _log.error("the page of a stamp cannot be kept: its places were not found")
            return None
        kept = KeptPage(
            state=seen.state,
            head=seen.head,
            producers=producers,
            language=language,
            before=again[0].encode(),
            first_time=first_time[1],
            again=again[1],
            after=again[2].encode(),
            headers=_lasting(answer),
        )
        self.pages.put(seen, kept)
        return kept

    def _unknown_ready(self, environ: "WSGIEnvironment", language: str) -> Ready:
        """The constant answer for a code that is not on record."""
        packed = visitors.takes_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
        if (language, packed) not in self._unknown_bytes:
            with self.app.request_context(environ):
                request = Request(environ)
                _in_language(request, language)
                answer = _finished(request, self._not_on_record(request))
            self._unknown_bytes[language, packed] = (_lasting(answer), answer.get_data())
        kept, body = self._unknown_bytes[language, packed]
        return "404 NOT FOUND", _with_length(kept, body, False), body

    # -- answers ------------------------------------------------------------------------------------------------------

    def _answer(self, request: Request, path: str) -> Response:
        _in_language(request, visitors.language_of(request))
        try:
            if not path.startswith((*SHORT, resolver_gate.DESCRIPTION_FILE)):
                answer = self._digital_link(request)
            elif request.method not in ("GET", "HEAD"):
                answer = _not_allowed("GET, HEAD")
            elif path.startswith(SHORT):
                answer = self._stamp(request, path[len(SHORT[0]) :])
            else:
                answer = resolver_gate.well_known(path, self.public_root)
        except Exception as error:
            answer = self.app.make_response(self.app.handle_user_exception(error))
        return _finished(request, answer)

    def _stamp(self, request: Request, text: str) -> Response:
        issued = self.read(text)
        if issued is None:
            return self._not_on_record(request)
        with self.database.reading(PUBLIC) as session:
            found = scans.resolve(session, *issued, today())
            if found is None:
                return self._not_on_record(request)
            story = provenance.of_batch(session, found.batch_id, today(), found.stamps_id)
        code = stamp_codes.normalise(text)
        counted = visitors.is_a_person(request)
        page = stamp_pages.StampPage(str(code), found, story, counted, _said(request, story))
        if visitors.wants_json(request):
            answer = _json(stamp_pages.as_json(page))
        else:
            html = render_template("public/stamp.html", page=page, language_links=_language_links(request))
            answer = Response(scan_pages.without_marks(html), mimetype="text/html")
        if counted:
            self._note(request, found, g.language)
        return answer

    def _not_on_record(self, request: Request) -> Response:
        """One answer for every code that is not on record: the same bytes, whatever is wrong with it."""
        kind = g.language, visitors.wants_json(request)
        g.carried_language = g.language
        if kind not in self._unknown:
            if kind[1]:
                answer = _json({"state": scans.Verdict.UNKNOWN.value, "product": None}, 404)
            else:
                answer = Response(render_template("public/unknown.html"), 404, mimetype="text/html")
            self._unknown[kind] = answer
        kept = self._unknown[kind]
        return Response(kept.get_data(), kept.status_code, mimetype=kept.mimetype)

    def _note(self, request: Request | visitors.Asking, found: scans.Resolution, language: str) -> None:
        self.recorder.note(
            Sighting(
                epoch=found.epoch,
                serial=found.serial,
                batch_id=found.batch_id,
                at=now(),
                verdict=found.verdict,
                network=visitors.network_of(request),
                agent=visitors.agent_of(request),
                device=visitors.device_of(request),
                language=language,
            )
        )

    # -- Digital Links ------------------------------------------------------------------------------------------------

    def _digital_link(self, request: Request) -> Response:
        answer = self._resolved(request)
        answer.headers["Access-Control-Allow-Methods"] = resolver_gate.METHODS
        answer.headers["Access-Control-Expose-Headers"] = "Link, Location"
        return answer

    def _resolved(self, request: Request) -> Response:
        link, packed = resolver_gate.parse(_raw_target(request.environ))
        if isinstance(link, Malformed):
            return resolver_gate.malformed(link)
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            return _not_allowed(resolver_gate.METHODS)
        issued = self.read(link.serial) if link.serial else None
        with self.database.reading(PUBLIC) as session:
            return resolver_gate.answer(request, session, self.public_root, link, issued, packed)


def _not_allowed(methods: str) -> Response:
    return Response(errors.page(405)[0], 405, Headers([("Allow", methods)]), mimetype="text/html")


def _said(request: Request, story: Any) -> bool:
    """Whether the link that led here named another GTIN or lot than the code's own record."""
    gtin, lot = request.args.get("gtin"), request.args.get("lot")
    return bool((gtin and gtin != story.product.gtin) or (lot and lot != story.batch.lot))


def _raw_target(environ: dict[str, Any]) -> str:
    """The request target as it was sent: a framework's decoded path has lost which slashes were encoded."""
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if raw:
        return str(raw)
    path = quote(environ.get("PATH_INFO", "").encode("latin-1"), safe="/")
    query = environ.get("QUERY_STRING", "")
    return f"{path}?{query}" if query else path


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(content, ensure_ascii=False), status, mimetype="application/json")


def _in_language(request: Request, language: str) -> None:
    """Sets what the templates of a page ask of its request."""
    g.language = language
    g.carried_language = language if request.args.get("lang") in i18n.LANGUAGES else ""
    g.csp_nonce = ""


def _language_links(request: Request) -> list[tuple[str, str]]:
    return [(lang, "?" + urlencode(request.args.to_dict() | {"lang": lang})) for lang in i18n.LANGUAGES]


def _finished(request: Request, answer: Response) -> Response:
    """The headers of the gate's answers; packed where the browser takes it."""
    _headed(answer)
    body = answer.get_data()
    if len(body) >= _LEAST_TO_PACK and request.accept_encodings.quality("gzip") > 0:
        answer.set_data(gzip.compress(body, 5, mtime=0))
        answer.headers["Content-Encoding"] = "gzip"
    return answer


def _headed(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Vary"] = "Accept, Accept-Encoding, Accept-Language"
    page = answer.get_data(as_text=True) if answer.mimetype == "text/html" else ""
    answer.headers["Content-Security-Policy"] = _policy(page)
    return headers.apply(answer)


def _lasting(answer: Response) -> list[tuple[str, str]]:
    """The headers of an answer that are the same for every body."""
    return [(name, value) for name, value in answer.headers.to_wsgi_list() if name != "Content-Length"]


def _with_length(kept: list[tuple[str, str]], body: bytes, packed: bool) -> list[tuple[str, str]]:
    length = [("Content-Length", str(len(body)))]
    return [*kept, *length, ("Content-Encoding", "gzip")] if packed else [*kept, *length]


def _policy(page: str) -> str:
    """Nothing but the page's own style, by its hash, and our pictures: a script has no way in."""
    hashes = [b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in _STYLE.findall(page)]
    styles = " ".join(f"'sha256-{found}'" for found in hashes) or "'none'"
    return (
        f"default-src 'none'; style-src {styles}; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


def gate(app: Flask) -> ScanGate:
    """The gate of an application: for its recorder, and for pages that read a code."""
    found: ScanGate = app.extensions["scan_gate"]
    return found


def init_app(app: Flask) -> None:
    """Puts the gate in front of the application."""
    app.extensions["scan_gate"] = ScanGate(app)
    app.wsgi_app = app.extensions["scan_gate"]  # type: ignore[method-assign]
