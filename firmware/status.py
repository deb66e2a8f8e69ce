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


def publish(components, about, devices, stream, template):
    """Add both reports to the server. components: by name, None where there is none; about: what the page tells of this run;
    stream: a ReportStream; template: the path of metrics.txt.

    Loaded at boot and not when first asked for: that would hold the loop, and ask for memory that Wi-Fi has.
    """
    server = components["server"]
    counters = [(name, components[name].stats) for name in ("health", "wifi")]
    counters += [("http", server.stats), ("log", log.stats), ("crashes", supervisor.crashes)]
    bus, clock, clamps = components["bus"], components["time"], components["clamps"]
    if bus:
        counters += [("bus", bus.stats), ("line", bus.line.stats)]
    if clock:
        counters.append(("time", clock.stats))
    charger = server.chargers, components["values"]
    subjects = (
        charger,
        counters,
        devices,
        bus.units if bus else [],
        clamps.clamps if clamps else [],
    )
    labels = 'version="%s",board="%s"' % (about["version"], about["board"])
    server.add(b"/status.json", status(stream, json.dumps(about).encode(), *subjects))
    server.add(b"/metrics", metrics(stream, template, labels, *subjects))
    # All are made, and code lies on the heap.
    Document.__init__ = Report.__init__ = ReportStream.__init__ = type(server).add = None


def _charger(chargers, values, now_ms):
    """What is known of the charger. chargers: the server's; values: its document."""
    age_ms = chargers.charger_age_ms(now_ms)
    return {
        "age_ms": None if age_ms < 0 else age_ms,
        "requests": chargers.requests,
        "refused": values.refused,
        "longest_gap_ms": chargers.longest_ms,
        "served": 1 if values.stale is None else 0,
        "clients": json.dumps([str(one) for one in chargers.clients if one is not None]).encode(),
    }


def status(stream, about, charger, counters, devices, units, clamps):
    """/status.json. about: JSON in bytes; charger: the server's Chargers and the Values; counters: [(name, preallocated dict)]."""

    def pieces(document, now_ms):
        write = document.write
        write(b'{"about": ')
        write(about)
        write(b", ")
        _entry(document, "charger", _charger(*charger, now_ms))
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
    _entries(document, _ages(device.at_ms, now_ms))
    document.write(b"}}")


def _unit(document, unit, now_ms):
    document.write(b'{"unit": ')
    document.write_int(unit.address)
    document.write(b", ")
    _entries(document, _ages(unit.at_ms, now_ms))
    document.write(b", ")
    _entries(document, unit.stats)
    document.write(b', "exceptions": ')
    document.write_text(unit.exceptions)  # a list of numbers, which looks the same in JSON
    document.write(b', "refused": ')
    document.write_text(json.dumps(unit.implausible and unit.implausible.key))
    document.write(b', "warning": ')
    document.write_text(json.dumps(unit.warning))
    document.write(b', "devices": ')
    document.write(unit.feeds)
    document.write(b"}")


def _clamp(document, clamp, now_ms):
    _entry(document, clamp.name, clamp.result)


def _ages(stamps, now_ms):
    found = {}
    for key in stamps:
        at_ms = stamps[key]
        found[key] = None if at_ms is None else max(0, ticks_diff(now_ms, at_ms))
    return found


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


def metrics(stream, template, about, charger, counters, devices, units, clamps):
    """/metrics in the Prometheus text format 0.0.4; what is unknown is left out. about: labels.

    template: comments, which are copied, and lines of: subject, key, metric ($: its labels), and an exponent, if it has one.
    """

    def pieces(document, now_ms):
        members = _members(devices, units, clamps, now_ms)
        members.append(("about", about, {"info": 1}))
        members.append(("charger", "", _charger(*charger, now_ms)))
        members += [(name, "", numbers) for name, numbers in counters]
        with open(template) as lines:
            for line in lines:
                if line.startswith("#"):
                    document.write_text(line)
                else:
                    subject, key, metric, *exponent = line.split()
                    for name, labels, numbers in members:
                        value = numbers.get(key) if name == subject else None
                        if isinstance(value, int):
                            document.write_text(metric.replace("$", labels) + " ")
                            document.write_int(value)
                            document.write_text("".join(exponent) + "\n")
                yield

    return Report(stream, _PROMETHEUS, pieces)


def _members(devices, units, clamps, now_ms):
    """[(subject, labels, numbers)]"""
    found = []
    for device in devices:
        labels = 'category="%s",index="%d"' % (device.category, device.index)
        found.append((device.category, labels, device.fields))
        found.append((device.category + "_age", labels, _ages(device.at_ms, now_ms)))
    for unit in units:
        labels = 'unit="%d"' % unit.address
        found.append(("unit", labels, unit.stats))
        found.append(("unit_age", labels, _ages(unit.at_ms, now_ms)))
    for clamp in clamps:
        labels = 'clamp="%s"' % clamp.name
        found.append(("clamp", labels, clamp.result))
        found.append(("rejected", labels, clamp.rejected))
    return found
