"""The lent-code authorisation (ủy quyền sử dụng mã): the holder of a code lets another use it, so much, so long.

A growing-area code, or the code of a packing house, belongs to who was granted it. Its holder signs for another
producer: kilograms, first and last day, market. The other one accepts, and every claim of the code draws its
kilograms in the transaction that makes the claim; both see what is used and what is left. What was signed is kept as
canonical bytes with the installation's signature over them, so that a paper can be checked against it.
"""

import secrets
from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, Final

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Limit
from sqlmodel import Field, Session, col, select

from traceability.domain import area_codes, ledger, notices, partners, records, stamp_codes
from traceability.domain.actors import Actor, Permission
from traceability.domain.area_codes import CodeOf
from traceability.domain.area_grants import Market
from traceability.domain.areas import AreaCode
from traceability.domain.clock import now, today
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ownership import owned
from traceability.domain.packing_houses import PackingHouse
from traceability.domain.producers import Producer
from traceability.domain.quantities import Day, Kilograms
from traceability.domain.records import Instant, Record, RecordId, choice
from traceability.domain.text import Line, ShortLine

#: Nobody signs for longer than a year: a code is looked at anew every season.
LONGEST_DAYS: Final = 366

#: Letters and digits of a number: 60 random bits, so that nobody finds one by guessing.
NUMBER_LENGTH: Final = 12

#: Signs bytes with the installation's key (Ed25519, 64 bytes).
Seal = Callable[[bytes], bytes]


class AuthorisationState(StrEnum):
    """The life of an authorisation: signed by the holder, accepted or declined by the other, ended before its time."""

    SIGNED = "signed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    ENDED = "ended"


