#!/usr/bin/env python3
"""Applications that act as themselves: secrets, names, super users, and acting for people."""

import base64
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from rmslab import Lab, b64, main, pfile_licence, quote  # noqa: E402

TEXT = b"what the indexer finds\n"
NOBODY = "00000000-0000-4000-8000-000000000000"


class App:
    """An application with a device of its own."""

    def __init__(self, lab, name, *args):
        self.lab = lab
        made = lab.admin("--json", "app", "add", name, *args).json
        self.id, self.address, self.secret = made["Id"], made["Address"], made["Secret"]
        self.secret_id = made["Secrets"][0]["Id"]
        self.person = lab.person(self.address)

    def login(self, code=0, secret=None):
        return self.person.rms("login", "--app", self.id, stdin=(secret or self.secret) + "\n", code=code)

    def token(self, client=None, secret=None, authority="common"):
        """(status, answer) of the token endpoint, as other programs ask it."""
        form = {"grant_type": "client_credentials", "client_id": client or self.id, "client_secret": secret or self.secret}
        status, _, reply = self.lab.http("POST", f"/{authority}/oauth2/token", "&".join(f"{k}={quote(v)}" for k, v in form.items()),
                                         {"Content-Type": "application/x-www-form-urlencoded"})
        return status, reply


def identities(lab):
    # touches: S-062
    app = App(lab, "Indexer")
    tenant = lab.admin("--json", "tenant", "show").json
    assert app.address == f"{app.id}@{tenant['RightsManagementServiceId']}.rms.main.openrms.internal", (app.address, tenant)
    assert app.secret.startswith("rms_app_") and len(app.secret) == 8 + 43
    # shown once
    assert app.secret not in lab.admin("--json", "app", "show", app.id).out
    assert "never again" in lab.admin("app", "secret", "show", app.id, app.secret_id, code=4).err
    # two at a time: a third waits until one is gone
    second = lab.admin("--json", "app", "secret", "add", app.id).json["Secret"]
    lab.admin("app", "secret", "add", app.id, code=5)
    for secret in (app.secret, second):
        app.login(secret=secret)
    lab.admin("app", "secret", "remove", "--force", app.id, app.secret_id)
    lab.admin("app", "secret", "remove", "--force", app.id, app.secret_id, code=4)
    assert "not-authenticated" in app.login(code=3).err
    app.login(secret=second)
    assert app.person.rms("--json", "whoami").json["Account"] == app.address
    # in policies and logs by that name
    alice = lab.person("alice")
    alice.rms("protect", alice.write("for-app.txt", TEXT), "--perm", f"{app.address}:VIEW,EXTRACT", "--in-place")
    assert app.person.rms("cat", alice.home / "for-app.ptxt").out.encode() == TEXT
    assert any(r["result"] == "Success" for r in lab.usage(request_type="AcquireLicense", user_id=app.address))
    # a person in nothing: no account verbs, no password, none of the organisation's members
    for verb in (("show", app.id), ("set", app.id, "--disable"), ("set", app.address, "--password-stdin"), ("remove", app.id, "--force")):
        lab.admin("user", *verb, code=4, stdin="x\n")
    assert app.address not in lab.admin("user", "list").out
    alice.rms("protect", alice.write("staff.txt", TEXT), "--perm", "all-staff:VIEW,EXTRACT", "--in-place")
    assert "no-rights" in app.person.rms("cat", alice.home / "staff.ptxt", code=1).err
    # bad input
    lab.admin("app", "add", "x", "--permission", "Content.Everything", code=2)
    lab.admin("app", "add", "x", "--alias", "a@b", code=2)
    lab.admin("app", "show", NOBODY, code=4)
    lab.admin("app", "show", "alice@contoso.test", code=4)
    # disabled: at once, also with a token in hand
    token = app.person.token()
    lab.admin("app", "set", app.id, "--disable")
    assert app.person.rest("GET", "/my/v2/servicediscovery", token=token)[0] != 200
    app.login(code=3, secret=second)
    lab.admin("app", "set", app.id, "--enable")
    app.secret = second
    app.login()
    return app


