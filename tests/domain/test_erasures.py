"""Erasing a person: nothing of them is left, nobody can guess it back, and the log still verifies."""

import hmac
import json
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel, select

from tests import factories
from tests.domain.test_verification import must_be_found
from tests.web.public.test_privacy import everything
from traceability.db import Database
from traceability.domain import (
    accounts,
    api_tokens,
    erasures,
    evidence_photos,
    history,
    ledger,
    personal_data,
    producers,
    records,
    rule_flags,
    stray_doubts,
    verification,
)
from traceability.domain.accounts import Account, Handover, HandoverInput
from traceability.domain.actors import SYSTEM, VISITOR, Actor, Permission
from traceability.domain.api_tokens import TokenInput
from traceability.domain.batches import Batch
from traceability.domain.doubts import Doubt, DoubtKind
from traceability.domain.erasures import DecisionInput, ErasedKind, Erasure, ErasureInput, ErasureState
from traceability.domain.errors import RuleBroken
from traceability.domain.evidence_photos import EvidencePhoto, PhotoInput
from traceability.domain.ledger import LogEntry, LogLeaf, Unlogged
from traceability.domain.ownership import EVERYTHING
from traceability.domain.pictures import StoredPicture
from traceability.domain.producers import Producer
from traceability.domain.records import Record
from traceability.domain.rule_book import RuleCode
from traceability.domain.rule_flags import RuleFlag
from traceability.domain.stray_doubts import StrayDoubt, StrayDoubtInput
from traceability.domain.verification import Tampered

NAME, PHONE, EMAIL, USER = "Trần Thị Rất Riêng", "0909 765 432", "rieng@example.vn", "dn-rieng"
PAPER = "07/YC-XDL"


@pytest.fixture
def first(database: Database) -> Actor:
    return factories.actor_of(database, factories.account(database))


@pytest.fixture
def second(database: Database) -> Actor:
    return factories.actor_of(database, factories.account(database))


@pytest.fixture
def person(database: Database, first: Actor) -> Account:
    """A manager who has been handed an account, has a token, and was looked at."""
    words = {"display_name": NAME, "phone": PHONE, "email": EMAIL, "username": USER}
    account = factories.account(
        database, factories.producer(database), password="mưa rơi ngoài hiên", **words
    )
    with database.transaction(first) as session:
        paper = HandoverInput(handed_to=NAME, paper_no="09/BB-BGTK", note=f"giao cho {NAME}")
        accounts.hand_over(session, first, account.id, paper)
    actor = factories.actor_of(database, account)
    with database.transaction(actor) as session:
        api_tokens.issue(
            session, actor, TokenInput(name=f"máy của {NAME}", scopes=[Permission.VIEW_OWN], days=5)
        )
    personal_data.declare_reading(database, first, "account", account.id)
    return account


def asked(database: Database, actor: Actor, kind: ErasedKind, name: str) -> Erasure:
    with database.transaction(actor) as session:
        return erasures.ask(session, actor, ErasureInput(kind=kind, name=name, paper_no=PAPER))


def carried_out(database: Database, actor: Actor, erasure: Erasure) -> Erasure:
    with database.transaction(actor) as session:
        return erasures.carry_out(session, actor, DecisionInput(erasure_id=erasure.id))


def verified(database: Database) -> verification.Verified:
    with database.one_state() as session:
        return verification.verify(session, [])


def columns_of(table: type[Record]) -> set[str]:
    return set(SQLModel.metadata.tables[str(table.__tablename__)].columns.keys())


def row_of(database: Database, table: type[Record], row_id: str) -> Any:
    with database.reading(EVERYTHING) as session:
        return session.get_one(table, row_id)


def test_nothing_of_an_erased_person_is_left_and_the_log_verifies(
    database: Database, first: Actor, second: Actor, person: Account
) -> None:
    before = verified(database).size
    carried_out(database, second, asked(database, first, ErasedKind.ACCOUNT, f" {USER.upper()} "))
    database.fold()
    stored = everything(database)
    left = [
        word for word in (NAME, PHONE, EMAIL, USER, "0909765432", "09/BB-BGTK") if word.encode() in stored
    ]
    assert left == []
    assert verified(database).size == before + 2  # it was asked for, and done
    account = row_of(database, Account, person.id)
    assert account.disabled_at is not None
    assert (account.password_hash, account.role, account.producer_id) == (
        None,
        person.role,
        person.producer_id,
    )
    with database.reading(EVERYTHING) as session:
        assert all(not token.is_live() for token in api_tokens.of_account(session, person.id))


