"""The front door: the box for a typed code, the register's figures, and what a machine may read."""

from flask import render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from traceability import access, i18n
from traceability.access import PUBLIC_VIEW, requires
from traceability.blueprints.public import blueprint
from traceability.domain import catalogue, stamp_codes
from traceability.domain.ownership import PUBLIC
from traceability.domain.scans import KEPT_DAYS
from traceability.domain.stamp_checks import MOST_A_DAY
from traceability.wording.scans import PAGES

#: Products shown on the front page.
_SHOWN = 6
#: More is no code; enough is shown again to see what was typed.
_MOST_TYPED = 100
_ROBOTS = (
    "User-agent: *\nDisallow: /s/\nDisallow: /S/\nDisallow: /01/\nDisallow: /doubts\nDisallow: /account\n"
)


@blueprint.get("/")
@requires(PUBLIC_VIEW)
def home() -> str:
    """The home page."""
    with access.reading(PUBLIC) as session:
        counters = catalogue.counters(session)
        shown = [card for card in catalogue.products(session) if card.picture]
    step = max(1, len(shown) // _SHOWN)
    return render_template("public/home.html", counters=counters, shown=shown[::step][:_SHOWN])


@blueprint.get("/s")
@blueprint.get("/S")
@requires(PUBLIC_VIEW)
def look_up() -> Response | tuple[str, int]:
    """A typed code: to its page, or back with what cannot be right. Asks no database."""
    typed = request.args.get("code", "")[:_MOST_TYPED]
    code = stamp_codes.normalise(typed)
    if isinstance(code, stamp_codes.Problem):
        return render_template("public/typed.html", typed=typed[:64], problem=code), 422
    asked = request.args.get("lang")
    return redirect(f"/s/{code}" + (f"?lang={asked}" if asked in i18n.LANGUAGES else ""), 303)


@blueprint.get("/how-to-check")
@requires(PUBLIC_VIEW)
def how_to_check() -> str:
    """How to check a stamp, and what a stamp cannot tell."""
    return render_template("public/how_to_check.html", pages=PAGES)


@blueprint.get("/privacy")
@requires(PUBLIC_VIEW)
def privacy() -> str:
    """What is kept of a visitor."""
    return render_template("public/privacy.html", kept_days=KEPT_DAYS, tries_a_day=MOST_A_DAY)


@blueprint.get("/robots.txt")
@requires(PUBLIC_VIEW)
def robots() -> Response:
    """Stamps are not for search engines: each belongs to one pack."""
    return Response(_ROBOTS, mimetype="text/plain")
