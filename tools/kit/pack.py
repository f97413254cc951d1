# SPDX-License-Identifier: BSD-2-Clause
"""What is in the kit, and the kit as an archive: the same bytes whenever and wherever the same things are packed.

bin/       the tools, as links into share/tools
include/   what programs include: <lykos/...>, <abi/...>
lib/       the library, the linker script; lib/newlib, a full C library and its headers
share/     a piece of the tree, where the tools find what they look for there; the template; programs, and the kernel, with symbols"""

import glob
import hashlib
import io
import lzma
import os
import re
import tarfile

from places import ROOT

from . import links

NAME = "lykos-kit"
MARK = "share/kit"
DIGITS = 12
BASE = ("init", "bank", "pager", "console", "shell", "constructor", "pci", "serial")
EXAMPLES = ("ping", "pong", "fault")
# What is typed: the tool behind it.
COMMANDS = {"lykos": "lykos", "lykos-cc": "lykos-cc", "lykos-idl": "lykos-idl", "lykos-system": "lykos-system", "lykos-image": "mkimage",
            "run-qemu": "run-qemu", "run-gdb": "run-gdb", "dump": "dump", "install-deps": "install-deps"}
TOOLS = ["lykos-gdb.py", "places.py", "plain.py", *(f"{package}/*" for package in ("gdb", "idl", "kit", "system")),
         *(f"remote/{module}.py" for module in ("__init__", "monitor", "ports", "typed"))]
PIECES = ["kernel/abi/*.idl", "user/idl/*.idl", "user/base.lyk", "user/devices.lyk", "boot/exit_codes.h", "user/servers/init/table.def",
          "user/servers/init/README.md", "user/newlib/README.md",
          "docs/book/*.md", "docs/book/*.svg",
          *(f"docs/{page}.md" for page in ("abi", "boot", "debugging", "idl", "kit", "preemption", "writing-a-server"))]
FOLDERS = [*(f"user/servers/{name}" for name in BASE), *(f"user/programs/{name}" for name in EXAMPLES)]


class Missing(Exception):
    """Something that belongs into the kit is not there."""


def found(pattern):
    """Paths in the tree, of files alone."""
    paths = sorted(path for path in glob.glob(os.path.join(glob.escape(ROOT), pattern)) if os.path.isfile(path))
    if not paths:
        raise Missing(f"{pattern} is missing")
    return paths


def from_tree(patterns, into):
    """(place in the kit, path)."""
    for pattern in patterns:
        for path in found(pattern):
            yield os.path.join(into, os.path.relpath(path, ROOT)), path


def from_folder(folder, into, suffix=""):
    """(place in the kit, path) of all files below a folder whose names end so."""
    for at, folders, files in os.walk(folder):
        folders.sort()
        for file in sorted(files):
            if file.endswith(suffix):
                path = os.path.join(at, file)
                yield os.path.join(into, os.path.relpath(path, folder)), path


def read_by_gdb():
    """Headers whose macros the commands for gdb read: named as they are, or by the kind of object whose size stands there."""
    text = ""
    for path in found("tools/gdb/*.py"):
        with open(path, encoding="utf-8") as f:
            text += f.read()
    kinds = set(re.findall(r'\bevery\("(\w+)"\)', text))
    return sorted({name.replace("{kind}", kind) for name in re.findall(r'\bmacros\(f?"([^"]+)"', text) for kind in kinds})


def generated():
    """The headers that are made of user/idl: two of each interface, and one of the types of a file that has some."""
    for path in found("user/idl/*.idl"):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        for interface in re.findall(r"^interface (\w+)", text, re.MULTILINE):
            name = re.sub(r"(?<!^)(?=[A-Z])", "_", interface).lower()
            yield from (f"{name}.h", f"{name}_server.h")
        if re.search(r"^(struct|enum|flags) ", text, re.MULTILINE):
            yield os.path.basename(path).removesuffix(".idl") + "_types.h"


