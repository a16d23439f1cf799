"""Processing: several inputs become one new batch, or several."""

from flask import url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access
from traceability.blueprints.producer import blueprint
from traceability.domain import batches, deliveries, products, transforms
from traceability.domain.actors import Permission
from traceability.domain.clock import today
from traceability.domain.products import ProductState
from traceability.domain.quantities import kg_text
from traceability.domain.transforms import TransformInput
from traceability.forms import Form
from traceability.i18n import language

#: Rows offered for inputs from stock, and after them rows for materials without a batch.
_STOCK_ROWS, _MATERIAL_ROWS = 6, 3
#: Rows offered for what came out besides the main product.
_FURTHER_ROWS = 4


@blueprint.route("/batches/transform", methods=["GET", "POST"])
@access.requires(Permission.REGISTER_BATCHES)
def batches_transform() -> Response | tuple[str, int]:
    """Makes a batch of one's own batches, received deliveries and materials."""
    tenant = access.current_actor().tenant()
    with access.reading() as session:
        stock = _stock(session, tenant)
        made = [
            (row.id, row.name)
            for row in products.all_of(session, tenant)
            if row.state is not ProductState.SUSPENDED
        ]
    form = Form(TransformInput, {"started_on": today()})
    if form.save(transforms.transform, lambda batch: url_for("producer.batches_show", batch_id=batch.id)):
        return form.redirect()
    return form.page(
        "producer/batches/transform.html",
        stock=stock,
        products=made,
        stock_rows=range(_STOCK_ROWS),
        material_rows=range(_STOCK_ROWS, _STOCK_ROWS + _MATERIAL_ROWS),
        further_rows=range(_FURTHER_ROWS),
    )


def _stock(session: Session, tenant: str) -> list[tuple[str, str]]:
    """What may be used: the producer's own batches, then what it received from others."""
    own = [
        (f"batch:{batch.id}", f"{batch.lot} · {product.name} · {kg_text(batch.on_hand_g, language())}")
        for batch, product in batches.in_stock(session, tenant)
    ]
    arrived = [
        (
            f"delivery:{row.delivery.id}",
            f"{row.lot} · {row.product_name} · {row.sender.name} · {kg_text(row.delivery.remaining_g, language())}",
        )
        for row in deliveries.incoming(session, tenant, in_stock=True)
        if row.may_be_used
    ]
    return own + arrived
