"""Charts as SVG text, drawn on our side, each with the same numbers in a table beside it."""

from __future__ import annotations

import json
import re
from typing import Any

_CONFIG: dict[str, Any] = {
    "background": None,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {"labelColor": "#57606a", "titleColor": "#57606a", "gridColor": "#8884", "tickSize": 3},
    "legend": {"labelColor": "#57606a", "titleColor": "#57606a"},
    "text": {"color": "#57606a"},
}
LANE_COLOURS = {"red": "#b3261e", "yellow": "#c98a00", "green": "#2e7d32"}


def bars(rows: list[tuple[str, float]], x_title: str, colours: dict[str, str] | None = None) -> str:
    """Horizontal bars, in the order given, one row a (label, value)."""
    encoding: dict[str, Any] = {
        "y": {"field": "label", "type": "nominal", "sort": None, "title": None},
        "x": {
            "field": "value",
            "type": "quantitative",
            "title": x_title,
            "axis": {"tickCount": 4, "format": "~s"},
        },
    }
    if colours:
        encoding["color"] = {
            "field": "label",
            "type": "nominal",
            "legend": None,
            "scale": {"domain": list(colours), "range": list(colours.values())},
        }
    values = [{"label": label, "value": value} for label, value in rows]
    return _svg({"mark": {"type": "bar", "color": "#2463a6"}, "encoding": encoding}, values, 24)


def histogram(edges: list[float], counts: list[int], x_title: str, y_title: str) -> str:
    """Counts between consecutive edges, on a square-root scale so that small bins stay visible."""
    values = [
        {"from": low, "to": high, "count": count}
        for low, high, count in zip(edges, edges[1:], counts, strict=False)
    ]
    encoding = {
        "x": {"field": "from", "bin": {"binned": True}, "title": x_title},
        "x2": {"field": "to"},
        "y": {
            "field": "count",
            "type": "quantitative",
            "title": y_title,
            "scale": {"type": "sqrt"},
        },
    }
    return _svg({"mark": {"type": "bar", "color": "#2463a6"}, "encoding": encoding}, values)


def curve(
    points: list[tuple[float, float]], x_title: str, y_title: str, marked_x: float | None = None
) -> str:
    """A line through the points (shares, shown as percent), with a rule at ``marked_x``."""
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "line", "color": "#2463a6"},
            "encoding": {
                "x": {
                    "field": "x",
                    "type": "quantitative",
                    "title": x_title,
                    "axis": {"format": ".0%"},
                },
                "y": {
                    "field": "y",
                    "type": "quantitative",
                    "title": y_title,
                    "axis": {"format": ".0%"},
                },
            },
        }
    ]
    if marked_x is not None:
        layers.append(
            {
                "data": {"values": [{"x": marked_x}]},
                "mark": {"type": "rule", "color": "#b3261e", "strokeDash": [4, 3]},
                "encoding": {"x": {"field": "x", "type": "quantitative"}},
            }
        )
    return _svg({"layer": layers}, [{"x": x, "y": y} for x, y in points])


def _svg(body: dict[str, Any], values: list[dict[str, Any]], step: int | None = None) -> str:
    import vl_convert

    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": 460,
        "height": {"step": step} if step else 210,
        "data": {"values": values},
        "config": _CONFIG,
        **body,
    }
    svg: str = vl_convert.vegalite_to_svg(json.dumps(spec))
    # The numbers are in the table beside the chart, so a screen reader may skip the picture.
    return re.sub(
        r'class="marks" width="([\d.]+)" height="[\d.]+"',
        r'class="chart" aria-hidden="true" style="max-width:\1px" width="100%"',
        svg,
        count=1,
    )
