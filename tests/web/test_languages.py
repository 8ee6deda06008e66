"""Pages in Korean and Spanish: no sentence that has a translation is left in English."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from page_words import Words, left_in_english
from tradelane.web.pages import LOCALE
from trader_forms import ROWS, House, Visitor, own, referred, typed

TAGS = ("ko", "es")


def pages_of(house: House, trader: Visitor) -> Iterator[tuple[str, str]]:
    """Addresses of a trader's pages, and what they answered."""
    draft = typed(house, trader)
    asked, _ = referred(house, trader)
    upload = trader.post(
        "/declarations/new/upload",
        {"mapping": "tradelane"},
        files={"file": ("goods.csv", ROWS.format(own(house, trader)).encode())},
    ).headers["location"]
    for path in (
        "/declarations",
        "/declarations?reference=nothing-like-it",
        "/declarations/new",
        f"{draft}/facts",
        f"{draft}/goods",
        f"{draft}/check",
        asked,
        f"{asked}/withdraw",
        "/declarations/new/upload",
        upload,
        "/messages",
        "/events",
        "/account",
        "/codes/search?q=shirts",
        "/classify",
        "/verify",
        "/accessibility",
        "/api",
        "/api/errors",
        "/no-such-page",
    ):
        yield path, trader.get(path).text


@pytest.mark.slow
@pytest.mark.parametrize("tag", TAGS)
def test_a_traders_pages_are_in_the_readers_language(
    house: House, signed_in: Callable[[str], Visitor], tag: str
) -> None:
    trader = signed_in("trader")
    trader.client.cookies.set(LOCALE, tag)
    for path, text in pages_of(house, trader):
        page = Words(text)
        assert page.locale == tag, path
        assert left_in_english(tag, page) == set(), path


@pytest.mark.parametrize("tag", TAGS)
def test_pages_before_signing_in_follow_the_browser(house: House, tag: str) -> None:
    visitor = house.visitor()
    for path in (
        "/",
        "/sign-in",
        "/verify",
        "/accessibility",
        "/api",
        "/codes/search",
        "/classify",
    ):
        page = Words(visitor.get(path, headers={"accept-language": tag}).text)
        assert page.locale == tag, path
        assert left_in_english(tag, page) == set(), path


@pytest.mark.parametrize("tag", TAGS)
def test_what_engines_say_is_marked_as_english(
    house: House, signed_in: Callable[[str], Visitor], tag: str
) -> None:
    trader = signed_in("trader")
    trader.client.cookies.set(LOCALE, tag)
    check = trader.get(f"{typed(house, trader)}/check")
    assert Words(check.text).english >= 1
    assert '<ol lang="en">' in check.text
    wrong = trader.post("/verify", {"receipt": "{}"})
    assert wrong.status_code == 422
    assert Words(wrong.text).english >= 1


def test_an_english_page_marks_nothing(house: House, signed_in: Callable[[str], Visitor]) -> None:
    trader = signed_in("trader")
    page = Words(trader.get(f"{typed(house, trader)}/check").text)
    assert page.locale == "en"
    assert page.english == 0


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize(
    ("login", "path"), [("officer", "/queue"), ("supervisor", "/overview"), ("auditor", "/audit")]
)
def test_what_is_not_translated_yet_is_shown_in_english(
    house: House, signed_in: Callable[[str], Visitor], tag: str, login: str, path: str
) -> None:
    person = signed_in(login)
    person.client.cookies.set(LOCALE, tag)
    answer = person.get(path)
    assert answer.status_code == 200
    assert Words(answer.text).locale == tag
