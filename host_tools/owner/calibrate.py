# SPDX-License-Identifier: MIT
"""Calibrate a clamp: its noise floor, its gain by one known load, or both against the RS485 meter.

--port http://nrgkick-bridge.local/ asks a running bridge. A serial port (or socket://host:port) is that of a board; its
bridge stops meanwhile and starts again in the end. Nothing is written to the config before you agree.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

from host_tools.build import calibration_picture
from host_tools.owner import calibration
from host_tools.owner.arguments import Parser
from host_tools.owner.bridge_http import BridgeError, fetch_json
from host_tools.owner.calibration import Fit, Point, Refused
from host_tools.owner.remote import RemoteError, check_port, is_address, lost

_READINGS = 10
_WAIT_S = 30
_OLDEST_MS = 2500
_ON_BOARD = Path(__file__).with_name("calibrate_on_board.py")


def statuses_of(port: str) -> Generator[dict]:
    return bridge(port) if is_address(port) else board(port)


def bridge(url: str) -> Generator[dict]:
    """Statuses of a running bridge, about one a second."""
    while True:
        yield fetch_json(url, "status.json")
        time.sleep(0.5)


def board(port: str) -> Generator[dict]:
    """Statuses from the script on a board; the bridge is started again at the end."""
    check_port(port)
    said = ""
    mpremote = [sys.executable, "-m", "mpremote", "connect", port]
    process = subprocess.Popen(
        [*mpremote, "run", str(_ON_BOARD)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    try:
        for line in process.stdout:
            if line.startswith("{"):
                yield json.loads(line)
            elif line.startswith("Traceback"):  # of mpremote: the port is gone
                raise Refused(lost(port, OSError()))
            elif line.strip():
                said = line.strip()
                print(f"board: {said}")
        raise Refused(f"{port}: the board has stopped telling: {said or 'it said nothing'}")
    finally:
        process.terminate()
        process.wait()
        subprocess.run([*mpremote, "reset"], check=False, capture_output=True)


def results(statuses: Iterable[dict], name: str) -> Iterator[tuple[dict, dict]]:
    """(status, result) whenever the clamp has a new window. Raises Refused on silence."""
    seen = None
    heard_s = time.monotonic()
    for status in statuses:
        result = status.get("clamps", {}).get(name)
        if result is None:
            known = ", ".join(status.get("clamps", {})) or "none"
            raise Refused(f"the bridge has no clamp {name}; it has: {known}")
        if result["windows"] != seen and result["rms_ma"] is not None:
            heard_s = time.monotonic()
            if seen is not None:
                yield status, result
            seen = result["windows"]
        elif time.monotonic() - heard_s > _WAIT_S:
            raise Refused(f"no good window for {_WAIT_S} s; rejected: {result['rejected']}")
    raise Refused("the bridge has stopped telling")


def meter_ma(status: dict, result: dict, place: str, nominal_v: float) -> float | None:
    """The current of a device such as "energy_meters 0" by its power and the clamp's volts; None if not fresh."""
    found = {device["device"]: device for device in status["devices"]}
    name = place.replace(".", " ")
    if name not in found:
        known = ", ".join(found) or "none"
        raise Refused(f"the bridge has no device {name}; it has: {known}")
    fields, ages = found[name]["fields"], found[name]["age_ms"]
    key = next(key for key in fields if key.endswith("_w"))
    if fields[key] is None or ages[key] is None or ages[key] > _OLDEST_MS:
        return None
    volts = result["voltage_dv"] / 10 if result["voltage_measured"] else nominal_v
    return abs(fields[key]) / volts * 1000


def take(found: Iterable[tuple[dict, dict]], count: int) -> list[dict]:
    """That many results, with a line of progress."""
    taken = []
    for _, result in found:
        taken.append(result)
        print(f"\r{len(taken)}/{count}: {result['rms_ma']} mA ", end="", flush=True)
        if len(taken) == count:
            print()
            return taken
    return taken


def take_points(
    found: Iterable[tuple[dict, dict]], place: str, nominal_v: float, minutes: float
) -> list[Point]:
    """Points against the meter until the time is up or Ctrl-C."""
    points = []
    end_s = time.monotonic() + 60 * minutes
    try:
        for status, result in found:
            ma = meter_ma(status, result, place, nominal_v)
            if ma is not None:
                points.append(Point(result["rms_ma"], ma))
                kept = calibration.steady(points)
                low, high = (f(p.meter_ma for p in kept or points) / 1000 for f in (min, max))
                words = f"{len(points)} readings, {len(kept)} steady, {low:.2f} to {high:.2f} A"
                print(f"\r{words} (Ctrl-C: enough) ", end="", flush=True)
            if time.monotonic() > end_s:
                break
    except KeyboardInterrupt:
        pass
    print()
    return points


def changes(result: dict, fit: Fit, noise_ma: float | None) -> dict:
    """What a fit changes in the clamp's entry of the config; noise_ma: its floor before the gain changed, if known."""
    made = {"amps_per_volt": round(result["gain_ua"] / 100 * fit.gain, 3)}
    if noise_ma is not None:
        made["noise_floor_ma"] = round(noise_ma * fit.gain)
    made["error_percent"] = fit.error_percent()
    return made


