"""The verbs of surveys: open a round, answer it until it ends, read it in aggregate, release words.

An organisation has one current answer a round; a later one takes its place. Results are told when
the round is over: while answers come in, the difference of two looks would be somebody's answer.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from tradelane.contributions.questionnaires import AUDIENCES, Survey, read_answer, read_survey
from tradelane.contributions.tallies import Results, tally
from tradelane.kit import canonical
from tradelane.kit.clock import Clock, stamp
from tradelane.kit.errors import InputRefused, Problem, TradelaneError

LONGEST_DAYS = 400
"""How long a round may last."""


class RoundKind(StrEnum):
    """What a round is."""

    SURVEY = "survey"
    CONSULTATION = "consultation"


@dataclass(frozen=True, slots=True)
class Round:
    """A survey that is asked between two days (UTC, both of them in it).

    instrument: the draft that a consultation is about, "" for a survey; economy: whose contact
    point opened it, "" for nobody's.
    """

    id: int
    kind: RoundKind
    survey: Survey
    instrument: str
    economy: str
    opens_on: dt.date
    closes_on: dt.date
    opened_by: str
    opened_at: str

    def is_open(self, on: dt.date) -> bool:
        """Whether it can be answered on a day."""
        return self.opens_on <= on <= self.closes_on

    def is_over(self, on: dt.date) -> bool:
        """Whether its results are told on a day."""
        return on > self.closes_on


@dataclass(frozen=True, slots=True)
class Answer:
    """What an organisation answers now. digest: of its content with a salt that is in it, so that
    nobody finds the answer by trying all of them; revision: 1 for the first."""

    id: int
    round_id: int
    organisation_id: int
    content: Mapping[str, Any]
    digest: str
    revision: int
    answered_by: str
    answered_at: str


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody wrote and allowed to be published; released: whether a regulator did."""

    answer: int
    question: str
    text: str
    released: bool


class SurveyStore(Protocol):
    """Where rounds and answers are kept; ``tx`` is the transaction that the caller opened."""

    def add_round(self, tx: Any, values: Mapping[str, Any]) -> int: ...
    def find_round(self, tx: Any, round_id: int) -> Round | None: ...
    def rounds(self, tx: Any) -> list[Round]: ...
    def put_answer(
        self, tx: Any, round_id: int, organisation_id: int, values: Mapping[str, Any]
    ) -> None: ...
    def find_answer(self, tx: Any, round_id: int, organisation_id: int) -> Answer | None: ...
    def answers(self, tx: Any, round_id: int) -> list[Answer]: ...
    def releases(self, tx: Any, round_id: int) -> dict[tuple[int, str], str]: ...
    def release(
        self, tx: Any, answer_id: int, question: str, values: Mapping[str, Any]
    ) -> None: ...
    def take_back(self, tx: Any, answer_id: int, question: str) -> None: ...


