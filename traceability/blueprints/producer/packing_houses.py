"""Packing houses and their codes."""

from flask import render_template, url_for
from werkzeug.wrappers import Response

from traceability import access
from traceability.blueprints.producer import blueprint
from traceability.domain import area_codes, packing_houses, records
from traceability.domain.actors import Permission
from traceability.domain.addresses import PROVINCES
from traceability.domain.area_grants import MARKETS
from traceability.domain.clock import today
from traceability.domain.packing_houses import PackingHouse, PackingHouseInput
from traceability.domain.producers import Producer
from traceability.forms import Form
from traceability.i18n import country


@blueprint.route("/packing-houses", endpoint="packing_houses")
@access.requires(Permission.VIEW_OWN)
def index() -> str:
    """All packing houses of the producer."""
    with access.reading() as session:
        found = packing_houses.packing_houses_of(session, access.current_actor().tenant())
    odd = {house.id: area_codes.warnings(house.code, area_codes.CodeOf.PACKING_HOUSE) for house in found}
    return render_template("producer/packing_houses/list.html", houses=found, odd=odd, today=today())


@blueprint.route("/packing-houses/new", methods=["GET", "POST"])
@access.requires(Permission.MANAGE_AREAS)
def packing_houses_new() -> Response | tuple[str, int]:
    """Writes a packing house down."""
    with access.reading() as session:
        producer = records.find(session, Producer, access.current_actor().tenant())
    address = ("address_line", "commune_name", "commune_code", "province_code", "province_name", "vintage")
    form = Form(PackingHouseInput, {name: getattr(producer, name) for name in address})
    if form.save(packing_houses.register_packing_house, lambda _house: url_for("producer.packing_houses")):
        return form.redirect()
    return form.page(
        "producer/packing_houses/new.html",
        markets=[(code, country(code)) for code in MARKETS],
        provinces=PROVINCES,
    )


@blueprint.route("/packing-houses/<packing_house_id>/edit", methods=["GET", "POST"])
@access.requires(Permission.MANAGE_AREAS)
def packing_houses_edit(packing_house_id: str) -> Response | tuple[str, int]:
    """Corrects a packing house; with another code, market or validity it has to be confirmed again."""
    with access.reading() as session:
        house = records.find(session, PackingHouse, packing_house_id)
    form = Form(PackingHouseInput, house)
    if form.save(
        lambda session, actor, value: packing_houses.revise_packing_house(session, actor, house.id, value),
        lambda _house: url_for("producer.packing_houses"),
    ):
        return form.redirect()
    return form.page(
        "producer/packing_houses/edit.html",
        house=house,
        markets=[(code, country(code)) for code in MARKETS],
        provinces=PROVINCES,
    )
