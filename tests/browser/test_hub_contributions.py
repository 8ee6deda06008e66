"""A contact point proposes, a second person agrees, the feed has it; as seen in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

DESKTOP = (1280, 900)
PHONE = (390, 844)
PAGES = {
    "contact": ("/hub/proposals", "/hub/cases/new"),
    "trader": ("/hub/surveys/2",),
    "": ("/hub/surveys", "/hub/surveys/1/results", "/hub/cases", "/hub/feeds?economy=KR"),
}
"""Who looks at what; nobody has signed in as ""."""


def no_wider_than(page, size) -> bool:
    return page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize(
    ("size", "provision"),
    [(DESKTOP, "KR-AIBA.030"), (PHONE, "KR-AIBA.031")],
    ids=["desktop", "phone"],
)
def test_from_a_proposal_to_the_feed(new_page, sign_in, check_accessible, picture, size, provision):
    contact = new_page(size)
    sign_in(contact, "contact")
    contact.goto(f"/hub/proposals/new?provision={provision}")
    check_accessible(contact)
    assert no_wider_than(contact, size)
    picture(contact, f"proposal-form-{size[0]}")
    words = f"Read once more on a screen {size[0]} wide."
    contact.get_by_label("What it says, in our own words").fill(words)
    contact.get_by_role("button", name="Suggest objectives and a domain").click()
    expect(contact.get_by_role("heading", name="Suggested by what is like it")).to_be_visible()
    check_accessible(contact)
    assert no_wider_than(contact, size)
    picture(contact, f"proposal-suggested-{size[0]}")
    contact.get_by_role("button", name="See what would change").click()
    expect(contact.get_by_role("heading", name="Check your proposal")).to_be_visible()
    check_accessible(contact)
    picture(contact, f"proposal-check-{size[0]}")
    contact.get_by_label("Why").fill("The text was read again in its latest wording.")
    contact.get_by_role("button", name="Propose it").click()
    expect(contact.get_by_text("A second person has to agree")).to_be_visible()
    address = contact.url
    analyst = new_page(size, javascript=False)
    sign_in(analyst, "analyst")
    analyst.goto(address)
    assert no_wider_than(analyst, size)
    picture(analyst, f"proposal-{size[0]}")
    analyst.get_by_role("button", name="Agree and publish").click()
    expect(analyst.get_by_role("heading", name="What changed")).to_be_visible()
    assert no_wider_than(analyst, size)
    picture(analyst, f"published-{size[0]}")
    visitor = new_page(size)
    visitor.goto("/hub/published?economy=KR")
    expect(visitor.get_by_role("link", name=re.compile(words))).to_be_visible()
    check_accessible(visitor)
    assert no_wider_than(visitor, size)
    feed = visitor.request.get("/hub/feed.json?economy=KR").json()
    assert words in feed["items"][0]["title"]
    assert feed["items"][0]["url"] == analyst.url


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop-light", "phone-dark"]
)
def test_pages_of_contributions_are_accessible_and_fit(
    new_page, sign_in, check_accessible, picture, size, scheme
):
    for login, paths in PAGES.items():
        page = new_page(size, scheme=scheme)
        if login:
            sign_in(page, login)
        for path in paths:
            page.goto(path)
            check_accessible(page)
            assert no_wider_than(page, size), path
            picture(page, f"{re.sub('[^a-z0-9]+', '-', path.lower())}-{size[0]}")
