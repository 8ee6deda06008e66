"""Webhooks for people."""

from __future__ import annotations

import re

import pytest

from api_programs import program

URL = "https://hooks.example.com/tradelane"


def added(house, login="trader"):
    visitor = house.signed_in(login)
    answer = visitor.post("/events", {"url": URL, "event_types": ["message.sent"]})
    assert answer.status_code == 200, answer.text
    number = int(re.search(r"/events/(\d+)/pause", answer.text)[1])
    return visitor, number, answer


def test_a_webhook_is_added_and_its_secret_shown_once(house):
    visitor, number, answer = added(house)
    assert "whsec_" in answer.text
    page = visitor.get(f"/events/{number}")
    assert page.status_code == 200
    assert "whsec_" not in page.text
    assert URL in visitor.get("/events").text


def test_what_was_typed_comes_back_with_what_is_wrong(house):
    answer = house.signed_in("trader").post("/events", {"url": "http://10.0.0.1/x"})
    assert answer.status_code == 422
    assert "http://10.0.0.1/x" in answer.text
    assert 'href="#url"' in answer.text


def test_it_is_paused_resumed_rotated_and_removed(house):
    visitor, number, first = added(house)
    assert visitor.post(f"/events/{number}/pause").headers["location"] == f"/events/{number}"
    assert "Paused" in visitor.get(f"/events/{number}").text
    visitor.post(f"/events/{number}/resume")
    rotated = visitor.post(f"/events/{number}/secret").text
    secrets = [re.search(r"whsec_[\w+/=-]+", text)[0] for text in (first.text, rotated)]
    assert len(set(secrets)) == 2
    assert visitor.post(f"/events/{number}/remove").headers["location"] == "/events"
    assert visitor.get(f"/events/{number}").status_code == 404


def test_somebody_elses_webhook_is_not_there(house):
    _, number, _ = added(house)
    stranger = house.signed_in("broker")
    assert stranger.get(f"/events/{number}").status_code == 404
    for verb in ("pause", "resume", "secret", "remove", "deliveries/1/redeliver"):
        assert stranger.post(f"/events/{number}/{verb}").status_code == 404
    assert program(house, "broker").get(f"/api/v1/webhooks/{number}").status_code == 404
    assert house.signed_in("officer").get("/events").status_code == 403


def test_the_api_does_the_same(house):
    client = program(house, "trader")
    made = client.post("/api/v1/webhooks", json={"url": URL}).json()
    at = f"/api/v1/webhooks/{made['id']}"
    assert made["secret"].startswith("whsec_")
    assert "secret" not in client.get(at).json()
    assert client.post(f"{at}/pause").json()["paused"] == "asked"
    assert client.post(f"{at}/resume").json()["paused"] == ""
    assert client.post(f"{at}/secret").json()["secret"] != made["secret"]
    assert client.get(f"{at}/deliveries").json() == {"items": [], "next": None}
    assert client.post(f"{at}/deliveries/1/redeliver").status_code == 404
    assert client.delete(at).status_code == 204
    assert client.get(at).status_code == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "web.field"),
        ({"url": "ftp://hooks.example.com"}, "notifications.url_scheme"),
        ({"url": URL, "event_types": ["nothing"]}, "notifications.event_type"),
        ({"url": URL, "event_types": [{}]}, "notifications.event_type"),
        ({"url": URL, "secret": "x"}, "web.field"),
    ],
)
def test_what_is_wrong_with_a_subscription_is_said(house, body, code):
    answer = program(house, "trader").post("/api/v1/webhooks", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
