"""A recall in a producer's panel: seen beforehand, told by letter, answered, weighed, reported."""

import io
import re
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.recalled import compulsory, made_of, person, voluntary
from traceability.db import Database
from traceability.domain import records
from traceability.domain.actors import SYSTEM, Permission, Role
from traceability.domain.batches import Batch
from traceability.domain.clock import now, today
from traceability.domain.deliveries import Delivery
from traceability.domain.ledger import LogLeaf
from traceability.domain.mock_recalls import MockRecall
from traceability.domain.producers import Producer
from traceability.domain.recall_records import Recall, RecallHandling, RecallReceiver, RecallReport

pytestmark = SQLITE_ONLY


#: What is said of goods that did not come back.
REST = {"missing_reason": "Đã bán hết", "missing_confirmed": "1"}


class Scene:
    """An owner whose lot went to a market, to a street seller, and to another producer who made something of it."""

    def __init__(self, app: Flask, database: Database) -> None:
        self.app, self.database = app, database
        self.owner, self.buyer = factories.producer(database), factories.producer(database)
        self.batch = factories.release(database, factories.harvest(database, self.owner, 100))
        self.market = factories.sent(
            database, self.batch, 40, customer="=Chợ Vĩnh Long", customer_contact="0270 3822 123"
        )
        factories.sent(database, self.batch, 5, customer="Người bán dạo 王")
        delivery = factories.received(database, factories.sent(database, self.batch, 30, self.buyer))
        made_of(database, self.buyer, 10, f"delivery:{delivery.id}")

    def visit(self, who: Any, role: Role = Role.MANAGER) -> FlaskClient:
        client = self.app.test_client()
        factories.sign_in_as(client, self.database, factories.account(self.database, who, role=role))
        return client

    def recalled(self) -> Recall:
        return voluntary(self.database, person(self.database, self.owner), self.batch)

    def receiver(self, name: str) -> RecallReceiver:
        with self.database.reading(SYSTEM.scope) as session:
            rows = session.exec(select(RecallReceiver)).all()
        return next(row for row in rows if name in row.name)


@pytest.fixture
def scene(app: Flask, database: Database) -> Scene:
    return Scene(app, database)


def test_what_a_recall_reaches_is_seen_before_the_click(scene: Scene) -> None:
    page = scene.visit(scene.owner).get(f"/producer/recalls/new/{scene.batch.id}").get_data(as_text=True)
    for words in ("Phạm vi thu hồi", "của 2 cơ sở", "25\u00a0kg", "65\u00a0kg", "3 nơi nhận", "92,3 %"):
        assert words in page, words
    assert (
        scene.buyer.name in page
    )  # one receives its goods; of the batch made of them only the number stands there
    assert "Còn 1 lô của cơ sở khác" in page


def test_receivers_are_told_by_letter_and_their_answers_written_down(scene: Scene) -> None:
    recall, client = scene.recalled(), scene.visit(scene.owner)
    root = f"/producer/recalls/{recall.id}"
    page = client.get(f"{root}/receivers").get_data(as_text=True)
    assert "=Chợ Vĩnh Long" in page
    assert "0270 3822 123" in page
    letters = client.get(f"{root}/letters.pdf")
    assert letters.mimetype == "application/pdf"
    assert letters.data.count(b"/Type /Page\n") == 3
    market = scene.receiver("Chợ Vĩnh Long")
    one = client.get(f"{root}/letters.pdf?receiver={market.id}")
    assert one.data.count(b"/Type /Page\n") == 1
    assert client.get(f"{root}/letters.pdf?receiver={'0' * 16}").status_code == 404
    sheet = client.get(f"{root}/receivers.csv").get_data(as_text=True)
    assert "'=Chợ Vĩnh Long" in sheet
    with zipfile.ZipFile(io.BytesIO(client.get(f"{root}/receivers.xlsx").data)) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
    told = client.post(f"{root}/tell", data={"receivers": [market.id], "channel": "letter"})
    assert told.status_code == 303
    assert client.post(f"{root}/tell", data={"channel": "letter"}).status_code == 422
    path = f"{root}/receivers/{market.id}"
    refused = client.post(path, data={"person": "Chị Lan", "channel": "phone", "held_kg": "41"})
    assert refused.status_code == 422
    assert "Lượng còn lại không thể vượt quá 40\u00a0kg" in refused.get_data(as_text=True)
    assert (
        client.post(path, data={"person": "Chị Lan", "channel": "phone", "held_kg": "12"}).status_code == 303
    )
    assert scene.receiver("Chợ Vĩnh Long").held_g == 12_000
    shown = client.get(path).get_data(as_text=True)
    assert "Thông báo lần đầu" in shown
    assert "Chị Lan" in shown
    assert client.post(f"{root}/renew").status_code == 303


