"""The proof of a lot as a file to keep: for verifiers (JSON), and for people with the verifier inside (HTML)."""

import json

from flask import Response, render_template, request, url_for

from traceability import access, log_keeper
from traceability.access import PUBLIC_VIEW, requires
from traceability.blueprints.public import blueprint
from traceability.domain import catalogue, proofs
from traceability.domain.ownership import PUBLIC
from traceability.domain.products import Product
from traceability.domain.proofs import ProvenLeaf
from traceability.wording.facts import fact


@blueprint.get("/proofs/<code>/<path:lot>")
@requires(PUBLIC_VIEW)
def lot_proof(code: str, lot: str) -> Response:
    """Every leaf of the log that speaks of a published lot or of what its page rests on."""
    settings, database = access.settings(), access.database()
    with access.reading(PUBLIC) as session:
        batch = catalogue.lot(session, code, lot)
        product = session.get_one(Product, batch.product_id)
        checkpoint = log_keeper.publish(session.connection(), settings)
        size = int(checkpoint.split("\n")[1])
        leaves, left_out = proofs.leaves_about(session, proofs.rows_behind(session, batch), size)
    about = {
        "product": product.name,
        "lot": batch.lot,
        "batch_id": batch.id,
        "page": url_for("public.lot", code=code, lot=lot, _external=True),
        "verifier": f"{settings.public_root}/log/key",
        "days": f"{settings.public_root}/log/days",
    }
    proof = proofs.document(about, log_keeper.vkeys(database, settings), checkpoint, leaves, left_out)
    name = "".join(
        letter if letter.isalnum() and letter.isascii() else "-" for letter in f"{code}-{batch.lot}"
    )
    if request.args.get("as") == "html":
        # "<" never stands in the inlined JSON: no text of a leaf can end the script element
        inlined = json.dumps(proof, ensure_ascii=True).replace("<", "\\u003c")
        return _file(
            render_template("public/proof.html", proof=inlined, about=about, kinds=_kinds(leaves)),
            "text/html",
            f"{name}.html",
        )
    return _file(json.dumps(proof, ensure_ascii=False, indent=1), "application/json", f"{name}.json")


def _kinds(leaves: list[ProvenLeaf]) -> dict[str, str]:
    """The kinds of these facts, and what each is called."""
    return {kind: fact(kind) for kind in sorted({str(json.loads(leaf.body)["kind"]) for leaf in leaves})}


def _file(text: str, mimetype: str, name: str) -> Response:
    answer = Response(text, mimetype=mimetype)
    answer.headers["Content-Disposition"] = f'attachment; filename="proof-{name}"'
    answer.headers["Cache-Control"] = "no-cache"
    return answer
