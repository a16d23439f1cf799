"""Imports as pages: headings and words of a sheet become fields, a trial shows what each row would come to, and the
same rows are then kept, all or none."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from flask import flash, url_for
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, downloads, import_trials, sheet_reading, wording
from traceability.db import again_if_ended, ended_by_another
from traceability.domain import imports
from traceability.domain.actors import Actor
from traceability.domain.batches import Batch
from traceability.domain.clock import VIETNAM
from traceability.domain.diary import DiaryTask
from traceability.domain.errors import RuleBroken
from traceability.domain.history import Event
from traceability.domain.import_books import ELEMENTS, DiaryBook, HarvestBook
from traceability.domain.imports import MOST_ROWS, Book, Fate, ImportInput, Outcome, Row
from traceability.domain.moments import is_whole_day
from traceability.domain.text import fold
from traceability.domain.treatments import InputKind
from traceability.forms import Button, Form
from traceability.i18n import LANGUAGES, N_, gettext_in, ngettext
from traceability.i18n import gettext as _
from traceability.sheets import Cell
from traceability.wording.imports import (
    DIARY_BESIDES,
    DIARY_HEADINGS,
    DIARY_STATES,
    EXAMPLE,
    HARVEST_HEADINGS,
)


@dataclass(frozen=True)
class Desk:
    """One kind of import as its pages know it: `name` begins its endpoints (`producer.batches_import`)."""

    name: str
    title: str
    book: type[Book[Any, Any]]
    headings: Mapping[str, tuple[str, ...]]
    #: headings that are read over
    besides: tuple[str, ...] = ()
    #: columns whose words are names of a list
    words: tuple[tuple[str, type[Enum]], ...] = ()
    states: Mapping[str, str] | None = None

    def url(self, step: str = "", **values: Any) -> str:
        """The address of its page (`""`), of `_confirm` or of `_template`."""
        return url_for(f"producer.{self.name}_import{step}", **values)

    @property
    def back(self) -> str:
        return url_for(f"producer.{self.name}")

    def heading(self, field: str) -> str:
        """The heading of a field in the reader's language."""
        return _(self.headings[field][0])


HARVESTS = Desk("batches", N_("Import harvests from Excel"), HarvestBook, HARVEST_HEADINGS)
DIARY = Desk(
    "diary",
    N_("Import the farm diary from Excel"),
    DiaryBook,
    DIARY_HEADINGS,
    DIARY_BESIDES,
    (("task", DiaryTask), ("input_kind", InputKind)),
    DIARY_STATES,
)


# --- The two steps -----------------------------------------------------------------------------------------


def look(desk: Desk) -> Response | tuple[str, int]:
    """The page that takes a file; what its rows would come to, when one was sent. Nothing is kept."""
    form = Form(Button)
    outcomes: list[Outcome] = []
    if form.submitted:
        try:
            upload = form.file("file")
            if upload is None:
                raise RuleBroken("forms.upload_missing", "file")
            data = upload.stream.read(sheet_reading.MOST_BYTES + 1)
            outcomes = trial(desk, rows_of(desk, sheet_reading.read(data, MOST_ROWS)))
        except RuleBroken as refusal:
            refusal.field = "file"
            form.refuse(refusal)
    return _page(desk, form, outcomes)


def keep(desk: Desk) -> Response | tuple[str, int]:
    """Carries the looked-at rows out; back to the look when one of them is no longer accepted."""
    form = Form(ImportInput)
    outcomes: list[Outcome] = []

    def carry_out(session: Session, actor: Actor, value: ImportInput) -> list[Outcome]:
        outcomes[:] = imports.run(session, actor, desk.book, value.rows)
        imports.must_be_accepted(outcomes)
        return outcomes

    if form.save(carry_out, lambda _outcomes: desk.back):
        if form.result is not None:
            flash(_kept(form.result), "success")
        return form.redirect()
    _note(outcomes)  # what was refused just now is what the page shows
    form.errors = {"file": " ".join(form.errors.values())} if form.errors else {}
    return _page(desk, form, outcomes)


