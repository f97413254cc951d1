# SPDX-License-Identifier: BSD-2-Clause
"""Archives with another description than user/system.lyk."""

import os
import tempfile

from . import core
from .boot import mkimage
from .core import Failed


SECONDS = 60


def table(context, folder, system):
    """The table of this description, made in the folder."""
    text, path = os.path.join(folder, "system.lyk"), os.path.join(folder, "system.table")
    with open(text, "w", encoding="utf-8") as f:
        f.write(system)
    status, output = context.run([os.path.join(core.ROOT, "tools", "lykos-system"), "table", text, path], SECONDS)
    if status != 0:
        raise Failed("the description is refused", core.tail(output))
    return path


def changed(context, changes, added="", files=()):
    """An archive with all programs, these further files, and the description in which each of `changes` (old, new), which stands in
    it once, is made, and to which `added` is appended."""
    system = core.system_text()
    for old, new in changes:
        if system.count(old) != 1:
            raise Failed(f"user/system.lyk does not have {old!r} once")
        system = system.replace(old, new)
    folder = tempfile.mkdtemp(prefix="archive-", dir=context.folder)
    path = os.path.join(folder, "archive")
    programs = os.path.join(context.build, "user")
    names = [name for name in sorted(os.listdir(programs)) if os.path.isfile(os.path.join(programs, name + ".debug"))]
    done = mkimage(path, *[os.path.join(programs, name) for name in names], *files, table(context, folder, system + added))
    if done.returncode != 0:
        raise Failed("mkimage failed", core.tail(done.stderr))
    return path
