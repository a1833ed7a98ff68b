"""People and groups of a real slapd: taken over, kept current, signed in by its passwords, and what an attacker tries there."""
import time

from directories import Office, wait_for
from rmslab import PASSWORD, main, quote


def people_and_groups_of_a_directory():
    # touches: S-036, S-037, S-038, S-039, S-040, S-043, S-044
    with Office() as lab, lab.slapd() as slapd:
        slapd.add(
            slapd.person("bob", "mail: bob@contoso.test", "userPrincipalName: bob@contoso.test", password=PASSWORD),
            slapd.person("erin", "userPrincipalName: erin@contoso.test", "proxyAddresses: SMTP:erin.m@contoso.test",
                         "proxyAddresses: smtp:e.m@contoso.test", "proxyAddresses: SIP:erin.sip@contoso.test", password=PASSWORD),
            slapd.person("dave", "userPrincipalName: dave@contoso.test", password=PASSWORD),
            slapd.person("carol", "mail: carol@contoso.test", password=PASSWORD),
            slapd.person("nameless"),
            slapd.person("alice", "mail: alice@contoso.test", password="another alice"),
            slapd.group("mkt", [slapd.person_dn("bob"), slapd.group_dn("mkt-eu"), slapd.person_dn("not-there")],
                        "mail: mkt@contoso.test"),
            slapd.group("mkt-eu", [slapd.person_dn("erin").upper(), slapd.group_dn("mkt")], "mail: mkt-eu@contoso.test"),
            f"dn: {slapd.group_dn('all-d')}\nobjectClass: groupOfURLs\nobjectClass: mailObject\ncn: all-d\n"
            f"mail: all-d@contoso.test\nmemberURL: ldap:///ou=people,{slapd.base}??one?(uid=d*)\n\n")
        lab.connect(slapd)
        report = lab.refresh()
        assert report["Outcome"] == "success" and report["Groups"] == 3 and report["People"] == 6, report
        reasons = {p["Dn"].split(",")[0]: p["Reason"] for p in report["Problems"]}
        assert "no userPrincipalName and no mail" in reasons["uid=nameless"], report
        assert "somebody else's" in reasons["uid=alice"], report
        assert lab.user("erin@contoso.test")["Directory"] == "office"
        assert "Directory" not in lab.user("alice@contoso.test")

        for who in ("bob", "erin", "dave", "carol"):
            lab.person(who).login()
        document = lab.document("erin.m@contoso.test", "dave@contoso.test")
        lab.opens("erin", document)
        lab.opens("dave", document)
        lab.opens("carol", document, False)
        lab.opens("erin", lab.document("erin@contoso.test", "erin.sip@contoso.test"), False)  # her UPN counts for nothing (S-037)
        # Nested, in a circle, with a member that is nowhere.
        document = lab.document("mkt@contoso.test")
        for who, allowed in (("bob", True), ("erin", True), ("carol", False)):
            lab.opens(who, document, allowed)
        document = lab.document("all-d@contoso.test")
        lab.opens("dave", document)
        lab.opens("bob", document, False)

        # What comes from the directory is changed there.
        for args in (("user", "set", "bob@contoso.test", "--disable"), ("user", "remove", "bob@contoso.test", "--force"),
                     ("group", "member", "add", "mkt@contoso.test", "alice@contoso.test"), ("group", "remove", "mkt@contoso.test", "--force")):
            assert "comes from the directory office" in lab.admin(*args, code=5).err
        # Local groups take people of the directory in.
        lab.admin("group", "add", "local", "--address", "local@contoso.test")
        lab.admin("group", "member", "add", "local", "carol@contoso.test")
        lab.admin("group", "refresh", "local")
        lab.opens("carol", lab.document("local@contoso.test"))

        # Locked and deleted accounts: nothing more, and no sign-in.
        document = lab.document("bob@contoso.test", "carol@contoso.test")
        lab.opens("bob", document)
        slapd.delete(slapd.person_dn("bob"))
        lab.refresh()
        assert lab.user("bob@contoso.test")["Enabled"] is False
        bob = lab.person("bob", device="2")
        assert bob.login(code=3).err
        done = lab.person("bob").rms("open", lab.document("bob@contoso.test"), "-o", "-", code=None)
        assert done.code == 3 and "(account-disabled)" in done.err, done


