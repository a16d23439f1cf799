"""Sentences and words for products."""

from traceability.domain.product_categories import ProductForm
from traceability.domain.products import ProductState, RiskLevel
from traceability.i18n import N_

REFUSALS = {
    "products.crop_unknown": N_("Choose the crop or line from the list."),
    "products.name_taken": N_("You already have a product called {name}. Give this one another name."),
    "products.code_taken": N_("The product code {code} is already used."),
    "products.gtin_taken": N_(
        "Another product already carries the GTIN {gtin}. A GTIN names one product only."
    ),
    "products.gtin_fixed": N_(
        "The GTIN {gtin} was approved and stands on stamps: it cannot change. Register another product instead."
    ),
    "products.net_weight_fixed": N_(
        "Lots with this net weight exist, and their stamps are counted by it: it cannot change. "
        "Register another product instead."
    ),
    "products.shelf_life_missing": N_("Write the shelf life in days, or tick “no shelf life applies”."),
    "products.shelf_life_twice": N_("Either write a shelf life or tick “no shelf life applies”, not both."),
    "products.not_a_draft": N_("This product is not waiting for approval."),
    "products.still_draft": N_(
        "The product {name} has not been approved yet. Ask your management agency to approve it."
    ),
    "products.suspended": N_("The product {name} is suspended."),
    "products.suspended_unchangeable": N_(
        "This product is suspended: its name, category, crop and GTIN cannot be changed now."
    ),
    "products.foreign_picture": N_("This picture belongs to another producer."),
    "notice.product_approved": N_("The product {name} was approved. You can record batches of it."),
}

NAMES = {
    ProductState: {
        ProductState.DRAFT: N_("Waiting for approval"),
        ProductState.APPROVED: N_("Approved"),
        ProductState.SUSPENDED: N_("Suspended"),
    },
    RiskLevel: {
        RiskLevel.LOW: N_("Low risk"),
        RiskLevel.MEDIUM: N_("Medium risk"),
        RiskLevel.HIGH: N_("High risk"),
        RiskLevel.UNKNOWN: N_("Risk not classified"),
    },
    ProductForm: {
        ProductForm.FRESH_PACK: N_("Fresh, packed"),
        ProductForm.WHOLE: N_("Whole, fresh"),
        ProductForm.WHOLE_PACK: N_("Whole, packed"),
        ProductForm.TRIMMED_PACK: N_("Trimmed, packed"),
        ProductForm.DEHUSKED: N_("Dehusked"),
        ProductForm.PEELED: N_("Peeled"),
        ProductForm.JUICE: N_("Juice"),
        ProductForm.SYRUP: N_("Syrup"),
        ProductForm.PASTE: N_("Paste"),
        ProductForm.DRIED: N_("Dried"),
        ProductForm.FREEZE_DRIED: N_("Freeze-dried"),
        ProductForm.FROZEN_FLESH: N_("Frozen flesh"),
        ProductForm.VACUUM_FRIED: N_("Vacuum-fried"),
        ProductForm.SHREDDED: N_("Shredded"),
        ProductForm.CANDY: N_("Candy"),
        ProductForm.CANDIED_PEEL: N_("Candied peel"),
        ProductForm.COCONUT_MILK: N_("Coconut milk"),
        ProductForm.VIRGIN_OIL: N_("Virgin coconut oil"),
        ProductForm.TOFU_SKIN: N_("Dried tofu skin"),
        ProductForm.TOFU_SKIN_WET: N_("Fresh tofu skin"),
        ProductForm.RICE_PAPER: N_("Rice paper"),
        ProductForm.MILLED: N_("Milled rice"),
        ProductForm.COM: N_("Puffed rice (cốm)"),
        ProductForm.FILLET: N_("Fillet"),
        ProductForm.GREEN: N_("Green tea"),
        ProductForm.BLACK: N_("Black tea"),
        ProductForm.WHITE: N_("White tea"),
        ProductForm.DARK: N_("Dark tea"),
        ProductForm.BOTTLED: N_("Bottled"),
        ProductForm.OTHER: N_("Other form"),
    },
}
