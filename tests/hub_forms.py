"""Forms of the hub as a browser would send them."""

from __future__ import annotations

import re
from html import unescape


def form_of(page: str) -> dict[str, str]:
    """What a browser would send: every named input, textarea and select of the page's main form."""
    fields = dict(re.findall(r'<input[^>]* name="([a-z_]+)"[^>]* value="([^"]*)"', page))
    fields |= dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', page))
    for name, text in re.findall(
        r'<textarea[^>]* name="(\w+)"[^>]*>\n(.*?)</textarea>', page, re.S
    ):
        fields[name] = text
    for name, inside in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', page, re.S):
        chosen = re.search(r'value="([^"]*)" selected', inside)
        fields[name] = chosen[1] if chosen else ""
    hidden = ("csrf", "return_to", "locale", "theme")
    return {name: unescape(text) for name, text in fields.items() if name not in hidden}


def digest_on(page: str) -> str:
    return re.findall(r'name="digest" value="([^"]+)"', page)[0]
