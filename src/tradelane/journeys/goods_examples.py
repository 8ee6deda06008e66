"""Examples for classification: read from a file, corrected by officers, agreed to by two persons.

A correction says "this description belongs to that code". When a second person agrees it is an
example of the administration's own, kept in the same transaction as the agreement's ledger entry.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from tradelane.approvals.model import Proposal
from tradelane.classification import reading
from tradelane.classification.library import Library
from tradelane.classification.model import Example, Fit, Source, Suggestion
from tradelane.classification.reading import Row
from tradelane.classification.words import key, words
from tradelane.journeys import approving, entries
from tradelane.journeys.workshop import Workshop
from tradelane.kit.canonical import digest, encode
from tradelane.kit.clock import stamp
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.kit.plaintext import clean_line
from tradelane.nomenclature import Nomenclature
from tradelane.trade.hscode import parse_code, show_code

KIND = "goods_example"
"""What corrections are called in `approvals`."""
OFFICERS = "officers of this administration"
"""The source of what two persons agreed to."""
OFFICERS_LICENCE = "internal to this administration"

MOST_ROWS = 50_000
MOST_BYTES = 12 << 20
LONGEST = 2_000

SURE = 0.7
"""The probability from which another code is said to fit better than the declared one."""
UNLIKELY = 0.1
"""The probability under which the declared code must be for that."""


class ExampleStore(Protocol):
    """What is kept of sources and examples (`classification.store`)."""

    def touch(self, tx: Any, source: Source) -> int: ...
    def keys(self, tx: Any, source: str) -> dict[tuple[str, str], tuple[str, str]]: ...
    def add(self, tx: Any, rows: Sequence[Sequence[Any]]) -> None: ...


class Shop(Workshop, Protocol):
    """A workshop with the nomenclature."""

    @property
    def nomenclature(self) -> Nomenclature: ...


# ---------------------------------------------------------------- a file of examples


def read_file(data: bytes) -> list[Row]:
    """The examples of an uploaded CSV. Errors: InputRefused ``classification.example_file`` and
    those of `classification.reading.rows`, which names the lines."""
    wrong = ""
    if not data:
        wrong = "Choose a file first."
    elif len(data) > MOST_BYTES:
        wrong = f"The file is larger than {MOST_BYTES >> 20} MB."
    rows: list[Row] = []
    if not wrong:
        with tempfile.TemporaryDirectory(prefix="tradelane-") as folder:
            path = Path(folder) / "examples.csv"
            path.write_bytes(data)
            try:
                rows = list(islice(reading.rows(path), MOST_ROWS + 1))
            except csv.Error as error:
                wrong = f"The file is no CSV: {error}."
        if len(rows) > MOST_ROWS:
            wrong = f"The file has more than {MOST_ROWS:,} examples."
    if wrong or not rows:
        raise InputRefused(
            Problem(
                "classification.example_file",
                wrong or "The file has no examples.",
                pointer="/file",
                hint="A CSV in UTF-8: text,code[,date,status,source].",
            )
        )
    return rows


def teach(
    shop: Workshop, library: Library, rows: Sequence[Row], name: str, licence: str, by: str
) -> dict[str, int]:
    """Keep examples under ``name``, or where that is empty under each row's own source; for each
    source how many were new. The ledger has who did it, and the digest of what was sent.

    Errors: InputRefused ``classification.example_source`` and those of `Library.add`.
    """
    name, licence = clean_line(name), clean_line(licence)[:500]
    wrong, pointer = "", "/name"
    if not licence:
        wrong, pointer = "A source has a licence under which it may be used.", "/licence"
    elif OFFICERS in (name, *(row.source for row in rows)):
        wrong = f"{OFFICERS!r} holds what two persons agreed to, nothing else."
    elif not name and not all(row.source for row in rows):
        wrong = "A source has a name: here, or in every line."
    if wrong:
        raise InputRefused(
            Problem(
                "classification.example_source",
                wrong,
                pointer=pointer,
                hint="For example: own rulings; internal.",
            )
        )
    new = library.add(rows, name, licence)
    at = stamp(shop.clock.now())
    sent = digest(encode([[r.text, r.code, r.date, r.revoked, r.source] for r in rows]))
    body = {"by": by, "licence": licence, "rows": len(rows), "new": new, "digest": sent}
    told = entries.entry(at, entries.EXAMPLES_ADDED, "goods/examples", body)
    shop.database.write(lambda tx: shop.ledger.record(tx, [told]))
    return new


def _keep(shop: Workshop, store: ExampleStore, tx: Any, text: str, code: str) -> None:
    """An example of the administration's own, in a transaction that holds more."""
    now = stamp(shop.clock.now())
    store.touch(tx, Source(OFFICERS, "examples", OFFICERS_LICENCE, now, now))
    key_of = text_key(text)
    if (key_of, code) not in store.keys(tx, OFFICERS):
        store.add(tx, [(OFFICERS, text, key_of, code, now[:10], "")])


def text_key(text: str) -> str:
    """What two spellings of a description share, as `classification.library` keeps it."""
    return digest(key(text).encode()).removeprefix("sha256:")


