"""The usage log proves itself: whatever somebody does to its rows in the database, `rms admin log verify` fails at that row."""
import contextlib
import csv
import datetime
import io
import json
import re
import sqlite3
import time

from rmslab import Lab, main

OWN = ("seq",)  # the table's own number: it says nothing about the row


@contextlib.contextmanager
def database(lab):
    with contextlib.closing(sqlite3.connect(lab.data / "db/openrms.db", timeout=30)) as db:
        yield db
        db.commit()


def ask(lab, *args, code=0):
    return lab.admin("log", "verify", "--json", *args, code=code).json


def fill(lab):
    """Some rows: protected, opened, refused."""
    alice, bob, mallory = (lab.person(n) for n in ("alice", "bob", "mallory"))
    path = alice.write("plan.txt", "text")
    alice.rms("protect", path, "--perm", "bob@contoso.test:Co-Owner", "--in-place")
    for person, code in ((bob, 0), (mallory, 1)):
        copy = person.home / "plan.ptxt"
        copy.write_bytes((alice.home / "plan.ptxt").read_bytes())
        person.rms("cat", copy, code=code)


def every_cell_and_every_row():
    # touches: B-11
    with Lab() as lab:
        fill(lab)
        good = ask(lab)
        rows = good["Rows"]
        assert good["Intact"] and good["Finding"] == "intact" and rows >= 5, good
        assert "AdoptedRows" not in good and good["ErasedRows"] == 0, good
        assert int(good["End"].split(":")[0]) == rows and len(good["KeyFingerprint"]) == 64, good
        with database(lab) as db:
            columns = [r[1] for r in db.execute("PRAGMA table_info(usage_log)") if r[1] not in OWN]
            assert len(columns) == 24, columns
            db.execute("CREATE TABLE kept AS SELECT * FROM usage_log")
        for column in columns:
            with database(lab) as db:
                types = {r[1]: r[2] for r in db.execute("PRAGMA table_info(usage_log)")}
                value = {"TEXT": "'other'", "INTEGER": "99", "BLOB": "x'00'"}[types[column]]
                assert db.execute(f"UPDATE usage_log SET {column} = {value} WHERE chain_seq = 3").rowcount >= 1
            bad = ask(lab, code=1)
            assert not bad["Intact"] and bad["Row"] == 3, (column, bad)
            assert bad["Finding"] == ("deleted" if column in ("tenant_id", "chain_seq") else "edited"), (column, bad)
            put_back(lab)
        for row in range(1, rows + 1):
            with database(lab) as db:
                db.execute("DELETE FROM usage_log WHERE tenant_id IS NOT NULL AND chain_seq = ?", (row,))
            bad = ask(lab, code=1)
            assert bad["Row"] == row and bad["Finding"] == ("truncated" if row == rows else "deleted"), bad
            put_back(lab)
        assert ask(lab)["Rows"] == rows
        text = lab.admin("log", "verify").out
        assert "Intact" in text, text
        lab.admin("log", "verify", "--expect", "17", code=2)
        lab.admin("log", "verify", "--tenant", "fabrikam.test", code=4)


def put_back(lab):
    with database(lab) as db:
        db.execute("DELETE FROM usage_log")
        db.execute("INSERT INTO usage_log SELECT * FROM kept")


def the_service_does_not_sign_what_it_did_not_write():
    """Somebody shortens the log, signature and all, while the service runs, or while it does not."""
    # touches: B-11
    with Lab() as lab:
        fill(lab)
        noted = ask(lab)["End"]
        with database(lab) as db:
            db.execute("CREATE TABLE kept AS SELECT * FROM usage_log")
            db.execute("CREATE TABLE heads AS SELECT * FROM log_statement WHERE kind = 'head'")
        lab.person("bob").rest("GET", "/my/v2/servicediscovery")
        last = ask(lab, "--expect", noted)
        end = int(last["End"].split(":")[0])
        assert end > int(noted.split(":")[0])
        with database(lab) as db:
            db.execute("DELETE FROM usage_log")
            db.execute("INSERT INTO usage_log SELECT * FROM kept")
            db.execute("DELETE FROM log_statement WHERE kind = 'head'")
            db.execute("INSERT INTO log_statement SELECT * FROM heads")
        assert ask(lab)["Intact"], "an old state, whole: the database alone cannot tell"
        bad = ask(lab, "--expect", last["End"], code=1)
        assert bad["Finding"] == "truncated", bad
        lab.person("bob").rest("GET", "/my/v2/servicediscovery")
        bad = ask(lab, code=1)
        assert bad["Finding"] == "deleted" and bad["Row"] == int(noted.split(":")[0]) + 1, "the running service knew better"
        assert "usage.chain.broken" in lab.log_text()


