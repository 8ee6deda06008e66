"""Every macro in every state on one page, for those who build pages and for the tests."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tradelane.web import charts
from tradelane.web.translation import page_words, translator

_PRICES = [4.1, 4.4, 4.6, 4.9, 5.0, 5.2, 5.3, 5.3, 5.6, 5.8, 6.1, 6.4, 6.6, 7.0, 7.9, 9.5, 11.2]
_DAYS = [f"2026-11-{day:02}" for day in range(9, 21)]


def gallery_context(locale: str = "en", **changes: Any) -> dict[str, Any]:
    """What ``gallery.html`` needs, with invented values; ``changes`` replace some of them."""
    words = translator(locale)
    return {
        **page_words(locale),
        "principal": SimpleNamespace(name="Mele Faleafa", role="officer", office="MDPRT"),
        "csrf": "not-a-secret",
        "nav": [
            {"label": "Queue", "href": "#queue", "current": True},
            {"label": "My cases", "href": "#mine", "current": False},
            {"label": "Messages", "href": "#messages", "current": False},
            {"label": "Declarations", "href": "#declarations", "current": False},
        ],
        "flash": [{"kind": "good", "text": "Your declaration XM2026-0049578 is filed."}],
        "problems": [
            {
                "code": "declarations.hs_unknown",
                "message": "The code 8703.99 is not in HS 2022.",
                "pointer": "/lines/0/hs_code",
                "line": 7,
                "hint": "Look the goods up again.",
            },
            {
                "code": "declarations.required",
                "message": "The net mass is missing.",
                "pointer": "/lines/0/net_mass",
            },
        ],
        "strip": charts.strip_plot(_PRICES, (4.9, 5.6, 6.6), 1.9, "USD/kg", words=words),
        "wide_strip": charts.strip_plot(
            [0.6, 2, 9, 14, 22, 35, 60, 140, 420], (9, 22, 60), 22, "USD/NMB", words=words
        ),
        "lanes": charts.bars(
            [("Red", 81), ("Yellow", 143), ("Green", 1399)],
            "lines",
            kinds=("red", "yellow", "green"),
            title="Lines by lane this week",
            words=words,
        ),
        "days": charts.columns_over_time(
            _DAYS,
            [
                ("Released", [180, 210, 190, 230, 205, 60, 44, 220, 215, 190, 240, 226], "1"),
                ("Inspected", [14, 18, 11, 21, 16, 3, 2, 19, 17, 12, 20, 18], "2"),
            ],
            unit="lines",
            words=words,
        ),
        "hits": charts.interval(
            [
                ("Chosen by the model", 0.31, 0.38, 0.45),
                ("Drawn by chance", 0.02, 0.05, 0.11),
            ],
            "share of inspected lines found wrong",
            words=words,
        ),
        **changes,
    }
