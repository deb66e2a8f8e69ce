"""Which config.json the bridge takes, and when it becomes the last good one. Files lie in a folder of the test."""

import json
import os

from firmware.store import Store

_TOP = "build/store-test"
IN_USE = "The last good config is in use; config.json"


def emptied():
    for folder in ("build", _TOP, _TOP + "/a", _TOP + "/a/profiles", _TOP + "/profiles"):
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


def good(text, load, names):
    """Stands for the check: a config is a number."""
    try:
        return int(text)
    except ValueError:
        raise ValueError("not good")


def outcome(work):
    try:
        return work()
    except (OSError, ValueError) as error:
        return type(error)


def test_good_config_becomes_the_last_good_one_only_by_the_renames():
    emptied()
    write("/config.json", "1")
    store = Store(_TOP, _TOP)
    assert store.config(good) == 1 and store.complaint == ""
    assert not [name for name in os.listdir(_TOP) if name == "config.good.json"]
    for old, new in store.renames:
        os.rename(old, new)
    assert read("/config.good.json") == "1" and read("/config.json") == "1"
    again = Store(_TOP, _TOP)
    again.config(good)
    assert again.renames == []


def test_refused_config_leaves_the_last_good_one_and_a_complaint():
    emptied()
    write("/config.json", "x")
    write("/config.good.json", "7")
    store = Store(_TOP, _TOP)
    assert store.config(good) == 7
    assert store.complaint == "%s is refused: not good" % IN_USE
    assert store.renames == []
    assert read("/config.json") == "x"


def test_config_that_fails_to_start_three_times_leaves_the_last_good_one():
    emptied()
    write("/config.json", "8")
    write("/config.good.json", "7")
    assert Store(_TOP, _TOP).config(good, 2) == 8
    store = Store(_TOP, _TOP)
    assert store.config(good, 3) == 7
    assert store.complaint == "%s is refused: 3 starts with it failed" % IN_USE
    assert store.renames == []


def test_proved_or_only_config_is_tried_however_often_it_fails():
    emptied()
    write("/config.json", "8")
    assert Store(_TOP, _TOP).config(good, 4) == 8
    write("/config.good.json", "8")
    store = Store(_TOP, _TOP)
    assert store.config(good, 4) == 8 and store.complaint == ""


def test_missing_config_leaves_the_last_good_one_and_a_complaint():
    emptied()
    write("/config.good.json", "7")
    store = Store(_TOP, _TOP)
    assert store.config(good) == 7
    assert store.complaint.startswith(IN_USE + " cannot be read: ")


def test_complaint_is_about_the_new_config_when_the_good_one_is_refused_too():
    emptied()
    write("/config.json", "x")
    write("/config.good.json", "y")
    assert outcome(lambda: Store(_TOP, _TOP).config(good)) is ValueError


def test_without_any_config_there_is_an_error():
    emptied()
    assert issubclass(outcome(lambda: Store(_TOP, _TOP).config(good)), OSError)


def test_slot_takes_its_own_config_and_hands_it_over_when_proved():
    emptied()
    write("/slot", "%s/a %s" % (_TOP, _TOP))
    write("/config.json", "1")
    write("/a/config.json", "2")
    store = Store(_TOP + "/a", _TOP)
    assert store.config(good) == 2
    store.prove_slot()
    assert read("/config.json") == "1" and len(read("/slot").split()) == 2
    for old, new in store.renames:
        os.rename(old, new)
    assert read("/config.json") == "2" and read("/config.good.json") == "2"
    assert read("/slot") == _TOP + "/a"
    assert Store(_TOP + "/a", _TOP).config(good) == 2


def test_refused_config_of_a_slot_does_not_go_to_the_old_one_unseen():
    emptied()
    write("/config.json", "1")
    write("/a/config.json", "x")
    write("/config.good.json", "1")
    store = Store(_TOP + "/a", _TOP)
    assert store.config(good) == 1 and store.complaint.endswith(" is refused: not good")


def test_slot_that_is_not_on_trial_is_left_alone():
    emptied()
    write("/slot", _TOP)
    store = Store(_TOP, _TOP)
    store.prove_slot()
    assert store.renames == [] and not store.can_go_back


def test_slot_without_room_for_a_proof_stays_on_trial():
    emptied()
    write("/slot", "%s/a %s" % (_TOP, _TOP))
    os.mkdir(_TOP + "/slot.proved")  # cannot be written now
    try:
        store = Store(_TOP + "/a", _TOP)
        store.prove_slot()
        assert store.renames == [] and store.can_go_back
    finally:
        os.rmdir(_TOP + "/slot.proved")


def test_new_config_can_be_gone_back_from_where_there_is_a_good_one():
    emptied()
    write("/config.json", "1")
    store = Store(_TOP, _TOP)
    store.config(good)
    assert store.renames and not store.can_go_back
    write("/config.good.json", "2")
    store = Store(_TOP, _TOP)
    store.config(good)
    assert store.renames and store.can_go_back


def test_owners_profile_of_the_slot_comes_before_that_of_the_top():
    emptied()
    write("/profiles/mine.json", json.dumps({"from": "top"}))
    write("/a/profiles/mine.json", json.dumps({"from": "slot"}))
    assert Store(_TOP + "/a", _TOP).load("profile", "mine") == {"from": "slot"}
    assert Store(_TOP, _TOP).load("profile", "mine") == {"from": "top"}
    assert Store(_TOP, _TOP).load("profile", "other") is None


def test_a_config_that_was_checked_is_not_checked_again_until_it_changes():
    emptied()
    asked = []

    def check(text, load, names):
        asked.append(text)
        return {"number": int(text)}

    write("/config.json", "1")
    first = Store(_TOP, _TOP)
    assert first.config(check) == {"number": 1} and first.is_new
    second = Store(_TOP, _TOP)
    assert second.config(check) == {"number": 1} and not second.is_new
    assert asked == [b"1"]
    write("/config.json", "2")
    assert Store(_TOP, _TOP).config(check) == {"number": 2}
    write("/config.checked.json", "{")
    assert Store(_TOP, _TOP).config(check) == {"number": 2}
    assert asked == [b"1", b"2", b"2"]
    for text in ("{}", "[]"):  # a profile that it may name
        write("/profiles/mine.json", text)
        for _ in range(2):
            assert Store(_TOP, _TOP).config(check) == {"number": 2}
    assert asked == [b"1", b"2", b"2", b"2", b"2"]
