"""A laboratory for scenario tests: real daemons, real commands, a movable clock.

    with Lab() as lab:
        alice = lab.person("alice")
        alice.rms("protect", "plan.txt", "--perm", "bob@contoso.test:VIEW")

Everything lives in one temporary directory and on loopback; what the lab started it ends, by process id. With
RMS_TEST_DATABASE (see postgres.py) the service keeps its state on that server, each lab in a database of its own; with
RMS_TEST_KEYSTORE=softhsm (see softhsm.py) its tenant keys in a token, each lab in one of its own.
"""

import base64
import contextlib
import fcntl
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import termios
import time
import urllib.parse

import postgres
import softhsm

BUILD = pathlib.Path(os.environ.get("RMS_BUILD_DIR", "build/asan")).resolve()
SOURCE = pathlib.Path(os.environ.get("RMS_SOURCE_DIR", ".")).resolve()
PASSWORD = "correct horse battery staple"
SANITIZER_MARKS = ("AddressSanitizer", "runtime error:", "ThreadSanitizer", "LeakSanitizer")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class LocalConnection(http.client.HTTPSConnection):
    """HTTPS to "localhost" that needs no resolver: a bare machine may know no names at all."""

    def connect(self):
        plain = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self._context.wrap_socket(plain, server_hostname="localhost")


class SocketConnection(http.client.HTTPConnection):
    """HTTP on a Unix socket."""

    def __init__(self, path, timeout):
        super().__init__("rmsd", timeout=timeout)
        self.socket_path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.socket_path)


class Result:
    """What a command did."""

    def __init__(self, args, code, out, err):
        self.args, self.code, self.out, self.err = args, code, out, err

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def json_lines(self):
        return [json.loads(line) for line in self.out.splitlines() if line.strip()]

    def __repr__(self):
        return f"$ rms {' '.join(map(str, self.args))}\nexit {self.code}\n{self.out}{self.err}"


class Person:
    """Somebody with a home directory of his own (a device); `device` makes further ones."""

    def __init__(self, lab, name, address, device="1"):
        self.lab, self.name, self.address = lab, name, address
        self.home = lab.dir / "home" / f"{name}-{device}"
        self.home.mkdir(parents=True, exist_ok=True)

    def device(self, number):
        return Person(self.lab, self.name, self.address, str(number))

    def env(self, **extra):
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "RMS_URL": self.lab.url,
            "RMS_CA": str(self.lab.ca),
            "RMS_KEYRING": "off",
            "RMS_CLOCK_FILE": str(self.lab.clock_file),
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "detect_leaks=1"),
            "UBSAN_OPTIONS": "print_stacktrace=1",
        }
        env.update({k: str(v) for k, v in extra.items() if v is not None})
        for gone in (k for k, v in extra.items() if v is None):
            env.pop(gone, None)
        return env

    def rms(self, *args, code=0, stdin=None, cwd=None, env=None, timeout=120):
        """Runs `rms`; fails the test when the exit status is not `code` (None accepts any)."""
        result = self.lab.run(args, env=env or self.env(), stdin=stdin, cwd=cwd or self.home, timeout=timeout)
        if code is not None and result.code != code:
            raise AssertionError(f"expected exit {code}\n{result!r}")
        return result

    def login(self, code=0):
        return self.rms("login", "--email", self.address, "--password-stdin", stdin=PASSWORD + "\n", code=code)

    def token(self):
        return self.rms("auth", "token").out.strip()

    def write(self, name, data):
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def rest(self, method, path, body=None, token=True, headers=None):
        """An HTTPS request as this person: (status, headers, parsed JSON or text)."""
        all_headers = {"Content-Type": "application/json", **(headers or {})}
        if token:
            all_headers["Authorization"] = "Bearer " + (token if isinstance(token, str) else self.token())
        return self.lab.http(method, path, body, all_headers)


