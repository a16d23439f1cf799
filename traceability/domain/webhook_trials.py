"""A test message to a webhook: its owner sees at once whether it arrives, without waiting for something to happen.

It is a fact like those that webhooks are told of, so that it has a place in the log, a receipt and a signature, and
goes the same way as they do; only nobody asks for it, and it says nothing of anybody's goods.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session, select

from traceability.domain import ledger, webhook_deliveries, webhooks
from traceability.domain.actors import Actor
from traceability.domain.clock import now
from traceability.domain.errors import RuleBroken
from traceability.domain.ledger import LogLeaf
from traceability.domain.records import RecordId
from traceability.domain.webhook_deliveries import TRIED_FOR, DeliveryState, WebhookDelivery

KIND = "webhook.tested"


class TrialInput(BaseModel):
    """Sends a test message to a webhook."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    webhook_id: RecordId


def send(session: Session, actor: Actor, value: TrialInput) -> WebhookDelivery:
    """Puts a test message where the courier takes it in a moment; the account of sending shows what became of it.

    Raises `NotFound`; `RuleBroken`: `webhooks.not_live`, `webhooks.trial_waits` (one at a time).
    """
    webhook = webhooks.own(session, actor, value.webhook_id, lock=True)
    if not webhook.is_live:
        raise RuleBroken("webhooks.not_live")
    waiting = select(WebhookDelivery.id).where(
        WebhookDelivery.webhook_id == webhook.id,
        WebhookDelivery.kind == KIND,
        WebhookDelivery.state == DeliveryState.WAITING,
    )
    if session.exec(waiting).first() is not None:
        raise RuleBroken("webhooks.trial_waits")
    ledger.record(session, "webhook.tested", tenant=webhook.producer_id)
    position = ledger.append_facts(session, actor.user_id, actor.on_behalf)[-1]
    leaf = session.get_one(LogLeaf, position)
    nothing: dict[str, Any] = {"batch_ids": [], "batches": 0, "said": {}}
    delivery = WebhookDelivery(
        webhook_id=webhook.id,
        position=position,
        message_id=webhook_deliveries.message_id(leaf),
        kind=KIND,
        body=webhook_deliveries.message(leaf, {"record": {"table": "webhook", "id": webhook.id}} | nothing),
        give_up_at=now() + TRIED_FOR,
    )
    session.add(delivery)
    session.flush()
    webhook_deliveries.send_again(session, delivery)
    return delivery
