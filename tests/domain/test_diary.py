"""The farm diary: what was done where and with what, the store behind it, and the harvests that it bears on."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from tests import factories
from traceability.db import Database
from traceability.domain import applications, diary, diary_entries, farm_inputs, records, rules
from traceability.domain.actors import SYSTEM, Actor
from traceability.domain.amounts import Amount, Measure, amount_field, amount_text, parse_amount
from traceability.domain.areas import GrowingArea
from traceability.domain.clock import today
from traceability.domain.diary import DiaryCorrectionInput, DiaryEntry, DiaryInput, DiaryTask
from traceability.domain.errors import RuleBroken
from traceability.domain.farm_inputs import FarmInput, FarmInputInput, InputLot, InputLotInput
from traceability.domain.history import CorrectionReason
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.treatments import InputKind


def ago(days: int) -> date:
    return today() - timedelta(days=days)


@dataclass
class Farm:
    """A cooperative with an area, a store, and one product in it: 7 days before a harvest of pomelos."""

    database: Database
    owner: Producer
    ground: GrowingArea
    goods: Product
    spray: FarmInput
    lot: InputLot

    @property
    def actor(self) -> Actor:
        return factories.manager_of(self.owner)

    def product(self, **changes: Any) -> FarmInput:
        values: dict[str, Any] = {
            "name": "Abamectin 3,6 EC",
            "kind": InputKind.INSECTICIDE,
            "active_ingredient": "abamectin",
            "registration_no": "1234/CNĐKT-BVTV",
            "measure": Measure.MILLILITRE,
            "intervals": {factories.POMELO: "7"},
        }
        with self.database.transaction(self.actor) as session:
            return farm_inputs.register(session, self.actor, FarmInputInput(**values | changes))

    def received(self, product: FarmInput, amount: str = "1 l", **changes: Any) -> InputLot:
        values = {"farm_input_id": product.id, "amount": amount, "received_on": ago(60)} | changes
        with self.database.transaction(self.actor) as session:
            return farm_inputs.receive(session, self.actor, InputLotInput(**values))

    def enter(self, **changes: Any) -> DiaryEntry:
        with self.database.transaction(self.actor) as session:
            return diary_entries.record(session, self.actor, DiaryInput(**self.values(**changes)))

    def values(self, **changes: Any) -> dict[str, Any]:
        values = {
            "area_id": self.ground.id,
            "done_on": ago(10),
            "task": DiaryTask.SPRAY,
            "input_lot_id": self.lot.id,
            "amount": "100 ml",
        }
        return {key: value for key, value in (values | changes).items() if value is not None}

    def left(self, lot: InputLot) -> int:
        with self.database.reading(SYSTEM.scope) as session:
            return records.find(session, InputLot, lot.id).left_q // 1000

    def harvest(self, **changes: Any) -> Any:
        return factories.harvest(
            self.database, self.owner, 100, area_id=self.ground.id, product_id=self.goods.id, **changes
        )


def stock(farm: "Farm") -> InputLot:
    return farm.received(farm.spray, lot="A1", expires_on=today() + timedelta(days=90))


@pytest.fixture
def farm(database: Database) -> Farm:
    owner = factories.producer(database)
    made = Farm(
        database,
        owner,
        factories.area(database, owner),
        factories.product(database, owner),
        FarmInput(name="", kind=InputKind.INSECTICIDE, measure=Measure.GRAM, producer_id=""),
        InputLot(producer_id="", farm_input_id="", received_on=today(), received_q=1, left_q=1),
    )
    made.spray = made.product()
    made.lot = stock(made)
    return made


def test_an_entry_draws_from_the_store_and_keeps_what_the_label_said(farm: Farm) -> None:
    entry = farm.enter(treated_ha="0,5", dose="200 ml/ha", operator="Tổ 2", water_l=400)
    assert (entry.substance, entry.active_ingredient) == ("Abamectin 3,6 EC", "abamectin")
    assert (entry.interval_days, entry.earliest_harvest_on) == (7, ago(3))
    assert farm.left(farm.lot) == 900
    with farm.database.transaction(farm.actor) as session:
        value = FarmInputInput(
            name="Abamectin 3,6 EC",
            kind=InputKind.INSECTICIDE,
            measure=Measure.MILLILITRE,
            intervals={factories.POMELO: 21},
        )
        farm_inputs.revise(session, farm.actor, farm.spray.id, value)
    with farm.database.reading(SYSTEM.scope) as session:
        assert records.find(session, DiaryEntry, entry.id).interval_days == 7


def test_a_late_entry_says_by_how_many_days_and_the_share_of_prompt_ones_is_known(farm: Farm) -> None:
    assert farm.enter(done_on=ago(12)).late_days == 12
    assert farm.enter(done_on=today()).late_days == 0
    with farm.database.reading(SYSTEM.scope) as session:
        assert diary.same_day_percent(session, farm.ground.id) == 50


def test_no_more_is_used_than_was_in_the_store_on_that_day(farm: Farm) -> None:
    farm.enter(done_on=ago(5), amount="700 ml")
    with pytest.raises(RuleBroken) as caught:  # an earlier day cannot use what a later one needed
        farm.enter(done_on=ago(20), amount="301 ml")
    assert (caught.value.code, caught.value.facts["left"]) == ("diary.stock_exceeded", "300\u00a0ml")
    farm.enter(done_on=ago(20), amount="300 ml")
    assert farm.left(farm.lot) == 0
    with pytest.raises(RuleBroken, match="stock_exceeded"):
        farm.enter(done_on=today(), amount="0,001 ml")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"done_on": today() + timedelta(days=2)}, r"diary\.in_future"),
        ({"done_on": date(1970, 1, 1)}, r"diary\.too_old"),
        ({"treated_ha": "300"}, r"diary\.more_than_area .*treated='300.*whole='4,8"),
        ({"done_on": ago(61)}, r"diary\.not_yet_received"),
        ({"amount": "100 g"}, r"diary\.other_measure"),
        ({"interval_days": 6}, r"diary\.interval_shorter"),
        ({"task": DiaryTask.PRUNE}, r"diary\.input_unexpected"),
        ({"input_lot_id": "0" * 16}, r"diary\.lot_unknown"),
        ({"area_id": "0" * 16}, r"diary\.area_unknown"),
    ],
)
def test_impossible_entries_are_refused(farm: Farm, changes: dict[str, Any], refusal: str) -> None:
    with pytest.raises(RuleBroken, match=refusal):
        farm.enter(**changes)
    assert farm.left(farm.lot) == 1000


def test_an_expired_lot_is_refused_on_the_day_of_use_not_on_the_day_of_writing(farm: Farm) -> None:
    old = farm.received(farm.spray, received_on=ago(60), expires_on=ago(20), lot="CŨ")
    farm.enter(input_lot_id=old.id, done_on=ago(20))
    with pytest.raises(RuleBroken, match="lot_expired"):
        farm.enter(input_lot_id=old.id, done_on=ago(19))


def test_an_interval_that_the_label_does_not_give_is_unknown_and_never_zero(farm: Farm) -> None:
    silent = farm.product(name="Thuốc không rõ nhãn", intervals={factories.POMELO: " "})
    assert silent.interval_for(factories.POMELO) is None
    entry = farm.enter(input_lot_id=farm.received(silent).id)
    assert entry.interval_unknown
    assert entry.earliest_harvest_on is None
    with farm.database.reading(SYSTEM.scope) as session:
        assert diary.earliest_harvest(session, farm.ground.id, today()) == (None, [entry])


def test_a_harvest_inside_the_interval_is_refused_and_a_late_entry_flags_it(farm: Farm) -> None:
    farm.enter(done_on=ago(5))
    with pytest.raises(RuleBroken, match="phi_violation"):
        farm.harvest(harvested_on=ago(1))
    batch = farm.harvest(harvested_on=ago(20))
    with farm.database.reading(SYSTEM.scope) as session:
        assert rules.flags_of(session, batch) == []
    farm.enter(done_on=ago(22))  # written only now
    with farm.database.reading(SYSTEM.scope) as session:
        assert [flag.rule.value for flag in rules.flags_of(session, batch)] == ["PHI_VIOLATION"]
        (given,) = applications.bearing_on(session, batch)
        assert (given.interval_days, given.source_table) == (7, "diary_entry")


def test_what_was_sprayed_without_saying_its_kind_is_judged_like_a_pesticide(farm: Farm) -> None:
    unsaid: dict[str, Any] = {"input_lot_id": None, "amount": None, "substance": "Abamectin 3,6 EC"}
    batch = farm.harvest(harvested_on=ago(1))
    entry = farm.enter(done_on=ago(5), active_ingredient="Abamectin", interval_days=7, **unsaid)
    assert (entry.input_kind, entry.earliest_harvest_on) == (None, today() + timedelta(days=2))
    farm.enter(done_on=ago(5), task=DiaryTask.FERTILISE, **unsaid | {"substance": "Phân chuồng ủ hoai"})
    with farm.database.reading(SYSTEM.scope) as session:
        assert [flag.rule.value for flag in rules.flags_of(session, batch)] == ["PHI_VIOLATION"]
        (given,) = applications.bearing_on(session, batch)
        assert (given.kind, given.ingredient) == ("", "Abamectin")
    with pytest.raises(RuleBroken, match="phi_violation"):
        farm.harvest(harvested_on=ago(1))


def test_a_correction_keeps_the_original_and_settles_the_store(farm: Farm) -> None:
    entry = farm.enter(amount="400 ml")

    def correct(entry_id: str, **changes: Any) -> DiaryEntry:
        values = farm.values(**changes) | {"entry_id": entry_id, "explanation": "Ghi nhầm"}
        reason = values.pop("reason", CorrectionReason.INCORRECT_DATA)
        with farm.database.transaction(farm.actor) as session:
            return diary_entries.correct(session, farm.actor, DiaryCorrectionInput(reason=reason, **values))

    with pytest.raises(RuleBroken, match="stock_exceeded"):
        correct(entry.id, amount="1001 ml")
    right = correct(entry.id, amount="1 l")
    assert farm.left(farm.lot) == 0
    with pytest.raises(RuleBroken, match="corrected_already"):
        correct(entry.id)
    other = farm.received(farm.spray, "2 l", lot="B2")
    moved = correct(right.id, input_lot_id=other.id, amount="500 ml")
    assert (farm.left(farm.lot), farm.left(other)) == (1000, 1500)
    correct(moved.id, reason=CorrectionReason.DID_NOT_OCCUR)
    assert (farm.left(farm.lot), farm.left(other)) == (1000, 2000)
    with farm.database.reading(SYSTEM.scope) as session:
        rows, _pages = diary.of_area(session, farm.ground.id)
        assert len(rows) == 4
        assert diary.standing(rows) == diary.between(session, farm.ground.id, ago(400), today()) == []
        assert records.find(session, DiaryEntry, entry.id).drawn_q == 400_000


def test_what_a_device_sends_again_is_written_once(farm: Farm) -> None:
    first = farm.enter(external_ref="may-1:abc")
    assert farm.enter(external_ref="may-1:abc").id == first.id
    assert farm.left(farm.lot) == 900
    with pytest.raises(RuleBroken, match="ref_used"):
        farm.enter(external_ref="may-1:abc", task=DiaryTask.FERTILISE)


def test_a_neighbour_neither_writes_in_the_diary_nor_uses_the_store(farm: Farm) -> None:
    neighbour = factories.manager_of(factories.producer(farm.database))
    with farm.database.transaction(neighbour) as session, pytest.raises(RuleBroken, match="area_unknown"):
        diary_entries.record(session, neighbour, DiaryInput(**farm.values()))
    own = factories.area(farm.database, Producer(id=neighbour.producer_id))  # type: ignore[call-arg]
    with farm.database.transaction(neighbour) as session, pytest.raises(RuleBroken, match="lot_unknown"):
        diary_entries.record(session, neighbour, DiaryInput(**farm.values(area_id=own.id)))


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_simultaneous_entries_never_overdraw_the_store_and_do_so_without_the_lock(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def both() -> int:
        together = threading.Barrier(2)

        def run(_number: int) -> bool:
            together.wait(10)
            try:
                farm.enter(amount="600 ml")
            except RuleBroken as refused:
                assert refused.code == "diary.stock_exceeded"
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            return sum(pool.map(run, range(2)))

    assert both() == 1
    farm.lot = farm.received(farm.spray, lot="C3")
    pause = threading.Barrier(2)
    real: Callable[..., Any] = records.lock

    def unlocked(session: Any, table: Any, key: str) -> Any:
        if table is not InputLot:
            return real(session, table, key)
        row = records.find(session, table, key)
        pause.wait(10)
        return row

    monkeypatch.setattr(records, "lock", unlocked)
    assert both() == 2


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("500 ml", (500_000, Measure.MILLILITRE)),
        ("2,5 lít", (2_500_000, Measure.MILLILITRE)),
        ("0.5L", (500_000, Measure.MILLILITRE)),
        ("10 KG", (10_000_000, Measure.GRAM)),
        ("12,5 g", (12_500, Measure.GRAM)),
        ("3 cc", (3_000, Measure.MILLILITRE)),
    ],
)
def test_amounts_are_read_with_their_unit_and_written_back(typed: str, expected: tuple[int, Measure]) -> None:
    amount = parse_amount(typed)
    assert amount == Amount(*expected)
    assert parse_amount(amount_field(*amount)) == amount
    assert amount_text(*amount)


@pytest.mark.parametrize(
    "typed", ["", "500", "-5 ml", "1.000 g", "0 g", "5 xe", "1e9 kg", "٣ kg", "9" * 50, None, 5]
)
def test_other_amounts_are_refused(typed: Any) -> None:
    with pytest.raises(ValidationError):
        InputLotInput(farm_input_id="0" * 16, amount=typed, received_on=today())
