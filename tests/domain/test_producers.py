"""Producers: registered by an agency, approved, corrected, and kept up to date by themselves."""

import pytest
from pydantic import ValidationError

from tests import factories
from traceability.db import Database
from traceability.domain import producers
from traceability.domain.actors import SYSTEM, Permission, Role
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ownership import EVERYTHING, Reach, Scope
from traceability.domain.producers import DetailsInput, ProducerInput, ProducerState, Register

VINH_LONG = Scope(Reach.AGENCY, provinces=frozenset({"86"}))
CITRUS = Scope(Reach.AGENCY, provinces=frozenset({"86"}), categories=frozenset({"buoi", "cam-sanh"}))


def an_input(**changes) -> ProducerInput:
    values = {
        "name": "Tổ hợp tác Bưởi Mỹ Hòa (minh họa)",
        "legal_form": "cooperative_group",
        "categories": ["buoi"],
        "commune_name": "Phường Cái Vồn",
        "commune_code": "29770",
        "province_code": "86",
    }
    return ProducerInput(**values | changes)


def register(database: Database, actor=SYSTEM, **changes):
    with database.transaction(actor) as session:
        return producers.register(session, actor, an_input(**changes))


def test_a_registered_producer_is_a_draft_with_a_code_of_its_own(database: Database) -> None:
    made = register(database)
    assert made.state is ProducerState.DRAFT
    assert made.code.startswith("CS-")
    assert made.province_name == "Tỉnh Vĩnh Long"
    assert made.register_of is Register.VINH_LONG


def test_an_agency_registers_only_within_its_scope(database: Database) -> None:
    officer = factories.officer(Permission.APPROVE_FACILITY, scope=CITRUS)
    assert register(database, officer).name
    for changes in ({"categories": ["thuy-san"]}, {"province_code": "08", "commune_code": "952"}):
        with pytest.raises(RuleBroken, match=r"producers\.outside_scope"):
            register(database, officer, **changes)


def test_a_producer_of_another_province_counts_for_another_register(database: Database) -> None:
    made = register(database, province_code="08", commune_name="Xã Cao Bồ", commune_code="952")
    assert (made.register_of, made.commune_code) == (Register.SISTER, "00952")


def test_only_who_may_approve_approves_and_only_once(database: Database) -> None:
    made = register(database)
    with pytest.raises(RuleBroken, match=r"access\.not_permitted"), database.transaction(SYSTEM) as session:
        producers.approve(session, factories.officer(Permission.INSPECT), made.id)
    officer = factories.officer(Permission.CONFIRM_FACILITY, scope=VINH_LONG)
    with database.transaction(officer) as session:
        assert producers.waiting_for_approval(session)
        assert producers.approve(session, officer, made.id).state is ProducerState.APPROVED
    with pytest.raises(RuleBroken, match=r"producers\.not_a_draft"), database.transaction(officer) as session:
        producers.approve(session, officer, made.id)


def test_a_code_of_the_register_is_given_once(database: Database) -> None:
    register(database, code="f01")
    with pytest.raises(RuleBroken, match=r"producers\.code_taken"):
        register(database, code="F01", name="Khác")


def test_a_manager_keeps_the_details_but_not_the_province(database: Database) -> None:
    made = factories.producer(database)
    actor = factories.manager_of(made)
    value = DetailsInput(
        address_line="Số 5", commune_name="Phường Bình Minh", province_code="08", phone="0270 3 823 456",
        latitude=10.05, longitude=105.82,
    )  # fmt: skip
    with database.transaction(actor) as session:
        revised = producers.revise_details(session, actor, value)
    assert (revised.province_code, revised.commune_name, revised.phone) == (
        "86",
        "Phường Bình Minh",
        "02703823456",
    )


def test_a_clerk_changes_no_details(database: Database) -> None:
    made = factories.producer(database)
    clerk = factories.manager_of(made, Role.CLERK)
    with pytest.raises(RuleBroken, match=r"access\.not_permitted"), database.transaction(clerk) as session:
        producers.revise_details(session, clerk, DetailsInput(commune_name="Xã"))


@pytest.mark.parametrize(
    ("latitude", "longitude", "code"),
    [(10.0, None, "place_incomplete"), (48.8, 2.3, "place_outside")],
)
def test_a_position_is_whole_and_in_vietnam(database: Database, latitude, longitude, code) -> None:
    with pytest.raises(RuleBroken, match=rf"producers\.{code}"):
        register(database, latitude=latitude, longitude=longitude)


def test_an_agency_revises_and_the_categories_follow(database: Database) -> None:
    made = register(database)
    with database.transaction(SYSTEM) as session:
        producers.revise(
            session, SYSTEM, made.id, an_input(categories=["com", "banh"], name="Tổ hợp tác Cốm")
        )
    with database.reading(EVERYTHING) as session:
        assert producers.categories_of(session, made.id) == ["banh", "com"]


def test_a_foreign_producer_is_a_missing_one(database: Database) -> None:
    made = register(database, province_code="08", commune_name="Xã Cao Bồ")
    officer = factories.officer(Permission.APPROVE_FACILITY, scope=VINH_LONG)
    with pytest.raises(NotFound), database.transaction(officer) as session:
        producers.approve(session, officer, made.id)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "123"},
        {"name": "x" * 161},
        {"name": "Bưởi \u202e đảo"},
        {"name": "nul \x00"},
        {"name": "\ud800"},
        {"categories": []},
        {"categories": ["khong-co"]},
        {"legal_form": "king"},
        {"commune_code": "x9"},
        {"registered_on": "31/02/2026"},
        {"registered_on": "01/01/9999"},
        {"gln": "1234567890123"},
        {"unknown": "1"},
    ],
)
def test_a_bad_value_is_refused_by_its_field(changes) -> None:
    with pytest.raises(ValidationError) as found:
        an_input(**changes)
    assert found.value.errors()[0]["loc"][0] == next(iter(changes))


def test_a_draft_or_suspended_producer_cannot_act(database: Database) -> None:
    made = register(database)
    with pytest.raises(RuleBroken, match=r"producers\.still_draft"):
        made.must_be_approved()
    made.state = ProducerState.SUSPENDED
    with pytest.raises(RuleBroken, match=r"producers\.suspended"):
        made.must_be_approved()


def test_an_agency_moves_no_producer_out_of_its_own_scope(database: Database) -> None:
    made = register(database)
    officer = factories.officer(Permission.APPROVE_FACILITY, scope=VINH_LONG)
    moved = an_input(province_code="08", commune_name="Xã Cao Bồ")
    with pytest.raises(RuleBroken, match="outside_scope"), database.transaction(officer) as session:
        producers.revise(session, officer, made.id, moved)
    with database.transaction(officer) as session:
        producers.revise(session, officer, made.id, an_input(name="Tổ hợp tác Cốm"))