def the_attributes_that_matter():
    # proves: S-040
    with Office() as lab, lab.slapd() as slapd:
        lab.admin("domain", "add", "contoso-alt.test")
        slapd.add(
            slapd.person("erin", "employeeNumber: 1", "displayName: Erin Moss", "mail: e.m@contoso-alt.test", "userPrincipalName: erin@contoso.test",
                         "proxyAddresses: SMTP:erin.m@contoso.test", "userAccountControl: 512", password=PASSWORD),
            slapd.person("dave", "employeeNumber: 2", "displayName: Dave", "userPrincipalName: dave@contoso.test", password=PASSWORD),
            slapd.person("carol", "employeeNumber: 3", "displayName: Carol", "mail: carol@contoso.test", "userAccountControl: 514",
                         password=PASSWORD),
            slapd.person("frank", "employeeNumber: 4", "displayName: Frank", "userPrincipalName: frank@contoso.local", password=PASSWORD),
            slapd.person("bob", "displayName: Bob", "mail: bob@contoso.test", password=PASSWORD))
        lab.connect(slapd, "--attribute", "id=employeeNumber", "--attribute", "group=ou")
        report = lab.refresh()
        assert report["Outcome"] == "success" and report["People"] == 5 and report["Skipped"] == 1, report
        (problem,) = report["Problems"]
        assert problem["Dn"].startswith("uid=bob,") and "no id that never changes" in problem["Reason"], problem
        lab.admin("user", "show", "bob@contoso.test", code=4)
        erin = lab.user("erin@contoso.test")
        assert erin["DisplayName"] == "Erin Moss" and erin["Enabled"], erin
        assert sorted(a.lower() for a in erin["ProxyAddresses"]) == ["smtp:e.m@contoso-alt.test", "smtp:erin.m@contoso.test"], erin
        assert lab.user("carol@contoso.test")["Enabled"] is False
        lab.person("carol").login(code=3)
        # The matrix of S-037.
        for who in ("erin", "dave"):
            lab.person(who).login()
        for grant, who, allowed in (("erin.m@contoso.test", "erin", True), ("e.m@contoso-alt.test", "erin", True),
                                    ("erin@contoso.test", "erin", False), ("dave@contoso.test", "dave", True)):
            lab.opens(who, lab.document(grant), allowed)
        assert lab.admin("--json", "identity", "check", "frank@contoso.local").json["Addresses"] == []


def changes_take_effect_in_seconds():
    # touches: S-041, S-045
    with Office() as lab, lab.slapd() as slapd:
        slapd.add(slapd.person("erin", "mail: erin@contoso.test", password=PASSWORD),
                  slapd.person("carol", "mail: carol@contoso.test", password=PASSWORD),
                  slapd.person("sam", "mail: sam@contoso.test", password=PASSWORD),
                  slapd.group("mkt-eu", [slapd.person_dn("erin")], "mail: mkt-eu@contoso.test"),
                  slapd.group("mkt", [slapd.group_dn("mkt-eu"), slapd.person_dn("carol")], "mail: mkt@contoso.test"))
        lab.connect(slapd, "--look", "1")
        lab.refresh()
        for who in ("erin", "carol", "sam"):
            lab.person(who).login()
        document = lab.document("mkt@contoso.test")
        lab.opens("erin", document)
        # B-06: taken out of the nested group, and nobody asked for a reading.
        began = time.monotonic()
        slapd.modify(f"dn: {slapd.group_dn('mkt-eu')}\nchangetype: modify\nreplace: member\nmember: {slapd.person_dn('sam')}\n")
        wait_for("erin is out", lambda: not lab.may_open("erin", lab.document("mkt@contoso.test")))
        took = time.monotonic() - began
        lab.opens("sam", lab.document("mkt@contoso.test"))
        print(f"     out of the group after {took:.1f} s")
        # A new address, the old one kept as alias; then dropped (S-041).
        old = lab.document("carol@contoso.test")
        slapd.modify(f"dn: {slapd.person_dn('carol')}\nchangetype: modify\nreplace: mail\nmail: carol.b@contoso.test\n-\n"
                     "add: proxyAddresses\nproxyAddresses: smtp:carol@contoso.test\n")
        wait_for("carol's new address", lambda: lab.may_open("carol", lab.document("carol.b@contoso.test")))
        lab.opens("carol", old)
        slapd.modify(f"dn: {slapd.person_dn('carol')}\nchangetype: modify\ndelete: proxyAddresses\n")
        lab.refresh()
        # Either the grant is not hers any more, or the certificate of her device, which has that address, is not.
        assert not lab.may_open("carol", lab.document("carol@contoso.test"))


