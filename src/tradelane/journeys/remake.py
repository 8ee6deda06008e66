"""Which decisions to replay, and how each of a line's entries is made again."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from tradelane.declarations.model import content_digest
from tradelane.duties.service import Duties
from tradelane.journeys import entries
from tradelane.journeys.inputs import kept_file, kept_pack
from tradelane.journeys.intake import balance_of, match_of
from tradelane.journeys.replay import ReplayReport, replay_lines
from tradelane.journeys.routing import Routing, find_routing
from tradelane.journeys.tables import scoring_rows, scoring_table
from tradelane.journeys.text_against_code import SETTING, Told, content_of, told_in, with_told
from tradelane.journeys.workshop import Workshop
from tradelane.kit.errors import InputRefused, IntegrityBroken, Problem, TradelaneError
from tradelane.kit.progress import Progress
from tradelane.ledger.model import Stored
from tradelane.targeting.service import Trained
from tradelane.trade.declaration import Declaration
from tradelane.trade.table import split_subject, subject_of

if TYPE_CHECKING:
    from tradelane.targeting.rules.matching import Match

_AT_ONCE = 256


def find_subjects(shop: Workshop, tx: Any, identifier: str) -> list[str]:
    """The lines that an identifier means: a line's id from decisions.csv, or a reference.

    Errors: InputRefused ``replay.unknown_id``, or ``replay.ambiguous`` when several declarants
    used the reference.
    """
    if shop.ledger.find(tx, identifier):
        return [identifier]
    found = shop.declarations.find_by_reference(tx, identifier)
    if len(found) > 1:
        ids = ", ".join(subject_of(k.declaration, k.declaration.lines[0]) for k in found[:5])
        raise InputRefused(
            Problem(
                "replay.ambiguous",
                f"{len(found)} declarants used the reference {identifier!r}.",
                hint=f"Give a line's id, for instance one of: {ids}.",
            )
        )
    if not found:
        raise InputRefused(
            Problem(
                "replay.unknown_id",
                f"Nothing in this workspace is called {identifier!r}.",
                hint="Give a declaration_id or an id from decisions.csv, and the right --home.",
            )
        )
    return [subject_of(found[0].declaration, line) for line in found[0].declaration.lines]


def replay(
    shop: Workshop, identifier: str | None, sample: int | None, progress: Progress
) -> ReplayReport:
    """Replay the lines of ``identifier``, or ``sample`` lines spread over the ledger, or all."""
    with shop.database.read() as tx:
        remake = Remake(shop, tx)
        if identifier is not None:
            subjects = find_subjects(shop, tx, identifier)
            return replay_lines(subjects, remake, progress, len(subjects))
        size = shop.ledger.size(tx)
        step = max(1, size // (sample * 5)) if sample else 1
        chosen = _ahead(_routed(shop, tx, size, step, sample), remake)
        return replay_lines(chosen, remake, progress, sample)


def _ahead(subjects: Iterator[str], remake: Remake) -> Iterator[str]:
    """The subjects, prepared some hundred at a time."""
    while some := list(itertools.islice(subjects, _AT_ONCE)):
        remake.prepare(some)
        yield from some


def _routed(shop: Workshop, tx: Any, size: int, step: int, most: int | None) -> Iterator[str]:
    """Lines that were routed: every one, or about ``most`` spread over the ledger."""
    if most is None:
        for stored in shop.ledger.entries(tx):
            if stored.entry.kind == entries.ROUTED:
                yield stored.entry.subject
        return
    seen: set[str] = set()
    for index in range(0, size, step):
        subject = shop.ledger.get(tx, index).entry.subject
        if len(seen) == most:
            return
        if subject not in seen and shop.ledger.find(tx, subject, entries.ROUTED):
            seen.add(subject)
            yield subject


class _Case(NamedTuple):
    """A line's recorded decisions and what they were made from; ``at`` is its place."""

    subject: str
    recorded: dict[str, Stored]
    batch: str
    settings: dict[str, Any]
    declaration: Declaration
    at: int

    @property
    def told(self) -> Told | None:
        """What the classifier said of the line then; it is taken as it was recorded."""
        asked = self.settings.get(SETTING)
        return told_in(self.recorded[entries.SCORED].entry.body) if asked else None


class _Scoring(NamedTuple):
    """What a line's score depends on beside the line."""

    pack: str
    rates: str
    model: str
    balance: float | None

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> _Scoring:
        """What the settings of a batch say."""
        return cls(settings["pack"], settings["rates"], settings["model"], balance_of(settings))


