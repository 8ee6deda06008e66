"""The how-to of receiving events says what is so, and its code runs."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

from tradelane.notifications import signing
from tradelane.notifications.model import EVENT_TYPES, translate
from tradelane.notifications.retries import WAITS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "receive-events.md"
TEXT = PAGE.read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.+?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def test_the_code_that_checks_a_signature_believes_ours_and_nothing_else():
    names: dict[str, Any] = {}
    exec(block("python"), names)
    is_genuine = names["is_genuine"]
    old, new, now = signing.new_secret(), signing.new_secret(), int(time.time())
    received = signing.headers([new, old], "evt_7", now, b"{}")
    assert is_genuine(new, received, b"{}")
    assert is_genuine(old, received, b"{}")
    assert not is_genuine(new, received, b"{ }")
    assert not is_genuine(signing.new_secret(), received, b"{}")
    stale = signing.headers([new], "evt_7", now - 400, b"{}")
    assert not is_genuine(new, stale, b"{}")


def test_the_example_is_an_event_that_the_ledger_would_give():
    example = json.loads(block("json"))
    data = example["data"]
    entry = {
        "at": example["timestamp"],
        "kind": "duty.assessed",
        "subject": f"{data['declarant']}/{data['reference']}/{data['line']}",
        "body": {**data, "batch": "b", "relief_status": "none"},
    }
    event = translate(example["id"], entry)
    assert event is not None
    assert event.to_dict() == example


def test_every_type_of_event_is_in_the_table_and_no_other():
    assert sorted(re.findall(r"^\| `([a-z_.]+)` \|", TEXT, flags=re.MULTILINE)) == list(EVENT_TYPES)


def test_the_waits_are_the_ones_that_hold():
    units = {"s": 1, "min": 60, "h": 3600}
    [said] = re.findall(r"after about (.+?) \(", TEXT)
    spans = re.findall(r"(\d+) (s|min|h)\b", said)
    assert [int(n) * units[u] for n, u in spans] == [w.total_seconds() for w in WAITS]
