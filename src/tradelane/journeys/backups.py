"""A workspace in one archive, and back."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import tempfile
import zlib
from pathlib import Path

from tradelane.journeys.inputs import KEPT
from tradelane.journeys.workshop import Workshop
from tradelane.kit.errors import InputRefused, Problem

_KEY = "ledger.key"
_KEPT = (KEPT, "models", "ledger.pub")
_ROOT = "workspace"
_DATABASE = "tradelane.db"


def backup(shop: Workshop, archive: Path, with_key: bool) -> int:
    """Write the workspace to ``archive``; returns its size in bytes.

    The database is copied as one consistent state; finished steps of unfinished batches are not
    in it, because every step keeps its own progress in the database.
    """
    archive.parent.mkdir(parents=True, exist_ok=True)
    draft = archive.with_name(archive.name + ".part")
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        copy = Path(folder) / _DATABASE
        shop.database.backup_to(copy)
        with tarfile.open(draft, "w:gz", compresslevel=6) as tar:
            tar.add(copy, f"{_ROOT}/{_DATABASE}")
            for name in (*_KEPT, _KEY) if with_key else _KEPT:
                if (shop.home / name).exists():
                    tar.add(shop.home / name, f"{_ROOT}/{name}")
    draft.replace(archive)
    return archive.stat().st_size


def restore(archive: Path, folder: Path) -> None:
    """Unpack ``archive`` into ``folder``, which must be empty or absent.

    Errors: InputRefused ``backup.not_empty``, ``backup.unreadable``.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InputRefused(
            Problem(
                "backup.not_empty",
                f"{folder} is not empty; a restore never overwrites.",
                hint="Name a new folder.",
            )
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as draft:
        try:
            _unpack(archive, Path(draft))
        except (tarfile.TarError, zlib.error, OSError, EOFError) as error:
            raise InputRefused(
                Problem("backup.unreadable", f"{archive} is not a whole backup: {error}.")
            ) from None
        root = Path(draft) / _ROOT
        if not (root / _DATABASE).is_file():
            raise InputRefused(
                Problem("backup.unreadable", f"{archive} is not a backup of a workspace.")
            )
        if folder.exists():
            folder.rmdir()
        root.replace(folder)


def _unpack(archive: Path, folder: Path) -> None:
    with gzip.open(archive) as whole:
        with tarfile.open(fileobj=whole) as tar:
            for member in tar:
                if member.name.split("/")[0] != _ROOT:
                    raise tarfile.TarError(f"{member.name!r} does not belong in one")
                _place(tar, member, folder)
        while whole.read(1 << 20):  # the checksum is at the very end, behind what tar reads
            pass


def _place(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """One folder or plain file of an archive; links, devices and ways out are refused."""
    parts = Path(member.name).parts
    if ".." in parts or Path(member.name).is_absolute():
        raise tarfile.TarError(f"{member.name!r} leads outside")
    target = folder.joinpath(*parts)
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    source = tar.extractfile(member) if member.isreg() else None
    if source is None:
        raise tarfile.TarError(f"{member.name!r} is neither a file nor a folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    with source, target.open("xb") as file:
        target.chmod(0o600 if target.name == _KEY else 0o644)
        shutil.copyfileobj(source, file)
