"""What people may answer to questions, and what an answer is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tradelane.classification import choices
from tradelane.classification.facets import NOT_KNOWN, Facets
from tradelane.classification.model import WHICH_HEADING, Question
from tradelane.classification.wordings import Wordings
from tradelane.kit.errors import InputRefused, Problem
from tradelane.trade.hscode import show_code


@dataclass(frozen=True, slots=True)
class Said:
    """An answer with its question. label: of the value; "" where nobody knows, or none fits."""

    name: str
    question: str
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Answers:
    """The questions that there are: of facets, which heading, which of a heading's subheadings."""

    facets: Facets
    wordings: Wordings

    def check(self, given: Mapping[str, str]) -> None:
        """Errors: InputRefused ``classification.answer`` for what nobody can answer."""
        wrong = [said for name, value in given.items() if (said := self.wrong(name, value))]
        if wrong:
            raise InputRefused(
                Problem(
                    "classification.answer",
                    said,
                    pointer="/answers",
                    hint=f"Whoever does not know answers {NOT_KNOWN}.",
                )
                for said in wrong
            )

    def wrong(self, name: str, value: str) -> str:
        """What is wrong with an answer, as a sentence, or ''."""
        if name in self.facets.facets:
            return "" if value == NOT_KNOWN else self.facets.check(name, [value])
        if name == WHICH_HEADING:
            named = choices.denied(name, value) if choices.is_none(value) else (value,)
            if value == NOT_KNOWN or (named and set(named) <= set(self.wordings.headings)):
                return ""
            return f"{value!r} is no heading of HS 2022."
        choice = choices.below(self.wordings, name)
        if choice is None:
            there = ", ".join((*self.facets.names, WHICH_HEADING))
            return f"Nothing is asked under {name!r}; but under {there}, or a heading's digits."
        if value == NOT_KNOWN or value in dict(choice.options):
            return ""
        return f"{value!r} is no subheading of {show_code(name)}."

    def question(self, name: str, headings: Sequence[str]) -> Question | None:
        """The question whose answer is kept under a name, with all its answers; None where there is
        none. headings: those that are offered where it is which heading."""
        if name in self.facets.facets:
            facet = self.facets.facets[name]
            options = tuple((value.name, value.label) for value in facet.values.values())
            return Question(facet.question, name, options)
        if name == WHICH_HEADING:
            choice = choices.which(self.wordings, headings) if headings else None
        else:
            choice = choices.below(self.wordings, name)
        return None if choice is None else Question(choice.text, choice.name, choice.options)

    def said(self, name: str, value: str) -> Said:
        """An answer that is not `wrong`, in words."""
        if name in self.facets.facets:
            facet = self.facets.facets[name]
            known = facet.values.get(value)
            return Said(name, facet.question, value, "" if known is None else known.label)
        if name == WHICH_HEADING:
            question, options = choices.WHICH, {value: choices.wording_of(self.wordings, value)}
        else:
            choice = choices.below(self.wordings, name)
            assert choice is not None, "the answer was checked"
            question, options = choice.text, dict(choice.options)
        label = "" if value == NOT_KNOWN or choices.is_none(value) else options[value]
        return Said(name, question, value, label)
