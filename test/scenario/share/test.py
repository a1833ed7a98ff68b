"""rms share: protected copies for others, a mail that brings them, and what is true of them afterwards."""
import email
import email.policy
import hashlib
import os

from rmslab import Lab, b64, main, pfile_licence

TEXT = b"The merger closes on Friday.\n"


def copies_are_what_was_asked_for():
    # proves: C-105
    # touches: C-106, C-108, C-110, C-114
    with Lab(people=("alice", "bob", "carol", "mallory")) as lab:
        alice, bob, mallory = (lab.person(n) for n in ("alice", "bob", "mallory"))
        plan = alice.write("plan.txt", TEXT)
        odd = alice.write("Grüße & \"more\" (1).txt", TEXT)
        before = hashlib.sha256(plan.read_bytes()).digest(), plan.stat().st_mtime_ns
        made = alice.rms("share", plan, odd, "--to", "bob@contoso.test, carol@contoso.test", "--level", "Viewer",
                         "--expires", "2090-01-31T00:00:00Z", "--revoke-now", "--draft", "mail.eml", "--message", "Für Euch.\n.\nBcc: x@y",
                         "--out", "sent", "--notify", "opened", "--json").json_lines
        assert (hashlib.sha256(plan.read_bytes()).digest(), plan.stat().st_mtime_ns) == before
        assert [m["To"] for m in made] == [["bob@contoso.test", "carol@contoso.test"]] * 2, made
        copy = alice.home / made[0]["SharedFile"]
        assert copy.name == "plan.ptxt" and copy.parent.name == "sent"

        # the licence says what was asked for, and that is what happens
        for person, granted in (("bob", True), ("carol", True), ("mallory", False)):
            _, _, licence = lab.person(person).rest("POST", "/my/v2/enduserlicenses",
                                                    {"SerializedPublishingLicense": b64(pfile_licence(copy))})
            assert (licence["AccessStatus"] == "AccessGranted") is granted, licence
            if granted:
                assert licence["OnlineAccessOnly"] is True and licence["ContentValidUntil"].startswith("2090-01-31"), licence
                assert set(licence["Rights"]) >= {"VIEW"} and not {"EDIT", "EXTRACT", "PRINT"} & set(licence["Rights"]), licence
                assert licence["Owner"] == "alice@contoso.test", licence
        mallory.rms("cat", copy, code=1)
        status = alice.rms("status", copy, "--json").json_lines[0]
        assert status["ContentId"] == made[0]["ContentId"], status
        names = [d["ContentName"] for d in alice.rms("track", "--json").json_lines]
        assert set(names) == {"plan.txt", odd.name}, names

        assert alice.rms("track", copy, "--json").json["NotificationType"] == "OpenedOnly"

        # the mail: no header but ours, whatever the files and the words are
        mail = email.message_from_bytes((alice.home / "mail.eml").read_bytes(), policy=email.policy.default)
        assert sorted(mail.keys()) == ["Content-Type", "MIME-Version", "Subject", "To", "X-Unsent"], mail.keys()
        assert mail["To"] == "bob@contoso.test, carol@contoso.test"
        text, *attached = mail.iter_parts()
        words = text.get_content()
        assert words.startswith("Für Euch.\n.\nBcc: x@y\n") and "Viewer until 2090-01-31T00:00:00Z" in words, words
        assert [a.get_filename() for a in attached] == [os.path.basename(m["SharedFile"]) for m in made]
        assert attached[0].get_content() == copy.read_bytes()

        # taken back: no more openings, at once
        alice.rms("revoke", copy, "--yes")
        assert "revoked" in bob.rms("open", copy, "-o", bob.home / "again.txt", code=1).err


def all_or_nothing():
    # touches: C-114
    with Lab(people=("alice",)) as lab:
        alice = lab.person("alice")
        plan, other = alice.write("plan.txt", TEXT), alice.write("other.txt", TEXT)

        def left():
            return sorted(p.name for p in alice.home.iterdir() if not p.name.startswith("."))
        there = left()
        bad = [
            (("share", plan), 2), (("share", "--to", "bob@contoso.test"), 2),
            (("share", plan, "--to", "bob"), 2), (("share", plan, "--to", "bob@contoso.test", "--to", "x\ty@z.test"), 2),
            (("share", plan, "--to", "a" * 400 + "@contoso.test"), 2), (("share", plan, "--to", " , "), 2),
            (("share", plan, "--to", "bob@contoso.test", "--expires", "2001-01-01"), 2),
            (("share", plan, "--to", "bob@contoso.test", "--expires", "soon"), 2),
            (("share", plan, "--to", "bob@contoso.test", "--message", "hi"), 2),
            (("share", plan, "--to", "bob@contoso.test", "--level", "Emperor"), 2),
            (("share", plan, "missing.txt", "--to", "bob@contoso.test"), 4),
            (("share", plan, other, "--to", "bob@contoso.test", "--draft", "no/such/dir/mail.eml"), None),
        ]
        for args, code in bad:
            done = alice.rms(*args, code=code)
            assert done.code != 0 and done.err.startswith("rms"), done
            assert left() == there, (args, left())
        alice.write("mail.eml", "mine")
        alice.rms("share", plan, "--to", "bob@contoso.test", "--draft", "mail.eml", code=5)
        assert left() == sorted([*there, "mail.eml"]) and (alice.home / "mail.eml").read_text() == "mine"
        lab.stop()  # this device can protect alone; whoever cannot reach anything must not be left with half of it
        done = alice.rms("share", plan, other, "--to", "bob@contoso.test", code=None)
        assert done.code == 0 or left() == sorted([*there, "mail.eml"]), (done, left())


if __name__ == "__main__":
    main(copies_are_what_was_asked_for, all_or_nothing)
