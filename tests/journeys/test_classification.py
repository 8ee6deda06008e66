"""Classification on the command line, as a person uses it: ask, learn, look again, judge."""

from __future__ import annotations

import csv
import datetime as dt
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from classification_house import SHORT, csv_of, sharing
from conftest import Run
from tradelane.classification.commands import classify
from tradelane.classification.model import DECISIONS
from tradelane.kit.errors import InputRefused
from tradelane.platform import Tradelane


class Line:
    """The command line over one workspace, without a process for every command."""

    def __init__(self, home: Path) -> None:
        self.lane = sharing(Tradelane(home))

    def __call__(self, *arguments: object) -> Result:
        return CliRunner().invoke(classify, [str(a) for a in arguments], obj=self.lane)

    def said(self, *arguments: object) -> str:
        done = self(*arguments)
        assert done.exit_code == 0, (done.output, done.exception)
        return done.stdout

    def refused(self, *arguments: object) -> InputRefused:
        done = self(*arguments)
        assert isinstance(done.exception, InputRefused), (done.output, done.exception)
        return done.exception


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    found = Line(tmp_path / "home")
    yield found
    if "database" in vars(found.lane):
        found.lane.database.close()


def examples(folder: Path, name: str = "mine.csv") -> Path:
    content = "text,code\n" + "".join(f'"{text}",{code}\n' for text, code in SHORT)
    return csv_of(folder, content, name)


# ---------------------------------------------------------------- asking


def test_a_text_gets_a_code_its_path_why_and_what_is_beside_it(line: Line) -> None:
    said = line.said("leather wallet for men")
    assert "Subheading 4202.31, " in said
    assert "VIII" in said.split("4202.31", 2)[1], "the path begins with the section"
    assert "“leather wallet” usually means 4202.31." in said
    assert "Against 4202." in said


def test_a_heading_alone_is_said_where_the_subheading_cannot_be_known(line: Line) -> None:
    said = line.said("men's knitted shirt")
    assert "Heading 6105, " in said
    assert "Which subheading cannot be told yet." in said
    assert "Question: What is it mainly made of?" in said
    assert "cotton" in said.split("Question:")[1]


@pytest.mark.parametrize("words", [("parts",), ("",), ("x",), ("samsung",), ("gift", "item")])
def test_too_little_gets_a_question_and_no_code(line: Line, words: tuple[str, ...]) -> None:
    said = line.said(*words)
    assert "Question: " in said
    assert "%" not in said


def test_several_goods_are_each_answered(line: Line) -> None:
    said = line.said("2 x cotton t-shirt; 1 x leather wallet")
    assert said.startswith("Several goods are named")
    first, second = said.split("\nleather wallet\n")
    assert "Subheading 6109.10" in first
    assert "Subheading 4202.31" in second


def test_json_is_one_object_whatever_the_text(line: Line) -> None:
    for text in ("green tea", "", '"; {}', "\udcff shirt", "<b>茶</b>", "a" * 100_000):
        content = json.loads(line.said(text, "--json"))
        assert content["decision"] in DECISIONS
        for one in content["ranked"]:
            assert 0 <= float(one["probability"]) <= 1
            assert one["path"][-1]["code"] == one["code"]


def test_a_text_that_is_a_command_or_an_option_can_still_be_asked(line: Line) -> None:
    assert "Question: " in line.said("text", "--", "sources")
    assert "%" in line.said("text", "--", "-40 freezer bag")
    assert line().exit_code == 2
    assert line("--help").exit_code == 0


def test_questions_are_answered_one_after_the_other(line: Line) -> None:
    first = json.loads(line.said("shirt", "--json"))["question"]
    told = line.said("shirt", "--answer", f"{first['facet']}=not_known")
    assert f"Question: {first['text']}" not in told
    assert "not_known    I do not know" in told
    other = json.loads(line.said("shirt", "--answer", "material=cotton", "--json"))
    assert other["facets"]["material"] == ["cotton"]
    refused = line.refused("shirt", "--answer", "material=cheese")
    assert refused.problems[0].code == "classification.answer"


