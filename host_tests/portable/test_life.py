# SPDX-License-Identifier: MIT
"""What keeps the bridge alive: supervisor, watchdog, memory over resets, LED. Virtual time."""

import asyncio

from esp32_fakes import Board, Esp32, Machine, Reset
from firmware import callbacks, health, log, supervisor, trial
from firmware.hw import led
from firmware.hw.watchdog import Watchdog, relax
from firmware.main import ResetMemory
from firmware.modes import planning
from firmware.modes.reset_reason import last_end
from firmware.trial import Trial
from httpd.ring import Ring
from skipping import heap_taken

HEAP = "512k"
PWRON, HARD, WDT, SOFT = 1, 2, 3, 5


class Sleep:
    """What asyncio.sleep_ms returns, for a task that the test drives itself."""

    def __init__(self, delay_ms):
        self.delay_ms = delay_ms
        self.done = False

    def __iter__(self):
        return self

    __await__ = __iter__

    def __next__(self):
        if self.done:
            raise StopIteration
        self.done = True
        return self.delay_ms


def delays(task, count):
    """The first delays that a task asks for."""
    real = asyncio.sleep_ms
    asyncio.sleep_ms = Sleep
    coroutine = task.run()
    try:
        return [coroutine.send(None) for _ in range(count)]
    finally:
        coroutine.close()
        asyncio.sleep_ms = real


class Component:
    """Each step takes the next of the script: a delay, or an error to raise."""

    def __init__(self, *script):
        self.script = list(script)

    def step(self, now_ms):
        word = self.script.pop(0)
        if isinstance(word, Exception):
            raise word
        return word


def test_component_is_stepped_after_the_delay_that_it_asks_for():
    task = supervisor.Task("bus", Component(7, 0, 12))
    assert delays(task, 3) == [7, 0, 12] and task.moved


def test_crashed_component_is_restarted_with_growing_pauses():
    task = supervisor.Task("bus", Component(*[ValueError("x") for _ in range(7)] + [3]))
    assert delays(task, 8) == [500, 1000, 2000, 4000, 8000, 8000, 8000, 3]
    assert supervisor.crashes["bus"] == 7


def test_pauses_are_short_again_once_all_is_well():
    task = supervisor.Task("bus", Component(ValueError(), ValueError(), 1))
    assert delays(task, 2) == [500, 1000]
    task.rest()
    task.component = Component(ValueError())
    assert delays(task, 1) == [500]


def test_component_that_never_ends_a_step_has_not_moved():
    task = supervisor.Task("bus", Component(ValueError(), ValueError()))
    delays(task, 2)
    assert not task.moved


def logged(error, filler=0):
    """What the log holds after a part has ended with this error, in a ring with that many bytes in it before."""
    real, log.ring = log.ring, Ring(1024)
    log.ring.write(b"." * filler + b"\n")
    try:
        delays(supervisor.Task("server", Component(error)), 1)
        return read(log.ring)
    finally:
        log.ring = real


def read(response):
    """All of a response's body. One read may give less than there is, or what lies behind it in the buffer."""
    response.open(0)
    view = memoryview(bytearray(200))
    got = b""
    while len(got) < response.length:
        got += bytes(view[: response.read(view, len(got))])
    return got[: response.length].partition(b"\r\n\r\n")[2]


def test_reason_of_a_crash_is_kept_for_the_status_and_the_log():
    assert b'ValueError: no "socket"\n' in logged(ValueError('no "socket"'))
    assert supervisor.crashes["last"].startswith(b'"server: ValueError(')
    assert b'no \\"socket\\"' in supervisor.crashes["last"]


def test_log_of_a_crash_has_whole_lines():
    for filler in (0, 1000):
        text = logged(ValueError("x"), filler).split(b"crashed: ")[1]
        assert text.startswith(b"  ") and text.endswith(b"\nValueError: x\n")


