"""Webhooks: told of what was committed, at least once, signed, and never of what is another's."""

import base64
import hashlib
import hmac
import itertools
import json
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import select

from tests import factories, recalled
from traceability import courier as courier_module
from traceability import outward, serving
from traceability.config import Settings
from traceability.courier import Courier, may_reach
from traceability.db import Database
from traceability.domain import (
    batches,
    ledger,
    log_tree,
    notices,
    verification,
    webhook_deliveries,
    webhook_trials,
    webhooks,
)
from traceability.domain.actors import SYSTEM, Actor, Permission
from traceability.domain.clock import now
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ledger import LogLeaf
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import Producer
from traceability.domain.webhook_deliveries import (
    DeliveryState,
    WebhookAttempt,
    WebhookDelivery,
    WebhookProgress,
)
from traceability.domain.webhook_trials import TrialInput
from traceability.domain.webhooks import Change, ChangeInput, Interest, RenewInput, Webhook, WebhookInput

ADDRESS = "https://nhan-tin.example/webhook"


class Receiver:
    """Stands for the other side: answers as told and keeps what it was sent."""

    def __init__(self) -> None:
        self.status: int | None = 204
        self.seconds: dict[str, float] = {}
        self.messages: list[dict[str, Any]] = []
        self.raw: list[tuple[str, bytes, dict[str, str]]] = []

    def __call__(self, address: str, body: bytes, headers: dict[str, str]) -> outward.Answer:
        self.raw.append((address, body, headers))
        self.messages.append(json.loads(body))
        return outward.Answer(self.status, "" if self.status else "timeout", self.seconds.get(address, 0.012))

    @property
    def kinds(self) -> list[str]:
        return [message["type"] for message in self.messages]


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def courier(database: Database, settings: Settings, receiver: Receiver) -> Courier:
    return Courier(database, settings, receiver)


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


def register(database: Database, actor: Actor, *interests: Interest, address: str = ADDRESS) -> Webhook:
    value = WebhookInput(name="kế toán", address=address, interests=list(interests or Interest))
    with database.transaction(actor) as session:
        return webhooks.register(session, actor, value, plain_http=False, may_reach=outward.is_public)


def act(database: Database, actor: Actor, webhook: Webhook, change: Change) -> Webhook:
    with database.transaction(actor) as session:
        return webhooks.change(session, actor, ChangeInput(webhook_id=webhook.id, act=change))


def person(database: Database, of: Any) -> Actor:
    return recalled.person(database, of)


def deliveries(database: Database) -> list[WebhookDelivery]:
    with database.reading(EVERYTHING) as session:
        return list(session.exec(select(WebhookDelivery)).all())


def sentences(database: Database, actor: Actor) -> list[str]:
    with database.reading(EVERYTHING) as session:
        return [notice.code for notice in notices.inbox(session, actor)]


def test_each_fact_that_was_asked_for_is_sent_once_with_its_receipt(
    database: Database, courier: Courier, receiver: Receiver, owner: Producer
) -> None:
    factories.harvest(database, owner)  # before there was a webhook
    register(database, person(database, owner), Interest.BATCH)
    batch = factories.harvest(database, owner)
    assert courier.round() == 1
    [message] = receiver.messages
    with database.reading(EVERYTHING) as session:
        leaf = session.get_one(LogLeaf, message["id"])
    assert (message["type"], leaf.kind) == ("batch.registered", "batch.registered")
    assert message["data"] == {
        "record": {"table": "batch", "id": batch.id}, "batch_ids": [batch.id], "batches": 1, "said": {},
    }  # fmt: skip
    assert message["receipt"]["log_index"] == leaf.position
    assert message["receipt"]["leaf_hash"] == bytes(leaf.leaf_hash).hex()
    assert message["timestamp"] == leaf.at.isoformat()
    assert courier.round() == 0
    [delivery] = deliveries(database)
    assert delivery.state is DeliveryState.DELIVERED
    factories.release(database, batch)
    courier.round()
    assert receiver.kinds == ["batch.registered", "batch.released"]


