"""Alice protects, bob opens within his rights, mallory is refused; forwarding changes nothing; expiry ends it."""
import datetime
import re
import subprocess
import uuid
import zoneinfo

from rmslab import BUILD, SOURCE, Lab, b64, main, pfile_licence

TEXT = b"The merger closes on Friday.\n" * 3


def protect_open_refuse():
    # proves: S-005, S-073
    # touches: S-065, S-070, C-073, C-086
    with Lab() as lab:
        alice, bob, mallory = (lab.person(n) for n in ("alice", "bob", "mallory"))
        path = alice.write("plan.txt", TEXT)
        made = alice.rms("--json", "protect", path, "--perm", "bob@contoso.test:Co-Author", "--in-place").json_lines[0]
        assert made["Status"] == "Success", made
        protected = alice.home / "plan.ptxt"
        assert protected.exists() and not path.exists()
        assert TEXT[:20] not in protected.read_bytes()

        bob.rms("open", protected, "-o", bob.home / "got.txt")
        assert (bob.home / "got.txt").read_bytes() == TEXT
        refused = mallory.rms("open", protected, "-o", mallory.home / "got.txt", code=1)
        assert "no-rights" in refused.err and "alice@contoso.test" in refused.err, refused
        assert not (mallory.home / "got.txt").exists()

        rows = [r for r in lab.usage(user_id="mallory@contoso.test") if r["content-id"]]
        assert len(rows) == 1 and rows[0]["result"] != "Success" and rows[0]["c-ip"] == "127.0.0.1", rows
        assert "alice@contoso.test" in rows[0]["owner-email"], rows
        status, _, reply = mallory.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(protected))})
        assert status == 200 and reply["AccessStatus"] == "AccessDenied" and reply["Key"] is None, reply
        # Somebody of no tenant at all does not even come to ask.
        stranger = lab.person("stranger@nowhere.test")
        assert "(not-authenticated)" in stranger.login(code=3).err
        stranger.rms("open", protected, "-o", stranger.home / "got.txt", code=3)
        assert not (stranger.home / "got.txt").exists()


def viewer_may_not_take_protection_off():
    # proves: S-090, C-094
    # touches: S-079, C-070
    with Lab(people=("alice", "bob"), removal_right="OWNER") as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        for right, allowed, ways in (("VIEW", False, ()), ("VIEW,EDIT", False, ()), ("VIEW,EDITRIGHTSDATA", False, ()), ("VIEW,EXPORT", True, ()),
                                     ("OWNER", True, ()), ("Co-Author", False, ()), ("EncryptOnly", False, ()), ("VIEW,EXTRACT", False, ("--online",)),
                                     ("setting", None, ()), ("VIEW,EXTRACT", True, ()), ("VIEW,PRINT", False, ()), ("VIEW,EDITRIGHTSDATA", False, ())):
            if allowed is None: # from here on the organisation lets EXTRACT do, by a change that is logged
                lab.admin("tenant", "set", "--removal-right", "EXTRACT")
                assert "SetTenantSettings" in lab.admin("log", "admin").out
                continue
            path = alice.write(f"{right.replace(',', '-')}.txt", TEXT)
            alice.rms("protect", path, "--perm", f"bob@contoso.test:{right}", *ways, "--in-place")
            protected = path.with_suffix(".ptxt")
            before = protected.read_bytes()
            done = bob.rms("unprotect", protected, "--out", bob.home / "out", code=0 if allowed else 1)
            clear = bob.home / "out" / path.name
            assert clear.exists() == allowed, done
            for pipe in (("cat", protected), ("open", protected, "-o", "-")):
                piped = bob.rms(*pipe, code=0 if allowed else 1)
                assert piped.out == (TEXT.decode() if allowed else ""), (right, piped)
            if allowed:
                assert clear.read_bytes() == TEXT
                clear.unlink()
            else:
                assert "no-rights" in done.err and "EXPORT" in done.err and "EXPORT" in piped.err, (done, piped)
            assert protected.read_bytes() == before
            protected.unlink()


