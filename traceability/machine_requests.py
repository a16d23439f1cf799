"""A request of a program: JSON in, one use case, JSON out; done once however often it is sent.

The same input classes read it as read the forms. Refusals are problems (RFC 9457) that name the field, in the language
of the account or of Accept-Language.
"""

import functools
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar, cast

from flask import current_app, jsonify, request
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, limits, picture_files, wording
from traceability.db import again_if_ended
from traceability.domain import idempotency, ledger, text
from traceability.domain.actors import Actor
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.idempotency import Answered, AtWork, Claimed, OtherRequest
from traceability.domain.pictures import StoredPicture
from traceability.errors import answer as error_answer
from traceability.errors import problem
from traceability.i18n import gettext

I = TypeVar("I", bound=BaseModel)  # noqa: E741 - the input class
T = TypeVar("T")
V = TypeVar("V", bound=Callable[..., Any])
Said = Callable[[T], dict[str, Any]]

KEY_HEADER = "Idempotency-Key"
MOST_BYTES = 1 << 20
_DEEPEST = 20


_INPUT, _OUTPUT = "__machine_input__", "__machine_output__"


@dataclass(frozen=True)
class Output:
    """What a view answers with: one thing of a kind, a page of a list, or a file; `filters` narrow the last two."""

    kind: Any
    is_list: bool = False
    filters: tuple[str, ...] = ()
    content_type: str = "application/json"


@dataclass(frozen=True)
class Input:
    """What the body of a view's requests holds. With a `picture` (the field of its file) it is a form, else JSON."""

    kind: type[BaseModel]
    fixed: tuple[str, ...] = ()
    picture: str = ""


def takes(input_class: type[BaseModel], *fixed: str, picture: str = "") -> Callable[[V], V]:
    """Says what the body of a view's requests holds; `fixed` are fields that the address decides or the view.

    A token may send so many of them (`limits.writes`), each with an Idempotency-Key: a program that lost an answer must
    be able to ask again without making the thing twice.
    """

    def mark(view: V) -> V:
        @functools.wraps(view)
        def keyed(*given: Any, **named: Any) -> Any:
            return _problem_of_key() or view(*given, **named)

        limited = limits.writes(keyed)
        setattr(limited, _INPUT, Input(input_class, fixed, picture))
        return cast(V, limited)

    return mark


def _problem_of_key() -> Response | None:
    """What is wrong with the key of the request, if anything."""
    key = request.headers.get(KEY_HEADER, "")
    if not key:
        wanted = gettext(
            "Send an Idempotency-Key with every POST: up to 100 plain letters of your own, a new one for each new"
            " thing, the same one when you send a thing again."
        )
        return problem(400, wanted, KEY_HEADER)
    if len(key) > idempotency.LONGEST_KEY or not key.isascii() or not key.isprintable():
        return problem(422, gettext("An Idempotency-Key has at most 100 plain letters."), KEY_HEADER)
    return None


def input_of(view: Any) -> Input:
    """What `takes` said of a view."""
    return cast(Input, getattr(view, _INPUT))


def answers(kind: Any) -> Callable[[V], V]:
    """Says with what a view answers."""
    return _marked(Output(kind))


def lists(kind: Any, *filters: str) -> Callable[[V], V]:
    """Says of what a view answers a page, and which parameters narrow it."""
    return _marked(Output(kind, True, filters))


def gives_file(content_type: str, *filters: str) -> Callable[[V], V]:
    """Says that a view answers with a file of this type, and which parameters narrow it."""
    return _marked(Output(bytes, filters=filters, content_type=content_type))


def _marked(output: Output) -> Callable[[V], V]:
    def mark(view: V) -> V:
        setattr(view, _OUTPUT, output)
        return view

    return mark


def output_of(view: Any) -> Output:
    """What `answers` or `lists` said of a view."""
    return cast(Output, getattr(view, _OUTPUT))


def write(
    use_case: Callable[[Session, Actor, Any], T],
    said: Said[T],
    *,
    fixed: Mapping[str, Any] | None = None,
    after: Callable[[str], None] | None = None,
) -> Response:
    """Runs one use case on the body of the request and answers 201 with what `said` says and the log's receipt.

    `fixed` are fields that the address decides. `after` runs on the answer's id when the fact is committed, and again
    whenever the answer is given again: it may have been cut short. Under its Idempotency-Key the act is done once, and
    the same answer is given again: 422 for another body, 409 while it is being done.
    """
    try:
        value = _read(_input().kind, dict(fixed or {}))
    except _Refused as refused:
        return refused.answer
    return _once(use_case, said, value, after, request.get_data())


