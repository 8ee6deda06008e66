"""How anything slow says how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called with the stage's name, what is done, and the total where it is known."""

    def __call__(self, stage: str, done: int, total: int | None = None) -> None: ...


def silent(stage: str, done: int, total: int | None = None) -> None:
    """A progress that says nothing."""
