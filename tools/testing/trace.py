# SPDX-License-Identifier: BSD-2-Clause
"""The part `trace` of tools/test: what `make trace` makes of programs whose doings are known (docs/tracing.md). On the virtual
clock. The page is looked at in headless Chromium, if there is one."""

import glob
import html
import json
import os
import re
import shutil
import struct
import sys
import urllib.parse
from collections import Counter, defaultdict

from . import core, pages
from .core import Failed, Job, Part, Result, Skipped, simple_job

SECONDS = 120
ROUNDS = 25
PING = (sys.executable, os.path.join(core.ROOT, "tools", "lykos-trace"))
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
RECORD = struct.Struct("<QIIQQ")
ARROWS, MARKS, LANES = {"s", "f"}, {"i"}, {"b", "e"}


class Trace:
    """A traced program: its folder, what was on the console, and its events. `status` is what lykos-trace ended with."""

    def __init__(self, context, name, program, *more):
        self.folder = context.path(f"trace-{name}")
        command = [os.path.join(core.ROOT, "tools", "lykos-trace"), "run", "--build", context.build, "--out", self.folder, "--icount"]
        command += ["--timeout", str(context.limit(SECONDS)), "--program", program, *more]
        self.status, self.text = context.run(command, SECONDS + 30)
        if self.status == core.MISSING:
            raise Skipped(core.tail(self.text, 1)[0].removeprefix("run-qemu: "))
        try:
            with open(os.path.join(self.folder, "trace.json"), encoding="utf-8") as f:
                self.document = json.load(f)
        except (OSError, ValueError) as why:
            raise Failed(f"no trace was made: {why}", core.tail(self.text)) from None
        self.events = self.document["traceEvents"]
        self.tracks = {(e["pid"], e["tid"]): e["args"]["name"] for e in self.events if e["name"] == "thread_name"}

    def name_of(self, event):
        return self.tracks[event["pid"], event["tid"]]

    def spans(self, pid):
        """{track: [(begin, end, name)]} of what begins with B and ends with E."""
        spans, open_ = defaultdict(list), defaultdict(list)
        for e in self.events:
            if e["ph"] == "B" and e["pid"] == pid:
                open_[self.name_of(e)].append(e)
            elif e["ph"] == "E" and e["pid"] == pid:
                first = open_[self.name_of(e)].pop()
                spans[self.name_of(e)].append((first["ts"], e["ts"], first["name"]))
        return spans

    def arrows(self):
        """[(sender, receiver, sent, arrived)]"""
        first = {e["id"]: e for e in self.events if e["ph"] == "s"}
        return [(self.name_of(first[e["id"]]), self.name_of(e), first[e["id"]]["ts"], e["ts"]) for e in self.events if e["ph"] == "f"]

    def marks(self, kind):
        """[(track, time, what)]"""
        return [(self.name_of(e), e["ts"], e["args"]["what"]) for e in self.events if e["ph"] == "i" and e["name"] == kind]

    def held(self):
        """[(track, begin, end, name)] of spans in which a process is not schedulable."""
        first = {e["id"]: e for e in self.events if e["ph"] == "b"}
        return [(self.name_of(e), first[e["id"]]["ts"], e["ts"], e["name"]) for e in self.events if e["ph"] == "e"]

    def must_be_good(self):
        """It ended well, and the file keeps to the rules of the format."""
        if self.status != core.PASS:
            raise Failed(f"ended with {core.words_of(self.status)}", core.tail(self.text))
        look_at_rules(self)


