"""Organisations that share: people, groups and domains of another one, guests, and whoever can authenticate."""
import urllib.parse

from rmslab import PASSWORD, Lab, b64, main, pfile_licence

ALL_STAFF = "AllStaff-7184AB3F-CCD1-46F3-8233-3E09E9CF0E66@"
FABRIKAM = ("--tenant", "fabrikam.test")
CONTOSO = ("--tenant", "contoso.test")


def two_organisations(lab):
    """The fixture of the requirements, section 0.1, as far as it is needed here."""
    lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
    lab.admin("domain", "add", "contoso-alt.test", *CONTOSO)
    lab.add_user("fay@fabrikam.test", *FABRIKAM)
    lab.add_user("fred@fabrikam.test", *FABRIKAM)
    lab.add_user("gina@partner.test", "--guest", *CONTOSO)
    lab.admin("group", "add", "fab-sales", "--address", "fab-sales@fabrikam.test", *FABRIKAM)
    lab.admin("group", "member", "add", "fab-sales", "fay@fabrikam.test", *FABRIKAM)
    lab.admin("group", "add", "mkt", "--address", "mkt@contoso.test", *CONTOSO)
    lab.admin("group", "member", "add", "mkt", "bob@contoso.test", *CONTOSO)
    people = {name.split("@")[0]: lab.person(name) for name in
              ("alice@contoso.test", "bob@contoso.test", "carol@contoso.test", "fay@fabrikam.test", "fred@fabrikam.test")}
    for person in people.values():
        person.login()
    return {**people, "gina": Guest(lab, "gina@partner.test")}


class Guest:
    """Signs in at the authority of the organisation that invited him: his own domain is nobody's here."""

    def __init__(self, lab, address):
        self.lab, self.address = lab, address
        form = {"grant_type": "password", "client_id": "rms", "username": address, "password": PASSWORD, "scope": "openid"}
        status, _, reply = lab.http("POST", "/contoso.test/oauth2/token", urllib.parse.urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})
        assert status == 200, reply
        self.token = reply["access_token"]

    def rest(self, method, path, body=None, token=True):
        return self.lab.http(method, path, body, {"Content-Type": "application/json", "Authorization": "Bearer " + self.token})


def protect(person, name, *grants):
    path = person.write(name, b"text\n")
    person.rms("protect", path, *(part for grant in grants for part in ("--perm", grant)), "--in-place")
    return {"SerializedPublishingLicense": b64(pfile_licence(path.with_suffix(".ptxt")))}


def rights(person, licence, token=True):
    """What somebody gets: his rights, or the reason why not."""
    status, _, reply = person.rest("POST", "/my/v2/enduserlicenses", licence, token=token)
    return sorted(reply["Rights"]) if status == 200 and reply["AccessStatus"] == "AccessGranted" else reply["Reason"]


def another_organisation_needs_nothing_set_up():
    # proves: S-048, S-267
    with Lab(people=("alice", "bob", "carol"), login=False) as lab:
        who = two_organisations(lab)
        alice, fay, fred = who["alice"], who["fay"], who["fred"]
        assert rights(fay, protect(alice, "person.txt", "fay@fabrikam.test:VIEW")) == ["VIEW"]
        assert rights(fay, protect(alice, "group.txt", "fab-sales@fabrikam.test:VIEW")) == ["VIEW"]
        whole = protect(alice, "domain.txt", "domain:fabrikam.test:VIEW")
        assert rights(fay, whole) == ["VIEW"] and rights(fred, whole) == ["VIEW"]
        assert rights(who["bob"], whole) == "no-rights", "a grant to their organisation is none to ours"
        assert rights(fay, protect(alice, "bob.txt", "bob@contoso.test:VIEW")) == "no-rights"
        assert rights(fred, protect(alice, "other.txt", "fab-sales@fabrikam.test:VIEW")) == "no-rights"
        # a group of that name at home is not theirs, and the other way round
        lab.admin("group", "add", "fake", "--address", "sales@contoso.test", *CONTOSO)
        lab.admin("group", "member", "add", "fake", "bob@contoso.test", *CONTOSO)
        assert rights(who["bob"], protect(alice, "fake.txt", "fab-sales@fabrikam.test:VIEW")) == "no-rights"
        # the rule of addresses is that of her own directory: the UPN counts only without any
        upn = protect(alice, "upn.txt", "fay.upn@fabrikam.test:VIEW")
        lab.admin("user", "set", "fay@fabrikam.test", "--upn", "fay.upn@fabrikam.test", *FABRIKAM)
        assert rights(fay, upn) == "no-rights"
        assert rights(fay, whole) == ["VIEW"]
        # opening in the end, with their own sign-in, by the command
        copy = fay.write("whole.ptxt", (alice.home / "domain.ptxt").read_bytes())
        shown = fay.rms("status", copy).out
        assert "alice@contoso.test" in shown, shown


