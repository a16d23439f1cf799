"""Three languages: message ids are English, Vietnamese is a complete catalogue and the default.

The public pages speak Chinese too (`translations/zh/` holds what they say, in files of the same names); the pages of
producers and agencies know Vietnamese and English.

Catalogues are the `.po` files of `translations/<language>/`, one per audience or concept, merged at the start; there is
nothing to compile. A message stands in exactly one file. Dates, weights and numbers are written the reader's way.
"""

import gettext as standard
import io
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.core import Locale
from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from flask import current_app, g, has_request_context, request

from traceability import vietnamese
from traceability.domain.clock import VIETNAM

#: What the public pages can be read in, each by its own name.
LANGUAGES = {"vi": "Tiếng Việt", "en": "English", "zh": "中文"}
#: What the pages of producers and agencies can be read in.
OFFICE_LANGUAGES = {code: LANGUAGES[code] for code in ("vi", "en")}
DEFAULT = "vi"
#: Who reads none of the office's languages is likelier to read this one.
_IN_THE_OFFICE = {"zh": "en"}
_PUBLIC = (None, "public")
_FOLDER = Path(__file__).parent / "translations"


def N_(message: str) -> str:  # noqa: N802 - the customary name, known to the extractor
    """Marks a message for the catalogue; it is translated where it is shown."""
    return message


def catalogue(language: str) -> Catalog:
    """All messages of a language, merged from its files. Raises `ValueError` where two files hold one message."""
    merged = Catalog(locale=language)
    owner: dict[str, str] = {}
    for path in sorted((_FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if not message.id:
                    continue
                key = message.id if isinstance(message.id, str) else message.id[0]
                if key in owner and catalogue_text(merged, key) != message.string:
                    raise ValueError(f"{path.name} and {owner[key]} both translate {key!r}")
                owner[key] = path.name
                merged[message.id] = message
    return merged


def catalogue_text(merged: Catalog, key: str) -> Any:
    """The translation that a merged catalogue holds for a message id."""
    found = merged.get(key)
    return found.string if found is not None else None


@lru_cache(maxsize=8)
def _translations(language: str) -> standard.NullTranslations:
    if language == "en":
        return standard.NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    return standard.GNUTranslations(compiled)


def language() -> str:
    """The language of this request: `?lang=`, then the cookie of the switch, then the account's, then what a visitor's
    browser asks for, then Vietnamese. An office page asked for in Chinese comes in English."""
    if not has_request_context():
        return DEFAULT
    if "language" not in g:
        asked = request.args.get("lang") or kept_language() or getattr(g, "account_language", None)
        if asked not in LANGUAGES and request.blueprint in _PUBLIC:
            asked = request.accept_languages.best_match(list(LANGUAGES))
        if request.blueprint not in _PUBLIC:
            asked = _IN_THE_OFFICE.get(asked or "", asked)
        g.language = asked if asked in LANGUAGES else DEFAULT
    return str(g.language)


def kept_language() -> str | None:
    """What the cookie of the switch says, whatever that is."""
    return request.cookies.get(current_app.config["LANGUAGE_COOKIE_NAME"])


def offered() -> dict[str, str]:
    """The languages that the page of this request can be read in: code -> its own name."""
    return LANGUAGES if request.blueprint in _PUBLIC else OFFICE_LANGUAGES


def tag(language: str) -> str:
    """The language as HTML names it: Chinese with its script, so that a browser takes the right letters."""
    return "zh-Hans" if language == "zh" else language


def gettext(message: str, **facts: Any) -> str:
    """The message in the reader's language, with `%(name)s` placeholders filled."""
    return vietnamese.said(_translations(language()).gettext(message), facts)


def gettext_in(language: str, message: str) -> str:
    """The message in a given language: for what is printed, whoever reads the page."""
    return _translations(language).gettext(message)


def ngettext(singular: str, plural: str, n: int, **facts: Any) -> str:
    """The message for a number of things; `%(num)s` is the number."""
    text = _translations(language()).ngettext(singular, plural, n)
    return vietnamese.said(text, {"num": number(n)} | facts)


_ = gettext


_DAYS = {"vi": "dd/MM/yyyy", "en": "d MMM yyyy", "zh": "y年M月d日"}
_MOMENTS = {"vi": "HH:mm dd/MM/yyyy", "en": "d MMM yyyy, HH:mm", "zh": "y年M月d日 HH:mm"}


def number(value: float | int) -> str:
    """A number the reader's way: 1.234.567,8 in Vietnamese."""
    return str(format_decimal(value, locale=language()))


def day(value: date | None) -> str:
    """A date the reader's way: 24/11/2026 in Vietnamese, 24 Nov 2026 in English, 2026年11月24日 in Chinese."""
    if value is None:
        return "–"
    return str(format_date(value, _DAYS[language()], locale=language()))


def moment(value: datetime | None) -> str:
    """An instant, in the time of Vietnam, to the minute."""
    if value is None:
        return "–"
    return str(format_datetime(value.astimezone(VIETNAM), _MOMENTS[language()], locale=language()))


def moment_in(language: str, value: datetime) -> str:
    """As `moment`, in a given language and quickly: for what is put into a page that is kept ready."""
    local = value.astimezone(VIETNAM)
    if language == "vi":
        return f"{local.hour:02}:{local.minute:02} {local.day:02}/{local.month:02}/{local.year:04}"
    if language == "zh":
        return f"{local.year:04}年{local.month}月{local.day}日 {local.hour:02}:{local.minute:02}"
    return f"{local.day} {_months(language)[local.month]} {local.year:04}, {local.hour:02}:{local.minute:02}"


def number_in(language: str, value: int) -> str:
    """As `number`, for a whole number in a given language."""
    return f"{value:,}".replace(",", "." if language == "vi" else ",")


@lru_cache(maxsize=8)
def _months(language: str) -> dict[int, str]:
    return dict(Locale(language).months["format"]["abbreviated"])


def colon(text: str) -> str:
    """A label and its colon, as the reader's script writes it: what it names follows at once."""
    return text + ("：" if language() == "zh" else ": ")


def bracketed(text: Any) -> str:
    """Something in brackets, put right behind a word."""
    return f"（{text}）" if language() == "zh" else f" ({text})"


def month(number: int) -> str:
    """The name of a month: tháng 10, October, 10月."""
    if language() == "en":
        return str(Locale("en").months["stand-alone"]["wide"][number])
    return f"tháng {number}" if language() == "vi" else f"{number}月"


def country(code: str) -> str:
    """The name of a market by its ISO 3166 code."""
    return str(Locale(language()).territories.get(code, code))
