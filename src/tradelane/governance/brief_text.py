"""The interoperability brief as Markdown, every sentence with its provisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tradelane.governance.brief import Brief, Standpoint, Topic
from tradelane.governance.corpus import Corpus
from tradelane.governance.model import Provision
from tradelane.governance.sentences import five_lines
from tradelane.governance.strictness import FORCE_WORDS
from tradelane.governance.vocabulary import ADVICE, MARKS


def brief_markdown(brief: Brief, corpus: Corpus) -> str:
    """The brief as one text; the provisions that it names are listed at its end."""
    return "\n".join(_lines(brief, corpus)).rstrip() + "\n"


def _lines(brief: Brief, corpus: Corpus) -> Iterator[str]:
    names = ", ".join(corpus.entities[name].name for name in brief.entities)
    yield f"# Interoperability brief: {names}"
    yield ""
    known = f", as recorded by {brief.known_at.isoformat()}" if brief.known_at else ""
    yield f"What holds on {brief.as_of.isoformat()}{known}. Corpus {corpus.version}. {ADVICE}"
    yield ""
    yield "## Shared core"
    yield ""
    yield "What every one of them asks for, so that one answer can be prepared for all."
    yield ""
    yield from _topics(brief.core, corpus) if brief.core else ["Nothing is asked for by all.", ""]
    yield "## Differences that matter"
    yield ""
    yield from (
        _topics(brief.differences, corpus)
        if brief.differences
        else ["None is known between rules of law.", ""]
    )
    yield "## Candidates for mutual recognition"
    yield ""
    if not brief.candidates:
        yield "None: nothing that could be recognised is asked for by all."
        yield ""
    for one in brief.candidates:
        yield f"- **{one.what[0].upper()}{one.what[1:]}** ({one.objective}). {' '.join(one.why)}"
        for hindrance in one.hindrances:
            yield f"  - {hindrance}"
        yield f"  - {_sides(one.sides, corpus)}"
    yield ""
    yield "## The five differences"
    yield ""
    for line in five_lines(brief.five, corpus):
        yield f"- {line.strip()}"
    yield ""
    yield "## What is not known"
    yield ""
    if not brief.unknowns and not brief.disagreements:
        yield "Nothing that was looked at is unverified."
    for unknown in brief.unknowns:
        who = ", ".join(corpus.entities[name].called for name in unknown.entities)
        about = unknown.objective or corpus.domains[unknown.domain].title
        yield f"- {about}: {who}. {unknown.why}"
    for found in brief.disagreements:
        claims = "; ".join(f"{claim.says} ({claim.source})" for claim in found.conflict.claims)
        yield (
            f"- {found.instrument}: sources disagree on {found.conflict.about}: {claims}. "
            f"Held here: {found.conflict.held}."
        )
    yield ""
    yield "## Provisions"
    yield ""
    for name in cited(brief):
        yield _reference(corpus.provisions[name], corpus)


def cited(brief: Brief) -> list[str]:
    """Every provision that the brief rests on, in the order of their ids."""
    sides = [side for one in (*brief.core, *brief.differences) for side in one.sides]
    sides += [side for one in brief.candidates for side in one.sides]
    return sorted({name for side in sides for name in (*side.provisions, *side.unsure)})


def _reference(one: Provision, corpus: Corpus) -> str:
    place = f", {one.locator}" if one.locator else ""
    sources = "; ".join(corpus.sources[source].title for source in one.sources)
    title = corpus.instruments[one.instrument].title
    return f"- `{one.id}` {title}{place}: {one.statement} ({MARKS[one.mark]}: {sources})"


def _topics(topics: Iterable[Topic], corpus: Corpus) -> Iterator[str]:
    for one in topics:
        verdicts = ", ".join(dict.fromkeys(v.replace("_", " ") for v in one.verdicts))
        yield f"- **{corpus.objectives[one.objective].statement}** ({one.objective}; {verdicts})"
        yield f"  - {_sides(one.sides, corpus)}"
    yield ""


def _sides(sides: Iterable[Standpoint], corpus: Corpus) -> str:
    return "; ".join(_side(side, corpus) for side in sides)


def _side(side: Standpoint, corpus: Corpus) -> str:
    name = corpus.entities[side.entity].called
    if side.force is None:
        return f"{name}: nothing found"
    cited = ", ".join((*side.provisions, *(f"{one} (not verified)" for one in side.unsure)))
    return f"{name}: {FORCE_WORDS[side.force]} ({cited})"
