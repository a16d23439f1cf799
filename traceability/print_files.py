"""The files of an order that leave the house: the PDF, the ZPL, the list of codes, a picture of one stamp, the packet.

Each is made from the frozen order, its key and what was chosen for the download, and is the same bytes each time.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from traceability import print_room
from traceability.domain.errors import RuleBroken
from traceability.domain.stamp_codes import EpochKey
from traceability.domain.stamps import FileKind, StampDownload, StampOrder
from traceability.labels import Layout, PrintOrder, csv, packet, single
from traceability.labels.packet import Part
from traceability.labels.pdf import Press
from traceability.labels.zpl import ThermalPress

_TYPES = {
    FileKind.PDF: "application/pdf",
    FileKind.ZPL: "application/octet-stream",
    FileKind.CSV: "text/csv; charset=utf-8",
    FileKind.PNG: "image/png",
    FileKind.SVG: "image/svg+xml",
    FileKind.PACKET: "application/zip",
}
_USUAL_ROWS = (100, 200, 500)


@dataclass(frozen=True)
class PrintFile:
    """A file ready to go: its name and type, its length where that is known beforehand, and its pieces."""

    name: str
    mimetype: str
    length: int | None
    run: Callable[[], Iterable[bytes]]


@dataclass(frozen=True)
class Made:
    """What a file is made from: the order as the press sees it, its lot, and what was chosen for this download."""

    order: StampOrder
    lot: str
    keys: Mapping[int, EpochKey]
    start_position: int = 1
    rows: int | None = None
    serial: int | None = None

    @classmethod
    def of(cls, order: StampOrder, lot: str, keys: Mapping[int, EpochKey], download: StampDownload) -> "Made":
        """What a download asked for."""
        return cls(order, lot, keys, download.start_position, download.rows, download.serial)

    @property
    def printed(self) -> PrintOrder:
        """Raises `MintKeyMissing`."""
        return print_room.printed_order(self.order, self.keys)

    @property
    def layout(self) -> Layout:
        """The frozen layout, a roll's on pages as long as was chosen."""
        return on_pages(print_room.layout_of(self.order), self.rows)


def kinds_of(layout: Layout) -> list[FileKind]:
    """The files of whole orders on a layout: a label printer takes rolls only."""
    return [FileKind.PDF, *([FileKind.ZPL] if layout.rows == 1 else []), FileKind.CSV]


def on_pages(layout: Layout, rows: int | None) -> Layout:
    """A roll with so many stamps below each other on a page; None: as it is. Raises `RuleBroken`
    ("stamps.rows_of_roll", "stamps.rows_too_many")."""
    if rows is None or rows == layout.rows:
        return layout
    if not layout.is_roll:
        raise RuleBroken("stamps.rows_of_roll", "rows")
    if rows > layout.longest_rows:
        raise RuleBroken("stamps.rows_too_many", "rows", most=layout.longest_rows)
    return layout.with_rows(rows)


def rows_offered(layout: Layout) -> list[tuple[int, float, bool]]:
    """How many stamps a page of a roll may have: the number, the page's length in metres, and whether programs of every
    maker show the whole of it."""
    if not layout.is_roll:
        return []
    every, longest = layout.most_rows, layout.longest_rows
    counts = sorted({1, *(min(rows, longest) for rows in _USUAL_ROWS), min(every, longest)})
    return [(rows, round(layout.with_rows(rows).page_height_mm / 1000, 2), rows <= every) for rows in counts]


def must_have_key(order: StampOrder, keys: Mapping[int, EpochKey]) -> None:
    """Demands that the codes of an order can be derived here. Raises `RuleBroken` ("stamps.key_missing")."""
    if order.epoch_number not in keys:
        raise RuleBroken("stamps.key_missing")


def must_be_printable(order: StampOrder, keys: Mapping[int, EpochKey], download: StampDownload) -> None:
    """Demands that a download can be made, before anything is noted of it.

    Raises `RuleBroken`: `stamps.key_missing`, `stamps.start_outside_sheet`, `labels.zpl_needs_roll`,
    `stamps.picture_without_pin`, `stamps.packet_by_hand_over`, and what `on_pages` refuses.
    """
    must_have_key(order, keys)
    layout, kind = print_room.layout_of(order), download.kind
    on_pages(layout, download.rows)
    if kind in (FileKind.PDF, FileKind.ZPL):
        print_room.check_start(layout, download.start_position)
    if kind is FileKind.ZPL and layout.rows != 1:
        raise RuleBroken("labels.zpl_needs_roll", "kind")
    if kind.is_single and order.pins:
        raise RuleBroken("stamps.picture_without_pin", "kind")
    if kind is FileKind.PACKET and not download.handed_to:
        raise RuleBroken("stamps.packet_by_hand_over", "kind")


def file_of(kind: FileKind, made: Made) -> PrintFile:
    """One file of an order, ready to run. Raises `MintKeyMissing`, and `RuleBroken` ("labels.*")."""
    order, printed = made.order, made.printed
    small = print_room.has_small_modules(order)
    name, known = f"tem-{order.number}", _TYPES[kind]
    if kind is FileKind.PDF:
        machine = Press(printed, made.layout, start=made.start_position - 1, small_modules=small)
        return PrintFile(f"{name}.pdf", known, machine.content_length, machine.run)
    if kind is FileKind.ZPL:
        layout = print_room.layout_of(order)
        thermal = ThermalPress(printed, layout, start=made.start_position - 1, small_modules=small)
        return PrintFile(f"{name}.zpl", known, thermal.content_length, thermal.run)
    if kind is FileKind.CSV:
        length = csv.content_length(printed, lot=made.lot, pins=True)
        return PrintFile(f"{name}.csv", known, length, lambda: csv.stream(printed, lot=made.lot, pins=True))
    number = (made.serial or order.first_serial) - order.first_serial
    layout = print_room.layout_of(order)
    if kind is FileKind.PNG:
        data = single.png(printed, layout, number, small_modules=small)
    else:
        data = single.svg(printed, layout, number, small_modules=small).encode()
    return PrintFile(f"{name}-{number + 1}.{kind.value}", known, len(data), lambda: [data])


def sealed(made: Made) -> dict[FileKind, PrintFile]:
    """The files that a print shop gets, by their kind."""
    return {kind: file_of(kind, made) for kind in kinds_of(print_room.layout_of(made.order))}


def packet_of(made: Made, others: Sequence[Part]) -> PrintFile:
    """The packet for a print shop: the sealed files, and what goes with them."""
    files = [Part(one.name, one.length or 0, one.run) for one in sealed(made).values()]
    parts = [*files, *others]
    return PrintFile(
        f"tem-{made.order.number}.zip",
        _TYPES[FileKind.PACKET],
        packet.content_length(parts),
        lambda: packet.stream(parts),
    )
