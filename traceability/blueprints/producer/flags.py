"""Flags that the rules raised on a producer's goods, what was refused, and the book of the rules."""

from flask import render_template, request, url_for

from traceability import access
from traceability.blueprints.producer import blueprint
from traceability.domain import rule_flags, rule_settings
from traceability.domain.actors import Permission
from traceability.domain.clock import today
from traceability.domain.rule_book import BOOK
from traceability.wording.rules import REASONS, SOURCES, told


@blueprint.get("/flags", endpoint="flags")
@access.requires(Permission.VIEW_OWN)
def index() -> str:
    """All flags of the producer, the newest first."""
    page = max(request.args.get("page", 1, int), 1)
    tenant = access.current_actor().tenant()
    with access.reading() as session:
        rows, _count, pages = rule_flags.listed(session, state=None, producer_id=tenant, page=page)
    return render_template(
        "producer/flags/list.html",
        rows=[flag for flag, _producer in rows],
        page=min(page, pages),
        pages=pages,
        flags_link=lambda number: url_for("producer.flags", page=number),
        told=told,
    )


@blueprint.get("/rules", endpoint="flags_rules")
@access.requires(Permission.VIEW_OWN)
def rules() -> str:
    """What is judged, why, on what it stands, and what happens today."""
    with access.reading() as session:
        rows = [
            (rule, rule_settings.effect_of(session, code, None, None, today())[0])
            for code, rule in BOOK.items()
        ]
    return render_template("producer/flags/rules.html", rows=rows, reasons=REASONS, sources=SOURCES)
