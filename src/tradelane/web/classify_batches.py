"""Many descriptions at once: kept as a folder beside the database, worked through in a thread.

What is done is seen from the files themselves, so that the page can be closed and come back to. A
batch that a restart interrupted is begun again as soon as its owner looks. A batch is its owner's,
for seven days.
"""

from __future__ import annotations

import csv
import io
import json
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

from tradelane.classification.batches import COLUMNS, classify_file
from tradelane.classification.model import CODE, DECISIONS
from tradelane.journeys.record import NotFound
from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.plaintext import clean_line
from tradelane.kit.spreadsheet import safe_cell
from tradelane.web.classifier import Classifier

FOLDER = "descriptions"
MOST_LINES = 5_000
MOST_BYTES = 8 << 20
LONGEST = 2_000
DAYS = 7
SIGN_EVERY = 5.0
"""Seconds between two signs of life of a batch that waits its turn or is worked on."""
QUIET = 30.0
"""Seconds without a sign of life after which a batch is begun again, unless this process has it."""
TEXT_COLUMNS = ("text", "description", "goods", "goods_description")
_ID = re.compile(r"[0-9a-f]{16}")
_ONE_AT_A_TIME = threading.Lock()
_HERE: set[str] = set()
"""What this process works on, or has waiting."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Descriptions that somebody wants codes for. state: running, done or failed; counts: decision
    to how many lines; note: why it failed."""

    id: str
    owner: int
    title: str
    at: str
    lines: int
    done: int = 0
    state: str = "running"
    counts: tuple[tuple[str, int], ...] = ()
    note: str = ""
    quiet: bool = False

    def count(self, decision: str) -> int:
        """Lines with a decision."""
        return dict(self.counts).get(decision, 0)

    @property
    def for_a_person(self) -> int:
        """Lines for which no code was said."""
        return sum(self.count(one) for one in DECISIONS if one != CODE)


