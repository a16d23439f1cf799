"""What the registers' sheets hold: one function a register, and the answer as a file."""

from collections.abc import Iterable, Sequence

from flask import request
from werkzeug.wrappers import Response

from traceability import sheets, wording
from traceability.domain.areas import AreaCode, GrowingArea
from traceability.domain.batches import Batch
from traceability.domain.clock import VIETNAM, today
from traceability.domain.inspections import Finding, Inspection
from traceability.domain.logbook import Line as LogLine
from traceability.domain.producers import Producer
from traceability.domain.product_categories import CATEGORIES
from traceability.domain.products import Product
from traceability.domain.recalls import Recall
from traceability.domain.stamp_account import Line, Missing
from traceability.domain.stamps import RangeState, StampOrder
from traceability.i18n import gettext as _
from traceability.i18n import language
from traceability.sheets import Cell
from traceability.wording.facts import fact

Sheet = tuple[str, list[str], list[list[Cell]]]


def sheet(stem: str, title: str, header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Response:
    """The answer: CSV or (without another word) XLSX, as a file named after the register and the day."""
    if request.args.get("format") == "csv":
        data, kind, mimetype = sheets.csv_bytes(header, rows), "csv", sheets.CSV_TYPE
    else:
        data, kind, mimetype = sheets.xlsx_bytes(title, header, rows), "xlsx", sheets.XLSX_TYPE
    answer = Response(data, content_type=mimetype)
    answer.headers.set("Content-Disposition", "attachment", filename=f"{stem}-{today():%Y%m%d}.{kind}")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def batch_sheet(rows: Iterable[tuple[Batch, Product, Producer]]) -> Sheet:
    """Batches with their kilogram account."""
    header = [
        _("Lot"), _("Product"), _("Product code"), _("GTIN"), _("Producer"), _("Producer code"), _("State"),
        _("Origin"), _("Growing-area code"), _("Began on"), _("Harvested on"), _("Packed on"), _("Best before"),
        _("Made (kg)"), _("On hand (kg)"), _("Shipped (kg)"), _("Used (kg)"), _("Lost (kg)"),
    ]  # fmt: skip
    lines: list[list[Cell]] = [
        [
            batch.lot, product.name, product.code, product.gtin, producer.name, producer.code,
            wording.name(batch.state), wording.name(batch.origin), batch.area_code, batch.started_on,
            batch.harvested_on, batch.packed_on, batch.best_before_on, *map(_kilograms, (
                batch.made_g, batch.on_hand_g, batch.shipped_g, batch.used_g, batch.lost_g)),
        ]
        for batch, product, producer in rows
    ]  # fmt: skip
    return _("Batches"), header, lines


def producer_sheet(rows: Iterable[Producer], counts: dict[str, dict[str, int]]) -> Sheet:
    """Producers without what is personal."""
    header = [
        _("Code"), _("Name"), _("Legal form"), _("State"), _("Commune"), _("Province"), _("Orders stamps"),
        _("Products"), _("Batches"), _("Registered on"),
    ]  # fmt: skip
    lines: list[list[Cell]] = [
        [
            row.code, row.name, wording.name(row.legal_form), wording.name(row.state), row.commune_name,
            row.province_name, _("yes") if row.has_stamps else _("no"), counts["products"][row.id],
            counts["batches"][row.id], row.registered_on,
        ]
        for row in rows
    ]  # fmt: skip
    return _("Producers"), header, lines


def area_sheet(
    rows: Iterable[tuple[GrowingArea, Producer]], codes: dict[str, list[AreaCode]], crops: dict[str, str]
) -> Sheet:
    """Growing areas, a line for each code of each."""
    header = [
        _("Growing area"), _("Producer"), _("Crop"), _("Commune"), _("Province"), _("Declared (ha)"),
        _("Computed (ha)"), _("State"), _("Code"), _("Market"), _("State of the code"), _("Authority"),
        _("Valid from"), _("Valid to"),
    ]  # fmt: skip
    lines: list[list[Cell]] = []
    for area, producer in rows:
        begin: list[Cell] = [
            area.name, producer.name, crops.get(area.crop_id, area.crop_id), area.commune_name,
            area.province_name, area.declared_m2 / 10_000, area.computed_m2 / 10_000, wording.name(area.state),
        ]  # fmt: skip
        for code in codes[area.id]:
            end = [code.code, code.market, wording.name(code.state), code.authority]
            lines.append([*begin, *end, code.valid_from, code.valid_to])
        if not codes[area.id]:
            lines.append([*begin, *[None] * 6])
    return _("Growing areas"), header, lines


def product_sheet(rows: Iterable[tuple[Product, Producer]]) -> Sheet:
    """Products."""
    header = [
        _("Product code"), _("Product"), _("Category"), _("GTIN"), _("Producer"), _("Net weight"), _("OCOP stars"),
        _("Shelf life (days)"), _("State"),
    ]  # fmt: skip
    lines: list[list[Cell]] = [
        [
            row.code, row.name, _category(row.category), row.gtin, producer.name, row.net_weight_text,
            row.ocop_stars, row.shelf_life_days, wording.name(row.state),
        ]
        for row, producer in rows
    ]  # fmt: skip
    return _("Products"), header, lines


def stamp_order_sheet(
    rows: Iterable[tuple[StampOrder, Batch, Product, Producer]], counts: dict[str, dict[RangeState, int]]
) -> Sheet:
    """Stamp orders with how many stamps are in which state; never a code."""
    states = list(RangeState)
    header = [_("Order"), _("Lot"), _("Product"), _("Producer"), _("Ordered on"), _("Stamps")]
    header += [wording.name(state) for state in states]
    lines: list[list[Cell]] = [
        [
            order.number, batch.lot, product.name, producer.name, order.created_at.astimezone(VIETNAM).date(),
            order.quantity, *(counts[order.id].get(state, 0) for state in states),
        ]
        for order, batch, product, producer in rows
    ]  # fmt: skip
    return _("Stamps"), header, lines


def stamp_account_sheet(lines: Iterable[Line]) -> Sheet:
    """The stamp account, a line a product."""
    header = [
        _("Producer"), _("Producer code"), _("Product"), _("Product code"), _("Ordered"), _("Printed"),
        _("Waiting for print"), _("Out, not in use yet"), _("Active"), _("Suspended"), _("Spoiled"),
        _("Given back"), _("Lost or copied"), _("Missing"), _("Missing since"),
    ]  # fmt: skip
    parts = ("waiting", "out", "good", "suspended", "spoiled", "returned", "lost")
    rows: list[list[Cell]] = [
        [
            line.producer.name, line.producer.code, line.product.name, line.product.code, line.ordered, line.printed,
            *(line.counts[part] for part in parts), line.missing,
            line.since.astimezone(VIETNAM).date() if line.since else None,
        ]
        for line in lines
    ]  # fmt: skip
    return _("Stamp account"), header, rows


def missing_stamps_sheet(missing: Iterable[Missing]) -> Sheet:
    """The stamps that are out for too long, a line an order: how old, and who holds them."""
    header = [
        _("Order"), _("Lot"), _("Product"), _("Producer"), _("Producer code"), _("Print shop"), _("Missing"),
        _("Missing since"), _("Age in days"),
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [
            one.order.number, one.batch.lot, one.product.name, one.producer.name, one.producer.code, one.print_shop,
            one.count, one.since.astimezone(VIETNAM).date(), one.days,
        ]
        for one in missing
    ]  # fmt: skip
    return _("Missing stamps"), header, rows


def inspection_sheet(
    rows: Iterable[tuple[Inspection, Producer]], findings: dict[str, list[Finding]], agencies: dict[str, str]
) -> Sheet:
    """Inspections, a line for each finding."""
    header = [
        _("Inspection"), _("Inspected on"), _("Agency"), _("Producer"), _("Conclusion"), _("Severity"), _("About"),
        _("Finding"), _("Corrective action"), _("Deadline"), _("State"), _("Answer"),
    ]  # fmt: skip
    lines: list[list[Cell]] = []
    for row, producer in rows:
        agency = agencies.get(row.agency_id, "")
        begin: list[Cell] = [row.number, row.on_day, agency, producer.name, row.conclusion]
        for one in findings[row.id]:
            lines.append(
                [
                    *begin, wording.name(one.severity), one.about, one.description, one.corrective_action,
                    one.due_on, wording.name(one.state), one.answer,
                ]
            )  # fmt: skip
        if not findings[row.id]:
            lines.append([*begin, *[None] * 7])
    return _("Inspections"), header, lines


def recall_sheet(rows: Iterable[tuple[Recall, Batch, Product, Producer]]) -> Sheet:
    """Recalls."""
    header = [
        _("Recall"), _("Kind of recall"), _("Lot"), _("Product"), _("Producer"), _("Reason"), _("Hazard"),
        _("Decision"), _("Opened on"), _("Batches reached"), _("State"),
    ]  # fmt: skip
    lines: list[list[Cell]] = [
        [
            row.number, wording.name(row.kind), batch.lot, product.name, producer.name, row.reason, row.hazard,
            row.decision_no, row.opened_at.astimezone(VIETNAM).date(), row.reached, wording.name(row.state),
        ]
        for row, batch, product, producer in rows
    ]  # fmt: skip
    return _("Recalls"), header, lines


def log_sheet(rows: Iterable[LogLine]) -> Sheet:
    """The log with the hash of each leaf, by which an outside tool finds it again."""
    header = [
        _("No."), _("Moment"), _("What was done"), _("Who"), _("Organisation"), _("Producer"), _("Records"),
        _("Hash of the leaf"),
    ]  # fmt: skip
    lines: list[list[Cell]] = [
        [
            row.position, f"{row.at.astimezone(VIETNAM):%Y-%m-%d %H:%M:%S}", fact(row.kind),
            row.person.name if row.person else "", row.person.organisation if row.person else "", row.producer,
            row.rows, row.leaf_hash.hex(),
        ]
        for row in rows
    ]  # fmt: skip
    return _("Log"), header, lines


def _kilograms(grams: int) -> float:
    return grams / 1000


def _category(code: str) -> str:
    return CATEGORIES[code].name(language()) if code in CATEGORIES else code
