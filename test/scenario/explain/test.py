"""The help desk asks why somebody may or may not open a document: the answer is the licence path's own, and says what to do."""
import pathlib
import tempfile
import time

from rmslab import Lab, b64, main, pfile_licence
from rmsmail import read_messages, text_of, wait_for

TEXT = b"Figures of the second quarter.\n"
DAY = 86400


def protect(person, name, *policy):
    path = person.write(name, TEXT)
    return person.rms("--json", "protect", path, *policy, "--in-place").json_lines[0]["EncryptedFile"]


def explain(lab, who, path, *more):
    return lab.admin("--json", "explain", "--user", who, "--file", path, *more).json


def answer(person, path, token=True):
    """What the person's own request gets: (granted, reason)."""
    status, _, reply = person.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(path))}, token)
    return (reply["AccessStatus"] == "AccessGranted", reply["Reason"]) if status == 200 else (False, reply["Reason"])


def agree(lab, person, path, reason, fact, remedy, token=True):
    """The explanation names this reason, fact and remedy, and the person's own request has the same outcome."""
    told = explain(lab, person.address, path)
    assert (told["Granted"], told["Reason"]) == (reason is None, reason), told
    assert fact in told["Fact"], told
    assert remedy in told["NextStep"], told
    got = answer(person, path, token)
    assert got == (reason is None, reason), (reason, got)
    return told


def every_reason():
    # proves: B-01
    with Lab(people=("alice", "bob", "carol", "mallory")) as lab:
        alice, bob, carol, mallory = (lab.person(n) for n in ("alice", "bob", "carol", "mallory"))
        path = protect(alice, "plan.txt", "--perm", "bob@contoso.test:Viewer", "--perm", "carol@contoso.test:Viewer")

        told = agree(lab, bob, path, None, "entries of the policy name", "nothing")
        assert told["Rule"] == "policy" and "VIEW" in told["Rights"] and told["Matches"][0]["By"] == "address", told
        assert told["Policy"]["Source"] == "licence" and told["Document"]["Owner"] == "alice@contoso.test", told
        assert agree(lab, alice, path, None, "protected it", "nothing")["Rule"] == "issuer"
        told = agree(lab, mallory, path, "no-rights", "no entry of the policy", "group member add")
        assert told["Matches"] == [] and told["Rights"] == [], told
        token = carol.token()
        lab.admin("user", "set", "carol@contoso.test", "--disable")
        agree(lab, carol, path, "account-disabled", "disabled", "--enable", token)
        lab.admin("service", "disable", "--force")
        agree(lab, bob, path, "tenant-disabled", "switched off", "service enable")
        lab.admin("service", "enable")

        content = alice.rms("--json", "status", path).json["ContentId"]
        alice.rms("revoke", path, "--yes")
        told = agree(lab, bob, path, "revoked", "alice@contoso.test", "tracking restore")
        assert told["Document"]["RevokedBy"] == "alice@contoso.test", told
        assert agree(lab, alice, path, None, "protected it", "nothing")["Document"]["Revoked"]
        lab.admin("tracking", "restore", content)

        # what is wrong with the licence itself: read it, change the last signature, cut it off
        signed = pfile_licence(path)
        at = signed.rindex(b"</VALUE></SIGNATURE>") - 40
        for name, data, reason in (("forged", signed[:at] + (b"A" if signed[at:at + 1] != b"A" else b"B") + signed[at + 1:], "bad-signature"),
                                   ("cut", signed[:200], "bad-license"), ("none", b"<xml/>", "bad-license")):
            told = lab.admin("--json", "explain", "--user", bob.address, "--licence", alice.write(name, data)).json
            assert (told["Reason"], told["Document"]) == (reason, None) and "fresh copy" in told["NextStep"], told
            status, _, reply = bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(data)})
            assert (status, reply["Reason"]) == (400, reason), reply

        # A template that goes, content that ends, an account that came later.
        template = lab.admin("--json", "template", "add", "--name", "Brief", "--grant", "bob@contoso.test:VIEW", "--expire-days", "10", "--published").json["TemplateId"]
        alice.rms("template", "list", "--refresh")
        brief = protect(alice, "brief.txt", "--template", template)
        told = agree(lab, bob, brief, None, "entries", "nothing")
        assert told["Policy"] | {"TemplateChangedTime": 0, "ContentExpires": 0} == {
            "Source": "template", "TemplateId": template, "TemplateName": "Brief", "TemplateVersion": 1, "TemplateStatus": "Published",
            "TemplateChangedTime": 0, "ContentExpires": 0, "OfflineDays": -1}, told
        lab.admin("template", "set", template, "--grant", "mallory@contoso.test:VIEW", "--force")
        assert agree(lab, mallory, brief, None, "entries", "nothing")["Policy"]["TemplateVersion"] == 2
        agree(lab, bob, brief, "no-rights", "no entry", "group member add")
        lab.move_clock(days=11)
        agree(lab, mallory, brief, "expired", "expired at", "owner")
        lab.admin("template", "remove", template, "--force")
        agree(lab, mallory, brief, "template-not-found", "template is gone", "template restore")
        lab.move_clock(days=10)
        lab.admin("user", "remove", "bob@contoso.test", "--force")
        lab.add_user("bob")
        bob.login()
        agree(lab, bob, path, "account-newer-than-content", "younger", "grants access anew")

        # In words, too; and the log says who was asked about, not the licence.
        words = lab.admin("explain", "--user", "mallory@contoso.test", "--file", path)
        assert "mallory@contoso.test may not open it: no entry of the policy" in words.out and "next step" in words.out, words
        rows = lab.admin("log", "admin").out
        assert "ExplainDecision" in rows and "mallory@contoso.test" in rows and b64(signed)[:40] not in rows, rows[-3000:]
        # nothing of it is a request of the person: no usage row
        assert not [r for r in lab.usage(user_id="mallory@contoso.test") if r["request-type"] == "ExplainDecision"]


