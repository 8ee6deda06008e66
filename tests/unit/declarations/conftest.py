"""Reading small files in tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from tradelane.declarations import mapping as mappings
from tradelane.declarations.model import Filing, Limits
from tradelane.declarations.reader import read
from tradelane.nomenclature import Nomenclature

TODAY = dt.date(2026, 6, 1)
HEADER = "declaration_id,date,declarant,importer,hs_code,origin,currency,customs_value"

Reading = Callable[..., list[Filing]]


@pytest.fixture(scope="session")
def nomenclature() -> Nomenclature:
    return Nomenclature()


@pytest.fixture
def reading(tmp_path: Path, nomenclature: Nomenclature) -> Reading:
    """Reads text, bytes or a file with a mapping (the native one) and returns its filings."""

    def read_it(
        source: str | bytes | Path,
        mapping: str | mappings.Mapping = "tradelane",
        *,
        skip_rows: int = 0,
        limits: Limits | None = None,
    ) -> list[Filing]:
        path = source if isinstance(source, Path) else tmp_path / "file"
        if isinstance(source, str):
            path.write_text(source, encoding="utf-8", newline="")
        elif isinstance(source, bytes):
            path.write_bytes(source)
        found = mapping if isinstance(mapping, mappings.Mapping) else mappings.load(mapping)
        return list(
            read(path, found, codes=nomenclature, today=TODAY, skip_rows=skip_rows, limits=limits)
        )

    return read_it


@pytest.fixture
def assets() -> Path:
    return Path(__file__).parents[2] / "assets" / "declarations"


def row(reference: str = "D1", **changes: str) -> str:
    """A good row under `HEADER`, or one with changes."""
    cells = {
        "declaration_id": reference,
        "date": "2026-03-01",
        "declarant": "BROKER",
        "importer": "IMP",
        "hs_code": "851713",
        "origin": "KR",
        "currency": "USD",
        "customs_value": "100.50",
    }
    return ",".join((cells | changes).values())


@pytest.fixture
def sheet() -> Callable[..., str]:
    """A CSV text with the least header and the given rows."""

    def make(*rows: str) -> str:
        return "\n".join((HEADER, *rows)) + "\n"

    return make


@pytest.fixture
def good_row() -> Callable[..., str]:
    return row
