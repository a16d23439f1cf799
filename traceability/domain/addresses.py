"""Where something is: the two-level address in force since July 2025, and the older text that papers still carry.

A unit is identified by code and vintage: the same name and code can cover another territory before and after the
reorganisation. Codes are zero-padded strings (province 2 digits, commune 5; Decision 19/2025/QĐ-TTg).
"""

from enum import StrEnum

from sqlmodel import Field, SQLModel

from traceability.domain.records import choice


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
