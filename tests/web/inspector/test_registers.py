"""The registers, the files, the search, the log and the sheets: within the scope, and quick however many rows."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import openpyxl
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlmodel import select

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.stamped import Lot
from traceability.db import Database
from traceability.domain import personal_data
from traceability.domain.actors import SYSTEM, Permission
from traceability.domain.personal_data import AccessRecord, NotDeclared

pytestmark = SQLITE_ONLY
Officer = Callable[..., FlaskClient]
REGISTERS = ("batches", "producers", "areas", "products", "stamp-orders", "inspections", "recalls", "log")
PAGES = (*REGISTERS, "", "approvals", "suspensions", "doubts", "search?q=buoi", "stamp-orders/code")


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    sent: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield sent
    event.remove(database.engine, "before_cursor_execute", note)


def test_pages_show_only_what_lies_within_the_scope(officer: Officer, lot: Lot) -> None:
    names = (lot.batch.lot, lot.producer.name, lot.area.name, lot.product.name, lot.order.number)
    inside, outside = officer(), officer(provinces=["08"], communes=["00874"])
    for page in PAGES:
        assert inside.get(f"/inspector/{page}").status_code == 200, page
        answer = outside.get(f"/inspector/{page}")
        assert answer.status_code == 200, page
        assert not [name for name in names if name in answer.text], page


def test_odd_filters_break_nothing(officer: Officer, lot: Lot) -> None:
    inspector = officer()
    pages = ("-1", "99999999999999999999", "x")
    queries = [f"page={page}" for page in pages] + ["q=%00", "q=%25", "q=" + "x" * 3000]
    queries += [
        "endpoint=x&_method=x&_scheme=x&number=x&place=x",
        "from=31/02/2026&to=x",
        "category=x&state=x&producer=%27&kind=%25&record=%25",
    ]
    for register in REGISTERS:
        for query in queries:
            assert inspector.get(f"/inspector/{register}?{query}").status_code in (200, 400), (
                register,
                query,
            )


def test_filters_are_kept_in_the_address(officer: Officer, lot: Lot, database: Database) -> None:
    for _ in range(52):
        factories.harvest(database, lot.producer, 5, area_id=lot.area.id, product_id=lot.product.id)
    inspector = officer()
    page = inspector.get("/inspector/batches?q=buoi&state=open").text
    assert "/inspector/batches?q=buoi&amp;state=open&amp;page=2" in page
    assert "/inspector/batches/export?q=buoi&amp;state=open&amp;format=csv" in page
    assert page.count('data-label="Số lô"') == 50


def test_the_number_of_queries_is_bounded(officer: Officer, lot: Lot, database: Database) -> None:
    inspector = officer(Permission.INSPECT)
    pages = [f"/inspector/{page}" for page in PAGES]
    pages += [f"/inspector/{kind}/{row.id}" for kind, row in (
        ("batches", lot.batch), ("producers", lot.producer), ("areas", lot.area), ("products", lot.product),
        ("stamp-orders", lot.order))]  # fmt: skip

    def asked() -> dict[str, int]:
        found = {}
        for page in pages:
            with counted(database) as sent:
                assert inspector.get(page).status_code == 200
            found[page] = len(sent)
        return found

    asked()
    few = asked()
    for _ in range(6):
        factories.harvest(database, lot.producer, 5, area_id=lot.area.id, product_id=lot.product.id)
        factories.producer(database)
    many = asked()
    assert {page: (few[page], many[page]) for page in pages if many[page] > few[page]} == {}
    assert max(many.values()) <= 60  # the page of a batch shows everything that hangs on it


def test_a_sheet_holds_what_the_page_shows_and_runs_nothing(
    officer: Officer, lot: Lot, database: Database
) -> None:
    factories.product(database, lot.producer, name="=HYPERLINK(1) bưởi")
    inspector = officer()
    answer = inspector.get("/inspector/products/export?format=csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert "'=HYPERLINK(1) bưởi" in [row[1] for row in rows]
    answer = inspector.get("/inspector/products/export?format=xlsx&q=hyperlink")
    assert answer.content_type == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert (sheet.max_row, sheet["B2"].value, sheet["B2"].data_type) == (2, "=HYPERLINK(1) bưởi", "s")
    for register in REGISTERS:
        for kind in ("csv", "xlsx"):
            assert inspector.get(f"/inspector/{register}/export?format={kind}").status_code == 200


def test_a_contact_is_shown_only_after_the_look_was_written_down(
    officer: Officer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    producer = factories.producer(database, phone="0901234567", email="htx@example.org")
    inspector = officer()
    address = f"/inspector/producers/{producer.id}"
    assert "example.org" not in inspector.get(address).text
    assert "example.org" not in inspector.get("/inspector/producers/export?format=csv").text
    shown = inspector.post(f"{address}/contact", data={"purpose": "recall"})
    assert "htx@example.org" in shown.text
    with database.reading(SYSTEM.scope) as session:
        record = session.exec(select(AccessRecord)).one()
    assert (record.subject_id, record.purpose) == (producer.id, "recall")
    assert "Ai đã xem" in inspector.get(address).text

    def fails(*_arguments: object) -> None:
        raise NotDeclared("disk full")

    monkeypatch.setattr("traceability.blueprints.inspector.producers.declare_reading", fails)
    refused = inspector.post(f"{address}/contact")
    assert refused.status_code == 503
    assert "example.org" not in refused.text
    assert personal_data.declare_reading is not fails


def test_approvals_are_given_with_one_button(officer: Officer, database: Database) -> None:
    producer = factories.producer(database, approved=False)
    area = factories.area(database, producer, approved=False)
    code = factories.area_code(database, area, granted=False)
    inspector = officer(Permission.APPROVE_FACILITY, Permission.APPROVE_AREA)
    page = inspector.get("/inspector/approvals").text
    for kind, row in (("producer", producer), ("area", area), ("area_code", code)):
        assert f"/inspector/approvals/{kind}/{row.id}" in page
        address = f"/inspector/approvals/{kind}/{row.id}"
        assert "vừa được thay đổi" in inspector.post(address, follow_redirects=True).text
        seen = re.search(rf'{address}".*?name="revision" value="(\d+)"', page)
        assert seen
        data = {"revision": seen[1]}
        answer = inspector.post(address, data=data, follow_redirects=True)
        assert answer.status_code == 200
    assert "Không có hồ sơ nào chờ" in inspector.get("/inspector/approvals").text
    assert officer().post(f"/inspector/approvals/area/{area.id}").status_code == 403
    assert inspector.post(f"/inspector/approvals/x/{area.id}").status_code == 404


def test_the_search_box_takes_a_scanned_address(officer: Officer, lot: Lot) -> None:
    inspector = officer()
    address = f"https://example.org/S/{lot.code(2)}?x=1"
    for text in (lot.code(2), lot.code(2).lower(), address):
        page = inspector.get("/inspector/search", query_string={"q": text}).text
        assert lot.order.number in page, text
    wrong = "0" + lot.code(2)[1:] if lot.code(2)[0] != "0" else "1" + lot.code(2)[1:]
    assert lot.order.number not in inspector.get("/inspector/search", query_string={"q": wrong}).text
    elsewhere = officer(provinces=["08"])
    assert lot.order.number not in elsewhere.get("/inspector/search", query_string={"q": lot.code(2)}).text


def test_the_log_names_who_acted(officer: Officer, lot: Lot) -> None:
    inspector = officer(Permission.INSPECT)
    inspector.post(f"/inspector/suspensions/batch/{lot.batch.id}/new", data={"reason": "Chờ kiểm nghiệm"})
    page = inspector.get("/inspector/log?kind=suspension").text
    assert "Ra lệnh tạm dừng" in page
    assert "Nguyễn Thị Số" in page


def test_the_sheet_of_the_log_says_of_which_organisation_each_person_is(officer: Officer, lot: Lot) -> None:
    header = officer().get("/inspector/log/export?format=csv").text.splitlines()[0]
    assert "Đơn vị" in header
    assert "Dùng cho" not in header


def test_the_first_page_says_whose_figures_it_shows(officer: Officer) -> None:
    assert "trong phạm vi của cơ quan" in officer().get("/inspector/").text


def test_an_area_of_fish_or_bees_is_called_so(officer: Officer, database: Database, lot: Lot) -> None:
    inspector = officer()
    for kind, words in (
        ("aquaculture", ("Vùng nuôi", "Mã số vùng nuôi / cơ sở nuôi")),
        ("apiculture", ("Điểm đặt ong", "Mã số điểm đặt ong")),
    ):
        with database.engine.begin() as connection:
            connection.execute(sa.text("UPDATE crop SET kind = :kind"), {"kind": kind})
        page = inspector.get(f"/inspector/areas/{lot.area.id}").text
        for word in words:
            assert word in page
