"""Reads what somebody tells about an AI product."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tradelane.governance.conditions import Profile
from tradelane.governance.corpus import Corpus
from tradelane.kit.errors import InputRefused, Problem


def read_profile(given: Any, corpus: Corpus) -> Profile:
    """The facts of a product from plain values: ``{"use": ["chatbot"], "generative": "yes"}``.

    A fact that is left out, or empty, is not known. Errors: InputRefused ``governance.profile``
    with every fact and value that is not in the corpus.
    """
    if not isinstance(given, Mapping):
        raise InputRefused(
            Problem(
                "governance.profile",
                "A profile names facts of a product and their values.",
                hint=f"Facts: {', '.join(corpus.facets)}.",
            )
        )
    problems: list[Problem] = []
    found: dict[str, frozenset[str]] = {}
    for name, value in given.items():
        facet = corpus.facets.get(str(name))
        if facet is None:
            problems.append(
                _problem(f"{name!r} is no fact of a product.", f"/{name}", corpus.facets)
            )
            continue
        values = [_word(one) for one in (value if isinstance(value, list | tuple) else [value])]
        unknown = [one for one in values if one not in facet.values]
        if unknown:
            problems.append(
                _problem(f"{unknown[0]!r} is no value of {name}.", f"/{name}", facet.values)
            )
        elif len(set(values)) > 1 and not facet.many:
            problems.append(_problem(f"{name} has one value.", f"/{name}", facet.values))
        elif values:
            found[facet.id] = frozenset(values)
    if problems:
        raise InputRefused(problems)
    return found


def read_facts(facts: Iterable[str], corpus: Corpus) -> Profile:
    """The same from ``use=chatbot``, ``use=companion``, ``generative=yes``."""
    given: dict[str, list[str]] = {}
    for fact in facts:
        name, _, value = fact.partition("=")
        given.setdefault(name.strip(), []).append(value.strip())
    return read_profile(given, corpus)


def _word(value: Any) -> str:
    """YAML reads yes and no as truth."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _problem(message: str, pointer: str, allowed: Mapping[str, object]) -> Problem:
    return Problem("governance.profile", message, pointer, hint=f"One of: {', '.join(allowed)}.")
