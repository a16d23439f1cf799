"""The real server under eight writers: killed, stopped, frozen. What was acknowledged stands, the rest is done once.

Batches, stamp orders and activations are written; none is half done after the crash.
"""

import signal
import time
from collections.abc import Iterator

import pytest

from tests.writers import Writers, eight_writers, nothing_is_half_done
from traceability.config import Settings
from traceability.db import Database


@pytest.fixture
def writers(settings: Settings, database: Database) -> Iterator[Writers]:
    with eight_writers(settings, database) as made:
        yield made


def test_what_was_acknowledged_survives_a_kill_and_the_rest_is_done_once(writers: Writers) -> None:
    for turn in range(2):
        writers.run(f"kill{turn}", 16, writers.server.kill)
        writers.server.start_again()
        nothing_is_half_done(writers.database)
    writers.settle()
    writers.must_be_whole()


def test_a_server_that_is_stopped_answers_what_it_has_begun(writers: Writers) -> None:
    def stop() -> None:
        writers.server.process.send_signal(signal.SIGTERM)
        writers.server.process.wait(40)

    writers.run("term", 16, stop)
    writers.server.start_again()
    nothing_is_half_done(writers.database)
    assert [refused for refused in writers.refused if refused[0] != 503] == []
    writers.settle()
    writers.must_be_whole()


def test_a_server_that_was_frozen_goes_on(writers: Writers) -> None:
    def freeze() -> None:
        writers.server.signal(signal.SIGSTOP)
        time.sleep(1.0)
        writers.server.signal(signal.SIGCONT)
        time.sleep(0.5)

    writers.run("freeze", 12, freeze)
    assert writers.refused == []
    writers.settle()
    writers.must_be_whole()