def look_at_rules(trace):
    """The rules of Trace Event Format that a viewer relies on."""
    open_, latest, flows, lanes = defaultdict(list), 0, Counter(), Counter()
    for number, e in enumerate(trace.events):
        where = f"event {number}: {e}"
        if e["ph"] == "M":
            continue
        if e["ph"] not in {"B", "E"} | ARROWS | MARKS | LANES:
            raise Failed(f"of an unknown kind: {where}")
        if not isinstance(e["ts"], (int, float)) or e["ts"] < latest:
            raise Failed(f"time goes back from {latest}: {where}")
        latest = e["ts"]
        if (e["pid"], e["tid"]) not in trace.tracks:
            raise Failed(f"on a track without a name: {where}")
        track = open_[e["pid"], e["tid"]]
        if e["ph"] == "B":
            track.append(e)
        elif e["ph"] == "E" and (not track or track.pop()["name"] != e["name"]):
            raise Failed(f"ends what did not begin: {where}")
        elif e["ph"] in ARROWS:
            flows[e["id"], e["ph"]] += 1
        elif e["ph"] in LANES:
            lanes[e["id"]] += 1 if e["ph"] == "b" else -1
            if lanes[e["id"]] < 0:
                raise Failed(f"ends before it begins: {where}")
    left = [track[-1] for track in open_.values() if track]
    if left or any(lanes.values()):
        raise Failed(f"begins and does not end: {(left or lanes)}")
    ids = {number for number, _ in flows}
    for number in ids:
        if flows[number, "s"] != 1 or flows[number, "f"] != 1:
            raise Failed(f"arrow {number} has not one begin and one end")
    no_overlap(trace)


def no_overlap(trace):
    """A process is in one state at a time, and a CPU runs one process: spans of a track touch at most. And a CPU runs who is
    running."""
    for pid in (1, 2):
        for track, spans in trace.spans(pid).items():
            ordered = sorted(spans)
            for (_, end, name), (begin, _, behind) in zip(ordered, ordered[1:]):
                if begin < end:
                    raise Failed(f"{track}: {behind} begins at {begin}, {name} ends at {end}")
    on_cpu = Counter()
    for begin, end, name in trace.spans(1)["CPU 0"]:
        on_cpu[name] += round(1000 * (end - begin))
    for track, spans in trace.spans(2).items():
        running = sum(round(1000 * (end - begin)) for begin, end, name in spans if name == "running")
        alike = [t for t in trace.tracks.values() if t == track]
        if len(alike) == 1 and abs(running - on_cpu[track]) > 1:
            raise Failed(f"{track} runs for {running} ns, and the CPU runs it for {on_cpu[track]}")


class Ping:
    """The trace of ping, made once for the cases that look at it."""

    def __init__(self):
        self.trace = None

    def get(self, context):
        if self.trace is None:
            self.trace = Trace(context, "ping", f"ping {ROUNDS}")
            self.trace.must_be_good()
        return self.trace


def ping_pong(trace):
    arrows = Counter((a, b) for a, b, _, _ in trace.arrows())
    want = ROUNDS + 1  # one before, which touches the pages
    if arrows["ping", "pong"] != want or arrows["pong", "ping"] != want:
        raise Failed(f"not {want} arrows each way: {arrows['ping', 'pong']} and {arrows['pong', 'ping']}", core.tail(trace.text))
    if trace.document["otherData"] != {"program": "ping", "lost": 0, "system": "Lykos"}:
        raise Failed(f"it says of itself: {trace.document['otherData']}")
    between = sorted((sent, arrived, a, b) for a, b, sent, arrived in trace.arrows() if {a, b} == {"ping", "pong"})
    for (_, arrived, a, _), (sent, _, behind, _) in zip(between, between[1:]):
        if a == behind or sent < arrived:
            raise Failed(f"{behind} sends at {sent}, and what {a} sent arrives at {arrived}")


def waits_for_answers(trace):
    """From when pong runs with the call to when it answers, ping is in its closed wait."""
    closed = [(b, e) for b, e, state in trace.spans(2)["ping"] if state == "closed wait"]
    calls = sorted((sent, arrived) for a, b, sent, arrived in trace.arrows() if (a, b) == ("ping", "pong"))[1:]
    for sent, arrived in calls:
        if not any(b <= arrived < e for b, e in closed):
            raise Failed(f"ping calls at {sent}, pong runs at {arrived}, and ping is in no closed wait then")
    if len(closed) < len(calls):
        raise Failed(f"{len(closed)} closed waits for {len(calls)} calls")


