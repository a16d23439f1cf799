"""Stamps that were ordered after the backup come back from the manifest that somebody kept."""

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.machines import PASSPHRASE
from tests.rolls import Mint
from traceability import (
    backups,
    create_app,
    key_backups,
    mint,
    order_manifests,
    print_files,
    restores,
    sealing,
    signatures,
)
from traceability.config import Settings, WrongSettings
from traceability.db import Database
from traceability.domain import activations, code_proofs, lost_orders, scans, stamp_orders, verification
from traceability.domain.activations import ActivationInput
from traceability.domain.actors import SYSTEM
from traceability.domain.clock import today
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import EVERYTHING, PUBLIC
from traceability.domain.scans import Verdict
from traceability.domain.stamps import FileKind, StampOrder
from traceability.labels.logo import Logo
from traceability.print_files import Made

Machine = tuple[Database, Settings]


def run(app: Flask, *words: str) -> Any:
    return app.test_cli_runner().invoke(args=["traceability", *words])


@pytest.fixture
def workshop(database: Database, settings: Settings) -> Mint:
    signatures.public_pem(settings.keyring())
    return Mint(database, settings.keyring(), settings.public_root)


def kept(workshop: Mint, order: StampOrder, folder: Path, **drawn: Any) -> Path:
    """The file that a producer keeps of an order."""
    with workshop.database.reading(EVERYTHING) as session:
        dossier = stamp_orders.dossier(session, order.id)
    for name, value in drawn.items():
        setattr(dossier.order, name, value)
    made = Made(dossier.order, dossier.batch.lot, workshop.keys)
    sealed = sealing.describe(dossier, "HTX", made, workshop.keyring)
    path = folder / f"{order.number}.zip"
    path.write_bytes(order_manifests.pack(dossier.order, sealed))
    return path


def refilled(path: Path, name: str, **files: bytes | None) -> Path:
    """A copy of a kept file with other members."""
    with zipfile.ZipFile(path) as archive:
        members = {one: archive.read(one) for one in archive.namelist()}
    for ending, data in files.items():
        (member,) = [one for one in members if one.endswith(f".{ending}")]
        members.pop(member)
        if data is not None:
            members[member] = data
    copy = path.with_name(name)
    with zipfile.ZipFile(copy, "w") as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return copy


def test_an_order_that_a_restore_lost_comes_back_from_its_signed_manifest(
    workshop: Mint, settings: Settings, new_machine: Machine, tmp_path: Path
) -> None:
    batch = workshop.batch()
    before = workshop.downloaded(batch, 30)
    backups.back_up(workshop.database, settings, tmp_path / "backup.tar")
    after = workshop.downloaded(batch, 40)
    printed = b"".join(print_files.file_of(FileKind.PDF, _made(workshop, after)).run())
    code = workshop.code(after, 7)
    zipped = kept(workshop, after, tmp_path)
    unfit = {
        "lô cũng đã mất": kept(workshop, workshop.ready(workshop.batch(), 10), tmp_path),
        "chỉ còn được cấp thêm 900 tem": kept(workshop, workshop.ready(batch, 901), tmp_path),
    }
    key_backups.back_up(workshop.keyring, tmp_path / "keys.json", PASSPHRASE)

    there, elsewhere = new_machine
    key_backups.restore(elsewhere.keyring(), tmp_path / "keys.json", PASSPHRASE)
    restores.restore(there, elsewhere, tmp_path / "backup.tar")
    again = Mint(there, elsewhere.keyring(), elsewhere.public_root)
    place = (after.epoch_number, after.first_serial + 7)
    with there.reading(PUBLIC) as session:
        assert scans.resolve(session, *place, today()) is None, "lost"

    app = create_app(elsewhere, there)
    done = run(app, "bring-back-order", str(zipped))
    assert (done.exit_code, "40 stamps are on record again" in done.output) == (0, True), done.output
    with there.reading(PUBLIC) as session:
        resolved = scans.resolve(session, *place, today())
        assert resolved is not None
        assert resolved.verdict is Verdict.INACTIVE, "what became of them is not known"
        proof = code_proofs.issued(session, *place)
        assert proof is not None
        assert proof.order.code_root == after.code_root, "the log holds the root again"
    order = proof.order
    assert (order.number, order.print_data, order.demo) == (after.number, after.print_data, after.demo)
    assert b"".join(print_files.file_of(FileKind.PDF, _made(again, order)).run()) == printed

    with there.transaction(SYSTEM) as session:
        one = ActivationInput(first_code=code, last_code=code)
        activations.activate(session, SYSTEM, one, again.keys)
    with there.reading(PUBLIC) as session:
        resolved = scans.resolve(session, *place, today())
    assert resolved is not None
    assert resolved.verdict is Verdict.ACTIVE
    client = app.test_client()
    assert client.get(f"/s/{code}").status_code == 200
    new = again.ready(batch, 50)
    assert new.epoch_number not in (before.epoch_number, after.epoch_number), "no code is issued twice"
    (elsewhere.key_dir / f"{mint.KEY_FILE}{_epoch_key(workshop)}.key").rename(tmp_path / "away")
    refused = run(app, "bring-back-order", str(zipped))
    assert (refused.exit_code, "sao lưu khóa" in refused.output) == (2, True), refused.output
    (tmp_path / "away").rename(elsewhere.key_dir / f"{mint.KEY_FILE}{_epoch_key(workshop)}.key")
    for why, path in {**unfit, "đã có trong hệ thống": zipped}.items():
        refused = run(app, "bring-back-order", str(path))
        assert (refused.exit_code, why in refused.output) == (2, True), refused.output
    with there.one_state() as session:
        verification.verify(session, [])


