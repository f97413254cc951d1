# SPDX-License-Identifier: BSD-2-Clause
"""The boot matrix of tools/test: every way to start with several sizes of memory and numbers of CPUs, each to the prompt and
from there to `halt`; and what happens when something is wrong with what the machine was given."""

import os
import re
import shlex
import struct
import subprocess
import zlib

from . import core
from .core import Failed, Part, simple_job
from .session import Session

BOOT_SECONDS = 120
HEADER = 392
UNSUMMED = 64  # bytes of the header that the checksum does not cover
INIT = 64  # in the header: entry point, then segments: start, bytes, offset, bytes of data, restrictions
PAGE = 4096

# UEFI firmware needs more than 64 MiB for itself.
MATRIX = [
    (way, memory, cpus)
    for way in ("pvh", "bios", "uefi")
    for memory in ("64M", "256M", "3G", "8G")
    for cpus in (1, 2)
    if not (way == "uefi" and memory in ("64M", "3G"))
]


# A start with UEFI takes as long as five others: `make test` makes do with one, and its self-tests.
SOAK_ONLY = [("uefi", "256M", 1), ("uefi", "256M", 2), ("uefi", "8G", 1)]


def to_prompt(way, memory, cpus):
    def run(context):
        more = ["--way", way, "--memory", memory, "--cpus", str(cpus), "--append", "log=debug"]
        with Session(context, f"boot-{way}-{memory}-{cpus}", more, BOOT_SECONDS) as session:
            session.prompt()
            present = "1 CPU present" if cpus == 1 else f"{cpus} CPUs present, of which one runs"
            for words in (present, f"on {cpus} CPU"):
                if words not in session.text:
                    raise Failed(f"the kernel does not say '{words}'", core.tail(session.text))
            session.type("halt\r")
            session.end(core.PASS)

    return simple_job(f"{way}-{memory}-{cpus}cpu", "boots to the prompt, and halts from there", run)


def selftest_through(way):
    """The command line goes through the boot loader."""

    def run(context):
        more = ["--way", way, "--append", "selftest=TRIVIAL log=warn"]
        status, text = context.qemu(f"boot-{way}-selftest", BOOT_SECONDS, *more)
        if "ok 1 - TRIVIAL" not in text:
            raise Failed("the self-test did not run", core.tail(text))
        # A pattern that matches no test is a failed run: TRIVIAL alone is no test of anything.
        if status not in (core.PASS, core.FAIL):
            raise Failed(f"ended with {core.words_of(status)}", core.tail(text))

    return simple_job(f"{way}-command-line", "the command line reaches the kernel", run)


# ---- something is wrong ----------------------------------------------------------------------------------------------


def expect(name, text, make_options, status, *phrases):
    """A boot that must end with this status and say these phrases, whatever the case of their letters."""

    def run(context):
        folder = context.path("boot-" + name)
        os.makedirs(folder, exist_ok=True)
        got, console = context.qemu(f"boot-{name}", BOOT_SECONDS, *make_options(context, folder))
        for phrase in phrases:
            if phrase.lower() not in console.lower():
                raise Failed(f"nothing was said like '{phrase}'", core.tail(console))
        if got != status:
            raise Failed(f"ended with {core.words_of(got)}, not {core.words_of(status)}", core.tail(console))

    return simple_job(name, text, run)


def archive_bytes(context):
    with open(os.path.join(context.build, "archive"), "rb") as f:
        return f.read()


def damaged(change):
    """Options to boot with an archive made by change(bytes of the good one)."""

    def make(context, folder):
        path = os.path.join(folder, "archive")
        with open(path, "wb") as f:
            f.write(change(bytearray(archive_bytes(context))))
        return ["--archive", path]

    return make


def with_checksum(data):
    """The archive with its checksum made right: what is wrong with it must be found otherwise."""
    struct.pack_into("<I", data, 24, zlib.crc32(bytes(data[UNSUMMED:])))
    return data


def flipped(at):
    def change(data):
        data[at if at >= 0 else len(data) + at] ^= 0x10
        return data

    return change


def set_field(offset, form, value):
    def change(data):
        struct.pack_into(form, data, offset, value)
        return with_checksum(data)

    return change


def mkimage(path, *files):
    command = [os.path.join(core.ROOT, "tools", "mkimage"), "make", path, *files]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def without_init(context, folder):
    """Options to boot with an archive in which there is no init."""
    path = os.path.join(folder, "archive")
    done = mkimage(path, os.path.join(context.build, "user", "shell"))
    if done.returncode != 0:
        raise Failed("mkimage failed", core.tail(done.stderr))
    return ["--archive", path]


