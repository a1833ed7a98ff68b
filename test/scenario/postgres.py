#!/usr/bin/env python3
"""A private PostgreSQL for tests: in a directory of its own, on a Unix socket there, nothing on the network.

    postgres.py start DIRECTORY     makes and starts it; its URL is postgresql:///postgres?host=DIRECTORY&user=rms
    postgres.py stop DIRECTORY      stops and removes it
    postgres.py run COMMAND...      runs a command with such a URL in RMS_TEST_DATABASE

The server refuses to be root, so for root it runs as the account that the package brings. It does not sync: what it
keeps need not outlive the machine.
"""

import contextlib
import glob
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ACCOUNTS = ("postgres", "nobody")
OPTIONS = {
    "listen_addresses": "", "fsync": "off", "full_page_writes": "off", "max_connections": "400",
    "shared_buffers": "32MB", "log_statement": "none", "logging_collector": "off", "jit": "off",
    "autovacuum_naptime": "60", "dynamic_shared_memory_type": "posix",
}


def program(name):
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=lambda p: int(p.split("/")[4]))
    path = found[-1] if found else shutil.which(name)
    if path is None:
        raise SystemExit(f"postgres.py: there is no {name}; run scripts/install-deps test")
    return path


def account():
    """Whom the server runs as: None for the caller, who is not root."""
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise SystemExit("postgres.py: no account to run the server as")


class Cluster:
    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.data = self.dir / "data"
        self.url = f"postgresql:///postgres?host={self.dir}&user=rms"

    def command(self, *args, check=True):
        who = account()
        extra = {} if who is None else {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
        return subprocess.run([str(a) for a in args], cwd=self.dir, check=check, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self.dir)}, **extra)

    def start(self):
        self.dir.mkdir(mode=0o700)  # exists already: not ours
        who = account()
        if who is not None:
            os.chown(self.dir, who.pw_uid, who.pw_gid)
        try:
            self.command(program("initdb"), "-D", self.data, "-U", "rms", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                         "--no-sync", "--no-instructions")
            with open(self.data / "postgresql.conf", "a", encoding="utf-8") as conf:
                conf.writelines(f"{name} = '{value}'\n" for name, value in OPTIONS.items())
                conf.write(f"unix_socket_directories = '{self.dir}'\n")
            self.up()
        except subprocess.CalledProcessError as error:
            sys.stderr.buffer.write(error.stdout)
            shutil.rmtree(self.dir, ignore_errors=True)
            raise SystemExit(f"postgres.py: {error}") from error
        return self

    def up(self):
        self.command(program("pg_ctl"), "start", "-D", self.data, "-l", self.dir / "log", "-w", "-t", "60", "-s")

    def down(self, mode="immediate"):
        self.command(program("pg_ctl"), "stop", "-D", self.data, "-m", mode, "-w", "-t", "60", "-s")

    @contextlib.contextmanager
    def frozen(self):
        """The server takes connections and answers nobody, as on a machine that hangs."""
        pids = self.pids()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def pids(self):
        """The server's main process and those it started."""
        main = int((self.data / "postmaster.pid").read_text().split()[0])
        children = pathlib.Path(f"/proc/{main}/task/{main}/children").read_text().split()
        return [main, *map(int, children)]

    def remove(self):
        if not (self.data / "PG_VERSION").exists():
            return  # whatever it is, no cluster
        with contextlib.suppress(subprocess.CalledProcessError, OSError):
            self.down()
        shutil.rmtree(self.dir, ignore_errors=True)

    def sql(self, statement, database="postgres"):
        """Runs one statement; the rows, columns separated by |."""
        done = self.command(program("psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.dir, "-U", "rms",
                            "-d", database, "-c", statement)
        return done.stdout.decode().splitlines()

    def database(self, name):
        """The URL of a new, empty database."""
        self.sql(f'CREATE DATABASE "{name}"')
        return self.url.replace("///postgres?", f"///{name}?")


def of_environment():
    """The cluster that the run was given in RMS_TEST_DATABASE, or None."""
    url = os.environ.get("RMS_TEST_DATABASE")
    return Cluster(url.partition("host=")[2].partition("&")[0]) if url else None


@contextlib.contextmanager
def private():
    """A cluster for the time of a with."""
    cluster = Cluster(pathlib.Path(tempfile.gettempdir()) / f"rms-pg-{os.getpid()}-{time.monotonic_ns():x}")
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.remove()


def main(args):
    if len(args) == 2 and args[0] == "start":
        Cluster(args[1]).remove()  # left by a run that was cut off
        Cluster(args[1]).start()
        return 0
    if len(args) == 2 and args[0] == "stop":
        Cluster(args[1]).remove()
        return 0
    if len(args) >= 2 and args[0] == "run":
        with private() as cluster:
            return subprocess.run(args[1:], env={**os.environ, "RMS_TEST_DATABASE": cluster.url}, check=False).returncode
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
