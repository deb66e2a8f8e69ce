# SPDX-License-Identifier: MIT
"""The owner's files and the plan that was made of them: where they lie, whether they still fit each other, what is kept of them.

A config.json that was accepted becomes the last good one once the bridge has proved itself with it. That copy ends with its CRC: damaged, it
is none.
"""

import binascii
import json
import os

from micropython import const

from firmware.modes.version import VERSION

BOARD = "esp32-devkit-max3485"  # of a config that names none (lib/planning/schema.py)
_CHUNK_BYTES = const(256)
_TRIES = const(
    3
)  # failed starts after which a config that never proved itself is left; at 5 comes safe mode
# What plan_text.text() puts around a plan.
_HEADER_BYTES = const(28)
_CRC_AT = const(9)
_CRC_BYTES = const(8)


class Store:
    """root: the folder of the application; top: where the owner's files lie, whatever the root."""

    def __init__(self, root, top=""):
        self.root = root
        self.top = top
        self.good = top + "/config.good.json"
        self.pack = root + "/lib/planning/profiles.pack"  # all profiles that come with the bridge

    def config_path(self):
        """The config.json to start with: that of a slot on trial goes before the owner's."""
        of_slot = self.root + "/config.json"
        return of_slot if size(of_slot) is not None else self.top + "/config.json"

    def save_config(self, text):
        """Bytes, in the place of the owner's config.json, whole or not at all; then that of a slot on trial no longer counts."""
        path, temporary = self.top + "/config.json", self.top + "/config.new"
        with open(temporary, "wb") as file:
            file.write(text)
        os.rename(temporary, path)
        if self.config_path() != path:
            os.remove(self.config_path())

    def places(self, kind):
        """The folders of a kind of files, the owner's first."""
        if kind == "board":
            return [self.root + "/boards"]
        own = [self.root + "/profiles", self.top + "/profiles"]
        return own[self.root == self.top :]

    def find(self, kind, name):
        """The path of a board or of an owner's profile, or None: then the profile is one of the pack's, if any."""
        for folder in self.places(kind):
            path = "%s/%s.json" % (folder, name)
            if size(path) is not None:
                return path
        return None

    def crc(self, source):
        """Of what a plan was made from: "config", "board NAME", "profile NAME" (the owner's own) or "pack", which begins with its CRC.

        None where there is no such file.
        """
        kind, _, name = source.partition(" ")
        if kind == "pack":
            return _number(read(self.pack)[:_CRC_BYTES])
        path = self.find(kind, name) if name else self.config_path()
        try:
            with open(path, "rb") as file:
                return crc_of(file, size(path))
        except (OSError, TypeError):
            return None

    def is_doubtful(self, failed):
        """Is a new config to be left because starts with it failed? failed: starts before this one."""
        return failed >= _TRIES and self.good_crc() not in (None, self.crc("config"))

    def good_crc(self):
        """Of the last good config without its end, which is this CRC; None where there is none that is whole."""
        try:
            with open(self.good, "rb") as file:
                crc = crc_of(file, size(self.good) - _CRC_BYTES)
                return crc if file.read() == crc_text(crc) else None
        except OSError:
            return None

    def text(self, path, most_bytes):
        """Of a config: so many bytes at the most, and of the last good one not its CRC. ValueError where that is damaged."""
        count = size(path) or 0
        if path == self.good:
            count -= _CRC_BYTES
            if self.good_crc() is None:
                raise ValueError("it is damaged")
        with open(path, "rb") as file:
            return file.read(min(count, most_bytes))  # its buffer is made for what is asked

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
        said, proved = read(self.top + "/slot"), (self.root or "/").encode()
        proved = crc_text(binascii.crc32(proved)) + b" " + proved
        if said != proved and (said or self.root != self.top):
            # It is on trial, damaged or missing.
            can_go_back = can_go_back or said.count(b" ") > 1
            try:
                with open(self.top + "/slot.proved", "wb") as file:
                    file.write(proved)
                renames.append((self.top + "/slot.proved", self.top + "/slot"))
            except OSError:
                pass  # no room: then it stays as it is
        return renames, can_go_back

    def _keep_config(self, path):
        """Copy an accepted config now, so that only renames are left for later."""
        renames, can_go_back = [], False
        good = self.good_crc()
        try:
            if good is None or good != self.crc("config"):
                copy(path, self.top + "/config.tmp")
                renames.append((self.top + "/config.tmp", self.good))
                can_go_back = good is not None
        except OSError:
            pass  # no room for a second copy: the bridge runs without
        if path != self.top + "/config.json":
            renames.append((path, self.top + "/config.json"))
        return renames, can_go_back


def read_plan(path):
    """The plan in a file; ValueError unless it is whole (planning.plan_text)."""
    with open(path, "rb") as file:
        head = file.read(_HEADER_BYTES)
        crc = crc_of(file, size(path) - _HEADER_BYTES - 1)
        if head[_CRC_AT : _CRC_AT + _CRC_BYTES] != crc_text(crc):
            raise ValueError
        file.seek(0)
        return json.load(file)["plan"]


def crc_text(crc):
    return b"%08x" % (crc & 0xFFFFFFFF)


def _number(text):
    """Of crc_text(); None where there is none."""
    try:
        return int(text, 16)
    except ValueError:
        return None


def crc_of(file, count):
    """Of the next so many bytes, read in small pieces."""
    crc = 0
    while count > 0:
        chunk = file.read(min(count, _CHUNK_BYTES))
        if not chunk:
            break
        crc = binascii.crc32(chunk, crc)
        count -= len(chunk)
    return crc & 0xFFFFFFFF


def size(path):
    try:
        return os.stat(path)[6]
    except OSError:
        return None


def read(path):
    """The bytes of a small file; b"" where there is none."""
    try:
        with open(path, "rb") as file:
            return file.read(_CHUNK_BYTES)
    except OSError:
        return b""


def copy(path, other):
    """With its CRC behind it."""
    crc = 0
    with open(path, "rb") as source, open(other, "wb") as target:
        while True:
            chunk = source.read(_CHUNK_BYTES)
            if not chunk:
                break
            crc = binascii.crc32(chunk, crc)
            target.write(chunk)
        target.write(crc_text(crc))
