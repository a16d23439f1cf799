"""The store of farm inputs: products with what their labels say, and the lots that came in."""

from typing import Any

from flask import render_template, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, wording
from traceability.blueprints.producer import blueprint
from traceability.domain import areas, farm_inputs, products, records
from traceability.domain.actors import Permission
from traceability.domain.amounts import Measure
from traceability.domain.clock import today
from traceability.domain.farm_inputs import FarmInput, FarmInputInput, InputLotInput
from traceability.domain.treatments import InputKind
from traceability.forms import Form
from traceability.i18n import language


@blueprint.route("/farm-inputs", endpoint="farm_inputs")
@access.requires(Permission.VIEW_OWN)
def index() -> str:
    """All products with their lots: what is left, and until when it is good."""
    with access.reading() as session:
        found = farm_inputs.all_of(session, access.current_actor().tenant())
        lots = farm_inputs.lots_of(session, [product.id for product in found])
        crops = dict(_crops(session, known=True))
    return render_template(
        "producer/store/list.html",
        products=found,
        lots={product.id: [lot for lot in lots if lot.farm_input_id == product.id] for product in found},
        crops=crops,
        today=today(),
    )


@blueprint.route("/farm-inputs/new", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def farm_inputs_new() -> Response | tuple[str, int]:
    """Writes a product down, as its label says."""
    with access.reading() as session:
        choices = _choices(session)
    form = Form(FarmInputInput)
    if form.save(
        farm_inputs.register, lambda made: url_for("producer.farm_inputs_receive", farm_input_id=made.id)
    ):
        return form.redirect()
    return form.page("producer/store/product.html", product=None, **choices)


@blueprint.route("/farm-inputs/<farm_input_id>/edit", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def farm_inputs_edit(farm_input_id: str) -> Response | tuple[str, int]:
    """Corrects a product; what stands in the diary keeps what it said."""
    with access.reading() as session:
        product = records.find(session, FarmInput, farm_input_id)
        choices = _choices(session)
    names = ("name", "kind", "active_ingredient", "registration_no", "maker", "measure", "reentry_hours")
    initial = {name: getattr(product, name) for name in names}
    initial |= {f"intervals-{crop_id}": days for crop_id, days in product.intervals.items()}
    form = Form(FarmInputInput, initial)
    if form.save(
        lambda session, actor, value: farm_inputs.revise(session, actor, farm_input_id, value),
        lambda _made: url_for("producer.farm_inputs"),
    ):
        return form.redirect()
    return form.page("producer/store/product.html", product=product, **choices)


@blueprint.route("/farm-inputs/<farm_input_id>/receive", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def farm_inputs_receive(farm_input_id: str) -> Response | tuple[str, int]:
    """Takes a lot into the store."""
    with access.reading() as session:
        product = records.find(session, FarmInput, farm_input_id)
    form = Form(InputLotInput, {"received_on": today()}, fixed={"farm_input_id": farm_input_id})
    if form.save(farm_inputs.receive, lambda _made: url_for("producer.farm_inputs")):
        return form.redirect()
    return form.page("producer/store/lot.html", product=product)


def _choices(session: Session) -> dict[str, Any]:
    return {
        "kinds": [(kind.value, wording.name(kind)) for kind in InputKind],
        "measures": [(measure.value, wording.name(measure)) for measure in Measure],
        "crops": _crops(session),
    }


def _crops(session: Session, *, known: bool = False) -> list[tuple[str, str]]:
    """The crops that the producer grows (or all that are known), by id, with their names."""
    grown = {area.crop_id for area in areas.all_of(session, access.current_actor().tenant())}
    return [
        (crop.id, crop.name if language() == "vi" else crop.name_en or crop.name)
        for crop in products.crops(session)
        if known or crop.id in grown
    ]
