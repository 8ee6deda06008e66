"""What comes in: as it is kept, or why it is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tradelane.declarations.model import Arrival, Known, NewDeclaration, RejectedRow, State
from tradelane.kit.errors import Problem


def new_of(arrival: Arrival, batch_id: str, at: str) -> NewDeclaration:
    """What came in, as it is kept; ``at`` is a stamp."""
    assert arrival.content is not None
    return NewDeclaration(
        arrival.declarant,
        arrival.reference,
        1,
        State.RECEIVED,
        arrival.content,
        arrival.content_digest,
        batch_id,
        arrival.first_row,
        arrival.rows,
        at,
    )


def rejected_rows(
    filing: Arrival, problems: Sequence[tuple[Problem, ...]]
) -> Iterator[RejectedRow]:
    """The rows of a filing that is refused, each with its problems."""
    for position, found in enumerate(problems):
        line = found[0].line if found and found[0].line is not None else filing.line
        yield RejectedRow(filing.first_row + position, line, filing.reference, found)


def seen_before(filing: Arrival, before: Known, digest: str) -> Problem:
    """Why a filing is refused whose reference is known; ``digest``: of its content."""
    if before.content_digest == digest:
        return Problem(
            "declarations.already_received",
            f"The declaration {filing.reference!r} of {filing.declarant!r} stands earlier in this "
            "file with the same content.",
            pointer="/reference",
            line=filing.line,
            hint="Remove the copy; if both are real, give each its own reference.",
        )
    return Problem(
        "declarations.conflict",
        f"The declaration {filing.reference!r} of {filing.declarant!r} was received before with "
        "another content.",
        pointer="/reference",
        line=filing.line,
        hint="Amend the declaration, give it its own reference, or put its rows together.",
    )
