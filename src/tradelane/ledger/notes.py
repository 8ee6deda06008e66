"""Signed notes and the checkpoints written in them, in the C2SP forms other logs use.

A checkpoint is the head of a log (origin, size, root) in a note signed with Ed25519. Ours carry a
second line by the same key, a timestamped cosignature, so that the time of signing is signed too.
Sources: https://c2sp.org/signed-note, /tlog-checkpoint, /tlog-cosignature
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol

from tradelane.kit.errors import IntegrityBroken, Problem
from tradelane.ledger.merkle import HASH_BYTES

SIGNED = 0x01
COSIGNED = 0x04
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_LAST_SECOND = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
_MAX_NOTE = 64 * 1024


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """Whose signatures to believe: a name and a 32-byte Ed25519 public key.

    >>> text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    >>> str(VerifierKey.parse(text)) == text
    True
    """

    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read ``name+key id+base64``; raises IntegrityBroken ``ledger.key_malformed``."""
        name, _, rest = text.strip().partition("+")
        written_id, _, encoded = rest.partition("+")
        blob = unbase64(encoded)
        if blob is None or len(blob) != 1 + HASH_BYTES or blob[0] != SIGNED or not is_name(name):
            raise IntegrityBroken(
                Problem(
                    "ledger.key_malformed",
                    f"This is not an Ed25519 verifier key: got {text.strip()[:80]!r}, "
                    "expected name+8 hex digits+base64.",
                )
            )
        key = cls(name, blob[1:])
        if key.id(SIGNED).hex() != written_id:
            raise IntegrityBroken(
                Problem(
                    "ledger.key_malformed",
                    f"The verifier key's id does not fit its key: got {written_id[:80]!r}, "
                    f"expected {key.id(SIGNED).hex()!r}.",
                )
            )
        return key

    def __str__(self) -> str:
        encoded = base64.b64encode(bytes([SIGNED]) + self.public).decode()
        return f"{self.name}+{self.id(SIGNED).hex()}+{encoded}"

    def id(self, kind: int) -> bytes:
        """The 4-byte key id for signatures of a kind (`SIGNED` or `COSIGNED`)."""
        return sha256(f"{self.name}\n".encode() + bytes([kind]) + self.public).digest()[:4]

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether ``signature`` is this key's over ``message``."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class VerifierKeys:
    """The keys of one ledger, oldest first, each with the size after which it signs.

    ``keys[0]`` signs from the beginning; a later one every checkpoint of more entries than its
    number, and the ones before it none of these. Written as lines: the first key alone, then
    ``key number``.

    >>> old = VerifierKey("customs.example/ledger", bytes(32))
    >>> both = VerifierKeys(((0, old),)).then(7, VerifierKey("customs.example/ledger", b"k" * 32))
    >>> both.for_size(7) == old, both.for_size(8) == both.current
    (True, True)
    >>> VerifierKeys.parse(str(both)) == both
    True
    """

    keys: tuple[tuple[int, VerifierKey], ...]

    @classmethod
    def of(cls, key: VerifierKey) -> VerifierKeys:
        """A ledger whose key was never changed."""
        return cls(((0, key),))

    @classmethod
    def parse(cls, text: str) -> VerifierKeys:
        """Read the lines; raises IntegrityBroken ``ledger.key_malformed``."""
        lines = text.strip().split("\n")
        found = cls.of(VerifierKey.parse(lines[0]))
        for line in lines[1:]:
            key, _, after = line.strip().partition(" ")
            if not _SIZE.fullmatch(after) or int(after) <= found.keys[-1][0]:
                raise IntegrityBroken(
                    Problem(
                        "ledger.key_malformed",
                        f"A later verifier key does not say from where it holds: got "
                        f"{line.strip()[:120]!r}, expected a key and more than "
                        f"{found.keys[-1][0]} entries.",
                    )
                )
            found = found.then(int(after), VerifierKey.parse(key))
        return found

    def __str__(self) -> str:
        return "\n".join(f"{key} {after}" if after else str(key) for after, key in self.keys)

    @property
    def current(self) -> VerifierKey:
        """The key that signs now."""
        return self.keys[-1][1]

    def for_size(self, size: int) -> VerifierKey:
        """The key that a checkpoint of so many entries must be signed with."""
        return next((key for after, key in reversed(self.keys) if size > after), self.keys[0][1])

    def then(self, after: int, key: VerifierKey) -> VerifierKeys:
        """These keys, and one that signs checkpoints of more than ``after`` entries."""
        return VerifierKeys((*self.keys, (after, key)))


