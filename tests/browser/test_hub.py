"""An exporter finds what applies; an analyst compares. As they meet the hub in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

DESKTOP = (1280, 900)
PHONE = (390, 844)
SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
FACTS = "use=chatbot&generative=yes&economies=KR,SG,VN&as_of=2026-04-30"
PAGES = (
    "/hub",
    "/hub/applies",
    "/hub/applies/result?as_of=never",
    f"/hub/applies/result?{FACTS}",
    f"/hub/applies/result?{FACTS}&show=same",
    f"/hub/applies/result?{FACTS}&show=different",
    f"/hub/applies/result?{FACTS}&show=dates",
    f"/hub/applies/result?{FACTS}&show=VN",
    "/hub/compare",
    "/hub/compare?economies=KR,SG,US",
    "/hub/compare?economies=KR,SG&domain=transparency",
    "/hub/brief",
    "/hub/brief?economies=KR,SG",
    "/hub/matrix",
    "/hub/cells/KR/transparency",
    "/hub/map",
    "/hub/timeline?economies=KR",
    "/hub/economies/KR",
    "/hub/forums/OECD",
    "/hub/instruments/KR-AIBA",
    "/hub/provisions/KR-AIBA.055",
    "/hub/provisions/KR-AIBA.999",
    "/hub/objectives?domain=labelling",
    "/hub/objectives/TR-INTERACT",
    "/hub/search?q=labels+on+generated+content",
    "/hub/changes?since=2026-11-01",
    "/hub/coverage",
    "/hub/downloads",
)


def fits(page: Page, size: tuple[int, int]) -> None:
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= size[0], page.url


@pytest.mark.parametrize(
    ("size", "other", "scheme", "first"),
    [(DESKTOP, PHONE, "light", 0), (PHONE, DESKTOP, "dark", 1)],
    ids=["desktop-light", "phone-dark"],
)
def test_every_page_of_the_hub_is_accessible_and_fits(
    new_page, check_accessible, size, other, scheme, first
):
    """Every other page in each way; each fits in both sizes."""
    page = new_page(size, scheme=scheme)
    for path in PAGES[first::2]:
        page.goto(path)
        check_accessible(page)
        fits(page, size)
        page.set_viewport_size({"width": other[0], "height": other[1]})
        fits(page, other)
        page.set_viewport_size({"width": size[0], "height": size[1]})


@SIZES
def test_an_exporter_finds_what_applies(new_page, picture, size):
    page = new_page(size, javascript=False)
    page.goto("/")
    page.get_by_role("link", name="What applies to my product?").click()
    page.get_by_role("button", name="See what applies").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing is chosen.")
    for economy in ("Korea", "Singapore", "Viet Nam"):
        page.get_by_label(economy, exact=True).check()
    page.get_by_label("talks with people").check()
    page.get_by_label("it generates content").check()
    page.get_by_label("What holds on").fill("2026-04-30")
    page.get_by_role("button", name="See what applies").click()
    expect(page.get_by_role("heading", name="Do this once")).to_be_visible()
    expect(page.get_by_text("Facts, not legal advice.")).to_be_visible()
    picture(page, f"applies-{size[0]}")
    address = page.url
    page.get_by_role("link", name="Viet Nam").first.click()
    expect(page.get_by_text("Law on Artificial Intelligence").first).to_be_visible()
    page.get_by_label("Show", exact=True).select_option("coming")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("ul.found").get_by_text("Comes later").first).to_be_visible()
    page.goto(address)  # the address alone brings the answer back
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile(r"Download \(CSV\)")).click()
    assert download.value.suggested_filename == "what-applies-2026-04-30.csv"
    page.get_by_role("link", name="Whom its output concerns").first.click()
    expect(page.get_by_label("talks with people")).to_be_checked()
    fits(page, size)


@SIZES
def test_an_analyst_compares_and_goes_down_to_the_source(new_page, picture, size):
    page = new_page(size, javascript=False)
    page.goto("/hub")
    page.get_by_role("link", name="Compare", exact=True).first.click()
    page.get_by_label("Korea", exact=True).check()
    page.get_by_label("Singapore", exact=True).check()
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_role("heading", name="Korea, Singapore compared")).to_be_visible()
    expect(page.get_by_role("heading", name="The five differences")).to_be_visible()
    picture(page, f"compare-{size[0]}")
    page.get_by_role("link", name="Labelling of AI content").click()
    page.get_by_role("link", name=re.compile("KR-AIBA")).first.click()
    expect(page.get_by_role("heading", name="How it was verified")).to_be_visible()
    expect(page.get_by_text("Read in the text").first).to_be_visible()
    page.get_by_text("Permanent link, and how to cite this").click()
    expect(page.get_by_text(re.compile(r"/hub/provisions/KR-\S+\?as_of="))).to_be_visible()
    page.get_by_label("What holds on").fill("2020-01-01")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("It does not hold")).to_be_visible()
    page.goto("/hub/matrix")
    page.get_by_role("link", name=re.compile("Required")).first.click()
    expect(page.locator("ul.found a").first).to_be_visible()
    page.goto("/hub/map")
    page.get_by_role("link", name=re.compile("^Korea: ")).first.click()
    expect(page.get_by_role("heading", name="Korea: Transparency")).to_be_visible()
    fits(page, size)