def test_another_producer_answers_in_its_own_panel_and_sees_no_customers(scene: Scene) -> None:
    recall, client = scene.recalled(), scene.visit(scene.buyer)
    root = f"/producer/recalls/{recall.id}"
    page = client.get(root).get_data(as_text=True)
    assert "Xác nhận đã biết và cho biết lượng còn giữ" in page
    assert "Chợ Vĩnh Long" not in client.get(f"{root}/receivers").get_data(as_text=True)
    mine, other = scene.receiver(scene.buyer.name), scene.receiver("Chợ Vĩnh Long")
    told = client.post(f"{root}/tell", data={"receivers": [mine.id], "channel": "phone"})
    assert told.status_code == 422  # nobody tells itself
    assert "Còn 1 lô" not in page
    assert client.get(f"{root}/answer/{other.id}").status_code == 404
    assert client.get(f"{root}/receivers/{mine.id}").status_code == 404
    assert client.get(f"{root}/answer/{mine.id}").status_code == 200
    assert client.post(f"{root}/answer/{mine.id}", data={"held_kg": "20"}).status_code == 303
    assert "Đã xác nhận: còn giữ 20\u00a0kg" in client.get(root).get_data(as_text=True)
    assert client.get(f"{root}/report").status_code == 404


def test_goods_are_taken_back_dealt_with_and_the_outcome_reported(scene: Scene, database: Database) -> None:
    recall, client = scene.recalled(), scene.visit(scene.owner)
    root, day = f"/producer/recalls/{recall.id}", today().isoformat()
    assert client.get(f"{root}/recover").status_code == 200
    back = {"delivery_id": scene.market.id, "kilograms": "30", "on_day": day, "evidence": "Phiếu 7"}
    assert client.post(f"{root}/recover", data=back).status_code == 303
    assert client.post(f"{root}/recover", data=back).status_code == 422
    done = {
        "batch_id": scene.batch.id,
        "way": "destroy",
        "kilograms": "30",
        "on_day": day,
        "evidence": "Biên bản 03/BB",
        "witness": "Trạm Trồng trọt",
    }
    assert client.get(f"{root}/handle").status_code == 200
    assert client.post(f"{root}/handle", data=done).status_code == 303
    assert client.post(f"{root}/handle", data=done | {"kilograms": "25"}).status_code == 303
    with database.reading(SYSTEM.scope) as session:
        assert records.find(session, Batch, scene.batch.id).lost_g == 55_000
        entries = {row.grams: row.id for row in session.exec(select(RecallHandling))}
    wrong = {"entry_id": entries[25_000], "reason": "x"}
    assert client.post(f"{root}/withdraw-handling", data=wrong).status_code == 422
    assert (
        client.post(f"{root}/withdraw-handling", data=wrong | {"reason": "Ghi nhầm ngày"}).status_code == 303
    )
    page = client.get(f"{root}/goods").get_data(as_text=True)
    assert "Ghi nhầm ngày" in page
    report = {"cause": "Phun sát ngày hái", "prevention": "Kiểm tra thời gian cách ly"}
    refused = client.post(f"{root}/report", data=report)
    assert "chưa xử lý" in refused.get_data(as_text=True)
    client.post(f"{root}/handle", data=done | {"kilograms": "25"})
    there = scene.visit(scene.buyer)
    with database.reading(SYSTEM.scope) as session:
        child = session.exec(select(Batch).where(Batch.producer_id == scene.buyer.id)).one()
    assert (
        there.post(f"{root}/handle", data=done | {"batch_id": child.id, "kilograms": "10"}).status_code == 303
    )
    refused = client.post(f"{root}/report", data=report)
    assert refused.status_code == 422
    assert "chưa thu hồi được" in refused.get_data(as_text=True)
    assert client.post(f"{root}/report", data=report | REST).status_code == 303
    with database.reading(SYSTEM.scope) as session:
        row = session.exec(select(RecallReport)).one()
    assert (row.made_g, row.located_g, row.recovered_g, row.missing_g) == (100_000, 35_000, 30_000, 35_000)
    assert "Chờ cơ quan quản lý" in client.get(root).get_data(as_text=True)


