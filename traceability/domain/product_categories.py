"""The groups of the catalogue (nhóm sản phẩm) and the forms in which a product is sold.

They are the province's own list, the same in every installation. A category's sector tells which agencies look after
it. Names stand here because they are data of the list, in all languages.
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
    zh: str
    sector: str
    province_list: bool = True

    def name(self, language: str) -> str:
        """Its name in a language."""
        return {"en": self.en, "zh": self.zh}.get(language, self.vi)


_ALL = (
    Category("buoi", "Bưởi", "Pomelo", "柚子", "crops"),
    Category("cam-sanh", "Cam sành", "King orange (cam sành)", "青皮橙", "crops"),
    Category("sau-rieng", "Sầu riêng", "Durian", "榴莲", "crops"),
    Category("thanh-tra", "Thanh trà", "Thanh trà (plum mango)", "青茶果（Thanh trà）", "crops"),
    Category("trai-cay-khac", "Trái cây khác", "Other fruit", "其他水果", "crops"),
    Category("rau-cu-qua", "Rau củ quả", "Vegetables and roots", "蔬菜与根茎", "crops"),
    Category("gao", "Gạo", "Rice", "大米", "crops"),
    Category("banh", "Bánh", "Cakes and rice papers", "糕饼与米纸", "processed"),
    Category("com", "Cốm", "Puffed and flattened rice (cốm)", "米花与扁米（cốm）", "processed"),
    Category("thuy-san", "Thủy sản", "Aquatic products", "水产品", "fishery"),
    Category(
        "che-bien-khac", "Nông sản chế biến khác", "Other processed produce", "其他加工农产品", "processed"
    ),
    Category(
        "che-shan", "Chè Shan tuyết", "Shan tuyết tea", "雪山茶（Shan tuyết）", "crops", province_list=False
    ),
    Category("mat-ong", "Mật ong bạc hà", "Bạc hà honey", "薄荷蜜", "apiculture", province_list=False),
    Category("dua", "Dừa", "Coconut", "椰子", "crops", province_list=False),
    Category("dua-sap", "Dừa sáp", "Wax coconut", "蜡质椰子", "crops", province_list=False),
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
