"""The signed manifest of an order as files: packed for whoever keeps it, and read back for an order that was lost.

`NUMBER.json` are the signed bytes, `NUMBER.sig` the signature, `NUMBER.logo` the mark as it was printed. They lie in
the packet of a print shop and in the file that a producer keeps.
"""

import json
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from traceability import signatures
from traceability.config import WrongSettings
from traceability.domain import stamp_codes, stamp_orders
from traceability.domain.errors import RuleBroken
from traceability.domain.lost_orders import LostOrder
from traceability.domain.stamp_codes import EpochKey
from traceability.domain.stamp_handoffs import Sealed
from traceability.domain.stamps import StampOrder
from traceability.keys import Keyring
from traceability.labels import manifest, packet
from traceability.labels.packet import Part

#: No file of a manifest is larger.
_LARGEST = 256 * 1024


def parts(order: StampOrder, said: str, signature: bytes) -> list[Part]:
    """The files of an order's manifest."""
    files = [Part.of(f"{order.number}.json", said.encode()), Part.of(f"{order.number}.sig", signature)]
    return [*files, Part.of(f"{order.number}.logo", order.logo)] if order.logo else files


def pack(order: StampOrder, sealed: Sealed) -> bytes:
    """The ZIP that a producer keeps."""
    return b"".join(packet.stream(parts(order, sealed.manifest, sealed.signature)))


def read(path: Path, keyring: Keyring, keys: Mapping[int, EpochKey]) -> tuple[LostOrder, bytes]:
    """The order that a kept manifest speaks of, and the root over its codes: signed by this installation, and what the
    codes themselves say.

    Raises `WrongSettings` (no such file, not ours, an older form, damaged), `RuleBroken` ("lost_orders.epoch_lost").
    """
    said, logo = _signed(path, keyring)
    if said.get("version", 0) < manifest.VERSION:
        raise WrongSettings(f"{path.name} is of an older form and does not hold what an order needs.")
    place = stamp_codes.read(keys.values(), said["first_code"]) if keys else None
    if place is None:
        raise RuleBroken("lost_orders.epoch_lost", None, number=said["order"])
    record = said["record"]
    if record["logo_sha256"] != (sha256(logo).hexdigest() if logo is not None else ""):
        raise WrongSettings(f"{path.name} lacks the mark that was printed, or holds another one.")
    try:
        lost = LostOrder(
            number=said["order"],
            batch_id=record["batch_id"],
            quantity=said["count"],
            epoch_number=place[0],
            first_serial=place[1],
            form=said["form"],
            layout=record["layout"],
            start_position=record["start_position"],
            url_prefix=said["address"],
            qr_mask=said["mask"],
            print_data=record["print_data"],
            logo=logo,
            pins=said["pins"],
        )
    except ValidationError as wrong:
        raise WrongSettings(
            f"{path.name} says what no order can be: {wrong.errors()[0]['loc'][0]}."
        ) from None
    root = stamp_orders.code_root(keys[lost.epoch_number], lost.first_serial, lost.quantity)
    if root.hex() != said["root"]:
        raise WrongSettings(f"The codes of {path.name} are not those that its keys make.")
    return lost, root


def _signed(path: Path, keyring: Keyring) -> tuple[dict[str, Any], bytes | None]:
    """What a manifest says, its signature checked, and the mark beside it."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [one.filename for one in archive.infolist()]
            (name,) = [one.removesuffix(".json") for one in names if one.endswith(".json")]
            data, signature = (_file(archive, f"{name}.{kind}") for kind in ("json", "sig"))
            logo = _file(archive, f"{name}.logo") if f"{name}.logo" in names else None
    except (OSError, zipfile.BadZipFile, NotImplementedError, KeyError, ValueError, EOFError):
        raise WrongSettings(
            f"{path.name} is no packet with one signed manifest (NUMBER.json, NUMBER.sig)."
        ) from None
    if not signatures.verifies(signatures.public_pem(keyring), data, signature):
        raise WrongSettings(f"{path.name} is not signed by this installation, or was changed since.")
    said = json.loads(data)
    assert isinstance(said, dict)  # ours: it is signed
    return said, logo


def _file(archive: zipfile.ZipFile, name: str) -> bytes:
    """A file of the archive. Raises ValueError for one that is too large, before it is unpacked."""
    if archive.getinfo(name).file_size > _LARGEST:
        raise ValueError(name)
    return archive.read(name)