def _made(workshop: Mint, order: StampOrder) -> Made:
    return Made(order, "L1", workshop.keys, order.start_position)


def _epoch_key(workshop: Mint) -> str:
    return mint.ensure_epoch(workshop.database, workshop.keyring, demo=True).key_name


@SQLITE_ONLY
def test_only_what_this_installation_signed_is_read(
    workshop: Mint, settings: Settings, tmp_path: Path
) -> None:
    order = workshop.ready(workshop.batch(), 5)
    mark = Logo.from_dots(np.eye(12, dtype=bool)).packed()
    whole = kept(workshop, order, tmp_path, logo=mark)
    lost, root = order_manifests.read(whole, workshop.keyring, workshop.keys)
    assert (lost.number, lost.quantity, lost.logo, root) == (order.number, 5, mark, order.code_root)
    other = lost.model_copy(update={"number": "PC260101-2222", "first_serial": lost.first_serial + 4})
    for known, why in ((lost, "lost_orders.on_record"), (other, "lost_orders.overlap")):
        with pytest.raises(RuleBroken, match=why), workshop.database.transaction(SYSTEM) as session:
            lost_orders.bring_back(session, SYSTEM, known)
    with zipfile.ZipFile(whole) as archive:
        said = archive.read(f"{order.number}.json")
    none = tmp_path / "none.zip"
    none.write_bytes(b"PK")
    for path, why in (
        (refilled(whole, "a.zip", json=said.replace(b'"count":5', b'"count":6')), "was changed since"),
        (refilled(whole, "b.zip", sig=bytes(64)), "was changed since"),
        (refilled(whole, "c.zip", sig=None), "no packet"),
        (refilled(whole, "d.zip", logo=None), "lacks the mark"),
        (refilled(whole, "e.zip", logo=b"another"), "lacks the mark"),
        (refilled(whole, "f.zip", json=b" " * 300_000), "no packet"),
        (none, "no packet"),
    ):
        with pytest.raises(WrongSettings, match=why):
            order_manifests.read(path, workshop.keyring, workshop.keys)
    stranger = replace(settings, key_dir=tmp_path / "stranger").keyring()
    with pytest.raises(WrongSettings, match="not signed by this installation"):
        order_manifests.read(whole, stranger, workshop.keys)


@SQLITE_ONLY
def test_a_producer_takes_the_manifest_of_an_order_away(
    app: Flask, database: Database, workshop: Mint, tmp_path: Path
) -> None:
    owner = factories.producer(database)
    batch = workshop.batch(owner=owner)
    ready, unready = workshop.ready(batch, 5), workshop.ordered(batch, 5)
    client = app.test_client()
    factories.sign_in_as(client, database, factories.account(database, owner))
    where = f"/producer/stamp-orders/{ready.id}/manifest.zip"
    assert where in client.get(f"/producer/stamp-orders/{ready.id}").text
    path = tmp_path / "taken.zip"
    path.write_bytes(client.get(where).data)
    assert order_manifests.read(path, workshop.keyring, workshop.keys)[0].number == ready.number
    early = client.get(where.replace(ready.id, unready.id), follow_redirects=True)
    assert "chưa chuẩn bị xong" in early.text
