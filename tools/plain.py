# SPDX-License-Identifier: BSD-2-Clause
"""Files that people write, as text, and text for a terminal: what all tools that read descriptions do alike."""

import codecs


class NoText(Exception):
    """A file is no text in UTF-8: where that shows, line and column from 1, and in words."""

    def __init__(self, line, column, byte):
        super().__init__(f"this file is no text in UTF-8: here is the byte {byte:#x}")
        self.line, self.column = line, column


def decoded(data):
    """The text of a file. Lines may end as on other systems, and a mark of the byte order in front says nothing."""
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as e:
        before = decoded(data[: e.start]).split("\n")
        raise NoText(len(before), len(before[-1]) + 1, data[e.start]) from None


def printable(text):
    """What a terminal would not show is written out."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
