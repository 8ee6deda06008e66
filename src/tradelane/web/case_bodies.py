"""Reads what programs send about a case: the revision they have seen, and what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from tradelane.inspections.findings import Discrepancy, Finding, Result
from tradelane.inspections.rules import LONGEST_REASON
from tradelane.kit.errors import InputRefused, Problem
from tradelane.web.bodies import only, text_of

FINDING_FIELDS = (
    "line",
    "result",
    "discrepancy",
    "revenue_recovered",
    "currency",
    "note",
    "quantity",
    "quantity_unit",
    "hs_code",
    "origin",
)


def read_revision(given: Mapping[str, Any]) -> int:
    """The case's revision that the sender has seen. Errors: InputRefused ``web.field``."""
    found = given.get("revision")
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found < 2**31:
        raise InputRefused(
            Problem(
                "web.field",
                "The field 'revision' has to be the case's revision that you have seen.",
                pointer="/revision",
                hint="It is in the case as you read it.",
            )
        )
    return found


def read_findings(given: Any) -> list[Finding]:
    """What was found, in the order given. Errors: InputRefused with the problems of all of them."""
    if not isinstance(given, list):
        raise InputRefused(
            Problem("web.field", "The findings have to be a list.", pointer="/findings")
        )
    problems: list[Problem] = []
    found: list[Finding] = []
    for place, item in enumerate(given):
        try:
            found.append(_finding(item))
        except InputRefused as error:
            problems += [
                Problem(p.code, p.message, pointer=f"/findings/{place}{p.pointer}", hint=p.hint)
                for p in error.problems
            ]
    if problems:
        raise InputRefused(problems)
    return found


def _finding(given: Any) -> Finding:
    if not isinstance(given, dict):
        raise InputRefused(Problem("web.field", "A finding has to be an object."))
    only(given, *FINDING_FIELDS)
    line = given.get("line")
    if not isinstance(line, int) or isinstance(line, bool):
        raise InputRefused(
            Problem("web.field", "The field 'line' has to be a line's number.", pointer="/line")
        )
    return Finding(
        line=line,
        result=Result(_one_of(given, "result", list(Result))),
        discrepancy=(
            Discrepancy(_one_of(given, "discrepancy", list(Discrepancy)))
            if given.get("discrepancy") is not None
            else None
        ),
        revenue_recovered=_decimal(given, "revenue_recovered"),
        currency=text_of(given, "currency", 3, required=False),
        note=text_of(given, "note", LONGEST_REASON, required=False),
        quantity=_decimal(given, "quantity"),
        quantity_unit=text_of(given, "quantity_unit", 3, required=False),
        hs_code=text_of(given, "hs_code", 10, required=False),
        origin=text_of(given, "origin", 2, required=False),
    )


def _one_of(given: Mapping[str, Any], name: str, choices: Sequence[str]) -> str:
    found = given.get(name)
    if not isinstance(found, str) or found not in choices:
        raise InputRefused(
            Problem(
                "web.field",
                f"The field {name!r} cannot be that.",
                pointer=f"/{name}",
                hint=f"Choose one of: {', '.join(choices)}.",
            )
        )
    return found


def _decimal(given: Mapping[str, Any], name: str) -> Decimal | None:
    found = given.get(name)
    if found is None:
        return None
    try:
        if isinstance(found, bool) or not isinstance(found, str | int | float):
            raise InvalidOperation
        return Decimal(str(found)[:40])
    except InvalidOperation:
        raise InputRefused(
            Problem(
                "web.field",
                f"The field {name!r} has to be a decimal.",
                pointer=f"/{name}",
                hint="Write it as '1250.00'.",
            )
        ) from None
