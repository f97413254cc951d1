# SPDX-License-Identifier: BSD-2-Clause
"""libvirt's own daemon, to compare with: begun in a folder of its own, as a user without rights, and ended again."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

PROGRAM = "/usr/sbin/libvirtd"
URI = "test+unix:///default?socket="  # its test driver: one domain, called test, in the daemon's memory
BEGIN_SECONDS = 30
LOOK_SECONDS = 0.05
END_SECONDS = 10


class Missing(Exception):
    """In words: it cannot be begun."""


class Daemon:
    """Runs while it is entered. `path` is its socket, `process` its process."""

    def __init__(self):
        if not os.path.exists(PROGRAM):
            raise Missing("libvirt's daemon is missing; install it with: sudo apt-get install libvirt-daemon")
        self.folder = tempfile.mkdtemp(prefix="lykos-libvirtd-", dir="/tmp")
        self.path = os.path.join(self.folder, "libvirt-sock")
        config = os.path.join(self.folder, "libvirtd.conf")
        with open(config, "w", encoding="utf-8") as f:
            f.write(f'unix_sock_dir = "{self.folder}"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\nmax_client_requests = 5\n')
        # As root it would be the daemon of the whole system, with files everywhere.
        user = {}
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            for path in (self.folder, config):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
            user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        home = {name: self.folder for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
        self.process = subprocess.Popen(
            [PROGRAM, "-f", config, "-p", os.path.join(self.folder, "pid")], env={"PATH": os.environ.get("PATH", "/usr/bin")} | home,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, cwd="/", **user,
        )

    def __enter__(self):
        until = time.monotonic() + BEGIN_SECONDS
        while not os.path.exists(self.path):
            if self.process.poll() is not None or time.monotonic() > until:
                self.__exit__()
                raise Missing(f"{PROGRAM} could not be begun")
            time.sleep(LOOK_SECONDS)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
