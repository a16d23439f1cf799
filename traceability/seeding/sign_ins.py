"""The demo's sign-ins: passwords and tokens made on the first start, kept in one file that only its owner reads.

The database holds their hashes like those of any password. They are easy to type and hard to guess: four words of two
syllables and four digits, some 58 random bits.
"""

import json
import os
import secrets
from pathlib import Path

from traceability.domain import api_tokens

FILE = "demo-sign-ins.json"
# No letters that a Vietnamese keyboard turns into accents (s f r x j w z d), none that look like digits.
_CONSONANTS = "bcghkmnptv"
_VOWELS = "aeiou"


def new_password() -> str:
    """A fresh one: `bako-mute-hipa-vego-4827`."""
    syllables = [secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS) for _ in range(8)]
    words = ["".join(pair) for pair in zip(syllables[::2], syllables[1::2], strict=True)]
    return "-".join([*words, f"{secrets.randbelow(10_000):04d}"])


class SignIns:
    """The passwords of a demo by user name. Those of an earlier loading in the same folder are kept."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / FILE
        self._passwords: dict[str, str] = {}
        self._tokens: dict[str, str] = {}
        if self.path.exists():
            kept = json.loads(self.path.read_text("utf-8"))
            self._passwords, self._tokens = kept["passwords"], kept.get("tokens", {})

    def known(self, username: str) -> str | None:
        """The password of an account, if the file has it."""
        return self._passwords.get(username)

    def password(self, username: str) -> str:
        """The password of an account, made when missing."""
        return self._passwords.setdefault(username, new_password())

    def known_token(self, username: str) -> str | None:
        """The token of an account's program, if the file has one."""
        return self._tokens.get(username)

    def token(self, username: str) -> str:
        """The token of an account's program, made when missing."""
        return self._tokens.setdefault(username, api_tokens.new_secret())

    def save(self) -> None:
        """Writes the file (mode 0600) in one step."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(f".{secrets.token_hex(4)}")
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        note = (
            "Passwords and tokens of the demo's accounts. A demo only: a real installation has no such file."
        )
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            kept = {"note": note, "passwords": self._passwords, "tokens": self._tokens}
            json.dump(kept, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.path)
