"""The administrator's room."""

import re

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.listening import Heard
from traceability.db import Database
from traceability.domain import accounts, personal_data
from traceability.domain.accounts import Account, Handover
from traceability.domain.actors import Permission, Role
from traceability.domain.agencies import Agency
from traceability.domain.ownership import EVERYTHING
from traceability.domain.personal_data import AccessRecord
from traceability.domain.producers import Producer, ProducerState

pytestmark = SQLITE_ONLY
ROOM = "/inspector/administration"
PASSWORD = "mưa rơi ngoài hiên"


@pytest.fixture
def administrator(client: FlaskClient, database: Database) -> Account:
    account = factories.account(database)
    factories.sign_in_as(client, database, account)
    return account


@pytest.fixture
def department(client: FlaskClient, database: Database) -> Account:
    words = (Permission.VIEW_ALL, Permission.MANAGE_ACCOUNTS, Permission.APPROVE_FACILITY)
    account = factories.account(database, factories.agency(database, *words))
    factories.sign_in_as(client, database, account)
    return account


def one(database: Database, statement):
    with database.reading(EVERYTHING) as session:
        return session.exec(statement).one()


def link_in(page: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+(/account/set-password/[\w-]+)", page)
    assert found is not None
    return found[1]


def test_an_account_of_an_agency_is_opened_and_handed_over(
    client: FlaskClient, database: Database, administrator: Account
) -> None:
    market = factories.agency(database, Permission.VOID_STAMPS)
    form = {"username": "cq-a09", "display_name": "Phạm Văn Chợ", "phone": "0909 000 111", "language": "vi"}
    answer = client.post(f"{ROOM}/accounts/new?agency_id={market.id}", data=form)
    assert answer.status_code == 303
    opened = one(database, select(Account).where(Account.username == "cq-a09"))
    assert (opened.role, opened.agency_id) == (Role.INSPECTOR, market.id)
    page = client.post(f"{answer.location}/link")
    assert page.status_code == 200
    assert client.get(link_in(page.text)).status_code == 200
    assert "set-password" not in client.get(answer.location).text  # shown once, and nowhere else
    paper = {"handed_to": "Phạm Văn Chợ, Đội trưởng", "paper_no": "09/BB-BGTK"}
    assert client.post(f"{answer.location}/handover", data=paper).status_code == 303
    assert one(database, select(Handover)).paper_no == "09/BB-BGTK"
    assert "09/BB-BGTK" in client.get(answer.location).text


def test_a_link_is_made_once_however_often_the_button_is_pressed(
    client: FlaskClient, database: Database, administrator: Account
) -> None:
    account = factories.account(database, factories.producer(database))
    path = f"{ROOM}/accounts/{account.id}/link"
    first = client.post(path, data={"once": "ab"})
    assert client.post(path, data={"once": "ab"}).status_code == 303
    assert client.get(link_in(first.text)).status_code == 200


def test_disabling_and_opening_again(client: FlaskClient, database: Database, administrator: Account) -> None:
    account = factories.account(database, factories.producer(database))
    path = f"{ROOM}/accounts/{account.id}"
    assert "Đã khóa tài khoản" in client.post(f"{path}/disable", follow_redirects=True).text
    assert "Tài khoản này đã bị khóa rồi" in client.post(f"{path}/disable", follow_redirects=True).text
    assert "Đã mở lại tài khoản" in client.post(f"{path}/enable", follow_redirects=True).text
    own = client.post(f"{ROOM}/accounts/{administrator.id}/disable", follow_redirects=True)
    assert "Không thể khóa tài khoản bạn đang dùng" in own.text


def test_an_administrator_ends_all_sessions_of_an_account(
    app: Flask, client: FlaskClient, database: Database, administrator: Account, heard: Heard
) -> None:
    account = factories.account(database, factories.producer(database))
    path = f"{ROOM}/accounts/{account.id}"
    holder = app.test_client()
    factories.sign_in_as(holder, database, account)
    assert holder.get("/account").status_code == 200
    assert f"{path}/sign-out" in client.get(path).text
    assert (
        "Đã đăng xuất tài khoản này ở mọi nơi" in client.post(f"{path}/sign-out", follow_redirects=True).text
    )
    assert holder.get("/account").status_code == 303
    assert client.get(path).status_code == 200  # who ended them goes on
    line = next(line for line in heard.lines if line["event"] == "account.sessions_ended")
    assert (line["account"], line["subject"]) == (administrator.id, f"account:{account.id}")
    own = f"{ROOM}/accounts/{administrator.id}"
    assert f"{own}/sign-out" not in client.get(own).text
    assert "ở trang “Tài khoản của bạn”" in client.post(f"{own}/sign-out", follow_redirects=True).text


@pytest.mark.parametrize(
    ("username", "sentence"),
    [
        ("", "Vui lòng"),
        ("a", "3 đến 40 ký tự"),
        ("đồng bằng", "3 đến 40 ký tự"),
        ("a\x00b", "3 đến 40"),
        ("x" * 41, "3 đến 40"),
        ("CQ-CO-ROI", "đã có người dùng"),
    ],
)
def test_a_bad_user_name_is_named_and_the_rest_stays(
    client: FlaskClient, database: Database, administrator: Account, username: str, sentence: str
) -> None:
    factories.account(database, username="cq-co-roi")
    form = {"username": username, "display_name": "Phạm Văn Chợ", "language": "vi"}
    answer = client.post(f"{ROOM}/accounts/new", data=form)
    assert answer.status_code in (400, 422)
    if answer.status_code == 422:
        assert sentence in answer.text
        assert 'value="Phạm Văn Chợ"' in answer.text


def test_accounts_are_found_without_accents(
    client: FlaskClient, database: Database, administrator: Account
) -> None:
    owner = factories.producer(database, name="Hợp tác xã Thanh Trà Đông Bình")
    factories.account(database, owner, username="dn-thanhtra", display_name="Đỗ Văn Ổi")
    factories.account(database, factories.producer(database), username="dn-khac")
    for sought in ("thanh tra dong", "do van oi", "dn-thanh"):
        page = client.get(f"{ROOM}/accounts", query_string={"q": sought}).text
        assert "dn-thanhtra" in page
        assert "dn-khac" not in page
    assert client.get(f"{ROOM}/accounts?q=%00&page=-1").status_code in (200, 400)


def test_the_department_sees_neither_administrators_nor_other_provinces(
    client: FlaskClient, database: Database, department: Account
) -> None:
    hidden = factories.account(database, username="quan-tri")
    elsewhere = factories.producer(
        database, province_code="96", commune_code="31825", commune_name="Xã Đất Mũi"
    )
    factories.account(database, elsewhere, username="dn-camau")
    factories.account(database, factories.producer(database), username="dn-vinhlong")
    page = client.get(f"{ROOM}/accounts").text
    assert "dn-vinhlong" in page
    assert "quan-tri" not in page
    assert "dn-camau" not in page
    assert client.get(f"{ROOM}/accounts/{hidden.id}").status_code == 404
    assert client.get(f"{ROOM}/accounts/new").status_code == 404
    assert client.get(f"{ROOM}/producers/{elsewhere.id}").status_code == 404
    assert client.get(f"{ROOM}/agencies/new").status_code == 403


# -- producers --------------------------------------------------------------------------------------------------------


def test_a_producer_is_written_down_and_approved(
    client: FlaskClient, database: Database, department: Account
) -> None:
    form = {
        "name": "Tổ hợp tác Cam Sành Mẫu (minh họa)",
        "legal_form": "cooperative_group",
        "categories": ["cam-sanh", "buoi"],
        "code": "F90",
        "commune_name": "Phường Cái Vồn",
        "commune_code": "29770",
        "province_code": "86",
    }
    answer = client.post(f"{ROOM}/producers/new", data=form)
    assert answer.status_code == 303
    assert "Chờ" in client.get(answer.location).text
    data = {"revision": one(database, select(Producer).where(Producer.code == "F90")).revision}
    assert "Đã phê duyệt" in client.post(f"{answer.location}/approve", data=data, follow_redirects=True).text
    assert one(database, select(Producer).where(Producer.code == "F90")).state is ProducerState.APPROVED


def test_a_producer_form_that_is_refused_keeps_what_was_typed(
    client: FlaskClient, database: Database, department: Account
) -> None:
    answer = client.post(f"{ROOM}/producers/new", data={"name": "Cơ sở X", "tax_code": "123", "gln": "1"})
    assert answer.status_code == 422
    assert 'value="Cơ sở X"' in answer.text
    assert "không phải là mã số thuế" in answer.text


def test_a_producer_without_an_account_gets_one(
    client: FlaskClient, database: Database, department: Account
) -> None:
    owner = factories.producer(database, stamps=False)
    path = f"{ROOM}/producers/{owner.id}"
    assert "Cấp tài khoản" in client.get(path).text
    form = {"username": "dn-f21", "display_name": "Trần Thị Vườn", "language": "vi", "has_stamps": "1"}
    page = client.post(f"{path}/account", data=form)
    assert page.status_code == 200
    holder = one(database, select(Account).where(Account.username == "dn-f21"))
    assert (holder.role, holder.producer_id) == (Role.MANAGER, owner.id)
    assert one(database, select(Producer).where(Producer.id == owner.id)).has_stamps
    client.post(link_in(page.text), data={"password": PASSWORD, "again": PASSWORD})
    assert (
        client.post("/account/sign-in", data={"username": "dn-f21", "password": PASSWORD}).status_code == 303
    )
    inbox = client.get("/account/notices").text
    assert "Đã mở tài khoản dn-f21" in inbox
    assert "được đặt tem" in inbox


def test_a_second_first_account_is_refused(
    client: FlaskClient, database: Database, department: Account
) -> None:
    owner = factories.producer(database)
    factories.account(database, owner)
    form = {"username": "dn-f22", "display_name": "Trần Thị Vườn", "language": "vi"}
    assert client.post(f"{ROOM}/producers/{owner.id}/account", data=form).status_code == 422


def test_stamps_are_allowed_and_no_longer(
    client: FlaskClient, database: Database, department: Account
) -> None:
    owner = factories.producer(database, stamps=False)
    for wanted in ("1", "0"):
        client.post(f"{ROOM}/producers/{owner.id}/stamps", data={"has_stamps": wanted})
        stored = one(database, select(Producer).where(Producer.id == owner.id))
        assert stored.has_stamps is (wanted == "1")


# -- agencies ---------------------------------------------------------------------------------------------------------


def agency_form(**changes):
    return {
        "code": "A13",
        "name": "Chi cục Chăn nuôi và Thú y",
        "permissions": ["inspect", "view_all"],
        "provinces": "86, 92",
        "categories": ["thuy-san"],
    } | changes


def test_an_agency_is_made_and_its_scope_changed(
    client: FlaskClient, database: Database, administrator: Account
) -> None:
    answer = client.post(f"{ROOM}/agencies/new", data=agency_form(provinces="86"))
    assert answer.status_code == 303
    made = one(database, select(Agency).where(Agency.code == "A13"))
    assert (made.permissions, made.provinces, made.categories) == (
        ["view_all", "inspect"],
        ["86"],
        ["thuy-san"],
    )
    page = client.get(answer.location + "/edit").text
    assert re.search(r'value="inspect" checked', page)
    officer = factories.account(database, made)
    change = agency_form(permissions=["data_entry_on_behalf"], provinces="", categories=[])
    assert client.post(answer.location + "/edit", data=change).status_code == 303
    made = one(database, select(Agency).where(Agency.code == "A13"))
    assert (made.permissions, made.provinces, made.categories) == (["data_entry_on_behalf"], None, None)
    assert one(database, select(Account).where(Account.id == officer.id)).role is Role.DATA_ENTRY


@pytest.mark.parametrize(
    "changes",
    [{"permissions": ["administer"]}, {"permissions": ["view_own"]}, {"provinces": "99"}, {"categories": ["vang"]},
     {"communes": "1"}, {"code": ""}, {"name": "x\x00"}],
)  # fmt: skip
def test_an_agency_gets_no_more_than_agencies_may_have(
    client: FlaskClient, database: Database, administrator: Account, changes: dict
) -> None:
    answer = client.post(f"{ROOM}/agencies/new", data=agency_form(provinces="86") | changes)
    assert answer.status_code in (400, 422)
    with database.reading(EVERYTHING) as session:
        assert session.exec(select(Agency).where(Agency.code == "A13")).first() is None


def test_accounts_of_a_closed_agency_stop_at_once(
    client: FlaskClient, database: Database, administrator: Account
) -> None:
    of = factories.agency(database, Permission.INSPECT)
    officer = client.application.test_client()
    factories.sign_in_as(officer, database, factories.account(database, of))
    assert officer.get("/account").status_code == 200
    client.post(f"{ROOM}/agencies/{of.id}/state", data={"state": "closed"})
    assert officer.get("/account").status_code == 303
    client.post(f"{ROOM}/agencies/{of.id}/state", data={"state": "active"})
    assert officer.get("/account").status_code == 200


# -- personal data ----------------------------------------------------------------------------------------------------


def test_a_look_at_a_contact_is_written_down_and_the_producer_sees_it(
    client: FlaskClient, database: Database, department: Account
) -> None:
    owner = factories.producer(database)
    holder = factories.account(database, owner, phone="0909 123 456")
    assert "0909123456" in client.get(f"{ROOM}/accounts/{holder.id}").text
    actor = factories.actor_of(database, holder)
    with database.reading(actor.scope) as session:
        (look,) = personal_data.looks_at(session, owner.id)
    assert (look.who, look.purpose) == (department.display_name, "administration")
    neighbour = factories.actor_of(database, factories.account(database, factories.producer(database)))
    with database.reading(neighbour.scope) as session:
        assert personal_data.looks_at(session, owner.id) == []


def test_what_cannot_be_written_down_is_not_shown(
    client: FlaskClient, database: Database, department: Account
) -> None:
    holder = factories.account(database, factories.producer(database), phone="0909 123 456")
    with database.engine.connect().execution_options(write=True) as connection:
        connection.execute(sa.text(f"DROP TABLE {AccessRecord.__tablename__}"))
        connection.commit()
    answer = client.get(f"{ROOM}/accounts/{holder.id}")
    assert answer.status_code == 503
    assert "0909123456" not in answer.text
    assert answer.headers["Retry-After"]


def test_a_look_at_what_does_not_exist_is_not_written_down(
    client: FlaskClient, database: Database, department: Account
) -> None:
    assert client.get(f"{ROOM}/accounts/khongco").status_code == 404
    with database.reading(EVERYTHING) as session:
        assert session.exec(select(AccessRecord)).all() == []


def test_who_may_do_what_stands_on_one_page(
    client: FlaskClient, database: Database, administrator: Account
) -> None:
    factories.agency(database, Permission.SUSPEND_AREA, name="Chi cục Trồng trọt và Bảo vệ thực vật")
    page = client.get(f"{ROOM}/permissions").text
    assert "Chi cục Trồng trọt và Bảo vệ thực vật" in page
    assert "Tạm dừng vùng trồng và mã số" in page


def test_the_list_of_accounts_has_pages(
    client: FlaskClient, database: Database, administrator: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "PAGE_SIZE", 1)
    factories.account(database, username="zz-cuoi")
    assert "zz-cuoi" not in client.get(f"{ROOM}/accounts").text
    assert "zz-cuoi" in client.get(f"{ROOM}/accounts?page=2").text
