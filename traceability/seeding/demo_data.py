"""What a person or a script needs to try the demo: sign-ins, stamps in each state, Digital Links."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from traceability import mint
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import stamp_codes, stamp_pins
from traceability.domain.accounts import Account
from traceability.domain.agencies import Agency
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import today
from traceability.domain.identifiers import check_digit
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import Producer, Register
from traceability.domain.products import Product
from traceability.domain.stamps import RangeState, StampOrder, StampRange
from traceability.keys import Keyring
from traceability.seeding import people
from traceability.seeding.loading import DATA_ENTRY
from traceability.seeding.sign_ins import SignIns

#: The agency whose account stands for the inspectors: it inspects, makes void and suspends stamps, asks for recalls.
INSPECTOR = "A02"

SignIn = dict[str, Any]


@dataclass(frozen=True)
class _Stamp:
    """One stamp of the demo: its code, and the product and lot it was ordered for."""

    code: str
    gtin: str
    lot: str


def gather(database: Database, settings: Settings, keyring: Keyring) -> dict[str, Any]:
    """Everything that `demo-data --json` prints. Passwords come from the file beside the data."""
    sign_ins = SignIns(settings.data_dir)
    with database.reading(EVERYTHING) as session:
        accounts = {account.username: account for account in session.exec(select(Account)).all()}
        owners = session.exec(
            select(Account, Producer).join(Producer, col(Producer.id) == Account.producer_id)
        ).all()
        offices = session.exec(
            select(Account, Agency).join(Agency, col(Agency.id) == Account.agency_id)
        ).all()
        stamps = _stamps(session, database, keyring, today())
        links = _digital_links(session, stamps)
        panelled = _panelled(session, database, keyring)
    by_agency = {
        agency.code: _sign_in(sign_ins, account, code=agency.code)
        for account, agency in sorted(offices, key=lambda pair: pair[1].code)
    }
    producers: dict[Register, list[SignIn]] = {register: [] for register in Register}
    for account, producer in sorted(owners, key=lambda pair: pair[1].code):
        told = _sign_in(sign_ins, account, code=producer.code) | {
            "token": sign_ins.known_token(account.username)
        }
        producers[producer.register_of].append(told)
    return {
        "address": settings.public_root,
        "producers": producers[Register.VINH_LONG],
        "sister_producers": producers[Register.SISTER],
        "inspector": by_agency.get(INSPECTOR),
        "data_entry": by_agency.get(DATA_ENTRY),
        "agencies": list(by_agency.values()),
        "administrator": _sign_in(sign_ins, accounts[people.ADMINISTRATOR]),
        "stamps": {state: f"{settings.public_root}/s/{stamp.code}" for state, stamp in stamps.items()},
        "scratch_pin": {"address": f"{settings.public_root}/s/{panelled[0]}", "pin": panelled[1]}
        if panelled
        else None,
        "digital_link": links,
    }


def _sign_in(sign_ins: SignIns, account: Account, **more: Any) -> SignIn:
    name, username = account.display_name, account.username
    return {"name": name, "username": username, "password": sign_ins.known(username), **more}


def _stamps(session: Session, database: Database, keyring: Keyring, day: date) -> dict[str, _Stamp]:
    """A stamp in each state, of batches that are not expired; those that last longest first."""
    keys = mint.epoch_keys(database, keyring)
    fresh = sa.or_(col(Batch.best_before_on).is_(None), col(Batch.best_before_on) > day)
    statement = (
        select(StampRange, Batch, Product)
        .join(Batch, col(Batch.id) == StampRange.batch_id)
        .join(Product, col(Product.id) == Batch.product_id)
        .where(fresh, col(StampRange.epoch_number).in_(list(keys)))
        .order_by(col(Batch.best_before_on).desc(), col(StampRange.first_serial))
    )
    found: dict[str, _Stamp] = {}
    for stamps, batch, product in session.exec(statement).all():
        state = _shown_as(stamps, batch)
        if state is not None and state not in found:
            code = stamp_codes.mint(keys[stamps.epoch_number], stamps.first_serial)
            found[state] = _Stamp(code, product.gtin or "", batch.lot)
    return found


def _panelled(session: Session, database: Database, keyring: Keyring) -> tuple[str, str] | None:
    """The code of an active stamp with a scratch panel, and the PIN under it: nobody can scratch a screen."""
    keys = mint.epoch_keys(database, keyring)
    statement = (
        select(StampRange)
        .join(StampOrder, col(StampOrder.id) == StampRange.order_id)
        .join(Batch, col(Batch.id) == StampRange.batch_id)
        .where(StampOrder.pins, StampRange.state == RangeState.ACTIVE, Batch.state == BatchState.RELEASED)
        .where(col(StampRange.epoch_number).in_(list(keys)))
        .order_by(col(Batch.best_before_on).desc(), col(StampRange.first_serial))
    )
    run = session.exec(statement).first()
    if run is None:
        return None
    key = keys[run.epoch_number]
    return stamp_codes.mint(key, run.first_serial), stamp_pins.pin(key, run.first_serial)


def _shown_as(stamps: StampRange, batch: Batch) -> str | None:
    if batch.state is BatchState.RECALLED:
        return "recalled"
    if stamps.state is RangeState.VOID:
        return "void"
    if stamps.state is RangeState.SUSPENDED or batch.state is BatchState.HELD:
        return "suspended"
    if stamps.state is RangeState.ACTIVE:
        return "active" if batch.state is BatchState.RELEASED else None
    return (
        "inactive" if stamps.state in (RangeState.READY, RangeState.DOWNLOADED, RangeState.PRINTED) else None
    )


def _digital_links(session: Session, stamps: dict[str, _Stamp]) -> dict[str, str]:
    """Paths of a link that is known, of one whose GTIN nobody has, of one whose GTIN cannot be."""
    gtins = sorted(gtin for gtin in session.exec(select(Product.gtin)).all() if gtin)
    if not gtins:
        return {}
    last = gtins[-1]
    wrong = last[:-1] + str((int(last[-1]) + 1) % 10)
    missing = next(
        number
        for body in (f"0952999{serial:06d}" for serial in range(1, 100))
        if (number := body + check_digit(body)) not in gtins
    )
    shown = stamps.get("active")
    exists = f"/01/{shown.gtin}/10/{shown.lot}/21/{shown.code}" if shown else f"/01/{last}"
    return {"exists": exists, "missing": f"/01/{missing}", "bad_check_digit": f"/01/{wrong}"}