def test_a_receiver_checks_who_sent_it_and_when(
    database: Database, courier: Courier, receiver: Receiver, owner: Producer, settings: Settings
) -> None:
    actor = person(database, owner)
    webhook = register(database, actor)
    factories.harvest(database, owner)
    courier.round()
    address, body, headers = receiver.raw[0]
    assert address == ADDRESS
    text = webhooks.secret_text(settings.keyring().secret(webhooks.KEY), webhook)

    def is_good(secret: str, signature: str) -> bool:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        return signature == "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()

    assert is_good(text, headers["webhook-signature"])
    assert abs(int(headers["webhook-timestamp"]) - now().timestamp()) < 60
    assert headers["webhook-id"].split("-")[0] == str(receiver.messages[0]["id"])
    with database.transaction(actor) as session:
        renewed = webhooks.renew(session, actor, RenewInput(webhook_id=webhook.id))
    fresh = webhooks.secret_text(settings.keyring().secret(webhooks.KEY), renewed)
    assert fresh != text
    factories.harvest(database, owner)
    courier.round()
    _address, body, headers = receiver.raw[1]
    new, old = headers["webhook-signature"].split(" ")
    assert is_good(fresh, new)
    assert is_good(text, old)
    with time_machine.travel(now() + timedelta(days=2)):
        factories.harvest(database, owner)
        courier.round()
    assert " " not in receiver.raw[2][2]["webhook-signature"]


def test_no_secret_lies_in_the_database(database: Database, owner: Producer, settings: Settings) -> None:
    webhook = register(database, person(database, owner))
    text = webhooks.secret_text(settings.keyring().secret(webhooks.KEY), webhook)
    secret = base64.b64decode(text.removeprefix("whsec_"))
    with database.reading(EVERYTHING) as session:
        row = session.get_one(Webhook, webhook.id).model_dump()
        body = session.exec(select(LogLeaf.body).where(LogLeaf.kind == "webhook.registered")).one()
    held = repr(row) + bytes(body).decode()
    assert secret.hex() not in held
    assert text.removeprefix("whsec_") not in held
    assert ADDRESS not in bytes(body).decode()


def test_an_unanswered_message_is_tried_at_growing_intervals_then_the_owner_is_told(
    database: Database, courier: Courier, receiver: Receiver, owner: Producer
) -> None:
    actor = person(database, owner)
    webhook = register(database, actor)
    factories.harvest(database, owner)
    receiver.status = None
    start, moments = now(), list[datetime]()
    with time_machine.travel(start, tick=False) as clock:
        while not moments or moments[-1] < start + webhook_deliveries.TRIED_FOR:
            assert courier.round() == 1
            moments.append(now())
            assert courier.round() == 0  # not before its time
            [delivery] = deliveries(database)
            with database.reading(EVERYTHING) as session:
                progress = session.get_one(WebhookProgress, webhook.id)
            assert progress.not_before is not None
            rest = max(delivery.due_at, progress.not_before) + timedelta(seconds=1)
            clock.move_to(rest if len(moments) < 4 else start + webhook_deliveries.TRIED_FOR)
        assert moments[1] - moments[0] < timedelta(minutes=1) < moments[3] - moments[2]
        assert delivery.state is DeliveryState.GIVEN_UP
        assert sentences(database, actor)[0] == "webhook_paused"
        with database.reading(EVERYTHING) as session:
            assert session.get_one(Webhook, webhook.id).paused_at is not None
            tries = session.exec(select(WebhookAttempt)).all()
        assert len(tries) == len(moments)
        assert {(one.status, one.trouble) for one in tries} == {(None, "timeout")}
        factories.harvest(database, owner)
        assert courier.round() == 0
        receiver.status = 200
        act(database, actor, webhook, Change.RESUME)
        assert courier.round() == 2, "what was given up and what came during the pause"
    assert {one.state for one in deliveries(database)} == {DeliveryState.DELIVERED}


def test_the_waits_grow_to_hours_and_no_further() -> None:
    waits = [webhook_deliveries.wait_after(failures) for failures in range(1, 40)]
    assert timedelta(seconds=8) <= waits[0] <= timedelta(seconds=12)
    assert all(later > sooner for sooner, later in itertools.pairwise(waits[:8]))
    assert max(waits) <= timedelta(hours=7, minutes=12)
    assert len(set(waits)) == len(waits), "webhooks of one moment do not come back at one moment"


