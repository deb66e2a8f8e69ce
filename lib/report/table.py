"""Documents about the bridge itself: rows of text and numbers, rendered into a kept buffer once a second.

A row is (text, mapping, key, kind): the text in bytes, then mapping[key] as `kind` says; a row without mapping is
text only. Rendering goes on in slices of some rows, so that it never holds the loop for long.
"""

from httpd.document import Document
from ticks import ticks_diff

INT = 0
TENTHS = 1
AGE = 2  # mapping holds stamps, at_ms[key]: the milliseconds since then
TEXT = 3  # bytes without quotes or backslashes

_RENDER_MS = 1000
_SLICE = 16


class Table:
    """A part that renders, and a source. unknown: the bytes for None; None leaves the whole row out."""

    def __init__(self, rows, content_type, unknown, capacity):
        self._rows = rows
        self._unknown = unknown
        self._document = Document(capacity, content_type)
        self._row = 0
        self._begun_ms = None

    def step(self, now_ms):
        """Render some rows. No heap."""
        if self._row == 0:
            if self._begun_ms is not None and ticks_diff(now_ms, self._begun_ms) < _RENDER_MS:
                return _RENDER_MS - ticks_diff(now_ms, self._begun_ms)
            if not self._document.begin():
                return 20
            self._begun_ms = now_ms
        self._render(min(self._row + _SLICE, len(self._rows)), now_ms)
        return 1

    def open(self, now_ms):
        """The last document; a half-rendered one is finished first."""
        if self._row or self._begun_ms is None:
            if self._row or self._document.begin():
                self._begun_ms = now_ms
                self._render(len(self._rows), now_ms)
        return self._document.open(now_ms)

    def _render(self, end, now_ms):
        row = self._row
        while row < end:
            text, mapping, key, kind = self._rows[row]
            self._write(text, mapping, key, kind, now_ms)
            row += 1
        if row == len(self._rows):
            self._document.end()
            row = 0
        self._row = row

    def _write(self, text, mapping, key, kind, now_ms):
        document = self._document
        if mapping is None:
            document.write(text)
            return
        value = mapping[key]
        if value is None:
            if self._unknown is not None:
                document.write(text)
                document.write(self._unknown)
            return
        document.write(text)
        if kind == INT:
            document.write_int(value)
        elif kind == AGE:
            document.write_int(max(0, ticks_diff(now_ms, value)))
        elif kind == TENTHS:
            document.write_tenths(value)
        else:
            document.write(value)
