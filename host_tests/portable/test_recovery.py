# SPDX-License-Identifier: MIT
"""How soon a unit is read again once it answers well, whatever it did before, and what that costs the others (docs/design/reads.md)."""

from line import Forgetful, Line, adu
from test_poller import APART, METER, NEIGHBOURS, apart_unit, build, meter_unit

BOUND_MS = 5000
HOUR_MS = 3600000


def refusing(code):
    return lambda reply: adu(reply[0], reply[1] | 0x80, code)


def silent(reply):
    return b""


def wrong_crc(reply):
    return reply[:-1] + bytes((reply[-1] ^ 1,))


def broken_off(reply):
    return reply[:-2]


def noise(reply):
    return b"\x55\xaa\x00\x13"


def other_unit(reply):
    return adu(9, bytes(reply[1:-2]))


ILLS = [silent, wrong_crc, broken_off, noise, other_unit]
ILLS += [refusing(code) for code in (1, 2, 3, 4, 5, 6, 8, 10, 11, 12, 99)]

# What is read, and in how many reads.
ONE = (METER, "energy_meters", meter_unit(5.0))
TWO_REGISTERS = (NEIGHBOURS, "inverters", meter_unit(5.0))
THREE = (APART, "inverters", apart_unit(5000, 1111, 7))


class Site:
    """One unit, and when each of its fields was last read."""

    def __init__(self, kind, poll_interval_ms=1000, timeout_ms=300):
        description, category, words = kind
        description = dict(description, limits=dict(description["limits"], timeout_ms=timeout_ms))
        self.line = Line({1: words})
        self.line.requests = Forgetful()
        self.poller, (self.device,) = build(
            self.line, [1], category, False, poll_interval_ms, description
        )

    def run(self, for_ms, ill=None):
        """Let the unit answer like this for a while."""
        self.line.garble = ill
        self.line.run(self.poller, self.line.now_ms + for_ms)

    def recovery_ms(self):
        """From now on the unit answers well: how long until every field has a new value?"""
        self.line.garble = None
        back_ms = self.line.now_ms
        while not self.fresh(back_ms):
            assert self.line.now_ms < back_ms + 100000, "never"
            self.line.now_ms += min(10, max(1, self.poller.step(self.line.now_ms)))
        return self.line.now_ms - back_ms

    def fresh(self, since_ms):
        for at_ms in self.device.at_ms.values():
            if at_ms is None or at_ms < since_ms:
                return False
        return True


def test_unit_is_read_again_within_the_bound_after_each_kind_of_outage():
    for kind in (ONE, TWO_REGISTERS, THREE):
        for ill in ILLS:
            for outage_ms in (700, 12000):
                site = Site(kind)
                site.run(3000)
                site.run(outage_ms, ill)
                took_ms = site.recovery_ms()
                assert took_ms <= BOUND_MS, (kind[1], ILLS.index(ill), outage_ms, took_ms)


def test_unit_that_answered_nothing_since_the_start_is_read_within_the_bound():
    for kind in (ONE, THREE):
        for ill in ILLS:
            site = Site(kind)
            site.run(20000, ill)
            took_ms = site.recovery_ms()
            assert took_ms <= BOUND_MS, (kind[1], ILLS.index(ill), took_ms)


def test_unit_that_was_dead_for_an_hour_is_read_within_the_bound():
    site = Site(THREE)
    site.run(3000)
    site.run(HOUR_MS, silent)
    assert site.recovery_ms() <= BOUND_MS


def test_one_missed_answer_after_exception_responses_does_not_lengthen_the_outage():
    for code in (1, 2, 3, 4, 6, 11):
        for refused_ms in (20000, 60000):
            site = Site(TWO_REGISTERS)
            site.run(3000)
            site.run(refused_ms, refusing(code))
            site.run(1500, silent)
            assert site.recovery_ms() <= BOUND_MS, (code, refused_ms)


def test_exception_responses_behind_a_missed_answer_do_not_lengthen_the_outage():
    """They say that the unit is there: it is asked again soon, not after the time that an absent one is left alone."""
    for code in (2, 6):
        site = Site(ONE)
        site.run(5000)
        site.run(350, silent)
        site.run(450, refusing(code))
        assert site.recovery_ms() < 1000


def test_garbled_first_answer_does_not_lengthen_the_outage():
    for ill in (wrong_crc, broken_off, noise):
        site = Site(ONE)
        site.run(3000)
        site.run(36000, silent)
        before = site.poller.units[0].stats["requests"]
        site.line.garble = ill
        while site.poller.units[0].stats["requests"] == before or not site.poller.quiet:
            site.line.now_ms += max(1, site.poller.step(site.line.now_ms))
        assert site.recovery_ms() <= BOUND_MS


def test_one_lost_reply_costs_about_a_second():
    for kind in (ONE, THREE):
        site = Site(kind)
        site.run(3000)
        site.run(350, silent)
        assert site.recovery_ms() <= 1700


def test_reply_that_is_seconds_late_is_not_taken_for_that_to_the_same_read():
    """The unit answers every request, one after the other, with what it measured when it was asked."""
    for late_ms in (3400, 4100, 6500, 6900, 7500, 9000, 9400):
        site = Site(ONE)
        site.run(3000)
        line = site.line
        line.late_ms[1] = late_ms
        words = line.units[1]
        asked = {}  # value -> when it was true
        for step in range(400):
            value = float(1000 + step)
            words.update(meter_unit(value))
            asked[int(value)] = line.now_ms
            line.run(site.poller, line.now_ms + 100)
            told = site.device.fields["grid_power_w"]
            if told in asked:
                true_ms = asked[told] + 100
                assert site.device.at_ms["grid_power_w"] - true_ms <= 600, (late_ms, step)


