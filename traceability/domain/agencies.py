"""The management agency (cơ quan quản lý): what its accounts may do, and over which producers.

The permissions and the scope of each agency are the province's decision and therefore data: a list of permission words,
and three limits (provinces, product categories, communes), each absent where there is no limit.
"""

from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError
from sqlmodel import Field, Session, col, select

from traceability.domain import ledger, records
from traceability.domain.actors import Actor, Permission, Role
from traceability.domain.addresses import PROVINCES
from traceability.domain.contacts import Email, RegisterCode
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ownership import Reach, Scope
from traceability.domain.producers import Register
from traceability.domain.product_categories import CATEGORIES
from traceability.domain.records import Json, Record, RecordId, choice
from traceability.domain.text import Line, Name, ShortLine, fold


class AgencyState(StrEnum):
    """Whether the agency's accounts may act."""

    ACTIVE = "active"
    CLOSED = "closed"


class Agency(Record, table=True):
    """A management agency."""

    OPEN: ClassVar[frozenset[str]] = frozenset(
        {"code", "name", "name_en", "level", "permissions", "provinces", "categories", "communes", "state"}
    )
    UNLOGGED: ClassVar[dict[str, str]] = {"search": "derived from the names and code"}

    code: str = Field(max_length=20, unique=True)
    name: str = Field(max_length=200)
    name_en: str = Field(default="", max_length=200)
    search: str = Field(default="", max_length=500)
    level: str = Field(default="", max_length=60)
    parent_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)
    task: str = Field(default="", max_length=400)
    scope_text: str = Field(default="", max_length=200)
    former_name: str = Field(default="", max_length=200)
    permissions: list[str] = Field(default_factory=list, sa_type=Json)
    provinces: list[str] | None = Field(default=None, sa_type=Json)
    categories: list[str] | None = Field(default=None, sa_type=Json)
    communes: list[str] | None = Field(default=None, sa_type=Json)
    email: str | None = Field(default=None, max_length=120)
    register_of: Register = Field(default=Register.VINH_LONG, sa_type=choice(Register))
    state: AgencyState = Field(default=AgencyState.ACTIVE, sa_type=choice(AgencyState))

    def grants(self) -> frozenset[Permission]:
        """The permissions of its accounts."""
        return frozenset(Permission(word) for word in self.permissions)

    def scope(self) -> Scope:
        """The producers its accounts oversee."""
        return Scope(
            Reach.AGENCY,
            provinces=None if self.provinces is None else frozenset(self.provinces),
            categories=None if self.categories is None else frozenset(self.categories),
            communes=None if self.communes is None else frozenset(self.communes),
        )

    def role_of_accounts(self) -> Role:
        """What its accounts are: they enter data for others, or they oversee."""
        if Permission.DATA_ENTRY_ON_BEHALF in self.grants():
            return Role.DATA_ENTRY
        return Role.INSPECTOR


#: The words that an agency may hold: not the producers' own, and not the platform's administration.
GRANTABLE = (
    Permission.VIEW_ALL,
    Permission.VIEW_SECTOR,
    Permission.VIEW_OWN_AREA,
    Permission.MANAGE_ACCOUNTS,
    Permission.APPROVE_FACILITY,
    Permission.CONFIRM_FACILITY,
    Permission.APPROVE_AREA,
    Permission.CONFIRM_AREA,
    Permission.SUSPEND_AREA,
    Permission.PUBLISH_REPORTS,
    Permission.SHARE_NATIONAL_PORTAL,
    Permission.ISSUE_STAMPS,
    Permission.VOID_STAMPS,
    Permission.INSPECT,
    Permission.REQUEST_RECALL,
    Permission.DATA_ENTRY_ON_BEHALF,
    Permission.SUPPORT,
    Permission.VERIFY_PHI,
    Permission.SAMPLE,
    Permission.RECORD_LAB_RESULT,
    Permission.SCAN_VERIFY,
    Permission.OPEN_CASE,
    Permission.MANAGE_OCOP,
    Permission.SET_RULES,
)


def _codes(value: Any) -> Any:
    """`86, 83` from one text field, or the ticked boxes of a list, in a fixed order without repeats."""
    if value is None or value == []:
        return None
    if not isinstance(value, list | tuple | frozenset | set):
        return value
    parts = [part.strip() for text in value for part in str(text).replace(";", ",").split(",")]
    return sorted({part for part in parts if part}) or None


def _known(codes: list[str] | None, known: Any, refusal: str) -> list[str] | None:
    unknown = [code for code in codes or () if code not in known]
    if unknown:
        raise PydanticCustomError(refusal, "unknown code {code}", {"code": unknown[0][:20]})
    return codes


def _provinces(value: Any) -> Any:
    codes = _codes(value)
    return _known(codes, PROVINCES, "agency_province") if isinstance(codes, list) else codes


def _categories(value: Any) -> Any:
    codes = _codes(value)
    return _known(codes, CATEGORIES, "category_unknown") if isinstance(codes, list) else codes


