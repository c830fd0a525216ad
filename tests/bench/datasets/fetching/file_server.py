"""A file server on this machine with the manners, good and bad, of those on the internet."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """The files, how the server behaves, and what it was asked.

    Attributes:
        files: content by path.
        etag: of every file; None sends none.
        last_modified: of every file; None sends none.
        ranges: whether ``Range`` is honoured.
        if_range: whether ``If-Range`` is; a server without it sends the rest of a changed file.
        break_after: for each coming answer, after how many bytes the connection breaks (None: not at all).
        statuses: for each coming answer, a status to send instead of the file.
        chunked: whether files are sent in chunks, without a length.
        requests: (path, Range header or "") of every request.
    """

    files: dict[str, bytes]
    etag: str | None = '"v1"'
    last_modified: str | None = None
    ranges: bool = True
    if_range: bool = True
    break_after: list[int | None] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    chunked: bool = False
    requests: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""


@contextmanager
def serve(served: Served) -> Iterator[Served]:
    """Serve until the block ends; ``served.url`` is the address."""

    class Handler(_Handler):
        state = served

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Served

    def do_GET(self) -> None:
        served = self.state
        served.requests.append((self.path, self.headers.get("Range", "")))
        status = served.statuses.pop(0) if served.statuses else 200
        if status != 200 or self.path not in served.files:
            return self._refuse(status if status != 200 else 404)
        content = served.files[self.path]
        start = self._start()
        if start >= len(content) > 0:
            return self._refuse(416)
        self._send(content, start)
        return None

    def _start(self) -> int:
        asked, condition = self.headers.get("Range"), self.headers.get("If-Range")
        if not asked or not self.state.ranges:
            return 0
        if self.state.if_range and condition not in (self.state.etag, self.state.last_modified):
            return 0
        return int(asked.removeprefix("bytes=").removesuffix("-"))

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, content: bytes, start: int) -> None:
        served = self.state
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        for name, value in (("ETag", served.etag), ("Last-Modified", served.last_modified)):
            if value is not None:
                self.send_header(name, value)
        body = content[start:]
        if served.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        limit = served.break_after.pop(0) if served.break_after else None
        self.wfile.write(body[:limit])
        self.close_connection = self.close_connection or limit is not None

    def log_message(self, format: str, *args: object) -> None:
        """Be quiet."""
