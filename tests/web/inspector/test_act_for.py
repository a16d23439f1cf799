"""Recording on behalf of a producer without an account."""

import pytest
from flask.testing import FlaskClient

from tests import factories
from tests.databases import SQLITE_ONLY
from traceability.db import Database
from traceability.domain.accounts import Account
from traceability.domain.actors import Permission

pytestmark = SQLITE_ONLY
CHOOSE = "/inspector/act-for"


@pytest.fixture
def officer(client: FlaskClient, database: Database) -> Account:
    account = factories.account(database, factories.agency(database, Permission.DATA_ENTRY_ON_BEHALF))
    factories.sign_in_as(client, database, account)
    return account


def test_the_producers_pages_ask_first_for_whom(client: FlaskClient, officer: Account) -> None:
    assert client.get("/producer/profile").location == CHOOSE


def test_one_chooses_among_the_producers_without_an_account(
    client: FlaskClient, database: Database, officer: Account
) -> None:
    waiting, other = factories.producer(database), factories.producer(database)
    factories.account(database, other)
    page = client.get(CHOOSE).text
    assert waiting.name in page
    assert other.name not in page
    assert client.post(CHOOSE, data={"producer_id": waiting.id}).location == "/producer/"
    shown = client.get("/producer/profile").text
    assert "Đang nhập hộ:" in shown
    assert waiting.name in shown
    assert client.post(CHOOSE, data={}).location == CHOOSE
    assert client.get("/producer/profile").location == CHOOSE


def test_a_producer_with_an_account_cannot_be_chosen(
    client: FlaskClient, database: Database, officer: Account
) -> None:
    other = factories.producer(database)
    factories.account(database, other)
    page = client.post(CHOOSE, data={"producer_id": other.id}, follow_redirects=True).text
    assert "đã có tài khoản riêng" in page


def test_a_producer_of_another_province_is_a_missing_one(
    client: FlaskClient, database: Database, officer: Account
) -> None:
    elsewhere = factories.producer(
        database, province_code="96", commune_code="31825", commune_name="Xã Đất Mũi"
    )
    answers = [client.post(CHOOSE, data={"producer_id": key}) for key in (elsewhere.id, "0" * 16)]
    assert [answer.status_code for answer in answers] == [404, 404]


def test_it_ends_when_the_producer_gets_its_own_account(
    client: FlaskClient, database: Database, officer: Account
) -> None:
    waiting = factories.producer(database)
    client.post(CHOOSE, data={"producer_id": waiting.id})
    factories.account(database, waiting)
    assert client.get("/producer/profile").location == CHOOSE


def test_on_behalf_one_may_not_manage_staff_or_order_stamps(
    client: FlaskClient, database: Database, officer: Account
) -> None:
    client.post(CHOOSE, data={"producer_id": factories.producer(database).id})
    assert client.get("/producer/members").status_code in (303, 403)


def test_other_agencies_do_not_record_for_anybody(client: FlaskClient, database: Database) -> None:
    account = factories.account(database, factories.agency(database, Permission.INSPECT))
    factories.sign_in_as(client, database, account)
    assert client.get(CHOOSE).status_code == 403
    assert client.get("/producer/profile").status_code == 403
