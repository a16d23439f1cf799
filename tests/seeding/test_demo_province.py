"""The demo province as it is loaded: complete, conserved to the gram, honest, and loaded once or not at all."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, func, select

from tests.databases import SQLITE_ONLY
from traceability import installation, seeding
from traceability.config import Mode, Settings, WrongSettings
from traceability.db import Database
from traceability.domain import balance, ledger
from traceability.domain.accounts import Account, AccountInput, Handover, open_account
from traceability.domain.actors import SYSTEM
from traceability.domain.agencies import Agency
from traceability.domain.areas import AreaCode, AreaState, CodeState, GrowingArea
from traceability.domain.batches import Batch, BatchState
from traceability.domain.certificates import Certificate
from traceability.domain.clock import today
from traceability.domain.deliveries import Delivery
from traceability.domain.doubts import Doubt
from traceability.domain.history import Event, EventType
from traceability.domain.laboratory import LabTest
from traceability.domain.ledger import LogEntry
from traceability.domain.lineage import BatchInput
from traceability.domain.ownership import EVERYTHING
from traceability.domain.passwords import matches
from traceability.domain.pictures import Picture, PictureKind
from traceability.domain.producers import Producer, ProducerState, Register
from traceability.domain.products import Product, ProductState
from traceability.domain.recalls import Recall
from traceability.domain.scans import Scan, VisitorKey
from traceability.domain.stamps import RangeState, StampEpoch, StampOrder, StampRange
from traceability.seeding import source
from traceability.seeding.sign_ins import SignIns

TENTH_OF_A_KG = 100


def honest(session: Session) -> list[str]:
    """The ids of the 150 sound batches; the suspicious ones that came in stand beside them, never published."""
    names = [entry["batch_id"] for entry in source.batches()]
    return list(session.exec(select(Batch.id).where(col(Batch.external_ref).in_(names))).all())


def count(session: Session, table: type[SQLModel], *conditions: Any) -> int:
    return session.exec(select(func.count()).select_from(table).where(*conditions)).one()


def test_the_counts_are_exactly_those_of_the_province(demo_database: Database) -> None:
    with demo_database.reading(EVERYTHING) as session:
        own = Producer.register_of == Register.VINH_LONG
        assert count(session, Producer, own) == 37
        assert count(session, Producer, own, col(Producer.has_stamps)) == 17
        with_account = select(func.count(func.distinct(Account.producer_id))).join(Producer).where(own)
        assert session.exec(with_account).one() == 17
        assert count(session, Product, Product.register_of == Register.VINH_LONG) == 61
        assert count(session, Agency) == 12
        assert (count(session, Producer), count(session, Product)) == (51, 85)
        assert (count(session, GrowingArea), count(session, Certificate)) == (42, 99)
        sound = honest(session)
        assert len(sound) == count(session, LabTest, col(LabTest.batch_id).in_(sound)) == 150
        assert count(session, Picture, Picture.kind == PictureKind.ILLUSTRATION) == 85
        assert count(session, Account) == 17 + 14 + 12 + 1
        assert count(session, Handover) == 17 + 14 + 12
        assert count(session, StampOrder) == 51


def test_every_batch_is_conserved_and_ends_with_the_stock_of_the_data(demo_database: Database) -> None:
    with demo_database.reading(EVERYTHING) as session:
        rows = {batch.external_ref: batch for batch in session.exec(select(Batch)).all()}
        for entry in source.batches():
            batch = rows[entry["batch_id"]]
            shipped = sum(round(shipment["quantity_kg"] * 1000) for shipment in entry["shipments"])
            processed = round(entry["consumed_by_processing_kg"] * 1000)
            assert batch.shipped_g + batch.used_g == shipped + processed, entry["batch_id"]
            assert abs(batch.on_hand_g - round(entry["stock_kg"] * 1000)) <= 2 * TENTH_OF_A_KG
            told = balance.account(session, batch)
            assert (told.made_g, told.on_hand_g, told.lost_g) == (batch.made_g, batch.on_hand_g, batch.lost_g)
        assert all(rows[entry["batch_id"]].state is BatchState.RELEASED for entry in source.batches())


def test_a_shelf_life_counts_from_the_packing_of_the_moved_year(demo_database: Database) -> None:
    with demo_database.reading(EVERYTHING) as session:
        for batch, product in session.exec(select(Batch, Product).join(Product)).all():
            start = batch.packed_on or batch.started_on
            assert batch.best_before_on is not None
            assert (batch.best_before_on - start).days == product.shelf_life_days
        assert count(session, Event, Event.happened_at > sa.func.current_timestamp()) == 0
        newest = session.exec(select(func.max(Batch.started_on))).one()
        assert (today() - newest).days < 366


def test_what_happened_is_all_there(demo_database: Database) -> None:
    entries = source.batches()
    with demo_database.reading(EVERYTHING) as session:
        sound = honest(session)
        events = select(Event.type).where(col(Event.batch_id).in_(sound))
        found = Counter(session.exec(events).all())
        inputs = session.exec(select(BatchInput).where(col(BatchInput.batch_id).in_(sound))).all()
        deliveries = session.exec(select(Delivery).where(col(Delivery.batch_id).in_(sound))).all()
    raw = [part for entry in entries for part in entry.get("raw_inputs", [])]
    gains = [row for entry in entries for row in entry["events"] if row["output_kg"] > row["input_kg"]]
    between = [part for part in raw if part["kind"] == "batch"]
    assert len(inputs) == len(raw) + len(gains) == 24 + 16
    assert len([row for row in inputs if row.material]) == 9 + 16
    assert len(deliveries) == sum(len(entry["shipments"]) for entry in entries) + len(
        [row for row in inputs if row.delivery_id]
    )
    assert len([row for row in inputs if row.source_batch_id]) == len(between) == 15
    assert found[EventType.HARVEST] == 127
    assert found[EventType.SHIP] == len(deliveries)
    assert found[EventType.TEST] == 150
    treated = sum(len(entry["inputs"]) for entry in entries)
    assert found[EventType.TREAT] >= treated == 284


def test_nothing_is_flagged_recalled_or_waiting_but_what_the_data_says(demo_database: Database) -> None:
    with demo_database.reading(EVERYTHING) as session:
        assert count(session, Recall) == count(session, Doubt) == 0
        suspended = session.exec(select(GrowingArea).where(GrowingArea.state != AreaState.APPROVED)).all()
        assert ["Chánh An" in area.name for area in suspended] == [True]
        codes = session.exec(select(AreaCode).where(AreaCode.state != CodeState.GRANTED)).all()
        assert {code.area_id for code in codes} == {suspended[0].id}
        assert count(session, Producer, Producer.state != ProducerState.APPROVED) == 0
        assert count(session, Product, Product.state != ProductState.APPROVED) == 0
        assert count(session, Product, col(Product.picture_id).is_(None)) == 0


def test_those_without_account_are_recorded_by_the_data_entry_agency(demo_database: Database) -> None:
    with demo_database.reading(EVERYTHING) as session:
        agency = session.exec(select(Agency).where(Agency.code == "A03")).one()
        rows = {batch.external_ref: batch for batch in session.exec(select(Batch)).all()}
        holders = {account.id: account for account in session.exec(select(Account)).all()}
    for entry in source.batches():
        batch = rows[entry["batch_id"]]
        on_behalf = entry["recorded_by"] == "agency:A03"
        assert batch.on_behalf_agency_id == (agency.id if on_behalf else None)
        holder = holders[batch.recorded_by_id or ""]
        assert holder.agency_id == agency.id if on_behalf else holder.producer_id == batch.producer_id


def test_stamps_are_demo_stamps_and_as_many_as_the_data_says(demo_database: Database) -> None:
    wanted = [entry["stamps"] for entry in source.batches() if entry["stamps"]]
    with demo_database.reading(EVERYTHING) as session:
        assert all(session.exec(select(StampEpoch.demo)).all())
        orders = session.exec(select(StampOrder)).all()
        ranges = session.exec(select(StampRange)).all()
    assert all(order.demo and order.code_root and order.ready_at for order in orders)
    sizes: Counter[RangeState] = Counter()
    for stamps in ranges:
        sizes[stamps.state] += stamps.count
    assert sizes[RangeState.VOID] == sum(stamps["voided"] for stamps in wanted)
    assert sizes[RangeState.SUSPENDED] == 1
    assert 100 <= sizes[RangeState.PRINTED] <= 2000
    assert sizes.total() == sum(stamps["applied"] + stamps["voided"] for stamps in wanted)


def test_scans_are_of_the_last_weeks_and_name_nobody(demo_database: Database) -> None:
    with demo_database.reading(EVERYTHING) as session:
        scans = session.exec(select(Scan)).all()
        assert count(session, VisitorKey) == 0
    assert len(scans) > 200
    assert all(0 < (today() - scan.at.date()).days <= 31 for scan in scans)


@SQLITE_ONLY
def test_every_row_is_as_the_log_last_said(demo_database: Database) -> None:
    with demo_database.reading(EVERYTHING) as session:
        said: dict[tuple[str, str, int], set[bytes]] = {}
        for line in session.exec(select(LogEntry)).all():
            said.setdefault((line.table_name, line.record_id, line.revision), set()).add(line.entry_hash)
        for table in (Producer, Product, GrowingArea, Batch, Event, StampRange, Certificate, Account):
            for row in session.exec(select(table)).all():
                name = str(table.__tablename__)
                assert said[name, row.id, row.revision] == {ledger.entry_hash(row)}


@SQLITE_ONLY
def test_passwords_are_in_the_file_and_only_their_hashes_in_the_database(
    demo_database: Database, demo_settings: Settings
) -> None:
    sign_ins = SignIns(demo_settings.data_dir)
    assert sign_ins.path.stat().st_mode & 0o777 == 0o600
    with demo_database.reading(EVERYTHING) as session:
        accounts = session.exec(select(Account)).all()
    passwords = [sign_ins.known(account.username) for account in accounts]
    assert len(set(passwords)) == len(accounts)
    assert None not in passwords
    assert matches(accounts[0].password_hash, passwords[0] or "")
    content = Path(demo_settings.database_url.removeprefix("sqlite:///")).read_bytes()
    assert not any(str(password).encode() in content for password in passwords)


# --- once, or not at all ---------------------------------------------------------------------------------------------


@SQLITE_ONLY
def test_a_demo_that_is_there_is_not_loaded_again(demo_database: Database, demo_settings: Settings) -> None:
    assert seeding.load_demo(demo_database, demo_settings, demo_settings.keyring()) is False
    with demo_database.reading(EVERYTHING) as session:
        assert len(honest(session)) == 150


@SQLITE_ONLY
def test_what_a_broken_start_left_is_thrown_away_by_the_next(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall_over(_loading: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(seeding, "STEPS", (seeding.people.load, fall_over))
    with pytest.raises(KeyboardInterrupt):
        seeding.load_demo(database, settings, settings.keyring())
    assert installation.purpose(database) == installation.LOADING
    first = SignIns(settings.data_dir).known("dn-f01")
    monkeypatch.setattr(seeding, "STEPS", (seeding.people.load,))
    assert seeding.load_demo(database, settings, settings.keyring())
    assert installation.purpose(database) == Mode.DEMO
    with database.reading(EVERYTHING) as session:
        assert count(session, Producer) == 51
    assert SignIns(settings.data_dir).known("dn-f01") == first


@SQLITE_ONLY
def test_a_database_that_somebody_else_has_filled_is_refused(database: Database, settings: Settings) -> None:
    with database.transaction(SYSTEM) as session:
        value = AccountInput(username="someone", display_name="Someone")
        open_account(session, SYSTEM, value)
    with pytest.raises(WrongSettings, match="neither empty nor a demo"):
        seeding.load_demo(database, settings, settings.keyring())


@SQLITE_ONLY
def test_a_demo_never_becomes_a_real_installation_nor_the_reverse(
    database: Database, settings: Settings
) -> None:
    production = replace(settings, mode=Mode.PRODUCTION)
    with pytest.raises(WrongSettings, match="demo mode only"):
        seeding.load_demo(database, production, settings.keyring())
    for purpose, refused, words in (
        (Mode.DEMO.value, Mode.PRODUCTION, "never become real"),
        (installation.LOADING, Mode.PRODUCTION, "never become real"),
        (Mode.PRODUCTION.value, Mode.DEMO, "real installation"),
    ):
        with database.transaction(SYSTEM) as session:
            installation.decide(session, purpose)
        with pytest.raises(WrongSettings, match=words):
            installation.must_suit(database, refused)
