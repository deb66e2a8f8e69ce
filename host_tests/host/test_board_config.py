# SPDX-License-Identifier: MIT
"""The config.json that a board has: what a deploy makes of it, what it tells, and what it never tells."""

import argparse
import io
import json
import sys

import pytest
from rich.console import Console

from host_tools.build import image
from host_tools.owner import board_config, config, deploy_config
from host_tools.owner.board_config import Kept
from host_tools.owner.deploy_plan import DeployError, Held, digest

SECRET = 'correct "horse" \\ ü'
FIXED = {"category": "inverters", "fixed": {"inv_power_ac_w": 1}, "battery_connected": False}
CONFIG = {"wifi": {"ssid": "Home", "password": SECRET}, "devices": [FIXED]}


def text(**changes):
    return json.dumps({**CONFIG, **changes}, ensure_ascii=False).encode()


def wifi(ssid, password):
    return text(wifi={"ssid": ssid, "password": password})


class Files:
    """A board with these files, which gives them in hex as deploy_on_board.py does."""

    def __init__(self, **files):
        self.files = {path: data for path, data in files.items()}
        self.slots = ["/a"]

    def run(self, program):
        path = program.removeprefix("give('").removesuffix("')")
        data = self.files.get(path)
        return "-\n" if data is None else f"{data[:9].hex()}\n{data[9:].hex()}\n\n"

    def held(self):
        return Held(self.slots, {path: digest(data) for path, data in self.files.items()}, 1 << 20)


@pytest.mark.parametrize(
    "files, found",
    [
        ({"/a/config.json": b"1", "/config.json": b"2", "/config.good.json": b"300000000"}, b"1"),
        ({"/config.json": b"2", "/config.good.json": b"300000000", "/b/config.json": b"4"}, b"2"),
        ({"/config.good.json": b"300000000"}, b"3"),  # with its CRC: docs/formats/device.md
        ({"/b/config.json": b"4"}, None),
        ({}, None),
    ],
)
def test_config_is_the_one_that_the_board_would_start_with(files, found):
    assert board_config.config(Files(**files), ["/a"]) == found


@pytest.mark.parametrize("slots", [["/"], []])
def test_bridge_at_the_top_has_its_config_there(slots):
    assert (
        board_config.config(Files(**{"/config.json": b"2", "/a/config.json": b"1"}), slots) == b"2"
    )


def changed(old, new, deployed=b""):
    return board_config.changes(Kept(old, {}, {}, digest(deployed)), new)


def test_config_that_deploy_put_there_may_be_replaced():
    assert changed(text(), text(devices=[]), deployed=text()) == []
    assert board_config.changes(Kept(None, {}, {}), text()) == []


def test_config_that_means_the_same_is_no_change():
    assert changed(json.dumps(CONFIG, indent=7).encode(), text()) == []


def test_differences_are_told_by_key_path_with_both_values():
    one = {"category": "inverters", "profile": "abb-b23", "unit": 2}
    two = {"category": "inverters", "profile": "abb-b23", "unit": 3, "invert": True}
    old = text(devices=[FIXED, one], bus={"parity": "even"}, http={"port": 81})
    new = text(devices=[FIXED, two, {"category": "x" * 99}], http={"port": 80})
    assert changed(old, new) == [
        "devices[1].unit: 2 on the board, 3 in the given one",
        "devices[1].invert: left out on the board, true in the given one",
        'devices[2]: left out on the board, {"category": "' + "x" * 43 + "... in the given one",
        'bus: {"parity": "even"} on the board, left out in the given one',
        "http.port: 81 on the board, 80 in the given one",
    ]


def test_no_difference_tells_a_password():
    cases = [
        (wifi("Home", "new horse"), ["wifi.password: another one"]),
        (text(wifi={"ssid": "Home"}), ["wifi.password: another one"]),
        (text(wifi=None), ['wifi: {"ssid": "Home", "password": "..."} on the board, null in the given one']),
    ]  # fmt: skip
    for given, told in cases:
        assert changed(text(), given) == told
    said = changed(json.dumps({"password": SECRET, "a": [CONFIG]}).encode(), b"{}")
    assert "horse" not in str(said) and len(said) == 2


