"""The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes.

The app's secret is kept as it is. Encrypting it would need a key that lies beside the database and
is read by the same process: whoever can read the one can read the other. A copy of the database
(a backup) therefore has to be guarded like the passwords of everybody in it.

Recovery codes are random (80 bits), so that a plain SHA-256 of them can be kept: nobody can try
them all, and a slow hash would add nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime

import pyotp

ISSUER = "Tradelane"
RECOVERY_CODES = 10
STEP_SECONDS = 30
WINDOW = 1
"""Codes of the step before and after are taken too: clocks differ, people type slowly."""


def new_secret() -> str:
    """A new secret for an authenticator app: 160 bits as base32."""
    return pyotp.random_base32()


def provisioning_uri(secret: str, login: str) -> str:
    """What a QR code tells an authenticator app.

    >>> provisioning_uri("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "ana")
    'otpauth://totp/Tradelane:ana?secret=ABCDEFGHIJKLMNOPQRSTUVWXYZ234567&issuer=Tradelane'
    """
    return pyotp.TOTP(secret, interval=STEP_SECONDS).provisioning_uri(
        name=login, issuer_name=ISSUER
    )


def matching_step(secret: str, code: str, at: datetime, after: int) -> int | None:
    """The time step whose code this is, later than the step ``after``; None if there is none.

    Keeping the step and asking for a later one is what makes every code work once.

    >>> from datetime import UTC
    >>> at = datetime.fromtimestamp(1111111109, UTC)  # a test vector of RFC 6238, six digits
    >>> secret = base64.b32encode(b"12345678901234567890").decode()
    >>> step = matching_step(secret, "081 804", at, after=-1)
    >>> step, matching_step(secret, "081804", at, after=step)
    (37037036, None)
    """
    digits = re.sub(r"\s", "", code)
    if not re.fullmatch(r"[0-9]{6}", digits):
        return None
    totp = pyotp.TOTP(secret, interval=STEP_SECONDS)
    now = totp.timecode(at)
    for step in range(now - WINDOW, now + WINDOW + 1):
        if step > after and hmac.compare_digest(totp.generate_otp(step), digits):
            return step
    return None


def new_recovery_codes() -> tuple[str, ...]:
    """Ten codes for the day when the telephone is lost, each for one use.

    >>> len(set(new_recovery_codes())), len(new_recovery_codes()[0])
    (10, 19)
    """
    return tuple(_grouped(secrets.token_bytes(10)) for _ in range(RECOVERY_CODES))


def recovery_digest(code: str) -> str:
    """What is kept of a recovery code; however it is written, in capitals or with spaces.

    >>> recovery_digest("abcd-efgh-ijkl-mnop") == recovery_digest(" ABCD EFGH IJKL MNOP")
    True
    """
    plain = re.sub(r"[\s-]", "", code).lower()
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def _grouped(data: bytes) -> str:
    text = base64.b32encode(data).decode("ascii").lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))
