"""What people have contributed to the hub of the demonstration: a proposal that waits, a survey
that is open, one that is over.

It says of itself that it is invented: nobody shall take it for a fact about an economy or a firm.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from tradelane.accounts.model import ROLE_SCOPES, Principal, User
from tradelane.contributions.model import RecordKind
from tradelane.governance.amendments import provision_values
from tradelane.journeys import corpus_changes, surveying
from tradelane.journeys.surveying import Asking

ABOUT = "KR-AIBA.012"
NOTE = "Demonstration: an invented note, to be agreed to or declined."
WHY = "To show how a change of the corpus is reviewed; it says nothing about the law."
SURVEY = "use-of-ai"
_FIRMS = 24
_OPEN_DAYS = 365
_ANSWERED = 4
_WORDS = "Invented for the demonstration: the same test report should count in several economies."

# What each of the invented firms answers, in turn.
_SIZES = ("micro", "micro", "small", "small", "small", "medium", "micro", "small", "large")
_ROLES = (("exporter",), ("exporter", "importer"), ("importer",), ("exporter", "ai_provider"))
_USES = (("codes", "documents"), ("documents",), (), ("codes", "translation"), ("marketing",))
_SINCE = ("year", "longer", "planned", "year", "none")
_EFFECT = ("3", "4", "2", "4", "5", "3", "4")
_SELL = ("no", "one", "no", "several", "no")
_BARRIERS = (("rules_differ", "skills"), ("rules_known",), ("cost", "rules_differ"), ("skills",))
_HELP = (("hub", "recognition"), ("hub",), ("training", "checklists"), ("recognition", "sandbox"))


def begin_hub(shop: Asking, contact: str) -> list[int]:
    """On the first day a proposal, and a survey of this day alone, which invented firms answer;
    their numbers. contact: the login of a contact point."""
    by = _person(shop, contact)
    corpus = shop.governance.corpus
    cells = provision_values(corpus.provisions[ABOUT], corpus) | {"note": NOTE}
    change = corpus_changes.read_change(corpus, RecordKind.PROVISION, ABOUT, cells)
    corpus_changes.propose(shop, change, by, WHY)
    firms = shop.database.write(lambda tx: _firms(shop, tx))
    _ask(shop, by, firms, 0)
    return firms


def ask_again(shop: Asking, contact: str, firms: list[int]) -> None:
    """On the last day the same survey for a year, which a few have answered already."""
    _ask(shop, _person(shop, contact), firms[:_ANSWERED], _OPEN_DAYS)


def _ask(shop: Asking, by: Principal, firms: list[int], days: int) -> None:
    """Open the survey for some days and let the firms answer it."""
    today = shop.clock.now().date()
    last = today + dt.timedelta(days=days)
    made = surveying.open_round(shop, by, SURVEY, today.isoformat(), last.isoformat())
    for number, firm in enumerate(firms):
        who = Principal(
            0, "demonstration", "", by.role, frozenset(), firm, frozenset(), "", "en", None, None
        )
        surveying.answer(shop, who, made.id, _answer(number))


def _answer(number: int) -> dict[str, tuple[str, ...]]:
    given: dict[str, tuple[str, ...]] = {
        "size": (_SIZES[number % len(_SIZES)],),
        "role": _ROLES[number % len(_ROLES)],
        "use": _USES[number % len(_USES)],
        "since": (_SINCE[number % len(_SINCE)],),
        "effect_time": (_EFFECT[number % len(_EFFECT)],),
        "effect_cost": (_EFFECT[(number + 2) % len(_EFFECT)],),
        "sell": (_SELL[number % len(_SELL)],),
        "barriers": _BARRIERS[number % len(_BARRIERS)],
        "likeness": ("unsure" if number == 5 else "no",),
        "help": _HELP[number % len(_HELP)],
    }
    return given | ({"told": (_WORDS,), "told_public": ("yes",)} if number == 3 else {})


def _firms(shop: Asking, tx: Any) -> list[int]:
    return [
        shop.accounts.create_organisation(tx, f"Invented firm {number:02}", "trader", ()).id
        for number in range(1, _FIRMS + 1)
    ]


def _person(shop: Asking, login: str) -> Principal:
    """Somebody as they would be signed in."""
    with shop.database.read() as tx:
        user = shop.accounts.find_user(tx, login)
        assert user is not None
        return _principal(shop, tx, user)


def _principal(shop: Asking, tx: Any, user: User) -> Principal:
    assert user.organisation_id is not None
    return Principal(
        user.id,
        user.login,
        user.name,
        user.role,
        ROLE_SCOPES[user.role],
        user.organisation_id,
        frozenset(),
        user.office,
        user.locale,
        None,
        None,
        shop.accounts.get_organisation(tx, user.organisation_id).economy,
    )
