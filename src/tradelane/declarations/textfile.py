"""Opens a text file whatever it turns out to be, and refuses what is not text."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tradelane.declarations.cells import ESCAPED
from tradelane.declarations.rules import ENCODINGS
from tradelane.kit.errors import InputRefused, Problem

_SAMPLE = 262_144
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = (b"PK\x03\x04", b"%PDF", b"\x1f\x8b", b"\xd0\xcf\x11\xe0", b"\x89PNG", b"PAR1")
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x1a\x1b")


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return (ESCAPED * max(error.end - error.start, 1), max(error.end, error.start + 1))


codecs.register_error("tradelane.escape", _escape)


class TextFile:
    """A decoded file that is read by lines or by pieces. ``form``: csv, json or ndjson."""

    def __init__(self, text: io.TextIOWrapper, encoding: str) -> None:
        self.encoding = encoding
        self._text = text
        self._ahead = ""
        start = text.read(4096)
        while start and not start.strip():
            start = text.read(4096)
        if not start:
            raise _refused("declarations.empty", "The file is empty.", "Choose another file.")
        self._ahead = start
        self.form = {"[": "json", "{": "ndjson"}.get(start.lstrip()[0], "csv")

    def readline(self, most: int) -> str:
        """The next line with its end, or ``most`` signs of it; '' at the end of the file."""
        ahead = self._ahead
        if not ahead:
            return self._text.readline(most)
        for end, sign in enumerate(ahead):
            if sign == "\n" or (sign == "\r" and end + 1 < len(ahead)):
                end += 2 if ahead[end : end + 2] == "\r\n" else 1
                self._ahead = ahead[end:]
                return ahead[:end]
        self._ahead = ""
        rest = self._text.readline(most)
        if ahead.endswith("\r") and rest != "\n":
            self._ahead = rest
            return ahead
        return ahead + rest

    def skip_line(self, step: int) -> None:
        """Pass over the rest of the current line."""
        while True:
            piece = self.readline(step)
            if not piece or piece.endswith(("\n", "\r")):
                return

    def piece(self, size: int) -> str:
        """The next ``size`` signs or fewer; '' at the end of the file."""
        if self._ahead:
            ahead, self._ahead = self._ahead, ""
            return ahead
        return self._text.read(size)


@contextmanager
def open_text(path: Path, encodings: Sequence[str]) -> Iterator[TextFile]:
    """The file as text: after its byte order mark, else in the first encoding that fits its start.

    A byte that the encoding does not have becomes `cells.ESCAPED`. Errors: InputRefused with
    ``declarations.unreadable``, ``declarations.empty``, ``declarations.not_text`` or
    ``declarations.encoding``.
    """
    try:
        raw = path.open("rb")
    except OSError as error:
        raise _refused(
            "declarations.unreadable", f"{path} cannot be read: {error.strerror}.", ""
        ) from None
    with raw:
        encoding = _encoding_of(raw, encodings)
        # newline="" leaves line ends inside quoted cells to the csv module.
        text = io.TextIOWrapper(raw, encoding, errors="tradelane.escape", newline="")
        yield TextFile(text, encoding)


def _encoding_of(raw: BinaryIO, encodings: Sequence[str]) -> str:
    try:
        sample = raw.read(_SAMPLE)
    except OSError as error:
        raise _refused(
            "declarations.unreadable", f"The file cannot be read: {error.strerror}.", ""
        ) from None
    raw.seek(0)
    if not sample:
        raise _refused("declarations.empty", "The file is empty.", "Choose another file.")
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    _check_text(sample, encodings)
    for name in encodings:
        try:
            codecs.getincrementaldecoder(ENCODINGS[name])("strict").decode(sample)
        except UnicodeError:
            continue
        return ENCODINGS[name]
    return ENCODINGS[encodings[0]]


def _check_text(sample: bytes, encodings: Sequence[str]) -> None:
    if sample.startswith(_BINARY):
        raise _refused(
            "declarations.not_text",
            "The file is a spreadsheet, an archive or another binary file.",
            "Export it as CSV with the encoding UTF-8.",
        )
    if "utf-16" not in encodings and sample[:4096].count(0) * 4 > len(sample[:4096]):
        raise _refused(
            "declarations.encoding",
            "The file looks like UTF-16 or UTF-32 without a byte order mark.",
            "Save it as UTF-8.",
        )
    controls = sum(1 for byte in sample[:4096] if byte < 32 and byte not in _TEXT_CONTROLS)
    if "utf-16" not in encodings and controls * 10 > len(sample[:4096]):
        raise _refused(
            "declarations.not_text", "The file is not text.", "Give a CSV, JSON or NDJSON file."
        )


def _refused(code: str, message: str, hint: str) -> InputRefused:
    return InputRefused(Problem(code, message, hint=hint))