def attackers(lab, app):
    """Guessed, swapped and foreign credentials look alike, and are counted."""
    other = App(lab, "Other")
    lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
    stranger = lab.admin("--json", "app", "add", "Theirs", "--tenant", "fabrikam.test").json
    answers = {str(reply) for status, reply in (
        app.token(secret="rms_app_" + "A" * 43), app.token(secret=other.secret), app.token(client=NOBODY), app.token(client="rms"),
        app.token(client=stranger["Id"], secret=stranger["Secret"], authority="contoso.test"),
        app.token(authority="fabrikam.test")) if status == 400}
    assert len(answers) == 1 and "invalid_client" in answers.pop()
    status, reply = app.token()
    assert status == 200 and "refresh_token" not in reply, reply
    assert app.token(authority="contoso.test")[0] == 200
    # of another tenant: authenticated nowhere but there (S-192)
    status, theirs = app.token(client=stranger["Id"], secret=stranger["Secret"])
    assert status == 200
    document = pfile_licence(lab.person("alice").home / "for-app.ptxt")
    status, _, reply = lab.http("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(document)},
                                {"Content-Type": "application/json", "Authorization": "Bearer " + theirs["access_token"]})
    assert status == 401 and reply.get("Reason") == "not-authenticated", (status, reply)
    lab.admin("app", "show", stranger["Id"], "--tenant", "contoso.test", code=4)
    lab.admin("superuser", "add", "--app", stranger["Id"], "--tenant", "contoso.test", code=4)
    return other, stranger


def super_users(lab, app, stranger):
    # proves: S-178
    contoso = ("--tenant", "contoso.test")
    lab.admin("superuser", "add", *contoso, code=2)
    for name in (app.address, app.id):
        lab.admin("superuser", "add", "--app", app.id, *contoso)
        assert lab.admin("--json", "superuser", "list", *contoso).json["SuperUsers"] == [app.address]
        lab.admin("superuser", "remove", stranger["Address"], *contoso, code=4)
        lab.admin("superuser", "remove", stranger["Id"], *contoso, code=4)
        lab.admin("superuser", "remove", name, *contoso)
        assert lab.admin("--json", "superuser", "list", *contoso).json["SuperUsers"] == []
        lab.admin("superuser", "remove", name, *contoso, code=4)


def indexer(lab, app):
    # proves: S-327
    contoso = ("--tenant", "contoso.test")
    alice = lab.person("alice")
    path = alice.home / "staff.ptxt"
    lab.admin("superuser", "feature", "enable", *contoso)
    reader = App(lab, "Search", "--permission", "Content.SuperUser", *contoso)
    reader.login()
    assert reader.person.rms("cat", path).out.encode() == TEXT
    assert "no-rights" in app.person.rms("cat", path, code=1).err
    rows = [r for r in lab_usage(lab) if r["user-id"] == reader.address and r["request-type"] == "AcquireLicense"]
    assert rows and all(r["super-user"] for r in rows), rows
    # the permission taken away, and the feature off
    lab.admin("app", "set", reader.id, "--no-permissions", *contoso)
    reader.person.rms("cat", path, code=1)
    lab.admin("app", "set", reader.id, "--permission", "content.superuser", *contoso)
    assert reader.person.rms("cat", path).out.encode() == TEXT
    lab.admin("superuser", "feature", "disable", *contoso)
    reader.person.rms("cat", path, code=1)
    # as an entry of the list
    lab.admin("superuser", "feature", "enable", *contoso)
    lab.admin("superuser", "add", "--app", app.id, *contoso)
    assert app.person.rms("cat", path).out.encode() == TEXT
    lab.admin("superuser", "remove", app.id, *contoso)
    app.person.rms("cat", path, code=1)
    lab.admin("superuser", "feature", "disable", *contoso)


def lab_usage(lab):
    import json
    import time
    time.sleep(0.5)
    return [json.loads(line) for line in lab.admin("log", "usage", "--json", "--tenant", "contoso.test").out.splitlines()]


