"""What becomes of a growing area's codes: applied for, granted, suspended, withdrawn; with the history of each.

The code itself is opaque (see `area_codes`); an odd one is stored as issued.
"""

from datetime import date
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError
from sqlmodel import Session, col, select

from traceability.domain import area_codes, areas, ledger, notices, ownership, records, rules
from traceability.domain.actors import Actor, Permission
from traceability.domain.areas import AreaCode, AreaCodeChange, CodeFamily, CodeState, GrowingArea
from traceability.domain.clock import today
from traceability.domain.errors import RuleBroken
from traceability.domain.quantities import Day
from traceability.domain.text import Line, ShortLine

#: The markets that forms offer first (ISO 3166; EU for the Union as a whole).
MARKETS: Final = ("VN", "CN", "US", "EU", "KR", "JP", "AU", "NZ", "TH", "SG", "AE", "CA", "GB")


def _market(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    code = value.strip().upper()
    if len(code) != 2 or not code.isascii() or not code.isalpha():
        raise PydanticCustomError("market_unknown", "this is no market")
    return code


#: A market by its two letters.
Market = Annotated[str, BeforeValidator(_market)]


class AreaCodeInput(BaseModel):
    """What a person may say of a code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    family: CodeFamily
    market: Market = "VN"
    code: area_codes.IssuedCode
    authority: Line | None = None
    decision_no: ShortLine | None = None
    issued_on: Day | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None
    scheme: Line | None = None


def add_code(session: Session, actor: Actor, area_id: str, value: AreaCodeInput) -> AreaCode:
    """A code of an area is written down; it counts as applied for until an agency confirms the grant.

    Raises `RuleBroken`: `access.not_permitted`, `area_codes.domestic_market`, `area_codes.export_market`,
    `area_codes.validity`, `area_codes.issued_in_future`, `area_codes.taken`, `areas.withdrawn`.
    """
    actor.must(Permission.MANAGE_AREAS, Permission.APPROVE_AREA, Permission.CONFIRM_AREA)
    area = records.lock(session, GrowingArea, area_id)
    if area.state is areas.AreaState.WITHDRAWN:
        raise RuleBroken("areas.withdrawn", name=area.name)
    _check(session, area, value)
    code = AreaCode(
        producer_id=area.producer_id,
        area_id=area.id,
        family=value.family,
        market=value.market,
        code=value.code,
        search=area_codes.lookup_key(value.code)[:80],
        authority=value.authority or "",
        decision_no=value.decision_no or "",
        issued_on=value.issued_on,
        valid_from=value.valid_from,
        valid_to=value.valid_to,
        scheme=value.scheme or "",
    )
    session.add(code)
    session.flush()
    areas.index(session, area)
    change = _change(session, actor, code, CodeState.APPLIED, today(), "")
    ledger.record(session, "area_code.applied", code, change, area)
    return code


def grant_code(
    session: Session, actor: Actor, code_id: str, from_on: date, seen: int | None = None
) -> AreaCode:
    """An agency confirms that the authority granted the code, from a day on. Whether its ground is shared is asked once
    more: where the rule refuses, a second code waits until the boundary is settled.

    `seen` is the revision that was looked at. Raises `RuleBroken`: `access.not_permitted`, `area_codes.not_applied`,
    `records.changed`, `rules.area_overlap`.
    """
    actor.must(Permission.APPROVE_AREA, Permission.CONFIRM_AREA)
    code = records.lock(session, AreaCode, code_id)
    if code.state is not CodeState.APPLIED:
        raise RuleBroken("area_codes.not_applied", code=code.code)
    code.must_be_as_seen(seen)
    set_code_state(session, actor, code, CodeState.GRANTED, from_on=from_on)
    rules.judge(session, records.find(session, GrowingArea, code.area_id), "grant")
    notices.post(session, "area_code_granted", producer_id=code.producer_id, subject=code, number=code.code)
    return code


def set_code_state(
    session: Session,
    actor: Actor,
    code: AreaCode,
    state: CodeState,
    *,
    from_on: date | None = None,
    reason: str = "",
) -> AreaCodeChange:
    """Moves a locked code into a state and adds the line of its history. Whether it may is for the caller to ask."""
    code.state = state
    change = _change(session, actor, code, state, from_on or today(), reason)
    ledger.record(session, f"area_code.{state.value}", code, change)
    return change


def history_of(session: Session, code_ids: list[str]) -> dict[str, list[AreaCodeChange]]:
    """The history of each of these codes, the newest line first."""
    found: dict[str, list[AreaCodeChange]] = {code_id: [] for code_id in code_ids}
    statement = select(AreaCodeChange).where(col(AreaCodeChange.area_code_id).in_(code_ids))
    for change in session.exec(statement.order_by(col(AreaCodeChange.at).desc())).all():
        found[change.area_code_id].append(change)
    return found


def find_code(session: Session, area_id: str, code: str, field: str = "area_code") -> AreaCode:
    """The code of an area that is written so, however it is typed; a granted one before others.

    Raises `RuleBroken` ("area_codes.not_of_area").
    """
    found = known_code(session, area_id, code)
    if found is None:
        raise RuleBroken("area_codes.not_of_area", field, code=code)
    return found


def known_code(session: Session, area_id: str, code: str) -> AreaCode | None:
    """As `find_code`; None where the area has no such code."""
    key = area_codes.lookup_key(code)[:80]
    statement = select(AreaCode).where(AreaCode.area_id == area_id, AreaCode.search == key)
    found = sorted(session.exec(statement).all(), key=lambda row: row.state is not CodeState.GRANTED)
    return found[0] if found else None


def held_elsewhere(session: Session, code: AreaCode) -> int:
    """How many other areas, whoever's, claim the same code: a number, and nothing of whose they are."""
    statement = select(AreaCode.area_id).where(
        AreaCode.search == code.search, AreaCode.area_id != code.area_id
    )
    with ownership.beyond_scope(session):  # a code that two producers claim concerns both
        return len(set(session.exec(statement).all()))


def codes_waiting(session: Session) -> list[AreaCode]:
    """The codes within the scope whose grant waits to be confirmed."""
    statement = select(AreaCode).where(AreaCode.state == CodeState.APPLIED)
    return list(session.exec(statement.order_by(col(AreaCode.created_at))).all())


def _change(
    session: Session, actor: Actor, code: AreaCode, state: CodeState, from_on: date, reason: str
) -> AreaCodeChange:
    change = AreaCodeChange(
        producer_id=code.producer_id,
        area_code_id=code.id,
        state=state,
        from_on=from_on,
        reason=reason[:400],
        agency_id=actor.agency_id,
        account_id=actor.user_id,
    )
    session.add(change)
    return change


def _check(session: Session, area: GrowingArea, value: AreaCodeInput) -> None:
    if value.family is CodeFamily.DOMESTIC and value.market != "VN":
        raise RuleBroken("area_codes.domestic_market", "market")
    if value.family is CodeFamily.EXPORT and value.market == "VN":
        raise RuleBroken("area_codes.export_market", "market")
    if value.issued_on and value.issued_on > today():
        raise RuleBroken("area_codes.issued_in_future", "issued_on")
    if value.valid_from and value.valid_to and value.valid_from > value.valid_to:
        raise RuleBroken("area_codes.validity", "valid_to")
    same = select(AreaCode.id).where(
        AreaCode.area_id == area.id, AreaCode.code == value.code, AreaCode.market == value.market
    )
    if session.exec(same).first():
        raise RuleBroken("area_codes.taken", "code", code=value.code)
