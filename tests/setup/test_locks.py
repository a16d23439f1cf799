"""The lock files: complete, with hashes, and silent about where packages come from."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-uv.lock", "requirements-fuzz.lock")


def _pins(lock: str) -> set[str]:
    return set(re.findall(r"^[a-z0-9][\w.-]*==\S+", (ROOT / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host_and_hashes_every_package(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    packages = re.split(r"\n(?=[a-z0-9])", text)
    assert all("--hash=sha256:" in package for package in packages)


def test_the_development_lock_holds_all_of_the_program_s_lock() -> None:
    assert _pins("requirements.lock") <= _pins("requirements-dev.lock")
    assert _pins("requirements-uv.lock") <= _pins("requirements-dev.lock")


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = {re.split(r"[\[<>=~! ]", name)[0].lower() for name in project["project"]["dependencies"]}
    assert wanted <= {pin.split("==")[0] for pin in _pins("requirements.lock")}
