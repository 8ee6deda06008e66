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
    headings = page.get_by_role("heading", level=3).all_text_contents()
    assert headings[0] == "Applies: What to do"
    assert {"Applies: What not to do", "Applies: What a breach can cost"} <= set(headings)
    page.get_by_label("What it does", exact=True).select_option("penalty")
    page.get_by_role("button", name="Show", exact=True).click()
    assert set(page.get_by_role("heading", level=3).all_text_contents()) <= {
        "Applies: What a breach can cost",
        "Ask first: What a breach can cost",
        "Comes later",
    }
    page.get_by_label("What it does", exact=True).select_option("")
    page.get_by_label("Show", exact=True).select_option("coming")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("heading", name="Comes later").first).to_be_visible()
    page.goto(address)  # the address alone brings the answer back
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile(r"Download \(CSV\)")).click()
    assert download.value.suggested_filename == "what-applies-2026-04-30.csv"
    page.get_by_role("link", name="Whom its output concerns").first.click()
    expect(page.get_by_label("talks with people")).to_be_checked()
    fits(page, size)


def test_an_exporter_reads_the_source_and_comes_back_with_every_fact(new_page, check_accessible):
    """On a telephone: a provision with its source and mark, and back to the same answer."""
    page = new_page(PHONE)
    page.goto(f"/hub/applies/result?{FACTS}&show=KR")
    before = page.url
    page.get_by_role("link", name="KR-AIBA.055", exact=True).click()
    expect(page.get_by_role("heading", name="How it was verified")).to_be_visible()
    expect(page.get_by_role("cell", name=re.compile("Law No. 20676"))).to_be_visible()
    expect(page.get_by_text("Read in the text").first).to_be_visible()
    check_accessible(page)
    fits(page, PHONE)
    page.get_by_role("link", name="Back to what applies to your product").click()
    assert page.url == before
    page.goto("/hub/provisions/KR-AIBA.055")  # who comes from elsewhere came from no answer
    expect(page.get_by_role("link", name="Back to what applies")).to_have_count(0)
    page.goto(before)
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("link", name="Change what you stated").click()
    expect(page.get_by_label("talks with people")).to_be_checked()
    expect(page.get_by_label("Singapore", exact=True)).to_be_checked()
    expect(page.get_by_label("What holds on")).to_have_value("2026-04-30")
    current = page.locator(".nav [aria-current]").bounding_box()
    assert current["x"] >= 0
    assert current["x"] + current["width"] <= PHONE[0]


@SIZES
def test_an_analyst_goes_from_the_matrix_to_the_permanent_link(new_page, picture, size):
    page = new_page(size, javascript=False)
    page.goto("/hub/matrix?as_of=2026-04-30")
    picture(page, f"matrix-{size[0]}")
    row = page.get_by_role("row", name=re.compile("^Korea"))
    row.get_by_role("link").nth(1).click()
    expect(page.get_by_role("heading", name="Korea: Transparency")).to_be_visible()
    page.locator("ul.found").get_by_role("link", name=re.compile("KR-AIBA")).first.click()
    expect(page.get_by_role("heading", name="How it was verified")).to_be_visible()
    page.get_by_text("Permanent link, and how to cite this").click()
    cited = page.get_by_text(re.compile(r"/hub/provisions/KR-\S+\?as_of=2026-04-30"))
    expect(cited).to_be_visible()
    said = page.locator("p.lead").inner_text()
    page.goto(re.search(r"/hub/provisions/\S+", cited.inner_text())[0])
    assert page.locator("p.lead").inner_text() == said
    page.get_by_label("What holds on").fill("2020-01-01")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("It does not hold")).to_be_visible()
    page.goto("/hub/map")
    page.get_by_role("link", name=re.compile("^Korea: ")).first.click()
    expect(page.get_by_role("heading", name="Korea: Transparency")).to_be_visible()
    fits(page, size)


def test_an_analyst_compares_two_economies_at_two_dates(new_page, picture):
    page = new_page(DESKTOP, javascript=False)
    page.goto("/hub")
    page.get_by_role("link", name="Compare", exact=True).first.click()
    page.get_by_label("Viet Nam", exact=True).check()
    page.get_by_label("Singapore", exact=True).check()
    page.get_by_label("What holds on").fill("2026-02-28")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_role("heading", name="Singapore, Viet Nam compared")).to_be_visible()
    expect(page.get_by_role("heading", name="The five differences")).to_be_visible()
    picture(page, "compare-1280")
    the_day_before = page.locator("#verdicts").inner_text()
    page.get_by_label("What holds on").fill("2026-03-01")
    page.get_by_role("button", name="Show", exact=True).click()
    assert page.locator("#verdicts").inner_text() != the_day_before
    page.get_by_role("link", name="Labelling of AI content").click()
    page.get_by_role("link", name=re.compile("VN-AILAW")).first.click()
    expect(page.get_by_text("It holds on this day")).to_be_visible()
    page.goto("/hub/timeline?economies=VN")
    page.get_by_role("link", name="Law on Artificial Intelligence", exact=True).first.click()
    expect(page.get_by_role("heading", name="Over time")).to_be_visible()


def test_an_analyst_takes_the_corpus_away(new_page):
    page = new_page(DESKTOP, javascript=False)
    page.goto("/hub/downloads")
    for name, starts in (
        ("instruments.csv", "id,entity,title"),
        ("corpus.json", "{"),
        ("objectives.oscal.json", '{\n "catalog"'),
        ("mapping.oscal.json", '{\n "mapping-collection"'),
    ):
        with page.expect_download() as download:
            page.get_by_role("link", name=name, exact=True).click()
        assert download.value.suggested_filename == name
        with download.value.path().open(encoding="utf-8") as file:
            assert file.read(40).startswith(starts), name


@SIZES
def test_a_visitor_searches_and_asks_what_changed_since_1_january(new_page, check_accessible, size):
    page = new_page(size)
    page.goto("/hub")
    page.get_by_label("Words").fill("labels on generated content")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator("ul.found mark").first).to_be_visible()
    page.locator("ul.found").get_by_role("link", name=re.compile(r"\.\d{3}$")).first.click()
    expect(page.get_by_role("heading", name="How it was verified")).to_be_visible()
    page.goto("/hub")
    page.get_by_role("link", name="All changes since 1 January").click()
    expect(page.get_by_label("From", exact=True)).to_have_value(re.compile("-01-01$"))
    page.goto("/hub/changes?since=2026-01-01&until=2026-03-31")
    found = page.locator("ul.found")
    expect(found.get_by_text("Law on Artificial Intelligence: in force")).to_be_visible()
    assert "recorded here" not in found.inner_text()
    check_accessible(page)
    fits(page, size)
    page.get_by_label("To", exact=True).fill("2025-12-31")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("The last day is before the first.")