def test_config_that_is_damaged_on_the_board_is_a_change():
    assert changed(b"{ no json", text()) == ["it is no JSON object"]


WRITTEN = [
    '{"wifi": {"ssid": "Home", "password": "%s", "hostname": "x"}, "devices": []}',
    '{\n  "wifi": {\n    "ssid": "Home",\n    "password": "%s"\n  },\n  "devices": []\n}\n',
    '{"wifi":{"ssid":"Ho\\"me","password":"%s"},"devices":[]}',
    '\ufeff{"wifi": {"ssid": "Home", "password": "%s"}, "info": "\\"password\\": \\"x\\""}',
    '{"wifi": {"p\\u0061ssword": "%s", "ssid": "Home"}, "devices": []}',
]


@pytest.mark.parametrize("written", WRITTEN)
def test_password_is_left_out_and_comes_back_and_all_else_stays(written):
    data = (written % json.dumps(SECRET, ensure_ascii=False)[1:-1]).encode()
    told = board_config.without_password(data)
    assert "horse" not in told.decode()
    wanted = json.loads(data)
    del wanted["wifi"]["password"]
    assert json.loads(told) == wanted
    again, said = board_config.with_password_of(Kept(data, {}, {}), told)
    assert json.loads(again) == json.loads(data) and "kept" in said
    if "u0061" not in written and "hostname" not in written:
        expected = written.removeprefix("\ufeff")
        assert (
            told.decode()
            == expected[: expected.index(",")] + expected[expected.index('%s"') + 3 :]
        )


def test_password_at_the_beginning_is_left_out_too():
    given = b'{"wifi": {"password": "secret!!", "ssid": "Home"}}'
    assert board_config.without_password(given) == b'{"wifi": {"ssid": "Home"}}'
    assert board_config.without_password(b'{"wifi": {"password": "x"}}') == b'{"wifi": {}}'
    assert board_config.without_password(b'{"wifi": 3}') == b'{"wifi": 3}'
    with pytest.raises(DeployError, match="no JSON"):
        board_config.without_password(b'{"wifi": {"password": "secret!!"')


@pytest.mark.parametrize(
    "given, said",
    [
        (wifi("Home", "other horse"), ""),
        (wifi("Home", ""), ""),  # an open network, as its owner says
        (text(wifi={"ssid": "Other"}), "an open network"),
    ],
)
def test_password_of_the_board_is_for_its_network_only(given, said):
    made, told = board_config.with_password_of(Kept(text(), {}, {}), given)
    assert made == given and said in told and bool(said) == bool(told)


def arguments(config=None, board=None, force=False):
    return argparse.Namespace(config=config, board=board, force=force, root=image.ROOT)


@pytest.fixture
def files_of(monkeypatch):
    """What a deploy would put on a board: ({path: bytes}, what it says)."""

    def made(board, given):
        # Only what depends on the config.
        monkeypatch.setattr(image, "code_and_data", lambda root: [])
        console = Console(file=io.StringIO(), width=400)
        with deploy_config.settled(board, board.held(), given, console) as found:
            return found.image_files(image.ROOT, None), console.file.getvalue()

    return made


OWN = json.loads(json.dumps({"extends": "eastron-sdm630", "model": "X", "source": ["own"]}))
METER = {"category": "energy_meters", "profile": "mine", "unit": 1}


def test_board_keeps_its_config_and_its_own_profiles_and_what_was_changed_stays_known(files_of):
    mine = json.dumps(OWN).encode()
    here = text(devices=[METER, {**METER, "profile": "top"}])
    board = Files(
        **{
            "/config.json": here,
            "/a/profiles/mine.json": mine,
            "/profiles/mine.json": b"{}",
            "/profiles/top.json": mine,
            "/a/config.deployed": digest(b"older").encode(),
        }
    )
    files, said = files_of(board, arguments())
    assert files["config.json"] == here and files["profiles/mine.json"] == mine
    assert "profiles/top.json" not in files  # it stays where it is
    assert set(json.loads(files["plan.json"])["plan"]["sources"]) == {
        "config", "board esp32-devkit-max3485", "profile mine", "profile top", "profile eastron-sdm630", "pack",
    }  # fmt: skip
    assert files["config.deployed"] == digest(b"older").encode()
    assert "that of the board stays" in said and "horse" not in said


