#!/usr/bin/env python3
"""Start Tradelane from a fresh clone: only Python 3.11 or newer is needed.

    python3 run.py               the demonstration: an invented administration, made once, served
    python3 run.py test [ARGS]   everything that must hold; ARGS go to pytest
    python3 run.py ANYTHING      the tradelane command: python3 run.py clear file.csv ...

The environment lives in .venv beside this file and is made again when the lock files change.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
MARK = VENV / "tradelane.json"
OLDEST = (3, 11)
LONGEST_CHECK = 20 * 60
"""Seconds that one of the checks may take."""
ROOM_FOR_TESTS = 6 << 30
"""Bytes of memory that must be free before the tests keep their files in it."""


def main(arguments: list[str]) -> int:
    if sys.version_info < OLDEST:
        return with_newer_python(arguments)
    testing = arguments[:1] == ["test"]
    prepare(["requirements.lock", "requirements-dev.lock"] if testing else ["requirements.lock"])
    if testing:
        return run_checks(arguments[1:])
    command = [str(PYTHON), "-m", "tradelane", *(arguments or ["demo"])]
    if os.name == "nt":
        return subprocess.call(command)
    sys.stdout.flush()
    os.execv(command[0], command)


def with_newer_python(arguments: list[str]) -> int:
    for minor in (13, 12, 11, 14):
        found = shutil.which(f"python3.{minor}")
        if found:
            return subprocess.call([found, str(HERE / "run.py"), *arguments])
    version = ".".join(map(str, sys.version_info[:2]))
    return fail(f"Tradelane needs Python 3.11 or newer; this is {version}. Install a newer one.")


# ---------------------------------------------------------------- the environment


def prepare(locks: list[str]) -> None:
    """Make or update .venv so that everything in ``locks`` is installed, checked by hash."""
    wanted = {name: hashlib.sha256((HERE / name).read_bytes()).hexdigest() for name in locks}
    wanted["python"] = ".".join(map(str, sys.version_info[:2]))
    have = read_mark()
    if PYTHON.exists() and have.get("python") == wanted["python"]:
        missing = [name for name in locks if have.get(name) != wanted[name]]
        if not missing:
            return
    else:
        missing = locks
        have = {}
        shutil.rmtree(VENV, ignore_errors=True)
        say("Making .venv (once) ...")
        make_venv()
    for name in missing:
        say(f"Installing from {name} (hashes checked) ...")
        install(HERE / name)
    link_source()
    MARK.write_text(json.dumps(have | wanted), encoding="utf-8")


def read_mark() -> dict[str, str]:
    try:
        mark = json.loads(MARK.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return mark if isinstance(mark, dict) else {}


def make_venv() -> None:
    """A virtual environment without pip inside: nothing beyond the standard library is needed."""
    command = [sys.executable, "-m", "venv", "--without-pip", str(VENV)]
    if subprocess.call(command, stdout=subprocess.DEVNULL) == 0 and PYTHON.exists():
        return
    if (
        shutil.which("uv")
        and subprocess.call(["uv", "venv", "-q", "--python", sys.executable, str(VENV)]) == 0
    ):
        return
    sys.exit(fail("Python could not make a virtual environment; see the message above."))


def link_source() -> None:
    """Let the environment import src/ as it is, so that editing needs no installation."""
    where = subprocess.check_output(
        [str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
    )
    (Path(where.strip()) / "tradelane.pth").write_text(str(HERE / "src") + "\n", encoding="utf-8")


def install(lock: Path) -> None:
    """Install a lock file with the first installer that works."""
    options = ["--require-hashes", "-r", str(lock)]
    for installer in installers():
        if subprocess.call([*installer, *options]) == 0:
            return
        say("That did not work; trying another way.")
    sys.exit(
        fail(
            "No way to install Python packages worked.\n"
            "  Check the network, then run this again. If this Python has no pip at all, install\n"
            "  your system's package for it (Debian, Ubuntu: python3-pip) or uv."
        )
    )


def installers():
    """Command lines that install into .venv, best first; each is found without side effects."""
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    if shutil.which("uv"):
        yield ["uv", "pip", "install", "--quiet", "--python", str(PYTHON)]
    for python in (sys.executable, *filter(None, map(shutil.which, ("python3", "python")))):
        if pip_version(python) >= (22, 3):  # the first with --python, which needs no pip in .venv
            yield [python, "-m", "pip", "--python", str(PYTHON), "install", *quiet]
            break
    if importlib.util.find_spec("ensurepip"):
        made = subprocess.run([str(PYTHON), "-m", "ensurepip"], capture_output=True, check=False)
        if made.returncode == 0:
            yield [str(PYTHON), "-m", "pip", "install", *quiet]
    for wheel in sorted(Path("/usr/share/python-wheels").glob("pip-*.whl")):
        yield [str(PYTHON), f"{wheel}/pip", "install", *quiet]
    wheel = fetch_pip()
    if wheel is not None:
        yield [str(PYTHON), f"{wheel}/pip", "install", *quiet]


def pip_version(python: str) -> tuple[int, ...]:
    asked = subprocess.run(
        [python, "-m", "pip", "--version"], capture_output=True, text=True, check=False
    )
    found = re.match(r"pip (\d+)\.(\d+)", asked.stdout)
    return tuple(map(int, found.groups())) if found else (0,)


def fetch_pip() -> Path | None:
    """pip's own wheel from the package index that this machine is configured for, or None."""
    index = os.environ.get("PIP_INDEX_URL") or os.environ.get("UV_INDEX_URL")
    if not index:
        return None
    page_address = index.rstrip("/") + "/pip/"
    try:
        with urllib.request.urlopen(page_address, timeout=30) as answer:
            page = answer.read(8 << 20).decode("utf-8", "replace")
        links = re.findall(r'href="([^"]*/pip-(\d+)\.(\d+)[^"/]*-py3-none-any\.whl[^"]*)"', page)
        link = max(links, key=lambda found: (int(found[1]), int(found[2])))[0]
        address, _, fragment = urllib.parse.urljoin(page_address, link).partition("#")
        with urllib.request.urlopen(address, timeout=60) as answer:
            data = answer.read(16 << 20)
    except (OSError, ValueError):
        return None
    if fragment != "sha256=" + hashlib.sha256(data).hexdigest():
        return None
    wheel = Path(tempfile.mkdtemp()) / Path(urllib.parse.urlparse(address).path).name
    wheel.write_bytes(data)
    return wheel


