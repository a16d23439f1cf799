"""The papers of a lot as files: what the pages of producers, overseers and buyers hand out.

Whoever asks must see the lot in the scope named; what the papers say of other producers is what the public knows.
"""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from flask import render_template, url_for
from markupsafe import Markup
from pydantic_core import PydanticCustomError
from sqlmodel import Session
from werkzeug.exceptions import NotFound as NoSuchPage
from werkzeug.wrappers import Response

from traceability import access, dossier_pdf, downloads, lot_dossiers, picture_files, sheets, wording
from traceability.domain import epcis, history, one_step, plots, provenance, records, traces, tracking
from traceability.domain.batches import Batch
from traceability.domain.clock import VIETNAM, now, today
from traceability.domain.history import Event
from traceability.domain.one_step import OneStep
from traceability.domain.ownership import PUBLIC, Scope
from traceability.domain.products import Product
from traceability.domain.public_areas import OUTLINE_HEIGHT, OUTLINE_WIDTH
from traceability.domain.quantities import parse_day
from traceability.domain.traces import Direction
from traceability.i18n import day, language, number, tag
from traceability.i18n import gettext as _
from traceability.lot_dossiers import LotDossier
from traceability.sheets import Cell, Tab
from traceability.wording.trade_terms import term

#: Papers that a buyer may have, and those that name other customers.
FOR_BUYERS = ("dossier.pdf", "dossier.html", "plots.geojson")
ALL = (*FOR_BUYERS, "epcis.jsonld", "tracking.xlsx", "tracking.csv", "steps.xlsx", "steps.csv")
#: The same as choices of an address.
ROUTE, BUYERS_ROUTE = (",".join(f'"{name}"' for name in names) for names in (ALL, FOR_BUYERS))
#: So many rows of a table stand on a page; a file holds all.
MOST_SHOWN = 200
#: A table with more columns is laid together for a page.
_MOST_COLUMNS = 6
_STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True)
class Period:
    """The days that a table is about, both included: as asked for in the address, or the last twelve months."""

    first: date
    last: date

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> "Period":
        """What is not a day counts as not asked; days in the wrong order are turned round."""
        last = _day(arguments.get("to", "")) or today()
        first = _day(arguments.get("from", "")) or last - timedelta(days=365)
        return cls(min(first, last), max(first, last))

    @property
    def asked(self) -> dict[str, Any]:
        """The period as arguments of an address."""
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}


def _day(text: str) -> date | None:
    try:
        return parse_day(text)
    except PydanticCustomError:
        return None


def paper(batch_id: str, name: str, scope: Scope | None = None) -> Response:
    """One paper of a lot within the scope (of the current actor unless another is named)."""
    with access.reading(scope) as session:
        batch = records.find(session, Batch, batch_id)
        product = records.find(session, Product, batch.product_id)
        if name == "plots.geojson":
            data = plots.geojson(plots.of_batch(session, batch_id))
            return downloads.file(f"vung-trong-{batch.lot}", "geojson", data, "application/geo+json")
        if name == "epcis.jsonld":
            told = epcis.document(session, batch_id, access.settings().public_root, now())
            data = json.dumps(told, ensure_ascii=False, indent=1).encode()
            return downloads.file(f"epcis-{batch.lot}", "jsonld", data, epcis.MEDIA_TYPE)
        if name.startswith("tracking."):
            found = tracking.rows(session, batch_id, _lot_address)
            rows = [list(astuple(row)) for row in found]
            return _sheet(name, f"fsma204-{batch.lot}", [("Traceability", tracking.COLUMNS, rows)])
        if name.startswith("steps."):
            return steps_sheet(name, f"truoc-sau-{batch.lot}", one_step.of_batch(session, batch_id))
        own = history.history(session, batch_id)
    if name not in ("dossier.pdf", "dossier.html"):
        raise NoSuchPage
    dossier = _dossier(batch, product, own)
    file = (
        picture_files.path_of(dossier.picture, access.settings().data_dir / picture_files.PUBLIC)
        if dossier.picture
        else None
    )
    if name == "dossier.pdf":
        return downloads.file(f"ho-so-{batch.lot}", "pdf", dossier_pdf.pdf(dossier, file), "application/pdf")
    return downloads.file(f"ho-so-{batch.lot}", "html", _html(dossier, file), "text/html; charset=utf-8")


def tracking_gaps(session: Session, batch_id: str) -> dict[tracking.Gap, int]:
    """What the tracking sheet of a lot cannot say yet, and in how many rows."""
    return tracking.gaps(tracking.rows(session, batch_id, _lot_address))


def steps_sheet(name: str, stem: str, found: OneStep) -> Response:
    """The three tables of one step back and forward as one file."""
    return _sheet(name, stem, tabs_of(found))


