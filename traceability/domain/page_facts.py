"""What a lot's page says, as a list of single facts: to be kept, and to be laid beside what it says on another day.

Each fact has a natural key, so that a certificate that ended, a step that was added and a name that was changed can be
told from each other. Names of areas and of the producers of source lots are left out: they may become private later.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from enum import Enum
from typing import Any

from traceability.domain.clock import local_day
from traceability.domain.journeys import Gap
from traceability.domain.public_facts import Change, Fact, Provenance

#: Sections whose facts are not told any more once the producer is a household.
_PERSONAL = frozenset({"producer"})


def of_story(story: Provenance) -> tuple[Fact, ...]:
    """The facts of a page, in the order in which it tells them."""
    return tuple(
        Fact(section, label, key, kind, value)
        for section, label, key, kind, value in _facts(story)
        if value not in ("", None)
    )


def _facts(story: Provenance) -> Iterator[tuple[str, str, str, str, Any]]:
    product, producer, batch = story.product, story.producer, story.batch
    for label in (
        "name",
        "name_en",
        "variety",
        "net_weight",
        "unit",
        "brand",
        "gtin",
        "origin",
        "gi_note",
        "storage",
    ):
        yield "product", label, "", "text", getattr(product, label)
    yield "product", "standards", "", "text", "; ".join(code for code, _title in product.standards)
    yield "product", "warnings", "", "text", product.warnings
    yield "product", "shelf_life_days", "", "number", product.shelf_life_days
    yield "product", "ocop_stars", "", "number", product.ocop_stars
    yield "product", "picture", "", "picture", product.picture.sha256 if product.picture else None
    yield "producer", "name", "", "text", producer.name or producer.code
    yield "producer", "legal_form", "", "word", _word(producer.legal_form)
    yield "producer", "address", "", "text", producer.address
    yield "lot", "lot", "", "text", batch.lot
    for label in ("harvested_on", "packed_on", "best_before_on"):
        yield "lot", label, "", "day", _day(getattr(batch, label))
    for number, area in enumerate(story.areas):
        yield "area", "place", str(number), "text", area.place
        yield "area", "square_metres", str(number), "area", area.square_metres
        if area.code:
            yield "area", "code", area.code.code, "word", _word(area.code.state)
    for source in story.sources:
        yield "source", "share", source.lot or source.goods, "per_mille", source.per_mille
    for chapter in story.chapters:
        for step in chapter.steps:
            if not isinstance(step, Gap):
                key = " · ".join(part for part in (chapter.lot, step.word) if part)
                yield "step", step.type.value, key, "day", _day(local_day(step.at))
    for test in story.lab_tests:
        yield "laboratory", "passed", f"{test.laboratory} · {test.report_no}", "passed", test.passed
        for row in test.measured:
            yield (
                "laboratory",
                "value",
                f"{test.report_no} · {row.name}",
                "text",
                f"{row.value} {row.unit}".strip(),
            )
    for paper in story.certificates:
        yield (
            "certificate",
            "valid_to",
            f"{paper.scheme} · {paper.number}",
            "end",
            _day(paper.expires_on) or "–",
        )


def written(facts: Sequence[Fact]) -> list[list[Any]]:
    """Facts as JSON takes them."""
    return [[fact.section, fact.label, fact.key, fact.kind, fact.value] for fact in facts]


def read(rows: Sequence[Sequence[Any]]) -> tuple[Fact, ...]:
    """Facts as they were written."""
    return tuple(Fact(*row) for row in rows)


def compared(then: Sequence[Fact], today: Sequence[Fact], *, household: bool = False) -> tuple[Change, ...]:
    """All facts of two days side by side: those of `then` in their order, after each section what came to it later.

    Of a `household` nothing is told of the producer's section. Several facts may have one key (a step done on two
    days): they are paired in their order.
    """
    before, after = _numbered(then), _numbered(today)
    found = [Change(fact, after.get(key)) for key, fact in before.items()]
    found += [Change(None, fact) for key, fact in after.items() if key not in before]
    order = {section: place for place, section in enumerate(dict.fromkeys(one.fact.section for one in found))}
    kept = [one for one in found if not (household and one.fact.section in _PERSONAL)]
    return tuple(sorted(kept, key=lambda one: order[one.fact.section]))


def _numbered(facts: Sequence[Fact]) -> dict[tuple[str, str, str, int], Fact]:
    found: dict[tuple[str, str, str, int], Fact] = {}
    for fact in facts:
        number = 0
        while (fact.section, fact.label, fact.key, number) in found:
            number += 1
        found[fact.section, fact.label, fact.key, number] = fact
    return found


def _word(member: Enum | None) -> str | None:
    return f"{type(member).__name__}.{member.value}" if member is not None else None


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