def the_list_of_users_and_rights():
    # proves: S-079, S-080
    people = ("alice", "bob", "carol", "dave", "erin")
    with Lab(people=people, removal_right="OWNER") as lab:
        alice, bob, carol, dave, erin = (lab.person(n) for n in people)
        lab.admin("group", "add", "mkt", "--address", "mkt@contoso.test")
        lab.admin("group", "member", "add", "mkt", "erin@contoso.test")
        lab.admin("identity", "refresh", "--group", "mkt")
        grants = {"bob": "VIEW,EDITRIGHTSDATA", "dave": "VIEW,EXTRACT,PRINT", "mkt": "VIEW,VIEWRIGHTSDATA"}

        def protect(name):
            alice.rms("protect", alice.write(name, TEXT), *(a for who, rights in grants.items() for a in ("--perm", f"{who}@contoso.test:{rights}")), "--in-place")
            return (alice.home / name).with_suffix(".ptxt")

        def refused(done, *words):
            assert "no-rights" in done.err and all(w in done.err for w in words), done

        def listed(person, path):
            reply = person.rms("--json", "perms", "list", path).json
            return {grant["Users"][0].split("@")[0]: ",".join(grant["Rights"]) for grant in reply["UserRights"]}

        path = protect("list.txt")
        everybody = {who: set(rights.split(",")) for who, rights in grants.items()}
        # with VIEWRIGHTSDATA, as owner, as super user: all of it, and the group by its name
        lab.admin("superuser", "feature", "enable")
        lab.admin("superuser", "add", "carol@contoso.test")
        for person in (alice, erin, carol):
            assert {who: set(rights.split(",")) for who, rights in listed(person, path).items()} == everybody, person.name
        lab.admin("superuser", "remove", "carol@contoso.test")
        # without: one's own rights, and that is all
        for person, own in ((bob, {"VIEW", "EDITRIGHTSDATA"}), (dave, {"VIEW", "EXTRACT", "PRINT"}), (carol, set())):
            done = person.rms("--json", "perms", "list", path, code=1)
            assert set(done.json["Rights"]) == own and done.json["UserRights"] is None and done.json["Reason"] == "no-rights", done
            refused(done, "VIEWRIGHTSDATA" if own else "")
            licence = b64(pfile_licence(path))
            status, _, reply = person.rest("POST", "/my/v2/publishinglicenses/rights", {"SerializedPublishingLicense": licence})
            assert (status, set(reply["Rights"]), reply["UserRights"]) == (200, own, None) and "mkt@" not in str(reply), reply
            status, _, reply = person.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": licence})
            assert status == 200 and reply["Policy"] is None and "mkt@" not in str(reply), reply

        # bob may change the list, and neither remove nor replace the protection
        before, facts = path.read_bytes(), alice.rms("--json", "status", path).json
        refused(bob.rms("unprotect", path, "--out", bob.home / "out", code=1), "EXPORT")
        assert "EXPORT" in bob.rms("protect", path, "--only-me", "--in-place", code=1).err
        # who may not change it is told which right that takes; bob gives nobody what he has not got, himself included
        refused(dave.rms("perms", "set", path, "--perm", "carol@contoso.test:VIEW", code=1), "EDITRIGHTSDATA")
        for who in ("bob", "carol"):
            for right in ("OWNER", "EXPORT", "VIEW,EXTRACT", "Viewer"):
                refused(bob.rms("perms", "set", path, "--perm", f"{who}@contoso.test:{right}", code=1))
        status, _, reply = dave.rest("POST", "/my/v2/publishinglicenses/rights/change", {
            "SerializedPublishingLicense": b64(pfile_licence(path)), "Add": [{"Users": ["dave@contoso.test"], "Rights": ["OWNER"]}]})
        assert status == 403 and reply["Reason"] == "no-rights", reply
        for bad in ({"Add": "x"}, {"Add": [{"Users": ["carol"], "Rights": ["VIEW"]}]}, {"SignedApplicationData": {"MS.Content.Name": "x"}}, {"OwnerEmail": "bob@contoso.test"}):
            status, _, reply = bob.rest("POST", "/my/v2/publishinglicenses/rights/change", {"SerializedPublishingLicense": b64(pfile_licence(path)), **bad})
            assert status == 400 and reply["Reason"] == "bad-argument", (bad, reply)
        assert path.read_bytes() == before
        refused(carol.rms("--json", "perms", "list", path, code=1))
        bob.rms("perms", "set", path, "--perm", "carol@contoso.test:VIEW", "--remove", "dave@contoso.test")
        now = alice.rms("--json", "status", path).json
        same = ("ContentId", "RMSOwner", "RMSIssuer", "RMSIssuedTime", "OriginalExtension", "OriginalSize")
        assert all(now[k] == facts[k] for k in same) and now["RMSOwner"] == "alice@contoso.test", (now, facts)
        assert set(listed(alice, path)) == {"bob", "mkt", "carol"}
        assert carol.rms("--json", "perms", "list", path, code=1).json["Rights"] == ["VIEW"]
        refused(dave.rms("cat", path, code=1))
        refused(bob.rms("unprotect", path, "--out", bob.home / "out", code=1), "EXPORT")
        assert not (bob.home / "out").exists() and alice.rms("cat", path).out.encode() == TEXT
        # it is still hers to revoke, by the id it always had
        alice.rms("revoke", facts["ContentId"], "--yes")
        assert "revoked" in carol.rms("cat", path, code=1).err
        assert "revoked" in bob.rms("perms", "set", path, "--perm", "carol@contoso.test:VIEW", code=1).err
        # what a template gives the template changes; a file without protection has no list
        alice.rms("protect", alice.write("t.txt", TEXT), "--template", "Confidential \\ All Employees", "--in-place")
        alice.rms("perms", "set", alice.home / "t.ptxt", "--perm", "carol@contoso.test:VIEW", code=2)
        alice.rms("perms", "set", alice.write("clear.txt", TEXT), "--perm", "carol@contoso.test:VIEW", code=1)
        assert (alice.home / "clear.txt").read_bytes() == TEXT
        alice.rms("perms", "set", path, code=2)

        # removing: EXPORT may, EXTRACT where the organisation says so, which the signed licence tells
        path = protect("removal.txt")
        refused(dave.rms("unprotect", path, "--out", dave.home / "out", code=1), "EXPORT")
        lab.admin("tenant", "set", "--removal-right", "EXTRACT")
        dave.rms("unprotect", path, "--out", dave.home / "out")
        assert (dave.home / "out" / "removal.txt").read_bytes() == TEXT
        refused(bob.rms("unprotect", path, "--out", bob.home / "out", code=1), "EXPORT")
        alice.rms("perms", "set", path, "--perm", "carol@contoso.test:VIEW,EXPORT")
        lab.admin("tenant", "set", "--removal-right", "OWNER")
        carol.rms("unprotect", path, "--out", carol.home / "out")
        refused(dave.rms("unprotect", path, "--out", dave.home / "again", code=1), "EXPORT")
        assert (carol.home / "out" / "removal.txt").read_bytes() == TEXT and not (dave.home / "again").exists()


