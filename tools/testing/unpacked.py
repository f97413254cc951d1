# SPDX-License-Identifier: BSD-2-Clause
"""The kit as its users have it: packed, unpacked to a folder with a blank in its name, with no tool of the tree in PATH."""

import os
import tarfile
import threading

from . import core
from .core import Failed

SECONDS = 240
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
NAME = "lykos-kit"
SHARED = "a kit for all"

lock = threading.Lock()


def pack(context, name):
    """An archive of what was built."""
    archive = context.path(name)
    status, text = context.run([os.path.join(core.ROOT, "tools", "make-kit"), context.build, archive], SECONDS)
    if status != 0:
        raise Failed("it is not made", core.tail(text))
    return archive


def unpack(archive, folder):
    with tarfile.open(archive) as tar:
        tar.extractall(folder)  # of our own making
    return os.path.join(folder, NAME)


def environment(kit, home, path=None):
    """All that a user of this kit has set, unless PATH is another one."""
    return {"PATH": path or os.path.join(kit, "bin") + ":" + SYSTEM_PATH, "HOME": home, "LANG": "C", "TERM": "dumb"}


def archive(context):
    """The archive of the kit for all, packed once, by whoever comes first."""
    path = context.path(f"{SHARED}.tar.xz")
    with lock:
        return path if os.path.exists(path) else pack(context, os.path.basename(path))


def shared(context):
    """The kit for the parts of the test that only use it: unpacked once, by whoever comes first."""
    packed = archive(context)
    folder = context.path(SHARED)
    with lock:
        if not os.path.exists(folder):
            unpack(packed, folder)
    return os.path.join(folder, NAME)
