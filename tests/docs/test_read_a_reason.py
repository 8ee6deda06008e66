"""The how-to of reading reasons lists every code that a reason can have."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from tradelane.targeting import reasons
from tradelane.targeting.catalogue import GROUPS
from tradelane.targeting.sentences import SENTENCES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "read-a-reason.md"
TEXT = PAGE.read_text(encoding="utf-8")
WRITTEN = re.compile(r'(f?)"(\{self\.code\}_|NEW_\{self\.code\})?([A-Z][A-Z_]+)?"')
"""A code as the source writes it: whole, or put together from a sentence's own."""


def codes_of(sentence: object) -> set[str]:
    """Every code that a sentence of `sentences.SENTENCES` can give."""
    kind = type(sentence)
    told = sentence if inspect.isfunction(sentence) else kind.__call__  # type: ignore[operator]
    source = inspect.getsource(told)
    own = getattr(sentence, "code", "")
    found = set()
    for _, put_together, rest in WRITTEN.findall(source):
        if put_together.startswith("NEW_"):
            found.add(f"NEW_{own}")
        elif put_together or rest in ("LOW", "HIGH", "USUAL"):
            found.add(f"{own}_{rest}")
        elif rest:
            found.add(rest)
    return found


def test_every_code_of_a_reason_is_explained_and_no_other() -> None:
    given = {code for group in GROUPS for code in codes_of(SENTENCES[group])}
    assert {"PRICE_LOW", "NEW_IMPORTER", "SIBLING_FITS", "WORDS_OTHER", "OWN_VALUE_NONE"} <= given
    assert len(given) > 90
    given |= {reasons.NONE, reasons.NO_GROUND[0], reasons.NOVEL, "RULE:name"}
    first_cells = re.findall(r"^\| (`.+?`) \|", TEXT, flags=re.MULTILINE)
    explained = [code for cell in first_cells for code in re.findall(r"`([A-Z][\w:]+)`", cell)]
    assert len(explained) == len(set(explained)), "a code is explained twice"
    assert set(explained) == given


def test_every_row_has_an_example_and_what_to_check() -> None:
    rows = re.findall(r"^\| `.+$", TEXT, flags=re.MULTILINE)
    assert len(rows) >= len(GROUPS)
    for row in rows:
        assert len(row.strip("| ").split(" | ")) == 3, row
    assert reasons.NO_GROUND[1] in TEXT