def forwarded_file_stays_protected():
    # touches: S-076
    with Lab() as lab:
        alice, bob, mallory = (lab.person(n) for n in ("alice", "bob", "mallory"))
        path = alice.write("note.txt", TEXT)
        alice.rms("protect", path, "--perm", "bob@contoso.test:Co-Owner", "--in-place")
        forwarded = mallory.write("renamed.ptxt", (alice.home / "note.ptxt").read_bytes())
        mallory.rms("open", forwarded, "-o", mallory.home / "x", code=1)
        again = bob.write("renamed.ptxt", forwarded.read_bytes())
        bob.rms("unprotect", again, "--in-place")
        assert (bob.home / "renamed.txt").read_bytes() == TEXT and not again.exists()


def templates_follow_the_service():
    # proves: S-104, C-060
    # touches: S-009, S-105, C-034
    with Lab() as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        listed = alice.rms("--json", "template", "list").json_lines
        names = {t["Name"]: t["TemplateId"] for t in listed}
        assert set(names) == {"Confidential \\ All Employees", "Highly Confidential \\ All Employees"}, names
        path = alice.write("all.txt", TEXT)
        alice.rms("protect", path, "--template", "Highly Confidential \\ All Employees", "--in-place")
        protected = alice.home / "all.ptxt"
        bob.rms("open", protected, "-o", bob.home / "all.txt")
        assert (bob.home / "all.txt").read_bytes() == TEXT
        lab.admin("template", "archive", "Highly Confidential \\ All Employees")
        alice.rms("template", "refresh")
        assert len(alice.rms("--json", "template", "list").json_lines) == 1
        again = alice.write("again.txt", TEXT)
        closed = lab.admin("--json", "template", "add", "--name", "Closed", "--grant", "alice@contoso.test:VIEW", "--scope", "bob@contoso.test",
                           "--published").json["TemplateId"]
        archived = "Highly Confidential \\ All Employees"
        unknown = str(uuid.uuid4())
        for wanted in (archived, names[archived], unknown, closed):
            assert "(template-not-found)" in alice.rms("protect", again, "--template", wanted, "--in-place", code=4).err
            assert again.read_bytes() == TEXT
        for wanted, reason in ((names[archived], "template-archived"), (unknown, "template-not-found"), (closed, "publish-not-allowed")):
            status, _, reply = alice.rest("POST", "/my/v2/publishinglicenses", {
                "PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False, "TemplateId": wanted})
            assert status in (400, 404) and reply["Reason"] == reason, (wanted, reply)
        bob.device(2).login()
        bob.device(2).rms("open", protected, "-o", bob.device(2).home / "all.txt")


def nothing_stops_the_issuer():
    # proves: S-081, C-068
    # touches: C-030, C-064, C-085
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")

        def refused(protected, code, reason, *how):
            done = bob.rms(*how, "open", protected, "-o", bob.home / "late.txt", code=code)
            assert reason in done.err and not (bob.home / "late.txt").exists(), done
            mine = alice.home / f"{reason}.txt"
            alice.rms(*how, "open", protected, "-o", mine)
            assert mine.read_bytes() == TEXT

        def protect(name, *more):
            alice.rms("protect", alice.write(f"{name}.txt", TEXT), "--perm", "bob@contoso.test:Co-Author", *more, "--in-place")
            return alice.home / f"{name}.ptxt"

        taken, online, short = protect("taken"), protect("online", "--offline-days", "0"), protect("short", "--expire-days", "3")
        for protected in (online, short):
            bob.rms("open", protected, "-o", bob.home / f"{protected.stem}.txt")
        alice.rms("revoke", taken, "--yes")
        refused(taken, 1, "revoked")
        lab.admin("superuser", "add", "alice@contoso.test")
        lab.admin("superuser", "feature", "enable")
        named = protect("named", "--expire-days", "3", "--owner", "bob@contoso.test")
        status = alice.rms("--json", "status", named).json
        assert (status["RMSOwner"], status["RMSIssuer"]) == ("bob@contoso.test", "alice@contoso.test"), status
        assert alice.rms("--json", "status", protect("strange", "--owner", "eve@nowhere.test")).json["RMSOwner"] == "eve@nowhere.test"
        for wrong in ("eve", "a@b@contoso.test"):
            path = alice.write("wrong.txt", TEXT)
            alice.rms("protect", path, "--perm", "bob@contoso.test:VIEW", "--owner", wrong, "--in-place", code=2)
            assert path.read_bytes() == TEXT
        lab.stop()
        refused(online, 6, "needs-online", "--offline")
        lab.start()
        lab.move_clock(days=4)
        for person in (alice, bob):
            person.login()
        refused(short, 1, "expired")
        # whom a super user named as the owner is stopped by no end either, and stays no more than the owner
        bob.rms("open", named, "-o", bob.home / "named.txt")
        assert "(role-required)" in bob.rms("track", named, code=3).err


NEVER_SHOWN = re.compile(r"[A-Za-z0-9+]{28}|[0-9a-fA-F]{32}|PRIVATE KEY")  # keys and licences, in the forms they are written


def every_cause_has_its_own_name():
    # proves: C-073
    with Lab() as lab:
        alice, bob, mallory = (lab.person(n) for n in ("alice", "bob", "mallory"))

        def protect(name, *more):
            alice.rms("protect", alice.write(f"{name}.txt", TEXT), "--perm", "bob@contoso.test:Co-Author", *more, "--in-place")
            return alice.home / f"{name}.ptxt"

        plan, taken, ended, offline = (protect(*words) for words in (
            ("plan",), ("taken",), ("ended", "--expire-days", "1"), ("offline", "--offline-days", "1")))
        whole = plan.read_bytes()
        assert whole[:6] == b".pfile"
        newer = bob.write("newer.ptxt", whole[:6] + (9).to_bytes(4, "little") + whole[10:])
        cut = bob.write("cut.ptxt", whole[:-20])
        foreign = SOURCE / "test/vectors/pfile/linuxTest.txt.pfile"
        distrust = bob.write("rms.conf", "trusted_servers_only = true\n")
        bob.rms("open", offline, "-o", bob.home / "once.txt")
        alice.rms("revoke", taken, "--yes")
        stranger = bob.device(3)
        seen = {}

        def refused(reason, person, path, *how, code=1, **env):
            done = person.rms(*how, "open", path, "-o", person.home / "never.txt", code=code, env=person.env(**env))
            assert f"({reason}" in done.err and not done.out and not (person.home / "never.txt").exists(), (reason, done)
            cause, _, after = done.err.partition(f"({reason}")
            assert cause.strip() and len(after.partition(";")[2].strip()) > 5, (reason, done)  # what happened; what to do next
            assert not NEVER_SHOWN.search(done.err), done
            seen[reason] = done

        refused("not-authenticated", stranger, plan, code=3)
        refused("no-rights", mallory, plan)
        assert "alice@contoso.test" in seen["no-rights"].err, seen["no-rights"]
        refused("revoked", bob, taken)
        refused("server-not-trusted", bob, foreign, RMS_CONFIG=distrust)
        refused("bad-signature", bob, cut)
        assert "the file is damaged" in seen["bad-signature"].err, seen["bad-signature"]
        refused("unsupported-version", bob, newer)
        lab.move_clock(days=2)
        bob.login()
        refused("expired", bob, ended)
        refused("needs-online", bob, offline, "--offline", code=6)
        lab.admin("user", "remove", "bob@contoso.test", "--force")
        lab.move_clock(days=20)
        lab.add_user("bob")  # the address, and not the account it was granted to
        heir = bob.device(2)
        heir.login()
        refused("account-newer-than-content", heir, plan)
        assert len(seen) == 9 and len({done.err for done in seen.values()}) == 9


def a_day_ends_where_it_was_named():
    # proves: C-064
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        zone = zoneinfo.ZoneInfo("Asia/Tokyo")
        day = datetime.datetime.now(zone).date() + datetime.timedelta(days=2)
        end = datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time(), zone)
        path = alice.write("day.txt", TEXT)
        ways = ((), ("--online",))
        for way in ways:
            alice.rms("protect", path, "--perm", "bob@contoso.test:Co-Author", "--expire-on", day.isoformat(), *way,
                      "-o", alice.home / f"{len(way)}.ptxt", env=alice.env(TZ="Asia/Tokyo"))
        # Berlin is behind Tokyo: its day of this name ends later.
        alice.rms("protect", path, "--perm", "bob@contoso.test:Co-Author", "--expire-on", day.isoformat(), "-o", alice.home / "2.ptxt",
                  env=alice.env(TZ="Europe/Berlin"))

        def ends(number):
            reply = bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(alice.home / f"{number}.ptxt"))})[2]
            return reply["AccessStatus"], reply.get("ContentValidUntil") and datetime.datetime.fromisoformat(reply["ContentValidUntil"].replace("Z", "+00:00"))

        assert ends(0) == ends(1) == ("AccessGranted", end), (ends(0), end)
        assert ends(2)[1] > end

        def go_to(when):
            gone = int(lab.clock_file.read_text())
            lab.move_clock(seconds=int(when.timestamp() - datetime.datetime.now().timestamp()) - gone)

        go_to(end - datetime.timedelta(minutes=20))
        bob.login()
        for number in (0, 1):
            go_to(end - datetime.timedelta(minutes=1))
            bob.rms("open", alice.home / f"{number}.ptxt", "-o", bob.home / f"{number}.txt")
        go_to(end + datetime.timedelta(minutes=1))
        for number in (0, 1):
            assert "(expired)" in bob.rms("open", alice.home / f"{number}.ptxt", "-o", bob.home / "late.txt", code=1).err
        bob.rms("open", alice.home / "2.ptxt", "-o", bob.home / "2.txt")
        for bad in (("--expire-on", "2020-01-01"), ("--expire-days", "0"), ("--expire-days", "36501")):
            alice.rms("protect", path, "--perm", "bob@contoso.test:VIEW", *bad, "--in-place", code=2)
            assert path.read_bytes() == TEXT


