# SPDX-License-Identifier: BSD-2-Clause
"""Input for the console that does not come from a terminal: `printf 'run client\\nhalt\\n' | make run`.

What is typed before the console has its serial port is lost, and what a person cannot type so fast is more than the console keeps. So it
is held back until the prompt is shown, and then is never further ahead of the prompts than the console keeps. When it has ended, and the
prompt is there again, `halt` is typed: there is nobody left who could."""

import os
import threading
import time

PROMPT = b"\nlykos> "
END = b"halt\n"
AHEAD = 512  # bytes typed ahead of the prompt; the console keeps 1024
LOOK_SECONDS = 0.05
QUIET_SECONDS = 10  # after which it is said that the prompt does not come


class Typist:
    """Types what comes from the file descriptor `source` into a pipe to whose other end QEMU listens. `log` is the file that the
    console is written to, `say` tells the user."""

    def __init__(self, source, log, say):
        self.source, self.log, self.say = source, log, say
        self.typed = []  # length of each line that was typed
        self.shown_before = 0  # bytes of the console when the last was
        self.to = None
        if os.path.exists(log):
            os.unlink(log)  # an old one has prompts, too

    def start(self, to):
        self.to = to
        threading.Thread(target=self._run, daemon=True).start()

    def _shown(self):
        """All of the console so far."""
        try:
            with open(self.log, "rb") as f:
                return f.read().replace(b"\r", b"")
        except OSError:
            return b""

    def _ahead(self):
        """Bytes typed that no prompt stands behind yet."""
        prompts = self._shown().count(PROMPT)
        return sum(self.typed[max(0, prompts - 1) :]) if prompts > 0 else AHEAD

    def _wait(self, holds):
        """Until it holds; after a while it is said what is waited for."""
        since = time.monotonic()
        while not holds():
            time.sleep(LOOK_SECONDS)
            if since and time.monotonic() - since > QUIET_SECONDS and PROMPT in self._shown():
                self.say("the input waits for the prompt, which comes when what runs has ended; Ctrl-C ends QEMU")
                since = None

    def _type(self, line):
        self._wait(lambda: self._ahead() + len(line) <= AHEAD or self._ahead() == 0)
        self.shown_before = len(self._shown())
        os.write(self.to, line)
        self.typed.append(len(line))

    def _lines(self):
        """As they come; the last may have no end of its own."""
        rest = b""
        while piece := os.read(self.source, 65536):
            *lines, rest = (rest + piece).split(b"\n")
            yield from lines
        if rest:
            yield rest

    def _at_prompt(self):
        """It is shown, and nothing stands behind it; and something was shown since the last line was typed."""
        shown = self._shown()
        return shown.endswith(PROMPT) and len(shown) > self.shown_before

    def _type_all(self):
        try:
            for line in self._lines():
                self._type(line + b"\n")
        except OSError:
            pass  # it is closed: no input, or nobody who takes it any more

    def _run(self):
        self._type_all()
        self._wait(self._at_prompt)
        try:
            os.write(self.to, END)
        except OSError:
            pass  # the machine has ended
