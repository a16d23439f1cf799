"""Accounts: who may open, end and hand over which, and what ends with them."""

import pytest
from sqlmodel import col, select

from tests import factories
from traceability.db import Database
from traceability.domain import (
    accounts,
    notices,
    password_links,
    records,
    second_factor,
    sessions,
    signing_out,
)
from traceability.domain.accounts import Account, AccountInput, DetailsInput, HandoverInput
from traceability.domain.actors import SYSTEM, Actor, Permission, Role
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ledger import LogLeaf
from traceability.domain.notices import Notice
from traceability.domain.ownership import EVERYTHING
from traceability.domain.sessions import OneTimeLink, SignInSession


def opened(database: Database, actor: Actor, **values: str) -> Account:
    with database.transaction(actor) as session:
        value = AccountInput.model_validate({"username": "nguoi-moi", "display_name": "Người mới"} | values)
        return accounts.open_account(session, actor, value)


def department(database: Database) -> Actor:
    """An account of the department that manages accounts in the province."""
    of = factories.agency(database, Permission.VIEW_ALL, Permission.MANAGE_ACCOUNTS)
    return factories.actor_of(database, factories.account(database, of))


def test_the_department_opens_accounts_of_producers_and_agencies(database: Database) -> None:
    actor, owner = department(database), factories.producer(database)
    market = factories.agency(database, Permission.VOID_STAMPS)
    assert (
        opened(database, actor, username="ql1", display_name="Quản lý", producer_id=owner.id).role
        is Role.MANAGER
    )
    assert opened(database, actor, username="ql2", agency_id=market.id).role is Role.INSPECTOR


def test_accounts_of_a_data_entry_agency_enter_data(database: Database) -> None:
    unit = factories.agency(database, Permission.DATA_ENTRY_ON_BEHALF)
    assert factories.account(database, unit).role is Role.DATA_ENTRY


def test_the_department_makes_no_administrators(database: Database) -> None:
    with pytest.raises(RuleBroken, match="not_permitted"):
        opened(database, department(database))


def test_a_producer_of_another_province_is_out_of_the_departments_reach(database: Database) -> None:
    actor = department(database)
    stranger = factories.producer(
        database, province_code="96", commune_code="31825", commune_name="Xã Đất Mũi"
    )
    theirs = factories.account(database, stranger)
    with pytest.raises(NotFound):
        opened(database, actor, producer_id=stranger.id)
    with pytest.raises(NotFound), database.transaction(actor) as session:
        accounts.disable(session, actor, theirs.id)


def test_an_agency_with_a_wider_scope_is_out_of_the_departments_reach(database: Database) -> None:
    actor = department(database)
    ministry = factories.agency(database, Permission.VIEW_ALL, provinces=None)
    with pytest.raises(NotFound):
        opened(database, actor, agency_id=ministry.id)


def test_nobody_but_an_administrator_touches_an_administrator(database: Database) -> None:
    administrator = factories.account(database)
    actor = department(database)
    with pytest.raises(NotFound), database.transaction(actor) as session:
        password_links.make_link(session, actor, administrator.id)


def test_a_manager_opens_and_ends_clerks_of_its_own_producer_only(database: Database) -> None:
    owner, neighbour = factories.producer(database), factories.producer(database)
    actor = factories.actor_of(database, factories.account(database, owner))
    clerk = opened(database, actor, role="clerk", producer_id=owner.id)
    with database.transaction(actor) as session:
        assert accounts.disable(session, actor, clerk.id).disabled_at is not None
    with pytest.raises(NotFound):
        opened(database, actor, username="khac", role="clerk", producer_id=neighbour.id)
    with pytest.raises(RuleBroken, match="not_permitted"):
        opened(database, actor, username="ql2", role="manager", producer_id=owner.id)
    other_manager = factories.account(database, owner)
    with pytest.raises(NotFound), database.transaction(actor) as session:
        accounts.disable(session, actor, other_manager.id)


