"""Cases: how public bodies of economies use AI in trade, as they or others told it."""

from __future__ import annotations

from typing import NamedTuple

from tradelane.governance.dates import When

STAGES = {
    "planned": "planned",
    "trial": "on trial",
    "in_use": "in use",
    "ended": "ended",
    "not_known": "not known",
}
"""How far a use of AI is, as far as the sources say."""

FIELDS = (
    "economy",
    "title",
    "office",
    "uses",
    "stage",
    "since",
    "problem",
    "approach",
    "outcome",
    "provisions",
    "source",
    "mark",
    "read_on",
)
TOLD = ("title", "office", "problem", "approach", "outcome")
"""What no case lacks."""
FIRST_NUMBER = 901
"""Cases that people contribute are numbered from here on; the pack's own stay below."""


class Case(NamedTuple):
    """A use of AI by a public body: what was the problem, what was done, what came of it.

    office: whom to ask; uses: values of the facet ``use``; provisions: of the corpus, that the
    case rests on or belongs to; mark: how it was verified.
    """

    id: str
    economy: str
    title: str
    office: str
    uses: tuple[str, ...]
    stage: str
    since: When | None
    problem: str
    approach: str
    outcome: str
    provisions: tuple[str, ...]
    sources: tuple[str, ...]
    mark: str
    read_on: str


def cells_of(one: Case) -> dict[str, str]:
    """A case as the text of its fields."""
    return {
        "economy": one.economy,
        "title": one.title,
        "office": one.office,
        "uses": "|".join(one.uses),
        "stage": one.stage,
        "since": one.since.text if one.since else "",
        "problem": one.problem,
        "approach": one.approach,
        "outcome": one.outcome,
        "provisions": " ".join(one.provisions),
        "source": " ".join(one.sources),
        "mark": one.mark,
        "read_on": one.read_on,
    }


def next_case_id(taken: set[str], economy: str) -> str:
    """The id of the next contributed case of an economy.

    >>> next_case_id({"KR-CASE-01", "KR-CASE-901"}, "KR"), next_case_id(set(), "JP")
    ('KR-CASE-902', 'JP-CASE-901')
    """
    head = f"{economy}-CASE-"
    numbers = [int(one.removeprefix(head)) for one in taken if one.startswith(head)]
    return f"{head}{max([FIRST_NUMBER - 1, *numbers]) + 1}"
