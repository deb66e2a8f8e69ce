# SPDX-License-Identifier: MIT
"""Clamps beside a bus that is never idle (poll_interval_ms 0), in virtual time."""

from clamp.component import Clamps
from clamp.reading import Clamp
from clamp_fakes import clamp_adc
from host_tools.simulate.clamp_waves import WAVES, Input
from line import Line
from planning.clamp_models import scale
from test_poller import build, meter_unit

HEAP = "1024k"
RUN_MS = 20000


class Loop:
    """Bus and clamps as tasks of one loop that takes pass_ms for everything else."""

    def __init__(self, clamps, pass_ms, turnaround_ms=10):
        self.line = Line({1: meter_unit(1.0), 2: meter_unit(2.0)}, turnaround_ms=turnaround_ms)
        self.bus, _ = build(self.line, [1, 2], poll_interval_ms=0)
        self.pass_ms = pass_ms
        module = clamp_adc()
        self.sources = [Input(WAVES["sine"], 300, seed=i) for i in range(clamps)]
        module.ticks_us = lambda: max([source.now_us for source in self.sources])
        self.clamps = []
        for source in self.sources:
            adc = module.ClampADC(source)
            self.clamps.append(Clamp("ct", adc, scale({"amps_per_volt": 30}, {})))
        self.part = Clamps(self.clamps, may_hold=lambda: self.bus.quiet)
        self.starts_ms = []
        self.begun_while_busy = 0

    def run(self):
        line, bus_due_ms, clamp_due_ms = self.line, 0, 0
        first_ms = line.now_ms
        while line.now_ms < first_ms + RUN_MS:
            if line.now_ms >= bus_due_ms:
                bus_due_ms = line.now_ms + self.bus.step(line.now_ms)
            if self.sources and line.now_ms >= clamp_due_ms:
                clamp_due_ms = line.now_ms + self._sample()
            line.now_ms += self.pass_ms
        return len(line.requests)

    def _sample(self):
        now_ms = self.line.now_ms
        for source in self.sources:
            source.now_us = now_ms * 1000
        busy = not self.bus.quiet
        delay_ms = self.part.step(now_ms)
        held_ms = max([source.now_us for source in self.sources]) // 1000 - now_ms
        if held_ms > 1:
            self.starts_ms.append(now_ms)
            self.begun_while_busy += busy
            self.line.now_ms += held_ms
        return delay_ms


def test_a_window_never_begins_in_a_transaction_and_is_never_starved():
    for pass_ms in (1, 3):
        loop = Loop(1, pass_ms)
        loop.run()
        gaps = [b - a for a, b in zip(loop.starts_ms, loop.starts_ms[1:])]
        assert loop.begun_while_busy == 0
        assert len(gaps) > 14 and max(gaps) <= 1400, max(gaps)
        assert loop.clamps[0].result["windows"] > 14


def test_each_clamp_costs_the_bus_one_mains_cycle_a_second_at_most():
    alone = Loop(0, 1).run()
    for clamps in (1, 3):
        loop = Loop(clamps, 1)
        requests = loop.run()
        windows = len(loop.starts_ms)
        assert windows * 1000 <= clamps * RUN_MS * 1.05
        lost = 1 - requests / alone
        assert lost <= windows * 20 / RUN_MS + 0.005, (clamps, lost)


def test_clamps_that_take_turns_are_each_measured_every_second():
    loop = Loop(3, 1)
    loop.run()
    for clamp in loop.clamps:
        assert clamp.result["windows"] + sum(clamp.rejected.values()) >= RUN_MS // 1400
