"""The log: a leaf for each fact, canonical, without anything that is not public already."""

import hashlib
import hmac
import json
import unicodedata

import pytest
from sqlmodel import SQLModel, select

from tests import factories
from traceability.db import Database
from traceability.domain import ledger, suspensions, tables
from traceability.domain.actors import SYSTEM, Permission
from traceability.domain.code_authorisations import CodeAuthorisation
from traceability.domain.consignments import Consignment
from traceability.domain.diary import DiaryEntry
from traceability.domain.doubts import Doubt
from traceability.domain.ledger import LogEntry, LogLeaf, Unlogged, canonical
from traceability.domain.logistic_units import LogisticUnit
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import LegalForm, Producer
from traceability.domain.records import Record
from traceability.domain.rule_flags import RuleFlag
from traceability.domain.stamp_checks import StampCheck
from traceability.domain.suspensions import SuspendedKind, SuspensionInput


def register(database: Database, code: str, **values: object) -> Producer:
    with database.transaction(SYSTEM) as session:
        row = Producer(code=code, name=f"Hợp tác xã {code}", legal_form=LegalForm.COOPERATIVE, **values)
        session.add(row)
        ledger.record(session, "producer.registered", row, tenant=row.id)
    return row


def leaves(database: Database) -> list[LogLeaf]:
    with database.reading(EVERYTHING) as session:
        return list(session.exec(select(LogLeaf).order_by(LogLeaf.position)).all())


def test_what_opens_a_page_or_tells_of_trade_never_stands_in_a_leaf() -> None:
    """Numbers that are keys to a page, units on the road, the field book, and which stamp was checked."""
    for table, fields in (
        (CodeAuthorisation, {"number", "paper_no"}),
        (LogisticUnit, {"sscc"}),
        (Consignment, {"number", "market", "buyer"}),
        (DiaryEntry, {"area_id", "task", "done_on"}),
        (StampCheck, {"epoch_number", "serial", "is_right"}),
        (RuleFlag, {"rule", "batch_id", "producer_id"}),
    ):
        assert fields.isdisjoint(table.OPEN), table


def test_each_fact_is_one_leaf_with_its_position_as_receipt(database: Database) -> None:
    with database.transaction(SYSTEM) as session:
        for code in ("F01", "F02"):
            row = Producer(code=code, name=code, legal_form=LegalForm.COOPERATIVE)
            session.add(row)
            ledger.record(session, "producer.registered", row)
    assert session.info["receipts"] == [0, 1]
    register(database, "F03")
    assert [leaf.position for leaf in leaves(database)] == [0, 1, 2]


def test_a_write_without_a_fact_is_refused(database: Database) -> None:
    row = register(database, "F01")
    with pytest.raises(Unlogged), database.transaction(SYSTEM) as session:
        session.get_one(Producer, row.id).name = "Khác"
    with database.reading(EVERYTHING) as session:
        assert session.get_one(Producer, row.id).name == "Hợp tác xã F01"
    assert len(leaves(database)) == 1


def test_a_logged_row_is_never_deleted(database: Database) -> None:
    row = register(database, "F01")
    with pytest.raises(Unlogged), database.transaction(SYSTEM) as session:
        session.delete(session.get_one(Producer, row.id))


