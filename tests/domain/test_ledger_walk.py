"""Any acts in any order conserve every gram: a random walk beside the same books kept in plain Python.

Each step asks the program for something that may or may not be allowed; the books say which. Small in every run, and
100,000 operations on each database under `make soak`.
"""

import os
import random
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests import factories
from tests.domain.oracle import Act, Books, Lot
from traceability.db import Database
from traceability.domain import (
    balance,
    corrections,
    deliveries,
    divisions,
    events,
    ledger,
    logistic_shipments,
    logistic_units,
    mergers,
    receipts,
    received_stock,
    records,
    releases,
    repacks,
    returns,
    transforms,
    wastes,
)
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch, BatchState, HarvestInput, register
from traceability.domain.clock import now, today
from traceability.domain.corrections import CorrectionInput
from traceability.domain.deliveries import Delivery, ReceiveInput, ShipInput
from traceability.domain.divisions import SplitInput
from traceability.domain.errors import RuleBroken
from traceability.domain.events import EventInput
from traceability.domain.lineage import BatchInput
from traceability.domain.logistic_shipments import UnitShipInput
from traceability.domain.logistic_units import LogisticUnit, OpenInput, PackInput
from traceability.domain.mergers import MergeInput
from traceability.domain.quantities import Grams
from traceability.domain.receipts import ReceiptCorrectionInput
from traceability.domain.received_stock import GiveBackInput, ReceivedWasteInput
from traceability.domain.releases import CloseInput
from traceability.domain.repacks import RepackInput
from traceability.domain.returns import ReturnInput
from traceability.domain.transforms import TransformInput
from traceability.domain.wastes import WasteInput

FEW, MANY = 400, 100_000
#: Acts in one transaction, each behind a savepoint of its own.
TOGETHER = 40
#: The walk turns to fresh lots after so many acts, so that histories stay as long as real ones.
GENERATION = 200


