"""The producer's mark on its stamps: a picture comes in, black and white dots are kept."""

from flask import flash, url_for
from werkzeug.wrappers import Response

from traceability import access
from traceability.blueprints.producer import blueprint
from traceability.domain import stamp_logos
from traceability.domain.actors import Permission
from traceability.domain.errors import RuleBroken
from traceability.forms import Button, Form, press
from traceability.i18n import gettext
from traceability.labels.logo import Logo


@blueprint.route("/layouts/logo", methods=["GET", "POST"], endpoint="stamp_orders_logo")
@access.requires(Permission.MANAGE_PRODUCTS)
def logo() -> Response | tuple[str, int]:
    """The mark as it is printed now, and another in its place."""
    form = Form(Button)
    if form.valid() and (given := _given(form)) is not None:
        dots = given.packed()
        if form.save(
            lambda session, actor, _value: stamp_logos.give(session, actor, dots),
            lambda _logo: url_for("producer.stamp_orders_logo"),
        ):
            flash(
                gettext("The logo is kept. New orders print it where the layout has a place for it."),
                "success",
            )
            return form.redirect()
    with access.reading() as session:
        kept = stamp_logos.of_producer(session, access.current_actor().tenant())
    shown = Logo.unpacked(kept.dots) if kept is not None else None
    return form.page("producer/layouts/logo.html", kept=kept, shown=shown)


@blueprint.post("/layouts/logo/retire", endpoint="stamp_orders_logo_retire")
@access.requires(Permission.MANAGE_PRODUCTS)
def retire() -> Response:
    """Takes the mark out of use."""
    return press(
        lambda session, actor: stamp_logos.retire(session, actor),
        url_for("producer.stamp_orders_logo"),
        gettext("New orders are printed without a logo."),
    )


def _given(form: Form[Button]) -> Logo | None:
    """The mark that was sent; None when there is none or it cannot be read, which the form then says."""
    upload = form.file("logo")
    try:
        if upload is None:
            raise RuleBroken("forms.upload_missing", "logo")
        return Logo.from_picture(upload.read())
    except RuleBroken as error:
        form.refuse(error)
        return None
