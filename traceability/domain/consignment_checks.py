"""Whether the lots of a consignment may go to its market: every reason against each lot at once, with its record.

What cannot be told (a source that nobody recorded, an interval that no label gave, a residue never measured where the
market demands it) is a reason too: unknown never passes for good.
"""

import math
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from traceability.domain import (
    applications,
    area_codes,
    areas,
    code_authorisations,
    code_draws,
    consignment_reasons,
    laboratory,
    partners,
    records,
    residue_limits,
    rule_figures,
    rule_treatments,
    shares,
)
from traceability.domain.applications import Application
from traceability.domain.areas import AreaCode, AreaState, GrowingArea
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.code_authorisations import CodeAuthorisation
from traceability.domain.consignment_reasons import Reason
from traceability.domain.consignments import Consignment, ConsignmentLine, ConsignmentState, contents
from traceability.domain.ownership import beyond_scope
from traceability.domain.packing_houses import PackingHouse
from traceability.domain.producers import Producer, ProducerState
from traceability.domain.products import Product, ProductState
from traceability.domain.records import iso
from traceability.domain.rule_outcomes import Broken, Outcome, Unknown
from traceability.domain.shares import Node, SourceShare
from traceability.domain.suspensions import SuspendedKind


@dataclass
class Verdict:
    """One lot with all that speaks against it, and the data that were looked at."""

    line: ConsignmentLine
    batch: Batch
    product: Product
    reasons: list[Reason] = field(default_factory=list)
    #: what nobody looked at, or could: it keeps nothing back, and is said
    notes: list[Reason] = field(default_factory=list)
    #: codes of others that have to be claimed when it is sealed: code and grams
    claims: list[tuple[str, int]] = field(default_factory=list)
    looked_at: dict[str, Any] = field(default_factory=dict)


@dataclass
class Judgement:
    """The whole consignment on a day: what speaks against it as such, and each of its lots."""

    day: date
    reasons: list[Reason]
    lots: list[Verdict]
    house_lent: bool = False
    looked_at: dict[str, Any] = field(default_factory=dict)

    @property
    def passes(self) -> bool:
        """Whether nothing speaks against sealing it."""
        return bool(self.lots) and not self.count

    @property
    def count(self) -> int:
        """How many points stand against it."""
        return len(self.reasons) + sum(len(lot.reasons) for lot in self.lots)


def day_of(row: Consignment) -> date:
    """The day for which a consignment that waits is judged: the one it is to leave on, today once that is over."""
    return max(row.leaves_on, today())


def judge(session: Session, row: Consignment, day: date | None = None) -> Judgement:
    """All that speaks against a consignment on a day (else `day_of`). Nothing is written.

    Of a sealed one the kilograms have left the stock and the lent codes were drawn: it is asked whether what was drawn
    still stands.
    """
    lots = [Verdict(line, batch, product) for line, batch, product in contents(session, row.id)]
    found = Judgement(day or day_of(row), [], lots)
    if not lots:
        found.reasons.append(Reason("consignment.no_lots"))
    _judge_producer(session, row, found)
    _judge_house(session, row, found)
    for name in ("container_no", "seal_no"):
        if not getattr(row, name):
            found.reasons.append(Reason(f"consignment.{name}_missing"))
    for lot in lots:
        _judge_stock(session, row, lot)
        _judge_sources(session, row, lot, found.day)
        _judge_results(session, row, lot, found.day)
    return found


def leaves_now(session: Session, row: Consignment, judged: Judgement | None) -> bool:
    """Whether a sealed consignment may leave today, also where something will stand against it on its day."""
    if judged is None or row.state is not ConsignmentState.SEALED:
        return False
    return judged.passes or (judged.day > today() and judge(session, row, today()).passes)


def _judge_producer(session: Session, row: Consignment, found: Judgement) -> None:
    producer = records.find(session, Producer, row.producer_id)
    if producer.state is ProducerState.SUSPENDED:
        stop = consignment_reasons.suspension_of(session, SuspendedKind.PRODUCER, producer.id)
        about = ("producer", producer.id, stop)
        found.reasons.append(Reason("consignment.producer_suspended", {"name": producer.name}, *about))


