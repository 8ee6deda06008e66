"""A trader files and corrects, on a phone and at a desk, with scripts and without."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

PHONE, DESKTOP = (390, 844), (1280, 900)
NewPage = Callable[..., Page]
SignIn = Callable[[Page, str], None]


@pytest.mark.parametrize(
    ("size", "javascript"),
    [(PHONE, True), (DESKTOP, True), (PHONE, False)],
    ids=["phone", "desk", "phone without scripts"],
)
def test_a_trader_files_and_corrects(
    new_page: NewPage,
    sign_in: SignIn,
    check_accessible: Callable[[Page], None],
    picture: Callable[[Page, str], Path],
    size: tuple[int, int],
    javascript: bool,
) -> None:
    page = new_page(size, javascript=javascript)
    sign_in(page, "trader")
    name = f"trader-{size[0]}{'' if javascript else '-plain'}"

    def look(what: str) -> None:
        if javascript:  # axe is a script of its own
            check_accessible(page)
            wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
            assert not wide, what
        picture(page, f"{name}-{what}")

    page.goto("/declarations")
    look("list")
    page.get_by_role("main").get_by_role("link", name="File a declaration").click()
    page.get_by_role("button", name="Start").click()
    reference = page.get_by_label("Your reference").input_value()
    page.get_by_label("Currency of the invoice").fill("US")
    page.get_by_role("button", name="Continue to the goods").click()
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    look("facts")
    page.get_by_label("Importer").fill("IM000215")
    page.get_by_label("Currency of the invoice").fill("USD")
    page.get_by_label("Shipped from").select_option("CN")
    page.get_by_role("button", name="Continue to the goods").click()

    page.get_by_label("What are the goods?").fill("portable data processing machines")
    page.get_by_role("button", name="Find the code").click()
    look("codes")
    page.get_by_role("button", name="Use 8471.30").click()
    expect(page.get_by_label("HS code")).to_have_value("847130")
    page.get_by_label("Origin").fill("CN")
    page.get_by_label("Value", exact=True).fill("12,4")
    page.get_by_role("button", name="Continue and see the duty").click()
    expect(page.locator("#lines-0-customs_value-error")).to_be_visible()
    look("goods")
    page.get_by_label("Value", exact=True).fill("12400.00")
    page.get_by_role("button", name="Add another line").click()
    expect(page.get_by_label("What are the goods?")).to_have_count(2)
    page.get_by_role("button", name="Remove this line").last.click()
    expect(page.get_by_label("What are the goods?")).to_have_count(1)
    page.get_by_role("button", name="Continue and see the duty").click()

    expect(page.get_by_text("Nothing is filed yet.")).to_be_visible()
    look("check")
    page.get_by_role("button", name="File the declaration").click()
    expect(page.get_by_role("heading", name=reference, exact=True)).to_be_visible()
    expect(page.get_by_text("Your declaration is filed.")).to_be_visible()
    look("filed")

    _correct(page, look)


def _correct(page: Page, look: Callable[[str], None]) -> None:
    """Amend what customs is looking at; what is released says why it cannot be."""
    amend = page.get_by_role("button", name="Amend it")
    if not amend.count():
        expect(page.get_by_text("cannot be amended").first).to_be_visible()
        page.goto("/declarations?state=with_customs")
        link = page.locator("tbody th a").first
        if not link.count():
            pytest.skip("everything of this trader is released")
        link.click()
        amend = page.get_by_role("button", name="Amend it")
    amend.click()
    page.get_by_label("Why does it change?").fill("The invoice was corrected.")
    page.get_by_role("button", name="Continue to the goods").click()
    page.get_by_label("Value", exact=True).first.fill("765.43")
    page.get_by_role("button", name="Continue and see the duty").click()
    look("amend")
    page.get_by_role("button", name="File the amendment").click()
    expect(page.get_by_text("Your amendment is filed.")).to_be_visible()
    expect(page.get_by_text("Changed by you")).to_be_visible()
    expect(page.get_by_text(re.compile(r"765\.43")).first).to_be_visible()


def test_a_file_is_checked_before_anything_of_it_is_filed(
    phone: Page,
    sign_in: SignIn,
    check_accessible: Callable[[Page], None],
    picture: Callable[[Page, str], Path],
) -> None:
    sign_in(phone, "trader")
    phone.goto("/declarations/new")
    phone.get_by_role("button", name="Start").click()
    declarant: Any = phone.locator("input[name=declarant]").get_attribute("value")
    header = "declaration_id,declarant,date,importer,line,hs_code,origin,currency,customs_value\n"
    rows = [
        f"F-{n},{declarant},2026-10-30,IM1,1,{code},CN,USD,9.00\n"
        for n, code in enumerate(("847130", "12"))
    ]

    phone.goto("/declarations/new/upload")
    check_accessible(phone)
    content = (header + "".join(rows)).encode()
    phone.get_by_label("File", exact=True).set_input_files(
        {"name": "week.csv", "mimeType": "text/csv", "buffer": content}
    )
    phone.get_by_role("button", name="Check the file").click()
    expect(phone.get_by_text("not 6, 8 or 10 digits")).to_be_visible()
    check_accessible(phone)
    picture(phone, "trader-390-upload")
    phone.get_by_role("button", name="File the good one").click()
    phone.goto("/declarations?reference=F-")
    expect(phone.get_by_role("link", name="F-0")).to_be_visible()


@pytest.mark.parametrize("path", ["/declarations", "/messages", "/declarations/new"])
def test_the_first_pages_hold_in_the_dark(
    new_page: NewPage, sign_in: SignIn, check_accessible: Callable[[Page], None], path: str
) -> None:
    page = new_page(PHONE, scheme="dark")
    sign_in(page, "trader")
    page.goto(path)
    check_accessible(page)
