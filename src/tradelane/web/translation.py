"""The reader's language: sentences, dates, numbers and amounts.

Message ids are the English sentences themselves. A language is one ``locales/<tag>/messages.po``
beside this file, compiled in memory when it is first used: there is no ``.mo`` file to forget.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent
from markupsafe import Markup, escape

SOURCE = "en"
"""The language in which the pages are written."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language that a reader can choose: its tag, its own name for itself, its formats."""

    tag: str
    name: str
    formats: str


LANGUAGES: dict[str, Language] = {
    language.tag: language
    for language in (
        Language("en", "English", "en_GB"),
        Language("ko", "한국어", "ko_KR"),
        # Latin American conventions: the Spanish-speaking APEC economies are Chile, Mexico, Peru.
        Language("es", "Español", "es_419"),
    )
}


class Translator:
    """Says things in one language.

    >>> translator("en").number(Decimal("1234.50"))
    '1,234.5'
    """

    def __init__(self, language: Language, catalogue: NullTranslations) -> None:
        self.language = language
        self.tag = language.tag
        self.formats = Locale.parse(language.formats)
        self._catalogue = catalogue

    @property
    def direction(self) -> str:
        """``ltr`` or ``rtl``, for the ``dir`` attribute of the page."""
        return str(self.formats.text_direction)

    def gettext(self, message: str, **values: object) -> str:
        """The sentence in this language, its ``%(name)s`` filled in.

        >>> translator("en").gettext("Page %(number)s", number=2)
        'Page 2'
        """
        return _fill(self._catalogue.gettext(message), values)

    def ngettext(self, singular: str, plural: str, n: int, **values: object) -> str:
        """The sentence in the form that the number ``n`` asks for; ``%(n)s`` is the number.

        >>> translator("en").ngettext("%(n)s line", "%(n)s lines", 1200)
        '1,200 lines'
        """
        chosen = self._catalogue.ngettext(singular, plural, n)
        return _fill(chosen, {"n": self.number(n), **values})

    def number(self, value: Decimal | float | int | str, decimals: int | None = None) -> str:
        """A number, grouped; with exactly ``decimals`` places where that is given.

        >>> translator("en").number("0.5", 2), translator("en").number(12345)
        ('0.50', '12,345')
        """
        pattern = None if decimals is None else f"#,##0.{'0' * decimals}".rstrip(".")
        number = _number(value)
        # Babel's own pattern shows three places at most; a figure must not lose any silently.
        return format_decimal(
            number, format=pattern, locale=self.formats, decimal_quantization=decimals is not None
        )

    def percent(self, share: Decimal | float | str, decimals: int = 0) -> str:
        """A share (0.05) as a percentage (5%).

        >>> translator("en").percent(0.0513, 1)
        '5.1%'
        """
        pattern = f"#,##0.{'0' * decimals}%" if decimals else None
        return format_percent(_number(share), format=pattern, locale=self.formats)

    def money(self, amount: Decimal | float | int | str, currency: str) -> str:
        """An amount and its ISO 4217 code: "$" would not say whose dollar it is.

        >>> translator("en").money("1234.5", "XMD").replace(chr(160), " ")
        '1,234.50 XMD'
        """
        return format_currency(
            _number(amount), currency, format="#,##0.00\u00a0¤¤", locale=self.formats
        )

    def date(self, day: date | str) -> str:
        """A calendar day; of a month or a year alone, what is known of it.

        >>> translator("en").date("2026-11-22"), translator("en").date("2026-11")
        ('22 Nov 2026', 'Nov 2026')
        """
        if isinstance(day, str) and len(day) < 8:
            return self._month(day)
        found = date.fromisoformat(day[:10]) if isinstance(day, str) else day
        return format_date(found, format="medium", locale=self.formats)

    def _month(self, text: str) -> str:
        if len(text) < 7:
            return text
        found = date.fromisoformat(f"{text[:7]}-01")
        return str(format_skeleton("yMMM", found, locale=self.formats))

    def instant(self, at: datetime | str) -> str:
        """An instant, in UTC and saying so.

        >>> translator("en").instant("2026-11-22T03:04:05.000000Z")
        '22 Nov 2026, 03:04 UTC'
        """
        moment = read_instant(at)
        pattern = {"en": "d MMM y, HH:mm", "ko": "y. M. d. HH:mm"}.get(self.tag, "d MMM y, HH:mm")
        return format_datetime(moment, pattern, locale=self.formats) + " UTC"


