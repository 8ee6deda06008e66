"""What can be a login, a name, an office, a language: read once, kept in one way."""

from __future__ import annotations

import re
import unicodedata

from tradelane.kit.errors import InputRefused, Problem

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,199}")
_DECLARANT = re.compile(r"[^\s\x00-\x1f\x7f\ud800-\udfff]{1,100}")
_LOCALE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")
_TURNS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Signs that turn the writing direction: a name with them can look like another."""
_NAME_CHARACTERS = 200
_OFFICE_CHARACTERS = 100


def plain_login(login: str) -> str | None:
    """The login as it is kept, or None if nobody can have it.

    >>> plain_login(" Ana.Reyes "), plain_login("ana reyes")
    ('ana.reyes', None)
    """
    plain = login.strip().lower()
    return plain if _LOGIN.fullmatch(plain) else None


def read_login(login: str) -> str:
    """The login as it is kept; raises InputRefused with ``accounts.login``."""
    plain = plain_login(login)
    if plain is None:
        raise InputRefused(
            Problem(
                "accounts.login",
                f"{login[:50]!r} cannot be a login.",
                pointer="/login",
                hint="Letters a to z, digits and . _ @ + -, such as ana.reyes or a@example.org.",
            )
        )
    return plain


def read_name(name: str) -> str:
    """A person's or organisation's name as it is kept; ``accounts.name``."""
    plain = unicodedata.normalize("NFC", name).strip()
    if not 0 < len(plain) <= _NAME_CHARACTERS or has_controls(plain):
        raise InputRefused(
            Problem(
                "accounts.name",
                "This is not a name.",
                pointer="/name",
                hint=f"1 to {_NAME_CHARACTERS} characters in one line.",
            )
        )
    return plain


def read_office(office: str) -> str:
    """An office's name as it is kept; ``accounts.office``."""
    plain = office.strip()
    if len(plain) > _OFFICE_CHARACTERS or has_controls(plain):
        raise InputRefused(
            Problem(
                "accounts.office",
                "This is not an office.",
                pointer="/office",
                hint=f"At most {_OFFICE_CHARACTERS} characters; empty for every office.",
            )
        )
    return plain


def read_locale(locale: str) -> str:
    """A language's code, such as ``en`` or ``es_PE``; ``accounts.locale``."""
    if not _LOCALE.fullmatch(locale):
        raise InputRefused(
            Problem(
                "accounts.locale",
                f"{locale[:20]!r} is not a language.",
                pointer="/locale",
                hint="Such as en, ko or es_PE.",
            )
        )
    return locale


def declarant_problem(identifier: str) -> Problem | None:
    """Why this cannot be a declarant's identifier, or None."""
    if _DECLARANT.fullmatch(identifier):
        return None
    return Problem(
        "accounts.declarant",
        f"{identifier[:50]!r} cannot be a declarant's identifier.",
        pointer="/declarants",
        hint="1 to 100 characters without spaces, as on the declarations.",
    )


def has_controls(text: str) -> bool:
    """Whether a text has control characters, or signs that make it look like another."""
    return any(unicodedata.category(s) in ("Cc", "Cs", "Zl", "Zp") or s in _TURNS for s in text)


def without_nul(text: str) -> str:
    """A text to look for, without what no text that is kept has."""
    # PostgreSQL takes neither in a text, and no login or name has them.
    return "".join(sign for sign in text if sign != "\0" and not "\ud800" <= sign <= "\udfff")