def only_for_me():
    # proves: C-062
    # touches: S-086
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        path = alice.write("diary.txt", TEXT)
        alice.rms("protect", path, "--only-me", "--expire-days", "1", "--offline-days", "0", "--in-place")
        bob.rms("open", alice.home / "diary.ptxt", "-o", bob.home / "x", code=1)
        lab.move_clock(days=2)
        bob.rms("open", alice.home / "diary.ptxt", "-o", bob.home / "x", code=1)
        assert not (bob.home / "x").exists()
        alice.rms("unprotect", alice.home / "diary.ptxt", "--in-place")
        assert path.read_bytes() == TEXT


def groups_and_domains():
    # touches: S-044, S-050, S-072, C-063
    with Lab() as lab:
        lab.admin("group", "add", "mkt", "--address", "mkt@contoso.test", "--kind", "security")
        lab.admin("group", "add", "mkt-eu", "--address", "mkt-eu@contoso.test", "--kind", "security")
        lab.admin("group", "member", "add", "mkt", "mkt-eu@contoso.test")
        lab.admin("group", "member", "add", "mkt-eu", "bob@contoso.test", "mkt@contoso.test")
        lab.admin("group", "refresh", "mkt")
        lab.admin("group", "refresh", "mkt-eu")
        alice, bob, mallory = (lab.person(n) for n in ("alice", "bob", "mallory"))
        path = alice.write("g.txt", TEXT)
        alice.rms("protect", path, "--perm", "mkt@contoso.test:VIEW", "--perm", "bob@contoso.test:EXPORT", "--in-place")
        bob.rms("unprotect", alice.home / "g.ptxt", "-o", bob.home / "g.txt")
        mallory.rms("open", alice.home / "g.ptxt", "-o", mallory.home / "g.txt", code=1)
        everyone = alice.write("d.txt", TEXT)
        alice.rms("protect", everyone, "--perm", "domain:contoso.test:Co-Author", "--in-place")
        mallory.rms("open", alice.home / "d.ptxt", "-o", mallory.home / "d.txt")


