# SPDX-License-Identifier: MIT
"""The energy of the day where a unit has only a total: counted from the total at local midnight."""

from const import const

# What may have been counted between the last reading of a day and the first of the next.
_UNSEEN_WH = const(100)


class Daily:
    """Stands between the quantity of a total and its device.

    local_day(): the number of the local day, None while the time is unknown. midnight.load() gives the (day, total) that
    midnight.save(day, total) was given last, or None; it is asked whenever the time has become known. What the total was at
    midnight is never guessed: without it the day is left out.
    """

    def __init__(self, device, key, local_day, midnight):
        self._device = device
        self._key = key
        self._local_day = local_day
        self._midnight = midnight
        self._day = None
        self._last_wh = 0
        self._midnight_wh = None

    def put(self, key, total_wh, at_ms):
        """No heap but once a day."""
        if total_wh < self._last_wh:
            self._midnight_wh = None  # another meter, or its counter was set back: a slip is not put here (register.Quantity)
        self._device.put(key, total_wh, at_ms)
        day = self._local_day()
        if day is None:
            self._day = None
        else:
            if day != self._day:
                self._turn(day, total_wh)
            if self._midnight_wh is not None:
                self._device.put(self._key, total_wh - self._midnight_wh, at_ms)
        self._last_wh = total_wh

    def _turn(self, day, total_wh):
        kept = self._midnight.load() if self._day is None else None
        midnight_wh = None
        if kept and kept[0] == day and kept[1] <= total_wh:
            midnight_wh = kept[1]
        elif self._day is not None and day == self._day + 1:
            # A unit that sleeps at night wakes with the total that it had.
            if 0 <= total_wh - self._last_wh <= _UNSEEN_WH:
                midnight_wh = self._last_wh
                self._midnight.save(day, midnight_wh)
        self._day = day
        self._midnight_wh = midnight_wh
