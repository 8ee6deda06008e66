"""What was said of lines when they were selected, found again by the line's name."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from tradelane.targeting.monitoring.model import SelectedLine
from tradelane.targeting.store import selection

_AT_ONCE = 500


class SqlWatchStore:
    """Reads the table of selections; every method takes the connection of a transaction."""

    def selected(self, tx: sa.Connection, subjects: Sequence[str]) -> dict[str, SelectedLine]:
        """Those of these lines that were selected for inspection, by subject; of a line that was
        amended and selected twice, one of both."""
        columns = selection.c
        named = [columns[name] for name in SelectedLine._fields]
        # As a text, so that both databases see that the index of the selected lines serves it.
        red = sa.text("lane = 'red'")
        found: dict[str, SelectedLine] = {}
        for start in range(0, len(subjects), _AT_ONCE):
            part = subjects[start : start + _AT_ONCE]
            query = sa.select(*named).where(red, columns.subject.in_(part))
            for row in tx.execute(query):
                found[row[0]] = SelectedLine._make(row)
        return found
