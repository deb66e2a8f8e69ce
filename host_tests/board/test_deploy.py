# SPDX-License-Identifier: MIT
"""make deploy on the virtual board: a small bridge for what goes wrong, the whole one for what goes well."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from itertools import groupby
from pathlib import Path

import pytest

from flashed import Flashed
from host_tools.build import interpreter
from host_tools.owner import calibrate
from host_tools.simulate.free_port import free_port
from rig import LIMIT_S, ROOT
from small import Small
from wire import Adapter

CUTS = Path(__file__).with_name("cuts.py")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The sources, and in `image` the flash of a board that has version one and has proved it."""
    folder = tmp_path_factory.mktemp("small")
    made = Small(folder)
    board = Flashed(folder)
    status, said = made.deploy(board.port)
    assert status == 0, said
    board.mpremote("exec", "import os; os.rename('/a/config.json', '/config.json')")
    board.close()
    made.image = board.image
    return made


@pytest.fixture
def board(small, tmp_path):
    """A board with version one, which is what the sources hold, too."""
    shutil.copy(small.image, tmp_path / "flash")
    small.name("one")
    made = Flashed(tmp_path)
    yield made
    made.close()


def test_bridge_from_before_the_first_release_makes_way_and_the_config_stays(small, board):
    board.mpremote(
        "exec",
        "open('/a/firmware/starting.py', 'w').close(); open('/config.checked.json', 'w').close()",
    )
    config = board.mpremote("exec", "print(open('/config.json').read())")
    status, said = small.deploy(board.port)
    assert status == 0 and "before the first release" in said, said
    assert until_answers(small) == "one"
    seen = "import os; print(os.listdir('/'), os.listdir('/a/firmware'), open('/slot').read())"
    there = board.mpremote("exec", seen)
    assert "starting.py" not in there and "config.checked.json" not in there and "'b'" not in there
    assert there.split()[-1] == "/a"
    assert board.mpremote("exec", "print(open('/config.json').read())") == config


def restart(board):
    board.power_off()
    board.power_on()


