"""The backup of the key folder: one file, encrypted under a passphrase, kept apart from the backups of the data.

scrypt (RFC 7914) makes the key of the passphrase, AES-256-GCM seals the files. Without it the data is of little use:
stamps could not be read, the log not be continued.
"""

import base64
import json
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from traceability import disk
from traceability.config import WrongSettings
from traceability.keys import Keyring

FORMAT = "traceability-keys/v1"
#: A demo makes this key whenever it starts, also in order to put keys back: alone, it gives way to the backup's.
_MADE_ON_STARTING = "sign-in.key"
SHORTEST = 12
_COST = 2**15


def back_up(keyring: Keyring, out: Path, passphrase: str) -> int:
    """Writes all files of the key folder into a new encrypted file. Answers how many. Raises `WrongSettings`."""
    if len(passphrase) < SHORTEST:
        raise WrongSettings(f"The passphrase must have at least {SHORTEST} characters.")
    files = {
        path.name: path.read_text("utf-8")
        for path in sorted(keyring.folder.glob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
    if not files:
        raise WrongSettings(f"There are no keys in {keyring.folder}.")
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    sealed = AESGCM(_key(passphrase, salt)).encrypt(nonce, json.dumps(files).encode(), FORMAT.encode())
    said = {
        name: base64.b64encode(data).decode()
        for name, data in (("salt", salt), ("nonce", nonce), ("sealed", sealed))
    }
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise WrongSettings(f"{out} exists already: a backup is never written over.") from None
    with os.fdopen(handle, "w") as file:
        json.dump({"format": FORMAT, **said}, file)
        file.flush()
        os.fsync(file.fileno())
    disk.keep_names(out.absolute().parent)
    return len(files)


def restore(keyring: Keyring, source: Path, passphrase: str) -> int:
    """Puts the key files back. Refuses where a key of the same name with another content lies. Answers how many.

    Into a folder that holds nothing but the key of sign-ins, which a demo has just made, the backup's comes instead:
    nobody has signed in with the new one.
    """
    try:
        said = json.loads(source.read_text("utf-8"))
        if said["format"] != FORMAT:
            raise KeyError(FORMAT)
        salt, nonce, sealed = (base64.b64decode(said[name]) for name in ("salt", "nonce", "sealed"))
        files = json.loads(AESGCM(_key(passphrase, salt)).decrypt(nonce, sealed, FORMAT.encode()))
    except InvalidTag:
        raise WrongSettings("The passphrase is wrong, or the key backup is damaged.") from None
    except (ValueError, KeyError, TypeError, OSError) as damaged:
        raise WrongSettings(f"{source.name} is no key backup: {damaged}.") from None
    keyring.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if [path.name for path in keyring.folder.glob("*")] == [_MADE_ON_STARTING] and _MADE_ON_STARTING in files:
        (keyring.folder / _MADE_ON_STARTING).unlink()
    for name, text in files.items():
        path = keyring.folder / Path(name).name
        if path.exists() and path.read_text("utf-8") != text and path.suffix == ".key":
            raise WrongSettings(
                f"Another key {path.name} lies in {keyring.folder}: nothing was written over."
            )
    for name, text in files.items():
        path = keyring.folder / Path(name).name
        if path.exists():
            continue  # the same key, or a newer checkpoint than the backup's
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    disk.keep_names(keyring.folder)
    return len(files)


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=_COST, r=8, p=1).derive(passphrase.encode())
