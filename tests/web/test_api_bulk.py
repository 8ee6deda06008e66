"""A file in one request: taken, filed in the background, followed, and never filed twice."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest

from api_programs import AT, a_declaration, program

NDJSON = {"content-type": "application/x-ndjson"}
BULK = f"{AT}/bulk"


def lines(*declarations: Any) -> bytes:
    return b"".join(
        (one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n"
        for one in declarations
    )


def finished(client: Any, job: str, seconds: float = 20.0) -> dict[str, Any]:
    for _ in range(int(seconds / 0.1)):
        found: dict[str, Any] = client.get(f"/api/v1/jobs/{job}").json()
        if found["state"] in ("done", "failed"):
            return found
        time.sleep(0.1)
    raise AssertionError(f"the job is not done: {found}")


def test_each_line_gets_its_result_and_a_second_sending_changes_nothing(house):
    client = program(house, "trader")
    good = [a_declaration(house, f"BULK/{n}") for n in range(60)]
    foreign = {**a_declaration(house, "FOREIGN"), "declarant": "D9999"}
    wrong = a_declaration(house, "WRONG")
    wrong["lines"][0]["hs_code"] = "123456"
    other = {**good[0], "importer": "IM000999"}
    body = lines(*good, foreign, wrong, b"{broken", good[3], other)
    taken = client.post(BULK, content=body, headers=NDJSON)
    assert taken.status_code == 202, taken.text
    assert taken.headers["location"] == f"/api/v1/jobs/{taken.json()['id']}"
    done = finished(client, taken.json()["id"])
    assert (done["state"], done["note"]) == ("done", "")
    assert (done["accepted"], done["repeated"], done["refused"]) == (60, 1, 4)
    assert done["rows_read"] == done["rows_total"] == 65
    found = [json.loads(line) for line in client.get(done["results"]).text.splitlines()]
    assert [one["line"] for one in found] == list(range(1, 66))
    codes = [one["problems"][0]["code"] for one in found if one["status"] == "refused"]
    assert codes[0] == "web.not_your_declarant"
    assert codes[1] == "declarations.hs_unknown"
    assert codes[3] == "declarations.conflict"
    again = client.post(BULK, content=body, headers=NDJSON).json()["id"]
    second = finished(client, again)
    assert (second["accepted"], second["repeated"], second["refused"]) == (0, 61, 4)
    assert len(client.get(f"/api/v1/jobs/{again}/results?after=60").text.splitlines()) == 4
    assert [one["id"] for one in client.get("/api/v1/jobs").json()["items"]] == [
        again,
        taken.json()["id"],
    ]


def test_the_same_key_takes_a_file_once(house):
    client = program(house, "trader")
    body = lines(a_declaration(house, "KEY-1"))
    headers = {**NDJSON, "idempotency-key": str(uuid.uuid4())}
    first = client.post(BULK, content=body, headers=headers)
    again = client.post(BULK, content=body, headers=headers)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["location"] == first.headers["location"]
    other = client.post(BULK, content=body + body, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "web.idempotency_conflict")
    assert len(client.get("/api/v1/jobs").json()["items"]) == 1
    finished(client, first.json()["id"])


def test_a_table_is_filed_by_its_mapping(house):
    declaration = a_declaration(house, "CSV-1")
    line = declaration["lines"][0]
    head = {k: v for k, v in declaration.items() if k != "lines"}
    row = {**head, **line}
    table = ",".join(row) + "\n" + ",".join(f'"{value}"' for value in row.values()) + "\n"
    client = program(house, "trader")
    headers = {"content-type": "text/csv; charset=utf-8"}
    taken = client.post(f"{BULK}?mapping=tradelane", content=table.encode(), headers=headers)
    assert taken.status_code == 202, taken.text
    assert finished(client, taken.json()["id"])["accepted"] == 1


@pytest.mark.parametrize(
    ("content", "media", "mapping", "status", "code"),
    [
        (b"", "application/x-ndjson", "tradelane", 422, "declarations.empty"),
        (b"a,b\n1,2\n", "application/x-ndjson", "tradelane", 422, "bulk.form"),
        (b"{}\n", "text/csv", "tradelane", 422, "bulk.form"),
        (b"a,b\n1,2\n", "text/csv", "tradelane", 422, "declarations.missing_column"),
        (b"{}\n", "application/x-ndjson", "nowhere", 422, "bulk.mapping"),
        (b"{}\n", "application/x-ndjson", "../../secret", 422, "web.parameter"),
        (b"{}\n", "application/json", "tradelane", 415, "web.media_type"),
        (b"\n" * 200_001, "application/x-ndjson", "tradelane", 413, "bulk.too_many_lines"),
    ],
)
def test_what_cannot_be_filed_at_all_is_refused_at_once(
    house, content, media, mapping, status, code
):
    client = program(house, "trader")
    headers = {"content-type": media}
    answer = client.post(BULK, params={"mapping": mapping}, content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert client.get("/api/v1/jobs").json()["items"] == []
    assert not list((house.lane.home / "bulk").glob("*.part"))


def test_jobs_belong_to_the_organisation(house):
    client = program(house, "trader")
    job = client.post(BULK, content=lines(a_declaration(house, "OWN-1")), headers=NDJSON).json()
    finished(client, job["id"])
    stranger = program(house, "broker")
    for path in (f"/api/v1/jobs/{job['id']}", job["results"]):
        answer = stranger.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "bulk.not_found")
    assert stranger.get("/api/v1/jobs").json()["items"] == []
    assert program(house, "officer").get("/api/v1/jobs").status_code == 403