def until_answers(small):
    until_s = time.monotonic() + LIMIT_S
    while time.monotonic() < until_s:
        if answer := small.answers():
            return answer
        time.sleep(0.05)
    raise AssertionError("no answer")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """(board, address) after a deploy of the whole bridge to an empty board, with a clamp that sees 6 A."""
    folder = tmp_path_factory.mktemp("whole")
    port = free_port()
    fixed = {"category": "inverters", "fixed": {"inv_power_ac_w": 7}, "battery_connected": False}
    clamp = {"category": "smart_loads", "clamp": "ct1", "amps_per_volt": 30, "voltage": 230}
    config = {"wifi": {"ssid": "Home"}, "http": {"port": port}, "devices": [fixed, clamp]}
    Path(folder, "config.json").write_text(json.dumps(config))
    board = Flashed(folder, "--clamp", "36=sine(amps_rms=0.2, mv_per_amp=1000, bias_mv=1200)")
    command = [sys.executable, "-m", "host_tools.owner.deploy", "--port", board.port]
    done = subprocess.run(
        [*command, "--config", str(folder / "config.json")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=2 * LIMIT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"serving http://127.0.0.1:{port}/" in done.stdout
    yield board, f"http://127.0.0.1:{port}/"
    board.close()


def asked(address, path):
    with urllib.request.urlopen(address + path, timeout=5) as answer:
        return json.load(answer)


def test_empty_board_gets_the_whole_bridge_and_serves(whole):
    board, address = whole
    board.wait_for(lambda: is_up(address))
    values = asked(address, "api/v1/values.json")["device_values"]
    assert values["inverters"]["0"]["inv_power_ac_w"] == 7
    about = asked(address, "status.json")["about"]
    assert about["slot"] == "/a"
    assert about["last_end"].endswith("reset: a version was put on the board")


@pytest.mark.parametrize("air, words", [("down", "wifi.ssid"), ("password", "wifi.password")])
def test_wrong_wifi_is_told_and_tried_on(whole, air, words):
    """How soon, test_wifi.py sees in virtual time."""
    board, address = whole
    config = board.image.with_name("config.json")
    Path(board.state, "wifi").write_text(air)
    command = [sys.executable, "-m", "host_tools.owner.deploy", "--port", board.port]
    done = subprocess.run(
        [*command, "--config", str(config)], cwd=ROOT, capture_output=True, text=True
    )
    Path(board.state, "wifi").write_text("ok")
    assert done.returncode == 1 and f"is {words} right" in done.stderr, done.stdout + done.stderr
    board.wait_for(lambda: is_up(address))


def edit(board, old, new, *more):
    """What an owner does with `mpremote edit :config.json`; then the board is reset. The deployed one may still lie in its slot."""
    changes = "".join(
        f"assert {one!r} in text\ntext = text.replace({one!r}, {other!r})\n"
        for one, other in ((old, new), *more)
    )
    board.mpremote(
        "exec",
        "import os\n"
        "path = '/a/config.json' if 'config.json' in os.listdir('/a') else '/config.json'\n"
        f"text = open(path).read()\n{changes}"
        "with open(path, 'w') as file: file.write(text)",
    )
    board.try_mpremote("reset")


def test_config_that_was_edited_on_the_board_is_planned_there_and_served(whole):
    board, address = whole
    board.wait_for(lambda: is_up(address))
    before = board.mpremote("exec", "print(open('/a/plan.json').read()[:17])")
    # Any profile may be named.
    meter = '"devices": [{"category": "energy_meters", "profile": "abb-b23", "unit": 1, "when_stale": "omit"}, '
    edit(board, '"inv_power_ac_w": 7', '"inv_power_ac_w": 8', ('"devices": [', meter))

    def power_w():
        try:
            values = asked(address, "api/v1/values.json")["device_values"]
        except OSError:
            return None
        return values["inverters"]["0"]["inv_power_ac_w"]

    board.wait_for(lambda: power_w() == 8)
    status = asked(address, "status.json")
    assert status["about"]["last_end"].startswith("soft reset: ")
    assert status["units"][0]["unit"] == 1
    after = board.mpremote("exec", "print(open('/a/plan.json').read()[:17])")
    assert after != before and after.startswith('{"crc": "')
    edit(board, '"inv_power_ac_w": 8', '"inv_power_ac_w": 7', (meter, '"devices": ['))
    board.wait_for(lambda: power_w() == 7)


def test_clamp_is_calibrated_on_the_slot_that_runs_and_the_bridge_comes_back(whole):
    board, address = whole
    with Adapter(board.port) as adapter:
        statuses = calibrate.board(adapter.url)
        rms_ma = next(filter(None, (status["clamps"]["ct1"]["rms_ma"] for status in statuses)))
        statuses.close()
    assert rms_ma == pytest.approx(6000, rel=0.01)
    board.wait_for(lambda: is_up(address))


def test_logs_follow_the_console_behind_a_network_adapter(whole):
    board, address = whole
    board.wait_for(lambda: is_up(address))
    with Adapter(board.port) as adapter:
        command = [sys.executable, "-u", "-m", "host_tools.owner.logs", "--port", adapter.url]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        board.wait_for(lambda: adapter.clients)
        with open(board.port, "wb", buffering=0) as console:
            console.write(b"\x03")
            assert any("KeyboardInterrupt" in line for line in process.stdout)
            console.write(b"\x04")
        assert any(f"serving {address}" in line for line in process.stdout)
        process.kill()
        process.communicate()


def is_up(address):
    """Whether it serves values, all of them fresh."""
    try:
        return asked(address, "api/v1/values.json")
    except OSError:
        return None


def test_unchanged_version_is_not_copied_again(small, board):
    status, said = small.deploy(board.port)
    assert status == 0 and "nothing to copy" in said
    assert until_answers(small) == "one"


def test_only_what_changed_is_sent_and_the_old_slot_stays(small, board):
    small.name("two")
    status, said = small.deploy(board.port)
    assert status == 0, said
    assert "slot /b: 4 files to send" in said and "6 files are on the board already" in said
    assert small.answers() == "two"
    assert board.mpremote("exec", "print(open('/slot').read(), open('/a/firmware/app.mpy'))")
    restart(board)
    assert until_answers(small) == "two"


def test_trial_that_is_cut_short_by_a_deploy_goes_back_to_what_was_proved(small, board):
    small.name("two")
    assert small.deploy(board.port)[0] == 0
    small.name("three")
    status, said = small.deploy(board.port)
    assert status == 0, said
    assert "slot /b" in said
    assert board.mpremote("exec", "print(open('/slot').read())").strip().endswith(" /b /a")


def test_version_that_does_not_stay_up_is_given_up_with_its_traceback(small, board):
    small.app("def main(root):\n    raise ValueError('burnt')\n")
    status, said = small.deploy(board.port)
    assert status == 1, said
    assert "given up" in said and "ValueError: burnt" in said
    assert until_answers(small) == "one"


def test_config_that_the_board_would_refuse_does_not_touch_it(small, board):
    small.config.write_text('{"wifi": {"sid": "Home"}, "devices": []}')
    assert until_answers(small) == "one"
    status, said = small.deploy(board.port)
    assert status == 1 and "sid" in said
    assert small.answers() == "one"


def test_config_that_was_changed_on_the_board_is_kept_fetched_and_not_lost(small, board):
    config = board.mpremote("exec", "print(open('/config.json').read())").strip()
    secret = config.replace('"one"', '"one", "password": "correct horse"')
    mine = secret.replace('"inv_power_ac_w": 1', '"inv_power_ac_w": 2')
    board.mpremote("exec", f"with open('/config.json', 'w') as file: file.write({mine!r})")
    status, said = small.deploy(board.port)
    assert status == 1 and "devices[0].fixed.inv_power_ac_w: 2 on the board, 1 in" in said, said
    small.name("two")
    status, said = small.deploy(board.port, config=False)
    assert status == 0 and "that of the board stays" in said and "horse" not in said, said
    assert small.answers() == "two"
    assert board.mpremote("exec", "print(open('/b/config.json').read())").strip() == mine
    command = [sys.executable, "-m", "host_tools.owner.config", "--port", board.port]
    fetched = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert fetched.stdout == mine.replace(', "password": "correct horse"', "")
    board.wait_for_reset(2)
    assert small.deploy(board.port, "--no-wait")[0] == 1, "it is still not the one of deploy"


KEY = "import esp32; b = bytearray(63); print(str(b[:esp32.NVS('setup').get_blob('key', b)], 'utf-8'))"


def test_blank_board_is_deployed_to_without_a_config(small, tmp_path):
    small.name("one")
    board = Flashed(tmp_path)
    try:
        status, said = small.deploy(board.port, config=False)
        words = " ".join(said.split())
        assert status == 0 and "no config: the board is in set-up mode; join its network" in words
        (key,) = re.findall(r"set-up mode: network NRGkick-Bridge-[0-9A-F]{4}, key (\S+)", words)
        assert board.mpremote("exec", KEY).strip() == key
        there = board.mpremote("exec", "import os; print(os.listdir('/'), os.listdir('/a'))")
        assert "'slot'" in there and "config" not in there
    finally:
        board.close()


def test_stopped_deploy_lets_the_old_version_go_on(small, board):
    small.name("two")

    def stop():
        process.send_signal(signal.SIGINT)
        return True

    with Adapter(board.port, 2000, stop) as adapter:
        command = [sys.executable, "-m", "host_tools.owner.deploy", "--port", adapter.url]
        command += ["--config", small.config, "--root", small.root]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stderr=subprocess.PIPE,
            # A shell's background job ignores Ctrl-C, and so would its children.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        said = process.communicate(timeout=LIMIT_S)[1].decode()
        assert process.returncode == 130, said
    board.wait_for_reset(2)
    assert until_answers(small) == "one"


@pytest.fixture(scope="module")
def sent_bytes(small, tmp_path_factory):
    """What a deploy of version two sends to a board with version one."""
    folder = tmp_path_factory.mktemp("measured")
    shutil.copy(small.image, folder / "flash")
    small.name("two")
    board = Flashed(folder)
    with Adapter(board.port) as adapter:
        assert small.deploy(adapter.url, "--no-wait")[0] == 0
    board.close()
    return adapter.sent


@pytest.mark.parametrize("percent", [0, 10, 30, 50, 70, 99])
def test_cable_pulled_leaves_the_old_version_and_the_next_deploy_goes_through(
    small, board, sent_bytes, percent
):
    small.name("two")
    with Adapter(board.port, 3 + sent_bytes * percent // 100) as adapter:
        status, said = small.deploy(adapter.url)
        assert status == 1 and "lost" in said, said
    restart(board)
    assert until_answers(small) == "one"
    status, said = small.deploy(board.port)
    assert status == 0, said
    assert small.answers() == "two"


def test_port_that_goes_with_the_reset_is_opened_again(small, board):
    # A port that is opened drops what came before: a slow PC would miss what is said once.
    small.name("two", again_ms=300)
    with Adapter(board.port, after_text=b"machine.reset()\x04") as adapter:
        status, said = small.deploy(adapter.url)
        assert (status, adapter.clients) == (0, 2), said
    assert small.answers() == "two"


@pytest.mark.parametrize("percent", [40, 80])
def test_killed_board_comes_back_with_the_old_version(small, board, sent_bytes, percent):
    small.name("two")
    with Adapter(board.port, sent_bytes * percent // 100, board.power_off) as adapter:
        status, said = small.deploy(adapter.url)
        assert status == 1, said
    board.power_on()
    assert until_answers(small) == "one"


def journal_of(board, small):
    """What a deploy writes, block write by block write."""
    board.power_off()
    before = board.image.with_name("before")
    shutil.copy(board.image, before)
    journal = board.state / "journal"
    journal.write_bytes(b"")
    board.power_on()
    status, said = small.deploy(board.port, "--no-wait")
    assert status == 0, said
    board.wait_for_reset(2)
    board.power_off()
    return before, journal


def found_after_each_write(before, journal):
    found = interpreter.find(64)
    command = found.command(CUTS, before, journal, heap="32m")
    return subprocess.check_output(command, env=found.environment(), text=True).splitlines()


def test_power_cut_at_any_block_write_leaves_the_old_or_the_new_version_whole(small, board):
    small.name("two")
    found = [line.split() for line in found_after_each_write(*journal_of(board, small))]
    assert len(found) > 100
    versions = [key for key, _ in groupby((slot, files) for slot, files, _ in found)]
    assert [slot for slot, _ in versions] == ["/a", "/b+/a"]
    assert len({top for _, _, top in found}) == 1


def test_power_cut_on_a_new_board_leaves_nothing_or_all(small, tmp_path):
    small.name("one")
    board = Flashed(tmp_path)
    board.mpremote("exec", "pass")  # it has formatted its flash then
    try:
        found = found_after_each_write(*journal_of(board, small))
    finally:
        board.close()
    versions = [key for key, _ in groupby(found)]
    assert versions[0] == "no slot" and len(versions) == 2 and versions[1].startswith("/a ")


def test_new_boot_and_main_come_whole_one_after_the_other(small, board):
    small.name("two")
    for name in ("boot", "main"):
        with open(small.root / "firmware" / f"{name}.py", "a") as file:
            file.write("# changed\n")
    try:
        found = [line.split() for line in found_after_each_write(*journal_of(board, small))]
    finally:
        small.copy_top()
    tops = [key for key, _ in groupby(top for _, _, top in found)]
    assert len(tops) == 3  # old, new boot.py, both
    assert [key for key, _ in groupby(slot for slot, _, _ in found)] == ["/a", "/b+/a"]


def test_mpremote_reaches_a_board_behind_a_network_adapter(board):
    with Adapter(board.port) as adapter:
        assert board.mpremote("exec", "print(6 * 7)", port=adapter.url).strip() == "42"
