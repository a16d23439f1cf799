"""The farm diary of an area as a sheet: every entry, the corrected ones and the corrections included."""

import re
from collections.abc import Iterable

from werkzeug.wrappers import Response

from traceability import access, downloads, wording
from traceability.domain import diary, farm_inputs, records
from traceability.domain.amounts import amount_field, amount_text
from traceability.domain.areas import GrowingArea
from traceability.domain.clock import VIETNAM
from traceability.domain.diary import DiaryEntry
from traceability.domain.farm_inputs import lot_name
from traceability.domain.history import CorrectionReason
from traceability.i18n import gettext as _
from traceability.i18n import language
from traceability.sheets import Cell


def sheet(area_id: str) -> Response:
    """The diary of an area within the scope, XLSX or CSV as the address asks. Raises `NotFound`."""
    with access.reading() as session:
        area = records.find(session, GrowingArea, area_id)
        entries = diary.every(session, area_id)
        stock = farm_inputs.all_of(session, area.producer_id)
        lots = farm_inputs.lots_of(session, [product.id for product in stock])
    names = {lot.id: lot_name(lot) for lot in lots}
    return downloads.sheet(
        f"nhat-ky-{area.id}",
        f"{_('Farm diary')} {area.name}",
        _header(),
        _rows(area, entries, names),
    )


def _header() -> list[str]:
    return [
        _("Growing area"), _("Day"), _("Written on"), _("Days late"), _("State"), _("Work"), _("Plot"),
        _("Household"), _("Season"), _("Stage of growth"), _("Pest or disease seen"), _("How much of it"), _("Kind"),
        _("Trade name"), _("Active ingredient"), _("Registration number"), _("Dose"), _("Taken from the store"),
        _("Water (litres)"), _("Treated area (ha)"), _("How, with which tool"), _("Who did it"),
        _("Days before a harvest"), _("Earliest harvest"), _("Weather"), _("Harvested (kg)"), _("Buyer"),
        _("Where the empty packages went"), _("Note"), _("Explanation"), _("Lot in the store"),
    ]  # fmt: skip


def _rows(area: GrowingArea, entries: Iterable[DiaryEntry], lots: dict[str, str]) -> list[list[Cell]]:
    known = list(entries)
    corrected = {entry.corrects_id for entry in known}
    return [
        [
            area.name, entry.done_on, entry.created_at.astimezone(VIETNAM).date(), entry.late_days,
            _state(entry, entry.id in corrected), wording.name(entry.task), entry.plot, entry.household,
            entry.season, entry.growth_stage, entry.pest, entry.pest_level,
            wording.name(entry.input_kind) if entry.input_kind else "", entry.substance, entry.active_ingredient,
            entry.registration_no, entry.dose, _drawn(entry), entry.water_l,
            entry.treated_m2 / 10_000 if entry.treated_m2 else None, entry.method, entry.operator,
            entry.interval_days, entry.earliest_harvest_on, entry.weather,
            entry.harvested_g / 1000 if entry.harvested_g else None, entry.buyer, entry.disposal, entry.note,
            entry.explanation, lots.get(entry.input_lot_id or ""),
        ]
        for entry in known
    ]  # fmt: skip


def _drawn(entry: DiaryEntry) -> str:
    """As people read it, unless an import could read it in two ways (`1,125 kg`)."""
    if not entry.drawn_q or not entry.measure:
        return ""
    text = amount_text(entry.drawn_q, entry.measure, language())
    return amount_field(entry.drawn_q, entry.measure) if re.search(r"[.,]\d{3}\b", text) else text


def _state(entry: DiaryEntry, corrected: bool) -> str:
    """What an entry is worth: it holds, something stands in its place, or it says that something never happened."""
    if corrected:
        return _("corrected since")
    if entry.correction_reason is CorrectionReason.DID_NOT_OCCUR:
        return _("declared: this did not happen")
    return _("correction") if entry.corrects_id else _("holds")
