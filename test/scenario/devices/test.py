"""Two devices of one person, sign-out, a stolen store, damaged entries."""
import base64
import contextlib
import shutil
import sqlite3
import subprocess

from rmslab import BUILD, SANITIZER_MARKS, Lab, b64, main, pfile_licence

TEXT = b"Two devices, one person.\n"
LICENCE = 6  # RMS_VAULT_LICENCE of lib/client/vault.h


def second_device_opens_what_the_first_could():
    # proves: C-002
    # touches: S-125
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        path = alice.write("d.txt", TEXT)
        alice.rms("protect", path, "--perm", "bob@contoso.test:Co-Author", "--in-place")
        protected = alice.home / "d.ptxt"
        bob.rms("open", protected, "-o", bob.home / "1.txt")
        other = bob.device(2)
        other.login()
        other.rms("open", protected, "-o", other.home / "2.txt")
        assert (other.home / "2.txt").read_bytes() == TEXT
        own = alice.device(2)
        own.login()
        own.rms("bootstrap")
        lab.stop()
        own.rms("open", protected, "-o", own.home / "own.txt")  # the author's licence is bound to her key, not her device
        assert (own.home / "own.txt").read_bytes() == TEXT
        # No other account of the machine can read a store.
        for person in (alice, bob, own, other):
            store = person.home / ".local/share/openrms"
            assert store.stat().st_mode & 0o777 == 0o700, store
            assert all(f.stat().st_mode & 0o077 == 0 for f in store.rglob("*") if f.is_file()), list(store.rglob("*"))


def sign_out_removes_what_was_kept():
    # touches: S-144
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        path = alice.write("o.txt", TEXT)
        alice.rms("protect", path, "--perm", "bob@contoso.test:Co-Author", "--in-place")
        protected = alice.home / "o.ptxt"
        bob.rms("open", protected, "-o", bob.home / "1.txt")
        bob.rms("logout")
        bob.rms("whoami", code=3)
        lab.stop()
        signed_out = bob.rms("--offline", "open", protected, "-o", bob.home / "2.txt", code=6)
        assert "(needs-online)" in signed_out.err and "rms login" in signed_out.err, signed_out
        assert not (bob.home / "2.txt").exists()


def what_the_client_shows_and_forgets():
    # proves: C-006, C-008
    with Lab(people=("alice",)) as lab:
        alice = lab.person("alice")
        alice.rms("protect", alice.write("r.txt", TEXT), "--template", "Confidential \\ All Employees", "--in-place")
        shown = alice.rms("whoami", "--json").json
        assert shown["Account"] == "alice@contoso.test" and shown["Domain"] == "contoso.test" and shown["ServiceUrl"] == lab.url, shown
        assert "PolicyId" in shown and shown["PolicyTime"] and shown["LastConnection"] and shown["ClientVersion"], shown
        kept = alice.rms("--json", "cache", "clean").json["Kept"]
        log = alice.write("items.log", "of the user\n")
        alice.rms("reset", "--yes")
        assert kept > 0 and alice.rms("--json", "cache", "clean").json["Kept"] == 0
        assert log.read_text() == "of the user\n" and (alice.home / "r.ptxt").exists()
        assert "(not-authenticated)" in alice.rms("whoami", code=3).err
        alice.rms("--offline", "cat", alice.home / "r.ptxt", code=None)
        alice.login()
        before = len(lab.usage(request_type="Certify"))
        assert alice.rms("cat", alice.home / "r.ptxt").out == TEXT.decode()
        assert len(lab.usage(request_type="Certify")) > before, "the device is prepared anew"


