"""An inspector stops a code, a batch, an area: the producer reads it at once, the public at the next scan."""

from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.stamped import Lot
from traceability import i18n
from traceability.db import Database
from traceability.domain import records
from traceability.domain.actors import SYSTEM, Permission
from traceability.domain.batches import BatchState

pytestmark = SQLITE_ONLY
REASON = {"reason": "Nghi ngờ tem bị bóc dán lại"}
CATALOGUES = Path(i18n.__file__).parent / "translations" / "vi"
STOPPED = "Tem này đang tạm dừng"
Officer = Callable[..., FlaskClient]


def test_a_suspended_code_says_so_at_the_next_scan(
    client: FlaskClient, officer: Officer, lot: Lot, database: Database
) -> None:
    inspector = officer(Permission.INSPECT)
    page = inspector.get("/inspector/stamp-orders/code", query_string={"code": lot.code(3)})
    assert lot.batch.lot in page.text
    assert "Đang hiệu lực" in page.text
    answer = inspector.post("/inspector/stamp-orders/stop", data={"first_code": lot.code(3), **REASON})
    assert answer.status_code == 303
    texts = [client.get(f"/s/{lot.code(number)}").text for number in (2, 3, 4)]
    assert [STOPPED in text for text in texts] == [False, True, False]
    page = inspector.get("/inspector/stamp-orders/code", query_string={"code": lot.code(3)})
    assert "Gỡ tạm dừng con tem này" in page.text
    data = {"first_code": lot.code(3), "step": "lift", **REASON}
    assert inspector.post("/inspector/stamp-orders/stop", data=data).status_code == 303
    assert STOPPED not in client.get(f"/s/{lot.code(3)}").text


def test_a_held_batch_stops_all_its_stamps_and_tells_its_producer(
    app: Any, client: FlaskClient, officer: Officer, lot: Lot, database: Database
) -> None:
    inspector = officer(Permission.INSPECT)
    path = f"/inspector/suspensions/batch/{lot.batch.id}"
    assert inspector.post(f"{path}/new", data=REASON).status_code == 303
    assert STOPPED in client.get(f"/s/{lot.code(1)}").text
    producer = app.test_client()
    factories.sign_in_as(producer, database, factories.account(database, lot.producer))
    assert REASON["reason"] in producer.get("/account/notices").text
    assert REASON["reason"] in producer.get(f"/producer/batches/{lot.batch.id}").text
    assert inspector.post(f"{path}/lift", data=REASON).status_code == 303
    with database.reading(SYSTEM.scope) as session:
        assert records.find(session, lot.batch.__class__, lot.batch.id).state is BatchState.RELEASED


def test_a_suspension_needs_a_reason_and_keeps_what_was_typed(officer: Officer, lot: Lot) -> None:
    inspector = officer(Permission.INSPECT)
    for reason in ("", "x", "a\x00b", "y" * 5000):
        answer = inspector.post(f"/inspector/suspensions/batch/{lot.batch.id}/new", data={"reason": reason})
        assert answer.status_code in (400, 422), reason
    answer = inspector.post("/inspector/stamp-orders/stop", data={"first_code": "sai", "reason": "vì lý do"})
    assert answer.status_code == 422
    assert "vì lý do" in answer.text


def test_the_form_says_how_long_a_reason_must_be_before_and_after(officer: Officer, lot: Lot) -> None:
    inspector = officer(Permission.INSPECT)
    path = f"/inspector/suspensions/batch/{lot.batch.id}"
    assert "Ít nhất 5 ký tự." in inspector.get(f"{path}/new").text
    inspector.post(f"{path}/new", data=REASON)
    assert "Ít nhất 5 ký tự." in inspector.get(f"{path}/lift").text
    refused = inspector.post(f"{path}/lift", data={"reason": "hết"})
    assert refused.status_code == 422
    assert "Nội dung quá ngắn: ít nhất 5 ký tự." in refused.text


