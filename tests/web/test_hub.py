"""The hub's pages: each opens for anybody, keeps its day, and refuses nonsense at the field."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tradelane.platform import Tradelane
from tradelane.web.app import create_app
from tradelane.web.settings import Settings
from web_house import URL, House, TestClient

EVERY = "AU,BN,CA,CL,CN,HK,ID,JP,KR,MY,MX,NZ,PG,PE,PH,RU,SG,TW,TH,US,VN"
CHATBOT = "use=chatbot&generative=yes&public_facing=yes"
RESULT = f"/hub/applies/result?{CHATBOT}&economies=KR,SG,VN&as_of=2026-04-30"
SMALL = 60_000
"""Bytes of a page without its pictures, so that it comes on a slow line."""

PAGES = {
    "/": "/hub/applies",
    "/hub": "Facts, not legal advice.",
    "/hub/applies": "Whom its output concerns",
    RESULT: "People are told that they deal with an AI.",
    f"{RESULT}&show=same": "The same everywhere",
    f"{RESULT}&show=different": "nothing found",
    f"{RESULT}&show=dates": "From",
    f"{RESULT}&show=VN": "Law on Artificial Intelligence",
    f"{RESULT}&show=VN&answer=not": "Does not fit:",
    f"/hub/applies/result?{CHATBOT}&economies={EVERY}": "Papua New Guinea",
    f"/hub/applies/result?{CHATBOT}&economies={EVERY}&show=different": "Asked by some",
    f"/hub/applies/result?{CHATBOT}&economies={EVERY}&show=US": "United States",
    "/hub/compare": "What to compare",
    "/hub/compare?economies=KR,SG": "The five differences",
    "/hub/compare?economies=KR,SG,US,CN": "Korea – Singapore",
    "/hub/compare?economies=JP,OECD&as_of=2024-01-01": "OECD",
    "/hub/compare?economies=US,CN&domain=transparency": "United States",
    "/hub/compare?economies=PG,BN&domain=liability": "Papua New Guinea",
    "/hub/brief": "Write the brief",
    "/hub/brief?economies=KR,SG": "Candidates for mutual recognition",
    "/hub/brief?economies=KR,SG,US,CN,JP,VN,AU,CA": "Shared core",
    "/hub/matrix": "Papua New Guinea",
    "/hub/matrix?domains=other&sort=binding": "Trade norms",
    "/hub/cells/KR/transparency": "KR-AIBA",
    "/hub/cells/PG/liability": "None found",
    "/hub/map": "<svg",
    "/hub/map?domain=labelling&as_of=2024-01-01&sort=firmest": "content on 1 Jan 2024",
    "/hub/timeline": "<svg",
    "/hub/timeline?economies=KR&form=binding&standing=binding&sort=first": "Framework Act",
    "/hub/economies/KR": "Framework Act",
    "/hub/economies/US": "Colorado",
    "/hub/economies/US-CO": "Within:",
    "/hub/forums/OECD": "OECD",
    "/hub/forums/CPTPP": "Parties among the economies:",
    "/hub/instruments/KR-AIBA": "high-impact AI",
    "/hub/instruments/VN-AILAW-2025?all=yes": "VN-AILAW-2025.025",
    "/hub/provisions/KR-AIBA.055": "Art. 31(1)",
    "/hub/objectives": "Most asked first",
    "/hub/objectives?domain=labelling&sort=asked": "AI-made content carries a label",
    "/hub/objectives/TR-INTERACT": "KR-AIBA.055",
    "/hub/search": "labels on generated content",
    "/hub/search?q=labels+on+generated+content": "<mark>",
    "/hub/changes": "What changed",
    "/hub/changes?since=2026-01-01&economies=KR&kind=world": "22 Jan 2026",
    "/hub/coverage": "Viet Nam",
    "/hub/coverage?kind=forum&sort=provisions": "OECD",
    "/hub/downloads": "OSCAL",
}
FILES = {
    f"/hub/applies/result.csv?{CHATBOT}&economies=KR,SG": "KR-AIBA.055",
    f"/hub/applies/result.json?{CHATBOT}&economies=KR,SG": "everywhere",
    "/hub/compare.csv?economies=KR,SG": "TR-INTERACT",
    "/hub/compare.json?economies=KR,SG": "five_differences",
    "/hub/brief.md?economies=KR,SG": "## Shared core",
    "/hub/brief.json?economies=KR,SG": "candidates",
    "/hub/matrix.csv": "Papua New Guinea",
    "/hub/matrix.json": "rows",
    "/hub/cells/KR/transparency.csv": "KR-AIBA",
    "/hub/timeline.csv?economies=KR": "in_force",
    "/hub/entities/KR.csv": "KR-AIBA.055",
    "/hub/entities/KR.json": "cells",
    "/hub/instruments/KR-AIBA.csv": "KR-AIBA.055",
    "/hub/instruments/KR-AIBA.json": "provisions",
    "/hub/provisions/KR-AIBA.055.json": "Art. 31(1)",
    "/hub/objectives/TR-INTERACT.csv": "KR-AIBA.055",
    "/hub/search.csv?q=labels": "label",
    "/hub/search.json?q=labels": "marks",
    "/hub/changes.csv?since=2026-01-01": "KR-AIBA",
    "/hub/changes.json?since=2026-01-01": "items",
    "/hub/coverage.csv": "Viet Nam",
    "/hub/conflicts.csv": "KR-AIBA",
    "/hub/downloads/provisions.csv?as_of=2026-04-30": "KR-AIBA.055",
    "/hub/downloads/objectives.csv": "TR-INTERACT",
    "/hub/downloads/provisions.sssom.tsv": "TR-INTERACT",
}
NONSENSE = (
    "/hub/search?q=%3Cscript%3Ealert(1)%3C/script%3E",
    "/hub/search?q=" + "x" * 5000,
    "/hub/search?q=%00%ff%F0%9F%98%80&page=-1",
    "/hub/search?q=labels&page=99999999999999999999",
    "/hub/matrix?as_of=not-a-day",
    "/hub/matrix?domains=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&sort=nothing",
    "/hub/map?domain=%3Cscript%3Ealert(1)%3C/script%3E",
    "/hub/timeline?as_of=2026-02-30",
    "/hub/changes?since=99999-99-99",
    "/hub/changes?since=2199-01-01&until=1900-01-01&page=7",
    "/hub/changes?economies=%3Cscript%3Ealert(1)%3C/script%3E",
    "/hub/compare?" + "&".join(["economies=KR"] * 500),
    "/hub/compare?economies=" + ",".join(f"E{n}" for n in range(500)),
    "/hub/compare?economies=KR,SG&domain=nothing",
    "/hub/compare.csv?economies=KR",
    "/hub/applies?use=%00&generative=maybe&generative=no",
    "/hub/applies/result?economies=KR&generative=yes&generative=no",
    "/hub/applies/result?economies=KR&use=%3Cscript%3Ealert(1)%3C/script%3E",
    "/hub/brief?economies=" + ",".join(f"E{n}" for n in range(500)),
    "/hub/instruments/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "/hub/provisions/..%2F..%2Fetc%2Fpasswd",
    "/hub/economies/" + "K" * 3000,
    "/hub/downloads/..%2Fpack.yaml",
    "/hub/downloads/provisions.csv?as_of=0001-01-01",
    "/hub/coverage?kind=everything&sort=%22",
)


@pytest.fixture(scope="module")
def hub(administration_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One application for all tests here: the pages only read."""
    home = tmp_path_factory.mktemp("hub") / "house"
    shutil.copytree(administration_home, home)
    lane = Tradelane(home)
    lane.database_url = None
    app = create_app(lane, Settings())
    with TestClient(app, base_url=URL):
        yield House(lane, app, administration_home.parent / "data")
    lane.database.close()


