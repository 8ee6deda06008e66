"""Replay: a decision is made again from what was known then, and must come out to the byte.

What a decision rests on is named in the ledger by digest: the declaration's content, the pack with
its exchange rates, the model, the batch's selection. Whatever is not there any more, or is there
with another digest, is said; nothing is approximated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tradelane.kit.errors import Problem, TradelaneError
from tradelane.kit.progress import Progress


@dataclass(frozen=True, slots=True)
class Compared:
    """One ledger entry made again: ``same`` when not a byte differs."""

    subject: str
    kind: str
    index: int
    same: bool
    recorded: bytes
    again: bytes


@dataclass
class ReplayReport:
    """What a replay found."""

    compared: list[Compared] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lines: int = 0
    entries: int = 0

    @property
    def ok(self) -> bool:
        """Whether at least one decision was made again and every byte was the same."""
        return self.entries > 0 and not self.problems and all(c.same for c in self.compared)

    def text(self) -> str:
        """The finding in words."""
        wrong = [c for c in self.compared if not c.same]
        parts = [f"Replayed {self.lines:,} lines: {self.entries:,} ledger entries made again."]
        parts += [
            f"DIFFERENT: {c.kind} of {c.subject} (entry {c.index})\n"
            f"  recorded {c.recorded.decode(errors='replace')}\n"
            f"  again    {c.again.decode(errors='replace')}"
            for c in wrong[:10]
        ]
        parts += [str(problem) for problem in self.problems[:10]]
        if self.ok:
            parts.append("Every one came out the same, byte for byte.")
        elif not self.entries:
            parts.append("Nothing was replayed.")
        else:
            parts.append(f"{len(wrong):,} differ, {len(self.problems):,} could not be replayed.")
        return "\n".join(parts)


def replay_lines(
    subjects: Iterable[str],
    remake: Callable[[str], Iterable[tuple[str, int, bytes, bytes]]],
    progress: Progress,
    total: int | None = None,
) -> ReplayReport:
    """Make the decisions on ``subjects`` again.

    ``remake`` gives, for a subject, (kind, index, recorded bytes, bytes made again) of each of its
    entries, and raises TradelaneError where something it needs is missing.
    """
    report = ReplayReport()
    for subject in subjects:
        try:
            made = list(remake(subject))
        except TradelaneError as error:
            report.problems.extend(error.problems)
            continue
        report.lines += 1
        report.entries += len(made)
        for kind, index, recorded, again in made:
            if recorded != again:
                report.compared.append(Compared(subject, kind, index, False, recorded, again))
        progress("replayed", report.lines, total)
    return report
