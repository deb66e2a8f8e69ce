"""`make scan PORT=...`: look for meters on an RS485 line.

PORT is an RS485 adapter on this PC, with nothing else that asks on the line. First which setting and which unit
answers at all, then which profile fits what it says, and at the end what to write into config.json.
"""

import argparse
import contextlib
import itertools
import json
import logging
import sys

from pymodbus import FramerType
from pymodbus.client import ModbusSerialClient
from pymodbus.exceptions import ModbusException
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from host_tools.owner import recognise
from host_tools.owner.recognise import Silence
from host_tools.owner.remote import RemoteError, check_port
from host_tools.paths import PROFILES

# What makers and owners set, the frequent first (counted in the profiles).
SETTINGS = (
    (9600, "none", 1),
    (9600, "even", 1),
    (19200, "none", 1),
    (19200, "even", 1),
    (115200, "none", 1),
    (9600, "none", 2),
    (2400, "none", 1),
    (2400, "even", 1),
    (4800, "none", 1),
    (38400, "none", 1),
    (57600, "none", 1),
    (1200, "none", 1),
)
# Asked of every setting, in this order; the rest of _NEIGHBOURS once one is known.
_UNIT_GROUPS = ((1,), (2, 3, 247), (4, 5, 10, 11, 85, 100))
_NEIGHBOURS = (*range(1, 33), 85, 100, 247)
_ALL_UNITS = range(1, 248)
_PARITY = {"none": "N", "even": "E", "odd": "O"}
_PROBES = ((3, 0, 1), (4, 0, 1))
_PROBE_BYTES = 8 + 7  # request and shortest reply
_TURNAROUND_S = 0.25  # of a slow device; most need a tenth
_READ_TRIES = 2


class Line:
    """The line at one setting. Replies that are no good count as silence."""

    def __init__(self, port, setting):
        self.port = port
        baudrate, parity, stop_bits = setting
        character_s = (10 + (parity != "none") + stop_bits - 1) / baudrate
        self._client = ModbusSerialClient(
            port,
            framer=FramerType.RTU,
            baudrate=baudrate,
            parity=_PARITY[parity],
            stopbits=stop_bits,
            timeout=_TURNAROUND_S + _PROBE_BYTES * character_s,
            retries=0,
        )

    def __enter__(self):
        if not self._client.connect():
            check_port(self.port)
            raise Silence(f"{self.port} does not take this setting")
        return self

    def __exit__(self, *_):
        self._client.close()

    def read(self, unit, function, address, count):
        """The registers, None for an exception reply; raises Silence."""
        client = self._client
        ask = client.read_input_registers if function == 4 else client.read_holding_registers
        try:
            reply = ask(address, count=count, device_id=unit)
        except ModbusException:
            raise Silence from None
        if reply.isError():
            return None
        if len(reply.registers) != count:
            raise Silence
        return reply.registers

    def reader(self, unit):
        """read(function, address, count) of one unit, which may once miss a question."""

        def read(function, address, count):
            for _ in range(_READ_TRIES):
                with contextlib.suppress(Silence):
                    return self.read(unit, function, address, count)
            return None

        return read

    def present(self, unit):
        """Whether anybody answers, be it with an exception."""
        for probe in _PROBES:
            with contextlib.suppress(Silence):
                self.read(unit, *probe)
                return True
        return False


def main(argv=None):
    arguments = _parser().parse_args(argv)
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        check_port(arguments.port)
        return _scan(arguments, console)
    except RemoteError as error:
        print(f"scan: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("scan: stopped", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m host_tools.owner.scan",
        description="Look for meters on an RS485 line.",
        epilog="Takes some 10 s for a meter at usual settings, 2 minutes at most without --all-units.",
    )
    parser.add_argument("--port", required=True, help="an RS485 adapter: /dev/ttyUSB0, COM3")
    parser.add_argument("--baudrate", type=int, help="only this one")
    parser.add_argument("--parity", choices=_PARITY, help="only this one")
    parser.add_argument("--unit", type=int, help="only this one")
    parser.add_argument(
        "--all-units", action="store_true", help="look for 1 to 247 at the setting that is found"
    )
    return parser


def settings(arguments):
    """Those to try; a baudrate that is none of the usual ones with every parity."""
    tried = SETTINGS
    if arguments.baudrate:
        tried = [each for each in SETTINGS if each[0] == arguments.baudrate]
        tried = tried or [(arguments.baudrate, parity, 1) for parity in _PARITY]
    if arguments.parity:
        fitting = [each for each in tried if each[1] == arguments.parity]
        tried = fitting or [(arguments.baudrate or 9600, arguments.parity, 1)]
    return tried


