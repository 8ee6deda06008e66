"""The open intake: the standing order that decides declarations which arrive one by one.

An *intake* is a batch without an end, whose settings and selection are fixed in the ledger when it
is opened (`journeys.opening`): which pack, which model, which rules, which budget. So a line that
arrives alone is decided by numbers that were known before it came, and is replayed exactly like a
line of a file. `journeys.deciding` clears what arrives under it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradelane.duties.service import Duties
from tradelane.journeys.inputs import kept_file, kept_pack, kept_rules
from tradelane.journeys.routing import Routing, find_routing
from tradelane.journeys.text_against_code import SETTING, TextAgainstCode
from tradelane.journeys.workshop import Workshop
from tradelane.kit.errors import Problem, TradelaneError
from tradelane.targeting.online import Online
from tradelane.targeting.selection import Selection, draw, ranking

if TYPE_CHECKING:
    from tradelane.targeting.rules.matching import Match
    from tradelane.targeting.service import Trained

INTAKE = "intake"
"""The name that the batches of intakes have."""


class IntakeClosed(TradelaneError):
    """No intake is open: declarations are not being taken."""


class IntakeReplaced(TradelaneError):
    """The intake was closed in the meantime; nothing was kept; take the one that is open now."""


@dataclass(frozen=True)
class Challenger:
    """A model that scores every line beside the one that decides, and decides nothing."""

    model: str
    online: Online
    selects: Callable[[str, float], bool]
    """Whether its ranking would have selected a line of that subject and score."""


@dataclass(frozen=True)
class Intake:
    """An open intake with its engines, ready to clear."""

    batch_id: str
    settings: Mapping[str, Any]
    routing: Routing
    duties: Duties
    online: Online
    model_digest: str
    balance: float | None = None
    """The dial between probability and revenue; None: as the model says."""
    match: Match | None = None
    """Asks the rules in force about a line; None where there are none."""
    challenger: Challenger | None = None
    texts: TextAgainstCode | None = None
    """Asks the classifier about descriptions; None where the order does not."""


def current_intake(shop: Workshop, tx: Any) -> str:
    """The id of the open intake; raises IntakeClosed ``intake.closed``."""
    for batch in shop.declarations.open_batches(tx, INTAKE):
        return batch.id
    raise IntakeClosed(
        Problem(
            "intake.closed",
            "Declarations are not being taken at the moment: no intake is open.",
            hint="A supervisor opens one on the page 'Selection', an operator with "
            "`tradelane intake open`.",
        )
    )


def load_intake(shop: Workshop, batch_id: str) -> Intake:
    """The intake with its engines loaded and warm: some seconds for a large history."""
    with shop.database.read() as tx:
        settings = shop.declarations.get_batch(tx, batch_id).settings
        routing = find_routing(shop, tx, batch_id)
    assert routing is not None
    rates = kept_file(shop.home, settings["rates"]) if settings["rates"] else None
    trained = shop.targeting.load(settings["model"])
    return Intake(
        batch_id,
        settings,
        routing,
        shop.duties(kept_pack(shop.home, settings["pack"]), rates),
        _warm(shop, trained),
        trained.ref.digest,
        balance_of(settings),
        match_of(shop, settings),
        _challenger(shop, settings.get("challenger", ""), routing.challenger),
        _texts(shop, settings),
    )


def balance_of(settings: Mapping[str, Any]) -> float | None:
    """The dial that a batch was ordered with; None: as its model says."""
    found = settings.get("balance", "")
    return float(found) if found else None


def match_of(shop: Workshop, settings: Mapping[str, Any]) -> Match | None:
    """What asks the rules that a batch was ordered with; None where it has none."""
    digest = settings.get("rules", "")
    if not digest:
        return None
    from tradelane.targeting.rules.matching import matcher

    return matcher(kept_rules(shop.home, digest))


def _challenger(shop: Workshop, digest: str, selection: Selection | None) -> Challenger | None:
    if not digest or selection is None:
        return None
    trained = shop.targeting.load(digest)
    selects, seed = ranking(selection), bytes.fromhex(selection.seed)

    def selected(subject: str, score: float) -> bool:
        return selects(score, draw(seed, subject), subject)

    return Challenger(trained.ref.digest, _warm(shop, trained), selected)


def _texts(shop: Workshop, settings: Mapping[str, Any]) -> TextAgainstCode | None:
    if not settings.get(SETTING):
        return None
    texts = TextAgainstCode(shop.classification, waits=False)
    texts.prepare()
    return texts


def _warm(shop: Workshop, trained: Trained) -> Online:
    online = Online(trained)
    online.prepare(shop.clock.now().date())
    return online