def _judge_house(session: Session, row: Consignment, found: Judgement) -> None:
    """The packing house: an own one that is good for the market on the day, or one whose use was signed over."""
    code = row.packing_house_code
    if not code:
        found.reasons.append(Reason("consignment.house_missing"))
        return
    key = area_codes.lookup_key(code)
    own = [
        house
        for house in session.exec(
            select(PackingHouse).where(PackingHouse.producer_id == row.producer_id)
        ).all()
        if area_codes.lookup_key(house.code) == key
    ]
    lent = _lent(session, row, code, found.day)
    found.house_lent = not own and lent is not None
    holder: PackingHouse | None = own[0] if own else None
    if holder is None and lent is not None and lent.packing_house_id:
        with beyond_scope(session):  # the house is its holder's
            holder = records.find(session, PackingHouse, lent.packing_house_id)
    if holder is None:
        known = "not_authorised" if _house_on_record(session, key) else "unknown"
        found.reasons.append(Reason(f"consignment.house_{known}", {"code": code}))
        return
    about: dict[str, Any] = {"table": "packing_house", "record_id": holder.id}
    if not holder.good_on(found.day):
        why = consignment_reasons.behind(session, holder, found.day)
        facts = {"code": code, "day": found.day}
        found.reasons.append(Reason("consignment.house_not_good", facts, because=why, **about))
    if row.market not in holder.markets:
        found.reasons.append(
            Reason("consignment.house_market", {"code": code, "market": row.market}, **about)
        )
    found.looked_at["packing_house"] = {
        "code": holder.code,
        "state": holder.state.value,
        "markets": holder.markets,
        "valid_from": iso(holder.valid_from),
        "valid_to": iso(holder.valid_to),
        "authorisation": lent.number if lent is not None and found.house_lent else None,
    }


def _house_on_record(session: Session, key: str) -> bool:
    """Whether anybody's packing house has this code, however it is typed."""
    with beyond_scope(session):  # whose it is stays unsaid
        codes = session.exec(select(PackingHouse.code).distinct()).all()
    return any(area_codes.lookup_key(code) == key for code in codes)


def _judge_stock(session: Session, row: Consignment, lot: Verdict) -> None:
    batch = lot.batch
    about: dict[str, Any] = {"table": "batch", "record_id": batch.id}
    facts = {"lot": batch.lot, "left_g": batch.loose_g, "asked_g": lot.line.grams}
    if lot.product.state is ProductState.SUSPENDED:
        stop = consignment_reasons.suspension_of(session, SuspendedKind.PRODUCT, lot.product.id)
        said = {"product": lot.product.name}
        lot.reasons.append(Reason("consignment.product_suspended", said, "product", lot.product.id, stop))
    if not batch.may_move:
        stop = consignment_reasons.suspension_of(session, SuspendedKind.BATCH, batch.id)
        lot.reasons.append(Reason(f"batches.{batch.state.value}", {"lot": batch.lot}, because=stop, **about))
    elif row.state is not ConsignmentState.DRAFT:
        return
    elif lot.line.grams > batch.on_hand_g:
        lot.reasons.append(Reason("consignment.not_enough", facts, **about))
    elif lot.line.grams > batch.loose_g:
        facts |= {"packed_g": batch.in_units_g}
        lot.reasons.append(Reason("consignment.in_units", facts, **about))


def _judge_sources(session: Session, row: Consignment, lot: Verdict, day: date) -> None:
    """Each growing area behind the lot: its code for the market, the authorisation for it, what was given there."""
    told: list[dict[str, Any]] = []
    forbidden = rule_figures.ingredients(session)
    for source in shares.sources(session, lot.batch.id):
        if source.material:
            continue
        if source.area_id is None:
            facts = {"lot": lot.batch.lot}
            lot.reasons.append(Reason("consignment.source_unknown", facts, "batch", lot.batch.id))
            continue
        with beyond_scope(session):  # goods come from other producers too
            area = records.find(session, GrowingArea, source.area_id)
            codes = areas.codes_of(session, [area.id])[area.id]
            harvests = [records.find(session, Batch, key) for key in source.batch_ids]
            told.append(_judge_code(session, row, lot, source, area, codes, harvests, day))
            for harvest in harvests:
                given = applications.bearing_on(session, harvest)
                _judge_interval(lot, harvest, given)
                _judge_ingredients(lot, harvest, rule_treatments.banned(given, forbidden, row.market))
    lot.looked_at["sources"] = told


