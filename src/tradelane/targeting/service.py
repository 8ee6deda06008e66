"""Train on a history, publish, load, and score lines with reasons."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradelane.kit import canonical
from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.progress import Progress, silent
from tradelane.targeting import features, guards, leakage, quality, revenue, scorers, selectivity
from tradelane.targeting.catalogue import GROUPS, NAMES, TEXT_MISMATCH
from tradelane.targeting.judgement import SCORES, judge
from tradelane.targeting.learning import Learned, learn
from tradelane.targeting.model import DEFAULT_BALANCE
from tradelane.targeting.monitoring import reference
from tradelane.targeting.threads import side_by_side
from tradelane.trade.table import OUTCOME_SCHEMA

if TYPE_CHECKING:
    from tradelane.registry.model import LoadedModel, ModelRef

NAME = "targeting"
FEWEST_OUTCOMES = 50
"""Fewer lines with a known outcome than this are not learned from."""
MOST_OUTCOMES = 200_000
"""The latest outcomes that are learned from; more would not fit a laptop's memory."""
CHUNK = 10_000

_INTENDED = (
    "To rank import declaration lines for inspection within a budget, with reasons that an officer "
    "can check; a person decides. Not for refusing goods, fixing duty or judging a trader."
)
_LIMITS = (
    "Outcomes exist only for lines that were inspected. The probability is weighted to stand for "
    "all lines as far as the choice to inspect shows in the data; what officers knew beyond it "
    "makes it too high for lines that they would not have chosen. An uninspected line is not a "
    "clean line. Schemes that no inspection found are not known to it; the random share finds them."
)
RULE_NOTE = (
    "{why} Lines are ranked by the price rule: how far the declared price per kilogram lies under "
    "the median of its code. It gives no probability."
)


class Registry(Protocol):
    """What is needed of the model registry."""

    def publish(
        self, name: str, files: Mapping[str, bytes], about: Mapping[str, Any]
    ) -> ModelRef: ...

    def load(
        self, model: ModelRef | str, *, features: Sequence[str] | None = None
    ) -> LoadedModel: ...

    def find_trained(self, name: str, training_key: str) -> ModelRef | None: ...

    def manifests(self, name: str | None = None) -> Iterator[dict[str, Any]]: ...


@dataclass(frozen=True)
class Trained:
    """A published model, ready to score.

    engine: ``model`` or, for the fallback, ``rule``; note: what a report must say about it;
    balance: where the dial between the two goals stands if nobody turns it.
    """

    ref: ModelRef
    manifest: Mapping[str, Any]
    history: features.History
    scorer: scorers.Scorer
    revenue: revenue.Revenue
    balance: float

    @property
    def engine(self) -> str:
        return engine_of(self.manifest)

    @property
    def note(self) -> str:
        return str(self.manifest.get("note", ""))


def engine_of(manifest: Mapping[str, Any]) -> str:
    """What a model's scores count as when a line is selected: ``model``, or ``rule``."""
    return "rule" if manifest["parameters"]["scorer"] == "price_rule" else "model"


def asks_classifier(manifest: Mapping[str, Any]) -> bool:
    """Whether a model learned from ``text_mismatch`` (`catalogue.OPTIONAL`), so that the classifier
    must be asked of what it scores. A rule learns nothing, and nothing is learned from what had one
    value on all lines, or none (`guards.dropped`)."""
    if engine_of(manifest) == "rule" or TEXT_MISMATCH not in manifest["features"]:
        return False
    told = manifest["metrics"]
    left_out = f"{told['constant_features']}, {told['identifier_like_features']}".split(", ")
    return TEXT_MISMATCH not in left_out


