# SPDX-License-Identifier: MIT
"""What a board needs to become what it is to be, and the commands for that: all of deploy that is only thinking."""

import hashlib
import zlib
from collections.abc import Iterator
from typing import NamedTuple

SLOTS = ("/a", "/b")
TOP = ("boot.py", "main.py")  # outside the slots: they choose
DIGEST_OF_CONFIG = "config.deployed"  # in a slot: of the config.json that came with it
_OURS = ("/firmware/", "/lib/", "/boards/", "/a/", "/b/")
_LAST = "firmware/modes/version."  # of a slot: without it, main.py does not take the slot for a whole one
_UNRELEASED = "/firmware/starting."
_PIECE_BYTES = 4096
_BATCH_BYTES = 4000  # what a board compiles at once

# What would end a literal or a line, or means something to the raw REPL.
_ESCAPED = {byte: b"\\x%02x" % byte for byte in (0, 1, 2, 3, 4, 5)}
_ESCAPED |= {10: b"\\n", 13: b"\\r", 34: b'\\"', 92: b"\\\\"}


# Python for the board, and how many bytes of a file it carries.
Command = tuple[bytes, int]


class DeployError(Exception):
    """The new version is not on the board, or does not run; the text is for the user."""


class Held(NamedTuple):
    """What a board holds. slots: what /slot says. files: {path: digest}; "-" for an empty folder."""

    slots: list
    files: dict
    free: int


class Plan(NamedTuple):
    """What is to be done. commands: Python for the board. sent: bytes of the files that it is sent."""

    target: str
    commands: list
    sent: int
    uploads: list
    copies: list
    removals: list


def digest(data: bytes) -> str:
    """As digest() on the board."""
    return hashlib.sha256(data).hexdigest()[:24]


def slots(pointer: str) -> list[str]:
    """The roots that /slot names, behind their CRC."""
    return [word for word in pointer.split() if word in (*SLOTS, "/")]


def is_unreleased(held: Held) -> bool:
    """Whether a bridge from before the first release is there: its main.py and its slots know no modes and no plan."""
    return any(_UNRELEASED in path for path in held.files)


def without_unreleased(held: Held) -> tuple[Held, list[Command]]:
    """(what is left of such a board, the commands that remove the rest). The owner's config.json and profiles stay."""
    old = [path for path in held.files if path.startswith(_OURS)]
    commands = [(b"remove(%a)" % path, 0) for path in ("/slot", "/config.checked.json", *old)]
    files = {path: what for path, what in held.files.items() if path not in old}
    return held._replace(slots=[], files=files), commands


def running_is(wanted: dict[str, bytes], held: Held) -> bool:
    """Whether the board runs this already."""
    if not held.slots or held.slots[0] not in SLOTS:
        return False
    slot = held.slots[0]
    there = within(slot, held.files)
    if "/config.json" in held.files:
        there.setdefault("config.json", held.files["/config.json"])
    there.update({name: held.files[f"/{name}"] for name in TOP if f"/{name}" in held.files})
    return there == {path: digest(data) for path, data in wanted.items()}


def within(slot: str, files: dict[str, str]) -> dict[str, str]:
    return {path[len(slot) + 1 :]: files[path] for path in files if path.startswith(slot + "/")}


def plan(wanted: dict[str, bytes], held: Held) -> Plan:
    """How to make the slot that does not run equal to the image."""
    target = SLOTS[1] if held.slots[:1] == [SLOTS[0]] else SLOTS[0]
    slot_files = {path: data for path, data in wanted.items() if path not in TOP}
    there = within(target, held.files)
    removals = [path for path in there if path not in slot_files]
    differ = {path for path, data in slot_files.items() if there.get(path) != digest(data)}
    last = {path for path in slot_files if path.startswith(_LAST)} if differ or removals else set()
    differ |= last
    # What lies elsewhere on the board need not come over the wire.
    elsewhere = {
        what: path for path, what in held.files.items() if not path.startswith(target + "/")
    }
    copies = sorted(path for path in differ if digest(slot_files[path]) in elsewhere)
    uploads = sorted(differ.difference(copies))
    first = sorted(last.intersection(there))
    commands = [(b"remove(%a)" % f"{target}/{path}", 0) for path in [*first, *removals]]
    for path in sorted(copies + uploads, key=lambda path: (path in last, path in uploads)):
        if path in uploads:
            commands += write_commands(f"{target}/{path}", slot_files[path])
        else:
            old = elsewhere[digest(slot_files[path])]
            commands.append((b"copy(%a, %a)" % (old, f"{target}/{path}"), 0))
    sent = sum(len(slot_files[path]) for path in uploads)
    return Plan(target, commands, sent, uploads, copies, removals)


def write_commands(path: str, data: bytes) -> Iterator[Command]:
    """(command, bytes of the file that it carries), piece by piece."""
    for at in range(0, max(1, len(data)), _PIECE_BYTES):
        piece = data[at : at + _PIECE_BYTES]
        mode = b", 'ab'" if at else b""
        yield b"write(%a, %b%b)" % (path, literal(packed(piece)), mode), len(piece)


def packed(data: bytes) -> bytes:
    """As write() on the board takes it. A window of 1 kB: what unpacks it has to hold it."""
    packer = zlib.compressobj(9, wbits=10)
    return packer.compress(data) + packer.flush()


def literal(data: bytes) -> bytes:
    """Source of a bytes object, for MicroPython alone: its lexer takes 8-bit characters, and so they cost one byte each.

    Escaped are those that end a literal or a line, and those that mean something to the raw REPL.
    """
    return b'b"' + b"".join(_ESCAPED.get(byte, bytes((byte,))) for byte in data) + b'"'


def batches(commands: list[Command]) -> Iterator[Command]:
    """Commands put together to what a board can well take at once: (program, bytes of files in it)."""
    lines, count = [], 0
    for command, size in commands:
        if lines and len(b"\n".join(lines)) + len(command) > _BATCH_BYTES:
            yield b"\n".join(lines), count
            lines, count = [], 0
        lines.append(command)
        count += size
    if lines:
        yield b"\n".join(lines), count


def top_commands(wanted: dict[str, bytes], held: Held) -> Iterator[bytes]:
    """Replace boot.py and main.py where they differ, each as a whole."""
    for name in TOP:
        if held.files.get(f"/{name}") != digest(wanted[name]):
            new = f"/{name}.tmp"
            lines = [command for command, _ in write_commands(new, wanted[name])]
            lines.append(b"replace(%a, %a, %a)" % (new, f"/{name}", digest(wanted[name])))
            yield b"\n".join(lines)
