"""The farm diary: what was done in each area, a new entry in a few taps, corrections that keep the original."""

from typing import Any

from flask import flash, make_response, render_template, request, send_from_directory, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, diary_sheets, static_files, wording
from traceability.blueprints.producer import blueprint
from traceability.domain import (
    areas,
    diary,
    diary_entries,
    evidence_photos,
    farm_inputs,
    products,
    records,
    sessions,
)
from traceability.domain.actors import Permission
from traceability.domain.amounts import Measure, amount_field, amount_text
from traceability.domain.areas import AreaState, GrowingArea
from traceability.domain.clock import now, today
from traceability.domain.diary import WITH_INPUT, DiaryCorrectionInput, DiaryEntry, DiaryInput, DiaryTask
from traceability.domain.farm_inputs import FarmInput, InputLot
from traceability.domain.history import CorrectionReason
from traceability.domain.quantities import ha_field, kg_field
from traceability.domain.treatments import WITH_INTERVAL, InputKind
from traceability.forms import Form
from traceability.i18n import day, language
from traceability.i18n import gettext as _

#: What an entry hands on to the next one like it; the day, the pests seen and what was harvested are its own.
_HANDED_ON = (
    "area_id",
    "task",
    "plot",
    "household",
    "season",
    "growth_stage",
    "input_kind",
    "substance",
    "active_ingredient",
    "registration_no",
    "dose",
    "water_l",
    "method",
    "operator",
    "interval_days",
    "disposal",
)
#: How the amount of a lot is written, by what it is measured in.
_UNITS = {Measure.GRAM: "kg, g", Measure.MILLILITRE: "lít, ml"}
_OWN = ("pest", "pest_level", "weather", "buyer", "note")


@blueprint.route("/diary", endpoint="diary")
@access.requires(Permission.VIEW_OWN)
def index() -> str:
    """The diary of one area, the newest day first, with the first day on which it may be harvested."""
    tenant, page = access.current_actor().tenant(), request.args.get("page", 1, int)
    with access.reading() as session:
        grounds = _grounds(session, tenant)
        chosen = next((area for area in grounds if area.id == request.args.get("area")), None)
        if chosen is None:
            last = diary.newest_of(session, tenant)
            chosen = next((area for area in grounds if last and area.id == last.area_id), None)
            chosen = chosen or (grounds[0] if grounds else None)
        shown = _shown(session, chosen, page) if chosen else {}
    return render_template(
        "producer/diary/list.html", areas=grounds, area=chosen, page=page, today=today(), **shown
    )


@blueprint.get("/diary/<area_id>/export")
@access.requires(Permission.VIEW_OWN)
def diary_export(area_id: str) -> Response:
    """The whole diary of an area as a sheet."""
    return diary_sheets.sheet(area_id)


