# SPDX-License-Identifier: BSD-2-Clause
"""`lykos new`: a project made from the template, a server that is called `counter` there. Its name is all that is changed."""

import glob
import os
import re

import places

RULES = os.path.join(places.ROOT, "lykos.mk" if places.KIT else os.path.join("user", "kit", "lykos.mk"))
TEMPLATE = os.path.join(places.ROOT, "template" if places.KIT else os.path.join("user", "kit", "template"))
NAME = "counter"
PROGRAM_MOST = 16  # characters in the name of a program
LONGEST = "-client"  # behind the name of the server: another program
MOST = PROGRAM_MOST - len(LONGEST)
RESERVED = ("init", "self", "lk", "build", "makefile")
LIBRARY = "lib"  # what the folder of a library begins with
RENAMED = {"gitignore": ".gitignore"}  # a file of that name would be one of the tree's own


class Refused(Exception):
    """There is no project to be made like that. The text says why, in a line."""


def taken():
    """Names that mean something else: goals of make and what it builds, programs and interfaces that come with Lykos."""
    with open(RULES, encoding="utf-8") as f:
        goals = [name for line in re.findall(r"^(?:GOALS|BUILT) := (.*)$", f.read(), re.MULTILINE) for name in line.split()]
    programs = [os.path.basename(os.path.normpath(folder)) for folder in places.program_folders()]
    return {*RESERVED, *goals, *programs, *interfaces()}


def interfaces():
    """Of the kernel, and of the servers that come with Lykos."""
    for pattern in ("kernel/abi/*.idl", "user/idl/*.idl"):
        for path in glob.glob(os.path.join(glob.escape(places.ROOT), pattern)):
            with open(path, encoding="utf-8") as f:
                yield from (name.lower() for name in re.findall(r"^(?:interface|struct|enum|flags) (\w+)", f.read(), re.MULTILINE))


def check_name(name):
    if not re.fullmatch(r"[a-z][a-z0-9]*", name):
        raise Refused(f"'{name}' cannot be the name of a server: small letters and digits, a letter first")
    if len(name) > MOST:
        raise Refused(f"'{name}' is too long for a server's name: at most {MOST} characters, since {name}{LONGEST} is a program, too")
    if name.startswith(LIBRARY):
        raise Refused(f"'{name}' cannot be the name of a server: a folder whose name begins with {LIBRARY} is a library")
    if name in taken():
        raise Refused(f"'{name}' has a meaning already: choose another name")


def renamed(text, name):
    for of in (str.lower, str.upper, str.capitalize):
        text = text.replace(of(NAME), of(name))
    return text


def make(name, folder):
    """The paths of what was made, in the folder, which is new or empty."""
    check_name(name)
    try:
        if os.path.lexists(folder) and os.listdir(folder):
            raise Refused(f"the folder {folder} is not empty")
        return sorted(copied(name, folder))
    except OSError as e:
        raise Refused(f"{e.filename}: {e.strerror}") from None


def copied(name, folder):
    for at, _, files in os.walk(TEMPLATE):
        for file in files:
            source = os.path.join(at, file)
            path = renamed(os.path.relpath(os.path.join(at, RENAMED.get(file, file)), TEMPLATE), name)
            with open(source, encoding="utf-8") as f:
                text = renamed(f.read(), name)
            os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
            with open(os.path.join(folder, path), "w", encoding="utf-8") as f:
                f.write(text)
            yield path
