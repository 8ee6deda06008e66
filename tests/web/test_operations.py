"""Whoever runs the service learns whether it is up, whether it can work, and its numbers."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tradelane.web import metrics
from tradelane.web.housekeeping import Housekeeper
from tradelane.web.settings import Settings


def _client(house: Any, address: str = "127.0.0.1", host: str = "127.0.0.1:8000") -> TestClient:
    return TestClient(house.app, base_url=f"http://{host}", client=(address, 40000))


def test_a_process_that_answers_is_live_and_one_that_can_clear_is_ready(house: Any):
    asker = house.visitor()
    assert asker.get("/health/live").json() == {"status": "live"}
    answer = asker.get("/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "reasons": []})


def test_without_an_intake_it_is_not_ready_and_says_so(house: Any):
    lane = house.lane

    def close(tx: Any) -> None:
        for batch in lane.declarations.open_batches(tx, "intake"):
            lane.declarations.close_batch(tx, batch.id)

    lane.database.write(close)
    answer = house.visitor().get("/health/ready")
    assert answer.status_code == 503
    assert [reason["code"] for reason in answer.json()["reasons"]] == ["intake.closed"]
    assert house.visitor().get("/health/live").status_code == 200


def test_a_database_of_another_schema_and_one_that_is_gone_are_not_ready(house: Any):
    lane = house.lane
    lane.database.write(lambda tx: tx.exec_driver_sql("UPDATE alembic_version SET version_num='0'"))
    codes = [r["code"] for r in house.visitor().get("/health/ready").json()["reasons"]]
    assert codes == ["web.schema"]
    lane.database.write(lambda tx: tx.exec_driver_sql("DROP TABLE alembic_version"))
    assert house.visitor().get("/health/ready").status_code == 503


def test_a_desk_that_is_stuck_or_dead_is_not_ready(house: Any, monkeypatch: pytest.MonkeyPatch):
    desk = house.app.state.desk
    monkeypatch.setattr(type(desk), "busy_seconds", 31.0)
    [reason] = house.visitor().get("/health/ready").json()["reasons"]
    assert reason["code"] == "web.desk"
    assert "31 seconds" in reason["message"]
    monkeypatch.setattr(type(desk), "alive", False)
    [reason] = house.visitor().get("/health/ready").json()["reasons"]
    assert "stopped" in reason["message"]


def test_the_numbers_are_told_on_this_machine_and_are_fresh(house: Any):
    house.file_more(4)
    text = _client(house).get("/metrics").text
    with house.lane.database.read() as tx:
        size = house.lane.ledger.size(tx)
    assert f"tradelane_ledger_entries {float(size)}" in text
    for name in ("http_requests_total", "cases_open", "declarations_waiting", "clearing_seconds"):
        assert f"tradelane_{name}" in text


@pytest.mark.parametrize(
    ("address", "host", "headers"),
    [
        ("192.0.2.7", "127.0.0.1:8000", {}),
        ("127.0.0.1", "127.0.0.1:8000", {"x-forwarded-for": "192.0.2.7"}),
        ("127.0.0.1", "127.0.0.1:8000", {"authorization": "Bearer ", "via": "1.1 proxy"}),
    ],
)
def test_the_numbers_are_not_told_to_others_nor_through_a_proxy(
    house: Any, address: str, host: str, headers: dict[str, str]
):
    answer = _client(house, address, host).get("/metrics", headers=headers)
    assert answer.status_code == 403
    assert answer.json()["code"] == "web.metrics"


def test_the_metrics_token_opens_them_from_anywhere_and_no_other_does(house: Any):
    house.app.state.settings = Settings(metrics_token="a-token-for-numbers")
    far = _client(house, "192.0.2.7")
    given = {"authorization": "Bearer a-token-for-numbers"}
    assert far.get("/metrics", headers=given).status_code == 200
    assert far.get("/metrics", headers={"authorization": "Bearer other"}).status_code == 403


def __run_python(program: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def _run_python(program: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_what_several_processes_count_is_added_up(tmp_path: Path):
    program = (
        "from tradelane.web import metrics; metrics.CLEARED.inc({n}); metrics.WAITING.set({n}); "
        "print(metrics.text().decode())"
    )
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    _run_python(program.format(n=2), environment)
    text = _run_python(program.format(n=3), environment)
    assert "tradelane_declarations_cleared_total 5.0" in text
    assert "tradelane_declarations_waiting 3.0" in text, "the first process has ended"


# ---------------------------------------------------------------- housekeeping


class _Clock:
    def __init__(self, now: dt.datetime) -> None:
        self.at = now

    def now(self) -> dt.datetime:
        return self.at


class _Desk:
    def __init__(self) -> None:
        self.months: list[dt.date] = []

    def prepare(self, on: dt.date) -> None:
        self.months.append(on)


class _Bulk:
    def __init__(self) -> None:
        self.times = 0

    def forget_old(self) -> int:
        self.times += 1
        raise OSError("no disk")


def test_it_is_tidied_once_a_day_and_what_fails_stops_nothing(house: Any):
    lane, bulk, desk = house.lane, _Bulk(), _Desk()
    clock = _Clock(dt.datetime(2026, 11, 30, 23, 0, tzinfo=dt.UTC))
    lane.clock = clock
    keeper = Housekeeper(lane, desk, bulk)  # type: ignore[arg-type]
    for minutes in (0, 5, 60, 24 * 60):
        clock.at = dt.datetime(2026, 11, 30, 23, 0, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)
        keeper.round()
    assert bulk.times == 2
    stop = threading.Event()
    stop.set()
    keeper.run_forever(stop)


def test_the_coming_month_is_prepared_once_shortly_before_it_begins(house: Any):
    lane, desk = house.lane, _Desk()
    clock = _Clock(dt.datetime(2026, 11, 30, 23, 0, tzinfo=dt.UTC))
    lane.clock = clock
    keeper = Housekeeper(lane, desk, _Bulk())  # type: ignore[arg-type]
    keeper.round()
    assert desk.months == []
    for minute in (31, 36, 41):
        clock.at = dt.datetime(2026, 11, 30, 23, minute, tzinfo=dt.UTC)
        keeper.round()
    assert desk.months == [dt.date(2026, 12, 1)]


def test_the_desk_prepares_a_month_by_itself_and_goes_on(house: Any):
    desk = house.app.state.desk
    desk.prepare(dt.date(2027, 3, 1))
    deadline = threading.Event()
    for _ in range(100):
        if dt.date(2027, 3, 1) in desk.intake.online._months:
            break
        deadline.wait(0.05)
    assert dt.date(2027, 3, 1) in desk.intake.online._months
    assert desk.alive
    assert desk.busy_seconds == 0.0


def test_the_registry_of_one_process_needs_no_folder():
    assert b"tradelane_declarations_waiting" in metrics.text()
