"""From the records to what the public may know of them: the only way from a row to a public page.

What may be shown stands in `public_facts`; nothing else leaves this module.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from sqlmodel import Session, col, select

from traceability.domain import (
    certificates,
    evidence,
    journeys,
    laboratory,
    page_snapshots,
    public_areas,
    public_papers,
    rule_overrides,
    seasons,
    stamp_checks,
)
from traceability.domain.batches import Batch
from traceability.domain.clock import local_day
from traceability.domain.errors import NotFound
from traceability.domain.evidence import name_of
from traceability.domain.journeys import Parent, public_name
from traceability.domain.pictures import Picture, PictureKind
from traceability.domain.producers import LegalForm, Producer, ProducerState
from traceability.domain.products import Crop, Product, ProductState
from traceability.domain.public_facts import (
    Provenance,
    PublicBatch,
    PublicException,
    PublicPicture,
    PublicProducer,
    PublicProduct,
    PublicRecall,
    PublicSuspension,
    RecallOutcome,
)
from traceability.domain.recall_records import RecallReport
from traceability.domain.recalls import STANDING, Recall, RecalledBatch, RecallState
from traceability.domain.seasons import Season
from traceability.domain.suspensions import Suspension


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
    codes = public_areas.codes_of(session, journey.parents)
    lent = public_areas.lent_of(session, journey.parents, codes)
    areas = public_areas.shown(session, journey, codes, lent)
    subjects = [batch.id, product.id, producer.id, *journey.area_ids, *([stamps_id] if stamps_id else [])]
    subjects += [code.id for code in codes[batch.id]]
    lab_tests, more_lab_tests = public_papers.lab_tests_above(session, above)
    valid = certificates.valid_on(session, batch, today)
    covering, more_covering = public_papers.certificates_above(session, above, valid, today)
    said = evidence.days_of_word(session, (batch, product, producer))
    story = Provenance(
        as_of=today,
        product=product_of(session, product, said[product.id]),
        producer=producer_of(session, producer, said[producer.id]),
        batch=_batch(session, batch, said[batch.id]),
        areas=areas,
        more_areas=len(journey.area_ids) - len(areas),
        chapters=journey.chapters,
        sources=public_areas.with_markets(journey, codes, lent),
        more_sources=journey.more_sources,
        more_per_mille=journey.more_per_mille,
        complete=journey.complete,
        lab_tests=public_papers.lab_tests(session, laboratory.of_batch(session, batch.id)) + lab_tests,
        more_lab_tests=more_lab_tests,
        certificates=public_papers.certificates(session, valid) + covering,
        more_certificates=more_covering,
        seasons=_seasons(session, journey.parents),
        recalls=_recalls(session, batch),
        suspensions=_suspensions(session, subjects),
        exceptions=_exceptions(session, batch.id),
        pins=stamp_checks.has_pins(session, stamps_id) if stamps_id else False,
    )
    return replace(story, kept=page_snapshots.beside(page_snapshots.newest(session, batch.id), story))


def product_of(session: Session, product: Product, said_on: date | None = None) -> PublicProduct:
    """What the public may know of a product. `said_on`: when its producer last said what it is, where that is known."""
    said_on = said_on or evidence.days_of_word(session, (product,))[product.id]
    vouching = evidence.approved(
        name_of(session, product.approved_by_agency_id), _day(product.approved_at), said_on
    )
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
        evidence=vouching,
        changed_on=said_on if said_on > vouching.on else None,
    )


def picture_of(picture: Picture | None) -> PublicPicture | None:
    """What the public may know of a picture."""
    if picture is None:
        return None
    illustration = picture.kind is PictureKind.ILLUSTRATION
    return PublicPicture(
        picture.sha256, picture.width, picture.height, picture.alt, illustration, picture.credit
    )


def producer_of(session: Session, producer: Producer, said_on: date | None = None) -> PublicProducer:
    """What the public may know of a producer. `said_on`: when its details were last changed, where that is known."""
    said_on = said_on or evidence.days_of_word(session, (producer,))[producer.id]
    vouching = evidence.approved(
        name_of(session, producer.approved_by_agency_id), _day(producer.approved_at), said_on
    )
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
        evidence=vouching,
        changed_on=said_on if said_on > vouching.on else None,
    )


def _batch(session: Session, batch: Batch, said_on: date) -> PublicBatch:
    return PublicBatch(
        lot=batch.lot,
        state=batch.state,
        origin=batch.origin,
        started_on=batch.started_on,
        harvested_on=batch.harvested_on,
        packed_on=batch.packed_on,
        best_before_on=batch.best_before_on,
        published_on=_day(batch.released_at),
        evidence=evidence.declared(said_on, name_of(session, batch.on_behalf_agency_id)),
    )


def _seasons(session: Session, parents: Iterable[Parent]) -> tuple[Season, ...]:
    """The harvests that went in, the largest share first, beside the months of their crops."""
    harvests = [parent for parent in parents if parent.harvested_share and parent.batch.harvested_on]
    wanted = {parent.product.crop_id for parent in harvests}
    crops = {crop.id: crop for crop in session.exec(select(Crop).where(col(Crop.id).in_(wanted)))}
    found = (
        seasons.of_harvest(crops[parent.product.crop_id], parent.batch.harvested_on, parent.batch.lot)
        for parent in sorted(harvests, key=lambda parent: -parent.harvested_share)
        if parent.product.crop_id in crops and parent.batch.harvested_on
    )
    return seasons.shown(season for season in found if season is not None)


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
            decided_by=name_of(session, recall.agency_id),
            decision_no=recall.decision_no,
            opened_on=recall.decided_on or local_day(recall.opened_at),
            public_text=recall.public_text,
            began_with="" if recall.batch_id == batch.id else _goods(session, recall.batch_id),
            outcome=_outcome(session, recall) if recall.state is RecallState.CLOSED else None,
        )
        for recall in session.exec(statement)
    )


def _outcome(session: Session, recall: Recall) -> RecallOutcome | None:
    report = session.exec(select(RecallReport).where(RecallReport.recall_id == recall.id)).one_or_none()
    if report is None or report.decided_at is None:
        return None
    return RecallOutcome(
        local_day(report.decided_at),
        report.made_g,
        report.located_g,
        report.recovered_g,
        report.missing_g,
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
        PublicSuspension(row.subject_kind, name_of(session, row.agency_id), row.from_on or local_day(row.at))
        for row in session.exec(statement.order_by(col(Suspension.at)))
    )


def _exceptions(session: Session, batch_id: str) -> tuple[PublicException, ...]:
    """What an agency let pass in spite of a rule: it answers for that by name, before everybody."""
    return tuple(
        PublicException(row.rule, agency.name, row.from_on, row.reason)
        for row, agency in rule_overrides.public_of(session, batch_id)
    )


def _day(moment: datetime | None) -> date | None:
    return local_day(moment) if moment else None
