# SPDX-License-Identifier: BSD-2-Clause
"""Links of the tree's pages, in the kit: what they lead to lies elsewhere there, or is left out."""

import os
import re

FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[([^\]]*)\]\(([^()\s#:]+)(#[^()\s]*)?\)")  # to a file; not to an address in the net, nor within the page


def in_kit(text, path, place, places):
    """The text of the page `path`, which is at `place` in the kit, where `places` says of each path of the tree where it is. A link to
    what is not there becomes its words."""

    def link(found):
        target = os.path.normpath(os.path.join(os.path.dirname(path), found[2]))
        if target not in places:
            return found[1]
        there = os.path.relpath(places[target], os.path.dirname(place) or ".")
        return found[0][: found.start(2) - found.start()] + there + (found[3] or "") + ")"

    parts = FENCED.split(text)
    return "".join(part if i % 2 else LINK.sub(link, part) for i, part in enumerate(parts))


def pages(files, paths):
    """The pages among the files of the kit, place -> bytes, as they are in it; `paths`: place -> path in the tree."""
    places = {os.path.normpath(path): place for place, path in paths.items()}
    return {place: in_kit(files[place].decode(), path, place, places).encode() for place, path in paths.items() if place.endswith(".md")}
