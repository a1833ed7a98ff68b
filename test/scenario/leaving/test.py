"""Leaving: a tenant key alone, and with everything that opens the content, to another service; the first one is gone."""
import json
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from keylab import PKCS8, SOFTWARE, active, keys, opens, package, package_records, protect, publish, tool, written_error
from keysearch import factors, files_with, private_blob
from rmslab import Lab, main


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
        lab.admin("key", "rotate")
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
        added = tool(fresh, "tpd", "import", "contoso.test", both, stdin=secret + second).stdout.strip()
        assert [k["Status"] for k in keys(fresh) if k["KeyIdentifier"] == added] == ["Archived"]
        tool(fresh, "tpd", "import", "contoso.test", whole, stdin=secret, code=5)  # it is here
        new = [t for t in state()[1] if t not in before[1]]
        assert new and {t["Status"] for t in new} == {"Archived"}, new
        fresh.admin("key", "activate", added)
        for path in files:
            for name in ("alice", "bob"):
                opens(people[name], path)
            assert "no-rights" in opens(people["carol"], path, code=None).err


if __name__ == "__main__":
    main(a_key_leaves_and_opens_elsewhere, everything_leaves_and_opens_elsewhere)
