"""The demo province is complete, consistent and honest about being a demo."""

import csv
import json
import unicodedata
from collections import Counter
from datetime import date, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from traceability.domain.events import EventType
from traceability.domain.identifiers import has_check_digit

SEED = Path(__file__).resolve().parents[2] / "seed"
TEXT_FILES = sorted(p for p in SEED.rglob("*") if p.suffix in {".csv", ".json", ".geojson", ".md"})


@cache
def table(name: str) -> list[dict[str, str]]:
    with (SEED / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@cache
def document(name: str) -> Any:
    return json.loads((SEED / name).read_text(encoding="utf-8"))


def producers() -> dict[str, dict[str, str]]:
    return {row["facility_code"]: row for row in table("facilities.csv") + table("facilities_sister.csv")}


def products() -> dict[str, dict[str, str]]:
    return {row["product_code"]: row for row in table("products.csv") + table("products_sister.csv")}


def areas() -> dict[str, dict[str, Any]]:
    return {
        f["properties"]["area_id"]: f["properties"] for f in document("growing_areas.geojson")["features"]
    }


def batches() -> dict[str, dict[str, Any]]:
    everything = document("batches.json")
    return {batch["batch_id"]: batch for batch in everything["batches"] + everything["suspicious_batches"]}


def test_the_counts_are_those_of_the_province() -> None:
    own = table("facilities.csv")
    with_stamps = [row for row in own if row["has_account"] == row["has_stamps"] == "1"]
    assert (len(own), len(with_stamps)) == (37, 17)
    assert all(row["has_account"] == row["has_stamps"] for row in own)
    assert len(table("products.csv")) == 61
    assert len(table("agencies.csv")) == 12
    assert (len(table("facilities_sister.csv")), len(table("products_sister.csv"))) == (14, 24)
    assert len(areas()) == 42
    everything = document("batches.json")
    assert [len(everything[key]) for key in ("certificates", "batches", "suspicious_batches")] == [
        99,
        150,
        10,
    ]
    assert len(batches()) == 160


@pytest.mark.parametrize("path", TEXT_FILES, ids=lambda path: path.name)
def test_every_file_is_nfc_without_invisible_characters(path: Path) -> None:
    text = path.read_bytes().decode("utf-8")
    assert unicodedata.is_normalized("NFC", text)
    assert not text.startswith("\ufeff")
    assert {c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Co", "Cs"}} <= {"\n"}


def test_every_number_has_its_check_digit_and_begins_with_the_prefix_for_examples() -> None:
    numbers = [row["gtin_demo"] for row in products().values()] + [
        row["gln_demo"] for row in producers().values()
    ]
    assert len(set(numbers)) == len(numbers)
    for number in numbers:
        assert len(number) == 13
        assert number.startswith("952")
        assert has_check_digit(number)


def test_no_private_person_and_no_real_address_for_mail() -> None:
    for row in producers().values():
        assert "Mẫu" in row["name_vi"]
        assert row["name_vi"].endswith("(minh họa)")
        assert row["tax_code"] == row["phone"] == ""
        assert row["email"].endswith("@example.org")


def test_every_batch_names_a_producer_a_product_and_an_area_that_belong_together() -> None:
    crops = {crop["id"]: crop for crop in document("crops.json")["crops"]}
    for batch in batches().values():
        product = products()[batch["product_code"]]
        assert batch["facility_code"] in producers()
        assert (product["facility_code"], product["crop_id"], product["form"]) == (
            batch["facility_code"],
            batch["crop_id"],
            batch["form"],
        )
        assert batch["crop_id"] in crops
        assert (batch["type"] == "harvest") == (batch["area_id"] is not None) == (not batch.get("raw_inputs"))
        if batch["area_id"]:
            area = areas()[batch["area_id"]]
            assert (area["facility_code"], area["crop_id"]) == (batch["facility_code"], batch["crop_id"])


def test_only_the_attempt_about_codes_uses_a_code_of_another_area() -> None:
    strangers = set()
    for batch in batches().values():
        if batch["area_id"]:
            own = {code["code"]: code["market"] for code in areas()[batch["area_id"]]["codes"]}
            used = {batch["puc_code"]} | {s["puc_code"] for s in batch["shipments"] if s.get("puc_code")}
            if not used <= own.keys():
                strangers.add((batch["batch_id"], *batch["expected_flags"]))
                continue
            for shipment in batch["shipments"]:
                assert shipment["market"] in own.values()
                assert "puc_code" not in shipment or own[shipment["puc_code"]] == shipment["market"]
    assert strangers == {("VLP015-260408-04", "PUC_MISMATCH")}


def test_a_code_stands_for_one_area_and_a_lot_for_one_batch_of_a_product() -> None:
    codes = Counter(code["code"] for area in areas().values() for code in area["codes"])
    lots = Counter((batch["product_code"], batch["lot_code"]) for batch in batches().values())
    assert set(codes.values()) == set(lots.values()) == {1}


def test_the_kilograms_of_a_batch_form_a_chain() -> None:
    for batch in batches().values():
        events = batch["events"]
        assert events[0]["input_kg"] == batch["input_kg"]
        assert events[-1]["output_kg"] == batch["final_kg"]
        for before, after in pairwise(events):
            assert before["output_kg"] == after["input_kg"]
            assert datetime.fromisoformat(before["time"]) <= datetime.fromisoformat(after["time"])
        if batch["harvest"]:
            assert batch["harvest"]["quantity_kg"] == batch["input_kg"]
            assert batch["harvest"]["date"] == events[0]["time"][:10]
        else:
            assert sum(part["quantity_kg"] for part in batch["raw_inputs"]) == batch["input_kg"]
        gone = sum(s["quantity_kg"] for s in batch["shipments"]) + batch["consumed_by_processing_kg"]
        assert gone + batch["stock_kg"] == pytest.approx(batch["final_kg"], abs=0.05)
        assert batch["stock_kg"] >= 0


def test_weight_is_gained_only_where_ingredients_join() -> None:
    gains = {
        (b["form"], e["cte"])
        for b in batches().values()
        for e in b["events"]
        if e["output_kg"] > e["input_kg"]
    }
    assert gains == {
        ("candy", "cook"),
        ("com", "pop"),
        ("com", "mix"),
        ("com", "pack"),
        ("rice_paper", "dry"),
        ("rice_paper", "pack"),
    }


def test_what_a_process_takes_was_finished_before_and_leaves_its_batch_once() -> None:
    taken: Counter[str] = Counter()
    for batch in batches().values():
        for part in batch.get("raw_inputs", []):
            if part["kind"] == "batch":
                source = batches()[part["batch_id"]]
                taken[part["batch_id"]] += part["quantity_kg"]
                assert source["events"][-1]["time"] <= batch["events"][0]["time"]
                assert source["expires_on"] >= batch["events"][0]["time"][:10]
                assert not source["suspicious"]
    assert taken == Counter(
        {
            b["batch_id"]: b["consumed_by_processing_kg"]
            for b in batches().values()
            if b["consumed_by_processing_kg"]
        }
    )


def test_stamps_exist_where_the_producer_has_stamps_and_cover_the_units() -> None:
    for batch in batches().values():
        stamps = batch["stamps"]
        assert bool(stamps) == (producers()[batch["facility_code"]]["has_stamps"] == "1")
        if stamps:
            assert stamps["serial_to"] - stamps["serial_from"] + 1 == stamps["applied"] + stamps["voided"]
            assert (stamps["applied"] <= batch["units"]) != (
                "STAMP_OVERUSE" in batch.get("expected_flags", [])
            )
            assert stamps["voided"] <= batch["units"] * 0.02


def test_certificates_of_sound_batches_are_about_them_and_were_valid() -> None:
    certificates = {c["cert_id"]: c for c in document("batches.json")["certificates"]}
    for batch in document("batches.json")["batches"]:
        begun = batch["events"][0]["time"][:10]
        for key in batch["certificates"]:
            certificate = certificates[key]
            assert certificate["subject"] in {batch["area_id"], batch["facility_code"], batch["product_code"]}
            assert certificate["issued"] <= begun <= certificate["expires"]


def test_nothing_in_the_data_happens_on_a_leap_day() -> None:
    """Dates move by whole years: 29 February would have nowhere to go. A shelf life is counted anew."""
    for batch in batches().values():
        days = [event["time"][:10] for event in batch["events"]] + [s["date"] for s in batch["shipments"]]
        days += [t["report_date"] for t in batch["lab_tests"]] + [i["date"] for i in batch["inputs"]]
        assert not [day for day in days if day.endswith("-02-29")]
        packed, expires = date.fromisoformat(batch["packed_on"]), date.fromisoformat(batch["expires_on"])
        assert (expires - packed).days == int(products()[batch["product_code"]]["shelf_life_days"])


def test_every_step_word_has_one_event_type() -> None:
    steps = {step["cte"]: step for step in document("steps.json")["steps"]}
    used = {event["cte"] for batch in batches().values() for event in batch["events"]}
    known = {step["cte"] for crop in document("crops.json")["crops"] for step in crop["process_steps"]}
    assert steps.keys() == used | known
    assert len(steps) == len(document("steps.json")["steps"])
    for word, step in steps.items():
        assert step["vi"]
        assert step["en"]
        if step["event"] is None:
            assert word not in used
        else:
            EventType(step["event"])
    for batch in batches().values():
        first = batch["events"][0]
        step = steps[first["cte"]]
        kind = step.get("event_at_area", step["event"]) if first["location"] in areas() else step["event"]
        assert kind == ("harvest" if batch["type"] == "harvest" else "receive")


def test_every_product_has_a_category_a_standard_and_a_picture() -> None:
    categories = {c["code"]: c for c in document("categories.json")["categories"]}
    standards = document("standards.json")
    assert (
        set(categories) == {row["category"] for row in products().values()} == set(standards["by_category"])
    )
    assert {c["code"] for c in categories.values() if c["vinh_long"]} == {
        r["category"] for r in table("products.csv")
    }
    named = {
        key
        for part in ("by_category", "by_form", "by_certification")
        for keys in standards[part].values()
        for key in keys
    }
    assert named <= standards["standards"].keys()
    credited = {row["picture"] for row in table("pictures/CREDITS.csv")}
    for code, row in products().items():
        assert categories[row["category"]]["vi"] == row["category_vi"]
        picture = SEED / "pictures" / f"{code}.webp"
        assert picture.name in credited
        assert picture.stat().st_size <= 12_000
        with Image.open(picture) as image:
            assert image.size == (480, 480)


def test_every_agency_has_a_scope_in_codes_that_exist() -> None:
    scopes = document("agency_scopes.json")["scopes"]
    categories = {c["code"] for c in document("categories.json")["categories"]}
    assert [scope["agency_code"] for scope in scopes] == [row["agency_code"] for row in table("agencies.csv")]
    communes = {row["commune_code"] for row in producers().values()}
    for scope in scopes:
        assert set(scope["categories"] or []) | set(scope["concern"] or []) <= categories
        assert set(scope["communes"] or []) <= communes


def test_every_source_key_resolves() -> None:
    sources = document("crops.json")["sources"]
    for name in ("products.csv", "products_sister.csv", "public_facts.csv", "public_reference_orgs.csv"):
        for row in table(name):
            for part in filter(None, row["source"].split("; ")):
                if ": " in part:
                    assert part.split(":")[0] in sources
    assert all(f"`{key}`" in (SEED / "SOURCES.md").read_text(encoding="utf-8") for key in sources)
