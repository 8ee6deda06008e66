"""The one Jinja environment of the pages: escaped by default, strict about what it is given.

A template imports its macros ``with context`` (``{% from "macros/forms.html" import field with
context %}``), because they speak the reader's language and carry the form's CSRF token.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

import tradelane
from tradelane.web.translation import LANGUAGES, Translator, read_instant, translator

PACKAGE = Path(str(files("tradelane.web")))
TEMPLATES = PACKAGE / "templates"
STATIC = PACKAGE / "static"

_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9_-]+")


def environment(*, reload: bool = False, templates: Iterable[Path] = ()) -> Environment:
    """The environment of the pages. Compiled templates stay in memory.

    reload: look at the files again on every page (development); templates: folders searched
    before our own, for an administration's own pages.
    """
    made = Environment(
        loader=FileSystemLoader([*templates, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=reload,
        cache_size=-1,
    )
    made.filters.update(
        money=_money,
        number=_figure,
        percent=_percent,
        day=_day,
        when=when,
        pointer_id=pointer_id,
        error_at=error_at,
    )
    made.globals.update(
        static=static, languages=tuple(LANGUAGES.values()), version=tradelane.__version__
    )
    return made


@cache
def static_files() -> Mapping[str, str]:
    """Every static file by its path below ``static/``, with the first 12 hex of its SHA-256."""
    return {
        path.relative_to(STATIC).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        for path in sorted(STATIC.rglob("*"))
        if path.is_file()
    }


def static(path: str) -> str:
    """The address of a static file, new whenever its content is new (so it may be kept for ever).

    Raises KeyError where there is no such file.
    """
    return f"/static/{path}?v={static_files()[path]}"


def pointer_id(pointer: str) -> str:
    """The id of the field that a JSON Pointer names: the rule that joins problems and fields.

    >>> pointer_id("/lines/0/hs_code"), pointer_id("lines-0-hs_code"), pointer_id("/a~1b/c d")
    ('lines-0-hs_code', 'lines-0-hs_code', 'a-b-c-d')
    """
    unescaped = pointer.replace("~1", "/").replace("~0", "~")
    return _NOT_IN_AN_ID.sub("-", unescaped.strip("/"))


def error_at(problems: Iterable[Mapping[str, Any]], name: str) -> str:
    """What is wrong with one field, for its ``error``: the sentences that point at it.

    >>> error_at([{"code": "x.y", "message": "No mass.", "pointer": "/lines/0/mass"}],
    ...          "lines-0-mass")
    'No mass.'
    """
    wanted = pointer_id(name)
    return " ".join(
        " ".join(part for part in (problem["message"], problem.get("hint", "")) if part)
        for problem in problems
        if pointer_id(problem.get("pointer", "")) == wanted
    )


@pass_context
def when(context: Context, at: datetime | str) -> Markup:
    """An instant as ``<time>``: UTC on the page; local-time.js shows it in the reader's zone."""
    moment = read_instant(at)
    return Markup('<time datetime="{}" data-local>{}</time>').format(
        moment.strftime("%Y-%m-%dT%H:%M:%SZ"), _speaker(context).instant(moment)
    )


@pass_context
def _money(context: Context, amount: Decimal | float | str, currency: str) -> str:
    return _speaker(context).money(amount, currency)


@pass_context
def _figure(context: Context, value: Decimal | float | str, decimals: int | None = None) -> str:
    return _speaker(context).number(value, decimals)


@pass_context
def _percent(context: Context, share: Decimal | float | str, decimals: int = 0) -> str:
    return _speaker(context).percent(share, decimals)


@pass_context
def _day(context: Context, day: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(day[:10], _speaker(context).date(day))


def _speaker(context: Context) -> Translator:
    return translator(context.get("locale", "en"))
