"""The life of a declaration is a table, and nothing outside the table happens."""

from __future__ import annotations

import pytest

from tradelane.declarations.model import (
    TRANSITIONS,
    State,
    Verb,
    advance,
    life_cycle_table,
)
from tradelane.kit.errors import Problem


def test_every_state_can_be_reached() -> None:
    reached: set[State | None] = {None}
    for _ in State:
        reached |= {after for (before, _verb), after in TRANSITIONS.items() if before in reached}
    assert reached == {None, *State}


@pytest.mark.parametrize("state", [State.RELEASED, State.REJECTED, State.AMENDED, State.CANCELLED])
def test_nothing_leaves_a_final_state(state: State) -> None:
    found = [advance(state, verb) for verb in Verb]
    assert all(isinstance(step, Problem) and step.hint == "It is final." for step in found)


@pytest.mark.parametrize("verb", [Verb.AMEND, Verb.CANCEL])
@pytest.mark.parametrize("state", [State.RELEASED, State.UNDER_INSPECTION])
def test_nobody_amends_or_cancels_what_is_released_or_inspected(state: State, verb: Verb) -> None:
    found = advance(state, verb)
    assert isinstance(found, Problem)
    assert found.code == "declarations.transition"


def test_only_what_was_never_received_can_be_received() -> None:
    assert advance(None, Verb.RECEIVE) is State.RECEIVED
    assert all(isinstance(advance(state, Verb.RECEIVE), Problem) for state in State)


def test_the_table_for_the_documentation_shows_every_transition() -> None:
    rows = life_cycle_table().splitlines()
    assert len(rows) == 2 + 1 + len(State)
    cells = [cell.strip() for row in rows[2:] for cell in row.split("|")[2:-1]]
    assert sum(1 for cell in cells if cell) == len(TRANSITIONS)