def a_key_of_ones_own_signs_nothing():
    # touches: B-11
    with Lab() as lab:
        fill(lab)
        with database(lab) as db:
            db.execute("UPDATE log_key SET public_key = zeroblob(64)")
        bad = ask(lab, code=1)
        assert bad["Finding"] == "unsigned", bad


def rows_from_before_are_taken_over_and_said_so():
    # touches: B-11
    with Lab() as lab:
        fill(lab)
        lab.stop()
        with database(lab) as db:  # as migration 0003 leaves it
            rows = db.execute("SELECT count(*) FROM usage_log WHERE tenant_id IS NOT NULL").fetchone()[0]
            db.execute("UPDATE usage_log SET chain_seq = NULL, hash = NULL, opening = NULL")
            db.execute("DELETE FROM log_statement")
            db.execute("DELETE FROM log_key")
        lab.start()
        first = ask(lab)
        assert first["Intact"] and first["AdoptedRows"] == rows, first
        lab.person("bob").rest("GET", "/my/v2/servicediscovery")
        later = ask(lab)
        assert later["Rows"] > rows and later["AdoptedTime"] == first["AdoptedTime"], later
        lab.stop()
        lab.start()
        assert ask(lab)["Intact"], "and over a restart"


def rows_are_chosen_and_converted(lab, rows):
    def chosen(*where, form="jsonl", verb=("usage",), code=0):
        return lab.admin("log", *verb, *(word for w in where for word in ("--where", w)), "--format", form, code=code)

    source = [json.loads(line) for line in lab.admin("log", "usage", "--json").out.splitlines()]
    assert len(source) >= len(rows)
    # as grep finds them in the source, by each field
    wanted = [r for r in source if r["user-id"] == "bob@contoso.test" and r["result"] != "Success"]
    assert chosen("user-id=bob@contoso.test", "result!=Success").json_lines == wanted
    wanted = [r for r in source if r["user-id"] == "mallory@contoso.test" and r["result"] != "Success"]
    assert wanted and chosen("user-id=mallory@contoso.test", "result!=Success").json_lines == wanted
    assert chosen("user-id=mallory@contoso.test", "result!=Success", verb=("export", "--from", "2020-01-01")).json_lines == wanted
    last = source[-1]
    newest = lab.admin("log", "usage", "--json", "--where", "row-id!=" + last["row-id"], "--limit", 1).json_lines
    assert newest == source[-2:-1], "the newest of those"
    for field, value in last.items():
        word = json.dumps(value) if not isinstance(value, str) else value
        assert chosen(f"{field}={word}").json_lines == [r for r in source if r[field] == value], field
        assert chosen(f"{field}!={word}").json_lines == [r for r in source if r[field] != value], field
    for bad in ("nonsense=1", "=1", "user-id", "user-id>1", "!=1", "user=bob"):
        chosen(bad, code=2)
    chosen("result=Success", form="w3c", code=2)
    chosen(form="xml", code=2)
    # converted: the same rows, all fields
    table = list(csv.DictReader(io.StringIO(chosen(form="csv").out, newline="")))
    assert len(table) == len(source) and list(table[0]) == list(last)
    for got, row in zip(table, source):
        plain = {k: str(v) for k, v in row.items()}
        assert {k: v.removeprefix("'") for k, v in got.items()} == plain, (got, row)
    lines = chosen(form="syslog").out.splitlines()
    message = re.compile(r'<(1\d\d)>1 (\S{20}) - rmsd - (\S{1,32}) \[openrms@32473((?: [a-z-]{1,32}="(?:[^"\\\]]|\\["\\\]])*")+)\]')
    assert len(lines) == len(source)
    for line, row in zip(lines, source):
        parts = message.fullmatch(line)
        assert parts and parts[2] == row["time"] and parts[3] == row["request-type"] and parts[1] == ("110" if row["result"] == "Success" else "109"), line
        found = dict(re.findall(r' ([a-z-]+)="((?:[^"\\\]]|\\.)*)"', parts[4]))
        plain = {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in row.items()}
        assert {k: re.sub(r"\\(.)", r"\1", v) for k, v in found.items()} == plain, (line, row)


