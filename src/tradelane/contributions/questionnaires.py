"""Surveys as data: what is asked, and whether an answer is one.

A question is ``single`` (one of its options), ``multiple`` (any of them), ``scale`` (one of five
steps) or ``text``. What is answered is plain JSON: a value, a list of values, or words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.plaintext import clean

KINDS = ("single", "multiple", "scale", "text")
AUDIENCES = {"firms": ("trader", "broker", "other"), "economies": ("administration",), "all": ()}
"""Whom a survey asks, as kinds of organisations; () for every kind."""
LONGEST_TEXT = 4000
PUBLIC = "_public"
"""After a question's id: the tick that its words may be published."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question. options: value to words; a scale's are from 1 (least) to 5 (most)."""

    id: str
    kind: str
    text: str
    hint: str
    options: Mapping[str, str]
    optional: bool


@dataclass(frozen=True, slots=True)
class Survey:
    """What is asked of whom. content: as it was read, to be kept with a round byte for byte."""

    id: str
    title: str
    about: str
    audience: str
    basis: str
    questions: tuple[Question, ...]
    content: Mapping[str, Any]


def read_survey(content: Any, name: str) -> Survey:
    """A survey from its data; raises InputRefused ``contributions.survey`` where it is not one.

    >>> read_survey({"id": "a", "title": "A", "about": "", "audience": "all", "basis": "",
    ...     "questions": [{"id": "q", "kind": "scale", "text": "How?", "ends": ["no", "yes"]}]},
    ...     "a.yaml").questions[0].options["5"]
    '5: yes'
    """
    try:
        questions = tuple(_question(one) for one in content["questions"])
        made = Survey(
            str(content["id"]),
            str(content["title"]),
            str(content["about"]),
            str(content["audience"]),
            str(content["basis"]),
            questions,
            content,
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _wrong(name, f"something is missing or has not its shape: {error}") from None
    names = [one.id for one in questions]
    if len(set(names)) != len(names) or not names:
        raise _wrong(name, "its questions have no ids of their own")
    if made.audience not in AUDIENCES:
        raise _wrong(name, f"{made.audience!r} is no audience")
    return made


def _question(one: Mapping[str, Any]) -> Question:
    kind = one["kind"]
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of question")
    options = {str(value): str(text) for value, text in (one.get("options") or {}).items()}
    if kind == "scale":
        low, high = one["ends"]
        options = {str(n): str(n) for n in range(1, 6)}
        options |= {"1": f"1: {low}", "5": f"5: {high}"}
    if kind != "text" and len(options) < 2:
        raise ValueError(f"{one['id']} has fewer than two options")
    return Question(
        str(one["id"]),
        kind,
        str(one["text"]),
        str(one.get("hint") or ""),
        options,
        bool(one.get("optional")),
    )


def _wrong(name: str, why: str) -> InputRefused:
    return InputRefused(
        Problem(
            "contributions.survey",
            f"{name} is not a survey: {why}.",
            hint="See docs/how-to/run-a-survey.md for the form of one.",
        )
    )


def read_answer(survey: Survey, given: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """An answer from the fields of a form: ``answers`` by question, and ``public``, the questions
    whose words may be published. What is not answered is not there.

    Errors: InputRefused ``contributions.not_answered``, ``contributions.no_option``,
    ``contributions.too_long``, each at its field.
    """
    answers: dict[str, Any] = {}
    public: list[str] = []
    problems: list[Problem] = []
    for one in survey.questions:
        values = [clean(value) for value in given.get(one.id, ()) if clean(value)]
        if not values:
            if not one.optional:
                problems.append(_missing(one))
            continue
        problem = _problem(one, values)
        if problem is not None:
            problems.append(problem)
        elif one.kind == "multiple":
            answers[one.id] = sorted(set(values), key=list(one.options).index)
        else:
            answers[one.id] = values[0]
            if one.kind == "text" and given.get(f"{one.id}{PUBLIC}"):
                public.append(one.id)
    if problems:
        raise InputRefused(problems)
    return {"answers": answers, "public": public}


def _missing(one: Question) -> Problem:
    return Problem(
        "contributions.not_answered",
        f"This is not answered: {one.text}",
        pointer=f"/{one.id}",
        hint="Choose an answer." if one.options else "Write a sentence or two.",
    )


def _problem(one: Question, values: list[str]) -> Problem | None:
    if one.kind == "text":
        if len(values[0]) <= LONGEST_TEXT:
            return None
        return Problem(
            "contributions.too_long",
            f"This has {len(values[0])} characters; {LONGEST_TEXT} are the most.",
            pointer=f"/{one.id}",
        )
    unknown = [value for value in values if value not in one.options]
    if unknown or (one.kind != "multiple" and len(values) > 1):
        return Problem(
            "contributions.no_option",
            "This is not one of the answers.",
            pointer=f"/{one.id}",
            hint="Choose one of those shown.",
        )
    return None
