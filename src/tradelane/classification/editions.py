"""Codes of older editions of the Harmonized System: tables that say what became of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from tradelane.classification.reading import MOST_PROBLEMS, table
from tradelane.kit.errors import InputRefused, Problem
from tradelane.trade.hscode import parse_code

OLD_COLUMNS = ("old", "from", "old_code")
NEW_COLUMNS = ("new", "to", "new_code")
_EDITION = re.compile(r"(?:from|to)?[ _]*h?s?[ _]*(19|20)(\d\d)")
_EX = re.compile(r"^ex\s*", re.IGNORECASE)
_MOST_STEPS = 6


def today(
    code: str, known: Collection[str], newer: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """What a code of six digits is today: itself, or what it became over one or several editions,
    or nothing where no table says it. newer: old code to those that followed it.

    >>> steps = {"851712": ("851713", "851714"), "111111": ("851712",)}
    >>> today("111111", {"851713", "851714"}, steps)
    ('851713', '851714')
    """
    if code in known:
        return (code,)
    found: set[str] = set()
    seen: set[str] = {code}
    ahead = [code]
    for _step in range(_MOST_STEPS):
        after = {new for old in ahead for new in newer.get(old, ())}
        found |= {new for new in after if new in known}
        ahead = [new for new in sorted(after - found - seen) if new in newer]
        seen |= after
    return tuple(sorted(found))


def meant(code: str, known: Collection[str], newer: Mapping[str, tuple[str, ...]]) -> str:
    """The code of today that an example with a code of four or more digits teaches: itself, the one
    that it became, the heading of those that it became, or '' where that cannot be said.

    >>> meant("85171200", {"851713", "851714"}, {"851712": ("851713", "851714")})
    '8517'
    """
    six = code[:6]
    if len(six) < 6 or six in known:
        return code
    now = today(six, known, newer)
    if len(now) == 1:
        return now[0]
    headings = {one[:4] for one in now}
    return headings.pop() if len(headings) == 1 else ""


def pairs(path: Path, known: Collection[str]) -> Iterator[tuple[str, str]]:
    """The pairs of an old and a new code of a CSV file. known: the codes of today.

    The columns are old,new or from,to or two editions (hs2017,hs2022), the older one first by its
    year; "ex" before a code (a part of it) is left out.

    Errors: InputRefused ``classification.columns``, ``classification.edition`` with the first
    twenty bad rows, and those of `reading.table`.
    """
    found = table(path)
    old_column, new_column = _columns(path, found.columns)
    problems: list[Problem] = []
    read: list[tuple[str, str, int]] = []
    for row in found.rows:
        said = [_EX.sub("", row.cells.get(name, "")) for name in (old_column, new_column)]
        if not any(said):
            continue
        codes = [parse_code(text) or "" for text in said]
        wrong = next((at for at in (0, 1) if len(codes[at]) != 6), None)
        if wrong is None:
            read.append((codes[0], codes[1], row.line))
        elif len(problems) < MOST_PROBLEMS:
            problems.append(
                Problem(
                    "classification.edition",
                    f"{said[wrong][:40]!r} has not six digits.",
                    pointer=f"/{(old_column, new_column)[wrong]}",
                    line=row.line,
                    hint="A table between editions has pairs of subheadings.",
                )
            )
    if not problems and not any(new in known for _old, new, _line in read):
        problems.append(
            Problem(
                "classification.edition",
                "None of the new codes is in HS 2022.",
                pointer=f"/{new_column}",
                line=read[0][2] if read else 1,
                hint="Are the columns the wrong way round? A table to an edition in between needs "
                "the table from there to HS 2022 first.",
            )
            if read
            else Problem(
                "classification.edition",
                f"{path.name} has no pairs of codes.",
                line=1,
                hint="old,new with six digits each.",
            )
        )
    if problems:
        raise InputRefused(problems)
    for old, new, _line in read:
        yield old, new


def _columns(path: Path, columns: tuple[str, ...]) -> tuple[str, str]:
    years = {name: "".join(m.groups()) for name in columns if (m := _EDITION.fullmatch(name))}
    if len(years) == 2:
        old, new = sorted(years, key=lambda name: years[name])
    else:
        old = next((name for name in OLD_COLUMNS if name in columns), "")
        new = next((name for name in NEW_COLUMNS if name in columns), "")
    if not old or not new:
        raise InputRefused(
            Problem(
                "classification.columns",
                f"{path.name} does not say which column has the old and which the new codes.",
                line=1,
                hint="The first line names the columns: old,new (or hs2017,hs2022).",
            )
        )
    return old, new