def built(build):
    """(place in the kit, path) of what was compiled, or made from interfaces."""
    for name in ("lykos", "lykos.debug", "user-flags"):
        yield f"share/{name}", os.path.join(build, name)
    for name in (*BASE, *EXAMPLES):
        for suffix in ("", ".debug"):
            yield f"share/programs/{name}{suffix}", os.path.join(build, "user", name + suffix)
    for name in ("liblykos.a", "libnewlib.a", "newlib/libc.a", "newlib/libm.a"):
        yield f"lib/{name}", os.path.join(build, name)
    yield from from_folder(os.path.join(build, "newlib", "include"), "lib/newlib/include", ".h")
    made = os.path.join(build, "gen", "include")
    yield "include/abi/gen.h", os.path.join(made, "abi", "gen.h")
    yield "include/lykos/stubs.h", os.path.join(made, "lykos", "stubs.h")
    for name in generated():
        yield f"include/lykos/gen/{name}", os.path.join(made, "lykos", "gen", name)


def contents(build):
    """The files of the kit: place -> path."""
    tools = [f"tools/{tool}" for tool in (*COMMANDS.values(), *TOOLS)]
    everything = [*built(build), *from_tree([*tools, *PIECES, *read_by_gdb()], "share")]
    for folder in FOLDERS:
        everything += [pair for name in ("README.md", "needs") for pair in from_folder(os.path.join(ROOT, folder), f"share/{folder}", name)]
    everything += from_folder(os.path.join(ROOT, "user", "lib", "include"), "include", ".h")
    everything += from_folder(os.path.join(ROOT, "kernel", "abi"), "include/abi", ".h")
    everything += from_folder(os.path.join(ROOT, "user", "kit", "template"), "share/template")
    exercises = from_folder(os.path.join(ROOT, "user", "exercises"), "share/exercises")
    everything += [pair for pair in exercises if "solution" not in pair[0].split(os.sep)]
    for place, path in (("share/lykos.mk", "user/kit/lykos.mk"), ("lib/user.ld", "user/lib/user.ld"), ("README.md", "docs/kit.md"), ("share/docs/README.md", "docs/kit-pages.md"), ("LICENSE", "LICENSE")):
        everything.append((place, os.path.join(ROOT, path)))
    return {place: path for place, path in everything if not path.endswith(".pyc")}


def entry(place, mode, kind=tarfile.REGTYPE):
    """Of the archive: nothing of it depends on who packs, or when."""
    info = tarfile.TarInfo(f"{NAME}/{place}" if place else NAME)
    info.mode, info.type = mode, kind
    return info


def digest(files):
    """Tells two kits apart: of the names and contents of all files, place -> bytes, and of the commands."""
    sums = [f"{hashlib.sha256(files[place]).hexdigest()} {place}\n" for place in sorted(files)]
    sums += [f"{command} {tool}\n" for command, tool in sorted(COMMANDS.items())]
    return hashlib.sha256("".join(sums).encode()).hexdigest()[:DIGITS]


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError as e:
        raise Missing(f"{e.filename}: {e.strerror}") from None


def pack(build, out, version):
    """Write the archive. In share/kit stands which kit this is: the version of Lykos, and the digest of what is in it."""
    paths = contents(build)
    files = {place: read(path) for place, path in paths.items()}
    files |= links.pages(files, paths)
    files[MARK] = f"Lykos {version}, the kit {digest(files)}\n".encode()
    folders = {os.path.dirname(place) for place in files} | {"bin", *(f"share/{folder}" for folder in FOLDERS)}
    for folder in list(folders):
        while folder := os.path.dirname(folder):
            folders.add(folder)
    with lzma.open(out, "wb", preset=6) as packed, tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for folder in sorted(folders | {""}):
            tar.addfile(entry(folder, 0o755, tarfile.DIRTYPE))
        for place, data in sorted(files.items()):
            info = entry(place, 0o755 if data.startswith((b"#!", b"\x7fELF")) and not place.endswith(".a") else 0o644)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for command, tool in sorted(COMMANDS.items()):
            info = entry(f"bin/{command}", 0o777, tarfile.SYMTYPE)
            info.linkname = f"../share/tools/{tool}"
            tar.addfile(info)
