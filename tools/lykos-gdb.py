# SPDX-License-Identifier: BSD-2-Clause
"""Commands for gdb that know Lykos. `make debug` loads them; `help lykos` lists them. They are in tools/gdb."""

import importlib.util
import os
import sys

sys.dont_write_bytecode = True
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gdb")


def load():
    """The folder as a package of the name `lykos`: gdb's own module has the name `gdb`."""
    path = os.path.join(FOLDER, "__init__.py")
    spec = importlib.util.spec_from_file_location("lykos", path, submodule_search_locations=[FOLDER])
    package = importlib.util.module_from_spec(spec)
    sys.modules["lykos"] = package
    spec.loader.exec_module(package)
    return importlib.import_module("lykos.commands")


load().register()
