# SPDX-License-Identifier: MIT
"""Debian 13's MicroPython, unpacked into a folder of ours: no root, nothing of the system touched.

Its libraries are newer than an older Debian's, so they lie beside it and its own loader starts it. The files come
from the mirror that this machine's apt already uses, with apt's own proxies and settings.

Trust: the index of packages is verified by apt with Debian's keyring. MicroPython itself must also have the SHA-256
that we keep below. Libraries change with Debian's point releases, so those that are not listed below are taken on the
word of the verified index. For i386 a mirror's index may be out of step for days; files listed below need none.
Nothing is taken that neither vouches for.
"""

import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

SUITE = "trixie"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
APT_HELPER = Path("/usr/lib/apt/apt-helper")
# Root's apt would switch to a user who may not enter our folder.
OWN_USER = ("-o", "APT::Sandbox::User=root")

MICROPYTHON = "micropython"
LIBRARIES = ("libffi8", "libmbedcrypto16", "libmbedtls21", "libmbedx509-7")
# bits: (package, architecture) of all that is unpacked
PACKAGES = {
    64: [(name, "amd64") for name in (MICROPYTHON, *LIBRARIES, "libc6")],
    32: [(name, "i386") for name in (MICROPYTHON, *LIBRARIES)] + [("libc6-i386", "amd64")],
}
# bits: loader, folders with libraries
LOADERS = {
    64: ("usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", ["usr/lib/x86_64-linux-gnu"]),
    32: ("usr/lib32/ld-linux.so.2", ["usr/lib32", "usr/lib/i386-linux-gnu"]),
}

SHA256 = {
    "micropython_1.25.0+ds-1_amd64.deb": (
        "a2c8327c1005cbf0f15c83d1d3b94c20585135c29a97ab1483ada93b82d94a88"
    ),
    "micropython_1.25.0+ds-1_i386.deb": (
        "a72799821cb45442150f8a7f0757bc8e4f9a4b64abccbd837d694a20d6900bb5"
    ),
    "libffi8_3.4.8-2_i386.deb": (
        "8bafefb38c320ca27796070c881595ce04d900c3b534ac142a494daf1fe1db13"
    ),
    "libmbedcrypto16_3.6.6-0.1~deb13u1_i386.deb": (
        "aa4698ed436eebf77e3dc9f5c514073bd554109d857d887db5a367dde9a5c377"
    ),
    "libmbedtls21_3.6.6-0.1~deb13u1_i386.deb": (
        "eb1b20154ce9008aca1d036698ffc12019020a54985d2c5ae3dc1c1c39c9e995"
    ),
    "libmbedx509-7_3.6.6-0.1~deb13u1_i386.deb": (
        "fe6ba192c9227d30a4cd05a3bdeccdf9ff30d55b27d8ff488126c16dcf727cce"
    ),
}


class PackagesError(Exception):
    """The text says why Debian's packages are not to be had here."""


class File(NamedTuple):
    """A package file as an index names it."""

    uri: str
    name: str
    hash: str | None


def argv(bits: int, folder: Path) -> tuple[str, ...]:
    """How the MicroPython unpacked in `folder` is started."""
    loader, libraries = LOADERS[bits]
    path = ":".join(str(folder / library) for library in libraries)
    return (str(folder / loader), "--library-path", path, str(folder / "usr/bin/micropython"))


def unpack(bits: int, folder: Path) -> None:
    """Fetch, verify and unpack everything for this width into `folder`, which must not exist yet."""
    check_machine()
    folder.mkdir()
    work = folder / "apt"
    for file in choose(bits, work):
        package = work / file.name
        run([APT_HELPER, *OWN_USER, "download-file", file.uri, package, file.hash])
        run(["dpkg-deb", "--extract", package, folder])
    shutil.rmtree(work)