def test_a_clerk_opens_no_accounts(database: Database) -> None:
    owner = factories.producer(database)
    actor = factories.actor_of(database, factories.account(database, owner, role=Role.CLERK))
    with pytest.raises(RuleBroken, match="not_permitted"):
        opened(database, actor, role="clerk", producer_id=owner.id)


def test_a_username_is_given_once(database: Database) -> None:
    factories.account(database, username="cq-a01")
    with pytest.raises(RuleBroken) as refused:
        opened(database, SYSTEM, username="CQ-A01")
    assert refused.value.field == "username"


def test_the_last_administrator_stays(database: Database) -> None:
    one, two = factories.account(database), factories.account(database)
    first, second = factories.actor_of(database, one), factories.actor_of(database, two)
    with database.transaction(first) as session:
        accounts.disable(session, first, two.id)
    with pytest.raises(RuleBroken, match="last_administrator"), database.transaction(second) as session:
        accounts.disable(session, second, one.id)


def test_nobody_ends_the_account_it_uses(database: Database) -> None:
    factories.account(database)
    actor = factories.actor_of(database, factories.account(database))
    with pytest.raises(RuleBroken, match="own_account"), database.transaction(actor) as session:
        accounts.disable(session, actor, actor.user_id or "")


def test_disabling_ends_sessions_and_links(database: Database) -> None:
    account = factories.account(database, factories.producer(database))
    with database.transaction(SYSTEM) as session:
        token = sessions.begin(session, account.id)
        link = password_links.make_link(session, SYSTEM, account.id)
        accounts.disable(session, SYSTEM, account.id)
    with database.reading(EVERYTHING) as session:
        assert session.get_one(SignInSession, sessions.token_hash(token)).revoked_at is not None
        assert session.get_one(OneTimeLink, sessions.token_hash(link)).used_at is not None
        assert password_links.holder(session, link) is None


def test_an_account_is_signed_out_everywhere_and_stays_open(database: Database) -> None:
    owner = factories.producer(database)
    account, other = factories.account(database, owner), factories.account(database, owner)
    with database.transaction(SYSTEM) as session:
        tokens = [sessions.begin(session, account.id) for _ in range(2)]
        left_alone = sessions.begin(session, other.id)
        link = password_links.make_link(session, SYSTEM, account.id)
    actor = factories.actor_of(database, factories.account(database))
    with database.transaction(actor) as session:
        signing_out.end_sessions(session, actor, account.id)
    with database.reading(EVERYTHING) as session:
        for token in tokens:
            assert session.get_one(SignInSession, sessions.token_hash(token)).revoked_at is not None
        assert session.get_one(SignInSession, sessions.token_hash(left_alone)).revoked_at is None
        assert password_links.holder(session, link) is None
        assert session.get_one(Account, account.id).disabled_at is None
        leaf = session.exec(select(LogLeaf).order_by(col(LogLeaf.position).desc())).first()
        assert leaf is not None
        assert (leaf.kind, leaf.actor) == ("account.sessions_ended", actor.user_id)
        told = session.exec(select(Notice).where(Notice.producer_id == owner.id)).all()
        assert "account_sessions_ended" in {notice.code for notice in told}


def test_only_who_manages_an_account_signs_its_holder_out(database: Database) -> None:
    account = factories.account(database, factories.producer(database))
    neighbour = factories.actor_of(database, factories.account(database, factories.producer(database)))
    with pytest.raises(NotFound), database.transaction(neighbour) as session:
        signing_out.end_sessions(session, neighbour, account.id)
    administrator = factories.actor_of(database, factories.account(database))
    with pytest.raises(RuleBroken, match="own_sessions"), database.transaction(administrator) as session:
        signing_out.end_sessions(session, administrator, administrator.user_id or "")
    with database.transaction(administrator) as session:
        accounts.disable(session, administrator, account.id)
    with pytest.raises(RuleBroken, match="is_disabled"), database.transaction(administrator) as session:
        signing_out.end_sessions(session, administrator, account.id)


