"""Moments as people write them: a day with a time of day, in Vietnam's time unless an offset is written.

A day without a time is kept as the beginning of that day; pages then show the day alone.
"""

import re
from datetime import date, datetime, time
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from traceability.domain.clock import VIETNAM, local_day
from traceability.domain.quantities import parse_day

_MOMENT = re.compile(
    r"(?P<day>[0-9./-]{8,10})(?:(?:T| +)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?)?"
    r"(?P<offset>Z|[+-]\d{2}:\d{2})?",
    re.ASCII,
)
_LONGEST = 40


def parse_moment(value: Any) -> datetime:
    """An aware moment from `2026-11-24T07:30`, `24/11/2026 07:30`, `2026-11-24T07:30:00+07:00`, a day, or a datetime.

    Raises `PydanticCustomError`: `moment_unreadable`, and the `day_*` codes of `quantities.parse_day`.
    """
    if isinstance(value, datetime):
        return value.replace(tzinfo=VIETNAM) if value.tzinfo is None else value
    if isinstance(value, date):
        return datetime.combine(value, time(), VIETNAM)
    match = _MOMENT.fullmatch(value.strip()) if isinstance(value, str) and len(value) <= _LONGEST else None
    if match is None:
        raise PydanticCustomError("moment_unreadable", "this is not a date with a time")
    day = parse_day(match["day"])
    try:
        clock = time(int(match["hour"] or 0), int(match["minute"] or 0), int(match["second"] or 0))
        if match["offset"]:
            text = match["offset"].replace("Z", "+00:00")
            return datetime.fromisoformat(f"{day.isoformat()}T{clock.isoformat()}{text}")
    except ValueError:
        raise PydanticCustomError("moment_unreadable", "this is not a date with a time") from None
    return datetime.combine(day, clock, VIETNAM)


def start_of(day: date) -> datetime:
    """The moment that stands for a day whose time is not known."""
    return datetime.combine(day, time(), VIETNAM)


def is_whole_day(moment: datetime) -> bool:
    """Whether only the day is known."""
    return moment == start_of(local_day(moment))


#: A moment: Vietnamese or ISO text in, an aware datetime out.
Moment = Annotated[
    datetime,
    BeforeValidator(parse_moment),
    WithJsonSchema({"type": "string", "minLength": 8, "description": "a day or a moment, ISO 8601"}),
]
