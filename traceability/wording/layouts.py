"""What is refused when a producer keeps a print layout of its own."""

from traceability.i18n import N_

REFUSALS = {
    "layouts.name_taken": N_("You have a layout called “{name}” already. Please choose another name."),
    "layouts.too_many": N_("You have {most} layouts already. Change one of them instead."),
}
