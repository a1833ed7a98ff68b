#!/usr/bin/env python3
"""Every verb of rms against bad command lines: exit status 2, a message, and nothing sent anywhere.

Usage: usage_test.py RMS

The verbs and their options come from --help, so that a new verb is tested as soon as it exists. Where a call would
go, listeners count who connects: nobody may.
"""

import concurrent.futures
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading

OPTION = re.compile(r"^  (?:-(\w), |    )--([a-z0-9-]+)(?: (\S+))?(?:  +(.*))?$")
VERB = re.compile(r"^  ([a-z-]+) +\S")


class Listener:
    """Counts connections on a socket."""

    def __init__(self, sock):
        self.sock, self.count = sock, 0
        sock.listen(16)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                peer, _ = self.sock.accept()
            except OSError:
                return
            self.count += 1
            peer.close()


class Verb:
    def __init__(self, path, text):
        self.path = path
        usage = text.splitlines()[0]
        operands = usage.split("[OPTION…]", 1)[1].split() if "[OPTION…]" in usage else []
        self.needed = [o for o in operands if not o.startswith("[")]
        self.many = any(o.rstrip("]").endswith("…") for o in operands)
        self.operands = operands
        own, _, every = text.partition("\nOptions of every verb:")
        # what every verb takes is parsed by the same rows: one verb stands for all
        listed = own.partition("\nOptions:")[2] + (every if path == ("whoami",) else "")
        self.options = {found.group(2): found.group(3) for found in map(OPTION.match, listed.splitlines()) if found}


class Rms:
    def __init__(self, program, place):
        self.program = program
        tcp = socket.socket()
        tcp.bind(("127.0.0.1", 0))
        unix = socket.socket(socket.AF_UNIX)
        unix.bind(str(place / "admin.sock"))
        self.listeners = [Listener(tcp), Listener(unix)]
        self.home = place / "home"
        self.home.mkdir()
        (self.home / "f.txt").write_text("text")
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8", "RMS_KEYRING": "off",
                    "RMS_URL": f"https://127.0.0.1:{tcp.getsockname()[1]}", "RMS_ADMIN_SOCKET": str(place / "admin.sock"),
                    "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "detect_leaks=1")}

    def run(self, *words):
        return subprocess.run([self.program, *words], env=self.env, cwd=self.home, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=60)

    def help(self, *path):
        done = self.run(*path, "--help")
        assert done.returncode == 0 and not done.stderr, (path, done)
        return done.stdout.decode()

    def verbs(self, path=()):
        """Every verb that does something, with its options."""
        text = self.help(*path)
        if "[ARGUMENT…]" not in text.splitlines()[0]:
            return [Verb(path, text)]
        found = []
        for line in text.partition("\nVerbs:\n")[2].partition("\n\n")[0].splitlines():
            found += self.verbs((*path, VERB.match(line).group(1)))
        return found


def bad_lines(verb):
    """(words, what the message must name)"""
    fit = ["f.txt" for _ in verb.needed]
    yield ["--no-such-option", *fit], "--no-such-option"
    yield ["-Z", *fit], "-Z"
    yield [*fit, "--", "bad\udcff"], ""  # not UTF-8, and for most verbs one operand too many
    if verb.needed:
        yield fit[1:], "missing"
        yield [*fit[1:], ""], ""
    if not verb.many:
        yield [*("f.txt" for _ in verb.operands), "extra"], "extra"
    for name, value in verb.options.items():
        if value is None:
            yield [f"--{name}=x", *fit], f"--{name}"
            continue
        yield [*fit, f"--{name}"], f"--{name}"
        yield [f"--{name}=", *fit], f"--{name}"
        if value == "N":
            for number in ("1.5", "0x1", "99999999999999999999", "-99999999999999999999"):
                yield [f"--{name}", number, *fit], "--"
    if "url" in verb.options:
        yield ["--url", "https://\udcff", *fit], "UTF-8"
        yield ["--color", "purple", *fit], "auto, always, never"
        yield ["--log-level", "loud", *fit], "off, error, info"


# touches: C-212, S-331
def every_verb_refuses_bad_lines(rms):
    verbs = rms.verbs()
    assert len(verbs) > 60, len(verbs)
    lines = [(verb, words, named) for verb in verbs for words, named in bad_lines(verb)]

    def check(line):
        verb, words, named = line
        done = rms.run(*verb.path, *words)
        err = done.stderr.decode(errors="replace")
        assert done.returncode == 2 and not done.stdout, (verb.path, words, done)
        assert named in err and "Try: rms" in err, (verb.path, words, err)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(check, lines))
    print(f"{len(verbs)} verbs, {len(lines)} bad lines")


