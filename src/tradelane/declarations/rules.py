"""What a mapping says about a file and about one column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from tradelane.declarations.fields import Kind

ENCODINGS: dict[str, str] = {
    "utf-8": "utf-8",
    "utf-16": "utf-16",
    "ascii": "ascii",
    "latin-1": "latin-1",
    "iso-8859-1": "iso8859-1",
    "iso-8859-2": "iso8859-2",
    "iso-8859-5": "iso8859-5",
    "iso-8859-15": "iso8859-15",
    "cp1250": "cp1250",
    "cp1251": "cp1251",
    "cp1252": "cp1252",
    "cp1258": "cp1258",
    "cp874": "cp874",
    "cp932": "cp932",
    "cp949": "cp949",
    "cp950": "cp950",
    "euc-jp": "euc_jp",
    "euc-kr": "euc_kr",
    "shift_jis": "shift_jis",
    "big5": "big5",
    "gb18030": "gb18030",
    "gbk": "gbk",
}
"""Encodings that a mapping may declare, with Python's names."""


class OtherColumns(StrEnum):
    """What becomes of columns that the mapping does not name."""

    REFUSE = "refuse"
    KEEP = "keep"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Format:
    """How the file is written. ``encodings``: the first that fits the file's start is used."""

    encodings: tuple[str, ...] = ("utf-8",)
    delimiter: str = ","
    decimal: str = "."
    thousands: str = ""
    dates: tuple[str, ...] = ("%Y-%m-%d",)


@dataclass(frozen=True, slots=True)
class Rule:
    """How one field is filled: from a column or with a constant.

    ``values`` translates whole cells (``*``: any other); ``scale`` multiplies an amount into our
    unit; ``pad`` puts back the zeros that a spreadsheet took from the front of a code;
    ``pattern`` is a regular expression that the whole cell must match.
    """

    field: str
    kind: Kind
    column: str = ""
    constant: str = ""
    default: str = ""
    required: bool = False
    dates: tuple[str, ...] = ()
    values: Mapping[str, str] | None = None
    scale: Decimal | None = None
    pattern: str = ""
    pad: int = 0
