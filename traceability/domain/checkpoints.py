"""Checkpoints: one signed line that stands for the whole log up to a size (C2SP tlog-checkpoint in a C2SP signed-note).

A checkpoint says origin, size and root; Ed25519 signs these bytes and nothing else, so the checkpoint of a size is the
same for ever and can be given again without being kept. Whoever keeps one can prove any later rewriting.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlmodel import Field, SQLModel

from traceability.domain.merkle import HASH_BYTES

_ED25519: Final = 0x01  # signed-note: the type byte of an Ed25519 note signature
_COSIGNATURE: Final = 0x04  # tlog-cosignature: an Ed25519 witness signature with a time
MOST_BYTES: Final = 64_000
_MOST_SIGNATURES: Final = 64
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
_NAME = re.compile(r"[^\s+]{1,200}")


class BadNote(ValueError):
    """These bytes are no signed note or no checkpoint; the message says what is wrong."""


class LogOrigin(SQLModel, table=True):
    """Under which name and with which key checkpoints are signed, from a size of the log on.

    A restored backup begins a new name, a rotation a new key under the same one. `vkey` is the public half, kept so
    that what the key signed still verifies when the key itself is destroyed; empty: that of the key file.
    """

    __tablename__ = "log_origin"

    number: int = Field(primary_key=True)
    origin: str = Field(max_length=200)
    first_size: int = Field(default=0, sa_type=sa.BigInteger)
    key_name: str = Field(default="log", max_length=40)
    vkey: str = Field(default="", max_length=300)


class LogCosignature(SQLModel, table=True):
    """What another key has signed of a checkpoint: one line under its note. A witness's, or where the log's own key
    changed the old key's, by which whoever knows that one comes to the new one."""

    __tablename__ = "log_cosignature"

    size: int = Field(primary_key=True, sa_type=sa.BigInteger)
    witness: str = Field(primary_key=True, max_length=200)
    line: str = Field(max_length=400)


@dataclass(frozen=True)
class Checkpoint:
    """A log's name, how many leaves it has, and the root over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The signed bytes: three lines, each ended."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True)
class NoteSignature:
    """One signature line of a note."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        return f"— {self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"


class Signer:
    """An Ed25519 key under a name. `seed` is its 32 bytes (RFC 8032)."""

    def __init__(self, name: str, seed: bytes) -> None:
        self.name = name
        self._private = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def vkey(self) -> str:
        """The verifier key as signed-note writes it: name, key id, type and public key."""
        public = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return vkey_of(self.name, public)

    def note(self, checkpoint: Checkpoint) -> str:
        """The checkpoint with this key's signature."""
        return checkpoint.text() + "\n" + self.sign(checkpoint.text()).line()

    @property
    def cosigning_vkey(self) -> str:
        """The verifier key of this key's cosignatures (C2SP tlog-cosignature)."""
        public = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return vkey_of(self.name, public, _COSIGNATURE)

    def cosign(self, text: str, moment: int) -> NoteSignature:
        """A witness's signature of a note's text, with its time in seconds (C2SP tlog-cosignature)."""
        signed = self._private.sign(f"cosignature/v1\ntime {moment}\n{text}".encode())
        return NoteSignature(
            self.name, Verifier(self.cosigning_vkey).key_id, moment.to_bytes(8, "big") + signed
        )

    def sign(self, text: str) -> NoteSignature:
        """This key's signature of a note's text."""
        return NoteSignature(self.name, Verifier(self.vkey).key_id, self._private.sign(text.encode()))


class Verifier:
    """A public key by its vkey. Raises `BadNote` where the vkey is none of a type that is known here."""

    def __init__(self, vkey: str) -> None:
        name, _, rest = vkey.strip().partition("+")
        key_hash, _, encoded = rest.partition("+")
        try:
            key = base64.b64decode(encoded, validate=True)
            self.key_id = bytes.fromhex(key_hash)
        except ValueError:
            raise BadNote("this is no verifier key") from None
        if not _NAME.fullmatch(name) or len(key) != 33 or key[0] not in (_ED25519, _COSIGNATURE):
            raise BadNote("this is no verifier key")
        if self.key_id != _key_id(name, key):
            raise BadNote("the verifier key does not match its own key id")
        self.name, self.type = name, key[0]
        self._public = Ed25519PublicKey.from_public_bytes(key[1:])

    def verifies(self, text: str, signature: NoteSignature) -> bool:
        """Whether this key has signed the text by this signature."""
        if (signature.name, signature.key_id) != (self.name, self.key_id):
            return False
        signed, raw = text.encode(), signature.signature
        if (
            self.type == _COSIGNATURE
        ):  # tlog-cosignature: the time stands before the signature and is signed too
            moment = int.from_bytes(raw[:8], "big")
            signed, raw = f"cosignature/v1\ntime {moment}\n".encode() + signed, raw[8:]
        try:
            self._public.verify(raw, signed)
        except InvalidSignature:
            return False
        return True


def vkey_of(name: str, public: bytes, kind: int = _ED25519) -> str:
    """The vkey of a raw public key."""
    key = bytes([kind]) + public
    return f"{name}+{_key_id(name, key).hex()}+{base64.b64encode(key).decode()}"


def _key_id(name: str, key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]


def read_note(note: str) -> tuple[str, list[NoteSignature]]:
    """Takes a signed note apart: its text, and its signatures (not verified). Raises `BadNote`."""
    if len(note.encode()) > MOST_BYTES:
        raise BadNote("the note is too long")
    text, gap, lines = note.rpartition("\n\n")
    if not gap or not lines.endswith("\n"):
        raise BadNote("a signed note has a text, an empty line and signature lines")
    signatures = [_read_signature(line) for line in lines[:-1].split("\n")]
    if len(signatures) > _MOST_SIGNATURES:
        raise BadNote("the note has too many signatures")
    return text + "\n", signatures


def _read_signature(line: str) -> NoteSignature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except ValueError:
        raw = b""
    if dash != "—" or not _NAME.fullmatch(name) or len(raw) < 5:
        raise BadNote("a signature line reads: — name base64")
    return NoteSignature(name, raw[:4], raw[4:])


def read_checkpoint(note: str, *verifiers: Verifier) -> Checkpoint:
    """The checkpoint of a note that one of these keys has signed. Raises `BadNote`.

    Signatures of unknown keys are passed over; a wrong one of a known key is refused (C2SP signed-note).
    """
    text, signatures = read_note(note)
    known = [
        (key, one)
        for key in verifiers
        for one in signatures
        if (key.name, key.key_id) == (one.name, one.key_id)
    ]
    if not known:
        raise BadNote("none of the known keys has signed this checkpoint")
    if not all(key.verifies(text, one) for key, one in known):
        raise BadNote("the signature of the checkpoint is wrong")
    lines = text.split("\n")
    if len(lines) < 4 or not _SIZE.fullmatch(lines[1]):
        raise BadNote("a checkpoint has a line each for origin, size and root")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except ValueError:
        root = b""
    if len(root) != HASH_BYTES or not lines[0]:
        raise BadNote("a checkpoint has a line each for origin, size and root")
    return Checkpoint(lines[0], int(lines[1]), root)
