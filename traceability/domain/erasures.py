"""Erasing a person (xóa dữ liệu cá nhân, Law 91/2025/QH15): what is personal in a row is emptied, its key destroyed.

Older leaves hold keyed commitments to what stood there. The key lay beside the row; once it is gone they say nothing
and nobody can try guesses against them. What remains of the row is committed to under a fresh key, so the log still
verifies, and each row still follows from its leaf. The fact names the row by its opaque id, never the person.

Two administrators are needed: one writes the request down, another carries it out.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, SQLModel, col, select

from traceability.domain import accounts, ledger, records, sessions
from traceability.domain.accounts import Account, Handover
from traceability.domain.actors import Actor, Permission, Role
from traceability.domain.api_tokens import ApiToken
from traceability.domain.clock import now
from traceability.domain.doubts import Doubt, ticket_of
from traceability.domain.errors import RuleBroken
from traceability.domain.evidence_photos import EvidencePhoto
from traceability.domain.producers import Producer
from traceability.domain.records import Instant, Record, RecordId, choice, new_record_key
from traceability.domain.stray_doubts import StrayDoubt
from traceability.domain.text import ShortLine

#: What stands in place of a name: no word, since it is read in every language.
GONE = "—"


class ErasedKind(StrEnum):
    """Whose data: the holder of an account, who reported a doubt, a producer's contact, who is on a photo."""

    ACCOUNT = "account"
    REPORT = "report"
    CONTACT = "contact"
    PHOTO = "photo"


class ErasureState(StrEnum):
    """Written down, carried out by a second person, or refused."""

    ASKED = "asked"
    CARRIED_OUT = "carried_out"
    REFUSED = "refused"


class Erasure(Record, table=True):
    """A request to erase a person. It never says who the person is; the paper that it names is kept elsewhere."""

    OPEN: ClassVar[frozenset[str]] = frozenset({"kind", "subject_table", "subject_id", "state"})

    kind: ErasedKind = Field(sa_type=choice(ErasedKind))
    subject_table: str = Field(max_length=40)
    subject_id: str = Field(max_length=16, index=True)
    paper_no: str = Field(max_length=80)
    state: ErasureState = Field(default=ErasureState.ASKED, sa_type=choice(ErasureState), index=True)
    asked_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    decided_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    decided_at: datetime | None = Field(default=None, sa_type=Instant)


class ErasureInput(BaseModel):
    """Whose data, found by what an administrator knows of it, and on which paper the person asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: ErasedKind
    #: a user name, the ticket of a report, the code of a producer, or the number (or address) of a photo
    name: ShortLine
    paper_no: ShortLine


class DecisionInput(BaseModel):
    """The second person's choice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    erasure_id: RecordId


#: The personal columns of each table, and what they hold afterwards.
PERSONAL: dict[type[Record], dict[str, Any]] = {
    Account: {
        "username": None,  # of its id: user names are never given twice
        "display_name": GONE,
        "search": "",
        "email": None,
        "phone": None,
        "password_hash": None,
        "totp_sealed": None,
    },
    Handover: {"handed_to": GONE, "paper_no": "", "note": ""},
    ApiToken: {"name": GONE},
    Doubt: {"contact": "", "place": "", "text": "", "province_code": None, "photo": None},
    StrayDoubt: {"contact": "", "place": "", "text": "", "province_code": None, "photo": None},
    EvidencePhoto: {"sha256": None, "note": "", "withdrawn_reason": "", "width": 0, "height": 0, "size": 0},
    Producer: {"phone": None, "email": None},
}


#: The columns that name a picture's file, and the tables whose files lie in one folder.
_PICTURES: dict[type[Record], tuple[str, tuple[type[Record], ...]]] = {
    Doubt: ("photo", (Doubt, StrayDoubt)),
    StrayDoubt: ("photo", (Doubt, StrayDoubt)),
    EvidencePhoto: ("sha256", (EvidencePhoto,)),
}


def ask(session: Session, actor: Actor, value: ErasureInput) -> Erasure:
    """Writes a request down; nothing is erased yet.

    Raises `RuleBroken`: `access.not_permitted`, `erasures.unknown`, `erasures.waiting`, `erasures.nothing`,
    `accounts.own_account`, `accounts.last_administrator`.
    """
    actor.must(Permission.ADMINISTER)
    row = _subject(session, value)
    _must_be_erasable(session, actor, row)
    waiting = select(Erasure.id).where(Erasure.subject_id == row.id, col(Erasure.state) == ErasureState.ASKED)
    if session.exec(waiting).first():
        raise RuleBroken("erasures.waiting", "name")
    erasure = Erasure(
        kind=value.kind,
        subject_table=str(type(row).__tablename__),
        subject_id=row.id,
        paper_no=value.paper_no,
        asked_by_id=actor.user_id,
    )
    session.add(erasure)
    session.flush()
    ledger.record(session, "person.erasure_asked", erasure)
    return erasure


def carry_out(session: Session, actor: Actor, value: DecisionInput) -> Erasure:
    """The second person erases.

    Raises `NotFound`, `RuleBroken`: `access.not_permitted`, `erasures.decided`, `erasures.second_person`, and as `ask`.
    """
    erasure = _waiting(session, actor, value)
    if actor.user_id == erasure.asked_by_id:
        raise RuleBroken("erasures.second_person")
    table = next(one for one in PERSONAL if one.__tablename__ == erasure.subject_table)
    row = records.lock(session, table, erasure.subject_id)
    _must_be_erasable(session, actor, row)
    erased: list[Record] = [row]
    if isinstance(row, Account):
        erased += _of_account(session, row)
    if isinstance(row, EvidencePhoto):
        erased += _same_picture(session, row)
    for one in erased:
        empty(one)
    _decide(erasure, actor, ErasureState.CARRIED_OUT)
    ledger.record(session, "person.erased", erasure, *erased)
    return erasure


