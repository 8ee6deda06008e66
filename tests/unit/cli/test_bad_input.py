"""What the command line says to input that it cannot use: exit code 2 and a sentence."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tradelane import cli as doors
from workspaces import Administration

Refused = Callable[..., str]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Runs the command line, expects exit code 2, and gives what was said on stderr."""

    def run(*arguments: str | Path) -> str:
        monkeypatch.setattr("sys.argv", ["tradelane", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            doors.main()
        said = capsys.readouterr()
        assert ended.value.code == 2, said
        assert said.err.strip()
        assert "Traceback" not in said.err
        return said.err

    return run


@pytest.fixture
def clearing(administration: Administration, tmp_path: Path) -> Callable[..., list[str]]:
    """The arguments of a good ``clear``, with some changed."""

    def make(
        batch: Path | None = None, history: Path | None = None, *options: str | Path
    ) -> list[str]:
        history = history or administration.history
        arguments = ["clear", batch or administration.batch, "--history", history, *options]
        return [*map(str, arguments), "--out", str(tmp_path / "out")]

    return make


def commands(group: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [path]
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            found += commands(command, (*path, name))
    return found


def test_every_command_explains_itself() -> None:
    paths = commands(doors.cli)
    assert len(paths) > 20
    for path in paths:
        result = CliRunner().invoke(doors.cli, [*path, "--help"])
        assert result.exit_code == 0, (path, result.output)
        assert result.output.startswith("Usage:")
        text = [line.strip() for line in result.output.splitlines()[1:]]
        assert any(line.endswith(".") for line in text), path


def test_every_command_shows_its_defaults_and_says_what_each_option_means() -> None:
    silent = []
    for path in commands(doors.cli):
        command: click.Command = doors.cli
        for name in path:
            assert isinstance(command, click.Group)
            found = command.get_command(click.Context(command), name)
            assert found is not None
            command = found
        silent += [
            (path, option.name)
            for option in command.params
            if isinstance(option, click.Option) and not option.help and option.name not in _OBVIOUS
        ]
    assert silent == []


_OBVIOUS = {"seed", "out", "days", "declarations", "limit", "version"}
"""Options whose name says what they are."""


def test_an_unknown_command_is_refused(refused: Refused) -> None:
    assert "No such command" in refused("declare")


def test_a_missing_file_is_refused(refused: Refused, clearing: Callable[..., list[str]]) -> None:
    assert "does not exist" in refused(*clearing(Path("no-such-file.csv")))


def test_a_folder_instead_of_a_file_is_refused(
    refused: Refused, clearing: Callable[..., list[str]], tmp_path: Path
) -> None:
    assert "is a directory" in refused(*clearing(tmp_path))
    assert "is a directory" in refused(*clearing(None, tmp_path))


@pytest.mark.parametrize("budget", ["2", "-0.1", "much", "nan", "inf", ""])
def test_a_budget_that_is_no_share_is_refused(
    budget: str, refused: Refused, clearing: Callable[..., list[str]]
) -> None:
    assert "budget" in refused(*clearing(None, None, "--budget", budget))


@pytest.mark.parametrize("share", ["2", "nan"])
def test_a_random_share_that_is_no_share_is_refused(
    share: str, refused: Refused, clearing: Callable[..., list[str]]
) -> None:
    assert "random" in refused(*clearing(None, None, "--random-share", share))


def test_a_mapping_that_is_not_there_is_refused_with_those_that_are(
    refused: Refused, clearing: Callable[..., list[str]]
) -> None:
    said = refused(*clearing(None, None, "--mapping", "atlantis"))
    assert "mapping.not_found" in said
    assert "kcs" in said


def test_a_mapping_with_mistakes_is_refused_with_their_lines(
    refused: Refused, clearing: Callable[..., list[str]], tmp_path: Path
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("id: x\nversion: '1'\ncolumns:\n  no_such_field: a\n")
    said = refused(*clearing(None, None, "--mapping", path))
    assert "line 4" in said


def test_a_territory_that_is_not_there_is_refused(
    refused: Refused, clearing: Callable[..., list[str]], tmp_path: Path
) -> None:
    assert "packs.not_found" in refused(*clearing(None, None, "--territory", "atlantis"))
    (tmp_path / "pack.yaml").write_text("id: [")
    assert "packs.yaml" in refused(*clearing(None, None, "--territory", tmp_path))


def test_exchange_rates_that_are_none_are_refused(
    refused: Refused, clearing: Callable[..., list[str]], tmp_path: Path
) -> None:
    rates = tmp_path / "rates.csv"
    rates.write_text("this is no table of rates\n")
    assert refused(*clearing(None, None, "--rates", rates))


_UNUSABLE = {
    "empty": b"",
    "only a header": b"declaration_id,date\n",
    "a picture": b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(4000),
    "nothing but zeros": bytes(4000),
    "an archive": b"PK\x03\x04" + random.Random(2).randbytes(4000),
    "UTF-16": "declaration_id,date\n1,2026-01-01\n".encode("utf-16"),
}


@pytest.mark.parametrize("content", _UNUSABLE.values(), ids=_UNUSABLE)
def test_a_file_that_holds_no_declarations_is_refused(
    content: bytes, refused: Refused, clearing: Callable[..., list[str]], tmp_path: Path
) -> None:
    path = tmp_path / "unusable.csv"
    path.write_bytes(content)
    assert "declarations." in refused(*clearing(path))


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n\x00\x00"], ids=["empty", "a picture"])
def test_a_history_that_holds_no_declarations_is_refused(
    content: bytes, refused: Refused, clearing: Callable[..., list[str]], tmp_path: Path
) -> None:
    path = tmp_path / "history.csv"
    path.write_bytes(content)
    assert "declarations." in refused(*clearing(None, path))


def test_a_home_that_is_a_file_is_refused(refused: Refused, tmp_path: Path) -> None:
    path = tmp_path / "home"
    path.write_text("")
    assert "is a file" in refused("ledger", "verify", "--home", path)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("equals", [True, False])
def test_home_may_stand_anywhere(
    place: int,
    equals: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = tmp_path / "a home"
    arguments = ["models", "list"]
    given = [f"--home={home}"] if equals else ["--home", str(home)]
    words = ["tradelane", *arguments[:place], *given, *arguments[place:]]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as ended:
        doors.main()
    assert ended.value.code in (0, None), capsys.readouterr()
