"""The parts of the pages in a real browser: axe finds nothing, the scripts add and never take."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copytree

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tradelane.web.gallery import gallery_context
from tradelane.web.guard import POLICY
from tradelane.web.templating import STATIC, environment

WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}}


class Handler(SimpleHTTPRequestHandler):
    """Serves the gallery as the service would: with its content security policy."""

    def end_headers(self) -> None:
        self.send_header("content-security-policy", POLICY)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root: Path = tmp_path_factory.mktemp("gallery")
    copytree(STATIC, root / "static")
    template = environment().get_template("gallery.html")
    (root / "roomy.html").write_text(template.render(gallery_context(problems=[])))
    (root / "compact.html").write_text(template.render(gallery_context(density="compact")))
    (root / "ko.html").write_text(template.render(gallery_context("ko")))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(timezone_id="Pacific/Auckland")
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [
        ("roomy", "light", 1280),
        ("roomy", "dark", 390),
        ("compact", "light", 390),
        ("compact", "dark", 1280),
        ("ko", "light", 390),
    ],
)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    browser: Browser, address: str, name: str, scheme: str, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{address}/{name}.html")
    answer = Axe().run(page, options=WCAG).response
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in answer["violations"]] == []
    assert len(answer["passes"]) > 30
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []
    context.close()


def test_targets_are_large_enough_for_a_thumb(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{address}/roomy.html")
    heights = page.eval_on_selector_all(
        ".button:not([hidden]), input:not([type=hidden], [type=radio], [type=checkbox]), select",
        "all => all.filter(e => e.checkVisibility() && !e.closest('.menu-body, dialog'))"
        ".map(e => e.getBoundingClientRect().height)",
    )
    assert len(heights) > 12
    assert min(heights) >= 44
    context.close()


def test_an_instant_is_shown_in_the_readers_zone_and_keeps_utc_as_its_title(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/roomy.html")
    time = page.locator("time[datetime='2026-11-20T22:14:00Z']").first
    assert "21 Nov 2026, 11:14" in (time.text_content() or "")
    assert time.get_attribute("title") == "20 Nov 2026, 22:14 UTC"


def test_a_line_is_added_empty_numbered_and_focused_and_can_be_taken_away(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/compact.html")
    page.get_by_role("button", name="Add another line").click()
    assert page.locator("[data-line]").count() == 3
    added = page.locator("#lines-2-hs_code")
    assert added.evaluate("e => e === document.activeElement")
    assert added.input_value() == ""
    assert page.locator("#lines-2-amount").input_value() == ""
    page.locator("#lines-1-amount").fill("77")
    page.locator("[data-line]").first.get_by_role("button", name="Remove this line").click()
    assert page.locator("[data-line]").count() == 2
    assert page.locator("#lines-0-amount").input_value() == "77"
    assert page.locator("#lines-1-hs_code").get_attribute("name") == "lines-1-hs_code"


def test_an_officer_moves_and_decides_by_keyboard_but_never_while_typing(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/roomy.html")
    focused = "document.activeElement.textContent"
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate(focused) == "D0077/XM2026-0049447"
    page.keyboard.press("k")
    assert page.evaluate(focused) == "D0090/XM2026-0049578"
    page.keyboard.press("h")
    assert page.locator("input[value=hold]").is_checked()
    page.locator("#reason").fill("")
    page.locator("#reason").press_sequentially("rhino?")
    assert page.locator("#reason").input_value() == "rhino?"
    assert page.locator("input[value=hold]").is_checked()
    assert not page.locator("dialog[open]").count()


def test_the_keyboard_can_be_turned_off_and_stays_off(page: Page, address: str) -> None:
    page.goto(f"{address}/roomy.html")
    page.keyboard.press("?")
    page.get_by_label("Single-key shortcuts are on").uncheck()
    page.get_by_role("button", name="Close").click()
    page.reload()
    page.keyboard.press("h")
    assert not page.locator("input[value=hold]").is_checked()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    assert not page.get_by_label("Single-key shortcuts are on").is_checked()


def test_colours_change_as_they_are_chosen_and_are_remembered(page: Page, address: str) -> None:
    page.goto(f"{address}/roomy.html")
    page.locator("summary", has_text="English").click()
    page.get_by_label("Colours", exact=True).select_option("dark")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert "tl_theme=dark" in page.evaluate("document.cookie")
    page.keyboard.press("Escape")
    assert not page.locator("details.menu[open]").count()


def test_without_scripts_everything_is_still_there(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/compact.html")
    assert page.get_by_role("button", name="Add another line").is_visible()
    assert page.get_by_text("20 Nov 2026, 22:14 UTC").first.is_visible()
    assert not page.get_by_role("button", name="Keyboard shortcuts").is_visible()
    page.locator("summary", has_text="English").click()
    assert page.get_by_label("Language").is_visible()
    context.close()


def test_the_error_summary_has_the_focus_and_leads_to_the_field(page: Page, address: str) -> None:
    page.goto(f"{address}/compact.html")
    assert page.evaluate("document.activeElement.className") == "errors"
    page.get_by_role("link", name="The net mass is missing.").click()
    assert page.evaluate("document.activeElement.id") == "lines-0-net_mass"


def test_a_dark_page_is_printed_black_on_white(browser: Browser, address: str) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(f"{address}/roomy.html")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.emulate_media(media="print", color_scheme="dark")
    colours = page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    assert not page.locator("header .menu").first.is_visible()
    context.close()
