"""The dossier of a lot: what a buyer may keep of it, as words and tables, before it becomes a PDF or an HTML file.

All of it comes from `provenance`, the one way from a row to the public, and from a trace read as the public; so no
weight, customer or coordinate of anybody can slip in. Only the weight of the lot itself is added, by its owner's hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from traceability import trace_pages, wording
from traceability.domain.batches import Batch, Origin
from traceability.domain.clock import local_day
from traceability.domain.history import Event, EventType, beginning, standing
from traceability.domain.journeys import Gap
from traceability.domain.public_facts import Provenance, PublicArea, PublicLabTest
from traceability.domain.quantities import ha_text, kg_text
from traceability.domain.traces import Trace
from traceability.i18n import country, language, ngettext
from traceability.i18n import day as day_text
from traceability.i18n import gettext as _
from traceability.i18n import moment as moment_text
from traceability.trace_pages import TracePage
from traceability.wording.trade_terms import amount, term


@dataclass(frozen=True)
class Section:
    """A part: facts as pairs, then a table, then sentences. `stop` marks what must not be overlooked."""

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()
    stop: bool = False


@dataclass(frozen=True)
class Outline:
    """The blurred outline of an area: its caption, and the `d` of a path in a box of `outlines`' measures."""

    caption: str
    path: str


@dataclass(frozen=True)
class LotDossier:
    """The whole dossier. `picture` is the digest of the product's picture, empty where there is none."""

    title: str
    goods: str
    producer: str
    picture: str
    picture_caption: str
    sections: tuple[Section, ...]
    outlines_title: str
    outlines: tuple[Outline, ...]
    drawing_title: str
    drawing: TracePage | None
    address: str
    made_at: datetime
    footer: str


def of_lot(
    story: Provenance, batch: Batch, own: Sequence[Event], found: Trace, address: str, at: datetime
) -> LotDossier:
    """The dossier of a lot. `own`: its events, for its weights. `found` must have been read as the public; `address` is
    the lot's public page.
    """
    product, producer = story.product, story.producer
    english = language() != "vi"
    goods = product.name_en if english and product.name_en else product.name
    maker = (producer.name_en if english and producer.name_en else producer.name) or _(
        "Household %(code)s", code=producer.code
    )
    parts = [
        _stopped(story),
        _lot(story, batch, own),
        _product(story, goods),
        _producer(story, maker),
        _sources(story),
        _areas(story.areas),
        _journey(story),
        *(_laboratory(test) for test in story.lab_tests),
        _certificates(story),
        _checking(address),
    ]
    picture = product.picture
    caption = ""
    if picture is not None:
        caption = goods if english else picture.alt or goods
        if picture.illustration and "minh họa" not in caption:
            caption = f"{caption} ({_('Illustration')})"
    return LotDossier(
        title=_("Dossier of lot %(lot)s", lot=story.batch.lot),
        goods=goods,
        producer=maker,
        picture=picture.sha256 if picture else "",
        picture_caption=caption,
        sections=tuple(part for part in parts if part is not None),
        outlines_title=_("Rough outlines of the growing areas"),
        outlines=tuple(
            Outline(" · ".join(filter(None, (area.name, area.place))), area.outline)
            for area in story.areas
            if area.outline
        ),
        drawing_title=_("What the lot was made of, drawn"),
        drawing=trace_pages.page(found, lambda _one: "") if len(found.batches) > 1 else None,
        address=address,
        made_at=at,
        footer=_(
            "Made on %(moment)s from the records of the platform as they stood then.", moment=moment_text(at)
        ),
    )


def _facts(*pairs: tuple[str, str | None]) -> tuple[tuple[str, str], ...]:
    return tuple((label, value) for label, value in pairs if value)


def _day(value: date | None) -> str:
    return day_text(value) if value else ""


