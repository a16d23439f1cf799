"""Settings, from the environment and the data folder. Production refuses weak ones at the start."""

import ipaddress
import os
import socket
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from traceability.domain.checkpoints import BadNote, Verifier
from traceability.keys import Keyring
from traceability.mail import MailServer

_ROOT = Path(__file__).resolve().parent.parent
_WEAK_WORDS = ("changeme", "secret", "password", "default", "example", "insecure", "123456", "qwerty")
MIN_SECRET = 32


class Mode(StrEnum):
    """Demo data that can never become real, or a real installation that starts empty."""

    DEMO = "demo"
    PRODUCTION = "production"


class WrongSettings(Exception):
    """The program refuses to start with these settings; the text says which one and what to do."""


@dataclass(frozen=True)
class Witness:
    """A witness of our log: where it is asked, and the key of its cosignatures (a vkey)."""

    address: str
    vkey: str


@dataclass(frozen=True)
class Settings:
    """All settings of one process."""

    mode: Mode
    database_url: str
    data_dir: Path
    key_dir: Path
    secret_key: bytes = field(repr=False)
    public_root: str
    port: int
    host: str
    tile_url: str
    testing: bool = False
    #: who is asked to cosign our checkpoints, and the vkeys of the logs that we cosign
    witnesses: tuple[Witness, ...] = ()
    witnessed: tuple[str, ...] = ()
    #: where the numbers for a monitor are read: `host:port` of this machine or `unix:/path`; empty: nowhere
    metrics_address: str = ""
    #: where mail is handed over; None: there is no mail, notices stay in the inbox
    mail: MailServer | None = None

    @property
    def demo(self) -> bool:
        return self.mode is Mode.DEMO

    @property
    def public_host(self) -> str:
        """The host (and port) that stands on every stamp."""
        return urlsplit(self.public_root).netloc

    @property
    def over_tls(self) -> bool:
        """Whether browsers come over TLS: the public address says it, also behind a proxy."""
        return self.public_root.startswith("https://")

    def cookie(self, name: str) -> str:
        """The whole name of a cookie. `__Host-` makes a browser refuse one that came without TLS, for a part of the
        site or from a neighbouring host (RFC 6265bis, section 4.1.3.2); a demo on http cannot have it."""
        return f"__Host-{name}" if self.over_tls else name

    def keyring(self) -> Keyring:
        """The keys of this installation."""
        return Keyring(self.key_dir, demo=self.demo)


