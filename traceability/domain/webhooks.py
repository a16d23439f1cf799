"""The webhook: an address of a producer or an agency that is told of facts as they enter the log.

What lies here can sign nothing: the secret of a webhook is derived from a key outside the database, its id and its
generation. What is sent and how it went is in `webhook_deliveries`.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

import pydantic
import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, col, select

from traceability.domain import ledger, log_tree, notices, records, webhook_deliveries
from traceability.domain.actors import Actor, Permission
from traceability.domain.agencies import Agency, AgencyState
from traceability.domain.clock import now
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.links import WebAddress
from traceability.domain.ownership import Scope
from traceability.domain.records import Instant, Json, Record, RecordId
from traceability.domain.text import ShortLine
from traceability.domain.webhook_deliveries import WebhookProgress, try_everything_again

KEY = "webhooks"
MOST_WEBHOOKS = 5
SECRET_PREFIX = "whsec_"
#: So long after a renewal what is sent is signed with the old secret too.
BOTH_SECRETS = timedelta(days=1)
_HTTPS, _FIRST_FREE_PORT = 443, 1024


class Interest(StrEnum):
    """What a webhook may be told of."""

    RECALL = "recall"
    VOID = "void"
    ACTIVATION = "activation"
    BATCH = "batch"


#: The facts of the log behind each word.
FACTS: dict[Interest, tuple[str, ...]] = {
    Interest.RECALL: ("recall.opened", "recall.lifted", "recall.closed"),
    Interest.VOID: ("stamps.voided",),
    Interest.ACTIVATION: ("stamps.activated", "stamps.deactivated"),
    Interest.BATCH: tuple(
        f"batch.{act}"
        for act in (
            "registered", "transformed", "split", "merged", "repacked", "reworked", "released", "shipped", "returned",
            "wasted", "closed",
        )
    ),
}  # fmt: skip


def _kinds(interests: Iterable[str]) -> tuple[str, ...]:
    return tuple(kind for word in interests for kind in FACTS[Interest(word)])


class Webhook(Record, table=True):
    """An address and what it is told. Exactly one of producer and agency owns it."""

    __tablename__ = "webhook"
    __table_args__ = (
        sa.CheckConstraint("(producer_id IS NULL) <> (agency_id IS NULL)", name="one_owner"),
        sa.CheckConstraint("generation >= 1", name="generation"),
    )

    producer_id: str | None = Field(default=None, foreign_key="producer.id", index=True, max_length=16)
    agency_id: str | None = Field(default=None, foreign_key="agency.id", index=True, max_length=16)
    name: str = Field(max_length=80)
    address: str = Field(max_length=500)
    interests: list[str] = Field(sa_type=Json)
    generation: int = 1
    renewed_at: datetime | None = Field(default=None, sa_type=Instant)
    paused_at: datetime | None = Field(default=None, sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)

    @property
    def is_live(self) -> bool:
        """Whether anything is sent to it now."""
        return self.paused_at is None and self.ended_at is None

    @property
    def host(self) -> str:
        """Where it lies, for lists and notices."""
        return urlsplit(self.address).netloc

    @property
    def kinds(self) -> tuple[str, ...]:
        """The facts of the log that it is told of."""
        return _kinds(self.interests)


class WebhookInput(BaseModel):
    """What a person may say of a new webhook."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ShortLine
    address: WebAddress
    interests: Annotated[list[Interest], pydantic.Field(min_length=1)]


class RenewInput(BaseModel):
    """Gives a webhook a new secret."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    webhook_id: RecordId


class Change(StrEnum):
    """What may be done to a webhook by a button."""

    PAUSE = "pause"
    RESUME = "resume"
    END = "end"


class ChangeInput(BaseModel):
    """Pauses, resumes or ends a webhook."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    webhook_id: RecordId
    act: Change


