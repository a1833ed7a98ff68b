"""The usage log: one row for every request, with its exact fields; the admin log."""
import datetime
import os
import re
import sqlite3
import time
import uuid

from rmslab import SOURCE, Lab, b64, main, pfile_licence

FIELDS = ("date time row-id request-type user-id result correlation-id content-id owner-email issuer template-id file-name "
          "date-published c-info c-ip admin-action acting-as-user").split()


def rows_and_fields():
    # proves: S-186, S-193
    # touches: S-191
    with Lab() as lab:
        alice, bob, mallory = (lab.person(n) for n in ("alice", "bob", "mallory"))
        path = alice.write("plan.txt", "text")
        alice.rms("protect", path, "--perm", "bob@contoso.test:VIEW", "--in-place")
        licence = b64(pfile_licence(alice.home / "plan.ptxt"))
        correlation = str(uuid.uuid4())
        nasty = "AppName=evil\tname;AppVersion=1"
        status, headers, _ = bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": licence},
                                      headers={"x-ms-rms-request-id": correlation, "x-ms-rms-platform-id": nasty})
        assert status == 200 and correlation in headers["x-ms-rms-request-id"]
        _, headers, _ = mallory.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": licence},
                                     headers={"x-ms-rms-request-id": "abc"})
        made_up = headers["x-ms-rms-request-id"].strip("{}")
        uuid.UUID(made_up)
        assert bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": "AAAA"})[0] == 400
        assert bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": licence}, token=False)[0] == 401

        # The id in the message of the client and in its log finds the rows of that try, and only those.
        failed = mallory.rms("open", alice.home / "plan.ptxt", "-o", mallory.home / "x.txt", code=1)
        said = re.search(r"correlation id:? ([0-9a-f-]{36})", failed.err).group(1)
        assert said in (mallory.home / ".local/state/openrms/rms.log").read_text()

        rows = lab.usage()
        tried = [r for r in rows if said in r["correlation-id"]]
        assert len(tried) == 1 and tried[0]["user-id"] == "mallory@contoso.test" and tried[0]["result"] != "Success", tried
        good = [r for r in rows if correlation in r["correlation-id"]]
        assert len(good) == 1, good
        row = good[0]
        assert row["request-type"] == "FECreateEndUserLicenseV1" and row["user-id"] == "bob@contoso.test", row
        assert row["result"] == "Success" and row["owner-email"] == "alice@contoso.test" and row["issuer"] == "alice@contoso.test", row
        assert row["content-id"] and row["date-published"] and row["c-ip"] == "127.0.0.1", row
        denied = [r for r in rows if made_up in r["correlation-id"]]
        assert len(denied) == 1 and denied[0]["result"] != "Success", denied
        bad = [r for r in rows if r["user-id"] == "bob@contoso.test" and r["result"] not in ("Success",) and not r["content-id"]]
        assert bad, "an unreadable licence has its row too"

        text = lab.admin("log", "usage").out
        lines = text.split("\n")
        assert lines[0] == "#Software: RMS" and lines[1] == "#Version: 1.1", lines[:3]
        assert lines[2].startswith("#Fields:"), lines[2]
        named = lines[2][len("#Fields:"):].split()
        assert named[:17] == FIELDS, named
        for line in lines[3:]:
            if line:
                cells = line.split("\t")
                assert len(cells) == len(named), line
                assert cells[4].startswith("'") and cells[4].endswith("'") and cells[5].startswith("'"), line
                uuid.UUID(cells[2].strip("{}"))
        assert lab.admin("log", "usage", "--from", "2016-02-30", code=2)


def usage_types():
    """(method, path, request type) of every row of the public protocol: the route table itself."""
    text = (SOURCE / "service/route.c").read_text()
    rows = re.findall(r'^ +(?:BEARER|FOR_OTHERS)\((\w+), "([^"]+)", (?:\w+, )+"(\w+)"\)', text, re.M)
    rows += [("POST", *row) for row in re.findall(r'^ +CHANGE\("([^"]+)", (?:\w+, )+"(\w+)"\)', text, re.M)]
    assert len(rows) > 15, rows
    return rows


