"""A contact point proposes a change of the corpus; a second person agrees; it is served."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts_house import hashing_cheaply
from tradelane.accounts.model import ROLE_SCOPES, Principal, Role
from tradelane.approvals.model import Proposal
from tradelane.contributions.model import Record
from tradelane.governance.amendments import provision_values
from tradelane.journeys import corpus_changes
from tradelane.kit.clock import FixedClock
from tradelane.kit.errors import TradelaneError
from tradelane.platform import Tradelane

WHY = "The decree of December says it otherwise."
BEFORE, NOON = dt.date(2026, 11, 30), dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
DUTY = "KR-AIBA.012"
SOURCE = {
    "source_kind": "primary_text",
    "source_title": "Decree No. 1 of 1 December 2026, Korean text",
    "source_read_on": "2026-12-01",
    "source_rights": "public_law",
}


class Office:
    """A workspace with a contact point of Korea and an analyst; changes are made in few words."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.clock = FixedClock(NOON)
        self.lane = Tradelane(home, clock=self.clock)
        self.lane.database_url = None

        def people(tx: Any) -> int:
            accounts = self.lane.accounts
            ministry = accounts.create_organisation(tx, "Ministry of AI", "administration")
            accounts.set_economy(tx, ministry.id, "KR")
            accounts.create_user(tx, "kim", "Kim", Role.REGULATOR, ministry.id)
            return ministry.id

        self.organisation = self.lane.database.write(people)

    def kim(self, **changes: Any) -> Principal:
        given: dict[str, Any] = {"login": "kim", "economy": "KR", **changes}
        return Principal(
            1,
            given["login"],
            "Kim",
            Role.REGULATOR,
            ROLE_SCOPES[Role.REGULATOR],
            self.organisation,
            frozenset(),
            "",
            "en",
            "s1",
            None,
            given["economy"],
        )

    def now(self, about: str = DUTY) -> dict[str, str]:
        """What is published about a provision."""
        corpus = self.lane.governance.corpus
        return provision_values(corpus.provisions[about], corpus)

    def propose(
        self,
        what: str = "provision",
        about: str = DUTY,
        by: Any = None,
        seen: int = 0,
        **cells: str,
    ) -> Proposal:
        base = self.now(about) if about else {}
        change = corpus_changes.read_change(
            self.lane.governance.corpus, what, about, {**base, **cells}
        )
        return corpus_changes.propose(self.lane, change, by or self.kim(), WHY, seen)

    def agree(self, proposal: Proposal, by: str = "ana") -> Record:
        return corpus_changes.agree(self.lane, proposal.id, by, proposal.digest)

    def publish(self, **cells: str) -> Record:
        return self.agree(self.propose(**cells))

    def kinds(self) -> list[str]:
        """The kinds of the ledger's entries."""
        with self.lane.database.read() as tx:
            return [stored.entry.kind for stored in self.lane.ledger.entries(tx)]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with hashing_cheaply():
        made = Office(tmp_path / "home")
    yield made
    made.lane.database.close()


def refused(verb: Any, *given: Any, **named: Any) -> list[tuple[str, str]]:
    with pytest.raises(TradelaneError) as caught:
        verb(*given, **named)
    return [(one.code, one.pointer) for one in caught.value.problems]


def test_a_correction_is_served_from_the_day_it_was_agreed_to(office: Office) -> None:
    before = office.now()["statement"]
    record = office.publish(statement="Corrected words.", **SOURCE)
    assert office.now()["statement"] == "Corrected words."
    assert office.now()["source"].endswith(f"PUB-{record.proposal}")
    lane = office.lane
    assert lane.governance_at(BEFORE).corpus.provisions[DUTY].statement == before
    assert lane.governance_at(NOON.date()).corpus.provisions[DUTY].statement == "Corrected words."
    assert lane.governance.corpus.provisions[DUTY].recorded_from == NOON.date()
    assert lane.governance.corpus.version.endswith("+1")
    assert office.kinds() == ["proposal.made", "proposal.agreed", "governance.published"]


def test_a_new_provision_gets_a_number_that_packs_do_not_use(office: Office) -> None:
    fresh = {**office.now(), "statement": "Something new."}
    made = [office.agree(office.propose(about="", **fresh, **SOURCE)).about for _ in "ab"]
    assert made == ["KR-AIBA.901", "KR-AIBA.902"]
    corpus = office.lane.governance.corpus
    assert corpus.provisions["KR-AIBA.902"].statement == "Something new."
    assert "KR-AIBA.902" not in office.lane.governance_at(BEFORE).corpus.provisions


def test_a_new_state_changes_what_an_instrument_is(office: Office) -> None:
    cells = {"instrument": "KR-AIBA", "state": "repealed", "from": "2027-01-01", "mark": "primary"}
    office.agree(office.propose("state", "", **cells, **SOURCE))
    later = dt.date(2027, 2, 1)
    instrument = office.lane.governance.corpus.instruments["KR-AIBA"]
    assert instrument.standing_on(later) == "lapsed"
    earlier = office.lane.governance_at(BEFORE).corpus.instruments["KR-AIBA"]
    assert earlier.standing_on(later) == "binding"


