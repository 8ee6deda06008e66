"""Files of examples: what is read of them, and how hostile ones are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from classification_house import csv_of
from tradelane.classification import reading
from tradelane.kit.errors import InputRefused, Problem


def refused(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(InputRefused) as caught:
        list(reading.rows(path))
    return caught.value.problems


def test_a_file_gives_texts_codes_dates_statuses_and_sources(tmp_path: Path) -> None:
    path = csv_of(
        tmp_path,
        "\ufeffText, HS6 ,date,Status,source\r\n"
        '"shirt, of ""cotton""",6109.10,2024-05-31T10:00,valid,rulings\r\n'
        "\r\n"
        ",,,,\r\n"
        "chair,9401,2025-01-01,Withdrawn,\r\n",
    )
    first, second = reading.rows(path)
    assert (first.text, first.code, first.date) == ('shirt, of "cotton"', "610910", "2024-05-31")
    assert (first.revoked, first.source, first.line) == (False, "rulings", 2)
    assert (second.code, second.revoked, second.source, second.line) == ("9401", True, "", 5)


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        ("", "classification.columns", 1),
        ("name,code\na,610910\n", "classification.columns", 1),
        ("text;code\na;610910\n", "classification.columns", 1),
        ("text,code,text\na,610910,b\n", "classification.columns", 1),
        ("text,code\nfine,610910\na,12\n", "classification.example", 3),
        ("text,code\na,10121\n", "classification.example", 2),
        ("text,code\na,６１０９１０\n", "classification.example", 2),
        ("text,code\n,610910\n", "classification.example", 2),
        ("text,code,status\na,610910,maybe\n", "classification.example", 2),
        ("text,code,status\na,610910,revoked\n", "classification.example", 2),
        ("text,code,date\na,610910,soon\n", "classification.example", 2),
        ("text,code,date\na,610910,2024-02-30\n", "classification.example", 2),
        ("text,code\na\x00b,610910\n", "classification.example", 2),
        (f"text,code\n{'a' * 20_001},610910\n", "classification.example", 2),
        (f"text,code\n{'a' * 1_000_001},610910\n", "classification.csv", 2),
        ('text,code\n"open,610910\nb,610910\n', "classification.csv", 3),
        ('text,code\n"a" b,610910\n', "classification.csv", 2),
        ("text,code\nshirt, cotton,610910\n", "classification.csv", 2),
        (b"text,code\nfine,610910\ncaf\xe9,090121\n", "classification.encoding", 3),
        ("text,code\na,610910\n".encode("utf-16"), "classification.encoding", 1),
    ],
)
def test_a_bad_file_is_refused_with_code_line_and_what_to_do(
    tmp_path: Path, content: str | bytes, code: str, line: int
) -> None:
    (first, *_) = refused(csv_of(tmp_path, content))
    assert (first.code, first.line) == (code, line)
    assert first.message.endswith(".")
    assert len(str(first)) < 500, "what was given is shown in part only"


def test_every_bad_row_is_named_up_to_twenty(tmp_path: Path) -> None:
    two = refused(csv_of(tmp_path, "text,code\na,1\nfine,610910\nb,2\n"))
    assert [problem.line for problem in two] == [2, 4]
    many = refused(csv_of(tmp_path, "text,code\n" + "a,1\n" * 50))
    assert len(many) == reading.MOST_PROBLEMS


def test_a_spreadsheet_that_took_a_zero_is_guessed(tmp_path: Path) -> None:
    assert "leading zero" in refused(csv_of(tmp_path, "text,code\nhorse,10121\n"))[0].hint


def test_a_table_restores_the_limit_that_others_rely_on(tmp_path: Path) -> None:
    import csv

    before = csv.field_size_limit()
    list(reading.rows(csv_of(tmp_path, f"text,code\n{'a' * 19_000},610910\n")))
    assert csv.field_size_limit() == before


def test_control_characters_of_old_exports_become_blanks(tmp_path: Path) -> None:
    (row,) = reading.rows(csv_of(tmp_path, "text,code\n\x0bold\x1b\x85pen ,960810\n"))
    assert row.text == "old  pen"