def test_one_message_that_is_never_taken_does_not_stop_the_others(
    database: Database, courier: Courier, receiver: Receiver, owner: Producer
) -> None:
    actor = person(database, owner)
    webhook = register(database, actor)
    factories.harvest(database, owner)
    receiver.status = 500
    courier.round()
    [refused] = deliveries(database)
    with time_machine.travel(now() + timedelta(hours=1), tick=False):
        receiver.status = 200
        with database.transaction(SYSTEM) as session:
            session.get_one(WebhookDelivery, refused.id).due_at = now() + timedelta(days=4)
        factories.harvest(database, owner)
        assert courier.round() == 1
    with time_machine.travel(now() + timedelta(days=5), tick=False):
        receiver.status = 500
        courier.round()
        assert sentences(database, actor)[0] == "webhook_given_up"
        with database.reading(EVERYTHING) as session:
            assert session.get_one(Webhook, webhook.id).is_live


def test_a_receiver_that_wants_nothing_more_is_left_alone(
    database: Database, courier: Courier, receiver: Receiver, owner: Producer
) -> None:
    actor = person(database, owner)
    register(database, actor)
    factories.harvest(database, owner)
    receiver.status = 410
    courier.round()
    with time_machine.travel(now() + timedelta(days=1)):
        assert courier.round() == 0
    assert sentences(database, actor)[0] == "webhook_paused"


def test_nothing_is_lost_when_a_process_dies(
    database: Database, settings: Settings, courier: Courier, receiver: Receiver, owner: Producer
) -> None:
    register(database, person(database, owner))
    factories.harvest(database, owner)

    def dies(_address: str, _body: bytes, _headers: dict[str, str]) -> outward.Answer:
        raise KeyboardInterrupt

    first = Courier(database, settings, dies)
    first._database = _without_goodbye(database)
    with pytest.raises(KeyboardInterrupt):
        first.round()
    assert courier.round() == 0, "the dead one still holds it"
    with time_machine.travel(now() + timedelta(minutes=2)):
        assert courier.round() == 1
    assert receiver.kinds == ["batch.registered"]


