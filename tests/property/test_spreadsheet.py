"""No cell that we export starts a formula."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tradelane.kit.spreadsheet import safe_cell


@given(st.text() | st.from_regex(r"[=+\-@\t\r|%].*"))
def test_no_cell_starts_a_formula(text: str) -> None:
    cell = safe_cell(text)
    assert cell in (text, "'" + text)
    if cell[:1] in ("=", "@", "\t", "\r", "\n", "|", "%"):
        raise AssertionError(cell)
    if cell[:1] in ("+", "-"):
        float(cell)
