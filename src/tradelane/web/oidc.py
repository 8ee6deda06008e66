"""OpenID Connect: people sign in with the account that they have elsewhere.

The authorisation code flow with PKCE (RFC 9700). What a browser was sent away with (state, nonce
and code verifier) comes back in a cookie that only we can read or make, so that any process of the
service can go on with it. The ID token's signature, issuer, audience, times and nonce are checked
here; what the provider's word is worth is the rule of `accounts.identities`.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwe, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey

from tradelane.accounts.model import OidcPolicy, Role
from tradelane.kit.errors import Problem, TradelaneError
from tradelane.web.settings import LOOPBACK, Settings

SECONDS_AWAY = 600
"""How long somebody may take at the provider."""
_KEPT_SECONDS = 3600.0
"""How long discovery and keys are taken to be as they were."""
_KEYS_AGAIN_SECONDS = 60.0
"""How soon keys are fetched again because a token names one that is not among them."""
_CLOCKS_APART = 60
_TIMEOUT = httpx.Timeout(5.0)
_LARGEST_ANSWER = 1 << 20
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""Signatures with a key pair alone: nobody but the provider can make one."""
_SCOPE = "openid profile email"


class ProviderFailed(TradelaneError):
    """The provider cannot be used at the moment, or does not answer as it must."""


@dataclass(frozen=True, slots=True)
class Away:
    """Somebody who was sent to the provider, as their browser's cookie has it."""

    state: str
    nonce: str
    verifier: str = field(repr=False)
    return_to: str
    until: float


@dataclass(frozen=True, slots=True)
class Identity:
    """For whom the provider vouches. ``verified``: the login is an address that it checked."""

    issuer: str
    subject: str
    login: str
    name: str
    verified: bool
    roles: tuple[str, ...]


def policy_of(settings: Settings) -> OidcPolicy:
    """What the provider's word is worth: roles are named as here, in the claim."""
    return OidcPolicy(
        create_users=settings.oidc_new_people == "create",
        roles={str(role): role for role in Role},
    )