def _judge_code(
    session: Session,
    row: Consignment,
    lot: Verdict,
    source: SourceShare,
    area: GrowingArea,
    codes: list[AreaCode],
    harvests: list[Batch],
    day: date,
) -> dict[str, Any]:
    """Looks for a code of the area that is good for the market on the day; answers what was looked at."""
    of_market = [code for code in codes if code.market == row.market]
    good = [code for code in of_market if code.good_on(day)]
    grams = math.ceil(source.share * lot.line.grams)
    about: dict[str, Any] = {"table": "growing_area", "record_id": area.id}
    holder = partners.known_as(session, area.producer_id)
    # the name of somebody else's area may be a family's: its code stands for it
    called = area.name if area.producer_id == row.producer_id else (codes[0].code if codes else holder)
    facts: dict[str, Any] = {"area": called, "market": row.market, "day": day}
    number = None
    if area.state is AreaState.SUSPENDED:
        stop = consignment_reasons.suspension_of(session, SuspendedKind.AREA, area.id)
        lot.reasons.append(Reason("consignment.area_suspended", facts, because=stop, **about))
    if harvests and all(_claimed_for(session, harvest, row.market) for harvest in harvests):
        number = "at harvest"  # the claim was drawn when the harvest was written down
    elif not of_market:
        lot.reasons.append(Reason("consignment.no_code_for_market", facts, **about))
    elif not good:
        facts, why = (
            facts | {"code": of_market[0].code},
            consignment_reasons.behind(session, of_market[0], day),
        )
        lot.reasons.append(Reason("consignment.code_not_good", facts, because=why, **about))
    elif area.producer_id != row.producer_id:
        lent = [
            found
            for code in good
            if (found := code_authorisations.covering(session, code, row.producer_id, day, row.market))
        ]
        sealed = row.state is not ConsignmentState.DRAFT
        enough = [one for one in lent if sealed or one.left_g >= grams]
        if not lent:
            facts |= {"code": good[0].code, "holder": holder}
            lot.reasons.append(Reason("consignment.not_authorised", facts, "area_code", good[0].id))
        elif not enough:
            facts |= {"code": lent[0].code, "left_g": lent[0].left_g, "asked_g": grams}
            lot.reasons.append(Reason("consignment.over_drawn", facts, "code_authorisation", lent[0].id))
        else:
            number = enough[0].number
            lot.claims.append((enough[0].code, grams))
    return {
        "area": area.id,
        "grams": grams,
        "authorisation": number,
        "codes": [
            {
                "code": code.code,
                "state": code.state.value,
                "from": iso(code.valid_from),
                "to": iso(code.valid_to),
            }
            for code in of_market
        ],
    }


def _judge_interval(lot: Verdict, harvest: Batch, given: list[Application]) -> None:
    """The days between what was given and the harvest, as the rule of the land counts them."""
    if harvest.harvested_on is None:
        return
    outcome = rule_treatments.within_interval(given, harvest.harvested_on)
    if isinstance(outcome, Broken):
        facts = outcome.evidence | {"lot": harvest.lot}
        lot.reasons.append(Reason("consignment.interval_broken", facts, "batch", harvest.id))
    elif isinstance(outcome, Unknown):
        lot.reasons.append(Reason("consignment.interval_unknown", {"lot": harvest.lot}, "batch", harvest.id))


def _judge_ingredients(lot: Verdict, harvest: Batch, outcome: Outcome) -> None:
    """What was given may be lawful here and forbidden in the market, however often the goods were worked up since."""
    if isinstance(outcome, Broken):
        facts = {"lot": harvest.lot, "ingredients": ", ".join(outcome.evidence["ingredients"])}
        facts |= {"applied_on": outcome.evidence["applied_on"]}
        lot.reasons.append(Reason("consignment.ingredient_banned", facts, "batch", harvest.id))


