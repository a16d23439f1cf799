"""Words of the trade that producers type again and again: units of sale, steps, what laboratories write.

They are typed in Vietnamese; pages in other languages show the usual ones in the reader's. What is not among them stays
as it was typed.
"""

import re

from traceability.i18n import N_, bracketed, gettext, language

#: Units of sale, and the few words beside them in a weight.
UNITS = {
    "hộp": N_("box"),
    "gói": N_("pack"),
    "túi": N_("bag"),
    "chai": N_("bottle"),
    "trái": N_("fruit"),
    "thùng": N_("carton"),
    "xấp": N_("stack"),
    "đòn": N_("roll"),
    "lon": N_("can"),
    "khay": N_("tray"),
    "hũ": N_("jar"),
    "bó": N_("bunch"),
    "bánh": N_("cake"),
    "bao": N_("sack"),
    "xá": N_("loose"),
    "tính kg": N_("sold by kg"),
    "khoảng": N_("about"),
}

RESULTS = {
    "không phát hiện": N_("not detected"),
    "đạt": N_("within the limit"),
    "Thủy phần mật ong": N_("Moisture of honey"),
    "Đường khử (fructose + glucose)": N_("Reducing sugars (fructose + glucose)"),
    "Dư lượng thuốc BVTV (đa hoạt chất)": N_("Pesticide residues (multi-residue)"),
    "Độ Brix": N_("Brix"),
    "Nitrat": N_("Nitrate"),
    "Độ Brix (CDĐL Hà Giang)": N_("Brix (geographical indication of Ha Giang)"),
    "Cadimi": N_("Cadmium"),
    "Tổng số VSV hiếu khí": N_("Total aerobic count"),
    "Hàn the": N_("Borax"),
    "Chì (chè)": N_("Lead (tea)"),
    "Chì": N_("Lead"),
    "Tanin (CDĐL chè Shan tuyết)": N_("Tannin (geographical indication of Shan tea)"),
    "Vàng O (auramine O)": N_("Auramine O"),
    "Cadimi (gạo)": N_("Cadmium (rice)"),
}

