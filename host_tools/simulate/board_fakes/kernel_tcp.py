# SPDX-License-Identifier: MIT
"""What lwip.py asks of Linux's TCP, by the number of a socket's file. No heap."""

import struct

import host
import uctypes

listen = host.libc.func("i", "listen", "ii")
shutdown = host.libc.func("i", "shutdown", "ii")
_setsockopt = host.libc.func("i", "setsockopt", "iiipi")
_getsockopt = host.libc.func("i", "getsockopt", "iiipp")
_TIOCINQ = 0x541B
_TIOCOUTQ = 0x5411
_SOL_SOCKET = 1
_ATTACH_FILTER = 26
_DETACH_FILTER = 27
_IPPROTO_TCP = 6
_TCP_INFO = 11
_UNACKED_AT = 24  # in struct tcp_info; of a listener: connections that wait for accept()
# Its first byte is the state: ESTABLISHED, FIN_WAIT1, FIN_WAIT2 where it is for us to end it, or CLOSE.
_OURS_TO_END = b"\x01\x04\x05"
_CLOSED = 7

# BPF: drop what has the flag SYN, pass the rest.
_DROP_SYN = struct.pack(
    "HBBI" * 4, 0x30, 0, 0, 13, 0x45, 0, 1, 2, 0x06, 0, 0, 0, 0x06, 0, 0, 0xFFFFFFFF
)
_FILTER = struct.pack("HP", 4, uctypes.addressof(_DROP_SYN))
_number = bytearray(4)
_info = bytearray(32)
_info_size = bytearray(4)


def _ask(fd):
    _info_size[0] = len(_info)
    _getsockopt(fd, _IPPROTO_TCP, _TCP_INFO, _info, _info_size)


def _queued(fd, request):
    host.ioctl(fd, request, _number)
    return _number[0] | _number[1] << 8 | _number[2] << 16


def drop_syns(fd, is_on):
    """Lose what would become a connection of this listener, as if it had not arrived."""
    option = _ATTACH_FILTER if is_on else _DETACH_FILTER
    _setsockopt(fd, _SOL_SOCKET, option, _FILTER, len(_FILTER))


def waiting(fd):
    """How many connections wait for accept()."""
    _ask(fd)
    return _info[_UNACKED_AT]


def is_ours_to_end(fd):
    """Has the other side not closed yet?"""
    _ask(fd)
    return _info[0] in _OURS_TO_END


def unread(fd):
    """Bytes that have come."""
    return _queued(fd, _TIOCINQ)


def unconfirmed(fd):
    """Bytes that the other side has not confirmed and may still."""
    _ask(fd)
    return 0 if _info[0] == _CLOSED else _queued(fd, _TIOCOUTQ)
