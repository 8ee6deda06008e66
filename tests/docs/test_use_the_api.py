"""The examples of the how-to run, in order, against a real server."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api_programs import token
from doors import new_session
from servers import serve, stop
from tradelane.platform import Tradelane

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "use-the-api.md"
_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


@pytest.mark.slow
def test_the_examples_of_use_the_api_run(
    administration_home: Path, tmp_path: Path, cli_environment: dict[str, str]
) -> None:
    home = Path(shutil.copytree(administration_home, tmp_path / "home"))
    lane = Tradelane(home)
    lane.database_url = None
    secret = token(lane, "trader")
    declarant = min(new_session(lane, "trader").principal.declarants)
    lane.database.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = "\n".join(_BLOCK.findall(PAGE.read_text(encoding="utf-8")))
    script = script.replace("DECLARANT", declarant).replace(
        "TODAY", datetime.now(UTC).date().isoformat()
    )
    process = serve(home, port, cli_environment)
    try:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env=cli_environment | {"URL": f"http://127.0.0.1:{port}", "TOKEN": secret},
            capture_output=True,
            text=True,
            timeout=120,
        )
    finally:
        stop(process)
    assert done.returncode == 0, done.stderr
    for said in (
        '"status":"accepted"',
        '"in_ledger":true',
        '"reference":"HOW-TO/2"',
        "event: declaration.received",
        '"last_seen"',
    ):
        assert said in done.stdout, said
