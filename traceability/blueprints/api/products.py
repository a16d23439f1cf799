"""Products, for programs: what a batch may be made of, and by which id."""

from sqlmodel import col, select
from werkzeug.wrappers import Response

from traceability import machine_requests
from traceability.access import requires
from traceability.blueprints.api import blueprint
from traceability.blueprints.api.answers import ProductAnswer
from traceability.domain.actors import Permission
from traceability.domain.products import Product


@blueprint.get("/api/v1/products")
@requires(Permission.VIEW_OWN)
@machine_requests.lists(ProductAnswer)
def products_list() -> Response:
    """The producer's products, the oldest first; of a suspended one no batches are made."""
    statement = select(Product).order_by(col(Product.created_at), col(Product.id))
    return machine_requests.listed(statement, Product, ProductAnswer.said)