class Provider:
    """An OpenID provider as the settings name it. Thread-safe; every call may wait for it."""

    def __init__(self, settings: Settings, now: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._now = now
        self._lock = threading.Lock()
        self._known: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None
        secret = settings.oidc_client_secret.encode() or secrets.token_bytes(32)
        derived = HKDF(SHA256(), 32, None, b"tradelane sign-in cookie").derive(secret)
        self._cookie_key = OctKey.import_key(derived)

    # ------------------------------------------------------------ there

    def begin(self, return_to: str, callback: str) -> tuple[str, str]:
        """Where to send somebody, and the cookie that brings them back. Errors: ProviderFailed."""
        away = Away(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            return_to=return_to,
            until=self._now() + SECONDS_AWAY,
        )
        address: str = prepare_grant_uri(
            self._metadata()["authorization_endpoint"],
            self._settings.oidc_client_id,
            "code",
            redirect_uri=callback,
            scope=_SCOPE,
            state=away.state,
            nonce=away.nonce,
            code_challenge=create_s256_code_challenge(away.verifier),
            code_challenge_method="S256",
        )
        header = {"alg": "dir", "enc": "A256GCM"}
        plain = json.dumps(asdict(away)).encode()
        return address, jwe.encrypt_compact(header, plain, self._cookie_key)

    # ------------------------------------------------------------ and back

    def away(self, cookie: str, state: str) -> Away:
        """The one who comes back: the cookie must be ours and fit the state.

        Errors: TradelaneError ``web.oidc_state``.
        """
        try:
            plain = jwe.decrypt_compact(cookie, self._cookie_key).plaintext
            found = Away(**json.loads(plain or b""))
        except (JoseError, ValueError, TypeError):
            raise _lost() from None
        if not hmac.compare_digest(found.state.encode(), state.encode()):
            raise _lost()
        if found.until < self._now():
            raise _lost()
        return found

    def identify(self, away: Away, code: str, callback: str) -> Identity:
        """For whom the provider vouches, given the code that it sent.

        Errors: ProviderFailed; TradelaneError ``web.oidc_refused``.
        """
        tokens = self._exchange(code, away.verifier, callback)
        claims = self._verified(tokens.get("id_token"), away.nonce)
        if "email" not in claims and "preferred_username" not in claims:
            claims = {**self._userinfo(tokens, claims["sub"]), **claims}
        verified = claims.get("email_verified") is True and isinstance(claims.get("email"), str)
        login = claims["email"] if verified else claims.get("preferred_username") or claims["sub"]
        given = claims.get(self._settings.oidc_role_claim, ())
        roles = [given] if isinstance(given, str) else given
        return Identity(
            issuer=claims["iss"],
            subject=claims["sub"],
            login=str(login),
            name=str(claims.get("name") or login),
            verified=verified,
            roles=tuple(str(one) for one in roles) if isinstance(roles, list | tuple) else (),
        )

    def _exchange(self, code: str, verifier: str, callback: str) -> dict[str, Any]:
        settings = self._settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": callback,
            "code_verifier": verifier,
        }
        metadata = self._metadata()
        methods = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        auth = None
        if settings.oidc_client_secret and "client_secret_basic" in methods:
            auth = httpx.BasicAuth(settings.oidc_client_id, settings.oidc_client_secret)
        else:
            form["client_id"] = settings.oidc_client_id
            if settings.oidc_client_secret:
                form["client_secret"] = settings.oidc_client_secret
        endpoint = metadata["token_endpoint"]
        return self._ask("POST", endpoint, data=form, auth=auth, refusable=True)

    def _verified(self, id_token: object, nonce: str) -> dict[str, Any]:
        """The claims of an ID token that is what it must be."""
        registry = jwt.JWTClaimsRegistry(
            now=lambda: int(self._now()),
            leeway=_CLOCKS_APART,
            iss={"essential": True, "value": self._settings.oidc_issuer},
            aud={"essential": True, "value": self._settings.oidc_client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        if not isinstance(id_token, str):
            raise _refused("there is no ID token")
        try:
            token = self._decoded(id_token)
            registry.validate(token.claims)
        except (JoseError, ValueError) as error:
            raise _refused(type(error).__name__) from None
        claims: dict[str, Any] = token.claims
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != self._settings.oidc_client_id:
            raise _refused("it was issued for another client")
        if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
            raise _refused("its subject is not one")
        return claims

    def _decoded(self, id_token: str) -> jwt.Token:
        """The token, its signature verified; keys are fetched again if it names a new one."""
        offered = self._metadata().get("id_token_signing_alg_values_supported") or ["RS256"]
        algorithms = [name for name in _ALGORITHMS if name in offered]
        try:
            return jwt.decode(id_token, self._key_set(_KEPT_SECONDS), algorithms)
        except (JoseError, ValueError):
            return jwt.decode(id_token, self._key_set(_KEYS_AGAIN_SECONDS), algorithms)

    def _userinfo(self, tokens: Mapping[str, Any], subject: str) -> dict[str, Any]:
        endpoint, access = self._metadata().get("userinfo_endpoint"), tokens.get("access_token")
        if not endpoint or not isinstance(access, str):
            return {}
        found = self._ask("GET", endpoint, headers={"authorization": f"Bearer {access}"})
        return found if found.get("sub") == subject else {}

    # ------------------------------------------------------------ what the provider says of itself

    def _metadata(self) -> dict[str, Any]:
        with self._lock:
            if self._known is not None and self._now() - self._known[0] < _KEPT_SECONDS:
                return self._known[1]
        issuer = self._settings.oidc_issuer
        found = self._ask("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise _failed(f"calls itself {found.get('issuer')!r}")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not isinstance(found.get(name), str):
                raise _failed(f"has no {name}")
        with self._lock:
            self._known = (self._now(), found)
        return found

    def _key_set(self, kept: float) -> KeySet:
        """The provider's keys, not older than so many seconds."""
        with self._lock:
            if self._keys is not None and self._now() - self._keys[0] < kept:
                return self._keys[1]
        try:
            keys = KeySet.import_key_set(self._ask("GET", self._metadata()["jwks_uri"]))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError):
            raise _failed("has keys that cannot be read") from None
        with self._lock:
            self._keys = (self._now(), keys)
        return keys

    def _ask(
        self, method: str, address: str, *, refusable: bool = False, **options: Any
    ) -> dict[str, Any]:
        """An object of JSON from the provider; no redirect is followed."""
        parts = urlsplit(address)
        if parts.scheme != "https" and (parts.hostname or "") not in LOOPBACK:
            raise _failed("is not reached over https")
        try:
            with (
                httpx.Client(timeout=_TIMEOUT, follow_redirects=False) as client,
                client.stream(method, address, **options) as answer,
            ):
                body = b""
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > _LARGEST_ANSWER:
                        raise _failed("answers at too great length")
            found = json.loads(body)
        except (httpx.HTTPError, ValueError):
            raise _failed("does not answer as it must") from None
        if refusable and answer.status_code in (400, 401):
            raise _refused(str(found.get("error", ""))[:50] if isinstance(found, dict) else "")
        if answer.status_code != 200 or not isinstance(found, dict):
            raise _failed(f"answers with {answer.status_code}")
        return found


def _lost() -> TradelaneError:
    return TradelaneError(
        Problem(
            "web.oidc_state",
            "This sign-in was not begun in this browser, or too long ago.",
            hint="Begin again.",
        )
    )


def _refused(why: str) -> TradelaneError:
    return TradelaneError(
        Problem(
            "web.oidc_refused",
            f"The identity provider's answer is not taken: {why or 'it refused'}.",
            hint="Begin again; if it stays so, tell your administrator.",
        )
    )


def _failed(why: str) -> ProviderFailed:
    return ProviderFailed(
        Problem(
            "web.oidc_provider",
            f"The identity provider {why}.",
            hint="Try again in a minute, or sign in with a password if you have one here.",
        )
    )
