"""Amendments: provisions, states and cases that were added or corrected after the pack was made.

An amendment is plain JSON, as two persons agreed to it: ``values``, the cells of its row, and
``source``, the cells of a source of its own (or none). It is read by the readers of the corpus, so
that nothing comes in by this door that a file could not hold; what is wrong stands at its field.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tradelane.governance import cases
from tradelane.governance.cases import Case
from tradelane.governance.corpus import Corpus
from tradelane.governance.exporting import provision_cells
from tradelane.governance.model import Instrument, Provision, Source, State
from tradelane.governance.reading.cases import known_to, take_case
from tradelane.governance.reading.gathered import Gathered
from tradelane.governance.reading.places import Findings
from tradelane.governance.reading.provisions import HEADER, ProvisionReader
from tradelane.governance.reading.sources import HEADER as SOURCE_HEADER
from tradelane.governance.reading.sources import take as take_source
from tradelane.governance.reading.tables import Cells
from tradelane.governance.vocabulary import MARKS, STATES
from tradelane.kit import canonical
from tradelane.kit.errors import InputRefused, Problem

PROVISION_FIELDS = tuple(name for name in HEADER if name not in ("id", "recorded_from"))
STATE_FIELDS = ("instrument", "state", "from", "mark", "source", "note")
SOURCE_FIELDS = SOURCE_HEADER[1:]
FIELDS = {"provision": PROVISION_FIELDS, "state": STATE_FIELDS, "case": cases.FIELDS}
"""The cells of each kind of amendment."""
FIRST_NUMBER = 901
"""Provisions that people contribute are numbered from here on; a pack's own stay below."""

Cell = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Amendment:
    """What is added to a corpus.

    kind: ``provision``, ``state`` or ``case``; about: the id of the provision or case, or the
    instrument's; values: its cells by their names; source: the cells of its own source, whose id
    is ``source_id``, or None; recorded_from: the day from which it is known.
    """

    kind: str
    about: str
    values: Cell
    source: Cell | None
    source_id: str
    recorded_from: dt.date


class _AtFields(Findings):
    """Notes what is wrong at the field of a form instead of a line of a file."""

    def __init__(self, before: str = "") -> None:
        super().__init__(Path())
        self._before = before

    def row(
        self, code: str, message: str, file: str, line: int, column: str = "", hint: str = ""
    ) -> None:
        """A problem with one field."""
        said = message.split(": ", 1)[-1]
        said = said[:1].upper() + said[1:]
        self.problems.append(Problem(code, said, pointer=f"/{self._before}{column}", hint=hint))


# ---------------------------------------------------------------- what is there now


def provision_values(one: Provision, corpus: Corpus) -> dict[str, str]:
    """The cells of a provision by their names, without its id and when it was recorded."""
    cells = dict(zip(HEADER, provision_cells(one, corpus)[1:], strict=True))
    return {name: cells[name] for name in PROVISION_FIELDS}


def values_now(corpus: Corpus, kind: str, about: str) -> dict[str, str] | None:
    """The cells of a provision or case as it is at present; None where there is none."""
    if kind == "provision" and about in corpus.provisions:
        return provision_values(corpus.provisions[about], corpus)
    if kind == "case" and about in corpus.cases:
        return cases.cells_of(corpus.cases[about])
    return None


def digest_now(corpus: Corpus, kind: str, about: str) -> str:
    """What a provision, or an instrument's states, are known by at present; "" for nothing."""
    if kind != "state":
        found = values_now(corpus, kind, about)
        return "" if found is None else canonical.digest_of(found)
    return canonical.digest_of(
        [
            [s.state, s.since.text, s.mark, s.source, s.note]
            for s in corpus.instruments[about].states
        ]
    )


def next_id(corpus: Corpus, instrument: str) -> str:
    """The id of the next contributed provision of an instrument.

    Numbers are never used again, as nothing that was published goes away.
    """
    taken = [
        int(one.id.rpartition(".")[2])
        for one in corpus.by_instrument[instrument]
        if one.id.rpartition(".")[2].isdecimal()
    ]
    return f"{instrument}.{max([FIRST_NUMBER - 1, *taken]) + 1}"


# ---------------------------------------------------------------- reading


def settle(corpus: Corpus, amendment: Amendment) -> Amendment:
    """The amendment with its cells as the corpus writes them; InputRefused with everything that is
    wrong with it, each at its field."""
    found, problems = _read(corpus, amendment)
    if problems or found is None:
        raise InputRefused(problems)
    if isinstance(found, State):
        values = {name: amendment.values.get(name, "").strip() for name in STATE_FIELDS}
        return replace(amendment, values=values)
    values = cases.cells_of(found) if isinstance(found, Case) else provision_values(found, corpus)
    return replace(amendment, values=values | {"source": amendment.values.get("source", "")})


