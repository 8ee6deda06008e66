"""What an operator sets for the doors, read once from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

from tradelane.kit.errors import InputRefused, Problem

LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")


@dataclass(frozen=True)
class Settings:
    """Settings of the doors; every name is in docs/reference/settings.md (a test checks)."""

    public_url: str = "http://127.0.0.1:8000"
    """TRADELANE_PUBLIC_URL: how people reach this service; https makes cookies secure."""
    log_format: str = "text"
    """TRADELANE_LOG_FORMAT: ``text`` for people, ``json`` for machines."""
    most_body: int = 20 << 20
    """TRADELANE_MAX_BODY: the largest request body in bytes."""
    body_seconds: float = 20.0
    """TRADELANE_BODY_SECONDS: how long a client may pause while it sends a body."""
    requests_a_minute: int = 60_000
    """TRADELANE_REQUESTS_A_MINUTE: what one API token may ask for, per server process."""
    oidc_issuer: str = ""
    """TRADELANE_OIDC_ISSUER: an OpenID provider's issuer URL; empty for passwords only."""
    oidc_client_id: str = ""
    """TRADELANE_OIDC_CLIENT_ID."""
    oidc_client_secret: str = field(default="", repr=False)
    """TRADELANE_OIDC_CLIENT_SECRET."""
    oidc_role_claim: str = "tradelane_role"
    """TRADELANE_OIDC_ROLE_CLAIM: the claim that names the role of somebody who is new here."""
    oidc_new_people: str = "refuse"
    """TRADELANE_OIDC_NEW_PEOPLE: ``refuse`` whoever has no account here, or ``create`` one."""
    oidc_name: str = "your organisation's account"
    """TRADELANE_OIDC_NAME: what the sign-in page calls the provider."""
    metrics_token: str = field(default="", repr=False)
    """TRADELANE_METRICS_TOKEN: bearer token for /metrics; without it only loopback may read it."""

    proxies: str = ""
    """TRADELANE_PROXIES: addresses of reverse proxies, with commas between, whose
    ``X-Forwarded-For`` is believed: attempts to sign in are counted by the address in it."""

    @property
    def secure(self) -> bool:
        """Whether people come over https."""
        return self.public_url.startswith("https://")

    @cached_property
    def hosts(self) -> frozenset[str]:
        """The Host names that are answered; any other is refused (DNS rebinding)."""
        return frozenset({urlsplit(self.public_url).hostname or "", *LOOPBACK})

    @property
    def origin(self) -> str:
        """Scheme, host and port of the public URL."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of an environment. Errors: InputRefused ``web.setting``."""
    given = os.environ if environment is None else environment
    plain = Settings()
    values: dict[str, object] = {}
    for variable, name in VARIABLES.items():
        text = given.get(variable)
        if text is None or text == "":
            continue
        try:
            values[name] = type(getattr(plain, name))(text)
        except ValueError:
            raise InputRefused(
                Problem(
                    "web.setting",
                    f"The setting {variable} is {text!r}, which is not a number.",
                    hint="docs/reference/settings.md has every setting.",
                )
            ) from None
    settings = Settings(**values)  # type: ignore[arg-type]
    parts = urlsplit(settings.public_url)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or settings.log_format
        not in (
            "text",
            "json",
        )
    ):
        raise InputRefused(
            Problem(
                "web.setting",
                "TRADELANE_PUBLIC_URL must be an http or https address, TRADELANE_LOG_FORMAT text "
                "or json.",
                hint="docs/reference/settings.md has every setting.",
            )
        )
    return settings


VARIABLES = {
    "TRADELANE_PUBLIC_URL": "public_url",
    "TRADELANE_LOG_FORMAT": "log_format",
    "TRADELANE_MAX_BODY": "most_body",
    "TRADELANE_BODY_SECONDS": "body_seconds",
    "TRADELANE_REQUESTS_A_MINUTE": "requests_a_minute",
    "TRADELANE_OIDC_ISSUER": "oidc_issuer",
    "TRADELANE_OIDC_CLIENT_ID": "oidc_client_id",
    "TRADELANE_OIDC_CLIENT_SECRET": "oidc_client_secret",
    "TRADELANE_OIDC_ROLE_CLAIM": "oidc_role_claim",
    "TRADELANE_OIDC_NEW_PEOPLE": "oidc_new_people",
    "TRADELANE_OIDC_NAME": "oidc_name",
    "TRADELANE_METRICS_TOKEN": "metrics_token",
    "TRADELANE_PROXIES": "proxies",
}
"""Environment variable by setting."""
