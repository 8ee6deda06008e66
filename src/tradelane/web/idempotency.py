"""The Idempotency-Key header: the same request under the same key is done once.

A key is kept for a day and belongs to the account that sent it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from tradelane.journeys.filings import Cleared
from tradelane.kit.clock import stamp
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.web.store import Reply, find_replies, find_reply, forget_replies, keep_replies
from tradelane.web.views import cleared_view

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

HEADER = "idempotency-key"
KEPT_FOR = dt.timedelta(days=1)
_KEY = re.compile(r"[\x21-\x7e]{8,100}")


class Once:
    """One request under its key; without a key it does nothing."""

    def __init__(self, request: Request, user_id: int, body: bytes) -> None:
        self._lane: Tradelane = request.app.state.lane
        self._user = user_id
        self.reply: Reply | None = None
        self.key = request.headers.get(HEADER)
        if self.key is not None and not _KEY.fullmatch(self.key):
            raise InputRefused(
                Problem(
                    "web.idempotency_key",
                    "The Idempotency-Key has 8 to 100 visible ASCII characters.",
                    hint="Use a new UUID for every request.",
                )
            )
        asked = request.method.encode() + b" " + request.url.path.encode() + b"\0" + body
        self._request = "" if self.key is None else hashlib.sha256(asked).hexdigest()

    @property
    def name(self) -> tuple[int, str]:
        """Whose key it is, and the key."""
        return self._user, self.key or ""

    def answered(self, cleared: Cleared) -> Reply:
        """The answer to a filing, made where it is first needed."""
        if self.reply is None:
            status = 201 if cleared.status == "accepted" else 200
            self.reply = Reply(self._request, status, orjson.dumps(cleared_view(cleared)))
        return self.reply

    def find(self) -> Response | None:
        """The answer that was given before; raises ``web.idempotency_conflict`` where the key was
        used for another request."""
        if self.key is None:
            return None
        with self._lane.database.read() as tx:
            return self._answer(tx)

    def keep(self, tx: Any, status: int, body: bytes) -> None:
        """Keep the answer in the transaction of the work."""
        if self.key is not None:
            at = stamp(self._lane.clock.now())
            keep_replies(tx, [(self._user, self.key, Reply(self._request, status, body))], at)

    def run(self, work: Callable[[Any], tuple[int, bytes]]) -> Response:
        """Do ``work(tx)`` in one write together with the note of its answer, or give the answer
        that is there."""

        def write(tx: Any) -> Response:
            before = self._answer(tx) if self.key is not None else None
            if before is not None:
                return before
            status, body = work(tx)
            self.keep(tx, status, body)
            return Response(body, status, media_type="application/json")

        return self._lane.database.write(write)

    def _answer(self, tx: Any) -> Response | None:
        assert self.key is not None
        found = find_reply(tx, self._user, self.key)
        return None if found is None else self.replay(found)

    def replay(self, found: Reply) -> Response:
        """The answer that was given before; raises ``web.idempotency_conflict`` where the key was
        used for another request."""
        if found.request != self._request:
            raise TradelaneError(
                Problem(
                    "web.idempotency_conflict",
                    "This Idempotency-Key was used for another request.",
                    hint="Use a new key for every request.",
                )
            )
        headers = {"idempotency-replayed": "true"}
        return Response(found.body, found.status, headers, media_type="application/json")


class DeskReplies:
    """The answers to filings, looked up and kept for a whole group of them at once."""

    def __init__(self, lane: Tradelane) -> None:
        self._lane = lane

    def find(self, tx: Any, onces: Sequence[Once]) -> list[Reply | None]:
        """See `journeys.intake.Replies`."""
        names = [once.name for once in onces]
        found = find_replies(tx, names)
        return [found.get(name) for name in names]

    def keep(self, tx: Any, done: Sequence[tuple[Once, Cleared]]) -> None:
        """See `journeys.intake.Replies`."""
        at = stamp(self._lane.clock.now())
        keep_replies(tx, [(*once.name, once.answered(cleared)) for once, cleared in done], at)


def sweep(lane: Tradelane) -> int:
    """Forget answers older than a day; returns how many."""
    before = stamp(lane.clock.now() - KEPT_FOR)
    return lane.database.write(lambda tx: forget_replies(tx, before))