def a_person_is_erased_and_old_rows_are_cut():
    # proves: S-196
    # touches: S-200, S-324
    with Lab() as lab:
        fill(lab)
        rows = lab.usage()
        bobs = [r for r in rows if r["user-id"] == "bob@contoso.test"]
        content = next(r["content-id"] for r in bobs if r["content-id"]).strip("{}")
        lines = lab.admin("log", "usage", "--json", "--user", "bob@contoso.test").json_lines
        assert len(lines) == len(bobs) and all(r["user-id"] == "bob@contoso.test" for r in lines), lines
        lines = lab.admin("log", "usage", "--json", "--content", content).json_lines
        assert {r["user-id"] for r in lines} >= {"bob@contoso.test", "mallory@contoso.test"}, lines
        lab.admin("log", "usage", "--content", "x", code=2)

        first = rows[0]["time"][:10]
        text = lab.admin("log", "export", "--from", "2020-01-01").out
        assert text.count("#Software: RMS") == 1 and len(text.splitlines()) == 3 + len(rows), text
        lines = lab.admin("log", "export", "--from", first, "--format", "jsonl").json_lines
        assert [r["row-id"] for r in lines] == [r["row-id"] for r in rows][-len(lines):]
        lab.admin("log", "export", code=2)
        rows_are_chosen_and_converted(lab, rows)

        about = lab.admin("log", "usage", "--json", "--about", "bob@contoso.test").json_lines
        lab.admin("log", "erase", "bob@contoso.test", code=2)  # nobody there to say yes
        assert lab.admin("log", "erase", "bob@contoso.test", "--force", "--json").json["Rows"] == len(about) > 0
        assert lab.admin("log", "usage", "--json", "--about", "bob@contoso.test").json_lines == []
        assert "bob@" not in lab.admin("log", "usage").out
        assert "bob@" not in lab.admin("log", "admin").out.split("EraseUserLogPerson")[1].splitlines()[0]
        after = ask(lab)
        assert after["Intact"] and after["ErasedRows"] == len(about), after
        with database(lab) as db:
            db.execute("DELETE FROM log_statement WHERE kind = 'erased'")
        assert ask(lab, code=1)["Finding"] == "effaced"

        lab.admin("log", "trim", "--before", "2020-01-01", "--force")
        lab.admin("log", "trim", "--before", "2999-01-01", "--force", code=2)
    with Lab() as lab:
        fill(lab)
        count = ask(lab)["Rows"]
        lab.move_clock(days=100)
        day = lab.usage()[0]["time"][:10]
        lab.admin("log", "trim", "--before", day, "--force")
        assert ask(lab)["Rows"] == count
        lab.move_clock(days=10)
        with database(lab) as db:
            newest = db.execute("SELECT max(time) FROM usage_log").fetchone()[0]
        before = datetime.datetime.fromtimestamp(newest + 60, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        lab.admin("log", "trim", "--before", before, "--force")
        after = ask(lab)
        assert after["Intact"] and after["FirstRow"] == count + 1 and after["Rows"] == 0 and after["CutTime"], after


def admin_rows(lab, command):
    return [r for r in lab.admin("log", "admin", "--json").json_lines if r["command"].split()[0] == command and r["status"] == "Passed"]


def until(holds, what, seconds=120):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.5)


