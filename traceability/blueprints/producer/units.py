"""Cartons and pallets: the list, pack one, look into it, open it, send it, receive it, print its label."""

import io
from typing import Any

from flask import render_template, request, send_file, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, mint, unit_labels
from traceability.blueprints.producer import blueprint
from traceability.domain import batches, logistic_lists, logistic_shipments, logistic_units, partners, records
from traceability.domain.actors import Actor, Permission
from traceability.domain.area_grants import MARKETS
from traceability.domain.clock import VIETNAM, now, today
from traceability.domain.logistic_shipments import UnitReceiveInput, UnitShipInput
from traceability.domain.logistic_units import LogisticUnit, OpenInput, PackInput, UnitKind, UnitState
from traceability.domain.quantities import kg_text
from traceability.forms import Form
from traceability.i18n import country, language

#: Rows offered for what lies in a carton.
_CONTENTS = 6


@blueprint.route("/units", endpoint="deliveries_units")
@access.requires(Permission.VIEW_OWN)
def index() -> str:
    """The producer's cartons and pallets, the newest first."""
    page = request.args.get("page", 1, int)
    with access.reading() as session:
        rows, pages = logistic_lists.listed(session, access.current_actor().tenant(), page)
    return render_template(
        "producer/units/list.html",
        rows=rows,
        pages=pages,
        page=min(max(page, 1), pages),
        link=lambda number: url_for("producer.deliveries_units", page=number),
    )


@blueprint.route("/units/new", methods=["GET", "POST"], endpoint="deliveries_units_new")
@access.requires(Permission.RECORD_EVENTS)
def new() -> Response | tuple[str, int]:
    """Packs a carton or pallet under a new SSCC."""
    tenant = access.current_actor().tenant()
    with access.reading() as session:
        stock = [
            (batch.id, f"{batch.lot} · {product.name} · {kg_text(batch.loose_g, language())}")
            for batch, product in batches.in_stock(session, tenant)
            if batch.loose_g > 0
        ]
        cartons = logistic_lists.loose_cartons(session, tenant)
    chosen = next((row_id for row_id, _text in stock if row_id == request.args.get("batch")), "")
    initial = {
        "kind": UnitKind.CARTON,
        "contents-0-batch_id": chosen,
        "happened_at": now().astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M"),
    }
    form = Form(PackInput, initial)
    if form.save(_pack, lambda unit: url_for("producer.deliveries_unit", unit_id=unit.id)):
        return form.redirect()
    words = [(row.id, f"{row.sscc} · {kg_text(row.net_g, language())}") for row in cartons]
    return form.page(
        "producer/units/new.html", stock=stock, cartons=cartons, carton_words=words, rows=range(_CONTENTS)
    )


@blueprint.route("/units/<unit_id>", endpoint="deliveries_unit")
@access.requires(Permission.VIEW_OWN)
def show(unit_id: str) -> str:
    """One carton or pallet with what lies in it."""
    with access.reading() as session:
        shown = _page(session, unit_id)
    return render_template("producer/units/show.html", **shown)


@blueprint.route("/units/<unit_id>/open", methods=["POST"], endpoint="deliveries_unit_open")
@access.requires(Permission.RECORD_EVENTS)
def open_it(unit_id: str) -> Response | tuple[str, int]:
    """Opens a unit, one level down."""
    form = Form(OpenInput, fixed={"unit_id": unit_id})
    if form.save(
        logistic_units.open_unit, lambda _unit: url_for("producer.deliveries_unit", unit_id=unit_id)
    ):
        return form.redirect()
    with access.reading() as session:
        shown = _page(session, unit_id)
    return form.page("producer/units/show.html", **shown)


@blueprint.route("/units/<unit_id>/ship", methods=["GET", "POST"], endpoint="deliveries_unit_ship")
@access.requires(Permission.RECORD_EVENTS)
def ship(unit_id: str) -> Response | tuple[str, int]:
    """Sends a unit with all that lies in it."""
    with access.reading() as session:
        shown = _page(session, unit_id)
        receivers = partners.listed(session, shown["unit"].producer_id)
    form = Form(UnitShipInput, {"sent_on": today(), "market": "VN"}, fixed={"unit_id": unit_id})
    if form.save(logistic_shipments.ship, lambda _sent: url_for("producer.deliveries_unit", unit_id=unit_id)):
        return form.redirect()
    return form.page(
        "producer/units/ship.html",
        partner_texts=[one.text for one in receivers],
        markets=[(code, country(code)) for code in MARKETS],
        **shown,
    )


@blueprint.route("/units/<unit_id>/receive", methods=["GET", "POST"], endpoint="deliveries_unit_receive")
@access.requires(Permission.RECORD_EVENTS)
def receive(unit_id: str) -> Response | tuple[str, int]:
    """Takes a unit that arrived closed into stock."""
    with access.reading() as session:
        shown = _page(session, unit_id)
    initial = {"received_at": now().astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M")}
    form = Form(UnitReceiveInput, initial, fixed={"unit_id": unit_id})
    if form.save(
        logistic_shipments.receive, lambda _got: url_for("producer.deliveries_unit", unit_id=unit_id)
    ):
        return form.redirect()
    return form.page("producer/units/receive.html", **shown)


@blueprint.route("/units/<unit_id>/label.pdf", endpoint="deliveries_unit_label")
@access.requires(Permission.VIEW_OWN)
def label(unit_id: str) -> Response:
    """The label to stick on: the SSCC as a GS1-128 symbol, and what lies in it."""
    with access.reading() as session:
        shown = _page(session, unit_id)
    data = unit_labels.of_unit(shown["unit"], shown["packer"], shown["lots"], access.settings().demo)
    name = f"SSCC-{shown['unit'].sscc}.pdf"
    return send_file(io.BytesIO(data), "application/pdf", download_name=name)


def _pack(session: Session, actor: Actor, value: PackInput) -> LogisticUnit:
    scanned = any(row.first_code for row in value.contents)
    keys = mint.epoch_keys(access.database(), access.settings().keyring()) if scanned else None
    return logistic_units.pack(session, actor, value, keys=keys, demo=access.settings().demo)


def _page(session: Session, unit_id: str) -> dict[str, Any]:
    """What the page of a unit shows, to its packer and to its receiver."""
    unit = records.find(session, LogisticUnit, unit_id)
    tenant = access.current_actor().tenant()
    mine = unit.holder_id == tenant
    here = unit.state is UnitState.PACKED or (
        unit.state is UnitState.SENT and unit.holder_id != unit.producer_id
    )
    inside = logistic_lists.inside(session, unit)
    return {
        "unit": unit,
        "packer": partners.of(session, unit.producer_id),
        "lots": inside.lots,
        "contents": inside.contents,
        "own": {row.batch_id for row in inside.contents} if unit.producer_id == tenant else set(),
        "cartons": inside.cartons,
        "pallet": inside.pallet,
        "waiting": logistic_shipments.waiting_in(session, unit.id) if mine else [],
        "may_open": here and mine and unit.parent_id is None,
        "may_ship": unit.state is UnitState.PACKED and mine and unit.parent_id is None,
    }
