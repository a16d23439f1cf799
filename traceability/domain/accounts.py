"""The account (tài khoản): who signs in, and for whom. How we know that it is them: `sign_in` and `second_factor`.

Accounts, their hand-overs and their disabling are logged facts. Sessions, one-time links and sign-in counters are
working state (`sessions`, `sign_in`): they change with every visit and are not in the log.
"""

import re
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

import sqlalchemy as sa
from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError
from sqlmodel import Field, Session, col, select

from traceability.domain import agencies, ledger, notices, ownership, records, sessions, text
from traceability.domain.actors import Actor, Permission, Role
from traceability.domain.agencies import Agency
from traceability.domain.clock import now
from traceability.domain.contacts import Email, Phone
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.producers import Producer
from traceability.domain.records import Instant, Record, RecordId, choice
from traceability.domain.text import Block, Name, ShortLine, clean_line, fold


class Account(Record, table=True):
    """A person's account. Exactly one of producer, agency, or neither (administrator)."""

    __tablename__ = "account"
    __table_args__ = (
        sa.CheckConstraint(
            "(role IN ('clerk','manager') AND producer_id IS NOT NULL AND agency_id IS NULL)"
            " OR (role IN ('inspector','data_entry') AND agency_id IS NOT NULL AND producer_id IS NULL)"
            " OR (role = 'administrator' AND producer_id IS NULL AND agency_id IS NULL)",
            name="belongs",
        ),
    )
    ERASABLE: ClassVar[bool] = True
    OPEN: ClassVar[frozenset[str]] = frozenset({"role"})
    UNLOGGED: ClassVar[dict[str, str]] = {
        "password_hash": "a secret: never committed to, not even keyed",
        "totp_sealed": "a secret: never committed to, not even keyed",
        "search": "derived from the name",
    }

    username: str = Field(max_length=40, unique=True)
    display_name: str = Field(max_length=200)
    search: str = Field(default="", max_length=300)
    role: Role = Field(sa_type=choice(Role))
    producer_id: str | None = Field(default=None, foreign_key="producer.id", index=True, max_length=16)
    agency_id: str | None = Field(default=None, foreign_key="agency.id", index=True, max_length=16)
    email: str | None = Field(default=None, max_length=120)
    phone: str | None = Field(default=None, max_length=20)
    language: str = Field(default="vi", max_length=5)
    password_hash: str | None = Field(default=None, max_length=200)
    #: the TOTP secret, sealed under a key outside the database; None: not enrolled
    totp_sealed: bytes | None = None
    disabled_at: datetime | None = Field(default=None, sa_type=Instant)


class Handover(Record, table=True):
    """An account handed over to a person: when, by whom, to whom, on which paper."""

    ERASABLE: ClassVar[bool] = True
    OPEN: ClassVar[frozenset[str]] = frozenset({"account_id"})

    account_id: str = Field(foreign_key="account.id", index=True, max_length=16)
    handed_to: str = Field(max_length=200)
    handed_by_id: str | None = Field(default=None, foreign_key="account.id", max_length=16)
    paper_no: str = Field(default="", max_length=80)
    note: str = Field(default="", max_length=400)
    at: datetime = Field(default_factory=now, sa_type=Instant)


#: Rows on one page of a list.
PAGE_SIZE = 50


def _username(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    name = clean_line(value).lower()
    if not _USERNAME.fullmatch(name):
        raise PydanticCustomError("username_form", "3 to 40 letters a-z, digits, dot, hyphen or underscore")
    return name


_USERNAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{1,38})[a-z0-9]")
#: What is typed to sign in: 3-40 of a-z, 0-9, dot, hyphen and underscore; capitals are read as small letters.
Username = Annotated[str, BeforeValidator(_username), Field(max_length=40)]
Language = Literal["vi", "en"]


