"""An officer at work in a real browser: by keyboard, on a telephone, without scripts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

NewPage = Callable[..., Page]
SignIn = Callable[[Page, str], None]
DESKTOP, PHONE = (1280, 900), (390, 844)


def test_an_officer_clears_ten_cases_by_keyboard_alone(desktop: Page, sign_in: SignIn) -> None:
    sign_in(desktop, "officer2")
    desktop.goto("/queue")
    desktop.keyboard.press("j")
    desktop.keyboard.press("j")
    desktop.keyboard.press("k")
    desktop.keyboard.press("o")
    expect(desktop.get_by_role("heading", name="Decision")).to_be_visible()
    decided = []
    for number in range(10):
        decided.append(desktop.url.split("?")[0])
        if number % 3 == 2:
            desktop.keyboard.press("h")
            desktop.keyboard.press("Tab")
            desktop.keyboard.type("The papers do not match the goods.")
            desktop.keyboard.press("Shift+Tab")
        else:
            desktop.keyboard.press("i")
        with desktop.expect_navigation():
            desktop.keyboard.press("Enter")
        expect(desktop.get_by_text("The decision is recorded.")).to_be_visible()
        with desktop.expect_navigation():
            desktop.keyboard.press("n")
    assert len(set(decided)) == 10


def test_going_on_at_once_is_remembered_from_case_to_case(desktop: Page, sign_in: SignIn) -> None:
    sign_in(desktop, "supervisor")
    desktop.goto("/queue/next")
    desktop.get_by_label("Open the next case at once").check()
    seen = set()
    for _ in range(3):
        seen.add(desktop.url.split("?")[0])
        desktop.get_by_label("Inspect").check()
        desktop.get_by_role("button", name="Decide", exact=True).last.click()
        expect(desktop.get_by_label("Open the next case at once")).to_be_checked()
    assert len(seen) == 3


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop-light", "phone-dark"]
)
def test_the_officers_pages_are_accessible_and_fit(
    new_page: NewPage,
    sign_in: SignIn,
    check_accessible: Callable[[Page], None],
    picture: Callable[[Page, str], Path],
    size: tuple[int, int],
    scheme: str,
) -> None:
    page = new_page(size, scheme=scheme)
    sign_in(page, "supervisor")
    name = f"{scheme}-{size[0]}"

    def look(what: str) -> None:
        check_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        picture(page, f"officer-{what}-{name}")

    page.goto("/queue")
    look("queue")
    page.goto("/queue?hs=x&q=nothing")
    look("queue-filtered")
    page.goto("/queue?state=rejected&q=nothing")
    look("queue-empty")
    page.goto("/queue/next")
    look("case")
    page.get_by_label("Release").check()
    page.get_by_role("button", name="Decide", exact=True).last.click()
    expect(page.get_by_role("alert")).to_be_visible()
    look("case-refused")
    page.get_by_label("Inspect").check()
    page.get_by_role("button", name="Decide", exact=True).last.click()
    look("case-inspecting")
    page.get_by_role("link", name="Record findings").last.click()
    page.get_by_label("Not as declared").first.check()
    page.get_by_role("button", name="Record what was found").last.click()
    expect(page.get_by_role("alert")).to_be_visible()
    look("findings-refused")


def test_without_scripts_a_case_is_decided_all_the_same(new_page: NewPage, sign_in: SignIn) -> None:
    page = new_page(PHONE, javascript=False)
    sign_in(page, "officer2")
    page.goto("/queue")
    page.get_by_role("link", name="Open the next one").click()
    page.get_by_text("Message for a referral").click()
    page.get_by_label("Ready-made message").select_option("invoice")
    page.get_by_role("button", name="Put it into the message").click()
    expect(page.get_by_label("Message to the declarant")).to_have_value(
        "Please send the commercial invoice and the proof of payment for this consignment. The "
        "declared value differs from what is usual for these goods."
    )
    page.get_by_label("Reason").fill("The documents should settle this.")
    page.get_by_role("button", name="Decide", exact=True).last.click()
    expect(page.get_by_text("The decision is recorded.")).to_be_visible()
    expect(page.get_by_text("With the declarant").first).to_be_visible()
