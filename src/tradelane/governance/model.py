"""What the corpus is made of: entities, instruments with their states, provisions, objectives.

Dates are inclusive at both ends. Two clocks run: what holds on a day, and what was recorded by a
day. Economies are ISO 3166-1 alpha-2, places below them and forums have ids of the pack.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from tradelane.governance.conditions import Condition
from tradelane.governance.dates import When
from tradelane.governance.vocabulary import ENDED


class Standing(StrEnum):
    """What an instrument is on a day; drafts never count as law."""

    NONE = "none"
    DRAFT = "draft"
    PENDING = "pending"
    BINDING = "binding"
    BINDING_PUBLIC_SECTOR = "binding_public_sector"
    NON_BINDING = "non_binding"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Entity:
    """Who makes rules. ``kind``: economy, place (``within`` an economy), forum or agreement."""

    id: str
    kind: str
    name: str
    short: str = ""
    within: str = ""
    number: int | None = None
    """The row of a forum in Table 3-2 of the APEC report."""
    parties: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """The name in a sentence."""
        return self.short or self.name


class Domain(NamedTuple):
    """A field of policy; ``core`` ones are the columns of the matrix.

    ``covers``: what belongs there, and where its neighbours go; ``typical``: sentences of no
    instrument that stand for it.
    """

    id: str
    title: str
    core: bool
    covers: str = ""
    typical: tuple[str, ...] = ()


class Objective(NamedTuple):
    """What rules want to be true, in words that belong to no framework."""

    id: str
    domain: str
    statement: str


class Facet(NamedTuple):
    """A fact of a product; ``values`` with their meaning."""

    id: str
    title: str
    many: bool
    values: MappingOf[str, str]


class Source(NamedTuple):
    """Where something was read."""

    id: str
    kind: str
    title: str
    read_on: str
    rights: str


class State(NamedTuple):
    """What an instrument is from a date on."""

    state: str
    since: When
    mark: str
    source: str = ""
    note: str = ""


class Definition(NamedTuple):
    """How an instrument says what AI is, and whose words those are."""

    origin: str
    text: str
    locator: str
    mark: str


class Authority(NamedTuple):
    """Who looks after an instrument: an existing body, a new one, a committee."""

    name: str
    kind: str


class Tier(NamedTuple):
    """A class of risk of an instrument, with the facts that lead to it."""

    id: str
    name: str
    when: Condition
    locator: str
    mark: str
    note: str


class Version(NamedTuple):
    """A wording of an instrument: from when it is valid, since when it is in the corpus."""

    label: str
    valid_from: When | None
    recorded: dt.date | None


class Claim(NamedTuple):
    """What one source says."""

    says: str
    source: str


class Conflict(NamedTuple):
    """Two sources disagree: both are kept, with what is held here and why."""

    about: str
    claims: tuple[Claim, ...]
    held: str


class Verification(NamedTuple):
    """How, when and with what gaps an instrument was read."""

    mark: str
    read_on: str
    note: str


@dataclass(frozen=True, slots=True)
class Instrument:
    """A law, a guideline, a strategy ... with what it is over time.

    Its five differences are ``definition``, ``form``, ``approach``, ``authorities`` and ``focus``.
    """

    id: str
    entities: tuple[str, ...]
    title: str
    type: str
    form: str
    approach: str
    states: tuple[State, ...]
    definition: Definition
    authorities: tuple[Authority, ...]
    focus: tuple[str, ...]
    verification: Verification
    sources: tuple[str, ...]
    original_title: str = ""
    aliases: tuple[str, ...] = ()
    number: str = ""
    sectors: tuple[str, ...] = ()
    addressees: str = ""
    scope: str = ""
    applies_abroad: str = "not_verified"
    tiers: tuple[Tier, ...] = ()
    versions: tuple[Version, ...] = ()
    supersedes: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    later: str = ""
    file: str = field(default="", compare=False)

    def state_on(self, on: dt.date) -> State | None:
        """The last state that had begun by the day, or None."""
        return next((one for one in reversed(self.states) if one.since.first <= on), None)

    def standing_on(self, on: dt.date) -> Standing:
        """Draft, pending, its form while in force, or lapsed."""
        found = self.state_on(on)
        if found is None:
            return Standing.NONE
        if found.state in ENDED:
            return Standing.LAPSED
        return {"proposed": Standing.DRAFT, "enacted": Standing.PENDING}.get(
            found.state, Standing(self.form)
        )

    @property
    def recorded(self) -> dt.date:
        """The day by which the corpus had it; ``date.min`` if nobody said."""
        return min((v.recorded for v in self.versions if v.recorded), default=dt.date.min)

    def tier_conditions(self) -> dict[str, Condition]:
        """The tiers' conditions by their ids."""
        return {tier.id: tier.when for tier in self.tiers}


class Mapping(NamedTuple):
    """What a provision (or a part of a framework) is to an objective."""

    relation: str
    objective: str
    weak: bool = False

    def __str__(self) -> str:
        return f"{self.relation}:{self.objective}{'/weak' if self.weak else ''}"


@dataclass(frozen=True, slots=True)
class Provision:
    """One requirement or fact of an instrument, in our own words."""

    id: str
    instrument: str
    kind: str
    domain: str
    locator: str
    actors: tuple[str, ...]
    modality: str
    when: Condition
    trigger: str
    statement: str
    valid_from: When | None
    valid_to: When | None
    date_note: str
    objectives: tuple[Mapping, ...]
    mark: str
    verified_on: str
    sources: tuple[str, ...]
    recorded_from: dt.date
    note: str
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    @property
    def is_search(self) -> bool:
        """Whether it says that nothing was found, and where was looked."""
        return self.kind == "none_found"


class Question(NamedTuple):
    """Something that must hold of the corpus on a day; ``ask``: state, holds or applies."""

    ask: str
    content: MappingOf[str, object]
    file: str
    number: int