def entries(trace):
    """A program that faults its pages in, prints and ends: all of that is there."""
    if not any(track == "ping" and "access to memory that is not mapped" in what for track, _, what in trace.marks("fault")):
        raise Failed("ping touches pages, and there is no fault of it")
    if not any((a, b) == ("ping", "console") for a, b, _, _ in trace.arrows()):
        raise Failed("ping prints a line, and no message goes to the console")
    if not any(track == "ping" for track, _, _ in trace.marks("end")):
        raise Failed("ping ends, and there is no mark for it")
    if not any(what == "Range.fabricate" or what.startswith("Process.") for _, _, what in trace.marks("entry")):
        raise Failed("no entry has the name of an operation of the kernel", [str(m) for m in trace.marks("entry")[:5]])


def preemption(context):
    """watchdog stops programs through their proxy entries."""
    trace = Trace(context, "watchdog", "watchdog")
    trace.must_be_good()
    preempted = trace.marks("preempted")
    stops = len(re.findall(r"^watchdog: \w[\w ]* is stopped", trace.text, re.MULTILINE))
    if len(preempted) < max(1, stops):
        raise Failed(f"{stops} programs were stopped, and there are {len(preempted)} marks for it", core.tail(trace.text))
    for track, time, what in preempted:
        spans = [(b, e) for t, b, e, name in trace.held() if t == track and "proxy" in name and b <= time + 5 and e > time]
        if not spans:
            raise Failed(f"{track} is preempted at {time}, and not held then")
        for begin, end in spans:
            if any(b < end and e > begin + 5 for b, e, state in trace.spans(2)[track] if state == "running"):
                raise Failed(f"{track} runs while it is not schedulable, from {begin} to {end}")
        handler = re.match(r"its handler (.*?) is told", what)[1]
        if not any(b == handler and abs(sent - time) < 5 for _, b, sent, _ in trace.arrows()):
            raise Failed(f"{handler} is told of {track} at {time}, and no arrow goes there")


def faults(context):
    """fixer faults on purpose, and is repaired by a handler in its own memory."""
    trace = Trace(context, "fault", "fault null")
    look_at_rules(trace)
    if trace.status != core.FAIL:
        raise Failed(f"a program that faults ended with {core.words_of(trace.status)}", core.tail(trace.text))
    last = [what for track, _, what in trace.marks("fault") if track == "fault"][-1]
    if not re.search(r"access to memory that is not mapped \(0x[0-9a-f]{1,3}\)", last):
        raise Failed(f"the last fault of it is: {last}")
    if not any((a, b) == ("fault", "init") for a, b, _, _ in trace.arrows()):
        raise Failed("init is told of the fault, and there is no arrow for it")


def lost_records(context):
    """Looked at so seldom that the ring goes round: it is said how many are lost, everywhere."""
    trace = Trace(context, "lost", "ping 4000", "--every", "200")
    trace.must_be_good()
    lost = trace.document["otherData"]["lost"]
    gaps = [e["args"]["lost"] for e in trace.events if e["ph"] == "B" and e.get("cat") == "lost"]
    said = re.search(r"(\d+) records written, (\d+) lost", trace.text)
    if lost == 0 or sum(gaps) != lost or int(said[2]) != lost:
        raise Failed(f"lost: {lost}; in the gaps: {gaps}; the tracer says {said and said[2]}", core.tail(trace.text))
    if f"{lost} records LOST" not in trace.text:
        raise Failed("lykos-trace does not say that records are lost", core.tail(trace.text))
    between = sum({a, b} == {"ping", "pong"} for a, b, _, _ in trace.arrows())
    if not 0 < between < 2 * 4001:
        raise Failed(f"{between} arrows between ping and pong in spite of it")
    return trace


