"""The frame of every page, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page


def test_a_page_that_is_not_there_says_so_accessibly(
    desktop: Page, sign_in: Callable[[Page, str], None], check_accessible: Callable[[Page], None]
) -> None:
    sign_in(desktop, "officer")
    answer = desktop.goto("/nowhere")
    assert answer is not None
    assert answer.status == 404
    assert desktop.get_by_role("heading", level=1).is_visible()
    check_accessible(desktop)
