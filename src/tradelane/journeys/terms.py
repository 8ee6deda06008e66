"""The terms of an order: what a supervisor writes, proposes and agrees to, as plain values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tradelane.kit.errors import InputRefused, Problem

MOST_OFFICES = 200
_OFFICE = re.compile(r"(\S.*?)[\s:=]+(\S+)")


@dataclass(frozen=True, slots=True)
class Terms:
    """Shares from 0 to 1; see `opening.Order` for what each means. ``reason``: why."""

    budget: float
    random_share: float
    model: str
    reason: str
    novel_share: float = 0.0
    balance: float | None = None
    offices: Mapping[str, float] = field(default_factory=dict)
    challenger: str = ""
    rules: str = ""

    def content(self, seen: str) -> dict[str, Any]:
        """What a second person agrees to, as plain JSON without floats; ``seen``: the id of the
        order that it replaces. The reason is the proposal's own."""
        return {
            "seen": seen,
            "budget": str(self.budget),
            "random_share": str(self.random_share),
            "novel_share": str(self.novel_share),
            "balance": "" if self.balance is None else str(self.balance),
            "offices": {office: str(budget) for office, budget in sorted(self.offices.items())},
            "model": self.model,
            "challenger": self.challenger,
            "rules": self.rules,
        }

    @classmethod
    def of(cls, settings: Mapping[str, Any], reason: str) -> Terms:
        """The terms of a proposal's content, or of the settings of an order, old or new."""
        balance = settings.get("balance", "")
        return cls(
            budget=float(settings["budget"]),
            random_share=float(settings["random_share"]),
            model=settings["model"],
            reason=reason,
            novel_share=float(settings.get("novel_share", 0)),
            balance=float(balance) if balance else None,
            offices={name: float(share) for name, share in settings.get("offices", {}).items()},
            challenger=settings.get("challenger", ""),
            rules=settings.get("rules", ""),
        )


def read_terms(values: Mapping[str, str], rules: str) -> Terms:
    """Terms from a form's texts: ``budget``, ``random_share``, ``novel_share`` in per cent;
    ``balance`` from 0 to 1 or empty; ``offices``: a line each, a name and per cent.

    Errors: InputRefused ``oversight.share``, ``oversight.balance``, ``oversight.offices``, with a
    pointer each.

    >>> found = read_terms({"budget": "5", "random_share": "10", "offices": "Port A: 8"}, "")
    >>> found.budget, found.offices, found.balance
    (0.05, {'Port A': 0.08}, None)
    """
    problems: list[Problem] = []

    def read(name: str, parse: Callable[[str], Any], none: Any, problem: Problem) -> Any:
        try:
            return parse(values.get(name, "").strip())
        except ValueError:
            problems.append(problem)
            return none

    def share(name: str) -> Any:
        return read(name, _per_cent, 0.0, _no_share(values.get(name, ""), name))

    terms = Terms(
        budget=share("budget"),
        random_share=share("random_share"),
        novel_share=share("novel_share") if values.get("novel_share") else 0.0,
        model=values.get("model", ""),
        reason=values.get("reason", ""),
        balance=read("balance", _balance, None, _NO_BALANCE),
        offices=read("offices", _offices, {}, _NO_OFFICES),
        challenger=values.get("challenger", ""),
        rules=rules,
    )
    if not problems and terms.random_share + terms.novel_share > 1:
        problems.append(_no_share("more than 100 % together", "novel_share"))
    if problems:
        raise InputRefused(problems)
    return terms


def offices_text(offices: Mapping[str, float]) -> str:
    """Budgets of offices as `read_terms` reads them.

    >>> offices_text({"Port A": 0.08})
    'Port A: 8'
    """
    return "\n".join(f"{office}: {100 * budget:g}" for office, budget in sorted(offices.items()))


def _no_share(given: str, name: str) -> Problem:
    return Problem(
        "oversight.share",
        f"{given[:40]!r} is not a share from 0 to 100 %.",
        pointer=f"/{name}",
        hint="Write 5 % as 5.",
    )


_NO_BALANCE = Problem(
    "oversight.balance",
    "The balance is a number from 0 (probability alone) to 1 (expected revenue).",
    pointer="/balance",
    hint="Write the middle as 0.5; leave it empty for what the model says.",
)
_NO_OFFICES = Problem(
    "oversight.offices",
    "A line is not an office with its budget in per cent, or an office is there twice.",
    pointer="/offices",
    hint=f"Write one office a line, at most {MOST_OFFICES}, such as: PMSEA: 8",
)


def _per_cent(text: str) -> float:
    share = round(float(text) / 100, 6)
    if not 0 <= share <= 1:
        raise ValueError
    return share


def _balance(text: str) -> float | None:
    if not text:
        return None
    found = round(float(text), 6)
    if not 0 <= found <= 1:
        raise ValueError
    return found


def _offices(text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        match = _OFFICE.fullmatch(line)
        if match is None or match[1].rstrip(":=") in found:
            raise ValueError
        found[match[1].rstrip(":=")] = _per_cent(match[2].removesuffix("%"))
    if len(found) > MOST_OFFICES:
        raise ValueError
    return found
