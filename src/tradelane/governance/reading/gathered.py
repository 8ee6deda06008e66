"""What has been read of a pack so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from tradelane.governance.cases import Case
from tradelane.governance.frameworks import Crosswalk, Framework
from tradelane.governance.model import (
    Domain,
    Entity,
    Facet,
    Instrument,
    Objective,
    Provision,
    Question,
    Source,
)
from tradelane.kit.errors import Problem


@dataclass
class Gathered:
    """Everything by its id, and everything that is wrong."""

    entities: dict[str, Entity] = field(default_factory=dict)
    domains: dict[str, Domain] = field(default_factory=dict)
    objectives: dict[str, Objective] = field(default_factory=dict)
    facets: dict[str, Facet] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    instruments: dict[str, Instrument] = field(default_factory=dict)
    provisions: dict[str, Provision] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    frameworks: dict[str, Framework] = field(default_factory=dict)
    crosswalks: list[Crosswalk] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    recognisable: dict[str, str] = field(default_factory=dict)
    bridging: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