def test_no_leaf_can_be_guessed_open_any_more(
    database: Database, first: Actor, second: Actor, person: Account
) -> None:
    """With the row's key one could try names until the commitment of an old leaf fits."""

    def opened(key: bytes | None) -> bool:
        assert key is not None
        with database.reading(EVERYTHING) as session:
            bodies = session.exec(select(LogLeaf.body)).all()
        for body in bodies:
            for row in json.loads(body)["rows"]:
                fields = row["fields"]
                if fields.get("id") == person.id and isinstance(fields.get("display_name"), dict):
                    said = ["account", person.id, fields["revision"], "display_name", NAME]
                    guess = hmac.digest(key, ledger.canonical(said), "sha256").hex()
                    if guess == fields["display_name"]["hmac"]:
                        return True
        return False

    assert opened(person.record_key)  # the guess works while the key is there
    carried_out(database, second, asked(database, first, ErasedKind.ACCOUNT, USER))
    assert not opened(row_of(database, Account, person.id).record_key)
    assert person.record_key not in everything(database).split(b"\0")


def test_the_leaf_of_an_erasure_names_rows_and_no_person(
    database: Database, first: Actor, second: Actor, person: Account
) -> None:
    carried_out(database, second, asked(database, first, ErasedKind.ACCOUNT, USER))
    with database.reading(EVERYTHING) as session:
        leaf = session.exec(select(LogLeaf).where(LogLeaf.kind == "person.erased")).one()
    said = leaf.body.decode()
    assert person.id in said
    assert not [word for word in (NAME, USER, PHONE, PAPER) if word in said]
    assert leaf.actor == second.user_id


def test_two_administrators_are_needed(
    database: Database, first: Actor, second: Actor, person: Account
) -> None:
    erasure = asked(database, first, ErasedKind.ACCOUNT, USER)
    with pytest.raises(RuleBroken, match=r"erasures\.second_person"):
        carried_out(database, first, erasure)
    assert row_of(database, Account, person.id).display_name == NAME
    with pytest.raises(RuleBroken, match=r"erasures\.waiting"):
        asked(database, second, ErasedKind.ACCOUNT, USER)
    carried_out(database, second, erasure)
    with pytest.raises(RuleBroken, match=r"erasures\.decided"):
        carried_out(database, second, erasure)


def test_a_refused_request_erases_nothing(
    database: Database, first: Actor, second: Actor, person: Account
) -> None:
    erasure = asked(database, first, ErasedKind.ACCOUNT, USER)
    with database.transaction(first) as session:
        erasures.refuse(session, first, DecisionInput(erasure_id=erasure.id))
    with pytest.raises(RuleBroken, match=r"erasures\.decided"):
        carried_out(database, second, erasure)
    assert row_of(database, Account, person.id).phone is not None
    assert row_of(database, Erasure, erasure.id).state is ErasureState.REFUSED


def test_only_the_platform_s_administrators_erase(database: Database, person: Account) -> None:
    manager = factories.actor_of(database, person)
    with pytest.raises(RuleBroken, match=r"access\.not_permitted"):
        asked(database, manager, ErasedKind.ACCOUNT, USER)


@pytest.mark.parametrize("kind", list(ErasedKind))
def test_a_name_that_is_not_on_record_is_said(database: Database, first: Actor, kind: ErasedKind) -> None:
    with pytest.raises(RuleBroken, match=r"erasures\.unknown \[name\]"):
        asked(database, first, kind, "khong-co-ai")


def test_one_s_own_account_and_the_last_administrator_stay(database: Database, first: Actor) -> None:
    with database.reading(EVERYTHING) as session:
        own = session.get_one(Account, first.user_id)
    with pytest.raises(RuleBroken, match=r"accounts\.own_account"):
        asked(database, first, ErasedKind.ACCOUNT, own.username)


def test_who_reported_a_doubt_is_forgotten_and_the_report_s_outcome_stays(
    database: Database, first: Actor, second: Actor
) -> None:
    value = StrayDoubtInput(kind=DoubtKind.OTHER, text=f"Tôi là {NAME}", contact=PHONE, place="trước nhà tôi")
    with database.transaction(VISITOR) as session:
        doubt = stray_doubts.report(session, VISITOR, value)
    carried_out(database, second, asked(database, first, ErasedKind.REPORT, doubt.ticket.lower()))
    row = row_of(database, StrayDoubt, doubt.id)
    assert (row.contact, row.text, row.place, row.kind) == ("", "", "", doubt.kind)
    database.fold()
    assert NAME.encode() not in everything(database)
    with pytest.raises(RuleBroken, match=r"erasures\.nothing"):
        asked(database, first, ErasedKind.REPORT, doubt.ticket)
    assert verified(database).size


