"""Tenant keys change: what was protected goes on opening, what is new names the new key, and a stop in the middle changes nothing."""
import base64
import contextlib
import datetime
import os
import pty
import random
import re
import select
import shutil
import signal
import subprocess
import threading
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

import adrms
from keylab import (PKCS8, SOFTWARE, a_lost_pair_is_another, active, consume, keys, modulus, names, opens, protect, publish, server_key, tool,
                    written)
from keysearch import factors, files_with, private_blob
from rmslab import BUILD, PASSWORD, Lab, main
from rmsmail import read_messages, text_of, wait_for


def old_content_opens_and_new_content_names_the_new_key():
    # proves: S-126, S-149, S-206, S-208
    # touches: S-203, S-204, S-205, S-207
    with Lab() as lab:
        alice, bob, mallory = lab.person("alice"), lab.person("bob"), lab.person("mallory")
        at_first = protect(mallory, "first")
        before = protect(alice, "before")
        online = publish(alice)
        opens(bob, before)
        old_key = server_key(alice)
        assert names(before) == old_key == modulus(base64.b64decode(online["SerializedPublishingLicense"]))
        first = active(lab)
        assert first["Bits"] == 2048 and first["KeyType"] == ("Customer-managed (BYOK)" if lab.token else "Service-managed"), first

        second = lab.admin("key", "rotate", "--force", "--json").json
        assert second["Status"] == "Active" and second["KeyIdentifier"] != first["KeyIdentifier"]
        assert [k["Status"] for k in keys(lab)] == ["Archived", "Active"]
        assert [k["UsedFor"] for k in keys(lab)] == ["opening", "protecting and opening"]
        assert lab.admin("tenant", "show", "--json").json["KeyRolloverCount"] == 1
        rows = [r for r in lab.admin("log", "admin", "--json").json_lines if r["command"].startswith("AddKey")]
        assert len(rows) == 1 and rows[0]["status"] == "Passed", rows

        new_key = server_key(alice)
        assert new_key != old_key
        new_online = publish(alice)  # at once
        assert modulus(base64.b64decode(new_online["SerializedPublishingLicense"])) == new_key
        consume(bob, online)
        consume(bob, new_online)

        between = protect(alice, "between")  # with her certificate from before
        assert names(between) == old_key
        lab.add_user("carol")
        carol = lab.person("carol")
        carol.login()
        after = protect(carol, "after")
        assert names(after) == new_key
        for path in (before, between, after):
            opens(bob, path)
            opens(carol, path)
        assert carol.rms("status", before, "--json").json_lines[0]["SignatureTrusted"] is True  # by way of the new key

        lab.stop()
        for path in (before, between, after):  # kept licences count, whatever key signed them
            opens(bob, path)
        alice.rms("bootstrap", "--force", code=6)  # what the device has stays
        opens(alice, between)
        assert names(protect(alice, "kept")) == old_key
        lab.start()

        bob.rms("template", "refresh")  # signed with the new key, for a device of the old one
        templated = protect(bob, "templated", "--template", "Confidential \\ All Employees")
        opens(alice, templated)
        opens(carol, templated)

        for person in (alice, bob):
            person.rms("bootstrap", "--force")
        assert names(protect(alice, "renewed")) == new_key
        known = keys(lab)
        lab.admin("key", "activate", "2f5c8a54-8a0e-4b7c-9d38-5a7c4b1d9e60", code=4)
        assert keys(lab) == known and server_key(alice) == new_key
        assert names(at_first) == names(protect(mallory, "second")) == old_key
        lab.move_clock(days=32)  # her certificates end by then
        mallory.login()
        assert names(protect(mallory, "third")) == new_key
        for path in (at_first, mallory.home / "second.bin.pfile", mallory.home / "third.bin.pfile"):
            opens(bob if bob.login() else bob, path)
        for path in (before, between, after, alice.home / "renewed.bin.pfile"):
            opens(bob, path)
        lab.stop()
        for path in (before, between, after):
            opens(bob, path)  # licences got under the old certificates
        for path in (before, between):
            opens(alice, path)
        a_lost_pair_is_another(lab, bob, before)


