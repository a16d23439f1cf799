"""What the page of a stamp says, put together from its verdict and its story; the same as JSON for programs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g
from markupsafe import Markup

from traceability import i18n
from traceability.domain import scan_provinces, stamp_codes
from traceability.domain.addresses import PROVINCES
from traceability.domain.public_facts import Provenance, PublicProduct
from traceability.domain.scans import Resolution, Verdict
from traceability.wording import scans as words

_HIDES_STORY = frozenset({Verdict.VOID, Verdict.INACTIVE})
#: From so many openings on a page says that this is unusual for one pack. It changes no verdict: whoever wishes an
#: honest producer ill can open a page as often as he likes.
UNUSUALLY_OFTEN = 50


@dataclass(frozen=True)
class StampPage:
    """One opened page. `counted`: this opening counts; `disagrees`: the link named another product or lot.

    `checked_at`: when the PIN under its scratch panel was checked right for the first time.
    """

    code: str
    found: Resolution
    story: Provenance
    counted: bool
    disagrees: bool
    checked_at: datetime | None = None

    @property
    def words(self) -> words.VerdictPage:
        return words.PAGES[self.found.verdict]

    @property
    def void_reason(self) -> str:
        """Why the stamp is void, as a sentence to be translated; empty for one that is not."""
        return words.VOID_REASONS[self.found.void_reason] if self.found.void_reason else ""

    @property
    def tells_story(self) -> bool:
        """Whether the page tells the lot's story. A stamp that should be on no goods shows only what it is for."""
        return self.found.verdict not in _HIDES_STORY and self.story.batch.published_on is not None

    @property
    def asks_for_pin(self) -> bool:
        """Whether a scratch panel hides a PIN that may be checked now."""
        return self.story.pins and self.found.verdict not in _HIDES_STORY

    @property
    def opened(self) -> int:
        """How often the code was opened, this time included."""
        return self.found.opened + (1 if self.counted else 0)

    @property
    def is_unusual(self) -> bool:
        """Whether the code was opened more often than one pack usually is: a note, never a verdict."""
        return self.opened >= UNUSUALLY_OFTEN and self.first_opened_at is not None

    @property
    def first_opened_at(self) -> datetime | None:
        """When it was opened for the first time; None if that is now."""
        return self.found.first_opened_at

    @property
    def provinces(self) -> Markup:
        """Where visitors said that they looked at it, as it is written on the page."""
        return provinces_in(g.language, self.found.provinces)

    @property
    def all_provinces(self) -> dict[str, str]:
        """What a visitor may choose from: code -> name."""
        return PROVINCES

    @property
    def visitors(self) -> int | None:
        """How many different visitors opened it before now, each counted once a day; None where that is not known."""
        return self.found.visitors


def provinces_in(language: str, provinces: str) -> Markup:
    """Where visitors said that they looked at a stamp, in a language: names with numbers, the largest first."""
    named = [
        (PROVINCES[code], i18n.number_in(language, number)) for code, number in scan_provinces.read(provinces)
    ]
    said = "、" if language == "zh" else ", "
    return Markup(said).join(
        Markup("{} <b>{}</b>" if language == "vi" else '<span lang="vi">{}</span> <b>{}</b>').format(*one)
        for one in named
    )


def as_json(page: StampPage) -> dict[str, Any]:
    """The page for a program: `state` is one of recalled, void, suspended, inactive, expired, active."""
    story, batch = page.story, page.story.batch
    answer: dict[str, Any] = {
        "state": page.found.verdict.value,
        "code": stamp_codes.group(page.code),
        "demo": page.found.demo,
        "product": _product(story.product),
        "producer": {"code": story.producer.code, "name": story.producer.name or None},
        "lot": batch.lot,
        "opened": page.opened,
        "first_opened_at": page.first_opened_at.isoformat() if page.first_opened_at else None,
        "visitors_before": page.visitors,
        "provinces": dict(scan_provinces.read(page.found.provinces)),
        "unusual": page.is_unusual,
    }
    if page.asks_for_pin:
        answer["pin_first_checked_at"] = page.checked_at.isoformat() if page.checked_at else None
    if page.found.void_reason is not None:
        answer["void_reason"] = page.found.void_reason.value
    if page.tells_story:
        days = ("harvested_on", "packed_on", "best_before_on")
        answer |= {day: value.isoformat() if (value := getattr(batch, day)) else None for day in days}
        answer["recalls"] = [
            {"number": recall.number, "text": recall.public_text, "opened_on": recall.opened_on.isoformat()}
            for recall in story.recalls
        ]
    return answer


def _product(product: PublicProduct) -> dict[str, Any]:
    return {
        "code": product.code,
        "name": product.name,
        "name_en": product.name_en or None,
        "gtin": product.gtin,
        "net_weight": product.net_weight or None,
        "brand": product.brand or None,
    }
