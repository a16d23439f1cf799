"""The stamp account: every line adds up, missing stamps have an age and an owner; the second person of large orders."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlmodel import select

from tests import factories, stamped
from tests.databases import SQLITE_ONLY
from tests.rolls import Mint
from tests.stamped import Lot
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import ledger, stamp_account, stamp_approvals, stamps
from traceability.domain.actors import SYSTEM, Permission
from traceability.domain.clock import now
from traceability.domain.ownership import EVERYTHING
from traceability.domain.stamps import RangeState, StampDownload, StampOrder, VoidReason

pytestmark = SQLITE_ONLY
Officer = Callable[..., FlaskClient]


def text(client: FlaskClient, where: str) -> str:
    answer = client.get(where)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


def age(database: Database, days: int) -> None:
    with database.transaction(SYSTEM) as session:
        for row in session.exec(select(StampDownload)).all():
            row.asked_at = now() - timedelta(days=days)
            ledger.record(session, "test.aged", row)


def test_every_line_adds_up_and_old_stamps_on_a_roll_are_missing(
    lot: Lot, database: Database, officer: Officer
) -> None:
    stamped.put(database, lot, 10, 12, RangeState.VOID, VoidReason.SPOILED)
    stamped.put(database, lot, 13, 13, RangeState.VOID, VoidReason.STOLEN)
    client = officer()
    assert "Tem thất lạc" not in text(client, "/inspector/stamp-account")
    age(database, 45)
    with database.reading(EVERYTHING) as session:
        (line,) = stamp_account.account(session)
        (gone,) = stamp_account.missing(session)
    assert (line.ordered, line.printed, line.missing) == (20, 20, 6)
    assert dict(line.counts) == {"good": 10, "spoiled": 3, "lost": 1, "out": 6}
    assert (gone.count, gone.days, gone.producer.id) == (6, 45, lot.producer.id)
    with database.reading(EVERYTHING) as session:
        whole, (own,) = stamp_account.totals(stamp_account.account(session))
    assert (
        (own.ordered, own.printed, own.missing)
        == (whole.ordered, whole.printed, whole.missing)
        == (20, 20, 6)
    )
    page = text(client, "/inspector/stamp-account?q=buoi")
    assert "Tem thất lạc" in page
    assert "Theo cơ sở" in page
    assert lot.order.number in page
    assert "Không có sản phẩm" in text(client, "/inspector/stamp-account?q=khongcogi")


def test_the_account_is_a_sheet_too(lot: Lot, officer: Officer) -> None:
    answer = officer().get("/inspector/stamp-account/export?format=csv")
    (header, row) = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    said = dict(zip(header, row, strict=True))
    assert (said["Đã đặt"], said["Đang hiệu lực"], said["Mã cơ sở"]) == ("20", "10", lot.producer.code)
    assert officer().get("/inspector/stamp-account/export").data.startswith(b"PK")


def test_the_missing_stamps_are_a_sheet_with_their_age_and_owner(
    lot: Lot, database: Database, officer: Officer
) -> None:
    age(database, 45)
    where = "/inspector/stamp-account/missing/export"
    (header, row) = list(
        csv.reader(io.StringIO(officer().get(f"{where}?format=csv").get_data().decode("utf-8-sig")))
    )
    said = dict(zip(header, row, strict=True))
    assert (said["Phiếu cấp tem"], said["Số ngày"], said["Cơ sở"]) == (
        lot.order.number,
        "45",
        lot.producer.name,
    )
    assert officer().get(where).data.startswith(b"PK")
    assert len(officer(provinces=["96"]).get(f"{where}?format=csv").get_data().splitlines()) == 1


def test_an_agency_sees_the_account_of_its_own_scope_only(lot: Lot, officer: Officer) -> None:
    page = text(officer(provinces=["96"]), "/inspector/stamp-account")
    assert lot.producer.name not in page


def test_an_agency_approves_a_very_large_order_as_the_second_person(
    database: Database, settings: Settings, officer: Officer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (stamps, stamp_approvals):
        monkeypatch.setattr(module, "APPROVED_ABOVE", 50)
    mint = Mint(database, settings.keyring(), settings.public_root)
    owner = factories.producer(database)
    batch = mint.batch(owner=owner)
    clerk = factories.manager_of(owner, user_id=factories.account(database, owner).id)
    order = mint.ordered(batch, 51, actor=clerk)
    issuer = officer(Permission.ISSUE_STAMPS)
    assert order.number in text(issuer, "/inspector/stamp-account")
    assert "Duyệt phiếu" in text(issuer, f"/inspector/stamp-orders/{order.id}")
    assert officer().post(f"/inspector/stamp-orders/{order.id}/approve").status_code == 403
    assert issuer.post(f"/inspector/stamp-orders/{order.id}/approve").status_code == 303
    with database.reading(EVERYTHING) as session:
        made = session.get(StampOrder, order.id)
    assert made is not None
    assert made.ready_at is not None