def keys_are_chosen_and_strange_ones_refused():
    # touches: S-001, S-204, S-205, S-206, S-207, S-209
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        first = active(lab)["KeyIdentifier"]
        old = protect(alice, "old")
        made = lab.admin("key", "generate", "--json").json
        assert made["Status"] == "Archived" and active(lab)["KeyIdentifier"] == first
        lab.admin("key", "activate", made["KeyIdentifier"])
        assert active(lab)["KeyIdentifier"] == made["KeyIdentifier"]
        alice.rms("bootstrap", "--force")
        new = protect(alice, "new")
        assert names(new) != names(old)
        lab.admin("key", "activate", made["KeyIdentifier"])  # again: nothing changes
        assert lab.admin("tenant", "show", "--json").json["KeyRolloverCount"] == 1
        lab.admin("key", "activate", first)  # back, for devices of either
        assert keys(lab)[0]["KeyIdentifier"] == first and active(lab)["KeyIdentifier"] == first
        alice.rms("bootstrap", "--force")
        assert names(protect(alice, "back")) == names(old)
        for path in (old, new, alice.home / "back.bin.pfile"):
            opens(bob, path)

        lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
        ours, theirs = keys(lab, "contoso.test"), keys(lab, "fabrikam.test")
        assert len(theirs) == 1
        for strange in (theirs[0]["KeyIdentifier"], "2f5c8a54-8a0e-4b7c-9d38-5a7c4b1d9e60", "nonsense"):
            refused = lab.admin("key", "activate", strange, "--tenant", "contoso.test", code=4)
            assert "not-found" in refused.err, refused
        for bits in ("1024", "1000", "2049", "8192"):
            lab.admin("key", "rotate", "--force", "--bits", bits, "--tenant", "contoso.test", code=2)
        assert "--force" in lab.admin("key", "rotate", "--tenant", "contoso.test", code=2).err  # nobody is there who could be asked
        assert keys(lab, "contoso.test") == ours and keys(lab, "fabrikam.test") == theirs
        for text in (lab.log_text(), lab.admin("log", "admin", "--json", "--tenant", "contoso.test").out, repr(ours)):
            assert "BwIAAACkAABSU0Ey" not in text and "sealed" not in text.lower()  # the head of a private blob in base64


def content_of_another_tenant_opens_after_its_rotation():
    # touches: S-017, S-205
    with Lab(people=("alice", "bob")) as lab:
        bob = lab.person("bob")
        lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test", "--removal-right", "EXTRACT")
        lab.admin("user", "add", "fay@fabrikam.test", "--tenant", "fabrikam.test", "--password-stdin", stdin=PASSWORD + "\n")
        fay = lab.person("fay@fabrikam.test")
        fay.login()
        before = protect(fay, "before")
        lab.admin("key", "rotate", "--force", "--tenant", "fabrikam.test")
        assert len(keys(lab, "contoso.test")) == 1
        fay.rms("bootstrap", "--force")
        after = protect(fay, "after")
        assert names(before) != names(after)
        for path in (before, after):
            opens(bob, path)
        lab.admin("key", "rotate", "--force", "--tenant", "contoso.test")
        alice = lab.person("alice")
        ours = protect(alice, "ours", "--perm", "fay@fabrikam.test:Co-Author")
        lab.stop()
        for path in (before, after):
            opens(bob, path)
        lab.start()
        for path in (ours, before, after):
            opens(fay, path)


def longer_keys_work_from_end_to_end():
    # touches: S-209
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        for bits in (3072, 4096):
            made = lab.admin("key", "rotate", "--force", "--bits", bits, "--json").json
            assert made["Bits"] == bits
            online = publish(alice)
            consume(bob, online)
            assert len(base64.b64decode(modulus(base64.b64decode(online["SerializedPublishingLicense"])))) * 8 == bits
            for person in (alice, bob):
                person.rms("bootstrap", "--force")
            path = protect(alice, f"long{bits}")
            assert names(path) == server_key(bob)
            opens(bob, path)
            bob.rms("template", "refresh")
            opens(alice, protect(bob, f"back{bits}", "--template", "Confidential \\ All Employees"))
            lab.stop()
            opens(bob, path)
            lab.start()


def killed_in_the_middle_it_is_one_state_or_the_other():
    # touches: S-204, S-206
    seed = int(os.environ.get("RMS_SEED", str(random.randrange(1 << 30))))
    print("RMS_SEED =", seed)
    rng = random.Random(seed)
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        token = bob.token()
        kept = [publish(alice)]
        began = time.monotonic()
        lab.admin("key", "rotate", "--force")
        whole = time.monotonic() - began
        for _ in range(8):
            count, former = len(keys(lab)), active(lab)["KeyIdentifier"]
            rotating = threading.Thread(target=lambda: lab.admin("key", "rotate", "--force", code=None))
            rotating.start()
            time.sleep(rng.uniform(0, whole))  # a point of time, not a wait
            victims = [lab.rmsd.pid, *lab.children().values()] if rng.random() < 0.7 else [
                lab.children()[rng.choice(("keyd", "front"))]]
            kill(victims)
            rotating.join()
            if lab.rmsd.pid in victims:
                lab.rmsd.wait()
                lab.start()
            else:
                lab.wait_ready()
            now = keys(lab)
            chosen = active(lab)["KeyIdentifier"]
            assert (len(now), chosen == former) in ((count, True), (count + 1, False)), (count, former, now)
            fresh = publish(alice)
            kept.append(fresh)
            for published in kept:
                body = {"SerializedPublishingLicense": published["SerializedPublishingLicense"]}
                status, _, reply = bob.rest("POST", "/my/v2/enduserlicenses", body, token=token)
                assert status == 200 and reply["Key"]["Value"] == published["Key"]["Value"], reply


