"""Error pages: one sentence that says what happened, one that says what to do. Never a traceback."""

import errno
import json
import logging
from typing import Any

from flask import Flask, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, InternalError, OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Response

from traceability import disk, request_marks, security_log, wording
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ownership import OutOfScope
from traceability.domain.personal_data import NotDeclared
from traceability.i18n import N_, gettext
from traceability.keys import MissingKey

_log = logging.getLogger(__name__)

_DRAIN_CHUNK, _DRAIN_CHUNKS = 1 << 16, 512  # 32 MiB at most

#: Under these addresses programs ask, and are told a problem instead of a page.
_MACHINES = ("/api/", "/log/", "/tile/")
#: What a program should do, where that is something else than a person.
_TO_PROGRAMS = {
    400: N_("The address holds characters that none can: send it without control characters."),
    404: N_("Check the address and the ids in it."),
    405: N_("Send the request by one of the methods in the header Allow."),
}

#: code -> (title, what to do)
SENTENCES = {
    400: (N_("We could not read this request"), N_("Go back, load the page again and try once more.")),
    401: (N_("Nobody is signed in"), N_("Send a live token: Authorization: Bearer trc_…")),
    403: (
        N_("You may not do this"),
        N_("Sign in with another account, or ask your administrator for the permission."),
    ),
    404: (N_("There is nothing here"), N_("Check the address, or start again from the home page.")),
    405: (N_("This page is used another way"), N_("Open the page from its menu and use its buttons.")),
    413: (
        N_("This is too much at once"),
        N_("Send a smaller file (at most 10 MB), a long table in several parts, or less text."),
    ),
    415: (N_("This kind of content is not accepted"), N_("Send the form from its own page.")),
    422: (N_("This could not be accepted"), N_("Go back and check what was filled in.")),
    429: (N_("Too many requests"), N_("Please wait a minute and try again.")),
    500: (
        N_("Something went wrong on our side"),
        N_("Nothing was saved by halves. Please try again in a minute."),
    ),
    503: (
        N_("The service takes no entries right now"),
        N_("Nothing was lost. Please try again in a minute."),
    ),
}


def problem(code: int, text: str, field: str | None = None, record_id: str | None = None) -> Response:
    """What a machine is told: `application/problem+json` (RFC 9457) with `error: {message, field}`.

    `record_id`: the record that stands in the way, where it is the asker's own.
    """
    named = {"record_id": record_id} if record_id else {}
    said = {
        "type": "about:blank",
        "title": HTTP_STATUS_CODES.get(code, ""),
        "status": code,
        "detail": text,
        "error": {"message": text, "field": field} | named,
    }
    return Response(json.dumps(said, ensure_ascii=False), code, content_type="application/problem+json")


def answer(code: int, text: str | None = None) -> Response:
    """The error page of a status code, with a sentence of its own where there is one; a problem for machines."""
    if request.path.startswith(_MACHINES):
        title, advice = SENTENCES.get(code, SENTENCES[500 if code >= 500 else 400])
        advice = _TO_PROGRAMS.get(code, advice)
        said = problem(code, text or f"{gettext(title)}. {gettext(advice)}")
    else:
        number = request_marks.number() if code >= 500 else ""
        said = Response(page(code, text, number)[0], code, mimetype="text/html")
    if code >= 500:
        said.headers[request_marks.HEADER] = request_marks.number()
    return said


def page(code: int, text: str | None = None, number: str = "") -> tuple[str, int]:
    """The error page of a status code, with a sentence of its own where there is one.

    `number`: that of the request, to be told to the operator; empty where the page is the same for everybody.
    """
    title, advice = SENTENCES.get(code, SENTENCES[500 if code >= 500 else 400])
    return (
        render_template(
            "errors/error.html",
            code=code,
            title=gettext(title),
            text=text or "",
            next_action=gettext(advice),
            number=number,
        ),
        code,
    )


def refuse_unreadable() -> Any:
    """Before every request: an address with control characters (NUL above all) is nobody's page and no search."""
    texts = (request.path, *request.args.keys(), *request.args.values())
    if any(character < " " or character == "\x7f" for text in texts for character in text):
        return answer(400)
    return None


def _drain() -> None:
    """Reads a bounded rest of a refused body, so that the answer reaches the client before the connection closes."""
    stream = request.environ.get("wsgi.input")
    for _turn in range(_DRAIN_CHUNKS):
        if stream is None or not stream.read(_DRAIN_CHUNK):
            return


def _http(error: HTTPException) -> Any:
    if error.response is not None or (error.code or 500) < 400:
        return error
    if error.code == 500:
        return _broken()
    if error.code == 413:
        _drain()
    security_log.note_refusal(error.code or 500)
    said = answer(error.code or 500)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            said.headers[name] = value  # Allow, Retry-After, WWW-Authenticate
    return said


def _missing(error: NotFound) -> Response:
    security_log.note_missing(error)
    return answer(404)


def _refused(error: RuleBroken) -> Response:
    if request.path.startswith(_MACHINES):
        return problem(422, wording.refusal(error), error.field)
    return answer(422, wording.refusal(error))


def _csrf(_error: CSRFError) -> Any:
    return answer(400, gettext("The page was open too long, or was sent from elsewhere. Nothing was saved."))


def _busy(error: DBAPIError) -> Any:
    _log.error("database refused: %s", type(error.orig).__name__)
    return _later()


def _not_declared(error: NotDeclared) -> Any:
    _log.error("an access record was not written: %s", error)
    return _later()


def _no_key(error: MissingKey) -> Any:
    """Whoever runs the system must put the key back; until then nothing is wrong with what was asked."""
    _log.error("%s", error)
    return _later()


def _no_disk(error: OSError) -> Any:
    if not disk.takes_nothing(error):
        return _unexpected(error)
    _log.error("the disk takes nothing: %s", errno.errorcode[error.errno or 0])
    return _later()


def _later() -> Response:
    """The page of a 503: the same may be sent again in a moment."""
    said = answer(503)
    said.headers["Retry-After"] = "5"
    return said


def _unexpected(error: Exception) -> Any:
    _log.exception("unexpected error at %s %s", request.method, request.endpoint)
    return _broken()


def _broken() -> Any:
    """The page of a 500; a sentence alone where what broke the page breaks the page about it too."""
    try:
        return answer(500)
    except Exception:
        _log.exception("the error page could not be made")
        title, advice = SENTENCES[500]
        said = f"{gettext(title)}. {gettext(advice)} ({request_marks.number()})"
        return Response(said, 500, mimetype="text/plain")


def _unreadable(error: DataError) -> Any:
    _log.warning("value refused by the database: %s", type(error.orig).__name__)
    return answer(400)


def init_app(app: Flask) -> None:
    """Wires the error pages."""
    app.before_request(refuse_unreadable)
    app.register_error_handler(DataError, _unreadable)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(NotFound, _missing)
    app.register_error_handler(OutOfScope, lambda _error: answer(404))
    app.register_error_handler(RuleBroken, _refused)
    app.register_error_handler(OperationalError, _busy)
    app.register_error_handler(InternalError, _busy)  # PostgreSQL: a standby or a full disk takes no writes
    app.register_error_handler(InterfaceError, _busy)
    app.register_error_handler(NotDeclared, _not_declared)
    app.register_error_handler(MissingKey, _no_key)
    app.register_error_handler(OSError, _no_disk)
    app.register_error_handler(Exception, _unexpected)
