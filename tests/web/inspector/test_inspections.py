"""Inspections on the pages: minutes, findings with a deadline, the producer's answer, the settlement."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.stamped import Lot
from traceability.db import Database
from traceability.domain.actors import Permission

pytestmark = SQLITE_ONLY
Officer = Callable[..., FlaskClient]


def test_a_finding_goes_from_the_inspector_to_the_producer_and_back(
    app: Flask, officer: Officer, lot: Lot, database: Database
) -> None:
    inspector = officer(Permission.INSPECT)
    about = {"about": "batch", "id": lot.batch.id}
    assert lot.batch.lot in inspector.get("/inspector/inspections/new", query_string=about).text
    data = {"on_day": "2026-05-01", "diary": "Ghi chưa đủ", "summary": "Kho sạch"}
    made = inspector.post("/inspector/inspections/new", query_string=about, data=data)
    assert made.status_code == 303
    address = made.location.partition("#")[0]
    finding = {"severity": "major", "about": "Nhật ký", "description": "Thiếu ngày phun thuốc"}
    refused = inspector.post(address, data=finding)
    assert refused.status_code == 422
    assert "Thiếu ngày phun thuốc" in refused.text
    finding |= {"corrective_action": "Ghi bổ sung", "due_on": "2026-06-01"}
    assert inspector.post(address, data=finding).status_code == 303
    assert "Quá hạn" in inspector.get("/inspector/").text

    producer = app.test_client()
    factories.sign_in_as(producer, database, factories.account(database, lot.producer))
    page = producer.get("/producer/findings").text
    assert "Nhật ký" in page
    answer_at = "/producer/findings/" + page.partition("/producer/findings/")[2].partition('"')[0]
    assert producer.post(answer_at, data={"answer": "ok"}).status_code == 422
    assert producer.post(answer_at, data={"answer": "Đã ghi bổ sung đủ"}).status_code == 303
    page = inspector.get(address).text
    assert "Đã ghi bổ sung đủ" in page
    finding_id = answer_at.rsplit("/", 1)[1]
    back = {"reason": "Chưa có ảnh chụp", "due_on": "2099-01-01"}
    assert (
        inspector.post(f"/inspector/inspections/findings/{finding_id}/send-back", data=back).status_code
        == 303
    )
    assert "Chưa có ảnh chụp" in producer.get(answer_at).text
    assert inspector.post(f"/inspector/inspections/findings/{finding_id}/close").status_code == 303
    assert "Đã khắc phục" in producer.get("/producer/findings").text
    assert officer(Permission.INSPECT).get(address).status_code == 200


def test_another_agency_reads_but_does_not_write(officer: Officer, lot: Lot) -> None:
    data = {"on_day": "2026-05-01", "subject_id": lot.producer.id}
    made = officer(Permission.INSPECT).post("/inspector/inspections/new", data=data)
    address = made.location.partition("#")[0]
    other = officer(Permission.INSPECT)
    assert "Thêm phát hiện" not in other.get(address).text
    answer = other.post(address, data={"severity": "minor", "about": "x y", "description": "z"})
    assert answer.status_code == 422
