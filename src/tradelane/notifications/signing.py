"""Signatures of webhooks, as Standard Webhooks has them, and how a receiver checks one.

The secret is ``whsec_`` and base64 of its bytes. What is signed, with HMAC-SHA256, is
``{webhook-id}.{webhook-timestamp}.{body}``; the header ``webhook-signature`` is ``v1,`` and base64
of that, and holds several with spaces between while a secret is being replaced.
Source: https://www.standardwebhooks.com
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime

from tradelane.kit.errors import InputRefused, IntegrityBroken, Problem

PREFIX = "whsec_"
SECRET_BYTES = 32
TOLERANCE_SECONDS = 300
"""How far a webhook's timestamp may be from the receiver's clock: what is older is a replay."""


def new_secret() -> str:
    """A new secret of 32 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    """The ``v1`` signature of one webhook. ``timestamp``: seconds since 1970.

    Errors: InputRefused ``notifications.secret``.

    >>> signature("whsec_" + base64.b64encode(b"k" * 32).decode(), "evt_1", 1614265330, b"{}")[:3]
    'v1,'
    """
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    made = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(made).decode()


def headers(
    valid_secrets: Iterable[str], webhook_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """The three headers of a webhook, signed with every secret that is valid now."""
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(
            signature(secret, webhook_id, timestamp, body) for secret in valid_secrets
        ),
    }


def verify(secret: str, received: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Return if the webhook is genuine and fresh; the receiver's half, as its documentation.

    ``received``: the request's headers; ``body``: its bytes as they came, before any parsing.
    Errors: IntegrityBroken ``notifications.signature`` (missing, wrong or stale).
    """
    values = {name.lower(): value for name, value in received.items()}
    try:
        webhook_id, signatures = values["webhook-id"], values["webhook-signature"]
        timestamp = int(values["webhook-timestamp"])
    except (KeyError, ValueError):
        raise _refused("A header is missing or malformed.") from None
    if abs(now.timestamp() - timestamp) > TOLERANCE_SECONDS:
        raise _refused(f"Its timestamp is over {TOLERANCE_SECONDS} s from this clock.")
    expected = signature(secret, webhook_id, timestamp, body).encode()
    if not any(hmac.compare_digest(one.encode(), expected) for one in signatures.split()):
        raise _refused("None of its signatures is made with this secret.")


def _key(secret: str) -> bytes:
    try:
        if secret.startswith(PREFIX):
            return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        pass
    raise InputRefused(
        Problem(
            "notifications.secret",
            "This is not the secret of a webhook.",
            hint="It is `whsec_` and base64, as it was shown once.",
        )
    )


def _refused(why: str) -> IntegrityBroken:
    return IntegrityBroken(
        Problem(
            "notifications.signature",
            f"The webhook is not to be believed. {why}",
            hint="Answer 401, and do nothing with it.",
        )
    )
