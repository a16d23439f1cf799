"""Products: the register, and one page about each."""

from flask import render_template
from sqlmodel import col, select
from werkzeug.wrappers import Response

from traceability import access
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.blueprints.inspector.exports import product_sheet, sheet
from traceability.blueprints.inspector.listing import categories, export_links, page_link, wanted
from traceability.domain import case_files, certificates, logbook, records, registers, suspensions
from traceability.domain.actors import Permission
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.logbook import Sought
from traceability.domain.pictures import Picture
from traceability.domain.producers import Producer
from traceability.domain.product_categories import CATEGORIES
from traceability.domain.products import Crop, Product, ProductState
from traceability.domain.suspensions import SUSPENDERS, SuspendedKind
from traceability.i18n import language
from traceability.wording.facts import fact

_NEWEST = 10


@blueprint.get("/products", endpoint="products")
@requires(Permission.OVERSEE)
def index() -> str:
    """All products within the scope."""
    sought = wanted()
    with access.reading() as session:
        page = registers.products(session, sought)
    return render_template(
        "inspector/products/list.html",
        page=page,
        wanted=sought,
        link=page_link(),
        exports=export_links("inspector.products_export"),
        states=ProductState,
        categories=categories(),
        category_names=dict(categories()),
    )


@blueprint.get("/products/<product_id>")
@requires(Permission.OVERSEE)
def products_show(product_id: str) -> str:
    """Everything about one product."""
    with access.reading() as session:
        product = records.find(session, Product, product_id)
        newest = select(Batch).where(Batch.product_id == product_id).order_by(col(Batch.started_on).desc())
        known = {
            "product": product,
            "producer": records.find(session, Producer, product.producer_id),
            "crop": session.get(Crop, product.crop_id),
            "picture": session.get(Picture, product.picture_id) if product.picture_id else None,
            "certificates": certificates.covering(session, product.producer_id, product.id),
            "batches": list(session.exec(newest.limit(12)).all()),
            "oversight": case_files.oversight_of(session, [product.id]),
            "agencies": case_files.agencies_by_id(session, [product.approved_by_agency_id]),
            "log": logbook.lines(session, Sought(record_id=product_id)).rows[:_NEWEST],
            "held": suspensions.open_of(session, SuspendedKind.PRODUCT, product_id),
        }
    category = CATEGORIES.get(product.category)
    return render_template(
        "inspector/products/show.html",
        category=category.name(language()) if category else product.category,
        may_suspend=access.current_actor().may(*SUSPENDERS[SuspendedKind.PRODUCT]),
        fact=fact,
        today=today(),
        **known,
    )


@blueprint.get("/products/export")
@requires(Permission.OVERSEE)
def products_export() -> Response:
    """The register as a sheet."""
    with access.reading() as session:
        page = registers.products(session, wanted(None))
    return sheet("san-pham", *product_sheet(page.rows))
