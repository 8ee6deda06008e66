"""The demonstration administration: Port Meridian with a week of traffic, people and decisions.

Everything in it is invented, and it is made with the journeys that real people use: the week is
filed at the desk day by day under a clock that is set to these days, and the cases of its first
days are decided by simulated officers who know the simulation's truth where a real inspection
would have found it. The last days' cases are left for whoever tries the service.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from tradelane.accounts.model import Role
from tradelane.declarations import mapping as mappings
from tradelane.declarations.reader import read
from tradelane.inspections.findings import Discrepancy, Finding, Result
from tradelane.inspections.model import Case, CaseFilter, Decision
from tradelane.journeys.adoption import adopt_first
from tradelane.journeys.casework import Officer, Ruling, decide, record_findings
from tradelane.journeys.deciding import clear_together
from tradelane.journeys.demonstration_hub import ask_again, begin_hub
from tradelane.journeys.filings import Filed
from tradelane.journeys.inputs import keep_rules
from tradelane.journeys.intake import load_intake
from tradelane.journeys.opening import Order, open_intake
from tradelane.journeys.rulebook import Ruling as Ruled
from tradelane.journeys.surveying import Asking
from tradelane.journeys.workshop import Workshop
from tradelane.kit import packs
from tradelane.kit.clock import FixedClock
from tradelane.kit.progress import Progress
from tradelane.targeting.rules.document import read_file
from tradelane.trade.declaration import Declaration

PASSWORD = "harbour-lantern-42"  # noqa: S105 - printed for everybody to use
TERRITORY = "demo"
FIRST = "The demonstration's first order."
CONTACT, ECONOMY = "contact", "KR"
"""Who speaks for an economy in the demonstration, and for which."""
DECIDED_DAYS = 5
"""The cases of so many of the week's seven days are decided by the simulated officers."""
_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """Somebody to sign in as."""

    login: str
    name: str
    role: Role
    what: str
    office: str = ""


ACCOUNTS = (
    DemoAccount("trader", "Tomas Reyes", Role.TRADER, "file and follow declarations"),
    DemoAccount("broker", "Bo-ra Han", Role.BROKER, "the same for several clients"),
    DemoAccount("officer", "Oku Tanaka", Role.OFFICER, "work through the queue", "PMSEA"),
    DemoAccount("officer2", "Olive Marsh", Role.OFFICER, "a second officer, every office"),
    DemoAccount("supervisor", "Sina Faleolo", Role.SUPERVISOR, "see the week, set the budget"),
    DemoAccount(
        "supervisor2",
        "Sefo Tuilagi",
        Role.SUPERVISOR,
        "agree to what the other supervisor proposes",
    ),
    DemoAccount("auditor", "Alba Quispe", Role.AUDITOR, "walk a decision back to its evidence"),
    DemoAccount("analyst", "Ana Lim", Role.ANALYST, "download figures"),
    DemoAccount("regulator", "Rafi Hassan", Role.REGULATOR, "figures and audit"),
    DemoAccount(
        "contact",
        "Min-ji Seo",
        Role.REGULATOR,
        "speak for an economy: its AI rules, surveys, cases",
    ),
    DemoAccount("admin", "Ade Wirawan", Role.ADMINISTRATOR, "people, organisations, tokens"),
)
_SCHEMES = {
    "undervaluation": Discrepancy.UNDERVALUATION,
    "misclassification": Discrepancy.MISCLASSIFICATION,
    "false_origin": Discrepancy.ORIGIN,
    "quantity": Discrepancy.QUANTITY,
    "split_consignments": Discrepancy.UNDERVALUATION,
    "innocent_error": Discrepancy.OTHER,
}


class Demonstrable(Ruled, Asking, Protocol):
    """A workshop with people, rules, the hub, and files to learn from."""

    def read_table(
        self, path: Path, mapping: str, territory: str, *, progress: Progress
    ) -> tuple[Any, int]: ...


Truth = Mapping[tuple[str, int], tuple[Discrepancy | None, Decimal]]


def prepare(
    shop: Demonstrable,
    clock: FixedClock,
    data: Path,
    progress: Progress,
    budget: float = 0.05,
) -> None:
    """Fill a new workspace, whose clock is ``clock``, from a simulation's folder; a minute's work.
    budget: share of the week's lines to inspect.

    The caller marks the workspace as complete: an interrupted one is thrown away and made again.
    """
    week = _week(shop, data / "week.csv")
    clock.at = _hour(min(week), 6)
    people = _people(shop, week)
    firms = begin_hub(shop, CONTACT)
    table, _ = shop.read_table(data / "history.csv", "tradelane", TERRITORY, progress=progress)
    model = shop.targeting.train_or_fallback(table, seed=0, progress=progress).ref.digest
    shop.database.write(lambda tx: adopt_first(shop, tx, model, "supervisor"))
    order = Order(
        TERRITORY,
        model,
        budget=budget,
        novel_share=0.1,
        by="supervisor",
        agreed_by="supervisor2",
        reason=FIRST,
        rules=_first_rules(shop),
    )
    intake = load_intake(shop, open_intake(shop, order))
    truth = _truth(data)
    done, total = 0, sum(map(len, week.values()))
    for place, day in enumerate(sorted(week)):
        declarations = week[day]
        for start in range(0, len(declarations), _AT_ONCE):
            group = declarations[start : start + _AT_ONCE]
            clock.at = _hour(day, 7 + 10 * start / len(declarations))
            clear_together(shop, intake, [Filed(declaration) for declaration in group])
            done += len(group)
            progress("filing the week", done, total)
        if place < DECIDED_DAYS:
            _decide_day(shop, clock, day, people, truth)
            progress("deciding its cases", place + 1, DECIDED_DAYS)
    ask_again(shop, CONTACT, firms)


