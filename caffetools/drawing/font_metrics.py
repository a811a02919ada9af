"""Text widths, from the advance widths of DejaVu Sans, so that no text overflows its box.

DejaVu Sans is the first font of drawings. Hardly any other sans-serif font is wider.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

EM = 2048
"""Units per em of the tables, as in the font's file."""

REGULAR = {
    563: "'", 569: "ijlìíîï", 604: "IJÌÍÎÏ", 651: " ,.\xa0·‘’", 690: "/:;\\|¦", 721: "f", 739: "-",
    799: "()[]", 803: "t", 821: "!¡²³¹", 842: "r", 942: '"', 965: "ªº", 1024: "*_`§¨¯°´¸–",
    1061: "“”", 1067: "s", 1075: "z", 1087: "?¿", 1126: "cç", 1141: "LΓ", 1178: "F", 1186: "k",
    1212: "vxyýÿγλ", 1235: "P", 1239: "Þ", 1251: "TYÝ", 1253: "o«»ðòóôõöøδ", 1255: "aàáâãäå",
    1260: "eèéêë", 1290: "ß", 1294: "EÈÉÊË", 1298: "hnuñùúûüσ", 1300: "Sbdgpqþ",
    1303: "$0123456789{}¢£¤¥µ¶μ", 1307: "β", 1343: "K", 1350: "α", 1401: "AVÀÁÂÃÄÅΑΔ", 1403: "XZ",
    1405: "BΒ", 1423: "R", 1430: "CÇ", 1499: "UÙÚÛÜ", 1532: "NÑ", 1540: "H", 1577: "D", 1587: "GÐ",
    1597: "&", 1612: "OQÒÓÔÕÖØ", 1675: "w", 1706: "∞", 1716: "#+<=>^~¬±×÷←↑→↓−≤≥", 1767: "M",
    1946: "%", 1985: "¼½¾", 1995: "mÆ", 2011: "æ", 2025: "W", 2048: "@©®—…⋮",
}  # fmt: skip
"""Characters of DejaVu Sans by advance width."""

BOLD = {
    627: "'", 702: "ijlìíîï", 713: " \xa0", 748: "/\\|¦", 762: "IJÌÍÎÏ", 778: ",.·‘’", 819: ":;",
    850: "-", 891: "f", 897: "²³¹", 934: "!¡", 936: "()[]", 979: "t", 1010: "r", 1024: "_`§¨¯°´¸–",
    1067: '"', 1071: "*", 1155: "ªº", 1188: "?¿", 1192: "z", 1214: "cç", 1219: "s", 1296: "λ",
    1303: "¤¶", 1305: "LΓ", 1321: "x", 1323: "«»", 1335: "vyýÿ", 1346: "“”", 1362: "k",
    1382: "aàáâãäå", 1389: "eèéêë", 1395: "γ", 1397: "T", 1399: "EFÈÉÊË", 1407: "oðòóôõöøαδ",
    1425: "$0123456789¢£¥", 1458: "hnu{}ñùúûü", 1466: "bdgpqþβ", 1473: "ß", 1475: "S", 1483: "YÝ",
    1485: "Z", 1501: "P", 1503: "CÇ", 1507: "µμ", 1511: "Þ", 1561: "BΒ", 1577: "R", 1579: "X",
    1585: "AVÀÁÂÃÄÅΑΔ", 1587: "K", 1595: "σ", 1663: "UÙÚÛÜ", 1681: "G", 1700: "D", 1706: "∞",
    1714: "HNÑ", 1716: "#+<=>^~¬±Ð×÷←↑→↓−≤≥", 1741: "OQÒÓÔÕÖØ", 1786: "&", 1892: "w", 2038: "M",
    2048: "@©®—…⋮", 2052: "%", 2120: "¼½¾", 2134: "m", 2146: "æ", 2222: "Æ", 2259: "W",
}  # fmt: skip
"""Characters of DejaVu Sans Bold by advance width."""

_WIDTHS = {
    bold: {char: width for width, chars in table.items() for char in chars}
    for bold, table in ((False, REGULAR), (True, BOLD))
}


def is_measured(text: str) -> bool:
    """Return whether the tables have all characters of a text."""
    return all(char in _WIDTHS[False] for char in text)


@lru_cache(maxsize=4096)
def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of a text at a font size, in the unit of the size.

    A letter that is missing from the tables counts as 1 em, another character as 1.5 em, and a
    combining character as 0.
    """
    widths = _WIDTHS[bold]
    units = sum(widths[char] if char in widths else _guess(char) for char in text)
    return units * size / EM


def _guess(char: str) -> int:
    category = unicodedata.category(char)
    if category in {"Mn", "Me"}:
        return 0
    return EM if category[0] == "L" else EM * 3 // 2


def elided(text: str, width: float, size: float, bold: bool = False) -> str:
    """Return a text, shortened in the middle by `…` to at most `width`."""
    if len(text) <= 1000 and text_width(text, size, bold) <= width:
        return text
    least, most = 0, min(len(text), 1000)
    while least < most:  # find the largest number of characters that fit
        kept = (least + most + 1) // 2
        if text_width(_shortened(text, kept), size, bold) <= width:
            least = kept
        else:
            most = kept - 1
    return _shortened(text, least)


def _shortened(text: str, kept: int) -> str:
    tail = kept // 2
    return f"{text[: kept - tail]}…{text[len(text) - tail :]}"