def test_the_rate_that_would_apply_is_told_with_the_code(line: Line) -> None:
    where = ("--territory", "demo", "--origin", "cn", "--date", "2026-06-01")
    content = json.loads(line.said("green tea", *where, "--json"))
    about = {"territory": "demo", "name": "Port Meridian", "origin": "CN", "date": "2026-06-01"}
    assert content["rates"] == about
    best = content["ranked"][0]
    duties = line.lane.duties("demo")
    percent = duties.ad_valorem_rate(best["code"], "CN", "", dt.date(2026, 6, 1))
    assert best["duty"] == f"{percent} %"
    assert f"Duty: {best['duty']}." in line.said("green tea", *where)
    assert line.refused("tea", "--territory", "demo").problems[0].code == "classification.origin"
    empty = line.refused("tea", "--territory", "nz", "--origin", "CN")
    assert empty.problems[0].code == "classification.territory"
    assert line("tea", "--origin", "CN").exit_code == 2


# ---------------------------------------------------------------- many at once


def test_a_batch_has_five_ranks_a_row_and_says_which_need_a_person(
    line: Line, tmp_path: Path
) -> None:
    texts = ["leather wallet", "parts", "=1+1", "women's trousers", "red pen; green tea", ""]
    given = tmp_path / "in.csv"
    with given.open("w", newline="") as file:
        csv.writer(file).writerows([["id", "Text"], *enumerate(texts)])
    said = line.said("batch", given, "--column", "text", "--out", tmp_path / "out.csv")
    assert said.startswith(f"Wrote {tmp_path / 'out.csv'}: ")
    with (tmp_path / "out.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert {row["row"] for row in found} == {"1", "2", "3", "4", "5", "6"}
    by_row = [[row for row in found if row["row"] == str(n)] for n in range(1, 7)]
    assert [len(rows) for rows in by_row] == [5, 1, 1, 5, 5, 1]
    decisions = [rows[0]["decision"] for rows in by_row]
    assert decisions[0] == "code"
    assert decisions[1:3] == ["too_generic", "too_generic"]
    assert decisions[4:] == ["ask", "too_generic"]
    assert "red pen; green tea" in by_row[4][0]["question"]
    one = line.said("batch", given, "--out", tmp_path / "one.csv", "--ranks", 1)
    assert "too_generic" in one
    assert len((tmp_path / "one.csv").read_text().splitlines()) == 7


# ---------------------------------------------------------------- learning


def test_examples_are_learned_listed_used_cited_and_taken_back(line: Line, tmp_path: Path) -> None:
    content = "text,code,date,status,source\nblorgix frame,871499,2020-01-01,valid,rulings\n"
    given = csv_of(tmp_path, content)
    assert "has “blorgix" not in line.said("blorgix frame")
    said = line.said("learn", given, "--licence", "CC0-1.0")
    assert "rulings: 1 new examples." in said
    assert "Learned from 1 examples in all." in said
    assert "rulings, 2020-01-01 has “blorgix frame” under 8714.99." in line.said("blorgix frame")
    assert "rulings  examples, 1; licence: CC0-1.0; changed 20" in line.said("sources")

    given.write_text(content.replace("2020-01-01,valid", "2024-01-01,revoked"))
    said = line.said("learn", given)
    assert "rulings: 0 new examples." in said
    assert "1 were revoked and do not count." in said
    assert "has “blorgix" not in line.said("blorgix frame")
    assert "rulings  examples, 1, 1 of them revoked; licence: CC0-1.0" in line.said("sources")


def test_codes_of_older_editions_are_mapped_or_said_not_to_count(
    line: Line, tmp_path: Path
) -> None:
    given = csv_of(tmp_path, "text,code\nzorbix handset,8517.12\nvorbix,1111.11\n", "old.csv")
    said = line.said("learn", given)
    assert "Learned from 0 examples in all." in said
    assert "2 do not count: HS 2022 does not have their codes (1111.11, 8517.12)" in said
    assert "import-editions" in said
    table = csv_of(tmp_path, "HS2017,HS2022\n851712,851713\nex 851712,851714\n", "table.csv")
    said = line.said("import-editions", table, "--source", "2017-2022", "--licence", "UN")
    assert "2017-2022: 2 pairs of codes." in said
    assert "1 have a code of an older edition, mapped with a table." in said
    assert "1 do not count: HS 2022 does not have their codes (1111.11)" in said
    assert "2017-2022  editions, 2; licence: UN" in line.said("sources")
    assert "8517.12 is of an older edition: it became 8517.13, 8517.14." in line.said(
        "phone 8517.12"
    )


def test_the_tariff_is_learned_with_its_own_licence(line: Line, tmp_path: Path) -> None:
    lines = [
        {"htsno": "0101", "indent": "0", "description": "Live horses, asses:"},
        {"htsno": "", "indent": "1", "description": "Horses:"},
        {"htsno": "0101.21.00", "indent": "2", "description": "Zebroid breeding animals"},
    ]
    given = csv_of(tmp_path, json.dumps(lines), "chapter01.json")
    assert "hts chapter01: 1 new examples." in line.said("import-hts", given)
    assert "hts chapter01  tariff, 1; licence: US Government work" in line.said("sources")
    assert "hts chapter01 has “Live horses, asses — Horses — Zebroid" in line.said(
        "zebroid horses, live, breeding animals"
    )


@pytest.mark.parametrize(
    ("command", "content", "code"),
    [
        ("learn", "a,b\n1,2\n", "classification.columns"),
        ("learn", "text,code\nfine,610910\nbad,7\n", "classification.example"),
        ("learn", b"\x89PNG\r\n\x1a\n\x00", "classification.encoding"),
        ("import-hts", "{}", "classification.tariff"),
        ("import-editions", "old,new\n1,2\n", "classification.edition"),
        ("evaluate", "text\nx\n", "classification.columns"),
    ],
)
def test_a_refused_file_changes_nothing(
    line: Line, tmp_path: Path, command: str, content: str | bytes, code: str
) -> None:
    error = line.refused(command, csv_of(tmp_path, content))
    assert error.problems[0].code == code
    assert not (tmp_path / "home").exists()
    assert "Nothing yet." in line.said("sources")


def test_a_file_without_examples_is_no_source(line: Line, tmp_path: Path) -> None:
    done = line("learn", csv_of(tmp_path, "text,code\n"))
    assert done.exit_code == 2
    assert "has no examples" in done.output


# ---------------------------------------------------------------- judging, and two processes


def test_a_classifier_is_judged(line: Line, tmp_path: Path) -> None:
    gold = csv_of(
        tmp_path,
        "text,code\nleather wallet,420231\ngreen tea,0902\nphone,8517.12\nsmartphone,851713\n",
    )
    said = line.said("evaluate", gold)
    assert "3 descriptions" in said
    assert "1 left out" in said, "8517.12 is of an older edition and there is no table"
    for name in (
        *(f"{level} top-{top}" for level in ("HS6", "HS4") for top in (1, 3, 5)),
        "calibration error",
        "right of the surest 30%",
        "p95 of a query",
        "lines a second in batch",
        "memory at most",
    ):
        assert f"\n{name} " in said, name
    assert said.count("% (") >= 6, "rates have intervals"
    assert "learned from before" not in said


def test_another_process_learns_and_one_that_runs_knows_it_at_once(
    run_cli: Run, line: Line, tmp_path: Path
) -> None:
    """Nothing is restarted: the one that answers looks for a new revision before it answers."""
    service = line.lane.classification
    before = service.suggest("vrontik moulded thing")
    assert not any(e.kind == "example" for r in before.ranked for e in r.evidence)
    given = csv_of(tmp_path, "text,code\nvrontik moulded thing,392690\n", "mine.csv")

    learned = run_cli("--home", tmp_path / "home", "classify", "learn", given, "--licence", "own")

    assert learned.returncode == 0, learned.stderr
    assert "mine: 1 new examples." in learned.stdout
    began = time.process_time()
    after = service.suggest("vrontik moulded thing")
    assert time.process_time() - began < 10
    best = after.ranked[0]
    assert best.code == "392690"
    assert any(e.text == "vrontik moulded thing" and e.source == "mine" for e in best.evidence)


@pytest.mark.slow
def test_enough_examples_are_weighed_anew_and_the_model_is_kept(line: Line, tmp_path: Path) -> None:
    given = examples(tmp_path)
    said = line.said("learn", given, "--licence", "own")
    assert f"mine: {len(SHORT)} new examples." in said
    again = sharing(Tradelane(tmp_path / "home"))
    assert again.classification._models.newest() is not None
    asked = [text for text, _code in SHORT[::4]]
    here = line.lane.classification.suggest_many(asked)
    for one, other in zip(here, again.classification.suggest_many(asked), strict=True):
        assert one == other, "what was kept answers like what was learned"
        assert all(0 <= r.probability <= 1 for r in one.ranked)
    again.database.close()
    said = line.said("evaluate", given)
    assert f"learned from before        {len(SHORT)}: figures on these flatter" in said
