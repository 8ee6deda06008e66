"""Sends one webhook to an address that anyone may have written, without being led inside.

The host's name is resolved once, every address it has is checked, and the connection goes to one
of those very addresses, while TLS and the Host header keep the name: a name that answers otherwise
the second time is never asked a second time. Redirects are not followed, proxies of the
environment are not used, little of the answer is read, and all of it together has a deadline.
It speaks through httpcore, which httpx is made of, because only there can the network be replaced.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import httpcore
import httpx

from tradelane.kit.errors import InputRefused
from tradelane.notifications.addresses import Target, is_public, read_url

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 10.0
MAX_ANSWER = 4096
"""How many bytes of an answer's body are read; what it says is only its status."""

Resolver = Callable[[str, int], Sequence[str]]
"""The addresses of a host's name, as text; OSError where it has none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How an attempt ended. status: of the answer, None without one; error: then why not.

    reached: False where the endpoint as a whole did not answer, so that trying the next webhook
    at once would be in vain.
    """

    status: int | None
    error: str = ""

    @property
    def reached(self) -> bool:
        return self.status is not None


class Sends(Protocol):
    """What the dispatcher needs of a sender."""

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer: ...


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name as the system has them, within `CONNECT_SECONDS`; OSError else."""
    found: list[str] = []
    failed: list[OSError] = []

    def ask() -> None:
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(info[4][0]) for info in infos))
        except (OSError, UnicodeError) as error:
            failed.append(error if isinstance(error, OSError) else OSError(str(error)))

    # The system's resolver has no timeout of its own to set.
    asking = threading.Thread(target=ask, daemon=True, name="webhook-resolver")
    asking.start()
    asking.join(CONNECT_SECONDS)
    if asking.is_alive():
        raise OSError("the name was not resolved in time")
    if failed:
        raise failed[0]
    return found


class WebhookSender:
    """Sends webhooks. Safe to use from several threads; every webhook has its own connection.

    ``allow_private`` (tests, laboratories): any address, also over http. ``resolver`` and
    ``ssl_context`` replace the system's and the certificates that browsers trust.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        resolver: Resolver = resolve,
        ssl_context: ssl.SSLContext | None = None,
        connect_seconds: float = CONNECT_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._allow_private = allow_private
        self._resolver = resolver
        self._ssl = ssl_context or httpx.create_ssl_context(trust_env=False)
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """POST ``body``; whatever goes wrong comes back as an `Answer` without a status."""
        deadline = time.monotonic() + self._total_seconds
        try:
            target = read_url(url, allow_private=self._allow_private)
            addresses = self._addresses(target)
        except InputRefused as error:
            return Answer(None, error.problems[0].message)
        except (OSError, UnicodeError):
            return Answer(None, f"The name {url.split('/')[2]} has no address.")
        if not addresses:
            return Answer(None, "The host's name leads to an address that is not public.")
        try:
            return Answer(self._post(target, addresses, headers, body, deadline))
        except (httpcore.TimeoutException, TimeoutError):
            return Answer(None, f"No answer within {self._total_seconds:g} s.")
        except httpcore.ConnectError as error:
            why = error.args[0] if error.args else ""
            if isinstance(why, ssl.SSLCertVerificationError):
                return Answer(None, f"Its certificate is not valid: {why.verify_message}.")
            return Answer(None, f"It could not be connected to: {error}.")
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            return Answer(None, f"The connection failed: {type(error).__name__}.")

    def _addresses(self, target: Target) -> list[str]:
        """The target's addresses if each of them may be connected to, else none."""
        found = list(self._resolver(target.host, target.port))
        if self._allow_private or all(is_public(address) for address in found):
            return found
        return []

    def _post(
        self,
        target: Target,
        addresses: Sequence[str],
        headers: Mapping[str, str],
        body: bytes,
        deadline: float,
    ) -> int:
        backend = _PinnedBackend(addresses, deadline)
        # From the parts that were checked, so that no second parser reads the URL otherwise.
        url = httpcore.URL(
            scheme=target.scheme, host=target.host, port=target.port, target=target.path
        )
        sent = [*headers.items(), ("host", target.host_header), ("connection", "close")]
        waits = {"connect": self._connect_seconds}
        waits |= dict.fromkeys(("read", "write", "pool"), self._total_seconds)
        with (
            httpcore.ConnectionPool(ssl_context=self._ssl, network_backend=backend) as pool,
            pool.stream(
                "POST", url, headers=sent, content=body, extensions={"timeout": waits}
            ) as response,
        ):
            read = 0
            for part in response.iter_stream():
                read += len(part)
                if read >= MAX_ANSWER:
                    break
            return response.status


class _PinnedBackend(httpcore.NetworkBackend):
    """Connects to the addresses that were checked, whatever name it is given."""

    def __init__(self, addresses: Sequence[str], deadline: float) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._real = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        until = time.monotonic() + (timeout or CONNECT_SECONDS)
        failure: Exception | None = None
        for address in self._addresses:
            left = min(until, self._deadline) - time.monotonic()
            if left <= 0:
                break
            try:
                stream = self._real.connect_tcp(address, port, left, None, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _HurriedStream(stream, self._deadline)
        raise failure or httpcore.ConnectTimeout("no address answered in time")

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        raise httpcore.ConnectError("a webhook goes over the network")


class _HurriedStream(httpcore.NetworkStream):
    """A stream whose every step ends by one deadline: an answer of drops is no answer."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def _left(self, timeout: float | None, late: type[httpcore.TimeoutException]) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise late("over the deadline")
        return left if timeout is None else min(left, timeout)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._left(timeout, httpcore.ConnectTimeout)
        return _HurriedStream(
            self._stream.start_tls(ssl_context, server_hostname, left), self._deadline
        )

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