def what_is_older_than_it_is_kept_goes():
    # proves: S-172, S-200, S-324
    with Lab(people=("alice", "bob", "mallory", "root")) as lab:
        alice, bob, root = (lab.person(n) for n in ("alice", "bob", "root"))
        fill(lab)
        content = alice.rms("--json", "status", alice.home / "plan.ptxt").json["ContentId"]
        alice.rms("revoke", content, "--yes")
        assert len(alice.rms("--json", "track", content).json["Events"]) == 2
        lab.admin("role", "add", "root@contoso.test")

        kept = {"UsageLogDays": 365, "AdminLogDays": 1095, "AccessDays": 365}
        assert lab.admin("--json", "log", "retention", "show").json == kept
        tenant = lab.admin("--json", "tenant", "show").json["TenantId"]
        for option, member, days in (("--usage-log", "UsageLogDays", 30), ("--admin-log", "AdminLogDays", 89), ("--access", "AccessDays", 0)):
            lab.admin("log", "retention", "set", option, str(days), "--force", code=2)
            for value in (days, -1, 36501, "365", None if days == 0 else 2.5):
                if value is not None:
                    status, reply = lab.admin_http("POST", f"/tenants/{tenant}/retention", {member: value})
                    assert (status, reply["Reason"]) == (400, "bad-argument"), (member, value, reply)
        lab.admin("log", "retention", "set", "--force", code=2)
        lab.admin("log", "retention", "set", "--access", "10", code=2)  # nobody there to say yes
        assert lab.admin("--json", "log", "retention", "show").json == kept

        # up to a date, by order: of either log, not of the last 90 days, and not by a tenant's administrator
        before = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        for log in ((), ("--admin",)):
            lab.admin("log", "trim", *log, "--before", before, "--force", code=2)
        lab.move_clock(days=100)
        for person in (alice, bob, root):
            person.login()
        root.rms("admin", "login")
        for verb in (("log", "trim", "--before", before), ("log", "trim", "--admin", "--before", before), ("log", "retention", "set", "--admin-log", "90")):
            assert root.rms("admin", *verb, "--force", code=4).err
        assert root.rms("--json", "admin", "log", "retention", "show").json == kept
        root.rms("admin", "logout")
        lab.admin("log", "trim", "--before", before, code=2)  # nobody there to say yes
        lab.admin("log", "trim", "--before", before, "--force", "--what-if")
        old = [r for r in lab.usage() if r["time"] < before]
        young = [r for r in lab.usage() if r["time"] >= before]
        assert old and young
        admin_old = len([r for r in lab.admin("log", "admin", "--json").json_lines if r["time"] < before])
        assert lab.admin("--json", "log", "trim", "--before", before, "--force").json["Rows"] == len(old)
        assert [r["row-id"] for r in lab.usage()][:len(young)] == [r["row-id"] for r in young]
        assert lab.admin("log", "export", "--from", "2020-01-01", "--to", before, "--format", "jsonl").json_lines == []
        done = [r for r in admin_rows(lab, "TrimUserLog") if "-what-if" not in r["command"]]
        assert len(done) == 1 and done[0]["actor"] == "operator" and f"{len(old)} rows" in done[0]["result"] and before in done[0]["command"], done
        assert ask(lab)["FirstRow"] == len(old) + 1 and ask(lab)["Intact"]
        removed = lab.admin("--json", "log", "trim", "--admin", "--before", before, "--force").json["Rows"]
        assert removed == admin_old, (removed, admin_old)
        assert lab.admin("log", "admin", "--json", "--to", before).json_lines == []
        done = admin_rows(lab, "TrimUserLog")[-1]
        assert "-Admin true" in done["command"] and f"{admin_old} rows" in done["result"], done
        after = ask(lab, "--admin")
        assert after["Intact"] and after["FirstRow"] == removed + 1 and after["CutTime"], after
        assert alice.rms("--json", "track", content).json["Events"] == []
        bob.rms("cat", alice.home / "plan.ptxt", code=1)
        assert len(alice.rms("--json", "track", content).json["Events"]) == 1

        # what tracking shows can end sooner than the log
        lab.move_clock(days=3)
        alice.login()
        lab.admin("log", "retention", "set", "--access", "2", "--force")
        seen = alice.rms("--json", "track", content).json
        assert seen["Events"] == [] and seen["Revoked"], seen
        lab.admin("log", "retention", "set", "--access", "365", "--force")
        assert len(alice.rms("--json", "track", content).json["Events"]) == 1

        # by itself: the years go by
        noted = lab.usage()
        lab.move_clock(days=366)
        until(lambda: not {r["row-id"] for r in noted} & {r["row-id"] for r in lab.usage()}, "old rows stay")
        alice.login()
        bob.login()
        seen = alice.rms("--json", "track", content).json
        assert seen["Events"] == [] and seen["Revoked"], seen
        assert "revoked" in bob.rms("cat", alice.home / "plan.ptxt", code=1).err
        until(lambda: len(admin_rows(lab, "RemoveOldRows")) == 1, "nobody says so")
        row = admin_rows(lab, "RemoveOldRows")[0]
        assert row["actor"] == "schedule" and row["command"].startswith("RemoveOldRows -Log usage -Days 365 -Before ") and "rows" in row["result"], row
        assert ask(lab)["Intact"] and ask(lab, "--admin")["Intact"]
        first = ask(lab, "--admin")["FirstRow"]
        assert first == removed + 1  # three years are kept of this one
        lab.admin("log", "retention", "set", "--admin-log", "90", "--force")
        lab.move_clock(days=91)
        until(lambda: ask(lab, "--admin")["FirstRow"] > first, "old rows stay")
        until(lambda: [r for r in admin_rows(lab, "RemoveOldRows") if "-Log admin -Days 90" in r["command"]], "nobody says so")
        assert ask(lab, "--admin")["Intact"] 

        # a person: said twice, counts but no name in the log
        alice.login()
        bob.login()
        bob.rms("cat", alice.home / "plan.ptxt", code=1)
        assert alice.rms("--json", "track", content).json["Events"]
        lab.admin("privacy", "delete", "bob@contoso.test", "--force", code=2)
        gone = lab.admin("--json", "privacy", "delete", "bob@contoso.test", "--confirm", "bob@contoso.test", "--force").json
        assert gone["UsageRows"] >= 1, gone
        stored = lab.admin("privacy", "export", "bob@contoso.test").json
        assert stored["UsageLog"] == [] and stored["Documents"] == [], stored
        assert all("bob" not in e["RequesterEmail"] for e in alice.rms("--json", "track", content).json["Events"])
        row = admin_rows(lab, "RemovePersonalData")[0]
        assert row["actor"] == "operator" and "bob" not in str(row) and f"{gone['UsageRows']} usage rows" in row["result"], row
        assert admin_rows(lab, "GetPersonalData") and "bob" not in str(admin_rows(lab, "GetPersonalData")[0])
        assert ask(lab)["Intact"] and ask(lab, "--admin")["Intact"]