def test_each_process_that_serves_sends_by_itself(
    database: Database,
    settings: Settings,
    receiver: Receiver,
    owner: Producer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "python:traceability.gunicorn_hooks" in serving.command(settings)
    register(database, person(database, owner))
    factories.harvest(database, owner)
    monkeypatch.setattr("traceability.courier._LOOK", 0.02)
    taken = threading.Event()

    def take(address: str, body: bytes, headers: dict[str, str]) -> outward.Answer:
        taken.set()
        return receiver(address, body, headers)

    courier = Courier(database, settings, take)
    courier.start()
    try:
        assert taken.wait(20)
    finally:
        courier.stop()
        while any(thread.name == "webhooks" for thread in threading.enumerate()):
            time.sleep(0.01)
    assert receiver.kinds == ["batch.registered"]


def _without_goodbye(database: Database) -> Any:
    """A database that a dying process reaches no more once it has claimed and gathered."""

    class Dying:
        engine, count = database.engine, 0

        def reading(self, scope: Any) -> Any:
            return database.reading(scope)

        def transaction(self, actor: Actor) -> Any:
            self.count += 1
            if self.count > 2:
                raise KeyboardInterrupt
            return database.transaction(actor)

    return Dying()


def test_two_processes_do_not_send_the_same_message(
    database: Database, settings: Settings, owner: Producer
) -> None:
    register(database, person(database, owner))
    factories.harvest(database, owner)
    sent, both, at_work = [], threading.Event(), threading.Event()

    def slow(_address: str, body: bytes, _headers: dict[str, str]) -> outward.Answer:
        sent.append(body)
        at_work.set()
        both.wait(10)
        return outward.Answer(200, "", 0.1)

    first = threading.Thread(target=Courier(database, settings, slow).round)
    first.start()
    assert at_work.wait(10)
    assert Courier(database, settings, slow).round() == 0
    both.set()
    first.join(10)
    assert len(sent) == 1


def test_what_is_rolled_back_is_never_sent(
    database: Database, courier: Courier, receiver: Receiver, owner: Producer
) -> None:
    actor = person(database, owner)
    register(database, actor)
    area, product = factories.area(database, owner), factories.product(database, owner)
    with pytest.raises(ZeroDivisionError), database.transaction(actor) as session:
        value = batches.HarvestInput(
            product_id=product.id, area_id=area.id, harvested_on=now().date(), kilograms=10
        )
        batches.register(session, actor, value)
        raise ZeroDivisionError
    assert courier.round() == 0


def test_a_neighbour_is_told_nothing(
    database: Database, courier: Courier, receiver: Receiver, owner: Producer
) -> None:
    register(database, person(database, factories.producer(database)))
    batch = factories.harvest(database, owner)
    factories.release(database, batch)
    recalled.voluntary(database, person(database, owner), batch)
    assert courier.round() == 0
    assert receiver.messages == []


def test_a_recall_is_told_to_everybody_whose_batches_it_reaches_and_of_these_alone(
    database: Database, courier: Courier, receiver: Receiver, owner: Producer
) -> None:
    packer = factories.producer(database)
    batch = factories.release(database, factories.harvest(database, owner))
    delivery = factories.received(database, factories.sent(database, batch, 500, to=packer))
    made = recalled.made_of(database, packer, 100, f"delivery:{delivery.id}")
    register(database, person(database, packer), Interest.RECALL)
    recall = recalled.voluntary(database, person(database, owner), batch)
    courier.round()
    [message] = receiver.messages
    assert message["type"] == "recall.opened"
    assert message["data"]["record"] == {"table": "recall", "id": recall.id}
    assert message["data"]["batch_ids"] == [made.id]
    assert batch.id not in json.dumps(message["data"])


def test_an_agency_is_told_of_what_it_oversees(
    database: Database, courier: Courier, receiver: Receiver
) -> None:
    agency = factories.agency(database, provinces=["86"])
    register(database, person(database, agency), Interest.BATCH)
    inside, outside = factories.producer(database), factories.producer(database, province_code="96")
    batch = factories.harvest(database, inside)
    factories.harvest(database, outside)
    courier.round()
    assert [message["data"]["batch_ids"] for message in receiver.messages] == [[batch.id]]


def test_a_test_message_is_sent_to_this_webhook_alone_and_one_at_a_time(
    database: Database, courier: Courier, receiver: Receiver
) -> None:
    actor = person(database, factories.agency(database))
    first, _second = (register(database, actor, *Interest) for _ in range(2))
    with database.transaction(actor) as session:
        webhook_trials.send(session, actor, TrialInput(webhook_id=first.id))
    with pytest.raises(RuleBroken, match="trial_waits"), database.transaction(actor) as session:
        webhook_trials.send(session, actor, TrialInput(webhook_id=first.id))
    assert courier.round() == 1
    assert receiver.kinds == ["webhook.tested"]
    with database.one_state() as session:
        verification.verify(session, [])


def test_a_veiled_fact_is_told_to_nobody(
    database: Database, courier: Courier, receiver: Receiver, owner: Producer
) -> None:
    register(database, person(database, owner))
    with database.transaction(SYSTEM) as session:
        row = Producer(code="V1", name="V1", legal_form=owner.legal_form)
        session.add(row)
        ledger.record(session, "batch.closed", row, veiled=True)
    assert courier.round() == 0


def test_a_quiet_log_costs_no_writes(database: Database, courier: Courier, owner: Producer) -> None:
    webhook = register(database, person(database, owner), Interest.VOID)
    factories.harvest(database, owner)
    assert courier.round() == 0
    with database.reading(EVERYTHING) as session:
        progress = session.get_one(WebhookProgress, webhook.id)
        assert progress.next_position < log_tree.size(session.connection())


def test_an_idle_look_asks_as_much_for_many_webhooks_as_for_one(
    database: Database, courier: Courier, owner: Producer
) -> None:
    register(database, person(database, owner), Interest.VOID)
    factories.harvest(database, owner)  # news, for others
    courier.round()

    def questions() -> int:
        asked: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            asked.append(statement)

        sa.event.listen(database.engine, "before_cursor_execute", note)
        try:
            assert courier.round() == 0
        finally:
            sa.event.remove(database.engine, "before_cursor_execute", note)
        return len(asked)

    alone = questions()
    for _ in range(3):
        register(database, person(database, owner), Interest.RECALL)
    assert questions() == alone <= 6


def test_a_webhook_that_lags_far_behind_moves_on(
    database: Database, courier: Courier, owner: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = register(database, person(database, owner), Interest.VOID)
    factories.harvest(database, owner)
    monkeypatch.setattr(webhook_deliveries, "LAG", 1)
    assert courier.round() == 0
    with database.reading(EVERYTHING) as session:
        progress = session.get_one(WebhookProgress, webhook.id)
        assert progress.next_position == log_tree.size(session.connection())


def test_receivers_that_take_long_do_not_keep_others_waiting(
    database: Database, courier: Courier, receiver: Receiver, owner: Producer
) -> None:
    """They answer in time, each time: what comes for others waits for one of them at most."""
    slow = ["https://cham-1.example/", "https://cham-2.example/"]
    receiver.seconds = dict.fromkeys(slow, 9.9)
    actor = person(database, owner)
    for address in (*slow, ADDRESS):
        register(database, actor, Interest.BATCH, address=address)
    with time_machine.travel(now(), tick=False) as clock:
        factories.harvest(database, owner)
        factories.harvest(database, owner)
        assert sum(courier.round() for _ in range(3)) == 4, "of each slow one the first message only"
        assert courier.round() == 0, "the slow ones rest"
        clock.shift(timedelta(minutes=2))
        receiver.raw.clear()
        factories.harvest(database, owner)
        assert courier.round() == 2
        assert receiver.raw[0][0] == ADDRESS
        assert receiver.raw[1][0] in slow


def test_an_old_log_of_messages_is_dropped(
    database: Database, settings: Settings, courier: Courier, receiver: Receiver, owner: Producer
) -> None:
    register(database, person(database, owner))
    factories.harvest(database, owner)
    courier.round()
    with time_machine.travel(now() + timedelta(days=31)):
        Courier(database, settings, receiver).round()
    assert deliveries(database) == []


def test_another_ones_webhook_is_missing(database: Database, owner: Producer) -> None:
    webhook = register(database, person(database, owner))
    for other in (
        person(database, factories.producer(database)),
        person(database, factories.agency(database)),
    ):
        with pytest.raises(NotFound), database.transaction(other) as session:
            webhooks.renew(session, other, RenewInput(webhook_id=webhook.id))
        with pytest.raises(NotFound):
            act(database, other, webhook, Change.END)


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("http://nhan-tin.example/", "webhooks.https_only"),
        ("https://nhan-tin.example:22/", "webhooks.port"),
        ("https://127.0.0.1/", "webhooks.not_public"),
        ("https://2130706433./", "webhooks.not_public"),
        ("https://metadata.google.internal/", "webhooks.not_public"),
    ],
)
def test_an_address_that_may_not_be_asked_is_refused(
    database: Database, owner: Producer, address: str, code: str
) -> None:
    with pytest.raises(RuleBroken) as refused:
        register(database, person(database, owner), address=address)
    assert (refused.value.code, refused.value.field) == (code, "address")


