"""The documentation says what the program does: nothing missing, nothing that is gone, runs."""

from __future__ import annotations

import ast
import datetime as dt
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import tradelane
from tradelane.classification import batches, language_model, precedents, reading
from tradelane.classification.model import DECISIONS
from tradelane.classification.rankers import RANKERS
from tradelane.classification.service import LEAST
from tradelane.classification.words import LONGEST, MOST_WORDS
from tradelane.declarations import mapping
from tradelane.declarations.model import life_cycle_table
from tradelane.duties.overview import relief_rows
from tradelane.journeys import entries
from tradelane.journeys.clearance import CHUNK_ROWS
from tradelane.journeys.outputs import DECISION_COLUMNS, REJECTED_COLUMNS
from tradelane.kit import packs
from tradelane.targeting import frontier, revenue, siblings, words
from tradelane.targeting.catalogue import BUSY_DAYS, ENTITIES, NAMES
from tradelane.targeting.model import DEFAULT_BALANCE, MIDDLE
from tradelane.targeting.peers import MIN_PEERS
from tradelane.web.settings import VARIABLES

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path(tradelane.__file__).parent
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])

CAPABILITIES = (
    "accounts|adoption|approvals|backup|clearance|classification|codes|correspondence|database|declarations|duties|governance|inspections|ledger"
    "|mapping|nomenclature|packs"
    "|process|notifications|registry|replay|simulation|system|targeting|drafts|preparing|uploading"
    "|bulk|training|casework|intake|oversight|rules|web|contributions"
)
CODE = re.compile(rf"({CAPABILITIES})\.[a-z_]+")
NOT_CODES = {
    "ledger.key",
    "ledger.pub",
    "declarations.csv",
    "inspections.csv",
    "nomenclature.csv",
    "rules.csv",
    "rules.json",
    "rules.yaml",
    "simulation.yaml",
}
"""File names that have the shape of a code."""
NOT_SETTINGS = {"PYTHONPATH"}
"""Python's own, handed on to processes of ours."""


# ---------------------------------------------------------------- commands and settings


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group, info_name=path)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")


def _sections(page: Path) -> dict[str, str]:
    """Heading to the text under it, up to the next heading."""
    parts = re.split(r"^#{2,3} (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_and_option_is_in_the_reference_and_no_other():
    from tradelane.cli import cli

    sections = _sections(REFERENCE / "commands.md")
    commands = dict(_commands(cli, "tradelane"))
    assert len(commands) > 20
    documented = {name for name in sections if name.startswith("tradelane ")}
    assert documented == set(commands)
    for name, command in commands.items():
        options = {
            text
            for parameter in command.params
            if isinstance(parameter, click.Option)
            for text in (*parameter.opts, *parameter.secondary_opts)
        }
        first_cells = re.findall(r"^\| (.+?) \|", sections[name], flags=re.MULTILINE)
        said = {text for cell in first_cells for text in re.findall(r"`(--?[a-z-]+)`", cell)}
        assert said == options, name


def _environment_variables(tree: ast.AST) -> Iterator[str]:
    """Names in os.environ["X"], os.environ.get("X"), os.getenv("X") and "X" in os.environ."""
    for node in ast.walk(tree):
        found: ast.expr | None = None
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            found = node.slice
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "os.environ.get",
            "os.environ.setdefault",
            "os.environ.pop",
            "os.getenv",
        ):
            found = node.args[0]
        elif isinstance(node, ast.Compare) and "os.environ" in map(ast.unparse, node.comparators):
            found = node.left
        elif isinstance(node, ast.keyword) and node.arg in ("envvar", "auto_envvar_prefix"):
            found = node.value
        if isinstance(found, ast.Constant):
            yield str(found.value)
        else:
            assert found is None, f"a setting's name is not a literal: {ast.unparse(found)}"


def test_every_setting_is_in_the_reference():
    found = {
        name
        for path in SOURCE.rglob("*.py")
        for name in _environment_variables(ast.parse(path.read_text(encoding="utf-8")))
    }
    found |= set(VARIABLES)
    assert {"TRADELANE_HOME", "TRADELANE_DATABASE_URL"} <= found
    text = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", text, flags=re.MULTILINE))
    assert documented == found - NOT_SETTINGS


# ---------------------------------------------------------------- errors


def _codes_in(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if CODE.fullmatch(node.value):
                yield node.value
        elif isinstance(node, ast.JoinedStr):
            start = node.values[0]
            if isinstance(start, ast.Constant) and re.fullmatch(
                rf"({CAPABILITIES})\.", str(start.value)
            ):
                # Codes that are put together: only here, by _broken("what", ...).
                assert path.relative_to(SOURCE).as_posix() == "ledger/notes.py", path
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) == "_broken"
            and path.name == "notes.py"
        ):
            assert isinstance(node.args[0], ast.Constant)
            yield f"ledger.{node.args[0].value}"


