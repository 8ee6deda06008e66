from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tradelane.kit import packs
from tradelane.simulation.service import simulate

DECLARATIONS, DAYS = 8_000, 360


@dataclass(frozen=True)
class Simulated:
    folder: Path
    manifest: dict[str, Any]
    declarations: pl.DataFrame
    truth: pl.DataFrame
    inspections: pl.DataFrame
    history: pl.DataFrame
    week: pl.DataFrame

    def number(self, name: str) -> pl.Series:
        return self.declarations[name].cast(pl.Float64)

    def of(self, scheme: str) -> pl.Series:
        return (self.truth["scheme"] == scheme).fill_null(False)


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    folder = tmp_path_factory.mktemp("simulated")
    manifest = simulate(7, DECLARATIONS, DAYS, packs.load("demo"), folder)
    tables = {
        name: pl.read_csv(folder / f"{name}.csv", infer_schema=False)
        for name in ("declarations", "truth", "inspections", "history", "week")
    }
    return Simulated(folder, manifest, **tables)
