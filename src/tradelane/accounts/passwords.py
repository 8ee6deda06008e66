"""Passwords: which ones are refused, and how they are kept (argon2id).

The rules are those of NIST SP 800-63B: long enough, not among those that are tried first, not the
person's own name; nothing about capitals, digits or signs, and no expiry. argon2-cffi's default
profile is the second recommended one of RFC 9106: 64 MiB, 3 passes, 4 lanes.
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tradelane.kit.errors import Problem

MIN_CHARACTERS = 12
MAX_BYTES = 1024
AT_ONCE = 4
"""How many passwords one process hashes at the same time: each takes 64 MiB and several cores."""

_COMMON = """
    abcdefghijkl abcdefghijklmnopqrstuvwxyz admin administrator asdfghjkl asdfghjklqwertyuiop
    baseball basketball changeme changemeplease chocolate computer correcthorsebatterystaple
    customs customsofficer declaration default dragon football guest hello helloworld iloveyou
    internet letmein login manchester master michael monkey mypassword nopassword november
    passw0rd passphrase password passwordpassword princess qazwsx qazwsxedc qazwsxedcrfv
    qwerty qwertyqwerty qwertyuiop qwertyuiopasdfghjkl secret september starwars summer
    sunshine superman temporary test testpassword thisismypassword tradelane trustno1 user
    welcome whatever winter zaq1zaq1 zxcvbnm
"""
COMMON = frozenset(_COMMON.split())
"""Words that are tried first, alone or with digits and signs behind or before them."""

_RUNS = (
    "0123456789" * 3,
    "9876543210" * 3,
    "abcdefghijklmnopqrstuvwxyz",
    "zyxwvutsrqponmlkjihgfedcba",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
)
_AROUND = "0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_{|}~ "


def weakness(password: str, login: str, name: str) -> Problem | None:
    """Why a password is refused, or None.

    >>> weakness("correct gull on a wet pier", "ana", "Ana Reyes") is None
    True
    >>> [weakness(p, "ana", "Ana Reyes").code for p in ("short", "Password1234!", "ana.reyes.ana")]
    ['accounts.password_short', 'accounts.password_common', 'accounts.password_personal']
    """
    if len(_bytes(password)) > MAX_BYTES:
        return Problem(
            "accounts.password_long",
            f"The password has more than {MAX_BYTES} bytes.",
            pointer="/password",
            hint="Choose a shorter one.",
        )
    if len(unicodedata.normalize("NFKC", password)) < MIN_CHARACTERS:
        return Problem(
            "accounts.password_short",
            f"The password has fewer than {MIN_CHARACTERS} characters.",
            pointer="/password",
            hint="Several words in a row are easy to remember; spaces are allowed.",
        )
    if is_common(password):
        return Problem(
            "accounts.password_common",
            "The password is one of those that are tried first.",
            pointer="/password",
            hint="Several words that have nothing to do with each other are better.",
        )
    if _is_personal(password, login, name):
        return Problem(
            "accounts.password_personal",
            "The password is made of the person's login or name.",
            pointer="/password",
            hint="Choose words that nobody connects with the account.",
        )
    return None


def is_common(password: str) -> bool:
    """Whether a password is a well-known word, a run of keys or one piece over and over.

    >>> [is_common(p) for p in ("qwertyuiop12", "aaaaaaaaaaaa", "abcabcabcabc", "123456789012")]
    [True, True, True, True]
    """
    plain = unicodedata.normalize("NFKC", password).casefold()
    if plain in COMMON or plain.strip(_AROUND) in COMMON or not plain.strip(_AROUND[10:]):
        return True
    if any(plain == run[start : start + len(plain)] for run in _RUNS for start in range(len(run))):
        return True
    # A text made of one piece over and over is found inside itself doubled, shifted by that piece.
    period = (plain + plain).find(plain, 1)
    return period < len(plain) and (period <= 4 or plain[:period] in COMMON)


def _is_personal(password: str, login: str, name: str) -> bool:
    """Whether nothing of note is left of a password without the login and the parts of the name."""
    left = unicodedata.normalize("NFKC", password).casefold()
    own = {login.casefold(), login.casefold().partition("@")[0], name.casefold()}
    own |= set(name.casefold().split())
    for part in sorted((p for p in own if len(p) >= 3), key=len, reverse=True):
        left = left.replace(part, "")
    return len(left.strip(_AROUND)) < 3 and len(left) < len(password)


class Passwords:
    """Hashes and verifies passwords, a few at a time."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits until fewer than `AT_ONCE` others are at it."""
        with self._turns:
            yield

    @cached_property
    def _nobody(self) -> str:
        """A hash of nothing that anybody could type, for logins that do not exist."""
        return self._hasher.hash(b"\xff nobody")

    def hash(self, password: str) -> str:
        """The password's salted hash with its parameters, as text. Takes tens of milliseconds."""
        return self._hasher.hash(_bytes(password))

    def verify(self, known: str | None, password: str) -> bool:
        """Whether the password is the one that was hashed; takes as long where there is none."""
        against = self._nobody if known is None else known
        try:
            right = self._hasher.verify(against, _bytes(password)[: MAX_BYTES + 1])
        except (VerificationError, InvalidHashError):
            return False
        return right and known is not None

    def is_outdated(self, known: str) -> bool:
        """Whether a hash was made with other parameters than those in use."""
        return self._hasher.check_needs_rehash(known)


def _bytes(password: str) -> bytes:
    # The same characters can be typed in several ways; a keyboard must not decide who gets in.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