@blueprint.route("/diary/new", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def diary_new() -> Response | tuple[str, int]:
    """Writes an entry; with `repeat` the form begins with what an earlier entry said."""
    tenant = access.current_actor().tenant()
    with access.reading() as session:
        repeat = request.args.get("repeat", "")
        earlier = records.find(session, DiaryEntry, repeat) if repeat else None
        choices = _choices(session, tenant)
        initial = _again(earlier) if earlier else {"area_id": _likely_area(session, tenant, choices["areas"])}
    form = Form(DiaryInput, {"done_on": today(), **initial})
    if form.save(diary_entries.record, _written):
        if request.form.get(
            "shelf"
        ):  # sent by the phone itself, which reads where the entry stands, and no page
            return Response(form.location, mimetype="text/plain")
        flash(_said(form.result) if form.result else _("Written into the diary."), "success")
        return form.redirect()
    return form.page("producer/diary/new.html", **choices)


@blueprint.get("/diary/phone")
@access.requires(Permission.RECORD_EVENTS)
def diary_phone() -> Response:
    """The form as a phone keeps it, for a place without a signal. It may be opened for as long as its sign-in may."""
    tenant, office = access.current_actor().tenant(), access.current_actor().on_behalf
    with access.reading() as session:
        choices = _choices(session, tenant)
        initial = {"done_on": today(), "area_id": _likely_area(session, tenant, choices["areas"])}
    answer = make_response(Form(DiaryInput, initial).page("producer/diary/phone.html", **choices))
    answer.expires = now() + (sessions.IDLE_OF_OFFICES if office else sessions.IDLE_OF_PRODUCERS)
    return answer


@blueprint.get("/diary/worker.js")
@access.requires(Permission.VIEW_OWN)
def diary_worker() -> Response:
    """The service worker, at an address that never changes, allowed for the diary and nothing else."""
    answer = send_from_directory(static_files.FOLDER, "diary_worker.js", mimetype="text/javascript")
    answer.headers["Service-Worker-Allowed"] = url_for("producer.diary")
    return answer


@blueprint.route("/diary/<entry_id>/correct", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def diary_correct(entry_id: str) -> Response | tuple[str, int]:
    """Puts another entry in the place of a wrong one, which stays to be read."""
    with access.reading() as session:
        entry = records.find(session, DiaryEntry, entry_id)
        choices = _choices(session, entry.producer_id, entry.input_lot_id)
    own = {name: getattr(entry, name) for name in _OWN}
    own |= {"harvested_kg": kg_field(entry.harvested_g, language()) if entry.harvested_g else None}
    initial = (
        _again(entry) | own | {"done_on": entry.done_on, "reason": CorrectionReason.INCORRECT_DATA.value}
    )
    form = Form(DiaryCorrectionInput, initial, fixed={"entry_id": entry_id})
    if form.save(diary_entries.correct, lambda made: url_for("producer.diary", area=made.area_id)):
        flash(_("Corrected. The first entry stays to be read."), "success")
        return form.redirect()
    return form.page("producer/diary/correct.html", entry=entry, reasons=CorrectionReason, **choices)


def _written(made: DiaryEntry) -> str:
    """Where to go next; the address tells the phone which of its entries stands in the diary now."""
    return url_for("producer.diary", area=made.area_id, written=made.external_ref)


def _likely_area(session: Session, tenant: str, known: list[tuple[str, str]]) -> str:
    """The area that an entry is about unless somebody says otherwise: the one asked for, the last one, the only one."""
    ids = [area_id for area_id, _text in known]
    last = diary.newest_of(session, tenant)
    asked = (request.args.get("area"), last.area_id if last else None, ids[0] if len(ids) == 1 else None)
    return next((area_id for area_id in asked if area_id in ids), "")


def _grounds(session: Session, tenant: str) -> list[GrowingArea]:
    return [area for area in areas.all_of(session, tenant) if area.state is not AreaState.WITHDRAWN]


def _shown(session: Session, area: GrowingArea, page: int) -> dict[str, Any]:
    entries, pages = diary.of_area(session, area.id, page)
    earliest, unknown = diary.earliest_harvest(session, area.id, today())
    return {
        "entries": entries,
        "pages": pages,
        "photos": evidence_photos.of_subjects(session, entries),
        "standing": {entry.id for entry in diary.standing(entries)},
        "earliest": earliest,
        "unknown": unknown,
        "prompt": diary.same_day_percent(session, area.id),
        "link": lambda number: url_for("producer.diary", area=area.id, page=number),
    }


def _choices(session: Session, tenant: str, lot_id: str | None = None) -> dict[str, Any]:
    """What the form offers: areas, work, lots of the store; and what the page reckons with while somebody types."""
    grounds = _grounds(session, tenant)
    usable = farm_inputs.usable(session, tenant, today())
    if lot_id and lot_id not in {lot.id for lot, _product in usable}:
        lot = records.find(session, InputLot, lot_id)
        usable = [(lot, records.find(session, FarmInput, lot.farm_input_id)), *usable]
    crops = {
        crop.id: crop.name if language() == "vi" else crop.name_en or crop.name
        for crop in products.crops(session)
    }
    return {
        "areas": [(area.id, f"{area.name} · {crops.get(area.crop_id, area.crop_id)}") for area in grounds],
        "lots": [(lot.id, _lot_text(lot, product)) for lot, product in usable],
        "tasks": [(task.value, wording.name(task)) for task in DiaryTask],
        "kinds": [(kind.value, wording.name(kind)) for kind in InputKind],
        "reckoning": {
            "crops": {area.id: area.crop_id for area in grounds},
            "intervals": {lot.id: product.intervals for lot, product in usable},
            "units": {lot.id: _UNITS[product.measure] for lot, product in usable},
            "given": [task.value for task in WITH_INPUT],
            "fed": [lot.id for lot, product in usable if product.kind not in WITH_INTERVAL],
            "feeds": [kind.value for kind in InputKind if kind not in WITH_INTERVAL],
        },
    }


def _lot_text(lot: InputLot, product: FarmInput) -> str:
    parts = [
        product.name,
        lot.lot,
        _("%(amount)s left", amount=amount_text(lot.left_q, product.measure, language())),
    ]
    if lot.expires_on is not None:
        parts.append(_("good until %(day)s", day=day(lot.expires_on)))
    return " · ".join(part for part in parts if part)


def _again(entry: DiaryEntry) -> dict[str, Any]:
    """What a form begins with when the work is done once more."""
    initial: dict[str, Any] = {name: getattr(entry, name) for name in _HANDED_ON}
    initial["treated_ha"] = ha_field(entry.treated_m2, language()) if entry.treated_m2 else None
    if entry.drawn_q is not None and entry.measure is not None:
        initial["amount"] = amount_field(entry.drawn_q, entry.measure)
    if entry.input_lot_id:  # the store tells of itself, also when its label has changed since
        initial["input_lot_id"] = entry.input_lot_id
        told = ("input_kind", "substance", "active_ingredient", "registration_no", "interval_days")
        initial |= dict.fromkeys(told)
    return initial


def _said(entry: DiaryEntry) -> str:
    """What the writer reads after saving: the first lawful day of harvest, if the work was about that."""
    if entry.earliest_harvest_on is not None and entry.earliest_harvest_on > entry.done_on:
        return _(
            "Written into the diary. Earliest lawful harvest: %(day)s.", day=day(entry.earliest_harvest_on)
        )
    if entry.interval_unknown:
        return _(
            "Written into the diary. The days before a harvest are unknown: look at the label and correct it."
        )
    return _("Written into the diary.")
