"""The examples of a workspace: added, looked up, mapped to the codes of today.

A workspace that has no database yet has no examples, and none is made for asking.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol, TypeVar

from tradelane.classification.editions import meant
from tradelane.classification.model import Example, Source, Standing
from tradelane.classification.reading import Row
from tradelane.classification.words import key
from tradelane.kit.canonical import digest
from tradelane.kit.clock import Clock, stamp
from tradelane.kit.errors import InputRefused, Problem

T = TypeVar("T")
LONGEST_NAME = 64
NOT_STATED = "not stated"


class Store(Protocol):
    """Where examples are kept; ``tx`` is a transaction."""

    def revision(self, tx: Any) -> int: ...
    def touch(self, tx: Any, source: Source) -> int: ...
    def sources(self, tx: Any) -> list[Source]: ...
    def keys(self, tx: Any, source: str) -> dict[tuple[str, str], tuple[str, str]]: ...
    def add(self, tx: Any, rows: Sequence[Sequence[Any]]) -> None: ...
    def redate(self, tx: Any, source: str, rows: Sequence[Mapping[str, str]]) -> None: ...
    def all_examples(self, tx: Any, after: int = 0) -> Iterator[Example]: ...
    def get_examples(self, tx: Any, ids: Sequence[int]) -> list[Example]: ...
    def map_codes(self, tx: Any, source: str, pairs: Sequence[tuple[str, str]]) -> None: ...
    def newer_codes(self, tx: Any) -> dict[str, tuple[str, ...]]: ...


class Database(Protocol):
    """What is needed of a database."""

    def read(self) -> AbstractContextManager[Any]: ...
    def write(self, run: Callable[[Any], T]) -> T: ...


class Library:
    """See the module. open_: gives the database, made where ``make`` is true; None where there is
    none yet."""

    def __init__(
        self, store: Store, open_: Callable[[bool], Database | None], clock: Clock
    ) -> None:
        self._store = store
        self._open = open_
        self._clock = clock
        self._held = _Held(0, [], {}, [])

    def revision(self) -> int:
        """Raised by every change."""
        database = self._open(False)
        if database is None:
            return 0
        with database.read() as tx:
            return self._store.revision(tx)

    def examples(self) -> list[Example]:
        """Every example, also those that do not count any more."""
        return self._current().examples

    def newer(self) -> Mapping[str, tuple[str, ...]]:
        """Codes of older editions with those of today, from the tables that were loaded."""
        return self._current().newer

    def state(self, day: date) -> tuple[int, str]:
        """The revision, and the last day up to ``day`` on which an example began or ceased to
        count, or ''."""
        held = self._current()
        at = bisect_right(held.days, day.isoformat())
        return held.revision, held.days[at - 1] if at else ""

    def in_force(self, examples: Iterable[Example], known: Collection[str]) -> Iterator[Example]:
        """The examples with codes of today; where an old code became several of one heading, the
        example names that heading; where of several headings, or where no table says what became
        of it, the example is left out."""
        newer = self.newer()
        for example in examples:
            code = meant(example.code, known, newer)
            if code == example.code:
                yield example
            elif code:
                yield replace(example, code=code)

    def standing(self, day: date, known: Collection[str]) -> Standing:
        """How many examples count on a day, and why the others do not."""
        newer = self.newer()
        headings = {one[:4] for one in known}
        numbers = {"counting": 0, "mapped": 0, "later": 0, "revoked": 0}
        lost: dict[str, int] = {}
        for example in self.examples():
            if not example.counts_on(day):
                ended = example.revoked_on and example.revoked_on <= day.isoformat()
                numbers["revoked" if ended else "later"] += 1
                continue
            code = meant(example.code, known, newer)
            if code[:4] not in headings:
                lost[example.code[:6]] = lost.get(example.code[:6], 0) + 1
                continue
            numbers["counting"] += 1
            numbers["mapped"] += code != example.code
        return Standing(**numbers, lost=tuple(sorted(lost.items())))

    def sources(self) -> list[Source]:
        """What was loaded, by name."""
        database = self._open(False)
        if database is None:
            return []
        with database.read() as tx:
            return self._store.sources(tx)

    def get(self, ids: Sequence[int]) -> list[Example]:
        """Examples by their ids, as evidence cites them."""
        database = self._open(False)
        if database is None:
            return []
        with database.read() as tx:
            return self._store.get_examples(tx, ids)

    def add(
        self, rows: Iterable[Row], name: str, licence: str = "", kind: str = "examples"
    ) -> dict[str, int]:
        """Keep examples; returns for each source how many were new. One that was there gets what
        is new of its dates: a revoked one ends on that day.

        name: the source; where empty each row's own counts. Errors: InputRefused
        ``classification.source``.
        """
        grouped: dict[str, list[Row]] = {}
        for row in rows:
            grouped.setdefault(name or row.source, []).append(row)
        for source in grouped:
            _check_name(source)
        database = self._open(True)
        assert database is not None

        def write(tx: Any) -> dict[str, int]:
            return {
                source: self._add(tx, source, found, licence, kind)
                for source, found in grouped.items()
            }

        return database.write(write)

    def map_codes(self, pairs: Iterable[tuple[str, str]], name: str, licence: str = "") -> int:
        """Keep a table between editions: pairs of an old and a new code of six digits."""
        _check_name(name)
        kept = sorted(set(pairs))
        database = self._open(True)
        assert database is not None

        def write(tx: Any) -> None:
            self._store.touch(tx, self._source(tx, name, "editions", licence))
            self._store.map_codes(tx, name, kept)

        database.write(write)
        return len(kept)

    def _add(self, tx: Any, source: str, rows: list[Row], licence: str, kind: str) -> int:
        self._store.touch(tx, self._source(tx, source, kind, licence))
        have = self._store.keys(tx, source)
        dates: dict[tuple[str, str], tuple[str, str]] = {}
        texts: dict[tuple[str, str], str] = {}
        for row in rows:
            one = digest(key(row.text).encode()).removeprefix("sha256:"), row.code
            start, end = dates.get(one) or have.get(one, ("", ""))
            if row.revoked:
                end = min(filter(None, (end, row.date)))
            else:
                start = row.date or start
            dates[one] = start, end
            texts.setdefault(one, row.text)
        new = [one for one in dates if one not in have]
        self._store.add(tx, [(source, texts[one], *one, *dates[one]) for one in new])
        changed = [one for one in dates if one in have and have[one] != dates[one]]
        self._store.redate(
            tx,
            source,
            [
                {
                    "text_key": one[0],
                    "code": one[1],
                    "valid_from": dates[one][0],
                    "revoked_on": dates[one][1],
                }
                for one in changed
            ],
        )
        return len(new)

    def _source(self, tx: Any, name: str, kind: str, licence: str) -> Source:
        """A source as it is to be kept: a licence that was stated once stays until another is."""
        now = stamp(self._clock.now())
        before = next((one for one in self._store.sources(tx) if one.name == name), None)
        if before is not None and before.kind != kind:
            raise InputRefused(
                Problem(
                    "classification.source",
                    f"{name!r} is there already, and holds {before.kind}.",
                    pointer="/source",
                    hint="Give --source another name.",
                )
            )
        stated = licence or (before.licence if before is not None else "")
        return Source(name, kind, stated or NOT_STATED, now, now)

    def _current(self) -> _Held:
        revision = self.revision()
        if revision != self._held.revision:
            database = self._open(False)
            assert database is not None
            with database.read() as tx:
                examples = list(self._store.all_examples(tx))
                newer = self._store.newer_codes(tx)
            days = {day for one in examples for day in (one.valid_from, one.revoked_on) if day}
            self._held = _Held(revision, examples, newer, sorted(days))
        return self._held


@dataclass(frozen=True)
class _Held:
    """What was read last. days: on which an example begins or ceases to count, in order."""

    revision: int
    examples: list[Example]
    newer: dict[str, tuple[str, ...]]
    days: list[str]


def _check_name(name: str) -> None:
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise InputRefused(
            Problem(
                "classification.source",
                f"{name[:LONGEST_NAME]!r} cannot name a source: 1 to {LONGEST_NAME} characters.",
                pointer="/source",
                hint="Give --source NAME, or a column 'source'.",
            )
        )
