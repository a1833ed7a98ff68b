"""Every verb of `rms admin`, taken from its own table (`--help`), so that a new one is tested from the day it is there: its examples
work; --what-if tries them and changes nothing; bad input of every kind is refused with nothing changed."""
import base64
import concurrent.futures
import json
import os
import re
import shlex
import sqlite3
import subprocess
import uuid

from rmslab import BUILD, PASSWORD, SOURCE, Lab, main

VERB = re.compile(r"^  ([a-z-]+) +\S")
OPTION = re.compile(r"^  (?:-(\w), |    )--([a-z0-9-]+)(?: (\S+))?(?:  +(.*))?$")
# What the service writes by itself, or about the calls: not the state that a call changes.
LOGS = {"usage_log", "admin_log", "log_statement", "log_key", "stream_cursor", "notify_cursor", "admin_session", "refresh_token", "sqlite_sequence"}
TAKES_AWAY = ("archive", "remove", "revoke", "restore", "clear", "convert", "breach", "erase", "trim", "disable", "consume-only")
# Verbs whose examples need more than this laboratory has. Each with its reason.
NOT_HERE = {("key", "add"): "needs a token: scenario hsm", ("key", "convert"): "needs a token: scenario hsm",
            ("directory", "test"): "needs a directory: scenario ldap", ("directory", "refresh"): "needs a directory: scenario ldap"}
REFUSED = {("app", "secret", "show"): 4}  # there to say why not
SESSION = {("login",), ("logout",)}  # the sessions of people, below


class Verb:
    def __init__(self, path, text):
        self.path, self.text = path, text
        usage = text.splitlines()[0]
        self.operands = usage.split("[OPTION…]", 1)[1].split()
        own = text.partition("\nOptions:")[2].partition("\nOptions of every verb:")[0]
        self.options = {m.group(2): m.group(3) for m in map(OPTION.match, own.splitlines()) if m}
        self.changes = "what-if" in self.options
        joined = text.partition("Examples:\n")[2].partition("\n\n")[0].replace("\\\n", " ")
        lines = [line.split(" | ")[0] for line in joined.splitlines()]
        self.examples = [shlex.split(line, comments=True)[2:] for line in lines if line.strip().startswith("rms admin " + " ".join(path))]
        assert self.examples, (path, "has no example of its own")

    def __repr__(self):
        return "rms admin " + " ".join(self.path)


def verbs(lab, path=()):
    text = lab.admin(*path, "--help").out
    if "[ARGUMENT…]" not in text.splitlines()[0]:
        return [Verb(path, text)]
    found = []
    for line in text.partition("\nVerbs:\n")[2].partition("\n\n")[0].splitlines():
        found += verbs(lab, (*path, VERB.match(line).group(1)))
    return found


def in_order(table):
    """What makes things first, what takes them away last."""
    rank = {"create": 0, "add": 0, "generate": 0, **{word: 2 for word in TAKES_AWAY}}
    def key(verb):
        place = rank.get(verb.path[-1], 1)
        return verb.path != ("tenant", "create"), place, -len(verb.path) if place == 2 else 0
    return sorted(table, key=key)


