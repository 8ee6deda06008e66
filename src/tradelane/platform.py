"""The one wiring file: which store, clock and engine each capability gets, and a workspace's verbs.

Nothing here is loaded before it is used: a command that needs no database opens none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tradelane.kit import packs
from tradelane.kit.clock import Clock, SystemClock
from tradelane.kit.errors import InputRefused
from tradelane.kit.progress import Progress, silent

if TYPE_CHECKING:
    import polars as pl

    from tradelane.declarations.model import Change
    from tradelane.declarations.service import Declarations
    from tradelane.duties.service import Duties
    from tradelane.journeys.batches import ClearedBatch
    from tradelane.journeys.judging import Asked
    from tradelane.journeys.replay import ReplayReport
    from tradelane.journeys.writing import SecondHalf
    from tradelane.kit.database import Database
    from tradelane.kit.offload import Stream
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
        self.home_given = bool(home or os.environ.get("TRADELANE_HOME"))
        self.home = Path(home or os.environ.get("TRADELANE_HOME") or ".tradelane")
        self.database_url = database_url or os.environ.get("TRADELANE_DATABASE_URL")
        self.clock = clock or SystemClock()

    def at(self, home: Path) -> Tradelane:
        """This workspace if it was named, otherwise the one in ``home``."""
        if self.home_given:
            return self
        return Tradelane(home, database_url=self.database_url, clock=self.clock)

    # ------------------------------------------------------------ what it is made of

    @cached_property
    def database(self) -> Database:
        """The database, brought to the current schema."""
        from tradelane.kit import schema
        from tradelane.kit.database import Database

        self.home.mkdir(parents=True, exist_ok=True)
        database = Database(self.database_url or f"sqlite:///{self.home / DATABASE_FILE}")
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

    @property
    def system_url(self) -> str:
        """Where DBOS remembers finished steps: the same server, or a file beside the database."""
        if self.database_url:
            return self.database_url
        return f"sqlite:///{self.home / DURABLE_FILE}"

    def duties(self, territory: str | Path, rates: Path | None = None) -> Duties:
        """The duty engine of a territory's pack, with exchange rates of the caller's if given."""
        from tradelane.duties.exchange import ExchangeRates
        from tradelane.duties.service import Duties

        pack = packs.load(territory)
        return Duties(pack, ExchangeRates.read(rates) if rates else None)

    def assess_elsewhere(self, asked: Asked) -> Stream:
        """A file read and assessed in a second process, while this one scores and keeps it."""
        from tradelane.kit.offload import Stream

        return Stream("tradelane.cli.worker", asked)

    def write_elsewhere(self, asked: SecondHalf) -> Stream:
        """Half of a long decisions.csv, written by a second process."""
        from tradelane.kit.offload import Stream

        return Stream("tradelane.cli.worker", asked)

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

    def amend(self, declaration: Declaration, reason: str) -> Change:
        """Replace a received declaration by a new version; see `journeys.changes.amend`."""
        from tradelane.journeys.changes import amend

        return amend(self, declaration, reason)

    def cancel(self, declarant: str, reference: str, reason: str) -> Change:
        """End a declaration before its release; see `journeys.changes.cancel`."""
        from tradelane.journeys.changes import cancel

        return cancel(self, declarant, reference, reason)

    def simulate(
        self,
        out: str | Path,
        *,
        seed: int = 1,
        declarations: int = 50_000,
        days: int = 540,
        territory: str | Path = "demo",
        progress: Progress = silent,
    ) -> None:
        """Write declarations of an invented territory with planted fraud; see `simulation`."""
        from tradelane.simulation.service import simulate

        simulate(seed, declarations, days, packs.load(territory), Path(out), progress=progress)

    def find_subjects(self, identifier: str) -> list[str]:
        """The ledger subjects that a declaration's reference or a line's id means."""
        from tradelane.journeys.remake import find_subjects

        with self.database.read() as tx:
            return find_subjects(self, tx, identifier)

    def read_declarations(self, path: Path, mapping: str | Path) -> Iterator[Declaration]:
        """The declarations of a file; InputRefused with every problem of the first bad one."""
        from tradelane.declarations.mapping import load
        from tradelane.declarations.reader import read

        today = self.clock.now().date()
        for filing in read(path, load(mapping), codes=self.nomenclature, today=today):
            if filing.declaration is None:
                raise InputRefused(filing.problems)
            yield filing.declaration

    def read_table(
        self,
        path: Path,
        mapping: str | Path,
        territory: str | Path | None = None,
        *,
        progress: Progress = silent,
    ) -> tuple[pl.DataFrame, int]:
        """A file as the table that targeting reads (with outcome columns), and how many of its
        rows were unusable."""
        from tradelane.declarations.mapping import load
        from tradelane.declarations.reader import read
        from tradelane.journeys.tables import history_table

        form = load(mapping)
        duties = self.duties(territory or form.territory)
        filings = read(path, form, codes=self.nomenclature, today=self.clock.now().date())
        return history_table(filings, duties, progress)

    # ------------------------------------------------------------ keeping it safe

    def backup(self, archive: Path, *, with_key: bool = True) -> int:
        """A consistent copy of the workspace as .tar.gz, also while it is in use; returns bytes."""
        from tradelane.journeys.backups import backup

        return backup(self, archive, with_key)

    def restore(self, archive: Path, folder: Path) -> Report:
        """Unpack a backup into a new folder and verify the ledger in it."""
        from tradelane.journeys.backups import restore

        restore(archive, folder)
        # Its own file, whatever database the environment names.
        url = f"sqlite:///{folder / DATABASE_FILE}"
        restored = Tradelane(folder, database_url=url, clock=self.clock)
        with restored.database.read() as tx:
            return restored.ledger.verify(tx)
