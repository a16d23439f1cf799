"""A generated province: 61 products, thousands of batches that split, merge and are worked up, and millions of stamps.

Made by bulk inserts past the use cases, in seconds; yet every rule of the schema holds, every batch's account agrees
with its history to the gram, and nothing is used before it was there. One lot is a hub: a packing house bought it and
sent parts of it to many others, so that a recall of it has far to go. The same seed makes the same province.
"""

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from tests.factories import HOME, square
from traceability.db import Database
from traceability.domain.areas import AreaState, GrowingArea
from traceability.domain.batches import Batch, BatchState, Origin
from traceability.domain.clock import today
from traceability.domain.deliveries import Delivery
from traceability.domain.history import Event, EventType
from traceability.domain.lineage import BatchInput
from traceability.domain.moments import start_of
from traceability.domain.producers import LegalForm, Producer, ProducerCategory, ProducerState
from traceability.domain.products import Crop, Product, ProductState
from traceability.domain.stamp_codes import EpochKey
from traceability.domain.stamps import (
    RangeState,
    SerialCounter,
    StampEpoch,
    StampOrder,
    StampRange,
    VoidReason,
)
from traceability.domain.text import collation_key, fold
from traceability.keys import Keyring
from traceability.mint import key_file_name

PRODUCERS, PRODUCTS, AREAS = 37, 61, 84
DAYS = 330
EPOCH = 1
_KEY_NAME = "province"
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_TABLES: tuple[type[SQLModel], ...] = (
    Crop, Producer, ProducerCategory, GrowingArea, Product, Batch, Delivery, Event, BatchInput, StampEpoch,
    SerialCounter, StampOrder, StampRange,
)  # fmt: skip
_CROPS = (
    ("buoi", "Bưởi Năm Roi"), ("cam-sanh", "Cam sành"), ("sau-rieng", "Sầu riêng Ri6"), ("gao", "Lúa OM 18"),
    ("rau-cu-qua", "Khoai lang tím"), ("thanh-tra", "Thanh trà"),
)  # fmt: skip


@dataclass
class Stock:
    """Grams that a producer still has: of an own batch, or of a delivery."""

    batch: Batch
    delivery: Delivery | None
    left_g: int
    since: date


@dataclass
class Province:
    """What was made, with enough of it in memory to check answers independently of the database."""

    producer_ids: list[str] = field(default_factory=list)
    product_ids: list[str] = field(default_factory=list)
    batch_ids: list[str] = field(default_factory=list)
    #: pairs of source and batch
    edges: list[tuple[str, str]] = field(default_factory=list)
    #: by batch: the first and last serial of its stamps
    stamps: dict[str, tuple[int, int]] = field(default_factory=dict)
    hub_id: str = ""
    epoch: int = EPOCH
    #: the key under which the stamps' codes can be minted, where a keyring was given
    key: EpochKey | None = None

    def below(self, batch_id: str) -> set[str]:
        """All that was made of a batch, itself included: walked over the edges in memory."""
        uses: dict[str, list[str]] = defaultdict(list)
        for source, made in self.edges:
            uses[source].append(made)
        found, waiting = {batch_id}, [batch_id]
        while waiting:
            for made in uses[waiting.pop()]:
                if made not in found:
                    found.add(made)
                    waiting.append(made)
        return found


def build(
    database: Database,
    *,
    batches: int = 5_000,
    stamps: int = 2_000_000,
    seed: int = 1,
    keyring: Keyring | None = None,
) -> Province:
    """Fills an empty migrated database. With a keyring the stamps' codes can be scanned."""
    maker = _Maker(seed, batches, stamps)
    province = maker.province
    if keyring is not None:
        province.key = EpochKey.from_secret(EPOCH, keyring.secret(key_file_name(_KEY_NAME)))
    maker.places()
    maker.goods()
    maker.stamp_all()
    insert(database, maker.rows)
    return province


def rows_of(batches: int, stamps: int, seed: int = 1) -> list[dict[str, Any]]:
    """The rows alone, as plain values."""
    maker = _Maker(seed, batches, stamps)
    maker.places()
    maker.goods()
    maker.stamp_all()
    return [row.model_dump() for row in maker.rows]


def insert(database: Database, rows: Iterable[SQLModel], portion: int = 2_000) -> None:
    """Writes rows of mapped classes by bulk inserts, tables in the order in which they depend on each other."""
    waiting: dict[type[SQLModel], list[dict[str, Any]]] = {table: [] for table in _TABLES}
    for row in rows:
        waiting[type(row)].append({name: getattr(row, name) for name in type(row).model_fields})
    with database.engine.connect().execution_options(write=True) as connection:
        for table, values in waiting.items():
            for start in range(0, len(values), portion):
                insertion = sa.insert(table.__table__)  # type: ignore[attr-defined]
                connection.execute(insertion, values[start : start + portion])
        connection.commit()
        if not database.is_sqlite:  # what autovacuum would learn within a minute
            connection.execute(sa.text("ANALYZE"))
            connection.commit()


