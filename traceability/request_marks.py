"""The number of a request: by it an operator finds in the log what somebody saw on an error page.

It is taken from a proxy of ours (the same machine) and made otherwise; every answer of the framework carries it as
`X-Request-ID`. Answers of the gate of printed codes are the same for everybody and carry none, unless they are errors.
"""

import re
import secrets
from time import monotonic
from typing import Any

import structlog
from flask import Flask, g, has_request_context, request
from structlog.typing import EventDict, WrappedLogger
from werkzeug.wrappers import Response

HEADER = "X-Request-ID"
_KEPT = "traceability.request"
_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)
_OWN_MACHINE = ("127.", "::1", "::ffff:127.")
#: What monitors and browsers ask all day: no line unless it fails.
_QUIET = frozenset({"static", "api.healthz", "api.readyz"})

_log = structlog.stdlib.get_logger("traceability.requests")


def number() -> str:
    """The number of the present request."""
    kept: str | None = request.environ.get(_KEPT)
    if kept is None:
        kept = request.environ[_KEPT] = _given(request.environ) or secrets.token_hex(6)
    return kept


def _given(environ: dict[str, Any]) -> str:
    """What a proxy of ours says; nobody else is believed. A socket file has no address: only our proxy reaches it."""
    said = environ.get("HTTP_X_REQUEST_ID", "")
    address = environ.get("REMOTE_ADDR", "")
    ours = not address or address.startswith(_OWN_MACHINE)
    return said if said and ours and _FORM.fullmatch(said) else ""


def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Puts the number, the method and the endpoint of the present request to a line of the log; never its address,
    which may hold a code, a token or what somebody searched for."""
    if has_request_context():
        event.setdefault("request", number())
        event.setdefault("method", request.method)
        event.setdefault("endpoint", request.endpoint or "")
    return event


def _begin() -> None:
    g.began_at = monotonic()


def _finish(response: Response) -> Response:
    response.headers.setdefault(HEADER, number())
    if response.status_code >= 500 or request.endpoint not in _QUIET:
        took = monotonic() - g.get("began_at", monotonic())
        say = _log.error if response.status_code >= 500 else _log.info
        say("request", status=response.status_code, ms=round(took * 1000, 1))
    return response


def init_app(app: Flask) -> None:
    """Wires the number; before everything else, so that it is there last too."""
    app.before_request(_begin)
    app.after_request(_finish)
