"""Webhooks of one's producer or agency: set up, paused, ended, and what was sent."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import flash, redirect, request, url_for
from flask_login import current_user
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, courier, wording
from traceability.access import requires
from traceability.blueprints.auth import blueprint
from traceability.domain import webhook_deliveries, webhook_trials, webhooks
from traceability.domain.actors import Actor, Permission
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ownership import EVERYTHING
from traceability.domain.webhook_deliveries import SendAgainInput, WebhookDelivery
from traceability.domain.webhook_trials import TrialInput
from traceability.domain.webhooks import Change, ChangeInput, Interest, RenewInput, Webhook, WebhookInput
from traceability.forms import Form
from traceability.i18n import N_, gettext
from traceability.wording.facts import FACTS
from traceability.wording.webhooks import TROUBLE

_PAGE = 25
_DONE = {
    Change.PAUSE: N_("The webhook is paused."),
    Change.RESUME: N_("The webhook is resumed. What did not arrive is sent now."),
    Change.END: N_("The webhook has ended."),
}


@blueprint.route("/webhooks", methods=["GET", "POST"])
@requires(Permission.MANAGE_OWN_PROFILE, Permission.OVERSEE)
def account_webhooks() -> Response | tuple[str, int]:
    """The webhooks of one's organisation and the form for a new one."""
    form, actor, secret = Form(WebhookInput, {"interests": list(Interest)}), current_user.actor, ""
    settings = access.settings()
    register = partial(webhooks.register, plain_http=settings.demo, may_reach=courier.may_reach(settings))
    if form.save(register, lambda _made: url_for("auth.account_webhooks"), actor=actor):
        if form.result is None:  # sent twice: the secret was on the first answer
            return form.redirect()
        secret = _secret_of(form.result)
        form = Form(WebhookInput, {"interests": list(Interest)})
        form.submitted = False
    with access.reading(EVERYTHING) as session:
        rows = webhooks.of_owner(session, actor)
    words = {word.value: wording.name(word) for word in Interest}
    owns = actor.producer_id is not None or actor.agency_id is not None
    return form.page("auth/webhooks.html", rows=rows, secret=secret, words=words, owns=owns)


@blueprint.route("/webhooks/<webhook_id>", methods=["GET", "POST"])
@requires(Permission.MANAGE_OWN_PROFILE, Permission.OVERSEE)
def account_webhooks_show(webhook_id: str) -> Response | tuple[str, int]:
    """What a webhook was sent, each try of it; the form gives it a new secret, which is on this answer only."""
    actor, secret = current_user.actor, ""
    with access.reading(EVERYTHING) as session:
        webhook = webhooks.own(session, actor, webhook_id)
    form = Form(RenewInput, fixed={"webhook_id": webhook.id})
    here = url_for("auth.account_webhooks_show", webhook_id=webhook.id)
    if form.save(webhooks.renew, lambda _done: here, actor=actor):
        if form.result is None:
            return form.redirect()
        secret, webhook = _secret_of(form.result), form.result
    asked = request.args.get("before", "")
    before = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 16 else None
    with access.reading(EVERYTHING) as session:
        found = webhook_deliveries.newest(session, webhook.id, before, _PAGE + 1)
        tries = webhook_deliveries.attempts_of(session, found[:_PAGE])
    older = f"{here}?before={found[_PAGE - 1].position}" if len(found) > _PAGE else None
    words = {word.value: wording.name(word) for word in Interest}
    return form.page(
        "auth/webhook.html", webhook=webhook, rows=found[:_PAGE], tries=tries, secret=secret, older=older,
        words=words, fact_words=FACTS, trouble=TROUBLE,
    )  # fmt: skip


@blueprint.post("/webhooks/change")
@requires(Permission.MANAGE_OWN_PROFILE, Permission.OVERSEE)
def account_webhooks_change() -> Response:
    """Pauses, resumes or ends a webhook."""
    form = Form(ChangeInput)
    here = url_for("auth.account_webhooks")
    if form.save(webhooks.change, lambda _done: here, actor=current_user.actor):
        flash(gettext(_DONE[form.value.act]) if form.value else "", "success")
    else:
        flash(" ".join(form.errors.values()), "error")
    return redirect(here, code=303)


@blueprint.post("/webhooks/send-again")
@requires(Permission.MANAGE_OWN_PROFILE, Permission.OVERSEE)
def account_webhooks_send_again() -> Response:
    """Sends one message once more."""
    return _send(
        SendAgainInput, _send_again, gettext("It is being sent again. Load this page anew in a moment.")
    )


@blueprint.post("/webhooks/try")
@requires(Permission.MANAGE_OWN_PROFILE, Permission.OVERSEE)
def account_webhooks_try() -> Response:
    """Sends a test message."""
    said = gettext("The test message is on its way. Load this page anew in a moment.")
    return _send(TrialInput, webhook_trials.send, said)


def _send(input_class: type[Any], use_case: Callable[..., Any], said: str) -> Response:
    """Sends a message of a webhook, and shows its page with a word, or the list with the refusal."""
    form = Form(input_class)
    done = form.save(
        use_case,
        lambda one: url_for("auth.account_webhooks_show", webhook_id=one.webhook_id),
        actor=current_user.actor,
    )
    if not done:
        flash(" ".join(form.errors.values()), "error")
        return redirect(url_for("auth.account_webhooks"), code=303)
    flash(said, "success")
    return form.redirect()


def _send_again(session: Session, actor: Actor, value: SendAgainInput) -> WebhookDelivery:
    delivery = session.get(WebhookDelivery, value.delivery_id)
    if delivery is None:
        raise NotFound("WebhookDelivery", str(value.delivery_id))
    if not webhooks.own(session, actor, delivery.webhook_id).is_live:
        raise RuleBroken("webhooks.not_live")
    webhook_deliveries.send_again(session, delivery)
    return delivery


def _secret_of(webhook: Webhook) -> str:
    return webhooks.secret_text(access.settings().keyring().secret(webhooks.KEY), webhook)
