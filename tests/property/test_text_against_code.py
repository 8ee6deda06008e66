"""What the classifier says of a line is the same in a file and alone, whatever is beside it."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from classification_house import plain
from tradelane.journeys.text_against_code import NOTHING, TextAgainstCode, content_of, told_in

GOODS = [
    "men's cotton knitted t-shirt", "leather wallet", "usb charging cable", "green tea, loose",
    "steel screws for wood", "smartphone, 128 GB", "frozen shrimp", "parts", "", " ", "绿茶",
]  # fmt: skip
CODES = ["6109100000", "610910", "8471300010", "8544.42", "0306170000", "99", "", "847"]
lines = st.tuples(
    st.one_of(st.sampled_from(GOODS), st.text(max_size=30)),
    st.one_of(st.sampled_from(CODES), st.text("0123456789", max_size=12)),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(lines, min_size=1, max_size=12))
def test_a_line_alone_gets_the_value_of_a_line_in_a_file(asked: list[tuple[str, str]]) -> None:
    table = pl.DataFrame(asked, ["description", "hs_code"], orient="row")
    together = TextAgainstCode(plain()).table(table)
    alone = TextAgainstCode(plain(), waits=False)
    for (text, code), told in zip(asked, together, strict=True):
        row = {"description": text, "hs_code": code}
        assert alone.rows([row]) == [told]
        assert (row["text_mismatch"], row["text_code"]) == told
        assert told_in(content_of(told)) == told
        if told.mismatch is None:
            assert told == NOTHING
        else:
            assert 0.0 <= told.mismatch <= 1.0
            assert (told.code == "") == (told.mismatch == 0.0)
            assert not told.code or not code.startswith(told.code)
