"""Two deployments, Contoso's and Gina's, each with a service, keys and people of its own."""
import base64
import json

from rmslab import Lab, b64, main, pfile_licence


class Pair:
    """C trusts G's provider for partner.test; both are trusted for TLS by everybody here."""

    def __init__(self, g, c):
        self.g, self.c = g, c
        self.authorities = c.dir / "both.pem"
        self.authorities.write_bytes(g.ca.read_bytes() + c.ca.read_bytes())
        self.tenant = g.admin("tenant", "show", "--json").json["TenantId"]
        self.issuer = f"{g.url}/{self.tenant}"

    def person(self, lab, name):
        person = lab.person(name)
        plain = person.env
        person.env = lambda **extra: plain(**{"RMS_CA": self.authorities, **extra})
        (person.home / ".config/openrms").mkdir(parents=True, exist_ok=True)
        (person.home / ".config/openrms/rms.conf").write_text(f'trusted_servers = {{"{self.g.url}", "{self.c.url}"}}\n')
        person.login()
        return person

    def trust(self, *domains):
        options = (part for domain in domains for part in ("--domain", domain))
        return self.c.admin("issuer", "add", self.issuer, "--use", "guests", *options, "--json").json

    def token(self, person):
        """What a client of G's person shows at C."""
        form = f"grant_type=password&client_id=rms&username={person.address}&password=correct+horse+battery+staple&scope=openid"
        status, _, reply = self.g.http("POST", "/common/oauth2/token", form, {"Content-Type": "application/x-www-form-urlencoded"})
        assert status == 200, reply
        form = f"grant_type=refresh_token&client_id=rms&refresh_token={reply['refresh_token']}&resource={self.c.url}/"
        status, _, reply = self.g.http("POST", "/common/oauth2/token", form, {"Content-Type": "application/x-www-form-urlencoded"})
        assert status == 200, reply
        return reply["access_token"]


def claims(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def protect(person, name, *grants):
    path = person.write(name, b"figures\n")
    person.rms("protect", path, *(part for grant in grants for part in ("--perm", grant)), "--in-place")
    return path.with_suffix(".ptxt")


def a_partner_needs_an_entry(pair):
    # proves: S-268
    alice, gina, gus = (pair.person(*who) for who in ((pair.c, "alice"), (pair.g, "gina"), (pair.g, "gus")))
    file = protect(alice, "plan.txt", "gina@partner.test:Co-Author")
    copy = gina.write("plan.ptxt", file.read_bytes())

    # no entry: the domain is named, to the program and at the service
    refused = gina.rms("open", copy, "--output", "-", code=3).err
    assert "not-authenticated" in refused and "partner.test" in refused, refused
    token = pair.token(gina)
    assert claims(token)["aud"] == pair.c.url + "/", claims(token)
    licence = {"SerializedPublishingLicense": b64(pfile_licence(file))}
    status, _, reply = alice.rest("POST", "/my/v2/enduserlicenses", licence, token=token)
    assert status == 401 and reply["Reason"] == "not-authenticated" and "partner.test" in reply["Message"], reply

    # with an entry she opens, without anybody having made an account; he has no rights
    entry = pair.trust("partner.test")
    assert entry["Domains"] == ["partner.test"] and entry["Use"] == "guests", entry
    assert gina.rms("open", copy, "--output", "-").out == "figures\n"
    guest = pair.c.admin("user", "show", "gina@partner.test", "--json").json
    assert guest["Guest"] is True, guest
    assert "no-rights" in gus.rms("open", gus.write("plan.ptxt", file.read_bytes()), "--output", "-", code=1).err

    # a token is for one service, and a sign-in there gives none for itself to others
    home = claims(gina.token())
    assert home["aud"] == pair.g.url + "/", home
    for stray in (gina.token(), pair.token(gina)[:-4] + "AAAA"):
        assert alice.rest("POST", "/my/v2/enduserlicenses", licence, token=stray)[0] == 401
    assert gina.rest("GET", "/my/v2/servicediscovery", token=token)[0] == 401  # at her own service
    for bad in ("http://contoso.test/", pair.c.url + "/x", pair.c.url + "@evil.test/", "https:///"):
        form = f"grant_type=refresh_token&client_id=rms&refresh_token=x&resource={bad}"
        status, _, reply = pair.g.http("POST", "/common/oauth2/token", form, {"Content-Type": "application/x-www-form-urlencoded"})
        assert (status, reply["error"]) == (400, "invalid_target"), (bad, reply)

    # G's administrator may say that somebody there has an address of Contoso, or of a third: it counts nothing here
    pair.g.admin("domain", "add", "contoso.test")
    pair.g.add_user("alice@contoso.test")
    forged = pair.token(pair.person(pair.g, "alice@contoso.test"))
    status, _, reply = alice.rest("POST", "/my/v2/enduserlicenses", licence, token=forged)
    assert status == 401 and "contoso.test" in reply["Message"], reply
    for domain in ("contoso.test", "not a domain"):
        wrong = pair.c.admin("issuer", "add", "https://login.other.test/", "--use", "guests", "--domain", domain, code=2)
        assert "Domains" in wrong.err, wrong
    assert pair.c.admin("issuer", "add", "https://login.other.test/", "--use", "guests", code=2)

    # the entry gone, so is the trust
    pair.c.admin("issuer", "remove", entry["Id"], "--force")
    assert alice.rest("POST", "/my/v2/enduserlicenses", licence, token=pair.token(gina))[0] == 401


def certificates_go_over(pair):
    # touches: S-270
    file = pair.c.dir / "partner.xml"
    file.write_text(pair.g.admin("tud", "export").out)
    (entry,) = pair.c.admin("tud", "import", "--certificate", file, "--domain", "partner.test", "--name", "Partner", "--json").json_lines
    assert (entry["Name"], entry["Domains"]) == ("Partner", ["partner.test"]), entry
    assert pair.c.admin("tud", "list", "--json").json_lines == [entry]
    pair.c.admin("tud", "remove", entry["Key"], "--force")
    assert pair.c.admin("tud", "list", "--json").json_lines == []
    assert pair.c.admin("tud", "remove", entry["Key"], "--force", code=4)


def logs_name_nobody(pair):
    # proves: S-304
    alice, gina = pair.c.people[("alice", "1")], pair.g.people[("gina", "1")]
    for person in (alice, gina):
        person.rms("open", person.home / "no such plan.docx", code=4)
        person.rms("protect", person.write("new figures.txt", b"x"), "--perm", "zoe@other.test:VIEW", "--json")
        log = (person.home / ".local/state/openrms/rms.log").read_text()
        assert '"rms.started"' in log and '"rms.failed"' in log, log
        for personal in ("@", ".test", "plan", "figures", "localhost", "127.0.0.1", str(person.home)):
            assert personal not in log, (personal, log)
    named = alice.home / "named.log"
    alice.rms("--log-file", named, "--log-personal", "open", alice.home / "no such plan.docx", code=4)
    assert "no such plan.docx" in named.read_text()
    said = alice.rms("--log-file", named / "rms.log", "whoami").err  # a folder that is none
    assert said.count("\n") == 1 and str(named / "rms.log") in said, said


def two_deployments():
    with Lab(people=("gina", "gus"), tenant=("Partner", "partner.test"), login=False) as g:
        with Lab(people=("alice",), login=False, rmsd_args=("--set", f"ca_file={g.ca}")) as c:
            pair = Pair(g, c)
            a_partner_needs_an_entry(pair)
            certificates_go_over(pair)
            logs_name_nobody(pair)


if __name__ == "__main__":
    main(two_deployments)
