"""The checked list of security points: every test that it names exists, and every point has one or says why not."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/security.md").read_text("utf-8")
#: The points that the platform promised to answer for.
PROMISED = [
    "1.2.1", "1.2.4", "1.2.10", "1.3.4", "1.5.1",
    "2.2.1", "2.2.2", "2.2.3", "2.3.1", "2.3.3", "2.3.4", "2.3.5", "2.4.1",
    "5.1.1", "5.2.1", "5.2.2", "5.2.3", "5.2.4", "5.2.5", "5.2.6", "5.3.1", "5.3.2", "5.4.1",
    "5.4.2", "5.4.3",
    "7.2.1", "7.2.2", "7.2.3", "7.2.4", "7.3.1", "7.3.2", "7.4.1", "7.4.2", "7.4.3", "7.4.4",
    "7.4.5",
    "8.1.1", "8.1.2", "8.2.1", "8.2.2", "8.2.3", "8.3.1", "8.4.1",
    "16.2.5", "16.3.1", "16.3.2", "16.3.3", "16.3.4", "16.4.1", "16.4.2", "16.4.3", "16.5.1", "16.5.2",
    "16.5.3",
]  # fmt: skip
_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
_ROWS = re.findall(r"^\| (\d[^|]*) \| ([^|]*) \| (.*) \|$", PAGE, re.MULTILINE)


def test_every_test_that_is_named_exists() -> None:
    named = set(_TEST.findall(PAGE))
    assert len(named) > 80
    missing = []
    for path, name in sorted(named):
        file = ROOT / path
        if not file.exists() or (
            name and not re.search(rf"^def {name}\(", file.read_text("utf-8"), re.MULTILINE)
        ):
            missing.append(f"{path}::{name}")
    assert missing == []


def test_every_promised_point_has_a_line() -> None:
    said = {point for points, _what, _shown in _ROWS for point in re.findall(r"\d+\.\d+\.\d+", points)}
    assert [point for point in PROMISED if point not in said] == []


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row[0])
def test_a_line_names_a_test_or_says_that_it_is_not_met(row: tuple[str, str, str]) -> None:
    assert _TEST.search(row[2]) or "**Not met**" in row[2]
