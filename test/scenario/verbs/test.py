"""Every verb of `rms admin`, and those of people, taken from their own table (`--help`), so that a new one is tested from the day it is there: its examples
work; --what-if tries them and changes nothing; bad input of every kind is refused with nothing changed."""
import concurrent.futures
import os
import re
import shlex
import shutil
import sqlite3
import tarfile
import uuid

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from rmslab import PASSWORD, SOURCE, Lab, main

VERB = re.compile(r"^  ([a-z-]+) +\S")
OPTION = re.compile(r"^  (?:-(\w), |    )--([a-z0-9-]+)(?: (\S+))?(?:  +(.*))?$")
# What the service writes by itself, or about the calls: not the state that a call changes.
LOGS = {"usage_log", "admin_log", "log_statement", "log_key", "stream_cursor", "notify_cursor", "admin_session", "refresh_token", "sqlite_sequence"}
TAKES_AWAY = ("archive", "remove", "revoke", "restore", "clear", "convert", "breach", "erase", "trim", "disable", "consume-only")
# Verbs whose examples need more than this laboratory has. Each with its reason.
NOT_HERE = {("key", "add"): "needs a token: scenario hsm", ("key", "convert"): "needs a token: scenario hsm", ("key", "use"): "as add",
            ("directory", "test"): "needs a directory: scenario ldap", ("directory", "refresh"): "needs a directory: scenario ldap"}
NOT_HERE |= {("owner", "transfer"): "the other examples need alice's documents: scenario owner"}
NOT_HERE |= {("tud", word): "needs a partner's certificate: scenario federation" for word in ("import", "remove")}
NOT_HERE |= {("recovery", word): "needs two administrators: scenario owner" for word in ("request", "approve", "deny", "end")}
NOT_HERE |= {("tpd", word): "needs two administrators and a recipient: scenario leaving" for word in ("approve", "deny", "end")}
REFUSED = {("app", "secret", "show"): 4}  # there to say why not
SESSION = {("login",), ("logout",)}  # the sessions of people, below


