"""Which files may be evidence: told by their bytes, never opened, never unpacked.

Six types are a table here and not a library of magic numbers: such a library says what a file
might be, of hundreds; what is needed is that it is one of six and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from tradelane.kit.errors import Problem
from tradelane.kit.plaintext import clean_line

MOST_BYTES = 5 * 1024 * 1024
"""Bytes of one file at most."""
MOST_FILES = 20
"""Files of a case at most."""
LONGEST_NAME = 120
"""Characters of a file's name at most; longer ones are cut before the extension."""

_KINDS_IN_WORDS = "PDF, JPEG, PNG, WebP, plain UTF-8 text or CSV"


@dataclass(frozen=True, slots=True)
class FileType:
    """A media type, its extensions, and how its bytes are told."""

    media_type: str
    extensions: tuple[str, ...]
    matches: Callable[[bytes], bool]


def _is_text(data: bytes) -> bool:
    """Whether it is UTF-8 without control characters, and no markup or script under another name.

    >>> _is_text("naïve, 5 €".encode()), _is_text(b"a\\x00b"), _is_text(b" <svg onload=x>")
    (True, False, False)
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not _CONTROL.search(text) and not _MARKUP.match(text)


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MARKUP = re.compile(r"\s*(<[a-z!?/]|#!|%!PS|\{\\rtf)", re.IGNORECASE)

TYPES = (
    FileType("application/pdf", (".pdf",), lambda data: data.startswith(b"%PDF-")),
    FileType("image/jpeg", (".jpg", ".jpeg"), lambda data: data.startswith(b"\xff\xd8\xff")),
    FileType("image/png", (".png",), lambda data: data.startswith(b"\x89PNG\r\n\x1a\n")),
    FileType("image/webp", (".webp",), lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP"),
    FileType("text/plain", (".txt",), _is_text),
    FileType("text/csv", (".csv",), _is_text),
)
"""Every type that is taken."""

# A PDF may write any letter of a name as # and two hex digits. What a compressed part of it hides
# is not seen here, because nothing is unpacked: whoever serves evidence serves it as a download.
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_ACTIVE = re.compile(rb"/(JavaScript|Launch|EmbeddedFiles?)(?![A-Za-z0-9])")


def clean_name(name: str) -> str:
    """A file's name without folders, without what cannot be seen, short enough; '' if none is left.

    >>> clean_name("..\\\\up/../inv\\u202eoice?.pdf")
    'invoice_.pdf'
    """
    last = re.split(r"[/\\]", name)[-1]
    plain = re.sub(r'[<>:"|?*]', "_", clean_line(last)).lstrip(". ")
    extension = PurePosixPath(plain).suffix
    if len(plain) > LONGEST_NAME:
        plain = plain[: LONGEST_NAME - len(extension)] + extension
    return plain[:LONGEST_NAME]


def media_type_of(name: str, data: bytes) -> str | Problem:
    """The media type of a file that may be evidence, or the problem that it may not.

    ``name`` is clean (`clean_name`); its extension and the bytes must say the same.

    >>> media_type_of("scan.PNG", b"\\x89PNG\\r\\n\\x1a\\n...")
    'image/png'
    >>> media_type_of("scan.pdf", b"PK\\x03\\x04").code
    'inspections.evidence_type'
    """
    if not name:
        return Problem(
            "inspections.evidence_name", "The file has no name.", pointer="/name", hint="Name it."
        )
    if not data or len(data) > MOST_BYTES:
        return Problem(
            "inspections.evidence_size",
            f"The file has {len(data):,} bytes; 1 to {MOST_BYTES:,} are allowed.",
            pointer="/data",
            hint="Photograph at a lower resolution, or split the document.",
        )
    extension = PurePosixPath(name).suffix.lower()
    found = next((kind for kind in TYPES if extension in kind.extensions), None)
    if found is None:
        return Problem(
            "inspections.evidence_type",
            f"A file that ends in {extension!r} cannot be evidence.",
            pointer="/name",
            hint=f"Give {_KINDS_IN_WORDS}.",
        )
    if not found.matches(data):
        return Problem(
            "inspections.evidence_type",
            f"The bytes of {name!r} are not of the type that its name says.",
            pointer="/data",
            hint=f"Give {_KINDS_IN_WORDS}, with the right extension.",
        )
    if found.media_type == "application/pdf" and _is_active(data):
        return Problem(
            "inspections.evidence_unsafe",
            f"The PDF {name!r} has a script, starts a program or carries another file.",
            pointer="/data",
            hint="Print it to a new PDF, or give a picture of it.",
        )
    return found.media_type


def _is_active(pdf: bytes) -> bool:
    plain = _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), pdf)
    return _ACTIVE.search(plain) is not None
