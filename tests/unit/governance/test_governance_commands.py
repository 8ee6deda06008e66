"""The governance commands with the engine behind them."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from governance_corpora import TODAY, Rule, engine_of, instrument, row, write_pack
from tradelane.governance.commands import governance
from tradelane.governance.corpus import load
from tradelane.governance.service import Governance
from tradelane.kit.errors import InputRefused

ENGINE = engine_of(
    Rule("AA", statement="Providers label what a machine has made."),
    Rule("BB", form="non_binding", mark="secondary"),
    Rule("BB", "LI-ONE", kind="none_found", statement="No rule on liability was found."),
    Rule("AA", "TR-TWO", when="sector=finance"),
    Rule("AA", "LI-ONE", state="enacted", since="2026-01-01", more=(("in_force", "2026-12-01"),)),
)


class Platform:
    """The platform's part, in memory."""

    def governance_at(self, known_at: dt.date | None) -> Governance:
        return ENGINE

    def governance_of(self, pack: str | Path) -> Governance:
        return Governance(load(pack), lambda: TODAY)


def invoked(*arguments: str) -> Result:
    return CliRunner().invoke(governance, arguments, obj=Platform())


def said(*arguments: str) -> str:
    result = invoked(*arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def told(*arguments: str) -> dict:
    return json.loads(said(*arguments, "--json"))


def test_compare_speaks_in_sentences_with_marks_and_says_once_that_it_is_no_advice():
    text = said("compare", "AA", "BB", "--as-of", "2026-04-30")
    assert "Alba is stricter: Alba: required, Borea: recommended." in text
    assert "[read in the text]" in text
    assert "[secondary source]" in text
    assert text.count("not legal advice") == 1
    assert "Legal form" in text
    found = told("compare", "AA", "BB", "--domain", "liability")
    assert found["pairs"][0]["domains"][0]["verdict"] == "silent"
    assert "Legal form" not in said("compare", "AA", "BB", "--domain", "liability")


def test_applies_tells_what_applies_asks_comes_and_is_shared(tmp_path):
    profile = tmp_path / "profile.yaml"
    profile.write_text("use: [chatbot]\ngenerative: yes\nrole: [provider]\n", encoding="utf-8")
    given = ("applies", "--profile", str(profile), "--economies", "AA,BB")
    text = said(*given)
    for words in ("Applies:", "Ask first:", "Ask: sector.", "Comes later:", "from 2026-12-01"):
        assert words in text
    assert "The same everywhere" in text
    assert "TR-ONE" in text
    assert text.count("not legal advice") == 1
    found = told(*given)
    assert [one["economy"] for one in found["economies"]] == ["AA", "BB"]
    assert [one["objective"] for one in found["everywhere"]] == ["TR-ONE"]
    early = said(*given, "--as-of", "1990-01-01")
    assert "No provisions found. What was looked at:" in early
    assert "No rule on liability was found" in early


def test_show_tells_what_an_instrument_is_on_a_day():
    assert "adopted, not yet in force" in said("show", "AA-004", "--as-of", "2026-04-30")
    assert "; binding." in said("show", "act 4", "--as-of", "2026-12-01")
    found = told("show", "AA-000", "--as-of", "2026-04-30")
    assert [one["id"] for one in found["provisions"]] == ["AA-000.001"]
    assert found["standing"] == "binding"


def test_search_marks_the_words_that_it_found():
    assert "Providers *label* what a *machine* has made." in said("search", "labels", "machines")
    assert told("search", "labels")["total"] == 1
    assert "No provision has any of these words" in said("search", "zebra")
    assert "No provision" in said("search", "labels", "--form", "non_binding")


def test_changes_are_told_in_the_order_of_time():
    text = said("changes", "--since", "2025-12-31", "--until", "2026-12-31", "--economies", "AA")
    assert text.index("enacted") < text.index("in force")
    assert "record added" in text
    assert told("changes", "--since", "2026-02-01", "--until", "2026-02-02") == {"items": []}
    assert "Nothing changed" in said("changes", "--since", "2026-02-01", "--until", "2026-02-02")


def test_a_brief_is_markdown_or_data():
    assert said("brief", "AA", "BB").startswith("# Interoperability brief: Alba, Borea\n")
    assert told("brief", "BB", "AA")["entities"] == ["AA", "BB"]


@pytest.mark.parametrize("form", ["csv", "json", "oscal", "sssom"])
def test_export_names_the_files_that_it_wrote(tmp_path, form):
    for name in said("export", "--format", form, "--out", str(tmp_path / "out")).split():
        assert Path(name).stat().st_size > 50


def test_check_shows_coverage_and_refuses_what_is_wrong(tmp_path):
    pack = write_pack(tmp_path / "right")
    assert "Alba" in said("check", "--pack", str(pack))
    assert told("check", "--pack", str(pack))["total"]["provisions"] == 1
    broken = write_pack(tmp_path / "broken", rows=[row(source="S9")])
    result = invoked("check", "--pack", str(broken))
    assert isinstance(result.exception, InputRefused)
    assert "provisions/aa.csv: AA-ACT.001: there is no source S9." in str(result.exception)
    assert "Alba" in result.output


def test_questions_are_asked_and_a_wrong_answer_is_refused(tmp_path):
    right = {"ask": "state", "instrument": "AA-ACT", "as_of": "2025-01-01", "expect": "in_force"}
    holds = {"ask": "holds", "provision": "AA-ACT.001", "as_of": "2024-12-31", "expect": False}
    profile = {"use": ["credit"]}
    catches = {"ask": "applies", "economy": "AA", "as_of": "2026-01-01", "profile": profile}
    questions = [right, holds, {**catches, "includes": ["AA-ACT.001"], "excludes": []}]
    pack = write_pack(tmp_path / "right", questions=questions)
    assert said("questions", "--pack", str(pack)).startswith("3 of 3 questions")
    wrong = [
        {**right, "expect": "lapsed"},
        {**holds, "expect": True},
        {**catches, "excludes": ["AA-ACT.001"]},
    ]
    pack = write_pack(tmp_path / "wrong", questions=wrong, instruments=[instrument()])
    result = invoked("questions", "--pack", str(pack))
    assert isinstance(result.exception, InputRefused)
    assert [one.code for one in result.exception.problems] == ["governance.question"] * 3
    assert "AA-ACT is in_force, not lapsed" in str(result.exception)


def test_tags_are_proposed_with_what_is_like_the_statement_and_an_unknown_objective_is_refused():
    told = said("tag", "What a machine has made is labelled by its provider", "--kind", "duty")
    assert "TR-ONE: People are told. (like AA-000.001" in told
    assert "(like )" not in told
    assert "surer once you confirm an objective" in told
    view = json.loads(said("tag", "What a machine has made is labelled", "--json"))
    assert {"tag", "score", "because"} == set(view["objectives"][0])
    assert len(view["domains"]) >= 2
    result = invoked("tag", "Anything", "--objective", "NO-SUCH")
    assert isinstance(result.exception, InputRefused)
    [problem] = result.exception.problems
    assert problem.code == "governance.unknown_objective"
    sure = said("tag", "Anything", "--objective", view["objectives"][0]["tag"])
    assert "surer once" not in sure
