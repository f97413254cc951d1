# SPDX-License-Identifier: BSD-2-Clause
"""The part `virsh` of tools/test: an unmodified virsh on this machine against Lykos (virsh_cases), also while its shell is in use
(virsh_prompt), and the tools that bring the two together: `make serve` and `make virsh`."""

import os
import re
import signal
import socket
import subprocess

from remote import ports

from . import core, virsh_cases, virsh_prompt
from .cases import run_in_turn
from .core import Failed, Job, Part, simple_job
from .machine import READY_SECONDS, Machine, connects, wait_until
from .virsh_cases import Host
from .virsh_prompt import need_virsh, nothing_left

SOAK_SEEDS = 3
LONG_NAME = "a-folder-whose-name-is-long-and-in-which-others-like-it-are"
VIRSH = os.path.join(core.ROOT, "tools", "virsh")


def run_cases(context, pattern, name, seed, cases, begin):
    """Run those of the cases that match, in a machine that `begin` starts."""
    again = f"--seed={seed}" + (f" --rounds={context.rounds}" if context.rounds else "")

    def start():
        need_virsh()
        return begin(context, f"{name}-{seed}")

    def one_case(machine, function):
        try:
            function(Host(context, machine.paths, seed, machine.console))
        except (virsh_cases.wire.Broken, virsh_cases.wire.RemoteError) as failure:
            raise Failed(str(failure)) from None

    last = ("destroy",)  # the others want all programs
    return run_in_turn(cases, pattern, start, one_case, Machine.shown, again, last)


# ---- make run, make serve, make virsh ---------------------------------------------------------------------------------------


def said_how(machine):
    said = machine.said()
    for needed in (ports.uri(machine.paths[0]), "make virsh", "'ready'", "Ctrl-C", str(machine.process.pid)):
        if needed not in said:
            raise Failed(f"it does not say {needed}", core.tail(said))


