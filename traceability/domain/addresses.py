"""Where something is: the two-level address in force since July 2025, and the older text that papers still carry.

A unit is identified by code and vintage: the same name and code can cover another territory before and after the
reorganisation. Codes are zero-padded strings (province 2 digits, commune 5; Decision 19/2025/QĐ-TTg).
"""

import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator
from pydantic_core import PydanticCustomError
from sqlmodel import Field, SQLModel

from traceability.domain.records import choice
from traceability.domain.text import Line, ShortLine

#: The 34 provinces and cities since July 2025 by code.
PROVINCES: dict[str, str] = {
    "01": "Thành phố Hà Nội",
    "04": "Tỉnh Cao Bằng",
    "08": "Tỉnh Tuyên Quang",
    "11": "Tỉnh Điện Biên",
    "12": "Tỉnh Lai Châu",
    "14": "Tỉnh Sơn La",
    "15": "Tỉnh Lào Cai",
    "19": "Tỉnh Thái Nguyên",
    "20": "Tỉnh Lạng Sơn",
    "22": "Tỉnh Quảng Ninh",
    "24": "Tỉnh Bắc Ninh",
    "25": "Tỉnh Phú Thọ",
    "31": "Thành phố Hải Phòng",
    "33": "Tỉnh Hưng Yên",
    "37": "Tỉnh Ninh Bình",
    "38": "Tỉnh Thanh Hóa",
    "40": "Tỉnh Nghệ An",
    "42": "Tỉnh Hà Tĩnh",
    "44": "Tỉnh Quảng Trị",
    "46": "Thành phố Huế",
    "48": "Thành phố Đà Nẵng",
    "51": "Tỉnh Quảng Ngãi",
    "52": "Tỉnh Gia Lai",
    "56": "Tỉnh Khánh Hòa",
    "66": "Tỉnh Đắk Lắk",
    "68": "Tỉnh Lâm Đồng",
    "75": "Tỉnh Đồng Nai",
    "79": "Thành phố Hồ Chí Minh",
    "80": "Tỉnh Tây Ninh",
    "82": "Tỉnh Đồng Tháp",
    "86": "Tỉnh Vĩnh Long",
    "91": "Tỉnh An Giang",
    "92": "Thành phố Cần Thơ",
    "96": "Tỉnh Cà Mau",
}


class Vintage(StrEnum):
    """Which division of the country an address speaks of."""

    SINCE_2025 = "2025-07"
    BEFORE_2025 = "pre"


class Address(SQLModel):
    """Mixin: the columns of an address."""

    address_line: str = Field(default="", max_length=200)
    commune_code: str = Field(default="", max_length=5, index=True)
    commune_name: str = Field(default="", max_length=100)
    province_code: str = Field(default="", max_length=2, index=True)
    province_name: str = Field(default="", max_length=100)
    vintage: Vintage = Field(default=Vintage.SINCE_2025, sa_type=choice(Vintage))
    #: as written on certificates and decisions before July 2025 ("Xã Mỹ Hòa, Thị xã Bình Minh, Tỉnh Vĩnh Long")
    legacy_address: str = Field(default="", max_length=300)

    def place_text(self) -> str:
        """The address in one line, most precise first."""
        return ", ".join(part for part in (self.address_line, self.commune_name, self.province_name) if part)


def _padded(width: int, refusal: str) -> Any:
    def check(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        code = value.strip()
        if not re.fullmatch(rf"[0-9]{{1,{width}}}", code) or not int(code):
            raise PydanticCustomError(refusal, "this code is not accepted")
        return code.zfill(width)

    return BeforeValidator(check)


#: The code of a commune or ward: 5 digits; leading zeros may be left out when typing.
CommuneCode = Annotated[str, _padded(5, "commune_code")]
#: The code of a province or city: 2 digits.
ProvinceCode = Annotated[str, _padded(2, "province_code")]


def _in_force(value: Any) -> Any:
    """A province by its code; anything else is no choice of the list."""
    if not isinstance(value, str) or value in PROVINCES:
        return value
    raise PydanticCustomError("literal_error", "choose a province")


#: The code of a province or city of today, as it is chosen from a list.
ChosenProvince = Annotated[str, BeforeValidator(_in_force)]


class AddressInput(BaseModel):
    """What a person may type of an address. The province's name follows from its code where the code is in force."""

    address_line: Line | None = None
    commune_code: CommuneCode | None = None
    commune_name: ShortLine | None = None
    province_code: ProvinceCode | None = None
    province_name: ShortLine | None = None
    vintage: Vintage = Vintage.SINCE_2025
    legacy_address: Line | None = None

    def address_columns(self) -> dict[str, Any]:
        """The columns of `Address`, as `Table(**value.address_columns())` takes them."""
        province = self.province_name
        if self.vintage is Vintage.SINCE_2025:
            province = PROVINCES.get(self.province_code or "", province or "")
        return {
            "address_line": self.address_line or "",
            "commune_code": self.commune_code or "",
            "commune_name": self.commune_name or "",
            "province_code": self.province_code or "",
            "province_name": province or "",
            "vintage": self.vintage,
            "legacy_address": self.legacy_address or "",
        }