def _stopped(story: Provenance) -> Section | None:
    """Recalls and suspensions stand first."""
    notes = []
    for recall in story.recalls:
        head = _("Recall %(number)s of %(day)s", number=recall.number, day=day_text(recall.opened_on))
        notes.append(
            " · ".join(filter(None, (head, recall.decided_by, recall.decision_no, recall.public_text)))
        )
    for row in story.suspensions:
        head = _("Suspended since %(day)s:", day=day_text(row.since))
        notes.append(" ".join(filter(None, (head, wording.name(row.kind), row.by and f"({row.by})"))))
    return Section(_("Stopped"), notes=tuple(notes), stop=True) if notes else None


def _weights(batch: Batch, own: Sequence[Event]) -> list[tuple[str, str]]:
    """What the lot weighed at first, and after its last packing where it was weighed then."""
    began = beginning(own).output_g if own and batch.origin is Origin.HARVEST else None
    label = _("Weight harvested") if batch.origin is Origin.HARVEST else _("Weight at the start")
    told = [(label, kg_text(began if began is not None else batch.made_g, language()))]
    packed = [event.output_g for event in standing(own) if event.type is EventType.PACK and event.output_g]
    return [*told, (_("Weight packed"), kg_text(packed[-1], language()))] if packed else told


def _lot(story: Provenance, batch: Batch, own: Sequence[Event]) -> Section:
    lot = story.batch
    facts = _facts(
        (_("Lot number"), lot.lot),
        (_("State"), wording.name(lot.state)),
        *_weights(batch, own),
        (_("Harvested on"), _day(lot.harvested_on)),
        (_("Began on"), "" if lot.harvested_on else _day(lot.started_on)),
        (_("Packed on"), _day(lot.packed_on)),
        (_("Best before"), _day(lot.best_before_on) or _("does not apply")),
        (_("Published"), _day(lot.published_on)),
    )
    return Section(_("About the batch"), facts)


def _product(story: Provenance, goods: str) -> Section:
    product = story.product
    standards = "; ".join(" ".join(filter(None, pair)) for pair in product.standards)
    return Section(
        _("Product"),
        _facts(
            (_("Product"), goods),
            (_("Product code"), product.code),
            (_("GTIN"), product.gtin),
            (_("Net weight"), amount(product.net_weight) or kg_text(product.net_weight_g, language())),
            (_("Brand"), product.brand),
            (_("Variety"), product.variety),
            (_("Standards applied"), standards),
            (_("OCOP stars"), str(product.ocop_stars) if product.ocop_stars else ""),
            (
                _("Trademark") if product.gi_note.startswith("Nhãn hiệu") else _("Geographical indication"),
                product.gi_note,
            ),
            (_("Storage"), term(product.storage)),
            (_("Warnings"), product.warnings),
            (_("Place of origin"), product.origin),
        ),
    )


def _producer(story: Provenance, maker: str) -> Section:
    producer = story.producer
    facts = _facts(
        (_("Producer"), maker),
        (_("Code in the register"), producer.code),
        (_("Legal form"), wording.name(producer.legal_form)),
        (_("Address"), producer.address),
        (_("GLN"), producer.gln),
    )
    return Section(_("Producer"), facts)


def _sources(story: Provenance) -> Section | None:
    """The shares, to a tenth of a percent."""
    if not story.sources:
        return None
    rows = [
        (
            _percent(source.per_mille),
            source.goods,
            source.lot,
            source.producer,
            ", ".join(filter(None, (source.area, source.place))),
            source.code,
            _day(source.harvested_on),
        )
        for source in story.sources
    ]
    more = story.more_sources
    note = ngettext("and %(num)s more source", "and %(num)s more sources", more) if more else ""
    return Section(
        _("Sources with their shares"),
        header=(
            _("Share"), _("Goods"), _("Lot"), _("Producer"), _("Growing area"), _("Code"), _("Harvested on"),
        ),
        rows=tuple(rows),
        notes=(note,) if note else (),
    )  # fmt: skip