def upload(
    use_case: Callable[[Session, Actor, Any, StoredPicture], T],
    said: Said[T],
    folder: Path,
) -> Response:
    """As `write`, of a form (multipart/form-data) with a picture, which is kept in `folder` as pixels only.

    The same under an Idempotency-Key is the same picture with the same fields, however the form was put together.
    """
    taken = _input()
    if request.mimetype != "multipart/form-data":
        return problem(415, gettext("Send a form with the picture: Content-Type: multipart/form-data."))
    try:
        value = _validated(taken.kind, request.form.to_dict())
        sent = request.files.get(taken.picture)
        if sent is None:
            raise RuleBroken("forms.upload_missing", taken.picture)
        picture = picture_files.prepare(sent.read(), taken.picture)
    except _Refused as refused:
        return refused.answer
    except RuleBroken as refused:
        return problem(422, wording.refusal(refused), refused.field)

    def act(session: Session, actor: Actor, given: Any) -> T:
        result = use_case(session, actor, given, picture.stored)
        picture_files.keep(picture, folder)  # what is refused leaves no file
        return result

    asked = value.model_dump_json().encode() + picture.stored.sha256.encode()
    return _once(act, said, value, None, asked)


def _input() -> Input:
    return input_of(current_app.view_functions[str(request.endpoint)])


def _once(
    use_case: Callable[[Session, Actor, Any], T],
    said: Said[T],
    value: BaseModel,
    after: Callable[[str], None] | None,
    body: bytes,
) -> Response:
    """The act, or where its key was used the answer of then. `body` is what makes two requests the same."""
    actor, key = access.current_actor(), request.headers[KEY_HEADER]
    asked = idempotency.fingerprint(request.method, request.path, body)
    try:
        with access.database().transaction(actor) as session:
            claimed = idempotency.claim(session, actor.user_id or "", key, asked)
    except OtherRequest:
        return problem(422, gettext("This Idempotency-Key was used for another request."), KEY_HEADER)
    except (AtWork, IntegrityError):
        return _at_work()
    if isinstance(claimed, Answered):
        if after is not None and claimed.status == 201:
            after(str(claimed.answer["id"]))
        again = jsonify(claimed.answer)
        again.status_code = claimed.status
        again.headers["Idempotency-Replayed"] = "true"
        return again
    return _act(use_case, said, actor, value, after, (key, claimed))


def _act(
    use_case: Callable[[Session, Actor, I], T],
    said: Said[T],
    actor: Actor,
    value: I,
    after: Callable[[str], None] | None,
    claimed: tuple[str, Claimed],
) -> Response:
    """The act and its answer; one that was not done gives its claim back, whatever stood in its way.

    Where two acts waited for each other and the database ended this one, or where another took meanwhile what must be
    there once, it is tried once more. What the database cannot take now (it is locked, full, gone) ends as 503 with
    Retry-After, which the error pages say.
    """
    attempt = functools.partial(_try, use_case, said, actor, value, claimed)
    try:
        try:
            told = again_if_ended(attempt)
        except IntegrityError:  # somebody was first, and the rule behind the constraint can say who now
            told = attempt()
    except AtWork:
        return _at_work()
    except Exception as refused:
        _give_back(actor, *claimed)
        if isinstance(refused, RuleBroken):
            access.note_refusal(actor, refused)
            named = refused.facts.get("record_id")
            return problem(422, wording.refusal(refused), refused.field, record_id=named)
        if isinstance(refused, NotFound):
            return error_answer(404)
        if isinstance(refused, IntegrityError):
            return problem(
                409, gettext("Something changed meanwhile. Nothing was saved; please send it again.")
            )
        raise
    if after is not None:
        after(str(told["id"]))
    made = jsonify(told)
    made.status_code = 201
    return made


