"""Which cell of which page the nth stamp takes. Pure arithmetic."""

from dataclasses import dataclass

from traceability.domain.errors import RuleBroken
from traceability.labels.layout import Layout


@dataclass(frozen=True)
class Place:
    """All counted from 0; rows from the top, columns from the left."""

    page: int
    row: int
    column: int


def check_start(layout: Layout, start: int) -> None:
    """`start` is how many cells of the first page are already used. Raises RuleBroken when that is all of
    them."""
    if not 0 <= start < layout.per_page:
        raise RuleBroken("labels.start_outside_page", field="start", cells=layout.per_page)


def place(layout: Layout, n: int, start: int = 0, copy: int = 0) -> Place:
    """The place of the nth stamp's copy, row by row, after skipping `start` cells of the first page."""
    check_start(layout, start)
    page, cell = divmod(n * layout.copies + copy + start, layout.per_page)
    row, column = divmod(cell, layout.columns)
    return Place(page, row, column)


def pages(layout: Layout, count: int, start: int = 0) -> int:
    """How many pages `count` stamps take."""
    check_start(layout, start)
    return -(-(count * layout.copies + start) // layout.per_page) if count else 0


def prints_on(layout: Layout, page: int, count: int, start: int = 0) -> range:
    """What one page prints, counted over the order: stamp n's copies are n * copies and those after it."""
    first = page * layout.per_page - start
    return range(max(0, first), min(count * layout.copies, first + layout.per_page))


def stamps_on(layout: Layout, page: int, count: int, start: int = 0) -> range:
    """The stamps on one page."""
    prints = prints_on(layout, page, count, start)
    return range(prints.start // layout.copies, -(-prints.stop // layout.copies))
