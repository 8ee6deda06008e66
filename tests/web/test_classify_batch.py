"""Codes for many descriptions: taken, worked through, downloaded; one's own only."""

from __future__ import annotations

import csv
import io
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from page_words import Words, left_in_english
from tradelane.classification.model import Question, Ranked, Suggestion
from tradelane.web import classify_batches
from tradelane.web.classify_batches import MOST_LINES, QUIET, Batches, read_texts
from tradelane.web.pages import LOCALE
from trader_forms import House, Visitor

SIGN = Callable[[str], Visitor]
BATCH = "/classify/batch"


class _Engine:
    """Says a code of everything but gifts."""

    def suggest(self, text: str, **_: Any) -> Suggestion:
        return next(self.suggest_many([text]))

    def prepared(self) -> Any:
        return self.suggest_many

    def suggest_many(self, texts: list[str], **_: Any) -> Any:
        for text in texts:
            if "gift" in text:
                yield Suggestion(text, "too_generic", question=Question("What is it?"))
            else:
                yield Suggestion(text, "code", (Ranked("610910", "subheading", 0.9, "T-shirts"),))


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradelane.platform.Tradelane.classification", _Engine())


def finished(person: Visitor, path: str) -> str:
    """The page of a batch when it is done."""
    for _ in range(600):
        page = person.get(path).text
        if f"{path}/codes.csv" in page:
            return str(page)
        time.sleep(0.02)
    raise AssertionError(page)


def send(person: Visitor, data: bytes = b"", **fields: str) -> Any:
    return person.post(BATCH, fields, files={"file": ("goods.csv", data)} if data else None)


def table(person: Visitor, path: str) -> list[dict[str, str]]:
    text = person.get(path).content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_a_file_comes_back_with_codes_and_what_needs_a_person(signed_in: SIGN) -> None:
    trader = signed_in("trader")
    path = send(trader, b"id,Description\n1,=cmd() shirt\n2,gift\n3,\n").headers["location"]

    page = finished(trader, path)
    codes = table(trader, f"{path}/codes.csv")
    person = table(trader, f"{path}/for-a-person.csv")

    assert "A code fits" in page
    assert [row["text"] for row in codes] == ["'=cmd() shirt", "gift"]
    assert codes[0]["code"] == "610910"
    assert codes[0]["probability"] == "0.9000"
    assert [(row["text"], row["question"]) for row in person] == [("gift", "What is it?")]
    assert "goods.csv" in trader.get(BATCH).text