def check_machine() -> None:
    if platform.machine() not in ("x86_64", "AMD64"):
        raise PackagesError(
            f"Debian's packages are prepared for amd64, this is {platform.machine()}"
        )
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb") or not APT_HELPER.exists():
        raise PackagesError("this machine has no apt")
    if not KEYRING.exists():
        raise PackagesError(
            f"Debian's keyring is missing ({KEYRING}: package debian-archive-keyring)"
        )


def choose(bits: int, work: Path) -> list[File]:
    """The files to unpack, each with the hash it must have."""
    mirror, amd64 = open_mirror(work)
    i386 = None
    files = []
    for name, architecture in PACKAGES[bits]:
        file = amd64.file(name)
        if architecture == "i386":
            file = other_architecture(file)
            if file.name not in SHA256:
                i386 = i386 or Index(work / "i386", mirror, "i386")
                file = i386.file(name)
        files.append(vouched(name, file))
    return files


def other_architecture(file: File) -> File:
    """The i386 file of the same version; no index has vouched for it, so it has no hash."""
    return File(
        file.uri.replace("_amd64.deb", "_i386.deb"), file.name.replace("_amd64", "_i386"), None
    )


def vouched(package: str, file: File) -> File:
    if file.name in SHA256:
        return file._replace(hash=f"SHA256:{SHA256[file.name]}")
    if package == MICROPYTHON or not file.hash:
        raise PackagesError(
            f"the mirror has {file.name}, whose SHA-256 is not listed in {__file__}"
        )
    return file


def open_mirror(work: Path) -> tuple[str, "Index"]:
    """(URI, amd64 index) of the first of apt's mirrors that has the suite, signed by Debian."""
    reasons = []
    for mirror in mirrors():
        try:
            return mirror, Index(work / "amd64", mirror, "amd64")
        except PackagesError as error:
            reasons.append(str(error))
    raise PackagesError(
        f"no mirror of this machine's apt has Debian {SUITE}: {'; '.join(reasons)}"
    )


def mirrors() -> list[str]:
    """Where this machine's apt gets its packages, Debian's own first."""
    form = "$(REPO_URI) $(ORIGIN)"
    lines = run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"]).splitlines()
    lines.sort(key=lambda line: not line.endswith(" Debian"))
    return list(dict.fromkeys(line.split()[0] for line in lines))


class Index:
    """An apt of our own in `state` that knows one architecture of one suite."""

    def __init__(self, state: Path, mirror: str, architecture: str) -> None:
        shutil.rmtree(state, ignore_errors=True)
        for folder in ("lists/partial", "cache/archives/partial", "sources"):
            (state / folder).mkdir(parents=True)
        (state / "status").touch()
        (state / "sources/debian.list").write_text(
            f"deb [arch={architecture} signed-by={KEYRING}] {mirror} {SUITE} main\n"
        )
        self.architecture = architecture
        self.options = list(OWN_USER)
        for option in (
            f"Dir::State={state}",
            f"Dir::State::Lists={state}/lists",
            f"Dir::State::status={state}/status",
            f"Dir::Cache={state}/cache",
            "Dir::Etc::SourceList=/dev/null",
            f"Dir::Etc::SourceParts={state}/sources",
            f"APT::Architectures::={architecture}",
            "APT::Update::Error-Mode=any",
            "Acquire::Languages=none",
            "Acquire::Retries=3",
        ):
            self.options += ["-o", option]
        run(["apt-get", *self.options, "update"])

    def file(self, package: str) -> File:
        """The File of a package's newest version in the suite."""
        name = f"{package}:{self.architecture}"
        answer = run(["apt-get", *self.options, "download", "--print-uris", name])
        uri, name, _size, digest = answer.split()
        return File(uri.strip("'"), name, digest)


def run(argv: Sequence) -> str:
    """Standard output; PackagesError with apt's own reason on failure."""
    done = subprocess.run(
        [str(word) for word in argv],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("E:")]
        raise PackagesError(" ".join(lines) or done.stderr.strip() or f"{argv[0]} failed")
    return done.stdout