def ends_clean(context):
    """However it is ended, neither QEMU nor a socket is left."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with Machine(context, f"ends-{number}", more=("--append", "serve"), ready=False) as machine:
            said_how(machine)
            command = ["ps", "-o", "pid=", "--ppid", str(machine.process.pid)]
            qemu = [int(pid) for pid in subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()]
            machine.process.send_signal(number)
            status = machine.process.wait(context.limit(60))
            if status != 0 or not qemu or any(os.path.exists(f"/proc/{pid}") for pid in qemu):
                raise Failed(f"signal {number}: status {status}; QEMU was process {qemu}", core.tail(machine.said()))
            nothing_left(machine.folder)
    with Machine(context, "ends-killed", more=("--append", "serve"), ready=False) as machine:
        folder = machine.folder
        machine.process.kill()
        machine.process.wait()
        wait_until("QEMU's end", context.limit(60), lambda: not connects(os.path.join(folder, "rpc0.sock")))
        status, text = context.run([VIRSH, "--folder", folder, "list"], 60)
        if status == 0 or "does not run" not in text:
            raise Failed("virsh is not told that nothing runs", core.tail(text))
    with Machine(context, "ends-killed", more=("--append", "serve"), ready=False, folder=folder):
        pass  # what was left is no hindrance
    nothing_left(folder)


def two_at_once(context):
    with Machine(context, "two", more=("--append", "serve"), ready=False) as machine:
        status, text = context.run(machine.command, 60)
        if status == 0 or "runs already" not in text or str(machine.process.pid) not in text:
            raise Failed(f"the second is not refused in words: status {status}", core.tail(text))
        if not machine.runs() or not all(connects(path) for path in machine.paths):
            raise Failed("the first suffers from it")


def long_path(context):
    folder = context.path(LONG_NAME, LONG_NAME, "run")
    with Machine(context, "long", more=("--append", "serve"), ready=False, folder=folder) as machine:
        for path in machine.paths:
            if len(path) > ports.PATH_MOST or not connects(path):
                raise Failed(f"{path}: no client can connect")
        said_how(machine)
        short = os.path.dirname(os.path.dirname(machine.paths[0]))
    nothing_left(folder)
    if os.path.exists(short):
        raise Failed(f"left behind: {short}")


def late_ports(context):
    """A device that tells of its ports only when the dispatcher runs, as it does on a busy host: here they are added by hand. All are
    served."""
    need_virsh()
    folder = context.path("late")
    os.makedirs(folder)
    log, monitor = os.path.join(folder, "console.log"), os.path.join(folder, "monitor")
    options = ["-device", "virtio-serial-pci,id=late,disable-legacy=on,disable-modern=off,max_ports=9"]
    options += ["-chardev", f"socket,id=late-monitor,path={monitor},server=on,wait=off", "-mon", "chardev=late-monitor,mode=readline"]
    command = context.qemu_command("late", "--log", log, "--icount", "--append", "serve", "--", *options)
    qemu = context.start(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until("the line `ready` in the console log", context.limit(READY_SECONDS), lambda: ports.is_ready(log))
        paths = [os.path.join(folder, f"rpc{n}.sock") for n in (0, 7)]
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(monitor)
            for n, path in zip((0, 7), paths):
                s.sendall(f"chardev-add socket,id=c{n},path={path},server=on,wait=off\n".encode())
                s.sendall(f"device_add virtserialport,bus=late.0,nr={n + 1},chardev=c{n},name=lykos.rpc.{n}\n".encode())
            host = Host(context, paths)
            for port, path in enumerate(paths):
                wait_until("its port", context.limit(READY_SECONDS), lambda p=path: connects(p))
                host.expect(r"^lykos$", "hostname", port=port)
    finally:
        context.finish(qemu)


def make_them(context):
    """The ports and the log are where the documents say, and virsh without words is interactive."""
    need_virsh()
    folder = context.build_folder("make")
    run = os.path.join(folder, "run")
    words = [*context.made_words("serve", folder), "--icount"]
    serve = context.start(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=core.ROOT)
    try:
        log = os.path.join(run, "console.log")
        wait_until(f"the line `ready` in {log}", context.limit(READY_SECONDS), lambda: ports.is_ready(log))
        paths = [os.path.join(run, f"rpc{n}.sock") for n in range(ports.COUNT)]
        if not all(os.path.exists(path) for path in paths):
            raise Failed("not all ports are there", sorted(os.listdir(run)))
        virsh = context.start(
            context.made_words("virsh", folder),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=core.ROOT,
        )
        try:
            text = virsh.communicate("hostname\nlist\n", context.limit(READY_SECONDS))[0]
        except subprocess.TimeoutExpired:
            raise Failed("make virsh never ends") from None
        finally:
            context.finish(virsh)
        if not all(re.search(seen, text, re.MULTILINE) for seen in (r"Welcome to .*virsh", r"^lykos$", r"^ \d+ +spin +running$")):
            raise Failed("make virsh, asked for hostname and list, says", core.tail(text))
    finally:
        context.finish(serve)


def free_port(context):
    """`make virsh` takes ports that are free, and says so if there is none."""
    need_virsh()
    with Machine(context, "free") as machine:
        command = [VIRSH, "--folder", machine.folder]
        for count in (0, 1, 5):
            clients = [socket.socket(socket.AF_UNIX) for _ in range(count)]
            for client, path in zip(clients, machine.paths):
                client.connect(path)
            status, text = context.run([*command, "uri"], 60)
            again, _ = context.run([*command, "hostname"], 60)
            for client in clients:
                client.close()
            taken = re.search(r"rpc(\d)\.sock", text)
            if status != 0 or again != 0 or not taken or int(taken[1]) < count:
                raise Failed(f"with {count} ports in use: status {status} and {again}", core.tail(text))
        held = ports.reserve(machine.paths[0])  # as another of its kind does, before its virsh connects
        status, text = context.run([*command, "uri"], 60)
        os.close(held)
        if status != 0 or not re.search(r"rpc[1-7]\.sock", text):
            raise Failed(f"with port 0 reserved: status {status}", core.tail(text))
        clients = [socket.socket(socket.AF_UNIX) for _ in machine.paths]
        for client, path in zip(clients, machine.paths):
            client.connect(path)
        status, text = context.run([*command, "list"], 60)
        for client in clients:
            client.close()
        if status == 0 or f"all {len(clients)} ports are in use" not in text:
            raise Failed(f"with all ports in use: status {status}", core.tail(text))
    status, text = context.run([*command, "list"], 60)
    if status == 0 or "does not run" not in text:
        raise Failed(f"when nothing runs: status {status}", core.tail(text))


def part(context):
    names = virsh_cases.CASES.names()
    seeds = [context.seed] if context.seed is not None else list(range(1, SOAK_SEEDS + 1)) if context.soak else [1]

    def job(seed):
        return Job(lambda context, pattern: run_cases(context, pattern, "virsh", seed, virsh_cases.CASES, Machine), names)

    return Part(
        "virsh",
        [job(seed) for seed in seeds]
        + [simple_job(*case) for case in virsh_prompt.CASES]
        + [
            simple_job("ends_clean", "make serve says how to connect; however it is ended nothing is left", ends_clean),
            simple_job("two_at_once", "two in the same folder are refused in words", two_at_once),
            simple_job("long_path", "the ports of a checkout with a long path are within reach", long_path),
            simple_job("late_ports", "ports that the device tells of only after the dispatcher has begun are served", late_ports),
            simple_job("make_them", "what make serve and make virsh begin: ports and log in their places, an interactive virsh", make_them),
            simple_job("free_port", "make virsh takes a port that nobody uses, and says so if there is none", free_port),
        ],
    )
