"""The inbox: what a producer or an agency should know."""

from typing import Any

from flask import current_app, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from traceability import access
from traceability.access import SIGNED_IN, requires
from traceability.blueprints.auth import blueprint
from traceability.domain import notices as inbox
from traceability.domain.actors import Permission
from traceability.domain.notices import Notice
from traceability.domain.ownership import EVERYTHING
from traceability.wording.notices import notice as sentence

#: Where a notice leads: audience -> table of its subject -> (page, name of the id in the address, if it takes one).
PAGES: dict[str, dict[str, tuple[str, str | None]]] = {
    "producer": {
        "account": ("members", None),
        "area_code": ("areas", None),
        "batch": ("batches_show", "batch_id"),
        "certificate": ("certificates", None),
        "consignment": ("consignments_show", "consignment_id"),
        "code_authorisation": ("authorisations_show", "authorisation_id"),
        "delivery": ("deliveries", None),
        "growing_area": ("areas_show", "area_id"),
        "inspection": ("inspections_show", "inspection_id"),
        "lab_test": ("lab_tests_show", "lab_test_id"),
        "packing_house": ("packing_houses", None),
        "producer": ("profile", None),
        "product": ("products_show", "product_id"),
        "recall": ("recalls_show", "recall_id"),
        "rule_flag": ("flags", None),
        "stamp_order": ("stamp_orders_show", "order_id"),
    },
    "inspector": {
        "batch": ("batches_show", "batch_id"),
        "code_authorisation": ("authorisations_show", "authorisation_id"),
        "consignment": ("consignments_show", "consignment_id"),
        "doubt": ("doubts_show", "doubt_id"),
        "stray_doubt": ("doubts_unknown", "report"),
        "growing_area": ("areas_show", "area_id"),
        "inspection": ("inspections_show", "inspection_id"),
        "lab_test": ("lab_tests_show", "lab_test_id"),
        "producer": ("producers_show", "producer_id"),
        "product": ("products_show", "product_id"),
        "recall": ("recalls_show", "recall_id"),
        "stamp_order": ("stamp_orders_show", "order_id"),
    },
}


@blueprint.get("/notices")
@requires(SIGNED_IN)
def notices() -> str:
    """The newest hundred notices, in the reader's language."""
    actor = current_user.actor
    with access.reading(EVERYTHING) as session:
        found = inbox.inbox(session, actor)
    rows = [
        {"at": row.at, "new": row.read_at is None, "text": sentence(row.code, row.facts), "url": page_of(row)}
        for row in found
    ]
    return render_template("auth/notices.html", rows=rows, unread_rows=sum(row["new"] for row in rows))


@blueprint.post("/notices/read")
@requires(SIGNED_IN)
def notices_read() -> Response:
    """All notices count as read."""
    with access.transaction(current_user.actor) as session:
        inbox.mark_read(session, current_user.actor)
    return redirect(url_for("auth.notices"), code=303)


def page_of(row: Notice) -> str | None:
    """The page about a notice's subject, in the reader's own part of the site; None where there is none."""
    if row.subject_table == "webhook":
        mine = current_user.actor.may(Permission.MANAGE_OWN_PROFILE, Permission.OVERSEE)
        return url_for("auth.account_webhooks_show", webhook_id=row.subject_id) if mine else None
    audience = "producer" if current_user.actor.producer_id is not None else "inspector"
    page, key = PAGES[audience].get(row.subject_table, ("", None))
    endpoint = f"{audience}.{page}"
    if endpoint not in current_app.view_functions:
        return None
    values: dict[str, Any] = {key: row.subject_id} if key is not None else {}
    return url_for(endpoint, **values)
