"""URLs and addresses that would lead a webhook inside are refused, each for its reason."""

from __future__ import annotations

import pytest

from tradelane.kit.errors import InputRefused
from tradelane.notifications.addresses import is_public, read_url
from tradelane.notifications.sender import WebhookSender

HOSTILE = {
    "http://hooks.example.com/": "url_scheme",
    "ftp://hooks.example.com/": "url_scheme",
    "file:///etc/passwd": "url_scheme",
    "gopher://hooks.example.com:6379/_x": "url_scheme",
    "//hooks.example.com/": "url_scheme",
    "hooks.example.com": "url_scheme",
    "javascript:alert(1)": "url_scheme",
    "https://user@hooks.example.com/": "url",
    "https://user:password@hooks.example.com/": "url",
    "https://hooks.example.com@127.0.0.1/": "url",
    "https://127.0.0.1#@hooks.example.com/": "url",
    "https://hooks.example.com\\@127.0.0.1/": "url",
    "https://hooks.example.com/ HTTP/1.1": "url",
    "https://hooks.example.com/\r\nX-Injected: 1": "url",
    "https://hooks.example.com/\t": "url",
    "https://hooks.example.com/\x00": "url",
    "https://127。0。0。1/": "url",
    "https://①②⑦.⓪.⓪.①/": "url",
    "https://ｌocalhost/": "url",
    "https://hooks.example.com:port/": "url",
    "https://hooks.example.com:99999/": "url",
    "https://[::1/": "url",
    "https://hooks.example.com/" + "a" * 2000: "url",
    "": "url",
    "https://127.0.0.1/": "url_host",
    "https://127.1/": "url_host",
    "https://2130706433/": "url_host",
    "https://0x7f000001/": "url_host",
    "https://0x7f.0.0.1/": "url_host",
    "https://0177.0.0.01/": "url_host",
    "https://127.0.0.0x1/": "url_host",
    "https://0/": "url_host",
    "https://169.254.169.254/latest/meta-data/": "url_host",
    "https://9.9.9.9/": "url_host",
    "https://[::1]/": "url_host",
    "https://[::]/": "url_host",
    "https://[::ffff:127.0.0.1]/": "url_host",
    "https://[::ffff:7f00:1]/": "url_host",
    "https://[64:ff9b::7f00:1]/": "url_host",
    "https://[fe80::1%25eth0]/": "url_host",
    "https://[fd00:ec2::254]/": "url_host",
    "https://localhost/": "url_host",
    "https://LOCALHOST/": "url_host",
    "https://localhost./": "url_host",
    "https://hooks.example.com./": "url_host",
    "https://127.0.0.1./": "url_host",
    "https://a.localhost/": "url_host",
    "https://metadata.google.internal/": "url_host",
    "https://printer.local/": "url_host",
    "https://intranet/": "url_host",
    "https://-a.example.com/": "url_host",
    "https://a..example.com/": "url_host",
    "https://a%2eexample.com/": "url_host",
    "https:///hooks": "url_host",
    "https://hooks.example.com:/": "url_host",
    "https://hooks.example.com:22/": "url_port",
    "https://hooks.example.com:25/": "url_port",
    "https://hooks.example.com:80/": "url_port",
    "https://hooks.example.com:0/": "url_port",
}


@pytest.mark.parametrize(("url", "code"), HOSTILE.items(), ids=[u[:50] for u in HOSTILE])
def test_a_hostile_url_is_refused_with_its_reason(url: str, code: str):
    with pytest.raises(InputRefused) as refused:
        read_url(url)
    assert [p.code for p in refused.value.problems] == [f"notifications.{code}"]
    assert refused.value.problems[0].pointer == "/url"


def test_a_hostile_url_that_got_past_the_form_is_not_sent_to_either():
    def no_network(host: str, port: int) -> list[str]:
        raise AssertionError(f"asked for {host}")

    sender = WebhookSender(resolver=no_network)
    for url in HOSTILE:
        assert not sender.send(url, {}, b"{}").reached


@pytest.mark.parametrize(
    ("url", "port", "header", "path"),
    [
        ("https://hooks.example.com", 443, "hooks.example.com", "/"),
        ("https://Hooks.Example.com:8443/a?b=c", 8443, "hooks.example.com:8443", "/a?b=c"),
        ("https://xn--9n2bp8q.example:1024/", 1024, "xn--9n2bp8q.example:1024", "/"),
    ],
)
def test_an_ordinary_url_is_taken_apart(url: str, port: int, header: str, path: str):
    target = read_url(url)
    assert (target.port, target.host_header, target.path) == (port, header, path)


def test_a_laboratory_may_use_its_own_network_but_not_another_scheme():
    assert read_url("http://127.0.0.1:8000/x", allow_private=True).port == 8000
    assert read_url("http://[::1]:81/x", allow_private=True).host_header == "[::1]:81"
    assert read_url("http://receiver/", allow_private=True).port == 80
    for url in ("ftp://receiver/", "http://user@receiver/", "http://2130706433x$/"):
        with pytest.raises(InputRefused):
            read_url(url, allow_private=True)


INSIDE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:9.9.9.9",
    "64:ff9b::9.9.9.9",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2620:fe::fe%eth0",
    "fec0::1",
    "ff02::1",
    "nonsense",
]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_that_not_everyone_can_reach_is_not_public(address: str):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["9.9.9.9", "192.0.1.1", "172.32.0.1", "2620:fe::fe"])
def test_an_ordinary_address_is_public(address: str):
    assert is_public(address)


@pytest.mark.parametrize(
    "answer", [["10.0.0.1"], ["9.9.9.9", "127.0.0.1"], ["2620:fe::fe", "::ffff:10.0.0.1"], []]
)
def test_a_name_with_any_address_inside_is_not_connected_to(answer: list[str]):
    answered = WebhookSender(resolver=lambda host, port: answer).send(
        "https://hooks.example.com/", {}, b"{}"
    )
    assert not answered.reached
    assert answered.error == "The host's name leads to an address that is not public."
