"""What the bridge tells about itself: /status.json and /metrics, from the dicts that its parts keep. Loaded when first asked."""

import json

from httpd.answers import JSON
from httpd.pieces import Pieces
from nrgkick.fields import FIELDS, TENTHS, kind_of
from nrgkick.readings import POLICIES
from ticks import ticks_diff

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def status(about, counters, devices, links, clamps):
    """/status.json. about: JSON in bytes; counters: [(name, kept dict)]."""

    def pieces(document, now_ms):
        write = document.write
        write(b'{"about": ')
        write(about)
        for name, numbers in counters:
            write(b", ")
            _entry(document, name, numbers)
            yield
        separator = b', "devices": ['
        for device in devices:
            write(separator)
            _device(document, device, now_ms)
            separator = b", "
            yield
        write(b'], "units": [' if devices else b', "devices": [], "units": [')
        separator = b""
        for link in links:
            write(separator)
            _unit(document, link, now_ms)
            separator = b", "
            yield
        write(b'], "clamps": {')
        separator = b""
        for clamp in clamps:
            write(separator)
            _entry(document, clamp.name, clamp.result)
            separator = b", "
            yield
        write(b"}}")
        yield

    return Pieces(JSON, pieces)


def _device(document, device, now_ms):
    document.write(b'{"device": "')
    document.write(device.label)
    document.write(b'", "when_stale": "')
    document.write_text(POLICIES[device.policy])
    document.write(b'", "limit_ms": ')
    document.write_int(device.limit_ms)
    document.write(b', "fields": {')
    _entries(document, device.fields, device.category)
    document.write(b'}, "age_ms": {')
    _ages(document, device.at_ms, now_ms)
    document.write(b"}}")


def _unit(document, link, now_ms):
    document.write(b'{"unit": ')
    document.write_int(link.unit)
    document.write(b", ")
    _ages(document, link.at_ms, now_ms)
    document.write(b", ")
    _entries(document, link.stats)
    document.write(b', "exceptions": ')
    document.write_text(link.exceptions)  # a list of numbers, which looks the same in JSON
    document.write(b', "warning": ')
    document.write_text(json.dumps(link.warning))
    document.write(b"}")


def _ages(document, stamps, now_ms):
    separator = b""
    for key in stamps:
        document.write(separator)
        at_ms = stamps[key]
        _entry(document, key, None if at_ms is None else max(0, ticks_diff(now_ms, at_ms)))
        separator = b", "


def _entries(document, values, category=""):
    separator = b""
    for key in values:
        document.write(separator)
        _entry(document, key, values[key], kind_of(category, key))
        separator = b", "


def _entry(document, key, value, kind=0):
    document.write(b'"')
    document.write_text(key)
    document.write(b'": ')
    if value is None:
        document.write(b"null")
    elif isinstance(value, bytes):
        document.write(value)  # JSON already
    elif isinstance(value, dict):
        document.write(b"{")
        _entries(document, value)
        document.write(b"}")
    elif kind == TENTHS:
        document.write_tenths(value)
    else:
        document.write_int(value)


def metrics(counters, devices, links, clamps):
    """/metrics in the Prometheus text format 0.0.4; what is unknown is left out."""
    families = _families(counters, devices, links, clamps)

    def pieces(document, now_ms):
        for subject, category, members in families:
            for key in members[0][1]:
                # All samples of a name stand together, as the format wants it.
                for label, numbers in members:
                    value = numbers.get(key)
                    if isinstance(value, int) and key[0].isalpha():
                        _sample(document, subject, category, key, label, value)
                yield

    return Pieces(_PROMETHEUS, pieces)


def _sample(document, subject, category, key, label, value):
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


def _families(counters, devices, links, clamps):
    """[(subject, category, [(label, kept dict), ...])], the dicts of one family with the same keys."""
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