class Walk:
    """The walk over one database, with its books."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database, self.books, self.dice = database, Books(), random.Random(seed)
        owner = factories.producer(database)
        self.receiver = factories.producer(database)
        self.area = factories.area(database, owner)
        self.products = [factories.product(database, owner).id for _ in range(2)]
        self.lots: list[str] = []
        self.done = self.allowed = 0
        #: the books' word on the act that is being asked for
        self.expected: bool | None = None
        self.acts: list[Callable[[Session], bool]] = [
            self.harvest, self.lose, self.waste, self.add, self.ship, self.ship, self.split, self.split,
            self.merge, self.merge, self.transform, self.repack, self.rework_here, self.take_back,
            self.receive, self.correct_receipt, self.receivers_stock, self.undo, self.undo, self.pack, self.pack,
            self.open, self.send_box, self.hold, self.close,
        ]  # fmt: skip

    def go(self, operations: int) -> None:
        while self.done < operations:
            with self.database.transaction(SYSTEM) as session:
                for _ in range(min(TOGETHER, operations - self.done)):
                    self.step(session)
            self.compare()
            if self.done % GENERATION < TOGETHER:
                self.audit()
                self.lots = self.lots[-6:]

    def step(self, session: Session) -> None:
        self.done += 1
        act = self.harvest if len(self.lots) < 3 else self.dice.choice(self.acts)
        kept = {name: session.info.get(name) for name in ("facts", "touched")}
        kept = {name: type(value)(value) if value is not None else None for name, value in kept.items()}
        inner = session.begin_nested()
        try:
            expected = act(session)
            assert expected, f"{act.__name__} was allowed at {self.done}, and the books say no"
            inner.commit()
            self.allowed += 1
        except RuleBroken as refused:
            inner.rollback()
            for name, value in kept.items():
                session.info.pop(name, None)
                if value is not None:
                    session.info[name] = value
            assert not self.expected, (
                f"{act.__name__} was refused at {self.done}: {refused}, and the books say yes"
            )
        finally:
            self.expected = None

    # -- choices ---------------------------------------------------------------------------------------------------

    def lot(self) -> str:
        return self.dice.choice(self.lots)

    def grams(self, most: int) -> int:
        """Often all, often a little more, mostly less."""
        return max(1, self.dice.choice([most, most + 1, most // 2, self.dice.randint(1, max(1, most)), 7]))

    def new(self, batch: Batch, product: str | None = None) -> None:
        self.books.lots[batch.id] = Lot(product or batch.product_id, batch.made_g, batch.made_g)
        self.lots.append(batch.id)

    # -- acts: each asks the books first, then the program, then changes the books --------------------------------

    def harvest(self, session: Session) -> bool:
        self.expected = True
        value = HarvestInput(
            area_id=self.area.id,
            product_id=self.dice.choice(self.products),
            harvested_on=today(),
            kilograms=Grams(self.dice.randint(1, 60_000)),
        )
        self.new(register(session, SYSTEM, value))
        return True

    def lose(self, session: Session) -> bool:
        key = self.lot()
        grams = self.grams(self.books.lots[key].loose)
        self.expected = allowed = self.books.may_lose(key, grams)
        value = EventInput(batch_id=key, type="lose", happened_at=now(), loss_kg=Grams(grams))
        events.record(session, SYSTEM, value)
        self.books.lose(key, grams)
        return allowed

    def waste(self, session: Session) -> bool:
        key = self.lot()
        grams = self.grams(self.books.lots[key].loose)
        self.expected = allowed = self.books.may_lose(key, grams)
        value = WasteInput(
            batch_id=key, kilograms=Grams(grams), happened_at=now(), reason="spoiled", handling="composted"
        )
        wastes.throw_away(session, SYSTEM, value)
        self.books.lose(key, grams)
        return allowed

    def add(self, session: Session) -> bool:
        key, grams = self.lot(), self.dice.randint(1, 5_000)
        self.expected = allowed = self.books.lots[key].moves
        value = EventInput(
            batch_id=key, type="transform", happened_at=now(), material="Đường", material_kg=Grams(grams)
        )
        events.record(session, SYSTEM, value)
        self.books.add(key, grams)
        return allowed

    def ship(self, session: Session) -> bool:
        key, abroad = self.lot(), self.dice.random() < 0.4
        grams = self.grams(self.books.lots[key].loose)
        self.expected = allowed = self.books.may_draw({key: grams})
        to = {"to_producer_id": self.receiver.id} if abroad else {"customer": "Chợ"}
        made = deliveries.ship(
            session, SYSTEM, ShipInput(batch_id=key, kilograms=Grams(grams), sent_on=today(), **to)
        )
        self.books.send(made.id, key, grams, abroad)
        return allowed

    def receive(self, session: Session) -> bool:
        waiting = [key for key, sent in self.books.sent.items() if sent.abroad]
        if not waiting:
            return self.harvest(session)
        key = self.dice.choice(waiting[-10:])
        sent = self.books.sent[key]
        grams = self.grams(sent.grams)
        self.expected = allowed = sent.received is None and grams <= sent.grams
        value = ReceiveInput(
            delivery_id=key, kilograms=Grams(grams), received_at=now(), variance_reason="Hao hụt"
        )
        deliveries.receive(session, SYSTEM, value)
        sent.received = sent.left = grams
        return allowed

    def correct_receipt(self, session: Session) -> bool:
        got = [key for key, sent in self.books.sent.items() if sent.received is not None]
        if not got:
            return self.harvest(session)
        key = self.dice.choice(got[-10:])
        sent = self.books.sent[key]
        grams, used = self.grams(sent.grams), (sent.received or 0) - sent.left
        self.expected = allowed = (
            used <= grams <= min(sent.grams, sent.grams - sent.returned + sent.given_back)
        )
        value = ReceiptCorrectionInput(
            delivery_id=key, kilograms=Grams(grams), explanation="Cân lại", variance_reason="Hao hụt"
        )
        receipts.correct(session, SYSTEM, value)
        sent.received, sent.left = grams, grams - used
        return allowed

    def receivers_stock(self, session: Session) -> bool:
        """The receiver gives something back, or throws it away."""
        abroad = [key for key, sent in self.books.sent.items() if sent.abroad]
        if not abroad:
            return self.harvest(session)
        key, back = self.dice.choice(abroad[-10:]), self.dice.random() < 0.6
        sent = self.books.sent[key]
        grams = self.grams(sent.left)
        self.expected = allowed = sent.received is not None and grams <= sent.left
        values: dict[str, Any] = {"delivery_id": key, "kilograms": Grams(grams), "happened_at": now()}
        if back:
            received_stock.give_back(session, SYSTEM, GiveBackInput(**values, reason="damaged"))  # type: ignore[arg-type]
            sent.given_back += grams
        else:
            value = ReceivedWasteInput(**values, reason="spoiled", handling="composted")  # type: ignore[arg-type]
            received_stock.throw_away(session, SYSTEM, value)
        sent.left -= grams
        return allowed

    def take_back(self, session: Session) -> bool:
        if not self.books.sent:
            return self.harvest(session)
        key = self.dice.choice(list(self.books.sent)[-12:])
        sent, new_lot = self.books.sent[key], self.dice.random() < 0.4
        grams = self.grams(sent.grams - (sent.received or 0) + sent.given_back - sent.returned)
        self.expected = allowed = self.books.may_return(key, grams, new_lot)
        value = ReturnInput(
            delivery_id=key, kilograms=Grams(grams), happened_at=now(), reason="unsold", new_lot=new_lot
        )
        made = returns.take_back(session, SYSTEM, value)
        self.books.take_back(key, grams)
        if new_lot:
            self.books.draw({sent.lot: grams})
            self.note(session, made, {sent.lot: grams}, [made], own=sent.lot, sent=key)
        return allowed

    def note(
        self,
        session: Session,
        batch: Batch,
        drawn: dict[str, int],
        made: list[Batch],
        *,
        own: str,
        sent: str | None = None,
    ) -> None:
        """Notes what an act has made, and that every source is found in its outputs to the gram."""
        for one in made:
            self.new(one)
        edges = session.exec(select(BatchInput).where(BatchInput.batch_id == batch.id)).all()
        event_id = edges[0].event_id
        every = session.exec(select(BatchInput).where(BatchInput.event_id == event_id)).all()
        for key, grams in drawn.items():
            assert sum(row.grams for row in every if row.source_batch_id == key) == grams
        self.books.acts[event_id] = Act(own, drawn, {one.id: one.made_g for one in made}, sent)
        if own not in self.books.acts[event_id].outputs and sent is None:
            self.books.lots[own].steps += 1

    def split(self, session: Session) -> bool:
        key = self.lot()
        loose = self.books.lots[key].loose
        parts = [self.grams(max(1, loose // 2)) for _ in range(self.dice.randint(1, 3))]
        self.expected = allowed = self.books.may_draw({key: sum(parts)})
        rows: Any = [{"kilograms": Grams(part)} for part in parts]
        made = divisions.split(session, SYSTEM, SplitInput(batch_id=key, happened_at=now(), parts=rows))
        self.books.draw({key: sum(parts)})
        self.note(session, made[0], {key: sum(parts)}, made, own=key)
        return allowed

    def merge(self, session: Session) -> bool:
        chosen = self.dice.sample(self.lots, k=min(len(self.lots), self.dice.randint(2, 4)))
        wanted = {key: self.grams(self.books.lots[key].loose) for key in chosen}
        one_product = len({self.books.lots[key].product for key in chosen}) == 1
        self.expected = allowed = one_product and self.books.may_draw(wanted)
        rows: Any = [{"batch_id": key, "kilograms": Grams(grams)} for key, grams in wanted.items()]
        made = mergers.merge(session, SYSTEM, MergeInput(sources=rows, happened_at=now()))
        self.books.draw(wanted)
        self.note(session, made, wanted, [made], own=made.id)
        return allowed

    def transform(self, session: Session) -> bool:
        chosen = self.dice.sample(self.lots, k=min(len(self.lots), self.dice.randint(1, 3)))
        wanted = {key: self.grams(self.books.lots[key].loose // 2) for key in chosen}
        sugar = self.dice.choice([0, self.dice.randint(1, 9_000)])
        total = sum(wanted.values()) + sugar
        outputs = [max(1, total // self.dice.randint(3, 9)) for _ in range(self.dice.randint(1, 4))]
        least = min([*wanted.values(), sugar or total])  # a gram of each source for each output
        enough = sum(outputs) <= total and least >= len(outputs)
        self.expected = allowed = enough and self.books.may_draw(wanted)
        rows: Any = [{"batch_id": key, "kilograms": Grams(grams)} for key, grams in wanted.items()]
        rows += [{"material": "Đường", "kilograms": Grams(sugar)}] if sugar else []
        further: Any = [
            {"product_id": self.dice.choice(self.products), "kilograms": Grams(grams), "by_product": True}
            for grams in outputs[1:]
        ]
        value = TransformInput(
            product_id=self.products[0],
            started_on=today(),
            output_kg=Grams(outputs[0]),
            inputs=rows,
            further=further,
        )
        made = transforms.transform(session, SYSTEM, value)
        self.books.draw(wanted)
        edges = session.exec(select(BatchInput).where(BatchInput.batch_id == made.id)).all()
        lots = session.exec(
            select(Batch)
            .join(BatchInput, BatchInput.batch_id == Batch.id)  # type: ignore[arg-type]
            .where(BatchInput.event_id == edges[0].event_id)
        ).all()
        self.note(session, made, wanted, list({lot.id: lot for lot in lots}.values()), own=made.id)
        return allowed

    def repack(self, session: Session) -> bool:
        key = self.lot()
        grams = self.grams(self.books.lots[key].loose)
        parts = [max(1, grams // self.dice.randint(2, 4)) for _ in range(self.dice.randint(1, 3))]
        self.expected = allowed = sum(parts) <= grams and self.books.may_draw({key: grams})
        rows: Any = [{"kilograms": Grams(part), "product_id": self.products[0]} for part in parts]
        value = RepackInput(
            batch_id=key,
            what=self.dice.choice(["repack", "rework"]),  # type: ignore[arg-type]
            happened_at=now(),
            kilograms=Grams(grams),
            parts=rows,
        )
        made = repacks.rework(session, SYSTEM, value)
        self.books.draw({key: grams})
        self.note(session, made[0], {key: grams}, made, own=key)
        return allowed

    def rework_here(self, session: Session) -> bool:
        key = self.lot()
        lot = self.books.lots[key]
        loss = self.dice.choice([0, 1, lot.loose, lot.loose + 1, lot.loose // 3])
        self.expected = allowed = lot.moves and 0 <= loss <= lot.loose
        value = RepackInput(
            batch_id=key,
            what="rework",  # type: ignore[arg-type]
            happened_at=now(),
            output_kg=Grams(max(0, lot.hand - loss)),
        )
        if loss > lot.hand:
            raise RuleBroken("walk.nothing_to_ask")
        repacks.rework(session, SYSTEM, value)
        self.books.lose(key, loss)
        return allowed

    def undo(self, session: Session) -> bool:
        if not self.books.acts:
            return self.harvest(session)
        key = self.dice.choice(list(self.books.acts)[-15:])
        self.expected = allowed = self.books.may_undo(key)
        value = CorrectionInput(event_id=key, reason="did_not_occur", explanation="Ghi nhầm")  # type: ignore[arg-type]
        corrections.correct(session, SYSTEM, value)
        self.books.undo(key)
        return allowed

    def pack(self, session: Session) -> bool:
        pallet = self.dice.random() < 0.4
        contents = {}
        if not pallet or self.dice.random() < 0.5:
            chosen = self.dice.sample(self.lots, k=self.dice.randint(1, 2))
            contents = {key: self.grams(self.books.lots[key].loose // 3) for key in chosen}
        known = [key for key, box in self.books.boxes.items() if not box.pallet][-8:]
        cartons = self.dice.sample(known, k=min(len(known), self.dice.randint(0, 3))) if pallet else []
        self.expected = allowed = self.books.may_pack(contents, cartons, pallet)
        rows: Any = [{"batch_id": key, "kilograms": Grams(grams)} for key, grams in contents.items()]
        value = PackInput(
            kind="pallet" if pallet else "carton",  # type: ignore[arg-type]
            happened_at=now(),
            contents=rows,
            carton_ids=cartons,
        )
        made = logistic_units.pack(session, SYSTEM, value, demo=True)
        self.books.pack(made.id, contents, cartons, pallet)
        assert made.net_g == sum(self.books.inside(made.id).values())
        return allowed

    def box(self) -> str | None:
        return self.dice.choice(list(self.books.boxes)[-10:]) if self.books.boxes else None

    def open(self, session: Session) -> bool:
        key = self.box()
        if key is None:
            return self.harvest(session)
        self.expected = allowed = self.books.may_open(key)
        logistic_units.open_unit(session, SYSTEM, OpenInput(unit_id=key))
        self.books.open(key)
        return allowed

    def send_box(self, session: Session) -> bool:
        key = self.box()
        if key is None:
            return self.harvest(session)
        self.expected = allowed = self.books.may_send_box(key)
        value = UnitShipInput(unit_id=key, sent_on=today(), customer="Siêu thị")
        sent = logistic_shipments.ship(session, SYSTEM, value)
        self.books.send_box(key, {row.batch_id: row.id for row in sent})
        return allowed

    def hold(self, session: Session) -> bool:
        """An agency holds a lot, or lets it go."""
        key = self.lot()
        lot = self.books.lots[key]
        self.expected = allowed = lot.state != "closed"
        if not allowed:
            raise RuleBroken("walk.closed")
        row = records.lock(session, Batch, key)
        if lot.state == "held" or self.dice.random() < 0.3:
            lot.state = "open" if lot.state == "held" else "held"
            row.state = BatchState(lot.state)
        else:
            row.page_version += 1
        ledger.record(session, "batch.held", row)
        return allowed

    def close(self, session: Session) -> bool:
        key = self.lot()
        lot = self.books.lots[key]
        self.expected = allowed = lot.moves and lot.hand == 0
        releases.close(session, SYSTEM, CloseInput(batch_id=key))
        lot.state = "closed"
        return allowed

    # -- comparisons -----------------------------------------------------------------------------------------------

    def compare(self) -> None:
        """All columns of the lots, deliveries and boxes of this generation are what the books say."""
        self.books.check()
        with self.database.reading(SYSTEM.scope) as session:
            for row in session.exec(select(Batch).where(sa.column("id").in_(self.lots))).all():
                told = {name: getattr(row, name) for name in self.books.columns(row.id)}
                assert told == self.books.columns(row.id), (self.done, row.id)
                assert row.state.value == self.books.lots[row.id].state
            newest = list(self.books.sent)[-60:]
            for sent in session.exec(select(Delivery).where(sa.column("id").in_(newest))).all():
                known = self.books.sent[sent.id]
                assert (sent.sent_g, sent.returned_g) == (known.grams, known.returned)
                assert (sent.received_g, sent.remaining_g) == (known.received, known.left)
                assert sent.given_back_g == known.given_back
            boxes = list(self.books.boxes)[-60:]
            for unit in session.exec(select(LogisticUnit).where(sa.column("id").in_(boxes))).all():
                box = self.books.boxes[unit.id]
                assert (unit.state.value, unit.parent_id) == (box.state, box.on)

    def audit(self) -> None:
        """The history of each lot tells the same as its columns, and the whole province adds up."""
        with self.database.reading(SYSTEM.scope) as session:
            for row in session.exec(select(Batch).where(sa.column("id").in_(self.lots))).all():
                told = balance.account(session, row)
                assert (told.made_g, told.on_hand_g, told.shipped_g, told.used_g, told.lost_g) == (
                    row.made_g,
                    row.on_hand_g,
                    row.shipped_g,
                    row.used_g,
                    row.lost_g,
                )
                for day in told.days():
                    assert day.opening_g + day.in_g == day.out_g + day.lost_g + day.closing_g
            columns = [Batch.made_g, Batch.on_hand_g, Batch.shipped_g, Batch.used_g, Batch.lost_g]
            sums: Any = session.exec(select(*(sa.func.sum(column) for column in columns))).one()  # type: ignore[call-overload]
            edges = session.exec(
                select(sa.func.sum(BatchInput.grams)).where(BatchInput.source_batch_id.is_not(None))  # type: ignore[union-attr]
            ).one()
        made, hand, shipped, used, lost = (int(total or 0) for total in sums)
        assert made == hand + shipped + used + lost
        assert used == int(edges or 0)
        lots = self.books.lots.values()
        assert (made, hand) == (sum(lot.made for lot in lots), sum(lot.hand for lot in lots))


def walk(database: Database, operations: int, seed: int) -> Walk:
    one = Walk(database, seed)
    try:
        one.go(operations)
    except BaseException:
        print(f"seed {seed}, operation {one.done}")  # noqa: T201
        raise
    one.audit()
    return one


@pytest.mark.parametrize("seed", [1, 2])
def test_any_acts_in_any_order_conserve_every_gram(database: Database, seed: int) -> None:
    one = walk(database, FEW, seed)
    assert FEW * 0.3 < one.allowed < FEW * 0.9  # the walk asks for what is allowed and for what is not


@pytest.mark.soak
def test_a_hundred_thousand_acts_conserve_every_gram(database: Database) -> None:
    one = walk(database, int(os.environ.get("TRACE_WALK", MANY)), seed=random.randrange(10**6))
    assert one.done >= 1
