"""One laboratory result: what it says, and, where it failed, which lots it holds and what had left."""

from flask import render_template

from traceability import access
from traceability.blueprints.producer import blueprint
from traceability.domain import failed_samples, laboratory
from traceability.domain.actors import Permission


@blueprint.route("/lab-tests/<lab_test_id>")
@access.requires(Permission.VIEW_OWN)
def lab_tests_show(lab_test_id: str) -> str:
    """The producer's own report, or one of another's that reached its lots: then only what of its own is reached."""
    with access.reading() as session:
        test = laboratory.readable(session, lab_test_id)
        own = test.producer_id == access.current_actor().producer_id
        found = failed_samples.look(session, lab_test_id)
    return render_template("producer/lab_tests/show.html", test=test, found=found, own=own)