def write(path: Path | str, name: str, made: dict) -> None:
    """Put the changes into the entry of that clamp; the file is replaced as a whole."""
    path = Path(path)
    config = json.loads(path.read_text(encoding="utf-8"))
    entry_of(config, name, path).update(made)
    new = path.with_name(path.name + ".new")
    new.write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    new.replace(path)


def entry_of(config: dict, name: str, path: Path | str) -> dict:
    """The entry whose figures are that clamp's alone."""
    load = config.get("load_power")
    for entry in config["devices"] + [load if isinstance(load, dict) else {}]:
        names = entry.get("clamp", [])
        if names in (name, [name]):
            return entry
        if name in names and not isinstance(names, str):
            raise Refused(
                f"{name} is one of a set whose clamps share their figures: "
                "calibrate it as a device of its own, then give the set what was found"
            )
    raise Refused(f"{path} has no device with clamp {name}")


def show(fit: Fit, picture: str, title: str) -> None:
    calibration_picture.save(fit, picture, title)
    print(calibration_picture.text(fit))
    offs = sorted(fit.residuals_percent())
    noise = "not seen" if fit.noise_ma is None else f"{fit.noise_ma * fit.gain:.0f} mA"
    print(f"gain x {fit.gain:.4f}, noise floor {noise}, {len(fit.points)} readings")
    print(f"residual {offs[0]:+.2f} to {offs[-1]:+.2f} %; picture: {picture}")


def calibrate(args: argparse.Namespace, statuses: Iterable[dict], entry: dict) -> dict:
    """The changes for the clamp's entry of the config."""
    noise_ma = entry.get("noise_floor_ma")
    found = results(statuses, args.clamp)
    if args.zero:
        ask(args, "Take the clamp off every conductor and close it; then Enter. ")
        noise_ma = calibration.zero([r["rms_ma"] for r in take(found, _READINGS)])
        print(f"noise floor {noise_ma:.0f} mA")
        return {"noise_floor_ma": round(noise_ma)}
    if args.load:
        ask(
            args,
            f"Switch on the load of {args.load:g} A, nothing else on that conductor; then Enter. ",
        )
        taken = take(found, _READINGS)
        fit = calibration.one_load(
            [r["rms_ma"] for r in taken], taken[-1]["noise_ma"] or 0, args.load * 1000
        )
    else:
        points = take_points(found, args.meter, args.voltage, args.minutes)
        taken = take(found, 1)
        fit = calibration.against_meter(calibration.steady(points))
        noise_ma = noise_ma if fit.noise_ma is None else fit.noise_ma
    show(fit, args.picture or f"calibration-{args.clamp}.png", f"clamp {args.clamp}")
    return changes(taken[-1], fit, noise_ma)


def ask(args: argparse.Namespace, question: str) -> str:
    """What the owner types; nothing with --yes."""
    try:
        return "y" if args.yes else input(question)
    except EOFError:
        raise Refused("there is nobody to ask; --yes asks nothing") from None


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = Parser(prog="python -m host_tools.owner.calibrate", description=__doc__)
    parser.add_argument(
        "--port", required=True, help="http://... of a running bridge, or a board's serial port"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--zero", action="store_true", help="noise floor, clamp on no conductor")
    how.add_argument("--load", type=float, metavar="AMPS", help="gain by one known load")
    how.add_argument(
        "--meter",
        metavar="DEVICE",
        default="energy_meters.0",
        help="both, against the meter on the same conductor (the default: energy_meters.0)",
    )
    parser.add_argument("--clamp", default="ct1")
    parser.add_argument("--config", default="config.json", help="what is changed in the end")
    parser.add_argument("--minutes", type=float, default=30, help="how long to watch the meter")
    parser.add_argument("--voltage", type=float, default=230, help="if no meter tells it")
    parser.add_argument("--picture", metavar="PNG")
    parser.add_argument("--yes", action="store_true", help="ask nothing, write")
    return parser.parse_args(words)


def _config(path):
    try:
        config = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}; a readable config.json is needed") from None
    except ValueError as error:
        raise Refused(f"{path} is not JSON: {error}") from None
    if not isinstance(config, dict) or not isinstance(config.get("devices"), list):
        raise Refused(f"{path} has no devices; make check says what is missing")
    return config


def main(words: list[str] | None = None) -> int:
    args = arguments(words)
    statuses = statuses_of(args.port)
    try:
        config = _config(args.config)
        entry = entry_of(config, args.clamp, args.config)  # before half an hour of watching
        made = calibrate(args, statuses, entry)
        for key, value in made.items():
            print(f"  {key}: {value}")
        if ask(args, f"Write this into {args.config}? [y/N] ").strip().lower() != "y":
            print("nothing written")
            return 1
        write(args.config, args.clamp, made)
    except (Refused, RemoteError, BridgeError, OSError) as error:
        print(f"\nrefused: {error}")
        return 1
    except KeyboardInterrupt:
        print("\ncalibrate: stopped; nothing written")
        return 130
    finally:
        statuses.close()
    print(f"written; the board gets it by make deploy CONFIG={args.config}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