def test_lines_are_pasted_and_a_batch_is_ones_own(signed_in: SIGN) -> None:
    trader, broker = signed_in("trader"), signed_in("broker")
    path = send(trader, pasted="<b>cotton shirt</b>\n\n\x00gift\n").headers["location"]
    assert "<b>cotton" not in finished(trader, path)

    answers = [
        broker.get(path),
        broker.get(f"{path}/codes.csv"),
        broker.post(f"{path}/discard"),
        trader.get(f"{BATCH}/../etc"),
        trader.get(f"{BATCH}/0000000000000000"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
    assert trader.post(f"{path}/discard").status_code == 303
    assert trader.get(path).status_code == 404


@pytest.mark.parametrize(
    ("data", "pasted", "said"),
    [
        (b"", " \n ", "Choose a file, or paste"),
        (b"\xff\xfe\x00", "", "not UTF-8"),
        (b"text\n" + b"shirt\n" * (MOST_LINES + 1), "", "more than 5,000"),
        (b'text\n"' + b"x" * 200_000 + b'"\n', "", "no CSV"),
    ],
)
def test_what_cannot_be_read_is_said(signed_in: SIGN, data: bytes, pasted: str, said: str) -> None:
    answer = send(signed_in("trader"), data, pasted=pasted)
    assert answer.status_code == 422
    assert said in answer.text


def test_columns_are_found_and_long_lines_cut() -> None:
    assert read_texts(b"\xef\xbb\xbfsku,goods\n1,tea\n2\n", "") == ["tea"]
    assert read_texts(b"tea\ncoffee\n", "") == ["tea", "coffee"]
    assert len(read_texts(b"", "x" * 100_000)[0]) == 2_000


def _failing(*_: Any) -> Counter[str]:
    raise ValueError("the disk is full")


def test_what_stopped_is_begun_again(
    house: House, signed_in: SIGN, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = signed_in("trader")
    with monkeypatch.context() as patch:
        patch.setattr(classify_batches, "classify_file", _failing)
        path = send(trader, pasted="cotton shirt").headers["location"]
        for _ in range(600):
            page = trader.get(path).text
            if "It stopped" in page:
                break
            time.sleep(0.02)
    assert "the disk is full" in page
    assert trader.get(f"{path}/codes.csv").status_code == 303

    trader.post(f"{path}/again")

    assert "A code fits" in finished(trader, path)


def test_a_batch_that_a_restart_interrupted_goes_on_when_its_owner_looks(
    house: House, signed_in: SIGN, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = signed_in("trader")
    with monkeypatch.context() as patch:  # as if the process had died at once
        patch.setattr(Batches, "_start", lambda self, batch: None)
        path = send(trader, pasted="cotton shirt\ngift").headers["location"]
        running = trader.get(path).text
        about = Path(house.lane.home, "descriptions", path.rsplit("/", 1)[1], "about.json")
        still = trader.get(path).text
    os.utime(about, (time.time() - 2 * QUIET,) * 2)

    page = finished(trader, path)

    assert "<progress" in running
    assert "<progress" in still
    assert "A code fits" in page
    assert [one.name for one in about.parent.glob("part*")] == []


def test_two_at_a_time_and_old_ones_go(
    house: House, signed_in: SIGN, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = signed_in("trader")
    monkeypatch.setattr(Batches, "_start", lambda self, batch: None)
    path = send(trader, pasted="cotton shirt").headers["location"]
    about = Path(house.lane.home, "descriptions", path.rsplit("/", 1)[1], "about.json")
    os.utime(about, (time.time() - 8 * 86_400,) * 2)
    send(trader, pasted="another")
    send(trader, pasted="one more")
    busy = send(trader, pasted="too many")

    assert not about.exists()
    assert busy.status_code == 422
    assert "Two of your batches" in busy.text


def test_a_browser_follows_until_it_is_over(signed_in: SIGN) -> None:
    trader = signed_in("trader")
    path = send(trader, pasted="cotton shirt\ngift").headers["location"]
    finished(trader, path)

    last = trader.get(f"{path}/progress")
    after = trader.client.get(f"{path}/progress", headers={"last-event-id": "over"})

    assert last.headers["content-type"].startswith("text/event-stream")
    assert last.text == "id: over\nretry: 2000\ndata: 2\n\n"
    assert after.status_code == 204
    assert signed_in("broker").get(f"{path}/progress").status_code == 404


def test_the_page_shows_what_needs_a_person_with_its_question(signed_in: SIGN) -> None:
    trader = signed_in("trader")
    path = send(trader, pasted="cotton shirt\n<i>gift</i>").headers["location"]
    page = finished(trader, path)
    assert "1 line needs a person" in page
    assert "What is it?" in page
    assert "<i>gift" not in page
    assert 'href="/classify?q=' in page


@pytest.mark.parametrize("tag", ["ko", "es"])
def test_the_pages_are_in_the_readers_language(signed_in: SIGN, tag: str) -> None:
    trader = signed_in("trader")
    trader.client.cookies.set(LOCALE, tag)
    empty = trader.get(BATCH).text
    path = send(trader, pasted="cotton shirt\ngift").headers["location"]
    for page in (empty, finished(trader, path), trader.get(BATCH).text):
        assert left_in_english(tag, Words(page)) == set()