def how_a_person_is_in_a_group():
    # touches: B-01, S-037, S-039, S-044, S-045
    with Lab(people=("alice", "erin")) as lab:
        alice, erin = lab.person("alice"), lab.person("erin")
        for group in ("mkt", "mkt-eu", "mkt-at"):
            lab.admin("group", "add", group, "--address", f"{group}@contoso.test")
        lab.admin("group", "member", "add", "mkt", "mkt-eu@contoso.test")
        lab.admin("group", "member", "add", "mkt-eu", "mkt-at@contoso.test", "mkt@contoso.test")  # a cycle as well
        path = protect(alice, "plan.txt", "--perm", "mkt@contoso.test:Viewer")
        agree(lab, erin, path, "no-rights", "no entry of the policy", "group member add")
        # membership as it was read counts until it is read anew, and the explanation says so
        lab.admin("group", "member", "add", "mkt-at", "erin@contoso.test")
        agree(lab, erin, path, "no-rights", "membership was read before", "")
        lab.admin("identity", "refresh", "--user", "erin@contoso.test")
        told = agree(lab, erin, path, None, "entries", "nothing")
        match = told["Matches"][0]
        assert (match["By"], [g["Name"] for g in match["Path"]], match["Stale"]) == ("group", ["mkt-at", "mkt-eu", "mkt"], False), told
        assert 0 <= told["Person"]["CacheAgeSeconds"] <= told["Person"]["CacheLimitSeconds"], told
        words = lab.admin("explain", "--user", "erin@contoso.test", "--file", path).out
        assert "mkt-at > mkt-eu > mkt" in words, words
        lab.admin("group", "member", "remove", "mkt-at", "erin@contoso.test")
        told = agree(lab, erin, path, None, "entries", "nothing")
        assert told["Matches"][0]["Stale"] and told["Matches"][0]["Path"] == [], told
        # an address that is entered but does not count
        lab.admin("user", "set", "erin@contoso.test", "--address", "erin.m@contoso.test")
        upn = protect(alice, "upn.txt", "--perm", "erin@contoso.test:Viewer")
        agree(lab, erin, upn, "no-rights", "does not authorise, erin@contoso.test", "")


