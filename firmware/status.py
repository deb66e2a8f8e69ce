"""What the bridge tells about itself: /status.json and /metrics, as tables over the dicts that its parts keep."""

from httpd.answers import JSON, TEXT
from nrgkick.fields import FIELDS, TENTHS
from nrgkick.readings import POLICIES
from report import table
from report.json_rows import Live, live, rows

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def status(about, site, bus, clamps, counters):
    """The table behind /status.json. about: texts; counters: {name: kept dict of numbers}."""
    tree = [("about", list(about.items()))]
    tree += [(name, live(counters[name])) for name in counters]
    tree.append(("devices", [_device(device, info) for device, info in zip(site.devices, site.infos)]))
    if bus:
        tree.append(("units", [_unit(link) for link in bus.links()]))
    if clamps:
        tree.append(("clamps", [(clamp.name, _clamp(clamp)) for clamp in clamps.clamps]))
    made = rows(tree)
    return table.Table(made, JSON, b"null", _capacity(made))


def metrics(site, bus, clamps, counters):
    """The table behind /metrics, in the Prometheus text format 0.0.4."""
    made = []
    for name in counters:
        for key in counters[name]:
            made.append((_line(name, key), counters[name], key, table.INT))
    for device in site.devices:
        label = 'category="%s",index="%d"' % (device.category, device.index)
        for key in device.fields:
            kind = _kind(device, key)
            made.append((_line("device", key, label), device.fields, key, kind))
    for link in bus.links() if bus else ():
        for key in link.stats:
            made.append((_line("unit", key, 'unit="%d"' % link.unit), link.stats, key, table.INT))
    for clamp in clamps.clamps if clamps else ():
        for key in clamp.result:
            if key != "rejected":
                label = 'clamp="%s"' % clamp.name
                made.append((_line("clamp", key, label), clamp.result, key, table.INT))
    made.append((b"\n", None, None, 0))
    return table.Table(made, _PROMETHEUS, None, _capacity(made))


def _device(device, info):
    fields = [(key, Live(device.fields, key, _kind(device, key))) for key in device.fields]
    ages = [(key, Live(device.at_ms, key, table.AGE)) for key in device.fields]
    return [
        ("category", device.category),
        ("index", device.index),
        ("name", info[2].get("name", "")),
        ("limit_ms", device.limit_ms),
        ("when_stale", POLICIES[device.policy]),
        ("fields", fields),
        ("age_ms", ages),
    ]


def _unit(link):
    exceptions = [Live(link.exceptions, code) for code in range(len(link.exceptions))]
    answer = [("answer_age_ms", Live(link.at_ms, "answer", table.AGE))]
    return [("unit", link.unit)] + answer + live(link.stats) + [("exceptions", exceptions)]


def _clamp(clamp):
    result = [(key, Live(clamp.result, key)) for key in clamp.result if key != "rejected"]
    return result + [("rejected", live(clamp.rejected))]


def _kind(device, key):
    for name, kind, _ in FIELDS[device.category]:
        if name == key:
            return table.TENTHS if kind == TENTHS else table.INT
    return table.TENTHS  # voltage_l1


def _line(subject, key, label=""):
    name = "".join([c if c.isalpha() or c.isdigit() else "_" for c in key])
    label = "{%s}" % label if label else ""
    return ("\nnrgkick_bridge_%s_%s%s " % (subject, name, label)).encode()


def _capacity(made):
    return sum([len(text) + 8 for text, *_ in made])