def test_log_of_a_crash_with_a_long_reason_has_its_end():
    for filler in range(0, 1024, 13):
        assert logged(ValueError("y" * 500 + "end"), filler).endswith(b"yyend\n")


def tasks(*names):
    made = [supervisor.Task(name, None, name != "led") for name in names]
    for task in made:
        task.moved = True
    return made


class Watched:
    """A watchdog over these tasks; `poll(names)`: one poll, after the named ones have moved."""

    def __init__(self, *names):
        Board.fresh()
        self.memory = ResetMemory()
        self.memory.begin()
        self.trial = Trial(self.memory)
        self.watchdog = Watchdog(self.trial)
        self.tasks = self.watchdog.tasks = tasks(*names)
        self.names = names

    def poll(self, *names):
        for task in self.tasks:
            task.moved = task.moved or task.name in names
        before = Board.fed
        assert self.watchdog.step(0) == 2000
        return Board.fed > before

    def polls(self, count):
        for _ in range(count):
            assert self.poll(*self.names)


def test_watchdog_has_30_s():
    Watched("bus")
    assert Board.wdt_timeout_ms == 30000


def test_watchdog_is_fed_only_when_each_vital_part_has_moved():
    watched = Watched("bus", "clights", "server")
    assert watched.poll("bus", "clights", "server")
    assert not watched.poll("bus", "server")
    assert not watched.poll("bus", "server")
    assert watched.poll("clights")


def test_component_that_is_not_vital_may_crash_and_the_run_proves_itself_all_the_same():
    watched = Watched("bus", "led")
    watched.memory.failed = 3
    watched.trial.note("")
    for _ in range(30):
        supervisor.crashes["led"] += 1
        watched.polls(1)
    assert Board.rtc[1] == 0


def test_component_that_is_not_vital_starves_nobody():
    watched = Watched("bus", "led")
    assert watched.poll("bus") and watched.poll("bus")


def test_stalled_component_is_named_before_the_watchdog_bites():
    watched = Watched("bus", "clights", "server")
    watched.poll("bus", "clights", "server")
    polls = 0
    while not Board.rtc[6:]:
        watched.poll("server")
        polls += 1
    assert 10000 <= 2000 * polls < 30000 - 4000
    assert Board.rtc[6:] == b"no progress: bus, clights"


def test_minute_without_a_crash_clears_the_failed_starts():
    watched = Watched("bus", "server")
    watched.memory.failed = 3
    watched.trial.note("")
    watched.polls(29)
    assert Board.rtc[1] == 3
    watched.polls(1)
    assert Board.rtc[1] == 0


def test_crash_starts_the_minute_again():
    watched = Watched("bus", "server")
    called = []
    watched.trial.healthy = lambda: called.append(1) or True
    watched.polls(29)
    supervisor.crashes["server"] += 1
    watched.polls(29)
    assert called == []
    watched.polls(1)
    assert called == [1]


class Renames:
    """In place of os."""

    def __init__(self):
        self.done = []

    def rename(self, old, new):
        if old == "failing":
            raise OSError(5)
        self.done.append((old, new))


def test_renames_are_done_one_at_a_time_once_it_is_healthy_and_was_reached():
    watched = Watched("bus")
    real, trial.os = trial.os, Renames()
    try:
        done = trial.os.done
        watched.trial.renames = [("a", "b"), ("c", "d")]
        watched.polls(60)
        assert done == []  # nobody could have reached it
        watched.trial.reached = True
        watched.polls(29)
        assert done == []
        watched.polls(1)
        assert done == [("a", "b")]
        watched.polls(1)
        assert done == [("a", "b"), ("c", "d")] and watched.trial.renames == []
    finally:
        trial.os = real


def test_flash_that_fails_when_a_run_has_proved_itself_stops_nothing():
    watched = Watched("bus")
    watched.memory.failed = 3
    real, trial.os = trial.os, Renames()
    try:
        watched.trial.renames = [("failing", "b"), ("c", "d")]
        watched.trial.reached = True
        watched.polls(31)
        assert trial.os.done == [("c", "d")]
        watched.polls(60)
        assert Board.rtc[1] == 0
    finally:
        trial.os = real