class Lab:
    """removal_right: what beside OWNER and EXPORT removes protection in the tenant that is made. As a rule EXTRACT, so that
    a Co-Author's clear copy can be compared; "OWNER" leaves it at what tenants have by themselves."""

    def __init__(self, people=("alice", "bob", "mallory"), tenant=("Contoso", "contoso.test"), start=True,
                 rmsd_args=(), login=True, database=None, removal_right="EXTRACT"):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="rmslab-", dir=os.environ.get("RMS_LAB_TMP")))
        self.data = self.dir / "data"
        self.port = free_port()
        self.url = f"https://localhost:{self.port}"
        self.ca = self.data / "ca.pem"
        self.socket = self.data / "admin.sock"
        self.clock_file = self.dir / "clock"
        self.clock_file.write_text("0\n")
        self.rmsd = None
        self.rmsd_args = list(rmsd_args)
        self.program = BUILD / "cmd/rmsd/rmsd"
        self.database = database or self.new_database()
        self.token = softhsm.Token(self.dir / "token").make() if softhsm.wanted() else None
        self.people = {}
        self.tenant_name, self.tenant_domain = tenant
        self._names, self._start, self._login, self._removal_right = people, start, login, removal_right

    # --- life ---------------------------------------------------------------------------------
    def __enter__(self):
        try:
            if self._start:
                self.start()
                self.admin("tenant", "create", "--name", self.tenant_name, "--domain", self.tenant_domain, "--removal-right", self._removal_right)
                for name in self._names:
                    self.add_user(name)
                    if self._login:
                        self.person(name).login()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            self.show_logs()
        try:
            self.close()
        finally:
            if kind is None:
                shutil.rmtree(self.dir, ignore_errors=True)

    def start(self, wait=True, terminal=None, **more_env):
        """terminal: a descriptor of one that becomes its own."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.dir), "LANG": "C.UTF-8",
               "RMS_CLOCK_FILE": str(self.clock_file),
               "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "detect_leaks=1"),
               "TSAN_OPTIONS": os.environ.get("TSAN_OPTIONS", "halt_on_error=0"),
               "UBSAN_OPTIONS": "print_stacktrace=1"}
        if "RMS_LOOPBACK_ISSUERS" in os.environ:
            env["RMS_LOOPBACK_ISSUERS"] = "1"
        env.update(more_env)
        own = {"start_new_session": True, "preexec_fn": lambda: fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)} if terminal is not None else {}
        more = []
        if self.token is not None:
            env.update(self.token.env)
            more = self.token.settings()
            if not (self.data / "pkcs11.pin").exists():
                self.token.give_pin(self.data)
        self.rmsd_log = open(self.dir / "rmsd.log", "ab")
        self.rmsd = subprocess.Popen(
            [self.program, "--dir", self.data, "--listen", f"127.0.0.1:{self.port}", "--url", self.url,
             *(["--set", "database=" + self.database] if self.database else []), *more, *self.rmsd_args], stdout=self.rmsd_log, stderr=self.rmsd_log, stdin=subprocess.DEVNULL, env=env, **own)
        if wait:
            self.wait_ready()

    def new_database(self, more=""):
        """URL of an empty one on the server that the run was given; None: rmsd makes its own."""
        cluster = postgres.of_environment()
        return cluster.database(self.dir.name + more) if cluster else None

    def wait_ready(self, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.rmsd.poll() is not None:
                raise AssertionError(f"rmsd ended with {self.rmsd.returncode}\n{self.log_text()}")
            if self.ca.exists() and self.socket.exists():
                with contextlib.suppress(OSError, http.client.HTTPException):
                    if self.http("GET", "/my/v2/servicediscovery")[0] == 401:
                        return
            time.sleep(0.05)
        raise AssertionError("rmsd is not ready\n" + self.log_text())

    def stop(self, seconds=30):
        if self.rmsd is not None and self.rmsd.poll() is None:
            self.rmsd.send_signal(signal.SIGTERM)
            try:
                self.rmsd.wait(seconds)
            except subprocess.TimeoutExpired:
                self.rmsd.kill()
                self.rmsd.wait()
                raise AssertionError("rmsd did not stop in time\n" + self.log_text())
        if self.rmsd is not None:
            self.rmsd_log.close()
        code, self.rmsd = (self.rmsd.returncode if self.rmsd else None), None
        return code

    def close(self):
        self.stop()
        text = self.log_text()
        for mark in SANITIZER_MARKS:
            if mark in text:
                raise AssertionError("the sanitizer reported in rmsd:\n" + text[-8000:])

    # --- commands ------------------------------------------------------------------------------
    def run(self, args, env, stdin=None, cwd=None, timeout=120):
        done = subprocess.run([BUILD / "cmd/rms/rms", *map(str, args)], env=env, cwd=cwd, timeout=timeout,
                              input=stdin.encode() if isinstance(stdin, str) else stdin,
                              stdin=subprocess.DEVNULL if stdin is None else None, capture_output=True)
        result = Result(args, done.returncode, done.stdout.decode(errors="replace"),
                        done.stderr.decode(errors="replace"))
        for mark in SANITIZER_MARKS:
            if mark in result.err:
                raise AssertionError(f"the sanitizer reported:\n{result!r}")
        return result

    def admin(self, *args, code=0, stdin=None):
        env = {"PATH": os.environ["PATH"], "HOME": str(self.dir), "LANG": "C.UTF-8",
               "RMS_ADMIN_SOCKET": str(self.socket), "RMS_CLOCK_FILE": str(self.clock_file)}
        result = self.run(("admin", *args), env=env, stdin=stdin)
        if code is not None and result.code != code:
            raise AssertionError(f"expected exit {code}\n{result!r}")
        return result

    def add_user(self, name, *args, domain=None, password=PASSWORD):
        address = name if "@" in name else f"{name}@{domain or self.tenant_domain}"
        self.admin("user", "add", address, "--name", name.split("@")[0].capitalize(), "--password-stdin", *args,
                   stdin=password + "\n")
        return address

    def person(self, name, device="1"):
        address = name if "@" in name else f"{name}@{self.tenant_domain}"
        return self.people.setdefault((name, device), Person(self, name.split("@")[0], address, device))

    # --- wire ----------------------------------------------------------------------------------
    def tls(self):
        return ssl.create_default_context(cafile=str(self.ca))

    def http(self, method, path, body=None, headers=None, timeout=60):
        connection = LocalConnection("localhost", self.port, context=self.tls(), timeout=timeout)
        try:
            if body is not None and not isinstance(body, (bytes, str)):
                body = json.dumps(body)
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            data = reply.read()
            kind = reply.headers.get("Content-Type", "")
            parsed = json.loads(data) if data and kind.startswith(("application/json", "application/scim+json")) else data.decode(errors="replace")
            return reply.status, reply.headers, parsed
        finally:
            connection.close()

    def admin_http(self, method, path, body=None, timeout=120):
        """A call of the administration interface below /admin/v1, as other programs make it: (status, parsed JSON)."""
        connection = SocketConnection(self.socket, timeout)
        try:
            connection.request(method, "/admin/v1" + path, json.dumps(body) if body is not None else None,
                               {"Content-Type": "application/json"})
            reply = connection.getresponse()
            data = reply.read()
            return reply.status, json.loads(data) if data else None
        finally:
            connection.close()

    # --- clock, logs, processes -------------------------------------------------------------------
    def move_clock(self, days=0, seconds=0):
        offset = int(self.clock_file.read_text()) + days * 86400 + seconds
        temp = self.clock_file.with_suffix(".new")
        temp.write_text(f"{offset}\n")
        temp.rename(self.clock_file)
        time.sleep(0.3)

    def usage(self, keys=False, **where):
        """Usage-log rows as dictionaries, those that match every given field (dashes written as underscores);
        those of operations of a token only when asked for."""
        time.sleep(0.5)
        rows = [json.loads(line) for line in self.admin("log", "usage", "--json").out.splitlines() if line.strip()]
        rows = [r for r in rows if keys or not r["request-type"].startswith("KeyVault")]
        return [r for r in rows if all(r.get(k.replace("_", "-")) == v for k, v in where.items())]

    def log_text(self):
        path = self.dir / "rmsd.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def show_logs(self):
        print(f"--- rmsd log ({self.dir}) ---\n{self.log_text()[-6000:]}", file=sys.stderr)

    def worked(self, name="front"):
        """Seconds that a process has had a processor: how busy the machine is does not change what a request costs."""
        tasks = pathlib.Path(f"/proc/{self.children()[name]}/task").glob("*/schedstat")
        return sum(int(s.read_text().split()[0]) for s in tasks) / 1e9

    def children(self):
        """{process name: pid} of rmsd's children."""
        out = {}
        for entry in pathlib.Path(f"/proc/{self.rmsd.pid}/task/{self.rmsd.pid}/children").read_text().split():
            with contextlib.suppress(OSError):
                out[pathlib.Path(f"/proc/{entry}/comm").read_text().strip()] = int(entry)
        return out


def b64(data):
    return base64.b64encode(data).decode()


def pfile_licence(path):
    """The publishing licence inside a pfile, as bytes."""
    data = pathlib.Path(path).read_bytes()
    at = 14
    redirect = int.from_bytes(data[at:at + 4], "little")
    fields = at + 4 + redirect
    offset = int.from_bytes(data[fields + 12:fields + 16], "little")
    length = int.from_bytes(data[fields + 16:fields + 20], "little")
    return data[offset:offset + length]


def quote(text):
    return urllib.parse.quote(text, safe="")


def main(*tests):
    """Runs the given functions; each failure is shown, the exit status tells."""
    failed = 0
    for test in tests:
        began = time.monotonic()
        try:
            test()
            print(f"ok   {test.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
        except Exception:  # noqa: BLE001 - every failure of a test is reported the same way
            import traceback
            traceback.print_exc()
            print(f"FAIL {test.__name__}", flush=True)
            failed += 1
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