class Remake:
    """Makes the entries of a line again from what the ledger names by digest."""

    def __init__(self, shop: Workshop, tx: Any) -> None:
        self._shop = shop
        self._tx = tx
        self._opened = lru_cache(64)(self._read_opened)
        self._routing = lru_cache(64)(self._read_routing)
        self._match = lru_cache(4)(self._load_match)
        self._duties = lru_cache(8)(self._load_duties)
        self._trained = lru_cache(4)(self._load_trained)
        self._cases: dict[str, _Case] = {}
        self._rows: dict[tuple[_Scoring, str], dict[str, Any]] = {}

    def prepare(self, subjects: Sequence[str]) -> None:
        """Score the lines of many subjects at once, which is most of the work of a replay.

        A row depends on its line and the model alone, so it comes out as it would by itself. What
        cannot be prepared is left to its own replay, which says what is wrong.
        """
        self._cases, self._rows = {}, {}
        groups: dict[_Scoring, list[_Case]] = {}
        for subject in subjects:
            with contextlib.suppress(TradelaneError):
                case = self._cases[subject] = self._case(subject)
                groups.setdefault(_Scoring.of(case.settings), []).append(case)
        for made_with, cases in groups.items():
            with contextlib.suppress(TradelaneError):
                self._score(made_with, cases)

    def __call__(self, subject: str) -> Iterator[tuple[str, int, bytes, bytes]]:
        case = self._cases.pop(subject) if subject in self._cases else self._case(subject)
        _, recorded, batch, settings, declaration, at = case
        duties = self._duties(settings["pack"], settings["rates"])
        assessment = duties.assess(declaration)[at]
        trained = self._trained(settings["model"])
        made_with = _Scoring.of(settings)
        if (made_with, subject) not in self._rows:
            self._score(made_with, [case])
        row = self._rows[made_with, subject]
        match = self._match(settings.get("rules", ""))
        hits = () if match is None else match(scoring_rows([declaration], duties)[at])
        routing, office = self._routing(batch), declaration.office
        lane = routing.route(office, row, entries.needs_person(assessment), hits)
        code = declaration.lines[at].hs_code
        bodies = {
            entries.ASSESSED: entries.assessed_body(batch, duties.digest, code, assessment),
            entries.SCORED: entries.scored_body(
                batch, trained.ref.digest, row, content_of(case.told)
            ),
            entries.ROUTED: routing.body_of(batch, office, row, lane, hits),
        }
        for kind, body in bodies.items():
            stored = recorded[kind]
            again = entries.entry(stored.entry.at, kind, subject, body)[2]
            yield kind, stored.index, stored.data, again

    def _case(self, subject: str) -> _Case:
        recorded = {
            stored.entry.kind: stored
            for stored in self._shop.ledger.find(self._tx, subject)
            if stored.entry.kind in entries.DECISIONS
        }
        missing = [kind for kind in entries.DECISIONS if kind not in recorded]
        if missing:
            raise _not_decided(subject, " and no ".join(missing))
        batch = recorded[entries.ROUTED].entry.body["batch"]
        settings = self._opened(batch)
        decided_at = min(stored.index for stored in recorded.values())
        declaration, number = self._declaration(subject, decided_at)
        numbers = [line.number for line in declaration.lines]
        return _Case(subject, recorded, batch, settings, declaration, numbers.index(number))

    def _score(self, made_with: _Scoring, cases: list[_Case]) -> None:
        """Score the lines of these cases; other lines of their declarations are left out, because
        what was said of them is not at hand."""
        declarations = {case.declaration.key: case.declaration for case in cases}
        duties = self._duties(made_with.pack, made_with.rates)
        table = scoring_table(list(declarations.values()), duties)
        told = {case.subject: case.told for case in cases}
        table = table.filter(table["subject"].is_in(list(told)))
        table = with_told(table, [told[subject] for subject in table["subject"]])
        trained = self._trained(made_with.model)
        rows = self._shop.targeting.score(trained, table, balance=made_with.balance)
        self._rows |= {(made_with, row["subject"]): row for row in rows.iter_rows(named=True)}

    def _declaration(self, subject: str, before: int) -> tuple[Declaration, int]:
        """The declaration as it stood when it was decided: the version that was received or
        amended last before that entry, whose content's digest is in the ledger."""
        declarant, reference, number = split_subject(subject)
        whole = subject.rpartition("/")[0]
        stood = [
            stored.entry.body["content"]
            for stored in self._shop.ledger.find(self._tx, whole)
            if stored.entry.kind in (entries.RECEIVED, entries.AMENDED) and stored.index < before
        ]
        if not stood:
            raise _not_decided(whole, entries.RECEIVED)
        expected = stood[-1]
        for kept in self._shop.declarations.versions(self._tx, declarant, reference):
            if content_digest(kept.declaration) == expected:
                return kept.declaration, number
        raise IntegrityBroken(
            Problem(
                "replay.declaration_changed",
                f"No kept version of {reference!r} has the content that was received: expected "
                f"{expected}.",
                hint="The stored declaration was changed outside Tradelane; restore a backup.",
            )
        )

    def _read_opened(self, batch: str) -> dict[str, Any]:
        return _body(self._one(f"batch/{batch}", entries.BATCH_OPENED), "settings")

    def _read_routing(self, batch: str) -> Routing:
        found = find_routing(self._shop, self._tx, batch)
        if found is None:
            raise _not_decided(f"batch/{batch}", entries.BATCH_RANKED)
        return found

    def _load_match(self, rules: str) -> Match | None:
        return match_of(self._shop, {"rules": rules})

    def _one(self, subject: str, kind: str) -> Stored:
        found = self._shop.ledger.find(self._tx, subject, kind)
        if not found:
            raise _not_decided(subject, kind)
        return found[0]

    def _load_duties(self, pack: str, rates: str) -> Duties:
        home = self._shop.home
        return self._shop.duties(kept_pack(home, pack), kept_file(home, rates) if rates else None)

    def _load_trained(self, model: str) -> Trained:
        return self._shop.targeting.load(model)


def _not_decided(subject: str, missing: str) -> TradelaneError:
    return TradelaneError(
        Problem(
            "replay.not_decided",
            f"{subject!r} has no {missing} in the ledger.",
            hint="Only a line of a batch that was cleared to its end can be replayed; where one "
            "was, `tradelane ledger verify` says what was changed.",
        )
    )


def _body(stored: Stored, name: str) -> dict[str, Any]:
    found: dict[str, Any] = stored.entry.body[name]
    return found