def test_run_that_nobody_reaches_stays_counted_where_there_is_something_to_go_back_to():
    watched = Watched("bus")
    watched.memory.failed = 2
    watched.trial.renames = [("a", "b")]
    watched.trial.can_go_back = True
    watched.polls(90)
    assert Board.rtc[1] == 2
    watched.trial.can_go_back = False
    watched.polls(30)
    assert Board.rtc[1] == 0


def test_console_gives_the_running_watchdog_ten_minutes():
    watched = Watched("bus")
    assert watched.watchdog
    relax()
    assert Board.wdt_timeout_ms == 600000 and Board.fed == 1


def ended(memory, cause):
    """What is told of a run that left these bytes in RTC memory."""
    Board.rtc = memory
    return last_end(ResetMemory(), cause)


def test_last_end_names_cause_uptime_and_reason():
    assert ended(b"", PWRON) == "power-on or brown-out"
    assert ended(b"N\x01\x11\x0e\0\0no progress: bus", WDT) == (
        "watchdog after 3601 s: no progress: bus"
    )
    assert ended(b"N\0\0\0\0\0no Wi-Fi", HARD) == "reset: no Wi-Fi"
    assert ended(b"N\0\0\0\0\0", HARD).startswith("reset: crash of the interpreter")
    assert ended(b"N\0\0\0\0\0", SOFT) == "soft reset"
    # 200 days are 17,280,000 s, 0x0107AC00
    assert ended(b"N\0\x00\xac\x07\x01", HARD).startswith("reset after 17280000 s: ")


def test_start_that_only_plans_hands_on_why_the_last_run_ended_and_counts_as_no_failed_one():
    Board.rtc = b"N\x02" + bytes([60, 0, 0, 0]) + b"no progress: bus"
    Machine.cause = WDT
    try:
        planning._restart(ResetMemory())
        raise AssertionError("it goes on")
    except Reset:
        pass
    Machine.cause = PWRON
    memory = ResetMemory()
    assert memory.failed == 1
    assert last_end(memory, SOFT) == "soft reset: watchdog after 60 s: no progress: bus"


def test_last_end_survives_anything_in_the_memory():
    for length in range(12):
        for byte in (0, 10, 0x4E, 0x80, 0xC3, 0xFF):
            for cause in range(8):
                ended(bytes([byte] * length), cause).encode()


def test_end_is_told_once():
    assert ended(b"N\x02\0\0\0\0burnt", WDT) == "watchdog: burnt"
    ResetMemory().begin()
    assert Board.rtc[1] == 2
    assert last_end(ResetMemory(), WDT) == "watchdog"


def test_note_fits_the_memory_and_keeps_the_counter():
    Board.rtc = b"N\x02\0\0\0\0"
    Trial(ResetMemory()).note("x" * 5000)
    assert Board.rtc[:2] == b"N\x02" and len(Board.rtc) == 506


def rounds(state):
    """One round of a state's pattern: [(level, ms)]."""
    Board.fresh()
    light = led.make({"pin": 2, "active": "high"})
    light.get_state = lambda: state
    levels = []
    light._show = lambda state, on: levels.append(on)
    found = []
    while not found or light._at:
        span_ms = light.step(0)
        found.append((levels.pop(), span_ms))
    return [pair for pair in found if pair[1]]


def test_each_state_can_be_told_by_counting_flashes():
    found = {}
    for state in range(6):
        found[state] = len([on for on, _ in rounds(state) if on])
        assert 200 <= sum([ms for _, ms in rounds(state)]) <= 4000
    counted = [found[s] for s in (led.SERVING, led.NO_WIFI, led.NO_METER, led.LAST_GOOD)]
    assert counted == [1, 2, 3, 4]
    assert rounds(led.BOOTING) == [(1, 1000)] and rounds(led.SAFE) == [(1, 100), (0, 100)]


