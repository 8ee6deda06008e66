"""``tradelane ledger``: verify, prove, show, checkpoint."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import click
import orjson

from tradelane.kit.errors import InputRefused, IntegrityBroken, Problem
from tradelane.kit.progress import Progress, silent
from tradelane.ledger.model import Report, Stored, read_receipts, verify_receipt
from tradelane.ledger.notes import VerifierKeys
from tradelane.ledger.service import Ledger

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class _Database(Protocol):
    def read(self) -> AbstractContextManager[Any]: ...


class Workspace(Protocol):
    """What these commands need of the platform."""

    @property
    def ledger(self) -> Ledger: ...
    @property
    def database(self) -> _Database: ...
    def rotate_ledger_key(self, reason: str, /) -> VerifierKeys:
        """Give the ledger a new key; returns all of its keys."""
        ...

    def find_subjects(self, reference: str, /) -> list[str]:
        """The ledger subjects that an id (of a declaration, or a subject itself) stands for."""
        ...


@click.group("ledger")
def ledger() -> None:
    """What happened, in an order that cannot be quietly changed."""


@ledger.command("verify")
@click.option("--checkpoint", type=FILE, help="A signed checkpoint that you saved earlier.")
@click.option("--receipt", type=FILE, help="Check the receipts in this file, not the ledger.")
@click.option("--key", type=FILE, help="Verifier key (ledger.pub) of the ledger a receipt is from.")
@click.pass_context
def verify(
    ctx: click.Context, checkpoint: Path | None, receipt: Path | None, key: Path | None
) -> None:
    """Check every entry, hash and signature of the ledger, or the receipts in a file.

    Ends with exit code 1 when anything is not as it was signed.
    """
    if receipt is not None and checkpoint is not None:
        raise click.UsageError("A receipt carries its own checkpoint; leave --checkpoint out.")
    if key is not None and receipt is None:
        raise click.UsageError("--key goes with --receipt.")
    if receipt is not None:
        text = _read_text(key) if key is not None else str(ctx.obj.ledger.verifier_keys)
        sound = _verify_receipts(receipt.read_bytes(), VerifierKeys.parse(text))
    else:
        sound = _verify_ledger(ctx.obj, _read_text(checkpoint) if checkpoint else None)
    if not sound:
        ctx.exit(1)


@ledger.command("prove")
@click.argument("reference", metavar="ID")
@click.option("--kind", help="The last entry of this kind instead of the very last.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it here.")
@click.pass_obj
def prove(obj: Workspace, reference: str, kind: str | None, out: Path | None) -> None:
    """Write a receipt that proves what the ledger last says about ID (JSON)."""
    with obj.database.read() as tx:
        found = [obj.ledger.find(tx, subject, kind) for subject in obj.find_subjects(reference)]
        last = [entries[-1] for entries in found if entries]
        _refuse_nothing(last, reference, kind)
        receipts = [obj.ledger.prove(tx, stored.index).to_dict() for stored in last]
    data = orjson.dumps(receipts, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if out is None:
        click.echo(data, nl=False)
        return
    try:
        out.write_bytes(data)
    except OSError as error:
        raise InputRefused(
            Problem("ledger.file_refused", f"{out} cannot be written: {error.strerror}.")
        ) from error
    click.echo(f"{len(receipts)} receipt(s) written to {out}.")
    click.echo(f"Whoever has it and ledger.pub can check it: ledger verify --receipt {out} --key …")


@ledger.command("show")
@click.argument("reference", metavar="ID")
@click.option("--kind", help="Only entries of this kind.")
@click.pass_obj
def show(obj: Workspace, reference: str, kind: str | None) -> None:
    """List what the ledger says about ID, oldest first."""
    with obj.database.read() as tx:
        found = [
            s
            for subject in obj.find_subjects(reference)
            for s in obj.ledger.find(tx, subject, kind)
        ]
    _refuse_nothing(found, reference, kind)
    for stored in sorted(found, key=lambda stored: stored.index):
        entry = stored.entry
        click.echo(f"{stored.index}  {entry.at}  {entry.kind}  {entry.subject}")
        for name, value in entry.body.items():
            shown = value if isinstance(value, str) else orjson.dumps(value).decode()
            click.echo(f"    {name}: {_printable(shown)}")


@ledger.command("checkpoint")
@click.pass_obj
def checkpoint(obj: Workspace) -> None:
    """Print the latest signed checkpoint. Keep a copy elsewhere: it shows a rewritten past."""
    with obj.database.read() as tx:
        note = obj.ledger.latest_checkpoint(tx)
    if note is None:
        raise InputRefused(
            Problem("ledger.checkpoint_unknown", "The ledger has no checkpoint yet.")
        )
    click.echo(note, nl=False)


@ledger.command("rotate-key")
@click.option("--reason", required=True, help="Why; it stands in the ledger.")
@click.pass_obj
def rotate_key(obj: Workspace, reason: str) -> None:
    """Let a new key sign the ledger from now on. Stop the service first, start it afterwards.

    What the old key signed stays good, and the old key signs the entry that names the new one.
    """
    keys = obj.rotate_ledger_key(reason)
    after, key = keys.keys[-1]
    click.echo(f"A new key signs every checkpoint of more than {after} entries:")
    click.echo(str(key))
    click.echo("Give the new ledger.pub to whoever checks receipts, and back the workspace up.")


def _verify_ledger(obj: Workspace, trusted: str | None) -> bool:
    with _shown_progress() as progress, obj.database.read() as tx:
        report = obj.ledger.verify(tx, trusted_checkpoint=trusted, progress=progress)
    click.echo(_summary(report, trusted is not None))
    for finding in report.findings:
        click.echo(f"  - {_printable(str(finding))}")
    if report.found > len(report.findings):
        click.echo(f"  ... and {report.found - len(report.findings)} more.")
    return report.ok


def _summary(report: Report, trusted: bool) -> str:
    counted = f"{report.size} entries, {report.checkpoints} signed checkpoints"
    if not report.ok:
        return f"BROKEN: the ledger is not as it was signed ({counted}); {report.found} findings:"
    lines = [f"Sound: {counted}, every hash and signature checked."]
    if report.latest is not None:
        lines.append(f"Root of {report.latest.size} entries: {report.latest.root.hex()}")
    lines.append(
        "It continues the checkpoint that you saved."
        if trusted
        else "Only a checkpoint saved elsewhere can show a cut-off end (--checkpoint)."
    )
    return "\n".join(lines)


def _verify_receipts(data: bytes, keys: VerifierKeys) -> bool:
    sound = True
    for receipt in read_receipts(data):
        try:
            checked = verify_receipt(receipt, keys)
        except IntegrityBroken as error:
            sound = False
            click.echo(f"BROKEN: entry {receipt.index}: {_printable(str(error))}")
            continue
        entry = checked.entry
        signed = f", signed {checked.signed_at:%Y-%m-%d %H:%M:%S} UTC" if checked.signed_at else ""
        click.echo(
            f"Sound: entry {checked.index} of {checked.checkpoint.size} in "
            f"{checked.checkpoint.origin}{signed} by {checked.verifier_key.name}\n"
            f"  {_printable(f'{entry.at}  {entry.kind}  {entry.subject}')}"
        )
    return sound


@contextmanager
def _shown_progress() -> Iterator[Progress]:
    """Says on a terminal how far it is; silent where nobody looks."""
    if not sys.stderr.isatty():
        yield silent
        return

    def say(stage: str, done: int, total: int | None = None) -> None:
        share = f" {done * 100 // total} %" if total else ""
        click.echo(f"\r{stage}{share}\x1b[K", nl=False, err=True)

    try:
        yield say
    finally:
        click.echo("\r\x1b[K", nl=False, err=True)


def _refuse_nothing(found: list[Stored], reference: str, kind: str | None) -> None:
    if not found:
        of_kind = f" of kind {kind!r}" if kind else ""
        raise InputRefused(
            Problem(
                "ledger.subject_unknown",
                f"The ledger says nothing{of_kind} about {reference!r}.",
                hint="Give the id of a declaration, or a subject as `ledger show` prints it.",
            )
        )


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise InputRefused(
            Problem("ledger.file_refused", f"{path} is not UTF-8 text (byte {error.start}).")
        ) from error


def _printable(text: str) -> str:
    """Text from entries cannot steer the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
