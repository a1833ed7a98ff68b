"""Onboarding control: a licence flag, a group, and for which programs; opening is never restricted."""
import hashlib
import itertools

from rmslab import Lab, b64, main, pfile_licence

TEXT = b"By those who may.\n"
NOBODY = "00000000-0000-4000-8000-000000000000"


def publish(person, **more):
    """None, or why not."""
    status, _, reply = person.rest("POST", "/my/v2/publishinglicenses", {
        "PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False, "Policy": {
            "UserRights": [{"Users": ["alice@contoso.test"], "Rights": ["VIEW"]}]}, **more})
    return None if status == 200 else reply["Reason"]


def set_policy(lab, *args, code=0):
    return lab.admin("onboarding", "set", *args, "--force", code=code)


def member(lab, group, who):
    lab.admin("group", "member", "add", group, who)
    lab.admin("identity", "refresh", "--group", group)


def who_may_protect():
    # proves: S-011
    with Lab(people=("alice",)) as lab:
        group = lab.admin("--json", "group", "add", "sec-it", "--kind", "security").json["Id"]
        people = {}
        for licence, inside in itertools.product((True, False), repeat=2):
            name = f"p{licence:d}{inside:d}"
            address = lab.add_user(name, *(("--licensed",) if licence else ()))
            if inside:
                member(lab, group, address)
            people[licence, inside] = lab.person(name)
            people[licence, inside].login()
        policies = {"off": ("--use-license", "false"), "licence": ("--use-license", "true"), "group": ("--group", group),
                    "both": ("--use-license", "true", "--group", group)}
        number = 0
        for policy, args in policies.items():
            set_policy(lab, *args)
            for (licence, inside), person in people.items():
                met = (licence or policy in ("off", "group")) and (inside or policy in ("off", "licence"))
                case = (policy, licence, inside)
                assert publish(person) == (None if met else "publish-not-allowed"), case
                number += 1
                fresh = person.device(number)
                fresh.login()
                path = fresh.write("a.txt", TEXT)
                done = fresh.rms("protect", path, "--perm", "alice@contoso.test:VIEW", "--in-place", code=0 if met else 1)
                assert met or "(publish-not-allowed)" in done.err, (case, done)
                assert path.exists() != met and (fresh.home / "a.ptxt").exists() == met, case
        assert number == 16
        user = lab.admin("--json", "user", "show", "alice@contoso.test").json["Id"]
        for name in (user, "alice@contoso.test"):
            assert "individual users" in set_policy(lab, "--group", name, code=2).err
        assert lab.admin("--json", "onboarding", "get").json == {"License": True, "SecurityGroupObjectId": group, "Scope": "All"}
        # the flag taken away counts at once
        lab.admin("user", "set", "p11@contoso.test", "--unlicensed")
        assert publish(people[True, True]) == "publish-not-allowed"


def which_groups():
    # proves: S-012
    with Lab(people=("alice", "erin")) as lab:
        security = lab.admin("--json", "group", "add", "sec-it", "--kind", "security").json["Id"]
        lab.admin("group", "add", "mkt-eu", "--address", "mkt-eu@contoso.test")
        for kind in ("distribution", "collaboration"):
            made = lab.admin("--json", "group", "add", kind, "--kind", kind, "--address", f"{kind}@contoso.test").json["Id"]
            for name in (made, kind, f"{kind}@contoso.test"):
                assert f"{kind} group" in set_policy(lab, "--group", name, code=2).err
        set_policy(lab, "--group", NOBODY, code=4)
        set_policy(lab, "--group", "no-such", code=4)
        set_policy(lab, "--group", "nobody@contoso.test", code=4)
        set_policy(lab, "--group", "x@partner.test", code=4)
        assert lab.admin("--json", "onboarding", "get").json["SecurityGroupObjectId"] == ""
        set_policy(lab, "--group", security)
        erin = lab.person("erin")
        lab.admin("group", "member", "add", "mkt-eu", "erin@contoso.test")
        assert publish(erin) == "publish-not-allowed"
        member(lab, security, "mkt-eu")
        lab.admin("identity", "refresh", "--user", "erin@contoso.test")
        assert publish(erin) is None
        # a group of another tenant is none, and one that is removed has no members
        lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
        foreign = lab.admin("--json", "group", "add", "theirs", "--tenant", "fabrikam.test").json["Id"]
        lab.admin("onboarding", "set", "--group", foreign, "--force", "--tenant", "contoso.test", code=4)
        lab.admin("group", "remove", "sec-it", "--tenant", "contoso.test", "--force")
        lab.admin("identity", "refresh", "--user", "erin@contoso.test", "--tenant", "contoso.test")
        assert publish(erin) == "publish-not-allowed"


