"""The verbs of declarations: receive, amend, cancel, and every other step of their life."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from tradelane.declarations.model import (
    Arrival,
    Batch,
    Change,
    Kept,
    Known,
    NewDeclaration,
    Received,
    RejectedRow,
    State,
    Verb,
    advance,
    content_bytes,
)
from tradelane.kit import canonical
from tradelane.kit.clock import Clock, stamp
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.trade.declaration import Declaration

Key = tuple[str, str]


class DeclarationStore(Protocol):
    """Where declarations are kept; ``tx`` is the transaction that the caller opened."""

    def open_batch(self, tx: Any, batch: Batch) -> Batch: ...
    def find_batch(self, tx: Any, batch_id: str) -> Batch | None: ...
    def batches(self, tx: Any) -> list[Batch]: ...
    def update_batch(self, tx: Any, batch: Batch) -> None: ...
    def add_declarations(self, tx: Any, new: Sequence[NewDeclaration]) -> None: ...
    def known(self, tx: Any, keys: Sequence[Key]) -> dict[Key, Known]: ...
    def find(self, tx: Any, declarant: str, reference: str) -> Kept | None: ...
    def find_by_reference(self, tx: Any, reference: str) -> list[Kept]: ...
    def versions(self, tx: Any, declarant: str, reference: str) -> list[Kept]: ...
    def set_status(self, tx: Any, changes: Iterable[tuple[str, str, int, State]]) -> None: ...
    def set_batch_status(self, tx: Any, batch_id: str, before: State, after: State) -> None: ...
    def in_batch(
        self, tx: Any, batch_id: str, *, after_row: int = -1, limit: int = 5000
    ) -> list[Kept]: ...
    def add_rejected(self, tx: Any, batch_id: str, rows: Sequence[RejectedRow]) -> None: ...
    def rejected(self, tx: Any, batch_id: str) -> Iterator[RejectedRow]: ...


class Declarations:
    """Declarations received, each once, and how far each batch is."""

    def __init__(self, store: DeclarationStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    # ------------------------------------------------------------ batches

    def open_batch(
        self,
        tx: Any,
        batch_id: str,
        *,
        name: str,
        file_digest: str,
        settings: Mapping[str, Any],
        rows_total: int | None = None,
    ) -> Batch:
        """Begin a batch, or take up the one with that id where it was."""
        now = stamp(self._clock.now())
        return self._store.open_batch(
            tx, Batch(batch_id, name, file_digest, settings, now, rows_total=rows_total)
        )

    def get_batch(self, tx: Any, batch_id: str) -> Batch:
        """The batch of that id; raises TradelaneError with ``declarations.no_batch``."""
        found = self._store.find_batch(tx, batch_id)
        if found is None:
            raise TradelaneError(
                Problem("declarations.no_batch", f"There is no batch {batch_id!r}.")
            )
        return found

    def batches(self, tx: Any) -> list[Batch]:
        """Every batch, newest first."""
        return self._store.batches(tx)

    def close_batch(self, tx: Any, batch_id: str) -> Batch:
        """Mark a batch as read to its end; closing it again changes nothing."""
        batch = self.get_batch(tx, batch_id)
        if batch.status != "closed":
            batch = replace(
                batch,
                status="closed",
                rows_total=batch.rows_read,
                closed_at=stamp(self._clock.now()),
            )
            self._store.update_batch(tx, batch)
        return batch

    # ------------------------------------------------------------ receiving

    def receive_many(self, tx: Any, batch_id: str, arrivals: Sequence[Arrival]) -> Received:
        """Keep the filings of a batch, refused rows too, and how far the batch is.

        Filings that the batch has counted already are passed over, so that a step can be run
        twice. A (declarant, reference) that another batch brought with the same content is
        repeated, which is harmless. It is refused as ``declarations.already_received`` where it
        stands twice in this batch, and as ``declarations.conflict`` with another content.
        """
        batch = self.get_batch(tx, batch_id)
        now = stamp(self._clock.now())
        fresh = [arrival for arrival in arrivals if arrival.first_row >= batch.rows_read]
        keys = [(a.declarant, a.reference) for a in fresh if a.content is not None]
        known = self._store.known(tx, list(dict.fromkeys(keys)))
        accepted: list[Arrival] = []
        rejected: list[RejectedRow] = []
        repeated: list[tuple[Arrival, str]] = []
        for arrival in fresh:
            key, digest = (arrival.declarant, arrival.reference), arrival.content_digest
            before = known.get(key) if arrival.content is not None else None
            if arrival.content is None:
                rejected += _refused(arrival, arrival.row_problems)
            elif before is None:
                known[key] = Known(1, State.RECEIVED, digest, batch_id, arrival.first_row)
                accepted.append(arrival)
            elif before.is_elsewhere(batch_id, digest):
                repeated.append((arrival, before.batch_id or ""))
            else:
                problem = _seen_before(arrival, before, digest)
                rejected += _refused(arrival, [(problem,)] * arrival.rows)
        self._store.add_declarations(tx, [_new(a, batch_id, now) for a in accepted])
        self._store.add_rejected(tx, batch_id, rejected)
        if fresh:
            batch = replace(
                batch,
                rows_read=fresh[-1].first_row + fresh[-1].rows,
                accepted=batch.accepted
                + sum(arrival.rows for arrival in accepted)
                + sum(arrival.rows for arrival, _ in repeated),
                rejected=batch.rejected + len(rejected),
            )
            self._store.update_batch(tx, batch)
        return Received(tuple(accepted), tuple(repeated), tuple(rejected), batch)

    # ------------------------------------------------------------ looking up

    def find(self, tx: Any, declarant: str, reference: str) -> Kept | None:
        """The latest version of a declaration, or None."""
        return self._store.find(tx, declarant, reference)

    def find_by_reference(self, tx: Any, reference: str) -> list[Kept]:
        """The latest version of each declaration with that reference, whoever declared it."""
        return self._store.find_by_reference(tx, reference)

    def versions(self, tx: Any, declarant: str, reference: str) -> list[Kept]:
        """Every version of a declaration, newest first."""
        return self._store.versions(tx, declarant, reference)

    def in_batch(self, tx: Any, batch_id: str, *, chunk: int = 5000) -> Iterator[list[Kept]]:
        """The declarations of a batch in the order of its file, in chunks."""
        after = -1
        while kept := self._store.in_batch(tx, batch_id, after_row=after, limit=chunk):
            yield kept
            last = kept[-1].first_row
            assert last is not None
            after = last

    def rejected(self, tx: Any, batch_id: str) -> Iterator[RejectedRow]:
        """The refused rows of a batch in the order of its file."""
        return self._store.rejected(tx, batch_id)

    # ------------------------------------------------------------ its life

    def advance_many(
        self, tx: Any, keys: Sequence[Key], verb: Verb, reason: str = ""
    ) -> list[Change]:
        """Take the latest version of each declaration one step on, all of them or none.

        Errors: TradelaneError with ``declarations.not_found`` or ``declarations.transition``, one
        problem a declaration.
        """
        known = self._store.known(tx, list(dict.fromkeys(keys)))
        now = stamp(self._clock.now())
        changes: list[Change] = []
        problems: list[Problem] = []
        for key in dict.fromkeys(keys):
            before = known.get(key)
            if before is None:
                problems.append(_not_found(*key))
                continue
            after = advance(before.status, verb)
            if isinstance(after, Problem):
                problems.append(replace(after, message=f"{key[1]}: {after.message}"))
            else:
                changes.append(
                    Change(*key, before.version, verb, before.status, after, now, reason)
                )
        if problems:
            raise TradelaneError(problems)
        self._store.set_status(
            tx, ((c.declarant, c.reference, c.version, c.after) for c in changes)
        )
        return changes

    def set_status_many(self, tx: Any, steps: Iterable[tuple[Key, Sequence[Verb]]]) -> None:
        """Take declarations through several steps of their life at once and keep the last state.

        Errors as of `advance_many`. For a batch, whose steps are one transaction anyhow.
        """
        wanted = {key: tuple(verbs) for key, verbs in steps}
        known = self._store.known(tx, list(wanted))
        problems: list[Problem] = []
        changes: list[tuple[str, str, int, State]] = []
        for key, verbs in wanted.items():
            before = known.get(key)
            if before is None:
                problems.append(_not_found(*key))
                continue
            state = before.status
            for verb in verbs:
                after = advance(state, verb)
                if isinstance(after, Problem):
                    problems.append(replace(after, message=f"{key[1]}: {after.message}"))
                    break
                state = after
            else:
                changes.append((*key, before.version, state))
        if problems:
            raise TradelaneError(problems)
        self._store.set_status(tx, changes)

    def advance_batch(self, tx: Any, batch_id: str, verbs: Sequence[Verb]) -> None:
        """Take every declaration that the batch brought, and that is as it came, through steps.

        Errors: TradelaneError ``declarations.transition`` when the life cycle has no such way.
        """
        state = State.RECEIVED
        for verb in verbs:
            after = advance(state, verb)
            if isinstance(after, Problem):
                raise TradelaneError(after)
            state = after
        self._store.set_batch_status(tx, batch_id, State.RECEIVED, state)

    def amend(self, tx: Any, declaration: Declaration, reason: str) -> tuple[Change, Change]:
        """Replace a declaration by a new version; returns the old one's end and the new start.

        Errors: TradelaneError with ``declarations.not_found``, ``declarations.transition`` (after
        release, under inspection, ...), ``declarations.unchanged`` or
        ``declarations.reason_missing``.
        """
        _check_reason(reason)
        before = self._store.find(tx, *declaration.key)
        if before is None:
            raise TradelaneError(_not_found(*declaration.key))
        content = content_bytes(declaration)
        digest = canonical.digest(content)
        if digest == before.content_digest:
            raise InputRefused(Problem("declarations.unchanged", "The amendment changes nothing."))
        [ended] = self.advance_many(tx, [declaration.key], Verb.AMEND, reason)
        version = before.version + 1
        self._store.add_declarations(
            tx,
            [
                NewDeclaration(
                    declaration.declarant,
                    declaration.reference,
                    version,
                    State.RECEIVED,
                    content,
                    digest,
                    None,
                    None,
                    len(declaration.lines),
                    ended.at,
                )
            ],
        )
        begun = Change(
            *declaration.key, version, Verb.RECEIVE, None, State.RECEIVED, ended.at, reason
        )
        return ended, begun

    def cancel(self, tx: Any, declarant: str, reference: str, reason: str) -> Change:
        """End a declaration before its release. Errors as of `amend`."""
        _check_reason(reason)
        [change] = self.advance_many(tx, [(declarant, reference)], Verb.CANCEL, reason)
        return change


def _new(arrival: Arrival, batch_id: str, at: str) -> NewDeclaration:
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


def _refused(filing: Arrival, problems: Sequence[tuple[Problem, ...]]) -> Iterator[RejectedRow]:
    for position, found in enumerate(problems):
        line = found[0].line if found and found[0].line is not None else filing.line
        yield RejectedRow(filing.first_row + position, line, filing.reference, found)


def _seen_before(filing: Arrival, before: Known, digest: str) -> Problem:
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


def _not_found(declarant: str, reference: str) -> Problem:
    return Problem(
        "declarations.not_found",
        f"There is no declaration {reference!r} of {declarant!r}.",
        pointer="/reference",
    )


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise InputRefused(
            Problem(
                "declarations.reason_missing",
                "An amendment or a cancellation needs a reason.",
                hint="Say why, in a sentence.",
            )
        )