def kill(pids):
    """At once, and until they hold nothing any more, least of all the port."""
    for pid in pids:
        os.kill(pid, 9)

    def holds(pid):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
        return False

    end = time.monotonic() + 60
    while any(holds(pid) for pid in pids) and time.monotonic() < end:
        time.sleep(0.02)


def exactly_one_is_active():
    # proves: S-204
    seed = int(os.environ.get("RMS_SEED", str(random.randrange(1 << 30))))
    print("RMS_SEED =", seed)
    rng = random.Random(seed)
    with Lab(people=("alice",)) as lab:
        alice = lab.person("alice")
        first = active(lab)["KeyIdentifier"]
        second = lab.admin("key", "generate", "--json").json["KeyIdentifier"]
        lab.admin("key", "activate", second)
        assert {k["KeyIdentifier"]: k["Status"] for k in keys(lab)} == {first: "Archived", second: "Active"}
        assert lab.admin("tenant", "show", "--json").json["KeyRolloverCount"] == 1
        assert "conflict" in lab.admin("key", "archive", second, code=5).err
        lab.admin("key", "archive", first)  # it is, already
        lab.admin("key", "remove", second, "--confirm", second, code=5)
        assert active(lab)["KeyIdentifier"] == second and len(keys(lab)) == 2
        for _ in range(3):
            other = next(k["KeyIdentifier"] for k in keys(lab) if k["Status"] == "Archived")
            activating = threading.Thread(target=lambda: lab.admin("key", "activate", other, code=None))
            activating.start()
            time.sleep(rng.uniform(0, 0.3))  # a point of time, not a wait
            kill([lab.rmsd.pid, *lab.children().values()])
            activating.join()
            lab.rmsd.wait()
            lab.start()
            assert active(lab)["KeyIdentifier"] in (first, second) and len(keys(lab)) == 2
            publish(alice)


def keys_are_replaced_on_schedule():
    # proves: S-207
    # touches: S-205
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        first = lab.admin("key", "list", "--sort", "created", "--json").json_lines[0]["KeyIdentifier"]
        assert first == active(lab)["KeyIdentifier"]
        for every in ("", "0.5", "-1", "36501", "often"):
            lab.admin("key", "rotation", "--every", every, code=2)
        lab.admin("key", "rotation", code=2)
        assert lab.admin("tenant", "show", "--json").json["KeyRotationDays"] == 0
        licences = [publish(alice)]
        lab.admin("key", "rotation", "--every", "30")
        assert lab.admin("tenant", "show", "--json").json["KeyRotationDays"] == 30
        for count in (2, 3):
            lab.move_clock(days=30, seconds=60)
            end = time.monotonic() + 120
            while len(keys(lab)) < count:
                assert time.monotonic() < end, keys(lab)
                time.sleep(0.2)
            assert [k["Status"] for k in keys(lab)] == ["Archived"] * (count - 1) + ["Active"]
            for person in (alice, bob):
                person.login()
            licences.append(publish(alice))
            for licence in licences:  # under K1, K2, K3
                consume(bob, licence)
        rows = [r for r in lab.admin("log", "admin", "--json").json_lines if r["command"].startswith("RotateKey")]
        assert [(r["command"].split()[1], r["actor"], r["status"]) for r in rows] == [
            (k["KeyIdentifier"], "schedule", "Passed") for k in keys(lab)[:2]], rows
        lab.admin("key", "rotation", "--every", "off")
        known = keys(lab)
        lab.move_clock(days=40)
        time.sleep(7)  # longer than it takes between two looks: nothing happens
        assert keys(lab) == known

        lab.admin("key", "list", "--sort", "size", code=2)
        package = lab.dir / "package.pem"
        other = rsa.generate_private_key(65537, 2048)
        package.write_bytes(other.private_bytes(*PKCS8, serialization.BestAvailableEncryption(b"a passphrase of some length")))
        added = tool(lab, "key", "import", "contoso.test", package, stdin="a passphrase of some length\n").stdout.strip()
        lab.admin("key", "activate", added)
        lab.admin("key", "activate", first)  # the default key comes back after a migration
        assert active(lab)["KeyIdentifier"] == first == lab.admin("key", "list", "--sort", "created", "--json").json_lines[0]["KeyIdentifier"]


