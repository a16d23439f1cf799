"""A form: from the request to an input class, from there to one use case, and back with the errors by the fields.

The same input class checks an HTML form, a row of a sheet and a JSON body. A refused form comes back with what was
typed and status 422; nothing is half done. Each rendered form carries a token that is good once, so that sending it
twice creates one thing. Something else typed into the same page (opened again by the browser's way back) is another
thing and is not lost.

    form = Form(BatchInput)
    if form.save(batches.register, lambda batch: url_for("producer.batch", batch_id=batch.id)):
        return form.redirect()
    return form.page("producer/batches/new.html", areas=...)
"""

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar, get_args, get_origin

from flask import after_this_request, flash, redirect, render_template, request
from flask import session as cookie
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.wrappers import Response

from traceability import access, wording
from traceability.db import again_if_ended, ended_by_another
from traceability.domain import submissions
from traceability.domain.actors import Actor
from traceability.domain.errors import RuleBroken
from traceability.i18n import gettext

I = TypeVar("I", bound=BaseModel)  # noqa: E741 - the input class
T = TypeVar("T")

ONCE = "once"
_OFFICES = frozenset({"producer", "inspector"})
_ROW = re.compile(r"^(?P<list>[a-z_]+)-(?P<row>\d{1,3})-(?P<field>[a-z_]+)$")
_NAMED = re.compile(r"^(?P<table>[a-z_]+)-(?P<name>[a-z][a-z0-9_]*)$")
_ROW_OF_INPUT = re.compile(r"^(?P<list>[a-z_]+)-(?P<row>\d{1,3})(?P<rest>(-[a-z_]+)?)$")
_MAX_ROWS = 200


def _digest(upload: FileStorage) -> str:
    """The digest of an uploaded file: phones give all their pictures one name."""
    upload.stream.seek(0)
    found = hashlib.file_digest(upload.stream, "sha256").hexdigest()  # type: ignore[arg-type]
    upload.stream.seek(0)
    return found


