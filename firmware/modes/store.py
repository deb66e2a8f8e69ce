# SPDX-License-Identifier: MIT
"""The owner's files and the plan that was made of them: where they lie, whether they still fit each other, what is kept of them.

A config.json that was accepted becomes the last good one once the bridge has proved itself with it.
"""

import binascii
import json
import os

from micropython import const

from firmware.modes.version import VERSION

_CHUNK_BYTES = const(256)
_TRIES = const(
    3
)  # failed starts after which a config that never proved itself is left; at 5 comes safe mode
# What plan_text.text() puts around a plan.
_HEADER_BYTES = const(28)
_CRC_AT = const(9)


class Store:
    """root: the folder of the application; top: where the owner's files lie, whatever the root."""

    def __init__(self, root, top=""):
        self.root = root
        self.top = top
        self.good = top + "/config.good.json"

    def config_path(self):
        """The config.json to start with: that of a slot on trial goes before the owner's."""
        of_slot = self.root + "/config.json"
        return of_slot if size(of_slot) is not None else self.top + "/config.json"

    def places(self, kind):
        """The folders of a kind of files, the owner's first."""
        if kind == "board":
            return [self.root + "/boards"]
        own = [self.root + "/profiles", self.top + "/profiles"]
        return own[self.root == self.top :] + [self.root + "/lib/planning/profiles"]

    def find(self, kind, name):
        """The path of a board or a profile, or None."""
        for folder in self.places(kind):
            path = "%s/%s.json" % (folder, name)
            if size(path) is not None:
                return path
        return None

    def crc(self, source):
        """Of what a plan was made from: "config", "board NAME" or "profile NAME". None where there is no such file."""
        kind, _, name = source.partition(" ")
        path = self.find(kind, name) if name else self.config_path()
        try:
            return crc_of(path)
        except (OSError, TypeError):
            return None

    def is_doubtful(self, failed):
        """Is a new config to be left because starts with it failed? failed: starts before this one."""
        path = self.config_path()
        return failed >= _TRIES and size(self.good) is not None and not same(path, self.good)

    def plan(self, failed):
        """The plan that was made from what lies here now, or None: then it is to be planned."""
        try:
            plan = read_plan(self.root + "/plan.json")
            if plan["version"] != VERSION or plan["is_doubtful"] != self.is_doubtful(failed):
                return None
            for source in plan["sources"]:
                if self.crc(source) != plan["sources"][source]:
                    return None
            return plan
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def renames(self, plan):
        """What is to be done once a run with this plan has proved itself: ([(from, to)], whether it can be gone back from)."""
        renames, can_go_back = [], False
        if not plan["complaint"]:
            renames, can_go_back = self._keep_config(self.config_path())
        try:
            with open(self.top + "/slot") as file:
                is_on_trial = len(file.read().split()) > 1
            if is_on_trial:
                can_go_back = True
                with open(self.top + "/slot.proved", "w") as file:
                    file.write(self.root or "/")
                renames.append((self.top + "/slot.proved", self.top + "/slot"))
        except OSError:
            pass  # there are no slots, or no room: then it stays on trial
        return renames, can_go_back

    def _keep_config(self, path):
        """Copy an accepted config now, so that only renames are left for later."""
        renames, can_go_back = [], False
        if not same(path, self.good):
            try:
                copy(path, self.top + "/config.tmp")
                renames.append((self.top + "/config.tmp", self.good))
                can_go_back = size(self.good) is not None
            except OSError:
                pass  # no room for a second copy: the bridge runs without
        if path != self.top + "/config.json":
            renames.append((path, self.top + "/config.json"))
        return renames, can_go_back


def read_plan(path):
    """The plan in a file; ValueError unless it is whole (planning.plan_text)."""
    with open(path, "rb") as file:
        head = file.read(_HEADER_BYTES)
        crc = 0
        left = size(path) - _HEADER_BYTES - 1
        while left > 0:
            chunk = file.read(min(left, _CHUNK_BYTES))
            crc = binascii.crc32(chunk, crc)
            left -= len(chunk)
            if not chunk:
                raise ValueError
        if head[_CRC_AT : _CRC_AT + 8] != b"%08x" % (crc & 0xFFFFFFFF):
            raise ValueError
        file.seek(0)
        return json.load(file)["plan"]


def crc_of(path):
    crc = 0
    with open(path, "rb") as file:
        while True:
            chunk = file.read(_CHUNK_BYTES)
            if not chunk:
                return crc & 0xFFFFFFFF
            crc = binascii.crc32(chunk, crc)


def size(path):
    try:
        return os.stat(path)[6]
    except OSError:
        return None


def same(path, other):
    """Have both files the same bytes? False where one is missing."""
    if size(path) is None or size(path) != size(other):
        return False
    with open(path, "rb") as one, open(other, "rb") as two:
        while True:
            chunk = one.read(_CHUNK_BYTES)
            if chunk != two.read(_CHUNK_BYTES):
                return False
            if not chunk:
                return True


def copy(path, other):
    with open(path, "rb") as source, open(other, "wb") as target:
        while True:
            chunk = source.read(_CHUNK_BYTES)
            if not chunk:
                return
            target.write(chunk)