def keys_end_when_their_id_is_typed():
    # touches: S-205, S-207
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
        ours = ("--tenant", "contoso.test")
        first = active(lab, "contoso.test")["KeyIdentifier"]
        before = publish(alice)
        lab.admin("key", "rotate", "--force", *ours)
        after = publish(alice)
        known = keys(lab, "contoso.test")
        listed = lab.admin("key", "list", "--sort", "created", "--json", *ours).json_lines
        made = {k["KeyIdentifier"]: k["CreationTime"] for k in listed}  # in whole seconds: both may be of one
        assert made[first] == listed[0]["CreationTime"] <= listed[1]["CreationTime"], listed
        lab.admin("key", "list", "--sort", "size", *ours, code=2)
        for confirm in ((), ("--confirm", "yes"), ("--confirm", first[:8]), ("--confirm", known[1]["KeyIdentifier"])):
            refused = lab.admin("key", "remove", first, *confirm, *ours, code=2)
            assert "Seen under it: 1 licences" in refused.err and "key: 0 documents" in refused.err, refused
        lab.admin("key", "remove", first, "--confirm", first, "--tenant", "fabrikam.test", code=4)
        assert keys(lab, "contoso.test") == known
        consume(bob, before)
        lab.admin("key", "remove", first, "--confirm", first, *ours)
        assert [k["KeyIdentifier"] for k in keys(lab, "contoso.test")] == [known[1]["KeyIdentifier"]]
        lab.admin("key", "remove", first, "--confirm", first, *ours, code=4)
        body = {"SerializedPublishingLicense": before["SerializedPublishingLicense"]}
        end = time.monotonic() + 30
        while (reply := bob.rest("POST", "/my/v2/enduserlicenses", body))[0] == 200 and time.monotonic() < end:
            time.sleep(0.1)
        assert reply[0] == 400, reply
        consume(bob, after)


def archived_keys_open_until_they_are_removed():
    # proves: S-205
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        known, online, files = [], [], []
        for name in ("one", "two", "three"):
            known.append(active(lab)["KeyIdentifier"])
            alice.rms("bootstrap", "--force")
            online.append(publish(alice))
            files.append(protect(alice, name))
            assert names(files[-1]) == modulus(base64.b64decode(online[-1]["SerializedPublishingLicense"]))
            lab.admin("key", "rotate", "--force")  # K1, K2, K3 archived in the end
        assert len({names(path) for path in files}) == 3

        def all_open():
            for published in online:
                consume(bob, published)
            for path in files:
                opens(bob, path)

        all_open()
        lab.stop()
        lab.start()  # nothing of it is in a cache
        all_open()

        def seen(key, confirm, code=2):
            refused = lab.admin("key", "remove", key, *confirm, code=code)
            return int(re.search(r"Seen under it: (\d+) licences", refused.err).group(1))

        before = keys(lab)
        for key in known:  # one that the service made, one that it saw being opened
            end = time.monotonic() + 60
            while seen(key, ()) != 2:
                assert time.monotonic() < end, lab.admin("key", "remove", key, code=2)
                time.sleep(0.2)
            assert seen(key, ("--confirm", "yes")) == seen(key, ("--confirm", known[0] + "0")) == 2
        assert keys(lab) == before
        all_open()
        lab.admin("key", "remove", known[1], "--confirm", known[1])
        assert [k["KeyIdentifier"] for k in keys(lab)] == [k["KeyIdentifier"] for k in before if k["KeyIdentifier"] != known[1]]
        for published in (online[0], online[2]):
            consume(bob, published)
        for path in (files[0], files[2]):
            opens(bob, path)


