# SPDX-License-Identifier: MIT
"""From which config.json the plan is made, whether it still fits, and when a config becomes the last good one. Files lie in a folder of the
test.
"""

import binascii
import os

import esp32_fakes  # noqa: F401  (before the firmware)
from firmware.modes import planning
from firmware.modes.store import Store, read_plan

_TOP = "build/store-test"
IN_USE = "The last good config is in use; config.json"


def emptied():
    for folder in (
        "build",
        _TOP,
        _TOP + "/a",
        _TOP + "/a/profiles",
        _TOP + "/boards",
        _TOP + "/profiles",
    ):
        try:
            os.mkdir(folder)
        except OSError:
            pass
        for name in os.listdir(folder) if folder != "build" else ():
            try:
                os.remove(folder + "/" + name)
            except OSError:
                pass


def write(path, text):
    with open(_TOP + path, "w") as file:
        file.write(text)


def read(path):
    with open(_TOP + path) as file:
        return file.read()


def with_crc(text):
    """As the bridge keeps the last good config: docs/formats/device.md."""
    return text + "%08x" % (binascii.crc32(text.encode()) & 0xFFFFFFFF)


def slot(words):
    """As the bridge writes /slot: docs/formats/device.md."""
    return "%08x %s" % (binascii.crc32(words.encode()) & 0xFFFFFFFF, words)


class Numbers(planning.Files):
    """Stands for the planner: a config is a number, and may name a profile behind it."""

    def plan(self, path):
        number, *profiles = self._store.text(path, 8192).decode().split()
        self.sources += ["board x"] + ["profile " + name for name in profiles]
        try:
            return {"number": int(number)}
        except ValueError:
            raise ValueError("not good")


planning.Files = Numbers


def store(root="", failed=0):
    """(Store, its plan): as the board does at a start, the planning run before it where that is needed."""
    found = Store(_TOP + root, _TOP)
    plan = found.plan(failed)
    if plan is None:
        plan = planning.planned(found, failed)
        assert planning.written(found, plan)
        assert found.plan(failed) == plan, "planned again at each start"
    return found, plan


def prove(found, plan):
    renames, _ = found.renames(plan)
    for old, new in renames:
        os.rename(old, new)


def pack(crc):
    """As the profiles of the bridge begin: docs/formats/device.md."""
    for folder in ("/lib", "/lib/planning"):
        try:
            os.mkdir(_TOP + folder)
        except OSError:
            pass
    write("/lib/planning/profiles.pack", "%08x " % crc)


def outcome(work):
    try:
        return work()
    except (OSError, ValueError) as error:
        return type(error)


def test_good_config_becomes_the_last_good_one_only_by_the_renames():
    emptied()
    write("/config.json", "1")
    found, plan = store()
    assert plan["number"] == 1 and plan["complaint"] == ""
    renames, can_go_back = found.renames(plan)
    assert "config.good.json" not in os.listdir(_TOP) and not can_go_back
    for old, new in renames:
        os.rename(old, new)
    assert read("/config.good.json") == with_crc("1") and read("/config.json") == "1"
    assert found.renames(plan) == ([], False)


def test_refused_config_leaves_the_last_good_one_and_a_complaint():
    emptied()
    write("/config.json", "x")
    write("/config.good.json", with_crc("7"))
    found, plan = store()
    assert plan["number"] == 7
    assert plan["complaint"] == "%s is refused: not good" % IN_USE
    assert found.renames(plan) == ([], False)
    assert read("/config.json") == "x"


def test_config_that_fails_to_start_three_times_leaves_the_last_good_one():
    emptied()
    write("/config.json", "8")
    write("/config.good.json", with_crc("7"))
    assert store(failed=2)[1]["number"] == 8
    found, plan = store(failed=3)
    assert plan["number"] == 7
    assert plan["complaint"] == "%s is refused: 3 starts with it failed" % IN_USE
    assert found.renames(plan) == ([], False)
    # Once a run was healthy it is tried again: it may have been something else.
    assert store(failed=0)[1]["number"] == 8


def test_refused_config_is_not_planned_at_each_start_whatever_the_number_of_failed_ones():
    emptied()
    write("/config.json", "x")
    write("/config.good.json", with_crc("7"))
    for failed in (0, 1, 3, 4, 0):
        assert store(failed=failed)[1]["number"] == 7  # store() asserts that the plan stays


def test_proved_or_only_config_is_tried_however_often_it_fails():
    emptied()
    write("/config.json", "8")
    assert store(failed=4)[1]["number"] == 8
    write("/config.good.json", with_crc("8"))
    _, plan = store(failed=4)
    assert plan["number"] == 8 and plan["complaint"] == ""


def test_missing_config_leaves_the_last_good_one_and_a_complaint():
    emptied()
    write("/config.good.json", with_crc("7"))
    _, plan = store()
    assert plan["number"] == 7
    assert plan["complaint"].startswith(IN_USE + " cannot be read: ")


def test_complaint_is_about_the_new_config_when_the_good_one_is_refused_too():
    emptied()
    write("/config.json", "x")
    write("/config.good.json", with_crc("y"))
    assert outcome(store) is ValueError


def test_without_any_config_there_is_an_error():
    emptied()
    assert issubclass(outcome(store), OSError)