class DetailsInput(BaseModel):
    """What the holder of an account may change of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    display_name: Name
    email: Email | None = None
    phone: Phone | None = None
    language: Language = "vi"


class AccountInput(DetailsInput):
    """A new account, of a producer, of an agency, or (neither) of the platform's administration.

    A producer's account is a manager's or a clerk's. What an agency's account is follows from its agency.
    """

    username: Username
    role: Role | None = None
    producer_id: RecordId | None = None
    agency_id: RecordId | None = None


def open_account(session: Session, actor: Actor, value: AccountInput) -> Account:
    """Opens an account. It has no password yet: its holder sets one by a one-time link.

    A manager opens clerks' accounts of its own producer, whoever manages accounts those of the producers and agencies
    within its scope, an administrator also administrators'. Raises `NotFound`, `RuleBroken`:
    `accounts.one_organisation`, `accounts.role_of_producer`, `accounts.username_taken`, `access.not_permitted`.
    """
    role = _role_of(session, actor, value)
    if session.exec(select(Account.id).where(Account.username == value.username)).first():
        raise RuleBroken("accounts.username_taken", field="username", username=value.username)
    first = value.producer_id is not None and not has_account(session, value.producer_id)
    account = Account(
        username=value.username,
        display_name=value.display_name,
        search=_search(value.display_name, value.username),
        role=role,
        producer_id=value.producer_id,
        agency_id=value.agency_id,
        email=value.email,
        phone=value.phone,
        language=value.language,
    )
    session.add(account)
    session.flush()
    ledger.record(session, "account.opened", account, tenant=value.producer_id)
    notices.post(
        session,
        "account_opened",
        producer_id=value.producer_id,
        agency_id=value.agency_id,
        subject=account,
        username=account.username,
    )
    if first and value.producer_id:  # from now on the producer records for itself
        sessions.stop_acting_for(session, value.producer_id)
    return account


def follow_agency(session: Session, agency: Agency) -> None:
    """An agency began or ceased to enter data for others: its accounts become what its accounts are now."""
    changed = [
        account for account in of_agency(session, agency.id) if account.role is not agency.role_of_accounts()
    ]
    for account in changed:
        account.role = agency.role_of_accounts()
    if changed:
        ledger.record(session, "account.role_followed", *changed)


def _role_of(session: Session, actor: Actor, value: AccountInput) -> Role:
    if value.producer_id is not None and value.agency_id is not None:
        raise RuleBroken("accounts.one_organisation", field="agency_id")
    if value.producer_id is not None:
        role = value.role or Role.MANAGER
        if role not in (Role.MANAGER, Role.CLERK):
            raise RuleBroken("accounts.role_of_producer", field="role")
        if actor.producer_id is None or role is not Role.CLERK:
            actor.must(Permission.MANAGE_ACCOUNTS)
        actor.must(Permission.MANAGE_ACCOUNTS, Permission.MANAGE_OWN_PROFILE)
        records.find(session, Producer, value.producer_id)
        return role
    if value.agency_id is not None:
        actor.must(Permission.MANAGE_ACCOUNTS)
        return agencies.within_reach(session, actor, value.agency_id).role_of_accounts()
    actor.must(Permission.ADMINISTER)
    return Role.ADMINISTRATOR


def revise(session: Session, actor: Actor, account_id: str, value: DetailsInput) -> Account:
    """Changes name, contact or language: of one's own account, or of one the actor manages."""
    if account_id == actor.user_id:
        account = records.lock(session, Account, account_id)
    else:
        account = managed(session, actor, account_id)
    account.display_name = value.display_name
    account.search = _search(value.display_name, account.username)
    account.email, account.phone, account.language = value.email, value.phone, value.language
    ledger.record(session, "account.revised", account, tenant=account.producer_id)
    return account


def disable(session: Session, actor: Actor, account_id: str) -> Account:
    """Ends an account: its sessions end at once, its links are worth nothing.

    Raises `RuleBroken`: `accounts.own_account`, `accounts.already_disabled`, `accounts.last_administrator`.
    """
    account = managed(session, actor, account_id)
    if account.id == actor.user_id:
        raise RuleBroken("accounts.own_account")
    if account.disabled_at is not None:
        raise RuleBroken("accounts.already_disabled")
    if account.role is Role.ADMINISTRATOR:
        must_not_be_last(session, account)
    account.disabled_at = now()
    sessions.end_all(session, account.id)
    ledger.record(session, "account.disabled", account, tenant=account.producer_id)
    notices.post(
        session,
        "account_disabled",
        producer_id=account.producer_id,
        agency_id=account.agency_id,
        subject=account,
        username=account.username,
    )
    return account


def enable(session: Session, actor: Actor, account_id: str) -> Account:
    """Opens a disabled account again. Raises `RuleBroken` ("accounts.not_disabled")."""
    account = managed(session, actor, account_id)
    if account.disabled_at is None:
        raise RuleBroken("accounts.not_disabled")
    account.disabled_at = None
    if account.producer_id is not None:  # from now on the producer records for itself again
        sessions.stop_acting_for(session, account.producer_id)
    ledger.record(session, "account.enabled", account, tenant=account.producer_id)
    return account


def must_not_be_last(session: Session, account: Account) -> None:
    """Demands that another administrator remains. Raises `RuleBroken` ("accounts.last_administrator")."""
    statement = select(Account).where(Account.role == Role.ADMINISTRATOR).order_by(col(Account.id))
    # two who disable each other wait here
    everyone = session.exec(statement.with_for_update(key_share=True)).all()
    if not any(other.disabled_at is None and other.id != account.id for other in everyone):
        raise RuleBroken("accounts.last_administrator")