def breaks(context):
    """With little room the tracer stops the trace to write: the gaps are there, and who was known before is again."""
    rounds = 2000
    trace = Trace(context, "breaks", f"ping {rounds}", "--room", "600")
    trace.must_be_good()
    gaps = [e for e in trace.events if e["ph"] == "B" and e.get("cat") == "lost"]
    if len(gaps) < 2 or any(e["args"]["lost"] for e in gaps) or trace.document["otherData"]["lost"]:
        raise Failed(f"gaps: {gaps}", core.tail(trace.text))
    arrows = Counter((a, b) for a, b, _, _ in trace.arrows())  # nobody else runs while the tracer writes
    if arrows["ping", "pong"] != rounds + 1 or arrows["pong", "ping"] != rounds + 1:
        raise Failed(f"{rounds + 1} round trips, and arrows {arrows['ping', 'pong']} and {arrows['pong', 'ping']}", core.tail(trace.text))
    if list(trace.tracks.values()).count("ping") != 1:
        raise Failed(f"ping is there more than once: {sorted(trace.tracks.values())}")


def album(context):
    """The pictures of docs are drawn anew, from new traces: all that they show is what those that are kept show, in the same order.
    How long it takes is the compiler's business, so times are not compared."""
    folder = context.path("pictures")
    command = [os.path.join(core.ROOT, "tools", "lykos-trace"), "album", "--build", context.build, "--out", folder]
    command += ["--archive", os.path.join(context.build, "test", "pictures", "archive"), "--timeout", str(context.limit(SECONDS))]
    status, text = context.run(command, 2 * SECONDS + 30)
    if status == core.MISSING:
        raise Skipped(core.tail(text, 1)[0].removeprefix("run-qemu: "))
    drawn = sorted(os.path.relpath(p, folder) for p in glob.glob(os.path.join(folder, "**", "*.svg"), recursive=True))
    if status != core.PASS or len(drawn) < 6:
        raise Failed(f"ended with {core.words_of(status)}; drawn: {drawn}", core.tail(text))
    wrong = []
    for name in drawn:
        now, kept = pages.listed(os.path.join(folder, name)), pages.listed(os.path.join(core.ROOT, "docs", name))
        if now != kept or not now:
            wrong += [f"docs/{name} shows {kept}", f"and now there is {now}", "`make pictures` draws it anew"]
    if wrong:
        raise Failed("pictures of docs are not of this Lykos", wrong)


def idle(context):
    """Without a program: the system at rest, for as long as asked."""
    trace = Trace(context, "idle", "", "--seconds", "0.05")
    trace.must_be_good()
    times = [e["ts"] for e in trace.events if "ts" in e]
    if not 45_000 <= max(times) - min(times) <= 90_000:
        raise Failed(f"it is of {max(times) - min(times)} us, not of 50 ms")
    busy = sum(e - b for b, e, name in trace.spans(1)["CPU 0"] if name != "tracer")
    if busy > 20_000:
        raise Failed(f"at rest, the CPU is busy for {busy} us")


def no_such_program(context):
    trace = context.path("trace-none")
    command = [os.path.join(core.ROOT, "tools", "lykos-trace"), "run", "--build", context.build, "--out", trace, "--icount"]
    for program, words in (("nosuch", "there is no program 'nosuch'"), ("every=0 ping", "tracer [for=MILLISECONDS]"),
                           ("a,b", "an argument with a comma")):
        status, text = context.run(command + ["--program", program, "--timeout", str(context.limit(SECONDS))], SECONDS + 30)
        if status == core.MISSING:
            raise Skipped(core.tail(text, 1)[0])
        if status != core.FAIL or words not in text:
            raise Failed(f"{program}: ended with {core.words_of(status)}", core.tail(text))


# --- foreign bytes, and records made by hand ---

def lykos_trace(context, *words):
    return context.run([os.path.join(core.ROOT, "tools", "lykos-trace"), *words], SECONDS)


