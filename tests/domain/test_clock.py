"""Instants are UTC; days are Vietnam's."""

from datetime import UTC, date, datetime

import pytest
import time_machine

from traceability.domain.clock import local_day, now, today


def test_a_harvest_before_seven_in_the_morning_belongs_to_that_day() -> None:
    with time_machine.travel(datetime(2026, 11, 23, 23, 0, tzinfo=UTC), tick=False):
        assert now() == datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
        assert today() == date(2026, 11, 24)


def test_a_moment_without_time_zone_has_no_day() -> None:
    with pytest.raises(ValueError, match="time zone"):
        local_day(datetime(2026, 11, 24))
