"""Take the pictures of officers and of the risk engine anew, from a served demonstration.

    .venv/bin/python docs/images/take.py http://127.0.0.1:8000 [hub]

With ``hub`` only those of the hub of AI rules.

Needs Debian's Chromium and the packages of requirements-dev.lock. Pictures land beside this file.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from playwright.sync_api import Browser, FloatRect, Page, ViewportSize, sync_playwright

from tradelane.journeys.demonstration import PASSWORD

HERE = Path(__file__).resolve().parent
FIGURES = {
    "frontier": "Frontier",
    "calibration": "Calibration",
    "budgets": "Precision by budget",
}
"""Name of a picture, and the first words of its caption on the page of the model in force."""
_SHIRT = "/classify?q=men%27s+shirt+of+cotton&territory=demo&origin=CN&on=2026-10-30"
CLASSIFY = (("classify", 1240, _SHIRT), ("classify-phone", 1000, _SHIRT))
"""Pictures of finding a code, how high, and what is asked."""
_BOT = "/hub/applies/result?use=chatbot&generative=yes&economies=KR,SG,VN&as_of=2026-04-30"
HUB = (
    ("hub-applies", 1280, _BOT),
    ("hub-applies-phone", 1180, f"{_BOT}&show=VN"),
    ("hub-matrix", 1000, "/hub/matrix?as_of=2026-04-30"),
    ("hub-compare", 1000, "/hub/compare?economies=SG,VN&as_of=2026-04-30"),
)
"""Pictures of the hub of AI rules, as CLASSIFY."""
TALLEST = 830
"""Pixels of a section that are shown."""


def sign_in(page: Page, address: str, login: str) -> None:
    """Sign in as one of the demonstration's people."""
    page.goto(f"{address}/sign-in")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def model_in_force(page: Page, address: str) -> str:
    """The path of the page of the one model that the demonstration has."""
    page.goto(f"{address}/models")
    return str(page.locator("main table a[href^='/models/']").first.get_attribute("href"))


def section(page: Page, name: str) -> FloatRect:
    """Where on the page a section stands, from its heading to the next, or the first of it."""
    top, bottom = page.evaluate(
        """name => {
            const heads = [...document.querySelectorAll("main h2")];
            const at = heads.findIndex(head => head.id === `${name}-title`);
            return [heads[at], heads[at + 1]].map(head => head.getBoundingClientRect().top);
        }""",
        name,
    )
    height = min(bottom - top, TALLEST)
    return {"x": 0, "y": top + page.evaluate("scrollY"), "width": 1280, "height": height}


def as_visitor(browser: Browser, address: str, pictures: Iterable[tuple[str, int, str]]) -> None:
    """Pictures of pages that everybody may see: name, height, address."""
    for name, height, address_of in pictures:
        size = ViewportSize(width=390 if "phone" in name else 1280, height=height)
        page = browser.new_context(viewport=size, reduced_motion="reduce").new_page()
        page.goto(address + address_of)
        page.screenshot(path=HERE / f"{name}.png")


def take(address: str, *, hub_only: bool = False) -> None:
    """All pictures, or those of the hub, at one pixel a pixel."""
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        as_visitor(browser, address, HUB)
        if hub_only:
            return
        screen = ViewportSize(width=1280, height=900)
        page = browser.new_context(viewport=screen, reduced_motion="reduce").new_page()
        sign_in(page, address, "officer")
        page.screenshot(path=HERE / "queue.png")
        page.locator("main table a[href^='/cases/']").first.click()
        page.wait_for_url("**/cases/*")
        page.screenshot(path=HERE / "case.png")
        as_visitor(browser, address, CLASSIFY)
        page = browser.new_context(viewport=screen, reduced_motion="reduce").new_page()
        sign_in(page, address, "supervisor")
        page.goto(f"{address}/overview")
        page.screenshot(path=HERE / "overview.png")
        page.goto(address + model_in_force(page, address))
        page.screenshot(path=HERE / "model.png")
        for name, caption in FIGURES.items():
            figure = page.locator("figure.figure").filter(has_text=caption).first
            figure.screenshot(path=HERE / f"{name}.png")
        page.goto(f"{address}/monitoring")
        page.screenshot(path=HERE / "monitoring.png")
        page.screenshot(path=HERE / "drift.png", full_page=True, clip=section(page, "drift"))
        browser.close()


if __name__ == "__main__":
    take(sys.argv[1].rstrip("/"), hub_only="hub" in sys.argv[2:])
