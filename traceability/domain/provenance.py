"""From the records to what the public may know of them: the only way from a row to a public page.

What may be shown stands in `public_facts`; nothing else leaves this module.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlmodel import Session, col, select

from traceability.domain import certificates, journeys, laboratory, outlines
from traceability.domain.agencies import Agency
from traceability.domain.areas import AreaCode, AreaState, CodeState, GrowingArea
from traceability.domain.batches import Batch, Origin
from traceability.domain.certificates import Certificate
from traceability.domain.clock import local_day
from traceability.domain.errors import NotFound
from traceability.domain.journeys import Journey, Parent, Source, public_name
from traceability.domain.laboratory import LabTest
from traceability.domain.pictures import Picture, PictureKind
from traceability.domain.producers import LegalForm, Producer, ProducerState
from traceability.domain.products import Crop, Product, ProductState
from traceability.domain.public_facts import (
    Measured,
    Provenance,
    PublicArea,
    PublicBatch,
    PublicCertificate,
    PublicCode,
    PublicLabTest,
    PublicPicture,
    PublicProducer,
    PublicProduct,
    PublicRecall,
    PublicSuspension,
)
from traceability.domain.recalls import STANDING, Recall, RecalledBatch
from traceability.domain.suspensions import Suspension

#: A page draws this many areas; of the others it gives the number.
MOST_AREAS = 4
#: Of the reports and of the certificates of what went into a lot, a page shows this many.
MOST_OF_SOURCES = 6
#: The drawing of an area, in its own units.
OUTLINE_WIDTH, OUTLINE_HEIGHT = 320, 150


def is_published(batch: Batch) -> bool:
    """Whether the public may read about a batch: it was released once, whatever became of it."""
    return batch.released_at is not None


def of_batch(session: Session, batch_id: str, today: date, stamps_id: str | None = None) -> Provenance:
    """What the public may know of a batch on a day. `stamps_id` is the stamp range that was scanned.

    Raises `NotFound`. Whether the batch is published is the caller's question: a stamp that is not active shows only
    what it was issued for.
    """
    statement = (
        select(Batch, Product, Producer)
        .join(Product, col(Product.id) == col(Batch.product_id))
        .join(Producer, col(Producer.id) == col(Batch.producer_id))
        .where(Batch.id == batch_id)
    )
    row = session.exec(statement).one_or_none()
    if row is None:
        raise NotFound("Batch", batch_id)
    batch, product, producer = row
    journey = journeys.of_batch(session, batch, product, producer)
    above = [parent for parent in journey.parents if parent.batch.id != batch.id]
    codes = _codes(session, journey.parents)
    areas = _areas(session, journey, codes)
    subjects = [batch.id, product.id, producer.id, *journey.area_ids, *([stamps_id] if stamps_id else [])]
    subjects += [code.id for code in codes[batch.id]]
    lab_tests, more_lab_tests = _source_lab_tests(session, above)
    valid = certificates.valid_on(session, batch, today)
    covering, more_covering = _source_certificates(session, above, valid, today)
    return Provenance(
        product=product_of(session, product),
        producer=producer_of(session, producer),
        batch=_batch(batch),
        areas=areas,
        more_areas=len(journey.area_ids) - len(areas),
        chapters=journey.chapters,
        sources=_with_markets(journey, codes),
        complete=journey.complete,
        lab_tests=tuple(_lab_test(session, test) for test in laboratory.of_batch(session, batch.id))
        + lab_tests,
        more_lab_tests=more_lab_tests,
        certificates=tuple(_certificate(session, row) for row in valid) + covering,
        more_certificates=more_covering,
        recalls=_recalls(session, batch),
        suspensions=_suspensions(session, subjects),
    )


def product_of(session: Session, product: Product) -> PublicProduct:
    """What the public may know of a product."""
    picture = session.get(Picture, product.picture_id) if product.picture_id else None
    return PublicProduct(
        code=product.code,
        name=product.name,
        name_en=product.name_en,
        category=product.category,
        net_weight=product.net_weight_text,
        net_weight_g=product.net_weight_g,
        unit=product.unit,
        brand=product.brand,
        variety=product.variety,
        gtin=product.gtin,
        standards=tuple((row.get("code", ""), row.get("title", "")) for row in product.standards),
        ocop_stars=product.ocop_stars,
        gi_note=product.gi_note,
        description=product.description,
        warnings=product.warnings,
        storage=product.storage,
        shelf_life_days=product.shelf_life_days,
        origin=", ".join(part for part in (product.commune_name, product.province_name) if part),
        legacy_origin=product.legacy_address,
        picture=picture_of(picture),
        suspended=product.state is ProductState.SUSPENDED,
        approved_on=_day(product.approved_at),
        approved_by=_agency(session, product.approved_by_agency_id),
    )


def picture_of(picture: Picture | None) -> PublicPicture | None:
    """What the public may know of a picture."""
    if picture is None:
        return None
    illustration = picture.kind is PictureKind.ILLUSTRATION
    return PublicPicture(
        picture.sha256, picture.width, picture.height, picture.alt, illustration, picture.credit
    )


def producer_of(session: Session, producer: Producer) -> PublicProducer:
    """What the public may know of a producer."""
    household = producer.legal_form is LegalForm.HOUSEHOLD
    commune = ", ".join(part for part in (producer.commune_name, producer.province_name) if part)
    return PublicProducer(
        code=producer.code,
        name=public_name(producer),
        name_en="" if household else producer.name_en,
        household=household,
        legal_form=producer.legal_form,
        address=commune if household else producer.place_text(),
        legacy_address="" if household else producer.legacy_address,
        gln=None if household else producer.gln,
        suspended=producer.state is ProducerState.SUSPENDED,
        approved_on=_day(producer.approved_at),
        approved_by=_agency(session, producer.approved_by_agency_id),
    )


def _batch(batch: Batch) -> PublicBatch:
    return PublicBatch(
        lot=batch.lot,
        state=batch.state,
        transformed=batch.origin is Origin.TRANSFORM,
        started_on=batch.started_on,
        harvested_on=batch.harvested_on,
        packed_on=batch.packed_on,
        best_before_on=batch.best_before_on,
        published_on=_day(batch.released_at),
    )


def _codes(session: Session, parents: Sequence[Parent]) -> dict[str, list[AreaCode]]:
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


def _with_markets(journey: Journey, codes: dict[str, list[AreaCode]]) -> tuple[Source, ...]:
    """The sources with the market of each code that was claimed for them."""
    markets = {(rows[0].area_id, rows[0].code): rows[0].market for rows in codes.values() if rows}
    return tuple(
        replace(source, market=markets.get((source.area_id or "", source.code), ""))
        for source in journey.sources
    )


def _areas(session: Session, journey: Journey, codes: dict[str, list[AreaCode]]) -> tuple[PublicArea, ...]:
    shown = []
    for area_id in journey.area_ids[:MOST_AREAS]:
        area = session.get(GrowingArea, area_id)
        owner = session.get(Producer, area.producer_id) if area else None
        if area is None or owner is None:
            continue
        crop = session.get(Crop, area.crop_id)
        here = [parent for parent in journey.parents if parent.batch.area_id == area.id]
        claimed = (_claimed(parent.batch, codes[parent.batch.id]) for parent in here)
        household = owner.legal_form is LegalForm.HOUSEHOLD
        shown.append(
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
            )
        )
    return tuple(shown)


def _claimed(batch: Batch, codes: list[AreaCode]) -> PublicCode | None:
    if not batch.area_code:
        return None
    if not codes:
        return PublicCode(batch.area_code, None, "", "", None, None)
    code = codes[0]
    return PublicCode(code.code, code.family, code.market, code.authority, code.state, code.valid_to)


def _named(parent: Parent) -> str:
    return f"{parent.product.name} · {parent.batch.lot}"


def _source_lab_tests(session: Session, above: Sequence[Parent]) -> tuple[tuple[PublicLabTest, ...], int]:
    """The reports of what went in: those that were not passed first, so that none of them is left out; and how many
    more there are."""
    named = {parent.batch.id: parent for parent in above}
    found = sorted(
        laboratory.of_batches(session, named.keys()),
        key=lambda test: (test.passed, -named[test.batch_id].share),
    )
    shown = found[:MOST_OF_SOURCES]
    return (
        tuple(_lab_test(session, test, _named(named[test.batch_id])) for test in shown),
        len(found) - len(shown),
    )


def _lab_test(session: Session, test: LabTest, source: str = "") -> PublicLabTest:
    return PublicLabTest(
        laboratory=test.laboratory,
        accreditation=test.accreditation,
        report_no=test.report_no,
        stage=test.stage,
        sampled_on=test.sampled_on,
        reported_on=test.reported_on,
        passed=test.passed,
        measured=tuple(
            Measured(
                name=str(row.get("name") or row.get("test") or ""),
                value="" if row.get("value") is None else str(row["value"]),
                unit=str(row.get("unit") or ""),
                limit="" if row.get("limit") is None else str(row["limit"]),
                passed=row.get("passed"),
            )
            for row in test.results
        ),
        recorded_by=_agency(session, test.recorded_by_agency_id),
        source=source,
    )


def _source_certificates(
    session: Session, above: Sequence[Parent], own: list[Certificate], today: date
) -> tuple[tuple[PublicCertificate, ...], int]:
    """The certificates of the areas and producers of what went in, and how many more there are."""
    known = {row.id for row in own}
    found = [
        (row, parent)
        for row in certificates.of_origins(session, [parent.batch for parent in above], today)
        if row.id not in known
        for parent in [next(one for one in above if row.covered_id in (one.batch.area_id, one.producer.id))]
    ]
    shown = sorted(found, key=lambda pair: -pair[1].share)[:MOST_OF_SOURCES]
    return (
        tuple(
            _certificate(
                session, row, _named(parent), household=parent.producer.legal_form is LegalForm.HOUSEHOLD
            )
            for row, parent in shown
        ),
        len(found) - len(shown),
    )


def _certificate(
    session: Session, row: Certificate, source: str = "", household: bool = False
) -> PublicCertificate:
    """A certificate; in the words of its scope a household may be named."""
    return PublicCertificate(
        scheme=row.scheme,
        number=row.number,
        issuer=row.issuer,
        covers=row.covered_kind,
        scope="" if household else row.scope_text,
        stars=row.stars,
        issued_on=row.issued_on,
        expires_on=row.expires_on,
        checked_by=_agency(session, row.checked_by_agency_id),
        checked_on=row.checked_on,
        source=source,
    )


def _recalls(session: Session, batch: Batch) -> tuple[PublicRecall, ...]:
    statement = (
        select(Recall)
        .join(RecalledBatch, col(RecalledBatch.recall_id) == col(Recall.id))
        .where(RecalledBatch.batch_id == batch.id, col(Recall.state).in_(STANDING))
        .order_by(col(Recall.opened_at))
    )
    return tuple(
        PublicRecall(
            number=recall.number,
            kind=recall.kind,
            decided_by=_agency(session, recall.agency_id),
            decision_no=recall.decision_no,
            opened_on=recall.decided_on or local_day(recall.opened_at),
            public_text=recall.public_text,
            began_with="" if recall.batch_id == batch.id else _goods(session, recall.batch_id),
        )
        for recall in session.exec(statement)
    )


def _goods(session: Session, batch_id: str) -> str:
    batch = session.get(Batch, batch_id)
    product = session.get(Product, batch.product_id) if batch else None
    return f"{product.name} · {batch.lot}" if batch and product else ""


def _suspensions(session: Session, subjects: list[str]) -> tuple[PublicSuspension, ...]:
    statement = select(Suspension).where(
        col(Suspension.subject_id).in_(subjects), col(Suspension.lifted_at).is_(None)
    )
    return tuple(
        PublicSuspension(row.subject_kind, _agency(session, row.agency_id), local_day(row.at))
        for row in session.exec(statement.order_by(col(Suspension.at)))
    )


def _agency(session: Session, agency_id: str | None) -> str:
    agency = session.get(Agency, agency_id) if agency_id else None
    return agency.name if agency else ""


def _day(moment: datetime | None) -> date | None:
    return local_day(moment) if moment else None
