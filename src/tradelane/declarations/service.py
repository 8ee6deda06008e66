"""The verbs of declarations: receive, amend, cancel, and every other step of their life."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tradelane.declarations.arrivals import new_of, rejected_rows, seen_before
from tradelane.declarations.model import (
    Arrival,
    Batch,
    Change,
    Kept,
    Known,
    Listed,
    NewDeclaration,
    Received,
    RejectedRow,
    State,
    Verb,
    advance,
    content_bytes,
)
from tradelane.declarations.needs import DeclarationStore, Key
from tradelane.kit import canonical
from tradelane.kit.clock import Clock, stamp
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.trade.declaration import Declaration


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

    def open_batches(self, tx: Any, name: str) -> list[Batch]:
        """The batches of that name that are not closed, newest first."""
        return self._store.batches(tx, name, "open")

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
                rejected += rejected_rows(arrival, arrival.row_problems)
            elif before is None:
                known[key] = Known(1, State.RECEIVED, digest, batch_id, arrival.first_row)
                accepted.append(arrival)
            elif before.is_elsewhere(batch_id, digest):
                repeated.append((arrival, before.batch_id or ""))
            else:
                problem = seen_before(arrival, before, digest)
                rejected += rejected_rows(arrival, [(problem,)] * arrival.rows)
        self._store.add_declarations(tx, [new_of(a, batch_id, now) for a in accepted])
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

    def receive_routed(
        self, tx: Any, batch: Batch, arrivals: Sequence[tuple[Arrival, State]], lines: int
    ) -> None:
        """Keep declarations of an open batch that nobody knew, each in the state that it has
        reached within this transaction. ``lines`` came in all, those of amendments too: by them
        the batch's ``rows_read`` grows."""
        now = stamp(self._clock.now())
        new = [replace(new_of(arrival, batch.id, now), status=state) for arrival, state in arrivals]
        self._store.add_declarations(tx, new)
        read, accepted = batch.rows_read + lines, batch.accepted + lines
        self._store.update_batch(tx, replace(batch, rows_read=read, accepted=accepted))

    # ------------------------------------------------------------ looking up

    def find(self, tx: Any, declarant: str, reference: str) -> Kept | None:
        """The latest version of a declaration, or None."""
        return self._store.find(tx, declarant, reference)

    def known(self, tx: Any, keys: Sequence[Key]) -> dict[Key, Known]:
        """What is kept of each of these declarations that is known."""
        return self._store.known(tx, keys)

    def latest(self, tx: Any, most: int) -> list[Kept]:
        """The declarations that came last, newest first, whoever declared them."""
        return self._store.latest(tx, most)

    def of_declarants(
        self,
        tx: Any,
        declarants: Sequence[str],
        *,
        states: Sequence[State] = (),
        text: str = "",
        before: int | None = None,
        limit: int = 50,
    ) -> list[Listed]:
        """The latest versions of these declarants' declarations, newest first.

        ``states``: only these; ``text``: only references that begin so; ``before``: only those
        with a smaller id, which is how one goes on to the next page.
        """
        if not declarants:
            return []
        return self._store.of_declarants(
            tx, declarants, states=states, text=text, before=before, limit=limit
        )

    def received_by_day(self, tx: Any, start: dt.date, end: dt.date) -> list[tuple[dt.date, int]]:
        """Day (UTC) and number of the versions received on the days from ``start`` until before
        ``end``; every version counts, whatever became of it."""
        found = self._store.received_by_day(tx, start.isoformat(), end.isoformat())
        return [(dt.date.fromisoformat(day), count) for day, count in found]

    def sample(self, tx: Any, start: dt.date, end: dt.date, most: int) -> list[Kept]:
        """An even sample of the versions received on the days from ``start`` until before ``end``:
        all of them, or about so many."""
        return self._store.sample(tx, start.isoformat(), end.isoformat(), most)

    def find_versions(self, tx: Any, keys: Sequence[tuple[str, str, int]]) -> list[Kept]:
        """These (declarant, reference, version)s that are kept, in no order."""
        return self._store.find_versions(tx, keys)

    def last_received(self, tx: Any) -> dt.date | None:
        """The day (UTC) on which the latest version was received, or None."""
        found = self._store.last_received(tx)
        return None if found is None else dt.date.fromisoformat(found[:10])

    def every_version(self, tx: Any, *, chunk: int = 1000) -> Iterator[tuple[Kept, bool]]:
        """Every version of every declaration as they came, and whether it is the latest one."""
        last = 0
        while found := self._store.after(tx, last, chunk):
            for _, kept, is_latest in found:
                yield kept, is_latest
            last = found[-1][0]

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
