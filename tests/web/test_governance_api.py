"""What economies ask of AI, asked over HTTP by anybody."""

from __future__ import annotations

import pytest

AT = "/api/governance"


@pytest.fixture
def anyone(house):
    return house.visitor()


def test_economies_are_listed_under_their_names(anyone):
    items = anyone.get(f"{AT}/economies", params={"kind": "economy"}).json()["items"]
    assert len(items) == 21
    assert {"id": "TW", "name": "Chinese Taipei"}.items() <= next(
        one for one in items if one["id"] == "TW"
    ).items()
    assert len(anyone.get(f"{AT}/economies").json()["items"]) > 49


def test_an_instrument_is_another_the_day_before_it_began(anyone):
    for day, state in (("2026-01-21", "enacted"), ("2026-01-22", "in_force")):
        found = anyone.get(f"{AT}/instruments/KR-AIBA", params={"as_of": day}).json()
        assert found["state"] == state
    assert found["provisions"][0]["sources"]
    lost = anyone.get(f"{AT}/instruments/KR-LOST")
    assert lost.status_code == 404
    assert lost.headers["content-type"] == "application/problem+json"
    assert lost.json()["code"] == "governance.not_found"


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("instruments", {"economies": "KR", "limit": 3}),
        ("provisions", {"economies": "KR", "domain": "transparency", "limit": 7}),
        ("search", {"q": "label content", "economies": "CN", "limit": 9}),
        ("changes", {"since": "2025-06-01", "economies": "KR", "limit": 5}),
    ],
)
def test_a_list_has_everything_once_whatever_the_page(anyone, path, given):
    seen = []
    answer = anyone.get(f"{AT}/{path}", params=given)
    for _ in range(60):
        assert answer.status_code == 200
        seen += [str(sorted(one.items(), key=str)) for one in answer.json()["items"]]
        if "next" not in answer.links:
            break
        answer = anyone.get(answer.links["next"]["url"])
    assert answer.json()["next"] is None
    whole = anyone.get(f"{AT}/{path}", params={**given, "limit": 200}).json()["items"]
    assert len(seen) == len(set(seen)) == len(whole) > given["limit"]


def test_provisions_are_chosen_by_day_domain_and_objective(anyone):
    given = {"economies": "KR", "objective": "TR-INTERACT"}
    names = {one["id"] for one in _items(anyone, "provisions", given)}
    before = {one["id"] for one in _items(anyone, "provisions", {**given, "as_of": "2026-01-21"})}
    assert "KR-AIBA.055" in names
    assert "KR-AIBA.055" not in before


def test_a_comparison_names_the_provisions_that_made_it(anyone):
    given = {"economies": "SG,KR", "domain": "transparency", "as_of": "2026-04-30"}
    found = anyone.get(f"{AT}/compare", params=given).json()
    assert found["entities"] == ["KR", "SG"]
    (domain,) = found["pairs"][0]["domains"]
    named = {one["id"] for one in found["provisions"]}
    for one in domain["objectives"]:
        for side in one["sides"]:
            assert {*side["provisions"], *side["not_verified"], *side["looked"]} <= named
    assert found == anyone.get(f"{AT}/compare", params={**given, "economies": "kr, sg"}).json()


def test_what_applies_is_asked_with_facts(anyone):
    given = {
        "economies": "KR,SG,VN",
        "fact": ["use=chatbot", "generative=yes", "role=provider"],
        "as_of": "2026-04-30",
    }
    found = anyone.get(f"{AT}/applies", params=given).json()
    korea = found["economies"][0]
    assert "KR-AIBA.055" in [one["provision"] for one in korea["applies"]]
    assert found["everywhere"]
    assert found["to_ask"]
    early = anyone.get(f"{AT}/applies", params={**given, "as_of": "1990-01-01"}).json()
    assert {one["message"] for one in early["economies"]} == {"No provisions found."}
    assert early["economies"][0]["looked"]


def test_the_matrix_has_every_economy_in_every_core_domain(anyone):
    found = anyone.get(f"{AT}/matrix", params={"as_of": "2026-04-30"}).json()
    assert len(found["rows"]) == 21
    assert {len(row["cells"]) for row in found["rows"]} == {10}
    assert all(cell["status"] for row in found["rows"] for cell in row["cells"])


def test_a_brief_says_what_is_shared_and_what_is_not_known(anyone):
    found = anyone.get(f"{AT}/brief", params={"economies": "JP,KR,SG"}).json()
    assert found["entities"] == ["JP", "KR", "SG"]
    assert found["core"]
    assert found["differences"]
    assert found["advice"] == "Facts, not legal advice."


@pytest.mark.parametrize(
    ("path", "given", "code"),
    [
        ("compare", {"economies": "KR,ATLANTIS"}, "governance.unknown_entity"),
        ("compare", {"economies": "KR"}, "governance.too_few"),
        ("compare", {"economies": "AU,BN,CA,CL,CN,HK,ID"}, "governance.too_many"),
        ("compare", {"economies": "KR,SG", "domain": "x"}, "governance.unknown_domain"),
        ("compare", {"economies": "KR,SG", "as_of": "0001-01-01"}, "governance.day"),
        ("compare", {"economies": "KR,SG", "as_of": "soon"}, "web.parameter"),
        ("applies", {"economies": "KR", "fact": "colour=red"}, "governance.profile"),
        ("applies", {"economies": "KR", "fact": "<script>"}, "governance.profile"),
        ("applies", {"economies": ""}, "governance.too_few"),
        ("search", {"q": ""}, "web.parameter"),
        ("provisions", {"cursor": "nowhere"}, "web.cursor"),
        ("changes", {}, "web.parameter"),
    ],
)
def test_what_cannot_be_answered_is_a_problem(anyone, path, given, code):
    answer = anyone.get(f"{AT}/{path}", params=given)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code


def _items(client, path, given):
    return client.get(f"{AT}/{path}", params={**given, "limit": 200}).json()["items"]
