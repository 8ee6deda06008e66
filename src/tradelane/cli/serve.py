"""Serves the doors over HTTP."""

from __future__ import annotations

import errno
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from tradelane.kit.errors import InputRefused, Problem

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

_LOCAL = ("127.0.0.1", "localhost", "::1")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="The port to listen on.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Server processes on this machine; each has the model in memory.",
)
@click.pass_obj
def serve(lane: Tradelane, host: str, port: int, workers: int) -> None:
    """Serve the pages and the API until interrupted."""
    run(lane, host, port, workers)


def run(lane: Tradelane, host: str, port: int, workers: int = 1) -> None:
    """Serve a workspace; returns when the process is asked to stop.

    Errors: InputRefused ``web.demo_accounts`` (accounts with known passwords, on an address that
    others reach), ``web.port_taken``, ``web.address``.
    """
    import uvicorn

    from tradelane.web.settings import read_settings

    with lane.database.read() as tx:
        if host not in _LOCAL and lane.accounts.has_demo_users(tx):
            raise InputRefused(
                Problem(
                    "web.demo_accounts",
                    "This workspace has demonstration accounts, whose passwords everybody knows.",
                    hint="Serve it on 127.0.0.1, or disable them: `tradelane accounts list`.",
                )
            )
    _refuse_taken(host, port)
    os.environ["TRADELANE_HOME"] = str(lane.home.resolve())
    if lane.database_url:
        os.environ["TRADELANE_DATABASE_URL"] = lane.database_url
    if "TRADELANE_PUBLIC_URL" not in os.environ:
        os.environ["TRADELANE_PUBLIC_URL"] = (
            f"http://{host if ':' not in host else f'[{host}]'}:{port}"
        )
    proxies = read_settings().proxies
    with _numbers_together(workers), suppress(KeyboardInterrupt):
        uvicorn.run(
            "tradelane.web.app:from_environment",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=20,
            limit_concurrency=2_000,
        )


def _refuse_taken(host: str, port: int) -> None:
    """Say so before anything is started; the server itself would say it in a log line."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise InputRefused(
                    Problem(
                        "web.address",
                        f"{host} port {port} cannot be listened on: {error.strerror}.",
                        hint="Give another --host or --port; ports below 1024 are the system's.",
                    )
                ) from error
            raise InputRefused(
                Problem(
                    "web.port_taken",
                    f"Something listens on {host} port {port} already.",
                    hint="Stop it, or give another port: --port 8001.",
                )
            ) from error


@contextmanager
def _numbers_together(workers: int) -> Iterator[None]:
    """Have several server processes add up what /metrics tells, so that it matters not which of
    them is asked. A folder that the environment names is used and left there."""
    if workers == 1 or "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="tradelane-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        try:
            yield
        finally:
            del os.environ["PROMETHEUS_MULTIPROC_DIR"]