class Half:
    """Does this on half of all requests, in no regular order that is the same on every interpreter."""

    def __init__(self, ill, seed):
        self.ill = ill
        self.seed = seed

    def __call__(self, reply):
        self.seed = self.seed * 1103515245 + 12345 & 0x7FFFFFFF
        return self.ill(reply) if self.seed >> 16 & 1 else reply


def test_no_sequence_of_outages_lengthens_the_next():
    seed = 1
    for turn in range(60):
        site = Site((ONE, TWO_REGISTERS, THREE)[turn % 3], (0, 200, 1000)[turn // 3 % 3])
        story = []
        for _ in range(4):
            seed = seed * 1103515245 + 12345 & 0x7FFFFFFF
            ill = ILLS[(seed >> 8) % len(ILLS)]
            if seed >> 24 & 3 == 0:
                ill = Half(ill, seed)
            for_ms = (60, 400, 1500, 4000, 20000, 60000)[(seed >> 16) % 6]
            story.append((ILLS.index(ill) if ill in ILLS else "half", for_ms))
            site.run(for_ms, ill)
        took_ms = site.recovery_ms()
        assert took_ms <= BOUND_MS, (turn, story, took_ms)


def test_unit_that_answers_no_probe_is_back_within_three_tries():
    site = Site(ONE)
    site.run(3000)
    own = site.poller.units[0].reads[0].count
    for outage_ms in (400, 9000, 60000):
        site.run(outage_ms, silent)
        site.line.garble = None
        back_ms = site.line.now_ms
        site.run(0)
        only_own = lambda reply: reply if reply[2] == 2 * own else b""  # noqa: E731
        site.line.garble = only_own
        site.line.run(site.poller, back_ms + 3 * 3200 + 1000)
        assert site.fresh(back_ms), outage_ms


def test_busy_on_half_of_the_requests_serves_nearly_always():
    for code in (4, 5, 6, 10, 11):
        for kind in (ONE, THREE):
            site = Site(kind)
            site.run(2000)
            half = Half(refusing(code), code)
            served = 0
            for _ in range(300):
                site.run(1000, half)
                at_ms = site.device.at_ms[site.device.power]
                served += at_ms is not None and site.line.now_ms - at_ms <= 7000
            assert served >= 290, (code, kind[1], served)


def test_busy_read_costs_the_others_of_its_unit_nothing():
    site = Site(THREE)
    site.run(3000)
    line = site.line
    busy = refusing(6)
    line.garble = lambda reply: busy(reply) if line._sent[3] == 100 else reply
    reads = site.poller.units[0].reads
    for _ in range(60):
        line.run(site.poller, line.now_ms + 1000)
        for register in [r for read in reads for r in read.registers if r.address != 100]:
            assert line.now_ms - register.at_ms <= 2600


def two_dead(timeout_ms):
    """(longest wait of the unit that is alive, share of the line for the dead ones, recovery of the second one)"""
    description = dict(METER, limits={"timeout_ms": timeout_ms})
    line = Line({1: meter_unit(1.0), 2: meter_unit(2.0), 3: meter_unit(3.0)})
    poller, devices = build(line, [1, 2, 3], description=description)
    line.run(poller, 3000)
    line.silent.update((1, 2))
    line.run(poller, 20000)
    begin_ms = line.now_ms
    line.requests.clear()
    line.run(poller, begin_ms + 60000)
    alive_at = [at_ms for at_ms, unit, *_ in line.requests if unit == 3]
    longest_ms = max([b - a for a, b in zip(alive_at, alive_at[1:])])
    share = (len(line.requests) - len(alive_at)) * timeout_ms / (line.now_ms - begin_ms)
    line.requests = Forgetful()
    recoveries = []
    for phase_ms in range(0, 4000, 370):
        line.run(poller, line.now_ms + 10000 + phase_ms)
        line.silent.remove(2)
        back_ms = line.now_ms
        while devices[1].at_ms["grid_power_w"] < back_ms:
            line.now_ms += min(10, max(1, poller.step(line.now_ms)))
        recoveries.append(line.now_ms - back_ms)
        line.silent.add(2)
    return longest_ms, share, max(recoveries)


def test_two_dead_units_cost_the_others_little_and_are_back_soon():
    # Wait of the others: a cycle, and one time-out if that does not fit between two cycles.
    # Share: each is tried once in max(3.2 s, 2 time-outs), all of them together get a half at most.
    # Recovery: max(3.2 s, twice the sum of the time-outs), a cycle and the time-out of the other one.
    for timeout_ms in (500, 2000):
        longest_ms, share, recovery_ms = two_dead(timeout_ms)
        assert longest_ms <= max(1000, timeout_ms) + 150, (timeout_ms, longest_ms)
        each_ms = max(3200, 2 * 2 * timeout_ms)
        assert share <= min(0.5, 2 * timeout_ms / each_ms) + 0.01, (timeout_ms, share)
        assert recovery_ms <= each_ms + timeout_ms + 150, (timeout_ms, recovery_ms)
