"""Looking back over many cases: what waits and for how long, and who decided what.

The figures of `figures` say how a period went; these are the lists and counts beside them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from tradelane.inspections.model import CaseState
from tradelane.kit.errors import InputRefused, Problem


@dataclass(frozen=True, slots=True)
class WaitingSince:
    """Undecided cases in a state whose declarations were received on a day (UTC)."""

    state: CaseState
    day: dt.date
    cases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFilter:
    """Which decisions; what is not given does not restrict. ``start`` and ``end`` are days (UTC),
    the end not included; ``against``: only those against the recommendation."""

    login: str = ""
    against: bool = False
    start: dt.date | None = None
    end: dt.date | None = None


@dataclass(frozen=True, slots=True, order=True)
class DecisionPlace:
    """A decision's place among all, by time.

    >>> DecisionPlace.read(DecisionPlace("2026-10-30T08:15:00.000000Z", 7, 2).text())
    DecisionPlace(at='2026-10-30T08:15:00.000000Z', case_id=7, number=2)
    """

    at: str
    case_id: int
    number: int

    def text(self) -> str:
        """The place for a URL."""
        return f"{self.case_id}.{self.number}.{self.at}"

    @classmethod
    def read(cls, text: str) -> DecisionPlace:
        """What `text` wrote; InputRefused ``inspections.cursor`` for anything else."""
        try:
            case_id, number, at = text.split(".", 2)
            found = cls(at, int(case_id), int(number))
            if not (0 <= found.case_id < 2**63 and 0 <= found.number < 2**31) or "\0" in at:
                raise ValueError
        except ValueError as error:
            raise InputRefused(
                Problem(
                    "inspections.cursor",
                    "That is not a place in this list.",
                    pointer="/after",
                    hint="Use the cursor of the page before as it is, or begin without one.",
                )
            ) from error
        return found


@dataclass(frozen=True, slots=True)
class FoundDecision:
    """Where a decision is: its place, and the declaration that it is about."""

    place: DecisionPlace
    declarant: str
    reference: str


class LineFound(NamedTuple):
    """What was found in a line at last; revenue in the case's currency, None where not known."""

    line: int
    at: str
    wrong: bool
    revenue: float | None


@dataclass(frozen=True, slots=True)
class ChosenCase:
    """A case whose lines were selected for inspection, with what was found in them."""

    declarant: str
    reference: str
    version: int
    received_at: str
    found: tuple[LineFound, ...]


class Following(NamedTuple):
    """First decisions of an office in a period: ``decisions`` of so many ``officers``; ``against``
    the recommendation; ``unopened`` without opening the case's page; of those that followed the
    recommendation ``followed_unopened`` without opening it, and ``quick`` within `QUICK_SECONDS` of
    opening it."""

    office: str
    officers: int
    decisions: int
    against: int
    unopened: int
    followed_unopened: int
    quick: int


QUICK_SECONDS = 10
"""Nobody reads a case in less."""


class OversightStore(Protocol):
    """What is asked of the tables of cases; ``tx`` is the transaction that the caller opened."""

    def received(
        self, tx: Any, start: dt.date, end: dt.date, office: str
    ) -> list[tuple[str, str, int]]: ...
    def waiting(self, tx: Any, office: str) -> list[WaitingSince]: ...
    def decisions(
        self, tx: Any, wanted: DecisionFilter, after: DecisionPlace | None, limit: int
    ) -> list[FoundDecision]: ...
    def chosen(
        self, tx: Any, start: dt.date, end: dt.date, office: str, before: dt.date, most: int
    ) -> tuple[list[ChosenCase], int]: ...
    def following(self, tx: Any, start: dt.date, end: dt.date, office: str) -> list[Following]: ...
    def last_step(self, tx: Any) -> str | None: ...
    def offices(self, tx: Any) -> list[str]: ...


class Oversight:
    """See the module."""

    def __init__(self, store: OversightStore) -> None:
        self._store = store

    def received(
        self, tx: Any, start: dt.date, end: dt.date, office: str = ""
    ) -> list[tuple[dt.date, str, int]]:
        """Day, lane and number of the cases whose declarations were received on the days (UTC)
        from ``start`` until before ``end``."""
        found = self._store.received(tx, start, end, office)
        return [(dt.date.fromisoformat(day), lane, count) for day, lane, count in found]

    def waiting(self, tx: Any, office: str = "") -> list[WaitingSince]:
        """What nobody has ended yet, by state and day of receipt."""
        return self._store.waiting(tx, office)

    def decisions(
        self, tx: Any, wanted: DecisionFilter, after: DecisionPlace | None, limit: int
    ) -> list[FoundDecision]:
        """Decisions, newest first, at most so many, from after a place."""
        return self._store.decisions(tx, wanted, after, limit)

    def chosen(
        self,
        tx: Any,
        start: dt.date,
        end: dt.date,
        office: str = "",
        *,
        as_of: dt.date,
        most: int,
    ) -> tuple[list[ChosenCase], int]:
        """Cases in the red lane whose declarations were received on the days from ``start`` until
        before ``end``, each with what was known of it at the end of the day ``as_of``.

        Where there are more than ``most``, an even sample of about so many; the number says how
        many cases each stands for.
        """
        return self._store.chosen(tx, start, end, office, as_of + dt.timedelta(days=1), most)

    def following(self, tx: Any, start: dt.date, end: dt.date, office: str = "") -> list[Following]:
        """How recommendations were followed on the days from ``start`` until before ``end``, one
        row an office."""
        return self._store.following(tx, start, end, office)

    def last_active(self, tx: Any) -> dt.date | None:
        """The day (UTC) of the latest step of any case, or None."""
        found = self._store.last_step(tx)
        return None if found is None else dt.date.fromisoformat(found[:10])

    def offices(self, tx: Any) -> list[str]:
        """The offices that have had a case, in order."""
        return self._store.offices(tx)


def checked_period(start: dt.date, end: dt.date, most_days: int = 366) -> None:
    """Raise InputRefused ``inspections.period`` unless there are 1 to ``most_days`` days."""
    days = (end - start).days
    if not 1 <= days <= most_days:
        raise InputRefused(
            Problem(
                "inspections.period",
                f"The period from {start.isoformat()} to {end.isoformat()} has {days} days, "
                f"not 1 to {most_days}.",
                pointer="/to",
                hint="Choose a last day that is not before the first, at most a year later.",
            )
        )
