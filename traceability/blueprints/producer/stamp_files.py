"""The files of a stamp order: the print files, given out once each time they are asked for, and the cover sheet."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.wrappers import Response

from traceability import (
    access,
    cover_sheets,
    log_keeper,
    mint,
    order_manifests,
    print_files,
    print_room,
    print_streams,
    sealing,
    wording,
)
from traceability.blueprints.producer import blueprint
from traceability.blueprints.producer.stamp_orders import order_page
from traceability.domain import records, stamp_downloads, stamp_handoffs, stamp_orders
from traceability.domain.actors import Permission
from traceability.domain.batches import Batch
from traceability.domain.errors import RuleBroken
from traceability.domain.producers import Producer
from traceability.domain.stamp_downloads import DownloadInput, PrintedInput
from traceability.domain.stamp_handoffs import HandoffInput
from traceability.domain.stamps import StampDownload, StampOrder, VoidReason
from traceability.forms import Form, press
from traceability.i18n import gettext
from traceability.print_files import Made


@blueprint.route("/stamp-orders/<order_id>/download", methods=["POST"])
@access.requires(Permission.ORDER_STAMPS)
def stamp_orders_download(order_id: str) -> Response | tuple[str, int]:
    """Asks for a print file: noted, then led to a link that gives it out once. Each press is another download."""
    with access.reading() as session:
        records.find(session, StampOrder, order_id)
    form = Form(DownloadInput, fixed={"order_id": order_id})
    if form.valid() and form.value is not None:
        actor = access.current_actor()
        keys = mint.epoch_keys(access.database(), access.settings().keyring())
        try:
            with access.transaction(actor) as session:
                download, token = stamp_downloads.ask_download(session, actor, form.value)
                print_files.must_be_printable(records.find(session, StampOrder, order_id), keys, download)
        except RuleBroken as error:
            form.refuse(error)
        else:
            return redirect(url_for("producer.stamp_orders_file", order_id=order_id, token=token), code=303)
    return order_page(order_id, form)


@blueprint.route("/stamp-orders/<order_id>/file/<token>")
@access.requires(Permission.ORDER_STAMPS)
def stamp_orders_file(order_id: str, token: str) -> Response:
    """Streams a print file, once. It is made as it goes: its length is known, its digest when it has gone."""
    if request.method != "GET":
        raise MethodNotAllowed(["GET"])  # a look at the headers must not use the link up
    actor = access.current_actor()
    try:
        with access.transaction(actor) as session:
            download, order = stamp_downloads.begin_file(session, actor, order_id, token)
            lot = records.find(session, Batch, order.batch_id).lot
    except RuleBroken as error:
        flash(wording.refusal(error), "error")
        return redirect(url_for("producer.stamp_orders_show", order_id=order_id), code=303)
    keys = mint.epoch_keys(access.database(), access.settings().keyring())
    file = print_files.file_of(download.kind, Made.of(order, lot, keys, download))
    return print_streams.answer(file, access.database(), actor, download.id)


@blueprint.route("/stamp-orders/<order_id>/cover.pdf")
@access.requires(Permission.VIEW_OWN)
def stamp_orders_cover(order_id: str) -> Response:
    """The cover sheet: goes with the print to whoever prints and sticks, and onto the carton."""
    with access.reading() as session:
        dossier = stamp_orders.dossier(session, order_id)
        producer = records.find(session, Producer, dossier.order.producer_id)
    keys = mint.epoch_keys(access.database(), access.settings().keyring())
    checkpoint = log_keeper.checkpoint_when(access.database(), access.settings(), "stamps.ready", order_id)
    sheet = cover_sheets.of_order(dossier, producer, keys, checkpoint=checkpoint)
    answer = Response(sheet, mimetype="application/pdf")
    answer.headers.set("Content-Disposition", "inline", filename=f"phieu-{dossier.order.number}.pdf")
    return answer


@blueprint.route("/stamp-orders/<order_id>/manifest.zip")
@access.requires(Permission.VIEW_OWN)
def stamp_orders_manifest(order_id: str) -> Response:
    """The signed manifest, to be kept apart: from it the order comes back should a restore ever lose it."""
    with access.reading() as session:
        dossier = stamp_orders.dossier(session, order_id)
        producer = records.find(session, Producer, dossier.order.producer_id)
    order, keyring = dossier.order, access.settings().keyring()
    try:
        if order.ready_at is None:
            raise RuleBroken("stamps.not_ready", None, number=order.number)
        keys = mint.epoch_keys(access.database(), keyring)
        print_files.must_have_key(order, keys)
    except RuleBroken as error:
        flash(wording.refusal(error), "error")
        return redirect(url_for("producer.stamp_orders_show", order_id=order_id), code=303)
    made = Made(order, dossier.batch.lot, keys, order.start_position)
    sealed = sealing.describe(dossier, producer.name, made, keyring)
    answer = Response(order_manifests.pack(order, sealed), mimetype="application/zip")
    answer.headers.set("Content-Disposition", "attachment", filename=f"phieu-{order.number}.zip")
    return answer


@blueprint.route("/stamp-orders/<order_id>/printed", methods=["GET", "POST"])
@access.requires(Permission.ORDER_STAMPS)
def stamp_orders_printed(order_id: str) -> Response | tuple[str, int]:
    """The print was looked over: all good, or some runs are spoiled or given back and become void."""
    with access.reading() as session:
        dossier = stamp_orders.dossier(session, order_id)
    keys = mint.epoch_keys(access.database(), access.settings().keyring())
    form = Form(PrintedInput, fixed={"order_id": order_id})
    if form.save(
        lambda session, actor, value: stamp_downloads.mark_printed(session, actor, value, keys),
        lambda _order: url_for("producer.stamp_orders_show", order_id=order_id),
    ):
        return form.redirect()
    reasons = [(reason, wording.name(reason)) for reason in (VoidReason.MISPRINT, VoidReason.RETURNED)]
    return form.page(
        "producer/stamp_orders/printed.html", dossier=dossier, order=dossier.order, reasons=reasons
    )


@blueprint.route("/stamp-orders/<order_id>/hand-over", methods=["GET", "POST"])
@access.requires(Permission.ORDER_STAMPS)
def stamp_orders_hand_over(order_id: str) -> Response | tuple[str, int]:
    """Seals the print files for a print shop; the one-time link is shown once."""
    with access.reading() as session:
        dossier = stamp_orders.dossier(session, order_id)
        producer = records.find(session, Producer, dossier.order.producer_id)
    form = Form(HandoffInput, {"days": 7}, fixed={"order_id": order_id})
    show = url_for("producer.stamp_orders_show", order_id=order_id)
    layout = print_room.layout_of(dossier.order)
    if form.valid() and form.value is not None:
        try:
            if dossier.order.ready_at is None:
                raise RuleBroken("stamps.not_ready", None, number=dossier.order.number)
            keyring, rows = access.settings().keyring(), form.value.rows
            keys = mint.epoch_keys(access.database(), keyring)
            print_files.must_have_key(dossier.order, keys)
            made = Made(dossier.order, dossier.batch.lot, keys, dossier.order.start_position, rows)
            sealed = sealing.seal(dossier, producer.name, made, keyring)
        except RuleBroken as error:
            form.refuse(error)
        else:
            if form.save(
                lambda session, actor, value: stamp_handoffs.hand_over(session, actor, value, sealed),
                lambda _made: show,
            ):
                return (
                    _link_once(dossier.order.number, show, *form.result) if form.result else form.redirect()
                )
    return form.page(
        "producer/stamp_orders/hand_over.html",
        dossier=dossier,
        order=dossier.order,
        kinds=print_files.kinds_of(layout),
        rows_offered=print_files.rows_offered(layout),
    )


def _link_once(number: str, show: str, download: StampDownload, token: str) -> tuple[str, int]:
    """The page with the link for the print shop, which no other page ever shows."""
    link = access.settings().public_root + url_for("public.print_file", token=token)
    page = "producer/stamp_orders/handed.html"
    return render_template(page, number=number, show=show, download=download, link=link), 200


@blueprint.post("/stamp-orders/hand-over/<download_id>/withdraw")
@access.requires(Permission.ORDER_STAMPS)
def stamp_orders_withdraw(download_id: str) -> Response:
    """Makes a link that the print shop has not used useless."""
    with access.reading() as session:
        order_id = records.find(session, StampDownload, download_id).order_id
    return press(
        lambda session, actor: stamp_handoffs.withdraw(session, actor, download_id),
        url_for("producer.stamp_orders_show", order_id=order_id),
        gettext("The link is withdrawn: nobody can fetch the file with it."),
    )
