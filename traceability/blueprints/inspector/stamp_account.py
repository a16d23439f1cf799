"""The province's stamp account: what became of every stamp, which are missing and who holds them; the second person."""

from flask import render_template, url_for
from werkzeug.wrappers import Response

from traceability import access, mint, print_room
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.blueprints.inspector.exports import missing_stamps_sheet, sheet, stamp_account_sheet
from traceability.blueprints.inspector.listing import export_links, wanted
from traceability.domain import records, stamp_account, stamp_approvals
from traceability.domain.actors import Permission
from traceability.domain.stamp_account import Line, Missing
from traceability.domain.stamps import StampOrder
from traceability.forms import press
from traceability.i18n import gettext
from traceability.print_room import MintKeyMissing


@blueprint.get("/stamp-account", endpoint="stamp_account")
@requires(Permission.OVERSEE)
def account() -> str:
    """Every product's account within the scope, and the stamps that are missing with their age and owner."""
    sought = wanted()
    with access.reading() as session:
        lines = stamp_account.account(session, text=sought.text, producer_id=sought.producer_id)
        missing = stamp_account.missing(session, producer_id=sought.producer_id)
        waiting = stamp_approvals.waiting(session)
    total, by_producer = stamp_account.totals(lines)
    return render_template(
        "inspector/stamp_orders/account.html",
        lines=lines,
        total=total,
        by_producer=by_producer,
        missing=_of(lines, missing),
        waiting=waiting,
        wanted=sought,
        days=stamp_account.MISSING_AFTER.days,
        exports=export_links("inspector.stamp_account_export"),
        missing_exports=export_links("inspector.stamp_account_missing_export"),
    )


@blueprint.get("/stamp-account/export")
@requires(Permission.OVERSEE)
def stamp_account_export() -> Response:
    """The account as a sheet."""
    sought = wanted(None)
    with access.reading() as session:
        lines = stamp_account.account(session, text=sought.text, producer_id=sought.producer_id)
    return sheet("so-tem", *stamp_account_sheet(lines))


@blueprint.get("/stamp-account/missing/export")
@requires(Permission.OVERSEE)
def stamp_account_missing_export() -> Response:
    """The missing stamps with their age and owner as a sheet."""
    sought = wanted(None)
    with access.reading() as session:
        lines = stamp_account.account(session, text=sought.text, producer_id=sought.producer_id)
        missing = stamp_account.missing(session, producer_id=sought.producer_id)
    return sheet("tem-that-lac", *missing_stamps_sheet(_of(lines, missing)))


def _of(lines: list[Line], missing: list[Missing]) -> list[Missing]:
    """The missing stamps of the products that are looked at."""
    shown = {line.product.id for line in lines}
    return [one for one in missing if one.product.id in shown]


@blueprint.post("/stamp-orders/<order_id>/approve")
@requires(Permission.ISSUE_STAMPS)
def stamp_orders_approve(order_id: str) -> Response:
    """An agency is the second person of a very large order; its codes are made at once."""
    answer = press(
        lambda session, actor: stamp_approvals.approve(session, actor, order_id),
        url_for("inspector.stamp_orders_show", order_id=order_id),
        gettext("The order is approved. The producer can print it."),
    )
    with access.reading() as session:
        order = records.find(session, StampOrder, order_id)
    if order.approved_at is not None and order.ready_at is None:
        keyring = access.settings().keyring()
        try:
            print_room.make_ready(access.database(), access.current_actor(), order_id, keyring)
        except MintKeyMissing:
            mint.forget_keys(access.database())  # its page says so, and it can be prepared again there
    return answer
