"""A slapd that cannot be trusted, that is away, that loses everybody, that is large."""
import re
import time

from directories import TEXT, Office, certificates, wait_for
from rmslab import PASSWORD, free_port, main


def only_a_directory_that_proves_itself():
    with Office() as lab, lab.slapd() as slapd:
        slapd.add(slapd.person("bob", "mail: bob@contoso.test", password=PASSWORD))
        (slapd.dir / "other").mkdir()
        certificates(slapd.dir / "other", ["IP:127.0.0.1"])
        (slapd.dir / "elsewhere").mkdir()
        lab.credential("office", slapd.password + "\n")
        lab.credential("wrong", "not this\n")
        lab.credential("empty", "\n")
        lab.credential("open", slapd.password, mode=0o644)
        own, other = slapd.dir / "ca.pem", slapd.dir / "other/ca.pem"
        who = f"cn=rms,{slapd.base}"
        localhost = slapd.url.replace("127.0.0.1", "localhost")  # not in the certificate
        nowhere = f"ldap://127.0.0.1:{free_port()}"
        cases = [("starttls", slapd.url, own, "office", who, "success"), ("ldaps", slapd.tls_url, own, "office", who, "success"),
                 ("untrusted", slapd.url, other, "office", who, "tls"), ("untrusted-ldaps", slapd.tls_url, other, "office", who, "tls"),
                 ("other-name", localhost, own, "office", who, "tls"), ("system", slapd.url, None, "office", who, "tls"),
                 ("wrong", slapd.url, own, "wrong", who, "not-authenticated"), ("empty", slapd.url, own, "empty", who, "not-authenticated"),
                 ("readable", slapd.url, own, "open", who, "permission"), ("missing", slapd.url, own, "missing", who, "not-found"),
                 ("nobody", slapd.url, own, "office", f"cn=nobody,{slapd.base}", "not-authenticated"),
                 ("nowhere", nowhere, own, "office", who, "unreachable")]
        for name, url, ca, secret, dn, outcome in cases:
            lab.admin("directory", "add", name, "--url", url, *(["--ca", ca] if ca else []), "--base", f"ou=people,{slapd.base}",
                      "--bind-dn", dn, "--password-file", secret, "--people-filter", f"(cn={name})")
            done = lab.admin("--json", "directory", "test", name, code=None)
            assert done.json["Outcome"] == outcome and (done.code == 0) == (outcome == "success"), (name, done)
            shown = lab.listed(name)
            if outcome != "success":
                wait_for(name, lambda shown=name, outcome=outcome: lab.listed(shown)["Outcome"] == outcome)
                assert shown["Detail"], shown
        # Nothing was ever said in the clear, and the password is nowhere but in its file.
        log = slapd.log_text()
        assert log.count("TLS established") >= 2 and not re.search(r"(?<!_)ssf=0", log), log[-2000:]
        assert slapd.password not in lab.log_text() and slapd.password not in lab.admin("log", "admin").out
        assert slapd.password not in lab.admin("directory", "show", "starttls").out
        for file in (lab.data / "db").iterdir():
            assert slapd.password.encode() not in file.read_bytes(), file

        # What an administrator may not say.
        good = {"Name": "x", "Url": slapd.url, "PeopleBase": slapd.base, "BindDn": who, "PasswordFile": "office"}
        for changed in ({"PasswordFile": "../master.key"}, {"PasswordFile": "/etc/shadow"}, {"PasswordFile": ".x"}, {"Keytab": "k"},
                        {"Url": "http://127.0.0.1/"}, {"Url": "ldapi:///"}, {"Url": slapd.url + "/dc=x??sub"}, {"Url": "ldap://"},
                        {"Url": f"{slapd.url} {slapd.tls_url}"},
                        {"PeopleFilter": "(objectClass=*"}, {"PeopleFilter": "objectClass=*"}, {"PeopleBase": "not a name"},
                        {"PasswordFile": None}, {"Password": "x"}, {"IntervalSeconds": 1}, {"MaxAgeSeconds": 10801},
                        {"Attributes": ["mail=a)(b"]}, {"Attributes": ["password=userPassword"]}, {"Certificates": "none"}, {"Name": ""}):
            status, reply = lab.admin_http("POST", "/tenants/-/directories", {**good, **changed})
            assert status == 400, (changed, reply)
        assert lab.admin_http("POST", "/tenants/-/directories", {**good, "Name": "ldaps"})[0] == 409
        assert lab.admin("directory", "show", "unknown", code=4).err
        lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
        lab.admin("directory", "show", "ldaps", "--tenant", "fabrikam.test", code=4)
        assert not lab.admin("--json", "directory", "list", "--tenant", "fabrikam.test").out.strip()
        # Fabrikam's directory may hold what it likes: it does not make contoso's people.
        lab.connect(slapd, "--tenant", "fabrikam.test", name="theirs")
        lab.admin("directory", "refresh", "theirs", "--tenant", "fabrikam.test")
        lab.person("bob").login(code=3)


