# SPDX-License-Identifier: MIT
"""Reports that are rendered while they are sent: whole, they would take as much heap as all else that is served."""

from const import const
from httpd.document import Document
from httpd.responses import TEXT, header

# Parts are sent together up to this: a small segment costs as much as a large one.
_BATCH_BYTES = const(512)
_FILLING = b"\n" * 64  # means nothing in JSON, and nothing to Prometheus


class Report:
    """A source. render(document, now_ms): a generator that writes a part and yields, again and again."""

    def __init__(self, stream, content_type, render):
        self.content_type = content_type
        self.render = render
        self.size = 0  # bytes of the body that are told; 0: not known yet
        self._stream = stream

    def open(self, now_ms):
        self._stream.begin_report(self, now_ms)
        return self._stream


class ReportStream(Document):
    """The response of all reports, for one reader at a time, as the server has it (see connection.py).

    The length is told before the rest is known: it is that of the first rendering and half as much again, and what is
    left of it is filled with line feeds.
    """

    def __init__(self):
        super().__init__(2 * _BATCH_BYTES, TEXT)
        self._report = None
        self._rest = ()
        self._start = 0  # in the response, of what lies in the stream
        self._end = 0

    def begin_report(self, report, now_ms):
        self._report = report
        if not report.size:
            self._measure(now_ms)
        self._rest = report.render(self, now_ms)
        self._stream.seek(0)
        self._body = self._end = header(self._stream, "200", report.content_type, report.size)
        self._start = 0
        self.length = self._body + report.size

    def _measure(self, now_ms):
        self._rest = self._report.render(self, now_ms)
        size = 0
        while self._render():
            size += self._stream.tell() - self._body
        self._report.size = size + size // 2

    def read(self, view, offset):
        """To be asked for one offset after the other."""
        while offset >= self._end:
            self._start = self._end
            if not self._render():
                self.write(_FILLING)
            self._end += self._stream.tell() - self._body
        self._stream.seek(offset - self._start + (self._body if self._start else 0))
        count = self._stream.readinto(view)
        if self._end > self.length and self._rest:
            # It has outgrown what was told: this one is cut, the next will be whole.
            self._report.size = self._end + self._end // 2
        return min(count, self._end - offset)

    def _render(self):
        """Put some parts into the stream, behind the header; False if there are no more."""
        self._stream.seek(self._body)
        for _ in self._rest:
            if self._stream.tell() - self._body >= _BATCH_BYTES:
                break
        else:
            self._rest = ()
        return self._stream.tell() > self._body