def a_policy_without_a_name_is_restricted_access():
    # touches: S-106, C-096
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        path = alice.write("plan.txt", TEXT)
        protected = alice.home / "plan.ptxt"
        for extra, name in (((), "Restricted Access"), (("--online",), "Restricted Access"), (("--name", "Board only"), "Board only")):
            alice.rms("protect", path, "--perm", "bob@contoso.test:Viewer", "-o", protected, *extra)
            status = alice.rms("--json", "status", protected).json
            assert status["RMSTemplateName"] == name and status["RMSTemplateId"] == "", status
            code, _, reply = bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(protected))})
            assert code == 200 and reply["Name"] == name and reply["Description"] and not reply["FromTemplate"], reply
            protected.unlink()
        # It changes by protecting again, and only so.
        alice.rms("protect", path, "--perm", "bob@contoso.test:Viewer", "--in-place")
        bob.rms("unprotect", protected, "-o", bob.home / "1.txt", code=1)
        bob.rms("protect", protected, "--perm", "bob@contoso.test:Co-Owner", "--in-place", code=1)
        alice.rms("protect", protected, "--perm", "bob@contoso.test:Co-Owner", "--in-place")
        bob.rms("unprotect", protected, "-o", bob.home / "2.txt")
        assert (bob.home / "2.txt").read_bytes() == TEXT
        for bad in (("--perm", ":VIEW"), ("--perm", "bob@contoso.test:"), ("--perm", "bob@contoso.test:VIEW", "--expire-days", "-1"), ()):
            alice.rms("protect", protected, "--in-place", *bad, code=2)