class HandoverInput(BaseModel):
    """An account goes to a person, on a paper."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    handed_to: Name
    paper_no: ShortLine
    note: Annotated[Block, Field(max_length=400)] = ""
    #: another person held it before: their sessions, password and second factor end
    new_holder: bool = False


def hand_over(session: Session, actor: Actor, account_id: str, value: HandoverInput) -> Handover:
    """Records that an account was handed over to a person, and on which paper."""
    account = managed(session, actor, account_id)
    handover = Handover(
        account_id=account.id,
        handed_to=value.handed_to,
        handed_by_id=actor.user_id,
        paper_no=value.paper_no,
        note=value.note,
    )
    session.add(handover)
    if value.new_holder:
        account.password_hash, account.totp_sealed = None, None
        sessions.end_all(session, account.id)
    session.flush()
    ledger.record(session, "account.handed_over", handover, account, tenant=account.producer_id)
    notices.post(
        session,
        "account_handed_over",
        producer_id=account.producer_id,
        agency_id=account.agency_id,
        subject=account,
        username=account.username,
        paper_no=value.paper_no,
    )
    return handover


def _search(display_name: str, username: str) -> str:
    return fold(f"{display_name} {username}")[:300]


# -- who may see and manage which account -----------------------------------------------------------------------------


def managed(session: Session, actor: Actor, account_id: str) -> Account:
    """An account that the actor may manage, locked. Raises `NotFound` for any other as for a missing one."""
    account = records.lock(session, Account, account_id)
    if not may_manage(session, actor, account):
        raise NotFound("Account", account_id)
    return account


def may_manage(session: Session, actor: Actor, account: Account) -> bool:
    """Whether an account lies within the actor's reach."""
    if account.role is Role.ADMINISTRATOR:
        return actor.may(Permission.ADMINISTER)
    if actor.producer_id is not None:
        own = account.producer_id == actor.producer_id and account.role is Role.CLERK
        return own and actor.may(Permission.MANAGE_OWN_PROFILE)
    if not actor.may(Permission.MANAGE_ACCOUNTS):
        return False
    if account.producer_id is not None:
        return ownership.covers(session, actor.scope, account.producer_id)
    agency = session.get(Agency, account.agency_id)
    return agency is not None and agencies.lies_within(actor, agency)


def must_not_exceed(session: Session, actor: Actor, account: Account) -> None:
    """Demands that a way into an account opens no door that is closed to the actor itself.

    Raises `RuleBroken` ("accounts.exceeds") for another agency's account that may do more.
    """
    if account.agency_id in (None, actor.agency_id) or actor.may(Permission.ADMINISTER):
        return
    if not records.find(session, Agency, account.agency_id or "").grants() <= actor.permissions:
        raise RuleBroken("accounts.exceeds")


def tell(session: Session, code: str, account: Account) -> None:
    """A notice about an account to the producer or agency that it belongs to; administrators have no inbox."""
    if account.producer_id or account.agency_id:
        notices.post(
            session,
            code,
            producer_id=account.producer_id,
            agency_id=account.agency_id,
            subject=account,
            username=account.username,
        )


def search(
    session: Session, actor: Actor, sought: str = "", page: int = 1
) -> tuple[list[tuple[Account, str]], int]:
    """The accounts within the actor's reach with the name of their organisation, and how many pages there are.

    `sought` is found in names of people, user names and names of organisations, without accents.
    """
    agencies_in_reach = [agency.id for agency in agencies.all_within_reach(session, actor)]
    statement = (
        select(Account, Producer.name, Agency.name)
        .outerjoin(Producer, col(Producer.id) == col(Account.producer_id))
        .outerjoin(Agency, col(Agency.id) == col(Account.agency_id))
        .where(
            sa.or_(
                col(Producer.id).is_not(None),  # the scope has dropped all others
                col(Account.agency_id).in_(agencies_in_reach),
                sa.and_(
                    col(Account.role) == Role.ADMINISTRATOR, sa.literal(actor.may(Permission.ADMINISTER))
                ),
            )
        )
    )
    if key := text.sought(sought):
        columns = (col(Account.search), col(Producer.search), col(Agency.search))
        statement = statement.where(sa.or_(*(column.contains(key, autoescape=True) for column in columns)))
    total = session.exec(select(sa.func.count()).select_from(statement.subquery())).one()
    rows = session.exec(
        statement.order_by(col(Account.username)).offset((page - 1) * PAGE_SIZE).limit(PAGE_SIZE)
    ).all()
    found = [(account, producer or agency or "") for account, producer, agency in rows]
    return found, max(1, -(-total // PAGE_SIZE))


def of_producer(session: Session, producer_id: str) -> list[Account]:
    """The accounts of a producer within the scope, managers first."""
    records.find(session, Producer, producer_id)
    statement = select(Account).where(Account.producer_id == producer_id)
    return list(session.exec(statement.order_by(col(Account.role).desc(), col(Account.username))).all())


def of_agency(session: Session, agency_id: str) -> list[Account]:
    """The accounts of an agency."""
    statement = select(Account).where(Account.agency_id == agency_id)
    return list(session.exec(statement.order_by(col(Account.username))).all())


def handovers(session: Session, account_id: str) -> list[Handover]:
    """To whom an account was handed over, the latest first."""
    statement = select(Handover).where(Handover.account_id == account_id)
    return list(session.exec(statement.order_by(col(Handover.at).desc())).all())


def has_account(session: Session, producer_id: str) -> bool:
    """Whether a producer records for itself: it has an account that is not disabled."""
    statement = select(Account.id).where(
        Account.producer_id == producer_id, col(Account.disabled_at).is_(None)
    )
    return session.exec(statement).first() is not None
