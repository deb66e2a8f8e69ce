# SPDX-License-Identifier: MIT
"""Failed starts, slots, safe mode and last ends on the virtual board: small applications under the real boot.py and
main.py.
"""

import gzip
import json
import re
import shutil
import signal
import urllib.error
import urllib.request
import zlib
from pathlib import Path

import pytest

import bridge
from host_tools.simulate.site import Site
from rig import ROOT, Bench, Line, main_of
from small import put_modes

TELL = """\
import machine
from firmware.modes.reset_reason import last_end
last = last_end(memory, machine.reset_cause())
print("last:", last.replace("\\n", " | "))
memory.begin()
"""


def safe_of(statements):
    return main_of(statements).replace("def main(root)", "def main(root, memory)")


SAFE = safe_of(TELL + "print('safe mode', repr(root))")


@pytest.fixture
def bench(tmp_path):
    line = Line()
    made = Bench(tmp_path, line.name)
    for name in ("boot", "main"):
        shutil.copy(ROOT / "firmware" / f"{name}.py", Path(tmp_path, "firmware"))
    put_modes(tmp_path)
    modes = Path(tmp_path, "firmware", "modes")
    shutil.copy(ROOT / "firmware" / "modes" / "reset_reason.py", modes)
    Path(modes, "safe.py").write_text(SAFE)
    yield made
    line.close()


def told(bench, app):
    """What a firmware says of itself from start to start."""
    _, out, err = bench.run(app, "--restart")
    out = re.sub(r"(last: [a-z ]+) after \d+ s", r"\1", out)  # it may have taken a second
    lines = [text for text in out.splitlines() if text.startswith(("last:", "safe mode", "runs"))]
    assert lines, out + err
    return lines


def test_fifth_failed_start_is_the_last_before_safe_mode(bench):
    lines = told(bench, main_of("print('runs')\nraise ValueError('burnt')"))
    assert lines[:5] == ["runs"] * 5
    assert lines[5].startswith("last: watchdog: ") and "ValueError: burnt" in lines[5]
    assert lines[6:] == ["safe mode ''"]


def test_traceback_of_the_crash_is_told_by_the_next_start(bench):
    app = main_of(
        TELL + "if last.startswith('power'):\n    [][0]\nprint('runs', machine.reset_cause())"
    )
    first, second, third = told(bench, app)
    assert first == "last: power-on or brown-out"
    assert 'File "app"' in second and "IndexError" in second
    assert third == "runs 3"


def test_only_the_end_of_a_long_traceback_is_kept(bench):
    app = main_of(TELL + "if last.startswith('power'):\n    raise ValueError('x' * 3000 + 'end')")
    assert told(bench, app)[1].endswith("xxend")


def test_healthy_minute_clears_the_failed_starts(bench):
    app = main_of(
        TELL + "runs = machine.RTC().memory()[1]\nprint('runs', runs)\n"
        "if runs == 4:\n    memory.failed = 0\n    memory.begin()\n    machine.reset()\n"
        "if machine.reset_cause() != 2:\n    raise ValueError"
    )
    counts = [text for text in told(bench, app) if text.startswith("runs")]
    assert counts == ["runs 1", "runs 2", "runs 3", "runs 4", "runs 1"]


def test_planned_reset_is_told_with_its_reason(bench):
    app = main_of(
        TELL + "if machine.reset_cause() == 1:\n    memory.note('no Wi-Fi')\n    machine.reset()"
    )
    assert told(bench, app)[1] == "last: reset: no Wi-Fi"


def test_reset_without_a_reason_counts_as_a_crash(bench):
    app = main_of(TELL + "if machine.reset_cause() == 1:\n    machine.reset()")
    assert told(bench, app)[1] == "last: reset: crash of the interpreter, or the reset button"


def test_ctrl_c_clears_the_failed_starts(bench):
    app = main_of(
        TELL + "if machine.reset_cause() == 1:\n    raise ValueError\n"
        "print('runs', machine.RTC().memory()[1])\n"
        "if machine.RTC().memory()[1] == 2:\n"
        "    machine.WDT(timeout=60000)\n    raise KeyboardInterrupt\n"
    )
    lines = told(bench, app)
    assert lines[2:4] == ["runs 2", "last: watchdog: interrupted at the console"]
    assert lines[4] == "runs 1"


def crc(words):
    """What /slot holds: docs/formats/device.md."""
    return f"{zlib.crc32(words.encode()):08x} {words}".encode()


