"""A server on this machine that hands out files as the hosts of trained weights do."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class WeightServer:
    """Serves files by path, and notes what was asked for.

    Attributes:
        url: Its address.
        files: Content by path.
        asked: Method and path of each request.
        sent_share: Share of a file's bytes after which the connection is cut.
        etag: What is said to be the SHA-256 of every file; '' for the true one.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.sent_share, self.etag = 1.0, ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        """Stop serving; may be called again."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                self._answer(with_body=False)

            def do_GET(self) -> None:
                self._answer(with_body=True)

            def _answer(self, *, with_body: bool) -> None:
                server.asked.append((self.command, self.path))
                content = server.files.get(self.path)
                self.send_response(200 if content is not None else 404)
                if content is None:
                    self.send_header("X-Error-Code", "EntryNotFound")
                body = content or b""
                digest = server.etag or hashlib.sha256(body).hexdigest()
                self.send_header("Content-Length", str(len(body)))
                self.send_header("ETag", f'"{digest}"')
                self.send_header("X-Linked-ETag", f'"{digest}"')
                self.send_header("X-Linked-Size", str(len(body)))
                self.send_header("X-Repo-Commit", COMMIT)
                self.send_header("Connection", "close")
                self.end_headers()
                if with_body:
                    self.wfile.write(body[: int(len(body) * server.sent_share)])
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        return Handler
