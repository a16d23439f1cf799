"""What is done once a day: nothing is kept too long, and the checkpoint of the log leaves the machine."""

import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask
from sqlmodel import Session, SQLModel, select

from tests import factories
from tests.databases import POSTGRESQL_ONLY
from traceability import create_app, daily, log_keeper, mail
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import digests, housekeeping, notices
from traceability.domain.actors import SYSTEM, Permission
from traceability.domain.clock import now, today
from traceability.domain.notices import Notice
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import Producer
from traceability.mail import Letter, MailServer
from traceability.wording.facts import fact
from traceability.wording.notices import notice


class Postbox:
    """A mail server that takes what comes, but for one receiver, and hangs up at the name of another."""

    def __init__(self) -> None:
        self.letters: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb", buffering=0) as line:
                line.write(b"220 here\r\n")
                while (word := line.readline()) and b"awful@" not in word:
                    if word.upper().startswith(b"DATA"):
                        line.write(b"354 go on\r\n")
                        letter = b""
                        while not letter.endswith(b"\r\n.\r\n"):
                            letter += line.readline()
                        self.letters.append(letter[:-3])
                    refused = word.upper().startswith(b"RCPT") and b"full@" in word
                    line.write(b"552 mailbox full\r\n" if refused else b"250 ok\r\n")


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    box = Postbox()
    yield box
    box.listener.close()


@pytest.fixture
def producer(database: Database, settings: Settings) -> Producer:
    """A producer with a manager, and what it wrote down yesterday."""
    log_keeper.begin(database, settings)
    made = factories.producer(database, email="htx@example.vn")
    factories.account(database, made)
    factories.area(database, made)
    with database.engine.connect().execution_options(write=True) as connection:
        leaves = SQLModel.metadata.tables["log_leaf"]
        connection.execute(sa.update(leaves).values(at=now() - timedelta(days=1)))
        connection.commit()
    return made


def run(app: Flask) -> Result:
    return app.test_cli_runner().invoke(args=["traceability", "daily"])


def digest_notices(database: Database, **of: str) -> list[Notice]:
    with database.reading(EVERYTHING) as session:
        return list(session.exec(select(Notice).where(Notice.code == digests.CODE).filter_by(**of)).all())


def test_producers_and_agencies_get_what_concerns_them_and_the_checkpoint(
    app: Flask, settings: Settings, database: Database, producer: Producer
) -> None:
    near = factories.agency(database, Permission.INSPECT)
    far = factories.agency(database, Permission.INSPECT, provinces=["96"])
    assert run(app).exit_code == 0
    size, root = (settings.key_dir / "newest-checkpoint").read_text().split("\n")[1:3]
    [own] = digest_notices(database, producer_id=producer.id)
    assert own.facts["count"] >= 4  # registered, approved, account opened, area ...
    assert (own.facts["size"], own.facts["root"]) == (int(size), root)
    assert own.facts["day_on"] == (today() - timedelta(days=1)).isoformat()
    [seen] = digest_notices(database, agency_id=near.id)
    assert seen.facts["count"] == own.facts["count"]
    [nothing] = digest_notices(database, agency_id=far.id)
    assert nothing.facts["count"] == 0
    with app.test_request_context("/"):
        said = notice(own.code, own.facts)
    assert root in said
    assert "việc liên quan đến bạn" in said


def test_a_day_s_digest_comes_once_and_takes_the_place_of_earlier_ones(
    app: Flask, database: Database, producer: Producer
) -> None:
    with database.transaction(SYSTEM) as session:
        notices.post(session, digests.CODE, producer_id=producer.id, day_on=today() - timedelta(days=9))
    first = run(app)
    again = run(app)
    assert "0 digests" not in first.output
    assert ": 0 digests" in again.output
    assert len(digest_notices(database, producer_id=producer.id)) == 1


def test_mail_carries_the_signed_checkpoint_and_words_for_what_was_done(
    app: Flask, settings: Settings, database: Database, producer: Producer, postbox: Postbox
) -> None:
    factories.account(database, factories.producer(database, email="full@example.vn"))
    server = MailServer(postbox.url, "tx@example.vn")
    with_mail = create_app(replace(settings, mail=server), database)
    ran = run(with_mail)
    assert (ran.exit_code, "1 mails were not taken" in ran.output) == (
        1,
        True,
    )  # one refused, the other taken
    [letter] = postbox.letters
    read: Any = message_from_bytes(letter, policy=policy.default)
    text = read.get_content()
    assert (read["To"], read["From"]) == ("htx@example.vn", "tx@example.vn")
    note = re.search(r"\S+/log\n\d+\n\S+\n\n— \S+ \S+\n", text)
    checkpoint = log_keeper.read(note[0], log_keeper.vkeys(database, settings))
    assert checkpoint.size > 0
    with app.test_request_context("/"):
        assert f"- {fact('area.registered')}: 1\n" in text
    assert "producer.registered" not in text


