"""A server of files on this machine, for tests of downloads: there is no other network."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def do_nothing() -> None:
    """Go on."""


class Server:
    """Files by path, {"/a.pth": bytes}, and a list of the paths that were asked for.

    Attributes:
        files: what it serves.
        asked: paths of the requests with an answer of bytes.
        missing: bytes that an answer ends too early by.
        headers: more headers of each answer.
        halfway: is called in the middle of each answer.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.missing = 0
        self.headers: dict[str, str] = {}
        self.halfway: Callable[[], None] = do_nothing
        self.url = ""


class Handler(BaseHTTPRequestHandler):
    """Answers from a `Server`."""

    def __init__(self, server: Server, *arguments: Any) -> None:
        self.of = server
        super().__init__(*arguments)

    def do_HEAD(self) -> None:
        self.answer(whole=False)

    def do_GET(self) -> None:
        self.answer(whole=True)

    def answer(self, *, whole: bool) -> None:
        path = self.path.partition("?")[0]
        content = self.of.files.get(path)
        if content is None:
            self.send_response(404)
            for name, value in self.of.headers.items():
                self.send_header(name, value)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        for name, value in self.of.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if whole:
            self.of.asked.append(path)
            half = len(content) // 2
            self.wfile.write(content[:half])
            self.of.halfway()
            self.wfile.write(content[half : len(content) - self.of.missing])

    def log_message(self, *arguments: Any) -> None:
        """Print nothing."""


class PatientServer(ThreadingHTTPServer):
    """Prints no trace of a client that hangs up: a test would read it as a line of nvp's."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serve() -> Iterator[Server]:
    """Serve files until the block ends."""
    served = Server()
    with PatientServer(("127.0.0.1", 0), partial(Handler, served)) as http:
        served.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield served
        http.shutdown()
        thread.join()
