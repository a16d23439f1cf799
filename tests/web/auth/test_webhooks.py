"""The pages of webhooks: set up once, the secret shown once, what was sent, sent again."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select

from tests import factories
from tests.databases import SQLITE_ONLY
from traceability import outward
from traceability.config import Settings
from traceability.courier import Courier
from traceability.db import Database
from traceability.domain import verification, webhooks
from traceability.domain.actors import Role
from traceability.domain.ledger import LogLeaf
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import Producer
from traceability.domain.webhook_deliveries import WebhookDelivery
from traceability.domain.webhooks import Webhook

pytestmark = SQLITE_ONLY
PATH = "/account/webhooks"
TYPED = {"name": "kế toán", "address": "https://nhan-tin.example/w", "interests": ["batch", "recall"]}
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


@pytest.fixture
def manager(client: FlaskClient, database: Database, owner: Producer) -> FlaskClient:
    factories.sign_in_as(client, database, factories.account(database, owner))
    return client


def webhook(database: Database) -> Webhook:
    with database.reading(EVERYTHING) as session:
        return session.exec(select(Webhook)).one()


def test_the_secret_is_shown_once(manager: FlaskClient, database: Database) -> None:
    made = manager.post(PATH, data=TYPED)
    assert made.status_code == 200, made.text
    secret = SECRET.findall(made.text)[0]
    page = f"{PATH}/{webhook(database).id}"
    assert not SECRET.search(manager.get(PATH).text + manager.get(page).text)
    renewed = manager.post(page)
    assert SECRET.findall(renewed.text)[0] != secret
    assert not SECRET.search(manager.get(page).text)


def test_what_was_sent_is_told_with_each_try_and_sent_again(
    manager: FlaskClient, database: Database, settings: Settings, owner: Producer
) -> None:
    manager.post(PATH, data=TYPED)
    factories.harvest(database, owner)
    answers = [
        outward.Answer(503, "", 0.25),
        outward.Answer(None, "tls", 0.125),
        outward.Answer(200, "", 0.5),
    ]
    courier = Courier(database, settings, lambda *_sent: answers.pop(0))
    page = f"{PATH}/{webhook(database).id}"
    assert courier.round() == 1
    told = manager.get(page).text
    assert "HTTP 503 · 250 ms" in told
    assert "chờ gửi" in told
    with database.reading(EVERYTHING) as session:
        delivery = session.exec(select(WebhookDelivery.id)).one()
    for _ in range(2):
        assert courier.round() == 0
        assert manager.post(f"{PATH}/send-again", data={"delivery_id": delivery}).location == page
        assert courier.round() == 1
    told = manager.get(page).text
    assert "chứng thư số không được chấp nhận · 125 ms" in told
    assert "HTTP 200 · 500 ms" in told
    assert "đã đến nơi" in told


def test_a_test_message_goes_the_way_of_all_others_and_its_outcome_is_shown(
    app: Flask, manager: FlaskClient, database: Database, settings: Settings
) -> None:
    manager.post(PATH, data=TYPED)
    hook = webhook(database)
    page, which = f"{PATH}/{hook.id}", {"webhook_id": hook.id}
    sent: list[tuple[dict[str, Any], dict[str, str]]] = []
    statuses = [500, 200]

    def take(_address: str, body: bytes, headers: dict[str, str]) -> outward.Answer:
        sent.append((json.loads(body), headers))
        return outward.Answer(statuses.pop(0), "", 0.25)

    courier = Courier(database, settings, take)
    assert "Gửi thử" in manager.get(page).text
    assert manager.post(f"{PATH}/try", data=which).location == page
    assert courier.round() == 1
    told = manager.get(page).text
    assert "Tin gửi thử đến webhook" in told
    assert "HTTP 500 · 250 ms" in told
    manager.post(f"{PATH}/try", data=which | {"once": "khac"})
    assert "chưa đến nơi" in manager.get(PATH).text, "one at a time"
    with database.reading(EVERYTHING) as session:
        delivery = session.exec(select(WebhookDelivery)).one()
        leaf = session.get_one(LogLeaf, delivery.position)
    manager.post(f"{PATH}/send-again", data={"delivery_id": delivery.id})
    assert courier.round() == 1
    assert "HTTP 200 · 250 ms" in manager.get(page).text
    message, headers = sent[-1]
    assert (message["type"], message["data"]["record"]["id"]) == ("webhook.tested", hook.id)
    assert message["receipt"]["leaf_hash"] == bytes(leaf.leaf_hash).hex()
    master = settings.keyring().secret(webhooks.KEY)
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    body = json.dumps(message, ensure_ascii=False, sort_keys=True).encode()
    signed = webhooks.headers(master, hook, headers["webhook-id"], body, at)
    assert signed["webhook-signature"] == headers["webhook-signature"]
    with database.one_state() as session:
        verification.verify(session, [])
    neighbour = app.test_client()
    factories.sign_in_as(neighbour, database, factories.account(database, factories.producer(database)))
    assert neighbour.post(f"{PATH}/try", data=which).status_code == 404
    manager.post(f"{PATH}/change", data=which | {"act": "pause"})
    assert "Gửi thử" not in manager.get(page).text
    manager.post(f"{PATH}/try", data=which)
    assert courier.round() == 0


def test_a_paused_webhook_is_resumed_and_an_ended_one_is_not(
    manager: FlaskClient, database: Database
) -> None:
    manager.post(PATH, data=TYPED)
    which = {"webhook_id": webhook(database).id}
    for change, said in (("pause", "tạm dừng"), ("resume", "đang dùng"), ("end", "đã chấm dứt")):
        manager.post(f"{PATH}/change", data=which | {"act": change})
        assert said in manager.get(PATH).text.lower(), change
    manager.post(f"{PATH}/change", data=which | {"act": "resume"})
    assert "Webhook này đã chấm dứt" in manager.get(PATH).text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"address": "https://10.0.0.1/"}, "mạng nội bộ"),
        ({"address": "javascript:alert(1)"}, "địa chỉ"),
        ({"address": ""}, "Vui lòng điền"),
        ({"interests": []}, "Vui lòng"),
        ({"interests": ["tat-ca"]}, "danh sách"),
        ({"name": "x" * 100}, "80"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    manager: FlaskClient, database: Database, changes: dict[str, object], sentence: str
) -> None:
    answer = manager.post(PATH, data=TYPED | changes)
    assert answer.status_code == 422
    assert sentence in answer.text
    with database.reading(EVERYTHING) as session:
        assert session.exec(select(Webhook)).all() == []


def test_plain_http_is_for_demos_only(app: Flask, manager: FlaskClient) -> None:
    typed = TYPED | {"address": "http://nhan-tin.example/"}
    assert manager.post(PATH, data=typed).status_code == 200
    settings = app.extensions["settings"]
    app.extensions["settings"] = Settings(**(settings.__dict__ | {"mode": type(settings.mode)("production")}))
    refused = manager.post(PATH, data=typed)
    assert refused.status_code == 422
    assert "https://" in refused.text


def test_an_agency_has_webhooks_and_an_administrator_is_told_why_not(
    app: Flask, client: FlaskClient, database: Database
) -> None:
    factories.sign_in_as(client, database, factories.account(database, factories.agency(database)))
    assert SECRET.search(client.post(PATH, data=TYPED).text)
    administrator = app.test_client()
    factories.sign_in_as(administrator, database, factories.account(database))
    assert "Tài khoản của bạn không thuộc bên nào" in administrator.get(PATH).text
    assert administrator.post(PATH, data=TYPED).status_code == 422


def test_a_clerk_and_a_neighbour_see_nothing_of_it(
    app: Flask, manager: FlaskClient, database: Database, owner: Producer
) -> None:
    manager.post(PATH, data=TYPED)
    page, which = f"{PATH}/{webhook(database).id}", {"webhook_id": webhook(database).id, "act": "end"}
    clerk, neighbour = app.test_client(), app.test_client()
    factories.sign_in_as(clerk, database, factories.account(database, owner, role=Role.CLERK))
    assert clerk.get(PATH).status_code == 403
    factories.sign_in_as(neighbour, database, factories.account(database, factories.producer(database)))
    assert neighbour.get(page).status_code == neighbour.get(f"{PATH}/{'0' * 16}").status_code == 404
    assert neighbour.post(page).status_code == neighbour.post(f"{PATH}/change", data=which).status_code == 404
    for number in ("1", "99999999999999999999999", "x", "-1"):
        answer = neighbour.post(f"{PATH}/send-again", data={"delivery_id": number})
        assert answer.status_code in (303, 404), number
    assert webhook(database).is_live


def test_whatever_is_typed_is_answered(manager: FlaskClient, database: Database) -> None:
    manager.post(PATH, data=TYPED)
    which = webhook(database).id
    lone = "https://\ud800".encode("utf-8", "surrogatepass")
    hostile = [
        "\x00", "\u202ex", "ẩ" * 5000, lone, "https://[::1", "https://a.b:99999/", "https://xn--/", "https://a..vn/",
        "https://" + "a" * 70 + ".vn/", "http://0x7f.1/", "9" * 5000,
    ]  # fmt: skip
    for text in hostile:
        for page, data in (
            (PATH, TYPED | {"address": text}),
            (PATH, TYPED | {"name": text, "interests": [text]}),
            (f"{PATH}/change", {"webhook_id": text, "act": text}),
            (f"{PATH}/change", {"webhook_id": which, "act": text}),
            (f"{PATH}/send-again", {"delivery_id": text}),
        ):
            assert manager.post(page, data=data).status_code in (200, 303, 400, 404, 422), (page, data)
    for before in ("x", "-1", "9" * 40, "%00", "1'"):
        assert manager.get(f"{PATH}/{which}?before={before}").status_code in (200, 400)
