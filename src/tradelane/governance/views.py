"""What was found, as plain JSON values: for the API, ``--json`` and files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from tradelane.governance.comparing import OnDomain, Pair, Verdict
from tradelane.governance.corpus import Corpus
from tradelane.governance.differences import Difference
from tradelane.governance.model import Entity, Instrument, Provision, Source
from tradelane.governance.service import Comparison
from tradelane.governance.strictness import FORCE_WORDS
from tradelane.governance.vocabulary import ADVICE


def entity_view(one: Entity) -> dict[str, Any]:
    """An economy, place, forum or agreement."""
    return {
        "id": one.id,
        "kind": one.kind,
        "name": one.name,
        "short": one.called,
        "within": one.within,
        "number": one.number,
        "parties": list(one.parties),
    }


def source_view(one: Source) -> dict[str, Any]:
    """Where something was read."""
    return dict(one._asdict())


def provision_view(one: Provision, corpus: Corpus) -> dict[str, Any]:
    """A provision with its sources written out."""
    return {
        "id": one.id,
        "instrument": one.instrument,
        "entities": list(corpus.instruments[one.instrument].entities),
        "kind": one.kind,
        "domain": one.domain,
        "locator": one.locator,
        "actors": list(one.actors),
        "modality": one.modality,
        "when": str(one.when),
        "trigger": one.trigger,
        "statement": one.statement,
        "valid_from": one.valid_from.text if one.valid_from else "",
        "valid_to": one.valid_to.text if one.valid_to else "",
        "date_note": one.date_note,
        "objectives": [
            {"objective": m.objective, "relation": m.relation, "weak": m.weak}
            for m in one.objectives
        ],
        "mark": one.mark,
        "verified_on": one.verified_on,
        "sources": [source_view(corpus.sources[name]) for name in one.sources],
        "recorded_from": one.recorded_from.isoformat(),
        "note": one.note,
    }


def instrument_view(one: Instrument, as_of: dt.date, corpus: Corpus) -> dict[str, Any]:
    """An instrument with what it is on a day; its provisions are asked for apart."""
    state = one.state_on(as_of)
    return {
        "id": one.id,
        "entities": list(one.entities),
        "title": one.title,
        "original_title": one.original_title,
        "aliases": list(one.aliases),
        "number": one.number,
        "type": one.type,
        "form": one.form,
        "approach": one.approach,
        "sectors": list(one.sectors),
        "addressees": one.addressees,
        "scope": one.scope,
        "applies_abroad": one.applies_abroad,
        "as_of": as_of.isoformat(),
        "state": state.state if state else "",
        "standing": str(one.standing_on(as_of)),
        "states": [
            {
                "state": s.state,
                "from": s.since.text,
                "mark": s.mark,
                "source": s.source,
                "note": s.note,
            }
            for s in one.states
        ],
        "definition": dict(one.definition._asdict()),
        "authorities": [dict(a._asdict()) for a in one.authorities],
        "focus": list(one.focus),
        "tiers": [{**t._asdict(), "when": str(t.when)} for t in one.tiers],
        "versions": [
            {
                "label": v.label,
                "valid_from": v.valid_from.text if v.valid_from else "",
                "recorded": v.recorded.isoformat() if v.recorded else "",
            }
            for v in one.versions
        ],
        "supersedes": list(one.supersedes),
        "conflicts": [
            {"about": c.about, "claims": [dict(k._asdict()) for k in c.claims], "held": c.held}
            for c in one.conflicts
        ],
        "later": one.later,
        "verification": dict(one.verification._asdict()),
        "sources": [source_view(corpus.sources[name]) for name in one.sources],
    }


def comparison_view(found: Comparison, corpus: Corpus) -> dict[str, Any]:
    """A comparison; ``provisions`` holds every provision that a verdict names, once."""
    named: dict[str, None] = {}
    pairs = [_pair(one, named) for one in found.pairs]
    return {
        "entities": list(found.entities),
        "as_of": found.as_of.isoformat(),
        "known_at": found.known_at.isoformat() if found.known_at else None,
        "corpus": corpus.version,
        "pairs": pairs,
        "five_differences": [difference_view(one) for one in found.five],
        "provisions": [provision_view(corpus.provisions[name], corpus) for name in sorted(named)],
        "advice": ADVICE,
    }


def verdict_view(verdict: Verdict, named: dict[str, None] | None = None) -> dict[str, Any]:
    """A verdict with the ids of the provisions that made it (added to ``named``)."""
    if named is not None:
        for side in verdict.sides:
            named.update(dict.fromkeys((*side.provisions, *side.unsure, *side.looked)))
    return {
        "verdict": str(verdict.kind),
        "stricter": verdict.stricter,
        "silent": list(verdict.silent),
        "mark": verdict.mark,
        "sides": [
            {
                "entity": side.entity,
                "force": FORCE_WORDS[side.force] if side.force is not None else "",
                "provisions": list(side.provisions),
                "not_verified": list(side.unsure),
                "looked": list(side.looked),
            }
            for side in verdict.sides
        ],
    }


def difference_view(one: Difference) -> dict[str, Any]:
    """One of the five differences."""
    return {
        "field": one.field,
        "verdict": one.verdict,
        "sides": [
            {
                "entity": side.entity,
                "values": list(side.values),
                "instruments": list(side.instruments),
            }
            for side in one.sides
        ],
    }


def _pair(pair: Pair, named: dict[str, None]) -> dict[str, Any]:
    return {
        "entities": [pair.one, pair.other],
        "domains": [_domain(one, named) for one in pair.domains],
    }


def _domain(found: OnDomain, named: dict[str, None]) -> dict[str, Any]:
    return {
        "domain": found.domain,
        **verdict_view(found.verdict, named),
        "tally": tally(o.verdict for o in found.objectives),
        "objectives": [
            {"objective": o.objective, **verdict_view(o.verdict, named)} for o in found.objectives
        ],
    }


def tally(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How many verdicts there are of each kind."""
    found: dict[str, int] = {}
    for one in verdicts:
        found[str(one.kind)] = found.get(str(one.kind), 0) + 1
    return dict(sorted(found.items()))


def corpus_view(corpus: Corpus) -> dict[str, Any]:
    """Everything, as it stands in the pack."""
    today = max((p.recorded_from for p in corpus.provisions.values()), default=dt.date.min)
    return {
        "version": corpus.version,
        "digest": corpus.digest,
        "advice": ADVICE,
        "entities": [entity_view(one) for one in corpus.entities.values()],
        "domains": [dict(one._asdict()) for one in corpus.domains.values()],
        "objectives": [dict(one._asdict()) for one in corpus.objectives.values()],
        "instruments": [instrument_view(one, today, corpus) for one in corpus.instruments.values()],
        "provisions": [provision_view(one, corpus) for one in corpus.provisions.values()],
        "sources": [source_view(one) for one in corpus.sources.values()],
    }
