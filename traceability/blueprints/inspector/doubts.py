"""Reports of a doubt by shoppers: what they saw, taking one up, and the answer that everybody with the ticket reads."""

from typing import Any

from flask import abort, flash, render_template, request, send_file, url_for
from sqlmodel import Session, col, select
from werkzeug.wrappers import Response

from traceability import access, picture_files
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.blueprints.inspector.search import printed
from traceability.domain import doubts, logbook, records, stray_doubts
from traceability.domain.actors import Permission
from traceability.domain.addresses import PROVINCES
from traceability.domain.batches import Batch
from traceability.domain.doubts import OVERSEERS, AnswerInput, Doubt, DoubtState
from traceability.domain.personal_data import declare_reading
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.scans import StampCount
from traceability.domain.stray_doubts import StrayDoubt
from traceability.forms import Form, press
from traceability.i18n import gettext


@blueprint.get("/doubts", endpoint="doubts")
@requires(Permission.OVERSEE)
def index() -> str:
    """All reports within the scope, the newest first."""
    state = request.args.get("state", "")
    wanted = DoubtState(state) if state in {member.value for member in DoubtState} else None
    with access.reading() as session:
        rows = doubts.listed(session, wanted)
        strays = stray_doubts.listed(session, wanted)
        batches = _batches(session, {row.batch_id for row in rows})
    return render_template(
        "inspector/doubts/list.html",
        rows=rows,
        strays=strays,
        batches=batches,
        state=state,
        states=DoubtState,
    )


@blueprint.route("/doubts/<doubt_id>", methods=["GET", "POST"])
@requires(Permission.OVERSEE)
def doubts_show(doubt_id: str) -> Response | tuple[str, int]:
    """One report, and the form of the answer."""
    form = Form(AnswerInput, fixed={"doubt_id": doubt_id})
    if form.save(doubts.answer, lambda _doubt: url_for("inspector.doubts_show", doubt_id=doubt_id)):
        flash(gettext("Answered. Whoever has the ticket reads it."), "success")
        return form.redirect()
    return form.page("inspector/doubts/show.html", **_show(doubt_id))


@blueprint.post("/doubts/<doubt_id>/look-at")
@requires(*OVERSEERS)
def doubts_look_at(doubt_id: str) -> Response:
    """Takes a report up, so that two officers do not work on the same one."""
    target = url_for("inspector.doubts_show", doubt_id=doubt_id)
    return press(lambda session, actor: doubts.look_at(session, actor, doubt_id), target)


@blueprint.post("/doubts/<doubt_id>/contact")
@requires(*OVERSEERS)
def doubts_contact(doubt_id: str) -> str:
    """The page with the contact that the visitor left. That somebody looks is written down first."""
    with access.reading() as session:
        records.find(session, Doubt, doubt_id)
    declare_reading(access.database(), access.current_actor(), "doubt", doubt_id, "doubt")
    return render_template(
        "inspector/doubts/show.html", form=Form(AnswerInput), contact=True, **_show(doubt_id)
    )


@blueprint.get("/doubts/<doubt_id>/photo")
@requires(*OVERSEERS)
def doubts_photo(doubt_id: str) -> Response:
    """The picture that came with a report."""
    with access.reading() as session:
        return _picture(records.find(session, Doubt, doubt_id).photo)


@blueprint.route("/doubts/unknown/<report>", methods=["GET", "POST"])
@requires(Permission.OVERSEE)
def doubts_unknown(report: str) -> Response | tuple[str, int]:
    """One report about a stamp that is not on record, and the form of the answer."""
    form = Form(AnswerInput, fixed={"doubt_id": report})
    if form.save(stray_doubts.answer, lambda _doubt: url_for("inspector.doubts_unknown", report=report)):
        flash(gettext("Answered. Whoever has the ticket reads it."), "success")
        return form.redirect()
    return form.page("inspector/doubts/unknown.html", **_show_unknown(report))


@blueprint.post("/doubts/unknown/<report>/look-at")
@requires(*OVERSEERS)
def doubts_unknown_look_at(report: str) -> Response:
    """Takes such a report up."""
    target = url_for("inspector.doubts_unknown", report=report)
    return press(lambda session, actor: stray_doubts.look_at(session, actor, report), target)


@blueprint.post("/doubts/unknown/<report>/contact")
@requires(*OVERSEERS)
def doubts_unknown_contact(report: str) -> str:
    """The page with the contact that the visitor left. That somebody looks is written down first."""
    shown = _show_unknown(report)
    declare_reading(access.database(), access.current_actor(), "stray_doubt", report, "doubt")
    return render_template("inspector/doubts/unknown.html", form=Form(AnswerInput), contact=True, **shown)


@blueprint.get("/doubts/unknown/<report>/photo")
@requires(*OVERSEERS)
def doubts_unknown_photo(report: str) -> Response:
    """The picture that came with it."""
    with access.reading() as session:
        return _picture(records.find(session, StrayDoubt, report).photo)


def _picture(sha256: str | None) -> Response:
    path = (
        picture_files.path_of(sha256, access.settings().data_dir / picture_files.PHOTOS) if sha256 else None
    )
    if path is None:
        abort(404)
    return send_file(path, mimetype="image/webp")


def _show_unknown(report: str) -> dict[str, Any]:
    with access.reading() as session:
        doubt = records.find(session, StrayDoubt, report)
        return {
            "doubt": doubt,
            "province": PROVINCES.get(doubt.province_code or ""),
            "people": logbook.people(session, [doubt.answered_by_id]),
            "may_answer": access.current_actor().may(*OVERSEERS),
        }


def _show(doubt_id: str) -> dict[str, Any]:
    with access.reading() as session:
        doubt = records.find(session, Doubt, doubt_id)
        batch, product, producer = session.exec(
            select(Batch, Product, Producer)
            .join(Product, col(Product.id) == Batch.product_id)
            .join(Producer, col(Producer.id) == Batch.producer_id)
            .where(Batch.id == doubt.batch_id)
        ).one()
        same = select(Doubt).where(
            Doubt.epoch_number == doubt.epoch_number, Doubt.serial == doubt.serial, Doubt.id != doubt.id
        )
        return {
            "doubt": doubt,
            "province": PROVINCES.get(doubt.province_code or ""),
            "batch": batch,
            "product": product,
            "producer": producer,
            "others": list(session.exec(same).all()),
            "count": session.get(StampCount, (doubt.epoch_number, doubt.serial)),
            "people": logbook.people(session, [doubt.answered_by_id]),
            "code": printed(doubt.epoch_number, doubt.serial),
            "may_answer": access.current_actor().may(*OVERSEERS),
        }


def _batches(session: Session, ids: set[str]) -> dict[str, tuple[Batch, Product]]:
    statement = select(Batch, Product).join(Product, col(Product.id) == Batch.product_id)
    found = session.exec(statement.where(col(Batch.id).in_(ids))).all()
    return {batch.id: (batch, product) for batch, product in found}
