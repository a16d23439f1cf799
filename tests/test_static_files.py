"""The addresses of styles and scripts."""

from pathlib import Path

import pytest

from traceability import static_files


def test_one_changed_file_changes_the_address_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(static_files, "FOLDER", tmp_path)
    seen = set()
    for text in ("a", "b"):
        (tmp_path / "one.js").write_text(text)
        seen.add(static_files.version.__wrapped__())
    assert len(seen) == 2
