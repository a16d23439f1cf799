"""A manager's own people."""

import re

import pytest
from flask.testing import FlaskClient

from tests import factories
from tests.clients import without_tokens
from tests.databases import SQLITE_ONLY
from traceability.db import Database
from traceability.domain.accounts import Account
from traceability.domain.actors import Role
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import Producer

pytestmark = SQLITE_ONLY
STAFF = "/producer/members"


@pytest.fixture
def manager(client: FlaskClient, database: Database) -> Account:
    account = factories.account(database, factories.producer(database))
    factories.sign_in_as(client, database, account)
    return account


def test_a_manager_opens_a_clerks_account_and_gets_the_link_once(
    client: FlaskClient, database: Database, manager: Account
) -> None:
    form = {"username": "nv-kho", "display_name": "Võ Văn Kho", "language": "vi", "role": "manager"}
    page = client.post(f"{STAFF}/new", data=form)
    assert page.status_code == 200
    assert re.search(r"/account/set-password/[\w-]+", page.text)
    listed = client.get(STAFF).text
    assert "Võ Văn Kho" in listed
    assert "set-password" not in listed
    assert "Nhân viên" in listed  # whatever was sent, the account is a clerk's


def test_a_clerk_is_disabled_and_opened_again(
    client: FlaskClient, database: Database, manager: Account
) -> None:
    with database.reading(EVERYTHING) as session:
        of = session.get_one(Producer, manager.producer_id)
    clerk = factories.account(database, of, role=Role.CLERK)
    other = client.application.test_client()
    factories.sign_in_as(other, database, clerk)
    assert "Đã khóa tài khoản" in client.post(f"{STAFF}/{clerk.id}/disable", follow_redirects=True).text
    assert other.get("/account").status_code == 303
    assert "Đã mở lại" in client.post(f"{STAFF}/{clerk.id}/enable", follow_redirects=True).text
    assert client.post(f"{STAFF}/{clerk.id}/link").status_code == 200


@pytest.mark.parametrize("step", ["disable", "enable", "link"])
def test_a_neighbours_clerk_is_a_missing_one(
    client: FlaskClient, database: Database, manager: Account, step: str
) -> None:
    neighbour = factories.account(database, factories.producer(database), role=Role.CLERK)
    theirs = client.post(f"{STAFF}/{neighbour.id}/{step}")
    missing = client.post(f"{STAFF}/{'0' * 16}/{step}")
    assert (theirs.status_code, missing.status_code) == (404, 404)
    assert without_tokens(theirs.text, neighbour.id) == without_tokens(missing.text, "0" * 16)


def test_a_clerk_does_not_manage_staff(client: FlaskClient, database: Database) -> None:
    clerk = factories.account(database, factories.producer(database), role=Role.CLERK)
    factories.sign_in_as(client, database, clerk)
    assert client.get(STAFF).status_code == 403
    assert client.post(f"{STAFF}/new", data={"username": "nv-moi", "display_name": "Ai"}).status_code == 403