@pytest.mark.parametrize(
    "here, sentence",
    [
        (b"{", "config.json: not JSON: line 1, column 2"),
        (text(devices=[METER]), 'devices[0].profile: no profile "mine"'),
        (text(board="x"), 'board: no board "x"'),
    ],
)
def test_config_of_the_board_that_does_not_hold_is_refused(files_of, here, sentence):
    with pytest.raises(DeployError) as refused:
        files_of(Files(**{"/config.json": here}), arguments())
    assert sentence in str(refused.value) and "nothing was changed" in str(refused.value)


def test_board_without_a_config_gets_all_boards_or_the_one_that_it_is(files_of):
    files, _ = files_of(Files(), arguments())
    assert len(files) > 5 and all(path.startswith("boards/") for path in files)
    files, _ = files_of(Files(), arguments(board="lilygo-t-can485"))
    assert list(files) == ["boards/lilygo-t-can485.json"]
    with pytest.raises(DeployError, match='BOARD=lilygo-t-can458: no board .*"lilygo-t-can485"'):
        files_of(Files(), arguments(board="lilygo-t-can458"))


def test_board_that_is_not_the_configs_is_refused(files_of):
    with pytest.raises(
        DeployError, match="BOARD=lilygo-t-can485: config.json is for esp32-devkit"
    ):
        files_of(Files(**{"/config.json": text()}), arguments(board="lilygo-t-can485"))


@pytest.fixture
def given(tmp_path):
    path = tmp_path / "config.json"
    path.write_bytes(text(http={"port": 81}))
    return path


EDITED = {"/config.json": text(http={"port": 82}), "/a/config.deployed": digest(text()).encode()}


def test_change_on_the_board_is_told_and_not_lost_without_a_word(files_of, given, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(DeployError, match="make config PORT=... fetches"):
        files_of(Files(**EDITED), arguments(given))
    files, said = files_of(Files(**EDITED), arguments(given, force=True))
    assert files["config.json"] == given.read_bytes()
    assert "  http.port: 82 on the board, 81 in the given one\n" in said
    assert files["config.deployed"] == digest(given.read_bytes()).encode()


@pytest.mark.parametrize("answer, goes_on", [("y", True), ("J", True), ("", False), ("n", False)])
def test_who_sits_at_a_terminal_is_asked(files_of, given, monkeypatch, answer, goes_on):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: answer)
    if goes_on:
        assert files_of(Files(**EDITED), arguments(given))
    else:
        with pytest.raises(DeployError, match="stopped"):
            files_of(Files(**EDITED), arguments(given))


def test_config_that_nobody_changed_is_replaced_without_a_question(files_of, given):
    for here in (text(), given.read_bytes()):
        files, said = files_of(
            Files(**{"/config.json": here, "/a/config.deployed": digest(text()).encode()}),
            arguments(given),
        )
        assert files["config.json"] == given.read_bytes() and "changed" not in said


def test_fetched_config_is_edited_and_deployed_with_the_boards_password(files_of, given):
    given.write_bytes(board_config.without_password(text()).replace(b'_w": 1', b'_w": 2'))
    board = Files(**{"/config.json": text(), "/a/config.deployed": digest(text()).encode()})
    files, said = files_of(board, arguments(given))
    assert json.loads(files["config.json"]) == json.loads(text().replace(b'_w": 1', b'_w": 2'))
    assert "that of the board is kept" in said and "horse" not in said
    board.files["/config.json"] = files["config.json"]
    board.files["/a/config.deployed"] = files["config.deployed"]
    assert files_of(board, arguments(given))[0] == files  # nothing is changed, nobody asked


def test_missing_port_is_one_sentence(tmp_path, capsys):
    assert config.main(["--port", str(tmp_path / "nothing")]) == 1
    assert " is not there; " in capsys.readouterr().err
