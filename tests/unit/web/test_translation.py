"""The reader's language: chosen as asked, complete in its values, never trusted as HTML."""

import re
from datetime import datetime
from importlib.resources import files
from io import BytesIO

import pytest
from babel.messages import Catalog
from babel.messages.pofile import read_po
from markupsafe import Markup

from tradelane.web.translation import (
    LANGUAGES,
    SOURCE,
    choose_locale,
    page_words,
    read_instant,
    translator,
)

TRANSLATED = sorted(set(LANGUAGES) - {SOURCE})
_VALUE = re.compile(r"%\((\w+)\)s")


def catalogue(tag: str) -> Catalog:
    source = files("tradelane.web") / "locales" / tag / "messages.po"
    return read_po(BytesIO(source.read_bytes()), locale=tag, abort_invalid=True)


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_translation_keeps_every_value_of_its_sentence(tag: str) -> None:
    examined = 0
    for message in catalogue(tag):
        if not message.id:
            continue
        forms = [set(_VALUE.findall(text)) for text in _texts(message.id)]
        for text in filter(None, _texts(message.string)):
            said = set(_VALUE.findall(text))
            # "the good one" need not say its number where there is only one.
            assert said in (forms[0], forms[-1]), message.id
            assert not said or text % dict.fromkeys(said, "x")
            examined += 1
    assert examined >= 60


@pytest.mark.parametrize("tag", TRANSLATED)
def test_no_entry_is_a_guess(tag: str) -> None:
    assert [message.id for message in catalogue(tag) if message.id and message.fuzzy] == []


@pytest.mark.parametrize("tag", TRANSLATED)
def test_the_frame_of_the_page_is_translated(tag: str) -> None:
    for sentence in ("Sign in", "Skip to the main content", "There is a problem", "Red"):
        assert translator(tag).gettext(sentence) != sentence


def test_a_sentence_without_translation_is_shown_in_english() -> None:
    assert translator("ko").gettext("Not in any catalogue.") == "Not in any catalogue."


def test_plurals_follow_the_language() -> None:
    forms = ("%(n)s comparable line", "%(n)s comparable lines")
    assert translator("es").ngettext(*forms, 1) == "1 línea comparable"
    assert translator("es").ngettext(*forms, 2) == "2 líneas comparables"
    assert translator("ko").ngettext(*forms, 2) == "비교 대상 2란"


def test_an_unknown_language_is_english() -> None:
    assert translator("tlh").tag == "en"


def test_a_value_is_escaped_where_another_value_is_markup() -> None:
    said = translator("en").gettext("%(a)s and %(b)s", a="<b>", b=Markup("<i>x</i>"))
    assert said == "&lt;b&gt; and <i>x</i>"
    assert isinstance(said, Markup)


def test_a_percent_sign_alone_needs_no_values() -> None:
    assert translator("en").gettext("100 % checked") == "100 % checked"


@pytest.mark.parametrize(
    ("user", "cookie", "header", "chosen"),
    [
        ("ko", "es", "en", "es"),
        ("ko", None, "en", "ko"),
        (None, None, "es-PE,es;q=0.9,en;q=0.8", "es"),
        (None, None, "en;q=0.2, ko;q=0.9", "ko"),
        (None, None, "ko;q=0, es;q=0.1", "es"),
        (None, None, "*, ;;;q=x, q=,,", "en"),
        (None, "../../etc", "x" * 10_000, "en"),
        (None, None, None, "en"),
    ],
)
def test_the_language_is_the_one_the_reader_asked_for(
    user: str | None, cookie: str | None, header: str | None, chosen: str
) -> None:
    assert choose_locale(user, cookie, header) == chosen


def test_an_amount_names_its_currency_and_loses_no_cent() -> None:
    for tag in LANGUAGES:
        assert translator(tag).money("1234567.50", "XMD") == "1,234,567.50\u00a0XMD"


def test_a_number_loses_no_decimals_unless_told_to() -> None:
    assert translator("en").number("0.123456") == "0.123456"
    assert translator("en").number("0.125", 1) == "0.1"


def test_days_and_instants_are_in_the_readers_language() -> None:
    assert translator("es").date("2026-11-22") == "22 nov 2026"
    assert translator("ko").instant("2026-11-22T03:04:05Z") == "2026. 11. 22. 03:04 UTC"
    assert translator("en").instant("2026-11-22T12:04:05+09:00") == "22 Nov 2026, 03:04 UTC"


def test_an_instant_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        read_instant(datetime(2026, 1, 1))


def test_a_page_gets_its_words_and_its_direction() -> None:
    words = page_words("ko")
    assert words["locale"] == "ko"
    assert words["text_direction"] == "ltr"
    assert words["_"]("Sign in") == "로그인"


def _texts(found: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [found] if isinstance(found, str) else list(found or [])
