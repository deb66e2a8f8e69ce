# SPDX-License-Identifier: MIT
"""Where a MicroPython is taken from, and what happens where there is none."""

import os
import subprocess
import threading

import pytest

from host_tools.build import debian_packages, interpreter
from host_tools.build.interpreter import InterpreterError

SMALL_INT_MAX = {32: 2**31 - 1, 64: 2**63 - 1}


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def fake_micropython(path, bits=64, version="1 24 0"):
    """A program that answers the probe as a MicroPython would."""
    return script(path, f"echo micropython {version} {SMALL_INT_MAX[bits]}")


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine of a plain user with an empty cache, an empty PATH and no Debian packages: tmp_path/bin is its PATH."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    monkeypatch.setenv("PATH", str(bin_folder))
    for name in ("MICROPYTHON", "MICROPYTHON32"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(interpreter, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    def nothing(bits, folder):
        raise debian_packages.PackagesError("this machine has no apt")

    monkeypatch.setattr(debian_packages, "unpack", nothing)
    interpreter.find.cache_clear()
    yield bin_folder
    interpreter.find.cache_clear()


def test_variable_goes_before_path(machine, tmp_path, monkeypatch):
    fake_micropython(machine / "micropython", version="1 25 0")
    named = fake_micropython(tmp_path / "mine", version="1 26 1")
    monkeypatch.setenv("MICROPYTHON", named)
    found = interpreter.find(64)
    assert found.argv == (named,)
    assert found.version == (1, 26, 1)


def test_variable_that_does_not_work_is_an_error_and_not_passed_over(machine, monkeypatch):
    fake_micropython(machine / "micropython")
    monkeypatch.setenv("MICROPYTHON", "/no/such/micropython")
    with pytest.raises(
        InterpreterError, match=r"/no/such/micropython \(\$MICROPYTHON\) does not start"
    ):
        interpreter.find(64)


def test_variable_with_a_64_bit_build_leaves_32_bits_open(machine, tmp_path, monkeypatch):
    monkeypatch.setenv("MICROPYTHON", fake_micropython(tmp_path / "m64", 64))
    monkeypatch.setenv("MICROPYTHON32", fake_micropython(tmp_path / "m32", 32))
    assert interpreter.find(64).argv == (str(tmp_path / "m64"),)
    assert interpreter.find(32).argv == (str(tmp_path / "m32"),)


def test_path_is_searched(machine):
    path = fake_micropython(machine / "micropython")
    assert interpreter.find(64).argv == (path,)


def test_build_of_the_other_width_in_path_is_not_taken(machine):
    fake_micropython(machine / "micropython", bits=64)
    with pytest.raises(
        InterpreterError, match="MICROPY_FORCE_32BIT=1 and name it in .MICROPYTHON32"
    ):
        interpreter.find(32)


@pytest.mark.parametrize(
    "what", ["echo micropython 1 23 9 9223372036854775807", "echo Python 3.11", "exit 1"]
)
def test_what_is_too_old_or_no_micropython_is_not_taken_from_path(machine, what):
    script(machine / "micropython", what)
    with pytest.raises(
        InterpreterError, match="this machine has no apt. What helps: install MicroPython"
    ):
        interpreter.find(64)


def fake_apt(machine, candidate):
    """An apt whose candidate is known after an update, and which installs a 64-bit MicroPython."""
    script(
        machine / "apt-cache", f'test -e "{machine}/updated" && echo "  Candidate: {candidate}"'
    )
    log = machine / "log"
    installed = f"#!/bin/sh\necho micropython 1 25 0 {SMALL_INT_MAX[64]}"
    script(
        machine / "apt-get",
        f"""echo "$1" >> "{log}"
case "$1" in
    update) : > "{machine}/updated" ;;
    install) echo '{installed}' > "{machine}/micropython"; /bin/chmod +x "{machine}/micropython" ;;
esac""",
    )
    return log


def test_root_gets_the_distributions_own_package(machine, monkeypatch):
    log = fake_apt(machine, "1.25.0+ds-1")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    found = interpreter.find(64)
    assert (found.argv, found.source) == ((str(machine / "micropython"),), "apt")
    assert log.read_text().split() == ["update", "install"]


def test_distributions_package_that_is_too_old_is_not_installed(machine, monkeypatch):
    log = fake_apt(machine, "1.22.1+ds-1")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(InterpreterError):
        interpreter.find(64)
    assert "install" not in log.read_text()


def test_user_who_is_not_root_installs_nothing_in_the_system(machine):
    log = fake_apt(machine, "1.25.0+ds-1")
    with pytest.raises(InterpreterError):
        interpreter.find(64)
    assert not log.exists()


class Unpacked:
    """Stands for debian_packages: unpacks a fake, and counts how often."""

    def __init__(self, monkeypatch, fail=0):
        self.count = 0
        self.fail = fail
        monkeypatch.setattr(debian_packages, "unpack", self.unpack)
        monkeypatch.setattr(debian_packages, "argv", lambda bits, folder: (str(folder / "fake"),))

    def unpack(self, bits, folder):
        self.count += 1
        folder.mkdir()
        if self.count <= self.fail:
            raise debian_packages.PackagesError("the network is down")
        fake_micropython(folder / "fake", bits)


def test_fetched_packages_are_kept(machine, monkeypatch):
    unpacked = Unpacked(monkeypatch)
    first = interpreter.find(32)
    interpreter.find.cache_clear()
    assert interpreter.find(32) == first
    assert unpacked.count == 1


def test_failed_fetch_leaves_nothing_behind_and_is_tried_again(machine, monkeypatch):
    Unpacked(monkeypatch, fail=1)
    with pytest.raises(InterpreterError, match="the network is down"):
        interpreter.find(32)
    assert [path.name for path in interpreter.CACHE.iterdir()] == ["micropython.lock"]
    assert interpreter.find(32).bits == 32


def test_broken_cache_is_fetched_again(machine, monkeypatch):
    unpacked = Unpacked(monkeypatch)
    interpreter.find(64)
    script(interpreter.CACHE / "micropython-64" / "fake", "exit 1")
    interpreter.find.cache_clear()
    assert interpreter.find(64).bits == 64
    assert unpacked.count == 2


def test_two_who_look_at_once_fetch_once(machine, monkeypatch):
    unpacked = Unpacked(monkeypatch)
    found = []
    look = interpreter.find.__wrapped__
    threads = [threading.Thread(target=lambda: found.append(look(64))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert unpacked.count == 1
    assert len(found) == 2 and found[0] == found[1]


def test_webassembly_without_node_says_what_to_install(machine):
    interpreter.wasm.cache_clear()
    with pytest.raises(InterpreterError, match="install nodejs and npm"):
        interpreter.wasm()


class Index:
    """Stands for apt: a suite in which every package has `version`, unless the index does not verify."""

    version = "1.25.0+ds-1"
    broken = ()

    def __init__(self, state, mirror, architecture):
        if architecture in self.broken:
            raise debian_packages.PackagesError("Mirror sync in progress?")
        self.architecture = architecture

    def file(self, package):
        name = f"{package}_{self.version}_{self.architecture}.deb"
        return debian_packages.File(
            f"mirror:/pool/{name}", name, f"SHA256:of-{self.architecture}-index"
        )


@pytest.fixture
def index(monkeypatch):
    monkeypatch.setattr(debian_packages, "Index", Index)
    monkeypatch.setattr(debian_packages, "mirrors", lambda: ["mirror:/"])
    monkeypatch.setattr(Index, "version", Index.version)
    monkeypatch.setattr(Index, "broken", ())
    return Index


def test_micropython_must_have_the_hash_that_we_keep(index, tmp_path):
    kept = debian_packages.SHA256["micropython_1.25.0+ds-1_amd64.deb"]
    assert debian_packages.choose(64, tmp_path)[0].hash == f"SHA256:{kept}"
    index.version = "1.25.0+ds-2"
    with pytest.raises(
        debian_packages.PackagesError, match=r"micropython_1.25.0\+ds-2_amd64.deb, whose SHA-256"
    ):
        debian_packages.choose(64, tmp_path)


def test_new_library_is_taken_on_the_word_of_its_own_index(index, tmp_path):
    hashes = {file.name: file.hash for file in debian_packages.choose(32, tmp_path)}
    assert hashes["libmbedtls21_1.25.0+ds-1_i386.deb"] == "SHA256:of-i386-index"
    assert hashes["libc6-i386_1.25.0+ds-1_amd64.deb"] == "SHA256:of-amd64-index"


def test_library_that_nobody_vouches_for_is_not_taken(index, tmp_path):
    index.broken = ("i386",)
    with pytest.raises(debian_packages.PackagesError, match="Mirror sync"):
        debian_packages.choose(32, tmp_path)


def test_known_libraries_need_no_i386_index(index, tmp_path, monkeypatch):
    index.broken = ("i386",)
    for name, _ in debian_packages.PACKAGES[32]:
        monkeypatch.setitem(debian_packages.SHA256, f"{name}_1.25.0+ds-1_i386.deb", "ours")
    files = debian_packages.choose(32, tmp_path)
    assert {file.hash for file in files[:-1]} == {"SHA256:ours"}
    assert files[0].uri == "mirror:/pool/micropython_1.25.0+ds-1_i386.deb"


@pytest.mark.parametrize("bits", [32, 64])
def test_found_micropython_has_the_width_and_the_heap_it_is_asked_for(bits):
    found = interpreter.find(bits)
    assert found.version >= (1, 24)
    code = "import gc, sys; print(sys.maxsize, gc.mem_alloc() + gc.mem_free())"
    command = found.command("-c", code, heap="64k")
    answer = subprocess.run(
        command, env=found.environment(), capture_output=True, text=True, check=True
    )
    maxsize, heap = map(int, answer.stdout.split())
    assert maxsize == SMALL_INT_MAX[bits]
    assert 60 * 1024 < heap <= 64 * 1024


@pytest.mark.parametrize("bits", [32, 64])
def test_id_allocates_nothing_in_a_large_heap(bits):
    found = interpreter.find(bits)
    code = """
import gc
def cost(thing):
    id(thing)
    before = gc.mem_alloc()
    id(thing)
    return gc.mem_alloc() - before
print(cost([]))
"""
    command = found.command("-c", code, heap="512k")
    answer = subprocess.run(
        command, env=found.environment(), capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "0"