def reading_shows_in_the_publishers_log_alone():
    # proves: S-274
    with Lab(people=("alice", "bob", "carol"), login=False) as lab:
        who = two_organisations(lab)
        licence = protect(who["alice"], "d.txt", "fay@fabrikam.test:VIEW")
        assert rights(who["fay"], licence) == ["VIEW"]
        rows = wait_for_rows(lab, "fay@fabrikam.test")
        content = rows[-1]["content-id"]
        assert content and rows[-1]["result"] == "Success", rows
        theirs = lab.admin("--json", "log", "usage", *FABRIKAM).json_lines
        assert not [r for r in theirs if r["content-id"] or "License" in r["request-type"]], theirs
        id = content.strip("{}")
        assert lab.admin("--json", "log", "usage", "--content", id, *FABRIKAM).json_lines == []
        lab.admin("tracking", "show", id, *FABRIKAM, code=4)
        assert lab.admin("--json", "log", "usage", "--content", id, *CONTOSO).json_lines


def wait_for_rows(lab, user):
    for _ in range(200):
        rows = [r for r in lab.admin("--json", "log", "usage", *CONTOSO).json_lines
                if r["user-id"] == user and r["request-type"] == "FECreateEndUserLicenseV1"]
        if rows:
            return rows
    raise AssertionError("the row did not come")


def a_domain_is_its_organisation():
    # proves: S-050, S-051
    with Lab(people=("alice", "bob", "carol"), login=False) as lab:
        who = two_organisations(lab)
        licence = protect(who["alice"], "alt.txt", "domain:contoso-alt.test:VIEW")
        assert rights(who["bob"], licence) == ["VIEW"], "any of its domains stands for all"
        assert rights(who["gina"], licence) == "no-rights", "a guest is no member"
        assert rights(who["fay"], licence) == "no-rights"
        status, _, reply = who["alice"].rest("POST", "/my/v2/enduserlicenses", licence)
        assert status == 200 and ALL_STAFF + "contoso-alt.test" in str(reply["Policy"]["UserRights"]), reply["Policy"]
        path = who["alice"].write("two.txt", b"x")
        who["alice"].rms("protect", path, "--perm", "domain:contoso.test,fabrikam.test:VIEW", code=2)
        # guests are granted by their address, or in a group
        assert rights(who["gina"], protect(who["alice"], "gina.txt", "gina@partner.test:VIEW")) == ["VIEW"]
        group = protect(who["alice"], "mkt.txt", "mkt@contoso.test:VIEW")
        assert rights(who["gina"], group) == "no-rights"
        lab.admin("group", "member", "add", "mkt", "gina@partner.test", *CONTOSO)
        lab.admin("group", "refresh", "mkt", *CONTOSO)
        assert rights(who["gina"], group) == ["VIEW"]


def whoever_can_authenticate():
    # touches: S-053, S-054
    with Lab(people=("alice", "bob", "carol"), login=False) as lab:
        who = two_organisations(lab)
        alice = who["alice"]
        licence = protect(alice, "any.txt", "anyone:VIEW")
        for name in ("bob", "carol", "fay", "fred", "gina"):
            got = rights(who[name], licence)
            assert got == ["VIEW"], (name, got)
        assert rights(alice, licence, token=False) == "not-authenticated"
        assert rights(alice, licence, token="x.y.z") == "not-authenticated"
        content = alice.rest("GET", "/my/v2/documents")[2][0]["ContentId"]
        assert alice.rest("POST", f"/my/v2/documents/{content}/revoke", {})[0] == 200
        for name in ("bob", "fay", "gina"):
            assert rights(who[name], licence) == "revoked", name
        assert "OWNER" in rights(alice, licence)
        alice.rms("protect", alice.write("none.txt", b"x"), "--perm", "anyone", code=2)
        lab.admin("template", "add", "--name", "Open", "--grant", "any-authenticated:VIEW", "--published", *CONTOSO)
        lab.admin("template", "add", "--name", "None", "--grant", "any-authenticated", *CONTOSO, code=2)
        # it expires like others
        short = alice.write("short.txt", b"text\n")
        alice.rms("protect", short, "--perm", "anyone:VIEW", "--expire-days", "1", "--in-place")
        short = {"SerializedPublishingLicense": b64(pfile_licence(alice.home / "short.ptxt"))}
        lab.move_clock(days=2)
        who["fay"].login()
        assert rights(who["fay"], short) == "expired"


