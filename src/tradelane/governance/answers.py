"""Answers to questions about products, days and words, as plain JSON values."""

from __future__ import annotations

from typing import Any

from tradelane.governance.applying import Applicability, Caught, InEconomy
from tradelane.governance.brief import Brief, Standpoint, Topic
from tradelane.governance.brief_text import cited
from tradelane.governance.changes import Change
from tradelane.governance.corpus import Corpus
from tradelane.governance.effects import effect_word
from tradelane.governance.matrix import Matrix
from tradelane.governance.searching import Hit
from tradelane.governance.strictness import FORCE_WORDS
from tradelane.governance.views import difference_view, provision_view
from tradelane.governance.vocabulary import ADVICE


def applies_view(found: Applicability, corpus: Corpus) -> dict[str, Any]:
    """What applies where; ``provisions`` holds those that apply, ask or come, written out once."""
    shown = {
        caught.provision
        for one in found.economies
        for caught in (*one.applies, *one.asks, *one.coming)
    }
    shown.update(name for one in found.economies for name in one.looked)
    return {
        "as_of": found.as_of.isoformat(),
        "known_at": found.known_at.isoformat() if found.known_at else None,
        "corpus": corpus.version,
        "profile": {name: sorted(values) for name, values in sorted(found.profile.items())},
        "economies": [_economy(one) for one in found.economies],
        "everywhere": [
            {
                "objective": one.objective,
                "statement": corpus.objectives[one.objective].statement,
                "certain": one.certain,
                "provisions": {economy: list(names) for economy, names in one.provisions},
            }
            for one in found.everywhere
        ],
        "to_ask": [{"fact": fact, "settles": count} for fact, count in found.to_ask],
        "provisions": [provision_view(corpus.provisions[name], corpus) for name in sorted(shown)],
        "advice": ADVICE,
    }


def _economy(one: InEconomy) -> dict[str, Any]:
    return {
        "economy": one.economy,
        "message": "No provisions found." if one.nothing else "",
        "applies": [_caught(caught) for caught in one.applies],
        "ask": [_caught(caught) for caught in one.asks],
        "coming": [_caught(caught) for caught in one.coming],
        "not": [{"provision": caught.provision, "because": caught.because} for caught in one.nots],
        "looked": list(one.looked),
    }


def _caught(one: Caught) -> dict[str, Any]:
    return {
        "provision": one.provision,
        "answer": str(one.answer),
        "effect": str(one.effect),
        "force": effect_word(one.effect, one.force),
        "yours": one.yours,
        "place": one.place,
        "unknown": list(one.unknown),
        "begins": one.begins.isoformat() if one.begins else "",
    }


def matrix_view(found: Matrix) -> dict[str, Any]:
    """Rows of economies, each with its cells."""
    width = len(found.domains)
    return {
        "as_of": found.as_of.isoformat(),
        "known_at": found.known_at.isoformat() if found.known_at else None,
        "domains": list(found.domains),
        "rows": [
            {
                "economy": economy,
                "cells": [
                    {k: v for k, v in cell._asdict().items() if k != "economy"}
                    for cell in found.cells[at * width : (at + 1) * width]
                ],
            }
            for at, economy in enumerate(found.economies)
        ],
    }


def change_view(one: Change, corpus: Corpus) -> dict[str, Any]:
    """Something that happened."""
    instrument = corpus.instruments[one.instrument]
    return {
        "on": one.on.isoformat(),
        "date": one.date,
        "kind": str(one.kind),
        "instrument": one.instrument,
        "title": instrument.title,
        "entities": list(instrument.entities),
        "what": one.what,
        "provisions": list(one.provisions),
        "mark": one.mark,
    }


def hit_view(one: Hit, corpus: Corpus) -> dict[str, Any]:
    """A provision that was found; ``marks`` are places in its statement."""
    return {
        **provision_view(one.provision, corpus),
        "title": corpus.instruments[one.provision.instrument].title,
        "score": one.score,
        "marks": [list(mark) for mark in one.marks],
    }


def brief_view(brief: Brief, corpus: Corpus) -> dict[str, Any]:
    """The brief as data."""
    return {
        "entities": list(brief.entities),
        "as_of": brief.as_of.isoformat(),
        "known_at": brief.known_at.isoformat() if brief.known_at else None,
        "corpus": corpus.version,
        "core": [_topic(one, corpus) for one in brief.core],
        "differences": [_topic(one, corpus) for one in brief.differences],
        "candidates": [
            {
                "objective": one.objective,
                "what": one.what,
                "why": list(one.why),
                "hindrances": list(one.hindrances),
                "sides": [_side(side) for side in one.sides],
            }
            for one in brief.candidates
        ],
        "unknowns": [
            {
                "domain": one.domain,
                "objective": one.objective,
                "entities": list(one.entities),
                "why": one.why,
            }
            for one in brief.unknowns
        ],
        "disagreements": [
            {
                "instrument": one.instrument,
                "about": one.conflict.about,
                "claims": [dict(claim._asdict()) for claim in one.conflict.claims],
                "held": one.conflict.held,
            }
            for one in brief.disagreements
        ],
        "five_differences": [difference_view(one) for one in brief.five],
        "provisions": [provision_view(corpus.provisions[name], corpus) for name in cited(brief)],
        "advice": ADVICE,
    }


def _topic(one: Topic, corpus: Corpus) -> dict[str, Any]:
    return {
        "objective": one.objective,
        "statement": corpus.objectives[one.objective].statement,
        "domain": one.domain,
        "same": one.same,
        "verdicts": list(one.verdicts),
        "mark": one.mark,
        "sides": [_side(side) for side in one.sides],
    }


def _side(side: Standpoint) -> dict[str, Any]:
    return {
        "entity": side.entity,
        "force": FORCE_WORDS[side.force] if side.force is not None else "",
        "provisions": list(side.provisions),
        "not_verified": list(side.unsure),
    }
