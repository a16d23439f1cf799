"""Voluntary recalls, for programs."""

from typing import Any

from werkzeug.wrappers import Response

from traceability import machine_requests
from traceability.access import requires, without_form_token
from traceability.blueprints.api import blueprint
from traceability.domain import recalls, records
from traceability.domain.actors import Permission
from traceability.domain.recalls import Recall, RecallInput, RecallKind


@blueprint.post("/api/v1/recalls")
@requires(Permission.RECALL_OWN_BATCHES)
@without_form_token
@machine_requests.takes(RecallInput, "kind")
def recalls_open() -> Response:
    """A producer recalls a batch of its own and everything made of it."""
    voluntary = {"kind": RecallKind.VOLUNTARY}
    return machine_requests.write(recalls.open_recall, recall_said, fixed=voluntary)


def recall_said(recall: Recall) -> dict[str, Any]:
    """A recall as a program reads it."""
    return {
        "id": recall.id,
        "number": recall.number,
        "batch_id": recall.batch_id,
        "state": recall.state.value,
        "reached": recall.reached,
        "opened_at": records.iso(recall.opened_at),
    }