def test_terms_that_passed_stand_out_in_the_lists(scene: Scene, database: Database) -> None:
    recall, client = scene.recalled(), scene.visit(scene.owner)
    assert "quá hạn" not in client.get("/producer/recalls").get_data(as_text=True)
    with database.engine.connect().execution_options(write=True) as connection:
        opened = (now() - timedelta(days=4)).isoformat(sep=" ")[:26]
        connection.exec_driver_sql("UPDATE recall SET opened_at = ? WHERE id = ?", (opened, recall.id))
        connection.commit()
    assert "quá hạn: 2 việc" in client.get("/producer/recalls").get_data(as_text=True)
    officer = scene.visit(factories.agency(database, Permission.REQUEST_RECALL), Role.INSPECTOR)
    assert "quá hạn: 2 việc" in officer.get("/inspector/recalls").get_data(as_text=True)


def test_a_clerk_writes_down_but_neither_opens_nor_reports(scene: Scene) -> None:
    recall, clerk = scene.recalled(), scene.visit(scene.owner, Role.CLERK)
    root = f"/producer/recalls/{recall.id}"
    assert clerk.get(f"{root}/handle").status_code == 200
    assert clerk.get(f"{root}/report").status_code == 403


def test_a_mock_recall_is_one_press_and_kept_as_a_report(scene: Scene, database: Database) -> None:
    client = scene.visit(scene.owner)
    path = f"/producer/recalls/mock/new/{scene.batch.id}"
    assert "Diễn tập" in client.get(path).get_data(as_text=True)
    assert client.post(path, data={"note": "Quý IV"}).status_code == 303
    with database.reading(SYSTEM.scope) as session:
        row = session.exec(select(MockRecall)).one()
        assert session.exec(select(Recall)).all() == []
    page = client.get(f"/producer/recalls/mock/{row.id}").get_data(as_text=True)
    for words in (row.number, "92,3 %", "Người bán dạo 王", "Còn 1 lô"):
        assert words in page, words
    pdf = client.get(f"/producer/recalls/mock/{row.id}/report.pdf")
    assert pdf.data.startswith(b"%PDF")
    assert row.number in client.get("/producer/recalls/mock").get_data(as_text=True)
    assert scene.visit(scene.buyer).get(f"/producer/recalls/mock/{row.id}").status_code == 404


def test_an_agency_works_through_a_recall_to_its_end(scene: Scene, database: Database) -> None:
    agency = factories.agency(database, Permission.REQUEST_RECALL, Permission.INSPECT)
    recall = compulsory(database, person(database, agency), scene.batch)
    officer, root = scene.visit(agency, Role.INSPECTOR), f"/inspector/recalls/{recall.id}"
    page = officer.get(f"{root}/receivers").get_data(as_text=True)
    assert "=Chợ Vĩnh Long" in page
    assert "0270 3822 123" not in page
    shown = officer.post(f"{root}/contacts", data={"as": "page"}).get_data(as_text=True)
    assert "0270 3822 123" in shown
    assert officer.post(f"{root}/contacts", data={"as": "letters"}).mimetype == "application/pdf"
    assert "0270 3822 123" in officer.post(f"{root}/contacts", data={"as": "csv"}).get_data(as_text=True)
    looks = scene.visit(scene.owner).get("/producer/profile").get_data(as_text=True)
    assert "Để thu hồi" in looks or "thu hồi" in looks
    market = scene.receiver("Chợ Vĩnh Long")
    answer = {"person": "Chị Lan", "channel": "phone", "held_kg": "12"}
    assert officer.post(f"{root}/receivers/{market.id}", data=answer).status_code == 303
    assert (
        officer.post(f"{root}/tell", data={"receivers": [market.id], "channel": "email"}).status_code == 303
    )
    overview = officer.get(root).get_data(as_text=True)
    assert "Thời hạn" in overview
    manager = person(database, scene.owner)
    finish(scene, recall, scene.visit(scene.owner))
    del manager
    assert "Đã có báo cáo kết quả, đang chờ xét" in officer.get(root).get_data(as_text=True)
    assert officer.get(f"{root}/decide").status_code == 200
    assert officer.post(f"{root}/send-back", data={"reason": "Thiếu biên bản"}).status_code == 303
    own = scene.visit(scene.owner)
    assert "Thiếu biên bản" in own.get(f"/producer/recalls/{recall.id}").get_data(as_text=True)
    report(recall, own)
    assert "chưa thu hồi được" in officer.get(f"{root}/decide").text
    assert "Ghi lý do vì sao" in officer.post(f"{root}/decide").text
    closing = {"closing_reason": "Hàng đã tiêu thụ hết, có bảng kê", "missing_confirmed": "1"}
    assert officer.post(f"{root}/decide", data=closing).status_code == 303
    closed = officer.get(root).get_data(as_text=True)
    assert "Đã hoàn tất" in closed or "Recall completed" in closed or "hoàn thành" in closed
    assert officer.get(f"{root}/goods").status_code == 200
    mock = officer.post(f"/inspector/recalls/mock/new/{scene.batch.id}", data={})
    assert officer.get(mock.location).status_code == 200
    assert officer.get(mock.location + "/report.pdf").mimetype == "application/pdf"
    assert officer.get("/inspector/recalls/mock").status_code == 200