def what_stays_hidden():
    # touches: B-01, S-001
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
        lab.admin("user", "add", "fay@fabrikam.test", "--tenant", "fabrikam.test")
        lab.admin("group", "add", "sales", "--address", "sales@fabrikam.test", "--tenant", "fabrikam.test")
        lab.admin("group", "member", "add", "sales", "fay@fabrikam.test", "--tenant", "fabrikam.test")
        path = protect(alice, "plan.txt", "--perm", "fay@fabrikam.test:Viewer", "--perm", "sales@fabrikam.test:Reviewer")

        def of(tenant, who, code=0, **body):
            status, reply = lab.admin_http("POST", f"/tenants/{tenant}/explain", {"User": who, **body})
            assert status == (200 if code == 0 else code), (status, reply)
            return reply

        licence = {"SerializedPublishingLicense": b64(pfile_licence(path))}
        # a person of another organisation is the address, whether it exists or not
        told, ghost = (of("contoso.test", who, **licence) for who in ("fay@fabrikam.test", "nobody@fabrikam.test"))
        assert told["Granted"] and [m["Principal"] for m in told["Matches"]] == ["fay@fabrikam.test"], told
        for reply, who in ((told, "fay"), (ghost, "nobody")):
            assert reply["Person"] == {"Address": f"{who}@fabrikam.test", "External": True, "Enabled": True, "Guest": False,
                                       "SuperUser": False, "Addresses": [f"{who}@fabrikam.test"], "Ignored": [], "CreatedTime": None}, reply
        assert not ghost["Granted"] and ghost["Reason"] == "no-rights", ghost
        # another tenant's licence is like nobody's: its policy, owner and state are not told, and neither is it by id
        foreign = of("fabrikam.test", "fay@fabrikam.test", **licence)
        assert (foreign["Reason"], foreign["Document"], foreign["Policy"], foreign["Matches"]) == ("unknown-key", None, None, []), foreign
        lab.admin("service", "disable", "--tenant", "contoso.test", "--force")
        assert of("fabrikam.test", "fay@fabrikam.test", **licence) | {"Person": 0} == foreign | {"Person": 0}
        lab.admin("service", "enable", "--tenant", "contoso.test")
        content = alice.rms("--json", "status", path).json["ContentId"]
        missing = of("fabrikam.test", "fay@fabrikam.test", 404, ContentId=content)
        assert missing["Reason"] == "not-registered", missing
        # accounts of this tenant that are not there
        assert of("contoso.test", "ghost@contoso.test", 404, **licence)["Reason"] == "not-found"
        for body in ({}, {"ContentId": content, **licence}, {"ContentId": content, "Wanted": ["VIEEW"]}, {"ContentId": content, "Extra": 1},
                     {"SerializedPublishingLicense": "not base64!"}):
            assert of("contoso.test", "bob@contoso.test", 400, **body)["Reason"] == "bad-argument", body
        # by content id: of a document with its own list only what the service remembers
        told = of("contoso.test", "bob@contoso.test", ContentId=content)
        assert (told["Reason"], told["Policy"]["Source"]) == ("no-rights", "unknown") and "in the file" in told["Fact"], told
        assert of("contoso.test", "alice@contoso.test", ContentId=content)["Rule"] == "issuer"
        assert "--file" in lab.admin("explain", "--user", "bob@contoso.test", "--content-id", content, "--tenant", "contoso.test").out
        # bad command lines send nothing
        lab.admin("explain", "--file", path, code=2)
        lab.admin("explain", "--user", "bob@contoso.test", code=2)
        lab.admin("explain", "--user", "bob@contoso.test", "--file", path, "--content-id", content, code=2)
        lab.admin("explain", "--user", "bob@contoso.test", "--file", bob.write("plain.txt", TEXT), code=1)
        lab.admin("explain", "--user", "bob@contoso.test", "--file", bob.home / "none", code=4)