def _communes(value: Any) -> Any:
    codes = _codes(value)
    for code in codes if isinstance(codes, list) else ():
        if len(code) != 5 or not code.isascii() or not code.isdigit():
            raise PydanticCustomError("agency_commune", "not a commune's code {code}", {"code": code[:20]})
    return codes


def _permissions(value: Any) -> Any:
    codes = _codes(value) or []
    if not isinstance(codes, list):
        return codes
    _known(codes, set(GRANTABLE), "agency_permission")
    return [word.value for word in GRANTABLE if word.value in codes]


class AgencyInput(BaseModel):
    """A management agency, what it may do, and over which producers. A limit left empty is no limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: RegisterCode
    name: Name
    name_en: Name | None = None
    level: ShortLine | None = None
    parent_id: RecordId | None = None
    task: Annotated[Line, Field(max_length=200)] | None = None
    scope_text: Line | None = None
    former_name: Line | None = None
    email: Email | None = None
    permissions: Annotated[list[str], BeforeValidator(_permissions)] = Field(default_factory=list)
    provinces: Annotated[list[str] | None, BeforeValidator(_provinces)] = None
    categories: Annotated[list[str] | None, BeforeValidator(_categories)] = None
    communes: Annotated[list[str] | None, BeforeValidator(_communes)] = None
    register_of: Register = Register.VINH_LONG


def register(session: Session, actor: Actor, value: AgencyInput) -> Agency:
    """Writes an agency down. Raises `RuleBroken`: `access.not_permitted`, `agencies.code_taken`; `NotFound`."""
    actor.must(Permission.ADMINISTER)
    if session.exec(select(Agency.id).where(Agency.code == value.code)).first():
        raise RuleBroken("agencies.code_taken", field="code", code=value.code)
    agency = Agency(code=value.code, name=value.name)
    _write(session, agency, value)
    session.add(agency)
    session.flush()
    ledger.record(session, "agency.registered", agency)
    return agency


def revise(session: Session, actor: Actor, agency_id: str, value: AgencyInput) -> Agency:
    """Changes an agency, its permissions and its scope; its accounts act accordingly from their next page on.

    Raises as `register`, and `agencies.own_parent`.
    """
    actor.must(Permission.ADMINISTER)
    agency = records.lock(session, Agency, agency_id)
    taken = select(Agency.id).where(Agency.code == value.code, Agency.id != agency.id)
    if session.exec(taken).first():
        raise RuleBroken("agencies.code_taken", field="code", code=value.code)
    if value.parent_id == agency.id:
        raise RuleBroken("agencies.own_parent", field="parent_id")
    agency.code, agency.name = value.code, value.name
    _write(session, agency, value)
    ledger.record(session, "agency.revised", agency)
    return agency


def set_state(session: Session, actor: Actor, agency_id: str, state: AgencyState) -> Agency:
    """Closes an agency (its accounts can no longer act), or opens it again."""
    actor.must(Permission.ADMINISTER)
    agency = records.lock(session, Agency, agency_id)
    agency.state = state
    ledger.record(session, "agency.closed" if state is AgencyState.CLOSED else "agency.opened", agency)
    return agency


def _write(session: Session, agency: Agency, value: AgencyInput) -> None:
    if value.parent_id is not None:
        records.find(session, Agency, value.parent_id)
    agency.name_en = value.name_en or ""
    agency.search = fold(f"{value.name} {value.name_en or ''} {value.code} {value.former_name or ''}")[:500]
    agency.level = (value.level or "")[:60]
    agency.parent_id = value.parent_id
    agency.task = value.task or ""
    agency.scope_text = value.scope_text or ""
    agency.former_name = value.former_name or ""
    agency.email = value.email
    agency.permissions = list(value.permissions)
    agency.provinces = value.provinces
    agency.categories = value.categories
    agency.communes = value.communes
    agency.register_of = value.register_of


# -- who may deal with which agency -----------------------------------------------------------------------------------


def lies_within(actor: Actor, agency: Agency) -> bool:
    """Whether all producers that an agency oversees lie within the actor's own scope."""
    if actor.scope.reach is Reach.EVERYTHING:
        return True
    if actor.scope.reach is not Reach.AGENCY:
        return False
    inner, outer = agency.scope(), actor.scope
    return all(
        wide is None or (narrow is not None and narrow <= wide)
        for narrow, wide in (
            (inner.provinces, outer.provinces),
            (inner.categories, outer.categories),
            (inner.communes, outer.communes),
        )
    )


def within_reach(session: Session, actor: Actor, agency_id: str) -> Agency:
    """An agency whose accounts the actor may manage. Raises `NotFound` for any other as for a missing one."""
    agency = records.find(session, Agency, agency_id)
    if not lies_within(actor, agency):
        raise NotFound("Agency", agency_id)
    return agency


def all_within_reach(session: Session, actor: Actor, sought: str = "") -> list[Agency]:
    """The agencies whose accounts the actor may manage, by code; `sought` finds names without accents."""
    statement = select(Agency).order_by(col(Agency.code))
    if sought:
        statement = statement.where(col(Agency.search).contains(fold(sought), autoescape=True))
    return [agency for agency in session.exec(statement).all() if lies_within(actor, agency)]