def _read(corpus: Corpus, one: Amendment) -> tuple[Provision | State | Case | None, list[Problem]]:
    if one.kind != "case" and one.values.get("instrument", "") not in corpus.instruments:
        given = one.values.get("instrument", "")
        found = Problem(
            "governance.unknown_instrument",
            f"There is no instrument {given!r}."
            if given
            else "It is not said of which instrument.",
            pointer="/instrument",
            hint="Search for it first, and begin from its page.",
        )
        return None, [found]
    gathered = Gathered(
        entities=dict(corpus.entities),
        domains=dict(corpus.domains),
        objectives=dict(corpus.objectives),
        facets=dict(corpus.facets),
        sources=dict(corpus.sources),
        instruments=dict(corpus.instruments),
    )
    problems = [] if one.source is None else _read_source(one, gathered)
    findings = _AtFields()
    if one.kind == "case":
        gathered.provisions.update(corpus.provisions)
        cells = {name: one.values.get(name, "").strip() for name in cases.FIELDS}
        row = {"id": one.about, **cells, "source": _source_names(one)}
        case = take_case(Cells(row, "", 0, findings), known_to(gathered))
        return case, [*findings.problems, *problems]
    if one.kind == "provision":
        _read_provision(one, gathered, findings)
        return gathered.provisions.get(one.about), [*findings.problems, *problems]
    state = _read_state(one, gathered, findings)
    return state, [*findings.problems, *problems]


def _source_names(one: Amendment) -> str:
    """The sources that the row names, with its own."""
    own = [] if one.source is None else [one.source_id]
    return " ".join(dict.fromkeys([*one.values.get("source", "").split(), *own]))


def _read_source(one: Amendment, gathered: Gathered) -> list[Problem]:
    assert one.source is not None
    findings = _AtFields("source_")
    cells = {name: one.source.get(name, "").strip() for name in SOURCE_FIELDS}
    take_source(Cells({"id": one.source_id, **cells}, "", 0, findings), gathered)
    return findings.problems


def _read_provision(one: Amendment, gathered: Gathered, findings: Findings) -> None:
    cells = {name: one.values.get(name, "").strip() for name in PROVISION_FIELDS}
    cells |= {
        "id": one.about,
        "recorded_from": one.recorded_from.isoformat(),
        "source": _source_names(one),
    }
    ProvisionReader(gathered, findings).take(
        Cells({name: cells[name] for name in HEADER}, "", 0, findings)
    )


def _read_state(one: Amendment, gathered: Gathered, findings: Findings) -> State | None:
    row = Cells({"id": one.about, **one.values, "source": _source_names(one)}, "", 0, findings)
    row.check("state", STATES)
    row.check("mark", MARKS)
    since = row.when("from", needed=True)
    name = row["source"].split()[:1]
    if not name or name[0] not in gathered.sources:
        row.wrong(
            "governance.missing_source",
            "there is no source.",
            "source",
            "Name a source of the corpus, or describe a new one.",
        )
    known = gathered.instruments[one.values["instrument"]].states
    if since is not None and any(
        (s.state, s.since.text) == (row["state"], since.text) for s in known
    ):
        row.wrong("contributions.same", "this state is there already.", "state")
    if findings.problems or since is None:
        return None
    return State(row["state"], since, row["mark"], name[0], row["note"])


# ---------------------------------------------------------------- applying


def amend(corpus: Corpus, amendments: Sequence[Amendment]) -> tuple[Corpus, list[Problem]]:
    """The corpus with some amendments, in their order, and those that no longer fit it.

    A provision that the pack itself recorded after the amendment stays as the pack has it.
    """
    provisions = dict(corpus.provisions)
    instruments = dict(corpus.instruments)
    sources = dict(corpus.sources)
    told = dict(corpus.cases)
    problems: list[Problem] = []
    applied: list[list[str]] = []
    for one in amendments:
        base = replace(corpus, provisions=provisions, instruments=instruments, sources=sources)
        found, wrong = _read(base, one)
        if found is None or wrong:
            problems.extend(replace(problem, pointer=f"/{one.about}") for problem in wrong)
            continue
        if isinstance(found, Provision):
            before = provisions.get(one.about)
            if before is not None and before.recorded_from > one.recorded_from:
                continue
            provisions[one.about] = found
        elif isinstance(found, Case):
            told[one.about] = found
        else:
            instrument = instruments[one.values["instrument"]]
            instruments[instrument.id] = _with_state(instrument, found)
        if one.source is not None:
            cells = [one.source.get(name, "").strip() for name in SOURCE_FIELDS]
            sources[one.source_id] = Source(one.source_id, *cells)
        applied.append([one.kind, one.about, one.recorded_from.isoformat(), one.source_id])
    if not applied:
        return corpus, problems
    amended = replace(
        corpus,
        digest=canonical.digest_of([corpus.digest, *applied]),
        version=f"{corpus.version}+{len(applied)}",
        provisions=provisions,
        instruments=instruments,
        sources=sources,
        cases=told,
    )
    return amended, problems


def _with_state(instrument: Instrument, state: State) -> Instrument:
    states = sorted([*instrument.states, state], key=lambda one: one.since.first)
    named = (*instrument.sources, state.source)
    return replace(
        instrument, states=tuple(states), sources=tuple(dict.fromkeys(filter(None, named)))
    )


def as_known(amendments: Iterable[Amendment], known_at: dt.date | None) -> list[Amendment]:
    """Those that were known on a day; all of them for None."""
    return [one for one in amendments if known_at is None or one.recorded_from <= known_at]


# ---------------------------------------------------------------- differences


def difference(before: Cell | None, after: Cell) -> list[tuple[str, str, str]]:
    """The fields that differ with what they say now and then, in the order of ``after``.

    >>> difference({"note": "", "mark": "primary"}, {"note": "x", "mark": "primary"})
    [('note', '', 'x')]
    """
    old = before or {}
    return [
        (name, old.get(name, ""), value)
        for name, value in after.items()
        if old.get(name, "") != value
    ]
