"""Work with passwords goes through a narrow gate, so that a flood of it stops nothing else.

Each look at a password takes 64 MiB, several cores and tens of milliseconds. Whoever has to wait
for a turn must not do so in a thread: forty waiting sign-ins would leave none for anybody's page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request

from tradelane.accounts.passwords import AT_ONCE
from tradelane.kit.errors import Problem
from tradelane.web.problems import TooManyRequests

T = TypeVar("T")

MOST_WAITING = 100
"""How many wait for a turn at most; the next is asked to come back, which costs nothing."""
_BACK_IN_SECONDS = 5


async def with_password(request: Request, work: Callable[[], T]) -> T:
    """Run work that looks at a password, in a thread, when it is its turn.

    Errors: TooManyRequests ``web.too_many_sign_ins``, and those of the work.
    """
    state = request.app.state
    gate: CapacityLimiter | None = getattr(state, "password_gate", None)
    if gate is None:
        gate = state.password_gate = CapacityLimiter(AT_ONCE)
    if gate.statistics().tasks_waiting >= MOST_WAITING:
        raise TooManyRequests(
            Problem(
                "web.too_many_sign_ins",
                "Very many people are signing in at this moment.",
                hint="Try again in a few seconds.",
            ),
            _BACK_IN_SECONDS,
        )
    return await to_thread.run_sync(work, limiter=gate)
