"""Values that hold between two dates: what a law or a tariff is at a date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class HasValidity(Protocol):
    """A validity interval, both ends included; ``valid_to`` None means until changed."""

    @property
    def valid_from(self) -> date: ...
    @property
    def valid_to(self) -> date | None: ...


V = TypeVar("V", bound=HasValidity)


@dataclass(frozen=True, slots=True)
class Dated(Generic[T]):
    """A value with its first and last day (both included), where it is from and how sure we are."""

    value: T
    valid_from: date
    valid_to: date | None = None
    source: str = ""
    confidence: str = ""


def holds(item: HasValidity, on: date) -> bool:
    """Whether ``item`` holds on the day ``on``."""
    return item.valid_from <= on and (item.valid_to is None or on <= item.valid_to)


def find_on(items: Iterable[V], on: date) -> V | None:
    """The item that holds on the day, the one that started last if several do, or None.

    >>> rates = [Dated(10, date(2020, 1, 1), date(2020, 12, 31)), Dated(12, date(2021, 1, 1))]
    >>> find_on(rates, date(2020, 12, 31)).value, find_on(rates, date(2019, 1, 1))
    (10, None)
    """
    found = [item for item in items if holds(item, on)]
    return max(found, key=lambda item: item.valid_from) if found else None
