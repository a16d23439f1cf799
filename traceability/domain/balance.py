"""The gram account of a batch, told by its history: what was made, shipped, used and lost, day by day.

The columns of a batch hold the totals; this module derives them from the events that stand and from the graph, so that
a correction settles to the gram, and a draw dated back cannot use what had left by then. Within one day movements count
in the order in which they were recorded.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from sqlmodel import Session, col, select

from traceability.domain.batches import Batch
from traceability.domain.clock import local_day
from traceability.domain.history import Event, EventType, beginning, history, standing
from traceability.domain.lineage import BatchInput


@dataclass
class Account:
    """Grams in and out of a batch. `changes` is the net change of what is on hand by day."""

    made_g: int = 0
    shipped_g: int = 0
    used_g: int = 0
    lost_g: int = 0
    changes: dict[date, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def on_hand_g(self) -> int:
        """What is left now."""
        return self.made_g - self.shipped_g - self.used_g - self.lost_g

    def on_hand_on(self, day: date) -> int:
        """What was on hand at the end of a day."""
        return sum(change for moved_on, change in self.changes.items() if moved_on <= day)

    def left_on(self, day: date) -> int:
        """The most that may still leave on a day, so that no later day ends below zero."""
        later = [self.on_hand_on(moved_on) for moved_on in self.changes if moved_on > day]
        return max(0, min([self.on_hand_on(day), *later]))

    def holds(self) -> bool:
        """Whether no day ends below zero."""
        return all(self.on_hand_on(day) >= 0 for day in self.changes)


def added_g(event: Event) -> int:
    """Grams of materials that a step added (sugar cooked into a sweet): output + loss - input."""
    return (event.output_g or 0) + (event.loss_g or 0) - (event.input_g or 0)


def account(session: Session, batch: Batch) -> Account:
    """The account of a batch as its history tells it now. Flushes what is pending."""
    session.flush()
    events = history(session, batch.id)
    first = beginning(events)
    found = Account()
    for event in standing(events):
        day = local_day(event.happened_at)
        if event.id == first.id:
            found.made_g += event.output_g or 0
            found.changes[day] += event.output_g or 0
        elif event.type is EventType.SHIP:
            found.shipped_g += event.output_g or 0
            found.changes[day] -= event.output_g or 0
        elif event.output_g is not None:
            found.made_g += added_g(event)
            found.lost_g += event.loss_g or 0
            found.changes[day] += added_g(event) - (event.loss_g or 0)
    draws = (
        select(col(BatchInput.grams), col(Batch.started_on))
        .join(Batch, col(Batch.id) == BatchInput.batch_id)
        .where(BatchInput.source_batch_id == batch.id, col(BatchInput.delivery_id).is_(None))
    )
    for grams, day in session.exec(draws).all():
        found.used_g += grams
        found.changes[day] -= grams
    return found


def settle(session: Session, batch: Batch) -> bool:
    """Brings the totals of a batch in line with its history. False, and nothing is changed, where it cannot be so."""
    now = account(session, batch)
    if now.made_g <= 0 or not now.holds():
        return False
    batch.made_g, batch.on_hand_g = now.made_g, now.on_hand_g
    batch.shipped_g, batch.used_g, batch.lost_g = now.shipped_g, now.used_g, now.lost_g
    return True