def a_directory_that_is_away():
    with Office() as lab, lab.slapd() as slapd:
        slapd.add(slapd.person("bob", "mail: bob@contoso.test", password=PASSWORD),
                  slapd.group("mkt", [slapd.person_dn("bob")], "mail: mkt@contoso.test"))
        lab.connect(slapd)
        lab.refresh()
        bob = lab.person("bob")
        bob.login()
        slapd.stop()
        wait_for("the failure is seen", lambda: lab.listed()["State"] == "failing")
        assert lab.listed()["Outcome"] == "unreachable" and "connect" in lab.listed()["Detail"], lab.listed()
        assert '"directory.failed"' in lab.log_text() and "unreachable" in lab.log_text()
        # Membership stays as it was, for three hours (S-045); then it is worth nothing, though grants to people are.
        lab.opens("bob", lab.document("mkt@contoso.test"))
        assert "cannot be reached" in lab.person("bob", device="2").login(code=3).err
        lab.move_clock(seconds=10801)
        wait_for("membership expires", lambda: lab.listed()["State"] == "expired")
        bob.rms("logout", "--all", code=None)
        slapd.start()
        wait_for("it is read again", lambda: lab.listed()["State"] == "ok")
        bob.login()
        lab.opens("bob", lab.document("mkt@contoso.test"))

        # Everybody gone at once is a mistake rather than a wish.
        slapd.add(*(slapd.person(f"p{i}", f"mail: p{i}@contoso.test") for i in range(30)))
        assert lab.refresh()["Added"] == 30
        slapd.delete(*(slapd.person_dn(f"p{i}") for i in range(30)))
        done = lab.refresh(code=5)
        assert done["Outcome"] == "limit" and "more than half" in done["Detail"], done
        assert lab.user("p7@contoso.test")["Enabled"]
        assert lab.refresh(0, "office", "--force")["Vanished"] == 30
        assert not lab.user("p7@contoso.test")["Enabled"]

        # Removed: nobody gets in any more. Added again: they are who they were.
        before = lab.user("bob@contoso.test")
        document = lab.document("mkt@contoso.test")
        lab.admin("directory", "remove", "office", "--force")
        assert not lab.user("bob@contoso.test")["Enabled"]
        lab.person("bob", device="3").login(code=3)
        lab.connect(slapd)
        lab.refresh()
        assert lab.user("bob@contoso.test")["Id"] == before["Id"] and lab.user("bob@contoso.test")["Enabled"]
        bob = lab.person("bob", device="3")
        bob.login()
        assert bob.rms("open", document, "-o", "-").out == TEXT.decode()


def the_directory_of_another_organisation_is_away():
    # proves: S-049
    with Office() as lab, lab.slapd() as slapd:
        theirs = ("--tenant", "fabrikam.test")
        lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
        slapd.add(slapd.person("fay", "mail: fay@fabrikam.test", password=PASSWORD),
                  slapd.group("fab-sales", [slapd.person_dn("fay")], "mail: fab-sales@fabrikam.test"))
        lab.connect(slapd, *theirs)
        lab.admin("directory", "refresh", "office", *theirs)
        fay = lab.person("fay@fabrikam.test")
        fay.login()

        def may_open(document):
            return fay.rms("cat", document, code=None).code == 0

        def listed():
            return lab.admin("--json", "directory", "show", "office", *theirs).json["State"]

        assert may_open(lab.document("fab-sales@fabrikam.test"))
        slapd.stop()
        wait_for("the failure is seen", lambda: listed() == "failing")
        assert may_open(lab.document("fab-sales@fabrikam.test")), "what is cached counts"
        lab.move_clock(seconds=10801)
        wait_for("membership expires", lambda: listed() == "expired")
        # Nothing is known of the group now: no rights, and the log tells that from not being in it.
        document = lab.document("fab-sales@fabrikam.test")
        wait_for("membership is dropped", lambda: not may_open(document))
        assert "(no-rights)" in fay.rms("cat", document, code=None).err
        own = ("--tenant", "contoso.test", "--user", "fay@fabrikam.test")
        wait_for("the row", lambda: any(r["result"] == "no-rights" and r["detail"] == "group-unresolved"
                                        for r in lab.admin("--json", "log", "usage", *own).json_lines))
        assert may_open(lab.document("fay@fabrikam.test")), "a grant to herself needs no group"
        # The refusal is not kept once they answer again.
        slapd.start()
        wait_for("it is read again", lambda: listed() == "ok")
        wait_for("the group counts again", lambda: may_open(document))


def many_people_and_deep_groups():
    # touches: S-044, S-312
    people, depth = 3000, 50
    with Office() as lab:
        slapd = lab.slapd()
        names = [f"u{i:05}" for i in range(people)]
        slapd.load("".join(slapd.person(n, f"mail: {n}@contoso.test", *([f"userPassword: {PASSWORD}"] if n == names[-1] else []))
                           for n in names)
                   + slapd.group("everybody", [slapd.person_dn(n) for n in names], "mail: everybody@contoso.test")
                   + "".join(slapd.group(f"g{i}", [slapd.group_dn(f"g{i + 1}") if i + 1 < depth else slapd.person_dn(names[-1]),
                                                   slapd.group_dn("g0")], f"mail: g{i}@contoso.test") for i in range(depth)))
        with slapd:
            began = time.monotonic()
            lab.connect(slapd, "--look", "0")
            report = lab.refresh()
            assert report["Outcome"] == "success" and report["People"] == people and report["Skipped"] == 0, report
            first = time.monotonic() - began
            began = time.monotonic()
            report = lab.refresh()
            assert report["Added"] == report["Changed"] == 0 and report["Members"] == people + 2 * depth, report
            print(f"     {people} people and {depth + 1} groups in {first:.1f} s, again in {time.monotonic() - began:.1f} s")
            last = lab.person(names[-1])
            last.login()
            began = time.monotonic()
            lab.opens(names[-1], lab.document("g0@contoso.test"))
            lab.opens(names[-1], lab.document("everybody@contoso.test"))


if __name__ == "__main__":
    main(only_a_directory_that_proves_itself, a_directory_that_is_away, the_directory_of_another_organisation_is_away,
         many_people_and_deep_groups)