def report(recall: Recall, client: FlaskClient) -> None:
    data = {
        "cause": "Phun sát ngày hái",
        "prevention": "Kiểm tra thời gian cách ly",
        "missing_reason": "Đã bán hết",
    }
    where = f"/producer/recalls/{recall.id}/report"
    page = client.get(where).text
    assert all(
        word in page
        for word in ("làm ra", "đã xác định được", "trong kho còn", "đã thu hồi", "chưa thu hồi được")
    )
    (label,) = re.findall(r'<label for="f-missing_reason">.*?</label>', page)
    assert "không bắt buộc" not in label
    assert re.search(r'<textarea [^>]*name="missing_reason"[^>]* required', page)
    assert "đã biết: còn" in client.post(where, data=data).text  # nothing is filed without the tick
    data["missing_confirmed"] = "1"
    assert client.post(f"/producer/recalls/{recall.id}/report", data=data).status_code == 303


def finish(scene: Scene, recall: Recall, client: FlaskClient) -> None:
    """All that is on hand is destroyed, here and at the buyer's, and the outcome reported."""
    with scene.database.reading(SYSTEM.scope) as session:
        batches = session.exec(select(Batch).where(Batch.on_hand_g > 0)).all()
        owners = {row.id: row for row in session.exec(select(Producer)).all()}
    for batch in batches:
        data = {
            "batch_id": batch.id,
            "way": "destroy",
            "kilograms": f"{batch.on_hand_g} g",
            "on_day": today().isoformat(),
            "evidence": "Biên bản",
        }
        there = scene.visit(owners[batch.producer_id])
        assert there.post(f"/producer/recalls/{recall.id}/handle", data=data).status_code == 303
    report(recall, client)


def test_who_cannot_be_told_is_named_beforehand_and_a_contact_can_be_added_at_any_time(scene: Scene) -> None:
    again = factories.sent(scene.database, scene.batch, 1, customer="Người bán dạo 王")
    manager = scene.visit(scene.owner)
    page = manager.get(f"/producer/recalls/new/{scene.batch.id}").text
    assert "1 nơi nhận của chính cơ sở chưa có thông tin liên hệ" in page
    where = f"/producer/deliveries/{again.id}/contact"
    recall = scene.recalled()
    assert where in manager.get("/producer/deliveries").text
    assert "Bổ sung liên hệ: Người bán dạo 王" in manager.get(f"/producer/recalls/{recall.id}/receivers").text
    assert "cả 2 lần giao" in manager.get(where).text
    assert manager.post(where, data={"customer_contact": " "}).status_code == 422
    assert manager.post(where, data={"customer_contact": "0907 000 111"}).status_code == 303
    assert scene.receiver("dạo").contact == "0907 000 111"
    with scene.database.reading(SYSTEM.scope) as session:
        told = session.exec(select(Delivery).where(Delivery.customer == "Người bán dạo 王")).all()
        assert {row.customer_contact for row in told} == {"0907 000 111"}
        leaf = session.exec(select(LogLeaf).where(LogLeaf.kind == "delivery.contact_noted")).one()
        assert b"0907 000" not in leaf.body
    late = manager.post(where, data={"customer_contact": "khác"})
    assert (late.status_code, "được giữ nguyên" in late.text) == (422, True)
    assert "chưa có thông tin liên hệ" not in manager.get(f"/producer/recalls/{recall.id}/receivers").text
    assert scene.visit(scene.buyer).get(where).status_code == 404