def super_users():
    # touches: B-01, S-174, S-180
    with Lab(people=("alice", "bob")) as lab:
        path = protect(lab.person("alice"), "plan.txt", "--perm", "bob@contoso.test:Viewer")
        lab.admin("superuser", "add", "bob@contoso.test")
        assert not explain(lab, "bob@contoso.test", path)["Person"]["SuperUser"]  # the feature is off
        lab.admin("superuser", "feature", "enable", "--force")
        told = explain(lab, "bob@contoso.test", path)
        assert (told["Rule"], told["Rights"], told["Offline"]) == ("super user", ["OWNER"], False), told
        assert explain(lab, "bob@contoso.test", path, "--right", "VIEW")["Rule"] == "policy"


def super_users_for_a_time():
    # touches: S-179
    # proves: S-183
    with tempfile.TemporaryDirectory() as mail, \
            Lab(people=("alice", "bob", "carol"), rmsd_args=["--set", f"mail=directory:{mail}"]) as lab:
        def told(count):
            messages = wait_for(lambda: read_messages(pathlib.Path(mail).glob("*.eml")), lambda m: len(m) == count)
            return [(m["To"], text_of(m)) for m in messages]

        carol = lab.person("carol")
        lab.admin("superuser", "alert", "set", "not an address", code=2)
        state = lab.admin("--json", "superuser", "alert", "set", "security@contoso.test", "boss@elsewhere.test").json
        assert state["Alerts"] == ["security@contoso.test", "boss@elsewhere.test"], state
        path = protect(lab.person("alice"), "plan.txt", "--perm", "bob@contoso.test:Viewer")
        lab.admin("superuser", "feature", "enable", "--force")
        later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        lab.admin("superuser", "add", "carol@contoso.test", "--until", "2020-01-01", code=2)
        shown = lab.admin("--json", "superuser", "add", "carol@contoso.test", "--until", later, "--reason", "case 17").json
        entry = shown["Entries"][0]
        assert (entry["Reason"], entry["Until"], entry["Ended"], entry["AddedBy"]) == ("case 17", later, False, "operator"), entry
        assert agree(lab, carol, path, None, "super user right", "nothing")["Rule"] == "super user"
        told(2 * 2)  # mail that waits a day is dropped
        lab.move_clock(days=1)
        carol.login()
        token = carol.token()
        agree(lab, carol, path, "no-rights", "no entry", "", token)  # nobody did anything: it ended
        assert not explain(lab, "carol@contoso.test", path)["Person"]["SuperUser"]
        assert lab.admin("--json", "superuser", "list").json["Entries"][0]["Ended"]
        again = lab.admin("--json", "superuser", "add", "carol@contoso.test").json["Entries"]
        assert len(again) == 1 and again[0]["Until"] is None, again
        assert answer(carol, path, token) == (True, None)
        lab.admin("superuser", "add", "carol@contoso.test", code=5)
        assert "case 17" in lab.admin("log", "admin").out
        # Each change was told, also that nobody is to be told any more; what was refused was no change.
        lab.admin("superuser", "remove", "carol@contoso.test")
        lab.admin("superuser", "group", "clear")
        lab.admin("superuser", "alert", "clear")
        lab.admin("superuser", "feature", "disable", "--force")
        letters = told(2 * 6)
        assert sorted({to for to, _ in letters}) == ["boss@elsewhere.test", "security@contoso.test"]
        for words in ('"Enabled":', '"Add":["carol@contoso.test"]', "case 17", '"Remove":["carol@contoso.test"]', '"Group":""', '"Alerts":""'):
            assert sum(words in text for _, text in letters) in (2, 4), (words, letters)
        assert all("operator changed who is a super user of Contoso" in text for _, text in letters), letters


if __name__ == "__main__":
    main(every_reason, how_a_person_is_in_a_group, what_stays_hidden, super_users, super_users_for_a_time)
