"""What was found, in sentences for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from tradelane.governance.applying import Applicability, Caught
from tradelane.governance.changes import Change, ChangeKind
from tradelane.governance.comparing import Kind, OnDomain, OnObjective, Pair, Verdict
from tradelane.governance.corpus import Corpus
from tradelane.governance.differences import Difference
from tradelane.governance.effects import EFFECT_WORDS, effect_word
from tradelane.governance.model import Instrument, Provision, Standing
from tradelane.governance.searching import Hit
from tradelane.governance.sides import Side
from tradelane.governance.strictness import FORCE_WORDS
from tradelane.governance.vocabulary import ADVICE, MARKS, STANDING

KIND_WORDS = {
    Kind.SAME: "same",
    Kind.STRICTER: "stricter",
    Kind.DIFFERENT: "different",
    Kind.SILENT: "silent",
    Kind.CONFLICTING: "conflicting",
    Kind.NOT_VERIFIED: "not verified",
}
_FIVE = {
    "definition": "Definition of AI",
    "form": "Legal form",
    "approach": "Approach",
    "authority": "Authority",
    "focus": "Focus areas",
}
_MODALITIES = {
    "must": "must",
    "must_not": "must not",
    "should": "should",
    "should_not": "should not",
    "may": "may",
    "none": "",
}


def provision_line(provision: Provision) -> str:
    """A provision with its place and mark, on one line."""
    place = f" ({provision.locator})" if provision.locator else ""
    return f"{provision.id}{place}: {provision.statement} [{MARKS[provision.mark]}]"


def verdict_sentence(verdict: Verdict, corpus: Corpus) -> str:
    """A verdict in a sentence, without its provisions.

    Names are the short ones of the corpus.
    """
    names = [corpus.entities[side.entity].called for side in verdict.sides]
    one, other = names
    kind = verdict.kind
    if kind is Kind.SAME:
        return f"Same: {one} and {other} ask for the same."
    if kind is Kind.STRICTER:
        leader = corpus.entities[verdict.stricter].called
        return f"{leader} is stricter: {_forces(verdict.sides, names)}."
    if kind is Kind.CONFLICTING:
        return f"Conflicting: what {one} asks for and what {other} does cannot both be."
    if kind is Kind.NOT_VERIFIED:
        return f"Not verified: {_unread(verdict, names)}."
    if kind is Kind.SILENT:
        silent = [corpus.entities[name].called for name in verdict.silent]
        if all(side.force is None for side in verdict.sides):
            return f"Silent: nothing was found for {' and '.join(silent)}."
        return f"{silent[0]} is silent: {_forces(verdict.sides, names)}."
    forces = {side.force for side in verdict.sides}
    if len(forces) == 1:
        return f"Different: as firm in {one} as in {other}, in other parts or for other products."
    return f"Different: {_forces(verdict.sides, names)}, in other parts or for other products."


def pair_lines(pair: Pair, corpus: Corpus) -> Iterator[str]:
    """Two entities compared, domain by domain, with the provisions that decide."""
    for found in pair.domains:
        yield ""
        yield f"{corpus.domains[found.domain].title}: {verdict_sentence(found.verdict, corpus)}"
        yield from _domain_lines(found, corpus)


def five_lines(five: Iterable[Difference], corpus: Corpus) -> Iterator[str]:
    """The five differences, one a line."""
    for one in five:
        sides = "; ".join(
            f"{corpus.entities[side.entity].called}: "
            + (", ".join(value.replace("_", " ") for value in side.values) or "nothing in force")
            for side in one.sides
        )
        yield f"  {_FIVE[one.field]}: {one.verdict.replace('_', ' ')}. {sides}."


def instrument_lines(
    one: Instrument, standing: Standing, holding: Iterable[Provision], corpus: Corpus
) -> Iterator[str]:
    """An instrument on a day, with the provisions that hold."""
    names = " and ".join(corpus.entities[name].called for name in one.entities)
    yield f"{one.id}  {one.title}"
    if one.aliases:
        yield f"  Also called: {'; '.join(one.aliases)}."
    yield f"  {names}; {one.type}; {one.approach}; {STANDING[standing]}."
    for state in one.states:
        note = f" ({state.note})" if state.note else ""
        words = state.state.replace("_", " ")
        yield f"  {state.since.text}: {words}{note} [{MARKS[state.mark]}]"
    if one.definition.text or one.definition.origin != "none":
        words = one.definition.text or "not quoted here"
        origin = one.definition.origin.replace("_", " ")
        yield f"  AI is defined ({origin}): {words} [{MARKS[one.definition.mark]}]"
    for authority in one.authorities:
        yield f"  Authority: {authority.name} ({authority.kind.replace('_', ' ')})."
    for tier in one.tiers:
        yield f"  Tier {tier.id}: {tier.name}."
    for conflict in one.conflicts:
        claims = " / ".join(f"{claim.says} ({claim.source})" for claim in conflict.claims)
        yield f"  Sources disagree on {conflict.about}: {claims}. Held here: {conflict.held}."
    if one.later:
        yield f"  Later: {one.later}"
    read = one.verification
    note = f" ({read.note})" if read.note else ""
    yield f"  Verified: {MARKS[read.mark]}, {read.read_on}{note}."
    yield ""
    for provision in holding:
        yield f"  {provision_line(provision)}"
        who = ", ".join(actor.replace("_", " ") for actor in provision.actors)
        said = _MODALITIES[provision.modality]
        when = f" If: {provision.when}." if not provision.when.empty else ""
        trigger = f" {provision.trigger}" if provision.trigger else ""
        yield f"      {provision.domain}; {who} {said}".rstrip() + f".{when}{trigger}"
    yield ""
    yield ADVICE


def applies_lines(found: Applicability, corpus: Corpus) -> Iterator[str]:
    """What applies to a product, economy by economy."""
    yield f"What holds on {found.as_of.isoformat()} for the product as described. {ADVICE}"
    for one in found.economies:
        yield ""
        yield corpus.entities[one.economy].name
        if one.nothing:
            yield "  No provisions found. What was looked at:"
            for name in one.looked:
                yield f"    {provision_line(corpus.provisions[name])}"
            if not one.looked:
                yield "    nothing yet: this economy has not been read."
        for title, many in (("Applies:", one.applies), ("Ask first:", one.asks)):
            if many:
                yield f"  {title}"
                yield from _by_effect(many, corpus)
        if one.coming:
            yield "  Comes later:"
            for caught in one.coming:
                yield f"    from {caught.begins}: {_caught_line(caught, corpus)}"
        if one.nots:
            yield f"  {len(one.nots)} more provisions hold and are not for this product."
    if len(found.economies) > 1:
        yield ""
        yield "The same everywhere, so it need be done once:"
        for shared in found.everywhere:
            sure = "" if shared.certain else " (if what must be asked is so)"
            names = "; ".join(
                f"{economy}: {', '.join(provisions)}" for economy, provisions in shared.provisions
            )
            statement = corpus.objectives[shared.objective].statement
            yield f"  {shared.objective} {statement}{sure} {names}"
        if not found.everywhere:
            yield "  Nothing is asked for by all of them."
    if found.to_ask:
        facts = ", ".join(f"{fact} ({count})" for fact, count in found.to_ask)
        yield ""
        yield f"Say these facts to settle what must be asked (provisions): {facts}."


def _by_effect(many: Iterable[Caught], corpus: Corpus) -> Iterator[str]:
    for effect, group in groupby(many, key=lambda caught: caught.effect):
        yield f"    {EFFECT_WORDS[effect].capitalize()}:"
        for caught in group:
            yield f"      {_caught_line(caught, corpus)}"


def _caught_line(caught: Caught, corpus: Corpus) -> str:
    provision = corpus.provisions[caught.provision]
    notes = [effect_word(caught.effect, caught.force)]
    if not caught.yours:
        notes.append(f"on the {', '.join(provision.actors)}".replace("_", " "))
    if caught.place:
        notes.append(f"only in {corpus.entities[caught.place].called}")
    asked = [provision.trigger if fact == "trigger" else fact for fact in caught.unknown]
    ask = f" Ask: {'; '.join(asked)}." if asked else ""
    return f"{provision_line(provision)} ({'; '.join(notes)}){ask}"


def hit_lines(hit: Hit, corpus: Corpus) -> Iterator[str]:
    """A provision that was found, with the words that were found in *stars*."""
    provision = hit.provision
    text = provision.statement
    for start, end in reversed(hit.marks):
        text = f"{text[:start]}*{text[start:end]}*{text[end:]}"
    place = f", {provision.locator}" if provision.locator else ""
    title = corpus.instruments[provision.instrument].title
    yield f"{provision.id}  {text}"
    yield f"    {title}{place}; {provision.domain} [{MARKS[provision.mark]}]"


def change_line(one: Change, corpus: Corpus) -> str:
    """Something that happened, on one line."""
    instrument = corpus.instruments[one.instrument]
    if one.kind is ChangeKind.STATE:
        said = f"{instrument.title} ({one.instrument}): {one.what.replace('_', ' ')}"
    elif one.kind is ChangeKind.RECORDED:
        count = len(one.provisions)
        said = f"{one.instrument}: {count} record{'s' if count > 1 else ''} added"
    else:
        name = one.provisions[0]
        said = f"{name} {one.what}: {corpus.provisions[name].statement}"
    return f"{one.date:<10}  {said} [{MARKS[one.mark]}]"


def _domain_lines(found: OnDomain, corpus: Corpus) -> Iterator[str]:
    for one in found.objectives:
        yield f"  {_subject(one, corpus)} {verdict_sentence(one.verdict, corpus)}"
        for side in one.verdict.sides:
            for name in side.provisions:
                yield f"      {provision_line(corpus.provisions[name])}"
            for name in side.unsure:
                line = provision_line(corpus.provisions[name])
                yield f"      {line} (not certain that it holds)"
    if not found.objectives:
        for side in found.verdict.sides:
            for name in side.looked:
                yield f"      {provision_line(corpus.provisions[name])}"


def _subject(one: OnObjective, corpus: Corpus) -> str:
    if not one.objective:
        return "Beyond the objectives:"
    return f"{one.objective} ({corpus.objectives[one.objective].statement})"


def _forces(sides: Iterable[Side], names: Iterable[str]) -> str:
    return ", ".join(
        f"{name}: {FORCE_WORDS[side.force] if side.force is not None else 'nothing'}"
        for side, name in zip(sides, names)
    )


def _unread(verdict: Verdict, names: list[str]) -> str:
    blind, doubtful = (
        " and ".join(dict.fromkeys(name for side, name in zip(verdict.sides, names) if test(side)))
        for test in (_is_blind, _is_doubtful)
    )
    said = [f"nothing about it was read for {blind}"] if blind else []
    if doubtful or not blind:
        said.append(f"what {doubtful or ' and '.join(names)} asks for is not certain")
    return ", and ".join(said)


def _is_blind(side: Side) -> bool:
    return side.force is None and not side.looked


def _is_doubtful(side: Side) -> bool:
    return bool(side.unsure)