class Targeting:
    """The verbs of targeting over a model registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def train(
        self,
        history: pl.DataFrame,
        *,
        seed: int = 0,
        scorer: str = "boosted",
        progress: Progress = silent,
    ) -> Trained:
        """Learn from a history's outcomes and publish; the same history and seed are reused.

        history: `trade.table.LINE_SCHEMA`, ``duty_rate`` and `trade.table.OUTCOME_SCHEMA`;
        scorer: one of `scorers.SCORERS`.
        Errors: InputRefused ``targeting.no_labels``, ``targeting.one_class``,
        ``targeting.columns``.
        """
        asked_for = RULE_NOTE.format(why="As was asked for, no model was trained.")
        note = asked_for if scorer == "price_rule" else ""
        return self._train(history, scorer, seed, note, progress)

    def train_or_fallback(
        self, history: pl.DataFrame, *, seed: int = 0, progress: Progress = silent
    ) -> Trained:
        """As `train`; where the outcomes are too few or all alike, the price rule, marked as such
        (``engine`` is ``rule`` and ``note`` says why)."""
        try:
            return self._train(history, "boosted", seed, "", progress)
        except InputRefused as refused:
            problem = refused.problems[0]
            if problem.code not in ("targeting.no_labels", "targeting.one_class"):
                raise
            why = f"No model could be trained ({problem.message.rstrip('.').lower()})."
            note = RULE_NOTE.format(why=why)
            return self._train(history, "price_rule", seed, note, progress)

    def load(self, ref: ModelRef | str) -> Trained:
        """A published model, verified; raises what `registry.service.Registry.load` raises."""
        model = self._registry.load(ref, features=NAMES)
        return _trained(model, features.load(model.files["history.arrow"]))

    def load_latest(self) -> Trained:
        """The model that was published last. Errors: InputRefused ``targeting.no_model``."""
        found = max(self._registry.manifests(NAME), key=lambda m: m["created_at"], default=None)
        if found is None:
            raise InputRefused(
                Problem(
                    "targeting.no_model",
                    "There is no model here yet.",
                    hint="Make one with `tradelane target train`.",
                )
            )
        return self.load(found["digest"])

    def with_history(self, trained: Trained, history: pl.DataFrame) -> Trained:
        """The same model asked against another (usually longer) history."""
        return replace(trained, history=features.build(history))

    def with_context(
        self, trained: Trained, lines: pl.DataFrame, history: pl.DataFrame | None = None
    ) -> Trained:
        """The same model, which also knows of these lines when it is asked about later ones.

        What was filed is known from the next day on, whether or not anybody inspected it; outcomes
        of these lines are not looked at. history: in place of the model's own.
        """
        past = trained.history.table if history is None else history
        filed = lines.drop(OUTCOME_SCHEMA, strict=False)
        return replace(trained, history=features.build(pl.concat([past, filed], how="diagonal")))

    def score(
        self, trained: Trained, lines: pl.DataFrame, *, balance: float | None = None
    ) -> pl.DataFrame:
        """One row a line, in order: ``subject``; ``probability``, ``expected_revenue`` (in the
        territory's currency), ``score`` and ``novelty`` as floats (null where not known) and, with
        ``_text``, as the same number in fixed decimals; ``reason_{1..3}_code`` and ``_text``;
        ``features_digest``.

        balance: 0 ranks by probability, 1 by expected revenue, None as the model says. Every row
        depends on its line and the model alone. Errors: ``targeting.columns``.
        """
        dial = trained.balance if balance is None else balance
        parts = [
            _score(trained, lines[start : start + CHUNK], dial)
            for start in range(0, max(lines.height, 1), CHUNK)
        ]
        return pl.concat(parts)

    def _train(
        self, history: pl.DataFrame, scorer_name: str, seed: int, note: str, progress: Progress
    ) -> Trained:
        progress("reading the history", 0, 4)
        past = features.build(history)
        data = past.dump()
        about: dict[str, Any] = {
            "training_data": canonical.digest(data),
            "features": list(NAMES),
            "parameters": {
                "scorer": scorer_name,
                "balance": repr(DEFAULT_BALANCE),
                "code": code_digest(),
            },
            "seed": seed,
            "note": note,
        }
        about["training_key"] = canonical.digest_of(about)
        found = self._registry.find_trained(NAME, about["training_key"])
        if found is not None:
            progress("reusing the model of this history", 4, 4)
            return _trained(self._registry.load(found, features=NAMES), past)
        labelled = _outcomes(past.table)
        if scorer_name != "price_rule":
            _refuse_unlearnable(labelled["fraud"].to_numpy())
        progress("asking the history about its own lines", 1, 4)
        x = features_of(past, labelled)
        progress("learning from the outcomes", 2, 4)
        left_out = guards.dropped(x)
        weights = _weights(past, x, seed)
        learned_from = guards.blank(x, left_out["identifier"])
        fitted, repetition = side_by_side(
            lambda: learn(scorer_name, learned_from, labelled, weights, seed),
            lambda: _repetition(scorer_name, past.table, seed),
        )
        about["metrics"] = fitted.figures | {
            "revenue_basis": revenue.BASES[fitted.revenue.basis],
            "constant_features": ", ".join(left_out["constant"]) or "none",
            "identifier_like_features": ", ".join(left_out["identifier"]) or "none",
        }
        cautions = guards.cautions(labelled, weights)
        about["metrics"] |= repetition
        progress("asking how good it is on lines to come", 3, 4)
        limits = " ".join([note, _LIMITS, *cautions]).strip()
        about |= {"intended_use": _INTENDED, "limits": limits}
        files = {
            "history.arrow": data,
            reference.FILE: _reference(past, fitted.scorer),
            **fitted.scorer.dump(),
            **fitted.revenue.dump(),
            "quality.json": _quality(past, fitted),
        }
        ref = self._registry.publish(NAME, files, about)
        progress("published", 4, 4)
        return _trained(self._registry.load(ref, features=NAMES), past)


@cache
def code_digest() -> str:
    """The digest of the source that trains and scores: another version trains its own model."""
    total = hashlib.sha256()
    root = Path(__file__).parent
    for path in sorted([*root.glob("*.py"), *root.glob("scorers/*.py")]):
        total.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return "sha256:" + total.hexdigest()


def features_of(history: features.History, lines: pl.DataFrame) -> NDArray[np.float32]:
    """The model's input for many lines, chunk by chunk so that memory stays small."""
    x = np.empty((lines.height, len(NAMES)), np.float32)
    for start in range(0, lines.height, CHUNK):
        part = lines[start : start + CHUNK]
        x[start : start + part.height] = features.matrix(history.features(part))
    return x


def _outcomes(table: pl.DataFrame) -> pl.DataFrame:
    known = table.filter(pl.col("fraud").is_not_null(), pl.col("inspected").fill_null(True))
    return known.sort("date", maintain_order=True).tail(MOST_OUTCOMES)


def _reference(past: features.History, scorer: scorers.Scorer) -> bytes:
    latest = past.table.sort("date", maintain_order=True).tail(reference.LATEST)
    x = features_of(past, latest)
    return reference.make(NAMES, x, scorer.probability(x))


def _quality(past: features.History, learned: Learned) -> bytes:
    """What the card tells of lines to come, and which reasons move the score on the latest ones."""
    told = quality.summary(learned.ahead, learned.revenue.dial)
    latest = features_of(past, past.table.sort("date", maintain_order=True).tail(CHUNK))
    told["importance"] = quality.importance(learned.scorer.contributions(latest), GROUPS)
    return canonical.encode(told)


def _refuse_unlearnable(wrong: NDArray[np.bool_]) -> None:
    if len(wrong) < FEWEST_OUTCOMES:
        raise InputRefused(
            Problem(
                "targeting.no_labels",
                f"The history has {len(wrong)} inspected lines with a known outcome; at least "
                f"{FEWEST_OUTCOMES} are needed to train.",
                hint="Give more history, or rank by the price rule until there is some.",
            )
        )
    if wrong.all() or not wrong.any():
        raise InputRefused(
            Problem(
                "targeting.one_class",
                f"All {len(wrong)} known outcomes are "
                f"{'wrong' if wrong.all() else 'right'}; there is nothing to tell apart.",
                hint="Check the mapping of the outcome column, or rank by the price rule.",
            )
        )


def _repetition(scorer_name: str, table: pl.DataFrame, seed: int) -> dict[str, Any]:
    """Whether labels repeat with their tuples, which would pass for skill."""
    if scorer_name == "price_rule":
        return {}
    found = leakage.detect(table, seed=seed)
    return {"leakage": found.text, "labels_look_leaked": found.found}


def _weights(past: features.History, x: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    """How many lines of all each labelled line stands for, learned from a sample of the history."""
    table = past.table
    if table.height > selectivity.SAMPLE:
        table = table.sample(selectivity.SAMPLE, seed=seed)
    inspected = table["fraud"].is_not_null().to_numpy()
    return selectivity.weights(features_of(past, table), inspected, x, seed)


def _trained(model: LoadedModel, history: features.History) -> Trained:
    parameters = model.manifest["parameters"]
    scorer = scorers.new(parameters["scorer"])
    scorer.restore(model.files)
    return Trained(
        model.ref,
        model.manifest,
        history,
        scorer,
        revenue.restore(model.files),
        float(parameters["balance"]),
    )


def _score(trained: Trained, lines: pl.DataFrame, balance: float) -> pl.DataFrame:
    answers = trained.history.features(lines)
    nothing = [None] * lines.height

    def column(name: str) -> list[Any]:
        return lines[name].to_list() if name in lines.columns else nothing

    columns = judge(trained, answers, column, balance)
    return pl.DataFrame(
        [lines["subject"], *(pl.Series(n, v, dtype=SCORES[n]) for n, v in columns.items())]
    )