def test_an_account_handed_to_a_new_person_forgets_the_old_one(database: Database) -> None:
    account = factories.account(database, factories.producer(database), password="mưa rơi ngoài hiên")
    value = HandoverInput(handed_to="Trần Văn Mới", paper_no="12/BB-BGTK", new_holder=True)
    with database.transaction(SYSTEM) as session:
        token = sessions.begin(session, account.id)
        session.flush()
        handover = accounts.hand_over(session, SYSTEM, account.id, value)
    with database.reading(EVERYTHING) as session:
        assert session.get_one(Account, account.id).password_hash is None
        assert session.get_one(SignInSession, sessions.token_hash(token)).revoked_at is not None
    assert (handover.handed_to, handover.paper_no) == ("Trần Văn Mới", "12/BB-BGTK")


def test_nobody_records_for_a_producer_that_has_its_first_account(database: Database) -> None:
    owner = factories.producer(database)
    unit = factories.agency(database, Permission.DATA_ENTRY_ON_BEHALF)
    officer = factories.account(database, unit)
    with database.transaction(SYSTEM) as session:
        token = sessions.begin(session, officer.id)
        session.flush()
        sessions.act_for(session, sessions.token_hash(token), owner.id)
    factories.account(database, owner)
    with database.reading(EVERYTHING) as session:
        assert session.get_one(SignInSession, sessions.token_hash(token)).acting_for_id is None


def test_nobody_records_any_longer_for_a_producer_whose_account_is_open_again(database: Database) -> None:
    owner = factories.producer(database)
    account = factories.account(database, owner)
    unit = factories.account(database, factories.agency(database, Permission.DATA_ENTRY_ON_BEHALF))
    with database.transaction(SYSTEM) as session:
        accounts.disable(session, SYSTEM, account.id)
        token = sessions.begin(session, unit.id)
        session.flush()
        sessions.act_for(session, sessions.token_hash(token), owner.id)
    with database.transaction(SYSTEM) as session:
        accounts.enable(session, SYSTEM, account.id)
    with database.reading(EVERYTHING) as session:
        assert session.get_one(SignInSession, sessions.token_hash(token)).acting_for_id is None


def test_the_producer_is_told_of_its_new_account(database: Database) -> None:
    owner = factories.producer(database)
    actor = factories.actor_of(database, factories.account(database, owner))
    with database.reading(actor.scope) as session:
        assert "account_opened" in [notice.code for notice in notices.inbox(session, actor)]


def test_the_holder_changes_its_own_details(database: Database) -> None:
    account = factories.account(database, factories.producer(database))
    actor = factories.actor_of(database, account)
    value = DetailsInput.model_validate(
        {"display_name": "Lê Thị Đẹp", "email": "dep@example.org", "phone": "0912 345 678", "language": "en"}
    )
    with database.transaction(actor) as session:
        assert accounts.revise(session, actor, account.id, value).search.startswith("le thi dep")


def test_nobody_lets_itself_into_an_agency_that_may_do_more(database: Database) -> None:
    actor = department(database)
    mightier = factories.agency(database, Permission.REQUEST_RECALL, Permission.VOID_STAMPS)
    theirs = factories.account(database, mightier)
    for act in (password_links.make_link, second_factor.remove):
        with pytest.raises(RuleBroken, match="exceeds"), database.transaction(actor) as session:
            act(session, actor, theirs.id)
    lesser = factories.account(database, factories.agency(database, Permission.MANAGE_ACCOUNTS))
    with database.transaction(actor) as session:
        password_links.make_link(session, actor, lesser.id)
    with database.transaction(SYSTEM) as session:
        records.lock(session, Account, theirs.id).totp_sealed = b"x"
        second_factor.remove(session, SYSTEM, theirs.id)
    with database.reading(SYSTEM.scope) as session:
        told = {(row.code, row.agency_id) for row in session.exec(select(Notice)).all()}
    assert {
        ("account_link_made", lesser.agency_id),
        ("account_second_factor_off", mightier.id),
    } <= told