def what_was_asked_for_is_in_the_licence():
    # proves: C-061
    with Lab(people=("alice", "bob", "carol")) as lab:
        alice, carol = lab.person("alice"), lab.person("carol")
        levels = {"Viewer": {"VIEW", "VIEWRIGHTSDATA", "OBJMODEL", "REPLY", "REPLYALL"}}
        levels["Reviewer"] = levels["Viewer"] | {"EDIT", "DOCEDIT", "FORWARD"}
        asked = ("--perm", "bob@contoso.test:Reviewer", "--perm", "carol@contoso.test:Viewer", "--expire-days", "5")
        alice.rms("license", "new", "--out", alice.home / "kept.json", *(a if a != "--expire-days" else "--valid-days" for a in asked))
        for way in (asked, (*asked, "--online"), (*asked, "--owner", "bob@contoso.test"), ("--license", alice.home / "kept.json")):
            path = alice.write("plan.txt", TEXT)
            now = datetime.datetime.now(datetime.timezone.utc)
            owner = "alice@contoso.test"
            if "--owner" in way:
                owner = "bob@contoso.test"
                lab.admin("superuser", "add", "alice@contoso.test")
                lab.admin("superuser", "feature", "enable")
            alice.rms("protect", path, *way, "--in-place")
            reply = alice.rest("POST", "/my/v2/enduserlicenses", {
                "SerializedPublishingLicense": b64(pfile_licence(alice.home / "plan.ptxt"))})[2]
            granted = {user: set(grant["Rights"]) for grant in reply["Policy"]["UserRights"] for user in grant["Users"]}
            assert granted == {"bob@contoso.test": levels["Reviewer"], "carol@contoso.test": levels["Viewer"]}, (way, granted)
            assert reply["Owner"] == owner, reply
            assert alice.rms("--json", "status", alice.home / "plan.ptxt").json["RMSIssuer"] == "alice@contoso.test"
            # It ends for those who are neither owner nor issuer.
            read = carol.rest("POST", "/my/v2/enduserlicenses", {
                "SerializedPublishingLicense": b64(pfile_licence(alice.home / "plan.ptxt"))})[2]
            ends = datetime.datetime.fromisoformat(read["ContentValidUntil"].replace("Z", "+00:00"))
            assert abs((ends - now).total_seconds() - 5 * 86400) < 120, read
            (alice.home / "plan.ptxt").unlink()
        path = alice.write("plan.txt", TEXT)
        for bad in (("--perm", ":Reviewer"), ("--perm", "Reviewer"), ()):
            alice.rms("protect", path, *bad, "--in-place", code=2)
            assert path.read_bytes() == TEXT


