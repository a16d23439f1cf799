"""Export consignments: only lots that may go to the market, each reason named, kilograms drawn once, the data kept."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.domain.test_logistic_units import pack
from traceability import consignment_round, signatures
from traceability.db import Database
from traceability.domain import (
    balance,
    code_authorisations,
    consignment_checks,
    consignment_steps,
    consignment_watch,
    consignments,
    corrections,
    laboratory,
    ledger,
    records,
    residue_limits,
    rule_figures,
    suspensions,
    transforms,
    treatments,
)
from traceability.domain.actors import SYSTEM, Actor
from traceability.domain.areas import AreaCode
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.code_authorisations import AuthoriseInput, CodeAuthorisation, EndInput
from traceability.domain.consignments import (
    CancelInput,
    Consignment,
    ConsignmentInput,
    ConsignmentState,
    DepartInput,
    LineInput,
)
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.events import CorrectionInput, correct
from traceability.domain.history import EventType, history
from traceability.domain.laboratory import LabTestInput, ResultInput
from traceability.domain.notices import Notice
from traceability.domain.packing_houses import PackingHouse
from traceability.domain.producers import Producer
from traceability.domain.suspensions import SuspendedKind, SuspensionInput
from traceability.domain.transforms import TransformInput, TransformSource
from traceability.domain.treatments import InputKind, TreatmentInput
from traceability.keys import Keyring

HOUSE = "VN-VLPH-0001"


@dataclass
class Exporter:
    """A packer with a packing house for China, an area with a code for it, and a harvest of 1000 kg."""

    database: Database
    keyring: Keyring
    owner: Producer
    batch: Batch

    @property
    def actor(self) -> Actor:
        return factories.manager_of(self.owner)

    def do(self, use_case: Callable[..., Any], *values: Any) -> Any:
        with self.database.transaction(self.actor) as session:
            return use_case(session, self.actor, *values)

    def draft(self, kilograms: str | int = 400, batch: Batch | None = None, **changes: Any) -> Consignment:
        values: dict[str, Any] = {
            "market": "CN",
            "buyer": "Guangxi Fruit (minh họa)",
            "leaves_on": today(),
            "packing_house_code": HOUSE,
            "container_no": "MSKU1234565",
            "seal_no": "VN0001",
        }
        row: Consignment = self.do(consignments.draft, ConsignmentInput(**values | changes))
        goods = batch or self.batch
        self.do(consignments.put, LineInput(consignment_id=row.id, batch_id=goods.id, kilograms=kilograms))
        return row

    def worked_up(self, kilograms: int, *sources: Batch) -> Batch:
        """A lot made of as much of each source, without any loss."""
        value = TransformInput(
            product_id=self.batch.product_id,
            started_on=today(),
            output_kg=kilograms * len(sources),
            inputs=[TransformSource(batch_id=one.id, kilograms=kilograms) for one in sources],
        )
        made: Batch = self.do(transforms.transform, value)
        return made

    def reasons(self, row: Consignment) -> set[str]:
        with self.database.reading(self.actor.scope) as session:
            found = consignment_checks.judge(session, records.find(session, Consignment, row.id))
            assert found.passes is not bool(found.reasons or [1 for lot in found.lots if lot.reasons])
            return {
                reason.code for reason in (*found.reasons, *(r for lot in found.lots for r in lot.reasons))
            }

    def notes(self, row: Consignment) -> set[str]:
        with self.database.reading(self.actor.scope) as session:
            found = consignment_checks.judge(session, records.find(session, Consignment, row.id))
            return {note.code for lot in found.lots for note in lot.notes}

    def seal(self, row: Consignment) -> Consignment:
        found: Consignment = self.do(consignment_steps.seal, row.id)
        return found

    def stock(self, batch: Batch | None = None) -> Batch:
        with self.database.reading(SYSTEM.scope) as session:
            row = records.find(session, Batch, (batch or self.batch).id)
            assert balance.account(session, row).on_hand_g == row.on_hand_g
            return row

    def lend(self, holder: Producer, code_id: str, **changes: Any) -> CodeAuthorisation:
        values: dict[str, Any] = {
            "code_id": code_id,
            "to_producer": self.owner.code,
            "kilograms": 500,
            "from_on": today() - timedelta(days=10),
            "to_on": today() + timedelta(days=10),
            "market": "CN",
        }
        signer = factories.manager_of(holder)
        with self.database.transaction(signer) as session:
            made = code_authorisations.authorise(
                session,
                signer,
                AuthoriseInput(**values | changes),
                seal=lambda data: signatures.sign(self.keyring, data),
            )
        found: CodeAuthorisation = self.do(code_authorisations.accept, made.id)
        return found

    def now(self, made: CodeAuthorisation) -> CodeAuthorisation:
        with self.database.reading(SYSTEM.scope) as session:
            return records.find(session, CodeAuthorisation, made.id)


@pytest.fixture
def exporter(database: Database, tmp_path: Path) -> Exporter:
    owner = factories.producer(database)
    factories.packing_house(database, owner, code=HOUSE, markets=["CN", "EU"])
    area = factories.area(database, owner)
    factories.area_code(database, area, "VN-VLOR-9001", "CN")
    factories.area_code(database, area, "VN-VLOR-9002", "EU")
    batch = factories.harvest(database, owner, 1000, area_id=area.id)
    return Exporter(database, Keyring(tmp_path, demo=True), owner, batch)


def test_a_good_consignment_is_sealed_leaves_and_its_kilograms_are_drawn_once(exporter: Exporter) -> None:
    row = exporter.draft(400)
    assert exporter.reasons(row) == set()
    exporter.seal(row)
    assert (exporter.stock().on_hand_g, exporter.stock().shipped_g) == (600_000, 400_000)
    with pytest.raises(RuleBroken, match=r"consignments\.sealed"):
        exporter.seal(row)
    with pytest.raises(RuleBroken, match=r"consignments\.sealed"):
        exporter.do(consignments.drop, row.id, exporter.batch.id)
    leave = DepartInput(consignment_id=row.id, departed_on=today(), phyto_no="KDTV-77")
    exporter.do(consignment_steps.depart, leave)
    with exporter.database.reading(SYSTEM.scope) as session:
        found = records.find(session, Consignment, row.id)
        assert (found.state, found.phyto_no) == (ConsignmentState.DEPARTED, "KDTV-77")
        (lot,) = found.judged["lots"]
        assert lot["sources"][0]["codes"][0]["code"] == "VN-VLOR-9001"
        assert found.judged["packing_house"]["code"] == HOUSE
    with pytest.raises(RuleBroken, match=r"consignments\.departed"):
        exporter.do(consignment_steps.cancel, CancelInput(consignment_id=row.id, reason="Đổi ý rồi"))


def test_every_reason_is_named_at_once(exporter: Exporter) -> None:
    treat = TreatmentInput(
        batch_id=exporter.batch.id,
        kind=InputKind.INSECTICIDE,
        substance="Abamectin",
        interval_days=14,
        applied_on=today() - timedelta(days=5),
    )
    exporter.do(treatments.record, treat)
    row = exporter.draft(2000, market="US", packing_house_code=None, container_no=None, seal_no=None)
    assert exporter.reasons(row) == {
        "consignment.house_missing",
        "consignment.container_no_missing",
        "consignment.seal_no_missing",
        "consignment.not_enough",
        "consignment.no_code_for_market",
        "consignment.interval_broken",
    }
    with pytest.raises(RuleBroken) as caught:
        exporter.seal(row)
    assert (caught.value.code, caught.value.facts["count"]) == ("consignments.not_eligible", 6)
    assert exporter.stock().on_hand_g == 1_000_000


def test_an_empty_consignment_and_one_for_home_are_refused(exporter: Exporter) -> None:
    row = exporter.draft()
    exporter.do(consignments.drop, row.id, exporter.batch.id)
    assert exporter.reasons(row) == {"consignment.no_lots"}
    for changes, refusal in [
        ({"market": "VN"}, "home_market"),
        ({"leaves_on": today() - timedelta(days=1)}, "leaves_in_past"),
        ({"leaves_on": today() + timedelta(days=732)}, "leaves_too_far"),
        ({"treated_on": today() + timedelta(days=1)}, "treated_after"),
    ]:
        with pytest.raises(RuleBroken, match=refusal):
            exporter.draft(**changes)


def test_codes_and_packing_house_have_to_be_good_for_the_market_on_the_day(exporter: Exporter) -> None:
    with exporter.database.transaction(SYSTEM) as session:
        house = records.lock(session, PackingHouse, _house(session, HOUSE).id)
        house.valid_to = today() + timedelta(days=5)
        ledger.record(session, "packing_house.revised", house)
    assert exporter.reasons(exporter.draft(leaves_on=today() + timedelta(days=5))) == set()
    late = exporter.draft(leaves_on=today() + timedelta(days=6))
    assert exporter.reasons(late) == {"consignment.house_not_good"}
    assert "consignment.house_market" in exporter.reasons(exporter.draft(market="JP"))
    strange = exporter.draft(packing_house_code="VN-VLPH-9999")
    assert exporter.reasons(strange) == {"consignment.house_unknown"}
    other = factories.producer(exporter.database)
    factories.packing_house(exporter.database, other, code="VN-VLPH-9998", markets=["CN"])
    foreign = exporter.draft(packing_house_code="vn vlph 9998")
    assert exporter.reasons(foreign) == {"consignment.house_not_authorised"}


def _house(session: Session, code: str) -> PackingHouse:
    return session.exec(select(PackingHouse).where(PackingHouse.code == code)).one()


def test_a_residue_result_is_held_against_the_limit_of_that_market_on_that_day(exporter: Exporter) -> None:
    entries = [
        {"market": "EU", "ingredient": "*", "limit_mg_per_kg": "0.01", "demanded": True},
        {"market": "EU", "ingredient": "abamectin", "limit_mg_per_kg": "0.05"},
        {"market": "EU", "ingredient": "mancozeb", "limit_mg_per_kg": "5", "valid_to": "2020-01-01"},
    ]
    with exporter.database.transaction(SYSTEM) as session:
        assert residue_limits.load(session, SYSTEM, entries) == 3
        assert residue_limits.load(session, SYSTEM, entries) == 0
    row = exporter.draft(market="EU")
    assert exporter.reasons(row) == {"consignment.result_missing"}
    china = exporter.draft(market="CN")
    assert exporter.reasons(china) == set()  # nothing forbids it; that nobody measured anything is said
    assert exporter.notes(china) == {"consignment.limits_unknown", "consignment.result_none"}
    assert exporter.notes(row) == set()

    def report(number: str, name: str, value: str) -> None:
        values = {
            "batch_id": exporter.batch.id,
            "laboratory": "Phòng thử nghiệm (minh họa)",
            "report_no": number,
            "sampled_on": today(),
            "reported_on": today(),
            "results": [{"name": name, "value": value, "unit": "mg/kg", "passed": "1"}],
        }
        exporter.do(laboratory.record, LabTestInput(**values))

    report("R1", "Dư lượng thuốc BVTV", "theo quy định")  # no figure: still unknown
    assert exporter.reasons(row) == {"consignment.result_missing"}
    report("R2", "Dư lượng Abamectin", "0,04")
    assert exporter.reasons(row) == set()
    assert (exporter.notes(row), exporter.notes(china)) == (set(), {"consignment.limits_unknown"})
    report("R2b", "Chì", "0,04")  # a metal is no residue of a pesticide
    assert exporter.reasons(row) == set()
    report("R3", "Chlorpyrifos", "0,02")  # laboratories name the substance and nothing else
    assert exporter.reasons(row) == {"consignment.residue_exceeded"}
    assert exporter.reasons(exporter.draft(market="CN")) == set()


def test_a_limit_that_changes_judges_what_waits_again_and_the_list_of_the_seal_is_kept(
    exporter: Exporter,
) -> None:
    def load(limit: str, day: str) -> tuple[int, int]:
        entry = {"market": "CN", "ingredient": "abamectin", "limit_mg_per_kg": limit, "valid_from": day}
        return consignment_round.load_limits(exporter.database, SYSTEM, [entry])

    def notices() -> list[tuple[str, str]]:
        with exporter.database.reading(SYSTEM.scope) as session:
            rows = session.exec(select(Notice).where(Notice.subject_table == "consignment")).all()
        return [(row.code, row.subject_id) for row in rows if row.producer_id == exporter.owner.id]

    assert load("0.05", "2020-01-01") == (1, 0)
    values = {
        "batch_id": exporter.batch.id,
        "laboratory": "Phòng thử nghiệm (minh họa)",
        "report_no": "R1",
        "sampled_on": today(),
        "reported_on": today(),
        "results": [{"name": "Abamectin", "value": "0,04", "unit": "mg/kg", "passed": "1"}],
    }
    exporter.do(laboratory.record, LabTestInput(**values))
    sealed, draft = exporter.seal(exporter.draft(300)), exporter.draft(200)
    assert (exporter.reasons(sealed), exporter.reasons(draft)) == (set(), set())
    assert load("0.01", today().isoformat())[0] == 1  # in the place of the older one, which nobody ended
    assert exporter.reasons(sealed) == exporter.reasons(draft) == {"consignment.residue_exceeded"}
    told = [
        ("consignment_list_changed", sealed.id),
        ("consignment_stopped", sealed.id),
        ("consignment_stopped", draft.id),
    ]
    assert sorted(notices()) == sorted(told)
    assert consignment_round.look_again(exporter.database) == 0  # told once
    with exporter.database.transaction(SYSTEM) as session:
        kept = consignment_watch.list_of(records.find(session, Consignment, sealed.id).judged)
    assert [limit["ug_per_kg"] for limit in kept["limits"]] == [50]
    with exporter.database.transaction(SYSTEM) as session:  # its code is taken off the list of the market
        code = session.exec(select(AreaCode)).first()
        assert code is not None
        code.valid_to = today() - timedelta(days=1)
        ledger.record(session, "area_code.put", code)
    assert consignment_round.look_again(exporter.database) > 0
    assert notices().count(("consignment_list_changed", sealed.id)) == 2
    depart = DepartInput(consignment_id=sealed.id, departed_on=today(), phyto_no="KD-77")
    with pytest.raises(RuleBroken, match="stopped_since"):
        exporter.do(consignment_steps.depart, depart)


def test_goods_of_another_area_need_its_holders_authorisation_and_draw_on_it(exporter: Exporter) -> None:
    holder = factories.producer(exporter.database)
    ground = factories.area(exporter.database, holder)
    code = factories.area_code(exporter.database, ground, "VN-VLOR-9100", "CN")
    sent = factories.sent(
        exporter.database,
        factories.harvest(exporter.database, holder, 600, area_id=ground.id),
        600,
        exporter.owner,
    )
    factories.received(exporter.database, sent)
    packed: Batch = exporter.do(
        transforms.transform,
        TransformInput(
            product_id=factories.product(exporter.database, exporter.owner).id,
            started_on=today(),
            output_kg=600,
            inputs=[TransformSource(delivery_id=sent.id, kilograms=600)],
        ),
    )
    row = exporter.draft(500, batch=packed)
    assert exporter.reasons(row) == {"consignment.not_authorised"}
    short = exporter.lend(holder, code.id, kilograms=499)
    assert exporter.reasons(row) == {"consignment.over_drawn"}
    lent = exporter.lend(holder, code.id)
    assert exporter.reasons(row) == set()
    exporter.seal(row)
    assert (exporter.now(lent).left_g, exporter.now(short).left_g) == (0, 499_000)
    exporter.do(consignment_steps.cancel, CancelInput(consignment_id=row.id, reason="Khách hủy đơn"))
    assert exporter.now(lent).left_g == 500_000
    assert exporter.stock(packed).on_hand_g == 600_000


def test_a_lent_packing_house_is_drawn_by_the_whole_consignment(exporter: Exporter) -> None:
    holder = factories.producer(exporter.database)
    house = factories.packing_house(exporter.database, holder, code="VN-VLPH-0777", markets=["CN"])
    lent = exporter.lend(holder, house.id)
    exporter.seal(exporter.draft(400, packing_house_code="vn vlph 0777"))
    assert exporter.now(lent).left_g == 100_000
    with pytest.raises(RuleBroken, match=r"code_authorisations\.over_drawn"):
        exporter.seal(exporter.draft(101, packing_house_code="VN-VLPH-0777"))
    assert exporter.stock().on_hand_g == 600_000


def test_held_lots_and_lots_of_unknown_interval_do_not_go(exporter: Exporter) -> None:
    row = exporter.draft()
    with exporter.database.transaction(SYSTEM) as session:
        value = SuspensionInput(
            subject_kind=SuspendedKind.BATCH, subject_id=exporter.batch.id, reason="Chờ kết quả"
        )
        suspensions.suspend(session, SYSTEM, value)
    assert exporter.reasons(row) == {"batches.held"}


def test_what_was_stopped_after_the_seal_does_not_leave(exporter: Exporter) -> None:
    rows = [exporter.draft(100) for _ in range(3)]
    for row in rows:
        exporter.seal(row)
    leave = [
        DepartInput(consignment_id=row.id, departed_on=today(), phyto_no=f"KDTV-{row.number}") for row in rows
    ]
    exporter.do(consignment_steps.depart, leave[0])
    with exporter.database.transaction(SYSTEM) as session:
        house = records.lock(session, PackingHouse, _house(session, HOUSE).id)
        house.valid_to = today() - timedelta(days=1)
        ledger.record(session, "packing_house.revised", house)
    report = LabTestInput(
        batch_id=exporter.batch.id,
        laboratory="Phòng thử nghiệm (minh họa)",
        report_no="R9",
        sampled_on=today(),
        reported_on=today(),
        results=[ResultInput(name="Cadimi", value="0,9", unit="mg/kg", passed=False)],
    )
    exporter.do(laboratory.record, report)
    assert exporter.reasons(rows[1]) == {
        "batches.held",
        "consignment.house_not_good",
        "consignment.result_failed",
    }
    with pytest.raises(RuleBroken) as caught:
        exporter.do(consignment_steps.depart, leave[1])
    assert (caught.value.code, caught.value.facts["count"]) == ("consignments.stopped_since", 3)
    with exporter.database.reading(SYSTEM.scope) as session:
        assert records.find(session, Consignment, rows[1].id).state is ConsignmentState.SEALED
    exporter.do(consignment_steps.cancel, CancelInput(consignment_id=rows[1].id, reason="Mẫu không đạt"))
    assert exporter.stock().on_hand_g == 800_000  # held, and back in the stock


def test_an_authorisation_that_ended_after_the_seal_keeps_the_goods_here(exporter: Exporter) -> None:
    holder = factories.producer(exporter.database)
    house = factories.packing_house(exporter.database, holder, code="VN-VLPH-0777", markets=["CN"])
    lent = exporter.lend(holder, house.id)
    row = exporter.draft(500, packing_house_code="VN-VLPH-0777")  # draws all of it: nothing needs to be left
    exporter.seal(row)
    assert exporter.reasons(row) == set()
    signer = factories.manager_of(holder)
    with exporter.database.transaction(signer) as session:
        end = EndInput(authorisation_id=lent.id, reason="Hết hợp đồng")
        code_authorisations.end(session, signer, end)
    with pytest.raises(RuleBroken, match=r"consignments\.stopped_since"):
        leave = DepartInput(consignment_id=row.id, departed_on=today(), phyto_no="KDTV-9")
        exporter.do(consignment_steps.depart, leave)


def test_what_lies_in_cartons_is_not_taken_for_loose_goods(exporter: Exporter) -> None:
    pack(exporter.database, (exporter.batch, 700))
    assert exporter.reasons(exporter.draft(300)) == set()
    assert exporter.reasons(exporter.draft(301)) == {"consignment.in_units"}
    assert exporter.reasons(exporter.draft(1001)) == {"consignment.not_enough"}


def test_a_market_s_ban_reaches_goods_however_often_they_were_worked_up(exporter: Exporter) -> None:
    with exporter.database.transaction(SYSTEM) as session:
        entry = {"ingredient": "Abamectin", "banned": True, "market": "EU"}
        assert rule_figures.load_ingredients(session, SYSTEM, [entry]) == 1
    treat = TreatmentInput(
        batch_id=exporter.batch.id,
        kind=InputKind.INSECTICIDE,
        substance="Abatin 5.4EC",
        active_ingredient="abamectin",
        interval_days=3,
        applied_on=today() - timedelta(days=9),
    )
    exporter.do(treatments.record, treat)
    made = exporter.worked_up(600, exporter.batch)
    assert exporter.reasons(exporter.draft(200, batch=made, market="EU")) == {"consignment.ingredient_banned"}
    assert exporter.reasons(exporter.draft(200, batch=made)) == set()


def test_each_harvest_needs_a_result_or_goes_into_a_lot_that_has_one(exporter: Exporter) -> None:
    with exporter.database.transaction(SYSTEM) as session:
        limit = {"market": "EU", "ingredient": "*", "limit_mg_per_kg": "0.01", "demanded": True}
        residue_limits.load(session, SYSTEM, [limit])
    second = factories.harvest(exporter.database, exporter.owner, 300, area_id=exporter.batch.area_id)
    mixed = exporter.worked_up(250, exporter.batch, second)
    row = exporter.draft(200, batch=mixed, market="EU")

    def missing() -> list[str]:
        with exporter.database.reading(exporter.actor.scope) as session:
            (lot,) = consignment_checks.judge(session, records.find(session, Consignment, row.id)).lots
            return sorted(reason.facts["lot"] for reason in lot.reasons)

    def measure(batch: Batch, number: str) -> None:
        values: dict[str, Any] = {
            "laboratory": "Phòng thử nghiệm (minh họa)",
            "report_no": number,
            "sampled_on": today(),
        }
        found = ResultInput(name="Dư lượng thuốc BVTV", value="KPH", unit="mg/kg", passed=True)
        value = LabTestInput(batch_id=batch.id, reported_on=today(), results=[found], **values)
        exporter.do(laboratory.record, value)

    assert missing() == sorted([exporter.batch.lot, second.lot])
    measure(exporter.batch, "R1")  # one plot of two says nothing of the other
    assert missing() == [second.lot]
    measure(mixed, "R2")
    assert missing() == []


def test_a_certificate_is_good_for_one_consignment_and_dates_are_in_order(exporter: Exporter) -> None:
    rows = [exporter.draft(100) for _ in range(2)]
    leave = {"departed_on": today(), "phyto_no": "KDTV-1"}
    with pytest.raises(RuleBroken, match=r"consignments\.draft"):
        exporter.do(consignment_steps.depart, DepartInput(consignment_id=rows[0].id, **leave))
    for row in rows:
        exporter.seal(row)
    for changes, refusal in [
        ({"departed_on": today() + timedelta(days=1)}, "departs_in_future"),
        ({"departed_on": today() - timedelta(days=1)}, "departs_before_seal"),
    ]:
        with pytest.raises(RuleBroken, match=refusal):
            exporter.do(consignment_steps.depart, DepartInput(consignment_id=rows[0].id, **leave | changes))
    exporter.do(consignment_steps.depart, DepartInput(consignment_id=rows[0].id, **leave))
    with pytest.raises(RuleBroken, match="phyto_used"):
        exporter.do(consignment_steps.depart, DepartInput(consignment_id=rows[1].id, **leave))


def test_what_a_sealed_or_departed_consignment_carries_is_not_corrected(exporter: Exporter) -> None:
    leaving, staying = exporter.draft(400), exporter.draft(300)
    exporter.seal(leaving)
    exporter.seal(staying)

    def must_stay() -> None:
        with exporter.database.reading(SYSTEM.scope) as session:
            events = history(session, exporter.batch.id)
        shipped = [event for event in events if event.type is EventType.SHIP]
        assert len(shipped) == 2
        for event in shipped:
            for changes in ({"reason": "did_not_occur"}, {"reason": "incorrect_data", "output_kg": 450}):
                value = CorrectionInput(event_id=event.id, explanation="Ghi nhầm", **changes)  # type: ignore[arg-type]
                with pytest.raises(RuleBroken, match=r"events\.in_consignment"):
                    exporter.do(correct, value)

    must_stay()
    leave = DepartInput(consignment_id=leaving.id, departed_on=today(), phyto_no="KDTV-78")
    exporter.do(consignment_steps.depart, leave)
    must_stay()
    exporter.do(consignment_steps.cancel, CancelInput(consignment_id=staying.id, reason="Khách hủy đơn"))
    assert (exporter.stock().on_hand_g, exporter.stock().shipped_g) == (600_000, 400_000)


def test_a_shipment_corrected_before_keeps_no_consignment_from_being_cancelled(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = exporter.draft(400)
    exporter.seal(row)
    with exporter.database.reading(SYSTEM.scope) as session:
        (event,) = (one for one in history(session, exporter.batch.id) if one.type is EventType.SHIP)
    value = CorrectionInput(event_id=event.id, reason="incorrect_data", explanation="Ghi nhầm", output_kg=450)  # type: ignore[arg-type]
    with monkeypatch.context() as lenient:
        lenient.setattr(corrections, "_must_be_in_no_consignment", lambda *_: None, raising=False)
        exporter.do(correct, value)
    assert exporter.stock().shipped_g == 450_000
    exporter.do(consignment_steps.cancel, CancelInput(consignment_id=row.id, reason="Khách hủy đơn"))
    assert exporter.stock().on_hand_g == 1_000_000


def test_a_neighbour_neither_sees_nor_fills_a_consignment(exporter: Exporter) -> None:
    row = exporter.draft()
    other = factories.producer(exporter.database)
    neighbour = factories.manager_of(other)
    goods = factories.harvest(exporter.database, other)
    for use_case, value in [
        (consignment_steps.seal, row.id),
        (consignments.put, LineInput(consignment_id=row.id, batch_id=goods.id, kilograms=1)),
        (consignment_steps.cancel, CancelInput(consignment_id=row.id, reason="Phá rối")),
    ]:
        with exporter.database.transaction(neighbour) as session, pytest.raises(NotFound):
            use_case(session, neighbour, value)  # type: ignore[operator]
    with pytest.raises(RuleBroken, match=r"batches\.unknown"):
        exporter.do(consignments.put, LineInput(consignment_id=row.id, batch_id=goods.id, kilograms=1))


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        ("0,04", "mg/kg", 40),
        ("< 0,01", "mg/kg", 10),
        ("12", "µg/kg", 12),
        ("Không phát hiện", "mg/kg", 0),
        ("ND", "", 0),
        ("vượt MRL", "mg/kg", None),
        ("5", "CFU/g", None),
        ("", "", None),
    ],
)
def test_what_a_report_measured_is_read_or_stays_unknown(value: str, unit: str, expected: int | None) -> None:
    assert residue_limits.measured_ug(value, unit) == expected


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_two_who_seal_at_once_draw_once_and_without_the_lock_twice(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def both(row: Consignment) -> int:
        together = threading.Barrier(2)

        def run(_number: int) -> bool:
            together.wait(10)
            try:
                exporter.seal(row)
            except RuleBroken as refused:
                assert refused.code == "consignments.sealed"
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            return sum(pool.map(run, range(2)))

    assert both(exporter.draft(100)) == 1
    assert exporter.stock().shipped_g == 100_000
    second = exporter.draft(100)
    pause, real = threading.Barrier(2), records.lock

    def unlocked(session: Any, table: Any, key: str) -> Any:
        if table is not Consignment:
            return real(session, table, key)
        row = records.find(session, table, key)
        pause.wait(10)
        return row

    monkeypatch.setattr(records, "lock", unlocked)
    assert both(second) == 2
    assert exporter.stock().shipped_g == 300_000  # what the lock is for
