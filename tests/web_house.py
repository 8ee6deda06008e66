"""The application in this process, over a workspace, with people who have signed in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.testclient import TestClient

from doors import file_more, new_session
from tradelane.accounts.model import Scope
from tradelane.platform import Tradelane

URL = "http://127.0.0.1:8000"


class Visitor:
    """Somebody's browser: it keeps cookies, follows no redirect, and sends forms as a page would.

    ``csrf``: the secret that this session's forms carry; ``user_id``: whose session it is.
    """

    def __init__(self, client: TestClient, csrf: str, user_id: int) -> None:
        self.client = client
        self.csrf = csrf
        self.user_id = user_id

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.client.get(path, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> httpx.Response:
        """Send a form with its CSRF secret."""
        return self.client.post(path, data={"csrf": self.csrf, **(data or {})}, **options)


@dataclass
class House:
    """A workspace with its application running. ``data``: the simulation's files."""

    lane: Tradelane
    app: FastAPI
    data: Path

    def visitor(self) -> TestClient:
        """A browser that nobody signed in with."""
        return TestClient(self.app, base_url=URL, follow_redirects=False)

    def signed_in(self, login: str) -> Visitor:
        """A browser that one of the demonstration's people signed in with."""
        found = new_session(self.lane, login)
        client = self.visitor()
        client.cookies.set("tradelane", found.secret)
        return Visitor(client, found.session.csrf, found.user.id)

    def token(self, login: str, *scopes: Scope) -> TestClient:
        """A program that asks with an API token of one of the people, with these scopes."""
        lane = self.lane
        user = new_session(lane, login).user
        _, secret = lane.database.write(
            lambda tx: lane.accounts.issue_token(tx, user.id, "tests", scopes, 30)
        )
        client = self.visitor()
        client.headers["authorization"] = f"Bearer {secret}"
        return client

    def file_more(self, count: int, *, office: str = "", prefix: str = "MORE") -> list[str]:
        """File more declarations, of which about half become cases; their references."""
        return file_more(self.lane, self.data, count, office=office, prefix=prefix)