def a_breach_is_answered():
    # proves: S-219
    lab = Lab(people=("alice", "bob", "conadm", "root"))
    mail = lab.dir / "mail"
    mail.mkdir()
    lab.rmsd_args += ["--set", f"mail=directory:{mail}"]

    def told(case):
        """Who is told of it, and what he has to do."""
        letters = wait_for(lambda: [m for m in read_messages(mail.glob("*.eml")) if m["Subject"].endswith(": " + case)], bool)
        assert [m["To"] for m in letters] == ["root@contoso.test"], letters
        return " ".join(text_of(letters[0]).split())

    with lab:
        alice, bob, conadm = lab.person("alice"), lab.person("bob"), lab.person("conadm")
        lab.admin("role", "add", "root@contoso.test")
        lab.admin("role", "add", "conadm@contoso.test", "--role", "ConnectorAdministrator")
        conadm.rms("admin", "login")
        before = protect(alice, "before")
        opens(bob, before)
        time.sleep(2)  # published in different seconds
        since = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        old = protect(alice, "old")
        opens(bob, old)
        former = active(lab)
        for case in ("leaked", "misuse", "weakness"):
            assert "role-required" in conadm.rms("admin", "key", "breach", "--force", "--case", case, code=3).err
        misuse = lab.admin("key", "breach", "--force", "--case", "misuse", "--json").json
        assert misuse["ActiveKey"] == former["KeyIdentifier"] and "Documents" not in misuse
        assert {a["Key"] for a in misuse["Accesses"]} >= {"alice@contoso.test", "bob@contoso.test"}, misuse
        assert [a["Opened"] for a in misuse["Accesses"] if a["Key"] == "bob@contoso.test"] == [2], misuse
        letter = told("misuse")
        assert former["KeyIdentifier"] in letter and all(step in letter for step in misuse["Steps"]) and "rms admin log usage" in letter, letter
        assert keys(lab) == [former]
        for bad in (("--case", "foo"), (), ("--case", "leaked", "--bits", "1024"), ("--case", "leaked", "--since", "never")):
            lab.admin("key", "breach", "--force", *bad, code=2)
        assert keys(lab) == [former]

        leaked = lab.admin("key", "breach", "--force", "--case", "leaked", "--bits", "3072", "--since", since, "--json").json
        assert leaked["FormerKey"] == former["KeyIdentifier"] and leaked["ActiveKey"] == active(lab)["KeyIdentifier"]
        assert active(lab)["Bits"] == 3072
        newer = alice.rms("--json", "status", old).json["ContentId"]
        assert [(d["ContentId"], d["Owner"]) for d in leaked["Documents"]] == [(newer, "alice@contoso.test")], leaked
        letter = told("leaked")
        assert leaked["ActiveKey"] in letter and all(step in letter for step in leaked["Steps"]) and "rms protect FILE" in letter, letter
        assert keys(lab)[0]["CompromisedTime"]
        assert "compromised" in lab.admin("key", "activate", former["KeyIdentifier"], code=5).err
        for person in (alice, bob):  # what the old key says of the new one is worth nothing: they sign in again
            assert "sign in again" in person.rms("bootstrap", "--force", code=1).err
            person.login()
            person.rms("bootstrap", "--force")
        opens(bob, old)  # nobody is locked out of what he may read
        new = protect(alice, "new")
        assert names(new) == server_key(alice) != names(old)
        opens(bob, new)
        status, _, reply = bob.rest("GET", "/my/v2/licensorcertificate")
        assert status == 200 and not reply["CrossCertificates"]  # the old key vouches for nothing

        again = lab.admin("key", "breach", "--force", "--case", "weakness", "--since", "2200-01-01", "--json").json
        assert again["Documents"] == [] and "CompromisedTime" not in keys(lab)[1]
        assert lab.admin("key", "rotate", "--force", "--older-than", 30, "--json").json["KeyIdentifier"] == again["ActiveKey"]
        lab.move_clock(days=31)
        due = lab.admin("key", "rotate", "--force", "--older-than", 30, "--json").json
        assert due["KeyIdentifier"] != again["ActiveKey"] and due["Status"] == "Active"


def keys_at_rest_are_sealed():
    # proves: S-215
    with Lab(people=("alice", "bob"), rmsd_args=SOFTWARE) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        needles = factors(private_blob(lab, active(lab)["KeyIdentifier"]))
        published = publish(alice)
        consume(bob, published)
        lab.admin("db", "backup")
        keyd = lab.children()["keyd"]
        limits = dict(re.findall(r"^Max (core file size) +(\d+)", open(f"/proc/{keyd}/limits", encoding="ascii").read(), re.M))
        assert limits == {"core file size": "0"}
        os.kill(keyd, signal.SIGABRT)  # would leave a core dump
        lab.wait_ready()
        consume(bob, published)
        assert not files_with(lab, needles)
        token = bob.token()
        lab.stop()
        assert not files_with(lab, needles)
        master = lab.data / "master.key"
        kept = master.read_bytes()
        master.write_bytes(bytes(b ^ 1 for b in kept))
        lab.start()
        body = {"SerializedPublishingLicense": published["SerializedPublishingLicense"]}
        status, _, reply = bob.rest("POST", "/my/v2/enduserlicenses", body, token=token)
        assert status == 424, reply
        assert "key store" in lab.admin("health", "--json", code=None).json["Problems"]
        assert "keyd.locked" in lab.log_text()
        lab.stop()
        master.write_bytes(kept)
        lab.start()
        consume(bob, published)