def which_programs():
    # touches: S-014
    # proves: S-013, S-015
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        alice.rms("protect", alice.write("d.txt", TEXT), "--perm", "bob@contoso.test:Co-Author", "--in-place")
        lab.admin("group", "add", "sec-it")
        lab.admin("onboarding", "set", "--group", "sec-it", "--scope", "Phone", "--force", code=2)
        status, reply = lab.admin_http("POST", "/tenants/-/onboarding", {"Scope": "Phone"})
        assert status == 400 and "Scope" in reply["Message"], reply

        def certificate(person):
            """Whether the device of the person gets a publishing certificate."""
            done = person.rms("bootstrap", "--force", code=None)
            done = person.rms("protect", person.write("x.txt", TEXT), "--only-me", "--in-place", code=None)
            (person.home / "x.ptxt").unlink(missing_ok=True)
            return done.code == 0

        for scope, by_rest, by_device in (("WindowsApp", None, False), ("MobileApp", "publish-not-allowed", True),
                                          ("All", "publish-not-allowed", False)):
            set_policy(lab, "--group", "sec-it", "--scope", scope)
            assert publish(bob) == by_rest, scope
            assert certificate(bob) == by_device, scope
            status, _, offered = bob.rest("GET", "/my/v2/templates")
            assert status == 200 and (offered != []) == (by_rest is None), (scope, offered)
            status, _, offered = bob.rest("GET", "/my/v2/signedtemplates")
            assert status == 200 and (offered != []) == by_device, (scope, offered)
            # opening, by either way, and the account certificate stay
            status, _, reply = bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(alice.home / "d.ptxt"))})
            assert status == 200 and reply["AccessStatus"] == "AccessGranted", reply
            assert bob.rms("cat", alice.home / "d.ptxt").out.encode() == TEXT
        rows = lab.usage(request_type="GetClientLicensorCert", user_id="bob@contoso.test")
        assert any("onboarding" in (r["detail"] or "") for r in rows), rows
        assert any(r["result"] == "Success" for r in lab.usage(request_type="Certify", user_id="bob@contoso.test"))
        # administration is not restricted either: there is nobody in the group
        lab.admin("template", "add", "--name", "Still")
        lab.admin("role", "add", "bob@contoso.test")
        headers = {"X-RMS-Admin-Session": bob.rest("POST", "/admin/v1/session", {})[2]["Session"]}
        status, _, reply = bob.rest("POST", "/admin/v1/tenants/-/templates", {"Names": {"1033": "Mine"}, "Descriptions": {"1033": "M"}}, headers=headers)
        assert status == 200 and reply["Name"] == "Mine", reply
        # it can be set before the organisation is served at all
        lab.admin("tenant", "create", "--name", "Later", "--domain", "later.test", "--disabled")
        later = ("--tenant", "later.test")
        lab.admin("group", "add", "pilot", *later)
        lab.admin("onboarding", "set", "--group", "pilot", "--scope", "WindowsApp", "--force", *later)
        lab.admin("service", "enable", *later)
        assert lab.admin("--json", "onboarding", "get", *later).json["Scope"] == "WindowsApp"
        lab.add_user("lea@later.test", *later)
        lea = lab.person("lea@later.test")
        lea.login()
        assert publish(lea) is None and not certificate(lea)


def lifting_it():
    # proves: S-016
    with Lab(people=("bob",)) as lab:
        bob = lab.person("bob")
        lab.admin("group", "add", "sec-it")
        set_policy(lab, "--group", "sec-it", "--scope", "MobileApp")
        assert publish(bob) == "publish-not-allowed"
        before = lab.admin("--json", "onboarding", "get").json
        assert "--force" in lab.admin("onboarding", "set", "--use-license", "false", code=2).err
        assert lab.admin("--json", "onboarding", "get").json == before
        set_policy(lab, "--use-license", "false")
        shown = lab.admin("onboarding", "get").out
        assert [line.split() for line in shown.splitlines()] == [["License", "no"], ["SecurityGroupObjectId"], ["Scope", "All"]], shown
        assert lab.admin("--json", "onboarding", "get").json == {"License": False, "SecurityGroupObjectId": "", "Scope": "All"}
        assert publish(bob) is None
        lab.admin("onboarding", "set", "--force", code=2)
        assert "SetOnboardingControlPolicy" in lab.admin("log", "admin").out


def who_may_not_gets_one_text():
    # proves: S-120, C-012
    with Lab(people=("alice", "carol")) as lab:
        alice, carol = lab.person("alice"), lab.person("carol")
        alice.rms("protect", alice.write("d.txt", TEXT), "--perm", "carol@contoso.test:Co-Author", "--in-place")
        lab.admin("group", "add", "sec-it")
        set_policy(lab, "--group", "sec-it")
        fresh = carol.device(2)
        fresh.login()
        path = fresh.write("a.txt", TEXT)
        before, there = hashlib.sha256(path.read_bytes()).digest(), sorted(path.parent.iterdir())
        for how in (("--template", "Confidential \\ All Employees"), ("--perm", "alice@contoso.test:VIEW"), ("--only-me",)):
            done = fresh.rms("protect", path, *how, "--in-place", code=1)
            assert done.err.count("(publish-not-allowed)") == 1 and "not protect" in done.err, done
            assert hashlib.sha256(path.read_bytes()).digest() == before
            assert sorted(path.parent.iterdir()) == there
        assert fresh.rms("cat", alice.home / "d.ptxt").out.encode() == TEXT


if __name__ == "__main__":
    main(who_may_protect, which_groups, which_programs, lifting_it, who_may_not_gets_one_text)
