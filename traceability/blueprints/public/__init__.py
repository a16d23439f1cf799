"""The shopper's pages: what a stamp says, and the public catalogue. No sign-in, no cookie, no script needed.

The pages of printed codes themselves (`/s/`, Digital Links) stand in front of the framework, in `scan_gate`.
"""

from typing import Any

from flask import Blueprint, Flask, g, request

from traceability import i18n, visitors
from traceability.domain import evidence
from traceability.domain.clock import local_day
from traceability.wording import evidence as evidence_words
from traceability.wording import page_snapshots as snapshot_words
from traceability.wording import seasons as season_words
from traceability.wording import trade_terms

blueprint = Blueprint("public", __name__)


@blueprint.before_request
def _choose_language() -> None:
    """`?lang=` goes first and is carried on by the links of the page; then the office's switch, then the browser."""
    asked = request.args.get("lang")
    g.carried_language = asked if asked in i18n.LANGUAGES else ""
    kept = i18n.kept_language()
    g.language = kept if not g.carried_language and kept in i18n.LANGUAGES else visitors.language_of(request)


@blueprint.record_once
def _wire(state: Any) -> None:
    app: Flask = state.app
    app.jinja_env.filters.update(
        local_day=local_day,
        vouching=evidence_words.sentence,
        season_of=season_words.sentence,
        fact_label=snapshot_words.label,
        fact_value=snapshot_words.value,
        term=trade_terms.term,
        weight=trade_terms.amount,
    )
    app.jinja_env.globals.update(
        computed=evidence.computed, grades_in_words=tuple(evidence.Grade), snapshot_words=snapshot_words
    )
    app.url_defaults(_carry_language)


def _carry_language(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint.startswith("public.") and endpoint != "public.picture" and g.get("carried_language"):
        values.setdefault("lang", g.carried_language)
