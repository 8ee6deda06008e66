"""Clearing a file as a library: what comes out, and what happens when it is given again."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import islice
from pathlib import Path

import pytest

from tradelane.journeys.batches import ClearedBatch
from tradelane.journeys.outputs import DECISION_COLUMNS, REJECTED_COLUMNS
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.platform import Tradelane
from workspaces import SEED, Administration, Cleared, copy_models, read_csv, write_csv

Opened = Callable[..., Tradelane]
KCS = Path(__file__).parents[2] / ".." / "shared" / "data" / "kcs"


def ledger_size(lane: Tradelane) -> int:
    with lane.database.read() as tx:
        return lane.ledger.size(tx)


def count_kinds(lane: Tradelane) -> Counter[str]:
    with lane.database.read() as tx:
        return Counter(stored.entry.kind for stored in lane.ledger.entries(tx))


@pytest.fixture
def mixed(administration: Administration, tmp_path: Path) -> Path:
    """Ten good declarations and, at lines 4 and 9, rows with two and with one mistake."""
    rows = [administration.row(declaration_id=f"MIX-{n}") for n in range(10)]
    rows[2] |= {"origin": "K0", "customs_value": "-5"}
    rows[7] |= {"hs_code": "000000"}
    return write_csv(tmp_path / "mixed.csv", rows)


def test_every_accepted_line_has_one_row_in_decisions_csv(cleared: Cleared) -> None:
    with (cleared.home / "decisions.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == DECISION_COLUMNS
    given = Counter(
        (r["declaration_id"], r["line"]) for r in read_csv(cleared.administration.batch)
    )
    decided = Counter((r["declaration_id"], r["line_number"]) for r in cleared.decisions)
    assert len(rows) == cleared.administration.rows > 200
    assert decided == given
    assert max(given.values()) == 1


def test_every_decision_says_duty_lane_and_three_reasons(cleared: Cleared) -> None:
    for row in cleared.decisions:
        assert row["status"] == "accepted"
        assert float(row["duty"]) >= 0
        assert 0 <= float(row["probability"]) <= 1
        assert row["lane"] in ("red", "yellow", "green")
        assert all(row[f"reason_{n}_text"] and row[f"reason_{n}_code"] for n in (1, 2, 3))
    assert len({row["id"] for row in cleared.decisions}) == len(cleared.decisions)


def test_the_budget_is_kept_and_chance_has_its_share(cleared: Cleared, opened: Opened) -> None:
    lane = opened(cleared.home)
    with lane.database.read() as tx:
        [ranked] = [s for s in lane.ledger.entries(tx) if s.entry.kind == "batch.ranked"]
    selection = ranked.entry.body["selection"]
    exact = len(cleared.decisions) * 0.05
    assert math.floor(exact) <= selection["inspected"] <= math.floor(exact) + 1
    red = [row for row in cleared.decisions if row["lane"] == "red"]
    assert len(red) == selection["inspected"]
    by = Counter(row["selected_by"] for row in red)
    assert by["random"] == selection["inspected_at_random"] >= 1
    assert by[selection["engine"]] == len(red) - by["random"] > by["random"]
    assert all(0 < float(row["propensity"]) <= 1 for row in cleared.decisions)


def test_the_red_lane_has_the_highest_scores_apart_from_chance(cleared: Cleared) -> None:
    chosen = [float(r["score"]) for r in cleared.decisions if float(r["propensity"]) == 1]
    others = [float(r["score"]) for r in cleared.decisions if r["lane"] != "red"]
    assert min(chosen) >= max(others)


def test_every_line_is_assessed_scored_and_routed_once(cleared: Cleared, opened: Opened) -> None:
    lane = opened(cleared.home)
    kinds = count_kinds(lane)
    lines = cleared.administration.rows
    assert kinds["duty.assessed"] == kinds["risk.scored"] == kinds["lane.routed"] == lines
    assert kinds["batch.opened"] == kinds["batch.ranked"] == kinds["batch.closed"] == 1
    with lane.database.read() as tx:
        assert lane.ledger.verify(tx).ok


def test_accepted_and_rejected_are_what_was_read(
    mixed: Path, administration: Administration, new_home: Path, opened: Opened
) -> None:
    result = opened(new_home).clear(mixed, history=administration.history)
    assert (result.read, result.accepted, result.rejected) == (10, 8, 2)
    rejected = read_csv(result.rejected_csv)
    assert tuple(rejected[0]) == REJECTED_COLUMNS
    assert {row["line"] for row in rejected} == {"4", "9"}
    codes = {(row["line"], row["pointer"].rpartition("/")[2]) for row in rejected}
    assert codes >= {("4", "origin"), ("4", "customs_value"), ("9", "hs_code")}
    assert all(row["code"].startswith("declarations.") for row in rejected)
    assert all(len(row["sentence"]) > 10 for row in rejected)
    assert any(row["hint"] for row in rejected)
    assert len(read_csv(result.decisions_csv)) == 8


def test_the_same_command_again_changes_nothing(
    workspace: Path, administration: Administration, opened: Opened
) -> None:
    lane = opened(workspace)
    before = ledger_size(lane)
    files = {n: (workspace / n).read_bytes() for n in ("decisions.csv", "rejected.csv")}
    lane.clear(administration.batch, history=administration.history, seed=SEED)
    assert ledger_size(lane) == before
    assert {name: (workspace / name).read_bytes() for name in files} == files


def test_a_corrected_file_gives_first_decisions_again_and_clears_what_was_mended(
    mixed: Path, administration: Administration, new_home: Path, opened: Opened, tmp_path: Path
) -> None:
    lane = opened(new_home)
    first = {r["id"]: r for r in read_csv(_clear(lane, mixed, administration))}
    rows = read_csv(mixed)
    rows[2] |= {"origin": rows[0]["origin"], "customs_value": "500"}
    rows[7] |= {"hs_code": rows[0]["hs_code"]}
    corrected = write_csv(tmp_path / "corrected.csv", rows)
    again = read_csv(_clear(lane, corrected, administration))
    by_status = {s: {r["id"]: r for r in again if r["status"] == s} for s in _STATUSES}
    assert {r["declaration_id"] for r in by_status["accepted"].values()} == {"MIX-2", "MIX-7"}
    for name, row in by_status["already_received"].items():
        assert row | {"status": "accepted"} == first[name]
    assert set(by_status["already_received"]) == set(first)


_STATUSES = ("accepted", "already_received")


def _clear(lane: Tradelane, file: Path, administration: Administration, **settings: float) -> Path:
    return lane.clear(file, history=administration.history, **settings).decisions_csv


def test_the_same_file_with_another_budget_is_not_decided_twice(
    workspace: Path, cleared: Cleared, opened: Opened
) -> None:
    lane = opened(workspace)
    before = count_kinds(lane)
    again = read_csv(_clear(lane, cleared.administration.batch, cleared.administration, budget=0.5))
    assert {row["status"] for row in again} == {"already_received"}
    assert {r["id"]: r["lane"] for r in again} == {r["id"]: r["lane"] for r in cleared.decisions}
    after = count_kinds(lane)
    assert after["lane.routed"] == before["lane.routed"]
    assert after["declaration.repeated"] == cleared.administration.rows
    assert lane.replay(sample=5).ok


def test_a_declaration_twice_in_one_file_is_refused_the_second_time(
    administration: Administration, new_home: Path, opened: Opened, tmp_path: Path
) -> None:
    names = ("TWICE", "OTHER", "TWICE")
    rows = [administration.row(declaration_id=name) for name in names]
    result = opened(new_home).clear(
        write_csv(tmp_path / "twice.csv", rows), history=administration.history
    )
    assert (result.accepted, result.rejected) == (2, 1)
    [row] = read_csv(result.rejected_csv)
    assert (row["line"], row["code"]) == ("4", "declarations.already_received")


def test_a_file_whose_rows_are_all_refused_is_cleared_all_the_same(
    administration: Administration, new_home: Path, opened: Opened, tmp_path: Path
) -> None:
    rows = [administration.row(declaration_id=f"N{n}", customs_value="NaN") for n in range(3)]
    result = opened(new_home).clear(
        write_csv(tmp_path / "bad.csv", rows), history=administration.history
    )
    assert (result.read, result.accepted, result.rejected) == (3, 0, 3)
    assert read_csv(result.decisions_csv) == []
    assert "<html" in result.report_html.read_text()


class _Page(HTMLParser):
    """The tags of a page, what it would fetch, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            assert not name.startswith("on"), f"a handler on {tag}"
            if name in ("src", "href", "xlink:href", "srcset", "data", "action", "poster"):
                self.fetched.append(value or "")


