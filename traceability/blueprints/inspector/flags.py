"""Flags of the rules: the list with its filters, one flag with its facts, and its override."""

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from traceability import access, wording
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.blueprints.inspector.listing import page_link
from traceability.domain import records, rule_flags, rule_overrides
from traceability.domain.actors import Permission
from traceability.domain.producers import Producer
from traceability.domain.rule_book import BOOK, RuleCode
from traceability.domain.rule_flags import FlagState, RuleFlag
from traceability.domain.rule_overrides import OVERRIDERS, OverrideInput
from traceability.forms import Form
from traceability.i18n import gettext
from traceability.wording.rules import SOURCES, told, why

_ANY = "any"


@blueprint.get("/flags", endpoint="flags")
@requires(Permission.OVERSEE)
def index() -> str:
    """The flags within the scope: open ones, unless another state is asked for."""
    asked, wanted = request.args.get("state", FlagState.OPEN.value), request.args.get("rule", "")
    state = FlagState(asked) if asked in set(FlagState) else None if asked == _ANY else FlagState.OPEN
    rule = RuleCode(wanted) if wanted in set(RuleCode) else None
    text, page = request.args.get("q", ""), max(request.args.get("page", 1, int), 1)
    with access.reading() as session:
        rows, count, pages = rule_flags.listed(session, state=state, rule=rule, text=text, page=page)
        counts = rule_flags.counts(session)
    return render_template(
        "inspector/flags/list.html",
        rows=rows,
        count=count,
        pages=pages,
        page=min(page, pages),
        link=page_link(),
        text=text,
        state=state.value if state else _ANY,
        states=[(member.value, wording.name(member)) for member in FlagState] + [(_ANY, gettext("All"))],
        rule=rule.value if rule else "",
        rule_choices=[(code.value, f"{wording.name(code)} ({counts.get(code, 0)})") for code in RuleCode],
        told=told,
    )


@blueprint.route("/flags/<flag_id>", methods=["GET", "POST"])
@requires(Permission.OVERSEE)
def flags_show(flag_id: str) -> Response | tuple[str, int]:
    """One flag: what is wrong, by which facts, why the rule is there; and the form that lets it pass."""
    form = Form(OverrideInput, {"days": 7}, fixed={"flag_id": flag_id})
    if form.save(rule_overrides.override, lambda _made: url_for("inspector.flags_show", flag_id=flag_id)):
        flash(gettext("Let pass. The producer is told, and the public page of the batch says it."), "success")
        return form.redirect()
    actor = access.current_actor()
    with access.reading() as session:
        flag = records.find(session, RuleFlag, flag_id)
        owner = records.find(session, Producer, flag.producer_id)
        said = rule_overrides.of_flags(session, [flag]).get(flag.override_id or "")
        pending = rule_overrides.can_be_let_pass(session, flag)
    return form.page(
        "inspector/flags/show.html",
        flag=flag,
        owner=owner,
        said=said,
        text=told(flag.rule, flag.evidence),
        reason=why(flag.rule, flag.evidence),
        source=gettext(SOURCES[flag.rule]),
        may_override=pending
        and not BOOK[flag.rule].fixed
        and actor.agency_id is not None
        and actor.may(*OVERRIDERS),
    )
