"""Tenant keys in a PKCS#11 token (SoftHSM2): made there, moved there, used, rolled, away, back, and nowhere else."""
import base64
import json
import os
import re
import shutil
import subprocess
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

import softhsm
from keylab import PKCS8, server_key, tool
from keysearch import factors, places_with, private_blob
from rmslab import BUILD, Lab, b64, main

os.environ["RMS_TEST_KEYSTORE"] = "softhsm"
DATA = b"Nobody reads this without the token.\n"


def keys(lab):
    return lab.admin("key", "list", "--json").json_lines


def active(lab):
    return next(k for k in keys(lab) if k["Status"] == "Active")


def protect(person, name):
    path = person.write(name + ".bin", DATA + name.encode())
    person.rms("protect", path, "--perm", "bob@contoso.test:Co-Author", "--in-place")
    return person.home / (name + ".bin.pfile")


def opens(person, path, code=0):
    out = person.home / "opened.bin"
    out.unlink(missing_ok=True)
    done = person.rms("open", path, "-o", out, code=code)
    assert (code == 0) == out.exists(), done
    assert code != 0 or out.read_bytes() == DATA + path.name.split(".")[0].encode()
    return done


def publish(person):
    policy = {"UserRights": [{"Users": ["bob@contoso.test"], "Rights": ["VIEW"]}], "allowOfflineAccess": True,
              "IntervalTimeInDays": 7}
    return person.rest("POST", "/my/v2/publishinglicenses",
                       {"PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False, "Policy": policy})


def consume(person, published, token):
    return person.rest("POST", "/my/v2/enduserlicenses",
                       {"SerializedPublishingLicense": published["SerializedPublishingLicense"]}, token=token)


def wait_for(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.1)


def health(lab):
    return lab.admin("health", "--json", code=None).json


def key_store_is(lab, good):
    wait_for(lambda: ("key store" in health(lab)["Problems"]) != good, f"health: key store {'good' if good else 'bad'}")


# --- made in the token, rolled, restarted, away and back ------------------------------------------------------------

def keys_live_in_the_token():
    # proves: S-213, S-214
    # touches: S-203, S-205, S-210
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        first = active(lab)
        assert first["KeyType"] == "Customer-managed (BYOK)" and first["PublicKey"]
        assert re.fullmatch(r"pkcs11:token=rights;id=(%[0-9A-Fa-f]{2}|[\w.~-])+", first["KeyReference"]), first
        before, cached = protect(alice, "before"), protect(alice, "cached")
        opens(bob, before)
        opens(bob, cached)
        token = bob.token()
        status, _, online = publish(alice)
        assert status == 200, online
        assert consume(bob, online, token)[0] == 200

        second = lab.admin("key", "rotate", "--force", "--json", "--bits", "3072").json
        assert second["KeyType"] == "Customer-managed (BYOK)" and second["Bits"] == 3072
        software = lab.admin("key", "generate", "--store", "software", "--json").json
        assert software["KeyType"] == "Service-managed" and "KeyReference" not in software
        alice.rms("bootstrap", "--force")
        after = protect(alice, "after")
        for path in (before, after):
            opens(bob.device("2") if path is after and bob.device("2").login() else bob, path)

        assert lab.stop() == 0
        lab.start()
        fresh = bob.device("3")
        fresh.login()
        for path in (before, after):
            opens(fresh, path)
        assert consume(bob, online, token)[0] == 200  # and it is in the caches again

        lab.token.take_away()
        key_store_is(lab, False)
        assert health(lab)["Status"] == "degraded" and health(lab)["Keyd"]["Token"] != "ok"
        late = bob.device("4")
        late.login()
        for path in (before, after):  # under the archived key, and under the active one
            assert "key-unavailable" in opens(late, path, code=6).err
        wait_for(lambda: consume(bob, online, token)[0] == 424, "what was open in the service closes")
        assert publish(alice)[0] == 424
        opens(bob, cached)  # his licence is at home
        assert not [r for r in lab.usage() if r.get("result") == "AccessDenied"]

        lab.token.bring_back()
        key_store_is(lab, True)
        for path in (before, after):
            opens(late, path)
        assert consume(bob, online, token)[0] == 200
        assert publish(alice)[0] == 200


def a_key_of_the_token_does_not_leave():
    # touches: S-029
    with Lab(people=("alice",)) as lab:
        key = active(lab)["KeyIdentifier"]

        def export(*args, code=0):
            done = subprocess.run([BUILD / "cmd/rmsd/rmsd", "--dir", lab.data, "--url", lab.url, *(
                ["--set", "database=" + lab.database] if lab.database else []), "tpd", "export", "contoso.test", *args],
                                  input=b"a passphrase of some length\n", capture_output=True, timeout=120)
            assert done.returncode == code, done
            return done

        assert key.encode() in export(code=5).stderr
        path = lab.dir / "keyless.tpd"
        path.write_bytes(export("--keyless").stdout)
        shown = subprocess.run([BUILD / "cmd/rmsd/rmsd", "tpd", "inspect", path], input="a passphrase of some length\n",
                               capture_output=True, text=True, timeout=120)
        assert shown.returncode == 0, shown
        seen = json.loads(shown.stdout)
        assert seen["PrivateKey"] is False and seen["KeyIdentifier"] == key and seen["Certificate"] and seen["Templates"]


def every_use_is_a_row():
    # proves: S-195
    with Lab(start=False) as lab:
        lab.token.write_down_calls()
        lab.start()
        lab.admin("tenant", "create", "--name", "Contoso", "--domain", "contoso.test", "--removal-right", "EXTRACT")
        for name in ("alice", "bob"):
            lab.add_user(name)
            lab.person(name).login()
        alice, bob = lab.person("alice"), lab.person("bob")

        def rows(kind, good=True):
            return [r for r in lab.usage(keys=True, request_type=kind) if (r["result"] == "Success") == good]

        def agree():
            return all(len(rows(kind)) == lab.token.count(call) > 0 for kind, call in (
                ("KeyVaultDecryptRequest", "C_Decrypt"), ("KeyVaultSignDigest", "C_Sign")))

        wait_for(agree, "the key store's count of preparing a device")
        paths = [protect(alice, f"file{i}") for i in range(3)]
        online = [publish(alice)[2] for _ in range(3)]
        token = bob.token()
        before = len(rows("KeyVaultDecryptRequest"))
        for path in paths:
            opens(bob, path)
        for published in online * 2:
            assert consume(bob, published, token)[0] == 200
        lab.admin("key", "rotate", "--force")
        alice.rms("bootstrap", "--force")
        opens(bob, protect(alice, "later"))
        wait_for(agree, "the key store's count")
        used = rows("KeyVaultDecryptRequest")
        assert len(used) >= before + 4, used
        named = {r["detail"] for r in used + rows("KeyVaultSignDigest")} - {"", None}
        assert named == {k["KeyIdentifier"] for k in keys(lab)}, named
        asked = {r["correlation-id"] for r in lab.usage()}
        assert {r["correlation-id"] for r in used if r["user-id"] == "bob@contoso.test"} <= asked
        assert not rows("KeyVaultSignDigest", good=False)

        lab.token.take_away()
        key_store_is(lab, False)
        assert publish(alice)[0] == 424
        wait_for(lambda: rows("KeyVaultSignDigest", good=False), "a row of the refusal")
        refused = rows("KeyVaultSignDigest", good=False)[0]
        assert refused["result"] == "key-unavailable" and refused["user-id"] == "alice@contoso.test", refused
        lab.token.bring_back()

        key_store_is(lab, True)
        own = lab.admin("key", "generate", "--store", "software", "--json").json["KeyIdentifier"]
        lab.admin("key", "activate", own)
        seen = len(lab.usage(keys=True)) - len(lab.usage())
        assert publish(alice)[0] == 200
        assert len(lab.usage(keys=True)) - len(lab.usage()) == seen  # keys of the service make no rows


def a_wrong_pin_stops_the_token_and_nothing_else():
    # touches: S-213, S-217
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        held = protect(alice, "held")
        own = lab.admin("key", "generate", "--store", "software", "--json").json["KeyIdentifier"]
        lab.admin("key", "activate", own)  # from the token to the service: the same procedure
        alice.rms("bootstrap", "--force")
        free = protect(alice, "free")
        lab.stop()
        lab.token.give_pin(lab.data, "not the PIN")
        lab.start()
        other = bob.device("2")
        other.login()
        assert "key-unavailable" in opens(other, held, code=6).err
        opens(other, free)
        key_store_is(lab, False)
        lab.admin("key", "rotate", "--force", code=6)  # the token would have to make it
        assert active(lab)["KeyIdentifier"] == own
        assert "PIN" in health(lab)["Keyd"]["Token"]
        time.sleep(3)  # long enough for attempts that would lock a token
        lab.stop()
        assert "not the PIN" not in lab.log_text() and softhsm.PIN not in lab.log_text()
        lab.token.give_pin(lab.data)
        lab.start()
        opens(other, held)


def keys_of_other_tools_are_added_once():
    # proves: S-218
    # touches: S-210
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        for label, ident, size in (("rights-1", "0a0b", "rsa:2048"), ("curve", "0c0d", "EC:prime256v1"), ("short", "0e0f", "rsa:1024")):
            lab.token.tool("--keypairgen", "--key-type", size, "--id", ident, "--label", label)
        added = lab.admin("key", "add", "pkcs11:token=rights;id=%0a%0b", "--json").json
        assert added["Status"] == "Archived" and added["KeyType"] == "Customer-managed (BYOK)"
        lab.admin("key", "activate", added["KeyIdentifier"])
        alice.rms("bootstrap", "--force")
        opens(bob, protect(alice, "added"))
        known = keys(lab)
        for reference, code in (("pkcs11:token=rights;id=%0a%0b", 5), ("pkcs11:token=rights;object=rights-1", 2), ("pkcs11:token=rights", 2),
                                ("pkcs11:token=other;id=%0a%0b", 4), ("pkcs11:token=rights;id=%99", 4), ("http://x", 2), ("", 2),
                                ("pkcs11:token=rights;id=%0c%0d", 2), ("pkcs11:token=rights;id=%0e%0f", 2),
                                ("pkcs11:token=rights;id=%0a%0b?pin-value=1234", 2), ("pkcs11:" + "x" * 5000, 2)):
            lab.admin("key", "add", reference, code=code)
        assert keys(lab) == known
        again = lab.admin("key", "add", "pkcs11:token=rights;id=%0a%0b", code=5)
        assert "conflict" in again.err

        # the maker's tools move one: it is the same by its public key, and nothing else is
        pem = lab.dir / "key.pem"
        pem.write_bytes(rsa.generate_private_key(65537, 2048).private_bytes(*PKCS8, serialization.NoEncryption()))
        place = {ident: f"pkcs11:token=rights;id=%{ident[:2]}%{ident[2:]}" for ident in ("1011", "1213")}
        for ident in place:
            lab.token.util("--import", pem, "--token", softhsm.LABEL, "--label", "moved", "--id", ident, "--pin", softhsm.PIN)
        moved = lab.admin("key", "add", place["1011"], "--json").json["KeyIdentifier"]
        lab.admin("key", "activate", moved)
        alice.rms("bootstrap", "--force")
        path, online = protect(alice, "moved"), publish(alice)[2]
        known = keys(lab)
        for reference, code in (("pkcs11:token=rights;id=%0a%0b", 2), ("pkcs11:token=rights;id=%0e%0f", 2), ("pkcs11:token=rights", 2), ("x", 2),
                                ("pkcs11:token=rights;id=%99", 4), ("pkcs11:token=other;id=%12%13", 4), (place["1011"], 5)):
            lab.admin("key", "convert", moved, "--to", reference, "--force", code=code)
        assert keys(lab) == known
        lab.admin("key", "convert", moved, "--to", place["1213"], "--force")
        assert keys(lab) == [{**k, "KeyReference": place["1213"]} if k["KeyIdentifier"] == moved else k for k in known]
        for kind in ("privkey", "pubkey"):
            lab.token.tool("--delete-object", "--type", kind, "--id", "1011")
        device = bob.device("2")
        device.login()
        opens(device, path)
        assert consume(bob, online, device.token())[2]["Key"]["Value"] == online["Key"]["Value"]
        assert publish(alice)[0] == 200


# --- from place to place --------------------------------------------------------------------------------------------

def another_token_of_the_same_maker(lab):
    """What the token has is moved to another by the maker's own means: SoftHSM's documented ones are copies of its files."""
    old, lab.token = lab.token, softhsm.Token(lab.dir / "another").make()
    shutil.rmtree(lab.token.tokens)
    old.tokens.rename(lab.token.tokens)
    assert not old.tokens.exists()


def every_place_is_reached_and_all_opens():
    # proves: S-212, S-217
    secret = "a passphrase of some length"
    encrypted = serialization.BestAvailableEncryption(secret.encode())
    with Lab(people=("alice", "bob"), rmsd_args=("--set", "key_store=software")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        online, files = [], []

        def goes_on(name):
            """Of before and of now, on a device that has no licence yet."""
            alice.rms("bootstrap", "--force")
            status, _, published = publish(alice)
            assert status == 200, published
            online.append(published)
            files.append(protect(alice, name))
            device = bob.device(name)
            device.login()
            for path in files:
                opens(device, path)
            token = device.token()
            for published in online:
                status, _, reply = consume(bob, published, token)
                assert status == 200 and reply["Key"]["Value"] == published["Key"]["Value"], reply

        def numbers(text):
            return int.from_bytes(base64.b64decode(text), "little")

        goes_on("in-the-service")  # a software key in the service's store
        first = active(lab)
        made = lab.admin("key", "generate", "--store", "pkcs11", "--json").json["KeyIdentifier"]
        lab.token.take_away()
        key_store_is(lab, False)
        assert "key-unavailable" in lab.admin("key", "activate", made, code=6).err
        assert active(lab) == first
        lab.token.bring_back()
        key_store_is(lab, True)
        lab.admin("key", "activate", made)
        goes_on("made-in-the-token")

        known = keys(lab)
        lab.stop()
        another_token_of_the_same_maker(lab)
        lab.start()
        assert keys(lab) == known and active(lab)["KeyIdentifier"] == made
        goes_on("in-another-token")

        lab.admin("key", "activate", first["KeyIdentifier"])  # back, by the same procedure
        goes_on("back-in-the-service")
        public = numbers(server_key(alice))
        lab.admin("key", "convert", first["KeyIdentifier"], "--force")
        now = active(lab)
        assert now["KeyIdentifier"] == first["KeyIdentifier"] and numbers(now["PublicKey"]) == public
        goes_on("moved-to-the-token")

        source = rsa.generate_private_key(65537, 2048)
        kept, curve = lab.dir / "key.pfx", lab.dir / "curve.pfx"
        kept.write_bytes(pkcs12.serialize_key_and_certificates(b"key", source, None, None, encrypted))
        curve.write_bytes(pkcs12.serialize_key_and_certificates(b"curve", ec.generate_private_key(ec.SECP256R1()), None, None, encrypted))
        known = keys(lab)
        tool(lab, "key", "import", "contoso.test", kept, stdin="another passphrase\n", code=1)
        tool(lab, "key", "import", "contoso.test", curve, stdin=secret + "\n", code=2)
        assert keys(lab) == known
        imported = tool(lab, "key", "import", "contoso.test", kept, stdin=secret + "\n").stdout.strip()
        lab.admin("key", "activate", imported)
        goes_on("imported")
        assert numbers(server_key(alice)) == source.public_key().public_numbers().n
        lab.admin("key", "convert", imported, "--force")
        assert numbers(active(lab)["PublicKey"]) == source.public_key().public_numbers().n
        goes_on("imported-to-the-token")


# --- moved to the token: the key is nowhere else --------------------------------------------------------------------

def a_moved_key_is_in_the_token_and_nowhere_else():
    # proves: S-203
    # touches: S-212, S-215, S-218
    with Lab(people=("alice", "bob"), rmsd_args=("--set", "key_store=software")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        key = active(lab)
        assert key["KeyType"] == "Service-managed"
        needles = factors(private_blob(lab, key["KeyIdentifier"]))
        before = protect(alice, "before")
        opens(bob, before)
        here = places_with(lab, needles)
        assert here and all(place.startswith("keyd: ") for place in here), here  # the search does find, and only there

        refused = lab.admin("key", "convert", key["KeyIdentifier"], code=2)
        assert "--force" in refused.err
        lab.admin("key", "convert", key["KeyIdentifier"], "--force")
        now = active(lab)
        assert now["KeyIdentifier"] == key["KeyIdentifier"] and now["KeyType"] == "Customer-managed (BYOK)"
        lab.admin("key", "convert", key["KeyIdentifier"], "--force", code=5)
        lab.admin("key", "convert", "2f5c8a54-8a0e-4b7c-9d38-5a7c4b1d9e60", "--force", code=4)

        def use(number):
            device = bob.device(number)
            device.login()
            opens(device, before)
            assert publish(alice)[0] == 200

        use("2")
        lab.stop()
        lab.start()
        use("3")
        found = places_with(lab, needles)
        assert not found, found
        blob = private_blob(lab, key["KeyIdentifier"])
        assert blob[0] == 6 and not any(n in blob for n in needles)  # a reference
        lab.token.take_away()
        key_store_is(lab, False)
        late = bob.device("4")
        late.login()
        assert "key-unavailable" in opens(late, before, code=6).err

        own = lab.admin("key", "generate", "--json").json  # what is shown of keys of either kind, and nothing private
        common = {"KeyIdentifier", "Status", "KeyType", "CreationTime", "FriendlyName", "Bits", "UsedFor"}
        assert set(own) == common and set(active(lab)) == common | {"KeyReference", "PublicKey"}
        assert (own["Status"], own["KeyType"], own["Bits"]) == ("Archived", "Service-managed", 2048)
        needles += factors(private_blob(lab, own["KeyIdentifier"]))
        shown = lab.log_text() + "".join(lab.admin(*command, "--json").out for command in (
            ("key", "list"), ("tenant", "show"), ("log", "admin"), ("log", "usage"), ("health",)))
        for needle in needles:
            assert needle.hex() not in shown.lower() and b64(needle)[4:-4] not in shown


if __name__ == "__main__":
    main(a_key_of_the_token_does_not_leave, every_use_is_a_row, keys_live_in_the_token, a_wrong_pin_stops_the_token_and_nothing_else, keys_of_other_tools_are_added_once,
         every_place_is_reached_and_all_opens, a_moved_key_is_in_the_token_and_nowhere_else)
