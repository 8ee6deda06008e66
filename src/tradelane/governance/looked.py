"""What was looked at in each domain: whether anything verified is there, and what was not found."""

from __future__ import annotations

from tradelane.governance.day import Day
from tradelane.governance.index import NOT_VERIFIED


class Looked:
    """One entity's domains, by their numbers. That nothing was found is something verified too."""

    def __init__(self, day: Day, entity: str) -> None:
        index = day.index
        members = index.members[entity].at
        count = len(index.corpus.domains)
        read = members[day.known[members] & (index.mark[members] != NOT_VERIFIED)]
        searched: list[list[str]] = [[] for _ in range(count)]
        for at in members[day.searches[members]].tolist():
            searched[index.domain[at]].append(index.provisions[at].id)
        self.searched = [tuple(one) for one in searched]
        read_in = set(index.domain[read].tolist())
        self.saw = [number in read_in for number in range(count)]