def _page(desk: Desk, form: Form[Any], outcomes: list[Outcome]) -> tuple[str, int]:
    by_fate = {fate: [outcome for outcome in outcomes if outcome.fate is fate] for fate in Fate}
    text, status = form.page(
        "producer/imports/new.html",
        desk=desk,
        confirm=Form(Button),
        outcomes=outcomes,
        by_fate=by_fate,
        fates=Fate,
        flagged=[outcome for outcome in outcomes if outcome.flags],
        packed=imports.packed(outcome.row for outcome in outcomes),
        said=lambda refusal: said(desk, refusal),
        content=lambda row: _content(desk, row),
        required=[desk.heading(field) for field in desk.book.COLUMNS if field in desk.book.REQUIRED],
        optional=[desk.heading(field) for field in _offered(desk) if field not in desk.book.REQUIRED],
        most_rows=MOST_ROWS,
    )
    return text, 422 if by_fate[Fate.REFUSED] else status


def trial(desk: Desk, rows: Sequence[Row]) -> list[Outcome]:
    """What each row would come to if all were carried out now. What a rule of the land refuses is noted as from a form.

    Raises `RuleBroken`: what `imports.run` refuses, `forms.busy`, `forms.changed_meanwhile`.
    """
    actor = access.current_actor()
    try:
        outcomes = again_if_ended(lambda: import_trials.outcomes(access.database(), actor, desk.book, rows))
    except OperationalError as error:
        if not ended_by_another(error):
            raise
        raise RuleBroken("forms.busy", "file") from None
    except IntegrityError:
        raise RuleBroken("forms.changed_meanwhile", "file") from None
    _note(outcomes)
    return outcomes


def _note(outcomes: Sequence[Outcome]) -> None:
    """What a rule of the land refused is noted, once for each place."""
    noted: set[tuple[str, Any]] = set()
    for refusal in (refusal for outcome in outcomes for refusal in outcome.refusals):
        subject = refusal.code, refusal.facts.get("area_id")
        if subject not in noted:
            noted.add(subject)
            access.note_refusal(access.current_actor(), refusal)


def _kept(outcomes: list[Outcome]) -> str:
    made = sum(outcome.fate is Fate.MADE for outcome in outcomes)
    known = sum(outcome.fate is Fate.KNOWN for outcome in outcomes)
    text = ngettext("%(num)s row recorded.", "%(num)s rows recorded.", made)
    if known:
        text += " " + ngettext(
            "%(num)s stood there already and stays as it is.",
            "%(num)s stood there already and stay as they are.",
            known,
        )
    return text


# --- Words -------------------------------------------------------------------------------------------------


def said(desk: Desk, refusal: RuleBroken) -> str:
    """A row's refusal: the column, and the sentence of the form."""
    words = dict(desk.words).get(refusal.field or "")
    if refusal.code == "enum" and words is not None:
        names = ", ".join(wording.name(member) for member in words)
        refusal = RuleBroken(
            "imports.word_unknown", refusal.field, words=names, written=refusal.facts["written"]
        )
    text = wording.refusal(refusal)
    column = refusal.field if refusal.field in desk.headings else None
    return f"{desk.heading(column)}: {text}" if column else text


def _content(desk: Desk, row: Row) -> str:
    """What a row is about, in one line."""
    fields = [field for field in desk.book.COLUMNS if field in desk.book.REQUIRED]
    words = {field: {str(member.value): member for member in kind} for field, kind in desk.words}
    texts = [(field, row.values.get(field, "")) for field in fields]
    return " · ".join(
        wording.name(words[field][text]) if text in words.get(field, {}) else text[:80]
        for field, text in texts
        if text
    )


def _in_all(message: str) -> set[str]:
    """How a message may stand in a sheet, in any language of ours, whatever its case and accents."""
    return {fold(message), *(fold(gettext_in(language, message)) for language in LANGUAGES)}


def _read_as(table: Mapping[str, str]) -> dict[str, str]:
    return {text: meaning for message, meaning in table.items() for text in _in_all(message)}


# --- From headings to fields -------------------------------------------------------------------------------