def _judge_results(session: Session, row: Consignment, lot: Verdict, day: date) -> None:
    """The laboratory results behind the lot against the limits of the market on the day.

    Where the market demands a result, each harvest behind the lot has one of its own or goes into a lot that has: the
    result of one plot says nothing of another's.
    """
    limits = residue_limits.in_force(session, row.market, lot.product.crop_id, day)
    with beyond_scope(session):
        nodes = shares.above(session, lot.batch.id)
        tests = laboratory.of_batches(session, list(nodes))
    for test in tests:
        about: dict[str, Any] = {"table": "lab_test", "record_id": test.id}
        if not test.passed:
            facts = {"lot": lot.batch.lot, "report_no": test.report_no}
            lot.reasons.append(Reason("consignment.result_failed", facts, **about))
        for found in residue_limits.exceeded(limits, test.results):
            measured: dict[str, Any] = {
                "report_no": test.report_no,
                "name": found.name,
                "measured": f"{found.measured_ug.normalize():f}",
                "limit": found.limit.limit_ug,
                "market": row.market,
            }
            lot.reasons.append(Reason("consignment.residue_exceeded", measured, **about))
    if any(limit.demanded for limit in limits):
        measured_lots = {test.batch_id for test in tests if _measured(limits, test.results)}
        for batch_id in _unmeasured(nodes, lot.batch.id, measured_lots):
            with beyond_scope(session):
                silent = records.find(session, Batch, batch_id)
            facts = {"lot": silent.lot, "market": row.market}
            lot.reasons.append(Reason("consignment.result_missing", facts, "batch", silent.id))
    elif not tests:
        lot.notes.append(Reason("consignment.result_none", {"lot": lot.batch.lot}, "batch", lot.batch.id))
    if not limits:
        facts = {"lot": lot.batch.lot, "market": row.market}
        lot.notes.append(Reason("consignment.limits_unknown", facts, "batch", lot.batch.id))
    lot.looked_at["reports"] = [{"report_no": test.report_no, "passed": test.passed} for test in tests]
    lot.looked_at["limits"] = [
        {"ingredient": limit.ingredient, "ug_per_kg": limit.limit_ug, "source": limit.source}
        for limit in limits
    ]


def _unmeasured(nodes: dict[str, Node], root: str, measured: set[str]) -> list[str]:
    """The lots at the beginning of the ways to `root` on which no lot was measured."""
    found, seen, way = [], set(measured), [root]
    while way:
        batch_id = way.pop()
        if batch_id in seen:
            continue
        seen.add(batch_id)
        inputs = [source for source, _grams in nodes[batch_id].inputs]
        if not inputs or nodes[batch_id].harvested_g:
            found.append(batch_id)
        way.extend(inputs)
    return sorted(found)


def _measured(limits: list[residue_limits.ResidueLimit], results: list[dict[str, Any]]) -> bool:
    """Whether a report has a line about residues from which a number can be read."""
    return any(residue_limits.reads(limits, line) for line in results)


def _claimed_for(session: Session, harvest: Batch, market: str) -> bool:
    """Whether a harvest claimed a lent code for this very market."""
    drawn = [draw.authorisation_id for draw in code_draws.draws_of(session, harvest)]
    statement = select(CodeAuthorisation).where(col(CodeAuthorisation.id).in_(drawn))
    return any(row.market == market for row in session.exec(statement).all()) if drawn else False


def _lent(session: Session, row: Consignment, code: str, day: date) -> CodeAuthorisation | None:
    """The authorisation under which the consignor may use the packing house of that code."""
    key = area_codes.lookup_key(code)[:80]
    statement = select(CodeAuthorisation).where(
        CodeAuthorisation.to_producer_id == row.producer_id,
        CodeAuthorisation.search == key,
        col(CodeAuthorisation.packing_house_id).is_not(None),
    )
    found = [one for one in session.exec(statement).all() if one.covers(day, row.market)]
    return max(found, key=lambda one: (one.left_g, one.id), default=None)
