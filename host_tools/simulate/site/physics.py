# SPDX-License-Identifier: MIT
"""What happens at the site, as a function of site time alone.

Sun, clouds and house load are pure functions of the second and the seed. Battery and water tank have
a memory, so the site advances in whole seconds, each computed from the one before; within a second
everything stands still. The same seed, hour and second give the same truth, whoever asks how often.

The battery sits behind the inverter and the rod is part of the load, so always
    inverter_w = pv_w + battery_w    (battery: + discharge)
    load_w = house_w + rod_w
    grid_w = load_w - inverter_w     (grid: + consumption)
"""

import math
import threading
from collections import deque
from dataclasses import dataclass, replace

DAY_S = 86400
_WARM_UP_STEP_S = 60
_HISTORY_S = 3600


@dataclass(frozen=True)
class Plant:
    """What is installed, and the state in which midnight finds it."""

    pv_peak_w: float = 5500
    inverter_max_w: float = 5000
    battery_capacity_wh: float = 4700
    battery_max_w: float = 2500
    battery_efficiency: float = 0.95  # of each direction
    battery_lag_s: float = 4  # hybrid inverters follow the load within seconds
    soc_min: float = 10
    soc_at_midnight: float = 35
    rod_w: float = 1500
    tank_wh_per_k: float = 93  # 80 litres
    tank_low_c: float = 46
    tank_high_c: float = 50
    phase_shares: tuple = (0.45, 0.30, 0.25)  # of the house; the rod hangs on L1


@dataclass(frozen=True)
class Truth:
    """One second of the site: W, V, Hz, %, degrees C; energies in Wh since the plant was built."""

    second: int  # of site time, since midnight of the first day
    pv_w: float
    battery_w: float
    inverter_w: float
    house_w: float
    rod_w: float
    load_w: float
    grid_w: float
    grid_phases_w: tuple
    house_phases_w: tuple
    voltages_v: tuple
    frequency_hz: float
    soc: float
    rod_temp_c: float
    rod_on: bool
    battery_temp_c: float = 24.5
    pv_wh: float = 8_346_890.0
    pv_day_wh: float = 0.0
    import_wh: float = 2_214_305.0
    export_wh: float = 3_901_442.0
    charge_wh: float = 1_630_210.0
    discharge_wh: float = 1_471_020.0
    house_wh: float = 5_120_730.0
    rod_wh: float = 642_515.0
    generation_wh: float = 8_187_700.0  # of the inverter's AC side
    absorption_wh: float = 12_340.0

    @property
    def rod_a(self):
        return self.rod_w / self.voltages_v[0]


class Physics:
    """The site from midnight on; `at(second)` is the truth of that second. Safe to call from threads."""

    def __init__(self, plant=Plant(), seed=1, hour=11.0):
        self.plant = plant
        self.seed = seed
        self.first_second = int(hour * 3600)
        self._lock = threading.Lock()
        self._begin()

    def at(self, second):
        """Truth of `second` since midnight of the first day, never before the starting hour."""
        second = max(int(second), self.first_second)
        with self._lock:
            if second < self._recent[0].second:
                self._begin()
            while self._recent[-1].second < second:
                self._recent.append(self._after(self._recent[-1], 1))
            return self._recent[second - self._recent[-1].second - 1]

    def _begin(self):
        truth = self._midnight()
        while self.first_second - truth.second >= _WARM_UP_STEP_S:
            truth = self._after(truth, _WARM_UP_STEP_S)
        while truth.second < self.first_second:
            truth = self._after(truth, 1)
        self._recent = deque([truth], maxlen=_HISTORY_S)

    def _midnight(self):
        house_w = house_power_w(0, self.seed)
        house_phases_w = _split(house_w, self.plant.phase_shares)
        return Truth(
            second=0,
            pv_w=0.0,
            battery_w=0.0,
            inverter_w=0.0,
            house_w=house_w,
            rod_w=0.0,
            load_w=house_w,
            grid_w=house_w,
            grid_phases_w=house_phases_w,
            house_phases_w=house_phases_w,
            voltages_v=(230.0, 230.0, 230.0),
            frequency_hz=50.0,
            soc=self.plant.soc_at_midnight,
            rod_temp_c=self.plant.tank_low_c + 1,
            rod_on=False,
        )

    def _after(self, before, step_s):
        """The truth `step_s` later: stores are filled with what flowed before, then flows are new."""
        second = before.second + step_s
        stores = self._stores_after(before, step_s)
        rod_w = self.plant.rod_w if stores["rod_on"] else 0.0
        house_w = house_power_w(second, self.seed)
        load_w = house_w + rod_w
        pv_w, battery_w = self._inverter(before, stores["soc"], load_w, second, step_s)
        inverter_w = pv_w + battery_w
        grid_w = load_w - inverter_w
        house_phases_w = _split(house_w, self.plant.phase_shares)
        grid_phases_w = _grid_phases(house_phases_w, rod_w, inverter_w, grid_w)
        return replace(
            before,
            second=second,
            pv_w=pv_w,
            battery_w=battery_w,
            inverter_w=inverter_w,
            house_w=house_w,
            rod_w=rod_w,
            load_w=load_w,
            grid_w=grid_w,
            grid_phases_w=grid_phases_w,
            house_phases_w=house_phases_w,
            voltages_v=_voltages(grid_phases_w, second, self.seed),
            frequency_hz=50 + 0.03 * (2 * _noise(second, 20, self.seed + 9) - 1),
            **stores,
        )

    def _stores_after(self, before, step_s):
        """Everything that keeps: charge, heat and the counters, after `step_s` of these flows."""
        hours = step_s / 3600
        new_day = before.second // DAY_S != (before.second + step_s) // DAY_S
        pv_wh = before.pv_w * hours
        temp_c, rod_on = self._tank_after(before, hours)
        return {
            "soc": self._soc_after(before, hours),
            "rod_temp_c": temp_c,
            "rod_on": rod_on,
            "pv_wh": before.pv_wh + pv_wh,
            "pv_day_wh": 0.0 if new_day else before.pv_day_wh + pv_wh,
            "import_wh": before.import_wh + max(before.grid_w, 0) * hours,
            "export_wh": before.export_wh + max(-before.grid_w, 0) * hours,
            "charge_wh": before.charge_wh + max(-before.battery_w, 0) * hours,
            "discharge_wh": before.discharge_wh + max(before.battery_w, 0) * hours,
            "house_wh": before.house_wh + before.house_w * hours,
            "rod_wh": before.rod_wh + before.rod_w * hours,
            "generation_wh": before.generation_wh + max(before.inverter_w, 0) * hours,
            "absorption_wh": before.absorption_wh + max(-before.inverter_w, 0) * hours,
        }

    def _soc_after(self, before, hours):
        plant = self.plant
        loss = plant.battery_efficiency if before.battery_w < 0 else 1 / plant.battery_efficiency
        soc = before.soc - 100 * before.battery_w * loss * hours / plant.battery_capacity_wh
        return min(max(soc, 0.0), 100.0)

    def _tank_after(self, before, hours):
        plant = self.plant
        taps_w = 900 * _noise(before.second, 700, self.seed + 5) ** 3
        temp_c = before.rod_temp_c + (before.rod_w - 60 - taps_w) * hours / plant.tank_wh_per_k
        if temp_c <= plant.tank_low_c:
            return temp_c, True
        return temp_c, before.rod_on and temp_c < plant.tank_high_c

    def _inverter(self, before, soc, load_w, second, step_s):
        """PV and battery power: the battery chases a zero grid within what it and the inverter may."""
        plant = self.plant
        sun_w = plant.pv_peak_w * sun_share(second, self.seed)
        chase = 1 - math.exp(-step_s / plant.battery_lag_s)
        battery_w = before.battery_w + (load_w - sun_w - before.battery_w) * chase
        most_in_w = plant.battery_max_w * min((100 - soc) / 3, 1)  # tapers when nearly full
        most_out_w = plant.battery_max_w * min(max((soc - plant.soc_min) / 2, 0), 1)
        most_out_w = min(most_out_w, max(plant.inverter_max_w - sun_w, 0))
        battery_w = min(max(battery_w, -most_in_w), most_out_w)
        return min(sun_w, plant.inverter_max_w - battery_w), battery_w


