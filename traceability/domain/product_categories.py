"""The groups of the catalogue (nhóm sản phẩm) and the forms in which a product is sold.

They are the province's own list, the same in every installation. A category's sector tells which agencies look after
it. Names stand here because they are data of the list, in both languages.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError


@dataclass(frozen=True)
class Category:
    """One group. `province_list`: one of the groups of the province's own 61 products."""

    code: str
    vi: str
    en: str
    sector: str
    province_list: bool = True

    def name(self, language: str) -> str:
        """Its name in a language."""
        return self.en if language == "en" else self.vi


_ALL = (
    Category("buoi", "Bưởi", "Pomelo", "crops"),
    Category("cam-sanh", "Cam sành", "King orange (cam sành)", "crops"),
    Category("sau-rieng", "Sầu riêng", "Durian", "crops"),
    Category("thanh-tra", "Thanh trà", "Thanh trà (plum mango)", "crops"),
    Category("trai-cay-khac", "Trái cây khác", "Other fruit", "crops"),
    Category("rau-cu-qua", "Rau củ quả", "Vegetables and roots", "crops"),
    Category("gao", "Gạo", "Rice", "crops"),
    Category("banh", "Bánh", "Cakes and rice papers", "processed"),
    Category("com", "Cốm", "Puffed and flattened rice (cốm)", "processed"),
    Category("thuy-san", "Thủy sản", "Aquatic products", "fishery"),
    Category("che-bien-khac", "Nông sản chế biến khác", "Other processed produce", "processed"),
    Category("che-shan", "Chè Shan tuyết", "Shan tuyết tea", "crops", province_list=False),
    Category("mat-ong", "Mật ong bạc hà", "Bạc hà honey", "apiculture", province_list=False),
    Category("dua", "Dừa", "Coconut", "crops", province_list=False),
    Category("dua-sap", "Dừa sáp", "Wax coconut", "crops", province_list=False),
)

#: All groups by code, in the order of the catalogue.
CATEGORIES: dict[str, Category] = {category.code: category for category in _ALL}


class ProductForm(StrEnum):
    """In which form the produce is sold; conversion bands are kept per form."""

    FRESH_PACK = "fresh_pack"
    WHOLE = "whole"
    WHOLE_PACK = "whole_pack"
    TRIMMED_PACK = "trimmed_pack"
    DEHUSKED = "dehusked"
    PEELED = "peeled"
    JUICE = "juice"
    SYRUP = "syrup"
    PASTE = "paste"
    DRIED = "dried"
    FREEZE_DRIED = "freeze_dried"
    FROZEN_FLESH = "frozen_flesh"
    VACUUM_FRIED = "vacuum_fried"
    SHREDDED = "shredded"
    CANDY = "candy"
    CANDIED_PEEL = "candied_peel"
    COCONUT_MILK = "coconut_milk"
    VIRGIN_OIL = "vco"
    TOFU_SKIN = "tofu_skin"
    TOFU_SKIN_WET = "tofu_skin_wet"
    RICE_PAPER = "rice_paper"
    MILLED = "milled"
    COM = "com"
    FILLET = "fillet"
    GREEN = "green"
    BLACK = "black"
    WHITE = "white"
    DARK = "dark"
    BOTTLED = "bottled"
    OTHER = "other"


def _known(code: str) -> str:
    if code not in CATEGORIES:
        raise PydanticCustomError("category_unknown", "this category is not known")
    return code


#: The code of a category.
CategoryCode = Annotated[str, AfterValidator(_known)]
