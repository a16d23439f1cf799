"""The half-used sheet: where the next print may begin, remembered for each producer and layout from its last download.

Nothing is stored for it: the last download says where it began and how many cells it took.
"""

import json
from dataclasses import dataclass

from sqlmodel import Session, col, select

from traceability.domain.stamps import FileKind, StampDownload, StampOrder


@dataclass(frozen=True)
class UsedSheet:
    """The last sheet of a layout: the order it was printed for, its first free cell (counted from 1), its cells."""

    layout: str
    order: StampOrder
    next_cell: int
    cells: int


def of_layout(session: Session, producer_id: str, layout: str) -> UsedSheet | None:
    """The sheet of a layout (by its name, whatever the resolution) that is partly used; None when none is."""
    statement = (
        select(StampDownload, StampOrder)
        .join(StampOrder, col(StampOrder.id) == StampDownload.order_id)
        .where(
            StampDownload.producer_id == producer_id,
            col(StampDownload.layout).startswith(layout + "@", autoescape=True),
        )
        .where(StampDownload.handed_to == "", col(StampDownload.started_at).is_not(None))
        .where(StampDownload.kind == FileKind.PDF, col(StampDownload.rows).is_(None))
        .order_by(col(StampDownload.started_at).desc())
        .limit(1)
    )
    found = session.exec(statement).first()
    return _rest(layout, *found) if found else None


def of_producer(session: Session, producer_id: str) -> dict[str, UsedSheet]:
    """The half-used sheets of a producer by the name of their layout."""
    names = select(StampDownload.layout).where(StampDownload.producer_id == producer_id).distinct()
    layouts = {name.partition("@")[0] for name in session.exec(names).all()}
    found = {layout: of_layout(session, producer_id, layout) for layout in sorted(layouts)}
    return {layout: sheet for layout, sheet in found.items() if sheet is not None}


def _rest(layout: str, download: StampDownload, order: StampOrder) -> UsedSheet | None:
    if not order.print_data:
        return None
    measures = json.loads(order.print_data)["layout"]
    cells = int(measures["columns"]) * int(measures["rows"])
    used = (download.start_position - 1 + order.quantity * int(measures.get("copies", 1))) % cells
    return UsedSheet(layout, order, used + 1, cells) if used else None
