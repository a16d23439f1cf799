"""The administrator's room: its door, and who may do what."""

from flask import render_template

from traceability import access
from traceability.access import current_actor, requires
from traceability.blueprints.inspector import blueprint
from traceability.domain import agencies, delegation, producers
from traceability.domain.actors import GRANTS, ON_BEHALF_GRANTS, Permission, Role


@blueprint.get("/administration")
@requires(Permission.MANAGE_ACCOUNTS)
def administration() -> str:
    """What waits, and the ways into the room."""
    actor = current_actor()
    with access.reading() as session:
        drafts = producers.waiting_for_approval(session)
        without = delegation.waiting(session, limit=1000)
        overseers = agencies.all_within_reach(session, actor)
    return render_template(
        "inspector/administration/home.html",
        drafts=drafts,
        without=without,
        agencies=overseers,
        may_erase=actor.may(Permission.ADMINISTER),
    )


@blueprint.get("/administration/permissions")
@requires(Permission.MANAGE_ACCOUNTS)
def administration_permissions() -> str:
    """Who may do what: each role, each agency with its scope."""
    actor = current_actor()
    with access.reading() as session:
        overseers = agencies.all_within_reach(session, actor)
    roles = [(role, sorted(GRANTS[role])) for role in Role]
    return render_template(
        "inspector/administration/permissions.html",
        roles=roles,
        on_behalf=sorted(ON_BEHALF_GRANTS),
        agencies=overseers,
    )
