"""Recording on behalf (nhập liệu hộ): an agency's account writes down what a producer without an account has done.

Both names are kept: the producer's as the owner, the person's and the agency's as those who recorded. It ends by itself
when the producer gets an account of its own.
"""

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session, col, select

from traceability.domain import accounts, records, sessions
from traceability.domain.accounts import Account
from traceability.domain.actors import Actor, Permission
from traceability.domain.errors import RuleBroken
from traceability.domain.producers import Producer
from traceability.domain.records import RecordId
from traceability.domain.text import sought as key_of


class ChoiceInput(BaseModel):
    """For whom the session records from now on; nobody where it is left empty."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    producer_id: RecordId | None = None


def choose(session: Session, actor: Actor, value: ChoiceInput, *, stored_hash: str) -> Producer | None:
    """From now on this session records for a producer (or, with None, for nobody).

    Raises `NotFound`, `RuleBroken`: `access.not_permitted`, `delegation.has_account`.
    """
    actor.must(Permission.DATA_ENTRY_ON_BEHALF)
    producer = None if value.producer_id is None else records.find(session, Producer, value.producer_id)
    if producer is not None and accounts.has_account(session, producer.id):
        raise RuleBroken("delegation.has_account", name=producer.name)
    sessions.act_for(session, stored_hash, producer.id if producer is not None else None)
    return producer


def waiting(session: Session, sought: str = "", limit: int = 100) -> list[Producer]:
    """The producers within the scope that have no account of their own, by name."""
    own = select(Account.id).where(
        col(Account.producer_id) == col(Producer.id), col(Account.disabled_at).is_(None)
    )
    statement = select(Producer).where(~sa.exists(own)).order_by(col(Producer.sort_key), col(Producer.id))
    if key := key_of(sought):
        statement = statement.where(col(Producer.search).contains(key, autoescape=True))
    return list(session.exec(statement.limit(limit)).all())
