"""The public catalogue of products."""

from flask import render_template, request

from traceability import access
from traceability.access import PUBLIC_VIEW, requires
from traceability.blueprints.public import blueprint
from traceability.domain import catalogue
from traceability.domain.ownership import PUBLIC
from traceability.domain.product_categories import CATEGORIES

_LONGEST = 100


@blueprint.get("/products")
@requires(PUBLIC_VIEW)
def products() -> str:
    """All products by group, or those that hold the sought words, with accents or without."""
    sought = request.args.get("q", "").strip()[:_LONGEST]
    with access.reading(PUBLIC) as session:
        cards = catalogue.products(session, sought)
    groups = [
        (group, [card for card in cards if card.category == code]) for code, group in CATEGORIES.items()
    ]
    return render_template(
        "public/products/list.html",
        sought=sought,
        groups=[(group, shown) for group, shown in groups if shown],
        number=len(cards),
        own=sum(card.of_the_province for card in cards),
        any_illustration=any(card.picture and card.picture.illustration for card in cards),
    )


@blueprint.get("/products/<code>")
@requires(PUBLIC_VIEW)
def product(code: str) -> str:
    """One product, its producer and its newest published lots."""
    with access.reading(PUBLIC) as session:
        found, producer, lots = catalogue.product(session, code)
    return render_template(
        "public/products/show.html",
        product=found,
        producer=producer,
        lots=lots,
        stamp_unknown=request.args.get("stamp") == "unknown",
        lot_unknown=request.args.get("lot") == "unknown",
    )
