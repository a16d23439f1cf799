"""Sentences for what the input classes themselves refuse, by pydantic's error type, and for forms as a whole."""

from traceability.i18n import N_

REFUSALS = {
    "missing": N_("Please fill in this field."),
    "string_type": N_("Please write text here."),
    "string_too_long": N_("This is too long: at most {max_length} characters."),
    "string_too_short": N_("This is too short: at least {min_length} characters."),
    "string_pattern_mismatch": N_("This does not have the expected form. Please check it."),
    "int_parsing": N_("Please write a whole number, for example 12."),
    "int_type": N_("Please write a whole number, for example 12."),
    "int_parsing_size": N_("This number is too large."),
    "int_from_float": N_("Please write a whole number, without decimals."),
    "float_parsing": N_("Please write a number, for example 12.5."),
    "float_type": N_("Please write a number, for example 12.5."),
    "finite_number": N_("Please write an ordinary number."),
    "decimal_parsing": N_("Please write a number, for example 12.5."),
    "decimal_max_places": N_("At most {decimal_places} decimals, please."),
    "bool_parsing": N_("Please choose yes or no."),
    "greater_than": N_("This must be more than {gt}."),
    "greater_than_equal": N_("This must be at least {ge}."),
    "less_than": N_("This must be less than {lt}."),
    "less_than_equal": N_("This must be at most {le}."),
    "enum": N_("Please choose one of the offered values."),
    "literal_error": N_("Please choose one of the offered values."),
    "date_from_datetime_parsing": N_(
        "This is not a date. Please write it as day/month/year, for example 24/11/2026."
    ),
    "date_parsing": N_("This is not a date. Please write it as day/month/year, for example 24/11/2026."),
    "datetime_parsing": N_("This is not a date with time. Please choose them again."),
    "datetime_from_date_parsing": N_("This is not a date with time. Please choose them again."),
    "too_long": N_("This is too much: at most {max_length} characters or entries."),
    "too_short": N_("Please give at least {min_length}."),
    "list_type": N_("Please give a list."),
    "dict_type": N_("This part of the form is damaged. Please load the page again."),
    "extra_forbidden": N_("This field is not known here."),
    "value_error": N_("This value is not accepted. Please check it and try again."),
    "forms.changed_meanwhile": N_(
        "Somebody changed this at the same moment. Nothing was saved: please look at the page again and repeat."
    ),
    "records.changed": N_(
        "This was changed meanwhile, so nothing was saved. Please look at it again, then decide."
    ),
    "forms.busy": N_(
        "The service could not save this just now. Nothing you typed is lost: please wait a moment and send it again."
    ),
    "forms.upload_missing": N_("Please choose a file."),
    "forms.upload_too_large": N_("The file is too large: at most {limit_mb} MB."),
}