def refused(name, text, make_init, phrase):
    """An init that mkimage does not take into an archive, saying this phrase."""

    def run(context):
        folder = context.path("boot-" + name)
        os.makedirs(folder, exist_ok=True)
        init = os.path.join(folder, "init")
        with open(init, "wb") as f:
            f.write(make_init(os.path.join(context.build, "user", "init")))
        done = mkimage(os.path.join(folder, "archive"), init)
        if done.returncode == 0 or phrase not in done.stderr:
            raise Failed(f"mkimage does not say '{phrase}'", core.tail(done.stderr))

    return simple_job(name, text, run)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def elf32(path):
    data = bytearray(read(path))
    data[4] = 1
    return data


def other_machine(path):
    data = bytearray(read(path))
    struct.pack_into("<H", data, 18, 183)
    return data


def in_kernel_half(path):
    """The first segment that is loaded claims an address of the kernel's half."""
    data = bytearray(read(path))
    (table,) = struct.unpack_from("<Q", data, 32)
    struct.pack_into("<Q", data, table + 16, 0xFFFFFFFF80000000)
    return data


def writable_code(path):
    """Every segment may be written and executed."""
    data = bytearray(read(path))
    (table,) = struct.unpack_from("<Q", data, 32)
    (count,) = struct.unpack_from("<H", data, 56)
    for i in range(count):
        struct.pack_into("<I", data, table + 56 * i + 4, 7)
    return data


def options(*words):
    return lambda context, folder: list(words)


def small(memory):
    return options("--memory", memory)


