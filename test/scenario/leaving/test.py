"""Leaving: a tenant key alone, and with everything that opens the content, to another service; the first one is gone."""
import hashlib
import json
import shutil
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from keylab import DATA, PKCS8, PUBLISH, SOFTWARE, active, keys, opens, package, package_records, protect, publish, tool, written, written_error
from keysearch import factors, files_with, private_blob
from rmslab import Lab, b64, main


def a_key_leaves_and_opens_elsewhere():
    # proves: S-220
    # touches: S-026, S-212
    secret, other = "a passphrase of some length", "another passphrase of length"
    with Lab(people=("alice", "bob"), rmsd_args=SOFTWARE) as lab, Lab(people=("bob",), rmsd_args=SOFTWARE) as split:
        alice, bob = lab.person("alice"), split.person("bob")
        published = publish(alice)
        first = active(lab)["KeyIdentifier"]
        package = lab.dir / "package.pem"
        package.write_text(tool(lab, "key", "export", first, stdin=secret + "\n").stdout)
        lab.admin("key", "rotate", "--force")
        later = publish(alice)
        foreign = serialization.load_pem_private_key(package.read_bytes(), secret.encode())  # by a program that is not ours
        assert not files_with(lab, [n.to_bytes(128, "little")[20:60] for n in (foreign.private_numbers().p, foreign.private_numbers().q)])
        assert [r for r in lab.admin("log", "admin", "--json").json_lines if r["command"] == "ExportKey " + first]

        for stdin, code in (("short\n", 2), ("\n", 2), ("", 2)):
            assert tool(lab, "key", "export", first, stdin=stdin, code=code).stdout == ""
        for strange in ("2f5c8a54-8a0e-4b7c-9d38-5a7c4b1d9e60", "nonsense"):
            tool(lab, "key", "export", strange, stdin=secret + "\n", code=4)
        tool(lab, "key", "import", "contoso.test", package, stdin=secret + "\n", code=5)  # it is here

        before = keys(split)
        cut, curve = split.dir / "cut.pem", split.dir / "curve.pem"
        cut.write_bytes(package.read_bytes()[:900])
        curve.write_bytes(ec.generate_private_key(ec.SECP256R1()).private_bytes(*PKCS8, serialization.BestAvailableEncryption(secret.encode())))
        for path, stdin, code in ((package, other, 1), (cut, secret, 2), (curve, secret, 2), (split.dir / "none.pem", secret, 4), ("/dev/null", secret, 2)):
            tool(split, "key", "import", "contoso.test", path, stdin=stdin + "\n", code=code)
        tool(split, "key", "import", "nobody.test", package, stdin=secret + "\n", code=4)
        assert keys(split) == before
        added = tool(split, "key", "import", "contoso.test", package, stdin=secret + "\n").stdout.strip()
        assert [(k["KeyIdentifier"], k["Status"]) for k in keys(split)][1:] == [(added, "Archived")]

        def opened(licence):
            return bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": licence["SerializedPublishingLicense"]})

        end = time.monotonic() + 30
        while (reply := opened(published))[0] != 200 and time.monotonic() < end:
            time.sleep(0.1)
        assert reply[0] == 200 and reply[2]["Key"]["Value"] == published["Key"]["Value"], reply
        status, _, refused = opened(later)
        assert status == 400 and "Key" not in refused and "UnrecognizedUrl" in json.dumps(refused), refused  # unknown-key

        short = split.dir / "short.pem"
        short.write_bytes(rsa.generate_private_key(65537, 1024).private_bytes(*PKCS8, serialization.BestAvailableEncryption(secret.encode())))
        tool(split, "key", "import", "contoso.test", short, stdin=secret + "\n")
        assert [k["Status"] for k in keys(split) if k["Bits"] == 1024] == ["Archived"]


