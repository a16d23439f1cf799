"""Batches: list, register a harvest, show with everything about it, publish, close."""

from functools import partial
from typing import Any

from flask import render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access
from traceability.blueprints.producer import blueprint
from traceability.domain import areas, batches, code_draws, dossiers, partners, products, releases
from traceability.domain.actors import Permission
from traceability.domain.area_codes import CodeOf
from traceability.domain.areas import AreaState, CodeState, GrowingArea
from traceability.domain.batches import BatchState, HarvestInput
from traceability.domain.clock import today
from traceability.domain.dossiers import Dossier
from traceability.domain.history import EventType
from traceability.domain.key_data import KEY_DATA as ELEMENTS
from traceability.domain.key_data import asked
from traceability.domain.products import Crop, ProductState
from traceability.domain.quantities import kg_text
from traceability.domain.releases import CloseInput, ReleaseInput
from traceability.domain.text import sought
from traceability.forms import Form
from traceability.i18n import country, language
from traceability.i18n import gettext as _
from traceability.wording.events import KEY_DATA


@blueprint.route("/batches", endpoint="batches")
@access.requires(Permission.VIEW_OWN)
def index() -> str:
    """The producer's batches, the newest first; sought without accents, by state and product."""
    tenant = access.current_actor().tenant()
    query, page = request.args.get("q", ""), request.args.get("page", 1, int)
    state = request.args.get("state", "")
    wanted = BatchState(state) if state in set(BatchState) else None
    with access.reading() as session:
        known = products.all_of(session, tenant)
        product_id = next((row.id for row in known if row.id == request.args.get("product")), "")
        rows, pages = batches.listed(
            session, text=sought(query), state=wanted, product_id=product_id, producer_id=tenant, page=page
        )
    link = partial(
        url_for, "producer.batches", q=query or None, state=state or None, product=product_id or None
    )
    return render_template(
        "producer/batches/list.html",
        rows=rows,
        pages=pages,
        page=min(max(page, 1), pages),
        link=lambda number: link(page=number),
        query=query,
        state=wanted,
        states=list(BatchState),
        products=known,
        product_id=product_id,
    )


@blueprint.route("/batches/new", methods=["GET", "POST"])
@access.requires(Permission.REGISTER_BATCHES)
def batches_new() -> Response | tuple[str, int]:
    """Registers a harvest. The form begins with what was registered last: the next is mostly like it."""
    with access.reading() as session:
        choices, initial = _harvest_choices(session, access.current_actor().tenant())
    form = Form(HarvestInput, initial)
    if form.save(batches.register, lambda batch: url_for("producer.batches_show", batch_id=batch.id)):
        return form.redirect()
    return form.page("producer/batches/new.html", words=KEY_DATA, **choices)


@blueprint.route("/batches/<batch_id>")
@access.requires(Permission.VIEW_OWN)
def batches_show(batch_id: str) -> str:
    """One batch with everything about it."""
    with access.reading() as session:
        file = dossiers.of_batch(session, batch_id)
    return render_template("producer/batches/show.html", **_page(file))


@blueprint.route("/batches/<batch_id>/release", methods=["POST"])
@access.requires(Permission.REGISTER_BATCHES)
def batches_release(batch_id: str) -> Response | tuple[str, int]:
    """Publishes a batch."""
    form = Form(ReleaseInput, fixed={"batch_id": batch_id})
    if form.save(releases.release, lambda _batch: url_for("producer.batches_show", batch_id=batch_id)):
        return form.redirect()
    return _refused(form, batch_id)


@blueprint.route("/batches/<batch_id>/close", methods=["POST"])
@access.requires(Permission.REGISTER_BATCHES)
def batches_close(batch_id: str) -> Response | tuple[str, int]:
    """Closes a batch of which nothing is left."""
    form = Form(CloseInput, fixed={"batch_id": batch_id})
    if form.save(releases.close, lambda _batch: url_for("producer.batches_show", batch_id=batch_id)):
        return form.redirect()
    return _refused(form, batch_id)


def _refused(form: Form[Any], batch_id: str) -> tuple[str, int]:
    with access.reading() as session:
        file = dossiers.of_batch(session, batch_id)
    return form.page("producer/batches/show.html", **_page(file))


def _page(file: Dossier) -> dict[str, Any]:
    """What the page of a batch is made of."""
    order = url_for("producer.stamp_orders_new", batch_id=file.batch.id)
    return {"file": file, "batch": file.batch, "words": KEY_DATA, "order_stamps_url": order}


def _harvest_choices(session: Session, tenant: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the harvest form offers, and what it begins with."""
    growing = [area for area in areas.all_of(session, tenant) if area.state is AreaState.APPROVED]
    crops = {area.crop_id for area in growing}
    sold = [
        product
        for product in products.all_of(session, tenant)
        if product.state is not ProductState.SUSPENDED and product.crop_id in crops
    ]
    grown = [crop for crop in products.crops(session) if crop.id in crops]
    names = _area_names(growing, grown)
    granted = {
        area_id: [code for code in found if code.state is CodeState.GRANTED]
        for area_id, found in areas.codes_of(session, list(names)).items()
    }
    codes = [
        (code.code, f"{code.code} · {country(code.market)} · {names[area_id]}")
        for area_id, found in granted.items()
        for code in found
    ]
    lent = code_draws.lent_to(session, tenant, today(), CodeOf.GROWING_AREA)
    codes += [
        (
            row.code,
            _(
                "%(code)s · %(market)s · code of %(holder)s, signed over to you, %(weight)s left",
                code=row.code,
                market=country(row.market),
                holder=partners.of(session, row.producer_id).name,
                weight=kg_text(row.left_g, language()),
            ),
        )
        for row in lent
    ]
    fitting = {
        product.id: [area.id for area in growing if area.crop_id == product.crop_id] for product in sold
    }
    claimable = {
        area_id: [code.code for code in found] + [row.code for row in lent]
        for area_id, found in granted.items()
    }
    kinds = {crop.kind for crop in grown}
    suited = {name for kind in kinds for name in asked(EventType.HARVEST, kind)}
    elements = [name for name in ELEMENTS[EventType.HARVEST] if name in suited]
    initial: dict[str, Any] = {"harvested_on": today()}
    last = batches.newest(session, tenant)
    if last is not None:
        same = ("area_id", "product_id", "picker")
        initial |= {name: getattr(last, name) for name in same}
        own = {code.code for code in granted.get(last.area_id or "", [])}
        if last.area_code in own:  # a lent code draws its holder's kilograms: nobody claims it unawares
            initial["area_code"] = last.area_code
    else:
        initial |= {"area_id": growing[0].id} if len(growing) == 1 else {}
        initial |= {"product_id": sold[0].id} if len(sold) == 1 else {}
    choices = {
        "areas": list(names.items()),
        "products": [(product.id, product.name) for product in sold],
        "codes": codes,
        "elements": elements,
        "narrowing": [
            {"by": "f-product_id", "of": "f-area_id", "fits": fitting},
            {"by": "f-area_id", "of": "f-area_code", "fits": claimable},
        ],
    }
    return choices, initial


def _area_names(growing: list[GrowingArea], grown: list[Crop]) -> dict[str, str]:
    """The areas' names by id; where several crops are grown, with the crop of each."""
    crops = {crop.id: crop.name if language() == "vi" else crop.name_en or crop.name for crop in grown}
    return {
        area.id: f"{area.name} · {crops[area.crop_id]}" if len(crops) > 1 else area.name for area in growing
    }
