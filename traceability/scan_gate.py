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
from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from time import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from flask import Flask, g, render_template
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request, Response

from traceability import errors, headers, i18n, mint, resolver_gate, scan_pages, stamp_pages, visitors
from traceability.domain import journeys, provenance, scan_lookup, scans, stamp_checks, stamp_codes
from traceability.domain.clock import today
from traceability.domain.compressed_links import looks_compressed
from traceability.domain.epc import looks_like_epc
from traceability.domain.identifiers import Malformed, looks_like_digital_link
from traceability.domain.ownership import PUBLIC
from traceability.domain.scan_lookup import Row
from traceability.scan_load import RETRY_AFTER, Load
from traceability.scan_pages import KeptPage, PageShelf
from traceability.scan_recorder import Glimpse, ScanRecorder

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_log = logging.getLogger(__name__)

SHORT = ("/s/", "/S/")
_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
_OTHER = frozenset({resolver_gate.DESCRIPTION_FILE, resolver_gate.CONTEXT_FILE})
_LEAST_TO_PACK = 1000
_AS_PRINTED = re.compile(r"[0-9A-HJKMNP-TV-Z]{16}").fullmatch
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
        #: answers that are the same for everybody, by kind, language and packing
        self._constant: dict[tuple[str, str, bool], Ready] = {}
        self._keys: tuple[stamp_codes.EpochKey, ...] = ()
        self.load = Load()
        self._minute = -1.0
        self._today = today()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        short = path.startswith(SHORT)
        if not (short or _is_printed(path)):
            return self.inner(environ, start_response)
        excess = self.load.excess(environ)
        if excess:
            ready = self._kept_answer(environ, f"{excess}", partial(self._too_many, excess))
            start_response(*ready[:2])
            return (ready[2],)
        if short:
            quick = self._ready(environ, path[len(SHORT[0]) :])
            if quick is not None:
                start_response(*quick[:2])
                return (quick[2],)
        without_cookies = environ.copy()
        without_cookies.pop("HTTP_COOKIE", None)
        with self.load.slow_way() as free:
            if not free:
                ready = self._kept_answer(environ, "503", partial(self._too_many, 503))
                start_response(*ready[:2])
                return (ready[2],)
            with self.app.request_context(without_cookies):
                request = Request(without_cookies)
                return self._answer(request, path)(without_cookies, start_response)

    def read(self, text: str) -> tuple[int, int] | None:
        """The epoch and serial that a code stands for; None if it was not issued."""
        known = self._keys
        issued = stamp_codes.read(known, text) if known else None
        if issued is None:  # perhaps an epoch has begun since
            keys = tuple(mint.epoch_keys(self.database, self.keyring).values())
            if keys != known:
                self._keys = keys
                issued = stamp_codes.read(keys, text) if keys else None
        return issued

    # -- the quick way ------------------------------------------------------------------------------------------------

    def _ready(self, environ: "WSGIEnvironment", text: str) -> Ready | None:
        """The answer for a plain scan, past the framework; None for whatever is not quite that.

        The part of a stamp is put into a page that is kept ready, after one small question to the database.
        """
        sent = environ.get
        if environ["REQUEST_METHOD"] != "GET" or sent("QUERY_STRING") or "json" in sent("HTTP_ACCEPT", ""):
            return None
        language = visitors.language_asked(sent("HTTP_ACCEPT_LANGUAGE", ""))
        moment = time()
        try:
            issued = self.read(text)
            row = scan_lookup.ask_for(self.database.rows, *issued) if issued else None
            if issued is None or row is None:
                return self._kept_answer(environ, "404", self._not_on_record)
            if scan_lookup.is_checked(row):
                return None
            page = self.pages.get(row, language, self._day(moment))
            if page is None:
                page = self._make(environ, row, issued, language)
        except Exception:
            _log.exception("a scan took the long way")
            return None
        opened, first, people = scan_lookup.count_of(row)
        counted = visitors.looks(environ)
        opened += counted
        if page is None or (opened == 1 and first is not None):  # "1 times" is nobody's language
            return None
        code = text if _AS_PRINTED(text) else str(stamp_codes.normalise(text))
        part = page.stamp_part(code, opened, first, people, scan_lookup.provinces_of(row))
        if visitors.takes_gzip(sent("HTTP_ACCEPT_ENCODING", "")):
            body, fields = page.packed(part), page.packed_headers.copy()
        else:
            body, fields = page.plain(part), page.headers.copy()
        fields.append(("Content-Length", str(len(body))))
        if counted:
            self._note(environ, page.verdict, page.batch_id, issued, moment, language)
        return "200 OK", fields, body

    def _day(self, moment: float) -> date:
        """The day of a moment, worked out once a minute."""
        minute = moment // 60
        if minute != self._minute:
            self._today = today()
            self._minute = minute
        return self._today

    def _make(
        self, environ: "WSGIEnvironment", row: Row, issued: tuple[int, int], language: str
    ) -> KeptPage | None:
        """Renders the page of a stamp in a form that can be kept, and keeps it."""
        day = today()
        found = scan_lookup.seen_of(row, *issued, day).found
        without_cookies = environ.copy()
        without_cookies.pop("HTTP_COOKIE", None)
        with self.load.slow_way() as free:
            if not free:
                return None
            with self.app.request_context(without_cookies):
                request = Request(without_cookies)
                _in_language(request, language)
                with self.database.reading(PUBLIC) as session:
                    story = provenance.of_batch(session, found.batch_id, day, found.stamps_id)
                    producers = journeys.producers_behind(session, found.batch_id)
                if producers is None:
                    return None
                shown = []
                for first in (None, scan_pages.FIRST):
                    stamp = scan_pages.with_stand_ins(found, first)
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
            state=scan_lookup.state_of(row),
            day=day,
            verdict=found.verdict,
            batch_id=found.batch_id,
            head=scan_lookup.head_of(row),
            producers=producers,
            language=language,
            before=again[0].encode(),
            first_time=first_time[1],
            again=again[1],
            after=again[2].encode(),
            headers=_lasting(answer),
        )
        self.pages.put(row, kept)
        return kept

    def _kept_answer(
        self, environ: "WSGIEnvironment", kind: str, make: Callable[[Request], Response]
    ) -> Ready:
        """An answer that is the same for everybody who reads its language, made once."""
        language = visitors.language_asked(environ.get("HTTP_ACCEPT_LANGUAGE", ""))
        packed = visitors.takes_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
        kept = self._constant.get((kind, language, packed))
        if kept is None:
            plain = {name: value for name, value in environ.items() if name != "HTTP_COOKIE"}
            with self.app.request_context(plain):
                request = Request(plain)
                _in_language(request, language)
                answer = _finished(request, make(request))
            body = answer.get_data()
            fields = [*_lasting(answer), ("Content-Length", str(len(body)))]
            self._constant[kind, language, packed] = kept = (answer.status, fields, body)
        return kept[0], kept[1].copy(), kept[2]

    def _too_many(self, status: int, _request: Request) -> Response:
        """More scans than can be answered: a plain sentence, and when to try again."""
        text = i18n.gettext("Very many people are scanning right now. Please try again in a few seconds.")
        answer = Response(errors.page(status, text)[0], status, mimetype="text/html")
        answer.headers["Retry-After"] = str(RETRY_AFTER)
        return answer

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
            checked_at = stamp_checks.first_right(session, *issued)
        code = stamp_codes.normalise(text)
        # who chooses another language has the page open already: nothing printed names one
        counted = visitors.is_a_person(request) and "lang" not in request.args
        page = stamp_pages.StampPage(str(code), found, story, counted, _said(request, story), checked_at)
        if visitors.wants_json(request):
            answer = _json(stamp_pages.as_json(page))
        else:
            html = render_template("public/stamp.html", page=page, language_links=_language_links(request))
            answer = Response(scan_pages.without_marks(html), mimetype="text/html")
        if counted:
            self._note(request.environ, found.verdict, found.batch_id, issued, time(), g.language)
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

    def _note(
        self,
        environ: "WSGIEnvironment",
        verdict: scans.Verdict,
        batch_id: str,
        issued: tuple[int, int],
        moment: float,
        language: str,
    ) -> None:
        sent = environ.get
        address, forwarded = sent("REMOTE_ADDR", ""), sent("HTTP_X_FORWARDED_FOR", "")
        agent = sent("HTTP_USER_AGENT", "")
        self.recorder.note(Glimpse(verdict, batch_id, *issued, moment, address, forwarded, agent, language))

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


def _is_printed(path: str) -> bool:
    """Whether an address is one that goods, chips or other resolvers carry; all others are pages."""
    return looks_like_digital_link(path) or path in _OTHER or looks_like_epc(path) or looks_compressed(path)


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
