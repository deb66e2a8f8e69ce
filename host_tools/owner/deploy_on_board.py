# SPDX-License-Identifier: MIT
"""What deploy has the board do. Runs there, in the raw REPL, before deploy's single commands."""

import io
import os
from binascii import crc32, hexlify
from hashlib import sha256

import deflate
import machine

_FOLDER = 0x4000


def digest(path):
    """As deploy.digest()."""
    total = sha256()
    with open(path, "rb") as file:
        while True:
            data = file.read(1024)
            if not data:
                return hexlify(total.digest())[:24].decode()
            total.update(data)


def tell(path):
    """Print digest and path of this file, or of all that lie below this folder; empty folders as "-"."""
    try:
        folder = os.stat(path)[0] & _FOLDER
    except OSError:
        return
    tell_all(path) if folder else print(digest(path), path)


def tell_all(folder):
    entries = [entry[:2] for entry in os.ilistdir(folder)]
    for name, kind in entries:
        path = folder + "/" + name
        tell_all(path) if kind & _FOLDER else print(digest(path), path)
    if not entries:
        print("-", folder)


def pointer():
    """Print what /slot says: which slots are started."""
    try:
        with open("/slot") as file:
            print(file.read())
    except OSError:
        print()


def room():
    """Bytes that are free."""
    stat = os.statvfs("/")
    return stat[0] * stat[3]


def make_folders(path):
    at = path.find("/", 1)
    while at > 0:
        try:
            os.mkdir(path[:at])
        except OSError:
            pass
        at = path.find("/", at + 1)


def write(path, data, mode="wb"):
    """A piece of a file, packed by deploy.packed()."""
    make_folders(path)
    with open(path, mode) as file:
        file.write(deflate.DeflateIO(io.BytesIO(data), deflate.ZLIB).read())


def copy(old, new):
    make_folders(new)
    with open(old, "rb") as source, open(new, "wb") as target:
        while True:
            data = source.read(1024)
            if not data:
                return
            target.write(data)


def remove(path):
    """A file, or an empty folder, and the folders that it leaves empty."""
    try:
        os.rmdir(path) if os.stat(path)[0] & _FOLDER else os.remove(path)
        path = path[: path.rfind("/")]
        while path and not os.listdir(path):
            os.rmdir(path)
            path = path[: path.rfind("/")]
    except OSError:
        pass


def replace(new, path, wanted):
    """Put a whole file in the place of another."""
    if digest(new) != wanted:
        raise OSError(new + " did not arrive whole")
    os.rename(new, path)


def point(words, memory):
    """Say what is to be started; memory: what the start finds in RTC memory."""
    machine.RTC().memory(memory)
    with open("/slot.tmp", "w") as file:
        file.write(f"{crc32(words.encode()):08x} {words}")  # as main.py reads it
    os.rename("/slot.tmp", "/slot")


def give(path):
    """Print a file's bytes in hex, or "-" where there is none."""
    try:
        with open(path, "rb") as file:
            while True:
                data = file.read(512)
                if not data:
                    return print()
                print(hexlify(data).decode())
    except OSError:
        print("-")