@pytest.mark.parametrize(
    "address", ["https://a:b@nhan-tin.example/", "ftp://x.example/", "khong", "https://", 7]
)
def test_what_is_no_address_is_refused(address: Any) -> None:
    with pytest.raises(ValueError):
        WebhookInput(name="x", address=address, interests=[Interest.VOID])


def test_only_who_speaks_for_an_organisation_sets_one_up(database: Database, owner: Producer) -> None:
    clerk = replace(person(database, owner), permissions=frozenset({Permission.VIEW_OWN}))
    for actor, code in ((clerk, "access.not_permitted"), (SYSTEM, "webhooks.no_owner")):
        with pytest.raises(RuleBroken) as refused:
            register(database, actor)
        assert refused.value.code == code
    actor = person(database, owner)
    made = [register(database, actor) for _ in range(webhooks.MOST_WEBHOOKS)]
    with pytest.raises(RuleBroken) as refused:
        register(database, actor)
    assert refused.value.code == "webhooks.too_many"
    act(database, actor, made[0], Change.END)
    with pytest.raises(RuleBroken):
        act(database, actor, made[0], Change.RESUME)
    register(database, actor)


def test_the_address_of_the_site_itself_is_not_asked(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = []

    def resolve(host: str, _port: int) -> list[str]:
        names.append(host)
        return ["1.2.3.4", "2606:4700::7"]

    monkeypatch.setattr(outward, "resolve", resolve)
    courier_module._own.cache_clear()
    outside = may_reach(replace(settings, public_root="https://truy-xuat.example"))
    for own in ("1.2.3.4", "::ffff:1.2.3.4", "2606:4700:0::7", "64:ff9b::102:304"):
        assert not outside(own), own
    assert outside("1.2.3.5")
    assert not outside("10.0.0.1")
    assert names == ["truy-xuat.example"], "asked once, not for each message"


def test_only_a_demo_on_its_own_machine_may_ask_that_machine(settings: Settings) -> None:
    assert may_reach(settings)("127.0.0.1")
    assert not may_reach(settings)("192.168.1.1")
    assert not may_reach(replace(settings, public_root="http://192.168.1.7:8000"))("127.0.0.1")
    production = replace(settings, mode=type(settings.mode)("production"))
    assert not may_reach(production)("127.0.0.1")
