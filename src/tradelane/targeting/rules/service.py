"""The verbs of a rule book: drafts that people write, and the sets that were put in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from tradelane.kit import canonical
from tradelane.kit.clock import Clock, stamp
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.targeting.rules.drafts import Draft, Version
from tradelane.targeting.rules.model import RuleSet

MOST_DRAFTS = 50
LONGEST_NAME = 80


class RuleStore(Protocol):
    """Where drafts and versions are kept; ``tx`` is the transaction that the caller opened."""

    def add_draft(self, tx: Any, values: Mapping[str, Any]) -> int: ...
    def find_draft(self, tx: Any, draft_id: int) -> Draft | None: ...
    def all_drafts(self, tx: Any) -> list[Draft]: ...
    def save_draft(
        self, tx: Any, draft_id: int, revision: int, values: Mapping[str, Any]
    ) -> bool: ...
    def remove_draft(self, tx: Any, draft_id: int) -> None: ...
    def add_version(self, tx: Any, values: Mapping[str, Any]) -> None: ...
    def find_version(self, tx: Any, number: int) -> Version | None: ...
    def all_versions(self, tx: Any, most: int) -> list[Version]: ...
    def hit_lines(self, tx: Any, rule: str | None) -> Iterable[Any]: ...


class RuleBook:
    """Drafts and versions of rule sets."""

    def __init__(self, store: RuleStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def begin(self, tx: Any, name: str, rules: RuleSet, based_on: str, by: str) -> Draft:
        """A new draft. Errors: InputRefused ``rules.name``, ``rules.too_many``."""
        if len(self._store.all_drafts(tx)) >= MOST_DRAFTS:
            raise InputRefused(
                Problem(
                    "rules.too_many",
                    f"There are {MOST_DRAFTS} drafts already.",
                    hint="Throw away those that nobody needs.",
                )
            )
        name = name.strip()
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise InputRefused(
                Problem(
                    "rules.name",
                    f"A draft has a name of at most {LONGEST_NAME} characters.",
                    pointer="/name",
                    hint="Say what changes, such as 'Clothing from new sellers'.",
                )
            )
        values = {"name": name, "based_on": based_on, "revision": 1}
        return self.get(tx, self._store.add_draft(tx, {**values, **self._changed(rules, by)}))

    def get(self, tx: Any, draft_id: int) -> Draft:
        """The draft; raises TradelaneError ``rules.not_found``."""
        found = self._store.find_draft(tx, draft_id)
        if found is None:
            raise TradelaneError(Problem("rules.not_found", f"There is no draft {draft_id}."))
        return found

    def drafts(self, tx: Any) -> list[Draft]:
        """Every draft, the one that was changed last first."""
        return self._store.all_drafts(tx)

    def save(self, tx: Any, draft_id: int, revision: int, rules: RuleSet, by: str) -> Draft:
        """The draft's next revision. Errors: TradelaneError ``rules.changed`` where somebody has
        changed it since this revision, ``rules.not_found``."""
        before = self.get(tx, draft_id)
        if not self._store.save_draft(tx, draft_id, revision, self._changed(rules, by)):
            raise TradelaneError(
                Problem(
                    "rules.changed",
                    f"{before.changed_by} has changed this draft in the meantime.",
                    hint="Load the page again and make your change in what is there now.",
                )
            )
        return self.get(tx, draft_id)

    def discard(self, tx: Any, draft_id: int) -> None:
        """Throw a draft away; raises ``rules.not_found``."""
        self.get(tx, draft_id)
        self._store.remove_draft(tx, draft_id)

    def add_version(
        self, tx: Any, rules: RuleSet, *, proposal: int, by: str, agreed_by: str, reason: str
    ) -> None:
        """Keep a set that is put in force now."""
        self._store.add_version(
            tx,
            {
                "digest": rules.digest,
                "content": canonical.encode(rules.to_dict()).decode(),
                "proposal": proposal,
                "proposed_by": by,
                "agreed_by": agreed_by,
                "agreed_at": stamp(self._clock.now()),
                "reason": reason,
            },
        )

    def version(self, tx: Any, number: int) -> Version:
        """The number-th set; raises TradelaneError ``rules.not_found``."""
        found = self._store.find_version(tx, number)
        if found is None:
            raise TradelaneError(Problem("rules.not_found", f"There is no version {number}."))
        return found

    def versions(self, tx: Any, most: int = 50) -> list[Version]:
        """The sets that were put in force, newest first."""
        return self._store.all_versions(tx, most)

    def hit_lines(self, tx: Any, rule: str | None = None) -> Iterable[Any]:
        """The lines that rules (or one rule) have matched: `store.HitLine`."""
        return self._store.hit_lines(tx, rule)

    def _changed(self, rules: RuleSet, by: str) -> dict[str, Any]:
        return {
            "content": canonical.encode(rules.to_dict()).decode(),
            "changed_by": by,
            "changed_at": stamp(self._clock.now()),
        }
