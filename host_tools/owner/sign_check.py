# SPDX-License-Identifier: MIT
"""Does each device count its power the way the charger expects it? A step of one moves the power at the grid, and by its direction tells.

An inverter or a battery that gives more lets the grid give less, a smart load that takes more has it give more. One step may be a chance,
since something else was switched at that moment; so many are watched. It is only told: nothing is changed by itself.
"""

from collections import deque
from typing import Any

_MOVES_GRID = {"inverters": -1, "batteries": -1, "smart_loads": 1}
_GRID = "energy_meters"
_POWER = {"inverters": "inv_power_ac_w", "batteries": "bat_power_w", "smart_loads": "sl_power_w"}
_LEAST_STEP_W = 300
_STEPS = 15  # the newest of a device...
_FEWEST_STEPS = 8  # ...say something, once there are so many; and as many looks at the house load
_LEAST_LOAD_W = -100  # meters are a moment apart...
_LOAD_PERMILLE = 50  # ...and not exact
_WINDOW = 4  # looks: two before a step and two behind it

Powers = dict[tuple[str, int], int]


class SignCheck:
    """Looks at values.json again and again, every 2 s or so."""

    def __init__(self) -> None:
        self._window: deque[tuple[int, Powers]] = deque(maxlen=_WINDOW)
        self._steps: dict[tuple[str, int], deque[bool]] = {}  # did it move the grid the wrong way?
        self._loads: deque[int | None] = deque(maxlen=_STEPS)  # W where negative, else None

    def look(self, values: dict[str, Any] | None) -> None:
        """What values.json says; None: nothing now."""
        found = values.get("device_values") if isinstance(values, dict) else None
        if not found or set(found.get(_GRID, {})) != {"0"}:
            self._window.clear()  # several meters: which of them is at the grid is not in values.json
            return
        grid_w = found[_GRID]["0"]["grid_power_w"]
        powers = {
            (category, int(index)): fields[key]
            for category, key in _POWER.items()
            for index, fields in found.get(category, {}).items()
        }
        if any(one.get("battery_connected") for one in found.get("inverters", {}).values()):
            powers = {name: w for name, w in powers.items() if name[0] != "batteries"}
        self._look_at_load(found.get("load_power_w"), [grid_w, *powers.values()])
        if self._window and self._window[-1][1].keys() != powers.keys():
            self._window.clear()
        self._window.append((grid_w, powers))
        if len(self._window) == _WINDOW:
            for name in powers:
                self._look_at_step(name)

    def _look_at_load(self, load_w, parts):
        if load_w is None:
            return
        limit_w = _LEAST_LOAD_W - sum(map(abs, parts)) * _LOAD_PERMILLE // 1000
        self._loads.append(load_w if load_w < limit_w else None)

    def _look_at_step(self, name):
        """Was there a step in the middle of the window, of this device alone?"""
        first, before, behind, last = (powers[name] for _, powers in self._window)
        step_w = behind - before
        calm_w = abs(step_w) // 4
        if abs(step_w) < _LEAST_STEP_W or max(abs(before - first), abs(last - behind)) > calm_w:
            return
        (grid_before_w, others_before), *_, (grid_w, others) = self._window
        if any(abs(others[one] - others_before[one]) > calm_w for one in others if one != name):
            return
        moved_w = (grid_w - grid_before_w) * _MOVES_GRID[name[0]]
        # Less or more: something else was switched, or a battery has answered it.
        if 4 * abs(step_w) <= 5 * abs(moved_w) and 4 * abs(moved_w) <= 5 * abs(step_w):
            steps = self._steps.setdefault(name, deque(maxlen=_STEPS))
            steps.append((moved_w < 0) != (step_w < 0))

    def findings(self, names: dict[tuple[str, int], str]) -> dict[str, str]:
        """{what: sentence with the evidence}. names: what the owner calls the devices."""
        whole = {name: steps for name, steps in self._steps.items() if len(steps) >= _FEWEST_STEPS}
        wrong = [name for name, steps in whole.items() if _nearly_all(sum(steps), len(steps))]
        right = [
            name for name, steps in whole.items() if _nearly_all(steps.count(False), len(steps))
        ]
        found = {
            f"steps of {name}": f'{sum(whole[name])} of {len(whole[name])} steps of "{_called(name, names)}" moved the grid power '
            f"the wrong way: {_blame(wrong, right)}."
            for name in wrong
        }
        negative = [load_w for load_w in self._loads if load_w is not None]
        if len(self._loads) == _STEPS and _nearly_all(len(negative), _STEPS):
            found["load"] = (
                f"The house's consumption was negative in {len(negative)} of {_STEPS} looks, by up to {-min(negative)} W: "
                'a meter counts the other way round; set "invert": true for it.'
            )
        return found


def _nearly_all(some, count):
    return 8 * some >= 7 * count


def _called(name, names):
    category, index = name
    return names.get(name) or f"{category} {index}"


def _blame(wrong, right):
    if right:
        return 'it counts the other way round; set "invert": true for it'
    if len(wrong) > 1:
        return 'the grid meter counts the other way round; set "invert": true for it'
    return 'it or the grid meter counts the other way round; compare their displays, and set "invert": true for that one'