def _try(
    use_case: Callable[[Session, Actor, I], T],
    said: Said[T],
    actor: Actor,
    value: I,
    claimed: tuple[str, Claimed],
) -> dict[str, Any]:
    """The act and the writing down of its answer in one transaction."""
    with access.database().transaction(actor) as session:
        result = use_case(session, actor, value)
        session.flush()
        receipts = ledger.append_facts(session, actor.user_id, actor.on_behalf)
        told = said(result) | {"log_index": receipts[0] if receipts else None}
        idempotency.answer(session, actor.user_id or "", claimed[0], claimed[1].claim, 201, told)
    return told


def _give_back(actor: Actor, key: str, claimed: Claimed) -> None:
    """Lets a claim go. Where the database takes not even that, the claim ends by itself (`idempotency.LEASE`)."""
    with suppress(DBAPIError), access.database().transaction(actor) as session:
        idempotency.let_go(session, actor.user_id or "", key, claimed.claim)


def _at_work() -> Response:
    answer = problem(
        409, gettext("The same request is being done just now. Send it again in a moment."), KEY_HEADER
    )
    answer.headers["Retry-After"] = "1"
    return answer


class _Refused(Exception):
    """The body cannot be read; the answer says why."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


def _read(input_class: type[I], fixed: dict[str, Any]) -> I:
    if request.mimetype != "application/json":
        raise _Refused(problem(415, gettext("Send JSON: Content-Type: application/json.")))
    if (request.content_length or 0) > MOST_BYTES:
        raise _Refused(problem(413, gettext("This is too much at once.")))
    try:
        body = json.loads(request.get_data().decode(), parse_float=Decimal, parse_constant=_no_constant)
        _must_be_shallow(body)
    except (ValueError, RecursionError):
        raise _Refused(problem(400, gettext("The body is no JSON that can be read."))) from None
    if not isinstance(body, dict):
        raise _Refused(problem(422, gettext("The body must be a JSON object.")))
    return _validated(input_class, {key: _plain(item) for key, item in body.items()} | fixed)


def _validated(input_class: type[I], fields: dict[str, Any]) -> I:
    try:
        return input_class.model_validate(fields)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or None
        facts = {key: item for key, item in first.get("ctx", {}).items() if key != "error"}
        raise _Refused(problem(422, wording.sentence(first["type"], facts), field)) from None


def _no_constant(word: str) -> Any:
    raise ValueError(word)  # NaN and Infinity are no JSON


def _must_be_shallow(value: Any, depth: int = 0) -> None:
    if depth > _DEEPEST:
        raise ValueError("too deep")
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _must_be_shallow(item, depth + 1)


def _plain(value: Any) -> Any:
    """Weights stay exact decimals; what lies deeper (coordinates) is read as floats."""
    if isinstance(value, dict | list):
        return json.loads(json.dumps(value, default=float))
    return value


def read_cursor() -> tuple[int, int]:
    """`cursor` and `limit` (1-100) of a list. Raises `RuleBroken` ("api.cursor_unknown")."""
    cursor, limit = request.args.get("cursor", "0"), request.args.get("limit", "50")
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise RuleBroken("api.cursor_unknown", "cursor")
    if not (limit.isascii() and limit.isdigit() and 0 < int(limit[:5]) <= 100):
        raise RuleBroken("api.limit_unknown", "limit")
    return int(cursor), int(limit)


def listed(statement: Any, table: Any, said: Said[Any]) -> Response:
    """One page of a list within the scope: `items` and the cursor of the next page; `external_ref` filters."""
    place, limit = read_cursor()
    statement = narrowed(statement, table)
    with access.reading() as session:
        found = session.exec(statement.offset(place).limit(limit + 1)).all()
        items = [said(row) for row in found[:limit]]
    return jsonify(items=items, next_cursor=str(place + limit) if len(found) > limit else None)


def narrowed(statement: Any, table: Any) -> Any:
    """A statement narrowed by the reference of one's own that was asked for.

    Raises `RuleBroken` ("api.reference_too_long").
    """
    asked = request.args.get("external_ref")
    if asked is None or not hasattr(table, "external_ref"):
        return statement
    if len(asked) > text.SHORT_LINE_LENGTH:
        raise RuleBroken("api.reference_too_long", "external_ref", limit=text.SHORT_LINE_LENGTH)
    return statement.where(table.external_ref == asked)
