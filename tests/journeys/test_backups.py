"""Backups: a restored workspace is the same, and no archive writes where it should not."""

from __future__ import annotations

import io
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tradelane.kit.errors import InputRefused
from tradelane.platform import Tradelane
from workspaces import SEED, Cleared

Opened = Callable[..., Tradelane]


@pytest.fixture
def archive(cleared: Cleared, opened: Opened, tmp_path: Path) -> Path:
    path = tmp_path / "backups" / "one.tar.gz"
    assert opened(cleared.home).backup(path) == path.stat().st_size
    return path


def refused(lane: Tradelane, archive: Path, folder: Path) -> str:
    with pytest.raises(InputRefused) as caught:
        lane.restore(archive, folder)
    return caught.value.problems[0].code


def test_a_restored_workspace_verifies_replays_and_goes_on(
    archive: Path, cleared: Cleared, opened: Opened, tmp_path: Path
) -> None:
    restored = tmp_path / "restored"
    report = opened(cleared.home).restore(archive, restored)
    assert report.ok
    lane = opened(restored)
    assert lane.replay(sample=10).ok
    batch, history = cleared.administration.batch, cleared.administration.history
    result = lane.clear(batch, history=history, seed=SEED)
    assert result.decisions_csv.read_bytes() == (cleared.home / "decisions.csv").read_bytes()
    with lane.database.read() as tx:
        assert lane.ledger.verify(tx).size == report.size


def test_a_backup_without_the_key_holds_no_key(
    cleared: Cleared, opened: Opened, tmp_path: Path
) -> None:
    path = tmp_path / "public.tar.gz"
    opened(cleared.home).backup(path, with_key=False)
    with tarfile.open(path) as tar:
        names = tar.getnames()
    assert "workspace/ledger.pub" in names
    assert [name for name in names if "key" in name] == []


def test_a_backup_holds_no_file_of_another_size_than_the_workspace(
    archive: Path, cleared: Cleared
) -> None:
    with tarfile.open(archive) as tar:
        members = {m.name.removeprefix("workspace/"): m for m in tar if m.isfile()}
    for name, member in members.items():
        if name != "tradelane.db":
            assert (cleared.home / name).stat().st_size == member.size
    assert {"tradelane.db", "ledger.key", "ledger.pub"} <= members.keys()
    assert any(name.startswith("models/") for name in members)
    assert any(name.startswith("kept/") for name in members)


def test_a_folder_that_is_not_empty_is_left_alone(
    archive: Path, cleared: Cleared, opened: Opened, tmp_path: Path
) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("mine")
    assert refused(opened(cleared.home), archive, full) == "backup.not_empty"
    assert [path.name for path in full.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.7, 0.999])
def test_a_truncated_archive_is_refused_and_leaves_nothing(
    share: float, archive: Path, cleared: Cleared, opened: Opened, tmp_path: Path
) -> None:
    data = archive.read_bytes()
    (tmp_path / "half").mkdir()
    half = tmp_path / "half" / "half.tar.gz"
    half.write_bytes(data[: int(len(data) * share)])
    folder = tmp_path / "half" / "restored"
    assert refused(opened(cleared.home), half, folder) == "backup.unreadable"
    assert [path.name for path in half.parent.iterdir()] == ["half.tar.gz"]


@pytest.mark.parametrize("at", [0.2, 0.5, 0.8])
def test_a_damaged_archive_is_refused_or_found_broken(
    at: float, archive: Path, cleared: Cleared, opened: Opened, tmp_path: Path
) -> None:
    data = bytearray(archive.read_bytes())
    for place in range(int(len(data) * at), int(len(data) * at) + 40):
        data[place] ^= 0xFF
    (tmp_path / "bad.tar.gz").write_bytes(data)
    folder = tmp_path / "restored"
    assert refused(opened(cleared.home), tmp_path / "bad.tar.gz", folder) == "backup.unreadable"
    assert not folder.exists()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.size = 4 if kind == tarfile.REGTYPE else 0
    return info


_HOSTILE = {
    "a path that leads out": [member("workspace/../../evil.txt")],
    "an absolute path": [member("/etc/evil.txt")],
    "a link that leads out": [
        member("workspace/kept", tarfile.SYMTYPE, "../../.."),
        member("workspace/kept/evil.txt"),
    ],
    "a link to an absolute path": [member("workspace/kept", tarfile.SYMTYPE, "/etc")],
    "a hard link that leads out": [member("workspace/kept", tarfile.LNKTYPE, "../../evil.txt")],
    "a device": [member("workspace/kept", tarfile.CHRTYPE)],
    "a pipe": [member("workspace/kept", tarfile.FIFOTYPE)],
}


@pytest.mark.parametrize("members", _HOSTILE.values(), ids=_HOSTILE)
def test_a_hostile_archive_writes_nothing_outside(
    members: list[tarfile.TarInfo], cleared: Cleared, opened: Opened, tmp_path: Path
) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    path = inside / "evil.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for info in (member("workspace/tradelane.db"), *members):
            tar.addfile(info, io.BytesIO(b"evil") if info.isfile() else None)
    folder = inside / "restored"
    assert refused(opened(cleared.home), path, folder) == "backup.unreadable"
    assert [p.name for p in inside.iterdir()] == ["evil.tar.gz"]
    assert list(tmp_path.rglob("evil.txt")) == []
    assert not Path("/etc/evil.txt").exists()


def test_an_archive_of_something_else_is_refused(
    cleared: Cleared, opened: Opened, tmp_path: Path
) -> None:
    path = tmp_path / "other.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.addfile(member("photos/cat.jpg"), io.BytesIO(b"meow"))
    assert refused(opened(cleared.home), path, tmp_path / "new") == "backup.unreadable"
    assert not (tmp_path / "new").exists()


def test_a_backup_during_a_clearing_is_consistent_and_can_be_cleared_on(
    cleared: Cleared,
    new_home: Path,
    opened: Opened,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tradelane.journeys.clearance.CHUNK_ROWS", 20)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    lane, going = opened(new_home), threading.Event()
    archives: list[Path] = []

    def back_up() -> None:
        going.wait(30)
        for number in range(3):
            other = Tradelane(new_home)
            archives.append(tmp_path / f"{number}.tar.gz")
            other.backup(archives[-1])
            other.database.close()

    def progress(stage: str, done: int, total: int | None = None) -> None:
        if done >= 60:
            going.set()

    beside = threading.Thread(target=back_up)
    beside.start()
    batch, history = cleared.administration.batch, cleared.administration.history
    lane.clear(batch, history=history, seed=SEED, progress=progress)
    beside.join()
    assert len(archives) == 3
    sizes = []
    for archive in archives:
        folder = archive.with_suffix(".home")
        report = lane.restore(archive, folder)
        assert report.ok
        sizes.append(report.size)
    assert sizes[0] >= 1
    first = opened(archives[0].with_suffix(".home"))
    result = first.clear(batch, history=history, seed=SEED)
    assert result.decisions_csv.read_bytes() == (cleared.home / "decisions.csv").read_bytes()
