"""Whether a code was issued, with the proof: for whoever holds a stamp and trusts nobody's page."""

import base64
import hashlib
import threading

from flask import current_app, jsonify, request
from werkzeug.wrappers import Response

from traceability import log_keeper, mint
from traceability.access import PUBLIC_VIEW, database, requires, settings
from traceability.blueprints.api import blueprint
from traceability.domain import code_proofs, proofs, stamp_codes
from traceability.domain.ownership import PUBLIC
from traceability.errors import problem
from traceability.limits import limiter
from traceability.scan_gate import gate

FORMAT = "traceability-code-proof/v1"
#: Hashing an order of a million for the first time takes seconds: one at a time in a process, few for one network.
_one_at_a_time = threading.Semaphore(1)
_RATE = "20 per minute"


@blueprint.get("/log/proof/code")
@requires(PUBLIC_VIEW)
@limiter.limit(lambda: _RATE)
def code_proof() -> Response:
    """`code`: as it stands on the stamp. The way from its hash to a root in the log, or that no order holds it."""
    text = request.args.get("code", "")[:100]
    issued = gate(current_app).read(text)
    with database().reading(PUBLIC) as session:
        found = code_proofs.issued(session, *issued) if issued else None
        checkpoint = log_keeper.publish(session.connection(), settings())
        size = int(checkpoint.split("\n")[1])
        if found is None or issued is None:
            return jsonify(
                format=FORMAT,
                issued=False,
                checkpoint=checkpoint,
                vkeys=log_keeper.vkeys(database(), settings()),
            )
        [leaf] = proofs.leaves_at(session, [found.position], size)
    if not _one_at_a_time.acquire(blocking=False):  # the other threads are for scans
        answer = problem(503, "Another proof is being made. Ask again in a moment.")
        answer.headers["Retry-After"] = "5"
        return answer
    try:
        steps = code_proofs.way_up(mint.epoch_keys(database(), settings().keyring())[issued[0]], found)
    finally:
        _one_at_a_time.release()
    document = proofs.document(
        {"order": found.order.number}, log_keeper.vkeys(database(), settings()), checkpoint, [leaf]
    )
    code = str(stamp_codes.normalise(text))
    return jsonify(
        document
        | {
            "format": FORMAT,
            "issued": True,
            "code_hash": _b64(hashlib.sha256(code.encode()).digest()),
            "way": [{"side": "left" if step.left else "right", "hash": _b64(step.hash)} for step in steps],
        }
    )


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
