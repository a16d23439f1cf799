"""What a buyer reads behind a link to the papers of a lot. Each look is written down; nothing of who looks is."""

from flask import abort, g, render_template
from werkzeug.wrappers import Response

from traceability import access, lot_papers
from traceability.access import PUBLIC_VIEW, requires
from traceability.blueprints.public import blueprint
from traceability.domain import paper_links, records
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch
from traceability.domain.ownership import Scope
from traceability.domain.paper_links import PaperLink
from traceability.domain.products import Product
from traceability.i18n import language


@blueprint.get("/papers/<token>", endpoint="lot_papers")
@requires(PUBLIC_VIEW)
def index(token: str) -> Response:
    """The papers behind a link."""
    link = _opened(token, "page")
    with access.reading(Scope.of_producer(link.producer_id)) as session:
        batch = records.find(session, Batch, link.batch_id)
        product = records.find(session, Product, batch.product_id)
    names = [name for name in lot_papers.FOR_BUYERS if link.plots or name != "plots.geojson"]
    page = render_template(
        "public/papers.html", token=token, link=link, batch=batch, product=product, names=names
    )
    return _private(Response(page, content_type="text/html; charset=utf-8"))


@blueprint.get(f"/papers/<token>/<any({lot_papers.BUYERS_ROUTE}):paper>")
@requires(PUBLIC_VIEW)
def lot_papers_file(token: str, paper: str) -> Response:
    """One paper behind a link. In Chinese it comes in English: the letters of the PDF have no Chinese."""
    link = _opened(token, paper)
    if paper == "plots.geojson" and not link.plots:
        abort(404)
    if language() == "zh":
        g.language = "en"
    return _private(lot_papers.paper(link.batch_id, paper, Scope.of_producer(link.producer_id)))


def _opened(token: str, paper: str) -> PaperLink:
    with access.transaction(SYSTEM) as session:
        return paper_links.opened(session, token, paper)


def _private(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
