"""What the scan benchmark's gunicorn serves: the product, a naive variant of its page, and bare static bytes."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import g, render_template, request

from traceability import access, create_app, serving, stamp_pages, visitors
from traceability.domain import provenance, scans
from traceability.domain.actors import VISITOR
from traceability.domain.clock import now, today
from traceability.domain.ownership import PUBLIC
from traceability.domain.scans import Sighting

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

product = create_app()
gate = product.extensions["scan_gate"]
#: all the load comes from one address, and as fast as it can
gate.load.share = gate.load.most = 10**9
serving.before_fork(product)


@product.route("/naive/<code>")
@access.requires(access.PUBLIC_VIEW)
def naive(code: str) -> str:
    """As one would write it first: mapped classes and the template for each request, a transaction for each scan."""
    database = product.extensions["database"]
    issued = gate.read(code)
    g.language, g.carried_language = "vi", ""
    assert issued is not None
    epoch, serial = issued
    with database.reading(PUBLIC) as session:
        found = scans.resolve(session, epoch, serial, today())
        assert found is not None
        story = provenance.of_batch(session, found.batch_id, today(), found.stamps_id)
    page = stamp_pages.StampPage(code, found, story, True, False)
    html = render_template("public/stamp.html", page=page)
    seen = Sighting(
        epoch=found.epoch,
        serial=found.serial,
        batch_id=found.batch_id,
        at=now(),
        verdict=found.verdict,
        network=visitors.network_of(request),
        agent=visitors.agent(request.user_agent.string),
        device=visitors.device(request.user_agent.string),
    )
    with database.transaction(VISITOR) as session:
        scans.record(session, [seen])
    return html


_bytes: dict[str, bytes] = {}


def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Static bytes first, so that nothing of ours stands before the base."""
    path = environ["PATH_INFO"]
    if path.startswith("/bare/"):
        body = _bytes.setdefault(path, b"x" * int(path[6:]))
        start_response(
            "200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))]
        )
        return (body,)
    answer: Iterable[bytes] = product(environ, start_response)
    return answer
