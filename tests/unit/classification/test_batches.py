"""OUT.csv: its columns, its rows, and that nothing in it runs in a spreadsheet."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from classification_house import csv_of
from tradelane.classification.batches import COLUMNS, MANY, classify_file
from tradelane.classification.model import (
    ASK,
    CODE,
    DECISIONS,
    HEADING,
    TOO_GENERIC,
    Evidence,
    Question,
    Ranked,
    Suggestion,
)
from tradelane.kit.errors import InputRefused

EVIDENCE = tuple(
    Evidence("example", text, "=cmd|' /C calc'!A0", str(at), "610910")
    for at, text in enumerate(["=1+1", "+SUM(A1)", "@x", "fourth"])
)
RANKED = tuple(
    Ranked(f"6109{at:02}", "subheading", 0.5 / (at + 1), "T-shirts", evidence=EVIDENCE)
    for at in range(8)
)
ASKED = Question("=HYPERLINK(1)?")


class Fake:
    """Answers by what the text says."""

    def prepared(self) -> Any:
        return self._suggest

    def _suggest(self, texts: Sequence[str], limit: int = 5) -> Iterator[Suggestion]:
        for text in texts:
            if text == "break":
                raise RuntimeError("in the middle")
            if text in ("", TOO_GENERIC):
                yield Suggestion(text, TOO_GENERIC, question=ASKED)
            else:
                yield Suggestion(text, text, RANKED[:limit], RANKED[:1], ASKED)


def classified(path: Path, column: str = "text", **options: Any) -> list[dict[str, str]]:
    out = path.with_name("out.csv")
    classify_file(Fake(), path, column, out, **options)  # type: ignore[arg-type]
    with out.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_columns_are_those_of_the_contract(tmp_path: Path) -> None:
    found = classified(csv_of(tmp_path, "text\ncode\n"))
    assert (
        tuple(found[0])
        == COLUMNS
        == (
            "row",
            "rank",
            "code",
            "level",
            "probability",
            "decision",
            "question",
            "evidence_1",
            "evidence_2",
            "evidence_3",
        )
    )


def test_a_row_has_five_ranks_one_where_it_is_too_generic(tmp_path: Path) -> None:
    found = classified(csv_of(tmp_path, 'text\ncode\n""\nheading\nask\ntoo_generic\n'))
    ranks = [(row["row"], row["rank"]) for row in found]
    assert ranks == [
        (str(row), str(rank))
        for row, most in enumerate((5, 1, 5, 5, 1), 1)
        for rank in range(1, most + 1)
    ]
    decisions = [row["decision"] for row in found if row["rank"] == "1"]
    assert decisions == [CODE, TOO_GENERIC, HEADING, ASK, TOO_GENERIC]
    assert set(decisions) == set(DECISIONS)
    assert all(row["question"] for row in found if row["decision"] != CODE)
    assert not any(row["question"] for row in found if row["decision"] == CODE)
    assert [row["code"] for row in found if row["decision"] == TOO_GENERIC] == ["", ""]
    assert all(0 <= float(row["probability"]) <= 1 for row in found if row["code"])


def test_other_numbers_of_ranks_can_be_had(tmp_path: Path) -> None:
    assert len(classified(csv_of(tmp_path, "text\ncode\n"), ranks=1)) == 1
    assert len(classified(csv_of(tmp_path, "text\ncode\n"), ranks=8)) == 8


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    found = classified(csv_of(tmp_path, "text\nask\n"))
    for row in found:
        for cell in row.values():
            assert not cell or cell[0] not in "=+-@\t\r|%", cell


def test_a_column_is_found_whatever_its_case_and_the_others_do_not_matter(tmp_path: Path) -> None:
    path = csv_of(tmp_path, "id,Goods Description,price\n=1,ask,9\n")
    assert classified(path, "goods description")[0]["decision"] == ASK


def test_a_file_without_rows_gives_the_header_alone(tmp_path: Path) -> None:
    assert classified(csv_of(tmp_path, "text\n")) == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("other\nx\n", "classification.columns"),
        ("", "classification.columns"),
        ('text\n"open\n', "classification.csv"),
        ("text\nshirt, cotton\n", "classification.csv"),
        (b"text\n\xff\n", "classification.encoding"),
    ],
)
def test_a_bad_file_is_refused_and_nothing_is_written(
    tmp_path: Path, content: str | bytes, code: str
) -> None:
    with pytest.raises(InputRefused) as caught:
        classified(csv_of(tmp_path, content))
    assert caught.value.problems[0].code == code
    assert caught.value.problems[0].line
    assert [path.name for path in tmp_path.iterdir()] == ["given.csv"]


def test_the_file_that_is_read_is_never_written(tmp_path: Path) -> None:
    path = csv_of(tmp_path, "text\nask\n", "out.csv")
    with pytest.raises(InputRefused) as caught:
        classified(path)
    assert caught.value.problems[0].code == "classification.out"
    assert path.read_text() == "text\nask\n"


def test_what_was_there_stays_where_the_work_breaks_off(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("before")
    with pytest.raises(RuntimeError):
        classified(csv_of(tmp_path, "text\nask\nbreak\n"))
    assert (tmp_path / "out.csv").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["given.csv", "out.csv"]


def test_progress_is_said(tmp_path: Path) -> None:
    said: list[tuple[str, int, int | None]] = []

    def progress(stage: str, done: int, total: int | None = None) -> None:
        said.append((stage, done, total))

    classified(csv_of(tmp_path, "text\n" + "ask\n" * 600), progress=progress)
    assert [done for _stage, done, _total in said] == [512, 600]
    assert all(total == 600 for _stage, _done, total in said)


FORKED = """
import os, sys
from pathlib import Path
from tradelane.classification import batches
from tradelane.classification.model import ASK, Question, Ranked, Suggestion

class Asked:
    def prepared(self):
        return self.suggest

    def suggest(self, texts, limit=5):
        for text in texts:
            if text == "break":
                raise RuntimeError("in the middle")
            ranked = (Ranked("610910", "subheading", 0.5, ""),)
            yield Suggestion(text, ASK, ranked, ranked, Question(f"{text} by {os.getpid()}"))

print(os.getpid())
batches.classify_file(Asked(), Path(sys.argv[1]), "text", Path(sys.argv[2]))
"""


def forked(path: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own: one with threads, as that of the tests is, forks none."""
    command = [sys.executable, "-c", FORKED, str(path), str(out)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="forks on Linux only")
def test_many_rows_are_shared_among_processes_and_stay_in_order(tmp_path: Path) -> None:
    texts = [f"goods {number}" for number in range(MANY + 1)]
    path, out = csv_of(tmp_path, "text\n" + "\n".join(texts) + "\n"), tmp_path / "out.csv"
    done = forked(path, out)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert [row["row"] for row in rows] == [str(number) for number in range(1, MANY + 2)]
    assert [row["question"].split(" by ")[0] for row in rows] == texts
    who = {row["question"].split(" by ")[1] for row in rows}
    assert (done.stdout.strip() in who) == (len(os.sched_getaffinity(0)) == 1)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="forks on Linux only")
def test_an_error_in_one_of_them_ends_it_and_leaves_no_half_file(tmp_path: Path) -> None:
    path = csv_of(tmp_path, "text\n" + "goods\n" * MANY + "break\n")
    done = forked(path, tmp_path / "out.csv")
    assert done.returncode == 1
    assert "in the middle" in done.stderr
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
