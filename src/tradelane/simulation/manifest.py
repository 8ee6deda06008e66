"""What is said about a simulation beside its files: what made it, and what it holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tradelane.kit.packs import Pack
from tradelane.simulation import splitting
from tradelane.simulation.model import SCHEMES, Parameters
from tradelane.simulation.selection import Inspections
from tradelane.simulation.tariff import Ints


def manifest_of(
    arguments: Mapping[str, int],
    pack: Pack,
    parameters: Parameters,
    scheme: Ints,
    found: Inspections,
) -> dict[str, Any]:
    """Plain JSON values. ``arguments``: those of `service.simulate`; ``scheme``: each line's (an
    index into `SCHEMES`, negative for none)."""
    days, hold_out_days = arguments["days"], arguments["hold_out_days"]
    first = parameters.last_day - timedelta(days=days - 1)
    counts = {name: int((scheme == n).sum()) for n, name in enumerate(SCHEMES)}
    frauds = sum(counts.values()) - counts["innocent_error"]
    begins = splitting.first_split_day(parameters, days)
    return {
        "made_up": "Simulated: no person, firm or declaration in these files exists.",
        "arguments": dict(arguments),
        "pack": {"id": pack.id, "version": pack.version, "digest": pack.digest},
        "first_day": first.isoformat(),
        "last_day": parameters.last_day.isoformat(),
        "week_begins": (first + timedelta(days=days - hold_out_days)).isoformat(),
        "currency_of_revenue": str(pack.about["currency"]),
        "counts": {
            "lines": len(scheme),
            "fraud": frauds,
            "inspected": int(found.inspected.sum()),
            "fraud_found": int(found.fraud.sum()),
            "by_scheme": counts,
        },
        "rates": {
            "fraud": f"{frauds / len(scheme):.4f}",
            "inspected": f"{found.inspected.mean():.4f}",
        },
        "schemes": {
            name: {"words": kind.words, "trace": kind.trace}
            for name, kind in parameters.schemes.items()
        },
        "split_consignments_begin": (first + timedelta(days=begins)).isoformat(),
        "revenue_lost_is": (
            "duty (ad valorem part, longest prefix, preference) and sales tax on the true facts "
            "less the same on the declared ones; excise, specific duties and fees left out"
        ),
    }