class Verb:
    def __init__(self, path, text, program="rms admin "):
        self.path, self.text, self.program = path, text, program
        usage = text.splitlines()[0]
        self.operands = usage.split("[OPTION…]", 1)[1].split()
        own = text.partition("\nOptions:")[2].partition("\nOptions of every verb:")[0]
        self.options = {m.group(2): m.group(3) for m in map(OPTION.match, own.splitlines()) if m}
        self.changes = "what-if" in self.options
        joined = text.partition("Examples:\n")[2].partition("\n\n")[0].replace("\\\n", " ")
        lines = [line.split(" | ")[0] for line in joined.splitlines()]
        self.examples = [shlex.split(line, comments=True)[len(program.split()):] for line in lines if line.strip().startswith(program + " ".join(path))]
        if program == "rms ":
            return
        assert self.examples, (path, "has no example of its own")

    def __repr__(self):
        return self.program + " ".join(self.path)


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
        recipient = rsa.generate_private_key(65537, 2048).public_key()
        (lab.dir / "recipient.pem.pub").write_bytes(recipient.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
        for name in ("root", "alice", "recover"):
            lab.add_user(name)
        for name in ("sec-it", "board@contoso.test", "recovery@contoso.test", "marketing-eu@contoso.test"):
            lab.admin("group", "add", name)
        (lab.dir / "dc1.pem").write_text(lab.ca.read_text())
        (lab.dir / "old-logs").mkdir()
        alice = lab.person("alice")
        alice.login()
        alice.write("plan.txt", "the plan")
        alice.rms("protect", "plan.txt", "-o", "plan.ptxt", "--perm", "bob@contoso.test:VIEW")
        self.people(alice)
        alice.rms("track", "plan.ptxt", "--register")
        (lab.dir / "plan.ptxt").write_bytes((alice.home / "plan.ptxt").read_bytes())
        self.content = alice.rms("--json", "track").json_lines[0]["ContentId"]

    def people(self, alice):
        """What people change can be tried too, by whom it is to be."""
        recover = self.lab.person("recover")
        recover.login()
        before = self.state()
        for words in (("revoke", "plan.ptxt"), ("track", "plan.ptxt", "--register", "--name", "other"), ("track", "plan.ptxt", "--notify", "opened")):
            assert "Nothing was changed" in alice.rms(*words, "--what-if").out
            assert alice.rms("--json", *words, "--what-if").json
            recover.rms(*words, "--what-if", cwd=alice.home, code=3)
        assert alice.rms("--json", "revoke", "plan.ptxt", "--what-if").json["Revoked"] is True
        alice.rms("revoke", "plan.ptxt", "--undo", "--what-if", code=5)
        self.same(before, "what people tried")
        # what hands out a licence is never only tried: it would be handed out, and not logged as such
        status, _, reply = alice.rest("POST", "/my/v2/publishinglicenses?what-if=true", {})
        assert status == 400 and reply["Reason"] == "bad-argument" and "what-if" in reply["Message"], reply
        assert alice.rest("POST", f"/my/v2/documents/{uuid.uuid4()}/revoke?what-if=yes", {})[0] == 400

    def of(self):
        return ("--tenant", "contoso.test")

    def words(self, verb, example):
        """With ids of things that are there in place of those in the example."""
        def an_id(place):
            if verb.path[0] == "app":
                app = self.lab.admin("--json", "app", "list", *self.of()).json_lines[0]["Id"]
                return app if place == 0 else self.lab.admin("--json", "app", "show", app, *self.of()).json["Secrets"][0]["Id"]
            if verb.path[0] == "key":
                return [k["KeyIdentifier"] for k in self.lab.admin("--json", "key", "list", *self.of()).json_lines if k["Status"] == "Archived"][0]
            if verb.path[0] == "issuer":
                issuers = self.lab.admin("--json", "issuer", "list", *self.of()).json_lines
                return [i["Id"] for i in issuers if "login.contoso.test" in str(i)][0]
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
    if verb.path[-1] not in ("remove", "revoke", "erase", "trim", "disable", "breach", "consume-only") or verb.path in (("superuser", "remove"), ("superuser", "feature", "disable"), ("exclusion", "remove"),
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


def every_example(stage, table):
    tried, failures = 0, []
    for verb in table:
        for example in verb.examples:
            try:
                tried += run_example(stage, verb, example)
            except AssertionError as failure:
                failures.append(f"{verb}: {failure}")
        if verb.path == ("tenant", "create"):
            stage.fill()
    assert not failures, "\n".join(failures)
    return tried


# --- bad input (0.3) ------------------------------------------------------------------------------------------------------------------------

HOSTILE = "\x1b[31mred\x07\n<script>alert(1)</script>'; DROP TABLE tenant; --"
LONG = "x" * 100_000
FILES = ("FILE", "DIR")
ALWAYS = ("socket", "tenant")


def tried(verb, words):
    """The same, changing nothing, and for the first organisation though there is another."""
    return [*words, *(["--what-if"] if verb.changes else []), *(["--tenant", "contoso.test"] if "tenant" in verb.options and "--tenant" not in words else [])]


def with_value(words, name, value):
    if f"--{name}" in words:
        at = words.index(f"--{name}")
        return [*words[:at], f"--{name}={value}", *words[at + 2:]]
    return [*words, f"--{name}={value}"]


def lines_with(stage, verb, value, wanted):
    """One line for each operand and option whose place in --help `wanted` accepts."""
    words = stage.words(verb, verb.examples[0])
    if verb.operands and wanted(verb.operands[0].strip("[]")):
        yield tried(verb, [*words[:len(verb.path)], value, *words[len(verb.path) + 1:]])
    for name, argument in verb.options.items():
        if argument is not None and argument != "N" and name not in ALWAYS and wanted(argument):
            yield tried(verb, with_value(words, name, value))


def each(stage, lines, check):
    """All of them, some at a time, and then a look at the state."""
    before = stage.state()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(check, lines))
    stage.same(before, "bad input")
    return len(lines)


def hostile(stage, table):
    """Control characters, markup, SQL and far too much text: refused, or shown as text."""
    def check(words):
        done = stage.admin(words, code=None)
        assert done.code in (0, 2, 3, 4, 5), done
        assert "\x1b" not in done.out + done.err and "\x07" not in done.out + done.err and "(internal)" not in done.err, done
        assert len(done.err) < 300_000, (words[:4], len(done.err))
    return each(stage, [line for verb in table for value in (HOSTILE, LONG) for line in lines_with(stage, verb, value, lambda a: a not in FILES)], check)


def files(stage, table):
    """What is not there, and what is no file."""
    folder = stage.lab.dir / "a folder"
    folder.mkdir(exist_ok=True)

    def check(words):
        done = stage.admin(words, code=None)
        assert 1 <= done.code <= 5 and "(internal)" not in done.err and done.err, done
    reads = [v for v in table if v.path[-1] not in ("export", "usage")]  # those write
    return each(stage, [line for verb in reads for value in (folder, folder / "missing") for line in lines_with(stage, verb, str(value), lambda a: a == "FILE")], check)


def others(stage, table):
    """An object of another organisation is like one that does not exist: same status, same words."""
    template = stage.lab.admin("--json", "template", "list", "--tenant", "other.test").json_lines[0]["TemplateId"]
    foreign = {"USER": "fay@other.test", "WHO": "fay@other.test", "GROUP": "g@other.test", "TEMPLATE": template,
               "KEY": stage.lab.admin("--json", "key", "list", "--tenant", "other.test").json_lines[0]["KeyIdentifier"]}

    def answer(verb, name):
        words = stage.words(verb, verb.examples[0])
        done = stage.admin(tried(verb, [*words[:len(verb.path)], name, *words[len(verb.path) + 1:]]), code=None)
        return done.code, re.sub(r"correlation id: \S+", "", done.err).replace(name, "NAME"), done.out.replace(name, "NAME")

    def check(verb):
        theirs = foreign.get(verb.operands[0], str(uuid.uuid4()))
        unknown = theirs.replace("fay", "nob").replace("g@", "h@") if "@" in theirs else str(uuid.uuid4())
        got = [answer(verb, theirs), answer(verb, unknown)]
        assert got[0] == got[1] and got[0][0] in (2, 4, 5), (verb, got)
    named = [v for v in table if v.operands and v.operands[0] in ("USER", "WHO", "GROUP", "TEMPLATE", "KEY", "ID", "APP", "CONTENT-ID")]
    return each(stage, [v for v in named if v.path not in (("client", "add"),)], check)


def without_role(stage, table):
    """Whoever may read reports does nothing else, whatever the verb; and who is not signed in does nothing at all."""
    lab = stage.lab
    lab.add_user("aud@contoso.test", "--tenant", "contoso.test")
    lab.admin("role", "add", "aud@contoso.test", "--role", "Reader", "--tenant", "contoso.test")
    aud, nobody = lab.person("aud@contoso.test"), lab.person("nobody@contoso.test")
    aud.login()
    nobody.rms("admin", "login", code=3)
    aud.rms("admin", "login")

    def check(verb):
        words = [w for w in tried(verb, stage.words(verb, verb.examples[0])) if w != "--password-stdin"]
        done = aud.rms("admin", *words, code=None, cwd=lab.dir)
        if verb.path[0] in ("report", "log") and not verb.changes:
            assert done.code == 0, done
        else:
            assert done.code == 3 and "(role-required)" in done.err or done.code == 4 and verb.path[0] in ONLY_OPERATOR, done
    return each(stage, table, check)


def old_names(stage, table):
    """The names of the cmdlets, under both of their modules, lead to verbs that are there; both give the same."""
    rows = [line.split("\t") for line in (SOURCE / "packaging/powershell/aliases.tsv").read_text().splitlines() if line and not line.startswith("#")]
    paths = {v.path for v in table} | SESSION
    assert len(rows) > 50 and all(len(r) == 2 and tuple(r[1].split()) in paths for r in rows), [r for r in rows if tuple(r[-1].split()) not in paths]
    names = [name for name, _ in rows]
    assert len(set(names)) == len(names) and all(re.fullmatch(r"[A-Z][a-z]+-Aadrm[A-Za-z0-9]*", n) for n in names)
    return len(rows)


ONLY_OPERATOR = ("tenant", "domain", "issuer", "tud", "client", "directory", "db", "health", "log")


# proves: S-329
# touches: S-331
def verbs_of_administration():
    with Lab(people=(), start=False) as lab:
        lab.start()
        stage = Stage(lab)
        table = [v for v in in_order(verbs(lab)) if v.path not in SESSION]
        assert len(table) > 80, len(table)
        print(f"     {len(table)} verbs, {every_example(stage, table)} changes tried", flush=True)
        lab.admin("service", "enable")
        lab.admin("api", "rest", "enable")
        lab.admin("platform", "enable", "--all")
        lab.admin("tenant", "create", "--name", "Other", "--domain", "other.test")
        lab.admin("user", "add", "fay@other.test", "--tenant", "other.test")
        lab.admin("group", "add", "g@other.test", "--tenant", "other.test")
        lab.admin("issuer", "add", "https://login.contoso.test/", "--tenant", "contoso.test")
        lab.admin("app", "add", "Indexer", "--tenant", "contoso.test")
        lab.admin("key", "generate", "--tenant", "contoso.test")
        for check in (old_names, hostile, files, others, without_role):
            print(f"     {check.__name__}: {check(stage, table)} lines", flush=True)


# --- the verbs of people ----------------------------------------------------------------------------------------------------------------------

# Examples that end in a program that is not here, or take away what the others need. Each with its reason.
ELSEWHERE = {"view": "starts a viewer: scenario terminal", "login": "scenario signin", "logout": "ends the session", "auth clear": "ends the session",
             "reset": "ends the session", "label get": "needs packages of Office: label_test.py", "label set": "label_test.py",
             "label remove": "label_test.py", "cache clean": "takes licences away",
             "license embed": "needs a document of Office by somebody else: unit.client.eul"}
NOT_RUN = ("--app", "--draft", "--delegate", "--hand-over", "--family")  # a viewer, a mail program; owner's: scenarios share, tracking, owner


def verbs_below(person, path=()):
    text = person.rms(*path, "--help").out
    if "[ARGUMENT…]" not in text.splitlines()[0]:
        return [Verb(path, text, "rms ")]
    found = []
    for line in text.partition("\nVerbs:\n")[2].partition("\n\n")[0].splitlines():
        word = VERB.match(line)
        if word and (path or word.group(1) != "admin"):
            found += verbs_below(person, (*path, word.group(1)))
    return found


def furnish(alice):
    """The files that the examples speak of, as often as wanted."""
    shutil.rmtree(alice.home / "desk", ignore_errors=True)
    desk = alice.home / "desk"
    desk.mkdir()
    for name in ("plan.txt", "board/minutes.txt", "figures.csv", "budget.txt", "archive/old.txt", "minutes.txt", "offer.txt", "chart.txt", "notes.txt"):
        (desk / name).parent.mkdir(exist_ok=True)
        (desk / name).write_text(f"This is {name}.\n")
    for made, source in (("plan.ptxt", "plan.txt"), ("figures.csv.pfile", "figures.csv"), ("archive/old.ptxt", "archive/old.txt")):
        alice.rms("protect", source, "-o", made, "--perm", "bob@contoso.test:Co-Author", cwd=desk)
    (desk / "archive/old.txt").unlink()
    with tarfile.open(desk / "leaver.tar.gz", "w:gz") as archive:
        archive.add(desk / "plan.ptxt", "plan.ptxt")
    (desk / "mail.eml").write_text("From: alice@contoso.test\nTo: bob@contoso.test\nSubject: Plan\n\nThis is mail.eml.\n")
    alice.rms("protect", "mail.eml", "--do-not-forward", "--enable-msg-file-type", "-o", "sent.eml", cwd=desk)
    return desk


def sample(words, content):
    """Of formats that are kept as text here: what an example does is the same."""
    words = [w.replace("offer.docx", "offer.txt").replace("budget.docx", "plan.ptxt").replace("minutes.docx", "minutes.txt") for w in words]
    return [content if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", w) else w for w in words]


def examples_of_people(alice, table):
    """As they stand in --help, which the manual pages repeat."""
    desk, count, failures = furnish(alice), 0, []
    alice.rms("license", "new", "--out", "board.lic", "--only-me", cwd=desk)
    alice.rms("track", "plan.ptxt", "--register", cwd=desk)
    content = alice.rms("--json", "track").json_lines[0]["ContentId"]
    late = [v for v in table if v.path[0] == "revoke"]  # what is revoked opens no more
    for verb in [v for v in table if v not in late] + late:
        for example in verb.examples:
            if " ".join(verb.path) in ELSEWHERE or any(w.split("=")[0] in NOT_RUN for w in example) or "|" in example:
                continue
            words = [w for w in sample(example, content) if not w.startswith(("<", ">"))]
            if "--out" in words and verb.path == ("license", "new"):
                (desk / "board.lic").unlink(missing_ok=True)
            if verb.path == ("revoke",) and "--undo" not in words:
                words.append("--force")  # the answer at a terminal
            if verb.path == ("unprotect",):
                for clear in ("plan.txt", "figures.csv"):
                    (desk / clear).unlink()
            done = alice.rms(*words, code=None, cwd=desk, stdin="figures.csv.pfile\0" if "--stdin0" in words else "")
            count += 1
            if done.code not in (0, 7) and not (verb.path == ("doctor",) and done.code == 1):
                failures.append(repr(done))
            if verb.path == ("unprotect",):
                desk = furnish(alice)
                alice.rms("license", "new", "--out", "board.lic", "--only-me", cwd=desk)
                alice.rms("track", "plan.ptxt", "--register", cwd=desk)
    assert not failures, "\n".join(failures)
    return count


def places(verb):
    """Operands and options that take a value: (wanted word, how a line looks with one)."""
    if verb.operands:
        yield verb.operands[0].strip("[]…"), lambda v: [*verb.path, v]
    fit = ["plan.txt" if verb.path[0] in ("protect", "share") else "plan.ptxt"] if verb.operands and not verb.operands[0].startswith("[") else []
    need = {"protect": ["--only-me"], "share": ["--to", "bob@contoso.test"], "license": ["--out", "new.lic", "--only-me"],
            "perms": ["--out", "new.lic", "--permissions", "Viewer", "--users", "bob@contoso.test"]}.get(verb.path[0], [])
    for name, argument in verb.options.items():
        if argument is not None and argument != "N":
            kept = [w for i, w in enumerate(need) if w != f"--{name}" and (i == 0 or need[i - 1] != f"--{name}")]
            yield argument, lambda v, n=name, k=kept: [*verb.path, *fit, *(k if verb.path != ("license", "show") else []), f"--{n}={v}"]


def bad_input_of_people(alice, table):
    """Control characters, markup, far too much, folders, files that are not there or not what they seem: refused or text."""
    desk = furnish(alice)
    (desk / "junk.ptxt").write_bytes(b".pfile" + bytes(range(256)) * 40)
    (desk / "cut.ptxt").write_bytes((desk / "plan.ptxt").read_bytes()[:900])
    (desk / "empty.ptxt").write_bytes(b"")
    lines = []
    for verb in table:
        if verb.path[0] in ("login", "logout", "reset", "auth", "view"):  # scenario signin; view is open
            continue
        for argument, line in places(verb):
            if argument in ("DIR", "COMMAND", "BASE"):
                continue
            writes = argument == "FILE" and line("x")[-1].startswith(("--out", "--draft"))
            wrong = ["missing/of this", "archive"] if writes else ["missing", "archive/missing", "junk.ptxt", "cut.ptxt", "empty.ptxt"] if "FILE" in argument or argument == "LOG" else []
            lines += [line(v) for v in ([] if writes else [HOSTILE, LONG]) + wrong]

    def check(words):
        done = alice.rms(*words, code=None, cwd=desk, stdin="")
        assert 0 <= done.code <= 7, done
        assert "\x1b" not in done.out + done.err and "\x07" not in done.out + done.err and "(internal)" not in done.err, ([w[:200] for w in words], done.err[:3000])
        assert len(done.err) < 300_000, (words[:3], len(done.err))

    before = {p: p.read_bytes() for p in desk.rglob("*.txt")}
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(check, lines))
    assert {p: p.read_bytes() for p in before} == before, "bad input changed a file"
    return len(lines)


# touches: C-212
def verbs_of_people():
    with Lab(people=("alice", "bob")) as lab:
        alice = lab.person("alice")
        table = verbs_below(alice)
        assert len(table) > 20 and {name for v in table for name in [" ".join(v.path)]} >= set(ELSEWHERE), sorted(" ".join(v.path) for v in table)
        for check in (examples_of_people, bad_input_of_people):
            print(f"     {check.__name__}: {check(alice, table)} lines", flush=True)


if __name__ == "__main__":
    main(verbs_of_administration, verbs_of_people)
