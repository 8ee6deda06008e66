"""Low-value relief: which rule of a territory settles each kind of charge on a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from tradelane.duties.consignment import Consignment, Verdict, show
from tradelane.duties.explanation import Step
from tradelane.duties.lookup import Day
from tradelane.duties.model import ZERO, Charge, Condition, ReliefFinding, ReliefRule
from tradelane.duties.valuation import Valuation, Work
from tradelane.kit.errors import Problem
from tradelane.trade.declaration import GoodsLine


class Decision(NamedTuple):
    """What happens to one kind of charge on one line."""

    finding: ReliefFinding
    rule: ReliefRule | None = None
    share_free: Decimal = ZERO
    """The part of the charge that relief takes off, 0 to 1."""
    problem: Problem | None = None
    assumed: Step = ()
    """What was taken for granted, said in the trace."""


class LineRelief(NamedTuple):
    """What relief does to one line: a decision by kind of charge, and how it is told."""

    decisions: dict[str, Decision]
    findings: tuple[ReliefFinding, ...]
    steps: tuple[Step, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def replaced(self) -> tuple[str, ...]:
        """The kinds of charge that a flat rate of duty stands for."""
        rule = self.decisions["duty"].rule
        return rule.replaces if rule is not None and rule.effect == "flat" else ()


class Reliefs:
    """Every kind of charge, judged for one consignment."""

    def __init__(self, day: Day, consignment: Consignment) -> None:
        self._shared = _all_above(day, consignment)
        if self._shared is not None:
            return
        self._by_charge = {
            charge: Relief(charge, rules, consignment, day.relief_unrecorded)
            for charge, rules in day.relief.items()
        }
        if not any(relief.differs for relief in self._by_charge.values()):
            self._shared = self._of(None)

    def for_line(self, line: GoodsLine) -> LineRelief:
        """What relief does to the line."""
        return self._shared or self._of(line)

    def _of(self, line: GoodsLine | None) -> LineRelief:
        decisions = {name: relief.decide(line) for name, relief in self._by_charge.items()}
        rule = decisions["duty"].rule
        if rule is not None and rule.effect == "flat":
            # What the flat rate stands for is neither charged nor relieved a second time.
            decisions = {
                name: decision
                for name, decision in decisions.items()
                if name == "duty" or name not in rule.replaces
            }
        steps: list[Step] = []
        for decision in decisions.values():
            steps.append(decision.finding.step)
            if decision.assumed:
                steps.append(decision.assumed)
        problems = [d.problem for d in decisions.values() if d.problem is not None]
        return LineRelief(
            decisions,
            tuple(decision.finding for decision in decisions.values()),
            tuple(dict.fromkeys(steps)),
            tuple(dict.fromkeys(problems)),
        )


def _all_above(day: Day, consignment: Consignment) -> LineRelief | None:
    """The answer for most of trade: a consignment worth more than every threshold there is."""
    ceiling = day.ceiling
    if ceiling is None:
        return None
    value = consignment.value(ceiling.currency, ceiling.basis)
    if value is None or value <= ceiling.highest:
        return None
    about = (show(value), ceiling.currency, ceiling.basis)
    step: Step = ("relief_over", *about, ceiling.limits, ceiling.source, ceiling.confidence)
    decisions = {
        charge: Decision(ReliefFinding(charge, "refused", code, step))
        for charge, code in ceiling.codes
    }
    return LineRelief(decisions, tuple([d.finding for d in decisions.values()]), (step,))


class Relief:
    """The rules of one kind of charge, judged for one consignment."""

    def __init__(
        self,
        charge: str,
        rules: Sequence[ReliefRule],
        consignment: Consignment,
        unrecorded: Problem | None,
    ) -> None:
        self._charge, self._consignment, self._unrecorded = charge, consignment, unrecorded
        self._judged = [
            (rule, consignment.judge(_threshold_apart(rule), charge, rule.code, tail_of(rule)))
            for rule in rules
        ]
        open_rules = [rule for rule, verdict in self._judged if verdict.applies is not False]
        self.differs = any(_by_line(rule.condition) for rule in open_rules)
        """Whether lines of the consignment can fare differently."""

    def decide(self, line: GoodsLine | None) -> Decision:
        """What happens to the charge on the line (on any line, where none is given)."""
        if self._unrecorded is not None:
            return self._for_a_person("", self._unrecorded)
        flat: Decision | None = None
        unknown: Decision | None = None
        refused: Decision | None = None
        for rule, judged in self._judged:
            verdict = judged
            if verdict.applies is not False and line is not None:
                verdict = _judge_line(rule, line, verdict)
            decision = self._of(rule, verdict)
            status = decision.finding.status
            if status in ("granted", "vendor", "part"):
                return decision
            if status == "needs_person":
                unknown = unknown or decision
            elif status == "flat":
                flat = flat or decision
            elif refused is None or (refused.finding.status == "refused" and status != "refused"):
                refused = decision
        return unknown or flat or refused or _NO_RULE[self._charge]

    def _of(self, rule: ReliefRule, verdict: Verdict) -> Decision:
        charge, code = self._charge, rule.code
        if verdict.applies and rule.status == "in_force":
            verdict = self._consignment.judge_count(rule, tail_of(rule))
        if verdict.applies is False:
            return Decision(ReliefFinding(charge, "refused", code, verdict.step))
        if rule.status in ("conflict", "unverified"):
            problem = Problem("duties.relief_unsettled", f"{code}: {rule.note}", hint=rule.source)
            return self._for_a_person(code, problem)
        if verdict.problem is not None:
            return self._for_a_person(code, verdict.problem)
        if rule.status != "in_force":
            step = (f"relief_{rule.status}", charge, code, rule.note, *tail_of(rule))
            return Decision(ReliefFinding(charge, rule.status, code, step))
        if rule.effect == "flat":
            step = ("relief_flat", *self._about(rule))
            return Decision(ReliefFinding(charge, "flat", code, step), rule)
        if rule.effect == "vendor":
            number = self._consignment.declaration.extra.get("vendor_registration", "")
            step = ("relief_vendor", *self._about(rule), number or "not given")
            return Decision(ReliefFinding(charge, "vendor", code, step), rule, _WHOLE)
        share = self._share(rule)
        status = "granted" if share == 1 else "part"
        step = (f"relief_{status}", *self._about(rule))
        assumed = ("bundling_assumed", code) if self._consignment.bundling_assumed(rule) else ()
        finding = ReliefFinding(charge, status, code, step)
        return Decision(finding, rule, share, assumed=assumed)

    def _share(self, rule: ReliefRule) -> Decimal:
        condition = rule.condition
        worth = self._consignment.value(condition.currency, condition.basis)
        if rule.over == "cliff" or not worth or condition.threshold is None:
            return _WHOLE
        return min(_WHOLE, condition.threshold / worth)

    def _about(self, rule: ReliefRule) -> Step:
        condition = rule.condition
        worth = self._consignment.value(condition.currency, condition.basis)
        limit = condition.threshold
        return (
            self._charge,
            rule.code,
            "" if worth is None else show(worth),
            condition.currency,
            condition.basis,
            condition.comparator if limit is not None else "over",
            str(limit if limit is not None else condition.above),
            *tail_of(rule),
        )

    def _for_a_person(self, code: str, problem: Problem) -> Decision:
        step = ("relief_unsettled", self._charge, code or "not recorded", problem.message)
        finding = ReliefFinding(self._charge, "needs_person", code, step)
        return Decision(finding, problem=problem)


def settle(
    valuation: Valuation,
    work: Work,
    kind: str,
    code: str,
    base: Decimal,
    rate: str,
    gross: Decimal,
    decision: Decision | None,
) -> Decimal:
    """Take relief off, note the charge, and return what is to pay."""
    relieved = valuation.zero
    if decision is not None and decision.share_free and gross:
        share = decision.share_free
        relieved = gross if share == 1 else min(gross, valuation.round(gross * share))
        rest = str(gross - relieved)
        work.steps.append(("relieved", decision.finding.code, str(relieved), kind, rest))
    work.charges.append(Charge(kind, code, base, rate, gross - relieved, relieved))
    return gross - relieved


def tail_of(rule: ReliefRule) -> Step:
    """Source and confidence, with which every sentence about a rule ends."""
    return (rule.source, rule.confidence)


def _judge_line(rule: ReliefRule, line: GoodsLine, verdict: Verdict) -> Verdict:
    condition, about = rule.condition, (rule.charge, rule.code)
    tail = tail_of(rule)
    if line.origin in condition.not_origin or (
        condition.origin and line.origin not in condition.origin
    ):
        return Verdict(False, ("relief_origin", *about, line.origin, *tail))
    if condition.excluded_hs and line.hs_code.startswith(condition.excluded_hs):
        return Verdict(False, ("relief_excluded", *about, line.hs_code, *tail))
    if condition.check_hs and line.hs_code.startswith(condition.check_hs):
        return Verdict(
            None,
            (),
            Problem(
                "duties.goods_unclear",
                f"{rule.code} has exceptions among goods such as {line.hs_code}; which ones is not"
                " in the pack.",
                pointer="/hs_code",
                hint=rule.note,
            ),
        )
    return verdict


def _threshold_apart(rule: ReliefRule) -> Condition:
    # A slice is for consignments of any worth: its threshold only says how much is free.
    return replace(rule.condition, threshold=None) if rule.over == "slice" else rule.condition


def _by_line(condition: Condition) -> bool:
    return bool(
        condition.origin or condition.not_origin or condition.excluded_hs or condition.check_hs
    )


_WHOLE = Decimal(1)
_NO_RULE = {
    charge: Decision(ReliefFinding(charge, "none", "", ("relief_no_rule", charge)))
    for charge in ("duty", "excise", "tax", "fee")
}