def test_another_process_serves_it_too_without_being_told(office: Office) -> None:
    other = Tradelane(office.home, clock=office.clock)
    other.database_url = None
    assert other.governance.corpus.provisions[DUTY].statement != "Corrected words."
    office.publish(statement="Corrected words.")
    assert other.governance.corpus.provisions[DUTY].statement == "Corrected words."
    other.database.close()


def test_a_workspace_without_a_database_serves_the_pack_and_makes_none(tmp_path: Path) -> None:
    lane = Tradelane(tmp_path / "nowhere")
    lane.database_url = None
    assert DUTY in lane.governance.corpus.provisions
    assert not (tmp_path / "nowhere").exists()


def test_nobody_agrees_to_their_own(office: Office) -> None:
    made = office.propose(statement="Corrected words.")
    assert refused(office.agree, made, "kim") == [("approvals.own", "")]
    assert office.now()["statement"] != "Corrected words."


def test_whoever_comes_second_is_told_and_the_reviewer_sees_both(office: Office) -> None:
    first = office.propose(statement="One wording.")
    lee = office.kim(login="lee")
    again = {"statement": "Another wording.", "by": lee}
    assert refused(office.propose, **again) == [("contributions.rival", "")]
    second = office.propose(**again, seen=first.id)
    with office.lane.database.read() as tx:
        assert corpus_changes.show(office.lane, tx, first.id).rivals == [second]
    office.agree(first)
    with office.lane.database.read() as tx:
        assert corpus_changes.show(office.lane, tx, second.id).outdated
    assert refused(office.agree, second) == [("contributions.outdated", "")]
    assert office.now()["statement"] == "One wording."


def test_a_contact_point_speaks_for_its_own_economy_alone(office: Office) -> None:
    nobody, japan = office.kim(economy=""), office.kim(economy="JP")
    cells = {"statement": "Corrected words."}
    assert refused(office.propose, by=nobody, **cells) == [("contributions.no_economy", "")]
    assert refused(office.propose, by=japan, **cells) == [("contributions.other_economy", "")]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"domain": "feelings"}, ("governance.unknown_value", "/domain")),
        ({"modality": "ought"}, ("governance.unknown_value", "/modality")),
        ({"objectives": "equal:NO-SUCH"}, ("governance.dead_objective", "/objectives")),
        ({"valid_from": "soon"}, ("governance.bad_date", "/valid_from")),
        ({"when": "colour=red"}, ("governance.bad_condition", "/when")),
        ({"statement": ""}, ("governance.empty_statement", "/statement")),
        ({"statement": "x" * 2001}, ("contributions.too_long", "/statement")),
        ({"source": ""}, ("contributions.no_source", "/source_title")),
        ({"source": "KR-S99999"}, ("governance.missing_source", "/source")),
        (
            {"source_title": "A text", "source_kind": "rumour", "source_read_on": "2026"},
            ("governance.unknown_value", "/source_kind"),
        ),
        ({}, ("contributions.same", "")),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    office: Office, cells: dict[str, str], expected: tuple[str, str]
) -> None:
    assert expected in refused(office.propose, **cells)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"instrument": "KR-NOTHING"}, ("governance.unknown_instrument", "/instrument")),
        ({"state": "sleeping"}, ("governance.unknown_value", "/state")),
        ({"from": "one day"}, ("governance.bad_date", "/from")),
        ({"state": "in_force", "from": "2026-01-22"}, ("contributions.same", "/state")),
    ],
)
def test_what_is_wrong_with_a_state_stands_at_its_field(
    office: Office, cells: dict[str, str], expected: tuple[str, str]
) -> None:
    given = {"instrument": "KR-AIBA", "state": "repealed", "from": "2027", "mark": "primary"}
    assert expected in refused(office.propose, "state", "", **{**given, **SOURCE, **cells})


def test_a_pack_that_knows_better_later_is_not_overruled(office: Office) -> None:
    from dataclasses import replace

    from tradelane.governance.amendments import amend
    from tradelane.journeys.corpus_now import amendment_of

    record = office.publish(statement="Corrected words.")
    pack = office.lane.governance_at(BEFORE).corpus
    later = replace(pack.provisions[DUTY], recorded_from=dt.date(2027, 1, 1))
    newer = replace(pack, provisions={**pack.provisions, DUTY: later})
    assert amend(newer, [amendment_of(record)])[0].provisions[DUTY] == later


def test_what_no_longer_fits_the_pack_is_left_out_and_told(office: Office) -> None:
    from dataclasses import replace

    from tradelane.governance.amendments import amend
    from tradelane.journeys.corpus_now import amendment_of

    record = office.publish(statement="Corrected words.", objectives="")
    pack = office.lane.governance_at(BEFORE).corpus
    poorer = replace(pack, domains={k: v for k, v in pack.domains.items() if k == "nothing"})
    corpus, problems = amend(poorer, [amendment_of(record)])
    assert corpus is poorer
    assert problems[0].pointer == f"/{DUTY}"
