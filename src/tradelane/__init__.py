"""Clears goods, and the AI that judges goods, across the borders of the Pacific.

import tradelane

lane = tradelane.open("work")
result = lane.clear("week.csv", history="history.csv")
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tradelane.kit.version import VERSION as __version__

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

__all__ = ["__version__", "open"]


def open(home: str | Path | None = None) -> Tradelane:
    """A workspace: the folder with its database, ledger key and models, made when it is not there.

    ``home`` defaults to the setting TRADELANE_HOME, then to ``.tradelane`` in the current folder.
    With TRADELANE_DATABASE_URL set, the database is that one instead of a file in the folder.
    """
    from tradelane.platform import Tradelane

    return Tradelane(home)
