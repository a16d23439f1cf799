"""The one clock. Instants are aware and in UTC; days are Vietnam's, where the fields and offices are."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """Today's date in Vietnam: a harvest recorded at 06:00 belongs to that day, not to yesterday's in UTC."""
    return local_day(now())


def local_day(moment: datetime) -> date:
    """The Vietnamese calendar day of an aware moment. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(VIETNAM).date()
