"""A recall on the pages: opened with a decision, seen by everybody at once, lifted by two persons."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.stamped import Lot
from traceability.db import Database
from traceability.domain import recalls
from traceability.domain.actors import Permission, Role
from traceability.domain.agencies import Agency
from traceability.domain.ownership import EVERYTHING
from traceability.domain.recalls import Recall, RecallInput, RecallKind

pytestmark = SQLITE_ONLY
Officer = Callable[..., FlaskClient]
DATA = {
    "decision_no": "12/QĐ-CCQLCL",
    "decided_on": "01/06/2026",
    "reason": "Dư lượng vượt ngưỡng cho phép",
    "public_text": "Không dùng, mang trả nơi mua.",
}


@pytest.fixture
def member(app: Flask, database: Database, lot: Lot) -> Callable[..., FlaskClient]:
    def sign_in(role: Role = Role.MANAGER) -> FlaskClient:
        client = app.test_client()
        factories.sign_in_as(client, database, factories.account(database, lot.producer, role=role))
        return client

    return sign_in


def test_a_compulsory_recall_speaks_at_the_next_scan_and_is_lifted_by_two(
    app: Flask,
    client: FlaskClient,
    database: Database,
    officer: Officer,
    lot: Lot,
    member: Callable[..., FlaskClient],
) -> None:
    inspector = officer(Permission.REQUEST_RECALL)
    refused = inspector.post(f"/inspector/recalls/new/{lot.batch.id}", data=DATA | {"decision_no": ""})
    assert refused.status_code == 422
    assert DATA["reason"] in refused.text
    opened = inspector.post(f"/inspector/recalls/new/{lot.batch.id}", data=DATA)
    assert opened.status_code == 303
    page = client.get(f"/s/{lot.code(1)}").text
    assert DATA["public_text"] in page
    assert DATA["reason"] not in page
    producer = member()
    assert DATA["reason"] in producer.get(opened.location.replace("inspector", "producer")).text
    ask = inspector.post(f"{opened.location}/ask-lift", data={"reason": "Kết quả kiểm lại đạt"})
    assert ask.status_code == 303
    assert inspector.post(f"{opened.location}/lift").status_code == 422, "the one who asked cannot confirm"
    other = officer(Permission.REQUEST_RECALL)
    assert "cơ quan cấp trên" in other.get(opened.location).text
    assert other.post(f"{opened.location}/lift").status_code == 422
    with database.reading(EVERYTHING) as session:
        placing = session.get(Agency, session.exec(select(Recall)).one().agency_id)
    second = app.test_client()
    factories.sign_in_as(second, database, factories.account(database, placing))
    assert second.post(f"{opened.location}/lift").status_code == 303
    assert DATA["public_text"] not in client.get(f"/s/{lot.code(1)}").text


def test_a_producer_recalls_its_own_batch(
    lot: Lot, member: Callable[..., FlaskClient], officer: Officer
) -> None:
    manager = member()
    assert f"/producer/recalls/new/{lot.batch.id}" in manager.get(f"/producer/batches/{lot.batch.id}").text
    assert member(Role.CLERK).get(f"/producer/recalls/new/{lot.batch.id}").status_code == 403
    opened = manager.post(f"/producer/recalls/new/{lot.batch.id}", data={"reason": "Nhầm nhãn trên túi"})
    assert opened.status_code == 303
    manager.post(f"{opened.location}/ask-lift", data={"reason": "Đã thay nhãn xong"})
    assert manager.post(f"{opened.location}/lift").status_code == 422
    second = member()
    assert "Xác nhận dỡ bỏ" in second.get(opened.location).text
    assert second.post(f"{opened.location}/lift").status_code == 303
    assert "Đã dỡ bỏ" in officer().get("/inspector/recalls").text


def test_a_receiver_sees_the_recall_but_not_the_reason(app: Flask, database: Database, lot: Lot) -> None:
    receiver = factories.producer(database)
    factories.sent(database, lot.batch, 10, receiver)
    actor = factories.manager_of(lot.producer)
    value = RecallInput(batch_id=lot.batch.id, kind=RecallKind.VOLUNTARY, reason="Tranh chấp nội bộ")
    with database.transaction(actor) as session:
        recall = recalls.open_recall(session, actor, value)
    client, stranger = app.test_client(), app.test_client()
    factories.sign_in_as(client, database, factories.account(database, receiver))
    factories.sign_in_as(stranger, database, factories.account(database, factories.producer(database)))
    page = client.get(f"/producer/recalls/{recall.id}").text
    assert recall.number in client.get("/producer/recalls").text
    assert lot.batch.lot in page
    assert "Tranh chấp nội bộ" not in page
    assert recall.number in client.get("/account/notices").text
    assert (
        client.post(f"/producer/recalls/{recall.id}/ask-lift", data={"reason": "Xin dỡ bỏ"}).status_code
        == 404
    )
    assert stranger.get(f"/producer/recalls/{recall.id}").status_code == 404


def test_an_agency_elsewhere_sees_a_recall_only_if_it_reaches_its_goods(
    officer: Officer, lot: Lot, database: Database
) -> None:
    recall_of: Any = factories.manager_of(lot.producer)
    value = RecallInput(batch_id=lot.batch.id, kind=RecallKind.VOLUNTARY, reason="Nhầm nhãn trên túi")
    with database.transaction(recall_of) as session:
        recall = recalls.open_recall(session, recall_of, value)
    assert officer().get(f"/inspector/recalls/{recall.id}").status_code == 200
    assert officer(provinces=["08"]).get(f"/inspector/recalls/{recall.id}").status_code == 404


def test_an_officer_sees_before_a_recall_who_cannot_be_told_and_whom_to_ask(
    officer: Officer, lot: Lot, database: Database
) -> None:
    inspector = officer(Permission.REQUEST_RECALL)
    factories.sent(database, lot.batch, 5, customer="Vựa không số")
    page = inspector.get(f"/inspector/recalls/new/{lot.batch.id}").text
    assert "1 nơi nhận chưa có thông tin liên hệ" in page
    notice = page[page.index("chưa có thông tin liên hệ") :]
    assert "Vựa không số" in notice[:2000]
    assert f"/inspector/producers/{lot.batch.producer_id}" in notice[:2000]
