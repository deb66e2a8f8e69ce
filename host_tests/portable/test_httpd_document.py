# SPDX-License-Identifier: MIT
"""Documents and responses: headers as RFC 9112 wants them, bodies as they were written."""

from httpd import responses
from httpd.document import Document


def text(response, size=4096):
    """Read a response through a buffer of `size` bytes; return (header lines, body)."""
    view = memoryview(bytearray(size))
    whole = b""
    while len(whole) < response.length:
        count = response.read(view, len(whole))
        assert count > 0
        whole += bytes(view[:count])
    whole = whole[: response.length]
    end = whole.find(b"\r\n\r\n")
    return whole[:end].decode().split("\r\n"), whole[end + 4 :]


def field(lines, name):
    values = [line.split(":", 1)[1].strip() for line in lines[1:] if line.split(":", 1)[0] == name]
    assert len(values) == 1, name
    return values[0]


def write(document, body):
    assert document.begin()
    document.write(body)
    document.end()


def test_fixed_has_every_field_of_the_contract():
    lines, body = text(responses.Fixed("200", responses.JSON, b"{}").open(0))
    assert lines[0] == "HTTP/1.1 200 OK"
    assert field(lines, "Content-Type") == "application/json"
    assert field(lines, "Content-Length") == "2"
    assert field(lines, "Connection") == "close"
    assert field(lines, "Cache-Control") == "no-store"
    assert body == b"{}"


def test_refusals_are_json_with_their_status():
    refusal = responses.Refusal()
    for outcome in (503, 431, 400, 404, 0, 414, 500):
        lines, body = text(refusal.choose(outcome))
        assert lines[0].startswith("HTTP/1.1 %d " % (outcome or 500))
        assert refusal.status == str(outcome or 500)
        assert int(field(lines, "Content-Length")) == len(body)
        assert body.startswith(b'{"error": "') and body.endswith(b'"}')
        assert (len([line for line in lines if line == "Retry-After: 2"]) == 1) == (outcome == 503)
        assert refusal.length <= 256


def test_a_refusal_of_a_head_has_the_same_header_and_no_content():
    """RFC 9110, section 9.3.2."""
    refusal = responses.Refusal()
    for outcome in (500, 414, 431):
        lines, body = text(refusal.choose(outcome))
        assert body and text(refusal.choose(-outcome)) == (lines, b"")


def test_document_counts_its_body():
    document = Document(200, responses.JSON)
    for body in (b"", b"{}", b"x" * 9, b"x" * 10, b"x" * 99, b"x" * 100, b"x" * 200):
        write(document, body)
        lines, found = text(document.open(0))
        assert int(field(lines, "Content-Length")) == len(body)
        assert found == body


def test_a_shorter_document_shows_nothing_of_a_longer_one():
    document = Document(200, responses.TEXT)
    write(document, b"a longer one")
    write(document, b"short")
    assert text(document, size=16)[1] == b"short"


def test_a_document_may_outgrow_its_capacity():
    document = Document(10, responses.TEXT)
    write(document, b"x" * 1000)
    lines, body = text(document)
    assert field(lines, "Content-Length") == "1000"
    assert body == b"x" * 1000


def test_numbers_are_written_as_json_wants_them():
    document = Document(200, responses.JSON)
    document.begin()
    for value in (0, 7, -7, 346890, -2147, 1073741823, -1073741824):
        document.write_int(value)
        document.write(b" ")
    for value in (782, 0, 5, -5, 10, -10, -463, 1000):
        document.write_tenths(value)
        document.write(b" ")
    document.end()
    assert text(document)[1] == (
        b"0 7 -7 346890 -2147 1073741823 -1073741824 78.2 0.0 0.5 -0.5 1.0 -1.0 -46.3 100.0 "
    )


def test_age_changes_without_rendering():
    document = Document(50, responses.JSON, aged=True)
    write(document, b"{}")
    for age in (0, 3, 12, 999999, 4):
        document.set_age(age)
        lines, body = text(document.open(0))
        assert field(lines, "Age") == str(age)
        assert (field(lines, "Content-Length"), body) == ("2", b"{}")


def test_a_pinned_document_stays_as_it_is():
    document = Document(50, responses.JSON, aged=True)
    write(document, b"old")
    document.set_age(1)
    document.pin()
    assert not document.begin()
    document.set_age(2)
    lines, body = text(document)
    assert (field(lines, "Age"), body) == ("1", b"old")
    document.unpin()
    write(document, b"new")
    assert text(document)[1] == b"new"


def test_a_gzipped_file_comes_whole_through_any_buffer_and_is_known_by_its_end():
    import os

    name = "test_httpd_page.tmp"
    # RFC 1952, 2.3.1: CRC32 and length of what was packed, the least byte first.
    page = b"packed" + b"0123456789" * 30 + b"\x01\x02\x03\xff\x10\x00\x00\x00"
    try:
        with open(name, "wb") as file:
            file.write(page)
    except OSError:
        return  # this interpreter has no file system to write to
    try:
        source = responses.File(name, "text/html")
        for size in (1, 7, 64, 1000):
            lines, body = text(source.open(0), size)
            assert int(field(lines, "Content-Length")) == len(page)
            assert field(lines, "Content-Encoding") == "gzip"
            assert field(lines, "Cache-Control") == "no-cache"
            assert field(lines, "ETag") == '"010203ff10000000"' == source.tag.decode()
            assert body == page
    finally:
        os.remove(name)
