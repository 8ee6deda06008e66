"""A file from the request to the files that people open: train, clear durably, write out."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradelane.declarations import mapping as mappings
from tradelane.declarations.mapping import Mapping
from tradelane.declarations.reader import count_rows, read
from tradelane.duties.service import Duties
from tradelane.journeys import clearance
from tradelane.journeys.clearance import Job
from tradelane.journeys.inputs import (
    file_digest,
    keep_file,
    keep_pack,
    keep_rules,
    recall,
    remember,
)
from tradelane.journeys.judging import Asked
from tradelane.journeys.outputs import Figures, write_rejected
from tradelane.journeys.report import Facts, captured_share, model_notices, write_report
from tradelane.journeys.routing import find_routing
from tradelane.journeys.source import Source
from tradelane.journeys.tables import history_table
from tradelane.journeys.text_against_code import SETTING, TextAgainstCode, with_told
from tradelane.journeys.workshop import Workshop
from tradelane.journeys.writing import write_decisions
from tradelane.kit import packs
from tradelane.kit.canonical import digest_of
from tradelane.kit.collector import resting
from tradelane.kit.durable import Steps, run_durable
from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.packs import Pack
from tradelane.kit.progress import Progress
from tradelane.kit.version import VERSION
from tradelane.registry.service import library_versions
from tradelane.targeting.budget import check_shares
from tradelane.targeting.service import asks_classifier, code_digest, engine_of

if TYPE_CHECKING:
    from tradelane.targeting.rules.model import RuleSet


@dataclass(frozen=True)
class Request:
    """What the caller asked for; see `Tradelane.clear`."""

    batch: Path
    history: Path
    mapping: str | Path
    territory: str | Path | None
    rates: Path | None
    budget: float
    random_share: float
    seed: int | None
    out: Path
    balance: float | None = None
    rules: Path | None = None


@dataclass(frozen=True)
class ClearedBatch:
    """A cleared file: counts in rows, where the files are, and the figures behind the report."""

    batch_id: str
    read: int
    accepted: int
    rejected: int
    figures: Figures
    decisions_csv: Path
    rejected_csv: Path
    report_html: Path
    notices: tuple[tuple[str, str], ...]
    """(title, text) of everything that a reader of the figures should be warned of."""

    def summary(self, seconds: float | None = None) -> str:
        """What was done, for a terminal."""
        f = self.figures
        lanes = ", ".join(f"{lane} {f.lanes[lane]:,}" for lane in ("red", "yellow", "green"))
        charges = f"duty {f.duty:,}, taxes and fees {f.tax + f.other:,} {f.currency}"
        pace = f" in {seconds:.1f} s" if seconds is not None else ""
        parts = [
            f"Read {self.read:,} rows{pace}: {self.accepted:,} accepted, "
            f"{self.rejected:,} rejected.",
            f"Lanes: {lanes}.",
            f"Assessed: {charges}.",
        ]
        parts += [f"Note: {title}. {text}" for title, text in self.notices]
        if self.rejected:
            worst = ", ".join(f"{code} ({n:,})" for code, n in f.problems.most_common(3))
            parts.append(f"Rejected for: {worst}. See {self.rejected_csv}.")
        parts += [f"Decisions: {self.decisions_csv}", f"Report:    {self.report_html}"]
        return "\n".join(parts)


def clear_file(shop: Workshop, request: Request, progress: Progress) -> ClearedBatch:
    """Clear a file; an interrupted run of the same request is taken up where it was.

    Errors: InputRefused when file, history, mapping or territory cannot be used; what is wrong
    with single rows is in ``rejected.csv`` instead.
    """
    check_shares(request.budget, request.random_share)
    mapping = mappings.load(request.mapping)
    pack = packs.load(request.territory or mapping.territory or _no_territory(mapping))
    duties = shop.duties(pack.root, request.rates)
    rows_total = count_rows(request.batch, mapping)
    rules = _rules(request.rules)
    settings = _settings(request, mapping, pack, duties)
    settings["rules"] = "" if rules is None else keep_rules(shop.home, rules)
    if shop.text_against_code:  # else it goes unsaid, so that runs from before it are found again
        settings[SETTING] = True
    keep_pack(shop.home, pack)
    if request.rates:
        keep_file(shop.home, request.rates, settings["rates"])

    # The same inputs give the same id: that is how an unfinished batch is found again.
    batch_id = digest_of(settings).removeprefix("sha256:")[:16]
    _refuse_unfinished(shop, batch_id, settings)
    asked = Asked(
        home=shop.home,
        file=request.batch,
        mapping=request.mapping,
        pack=pack.root,
        rates=request.rates,
        batch_id=batch_id,
        start=0,
        size=clearance.CHUNK_ROWS,
    )
    source = Source(shop, asked, rows_total)

    def workflow(steps: Steps) -> dict[str, Any]:
        model = steps("train", _train, shop, request, mapping, duties, settings, progress)
        manifest = shop.registry.get_manifest(model["ref"])
        texts = TextAgainstCode(shop.classification) if asks_classifier(manifest) else None
        decided = {"model": manifest["digest"], SETTING: texts is not None, "tradelane": VERSION}
        job = Job(
            batch_id=batch_id,
            name=request.batch.name,
            settings=settings | decided,
            budget=request.budget,
            random_share=request.random_share,
            seed=None if request.seed is None else request.seed.to_bytes(16, "big", signed=True),
            engine=engine_of(manifest),
            rows_total=rows_total,
        )
        chunks = partial(
            source.judged, model=model["ref"], balance=request.balance, rules=rules, texts=texts
        )
        counts = clearance.Clearance(shop, job, chunks, progress).run(steps)
        return {**counts, **model}

    with resting(), closing(source):
        counts = run_durable(shop.system_url, batch_id, workflow, version=VERSION)
        return _write_out(shop, request, pack, batch_id, counts, progress)


def _settings(request: Request, mapping: Mapping, pack: Pack, duties: Duties) -> dict[str, Any]:
    return {
        "file": file_digest(request.batch),
        "history": file_digest(request.history),
        "mapping": mapping.digest,
        "pack": pack.digest,
        "pack_id": f"{pack.id} {pack.version}",
        "rates": file_digest(request.rates) if request.rates else "",
        "parameters": duties.digest,
        "budget": str(request.budget),
        "random_share": str(request.random_share),
        "seed": "" if request.seed is None else str(request.seed),
        "balance": "" if request.balance is None else str(request.balance),
    }


def _rules(path: Path | None) -> RuleSet | None:
    if path is None:
        return None
    from tradelane.targeting.rules.document import read_file

    return read_file(path)


def _refuse_unfinished(shop: Workshop, batch_id: str, settings: dict[str, Any]) -> None:
    """The same file must not be begun with other settings while an earlier run of it is open: what
    that run received would be known already, and would never get a lane."""
    with shop.database.read() as tx:
        batches = shop.declarations.batches(tx)
    for batch in batches:
        if batch.id == batch_id or batch.status == "closed":
            continue
        if batch.file_digest == settings["file"]:
            differs = [
                f"{name} {batch.settings.get(name) or 'none'}"
                for name in dict.fromkeys((*settings, SETTING))
                if (batch.settings.get(name) or "") != settings.get(name, "")
            ]
            raise InputRefused(
                Problem(
                    "clearance.unfinished",
                    f"An earlier run of this file was interrupted after {batch.rows_read:,} of its "
                    f"rows (batch {batch.id}); it had other settings: {', '.join(differs)}.",
                    hint="Finish it first by giving those settings again; then run this.",
                )
            )


def _train(
    shop: Workshop,
    request: Request,
    mapping: Mapping,
    duties: Duties,
    settings: dict[str, Any],
    progress: Progress,
) -> dict[str, Any]:
    """The model for this history: an earlier one of the same data, or a new one."""
    about = {name: settings[name] for name in ("history", "mapping", "parameters")}
    about[SETTING] = settings.get(SETTING, False)
    key = digest_of({**about, "code": code_digest(), "libraries": library_versions()})
    before = recall(shop.home, key)
    if before is not None and shop.registry.has(before["ref"]):
        return before
    total = count_rows(request.history, mapping)
    today = shop.clock.now().date()
    filings = read(request.history, mapping, codes=shop.nomenclature, today=today)
    table, unusable = history_table(filings, duties, progress, total)
    if about[SETTING]:
        table = with_told(table, TextAgainstCode(shop.classification).table(table, progress))
    trained = shop.targeting.train_or_fallback(table, seed=0, progress=progress)
    return remember(shop.home, key, {"ref": str(trained.ref), "unusable": unusable})


def _write_out(
    shop: Workshop,
    request: Request,
    pack: Pack,
    batch_id: str,
    counts: dict[str, Any],
    progress: Progress,
) -> ClearedBatch:
    out = request.out
    decisions, rejected, report = (
        out / name for name in ("decisions.csv", "rejected.csv", "report.html")
    )
    with shop.database.read() as tx:
        figures = write_decisions(shop, tx, decisions, batch_id, progress)
        refused = shop.declarations.rejected(tx, batch_id)
        write_rejected(rejected, ((r.line, r.reference, r.problems) for r in refused), figures)
        captured = captured_share(
            (s.score, s.expected_revenue or 0.0) for s in shop.selections.scores(tx, batch_id)
        )
        checkpoint = shop.ledger.latest_checkpoint(tx) or ""
        closed_at = shop.declarations.get_batch(tx, batch_id).closed_at or ""
        routing = find_routing(shop, tx, batch_id)
    manifest = shop.registry.get_manifest(counts["ref"])
    notices = _notices(counts, manifest, pack, figures)
    if routing is not None and routing.selection.rules_exceed:
        notices = (_RULES_EXCEED, *notices)
    facts = Facts(
        name=request.batch.name,
        batch_id=batch_id,
        closed_at=closed_at,
        pack_title=str(pack.about.get("title", pack.id)),
        read=counts["read"],
        budget=request.budget,
        random_share=request.random_share,
        figures=figures,
        captured=captured,
        model_ref=counts["ref"],
        manifest=manifest,
        notices=notices,
        checkpoint=checkpoint,
        home=str(shop.home),
    )
    write_report(report, facts, shop.nomenclature)
    done = (counts["read"], counts["accepted"], counts["rejected"], figures)
    return ClearedBatch(batch_id, *done, decisions, rejected, report, notices)


_RULES_EXCEED = (
    "The rules want more than the budget",
    "The live rules alone select more lines than the budget has beside chance. They fired all the "
    "same, so more lines are in the red lane than the budget says, and none for its score.",
)


def _notices(
    counts: dict[str, Any], manifest: MappingType[str, Any], pack: Pack, figures: Figures
) -> tuple[tuple[str, str], ...]:
    found = model_notices(manifest)
    if counts.get("unusable"):
        found.append(
            (
                "Part of the history could not be read",
                f"{counts['unusable']:,} of its rows were passed over; the model knows nothing of "
                "them.",
            )
        )
    if figures.notes["duties.no_exchange_rate"]:
        found.append(
            (
                "Exchange rates are missing",
                "Where an amount or a low-value threshold is in another currency it could not be "
                "compared or converted: relief is left open there, and duty too where the value "
                "itself is in another currency. Give the rates with --rates (a CSV with date, "
                "currency, rate).",
            )
        )
    said = pack.about.get("disclaimers", ())
    if said:
        found.append(("About these parameters", " ".join(str(sentence) for sentence in said)))
    return tuple(found)


def _no_territory(mapping: Mapping) -> str:
    raise InputRefused(
        Problem(
            "clearance.no_territory",
            f"The mapping {mapping.id!r} names no territory.",
            hint="Give --territory: a shipped pack's name or a folder.",
        )
    )