def conflicts(examples: Iterable[Example], most: int = 50) -> list[tuple[Example, Example]]:
    """Pairs of examples that count, say the same and name other subheadings, the first found."""
    first: dict[str, Example] = {}
    found: list[tuple[Example, Example]] = []
    for one in examples:
        if one.revoked_on:
            continue
        other = first.setdefault(" ".join(one.text.casefold().split()), one)
        size = min(len(other.code), len(one.code), 6)
        if other.code[:size] != one.code[:size]:
            found.append((other, one))
            if len(found) >= most:
                break
    return found


# ---------------------------------------------------------------- how a declared code fits


def fit(suggestion: Suggestion, declared: str) -> Fit | None:
    """What fits a description better than the declared code; None where that is not sure enough.

    >>> from tradelane.classification.model import Ranked
    >>> one = Ranked("851762", "subheading", 0.8, "Machines for transmission")
    >>> found = fit(Suggestion("wireless router", "code", (one,)), "8471300000")
    >>> found.sentence
    'Declared 8471.30; the description fits 8517.62 better.'
    >>> fit(Suggestion("wireless router", "code", (one,)), "85176290") is None
    True
    """
    best = suggestion.best
    if best is None or best.probability < SURE or declared.startswith(best.code):
        return None
    size = len(best.code)
    pool = suggestion.ranked if size == 6 else suggestion.headings
    own = next((r.probability for r in pool if r.code == declared[:size]), 0.0)
    if own >= UNLIKELY:
        return None
    asked = words(suggestion.text)
    there = frozenset(words(" ".join(wording for _code, wording in best.path[1:])))
    matched = list(dict.fromkeys(word for word in asked if word in there))
    lead = best
    if size == 4:
        lead = next((r for r in suggestion.ranked if r.code.startswith(best.code)), best)
    first = "" if lead is best else f" (first of all {show_code(lead.code)})"
    said = " ".join(lead.reasons[:2]).rstrip(".")
    if not said and matched:
        said = f"its wording has: {', '.join(matched[:6])}"
    why = f", because: {said}" if said else ""
    sentence = (
        f"Declared {show_code(declared[:6])}; "
        f"the description fits {show_code(best.code)} better{first}{why}."
    )
    return Fit(declared, 1.0 - own, sentence, own, best, suggestion)


# ---------------------------------------------------------------- two persons


def propose(
    shop: Shop, text: str, code: str, seen: Mapping[str, Any], by: str, reason: str
) -> Proposal:
    """Propose that a description belongs to a code. ``seen``: where it was met: ``declared`` (the
    code), ``where`` (the line), ``case`` (its number) and ``office``.

    Errors: InputRefused ``classification.correction_text``, ``classification.correction_code``,
    ``approvals.reason_missing``.
    """
    text = clean_line(text)[:LONGEST]
    bare = parse_code(code)
    problems = []
    if not words(text):
        problems.append(
            Problem(
                "classification.correction_text",
                "There is no description to learn from.",
                pointer="/text",
                hint="Write what the goods are, without names of people or firms.",
            )
        )
    if bare is None or len(bare) < 6 or shop.nomenclature.find(bare[:6]) is None:
        problems.append(
            Problem(
                "classification.correction_code",
                f"{code[:40]!r} is not a subheading of the Harmonized System 2022.",
                pointer="/code",
                hint="Six digits, for example 8517.62.",
            )
        )
    if problems or bare is None:
        raise InputRefused(problems)
    content = {**seen, "text": text, "code": bare[:6]}
    subject = f"goods/{text_key(text)[:16]}"

    def write(tx: Any) -> Proposal:
        return approving.propose(shop, tx, KIND, subject, content, by, reason)

    return shop.database.write(write)


def get_proposal(shop: Workshop, tx: Any, proposal_id: int) -> Proposal:
    """The proposed correction; raises TradelaneError ``approvals.unknown``."""
    found = shop.approvals.get(tx, proposal_id)
    if found.kind != KIND:
        raise TradelaneError(
            Problem("approvals.unknown", f"There is no proposal {proposal_id} of a correction.")
        )
    return found


def agree(shop: Workshop, store: ExampleStore, proposal_id: int, by: str, seen: str) -> Proposal:
    """A second person agrees to what they have ``seen`` (its digest), and the example is kept:
    both or neither. Errors: those of `Approvals.agree`."""

    def write(tx: Any) -> Proposal:
        found = get_proposal(shop, tx, proposal_id)
        agreed = approving.agree(shop, tx, proposal_id, by, seen)
        _keep(shop, store, tx, found.content["text"], found.content["code"])
        return agreed

    return shop.database.write(write)


def decline(shop: Workshop, proposal_id: int, by: str, remark: str) -> Proposal:
    """A second person says no, and why. Errors: those of `Approvals.decline`."""

    def write(tx: Any) -> Proposal:
        get_proposal(shop, tx, proposal_id)
        return approving.decline(shop, tx, proposal_id, by, remark)

    return shop.database.write(write)


def withdraw(shop: Workshop, proposal_id: int, by: str) -> Proposal:
    """Whoever proposed it takes it back. Errors: those of `Approvals.withdraw`."""

    def write(tx: Any) -> Proposal:
        get_proposal(shop, tx, proposal_id)
        return approving.withdraw(shop, tx, proposal_id, by)

    return shop.database.write(write)
