# SPDX-License-Identifier: MIT
"""The charger's two documents, rendered from the readings into preallocated buffers.

Source: DiniTech Custom API 1.4. Values are written as json.dumps would: whole W and Wh, one decimal for soc and temp.
What stands around them is planned (planning.layout).
"""

from const import const
from httpd.document import Document
from httpd.responses import JSON, Fixed, problem
from ticks import ticks_add, ticks_diff
from values.readings import ERROR, HOLD

_RENDER_MS = const(500)  # at least this often, since devices grow stale without a cycle


class Values:
    """values.json: a component that renders (step) and a source that answers (open).

    devices: those of the plan, in its order; categories: how they stand in the document (loading.values), size: its bytes at the
    most; load: the devices whose powers add up to load_power_w; counters: objects whose `cycles` counts their cycles.
    """

    def __init__(self, devices, categories, size, load=(), counters=()):
        self._counters = counters
        self._load = load
        self._devices = devices
        self._categories = categories
        self._document = Document(size, JSON, aged=True)
        self._stale = Document(120, JSON, status="503")
        self._late = problem("503", "the readings are too old")
        self._answer = self._late
        self._rendered_ms = 0
        self._cycles = -1
        self._oldest_ms = 0
        self._expires_ms = 0
        self._aging = False  # does a served power grow old?
        self._expiring = False
        self.stale = None  # the device that keeps the document from being served
        self.refused = 0  # requests that got the reason instead

    def step(self, now_ms):
        """Render when a cycle has ended or a reading expires. No heap."""
        cycles = 0
        for counter in self._counters:
            cycles += counter.cycles
        expired = self._expiring and ticks_diff(now_ms, self._expires_ms) >= 0
        if (
            cycles != self._cycles
            or expired
            or ticks_diff(now_ms, self._rendered_ms) >= _RENDER_MS
        ):
            self._cycles = cycles
            self._rendered_ms = now_ms
            self._render(now_ms)
        return 2

    def open(self, now_ms):
        """The document that is true now; no rendering."""
        document = self._document
        if self._answer is not document:
            self.refused += 1
            return self._answer
        if self._expiring and ticks_diff(now_ms, self._expires_ms) > 0:
            self.refused += 1
            return self._late
        age_ms = ticks_diff(now_ms, self._oldest_ms) if self._aging else 0
        document.set_age(max(0, age_ms) // 1000)
        return document

    def _render(self, now_ms):
        self.stale = None
        for device in self._devices:
            device.expire(now_ms)
            if self.stale is None and not device.known() and _needed(device):
                self.stale = device
        if self.stale is not None:
            self._render_stale()
        else:
            self._render_values()

    def _render_stale(self):
        document, device = self._stale, self.stale
        if document.begin():
            write = document.write
            write(b'{"error": "')
            write(device.label)
            write(b" has no reading younger than ")
            document.write_int(device.limit_ms // 1000)
            write(b' s"}')
            document.end()
            self._answer = document

    def _render_values(self):
        document = self._document
        if not document.begin():
            return
        self._aging = self._expiring = False
        write = document.write
        write(b'{"device_values": {')
        for opening, devices in self._categories:
            write(opening)
            first = True
            for device, index, rows, ending in devices:
                if device.known():
                    if not first:
                        write(b", ")
                    first = False
                    write(index)
                    self._render_device(document, device, rows)
                    write(ending)
            write(b"}")
        self._render_load(document)
        write(b"}}")
        document.end()
        self._answer = document

    def _render_device(self, document, device, rows):
        fields = device.fields
        separate = False
        for key, tenths, name in rows:
            value = fields[key]
            if value is None:
                continue
            if separate:
                document.write(b", ")
            separate = True
            document.write(name)
            if tenths:
                document.write_tenths(value)
            else:
                document.write_int(value)
            if device.at_ms[key] is not None:
                self._note_age(device, key, device.policy != HOLD)

    def _note_age(self, device, key, expires):
        """Age tells of the powers, by which the charger steers; energies and charge are asked less often."""
        at_ms = device.at_ms[key]
        if key == device.power:
            if not self._aging or ticks_diff(self._oldest_ms, at_ms) > 0:
                self._oldest_ms = at_ms
            self._aging = True
        if expires:
            expires_ms = ticks_add(at_ms, device.limit_ms)
            if not self._expiring or ticks_diff(self._expires_ms, expires_ms) > 0:
                self._expires_ms = expires_ms
            self._expiring = True

    def _render_load(self, document):
        if not self._load:
            return
        total = 0
        for device in self._load:
            if not device.fresh(self._rendered_ms):
                return
            total += device.fields[device.power]
        for device in self._load:
            if device.at_ms[device.power] is not None:
                self._note_age(device, device.power, True)
        document.write(b', "load_power_w": ')
        document.write_int(total)


def _needed(device):
    """Must this device be known for the document to be served? A held one must have been known once."""
    return device.policy == ERROR or device.policy == HOLD


class Info:
    """info.json, a source: rendered again when a unit has told its serial number.

    planned: the plan's `info`, texts and the devices whose serial numbers stand between them. `serials`: {device: number}.
    """

    def __init__(self, planned):
        self._texts = planned["texts"]
        self._order = planned["serials"]
        self.serials = {}
        self._rendered = -1  # how many numbers it holds
        self._answer = None
        self.open(0)

    def open(self, now_ms):
        if len(self.serials) != self._rendered:
            self._rendered = len(self.serials)
            self._answer = Fixed("200", JSON, self._text().encode())
        return self._answer

    def _text(self):
        found = self._texts[0]
        for i, device in enumerate(self._order):
            if device in self.serials:
                found += ', "serial": "%s"' % self.serials[device]
            found += self._texts[i + 1]
        return found
