"""The links that a producer registers under the GTIN of a product, its lots and stamps."""

from typing import Any

from flask import render_template, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, mint
from traceability.blueprints.producer import blueprint
from traceability.domain import links, records, resolver
from traceability.domain.actors import Permission
from traceability.domain.links import LINK_LANGUAGES, MEDIA_TYPES, Link, LinkInput, LinkLevel
from traceability.domain.products import Product
from traceability.domain.stamp_codes import EpochKey
from traceability.forms import Form, press
from traceability.i18n import gettext as _
from traceability.wording.links import TYPES


@blueprint.route("/products/<product_id>/links", endpoint="products_links")
@access.requires(Permission.VIEW_OWN)
def index(product_id: str) -> str:
    """The links of a product that stand."""
    with access.reading() as session:
        product = records.find(session, Product, product_id)
        found = links.of_product(session, product.id)
    return render_template("producer/links/list.html", product=product, links=found, types=TYPES)


@blueprint.route("/products/<product_id>/links/new", methods=["GET", "POST"])
@access.requires(Permission.MANAGE_PRODUCTS)
def products_links_new(product_id: str) -> Response | tuple[str, int]:
    """Registers a link."""
    with access.reading() as session:
        product = records.find(session, Product, product_id)
    form, epochs = Form(LinkInput), _epochs()
    if form.save(
        lambda session, actor, value: links.register(session, actor, product_id, value, epochs),
        lambda _link: url_for("producer.products_links", product_id=product_id),
    ):
        return form.redirect()
    return form.page("producer/links/new.html", product=product, **_choices())


@blueprint.route("/products/links/<link_id>/edit", methods=["GET", "POST"])
@access.requires(Permission.MANAGE_PRODUCTS)
def products_links_edit(link_id: str) -> Response | tuple[str, int]:
    """Changes a link."""
    with access.reading() as session:
        link, product = _link(session, link_id)
    form, epochs = Form(LinkInput, _initial(link)), _epochs()
    if form.save(
        lambda session, actor, value: links.revise(session, actor, link_id, value, epochs),
        lambda _link: url_for("producer.products_links", product_id=product.id),
    ):
        return form.redirect()
    return form.page("producer/links/edit.html", product=product, link=link, **_choices())


@blueprint.route("/products/links/<link_id>/withdraw", methods=["POST"])
@access.requires(Permission.MANAGE_PRODUCTS)
def products_links_withdraw(link_id: str) -> Response:
    """Takes a link away."""
    with access.reading() as session:
        product = _link(session, link_id)[1]
    return press(
        lambda session, actor: links.withdraw(session, actor, link_id),
        url_for("producer.products_links", product_id=product.id),
        _("The link was withdrawn. Scans are no longer led there."),
    )


def _link(session: Session, link_id: str) -> tuple[Link, Product]:
    link = records.find(session, Link, link_id)
    return link, records.find(session, Product, link.product_id)


def _epochs() -> dict[int, EpochKey]:
    return mint.epoch_keys(access.database(), access.settings().keyring())


def _choices() -> dict[str, Any]:
    """What the form of a link offers: the likeliest kinds in words, the others by GS1's own names."""
    others = sorted(resolver.link_types().keys() - TYPES.keys() - links.RESERVED)
    return {
        "link_types": [(name, f"{_(word)} (gs1:{name})") for name, word in TYPES.items()]
        + [(name, f"gs1:{name}") for name in others],
        "levels": list(LinkLevel),
        "languages": LINK_LANGUAGES,
        "media_types": MEDIA_TYPES,
    }


def _initial(link: Link) -> dict[str, Any]:
    """A link as its form shows it."""
    return link.model_dump() | {
        "level": link.level.value,
        "stamp": link.serial,
        "is_default": "1" if link.is_default else "",
    }