def owner_and_issuer(person, path):
    status = person.rms("--json", "status", path).json
    return status["RMSOwner"], status["RMSIssuer"]


def delegation(lab):
    # proves: S-298
    contoso = ("--tenant", "contoso.test")
    alice, bob = lab.person("alice"), lab.person("bob")
    app = App(lab, "Line of business", *contoso)
    app.login()
    me = app.person
    alice.rms("protect", alice.write("to-bob.txt", TEXT), "--perm", "bob@contoso.test:VIEW,EXTRACT", "--in-place")
    to_bob = alice.home / "to-bob.ptxt"

    # without the permissions: nothing, in either way, and nothing is left behind
    def attempts():
        return [("--on-behalf", alice.address, "protect", me.write("a.txt", TEXT), "--perm", "bob@contoso.test:VIEW", "-o", me.home / "a.ptxt"),
                ("--on-behalf", bob.address, "cat", to_bob),
                ("protect", me.write("c.txt", TEXT), "--protect-as", alice.address, "--perm", "bob@contoso.test:VIEW", "-o", me.home / "c.ptxt")]

    for args in attempts():
        assert "role-required" in me.rms(*args, code=3).err, args
    assert not (me.home / "a.ptxt").exists() and not (me.home / "c.ptxt").exists()
    # each permission is for its own
    lab.admin("app", "set", app.id, "--permission", "Content.DelegatedReader", *contoso)
    assert [me.rms(*args, code=None).code for args in attempts()] == [3, 0, 3]
    lab.admin("app", "set", app.id, "--permission", "Content.DelegatedWriter", *contoso)
    assert [me.rms(*args, code=None).code for args in attempts()] == [0, 3, 0]
    lab.admin("app", "set", app.id, "--permission", "Content.DelegatedReader", "--permission", "Content.DelegatedWriter", *contoso)

    # per engine, protecting: owner and issuer are the named person
    done = me.home / "a.ptxt"
    assert owner_and_issuer(me, done) == (alice.address, alice.address)
    assert alice.rms("cat", done).out.encode() == TEXT
    alice.rms("track", done)
    # per engine, opening: with the rights of the named person, no more
    assert me.rms("--on-behalf", bob.address, "cat", to_bob).out.encode() == TEXT
    assert "no-rights" in me.rms("--on-behalf", bob.address, "cat", done, code=1).err  # VIEW alone
    assert "no-rights" in me.rms("--on-behalf", "mallory@contoso.test", "cat", to_bob, code=1).err
    assert me.rms("--on-behalf", alice.address, "cat", done).out.encode() == TEXT
    # per operation: protecting is as the named person, opening stays the application's own
    done = me.home / "c.ptxt"
    assert owner_and_issuer(me, done) == (alice.address, alice.address)
    assert "no-rights" in me.rms("cat", done, code=1).err
    assert "no-rights" in me.rms("cat", to_bob, code=1).err

    # rows name both
    rows = [r for r in lab_usage(lab) if r["acting-as-user"] == bob.address]
    assert rows and {r["user-id"] for r in rows} == {app.address}, rows
    assert any(r["acting-as-user"] == alice.address and r["request-type"] == "FECreatePublishingLicenseV1" for r in lab_usage(lab))

    # not to be had: others' tenants, applications, a super user's right, certificates, and what people send
    for name in ("eve@fabrikam.test", "nobody@contoso.test", app.address, "x"):
        status, _, reply = me.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(to_bob))},
                                   headers={"X-RMS-On-Behalf": name})
        assert status == 400 and reply["Reason"] == "unknown-recipient", (name, status, reply)
    lab.admin("superuser", "feature", "enable", *contoso)
    lab.admin("superuser", "add", "mallory@contoso.test", *contoso)
    assert "no-rights" in me.rms("--on-behalf", "mallory@contoso.test", "cat", to_bob, code=1).err
    lab.admin("superuser", "feature", "disable", *contoso)
    for method, path in (("POST", "accountcertificates"), ("POST", "clientlicensorcertificates"), ("POST", "uselicenses"), ("GET", "documents"),
                         ("GET", "servicediscovery")):
        status, _, reply = me.rest(method, "/my/v2/" + path, {} if method == "POST" else None, headers={"X-RMS-On-Behalf": bob.address})
        assert status == 403 and reply["Reason"] == "role-required", (path, status, reply)
    status, _, reply = bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(to_bob))},
                                headers={"X-RMS-On-Behalf": alice.address})
    assert status == 403, (status, reply)
    lab.admin("user", "set", bob.address, "--disable", *contoso)
    assert "account-disabled" in me.rms("--on-behalf", bob.address, "cat", to_bob, code=None).err
    lab.admin("user", "set", bob.address, "--enable", *contoso)


