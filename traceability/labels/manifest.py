"""What goes with a print: plain values that say which stamps were issued, and exactly which files were handed over.

Signing is the caller's; `canonical` gives the bytes to sign. There are no binary fractions in it:
measures are decimal texts, so that any language writes the same bytes.
"""

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from traceability.domain.stamp_codes import group
from traceability.labels.layout import Layout
from traceability.labels.order import PrintOrder
from traceability.labels.pdf import Press

VERSION = 3
"""1: the PDF alone was handed over. 2: without what an order is put on record from again."""


def build(
    order: PrintOrder,
    layout: Layout,
    *,
    start: int = 0,
    small_modules: bool = False,
    others: Mapping[str, Iterable[bytes]] | None = None,
) -> dict[str, Any]:
    """The manifest of files of an order; runs the press once, without keeping the file, for its digest.

    `pdf.sha256` is that of the uncompressed stream, whose bytes never change. `others` are the further files that are
    handed over, by their kind ("csv", "zpl"). Raises RuleBroken as the press does.
    """
    press = Press(order, layout, start=start, small_modules=small_modules)
    files = {"start": start, "pages": press.pages, "pdf": _named(press.run())}
    return (
        describe(order, layout, mask=press.mask)
        | files
        | {kind: _named(pieces) for kind, pieces in (others or {}).items()}
    )


def describe(order: PrintOrder, layout: Layout, *, mask: int | None) -> dict[str, Any]:
    """What an order issued, without any file."""
    return {
        "version": VERSION,
        "order": order.number,
        "count": order.count,
        "copies": layout.copies,
        "first_code": group(order.code(0)),
        "last_code": group(order.code(order.count - 1)),
        "address": order.prefix,
        "form": order.form.value,
        "level": order.level,
        "mask": mask,
        "pins": order.pins is not None,
        "demo": order.demo,
        "layout": {name: _text(value) for name, value in layout.as_json().items()},
    }


def canonical(manifest: dict[str, Any]) -> bytes:
    """The bytes to sign: sorted keys, no spaces, NFC, UTF-8."""
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return unicodedata.normalize("NFC", text).encode()


def _named(pieces: Iterable[bytes]) -> dict[str, Any]:
    """A file by its length and digest."""
    digest, length = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        length += len(piece)
    return {"bytes": length, "sha256": digest.hexdigest()}


def _text(value: Any) -> Any:
    """Measures as decimal texts, whole ones without a fraction."""
    if not isinstance(value, float):
        return value
    return str(int(value)) if value == int(value) else repr(value)
