"""What was learned: weights, curves and the linear classifier, as files for the registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tradelane.classification import remembered
from tradelane.classification.calibration import Calibration, Curve
from tradelane.classification.rankers.linear import FILE, Linear
from tradelane.classification.remembered import Remembered
from tradelane.classification.reranker import Hidden, Weighted
from tradelane.kit import canonical
from tradelane.kit.packs import Pack

WEIGHTS_FILE = "weights.csv"
CURVES_FILE = "curves.csv"
HIDDEN_FILE = "hidden.csv"
SUMS = "weights.json"


@dataclass(frozen=True)
class Trained:
    """How candidates are weighed and how sure to be; linear: only where examples were learned;
    remembered: the words of those."""

    reranker: Weighted
    calibration: Calibration
    linear: Linear | None = None
    remembered: Remembered | None = None

    def dump(self) -> dict[str, bytes]:
        """Everything as files; equal learning gives equal bytes."""
        about: dict[str, Any] = {
            "weights": _texts(self.reranker.weights),
            "added": {name: _texts(added) for name, added in self.reranker.added.items()},
            "six": _curve(self.calibration.six),
            "four": _curve(self.calibration.four),
            "by_source": {
                name: [_curve(six), _curve(four)]
                for name, (six, four) in self.calibration.by_source.items()
            },
        }
        # Sources have names in any script, and canonical JSON takes ASCII keys only.
        if (hidden := self.reranker.hidden) is not None:
            about["hidden"] = {
                "into": {n: _row(row) for n, row in sorted(hidden.into.items())},
                "offset": _row(hidden.offset),
                "out": _row(hidden.out),
            }
        about["added"] = [[name, added] for name, added in sorted(about["added"].items())]
        about["by_source"] = [[name, two] for name, two in sorted(about["by_source"].items())]
        files = {SUMS: canonical.encode(about)}
        for part in (self.linear, self.remembered):
            files |= part.dump() if part is not None else {}
        return files


def restore(files: Mapping[str, bytes]) -> Trained:
    """Take back what `Trained.dump` gave."""
    about = canonical.decode(files[SUMS])
    weighted = Weighted(
        _numbers(about["weights"]),
        {name: _numbers(added) for name, added in about["added"]},
        _hidden(about.get("hidden")),
    )
    by_source = {name: (_read(six), _read(four)) for name, (six, four) in about["by_source"]}
    calibration = Calibration(_read(about["six"]), _read(about["four"]), by_source)
    linear = None
    if FILE in files:
        linear = Linear()
        linear.restore(files)
    return Trained(weighted, calibration, linear, remembered.restore(files))


def shipped(pack: Pack) -> Trained:
    """What the pack has, for when nothing was learned."""
    weights = {row["feature"]: float(row["weight"]) for row in pack.table(WEIGHTS_FILE)}
    rows = {row["level"]: row for row in pack.table(CURVES_FILE)}
    six, four = (
        Curve(
            tuple(float(rows[level][name]) for name in INPUTS),
            float(rows[level]["offset"]),
        )
        for level in ("subheading", "heading")
    )
    return Trained(Weighted(weights, {}, _shipped_hidden(pack)), Calibration(six, four))


def _shipped_hidden(pack: Pack) -> Hidden | None:
    if not (pack.root / HIDDEN_FILE).exists():
        return None
    rows = {row["feature"]: row for row in pack.table(HIDDEN_FILE)}
    units = [name for name in next(iter(rows.values())).cells if name != "feature"]
    table = {name: tuple(float(row[unit]) for unit in units) for name, row in rows.items()}
    return Hidden(
        {name: row for name, row in table.items() if name not in (OFFSET, OUT)},
        table[OFFSET],
        table[OUT],
    )


OFFSET, OUT = "(offset)", "(out)"
"""Rows of `HIDDEN_FILE` that are no features."""


INPUTS = ("odds", "lead", "words", "nearest", "known", "term")
"""What a curve hangs on, in the order of `calibration.confidence`."""


def _row(values: Iterable[float]) -> list[str]:
    return [repr(round(value, 5)) for value in values]


def _hidden(about: Mapping[str, Any] | None) -> Hidden | None:
    if about is None:
        return None
    return Hidden(
        {name: tuple(map(float, row)) for name, row in about["into"].items()},
        tuple(map(float, about["offset"])),
        tuple(map(float, about["out"])),
    )


def _texts(weights: Mapping[str, float]) -> dict[str, str]:
    return {name: repr(round(weight, 6)) for name, weight in sorted(weights.items())}


def _numbers(texts: Mapping[str, str]) -> dict[str, float]:
    return {name: float(text) for name, text in texts.items()}


def _curve(curve: Curve) -> dict[str, Any]:
    return {"weights": [repr(w) for w in curve.weights], "offset": repr(curve.offset)}


def _read(about: Mapping[str, Any]) -> Curve:
    return Curve(tuple(float(w) for w in about["weights"]), float(about["offset"]))