# touches: C-063, C-064, C-213, C-215, C-230
SPECIAL = [
    (["protect", "f.txt"], "--only-me"),
    (["protect", "f.txt", "--only-me", "--template", "x"], "only one"),
    (["protect", "f.txt", "--perm", "bob"], "WHO:RIGHTS"),
    (["protect", "f.txt", "--perm", "bob@contoso.test:"], "WHO:RIGHTS"),
    (["protect", "f.txt", "--perm", "not an address:VIEW"], "recipient"),
    (["protect", "f.txt", "--perm", "domain:a b:VIEW"], "recipient"),
    (["protect", "f.txt", "--perm", "bob@contoso.test:VIEEW"], "VIEEW"),
    (["protect", "f.txt", "--perm", "bob@contoso.test:Contributor"], "Contributor"),
    (["protect", "f.txt", "--only-me", "--expire-on", "2020-01-01"], "passed"),
    (["protect", "f.txt", "--only-me", "--expire-on", "2030-02-30"], "--expire-on"),
    (["protect", "f.txt", "--only-me", "--expire-on", "2030-01-01", "--expire-days", "3"], "--expire-days"),
    (["protect", "f.txt", "--only-me", "--expire-days", "0"], "36500"),
    (["protect", "f.txt", "--only-me", "--expire-days", "36501"], "36500"),
    (["protect", "f.txt", "--only-me", "--offline-days", "-2"], "-1"),
    (["protect", "f.txt", "--only-me", "--owner", "nobody"], "--owner"),
    (["protect", "f.txt", "--only-me", "--no-persist-key", "some"], "all, disk, license"),
    (["protect", "f.txt", "--template", "x", "--offline-days", "1"], "template"),
    (["protect", "https://dav.contoso.test/a.txt", "--only-me"], "web address"),
    (["unprotect", "davs://contoso.test/a.ptxt"], "web address"),
    (["status", "https://dav.contoso.test/a.txt"], "web address"),
    (["protect", "f.txt", "--only-me", "-o", "a", "--out", "b"], "--out"),
    (["protect", "f.txt", "g.txt", "--only-me", "-o", "a"], "one file"),
    (["protect", "f.txt", "--only-me", "--url", "http://localhost"], "https://"),
    (["template", "list", "--lang", "english language"], "--lang"),
    (["login", "--password-stdin"], "--email"),
    (["login", "--email", "alice"], "--email"),
    (["login", "--device", "--browser"], "one of"),
    (["logout", "alice@contoso.test", "--all"], "--all"),
    (["reset"], "--force"),
    (["open", "f.txt", "-o", "x", "--app", "y"], "--app"),
    (["license", "new", "--only-me"], "--out"),
    (["perms", "new", "--out", "x", "--permissions", "Viewer"], "--users"),
    (["perms", "new", "--out", "x", "--permissions", "OnlyMe", "--users", "a@contoso.test"], "--users"),
    (["completion", "fish"], "bash or zsh"),
    (["admin", "tenant", "create", "--name", "x"], "--domain"),
    (["admin", "tenant", "create", "--domain", "x.test"], "--name"),
    (["admin", "service", "disable"], "--force"),
    (["admin", "template", "remove", "x"], "--yes"),
    (["admin", "onboarding", "set", "--group", "x"], "--force"),
    (["admin", "onboarding", "set", "--force"], "nothing to change"),
    (["admin", "onboarding", "set", "--scope", "Phone"], "MobileApp"),
    (["admin", "license", "max-validity", "set", "30"], "--force"),
    (["admin", "user", "set", "bob@contoso.test"], "nothing to change"),
    (["admin", "user", "set", "bob", "--alias", "b@contoso.test"], "--address"),
    (["admin", "identity", "refresh"], "nothing to change"),
    (["admin", "group", "member", "add", "g"], "missing"),
    (["admin", "group", "add", "g", "--kind", "secret"], "security, distribution"),
    (["admin", "license", "max-validity", "set", "65536"], "65535"),
    (["admin", "license", "max-validity", "set", "ten"], "65535"),
    (["admin", "template", "add"], "--name"),
    (["admin", "template", "add", "--name", "x", "--grant", "bob"], "WHO:RIGHTS"),
    (["admin", "template", "add", "--name", "x", "--expire-on", "soon"], "--expire-on"),
    (["admin", "template", "add", "--name-in", "x"], "LANG=TEXT"),
    (["admin", "template", "add", "--name", "x", "--expire-on", "2030-01-01", "--tz", "../x"], "--tz"),
    (["admin", "template", "restore", "x"], "--to-version"),
    (["admin", "template", "set", "x", "--grant-add", "bob"], "--grant-add"),
    (["admin", "client", "add", "x"], "--redirect"),
    (["admin", "log", "usage", "--from", "yesterday"], "YYYY-MM-DD"),
    (["admin", "log", "usage", "--from", "2016-02-30"], "YYYY-MM-DD"),
    (["admin", "log", "usage", "--path", "d"], "--from"),
    (["admin", "log", "usage", "--path", "d", "--from", "2030-01-01", "--threads", "33"], "32"),
    (["admin", "log", "usage", "--threads", "3"], "--path"),
    (["nothing"], "nothing"),
    (["protcet", "f.txt"], "protect"),
    (["admin", "usre"], "user"),
]


def special_lines(rms):
    for words, named in SPECIAL:
        done = rms.run(*words)
        err = done.stderr.decode()
        assert done.returncode == 2 and named in err and not done.stdout, (words, done)
    assert sorted(p.name for p in rms.home.iterdir() if not p.name.startswith(".")) == ["f.txt"]
    assert (rms.home / "f.txt").read_text() == "text"


# touches: C-212
def help_teaches(rms):
    for verb in rms.verbs():
        text = rms.help(*verb.path)
        name = "rms " + " ".join(verb.path)
        assert "Examples:\n" in text, name
        for line in text.partition("Examples:\n")[2].partition("\n\n")[0].splitlines():
            assert line.startswith("  ") and len(line) <= 120, (name, line)
        assert any(w in text.partition("Examples:\n")[2] for w in (name, "rms ")), name
        assert "Exit status:" in text and max(map(len, text.splitlines())) <= 124, name


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as place:
        rms = Rms(sys.argv[1], pathlib.Path(place))
        for test in (every_verb_refuses_bad_lines, special_lines, help_teaches):
            try:
                test(rms)
                print(f"ok   {test.__name__}")
            except AssertionError as error:
                print(f"FAIL {test.__name__}: {error}")
                failed += 1
        sent = sum(listener.count for listener in rms.listeners)
        if sent:
            print(f"FAIL something was sent: {sent} connections")
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
