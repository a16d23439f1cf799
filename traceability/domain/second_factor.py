"""The second factor (xác thực hai lớp): a code of six digits from an app, changing every 30 seconds (TOTP, RFC 6238).

Offered to everybody, demanded of agencies and administrators outside demo mode. The secret is sealed under a key that
lies outside the database. A step is good once: whoever looks over a shoulder cannot use the same code.
"""

import hmac
from datetime import datetime
from typing import Annotated, Any, Protocol

import pyotp
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError
from sqlmodel import Session

from traceability.domain import accounts, ledger, records, sign_in
from traceability.domain.accounts import Account
from traceability.domain.actors import SYSTEM, Actor, Role
from traceability.domain.clock import now
from traceability.domain.errors import RuleBroken
from traceability.domain.passwords import Password
from traceability.domain.sign_in import Doors

STEP_SECONDS = 30
_KEY = "totp"


class Sealer(Protocol):
    """What keeps small secrets unreadable without the key folder (`traceability.keys.Keyring`)."""

    def seal(self, name: str, plain: bytes) -> bytes: ...

    def open_sealed(self, name: str, sealed: bytes) -> bytes: ...


def _code(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    digits = "".join(value.split())[:20]
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        raise PydanticCustomError("code_form", "six digits")
    return digits


#: The six digits of the app; spaces between them are dropped.
Code = Annotated[str, BeforeValidator(_code)]


class CodeInput(BaseModel):
    """The code that completes a sign-in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Code


class EnrolInput(CodeInput):
    """The first code of a new secret; `sealed` carries the secret through the form, unreadable to others."""

    sealed: str = Field(max_length=400)


class TurnOffInput(BaseModel):
    """One's own second factor is given up only by who knows the password."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    current: Password


def is_demanded(role: Role | None, *, demo: bool) -> bool:
    """Whether accounts of this role must have a second factor."""
    return not demo and role in (Role.INSPECTOR, Role.DATA_ENTRY, Role.ADMINISTRATOR)


def new_secret() -> str:
    """A fresh secret: 160 bits in base32."""
    return pyotp.random_base32()


def address(secret: str, username: str, issuer: str) -> str:
    """The `otpauth:` address that an app reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=issuer)


def seal(sealer: Sealer, account_id: str, secret: str) -> bytes:
    """The secret as the database keeps it, bound to its account."""
    return sealer.seal(_KEY, f"{account_id}:{secret}".encode())


def unseal(sealer: Sealer, account_id: str, sealed: bytes) -> str:
    """The secret of an account. Raises `RuleBroken` ("second_factor.damaged") if it was changed, or is another's."""
    try:
        owner, _, secret = sealer.open_sealed(_KEY, sealed).decode().partition(":")
    except Exception as error:  # the key is lost or the bytes were changed: either way nothing can be proved
        raise RuleBroken("second_factor.damaged") from error
    if not hmac.compare_digest(owner, account_id):
        raise RuleBroken("second_factor.damaged")
    return secret


def matching_step(secret: str, code: str, moment: datetime) -> int | None:
    """The time step whose code this is: the present one, or one beside it (clocks differ by a little)."""
    present = int(moment.timestamp()) // STEP_SECONDS
    generator = pyotp.TOTP(secret)
    for step in (present, present - 1, present + 1):
        if hmac.compare_digest(generator.generate_otp(step), code):
            return step
    return None


def _use_step(session: Session, username: str, secret: str, code: str, moment: datetime) -> None:
    guard = sign_in.guard_of(session, username)
    step = matching_step(secret, code, moment)
    if step is None:
        raise RuleBroken("second_factor.wrong", field="code")
    if guard.totp_step is not None and step <= guard.totp_step:
        raise RuleBroken("second_factor.used", field="code")
    guard.totp_step = step
    guard.last_failure_at = moment  # the row outlives the step


def check(doors: Doors, account_id: str, code: str, sealer: Sealer, device: str = "") -> str:
    """The second proof of a sign-in: begins the session and answers its token.

    Wrong codes count as failed sign-ins. Raises `RuleBroken`: `second_factor.wrong`, `second_factor.used`,
    `second_factor.damaged`, `sign_in.locked_seconds`, `sign_in.locked_minutes`.
    """
    with doors.transaction(SYSTEM) as session:
        account = records.find(session, Account, account_id)
        sign_in.count_attempt(session, account.username)
    with doors.transaction(SYSTEM) as session:
        account = records.find(session, Account, account_id)
        if account.totp_sealed is None or account.disabled_at is not None:
            raise RuleBroken("second_factor.damaged")
        secret = unseal(sealer, account.id, account.totp_sealed)
        _use_step(session, account.username, secret, code, now())
        return sign_in.welcome(session, account, device)


def confirm(doors: Doors, account: Account, proof: str, sealer: Sealer, field: str = "proof") -> None:
    """The holder proves again to be there before a grave step: by the app's code where one is on, or the password.

    Wrong proofs count as failed sign-ins. Raises `RuleBroken` for the field: `second_factor.wrong`, `.used`,
    `.damaged`, and what `sign_in.confirm` refuses.
    """
    digits = "".join(proof.split())
    if account.totp_sealed is None or not (len(digits) == 6 and digits.isascii() and digits.isdigit()):
        sign_in.confirm(doors, account, proof, field)
        return
    with doors.transaction(SYSTEM) as session:
        sign_in.count_attempt(session, account.username)
    secret = unseal(sealer, account.id, account.totp_sealed)
    try:
        with doors.transaction(SYSTEM) as session:
            _use_step(session, account.username, secret, digits, now())
            sign_in.take_back_attempt(session, account.username)
    except RuleBroken as error:
        raise RuleBroken(error.code, field, **error.facts) from None


def turn_on(session: Session, actor: Actor, secret: str, code: str, sealer: Sealer) -> Account:
    """Turns on one's own second factor, proved by a first code. Raises as `check` does, and `second_factor.is_on`."""
    account = records.lock(session, Account, actor.user_id or "")
    if account.totp_sealed is not None:
        raise RuleBroken("second_factor.is_on")
    _use_step(session, account.username, secret, code, now())
    account.totp_sealed = seal(sealer, account.id, secret)
    ledger.record(session, "account.second_factor_on", account, tenant=account.producer_id)
    return account


def turn_off(session: Session, actor: Actor, *, demo: bool) -> Account:
    """Turns off one's own second factor, after `sign_in.confirm`.

    Raises `RuleBroken` ("second_factor.demanded") where the role must have one.
    """
    account = records.lock(session, Account, actor.user_id or "")
    if is_demanded(account.role, demo=demo):
        raise RuleBroken("second_factor.demanded")
    return _remove(session, account)


def remove(session: Session, actor: Actor, account_id: str) -> Account:
    """An administrator takes a lost telephone's second factor off an account that it manages; its people are told.

    Raises `NotFound`, `RuleBroken`: `accounts.exceeds`, `second_factor.is_off`.
    """
    account = accounts.managed(session, actor, account_id)
    accounts.must_not_exceed(session, actor, account)
    _remove(session, account)
    accounts.tell(session, "account_second_factor_off", account)
    return account


def _remove(session: Session, account: Account) -> Account:
    if account.totp_sealed is None:
        raise RuleBroken("second_factor.is_off")
    account.totp_sealed = None
    ledger.record(session, "account.second_factor_off", account, tenant=account.producer_id)
    return account
