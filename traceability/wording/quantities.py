"""Why a weight, an area or a date was not taken."""

from traceability.i18n import N_

REFUSALS = {
    "weight_missing": N_("Please enter the kilograms, for example 1250.5."),
    "weight_unreadable": N_("This is not a weight. Please enter the kilograms weighed, for example 1250.5."),
    "weight_ambiguous": N_(
        "{written} can be read in two ways. Please write {whole} for thousands of kilograms, or {decimal} for the "
        "smaller weight."
    ),
    "weight_negative": N_(
        "A weight cannot be negative. Please enter the kilograms weighed, for example 1250.5."
    ),
    "weight_zero": N_(
        "The weight must be more than 0 kg. Please enter the kilograms weighed, for example 1250.5."
    ),
    "weight_too_large": N_(
        "This weight is above one billion kilograms. Please check the number and the decimal comma."
    ),
    "weight_too_precise": N_("A weight is exact to the gram: at most three decimals."),
    "area_missing": N_("Please enter the area in hectares, for example 1.25."),
    "area_unreadable": N_("This is not an area. Please enter the hectares, for example 1.25."),
    "area_negative": N_("An area cannot be negative. Please enter the hectares, for example 1.25."),
    "area_zero": N_("The area must be more than 0 ha. Please enter the hectares, for example 1.25."),
    "area_too_large": N_(
        "This area is above 100,000 hectares. Please check the number: 1 hectare is 10,000 square metres."
    ),
    "area_too_precise": N_(
        "An area is exact to the square metre: at most four decimals, for example 1.2505."
    ),
    "day_missing": N_("Please enter the date as day/month/year, for example 24/11/2026."),
    "day_unreadable": N_(
        "This is not a date. Please write it as day/month/year with four digits for the year, for example 24/11/2026."
    ),
    "day_no_such": N_("There is no {day}/{month}/{year} in the calendar. Please check day and month."),
    "day_year_out_of_range": N_("The year {year} is not accepted. Please enter one from {first} to {last}."),
}