def one_row_for_every_request():
    # proves: S-185
    with Lab(people=("alice",)) as lab:
        alice = lab.person("alice")
        token, made = alice.token(), []

        def call(method, path, kind, auth=token, body=None):
            mark = str(uuid.uuid4())
            headers = {"Content-Type": "application/json", "x-ms-rms-request-id": mark}
            status, _, reply = lab.http(method, "/my/v2/" + path, body, {**headers, **({"Authorization": "Bearer " + auth} if auth else {})})
            made.append((mark, kind, status, reply))
            return status, reply

        # each type: as somebody, as nobody, with a token that is none, and (where there is a body) malformed
        path = alice.write("plan.txt", b"text")
        alice.rms("protect", path, "--only-me", "--in-place")
        licence = {"SerializedPublishingLicense": b64(pfile_licence(alice.home / "plan.ptxt"))}
        content = alice.rms("--json", "status", alice.home / "plan.ptxt").json["ContentId"]
        alice.rms("revoke", content, "--force")
        for method, pattern, kind in usage_types():
            path = pattern.replace("{}", str(uuid.uuid4()))
            call(method, path, kind, body=(licence if "licenses" in path else {}) if method == "POST" else None)
            assert call(method, path, kind, auth=None)[0] == 401
            assert call(method, path, kind, auth="a.b.c")[0] == 401
            if method == "POST":
                call(method, path, kind, body="{")
        assert call("POST", "enduserlicenses", "FECreateEndUserLicenseV1", body=licence)[0] == 200
        # throttled: somebody holds the database for longer than the service waits
        if lab.database is None:
            held = sqlite3.connect(lab.data / "db/openrms.db", timeout=60, isolation_level=None)
            held.execute("BEGIN IMMEDIATE")
            status, reply = call("POST", f"documents/{content}/restore", "RestoreAccess")
            held.execute("ROLLBACK")
            held.close()
            assert (status, reply["Reason"]) == (429, "throttled"), reply
        rows, deadline = [], time.monotonic() + 40
        while len([r for r in rows if r["correlation-id"] in {m[0] for m in made}]) < len(made):
            assert time.monotonic() < deadline, [m for m in made if m[0] not in {r["correlation-id"] for r in rows}]
            rows = [r for r in lab.usage() if r["correlation-id"] in {m[0] for m in made}]
        for mark, kind, status, reply in made:
            found = [r for r in rows if r["correlation-id"] == mark]
            assert len(found) == 1, (kind, status, found)
            assert found[0]["request-type"] == kind, (kind, found)
            assert (found[0]["result"] == "Success") == (status == 200), (kind, status, reply, found)
        assert {r["request-type"] for r in rows} >= {kind for _, _, kind in usage_types()}
        # administrators' and operators' actions: theirs is the other log; what they do for a person is in both
        asked = len(lab.admin("log", "admin", "--json").json_lines)
        lab.admin("template", "list")
        lab.admin("user", "show", "nobody@contoso.test", code=4)
        log = lab.admin("log", "admin", "--json").json_lines
        assert [r["command"].split()[0] for r in log[asked:]] == ["GetAdminLog", "GetAllTemplates", "GetUser"], log[asked:]


def fields_of_licence_requests():
    # proves: S-191
    with Lab() as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        lab.admin("template", "add", "--name", "Plans", "--grant", "bob@contoso.test:Co-Author", "--published")
        template = [t for t in lab.admin("--json", "template", "list").json_lines if t["Name"] == "Plans"][0]["TemplateId"]
        path = alice.write("plan.txt", b"text")
        made = alice.rms("--json", "protect", path, "--template", "Plans", "--in-place").json_lines[0]["EncryptedFile"]
        content = alice.rms("--json", "status", made).json["ContentId"].lower()
        bob.rms("open", made, "-o", bob.home / "1.txt")
        assert bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(made))})[0] == 200
        assert alice.rest("POST", "/my/v2/publishinglicenses", {"TemplateId": template, "PreferDeprecatedAlgorithms": False,
                                                                "AllowAuditedExtraction": False})[0] == 200
        alice.rms("revoke", made, "--force")
        rows = lab.usage()
        for kind in ("AcquireLicense", "FECreateEndUserLicenseV1", "RevokeAccess"):
            of = [r for r in rows if r["request-type"] == kind]
            assert of, kind
            for row in of:
                assert row["content-id"].strip("{}") == content and row["template-id"].strip("{}") == template, row
                assert row["owner-email"] == row["issuer"] == "alice@contoso.test" and row["date-published"], row
                assert row["file-name"] == ("plan.txt" if kind == "RevokeAccess" else ""), row  # of what is tracked, where it is looked at
        published = [r for r in rows if r["request-type"] == "FECreatePublishingLicenseV1"]
        assert published and all(r["content-id"] and r["owner-email"] and r["issuer"] and r["date-published"] and
                                 r["template-id"].strip("{}") == template for r in published), published
        about = ("content-id", "owner-email", "issuer", "template-id", "file-name", "date-published")
        for kind in ("Certify", "GetClientLicensorCert"):
            assert [r for r in rows if r["request-type"] == kind] and not [r for r in rows if r["request-type"] == kind and any(r[f] for f in about)]
        mark = str(uuid.uuid4())
        bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(b"<XrML>no licence</XrML>")},
                 headers={"x-ms-rms-request-id": mark})
        row, = lab.usage(correlation_id=mark)
        assert row["result"] != "Success" and not any(row[f] for f in about), row