class Links(HTMLParser):
    """The addresses that a page leads to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.append(dict(attrs).get("href") or "")


def test_every_page_opens_for_anybody_is_small_and_has_one_heading(hub: House) -> None:
    visitor = hub.visitor()
    for path, words in PAGES.items():
        answer = visitor.get(path)
        assert answer.status_code == 200, path
        assert words in answer.text, path
        assert answer.text.count("<h1") == 1, path
        assert len(answer.content) < SMALL, (path, len(answer.content))
        assert 'aria-current="page"' in answer.text or path == "/", path


def test_every_list_can_be_taken_away(hub: House) -> None:
    visitor = hub.visitor()
    for path, words in FILES.items():
        answer = visitor.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["content-disposition"].startswith("attachment; filename="), path
        assert words in answer.text, path


def test_nonsense_is_refused_with_words_and_breaks_nothing(hub: House) -> None:
    visitor = hub.visitor()
    for path in NONSENSE:
        answer = visitor.get(path)
        assert answer.status_code in (200, 404, 422), path[:80]
        assert "<script>alert" not in answer.text, path[:80]
        assert len(answer.content) < SMALL, path[:80]


@pytest.mark.parametrize(
    ("path", "field", "words"),
    [
        ("/hub/applies/result", "economies", "Nothing is chosen."),
        ("/hub/applies/result?economies=Koreaa", "economies", "Close to it: KR."),
        ("/hub/applies/result?economies=KR&as_of=2026-02-30", "as_of", "no day|is not a day"),
        ("/hub/applies/result?economies=KR&as_of=1492-10-12", "as_of", "between 1900 and 2200"),
        ("/hub/applies/result?economies=KR&autonomy=sometimes", "autonomy", "is no value"),
        ("/hub/compare?economies=KR", "economies", "Choose at least 2."),
        ("/hub/compare?economies=KR,SG,US,CN,JP", "economies", "5 were named; 4 are taken."),
        ("/hub/compare?economies=KR,SG&domain=weather", "domain", "is not a domain"),
        ("/hub/changes?since=yesterday", "since", "is not a day"),
        ("/hub/search?q=" + "x" * 201, "q", "201 characters; 200 are taken."),
    ],
)
def test_what_is_wrong_is_told_at_its_field(hub: House, path: str, field: str, words: str) -> None:
    answer = hub.visitor().get(path)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert f'id="{field}"' in answer.text
    assert re.search(words, answer.text)


@pytest.mark.parametrize(
    ("path", "close"),
    [
        ("/hub/instruments/KR-AIB", "/hub/instruments/KR-AIBA"),
        ("/hub/provisions/KR-AIBA.999", "/hub/provisions/KR-AIBA."),
        ("/hub/economies/Singapur", "/hub/economies/SG"),
        ("/hub/forums/OECDD", "/hub/forums/OECD"),
        ("/hub/objectives/TR-INTERAC", "/hub/objectives/TR-INTERACT"),
        ("/hub/objectives/TR-INTERAC.csv", "/hub/objectives/TR-INTERACT"),
        ("/hub/cells/KRR/transparency", "/hub/cells/KR/transparency"),
        ("/hub/downloads/provision.csv", "/hub/downloads/provisions.csv"),
    ],
)
def test_an_id_that_is_not_there_leads_to_those_close_to_it(
    hub: House, path: str, close: str
) -> None:
    answer = hub.visitor().get(path)
    assert answer.status_code == 404
    assert f'href="{close}' in answer.text


def test_one_entity_has_one_address(hub: House) -> None:
    visitor = hub.visitor()
    for path, home in (
        ("/hub/economies/kr?as_of=2025-01-01", "/hub/economies/KR?as_of=2025-01-01"),
        ("/hub/forums/KR", "/hub/economies/KR"),
        ("/hub/economies/OECD", "/hub/forums/OECD"),
    ):
        answer = visitor.get(path)
        assert (answer.status_code, answer.headers["location"]) == (308, home)


def test_the_day_flips_the_answer_and_stays_in_every_link(hub: House) -> None:
    visitor = hub.visitor()
    before = visitor.get("/hub/instruments/KR-AIBA?as_of=2026-01-21").text
    after = visitor.get("/hub/instruments/KR-AIBA?as_of=2026-01-22").text
    assert "Adopted, not yet in force" in before
    assert "Adopted, not yet in force" not in after
    page = visitor.get(f"{RESULT}&show=KR&known_at=2026-11-25").text
    told = [one for one in Links(page).found if re.match(r"/hub/(prov|instr|econ|appl)", one)]
    wanted = [one for one in told if one != "/hub/applies"]
    assert len(wanted) > 30
    for one in wanted:
        assert "as_of=2026-04-30" in one, one
        assert "known_at=2026-11-25" in one, one


def test_what_was_recorded_later_is_not_known_before(hub: House) -> None:
    visitor = hub.visitor()
    table = visitor.get("/hub/entities/KR.csv?known_at=2026-11-21").text
    rows = list(csv.DictReader(io.StringIO(table)))
    assert rows
    assert {row["recorded_from"] for row in rows} == {"2026-11-21"}


def test_facts_that_are_not_stated_are_asked_about_and_not_assumed(hub: House) -> None:
    visitor = hub.visitor()
    vague = visitor.get("/hub/applies/result.csv?economies=KR&as_of=2026-04-30").text
    told = visitor.get(f"/hub/applies/result.csv?economies=KR&as_of=2026-04-30&{CHATBOT}").text
    answers = [
        {row["provision"]: row["answer"] for row in csv.DictReader(io.StringIO(text))}
        for text in (vague, told)
    ]
    assert answers[0]["KR-AIBA.055"] == "ask"
    assert answers[1]["KR-AIBA.055"] == "applies"
    page = visitor.get("/hub/applies/result?economies=KR&as_of=2026-04-30&use=chatbot").text
    assert "Does it generate content?" in page


def test_where_nothing_is_found_what_was_looked_at_is_told(hub: House) -> None:
    page = hub.visitor().get("/hub/applies/result?economies=PG&use=pricing&as_of=1950-01-01").text
    assert "no provisions found" in page
    assert "That is not the same as: there are none." in page


def test_the_form_comes_back_as_it_was_filled_in(hub: House) -> None:
    page = hub.visitor().get(f"/hub/applies?{CHATBOT}&economies=KR,VN&as_of=2026-04-30").text
    for name in ("use-chatbot", "generative-yes", "economies-KR", "economies-VN"):
        assert re.search(rf'id="{name}"[^>]* checked', page), name
    assert not re.search(r'id="economies-SG"[^>]* checked', page)
    assert 'value="2026-04-30"' in page


def test_a_verdict_is_told_by_shape_and_word_and_leads_to_its_provisions(hub: House) -> None:
    visitor = hub.visitor()
    page = visitor.get("/hub/compare?economies=KR,SG,VN").text
    verdicts = re.findall(r'<use href="#s-(\w+)"/></svg>(\w+)', page)
    assert len(verdicts) > 50
    cell = next(one for one in Links(page).found if "economies=KR,SG&domain=labelling" in one)
    opened = visitor.get(cell).text
    assert "KR-AIBA" in opened
    assert "Read in the text" in opened


def test_whoever_has_signed_in_finds_the_way_back_to_their_work(hub: House) -> None:
    page = hub.signed_in("trader").get("/hub").text
    assert "Your work" in page
    assert 'href="/declarations"' in page
    assert "Your work" not in hub.visitor().get("/hub").text


def test_the_other_doors_of_the_hub_are_shown_where_there_are_any(hub: House) -> None:
    page = hub.visitor().get("/hub").text
    for door in ("/hub/proposals", "/hub/cases", "/hub/surveys", "/hub/feeds"):
        assert f'href="{door}"' in page


def test_a_change_of_the_corpus_file_is_a_download_as_of_a_day(hub: House) -> None:
    visitor = hub.visitor()
    every = visitor.get("/hub/downloads/provisions.csv").text.count("\n")
    early = visitor.get("/hub/downloads/provisions.csv?as_of=2020-01-01").text.count("\n")
    assert 0 < early < every / 2