class Form(Generic[I]):
    """One form of one request.

    `initial` gives what the fields show before anything was typed: a mapping, or any object with such attributes.
    `fixed` are fields that the address of the page decides (`batch_id`): what is typed for them does not count.
    Fields of a list of sub-inputs are named `<list>-<row>-<field>` (`inputs-0-kilograms`), those of a table of named
    texts `<table>-<name>` (`details-brix`).
    """

    ONCE_FIELD = ONCE

    def __init__(
        self,
        input_class: type[I],
        initial: Any = None,
        *,
        context: dict[str, Any] | None = None,
        fixed: dict[str, Any] | None = None,
    ) -> None:
        self.input_class = input_class
        self.initial = initial
        self.context = context
        self.fixed = fixed or {}
        self.submitted = request.method == "POST"
        self.typed: MultiDict[str, str] = MultiDict(request.form) if self.submitted else MultiDict()
        self.errors: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        self.value: I | None = None
        self.location = ""
        self.result: Any = None
        self.busy = False
        self.receipts: list[int] = []
        self._row_numbers: dict[str, list[int]] = {}
        self.once_token = (request.form.get(ONCE, "") if self.submitted else "")[
            :64
        ] or secrets.token_urlsafe(24)

    # -- what a template asks -------------------------------------------------------------------------------------

    def name_field(self, name: str, label: str) -> None:
        """A template says how it calls a field, so that the list of errors can name it."""
        self.labels.setdefault(name, label)

    def text(self, name: str) -> str:
        """What stands in the field: what was typed, else the initial value."""
        if self.submitted:
            return self.typed.get(name, "")
        initial = self.initial
        value = initial.get(name) if isinstance(initial, Mapping) else getattr(initial, name, None)
        return "" if value is None else str(getattr(value, "value", value))

    def texts(self, name: str) -> list[str]:
        """All values of a field that may stand several times (checkboxes)."""
        if self.submitted:
            return self.typed.getlist(name)
        initial = self.initial
        value = initial.get(name) if isinstance(initial, Mapping) else getattr(initial, name, None)
        return [str(getattr(item, "value", item)) for item in value or ()]

    def rows(self, name: str, least: int = 1) -> range:
        """The row numbers of a list of sub-inputs, `least` of them in an empty form."""
        found = [
            int(match["row"]) for key in self.typed if (match := _ROW.match(key)) and match["list"] == name
        ]
        return range(min(max([*found, least - 1]) + 1, _MAX_ROWS))

    def error(self, name: str) -> str | None:
        """The sentence for a field, or None."""
        return self.errors.get(name)

    def least(self, name: str) -> int:
        """The fewest letters that a field takes, which its help says beforehand; 0 where any number will do."""
        known = self.input_class.model_fields.get(name)
        limits = [getattr(limit, "min_length", None) or 0 for limit in known.metadata] if known else []
        return max((length for length in limits if length > 1), default=0)

    # -- what a view does -----------------------------------------------------------------------------------------

    def valid(self) -> bool:
        """Whether the form was sent and its input class accepts it; `value` then holds the input."""
        if not self.submitted:
            return False
        try:
            self.value = self.input_class.model_validate(self._data(), context=self.context)
        except ValidationError as error:
            for problem in error.errors(include_url=False):
                name = self._typed_name("-".join(str(part) for part in problem["loc"]))
                facts = {key: item for key, item in problem.get("ctx", {}).items() if key != "error"}
                short = problem["type"] == "too_short" and isinstance(problem["input"], str)
                self.errors.setdefault(
                    name, wording.sentence("string_too_short" if short else problem["type"], facts)
                )
        return not self.errors

    def save(
        self,
        use_case: Callable[[Session, Actor, I], T],
        then: Callable[[T], str],
        *,
        actor: Actor | None = None,
    ) -> bool:
        """Runs the use case with the input in one transaction; True when it is done (now, or by an earlier sending).

        `then` answers where to go next. A refusal becomes an error by its field and nothing is kept. Where two acts
        waited for each other and the database ended this one, it is tried once more; then the form comes back (503).
        """
        if not self.valid() or self.value is None:
            return False
        who, value = actor or access.current_actor(), self.value
        try:
            again_if_ended(lambda: self._run(use_case, then, who, value))
        except OperationalError as error:
            if not ended_by_another(error):
                raise
            self.busy = True
            self.refuse(RuleBroken("forms.busy"))
        return not self.errors

    def _run(
        self, use_case: Callable[[Session, Actor, I], T], then: Callable[[T], str], who: Actor, value: I
    ) -> None:
        """One try of the use case in a transaction of its own."""
        sending = self._sending()
        try:
            with access.transaction(who) as session:
                done = submissions.earlier(session, sending, who.user_id)
                if done is None:
                    self.result = use_case(session, who, value)
                    session.flush()
                    self.location = then(self.result)
                    submissions.accept(session, sending, who.user_id, self.location)
                else:
                    self.location = done
            self.receipts = session.info["receipts"]
        except RuleBroken as error:
            self.refuse(error)
            access.note_refusal(who, error)
        except IntegrityError:
            self._collided(who)

    def refuse(self, error: RuleBroken) -> None:
        """Shows a refusal by its field (or above the form)."""
        self.errors[self._typed_name(error.field or "")] = wording.refusal(error)

    def redirect(self) -> Response:
        """To where `then` said. In the offices with a word that it is done, unless the view has said one.

        `Log-Index` names the leaf of the log that holds the fact, as a receipt: what it says can be fetched and proven.
        """
        if request.blueprint in _OFFICES and not cookie.get("_flashes"):
            flash(gettext("Saved."), "success")
        answer = redirect(self.location, code=303)
        if self.receipts:
            answer.headers["Log-Index"] = str(self.receipts[0])
        return answer

    def page(self, template: str, **values: Any) -> tuple[str, int]:
        """The page with this form on it: 422 when it was sent and refused, 503 when it can be sent again, or 200."""
        if self.busy:
            after_this_request(_come_back_soon)
            return render_template(template, form=self, **values), 503
        return render_template(template, form=self, **values), 422 if self.errors else 200

    def put(self, name: str, text: str) -> None:
        """Fills a field as if it had been typed: with what an uploaded file holds."""
        self.typed.setlist(name, [text])

    def file(self, name: str) -> FileStorage | None:
        """The uploaded file of a field, or None when none was chosen."""
        upload = request.files.get(name)
        return upload if upload is not None and upload.filename else None

    # -- inside ---------------------------------------------------------------------------------------------------

    def _sending(self) -> str:
        """What is sent: the page's token, the address, and all that was typed or chosen, as one digest."""
        typed = [pair for pair in request.form.items(multi=True) if pair[0] not in (ONCE, "csrf_token")]
        files = [(name, _digest(upload)) for name, upload in request.files.items(multi=True)]
        said = json.dumps([self.once_token, request.path, typed, files])
        return hashlib.sha256(said.encode()).hexdigest()

    def _collided(self, who: Actor) -> None:
        """Two sendings at once: the other one's token, or a rule of the schema, was there first."""
        with access.reading(who.scope) as session:
            done = submissions.earlier(session, self._sending(), who.user_id)
        if done is None:
            self.refuse(RuleBroken("forms.changed_meanwhile"))
        else:
            self.location = done

    def _data(self) -> dict[str, Any]:
        """The typed values by field: empty ones left out, lists and rows gathered."""
        data: dict[str, Any] = {}
        rows: dict[str, dict[int, dict[str, str]]] = {}
        fields = self.input_class.model_fields
        for key in self.typed:
            if (match := _ROW.match(key)) and match["list"] in fields and int(match["row"]) < _MAX_ROWS:
                text = self.typed[key]
                if text.strip():
                    rows.setdefault(match["list"], {}).setdefault(int(match["row"]), {})[match["field"]] = (
                        text
                    )
            elif key in fields:
                texts = [text for text in self.typed.getlist(key) if text.strip()]
                if texts:
                    data[key] = texts if _is_list(fields[key].annotation) else texts[0]
            elif (
                (match := _NAMED.match(key))
                and match["table"] in fields
                and _holds(fields[match["table"]].annotation, dict)
                and self.typed[key].strip()
            ):
                data.setdefault(match["table"], {})[match["name"]] = self.typed[key]
        for name, numbered in rows.items():
            self._row_numbers[name] = sorted(numbered)
            data[name] = [numbered[row] for row in sorted(numbered)]
        return data | self.fixed

    def _typed_name(self, name: str) -> str:
        """The field on the page for a field of the input: rows left empty shift the numbers of those after them."""
        match = _ROW_OF_INPUT.match(name)
        rows = self._row_numbers.get(match["list"], []) if match else []
        if match is None or int(match["row"]) >= len(rows):
            return name
        return f"{match['list']}-{rows[int(match['row'])]}{match['rest']}"


class Button(BaseModel):
    """The input of a form that is only a button."""


def press(use_case: Callable[[Session, Actor], Any], target: str, done: str = "") -> Response:
    """What a button does (`forms.post_button`): one use case, then to `target` with a word of success or refusal."""
    form = Form(Button)
    if form.save(lambda session, actor, _value: use_case(session, actor), lambda _result: target):
        if done:
            flash(done, "success")
    else:
        flash(" ".join(form.errors.values()), "error")
    return redirect(target, code=303)


def _come_back_soon(answer: Response) -> Response:
    answer.headers["Retry-After"] = "5"
    return answer


def _is_list(annotation: Any) -> bool:
    return _holds(annotation, list)


def _holds(annotation: Any, kind: type) -> bool:
    """Whether an annotation is this kind of container, alone or as one of several."""
    return get_origin(annotation) is kind or any(_holds(part, kind) for part in get_args(annotation))
