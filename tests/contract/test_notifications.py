"""Subscriptions and deliveries behave the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tradelane.kit.clock import stamp
from tradelane.kit.errors import InputRefused, TradelaneError
from tradelane.notifications.sender import Answer
from tradelane.notifications.service import MAX_SUBSCRIPTIONS
from webhooks import ORGANISATION, FakeSender, Post

OK = Answer(204)
URL = "https://hooks.example.com/"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def post(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Post]:
    postgres = request.param == "postgresql"
    url = request.getfixturevalue("postgres_url") if postgres else f"sqlite:///{tmp_path / 'a.db'}"
    found = Post(url, tmp_path)
    yield found
    found.database.close()


def deliveries(post: Post, subscription: int, **filters: Any) -> list[Any]:
    found = post.do(post.notifications.deliveries, ORGANISATION, subscription, **filters)
    assert isinstance(found, list)
    return found


def test_a_subscription_is_told_what_happens_from_then_on_to_its_own_declarants(post: Post):
    post.happens("declaration.received")
    post.subscribe(URL)
    mine = post.happens("declaration.released", declarant="D/2", version=1)
    post.happens("declaration.released", declarant="D-3")
    post.happens("lane.routed", lane="red")
    sender = FakeSender([OK])
    report = post.dispatcher(sender).dispatch_once()
    assert (report.enqueued, report.delivered) == (1, 1)
    assert sender.ids == [f"evt_{mine}"]
    assert b'"declarant":"D/2"' in sender.sent[0][2]
    assert not post.dispatcher(sender).dispatch_once().busy


def test_only_the_types_that_were_asked_for_are_told(post: Post):
    subscription, _ = post.subscribe(URL, ("declaration.released",))
    post.happens("declaration.received")
    released = post.happens("declaration.released")
    post.dispatcher(FakeSender([OK])).dispatch_once()
    assert [d.event_id for d in deliveries(post, subscription)] == [released]


def test_what_is_published_is_told_to_everybody_who_asks_and_names_nobody(post: Post):
    everything, _ = post.subscribe(URL, organisation=99)
    post.subscribe(URL, ("declaration.released",), organisation=99)
    body = {"record": 4, "what": "provision", "about": "KR-AIBA.012", "by": "kim", "reason": "why"}
    told = post.publishes("KR-AIBA.012", economies=["KR"], domains=["transparency"], **body)
    post.happens("declaration.received", declarant="governance", reference="KR-AIBA.012")
    sender = FakeSender([OK])
    assert post.dispatcher(sender).dispatch_once().delivered == 1
    assert sender.ids == [f"evt_{told}"]
    sent = sender.sent[0][2]
    assert b'"path":"/hub/published/4"' in sent
    assert b"kim" not in sent
    assert b"declarant" not in sent
    found = post.do(post.notifications.deliveries, 99, everything)
    assert [one.state for one in found] == ["delivered"]


def test_topics_choose_among_what_is_published(post: Post):
    korea, _ = post.subscribe(URL, topics=("KR", "penalties"))
    first = post.publishes("KR-AIBA.012", economies=["KR"], domains=["transparency"])
    post.publishes("JP-X.001", economies=["JP"], domains=["transparency"])
    last = post.publishes("JP-X.002", economies=["JP"], domains=["penalties"])
    post.dispatcher(FakeSender([OK])).dispatch_once()
    assert sorted(one.event_id for one in deliveries(post, korea)) == [first, last]
    with pytest.raises(InputRefused) as caught:
        post.subscribe(URL, topics=("K R",))
    assert caught.value.problems[0].code == "notifications.topic"


def test_who_follows_declarations_is_not_told_of_what_is_published(post: Post):
    post.publishes("KR-AIBA.012", economies=["KR"], domains=[])
    with post.database.read() as tx:
        assert post.feed.read(tx, declarants={"D-1"}).events == []
        assert len(post.feed.read(tx, declarants={"D-1"}, public=True).events) == 1


def test_the_feed_resumes_after_any_event_and_says_where_it_is(post: Post):
    indexes = [post.happens("declaration.received", reference=str(n)) for n in range(5)]
    post.happens("declaration.received", declarant="D-3")
    with post.database.read() as tx:
        first = post.feed.read(tx, -1, {"D-1"}, limit=2)
        rest = post.feed.read(tx, first.last_seen, {"D-1"})
        assert [e.id for e in first.events + rest.events] == indexes
        assert first.more
        assert not rest.more
        assert rest.last_seen == post.feed.newest(tx) == 5
        assert post.feed.read(tx, rest.last_seen, {"D-1"}).events == []
        assert post.feed.read(tx, -1, set()).events == []
        assert post.feed.read(tx, -1, {"D-1"}, types={"message.sent"}).events == []
        assert len(post.feed.read(tx).events) == 6


def test_two_processes_never_enqueue_or_claim_the_same(post: Post):
    post.subscribe(URL)
    for n in range(8):
        post.happens("declaration.received", reference=str(n))
    with post.database.read() as tx:
        seen = post.notifications.behind(tx, 8)[0]
        page = post.feed.read(tx, -1, {"D-1"})
    assert post.do(post.notifications.enqueue, seen, page.events, 8)
    assert not post.do(post.notifications.enqueue, seen, page.events, 8)
    one, _ = post.do(post.notifications.claim)
    two, _ = post.do(post.notifications.claim)
    assert (len(one), len(two)) == (5, 3)
    assert not {d.id for d in one} & {d.id for d in two}
    assert post.do(post.notifications.claim)[0] == []
    post.later(seconds=61)
    assert len(post.do(post.notifications.claim)[0]) == 5


def test_two_dispatchers_at_once_send_every_event_exactly_once(post: Post):
    for n in range(3):
        post.subscribe(f"https://hooks{n}.example.com/")
    made = {f"evt_{post.happens('declaration.received', reference=str(n))}" for n in range(20)}
    senders = [FakeSender([OK]), FakeSender([OK])]

    def run(sender: FakeSender) -> None:
        dispatcher = post.dispatcher(sender)
        while dispatcher.dispatch_once().busy:
            pass

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, senders))
    sent = [(url, headers["webhook-id"]) for s in senders for url, headers, _ in s.sent]
    assert len(sent) == len(set(sent)) == 60
    assert {known_as for _, known_as in sent} == made


def test_who_lost_the_lease_does_not_overwrite_who_has_it(post: Post):
    subscription, _ = post.subscribe(URL)
    post.happens("declaration.received")
    slow = FakeSender([OK])

    def late(url: str, headers: Any, body: bytes) -> Answer:
        post.later(seconds=61)
        post.dispatcher(slow).dispatch_once()
        return Answer(500)

    first = FakeSender([OK])
    first.send = late  # type: ignore[method-assign]
    post.dispatcher(first).dispatch_once()
    assert [(d.state, d.attempts) for d in deliveries(post, subscription)] == [("delivered", 1)]


def test_a_paused_subscription_catches_up_when_it_is_resumed(post: Post):
    subscription, _ = post.subscribe(URL)
    assert post.do(post.notifications.pause, ORGANISATION, subscription).paused == "asked"
    index = post.happens("declaration.received")
    sender = FakeSender([OK])
    assert post.dispatcher(sender).dispatch_once().enqueued == 0
    assert post.do(post.notifications.resume, ORGANISATION, subscription).paused == ""
    assert post.dispatcher(sender).dispatch_once().delivered == 1
    assert sender.ids == [f"evt_{index}"]


def test_an_endpoint_that_fails_for_three_days_is_paused_and_says_so(post: Post):
    subscription, _ = post.subscribe(URL)
    post.happens("declaration.received")
    dispatcher = post.dispatcher(FakeSender([Answer(503)]))
    for _ in range(9):
        dispatcher.dispatch_once()
        post.later(hours=24)
    [waiting] = deliveries(post, subscription, state="pending")
    assert waiting.attempts == 4  # the fourth failure was three days after the first
    found = post.do(post.notifications.get, ORGANISATION, subscription)
    assert (found.paused, found.last_status) == ("failing", 503)


def test_an_owner_sends_an_event_again_under_the_same_id(post: Post):
    subscription, _ = post.subscribe(URL)
    post.happens("declaration.received")
    sender = FakeSender([OK])
    dispatcher = post.dispatcher(sender)
    dispatcher.dispatch_once()
    [delivery] = deliveries(post, subscription, state="delivered")
    again = post.do(post.notifications.redeliver, ORGANISATION, subscription, delivery.id)
    assert (again.state, again.attempts) == ("pending", 0)
    dispatcher.dispatch_once()
    assert len(sender.ids) == 2
    assert len(set(sender.ids)) == 1
    with pytest.raises(TradelaneError, match=r"notifications\.no_delivery"):
        post.do(post.notifications.redeliver, ORGANISATION, subscription, 999)


def test_nobody_reaches_another_organisations_subscription(post: Post):
    subscription, _ = post.subscribe(URL)
    service = post.notifications
    verbs = [service.get, service.pause, service.resume, service.remove, service.rotate_secret]
    for verb in [*verbs, service.deliveries]:
        with pytest.raises(TradelaneError, match=r"notifications\.not_found"):
            post.do(verb, 2, subscription)
    with pytest.raises(TradelaneError, match=r"notifications\.not_found"):
        post.do(service.redeliver, 2, subscription, 1)
    assert len(post.do(service.subscriptions_of, ORGANISATION)) == 1
    assert post.do(service.subscriptions_of, 2) == []


def test_a_declarant_that_moved_away_is_not_told_of_any_more(post: Post, monkeypatch: Any):
    subscription, _ = post.subscribe(URL)
    post.happens("declaration.received")
    failing = FakeSender([Answer(500)])
    post.dispatcher(failing).dispatch_once()
    monkeypatch.setattr("webhooks.OWNED", {ORGANISATION: frozenset({"D/2"})})
    post.later(minutes=1)
    post.dispatcher(failing).dispatch_once()
    assert len(failing.sent) == 1
    [delivery] = deliveries(post, subscription)
    assert delivery.state == "given_up"
    assert "own" in delivery.last_error


def test_removing_forgets_the_deliveries_and_old_ones_are_forgotten_in_time(post: Post):
    subscription, _ = post.subscribe(URL)
    post.happens("declaration.received")
    post.dispatcher(FakeSender([OK])).dispatch_once()
    assert post.do(post.notifications.prune) == 0
    post.later(days=31)
    assert post.do(post.notifications.prune) == 1
    post.happens("declaration.received")
    post.dispatcher(FakeSender([OK])).dispatch_once()
    post.do(post.notifications.remove, ORGANISATION, subscription)
    assert post.do(post.notifications.subscriptions_of, ORGANISATION) == []


def test_deliveries_come_in_pages_newest_first(post: Post):
    subscription, _ = post.subscribe(URL)
    made = [post.happens("declaration.received", reference=str(n)) for n in range(7)]
    post.dispatcher(FakeSender([OK])).dispatch_once()
    seen: list[int] = []
    before = None
    while page := deliveries(post, subscription, before=before, limit=3):
        seen += [d.event_id for d in page]
        before = page[-1].id
    assert seen == made[::-1]


def test_an_organisation_cannot_subscribe_without_end(post: Post):
    for _ in range(MAX_SUBSCRIPTIONS):
        post.subscribe(URL)
    with pytest.raises(InputRefused, match=r"notifications\.too_many"):
        post.subscribe(URL)


def test_a_replaced_secret_signs_beside_the_new_one_for_a_day(post: Post):
    subscription, old = post.subscribe(URL)
    new = post.do(post.notifications.rotate_secret, ORGANISATION, subscription)
    assert new != old
    with post.database.read() as tx:
        found = post.notifications.signing_secrets(tx, subscription)
    assert found is not None
    assert found[1].valid(stamp(post.clock.now())) == (new, old)
    post.later(hours=24)
    assert found[1].valid(stamp(post.clock.now())) == (new,)
    assert new not in repr(found)