class Stage:
    def __init__(self, lab):
        self.lab, self.content = lab, None

    def state(self):
        """All tables but the logs, as they are on disk."""
        base = sqlite3.connect(f"file:{self.lab.data}/db/openrms.db?mode=ro", uri=True, timeout=60)
        try:
            base.execute("BEGIN")
            names = [n for (n,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'") if n not in LOGS]
            state = {n: sorted(map(repr, base.execute(f"SELECT * FROM {n}"))) for n in names}
            for row in ("directory_source",):  # what came of reading it is the jobs' to write
                state.pop(row, None)
            state["directories"] = sorted(base.execute("SELECT id, name FROM directory_source").fetchall())
            return state
        finally:
            base.close()

    def same(self, before, what):
        after = self.state()
        assert after == before, (what, {n: set(map(str, after[n])) ^ set(map(str, before[n])) for n in after if after[n] != before[n]})

    def fill(self):
        """What the examples speak of, beyond what they make themselves."""
        lab = self.lab
        for name in ("root", "alice", "recover"):
            lab.add_user(name)
        for name in ("sec-it", "board@contoso.test", "recovery@contoso.test", "marketing-eu@contoso.test"):
            lab.admin("group", "add", name)
        (lab.dir / "dc1.pem").write_text(lab.ca.read_text())
        alice = lab.person("alice")
        alice.login()
        alice.write("plan.txt", "the plan")
        alice.rms("protect", "plan.txt", "-o", "plan.ptxt", "--perm", "bob@contoso.test:VIEW")
        alice.rms("track", "plan.ptxt", "--register")
        (lab.dir / "plan.ptxt").write_bytes((alice.home / "plan.ptxt").read_bytes())
        self.content = alice.rms("--json", "track").json_lines[0]["ContentId"]

    def words(self, verb, example):
        """With ids of things that are there in place of those in the example."""
        def an_id(place):
            if verb.path[0] == "app":
                app = self.lab.admin("--json", "app", "list").json_lines[0]["Id"]
                return app if place == 0 else self.lab.admin("--json", "app", "show", app).json["Secrets"][0]["Id"]
            if verb.path[0] == "key":
                return [k["KeyIdentifier"] for k in self.lab.admin("--json", "key", "list").json_lines if k["Status"] == "Archived"][0]
            if verb.path[0] == "issuer":
                return self.lab.admin("--json", "issuer", "list").json_lines[0]["Id"]
            return self.content
        ids = list(dict.fromkeys(w for w in example if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", w)))
        return [an_id(ids.index(w)) if w in ids else w for w in example]

    def admin(self, words, code=0, stdin=PASSWORD + "\n", env=None):
        env = {"PATH": os.environ["PATH"], "HOME": str(self.lab.dir), "LANG": "C.UTF-8", "RMS_ADMIN_SOCKET": str(self.lab.socket), "RMS_CLOCK_FILE": str(self.lab.clock_file),
               **(env or {})}
        done = self.lab.run(("admin", *words), env=env, stdin=stdin if "--password-stdin" in words else None, cwd=self.lab.dir)
        if code is not None and done.code != code:
            raise AssertionError(f"expected exit {code}\n{done!r}")
        return done


def rehearsed(stage, verb, words):
    before = stage.state()
    done = stage.admin(["--json", *words, "--what-if"])
    for shown in done.json_lines:
        assert shown.get("WhatIf") is True or verb.path == ("template", "apply"), done
    assert done.json_lines and PASSWORD not in done.out, done
    stage.same(before, (verb, "--what-if"))
    told = stage.admin([*words, "--what-if"])
    assert "Nothing was changed" in told.out or verb.path == ("template", "apply"), told
    stage.same(before, (verb, "--what-if"))


def asks(stage, verb, words):
    """S-329: without a terminal and without --force nothing happens."""
    if verb.path[-1] not in ("remove", "revoke", "erase", "trim", "disable", "breach", "consume-only") or verb.path in (("superuser", "remove"), ("superuser", "feature", "disable"),
                                                                                                                        ("group", "member", "remove"), ("key", "remove")):
        return
    before = stage.state()
    done = stage.admin([w for w in words if w not in ("--force", "--yes")], code=2)
    assert "--force" in done.err or "--yes" in done.err, done
    stage.same(before, (verb, "without --force"))


def run_example(stage, verb, example):
    """Tried, asked about, and done. How many were tried."""
    if verb.path in NOT_HERE:
        return 0
    words = stage.words(verb, example)
    if verb.path == ("template", "apply"):  # the import has made another version
        stage.admin(["template", "export", "Board only", "--policy-file", "-o", "board.json", "--force"])
    forced = words + ["--force"] * (verb.changes and "force" in verb.options and "--force" not in words)
    if verb.changes:
        rehearsed(stage, verb, forced)
        asks(stage, verb, words)
    done = stage.admin(forced, code=REFUSED.get(verb.path, 0))
    if "--json" in words:
        assert done.json_lines or not done.out, done
    return int(verb.changes)


# proves: S-329
def every_example_works_and_can_be_tried():
    with Lab(people=(), start=False) as lab:
        lab.start()
        stage = Stage(lab)
        table = [v for v in in_order(verbs(lab)) if v.path not in SESSION]
        assert len(table) > 80, len(table)
        tried = 0
        failures = []
        for verb in table:
            for example in verb.examples:
                try:
                    tried += run_example(stage, verb, example)
                except AssertionError as failure:
                    failures.append(f"{verb}: {failure}")
            if verb.path == ("tenant", "create"):
                stage.fill()
        assert not failures, "\n".join(failures)
        print(f"     {len(table)} verbs, {tried} changes tried", flush=True)


if __name__ == "__main__":
    main(every_example_works_and_can_be_tried)
