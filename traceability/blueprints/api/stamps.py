"""Stamp orders and activation, for programs (packing lines, print shops)."""

import logging
from typing import Any

from flask import jsonify
from sqlmodel import col, select
from werkzeug.wrappers import Response

from traceability import access, machine_requests, mint, print_room
from traceability.access import requires, without_form_token
from traceability.blueprints.api import blueprint
from traceability.blueprints.api.answers import ActivationAnswer, StampOrderAnswer
from traceability.domain import activations, records, stamp_orders, stamp_runs
from traceability.domain.activations import ActivationInput
from traceability.domain.actors import Permission
from traceability.domain.errors import RuleBroken
from traceability.domain.stamp_orders import Minting, OrderInput
from traceability.domain.stamps import StampOrder, StampRange
from traceability.print_room import MintKeyMissing

_log = logging.getLogger(__name__)

_MOST_CODES = 1000


@blueprint.post("/api/v1/stamp-orders")
@requires(Permission.ORDER_STAMPS)
@without_form_token
@machine_requests.takes(OrderInput, "proof")
@machine_requests.answers(StampOrderAnswer)
def stamp_orders_order() -> Response:
    """Stamps are ordered for a batch and their codes committed. Orders above the limits need the page and a person."""
    settings, database = access.settings(), access.database()
    keyring = settings.keyring()
    epoch = mint.ensure_epoch(database, keyring, demo=settings.demo)
    minting = Minting(
        epoch.number,
        settings.demo,
        lambda of: print_room.freeze(of, settings.public_root, demo=settings.demo),
    )
    return machine_requests.write(
        lambda session, who, value: stamp_orders.order(session, who, value, minting=minting),
        _order_said,
        fixed={"proof": ""},
        after=_make_ready,
    )


def _make_ready(order_id: str) -> None:
    """The second transaction of an order; one that cannot be prepared now stays as it is (see `unprepared`)."""
    try:
        print_room.make_ready(
            access.database(), access.current_actor(), order_id, access.settings().keyring()
        )
    except RuleBroken:
        return
    except MintKeyMissing as missing:
        _log.error("stamp order %s is not ready: %s", order_id, missing)


@blueprint.get("/api/v1/stamp-orders")
@requires(Permission.VIEW_OWN)
@machine_requests.lists(StampOrderAnswer, "external_ref")
def stamp_orders_list() -> Response:
    """The producer's stamp orders, the oldest first."""
    statement = select(StampOrder).order_by(col(StampOrder.created_at), col(StampOrder.id))
    return machine_requests.listed(statement, StampOrder, _order_said)


@blueprint.get("/api/v1/stamp-orders/<order_id>")
@requires(Permission.VIEW_OWN)
@machine_requests.answers(StampOrderAnswer)
def stamp_orders_read(order_id: str) -> Response:
    """One stamp order."""
    with access.reading() as session:
        return jsonify(_order_said(records.find(session, StampOrder, order_id)))


@blueprint.get("/api/v1/stamp-orders/<order_id>/codes")
@requires(Permission.ORDER_STAMPS)
@machine_requests.lists(str)
def stamp_orders_codes(order_id: str) -> Response:
    """The codes of a prepared order, a thousand a page."""
    keys = mint.epoch_keys(access.database(), access.settings().keyring())
    place, _limit = machine_requests.read_cursor()
    with access.reading() as session:
        order = records.find(session, StampOrder, order_id)
    if order.ready_at is None or order.epoch_number not in keys:
        raise RuleBroken("stamps.not_ready")
    last = min(place + _MOST_CODES, order.quantity)
    items = [
        stamp_runs.code_of(keys, order.epoch_number, order.first_serial + number)
        for number in range(place, last)
    ]
    return jsonify(items=items, next_cursor=str(last) if last < order.quantity else None)


@blueprint.post("/api/v1/stamps/activate")
@requires(Permission.ACTIVATE_STAMPS)
@without_form_token
@machine_requests.takes(ActivationInput)
@machine_requests.answers(ActivationAnswer)
def stamps_activate() -> Response:
    """A run of printed stamps, by its first and last code, begins to speak for its batch: all of it or none."""
    keys = mint.epoch_keys(access.database(), access.settings().keyring())
    return machine_requests.write(
        lambda session, actor, value: activations.activate(session, actor, value, keys),
        _activated,
    )


def _activated(ranges: list[StampRange]) -> dict[str, Any]:
    number = sum(stamps.last_serial - stamps.first_serial + 1 for stamps in ranges)
    return ActivationAnswer(id=ranges[0].id, order_id=ranges[0].order_id, activated=number).model_dump()


def _order_said(order: StampOrder) -> dict[str, Any]:
    root = order.code_root.hex() if order.code_root else None
    return StampOrderAnswer.said(order.model_dump() | {"code_root": root})
