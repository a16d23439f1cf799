"""The papers of a lot within the scope, and one step back and forward of a producer."""

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from traceability import access, lot_papers
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.domain import one_step, records
from traceability.domain.actors import Permission
from traceability.domain.batches import Batch
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.lot_papers import Period


@blueprint.get("/batches/<batch_id>/papers")
@requires(Permission.OVERSEE)
def batches_papers(batch_id: str) -> str:
    """All papers of a lot."""
    with access.reading() as session:
        batch = records.find(session, Batch, batch_id)
        product = records.find(session, Product, batch.product_id)
    return render_template("inspector/papers/lot.html", batch=batch, product=product)


@blueprint.get(f"/batches/<batch_id>/papers/<any({lot_papers.ROUTE}):paper>")
@requires(Permission.OVERSEE)
def batches_paper(batch_id: str, paper: str) -> Response:
    """One paper as a file."""
    return lot_papers.paper(batch_id, paper)


@blueprint.get("/producers/<producer_id>/steps")
@requires(Permission.OVERSEE)
def producers_steps(producer_id: str) -> str:
    """What came in, what was done and what went out at a producer over some days."""
    period = Period.of(request.args)
    with access.reading() as session:
        producer = records.find(session, Producer, producer_id)
        found = one_step.of_producer(session, producer_id, period.first, period.last)
    export = {
        kind: url_for(
            "inspector.producers_steps_export", producer_id=producer_id, name=f"steps.{kind}", **period.asked
        )
        for kind in ("xlsx", "csv")
    }
    return render_template(
        "inspector/papers/steps.html",
        tabs=lot_papers.shown(found),
        producer=producer,
        period=period,
        export=export,
    )


@blueprint.get('/producers/<producer_id>/steps/<any("steps.xlsx","steps.csv"):name>')
@requires(Permission.OVERSEE)
def producers_steps_export(producer_id: str, name: str) -> Response:
    """The three tables as a file."""
    period = Period.of(request.args)
    with access.reading() as session:
        producer = records.find(session, Producer, producer_id)
        found = one_step.of_producer(session, producer_id, period.first, period.last)
    return lot_papers.steps_sheet(name, f"truoc-sau-{producer.code}", found)