class Surveys:
    """Rounds of surveys and consultations, and what organisations answer."""

    def __init__(self, store: SurveyStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    # ------------------------------------------------------------ rounds

    def open_round(
        self,
        tx: Any,
        survey: Survey,
        kind: RoundKind,
        opens_on: dt.date,
        closes_on: dt.date,
        *,
        by: str,
        instrument: str = "",
        economy: str = "",
    ) -> Round:
        """Ask a survey between two days. Errors: InputRefused ``contributions.days``."""
        today = self._today()
        days = (closes_on - opens_on).days
        if days < 0 or closes_on < today or days > LONGEST_DAYS:
            raise InputRefused(
                Problem(
                    "contributions.days",
                    "The last day is before the first, over already, or too far away.",
                    pointer="/closes_on",
                    hint=f"From today on, {LONGEST_DAYS} days at most.",
                )
            )
        values = {
            "kind": str(kind),
            "definition": survey.content,
            "instrument": instrument,
            "economy": economy,
            "opens_on": opens_on.isoformat(),
            "closes_on": closes_on.isoformat(),
            "opened_by": by,
            "opened_at": stamp(self._clock.now()),
        }
        return self.get_round(tx, self._store.add_round(tx, values))

    def get_round(self, tx: Any, round_id: int) -> Round:
        """The round of that number; raises TradelaneError ``contributions.not_found``."""
        found = self._store.find_round(tx, round_id)
        if found is None:
            raise TradelaneError(
                Problem("contributions.not_found", f"There is no survey {round_id}.")
            )
        return found

    def rounds(self, tx: Any) -> list[Round]:
        """Every round, newest first."""
        return self._store.rounds(tx)

    # ------------------------------------------------------------ answers

    def answer(
        self,
        tx: Any,
        found: Round,
        organisation_id: int,
        organisation_kind: str,
        given: Mapping[str, Sequence[str]],
        by: str,
    ) -> Answer:
        """Keep an organisation's answer in place of the one that it gave before.

        Errors: TradelaneError ``contributions.closed``, ``contributions.not_asked``; those of
        `questionnaires.read_answer`.
        """
        if not found.is_open(self._today()):
            raise TradelaneError(
                Problem(
                    "contributions.closed",
                    "This can be answered from "
                    f"{found.opens_on.isoformat()} to {found.closes_on.isoformat()} only.",
                )
            )
        if not is_asked(found.survey, organisation_kind):
            raise TradelaneError(
                Problem(
                    "contributions.not_asked",
                    "This survey does not ask organisations like yours.",
                    hint="It says at its top whom it asks.",
                )
            )
        content = {**read_answer(found.survey, given), "salt": secrets.token_hex(16)}
        before = self._store.find_answer(tx, found.id, organisation_id)
        values = {
            "content": content,
            "digest": canonical.digest_of(content),
            "revision": 1 if before is None else before.revision + 1,
            "answered_by": by,
            "answered_at": stamp(self._clock.now()),
        }
        self._store.put_answer(tx, found.id, organisation_id, values)
        made = self._store.find_answer(tx, found.id, organisation_id)
        assert made is not None
        return made

    def find_answer(self, tx: Any, round_id: int, organisation_id: int) -> Answer | None:
        """What an organisation answers now, or None."""
        return self._store.find_answer(tx, round_id, organisation_id)

    # ------------------------------------------------------------ results

    def results(self, tx: Any, found: Round) -> Results:
        """The answers in aggregate. Errors: TradelaneError ``contributions.not_over``."""
        if not found.is_over(self._today()):
            raise TradelaneError(
                Problem(
                    "contributions.not_over",
                    f"Results are told after {found.closes_on.isoformat()}.",
                    hint="While answers come in, two looks at the counts would tell one answer.",
                )
            )
        return tally(found.survey, [one.content for one in self._store.answers(tx, found.id)])

    # ------------------------------------------------------------ words

    def words(self, tx: Any, found: Round) -> list[Words]:
        """What was written and may be published, as its writers ticked, in no order of theirs."""
        releases = self._store.releases(tx, found.id)
        listed = []
        for one in self._store.answers(tx, found.id):
            for question in one.content["public"]:
                text = one.content["answers"][question]
                released = releases.get((one.id, question)) == _digest(text)
                listed.append(Words(one.id, question, text, released))
        return sorted(listed, key=lambda words: (words.question, _digest(words.text)))

    def release(
        self, tx: Any, found: Round, answer_id: int, question: str, by: str, *, publish: bool
    ) -> None:
        """Publish somebody's words, or no longer. Errors: ``contributions.not_found``."""
        here = [
            one
            for one in self.words(tx, found)
            if (one.answer, one.question) == (answer_id, question)
        ]
        if not here:
            raise TradelaneError(
                Problem("contributions.not_found", "There are no such words, or no longer.")
            )
        self._store.take_back(tx, answer_id, question)
        if publish:
            values = {
                "digest": _digest(here[0].text),
                "released_by": by,
                "released_at": stamp(self._clock.now()),
            }
            self._store.release(tx, answer_id, question, values)

    def _today(self) -> dt.date:
        return self._clock.now().date()


def is_asked(survey: Survey, organisation_kind: str) -> bool:
    """Whether a survey asks organisations of a kind."""
    kinds = AUDIENCES[survey.audience]
    return not kinds or organisation_kind in kinds


def read_kept(content: Any) -> Survey:
    """A survey as a round keeps it."""
    return read_survey(content, "a kept survey")


def _digest(text: str) -> str:
    return canonical.digest(text.encode())
