"""Finding codes as people do: a trader asks, answers the question and takes the code into the
form; a parcel platform's lines are worked through; an officer's correction becomes an example."""

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
    page.get_by_label("What are the goods?").fill("shirt")
    page.get_by_role("button", name="Find the code").click()

    expect(page.get_by_role("heading", name="One answer would change the result")).to_be_visible()
    look("question")
    first = page.locator("#question legend").inner_text()
    page.get_by_label("I do not know").check()
    page.get_by_role("button", name="Answer", exact=True).click()
    answers = page.get_by_role("listitem").filter(has_text=first)
    expect(answers).to_contain_text("I do not know")
    assert page.locator("#question legend").inner_text() != first
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(page.locator("main .tasks a")).to_have_count(2)
    look("not-known")
    answers.get_by_role("link", name="Change").click()
    expect(page.locator("#question")).to_contain_text(first)
    page.get_by_label(first).select_option("material:cotton")
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(answers).to_contain_text("cotton")
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


def test_many_lines_are_worked_through_before_ones_eyes(
    new_page: Callable[..., Page],
    sign_in: Callable[[Page, str], None],
    check_accessible: Callable[[Page], None],
    picture: Callable[[Page, str], Path],
) -> None:
    page = new_page(PHONE)
    sign_in(page, "trader")
    page.goto("/classify")
    page.get_by_role("link", name="Codes for many descriptions at once").click()
    lines = ["cotton knitted T-shirt", "green tea in bags", "gift", "shirt"] * 60
    page.get_by_label("Or paste descriptions").fill("\n".join(lines))
    page.get_by_role("button", name="Find codes").click()

    # The page follows by itself, without being loaded again.
    done = page.get_by_text("Every line with its five likeliest codes")
    expect(done).to_be_visible(timeout=60_000)
    told = page.get_by_text(" lines need a person").inner_text()
    assert int(told.split()[0]) >= 120, told
    expect(page.get_by_text("What is the gift itself?").first).to_be_visible()
    check_accessible(page)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    picture(page, "classify-batch-done-390")
    with page.expect_download() as taken:
        page.get_by_text("The lines that need a person, with what to ask").click()
    assert len(taken.value.path().read_text(encoding="utf-8-sig").splitlines()) == 1 + int(
        told.split()[0]
    )


def test_a_correction_by_two_persons_is_used_at_once(
    new_page: Callable[..., Page],
    sign_in: Callable[[Page, str], None],
    check_accessible: Callable[[Page], None],
    picture: Callable[[Page, str], Path],
) -> None:
    officer, analyst = new_page(DESKTOP), new_page(DESKTOP)
    sign_in(officer, "supervisor")
    sign_in(analyst, "analyst")
    officer.goto("/queue")
    officer.locator("main table a[href^='/cases/']").first.click()
    officer.get_by_role("link", name="Say which code this description belongs to").first.click()
    officer.get_by_label("Description").fill("zither kazoo of Port Meridian")
    officer.get_by_label("Belongs to").fill("9205.90")
    officer.get_by_label("Reason").fill("Ruling 12 of last year says so.")
    check_accessible(officer)
    officer.get_by_role("button", name="Propose").click()
    mine = officer.locator("section.panel", has_text="zither kazoo of Port Meridian")
    expect(mine.get_by_text("A colleague has to look at it")).to_be_visible()
    expect(mine.get_by_role("button", name="Agree")).to_have_count(0)

    analyst.goto("/classify/corrections")
    check_accessible(analyst)
    picture(analyst, "classify-correction-waits")
    waiting = analyst.locator("section.panel", has_text="zither kazoo of Port Meridian")
    waiting.get_by_role("button", name="Agree").click()
    expect(analyst.get_by_role("table", name="The latest that were decided")).to_contain_text(
        "zither kazoo of Port Meridian"
    )

    officer.goto("/classify?q=zither kazoo of Port Meridian")
    expect(officer.locator("#codes > li").first).to_contain_text("9205.90")
    why = officer.locator("#codes > li").first
    expect(why).to_contain_text("officers of this administration")
    picture(officer, "classify-learned")


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