def a_damaged_store_is_repaired():
    # touches: S-143, C-025, C-026
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        path = alice.write("s.txt", TEXT)
        alice.rms("protect", path, "--perm", "bob@contoso.test:Co-Author", "--in-place")
        protected = alice.home / "s.ptxt"
        bob.rms("open", protected, "-o", bob.home / "1.txt")
        store = bob.home / ".local/share/openrms"
        kept = [f for f in store.rglob("*") if f.is_file() and f.stat().st_size > 0]  # the lock file is empty
        assert kept
        for file in kept:
            assert file.stat().st_mode & 0o077 == 0, file
            assert TEXT not in file.read_bytes() and b"alice@contoso.test" not in file.read_bytes(), file
        for victim in kept:
            whole = victim.read_bytes()
            flipped = bytearray(whole)
            flipped[len(flipped) // 2] ^= 1
            victim.write_bytes(flipped)
            done = bob.rms("open", protected, "-o", bob.home / "2.txt", code=None)
            if done.code != 0:
                bob.login()
                bob.rms("open", protected, "-o", bob.home / "2.txt")
            (bob.home / "2.txt").unlink()


def what_a_store_is_worth_to_others():
    # proves: S-143
    """Type memory leaves nothing behind: client/vault_test."""
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        alice.rms("protect", alice.write("s.txt", TEXT), "--perm", "bob@contoso.test:Co-Author", "--in-place")
        protected = alice.home / "s.ptxt"
        assert bob.rms("cat", protected).out.encode() == TEXT
        _, _, reply = bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(protected))})
        key = base64.b64decode(reply["Key"]["Value"])
        assert len(key) in (16, 32)
        for person in (alice, bob):
            files = [f for f in (person.home / ".local/share/openrms").rglob("*") if f.is_file() and f.stat().st_size > 0]
            assert len(files) >= 2, files
            for file in files:
                data = file.read_bytes()
                for form in (key, base64.b64encode(key).rstrip(b"="), key.hex().encode(), key.hex().upper().encode()):
                    assert form not in data, file
        # an application's server that runs under the same account has a store of its own (client/api_test); another
        # account of the machine, with a copy and every right to read it, has nothing
        other = bob.device(7)
        shutil.copytree(bob.home / ".local/share/openrms", other.home / ".local/share/openrms")
        def elsewhere(*args):
            return subprocess.run(["unshare", "--user", "--map-user=4242", "--map-group=4242", "--", BUILD / "cmd/rms/rms", *args],
                                  env={**other.env(), "ASAN_OPTIONS": "detect_leaks=0"}, capture_output=True, text=True)
        for args in (("whoami",), ("--offline", "cat", protected)):
            done = elsewhere(*args)
            assert done.returncode in (3, 6) and TEXT.decode() not in done.stdout, done
            assert not any(mark in done.stderr for mark in SANITIZER_MARKS), done
        # one byte of one entry: it is discarded, and fetched anew
        def asked():
            return len(lab.usage(request_type="AcquireLicense", user_id="bob@contoso.test"))
        assert bob.rms("--offline", "cat", protected).out.encode() == TEXT
        with contextlib.closing(sqlite3.connect(bob.home / ".local/share/openrms/store.db")) as store, store:
            entries = store.execute("SELECT name, box FROM entry WHERE kind = ?", (LICENCE,)).fetchall()
            assert len(entries) == 1
            name, box = entries[0]
            box = box[:len(box) // 2] + bytes([box[len(box) // 2] ^ 1]) + box[len(box) // 2 + 1:]
            store.execute("UPDATE entry SET box = ? WHERE name = ?", (box, name))
        before = asked()
        assert "needs-online" in bob.rms("--offline", "cat", protected, code=6).err
        assert bob.rms("cat", protected).out.encode() == TEXT
        assert asked() == before + 1
        assert bob.rms("--offline", "cat", protected).out.encode() == TEXT


def nothing_is_left_when_the_service_is_down_at_first_use():
    # proves: C-001
    with Lab(people=("alice",), login=False) as lab:
        alice = lab.person("alice")
        lab.stop()
        alice.login(code=6)
        store = alice.home / ".local/share/openrms"
        left = [f for f in store.rglob("*") if f.is_file() and "key" not in f.name] if store.exists() else []
        assert not left, left
        lab.start()
        alice.login()
        path = alice.write("a.txt", TEXT)
        alice.rms("protect", path, "--template", "Confidential \\ All Employees", "--in-place")
        before = len(lab.usage(request_type="Certify"))
        alice.rms("protect", alice.write("b.txt", TEXT), "--template", "Confidential \\ All Employees", "--in-place")
        assert len(lab.usage(request_type="Certify")) == before


def a_copied_store_is_not_bound_here():
    # touches: C-004, S-143
    with Lab(people=("alice",)) as lab:
        alice = lab.person("alice")
        thief = alice.device(9)
        shutil.copytree(alice.home / ".local/share/openrms", thief.home / ".local/share/openrms")
        # Another machine: its own machine id decides the key that opens the store.
        stolen = thief.rms("whoami", env=thief.env(RMS_MACHINE_ID_FILE=thief.write("machine-id", "0" * 32 + "\n")), code=None)
        assert stolen.code == 3, stolen


def asks(lab, token, path, method="GET", body=None, info="AppName=Reader;AppVersion=1.2;DevicePlatform=iOS;OSVersion=10.15.3;"):
    """Status of a client that says this of itself, or the reason of a refusal."""
    status, _, reply = lab.http(method, path, body, {"Authorization": "Bearer " + token, "Content-Type": "application/json", "x-ms-rms-platform-id": info})
    return reply["Reason"] if status == 400 else status


def devices_that_are_not_served():
    # touches: S-024
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        alice.rms("protect", alice.write("d.txt", TEXT), "--perm", "bob@contoso.test:Co-Author", "--in-place")
        licence = {"SerializedPublishingLicense": b64(pfile_licence(alice.home / "d.ptxt"))}
        bob_token, alice_token = bob.token(), alice.token()
        names = ["Windows", "WindowsStore", "WindowsPhone", "Mac", "iOS", "Android", "Web"]
        assert [(p["Platform"], p["State"]) for p in lab.admin("--json", "platform", "list").json_lines] == [(n, "Enabled") for n in names]
        assert asks(lab, bob_token, "/my/v2/enduserlicenses", "POST", licence) == 200
        lab.admin("platform", "disable", "--platform", "amiga", "--force", code=2)
        lab.admin("platform", "disable", "--force", code=2)
        lab.admin("platform", "disable", "--platform", "iOS", "--force")
        calls = (("GET", "/my/v2/servicediscovery", None), ("GET", "/my/v1/templates", None), ("GET", "/my/v2/documents", None),
                 ("GET", "/my/v2/licensorcertificate", None), ("POST", "/my/v2/enduserlicenses", licence), ("POST", "/my/v2/clientlogs/debug", {}))
        for method, path, body in calls:
            assert asks(lab, bob_token, path, method, body) == "platform-disabled", path
        assert asks(lab, bob_token, calls[0][1], info="SDKVersion=1;deviceplatform=IOS") == "platform-disabled"
        for other in ("AppName=a;DevicePlatform=Android;", "AppName=iOS;", "DevicePlatform=iOSx", "nothing", ""):
            assert asks(lab, bob_token, "/my/v2/enduserlicenses", "POST", licence, info=other) == 200, other
        assert bob.rms("cat", alice.home / "d.ptxt").out.encode() == TEXT
        assert any("switched off" in (r["detail"] or "") for r in lab.usage(request_type="ServiceDiscoveryForUser", user_id="bob@contoso.test"))
        lab.admin("platform", "enable", "--all")
        assert asks(lab, bob_token, "/my/v2/enduserlicenses", "POST", licence) == 200
        # the interface as a whole: sign-in and administration are no part of it
        assert lab.admin("api", "rest", "status").out == "Enabled\n"
        lab.admin("api", "rest", "disable", "--force")
        assert lab.admin("api", "rest", "status").out == "Disabled\n"
        for method, path, body in calls:
            assert asks(lab, alice_token, path, method, body, info="AppName=a;DevicePlatform=Windows") == "platform-disabled", path
        assert "(platform-disabled)" in bob.rms("bootstrap", "--force", code=1).err
        lab.admin("api", "rest", "enable")
        assert asks(lab, bob_token, "/my/v2/enduserlicenses", "POST", licence) == 200


def keys_and_versions_are_excluded():
    # proves: S-145
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        empty = {"Clients": [], "Systems": [], "Keys": []}
        assert lab.admin("--json", "exclusion", "list").json == empty
        alice.rms("protect", alice.write("x.txt", TEXT), "--perm", "bob@contoso.test:Co-Author", "--offline-days", "0", "--in-place")
        protected = alice.home / "x.ptxt"
        assert bob.rms("cat", protected).out.encode() == TEXT

        # his key: the certificate with it is refused, a new bootstrap issues a new pair, and his other device follows
        first = {r["detail"].split()[1] for r in lab.usage(request_type="Certify", user_id="bob@contoso.test")}
        assert len(first) == 1, first
        second = bob.device(2)
        second.login()
        assert second.rms("cat", protected).out.encode() == TEXT
        lab.admin("exclusion", "add", "--user", "nobody@contoso.test", code=4)
        lab.admin("exclusion", "add", "--user", "bob@contoso.test")
        listed = lab.admin("--json", "exclusion", "list").json["Keys"]
        assert len(listed) == 1 and listed[0]["User"] == "bob@contoso.test" and len(listed[0]["Key"]) == 64, listed
        for device in (bob, second):
            assert "(rac-excluded)" in device.rms("cat", protected, code=1).err
            assert "(rac-excluded)" in device.rms("cat", protected, code=1).err, "asking again does not help"
            device.rms("bootstrap", "--force")
            assert device.rms("cat", protected).out.encode() == TEXT
        assert alice.rms("cat", protected).out.encode() == TEXT
        lab.admin("exclusion", "add", "--user", "bob@contoso.test")
        assert len(lab.admin("--json", "exclusion", "list").json["Keys"]) == 2, "the new key is another"
        bob.rms("bootstrap", "--force")
        second.rms("bootstrap", "--force")

        # a device, by what the log calls it: it gets no certificate any more, his other one goes on
        device, = {r["detail"].split()[1] for r in lab.usage(request_type="Certify", user_id="bob@contoso.test") if r["detail"]} - first
        lab.admin("exclusion", "add", "--key", device.upper())
        assert "(rac-excluded)" in second.rms("cat", protected, code=1).err
        assert "(rac-excluded)" in second.rms("bootstrap", "--force", code=1).err
        assert bob.rms("cat", protected).out.encode() == TEXT
        lab.admin("exclusion", "remove", "--key", device)
        assert second.rms("cat", protected).out.encode() == TEXT
        lab.admin("exclusion", "remove", "--key", device, code=4)
        lab.admin("exclusion", "add", "--key", "0" * 63, code=2)

        # versions of clients and of systems
        token = bob.token()

        def at(version, name="Reader", system="Mac 10.15.3"):
            platform, _, number = system.partition(" ")
            return asks(lab, token, "/my/v2/templates", info=f"AppName={name};AppVersion={version};DevicePlatform={platform};OSVersion={number};")

        lab.admin("exclusion", "add", "--client", "1.4-1.0", code=2)
        lab.admin("exclusion", "add", "--client", "1.0-1.4")
        assert [v for v in ("0.9", "1", "1.0", "1.2.7", "1.4", "1.4.9", "1.5", "1.10", "2.0", "") if at(v) == "platform-disabled"] == ["1", "1.0", "1.2.7", "1.4", "1.4.9"]
        lab.admin("exclusion", "remove", "--client", "1.0-1.4")
        lab.admin("exclusion", "add", "--client", "Other 1.0-9", "--os", "mac 10.10-10.15")
        assert at("1.2") == "platform-disabled" and at("1.2", system="Mac 10.16") == 200 and at("1.2", system="Windows 10.12") == 200
        assert at("1.2", name="other", system="Windows 10.12") == "platform-disabled"
        lab.admin("exclusion", "remove", "--client", "Other 1.0-9", "--os", "mac 10.10-10.15")
        for key in lab.admin("--json", "exclusion", "list").json["Keys"]:
            lab.admin("exclusion", "remove", "--key", key["Key"])
        assert lab.admin("--json", "exclusion", "list").json == empty


if __name__ == "__main__":
    main(devices_that_are_not_served, keys_and_versions_are_excluded, second_device_opens_what_the_first_could, sign_out_removes_what_was_kept, what_the_client_shows_and_forgets, a_damaged_store_is_repaired, what_a_store_is_worth_to_others,
         nothing_is_left_when_the_service_is_down_at_first_use, a_copied_store_is_not_bound_here)
