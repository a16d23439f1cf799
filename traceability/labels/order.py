"""What is printed: the plain values of one print order."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from traceability.domain.errors import RuleBroken
from traceability.domain.stamp_codes import LENGTH
from traceability.labels.logo import Logo
from traceability.labels.qr import Level, Mode
from traceability.labels.symbol import MASK_SAMPLE, Codes, SymbolEncoder

PIN_WIDTHS = (4, 12)


class PrintedForm(StrEnum):
    """The two addresses that a stamp can carry; both lead to the same page."""

    SHORT = "short"
    """HTTPS://HOST/S/CODE, upper case throughout so that it fits alphanumeric mode."""
    DIGITAL_LINK = "digital_link"
    """https://host/01/GTIN/10/LOT/21/CODE, the GS1 form, in byte mode."""

    @property
    def mode(self) -> Mode:
        return "alphanumeric" if self is PrintedForm.SHORT else "byte"


class TextKind(StrEnum):
    """What a line on a stamp tells, so that a layout can choose lines and put them in order."""

    PRODUCER = "producer"
    LOT = "lot"
    HARVESTED_ON = "harvested_on"
    PACKED_ON = "packed_on"
    BEST_BEFORE = "best_before"
    GROWING_AREA = "growing_area"
    PACKING_HOUSE = "packing_house"
    NET_WEIGHT = "net_weight"
    GROSS_WEIGHT = "gross_weight"
    CONTENT = "content"
    CERTIFICATE = "certificate"
    OTHER = "other"


@dataclass(frozen=True)
class FaceText:
    """The words on a stamp, complete sentences in the language of the print, NFC.

    `product` stands first and bold, each of `lines` (producer, lot, harvest ...) is a paragraph of its own,
    `domain` is the address in words, printed so that a consumer can compare it with what the phone opens.
    `kinds` says what each line tells; without it a layout cannot choose among them and all are printed.
    `pin_label` stands by the panel that is scratched off.
    """

    product: str
    lines: tuple[str, ...]
    domain: str
    kinds: tuple[TextKind, ...] = ()
    logo: Logo | None = None
    pin_label: str = "PIN"

    def chosen(self, kinds: tuple[TextKind, ...]) -> tuple[str, ...]:
        """The lines of these kinds, in this order; all lines when no kind is chosen or they have none."""
        if not kinds or not self.kinds:
            return self.lines
        by_kind = list(zip(self.kinds, self.lines, strict=True))
        return tuple(line for wanted in kinds for kind, line in by_kind if kind is wanted)


@dataclass(frozen=True)
class PrintOrder:
    """One order of stamps, as the press sees it.

    `prefix` is everything in front of the code; the code comes last in both forms. `codes(first, count)`
    gives the ASCII of the order's codes, counted from 0, shape (count, 16). `mask` is the QR mask stored
    with the order; None chooses it (see `chosen_mask`), which is deterministic but costs a few hundredths
    of a second. A `demo` stamp says so in large letters. `pins` gives, like `codes`, the ASCII of the PINs
    under the scratch panel, all of one width of 4 to 12 characters of the codes' alphabet; they are printed
    and never kept.
    """

    number: str
    prefix: str
    codes: Callable[[int, int], Codes]
    count: int
    text: FaceText
    demo: bool
    form: PrintedForm = PrintedForm.SHORT
    level: Level = "M"
    mask: int | None = None
    pins: Callable[[int, int], Codes] | None = None

    @property
    def pin_width(self) -> int:
        """Characters of a PIN, 0 when none is printed. Raises ValueError for PINs that cannot be printed."""
        if self.pins is None:
            return 0
        sample = self.pins(0, 1)
        if sample.ndim != 2 or not PIN_WIDTHS[0] <= sample.shape[1] <= PIN_WIDTHS[1]:
            raise ValueError("a PIN has 4 to 12 characters")
        return int(sample.shape[1])

    def encoder(self) -> SymbolEncoder:
        """The encoder of the order's symbols under its mask. Raises RuleBroken as SymbolEncoder does."""
        mask = self.mask if self.mask is not None else self.chosen_mask()
        return SymbolEncoder(self.prefix, mode=self.form.mode, level=self.level, mask=mask)

    def chosen_mask(self) -> int:
        """The mask to store with the order: the least mean penalty over its first codes."""
        encoder = SymbolEncoder(self.prefix, mode=self.form.mode, level=self.level)
        return encoder.best_mask(self.codes(0, min(MASK_SAMPLE, self.count)))

    def code(self, n: int) -> str:
        """The nth code of the order, counted from 0. Raises RuleBroken outside the order."""
        if not 0 <= n < self.count:
            raise RuleBroken("labels.no_such_stamp", field="n", count=self.count)
        return self.codes(n, 1).tobytes().decode("ascii")[:LENGTH]
