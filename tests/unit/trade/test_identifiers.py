"""Check digits find every single wrong digit that their standard promises to find."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tradelane.trade import identifiers as ids


@pytest.mark.parametrize(
    ("check", "published"),
    [
        (ids.is_container_number, "CSQU3054383"),
        (ids.is_imo_number, "9074729"),
        (ids.is_lei, "5493001KJTIIGC8Y1R12"),
        (ids.is_gtin, "4006381333931"),
        (ids.is_gtin, "73513537"),
    ],
)
def test_a_published_example_holds_and_no_wrong_last_digit_does(
    check: Callable[[str], bool], published: str
) -> None:
    assert check(published)
    wrong = [published[:-1] + d for d in "0123456789" if d != published[-1]]
    assert not any(check(text) for text in wrong)


@pytest.mark.parametrize("text", ["", "١٢٣٤٥٦٧", "907472", "CSQU305438", "csqu3054383", "X" * 99])
def test_what_has_not_the_shape_is_no_identifier(text: str) -> None:
    checks = (
        ids.is_container_number,
        ids.is_imo_number,
        ids.is_lei,
        ids.is_gtin,
        ids.is_locode,
        ids.is_economy,
        ids.is_currency,
        ids.is_unit,
    )
    assert not any(check(text) for check in checks)


def test_the_economies_are_the_249_of_the_standard_and_42_left_to_users() -> None:
    assert len(ids.ASSIGNED_ECONOMIES) == 249
    assert len(ids.USER_ASSIGNED_ECONOMIES) == 42
    assert not ids.ASSIGNED_ECONOMIES & ids.USER_ASSIGNED_ECONOMIES
