# SPDX-License-Identifier: BSD-2-Clause
"""Descriptions with mistakes, for the part `description` of tools/test: (name, what holds, text, what is told). A line of what is
told is LINE:COLUMN: and the words; `error: ` stands between unless `warning: ` does."""

CORE = """system 1
program bank
    priority 190
    endpoints main
program pager
    priority 189
    endpoints main
    cap bank = bank
"""  # 8 lines

CASES = [
    (
        "form",
        "what is not written as it should be is told, each line by itself",
        """system 1
program a
    prioritty 5
    wibble
    priority
    slice 5
    start now
    start with a*b
    file a b
    endpoints 9
    cap x
    cap x = entri a.b
    cap x = entryx a.b
    cap x = entry a
    cap x = entry a.b sent
    cap x = notice a.main
    cap x = range
    cap = sleep
    part good
    part of
    part of good p
    restart 3 times withn 4 s
    restart 3 times within 4 s afterwards
    startat boot
    param a 5
    stack 4 pagesx
    args
    ?
""",
        [
            "3:5: unknown property 'prioritty'; did you mean 'priority'?",
            "4:5: unknown property 'wibble'",
            "5:13: something is missing: a number; it is written: priority N [urgent]",
            "6:12: something is missing: 'us', 'ms' or 's'; it is written: slice N us|ms|s",
            "7:11: 'now' is not what is expected: 'at', 'on' or 'with'; it is written: start at boot, start on demand, "
            "or start with WORD",
            "8:17: too much on the line: '*'; it is written: start at boot, start on demand, or start with WORD",
            "9:12: too much on the line: 'b'; it is written: file NAME",
            "10:15: '9' is not what is expected: a name; it is written: endpoints NAME...",
            "11:10: something is missing: '='; it is written: cap NAME = KIND ...",
            "12:13: unknown kind of capability 'entri'; did you mean 'entry'?",
            "13:13: unknown kind of capability 'entryx'; did you mean 'entry'?",
            "14:20: something is missing: '.'; it is written: entry PROGRAM.ENDPOINT [payload N] [send|pass|deadline]",
            "15:23: 'sent' is not understood; did you mean 'send'?",
            "16:26: something is missing: 'bits'; it is written: notice PROGRAM.ENDPOINT bits N",
            "17:18: something is missing: a number; it is written: range N pages [kept]",
            "18:9: '=' is not what is expected: a name; it is written: cap NAME = KIND ...",
            "19:10: 'good' is not what is expected: 'of'; it is written: part of PROGRAM",
            "20:12: something is missing: a name; it is written: part of PROGRAM",
            "21:18: too much on the line: 'p'; it is written: part of PROGRAM",
            "22:21: 'withn' is not understood; did you mean 'within'?",
            "23:32: 'afterwards' is not what is expected: 'after'; it is written: restart N times within N us|ms|s "
            "[after N us|ms|s]",
            "24:5: unknown property 'startat'; did you mean 'start'?",
            "25:13: '5' is not what is expected: '='; it is written: param NAME = N",
            "26:13: 'pagesx' is not understood; did you mean 'pages'?",
            "27:9: something is missing: a text; it is written: args TEXT",
            "28:5: unknown property '?'",
        ],
    ),
    (
        "numbers",
        "a number out of range is told with the range",
        f"""system 1
program a
    priority 300
    stack    0
    slice    9 us
    memory   1048577 pages
    restart  1001 times within 0 s
    param    x = 99999999999999999999
    param    y = 12ab
    cap a    = range 0 pages
    cap b    = range 65537 pages
    cap c    = irq 24
    cap d    = ioports 0x3f8-0x10000
    cap e    = ioports 5-4
    cap f    = entry a.main payload 0x100000000
    cap g    = notice a.main bits 0
    cap h    = bank 0 pages
program a2
    slice    11 s
program b
    args     {'w ' * 120}
""",
        [
            "3:14: priority is 300, but must lie in 1..199",
            "4:14: stack is 0, but must lie in 1..256",
            "5:14: slice must lie in 10 us..10000 ms",
            "6:14: memory is 1048577, but must lie in 1..1048576",
            "7:14: restart is 1001, but must lie in 1..1000",
            "7:32: the time within which restarts are counted is 0",
            "8:18: parameter is 99999999999999999999, but must lie in 0..18446744073709551615",
            "9:18: '12ab' is no number: parameter",
            "10:22: range is 0, but must lie in 1..65536",
            "11:22: range is 65537, but must lie in 1..65536",
            "12:20: interrupt line is 24, but must lie in 0..23",
            "13:30: port is 0x10000, but must lie in 0..65535",
            "14:24: the first port, 5, is above the last, 4",
            "15:37: payload is 0x100000000, but must lie in 0..4294967295",
            "16:35: bits is 0, but must lie in 1..4294967295",
            "17:21: bank is 0, but must lie in 1..1048576",
            "19:14: slice must lie in 10 us..10000 ms",
            "21:14: arguments are too long: at most 192 characters",
        ],
    ),
    (
        "twice",
        "what is described twice is told with both places",
        """system 1
system 1
program a
    endpoints main main
    priority 5
    priority 6
    cap x = sleep
    cap x = kernlog
    cap main = sleep
    cap exit = sleep
    param p = 1
    param p = 2
program a
    priority 7
    priority 8
program self
program b
""",
        [
            "2:1: 'system' stands once, before the first program",
            "4:20: endpoint 'main' is named twice",
            "6:5: 'priority' is given twice",
            "8:9: capability 'x' is named twice",
            "9:9: 'main' names both an endpoint and a capability of a",
            "10:9: every program has a capability 'exit' already",
            "12:11: parameter 'p' is given twice",
            "13:9: program 'a' is described twice, first at line 3",
            "16:9: 'self' is a reserved name",
        ],
    ),
    (
        "place",
        "a property without a program, and a description without a version, are told",
        """    priority 5
program a_name_that_is_too_long
    priority 300
program b
    endpoints a_name_of_an_endpoint_that_is_too_long
""",
        [
            "1:5: 'priority' belongs to a program, but none has begun",
            "2:1: the description begins with 'system 1'",
            "2:9: name 'a_name_that_is_too_long' is too long: a program has at most 16 characters",
            "5:15: name 'a_name_of_an_endpoint_that_is_too_long' is too long: an endpoint has at most 23 characters",
        ],
    ),
    ("version", "a description of another version is told", "system 2\nprogram a\n",
     ["1:8: version of the description is 2, but must lie in 1..1"]),
    ("nothing", "a description without a program is told", "system 1\n# program a\n",
     ["1:1: the description names no program"]),
    (
        "many",
        "too many of anything is told once",
        "system 1\nprogram a\n    endpoints a b c d e f g h\n"
        + "".join(f"    cap c{i} = space\n" for i in range(20))
        + "".join(f"    param p{i} = {i}\n" for i in range(9))
        + "".join(f"program p{i}\n" for i in range(96)),
        [
            "2:9: program a has 23 capabilities and further endpoints, but there are registers for 15, those named sleep, "
            "kernlog and console not counted",
            "3:27: too many endpoints: a program has at most 6",
            "22:9: too many capabilities: a program is given at most 18",
            "32:11: too many parameters: a program has at most 8",
            "128:9: too many programs: at most 96",
        ],
    ),
    (
        "kept",
        "a second range that is kept, and words behind those of the boot command line, are told",
        """system 1
program a
    cap one   = range 5 pages kept
    cap two   = range 6 pages
    cap three = range 6 pages kept
    args $boot
program b
    cap one = range 5 pages kept
    args $boot more
""",
        [
            "5:17: a has a range that is kept already, at line 3; there is one for each program",
            "9:10: '$boot' stands for all the words, and alone",
        ],
    ),
    (
        "names",
        "a name that names nothing is told with what there is",
        """system 1
program server
    endpoints main side
    cap a = entry servre.main
    cap b = entry nobody.main
    cap c = entry self.mian
    cap d = notice server.other bits 1
    cap e = entry init.faults
    cap f = process init
    cap g = notice init.programs bits 1
    cap h = entry client.main
    cap i = process clent
program client
    part of srever
program part
    part of part
program other
    part of part
""",
        [
            "4:19: unknown program 'servre'; did you mean 'server'?",
            "5:19: unknown program 'nobody'",
            "6:24: program server has no endpoint 'mian'; did you mean 'main'?",
            "7:27: program server has no endpoint 'other'; it has main and side",
            "8:24: program init has no endpoint 'faults'; it has programs",
            "9:21: nobody is given a process of init",
            "10:20: nobody is given a notice of init",
            "11:26: program client has no endpoint 'main'; it has none",
            "12:21: unknown program 'clent'; did you mean 'client'?",
            "14:13: unknown program 'srever'; did you mean 'server'?",
            "16:13: 'part' is said to be a part of itself",
            "18:13: 'part' is a part itself, of 'part'",
        ],
    ),
    (
        "priorities",
        "a program above the pager or the bank is told at its priority, unless it is urgent",
        CORE
        + """program a
    priority 190
program b
    priority 199
program c
    priority 199 urgent
program d
    priority 189
""",
        [
            "10:14: the priority of a, 190, is above that of pager, 189, for which init waits; if that is meant, 'urgent' behind "
            "it says so",
            "12:14: the priority of b, 199, is above that of bank, 190, for which init waits; if that is meant, 'urgent' behind "
            "it says so",
        ],
    ),
    (
        "priority_of_pager",
        "so is a pager above the bank, and a program that says no priority",
        "system 1\nprogram bank\n    priority 188\nprogram pager\n    priority 189\nprogram b\n    priority 50\n",
        [
            "5:14: the priority of pager, 189, is above that of bank, 188, for which init waits; if that is meant, 'urgent' "
            "behind it says so",
        ],
    ),
    ("priority_unsaid", "the priority that a program has without saying counts",
     "system 1\nprogram pager\n    priority 99\nprogram b\n",
     ["4:9: the priority of b, 100, is above that of pager, 99, for which init waits; if that is meant, 'urgent' behind it says so"]),
    (
        "owners",
        "two owners of a device are told, unless ports are said to be shared by both",
        """system 1
program a
    cap irq = irq 4
    cap ports = ioports 0x3f8-0x3ff
    cap keys = ioports 0x60-0x64 shared
    cap all = devices
    cap mem = frames
program b
    cap irq = irq 4
    cap ports = ioports 0x3ff
    cap keys = ioports 0x64 shared
    cap all = devices
program c
    cap half = ioports 0x60
    cap mine = ioports 0x80-0x81 shared
""",
        [
            "7:15: 'frames' is for bank alone",
            "9:15: interrupt line 4 belongs to a already, at line 3",
            "10:17: ports 0x3ff-0x3ff belong to a already, at line 4; if that is meant, 'shared' behind both says so",
            "12:15: 'devices' belongs to a already, at line 6",
            "14:16: ports 0x60-0x60 belong to a already, at line 5; if that is meant, 'shared' behind both says so",
            "15:34: nobody shares these ports with c",
        ],
    ),
    (
        "cycles",
        "a wait cycle is told at the line that closes it, the whole way round",
        """system 1
program a
    endpoints main
    cap b = entry b.main
program b
    endpoints main
    cap c = entry c.main
program c
    endpoints main
    cap a = entry a.main
    cap b = entry b.main
program d
    endpoints main
    cap d = entry self.main
""",
        [
            "10:13: a wait cycle: c waits for a, which waits for b, which waits for c; if it never waits there, 'send' or 'pass' "
            "behind the entry says so; 'deadline' if each call ends at a time",
            "11:13: a wait cycle: c waits for b, which waits for c; if it never waits there, 'send' or 'pass' behind the entry "
            "says so; 'deadline' if each call ends at a time",
            "14:13: a wait cycle: d waits for d; if it never waits there, 'send' or 'pass' behind the entry says so; 'deadline' "
            "if each call ends at a time",
        ],
    ),
    (
        "cycles_of_init",
        "who init waits for may not wait for init, nor the pager for who touches memory",
        CORE
        + """    cap console = entry console.main
    cap programs = entry init.programs
program console
    priority 180
    endpoints main
""",
        [
            "9:19: a wait cycle: pager waits for console, which waits for pager; if it never waits there, 'send' or 'pass' "
            "behind the entry says so; 'deadline' if each call ends at a time",
            "10:20: a wait cycle: pager waits for init, which waits for pager; if it never waits there, 'send' or 'pass' "
            "behind the entry says so; 'deadline' if each call ends at a time",
        ],
    ),
    (
        "deadline",
        "who is said to call with deadlines has a clock",
        """system 1
program a
    endpoints main
    cap b = entry b.main deadline
program b
    endpoints main
    cap a = entry a.main
""",
        ["4:26: calls of a cannot end at a time: it has no 'cap sleep = sleep'"],
    ),
    (
        "inversion",
        "a program that runs from boot on and calls one of lower priority is worth a warning",
        """system 1
program a
    priority 110
    cap b = entry b.main
    start at boot
program b
    endpoints main
""",
        ["4:13: warning: a, of priority 110, calls b, of priority 100: while it waits, others run before it"],
    ),
]

# Descriptions without a mistake.
GOOD = [
    ("send", "an entry that is only sent on, passed on, or called with deadlines makes no cycle",
     """system 1
program a
    endpoints main
    cap b = entry b.main
    cap c = entry c.main
    cap d = entry d.main
program b
    endpoints main
    cap a = entry a.main payload 5 send
program c
    endpoints main
    cap a = entry a.main pass
program d
    endpoints main
    cap a = entry a.main deadline
    cap sleep = sleep
    cap note = notice a.main bits 1
    cap body = process a
"""),
    ("blanks", "blanks, tabs, line ends of other systems, comments and names that are words of the language are read",
     "system 1 # format\nprogram cap\r\n\n\tpriority 0x20\n  file  program#other\n   # nothing\n"
     "endpoints memory start with\n cap slice = entry cap . memory pass\n cap at = range 5 kept\n args  one  two   # not three\n"),
]
