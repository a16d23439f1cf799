"""Being a witness (C2SP tlog-witness): logs whose keys are set (TRACE_WITNESSED) have their checkpoints cosigned."""

import base64
import time

from flask import request
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from traceability import log_keeper
from traceability.access import PUBLIC_VIEW, database, requires, settings, without_form_token
from traceability.blueprints.api import blueprint
from traceability.domain import witnessing
from traceability.domain.actors import SYSTEM
from traceability.domain.checkpoints import MOST_BYTES, BadNote, Verifier, read_checkpoint, read_note
from traceability.domain.merkle import HASH_BYTES
from traceability.domain.witnessing import NoContinuation, OtherSize

_MOST_PROOF = 63


@blueprint.post("/witness/add-checkpoint")
@requires(PUBLIC_VIEW)
@without_form_token
def witness_add_checkpoint() -> Response:
    """Cosigns a checkpoint that continues the last one of its log; whoever signed it with a known key may ask."""
    if (request.content_length or 0) > MOST_BYTES:
        return _answer(400, "the request is too long")
    try:
        old, proof, note = _taken_apart(request.get_data().decode())
        text, _signatures = read_note(note)
    except (BadNote, ValueError) as bad:
        return _answer(400, str(bad))
    origin = text.split("\n")[0]
    keys = [key for key in map(Verifier, settings().witnessed) if key.name == origin]
    if not keys:
        return _answer(404, "this witness does not know that log")
    try:
        checkpoint = read_checkpoint(note, *keys)
    except BadNote as bad:
        return _answer(403, str(bad))
    if old > checkpoint.size:
        return _answer(400, "the old size is larger than the new one")
    try:
        with database().transaction(SYSTEM) as session:
            witnessing.advance(session, old, checkpoint, proof)
    except OtherSize as other:
        answer = _answer(409, str(other.size))
        answer.mimetype = "text/x.tlog.size"
        return answer
    except IntegrityError:  # somebody brought the first checkpoint of this log at the same moment
        return _answer(409, "0")
    except NoContinuation:
        return _answer(422, "the proof does not show that the log was continued")
    key = log_keeper.witness_key(settings())
    return _answer(200, key.cosign(text, int(time.time())).line(), end="")


@blueprint.get("/witness/key")
@requires(PUBLIC_VIEW)
def witness_key() -> Response:
    """The verifier key of this witness's cosignatures."""
    return _answer(200, log_keeper.witness_key(settings()).cosigning_vkey)


def _taken_apart(body: str) -> tuple[int, list[bytes], str]:
    """Old size, consistency proof and note of a request. Raises `ValueError`."""
    head, gap, note = body.partition("\n\n")
    first, *lines = head.split("\n")
    word, _, size = first.partition(" ")
    if not gap or word != "old" or not (size.isascii() and size.isdigit()) or len(size) > 18:
        raise ValueError("a request begins with: old SIZE")
    if len(lines) > _MOST_PROOF:
        raise ValueError("the proof is too long")
    proof = [base64.b64decode(line, validate=True) for line in lines]
    if any(len(node) != HASH_BYTES for node in proof):
        raise ValueError("a line of the proof is no hash")
    return int(size), proof, note


def _answer(status: int, text: str, end: str = "\n") -> Response:
    return Response(text + end, status=status, mimetype="text/plain")
