"""What a page says, for tests of its languages."""

from __future__ import annotations

from html.parser import HTMLParser
from importlib.resources import files
from io import BytesIO

from babel.messages.pofile import read_po

_SPOKEN = ("aria-label", "alt", "title", "placeholder", "data-label", "data-live-text")
_VOID = {"meta", "link", "input", "br", "hr", "img"}


class Words(HTMLParser):
    """What a page says, element by element; without what is marked as English or is code."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.locale = ""
        self.said: set[str] = set()
        self._stack: list[bool] = [False]
        self.english = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self.locale = given.get("lang") or ""
        named = tag == "option" and "lang" in given  # the languages' own names for themselves
        english = not named and tag != "html" and given.get("lang") == "en"
        self.english += english
        if tag in _VOID:
            return
        hidden = self._stack[-1] or named or english or tag in ("code", "script", "svg")
        self._stack.append(hidden)
        if not hidden:
            self.said.update(" ".join((given.get(name) or "").split()) for name in _SPOKEN)

    def handle_endtag(self, tag: str) -> None:
        self._stack.pop()

    def handle_data(self, data: str) -> None:
        if not self._stack[-1]:
            self.said.add(" ".join(data.split()))


def left_in_english(tag: str, page: Words) -> set[str]:
    """Sentences on the page for which the language has other words."""
    source = files("tradelane.web") / "locales" / tag / "messages.po"
    texts: dict[str, str] = {}
    for message in read_po(BytesIO(source.read_bytes()), locale=tag):
        if isinstance(message.id, str) and isinstance(message.string, str):
            texts[message.id] = message.string
    return {said for said in page.said if said and texts.get(said, said) not in (said, "")}