STEPS = {
    "Đóng gói, dán tem": N_("Packed and stamped"),
    "Phân loại": N_("Sorting"),
    "trước thu hoạch": N_("before the harvest"),
    "thành phẩm": N_("finished product"),
    "Bảo quản": N_("Storing"),
    "Rửa, xử lý bề mặt": N_("Washing and surface treatment"),
    "Tiếp nhận tại cơ sở": N_("Received at the packing house"),
    "Phân hữu cơ hoai mục": N_("Composted manure"),
    "Phân NPK 16-16-8": N_("NPK fertiliser 16-16-8"),
    "Nhập nguyên liệu": N_("Raw material taken in"),
    "Đóng gói": N_("Packaged"),
    "Tiếp nhận búp tươi": N_("Fresh tea shoots received"),
    "Làm héo": N_("Withering"),
    "Chế phẩm Trichoderma": N_("Trichoderma preparation"),
    "Dầu khoáng SK 99 EC": N_("Mineral oil SK 99 EC"),
    "Chiết chai, dán tem": N_("Bottled and stamped"),
    "Diệt men": N_("Fixation (kill-green)"),
    "Vò": N_("Rolling (tea)"),
    "Phơi/sấy": N_("Sun or machine drying"),
    "Sấy/phơi": N_("Machine or sun drying"),
    "Sấy/sao khô": N_("Drying or roasting"),
    "Tiếp nhận": N_("Goods received"),
    "Axit formic (ngoài vụ mật)": N_("Formic acid (outside the honey season)"),
    "Hạ thủy phần": N_("Lowering the moisture"),
    "Lọc, lắng": N_("Filtering and settling"),
    "Sấy lúa": N_("Drying of paddy"),
    "Xay xát, đánh bóng": N_("Milling and polishing"),
    "Đóng túi": N_("Bagged"),
    "Cấp đông": N_("Freezing"),
    "Lột vỏ": N_("Peeling"),
    "Men vi sinh xử lý ao": N_("Probiotics for the pond"),
    "Ngâm, xay": N_("Soaking and grinding"),
    "Phân loại, gọt cuống": N_("Sorting and trimming of stems"),
    "Tráng/hấp": N_("Spreading and steaming"),
    "Vitamin C bổ sung": N_("Added vitamin C"),
    "Ngâm đậu": N_("Soaking of beans"),
    "Rửa": N_("Washing"),
    "Sấy": N_("Drying"),
    "Tách cơm": N_("Removing the flesh"),
    "Vớt váng": N_("Lifting the skins"),
    "Xay, vắt": N_("Grinding and pressing"),
    "Bọc màng, đóng thùng": N_("Wrapped and put into cartons"),
    "Gọt kim cương": N_("Diamond cut"),
    "Kho lạnh": N_("Cold store"),
    "Nhúng chống nâu": N_("Dip against browning"),
    "Phi lê, lạng da, định hình": N_("Filleting, skinning, shaping"),
    "Thanh trùng": N_("Pasteurising"),
    "Tiếp nhận cá sống": N_("Live fish received"),
    "Tách gáo": N_("Taking off the shell"),
    "Vò 3 lần": N_("Rolling three times"),
    "Ép": N_("Pressing"),
    "Đóng hộp": N_("Boxed"),
    "Đóng thùng": N_("Put into cartons"),
    "Ủ men": N_("Fermenting"),
    "Chiên chân không": N_("Vacuum frying"),
    "Chiết chai": N_("Filled into bottles"),
    "Cắt lát": N_("Slicing"),
    "Cắt sợi": N_("Cutting into strips"),
    "Gọt": N_("Paring"),
    "Làm héo dài": N_("Long withering"),
    "Nạo, ép nước cốt": N_("Grating and pressing of the milk"),
    "Nấu với đường, mạch nha": N_("Boiling with sugar and malt"),
    "Nổ/rang": N_("Puffing or roasting"),
    "Rửa, gọt": N_("Washing and paring"),
    "Sấy nhẹ": N_("Light drying"),
    "Sấy thăng hoa": N_("Freeze-drying"),
    "Tiếp nhận, ướp đá": N_("Received and iced"),
    "Trộn": N_("Mixing"),
    "Tách cơm sáp": N_("Removing the waxy flesh"),
    "Đóng bao": N_("Put into sacks"),
    "Đóng gói, cấp đông": N_("Packed and frozen"),
    "Đổ khuôn, cắt, gói": N_("Moulding, cutting, wrapping"),
    "Chiết dịch": N_("Extracting"),
    "Hút chân không": N_("Vacuum packed"),
    "Ly tâm tách dầu": N_("Centrifuging off the oil"),
    "Làm sạch, xẻ": N_("Cleaning and splitting"),
    "Nạo, quết": N_("Scraping and pounding"),
    "Nạo, ép": N_("Grating and pressing"),
    "Phối đường, nấu": N_("Sugaring and boiling"),
    "Sên đường": N_("Candying"),
    "Tách vỏ": N_("Hulling"),
    "Đóng hũ": N_("Put into jars"),
    "Ướp": N_("Curing"),
    "Ủ, ép bánh": N_("Ripening and pressing into cakes"),
}

SCHEMES = {
    "Hữu cơ EU": N_("EU organic"),
    "Hữu cơ TCVN 11041": N_("Organic TCVN 11041"),
    "Hữu cơ USDA/EU": N_("Organic USDA/EU"),
    "OCOP 3 sao": N_("OCOP, three stars"),
    "OCOP 4 sao": N_("OCOP, four stars"),
    "OCOP 5 sao": N_("OCOP, five stars"),
    "ATTP": N_("Food safety certificate (ATTP)"),
}

STORAGE = {
    "Nơi khô mát": N_("A dry and cool place"),
}

_TERMS = {
    typed.casefold(): ours
    for group in (UNITS, RESULTS, STEPS, SCHEMES, STORAGE)
    for typed, ours in group.items()
}
_UNIT = re.compile("|".join(rf"\b{re.escape(typed)}\b" for typed in sorted(UNITS, key=len, reverse=True)))

#: In a number written the Vietnamese way: the comma before its decimals, the points between its thousands.
_POINT = re.compile(r"(?<=\d)(,(?=\d)|\.(?=\d{3}(?!\d)))")
_BRACKETS = re.compile(r" *\(([^()]*)\)")


def term(typed: str) -> str:
    """What was typed, in the reader's language where it is a usual word; else as it was typed."""
    if language() == "vi":
        return typed
    known = _TERMS.get(typed.strip().casefold())
    return gettext(known) if known else typed


def amount(typed: str) -> str:
    """A weight as it was typed ("thùng 9 trái (7,2 kg)"), words, numbers and signs in the reader's language."""
    if language() == "vi":
        return typed
    worded = _UNIT.sub(lambda found: gettext(UNITS[found[0]]), typed)
    worded = _POINT.sub(lambda found: "." if found[0] == "," else ",", worded)
    return _BRACKETS.sub(lambda found: bracketed(found[1]), worded)