Trusted = VerifierKey | VerifierKeys | str
"""What a checker trusts: one key, the keys of a ledger that changed its key, or their text."""


def trusted_keys(given: Trusted) -> VerifierKeys:
    """The keys that are meant; raises IntegrityBroken ``ledger.key_malformed``."""
    if isinstance(given, str):
        return VerifierKeys.parse(given)
    return given if isinstance(given, VerifierKeys) else VerifierKeys.of(given)


class Signer(Protocol):
    """Holds a private key (`keys.LedgerKey`, or a hardware module)."""

    @property
    def verifier_key(self) -> VerifierKey: ...

    def sign(self, message: bytes) -> bytes:
        """A 64-byte Ed25519 signature."""
        ...


@dataclass(frozen=True, slots=True)
class Note:
    """A note's text and its signature lines as (name, decoded bytes), believed by nobody yet."""

    text: str
    signatures: tuple[tuple[str, bytes], ...]

    @classmethod
    def parse(cls, note: str) -> Note:
        """Take a note apart; raises IntegrityBroken ``ledger.note_malformed``."""
        if len(note) > _MAX_NOTE:
            raise _malformed(f"{len(note)} characters", f"at most {_MAX_NOTE}")
        bad = next((c for c in note if (c < " " and c != "\n") or "\ud800" <= c <= "\udfff"), None)
        if bad is not None:
            raise _malformed(f"the character {bad!r}", "text without control characters")
        text, blank, lines = note.rpartition("\n\n")
        if not blank or not text or not lines.endswith("\n"):
            raise _malformed(repr(note[-60:]), "text, a blank line and signature lines")
        return cls(text + "\n", tuple(map(_signature, lines[:-1].split("\n"))))

    def __str__(self) -> str:
        lines = (f"— {name} {base64.b64encode(blob).decode()}\n" for name, blob in self.signatures)
        return f"{self.text}\n{''.join(lines)}"

    def signature(self, key: VerifierKey, kind: int) -> bytes | None:
        """What the first line of that key and kind holds after the key id, or None."""
        wanted = key.id(kind)
        for name, blob in self.signatures:
            if name == key.name and blob[:4] == wanted:
                return blob[4:]
        return None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: its origin, how many entries it has, the root over them (32 bytes).

    >>> print(Checkpoint("example.com/log", 0, bytes(32)).text(), end="")
    example.com/log
    0
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
    """

    origin: str
    size: int
    root: bytes

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a checkpoint's text; raises IntegrityBroken ``ledger.note_malformed``."""
        lines = text.split("\n")
        root = unbase64(lines[2]) if len(lines) > 2 else None
        if (
            root is None
            or len(root) != HASH_BYTES
            or not all(lines[:-1])
            or lines[-1]
            or not _SIZE.fullmatch(lines[1])
        ):
            raise _malformed(repr(text[:120]), "lines of origin, decimal size and base64 root")
        return cls(lines[0], int(lines[1]), root)

    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint whose signature was verified, and when the key says it signed (or None)."""

    checkpoint: Checkpoint
    at: datetime | None


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer, at: datetime) -> str:
    """The note of a checkpoint signed at ``at`` (kept to the second)."""
    key, text, seconds = signer.verifier_key, checkpoint.text(), int(at.timestamp())
    stamped = seconds.to_bytes(8, "big") + signer.sign(_cosigned(text, seconds))
    signatures = (
        (key.name, key.id(SIGNED) + signer.sign(text.encode())),
        (key.name, key.id(COSIGNED) + stamped),
    )
    return str(Note(text, signatures))


def open_checkpoint(
    note: str, key: VerifierKey | VerifierKeys, origin: str | None = None
) -> Signed:
    """The checkpoint in ``note`` if ``key`` signed it, for the log ``origin`` where that is given.

    Of several keys it must be the one for the checkpoint's size.

    Lines of unknown keys are ignored, a wrong line of the known key refuses the note.
    Errors: IntegrityBroken ``ledger.note_malformed``, ``ledger.note_unsigned``,
    ``ledger.signature_wrong`` or ``ledger.origin_wrong``.
    """
    parsed = Note.parse(note)
    if isinstance(key, VerifierKeys):
        # What chooses the key is not believed yet; the signature over the same text follows.
        key = (
            key.current if len(key.keys) == 1 else key.for_size(Checkpoint.parse(parsed.text).size)
        )
    signature = parsed.signature(key, SIGNED)
    if signature is None:
        names = ", ".join(f"{name}+{blob[:4].hex()}" for name, blob in parsed.signatures)
        raise IntegrityBroken(
            Problem(
                "ledger.note_unsigned",
                f"The checkpoint is not signed by the key that was asked for: got {names}, "
                f"expected {key.name}+{key.id(SIGNED).hex()}.",
                hint="Give the verifier key of the ledger that it is from.",
            )
        )
    if not key.verifies(signature, parsed.text.encode()):
        raise _wrong_signature(key, parsed.text)
    at = None
    stamped = parsed.signature(key, COSIGNED)
    if stamped is not None:
        seconds = int.from_bytes(stamped[:8], "big")
        if seconds > _LAST_SECOND or not key.verifies(stamped[8:], _cosigned(parsed.text, seconds)):
            raise _wrong_signature(key, parsed.text)
        at = datetime.fromtimestamp(seconds, UTC)
    checkpoint = Checkpoint.parse(parsed.text)
    if origin is not None and checkpoint.origin != origin:
        raise IntegrityBroken(
            Problem(
                "ledger.origin_wrong",
                f"The checkpoint is of another ledger: got {checkpoint.origin!r}, "
                f"expected {origin!r}.",
            )
        )
    return Signed(checkpoint, at)


def is_name(name: str) -> bool:
    """Whether a key may have this name: no spaces, no plus, no control characters."""
    return bool(name) and not any(c.isspace() or c == "+" or not c.isprintable() for c in name)


def unbase64(text: str) -> bytes | None:
    """The bytes, or None unless ``text`` is exactly what base64 writes for them."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # Unused bits in the last character would let two texts stand for the same bytes.
    return data if base64.b64encode(data).decode() == text else None


def _signature(line: str) -> tuple[str, bytes]:
    parts = line.split(" ")
    blob = unbase64(parts[2]) if len(parts) == 3 else None
    if blob is None or len(blob) < 5 or parts[0] != "—" or not is_name(parts[1]):
        raise _malformed(repr(line[:120]), "a line of an em dash, a name and base64")
    return parts[1], blob


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _wrong_signature(key: VerifierKey, text: str) -> IntegrityBroken:
    return IntegrityBroken(
        Problem(
            "ledger.signature_wrong",
            f"The signature of {key.name} does not fit the checkpoint: "
            f"got {' '.join(text.split())[:160]!r}, expected the text that was signed.",
            hint="The note was changed after it was signed.",
        )
    )


def _malformed(got: str, expected: str) -> IntegrityBroken:
    message = f"This is not a signed note: got {got}, expected {expected}."
    return IntegrityBroken(Problem("ledger.note_malformed", message))
