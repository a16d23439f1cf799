"""The keys of the epochs: read once, and again when a new epoch has come."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from tests import stamped
from traceability import mint
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import stamp_codes


def test_an_epoch_is_known_as_soon_as_it_has_begun(database: Database, settings: Settings) -> None:
    keyring = settings.keyring()
    assert mint.epoch_keys(database, keyring) == {}
    first = stamped.epoch(database, keyring)
    assert set(mint.epoch_keys(database, keyring)) == {1}
    second = stamped.epoch(database, keyring, 2)
    keys = mint.epoch_keys(database, keyring)
    assert stamp_codes.read(keys.values(), stamp_codes.mint(first, 5)) == (1, 5)
    assert stamp_codes.read(keys.values(), stamp_codes.mint(second, 6)) == (2, 6)


def test_keys_are_read_from_the_database_once(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring, reads = settings.keyring(), []
    read: Callable[..., Any] = mint._read
    monkeypatch.setattr(mint, "_read", lambda *given: reads.append(1) or read(*given))
    stamped.epoch(database, keyring)
    for _ in range(20):
        mint.epoch_keys(database, keyring)
    keyring.secret("something-else")
    mint.epoch_keys(database, keyring)
    assert len(reads) == 1


def test_an_epoch_whose_key_is_missing_is_left_out(database: Database, settings: Settings) -> None:
    keyring = settings.keyring()
    stamped.epoch(database, keyring)
    (keyring.folder / "stamp-epoch-test1.key").unlink()
    stamped.epoch(database, keyring, 2)
    assert set(mint.epoch_keys(database, keyring)) == {2}


def test_while_the_epochs_cannot_be_read_no_code_is_called_unknown(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that begins while the database is away knows no epoch: it must not take that for an answer."""

    def away(*_given: Any) -> Any:
        raise OperationalError("SELECT", {}, Exception("away"))

    keyring = settings.keyring()
    stamped.epoch(database, keyring)
    with monkeypatch.context() as patch:
        patch.setattr(mint, "_read", away)
        for _ in range(2):
            with pytest.raises(OperationalError):
                mint.epoch_keys(database, keyring)
    assert set(mint.epoch_keys(database, keyring)) == {1}
