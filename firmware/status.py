"""What the bridge tells about itself: /status.json and /metrics, rendered once a second from the dicts that its parts keep.

A report is rendered section by section, so that the loop is never held for long.
"""

from httpd.answers import JSON
from httpd.document import Document
from nrgkick.fields import FIELDS, TENTHS, kind_of
from nrgkick.readings import POLICIES
from ticks import ticks_diff

_RENDER_MS = 1000
_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


class Report:
    """A part that renders, and a source. groups: [(method, [subject, ...])], rendered one subject at a time."""

    def __init__(self, content_type, groups, capacity):
        self._document = Document(capacity, content_type)
        self._groups = groups
        self._group = 0
        self._subject = 0
        self._idle = True
        self._begun_ms = None

    def step(self, now_ms):
        """Render one subject. No heap."""
        if self._idle:
            if self._begun_ms is not None and ticks_diff(now_ms, self._begun_ms) < _RENDER_MS:
                return _RENDER_MS - ticks_diff(now_ms, self._begun_ms)
            if not self._document.begin():
                return 20  # somebody is still reading
            self._begun_ms = now_ms
            self._idle = False
        self._render_next(now_ms)
        return 1

    def open(self, now_ms):
        """The last report; one that is being rendered is finished first."""
        while not self._idle or self._begun_ms is None:
            self.step(now_ms)
        return self._document.open(now_ms)

    def _render_next(self, now_ms):
        method, subjects = self._groups[self._group]
        if self._subject < len(subjects):
            method(subjects[self._subject], now_ms)
            self._subject += 1
            return
        self._subject = 0
        self._group += 1
        if self._group == len(self._groups):
            self._group = 0
            self._document.end()
            self._idle = True


class Status(Report):
    """/status.json. about: JSON in bytes; counters: [(name, kept dict)]."""

    def __init__(self, about, counters, devices, links, clamps):
        groups = [
            (self._about, (about,)),
            (self._counters, counters),
            (self._open_list, (b'"devices": [',)),
            (self._device, devices),
            (self._close_list, (b"]",)),
            (self._open_list, (b'"units": [',)),
            (self._unit, links),
            (self._close_list, (b"]",)),
            (self._open_list, (b'"clamps": {',)),
            (self._clamp, clamps),
            (self._close_list, (b"}}",)),
        ]
        self._comma = False
        super().__init__(JSON, groups, 1024)

    def _about(self, about, now_ms):
        self._document.write(b'{"about": ')
        self._document.write(about)
        self._comma = True

    def _separate(self):
        if self._comma:
            self._document.write(b", ")
        self._comma = True

    def _key(self, key):
        self._separate()
        self._document.write(b'"')
        self._document.write_text(key)
        self._document.write(b'": ')

    def _open_list(self, opening, now_ms):
        self._separate()
        self._document.write(opening)
        self._comma = False

    def _close_list(self, closing, now_ms):
        self._document.write(closing)
        self._comma = True

    def _number(self, value, kind=0):
        if value is None:
            self._document.write(b"null")
        elif isinstance(value, bytes):
            self._document.write(value)  # JSON already
        elif kind == TENTHS:
            self._document.write_tenths(value)
        else:
            self._document.write_int(value)

    def _entries(self, numbers):
        for key in numbers:
            value = numbers[key]
            self._key(key)
            if isinstance(value, dict):
                self._object(value)
            else:
                self._number(value)

    def _object(self, numbers):
        self._document.write(b"{")
        self._comma = False
        self._entries(numbers)
        self._document.write(b"}")
        self._comma = True

    def _counters(self, counter, now_ms):
        self._key(counter[0])
        self._object(counter[1])

    def _ages(self, stamps, now_ms):
        for key in stamps:
            self._key(key)
            at_ms = stamps[key]
            self._number(None if at_ms is None else max(0, ticks_diff(now_ms, at_ms)))

    def _device(self, device, now_ms):
        document = self._document
        self._open_list(b'{"device": "', now_ms)
        document.write(device.label)
        document.write(b'", "when_stale": "')
        document.write_text(POLICIES[device.policy])
        document.write(b'", "limit_ms": ')
        document.write_int(device.limit_ms)
        document.write(b', "fields": {')
        for key in device.fields:
            self._key(key)
            self._number(device.fields[key], kind_of(device.category, key))
        document.write(b'}, "age_ms": {')
        self._comma = False
        self._ages(device.at_ms, now_ms)
        self._close_list(b"}}", now_ms)

    def _unit(self, link, now_ms):
        self._open_list(b'{"unit": ', now_ms)
        self._document.write_int(link.unit)
        self._comma = True
        self._ages(link.at_ms, now_ms)
        self._entries(link.stats)
        self._key("exceptions")
        self._document.write(b"[")
        self._comma = False
        for count in link.exceptions:
            self._separate()
            self._document.write_int(count)
        self._document.write(b'], "warning": ')
        if link.warning is None:
            self._document.write(b"null")
        else:
            self._document.write(b'"')
            self._document.write_text(link.warning)
            self._document.write(b'"')
        self._close_list(b"}", now_ms)

    def _clamp(self, clamp, now_ms):
        self._key(clamp.name)
        self._object(clamp.result)


class Metrics(Report):
    """/metrics in the Prometheus text format 0.0.4; what is unknown is left out.

    families: [(subject, category, [(label, kept dict), ...])], the dicts of one family with the same keys.
    """

    def __init__(self, families):
        groups = [((self._samples, [family])) for family in families]
        super().__init__(_PROMETHEUS, groups, 2048)

    def _samples(self, family, now_ms):
        """All samples of a name stand together, as the format wants it."""
        subject, category, members = family
        for key in members[0][1]:
            for label, numbers in members:
                value = numbers.get(key)
                if isinstance(value, int) and key[0].isalpha():
                    self._sample(subject, category, key, label, value)

    def _sample(self, subject, category, key, label, value):
        document = self._document
        document.write(b"nrgkick_")
        document.write_text(subject)
        document.write(b"_")
        document.write_text(key)
        document.write(label)
        document.write(b" ")
        if kind_of(category, key) == TENTHS:
            document.write_tenths(value)
        else:
            document.write_int(value)
        document.write(b"\n")


def metrics(counters, devices, links, clamps):
    return Metrics(families(counters, devices, links, clamps))


def families(counters, devices, links, clamps):
    """The families of Metrics (at boot)."""
    made = [(name, "", [(b"", numbers)]) for name, numbers in counters]
    for category in FIELDS:
        members = [
            (('{category="%s",index="%d"}' % (category, device.index)).encode(), device.fields)
            for device in devices
            if device.category == category
        ]
        made.append(("device", category, members))
    made.append(("unit", "", [(('{unit="%d"}' % u.unit).encode(), u.stats) for u in links]))
    labels = [('{clamp="%s"}' % clamp.name).encode() for clamp in clamps]
    made.append(("clamp", "", list(zip(labels, [clamp.result for clamp in clamps]))))
    made.append(("clamp_rejected", "", list(zip(labels, [clamp.rejected for clamp in clamps]))))
    return [family for family in made if family[2]]