class Batches:
    """The batches of a workspace."""

    def __init__(self, home: Path, classifier: Classifier) -> None:
        self._root = home / FOLDER
        self._classifier = classifier

    def begin(self, owner: int, title: str, at: str, texts: Sequence[str]) -> Batch:
        """Keep descriptions and start on them. Those of more than seven days ago go."""
        self._tidy()
        batch = Batch(secrets.token_hex(8), owner, title[:80], at, len(texts))
        folder = self._root / batch.id
        folder.mkdir(parents=True)
        with (folder / "in.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["text"])
            writer.writerows([text] for text in texts)
        self._write(batch)
        self._start(batch)
        return batch

    def again(self, batch: Batch) -> Batch:
        """Begin one anew that a restart interrupted, or that failed."""
        fresh = replace(batch, done=0, state="running", counts=(), note="", quiet=False)
        self._write(fresh)
        self._start(fresh)
        return fresh

    def of(self, owner: int) -> list[Batch]:
        """Somebody's, newest first; what a restart interrupted goes on."""
        found = [self._read(path.parent.name) for path in self._root.glob("*/about.json")]
        mine = [
            self.again(one) if one.quiet else one
            for one in found
            if one is not None and one.owner == owner
        ]
        return sorted(mine, key=lambda one: one.at, reverse=True)

    def get(self, batch_id: str, owner: int) -> Batch:
        """One of somebody's; where a restart interrupted it, it goes on.

        Errors: NotFound ``classification.batch_unknown``.
        """
        found = self._read(batch_id) if _ID.fullmatch(batch_id) else None
        if found is None or found.owner != owner:
            raise NotFound(
                Problem(
                    "classification.batch_unknown",
                    f"There is no batch {batch_id[:40]!r} of yours.",
                    hint=f"Batches are kept for {DAYS} days.",
                )
            )
        return self.again(found) if found.quiet else found

    def discard(self, batch: Batch) -> None:
        """Throw one away."""
        shutil.rmtree(self._root / batch.id, ignore_errors=True)

    def rows(self, batch: Batch, *, only_open: bool) -> Iterator[list[str]]:
        """The result as a table with its header: five codes a line; or, where ``only_open``, one
        row for each line that needs a person. Cells are safe to open in a spreadsheet."""
        folder = self._root / batch.id
        with (folder / "in.csv").open(encoding="utf-8", newline="") as file:
            texts = [row[0] for row in csv.reader(file)][1:]
        yield ["text", *COLUMNS]
        with (folder / "out.csv").open(encoding="utf-8", newline="") as file:
            for row in list(csv.reader(file))[1:]:
                told = dict(zip(COLUMNS, row, strict=True))
                if only_open and (told["decision"] == CODE or told["rank"] != "1"):
                    continue
                yield [safe_cell(texts[int(told["row"]) - 1]), *row]

    def first_open(self, batch: Batch, most: int) -> list[dict[str, str]]:
        """The first lines that need a person, by the columns of the table."""
        rows = self.rows(batch, only_open=True)
        names = next(rows)
        return [dict(zip(names, row, strict=True)) for row in islice(rows, most)]

    # ------------------------------------------------------------ working

    def _start(self, batch: Batch) -> None:
        _HERE.add(batch.id)
        threading.Thread(
            target=self._work, args=(batch,), name=f"batch {batch.id}", daemon=True
        ).start()

    def _work(self, batch: Batch) -> None:
        folder = self._root / batch.id

        def progress(stage: str, done: int, total: int | None = None) -> None:
            self._write(replace(batch, done=done))

        # Of its own, should another process take a silent batch for dead.
        out = folder / f"part.{secrets.token_hex(4)}.csv"
        try:
            while not _ONE_AT_A_TIME.acquire(timeout=SIGN_EVERY):
                self._write(batch)
            try:
                self._write(batch)
                service = self._classifier.wait()
                counts = classify_file(service, folder / "in.csv", "text", out, progress)
            finally:
                _ONE_AT_A_TIME.release()
            out.replace(folder / "out.csv")
            told = tuple(sorted(counts.items()))
            self._write(replace(batch, done=batch.lines, state="done", counts=told))
        except Exception as error:  # the page says so, and it can be begun again
            if folder.exists():
                self._write(replace(batch, state="failed", note=str(error)[:300]))
        finally:
            out.unlink(missing_ok=True)
            _HERE.discard(batch.id)

    def _write(self, batch: Batch) -> None:
        folder = self._root / batch.id
        if folder.exists():
            part = folder / f"about.{threading.get_ident()}"
            part.write_text(json.dumps(asdict(batch)), encoding="utf-8")
            part.replace(folder / "about.json")

    def _read(self, batch_id: str) -> Batch | None:
        path = self._root / batch_id / "about.json"
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            age = time.time() - path.stat().st_mtime
        except (OSError, ValueError):
            return None
        if age > DAYS * 86_400:
            return None
        quiet = said["state"] == "running" and age > QUIET and batch_id not in _HERE
        counts = tuple((str(name), int(number)) for name, number in said["counts"])
        return Batch(**{**said, "counts": counts, "quiet": quiet})

    def _tidy(self) -> None:
        for path in self._root.glob("*/about.json"):
            if time.time() - path.stat().st_mtime > DAYS * 86_400:
                shutil.rmtree(path.parent, ignore_errors=True)


def read_texts(data: bytes, pasted: str) -> list[str]:
    """The descriptions of an uploaded file, else of what was pasted, one a line; lines without a
    word are left out. A CSV's column is text or description, else its first.

    Errors: InputRefused ``classification.batch_file``.
    """
    if len(data) > MOST_BYTES:
        raise _refused(f"The file is larger than {MOST_BYTES >> 20} MB.", "/file")
    pointer = "/file" if data else "/pasted"
    if data:
        try:
            texts = _column(data.decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise _refused("The file is not UTF-8.", "/file") from None
        except csv.Error as error:
            raise _refused(f"The file is no CSV: {error}.", "/file") from None
    else:
        texts = pasted.splitlines()
    cleaned = [clean_line(text[: 2 * LONGEST])[:LONGEST] for text in texts]
    found = [text for text in cleaned if text]
    if not found:
        raise _refused("Choose a file, or paste descriptions, one a line.", pointer)
    if len(found) > MOST_LINES:
        raise _refused(f"There are more than {MOST_LINES:,} descriptions.", pointer)
    return found


def _column(text: str) -> list[str]:
    rows = list(csv.reader(io.StringIO(text, newline="")))
    named = [name.strip().lower() for name in rows[0]] if rows else []
    at = next((named.index(name) for name in TEXT_COLUMNS if name in named), None)
    body = rows if at is None and len(named) < 2 else rows[1:]
    return [row[at or 0] for row in body if len(row) > (at or 0)]


def _refused(message: str, pointer: str) -> InputRefused:
    return InputRefused(
        Problem(
            "classification.batch_file",
            message,
            pointer=pointer,
            hint=f"A CSV in UTF-8 with a column text, up to {MOST_LINES:,} lines.",
        )
    )
