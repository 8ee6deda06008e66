"""Signing in with an account of somewhere else, against a real provider on a real port."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from starlette.testclient import TestClient

from tradelane.accounts.model import Role
from tradelane.web import oidc

CLIENT, SECRET = "tradelane", "a secret between two machines"
pytestmark = pytest.mark.slow  # it starts a provider

PEOPLE = {
    "s-1": {"email": "kai@example.org", "email_verified": True, "name": "Kai"},
    "s-2": {"email": "kai@example.org", "email_verified": False, "name": "Not Kai"},
    "s-3": {
        "email": "new@example.org",
        "email_verified": True,
        "name": "New",
        "tradelane_role": ["staff", "analyst"],
    },
}


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A provider in a process of its own: its warnings are not ours."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("provider") / "log"
    with log.open("wb") as output:
        provider = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    address = f"http://localhost:{port}"
    try:
        for _ in range(200):
            try:
                httpx.get(address)
                break
            except httpx.TransportError:
                assert provider.poll() is None, log.read_text()
                time.sleep(0.1)
        for subject, claims in PEOPLE.items():
            assert httpx.put(f"{address}/users/{subject}", json=claims).status_code < 300
        yield address
    finally:
        provider.terminate()
        provider.wait(10)


@pytest.fixture
def configured(house: Any, issuer: str) -> Any:
    house.app.state.settings = replace(
        house.app.state.settings,
        oidc_issuer=issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
    )
    return house


def invite(house: Any, login: str = "kai@example.org") -> None:
    house.lane.database.write(
        lambda tx: house.lane.accounts.create_user(tx, login, "Kai", Role.OFFICER)
    )


def sent_away(client: TestClient, return_to: str = "/account") -> str:
    answer = client.get("/sign-in/oidc", params={"return_to": return_to})
    assert answer.status_code == 303
    return answer.headers["location"]


def agreed(address: str, subject: str = "s-1") -> str:
    """What the provider sends the browser back to when this person says yes."""
    answer = httpx.post(address, data={"sub": subject})
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def come_back(client: TestClient, location: str) -> httpx.Response:
    parts = urlsplit(location)
    return client.get(f"{parts.path}?{parts.query}")


def test_somebody_whose_address_the_provider_checked_comes_in_as_their_account(
    configured: Any,
) -> None:
    invite(configured)
    client = configured.visitor()
    address = sent_away(client)
    asked = {name: value[0] for name, value in parse_qs(urlsplit(address).query).items()}
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "http://127.0.0.1:8000/sign-in/oidc/callback"
    assert {"state", "nonce", "code_challenge"} <= asked.keys()
    answer = come_back(client, agreed(address))
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    page = client.get("/account")
    assert page.status_code == 200
    assert "kai@example.org" in page.text


def test_an_address_that_the_provider_did_not_check_takes_over_nobody(configured: Any) -> None:
    invite(configured)
    client = configured.visitor()
    answer = come_back(client, agreed(sent_away(client), "s-2"))
    assert answer.status_code == 403
    assert "accounts.not_invited" in answer.text
    assert client.get("/account").status_code == 303


def test_who_has_no_account_is_refused_unless_new_people_are_let_in_with_a_role(
    configured: Any,
) -> None:
    client = configured.visitor()
    answer = come_back(client, agreed(sent_away(client), "s-3"))
    assert answer.status_code == 403
    assert "accounts.not_invited" in answer.text
    state = configured.app.state
    state.settings = replace(state.settings, oidc_new_people="create")
    answer = come_back(client, agreed(sent_away(client, "/"), "s-3"))
    assert answer.headers["location"] == "/overview"
    answer = come_back(configured.visitor(), agreed(sent_away(client), "s-1"))
    assert answer.status_code == 403


def test_a_code_works_once(configured: Any) -> None:
    invite(configured)
    client = configured.visitor()
    back = agreed(sent_away(client))
    cookie = client.cookies["tl_oidc"]
    assert come_back(client, back).status_code == 303
    assert "tl_oidc" not in client.cookies
    again = configured.visitor()
    again.cookies.set("tl_oidc", cookie)
    answer = come_back(again, back)
    assert answer.status_code == 403
    assert "web.oidc_refused" in answer.text


@pytest.mark.parametrize("break_it", ["no cookie", "another's cookie", "another state", "forged"])
def test_nobody_comes_back_who_was_not_sent_away_from_this_browser(
    configured: Any, break_it: str
) -> None:
    invite(configured)
    client, other = configured.visitor(), configured.visitor()
    back = agreed(sent_away(client))
    sent_away(other)
    if break_it == "no cookie":
        client.cookies.clear()
    elif break_it == "another's cookie":
        client.cookies.set("tl_oidc", other.cookies["tl_oidc"], domain="", path="/sign-in/oidc")
        client.cookies = httpx.Cookies({"tl_oidc": other.cookies["tl_oidc"]})
    elif break_it == "another state":
        code = parse_qs(urlsplit(back).query)["code"][0]
        back = "/sign-in/oidc/callback?" + urlencode({"code": code, "state": "x" * 43})
    else:
        client.cookies = httpx.Cookies({"tl_oidc": "e30.e30.e30.e30.e30"})
    answer = come_back(client, back)
    assert answer.status_code == 403
    assert "web.oidc_state" in answer.text
    assert client.get("/account").status_code == 303


def test_a_token_with_another_nonce_is_not_taken(
    configured: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    invite(configured)
    client = configured.visitor()
    address = sent_away(client)
    asked = {name: value[0] for name, value in parse_qs(urlsplit(address).query).items()}
    head = address.partition("?")[0]
    back = agreed(f"{head}?{urlencode({**asked, 'nonce': 'somebody-elses'})}")
    answer = come_back(client, back)
    assert answer.status_code == 403
    assert "web.oidc_refused" in answer.text


def test_a_code_of_another_browsers_challenge_is_not_exchanged(configured: Any) -> None:
    """The provider of the tests does not look at PKCE, so the nonce must stop an injected code."""
    invite(configured)
    victim, thief = configured.visitor(), configured.visitor()
    stolen = parse_qs(urlsplit(agreed(sent_away(victim))).query)["code"][0]
    own = parse_qs(urlsplit(sent_away(thief)).query)["state"][0]
    answer = thief.get("/sign-in/oidc/callback", params={"code": stolen, "state": own})
    assert answer.status_code == 403


@pytest.mark.parametrize("wrong", ["issuer", "client", "expired", "keys"])
def test_a_token_that_is_not_for_us_is_not_taken(
    configured: Any, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    settings = configured.app.state.settings
    provider = oidc.Provider(settings)
    address, cookie = provider.begin("/", "http://127.0.0.1:8000/sign-in/oidc/callback")
    found = parse_qs(urlsplit(agreed(address)).query)
    away = provider.away(cookie, found["state"][0])
    if wrong == "issuer":
        provider._metadata()
        provider._settings = replace(settings, oidc_issuer="https://elsewhere.example")
    elif wrong == "client":
        metadata = provider._exchange

        def exchange(*given: str) -> dict[str, object]:
            answer = metadata(*given)
            provider._settings = replace(settings, oidc_client_id="another")
            return answer

        monkeypatch.setattr(provider, "_exchange", exchange)
    elif wrong == "expired":
        monkeypatch.setattr(provider, "_now", lambda: away.until + 7200)
    else:
        from joserfc.jwk import KeySet

        stranger = KeySet.generate_key_set("RSA", 2048, count=1)
        monkeypatch.setattr(provider, "_key_set", lambda kept: stranger)
    with pytest.raises(oidc.TradelaneError) as refused:
        provider.identify(away, found["code"][0], "http://127.0.0.1:8000/sign-in/oidc/callback")
    assert refused.value.problems[0].code == "web.oidc_refused"


def test_keys_are_fetched_again_when_a_token_names_a_new_one(configured: Any) -> None:
    provider = oidc.Provider(configured.app.state.settings)
    callback = "http://127.0.0.1:8000/sign-in/oidc/callback"
    address, cookie = provider.begin("/", callback)
    found = parse_qs(urlsplit(agreed(address)).query)
    from joserfc.jwk import KeySet

    stale = KeySet.generate_key_set("RSA", 2048, count=1)
    provider._keys = (provider._now() - 120, stale)
    away = provider.away(cookie, found["state"][0])
    assert provider.identify(away, found["code"][0], callback).login == "kai@example.org"


def test_who_says_no_at_the_provider_is_back_at_the_sign_in_page(configured: Any) -> None:
    client = configured.visitor()
    state = parse_qs(urlsplit(sent_away(client)).query)["state"][0]
    answer = client.get("/sign-in/oidc/callback", params={"error": "access_denied", "state": state})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_a_provider_that_is_down_is_said_on_a_page(configured: Any) -> None:
    state = configured.app.state
    state.settings = replace(state.settings, oidc_issuer="http://127.0.0.1:9")
    answer = configured.visitor().get("/sign-in/oidc")
    assert answer.status_code == 502
    assert "web.oidc_provider" in answer.text


def test_a_provider_over_plain_http_elsewhere_is_not_used(house: Any) -> None:
    state = house.app.state
    state.settings = replace(state.settings, oidc_issuer="http://idp.example")
    answer = house.visitor().get("/sign-in/oidc")
    assert answer.status_code == 502
    assert "https" in answer.text


def test_without_a_provider_there_is_no_such_page(house: Any) -> None:
    assert house.visitor().get("/sign-in/oidc").status_code == 404
    assert house.visitor().get("/sign-in/oidc/callback").status_code == 404


def test_no_return_to_leads_elsewhere(configured: Any) -> None:
    invite(configured)
    client = configured.visitor()
    answer = come_back(client, agreed(sent_away(client, "https://evil.example/")))
    assert answer.headers["location"].startswith("/")
    assert not answer.headers["location"].startswith("//")


def test_a_second_factor_that_somebody_has_here_is_still_asked_for(configured: Any) -> None:
    import pyotp

    invite(configured)
    lane = configured.lane
    with lane.database.read() as tx:
        user = lane.accounts.find_user(tx, "kai@example.org")
    assert user is not None
    offer = lane.database.write(lambda tx: lane.accounts.begin_second_factor(tx, user.id))
    code = pyotp.TOTP(offer.secret).at(lane.clock.now())
    lane.database.write(lambda tx: lane.accounts.confirm_second_factor(tx, user.id, code))
    client = configured.visitor()
    answer = come_back(client, agreed(sent_away(client)))
    assert answer.headers["location"].startswith("/sign-in/code")
    assert client.get("/account").status_code == 303
