"""What runs beside a server's requests: bulk jobs, the stream of events, housekeeping."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from tradelane.accounts.store import SqlAccountStore
from tradelane.journeys.bulk import Bulk
from tradelane.journeys.desk import Desk
from tradelane.journeys.training import PREFIX as TRAINING
from tradelane.journeys.training import Training
from tradelane.kit.background import Background
from tradelane.web.housekeeping import Housekeeper
from tradelane.web.job_store import SqlJobStore
from tradelane.web.stream import Hub

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

log = logging.getLogger("tradelane.web")


@asynccontextmanager
async def beside(app: FastAPI, desk: Desk) -> AsyncIterator[None]:
    """Starts them, and ends them in order: streams, then jobs."""
    lane: Tradelane = app.state.lane
    stop: threading.Event = app.state.stop
    bulk = Bulk(lane, desk, SqlJobStore(), SqlAccountStore().declarants_of, stop)
    training = Training(lane, lane.trainings, stop)

    def parts(work_id: str) -> Iterator[bool]:
        is_training = work_id.startswith(TRAINING)
        return training.parts(work_id) if is_training else bulk.chunks(work_id)

    background = Background(lane.system_url, lane.home / "bulk", parts)
    app.state.bulk, app.state.background = bulk, background
    app.state.training = training
    app.state.hub = hub = Hub(lane.database, lane.events)
    await run_in_threadpool(_take_up, lane, bulk, training, background)
    housekeeper = Housekeeper(lane, desk, bulk)
    keeping = threading.Thread(
        target=housekeeper.run_forever, args=(stop,), name="housekeeper", daemon=True
    )
    keeping.start()
    try:
        with _told_of_the_end(hub.close):
            yield
    finally:
        stop.set()
        await hub.ended()
        await run_in_threadpool(background.close)
        await run_in_threadpool(keeping.join, 5)


def _take_up(lane: Tradelane, bulk: Bulk, training: Training, background: Background) -> None:
    with lane.database.read() as tx:
        unfinished = [job.id for job in bulk.jobs.unfinished(tx)]
    unfinished += [job.id for job in training.unfinished()]
    background.take_up(unfinished)


@contextmanager
def _told_of_the_end(close: Callable[[], None]) -> Iterator[None]:
    """Have ``close`` called when the process is asked to end.

    A server ends its lifespan only after its connections, and a stream never ends by itself: so
    the signal has to be heard here too. The server's own handler is called after ours.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def handle(number: int, frame: Any) -> None:
        loop.call_soon_threadsafe(close)
        earlier = before[signal.Signals(number)]
        if callable(earlier):
            earlier(number, frame)

    heard = [number for number, earlier in before.items() if callable(earlier)]
    for number in heard:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number in heard:
            if signal.getsignal(number) is handle:
                signal.signal(number, before[number])