def rows_of(desk: Desk, table: sheet_reading.Table) -> list[Row]:
    """The rows of a sheet by field. Raises `RuleBroken`: `imports.column_*`, `imports.example`."""
    fields = _fields(desk, table.header)
    words = {field: _members(kind) for field, kind in desk.words}
    if desk.states is not None:
        words["state"] = _read_as(desk.states)
    examples = _in_all(EXAMPLE)
    rows: list[Row] = []
    for number, cells in table.lines:
        values = {field: cells[place].strip() for field, place in fields.items() if cells[place].strip()}
        if fold(values.get("note", "")) in examples:
            raise RuleBroken("imports.example", "file", row=number)
        values |= {
            field: meanings.get(fold(values[field]), values[field])
            for field, meanings in words.items()
            if field in values
        }
        if values:
            rows.append(Row(number, values))
    return rows


def _members(kind: type[Enum]) -> dict[str, str]:
    english = {member: wording.names()[kind, member.value] for member in kind}
    return {text: str(member.value) for member in kind for text in {*_in_all(english[member]), member.value}}


def _fields(desk: Desk, header: tuple[str, ...]) -> dict[str, int]:
    """The place of each field's column. Of two headings for one field the one that we write counts."""
    ranked = {
        text: (rank, field)
        for field, messages in desk.headings.items()
        for rank, message in enumerate(messages)
        for text in _in_all(message)
    }
    besides = {text for message in desk.besides for text in _in_all(message)}
    found: dict[str, tuple[int, int]] = {}
    for place, heading in enumerate(header):
        key = fold(heading)
        if not key or key in besides:
            continue
        if key not in ranked:
            known = [desk.heading(field) for field in _offered(desk)]
            raise RuleBroken("imports.column_unknown", "file", heading=heading[:80], known=known)
        rank, field = ranked[key]
        if field in found and found[field][0] == rank:
            raise RuleBroken("imports.column_twice", "file", heading=heading[:80])
        if field not in found or rank < found[field][0]:
            found[field] = rank, place
    for field in desk.book.COLUMNS:
        if field in desk.book.REQUIRED and field not in found:
            raise RuleBroken("imports.column_missing", "file", heading=desk.heading(field))
    return {field: place for field, (_rank, place) in found.items()}


def _offered(desk: Desk) -> list[str]:
    """The fields that a template has: all but what only an export says."""
    return [field for field in desk.headings if field != "state"]


# --- Sheets to take along ----------------------------------------------------------------------------------


def template(desk: Desk, example: Mapping[str, Cell]) -> Response:
    """The headings and one example, which is refused when it is left there."""
    fields = [field for field in _offered(desk) if field not in ELEMENTS]
    line = [_(EXAMPLE) if field == "note" else example.get(field) for field in fields]
    return downloads.sheet(
        f"mau-{desk.name}", _(desk.title), [desk.heading(field) for field in fields], [line]
    )


def harvest_sheet(
    rows: list[tuple[Batch, Event]], codes: Mapping[str, str], names: Mapping[str, str]
) -> Response:
    """Harvests as they are imported: what this writes, it reads. `codes` of products, `names` of areas by id."""
    elements = [name for name in ELEMENTS if any(event.details.get(name) for _batch, event in rows)]
    fields = [field for field in HARVEST_HEADINGS if field not in ELEMENTS] + elements
    cells: dict[str, Callable[[Batch, Event], Cell]] = {
        "product": lambda batch, _event: codes[batch.product_id],
        "area": lambda batch, _event: names[batch.area_id or ""],
        "harvested_on": lambda batch, event: (
            batch.harvested_on if is_whole_day(event.happened_at) else _moment(event)
        ),
        "kilograms": lambda batch, _event: batch.made_g / 1000,
        "external_ref": lambda batch, _event: batch.external_ref,
        "lot": lambda batch, _event: batch.lot,
        "area_code": lambda batch, _event: batch.area_code,
        "picker": lambda batch, _event: batch.picker,
        "note": lambda batch, _event: batch.note,
    }
    for name in elements:
        cells[name] = lambda _batch, event, name=name: event.details.get(name)  # type: ignore[misc]
    lines = [[cells[field](batch, event) for field in fields] for batch, event in rows]
    return downloads.sheet("thu-hoach", _("Harvests"), [HARVESTS.heading(field) for field in fields], lines)


def _moment(event: Event) -> str:
    return f"{event.happened_at.astimezone(VIETNAM):%Y-%m-%d %H:%M:%S}"