def for_a_recipient(lab, needles):
    # proves: S-027, S-028
    """The package opens with the recipient's key alone, and where four eyes are required after two people said so."""
    home = lab.dir / "elsewhere"
    home.mkdir()

    def opened(path, key, code=0):
        before = set(home.iterdir())
        done = tool(lab, "tpd", "open", path, "--key", key, stdin="the recipient's own one\n", code=code, cwd=home)
        return done.stdout.split(), set(home.iterdir()) - before

    for name in ("one", "other"):
        print_of = tool(lab, "tpd", "keypair", lab.dir / name, stdin="the recipient's own one\n").stdout.strip()
        public = serialization.load_pem_public_key((lab.dir / (name + ".pub")).read_bytes()).public_numbers()
        assert print_of == hashlib.sha256(public.n.to_bytes(384, "big")).hexdigest() and (lab.dir / name).stat().st_mode & 0o777 == 0o600
    tool(lab, "tpd", "keypair", lab.dir / "one", stdin="the recipient's own one\n", code=5)  # is there
    tool(lab, "tpd", "keypair", lab.dir / "short", stdin="short\n", code=2)
    recipient = ("--to", lab.dir / "one.pub")

    conadm, alice, bob = (lab.person(name) for name in ("conadm", "alice", "bob"))
    lab.add_user("conadm")
    conadm.login()
    for person, role in ((conadm, "ConnectorAdministrator"), (alice, "GlobalAdministrator"), (bob, "GlobalAdministrator")):
        lab.admin("role", "add", person.address, "--role", role)
        person.rms("admin", "login")
    assert "(role-required)" in conadm.rms("admin", "tpd", "export", *recipient, code=3).err
    for wrong in (lab.dir / "one", lab.dir / "none", home):  # the private half does not leave this machine by mistake
        alice.rms("admin", "tpd", "export", "--to", wrong, code=None if wrong != lab.dir / "one" else 2)
    alice.rms("admin", "tpd", "export", code=2)
    asked = alice.rms("--json", "admin", "tpd", "export", *recipient)
    assert asked.json["State"] == "waiting" and "Disable the tenant at once" in asked.err, asked
    request = asked.json["Id"]
    assert "rms admin tpd export" in package_error(lab, *recipient)
    for who, words, code in ((alice, ("tpd", "approve"), 3), (conadm, ("tpd", "approve"), 3), (bob, ("recovery", "approve"), 4)):
        who.rms("admin", *words, request, code=code)
    assert lab.admin("recovery", "list", "--json").json_lines == []
    assert bob.rms("--json", "admin", "tpd", "approve", request).json["State"] == "approved"
    assert "rms admin tpd export" in package_error(lab, "--to", lab.dir / "other.pub")
    sealed = lab.dir / "sealed.tpd"
    with open(sealed, "wb") as out:
        assert "disable the tenant at once" in written(lab, out, "", "tpd", "export", "contoso.test", *recipient)
    package_error(lab, *recipient)  # one package of one approval
    rows = [(r["actor"], r["command"].split()[0], r["status"]) for r in lab.admin("log", "admin", "--json").json_lines]
    assert (alice.address, "RequestTpdExport", "Passed") in rows and (bob.address, "ApproveTpdExport", "Passed") in rows, rows
    assert (alice.address, "ApproveTpdExport", "Failed") in rows and (conadm.address, "RequestTpdExport", "Failed") in rows, rows
    denied = alice.rms("--json", "admin", "tpd", "export", *recipient).json["Id"]
    bob.rms("admin", "tpd", "deny", denied)
    bob.rms("admin", "tpd", "approve", denied, code=5)

    data = sealed.read_bytes()
    assert data.startswith(b"OpenRMSTpdFor\n") and not any(n in data for n in needles)
    head, secret = data[18:18 + 384], {}
    for name in ("one", "other"):  # by a program that is not ours
        key = serialization.load_pem_private_key((lab.dir / name).read_bytes(), b"the recipient's own one")
        try:
            secret[name] = b64(key.decrypt(head, padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)))
        except ValueError:
            assert name == "other"
    inner = lab.dir / "inner.tpd"
    inner.write_bytes(data[18 + 384:])
    assert any(n in package_records(inner, secret["one"]) for n in needles)
    assert opened(sealed, lab.dir / "other", code=1) == ([], set())
    (lab.dir / "cut.tpd").write_bytes(data[:-1])
    assert opened(lab.dir / "cut.tpd", lab.dir / "one", code=2) == ([], set())
    assert opened(inner, lab.dir / "one", code=2) == ([], set())
    names, files = opened(sealed, lab.dir / "one")
    assert {home / n for n in names} == files and len({n.split(".")[0] for n in names}) == 1 and len(files) == 2, names
    assert sorted(f.suffix for f in files) == [".password", ".tpd"] and {f.stat().st_mode & 0o777 for f in files} == {0o600}
    tpd, password = (next(f for f in files if f.suffix == s) for s in (".tpd", ".password"))
    assert json.loads(tool(lab, "tpd", "inspect", tpd, stdin=password.read_text()).stdout)["PrivateKey"] is True
    return tpd, password.read_text()


