"""Webhook signatures: the published example, rotation, and what a receiver must refuse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tradelane.kit.errors import InputRefused, IntegrityBroken
from tradelane.notifications import signing
from tradelane.notifications.model import Secrets

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
BODY = b'{"id":7}'


def signed(*secrets: str) -> dict[str, str]:
    return signing.headers(secrets, "evt_7", int(NOW.timestamp()), BODY)


def test_the_example_of_the_standard_comes_out():
    """The test vector that the reference implementations of Standard Webhooks share."""
    made = signing.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_genuine_webhook_is_believed_whatever_the_case_of_its_headers():
    secret = signing.new_secret()
    received = {name.title(): value for name, value in signed(secret).items()}
    signing.verify(secret, received, BODY, NOW + timedelta(seconds=300))


def test_while_a_secret_is_replaced_both_are_believed():
    old, new = signing.new_secret(), signing.new_secret()
    received = signed(new, old)
    assert received["webhook-signature"].count("v1,") == 2
    for secret in (old, new):
        signing.verify(secret, received, BODY, NOW)


def test_a_replaced_secret_signs_until_its_time_is_over():
    secrets = Secrets("new", "old", "2026-03-01T09:00:00.000000Z")
    assert secrets.valid("2026-03-01T08:59:59.000000Z") == ("new", "old")
    assert secrets.valid("2026-03-01T09:00:00.000000Z") == ("new",)
    assert "new" not in repr(secrets)


@pytest.mark.parametrize(
    ("changed", "body", "later"),
    [
        ({}, b'{"id":8}', 0),
        ({"webhook-id": "evt_8"}, BODY, 0),
        ({"webhook-timestamp": "1"}, BODY, 0),
        ({"webhook-timestamp": "soon"}, BODY, 0),
        ({"webhook-signature": ""}, BODY, 0),
        ({"webhook-signature": "v1,é"}, BODY, 0),
        ({"webhook-signature": "v1a,AAAA v2,BBBB"}, BODY, 0),
        ({}, BODY, 301),
        ({}, BODY, -301),
    ],
)
def test_what_was_changed_or_is_stale_is_refused(changed: dict[str, str], body: bytes, later: int):
    secret = signing.new_secret()
    with pytest.raises(IntegrityBroken, match=r"notifications\.signature"):
        signing.verify(secret, signed(secret) | changed, body, NOW + timedelta(seconds=later))


def test_another_secret_and_what_is_no_secret_are_told_apart():
    with pytest.raises(IntegrityBroken, match=r"notifications\.signature"):
        signing.verify(signing.new_secret(), signed(signing.new_secret()), BODY, NOW)
    for secret in ("hunter2", "whsec_!!"):
        with pytest.raises(InputRefused, match=r"notifications\.secret"):
            signing.verify(secret, signed(signing.new_secret()), BODY, NOW)
