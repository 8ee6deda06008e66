"""A prepared administration with people in it, as tests of the doors use it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tradelane.accounts.model import SignedIn
from tradelane.declarations import mapping as mappings
from tradelane.declarations.reader import read
from tradelane.journeys.deciding import clear_together
from tradelane.journeys.demonstration import PASSWORD, prepare
from tradelane.journeys.filings import Cleared, Filed
from tradelane.journeys.intake import current_intake, load_intake
from tradelane.journeys.opening import Order, open_intake
from tradelane.kit.clock import FixedClock
from tradelane.kit.progress import silent
from tradelane.platform import Tradelane
from workspaces import SEED


def prepare_home(folder: Path) -> None:
    """The demonstration with 3,000 declarations: ``folder/data`` and the workspace
    ``folder/home``."""
    Tradelane(folder / "none").simulate(folder / "data", seed=SEED, declarations=3000)
    clock = FixedClock(datetime.now(UTC))
    lane = Tradelane(folder / "home", clock=clock)
    lane.database_url = None
    # A larger budget than the demonstration has, so that a small week leaves some cases.
    prepare(lane, clock, folder / "data", silent, budget=0.25)
    lane.database.close()


def file_more(
    lane: Tradelane, data: Path, count: int, *, office: str = "", prefix: str = "MORE"
) -> list[str]:
    """File so many more declarations under an order that looks at half of them, and give their
    references, which begin with the prefix; ``office``: file all of them there."""
    with lane.database.read() as tx:
        [before] = lane.declarations.open_batches(tx, "intake")
    order = Order("demo", before.settings["model"], budget=0.5, by="supervisor")
    open_intake(lane, order)
    filed = file_under_order(lane, data, count, office=office, prefix=prefix)
    return [one.reference for one in filed]


def file_under_order(
    lane: Tradelane, data: Path, count: int, *, office: str = "", prefix: str = "MORE"
) -> list[Cleared]:
    """File so many more declarations under the order in force, and what became of them."""
    with lane.database.read() as tx:
        intake = load_intake(lane, current_intake(lane, tx))
    form = mappings.load("tradelane")
    today = lane.clock.now().date()
    filings = read(data / "week.csv", form, codes=lane.nomenclature, today=today)
    week = [filing.declaration for filing in filings if filing.declaration is not None]
    filed = []
    for number in range(count):
        one = week[number % len(week)]
        filed.append(replace(one, reference=f"{prefix}-{number:04}", office=office or one.office))
    cleared: list[Cleared] = []
    for start in range(0, count, 50):
        cleared += clear_together(lane, intake, [Filed(one) for one in filed[start : start + 50]])
    return cleared


def new_session(lane: Tradelane, login: str) -> SignedIn:
    """A session of one of the demonstration's people."""
    found = lane.accounts.sign_in(lane.database, login, PASSWORD, "127.0.0.1")
    assert isinstance(found, SignedIn)
    return found
