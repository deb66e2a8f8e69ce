# SPDX-License-Identifier: MIT
"""The power fails at every single block operation while the store works, on MicroPython's own littlefs: afterwards
every file is the old one or the new one, and whole.
"""

import binascii
import json
import os

import esp32_fakes  # noqa: F401  (before the firmware)
from firmware.modes import planning
from firmware.modes.store import Store
from skipping import skip

try:
    import vfs
except ImportError:
    vfs = None

HEAP = "1024k"

_BLOCK = 4096  # as on the ESP32's flash
_COUNT = 12
_TOP = "/cut"
_EIO = -5


def config_text(name):
    """Too long to lie in littlefs's own metadata."""
    return json.dumps({"name": name, "filler": [name] * 300})


def with_crc(text):
    """As the bridge keeps the last good config: docs/formats/device.md."""
    return text + "%08x" % (binascii.crc32(text.encode()) & 0xFFFFFFFF)


def slot(words):
    return "%08x %s" % (binascii.crc32(words.encode()) & 0xFFFFFFFF, words)


OLD = config_text("old")
NEW = config_text("new")


class Flash:
    """A block device whose power fails at the operation `left`; torn: that one is done by half.

    Errors are returned, as littlefs wants them: an exception would leap through its C code.
    """

    def __init__(self, data, left=None, torn=False):
        self.data = bytearray(data)
        self.left = left
        self.torn = torn
        self.failed = False

    def _fails_now(self):
        """Is this the operation at which the power fails? None goes on after it."""
        if self.left is None:
            return False
        self.left -= 1
        self.failed = self.left < 0
        return self.left == -1

    def _put(self, at, data):
        size = len(data)
        if self._fails_now():
            size = size // 2 if self.torn else 0
        elif self.failed:
            size = 0
        self.data[at : at + size] = data[:size]
        return _EIO if self.failed else 0

    def readblocks(self, block, buf, offset=0):
        if self.failed:
            return _EIO
        at = block * _BLOCK + offset
        buf[:] = self.data[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        return self._put(block * _BLOCK + offset, bytes(buf))

    def ioctl(self, op, argument):
        if op == 4:
            return _COUNT
        if op == 5:
            return _BLOCK
        if op == 6:
            return self._put(argument * _BLOCK, b"\xff" * _BLOCK)
        return 0


def formatted(files):
    """The flash of a board with these files {path: text}."""
    flash = Flash(b"\xff" * (_BLOCK * _COUNT))
    vfs.VfsLfs2.mkfs(flash)
    vfs.mount(vfs.VfsLfs2(flash), _TOP)
    for folder in ("/a", "/b"):
        os.mkdir(_TOP + folder)
    for path in files:
        write(path, files[path])
    vfs.umount(_TOP)
    return bytes(flash.data)


def write(path, text):
    with open(_TOP + path, "w") as file:
        file.write(text)


def read(path):
    try:
        with open(_TOP + path) as file:
            return file.read()
    except OSError:
        return None


def seen_after_each_cut(files, work, look):
    """The set of what look() finds after the power has failed during work(), once for every operation."""
    if not hasattr(vfs, "VfsLfs2"):
        skip("needs littlefs, which CPython and the WebAssembly build lack")
    found = set()
    start = formatted(files)
    for torn in (False, True):
        operations = 0
        while operations < 500:
            flash = Flash(start, operations, torn)
            vfs.mount(vfs.VfsLfs2(flash), _TOP)
            try:
                work()
            except OSError:
                assert flash.failed
            vfs.umount(_TOP)
            complete = not flash.failed
            flash.left, flash.failed = None, False
            vfs.mount(vfs.VfsLfs2(flash), _TOP)
            found.add(look())
            vfs.umount(_TOP)
            operations += 1
            if complete:
                break
        assert 5 < operations < 500
    return found


class Files(planning.Files):
    """Stands for the planner."""

    def plan(self, path):
        return {"name": json.loads(self._store.text(path, 8192))["name"]}


class RefusesNew(Files):
    def plan(self, path):
        made = super().plan(path)
        if made["name"] == "new":
            raise ValueError("config.json: refused")
        return made


def planned(store, files=Files):
    planning.Files = files
    return planning.planned(store, 0)


def settle(store):
    """What the bridge does with its config from the start until it has proved itself."""
    plan = planned(store)
    renames, _ = store.renames(plan)
    if len(renames) < 1 + (store.config_path() != _TOP + "/config.json"):
        raise OSError("no room for a copy")
    for old, new in renames:
        os.rename(old, new)


def test_good_copy_is_the_old_or_the_new_one_at_any_power_cut():
    files = {"/config.json": NEW, "/config.good.json": with_crc(OLD)}
    found = seen_after_each_cut(
        files, lambda: settle(Store("", _TOP)), lambda: read("/config.good.json")
    )
    assert found == {with_crc(OLD), with_crc(NEW)}


def test_first_good_copy_is_there_whole_or_not_at_all():
    found = seen_after_each_cut(
        {"/config.json": NEW}, lambda: settle(Store("", _TOP)), lambda: read("/config.good.json")
    )
    assert found == {None, with_crc(NEW)}


def test_config_of_a_new_slot_survives_its_move_at_any_power_cut():
    files = {"/slot": slot("/cut/a /cut/b"), "/a/config.json": NEW, "/config.json": OLD}
    files["/config.good.json"] = with_crc(OLD)

    def look():
        old_version = planned(Store(_TOP + "/b", _TOP))["name"]
        new_version = planned(Store(_TOP + "/a", _TOP))["name"]
        return read("/slot"), old_version, new_version

    found = seen_after_each_cut(files, lambda: settle(Store(_TOP + "/a", _TOP)), look)
    assert found == {
        (slot("/cut/a /cut/b"), "old", "new"),
        (slot("/cut/a /cut/b"), "new", "new"),
        (slot("/cut/a"), "new", "new"),
    }


def test_refused_config_finds_a_good_one_after_any_power_cut():
    files = {"/config.json": NEW, "/config.good.json": with_crc(OLD)}

    def replace():
        """An owner saves a config, refused later: as deploy does it."""
        write("/config.new", OLD)
        os.rename(_TOP + "/config.new", _TOP + "/config.json")

    found = seen_after_each_cut(
        files, replace, lambda: planned(Store("", _TOP), RefusesNew)["name"]
    )
    assert found == {"old"}


def test_a_plan_is_whole_or_planned_again_after_any_power_cut():
    files = {"/config.json": NEW, "/config.good.json": with_crc(NEW)}
    store = Store(_TOP, _TOP)

    def look():
        plan = store.plan(0)
        return plan and plan["name"]

    found = seen_after_each_cut(files, lambda: planning.written(store, planned(store)), look)
    assert found == {None, "new"}


def test_config_saved_in_the_set_up_mode_is_the_old_or_the_new_one_after_any_power_cut():
    for root, slot_config in (("", None), ("/a", OLD)):
        files = {"/config.json": OLD}
        if slot_config:
            files["/a/config.json"] = slot_config
        store = Store(_TOP + root, _TOP)

        def look(store=store):
            return planned(Store(store.root, _TOP))["name"]

        found = seen_after_each_cut(
            files, lambda store=store: store.save_config(NEW.encode()), look
        )
        assert found == {"old", "new"}
