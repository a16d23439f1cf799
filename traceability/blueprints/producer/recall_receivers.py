"""Whom a producer has to tell of a recall: the list with its letters and sheets, answers, and its own answer."""

from typing import Any

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from traceability import access, recall_pages, recall_papers, sheets, wording
from traceability.access import requires
from traceability.blueprints.producer import blueprint
from traceability.domain import recall_receivers, recall_views
from traceability.domain.actors import Permission
from traceability.domain.recall_receivers import AnswerInput, OwnAnswerInput, RenewInput, TellInput
from traceability.domain.recall_records import Channel, RecallReceiver
from traceability.forms import Form, press
from traceability.i18n import gettext


@blueprint.get("/recalls/<recall_id>/receivers")
@requires(Permission.VIEW_OWN)
def recalls_receivers(recall_id: str) -> str:
    """The producer's customers whom the recall reaches, with their contacts."""
    return render_template("producer/recalls/receivers.html", form=Form(TellInput), **_list(recall_id))


@blueprint.post("/recalls/<recall_id>/tell")
@requires(Permission.RECORD_EVENTS)
def recalls_tell(recall_id: str) -> Response | tuple[str, int]:
    """Writes down who was told or reminded, and how."""
    known = _list(recall_id)
    form = Form(TellInput, fixed={"recall_id": recall_id})
    if form.save(recall_receivers.tell, lambda _rows: _address("recalls_receivers", recall_id)):
        flash(gettext("Written down."), "success")
        return form.redirect()
    return form.page("producer/recalls/receivers.html", **known)


@blueprint.post("/recalls/<recall_id>/renew")
@requires(Permission.RECORD_EVENTS)
def recalls_renew(recall_id: str) -> Response:
    """Adds receivers that the list lacks."""
    with access.reading() as session:
        recall_views.one(session, access.current_actor().tenant(), recall_id)
    return press(
        lambda session, actor: recall_receivers.renew(session, actor, RenewInput(recall_id=recall_id)),
        _address("recalls_receivers", recall_id),
        gettext("The list is complete."),
    )


@blueprint.get("/recalls/<recall_id>/letters.pdf")
@requires(Permission.VIEW_OWN)
def recalls_letters(recall_id: str) -> Response:
    """A letter to each receiver in one file; `receiver` in the address: to that one alone."""
    actor, one = access.current_actor(), request.args.get("receiver", "")
    with access.reading() as session:
        recall = recall_views.one(session, actor.tenant(), recall_id).recall
        rows = recall_pages.own_receivers(session, actor, recall)
        if one:
            rows = [recall_pages.own_receiver(session, actor, recall, one)]
        goods = recall_papers.goods_of(session, rows)
        senders = recall_papers.senders_of(session, rows)
        agency = recall_views.agency_name(session, recall)
    data = recall_papers.letters(recall, agency, rows, goods, senders, access.settings().demo)
    return _file(data, "application/pdf", f"thong-bao-{recall.number}.pdf")


@blueprint.get("/recalls/<recall_id>/receivers.<any(csv, xlsx):kind>")
@requires(Permission.VIEW_OWN)
def recalls_receivers_sheet(recall_id: str, kind: str) -> Response:
    """The list as a sheet, a line for each delivery."""
    actor = access.current_actor()
    with access.reading() as session:
        recall = recall_views.one(session, actor.tenant(), recall_id).recall
        rows = recall_pages.own_receivers(session, actor, recall)
        goods = recall_papers.goods_of(session, rows)
        senders = recall_papers.senders_of(session, rows)
    _title, header, lines = recall_papers.receiver_sheet(recall, rows, goods, senders)
    data = (
        sheets.csv_bytes(header, lines) if kind == "csv" else sheets.xlsx_bytes(recall.number, header, lines)
    )
    mimetype = sheets.CSV_TYPE if kind == "csv" else sheets.XLSX_TYPE
    return _file(data, mimetype, f"noi-nhan-{recall.number}.{kind}")


@blueprint.route("/recalls/<recall_id>/receivers/<receiver_id>", methods=["GET", "POST"])
@requires(Permission.RECORD_EVENTS)
def recalls_receiver(recall_id: str, receiver_id: str) -> Response | tuple[str, int]:
    """One receiver: what was said, and its answer written down."""
    actor = access.current_actor()
    with access.reading() as session:
        recall = recall_views.one(session, actor.tenant(), recall_id).recall
        row = recall_pages.own_receiver(session, actor, recall, receiver_id)
        said = recall_receivers.contacts_of(session, row.id)
        goods = recall_papers.goods_of(session, [row])[row.id]
    form = Form(AnswerInput, fixed={"receiver_id": receiver_id})
    if form.save(recall_receivers.answer, lambda _row: _address("recalls_receivers", recall_id)):
        flash(gettext("The answer is written down."), "success")
        return form.redirect()
    return form.page(
        "producer/recalls/receiver.html",
        recall=recall,
        row=row,
        said=said,
        goods=goods,
        channels=_channels(row),
    )


@blueprint.route("/recalls/<recall_id>/answer/<receiver_id>", methods=["GET", "POST"])
@requires(Permission.RECORD_EVENTS)
def recalls_answer(recall_id: str, receiver_id: str) -> Response | tuple[str, int]:
    """The producer received goods of the recall and says itself how much is still there."""
    actor = access.current_actor()
    with access.reading() as session:
        view = recall_views.one(session, actor.tenant(), recall_id)
        row = recall_views.answering(session, actor.tenant(), recall_id, receiver_id)
        goods = recall_papers.goods_of(session, [row])[row.id]
    form = Form(OwnAnswerInput, fixed={"receiver_id": receiver_id})
    if form.save(recall_receivers.answer_online, lambda _row: _address("recalls_show", recall_id)):
        flash(gettext("Your answer has been sent."), "success")
        return form.redirect()
    return form.page("producer/recalls/answer.html", recall=view.recall, view=view, row=row, goods=goods)


def _list(recall_id: str) -> dict[str, Any]:
    actor = access.current_actor()
    with access.reading() as session:
        recall = recall_views.one(session, actor.tenant(), recall_id).recall
        rows = recall_pages.own_receivers(session, actor, recall)
        return {
            "recall": recall,
            "rows": rows,
            "incomplete": recall.state.value == "open" and recall_pages.may_renew(session, recall),
            "channels": [(one.value, wording.name(one)) for one in Channel],
        }


def _channels(row: RecallReceiver) -> list[tuple[str, str]]:
    possible = [one for one in Channel if one is not Channel.PLATFORM or row.to_producer_id]
    return [(one.value, wording.name(one)) for one in possible]


def _address(page: str, recall_id: str) -> str:
    return url_for(f"producer.{page}", recall_id=recall_id)


def _file(data: bytes, mimetype: str, name: str) -> Response:
    answer = Response(data, content_type=mimetype)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer
