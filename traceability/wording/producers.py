"""Sentences and words for producers and their addresses."""

from traceability.domain.addresses import Vintage
from traceability.domain.producers import Activity, LegalForm, ProducerState, Register
from traceability.i18n import N_

REFUSALS = {
    "producers.code_taken": N_("The code {code} is already used by another producer."),
    "producers.outside_scope": N_(
        "This province, commune or category lies outside the scope of your agency."
    ),
    "producers.not_a_draft": N_("This producer is not waiting for approval."),
    "producers.still_draft": N_(
        "The producer {name} has not been approved yet. Ask your management agency to approve it."
    ),
    "producers.suspended": N_(
        "The producer {name} is suspended. See the reason in its notices and contact the management agency."
    ),
    "producers.registered_in_future": N_(
        "The day of registration lies in the future. Please check the year."
    ),
    "producers.province_missing": N_("Choose the province or city."),
    "producers.commune_missing": N_("Write the commune, ward or special zone."),
    "producers.address_not_in_force": N_(
        "A producer is registered under the address in force since July 2025. Older wording goes into its own field."
    ),
    "producers.place_incomplete": N_("A position needs both latitude and longitude."),
    "producers.place_swapped": N_(
        "Latitude and longitude seem to be swapped: in Vietnam latitude is 8 to 23.5, longitude 102 to 110."
    ),
    "producers.place_outside": N_(
        "This position lies outside Vietnam: latitude is 8 to 23.5, longitude 102 to 110."
    ),
    "category_unknown": N_("Choose a category from the list."),
    "commune_code": N_("The code of a commune has 5 digits, for example 29770."),
    "province_code": N_("The code of a province has 2 digits, for example 86."),
    "notice.producer_approved": N_("Your producer was approved. Its batches may be published now."),
}

NAMES = {
    LegalForm: {
        LegalForm.COOPERATIVE: N_("Cooperative"),
        LegalForm.COOPERATIVE_GROUP: N_("Cooperative group"),
        LegalForm.COMPANY_LLC: N_("Limited liability company"),
        LegalForm.COMPANY_JSC: N_("Joint-stock company"),
        LegalForm.PRIVATE_ENTERPRISE: N_("Private enterprise"),
        LegalForm.HOUSEHOLD: N_("Household business"),
    },
    Activity: {
        Activity.GROWER: N_("Growing"),
        Activity.GROWER_PACKER: N_("Growing and packing"),
        Activity.GROWER_PROCESSOR: N_("Growing and processing"),
        Activity.PACKING_HOUSE: N_("Packing"),
        Activity.PROCESSOR: N_("Processing"),
        Activity.BEEKEEPER: N_("Beekeeping and bottling"),
        Activity.AQUAFARM: N_("Aquaculture"),
        Activity.TRADER: N_("Trade"),
    },
    ProducerState: {
        ProducerState.DRAFT: N_("Waiting for approval"),
        ProducerState.APPROVED: N_("Approved"),
        ProducerState.SUSPENDED: N_("Suspended"),
    },
    Register: {
        Register.VINH_LONG: N_("Register of Vĩnh Long"),
        Register.SISTER: N_("Register of sister areas"),
    },
    Vintage: {
        Vintage.SINCE_2025: N_("In force since July 2025"),
        Vintage.BEFORE_2025: N_("Before July 2025"),
    },
}
