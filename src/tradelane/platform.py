"""The one wiring file: which store, clock and engine each capability gets, and a workspace's verbs.

Nothing here is loaded before it is used: a command that needs no database opens none.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradelane.kit import packs
from tradelane.kit.clock import Clock, SystemClock
from tradelane.kit.errors import InputRefused
from tradelane.kit.progress import Progress, silent

if TYPE_CHECKING:
    import polars as pl

    from tradelane.accounts.service import Accounts
    from tradelane.approvals.service import Approvals
    from tradelane.classification.service import Classification
    from tradelane.contributions.following import Followings
    from tradelane.contributions.service import Contributions
    from tradelane.contributions.smtp import MailSettings
    from tradelane.contributions.surveys import Surveys
    from tradelane.correspondence.service import Correspondence
    from tradelane.declarations.model import Change
    from tradelane.declarations.service import Declarations
    from tradelane.drafts.service import Drafts
    from tradelane.duties.service import Duties
    from tradelane.governance.service import Governance
    from tradelane.inspections.oversight import Oversight
    from tradelane.inspections.service import Inspections
    from tradelane.journeys.batches import ClearedBatch
    from tradelane.journeys.code_rates import CodeRates
    from tradelane.journeys.corpus_now import CorpusNow
    from tradelane.journeys.desk import Desk
    from tradelane.journeys.judging import Asked
    from tradelane.journeys.learning import Lesson
    from tradelane.journeys.mailing import Mailing
    from tradelane.journeys.opening import Order
    from tradelane.journeys.replay import ReplayReport
    from tradelane.journeys.writing import SecondHalf
    from tradelane.kit.database import Database
    from tradelane.kit.offload import Stream
    from tradelane.ledger.model import Report
    from tradelane.ledger.notes import VerifierKeys
    from tradelane.ledger.service import Ledger
    from tradelane.nomenclature.service import Nomenclature
    from tradelane.notifications.dispatcher import Dispatcher
    from tradelane.notifications.feed import Feed
    from tradelane.notifications.service import Notifications
    from tradelane.registry.service import Registry
    from tradelane.targeting.duel_store import SqlDuelStore
    from tradelane.targeting.monitoring.store import SqlWatchStore
    from tradelane.targeting.rules.service import RuleBook
    from tradelane.targeting.service import Targeting
    from tradelane.targeting.store import SqlSelectionStore
    from tradelane.targeting.training import TrainingJob
    from tradelane.targeting.training_store import SqlTrainingStore
    from tradelane.trade.declaration import Declaration

DATABASE_FILE = "tradelane.db"
DURABLE_FILE = "durable.db"
LEDGER_ORIGIN = "tradelane"


class Tradelane:
    """A workspace and everything that can be done with it.

    ``home`` is the folder of the database, ledger key, models and kept packs. Settings that are
    not given come from the environment: TRADELANE_HOME, TRADELANE_DATABASE_URL,
    TRADELANE_TEXT_AGAINST_CODE.
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
        self.text_against_code = os.environ.get("TRADELANE_TEXT_AGAINST_CODE") == "1"
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

    @property
    def has_database(self) -> bool:
        """Whether there is a database that something can be in; asking makes none."""
        return bool(self.database_url) or (self.home / DATABASE_FILE).exists()

    @cached_property
    def ledger(self) -> Ledger:
        """The log of everything that happened."""
        from tradelane.ledger.keys import LedgerKey
        from tradelane.ledger.service import Ledger
        from tradelane.ledger.store import SqlLedgerStore

        self.home.mkdir(parents=True, exist_ok=True)
        key = LedgerKey.load_or_create(self.home, LEDGER_ORIGIN)
        return Ledger(SqlLedgerStore(), key, self.clock, LEDGER_ORIGIN, key.verifier_keys)

    @cached_property
    def accounts(self) -> Accounts:
        """People, organisations and tokens."""
        from tradelane.accounts.service import Accounts
        from tradelane.accounts.store import SqlAccountStore

        return Accounts(SqlAccountStore(), self.clock)

    @cached_property
    def approvals(self) -> Approvals:
        """What waits for a second person."""
        from tradelane.approvals.service import Approvals
        from tradelane.approvals.store import SqlProposalStore

        return Approvals(SqlProposalStore(), self.clock)

    @cached_property
    def nomenclature(self) -> Nomenclature:
        """The codes of the Harmonized System."""
        from tradelane.nomenclature.service import Nomenclature

        return Nomenclature()

    @cached_property
    def classification(self) -> Classification:
        """Codes for descriptions of goods."""
        from tradelane.classification.language_model import from_environment
        from tradelane.classification.library import Library
        from tradelane.classification.models import RegisteredModels
        from tradelane.classification.service import Classification
        from tradelane.classification.store import SqlExampleStore

        def opened(make: bool) -> Database | None:
            there = self.database_url or (self.home / DATABASE_FILE).exists()
            return self.database if make or there else None

        pack = packs.load("classification")
        library = Library(SqlExampleStore(), opened, self.clock)
        models = RegisteredModels(self.registry, pack)
        advisor = from_environment()
        return Classification(self.nomenclature, pack, library, models, self.clock, advisor)

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
    def rulebook(self) -> RuleBook:
        """Rules and watchlists: drafts, and what was put in force."""
        from tradelane.targeting.rules.service import RuleBook
        from tradelane.targeting.rules.store import SqlRuleStore

        return RuleBook(SqlRuleStore(), self.clock)

    @cached_property
    def selections(self) -> SqlSelectionStore:
        """The scores and lanes of batches."""
        from tradelane.targeting.store import SqlSelectionStore

        return SqlSelectionStore()

    @cached_property
    def duels(self) -> SqlDuelStore:
        """What champion and challenger said of the same lines."""
        from tradelane.targeting.duel_store import SqlDuelStore

        return SqlDuelStore()

    @cached_property
    def trainings(self) -> SqlTrainingStore:
        """Trainings that were asked for, and how far they are."""
        from tradelane.targeting.training_store import SqlTrainingStore

        return SqlTrainingStore()

    @cached_property
    def watched(self) -> SqlWatchStore:
        """What was selected, looked up by line."""
        from tradelane.targeting.monitoring.store import SqlWatchStore

        return SqlWatchStore()

    @cached_property
    def desk(self) -> Desk:
        """Where declarations that arrive one by one are cleared; start it before the first."""
        from tradelane.journeys.desk import Desk

        return Desk(self)

    @cached_property
    def events(self) -> Feed:
        """The public events of declarations, read from the ledger."""
        from tradelane.notifications.feed import Feed

        return Feed(self.ledger)

    @cached_property
    def notifications(self) -> Notifications:
        """Webhook subscriptions and their deliveries."""
        from tradelane.notifications.service import Notifications
        from tradelane.notifications.store import SqlNotificationStore

        private = os.environ.get("TRADELANE_ALLOW_PRIVATE_WEBHOOKS") == "1"
        return Notifications(SqlNotificationStore(), self.clock, allow_private=private)

    def dispatcher(self) -> Dispatcher:
        """What brings events to webhooks: `Dispatcher.run_forever` in a thread of its own."""
        from tradelane.accounts.store import SqlAccountStore
        from tradelane.notifications.dispatcher import Dispatcher
        from tradelane.notifications.sender import WebhookSender

        return Dispatcher(
            self.database,
            self.notifications,
            self.events,
            WebhookSender(allow_private=self.notifications.allow_private),
            SqlAccountStore().declarants_of,
            self.clock,
        )

    @cached_property
    def inspections(self) -> Inspections:
        """Cases that need an officer."""
        from tradelane.inspections.service import Inspections
        from tradelane.inspections.store import SqlInspectionStore

        return Inspections(SqlInspectionStore(), self.clock)

    @cached_property
    def oversight(self) -> Oversight:
        """What waits, and who decided what."""
        from tradelane.inspections.oversight import Oversight
        from tradelane.inspections.oversight_store import SqlOversightStore

        return Oversight(SqlOversightStore())

    @cached_property
    def correspondence(self) -> Correspondence:
        """Messages between officers and declarants."""
        from tradelane.correspondence.service import Correspondence
        from tradelane.correspondence.store import SqlMessageStore

        return Correspondence(SqlMessageStore(), self.clock)

    @cached_property
    def drafts(self) -> Drafts:
        """What organisations have begun and not filed yet."""
        from tradelane.drafts.service import Drafts
        from tradelane.drafts.store import SqlDraftStore

        return Drafts(SqlDraftStore(), self.clock)

    @property
    def governance(self) -> Governance:
        """What economies and forums ask of AI: the corpus that ships and what was published."""
        return self.governance_at(None)

    def governance_at(self, known_at: dt.date | None) -> Governance:
        """The same as it was known on a day (None: now)."""
        return self.corpus_now.governance(known_at)

    @cached_property
    def corpus_now(self) -> CorpusNow:
        """The corpus that ships, with what two persons published since."""
        from tradelane.governance.corpus import load
        from tradelane.journeys.corpus_now import CorpusNow

        return CorpusNow(
            lambda: load("governance"),
            lambda: self.clock.now().date(),
            self.contributions,
            lambda: self.database if self.has_database else None,
        )

    @cached_property
    def surveys(self) -> Surveys:
        """Surveys and consultations, and what organisations answered."""
        from tradelane.contributions.survey_store import SqlSurveyStore
        from tradelane.contributions.surveys import Surveys

        return Surveys(SqlSurveyStore(), self.clock)

    @cached_property
    def followings(self) -> Followings:
        """Who is written to about what was published."""
        from tradelane.contributions.following import Followings
        from tradelane.contributions.mail_store import SqlMailStore

        return Followings(SqlMailStore(), self.clock)

    @cached_property
    def mail_settings(self) -> MailSettings | None:
        """How mail leaves; None where the operator has not said so."""
        from tradelane.contributions.smtp import read_mail_settings

        return read_mail_settings()

    def mailing(self, site: str) -> Mailing | None:
        """What writes to followers: `Mailing.run_forever` in a thread of its own; None where mail
        is off. ``site``: scheme, host and port of the public URL."""
        from tradelane.contributions.smtp import SmtpSender
        from tradelane.journeys.mailing import Mailing

        if self.mail_settings is None:
            return None
        return Mailing(self, SmtpSender(self.mail_settings), site)

    @cached_property
    def contributions(self) -> Contributions:
        """What people published in the hub."""
        from tradelane.contributions.service import Contributions
        from tradelane.contributions.store import SqlRecordStore

        return Contributions(SqlRecordStore(), self.clock)

    def governance_of(self, pack: str | Path) -> Governance:
        """The same over another corpus: a pack's name or folder."""
        from tradelane.governance.corpus import load
        from tradelane.governance.service import Governance

        return Governance(load(pack), lambda: self.clock.now().date())

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

    def code_rates(
        self, territory: str | Path, origin: str, on: dt.date | None = None
    ) -> CodeRates:
        """The rates of duty of a territory's pack beside codes; today's where no day is given."""
        from tradelane.journeys.code_rates import code_rates

        day = on or self.clock.now().date()
        return code_rates(str(territory), self.duties(territory), origin, day)

    def assess_elsewhere(self, asked: Asked) -> Stream:
        """A file read and assessed in a second process, while this one scores and keeps it."""
        from tradelane.kit.offload import Stream

        return Stream("tradelane.cli.worker", asked)

    def write_elsewhere(self, asked: SecondHalf) -> Stream:
        """Half of a long decisions.csv, written by a second process."""
        from tradelane.kit.offload import Stream

        return Stream("tradelane.cli.worker", asked)

    def learn_elsewhere(self, lesson: Lesson) -> Stream:
        """A model trained by a second process, while this one answers."""
        from tradelane.kit.offload import Stream

        return Stream("tradelane.cli.worker", lesson)

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
        balance: float | None = None,
        rules: str | Path | None = None,
        out: str | Path | None = None,
        progress: Progress = silent,
    ) -> ClearedBatch:
        """Clear a file of declarations and write what people need into ``out`` (default: home).

        Every line is validated, assessed, scored and routed, each step kept in the ledger; an
        interrupted run is taken up where it was. balance: 0 ranks by probability alone, 1 by
        expected revenue; rules: a file of rules. See `journeys.batches.clear_file`.
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
            balance=balance,
            rules=Path(rules) if rules else None,
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

    def card(self, model: str) -> str:
        """A model's card as Markdown; where it stands, if this workspace has a database."""
        if not self.has_database:
            return self.registry.card(model)
        from tradelane.journeys.cards import card_text

        return card_text(self, model)

    def retrain(self, by: str, seed: int = 0, progress: Progress = silent) -> TrainingJob:
        """Train on what this workspace has; a candidate, see `journeys.training.retrain`."""
        from tradelane.journeys.training import retrain

        return retrain(self, self.trainings, by, seed, progress)

    def open_intake(self, order: Order) -> str:
        """Take declarations one by one under an order; see `journeys.opening.open_intake`."""
        from tradelane.journeys.opening import open_intake

        return open_intake(self, order)

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
        text_against_code: bool | None = None,
        progress: Progress = silent,
    ) -> tuple[pl.DataFrame, int]:
        """A file as the table that targeting reads (with outcome columns), and how many of its
        rows were unusable.

        It is read to learn from, not to clear: codes of an edition that is not known are taken as
        they stand, and a duty rate that the file declares counts before the territory's tariff.
        text_against_code: whether the classifier is asked how each description fits its code; None
        as the setting TRADELANE_TEXT_AGAINST_CODE says.
        """
        from tradelane.declarations.mapping import load
        from tradelane.declarations.reader import read
        from tradelane.journeys.tables import history_table
        from tradelane.nomenclature.service import AnyCode

        form = load(mapping)
        duties = self.duties(territory or form.territory)
        filings = read(path, form, codes=AnyCode(), today=self.clock.now().date())
        table, unusable = history_table(filings, duties, progress, as_declared=True)
        if self.text_against_code if text_against_code is None else text_against_code:
            from tradelane.journeys.text_against_code import TextAgainstCode, with_told

            told = TextAgainstCode(self.classification).table(table, progress)
            table = with_told(table, told)
        return table, unusable

    # ------------------------------------------------------------ keeping it safe

    def rotate_ledger_key(self, reason: str) -> VerifierKeys:
        """A new key for the ledger, which signs from now on; returns all of its keys.

        Old checkpoints and receipts stay good: ``ledger.pub`` keeps the old verifier keys and from
        where each holds. Processes that have the workspace open must be restarted. Called again
        after a crash it ends what was begun.
        """
        from tradelane.ledger.keys import LedgerKey

        coming = LedgerKey.prepare_next(self.home, LEDGER_ORIGIN)

        def write(tx: Any) -> VerifierKeys:
            begun = self.ledger.rotation(tx, coming.verifier_key)
            if begun is not None:
                return self.ledger.verifier_keys.then(begun, coming.verifier_key)
            return self.ledger.rotate(tx, coming, reason)

        keys = self.database.write(write)
        LedgerKey.take_next(self.home, LEDGER_ORIGIN, keys)
        del self.ledger  # whoever asks next gets one with the new key
        return keys

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
