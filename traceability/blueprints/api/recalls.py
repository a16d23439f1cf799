"""Recalls of a producer's batches, for programs."""

from flask import jsonify
from sqlmodel import col, select
from werkzeug.wrappers import Response

from traceability import access, machine_requests
from traceability.access import requires, without_form_token
from traceability.blueprints.api import blueprint
from traceability.blueprints.api.answers import RecallAnswer
from traceability.domain import recalls, records
from traceability.domain.actors import Permission
from traceability.domain.recalls import Recall, RecallInput, RecallKind


@blueprint.post("/api/v1/recalls")
@requires(Permission.RECALL_OWN_BATCHES)
@without_form_token
@machine_requests.takes(RecallInput, "kind")
@machine_requests.answers(RecallAnswer)
def recalls_open() -> Response:
    """A producer recalls a batch of its own and everything made of it."""
    voluntary = {"kind": RecallKind.VOLUNTARY}
    return machine_requests.write(recalls.open_recall, RecallAnswer.said, fixed=voluntary)


@blueprint.get("/api/v1/recalls")
@requires(Permission.VIEW_OWN)
@machine_requests.lists(RecallAnswer, "external_ref")
def recalls_list() -> Response:
    """The recalls of the producer's own batches, the oldest first, whoever opened them; with `external_ref` one."""
    statement = select(Recall).order_by(col(Recall.created_at), col(Recall.id))
    return machine_requests.listed(statement, Recall, RecallAnswer.said)


@blueprint.get("/api/v1/recalls/<recall_id>")
@requires(Permission.VIEW_OWN)
@machine_requests.answers(RecallAnswer)
def recalls_read(recall_id: str) -> Response:
    """One recall of a batch of the producer."""
    with access.reading() as session:
        return jsonify(RecallAnswer.said(records.find(session, Recall, recall_id)))
