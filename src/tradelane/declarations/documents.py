"""Reads declarations that arrive one by one as JSON documents, by the rules of a file's rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from tradelane.declarations.assembly import assemble
from tradelane.declarations.json_rows import json_header, rows_of
from tradelane.declarations.mapping import Mapping
from tradelane.declarations.model import Codes, Filing, Limits
from tradelane.declarations.plan import Plan, compile_plan
from tradelane.kit.errors import Problem

_ONE = Problem(
    "declarations.not_one",
    "A request files one declaration; this one has several.",
    hint="Send one object with its goods under 'lines', or use the bulk address.",
)


class Documents:
    """Reads documents under one mapping. What does not change between them is worked out once."""

    def __init__(self, mapping: Mapping, codes: Codes, limits: Limits | None = None) -> None:
        self._mapping = mapping
        self._codes = codes
        self._limits = limits or Limits()
        self._header = json_header(mapping)
        self._plans: dict[dt.date, Plan] = {}

    def read(self, text: str, today: dt.date) -> Filing:
        """The filing of one document: an object with the mapping's keys, its goods under
        ``lines``. Problems point into it (``/lines/0/hs_code``)."""
        too_long = len(text) > self._limits.document
        rows = rows_of(text, 1, 1, self._mapping, self._header, self._limits, too_long=too_long)
        filings = list(assemble(rows, self._plan(today), self._codes, self._limits, 0))
        if len(filings) == 1:
            return filings[0]
        return refused(filings[0] if filings else None, [_ONE])

    def _plan(self, today: dt.date) -> Plan:
        plan = self._plans.get(today)
        if plan is None:
            plan = compile_plan(
                self._mapping, self._header, limits=self._limits, today=today, numbered=False
            )
            self._plans = {today: plan}
        return plan


def refused(filing: Filing | None, problems: Sequence[Problem]) -> Filing:
    """A filing that is refused as a whole for these problems."""
    declarant, reference = (filing.declarant, filing.reference) if filing else ("", "")
    return Filing(0, 1, 1, declarant, reference, None, row_problems=(tuple(problems),))