def test_the_report_fetches_nothing_and_runs_nothing(cleared: Cleared) -> None:
    text = (cleared.home / "report.html").read_text(encoding="utf-8")
    page = _Page(text)
    assert {"html", "svg", "table"} <= page.tags
    assert not page.tags & {"script", "iframe", "object", "embed", "link"}
    assert [u for u in page.fetched if re.match(r"(?i)\s*(https?:)?//|javascript:", u)] == []
    assert not re.search(r"(?i)url\(\s*['\"]?(https?:)?//|@import", text)


def test_hostile_text_reaches_neither_a_page_nor_a_spreadsheet(
    administration: Administration, new_home: Path, opened: Opened, tmp_path: Path
) -> None:
    script = "<script>alert(1)</script>"
    names = (script, "=HYPERLINK(1)", "+1+cmd", "@SUM(A1)", "<img src=x onerror=alert(1)>")
    rows = [administration.row(declaration_id=n, description=f"{n} TOYS") for n in names]
    rows.append(administration.row(declaration_id="=BAD()", description=script, hs_code="0000"))
    result = opened(new_home).clear(
        write_csv(tmp_path / "<marquee>hostile.csv", rows), history=administration.history, budget=1
    )
    page = _Page(result.report_html.read_text(encoding="utf-8"))
    assert not page.tags & {"script", "img", "marquee"}
    for path in (result.decisions_csv, result.rejected_csv):
        with path.open(newline="", encoding="utf-8") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        risky = [c for c in cells if c[:1] in "=+@\t\r" and c and not _is_number(c)]
        assert risky == []
    references = {row["declaration_id"] for row in read_csv(result.decisions_csv)}
    assert "'=HYPERLINK(1)" in references
    assert result.accepted + result.rejected == len(rows)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def head(source: Path, rows: int, target: Path) -> Path:
    """The first rows of a file in which no cell has a line break."""
    with source.open("rb") as lines:
        target.write_bytes(b"".join(islice(lines, rows + 1)))
    return target


