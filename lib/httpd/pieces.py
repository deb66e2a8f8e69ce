"""An answer that is rendered while it is sent: whole, a report would take as much heap as all else that is served."""

from const import const
from httpd.answers import problem
from httpd.document import Document

_BATCH_BYTES = const(
    512
)  # pieces are sent together up to this: a small segment costs as much as a large one
_FILLING = b"\n" * 64  # means nothing in JSON, and nothing to Prometheus


class Pieces(Document):
    """Source and answer. pieces(document, now_ms): a generator that writes a piece and yields, again and again.

    The length is told before the rest is known: it is that of the first rendering and half as much again, and what is
    left of it is filled with line feeds. One reader at a time; another is asked to come again.
    """

    def __init__(self, content_type, pieces):
        super().__init__(2 * _BATCH_BYTES, content_type)
        self._pieces = pieces
        self._rest = pieces(self, 0)
        self._start = 0  # in the answer, of what lies in the stream
        self._end = 0
        size = 0
        while self._render():
            size += self._stream.tell() - self._body
        self._reserve(self._body + size)
        self._busy = problem("503", "somebody else reads this just now: ask again")

    def open(self, now_ms):
        if self._readers:
            return self._busy
        self._rest = self._pieces(self, now_ms)
        self._start = 0
        self._end = self._body
        return self

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
            self._reserve(
                self._end
            )  # it has outgrown what was told: that one is cut, the next will be whole
        return min(count, self._end - offset)

    def _reserve(self, size):
        self.length = size + size // 2
        self._patch(self._length_at, self.length - self._body)

    def _render(self):
        """Put some pieces into the stream, behind the head; False if there are no more."""
        self._stream.seek(self._body)
        for _ in self._rest:
            if self._stream.tell() - self._body >= _BATCH_BYTES:
                break
        else:
            self._rest = ()
        return self._stream.tell() > self._body