def _codes() -> set[str]:
    ignored = NOT_CODES | {value for value in vars(entries).values() if isinstance(value, str)}
    return {code for path in SOURCE.rglob("*.py") for code in _codes_in(path)} - ignored


def test_every_error_code_is_documented_and_no_other():
    text = (REFERENCE / "errors.md").read_text(encoding="utf-8")
    rows = re.findall(rf"^\| `((?:{CAPABILITIES})\.[a-z_]+)` \|", text, flags=re.MULTILINE)
    assert len(rows) == len(set(rows)), "a code is documented twice"
    found = _codes()
    assert len(found) > 150
    assert set(rows) == found


# ---------------------------------------------------------------- tables that come from the code


def _first_cells(text: str) -> list[str]:
    return re.findall(r"^\| `([a-z_0-9]+)` \|", text, flags=re.MULTILINE)


def test_no_problem_has_a_code_that_the_search_above_would_miss():
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Problem", "CellRefused"):
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant):
                    assert CODE.fullmatch(str(first.value)), f"{path.name}: {first.value}"


def test_the_columns_of_the_outputs_are_documented_in_their_order():
    sections = _sections(REFERENCE / "outputs.md")
    assert tuple(_first_cells(sections["decisions.csv"])) == DECISION_COLUMNS
    assert tuple(_first_cells(sections["rejected.csv"])) == REJECTED_COLUMNS


def test_the_columns_of_a_classified_list_are_documented_in_their_order():
    sections = _sections(REFERENCE / "classification.md")
    assert tuple(_first_cells(sections["OUT.csv"])) == batches.COLUMNS


def test_what_classification_says_of_itself_holds():
    text = (REFERENCE / "classification.md").read_text(encoding="utf-8")
    decisions = re.findall(r"^\| `([a-z_]+)` \| (?:The first|No sub|Neither|The text)", text, re.M)
    assert set(decisions) >= set(DECISIONS)
    for said in (
        f"has a probability of {LEAST} or more",
        f"The first {LONGEST:,} characters, of which at most {MOST_WORDS} words",
        f"at most {language_model.NEAR} likelier",
        f"up to {reading.LONGEST_TEXT:,} characters",
    ):
        assert said in text, said
    text = (DOCS / "explanation" / "how-a-code-is-found.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| ([a-z]+) \|", text, re.M)) - {"ranker"} == set(RANKERS)
    assert f"with {precedents.RIGHT}:" in text


def test_the_life_cycle_is_the_one_that_holds():
    text = (REFERENCE / "life-cycle.md").read_text(encoding="utf-8")
    assert life_cycle_table() in text


def test_every_kind_of_ledger_entry_is_documented():
    text = (REFERENCE / "ledger.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `([a-z]+\.[a-z_]+)` \|", text, flags=re.MULTILINE)
    kinds = {v for k, v in vars(entries).items() if k.isupper() and isinstance(v, str)}
    assert set(documented) == kinds


def test_every_shipped_pack_and_mapping_is_mentioned():
    text = (REFERENCE / "packs.md").read_text(encoding="utf-8")
    section = text.split("Shipped packs:")[1].split("\n## ")[0]
    named = {
        word
        for row in re.findall(r"^\| (.+?) \|", section, flags=re.MULTILINE)
        for word in re.findall(r"`([a-z]+)`", row)
    }
    assert named == set(packs.shipped())
    mappings = (REFERENCE / "mappings.md").read_text(encoding="utf-8")
    assert {name for name in mapping.shipped() if f"| `{name}` |" in mappings} == set(
        mapping.shipped()
    )


def test_low_value_relief_is_what_the_packs_say():
    text = (REFERENCE / "low-value-relief.md").read_text(encoding="utf-8")
    rows = [row for row in relief_rows(dt.date(2026, 11, 21)) if row["pack"] != "demo"]
    assert len({row["economy"] for row in rows}) == 21
    for row in rows:
        cells = (
            f"{row['name']} ({row['economy']})",
            row["charge"],
            row["rule"],
            row["valid_from"],
            f"`{row['code']}`" if row["code"] else "",
            row["note"],
            row["confidence"],
            row["source"],
        )
        assert f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |" in text
    assert len(re.findall(r"^\| .+ \([A-Z]{2}\) \|", text, flags=re.MULTILINE)) == len(rows)


