"""The command line."""

from __future__ import annotations

import importlib
import os
import sys

import click

from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.kit.version import VERSION

_COMMANDS = {
    "accounts": "tradelane.accounts.commands:accounts",
    "demo": "tradelane.cli.demo:demo",
    "clear": "tradelane.cli.clear:clear",
    "replay": "tradelane.cli.clear:replay",
    "ledger": "tradelane.ledger.commands:ledger",
    "intake": "tradelane.cli.intake:intake",
    "outcomes": "tradelane.cli.outcomes:outcomes",
    "serve": "tradelane.cli.serve:serve",
    "simulate": "tradelane.simulation.commands:simulate",
    "target": "tradelane.targeting.commands:target",
    "duties": "tradelane.duties.commands:duties",
    "governance": "tradelane.governance.commands:governance",
    "codes": "tradelane.nomenclature.commands:codes",
    "classify": "tradelane.classification.commands:classify",
    "mapping": "tradelane.declarations.commands:mapping",
    "models": "tradelane.registry.commands:models",
    "backup": "tradelane.cli.workspace:backup",
    "restore": "tradelane.cli.workspace:restore",
}
"""Every command and where it is; a module is loaded only when its command is used."""


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="tradelane")
@click.option(
    "--home",
    type=click.Path(file_okay=False),
    help="The workspace: folder of the database, ledger key and models. May stand anywhere on the "
    "line. [default: the --out folder of clear, else $TRADELANE_HOME, else .tradelane]",
)
@click.pass_context
def cli(ctx: click.Context, home: str | None) -> None:
    """Clear goods across a border: duty, risk, lane, reasons, and a ledger that can be checked."""
    from tradelane.platform import Tradelane

    ctx.obj = Tradelane(home)


def main() -> None:
    """Run the command line; bad input ends with 2, anything else that failed with 1."""
    # Our matrices are small: threads of the linear algebra wait for each other longer than they
    # work, and for those of a second process on the same cores. Read when NumPy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        cli.main(args=_home_first(sys.argv[1:]), prog_name="tradelane", standalone_mode=True)
    except TradelaneError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        sys.exit(2 if isinstance(error, InputRefused) else 1)
    except BrokenPipeError:
        # The reader of our output (head, less) has gone: not an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OSError as error:
        problem = Problem(
            "system.file",
            f"{error.filename or 'A file'}: {error.strerror}.",
            hint="What the ledger has is kept. Make room or give leave, then run it again.",
        )
        click.echo(str(problem), err=True)
        sys.exit(1)


def _home_first(arguments: list[str]) -> list[str]:
    """``--home X`` moved to the front, so that it may stand anywhere.

    >>> _home_first(["ledger", "verify", "--home", "out"])
    ['--home', 'out', 'ledger', 'verify']
    """
    for at, argument in enumerate(arguments):
        if argument == "--":
            break
        if argument == "--home" and at + 1 < len(arguments):
            return [*arguments[at : at + 2], *arguments[:at], *arguments[at + 2 :]]
        if argument.startswith("--home="):
            return [argument, *arguments[:at], *arguments[at + 1 :]]
    return arguments