# ---------------------------------------------------------------- what must hold


def run_checks(pytest_arguments: list[str]) -> int:
    """Lint, format, types, contracts, then the tests; each runs even if one before failed."""
    tool = PYTHON.parent
    workers = str(min(os.cpu_count() or 1, 4) + 1)  # one more: some always wait for a browser
    checks = {
        "ruff check": [tool / "ruff", "check", "."],
        "ruff format": [tool / "ruff", "format", "--check", "-q", "."],
        "types (mypy)": [tool / "mypy"],
        "import contracts": [tool / "lint-imports"],
        "tests": [PYTHON, "-m", "pytest", "-q", "-n", workers, *pytest_arguments],
    }
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the workers share the cores
    failed = []
    with temporary_files_in_memory():
        for name, command in checks.items():
            say(f"== {name}")
            if run_to_its_end([str(part) for part in command]) != 0:
                failed.append(name)
    if failed:
        return fail("Failed: " + ", ".join(failed))
    return 0


@contextlib.contextmanager
def temporary_files_in_memory():
    """Temporary files where nothing waits for a disk, if there is such a place with room enough.

    What the tests kill are processes, not machines: that a write reached the disk is not among
    the things that they can show."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK) or shutil.disk_usage(memory).free < ROOM_FOR_TESTS:
        yield
        return
    folder = tempfile.mkdtemp(prefix="tradelane-", dir=memory)
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = folder
    try:
        yield
    finally:
        os.environ.pop("TMPDIR")
        if before is not None:
            os.environ["TMPDIR"] = before
        shutil.rmtree(folder, ignore_errors=True)


def run_to_its_end(command: list[str]) -> int:
    """Run a check, and leave nothing of it behind: neither a process that it forgot, nor one that
    never ends. Before such a one is ended, its Pythons say where they were."""
    started = subprocess.Popen(command, cwd=HERE, start_new_session=True)
    try:
        return started.wait(LONGEST_CHECK)
    except subprocess.TimeoutExpired:
        end_group(started, "SIGABRT")
        time.sleep(5)
        return fail(f"It had not ended after {LONGEST_CHECK // 60} minutes.")
    except KeyboardInterrupt:
        end_group(started, "SIGINT")
        started.wait(30)
        raise
    finally:
        end_group(started, "SIGKILL")


def end_group(started: subprocess.Popen[bytes], name: str) -> None:
    """Send a signal to a process and to all that it has started."""
    if os.name == "nt":
        started.kill()
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(started.pid, signal.Signals[name])


def say(text: str) -> None:
    print(text, flush=True)


def fail(text: str) -> int:
    print(text, file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
