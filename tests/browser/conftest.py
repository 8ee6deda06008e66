"""A real server and a real browser: pages are looked at as people meet them.

One server a session over a copy of the prepared workspace, one browser a file, a fresh context (no
cookies) for every page. Tests here share the server's workspace: they must not count on
what they did not make.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from doors import file_more, new_session
from tradelane.platform import Tradelane

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
DESKTOP = (1280, 900)
PHONE = (390, 844)
MORE_CASES = 60
"""Declarations that are filed before the server starts, so that there is a queue to work on."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever needs a browser is slow."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.slow)


@dataclass(frozen=True)
class Site:
    """The running service: its address, its workspace and the simulation's files."""

    url: str
    home: Path
    data: Path


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser; skips where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("needs chromium: apt-get install -y chromium")
    return found


@pytest.fixture(scope="session")
def site(
    chromium: str,
    administration_home: Path,
    tmp_path_factory: pytest.TempPathFactory,
    cli_environment: dict[str, str],
) -> Iterator[Site]:
    """``tradelane serve`` in a process of its own, over a copy of the prepared workspace."""
    home = tmp_path_factory.mktemp("site") / "home"
    shutil.copytree(administration_home, home)
    data = administration_home.parent / "data"
    lane = Tradelane(home)
    lane.database_url = None
    file_more(lane, data, MORE_CASES)
    lane.database.close()
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    log = home.parent / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "tradelane", "serve", "--port", str(port)],
            env=cli_environment | {"TRADELANE_HOME": str(home)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(server, port, log)
            yield Site(url, home, data)
        finally:
            server.terminate()
            server.wait(30)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Until the server takes connections, which it does when it has started."""
    for _ in range(600):
        if server.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the server did not start:\n{log.read_text()}")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One browser for the tests of a file."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        yield found
        found.close()


NewPage = Callable[..., Page]


@pytest.fixture
def new_page(browser: Browser, site: Site) -> Iterator[NewPage]:
    """Opens pages, each in a context of its own: ``new_page(DESKTOP, scheme="dark")``.

    ``javascript=False`` turns scripts off. A page that reports an error in its console (such as
    something that the content security policy refused) fails the test at its end.
    """
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_page(
        size: tuple[int, int] = DESKTOP, *, scheme: Any = "light", javascript: bool = True
    ) -> Page:
        context = browser.new_context(
            base_url=site.url,
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            java_script_enabled=javascript,
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)  # of a machine that does much else
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: _note(errors, said))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not errors, errors


def _note(errors: list[str], said: Any) -> None:
    # A refused form (422) and a conflict (409) are answers, not faults of the page.
    if said.type == "error" and "the server responded with a status of 4" not in said.text:
        errors.append(said.text)


@pytest.fixture
def desktop(new_page: NewPage) -> Page:
    """A page as wide as a desk's screen."""
    return new_page(DESKTOP)


@pytest.fixture
def phone(new_page: NewPage) -> Page:
    """A page as wide as a telephone."""
    return new_page(PHONE)


@pytest.fixture
def sign_in(site: Site) -> Iterator[Callable[[Page, str], None]]:
    """Gives a page the session of one of the demonstration's people: ``sign_in(page, "officer")``.

    The session is made in the workspace, so that a test of a page does not hang on another page.
    """
    lane = Tradelane(site.home)
    lane.database_url = None

    def use(page: Page, login: str) -> None:
        secret = new_session(lane, login).secret
        page.context.add_cookies([{"name": "tradelane", "value": secret, "url": site.url}])

    yield use
    lane.database.close()


def _inspect(page: Page) -> list[str]:
    options = {"runOnly": {"type": "tag", "values": _STANDARDS}, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{one['id']} ({one['help']}): {node['html'][:200]} - {node['failureSummary'][:300]}"
        for one in found
        for node in one["nodes"]
    ]


@pytest.fixture
def check_accessible() -> Callable[[Page], None]:
    """Fails where axe finds any violation of WCAG 2.2 A or AA on the page as it is."""

    def check(page: Page) -> None:
        found = _inspect(page)
        assert not found, f"{page.url}\n" + "\n".join(found)

    return check


@pytest.fixture
def picture(tmp_path: Path) -> Callable[[Page, str], Path]:
    """Keeps a picture of the whole page, in TRADELANE_TEST_PICTURES if that is set."""
    folder = Path(os.environ.get("TRADELANE_TEST_PICTURES") or tmp_path)

    def take(page: Page, name: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{name}.png"
        page.screenshot(path=target, full_page=True)
        return target

    return take
