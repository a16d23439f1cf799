"""Products and their pictures."""

from typing import Any

from flask import render_template, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, picture_files, wording
from traceability.blueprints.producer import blueprint
from traceability.domain import certificates, identifiers, pictures, products, records
from traceability.domain.actors import Actor, Permission
from traceability.domain.addresses import PROVINCES
from traceability.domain.clock import today
from traceability.domain.errors import RuleBroken
from traceability.domain.pictures import Picture, PictureInput
from traceability.domain.producers import Producer
from traceability.domain.product_categories import CATEGORIES, ProductForm
from traceability.domain.products import MAX_STANDARDS, Crop, Product, ProductInput
from traceability.domain.quantities import kg_field
from traceability.forms import Form
from traceability.i18n import language


@blueprint.route("/products", endpoint="products")
@access.requires(Permission.VIEW_OWN)
def index() -> str:
    """All products of the producer with their pictures."""
    with access.reading() as session:
        found = products.all_of(session, access.current_actor().tenant())
        shown = {product.id: _picture(session, product) for product in found}
    return render_template(
        "producer/products/list.html", products=found, pictures=shown, categories=CATEGORIES
    )


@blueprint.route("/products/new", methods=["GET", "POST"])
@access.requires(Permission.MANAGE_PRODUCTS)
def products_new() -> Response | tuple[str, int]:
    """Writes a product down; its picture comes next, on its own page."""
    with access.reading() as session:
        producer = records.find(session, Producer, access.current_actor().tenant())
        fields = _fields(session)
    address = ("commune_name", "commune_code", "province_code", "province_name", "vintage")
    form = Form(ProductInput, {name: getattr(producer, name) for name in address})
    if form.save(products.register, lambda product: url_for("producer.products_show", product_id=product.id)):
        return form.redirect()
    return form.page("producer/products/new.html", **fields)


@blueprint.route("/products/<product_id>/edit", methods=["GET", "POST"])
@access.requires(Permission.MANAGE_PRODUCTS)
def products_edit(product_id: str) -> Response | tuple[str, int]:
    """Corrects a product; with another name, category, crop or GTIN it has to be approved again."""
    with access.reading() as session:
        product = records.find(session, Product, product_id)
        fields = _fields(session)
    form = Form(ProductInput, _initial(product))
    if form.save(
        lambda session, actor, value: products.revise(session, actor, product_id, value),
        lambda _product: url_for("producer.products_show", product_id=product_id),
    ):
        return form.redirect()
    return form.page("producer/products/edit.html", product=product, **fields)


@blueprint.route("/products/<product_id>")
@access.requires(Permission.VIEW_OWN)
def products_show(product_id: str) -> tuple[str, int]:
    """One product with its picture, standards and certificates."""
    return _page(product_id, Form(PictureInput))


@blueprint.route("/products/<product_id>", methods=["POST"])
@access.requires(Permission.MANAGE_PRODUCTS)
def products_picture(product_id: str) -> Response | tuple[str, int]:
    """Takes an uploaded picture, as pixels only."""
    form = Form(PictureInput)
    try:
        upload = form.file("picture")
        if upload is None:
            raise RuleBroken("forms.upload_missing", "picture")
        uploaded = picture_files.prepare(upload.read())
    except RuleBroken as refused:
        form.valid()  # says also what else is wrong
        form.refuse(refused)
        return _page(product_id, form)

    def show_it(session: Session, actor: Actor, value: PictureInput) -> Product:
        folder = access.settings().data_dir / picture_files.PUBLIC
        shown = _picture(session, records.find(session, Product, product_id))
        picture = pictures.add(session, actor, uploaded.stored, kind=value.kind, alt=value.alt or "")
        product = products.set_picture(session, actor, product_id, picture)
        if shown is not None:  # pages that somebody opened just now may still show it: from now it is old
            picture_files.freshen(folder / f"{shown.sha256}.webp")
        picture_files.keep(uploaded, folder)  # what is refused leaves no file
        return product

    if form.save(show_it, lambda _product: url_for("producer.products_show", product_id=product_id)):
        return form.redirect()
    return _page(product_id, form)


def _page(product_id: str, form: Form[PictureInput]) -> tuple[str, int]:
    with access.reading() as session:
        product = records.find(session, Product, product_id)
        covering = certificates.covering(session, product.producer_id, product_id=product.id)
        known = {
            "product": product,
            "crop": session.get(Crop, product.crop_id),
            "picture": _picture(session, product),
            "certificates": [row for row in covering if row.covered_id == product.id],
        }
    return form.page(
        "producer/products/show.html",
        category=CATEGORIES[product.category].name(language()),
        product_form=wording.name(ProductForm(product.form)) if product.form else None,
        demonstration=bool(product.gtin and identifiers.is_demonstration(product.gtin)),
        today=today(),
        **known,
    )


def _picture(session: Session, product: Product) -> Picture | None:
    return session.get(Picture, product.picture_id) if product.picture_id else None


def _fields(session: Session) -> dict[str, Any]:
    """What the form of a product offers."""
    vietnamese = language() == "vi"
    return {
        "categories": [(code, category.name(language())) for code, category in CATEGORIES.items()],
        "crops": [(crop.id, crop.name if vietnamese else crop.name_en) for crop in products.crops(session)],
        "product_forms": [(form.value, wording.name(form)) for form in ProductForm],
        "provinces": PROVINCES,
        "max_standards": MAX_STANDARDS,
    }


def _initial(product: Product) -> dict[str, Any]:
    """A product as its form shows it."""
    values = product.model_dump() | {
        "net_weight": kg_field(product.net_weight_g, language()),
        "no_shelf_life": "1" if product.shelf_life_days is None else "",
    }
    for row, standard in enumerate(product.standards):
        values |= {f"standards-{row}-{name}": text for name, text in standard.items()}
    return values
