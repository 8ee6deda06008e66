"""Economies by code and name, in the reader's language and under the names that APEC uses."""

from __future__ import annotations

from functools import cache

from tradelane.trade.identifiers import ASSIGNED_ECONOMIES
from tradelane.web.translation import N_, translator

_APEC = {
    "BN": N_("Brunei Darussalam"),
    "HK": N_("Hong Kong, China"),
    "KR": N_("Korea"),
    "PH": N_("The Philippines"),
    "TW": N_("Chinese Taipei"),
    "US": N_("The United States"),
    "VN": N_("Viet Nam"),
}


@cache
def economies(locale: str) -> tuple[tuple[str, str], ...]:
    """Code and name of every economy, by name.

    >>> dict(economies("en"))["TW"], dict(economies("ko"))["JP"]
    ('Chinese Taipei', '일본')
    """
    words = translator(locale)
    named = words.formats.territories
    found = [
        (code, words.gettext(_APEC[code]) if code in _APEC else str(named.get(code, code)))
        for code in ASSIGNED_ECONOMIES
    ]
    return tuple(sorted(found, key=lambda item: item[1].casefold()))