def _sheet(name: str, stem: str, tabs: Sequence[Tab]) -> Response:
    """A workbook with a tab for each table; as CSV the tables follow each other, each under its name."""
    if name.endswith(".xlsx"):
        return downloads.file(stem, "xlsx", sheets.book_bytes(tabs[0][0], tabs), sheets.XLSX_TYPE)
    if len(tabs) == 1:
        return downloads.file(stem, "csv", sheets.csv_bytes(tabs[0][1], tabs[0][2]), sheets.CSV_TYPE)
    rows: list[Sequence[Cell]] = []
    for title, header, lines in tabs[1:]:
        rows += [[], [title], list(header), *lines]
    first, header, lines = tabs[0]
    return downloads.file(
        stem, "csv", sheets.csv_bytes([first], [list(header), *lines, *rows]), sheets.CSV_TYPE
    )


def tabs_of(found: OneStep) -> list[Tab]:
    """What came in, what was done, what went out: the fields of Circular 17/2021, Article 6."""
    incoming: Iterable[Sequence[Cell]] = [
        [row.on, row.supplier, row.supplier_address, row.supplier_code, row.place, row.goods, row.lot, row.grams / 1000,
         row.document_no, row.into]
        for row in found.incoming
    ]  # fmt: skip
    stages: Iterable[Sequence[Cell]] = [
        [f"{row.at.astimezone(VIETNAM):%Y-%m-%d %H:%M}", row.lot, row.goods,
         wording.step(row.type, term(row.step)),
         None if row.grams is None else row.grams / 1000, row.place]
        for row in found.stages
    ]  # fmt: skip
    outgoing: Iterable[Sequence[Cell]] = [
        [row.on, row.receiver, row.receiver_address, row.receiver_code, row.place, row.goods, row.lot, row.grams / 1000,
         row.document_no]
        for row in found.outgoing
    ]  # fmt: skip
    return [
        (
            _("Came in"),
            [_("Day"), _("Supplier"), _("Address of the supplier"), _("Code of the supplier"), _("Received at"),
             _("Goods"), _("Lot"), _("Weight (kg)"), _("Document"), _("Went into lot")],
            incoming,
        ),
        (_("Stages"), [_("Moment"), _("Lot"), _("Goods"), _("Stage"), _("Weight (kg)"), _("Place")], stages),
        (
            _("Went out"),
            [_("Day"), _("Receiver"), _("Address of the receiver"), _("Code of the receiver"), _("Delivered to"),
             _("Goods"), _("Lot"), _("Weight (kg)"), _("Document")],
            outgoing,
        ),
    ]  # fmt: skip


def shown(found: OneStep) -> list[tuple[str, list[str], list[list[str]], int]]:
    """The tables for a page: name, header, the newest rows as text, and how many there are in all. The two sides of a
    trade stand in one cell with code and address; a file has them apart."""
    told = []
    for name, header, rows in tabs_of(found):
        every = list(rows)
        newest = [[_written(cell) for cell in row] for row in every[: -MOST_SHOWN - 1 : -1]]
        columns = list(header)
        if len(columns) > _MOST_COLUMNS:
            columns = [columns[0], columns[1], *columns[5:9]]
            newest = [[row[0], " · ".join(filter(None, row[1:4])), *row[5:9]] for row in newest]
        told.append((name, columns, newest, len(every)))
    return told


def _written(cell: Cell) -> str:
    if isinstance(cell, date):
        return day(cell)
    return "" if cell is None else cell if isinstance(cell, str) else number(cell)


def _dossier(batch: Batch, product: Product, own: Sequence[Event]) -> LotDossier:
    """What the public knows of the lot, whoever asks; of its own events the weights."""
    with access.reading(PUBLIC) as session:
        story = provenance.of_batch(session, batch.id, today())
        found = traces.trace(session, batch.id, Direction.UP)
    return lot_dossiers.of_lot(story, batch, own, found, _lot_address(product.code, batch.lot), now())


def _html(dossier: LotDossier, picture: Path | None) -> bytes:
    """The one file: the picture stands in it, and nothing is asked of any server."""
    shown = ""
    if picture is not None and picture.exists():
        shown = "data:image/webp;base64," + base64.b64encode(picture.read_bytes()).decode()
    style = Markup((_STATIC / "trace.css").read_text("utf-8"))
    return render_template(
        "papers/dossier.html",
        dossier=dossier,
        picture=shown,
        drawing_style=style,
        outline_box=(OUTLINE_WIDTH, OUTLINE_HEIGHT),
        language=tag(language()),
    ).encode()


def _lot_address(product_code: str, lot: str) -> str:
    """The public page of a lot, as it is printed on papers."""
    return access.settings().public_root + url_for("public.lot", code=product_code, lot=lot)