def package_error(lab, *recipient):
    return written_error(lab, "tpd", "export", "contoso.test", *recipient, stdin="", code=3)


def everything_leaves_and_opens_elsewhere():
    # proves: S-026, S-029
    secret, second = "a passphrase of some length\n", "what the second one knows\n"
    with Lab(people=("alice", "bob"), rmsd_args=SOFTWARE) as lab, Lab(start=False, rmsd_args=SOFTWARE) as fresh:
        alice = lab.person("alice")
        lab.admin("group", "add", "mkt@contoso.test")
        lab.admin("group", "member", "add", "mkt@contoso.test", "bob@contoso.test")
        lab.admin("template", "add", "--name", "TPL", "--grant", "mkt@contoso.test:Co-Author", "--published")
        alice.rms("template", "refresh")
        files = [protect(alice, "one", "--template", "TPL"), protect(alice, "two", "--perm", "bob@contoso.test:Co-Author")]
        key = active(lab)["KeyIdentifier"]
        needles = factors(private_blob(lab, key))
        for stdin in ("", "short\n", secret + "short\n", (secret * 9)):
            assert package(lab, lab.dir / "none", "contoso.test", stdin=stdin, code=2).stat().st_size == 0
        package(lab, lab.dir / "none", "nobody.test", stdin=secret, code=4)
        package(lab, lab.dir / "none", "contoso.test", "2f5c8a54-8a0e-4b7c-9d38-5a7c4b1d9e60", stdin=secret, code=4)
        whole = package(lab, lab.dir / "whole.tpd", "contoso.test", stdin=secret)
        keyless = package(lab, lab.dir / "keyless.tpd", "contoso.test", "--keyless", stdin=secret)
        found = [any(n in package_records(path, secret.strip()) for n in needles) for path in (whole, keyless)]
        assert found == [True, False]  # opened by a program that is not ours
        assert not files_with(lab, needles)
        for path, has in ((whole, True), (keyless, False)):
            seen = json.loads(tool(lab, "tpd", "inspect", path, stdin=secret).stdout)
            assert seen["PrivateKey"] is has and seen["KeyIdentifier"] == key and seen["Certificate"], seen
            assert "TPL" in json.dumps(seen["Templates"]) and seen["Domains"] == ["contoso.test"]
        rows = [r["command"] for r in lab.admin("log", "admin", "--json").json_lines]
        assert f"ExportTpd {key}" in rows and f"ExportTpd -Keyless {key}" in rows, rows

        lab.admin("recovery", "enable")  # four eyes: nobody takes the key out alone
        assert "second administrator" in written_error(lab, "tpd", "export", "contoso.test", stdin=secret, code=3)
        both = package(lab, lab.dir / "both.tpd", "contoso.test", stdin=secret + second)
        tpd, password = for_a_recipient(lab, needles)
        lab.admin("service", "disable", "--force")
        assert "(tenant-disabled)" in alice.rms("template", "refresh", code=None).err
        lab.stop()

        fresh.port, fresh.url = lab.port, lab.url  # the name leads to the new service now
        fresh.start()
        fresh.admin("tenant", "create", "--name", "Contoso", "--domain", "contoso.test", "--removal-right", "EXTRACT")
        for name in ("alice", "bob", "carol"):
            fresh.add_user(name)
        fresh.admin("group", "add", "mkt@contoso.test")
        fresh.admin("group", "member", "add", "mkt@contoso.test", "bob@contoso.test")
        people = {name: fresh.person(name) for name in ("alice", "bob", "carol")}
        for person in people.values():
            person.login()
        assert opens(people["bob"], files[1], code=None).code != 0

        def state():
            return keys(fresh), fresh.admin("template", "list", "--json").json_lines

        before, cut = state(), fresh.dir / "cut.tpd"
        data = whole.read_bytes()
        for content in (data[:-1], data[:60], data + b"x"):
            cut.write_bytes(content)
            tool(fresh, "tpd", "import", "contoso.test", cut, stdin=secret, code=2)
        cut.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])  # which looks like another passphrase
        tool(fresh, "tpd", "import", "contoso.test", cut, stdin=secret, code=1)
        tool(fresh, "tpd", "import", "contoso.test", whole, stdin=second, code=1)
        tool(fresh, "tpd", "import", "contoso.test", both, stdin=secret, code=1)  # one of two
        tool(fresh, "tpd", "import", "contoso.test", keyless, stdin=secret, code=2)
        tool(fresh, "tpd", "import", "nobody.test", whole, stdin=secret, code=4)
        assert state() == before
        added = tool(fresh, "tpd", "import", "contoso.test", tpd, stdin=password).stdout.strip()
        tool(fresh, "tpd", "import", "contoso.test", both, stdin=secret + second, code=5)  # it is here
        assert [k["Status"] for k in keys(fresh) if k["KeyIdentifier"] == added] == ["Archived"]
        tool(fresh, "tpd", "import", "contoso.test", whole, stdin=secret, code=5)  # it is here
        new = [t for t in state()[1] if t not in before[1]]
        assert new and {t["Status"] for t in new} == {"Archived"}, new
        fresh.admin("key", "activate", added)
        for path in files:
            for name in ("alice", "bob"):
                opens(people[name], path)
            assert "no-rights" in opens(people["carol"], path, code=None).err
        the_other_ways(fresh, people, files)


