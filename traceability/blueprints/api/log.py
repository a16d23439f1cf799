"""The transparency log for machines: checkpoints, entries, proofs, and C2SP tlog-tiles for mirrors and witnesses.

Everything here is public and the same for everybody. Full tiles never change.
"""

import base64
import re
from datetime import date

from flask import jsonify, request, url_for
from sqlmodel import col, select
from werkzeug.wrappers import Response

from traceability import log_keeper
from traceability.access import PUBLIC_VIEW, database, requires, settings
from traceability.blueprints.api import blueprint
from traceability.domain import log_days, log_tree
from traceability.domain.clock import today
from traceability.domain.ledger import LogLeaf
from traceability.domain.ownership import PUBLIC
from traceability.errors import problem

_TILE = 256
_FOR_EVER = "public, max-age=31536000, immutable"
_MOST_ENTRIES = 1000
_MOST_DAYS = 31
_NUMBER = re.compile(r"[0-9]{1,18}")
_DAY = re.compile(r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}")
_TILE_PATH = re.compile(r"((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
_LEVEL = re.compile(r"0|[1-5]?[0-9]|6[0-3]")


class _Wrong(Exception):
    """A parameter that cannot be; the message names it."""


@blueprint.get("/log/checkpoint")
@blueprint.get("/checkpoint", endpoint="log_checkpoint_for_mirrors")
@requires(PUBLIC_VIEW)
def log_checkpoint() -> Response:
    """The newest signed checkpoint, or with `?size=` that of an earlier size."""
    with database().engine.connect() as connection:
        if "size" not in request.args:
            return _text(log_keeper.publish(connection, settings()))
        try:
            return _text(log_keeper.publish(connection, settings(), _number("size", 0)))
        except (log_tree.Unknown, _Wrong) as wrong:
            return _refused(wrong)


@blueprint.get("/log/key")
@requires(PUBLIC_VIEW)
def log_key() -> Response:
    """The verifier keys of this log, the newest last. A careful verifier got them by another way."""
    return _text("".join(f"{key}\n" for key in log_keeper.vkeys(database(), settings())))


@blueprint.get("/log/days")
@requires(PUBLIC_VIEW)
def log_days_ended() -> Response:
    """How many leaves the log had at the end of each day in Vietnam on which something was written, the newest first,
    with the way to the signed checkpoint of that size: the daily root. `before` (a day) goes further back."""
    try:
        before = min(_day("before", today()), today())  # today is not over
    except _Wrong as wrong:
        return _refused(wrong)
    with database().engine.connect() as connection:
        days = log_days.ended_before(connection, before, _MOST_DAYS)
        items = [
            {
                "day": one.day.isoformat(),
                "size": one.size,
                "root_hash": _b64(log_tree.root(connection, one.size)),
                "checkpoint": url_for("api.log_checkpoint", size=one.size),
            }
            for one in days
        ]
    answer = jsonify(items=items, next_before=items[-1]["day"] if len(items) == _MOST_DAYS else None)
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


@blueprint.get("/log/entries")
@requires(PUBLIC_VIEW)
def log_entries() -> Response:
    """Entries from `start` on, at most `count` (1-1000) of them: the exact bytes of each leaf in base64."""
    try:
        start, count = _number("start", 0), _number("count", 1, 100)
    except _Wrong as wrong:
        return _refused(wrong)
    count = min(count, _MOST_ENTRIES)
    bodies = _bodies(start, count)
    items = [{"index": start + place, "leaf": _b64(body)} for place, body in enumerate(bodies)]
    return jsonify(items=items, next_cursor=str(start + count) if len(items) == count else None)


@blueprint.get("/log/proof/inclusion")
@requires(PUBLIC_VIEW)
def log_inclusion() -> Response:
    """RFC 6962 section 2.1.1: the audit path of leaf `index` in the tree of `size` leaves (now, if not given)."""
    with database().engine.connect() as connection:
        try:
            index, size = _number("index", 0), _number("size", 1, log_tree.size(connection))
            path = log_tree.inclusion(connection, index, size)
        except (log_tree.Unknown, _Wrong) as wrong:
            return _refused(wrong)
        leaf = log_tree.row_of_nodes(connection, 0, index, 1)[0]
        root = log_tree.root(connection, size)
    return jsonify(
        index=index,
        size=size,
        leaf_hash=_b64(leaf),
        root_hash=_b64(root),
        proof=[_b64(node) for node in path],
    )


@blueprint.get("/log/proof/consistency")
@requires(PUBLIC_VIEW)
def log_consistency() -> Response:
    """RFC 6962 section 2.1.2: that the tree of `from` leaves is the beginning of that of `to` (now, if not given)."""
    with database().engine.connect() as connection:
        try:
            first, second = _number("from", 1), _number("to", 1, log_tree.size(connection))
            proof = log_tree.consistency(connection, first, second)
        except (log_tree.Unknown, _Wrong) as wrong:
            return _refused(wrong)
        roots = [_b64(log_tree.root(connection, size)) for size in (first, second)]
    return jsonify(
        {
            "from": first,
            "to": second,
            "from_root_hash": roots[0],
            "to_root_hash": roots[1],
            "proof": [_b64(node) for node in proof],
        }
    )


@blueprint.get("/tile/entries/<path:where>")
@requires(PUBLIC_VIEW)
def log_entry_tile(where: str) -> Response:
    """C2SP tlog-tiles: 256 entries, each after its length in two bytes."""
    try:
        number, width = _tile(where)
    except _Wrong as wrong:
        return _refused(wrong, 404)
    bodies = _bodies(number * _TILE, width)
    return _tile_answer([len(body).to_bytes(2, "big") + body for body in bodies], width)


@blueprint.get("/tile/<level>/<path:where>")
@requires(PUBLIC_VIEW)
def log_tile(level: str, where: str) -> Response:
    """C2SP tlog-tiles: 256 hashes of one level of the tree, eight levels between one tile level and the next."""
    try:
        if not _LEVEL.fullmatch(level):
            raise _Wrong("level")
        number, width = _tile(where)
    except _Wrong as wrong:
        return _refused(wrong, 404)
    if int(level) > 5:  # 256^6 leaves
        return _tile_answer([], width)
    with database().engine.connect() as connection:
        hashes = log_tree.row_of_nodes(connection, 8 * int(level), number * _TILE, width)
    return _tile_answer(hashes, width)


def _bodies(start: int, count: int) -> list[bytes]:
    statement = select(LogLeaf.body).where(col(LogLeaf.position).between(start, start + count - 1))
    with database().reading(PUBLIC) as session:
        return [bytes(body) for body in session.exec(statement.order_by(col(LogLeaf.position))).all()]


def _tile(where: str) -> tuple[int, int]:
    """The number of a tile and how many of its 256 places are asked for."""
    found = _TILE_PATH.fullmatch(where)
    if found is None or len(found[1]) > 23:
        raise _Wrong("tile")
    digits = found[1].replace("x", "").replace("/", "")
    width = int(found[2] or _TILE)
    if (width > _TILE - 1 and found[2]) or (len(digits) > 3 and digits.startswith("000")):
        raise _Wrong("tile")
    return int(digits), width


def _tile_answer(parts: list[bytes], width: int) -> Response:
    if len(parts) < width:
        return _refused(_Wrong("tile"), 404)
    answer = Response(b"".join(parts), mimetype="application/octet-stream")
    answer.headers["Cache-Control"] = _FOR_EVER
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


def _number(name: str, least: int, default: int | None = None) -> int:
    given = request.args.get(name)
    if given is None and default is not None:
        return default
    if given is None or not _NUMBER.fullmatch(given) or int(given) < least:
        raise _Wrong(name)
    return int(given)


def _day(name: str, default: date) -> date:
    given = request.args.get(name)
    if given is None:
        return default
    if not _DAY.fullmatch(given):
        raise _Wrong(name)
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise _Wrong(name) from None


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _text(text: str) -> Response:
    answer = Response(text, mimetype="text/plain")
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


def _refused(wrong: Exception, status: int = 400) -> Response:
    """Says which parameter cannot be, or that the log does not reach so far."""
    field = str(wrong) if isinstance(wrong, _Wrong) else None
    message = f"There is no such proof: {wrong}."
    if status == 404:
        message = "There is no such tile, or not yet: take a partial one (.p/) of the size in the checkpoint."
    elif field:
        form = "a day such as 2026-11-24" if field == "before" else "a whole number"
        message = f"The parameter {field} is missing or is none that can be: {form}."
    answer = problem(status, message, field)
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer
