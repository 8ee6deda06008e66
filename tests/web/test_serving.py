"""Starting to serve: what cannot work is said at once, in words, with what to do."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from tradelane.cli import serve
from tradelane.kit.errors import InputRefused
from tradelane.web.settings import read_settings


def test_a_port_that_is_taken_is_refused_before_anything_starts(tmp_path: Path, opened: Any):
    lane = opened(tmp_path / "home")
    lane.database_url = None
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputRefused, match=rf"web\.port_taken: .*{port}.*--port"):
            serve.run(lane, "127.0.0.1", port)


def test_an_address_that_is_not_ours_is_refused(tmp_path: Path, opened: Any):
    lane = opened(tmp_path / "home")
    lane.database_url = None
    with pytest.raises(InputRefused, match=r"web\.address"):
        serve.run(lane, "192.0.2.1", 8000)


@pytest.mark.parametrize(("proxies", "believed"), [("", False), ("127.0.0.1, 10.0.0.1", True)])
def test_only_proxies_that_are_named_are_believed(
    tmp_path: Path, opened: Any, monkeypatch: pytest.MonkeyPatch, proxies: str, believed: bool
):
    monkeypatch.setenv("TRADELANE_PROXIES", proxies)
    monkeypatch.setenv("TRADELANE_PUBLIC_URL", "http://127.0.0.1:8000")
    monkeypatch.setenv("TRADELANE_HOME", "")
    given: dict[str, Any] = {}
    monkeypatch.setattr("uvicorn.run", lambda *_, **options: given.update(options))
    lane = opened(tmp_path / "home")
    lane.database_url = None
    serve.run(lane, "127.0.0.1", _free_port(), workers=2)
    assert given["workers"] == 2
    assert given["proxy_headers"] is believed
    assert given["forwarded_allow_ips"] == proxies == read_settings().proxies


def test_the_folder_of_shared_numbers_is_there_only_while_several_processes_serve(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    with serve._numbers_together(1):
        assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ
    with serve._numbers_together(2):
        folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
        assert folder.is_dir()
    assert not folder.exists()
    assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
