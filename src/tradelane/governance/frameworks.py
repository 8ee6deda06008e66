"""Frameworks of others (ids and short titles in our own words) and what they are to objectives."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from typing import NamedTuple

from tradelane.governance.model import Mapping


class Element(NamedTuple):
    """One part of a framework under the id that the framework gives it."""

    id: str
    title: str
    mark: str


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework that provisions can be read against."""

    id: str
    title: str
    issuer: str
    version: str
    source: str
    mark: str
    read_on: str
    elements: MappingOf[str, Element]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """One row: what an element of a framework is to an objective, who says so and on what basis.

    ``pins`` name the version of the framework and of the objectives that were compared.
    """

    framework: str
    element: str
    mapping: Mapping
    basis: str
    reviewer: str
    reviewed_on: str
    pins: str
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)