class _Maker:
    """Makes the rows in the order of days."""

    def __init__(self, seed: int, batches: int, stamps: int) -> None:
        self.random = random.Random(seed)
        self.batches, self.stamps = batches, stamps
        self.province = Province()
        self.rows: list[SQLModel] = []
        self.fresh: dict[str, list[Product]] = defaultdict(list)
        self.worked: dict[str, list[Product]] = defaultdict(list)
        self.areas: dict[str, list[GrowingArea]] = defaultdict(list)
        self.stock: dict[str, list[Stock]] = defaultdict(list)
        self.made: list[Batch] = []
        self.net: dict[str, int] = {}
        self.first_day = today() - timedelta(days=DAYS)
        self.clock = start_of(self.first_day)
        #: kilograms of a usual harvest, such that the stamps find goods to stick to
        self.usual_kg = max(400, 3 * stamps // max(1, batches))

    def new_id(self) -> str:
        return "".join(self.random.choices(_ALPHABET, k=16))

    def row(self, table: type[Any], **values: Any) -> Any:
        """A row of a mapped class, with what a record needs."""
        if "record_key" in table.model_fields:
            values = {
                "id": self.new_id(), "record_key": self.random.randbytes(32), "revision": 1,
                "created_at": self.clock + timedelta(microseconds=len(self.rows)),
            } | values  # fmt: skip
        made = table(**values)
        self.rows.append(made)
        return made

    # --- Places ------------------------------------------------------------------------------------------

    def places(self) -> None:
        """Crops, producers with their areas, and products: fresh ones, and ones that are worked up."""
        for category, name in _CROPS:
            self.row(Crop, id=category.replace("-", "_"), name=name, kind="perennial_fruit")
        for number in range(PRODUCERS):
            self._producer(number)
        ids = self.province.producer_ids
        for number in range(AREAS):
            self._area(ids[number % PRODUCERS], number)
        for number in range(PRODUCTS):
            self._product(ids[number % PRODUCERS], number, worked=number >= PRODUCERS)

    def _crop(self, producer_id: str) -> tuple[str, str]:
        return _CROPS[self.province.producer_ids.index(producer_id) % len(_CROPS)]

    def _producer(self, number: int) -> None:
        name = f"Hợp tác xã Số {number + 1} (minh họa)"
        made = self.row(
            Producer, code=f"V{number + 1:03}", name=name, legal_form=LegalForm.COOPERATIVE, activity="growing",
            search=fold(name), sort_key=collation_key(name), state=ProducerState.APPROVED, has_stamps=True,
            commune_code="29770", commune_name="Phường Cái Vồn", province_code="86",
            province_name="Tỉnh Vĩnh Long",
        )  # fmt: skip
        self.province.producer_ids.append(made.id)
        self.row(ProducerCategory, producer_id=made.id, category=_CROPS[number % len(_CROPS)][0])

    def _area(self, producer_id: str, number: int) -> None:
        category, crop = self._crop(producer_id)
        longitude, latitude = HOME[0] + number % 10 * 0.01, HOME[1] + number // 10 * 0.01
        area = self.row(
            GrowingArea, producer_id=producer_id, name=f"Vùng {crop} số {number + 1}", search=f"vung {number + 1}",
            crop_id=category.replace("-", "_"), declared_m2=48_000, computed_m2=48_400,
            geometry=square(longitude, latitude), west=longitude, south=latitude,
            east=longitude + 0.002, north=latitude + 0.002, state=AreaState.APPROVED, commune_code="29770",
            commune_name="Phường Cái Vồn", province_code="86", province_name="Tỉnh Vĩnh Long",
        )  # fmt: skip
        self.areas[producer_id].append(area)

    def _product(self, producer_id: str, number: int, *, worked: bool) -> None:
        category, crop = self._crop(producer_id)
        name = f"{crop} sấy dẻo số {number + 1}" if worked else f"{crop} tươi số {number + 1}"
        product = self.row(
            Product, producer_id=producer_id, code=f"VL-{number + 1:03}", name=name, search=fold(name),
            sort_key=collation_key(name), category=category, crop_id=category.replace("-", "_"), unit="túi",
            form="dried" if worked else "fresh_pack", net_weight_g=self.random.choice([250, 500, 500, 1000]),
            state=ProductState.APPROVED, shelf_life_days=720, commune_name="Phường Cái Vồn", province_code="86",
            province_name="Tỉnh Vĩnh Long",
        )  # fmt: skip
        (self.worked if worked else self.fresh)[producer_id].append(product)
        self.province.product_ids.append(product.id)
        self.net[product.id] = product.net_weight_g

    # --- Goods -------------------------------------------------------------------------------------------

    def goods(self) -> None:
        """All batches in the order of days, each made of what its producer has in stock on that day."""
        hub_at = self.batches // 10
        for number in range(self.batches):
            day = self.first_day + timedelta(days=number * (DAYS - 2) // max(1, self.batches))
            self.clock = start_of(day) + timedelta(hours=6, seconds=number)
            producer_id = self.random.choice(self.province.producer_ids)
            if number == hub_at:
                self._hub(day)
                continue
            stock = [one for one in self.stock[producer_id] if one.left_g > 20_000 and one.since <= day]
            self.stock[producer_id] = stock[-60:]
            if len(stock) >= 2 and self.random.random() < 0.5:
                batch = self._transform(producer_id, day, stock[-60:])
            else:
                batch = self._harvest(producer_id, day, self._kilograms())
            if self.random.random() < 0.6:
                self._ship(batch, day)

    def _kilograms(self) -> int:
        return round(self.usual_kg * self.random.uniform(0.5, 1.5))

    def _hub(self, day: date) -> None:
        """One large lot of which many others get a part."""
        owner = self.province.producer_ids[0]
        batch = self._harvest(owner, day, self.usual_kg * 60)
        self.province.hub_id = batch.id
        for other in self.province.producer_ids[1:20]:
            self._deliver(batch, day, other, batch.made_g // 40)

    def _batch(self, producer_id: str, product: Product, day: date, grams: int, **values: Any) -> Batch:
        number = len(self.made) + 1
        batch: Batch = self.row(
            Batch, producer_id=producer_id, product_id=product.id, lot=f"L{day:%y%m%d}{number:05}", started_on=day,
            search=f"l{day:%y%m%d}{number:05} {product.search}", made_g=grams, on_hand_g=grams, packed_on=day,
            best_before_on=day + timedelta(days=720), state=BatchState.RELEASED, released_at=self.clock, **values,
        )  # fmt: skip
        self.made.append(batch)
        self.province.batch_ids.append(batch.id)
        self.stock[producer_id].append(Stock(batch, None, grams, day))
        return batch

    def _harvest(self, producer_id: str, day: date, kilograms: int) -> Batch:
        area = self.random.choice(self.areas[producer_id])
        batch = self._batch(
            producer_id, self.random.choice(self.fresh[producer_id]), day, kilograms * 1000,
            origin=Origin.HARVEST, area_id=area.id, harvested_on=day,
        )  # fmt: skip
        self._event(batch, EventType.HARVEST, self.clock, output_g=batch.made_g, area_id=area.id)
        return batch

    def _transform(self, producer_id: str, day: date, stock: list[Stock]) -> Batch:
        """One lot becomes a smaller one (a split), several become one (a merge), or they are worked up with sugar."""
        drawn = self.random.sample(stock, min(len(stock), self.random.choice([1, 1, 2, 2, 3, 5])))
        parts = [max(10_000, round(one.left_g * self.random.uniform(0.2, 0.7))) for one in drawn]
        worked = self.worked[producer_id] if self.random.random() < 0.5 else []
        sugar = sum(parts) // 10 if worked else 0
        ratio = self.random.uniform(0.3, 0.6) if worked else self.random.uniform(0.95, 1)
        product = self.random.choice(worked or self.fresh[producer_id])
        output = max(1000, round((sum(parts) + sugar) * ratio))
        batch = self._batch(producer_id, product, day, output, origin=Origin.TRANSFORM)
        event = self._event(
            batch, EventType.TRANSFORM, self.clock, input_g=sum(parts) + sugar, output_g=output,
            loss_g=sum(parts) + sugar - output,
        )  # fmt: skip
        for one, grams in zip(drawn, parts, strict=True):
            self._draw(one, grams, batch, event)
        if sugar:
            self.row(
                BatchInput, producer_id=producer_id, batch_id=batch.id, event_id=event.id, material="Đường",
                supplier="Nhà máy đường (minh họa)", grams=sugar,
            )  # fmt: skip
        return batch

    def _draw(self, one: Stock, grams: int, batch: Batch, event: Event) -> None:
        one.left_g -= grams
        if one.delivery is None:
            one.batch.on_hand_g -= grams
            one.batch.used_g += grams
        else:
            one.delivery.remaining_g -= grams
        self.row(
            BatchInput, producer_id=batch.producer_id, batch_id=batch.id, source_batch_id=one.batch.id,
            delivery_id=one.delivery.id if one.delivery else None, event_id=event.id, grams=grams,
        )  # fmt: skip
        self.province.edges.append((one.batch.id, batch.id))

    def _ship(self, batch: Batch, day: date) -> None:
        """A part goes to a customer, or (one in five) to another producer, who works it up."""
        grams = batch.on_hand_g // self.random.choice([3, 4, 5])
        if self.random.random() < 0.2:
            self._deliver(batch, day, self.random.choice(self.province.producer_ids), grams)
        elif grams > 1000:
            self._deliver(batch, day, None, grams)

    def _deliver(self, batch: Batch, day: date, to: str | None, grams: int) -> None:
        if to == batch.producer_id or grams <= 1000:
            return
        received = start_of(day + timedelta(days=1)) + timedelta(hours=8) if to else None
        delivery: Delivery = self.row(
            Delivery, producer_id=batch.producer_id, to_producer_id=to, batch_id=batch.id, sent_on=day, sent_g=grams,
            customer="" if to else f"Siêu thị Số {self.random.randrange(200)} (minh họa)",
            customer_contact="" if to else "0900 000 000", market="VN", received_at=received,
            received_g=grams if to else None, remaining_g=grams if to else 0,
        )  # fmt: skip
        self._event(batch, EventType.SHIP, self.clock, output_g=grams, delivery_id=delivery.id)
        batch.on_hand_g -= grams
        batch.shipped_g += grams
        self.stock[batch.producer_id][-1].left_g = batch.on_hand_g
        if to and received:
            self.row(
                Event, producer_id=to, delivery_id=delivery.id, type=EventType.RECEIVE, happened_at=received,
                input_g=grams, output_g=grams, loss_g=0,
            )  # fmt: skip
            self.stock[to].append(Stock(batch, delivery, grams, day + timedelta(days=1)))

    def _event(self, batch: Batch, kind: EventType, at: datetime, **values: Any) -> Event:
        made: Event = self.row(
            Event, producer_id=batch.producer_id, batch_id=batch.id, type=kind, happened_at=at, **values
        )
        return made

    # --- Stamps ------------------------------------------------------------------------------------------

    def stamp_all(self) -> None:
        """Exactly so many stamps, in one order a batch; most are active, some void, some still out."""
        self.row(StampEpoch, number=EPOCH, key_name=_KEY_NAME, demo=True)
        room = {
            batch.id: (batch.on_hand_g + batch.shipped_g) // self.net[batch.product_id] for batch in self.made
        }
        total, serial, left = sum(room.values()), 0, self.stamps
        if total < self.stamps:
            raise ValueError(f"these batches have room for {total} stamps")
        for place, batch in enumerate(self.made):
            share = -(-room[batch.id] * self.stamps // total)
            quantity = min(left if place == len(self.made) - 1 else share, left, room[batch.id])
            if quantity > 0:
                self._order(batch, serial, quantity)
                serial, left = serial + quantity, left - quantity
        self.row(SerialCounter, epoch_id=EPOCH, next_serial=serial)

    def _order(self, batch: Batch, first: int, quantity: int) -> None:
        self.clock = start_of(batch.started_on) + timedelta(hours=9)
        order = self.row(
            StampOrder, producer_id=batch.producer_id, number=f"PT-{first:08}", batch_id=batch.id, quantity=quantity,
            epoch_number=EPOCH, first_serial=first, layout="a4-65", url_prefix="HTTP://127.0.0.1/S/", demo=True,
            qr_mask=0, code_root=bytes(32), ready_at=self.clock,
        )  # fmt: skip
        cut = first + quantity // 20 if quantity >= 100 else first
        runs = [(cut, first + quantity - 1, RangeState.ACTIVE)]
        if cut > first:
            runs.insert(0, (first, cut - 1, self.random.choice([RangeState.VOID, RangeState.PRINTED])))
        for start, end, state in runs:
            self.row(
                StampRange, producer_id=batch.producer_id, order_id=order.id, batch_id=batch.id, epoch_number=EPOCH,
                first_serial=start, last_serial=end, state=state,
                void_reason=VoidReason.MISPRINT if state is RangeState.VOID else None,
                activated_at=self.clock if state is RangeState.ACTIVE else None,
            )  # fmt: skip
        self.province.stamps[batch.id] = (first, first + quantity - 1)
