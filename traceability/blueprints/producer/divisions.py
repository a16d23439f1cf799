"""What a clerk does with a lot: split it, merge it with others, repack or rework it, throw some of it away."""

import re
from typing import Any

from flask import render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, wording
from traceability.blueprints.producer import blueprint
from traceability.domain import balance, divisions, mergers, records, repacks, stamp_quota, wastes
from traceability.domain.actors import Permission
from traceability.domain.batches import Batch
from traceability.domain.clock import VIETNAM, now
from traceability.domain.divisions import SplitInput
from traceability.domain.mergers import MergeInput
from traceability.domain.products import Product
from traceability.domain.repacks import RepackInput, Rework
from traceability.domain.wastes import WasteHandling, WasteInput, WasteReason
from traceability.forms import Form

#: Rows offered for new lots.
_PARTS = 8


@blueprint.route("/batches/<batch_id>/account")
@access.requires(Permission.VIEW_OWN)
def batches_account(batch_id: str) -> str:
    """The kilograms of a batch day by day."""
    with access.reading() as session:
        lot = _lot(session, batch_id)
        days = balance.account(session, lot["batch"]).days()
    return render_template("producer/batches/account.html", days=days, **lot)


@blueprint.route("/batches/<batch_id>/split", methods=["GET", "POST"])
@access.requires(Permission.REGISTER_BATCHES)
def batches_split(batch_id: str) -> Response | tuple[str, int]:
    """Takes lots out of a batch."""
    with access.reading() as session:
        lot = _lot(session, batch_id)
    form = Form(SplitInput, _now(), fixed={"batch_id": batch_id})
    if form.save(divisions.split, lambda _made: url_for("producer.batches_show", batch_id=batch_id)):
        return form.redirect()
    return form.page("producer/batches/split.html", rows=range(_PARTS), **lot)


@blueprint.route("/batches/<batch_id>/merge", methods=["GET", "POST"])
@access.requires(Permission.REGISTER_BATCHES)
def batches_merge(batch_id: str) -> Response | tuple[str, int]:
    """Makes one lot of this one and others of its product."""
    with access.reading() as session:
        lot = _lot(session, batch_id)
        candidates = mergers.candidates(session, batch_id, _named())
    form = Form(MergeInput, _now())
    if form.save(mergers.merge, lambda made: url_for("producer.batches_show", batch_id=made.id)):
        return form.redirect()
    return form.page("producer/batches/merge.html", candidates=candidates, **lot)


@blueprint.route("/batches/<batch_id>/repack", methods=["GET", "POST"])
@access.requires(Permission.REGISTER_BATCHES)
def batches_repack(batch_id: str) -> Response | tuple[str, int]:
    """Repacks a batch, in its lot or into new ones."""
    return _rework(batch_id, Rework.REPACK)


@blueprint.route("/batches/<batch_id>/rework", methods=["GET", "POST"])
@access.requires(Permission.REGISTER_BATCHES)
def batches_rework(batch_id: str) -> Response | tuple[str, int]:
    """Works a batch up once more, in its lot or into new ones."""
    return _rework(batch_id, Rework.REWORK)


@blueprint.route("/batches/<batch_id>/waste", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def batches_waste(batch_id: str) -> Response | tuple[str, int]:
    """Throws goods of a batch away."""
    with access.reading() as session:
        lot = _lot(session, batch_id)
    form = Form(WasteInput, _now(), fixed={"batch_id": batch_id})
    if form.save(wastes.throw_away, lambda _event: url_for("producer.batches_show", batch_id=batch_id)):
        return form.redirect()
    return form.page(
        "producer/batches/waste.html",
        reason_words=[(reason.value, wording.name(reason)) for reason in WasteReason],
        handling_words=[(way.value, wording.name(way)) for way in WasteHandling],
        **lot,
    )


def _rework(batch_id: str, what: Rework) -> Response | tuple[str, int]:
    with access.reading() as session:
        lot = _lot(session, batch_id)
        sizes = repacks.pack_sizes(session, batch_id)
    form = Form(RepackInput, _now(), fixed={"batch_id": batch_id, "what": what})
    if form.save(repacks.rework, lambda made: url_for("producer.batches_show", batch_id=made[0].id)):
        return form.redirect()
    packs = [(row.id, row.name) for row in sizes[1:]]
    return form.page(
        "producer/batches/repack.html", what=what, packs=packs, sizes=sizes, rows=range(_PARTS), **lot
    )


def _lot(session: Session, batch_id: str) -> dict[str, Any]:
    """A batch as the head of each of these pages shows it: what is left, what lies loose, how its stamps stand."""
    batch = records.find(session, Batch, batch_id)
    product = records.find(session, Product, batch.product_id)
    quota = stamp_quota.quota_of(session, batch, product)
    return {"batch": batch, "product": product, "quota": quota}


def _named() -> list[str]:
    """The lots that a form which comes back names, in its order, so that each keeps what was typed for it."""
    typed = [request.form.get(f"sources-{number}-batch_id", "") for number in range(mergers.MAX_SOURCES)]
    return [row_id for row_id in typed if re.fullmatch(r"[0-9a-z]{16}", row_id)]


def _now() -> dict[str, Any]:
    return {"happened_at": now().astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M")}
