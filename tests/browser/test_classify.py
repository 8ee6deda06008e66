"""A trader asks for a code, answers the question, and takes the code into the filing form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

PHONE, DESKTOP = (390, 844), (1280, 900)


@pytest.mark.parametrize(
    ("size", "javascript"), [(PHONE, False), (DESKTOP, True)], ids=["phone, no scripts", "desk"]
)
def test_a_trader_asks_answers_and_takes_the_code(
    new_page: Callable[..., Page],
    sign_in: Callable[[Page, str], None],
    check_accessible: Callable[[Page], None],
    picture: Callable[[Page, str], Path],
    size: tuple[int, int],
    javascript: bool,
) -> None:
    page = new_page(size, javascript=javascript)
    sign_in(page, "trader")

    def look(what: str) -> None:
        if javascript:  # axe is a script of its own
            check_accessible(page)
            wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
            assert not wide, what
        picture(page, f"classify-{size[0]}-{what}")

    page.goto("/declarations/new")
    page.get_by_role("button", name="Start").click()
    page.get_by_label("Importer").fill("IM000215")
    page.get_by_label("Currency of the invoice").fill("USD")
    page.get_by_label("Shipped from").select_option("CN")
    page.get_by_role("button", name="Continue to the goods").click()
    page.get_by_label("What are the goods?").fill("t-shirt")
    page.get_by_role("button", name="Find the code").click()

    expect(page.get_by_role("heading", name="One answer would change the result")).to_be_visible()
    look("question")
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(page.get_by_role("heading", name="Your answers")).to_be_visible()
    page.get_by_text("See the duty rate that would apply").click()
    page.get_by_label("Where it is imported").select_option("demo")
    page.get_by_label("Origin").fill("CN")
    page.get_by_role("button", name="Show the rates").click()
    expect(page.get_by_text("Duty rates: Port Meridian")).to_be_visible()
    look("answered")
    use = page.get_by_role("button", name="Use ").first
    code = use.get_attribute("value") or "nothing"
    use.click()
    expect(page.get_by_label("HS code")).to_have_value(code)


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desk"])
def test_pages_of_examples_and_batches_are_accessible(
    new_page: Callable[..., Page],
    sign_in: Callable[[Page, str], None],
    check_accessible: Callable[[Page], None],
    picture: Callable[[Page, str], Path],
    size: tuple[int, int],
) -> None:
    for login, paths in {
        "analyst": ("/classify/sources", "/classify/corrections"),
        "trader": ("/classify/batch", "/classify?q=gift"),
    }.items():
        page = new_page(size)
        sign_in(page, login)
        for path in paths:
            page.goto(path)
            check_accessible(page)
            assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), path
            picture(page, f"classify{path.replace('/', '-').replace('?', '-')}-{size[0]}")