def each_permission_alone(lab):
    # proves: S-063
    contoso = ("--tenant", "contoso.test")
    alice, bob = lab.person("alice"), lab.person("bob")
    app = App(lab, "One at a time", *contoso)
    app.login()
    body = {"PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False,
            "Policy": {"UserRights": [{"Users": ["mallory@contoso.test"], "Rights": ["VIEW"]}]}}
    lab.admin("superuser", "feature", "enable", *contoso)

    def call(who, method, path, content=None, deputy_of=None):
        return who.rest(method, "/my/v2/" + path, content, token, {"X-RMS-On-Behalf": deputy_of} if deputy_of else None)

    def opens(who, path, deputy_of=None):
        status, _, reply = call(who, "POST", "enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(path))}, deputy_of)
        return (status, reply["AccessStatus"] if status == 200 else reply["Reason"])

    def does(who, method, path, content=None, deputy_of=None):
        status, _, reply = call(who, method, path, content, deputy_of)
        return (status, None if status == 200 else reply["Reason"])

    def table(who):
        """What comes of each operation: templates and protecting as itself, content of others as itself, both as bob."""
        return {"templates": does(who, "GET", "templates"), "protect": does(who, "POST", "publishinglicenses", body),
                "read all": opens(who, alice.home / "staff.ptxt"), "read for bob": opens(who, alice.home / "to-bob.ptxt", bob.address),
                "protect for bob": does(who, "POST", "publishinglicenses", body, bob.address)}

    done, rejected, refused = (200, None), (401, "not-authenticated"), (403, "role-required")
    nothing = {"templates": rejected, "protect": rejected, "read all": (200, "AccessDenied"), "read for bob": refused, "protect for bob": refused}
    token = app.person.token()
    for names, allowed in (((), {}), (("Content.Writer",), {"templates": done, "protect": done}), (("Content.SuperUser",), {"read all": (200, "AccessGranted")}),
                           (("Content.DelegatedReader",), {"read for bob": (200, "AccessGranted")}), (("Content.DelegatedWriter",), {"protect for bob": done})):
        lab.admin("app", "set", app.id, *(("--permission", *names) if names else ("--no-permissions",)), *contoso)
        found = table(app.person)
        assert found == {**nothing, **allowed}, (names, found)
    # the owner is the named person
    file = app.person.home / "for-bob.ptxt"
    app.person.rms("protect", app.person.write("for-bob.txt", TEXT), "--protect-as", bob.address, "--only-me", "-o", file)
    assert owner_and_issuer(app.person, file) == (bob.address, bob.address)
    assert bob.rms("cat", file).out.encode() == TEXT
    # an administrator alone gives permissions: neither a person without a role does, nor what a program asks for at sign-in
    lab.admin("app", "set", app.id, "--no-permissions", *contoso)
    for who, bearer in ((bob, bob.token()), (app.person, token)):
        status, _, reply = who.rest("POST", f"/admin/v1/tenants/-/apps/{app.id}", {"Permissions": ["Content.SuperUser"]}, bearer)
        assert status == 403 and reply["Reason"] == "role-required", (who.address, status, reply)
    form = {"grant_type": "client_credentials", "client_id": app.id, "client_secret": app.secret, "scope": "Content.SuperUser Content.Writer",
            "roles": "Content.SuperUser"}
    status, _, reply = lab.http("POST", "/common/oauth2/token", "&".join(f"{k}={quote(v)}" for k, v in form.items()),
                                {"Content-Type": "application/x-www-form-urlencoded"})
    token = reply.get("access_token", token)
    assert table(app.person) == nothing, (status, reply)
    # user_impersonation needs none of it: a program in whose person's name it acts has that person's rights, and no other's
    token = bob.token()
    assert json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["scp"] == "user_impersonation"
    assert table(bob) == {"templates": done, "protect": done, "read all": (200, "AccessGranted"), "read for bob": refused, "protect for bob": refused}
    assert opens(bob, alice.home / "to-bob.ptxt") == (200, "AccessGranted")
    assert opens(bob, alice.home / "for-app.ptxt") == (200, "AccessDenied")
    lab.admin("superuser", "feature", "disable", *contoso)
    lab.admin("app", "remove", app.id, "--force", *contoso)


def names_and_onboarding(lab):
    # proves: S-112, S-192
    # touches: S-014, S-261
    contoso = ("--tenant", "contoso.test")
    alice = lab.person("alice")
    service = lab.admin("--json", "tenant", "show", *contoso).json["RightsManagementServiceId"]
    gateway = App(lab, "Gateway", "--alias", "rmsservice", "--permission", "Content.Writer", "--permission", "Content.SuperUser",
                  "--permission", "Content.DelegatedWriter", *contoso)
    connector = App(lab, "Connector", "--alias", "Aadrm_S-1-7-0", "--permission", "Content.Writer", *contoso)
    assert gateway.address == f"rmsservice@{service}.rms.main.openrms.internal", gateway.address
    assert connector.address.lower() == f"aadrm_s-1-7-0@{service}.rms.main.openrms.internal", connector.address
    lab.admin("app", "add", "Second gateway", "--alias", "rmsservice", *contoso, code=5)
    gateway.login()
    connector.login()
    lab.admin("superuser", "feature", "enable", *contoso)
    assert gateway.person.rms("cat", alice.home / "to-bob.ptxt").out.encode() == TEXT
    # people of the group alone protect: services go on, for themselves and for people
    lab.admin("group", "add", "chosen", *contoso)
    lab.admin("onboarding", "set", "--group", "chosen", "--force", *contoso)
    bob = lab.person("bob").device(2)
    bob.login()
    assert "publish-not-allowed" in bob.rms("protect", bob.write("n.txt", TEXT), "--only-me", code=1).err
    connector.person.rms("protect", connector.person.write("c.txt", TEXT), "--online", "--perm", "bob@contoso.test:VIEW,EXTRACT", "-o", "c.ptxt")
    gateway.person.rms("protect", gateway.person.write("g.txt", TEXT), "--protect-as", "bob@contoso.test", "--only-me", "-o", "g.ptxt")
    assert bob.rms("cat", connector.person.home / "c.ptxt").out.encode() == TEXT
    assert bob.rms("cat", gateway.person.home / "g.ptxt").out.encode() == TEXT
    lab.admin("onboarding", "set", "--use-license", "false", "--force", *contoso)
    # who works for people that nobody can tell: a scope keeps the template away from it, its own too, unless it is allowed
    scoped = lab.admin("--json", "template", "add", "--name", "Few", "--grant", "bob@contoso.test:VIEW", "--scope", "bob@contoso.test",
                       "--scope", connector.address, "--published", *contoso).json["TemplateId"]

    def offers(app, name=None):
        status, _, reply = app.person.rest("GET", "/my/v2/templates", headers={"X-RMS-On-Behalf": name} if name else None)
        assert status == 200, reply
        return scoped in {t["Id"] for t in reply}

    def publishes(app):
        return app.person.rest("POST", "/my/v2/publishinglicenses", {
            "PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False, "TemplateId": scoped})[0] == 200

    assert not offers(connector) and not offers(gateway) and not publishes(connector)
    # a rule of a gateway protects as the gateway: refused with the reason
    status, _, reply = connector.person.rest("POST", "/my/v2/publishinglicenses", {
        "PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False, "TemplateId": scoped})
    assert status == 400 and reply["Reason"] == "publish-not-allowed", reply
    assert offers(gateway, "bob@contoso.test") and not offers(gateway, "alice@contoso.test")
    lab.admin("template", "set", scoped, "--legacy-apps", "true", *contoso)
    assert offers(connector) and offers(gateway) and publishes(connector)
    assert offers(gateway, "bob@contoso.test") and not offers(gateway, "alice@contoso.test")
    lab.admin("template", "remove", scoped, "--force", *contoso)
    # without the permission to protect: templates are not shown, nothing is published
    plain = App(lab, "Plain", *contoso)
    plain.login()
    assert plain.person.rest("GET", "/my/v2/templates")[0] == 401
    path = plain.person.write("p.txt", TEXT)
    assert "publish-not-allowed" in plain.person.rms("protect", path, "--only-me", code=1).err
    assert "not-authenticated" in plain.person.rms("protect", path, "--online", "--only-me", code=3).err
    # both are found by name
    for app, kind in ((gateway, "AcquireLicense"), (connector, "FECreatePublishingLicenseV1")):
        rows = lab.admin("--json", "log", "usage", "--user", app.address.lower(), *contoso).json_lines
        assert rows and any(r["request-type"] == kind and r["result"] == "Success" for r in rows), (app.address, rows)
    lab.admin("superuser", "feature", "disable", *contoso)


def issuers_and_owners(lab):
    # proves: S-065, S-082, S-086
    contoso = ("--tenant", "contoso.test")
    alice, bob, mallory = (lab.person(n) for n in ("alice", "bob", "mallory"))
    scanner = App(lab, "Scanner", "--alias", "scanner", "--permission", "Content.Writer", *contoso)
    scanner.login()
    me = scanner.person
    lab.admin("template", "add", "--name", "Look only", "--grant", "mallory@contoso.test:VIEW", "--published", *contoso)
    me.rms("template", "refresh")
    view = {"PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False, "Policy": {
        "allowOfflineAccess": True, "UserRights": [{"Users": ["mallory@contoso.test"], "Rights": ["VIEW"]}]}}

    def published():
        return [r for r in lab.admin("--json", "log", "usage", "--user", scanner.address, *contoso).json_lines
                if r["request-type"] == "FECreatePublishingLicenseV1" and r["result"] == "Success" and r["content-id"]]

    def protect(name, *how):
        done = me.rms("protect", me.write(f"{name}.txt", TEXT), "--online", *how, "-o", me.home / f"{name}.ptxt")
        return me.home / f"{name}.ptxt", done.err

    # a service names the owner, who needs no grant for anything
    file, said = protect("owned", "--template", "Look only", "--owner", bob.address)
    assert "warning" not in said, said
    rights = bob.rms("--json", "perms", "list", file).json
    assert rights["Rights"] == ["OWNER"] and rights["Owner"] == bob.address and "bob" not in str(rights["UserRights"]), rights
    assert mallory.rms("--json", "perms", "list", file, code=1).json["Rights"] == ["VIEW"]
    row = published()[-1]
    assert row["issuer"].lower() == scanner.address.lower() and bob.address in row["owner-email"] and row["user-id"].lower() == scanner.address.lower(), row
    status = bob.rms("--json", "status", file).json
    assert status["RMSOwner"] == bob.address and status["RMSIssuer"].lower() == scanner.address.lower(), status
    own = bob.write("owned.ptxt", file.read_bytes())
    bob.rms("protect", own, "--perm", "alice@contoso.test:VIEW", "--in-place")
    assert bob.rms("--json", "status", own).json["RMSIssuer"] == bob.address
    # people do not, unless they are super users; what is no address registers nothing
    before = len(published())
    assert alice.rest("POST", "/my/v2/publishinglicenses", {**view, "OwnerEmail": bob.address})[2]["Reason"] == "role-required"
    for owner in ("bob", "bob.contoso.test", ""):
        code, _, reply = me.rest("POST", "/my/v2/publishinglicenses", {**view, "OwnerEmail": owner})
        assert code == 400 and reply["Reason"] == "bad-argument" and "OwnerEmail" in reply["Message"], reply
        me.rms("protect", me.home / "owned.txt", "--online", "--template", "Look only", "--owner", owner, "-o", me.home / "no.ptxt", code=2)
    assert len(published()) == before and not (me.home / "no.ptxt").exists()

    # without one it is the service itself, which the command warns of: people are sent to whom the organisation names
    file, said = protect("orphan", "--perm", "mallory@contoso.test:VIEW")
    assert "warning" in said and "--owner" in said, said
    assert published()[-1]["owner-email"].lower() == scanner.address.lower(), published()[-1]

    def denied(file, who):
        done = alice.rms("cat", file, code=1)
        code, _, reply = alice.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(file))})
        assert "no-rights" in done.err and who in done.err.lower() and "mallory" not in done.err, done
        assert code == 200 and reply["AccessStatus"] == "AccessDenied" and reply["Referrer"].lower() == f"mailto:{who}", reply
        assert "mallory" not in str(reply) and reply["Policy"] is None and reply["Rights"] == [], reply

    denied(file, scanner.address.lower())
    lab.admin("tenant", "set", "--contact", "nobody", *contoso, code=2)
    lab.admin("tenant", "set", "--contact", "Help@contoso.test", *contoso)
    assert lab.admin("--json", "tenant", "show", *contoso).json["ServiceContact"] == "help@contoso.test"
    denied(file, "help@contoso.test")
    bob.rms("protect", bob.write("mine.txt", TEXT), "--perm", "mallory@contoso.test:VIEW", "--in-place")
    denied(bob.home / "mine.ptxt", bob.address)
    # a forged licence tells no address at all
    data = (bob.home / "mine.ptxt").read_bytes()
    assert data.count(b"bob@contoso.test") > 0
    forged = alice.write("forged.ptxt", data.replace(b"bob@contoso.test", b"eve@contoso.test"))
    done = alice.rms("cat", forged, code=1)
    assert "bad-signature" in done.err and "@" not in done.err, done
    code, _, reply = alice.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(forged))})
    assert code == 400 and reply["Reason"] == "bad-signature" and "@" not in str(reply), reply
    lab.admin("tenant", "set", "--contact", "none", *contoso)
    denied(file, scanner.address.lower())

    # who protects opens it without a grant; a policy for nobody else is worth a word
    said = alice.rms("protect", alice.write("f.txt", TEXT), "--grant", "bob@contoso.test:EDIT", "--in-place").err
    assert "warning" not in said, said
    alice.rms("unprotect", alice.home / "f.ptxt", "--in-place")
    assert (alice.home / "f.txt").read_bytes() == TEXT
    assert "nobody else" in alice.rms("protect", alice.home / "f.txt", "--grant", "alice@contoso.test:EDIT", "--in-place").err
    alice.rms("protect", alice.home / "f.ptxt", "--grant", "bob@contoso.test", code=2)


def a_year_later(lab, app):
    """The last of S-062: it moves the clock."""
    lab.move_clock(days=364)
    assert app.token()[0] == 200
    lab.move_clock(days=2)
    status, reply = app.token()
    assert status == 400 and reply["error"] == "invalid_client", reply
    assert "not-authenticated" in app.login(code=3).err
    app.person.rms("auth", "token", code=3)
    # a new one takes the place of the one that has ended
    lab.admin("app", "secret", "add", app.id, "--tenant", "contoso.test")
    fresh = lab.admin("--json", "app", "secret", "add", app.id, "--tenant", "contoso.test").json["Secret"]
    app.login(secret=fresh)
    lab.admin("app", "remove", app.id, "--force", "--tenant", "contoso.test")
    assert "not-authenticated" in app.login(code=3, secret=fresh).err


def applications():
    # proves: S-062
    with Lab() as lab:
        app = identities(lab)
        _, stranger = attackers(lab, app)
        super_users(lab, app, stranger)
        indexer(lab, app)
        delegation(lab)
        each_permission_alone(lab)
        names_and_onboarding(lab)
        issuers_and_owners(lab)
        a_year_later(lab, app)


if __name__ == "__main__":
    main(applications)
