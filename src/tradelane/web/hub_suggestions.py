"""Tags proposed for a provision that somebody fills in: they take them, or not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tradelane.governance.corpus import Corpus
from tradelane.governance.service import Governance
from tradelane.governance.tagging import Proposal

_OBJECTIVE = re.compile(r"[a-z]+:([A-Z0-9-]+)(?:/[a-z]+)?")
_WIDEST = "intersects"
"""The relation that claims least; whoever takes an objective says more where they know more."""


@dataclass(frozen=True, slots=True)
class Suggested:
    """The likeliest first. is_sure: objectives were confirmed, with which domains are surer."""

    objectives: tuple[Proposal, ...]
    domains: tuple[Proposal, ...]
    is_sure: bool


def suggest(governance: Governance, cells: Mapping[str, str]) -> Suggested | None:
    """What the statement of a form could be tagged with; None where there is no statement."""
    statement = cells.get("statement", "").strip()
    if not statement:
        return None
    tagger = governance.tagger
    confirmed = confirmed_in(governance.corpus, cells.get("objectives", ""))
    draft = tagger.drafted(
        statement,
        cells.get("instrument", "").strip().upper(),
        cells.get("kind", ""),
        cells.get("modality", ""),
        trigger=cells.get("trigger", ""),
        actors=[one for one in cells.get("actor", "").split("|") if one],
        objectives=confirmed,
    )
    others = tagger.objectives_of(draft, 3 + len(confirmed))
    return Suggested(
        tuple(one for one in others if one.tag not in confirmed)[:3],
        tuple(tagger.domains_of(draft)),
        bool(confirmed),
    )


def taken(cells: Mapping[str, str], step: str) -> dict[str, str]:
    """The cells with what a button of a suggestion puts in: ``use:domain:labelling``,
    ``use:objective:LA-VISIBLE``; as they are for any other step."""
    name, _, tag = step.removeprefix("use:").partition(":")
    found = dict(cells)
    if name == "domain":
        found["domain"] = tag
    elif name == "objective" and re.fullmatch(r"[A-Z0-9-]{1,40}", tag):
        before = cells.get("objectives", "").split()
        if tag not in (_id_of(one) for one in before):
            found["objectives"] = " ".join([*before, f"{_WIDEST}:{tag}"])
    return found


def confirmed_in(corpus: Corpus, text: str) -> list[str]:
    """The objectives that a form names already and the corpus has."""
    return [name for one in text.split() if (name := _id_of(one)) in corpus.objectives]


def _id_of(text: str) -> str:
    found = _OBJECTIVE.fullmatch(text)
    return found[1] if found else ""