def _percent(per_mille: int) -> str:
    if per_mille == 0:
        return _("under %(share)s", share="0,1\u00a0%" if language() == "vi" else "0.1\u00a0%")
    text = f"{per_mille / 10:.1f}".removesuffix(".0")
    return (text.replace(".", ",") if language() == "vi" else text) + "\u00a0%"


def _areas(areas: Sequence[PublicArea]) -> Section | None:
    if not areas:
        return None
    rows = tuple(
        (
            area.name or "–",
            area.place,
            ha_text(area.square_metres, language()),
            _code(area),
            country(area.code.market) if area.code and area.code.market else "",
            wording.name(area.code.state) if area.code and area.code.state else "",
        )
        for area in areas
    )
    header = (
        _("Growing area"),
        _("Place"),
        _("Size of the area"),
        _("Code"),
        _("Market"),
        _("State of the code"),
    )
    return Section(_("Growing areas"), header=header, rows=rows)


def _code(area: PublicArea) -> str:
    """The code of an area; of a lent one, whose it is."""
    if area.code is None:
        return "–"
    return f"{area.code.code} ({area.code.holder})" if area.code.holder else area.code.code


def _journey(story: Provenance) -> Section | None:
    """The steps of every lot on the way, its own the last; a gap is shown as a gap."""
    rows = []
    for chapter in story.chapters:
        lot = " · ".join(filter(None, (chapter.lot, chapter.goods, chapter.producer)))
        for step in chapter.steps:
            if isinstance(step, Gap):
                days = f"{day_text(step.from_on)} – {day_text(step.to_on)}"
                rows.append((days, lot, _("Nothing was recorded"), ""))
                continue
            when = day_text(local_day(step.at)) if step.whole_day else moment_text(step.at)
            what = wording.step(step.type, term(step.word))
            where = ", ".join(filter(None, (step.place, country(step.market) if step.market else "")))
            rows.append((when, lot, what + (f" ({_('corrected')})" if step.corrected else ""), where))
    header = (_("When"), _("Lot"), _("Stage"), _("Place"))
    return Section(_("Way of the goods"), header=header, rows=tuple(rows)) if rows else None


def _laboratory(test: PublicLabTest) -> Section:
    verdict = _("passed") if test.passed else _("failed")
    return Section(
        _("Laboratory report %(number)s", number=test.report_no),
        _facts(
            (_("Laboratory"), " ".join(filter(None, (test.laboratory, test.accreditation)))),
            (_("Sampled on"), day_text(test.sampled_on)),
            (_("Reported on"), day_text(test.reported_on)),
            (_("Result"), verdict),
            (_("Of the lot"), test.source),
        ),
        header=(_("What was measured"), _("Value"), _("Limit"), _("Result")),
        rows=tuple(
            (
                term(one.name),
                " ".join(filter(None, (term(one.value), one.unit))),
                one.limit,
                "" if one.passed is None else _("passed") if one.passed else _("failed"),
            )
            for one in test.measured
        ),
        stop=not test.passed,
    )


def _certificates(story: Provenance) -> Section | None:
    if not story.certificates:
        return None
    rows = tuple(
        (
            row.scheme,
            row.number.replace(" ", "\u00a0"),
            row.issuer,
            row.scope or row.source,
            _day(row.issued_on),
            _day(row.expires_on),
        )
        for row in story.certificates
    )
    header = (_("Scheme"), _("Certificate no."), _("Issuer"), _("Scope"), _("Issued on"), _("Valid to"))
    return Section(_("Certificates"), header=header, rows=rows)


def _checking(address: str) -> Section:
    return Section(
        _("How to check this dossier"),
        notes=(
            _("The page of the lot shows how it stands today: %(address)s", address=address),
            _(
                "This file says what was on record on its day. A recall or a correction made later is on the page only."
            ),
            _(
                "A code or a file proves that something was recorded. It does not prove that the goods are genuine."
            ),
        ),
    )
