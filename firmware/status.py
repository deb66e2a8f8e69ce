# SPDX-License-Identifier: MIT
"""What the bridge tells about itself: /status.json and /metrics, from the dicts that its components count in."""

import json

from firmware import log, supervisor
from httpd.document import Document
from httpd.report_stream import Report, ReportStream
from httpd.responses import JSON
from ticks import ticks_diff
from values.readings import POLICIES

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def publish(components, about, devices):
    """Add both reports to the server. components: by name, None where there is none; about: what the page tells of this run.

    Loaded at boot and not when first asked for: that would hold the loop, and ask for memory that Wi-Fi has.
    """
    server, stream = components["server"], ReportStream()
    counters = [(name, components[name].stats) for name in ("health", "wifi")]
    counters += [("http", server.stats), ("log", log.stats), ("falls", supervisor.crashes)]
    bus, clock, clamps = components["bus"], components["time"], components["clamps"]
    if bus:
        counters += [("bus", bus.stats), ("line", bus.line.stats)]
    if clock:
        counters.append(("time", clock.stats))
    subjects = counters, devices, bus.units if bus else [], clamps.clamps if clamps else []
    about = json.dumps(about).encode()
    server.add(b"/status.json", status(stream, about, server.charger_age_ms, *subjects))
    server.add(b"/metrics", metrics(stream, *subjects))
    # All are made, and code lies on the heap.
    Document.__init__ = Report.__init__ = ReportStream.__init__ = type(server).add = None


def status(stream, about, charger_age_ms, counters, devices, units, clamps):
    """/status.json. about: JSON in bytes; charger_age_ms(now_ms): see the server; counters: [(name, preallocated dict)]."""

    def pieces(document, now_ms):
        write = document.write
        write(b'{"about": ')
        write(about)
        write(b", ")
        age_ms = charger_age_ms(now_ms)
        _entry(document, "charger_age_ms", None if age_ms < 0 else age_ms)
        for name, numbers in counters:
            write(b", ")
            _entry(document, name, numbers)
            yield
        lists = (
            (b', "devices": [', devices, _device),
            (b'], "units": [', units, _unit),
            (b'], "clamps": {', clamps, _clamp),
        )
        for opening, subjects, put in lists:
            write(opening)
            separator = b""
            for subject in subjects:
                write(separator)
                put(document, subject, now_ms)
                separator = b", "
                yield
        write(b"}}")
        yield

    return Report(stream, JSON, pieces)


def _device(document, device, now_ms):
    document.write(b'{"device": "')
    document.write(device.label)
    document.write(b'", "when_stale": "')
    document.write_text(POLICIES[device.policy])
    document.write(b'", "limit_ms": ')
    document.write_int(device.limit_ms)
    document.write(b', "fields": {')
    _entries(document, device.fields, device.tenths)
    document.write(b'}, "age_ms": {')
    _ages(document, device.at_ms, now_ms)
    document.write(b"}}")


def _unit(document, unit, now_ms):
    document.write(b'{"unit": ')
    document.write_int(unit.address)
    document.write(b", ")
    _ages(document, unit.at_ms, now_ms)
    document.write(b", ")
    _entries(document, unit.stats)
    document.write(b', "exceptions": ')
    document.write_text(unit.exceptions)  # a list of numbers, which looks the same in JSON
    document.write(b', "refused": ')
    document.write_text(json.dumps(unit.implausible))
    document.write(b', "warning": ')
    document.write_text(json.dumps(unit.warning))
    document.write(b"}")


def _clamp(document, clamp, now_ms):
    _entry(document, clamp.name, clamp.result)


def _ages(document, stamps, now_ms):
    separator = b""
    for key in stamps:
        document.write(separator)
        at_ms = stamps[key]
        _entry(document, key, None if at_ms is None else max(0, ticks_diff(now_ms, at_ms)))
        separator = b", "


def _entries(document, values, tenths=()):
    separator = b""
    for key in values:
        document.write(separator)
        _entry(document, key, values[key], key in tenths)
        separator = b", "


def _entry(document, key, value, is_tenths=False):
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
    elif is_tenths:
        document.write_tenths(value)
    else:
        document.write_int(value)


def metrics(stream, counters, devices, units, clamps):
    """/metrics in the Prometheus text format 0.0.4; what is unknown is left out."""

    def pieces(document, now_ms):
        for subject, tenths, members in _families(counters, devices, units, clamps):
            for key in members[0][1]:
                # All samples of a name stand together, as the format wants it.
                for label, numbers in members:
                    value = numbers.get(key)
                    if isinstance(value, int) and key[0].isalpha():
                        _sample(document, subject, key, label, value, key in tenths)
                yield

    return Report(stream, _PROMETHEUS, pieces)


def _sample(document, subject, key, label, value, is_tenths):
    document.write(b"nrgkick_")
    document.write_text(subject)
    document.write(b"_")
    document.write_text(key)
    document.write_text(label)
    document.write(b" ")
    if is_tenths:
        document.write_tenths(value)
    else:
        document.write_int(value)
    document.write(b"\n")


def _families(counters, devices, units, clamps):
    """(subject, keys with one decimal, [(label, kept dict), ...]) each, the dicts of one family with the same keys."""
    for name, numbers in counters:
        yield name, (), [("", numbers)]
    for category in {device.category for device in devices}:
        alike = [device for device in devices if device.category == category]
        label = '{category="%s",index="%d"}'
        yield "device", alike[0].tenths, [(label % (category, d.index), d.fields) for d in alike]
    if units:
        yield "unit", (), [('{unit="%d"}' % unit.address, unit.stats) for unit in units]
    if clamps:
        labels = ['{clamp="%s"}' % clamp.name for clamp in clamps]
        yield "clamp", (), list(zip(labels, [clamp.result for clamp in clamps]))
        yield "clamp_rejected", (), list(zip(labels, [clamp.rejected for clamp in clamps]))
