"""What every register's page shares: the filters from the address, and the way to the next page and to the exports."""

from collections.abc import Callable
from datetime import date
from urllib.parse import urlencode

from flask import request, url_for
from pydantic_core import PydanticCustomError

from traceability.domain.product_categories import CATEGORIES
from traceability.domain.quantities import parse_day
from traceability.domain.registers import Wanted
from traceability.i18n import language

_MOST_PAGES = 1_000_000


def wanted(number: int | None = 0) -> Wanted:
    """The filters as they stand in the address; `number` None leaves the pages out, for an export.

    What is not a filter's value (31 February, a page -1) does not filter.
    """
    arguments = request.args
    page = min(max(arguments.get("page", 1, int), 1), _MOST_PAGES) if number == 0 else number
    return Wanted(
        text=arguments.get("q", ""),
        state=arguments.get("state", ""),
        category=arguments.get("category", ""),
        producer_id=arguments.get("producer", ""),
        first=day(arguments.get("from", "")),
        last=day(arguments.get("to", "")),
        number=page,
    )


def day(text: str) -> date | None:
    """A day typed into a filter; None for what is no day."""
    try:
        return parse_day(text)
    except PydanticCustomError:
        return None


def page_link() -> Callable[[int], str]:
    """The address of another page of the register that is shown, with its filters."""
    here, kept = url_for(str(request.endpoint), **(request.view_args or {})), _kept()
    return lambda number: f"{here}?{urlencode([*kept, ('page', number)])}"


def export_links(endpoint: str) -> list[tuple[str, str]]:
    """The addresses of the exports of what is shown, by format."""
    kept = [(key, value) for key, value in _kept() if key != "format"]
    return [
        (kind.upper(), f"{url_for(endpoint)}?{urlencode([*kept, ('format', kind)])}")
        for kind in ("xlsx", "csv")
    ]


def _kept() -> list[tuple[str, str]]:
    """The filters of this address. They are text of the visitor's and therefore no arguments of `url_for`."""
    return [(key, value) for key, value in request.args.items() if value and key not in ("page", "lang")]


def categories() -> list[tuple[str, str]]:
    """The groups of products, for a filter."""
    return [(category.code, category.name(language())) for category in CATEGORIES.values()]
