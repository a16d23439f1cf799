"""The rules: the book with reasons, sources and what each does; deciding what it does; the figures it measures by."""

from typing import Any

from flask import abort, flash, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, wording
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.domain import case_files, logbook, products, rule_figures, rule_settings
from traceability.domain.actors import Permission
from traceability.domain.area_grants import MARKETS
from traceability.domain.clock import today
from traceability.domain.product_categories import ProductForm
from traceability.domain.rule_book import BOOK, Effect, RuleCode
from traceability.domain.rule_figures import FigureInput, FigureKind
from traceability.domain.rule_settings import SettingInput
from traceability.forms import Form
from traceability.i18n import country, gettext, month
from traceability.wording.rules import REASONS, SOURCES

#: Which figures a rule measures by.
FIGURES: dict[RuleCode, FigureKind] = {
    RuleCode.IMPLAUSIBLE_DATE: FigureKind.TOLERANCE,
    RuleCode.OVER_YIELD: FigureKind.CEILING,
    RuleCode.OVER_YIELD_CUMULATIVE: FigureKind.CEILING,
    RuleCode.OUT_OF_SEASON: FigureKind.SEASON,
    RuleCode.BANNED_INGREDIENT: FigureKind.INGREDIENT,
    RuleCode.UNREGISTERED_INGREDIENT: FigureKind.INGREDIENT,
    RuleCode.DOSE_MISMATCH: FigureKind.TOLERANCE,
    RuleCode.BAD_CONVERSION: FigureKind.BAND,
    RuleCode.AREA_OVERLAP: FigureKind.TOLERANCE,
}
_TOLERANCE = {
    RuleCode.IMPLAUSIBLE_DATE: rule_figures.LATE_MONTHS,
    RuleCode.DOSE_MISMATCH: rule_figures.DOSE_PERCENT,
    RuleCode.AREA_OVERLAP: rule_figures.OVERLAP_PERCENT,
}


@blueprint.get("/rules", endpoint="rules")
@requires(Permission.OVERSEE)
def index() -> str:
    """All rules: why, on what they stand, and what they do today."""
    with access.reading() as session:
        rows = [
            (rule, rule_settings.effect_of(session, code, None, None, today())[0], _narrower(session, code))
            for code, rule in BOOK.items()
        ]
    return render_template("inspector/rules/list.html", rows=rows, reasons=REASONS, sources=SOURCES)


@blueprint.route("/rules/<rule_code>", methods=["GET", "POST"])
@requires(Permission.OVERSEE)
def rules_show(rule_code: str) -> Response | tuple[str, int]:
    """One rule: what was decided of it, and the form for another decision."""
    rule = _rule(rule_code)
    form = Form(SettingInput, {"from_on": today()}, fixed={"rule": rule.value})
    if form.save(rule_settings.decide, lambda _made: url_for("inspector.rules_show", rule_code=rule.value)):
        flash(gettext("Decided. It holds from the day you named on."), "success")
        return form.redirect()
    with access.reading() as session:
        decisions = rule_settings.history(session, rule)
        known = products.crops(session)
        people = logbook.people(session, [row.by_id for row in decisions])
        offices = case_files.agencies_by_id(session, [row.agency_id for row in decisions])
    return form.page(
        "inspector/rules/show.html",
        rule=BOOK[rule],
        reason=gettext(REASONS[rule]),
        source=gettext(SOURCES[rule]),
        decisions=decisions,
        people=people,
        offices=offices,
        crops=[(crop.id, crop.name) for crop in known if crop.kind != "process"],
        names={crop.id: crop.name for crop in known},
        markets=[(code, country(code)) for code in MARKETS],
        effects=[
            (effect.value, wording.name(effect))
            for effect in Effect
            if effect is not Effect.BLOCK or BOOK[rule].stops or "ship" in BOOK[rule].judged
        ],
        figures=rule in FIGURES,
    )


@blueprint.route("/rules/<rule_code>/figures", methods=["GET", "POST"])
@requires(Permission.OVERSEE)
def rules_figures(rule_code: str) -> Response | tuple[str, int]:
    """The figures that a rule measures by, as they hold today; and the form that sets another."""
    rule = _rule(rule_code)
    if rule not in FIGURES:
        abort(404)
    kind = FIGURES[rule]
    fixed: dict[str, Any] = {"kind": kind.value}
    if kind is FigureKind.TOLERANCE:
        fixed["name"] = _TOLERANCE[rule]
    form = Form(FigureInput, {"valid_from": today(), "crop_id": request.args.get("crop", "")}, fixed=fixed)
    if form.save(
        rule_figures.set_figure, lambda _made: url_for("inspector.rules_figures", rule_code=rule.value)
    ):
        flash(gettext("Set. What was judged of earlier days stays as it was."), "success")
        return form.redirect()
    with access.reading() as session:
        known = products.crops(session)
        rows = _figures(session, kind, known)
        listed = [
            row for row in rule_figures.listed(session, [kind]) if fixed.get("name") in (None, row.name)
        ]
        percent = rule_figures.tolerance(session, fixed["name"], today()) if "name" in fixed else None
    return form.page(
        "inspector/rules/figures.html",
        rule=BOOK[rule],
        kind=kind,
        rows=rows,
        listed=listed,
        percent=percent,
        in_months=fixed.get("name") == rule_figures.LATE_MONTHS,
        months=[(number, month(number)) for number in range(1, 13)],
        crops=[(crop.id, crop.name) for crop in known],
        names={crop.id: crop.name for crop in known},
        product_forms=[(form.value, wording.name(form)) for form in ProductForm],
    )


def _rule(code: str) -> RuleCode:
    if code not in set(RuleCode):
        abort(404)
    return RuleCode(code)


def _narrower(session: Session, rule: RuleCode) -> int:
    """How many decisions about single crops or markets there are."""
    return sum(1 for row in rule_settings.history(session, rule) if row.crop_id or row.market)


def _figures(session: Session, kind: FigureKind, known: list[products.Crop]) -> list[dict[str, Any]]:
    """What holds today, crop by crop."""
    rows: list[dict[str, Any]] = []
    for crop in known:
        if kind is FigureKind.CEILING:
            found = rule_figures.ceiling(session, crop, today())
            if found is not None:
                rows.append({"crop": crop, "ceiling": found})
        elif kind is FigureKind.SEASON and crop.facts.get("yield"):
            rows.append({"crop": crop, "months": rule_figures.season(session, crop, today())})
        elif kind is FigureKind.BAND:
            for form in crop.facts.get("conversion_out_in") or {}:
                band = rule_figures.band(session, crop, form, today())
                rows.append({"crop": crop, "form": wording.name(ProductForm(form)), "band": band})
    return rows
