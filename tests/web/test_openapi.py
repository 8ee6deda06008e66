"""The API does what its own description says: whatever it is sent, and whoever asks."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings

from api_programs import token

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 8


def test_the_description_is_openapi_3_1_with_every_part_that_programs_need(house):
    spec = house.visitor().get("/api/openapi.json").json()
    assert spec["openapi"].startswith("3.1")
    described = {tag["name"] for tag in spec["tags"] if tag["description"]}
    operations = [operation for methods in spec["paths"].values() for operation in methods.values()]
    assert len(operations) >= 33
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))
    for operation in operations:
        assert set(operation["tags"]) <= described, operation["operationId"]
        assert operation["summary"]
        assert operation["description"]
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"]
    public = {one["operationId"] for one in operations if not one["security"]}
    assert {"verify", "get_checkpoint", "get_key", "search_codes", "list_errors"} <= public
    assert "file_declaration" not in public


def test_the_description_is_a_page_that_needs_no_script(house):
    visitor = house.visitor()
    page = visitor.get("/api")
    assert page.status_code == 200
    assert len(page.content) < 100_000
    spec = visitor.get("/api/openapi.json").json()
    for methods in spec["paths"].values():
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in page.text
    errors = visitor.get("/api/errors").text
    for code in ("web.cursor", "declarations.hs_unknown"):
        assert f'id="{code}"' in errors


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("login", ["trader", "officer", "auditor"])
def test_every_operation_answers_as_described(house, login):
    """Whatever a schema allows, and much that it does not, gives no server error and no answer
    that is not described. Streams that do not end are tested where they are read."""
    schema = schemathesis.openapi.from_dict(house.app.openapi())
    secret = token(house.lane, login)
    headers = {"authorization": f"Bearer {secret}"}
    seen = 0
    with warnings.catch_warnings(), _served(house.app) as address:
        warnings.simplefilter("ignore")
        for result in schema.get_all_operations():
            operation = result.ok()
            if operation.definition.raw["operationId"] == "follow_events":
                continue
            seen += 1
            _try(operation, address, headers)
    assert seen >= 32


def _try(operation: Any, address: str, headers: dict[str, str]) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def attempt(case: Any) -> None:
        case.call_and_validate(base_url=address, headers=headers, checks=CHECKS)

    attempt()


@contextmanager
def _served(app: Any) -> Iterator[str]:
    """The application on a real port. Its lifespan runs already, with the test's house."""
    config = uvicorn.Config(app, port=0, lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
