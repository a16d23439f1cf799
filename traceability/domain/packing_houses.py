"""The packing house (cơ sở đóng gói): a place with a code of its own and the markets that the code is good for."""

from datetime import date
from typing import Any, ClassVar

import pydantic
import sqlalchemy as sa
from pydantic import ConfigDict
from sqlmodel import Field, Session, select

from traceability.domain import area_codes, ledger, notices, records
from traceability.domain.actors import Actor, Permission
from traceability.domain.addresses import Address, AddressInput
from traceability.domain.area_grants import Market
from traceability.domain.areas import CodeState
from traceability.domain.errors import RuleBroken
from traceability.domain.identifiers import Gln
from traceability.domain.ownership import ProducerOwned
from traceability.domain.quantities import Day
from traceability.domain.records import Json, Record, choice
from traceability.domain.text import Line, Name, ShortLine, fold


class PackingHouse(Record, ProducerOwned, Address, table=True):
    """A packing house (cơ sở đóng gói) with its own code and the markets the code is good for."""

    __tablename__ = "packing_house"
    __table_args__ = (sa.UniqueConstraint("producer_id", "code"),)
    OPEN: ClassVar[frozenset[str]] = frozenset({"name", "code", "markets", "valid_to", "state", "gln"})
    UNLOGGED: ClassVar[dict[str, str]] = {"search": "derived from the name and code"}

    name: str = Field(max_length=200)
    search: str = Field(default="", max_length=400)
    code: str = Field(max_length=60, index=True)
    markets: list[str] = Field(default_factory=list, sa_type=Json)
    authority: str = Field(default="", max_length=200)
    decision_no: str = Field(default="", max_length=80)
    gln: str | None = Field(default=None, max_length=13)
    valid_from: date | None = None
    valid_to: date | None = None
    state: CodeState = Field(default=CodeState.APPLIED, sa_type=choice(CodeState))

    def good_on(self, day: date) -> bool:
        """Whether the code is granted and valid on a day."""
        return (
            self.state is CodeState.GRANTED
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_to is None or day <= self.valid_to)
        )


class PackingHouseInput(AddressInput):
    """What a person may say of a packing house."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    code: area_codes.IssuedCode
    markets: list[Market] = pydantic.Field(default_factory=list, max_length=40)
    authority: Line | None = None
    decision_no: ShortLine | None = None
    gln: Gln | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None


def register_packing_house(session: Session, actor: Actor, value: PackingHouseInput) -> PackingHouse:
    """A producer writes a packing house down; its code counts as applied for until an agency confirms it.

    Raises `RuleBroken`: `access.not_permitted`, `packing_houses.code_taken`, `packing_houses.validity`.
    """
    actor.must(Permission.MANAGE_AREAS)
    _check(session, actor.tenant(), value, None)
    house = PackingHouse(producer_id=actor.tenant(), **_columns(value))
    session.add(house)
    session.flush()
    ledger.record(session, "packing_house.registered", house)
    return house


def revise_packing_house(
    session: Session, actor: Actor, packing_house_id: str, value: PackingHouseInput
) -> PackingHouse:
    """A producer corrects a packing house. With another code, market or validity it has to be confirmed again."""
    actor.must(Permission.MANAGE_AREAS)
    house = records.lock(session, PackingHouse, packing_house_id)
    _check(session, house.producer_id, value, house.id)
    columns = _columns(value)
    granted = ("code", "markets", "valid_from", "valid_to")
    if any(getattr(house, column) != columns[column] for column in granted):
        if house.state in (CodeState.SUSPENDED, CodeState.WITHDRAWN):
            raise RuleBroken("packing_houses.suspended_unchangeable", "code")
        house.state = CodeState.APPLIED
    for column, content in columns.items():
        setattr(house, column, content)
    ledger.record(session, "packing_house.revised", house)
    return house


def grant_packing_house(session: Session, actor: Actor, packing_house_id: str) -> PackingHouse:
    """An agency confirms that the authority granted the code.

    Raises `RuleBroken`: `access.not_permitted`, `packing_houses.not_applied`.
    """
    actor.must(Permission.APPROVE_AREA, Permission.CONFIRM_AREA)
    house = records.lock(session, PackingHouse, packing_house_id)
    if house.state is not CodeState.APPLIED:
        raise RuleBroken("packing_houses.not_applied")
    house.state = CodeState.GRANTED
    ledger.record(session, "packing_house.granted", house)
    notices.post(
        session, "packing_house_granted", producer_id=house.producer_id, subject=house, number=house.code
    )
    return house


def packing_houses_of(session: Session, producer_id: str | None = None) -> list[PackingHouse]:
    """The packing houses within the scope (of one producer, if named), by name."""
    statement = select(PackingHouse).order_by(PackingHouse.search)
    if producer_id is not None:
        statement = statement.where(PackingHouse.producer_id == producer_id)
    return list(session.exec(statement).all())


def packing_houses_waiting(session: Session) -> list[PackingHouse]:
    """Those whose code waits to be confirmed, within the scope."""
    return list(session.exec(select(PackingHouse).where(PackingHouse.state == CodeState.APPLIED)).all())


def _check(session: Session, producer_id: str, value: PackingHouseInput, house_id: str | None) -> None:
    if value.valid_from and value.valid_to and value.valid_from > value.valid_to:
        raise RuleBroken("packing_houses.validity", "valid_to")
    same = select(PackingHouse.id).where(
        PackingHouse.producer_id == producer_id, PackingHouse.code == value.code
    )
    if any(found != house_id for found in session.exec(same).all()):
        raise RuleBroken("packing_houses.code_taken", "code", code=value.code)


def _columns(value: PackingHouseInput) -> dict[str, Any]:
    return value.address_columns() | {
        "name": value.name,
        "search": fold(f"{value.name} {value.code} {area_codes.lookup_key(value.code)}")[:400],
        "code": value.code,
        "markets": sorted(set(value.markets)),
        "authority": value.authority or "",
        "decision_no": value.decision_no or "",
        "gln": value.gln,
        "valid_from": value.valid_from,
        "valid_to": value.valid_to,
    }