def test_a_report_of_nothing_but_a_photo_can_be_forgotten(
    database: Database, first: Actor, second: Actor
) -> None:
    digest = "ab" * 32
    with database.transaction(VISITOR) as session:
        value = StrayDoubtInput(kind=DoubtKind.OTHER)
        doubt = stray_doubts.report(session, VISITOR, value, photo=digest)
    carried_out(database, second, asked(database, first, ErasedKind.REPORT, doubt.ticket))
    assert row_of(database, StrayDoubt, doubt.id).photo is None
    database.fold()
    assert digest.encode() not in everything(database)
    assert verified(database).size


def test_who_is_on_a_photo_of_evidence_is_forgotten_at_every_entry_that_shows_it(
    database: Database, first: Actor, second: Actor
) -> None:
    owner = factories.producer(database)
    manager = factories.actor_of(database, factories.account(database, owner))
    made = [factories.harvest(database, owner).id for _ in range(2)]
    with database.reading(EVERYTHING) as session:
        events = [history.history(session, batch_id)[0] for batch_id in made]
    shown = StoredPicture("cd" * 32, 300, 200, 9_000)
    with database.transaction(manager) as session:
        note = PhotoInput(note=f"{NAME} hái bưởi")
        photos = [evidence_photos.add(session, manager, event, shown, note) for event in events]
        other = evidence_photos.add(session, manager, events[0], StoredPicture("ef" * 32, 30, 20, 900), note)
    address = f"/inspector/photos/{photos[0].id}?small=1"
    carried_out(database, second, asked(database, first, ErasedKind.PHOTO, address))
    for photo in photos:
        row = row_of(database, EvidencePhoto, photo.id)
        assert (row.sha256, row.note, row.size, row.event_id) == (None, "", 0, photo.event_id)
    with database.reading(EVERYTHING) as session:
        left = evidence_photos.of_subjects(session, events)
    assert [[one.id for one in some] for some in left.values()] == [[other.id]]
    database.fold()
    assert b"cdcdcd" not in everything(database)
    with pytest.raises(RuleBroken, match=r"erasures\.nothing"):
        asked(database, first, ErasedKind.PHOTO, photos[1].id)
    with database.transaction(manager) as session:  # two that were erased stand beside each other
        again = evidence_photos.add(session, manager, events[0], shown, note)
    carried_out(database, second, asked(database, first, ErasedKind.PHOTO, again.id))
    assert verified(database).size


def test_a_producer_s_contact_goes_and_the_producer_works_on(
    database: Database, first: Actor, second: Actor
) -> None:
    producer = factories.producer(database, phone=PHONE, email=EMAIL)
    carried_out(database, second, asked(database, first, ErasedKind.CONTACT, producer.code))
    database.fold()
    assert EMAIL.encode() not in everything(database)
    factories.harvest(database, producer)
    with database.transaction(first) as session:
        producers.set_stamps(session, first, producer.id, False)  # its row changes on, under its fresh key
    assert row_of(database, Producer, producer.id).phone is None
    assert verified(database).size


def test_a_row_that_is_emptied_without_the_fact_is_found(
    database: Database, first: Actor, person: Account
) -> None:
    table = SQLModel.metadata.tables["account"]
    for changes in ({"display_name": erasures.GONE}, {"record_key": b"k" * 32}, {"record_key": None}):
        with database.engine.connect().execution_options(write=True) as connection:
            connection.execute(sa.update(table).where(table.c.id == person.id).values(**changes))
            with database.reading(EVERYTHING) as session, pytest.raises(Tampered, match=person.id):
                session.bind = connection
                verification.verify(session, [])
            connection.rollback()


def flagged(database: Database, batch: Batch, account: Account) -> RuleFlag:
    """A flag that is raised in the same transaction in which an account changes, and nothing else."""
    with database.transaction(SYSTEM) as session:
        records.lock(session, Account, account.id).language = "en"
        ledger.record(session, "account.revised", session.get_one(Account, account.id))
        flag = RuleFlag(
            producer_id=batch.producer_id,
            rule=RuleCode.OVER_YIELD,
            subject_table="batch",
            subject_id=batch.id,
            batch_id=batch.id,
            stands=1,
        )
        return rule_flags.raise_flag(session, flag)


def as_entry(database: Database, row: Record, **changes: Any) -> tuple[Any, dict[str, Any]]:
    """What somebody with a database shell writes: a changed row, and the entry that would cover it."""
    with database.reading(EVERYTHING) as session:
        forged: Any = session.get_one(type(row), row.id)
        for column, value in (changes | {"revision": forged.revision + 1}).items():
            setattr(forged, column, value)
        entry = {
            "table_name": str(type(row).__tablename__),
            "record_id": row.id,
            "revision": forged.revision,
            "entry_hash": ledger.entry_hash(forged),
        }
        session.expunge_all()
        session.rollback()
    table = SQLModel.metadata.tables[entry["table_name"]]
    edit = sa.update(table).where(table.c.id == row.id).values(**changes, revision=entry["revision"])
    return edit, entry


