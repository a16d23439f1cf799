"""Voluntary recalls, for programs."""

from werkzeug.wrappers import Response

from traceability import machine_requests
from traceability.access import requires, without_form_token
from traceability.blueprints.api import blueprint
from traceability.blueprints.api.answers import RecallAnswer
from traceability.domain import recalls
from traceability.domain.actors import Permission
from traceability.domain.recalls import RecallInput, RecallKind


@blueprint.post("/api/v1/recalls")
@requires(Permission.RECALL_OWN_BATCHES)
@without_form_token
@machine_requests.takes(RecallInput, "kind")
@machine_requests.answers(RecallAnswer)
def recalls_open() -> Response:
    """A producer recalls a batch of its own and everything made of it."""
    voluntary = {"kind": RecallKind.VOLUNTARY}
    return machine_requests.write(recalls.open_recall, RecallAnswer.said, fixed=voluntary)
