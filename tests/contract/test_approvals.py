"""Nothing that needs two persons is in force before a second person has agreed to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from tradelane.approvals.model import Proposal
from tradelane.approvals.service import Approvals
from tradelane.approvals.store import SqlProposalStore, proposals
from tradelane.kit.clock import FixedClock
from tradelane.kit.database import Database, metadata
from tradelane.kit.errors import InputRefused, TradelaneError

WHY = "Better in the shadow trial of May."
CONTENT = {"budget": "0.05", "offices": {"NORTH": "0.1"}, "model": None}


class Committee:
    """Proposals in a database, and a clock."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FixedClock(dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC))
        self.service = Approvals(SqlProposalStore(), self.clock)

    def propose(self, kind: str = "order", subject: str = "intake", **changes: Any) -> Proposal:
        given = {"content": CONTENT, "by": "ana", "reason": WHY, **changes}
        return self.do("propose", kind, subject, **given)

    def do(self, verb: str, *given: Any, **named: Any) -> Any:
        return self.database.write(lambda tx: getattr(self.service, verb)(tx, *given, **named))

    def refused(self, verb: str, *given: Any, **named: Any) -> str:
        with pytest.raises(TradelaneError) as caught:
            self.do(verb, *given, **named)
        return caught.value.problems[0].code


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def committee(request: pytest.FixtureRequest) -> Iterator[Committee]:
    postgres = request.param == "postgresql"
    database = Database(request.getfixturevalue("postgres_url") if postgres else "sqlite://")
    metadata.create_all(database.engine, tables=[proposals])
    yield Committee(database)
    database.close()


def test_a_proposal_is_kept_as_it_was_made(committee: Committee) -> None:
    made = committee.propose()
    assert committee.do("get", made.id) == made
    assert (made.content, made.reason, made.proposed_by) == (CONTENT, WHY, "ana")
    assert (made.state, made.decided_by, made.decided_at) == ("open", "", None)
    assert made.proposed_at == "2026-06-01T12:00:00.000000Z"


def test_a_second_person_agrees_to_exactly_what_they_saw(committee: Committee) -> None:
    made = committee.propose()
    other = committee.propose(content={**CONTENT, "budget": "0.5"})
    assert committee.refused("agree", made.id, "ben", other.digest) == "approvals.changed"
    agreed = committee.do("agree", made.id, "ben", made.digest)
    assert (agreed.state, agreed.decided_by, agreed.content) == ("agreed", "ben", CONTENT)
    assert committee.do("open_proposals") == [other]


def test_nobody_agrees_to_or_declines_their_own(committee: Committee) -> None:
    made = committee.propose()
    assert committee.refused("agree", made.id, "ana", made.digest) == "approvals.own"
    assert committee.refused("decline", made.id, "ana", "I was wrong there.") == "approvals.own"
    assert committee.do("get", made.id).is_open


def test_the_database_itself_refuses_one_person_twice(committee: Committee) -> None:
    made = committee.propose()
    itself = proposals.update().where(proposals.c.id == made.id)
    with pytest.raises(sa.exc.IntegrityError):
        committee.database.write(
            lambda tx: tx.execute(itself.values(state="agreed", decided_by="ana"))
        )


def test_what_is_decided_stays_decided(committee: Committee) -> None:
    made = committee.propose()
    committee.do("decline", made.id, "ben", "The trial was too short.")
    assert committee.refused("agree", made.id, "cleo", made.digest) == "approvals.decided"
    assert committee.refused("withdraw", made.id, "ana") == "approvals.decided"
    assert committee.do("get", made.id).remark == "The trial was too short."


def test_only_the_proposer_withdraws(committee: Committee) -> None:
    made = committee.propose()
    assert committee.refused("withdraw", made.id, "ben") == "approvals.not_own"
    assert committee.do("withdraw", made.id, "ana").state == "withdrawn"


def test_a_form_sent_twice_makes_one_proposal(committee: Committee) -> None:
    made = committee.propose()
    assert committee.propose() == made
    committee.do("withdraw", made.id, "ana")
    assert committee.propose().id != made.id


def test_reasons_are_asked_for(committee: Committee) -> None:
    with pytest.raises(InputRefused):
        committee.propose(reason="  because  ")
    made = committee.propose()
    assert committee.refused("decline", made.id, "ben", "no") == "approvals.reason_missing"


def test_proposals_are_listed_by_kind_subject_and_state(committee: Committee) -> None:
    first = committee.propose("model", "sha256:a")
    second = committee.propose("model", "sha256:b")
    order = committee.propose()
    assert committee.do("open_proposals", "model") == [first, second]
    assert committee.do("latest", "model") == [second, first]
    assert committee.do("latest", "model", "sha256:a") == [first]
    agreed = committee.do("agree", first.id, "ben", first.digest)
    assert committee.do("latest", "model", state="agreed") == [agreed]
    assert committee.do("latest", "order", most=1) == [order]
    assert committee.refused("get", 999) == "approvals.unknown"