def register(
    session: Session,
    actor: Actor,
    value: WebhookInput,
    *,
    plain_http: bool,
    may_reach: Callable[[str], bool],
) -> Webhook:
    """From now on the address is told of facts. `may_reach` says of a bare IP address whether it may be asked.

    Raises `RuleBroken`: `access.not_permitted`, `webhooks.no_owner`, `webhooks.https_only`, `webhooks.port`,
    `webhooks.not_public`, `webhooks.too_many`.
    """
    actor.must(Permission.MANAGE_OWN_PROFILE, Permission.OVERSEE)
    if actor.on_behalf or (actor.producer_id is None and actor.agency_id is None):
        raise RuleBroken("webhooks.no_owner")
    _must_be_askable(value.address, plain_http, may_reach)
    if len([one for one in of_owner(session, actor) if one.ended_at is None]) >= MOST_WEBHOOKS:
        raise RuleBroken("webhooks.too_many", limit=MOST_WEBHOOKS)
    webhook = Webhook(
        producer_id=actor.producer_id,
        agency_id=None if actor.producer_id else actor.agency_id,
        name=value.name,
        address=value.address,
        interests=sorted({word.value for word in value.interests}),
    )
    session.add(webhook)
    session.flush()
    start = log_tree.size(session.connection())
    session.add(WebhookProgress(webhook_id=webhook.id, next_position=start))
    ledger.record(session, "webhook.registered", webhook)
    return webhook


def _must_be_askable(address: str, plain_http: bool, may_reach: Callable[[str], bool]) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and not plain_http:
        raise RuleBroken("webhooks.https_only", "address")
    if parts.port is not None and parts.port != _HTTPS and parts.port < _FIRST_FREE_PORT:
        raise RuleBroken("webhooks.port", "address")
    host = (parts.hostname or "").rstrip(".")
    is_bare = ":" in host or host.replace(".", "").isdigit()
    if (is_bare and not may_reach(host)) or host.endswith((".local", ".localhost", ".internal")):
        raise RuleBroken("webhooks.not_public", "address")


def renew(session: Session, actor: Actor, value: RenewInput) -> Webhook:
    """A new secret; for a day what is sent is signed with the old one too. Raises `NotFound`, `webhooks.ended`."""
    webhook = own(session, actor, value.webhook_id, lock=True)
    if webhook.ended_at is not None:
        raise RuleBroken("webhooks.ended")
    webhook.generation += 1
    webhook.renewed_at = now()
    ledger.record(session, "webhook.secret_renewed", webhook)
    return webhook


def change(session: Session, actor: Actor, value: ChangeInput) -> Webhook:
    """Pauses, resumes or ends a webhook. What happened during a pause is sent afterwards.

    Raises `NotFound`, `webhooks.ended`.
    """
    webhook = own(session, actor, value.webhook_id, lock=True)
    if value.act is Change.END and webhook.ended_at is None:
        webhook.ended_at = now()
        ledger.record(session, "webhook.ended", webhook)
    elif webhook.ended_at is not None:
        raise RuleBroken("webhooks.ended")
    elif value.act is Change.PAUSE:
        pause(session, webhook)
    else:
        try_everything_again(session, webhook.id)
        if webhook.paused_at is not None:
            webhook.paused_at = None
            ledger.record(session, "webhook.resumed", webhook)
    return webhook


def pause(session: Session, webhook: Webhook) -> None:
    """Nothing more is sent until somebody resumes it."""
    if webhook.paused_at is None:
        webhook.paused_at = now()
        ledger.record(session, "webhook.paused", webhook)


def pause_all(session: Session) -> int:
    """Pauses every live webhook and tells the owners why: what is put back from a backup, perhaps only to try whether
    it can be, must not speak to the world by itself. Answers how many.
    """
    live = select(Webhook).where(col(Webhook.paused_at).is_(None), col(Webhook.ended_at).is_(None))
    found = session.exec(live.order_by(col(Webhook.id)).with_for_update()).all()
    for webhook in found:
        pause(session, webhook)
        tell_owner(session, webhook, "webhook_restored")
    return len(found)