def the_other_ways(lab, people, files):
    # proves: S-031
    """doc/admin/leaving.md. Its first way is how everything came here: the old service is disabled, and its name leads to this one."""
    alice, bob, carol = (people[name] for name in ("alice", "bob", "carol"))

    def protects(person, name, *policy):
        return person.rms("protect", person.write(name, b"new"), *(policy or ("--perm", "bob@contoso.test:VIEW")), code=None)

    # 3: nothing new, by the policy of the devices
    assert protects(alice, "before.bin").code == 0
    config = alice.write(".config/openrms/rms.conf", "publishing = off\n")
    for policy in ((), ("--only-me",)):
        refused = protects(alice, "policy.bin", *policy)
        assert "(publish-not-allowed)" in refused.err, refused
    for path in files:
        opens(alice, path)
        opens(bob, path)
    # 2: the service lets nobody; who has a certificate to protect with has it for 31 days
    lab.admin("service", "consume-only", "--force")
    config.unlink()
    status, _, reply = alice.rest("POST", "/my/v2/publishinglicenses", PUBLISH)
    assert status != 200 and "publish-not-allowed" in json.dumps(reply) + lab.admin("log", "usage", "--limit", 1).out, reply
    lab.move_clock(days=32)
    for person in (alice, bob, carol):
        person.login()
    for person in (alice, carol):
        assert "(publish-not-allowed)" in protects(person, "late.bin").err
    lab.admin("superuser", "add", "carol@contoso.test")
    lab.admin("superuser", "feature", "enable")
    share = carol.home / "share"
    share.mkdir()
    for path in files[:-1]:
        shutil.copy(path, share / path.name)
    carol.rms("unprotect", "-r", "--in-place", share)
    assert {p.read_bytes() for p in share.iterdir()} == {DATA + p.name.split(".")[0].encode() for p in files[:-1]}, list(share.iterdir())
    # 4: what was missed opens for those who are left to do that
    opens(carol, files[-1])
    opens(bob, files[-1])
    seen = lab.admin("log", "usage", "--json", "--where", "super-user=true").json_lines
    assert {r["user-id"] for r in seen} == {"carol@contoso.test"}, seen


if __name__ == "__main__":
    main(a_key_leaves_and_opens_elsewhere, everything_leaves_and_opens_elsewhere)
