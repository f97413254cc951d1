# SPDX-License-Identifier: BSD-2-Clause
"""Where the tools find what they work with: in the source tree, or in the kit that `make kit` makes of it (docs/kit.md).

The folder `share` of the kit is a piece of the tree: what is kernel/abi there is share/kernel/abi here, and the tools are in share/tools.
So most paths are the same below ROOT. What is built, and what a compiler looks for, lies elsewhere; those places are here."""

import glob
import os

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
MARK = os.path.join(ROOT, "kit")  # stands in a kit alone: what it is
KIT = os.path.dirname(ROOT) if os.path.isfile(MARK) else None
BUILD = os.path.join(ROOT, "build")

if KIT:
    KERNEL = os.path.join(ROOT, "lykos")
    PROGRAMS = os.path.join(ROOT, "programs")
    LIBRARIES = os.path.join(KIT, "lib")
    LINKER_SCRIPT = os.path.join(LIBRARIES, "user.ld")
    HEADERS = [os.path.join(KIT, "include")]
    FLAGS = os.path.join(ROOT, "user-flags")
else:
    KERNEL = os.path.join(BUILD, "lykos")
    PROGRAMS = os.path.join(BUILD, "user")
    LIBRARIES = BUILD
    LINKER_SCRIPT = os.path.join(ROOT, "user", "lib", "user.ld")
    HEADERS = [os.path.join(ROOT, *names) for names in (("user", "lib", "include"), ("kernel",), ("build", "gen", "include"))]
    FLAGS = os.path.join(BUILD, "user-flags")

KERNEL_DEBUG = KERNEL + ".debug"
INTERFACES = [os.path.join(ROOT, "kernel"), os.path.join(ROOT, "user", "idl")]  # for `import`
DESCRIPTIONS = [os.path.join(ROOT, "user")]  # for `include`


def program_folders():
    """The folders of the programs that come with Lykos."""
    return sorted(glob.glob(os.path.join(glob.escape(ROOT), "user", "servers", "*", ""))
                  + glob.glob(os.path.join(glob.escape(ROOT), "user", "programs", "*", "")))