class CodeAuthorisation(Record, table=True):
    """One authorisation. `producer_id` holds the code, `to_producer_id` may use it. Weights are whole grams."""

    __tablename__ = "code_authorisation"
    __table_args__ = (
        sa.UniqueConstraint("producer_id", "document_no"),
        sa.CheckConstraint("granted_g > 0 AND drawn_g >= 0 AND drawn_g <= granted_g", name="drawn"),
        sa.CheckConstraint("from_on <= to_on", name="days"),
        sa.CheckConstraint("producer_id <> to_producer_id", name="another"),
        sa.CheckConstraint("(area_code_id IS NULL) <> (packing_house_id IS NULL)", name="one_code"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset({"kind", "state", "from_on", "to_on"})
    UNLOGGED: ClassVar[dict[str, str]] = {"search": "derived from the code"}

    #: printed on the paper and typed to check it
    number: str = Field(max_length=24, unique=True)
    producer_id: str = Field(foreign_key="producer.id", index=True, max_length=16)
    to_producer_id: str = Field(foreign_key="producer.id", index=True, max_length=16)
    kind: CodeOf = Field(sa_type=choice(CodeOf))
    area_code_id: str | None = Field(default=None, foreign_key="area_code.id", index=True, max_length=16)
    packing_house_id: str | None = Field(
        default=None, foreign_key="packing_house.id", index=True, max_length=16
    )
    code: str = Field(max_length=60)
    search: str = Field(default="", max_length=80, index=True)
    market: str = Field(max_length=2)
    granted_g: int = Field(sa_type=sa.BigInteger)
    drawn_g: int = Field(default=0, sa_type=sa.BigInteger)
    from_on: date
    to_on: date
    #: the holder's own paper; one paper is good for one authorisation
    document_no: str | None = Field(default=None, max_length=80)
    note: str = Field(default="", max_length=200)
    state: AuthorisationState = Field(default=AuthorisationState.SIGNED, sa_type=choice(AuthorisationState))
    signed_at: datetime = Field(default_factory=now, sa_type=Instant)
    signed_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    #: the canonical bytes that were signed, and their signature
    statement: str
    signature: bytes
    answered_at: datetime | None = Field(default=None, sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    end_reason: str = Field(default="", max_length=200)

    @property
    def left_g(self) -> int:
        """The grams for which the code may still be claimed."""
        return self.granted_g - self.drawn_g

    def covers(self, day: date, market: str | None) -> bool:
        """Whether it is in force on a day for a market (None: whichever it is for)."""
        return (
            self.state is AuthorisationState.ACCEPTED
            and self.from_on <= day <= self.to_on
            and market in (None, self.market)
        )


owned(CodeAuthorisation, "producer_id", "to_producer_id")


class CodeDraw(Record, table=True):
    """Grams for which an authorised code was claimed, and by what: a batch, or a line of a consignment."""

    __tablename__ = "code_draw"
    __table_args__ = (
        sa.UniqueConstraint("authorisation_id", "subject_table", "subject_id"),
        sa.CheckConstraint("grams > 0", name="grams"),
        sa.Index("ix_code_draw_subject", "subject_table", "subject_id"),
    )
    OPEN: ClassVar[frozenset[str]] = frozenset({"authorisation_id", "drawn_on"})

    authorisation_id: str = Field(foreign_key="code_authorisation.id", index=True, max_length=16)
    producer_id: str = Field(foreign_key="producer.id", index=True, max_length=16)
    to_producer_id: str = Field(foreign_key="producer.id", index=True, max_length=16)
    subject_table: str = Field(max_length=40)
    subject_id: str = Field(max_length=16)
    #: what it was, in words that both sides understand: a lot, the number of a consignment
    subject_text: str = Field(default="", max_length=80)
    grams: int = Field(sa_type=sa.BigInteger)
    drawn_on: date
    #: set when the claim was taken back
    released_at: datetime | None = Field(default=None, sa_type=Instant)


owned(CodeDraw, "producer_id", "to_producer_id")


class AuthoriseInput(BaseModel):
    """What the holder of a code signs. `code_id` is a growing-area code or a packing house of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code_id: RecordId
    to_producer: Line
    kilograms: Kilograms
    from_on: Day
    to_on: Day
    market: Market
    document_no: ShortLine | None = None
    note: Line | None = None


class EndInput(BaseModel):
    """Why an authorisation ends before its last day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    authorisation_id: RecordId
    reason: Line = Limit(min_length=5)


def authorise(session: Session, actor: Actor, value: AuthoriseInput, *, seal: Seal) -> CodeAuthorisation:
    """The holder of a code signs for another producer, who is told and has to accept.

    Raises `RuleBroken`: `access.not_permitted`, `code_authorisations.code_unknown`, `.market_not_of_code`,
    `.days_reversed`, `.too_long`, `.over`, `.document_used`, `area_codes.*` for a code that is not good on both days,
    `partners.*`, `producers.suspended`.
    """
    actor.must(Permission.SIGN_AUTHORISATIONS)
    producer = records.find(session, Producer, actor.tenant())
    producer.must_not_be_suspended()
    code, markets = _code(session, value.code_id)
    if value.market not in markets:
        raise RuleBroken("code_authorisations.market_not_of_code", "market", code=code.code)
    if value.to_on < value.from_on:
        raise RuleBroken("code_authorisations.days_reversed", "to_on")
    if value.to_on < today():
        raise RuleBroken("code_authorisations.over", "to_on", today=today())
    if (value.to_on - value.from_on).days >= LONGEST_DAYS:
        raise RuleBroken("code_authorisations.too_long", "to_on", most=LONGEST_DAYS)
    for day, field in ((value.from_on, "from_on"), (value.to_on, "to_on")):
        must_be_good_on(code, day, field)
    other = partners.named(session, value.to_producer, producer.id, "to_producer")
    if value.document_no and _document_used(session, producer.id, value.document_no):
        raise RuleBroken("code_authorisations.document_used", "document_no", document_no=value.document_no)
    made = CodeAuthorisation(
        number=_new_number(),
        producer_id=producer.id,
        to_producer_id=other.id,
        kind=CodeOf.GROWING_AREA if isinstance(code, AreaCode) else CodeOf.PACKING_HOUSE,
        area_code_id=code.id if isinstance(code, AreaCode) else None,
        packing_house_id=None if isinstance(code, AreaCode) else code.id,
        code=code.code,
        search=area_codes.lookup_key(code.code)[:80],
        market=value.market,
        granted_g=int(value.kilograms),
        from_on=value.from_on,
        to_on=value.to_on,
        document_no=value.document_no,
        note=value.note or "",
        signed_by_id=actor.user_id,
        statement="",
        signature=b"",
    )
    made.statement = ledger.canonical(_said(made, producer, other)).decode()
    made.signature = seal(made.statement.encode())
    session.add(made)
    session.flush()
    ledger.record(session, "code_authorisation.signed", made)
    notices.post(
        session,
        "code_authorisation_signed",
        producer_id=other.id,
        subject=made,
        holder=producer.name,
        number=made.code,
        granted_g=made.granted_g,
    )
    return made


def accept(session: Session, actor: Actor, authorisation_id: str) -> CodeAuthorisation:
    """The other producer accepts; from now on it may claim the code. Raises as `decline` does."""
    return _answer(session, actor, authorisation_id, AuthorisationState.ACCEPTED)


def decline(session: Session, actor: Actor, authorisation_id: str) -> CodeAuthorisation:
    """The other producer does not want it.

    Raises `RuleBroken`: `access.not_permitted`, `code_authorisations.answered`; `NotFound` for anybody else's.
    """
    return _answer(session, actor, authorisation_id, AuthorisationState.DECLINED)


def end(session: Session, actor: Actor, value: EndInput) -> CodeAuthorisation:
    """The holder, or an agency that may suspend areas, ends an authorisation: what was drawn stays drawn.

    Raises `RuleBroken`: `access.not_permitted`, `code_authorisations.ended`; `NotFound`.
    """
    actor.must(Permission.SIGN_AUTHORISATIONS, Permission.SUSPEND_AREA)
    found = records.lock(session, CodeAuthorisation, value.authorisation_id)
    if actor.producer_id is not None and found.producer_id != actor.producer_id:
        raise NotFound("CodeAuthorisation", value.authorisation_id)
    if found.state in (AuthorisationState.ENDED, AuthorisationState.DECLINED):
        raise RuleBroken("code_authorisations.ended", None, number=found.number)
    found.state = AuthorisationState.ENDED
    found.ended_at, found.end_reason = now(), value.reason
    ledger.record(session, "code_authorisation.ended", found)
    for producer_id in (found.producer_id, found.to_producer_id):
        if producer_id != actor.producer_id:
            notices.post(
                session,
                "code_authorisation_ended",
                producer_id=producer_id,
                subject=found,
                number=found.code,
                reason=value.reason,
            )
    return found


def covering(
    session: Session, code: AreaCode | PackingHouse, producer_id: str, day: date, market: str | None
) -> CodeAuthorisation | None:
    """The accepted authorisation under which a producer may use somebody's code on a day for a market.

    None where there is none. What is left of it is not asked: the one with the most left comes first.
    """
    column = (
        CodeAuthorisation.area_code_id if isinstance(code, AreaCode) else CodeAuthorisation.packing_house_id
    )
    statement = select(CodeAuthorisation).where(
        column == code.id, CodeAuthorisation.to_producer_id == producer_id
    )
    found = [row for row in session.exec(statement).all() if row.covers(day, market)]
    return max(found, key=lambda row: (row.left_g, row.id), default=None)


def must_be_good_on(code: AreaCode | PackingHouse, day: date, field: str | None) -> None:
    """Demands that a code is granted and valid on a day. Raises `RuleBroken`: `area_codes.*`."""
    if isinstance(code, AreaCode):
        code.must_be_good_on(day, field or "area_code")
    elif not code.good_on(day):
        raise RuleBroken("code_authorisations.house_not_good", field, code=code.code)


def find(session: Session, authorisation_id: str) -> CodeAuthorisation:
    """One authorisation within the scope, its holder's or its user's. Raises `NotFound`."""
    return records.find(session, CodeAuthorisation, authorisation_id)


def by_number(session: Session, number: str) -> CodeAuthorisation | None:
    """The authorisation with the number on a paper, however it is typed; None where there is none such."""
    wanted = number_key(number)
    statement = select(CodeAuthorisation).where(CodeAuthorisation.number == wanted)
    return session.exec(statement).one_or_none()


def number_key(typed: str) -> str:
    """A number as it is stored: `UQ-` and groups of four, with O, I, L read as the digits they look like."""
    letters = "".join(sign for sign in typed.upper() if sign.isascii() and sign.isalnum())
    letters = letters.removeprefix("UQ").translate(str.maketrans("OIL", "011"))
    return "UQ-" + "-".join(letters[at : at + 4] for at in range(0, len(letters[:NUMBER_LENGTH]), 4))


def given(session: Session, producer_id: str) -> list[CodeAuthorisation]:
    """What a producer has signed for others, the newest first."""
    statement = select(CodeAuthorisation).where(CodeAuthorisation.producer_id == producer_id)
    return list(session.exec(statement.order_by(col(CodeAuthorisation.signed_at).desc())).all())


def received(session: Session, producer_id: str) -> list[CodeAuthorisation]:
    """What was signed for a producer, the newest first."""
    statement = select(CodeAuthorisation).where(CodeAuthorisation.to_producer_id == producer_id)
    return list(session.exec(statement.order_by(col(CodeAuthorisation.signed_at).desc())).all())


def all_of(session: Session, limit: int = 200) -> list[CodeAuthorisation]:
    """Those within the scope of an agency, the newest first."""
    statement = select(CodeAuthorisation).order_by(col(CodeAuthorisation.signed_at).desc()).limit(limit)
    return list(session.exec(statement).all())


def _answer(
    session: Session, actor: Actor, authorisation_id: str, state: AuthorisationState
) -> CodeAuthorisation:
    actor.must(Permission.SIGN_AUTHORISATIONS)
    found = records.lock(session, CodeAuthorisation, authorisation_id)
    if found.to_producer_id != actor.tenant():
        raise NotFound("CodeAuthorisation", authorisation_id)
    if found.state is not AuthorisationState.SIGNED:
        raise RuleBroken("code_authorisations.answered", None, number=found.number)
    found.state, found.answered_at = state, now()
    ledger.record(session, f"code_authorisation.{state.value}", found)
    notices.post(
        session,
        f"code_authorisation_{state.value}",
        producer_id=found.producer_id,
        subject=found,
        user=partners.of(session, found.to_producer_id).name,
        number=found.code,
    )
    return found


def _code(session: Session, code_id: str) -> tuple[AreaCode | PackingHouse, list[str]]:
    """A code of the actor's own, and the markets that it is good for."""
    area_code = session.exec(select(AreaCode).where(AreaCode.id == code_id)).one_or_none()
    if area_code is not None:
        return area_code, [area_code.market]
    house = session.exec(select(PackingHouse).where(PackingHouse.id == code_id)).one_or_none()
    if house is None:
        raise RuleBroken("code_authorisations.code_unknown", "code_id")
    return house, house.markets


def _said(made: CodeAuthorisation, holder: Producer, user: partners.Partner) -> dict[str, object]:
    """What the signature covers: all that the paper says."""
    return {
        "kind": "code authorisation",
        "v": 1,
        "number": made.number,
        "code": made.code,
        "code_of": made.kind,
        "holder": {"id": holder.id, "code": holder.code, "name": holder.name},
        "user": {"id": user.id, "code": user.code, "name": user.name},
        "market": made.market,
        "grams": made.granted_g,
        "from": made.from_on,
        "to": made.to_on,
        "document_no": made.document_no,
        "signed_at": made.signed_at,
    }


def _document_used(session: Session, producer_id: str, document_no: str) -> bool:
    statement = select(CodeAuthorisation.id).where(
        CodeAuthorisation.producer_id == producer_id, CodeAuthorisation.document_no == document_no
    )
    return session.exec(statement).first() is not None


def _new_number() -> str:
    return number_key("".join(secrets.choice(stamp_codes.ALPHABET) for _ in range(NUMBER_LENGTH)))
