"""What the program says of itself while it runs: lines of JSON in production, lines for people in a demo.

Everything that is logged, by our own modules, by the server and by libraries, passes one formatter on standard error.
It adds the number of the request (`request_marks`) and takes out what may not be kept: addresses of visitors, codes of
stamps, tokens, telephone numbers, e-mail addresses, values that a database or a check repeats in its complaint.
"""

import logging
import re
import sys
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from traceability import request_marks

#: Lines about single requests: in a demo only a page that took the server down is worth one.
REQUESTS = "traceability.requests"
_NAME = "traceability-log"
#: A text of a line is cut to so many letters: nobody fills the disk, or keeps the log busy, with one request.
LONGEST = 20_000

#: Of a code as people type it, in small letters too: with a digit, or it is words. A row's id looks the same: it stays
#: where its table stands before it (`account:…`), as in the security log.
_GROUP = "[0-9a-hjkmnp-tv-z]{4}"
_DIGIT = "(?=(?:[a-z][ -]?){0,15}[0-9])"
_IP6 = "[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*"
#: What never stands in a log, and what stands there instead.
_SECRET = (
    (re.compile(r"\[parameters: .*?\](?=\n|$)", re.DOTALL), "[parameters: …]"),
    (re.compile(r"(?m)^\s*DETAIL:.*$"), "DETAIL: …"),
    (re.compile(r"\bKey \(.{0,200}?\)=\(.{0,1000}?\)"), "Key (…)"),
    (re.compile(r"(?m)^.*Failing row contains.*$"), "Failing row …"),
    (re.compile(r"input_value=.{0,2000}?(?=, input_type)", re.DOTALL), "input_value=…"),
    (re.compile(r"(?i)/s/[^\s\"'?<>]+"), "/s/…"),
    (re.compile(r"/(01|10|21|8006|414|set-password|papers|print)/[^\s\"'?<>]+"), r"/\1/…"),
    (re.compile(r"\?[\w.~%-]+=[^\s\"')>]*"), "?…"),
    (re.compile(r"\btrc_[\w-]+"), "trc_…"),
    (re.compile(r"\bwhsec_[\w+/=-]+"), "whsec_…"),
    (re.compile(r"(?i)\b(authorization|cookie)\s*[:=][^\n]*"), r"\1: …"),
    (re.compile(r"(?i)\b(bearer) \S+"), r"\1 …"),
    (re.compile(r"(?i)\b(password|passphrase|secret_key|pin)\s*[:=]\s*\S+"), r"\1=…"),
    (re.compile(r"(?i)(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])"), "…"),
    (re.compile(r"(?<![\w-])(?=[\w-]*[0-9])(?=[\w-]*[A-Z])[\w-]{32,}"), "…"),
    (re.compile(r"\b[0-9A-HJKMNP-TV-Z]{4}([ -]?)(?:[0-9A-HJKMNP-TV-Z]{4}\1){2}[0-9A-HJKMNP-TV-Z]{4}\b"), "…"),
    (re.compile(rf"(?i)(?<![\w:]){_DIGIT}{_GROUP}([ -]?)(?:{_GROUP}\1){{2}}{_GROUP}(?!\w)"), "…"),
    (re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "…@…"),
    (re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"), "…"),
    (re.compile(r"(?i)(?<![\w:])(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}(?![\w:])"), "…"),
    (re.compile(rf"(?i)(?<![\w:])(?:{_IP6}::(?:{_IP6})?|::{_IP6})(?![\w:])"), "…"),
    (re.compile(r"(?<![\w.])(?:\+84|0)[1-9]\d{1,2}[ .-]?\d{3}[ .-]?\d{3,4}(?![\w.])"), "…"),
)  # fmt: skip
#: Fields that are made of our own words and numbers. A network is cut to /24 or /48 before it is noted.
_SAFE = frozenset(
    {
        "timestamp", "level", "logger", "request", "endpoint", "network", "ms", "status", "method",
        "account", "agency", "producer",
    }
)  # fmt: skip


def begin(*, machine: bool, stream: TextIO | None = None) -> logging.Handler:
    """Sends everything that is logged through one handler, which it answers; a new one replaces the old one.

    `machine`: one JSON object a line; otherwise lines for people.
    """
    prepare()
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.set_name(_NAME)
    renderer: Processor
    if machine:
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=True)
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=handler.stream.isatty(),
            exception_formatter=structlog.dev.plain_traceback,
            pad_event_to=0,
            timestamp_key="timestamp",
        )
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_marks(),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                without_secrets,
                renderer,
            ],
        )
    )
    end()
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("traceability").setLevel(logging.INFO)
    # the demo opens a hundred accounts by itself: there only what goes wrong is worth a line
    logging.getLogger("security").setLevel(logging.INFO if machine else logging.WARNING)
    logging.getLogger(REQUESTS).setLevel(logging.INFO if machine else logging.ERROR)
    join_server()
    return handler


def end() -> None:
    """Takes the handler away again."""
    root = logging.getLogger()
    for handler in [one for one in root.handlers if one.get_name() == _NAME]:
        root.removeHandler(handler)


def prepare() -> None:
    """Lets structured loggers speak through the ordinary ones, so that whoever listens there hears them."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_marks(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def join_server() -> None:
    """The server's own lines (gunicorn) join ours. It writes no line about single requests: those are ours."""
    for name in ("gunicorn.error", "gunicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("gunicorn.access").setLevel(logging.CRITICAL)


def _marks() -> list[Processor]:
    return [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        request_marks.add,
    ]


def without_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A line of the log without what may not be kept."""
    for key, value in event.items():
        if key not in _SAFE:
            event[key] = scrubbed(value)
    return event


def scrubbed(value: Any) -> Any:
    """A text (or what holds texts) without what may not be kept."""
    if isinstance(value, str):
        if len(value) > LONGEST:
            value = value[:LONGEST] + "…"
        for pattern, instead in _SECRET:
            value = pattern.sub(instead, value)
        return value
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {str(key): scrubbed(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [scrubbed(item) for item in value]
    return scrubbed(str(value))
