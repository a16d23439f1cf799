"""EPC binary strings, as chips carry them: `/eh` and hexadecimal digits, or `/ex` and base64url (Resolver 2.3).

SGTIN-96 of GS1's Tag Data Standard: header 0x30, filter 3 bits, partition 3, company prefix and item reference 44,
serial number 38.
"""

import re
from base64 import urlsafe_b64decode

from traceability.domain.identifiers import DigitalLink, Malformed, check_digit

#: What may be an EPC binary string: at least 12 bytes.
_STRING = re.compile(r"/e(?:h([0-9A-Fa-f]{24,128})|x([0-9A-Za-z_-]{16,128}=*))/?")
_SGTIN_96 = 0x30
#: partition -> bits and digits of the company prefix, bits and digits of the indicator with the item reference
_PARTITIONS = (
    (40, 12, 4, 1),
    (37, 11, 7, 2),
    (34, 10, 10, 3),
    (30, 9, 14, 4),
    (27, 8, 17, 5),
    (24, 7, 20, 6),
    (20, 6, 24, 7),
)


def looks_like_epc(path: str) -> bool:
    """Whether an address is to be read by `parse_epc`."""
    return _STRING.fullmatch(path) is not None


def parse_epc(target: str) -> DigitalLink | Malformed:
    """The Digital Link that a chip's string stands for. `Malformed` (`link_epc`) for another scheme or a broken one.

    The query string of the request is kept.
    """
    path, _, query = target.partition("?")
    found = _STRING.fullmatch(path)
    if found is None:
        return Malformed("link_epc")
    try:
        data = (
            bytes.fromhex(found[1]) if found[1] else urlsafe_b64decode(found[2] + "=" * (-len(found[2]) % 4))
        )
    except ValueError:
        return Malformed("link_epc")
    if len(data) != 12 or data[0] != _SGTIN_96:
        return Malformed("link_epc")
    bits = int.from_bytes(data, "big")
    partition = bits >> 82 & 7
    if partition >= len(_PARTITIONS):
        return Malformed("link_epc")
    prefix_bits, prefix_digits, item_bits, item_digits = _PARTITIONS[partition]
    prefix = str(bits >> 82 - prefix_bits & (1 << prefix_bits) - 1).zfill(prefix_digits)
    item = str(bits >> 38 & (1 << item_bits) - 1).zfill(item_digits)
    if len(prefix) != prefix_digits or len(item) != item_digits:
        return Malformed("link_epc")
    body = item[0] + prefix + item[1:]
    serial = str(bits & (1 << 38) - 1)
    return DigitalLink((("01", body + check_digit(body)), ("21", serial)), query)
