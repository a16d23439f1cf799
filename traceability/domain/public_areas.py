"""Where the goods of a batch come from, as the public may see it: areas, their blurred outlines, claimed codes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from sqlmodel import Session, col, select

from traceability.domain import code_draws, evidence, outlines, partners
from traceability.domain.areas import AreaCode, AreaCodeChange, AreaState, CodeState, GrowingArea
from traceability.domain.batches import Batch
from traceability.domain.clock import local_day
from traceability.domain.evidence import Evidence, How, name_of
from traceability.domain.journeys import Journey, Parent, Source
from traceability.domain.producers import LegalForm, Producer
from traceability.domain.products import Crop
from traceability.domain.public_facts import PublicArea, PublicCode

#: A page draws this many areas; of the others it gives the number.
MOST_AREAS = 4
#: The drawing of an area, in its own units.
OUTLINE_WIDTH, OUTLINE_HEIGHT = 320, 150

#: By area and code: the holder and the market of a code that was lent.
Lent = Mapping[tuple[str | None, str], tuple[str, str]]


def codes_of(session: Session, parents: Sequence[Parent]) -> dict[str, list[AreaCode]]:
    """By batch: the codes of its area that have the claimed text, those in force first."""
    claimed = {parent.batch.area_code for parent in parents if parent.batch.area_code}
    area_ids = {parent.batch.area_id for parent in parents if parent.batch.area_code}
    statement = select(AreaCode).where(col(AreaCode.area_id).in_(area_ids), col(AreaCode.code).in_(claimed))
    found = sorted(
        session.exec(statement) if claimed else (),
        key=lambda code: (code.state is not CodeState.GRANTED, code.market),
    )
    return {
        batch.id: [code for code in found if code.area_id == batch.area_id and code.code == batch.area_code]
        for batch in (parent.batch for parent in parents)
    }


def lent_of(session: Session, parents: Sequence[Parent], codes: dict[str, list[AreaCode]]) -> Lent:
    """By area and code: the holder and the market of each code that is not the area's own."""
    others = [parent.batch for parent in parents if parent.batch.area_code and not codes[parent.batch.id]]
    found = code_draws.lenders(session, [batch.id for batch in others])
    return {
        (batch.area_id, batch.area_code or ""): (partners.known_as(session, row.producer_id), row.market)
        for batch in others
        if (row := found.get(batch.id))
    }


def with_markets(journey: Journey, codes: dict[str, list[AreaCode]], lent: Lent) -> tuple[Source, ...]:
    """The sources with the market of each code that was claimed for them, and whose it is where it was lent."""
    known = dict(lent)
    known |= {(rows[0].area_id, rows[0].code): ("", rows[0].market) for rows in codes.values() if rows}
    found = ((source, known.get((source.area_id, source.code), ("", ""))) for source in journey.sources)
    return tuple(replace(source, market=market, code_holder=holder) for source, (holder, market) in found)


def shown(
    session: Session, journey: Journey, codes: dict[str, list[AreaCode]], lent: Lent
) -> tuple[PublicArea, ...]:
    """The areas that a page draws, with the codes that were claimed for what comes from them."""
    drawn = []
    said = evidence.days_of_word(session, (code for rows in codes.values() for code in rows))
    for area_id in journey.area_ids[:MOST_AREAS]:
        area = session.get(GrowingArea, area_id)
        owner = session.get(Producer, area.producer_id) if area else None
        if area is None or owner is None:
            continue
        crop = session.get(Crop, area.crop_id)
        here = [parent for parent in journey.parents if parent.batch.area_id == area.id]
        claimed = (_claimed(session, parent.batch, codes[parent.batch.id], said, lent) for parent in here)
        declared_on = evidence.days_of_word(session, (area,))[area.id]
        household = owner.legal_form is LegalForm.HOUSEHOLD
        drawn.append(
            PublicArea(
                name="" if household else area.name,
                place=", ".join(part for part in (area.commune_name, area.province_name) if part),
                legacy_address="" if household else area.legacy_address,
                square_metres=area.computed_m2,
                outline=outlines.outline_svg(area.geometry, OUTLINE_WIDTH, OUTLINE_HEIGHT),
                suspended=area.state is AreaState.SUSPENDED,
                code=next((code for code in claimed if code), None),
                per_mille=round(sum(parent.harvested_share for parent in here) * 1000),
                crop_kind=crop.kind if crop else "",
                evidence=evidence.approved(
                    name_of(session, area.approved_by_agency_id),
                    local_day(area.approved_at) if area.approved_at else None,
                    declared_on,
                ),
            )
        )
    return tuple(drawn)


def _claimed(
    session: Session, batch: Batch, codes: list[AreaCode], said: dict[str, date], lent: Lent
) -> PublicCode | None:
    """The code that was claimed for a batch, as it stands today. One that is not on record is the producer's word."""
    if not batch.area_code:
        return None
    if not codes:
        word = evidence.declared(local_day(batch.created_at), name_of(session, batch.on_behalf_agency_id))
        holder, market = lent.get((batch.area_id, batch.area_code), ("", ""))
        return PublicCode(batch.area_code, None, market, "", None, None, word, holder)
    code = codes[0]
    return PublicCode(
        code.code, code.family, code.market, code.authority, code.state, code.valid_to,
        _granted(session, code) or evidence.declared(said[code.id]),
    )  # fmt: skip


def _granted(session: Session, code: AreaCode) -> Evidence | None:
    """Which agency confirmed the newest state of a code, and when."""
    statement = select(AreaCodeChange).where(AreaCodeChange.area_code_id == code.id)
    change = session.exec(statement.order_by(col(AreaCodeChange.at).desc()).limit(1)).first()
    agency = name_of(session, change.agency_id) if change else ""
    if change is None or not agency or change.state is CodeState.APPLIED:
        return None
    how = How.GRANTED if change.state is CodeState.GRANTED else How.DECIDED
    return Evidence(how, local_day(change.at), agency)
