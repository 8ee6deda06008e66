"""Who is inspected more, and whether what was found bears it out.

A group that is inspected more than others is not treated unfairly for that alone: it may be found
wrong more often. It should be looked at where inspections find less in it than elsewhere, and what
is found by chance in it does not speak for more either. Small groups are not shown: a share of
three lines says nothing, and may point at one trader.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tradelane.targeting.monitoring.estimates import share
from tradelane.targeting.monitoring.model import Chosen, Estimate

TRAITS = ("office", "origin", "chapter", "importer_size", "importer_age")
FEWEST_LINES = 50
"""Groups with fewer lines than this are told as one, `SMALL`."""
FEWEST_CHECKED = 10
"""With fewer outcomes than this no hit rate of a group is told."""
MOST_GROUPS = 12
"""So many groups of a trait are told at most, those with the most lines."""
SMALL = "all smaller ones"

BORNE_OUT, NOT_BORNE_OUT, UNDER, OPEN, LIKE = "borne_out", "not_borne_out", "under", "open", "like"
"""Inspected more and found wrong at least as often; inspected more and found wrong less often;
inspected less although found wrong more often; too few to tell; inspected like all lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Lines that share a trait.

    lines: how many were looked at; selected: share of them selected for inspection; hits: share of
    its inspections that found something wrong; by_chance: the same of those drawn by chance.
    """

    trait: str
    name: str
    lines: int
    selected: Estimate
    hits: Estimate | None
    by_chance: Estimate | None
    verdict: str


def groups(
    everybody: Sequence[tuple[Mapping[str, str], bool]], chosen: Sequence[Chosen]
) -> list[Group]:
    """Every trait's groups; ``everybody``: of every line (or an even sample) its traits, and
    whether it was selected for inspection."""
    whole = sum(selected for _, selected in everybody) / max(1, len(everybody))
    known = [line for line in chosen if line.wrong is not None]
    overall = share(sum(bool(line.wrong) for line in known), len(known))
    return [
        group for trait in TRAITS for group in _of_trait(trait, everybody, known, whole, overall)
    ]


def _of_trait(
    trait: str,
    everybody: Sequence[tuple[Mapping[str, str], bool]],
    known: Sequence[Chosen],
    whole: float,
    overall: Estimate | None,
) -> Iterable[Group]:
    lines = Counter(traits.get(trait, "") for traits, _ in everybody)
    large = [name for name, n in lines.most_common(MOST_GROUPS) if n >= FEWEST_LINES]
    selected: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for traits, was_selected in everybody:
        name = _called(traits.get(trait, ""), large)
        total[name] += 1
        selected[name] += was_selected
    checked: dict[str, list[Chosen]] = defaultdict(list)
    for line in known:
        checked[_called(line.traits.get(trait, ""), large)].append(line)
    for name in sorted(total, key=lambda one: (one == SMALL, -total[one], one)):
        chance = share(selected[name], total[name])
        if chance is None or (name == SMALL and total[name] < FEWEST_LINES):
            continue
        hits = _hits(checked[name])
        by_chance = _hits([line for line in checked[name] if line.selected_by == "random"])
        yield Group(
            trait=trait,
            name=name,
            lines=total[name],
            selected=chance,
            hits=hits,
            by_chance=by_chance,
            verdict=_verdict(chance, hits, whole, overall),
        )


def _called(name: str, large: Sequence[str]) -> str:
    return name if name in large else SMALL


def _hits(lines: Sequence[Chosen]) -> Estimate | None:
    if len(lines) < FEWEST_CHECKED:
        return None
    return share(sum(bool(line.wrong) for line in lines), len(lines))


def _verdict(
    selected: Estimate, hits: Estimate | None, whole: float, overall: Estimate | None
) -> str:
    more, less = selected.low > whole, selected.high < whole
    if not more and not less:
        return LIKE
    if hits is None or overall is None:
        return OPEN
    if more:
        return NOT_BORNE_OUT if hits.high < overall.value else BORNE_OUT
    return UNDER if hits.low > overall.value else LIKE
