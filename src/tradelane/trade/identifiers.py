"""Identifiers that a standard defines: their shape and, where there is one, their check digit.

A function answers whether the *text* is well formed. None of them says that the ship, the firm or
the place exists.
"""

from __future__ import annotations

import re

_ASSIGNED = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ "
    "BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR "
    "CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR "
    "GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU "
    "ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ "
    "LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ "
    "MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF "
    "PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI "
    "SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR "
    "TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW "
)
ASSIGNED_ECONOMIES: frozenset[str] = frozenset(_ASSIGNED.split())
"""The 249 officially assigned alpha-2 code elements of ISO 3166-1."""

USER_ASSIGNED_ECONOMIES: frozenset[str] = frozenset(
    ["AA", "ZZ"]
    + ["Q" + letter for letter in "MNOPQRSTUVWXYZ"]
    + ["X" + letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
)
"""Alpha-2 elements that ISO 3166-1 leaves to its users (AA, QM-QZ, XA-XZ, ZZ)."""

UNITS: dict[str, str] = {
    "KGM": "kilogram",
    "GRM": "gram",
    "TNE": "tonne (metric ton)",
    "CTM": "metric carat",
    "LTR": "litre",
    "MLT": "millilitre",
    "HLT": "hectolitre",
    "LPA": "litre of pure alcohol",
    "MTQ": "cubic metre",
    "MTR": "metre",
    "MTK": "square metre",
    "H87": "piece",
    "C62": "one",
    "NMB": "number of articles",
    "NPR": "number of pairs",
    "PR": "pair",
    "SET": "set",
    "DZN": "dozen",
    "MIL": "thousand",
    "KWH": "kilowatt hour",
    "MWH": "megawatt hour",
    "TJ": "terajoule",
}
"""The units of UN/ECE Recommendation 20 that customs tariffs use, with their names."""

TRANSPORT_MODES: dict[str, str] = {
    "0": "not specified",
    "1": "maritime",
    "2": "rail",
    "3": "road",
    "4": "air",
    "5": "mail",
    "6": "multimodal",
    "7": "fixed installation",
    "8": "inland water",
    "9": "not applicable",
}
"""UN/ECE Recommendation 19: the mode of transport, one digit."""

_CONTAINER = re.compile(r"[A-Z]{3}[UJZ][0-9]{7}")
_IMO = re.compile(r"(?:IMO ?)?([0-9]{7})")
_LOCODE = re.compile(r"([A-Z]{2}) ?[A-Z2-9]{3}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_LEI = re.compile(r"[A-Z0-9]{18}[0-9]{2}")
_GTIN = re.compile(r"[0-9]{8}|[0-9]{12,14}")
# ISO 6346 gives letters the values 10 to 38 without the multiples of 11.
_LETTER_VALUES = dict(
    zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", [n for n in range(10, 39) if n % 11], strict=True)
)


def is_container_number(text: str) -> bool:
    """A freight container number with its check digit (ISO 6346).

    >>> is_container_number("CSQU3054383"), is_container_number("CSQU3054384")
    (True, False)
    """
    if not _CONTAINER.fullmatch(text):
        return False
    total = sum(
        (_LETTER_VALUES[sign] if sign in _LETTER_VALUES else int(sign)) << place
        for place, sign in enumerate(text[:10])
    )
    return total % 11 % 10 == int(text[10])


def is_imo_number(text: str) -> bool:
    """An IMO ship identification number, with or without its prefix (IMO A.1117(30)).

    >>> is_imo_number("IMO 9074729"), is_imo_number("9074728")
    (True, False)
    """
    match = _IMO.fullmatch(text)
    if not match:
        return False
    digits = [int(sign) for sign in match[1]]
    total = sum(digit * weight for digit, weight in zip(digits, range(7, 1, -1), strict=False))
    return total % 10 == digits[6]


def is_locode(text: str) -> bool:
    """The shape of a UN/LOCODE: an economy and three signs (UN/ECE Recommendation 16).

    >>> is_locode("KRPUS"), is_locode("US NYC"), is_locode("KRPU1"), is_locode("??PUS")
    (True, True, False, False)
    """
    match = _LOCODE.fullmatch(text)
    return match is not None and is_economy(match[1])


def is_economy(text: str) -> bool:
    """An ISO 3166-1 alpha-2 code that is officially assigned, or left to its users.

    >>> is_economy("KR"), is_economy("XD"), is_economy("UK"), is_economy("kr")
    (True, True, False, False)
    """
    return text in ASSIGNED_ECONOMIES or text in USER_ASSIGNED_ECONOMIES


def is_currency(text: str) -> bool:
    """The shape of an ISO 4217 alphabetic currency code: three capital letters.

    >>> is_currency("KRW"), is_currency("won")
    (True, False)
    """
    return _CURRENCY.fullmatch(text) is not None


def is_lei(text: str) -> bool:
    """A legal entity identifier with its check digits (ISO 17442, ISO 7064 MOD 97-10).

    >>> is_lei("5493001KJTIIGC8Y1R12"), is_lei("5493001KJTIIGC8Y1R13")
    (True, False)
    """
    if not _LEI.fullmatch(text):
        return False
    return int("".join(str(int(sign, 36)) for sign in text)) % 97 == 1


def is_gtin(text: str) -> bool:
    """A GS1 trade item number of 8, 12, 13 or 14 digits with its check digit.

    >>> is_gtin("4006381333931"), is_gtin("4006381333932"), is_gtin("036000291452")
    (True, False, True)
    """
    if not _GTIN.fullmatch(text):
        return False
    body = reversed(text[:-1])
    total = sum(int(sign) * (1 if place % 2 else 3) for place, sign in enumerate(body))
    return (10 - total % 10) % 10 == int(text[-1])


def is_unit(text: str) -> bool:
    """A unit of the customs subset of UN/ECE Recommendation 20.

    >>> is_unit("KGM"), is_unit("kg")
    (True, False)
    """
    return text in UNITS
