"""What is refused when a producer keeps a print layout of its own."""

from traceability.i18n import N_

REFUSALS = {
    "layout_measure": N_(
        "This is not a length in millimetres. Please write a number, for example 30 or 30.5."
    ),
    "layouts.name_taken": N_("You have a layout called “{name}” already. Please choose another name."),
    "layouts.too_many": N_("You have {most} layouts already. Change one of them instead."),
}
