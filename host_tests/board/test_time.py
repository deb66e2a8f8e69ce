# SPDX-License-Identifier: MIT
"""An inverter that only has a total: its day counts from midnight, once an NTP server has told the time."""

import contextlib
import socket
import threading
import time
from datetime import UTC, datetime

import bridge
from host_tools.simulate.site import Site

INVERTER = {"category": "inverters", "profile": "eastron-sdm630", "unit": 1}
# In Vienna.
MIDNIGHT = datetime(2026, 7, 1, 22, tzinfo=UTC)
ERA_S = datetime(1900, 1, 1, tzinfo=UTC).timestamp()


class TimeServer(threading.Thread):
    """NTP on a free port: some seconds before MIDNIGHT when it is first asked."""

    def __init__(self, seconds_before):
        super().__init__(daemon=True)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._first_s = MIDNIGHT.timestamp() - ERA_S - seconds_before
        self.start()

    def run(self):
        offset_s = None
        while True:
            asked, client = self._socket.recvfrom(512)
            if offset_s is None:
                offset_s = self._first_s - time.monotonic()
            now = int((time.monotonic() + offset_s) * (1 << 32)).to_bytes(8, "big")
            self._socket.sendto(bytes([0x24, 1]) + bytes(22) + asked[40:48] + now + now, client)


def config(port):
    return {
        "wifi": bridge.WIFI,
        "bus": {"baudrate": 19200, "poll_interval_ms": 200},
        "time": {"server": "127.0.0.1", "port": port},
        "freshness": {"limit_s": 3},
        "devices": [INVERTER],
    }


@contextlib.contextmanager
def started(folder, port, site):
    state = ("--state", str(folder / "state"), "--interpreter", "32")
    with bridge.running(folder, config(port), site.bridge_tty, *state) as board:
        yield board


def energy(answer):
    """(energy of the day, total) of a good answer, each None where it is left out."""
    if answer.status != 200:
        return None, None
    inverter = answer.body["device_values"]["inverters"]["0"]
    return inverter.get("pv_energy_day_wh"), inverter.get("pv_energy_total_wh")


def test_day_counts_from_midnight_and_over_a_loss_of_power(tmp_path):
    server = TimeServer(seconds_before=24)  # the second opinion comes after 16 s
    with Site(config(server.port), hour=12) as site:
        site.freeze()
        with started(tmp_path, server.port, site) as board:
            answer = board.until(lambda a: energy(a)[1] is not None, "a total")
            first_day, midnight_wh = energy(answer)
            assert first_day is None, "midnight has not been seen"
            board.until(lambda a: energy(a)[0] == 0, "a new day", 40)
            counters = board.get("/status.json").body["time"]
            assert counters == {"known": 1, "asked": 2, "answered": 2}
            site.freeze(14 * 3600)
            answer = board.until(lambda a: (energy(a)[0] or 0) > 1000, "what was made since")
            day_wh, total_wh = energy(answer)
            assert day_wh == total_wh - midnight_wh
        with started(tmp_path, server.port, site) as board:
            board.until(lambda a: energy(a) == (day_wh, total_wh), "the same day", 40)


def test_day_is_left_out_while_nobody_tells_the_time(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        with Site(config(port), hour=12) as site, started(tmp_path, port, site) as board:
            board.until(lambda a: energy(a)[1] is not None, "a total")
            silent.settimeout(5)
            assert len(silent.recvfrom(512)[0]) == 48, "it was asked"
            time.sleep(2.5)
            assert energy(board.get())[0] is None
            assert board.get("/status.json").body["time"]["known"] == 0
