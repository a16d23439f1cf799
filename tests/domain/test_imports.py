"""Imports: each row through the use case of its form, all or nothing, and nothing twice."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import Session, col, select

from tests import factories
from traceability import import_trials
from traceability.db import Database
from traceability.domain import corrections, diary_entries, farm_inputs, imports
from traceability.domain.actors import SYSTEM, Actor, Role
from traceability.domain.areas import GrowingArea
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.corrections import CorrectionInput
from traceability.domain.diary import DiaryCorrectionInput, DiaryEntry
from traceability.domain.errors import RuleBroken
from traceability.domain.farm_inputs import FarmInputInput, InputLotInput
from traceability.domain.history import CorrectionReason, history
from traceability.domain.import_books import DiaryBook, HarvestBook
from traceability.domain.imports import Fate, ImportInput, Outcome, Row, packed
from traceability.domain.ledger import LogLeaf
from traceability.domain.producers import Producer
from traceability.domain.products import Product


class Farm:
    """A producer with one area and one product, and what it imports."""

    def __init__(self, database: Database) -> None:
        self.database = database
        factories.crop(database, **{"yield": {"ceiling": 30, "cycles_per_year": 1, "unit": "t/ha/year"}})
        self.owner: Producer = factories.producer(database)
        self.area: GrowingArea = factories.area(database, self.owner)
        self.product: Product = factories.product(database, self.owner)

    def harvest(self, **changes: str) -> dict[str, str]:
        said = {
            "product": self.product.code,
            "area": self.area.name,
            "harvested_on": today().isoformat(),
            "kilograms": "1.250",
        }
        return said | changes

    def entry(self, **changes: str) -> dict[str, str]:
        return {"area": self.area.name, "done_on": today().isoformat(), "task": "irrigate"} | changes

    def carry_out(self, *said: dict[str, str], book: Any = HarvestBook) -> list[Outcome]:
        actor = factories.manager_of(self.owner)
        with self.database.transaction(actor) as session:
            outcomes = imports.run(session, actor, book, rows(*said))
            imports.must_be_accepted(outcomes)
            return outcomes

    def tried(self, *said: dict[str, str], book: Any = HarvestBook) -> list[Outcome]:
        actor = factories.manager_of(self.owner)
        with self.database.reading(actor.scope) as session:
            session.connection(execution_options={"write": True})
            return imports.run(session, actor, book, rows(*said))

    def ids(self) -> dict[str, str]:
        return {"area_id": self.area.id, "product_id": self.product.id}

    def all(self, table: Any = Batch) -> list[Any]:
        with self.database.reading(SYSTEM.scope) as session:
            return list(session.exec(select(table).order_by(col(table.created_at), col(table.id))).all())


def rows(*said: dict[str, str]) -> list[Row]:
    return [Row(number, values) for number, values in enumerate(said, start=2)]


def fates(outcomes: list[Outcome]) -> list[str]:
    return [outcome.fate.value for outcome in outcomes]


@pytest.fixture
def farm(database: Database) -> Farm:
    return Farm(database)


def test_rows_become_what_the_form_makes_each_with_a_leaf_of_its_own(farm: Farm) -> None:
    code = factories.area_code(farm.database, farm.area)
    outcomes = farm.carry_out(
        farm.harvest(lot="A-1", picker="Tổ 2", note="- rửa sạch", brix="12", external_ref="so-1"),
        farm.harvest(area=code.code.lower(), product=farm.product.name.upper(), kilograms="3 tạ"),
    )
    assert fates(outcomes) == ["made", "made"]
    one, two = farm.all()
    assert (one.lot, one.made_g, one.picker, one.note, one.external_ref) == (
        "A-1", 1_250_000, "Tổ 2", "- rửa sạch", "so-1",
    )  # fmt: skip
    assert (two.area_id, two.product_id, two.made_g) == (farm.area.id, farm.product.id, 300_000)
    with farm.database.reading(SYSTEM.scope) as session:
        assert history(session, one.id)[0].details == {"brix": "12"}
        registered = select(LogLeaf).where(LogLeaf.kind == "batch.registered")
        assert len(session.exec(registered).all()) == 2


def test_one_refused_row_refuses_all_and_every_refusal_is_named(farm: Farm) -> None:
    tomorrow = (today() + timedelta(days=1)).isoformat()
    said = [
        farm.harvest(),
        farm.harvest(kilograms="1,250"),
        farm.harvest(harvested_on=tomorrow),
        farm.harvest(area="Vùng của người khác"),
        farm.harvest(product="SP-KHONG"),
        farm.harvest(kilograms="0", harvested_on="31/02/2026", brix="x" * 100),
        farm.harvest(lot="A-1"),
        farm.harvest(lot="A-1", kilograms="5"),
    ]
    told = {
        outcome.row.number: [(refusal.code, refusal.field) for refusal in outcome.refusals]
        for outcome in farm.tried(*said)
        if outcome.fate is Fate.REFUSED
    }
    assert told == {
        3: [("weight_ambiguous", "kilograms")],
        4: [("batches.harvest_in_future", "harvested_on")],
        5: [("imports.area_unknown", "area")],
        6: [("imports.product_unknown", "product")],
        7: [("day_no_such", "harvested_on"), ("weight_zero", "kilograms"), ("text_too_long", "brix")],
        9: [("batches.lot_taken", "lot")],
    }
    with pytest.raises(RuleBroken) as refused:
        farm.carry_out(*said)
    assert (refused.value.code, refused.value.facts) == ("imports.refused", {"count": 6, "row": 3})
    assert farm.all() == []


def test_every_fault_of_a_row_is_named_at_once(farm: Farm) -> None:
    tomorrow = (today() + timedelta(days=1)).isoformat()
    said = [
        farm.harvest(lot="A-1", external_ref="so-1"),
        farm.harvest(area="Vùng lạ", product="SP-KHONG", kilograms="0", brix="x" * 100),
        farm.harvest(harvested_on=tomorrow, lot="A-1", external_ref="so-1", kilograms="1,250"),
        farm.harvest(harvested_on=tomorrow),
    ]
    told = [[(one.code, one.field) for one in outcome.refusals] for outcome in farm.tried(*said)]
    assert [sorted(row) for row in told] == [
        [],
        [
            ("imports.area_unknown", "area"),
            ("imports.product_unknown", "product"),
            ("text_too_long", "brix"),
            ("weight_zero", "kilograms"),
        ],
        [
            ("batches.harvest_in_future", "harvested_on"),
            ("batches.lot_taken", "lot"),
            ("batches.reference_taken", "external_ref"),
            ("weight_ambiguous", "kilograms"),
        ],
        [("batches.harvest_in_future", "harvested_on")],
    ]
    assert farm.all() == []
    (outcome,) = farm.tried(
        farm.entry(done_on=tomorrow, substance="Abamectin", treated_ha="99999", water_l="x"), book=DiaryBook
    )
    assert sorted((one.code, one.field) for one in outcome.refusals) == [
        ("diary.in_future", "done_on"),
        ("diary.input_unexpected", "task"),
        ("int_parsing", "water_l"),
    ]


def test_an_entry_that_was_declared_never_to_have_happened_is_said_to_be_one(farm: Farm) -> None:
    said = [farm.entry(note="một"), farm.entry(note="hai"), farm.entry(note="ba", external_ref="so-3")]
    farm.carry_out(*said, book=DiaryBook)
    actor = factories.manager_of(farm.owner)
    one, _two, three = sorted(farm.all(DiaryEntry), key=lambda entry: ["một", "hai", "ba"].index(entry.note))
    with farm.database.transaction(actor) as session:
        right = declare(session, actor, one, CorrectionReason.INCORRECT_DATA, note="đã sửa")
    with farm.database.transaction(actor) as session:
        declare(session, actor, right, CorrectionReason.DID_NOT_OCCUR)
        declare(session, actor, three, CorrectionReason.DID_NOT_OCCUR)
    assert fates(farm.carry_out(*said, book=DiaryBook)) == ["never", "known", "never"]
    named_anew = said[2] | {"external_ref": "so-3b"}
    assert fates(farm.tried(said[0] | {"external_ref": "so-1"}, named_anew, book=DiaryBook)) == ["made"] * 2


def declare(
    session: Session, actor: Actor, entry: DiaryEntry, reason: CorrectionReason, **said: str
) -> DiaryEntry:
    same: dict[str, Any] = {
        "area_id": entry.area_id,
        "done_on": entry.done_on.isoformat(),
        "task": entry.task,
    }
    value = DiaryCorrectionInput(entry_id=entry.id, reason=reason, explanation="Ghi nhầm", **same, **said)
    return diary_entries.correct(session, actor, value)


def test_a_trial_lets_others_write_and_judges_each_row_by_all_before_it(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [
        farm.harvest(lot="A-1"),
        farm.harvest(kilograms="1"),
        farm.harvest(lot="A-1", kilograms="5"),
        farm.harvest(kilograms="1"),
        farm.harvest(kilograms="900 tấn"),
    ]
    whole = farm.tried(*said)
    written: list[str] = []

    def somebody_else_writes(*_seconds: float) -> None:
        written.append(factories.producer(farm.database).id)  # would wait for ever if the lock were held

    monkeypatch.setattr(import_trials, "HELD", 0.0)
    monkeypatch.setattr(import_trials, "sleep", somebody_else_writes)
    in_portions = import_trials.outcomes(
        farm.database, factories.manager_of(farm.owner), HarvestBook, rows(*said)
    )
    assert fates(in_portions) == fates(whole) == ["made", "made", "refused", "made", "made"]
    assert [one.name for one in in_portions] == [one.name for one in whole]
    assert [one.flags for one in in_portions] == [one.flags for one in whole]
    assert len(written) == (4 if farm.database.is_sqlite else 0)
    assert farm.all() == []


def test_a_trial_in_portions_draws_on_one_store(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    actor = factories.manager_of(farm.owner)
    with farm.database.transaction(actor) as session:
        label = FarmInputInput(name="Abamectin 3,6 EC", kind="insecticide", measure="ml")
        bought = farm_inputs.register(session, actor, label)
        came = InputLotInput(
            farm_input_id=bought.id, amount="250 ml", received_on=today().isoformat(), lot="A1"
        )
        farm_inputs.receive(session, actor, came)
    spray = farm.entry(task="spray", substance="Abamectin 3,6 EC", input_lot="A1", amount="100 ml")
    monkeypatch.setattr(import_trials, "HELD", 0.0)
    monkeypatch.setattr(import_trials, "LET_GO", 0.0)
    outcomes = import_trials.outcomes(farm.database, actor, DiaryBook, rows(spray, spray, spray))
    assert fates(outcomes) == ["made", "made", "refused"]
    assert outcomes[2].refusals[0].code == "diary.stock_exceeded"


def test_the_same_rows_again_make_nothing_also_after_a_correction_or_with_more_rows(farm: Farm) -> None:
    twins = [farm.harvest(), farm.harvest(kilograms="1250 kg")]  # two harvests that look alike
    assert fates(farm.carry_out(*twins)) == ["made", "made"]
    first, _second = farm.all()
    actor = factories.manager_of(farm.owner)
    with farm.database.transaction(actor) as session:
        event = history(session, first.id)[0]
        reason = CorrectionReason.INCORRECT_DATA
        corrections.correct(
            session,
            actor,
            CorrectionInput(event_id=event.id, reason=reason, explanation="Cân lại", output_kg="900"),
        )
    assert fates(farm.carry_out(*twins, farm.harvest(kilograms="7"))) == ["known", "known", "made"]
    assert len(farm.all()) == 3


def test_what_was_typed_before_is_found_and_a_reference_names_one_thing(farm: Farm) -> None:
    typed = factories.harvest(farm.database, farm.owner, "80", harvested_on=today().isoformat(), **farm.ids())
    assert fates(farm.tried(farm.harvest(kilograms="80"), farm.harvest(kilograms="80"))) == ["known", "made"]
    assert fates(farm.tried(farm.harvest(kilograms="80", lot=typed.lot))) == ["known"]
    farm.carry_out(farm.harvest(external_ref="so-7"))
    assert fates(farm.tried(farm.harvest(external_ref="so-7"))) == ["known"]
    (other,) = farm.tried(farm.harvest(external_ref="so-7", lot="B-2"))
    assert other.refusals[0].code == "batches.reference_taken"


def test_a_row_judged_by_the_rules_says_its_flags_beforehand(farm: Farm) -> None:
    (outcome,) = farm.tried(farm.harvest(kilograms="900 tấn"))
    assert outcome.fate is Fate.MADE
    assert "OVER_YIELD" in {flag.name for flag in outcome.flags}


def test_a_row_is_as_late_as_the_same_typed_and_may_be_older_with_its_name_in_other_books(farm: Farm) -> None:
    old = (today() - timedelta(days=800)).isoformat()
    slip, taken_over = farm.tried(
        farm.harvest(harvested_on=old), farm.harvest(harvested_on=old, external_ref="so-cu-7")
    )
    assert [(one.code, one.field) for one in slip.refusals] == [("rules.implausible_date", "harvested_on")]
    assert taken_over.fate is Fate.MADE


def test_nobody_imports_who_may_not_register(farm: Farm) -> None:
    actor = factories.officer()
    with farm.database.transaction(actor) as session, pytest.raises(RuleBroken) as refused:
        imports.run(session, actor, HarvestBook, rows(farm.harvest()))
    assert refused.value.code == "access.no_producer"
    stranger = factories.producer(farm.database)
    actor = factories.manager_of(stranger, role=Role.CLERK)
    with farm.database.transaction(actor) as session:
        (outcome,) = imports.run(session, actor, HarvestBook, rows(farm.harvest()))
    told = [refusal.code for refusal in outcome.refusals]
    assert told == ["imports.product_unknown", "imports.area_unknown"]


def test_too_many_rows_and_rows_that_take_too_long_are_refused(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RuleBroken) as refused:
        farm.carry_out(*[farm.harvest()] * (imports.MOST_ROWS + 1))
    assert refused.value.code == "imports.too_many_rows"
    monkeypatch.setattr(imports, "MOST_SECONDS", -1.0)
    with pytest.raises(RuleBroken) as refused:
        farm.carry_out(farm.harvest())
    assert (refused.value.code, refused.value.facts) == ("imports.too_slow", {"count": 1, "done": 0})


def test_diary_entries_come_in_draw_on_the_store_and_come_once(farm: Farm) -> None:
    actor = factories.manager_of(farm.owner)
    with farm.database.transaction(actor) as session:
        label = FarmInputInput(name="Abamectin 3,6 EC", kind="insecticide", measure="ml")
        bought = farm_inputs.register(session, actor, label)
        came = InputLotInput(
            farm_input_id=bought.id, amount="1 lít", received_on=today().isoformat(), lot="A1"
        )
        lot = farm_inputs.receive(session, actor, came)
    said = [
        farm.entry(task="spray", substance="Abamectin 3,6 EC", input_lot="A1", amount="100 ml"),
        farm.entry(),
        farm.entry(state="corrected", note="đã sửa"),
    ]
    assert fates(farm.carry_out(*said, book=DiaryBook)) == ["made", "made", "left_out"]
    assert fates(farm.carry_out(*said, book=DiaryBook)) == ["known", "known", "left_out"]
    assert [entry.input_lot_id for entry in farm.all(DiaryEntry)] == [lot.id, None]
    told = farm.tried(
        farm.entry(task="spray", substance="Abamectin 3,6 EC", input_lot="Z9", amount="1 ml"),
        farm.entry(task="spray", substance="Abamectin 3,6 EC", input_lot="A1", amount="3 lít"),
        farm.entry(task="dance"),
        book=DiaryBook,
    )
    assert [(outcome.refusals[0].code, outcome.refusals[0].field) for outcome in told] == [
        ("imports.lot_unknown", "input_lot"),
        ("diary.stock_exceeded", "amount"),
        ("enum", "task"),
    ]


MADE_UP = ["", "[]", "{}", "[1]", '[[1,{"a":1}]]', "[[0,{}]]", '[["1",{}]]', "[" * 100_000]


@pytest.mark.parametrize("text", [*MADE_UP, packed([Row(1, {"a": "x" * 3000})])])
def test_rows_that_a_browser_made_up_are_refused_in_words(text: str) -> None:
    with pytest.raises(ValidationError):
        ImportInput.model_validate({"rows": text})
    whole = [Row(7, {"kilograms": "1,5"})]
    assert ImportInput.model_validate({"rows": packed(whole)}).rows == tuple(whole)


def test_a_trial_leaves_no_fact_behind(farm: Farm) -> None:
    with farm.database.reading(SYSTEM.scope) as session:
        before = len(session.exec(select(LogLeaf.position)).all())
    farm.tried(farm.harvest(), farm.harvest(kilograms="-1"))
    with farm.database.reading(SYSTEM.scope) as session:
        assert len(session.exec(select(LogLeaf.position)).all()) == before
