"""The files of a stamp order: the print file, given out once each time it is asked for, and the cover sheet."""

import hashlib
import logging
from collections.abc import Iterator

from flask import flash, redirect, request, url_for
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.wrappers import Response

from traceability import access, cover_sheets, mint, print_room, wording
from traceability.blueprints.producer import blueprint
from traceability.db import Database
from traceability.domain import records, stamp_downloads, stamp_orders
from traceability.domain.actors import Actor, Permission
from traceability.domain.errors import RuleBroken
from traceability.domain.producers import Producer
from traceability.domain.stamp_downloads import DownloadInput, PrintedInput
from traceability.domain.stamps import VoidReason
from traceability.forms import Form

_log = logging.getLogger(__name__)


@blueprint.route("/stamp-orders/<order_id>/download", methods=["POST"])
@access.requires(Permission.ORDER_STAMPS)
def stamp_orders_download(order_id: str) -> Response:
    """Asks for the print file: noted, then led to a link that gives it out once. Each press is another download."""
    form = Form(DownloadInput, fixed={"order_id": order_id})
    show = url_for("producer.stamp_orders_show", order_id=order_id)
    if not form.valid() or form.value is None:
        flash(" ".join(form.errors.values()), "error")
        return redirect(show, code=303)
    actor = access.current_actor()
    try:
        with access.transaction(actor) as session:
            _, token = stamp_downloads.ask_download(session, actor, form.value)
    except RuleBroken as error:
        flash(wording.refusal(error), "error")
        return redirect(show, code=303)
    return redirect(url_for("producer.stamp_orders_file", order_id=order_id, token=token), code=303)


@blueprint.route("/stamp-orders/<order_id>/file/<token>")
@access.requires(Permission.ORDER_STAMPS)
def stamp_orders_file(order_id: str, token: str) -> Response:
    """Streams the print file, once. It is made as it goes: its length is known, its digest when it has gone."""
    if request.method != "GET":
        raise MethodNotAllowed(["GET"])  # a look at the headers must not use the link up
    actor = access.current_actor()
    try:
        with access.transaction(actor) as session:
            download, order = stamp_downloads.begin_file(session, actor, order_id, token)
    except RuleBroken as error:
        flash(wording.refusal(error), "error")
        return redirect(url_for("producer.stamp_orders_show", order_id=order_id), code=303)
    press = print_room.press(order, mint.epoch_keys(access.database(), access.settings().keyring()), download)
    pieces = _noted(press.run(), access.database(), actor, download.id)
    answer = Response(pieces, mimetype="application/pdf")
    answer.content_length = press.content_length
    answer.headers.set("Content-Disposition", "attachment", filename=f"tem-{order.number}.pdf")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _noted(pieces: Iterator[bytes], database: Database, actor: Actor, download_id: str) -> Iterator[bytes]:
    """Lets a file pass; when its last piece has gone, its size and digest are noted."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        yield piece
    try:
        with database.transaction(actor) as session:
            stamp_downloads.finish_file(session, download_id, size, digest.hexdigest())
    except SQLAlchemyError as error:  # the file is complete already: its reader must not suffer
        _log.error("the end of download %s was not noted: %s", download_id, type(error).__name__)


@blueprint.route("/stamp-orders/<order_id>/cover.pdf")
@access.requires(Permission.VIEW_OWN)
def stamp_orders_cover(order_id: str) -> Response:
    """The cover sheet: goes with the print to whoever prints and sticks, and onto the carton."""
    with access.reading() as session:
        dossier = stamp_orders.dossier(session, order_id)
        producer = records.find(session, Producer, dossier.order.producer_id)
    keys = mint.epoch_keys(access.database(), access.settings().keyring())
    answer = Response(cover_sheets.of_order(dossier, producer, keys), mimetype="application/pdf")
    answer.headers.set("Content-Disposition", "inline", filename=f"phieu-{dossier.order.number}.pdf")
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
