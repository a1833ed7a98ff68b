"""The usage log proves itself: whatever somebody does to its rows in the database, `rms admin log verify` fails at that row."""
import contextlib
import datetime
import sqlite3

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


def a_person_is_erased_and_old_rows_are_cut():
    # touches: S-196, S-200, S-324
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
         rows_from_before_are_taken_over_and_said_so, a_person_is_erased_and_old_rows_are_cut,
         the_admin_log_too)
