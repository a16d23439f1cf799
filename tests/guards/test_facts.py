"""Every fact that the program writes into the log has its words for those who read it."""

import re
from pathlib import Path

from traceability.domain.areas import CodeState
from traceability.wording.facts import FACTS

PACKAGE = Path(__file__).resolve().parents[2] / "traceability"
WRITTEN = re.compile(r'(?:ledger\.)?record\(\s*session,\s*"([a-z_]+\.[a-z_]+)"')


def test_every_fact_of_the_log_is_worded() -> None:
    kinds = {kind for path in PACKAGE.rglob("*.py") for kind in WRITTEN.findall(path.read_text())}
    kinds |= {f"area_code.{state.value}" for state in CodeState}
    assert len(kinds) > 40
    assert kinds - FACTS.keys() == set()
