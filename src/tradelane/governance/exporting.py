"""Writes the corpus into files that others can use: CSV, JSON, OSCAL, SSSOM."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tradelane.governance import oscal, sssom
from tradelane.governance.corpus import Corpus
from tradelane.governance.model import Instrument, Provision
from tradelane.governance.reading.provisions import HEADER
from tradelane.governance.reading.sources import HEADER as SOURCE_HEADER
from tradelane.kit.spreadsheet import safe_cell

_PROVISIONS = ("entity", *HEADER)
_INSTRUMENTS = (
    "id",
    "entity",
    "title",
    "original_title",
    "number",
    "type",
    "form",
    "approach",
    "definition",
    "authorities",
    "focus",
    "states",
    "mark",
    "sources",
)


def export(corpus: Corpus, form: str, out: Path) -> list[Path]:
    """Write the files of a format into a folder; the same corpus gives the same bytes."""
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in FORMATS[form](corpus):
        path = out / name
        path.write_text(content, encoding="utf-8", newline="")
        written.append(path)
    return written


def provision_cells(one: Provision, corpus: Corpus) -> tuple[str, ...]:
    """A row of the table of provisions; its columns are those of the pack with the entity."""
    return (
        " ".join(corpus.instruments[one.instrument].entities),
        one.id,
        one.instrument,
        one.kind,
        one.domain,
        one.locator,
        "|".join(one.actors),
        one.modality,
        str(one.when),
        one.trigger,
        one.statement,
        one.valid_from.text if one.valid_from else "",
        one.valid_to.text if one.valid_to else "",
        one.date_note,
        " ".join(map(str, one.objectives)),
        one.mark,
        one.verified_on,
        " ".join(one.sources),
        one.recorded_from.isoformat(),
        one.note,
    )


def provisions_csv(provisions: Iterable[Provision], corpus: Corpus) -> str:
    """Some provisions as a table."""
    return _table(_PROVISIONS, (provision_cells(one, corpus) for one in provisions))


def _csv(corpus: Corpus) -> Iterator[tuple[str, str]]:
    yield "provisions.csv", provisions_csv(corpus.provisions.values(), corpus)
    yield (
        "instruments.csv",
        _table(_INSTRUMENTS, map(_instrument_cells, corpus.instruments.values())),
    )
    yield "sources.csv", _table(SOURCE_HEADER, corpus.sources.values())
    yield (
        "objectives.csv",
        _table(("id", "domain", "statement"), corpus.objectives.values()),
    )


def _json(corpus: Corpus) -> Iterator[tuple[str, str]]:
    from tradelane.governance.views import corpus_view

    yield "corpus.json", _text(corpus_view(corpus))


def _oscal(corpus: Corpus) -> Iterator[tuple[str, str]]:
    yield oscal.CATALOG_FILE, _text(oscal.catalog(corpus))
    yield oscal.OBJECTIVES_FILE, _text(oscal.objectives(corpus))
    yield oscal.MAPPING_FILE, _text(oscal.mapping_collection(corpus))


def _sssom(corpus: Corpus) -> Iterator[tuple[str, str]]:
    yield (
        "provisions.sssom.tsv",
        sssom.write("provision", "Provisions to objectives", sssom.provision_rows(corpus), corpus),
    )
    for one in corpus.frameworks.values():
        rows = sssom.crosswalk_rows(corpus, one.id)
        yield f"{one.id}.sssom.tsv", sssom.write(one.id, f"{one.title} to objectives", rows, corpus)


FORMATS: dict[str, Callable[[Corpus], Iterator[tuple[str, str]]]] = {
    "csv": _csv,
    "json": _json,
    "oscal": _oscal,
    "sssom": _sssom,
}


def _instrument_cells(one: Instrument) -> tuple[str, ...]:
    return (
        one.id,
        " ".join(one.entities),
        one.title,
        one.original_title,
        one.number,
        one.type,
        one.form,
        one.approach,
        one.definition.origin,
        "; ".join(f"{a.name} ({a.kind})" for a in one.authorities),
        " ".join(one.focus),
        "; ".join(f"{s.state} {s.since.text}" for s in one.states),
        one.verification.mark,
        " ".join(one.sources),
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(header)
    table.writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
