"""Stamp orders: list, order for a batch, show what to do next, prepare again."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import flash, render_template, request, url_for
from flask_login import current_user
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, mint, print_files, print_room, wording
from traceability.blueprints.producer import blueprint
from traceability.domain import (
    activations,
    layouts,
    records,
    second_factor,
    stamp_closings,
    stamp_downloads,
    stamp_logos,
    stamp_orders,
    stamp_quota,
    stamp_ranges,
    stamp_reprints,
    stamp_runs,
    used_sheets,
)
from traceability.domain.actors import Permission
from traceability.domain.batches import Batch
from traceability.domain.errors import RuleBroken
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.stamp_codes import EpochKey
from traceability.domain.stamp_downloads import DownloadInput
from traceability.domain.stamp_orders import OrderInput
from traceability.domain.stamps import APPROVED_ABOVE, RangeState, StampForm, StampOrder
from traceability.forms import Form
from traceability.i18n import gettext
from traceability.labels.layout import DPI_PROFILES
from traceability.print_room import MintKeyMissing

#: So many ranges are shown one by one; a roll with more cuts is looked at through the search for a single stamp.
_SHOWN_RANGES = 100


@blueprint.route("/stamp-orders", endpoint="stamp_orders")
@access.requires(Permission.VIEW_OWN)
def index() -> str:
    """The producer's orders, the newest first, with their stamps by state."""
    page = request.args.get("page", 1, int)
    tenant = access.current_actor().tenant()
    with access.reading() as session:
        producer = records.find(session, Producer, tenant)
        rows, pages = stamp_orders.listed(session, producer_id=tenant, page=page)
    return render_template(
        "producer/stamp_orders/list.html",
        producer=producer,
        rows=rows,
        pages=pages,
        page=min(max(page, 1), pages),
        link=lambda number: url_for("producer.stamp_orders", page=number),
    )


@blueprint.route("/stamp-orders/new", methods=["GET", "POST"])
@access.requires(Permission.ORDER_STAMPS)
def stamp_orders_new() -> Response | tuple[str, int]:
    """Orders stamps for a batch, and prepares them at once. Without a batch, asks for which."""
    batch_id = request.values.get("batch_id", "")
    with access.reading() as session:
        producer = records.find(session, Producer, access.current_actor().tenant())
        offers = [] if batch_id else stamp_orders.may_have_stamps(session, producer.id)
        page = _new_page(session, producer, batch_id) if batch_id and producer.has_stamps else {}
    if not page:
        return render_template("producer/stamp_orders/which.html", producer=producer, offers=offers), 200
    form = Form(OrderInput, page.pop("initial"), fixed={"batch_id": batch_id})
    if form.valid() and (proven := _proven(form, page["quota"].left)) is not None:
        minting = print_room.minting(access.database(), access.settings().keyring(), access.settings())
        if form.save(
            lambda session, actor, value: stamp_orders.order(
                session, actor, value, minting=minting, proven=proven
            ),
            lambda order: url_for("producer.stamp_orders_show", order_id=order.id),
        ):
            if form.result is not None and not form.result.waits_for_approval:
                prepare(form.result.id)
            return form.redirect()
    return form.page("producer/stamp_orders/new.html", producer=producer, **page)


def _proven(form: Form[OrderInput], left: int) -> bool | None:
    """Whether the proof that a large order demands was given; None when it was refused, which the form then says.

    An order above what is `left` is refused for that whatever is proven: nobody types a password in vain.
    """
    value = form.value
    if value is None or not stamp_quota.CONFIRMED_ABOVE < value.quantity <= left or not value.proof:
        return False
    try:
        sealer = access.settings().keyring()
        second_factor.confirm(access.database(), current_user.account, value.proof, sealer)
    except RuleBroken as error:
        form.refuse(error)
        return None
    return True


@blueprint.route("/stamp-orders/<order_id>")
@access.requires(Permission.VIEW_OWN)
def stamp_orders_show(order_id: str) -> tuple[str, int]:
    """One order with everything about it, and what to do next."""
    return order_page(order_id, Form(DownloadInput))