def the_admin_log_too():
    # touches: B-11, S-194
    with Lab(people=("alice",)) as lab:
        for number in range(4):
            lab.admin("group", "add", f"g{number}")
        good = ask(lab, "--admin")
        assert good["Intact"] and good["Rows"] >= 5 and good["End"].split(":")[0] == str(good["Rows"]), good
        end = good["End"]
        with database(lab) as db:
            columns = {r[1]: r[2] for r in db.execute("PRAGMA table_info(admin_log)") if r[1] not in OWN}
            assert set(columns) == {"tenant_id", "time", "actor", "command", "passed", "result", "correlation_id", "chain_seq", "hash"}, columns
            db.execute("CREATE TABLE kept_admin AS SELECT * FROM admin_log WHERE chain_seq IS NOT NULL")

        def back():
            with database(lab) as db:
                db.execute("DELETE FROM admin_log WHERE seq <= (SELECT MAX(seq) FROM kept_admin)")
                db.execute("INSERT INTO admin_log SELECT * FROM kept_admin")

        for column, kind in columns.items():
            with database(lab) as db:
                value = {"TEXT": "'other'", "INTEGER": "99", "BLOB": "x'00'"}[kind]
                assert db.execute(f"UPDATE admin_log SET {column} = {value} WHERE tenant_id IS NOT NULL AND chain_seq = 3").rowcount == 1
            bad = ask(lab, "--admin", code=1)
            assert bad["Row"] == 3 and bad["Finding"] == ("deleted" if column in ("tenant_id", "chain_seq") else "edited"), (column, bad)
            back()
        for row in range(1, good["Rows"] + 1):
            with database(lab) as db:
                assert db.execute("DELETE FROM admin_log WHERE tenant_id IS NOT NULL AND chain_seq = ?", (row,)).rowcount == 1
            bad = ask(lab, "--admin", code=1)
            assert bad["Row"] == row and bad["Finding"] == "deleted", (row, bad)
            back()
        assert ask(lab, "--admin", "--expect", end)["Intact"]
        # the newest rows cut off with a head of one's own: not signed by the service, and the gap stays for ever
        with database(lab) as db:
            db.execute("DELETE FROM admin_log WHERE tenant_id IS NOT NULL AND chain_seq > 4")
            db.execute("UPDATE log_statement SET seq = 4, hash = (SELECT hash FROM admin_log WHERE tenant_id IS NOT NULL AND chain_seq = 4)"
                       " WHERE kind = 'head' AND tenant NOT IN (SELECT id FROM tenant) AND tenant <> '-' AND seq > 4")
        assert ask(lab, "--admin", code=1)["Finding"] == "unsigned"
        assert ask(lab, "--admin", code=1)["Finding"] == "deleted"
        assert ask(lab)["Intact"]  # the usage log is another chain


if __name__ == "__main__":
    main(every_cell_and_every_row, the_service_does_not_sign_what_it_did_not_write, a_key_of_ones_own_signs_nothing,
         rows_from_before_are_taken_over_and_said_so, a_person_is_erased_and_old_rows_are_cut, what_is_older_than_it_is_kept_goes,
         the_admin_log_too)