def an_address_that_somebody_else_gets():
    # proves: S-042
    lab = Office()
    lab.clock_file.write_text(f"{-16 * 86400}\n")
    with lab, lab.slapd() as slapd:
        slapd.add(slapd.person("sam", "mail: sam@contoso.test", "displayName: Sam", password=PASSWORD),
                  slapd.group("mkt", [slapd.person_dn("sam")], "mail: mkt@contoso.test"))
        lab.connect(slapd)
        lab.refresh()
        first = lab.user("sam@contoso.test")
        old, of_group = lab.document("sam@contoso.test"), lab.document("mkt@contoso.test")
        lab.move_clock(days=2)
        young = lab.document("sam@contoso.test")
        lab.move_clock(days=14)
        # Under the same DN, in one reading: only the id that never changes tells the two apart.
        slapd.delete(slapd.person_dn("sam"))
        slapd.add(slapd.person("sam", "mail: sam@contoso.test", "displayName: Samuel", password=PASSWORD))
        lab.refresh()
        second = lab.user("sam@contoso.test")
        assert second["Id"] != first["Id"] and second["DisplayName"] == "Samuel" and second["Enabled"], (first, second)
        assert lab.user(first["Id"])["Enabled"] is False
        lab.person("sam").login()
        lab.opens("sam", old, False, "account-newer-than-content")
        lab.opens("sam", young)
        lab.opens("sam", of_group)  # by the group, in which the directory has him by name


def sign_in_takes_nothing_for_granted():
    with Office() as lab, lab.slapd() as slapd:
        slapd.add(slapd.person("bob", "mail: bob@contoso.test", password=PASSWORD), slapd.person("star", "mail: star*@contoso.test"))
        lab.connect(slapd)
        lab.refresh()

        def grant(username, password):
            body = "&".join(f"{k}={quote(v)}" for k, v in (("grant_type", "password"), ("client_id", "rms"), ("username", username),
                                                          ("password", password)))
            status, _, reply = lab.http("POST", "/common/oauth2/token", body, {"Content-Type": "application/x-www-form-urlencoded"})
            return status, reply

        assert grant("bob@contoso.test", PASSWORD)[0] == 200
        # The directory would take a name without a password for a bind as nobody, and answer "success".
        assert grant("bob@contoso.test", "")[0] != 200
        for password in ("wrong", PASSWORD + " ", "\u0000", "*", "{SSHA}x"):
            assert grant("bob@contoso.test", password)[0] != 200, password
        sent = slapd.log_text()
        assert sent.count(f'BIND dn="{slapd.person_dn("bob")}" method=128') >= 2, sent[-3000:]
        # Names that would mean something in a filter or a DN.
        for name in ("*", "b*@contoso.test", "*)(uid=*@contoso.test", "bob@contoso.test)(|(uid=*", f"{slapd.person_dn('bob')}",
                     "bob,ou=people@contoso.test", "\\2a@contoso.test", "bob\u0000@contoso.test"):
            assert grant(name, PASSWORD)[0] != 200, name
        log = slapd.log_text()
        front = [line for line in log[len(sent):].splitlines() if "SRCH" in line and "(uid=" in line]
        assert not front, front
        assert "(|(" not in log[len(sent):].replace("(|(objectClass", ""), log[len(sent):]


if __name__ == "__main__":
    main(people_and_groups_of_a_directory, the_attributes_that_matter, changes_take_effect_in_seconds, an_address_that_somebody_else_gets,
         sign_in_takes_nothing_for_granted)
