"""The producer's own print layouts: the list, and the editor with its drawing of the page."""

from typing import Any

from flask import flash, render_template, request, url_for
from sqlmodel import select
from werkzeug.wrappers import Response

from traceability import access, layout_drafts
from traceability.blueprints.producer import blueprint
from traceability.domain import layouts, records, stamp_logos
from traceability.domain.actors import Permission
from traceability.domain.errors import RuleBroken
from traceability.domain.layouts import PrintLayout
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.forms import Form, press
from traceability.i18n import gettext, language
from traceability.labels import LAYOUTS
from traceability.labels.layout import DPI_PROFILES, Arrangement, Marks
from traceability.labels.logo import Logo
from traceability.labels.order import PrintedForm
from traceability.layout_drafts import Drawing, LayoutDraft
from traceability.stamp_faces import OFFERED, Words


@blueprint.route("/layouts", endpoint="stamp_orders_layouts")
@access.requires(Permission.VIEW_OWN)
def index() -> str:
    """The layouts of the producer, also those out of use."""
    tenant = access.current_actor().tenant()
    with access.reading() as session:
        rows = layouts.of_producer(session, tenant, retired=True)
    shown = [(row, layout_drafts.kept(row)) for row in rows]
    return render_template("producer/layouts/list.html", rows=shown, ready=list(LAYOUTS))


@blueprint.route("/layouts/new", methods=["GET", "POST"], endpoint="stamp_orders_layouts_new")
@access.requires(Permission.MANAGE_PRODUCTS)
def new() -> Response | tuple[str, int]:
    """A new layout, begun from a ready one."""
    begun = LAYOUTS.get(request.args.get("from", ""), LAYOUTS["a4-5x13-38x21"])
    return _editor(layout_drafts.as_typed(begun, language(), name=""))


@blueprint.route("/layouts/<layout_id>", methods=["GET", "POST"], endpoint="stamp_orders_layouts_edit")
@access.requires(Permission.MANAGE_PRODUCTS)
def edit(layout_id: str) -> Response | tuple[str, int]:
    """Changes a layout; orders that were placed on it print as they were."""
    with access.reading() as session:
        row = records.find(session, PrintLayout, layout_id)
    typed = layout_drafts.as_typed(
        layout_drafts.kept(row), language(), name=row.name, small_reason=row.small_reason
    )
    return _editor(typed, row)


@blueprint.post("/layouts/preview", endpoint="stamp_orders_layouts_preview")
@access.requires(Permission.MANAGE_PRODUCTS)
def drawing() -> tuple[str, int]:
    """The drawing of what is typed, as a piece of the page."""
    form = Form(LayoutDraft)
    if not form.text("name").strip():
        form.put("name", "–")  # a drawing needs no name yet
    drawn = _draw(form) if form.valid() else None
    return form.page("producer/layouts/_drawing.html", drawn=drawn)


@blueprint.post("/layouts/<layout_id>/retire", endpoint="stamp_orders_layouts_retire")
@access.requires(Permission.MANAGE_PRODUCTS)
def retire(layout_id: str) -> Response:
    """Takes a layout out of use, or back into it."""
    with access.reading() as session:
        back = records.find(session, PrintLayout, layout_id).retired_at is not None
    return press(
        lambda session, actor: layouts.retire(session, actor, layout_id, back=back),
        url_for("producer.stamp_orders_layouts"),
    )


def _editor(typed: dict[str, Any], row: PrintLayout | None = None) -> Response | tuple[str, int]:
    form = Form(LayoutDraft, typed)
    drawn = None
    if form.valid() and form.value is not None:
        drawn, draft = _draw(form), form.value
        if (
            drawn is not None
            and not request.form.get("look")
            and form.save(
                lambda session, actor, _draft: layouts.keep(
                    session, actor, draft.to_keep(), row.id if row else None
                ),
                lambda _kept: url_for("producer.stamp_orders_layouts"),
            )
        ):
            flash(gettext("The layout is kept. It can be chosen when stamps are ordered."), "success")
            return form.redirect()
    elif not form.submitted:
        drawn = _draw(form, LayoutDraft.model_validate(_fields(typed)))
    return form.page(
        "producer/layouts/edit.html",
        row=row,
        drawn=drawn,
        lines=OFFERED,
        resolutions=DPI_PROFILES,
        arrangements=list(Arrangement),
        marks=list(Marks),
        codes=list(PrintedForm),
    )


def _fields(typed: dict[str, Any]) -> dict[str, Any]:
    """The values of a layout that the editor has fields for."""
    wanted = {name: typed[name] for name in LayoutDraft.model_fields if typed.get(name, "") != ""}
    return wanted | {"name": typed["name"] or "–"}


def _draw(form: Form[LayoutDraft], draft: LayoutDraft | None = None) -> Drawing | None:
    """The drawing of what was typed; None when it cannot be printed, which the form then says."""
    draft = draft or form.value
    if draft is None:
        return None
    settings = access.settings()
    words, logo = _printed()
    try:
        return layout_drafts.draw(draft, words, settings.public_root, demo=settings.demo, logo=logo)
    except RuleBroken as error:
        form.refuse(RuleBroken(error.code, None if error.field == "layout" else error.field, **error.facts))
        return None


def _printed() -> tuple[Words, Logo | None]:
    """What stands on the drawn stamps."""
    with access.reading() as session:
        producer = records.find(session, Producer, access.current_actor().tenant())
        mine = select(Product).where(Product.producer_id == producer.id)
        product = session.exec(mine.order_by(Product.sort_key)).first()
        kept = stamp_logos.of_producer(session, producer.id)
    return layout_drafts.sample_words(producer, product), Logo.unpacked(kept.dots) if kept else None
