"""How little the declared codes of lines fit their descriptions, in the classifier's view.

Asking costs milliseconds a text, far more than all the rest of a score. So it is done where the
model of an order (or its challenger) learned from it, once for every text that comes again. A value
belongs to the moment of filing: it is kept in the ledger with the score that it went into, read
back from there, and never worked out again with what was learned later.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tradelane.classification.model import Likelihoods
from tradelane.journeys import entries
from tradelane.journeys.workshop import Workshop
from tradelane.kit.progress import Progress, silent
from tradelane.targeting.catalogue import TEXT_MISMATCH
from tradelane.trade.table import subject_of, subject_of_declaration

if TYPE_CHECKING:
    import polars as pl

    from tradelane.classification.engine import Engine
    from tradelane.classification.service import Classification
    from tradelane.declarations.model import Kept

SETTING = "text_against_code"
"""What the settings of a batch say: whether the classifier is asked of its lines. Batches that were
opened before there was such a setting did not ask."""
RANKS = 20
"""Codes among which the declared one is looked for."""
STEP = 512
REMEMBERED = 20_000
"""Texts whose answers are remembered: about 50 MB."""
LOOK_EVERY = 1.0
"""Seconds after which it is looked whether the classifier knows more than it did."""


class Told(NamedTuple):
    """What the classifier says of a line: how far another code is ahead of the declared one (0 fits
    best, to 1; None where the text says too little), and which subheading that is, "" for none."""

    mismatch: float | None
    code: str


NOTHING = Told(None, "")


def content_of(told: Told | None) -> dict[str, Any]:
    """What the ledger keeps beside the score; empty where nobody asked."""
    if told is None:
        return {}
    text = None if told.mismatch is None else f"{told.mismatch:.2f}"
    return {TEXT_MISMATCH: text, "text_code": told.code}


def told_in(body: Mapping[str, Any]) -> Told | None:
    """What a ledger entry keeps; None where nobody asked.

    >>> told_in(content_of(Told(0.62, "851762"))), told_in({"score": "0.1"})
    (Told(mismatch=0.62, code='851762'), None)
    """
    if TEXT_MISMATCH not in body:
        return None
    text = body[TEXT_MISMATCH]
    return Told(None if text is None else float(text), body["text_code"])


def mismatch(said: Likelihoods | None, code: str) -> Told:
    """How far another code is ahead of the declared one, for which half of its heading counts.

    >>> one = Likelihoods((("851762", 0.8),), (("8517", 0.8),))
    >>> mismatch(one, "8517620000")
    Told(mismatch=0.0, code='')
    >>> mismatch(one, "847130"), mismatch(one, "851713")
    (Told(mismatch=0.8, code='851762'), Told(mismatch=0.4, code='851762'))
    """
    if said is None:
        return NOTHING
    best, probability = said.codes[0]
    if code.startswith(best):
        return Told(0.0, "")
    mine = next((p for one, p in said.codes if one == code[:6]), 0.0)
    above = next((p for one, p in said.headings if one == code[:4]), 0.0)
    ahead = round(max(0.0, probability - max(mine, 0.5 * above)), 2)
    return Told(ahead, best if ahead else "")


class TextAgainstCode:
    """Asks the classifier; for one caller at a time.

    waits: whether it waits where there is more to know, for some seconds, until the engine is made
    anew; else what was known before answers in the meantime, so that nobody's declaration waits.
    """

    def __init__(self, classifier: Classification, *, waits: bool = True) -> None:
        self._classifier = classifier
        self._waits = waits
        self._engine: Engine | None = None
        self._looked = 0.0
        self._renewal: threading.Thread | None = None
        self._known: OrderedDict[str, Likelihoods | None] = OrderedDict()

    def prepare(self) -> None:
        """Have an engine: some seconds for the first."""
        self._current()

    def of(self, lines: Sequence[tuple[str, str]], progress: Progress = silent) -> list[Told]:
        """What is said of each (description, code), in order."""
        engine = self._current()
        wanted = sorted({text for text, _code in lines if text.strip()})
        known = {text: self._known[text] for text in wanted if text in self._known}
        new = [text for text in wanted if text not in known]
        for start in range(0, len(new), STEP):
            part = new[start : start + STEP]
            answers = self._classifier.likelihoods(part, limit=RANKS, engine=engine)
            known |= zip(part, answers, strict=True)
            progress("comparing descriptions with codes", start + len(part), len(new))
        self._remember(known)
        return [mismatch(known.get(text), code) for text, code in lines]

    def rows(self, rows: Sequence[dict[str, Any]]) -> list[Told]:
        """What is said of lines as `journeys.tables.scoring_rows` gives them; it is put into them,
        where `targeting.online.Online` reads it."""
        told = self.of([(row["description"], row["hs_code"]) for row in rows])
        put_into(rows, told)
        return told

    def table(self, table: pl.DataFrame, progress: Progress = silent) -> list[Told]:
        """What is said of the lines of a table, in order."""
        columns = (table[name].fill_null("") for name in ("description", "hs_code"))
        return self.of(list(zip(*columns, strict=True)), progress)

    def _current(self) -> Engine:
        now = time.monotonic()
        if self._engine is not None and now - self._looked < LOOK_EVERY:
            return self._engine
        self._looked = now
        engine = self._classifier.engine_at_hand
        if engine is None:
            engine = self._renewed()
        if engine is not self._engine:
            self._known.clear()
            self._engine = engine
        return engine

    def _renewed(self) -> Engine:
        if self._waits or self._engine is None:
            return self._classifier.engine
        if self._renewal is None or not self._renewal.is_alive():
            self._renewal = threading.Thread(target=self._renew, name="classifier", daemon=True)
            self._renewal.start()
        return self._engine

    def _renew(self) -> None:
        self._classifier.engine  # noqa: B018 -- made now, and at hand from then on

    def _remember(self, known: Mapping[str, Likelihoods | None]) -> None:
        for text, said in known.items():
            self._known[text] = said
            self._known.move_to_end(text)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def put_into(rows: Iterable[dict[str, Any]], told: Iterable[Told | None]) -> None:
    """Give lines as plain values what the classifier said of them."""
    for row, one in zip(rows, told, strict=True):
        row[TEXT_MISMATCH], row["text_code"] = one or NOTHING


def with_told(table: pl.DataFrame, told: Sequence[Told | None]) -> pl.DataFrame:
    """A table of lines with what the classifier said of them (None: nobody asked)."""
    import polars as pl

    found = [one or NOTHING for one in told]
    return table.with_columns(
        pl.Series(TEXT_MISMATCH, [one.mismatch for one in found], dtype=pl.Float64),
        pl.Series("text_code", [one.code for one in found], dtype=pl.String),
    )


# ---------------------------------------------------------------- what was kept


def kept_told(shop: Workshop, tx: Any, found: Collection[Kept]) -> list[Told | None]:
    """What was said of the lines of these versions when they were scored, line by line in order;
    None where nobody asked."""
    lines = [
        (subject_of(one.declaration, line), one.version)
        for one in found
        for line in one.declaration.lines
    ]
    if not any(batch.settings.get(SETTING) for batch in shop.declarations.batches(tx)):
        return [None] * len(lines)
    wholes = {subject_of_declaration(*one.declaration.key) for one in found}
    amended: dict[str, list[int]] = {}
    for stored in shop.ledger.find_many(tx, wholes, entries.AMENDED):
        amended.setdefault(stored.entry.subject, []).append(stored.index)
    known: dict[tuple[str, int], Told | None] = {}
    for stored in shop.ledger.find_many(tx, {subject for subject, _ in lines}, entries.SCORED):
        subject = stored.entry.subject
        before = amended.get(subject.rpartition("/")[0], ())
        version = 1 + bisect(before, stored.index)
        known[subject, version] = told_in(stored.entry.body)
    return [known.get(line) for line in lines]