def _lan_address() -> str:
    """The address of this machine on its local network (no packet is sent)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def load(environ: dict[str, str] | None = None) -> Settings:
    """Reads the settings. Raises `WrongSettings` with a sentence that says what to change.

    Environment: TRACE_MODE (demo|production), DATABASE_URL, TRACE_DATA_DIR, TRACE_KEY_DIR, SECRET_KEY, PUBLIC_ROOT,
    PORT, TRACE_LAN=1 (listen on the local network), TILE_URL (optional map tiles), TRACE_WITNESSES (addresses of
    witnesses, each followed by its vkey), TRACE_WITNESSED (the vkeys of logs to cosign) and TRACE_METRICS_ADDRESS (a
    port, host:port or unix:/path on this machine), TRACE_MAIL and TRACE_MAIL_FROM (a mail server and who sends).
    """
    env = dict(os.environ) if environ is None else environ
    try:
        mode = Mode(env.get("TRACE_MODE") or "demo")
    except ValueError:
        raise WrongSettings("TRACE_MODE must be 'demo' or 'production'.") from None
    data_dir = Path(env.get("TRACE_DATA_DIR") or _ROOT / "instance").resolve()
    key_dir = Path(env["TRACE_KEY_DIR"]).resolve() if env.get("TRACE_KEY_DIR") else data_dir / "keys"
    lan = env.get("TRACE_LAN") in ("1", "true", "yes")
    port = _port(env.get("PORT") or "8000")
    host = "0.0.0.0" if lan else "127.0.0.1"
    root = env.get("PUBLIC_ROOT") or f"http://{_lan_address() if lan else '127.0.0.1'}:{port}"
    secret = env.get("SECRET_KEY", "")
    if mode is Mode.PRODUCTION:
        _refuse_weak(env, secret, data_dir, key_dir, root)
    if urlsplit(root).scheme not in ("http", "https") or not urlsplit(root).netloc:
        raise WrongSettings(f"PUBLIC_ROOT must be an address such as https://tx.example.vn, not {root!r}.")
    return Settings(
        mode=mode,
        database_url=env.get("DATABASE_URL") or f"sqlite:///{data_dir / 'trace.db'}",
        data_dir=data_dir,
        key_dir=key_dir,
        secret_key=secret.encode() or Keyring(key_dir, demo=True).secret("sign-in"),
        public_root=root.rstrip("/"),
        port=port,
        host=host,
        tile_url=env.get("TILE_URL", ""),
        witnesses=_witnesses(env.get("TRACE_WITNESSES", "")),
        witnessed=tuple(_vkey(text, "TRACE_WITNESSED") for text in env.get("TRACE_WITNESSED", "").split()),
        metrics_address=_metrics_address(env.get("TRACE_METRICS_ADDRESS", "")),
        mail=_mail(env.get("TRACE_MAIL", ""), env.get("TRACE_MAIL_FROM", "")),
    )


def _witnesses(text: str) -> tuple[Witness, ...]:
    words = text.split()
    if len(words) % 2:
        raise WrongSettings("TRACE_WITNESSES must be pairs: the address of a witness, then its verifier key.")
    pairs = zip(words[::2], words[1::2], strict=True)
    return tuple(Witness(_address(address), _vkey(vkey, "TRACE_WITNESSES")) for address, vkey in pairs)


def _address(text: str) -> str:
    if urlsplit(text).scheme not in ("http", "https"):
        raise WrongSettings(f"TRACE_WITNESSES: {text!r} is no address such as https://w.example/witness.")
    return text


def _vkey(text: str, setting: str) -> str:
    try:
        Verifier(text)
    except BadNote as bad:
        raise WrongSettings(f"{setting}: {text!r}: {bad}.") from None
    return text


def _port(text: str, setting: str = "PORT") -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 5 or not 0 < int(text) < 65536:
        raise WrongSettings(f"{setting} must be a number from 1 to 65535, not {text!r}.")
    return int(text)


def _metrics_address(text: str) -> str:
    """An address that only this machine reaches."""
    if not text:
        return ""
    if text.startswith("unix:/"):
        return text
    host, _, digits = text.rpartition(":")
    port = _port(digits, "TRACE_METRICS_ADDRESS")
    try:
        here = not host or host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        here = False
    if not here:
        raise WrongSettings(
            f"TRACE_METRICS_ADDRESS must be on this machine: 9108, 127.0.0.1:9108 or unix:/path, not {text!r}."
        )
    return f"{host if host and host != 'localhost' else '127.0.0.1'}:{port}"


def _mail(url: str, sender: str) -> MailServer | None:
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/"):
        raise WrongSettings("TRACE_MAIL must be an address such as smtp://user:password@mail.example.vn:587.")
    if sender.count("@") != 1 or not sender.isprintable() or " " in sender:
        raise WrongSettings("TRACE_MAIL_FROM must be the e-mail address that sends, such as tx@example.vn.")
    return MailServer(url, sender)


def _is_strong(secret: str) -> bool:
    """Long, of many letters, not one word over and over, and without the words of examples."""
    letters = "".join(character for character in secret.lower() if character.isalnum())
    repeats = any(
        (letters[:size] * len(letters)).startswith(letters) for size in range(1, len(letters) // 2 + 1)
    )
    return (
        len(secret) >= MIN_SECRET
        and len(set(secret)) >= 8
        and not repeats
        and not any(word in letters for word in _WEAK_WORDS)
    )


def _refuse_weak(env: dict[str, str], secret: str, data_dir: Path, key_dir: Path, root: str) -> None:
    if not _is_strong(secret):
        raise WrongSettings(f"SECRET_KEY is missing or too weak: set {MIN_SECRET} random characters or more.")
    if any(env.get(name, "").lower() in ("1", "true", "yes", "on") for name in ("FLASK_DEBUG", "DEBUG")):
        raise WrongSettings("Debug is on (FLASK_DEBUG or DEBUG): production never runs with it.")
    if not env.get("TRACE_KEY_DIR"):
        raise WrongSettings("TRACE_KEY_DIR is missing: name a folder for the keys, outside TRACE_DATA_DIR.")
    if key_dir == data_dir or data_dir in key_dir.parents:
        raise WrongSettings(
            "TRACE_KEY_DIR lies inside TRACE_DATA_DIR: a stolen copy of the data must hold no keys."
        )
    exposed = Keyring(key_dir, demo=False).open_to_others()
    if exposed is not None:
        raise WrongSettings(
            f"The key file {exposed} can be read or written by others than its owner: chmod 600 {exposed}."
        )
    if not root.startswith("https://"):
        raise WrongSettings(
            "PUBLIC_ROOT must start with https:// in production: it is printed on every stamp."
        )
