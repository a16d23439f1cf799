"""Fixtures for tests of what the program logs: `heard` is what a production log would hold."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from traceability import logs


class Heard:
    """What was logged since the test began."""

    def __init__(self, stream: io.StringIO) -> None:
        self.stream = stream

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def levels() -> Iterator[None]:
    names = ("", "traceability", "security", logs.REQUESTS, "gunicorn.error", "gunicorn.access")
    before = {name: logging.getLogger(name).level for name in names}
    yield
    logs.end()
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def heard(levels: None) -> Heard:
    stream = io.StringIO()
    logs.begin(machine=True, stream=stream)
    return Heard(stream)
