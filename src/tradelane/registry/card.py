"""A model card (after Mitchell et al. 2019, "Model Cards for Model Reporting") from a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ABSENT = "Not stated."


def markdown(manifest: Mapping[str, Any]) -> str:
    """The card: what the model is, was made from, is for, is not for, and how good it was."""
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
        "## Intended use",
        str(manifest.get("intended_use") or _ABSENT),
        "## Limits",
        str(manifest.get("limits") or _ABSENT),
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


def _table(values: Mapping[str, Any]) -> str:
    rows = [f"| {_cell(k)} | {_cell(v)} |" for k, v in values.items()]
    return "\n".join(["| what | value |", "| --- | --- |", *rows]) if rows else ""


def _cell(value: Any) -> str:
    if isinstance(value, Mapping):
        value = "; ".join(f"{k} {v}" for k, v in value.items())
    elif isinstance(value, list):
        value = ", ".join(str(v) for v in value)
    return str(value).replace("|", "\\|").replace("\n", " ")