def with_slots(a, b, pointer):
    """An application at the top that makes slots with these two and starts what the pointer (words, or the bytes of /slot) names."""
    pointer = crc(pointer) if isinstance(pointer, str) else pointer
    return main_of(
        TELL + "import os\n"
        f"for slot, text in (('/a', {a!r}), ('/b', {b!r})):\n"
        "    for folder in ('', '/firmware', '/firmware/modes'): os.mkdir(slot + folder)\n"
        "    for name in os.listdir('/firmware/modes'):\n"
        "        with open('/firmware/modes/' + name, 'rb') as file: code = file.read()\n"
        "        with open(slot + '/firmware/modes/' + name, 'wb') as file: file.write(code)\n"
        "    with open(slot + '/firmware/app.py', 'w') as file: file.write(text)\n"
        f"with open('/slot', 'wb') as file: file.write({pointer!r})\n"
        "memory.failed = 0\nmemory.note('slots made')\nmachine.reset()"
    )


RUNS = main_of(TELL + "import sys\nprint('runs', root, sys.path, open('/slot').read()[9:])")


def test_slot_is_started_with_nothing_else_on_the_path(bench):
    lines = told(bench, with_slots(main_of("print('runs', 'another')"), RUNS, "/b"))
    assert lines[-1] == "runs /b ['/app', '/app/lib', '.frozen'] /b"


def test_names_are_looked_up_once_until_the_boot_is_over(bench):
    supervisor = "def run(tasks):\n    tasks()\n"
    Path(bench.folder, "firmware", "supervisor.py").write_text(supervisor)
    app = main_of(
        "def seen(name):\n"
        "    try:\n        __import__('firmware.' + name)\n"
        "    except ImportError:\n        return name + ' is missing'\n"
        "    return name\n"
        "print('runs', seen('late'))\n"
        "with open('/firmware/late.py', 'w') as file:\n    file.write('VALUE = 1')\n"
        "print('runs', seen('late'), seen('modes.reset_reason'))\n"
        "return lambda: print('runs', seen('late'), seen('later'))"
    )
    assert told(bench, app) == [
        "runs late is missing",
        "runs late is missing modes.reset_reason",
        "runs late later is missing",
    ]


def test_what_only_the_boot_needs_is_gone_from_the_heap(bench):
    supervisor = "def run(tasks):\n    tasks()\n"
    Path(bench.folder, "firmware", "supervisor.py").write_text(supervisor)
    app = main_of(
        "import sys\nimport firmware.modes.reset_reason\n"
        "return lambda: print('runs', [name for name in sys.modules if 'modes' in name])"
    )
    assert told(bench, app) == ["runs []"]


@pytest.mark.parametrize("fault", ["raise ValueError('new')", "import missing", "return"])
def test_slot_on_trial_is_given_up_after_two_failed_starts(bench, fault):
    new = main_of(f"print('runs', 'new')\n{fault}")
    lines = told(bench, with_slots(RUNS, new, "/b /a"))
    assert lines[1:3] == ["runs new"] * 2
    assert lines[3].startswith("last: watchdog: the new version was given up: ")
    assert lines[4] == "runs /a ['/app', '/app/lib', '.frozen'] /a"


def test_old_version_runs_even_where_nothing_can_be_written(bench):
    new = main_of(
        "import os\nprint('runs', 'new', 'slot.tmp' in os.listdir('/'))\n"
        "if not 'slot.tmp' in os.listdir('/'):\n    os.mkdir('/slot.tmp')\nraise ValueError"
    )
    lines = told(bench, with_slots(RUNS, new, "/b /a"))
    assert lines[1:3] == ["runs new False", "runs new True"]  # nobody can write /slot.tmp now
    assert lines[3].startswith("last: watchdog: the new version was given up: ")
    assert lines[4] == "runs /a ['/app', '/app/lib', '.frozen'] /b /a"


def test_slot_that_is_no_python_is_given_up_too(bench):
    lines = told(bench, with_slots(RUNS, "\0", "/b /a"))
    assert "SyntaxError" in lines[1] and lines[2].startswith("runs /a ")


