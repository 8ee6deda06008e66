"""The form in which an officer records what an inspection found: read, and asked again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from tradelane.inspections.findings import Discrepancy, Finding, Recorded, Result, latest_of
from tradelane.inspections.model import Case
from tradelane.kit.errors import InputRefused, Problem

FIELDS = (
    "result",
    "discrepancy",
    "revenue_recovered",
    "note",
    "quantity",
    "quantity_unit",
    "hs_code",
    "origin",
)
"""Of each line; the field of line 3 is named ``findings-3-note``."""
_PLACE = re.compile(r"/findings/(\d+)(/.*)?")


def typed_findings(
    form: Mapping[str, str], lines: Iterable[int], before: Sequence[Recorded]
) -> dict[int, dict[str, str]]:
    """What the form says of each line, or, where it says nothing, what was found before."""
    latest = {item.finding.line: item.finding for item in latest_of(before)}
    found = {}
    for line in lines:
        if f"findings-{line}-result" in form:
            found[line] = {name: form.get(f"findings-{line}-{name}", "") for name in FIELDS}
        elif line in latest:
            known = latest[line].to_dict()
            found[line] = {name: str(known.get(name, "")) for name in FIELDS}
        else:
            found[line] = dict.fromkeys(FIELDS, "")
    return found


def read_findings(form: Mapping[str, str], lines: Iterable[int], case: Case) -> list[Finding]:
    """The findings of a form; lines that were not inspected are left out.

    Errors: InputRefused ``web.field`` for what is not a number or not a choice, each at its field.
    """
    found: list[Finding] = []
    problems: list[Problem] = []
    for line in lines:
        given = {name: form.get(f"findings-{line}-{name}", "").strip() for name in FIELDS}
        if given["result"] in ("", "none"):
            continue
        if given["result"] not in set(Result):
            problems.append(_choose(line, "result"))
            continue
        wrong = given["result"] == Result.WRONG
        kind = given["discrepancy"] if wrong else ""
        if kind and kind not in set(Discrepancy):
            problems.append(_choose(line, "discrepancy"))
            kind = ""
        amounts = {
            name: _number(given[name] if wrong else "", line, name, problems)
            for name in ("revenue_recovered", "quantity")
        }
        found.append(
            Finding(
                line=line,
                result=Result(given["result"]),
                discrepancy=Discrepancy(kind) if kind else None,
                revenue_recovered=amounts["revenue_recovered"],
                currency=case.currency if amounts["revenue_recovered"] is not None else "",
                note=given["note"],
                quantity=amounts["quantity"],
                quantity_unit=given["quantity_unit"].upper() if wrong else "",
                hs_code=given["hs_code"].replace(".", "").replace(" ", "") if wrong else "",
                origin=given["origin"].upper() if wrong else "",
            )
        )
    if problems:
        raise InputRefused(problems)
    return found


def at_their_lines(problems: Iterable[Problem], findings: Sequence[Finding]) -> list[Problem]:
    """Problems that point into a list of findings, pointed at the fields of their lines.

    >>> seen = [Finding(line=7, result=Result.WRONG)]
    >>> asked = Problem("inspections.finding", "Why?", pointer="/findings/0/discrepancy")
    >>> at_their_lines([asked], seen)[0].pointer
    '/findings/7/discrepancy'
    """
    moved = []
    for problem in problems:
        match = _PLACE.fullmatch(problem.pointer)
        if match is not None and int(match[1]) < len(findings):
            line, rest = findings[int(match[1])].line, match[2] or ""
            rest = "/revenue_recovered" if rest == "/currency" else rest
            pointer = f"/findings/{line}{rest}"
            problem = Problem(problem.code, problem.message, pointer=pointer, hint=problem.hint)
        moved.append(problem)
    return moved


def _number(text: str, line: int, name: str, problems: list[Problem]) -> Decimal | None:
    if not text:
        return None
    try:
        return Decimal(text.replace(" ", "").replace("\u00a0", ""))
    except InvalidOperation:
        problems.append(
            Problem(
                "web.field",
                f"{text[:40]!r} is not a number.",
                pointer=f"/findings/{line}/{name}",
                hint="Write it as 1250.00.",
            )
        )
        return None


def _choose(line: int, name: str) -> Problem:
    message = "That cannot be chosen here."
    return Problem("web.field", message, pointer=f"/findings/{line}/{name}", hint="Choose again.")
