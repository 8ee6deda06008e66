"""What a batch depends on, named by digest, and kept so that its decisions can be made again."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradelane.kit.canonical import decode, encode
from tradelane.kit.errors import InputRefused, IntegrityBroken, Problem
from tradelane.kit.packs import Pack
from tradelane.kit.packs import load as load_pack

if TYPE_CHECKING:
    from tradelane.targeting.rules.model import RuleSet

KEPT = "kept"


def file_digest(path: Path) -> str:
    """The ``sha256:`` digest of a file's bytes, read in a stream; InputRefused if it cannot be."""
    total = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                total.update(block)
    except OSError as error:
        raise InputRefused(
            Problem("clearance.unreadable", f"{path} cannot be read: {error.strerror}.")
        ) from None
    return "sha256:" + total.hexdigest()


def keep_pack(home: Path, pack: Pack) -> None:
    """A copy of the pack under its digest, so that an upgrade cannot take it away."""
    target = _place(home, "packs", pack.digest)
    if not target.exists():
        _settle(target, lambda draft: shutil.copytree(pack.root, draft, dirs_exist_ok=True))


def kept_pack(home: Path, digest: str) -> Path:
    """The folder of a kept pack, checked against its digest.

    Errors: InputRefused ``replay.pack_missing``; IntegrityBroken ``replay.pack_changed``.
    """
    folder = _place(home, "packs", digest)
    if not folder.is_dir():
        raise InputRefused(
            Problem(
                "replay.pack_missing",
                f"The pack {digest} that the decision was made with is not kept here.",
                hint="Restore the workspace's folder 'kept' from a backup.",
            )
        )
    got = load_pack(folder).digest
    if got != digest:
        raise IntegrityBroken(
            Problem(
                "replay.pack_changed",
                f"The kept pack was changed: got {got}, expected {digest}.",
                hint="Restore the workspace's folder 'kept' from a backup.",
            )
        )
    return folder


def keep_file(home: Path, path: Path, digest: str) -> None:
    """A copy of a small input file (exchange rates) under its digest."""
    target = _place(home, "files", digest)
    if not target.exists():
        _settle(target, lambda draft: shutil.copy(path, draft / path.name))


def keep_rules(home: Path, rules: RuleSet) -> str:
    """Keep a set of rules under its digest, as the canonical bytes that the digest is of; returns
    the digest."""
    target = _place(home, "files", rules.digest)
    if not target.exists():
        data = encode(rules.to_dict())
        _settle(target, lambda draft: (draft / "rules.json").write_bytes(data))
    return rules.digest


def kept_rules(home: Path, digest: str) -> RuleSet:
    """A kept set of rules, checked; errors as `kept_file`."""
    from tradelane.targeting.rules.model import RuleSet

    return RuleSet.from_dict(decode(kept_file(home, digest).read_bytes()))


def kept_file(home: Path, digest: str) -> Path:
    """A kept file, checked; errors as `kept_pack`, with ``file`` for ``pack``."""
    folder = _place(home, "files", digest)
    found = next(iter(sorted(folder.iterdir())), None) if folder.is_dir() else None
    if found is None:
        raise InputRefused(
            Problem(
                "replay.file_missing",
                f"The file {digest} (exchange rates or rules) of the decision is not kept here.",
                hint="Restore the workspace's folder 'kept' from a backup.",
            )
        )
    if file_digest(found) != digest:
        raise IntegrityBroken(
            Problem("replay.file_changed", f"The kept file {found.name} was changed.")
        )
    return found


def remember(home: Path, key: str, value: dict[str, Any]) -> dict[str, Any]:
    """Keep a small result under the digest of what it was made from; returns it."""
    target = _place(home, "results", key)
    _settle(target, lambda draft: (draft / "result.json").write_bytes(encode(value)))
    return value


def recall(home: Path, key: str) -> dict[str, Any] | None:
    """What `remember` kept under the key, or None."""
    path = _place(home, "results", key) / "result.json"
    if not path.is_file():
        return None
    found: dict[str, Any] = decode(path.read_bytes())
    return found


def _place(home: Path, kind: str, digest: str) -> Path:
    return home / KEPT / kind / digest.removeprefix("sha256:")[:16]


def _settle(target: Path, fill: Callable[[Path], object]) -> None:
    """Fill a folder apart and give it its name at once: a reader sees all of it or nothing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=target.parent))
    try:
        fill(draft)
        draft.chmod(0o755)
        try:
            draft.rename(target)
        except OSError:
            if not target.exists():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