def test_led_is_on_while_booting():
    Board.fresh()
    pins = []
    real = led.Pin.value
    led.Pin.value = lambda pin, level: pins.append(level)
    try:
        led.make({"pin": 2, "active": "high"})
        led.make({"pin": 2, "active": "low"})
    finally:
        led.Pin.value = real
    assert pins == [1, 0]


def test_ws2812_gets_a_colour_and_darkness():
    Board.fresh()
    light = led.make({"pin": 2, "active": "ws2812"})
    light.get_state = lambda: led.SERVING
    light.step(0)
    light.step(0)
    white, green, dark = Board.sent
    assert len(set(white)) == 1 and white[0]
    assert green[0] and not green[1] and not green[2]  # green comes first on the wire
    assert dark == b"\0\0\0"


def test_polls_of_watchdog_and_led_take_no_heap():
    watched = Watched("bus", "server")
    light = led.make({"pin": 2, "active": "high"})

    def look():
        for task in watched.tasks:
            task.moved = True
        watched.watchdog.step(0)
        light.step(0)

    def looks():
        for _ in range(25):
            look()

    look()
    assert heap_taken(looks) == 0


class Heap:
    """In place of gc: `used` bytes, of which `live` stay; `regions` of ESP-IDF."""

    def __init__(self):
        self.live = self.used = 90000
        self.collections = 0
        self.regions = [(160000, 94000, 53000, 80000), (16000, 9000, 9000, 9000)]

    def mem_alloc(self):
        return self.used

    def mem_free(self):
        return 112000 - self.used

    def collect(self):
        self.collections += 1
        self.used = self.live


def with_heap(test):
    """test(heap, part, quiet, resets) of a Health on such a heap."""
    heap, quiet, resets, seconds = Heap(), [True], [], []
    real, health.gc = health.gc, heap
    Esp32.regions = heap.regions
    try:
        part = health.Health(lambda: quiet[0], resets.append)
        part.watch = seconds.append
        test(heap, part, quiet, resets)
    finally:
        health.gc = real


def test_garbage_is_collected_at_a_quiet_moment_once_there_is_some():
    def test(heap, part, quiet, resets):
        assert part.step(0) == 1000 and heap.collections == 1  # what the boot left
        heap.used += 2000
        assert part.step(1000) == 1000 and heap.collections == 1
        assert part.stats["heap_used_bytes"] == 92000
        heap.used += 100
        quiet[0] = False
        assert part.step(2000) <= 20 and heap.collections == 1
        quiet[0] = True
        assert part.step(2010) == 1000 and heap.collections == 2
        assert part.stats["heap_live_bytes"] == 90000 and part.stats["uptime_s"] == 2

    with_heap(test)


def test_half_a_minute_without_memory_for_the_network_is_a_reason_for_a_reset():
    def test(heap, part, quiet, resets):
        def looks(first, last):
            for look in range(first, last):
                part.step(look * 5000)

        part.step(0)
        assert part.stats["idf_free_bytes"] == 103000 and part.stats["idf_largest_bytes"] == 53000
        Esp32.regions = [(160000, 20000, 4000, 4000)]
        looks(1, 6)
        Esp32.regions = [(160000, 20000, 5000, 4000)]
        looks(6, 7)  # it recovered
        Esp32.regions = [(160000, 20000, 4000, 4000)]
        looks(7, 12)
        assert resets == []
        looks(12, 30)
        assert resets and set(resets) == {"no memory left for the network"}

    with_heap(test)


class Line:
    """The units of a bus, by when they answered last; and the chargers that ask steadily."""

    def __init__(self, *good_ms):
        self.units = [Unit(i + 1, at_ms) for i, at_ms in enumerate(good_ms)]
        self.clients = [None] * 4

    def rank(self, client):
        return 2 if client else 1

    def told(self, now_ms, watch):
        """What the log has been told."""
        log.ring = ring = Lines()
        watch(now_ms)
        return [line.split(b" ", 1)[1].decode().strip() for line in ring.lines]