def each_gets_exactly_his():
    # proves: S-046, S-075, S-083, S-271
    with Lab(people=("alice", "bob", "carol"), login=False) as lab:
        who = two_organisations(lab)
        lab.add_user("gus@elsewhere.test", "--guest", *CONTOSO)
        who["gus"] = Guest(lab, "gus@elsewhere.test")
        lab.admin("tenant", "create", "--name", "Tailspin", "--domain", "tailspin.test")
        lab.add_user("tess@tailspin.test", "--tenant", "tailspin.test")
        who["tess"] = lab.person("tess@tailspin.test")
        who["tess"].login()
        template = lab.admin("--json", "template", "add", "--name", "Four", "--grant", "mkt@contoso.test:VIEW,EDIT", "--grant", "domain:tailspin.test:VIEW,PRINT",
                             "--grant", "fab-sales@fabrikam.test:VIEW,EXTRACT", "--grant", "gus@elsewhere.test:VIEW,REPLY", "--published", *CONTOSO).json["TemplateId"]
        status, _, made = who["alice"].rest("POST", "/my/v2/publishinglicenses", {"PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False, "TemplateId": template})
        assert status == 200, made
        licence = {"SerializedPublishingLicense": made["SerializedPublishingLicense"]}
        got = {name: rights(person, licence) for name, person in who.items() if name != "alice"}
        assert got == {"bob": ["EDIT", "VIEW"], "tess": ["PRINT", "VIEW"], "fay": ["EXTRACT", "VIEW"], "gus": ["REPLY", "VIEW"],
                       "carol": "no-rights", "gina": "no-rights", "fred": "no-rights"}, got
        # who is in a group is kept for a while, unless somebody says that it changed, of the group or of the person
        for name, what in (("gina", ("--user", "gina@partner.test")), ("carol", ("--group", "mkt"))):
            lab.admin("group", "member", "add", "mkt", who[name].address, *CONTOSO)
            assert rights(who[name], licence) == "no-rights", name
            lab.admin("identity", "refresh", *what, *CONTOSO)
            assert rights(who[name], licence) == ["EDIT", "VIEW"], name
        lab.admin("identity", "refresh", "--group", "no-such", *CONTOSO, code=4)
        lab.admin("identity", "refresh", "--group", "fab-sales", *CONTOSO, code=4)
        # roles by the names of the SDK are the levels of the table
        def publish(policy, **more):
            return who["alice"].rest("POST", "/my/v2/publishinglicenses", {
                "PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False, "Policy": policy, **more})

        levels = {"VIEWER": "VIEW,REPLY,REPLYALL,VIEWRIGHTSDATA,OBJMODEL"}
        levels["REVIEWER"] = levels["VIEWER"] + ",EDIT,DOCEDIT,FORWARD"
        levels["AUTHOR"] = levels["REVIEWER"] + ",EXTRACT,PRINT"
        levels["COOWNER"] = "OWNER"
        for role, names in levels.items():
            status, _, made = publish({"UserRoles": [{"Users": ["carol@contoso.test"], "Roles": [role]}]})
            assert status == 200, made
            got = rights(who["carol"], {"SerializedPublishingLicense": made["SerializedPublishingLicense"]})
            assert got == sorted(names.split(",")), (role, got)
        status, _, made = publish({"UserRoles": [{"Users": ["carol@contoso.test"], "Roles": ["EDITOR"]}]})
        assert status == 400 and made["Reason"] == "bad-argument", made
        # a group as owner is a contact: its members get nothing by it
        lab.admin("superuser", "feature", "enable", *CONTOSO)
        lab.admin("superuser", "add", "alice@contoso.test", "--force", *CONTOSO)
        status, _, made = publish({"UserRights": [{"Users": ["fay@fabrikam.test"], "Rights": ["VIEW"]}]}, OwnerEmail="mkt@contoso.test")
        assert status == 200 and made["Owner"] == "mkt@contoso.test" and made["Warnings"] == ["owner-is-group"], made
        assert rights(who["bob"], {"SerializedPublishingLicense": made["SerializedPublishingLicense"]}) == "no-rights"
        assert rights(who["fay"], {"SerializedPublishingLicense": made["SerializedPublishingLicense"]}) == ["VIEW"]


if __name__ == "__main__":
    main(another_organisation_needs_nothing_set_up, reading_shows_in_the_publishers_log_alone, a_domain_is_its_organisation, whoever_can_authenticate, each_gets_exactly_his)