def _scan(arguments, console):
    with _progress(console) as progress:
        setting = find_setting(arguments, progress)
        if setting is None:
            raise RemoteError(
                f"nobody answers on {arguments.port}: are A and B the right way round, does the meter have "
                "power, is anything else asking on the line (a Wi-Fi stick of the inverter, another bridge)?"
            )
        with Line(arguments.port, setting) as line:
            units = find_units(line, arguments, progress)
            found = {unit: _recognise(line, unit, progress) for unit in units}
    return _report(setting, found, console)


def _progress(console):
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    hidden = not console.is_terminal
    return Progress(*columns, console=console, transient=True, disable=hidden)


def find_setting(arguments, progress):
    """The first setting at which a unit answers, or None."""
    groups = ((arguments.unit,),) if arguments.unit else _UNIT_GROUPS
    tried = settings(arguments)
    task = progress.add_task("", total=len(tried) * sum(map(len, groups)))
    for group, setting in itertools.product(groups, tried):
        baudrate, parity, stop_bits = setting
        progress.update(task, description=f"{baudrate} Bd 8{_PARITY[parity]}{stop_bits}")
        if _anybody(arguments.port, setting, group):
            progress.remove_task(task)
            return setting
        progress.advance(task, len(group))
    return None


def _anybody(port, setting, units):
    """Not every adapter takes every setting: then nobody answers at it."""
    with contextlib.suppress(Silence), Line(port, setting) as line:
        return any(line.present(unit) for unit in units)


def find_units(line, arguments, progress):
    if arguments.unit:
        return [arguments.unit]
    units = _ALL_UNITS if arguments.all_units else _NEIGHBOURS
    task = progress.add_task("units", total=len(units))
    found = []
    for unit in units:
        if line.present(unit):
            found.append(unit)
        progress.advance(task)
    progress.remove_task(task)
    return found


def _recognise(line, unit, progress):
    """(confidence, candidates)"""
    read = line.reader(unit)
    task = progress.add_task(f"unit {unit}")
    profiles = load_profiles()
    models = recognise.sunspec_models(read)
    if models:
        names = recognise.sunspec_profiles(models, profiles)
        words = f"SunSpec models {', '.join(map(str, models))}"
        found = [recognise.Candidate(name, profiles[name], evidence=[words]) for name in names]
        result = ("sure" if len(found) == 1 else "ambiguous"), found
    else:
        found = recognise.recognise(
            read, profiles, lambda done, count: progress.update(task, completed=done, total=count)
        )
        result = recognise.verdict(found)
    progress.remove_task(task)
    return result


def load_profiles():
    return {path.stem: json.loads(path.read_bytes()) for path in sorted(PROFILES.glob("*.json"))}


def _report(setting, found, console):
    """What was found on stderr, what to write into config.json on stdout."""
    baudrate, parity, stop_bits = setting
    console.print(
        f"{baudrate} Bd 8{_PARITY[parity]}{stop_bits}, units {', '.join(map(str, found))}"
    )
    devices = []
    for unit, (confidence, candidates) in found.items():
        console.print(f"unit {unit}: {_words(confidence, candidates)}")
        for candidate in candidates:
            console.print(f"  {candidate.name}: {'; '.join(candidate.evidence)}")
            if confidence == "ambiguous" and candidate.profile.get("caveat"):
                console.print(f"    {candidate.profile['caveat']}")
        if confidence in ("sure", "likely"):
            devices += entries(unit, candidates[0])
    bus = {"baudrate": baudrate, "parity": parity, "stop_bits": stop_bits}
    if devices:
        print(snippet(bus, devices))
    return 0 if devices else 1


def _words(confidence, candidates):
    if confidence == "none":
        return "answers, but no profile fits; docs/profiles.md lists what is known"
    if confidence == "ambiguous":
        return "fits several profiles; the label on the device decides between:"
    return f"{confidence}: {candidates[0].profile['vendor']} {candidates[0].profile['model']}"


def entries(unit, candidate):
    """Entries for `devices`: one for each role that has registers of its own."""
    for category, role in candidate.profile["roles"].items():
        if isinstance(role, dict):
            name = f"{candidate.profile['vendor']} {candidate.profile['model']}"
            info = {"name": name}
            if candidate.serial:
                info["serial"] = str(candidate.serial)
            entry = {"category": category, "profile": candidate.name, "unit": unit}
            if category == "inverters":
                entry["battery_connected"] = "batteries" in candidate.profile["roles"]
            yield entry | {"info": info}


def snippet(bus, devices):
    """For config.json, one device a line."""
    lines = ",\n".join(f"    {json.dumps(device, ensure_ascii=False)}" for device in devices)
    return f'{{\n  "bus": {json.dumps(bus)},\n  "devices": [\n{lines}\n  ]\n}}'


if __name__ == "__main__":
    sys.exit(main())
