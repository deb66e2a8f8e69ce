# SPDX-License-Identifier: MIT
"""A small HTTP server for the set-up page: a few clients at a time, each with limits of size and time, none waits for another.

    server = Server(listener, handle)
    server.step(now_ms)

listener: a listening, non-blocking socket; handle(request): the pieces of a response (portal.responses). A piece that is None is not there
yet: it is asked for again at the next step. has_room(): may _PIECE_BYTES more be on their way? What is sent and not confirmed takes the
network's memory; without any left no confirmation is heard.
"""

from const import const
from portal import responses
from portal.request import MORE, WHOLE, Request
from ticks import ticks_diff

CLIENTS = const(5)
_READ_BYTES = const(1024)
_WRITE_BYTES = const(4096)  # at a time, then the others have their turn
_PIECE_BYTES = const(1024)
REQUEST_MS = const(5000)  # for a request to arrive whole
RESPONSE_MS = const(10000)  # without a byte taken
_YOUNG_MS = const(1000)  # younger ones are not given up for a newcomer


class Server:
    def __init__(self, listener, handle, has_room=lambda: True):
        self._has_room = has_room
        self._listener = listener
        self._handle = handle
        self._clients = []
        self.faults = 0  # of the handler

    def step(self, now_ms):
        self._accept(now_ms)
        for client in list(self._clients):
            if self._is_over(client, now_ms):
                self._drop(client)

    def _accept(self, now_ms):
        while self._has_place(now_ms):
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return  # nobody waits, or no memory for him
            sock.setblocking(False)
            self._clients.append(_Client(sock, now_ms))

    def _has_place(self, now_ms):
        """The one that has been silent for longest goes."""
        if len(self._clients) < CLIENTS:
            return True
        for client in self._clients:
            if client.pieces is None and ticks_diff(now_ms, client.since_ms) >= _YOUNG_MS:
                self._drop(client)
                return True
        return False

    def _drop(self, client):
        client.sock.close()
        self._clients.remove(client)

    def _is_over(self, client, now_ms):
        try:
            if client.pieces is None:
                status = client.read()
                if status == MORE:
                    return ticks_diff(now_ms, client.since_ms) >= REQUEST_MS
                client.since_ms = now_ms
                client.pieces = iter(self._answer(status, client.request))
            return client.write(now_ms, self._has_room)
        except OSError:
            return True  # it is gone
        except Exception:
            self.faults += 1  # a response that is made while it is sent
            return True

    def _answer(self, status, request):
        if status != WHOLE:
            return responses.refusal(status)
        try:
            return self._handle(request)
        except Exception as error:
            # Whatever it was, the page must go on.
            self.faults += 1
            return responses.refusal(500, repr(error))


class _Client:
    """pieces: None until there is a request."""

    def __init__(self, sock, now_ms):
        self.sock = sock
        self.since_ms = now_ms  # accepted; later: took a byte
        self.request = Request()
        self.pieces = None
        self._rest = b""

    def read(self):
        """The status of the request; OSError where the client is gone."""
        while True:
            data = self.sock.read(_READ_BYTES)
            if data is None:
                return MORE
            if not data:
                raise OSError
            status = self.request.feed(data)
            if status != MORE:
                return status

    def write(self, now_ms, has_room):
        """Send what is taken; is all of it out, or nothing taken for too long?"""
        left = _WRITE_BYTES
        while left > 0:
            while not self._rest:
                try:
                    self._rest = next(self.pieces)
                except StopIteration:
                    return True
                if self._rest is None:
                    self._rest = b""
                    return ticks_diff(now_ms, self.since_ms) >= RESPONSE_MS
            count = self.sock.write(self._rest[:_PIECE_BYTES]) if has_room() else None
            if not count:
                return ticks_diff(now_ms, self.since_ms) >= RESPONSE_MS
            self.since_ms = now_ms
            self._rest = self._rest[count:]
            left -= count
        return False