def short_keys_only_for_a_migration():
    # proves: S-121, S-209, S-223, S-242
    secret = "a passphrase of some length"
    encrypted = serialization.BestAvailableEncryption(secret.encode())
    with Lab(people=("alice", "bob"), rmsd_args=SOFTWARE) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        first = active(lab)["KeyIdentifier"]

        def added(name, content, stdin=secret + "\n", code=0):
            path = lab.dir / name
            path.write_bytes(content)
            return tool(lab, "key", "import", "contoso.test", path, stdin=stdin, code=code).stdout.strip()

        short, spare, plain = (rsa.generate_private_key(65537, 1024) for _ in range(3))
        long = rsa.generate_private_key(65537, 4096)
        pfx = pkcs12.serialize_key_and_certificates(b"old", short, None, None, encrypted)
        old = serialization.PrivateFormat.TraditionalOpenSSL
        known = keys(lab)
        added("wrong.pfx", pfx, stdin="another passphrase\n", code=1)
        added("cut.pfx", pfx[:-40], code=2)
        added("wrong.pem", spare.private_bytes(PKCS8[0], old, encrypted), stdin="another passphrase\n", code=2)
        assert keys(lab) == known
        weak = added("short.pfx", pfx)
        added("short.pfx", pfx, code=5)  # it is here
        added("spare.pem", spare.private_bytes(PKCS8[0], old, encrypted))
        added("plain.pem", plain.private_bytes(*PKCS8, serialization.NoEncryption()), stdin="")
        strong = added("long.pfx", pkcs12.serialize_key_and_certificates(b"new", long, None, None, encrypted))
        assert sorted((k["Bits"], k["Status"]) for k in keys(lab) if k["KeyIdentifier"] != first) == [(1024, "Archived")] * 3 + [(4096, "Archived")]
        assert lab.admin("doctor", "--json").json["Warnings"] == []  # archived ones only open

        assert "migration" in lab.admin("key", "activate", weak, code=5).err
        assert active(lab)["KeyIdentifier"] == first
        lab.admin("key", "activate", weak, "--migration")
        warned = lab.admin("doctor", "--json")
        assert len(warned.json["Warnings"]) == 1 and weak in warned.json["Warnings"][0] and weak in warned.err, warned
        lab.admin("key", "activate", first)
        assert lab.admin("doctor", "--json").json["Warnings"] == [] and next(k for k in keys(lab) if k["KeyIdentifier"] == first)["Bits"] == 2048
        lab.admin("key", "activate", weak, "--migration")
        under_short = publish(alice)
        consume(bob, under_short)
        assert len(base64.b64decode(modulus(base64.b64decode(under_short["SerializedPublishingLicense"])))) == 128
        report = lab.admin("doctor", "--fips", "--json").json
        assert report["Provider"].startswith("OpenSSL 3") and report["Modules"] == ["default"] and report["ValidatedModule"] is False, report
        assert {(k["KeyIdentifier"], k["Bits"], k["Compliant"]) for k in report["Keys"]} == {
            (k["KeyIdentifier"], k["Bits"], k["Bits"] >= 2048) for k in keys(lab)}, report
        assert report["Compliant"] is False

        lab.admin("tenant", "set", "--compatibility", "true")
        assert lab.admin("tenant", "show", "--json").json["CompatibilityProfile"] == "Enabled"
        assert "compatibility" in lab.admin("key", "activate", strong, code=5).err
        lab.admin("key", "rotate", "--force", "--bits", 4096, code=5)
        lab.admin("key", "breach", "--case", "weakness", "--bits", 3072, "--force", code=5)
        assert active(lab)["KeyIdentifier"] == weak
        lab.admin("tenant", "set", "--compatibility", "false")
        lab.admin("key", "activate", strong)
        lab.admin("tenant", "set", "--compatibility", "true", code=5)
        assert lab.admin("doctor", "--json").json["Warnings"] == []
        for published in (under_short, publish(alice)):
            consume(bob, published)
        for k in keys(lab):
            if k["Bits"] == 1024:
                lab.admin("key", "remove", k["KeyIdentifier"], "--confirm", k["KeyIdentifier"])
        assert lab.admin("doctor", "--fips", "--json").json["Compliant"] is True
        adrms.a_template(lab, long)


def database_and_master_key_bring_the_service_back():
    # touches: S-215, S-216
    with Lab() as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        before = protect(alice, "before")
        lab.admin("key", "rotate", "--force")
        online = publish(alice)
        known = keys(lab)
        copy = lab.dir / "kept.db"
        shutil.copy(lab.admin("db", "backup", "--json").json["Path"], copy)
        master = (lab.data / "master.key").read_bytes()
        assert master not in copy.read_bytes()
        lab.stop()

        for kept in (master, None):  # with the master key, and with the one of an empty service
            shutil.rmtree(lab.data)
            (lab.data / "db").mkdir(mode=0o700, parents=True)
            lab.data.chmod(0o700)
            shutil.copy(copy, lab.data / "db" / "openrms.db")
            (lab.data / "db" / "openrms.db").chmod(0o600)
            if kept:
                (lab.data / "master.key").write_bytes(kept)
                (lab.data / "master.key").chmod(0o600)
            lab.start()
            assert keys(lab) == known
            other = bob.device("restored" if kept else "strange")
            other.login(code=0 if kept else None)
            if kept:
                opens(other, before)
                consume(other, online)
                opens(other, protect(alice, "later"))
            else:
                other.rms("open", before, "-o", other.home / "no.bin", code=None)
                assert not (other.home / "no.bin").exists()
            lab.stop()


