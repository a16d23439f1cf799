"""Signing in: what is counted, what locks, what is good once."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest
import time_machine

from tests import factories
from traceability.db import Database
from traceability.domain import agencies, password_links, passwords, second_factor, sessions, sign_in
from traceability.domain.accounts import Account
from traceability.domain.actors import SYSTEM, Permission, Role
from traceability.domain.agencies import AgencyState
from traceability.domain.clock import now
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import EVERYTHING
from traceability.domain.password_links import LinkPasswordInput
from traceability.domain.sessions import SignInSession
from traceability.domain.sign_in import SignInGuard
from traceability.keys import Keyring

PASSWORD = "mưa rơi ngoài hiên"


@pytest.fixture
def account(database: Database) -> Account:
    return factories.account(database, factories.producer(database), username="dn-f01", password=PASSWORD)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(RuleBroken) as refused:
        act()
    return refused.value.code


def test_name_and_password_let_in_whatever_their_case_and_form(database: Database, account: Account) -> None:
    decomposed = "mưa rơi ngoài hiên"
    typed = sign_in.SignInInput(username=" DN-F01 ", password=decomposed)
    assert sign_in.by_password(database, typed.username, typed.password).id == account.id


@pytest.mark.parametrize("name", ["dn-f01", "khong-ai", "x" * 500, "a\x00b", "", "đồng"])
def test_a_wrong_password_and_an_unknown_name_get_one_answer(
    database: Database, account: Account, name: str
) -> None:
    assert refusal(lambda: sign_in.by_password(database, name, "sai rồi nhé bạn")) == "sign_in.wrong"


def test_an_unknown_name_costs_the_same_work(
    database: Database, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = []
    real = passwords._HASHER.verify.__func__  # type: ignore[attr-defined]
    monkeypatch.setattr(
        type(passwords._HASHER), "verify", lambda self, *args: (verified.append(args), real(self, *args))[1]
    )
    for name in ("dn-f01", "khong-ai", "a\x00b"):
        refusal(lambda name=name: sign_in.by_password(database, name, "sai rồi nhé bạn"))  # type: ignore[misc]
    assert len(verified) == 3
    assert len({hash_.rsplit("$", 2)[0] for hash_, _password in verified}) == 1  # the same cost, too


def test_five_failures_lock_the_name_and_the_lock_grows(database: Database, account: Account) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        for _ in range(sign_in.FREE_FAILURES):
            assert refusal(lambda: sign_in.by_password(database, "dn-f01", "sai")) == "sign_in.wrong"
        with pytest.raises(RuleBroken) as refused:  # even the right one has to wait now
            sign_in.by_password(database, "dn-f01", PASSWORD)
        assert (refused.value.code, refused.value.facts) == ("sign_in.locked_seconds", {"seconds": 60})
        clock.shift(61)
        assert refusal(lambda: sign_in.by_password(database, "dn-f01", "sai")) == "sign_in.wrong"
        with pytest.raises(RuleBroken) as refused:
            sign_in.by_password(database, "dn-f01", PASSWORD)
        assert refused.value.facts == {"minutes": 2}
        clock.shift(121)
        sign_in.by_password(database, "dn-f01", PASSWORD)


def test_the_lock_never_lasts_longer_than_an_hour(database: Database) -> None:
    with time_machine.travel(now(), tick=False) as clock, database.transaction(SYSTEM) as session:
        for _ in range(30):
            sign_in.count_attempt(session, "dn-f01")
            clock.shift(3601)
        guard = session.get_one(SignInGuard, "dn-f01")
        assert guard.locked_until is not None
        assert guard.locked_until - guard.last_failure_at <= timedelta(hours=1)


def test_unknown_names_are_locked_too(database: Database) -> None:
    for _ in range(sign_in.FREE_FAILURES):
        refusal(lambda: sign_in.by_password(database, "khong-ai", "sai"))
    assert refusal(lambda: sign_in.by_password(database, "khong-ai", "sai")).startswith("sign_in.locked")


def test_attempts_at_once_are_all_counted(database: Database, account: Account) -> None:
    outcomes: list[str] = []

    def guess() -> None:
        outcomes.append(refusal(lambda: sign_in.by_password(database, "dn-f01", "sai")))

    guessers = [threading.Thread(target=guess) for _ in range(8)]
    for guesser in guessers:
        guesser.start()
    for guesser in guessers:
        guesser.join()
    assert outcomes.count("sign_in.wrong") == sign_in.FREE_FAILURES
    assert len(outcomes) == 8


def test_signing_in_forgets_the_failures(database: Database, account: Account) -> None:
    for _ in range(3):
        refusal(lambda: sign_in.by_password(database, "dn-f01", "sai"))
    found = sign_in.by_password(database, "dn-f01", PASSWORD)
    with database.transaction(SYSTEM) as session:
        sign_in.welcome(session, found)
        assert session.get_one(SignInGuard, "dn-f01").failures == 0


def test_names_tried_long_ago_leave_no_trace(database: Database) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        with database.transaction(SYSTEM) as session:
            sign_in.count_attempt(session, "khong-ai")
        clock.shift(timedelta(hours=49))
        with database.transaction(SYSTEM) as session:
            sign_in.count_attempt(session, "nguoi-khac")
    with database.reading(EVERYTHING) as session:
        assert session.get(SignInGuard, "khong-ai") is None


def test_accounts_of_a_closed_agency_cannot_sign_in(database: Database) -> None:
    of = factories.agency(database, Permission.INSPECT)
    factories.account(database, of, username="cq-dong", password=PASSWORD)
    with database.transaction(SYSTEM) as session:
        agencies.set_state(session, SYSTEM, of.id, AgencyState.CLOSED)
    assert refusal(lambda: sign_in.by_password(database, "cq-dong", PASSWORD)) == "sign_in.wrong"


def test_a_new_password_ends_every_session(database: Database, account: Account) -> None:
    with database.transaction(SYSTEM) as session:
        token = sessions.begin(session, account.id)
        session.flush()
        sign_in.give_password(session, session.get_one(Account, account.id), "nắng lên đầu ngõ")
    with database.reading(EVERYTHING) as session:
        assert session.get_one(SignInSession, sessions.token_hash(token)).revoked_at is not None


@pytest.mark.parametrize(
    ("password", "code"),
    [("dn-f01", "passwords.like_username"), ("DN-F01!", "passwords.like_username"), ("MatKhau123", "passwords.common"),
     ("Mật khẩu123".replace(" ", ""), "passwords.common"), ("aaaaaaaaaaaa", "passwords.common")],
)  # fmt: skip
def test_passwords_that_everybody_tries_are_refused(password: str, code: str) -> None:
    assert refusal(lambda: passwords.must_be_good(password, "dn-f01")) == code


def test_an_offices_session_ends_sooner_than_a_producers_phone() -> None:
    row = SignInSession(token_hash="x", account_id="a")
    for hours, office, phone in ((11, True, True), (13, False, True), (24 * 31, False, False)):
        at = row.seen_at + timedelta(hours=hours)
        assert sessions.is_live(row, office=True, moment=at) is office
        assert sessions.is_live(row, office=False, moment=at) is phone
    row.seen_at += timedelta(days=7)
    assert not sessions.is_live(row, office=True, moment=row.seen_at + timedelta(minutes=1))


# -- the one-time link ------------------------------------------------------------------------------------------------


def use(database: Database, token: str, password: str = PASSWORD) -> None:
    with database.transaction(SYSTEM) as session:
        value = LinkPasswordInput(password=password, again=password)
        password_links.set_password_by_link(session, SYSTEM, token, value)


def link_for(database: Database, account: Account) -> str:
    with database.transaction(SYSTEM) as session:
        return password_links.make_link(session, SYSTEM, account.id)


def test_a_link_sets_the_password_once(database: Database, account: Account) -> None:
    token = link_for(database, account)
    use(database, token, "nắng lên đầu ngõ")
    assert sign_in.by_password(database, "dn-f01", "nắng lên đầu ngõ").id == account.id
    assert refusal(lambda: use(database, token)) == "links.not_good"


def test_of_eight_who_use_a_link_at_once_one_succeeds(database: Database, account: Account) -> None:
    token, outcomes, start = link_for(database, account), [], threading.Barrier(8)

    def try_it(number: int) -> None:
        start.wait()
        try:
            use(database, token, f"mật khẩu thứ {number}")
            outcomes.append("set")
        except RuleBroken as error:
            outcomes.append(error.code)

    users = [threading.Thread(target=try_it, args=(number,)) for number in range(8)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert sorted(outcomes) == ["links.not_good"] * 7 + ["set"]


def test_a_link_is_worth_nothing_after_three_days(database: Database, account: Account) -> None:
    token = link_for(database, account)
    with time_machine.travel(now() + timedelta(hours=72, seconds=1), tick=False):
        assert refusal(lambda: use(database, token)) == "links.not_good"


def test_a_new_link_ends_the_one_before(database: Database, account: Account) -> None:
    first = link_for(database, account)
    link_for(database, account)
    assert refusal(lambda: use(database, first)) == "links.not_good"


def test_two_different_passwords_are_refused_and_the_link_stays(database: Database, account: Account) -> None:
    token = link_for(database, account)
    with pytest.raises(RuleBroken, match="not_the_same"), database.transaction(SYSTEM) as session:
        value = LinkPasswordInput(password="mưa rơi ngoài hiên", again="mưa rơi ngoài hiện")
        password_links.set_password_by_link(session, SYSTEM, token, value)
    use(database, token)


# -- the second factor ------------------------------------------------------------------------------------------------


@pytest.fixture
def keyring(tmp_path) -> Keyring:
    return Keyring(tmp_path / "keys", demo=True)


def turn_on(database: Database, account: Account, keyring: Keyring, secret: str) -> None:
    actor = factories.actor_of(database, account)
    with database.transaction(actor) as session:
        second_factor.turn_on(session, actor, secret, pyotp.TOTP(secret).at(now()), keyring)


def test_the_second_factor_is_proved_before_it_is_on(
    database: Database, account: Account, keyring: Keyring
) -> None:
    actor, secret = factories.actor_of(database, account), second_factor.new_secret()
    with pytest.raises(RuleBroken, match=r"second_factor\.wrong"), database.transaction(actor) as session:
        second_factor.turn_on(session, actor, secret, "000000", keyring)


def test_a_code_is_good_once(database: Database, account: Account, keyring: Keyring) -> None:
    secret = second_factor.new_secret()
    with time_machine.travel(now(), tick=False) as clock:
        turn_on(database, account, keyring, secret)
        code = pyotp.TOTP(secret).at(now())
        assert (
            refusal(lambda: second_factor.check(database, account.id, code, keyring)) == "second_factor.used"
        )
        clock.shift(30)
        code = pyotp.TOTP(secret).at(now())
        assert second_factor.check(database, account.id, code, keyring)
        assert (
            refusal(lambda: second_factor.check(database, account.id, code, keyring)) == "second_factor.used"
        )


def test_guessing_codes_locks_the_name_although_the_password_is_right(
    database: Database, account: Account, keyring: Keyring
) -> None:
    turn_on(database, account, keyring, second_factor.new_secret())
    seen = set()
    for _ in range(sign_in.FREE_FAILURES + 1):
        try:
            sign_in.by_password(database, "dn-f01", PASSWORD)
            second_factor.check(database, account.id, "000000", keyring)
        except RuleBroken as error:
            seen.add(error.code)
    assert seen == {"second_factor.wrong", "sign_in.locked_seconds"}


def test_the_secret_is_unreadable_in_the_database_and_bound_to_its_account(
    database: Database, account: Account, keyring: Keyring
) -> None:
    secret = second_factor.new_secret()
    turn_on(database, account, keyring, secret)
    with database.reading(EVERYTHING) as session:
        sealed = session.get_one(Account, account.id).totp_sealed
    assert sealed is not None
    assert secret.encode() not in sealed
    assert second_factor.unseal(keyring, account.id, sealed) == secret
    assert refusal(lambda: second_factor.unseal(keyring, "another", sealed)) == "second_factor.damaged"


def test_agencies_and_administrators_must_have_one_outside_the_demo() -> None:
    demanded = {role.value for role in Role if second_factor.is_demanded(role, demo=False)}
    assert demanded == {"inspector", "data_entry", "administrator"}
    assert not any(second_factor.is_demanded(role, demo=True) for role in Role)
