"""Every stamp of what a recall reaches says so at the next scan, and no other: on a generated province."""

import random

import pytest
from flask import Flask
from flask.testing import FlaskClient

from bench import province
from bench.province import Province
from tests.recalled import person, voluntary
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import records, stamp_codes
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch
from traceability.domain.producers import Producer
from traceability.domain.recall_records import Recall

SMALL = {"batches": 120, "stamps": 20_000}
WHOLE = {"batches": 5_000, "stamps": 2_000_000}


class Sampled:
    """A province, and codes of stamps that hang from its hub or do not."""

    def __init__(self, settings: Settings, database: Database, batches: int, stamps: int) -> None:
        self.database = database
        self.made: Province = province.build(
            database, batches=batches, stamps=stamps, keyring=settings.keyring()
        )
        self.below = self.made.below(self.made.hub_id)
        self.random = random.Random(3)

    def codes(self, of_recall: bool, number: int) -> list[str]:
        assert self.made.key is not None
        batches = [one for one in self.made.stamps if (one in self.below) is of_recall]
        runs = [self.made.stamps[self.random.choice(batches)] for _ in range(number)]
        return [stamp_codes.mint(self.made.key, self.random.randint(first, last)) for first, last in runs]

    def recall(self) -> Recall:
        with self.database.reading(SYSTEM.scope) as session:
            hub = records.find(session, Batch, self.made.hub_id)
            owner = records.find(session, Producer, hub.producer_id)
        return voluntary(self.database, person(self.database, owner), hub)


def shows(client: FlaskClient, code: str, recall: Recall) -> bool:
    answer = client.get(f"/s/{code}", headers={"User-Agent": "Mozilla/5.0 (Linux; Android 14)"})
    assert answer.status_code == 200
    return recall.number in answer.get_data(as_text=True)


def recalled_everywhere(app: Flask, sampled: Sampled, number: int) -> None:
    client = app.test_client()
    gate = app.extensions["scan_gate"]
    if hasattr(gate, "load"):  # all of it comes from one address
        gate.load.share = gate.load.most = 10**9
    reached, others = sampled.codes(True, number), sampled.codes(False, number)
    for code in [*reached[:50], *others[:50]]:
        client.get(f"/s/{code}")  # some pages are kept ready from before
    recall = sampled.recall()
    assert recall.reached == len(sampled.below)
    assert all(shows(client, code, recall) for code in reached)
    assert not any(shows(client, code, recall) for code in others)


def test_all_sampled_descendants_show_a_recall_and_nothing_else_does(
    app: Flask, settings: Settings, database: Database
) -> None:
    recalled_everywhere(app, Sampled(settings, database, **SMALL), 150)


@pytest.mark.soak
def test_ten_thousand_descendants_show_a_recall_and_ten_thousand_others_do_not(
    app: Flask, settings: Settings, database: Database
) -> None:
    recalled_everywhere(app, Sampled(settings, database, **WHOLE), 10_000)