def a_master_key_in_shares():
    # touches: S-215
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        online = publish(alice)
        lab.stop()
        master = lab.data / "master.key"
        kept = master.read_bytes()
        subprocess.run(["gfsplit", "-n", "2", "-m", "3", master, lab.dir / "share"], check=True, timeout=60)
        shares = sorted(lab.dir.glob("share.*"))
        assert len(shares) == 3 and all(kept not in s.read_bytes() for s in shares)
        master.unlink()
        subprocess.run(["gfcombine", "-o", master, shares[0], shares[2]], check=True, timeout=60)
        master.chmod(0o600)
        assert master.read_bytes() == kept
        lab.start()
        consume(bob, online)


def of_master(lab, verb, stdin=None, code=0, **env):
    done = subprocess.run([BUILD / "cmd/rmsd/rmsd", "--dir", lab.data, "master", verb], input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
                          env={**os.environ, "RMS_CLOCK_FILE": str(lab.clock_file), **env}, capture_output=True, timeout=120)
    assert done.returncode == code, (verb, done)
    return done.stderr.decode()


def a_master_key_under_a_passphrase():
    # touches: S-215
    # Sealed, it opens with the credential or with what is typed; a wrong passphrase, a damaged file and nobody to ask leave
    # the service without keys, which it tells, and never with new ones.
    secret = b"a passphrase of some length\n"
    with Lab(people=("alice", "bob")) as lab:
        online = publish(lab.person("alice"))
        lab.stop()
        sealed, kept = lab.data / "master.sealed", (lab.data / "master.key").read_bytes()
        credentials = lab.dir / "credentials"
        credentials.mkdir(mode=0o700)

        def give(passphrase):
            (credentials / "master.passphrase").write_bytes(passphrase)
            (credentials / "master.passphrase").chmod(0o600)
            return {"CREDENTIALS_DIRECTORY": str(credentials)}

        of_master(lab, "seal", b"short\n", code=2)
        assert not sealed.exists()
        of_master(lab, "seal", secret)
        whole = sealed.read_bytes()
        assert not (lab.data / "master.key").exists() and kept not in whole and sealed.stat().st_mode & 0o777 == 0o600
        assert not any(kept in f.read_bytes() for f in lab.data.rglob("*") if f.is_file())

        def locked(**env):
            began = len(lab.log_text())
            lab.start(**env)
            state = lab.admin("health", "--json", code=None).json
            assert "key store" in state["Problems"], state
            lab.admin("key", "rotate", "--force", code=6)
            lab.stop()
            assert not (lab.data / "master.key").exists()
            return lab.log_text()[began:]

        assert '"keyd.locked"' in locked()  # nobody to ask
        assert '"key-unavailable"' in locked(**give(b"another passphrase\n"))
        for damaged in (whole[:-1], whole + b"x", b"x" + whole[1:], b""):
            sealed.write_bytes(damaged)
            assert "(damaged)" in of_master(lab, "unseal", code=1, **give(secret)), damaged
        sealed.write_bytes(whole[:60] + bytes([whole[60] ^ 1]) + whole[61:])
        assert "(key-unavailable)" in of_master(lab, "unseal", code=6, **give(secret))
        sealed.write_bytes(whole)

        lab.start(**give(secret))
        consume(lab.person("bob"), online)
        lab.stop()

        # at a terminal: asked, and not shown
        ours, theirs = pty.openpty()
        lab.start(wait=False, terminal=theirs)
        shown = b""
        while b"master key: " not in shown:
            assert select.select([ours], [], [], 120)[0], shown
            shown += os.read(ours, 1000)
        os.write(ours, secret)
        lab.wait_ready()
        consume(lab.person("bob"), online)
        lab.stop()
        while select.select([ours], [], [], 0)[0]:
            shown += os.read(ours, 1000)
        os.close(theirs)
        os.close(ours)
        assert secret.strip() not in shown, shown
        of_master(lab, "unseal", **give(secret))
        assert (lab.data / "master.key").read_bytes() == kept and not sealed.exists()