@pytest.mark.slow
@pytest.mark.skipif(not KCS.is_dir(), reason="needs the shared data (../shared/data/kcs)")
def test_the_korean_file_is_cleared_and_its_labels_are_called_leaked(
    opened: Opened, tmp_path: Path
) -> None:
    rows = 800
    batch = head(KCS / "valid.csv", rows, tmp_path / "batch.csv")
    history = head(KCS / "train.csv", 10_000, tmp_path / "history.csv")
    lane = opened(tmp_path / "home")
    result = lane.clear(batch, history=history, mapping="kcs")
    assert result.read == result.accepted + result.rejected == rows
    assert result.accepted > 0.9 * rows
    said = " ".join(text for _, text in result.notices).lower()
    assert "repeat" in said or "leak" in said
    assert result.notices[0][1][:40] in result.report_html.read_text(encoding="utf-8")
    assert lane.replay(sample=20).ok


def test_a_file_whose_run_was_interrupted_is_not_begun_anew_with_other_settings(
    administration: Administration,
    new_home: Path,
    opened: Opened,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def cut_off(self: object) -> None:
        raise TradelaneError(Problem("test.cut_off", "Cut off."))

    lane = opened(new_home)

    def clear(budget: float) -> ClearedBatch:
        return lane.clear(
            administration.batch, history=administration.history, seed=SEED, budget=budget
        )

    with monkeypatch.context() as patched:
        patched.setattr("tradelane.journeys.clearance.Clearance._rank", cut_off)
        with pytest.raises(TradelaneError, match="Cut off"):
            clear(0.05)
    with pytest.raises(InputRefused, match=r"budget 0\.05") as refused:
        clear(0.2)
    assert [problem.code for problem in refused.value.problems] == ["clearance.unfinished"]
    lane.text_against_code = True
    with pytest.raises(InputRefused, match=r"other settings: text_against_code none\."):
        clear(0.05)
    lane.text_against_code = False
    assert clear(0.05).figures.lanes["pending"] == 0
    assert clear(0.2).figures.statuses == {"already_received": administration.rows}


def test_two_processes_write_the_same_bytes_as_one(
    administration: Administration,
    cleared: Cleared,
    tmp_path: Path,
    opened: Opened,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tradelane.journeys.clearance.CHUNK_ROWS", 40)
    monkeypatch.setattr("tradelane.journeys.writing.LONG", 40)
    written = []
    for cores in (1, 2):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        home = copy_models(cleared.home, tmp_path / str(cores))
        opened(home).clear(administration.batch, history=administration.history, seed=SEED)
        written.append((home / "decisions.csv").read_bytes())
        report = (home / "report.html").read_text(encoding="utf-8")
        written.append(re.findall(r"<b[^>]*>([^<]*)</b>", report))
    assert written[:2] == written[2:]
    assert len(written[1]) == 8