def read_instant(at: datetime | str) -> datetime:
    """An RFC 3339 text or an aware datetime as an aware datetime in UTC.

    Raises ValueError where the text is no instant or has no offset.
    """
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    if moment.tzinfo is None:
        raise ValueError("an instant needs its offset from UTC")
    return moment.astimezone(UTC)


@cache
def translator(tag: str) -> Translator:
    """The translator of a language; of English where the tag is not one of `LANGUAGES`."""
    language = LANGUAGES.get(tag, LANGUAGES[SOURCE])
    return Translator(language, _catalogue(language.tag))


def N_(sentence: str) -> str:  # noqa: N802 - gettext's own name, which collectors look for
    """Marks a sentence that is translated later, where it is shown.

    >>> LABEL = N_("Sign in")
    >>> translator("es").gettext(LABEL)
    'Iniciar sesión'
    """
    return sentence


def page_words(tag: str) -> dict[str, Any]:
    """What every template needs of a language: give it to ``render`` with the page's own data.

    ``in_english`` is the attribute of an element whose text is not translated (WCAG 3.1.2), such
    as what an engine says; empty on an English page.
    """
    chosen = translator(tag)
    return {
        "locale": chosen.tag,
        "text_direction": chosen.direction,
        "_": chosen.gettext,
        "gettext": chosen.gettext,
        "ngettext": chosen.ngettext,
        "in_english": "" if chosen.tag == SOURCE else Markup(' lang="en"'),
    }


def choose_locale(user_locale: str | None, cookie: str | None, accept_language: str | None) -> str:
    """The language of a page: what the reader chose here, then in the account, then the browser.

    >>> choose_locale(None, None, "pt-BR, es-PE;q=0.8, en;q=0.5")
    'es'
    >>> choose_locale("ko", "en", None), choose_locale("ko", None, "es"), choose_locale("", "x", "")
    ('en', 'ko', 'en')
    """
    for chosen in (cookie, user_locale):
        if chosen and chosen in LANGUAGES:
            return chosen
    for wanted in _accepted(accept_language or ""):
        base = wanted.split("-")[0].lower()
        if base in LANGUAGES:
            return base
    return SOURCE


def _accepted(header: str) -> list[str]:
    """The tags of an Accept-Language header, best first; what cannot be read is left out."""
    found: list[tuple[float, int, str]] = []
    for part in header[:500].split(","):
        tag, _, parameter = part.strip().partition(";")
        name, _, value = parameter.strip().partition("=")
        try:
            quality = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            continue
        if tag and quality > 0:
            found.append((-quality, len(found), tag.strip()))
    return [tag for _, _, tag in sorted(found)]


@cache
def _catalogue(tag: str) -> NullTranslations:
    source = files("tradelane.web") / "locales" / tag / "messages.po"
    if not source.is_file():
        return NullTranslations()
    catalogue = read_po(BytesIO(source.read_bytes()), locale=tag, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)  # fuzzy entries stay English until somebody has read them
    compiled.seek(0)
    return GNUTranslations(compiled)


def _number(value: Decimal | float | int | str) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _fill(text: str, values: dict[str, Any]) -> str:
    """Fill in the values; a translation is never trusted as HTML, a `Markup` value stays one."""
    if not values:
        return text
    if any(isinstance(value, Markup) for value in values.values()):
        return escape(text) % values
    return text % values
