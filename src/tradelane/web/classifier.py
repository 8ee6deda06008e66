"""The engine of classification for pages and programs: made ready once, in the background.

An engine takes seconds to make. Nobody's page is held up for that: whoever needs an answer waits a
little, whoever would only be glad of one goes without.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

from tradelane.classification.model import Suggestion
from tradelane.classification.service import Classification
from tradelane.kit.errors import Problem, StorageUnavailable

PATIENCE = 20.0
"""Seconds that somebody who asks waits for an engine that is being made."""

AT_ONCE = 64
"""Descriptions that are answered together: others get their turn in between."""

_KEPT = 4_000
_FIRST = "cotton shirt"
"""What an engine is asked first, so that it is there for the second who asks."""


class EngineStarting(StorageUnavailable):
    """The engine is being made ready."""


class Classifier:
    """One engine for all threads; what was answered without examples changing is kept."""

    def __init__(self, service: Classification, patience: float = PATIENCE) -> None:
        self.service = service
        self.patience = patience
        self._ready = threading.Event()
        self._broken: Exception | None = None
        self._begun = False
        self._lock = threading.Lock()
        self._one = threading.Lock()
        """Answers take milliseconds each; where there is more to know, one thread learns it."""
        self._kept: OrderedDict[tuple[str, Any], Any] = OrderedDict()

    def begin(self) -> None:
        """Make the engine in a thread of its own, unless that has begun already."""
        with self._lock:
            if self._begun:
                return
            self._begun = True
        threading.Thread(target=self._make, name="classifier", daemon=True).start()

    def _make(self) -> None:
        try:
            self.service.suggest(_FIRST)
        except Exception as error:  # said to whoever asks; the next one makes it anew
            self._broken, self._begun = error, False
        self._ready.set()

    @property
    def is_ready(self) -> bool:
        """Whether an answer comes at once."""
        return self._ready.is_set() and self._broken is None

    @property
    def revision(self) -> int:
        """Raised by every example that is added, whichever process did it."""
        return self.service.library.revision()

    def wait(self) -> Classification:
        """The service with its engine. Errors: EngineStarting ``web.classifier_starting``."""
        self.begin()
        if not self._ready.wait(self.patience):
            raise EngineStarting(
                Problem(
                    "web.classifier_starting",
                    "The engine that finds codes is being made ready.",
                    hint="Try again in some seconds.",
                )
            )
        if self._broken is not None:
            error, self._broken = self._broken, None
            self._ready.clear()
            raise error
        return self.service

    def suggest(
        self, text: str, answers: Mapping[str, str] | None = None, limit: int = 5
    ) -> Suggestion:
        """What can be said of a description. Errors: `wait`."""
        service = self.wait()
        with self._one:
            return service.suggest(text, answers=answers or {}, limit=limit)

    def suggest_many(self, texts: Sequence[str], limit: int = 5) -> list[Suggestion]:
        """Like `suggest`, for many in their order."""
        service = self.wait()
        found: list[Suggestion] = []
        for start in range(0, len(texts), AT_ONCE):
            with self._one:
                found += service.suggest_many(texts[start : start + AT_ONCE], limit=limit)
        return found

    def kept(self, key: tuple[str, Any], make: Any) -> Any:
        """What ``make()`` gives, kept under a key while it is asked for."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made

    def forget(self) -> None:
        """Drop what was kept: there is more to know."""
        with self._lock:
            self._kept.clear()


def classifier_of(request: Request) -> Classifier:
    """The application's classifier."""
    state = request.app.state
    found: Classifier | None = getattr(state, "classifier", None)
    if found is None or found.service is not state.lane.classification:
        found = state.classifier = Classifier(state.lane.classification)
    return found
