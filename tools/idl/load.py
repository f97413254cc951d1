# SPDX-License-Identifier: BSD-2-Clause
"""Files and what they import."""

import os
import stat

from plain import NoText, decoded

from . import syntax
from .model import Codes, Constants, Description, Enum, Import, Interface, Mistakes, Place, Struct, Version

NESTING = 64  # files that import one another


def is_endless(path):
    """Is it a device, as /dev/zero is?"""
    return os.path.exists(path) and stat.S_ISCHR(os.stat(path).st_mode)


class Loader:
    """Reads a file once, whoever imports it."""

    def __init__(self, folders):
        self.folders = folders
        self.seen = {}  # real path to what stands there
        self.mistakes = Mistakes()
        self.description = Description()
        self.around = []  # the files that import the one that is read
        self.asked = []  # what stands in the files that were asked for, not imported

    def load(self, path, asked=True):
        """Read a file, unless it was read because another imports it."""
        real = os.path.realpath(path)
        if real not in self.seen:
            self.seen[real] = []
            self.seen[real] = self.read(path)
        if asked:
            known = {id(item) for item in self.asked}
            self.asked += [item for item in self.seen[real] if not isinstance(item, Import) and id(item) not in known]

    def read(self, path):
        """What stands in a file; what it imports is read first."""
        text = self.text_of(path)
        if text is None:
            return []
        before = len(self.mistakes.found)
        items = syntax.read(path, text, self.mistakes)
        if not items and len(self.mistakes.found) == before:
            self.mistakes.add(Place(path, 1, 1), "nothing is described here")
        self.around.append(path)
        for item in items:
            if isinstance(item, Import):
                self.imported(path, item)
        self.around.pop()
        for item in items:
            self.put(item)
        return items

    def text_of(self, path):
        """What a file says; None, and told, if it cannot be read as text."""
        try:
            if is_endless(path):
                raise OSError(0, "it is no ordinary file")
            with open(path, "rb") as f:
                return decoded(f.read())
        except OSError as e:
            self.mistakes.lost(Place(path, 1, 1), f"cannot be read: {e.strerror}")
        except NoText as e:
            self.mistakes.lost(Place(path, e.line, e.column), str(e))
        return None

    def imported(self, path, item):
        """A file is looked for beside the one that imports it, then in the folders of -I."""
        if len(self.around) == NESTING:
            self.mistakes.lost(item.path.place, f"the files that import it are {NESTING} already, one in another")
            return
        for folder in [os.path.dirname(path), *self.folders]:
            candidate = os.path.normpath(os.path.join(folder, item.path))
            if os.path.isfile(candidate):
                self.load(candidate, asked=False)
                return
        self.mistakes.lost(item.path.place, f"there is no file '{item.path}'")

    def put(self, item):
        d = self.description
        if isinstance(item, Version):
            if d.version is not None:
                self.mistakes.add(item.number.place, f"there is a version already, at {d.version.number.place}")
            d.version = item
        elif isinstance(item, Codes):
            if item.kind in d.codes:
                self.mistakes.add(item.kind.place, f"there are codes of {item.kind} already, at {d.codes[item.kind].kind.place}")
            d.codes[str(item.kind)] = item
        else:
            for kind, where in ((Constants, d.constants), (Interface, d.interfaces), (Enum, d.enums), (Struct, d.structs)):
                if isinstance(item, kind):
                    where.append(item)
