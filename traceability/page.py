"""What every page can ask: who is signed in, the menu of their audience, languages, and how things are written."""

from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, request, url_for
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from traceability import access, i18n, vietnamese, wording
from traceability.domain import notices, overview
from traceability.domain.actors import Permission
from traceability.domain.amounts import amount_text
from traceability.domain.clock import local_day
from traceability.domain.moments import is_whole_day
from traceability.domain.ownership import EVERYTHING
from traceability.domain.quantities import ha_text, kg_text
from traceability.i18n import N_, gettext
from traceability.wording import rules
from traceability.wording.agency_names import agency_name
from traceability.wording.areas import ANY_AREA, area_words, office_words

#: The menus: (endpoint, label, icon, permission that shows it; None: always).
PRODUCER_MENU = (
    ("producer.home", N_("Overview"), "home", None),
    ("producer.batches", N_("Batches"), "batch", None),
    ("producer.stamp_orders", N_("Stamps"), "stamp", None),
    ("producer.areas", N_("Growing areas"), "map", None),
    ("producer.products", N_("Products"), "product", None),
    ("producer.diary", N_("Farm diary"), "leaf", None),
    ("producer.deliveries", N_("Deliveries"), "truck", None),
    ("producer.consignments", N_("Export"), "globe", None),
    ("producer.certificates", N_("Certificates"), "certificate", None),
    ("producer.profile", N_("Our details"), "producer", None),
)
INSPECTOR_MENU = (
    ("inspector.dashboard", N_("Overview"), "chart", None),
    ("inspector.search", N_("Search"), "search", None),
    ("inspector.batches", N_("Batches"), "batch", None),
    ("inspector.producers", N_("Producers"), "producer", None),
    ("inspector.areas", ANY_AREA.areas, "map", None),
    ("inspector.stamp_orders", N_("Stamps"), "stamp", None),
    ("inspector.consignments", N_("Export"), "globe", None),
    ("inspector.inspections", N_("Inspections"), "inspection", None),
    ("inspector.flags", N_("Flags of the rules"), "warning", None),
    ("inspector.recalls", N_("Recalls"), "recall", None),
    ("inspector.doubts", N_("Reports of a doubt"), "flag", None),
    ("inspector.log", N_("Log"), "log", None),
    ("inspector.act_for", N_("Enter data for a producer"), "pencil", Permission.DATA_ENTRY_ON_BEHALF),
    ("inspector.administration", N_("Administration"), "settings", Permission.MANAGE_ACCOUNTS),
)


def language_link(code: str) -> str:
    """This page in another language: the same address with another `lang`.

    What a visitor wrote into the address is never an argument of `url_for`, where `endpoint` or `_method` mean more.
    """
    kept = request.args.items(multi=True) if request.method == "GET" else ()
    return "?" + urlencode([*((key, text) for key, text in kept if key != "lang"), ("lang", code)])


def _menu(
    rows: tuple[tuple[str, str, str, Permission | None], ...], renamed: dict[str, str]
) -> list[dict[str, Any]]:
    actor = access.current_actor()
    here = request.endpoint or ""
    return [
        {
            "url": url_for(endpoint),
            "label": gettext(renamed.get(endpoint, label)),
            "icon": icon,
            "active": _under(endpoint, here),
        }
        for endpoint, label, icon, permission in rows
        if (permission is None or actor.may(permission)) and endpoint in current_app.view_functions
    ]


def _under(endpoint: str, here: str) -> bool:
    """`producer.batches` is current on `producer.batches` and on `producer.batches_new`, `producer.batches_show`."""
    return here == endpoint or here.startswith(endpoint + "_")


def _office() -> dict[str, Any]:
    signed = current_user
    if not signed.is_authenticated:
        return {}
    actor = access.current_actor()
    on_producer_pages = (request.blueprint or "") == "producer" or actor.producer_id is not None
    menu = PRODUCER_MENU if on_producer_pages else INSPECTOR_MENU
    try:
        with access.reading(EVERYTHING) as session:
            unread = notices.unread(session, actor)
            kinds = overview.crop_kinds(session, actor.producer_id) if actor.producer_id else set()
    except SQLAlchemyError:
        unread, kinds = 0, set()  # the page of an error must not need a healthy database
    our_areas = office_words(kinds)
    return {
        "nav": _menu(menu, {"producer.areas": our_areas.areas}),
        "our_areas": our_areas,
        "user_id": actor.user_id,
        "shelf": f"{actor.user_id}:{actor.producer_id or ''}",  # what a phone keeps is of both
        "user_name": signed.account.display_name,
        "role_name": wording.name(signed.account.role),
        "acting_for": signed.acting_for.name if actor.on_behalf and signed.acting_for else None,
        "unread": unread,
        "inbox_url": url_for("auth.notices"),
        "account_url": url_for("auth.account"),
        "sign_out_url": url_for("auth.sign_out"),
        "home_url": access.home_of(signed.actor),
    }


def init_app(app: Flask) -> None:
    """Gives templates the words and the frame they need."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda message: i18n.gettext(message),
        lambda one, many, n: i18n.ngettext(one, many, n),
        newstyle=False,
    )
    app.jinja_env.template_class = vietnamese.Page
    app.jinja_env.finalize = vietnamese.put_out
    app.jinja_env.globals.update(area_words=area_words, any_area=ANY_AREA, rule_box=rules.box)
    app.jinja_env.globals.update(language_tag=i18n.tag, language_names=i18n.LANGUAGES)
    app.jinja_env.globals.update(_=i18n.gettext, gettext=i18n.gettext, ngettext=i18n.ngettext)
    app.jinja_env.filters.update(
        day=i18n.day,
        moment=i18n.moment,
        colon=i18n.colon,
        bracketed=i18n.bracketed,
        number=i18n.number,
        country=i18n.country,
        agency=agency_name,
        word=wording.name,
        marked=vietnamese.marked,
        words_marked=vietnamese.words_marked,
        sentence=lambda code: wording.sentence(code, {}),
        when=lambda moment: i18n.day(local_day(moment)) if is_whole_day(moment) else i18n.moment(moment),
        amount=lambda thousandths, measure: amount_text(thousandths, measure, i18n.language()),
        kg=lambda grams: kg_text(grams, i18n.language()),
        hectares=lambda m2: ha_text(m2, i18n.language()),
    )
    app.jinja_env.globals.update(may=lambda *words: access.current_actor().may(*map(Permission, words)))

    @app.context_processor
    def frame() -> dict[str, Any]:
        i18n.language()
        return {
            "demo": access.settings().demo,
            "public_host": access.settings().public_host,
            "language_links": [(code, language_link(code)) for code in i18n.offered()],
            **_office(),
        }
