"""Followers are written to by a real mail server, after they have confirmed, until they end it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage

import pytest

from hub_forms import digest_on
from mail_server import Mailbox, mail_server
from tradelane.contributions.following import MOST_UNCONFIRMED, WAITS
from tradelane.contributions.smtp import MailSettings, SmtpSender, read_mail_settings
from tradelane.journeys.mailing import Mailing
from tradelane.kit.clock import FixedClock
from tradelane.kit.errors import InputRefused
from web_house import URL, House, Visitor

SignedIn = Callable[[str], Visitor]
ADDRESS = "ana.lim@example.org"
_SECRET = re.compile(r'name="csrf" value="([^"]+)"')


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mail_server() as found:
        yield found


@pytest.fixture
def mailing(house: House, box: Mailbox) -> Mailing:
    """The house with mail set up; its rounds are run by hand."""
    settings = MailSettings("127.0.0.1", box.port, "none", "", "", "hub@example.org")
    house.lane.mail_settings = settings
    return Mailing(house.lane, SmtpSender(settings), URL)


def follow(visitor: Visitor, **given: str) -> int:
    answer = visitor.post("/hub/feeds/mail", {"address": ADDRESS, **given})
    return int(answer.status_code)


def link_in(mail: EmailMessage, what: str) -> str:
    found: list[str] = re.findall(rf"{URL}(/hub/feeds/{what}/\S+)", mail.get_content())
    return found[0]


def publish(signed_in: SignedIn) -> None:
    """Agree to the proposal that the demonstration has waiting: it is about Korea."""
    analyst = signed_in("analyst")
    listed = analyst.get("/hub/proposals").text
    address = re.findall(r'href="(/hub/proposals/\d+)"', listed)[0]
    page = analyst.get(address).text
    assert analyst.post(f"{address}/agree", {"digest": digest_on(page)}).status_code == 303


def test_nothing_but_a_link_is_sent_before_the_owner_of_an_address_confirms(
    house: House, signed_in: SignedIn, mailing: Mailing, box: Mailbox
) -> None:
    analyst = signed_in("analyst")
    assert follow(analyst, economy="KR") == 303
    assert mailing.round() == (0, 1)
    publish(signed_in)
    assert mailing.round() == (0, 0)
    [invitation] = box.received
    assert invitation["To"] == ADDRESS
    visitor = house.visitor()
    path = link_in(invitation, "confirm")
    page = visitor.get(path)
    assert ADDRESS in page.text
    assert visitor.post(path, data={"csrf": "guessed" * 9}).status_code == 403
    [secret] = _SECRET.findall(page.text)[-1:]
    assert visitor.post(path, data={"csrf": secret}).status_code == 303
    assert mailing.round() == (0, 0)  # what was published before is not sent
    assert "Confirmed" in analyst.get("/hub/feeds").text


def test_a_follower_is_told_once_and_ends_it_by_the_link_in_the_mail(
    house: House, signed_in: SignedIn, mailing: Mailing, box: Mailbox
) -> None:
    analyst = signed_in("analyst")
    follow(analyst, economy="KR")
    follow(analyst, economy="JP")
    mailing.round()
    followings = house.lane.followings
    for mail in box.received:
        secret = link_in(mail, "confirm").rpartition("/")[2]
        house.lane.database.write(lambda tx, key=secret: followings.confirm(tx, key, 0))
    publish(signed_in)
    assert mailing.round() == (1, 1)
    assert mailing.round() == (0, 0)
    told = box.received[-1]
    assert "KR-AIBA.012" in told.get_content()
    assert f"{URL}/hub/published/1" in told.get_content()
    path = link_in(told, "stop")
    assert told["List-Unsubscribe"].strip() == f"<{URL}{path}>"
    visitor = house.visitor()
    [secret] = _SECRET.findall(visitor.get(path).text)[-1:]
    assert visitor.post(path, data={"csrf": secret}).status_code == 303
    assert visitor.get(path).status_code == 404


def test_a_mail_that_is_not_taken_is_tried_again_and_given_up_in_the_end(
    house: House, signed_in: SignedIn, mailing: Mailing, box: Mailbox
) -> None:
    clock = FixedClock(house.lane.clock.now())
    house.lane.followings._clock = clock
    box.refusing = True
    follow(signed_in("analyst"))
    assert mailing.round() == (0, 0)
    box.refusing = False
    assert mailing.round() == (0, 0)  # not yet due
    clock.at += WAITS[0]
    assert mailing.round() == (0, 1)
    box.refusing = True
    follow(signed_in("auditor"), address="other@example.org")
    for wait in (timedelta(0), *WAITS):
        clock.at += wait
        mailing.round()
    box.refusing = False
    clock.at += timedelta(days=2)
    assert mailing.round() == (0, 0)


def test_nobody_has_others_written_to_without_end(
    house: House, signed_in: SignedIn, mailing: Mailing
) -> None:
    analyst = signed_in("analyst")
    assert follow(analyst, address="not an address") == 422
    for economy in ("KR", "JP", "SG"):
        assert follow(analyst, economy=economy) == 303
    assert MOST_UNCONFIRMED == 3
    assert follow(analyst, economy="VN") == 422
    assert follow(signed_in("auditor"), economy="VN") == 422  # at the same address
    assert follow(signed_in("auditor"), address="b@example.org", economy="VN") == 303


def test_where_mail_is_off_the_page_says_so(house: House, signed_in: SignedIn) -> None:
    analyst = signed_in("analyst")
    assert "sends no mail" in analyst.get("/hub/feeds?economy=KR").text
    assert follow(analyst) == 422
    assert house.lane.mailing(URL) is None


def test_settings_of_mail_are_whole_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_mail_settings() is None
    monkeypatch.setenv("TRADELANE_SMTP_HOST", "mail.example.org")
    with pytest.raises(InputRefused):
        read_mail_settings()
    monkeypatch.setenv("TRADELANE_SMTP_FROM", "hub@example.org")
    monkeypatch.setenv("TRADELANE_SMTP_PASSWORD", "hidden")
    found = read_mail_settings()
    assert found is not None
    assert (found.port, found.security) == (587, "starttls")
    assert "hidden" not in repr(found)


def test_a_server_that_does_not_protect_the_line_is_not_written_to(box: Mailbox) -> None:
    settings = MailSettings("127.0.0.1", box.port, "starttls", "", "", "hub@example.org")
    assert SmtpSender(settings).send(ADDRESS, "Subject", "Body") != ""
    assert box.received == []
