# SPDX-License-Identifier: MIT
"""Our server beside DiniTech's script, asyncio streams, microdot and the least there can be, on
one interpreter.
"""

import contextlib
import os
import statistics
import time

from host_tools.build import interpreter
from host_tools.measure.bench import client, servers

ROUNDS = 7
REQUESTS = 500  # of each server in a round


def main():
    small = interpreter.find(32)
    wide = interpreter.find(64)
    servers.install_microdot()
    print(f"{small}; instructions on the 64-bit build (valgrind does not run the other)\n")
    counts = {key: _counts(key, small, wide) for key in servers.SERVERS}
    speeds = _speeds(small)
    print(
        "| server | heap B | instructions | of DiniTech's | system calls | requests/s | of bare | p50 ms | p99 ms |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for key, (_, what) in servers.SERVERS.items():
        heap, instructions, calls = counts[key]
        ratio = _ratio(instructions, counts["script"][1])
        rate, of_bare, p50, p99 = speeds[key]
        print(
            f"| {what} | {_whole(heap)} | {_whole(instructions)} | {ratio} | {_tenth(calls)} "
            f"| {rate:.0f} | {of_bare:.2f} | {p50:.3f} | {p99:.3f} |"
        )
    print(
        f"\nPer request for values.json, sent {servers.LATE_S * 1000:.0f} ms after connecting; requests/s on one "
        f"connection after the other, sent at once, by the median of {REQUESTS}; median of {ROUNDS} rounds in rotated order."
    )


def _counts(key, small, wide):
    found = []
    for measure, build in (
        (servers.heap_bytes, small),
        (servers.instructions, wide),
        (servers.system_calls, small),
    ):
        try:
            found.append(measure(key, build))
        except servers.Missing as reason:
            print(f"- not measured for {key}: {reason}")
            found.append(None)
    return found


def _speeds(build):
    """{key: (requests/s, share of bare, p50 ms, p99 ms)}: medians over rounds, shares taken within
    a round.
    """
    keys = list(servers.SERVERS)
    rates = {key: [] for key in keys}
    times = {key: [] for key in keys}
    cores = sorted(os.sched_getaffinity(0))
    with contextlib.ExitStack() as stack:
        ports = {
            key: stack.enter_context(servers.running(key, 0, build, core=cores[0]))[1]
            for key in keys
        }
        os.sched_setaffinity(0, {cores[-1]})
        stack.callback(os.sched_setaffinity, 0, set(cores))
        for turn in range(ROUNDS):
            shift = turn % len(keys)
            for key in keys[shift:] + keys[:shift]:
                client.many(ports[key], 20)
                answered, cycles = zip(*(_cycle(ports[key]) for _ in range(REQUESTS)), strict=True)
                times[key] += answered
                rates[key].append(1 / statistics.median(cycles))
    return {key: _summary(rates[key], rates["bare"], times[key]) for key in keys}


def _cycle(port):
    """Seconds to the response, and until the client is ready for the next."""
    begin = time.perf_counter()
    answered = client.ask(port)
    return answered, time.perf_counter() - begin


def _summary(rates, bare, times):
    shares = [rate / most for rate, most in zip(rates, bare, strict=True)]
    return (
        statistics.median(rates),
        statistics.median(shares),
        client.percentile(times, 0.5) * 1000,
        client.percentile(times, 0.99) * 1000,
    )


def _whole(figure):
    return "-" if figure is None else f"{figure:.0f}"


def _tenth(figure):
    return "-" if figure is None else f"{figure:.1f}"


def _ratio(figure, base):
    return "-" if figure is None or base is None else f"{figure / base:.2f}"
