"""A mail server on a real port, which takes what it is given or refuses it as told."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Mailbox:
    """What came in. ``refusing``: answers 451 to everybody it should deliver to."""

    port: int = 0
    refusing: bool = False
    received: list[EmailMessage] = field(default_factory=list)


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """A server that speaks as much SMTP (RFC 5321) as a client needs to hand a mail over."""
    box = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 here")
            while line := self.rfile.readline():
                verb = line.strip().split(b":")[0].upper()
                if verb == b"DATA":
                    self._say("354 go on")
                    box.received.append(self._message())
                    self._say("250 taken")
                elif verb == b"QUIT":
                    self._say("221 bye")
                    return
                elif verb == b"RCPT TO" and box.refusing:
                    self._say("451 later")
                else:
                    self._say("250 yes")

        def _message(self) -> EmailMessage:
            data = b""
            while (line := self.rfile.readline()) != b".\r\n":
                data += line.removeprefix(b".") if line.startswith(b"..") else line
            found = message_from_bytes(data, policy=policy.default)
            assert isinstance(found, EmailMessage)
            return found

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield box
        server.shutdown()
        thread.join(5)
