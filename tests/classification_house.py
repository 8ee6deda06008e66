"""Classification for tests: one engine without examples, and workspaces that share its groundwork.

Reading wordings and glossary takes seconds; it is done once a process. Workspaces with examples of
their own learn on top of it in a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tradelane.classification.reading import Row
from tradelane.classification.service import Classification
from tradelane.platform import Tradelane

_NOWHERE = Path("/nonexistent/tradelane-classification")

GARMENTS = ["t-shirt", "singlet", "vest", "undershirt", "tank top", "camisole", "top"]
SHORT = [
    *[(f"{word} of cotton, {how}", "610910") for word in GARMENTS for how in ("printed", "plain")],
    *[(f"{word} of polyester, {how}", "610990") for word in GARMENTS for how in ("red", "blue")],
    *[(f"wallet {word}, leather", "420231") for word in ("slim", "card", "coin", "zip", "long")],
    *[(f"wallet {word}, plastic", "420232") for word in ("slim", "card", "coin", "zip", "long")],
    *[(f"usb {word} cable", "854442") for word in ("charging", "data", "short", "braided", "c")],
    *[(f"{word} green tea", "090210") for word in ("loose", "organic", "sencha", "leaf", "mint")],
    *[(f"{word} smartphone", "851713") for word in ("new", "dual sim", "5g", "small", "blue")],
    *[(f"{word} wooden chair", "940161") for word in ("oak", "padded", "dining", "arm", "soft")],
    *[(f"{word} ball pen", "960810") for word in ("blue ink", "red ink", "click", "gel", "fine")],
]
"""Some sixty short examples: enough that a reranker and a linear classifier are learned."""


@cache
def plain() -> Classification:
    """What ships, with no examples; its engine is ready."""
    found = Tradelane(_NOWHERE, database_url="").classification
    found.suggest("tea")
    return found


def sharing(lane: Tradelane) -> Tradelane:
    """The workspace, its classification standing on the groundwork of `plain`."""
    for name in ("_bare", "_facets", "_generic", "_shipped"):
        vars(lane.classification)[name] = getattr(plain(), name)
    return lane


def row(
    text: str, code: str, day: str = "", *, revoked: bool = False, source: str = "tests"
) -> Row:
    """One example."""
    return Row(text, code, day, revoked, source, 1)


def rows(pairs: Iterable[tuple[str, str]], source: str = "tests") -> list[Row]:
    """Examples of one source."""
    return [row(text, code, source=source) for text, code in pairs]


def csv_of(folder: Path, content: str | bytes, name: str = "given.csv") -> Path:
    """A file with that content."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
