"""People and groups of a real Active Directory domain: a Samba domain controller, read with a keytab and with a password."""
import time

from directories import Office, Samba, enter, names, wait_for
from rmslab import main

SECRET = "Us3r-Passw0rd"


class Domain(Office):
    def samba(self):
        return Samba(self.dir / "samba")

    def log_in(self, who, code=0, device="1", secret=SECRET):
        person = self.person(who, device)
        return person.rms("login", "--email", person.address, "--password-stdin", stdin=secret + "\n", code=code)


def an_active_directory_domain():
    # touches: S-037, S-040, S-043, S-044
    with Domain() as lab:
        names(lab.dir, "127.0.0.1 localhost dc1.contoso.test dc1\n")
        began = time.monotonic()
        samba = lab.samba()
        credentials = lab.data / "credentials"
        print(f"     provisioned in {time.monotonic() - began:.1f} s")
        with samba:
            samba.add(
                samba.person("bob", "userPrincipalName: bob@contoso.test"),
                samba.person("erin", "userPrincipalName: erin@contoso.test", "mail: erin.m@contoso.test",
                             "proxyAddresses: SMTP:erin.m@contoso.test", "proxyAddresses: smtp:e.m@contoso.test",
                             "proxyAddresses: X500:/o=Contoso/cn=erin"),
                samba.person("carol", "userPrincipalName: carol@contoso.test", control=514),
                samba.person("dave", "userPrincipalName: dave@contoso.test", "accountExpires: 133000000000000000"),
                samba.person("reader"),
                samba.group("mkt-eu", [samba.person_dn("erin")], "mail: mkt-eu@contoso.test"),
                samba.group("mkt", [samba.person_dn("bob"), samba.group_dn("mkt-eu")], "mail: mkt@contoso.test"),
                samba.group("dl", [samba.person_dn("bob")], "mail: dl@contoso.test", group_type=8))
            samba.modify(f"dn: {samba.group_dn('mkt-eu')}\nchangetype: modify\nadd: member\nmember: {samba.group_dn('mkt')}\n")
            samba.tool("domain", "exportkeytab", f"--principal=reader@{samba.realm}", credentials / "ad.keytab")
            (credentials / "ad.keytab").chmod(0o600)
            (credentials / "krb5.conf").write_text(samba.krb5.read_text())
            lab.stop()  # the jobs look for krb5.conf when they start
            lab.start()
            ca = samba.dir / "certificates/ca.pem"
            lab.admin("directory", "add", "office", "--url", samba.url, "--ca", ca, "--base", samba.base, "--keytab", "ad.keytab",
                      "--look", "1")
            report = lab.refresh()
            assert report["Outcome"] == "success" and report["Groups"] > 20, report
            assert lab.admin("--json", "group", "show", "dl@contoso.test").json["Kind"] == "distribution"
            assert lab.admin("--json", "group", "show", "mkt@contoso.test").json["Kind"] == "security"
            assert lab.user("bob@contoso.test")["Directory"] == "office"
            assert not lab.user("carol@contoso.test")["Enabled"] and not lab.user("dave@contoso.test")["Enabled"]

            for who in ("bob", "erin"):
                lab.log_in(who)
            lab.log_in("bob", code=3, device="2", secret="wrong")
            lab.log_in("carol", code=3)
            document = lab.document("mkt@contoso.test")
            lab.opens("bob", document)
            lab.opens("erin", document)  # through the group inside
            lab.opens("erin", lab.document("e.m@contoso.test"))
            lab.opens("erin", lab.document("erin@contoso.test"), False)

            # Another address after a change, in seconds; out of the group as well.
            samba.modify(f"dn: {samba.person_dn('bob')}\nchangetype: modify\nadd: proxyAddresses\n"
                         "proxyAddresses: SMTP:robert@contoso.test\n")
            wait_for("bob's new address", lambda: lab.may_open("bob", lab.document("robert@contoso.test")))
            samba.modify(f"dn: {samba.group_dn('mkt-eu')}\nchangetype: modify\ndelete: member\nmember: {samba.person_dn('erin')}\n")
            wait_for("erin is out", lambda: not lab.may_open("erin", lab.document("mkt@contoso.test")))

            # With name and password, by LDAPS too.
            lab.credential("reader", SECRET + "\n")
            lab.credential("nobody.keytab", "no keytab")
            for name, url, how, outcome in (
                    ("password", samba.tls_url, ("--bind-dn", samba.person_dn("reader"), "--password-file", "reader"), "success"),
                    ("keytab", samba.tls_url, ("--keytab", "ad.keytab", "--principal", f"reader@{samba.realm}"), "success"),
                    ("stranger", samba.url, ("--keytab", "ad.keytab", "--principal", f"stranger@{samba.realm}"), "not-authenticated"),
                    ("broken", samba.url, ("--keytab", "nobody.keytab"), "not-authenticated")):
                lab.admin("directory", "add", name, "--url", url, "--ca", ca, "--base", samba.base, *how, "--people-filter", "(cn=none)")
                done = lab.admin("--json", "directory", "test", name, code=None)
                assert done.json["Outcome"] == outcome, (name, done)
            # Deleted, and somebody else with his name.
            first = lab.user("robert@contoso.test")
            samba.delete(samba.person_dn("bob"))
            samba.add(samba.person("bob", "userPrincipalName: bob@contoso.test", "proxyAddresses: SMTP:robert@contoso.test"))
            lab.refresh()
            second = lab.user("robert@contoso.test")
            assert second["Id"] != first["Id"] and not lab.user(first["Id"])["Enabled"], (first, second)
            assert SECRET not in lab.log_text()


if __name__ == "__main__":
    enter()
    main(an_active_directory_domain)
