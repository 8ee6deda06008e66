"""The report of a cleared file: one self-contained page, for reading, printing and passing on."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

from tradelane.journeys import charts
from tradelane.journeys.outputs import Figures, replaced
from tradelane.nomenclature.service import Nomenclature
from tradelane.trade.hscode import show_code

_CHAPTERS = 12


@dataclass(frozen=True)
class Facts:
    """What a report is made from."""

    name: str
    batch_id: str
    closed_at: str
    pack_title: str
    read: int
    budget: float
    random_share: float
    figures: Figures
    captured: list[tuple[float, float]]
    """What `captured_share` gives."""
    model_ref: str
    manifest: Mapping[str, Any]
    notices: tuple[tuple[str, str], ...]
    checkpoint: str
    home: str


def write_report(path: Path, facts: Facts, nomenclature: Nomenclature) -> None:
    """Write the page, whole or not at all."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("tradelane.journeys"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    figures = facts.figures
    chapters = _chapters(figures, nomenclature)
    captured = facts.captured
    bins = len(figures.probability_bins)
    edges = [n / bins for n in range(bins + 1)]
    top = figures.best()
    page = environment.get_template("clearance_report.html").render(
        name=facts.name,
        batch_id=facts.batch_id,
        closed_at=facts.closed_at[:16].replace("T", " "),
        pack_title=facts.pack_title,
        read=facts.read,
        f=figures,
        budget=f"{facts.budget:.1%}",
        random_share=f"{facts.random_share:.0%}",
        notices=[{"title": title, "text": text} for title, text in facts.notices],
        top=top,
        chapters=chapters,
        captured=captured[:: max(1, len(captured) // 10)],
        bins=list(zip(edges, edges[1:], figures.probability_bins, strict=False)),
        lanes_chart=Markup(  # noqa: S704 - our own SVG, made from numbers and fixed labels
            charts.bars(
                [(lane, figures.lanes[lane]) for lane in charts.LANE_COLOURS],
                "lines",
                charts.LANE_COLOURS,
            )
        ),
        probability_chart=Markup(  # noqa: S704
            charts.histogram(edges, figures.probability_bins, "probability", "lines (root scale)")
        ),
        captured_chart=Markup(  # noqa: S704
            charts.curve(
                captured, "lines inspected, highest score first", "expected revenue", facts.budget
            )
        ),
        chapters_chart=Markup(  # noqa: S704
            charts.bars(
                [(chapter, float(row[2])) for chapter, _, row in chapters],
                f"duty and taxes, {figures.currency}",
            )
        ),
        amount=_amount,
        show_code=show_code,
        model_sentence=_model_sentence(facts.manifest),
        model_rows=_model_rows(facts.manifest),
        model_ref=facts.model_ref,
        checkpoint=facts.checkpoint,
        home=facts.home,
        example=top[0].subject if top else "ID",
    )
    with replaced(path) as file:
        file.write(page)


def captured_share(
    scores: Iterable[tuple[float, float]], points: int = 50
) -> list[tuple[float, float]]:
    """Share of the expected revenue that is reached when this share of lines is inspected, in
    the order of their scores; from (score, expected revenue) of every line.

    >>> captured_share([(0.9, 80.0), (0.1, 20.0)], points=2)
    [(0.0, 0.0), (0.5, 0.8), (1.0, 1.0)]
    """
    import numpy as np

    flat = array("d", chain.from_iterable(scores))
    pairs = np.frombuffer(flat, np.float64).reshape(-1, 2)
    total = float(pairs[:, 1].sum()) if len(pairs) else 0.0
    if not total:
        return [(0.0, 0.0), (1.0, 0.0)]
    revenue = pairs[np.argsort(-pairs[:, 0], kind="stable"), 1]
    sums = np.concatenate([[0.0], np.cumsum(revenue)])
    steps = min(points, len(revenue))
    return [
        (at / steps, min(1.0, float(sums[round(at / steps * len(revenue))]) / total))
        for at in range(steps + 1)
    ]


def _chapters(figures: Figures, nomenclature: Nomenclature) -> list[tuple[str, str, list[Decimal]]]:
    most = sorted(figures.chapters.items(), key=lambda item: item[1][2], reverse=True)[:_CHAPTERS]
    found = []
    for chapter, row in most:
        code = nomenclature.find(chapter)
        wording = code.wording if code else ""
        found.append((chapter, wording[:60] + ("…" if len(wording) > 60 else ""), row))
    return found


def _amount(value: Any) -> str:
    """An amount for a table: grouped, without the fraction from a thousand on."""
    number = Decimal(value or 0)
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:,.2f}"


def model_notices(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a reader must know before trusting the scores: fallback and leaking labels."""
    found = []
    if manifest.get("note"):
        found.append(("Ranked by a rule, not by a model", str(manifest["note"])))
    metrics = manifest.get("metrics", {})
    if metrics.get("labels_look_leaked"):
        found.append(("The labels of the history look leaked", str(metrics["leakage"])))
    return found


def _model_sentence(manifest: Mapping[str, Any]) -> str:
    metrics = manifest.get("metrics", {})
    if manifest["parameters"]["scorer"] == "price_rule":
        return str(manifest.get("note", ""))
    return (
        f"Boosted trees, trained on {metrics.get('outcomes', '?')} inspected lines of the history "
        f"of which {metrics.get('found_wrong', '?')} were found wrong. Features use only what was "
        "known when a line was filed."
    )


def _model_rows(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [("Digest", str(manifest["digest"])), ("Made", str(manifest.get("created_at", "")))]
    for name, value in manifest.get("metrics", {}).items():
        text = (
            "; ".join(f"{k.replace('_', ' ')} {v}" for k, v in value.items())
            if isinstance(value, Mapping)
            else str(value)
        )
        rows.append((name.replace("_", " ").capitalize(), text))
    return rows
