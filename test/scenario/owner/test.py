"""Whose a document is, and who may see it: handing over, delegates, recovery that two administrators decide about."""
import json
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


if __name__ == "__main__":
    main(one_document_and_all_of_a_leaver, taking_what_is_not_ones_own)
