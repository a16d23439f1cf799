"""How a person or an office is reached and registered: e-mail, telephone, tax code, number in a register, position."""

import re
from typing import Annotated, Any

from email_validator import EmailNotValidError, validate_email
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError
from stdnum.vn import mst

from traceability.domain.text import clean_line

EMAIL_LENGTH = 120
PHONE_LENGTH = 20
_PHONE_SIGNS = re.compile(r"[\s.()/-]+")
_PHONE = re.compile(r"\+?[0-9]{8,15}")
_REGISTER_CODE = re.compile(r"[A-Z0-9](?:[A-Z0-9./-]{0,18}[A-Z0-9])?")


def _email(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        address = validate_email(clean_line(value), check_deliverability=False).normalized
    except (EmailNotValidError, UnicodeError):
        raise PydanticCustomError("email_form", "not an e-mail address") from None
    if len(address) > EMAIL_LENGTH:
        raise PydanticCustomError("email_form", "not an e-mail address")
    return address


def _phone(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = _PHONE_SIGNS.sub("", clean_line(value))
    if not text.isascii() or not _PHONE.fullmatch(text):
        raise PydanticCustomError("phone_form", "not a telephone number")
    return text


def _tax_code(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = clean_line(value)
    if not text.isascii() or not mst.is_valid(text):
        raise PydanticCustomError("tax_code_form", "not a tax code")
    compact = str(mst.compact(text))
    return compact if len(compact) == 10 else f"{compact[:10]}-{compact[10:]}"


def _register_code(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = clean_line(value).upper()
    if not _REGISTER_CODE.fullmatch(text):
        raise PydanticCustomError("register_code_form", "not a code of a register")
    return text


#: An e-mail address; only its form is checked, nobody is asked.
Email = Annotated[str, BeforeValidator(_email), Field(max_length=EMAIL_LENGTH)]
#: A telephone number: 8-15 digits, `+` in front where the country is named; spaces, dots and hyphens are dropped.
Phone = Annotated[str, BeforeValidator(_phone), Field(max_length=PHONE_LENGTH)]
#: A Vietnamese tax code (mã số thuế): 10 digits with their check digit, for a branch `-` and 3 more.
TaxCode = Annotated[str, BeforeValidator(_tax_code), Field(max_length=14)]
#: The code of a producer or agency in its register: 1-20 letters and digits, with . / - between; capitals.
RegisterCode = Annotated[str, BeforeValidator(_register_code), Field(max_length=20)]
#: Degrees north, WGS84.
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
#: Degrees east, WGS84.
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
