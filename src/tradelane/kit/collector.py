"""Python's cyclic garbage collector, kept from running in the middle of a large chunk.

Work in chunks makes some hundred thousand small objects at once, none of them in cycles. The
collector looks at all of them again and again, which was measured as a third of the time. So it
rests while such work goes on, and is called by hand after every few chunks.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_OFTEN = 8
"""What a chunk leaves in cycles is little, but may hold on to its tables."""


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


def between_chunks(done: int) -> None:
    """Collect cycles while the collector is resting: after every few of the ``done`` chunks."""
    if not gc.isenabled() and done % _OFTEN == _OFTEN - 1:
        gc.collect()