def refused(context):
    """What is no whole trace is refused in one line."""
    good = [(0, 0, 0xF0, 0, 1), (10, 0, 0xF5, 10, 0)]

    def packed(records):
        return b"".join(RECORD.pack(*r) for r in records)

    for name, data, words in (
        ("nothing", b"", "does not begin as a trace does"),
        ("text", b"Lykos" * 64, "unknown kind"),
        ("half", packed(good)[:-5], "ends in the middle of a record"),
        ("unended", packed(good[:1]), "it has no end"),
        ("version", packed([(0, 0, 0xF0, 0, 9), good[1]]), "of version 9"),
        ("kind", packed([good[0], (5, 0, 0x77, 0, 0), good[1]]), "record 1 is of an unknown kind, 119"),
    ):
        path = context.path(f"trace-{name}.bin")
        with open(path, "wb") as f:
            f.write(data)
        status, text = lykos_trace(context, "show", path, "--out", context.path("trace-refused"))
        if status != 1 or words not in text or len(text.splitlines()) != 1:
            raise Failed(f"{name}: status {status}", core.tail(text))
    status, text = lykos_trace(context, "show", context.path("nosuch.bin"))
    if status != 1 or len(text.splitlines()) != 1:
        raise Failed("a file that is not there", core.tail(text))
    path = context.path("trace-short.bin")
    with open(path, "wb") as f:
        f.write(packed(good))
    for words in (["--from", "90", "--to", "10"], ["--from", "1"], ["--to", "-1"]):
        status, text = lykos_trace(context, "picture", path, "--out", context.path("trace-short.svg"), *words)
        if status != 1 or text != "lykos-trace: nothing was traced then: the trace is 0.0 us long\n":
            raise Failed(f"a picture {' '.join(words)}: status {status}", core.tail(text))


# Events, as docs/abi.md has them.
SYSCALL, FAULT, BLOCK, RESULT, SWITCH, RESTART, RESCIND, HOLD, MESSAGE, WAKE = 1, 2, 3, 4, 8, 9, 10, 11, 14, 15
SEND, ENTRY = 1, 5
A, B, C = 0x100, 0x200, 0x300


def by_hand(context, name, records):
    """The trace that is made of these records: (process, event, above, a, b), one each microsecond."""
    rows = [(0, 0, 0xF0, 0, 1)] + [(1000 * i, p, e | above << 8, a, b) for i, (p, e, above, a, b) in enumerate(records, 1)]
    end = 1000 * (len(records) + 1)
    path = context.path(f"trace-{name}.bin")
    with open(path, "wb") as f:
        f.write(b"".join(RECORD.pack(*r) for r in rows + [(end, 0, 0xF5, end, 0)]))
    folder = context.path(f"trace-of-{name}")
    status, text = lykos_trace(context, "show", path, "--out", folder)
    if status != 0:
        raise Failed(f"{name}: not made", core.tail(text))
    made = Trace.__new__(Trace)
    with open(os.path.join(folder, "trace.json"), encoding="utf-8") as f:
        made.document = json.load(f)
    made.events = made.document["traceEvents"]
    made.tracks = {(e["pid"], e["tid"]): e["args"]["name"] for e in made.events if e["name"] == "thread_name"}
    look_at_rules(made)
    return made


def runs(p, name, before=0):
    return (p, SWITCH, before, int.from_bytes(name.encode(), "little"), 0)


def sends(p, to, control=SEND):
    return (p, SYSCALL, 0, control | 7 << 32 | ENTRY << 48, 0x55 | to << 32)


