"""Work that survives kill -9: a workflow's finished steps are remembered and never run again.

The remembering is DBOS's, in the same database (for SQLite, in a file beside it: one writer each).
A step may still be interrupted between its own commit and the note that it finished, so a step
must be safe to run twice; ours write their progress in the transaction that does the work.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

_FORGOTTEN = 3
"""So often work is joined again that another process began anew meanwhile."""


class Steps(Protocol):
    """Runs a named step once."""

    def __call__(self, name: str, run: Callable[..., T], *args: Any) -> T: ...


def run_durable(
    system_url: str,
    workflow_id: str,
    workflow: Callable[[Steps], dict[str, Any]],
    *,
    version: str,
) -> dict[str, Any]:
    """Run ``workflow(steps)`` to its end under ``workflow_id``, resuming it where it had stopped.

    Its result, and each step's, must be plain JSON values. A workflow that ended well before
    returns its remembered result at once; one that failed is run again, because what it failed on
    (a full disk, a lock) may be gone. ``version`` names the code: work begun by another version is
    taken up by this one, because every step checks its own progress.
    """
    from dbos._error import DBOSNonExistentWorkflowError

    for _ in range(_FORGOTTEN):
        try:
            return _run(system_url, workflow_id, workflow, version)
        except DBOSNonExistentWorkflowError:
            # Another process that runs the same work found it failed and began it anew, while this
            # one waited for its result. Every step checks its own progress: join in again.
            continue
    return _run(system_url, workflow_id, workflow, version)


def _run(
    system_url: str,
    workflow_id: str,
    workflow: Callable[[Steps], dict[str, Any]],
    version: str,
) -> dict[str, Any]:
    from dbos import DBOS, SetWorkflowID
    from dbos._dbos import _get_dbos_instance

    from tradelane.kit.database import translated

    teach_old_sqlite()
    failures: list[Exception] = []

    def steps(name: str, run: Callable[..., T], *args: Any) -> T:
        return DBOS.run_step({"name": name}, run, *args)

    # However often a machine dies, its work is taken up again: no limit on recoveries.
    @DBOS.workflow(name="tradelane", max_recovery_attempts=None)
    def durable(_id: str) -> dict[str, Any]:
        try:
            return workflow(steps)
        except Exception as error:
            failures.append(error)
            raise

    DBOS(
        config={
            "name": "tradelane",
            "system_database_url": system_url,
            "application_version": version,
            "executor_id": f"local-{workflow_id}",
            # Failures are raised here, to be said once and in words.
            "log_level": "CRITICAL",
            "console_log_level": "CRITICAL",
        }
    )
    try:
        with translated():  # its own notes need the disk too
            DBOS.launch()
            # A server that is gone is an error to be said, not one to be tried again for ever;
            # DBOS has this setting, and no public name for it outside its client.
            _get_dbos_instance()._sys_db._retry_connection_errors = False
            before = DBOS.get_workflow_status(workflow_id)
            if before is not None and before.status not in ("PENDING", "SUCCESS"):
                DBOS.delete_workflow(workflow_id)
            with SetWorkflowID(workflow_id):
                return durable(workflow_id)
    except Exception:
        if not failures:
            raise
    finally:
        DBOS.destroy(destroy_registry=True)
        # It would flush the error stream of this run in the next one, when that may be closed.
        logging.getLogger("dbos").handlers.clear()
    with translated():
        raise failures[-1]  # DBOS hands on a copy that it kept; this one has its cause and trace


@cache
def teach_old_sqlite() -> None:
    """Give SQLite before 3.42 the fractions of a second that DBOS asks it for from Python 3.12 on.

    DBOS goes by Python's version, but a Python may have been built with an older SQLite (Debian 12
    has 3.40), which answers NULL. Nothing of ours uses the function.
    """
    import sqlalchemy as sa

    def add(connection: Any, _record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.create_function("unixepoch", 1, lambda _modifier: round(time.time(), 3))

    if sqlite3.sqlite_version_info < (3, 42):
        sa.event.listen(sa.Engine, "connect", add)
