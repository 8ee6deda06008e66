"""Our fast canonical JSON is RFC 8785 to the byte, for every value that we allow."""

from __future__ import annotations

from typing import Any

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from tradelane.kit import canonical

_text = st.text(st.characters(codec="utf-8"))
_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _text,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="ascii")), inner),
    max_leaves=20,
)


@given(_values)
def test_canonical_json_is_rfc_8785(value: Any) -> None:
    assert canonical.encode(value) == rfc8785.dumps(value)


@given(_values)
def test_what_was_encoded_comes_back(value: Any) -> None:
    assert canonical.decode(canonical.encode(value)) == value
