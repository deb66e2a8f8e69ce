# SPDX-License-Identifier: MIT
"""The routes of the set-up page: docs/formats/setup.md. Whatever asks by a foreign host name is sent to the page.

Nothing here is known to the running bridge.
"""

import json
from binascii import unhexlify
from collections import OrderedDict

from micropython import const

from firmware.modes.setup.session import text
from planning import strict_json
from portal import probes, responses

_SHOWN_MS = const(60000)  # after the last screen, for the phone to be told so
_FILE_BYTES = const(512)
_PAGE_FIELDS = const(
    "Content-Encoding: gzip\r\nX-Frame-Options: DENY\r\n"
    "Content-Security-Policy: default-src 'self' 'unsafe-inline'; img-src data:; frame-ancestors 'none'\r\n"
)
_NO_PAGE = b"The set-up page is not on this board: make deploy PORT=... puts it there.\n"


class Refused(Exception):
    """status and sentence of a refusal."""

    def __init__(self, status, sentence):
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class Api:
    """address: ours, as text. handle(request): the pieces of a response."""

    def __init__(self, session, root, address):
        self._session = session
        self._root = root
        self._hosts = (address, "127.0.0.1")  # the latter for a virtual board
        self._location = "http://%s/" % address
        self._posts = {
            "/config": self._config,
            "/search": self._search,
            "/read": self._read,
            "/stop": self._stop,
            "/wifi": self._wifi,
            "/save": self._save,
            "/start": self._start,
        }

    def handle(self, request):
        session = self._session
        if request.host not in self._hosts:
            if session.is_shown:
                return responses.whole(*probes.yes(request.path))
            return responses.redirect(self._location)
        try:
            if request.method == "GET":
                return self._get(request.path)
            return self._post(request) or responses.of_json({})
        except Refused as refused:
            return responses.refusal(refused.status, refused.sentence)

    def _get(self, path):
        session = self._session
        session.heard()
        if path == "/state.json":
            return responses.streamed(responses.JSON, _encoded(session.state()))
        if path == "/profiles.json":
            return responses.streamed(responses.JSON, self._profiles())
        if path == "/done":
            session.is_shown = True
        elif path != "/":
            raise Refused(404, "there is nothing at this path")
        return self._page()

    def _page(self):
        try:
            file = open(self._root + "/firmware/setup.html.gz", "rb")
        except OSError:
            return responses.whole(200, "text/plain", _NO_PAGE)
        return responses.streamed("text/html; charset=utf-8", _pieces(file), _PAGE_FIELDS)

    def _profiles(self):
        """Those of the project, and behind them the owner's."""
        known = set()
        with open(self._root + "/firmware/setup_profiles.json", "rb") as file:
            yield file.readline()
            for line in file:
                if line.startswith(b"]"):
                    break
                known.add(json.loads(line.rstrip(b",\n"))["name"])
                yield line
        for name in sorted(set(self._session.files.names("profile")) - known):
            title = self._session.title(name)
            if title:
                yield b", " + json.dumps(title).encode() + b"\n"
        yield b"]\n"

    def _post(self, request):
        session = self._session
        if request.method != "POST":
            raise Refused(405, "GET and POST are allowed")
        if request.token != session.token or request.kind != "application/json":
            raise Refused(403, "the page is of another start; load it again")
        work = self._posts.get(request.path)
        if not work:
            raise Refused(404, "there is nothing at this path")
        try:
            body = strict_json.loads(bytes(request.body), OrderedDict)
        except ValueError as error:
            raise Refused(400, "not JSON: %s" % error)
        if not isinstance(body, dict):
            raise Refused(400, "an object is needed")
        session.heard()
        return work(body)

    def _config(self, body):
        config = body.get("config")
        if not isinstance(config, dict):
            raise Refused(400, "config: an object is needed")
        if isinstance(body.get("notes"), dict):
            self._session.note(body["notes"])
        self._session.replace(config)
        return self._checked()

    def _search(self, body):
        self._want("search", body.get("whole") is True)

    def _read(self, body):
        self._want("read", None)

    def _stop(self, body):
        self._session.wanted = ("stop", None)

    def _want(self, kind, argument):
        session = self._session
        if kind != "wifi" and session.board() is None:
            raise Refused(409, "the board is not known yet")
        session.wanted = (kind, argument)
        session.task = {"kind": kind, "done": 0, "total": 0, "now": None}

    def _wifi(self, body):
        try:
            ssid = unhexlify(body["ssid_hex"])
            password = body.get("password")
            if password is None:
                password = self._session.password_of(text(ssid))
            size = len(password.encode())
        except (KeyError, ValueError, TypeError, AttributeError):
            raise Refused(400, "ssid_hex and password are needed")
        if not 1 <= len(ssid) <= 32 or text(ssid) is None:
            raise Refused(400, "the name of the network has 1 to 32 bytes of UTF-8")
        if size and not 8 <= size <= 64:
            raise Refused(400, "a password has 8 to 64 bytes")
        self._want("wifi", (ssid, password))

    def _save(self, body):
        return self._checked(self._write)

    def _checked(self, then=None):
        """The pieces of {"problem"}, once the checker was asked, which it is between two passes. then(): where there is none."""
        session = self._session
        yield responses.head(200, responses.JSON)
        while not session.is_checked:
            yield None
        if then and not session.problem:
            then()
        yield json.dumps({"problem": session.problem}).encode()

    def _write(self):
        session = self._session
        session.store.save_config(session.draft.text())
        session.is_saved = True

    def _start(self, body):
        session = self._session
        if not session.is_saved:
            raise Refused(409, "nothing is saved yet")
        session.is_ending = True
        session.end_within(_SHOWN_MS)


def _encoded(texts):
    for one in texts:
        yield one.encode()


def _pieces(file):
    with file:
        while True:
            piece = file.read(_FILE_BYTES)
            if not piece:
                return
            yield piece