def test_rows_that_are_forged_after_an_erasure_are_found(
    database: Database, first: Actor, second: Actor, person: Account
) -> None:
    """The key of the erased row, under which its old leaves are veiled, is gone: nothing can hide behind that."""
    batch = factories.harvest(database, factories.producer(database), 1000)
    flag = flagged(database, batch, person)
    carried_out(database, second, asked(database, first, ErasedKind.ACCOUNT, USER))
    assert verified(database).rows["rule_flag"] == 1
    with database.reading(EVERYTHING) as session:
        led = (LogEntry.position == LogLeaf.position, LogEntry.place == 0)
        named = (LogEntry.table_name, LogEntry.record_id)
        leaves = select(LogEntry.position, LogLeaf.kind, *named).join(LogLeaf, led[0]).where(led[1])  # type: ignore[call-overload,arg-type]
        positions = {
            (table, kind): position
            for position, kind, table, row_id in session.exec(leaves).all()
            if row_id in (person.id, batch.id) or kind == "person.erased"
        }
        last = dict(
            session.exec(
                select(LogEntry.position, sa.func.max(LogEntry.place)).group_by(LogEntry.position)
            ).all()  # type: ignore[call-overload,arg-type]
        )
    assert {table for table, _kind in positions} == {"account", "batch", "erasure"}
    entries, flags = SQLModel.metadata.tables["log_entry"], SQLModel.metadata.tables["rule_flag"]
    for row, changes in ((batch, {"made_g": 1_500_000, "on_hand_g": 1_500_000}), (flag, {"title": "x"})):
        edit, entry = as_entry(database, row, **changes)
        must_be_found(database, edit)
        for position in positions.values():
            planted = entry | {"position": position, "place": last[position] + 1}
            must_be_found(database, edit, sa.insert(entries).values(**planted))
    about_flag = entries.c.record_id == flag.id
    must_be_found(database, sa.delete(entries).where(about_flag), sa.delete(flags))
    must_be_found(database, sa.delete(flags))
    batches = SQLModel.metadata.tables["batch"]
    must_be_found(database, sa.delete(batches).where(batches.c.id == batch.id))


def test_only_flags_lie_under_a_veil(database: Database, person: Account) -> None:
    batch = factories.harvest(database, factories.producer(database), 1000)
    with pytest.raises(Unlogged, match="under a veil: account"), database.transaction(SYSTEM) as session:
        records.lock(session, Account, person.id).language = "en"
        records.lock(session, Batch, batch.id).page_version += 1
        ledger.record(session, "batch.closed", session.get_one(Batch, batch.id))
        ledger.record(session, "account.revised", session.get_one(Account, person.id), veiled=True)


def test_whatever_can_be_erased_is_known_to_carry_no_veil() -> None:
    assert {table for table in verification.logged_tables() if table.ERASABLE} == erasures.PERSONAL.keys()


def test_every_personal_column_exists_and_accounts_keep_none(database: Database) -> None:
    for table, columns in erasures.PERSONAL.items():
        assert set(columns) <= columns_of(table)
    kept = columns_of(Account) - set(erasures.PERSONAL[Account])
    assert kept == {
        "id", "revision", "record_key", "created_at", "role", "producer_id", "agency_id", "language", "disabled_at",
    }  # fmt: skip
    reported = columns_of(Doubt) - set(erasures.PERSONAL[Doubt])
    assert reported == {
        "id", "revision", "record_key", "created_at", "producer_id", "ticket", "batch_id", "epoch_number", "serial",
        "kind", "state", "outcome", "answered_at", "answered_by_id",
    }  # fmt: skip
    stray = columns_of(StrayDoubt) - set(erasures.PERSONAL[StrayDoubt])
    assert stray == reported - {"producer_id", "batch_id", "epoch_number", "serial"} | {
        "typed"
    }  # on the stamp
    assert columns_of(EvidencePhoto) - set(erasures.PERSONAL[EvidencePhoto]) == {
        "id", "revision", "record_key", "created_at", "producer_id", "diary_entry_id", "event_id", "recorded_by_id",
        "on_behalf_agency_id", "withdrawn_at", "withdrawn_by_id",
    }  # fmt: skip
    assert columns_of(Handover) - set(erasures.PERSONAL[Handover]) == {
        "id", "revision", "record_key", "created_at", "account_id", "handed_by_id", "at",
    }  # fmt: skip
