"""The signed manifest of an order: what was issued, and for a print shop the very files; canonical and signed.

In its `record` stands all from which the order can be put on record again, should a restore lose it (`lost_orders`).
"""

from hashlib import sha256
from typing import Any

from traceability import print_files, print_room, signatures
from traceability.domain.stamp_handoffs import Sealed
from traceability.domain.stamp_orders import Listed
from traceability.domain.stamps import FileKind
from traceability.keys import Keyring
from traceability.labels import manifest
from traceability.print_files import Made


def seal(dossier: Listed, producer: str, made: Made, keyring: Keyring) -> Sealed:
    """Runs each press once for the digest of its file, and signs what will be handed over.

    Raises `MintKeyMissing`, and `RuleBroken` ("labels.*").
    """
    others = {
        kind.value: file.run()
        for kind, file in print_files.sealed(made).items()
        if kind is not FileKind.PDF  # which the manifest describes by itself
    }
    said = manifest.build(
        made.printed,
        made.layout,
        start=made.start_position - 1,
        small_modules=print_room.has_small_modules(dossier.order),
        others=others,
    )
    return _signed(said, dossier, producer, keyring)


def describe(dossier: Listed, producer: str, made: Made, keyring: Keyring) -> Sealed:
    """Signs what an order issued, without a file: for the producer to keep. Raises `MintKeyMissing`."""
    said = manifest.describe(made.printed, made.layout, mask=dossier.order.qr_mask)
    return _signed(said, dossier, producer, keyring)


def _signed(said: dict[str, Any], dossier: Listed, producer: str, keyring: Keyring) -> Sealed:
    order = dossier.order
    said |= {"producer": producer, "product": dossier.product.name, "lot": dossier.batch.lot}
    said["root"] = order.code_root.hex() if order.code_root else ""
    said["record"] = {
        "batch_id": order.batch_id,
        "layout": order.layout,
        "start_position": order.start_position,
        "print_data": order.print_data,
        "logo_sha256": sha256(order.logo).hexdigest() if order.logo else "",
    }
    data = manifest.canonical(said)
    return Sealed(data.decode(), signatures.sign(keyring, data))