def bad_inputs():
    gone = core.BOOT_FAILED
    yield expect("no-archive", "without an archive, a message", options("--archive", "none"), gone, "no archive")
    for name, cut in (("header", HEADER - 20), ("entries", HEADER + 100), ("half", None), ("last-byte", -1)):
        yield expect(
            f"archive-cut-{name}",
            "a truncated archive is refused in words",
            damaged(lambda data, cut=cut: data[: len(data) // 2 if cut is None else cut]),
            gone,
            "archive",
        )
    for name, at in (("entry", HEADER + 5), ("first-page", PAGE + 3), ("middle", 100 * 1024 + 7), ("end", -1)):
        yield expect(
            f"archive-bit-{name}", "one wrong bit is found by the checksum", damaged(flipped(at)), gone, "checksum"
        )
    yield expect("archive-magic", "a file that is no archive is refused", damaged(flipped(0)), gone, "archive")
    yield expect("archive-version", "an unknown version is refused", damaged(set_field(8, "<I", 77)), gone, "version")
    yield expect(
        "archive-many-entries",
        "too many entries are refused by init",
        damaged(set_field(12, "<I", 0xFFFFFFFF)),
        core.FAIL,
        "archive is refused",
    )
    yield expect("init-missing", "an archive without init is refused", without_init, gone, "no program 'init'")
    for name, at, value in (
        ("entry-point", 0, 0xFFFFFFFF80000000),
        ("kernel-address", 8, 0xFFFFFFFF80000000),
        ("too-long", 16, 1 << 40),
        ("outside", 24, 0xFFFFFFFFFFFFF000),
        ("long-data", 32, 1 << 40),
    ):
        yield expect(
            f"archive-init-{name}",
            "a wrong description of init is refused",
            damaged(set_field(INIT + at, "<Q", value)),
            gone,
            "describe",
        )
    yield refused("init-text", "init that is no program is refused", lambda good: b"#!/bin/sh\n", "not an ELF64")
    yield refused("init-empty", "an empty init is refused", lambda good: b"", "not an ELF64")
    yield refused("init-cut", "init that is cut off is refused", lambda good: read(good)[: 5 * PAGE], "outside of it")
    yield refused("init-32-bit", "a 32-bit init is refused", elf32, "not an ELF64")
    yield refused("init-other-machine", "init for another processor is refused", other_machine, "not for x86-64")
    yield refused("init-kernel-address", "init at a kernel address is refused", in_kernel_half, "where init may be")
    yield refused(
        "init-writable-code", "init with code that can be written is refused", writable_code, "writable and executable"
    )


def too_little_memory(memory, *more):
    """How much the kernel needs is its business; that it says so in words is tested. With so little that QEMU overwrites what
    is to start the kernel, tools/run-qemu says it."""

    def run(context):
        status, text = context.qemu(f"boot-memory-{memory}", BOOT_SECONDS, "--memory", memory, *more)
        if status != core.BOOT_FAILED:
            raise Failed(f"ended with {core.words_of(status)}", core.tail(text))
        if "memory" not in text.lower() or "PANIC" in text:
            raise Failed("it does not say that memory is short", core.tail(text))

    return simple_job(f"memory-{memory}", "too little memory is said in words", run)


def archive_in_the_way():
    """Wherever over the kernel the archive lies: from the least memory with which QEMU still leaves the first instructions."""

    def run(context):
        said = {"run-qemu: too little memory": 0, "too little memory for the kernel and the archive": 0}
        for kib in range(2048, 8192, 64 if context.soak else 128):
            status, text = context.qemu("boot-memory-in-the-way", BOOT_SECONDS, "--memory", f"{kib}K")
            if status != core.BOOT_FAILED or "memory" not in text or "PANIC" in text:
                raise Failed(f"with {kib} KiB it does not say that memory is short", core.tail(text))
            now = [words for words in said if words in text]
            if not now and all(said.values()):
                return  # the archive lies behind the kernel
            for words in now:
                said[words] += 1
        raise Failed(f"not everything was said: {said}", [])

    return simple_job("memory-in-the-way", "an archive that the loader put over the kernel is said in words", run)


def little_memory():
    """From too little to enough, in small steps: each boot comes to the prompt, or says in words that it does not. None begins
    the same server again for ever. With little the kernel starts, and init says what it lacks."""
    ends = {
        "lykos> ": "a prompt",
        "cannot start": "the kernel that it cannot start",
        "cannot be begun: not enough memory": "init that there is not enough memory for the first servers",
        "the system stops here": "init why it stops",
        r"^\[.*init:   it is begun again": "init which server ends, and that it is begun again as often as its line says",
    }

    def end_with(context, kib):
        more = ["--memory", f"{kib}K", "--icount"]
        with Session(context, f"boot-memory-{kib}K", more, BOOT_SECONDS) as session:
            end = session.expect("|".join(ends), f"a prompt or words with {kib} KiB")[0]
            if end == "lykos> ":
                session.type("halt\r")
                session.end(core.PASS)
            return end

    def run(context):
        seen = []
        step = 32 if context.soak else 64
        for kib in range(4096, 16384, step):
            end = end_with(context, kib)
            if seen[-1:] == ["cannot start"] != [end]:  # init has too little in a few pages' steps only
                seen += [end_with(context, between) for between in range(kib - step + 4, kib, 4)]
            seen.append(end)
            if seen[-3:] == 3 * ["lykos> "]:
                break
        for end in ("lykos> ", "cannot be begun: not enough memory"):
            if end not in seen:
                raise Failed(f"with none of them was there {ends[end]}")

    return simple_job("memory-little", "with 4 MiB and a little more it boots, or says why not", run)


def odd_words(name, words, *phrases):
    """Words of the boot command line that make no sense: they are named, and the system starts."""

    def run(context):
        with Session(context, f"boot-{name}", ["--append", words], BOOT_SECONDS) as session:
            session.prompt()
            for phrase in phrases:
                if phrase not in session.text:
                    raise Failed(f"nothing was said like '{phrase}'", core.tail(session.text))
            session.type("halt\r")
            session.end(core.PASS)

    return simple_job(name, "odd words are named and ignored", run)


def made(target):
    """What a user types, once with input from a pipe, and once more while that machine runs."""

    def run(context):
        folder = context.build_folder(f"boot-{target}")
        words = [*context.made_words(target, folder), "--icount"]
        with Session(context, target, command=words) as session:
            session.prompt()
            if target == "run":
                status, text = context.run(words, BOOT_SECONDS)
                if status in (core.PASS, core.HANG) or not re.search(r"^run-qemu: Lykos runs already, .*another$", text, re.MULTILINE):
                    raise Failed(f"the second is not refused in a line: status {status}", core.tail(text))
            session.type("halt\r")
            session.end(core.PASS)
        status, text = context.run(["sh", "-c", f"printf 'echo from a pipe\\nhalt\\n' | {shlex.join(words)}"], BOOT_SECONDS)
        if status != core.PASS or not re.search(r"^from a pipe$", text, re.MULTILINE):
            raise Failed(f"with input from a pipe it ends with status {status}", core.tail(text))
        with open(os.path.join(folder, "run", "console.log"), encoding="utf-8", errors="replace") as f:
            if "from a pipe" not in f.read():
                raise Failed("build/run/console.log is not the log of its console")

    return simple_job(f"make_{target}", f"what make {target} begins: a prompt at a terminal, and with input from a pipe; a second is refused", run)


def part(context):
    jobs = [to_prompt(*way) for way in MATRIX if context.soak or way not in SOAK_ONLY]
    jobs += [made("run"), made("run-iso")]
    jobs += [selftest_through(way) for way in ("pvh", "bios", "uefi")]
    jobs += list(bad_inputs())
    jobs += [too_little_memory(memory) for memory in ("1700K", "2M", "2560K")]
    jobs += [too_little_memory("1500K", "--archive", "none")]  # the kernel reaches over the end
    jobs += [archive_in_the_way()]
    jobs += [to_prompt("pvh", "8M", 1), little_memory()]
    jobs += [
        odd_words("words-unknown", "frobnicate x=1", "'frobnicate'", "'x=1'"),
        odd_words("words-bad-value", "log=loud seed=many", "'log=loud'", "'seed=many'"),
        odd_words("words-long", "log=info " + "y" * 300, "'" + "y" * 60),
        odd_words("words-many", " ".join(f"w{i}" for i in range(100)), "'w0'"),
    ]
    return Part("boot", jobs)
