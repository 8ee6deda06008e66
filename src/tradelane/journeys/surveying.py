"""Surveys with their ledger entries: a round is opened, an organisation answers.

An entry of an answer has its number and digest, and neither the organisation nor the person: who
keeps their receipt can prove what they answered, and nobody else can find out from the ledger.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from tradelane.accounts.model import Principal
from tradelane.contributions.questionnaires import Survey, read_survey
from tradelane.contributions.surveys import Answer, Round, RoundKind, Surveys
from tradelane.governance.corpus import Corpus
from tradelane.governance.model import Standing
from tradelane.journeys import entries
from tradelane.journeys.corpus_changes import Hub
from tradelane.kit import canonical, packs
from tradelane.kit.clock import stamp
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.ledger.model import Receipt

PACK = "governance"
FOLDER = "surveys"
CONSULTATION = "consultation"
"""The definition that every consultation is made of."""


class Asking(Hub, Protocol):
    """The hub with its surveys."""

    @property
    def surveys(self) -> Surveys: ...


def definitions() -> dict[str, Survey]:
    """The surveys that ship with the pack, by their ids."""
    pack = packs.load(PACK)
    found = {}
    for path in sorted((pack.root / FOLDER).glob("*.yaml")):
        survey = read_survey(pack.yaml(f"{FOLDER}/{path.name}"), path.name)
        found[survey.id] = survey
    return found


def open_round(
    shop: Asking,
    by: Principal,
    definition: str,
    opens_on: str,
    closes_on: str,
    instrument: str = "",
) -> Round:
    """Open a survey, or a consultation on a draft instrument of one's own economy.

    Errors: InputRefused ``contributions.unknown_survey``, ``contributions.days``,
    ``contributions.not_draft``; TradelaneError ``contributions.no_economy``.
    """
    survey = definitions().get(definition)
    if survey is None:
        raise InputRefused(
            Problem(
                "contributions.unknown_survey",
                "There is no such survey.",
                pointer="/definition",
                hint="Choose one of those listed.",
            )
        )
    kind, about = RoundKind.SURVEY, ""
    if definition == CONSULTATION:
        kind = RoundKind.CONSULTATION
        survey, about = _on_draft(shop.governance.corpus, survey, instrument, by, shop)
    first, last = _day(opens_on, "opens_on"), _day(closes_on, "closes_on")

    def write(tx: Any) -> Round:
        made = shop.surveys.open_round(
            tx, survey, kind, first, last, by=by.login, instrument=about, economy=by.economy
        )
        body = {
            "round": made.id,
            "kind": str(kind),
            "survey": survey.id,
            "digest": canonical.digest_of(dict(survey.content)),
            "instrument": about,
            "economy": by.economy,
            "opens_on": first.isoformat(),
            "closes_on": last.isoformat(),
            "by": by.login,
        }
        _record(shop, tx, entries.SURVEY_OPENED, made.id, body)
        return made

    return shop.database.write(write)


def drafts_of(corpus: Corpus, economy: str, today: dt.date) -> list[tuple[str, str]]:
    """Id and title of the draft instruments of an economy, and of places within it."""
    own = {economy, *(one.id for one in corpus.entities.values() if one.within == economy)}
    return [
        (one.id, one.title)
        for one in corpus.instruments.values()
        if not own.isdisjoint(one.entities) and one.standing_on(today) is Standing.DRAFT
    ]


def _on_draft(
    corpus: Corpus, survey: Survey, instrument: str, by: Principal, shop: Asking
) -> tuple[Survey, str]:
    """The questions of a consultation with the draft's name in their title."""
    if not by.economy:
        raise TradelaneError(
            Problem(
                "contributions.no_economy",
                "Your organisation is not the contact point of an economy.",
                hint="An administrator can say on the organisation's page which economy it "
                "speaks for.",
            )
        )
    drafts = dict(drafts_of(corpus, by.economy, shop.clock.now().date()))
    if instrument not in drafts:
        raise InputRefused(
            Problem(
                "contributions.not_draft",
                f"{instrument!r} is not a draft instrument of {by.economy}.",
                pointer="/instrument",
                hint=f"Drafts: {', '.join(drafts)}." if drafts else "It has no draft now.",
            )
        )
    title = f"{survey.title}: {drafts[instrument]}"
    return replace(survey, title=title, content={**survey.content, "title": title}), instrument


def answer(
    shop: Asking,
    by: Principal,
    round_id: int,
    given: Mapping[str, Sequence[str]],
) -> Answer:
    """Answer a round for one's organisation, or revise its answer.

    Errors: ``contributions.no_organisation``, those of `Surveys.answer`.
    """
    organisation = by.organisation_id
    if organisation is None:
        raise TradelaneError(
            Problem(
                "contributions.no_organisation",
                "Your account belongs to no organisation, so there is nobody to answer for.",
                hint="Ask an administrator.",
            )
        )

    def write(tx: Any) -> Answer:
        found = shop.surveys.get_round(tx, round_id)
        kind = shop.accounts.get_organisation(tx, organisation).kind
        made = shop.surveys.answer(tx, found, organisation, kind, given, by.login)
        body = {
            "round": round_id,
            "answer": made.id,
            "revision": made.revision,
            "digest": made.digest,
        }
        _record(shop, tx, entries.SURVEY_ANSWERED, round_id, body)
        return made

    return shop.database.write(write)


def receipt(shop: Asking, tx: Any, given: Answer) -> Receipt:
    """The proof that an answer is in the ledger."""
    stored = shop.ledger.find(tx, f"survey/{given.round_id}", entries.SURVEY_ANSWERED)
    index = next(
        one.index
        for one in reversed(stored)
        if (one.entry.body["answer"], one.entry.body["revision"]) == (given.id, given.revision)
    )
    return shop.ledger.prove(tx, index)


def _record(shop: Asking, tx: Any, kind: str, round_id: int, body: Mapping[str, Any]) -> None:
    at = stamp(shop.clock.now())
    shop.ledger.record(tx, [entries.entry(at, kind, f"survey/{round_id}", body)])


def _day(text: str, name: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise InputRefused(
            Problem(
                "contributions.days",
                f"{text[:40]!r} is not a day.",
                pointer=f"/{name}",
                hint="Write it as year-month-day: 2026-12-01.",
            )
        ) from None
