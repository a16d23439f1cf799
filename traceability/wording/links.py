"""Words of links: titles of the platform's own, and why a link of a producer was not taken."""

from traceability.domain.links import LinkLevel
from traceability.i18n import N_

REFUSALS = {
    "links.product_page": N_("Product page of {name}"),
    "links.lot_page": N_("The way of lot {lot} of {name}"),
    "links.stamp_page": N_("Check stamp {code}"),
    "links.recall_status": N_("Lot {lot}: no recall is in force"),
    "links.recalled": N_("Lot {lot} is RECALLED: do not eat it, do not sell it"),
    "links.doubt": N_("Report a doubt about stamp {code}"),
    "links.unit_page": N_("What lies in the carton or pallet {sscc}"),
    "links.unit_status": N_("Carton or pallet {sscc}: no recall is in force"),
    "links.unit_recalled": N_("Goods in the carton or pallet {sscc} are RECALLED: do not sell them"),
    "links.place_page": N_("Page of {name}"),
    "links_address": N_("Please enter a whole web address, for example https://htx.example.vn/buoi."),
    "links.enough": N_("A product has at most {limit} links. Please withdraw one that is no longer needed."),
    "links.type": N_("Choose the kind of link from the list."),
    "links.language": N_("Choose the language from the list."),
    "links.media_type": N_("Choose from the list what is found there."),
    "links.lot_missing": N_("Please enter the lot that the link belongs to."),
    "links.lot_unknown": N_("There is no lot {lot} of this product. Please check how it is written."),
    "links.stamp_missing": N_("Please enter the code of the stamp that the link belongs to."),
    "links.stamp_unknown": N_("No stamp with this code was issued for this product. Please check the code."),
    "links.default_of_stamp": N_(
        "A scanned stamp always leads to its own page here. The link can stand beside it: take the tick away."
    ),
    "links.withdrawn": N_("This link was withdrawn already."),
    "link_epc": N_("This is not the content of a chip that can be read here (SGTIN-96)."),
}

NAMES = {
    LinkLevel: {
        LinkLevel.PRODUCT: N_("All of this product"),
        LinkLevel.LOT: N_("One lot"),
        LinkLevel.STAMP: N_("One stamp"),
    },
}

#: The link types that a producer may register, the likeliest first; the others follow by their names in GS1's list.
TYPES = {
    "pip": N_("About the product"),
    "certificationInfo": N_("Certificates"),
    "recipeInfo": N_("Recipes"),
    "consumerHandlingStorageInfo": N_("Keeping and handling"),
    "instructions": N_("Instructions"),
    "nutritionalInfo": N_("Nutrition"),
    "ingredientsInfo": N_("Ingredients"),
    "allergenInfo": N_("Allergens"),
    "safetyInfo": N_("Safety"),
    "relatedVideo": N_("Video"),
    "relatedImage": N_("Picture"),
    "hasRetailers": N_("Where it is sold"),
    "purchaseSuppliesOrAccessories": N_("Where to buy"),
    "locationInfo": N_("Where it is"),
    "sustainabilityInfo": N_("Environment and society"),
    "support": N_("Help and complaints"),
    "socialMedia": N_("Social media"),
    "promotion": N_("Offers"),
    "review": N_("Reviews"),
    "masterData": N_("Master data for business partners"),
    "epcis": N_("EPCIS events for business partners"),
    "dpp": N_("Digital product passport"),
}
