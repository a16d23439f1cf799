"""Sealing a print for a print shop: the manifest that names the very file, canonical and signed."""

from collections.abc import Mapping

from traceability import print_room, signatures
from traceability.domain.stamp_codes import EpochKey
from traceability.domain.stamp_handoffs import Sealed
from traceability.domain.stamp_orders import Listed
from traceability.keys import Keyring
from traceability.labels import manifest


def seal(dossier: Listed, producer: str, keys: Mapping[int, EpochKey], keyring: Keyring) -> Sealed:
    """Runs the press once for the digest of the file, and signs what will be handed over.

    Raises `MintKeyMissing`, and `RuleBroken` ("labels.*").
    """
    order = dossier.order
    said = manifest.build(
        print_room.printed_order(order, keys),
        print_room.layout_of(order),
        start=order.start_position - 1,
        small_modules=print_room.has_small_modules(order),
    )
    said |= {"producer": producer, "product": dossier.product.name, "lot": dossier.batch.lot}
    said["root"] = order.code_root.hex() if order.code_root else ""
    data = manifest.canonical(said)
    return Sealed(data.decode(), signatures.sign(keyring, data))