def test_the_objective_is_explained_with_the_numbers_that_hold():
    text = (DOCS / "explanation" / "how-a-line-gets-its-lane.md").read_text(encoding="utf-8")
    assert f"It stands at {DEFAULT_BALANCE} unless" in text
    text = (DOCS / "explanation" / "how-the-objective-works.md").read_text(encoding="utf-8")
    furthest = revenue.FURTHEST
    for said in (
        f"| {DEFAULT_BALANCE} | **The default.**",
        f"under **{frontier.KEPT:.0%}**".replace("%", " %"),
        f"λ = {frontier.LEANS[0]}, {frontier.LEANS[1]} and on to {frontier.LEANS[-1]}",
        "at {:.0f} % and at {:.0f} % inspected".format(*(100 * b for b in frontier.BUDGETS)),
        f"fewer than {frontier.FEWEST_WRONG} lines found wrong",
        f"then it is {MIDDLE}.",
        f"at least {revenue.FEWEST_FINDINGS} lines found wrong have an amount",
        f"between 1/{furthest['model']:.0f} and {furthest['model']:.0f}.",
        f"between 1/{furthest['charges']:.0f} and {furthest['charges']:.0f},",
    ):
        assert said in text, said


def test_what_a_score_knows_is_said_with_the_numbers_that_hold():
    text = (DOCS / "explanation" / "what-a-score-knows.md").read_text(encoding="utf-8")
    assert f"some {round(len(NAMES), -1)} of them" in text
    assert f"Of {len(ENTITIES)} things" in text
    assert f"if there are {MIN_PEERS}, else" in text
    assert BUSY_DAYS == 7
    assert "**seven days before**" in text
    assert siblings.MOST == 8
    assert "up to eight codes" in text
    assert words.WINDOW_DAYS == 365
    assert "in the year before" in text


def test_the_size_of_a_chunk_is_the_one_that_is_used():
    text = (DOCS / "how-to" / "resume-after-a-crash.md").read_text(encoding="utf-8")
    assert f"chunks of {CHUNK_ROWS:,} rows" in text


# ---------------------------------------------------------------- links


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=[str(p.relative_to(ROOT)) for p in PAGES])
def test_every_relative_link_leads_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)\s]+)\)", _without_code(page.read_text(encoding="utf-8"))):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), f"{page.name} links to {target}"
        if anchor:
            headings = re.findall(
                r"^#+ (.+)$", there.read_text(encoding="utf-8"), flags=re.MULTILINE
            )
            assert anchor in map(_anchor, headings), f"{page.name} links to {target}"


def test_the_index_leads_to_every_page():
    text = (DOCS / "index.md").read_text(encoding="utf-8")
    linked = {(DOCS / t.partition("#")[0]).resolve() for t in re.findall(r"\]\(([^)\s]+)\)", text)}
    pages = {p for p in DOCS.rglob("*.md") if p.parent.name != "adr" and p.name != "index.md"}
    assert pages <= linked
    records = (DOCS / "adr" / "index.md").read_text(encoding="utf-8")
    for record in (DOCS / "adr").glob("20*.md"):
        assert f"]({record.name})" in records


# ---------------------------------------------------------------- shell blocks


def _steps(page: Path) -> Iterator[tuple[str, int, list[str]]]:
    """Each command of the page's ``console`` blocks, how it must end, and the shown output.

    ``$`` begins a command, ``>`` goes on with it; a comment ``# ends with N`` says its exit code.
    """
    for block in re.findall(
        r"^```console\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    ):
        command: list[str] = []
        shown: list[str] = []
        for line in [*block.splitlines(), "$ "]:
            if line.startswith("$ "):
                if command:
                    said = re.search(r"# ends with (\d+)$", command[0])
                    yield "\n".join(command), int(said[1]) if said else 0, shown
                command, shown = [line[2:]], []
            elif line.startswith("> ") and not shown:
                command.append(line[2:])
            else:
                shown.append(line)


def _here(command: str) -> str:
    python = f'"{sys.executable}" -m tradelane'
    command = re.sub(
        r"^python3 run\.py$", f"{python} demo --declarations 2000 --prepare-only", command
    )
    return re.sub(r"^python3 run\.py ", f"{python} ", command)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the blocks are for a POSIX shell")
@pytest.mark.parametrize("name", ["README.md", "docs/tutorials/clear-your-first-file.md"])
def test_the_shell_blocks_run_as_they_are_written(name: str, tmp_path: Path):
    """Every command ends as said; shown lines without figures appear in its output."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TRADELANE_")}
    environment["PYTHONPATH"] = str(SOURCE.parent)
    steps = list(_steps(ROOT / name))
    assert len(steps) >= 4
    for command, expected, shown in steps:
        done = subprocess.run(
            ["bash", "-c", _here(command)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == expected, f"{command}\n{done.stdout}\n{done.stderr}"
        for line in shown:
            if line.strip() and not re.search(r"\d", line):
                assert line in done.stdout.splitlines(), f"{command} does not print: {line}"
    for program in re.findall(
        r"^```python\n(.*?)^```",
        (ROOT / name).read_text(encoding="utf-8"),
        flags=re.MULTILINE | re.DOTALL,
    ):
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, f"{program}\n{done.stdout}\n{done.stderr}"
