"""The words of the label on a carton or pallet."""

from traceability import wording
from traceability.domain.logistic_lists import Lot
from traceability.domain.logistic_units import LogisticUnit
from traceability.domain.partners import Partner
from traceability.domain.quantities import kg_text
from traceability.i18n import gettext, language, moment
from traceability.labels import carton
from traceability.labels.carton import CartonLabel

_MOST_LOTS = 4


def of_unit(unit: LogisticUnit, packer: Partner, lots: list[Lot], demo: bool) -> bytes:
    """The label of a unit as a PDF, in the reader's language."""
    rows = [(gettext("Packed by"), f"{packer.name} ({packer.code})")]
    for lot in lots[:_MOST_LOTS]:
        rows.append((gettext("Lot %(lot)s", lot=lot.lot), f"{lot.goods} · {kg_text(lot.grams, language())}"))
    if len(lots) > _MOST_LOTS:
        rows.append((gettext("Further lots"), str(len(lots) - _MOST_LOTS)))
    rows.append((gettext("Net weight"), kg_text(unit.net_g, language())))
    rows.append((gettext("Packed on"), moment(unit.packed_at)))
    return carton.pdf(CartonLabel(wording.name(unit.kind), unit.sscc, tuple(rows), demo))
