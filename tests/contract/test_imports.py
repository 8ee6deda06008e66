"""What importing Tradelane costs and loads: a notebook that needs no database gets none."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_HEAVY = {"sqlalchemy", "fastapi", "starlette", "uvicorn", "dbos", "polars", "xgboost", "numpy"}


def loaded_by(code: str, environment: dict[str, str]) -> set[str]:
    """The top-level modules that a new Python has after running ``code``."""
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


@pytest.mark.parametrize(
    "code",
    [
        "import tradelane",
        "import tradelane; tradelane.open('nowhere')",
        "import tradelane.cli",
        "import tradelane.trade.declaration, tradelane.trade.hscode, tradelane.trade.money",
    ],
)
def test_the_library_loads_no_database_no_web_framework_and_no_tables(
    code: str, cli_environment: dict[str, str]
) -> None:
    assert not loaded_by(code, cli_environment) & _HEAVY


def test_the_journeys_load_neither_sql_nor_a_web_framework(
    cli_environment: dict[str, str],
) -> None:
    code = "import tradelane.journeys.batches, tradelane.journeys.remake"
    assert not loaded_by(code, cli_environment) & {"sqlalchemy", "fastapi", "starlette", "dbos"}


def test_every_command_is_found_without_loading_what_it_uses(
    cli_environment: dict[str, str],
) -> None:
    code = (
        "import click\n"
        "from tradelane.cli import cli, _COMMANDS\n"
        "context = click.Context(cli)\n"
        "assert len([cli.get_command(context, name) for name in _COMMANDS]) > 10"
    )
    assert not loaded_by(code, cli_environment) & _HEAVY
