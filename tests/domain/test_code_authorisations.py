"""Lent codes: signed by the holder, accepted by the other, drawn by each claim, and never beyond what was signed."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from tests import factories
from tests.domain.goods import split
from traceability import signatures
from traceability.db import Database
from traceability.domain import (
    area_grants,
    code_authorisations,
    code_draws,
    events,
    ledger,
    notices,
    provenance,
    records,
)
from traceability.domain.actors import SYSTEM, Actor, Permission, Role
from traceability.domain.area_codes import CodeOf
from traceability.domain.areas import AreaCode, CodeState, GrowingArea
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.code_authorisations import (
    AuthorisationState,
    AuthoriseInput,
    CodeAuthorisation,
    EndInput,
)
from traceability.domain.corrections import CorrectionInput
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.history import CorrectionReason, beginning, history
from traceability.domain.ownership import PUBLIC
from traceability.domain.producers import LegalForm, Producer
from traceability.domain.products import Product
from traceability.domain.rule_book import RuleCode
from traceability.domain.rule_flags import RuleFlag
from traceability.keys import Keyring

CODE = "VN-VLOR-9001"


@dataclass
class Lending:
    """A cooperative with a code for China, and a packer that may ask for it."""

    database: Database
    keyring: Keyring
    holder: Producer
    packer: Producer
    code: AreaCode
    ground: GrowingArea
    product: Product

    @property
    def user(self) -> Actor:
        return factories.manager_of(self.packer)

    def signed(self, **changes: Any) -> CodeAuthorisation:
        values: dict[str, Any] = {
            "code_id": self.code.id,
            "to_producer": self.packer.code,
            "kilograms": 1000,
            "from_on": today() - timedelta(days=10),
            "to_on": today() + timedelta(days=20),
            "market": "CN",
        }
        actor = factories.manager_of(self.holder)
        with self.database.transaction(actor) as session:
            return code_authorisations.authorise(
                session,
                actor,
                AuthoriseInput(**values | changes),
                seal=lambda data: signatures.sign(self.keyring, data),
            )

    def accepted(self, **changes: Any) -> CodeAuthorisation:
        made = self.signed(**changes)
        with self.database.transaction(self.user) as session:
            return code_authorisations.accept(session, self.user, made.id)

    def harvest(self, kilograms: str | int = 400, **changes: Any) -> Batch:
        return factories.harvest(
            self.database,
            self.packer,
            kilograms,
            **{"area_id": self.ground.id, "product_id": self.product.id, "area_code": CODE} | changes,
        )

    def now(self, made: CodeAuthorisation) -> CodeAuthorisation:
        with self.database.reading(SYSTEM.scope) as session:
            return records.find(session, CodeAuthorisation, made.id)


@pytest.fixture
def lending(database: Database, tmp_path: Path) -> Lending:
    holder, packer = factories.producer(database), factories.producer(database)
    code = factories.area_code(database, factories.area(database, holder), CODE)
    ground, product = factories.area(database, packer), factories.product(database, packer)
    return Lending(database, Keyring(tmp_path, demo=True), holder, packer, code, ground, product)


def test_a_claim_draws_its_kilograms_and_both_sides_see_what_is_left(lending: Lending) -> None:
    made = lending.accepted()
    batch = lending.harvest(400)
    assert batch.area_code == CODE
    for producer in (lending.holder, lending.packer):
        actor = factories.manager_of(producer)
        with lending.database.reading(actor.scope) as session:
            row = code_authorisations.find(session, made.id)
            (draw,) = code_draws.draws_from(session, made.id)
            assert (row.drawn_g, row.left_g, draw.grams) == (400_000, 600_000, 400_000)
            assert (draw.subject_table, draw.subject_id, draw.subject_text) == ("batch", batch.id, batch.lot)
    with lending.database.reading(lending.user.scope) as session:
        offered = {kind: code_draws.lent_to(session, lending.packer.id, today(), kind) for kind in CodeOf}
    assert [row.id for row in offered[CodeOf.GROWING_AREA]] == [made.id]
    assert offered[CodeOf.PACKING_HOUSE] == []
    holder = factories.manager_of(lending.holder)
    with lending.database.reading(holder.scope) as session:
        told = [row.code for row in notices.inbox(session, holder)]
        assert {"code_drawn", "code_authorisation_accepted"} <= set(told)


def test_what_was_signed_can_be_checked_by_anybody_with_the_public_key(lending: Lending) -> None:
    made = lending.signed()
    pem = signatures.public_pem(lending.keyring)
    assert signatures.verifies(pem, made.statement.encode(), made.signature)
    more = made.statement.replace("1000000", "9000000")
    assert more != made.statement
    assert not signatures.verifies(pem, more.encode(), made.signature)


def test_a_code_that_nobody_signed_over_is_refused(lending: Lending) -> None:
    with pytest.raises(RuleBroken, match="puc_mismatch"):
        lending.harvest()
    other = factories.producer(lending.database)
    lending.signed(to_producer=other.code)
    with pytest.raises(RuleBroken, match="puc_mismatch"):  # signed for somebody else
        lending.harvest()


def test_a_forged_number_finds_no_authorisation(lending: Lending) -> None:
    made = lending.accepted()
    batch = factories.harvest(
        lending.database, lending.packer, area_id=lending.ground.id, product_id=lending.product.id
    )
    with lending.database.transaction(lending.user) as session:
        for number, refusal in [("UQ-0000-0000-0000", "number_unknown"), ("' OR 1=1 --", "number_unknown")]:
            with pytest.raises(RuleBroken, match=refusal):
                code_draws.claim(
                    session,
                    lending.user,
                    CODE,
                    batch,
                    producer_id=lending.packer.id,
                    grams=1,
                    day=today(),
                    number=number,
                )
        typed = made.number.lower().replace("-", " ").replace("0", "o")
        found = code_draws.claim(
            session,
            lending.user,
            CODE,
            batch,
            producer_id=lending.packer.id,
            grams=1,
            day=today(),
            number=typed,
        )
        assert found.id == made.id


def test_it_has_to_be_accepted_by_the_one_it_was_signed_for(lending: Lending) -> None:
    made = lending.signed()
    with pytest.raises(RuleBroken, match="not_accepted"):
        lending.harvest()
    holder, stranger = factories.manager_of(lending.holder), factories.producer(lending.database)
    clerk = factories.manager_of(lending.packer, Role.CLERK)
    for actor, refusal in [
        (holder, NotFound),
        (factories.manager_of(stranger), NotFound),
        (clerk, RuleBroken),
    ]:
        with lending.database.transaction(actor) as session, pytest.raises(refusal):
            code_authorisations.accept(session, actor, made.id)
    with lending.database.transaction(lending.user) as session:
        code_authorisations.decline(session, lending.user, made.id)
    with lending.database.transaction(lending.user) as session, pytest.raises(RuleBroken, match="answered"):
        code_authorisations.accept(session, lending.user, made.id)
    with pytest.raises(RuleBroken, match=r"code_authorisations\.ended"):
        lending.harvest()


def test_expired_early_and_wrong_market_claims_are_refused(lending: Lending) -> None:
    lending.accepted(from_on=today() - timedelta(days=3), to_on=today())
    for day, refusal in [(today() - timedelta(days=4), "not_yet")]:
        with pytest.raises(RuleBroken, match=refusal):
            lending.harvest(harvested_on=day)
    batch = factories.harvest(
        lending.database, lending.packer, area_id=lending.ground.id, product_id=lending.product.id
    )
    with lending.database.transaction(lending.user) as session:
        for day, market, refusal in [
            (today() + timedelta(days=1), "CN", "expired"),
            (today(), "US", "wrong_market"),
        ]:
            with pytest.raises(RuleBroken, match=refusal):
                code_draws.claim(
                    session,
                    lending.user,
                    CODE,
                    batch,
                    producer_id=lending.packer.id,
                    grams=1,
                    day=day,
                    market=market,
                )


def test_more_than_was_signed_cannot_be_claimed_nor_one_claim_twice(lending: Lending) -> None:
    made = lending.accepted()
    lending.harvest(999)
    with pytest.raises(RuleBroken) as caught:
        lending.harvest("1001 g")
    assert (caught.value.code, caught.value.facts["left"]) == ("code_authorisations.over_drawn", "1\u00a0kg")
    batch = lending.harvest("1")
    with (
        lending.database.transaction(lending.user) as session,
        pytest.raises(RuleBroken, match="claimed_already"),
    ):
        code_draws.claim(
            session, lending.user, CODE, batch, producer_id=lending.packer.id, grams=1, day=today()
        )
    assert lending.now(made).left_g == 0


def test_a_paper_is_good_for_one_authorisation(lending: Lending) -> None:
    lending.signed(document_no="UQ 01/2026")
    with pytest.raises(RuleBroken, match="document_used"):
        lending.signed(document_no="UQ 01/2026")


def test_a_suspended_code_cannot_be_claimed_whoever_uses_it(lending: Lending) -> None:
    lending.accepted()
    with lending.database.transaction(SYSTEM) as session:
        code = records.lock(session, AreaCode, lending.code.id)
        area_grants.set_code_state(session, SYSTEM, code, CodeState.SUSPENDED)
    with pytest.raises(RuleBroken, match=r"area_codes\.suspended"):
        lending.harvest()


def test_the_holder_or_an_agency_ends_it_and_both_are_told(lending: Lending) -> None:
    made = lending.accepted()
    value = EndInput(authorisation_id=made.id, reason="Hết vụ sớm")
    with lending.database.transaction(lending.user) as session, pytest.raises(NotFound):
        code_authorisations.end(session, lending.user, value)
    officer = factories.officer(Permission.SUSPEND_AREA)
    with lending.database.transaction(officer) as session:
        code_authorisations.end(session, officer, value)
    with lending.database.reading(lending.user.scope) as session:
        assert "code_authorisation_ended" in {row.code for row in notices.inbox(session, lending.user)}
    assert lending.now(made).state is AuthorisationState.ENDED
    with pytest.raises(RuleBroken, match=r"code_authorisations\.ended"):
        lending.harvest()


def test_only_an_own_granted_code_is_signed_over_and_only_for_its_market(lending: Lending) -> None:
    waiting = factories.area_code(
        lending.database, factories.area(lending.database, lending.holder), "VN-VLOR-9002", granted=False
    )
    foreign = factories.area_code(
        lending.database, factories.area(lending.database, lending.packer), "VN-VLOR-9003"
    )
    for changes, refusal in [
        ({"code_id": waiting.id}, r"area_codes\.applied"),
        ({"code_id": foreign.id}, "code_unknown"),
        ({"market": "US"}, "market_not_of_code"),
        ({"to_on": today() - timedelta(days=11)}, "days_reversed"),
        ({"to_on": today() - timedelta(days=1)}, r"code_authorisations\.over"),
        ({"to_on": today() + timedelta(days=400)}, "too_long"),
        ({"to_producer": lending.holder.code}, r"partners\.itself"),
        ({"to_producer": "không có"}, r"partners\.unknown"),
    ]:
        with pytest.raises(RuleBroken, match=refusal):
            lending.signed(**changes)


def test_what_others_claim_under_a_code_counts_against_the_ceiling_of_its_area_and_once_only(
    lending: Lending,
) -> None:
    """4.84 ha x 30 t make 145.2 t a year; the packer has as much ground of its own."""
    factories.crop(lending.database, **{"yield": {"ceiling": 30, "cycles_per_year": 1, "unit": "t/ha/year"}})
    lending.accepted(kilograms=200_000)
    home = {"area_id": lending.code.area_id}
    first = factories.harvest(lending.database, lending.holder, 100_000, **home)
    sent_on = factories.sent(
        lending.database, first, 1000, lending.packer
    )  # harvested there: counted already
    with lending.database.transaction(lending.user) as session:
        code_draws.claim(
            session, lending.user, CODE, sent_on, producer_id=lending.packer.id, grams=1_000_000, day=today()
        )
    fine = lending.harvest(45_000)
    assert raised(lending.database) == []
    over = lending.harvest(201)
    assert raised(lending.database) == [(RuleCode.OVER_YIELD_CUMULATIVE, over.id)]
    holders = factories.harvest(lending.database, lending.holder, 1, **home)
    assert set(raised(lending.database)) == {
        (RuleCode.OVER_YIELD_CUMULATIVE, over.id),
        (RuleCode.OVER_YIELD_CUMULATIVE, holders.id),
    }
    correct(lending, fine, 40_000)
    assert raised(lending.database) == []
    alone = lending.harvest(145_200)
    assert raised(lending.database) == [(RuleCode.OVER_YIELD_CUMULATIVE, alone.id)]


def test_a_claim_above_what_the_area_of_the_code_gives_at_all_tells_no_weight_of_its_holder(
    lending: Lending,
) -> None:
    factories.crop(lending.database, **{"yield": {"ceiling": 30, "cycles_per_year": 1, "unit": "t/ha/year"}})
    lending.accepted(kilograms=200_000)
    wide = factories.area(
        lending.database, lending.packer, geometry=factories.square(degrees=0.004), declared_ha="19"
    )
    factories.harvest(lending.database, lending.holder, 1000, area_id=lending.code.area_id)
    batch = lending.harvest(145_201, area_id=wide.id)
    with lending.database.reading(lending.user.scope) as session:
        (flag,) = session.exec(select(RuleFlag)).all()
    assert (flag.rule, flag.batch_id) == (RuleCode.OVER_YIELD, batch.id)
    told = {"made_g": 145_201_000, "ceiling_g": 145_200_000, "area_m2": 48_400, "lent_code": CODE}
    assert flag.evidence == told


def raised(database: Database) -> list[tuple[RuleCode, str | None]]:
    """The flags that stand: each rule and its batch."""
    with database.reading(SYSTEM.scope) as session:
        rows = session.exec(select(RuleFlag).where(col(RuleFlag.stands).is_not(None))).all()
        return [(row.rule, row.batch_id) for row in rows]


def correct(lending: Lending, batch: Batch, kilograms: int) -> None:
    """The weight of a harvest put right."""
    with lending.database.reading(SYSTEM.scope) as session:
        event = beginning(history(session, batch.id))
    value = CorrectionInput(
        event_id=event.id,
        reason=CorrectionReason.INCORRECT_DATA,
        explanation="Cân nhầm",
        output_kg=kilograms,
    )
    with lending.database.transaction(lending.user) as session:
        events.correct(session, lending.user, value)


def test_goods_under_a_lent_code_keep_it_for_its_market_in_every_lot_that_is_made_of_them(
    lending: Lending,
) -> None:
    lending.accepted()
    (part,) = split(lending.database, lending.harvest(400), 100)
    factories.sent(lending.database, part, 10, market="CN")
    factories.sent(lending.database, part, 10, market="US")
    with lending.database.reading(SYSTEM.scope) as session:
        (flag,) = session.exec(select(RuleFlag)).all()
    assert (flag.rule, flag.evidence["market"]) == (RuleCode.MARKET_WITHOUT_CODE, "US")


def test_the_public_is_told_whose_a_lent_code_is(lending: Lending) -> None:
    lending.accepted()
    batch = lending.harvest(400)
    (part,) = split(lending.database, batch, 100)
    for lot in (batch, part):
        with lending.database.reading(PUBLIC) as session:
            story = provenance.of_batch(session, lot.id, today())
        (area,) = story.areas
        assert area.code is not None
        assert (area.code.code, area.code.holder, area.code.market) == (CODE, lending.holder.name, "CN")
        assert {row.code_holder for row in story.sources if row.code} <= {lending.holder.name}


def test_of_a_household_that_lends_its_code_the_public_is_told_the_register_code_alone(
    lending: Lending,
) -> None:
    with lending.database.transaction(SYSTEM) as session:
        records.find(session, Producer, lending.holder.id).legal_form = LegalForm.HOUSEHOLD
        ledger.record(session, "producer.revised", records.find(session, Producer, lending.holder.id))
    lending.accepted()
    with lending.database.reading(PUBLIC) as session:
        (area,) = provenance.of_batch(session, lending.harvest(400).id, today()).areas
    assert area.code is not None
    assert area.code.holder == lending.holder.code


def test_a_corrected_harvest_corrects_its_draw(lending: Lending) -> None:
    made = lending.accepted()
    batch = lending.harvest(400)
    with pytest.raises(RuleBroken, match="over_drawn"):
        correct(lending, batch, 1001)
    correct(lending, batch, 250)
    assert lending.now(made).drawn_g == 250_000


def test_covering_answers_what_is_in_force_for_rules_to_judge(lending: Lending) -> None:
    made = lending.accepted()
    with lending.database.reading(SYSTEM.scope) as session:

        def found(market: str | None = "CN", days: int = 0, producer: Producer = lending.packer) -> Any:
            return code_authorisations.covering(
                session, lending.code, producer.id, today() + timedelta(days=days), market
            )

        assert found().id == found(None).id == made.id
        assert found("US") is found(days=21) is found(producer=lending.holder) is None


def _claim_both(lending: Lending) -> int:
    """Two writers who both claim 600 of 1000 kg at the same moment; answers how many were let through."""
    claims = [
        factories.harvest(
            lending.database, lending.packer, 600, area_id=lending.ground.id, product_id=lending.product.id
        )
        for _ in range(2)
    ]
    together = threading.Barrier(2)

    def run(batch: Batch) -> bool:
        try:
            with lending.database.transaction(lending.user) as session:
                together.wait(10)
                code_draws.claim(
                    session,
                    lending.user,
                    CODE,
                    batch,
                    producer_id=lending.packer.id,
                    grams=600_000,
                    day=today(),
                )
        except RuleBroken as refused:
            assert refused.code == "code_authorisations.over_drawn"
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(run, claims))


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_simultaneous_claims_never_overdraw_and_do_so_without_the_lock(
    lending: Lending, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = lending.accepted()
    assert _claim_both(lending) == 1
    assert lending.now(made).drawn_g == 600_000
    with lending.database.transaction(lending.user) as session:
        code_draws.release(session, session.get(Batch, code_draws.draws_from(session, made.id)[0].subject_id))
    pause = threading.Barrier(2)

    def unlocked(session: Any, table: Any, key: str) -> Any:
        row = records.find(session, table, key)
        if table is CodeAuthorisation:
            pause.wait(10)
        return row

    monkeypatch.setattr(records, "lock", unlocked)
    assert _claim_both(lending) == 2  # 1200 of 1000 kg: what the lock is for