@pytest.mark.parametrize(
    ("kind", "permission"),
    [
        ("producer", Permission.APPROVE_FACILITY),
        ("area", Permission.SUSPEND_AREA),
        ("product", Permission.APPROVE_FACILITY),
    ],
)
def test_each_kind_is_stopped_by_whom_the_province_named(
    officer: Officer, lot: Lot, kind: str, permission: Permission
) -> None:
    row: Any = getattr(lot, kind)
    path = f"/inspector/suspensions/{kind}/{row.id}/new"
    assert officer(Permission.INSPECT).get(path).status_code == 403
    inspector = officer(permission)
    assert inspector.get(path).status_code == 200
    assert inspector.post(path, data=REASON).status_code == 303
    assert REASON["reason"] in inspector.get("/inspector/suspensions").text


def test_a_suspended_area_code_is_shown_on_its_page_with_its_history(
    officer: Officer, lot: Lot, database: Database
) -> None:
    code = factories.area_code(database, lot.area)
    inspector = officer(Permission.SUSPEND_AREA)
    inspector.post(f"/inspector/suspensions/area_code/{code.id}/new", data=REASON)
    page = inspector.get(f"/inspector/areas/{lot.area.id}").text
    assert REASON["reason"] in page
    assert f"/inspector/suspensions/area_code/{code.id}/lift" in page


def test_the_dashboard_names_what_is_stopped(officer: Officer, lot: Lot, database: Database) -> None:
    code = factories.area_code(database, lot.area)
    inspector = officer(
        Permission.SUSPEND_AREA, Permission.INSPECT, Permission.APPROVE_FACILITY, Permission.VOID_STAMPS
    )
    stopped = {"area_code": code, "batch": lot.batch, "product": lot.product, "producer": lot.producer}
    for kind, row in stopped.items():
        path = f"/inspector/suspensions/{kind}/{row.id}/new"
        assert inspector.post(path, data=REASON).status_code == 303, kind
    inspector.post("/inspector/stamp-orders/stop", data={"first_code": lot.code(3), **REASON})
    page = unescape(inspector.get("/inspector/").text)
    card = page[page.index("Đang tạm dừng và thu hồi") :]
    card = card[: card.index("Tất cả đối tượng đang tạm dừng")]
    names = (code.code, lot.batch.lot, lot.product.name, lot.producer.name, f"{lot.order.number} (1)")
    for name in names:
        assert f">{name}</a>" in card, name


def test_one_pair_of_words_stops_a_batch_and_lets_it_go(officer: Officer, lot: Lot) -> None:
    inspector = officer(Permission.INSPECT)
    page = f"/inspector/batches/{lot.batch.id}"
    path = f"/inspector/suspensions/batch/{lot.batch.id}"
    assert "Tạm dừng lô hàng" in inspector.get(page).text
    assert "Tạm dừng lô hàng" in inspector.get(f"{path}/new").text
    inspector.post(f"{path}/new", data=REASON)
    stopped = inspector.get(page).text
    assert "Bị tạm dừng" in stopped
    assert "Gỡ tạm dừng" in stopped
    assert "Gỡ tạm dừng" in inspector.get(f"{path}/lift").text
    words = " ".join(file.read_text().lower() for file in CATALOGUES.glob("*.po"))
    assert not [other for other in ("tạm giữ", "đình chỉ") if other in words]


def test_an_agency_makes_stamps_void(client: FlaskClient, officer: Officer, lot: Lot) -> None:
    inspector = officer(Permission.VOID_STAMPS)
    data = {"first_code": lot.code(4), "last_code": lot.code(6), "reason": "counterfeit"}
    assert inspector.post("/inspector/stamp-orders/void", data=data).status_code == 303
    order = inspector.get(f"/inspector/stamp-orders/{lot.order.id}").text
    assert "Đã hủy" in order
    assert client.get(f"/s/{lot.code(5)}").text != client.get(f"/s/{lot.code(7)}").text


def test_a_page_says_who_can_lift_what_another_agency_ordered(officer: Officer, lot: Lot) -> None:
    placing, other = officer(Permission.INSPECT), officer(Permission.INSPECT)
    path = f"/inspector/suspensions/batch/{lot.batch.id}"
    assert placing.post(f"{path}/new", data=REASON).status_code == 303
    assert "cơ quan cấp trên" not in placing.get(f"{path}/lift").text
    page = other.get(f"{path}/lift").text
    assert "cơ quan cấp trên" in page
    assert 'name="reason"' not in page
    assert other.post(f"{path}/lift", data=REASON).status_code == 422
