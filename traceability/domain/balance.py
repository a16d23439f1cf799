"""The gram account of a batch, told by its history: what was made, shipped, used and lost, day by day.

The columns of a batch hold the totals; this module derives them from the events that stand and from the graph, so that
a correction settles to the gram, and a draw dated back cannot use what had left by then. Within one day movements count
in the order in which they were recorded.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlmodel import Session, col, or_, select

from traceability.domain.batches import Batch
from traceability.domain.clock import local_day
from traceability.domain.history import (
    Event,
    EventBatch,
    EventType,
    Part,
    beginning,
    first_entry,
    history,
    standing,
)
from traceability.domain.lineage import BatchInput

#: Events after which the goods may lie in other batches.
_MAY_MAKE = frozenset({EventType.REPACK, EventType.REWORK})


@dataclass
class Day:
    """The grams that moved on one day. `returned_g` came back from customers, `opening_g` was there before."""

    day: date
    opening_g: int = 0
    made_g: int = 0
    returned_g: int = 0
    shipped_g: int = 0
    used_g: int = 0
    lost_g: int = 0

    @property
    def in_g(self) -> int:
        """What came in."""
        return self.made_g + self.returned_g

    @property
    def out_g(self) -> int:
        """What left for customers and for other batches."""
        return self.shipped_g + self.used_g

    @property
    def change_g(self) -> int:
        """Net change of what is on hand."""
        return self.in_g - self.out_g - self.lost_g

    @property
    def closing_g(self) -> int:
        """What was on hand in the evening: opening + in = out + lost + closing."""
        return self.opening_g + self.change_g


@dataclass
class Account:
    """Grams in and out of a batch, by day."""

    by_day: dict[date, Day] = field(default_factory=dict)

    def on(self, day: date) -> Day:
        """The line of a day."""
        return self.by_day.setdefault(day, Day(day))

    @property
    def made_g(self) -> int:
        """What was made, materials that joined included."""
        return sum(line.made_g for line in self.by_day.values())

    @property
    def shipped_g(self) -> int:
        """What left by deliveries and did not come back."""
        return sum(line.shipped_g - line.returned_g for line in self.by_day.values())

    @property
    def used_g(self) -> int:
        """What went into other batches."""
        return sum(line.used_g for line in self.by_day.values())

    @property
    def lost_g(self) -> int:
        """What was lost or thrown away."""
        return sum(line.lost_g for line in self.by_day.values())

    @property
    def on_hand_g(self) -> int:
        """What is left now."""
        return sum(line.change_g for line in self.by_day.values())

    def on_hand_on(self, day: date) -> int:
        """What was on hand at the end of a day."""
        return sum(line.change_g for line in self.by_day.values() if line.day <= day)

    def left_on(self, day: date) -> int:
        """The most that may still leave on a day, so that no later day ends below zero."""
        later = [self.on_hand_on(moved_on) for moved_on in self.by_day if moved_on > day]
        return max(0, min([self.on_hand_on(day), *later]))

    def holds(self) -> bool:
        """Whether no day ends below zero."""
        return all(self.on_hand_on(day) >= 0 for day in self.by_day)

    def days(self) -> list[Day]:
        """The days on which something moved, in order, each opening with what the one before left."""
        opening, found = 0, sorted(self.by_day.values(), key=lambda line: line.day)
        for line in found:
            line.opening_g, opening = opening, opening + line.change_g
        return found


def added_g(event: Event) -> int:
    """Grams of materials that a step added (sugar cooked into a sweet): output + loss - input."""
    return (event.output_g or 0) + (event.loss_g or 0) - (event.input_g or 0)


def account(session: Session, batch: Batch) -> Account:
    """The account of a batch as its history tells it now. Flushes what is pending."""
    session.flush()
    events = history(session, batch.id)
    first = beginning(events)
    own, elsewhere = _parts(session, batch, events)
    found = Account()
    for event in standing(events):
        line = found.on(local_day(event.happened_at))
        if event.id == first.id:
            line.made_g += (event.output_g or 0) if own is None else own
        elif event.type is EventType.SHIP:
            line.shipped_g += event.output_g or 0
        elif event.type is EventType.RETURN:
            line.returned_g += event.output_g or 0
        elif event.type is EventType.SPLIT or first_entry(event, events).id in elsewhere:
            continue  # the edges tell it
        elif event.output_g is not None:
            line.made_g += added_g(event)
            line.lost_g += event.loss_g or 0
    draws = (
        select(col(BatchInput.grams), col(Batch.started_on))
        .join(Batch, col(Batch.id) == BatchInput.batch_id)
        .where(
            BatchInput.source_batch_id == batch.id,
            col(BatchInput.delivery_id).is_(None),
            BatchInput.grams > 0,
        )
    )
    for grams, day in session.exec(draws).all():
        found.on(day).used_g += grams
    return found


def _parts(session: Session, batch: Batch, events: Iterable[Event]) -> tuple[int | None, set[str]]:
    """The grams with which a batch began among others, and those of its events that made other batches."""
    making = [event.id for event in events if event.type in _MAY_MAKE and event.corrects_id is None]
    statement = select(EventBatch).where(
        col(EventBatch.part).in_([Part.OUTPUT, Part.BY_PRODUCT]),
        or_(EventBatch.batch_id == batch.id, col(EventBatch.event_id).in_(making)),
    )
    own, elsewhere = None, set()
    for row in session.exec(statement).all():
        if row.batch_id == batch.id:
            own = row.grams
        else:
            elsewhere.add(row.event_id)
    return own, elsewhere


def settle(session: Session, batch: Batch) -> bool:
    """Brings the totals of a batch in line with its history. False, and nothing is changed, where it cannot be so."""
    now = account(session, batch)
    if now.made_g <= 0 or not now.holds() or now.on_hand_g < batch.in_units_g:
        return False
    batch.made_g, batch.on_hand_g = now.made_g, now.on_hand_g
    batch.shipped_g, batch.used_g, batch.lost_g = now.shipped_g, now.used_g, now.lost_g
    return True
