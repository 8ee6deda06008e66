"""What is filed one by one, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tradelane.declarations.model import Arrival, State
from tradelane.duties.model import LineAssessment
from tradelane.journeys.entries import Encoded
from tradelane.kit.errors import Problem
from tradelane.targeting.selection import GREEN, RED, YELLOW, Routed
from tradelane.trade.declaration import Declaration

if TYPE_CHECKING:
    from tradelane.journeys.text_against_code import Told
    from tradelane.targeting.rules.model import Hit

WORST = {RED: 0, YELLOW: 1, GREEN: 2}
"""Lanes, the strictest first."""


@dataclass(frozen=True, slots=True)
class Filed:
    """A declaration that somebody files, or an amendment of one (``reason`` is not empty).

    ``kept(tx, cleared)`` is called in the transaction that keeps it, unless it is refused.
    ``once`` names the request to `Replies`, so that one that is sent twice is done once.
    """

    declaration: Declaration
    reason: str = ""
    kept: Callable[[Any, Cleared], None] | None = None
    once: Any = None


class Replies(Protocol):
    """Remembers what was answered to a request; asked and told of a whole group at once."""

    def find(self, tx: Any, onces: Sequence[Any]) -> Sequence[Any]:
        """What was answered to each of these requests before, None to those that are new."""
        ...

    def keep(self, tx: Any, done: Sequence[tuple[Any, Cleared]]) -> None:
        """Remember what is now answered."""
        ...


class ShadowScore(NamedTuple):
    """What a challenger says of a line: its score, and whether its ranking would have selected it
    under the same budget."""

    score: float
    probability: float | None
    selected: bool


@dataclass(frozen=True, slots=True)
class ClearedLine:
    """What was decided about a line."""

    hs_code: str
    assessment: LineAssessment
    row: Mapping[str, Any]
    """As `Targeting.score` gives it."""
    routed: Routed
    hits: tuple[Hit, ...] = ()
    """The rules that matched, those in shadow among them."""
    shadow: ShadowScore | None = None
    told: Told | None = None
    """What the classifier said of it, where it was asked."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """What became of one filing.

    status: ``accepted``, ``repeated`` (the same was received before: nothing was decided again),
    ``refused`` (``problem`` says why) or ``answered`` (the very request was: ``reply`` is what
    `Replies` remembers). ``lines`` only of what was accepted.
    """

    declarant: str
    reference: str
    status: str
    version: int = 0
    state: State = State.RECEIVED
    received_at: str = ""
    lines: tuple[ClearedLine, ...] = ()
    problem: Problem | None = None
    reply: Any = None

    @property
    def lane(self) -> str:
        """The strictest lane of its lines."""
        return strictest(self.lines)


@dataclass(slots=True)
class Judged:
    """A filing with everything that the engines say of it, and what is kept with it."""

    filed: Filed
    lines: tuple[ClearedLine, ...]
    arrival: Arrival
    version: int = 1
    amended: Encoded | None = None
    """The entry that ends the version before."""

    @property
    def lane(self) -> str:
        """The strictest lane of its lines."""
        return strictest(self.lines)

    @property
    def state(self) -> State:
        """Where it stands once it is kept."""
        return State.RELEASED if self.lane == GREEN else State.SELECTED


def strictest(lines: Sequence[ClearedLine]) -> str:
    """The strictest lane of a declaration's lines."""
    return min((line.routed.lane for line in lines), key=WORST.__getitem__)
