"""Who protects a document sees who opens it, takes it back and gives it again; nobody else can do any of it."""
import csv
import io
import json
import random
import time
import uuid
import zipfile

import documents
from rmslab import Lab, b64, main, pfile_licence
from rmsmail import read_messages, text_of, wait_for

TEXT = b"The merger closes on Friday.\n" * 3
DAY = 86400


def protect(person, name, *policy):
    """A protected file and its content id."""
    path = person.write(name, TEXT)
    made = person.rms("--json", "protect", path, *policy, "--in-place").json_lines[0]
    return made["EncryptedFile"], person.rms("--json", "status", made["EncryptedFile"]).json["ContentId"]


def opens(person, path, code=0):
    out = person.home / f"{uuid.uuid4()}.txt"
    done = person.rms("open", path, "-o", out, code=code)
    assert out.exists() == (code == 0), done
    return done


def requests(lab, person, path):
    """What the service answers a request for a licence now: (granted, reason)."""
    code, _, reply = person.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(path))})
    assert code == 200, reply
    return reply["AccessStatus"] == "AccessGranted", reply["Reason"]


def events(person, what):
    return [(e["RequesterEmail"].split("@")[0], e["Successful"]) for e in person.rms("--json", "track", what).json["Events"]]


def the_issuer_sees_who_opens():
    # proves: S-155, S-157
    # touches: S-153, S-154, S-158, C-115, C-116
    with Lab() as lab:
        alice, bob, mallory = (lab.person(n) for n in ("alice", "bob", "mallory"))
        path, content_id = protect(alice, "plan.txt", "--perm", "bob@contoso.test:Co-Author")
        opens(bob, path)
        refused = opens(mallory, path, code=1)
        assert "no-rights" in refused.err, refused
        assert lab.http("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(path))})[0] == 401

        assert events(alice, path) == [("bob", True), ("mallory", False)], events(alice, path)
        seen = alice.rms("--json", "track", content_id).json
        assert [e["Result"] for e in seen["Events"]][0] == "Success" and seen["Events"][0]["RequesterIp"] == "127.0.0.1", seen
        assert [h["User"] for h in seen["OfflineLicenses"]] == ["bob@contoso.test"], seen
        for _ in range(5):
            opens(bob, path)  # from the licence he keeps
        assert len(events(alice, path)) == 2
        shown = alice.rms("track", path).out
        assert "mallory@contoso.test" in shown and "does not show here" in shown, shown

        # Registering again: one record, another name, the same time.
        before = alice.rms("--json", "track").json_lines
        assert [d["ContentId"] for d in before] == [content_id], before
        alice.rms("track", path, "--register", "--name", "Merger plan.txt")
        after = alice.rms("--json", "track").json_lines
        assert [(d["ContentName"], d["CreatedTime"]) for d in after] == [("Merger plan.txt", before[0]["CreatedTime"])], after
        assert alice.rms("--json", "track", "--search", "mErGeR").json_lines == after
        assert alice.rms("--json", "track", "--search", "%").json_lines == []
        alice.rms("track", path, "--register", "--name", "x" * 1025, code=2)
        alice.rms("track", path, "--register", "--name", "", code=2)
        alice.rms("track", "--register", code=2)

        # Nobody else: as unknown by its id, refused with the file in hand.
        for person in (bob, mallory):
            assert person.rms("--json", "track").json_lines == []
            known = person.rms("track", content_id, code=4)
            unknown = person.rms("track", str(uuid.uuid4()), code=4)
            assert known.err.split("correlation")[0].replace(content_id, "") == \
                unknown.err.split("correlation")[0].replace(unknown.args[1], ""), (known, unknown)
            assert "role-required" in person.rms("track", path, code=3).err
        rows = lab.usage(user_id="mallory@contoso.test", request_type="LoadEventsForTimeline")
        assert rows == [] and lab.usage(user_id="alice@contoso.test", request_type="LoadEventsForTimeline"), rows


def each_view_of_the_site():
    # proves: S-158
    with Lab() as lab:
        alice, bob, mallory = (lab.person(n) for n in ("alice", "bob", "mallory"))
        first, d1 = protect(alice, "first plan.txt", "--perm", "bob@contoso.test:Co-Author")
        _, d2 = protect(alice, "second.txt", "--perm", "bob@contoso.test:Co-Author")
        opens(bob, first)
        for _ in range(2):
            opens(mallory, first, code=1)

        def seen(person, view="", method="GET", body=None):
            status, _, reply = person.rest(method, f"/my/v2/documents{view}", body)
            return status, reply

        def logged(person, kind):
            return [r for r in lab.usage(user_id=person.address, request_type=kind) if r["result"] == "Success"]

        status, documents = seen(alice)
        assert status == 200 and {d["ContentId"] for d in documents} == {d1, d2}, documents
        assert [d["ContentId"] for d in seen(alice, "?q=FIRST")[1]] == [d1] and seen(bob) == (200, [])
        assert logged(alice, "GetAllDocs")
        views = {"": "GetSingle", "/summary": "LoadEventsForSummary", "/people": "GetRecipients", "/events": "LoadEventsForTimeline",
                 "/map": "LoadEventsForMap"}
        got = {}
        for view, kind in views.items():
            before = len(logged(alice, kind))
            status, got[view] = seen(alice, f"/{d1}{view}")
            assert status == 200 and len(logged(alice, kind)) == before + 1, (view, got[view])
        assert got[""]["ContentName"] == "first plan.txt" and len(got["/events"]) == 3
        counts = {k: got["/summary"][k] for k in ("ContentId", "People", "Opened", "Refused")}
        assert counts == {"ContentId": d1, "People": 2, "Opened": 1, "Refused": 2}, got["/summary"]
        assert [(p["RequesterEmail"], p["Opened"], p["Refused"]) for p in got["/people"]] == [("bob@contoso.test", 1, 0), ("mallory@contoso.test", 0, 2)]
        assert [(p["RequesterIp"], p["Country"], p["Opened"], p["Refused"]) for p in got["/map"]] == [("127.0.0.1", None, 1, 2)], got["/map"]
        status, reply = seen(alice, f"/{d1}/notify", "POST", {"NotificationType": "DeniedOnly"})
        assert status == 200 and reply["NotificationType"] == "DeniedOnly" and logged(alice, "UpdateNotificationSettings"), reply
        assert seen(alice, f"/{d2}/people") == (200, []) and seen(alice, f"/{d2}/summary")[1]["People"] == 0
        # others have no such document
        for view in (*views, "/notify"):
            for content_id in (d1, str(uuid.uuid4())):
                status, reply = seen(bob, f"/{content_id}{view}", *(("POST", {"NotificationType": "Enabled"}) if view == "/notify" else ()))
                assert status == 404 and reply["Reason"] == "not-registered", (view, reply)


def protecting_registers():
    # proves: S-154, S-165
    # touches: S-153, C-115, C-122
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")

        def names():
            return sorted(d["ContentName"] or "-" for d in alice.rms("--json", "track").json_lines)

        first, first_id = protect(alice, "plan.txt", "--perm", "bob@contoso.test:Co-Owner")
        protect(alice, "report.docx", "--perm", "bob@contoso.test:Co-Owner")
        assert names() == ["plan.txt", "report.docx"], names()
        many = [alice.write(f"many/{i}.csv", TEXT) for i in range(20)]
        alice.rms("protect", *many, "--perm", "bob@contoso.test:VIEW", "--in-place")
        assert len(names()) == 22 and "17.csv" in names(), names()
        protect(alice, "online.txt", "--perm", "bob@contoso.test:VIEW", "--online")
        assert "online.txt" in names()
        assert alice.rms("--json", "track", "--search", "online").json_lines[0]["Issuer"] == "alice@contoso.test"

        # Nobody is told when nobody shall be; a document of which only others tell has no name.
        quiet, quiet_id = protect(alice, "quiet.txt", "--perm", "bob@contoso.test:Co-Owner", "--no-track")
        config = alice.write("rms.conf", "track = false\n")
        path = alice.write("quieter.txt", TEXT)
        alice.rms("protect", path, "--perm", "bob@contoso.test:VIEW", "--in-place", env=alice.env(RMS_CONFIG=config))
        assert len(names()) == 23, names()
        opens(bob, quiet)
        assert [d["ContentName"] for d in alice.rms("--json", "track").json_lines if d["ContentId"] == quiet_id] == [None]
        assert alice.rms("track", quiet).out

        # Protected again: another content id, linked; revoking the old one leaves the new one alone.
        alice.rms("protect", first, "--perm", "bob@contoso.test:Co-Author", "--in-place")
        new_id = alice.rms("--json", "status", first).json["ContentId"]
        new = alice.rms("--json", "track", new_id).json
        assert new_id != first_id and new["PreviousContentId"] == first_id and new["ContentName"] == "plan.txt", new
        assert alice.rms("--json", "track", first_id).json["Successors"] == [new_id]
        told = alice.rms("revoke", first_id, "--yes").out
        assert new_id in told, told
        assert requests(lab, bob, first)[0]
        # of another issuer there is no such document
        assert "not-registered" in lab.admin("tracking", "revoke", new_id, "--issuer", "bob@contoso.test", "--force", code=4).err
        assert requests(lab, bob, first)[0]
        # and the whole family at once
        family = alice.rms("--json", "revoke", first_id, "--family", "--yes").json_lines
        assert [d["ContentId"] for d in family] == [first_id, new_id] and all(d["Revoked"] for d in family), family
        assert requests(lab, bob, first) == (False, "revoked")
        alice.rms("revoke", first_id, "--family", "--undo")
        assert requests(lab, bob, first)[0]

        # Who protects somebody else's document again starts a family of his own.
        theirs, theirs_id = protect(alice, "shared.txt", "--perm", "bob@contoso.test:Co-Owner")
        bob.rms("protect", theirs, "--perm", "alice@contoso.test:VIEW", "-o", bob.home / "mine.ptxt")
        assert alice.rms("--json", "track", theirs_id).json["Successors"] == []
        assert bob.rms("--json", "track").json_lines[0]["PreviousContentId"] == theirs_id

        # The service away: protecting works as before, and the first who opens it makes it known.
        lab.stop()
        away, away_id = protect(alice, "away.txt", "--perm", "bob@contoso.test:Co-Owner")
        lab.start()
        assert away_id not in {d["ContentId"] for d in alice.rms("--json", "track").json_lines}
        opens(bob, away)
        assert away_id in {d["ContentId"] for d in alice.rms("--json", "track").json_lines}


def revoked_and_restored():
    # proves: S-085, S-135, S-161, S-162, S-164
    # touches: S-081, S-191, C-030, C-085, C-117, C-122
    with Lab(people=("alice", "bob", "carol", "sue")) as lab:
        alice, bob, carol, sue = (lab.person(n) for n in ("alice", "bob", "carol", "sue"))
        path, content_id = protect(alice, "plan.txt", "--perm", "domain:contoso.test:Co-Author", "--offline-days", "7")
        opens(bob, path)
        began = time.time()
        told = alice.rms("--json", "revoke", path, "--reason", "superseded", "--yes").json
        took = time.monotonic()
        assert told["Revoked"] and told["RevokedBy"] == "alice@contoso.test", told
        assert [h["User"] for h in told["OfflineLicenses"]] == ["bob@contoso.test"], told
        until = time.mktime(time.strptime(told["OfflineLicenses"][0]["Until"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
        assert began + 6 * DAY < until <= time.time() + 7 * DAY, (until, began)
        granted, reason = requests(lab, carol, path)
        waited = time.monotonic() - took
        assert (granted, reason) == (False, "revoked"), (granted, reason, waited)
        assert requests(lab, bob, path) == (False, "revoked")
        assert "revoked" in opens(carol, path, code=1).err
        opens(bob, path)  # his licence goes on, as alice was told
        assert requests(lab, alice, path)[0]
        lab.admin("superuser", "add", "sue@contoso.test")
        lab.admin("superuser", "feature", "enable")
        assert requests(lab, sue, path)[0]
        again = alice.rms("--json", "revoke", content_id, "--yes").json
        assert again["RevokedTime"] == told["RevokedTime"] and len(again["History"]) == 1, again

        # Neither readers nor owners may.
        for person in (bob, carol, sue):
            for extra in (("--yes",), ("--undo",)):
                assert "role-required" in person.rms("revoke", path, *extra, code=3).err
                assert "not-registered" in person.rms("revoke", content_id, *extra, code=4).err
        assert requests(lab, carol, path) == (False, "revoked")

        # A week later the kept licence has ended, and there is no new one.
        lab.move_clock(days=8)
        for person in (alice, bob, carol):
            person.login()
        assert "revoked" in opens(bob, path, code=1).err
        back = alice.rms("--json", "revoke", path, "--undo").json
        assert not back["Revoked"] and back["RevokedTime"] is None, back
        assert [(h["Action"], h["Reason"]) for h in back["History"]] == [("Revoked", "superseded"), ("Restored", None)], back
        assert requests(lab, carol, path)[0]
        opens(bob, path)
        assert "conflict" in alice.rms("revoke", path, "--undo", code=5).err
        alice.rms("revoke", path, code=2)  # nobody to say yes
        rows = lab.usage(request_type="RevokeAccess", user_id="alice@contoso.test", result="Success")
        assert len(rows) == 2 and content_id in rows[0]["content-id"] and rows[0]["file-name"] == "plan.txt", rows


def the_operator_acts_for_people():
    # proves: S-166
    with Lab(people=("alice", "bob", "root", "ipadm")) as lab:
        alice, bob, root, ipadm = (lab.person(n) for n in ("alice", "bob", "root", "ipadm"))
        path, content_id = protect(alice, "plan.txt", "--perm", "bob@contoso.test:VIEW")
        lab.admin("tracking", "revoke", str(uuid.uuid4()), "--force", code=4)
        assert [d["ContentId"] for d in lab.admin("--json", "tracking", "list").json_lines] == [content_id]
        assert lab.admin("--json", "tracking", "list", "--user", "bob@contoso.test").json_lines == []
        lab.admin("tracking", "revoke", content_id, code=2)
        lab.admin("tracking", "revoke", content_id, "--force", "--reason", "left", "--issuer", "bob@contoso.test", code=4)
        lab.admin("tracking", "revoke", content_id, "--force", "--reason", "left")
        assert requests(lab, bob, path) == (False, "revoked")
        shown = lab.admin("--json", "tracking", "show", content_id).json
        assert shown["RevokedBy"] == "operator" and len(shown["Events"]) == 1 and not shown["Events"][0]["Successful"], shown
        assert alice.rms("--json", "track", content_id).json["RevokedBy"] == "operator"
        lab.admin("tracking", "restore", content_id)
        lab.admin("tracking", "restore", content_id, code=5)
        assert requests(lab, bob, path)[0]
        log = lab.admin("log", "admin").out
        assert f"SetDocumentRevoked - {content_id}" in log and f"ClearDocumentRevoked - {content_id}" in log, log
        row = lab.usage(request_type="RevokeAccess", user_id="operator", result="Success")[0]
        assert row["admin-action"] and row["acting-as-user"] == "alice@contoso.test", row

        # the role, global administrator by default, enters, searches by person and by document, acts for her, confirming it, and leaves
        lab.admin("role", "add", "root@contoso.test")
        lab.admin("role", "add", "ipadm@contoso.test", "--role", "ProtectionAdministrator")
        for person in (root, ipadm):
            assert person.rms("--json", "track").json_lines == []  # he has no documents of his own
            person.rms("admin", "login")
        tracking = ("--json", "admin", "tracking")
        assert "role-required" in ipadm.rms(*tracking, "list", code=3).err
        assert "role-required" in ipadm.rms(*tracking, "revoke", content_id, "--force", code=3).err
        for search in (("--user", "alice@contoso.test"), ("--search", "plan")):
            assert [d["ContentId"] for d in root.rms(*tracking, "list", *search).json_lines] == [content_id], search
        root.rms(*tracking, "revoke", content_id, code=2)
        root.rms(*tracking, "revoke", content_id, "--force")
        assert requests(lab, bob, path) == (False, "revoked")
        row = lab.usage(request_type="RevokeAccess", user_id="root@contoso.test", result="Success")[0]
        assert row["admin-action"] and row["acting-as-user"] == "alice@contoso.test", row
        root.rms("admin", "logout")
        root.rms(*tracking, "list", code=6)
        acts = [r for r in map(json.loads, lab.admin("log", "admin", "--json").out.splitlines()) if r["actor"] == "root@contoso.test"]
        assert [r["command"].split()[0] for r in acts] == ["ConnectService", "GetDocuments", "GetDocuments", "SetDocumentRevoked", "DisconnectService"], acts


def whose_activity_others_do_not_see():
    # proves: S-167
    lab = Lab(people=("alice", "bob", "carol", "root"), rmsd_args=[])
    mail = lab.dir / "mail"
    mail.mkdir()
    lab.rmsd_args += ["--set", f"mail=directory:{mail}"]
    with lab:
        alice, bob, carol, root = (lab.person(n) for n in ("alice", "bob", "carol", "root"))
        path, content_id = protect(alice, "plan.txt", "--perm", "domain:contoso.test:Co-Author", "--notify", "opened,refused")
        bobs, bobs_id = protect(bob, "bobs.txt", "--perm", "domain:contoso.test:Co-Author")
        for group in ("board", "staff-council", "hidden"):
            lab.admin("group", "add", f"{group}@contoso.test")
        lab.admin("group", "add", "without-address")
        lab.admin("group", "member", "add", "staff-council@contoso.test", "bob@contoso.test")
        lab.admin("group", "member", "add", "hidden@contoso.test", "staff-council@contoso.test")
        lab.admin("role", "add", "root@contoso.test")
        root.rms("admin", "login")

        def messages():
            return read_messages(mail.glob("*.eml"))

        def who(content=content_id):
            return [e[0] for e in events(alice, content)]

        def everywhere(content=content_id):
            """Each place where alice could see somebody."""
            texts = [alice.rms("--json", "track", content).out, alice.rms("track", content).out, alice.rms("track", content, "--csv").out]
            for view in ("", "/events", "/summary", "/people", "/map"):
                code, _, reply = alice.rest("GET", f"/my/v2/documents/{content}{view}")
                assert code == 200
                texts.append(json.dumps(reply))
            return texts

        requests(lab, bob, path)
        wait_for(messages, lambda m: len(m) == 1)
        assert who() == ["bob"]
        nothing = lab.admin("--json", "tracking", "notrack", "show").json
        assert nothing == {"DoNotTrackGroup": None, "Name": None, "Address": None}, nothing
        lab.admin("tracking", "notrack", "clear")
        lab.admin("tracking", "notrack", "set", "bob@contoso.test", code=2)
        lab.admin("tracking", "notrack", "set", "without-address", code=2)
        lab.admin("tracking", "notrack", "set", "nobody@contoso.test", code=4)
        lab.admin("tracking", "notrack", "set", "somebody@example.org", code=2)
        assert lab.admin("--json", "tracking", "notrack", "show").json == nothing
        lab.admin("tracking", "notrack", "set", "board@contoso.test")
        assert who() == ["bob"]
        assert root.rms("--json", "admin", "tracking", "notrack", "set", "hidden@contoso.test").json["Address"] == "hidden@contoso.test"
        assert who() == []
        lab.move_clock(seconds=1000)
        requests(lab, bob, path)
        requests(lab, carol, path)
        (second,) = [m for m in wait_for(messages, lambda m: len(m) >= 2) if "carol" in m["Subject"]]
        assert who() == ["carol"]
        assert not [t for t in everywhere() if "bob@" in t], everywhere()
        assert alice.rest("GET", f"/my/v2/documents/{content_id}/summary")[2]["Opened"] == 1
        assert "bob@" not in text_of(second) and len(messages()) == 2
        requests(lab, bob, path)
        assert not [e for e in alice.rms("--json", "revoke", content_id, "--yes").json["OfflineLicenses"] if "bob" in e["User"]]
        root.rms("admin", "login")  # the session of before the pace is over
        # himself he sees, and administrators see everybody, with the mark
        requests(lab, bob, bobs)
        assert [(e["RequesterEmail"], e["IsHiddenInfo"]) for e in bob.rms("--json", "track", bobs_id).json["Events"]] == [("bob@contoso.test", True)]
        for seen in (lab.admin("--json", "tracking", "show", content_id).json, root.rms("--json", "admin", "tracking", "show", content_id).json):
            assert [(e["RequesterEmail"].split("@")[0], e["IsHiddenInfo"]) for e in seen["Events"]] == \
                [("bob", True), ("bob", True), ("carol", False), ("bob", True)], seen
            assert "bob@contoso.test" in [h["User"] for h in seen["OfflineLicenses"]], seen
        # another group instead; then none
        lab.admin("group", "member", "add", "board@contoso.test", "carol@contoso.test")
        lab.admin("tracking", "notrack", "set", "board@contoso.test")
        assert who() == ["bob", "bob", "bob"]
        lab.admin("tracking", "notrack", "clear")
        assert who() == ["bob", "bob", "carol", "bob"]
        lab.admin("tracking", "notrack", "set", "hidden@contoso.test")
        lab.admin("group", "remove", "hidden@contoso.test", "--force")
        assert lab.admin("--json", "tracking", "notrack", "show").json == nothing and len(who()) == 4
        # nobody else says who is not tracked
        assert "role-required" in carol.rms("admin", "login", code=3).err
        time.sleep(3)  # before it is said that nothing came: jobs look every second
        assert len(messages()) == 2, [m["Subject"] for m in messages()]


def of_every_kind():
    # proves: S-171
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        listed = {}
        for name, make in (("plain.txt", None), ("paper.pdf", documents.page), ("letter.docx", documents.word), ("any.bin", None)):
            path = alice.write(name, TEXT)
            if make is not None:
                make(path, random.Random(name))
            made = alice.rms("--json", "protect", path, "--perm", "bob@contoso.test:Co-Author", "--in-place").json_lines[0]["EncryptedFile"]
            listed[name] = made, alice.rms("--json", "status", made).json["ContentId"]
            opens(bob, made)
        assert {(d["ContentName"], d["ContentId"]) for d in alice.rms("--json", "track").json_lines} == {(n, i) for n, (_, i) in listed.items()}
        for made, content_id in listed.values():
            assert events(alice, made) == [("bob", True)]
            assert alice.rms("--json", "revoke", made, "--yes").json["ContentId"] == content_id
        lab.move_clock(days=31)
        for person in (alice, bob):
            person.login()
        for made, _ in listed.values():
            assert "revoked" in opens(bob, made, code=1).err
        alice.rms("track", alice.write("open.txt", TEXT), "--register", code=2)


def switched_off_and_on():
    # proves: S-151, S-152, S-153
    # touches: C-120
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        first, first_id = protect(alice, "first.txt", "--perm", "bob@contoso.test:Co-Author", "--offline-days", "0")
        opens(bob, first)
        assert lab.admin("--json", "tracking", "status").json == {"Tracking": "Enabled", "Automatic": True}
        lab.admin("tracking", "disable", "--user", "alice@contoso.test", "--force", code=2)
        lab.move_clock(seconds=5)
        lab.admin("tracking", "disable", "--force")
        texts = set()
        for words in (("track",), ("track", first), ("track", first_id), ("track", first, "--register"), ("revoke", first, "--yes")):
            refused = alice.rms(*words, code=3)
            assert "tracking-disabled" in refused.err and "administrator" in refused.err, refused
            texts.add(refused.err.split("rms: ")[-1].split("(tracking-disabled)")[0].replace(str(first), "").replace(first_id, ""))
        assert len({t.split(": ")[-1] for t in texts}) == 1, texts  # one text for all of it, and whom to ask
        lab.move_clock(seconds=5)
        opens(bob, first)
        second, second_id = protect(alice, "second.txt", "--perm", "bob@contoso.test:Co-Author", "--offline-days", "0")
        opens(bob, second)
        lab.admin("tracking", "revoke", second_id, "--force")  # operators can
        assert requests(lab, bob, second) == (False, "revoked")
        lab.admin("tracking", "restore", second_id)
        lab.move_clock(seconds=5)
        lab.admin("tracking", "enable")
        assert sorted(d["ContentName"] for d in alice.rms("--json", "track").json_lines) == ["first.txt", "second.txt"]
        assert events(alice, first) == [("bob", True)] and events(alice, second) == []
        assert len([r for r in lab.usage(content_id=first_id, user_id="bob@contoso.test")]) >= 2

        # Not by itself, but when somebody asks for it.
        lab.admin("tracking", "automatic", code=2)
        lab.admin("tracking", "automatic", "--off")
        third, third_id = protect(alice, "third.txt", "--perm", "bob@contoso.test:Co-Author")
        protect(alice, "online.txt", "--perm", "bob@contoso.test:Co-Author", "--online", "--no-track")
        opens(bob, third)
        assert len(alice.rms("--json", "track").json_lines) == 2
        alice.rms("track", third_id, code=4)
        alice.rms("track", third, "--register")
        assert len(alice.rms("--json", "track").json_lines) == 3
        lab.admin("tracking", "automatic", "--on")
        protect(alice, "fourth.txt", "--perm", "bob@contoso.test:Co-Author")
        assert len(alice.rms("--json", "track").json_lines) == 4
        assert "SetDocumentTracking" in lab.admin("log", "admin").out


def refusals_of_applications_are_told():
    """What an application with the document open does not let a person do: kept, told later, and only of what he opened."""
    with Lab() as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        path, content_id = protect(alice, "plan.txt", "--perm", "bob@contoso.test:VIEW", "--perm", "mallory@contoso.test:VIEW")
        other, _ = protect(alice, "other.txt", "--perm", "bob@contoso.test:VIEW", "--offline-days", "0")

        def refused(person="bob"):
            return [e for e in alice.rms("--json", "track", path).json["Events"] if e["Right"] and e["RequesterEmail"].startswith(person)]

        # At once where the service has just answered, by rms itself and by librms.
        assert "no-rights" in bob.rms("cat", path, code=1).err
        assert "no-rights" in bob.rms("unprotect", path, code=1).err
        with zipfile.ZipFile(bob.home / "box.zip", "w") as box:  # in an archive as alone
            box.write(path, "plan.ptxt")
        assert "no-rights" in bob.rms("unprotect", bob.home / "box.zip", code=1).err
        seen = refused()
        assert [(e["Right"], e["Successful"], e["Result"]) for e in seen] == [("EXPORT", False, "no-rights")] * 3, seen
        assert all(e["Application"].startswith("rms ") and e["TriedTime"] for e in seen), seen
        shown = alice.rms("track", path)
        assert "EXPORT" in shown.out and "RIGHT" in shown.out, shown
        assert "EXPORT" in alice.rms("track", path, "--csv").out

        # Kept while offline, the same twice as one, and told with the next contact.
        for _ in range(2):
            bob.rms("--offline", "cat", path, code=1)
        assert len(refused()) == 3
        lab.move_clock(seconds=3600)
        bob.rms("cat", other, code=1)
        seen = refused()
        assert len(seen) == 4 and seen[3]["TriedTime"] < seen[3]["RequestTime"], seen

        # Not where the person does not want it, and not of one's own documents.
        config = bob.write("rms.conf", "track = false\n")
        bob.rms("cat", path, code=1, env=bob.env(RMS_CONFIG=config))
        bob.rms("--offline", "cat", path, code=1, env=bob.env(RMS_CONFIG=config))
        lab.move_clock(seconds=120)
        bob.rms("cat", other, code=1)
        assert len(refused()) == 4, refused()

        # Signing out takes what is kept along.
        bob.rms("--offline", "cat", path, code=1)
        bob.rms("logout")
        bob.login()
        bob.rms("cat", other, code=1)
        assert len(refused()) == 4, refused()


def refusals_are_not_forged():
    """Tells of refusals: only who opened it, only of himself, not endlessly."""
    with Lab() as lab:
        alice, bob, mallory = (lab.person(n) for n in ("alice", "bob", "mallory"))
        lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
        lab.admin("user", "add", "fay@fabrikam.test", "--tenant", "fabrikam.test", "--password-stdin", stdin="correct horse battery staple\n")
        fay = lab.person("fay@fabrikam.test")
        fay.login()
        path, content_id = protect(alice, "plan.txt", "--perm", "bob@contoso.test:VIEW", "--perm", "fay@fabrikam.test:VIEW")

        def tell(person, token, what=content_id, headers=None, **body):
            code, _, reply = person.rest("POST", f"/my/v2/documents/{what}/refusals", body, token, headers)
            return code, reply.get("Reason")

        def refused():
            return [(e["RequesterEmail"].split("@")[0], e["Right"]) for e in alice.rms("--json", "track", path).json["Events"] if e["Right"]]

        # Who has not opened it, or could not: as if there were none.
        assert not requests(lab, mallory, path)[0]
        tokens = {p: p.token() for p in (alice, bob, mallory, fay)}
        for person in (bob, mallory, fay):
            for what in (content_id, str(uuid.uuid4()), "x"):
                assert tell(person, tokens[person], what, Right="PRINT") == (404, "not-registered"), (person.name, what)
        assert lab.http("POST", f"/my/v2/documents/{content_id}/refusals", {"Right": "PRINT"})[0] == 401
        assert refused() == []

        # Who has: for himself, across organisations too, in the log of whose document it is.
        for person in (bob, fay):
            assert requests(lab, person, path)[0]
            assert tell(person, tokens[person], Right="print", Application="Viewer 1") == (200, None)
        assert refused() == [("bob", "PRINT"), ("fay", "PRINT")], refused()
        assert tell(mallory, tokens[mallory], Right="PRINT")[0] == 404
        assert tell(bob, tokens[bob], Right="PRINT", headers={"X-RMS-On-Behalf": "alice@contoso.test"})[1] == "role-required"
        for body in ({}, {"Right": ""}, {"Right": "A B C"}, {"Right": "X" * 65}, {"Right": 1}, {"Right": "PRINT", "User": "mallory@contoso.test"},
                     {"Right": "PRINT", "Application": "a" * 129}, {"Right": "PRINT", "Application": "\x1b[2J"}, {"Right": "PRINT", "Time": "soon"}):
            assert tell(bob, tokens[bob], **body) == (400, "bad-argument"), body
        # Times that cannot be: before it was opened, and to come.
        for time_told in ("2001-01-01T00:00:00Z", "2999-01-01T00:00:00Z"):
            assert tell(bob, tokens[bob], Right="EDIT", Time=time_told)[0] == 200
        odd = [e for e in alice.rms("--json", "track", path).json["Events"] if e["Right"] == "EDIT"]
        assert len(odd) == 2 and all(e["TriedTime"] == e["RequestTime"] for e in odd), odd
        summary = alice.rest("GET", f"/my/v2/documents/{content_id}/summary")[2]
        assert (summary["Opened"], summary["Refused"]) == (2, 5), summary

        # A flood ends; others and later hours are not touched by it.
        answers = [tell(bob, tokens[bob], Right="EXTRACT") for _ in range(100)]
        assert answers[:97] == [(200, None)] * 97 and answers[97:] == [(413, "limit")] * 3, answers
        assert tell(fay, tokens[fay], Right="EXTRACT") == (200, None)
        lab.move_clock(seconds=3700)
        tokens = {p: p.token() for p in (bob, fay)}
        assert tell(bob, tokens[bob], Right="EXTRACT") == (200, None)

        # Not while tracking is off, and not by the heir of an address.
        contoso = ("--tenant", "contoso.test")
        lab.admin("tracking", "disable", "--force", *contoso)
        assert tell(bob, tokens[bob], Right="PRINT") == (403, "tracking-disabled")
        lab.move_clock(seconds=5)
        lab.admin("tracking", "enable", *contoso)
        lab.admin("user", "remove", "bob@contoso.test", "--force", *contoso)
        lab.move_clock(days=20)
        lab.admin("user", "add", "bob@contoso.test", "--password-stdin", *contoso, stdin="correct horse battery staple\n")
        heir = bob.device(2)
        heir.login()
        assert tell(heir, heir.token(), Right="PRINT") == (404, "not-registered")


def found_by_the_administrator(lab, content_id):
    """alice's document, opened by somebody of another organisation and by mallory."""
    own = ("--tenant", "contoso.test")

    def docs(*words):
        return [d["ContentId"] for d in lab.admin("--json", "tracking", "docs", *words, *own).json_lines]

    def log(*words):
        return [(e["ContentId"], e["RequesterEmail"], e["Successful"]) for e in lab.admin("--json", "tracking", "log", *words, *own).json_lines]

    fays, mallorys = (content_id, "fay@fabrikam.test", True), (content_id, "mallory@contoso.test", True)
    assert log("--user", "fay@fabrikam.test") == [fays], log("--user", "fay@fabrikam.test")
    assert log("--content", content_id) == log("--user", "ALICE@contoso.test") == [fays, mallorys]
    assert log("--content", content_id, "--user", "mallory@contoso.test") == [mallorys]
    assert log("--user", "nobody@example.org") == log("--content", str(uuid.uuid4())) == log("--to", "2020-01-01") == []
    assert log("--from", "2020-01-01") == [fays, mallorys] and log("--from", "2020-01-01", "--limit", "1") == [mallorys]
    for words in (("--user", "alice@contoso.test"), ("--owner", "alice@contoso.test"), ("--search", "PLAN"), ("--from", "2020-01-01"),
                  ("--user", "alice@contoso.test", "--search", "plan", "--from", "2020-01-01", "--to", "2100-01-01")):
        assert docs(*words) == [content_id], words
    for words in (("--user", "fay@fabrikam.test"), ("--owner", "bob@contoso.test"), ("--search", "%"), ("--to", "2020-01-01"), ("--user", "nobody@example.org")):
        assert docs(*words) == [], words
    lab.admin("group", "add", "team@contoso.test", *own)
    for verb in ("docs", "log"):
        lab.admin("tracking", verb, *own, code=2)
        lab.admin("tracking", verb, "--user", "team@contoso.test", *own, code=2)
        lab.admin("tracking", verb, "--user", "nobody", *own, code=2)
        lab.admin("tracking", verb, "--from", "2030-01-02", "--to", "2030-01-01", *own, code=2)
        assert lab.admin("tracking", verb, "--user", "alice@contoso.test", "--tenant", "fabrikam.test").out
        assert lab.admin("--json", "tracking", verb, "--from", "2020-01-01", "--tenant", "fabrikam.test").json_lines == []
        table = list(csv.DictReader(io.StringIO(lab.admin("tracking", verb, "--from", "2020-01-01", "--csv", *own).out, newline="")))
        assert {r["ContentId"] for r in table} == {content_id}, table
        shown = lab.admin("tracking", verb, "--from", "2020-01-01", *own).out
        assert content_id in shown, shown
    lab.admin("tracking", "log", "--content", "x", *own, code=2)


def copied_ids_and_other_tenants_do_nothing():
    # proves: S-170
    # touches: S-001, S-165
    with Lab() as lab:
        alice, bob, mallory = (lab.person(n) for n in ("alice", "bob", "mallory"))
        lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
        lab.admin("user", "add", "fay@fabrikam.test", "--tenant", "fabrikam.test", "--password-stdin",
                  stdin="correct horse battery staple\n")
        fay = lab.person("fay@fabrikam.test")
        fay.login()
        path, content_id = protect(alice, "plan.txt", "--perm", "domain:contoso.test:Co-Author", "--perm", "fay@fabrikam.test:VIEW")
        alice.rms("track", path)
        for person in (mallory, fay):
            for method, action in (("GET", ""), ("GET", "/events"), ("GET", "/summary"), ("GET", "/people"), ("GET", "/map"), ("POST", "/notify"), ("POST", "/revoke"),
                                   ("POST", "/restore")):
                code, _, reply = person.rest(method, f"/my/v2/documents/{content_id}{action}")
                unknown = person.rest(method, f"/my/v2/documents/{uuid.uuid4()}{action}")
                assert (code, reply["Reason"]) == (unknown[0], unknown[2]["Reason"]) == (404, "not-registered"), (reply, unknown)
        assert "role-required" in fay.rms("revoke", path, "--yes", code=3).err
        assert requests(lab, fay, path)[0] and requests(lab, mallory, path)[0]  # both may
        found_by_the_administrator(lab, content_id)
        assert lab.admin("--json", "tracking", "list", "--tenant", "fabrikam.test").json_lines == []
        lab.admin("tracking", "revoke", content_id, "--force", "--tenant", "fabrikam.test", code=4)
        assert requests(lab, bob, path)[0]

        # Not ids, not licences.
        token = alice.token()
        for bad in ("..", "%00", "x' OR 1=1 --", "{" + content_id + "}x", "a" * 400):
            code, _, reply = alice.rest("GET", "/my/v2/documents/" + bad.replace(" ", "%20"), token=token)
            assert code in (400, 404, 405), (bad, code, reply)
        licence = bytearray(pfile_licence(path))
        licence[len(licence) // 2] ^= 1
        for documents in ([], [{}], [{"ContentName": "x", "SerializedPublishingLicense": "!"}], {}, [1],
                          [{"ContentName": "x", "SerializedPublishingLicense": b64(pfile_licence(path))}],
                          [{"NotificationType": "Disabled", "SerializedPublishingLicense": b64(pfile_licence(path))}],
                          [{"ContentName": "x", "NotificationType": "Disabled", "SerializedPublishingLicense": b64(pfile_licence(path)), "Issuer": "a@b.c"}]):
            code, _, reply = alice.rest("POST", "/my/v2/documents", {"Documents": documents}, token=token)
            assert (code, reply["Reason"]) == (400, "bad-argument"), (documents, reply)
        code, _, reply = alice.rest("POST", "/my/v2/documents", {"Documents": [
            {"ContentName": "x", "NotificationType": "Disabled", "SerializedPublishingLicense": b64(bytes(licence))}]}, token=token)
        assert code == 200 and not reply[0]["Registered"], reply
        code, _, reply = alice.rest("POST", f"/my/v2/documents/{content_id}/revoke", {"Reason": "x" * 1025}, token=token)
        assert (code, reply["Reason"]) == (400, "bad-argument"), reply
        assert lab.http("GET", "/my/v2/documents")[0] == 401


def naming_is_not_owning():
    # touches: S-042, S-153, S-158, S-161
    with Lab() as lab:
        alice, bob, mallory = (lab.person(n) for n in ("alice", "bob", "mallory"))
        path, content_id = protect(alice, "plan.txt", "--perm", "bob@contoso.test:Co-Author", "--no-track")

        def claim(person, issuer, automatic=True, **more):
            document = {"ContentId": content_id, "Issuer": issuer, "ContentName": "x", "NotificationType": "Unchanged", **more}
            code, _, reply = person.rest("POST", "/my/v2/documents", {"Documents": [document], "Automatic": automatic})
            return reply[0]["Registered"] if code == 200 else reply["Reason"]

        # Only as one's own, by a program, and in this form.
        assert claim(mallory, "alice@contoso.test") is False
        assert claim(mallory, "mallory@contoso.test", automatic=False) == "bad-argument"
        assert claim(mallory, "mallory@contoso.test", Owner="alice@contoso.test") == "bad-argument"
        assert claim(mallory, "mallory@contoso.test", TemplateId="x") == "bad-argument"
        assert claim(mallory, "nobody") == "bad-argument"
        assert alice.rms("--json", "track").json_lines == mallory.rms("--json", "track").json_lines == []

        # A document of alice's content id that mallory says is hers is another document.
        assert claim(mallory, "MALLORY@contoso.test") is True
        mallory.rms("revoke", content_id, "--yes")
        assert requests(lab, bob, path) == (True, None)
        assert events(mallory, content_id) == [] and events(alice, content_id) == [("bob", True)]

        # Who inherits the address may neither watch nor revoke what was protected before.
        quiet, content_id = protect(alice, "quiet.txt", "--perm", "bob@contoso.test:Co-Author", "--no-track")
        lab.admin("user", "remove", "alice@contoso.test", "--force")
        lab.move_clock(days=40)
        lab.add_user("alice")
        bob.login()
        heir = lab.person("alice", "heir")
        heir.login()
        assert claim(heir, "alice@contoso.test") is True
        heir.rms("revoke", content_id, "--yes")
        assert requests(lab, bob, quiet) == (True, None)
        assert "not-registered" in heir.rms("track", content_id, code=4).err
        assert "not-registered" in heir.rms("revoke", content_id, "--undo", code=4).err
        assert content_id not in {d["ContentId"] for d in heir.rms("--json", "track").json_lines}


def names_are_only_names():
    # proves: S-160
    # touches: S-154, S-191
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        names = ("=1+1.docx", "+1.txt", "-1.txt", "<script>alert(1)<", "a\",\"b.txt", "'; DROP TABLE document; --.txt", "@x.txt", "\u00e4\u6587.txt")
        for i, name in enumerate(names):
            path, _ = protect(alice, f"{i}.txt", "--perm", "bob@contoso.test:Co-Author")
            alice.rms("track", path, "--register", "--name", name)
            opens(bob, path)
        listed = {d["ContentName"] for d in alice.rms("--json", "track").json_lines}
        assert listed == set(names), listed
        table = alice.rms("track", "--csv").out
        rows = list(csv.DictReader(io.StringIO(table, newline="")))
        assert {r["ContentName"] for r in rows} == {("'" if n[0] in "=+-@" else "") + n for n in names}, rows
        assert len(rows) == len(alice.rms("--json", "track").json_lines) == len(names)
        assert table.splitlines()[0] == "ContentId,ContentName,Issuer,Owner,CreatedTime,TemplateId,PreviousContentId,Revoked,RevokedTime,RevokedBy"
        assert '"\'=1+1.docx"' in table and "\u00e4\u6587.txt" in table, table
        for document in alice.rms("--json", "track").json_lines:
            one = alice.rms("track", document["ContentId"], "--csv").out
            seen = alice.rms("--json", "track", document["ContentId"]).json["Events"]
            assert one.splitlines()[0].startswith("RequestTime,RequesterEmail,Successful,Result,Right,RequesterIp,"), one
            rows = list(csv.DictReader(io.StringIO(one, newline="")))
            assert [r["RequesterEmail"] for r in rows] == [e["RequesterEmail"] for e in seen] == ["bob@contoso.test"], (one, seen)
        assert "not-registered" in bob.rms("track", document["ContentId"], "--csv", code=4).err
        assert bob.rest("GET", f"/my/v2/documents/{document['ContentId']}/events")[0] == 404
        assert len(list(csv.DictReader(io.StringIO(lab.admin("tracking", "list", "--csv").out, newline="")))) == len(names)
        code, _, reply = alice.rest("POST", "/my/v2/documents", {"Documents": [
            {"ContentName": "a\u001b[2Jb", "NotificationType": "Disabled", "SerializedPublishingLicense": b64(pfile_licence(path))}]})
        assert (code, reply["Reason"]) == (400, "bad-argument"), reply


if __name__ == "__main__":
    main(the_issuer_sees_who_opens, each_view_of_the_site, protecting_registers, revoked_and_restored, the_operator_acts_for_people, whose_activity_others_do_not_see, of_every_kind, switched_off_and_on, refusals_of_applications_are_told, refusals_are_not_forged,
         copied_ids_and_other_tenants_do_nothing,
         naming_is_not_owning, names_are_only_names)