def what_records_mean(context):
    """Messages that are refused, wait, or begin again are no arrows; and states follow from switches."""
    both = [runs(B, "b"), runs(A, "a", 1 | 1 << 8)]
    closed = 1 | 2 << 8
    cases = {
        "sent": ([sends(A, B)], 1),
        "refused": ([sends(A, B), (A, RESULT, 0, 12, 0)], 0),
        "again": ([sends(A, B), (A, RESTART, 0, 1, 0), (A, FAULT, 0, 2, 0x1000)], 0),
        "fault-behind": ([sends(A, B), (A, FAULT, 0, 2, 0x1000)], 1),
        "taken": ([sends(A, B), (A, BLOCK, 0, 4, 0x55), runs(B, "b", 2 | 4 << 8), (B, MESSAGE, 0, A | B << 32, 0x55)], 1),
        "not-taken": ([sends(A, B), (A, BLOCK, 0, 4, 0x55), runs(C, "c", 2 | 4 << 8)], 0),
        "of-another": ([sends(A, B), runs(B, "b", closed), (B, RESULT, 0, 12, 0)], 1),
    }
    for name, (records, want) in cases.items():
        made = by_hand(context, name, both + records)
        if len(made.arrows()) != want or (want and made.arrows()[0][:2] != ("a", "b")):
            raise Failed(f"{name}: arrows {made.arrows()}, not {want}")
    made = by_hand(context, "states", both + [sends(A, B, 0x87 | SEND), runs(B, "b", closed), (B, HOLD, 0, A, 2), (B, WAKE, 0, A, 0),
                                              (B, HOLD, 0, A, 0), runs(A, "a", 1 | 3 << 8), (A, RESCIND, 0, B, 2)])
    got = [(round(b), round(e), s) for b, e, s in made.spans(2)["a"]]
    if got != [(2, 4, "running"), (4, 6, "closed wait"), (6, 8, "ready"), (8, 10, "running")]:
        raise Failed(f"states of a: {got}")
    if [(t, round(b), round(e)) for t, b, e, _ in made.held()] != [("a", 5, 7)]:
        raise Failed(f"held: {made.held()}")
    if made.spans(2)["b"][-1] [2] != "notice wait":
        raise Failed(f"states of b: {made.spans(2)['b']}")


# --- the page ---

def browse(context, page, name, script, *more):
    """What a page makes of a script: its answers, and all of the page. Anything on the console is a failure."""
    browser = next((b for b in BROWSERS if shutil.which(b)), None)
    if browser is None:
        raise Skipped("there is no Chromium to look at the page with (sudo apt-get install chromium)")
    address = f"file://{page}#do={urllib.parse.quote(json.dumps(script))}"
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1200,700",
               "--enable-logging=stderr", "--v=0", f"--user-data-dir={context.path('browser-' + name)}", *more, "--dump-dom", address]
    out = context.path(f"{name}.dom")
    with open(out, "wb") as dom:
        process = context.start(command, stdin=None, stdout=dom, stderr=open(out + ".log", "wb"))
        try:
            status = process.wait(context.limit(SECONDS))
        finally:
            context.finish(process)
    with open(out, encoding="utf-8") as f:
        text = f.read()
    with open(out + ".log", encoding="utf-8", errors="replace") as f:
        said = [line for line in f if "CONSOLE" in line]
    if status != 0 or said or 'data-errors="' in text or 'data-drawn="yes"' not in text:
        raise Failed(f"the page has errors, or was not drawn (status {status})", said + core.tail(text[-2000:]))
    return json.loads(html.unescape(re.search(r'<output id="result"[^>]*>(.*?)</output>', text, re.DOTALL)[1] or "null")), text