def the_owner_needs_no_grant():
    # proves: S-296
    with Lab(people=("alice", "bob")) as lab:
        alice, answers = lab.person("alice"), []
        bob = {"Users": ["bob@contoso.test"], "Rights": ["VIEW"]}
        for more in ([], [{"Users": ["IPC_USER_ID_OWNER"], "Rights": ["OWNER"]}]):
            asked = {"PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False, "Policy": {
                "allowOfflineAccess": True, "IntervalTimeInDays": 7, "UserRights": [bob, *more], "LicenseValidUntil": "2090-01-31T00:00:00Z"}}
            status, _, made = alice.rest("POST", "/my/v2/publishinglicenses", asked)
            assert status == 200 and made["Owner"] == "alice@contoso.test", made
            reply = alice.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": made["SerializedPublishingLicense"]})[2]
            answers.append({k: reply[k] for k in ("AccessStatus", "Rights", "Roles", "IssuedTo", "Owner", "ContentValidUntil", "LicenseValidUntil")})
        assert answers[0] == answers[1] and "OWNER" in answers[0]["Rights"] and answers[0]["ContentValidUntil"] is None, answers
        path = alice.write("plan.txt", TEXT)
        for owner in ("", "nobody", "a@b@contoso.test"):
            status, _, refused = alice.rest("POST", "/my/v2/publishinglicenses", {**asked, "OwnerEmail": owner})
            assert status == 400 and refused["Reason"] == "bad-argument", refused
            alice.rms("protect", path, "--perm", "bob@contoso.test:VIEW", "--owner", owner, "--in-place", code=2)
            assert path.read_bytes() == TEXT


def protecting_again_makes_another_issuer():
    # proves: C-065, S-084
    with Lab(people=("alice", "bob", "mallory", "carol")) as lab:
        alice, bob, mallory, carol = (lab.person(n) for n in ("alice", "bob", "mallory", "carol"))
        path = alice.write("again.txt", TEXT)
        alice.rms("protect", path, "--perm", "bob@contoso.test:VIEW,EXPORT", "--perm", "mallory@contoso.test:VIEW,EDIT", "--in-place")
        protected = alice.home / "again.ptxt"
        before = protected.read_bytes()
        done = mallory.rms("protect", protected, "--only-me", "--in-place", code=1)
        assert "already-protected" in done.err and protected.read_bytes() == before, done
        bob.rms("protect", protected, "--perm", "mallory@contoso.test:Co-Owner", "--in-place")
        assert bob.rms("--json", "status", protected).json["RMSIssuer"] == "bob@contoso.test"
        mallory.rms("unprotect", protected, "-o", mallory.home / "again.txt")
        assert (mallory.home / "again.txt").read_bytes() == TEXT

        # an owner by right: the new version is his, the record of the old one stays where it was
        alice.rms("protect", alice.write("d.txt", TEXT), "--perm", "bob@contoso.test:OWNER", "--in-place")
        document = alice.home / "d.ptxt"
        old, before = alice.rms("--json", "status", document).json["ContentId"], document.read_bytes()
        assert "no-rights" in carol.rms("protect", document, "--only-me", "--in-place", code=1).err
        assert document.read_bytes() == before
        bob.rms("protect", document, "--perm", "carol@contoso.test:VIEW", "--in-place")
        new = bob.rms("--json", "status", document).json
        assert new["ContentId"] != old and new["RMSIssuer"] == new["RMSOwner"] == "bob@contoso.test", new
        assert alice.rms("--json", "track", old).json["Issuer"] == "alice@contoso.test"
        assert bob.rms("--json", "track", new["ContentId"]).json["Issuer"] == "bob@contoso.test"
        bob.rms("track", old, code=4)


def encryption_packages():
    # touches: S-128, S-300
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        text = TEXT * 400 + b"!"
        for package, mode, size in ((None, "MICROSOFT.CBC4K", 32), ("aes256-cbc4k", "MICROSOFT.CBC4K", 32), ("aes128-cbc4k", "MICROSOFT.CBC4K", 16),
                                    ("aes128-ecb", "MICROSOFT.ECB", 16)):
            docx = (SOURCE / "test/vectors/files/budget.docx").read_bytes()
            for way, name, data in ((("--in-place",), "a.txt", text), (("--online", "--in-place"), "b.bin", text), (("--in-place",), "c.docx", docx)):
                path = alice.write(name, data)
                alice.rms("protect", path, "--perm", "bob@contoso.test:VIEW,EXPORT", *(("--cipher", package) if package else ()), *way)
                done = path if path.exists() else next(p for p in (path.with_suffix(".ptxt"), path.with_name(name + ".pfile")) if p.exists())
                if name != "c.docx":
                    key = bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(done))})[2]["Key"]
                    assert (key["CipherMode"], key["Size"]) == (mode, size), (package, key)
                for person in (alice, bob):
                    out = person.home / f"out-{package}-{name}"
                    person.rms("unprotect", done, "-o", out)
                    assert out.read_bytes() == data, (package, name)
                done.unlink()
        path = alice.write("d.txt", text)
        alice.rms("protect", path, "--perm", "bob@contoso.test:VIEW", "--cipher", "des", code=2)
        # a licence file says it too, and the list of rights can be changed under each
        alice.rms("license", "new", "--out", alice.home / "old.lic", "--perm", "bob@contoso.test:VIEW", "--cipher", "aes128-ecb")
        alice.rms("protect", path, "--license", alice.home / "old.lic", "--in-place")
        assert bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(alice.home / "d.ptxt"))})[2]["Key"]["CipherMode"] == "MICROSOFT.ECB"
        alice.rms("perms", "set", alice.home / "d.ptxt", "--perm", "bob@contoso.test:EXPORT")
        bob.rms("unprotect", alice.home / "d.ptxt", "-o", bob.home / "d.txt")
        assert (bob.home / "d.txt").read_bytes() == text
        assert bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(alice.home / "d.ptxt"))})[2]["Key"]["CipherMode"] == "MICROSOFT.ECB"
        for bad in ("AES512", "", 5):
            status, _, reply = alice.rest("POST", "/my/v2/publishinglicenses", {"EncryptionPackage": bad, "Policy": {"UserRights": []}})
            assert status == 400 and reply["Reason"] == "bad-argument", reply