class Lines:
    def __init__(self):
        self.lines = []

    def write(self, data):
        self.lines.append(data)


class Unit:
    def __init__(self, address, at_ms):
        self.address = address
        self.at_ms = {"good_age_ms": at_ms}
        self.implausible = None


def watched(test):
    real = log.ring, log.uptime_s
    try:
        test()
    finally:
        log.ring, log.uptime_s = real


def test_a_unit_that_falls_silent_and_is_back_is_told_once():
    def test():
        line = Line(0, None)
        log.uptime_s = lambda: 0
        watch = callbacks.watcher(line.units, line)
        assert line.told(0, watch) == []
        line.units[0].at_ms["good_age_ms"] = 10000
        log.uptime_s = lambda: 10
        assert line.told(10000, watch) == []
        log.uptime_s = lambda: 11
        assert line.told(10001, watch) == ["W unit 2 is silent"]
        assert line.told(20001, watch) == ["W unit 1 is silent"]
        assert line.told(30000, watch) == []
        line.units[1].at_ms["good_age_ms"] = 30000
        assert line.told(30001, watch) == ["I unit 2 is back"]

    watched(test)


class Refused:
    """A quantity of which a value was refused: for its limits alone, or for what exceeds `base` by more than `doubt`."""

    def __init__(self, key, value, limits, tenths=(), base=None, doubt=None):
        self.key, self.refused, self.base, self.doubt = key, value, base, doubt
        self.low, self.high = limits
        self.device = Fields(tenths)


class Fields:
    def __init__(self, tenths):
        self.tenths = tenths


def test_a_value_that_is_refused_is_told_with_what_was_expected_and_not_too_often():
    def test():
        line = Line(0, 0)
        first, second = line.units
        log.uptime_s = lambda: 5
        watch = callbacks.watcher(line.units, line)
        site_w = {"base": -43470, "doubt": 86940}
        first.implausible = Refused("grid_power_w", 65535, (-1000000, 1000000), **site_w)
        expected = "W unit 1 says grid_power_w 65535, -43470 to 43470 is expected"
        assert line.told(5000, watch) == [expected]
        assert line.told(6000, watch) == [], "nothing new was refused"
        second.implausible = Refused("soc", 2550, (0, 1000), ("soc",))
        first.implausible.refused = -65536
        expected = "W unit 2 says soc 255, 0 to 100 is expected"
        assert line.told(7000, watch) == [expected], "unit 1 was told of this minute"
        log.uptime_s = lambda: 605
        assert line.told(8000, watch) == [], "what was refused minutes ago is not told as new"
        first.implausible.refused = 0x7FFF
        assert len(line.told(9000, watch)) == 1

    watched(test)


def test_a_charger_that_comes_and_goes_is_told_once():
    def test():
        line = Line()
        watch = callbacks.watcher((), line)
        line.clients = [None, "10.0.0.8", None, None]
        assert line.told(0, watch) == ["I charger 10.0.0.8 asks"]
        assert line.told(1000, watch) == []
        line.clients = ["10.0.0.9", None, None, None]
        assert line.told(2000, watch) == ["I charger 10.0.0.9 asks", "W charger 10.0.0.8 is gone"]
        assert line.told(3000, watch) == []

    watched(test)


def test_long_responses_are_admitted_while_receiving_has_memory_too():
    def test(heap, part, quiet, resets):
        for second, free, largest, admitted in (
            (0, 29000, 23500, True),
            (1, 16000, 9000, False),
            (2, 29000, 4000, False),
        ):
            Esp32.regions = [(160000, free, largest, 4000)]
            part.step(1000 * second)
            assert part.admits() == admitted, (free, largest)

    with_heap(test)