def page_shows(context, trace):
    """Tracks, zoom, search, hover, colours."""
    page = os.path.join(trace.folder, "trace.html")
    calls = sorted(sent for a, b, sent, _ in trace.arrows() if (a, b) == ("ping", "pong"))
    with open(os.path.join(trace.folder, "trace.bin"), "rb") as f:
        begin = RECORD.unpack(f.read(RECORD.size))[3]  # the page counts from there
    at = round(1000 * calls[3]) - begin
    script = [["rows"], ["view"], ["zoom", 4], ["zoom", 0.25, 0.5], ["show", at - 300, at + 300], ["hover", "ping", at],
              ["hover", "CPU 0", at - 100], ["pixel", "ping", at - 100], ["find", "pon"], ["find", "nobody of this name"], ["counts"], ["pan", 0.5], ["fit"]]
    answers, text = browse(context, page, "page", script)
    rows, whole, closer, back, near, hover, cpu, pixel, found, missed, counts, panned, fitted = answers
    tracks = [name for (pid, _), name in sorted(trace.tracks.items())]
    if rows != tracks:
        raise Failed(f"rows {rows}, tracks {tracks}")
    if abs(closer["to"] - closer["from"] - (whole["to"] - whole["from"]) / 4) > 1 or abs(back["to"] - whole["to"]) > 1:
        raise Failed(f"zoom: {whole}, {closer}, {back}")
    if near != {"from": at - 300, "to": at + 300} or panned["from"] != at or fitted != whole:
        raise Failed(f"what is seen: {near}, {panned}, {fitted}; at {at}")
    if not re.match(r"ping → pong: call, word 0: 1\nsent at ", hover) or "ping: running" not in hover or "CPU 0 runs ping" not in cpu:
        raise Failed(f"hover says {hover!r} and {cpu!r}")
    if (found, missed) != ("pong", "nobody known") or counts["messages"] != len(trace.arrows()) or counts["lost"] != 0:
        raise Failed(f"found {found!r}, {missed!r}; counts {counts}")
    if pixel not in ([46, 139, 87, 255], [63, 166, 109, 255]):  # page.css, --running, by day or night
        raise Failed(f"ping runs, and what is drawn there is {pixel}")
    if re.search(r'(?:src|href)="(?!data:)[^"#]', text) or "http" in re.sub(r"<script type=.*?</script>", "", text, flags=re.DOTALL):
        raise Failed("the page refers to something outside of it")


def page_says_lost(context, trace):
    answers, text = browse(context, os.path.join(trace.folder, "trace.html"), "lost", [["counts"]])
    lost = trace.document["otherData"]["lost"]
    if answers[0]["lost"] != lost or f">{lost} records lost<" not in text or re.search(r'id="lost"[^>]*hidden', text):
        raise Failed(f"the page does not say that {lost} records are lost", core.tail(text[:500]))


# --- the part ---

def of_one_boot(cases, make):
    """A job of cases that look at one trace: [(name, text, function(context, trace))]."""

    def run(context, pattern):
        results, trace = [], None
        for name, text, function in cases:
            if not core.matches(name, pattern):
                continue
            try:
                trace = trace or make(context)
                function(context, trace)
                results.append(Result(name, "pass", text))
            except Failed as failure:
                results.append(Result(name, "fail", text, failure.lines))
            except Skipped as why:
                results.append(Result(name, "skip", str(why)))
        return results

    return Job(run, [name for name, _, _ in cases])


def alone(function):
    return lambda _context, trace: function(trace)


def part(_context):
    ping = [
        ("rules", "the file keeps to the rules of its format", alone(look_at_rules)),
        ("ping", f"of {ROUNDS} round trips each call and each answer is one arrow, in turn", alone(ping_pong)),
        ("waits", "who calls is in a closed wait until the answer comes", alone(waits_for_answers)),
        ("entries", "faults, printing, the end and operations of the kernel are there by name", alone(entries)),
        ("page", "the page shows the tracks, and zooms, finds and explains, without an error", page_shows),
    ]
    lost = [
        ("lost", "records that are lost are counted and said: by the tracer, the tool and in the file", lambda _c, _t: None),
        ("page-lost", "and by the page", page_says_lost),
    ]
    jobs = [of_one_boot(ping, Ping().get), of_one_boot(lost, lost_records)]
    for name, text, function in (
        ("preemption", "who is preempted is marked, held and does not run; its handler is told by an arrow", preemption),
        ("fault", "a fault is a mark, and init is told by an arrow", faults),
        ("breaks", "with little room the trace has breaks, and says so", breaks),
        ("pictures", "the pictures of docs show what happens now, in the same order", album),
        ("idle", "without a program, the system at rest for a time", idle),
        ("wrong", "no such program, a wrong option, a comma: refused in words", no_such_program),
        ("refused", "what is no whole trace is refused in one line", refused),
        ("meaning", "which records make an arrow, a state, a hold, and which do not", what_records_mean),
    ):
        jobs.append(simple_job(name, text, function))
    return Part("trace", jobs)
