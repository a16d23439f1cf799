"""Sealing a print for a print shop: the manifest that names the very files, canonical and signed."""

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
    order = dossier.order
    others = {
        kind.value: file.run()
        for kind, file in print_files.sealed(made).items()
        if kind is not FileKind.PDF  # which the manifest describes by itself
    }
    said = manifest.build(
        made.printed,
        made.layout,
        start=made.start_position - 1,
        small_modules=print_room.has_small_modules(order),
        others=others,
    )
    said |= {"producer": producer, "product": dossier.product.name, "lot": dossier.batch.lot}
    said["root"] = order.code_root.hex() if order.code_root else ""
    data = manifest.canonical(said)
    return Sealed(data.decode(), signatures.sign(keyring, data))