def days_into_files():
    # proves: S-189
    with Lab(people=("alice",)) as lab:
        # to a day of which we know the date, and a row on each of fourteen days
        now = datetime.datetime.now(datetime.timezone.utc)
        first = datetime.datetime(2030, 1, 1, 12, tzinfo=datetime.timezone.utc)
        lab.move_clock(seconds=int((first - now).total_seconds()))
        alice = lab.person("alice")
        for day in range(14):
            alice.login()
            assert lab.http("GET", "/my/v2/templates", None, {"Authorization": "Bearer " + alice.token()})[0] == 200
            lab.usage()
            if day < 13:
                lab.move_clock(days=1)
        there = lab.dir / "d"
        names = [f"rmslog-2030-01-{d:02}.log" for d in range(1, 15)]
        done = lab.admin("log", "usage", "--from", "2030-01-01", "--to", "2030-01-14", "--threads", "10", "--path", there)
        assert sorted(p.name for p in there.iterdir()) == names and sorted(done.out.split()) == names, done
        rows = []
        for name in names:
            text = (there / name).read_text().splitlines()
            assert text[0] == "#Software: RMS" and text[2].startswith("#Fields:"), name
            assert len(text) > 3 and all(line.startswith(name[7:17] + "\t") for line in text[3:]), name
            rows += text[3:]
        # numbered and in the order of creation: the files one after the other are the log
        whole = [line for line in lab.admin("log", "usage", "--from", "2030-01-01T00:00Z", "--to", "2030-01-14T23:59:59Z").out.splitlines()
                 if not line.startswith("#")]
        assert [r.split("\t")[2] for r in rows] == [r.split("\t")[2] for r in whole]
        # what is there stays, unless forced
        (there / names[3]).write_text("mine\n")
        lab.admin("log", "usage", "--from", "2030-01-01", "--to", "2030-01-14", "--path", there, code=5)
        assert (there / names[3]).read_text() == "mine\n"
        lab.admin("log", "usage", "--from", "2030-01-04", "--to", "2030-01-04", "--path", there, "--force")
        assert (there / names[3]).read_text().startswith("#Software")
        # one date; to omitted: up to today; how many at a time
        lab.admin("log", "usage", "--for", "2030-01-02", "--path", lab.dir / "one")
        assert [p.name for p in (lab.dir / "one").iterdir()] == [names[1]]
        lab.admin("log", "usage", "--from", "2030-01-12", "--path", lab.dir / "rest", "--threads", "32")
        assert sorted(p.name for p in (lab.dir / "rest").iterdir()) == names[11:]
        for wrong in (("--threads", "33"), ("--threads", "0"), ("--threads", "x"), ("--to", "2029-12-31")):
            lab.admin("log", "usage", "--from", "2030-01-01", *wrong, "--path", lab.dir / "none", code=2)
        assert not (lab.dir / "none").exists()


