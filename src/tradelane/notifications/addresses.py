"""Where a webhook may go: rules for its URL, and for the addresses that its host's name has.

Tradelane sends from inside an administration's network, so a URL that anyone can write must not
reach what only that network can. The URL names a host (no addresses, no names that only the inside
knows), and every address that the name has must be public when the connection is made.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from tradelane.kit.errors import InputRefused, Problem

MAX_URL = 2000
_HTTPS = 443
_FIRST_OPEN_PORT = 1024  # below it stand services that are no web servers

_PRINTABLE = re.compile(r"[!-~]+")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_LOOKS_LIKE_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_INSIDE = ("localhost", "localdomain", "local", "internal", "intranet", "lan", "home", "corp")
_INSIDE_SUFFIXES = (*_INSIDE, "home.arpa", "in-addr.arpa", "ip6.arpa", "onion", "alt")

_CLOSED = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carriers' inside; the metadata of some clouds
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's host, at an address that is formally public
        "169.254.0.0/16",  # link-local; the metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; the metadata of one cloud
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "2001::/23",  # protocol assignments, Teredo among them: an IPv4 address inside
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",  # documentation
    )
)
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""The only IPv6 space that is routed in public: loopback, unique-local, link-local, multicast,
IPv4-mapped and NAT64 (64:ff9b::) addresses are all outside it."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that was checked, in the parts that a connection needs."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """The host as the request names it, with its port where that is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"https": _HTTPS, "http": 80}[self.scheme]
        return host if self.port == usual else f"{host}:{self.port}"


def is_public(address: str) -> bool:
    """Whether an address can be reached by anyone, and so tells nothing about our own network.

    >>> [is_public(a) for a in ("9.9.9.9", "10.0.0.1", "169.254.169.254", "168.63.129.16")]
    [True, False, False, False]
    >>> [is_public(a) for a in ("2620:fe::fe", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1")]
    [True, False, False, False]
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if found.version == 6 and (found.scope_id is not None or found not in _GLOBAL_UNICAST):
        return False
    closed = any(found.version == net.version and found in net for net in _CLOSED)
    return found.is_global and not found.is_multicast and not found.is_reserved and not closed


def read_url(url: str, *, allow_private: bool = False, pointer: str = "/url") -> Target:
    """A webhook's URL, checked without asking the network.

    https, a host's full name in ASCII, port 443 or 1024 to 65535, no user name, no fragment.
    ``allow_private`` (tests, laboratories) also lets pass http, addresses, short names, any port.
    Errors: InputRefused ``notifications.url`` (its form), ``notifications.url_scheme``,
    ``notifications.url_host``, ``notifications.url_port``.
    """
    # Backslashes, spaces, control and non-ASCII characters are where parsers disagree.
    if not isinstance(url, str) or len(url) > MAX_URL or not _PRINTABLE.fullmatch(url):
        raise _form(pointer, f"It has to be printable ASCII of at most {MAX_URL} characters.")
    if any(sign in url for sign in '\\"<>^`{|}#'):
        raise _form(pointer, "It holds a character that a URL may not, or a fragment.")
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").lower()
    except ValueError:
        raise _form(pointer, "Its host or port cannot be read.") from None
    if "@" in parts.netloc:
        raise _form(pointer, "A user name or password has no place in it.")
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise InputRefused(
            Problem(
                "notifications.url_scheme",
                "A webhook goes over https only.",
                pointer=pointer,
                hint="Begin the URL with https://.",
            )
        )
    if parts.netloc.endswith(":") or not _host_allowed(host, allow_private):
        raise InputRefused(
            Problem(
                "notifications.url_host",
                "The URL's host is not the full public name of a server.",
                pointer=pointer,
                hint="Write a name like hooks.example.com; non-Latin names in their xn-- form.",
            )
        )
    usual = _HTTPS if parts.scheme == "https" else 80
    chosen = usual if port is None else port
    if chosen == 0 or not (allow_private or chosen == _HTTPS or chosen >= _FIRST_OPEN_PORT):
        raise InputRefused(
            Problem(
                "notifications.url_port",
                f"A webhook cannot go to port {chosen}.",
                pointer=pointer,
                hint="Use port 443, or one from 1024 on.",
            )
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, chosen, path)


def _host_allowed(host: str, allow_private: bool) -> bool:
    labels = host.split(".")
    if allow_private and (_is_address(host) or all(map(_LABEL.fullmatch, labels))):
        return True
    if len(host) > 253 or len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)):
        return False
    if _LOOKS_LIKE_NUMBER.fullmatch(labels[-1]):
        return False  # an address in one of its many spellings: 127.1, 0x7f.0.0.1
    return not any(host == name or host.endswith(f".{name}") for name in _INSIDE_SUFFIXES)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _form(pointer: str, why: str) -> InputRefused:
    return InputRefused(
        Problem(
            "notifications.url",
            f"This is not a URL that a webhook can be sent to. {why}",
            pointer=pointer,
            hint="Write it like https://hooks.example.com/tradelane.",
        )
    )
