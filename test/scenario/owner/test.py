"""Whose a document is, and who may see it: handing over, delegates, recovery that two administrators decide about."""
import json
import time
import uuid

from rmslab import PASSWORD, Lab, b64, main, pfile_licence

TEXT = b"The merger closes on Friday.\n" * 3


def protect(person, name, *policy):
    """A protected file and its content id."""
    path = person.write(name, TEXT)
    made = person.rms("--json", "protect", path, *policy, "--in-place").json_lines[0]
    return made["EncryptedFile"], person.rms("--json", "status", made["EncryptedFile"]).json["ContentId"]


def asks(person, path):
    """What the service answers a request for a licence now: (rights, reason), and whom to ask."""
    code, _, reply = person.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(path))})
    assert code == 200, reply
    return (reply["Rights"] if reply["AccessStatus"] == "AccessGranted" else None, reply["Reason"]), reply["Referrer"]


def decided(person, path):
    return asks(person, path)[0]


def names(person):
    return sorted(d["ContentName"] or "-" for d in person.rms("--json", "track").json_lines)


def admin_rows(lab, command):
    rows = (json.loads(line) for line in lab.admin("log", "admin", "--json", "--tenant", "contoso.test").out.splitlines())
    return [r for r in rows if r["command"].split()[0] == command]