def the_whole_service_comes_back():
    # proves: S-216
    secret = "a passphrase of some length\n"
    with Lab() as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        before = protect(alice, "before")
        lab.admin("role", "add", "alice@contoso.test", "--role", "ProtectionAdministrator")
        lab.admin("template", "add", "--name", "Finance", "--grant", "bob@contoso.test:Viewer", "--published")
        lab.admin("license", "max-validity", "set", "17", "--force")
        lab.admin("key", "rotate", "--force")
        online = publish(alice)
        opens(bob, before)

        def state():
            shown = {what: lab.admin(*what.split(), "--json").out for what in (
                "tenant show", "key list", "template list", "role list", "user list", "tracking list")}
            shown["usage"] = [r["row-id"] for r in lab.usage()]
            return shown

        known = state()
        file = lab.dir / "service.backup"
        for stdin in ("", "short\n"):
            with open(file, "wb") as out:
                written(lab, out, stdin, code=2)
            assert file.stat().st_size == 0
        with open(file, "wb") as out:  # while it runs
            written(lab, out, secret)
        data = file.read_bytes()
        master = (lab.data / "master.key").read_bytes()
        for needle in (master, b"contoso", b"SQLite", b"PRIVATE KEY", b"alice"):
            assert needle not in data
        admin_rows = [r["command"] for r in lab.admin("log", "admin", "--json").json_lines]
        lab.admin("user", "add", "late@contoso.test", "--password-stdin", stdin=PASSWORD + "\n")  # is not in it
        tool(lab, "backup", "check", file, stdin=secret)
        tool(lab, "backup", "restore", file, stdin=secret, code=5)  # there is a service
        lab.stop()
        shutil.rmtree(lab.data)
        if lab.database:
            lab.database = lab.new_database("-back")

        wrong = lab.dir / "wrong"
        for content, stdin in ((data, "another passphrase of length\n"), (data[:-1], secret), (data[:len(data) // 2], secret),
                               (data[:-20] + bytes([data[-20] ^ 1]) + data[-19:], secret)):
            wrong.write_bytes(content)
            tool(lab, "backup", "restore", wrong, stdin=stdin, code=None)
            assert not lab.data.exists()
        tool(lab, "backup", "restore", lab.dir / "none", stdin=secret, code=4)

        tool(lab, "backup", "restore", file, stdin=secret)
        assert (lab.data / "master.key").read_bytes() == master
        tool(lab, "backup", "restore", file, stdin=secret, code=5)  # not twice
        lab.start()
        now = state()
        for what, text in known.items():
            assert (now[what][:len(text)] if what == "usage" else now[what]) == text, what
        assert lab.admin("user", "show", "late@contoso.test", code=4)
        consume(bob, online)
        other = bob.device("restored")
        other.login()
        opens(other, before)
        opens(bob, before)  # and devices from before go on
        opens(other, protect(alice, "later"))
        rows = [r["command"] for r in lab.admin("log", "admin", "--json").json_lines]
        assert rows[:len(admin_rows)] == admin_rows and "WriteBackup" in admin_rows, (rows, admin_rows)
        assert any(r.startswith("RestoreBackup ") for r in rows[len(admin_rows):]), rows
        for chain in ((), ("--admin",)):
            assert lab.admin("log", "verify", *chain, "--json").json["Intact"] is True


def a_full_disk_leaves_the_old_key():
    with Lab(people=("alice", "bob"), start=False) as lab:
        lab.data.mkdir(mode=0o700)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128m,mode=0700", "tmpfs", lab.data],
                          capture_output=True).returncode != 0:
            print("no right to mount: left out")
            return
        try:
            lab.start()
            lab.admin("tenant", "create", "--name", "Contoso", "--domain", "contoso.test")
            lab.add_user("alice")
            lab.add_user("bob")
            alice, bob = lab.person("alice"), lab.person("bob")
            alice.login()
            bob.login()
            before = publish(alice)
            former = keys(lab)
            ballast = lab.data / "ballast"
            with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(bytes(4096))
            refused = lab.admin("key", "rotate", "--force", code=None)
            assert refused.code != 0, refused
            lab.stop()
            ballast.unlink()
            lab.start()
            assert keys(lab) == former
            consume(bob, before)
            lab.admin("key", "rotate", "--force")
            consume(bob, before)
            consume(bob, publish(alice))
            lab.stop()
        finally:
            subprocess.run(["umount", lab.data], check=True)


if __name__ == "__main__":
    main(a_master_key_in_shares, a_master_key_under_a_passphrase, short_keys_only_for_a_migration, archived_keys_open_until_they_are_removed, exactly_one_is_active, keys_are_replaced_on_schedule, keys_end_when_their_id_is_typed, a_breach_is_answered, keys_at_rest_are_sealed, old_content_opens_and_new_content_names_the_new_key, keys_are_chosen_and_strange_ones_refused,
         content_of_another_tenant_opens_after_its_rotation, longer_keys_work_from_end_to_end, killed_in_the_middle_it_is_one_state_or_the_other, database_and_master_key_bring_the_service_back, the_whole_service_comes_back, a_full_disk_leaves_the_old_key)