def tell_owner(session: Session, webhook: Webhook, code: str) -> None:
    """A notice to whoever owns a webhook."""
    notices.post(
        session,
        code,
        producer_id=webhook.producer_id,
        agency_id=webhook.agency_id,
        subject=webhook,
        name=webhook.name,
        host=webhook.host,
    )


def _mine(actor: Actor) -> Any:
    if actor.producer_id is not None:
        return col(Webhook.producer_id) == actor.producer_id
    return col(Webhook.agency_id) == (actor.agency_id or "")


def of_owner(session: Session, actor: Actor) -> list[Webhook]:
    """The webhooks of the actor's producer or agency, the newest first."""
    statement = select(Webhook).where(_mine(actor)).order_by(col(Webhook.created_at).desc())
    return list(session.exec(statement).all())


def own(session: Session, actor: Actor, webhook_id: str, *, lock: bool = False) -> Webhook:
    """One of them. Raises `NotFound` for another's as for a missing one."""
    webhook = (records.lock if lock else records.find)(session, Webhook, webhook_id)
    mine = webhook.producer_id if actor.producer_id else webhook.agency_id
    if mine is None or mine != (actor.producer_id or actor.agency_id):
        raise NotFound("Webhook", webhook_id)
    return webhook


def with_something_to_do(session: Session) -> list[Webhook]:
    """The live webhooks that nobody is at work on and for which there is news in the log or a message is due.

    Three questions however many there are; rows are read of those alone that have something to do. The session must
    see everything.
    """
    free = sa.or_(col(WebhookProgress.held_until).is_(None), col(WebhookProgress.held_until) < now())
    live = (
        select(Webhook.id, Webhook.interests, WebhookProgress.next_position, webhook_deliveries.has_due())
        .join(WebhookProgress, col(WebhookProgress.webhook_id) == col(Webhook.id))
        .where(col(Webhook.paused_at).is_(None), col(Webhook.ended_at).is_(None), free)
    )
    rows = session.exec(live).all()
    if not rows:
        return []
    tail = log_tree.size(session.connection())
    far = tail - webhook_deliveries.LAG
    start = min((place for _id, _interests, place, _is_due in rows if place >= far), default=tail)
    newest = webhook_deliveries.newest_facts(session, _kinds(Interest), start, tail)
    found = [
        webhook_id
        for webhook_id, interests, place, is_due in rows
        if is_due or place < far or any(newest.get(kind, -1) >= place for kind in _kinds(interests))
    ]
    return list(session.exec(select(Webhook).where(col(Webhook.id).in_(found))).all()) if found else []


def scope_of(session: Session, webhook: Webhook) -> Scope | None:
    """Whose facts it may be told of: what its owner may see today. None: nothing (a closed agency)."""
    if webhook.producer_id is not None:
        return Scope.of_producer(webhook.producer_id)
    agency = session.get(Agency, webhook.agency_id)
    return agency.scope() if agency is not None and agency.state is AgencyState.ACTIVE else None


# --- signing (Standard Webhooks, symmetric) --------------------------------------------------------------------------


def secret_text(master: bytes, webhook: Webhook) -> str:
    """The secret as its owner copies it."""
    return SECRET_PREFIX + base64.b64encode(_secret(master, webhook.id, webhook.generation)).decode()


def headers(master: bytes, webhook: Webhook, message_id: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks: id, time and signatures over both and the body."""
    moment = int(at.timestamp())
    signed = f"{message_id}.{moment}.".encode() + body
    generations = [webhook.generation]
    if webhook.renewed_at is not None and at - webhook.renewed_at < BOTH_SECRETS:
        generations.append(webhook.generation - 1)
    signatures = (
        hmac.digest(_secret(master, webhook.id, generation), signed, hashlib.sha256)
        for generation in generations
    )
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(moment),
        "webhook-signature": " ".join(
            f"v1,{base64.b64encode(signature).decode()}" for signature in signatures
        ),
    }


def _secret(master: bytes, webhook_id: str, generation: int) -> bytes:
    return hmac.digest(master, f"{webhook_id}:{generation}".encode(), hashlib.sha256)
