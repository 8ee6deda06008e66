"""The key a ledger signs with, in two files of its folder: ``ledger.key`` and ``ledger.pub``.

``ledger.pub`` has a line for every key the ledger ever had (`notes.VerifierKeys`). While a key is
being changed, the one that is coming is in ``ledger.key.next``.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tradelane.kit.errors import IntegrityBroken, Problem
from tradelane.ledger.notes import VerifierKey, VerifierKeys, is_name

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

NEXT = "ledger.key.next"


class LedgerKey:
    """An Ed25519 private key with the name it signs under."""

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        if not is_name(name):
            raise IntegrityBroken(
                Problem(
                    "ledger.key_name",
                    f"A key cannot be named {name!r}.",
                    hint="Use a name such as customs.example/ledger, without spaces and plus.",
                )
            )
        self._private = private
        self.verifier_key = VerifierKey(name, private.public_key().public_bytes_raw())
        self.verifier_keys = VerifierKeys.of(self.verifier_key)

    @classmethod
    def load_or_create(cls, folder: Path, name: str) -> LedgerKey:
        """The key kept in ``folder``, made on the first call (private file mode 0600).

        Errors: IntegrityBroken ``ledger.key_missing`` (the public file is there alone),
        ``ledger.key_loose`` (others may read the private file), ``ledger.key_unreadable``,
        ``ledger.key_mismatch`` (the two files, or the name, do not belong together).
        """
        folder.mkdir(parents=True, exist_ok=True)
        private_path, public_path = folder / "ledger.key", folder / "ledger.pub"
        if not private_path.exists():
            if public_path.exists():
                raise IntegrityBroken(
                    Problem(
                        "ledger.key_missing",
                        f"{private_path} is gone, but {public_path.name} is still there.",
                        hint="Restore it from a backup: a new key could not continue this ledger.",
                    )
                )
            _create(private_path)
        key = cls(name, _load(private_path))
        if not public_path.exists():
            _write_once(public_path, f"{key.verifier_key}\n".encode(), 0o644)
        found = public_path.read_bytes()
        keys = _read_keys(found)
        if keys is not None and keys.current != key.verifier_key and (folder / NEXT).exists():
            coming = cls(name, _load(folder / NEXT))
            if keys.current == coming.verifier_key:  # stopped between the two files of a change
                (folder / NEXT).replace(private_path)
                key = coming
        if keys is None or keys.current != key.verifier_key:
            raise IntegrityBroken(
                Problem(
                    "ledger.key_mismatch",
                    f"{public_path} does not belong to {private_path.name}: got "
                    f"{found.decode(errors='replace').strip()[-120:]!r}, "
                    f"expected {str(key.verifier_key)!r}.",
                    hint="Restore both files from the same backup.",
                )
            )
        key.verifier_keys = keys
        return key

    @classmethod
    def prepare_next(cls, folder: Path, name: str) -> LedgerKey:
        """A key that is to follow, kept in ``ledger.key.next``; the same until it has followed."""
        path = folder / NEXT
        if not path.exists():
            _create(path)
        return cls(name, _load(path))

    @classmethod
    def take_next(cls, folder: Path, name: str, keys: VerifierKeys) -> LedgerKey:
        """Let the next key be the key. ``keys``: what `service.Ledger.rotate` returned.

        The old private key is gone afterwards. Stopped half-way, the next `load_or_create` ends it.
        """
        draft = folder / "ledger.pub.next"
        draft.unlink(missing_ok=True)
        _write_once(draft, f"{keys}\n".encode(), 0o644)
        draft.replace(folder / "ledger.pub")
        return cls.load_or_create(folder, name)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature over ``message``."""
        return self._private.sign(message)


def _read_keys(found: bytes) -> VerifierKeys | None:
    """The keys in ``ledger.pub``, None unless it is written exactly as we write it."""
    try:
        keys = VerifierKeys.parse(found.decode())
    except (IntegrityBroken, UnicodeDecodeError):
        return None
    return keys if f"{keys}\n".encode() == found else None


def _create(path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write_once(path, pem, 0o600)


def _load(path: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if sys.platform != "win32" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise IntegrityBroken(
            Problem(
                "ledger.key_loose",
                f"Others on this machine may use {path}: got mode "
                f"{stat.S_IMODE(path.stat().st_mode):04o}, expected 0600.",
                hint=f"Run: chmod 600 {path}",
            )
        )
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
    except Exception as error:  # The library raises many kinds for the many ways to be damaged.
        raise _unreadable(path) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise _unreadable(path)
    return private


def _unreadable(path: Path) -> IntegrityBroken:
    return IntegrityBroken(
        Problem(
            "ledger.key_unreadable",
            f"{path} is not an Ed25519 private key in PEM form.",
            hint="Restore it from a backup: a new key could not continue this ledger.",
        )
    )


def _write_once(path: Path, data: bytes, mode: int) -> None:
    """Write a file whole or not at all; where another process was first, its file stays."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        with suppress(FileExistsError):
            path.hardlink_to(name)
    finally:
        Path(name).unlink()
