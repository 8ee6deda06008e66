"""Events as a stream: from any point, live, only one's own, and it ends when it should."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from api_programs import AT, a_declaration, principal, program, token
from tradelane.web.routes import events_api
from tradelane.web.stream import MOST_A_USER, Hub


class Reader:
    """A client of the stream over ASGI itself, which a test client cannot read in parts."""

    def __init__(self, house: Any, headers: dict[str, str], query: str = "") -> None:
        self.app, self.query = house.app, query
        self.headers = {"host": "127.0.0.1:8000", **headers}
        self.status = 0
        self.sent: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.gone = asyncio.Event()

    async def run(self) -> None:
        asked = False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await self.gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
            else:
                self.sent.put_nowait(message.get("body", b""))
                if not message.get("more_body", False):
                    self.sent.put_nowait(None)

        path = "/api/v1/events"
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": self.query.encode(),
            "headers": [(k.encode(), v.encode()) for k, v in self.headers.items()],
            "client": ("127.0.0.1", 5),
            "server": ("127.0.0.1", 8000),
        }
        await self.app(scope, receive, send)

    async def next(self) -> bytes | None:
        return await asyncio.wait_for(self.sent.get(), 10)

    async def event(self) -> dict[str, Any]:
        while True:
            part = await self.next()
            assert part is not None
            if part.startswith(b"id: "):
                return json.loads(part.decode().split("data: ", 1)[1])  # type: ignore[no-any-return]


@asynccontextmanager
async def reading(reader: Reader) -> AsyncIterator[Reader]:
    task = asyncio.create_task(reader.run())
    try:
        yield reader
    finally:
        reader.gone.set()
        await asyncio.wait_for(task, 10)


@pytest.fixture
def stream(house, monkeypatch):
    """The application with a hub of this test's own event loop."""
    monkeypatch.setattr(events_api, "HEARTBEAT", 0.3)

    def run(story: Any) -> None:
        async def play() -> None:
            house.app.state.hub = hub = Hub(house.lane.database, house.lane.events)
            try:
                await story()
            finally:
                await hub.ended()

        asyncio.run(play())

    return run


def bearer(house: Any, login: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token(house.lane, login)}"}


def test_what_happens_is_told_at_once_and_only_to_its_declarant(house, stream):
    own = {**bearer(house, "trader")}
    others = bearer(house, "broker")
    filing = program(house, "trader")

    async def story() -> None:
        async with reading(Reader(house, own)) as mine, reading(Reader(house, others)) as theirs:
            assert (await mine.next(), await theirs.next()) == (b"retry: 3000\n\n",) * 2
            declaration = a_declaration(house, "TOLD-1")
            answer = await asyncio.to_thread(filing.post, AT, json=declaration)
            assert answer.status_code == 201
            event = await mine.event()
            assert event["type"] == "declaration.received"
            assert event["data"]["reference"] == "TOLD-1"
            for _ in range(3):
                assert await theirs.next() == b": alive\n\n"

    stream(story)


def test_a_reader_that_comes_back_gets_what_it_missed_and_nothing_twice(house, stream):
    with house.lane.database.read() as tx:
        page = house.lane.events.read(tx, -1, principal(house, "trader").declarants, limit=500)
    ids = [event.id for event in page.events]
    middle = len(ids) // 2
    headers = {**bearer(house, "trader"), "last-event-id": str(ids[middle])}

    async def story() -> None:
        async with reading(Reader(house, headers, "after=0")) as reader:
            seen = [(await reader.event())["id"] for _ in ids[middle + 1 :]]
            assert seen == ids[middle + 1 :]
            assert await reader.next() == b": alive\n\n"

    stream(story)


def test_a_browser_reads_with_its_session(house, stream):
    cookie = house.signed_in("trader").client.cookies["tradelane"]

    async def story() -> None:
        headers = {"cookie": f"tradelane={cookie}"}
        async with reading(Reader(house, headers, "after=-1")) as reader:
            assert (await reader.event())["data"]["declarant"]

    stream(story)


def test_an_account_has_a_few_streams_and_gets_their_places_back(house, stream):
    headers = bearer(house, "trader")

    async def story() -> None:
        readers = [Reader(house, headers) for _ in range(MOST_A_USER)]
        tasks = [asyncio.create_task(one.run()) for one in readers]
        for one in readers:
            await one.next()
        async with reading(Reader(house, headers)) as refused:
            body = await refused.next()
            assert refused.status == 429
            assert json.loads(body or b"")["code"] == "web.too_many_streams"
        for one in readers:
            one.gone.set()
        await asyncio.gather(*tasks)
        async with reading(Reader(house, headers)) as again:
            await again.next()
            assert again.status == 200

    stream(story)


def test_a_stream_ends_with_its_token(house, stream):
    lane = house.lane
    headers = bearer(house, "trader")
    user = principal(house, "trader").user_id

    async def story() -> None:
        async with reading(Reader(house, headers)) as reader:
            await reader.next()

            def revoke(tx: Any) -> None:
                for one in lane.accounts.tokens_of(tx, user):
                    lane.accounts.revoke_token(tx, user, one.id)

            await asyncio.to_thread(lane.database.write, revoke)
            while await reader.next() is not None:
                pass

    stream(story)


def test_every_stream_ends_when_the_process_does(house, stream):
    headers = bearer(house, "trader")

    async def story() -> None:
        async with reading(Reader(house, headers)) as reader:
            await reader.next()
            house.app.state.hub.close()
            while await reader.next() is not None:
                pass

    stream(story)


def test_a_reader_that_takes_nothing_is_let_go(house, stream):
    async def story() -> None:
        from tradelane.notifications.model import Event
        from tradelane.web.stream import MOST_BEHIND, Listener

        listener = Listener(frozenset({"D1"}))
        for number in range(MOST_BEHIND + 1):
            listener.give(Event(number, "message.sent", "D1", "A", None, "", {}))
        assert listener.ended.is_set()
        listener = Listener(frozenset({"D1"}))
        listener.give(Event(1, "message.sent", "D2", "A", None, "", {}))
        assert listener.queue.empty()

    stream(story)


@pytest.mark.parametrize("after", ["x", "1.5", "99999999999999999999", "-2"])
def test_a_place_that_is_none_is_refused(house, after):
    answer = program(house, "trader").get("/api/v1/events", params={"after": after})
    assert (answer.status_code, answer.json()["code"]) == (422, "web.event_id")


def test_history_is_read_page_by_page_to_its_end(house):
    client = program(house, "trader")
    seen: list[int] = []
    after, more = -1, True
    while more:
        page = client.get("/api/v1/events/history", params={"after": after, "limit": 5}).json()
        seen += [event["id"] for event in page["items"]]
        after, more = page["last_seen"], page["more"]
    assert seen == sorted(set(seen))
    assert len(seen) > 10
    assert program(house, "officer").get("/api/v1/events/history").status_code == 403