# Each in its kind: a bit of the root, of the CRC and of the space, cut, empty, and none at all.
DAMAGED = {
    "root": crc("/b").replace(b"/b", b"/c"),
    "crc": b"x" + crc("/b")[1:],
    "space": crc("/b").replace(b" ", b"\0"),
    "high bit": crc("/b")[:-1] + b"\xe2",
    "cut": crc("/b /a")[:-3],
    "empty": b"",
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_slot_file_that_is_damaged_starts_a_slot_that_is_whole(bench, text):
    app = main_of(TELL + "print('runs', root)")
    assert told(bench, with_slots(app, app, text))[2] in ("runs /a", "runs /b")


def test_slot_file_that_is_damaged_leads_to_the_other_slot_where_the_first_one_fails(bench):
    failing = main_of("print('runs', 'failing')\nraise ValueError('burnt')")
    lines = told(bench, with_slots(failing, RUNS, b""))
    assert lines[1:3] == ["runs failing"] * 2
    assert lines[4] == "runs /b ['/app', '/app/lib', '.frozen'] /b"


def test_slot_on_trial_that_stays_up_is_kept(bench):
    lines = told(bench, with_slots(RUNS, RUNS, "/a /b"))
    # It ended here, so that it is given up in the end: but it was started first.
    assert lines[2].startswith("runs /a ") and lines[2].endswith(" /a /b")


@pytest.fixture
def whole(tmp_path):
    """A bench with all of the firmware."""
    line = Line()
    made = Bench(tmp_path, line.name)
    for top in ("firmware", "lib", "boards"):
        shutil.copytree(
            ROOT / top, Path(tmp_path, top), dirs_exist_ok=True, ignore=lambda *_: ["profiles"]
        )
    yield made
    line.close()


def replace_mode(whole, name, text):
    """Put this in the place of a mode; that one is called real then."""
    modes = Path(whole.folder, "firmware", "modes")
    Path(modes, f"{name}.py").rename(modes / "real.py")
    Path(modes, f"{name}.py").write_text(text)


NO_APP = "\n"


def test_safe_mode_serves_a_page_with_the_reason(whole):
    whole.config.write_text(json.dumps(GOOD))
    replace_mode(whole, "bridge", "def built(*_):\n    raise ValueError('burnt')\n")
    with whole.running(NO_APP, "--restart", "--http-port", "0") as running:
        address = running.address()
        with pytest.raises(urllib.error.HTTPError) as failure:
            urllib.request.urlopen(address + "api/v1/values.json", timeout=5)
        assert failure.value.code == 503
        page = failure.value.read().decode()
        assert "ValueError: burnt" in page and "Safe mode" in page
        assert running.end(signal.SIGTERM) == 0


@pytest.mark.parametrize("end", ["machine.reset()", "raise OSError('no radio')"])
def test_after_safe_mode_the_application_gets_one_more_try(bench, end):
    safe = safe_of(f"import machine\nprint('safe')\n{end}")
    Path(bench.folder, "firmware", "modes", "safe.py").write_text(safe)
    with bench.running(main_of("print('runs')\nraise ValueError"), "--restart") as running:
        seen = [running.line_that_starts(("runs", "safe")) for _ in range(9)]
    assert seen == ["runs"] * 5 + ["safe", "runs"] * 2


SECRET = "correct horse battery"
GOOD = {
    "wifi": {"ssid": "Home", "password": SECRET},
    "devices": [{"category": "energy_meters", "fixed": {"grid_power_w": -1500}}],
}


def fetched(address, path):
    with urllib.request.urlopen(address + path, timeout=5) as answer:
        body = answer.read()
    return (body if path else gzip.decompress(body)).decode()  # the page comes gzipped


# The board's flash comes with one config.json; the planning that follows finds a good one beside it.
PLANNING = """\
import binascii
import json
from firmware.modes import real

def main(root, memory):
    with open("/config.json") as file:
        config = json.load(file)
    del config[{key!r}]
    text = json.dumps(config).encode()
    with open("/config.good.json", "wb") as file:
        file.write(text + b"%08x" % binascii.crc32(text))
    return real.main(root, memory)
"""


def test_refused_config_leaves_the_last_good_one_and_is_told_everywhere(whole):
    whole.config.write_text(json.dumps(dict(GOOD, buss={})))
    replace_mode(whole, "planning", PLANNING.format(key="buss"))
    with whole.running(NO_APP, "--http-port", "0") as running:
        address = running.address()
        values = json.loads(fetched(address, "api/v1/values.json"))
        assert values["device_values"]["energy_meters"]["0"]["grid_power_w"] == -1500
        told = json.loads(fetched(address, "status.json"))["about"]["complaint"]
        assert "config.json is refused: buss: unknown key" in told
        assert told in fetched(address, "log")


FAILING = """\
def built(root, memory, plan, reserve):
    from firmware.modes import second

    if plan["poll_interval_ms"] == 999:
        raise ValueError("no such pin")
    return second.built(root, memory, plan, reserve)
"""


def test_config_that_lets_every_start_fail_gives_way_to_the_last_good_one(whole):
    whole.config.write_text(json.dumps(dict(GOOD, bus={"poll_interval_ms": 999})))
    replace_mode(whole, "planning", PLANNING.format(key="bus"))
    modes = Path(whole.folder, "firmware", "modes")
    Path(modes, "bridge.py").rename(modes / "second.py")
    Path(modes, "bridge.py").write_text(FAILING)
    with whole.running(NO_APP, "--restart", "--http-port", "0") as running:
        told = json.loads(fetched(running.address(), "status.json"))["about"]
        assert "3 starts with it failed" in told["complaint"]
        assert "no such pin" in told["last_end"]


def test_bridge_starts_where_its_plan_cannot_be_written(whole):
    whole.config.write_text(json.dumps(GOOD))
    planning = "from firmware.modes import real\n\ndef main(root, memory):\n    import os\n"
    planning += "    os.mkdir('/plan.tmp')\n    return real.main(root, memory)\n"
    replace_mode(whole, "planning", planning)
    with whole.running(NO_APP, "--http-port", "0", "--heap", "200k") as running:
        address = running.address()
        values = json.loads(fetched(address, "api/v1/values.json"))
        assert values["device_values"]["energy_meters"]["0"]["grid_power_w"] == -1500
        assert json.loads(fetched(address, "status.json"))["about"]["last_end"].startswith("power")


def test_secrets_are_nowhere_to_be_read(whole):
    whole.config.write_text(json.dumps(GOOD))
    with whole.running(NO_APP, "--http-port", "0") as running:
        address = running.address()
        for path in ("log", "status.json", "metrics", "", "api/v1/info.json", "config.json"):
            try:
                text = fetched(address, path)
            except urllib.error.HTTPError as error:
                text = error.read().decode()
            assert SECRET not in text and "horse" not in text
        running.process.send_signal(signal.SIGTERM)
        assert SECRET not in running.process.stdout.read().decode()


def test_meters_are_read_while_there_is_no_wifi(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    Path(state, "wifi").write_text("down")
    meter = {"category": "energy_meters", "profile": "eastron-sdm630", "unit": 1}
    settings = {"wifi": bridge.WIFI, "devices": [meter]}
    with (
        Site(settings) as site,
        bridge.running(tmp_path, settings, site.bridge_tty, "--state", state) as board,
    ):
        board.until(lambda a: a.status == 200, "a reading without Wi-Fi")
        status = board.get("/status.json").body
        assert status["wifi"]["connects"] == status["wifi"]["connected"] == 0
        Path(state, "wifi").write_text("okay")
        board.until(
            lambda a: a.body["wifi"]["connected"] == 1, "the return of Wi-Fi", path="/status.json"
        )


# After the first planning run, boot.py spoils what that has written, once.
SPOIL = """\
import os
def spoil(path, change):
    try:
        os.stat("/spoiled")
    except OSError:
        with open(path, "rb") as file:
            data = bytearray(file.read())
        data = change(data)
        with open(path, "wb") as file:
            file.write(data)
        open("/spoiled", "w").close()
        print("spoiled", path)
def flip(at):
    def change(data):
        data[at] ^= 4
        return data
    return change
try:
    spoil({path!r}, {change})
except OSError:
    pass
"""
SPOILT = {
    "plan, a bit of its CRC": ("/plan.json", "flip(10)"),
    "plan, a bit within": ("/plan.json", "flip(500)"),
    "plan, cut": ("/plan.json", "lambda data: data[:700]"),
    "plan, empty": ("/plan.json", "lambda data: b''"),
    "plan, zeros": ("/plan.json", "lambda data: bytes(len(data))"),
    "last good config": ("/config.good.json", "flip(5)"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_file_of_the_bridge_that_is_damaged_is_made_again_at_the_next_start(whole, what):
    path, change = SPOILT[what]
    whole.config.write_text(json.dumps(GOOD))
    boot = Path(whole.folder, "firmware", "boot.py")
    text = SPOIL.format(path=path, change=change)
    if "good" in path:
        good = json.dumps(GOOD) + f"{zlib.crc32(json.dumps(GOOD).encode()):08x}"
        text = f"with open({path!r}, 'w') as file: file.write({good!r})\n" + text
    boot.write_text(boot.read_text() + text)
    with whole.running(NO_APP, "--http-port", "0") as running:
        assert running.line_that_starts("spoiled") == f"spoiled {path}"
        address = running.address()
        values = json.loads(fetched(address, "api/v1/values.json"))
        assert values["device_values"]["energy_meters"]["0"]["grid_power_w"] == -1500
        about = json.loads(fetched(address, "status.json"))["about"]
        assert (
            about["complaint"] == "" and about["last_end"] == "soft reset: power-on or brown-out"
        )
