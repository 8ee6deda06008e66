"""A model card (after Mitchell et al. 2019, "Model Cards for Model Reporting") from a manifest and
what was measured forward in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

QUALITY = "quality.json"
"""The file of a model that has its quality forward in time."""

MEASURES = {
    "precision": "Precision at 5 %",
    "auc": "AUC",
    "average_precision": "Average precision",
    "base_rate": "Wrong of all",
}
"""The figures of a model as people call them."""
GROUPINGS = {
    "month": "Month",
    "office": "Office",
    "hs2": "Chapter",
    "preference": "Preference",
}

_ABSENT = "Not stated."


def markdown(
    manifest: Mapping[str, Any], quality: Mapping[str, Any] | None = None, facts: Sequence[str] = ()
) -> str:
    """The card: what the model is, was made from, is for, is not for, and how good it was.

    facts: sentences about where it stands, such as who agreed to it.
    """
    features = list(manifest.get("features", []))
    parts = [
        f"# Model card: {manifest['name']}",
        _table(
            {
                "Digest": manifest["digest"],
                "Published": manifest.get("created_at", _ABSENT),
                "Training data": manifest.get("training_data", _ABSENT),
                "Seed": manifest.get("seed", _ABSENT),
                "Made with": ", ".join(f"{k} {v}" for k, v in manifest["libraries"].items()),
            }
        ),
        *(["## Where it stands", "\n".join(f"- {fact}" for fact in facts)] if facts else []),
        "## Intended use",
        str(manifest.get("intended_use") or _ABSENT),
        "## Limits",
        str(manifest.get("limits") or _ABSENT),
        *_quality(quality or {}),
        "## Figures",
        _table(manifest.get("metrics") or {}) or "None were measured.",
        "## Parameters",
        _table(manifest.get("parameters") or {}) or "None.",
        f"## Features ({len(features)})",
        ", ".join(f"`{f}`" for f in features) or "None.",
        "## Files",
        _table(manifest["files"]),
    ]
    return "\n\n".join(parts) + "\n"


def with_interval(figure: Sequence[str | None]) -> str:
    """A figure as people read it.

    >>> with_interval(["0.4000", "0.3500", "0.4512"]), with_interval([None, None, None])
    ('0.400 (0.350-0.451)', 'not known')
    """
    value, low, high = figure
    if value is None:
        return "not known"
    if low is None or high is None:
        return f"{float(value):.3f}"
    return f"{float(value):.3f} ({float(low):.3f}-{float(high):.3f})"


def _quality(quality: Mapping[str, Any]) -> list[str]:
    if not quality.get("lines"):
        return ["## Quality forward in time", "It was not measured: there were too few outcomes."]
    about = (
        f"On {quality['lines']} lines with an outcome from {quality['from']} to {quality['to']} "
        f"that it had not learned from ({quality['wrong']} of them wrong), each standing for as "
        "many lines as it represents. With 95 % intervals. What was said was fitted to what was "
        "found on these same lines, so the calibration error flatters; monitoring has the true one."
    )
    parts = ["## Quality forward in time", about]
    overall = {label: with_interval(quality["overall"][n]) for n, label in MEASURES.items()}
    overall["Calibration error"] = quality.get("calibration_error") or "not known"
    missed = quality.get("missed") or {}
    if missed.get("share_of_wrong"):
        overall["Wrong lines missed at 5 % inspected"] = missed["share_of_wrong"]
    parts.append(_table(overall))
    for name, label in GROUPINGS.items():
        parts += _by_group(label, quality.get("groups", {}).get(name) or {})
    return parts


def _by_group(label: str, group: Mapping[str, Any]) -> list[str]:
    rows = [
        "| "
        + " | ".join(
            [
                _cell(one["group"] or "none"),
                str(one["lines"]),
                *(with_interval(one["figures"][name]) for name in MEASURES),
            ]
        )
        + " |"
        for one in group.get("shown", [])
    ]
    if not rows:
        return []
    heads = [label, "lines", *MEASURES.values()]
    table = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}", *rows]
    left = group["not_shown"]
    if left["groups"]:
        table += ["", f"Not shown, mostly too small: {left['groups']} with {left['lines']} lines."]
    return [f"### By {label.lower()}", "\n".join(table)]


def _table(values: Mapping[str, Any]) -> str:
    rows = [f"| {_cell(k)} | {_cell(v)} |" for k, v in values.items()]
    return "\n".join(["| what | value |", "| --- | --- |", *rows]) if rows else ""


def _cell(value: Any) -> str:
    if isinstance(value, Mapping):
        value = "; ".join(f"{k} {v}" for k, v in value.items())
    elif isinstance(value, list):
        value = ", ".join(str(v) for v in value)
    return str(value).replace("|", "\\|").replace("\n", " ")
