"""Evidence is one of six kinds of file, told by its bytes, and comes back as it was given."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from tradelane.inspections import tables
from tradelane.inspections.files import MOST_BYTES, MOST_FILES, TYPES, clean_name, media_type_of
from tradelane.kit.errors import IntegrityBroken, Problem, TradelaneError

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
JPEG = b"\xff\xd8\xff\xe0" + bytes(20)
WEBP = b"RIFF\x10\x00\x00\x00WEBPVP8 "
PDF = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj"
ZIP = b"PK\x03\x04" + bytes(20)


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("a.png", PNG, "image/png"),
        ("a.jpg", JPEG, "image/jpeg"),
        ("a.JPEG", JPEG, "image/jpeg"),
        ("a.webp", WEBP, "image/webp"),
        ("a.pdf", PDF, "application/pdf"),
        ("a.txt", "Gewicht: 12 kg, größer".encode(), "text/plain"),
        ("a.csv", b"\xef\xbb\xbfline,mass\r\n1,12\r\n", "text/csv"),
    ],
)
def test_six_kinds_of_file_are_taken(name: str, data: bytes, media_type: str) -> None:
    assert media_type_of(name, data) == media_type
    assert len({kind.media_type for kind in TYPES}) == 6


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.zip", ZIP),
        ("a.docx", ZIP),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("a.html", b"<html>"),
        ("a.exe", b"MZ\x90"),
        ("a", PNG),
        (".png", PNG),
        ("a.pdf.exe", PDF),
        ("a.pdf", ZIP),
        ("a.pdf", b"\n%PDF-1.7"),
        ("a.jpg", PNG),
        ("a.png", b"MZ\x90" + PNG),
        ("a.webp", b"RIFF\x10\x00\x00\x00WAVEfmt "),
        ("a.txt", b"caf\xe9"),
        ("a.txt", b"a\x00b"),
        ("a.txt", b"\x1b]0;title\x07"),
        ("a.txt", b"  <!DOCTYPE html><script>"),
        ("a.csv", b"\xef\xbb\xbf<svg onload=alert(1)>"),
        ("a.txt", b"#!/bin/sh\n"),
        ("a.txt", "utf-16".encode("utf-16")),
    ],
)
def test_every_other_file_is_refused_and_so_is_a_false_name(name: str, data: bytes) -> None:
    found = media_type_of(name, data)
    assert isinstance(found, Problem)
    assert found.code == "inspections.evidence_type"


@pytest.mark.parametrize(
    "part",
    [
        b"/S /JavaScript",
        b"/S/Launch",
        b"/EmbeddedFile\n",
        b"/Names << /EmbeddedFiles 3 0 R",
        b"/J#61vaScript(",
        b"/#4aavaScript",
    ],
)
def test_a_pdf_that_does_something_is_refused(part: bytes) -> None:
    found = media_type_of("a.pdf", PDF + part)
    assert isinstance(found, Problem)
    assert found.code == "inspections.evidence_unsafe"
    assert media_type_of("a.pdf", PDF + b"/JavaScriptNot /Launcher") == "application/pdf"


def test_a_file_has_bytes_and_at_most_five_mebibytes() -> None:
    for data in (b"", PNG + bytes(MOST_BYTES)):
        found = media_type_of("a.png", data)
        assert isinstance(found, Problem)
        assert found.code == "inspections.evidence_size"
    assert media_type_of("a.png", PNG.ljust(MOST_BYTES, b"\0")) == "image/png"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\ana\\photo.jpg", "photo.jpg"),
        ("inv\u202egpj.exe", "invgpj.exe"),
        ("a\r\nSet-Cookie: x.png", "a Set-Cookie_ x.png"),
        ('a"b|c.pdf', "a_b_c.pdf"),
        ("...hidden.txt", "hidden.txt"),
        ("Größe 2.csv", "Größe 2.csv"),
        ("x" * 300 + ".jpeg", "x" * 115 + ".jpeg"),
        ("folder/", ""),
        ("\x00", ""),
    ],
)
def test_a_name_is_only_a_name(given: str, kept: str) -> None:
    assert clean_name(given) == kept


def test_a_name_never_outgrows_its_limit_whatever_its_extension() -> None:
    assert len(clean_name("a." + "x" * 500)) == 120


# ---------------------------------------------------------------- with a case


def add(desk: Any, case: int, name: str, data: bytes) -> Any:
    return desk.database.write(lambda tx: desk.cases.add_evidence(tx, case, name, data, 7))


def test_a_file_comes_back_byte_for_byte(desk: Any, new_case: Any) -> None:
    (case,) = desk.open(new_case())
    added = add(desk, case.id, "up/photo.png", PNG)
    assert (added.name, added.size, added.added_by) == ("photo.png", len(PNG), 7)
    with desk.database.read() as tx:
        assert desk.cases.read_evidence(tx, added.id) == (added, PNG)
        assert desk.cases.evidence(tx, case.id) == [added]


def test_the_same_bytes_are_kept_once(desk: Any, new_case: Any) -> None:
    case, other = desk.open(new_case(), new_case("A2"))
    first = add(desk, case.id, "a.png", PNG)
    assert add(desk, case.id, "b.png", PNG) == first
    assert add(desk, other.id, "b.png", PNG).id != first.id


def test_a_case_has_at_most_twenty_files(desk: Any, new_case: Any) -> None:
    (case,) = desk.open(new_case())
    for number in range(MOST_FILES):
        add(desk, case.id, f"{number}.png", PNG + bytes([number]))
    with pytest.raises(TradelaneError) as caught:
        add(desk, case.id, "more.png", PNG)
    assert caught.value.problems[0].code == "inspections.evidence_count"
    assert add(desk, case.id, "again.png", PNG + b"\x00").name == "0.png"


def test_a_refused_file_leaves_nothing(desk: Any, new_case: Any) -> None:
    (case,) = desk.open(new_case())
    for name, code in (("a.exe", "evidence_type"), ("/", "evidence_name")):
        with pytest.raises(TradelaneError) as caught:
            add(desk, case.id, name, PNG)
        assert caught.value.problems[0].code == f"inspections.{code}"
    with pytest.raises(TradelaneError) as caught:
        add(desk, 99, "a.png", PNG)
    assert caught.value.problems[0].code == "inspections.not_found"
    with desk.database.read() as tx:
        assert desk.cases.evidence(tx, case.id) == []


def test_a_file_that_was_changed_is_not_handed_out(desk: Any, new_case: Any) -> None:
    (case,) = desk.open(new_case())
    added = add(desk, case.id, "a.png", PNG)
    desk.database.write(lambda tx: tx.execute(sa.update(tables.evidence).values(data=PNG + b"!")))
    with desk.database.read() as tx:
        with pytest.raises(IntegrityBroken) as caught:
            desk.cases.read_evidence(tx, added.id)
        assert caught.value.problems[0].code == "inspections.evidence_damaged"
        with pytest.raises(TradelaneError) as missing:
            desk.cases.read_evidence(tx, 99)
    assert missing.value.problems[0].code == "inspections.not_found"
