"""In which province a stamp was looked at: only where the visitor says so, and kept as a number.

Nobody is asked by the page itself, nothing is guessed from an address. Kept are the stamp, the day, the province and
how many visitors named it; each counts once a day for one stamp.
"""

from datetime import date

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlmodel import Field, Session, SQLModel, col, func, select

from traceability.domain import scans
from traceability.domain.addresses import ChosenProvince
from traceability.domain.clock import now
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.scans import Sighting, StampCount

#: So many visitors a day are taken of one stamp; more is no shop. So many of one network: whoever changes the name of
#: their browser is not somebody else.
MOST_A_DAY, MOST_OF_A_NETWORK = 100, 3


class ScanProvince(SQLModel, table=True):
    """How many visitors of a stamp named a province on one day."""

    __tablename__ = "scan_province"

    epoch_number: int = Field(primary_key=True)
    serial: int = Field(primary_key=True, sa_type=sa.BigInteger)
    province_code: str = Field(primary_key=True, max_length=2)
    day: date = Field(primary_key=True)
    batch_id: str = Field(foreign_key="batch.id", index=True, max_length=16)
    visitors: int = 0


class ProvinceInput(BaseModel):
    """What a visitor says, of their own accord: the province and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    province_code: ChosenProvince


def say(
    session: Session, province: str, *, epoch: int, serial: int, network: str, agent: str, today: date
) -> None:
    """A visitor says in which province the stamp (epoch, serial) was looked at. `network`, `agent`: as in `Sighting`.

    Raises `NotFound` for a stamp that is not on record, and `RuleBroken`: `scan_provinces.said_today` when this visitor
    did so already, `scan_provinces.enough` when very many have, or some of the same network.
    """
    found = scans.resolve(session, epoch, serial, today)
    if found is None:
        raise NotFound("stamp")
    seen = Sighting(epoch, serial, found.batch_id, now(), found.verdict, network, agent)
    if not scans.is_first_act(session, today, seen, "province"):
        raise RuleBroken("scan_provinces.said_today", "province_code")
    neighbour = seen._replace(agent="")
    acts = (f"province {number}" for number in range(MOST_OF_A_NETWORK))
    if not any(scans.is_first_act(session, today, neighbour, act) for act in acts):
        raise RuleBroken("scan_provinces.enough")
    count = _locked_count(session, epoch, serial)
    of_stamp = (ScanProvince.epoch_number == epoch, ScanProvince.serial == serial)
    lately = select(func.sum(ScanProvince.visitors)).where(*of_stamp, ScanProvince.day == today)
    if (session.exec(lately).one() or 0) >= MOST_A_DAY:
        raise RuleBroken("scan_provinces.enough")
    row = session.get(ScanProvince, (epoch, serial, province, today))
    if row is None:
        row = ScanProvince(
            epoch_number=epoch, serial=serial, province_code=province, day=today, batch_id=found.batch_id
        )
        session.add(row)
    row.visitors += 1
    session.flush()
    numbers = select(ScanProvince.province_code, func.sum(ScanProvince.visitors)).where(*of_stamp)
    count.provinces = written(dict(session.exec(numbers.group_by(col(ScanProvince.province_code))).all()))
    session.add(count)


def written(numbers: dict[str, int]) -> str:
    """Numbers by province as `stamp_count.provinces` keeps them for the scan, the largest first: "86:3 79:1"."""
    ordered = sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))
    return " ".join(f"{code}:{number}" for code, number in ordered)


def read(text: str) -> list[tuple[str, int]]:
    """The same as pairs of a province's code and a number."""
    return [(code, int(number)) for code, _colon, number in (part.partition(":") for part in text.split())]


def _locked_count(session: Session, epoch: int, serial: int) -> StampCount:
    """The stamp's count, locked: two visitors at once both stand in the sum. Of 0 where nobody opened it."""
    scans.begin_count(session, epoch, serial)
    its_own = (StampCount.epoch_number == epoch, StampCount.serial == serial)
    return session.exec(select(StampCount).where(*its_own).with_for_update()).one()
