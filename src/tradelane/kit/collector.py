"""Python's cyclic garbage collector, kept from running in the middle of a large chunk.

Work in chunks makes some hundred thousand small objects at once, none of them in cycles. The
collector looks at all of them again and again, which was measured as a third of the time. So it
rests while such work goes on, and is called by hand between chunks if too much stays alive.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_MANY = 2_000_000
"""Objects made and still alive since the last collection; a chunk has some hundred thousand."""


@contextmanager
def resting() -> Iterator[None]:
    """No automatic collection inside; as before afterwards. May be nested."""
    if not gc.isenabled():
        yield
        return
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.enable()


def between_chunks() -> None:
    """Collect cycles if the collector is resting and so much is alive that there may be many."""
    if not gc.isenabled() and gc.get_count()[0] > _MANY:
        gc.collect()
