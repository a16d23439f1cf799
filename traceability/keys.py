"""Keys in files: made once, readable by their owner only, never in the database.

Each key is 32 random bytes in `<name>.key` (hexadecimal, mode 0600). `seal` and `open_sealed` keep small secrets of the
database (a TOTP secret) unreadable without the key folder.
"""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from traceability import disk

_LENGTH = 32
_NONCE = 12


class MissingKey(Exception):
    """A key that must exist does not: restore the key backup."""


class Keyring:
    """The key folder. A demo's keys are made in its own folder on first use; so are a production's, at `init`."""

    def __init__(self, folder: Path, demo: bool) -> None:
        self.folder = folder
        self.demo = demo

    def secret(self, name: str, *, make: bool = True) -> bytes:
        """The 32 bytes of the key with this name, made when missing (unless `make` is false: then `MissingKey`)."""
        path = self.folder / f"{name}.key"
        try:
            return bytes.fromhex(path.read_text("ascii").strip())
        except FileNotFoundError:
            if not make:
                raise MissingKey(f"the key file {path.name} is missing from the key folder") from None
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = secrets.token_bytes(_LENGTH)
        unfinished = self.folder / f".{name}.{secrets.token_hex(4)}"
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(fresh.hex())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(unfinished, path)  # whoever links first has made the key; nobody ever overwrites one
        except FileExistsError:
            pass
        finally:
            unfinished.unlink()
        disk.keep_names(self.folder)
        return bytes.fromhex(path.read_text("ascii").strip())

    def is_readable(self) -> bool:
        """Whether the keys can be read. A folder that is not there yet is: a demo makes it on first use."""
        try:
            return all(path.stat().st_size > 0 for path in self.folder.glob("*.key"))
        except OSError:
            return False

    def open_to_others(self) -> Path | None:
        """The first key file that others than its owner may read or write; None if there is none."""
        keys = sorted(self.folder.glob("*.key"))
        return next((path for path in keys if path.stat().st_mode & 0o077), None)

    def seal(self, name: str, plain: bytes) -> bytes:
        """Encrypts a small secret (AES-256-GCM) under the key with this name."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + AESGCM(self.secret(name)).encrypt(nonce, plain, name.encode())

    def open_sealed(self, name: str, sealed: bytes) -> bytes:
        """What `seal` sealed. Raises `cryptography.exceptions.InvalidTag` if it was changed."""
        return AESGCM(self.secret(name, make=False)).decrypt(sealed[:_NONCE], sealed[_NONCE:], name.encode())