def test_a_mail_server_that_is_away_loses_no_digest_in_the_inbox(
    settings: Settings, database: Database, producer: Producer, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        gone = taken.getsockname()[1]
    server = MailServer(f"smtp://hush:hush-hush@127.0.0.1:{gone}", "tx@example.vn")
    assert run(create_app(replace(settings, mail=server), database)).exit_code == 1
    assert len(digest_notices(database, producer_id=producer.id)) == 1
    assert "hush" not in caplog.text


def test_one_address_that_cannot_be_served_stops_no_other(postbox: Postbox) -> None:
    server = MailServer(postbox.url, "tx@example.vn")
    receivers = ("đ@x.vn", "a\nb@x.vn", "awful@example.vn", "full@example.vn", "htx@example.vn")
    answers = list(mail.send(server, [Letter(one, "Nhật ký", "Xin chào") for one in receivers]))
    assert answers == [False, False, False, False, True]
    assert [b"To: htx@example.vn" in letter for letter in postbox.letters] == [True]


def test_what_a_mail_server_did_not_take_goes_out_when_the_day_is_run_again(
    settings: Settings, database: Database, producer: Producer, postbox: Postbox
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        gone = taken.getsockname()[1]
    for url, mails in ((f"smtp://127.0.0.1:{gone}", 0), (postbox.url, 1), (postbox.url, 0)):
        app = create_app(replace(settings, mail=MailServer(url, "tx@example.vn")), database)
        assert f" {mails} mails," in run(app).output
    assert len(postbox.letters) == len(digest_notices(database, producer_id=producer.id)) == 1


@POSTGRESQL_ONLY
def test_two_machines_that_run_the_day_at_once_post_it_once(
    app: Flask, settings: Settings, database: Database, producer: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, asked = threading.Barrier(2), digests.of_day

    def together(session: Session, day: date) -> list[digests.Digest]:
        with suppress(threading.BrokenBarrierError):  # alone here: the other waits for the lock
            both.wait(timeout=0.5)
        return asked(session, day)

    monkeypatch.setattr(digests, "of_day", together)
    with ThreadPoolExecutor(2) as pool:
        made = [one.result() for one in [pool.submit(daily.run, database, settings) for _ in range(2)]]
    assert sorted(done.posted for done in made) == [0, 1]
    assert len(digest_notices(database, producer_id=producer.id)) == 1


#: Table -> the columns of a row past its time, as an age in days, and of one just within it.
_AGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "sign_in_session": (
        {"token_hash": "a", "seen_at": 38, "created_at": 38},
        {"token_hash": "b", "seen_at": 36, "created_at": 36},
    ),
    "one_time_link": (
        {"token_hash": "a", "expires_at": 8, "created_at": 11},
        {"token_hash": "b", "expires_at": 6, "created_at": 9},
    ),
    "access_record": ({"at": 5 * 365 + 1}, {"at": 5 * 365 - 1}),
    "submission": ({"token": "a", "location": "/", "at": 8}, {"token": "b", "location": "/", "at": 6}),
    "repeated_request": ({"key": "a", "at": 31}, {"key": "b", "at": 29}),
}
_WHOSE = {
    "sign_in_session": {"device": ""},
    "one_time_link": {"purpose": "set_password"},
    "access_record": {"subject_table": "producer", "subject_id": "x", "purpose": ""},
    "submission": {},
    "repeated_request": {"asked": "x", "claim": "x"},
}


def _plant(session: Session, table: str, values: dict[str, Any], account_id: str) -> None:
    row = {
        name: now() - timedelta(days=value) if isinstance(value, int) else value
        for name, value in (values | _WHOSE[table]).items()
    }
    session.connection().execute(sa.insert(SQLModel.metadata.tables[table]), row | {"account_id": account_id})


def test_what_is_past_its_time_is_deleted_and_nothing_else(
    app: Flask, database: Database, producer: Producer
) -> None:
    holder = factories.account(database, producer)
    with database.transaction(SYSTEM) as session:
        for table, both in _AGES.items():
            for values in both:
                _plant(session, table, values, holder.id)
    assert run(app).exit_code == 0
    with database.engine.connect() as connection:
        for table, (_old, young) in _AGES.items():
            rows = connection.execute(sa.select(SQLModel.metadata.tables[table])).mappings().all()
            assert len(rows) == 1, table
            assert all(rows[0][name] == value for name, value in young.items() if isinstance(value, str)), (
                table
            )


def test_single_scans_and_visitors_keys_are_forgotten_also_where_nobody_scans(
    app: Flask, database: Database, producer: Producer
) -> None:
    batch = factories.harvest(database, producer)
    scan, key = SQLModel.metadata.tables["scan"], SQLModel.metadata.tables["visitor_key"]
    with database.engine.connect().execution_options(write=True) as connection:
        for days in (29, 32):
            row = {"epoch_number": 1, "serial": 1, "batch_id": batch.id, "verdict": "active"}
            moment = now() - timedelta(days=days)
            connection.execute(sa.insert(scan), row | {"at": moment, "device": "", "language": "vi"})
        connection.execute(sa.insert(key), {"day": today() - timedelta(days=1), "key": b"x"})
        connection.commit()
    with database.transaction(SYSTEM) as session:
        assert housekeeping.tidy(session, today())["scan"] == 1
    with database.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(key)).scalar() == 0


def test_a_part_of_the_day_that_the_database_ended_for_another_is_done_again(
    app: Flask, settings: Settings, database: Database, producer: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Deadlock(Exception):
        sqlstate = "40P01"

    def ends_once(module: Any, name: str) -> None:
        whole, tries = getattr(module, name), iter([True])

        def part(*given: Any, **named: Any) -> Any:
            if next(tries, False):
                raise sa.exc.OperationalError("UPDATE", {}, Deadlock())
            return whole(*given, **named)

        monkeypatch.setattr(module, name, part)

    ends_once(housekeeping, "tidy")
    ends_once(digests, "post")
    with app.test_request_context():
        assert daily.run(database, settings).posted == 1
        assert daily.run(database, settings).posted == 0