def test_slot_takes_its_own_config_and_hands_it_over_when_proved():
    emptied()
    write("/slot", slot("%s/a %s" % (_TOP, _TOP)))
    write("/config.json", "1")
    write("/a/config.json", "2")
    found, plan = store("/a")
    assert plan["number"] == 2
    renames, can_go_back = found.renames(plan)
    assert can_go_back and read("/config.json") == "1" and len(read("/slot").split()) == 3
    for old, new in renames:
        os.rename(old, new)
    assert read("/config.json") == "2" and read("/config.good.json") == with_crc("2")
    assert read("/slot") == slot(_TOP + "/a")
    assert Store(_TOP + "/a", _TOP).plan(0) == plan, "the plan outlives the move of its config"


def test_refused_config_of_a_slot_does_not_go_to_the_old_one_unseen():
    emptied()
    write("/config.json", "1")
    write("/a/config.json", "x")
    write("/config.good.json", with_crc("1"))
    _, plan = store("/a")
    assert plan["number"] == 1 and plan["complaint"].endswith(" is refused: not good")


def test_slot_that_is_not_on_trial_is_left_alone():
    emptied()
    write("/slot", slot(_TOP))
    write("/config.json", "1")
    write("/config.good.json", with_crc("1"))
    found, plan = store()
    assert found.renames(plan) == ([], False)


def test_slot_without_room_for_a_proof_stays_on_trial():
    emptied()
    write("/slot", slot("%s/a %s" % (_TOP, _TOP)))
    write("/a/config.json", "1")
    write("/config.json", "1")
    write("/config.good.json", with_crc("1"))
    os.mkdir(_TOP + "/slot.proved")  # cannot be written now
    try:
        found, plan = store("/a")
        assert found.renames(plan) == ([(_TOP + "/a/config.json", _TOP + "/config.json")], True)
    finally:
        os.rmdir(_TOP + "/slot.proved")


def test_new_config_can_be_gone_back_from_where_there_is_a_good_one():
    emptied()
    write("/config.json", "1")
    found, plan = store()
    renames, can_go_back = found.renames(plan)
    assert renames and not can_go_back
    write("/config.good.json", with_crc("2"))
    renames, can_go_back = found.renames(plan)
    assert renames and can_go_back


def test_owners_profile_of_the_slot_comes_before_that_of_the_top():
    emptied()
    write("/profiles/mine.json", "{}")
    write("/a/profiles/mine.json", "{}")
    assert Store(_TOP + "/a", _TOP).find("profile", "mine") == _TOP + "/a/profiles/mine.json"
    assert Store(_TOP, _TOP).find("profile", "mine") == _TOP + "/profiles/mine.json"
    assert Store(_TOP, _TOP).find("profile", "other") is None


def test_a_plan_fits_until_something_that_it_was_made_from_changes():
    emptied()
    write("/config.json", "1 mine")
    write("/config.good.json", with_crc("1 mine"))
    write("/boards/x.json", "{}")
    found, _ = store()
    for path, before in (
        ("/config.json", "1 mine"),
        ("/boards/x.json", "{}"),
        ("/profiles/mine.json", None),  # it was not there: now the owner's own goes before ours
    ):
        write(path, "2 mine")
        assert found.plan(0) is None, path
        os.remove(_TOP + path)
        assert (found.plan(0) is None) == (before is not None), path
        if before is not None:
            write(path, before)
        assert found.plan(0), path


def test_a_plan_of_packed_profiles_fits_until_the_pack_changes():
    emptied()
    pack(0x12345678)
    write("/config.json", "1")
    write("/config.good.json", with_crc("1"))
    found, plan = store()
    plan["sources"] = {"config": found.crc("config"), "profile x": None, "pack": 0x12345678}
    assert planning.written(found, plan) and found.plan(0) == plan
    write("/profiles/x.json", "{}")  # the owner's own goes before ours
    assert found.plan(0) is None
    os.remove(_TOP + "/profiles/x.json")
    assert found.plan(0) == plan
    pack(0x12345679)
    assert found.plan(0) is None
    os.remove(_TOP + "/lib/planning/profiles.pack")
    assert found.plan(0) is None and found.crc("pack") is None


def test_a_plan_of_another_version_does_not_fit():
    emptied()
    write("/config.json", "1")
    found, plan = store()
    plan["version"] = "0.0.0"
    assert planning.written(found, plan) and found.plan(0) is None


def bytes_of_plan():
    with open(_TOP + "/plan.json", "rb") as file:
        return file.read()


def test_every_flipped_bit_and_every_cut_of_a_plan_is_found_out():
    emptied()
    write("/config.json", "1")
    found, plan = store()
    data = bytes_of_plan()
    for at in range(len(data)):
        with open(_TOP + "/plan.json", "wb") as file:
            file.write(data[:at])
        assert found.plan(0) is None, at
        for bit in range(8):
            flipped = bytearray(data)
            flipped[at] ^= 1 << bit
            with open(_TOP + "/plan.json", "wb") as file:
                file.write(flipped)
            assert found.plan(0) in (None, plan), (at, bit)
    with open(_TOP + "/plan.json", "wb") as file:
        file.write(data)
    assert found.plan(0) == plan


def test_a_plan_that_cannot_be_written_leaves_none_behind():
    emptied()
    write("/config.json", "1")
    found, plan = store()
    os.mkdir(_TOP + "/plan.tmp")  # cannot be written now
    try:
        assert not planning.written(found, plan)
        assert found.plan(0) is None
    finally:
        os.rmdir(_TOP + "/plan.tmp")


def test_what_is_no_plan_raises_a_value_error():
    emptied()
    for text in ("", "{}", "x" * 100):
        write("/plan.json", text)
        assert outcome(lambda: read_plan(_TOP + "/plan.json")) is ValueError, text
