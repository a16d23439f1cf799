"""The password (mật khẩu): long enough, not guessable, kept only as an Argon2id hash.

Length is the only demand on its form (NIST SP 800-63B 5.1.1.2): no rule about capitals and signs, and no regular
change. It is compared in Unicode's NFC form, since a phone and a laptop may send the same letters in different bytes.
"""

import unicodedata
from functools import cache
from typing import Annotated, Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from traceability.domain.errors import RuleBroken
from traceability.domain.text import fold

LEAST = 10
MOST = 128

# OWASP's second choice for Argon2id: 19 MiB, 2 passes. A sign-in must not cost a small server its memory.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

#: What people hang onto a word to make it a password.
_TRIMMINGS = "0123456789!?.,@#$*-_ "

#: Passwords of at least ten characters that everybody tries first, folded (see `text.fold`).
_COMMON = frozenset(
    """
    0123456789 1234567890 0987654321 9876543210 12345678910 123456789a a123456789 aa123456789 1122334455
    1234512345 123123123123 1q2w3e4r5t q1w2e3r4t5 qwertyuiop qwerty1234 qwerty12345 qwerty123456 asdfghjkl1
    1qaz2wsx3edc abcd123456 abc1234567 abcdefghij password12 password123 password1234 password12345 passw0rd123
    matkhau123 matkhau1234 matkhau12345 matkhau123456 iloveyou123 anhyeuem123 emyeuanh123 khongbiet123
    vietnam123 vietnam1234 vinhlong123 vinhlong1234 vinhlong2024 vinhlong2025 vinhlong2026 vinhlong64 bentre1234
    travinh123 truyxuat123 truyxuat2026 truyxuatnguongoc nguongoc123 hoptacxa123 nongnghiep nongnghiep123
    administrator admin12345 admin123456 quantri123 quantrivien letmein123 welcome123 welcome1234 changeme123
    """.split()  # noqa: SIM905 - easier to read and to add to
)


def _typed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if len(value) > 4 * MOST:
        raise PydanticCustomError("password_too_long", "at most {most} characters", {"most": MOST})
    text = unicodedata.normalize("NFC", value)
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise PydanticCustomError("password_characters", "control characters are not accepted")
    if len(text) > MOST:
        raise PydanticCustomError("password_too_long", "at most {most} characters", {"most": MOST})
    return text


def _new(value: Any) -> Any:
    text = _typed(value)
    if isinstance(text, str) and len(text) < LEAST:
        raise PydanticCustomError("password_too_short", "at least {least} characters", {"least": LEAST})
    return text


#: A password as it is typed to sign in.
Password = Annotated[str, BeforeValidator(_typed), Field(repr=False)]
#: A password that somebody chooses: at least ten characters.
NewPassword = Annotated[str, BeforeValidator(_new), Field(repr=False)]


def must_be_good(password: str, username: str, field: str = "password") -> None:
    """Refuses a password that others try first. Raises `RuleBroken` ("passwords.like_username", "passwords.common")."""
    guess = fold(password)
    if guess.strip(_TRIMMINGS) == fold(username).strip(_TRIMMINGS):
        raise RuleBroken("passwords.like_username", field=field)
    if guess in _COMMON or len(set(guess)) < 3:
        raise RuleBroken("passwords.common", field=field)


def hashed(password: str) -> str:
    """The Argon2id hash that is stored."""
    return _HASHER.hash(password)


@cache
def _nobody() -> str:
    return _HASHER.hash("the password of nobody")


def matches(stored: str | None, password: str) -> bool:
    """Whether a password is the stored one. Does the same work when nothing is stored, so that time tells nothing."""
    try:
        _HASHER.verify(stored or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None
