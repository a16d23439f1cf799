"""Words of the steps of a producer on the platform."""

from traceability.domain.adoption import Step
from traceability.i18n import N_

NAMES = {
    Step: {
        Step.REGISTERED: N_("Registered"),
        Step.DIARY: N_("Keeps a diary"),
        Step.LOT: N_("Makes lots"),
        Step.STAMP: N_("Activates stamps"),
        Step.SCAN: N_("Stamps are scanned"),
    }
}
