# SPDX-License-Identifier: MIT
"""The JSON reader: RFC 8259, and where a mistake is."""

from planning import strict_json
from planning.decimals import scaled


def place_of(text):
    """The complaint about a text, None if there is none."""
    try:
        strict_json.loads(text.encode() if type(text) is str else text)
    except ValueError as error:
        return str(error)
    return None


def test_every_kind_of_value_is_read():
    text = b' {"a": [1, -20, 0, true, false, null], "b": {}, "c": [], "d": "x"}\r\n\t'
    expected = {"a": [1, -20, 0, True, False, None], "b": {}, "c": [], "d": "x"}
    assert strict_json.loads(text) == expected


def test_whole_numbers_stay_whole_and_decimals_do_not():
    values = strict_json.loads(b"[30, 30.0, 3e1, -0.5, 1.25E-2]")
    assert [type(value) is int for value in values] == [True, False, False, False, False]
    assert [scaled(value, 4) for value in values] == [300000, 300000, 300000, -5000, 125]


def test_decimals_are_exact_where_single_floats_are_not():
    # 16777217 is the first whole number that a single float lacks; 0.07 is no binary fraction.
    assert scaled(strict_json.loads(b"16777217.0"), 0) == 16777217
    assert scaled(strict_json.loads(b"0.07"), 2) == 7
    assert str(strict_json.loads(b"-0.50")) == "-0.50" and str(strict_json.loads(b"3e2")) == "300"


def test_scaled_numbers_are_rounded_half_away_from_zero():
    for text, places, whole in (
        (b"2.5", 0, 3),
        (b"-2.5", 0, -3),
        (b"2.4999", 0, 2),
        (b"78.25", 1, 783),
    ):
        assert scaled(strict_json.loads(text), places) == whole


def test_escapes_are_undone():
    assert strict_json.loads(b'"\\"\\\\\\/\\b\\f\\n\\r\\t"') == '"\\/\b\f\n\r\t'
    # RFC 8259 section 7: the G clef, U+1D11E, is D834 and DD1E
    assert strict_json.loads(b'"\\u00e4\\uD834\\uDD1E"') == "\u00e4\U0001d11e"
    assert strict_json.loads('"äöü"'.encode()) == "äöü"


def test_byte_order_mark_is_skipped():
    assert strict_json.loads(b"\xef\xbb\xbf{}") == {}


def test_place_is_line_and_column_of_the_mistake():
    assert place_of('{\n  "a": 1\n  "b": 2\n}') == 'line 3, column 3: "," or "}" is missing'
    assert place_of('{"a" 1}') == 'line 1, column 6: ":" is missing'
    assert place_of("[1, 2") == 'line 1, column 6: "," or "]" is missing: the file ends'
    assert place_of('{"a": 1,}') == "line 1, column 8: nothing follows this comma; take it away"
    assert place_of("[1,]") == "line 1, column 3: nothing follows this comma; take it away"
    assert place_of("{} \x00") == "line 1, column 4: the file should end here"
    assert place_of("{} {}") == "line 1, column 4: the file should end here"
    assert place_of("") == "line 1, column 1: a value is missing: the file ends"


def test_columns_count_characters_not_bytes():
    assert place_of('["äöü" 1]') == 'line 1, column 8: "," or "]" is missing'


def test_a_key_twice_is_a_mistake():
    assert place_of('{"a": 1,\n "a": 2}') == "line 2, column 2: this key is written twice"


def test_what_python_takes_but_json_does_not_is_refused():
    for text in (
        "NaN",
        "Infinity",
        "-Infinity",
        "True",
        "None",
        "'a'",
        "01",
        "+1",
        ".5",
        "1.",
        "1e",
        "--1",
        "0x10",
        "1_000",
    ):
        assert place_of("[" + text + "]") is not None, text
    for text in (
        "// x\n1",
        "{a: 1}",
        '"a\nb"',
        '"a',
        '"\\x41"',
        '"\\u12"',
        '"\\u+123"',
        '"\\uD834"',
        '"\\uDD1E"',
        '"\\uD834\\u0041"',
    ):
        assert place_of(text) is not None, text


def test_numbers_that_cannot_be_held_are_refused():
    assert place_of("[1e999]") == "line 1, column 2: too large a number"
    assert (
        place_of("[" + "9" * 25 + "]") == "line 1, column 2: a number of more than 24 characters"
    )


def test_nesting_has_an_end():
    assert place_of("[" * 9 + "]" * 9) is None
    assert place_of("[" * 10 + "]" * 10) == "line 1, column 10: nested too deep"
    assert place_of("[" * 5000) == "line 1, column 10: nested too deep"


def test_bytes_that_are_no_utf8_are_refused():
    assert place_of(b'["\xff"]') == "line 1, column 2: not UTF-8 text"
    assert place_of(b"\xff\xfe{\x00}\x00") is not None


def test_every_shortened_text_is_refused():
    whole = '{"a": [1.5e3, true, null], "b": {"c": "d\\u00e4"}}'
    for end in range(len(whole)):
        assert place_of(whole[:end]) is not None, end
