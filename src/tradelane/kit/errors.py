"""One shape for everything that can be wrong with what a person or a system gave us.

A `Problem` is shown as a row in ``rejected.csv``, as text on the command line and, later, as a
problem detail (RFC 9457). Every code is documented in ``docs/reference/errors.md`` (a test checks).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, said so that its reader can mend it.

    code: stable, dotted, lower case (``declarations.hs_unknown``); message: one sentence;
    pointer: JSON Pointer (RFC 6901) to the field; line, column: 1-based place in the file;
    hint: what to do next.

    >>> print(Problem("duties.no_rate", "No rate.", pointer="/lines/0", line=7, hint="Add one."))
    duties.no_rate: line 7, /lines/0: No rate. Add one.
    """

    code: str
    message: str
    pointer: str = ""
    line: int | None = None
    column: int | None = None
    hint: str = ""

    def __str__(self) -> str:
        place = ", ".join(
            part
            for part in (
                f"line {self.line}" if self.line is not None else "",
                f"column {self.column}" if self.column is not None else "",
                self.pointer,
            )
            if part
        )
        sentence = f"{self.message} {self.hint}".strip()
        return f"{self.code}: {place}: {sentence}" if place else f"{self.code}: {sentence}"

    def to_dict(self) -> dict[str, Any]:
        """The problem without its empty fields, ready for JSON."""
        return {k: v for k, v in asdict(self).items() if v not in ("", None)}


class TradelaneError(Exception):
    """Input or state that Tradelane refuses, with every problem found, not only the first."""

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (
            (problems,) if isinstance(problems, Problem) else tuple(problems)
        )
        super().__init__("\n".join(str(p) for p in self.problems))

    def __reduce__(self) -> tuple[type[TradelaneError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)  # pickled by its problems, not by its text


class InputRefused(TradelaneError):
    """What was given cannot be used at all (the command line ends with exit code 2)."""


class IntegrityBroken(TradelaneError):
    """Something that must never change has changed: a ledger, a model file, a pack."""


class StorageUnavailable(TradelaneError):
    """The database is locked, full, gone or refuses to write; nothing of the write was kept."""