def content_key(person, file):
    _, _, reply = person.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(file))})
    return reply["Key"]["Value"]


def an_edited_document_is_saved_under_its_licence():
    # proves: S-127, S-141
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")

        def facts(file):
            status = alice.rms("status", "--json", file).json
            return pfile_licence(file), status["RMSOwner"], status["ContentId"], content_key(alice, file)

        def save(person, file, text, code=0):
            edited = person.write("edited.txt", text)
            done = subprocess.run([BUILD / "examples/example_save", file, edited], env=person.env(), capture_output=True, text=True, timeout=120)
            assert done.returncode == code, done
            return done.stderr

        for name in ("one.txt", "two.txt"):
            alice.rms("protect", alice.write(name, TEXT), "--perm", "bob@contoso.test:VIEW,EDIT,EXTRACT", "--in-place")
        one, two = alice.home / "one.ptxt", alice.home / "two.ptxt"
        before = facts(one)
        assert not {before[0], *before[2:]} & {facts(two)[0], *facts(two)[2:]}, "two files share something"
        # bob may edit: everything but the content stays, and everybody reads what he wrote
        for text in (b"The merger is off.\n", TEXT * 3000, b""):
            save(bob, one, text)
            assert facts(one) == before and text[:20] not in one.read_bytes()[len(before[0]):] or not text
            for person in (alice, bob):
                assert person.rms("cat", one).out == text.decode()
        # protecting again makes a new one of everything
        alice.rms("protect", one, "--perm", "bob@contoso.test:VIEW", "--in-place")
        after = facts(one)
        assert all(a != b for a, b in zip((before[0], *before[2:]), (after[0], *after[2:]))), "protected again, and still the same"
        # bob may only look now
        whole = one.read_bytes()
        assert "no-rights" in save(bob, one, b"Sell!\n", code=1)
        assert one.read_bytes() == whole
        # without the service the kept licence says the same
        assert bob.rms("cat", two).out.encode() == TEXT
        before = facts(two)
        lab.stop()
        save(bob, two, b"Offline.\n")
        assert "no-rights" in save(bob, one, b"Sell!\n", code=1)
        assert one.read_bytes() == whole and bob.rms("--offline", "cat", two).out == "Offline.\n"
        lab.start()
        assert facts(two) == before and alice.rms("cat", two).out == "Offline.\n"


def the_service_sees_no_content():
    # touches: C-040, S-129
    marker = b"MARKER-6f1d7b3e0c0f4d6e9b0e0d2f6c2f9a11"
    with Lab(people=("alice", "bob"), rmsd_args=("--log-level", "trace")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        path = alice.write("secret.txt", marker * 10)
        alice.rms("protect", path, "--perm", "bob@contoso.test:Co-Author", "--in-place")
        bob.rms("open", alice.home / "secret.ptxt", "-o", bob.home / "clear.txt")
        token = alice.token()
        status, _, reply = lab.http("POST", "/my/v2/enduserlicenses",
                                    {"SerializedPublishingLicense": "AAAA", "Content": marker.decode()},
                                    {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
        assert status == 400, (status, reply)
        lab.stop()
        for file in [*lab.data.rglob("*"), lab.dir / "rmsd.log"]:
            if file.is_file():
                data = file.read_bytes()
                assert marker not in data, file
                assert token.encode() not in data, file


if __name__ == "__main__":
    main(protect_open_refuse, viewer_may_not_take_protection_off, the_list_of_users_and_rights, forwarded_file_stays_protected, templates_follow_the_service,
         nothing_stops_the_issuer, every_cause_has_its_own_name, a_day_ends_where_it_was_named, only_for_me, groups_and_domains,
         a_policy_without_a_name_is_restricted_access, what_was_asked_for_is_in_the_licence, the_owner_needs_no_grant, protecting_again_makes_another_issuer,
         encryption_packages, an_edited_document_is_saved_under_its_licence, the_service_sees_no_content)
