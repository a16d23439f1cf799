"""The management agencies of the province in other languages, each followed by the name that its papers bear.

An agency's name is the name on its decisions, so that it is never left out; what is not among these stays as it is.
"""

import re

from traceability import vietnamese
from traceability.i18n import N_, bracketed, gettext, language

_NAMES = {
    "Sở Khoa học và Công nghệ": N_("Department of Science and Technology"),
    "Chi cục Tiêu chuẩn Đo lường Chất lượng": N_("Sub-department of Standards, Metrology and Quality"),
    "Đơn vị sự nghiệp KH&CN vận hành hệ thống": N_("Science and technology unit that runs the system"),
    "Sở Nông nghiệp và Môi trường": N_("Department of Agriculture and Environment"),
    "Chi cục Trồng trọt và Bảo vệ thực vật": N_("Sub-department of Crop Production and Plant Protection"),
    "Chi cục Quản lý chất lượng nông lâm sản và thủy sản": N_(
        "Sub-department of Agro-Forestry-Fishery Quality"
    ),
    "Chi cục Thủy sản": N_("Sub-department of Fisheries"),
    "Chi cục Chăn nuôi và Thú y": N_("Sub-department of Livestock and Animal Health"),
    "Sở Công Thương": N_("Department of Industry and Trade"),
    "Chi cục Quản lý thị trường": N_("Sub-department of Market Surveillance"),
    "Sở Y tế": N_("Department of Health"),
    "Văn phòng Điều phối Nông thôn mới": N_("Coordination Office for New Rural Development"),
    "UBND phường": N_("People's Committee of the ward"),
    "UBND xã": N_("People's Committee of the commune"),
    "Cục Trồng trọt và Bảo vệ thực vật": N_("Department of Crop Production and Plant Protection"),
}
_KNOWN = {name.casefold(): ours for name, ours in _NAMES.items()}
#: What a name goes on with: the province, a unit, a ward, a remark in brackets.
_WHOSE = re.compile(r"\s+\(.*$|\s+tỉnh(\s.*)?$")
_COMMITTEE = re.compile(r"(UBND (?:phường|xã)) \S.*", re.IGNORECASE)


def agency_name(name: str) -> str:
    """An agency in the reader's language with its own name in brackets; as it is where no translation is known."""
    if language() == "vi":
        return name
    own = re.sub(r"\s+\(.*$", "", name)
    committee = _COMMITTEE.fullmatch(own)
    known = _KNOWN.get((committee[1] if committee else _WHOSE.sub("", name)).casefold())
    return f"{gettext(known)}{bracketed(vietnamese.marked(own))}" if known else name
