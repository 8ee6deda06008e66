"""A supervisor reads the week; an auditor verifies a decision. As they meet it in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from measured_models import publish_measured
from tradelane.platform import Tradelane

DESKTOP = (1280, 900)
PHONE = (390, 844)
SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop-light", "phone-dark"]
)
@pytest.mark.parametrize(
    ("login", "path"),
    [
        ("supervisor", "/overview"),
        ("analyst", "/overview?from=2026-01-01&to=2026-01-02"),
        ("supervisor", "/overview/cases"),
        ("supervisor", "/monitoring"),
        ("supervisor", "/selection"),
        ("analyst", "/models"),
        ("analyst", "/rules"),
        ("analyst", "/rules/rule/cheap_with_preference"),
        ("analyst", "/rules/list/relabelled_goods"),
        ("auditor", "/audit?q=D0"),
        ("auditor", "/audit/decisions"),
        ("auditor", "/audit/entries/3"),
        ("auditor", "/audit/ledger"),
    ],
)
def test_pages_of_oversight_are_accessible_and_fit(
    new_page, sign_in, check_accessible, login, path, size, scheme
):
    page = new_page(size, scheme=scheme)
    sign_in(page, login)
    page.goto(path)
    check_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


@SIZES
def test_a_supervisor_reads_the_week(new_page, sign_in, check_accessible, picture, size):
    page = new_page(size)
    sign_in(page, "supervisor")
    page.goto("/overview")
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    expect(page.locator("svg.chart").first).to_be_visible()
    page.locator("details.more summary").first.click()
    expect(page.get_by_text("Every version of a declaration")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="All figures of this page (CSV)").click()
    assert download.value.suggested_filename.endswith("figures.csv")
    check_accessible(page)
    picture(page, f"overview-{size[0]}")
    page.get_by_role("link", name="Selection").click()
    page.get_by_label("Why").fill("The week was calm; fewer officers are needed.")
    page.get_by_role("button", name="See what it would do").click()
    expect(page.get_by_text(re.compile("would have been selected"))).to_be_visible()
    check_accessible(page)
    page.get_by_role("link", name="Go back without changing anything").click()
    expect(page.get_by_role("heading", name="The order in force")).to_be_visible()


@SIZES
def test_an_analyst_reads_a_model(new_page, sign_in, check_accessible, picture, site, size):
    model = publish_measured(Tradelane(site.home), seed=size[0])
    page = new_page(size)
    sign_in(page, "analyst")
    page.goto("/models")
    page.get_by_role("link", name=model).click()
    expect(page.get_by_role("heading", name="Where it stands")).to_be_visible()
    expect(page.locator("svg.chart").first).to_be_visible()
    page.get_by_role("link", name="Chapter").click()
    expect(page.get_by_role("heading", name="What it would have missed")).to_be_visible()
    check_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    picture(page, f"model-{size[0]}")


@SIZES
def test_an_auditor_verifies_a_decision(new_page, sign_in, check_accessible, picture, size):
    page = new_page(size, javascript=False)
    sign_in(page, "auditor")
    page.goto("/audit/decisions")
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", name="What happened")).to_be_visible()
    address = page.url
    page.get_by_role("button", name="Check the proof").click()
    expect(page.get_by_text("The proof holds")).to_be_visible()
    page.get_by_role("button", name="Make this decision again").click()
    expect(page.get_by_text("Made again: the same, byte for byte")).to_be_visible(timeout=60_000)
    check = new_page(size)
    sign_in(check, "auditor")
    check.goto(address)
    check_accessible(check)
    picture(page, f"walk-{size[0]}")