def sun_share(second, seed):
    """Share of the PV peak: 0 at night, clouds passing by day."""
    elevation = math.sin(math.pi * ((second % DAY_S) / 3600 - 6) / 14)
    if elevation <= 0:
        return 0.0
    cover = 0.7 * _noise(second, 600, seed + 1) + 0.3 * _noise(second, 45, seed + 2)
    shade = min(max((cover - 0.45) / 0.3, 0), 1)
    return elevation**1.2 * (1 - 0.75 * shade)


def house_power_w(second, seed):
    """Standby, fridge, the day's habits, and the big appliances that come and go."""
    hour = (second % DAY_S) / 3600
    habits_w = 160 * math.exp(-(((hour - 7.5) / 1.5) ** 2)) + 350 * math.exp(
        -(((hour - 19) / 2) ** 2)
    )
    fridge_w = 85 if second % 2700 < 1100 else 0
    flicker_w = 40 * _noise(second, 7, seed + 3)
    return 210 + habits_w + fridge_w + flicker_w + _appliance_w(second, seed)


def _appliance_w(second, seed):
    """In every third slot of four minutes a kettle, an oven or a washing machine."""
    slot = second // 240
    if _hash(slot, seed + 4) > 0.35:
        return 0.0
    starts_s = 40 * _hash(slot, seed + 6)
    lasts_s = 60 + 130 * _hash(slot, seed + 7)
    running = starts_s <= second % 240 < starts_s + lasts_s
    return 700 + 1500 * _hash(slot, seed + 8) if running else 0.0


def _split(power_w, shares):
    """Phases whose sum is the power."""
    first, second = (power_w * share for share in shares[:2])
    return first, second, power_w - first - second


def _grid_phases(house_phases_w, rod_w, inverter_w, grid_w):
    first = house_phases_w[0] + rod_w - inverter_w / 3
    second = house_phases_w[1] - inverter_w / 3
    return first, second, grid_w - first - second


def _voltages(grid_phases_w, second, seed):
    """The transformer's volts less what half an ohm of cable takes."""
    return tuple(
        228 + 6 * _noise(second, 30, seed + 20 + phase) - 0.5 * power_w / 230
        for phase, power_w in enumerate(grid_phases_w)
    )


def _noise(second, period_s, seed):
    """Smooth noise from 0 to 1 that turns about every `period_s`."""
    slot, rest = divmod(second, period_s)
    share = rest / period_s
    share = share * share * (3 - 2 * share)
    return _hash(slot, seed) * (1 - share) + _hash(slot + 1, seed) * share


def _hash(number, seed):
    """0 to 1, the same on every machine (a Wang-style integer hash; `hash` and `random` may change)."""
    x = (int(number) * 0x9E3779B1 + seed * 0x85EBCA77 + 0x165667B1) & 0xFFFFFFFF
    for _ in range(2):
        x = ((x >> 16) ^ x) * 0x45D9F3B & 0xFFFFFFFF
    return ((x >> 16) ^ x) / 0xFFFFFFFF
