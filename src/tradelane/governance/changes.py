"""What changed between two days: what instruments became, provisions that began or ended, and
records that were added."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import NamedTuple

from tradelane.governance.dates import When
from tradelane.governance.index import Index
from tradelane.governance.model import Instrument, Provision, Standing

_LIVE = (
    Standing.PENDING,
    Standing.BINDING,
    Standing.BINDING_PUBLIC_SECTOR,
    Standing.NON_BINDING,
)


class ChangeKind(StrEnum):
    """What happened."""

    STATE = "state"
    BEGINS = "begins"
    ENDS = "ends"
    RECORDED = "recorded"


class Change(NamedTuple):
    """Something that happened on a day.

    STATE: ``what`` the instrument became. BEGINS and ENDS: one provision with a date of its own.
    RECORDED: ``provisions`` that were added to the corpus on that day. ``date`` is as precise as
    what is known.
    """

    on: dt.date
    date: str
    kind: ChangeKind
    instrument: str
    what: str
    provisions: tuple[str, ...]
    mark: str


def changes(
    index: Index,
    since: dt.date,
    until: dt.date,
    *,
    entities: Collection[str] = (),
    domains: Collection[str] = (),
    known_at: dt.date | None = None,
) -> tuple[Change, ...]:
    """Everything after ``since`` and until ``until``, in the order of time.

    With entities only what is theirs, or counts for them; with domains only provisions in these,
    and instruments that have one.
    """
    corpus = index.corpus
    chosen = {reach for name in entities for reach in corpus.reach[name]}
    found: list[Change] = []
    for instrument in corpus.instruments.values():
        if chosen and chosen.isdisjoint(instrument.entities):
            continue
        provisions = [
            one
            for one in corpus.by_instrument[instrument.id]
            if (not domains or one.domain in domains)
            and (known_at is None or one.recorded_from <= known_at)
        ]
        if provisions:
            found.extend(_of_instrument(instrument, provisions, since, until))
    return tuple(sorted(found, key=lambda one: (one.on, one.instrument, one.kind, one.provisions)))


def _of_instrument(
    instrument: Instrument, provisions: list[Provision], since: dt.date, until: dt.date
) -> Iterator[Change]:
    if instrument.type != "none":
        for state in instrument.states:
            if since < state.since.first <= until:
                yield Change(
                    state.since.first,
                    state.since.text,
                    ChangeKind.STATE,
                    instrument.id,
                    state.state,
                    (),
                    state.mark,
                )
    recorded: dict[dt.date, list[str]] = {}
    for one in provisions:
        if since < one.recorded_from <= until:
            recorded.setdefault(one.recorded_from, []).append(one.id)
        if one.is_search:
            continue
        if one.valid_from and since < one.valid_from.first <= until:
            yield from _dated(instrument, one, one.valid_from, one.valid_from.first, "begins")
        if one.valid_to and since < one.valid_to.last + dt.timedelta(1) <= until:
            yield from _dated(
                instrument, one, one.valid_to, one.valid_to.last + dt.timedelta(1), "ends"
            )
    for on, names in recorded.items():
        yield Change(
            on,
            on.isoformat(),
            ChangeKind.RECORDED,
            instrument.id,
            "",
            tuple(names),
            instrument.verification.mark,
        )


def _dated(
    instrument: Instrument, one: Provision, when: When, on: dt.date, what: str
) -> Iterator[Change]:
    """Only of what is law (or guidance) around that day: drafts begin nothing."""
    day = on if what == "begins" else on - dt.timedelta(1)
    if instrument.standing_on(day) in _LIVE:
        yield Change(on, when.text, ChangeKind(what), instrument.id, what, (one.id,), one.mark)
