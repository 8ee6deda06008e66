"""Rules that somebody works on, and sets of rules that were put in force."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tradelane.kit import canonical
from tradelane.targeting.rules.model import RuleSet


@dataclass(frozen=True)
class Draft:
    """Rules that somebody works on. ``based_on``: the digest of the set that it began from, "" for
    none; ``revision`` rises with every change; people are logins, times RFC 3339 stamps."""

    id: int
    name: str
    content: str
    based_on: str
    revision: int
    changed_by: str
    changed_at: str

    @cached_property
    def rules(self) -> RuleSet:
        """What it says."""
        return RuleSet.from_dict(canonical.decode(self.content.encode()))


@dataclass(frozen=True)
class Version:
    """A set that was put in force, the ``number``-th: who proposed it, who agreed, when and why."""

    number: int
    digest: str
    content: str
    proposal: int
    proposed_by: str
    agreed_by: str
    agreed_at: str
    reason: str

    @cached_property
    def rules(self) -> RuleSet:
        """What it says."""
        return RuleSet.from_dict(canonical.decode(self.content.encode()))
