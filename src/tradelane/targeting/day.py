"""A day of lines in parts: each is read and scored for itself, wherever that happens to be done.

What the model says of a line is a pure function of the history and the line, so a part needs
nothing of the others, and its answers are the same in this process and on another machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from tradelane.kit import canonical
from tradelane.kit.errors import InputRefused, Problem
from tradelane.registry.service import Registry
from tradelane.targeting import features
from tradelane.targeting.catalogue import TEXT_MISMATCH
from tradelane.targeting.rules.matching import match_table
from tradelane.targeting.rules.model import RuleSet
from tradelane.targeting.selection import forces
from tradelane.targeting.service import Targeting, Trained, asks_classifier, code_digest

ROWS = 50_000
"""The lines of a Parquet file that are one part."""
SUFFIX = ".parquet"
SUMMARY = "day.json"
RULE_COLUMNS = {"rules": pl.String(), "forced": pl.Boolean()}
"""What is told of live rules where there are any: those that fired, with spaces between, and
whether one of them wants the line inspected."""

Read = Callable[[Path], tuple[pl.DataFrame, int]]
"""Gives a file's lines, and how many of its rows could not be used."""


@dataclass(frozen=True, slots=True)
class Part:
    """A whole file (``rows`` None), or some rows of a Parquet file."""

    path: Path
    start: int = 0
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """How every part is scored; all of it can be sent to another process.

    models: the registry's folder; digest: the model; read: for files that are not Parquet;
    history: a file that `features.History.dump` wrote, in place of the model's own; rules: live
    ones are told beside the answers; code: the version that must score (`service.code_digest`).
    Other processes must see the folders under the same names.
    """

    models: Path
    digest: str
    read: Read
    balance: float | None = None
    history: Path | None = None
    rules: RuleSet | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class Scored:
    """A part's answers as `Targeting.score` gives them, and the rows that could not be used."""

    part: Part
    answers: pl.DataFrame
    unusable: int


def parts_of(files: Sequence[Path]) -> list[Part]:
    """The parts of a day's files, in order: Parquet in pieces of `ROWS`, every other file whole.

    Errors: InputRefused ``targeting.unreadable_part``.
    """
    parts = list[Part]()
    for path in files:
        if path.suffix != SUFFIX:
            parts.append(Part(path))
            continue
        try:
            lines = int(pl.scan_parquet(path).select(pl.len()).collect().item())
        except pl.exceptions.PolarsError:
            raise _unreadable(path) from None
        parts += [
            Part(path, start, min(ROWS, lines - start)) for start in range(0, max(lines, 1), ROWS)
        ]
    return parts


def score_part(job: Job, part: Part) -> Scored:
    """Read and score one part; the model is loaded once a process.

    Errors: InputRefused ``targeting.other_code``, ``targeting.unreadable_part``,
    ``targeting.columns``, and what loading a model raises.
    """
    if job.code and job.code != code_digest():
        raise InputRefused(
            Problem(
                "targeting.other_code",
                "A worker has another version of Tradelane than the process that asks it.",
                hint="Install the same version on every machine; else answers could differ.",
            )
        )
    lines, unusable = _lines(job, part)
    trained, targeting = _model(job.models, job.digest, job.history)
    if asks_classifier(trained.manifest) and TEXT_MISMATCH not in lines.columns:
        raise features.unusable([TEXT_MISMATCH], 0)  # absent on every line would not be as learned
    answers = targeting.score(trained, lines, balance=job.balance)
    if job.rules is not None:
        answers = answers.with_columns(_fired(job.rules, lines))
    return Scored(part, answers, unusable)


def score_here(job: Job, parts: Iterable[Part]) -> Iterator[Scored]:
    """Every part in order, in this process."""
    for part in parts:
        yield score_part(job, part)


def write(folder: Path, job: Job, scored: Iterable[Scored]) -> dict[str, Any]:
    """One Parquet file a part, and `SUMMARY`: the model, and each file's source and digest.

    Returns the summary. Errors: InputRefused ``targeting.folder_in_use``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.glob(f"*{SUFFIX}")):
        raise InputRefused(
            Problem(
                "targeting.folder_in_use",
                f"{folder} has Parquet files already.",
                hint="Give an empty folder, so that the parts of two days are never mixed.",
            )
        )
    files = list[dict[str, Any]]()
    for number, one in enumerate(scored):
        path = folder / f"part-{number:05}{SUFFIX}"
        one.answers.rechunk().write_parquet(path)
        files.append(
            {
                "file": path.name,
                "source": one.part.path.name,
                "first_row": one.part.start,
                "lines": one.answers.height,
                "unusable": one.unusable,
                "digest": canonical.digest(path.read_bytes()),
            }
        )
    summary = {
        "model": job.digest,
        "history": None if job.history is None else canonical.digest(job.history.read_bytes()),
        "rules": None if job.rules is None else job.rules.digest,
        "balance": None if job.balance is None else repr(job.balance),
        "lines": sum(f["lines"] for f in files),
        "unusable": sum(f["unusable"] for f in files),
        "parts": files,
    }
    (folder / SUMMARY).write_bytes(canonical.encode(summary))
    return summary


@lru_cache(maxsize=1)
def _model(models: Path, digest: str, history: Path | None) -> tuple[Trained, Targeting]:
    targeting = Targeting(Registry(models))
    trained = targeting.load(digest)
    if history is not None:
        trained = replace(trained, history=features.load(history.read_bytes()))
    return trained, targeting


def _lines(job: Job, part: Part) -> tuple[pl.DataFrame, int]:
    if part.rows is None:
        return job.read(part.path)
    try:
        return pl.scan_parquet(part.path).slice(part.start, part.rows).collect(), 0
    except pl.exceptions.PolarsError:
        raise _unreadable(part.path) from None


def _fired(rules: RuleSet, lines: pl.DataFrame) -> list[pl.Series]:
    hits = match_table(rules, lines)
    columns: dict[str, list[Any]] = {
        "rules": [" ".join(hit.rule for hit in found if not hit.shadow) for found in hits],
        "forced": [forces(found) for found in hits],
    }
    return [pl.Series(name, columns[name], dtype=kind) for name, kind in RULE_COLUMNS.items()]


def _unreadable(path: Path) -> InputRefused:
    return InputRefused(
        Problem(
            "targeting.unreadable_part",
            f"{path.name} is not a Parquet file that can be read.",
            hint="Write it again; its columns must be those of a table of goods lines.",
        )
    )
