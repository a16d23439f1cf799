"""Fuzzing under the guidance of coverage: stamp codes and Digital Links (`make soak`; a minute for each)."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import SEEDS, TARGETS
from traceability.domain import compressed_links, stamp_codes
from traceability.domain.identifiers import DigitalLink, parse_digital_link

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60


@pytest.mark.parametrize("name", TARGETS)
def test_every_promise_holds_for_the_examples_and_for_damaged_ones(name: str) -> None:
    assert SEEDS.keys() == TARGETS.keys()
    for seed in SEEDS[name]:
        TARGETS[name](seed)
        for place in range(len(seed)):
            TARGETS[name](seed[:place] + bytes([seed[place] ^ 0x41]) + seed[place + 1 :])


def test_the_examples_are_good_ones() -> None:
    assert isinstance(stamp_codes.normalise(SEEDS["codes"][0].decode()), str)
    assert all(isinstance(parse_digital_link(seed.decode()), DigitalLink) for seed in SEEDS["links"])
    assert all(compressed_links.uncompressed(f"/{seed.decode()}") for seed in SEEDS["packed_links"])


@pytest.mark.soak
@pytest.mark.parametrize("name", TARGETS)
def test_no_bytes_that_reach_new_code_break_a_promise(name: str, tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="atheris is to be had for Linux on x86-64 only")
    command = [sys.executable, "-m", "tests.fuzz.guided", name, str(SECONDS), str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True,
        timeout=SECONDS + 120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    assert "DONE" in done.stderr
    assert not list(tmp_path.glob("crash-*"))