def _first_rules(shop: Demonstrable) -> str:
    """The rules that ship with the territory's pack, kept for the first order; their digest."""
    rules = read_file(packs.load(TERRITORY).root / "rules.yaml")
    shop.database.write(
        lambda tx: shop.rulebook.add_version(
            tx, rules, proposal=0, by="supervisor", agreed_by="", reason=FIRST
        )
    )
    return keep_rules(shop.home, rules)


def _hour(day: dt.date, hour: float) -> dt.datetime:
    midnight = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    return midnight + dt.timedelta(hours=hour)


def _week(shop: Workshop, path: Path) -> dict[dt.date, list[Declaration]]:
    form = mappings.load("tradelane")
    found: dict[dt.date, list[Declaration]] = defaultdict(list)
    for filing in read(path, form, codes=shop.nomenclature, today=shop.clock.now().date()):
        assert filing.declaration is not None
        found[filing.declaration.date].append(filing.declaration)
    return dict(found)


def _people(shop: Demonstrable, week: Mapping[dt.date, list[Declaration]]) -> dict[str, Officer]:
    """The accounts. The trader and the broker own the busiest declarants of the week."""
    filed: dict[str, int] = defaultdict(int)
    for declarations in week.values():
        for declaration in declarations:
            filed[declaration.declarant] += 1
    busiest = sorted(filed, key=lambda name: (-filed[name], name))
    owns = {Role.TRADER: busiest[3:4], Role.BROKER: busiest[:3]}
    password = shop.accounts.prepare_password(PASSWORD, login="demo", name="demo")

    def write(tx: Any) -> dict[str, Officer]:
        made = {}
        customs = shop.accounts.create_organisation(
            tx, "Port Meridian Customs", "administration", ()
        )
        for account in ACCOUNTS:
            organisation = customs
            if account.login == CONTACT:
                organisation = shop.accounts.create_organisation(
                    tx, "Contact point of Korea (demonstration)", "administration", ()
                )
                shop.accounts.set_economy(tx, organisation.id, ECONOMY)
            if account.role in owns:
                organisation = shop.accounts.create_organisation(
                    tx, f"{account.name} & Co.", str(account.role), owns[account.role]
                )
            user = shop.accounts.create_user(
                tx,
                account.login,
                account.name,
                account.role,
                organisation_id=organisation.id,
                office=account.office,
                password=password,
                demo=True,
            )
            made[account.login] = Officer(user.id, user.login)
        return made

    return shop.database.write(write)


def _truth(data: Path) -> Truth:
    found: dict[tuple[str, int], tuple[Discrepancy | None, Decimal]] = {}
    with (data / "truth.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["fraud"] == "1" or row["scheme"]:
                lost = Decimal(row["revenue_lost"] or 0)
                found[row["declaration_id"], int(row["line"])] = (_SCHEMES.get(row["scheme"]), lost)
    return found


def _decide_day(
    shop: Workshop,
    clock: FixedClock,
    day: dt.date,
    people: Mapping[str, Officer],
    truth: Truth,
) -> None:
    """Two officers work through what is open, in the order of the queue."""
    with shop.database.read() as tx:
        cases = shop.inspections.queue(tx, CaseFilter(), None, 500).cases
    for place, case in enumerate(cases):
        officer = people["officer" if place % 2 and case.office == "PMSEA" else "officer2"]
        clock.at = _hour(day, 17 + min(place * 0.1, 5))
        _decide_case(shop, clock, case, officer, truth)


def _decide_case(
    shop: Workshop, clock: FixedClock, case: Case, officer: Officer, truth: Truth
) -> None:
    chance = _chance(case.reference)
    if chance < 0.08:
        ruling = Ruling(
            Decision.RELEASE, case.revision, "Known consignment; the invoice explains the price."
        )
        decide(shop, case.id, ruling, officer)
        return
    if chance < 0.16:
        asked = "Please send the commercial invoice and the proof of payment."
        reason = "The documents should settle this before the goods are opened."
        due = clock.at.date() + dt.timedelta(days=30)
        decide(shop, case.id, Ruling(Decision.REFER, case.revision, reason, asked, due), officer)
        return
    step = decide(
        shop, case.id, Ruling(Decision.INSPECT, case.revision, opened_page=chance > 0.3), officer
    )
    clock.at += dt.timedelta(hours=1 + 6 * _chance("hours " + case.reference))
    findings = _findings(shop, case, truth)
    step = record_findings(shop, case.id, findings, step.number, officer)
    clock.at += dt.timedelta(hours=1)
    wrong = any(finding.result is Result.WRONG for finding in findings)
    reason = "Released after the correction was paid." if wrong else ""
    decide(shop, case.id, Ruling(Decision.RELEASE, step.number, reason), officer)


def _findings(shop: Workshop, case: Case, truth: Truth) -> list[Finding]:
    with shop.database.read() as tx:
        kept = shop.declarations.find(tx, case.declarant, case.reference)
    assert kept is not None
    found = []
    for line in kept.declaration.lines:
        wrong = truth.get((case.reference, line.number))
        if wrong is None:
            found.append(Finding(line=line.number, result=Result.CONFORM))
            continue
        scheme, lost = wrong
        found.append(
            Finding(
                line=line.number,
                result=Result.WRONG,
                discrepancy=scheme or Discrepancy.OTHER,
                revenue_recovered=max(lost, Decimal(0)),
                currency=case.currency,
                note="Found in the simulation's truth.",
            )
        )
    return found


def _chance(text: str) -> float:
    """A number from 0 to 1 that the text decides."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32