def a_day_begins_at_local_midnight():
    # proves: S-190
    with Lab(people=("alice",)) as lab:
        # 2016-02-01T10:59:30Z: half a minute before that day begins in Auckland
        begin = datetime.datetime(2016, 2, 1, 11, tzinfo=datetime.timezone.utc)
        now = datetime.datetime.now(datetime.timezone.utc)
        lab.move_clock(seconds=int((begin - now).total_seconds()) - 600)
        alice = lab.person("alice")

        def row():
            alice.login()
            mark = str(uuid.uuid4())
            assert lab.http("GET", "/my/v2/templates", None, {"Authorization": "Bearer " + alice.token(), "x-ms-rms-request-id": mark})[0] == 200
            lab.usage()
            return mark

        before = row()
        lab.move_clock(seconds=1200)
        inside = [row()]
        lab.move_clock(seconds=86400 - 1200)
        inside.append(row())
        lab.move_clock(seconds=1200)
        after = row()

        def marks(zone, *args, code=0):
            env = {"PATH": os.environ["PATH"], "HOME": str(lab.dir), "LANG": "C.UTF-8", "TZ": zone, "RMS_ADMIN_SOCKET": str(lab.socket),
                   "RMS_CLOCK_FILE": str(lab.clock_file)}
            done = lab.run(("admin", "log", "usage", "--json", *args), env=env)
            assert done.code == code, done
            return done, [r["correlation-id"] for r in done.json_lines] if code == 0 else None

        done, found = marks("Pacific/Auckland", "--for", "2016-02-02")
        assert before not in found and after not in found and set(inside) <= set(found), found
        assert "2016-02-01T11:00:00Z to 2016-02-02T10:59:59Z" in done.err, done
        # 24 hours from there, also where that day has 23
        assert "2016-03-27T05:00:00Z" not in marks("Europe/Berlin", "--for", "2016-03-27")[0].err
        assert "2016-03-26T23:00:00Z to 2016-03-27T22:59:59Z" in marks("Europe/Berlin", "--for", "2016-03-27")[0].err
        for wrong in ("2016-02-30", "2016-02-02T10:00", "2016-13-01", "yesterday", "2016-02-02T10:00Z"):
            assert "--for" in marks("Pacific/Auckland", "--for", wrong, code=2)[0].err
        marks("Pacific/Auckland", "--for", "2016-02-02", "--from", "2016-02-01", code=2)


def administrative_commands():
    # proves: S-194
    with Lab(people=("alice", "conadm", "root")) as lab:
        lab.admin("role", "add", "conadm@contoso.test", "--role", "ConnectorAdministrator")
        lab.admin("role", "add", "root@contoso.test")
        root, conadm = lab.person("root"), lab.person("conadm")
        for person in (root, conadm):
            person.rms("admin", "login")
        begin = len(lab.admin("log", "admin").out.splitlines()) + 1  # with this reading's own row
        root.rms("admin", "superuser", "add", "alice@contoso.test")
        root.rms("admin", "template", "list")
        conadm.rms("admin", "template", "list", code=3)
        lab.admin("user", "set", "alice@contoso.test", "--disable")
        lab.admin("user", "show", "nobody@contoso.test", code=4)
        lab.admin("user", "set", "alice@contoso.test", "--password-stdin", stdin="a planted secret\n")
        lab.admin("user", "add", "carol@contoso.test", "--password-stdin", stdin="another planted secret\n")
        text = lab.admin("log", "admin").out
        lines = text.splitlines()[begin:]
        for line in lines:
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\t[^\t]+\t[^\t]+\t(Passed|Failed)\t[^\t]+", line), line
        rows = [line.split("\t") for line in lines]
        now = datetime.datetime.now(datetime.timezone.utc)
        assert all(abs((datetime.datetime.fromisoformat(r[0] + "+00:00") - now).total_seconds()) < 3600 for r in rows), rows
        words = ["SetSuperUsers", "GetAllTemplates", "GetAllTemplates", "SetUser", "GetUser", "SetUser", "AddUser"]
        assert [r[2].split()[0] for r in rows] == words, rows
        by = ["root@contoso.test"] * 2 + ["conadm@contoso.test"] + ["operator"] * 4
        assert [r[1] for r in rows] == by, rows
        assert [r[3] for r in rows] == ["Passed", "Passed", "Failed", "Passed", "Failed", "Passed", "Passed"]
        assert rows[0][4] == "True" and "alice@contoso.test" in rows[0][2] and "role-required" in rows[2][4], rows
        # no secret, in the log or below it
        assert "planted secret" not in text and "***" in rows[5][2] and "***" in rows[6][2], rows
        for file in (lab.data / "db").iterdir():
            assert b"planted secret" not in file.read_bytes(), file
        # from and to are inclusive: a second alone has its rows
        second = rows[0][0] + "Z"
        assert lines[0] in lab.admin("log", "admin", "--from", second, "--to", second).out.splitlines()
        # nobody shortens it: there is no command, for him or for the operator
        for who in (root, conadm):
            assert who.rms("admin", "log", "trim", "--admin", "--before", "2020-01-01", "--force", code=None).code in (2, 3, 4)
            assert who.rms("admin", "log", "trim", "--before", "2020-01-01", "--force", code=None).code in (3, 4)
        assert lines[0] in lab.admin("log", "admin").out
        lab.admin("log", "verify", "--admin")


if __name__ == "__main__":
    main(rows_and_fields, one_row_for_every_request, fields_of_licence_requests, days_into_files, a_day_begins_at_local_midnight,
         administrative_commands)
