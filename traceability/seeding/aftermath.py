"""What overseers and shoppers did in the demo: a suspended area, a suspended stamp, an inspection, and scans."""

import random
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from traceability.domain import inspections, notices, scans, stamp_suspensions, suspensions
from traceability.domain.actors import SYSTEM
from traceability.domain.areas import AreaCode
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import VIETNAM, now, today
from traceability.domain.inspections import FindingInput, InspectionInput, Severity, SubjectKind
from traceability.domain.scans import Sighting
from traceability.domain.stamps import RangeState, StampRange
from traceability.domain.suspensions import SuspendedKind, SuspensionInput
from traceability.seeding import source
from traceability.seeding.loading import Loading

INSPECTORS = "A02"
_SHOPPERS, _DAYS = 240, 30
#: Most people look while they can still eat it.
_WHILE_GOOD = 0.9
_PHONES = ("phone", "phone", "phone", "computer")


def load(loading: Loading) -> None:
    """All of it, after everything else is there."""
    _read_notices(loading)
    for feature in source.areas():
        if feature["properties"]["status"] == "suspended":
            _suspend_area(loading, feature["properties"])
    with loading.act(loading.agencies[INSPECTORS]) as session:
        _suspend_stamp(loading, session)
        _inspect(loading, session)
    _scan(loading)


def _read_notices(loading: Loading) -> None:
    """What was approved long ago has been read; the inboxes begin with what follows."""
    for actor in (*loading.managers.values(), *loading.agencies.values()):
        with loading.act(actor) as session:
            notices.mark_read(session, actor)


def _suspend_area(loading: Loading, row: dict[str, Any]) -> None:
    """The area and all its codes, as the plant protection office decided; its earlier batches stay what they are."""
    last = row["status_history"][-1]
    actor = loading.agencies[last["by"]]
    reason = f"{last['reason_vi']}. Tạm dừng từ ngày {loading.calendar.day(last['from']):%d/%m/%Y}."
    area_id = loading.areas[row["area_id"]]
    with loading.act(actor) as session:
        codes = session.exec(select(AreaCode.id).where(AreaCode.area_id == area_id)).all()
        subjects = [(SuspendedKind.AREA_CODE, code_id) for code_id in codes]
        for kind, subject_id in (*subjects, (SuspendedKind.AREA, area_id)):
            value = SuspensionInput(
                subject_kind=kind,
                subject_id=subject_id,
                reason=reason,
                from_on=loading.calendar.day(last["from"]),
            )
            suspensions.suspend(session, actor, value)


def _suspend_stamp(loading: Loading, session: Session) -> None:
    """One stamp of the batch that keeps longest, to show what a shopper reads then."""
    statement = (
        select(StampRange)
        .join(Batch, col(Batch.id) == StampRange.batch_id)
        .where(StampRange.state == RangeState.ACTIVE, Batch.state == BatchState.RELEASED)
        .order_by(col(Batch.best_before_on).desc(), col(StampRange.first_serial))
    )
    stamps = session.exec(statement).first()
    if stamps is not None:
        actor = loading.agencies[INSPECTORS]
        reason = "Kiểm tra tem có dấu hiệu bị bóc dán lại (tình huống minh họa)."
        middle = (stamps.first_serial + stamps.last_serial) // 2
        stamp_suspensions.suspend_code(session, actor, stamps.epoch_number, middle, reason)


def _inspect(loading: Loading, session: Session) -> None:
    """A regular visit with one small finding that the producer can answer."""
    actor = loading.agencies[INSPECTORS]
    visit = inspections.hold(
        session,
        actor,
        InspectionInput(
            subject_kind=SubjectKind.PRODUCER,
            subject_id=loading.producers["F01"],
            on_day=today() - timedelta(days=3),
            summary="Kiểm tra định kỳ việc quản lý và sử dụng tem truy xuất (minh họa).",
            conclusion="Cơ sở thực hiện tốt; một điểm cần khắc phục (minh họa).",
        ),
    )
    finding = FindingInput(
        inspection_id=visit.id,
        severity=Severity.MINOR,
        about="Bảo quản tem chưa sử dụng",
        description="Cuộn tem đã in để ngoài tủ có khóa (tình huống minh họa).",
        corrective_action="Cất tem chưa sử dụng trong tủ có khóa, ghi sổ xuất nhập tem.",
        due_on=today() + timedelta(days=14),
    )
    inspections.add_finding(session, actor, finding)


def _scan(loading: Loading) -> None:
    """Invented shoppers of the last weeks: no two of them alike, and none of them a person."""
    dice = random.Random(86)  # the same crowd on each loading
    with loading.act(SYSTEM) as session:
        statement = select(StampRange).where(StampRange.state == RangeState.ACTIVE)
        ranges = session.exec(statement.order_by(col(StampRange.first_serial))).all()
        good = set(session.exec(select(Batch.id).where(col(Batch.best_before_on) >= today())).all())
        kept = [stamps for stamps in ranges if stamps.batch_id in good] or ranges
        seen = []
        for number in range(_SHOPPERS):
            stamps = dice.choice(kept if dice.random() < _WHILE_GOOD else ranges)
            # Not the first of a range: those are shown to whoever tries the demo, and have not been opened yet.
            serial = stamps.first_serial + 1 + dice.randrange(max(1, stamps.count - 1))
            for _again in range(dice.choice((1, 1, 1, 2, 3))):
                sighting = _sighting(session, stamps, serial, _moment(dice), dice, number)
                seen += [sighting] if sighting else []
        scans.record(session, seen)
        scans.forget(session, today())


def _sighting(
    session: Session, stamps: StampRange, serial: int, at: datetime, dice: random.Random, number: int
) -> Sighting | None:
    found = scans.resolve(session, stamps.epoch_number, serial, at.astimezone(VIETNAM).date())
    if found is None:
        return None
    return Sighting(
        epoch=stamps.epoch_number,
        serial=serial,
        batch_id=found.batch_id,
        at=at,
        verdict=found.verdict,
        network=f"demo-{number}",
        agent="demo",
        device=dice.choice(_PHONES),
        language=dice.choice(("vi", "vi", "vi", "vi", "en")),
    )


def _moment(dice: random.Random) -> datetime:
    """Some minute of the last weeks, in the hours when people shop."""
    day = today() - timedelta(days=1 + dice.randrange(_DAYS - 1))
    moment = datetime(day.year, day.month, day.day, dice.randrange(7, 22), dice.randrange(60), tzinfo=VIETNAM)
    return min(moment, now())