def test_a_failed_transaction_leaves_no_leaf(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction(SYSTEM) as session:
        row = Producer(code="F01", name="x", legal_form=LegalForm.COOPERATIVE)
        session.add(row)
        ledger.record(session, "producer.registered", row)
        session.flush()
        raise ZeroDivisionError
    assert leaves(database) == []


def test_a_leaf_shows_open_fields_and_commits_to_all_others(database: Database) -> None:
    row = register(database, "F01", phone="0912345678", email="a@example.org")
    body = leaves(database)[0].body
    assert b"0912345678" not in body
    assert b"example.org" not in body
    said = json.loads(body)
    assert (said["v"], said["kind"], said["id"], said["tenant"]) == (2, "producer.registered", row.id, row.id)
    fields = said["rows"][0]["fields"]
    assert fields["name"] == "Hợp tác xã F01"
    assert row.record_key is not None
    message = canonical(["producer", row.id, 1, "phone", "0912345678"])
    assert fields["phone"] == {"hmac": hmac.new(row.record_key, message, hashlib.sha256).hexdigest()}


def test_a_household_shows_neither_name_nor_place(database: Database) -> None:
    with database.transaction(SYSTEM) as session:
        row = Producer(
            code="F37", name="Hộ Nguyễn Văn Mẫu", legal_form=LegalForm.HOUSEHOLD, commune_name="Cái Vồn"
        )
        session.add(row)
        ledger.record(session, "producer.registered", row)
    body = leaves(database)[0].body.decode()
    assert "Mẫu" not in body
    assert "Cái Vồn" not in body


def test_a_leaf_tells_neither_how_a_field_is_called_nor_why_its_code_was_stopped(database: Database) -> None:
    area = factories.area(database, factories.producer(database), name="Vườn nhà ông Ba Mẫu")
    code = factories.area_code(database, area)
    officer = factories.officer(Permission.SUSPEND_AREA)
    reason = "Ông Ba Mẫu dùng thuốc ngoài danh mục"
    value = SuspensionInput(subject_kind=SuspendedKind.AREA_CODE, subject_id=code.id, reason=reason)
    with database.transaction(officer) as session:
        suspensions.suspend(session, officer, value)
    assert "Ba Mẫu" not in b"".join(leaf.body for leaf in leaves(database)).decode()


def test_no_leaf_holds_the_ticket_of_a_report() -> None:
    assert "ticket" not in Doubt.OPEN


def test_the_same_value_in_two_revisions_has_two_commitments(database: Database) -> None:
    row = register(database, "F01", phone="0912345678")
    with database.transaction(SYSTEM) as session:
        again = session.get_one(Producer, row.id)
        again.name = "Tên mới"
        ledger.record(session, "producer.revised", again)
    first, second = (json.loads(leaf.body)["rows"][0]["fields"] for leaf in leaves(database))
    assert (first["revision"], second["revision"]) == (1, 2)
    assert first["phone"] != second["phone"]


def test_a_leaf_is_canonical(database: Database) -> None:
    register(database, "F01", latitude=10.01055)
    leaf = leaves(database)[0]
    text = leaf.body.decode()
    assert text == unicodedata.normalize("NFC", text)
    assert canonical(json.loads(text)) == leaf.body
    assert json.loads(text, parse_float=lambda number: pytest.fail(f"a float: {number}"))
    assert leaf.leaf_hash == hashlib.sha256(b"\x00" + leaf.body).digest()


def test_an_entry_can_be_made_again_from_the_row(database: Database) -> None:
    row = register(database, "F01", latitude=10.01055, phone="0912345678")
    with database.reading(EVERYTHING) as session:
        kept = session.exec(select(LogEntry)).one()
        assert (kept.table_name, kept.record_id, kept.revision) == ("producer", row.id, 1)
        assert ledger.entry_hash(session.get_one(Producer, row.id)) == kept.entry_hash


def test_a_fact_about_many_rows_stays_within_the_size_of_a_leaf(database: Database) -> None:
    with database.transaction(SYSTEM) as session:
        rows = [Producer(code=f"P{n}", name="x" * 200, legal_form=LegalForm.COOPERATIVE) for n in range(100)]
        session.add_all(rows)
        ledger.record(session, "producer.registered", *rows)
    leaf = leaves(database)[0]
    assert len(leaf.body) < 65_536
    said = json.loads(leaf.body)["rows"]
    with database.reading(EVERYTHING) as session:
        hashes = session.exec(select(LogEntry.entry_hash).order_by(LogEntry.place)).all()
    assert said == {"count": 100, "digest": hashlib.sha256(b"".join(hashes)).hexdigest()}


def test_names_of_open_and_unlogged_fields_exist() -> None:
    tables.complete()
    for table in _records(Record):
        columns = set(SQLModel.metadata.tables[str(table.__tablename__)].columns.keys())
        assert columns >= table.OPEN, table
        assert columns >= set(table.UNLOGGED), table
        assert all(table.UNLOGGED.values()), table


def _records(base: type[Record]) -> list[type[Record]]:
    found = []
    for table in base.__subclasses__():
        if hasattr(table, "__table__"):
            found.append(table)
        found.extend(_records(table))
    return found