@dataclass(frozen=True)
class Picture:
    """The file of a picture: its digest, and the table whose pictures lie in one folder with it."""

    sha256: str
    table: str


def picture_of(session: Session, erasure_id: str) -> Picture | None:
    """The picture that a request is about, as long as it is not carried out: its file has to go afterwards."""
    erasure = records.find(session, Erasure, erasure_id)
    for table, (column, _others) in _PICTURES.items():
        if table.__tablename__ == erasure.subject_table:
            digest = getattr(records.find(session, table, erasure.subject_id), column)
            return None if digest is None else Picture(digest, erasure.subject_table)
    return None


def is_held(session: Session, picture: Picture) -> bool:
    """Whether a row still shows a picture. The session must see everything."""
    held = next(others for table, (_, others) in _PICTURES.items() if table.__tablename__ == picture.table)
    return any(
        session.exec(select(table.id).where(getattr(table, _PICTURES[table][0]) == picture.sha256)).first()
        for table in held
    )


def refuse(session: Session, actor: Actor, value: DecisionInput) -> Erasure:
    """The request is refused, or taken back by who wrote it down. Raises `NotFound`, `RuleBroken` as `carry_out`."""
    erasure = _waiting(session, actor, value)
    _decide(erasure, actor, ErasureState.REFUSED)
    ledger.record(session, "person.erasure_refused", erasure)
    return erasure


def empty(row: Record) -> None:
    """Empties the personal columns of a row and destroys its key; what remains is committed to under a fresh one."""
    for column, value in PERSONAL[type(row)].items():
        setattr(row, column, value)
    if isinstance(row, Account):
        row.username = f"x-{row.id}"
        row.disabled_at = row.disabled_at or now()
    if isinstance(row, ApiToken):
        row.revoked_at = row.revoked_at or now()
    row.record_key = new_record_key()


def all_of(session: Session, limit: int = 200) -> list[Erasure]:
    """All requests, those that wait first, then the latest."""
    waits = sa.case((col(Erasure.state) == ErasureState.ASKED, 0), else_=1)
    statement = select(Erasure).order_by(waits, col(Erasure.created_at).desc(), col(Erasure.id)).limit(limit)
    return list(session.exec(statement).all())


def _waiting(session: Session, actor: Actor, value: DecisionInput) -> Erasure:
    actor.must(Permission.ADMINISTER)
    erasure = records.lock(session, Erasure, value.erasure_id)
    if erasure.state is not ErasureState.ASKED:
        raise RuleBroken("erasures.decided")
    return erasure


def _decide(erasure: Erasure, actor: Actor, state: ErasureState) -> None:
    erasure.state, erasure.decided_by_id, erasure.decided_at = state, actor.user_id, now()


def _subject(session: Session, value: ErasureInput) -> Record:
    name = value.name.strip()
    found: Record | None
    if value.kind is ErasedKind.ACCOUNT:
        found = session.exec(select(Account).where(Account.username == name.lower())).first()
    elif value.kind is ErasedKind.CONTACT:
        found = session.exec(select(Producer).where(Producer.code == name.upper())).first()
    elif value.kind is ErasedKind.PHOTO:
        number = name.partition("?")[0].rstrip("/").rpartition("/")[2]
        found = session.exec(select(EvidencePhoto).where(EvidencePhoto.id == number)).first()
    else:
        ticket = ticket_of(name)
        found = (
            session.exec(select(Doubt).where(Doubt.ticket == ticket)).first()
            or session.exec(select(StrayDoubt).where(StrayDoubt.ticket == ticket)).first()
        )
    if found is None:
        raise RuleBroken("erasures.unknown", "name")
    return found


def _must_be_erasable(session: Session, actor: Actor, row: Record) -> None:
    personal = {column: value for column, value in PERSONAL[type(row)].items() if column != "username"}
    if all(getattr(row, column) == value for column, value in personal.items()):
        raise RuleBroken("erasures.nothing", "name")
    if isinstance(row, Account):
        if row.id == actor.user_id:
            raise RuleBroken("accounts.own_account", "name")
        if row.role is Role.ADMINISTRATOR and row.disabled_at is None:
            accounts.must_not_be_last(session, row)


def _same_picture(session: Session, photo: EvidencePhoto) -> list[EvidencePhoto]:
    """The same picture at other entries: the person is on it there too."""
    same = select(EvidencePhoto).where(EvidencePhoto.sha256 == photo.sha256, EvidencePhoto.id != photo.id)
    return list(session.exec(same.with_for_update(key_share=True)).all())


def _of_account(session: Session, account: Account) -> list[Record]:
    """What else the platform knows of the holder of an account: logged rows to empty; working state is deleted."""
    sessions.end_all(session, account.id)
    tables = SQLModel.metadata.tables
    about = (
        (tables["sign_in_session"], tables["sign_in_session"].c.account_id == account.id),
        (tables["one_time_link"], tables["one_time_link"].c.account_id == account.id),
        (tables["repeated_request"], tables["repeated_request"].c.account_id == account.id),
        (tables["sign_in_guard"], tables["sign_in_guard"].c.username == account.username),
        (tables["access_record"], _is(tables["access_record"], account)),
        (tables["notice"], _is(tables["notice"], account)),
    )
    for table, where in about:
        session.execute(sa.delete(table).where(where))
    handovers = session.exec(select(Handover).where(Handover.account_id == account.id)).all()
    tokens = session.exec(select(ApiToken).where(ApiToken.account_id == account.id)).all()
    return [*handovers, *tokens]


def _is(table: sa.Table, account: Account) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.subject_table == "account", table.c.subject_id == account.id)