def wait_for(look, seconds=60):
    """What look() gives as soon as it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError("it did not happen in time")


def lab_usage(lab, user, content_id):
    time.sleep(0.5)
    rows = [json.loads(line) for line in lab.admin("log", "usage", "--json", "--tenant", "contoso.test").out.splitlines()]
    return [r for r in rows if r["user-id"] == user and r["content-id"] == content_id and r["result"] == "Success"]


FULL = (["OWNER"], None)
NONE = (None, "no-rights")


def one_document_and_all_of_a_leaver():
    # touches: B-07, S-042, S-065, S-158
    with Lab(people=("alice", "bob", "carol", "root")) as lab:
        alice, bob, carol, root = (lab.person(n) for n in ("alice", "bob", "carol", "root"))
        lab.admin("role", "add", "root@contoso.test")
        first, first_id = protect(alice, "first.txt", "--only-me")
        second, second_id = protect(alice, "second.txt", "--perm", "carol@contoso.test:VIEW")
        hidden, hidden_id = protect(alice, "hidden.txt", "--only-me", "--no-track")
        root.rms("admin", "login")

        # one document by its id, by an administrator
        assert decided(alice, first) == FULL and decided(bob, first) == NONE
        done = root.rms("--json", "admin", "owner", "transfer", first_id, "--to", "bob@contoso.test", "--reason", "moved", "--force").json
        assert (done["From"], done["To"], done["Changed"]) == ("alice@contoso.test", "bob@contoso.test", True), done
        assert decided(bob, first) == FULL and decided(alice, first) == NONE
        assert asks(carol, first) == (NONE, "mailto:bob@contoso.test")  # whom to ask now
        assert names(bob) == ["first.txt"] and names(alice) == ["second.txt"]
        assert bob.rms("--json", "track", first).json["Owner"] == "bob@contoso.test"
        assert "role-required" in alice.rms("track", first, code=3).err
        assert "not-registered" in alice.rms("revoke", first_id, "--yes", code=4).err
        events = bob.rms("--json", "track", first_id).json["Events"]
        assert ("carol@contoso.test", False) in [(e["RequesterEmail"], e["Successful"]) for e in events], events
        bob.rms("revoke", first, "--yes")
        assert decided(bob, first) == FULL and decided(alice, first) == (None, "revoked")
        bob.rms("revoke", first_id, "--undo")
        assert bob.rms("unprotect", first, "-o", bob.home / "plain.txt") and (bob.home / "plain.txt").read_bytes() == TEXT
        assert root.rms("--json", "admin", "owner", "transfer", first_id, "--to", "bob@contoso.test", "--force").json["Changed"] is False
        bob.rms("track", first, "--notify", "opened", code=1)
        told = lab.admin("--json", "explain", "--user", "bob@contoso.test", "--file", first).json
        assert told["Granted"] and told["Rule"] == "issuer" and "handed over" in told["Fact"], told
        row = admin_rows(lab, "TransferOwnership")[0]
        assert row["actor"] == "root@contoso.test" and "from alice@contoso.test to bob@contoso.test" in row["result"], row
        row = lab.usage(request_type="TransferOwnership", result="Success")[0]
        assert row["admin-action"] and row["acting-as-user"] == "alice@contoso.test" and row["user-id"] == "root@contoso.test", row

        # everything of somebody who leaves, for a person who came later than the documents: registered or not
        lab.move_clock(days=40)
        lab.add_user("dora")
        dora = lab.person("dora")
        for person in (alice, bob, carol, dora, root):
            person.login()
        assert decided(dora, second) == NONE
        lab.admin("owner", "transfer", "--from", "alice@contoso.test", "--to", "dora@contoso.test", "--force")
        assert decided(dora, second) == decided(dora, hidden) == FULL and decided(dora, first) == NONE
        assert decided(alice, second) == decided(alice, hidden) == NONE and decided(carol, second)[0] == ["VIEW"]
        assert names(dora) == ["-", "second.txt"] and names(alice) == []  # opening it made the other one known
        dora.rms("track", hidden, "--register", "--name", "found.txt")
        assert names(dora) == ["found.txt", "second.txt"]
        dora.rms("revoke", second, "--yes")
        assert decided(carol, second) == (None, "revoked")
        # what the former owner says of it by name gives him nothing; licences tell the minute
        lab.move_clock(seconds=60)
        for content_id in (hidden_id, second_id, str(uuid.uuid4())):
            code, _, reply = alice.rest("POST", "/my/v2/documents", {"Automatic": True, "Documents": [
                {"ContentId": content_id, "Issuer": "alice@contoso.test", "ContentName": "x", "NotificationType": "Enabled"}]})
            assert code == 200 and reply[0]["Registered"] == (content_id not in (hidden_id, second_id)), reply
        assert names(dora) == ["found.txt", "second.txt"]
        # what she protects later is hers
        later, _ = protect(alice, "later.txt", "--only-me")
        assert decided(alice, later) == FULL and decided(dora, later) == NONE
        # it goes on with the next one, and one who is gone is known by the address
        lab.admin("owner", "transfer", "--from", "dora@contoso.test", "--to", "carol@contoso.test", "--force")
        assert decided(carol, hidden) == FULL and decided(dora, hidden) == NONE
        lab.move_clock(seconds=60)
        lab.admin("user", "remove", "alice@contoso.test", "--force")
        lab.admin("owner", "transfer", "--from", "alice@contoso.test", "--to", "bob@contoso.test", "--force")
        assert decided(bob, later) == FULL and decided(carol, hidden) == FULL
        # nor does a new account of the old address have any of it
        lab.add_user("alice")
        heir = lab.person("alice", device="2")
        heir.login()
        assert decided(heir, hidden) == decided(heir, later) == NONE and names(heir) == []
        listed = lab.admin("--json", "owner", "list").json_lines
        assert listed[0]["To"] == "bob@contoso.test" and listed[-1]["ContentId"] == first_id and listed[-1]["Reason"] == "moved", listed

        # the owner himself gives it on; a restart changes nothing
        bob.rms("track", first, "--hand-over", "dora@contoso.test", code=2)  # nobody to say yes
        bob.rms("track", first, "--hand-over", "dora@contoso.test", "--yes")
        lab.stop()
        lab.start()
        assert decided(dora, first) == FULL and decided(bob, first) == NONE
        assert "role-required" in bob.rms("track", first, "--hand-over", "bob@contoso.test", "--yes", code=3).err


def taking_what_is_not_ones_own():
    # touches: B-07, S-001, S-020
    with Lab(people=("alice", "bob", "root", "ipadm")) as lab:
        alice, bob, root, ipadm = (lab.person(n) for n in ("alice", "bob", "root", "ipadm"))
        lab.admin("role", "add", "root@contoso.test")
        lab.admin("role", "add", "ipadm@contoso.test", "--role", "ProtectionAdministrator")
        lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
        for name, tenant in (("fay@fabrikam.test", "fabrikam.test"), ("gina@partner.test", "contoso.test")):
            lab.admin("user", "add", name, *(["--guest"] if "gina" in name else []), "--tenant", tenant, "--password-stdin", stdin=PASSWORD + "\n")
        fay = lab.person("fay@fabrikam.test")
        fay.login()
        path, content_id = protect(alice, "plan.txt", "--perm", "domain:contoso.test:Co-Owner", "--perm", "fay@fabrikam.test:VIEW")
        theirs, theirs_id = protect(fay, "theirs.txt", "--only-me")
        for admin in (root, ipadm):
            admin.rms("admin", "login")
        transfer = ("admin", "owner", "transfer")
        # to himself, without the role, out of the house, to nobody, to a group
        assert "role-required" in root.rms(*transfer, content_id, "--to", "root@contoso.test", "--force", code=3).err
        assert "role-required" in root.rms(*transfer, "--from", "alice@contoso.test", "--to", "root@contoso.test", "--force", code=3).err
        assert "role-required" in ipadm.rms(*transfer, content_id, "--to", "bob@contoso.test", "--force", code=3).err
        lab.admin("group", "add", "mkt@contoso.test", "--tenant", "contoso.test")
        lab.admin("user", "set", "bob@contoso.test", "--disable", "--tenant", "contoso.test")
        for to, code in (("fay@fabrikam.test", 4), ("nobody@contoso.test", 4), ("mkt@contoso.test", 4), ("gina@partner.test", 2), ("bob@contoso.test", 2), ("x", 4)):
            root.rms(*transfer, content_id, "--to", to, "--force", code=code)
            alice.rms("track", path, "--hand-over", to, "--yes", code=code)
        lab.admin("user", "set", "bob@contoso.test", "--enable", "--tenant", "contoso.test")
        bob.login()
        # what is another organisation's is like what is nowhere
        for what in (theirs_id, str(uuid.uuid4())):
            assert "not-registered" in root.rms(*transfer, what, "--to", "bob@contoso.test", "--force", code=4).err
        assert "unknown-key" in root.rms(*transfer, theirs, "--to", "bob@contoso.test", "--force", code=1).err
        root.rms(*transfer, "--from", "fay@fabrikam.test", "--to", "bob@contoso.test", "--force", code=4)
        root.rms(*transfer, "--from", "alice@contoso.test", "--to", "alice@contoso.test", "--force", code=2)
        root.rms(*transfer, content_id, "--from", "alice@contoso.test", "--to", "bob@contoso.test", "--force", code=2)
        root.rms(*transfer, "--to", "bob@contoso.test", "--force", code=2)
        root.rms(*transfer, content_id, "--to", "bob@contoso.test", code=2)  # nobody to say yes
        forged = bytearray(pfile_licence(path))
        forged[len(forged) // 2] ^= 1
        status, reply = lab.admin_http("POST", "/tenants/contoso.test/handovers",
                                       {"To": "bob@contoso.test", "SerializedPublishingLicense": b64(bytes(forged))})
        assert status == 400 and reply["Reason"] in ("bad-signature", "bad-license", "unknown-key"), reply
        for body in ({}, {"To": "bob@contoso.test"}, {"To": 1, "ContentId": content_id}, {"To": "bob@contoso.test", "ContentId": content_id, "Own": True},
                     {"To": "bob@contoso.test", "ContentId": content_id, "Reason": "x" * 1025}):
            assert lab.admin_http("POST", "/tenants/contoso.test/handovers", body)[0] == 400, body
        # readers with all rights, strangers, and who was given only a copy of the id
        for person, what, code in ((bob, path, 3), (bob, content_id, 4), (fay, path, 3), (fay, content_id, 4)):
            person.rms("track", what, "--hand-over", person.address, "--yes", code=code)
        assert lab.admin("--json", "owner", "list", "--tenant", "contoso.test").json_lines == []
        assert decided(alice, path) == FULL and decided(fay, path)[0] == ["VIEW"]
        # the same id under somebody else's name is another document
        lab.admin("owner", "transfer", path, "--to", "bob@contoso.test", "--tenant", "contoso.test", "--force")
        code, _, reply = alice.rest("POST", "/my/v2/documents", {"Automatic": True, "Documents": [
            {"ContentId": content_id, "Issuer": "alice@contoso.test", "ContentName": "mine", "NotificationType": "Enabled"}]})
        assert code == 200 and not reply[0]["Registered"], reply
        assert names(alice) == [] and names(bob) == ["plan.txt"]


def delegates():
    # proves: B-05
    # touches: S-158
    with Lab(people=("alice", "bob", "carol")) as lab:
        alice, bob, carol = (lab.person(n) for n in ("alice", "bob", "carol"))
        lab.add_user("gina@partner.test", "--guest")
        first, first_id = protect(alice, "first.txt", "--perm", "carol@contoso.test:VIEW", "--offline-days", "0")
        second, second_id = protect(alice, "second.txt", "--only-me")
        assert decided(carol, first)[0] == ["VIEW"]
        for to, code in (("nobody@contoso.test", 4), ("gina@partner.test", 2), ("alice@contoso.test", 2)):
            alice.rms("track", first, "--delegate", to, code=code)
        alice.rms("track", "--delegate", "bob@contoso.test", code=2)
        alice.rms("track", first, "--may-revoke", code=2)
        alice.rms("track", first, "--undelegate", "bob@contoso.test", code=4)
        made = alice.rms("--json", "track", first, "--delegate", "bob@contoso.test").json
        assert [(d["Delegate"], d["Rights"], d["AddedBy"]) for d in made["Delegates"]] == [("bob@contoso.test", "See", "alice@contoso.test")], made

        # bob sees the one, with what happened to it, and nothing else; he changes nothing
        assert names(bob) == ["first.txt"] and names(carol) == []
        seen = bob.rms("--json", "track", first_id).json
        assert [(e["RequesterEmail"], e["Successful"]) for e in seen["Events"]] == [("carol@contoso.test", True)], seen
        assert bob.rms("--json", "track", first).json["Events"] == seen["Events"]
        assert decided(bob, first) == NONE  # seeing who opens is not opening
        for words in (("track", second_id), ("track", second_id, "--delegate", "carol@contoso.test"), ("revoke", second_id, "--yes"),
                      ("track", first_id, "--delegate", "carol@contoso.test"), ("track", first_id, "--undelegate", "bob@contoso.test"),
                      ("track", first_id, "--notify", "opened"), ("track", first_id, "--hand-over", "bob@contoso.test", "--yes")):
            assert "not-registered" in bob.rms(*words, code=4).err, words
        assert "role-required" in bob.rms("revoke", first_id, "--yes", code=3).err
        assert "not-registered" in carol.rms("track", first_id, code=4).err
        # every look is in the log, with whom he acts for
        looks = [r for r in lab.usage(user_id="bob@contoso.test", result="Success") if r["request-type"] in ("GetSingle", "LoadEventsForTimeline")]
        assert len(looks) == 4 and all(r["acting-as-user"] == "alice@contoso.test" for r in looks), looks

        alice.rms("track", first, "--delegate", "bob@contoso.test", "--may-revoke")
        assert bob.rms("--json", "revoke", first_id, "--reason", "gone", "--yes").json["RevokedBy"] == "bob@contoso.test"
        assert decided(carol, first) == (None, "revoked")
        bob.rms("revoke", first_id, "--undo")
        # ended by the owner, at once; and by a hand-over
        alice.rms("track", first, "--undelegate", "bob@contoso.test")
        assert "not-registered" in bob.rms("track", first_id, code=4).err and names(bob) == []
        alice.rms("track", first, "--delegate", "bob@contoso.test")
        assert names(bob) == ["first.txt"]
        alice.rms("track", first, "--hand-over", "carol@contoso.test", "--yes")
        assert "not-registered" in bob.rms("track", first_id, code=4).err and names(bob) == []
        assert carol.rms("--json", "track", first_id).json["Delegates"] == []


def two_administrators_decide():
    # proves: B-13
    # touches: S-020, S-179, S-181
    lab = Lab(people=("alice", "bob", "root", "ipadm", "carol"))
    mail = lab.dir / "mail"
    mail.mkdir(mode=0o700)
    lab.rmsd_args += ["--set", f"mail=directory:{mail}"]
    with lab:
        alice, bob, root, ipadm = (lab.person(n) for n in ("alice", "bob", "root", "ipadm"))
        for name in ("root", "ipadm"):
            lab.admin("role", "add", f"{name}@contoso.test", "--role", "ProtectionAdministrator" if name == "ipadm" else "GlobalAdministrator")
            lab.person(name).rms("admin", "login")
        first, first_id = protect(alice, "first.txt", "--only-me")
        second, second_id = protect(alice, "second.txt", "--only-me")
        theirs, theirs_id = protect(bob, "theirs.txt", "--only-me")
        recovery = ("--json", "admin", "recovery")
        ask = (*recovery, "request")
        why = ("--hours", "1", "--reason", "court order", "--ticket", "4711")
        assert "conflict" in root.rms(*ask, first_id, *why, code=5).err  # not required here

        lab.admin("superuser", "add", "carol@contoso.test")
        lab.admin("superuser", "feature", "enable")
        assert decided(lab.person("carol"), first) == FULL
        root.rms("admin", "recovery", "enable")
        assert decided(lab.person("carol"), first) == NONE  # standing rights end
        for words in (("superuser", "add", "root@contoso.test"), ("superuser", "feature", "enable"), ("superuser", "group", "set", "mkt@contoso.test"),
                      ("owner", "transfer", first_id, "--to", "bob@contoso.test", "--force"),
                      ("app", "add", "reader", "--permission", "Content.DelegatedReader")):
            refused = root.rms("admin", *words, code=3).err
            assert "approval-required" in refused, refused
        assert "rms admin recovery request" in root.rms("admin", "superuser", "add", "root@contoso.test", code=3).err
        assert "role-required" in root.rms("admin", "recovery", "disable", "--force", code=3).err

        for bad in ((), (first_id,), (first_id, "--hours", "0", "--reason", "x"), (first_id, "--hours", "200", "--reason", "x"),
                    (first_id, "--owner", "alice@contoso.test", *why), ("--owner", "x", *why)):
            root.rms(*ask, *bad, code=2)
        root.rms(*ask, str(uuid.uuid4()), *why, code=4)
        asked = root.rms(*ask, first, *why).json
        assert (asked["State"], asked["For"], asked["ContentId"], asked["Issuer"]) == ("waiting", "root@contoso.test", first_id, "alice@contoso.test"), asked
        assert decided(root, first) == NONE  # asking is not having
        assert "approval-required" in root.rms(*recovery, "approve", asked["Id"], code=3).err  # nor is approving one's own
        for_bob = root.rms(*ask, second, *why, "--for", "ipadm@contoso.test").json
        assert "approval-required" in ipadm.rms(*recovery, "approve", for_bob["Id"], code=3).err  # nor for oneself
        assert ipadm.rms(*recovery, "deny", for_bob["Id"]).json["State"] == "denied"
        ipadm.rms(*recovery, "approve", for_bob["Id"], code=5)
        ipadm.rms(*recovery, "approve", str(uuid.uuid4()), code=4)
        bob.rms("admin", "recovery", "list", code=6)

        done = ipadm.rms(*recovery, "approve", asked["Id"]).json
        assert (done["State"], done["DecidedBy"]) == ("approved", "ipadm@contoso.test"), done
        assert decided(root, first) == FULL and decided(root, second) == NONE and decided(root, theirs) == NONE and decided(ipadm, first) == NONE
        assert root.rms("cat", first).out.encode() == TEXT
        mails = wait_for(lambda: [m for m in mail.rglob("*") if m.is_file() and b"court order" in m.read_bytes()])
        assert b"alice@contoso.test" in mails[0].read_bytes() and b"root@contoso.test" in mails[0].read_bytes()

        lab.move_clock(seconds=3601)
        root.login()
        assert decided(root, first) == NONE and "no-rights" in root.rms("cat", first, code=1).err
        ended = wait_for(lambda: [r for r in admin_rows(lab, "EndRecovery") if asked["Id"] in r["command"]])
        assert ended[0]["actor"] == "rmsd", ended
        # the four rows: asked, approved, opened, ended
        mine = [r for command in ("RequestRecovery", "ApproveRecovery") for r in admin_rows(lab, command) if r["status"] == "Passed" and asked["Id"] in r["command"] + r["result"]]
        assert [r["actor"] for r in mine] == ["root@contoso.test", "ipadm@contoso.test"], mine
        opened = lab.usage(user_id="root@contoso.test", content_id=first_id, result="Success")
        assert opened and all(r["super-user"] for r in opened if r["request-type"] in ("AcquireLicense", "FECreateEndUserLicenseV1")), opened

        # all of an owner; ended before its time; by the operator as the second
        root.rms("admin", "login")
        more = root.rms(*ask, "--owner", "Alice@contoso.test", *why).json
        lab.admin("recovery", "approve", more["Id"])
        assert decided(root, first) == decided(root, second) == FULL and decided(root, theirs) == NONE
        root.rms(*recovery, "end", more["Id"])
        assert decided(root, second) == NONE
        # nobody approves what nobody remembers; the operator is the way back
        old = root.rms(*ask, "--owner", "alice@contoso.test", *why).json
        lab.admin("recovery", "approve", lab.admin("--json", "recovery", "request", "--owner", "alice@contoso.test", *why, "--for", "bob@contoso.test").json["Id"], code=3)
        lab.move_clock(days=8)
        assert "7 days" in lab.admin("recovery", "approve", old["Id"], code=5).err
        lab.admin("recovery", "disable", "--force")
        lab.admin("superuser", "feature", "enable")
        lab.person("carol").login()
        assert decided(lab.person("carol"), first) == FULL


def super_users():
    # proves: S-020, S-173, S-174, S-175, S-176, S-177, S-179, S-180, S-181
    with Lab(people=("alice", "bob", "root", "erin")) as lab:
        alice, bob, root, erin = (lab.person(n) for n in ("alice", "bob", "root", "erin"))
        lab.admin("role", "add", "root@contoso.test")
        lab.add_user("dave", "--no-address")
        dave = lab.person("dave")
        dave.login()
        lab.admin("template", "add", "--name", "Gone", "--description", "x", "--grant", "alice@contoso.test:VIEW", "--published")
        alice.rms("template", "refresh")
        mine, mine_id = protect(alice, "mine.txt", "--only-me")
        old = {"ended": protect(alice, "ended.txt", "--perm", "alice@contoso.test:VIEW", "--expire-days", "2")[0],
               "revoked": protect(alice, "revoked.txt", "--perm", "domain:contoso.test:VIEW")[0],
               "template": protect(alice, "template.txt", "--template", "Gone")[0], "key": protect(alice, "key.txt", "--only-me")[0]}
        alice.rms("revoke", old["revoked"], "--yes")
        lab.admin("template", "remove", "Gone", "--force", code=None)
        lab.admin("key", "rotate", "--force")

        # S-173: off, and nobody listed; listed while off gives nothing
        state = lab.admin("--json", "superuser", "feature", "status").json
        assert (state["SuperUsersEnabled"], state["SuperUsers"], state["SuperUserGroup"]) == ("Disabled", [], None), state
        lab.admin("superuser", "add", "bob@contoso.test")
        assert decided(bob, mine) == NONE

        # day 4 on, day 5 bob: whatever was protected before
        lab.admin("superuser", "remove", "bob@contoso.test")
        lab.move_clock(days=4)
        lab.admin("superuser", "feature", "enable")
        lab.move_clock(days=1)
        for person in (alice, bob, root, erin):
            person.login()
        assert decided(bob, mine) == NONE
        lab.admin("superuser", "add", "bob@contoso.test")
        assert decided(bob, mine) == FULL
        for name, path in old.items():
            assert decided(bob, path) == FULL, name
            bob.rms("unprotect", path, "--out", bob.home / "out")
            assert (bob.home / "out" / f"{name}.txt").read_bytes() == TEXT, name
        lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
        lab.admin("user", "add", "fay@fabrikam.test", "--tenant", "fabrikam.test", "--password-stdin", stdin=PASSWORD + "\n")
        fay = lab.person("fay@fabrikam.test")
        fay.login()
        assert decided(bob, protect(fay, "theirs.txt", "--only-me")[0]) == NONE
        tenant = ("--tenant", "contoso.test")

        # S-181: for one opening
        assert bob.rms("cat", mine).out.encode() == TEXT
        assert "needs-online" in bob.rms("--offline", "cat", mine, code=6).err

        # S-175
        lab.admin("superuser", "remove", "bob@contoso.test", *tenant)
        assert decided(bob, mine) == NONE
        dave.login()
        lab.admin("superuser", "add", "dave@contoso.test", *tenant)  # by UPN: he has no address
        assert decided(dave, mine) == FULL
        lab.admin("superuser", "remove", "dave@contoso.test", *tenant)
        assert decided(dave, mine) == NONE
        lab.admin("superuser", "add", "nobody@contoso.test", *tenant, code=4)
        assert admin_rows(lab, "SetSuperUsers")[-1]["status"] == "Failed" or admin_rows(lab, "SetSuperUsers")[0]["status"] == "Failed"
        for name in ("mkt", "mkt-eu"):
            lab.admin("group", "add", f"{name}@contoso.test", *tenant)
        lab.admin("group", "add", "sec-it", *tenant)
        assert "superuser group set" in lab.admin("superuser", "add", "mkt@contoso.test", *tenant, code=2).err

        # S-176: the group replaces the former one; nested; without an address none
        lab.admin("group", "member", "add", "mkt@contoso.test", "bob@contoso.test", *tenant)
        lab.admin("group", "refresh", "mkt@contoso.test", *tenant)
        lab.admin("superuser", "group", "set", "sec-it", *tenant, code=2)
        lab.admin("superuser", "group", "set", "mkt@contoso.test", *tenant)
        assert decided(bob, mine) == FULL
        lab.admin("superuser", "group", "set", "mkt-eu@contoso.test", *tenant)
        assert decided(bob, mine) == NONE and decided(erin, mine) == NONE
        lab.admin("group", "add", "inner@contoso.test", *tenant)
        lab.admin("group", "member", "add", "inner@contoso.test", "erin@contoso.test", *tenant)
        lab.admin("group", "member", "add", "mkt-eu@contoso.test", "inner@contoso.test", *tenant)
        lab.move_clock(seconds=3 * 3600)
        for person in (alice, bob, root, erin):
            person.login()
        assert decided(erin, mine) == FULL
        lab.admin("superuser", "add", "bob@contoso.test", *tenant)
        lab.admin("superuser", "group", "clear", *tenant)
        assert decided(erin, mine) == NONE and decided(bob, mine) == FULL

        # S-177: off keeps the lists, and says so
        told = lab.admin("superuser", "feature", "disable", *tenant)
        assert "list is kept" in told.out and "already" not in told.err, told
        assert decided(bob, mine) == NONE
        assert "already" in lab.admin("superuser", "feature", "disable", *tenant).err
        assert lab.admin("--json", "superuser", "list", *tenant).json["SuperUsers"] == ["bob@contoso.test"]
        # S-180 while off: no right, no mark
        shared, shared_id = protect(alice, "shared.txt", "--perm", "bob@contoso.test:VIEW")
        assert "no-rights" in bob.rms("unprotect", shared, "--out", bob.home / "no", code=1).err
        lab.admin("superuser", "feature", "enable", *tenant)
        assert decided(bob, mine) == FULL
        # S-180: what he may anyway is not marked, what he may as super user is
        ask = {"SerializedPublishingLicense": b64(pfile_licence(shared))}
        assert bob.rest("POST", "/my/v2/enduserlicenses?wanted=VIEW", ask)[2]["Rights"] == ["VIEW"]
        bob.rms("unprotect", shared, "--out", bob.home / "yes")
        marks = [r["super-user"] for r in lab_usage(lab, "bob@contoso.test", shared_id)]
        assert marks[0] is False and marks[-1] is True and True not in marks[:-1], marks

        # S-020: a role opens nothing; who makes himself super user is in the log; S-179: four rows for the sequence
        lab.admin("superuser", "remove", "bob@contoso.test", *tenant)
        lab.admin("superuser", "feature", "disable", *tenant)
        root.rms("admin", "login")
        assert "no-rights" in root.rms("cat", mine, code=1).err
        before = len(admin_rows(lab, "SetSuperUsers") + admin_rows(lab, "GetSuperUsers"))
        for words in (("feature", "status"), ("add", "root@contoso.test"), ("list",), ("feature", "enable")):
            root.rms("admin", "superuser", *words)
        rows = [r for command in ("SetSuperUsers", "GetSuperUsers") for r in admin_rows(lab, command) if r["actor"] == "root@contoso.test"]
        assert len(rows) == 4 and all(r["status"] == "Passed" and r["result"] for r in rows), rows
        assert len(admin_rows(lab, "SetSuperUsers") + admin_rows(lab, "GetSuperUsers")) == before + 4
        assert root.rms("cat", mine).out.encode() == TEXT
        row = lab_usage(lab, "root@contoso.test", mine_id)[-1]
        assert row["super-user"] is True, row


def authors_with_listed_rights():
    # proves: B-07
    with Lab(people=("alice", "bob", "carol", "root")) as lab:
        alice, bob, carol, root = (lab.person(n) for n in ("alice", "bob", "carol", "root"))
        def show(name):
            return lab.admin("--json", "template", "show", name).json

        def add(name, *args, code=0):
            made = lab.admin("--json", "template", "add", "--name", name, *args, code=code)
            return made.json if code == 0 else made

        template = add("Cabinet", "--grant", "owner:Viewer", "--grant", "bob@contoso.test:Co-Author", "--author-rights", "listed",
                       "--offline-days", "7", "--published")
        assert template["AuthorRights"] == "Listed" and template["RightsDefinitions"][0]["Principal"] == "IPC_USER_ID_OWNER", template
        add("Odd", "--author-rights", "some", code=2)
        assert lab.admin_http("POST", f"/tenants/-/templates/{template['TemplateId']}", {"AuthorRights": "Some"})[0] == 400
        assert "author-unnamed" in lab.admin("template", "lint", add("Locked", "--author-rights", "listed")["TemplateId"]).out

        def rights(person, path):
            status, _, reply = person.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(path))})
            assert status == 200, reply
            return reply["Rights"] or reply["Reason"]

        def viewer_alone(person, path):
            assert "(no-rights)" in person.rms("unprotect", path, "-o", person.home / "clear.txt", code=1).err
            assert not (person.home / "clear.txt").exists() and "OWNER" not in rights(person, path) and "VIEW" in rights(person, path)
            again = person.rms("protect", path, "--template", "Confidential \\ All Employees", "--in-place", code=1)
            assert "(already-protected)" in again.err, again

        # made on the device, and by the service: the author has no licence of her own beside what is listed
        made = []
        for name, *how in (("device.txt", ), ("service.txt", "--online")):
            alice.rms("protect", alice.write(name, TEXT), "--template", "Cabinet", "--in-place", *how)
            made.append((alice.home / name).with_suffix(".ptxt"))
            assert "(needs-online)" in alice.rms("--offline", "unprotect", made[-1], "-o", alice.home / "clear.txt", code=6).err
            viewer_alone(alice, made[-1])
            viewer_alone(alice, made[-1])  # with the licence that is kept by now
            assert "(no-rights)" in alice.rms("--offline", "unprotect", made[-1], "-o", alice.home / "clear.txt", code=1).err
            assert bob.rms("cat", made[-1]).out.encode() == TEXT and rights(carol, made[-1]) == "no-rights"
        second = alice.device(2)
        second.login()
        viewer_alone(second, made[0])
        told = lab.admin("--json", "explain", "--user", "alice@contoso.test", "--file", made[0]).json
        assert told["Granted"] and told["Rule"] == "policy" and "OWNER" not in told["Rights"], told

        # it goes with export, policy file and history; whoever owns by and by has the same
        file = lab.dir / "cabinet.xml"
        lab.admin("template", "export", "Cabinet", "-o", file)
        lab.admin("template", "set", "Cabinet", "--author-rights", "full")
        assert rights(alice, made[0]) == ["OWNER"]
        lab.admin("template", "import", file, "--force")
        assert show("Cabinet")["AuthorRights"] == "Listed"
        policy = lab.dir / "cabinet.json"
        lab.admin("template", "export", "Cabinet", "--policy-file", "-o", policy)
        assert json.loads(policy.read_text())["AuthorRights"] == "Listed"
        lab.admin("template", "set", "Cabinet", "--offline-days", "5")
        assert show("Cabinet")["AuthorRights"] == "Listed"
        lab.admin("owner", "transfer", made[1], "--to", "carol@contoso.test", "--force")
        assert rights(alice, made[1]) == "no-rights" and "OWNER" not in rights(carol, made[1])
        # a removed template leaves the author nothing to fall back to; super users get in
        lab.admin("template", "remove", "Cabinet", "--force")
        assert rights(alice, made[0]) == rights(bob, made[0]) == "template-not-found"
        lab.admin("superuser", "feature", "enable")
        lab.admin("superuser", "add", "root@contoso.test")
        assert rights(root, made[0]) == ["OWNER"]


if __name__ == "__main__":
    main(authors_with_listed_rights, one_document_and_all_of_a_leaver, taking_what_is_not_ones_own, delegates, two_administrators_decide, super_users)
