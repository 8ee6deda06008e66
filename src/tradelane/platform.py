"""The one wiring file: which store, clock and engine each capability gets, and a workspace's verbs.

Nothing here is loaded before it is used: a command that needs no database opens none.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradelane import __version__
from tradelane.kit import packs
from tradelane.kit.clock import Clock, SystemClock
from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.progress import Progress, silent

if TYPE_CHECKING:
    import polars as pl

    from tradelane.declarations.service import Declarations
    from tradelane.duties.service import Duties
    from tradelane.journeys.batches import ClearedBatch
    from tradelane.journeys.replay import ReplayReport
    from tradelane.kit.database import Database
    from tradelane.ledger.model import Report
    from tradelane.ledger.service import Ledger
    from tradelane.nomenclature.service import Nomenclature
    from tradelane.registry.service import Registry
    from tradelane.targeting.service import Targeting
    from tradelane.targeting.store import SqlSelectionStore
    from tradelane.trade.declaration import Declaration

DATABASE_FILE = "tradelane.db"
DURABLE_FILE = "durable.db"
LEDGER_ORIGIN = "tradelane"


class Tradelane:
    """A workspace and everything that can be done with it.

    ``home`` is the folder of the database, ledger key, models and kept packs. Settings that are
    not given come from the environment: TRADELANE_HOME, TRADELANE_DATABASE_URL.
    """

    def __init__(
        self,
        home: str | Path | None = None,
        *,
        database_url: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.home_given = home is not None or "TRADELANE_HOME" in os.environ
        self.home = Path(home or os.environ.get("TRADELANE_HOME") or ".tradelane")
        self._database_url = database_url or os.environ.get("TRADELANE_DATABASE_URL")
        self.clock = clock or SystemClock()

    def at(self, home: Path) -> Tradelane:
        """This workspace if it was named, otherwise the one in ``home``."""
        if self.home_given:
            return self
        return Tradelane(home, database_url=self._database_url, clock=self.clock)

    # ------------------------------------------------------------ what it is made of

    @cached_property
    def database(self) -> Database:
        """The database, brought to the current schema."""
        from tradelane.kit import schema
        from tradelane.kit.database import Database

        self.home.mkdir(parents=True, exist_ok=True)
        database = Database(self._database_url or f"sqlite:///{self.home / DATABASE_FILE}")
        schema.upgrade(database)
        return database

    @cached_property
    def ledger(self) -> Ledger:
        """The log of everything that happened."""
        from tradelane.ledger.keys import LedgerKey
        from tradelane.ledger.service import Ledger
        from tradelane.ledger.store import SqlLedgerStore

        self.home.mkdir(parents=True, exist_ok=True)
        key = LedgerKey.load_or_create(self.home, LEDGER_ORIGIN)
        return Ledger(SqlLedgerStore(), key, self.clock, LEDGER_ORIGIN)

    @cached_property
    def nomenclature(self) -> Nomenclature:
        """The codes of the Harmonized System."""
        from tradelane.nomenclature.service import Nomenclature

        return Nomenclature()

    @cached_property
    def declarations(self) -> Declarations:
        """Declarations received, and how far each batch is."""
        from tradelane.declarations.service import Declarations
        from tradelane.declarations.store import SqlDeclarationStore

        return Declarations(SqlDeclarationStore(), self.clock)

    @cached_property
    def registry(self) -> Registry:
        """The models of this workspace."""
        from tradelane.registry.service import Registry

        return Registry(self.home / "models", clock=self.clock)

    @cached_property
    def targeting(self) -> Targeting:
        """Training and scoring."""
        from tradelane.targeting.service import Targeting

        return Targeting(self.registry)

    @cached_property
    def selections(self) -> SqlSelectionStore:
        """The scores and lanes of batches."""
        from tradelane.targeting.store import SqlSelectionStore

        return SqlSelectionStore()

    def duties(self, territory: str | Path, rates: Path | None = None) -> Duties:
        """The duty engine of a territory's pack, with exchange rates of the caller's if given."""
        from tradelane.duties.exchange import ExchangeRates
        from tradelane.duties.service import Duties

        pack = packs.load(territory)
        return Duties(pack, ExchangeRates.read(rates) if rates else None)

    # ------------------------------------------------------------ what it does

    def clear(
        self,
        batch: str | Path,
        *,
        history: str | Path,
        mapping: str | Path = "tradelane",
        territory: str | Path | None = None,
        rates: str | Path | None = None,
        budget: float = 0.05,
        random_share: float = 0.1,
        seed: int | None = None,
        out: str | Path | None = None,
        progress: Progress = silent,
    ) -> ClearedBatch:
        """Clear a file of declarations and write what people need into ``out`` (default: home).

        Every line is validated, assessed, scored and routed, each step kept in the ledger; an
        interrupted run is taken up where it was. See `journeys.batches.clear_file`.
        """
        from tradelane.journeys.batches import Request, clear_file

        request = Request(
            batch=Path(batch),
            history=Path(history),
            mapping=mapping,
            territory=territory,
            rates=Path(rates) if rates else None,
            budget=budget,
            random_share=random_share,
            seed=seed,
            out=Path(out) if out else self.home,
        )
        return clear_file(self, request, progress)

    def replay(
        self,
        identifier: str | None = None,
        *,
        sample: int | None = None,
        progress: Progress = silent,
    ) -> ReplayReport:
        """Make decisions again and compare them byte for byte: of one declaration or line, of
        ``sample`` lines spread over the ledger, or of all."""
        from tradelane.journeys.remake import replay

        return replay(self, identifier, sample, progress)
