"""A file as judged chunks; a long one is read and assessed by a second process, ahead."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from tradelane.journeys.judging import Asked, Chunk, Engines, JudgedChunk, assess_file, score
from tradelane.journeys.workshop import Workshop
from tradelane.kit.offload import Stream

if TYPE_CHECKING:
    from tradelane.journeys.text_against_code import TextAgainstCode
    from tradelane.targeting.rules.model import RuleSet

_LONG = 2
"""Chunks from which a second process pays for its start."""


class Source:
    """Gives the judged chunks of the file that ``asked`` names, from any row on.

    For a long file the second process starts at once, while this one is still getting ready.
    """

    def __init__(self, shop: Workshop, asked: Asked, rows_total: int) -> None:
        self._shop = shop
        self._asked = asked
        self._rows_total = rows_total
        self._started: Stream | None = self._elsewhere(asked) if self._is_long(0) else None

    def judged(
        self,
        start: int,
        model: str,
        balance: float | None = None,
        rules: RuleSet | None = None,
        texts: TextAgainstCode | None = None,
    ) -> Iterator[JudgedChunk]:
        """The chunks from row ``start`` on, scored by the model of that reference."""
        shop, asked = self._shop, replace(self._asked, start=start)
        trained = cache(lambda: shop.targeting.load(model))
        assessed: Iterator[Chunk]
        if not self._is_long(start):
            assessed = assess_file(shop, asked)
        elif start == 0 and self._started is not None:
            assessed = self._started
        else:
            self.close()
            assessed = self._started = self._elsewhere(asked)
        engines = Engines(shop.targeting, trained, balance, rules, texts)
        return score(assessed, asked.batch_id, engines, shop.clock)

    def close(self) -> None:
        """End the second process, if there is one."""
        if self._started is not None:
            self._started.close()
            self._started = None

    def _is_long(self, start: int) -> bool:
        return self._rows_total - start > _LONG * self._asked.size and (os.cpu_count() or 1) > 1

    def _elsewhere(self, asked: Asked) -> Stream:
        return self._shop.assess_elsewhere(asked)