def order_page(order_id: str, form: Form[DownloadInput]) -> tuple[str, int]:
    """The page of an order, with the form for its files as it was typed."""
    keys = mint.epoch_keys(access.database(), access.settings().keyring())
    with access.reading() as session:
        dossier = stamp_orders.dossier(session, order_id)
        ranges = stamp_ranges.of_order(session, order_id)
        downloads = stamp_downloads.downloads_of(session, order_id)
        undoable = activations.to_undo(session, access.current_actor(), order_id)
        reprints = stamp_reprints.around(session, dossier.order)
    layout = print_room.layout_of(dossier.order)
    return form.page(
        "producer/stamp_orders/show.html",
        kinds=print_files.kinds_of(layout),
        rows_offered=print_files.rows_offered(layout),
        dossier=dossier,
        order=dossier.order,
        ranges=ranges[:_SHOWN_RANGES],
        hidden=max(0, len(ranges) - _SHOWN_RANGES),
        downloads=downloads,
        states=RangeState,
        account=stamp_closings.account_of(ranges),
        undoable=undoable,
        reprints=reprints,
        mine=dossier.order.ordered_by_id == access.current_actor().user_id,
        **_printed(dossier.order, keys),
    )


@blueprint.route("/stamp-orders/<order_id>/prepare", methods=["POST"])
@access.requires(Permission.ORDER_STAMPS)
def stamp_orders_prepare(order_id: str) -> Response:
    """Prepares an order whose preparation was cut short."""
    with access.reading() as session:
        records.find(session, StampOrder, order_id)
    prepare(order_id)
    return Response("", 303, {"Location": url_for("producer.stamp_orders_show", order_id=order_id)})


def prepare(order_id: str) -> None:
    """Makes an order ready; what stands in the way is said on its page, where it can be tried again."""
    try:
        keyring = access.settings().keyring()
        print_room.make_ready(access.database(), access.current_actor(), order_id, keyring)
    except RuleBroken as error:
        flash(wording.refusal(error), "error")
    except MintKeyMissing:
        flash(gettext("The mint's key is missing. Please tell the people who run the system."), "error")


def _new_page(session: Session, producer: Producer, batch_id: str) -> dict[str, Any]:
    """What the order form shows: the batch, its quota, and how the stamps would come out on each layout."""
    batch = records.find(session, Batch, batch_id)
    product = records.find(session, Product, batch.product_id)
    quota = stamp_quota.quota_of(session, batch, product)
    settings = access.settings()
    own, logo = layouts.of_producer(session, producer.id), stamp_logos.of_producer(session, producer.id)
    unprintable = ""
    try:
        choices = print_room.choices(
            batch, product, producer, settings.public_root, demo=settings.demo, own=own, logo=logo
        )
    except RuleBroken as error:
        choices, unprintable = [], wording.refusal(error)
    return {
        "unprintable": unprintable,
        "batch": batch,
        "product": product,
        "quota": quota,
        "choices": choices,
        "resolutions": DPI_PROFILES,
        "forms_of_code": list(StampForm),
        "confirmed_above": stamp_quota.CONFIRMED_ABOVE,
        "approved_above": APPROVED_ABOVE,
        "used": used_sheets.of_producer(session, producer.id),
        "spoilage": stamp_quota.SPOILAGE_PERCENT,
        "initial": {
            "quantity": quota.left or "",
            "form": StampForm.SHORT,
            "start_position": 1,
            "layout": choices[0].name if choices else "",
        },
    }


def _printed(order: StampOrder, keys: Mapping[int, EpochKey]) -> dict[str, Any]:
    """What is printed: figures, the first stamp as a picture, and the codes of serials. Nothing without the key."""
    layout = print_room.layout_of(order)
    known: dict[str, Any] = {"layout": layout, "code": None, "picture": None}
    if order.epoch_number not in keys:
        return known
    printed = print_room.printed_order(order, keys)
    return known | {
        "code": partial(stamp_runs.code_of, keys, order.epoch_number),
        "fit": print_room.fit_of(order, printed),
        "pages": print_room.pages_of(order),
        "picture": print_room.picture(order, printed),
    }
