"""The folder seed/ as it is read: tables of text, documents, and what several parts of the loading derive from them."""

import csv
import json
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from traceability.domain.addresses import PROVINCES
from traceability.domain.clock import today
from traceability.seeding.dates import Calendar, years_to_move

SEED = Path(__file__).resolve().parents[2] / "seed"

Row = dict[str, str]


@cache
def table(name: str) -> tuple[Row, ...]:
    """The rows of a CSV file."""
    with (SEED / name).open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))


@cache
def document(name: str) -> Any:
    """A JSON file. Treat it as immutable."""
    return json.loads((SEED / name).read_text(encoding="utf-8"))


def producers() -> tuple[Row, ...]:
    """The province's 37, then the 14 of the sister set."""
    return table("facilities.csv") + table("facilities_sister.csv")


def products() -> tuple[Row, ...]:
    """The 61, then the 24 of the sister set."""
    return table("products.csv") + table("products_sister.csv")


def areas() -> list[dict[str, Any]]:
    """The 42 growing areas as GeoJSON features."""
    features: list[dict[str, Any]] = document("growing_areas.geojson")["features"]
    return features


def batches() -> list[dict[str, Any]]:
    """The 150 sound batches, in the order in which they began."""
    found: list[dict[str, Any]] = document("batches.json")["batches"]
    return sorted(found, key=lambda batch: (batch["events"][0]["time"], batch["batch_id"]))


def attempts() -> list[dict[str, Any]]:
    """The 10 suspicious batches with the flags that each should raise (`expected_flags`), the oldest first.

    They are tried last, beside the sound ones (`seeding.suspicious`), and are never published.
    """
    found: list[dict[str, Any]] = document("batches.json")["suspicious_batches"]
    return sorted(found, key=lambda batch: (batch["events"][0]["time"], batch["batch_id"]))


def crops() -> list[dict[str, Any]]:
    """The crop table; where an entry names the source of its harvest months by a key, its title stands beside it."""
    data = document("crops.json")
    titles = {key: str(one["title"]) for key, one in data["sources"].items()}
    return [
        entry | {"season_source_title": titles[entry["season_source"]]}
        if entry.get("season_source") in titles
        else entry
        for entry in data["crops"]
    ]


def ingredients() -> list[dict[str, Any]]:
    """The dated list of active ingredients that the demo judges by."""
    found: list[dict[str, Any]] = document("ingredients.json")["ingredients"]
    return found


def residue_limits() -> list[dict[str, Any]]:
    """The residue limits of markets that a new installation begins with."""
    found: list[dict[str, Any]] = document("residue_limits.json")["limits"]
    return found


def certificates() -> list[dict[str, Any]]:
    """The 99 certificates."""
    found: list[dict[str, Any]] = document("batches.json")["certificates"]
    return found


def _days() -> Iterator[str]:
    for batch in document("batches.json")["batches"]:
        yield from (event["time"][:10] for event in batch["events"])
        yield from (shipment["date"] for shipment in batch["shipments"])
        yield from (test["report_date"] for test in batch["lab_tests"])


def calendar(day: date | None = None) -> Calendar:
    """The calendar that brings the newest thing that happened into the twelve months before a day (today)."""
    return Calendar(years_to_move(date.fromisoformat(max(_days())), day or today()))


def address(row: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """The address of a row for an input class: in force since July 2025, with the older one beside it."""
    codes = {name: code for code, name in PROVINCES.items()}
    older = (f"{prefix}{part}_old" for part in ("commune", "district", "province"))
    return {
        "commune_name": row[f"{prefix}commune"],
        "commune_code": row[f"{prefix}commune_code"],
        "province_code": codes[row[f"{prefix}province"]],
        "legacy_address": ", ".join(row[part] for part in older if row[part]) or None,
    }


@cache
def picture_credits() -> dict[str, str]:
    """The credit line of each picture, by its file name."""
    parts: dict[str, list[str]] = {}
    for row in table("pictures/CREDITS.csv"):
        words = parts.setdefault(row["picture"], [])
        said = f"{row['source_package']} {row['version']} ({row['licence']})"
        if row["source_package"] != "project" and said not in words:
            words.append(said)
    return {name: ", ".join(words) for name, words in parts.items()}
