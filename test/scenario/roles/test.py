"""Administrators over HTTPS: roles, sessions that end by themselves, and nobody gets further than his role by any path."""
import collections
import concurrent.futures
import json
import re
import threading
import time

from rmslab import PASSWORD, SOURCE, Lab, main

ROLES = {"root": "GlobalAdministrator", "conadm": "ConnectorAdministrator", "ipadm": "ProtectionAdministrator", "aud": "Reader"}
REACH = {"SESSION": "root conadm ipadm aud", "REPORT": "root ipadm aud", "SERVICE": "root ipadm", "TEMPLATE": "root ipadm",
         "SUPER": "root ipadm", "HELP": "root ipadm", "PEOPLE": "root", "TRACKING": "root"}
HEADER = "X-RMS-Admin-Session"


def rows():
    """(method, path with {} for parameters, area or None for the socket alone, command): the route table itself."""
    text = (SOURCE / "service/route.c").read_text()
    out = []
    for kind, method, path, area, word in re.findall(
            r'^ +(ADMIN|TENANT|OPERATOR)\((\w+),\s*"([^"]+)",\s*(?:(\w+),\s*)?\w+,\s*"(\w+)"\)', text, re.M):
        out.append((method, ("tenants/{}/" if kind == "TENANT" else "") + path, area if kind != "OPERATOR" else None, word))
    assert len(out) > 50, len(out)
    return out


class Admin:
    """An administrator with a bearer token and, perhaps, a session."""

    def __init__(self, person):
        self.person, self.token, self.session = person, person.token(), None

    def call(self, method, path, body=None, session=True, token=None):
        headers = {HEADER: session if isinstance(session, str) else self.session} if session and (self.session or isinstance(session, str)) else {}
        status, _, reply = self.person.rest(method, "/admin/v1/" + path, body, token or self.token, headers)
        return status, reply

    def login(self):
        status, reply = self.call("POST", "session", {})
        assert status == 200, reply
        self.session = reply["Session"]
        return reply


def lab_with_roles():
    lab = Lab(people=("bob", *ROLES))
    lab.__enter__()
    for name, role in ROLES.items():
        lab.admin("role", "add", f"{name}@contoso.test", "--role", role)
    return lab


def fill(path, tenant):
    """A path with parameters that name nothing that is there."""
    parts = [tenant, "nothing", "nothing"]
    return re.sub(r"\{\}", lambda _: parts.pop(0), path)


def reason(reply):
    return reply.get("Reason") if isinstance(reply, dict) else None


def every_route_by_every_role():
    # proves: S-018
    # touches: S-001, S-019, S-022, S-194
    lab = lab_with_roles()
    try:
        lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
        people = {name: Admin(lab.person(name)) for name in (*ROLES, "bob")}
        for name in ROLES:
            people[name].login()

        made = collections.Counter()
        for method, path, area, word in rows():
            body = {} if method == "POST" else None
            for name, admin in people.items():
                case = (method, path, name)
                if area == "SESSION":
                    continue
                may = area is not None and name in REACH[area].split()
                status, reply = admin.call(method, fill(path, "contoso.test"), body)
                if area is None:
                    assert status == 404, (case, status, reply)  # as if it did not exist
                    continue
                made[admin.person.address, word] += 1
                assert (status == 403 and reason(reply) == "role-required") == (not may), (case, status, reply)
                assert status != 401 and status < 500, (case, status, reply)
                if not may:
                    continue
                status, reply = admin.call(method, fill(path, "contoso.test"), body, session=False)
                assert (status, reason(reply)) == (401, "not-authenticated"), (case, status, reply)
                there, missing = (admin.call(method, fill(path, t), body) for t in ("fabrikam.test", "nobody.test"))
                assert there[0] == missing[0] == 404, (case, there, missing)
                assert there[1] | {"CorrelationId": 0} == missing[1] | {"CorrelationId": 0}, (case, there, missing)
                made[admin.person.address, word] += 3
        # nobody in particular: 401 with a challenge, and no row
        for method, path, area, _ in rows():
            if area is not None:
                status, headers, reply = lab.http(method, "/admin/v1/" + fill(path, "contoso.test"), "{}" if method == "POST" else None,
                                                  {"Content-Type": "application/json"})
                assert status == 401 and "Bearer" in headers["WWW-Authenticate"], (path, status, reply)
        log = [json.loads(line) for line in lab.admin("log", "admin", "--tenant", "contoso.test", "--json").out.splitlines()]
        # one row for each call, with who made it, whatever came of it
        logged = collections.Counter((r["actor"], r["command"].split()[0]) for r in log if r["actor"] != "operator")
        for name in ROLES:
            made[f"{name}@contoso.test", "ConnectService"] += 1
        assert logged == made, (logged - made, made - logged)
        refused = [r for r in log if r["actor"] == "conadm@contoso.test" and r["command"].startswith("GetAllTemplates")]
        assert refused and all(r["status"] == "Failed" and "role-required" in r["result"] for r in refused), refused
        # nothing of it reached the other organisation's log
        other = [json.loads(line) for line in lab.admin("log", "admin", "--tenant", "fabrikam.test", "--json").out.splitlines()]
        assert all(r["actor"] == "operator" for r in other), other
        # S-018: by address, object id and display name; groups with and without address; the default is the global role
        lab.admin("group", "add", "sec-it", "--tenant", "contoso.test")
        lab.admin("group", "member", "add", "sec-it", "bob@contoso.test", "--tenant", "contoso.test")
        lab.admin("role", "add", "sec-it", "--role", "ConnectorAdministrator", "--tenant", "contoso.test")
        people["bob"].login()
        assert people["bob"].call("GET", "tenants/-/templates")[0] == 403
        lab.admin("role", "add", "sec-it", "--tenant", "contoso.test")
        assert people["bob"].call("GET", "tenants/-/templates")[0] == 200
        lab.admin("role", "remove", "--force", "sec-it", "--tenant", "contoso.test")
        assert people["bob"].call("GET", "tenants/-/templates")[0] == 403
        held = lab.admin("--json", "role", "list", "--tenant", "contoso.test").json_lines
        assert [(r["Role"], r["Kind"]) for r in held if r["Name"] == "sec-it"] == [("ConnectorAdministrator", "group")], held
        first = lab.admin("--json", "group", "add", "twins", "--tenant", "contoso.test").json["Id"]
        lab.admin("group", "add", "twins", "--tenant", "contoso.test")
        assert "id" in lab.admin("role", "add", "twins", "--tenant", "contoso.test", code=5).err
        lab.admin("role", "add", first, "--tenant", "contoso.test")
        lab.admin("role", "add", first, "--tenant", "contoso.test", code=5)
        lab.admin("role", "remove", "--force", first, "--role", "Reader", "--tenant", "contoso.test", code=4)
        lab.admin("role", "add", "ghost@contoso.test", "--tenant", "contoso.test", code=4)
        lab.admin("role", "add", "bob@contoso.test", "--tenant", "fabrikam.test", code=4)
        lab.admin("role", "add", "bob@contoso.test", "--role", "Emperor", "--tenant", "contoso.test", code=2)
        # who leaves the group is no administrator any more, at once
        lab.admin("group", "member", "remove", "sec-it", "bob@contoso.test", "--tenant", "contoso.test")
        status, reply = people["bob"].call("DELETE", "session")
        assert (status, reason(reply)) == (403, "role-required"), reply
    finally:
        lab.close()


def escalation():
    # proves: S-333
    # touches: S-019, S-020
    lab = lab_with_roles()
    try:
        root, ipadm, aud = (Admin(lab.person(n)) for n in ("root", "ipadm", "aud"))
        for admin in (root, ipadm, aud):
            admin.login()
        # every way to become somebody else or to give oneself a role
        password = {"Password": "another long password"}
        for who in (ipadm, aud):
            own = who.person.address
            for method, path, body in (
                    ("POST", "roles", {"Member": own}), ("POST", "roles/remove", {"Member": "root@contoso.test"}),
                    ("POST", "users/root@contoso.test", password), ("POST", "users", {"Address": "new@contoso.test", **password}),
                    ("POST", "groups/x/members", {"Add": [own]}), ("DELETE", "users/root@contoso.test", None),
                    ("POST", "keys", {}), ("POST", "log/erase", {"Person": own})):
                status, reply = who.call(method, "tenants/-/" + path, body)
                assert (status, reason(reply)) == (403, "role-required"), (own, path, reply)
            for path in ("tenants/-/issuers", "tenants/-/clients", "tenants/-/domains", "tenants", "db/backup", "health"):
                assert who.call("POST" if path != "health" else "GET", path, {})[0] == 404, path
        assert aud.call("POST", "tenants/-/superusers", {"Enabled": True})[0] == 403
        # methods, cases and encodings do not go around the table
        for path in ("TENANTS/-/ROLES", "tenants/%2d/roles", "tenants/-/roles/", "tenants/-/%72oles"):
            assert ipadm.call("POST", path, {"Member": ipadm.person.address})[0] in (403, 404), path
        assert aud.call("HEAD", "tenants/-/templates")[0] == 403
        # somebody's session with another's token, and the other way round
        for token, session in ((ipadm.token, root.session), (root.token, ipadm.session)):
            status, reply = root.call("GET", "tenants/-/templates", token=token, session=session)
            assert (status, reason(reply)) == (401, "not-authenticated"), reply
        for bad in ("0" * 64, "x", root.session.upper() if root.session.upper() != root.session else "1" * 64, root.session + "00"):
            assert root.call("GET", "tenants/-/templates", session=bad)[0] == 401, bad
        # S-333: the last global administrator stays; another one may take over
        status, reply = root.call("POST", "tenants/-/roles/remove", {"Member": "root@contoso.test"})
        assert (status, reason(reply)) == (409, "conflict"), reply
        lab.admin("role", "remove", "--force", "root@contoso.test", code=5)
        # the way back in is the socket of the machine alone, for its owner alone, and it is in the log
        for headers in ({}, {"Authorization": "Bearer operator"}, {HEADER: "0" * 64}):
            assert lab.http("POST", "/admin/v1/tenants/-/roles", {"Member": "aud@contoso.test"}, headers)[0] == 401
            assert lab.http("POST", "/admin/v1/tenants", {"Name": "x", "Domains": ["x.test"]}, headers)[0] == 404
        assert lab.socket.is_socket() and lab.socket.stat().st_mode & 0o777 == 0o600
        lab.admin("role", "add", "aud@contoso.test")
        lab.admin("role", "remove", "--force", "aud@contoso.test")
        acts = [(r["actor"], r["command"].split()[0]) for r in map(json.loads, lab.admin("log", "admin", "--json").out.splitlines())][-3:]
        assert acts[1:] == [("operator", "AddRoleBasedAdministrator"), ("operator", "RemoveRoleBasedAdministrator")], acts
        assert root.call("POST", "tenants/-/roles", {"Member": "ipadm@contoso.test"})[0] == 200
        assert root.call("POST", "tenants/-/roles/remove", {"Member": "root@contoso.test"})[0] == 200
        assert root.call("GET", "tenants/-/templates")[0] == 403  # at once
        held = lab.admin("--json", "role", "list").json_lines
        assert ("GlobalAdministrator", "ipadm@contoso.test", "root@contoso.test") in [(r["Role"], r["Address"], r["AddedBy"]) for r in held], held
        # no administrative role opens anything; he may make himself super user, and both acts are in the log (S-020)
        alice = lab.person(lab.add_user("alice"))
        alice.login()
        path = alice.write("plan.txt", b"secret\n")
        made = alice.rms("--json", "protect", path, "--only-me", "--in-place").json_lines[0]["EncryptedFile"]
        ipadm.person.rms("cat", made, code=1)
        assert ipadm.call("POST", "tenants/-/superusers", {"Enabled": True, "Add": ["ipadm@contoso.test"]})[0] == 200
        assert ipadm.person.rms("cat", made).out == "secret\n"
        acts = [r["actor"] for r in map(json.loads, lab.admin("log", "admin", "--json").out.splitlines())
                if r["command"].startswith("SetSuperUsers") and r["status"] == "Passed"]
        assert acts == ["ipadm@contoso.test"], acts
    finally:
        lab.close()


def two_at_once():
    """Who changes what somebody else has changed meanwhile is told, when he says what he saw."""
    lab = lab_with_roles()
    try:
        root, ipadm = Admin(lab.person("root")), Admin(lab.person("ipadm"))
        root.login()
        ipadm.login()
        lab.admin("group", "add", "crew", "--address", "crew@contoso.test")

        def tag(path):
            status, headers, _ = root.person.rest("GET", "/admin/v1/" + path, None, root.token, {HEADER: root.session})
            assert status == 200, path
            return headers["ETag"]

        def change(who, path, body, seen, method="POST"):
            status, headers, reply = who.person.rest(method, "/admin/v1/" + path, body, who.token, {HEADER: who.session, "If-Match": seen})
            return status, reason(reply)

        for shown, changed, first, second in (
                ("tenants/-", "tenants/-/settings", {"MaxUseLicenseValidity": 9}, {"MaxUseLicenseValidity": 8}),
                ("tenants/-/onboarding", "tenants/-/onboarding", {"Scope": "MobileApp"}, {"Scope": "WindowsApp"}),
                ("tenants/-/tracking", "tenants/-/tracking", {"Automatic": False}, {"Tracking": "Disabled"}),
                ("tenants/-/superusers", "tenants/-/superusers", {"Add": ["bob@contoso.test"]}, {"Add": ["aud@contoso.test"]}),
                ("tenants/-/groups/crew", "tenants/-/groups/crew/members", {"Add": ["bob@contoso.test"]}, {"Add": ["aud@contoso.test"]}),
                ("tenants/-/roles", "tenants/-/roles", {"Member": "bob@contoso.test", "Role": "Reader"}, {"Member": "aud@contoso.test"})):
            seen = tag(shown)
            assert seen == tag(shown) and seen.startswith('"')
            assert change(root, changed, first, seen) == (200, None), shown
            now = tag(shown)
            assert now != seen
            assert change(root, changed, second, seen) == (409, "conflict"), shown
            assert tag(shown) == now, shown
            assert change(root, changed, second, now) == (200, None), shown
        assert change(root, "tenants/-/groups/crew", None, '"0"', "DELETE") == (409, "conflict")
        assert change(root, "tenants/-/templates", {"Names": {"1033": "x"}}, '"0"') == (400, "bad-argument")
        # the role is asked for first
        assert change(ipadm, "tenants/-/roles", {"Member": "ipadm@contoso.test"}, tag("tenants/-/roles")) == (403, "role-required")
    finally:
        lab.close()


def at_the_same_time():
    """Who does not say what he saw changes what he names and nothing else, whoever is at it in the same moment."""
    lab = lab_with_roles()
    try:
        lab.admin("role", "add", "ipadm@contoso.test")
        people = [Admin(lab.person("root")), Admin(lab.person("ipadm"))]
        for admin in people:
            admin.login()
        tasks = [("settings", {"MaxUseLicenseValidity": 11}), ("settings", {"GroupCacheSeconds": 700}), ("settings", {"RemovalRights": ["OWNER"]}),
                 ("settings", {"ServiceContact": "aud@contoso.test"}), ("onboarding", {"Scope": "MobileApp"}), ("tracking", {"Automatic": False}),
                 ("superusers", {"Add": ["bob@contoso.test"]}), ("superusers", {"Add": ["aud@contoso.test"]}),
                 ("keys", {"Bits": 2048}), ("keys", {"Bits": 2048})]
        before = {k["KeyIdentifier"]: k["Status"] for k in people[0].call("GET", "tenants/-/keys")[1]}

        def together(calls):
            start = threading.Barrier(len(calls))

            def one(call):
                admin, path, body = call
                start.wait(120)
                return admin.call("POST", "tenants/-/" + path, body)

            with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
                done = list(pool.map(one, calls))
            assert all(status == 200 for status, _ in done), done
            return [reply for _, reply in done]

        together([(people[i % 2], *task) for i, task in enumerate(tasks)])
        shown = {path: people[0].call("GET", "tenants/-" + path)[1] for path in ("", "/onboarding", "/tracking", "/superusers")}
        assert (shown[""]["MaxUseLicenseValidity"], shown[""]["GroupCacheSeconds"], shown[""]["ServiceContact"]) == (11, 700, "aud@contoso.test"), shown
        assert "EXTRACT" not in shown[""]["RemovalRights"], shown
        assert shown["/onboarding"]["Scope"] == "MobileApp" and shown["/tracking"]["Automatic"] is False, shown
        assert sorted(shown["/superusers"]["SuperUsers"]) == ["aud@contoso.test", "bob@contoso.test"], shown
        # both new keys are there beside the old one; of two that are made active at once one is, and none is gone
        keys = {k["KeyIdentifier"]: k["Status"] for k in people[0].call("GET", "tenants/-/keys")[1]}
        fresh = sorted(keys.keys() - before.keys())
        assert len(fresh) == 2 and {k: keys[k] for k in before} == before, (before, keys)
        together([(admin, f"keys/{key}", {"Status": "Active"}) for admin, key in zip(people, fresh)])
        after = {k["KeyIdentifier"]: k["Status"] for k in people[0].call("GET", "tenants/-/keys")[1]}
        assert after.keys() == keys.keys() and [k in fresh for k, s in after.items() if s == "Active"] == [True], after
        log = lab.admin("--json", "log", "admin").json_lines
        acts = collections.Counter(r["command"].split()[0] for r in log if r["actor"] != "operator" and r["status"] == "Passed")
        assert (acts["AddKey"], acts["SetKeyProperties"]) == (2, 2), acts
        lab.admin("log", "verify")
    finally:
        lab.close()


def sessions():
    # touches: S-021
    lab = lab_with_roles()
    try:
        root = Admin(lab.person("root"))
        assert root.call("GET", "tenants/-/templates")[0] == 401
        assert root.login()["IdleSeconds"] == 900
        lab.move_clock(seconds=14 * 60)
        assert root.call("GET", "tenants/-/templates")[0] == 200
        lab.move_clock(seconds=14 * 60)
        assert root.call("GET", "tenants/-/templates")[0] == 200
        lab.move_clock(seconds=16 * 60)
        status, reply = root.call("GET", "tenants/-/templates")
        assert (status, reason(reply)) == (401, "not-authenticated") and "rms admin login" in reply["Message"], reply
        root.token = root.person.token()
        root.login()
        old = root.session
        assert root.call("DELETE", "session")[0] == 200
        assert root.call("GET", "tenants/-/templates", session=old)[0] == 401
        assert root.call("DELETE", "session")[0] == 200  # again: it had ended
        root.login()
        # a new password and disabling end it
        lab.admin("user", "set", "root@contoso.test", "--password-stdin", stdin="quite another password\n")
        assert root.call("GET", "tenants/-/templates")[0] == 401
        root.login()
        lab.admin("user", "set", "root@contoso.test", "--disable")
        assert root.call("GET", "tenants/-/templates")[0] in (400, 401, 403)
        lab.admin("user", "set", "root@contoso.test", "--enable")
        assert root.call("GET", "tenants/-/templates")[0] == 401
        # restarting the service does not
        root.login()
        lab.stop()
        lab.start()
        assert root.call("GET", "tenants/-/templates")[0] == 200
        # nothing that opens a session is in the database, and the socket knows none
        assert root.session not in lab.log_text()
        assert lab.admin_http("POST", "/session", {})[0] == 400
        a_clock_that_was_put_back(lab)
    finally:
        lab.close()


def a_clock_that_was_put_back(lab):
    # proves: S-328
    """What has ended would begin again: not unless somebody says that the clock is right now, and that is in the log."""
    mark = lab.data / "store.mark"

    def newest_is_now():
        end = time.monotonic() + 60
        while int(mark.read_text().split()[2]) < time.time() + int(lab.clock_file.read_text()) - 90:
            assert time.monotonic() < end, mark.read_text()
            time.sleep(0.2)

    newest_is_now()
    def says(word):
        end = time.monotonic() + 60
        while word not in lab.log_text():
            assert time.monotonic() < end, lab.log_text()
            time.sleep(0.2)

    lab.move_clock(seconds=-20 * 60)  # while it runs: it says so, and goes on
    says("clock.back")
    lab.stop()
    lab.start(wait=False)
    assert lab.rmsd.wait(60) == 1 and "set the clock right" in lab.log_text()
    lab.rmsd_args.append("--accept-clock")
    lab.start()
    says("clock.accepted")
    lab.stop()
    newest_is_now()  # which is earlier than it was
    assert int(mark.read_text().split()[2]) < time.time() + int(lab.clock_file.read_text()) + 90
    lab.rmsd_args.remove("--accept-clock")
    lab.move_clock(seconds=-13 * 60)
    lab.start()
    told = [r for r in lab.admin("--json", "log", "admin").json_lines if r["command"] == "AcceptClock"]
    assert len(told) == 1 and "the clock says" in told[0]["result"], told


def own_tenant_alone(lab, root, conadm):
    # proves: S-001, S-004
    """Root of one organisation sees nothing of another; and what a switched off one is switched on by."""
    lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test", "--disabled")
    theirs = ("--tenant", "fabrikam.test")
    assert lab.admin("service", "status", *theirs).out.strip() == "Disabled"
    lab.admin("tenant", "create", "--name", "X", "--domain", "x.test", "--disabled=maybe", code=2)
    for _ in range(2):
        lab.admin("service", "enable", *theirs)
    assert lab.admin("service", "status", *theirs).out.strip() == "Enabled"
    rows = [r for r in lab.admin("--json", "log", "admin", *theirs).json_lines if r["command"].startswith("SetTenantFunctionalState")]
    assert len(rows) == 2 and ["already" in str(r) for r in rows] == [False, True], rows
    assert "(role-required)" in conadm.rms("admin", "service", "enable", code=3).err

    fay = lab.person("fay@fabrikam.test")
    lab.admin("user", "add", fay.address, "--password-stdin", *theirs, stdin=PASSWORD + "\n")
    fay.login()
    fay.rms("protect", fay.write("theirs.txt", b"theirs\n"), "--template", "Confidential \\ All Employees", "--in-place")
    lab.admin("template", "add", "--name", "Theirs alone", *theirs)
    templates = [t["TemplateId"] for t in lab.admin("--json", "template", "list", *theirs).json_lines]
    keys = [k["KeyIdentifier"] for k in lab.admin("--json", "key", "list", *theirs).json_lines]
    documents = [d["ContentId"] for d in lab.admin("--json", "tracking", "list", *theirs).json_lines]
    secrets = [*templates, *keys, *documents, "fabrikam", "Theirs alone", "fay@"]
    assert len(templates) == 3 and keys and documents, secrets
    for verb in (("template", "list"), ("key", "list"), ("log", "usage"), ("log", "admin"), ("tracking", "list"), ("user", "list"), ("group", "list"),
                 ("role", "list"), ("app", "list"), ("tenant", "show")):
        shown = root.rms("--json", "admin", *verb).out
        assert not [s for s in secrets if s.lower() in shown.lower()], (verb, shown)
    for verb in (("template", "show", templates[0]), ("template", "show", "00000000-0000-4000-8000-000000000000"), ("key", "activate", keys[0], "--force"),
                 ("user", "show", fay.address), ("tenant", "show", "--tenant", "fabrikam.test")):
        root.rms("admin", *verb, code=4)
    assert "not-registered" in root.rms("admin", "tracking", "show", documents[0], code=None).err


def on_the_command_line():
    # touches: S-021, S-022
    lab = lab_with_roles()
    try:
        ipadm, bob = lab.person("ipadm"), lab.person("bob")
        assert "no administrative role" in bob.rms("admin", "login", code=3).err
        ipadm.rms("admin", "template", "list", code=6)  # no session: the socket of this machine, which is not there
        told = ipadm.rms("--json", "admin", "login").json
        assert told["Roles"] == ["ProtectionAdministrator"] and "Session" not in told, told
        ipadm.rms("admin", "template", "add", "--name", "Far")
        assert "Far" in ipadm.rms("admin", "template", "list").out
        assert "Far" in lab.admin("template", "list").out
        assert "(role-required)" in ipadm.rms("admin", "user", "remove", "bob@contoso.test", "--force", code=3).err
        ipadm.rms("admin", "tenant", "show", "--tenant", "nobody.test", code=4)
        ipadm.rms("admin", "health", code=4)
        lab.move_clock(seconds=16 * 60)
        assert "rms admin login" in ipadm.rms("admin", "template", "list", code=3).err
        ipadm.rms("admin", "login")
        # the session's file alone is worth nothing
        kept = next(ipadm.home.rglob("admin-session.json"))
        assert kept.stat().st_mode & 0o777 == 0o600
        there = bob.home / kept.relative_to(ipadm.home)
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(kept.read_bytes())
        bob.rms("admin", "template", "list", code=3)
        there.write_text(there.read_text().replace("ipadm@contoso.test", "bob@contoso.test"))
        bob.rms("admin", "template", "list", code=3)
        secret = json.loads(kept.read_text())["Session"]
        ipadm.rms("admin", "logout")
        assert not kept.exists()
        assert Admin(ipadm).call("GET", "tenants/-/templates", session=secret)[0] == 401
        ipadm.rms("admin", "logout")
        root, conadm = lab.person("root"), lab.person("conadm")
        root.rms("admin", "login")
        conadm.rms("admin", "login")
        own_tenant_alone(lab, root, conadm)
    finally:
        lab.close()


# What shows addresses of people, and in which area it is (doc/dev/roles.md).
PERSONAL = (("HELP", "user", "list"), ("HELP", "user", "show", "bob@contoso.test"), ("HELP", "group", "list"), ("PEOPLE", "role", "list"),
            ("SUPER", "superuser", "list"), ("TEMPLATE", "template", "list"), ("REPORT", "log", "usage"), ("REPORT", "log", "admin"),
            ("REPORT", "report", "person"), ("TRACKING", "tracking", "list"), ("PEOPLE", "privacy", "export", "bob@contoso.test"),
            ("PEOPLE", "privacy", "delete", "nobody@contoso.test", "--confirm", "nobody@contoso.test", "--force"),
            ("PEOPLE", "privacy", "replace", "nobody@contoso.test", "somebody@contoso.test"))
WORDS = {"user list": "GetUsers", "user show": "GetUser", "group list": "GetGroups", "role list": "GetRoleBasedAdministrator",
         "superuser list": "GetSuperUsers", "template list": "GetAllTemplates", "log usage": "GetUserLog", "log admin": "GetAdminLog",
         "report person": "GetReport", "tracking list": "GetDocuments", "privacy export": "GetPersonalData",
         "privacy delete": "RemovePersonalData", "privacy replace": "ReplacePersonalAddress"}


def who_sees_personal_data():
    # proves: S-325
    lab = lab_with_roles()
    try:
        # bob had a role when he began his session, and has none any more: the next command is refused
        lab.admin("role", "add", "bob@contoso.test", "--role", "Reader")
        for name in ("bob", *ROLES):
            lab.person(name).rms("admin", "login")
        lab.admin("role", "remove", "--force", "bob@contoso.test", "--role", "Reader")
        refused = collections.Counter()
        for name in ("bob", *ROLES):
            person = lab.person(name)
            for area, *args in PERSONAL:
                may = name in REACH[area].split()
                done = person.rms("admin", *args, code=None)
                assert done.code == (0 if may else 3), (name, args, done)
                if not may:
                    assert "(role-required)" in done.err and not done.out, done
                    refused[person.address, WORDS[" ".join(args[:2])]] += 1
        log = [json.loads(line) for line in lab.admin("log", "admin", "--json").out.splitlines()]
        found = collections.Counter((r["actor"], r["command"].split()[0]) for r in log
                                    if r["status"] == "Failed" and "role-required" in r["result"] and r["actor"] != "operator")
        assert found == refused, (found - refused, refused - found)
        assert lab.person("bob").rms("admin", "login", code=3).err
    finally:
        lab.close()


def another_address(lab, own):
    # proves: S-323
    here = "/tenants/contoso.test"

    def grants(name):
        shown = lab.admin("--json", "template", "show", name, *own).json
        return [(g["Principal"], sorted(g["Rights"])) for g in shown["RightsDefinitions"]], shown["ScopedIdentities"], shown["Version"]

    lab.admin("template", "add", "--name", "Both", "--grant", "bob@contoso.test:VIEW,PRINT", "--grant", "alice@contoso.test:VIEW,EDIT", *own)
    lab.admin("template", "add", "--name", "Scope", "--grant", "all-staff:VIEW", "--scope", "bob@contoso.test", *own)
    lab.admin("template", "add", "--name", "Theirs", "--grant", "bob@contoso.test:VIEW", "--tenant", "fabrikam.test")
    names = ("For bob", "For jacob", "Both", "Scope")
    before = [grants(n) for n in names]
    # whom a scope cannot have, everybody, nobody and the same: none of the templates is changed
    for new, code in (("x@partner.test", 4), ("all-staff", 2), ("any-authenticated", 2), ("", 2), ("bob@contoso.test", 2), ("g-bob", 2)):
        lab.admin("privacy", "replace", "bob@contoso.test", new, *own, code=code)
    assert lab.admin_http("POST", here + "/privacy/replace", {"Person": "bob@contoso.test", "New": "a@b.test", "Force": True})[1]["Reason"] == "bad-argument"
    told = lab.admin("--json", "privacy", "replace", "bob@contoso.test", "alice@contoso.test", "--what-if", *own).json
    assert [grants(n) for n in names] == before and len(told["Result"]["Templates"]) == 3, told
    told = lab.admin("--json", "privacy", "replace", "BOB@contoso.test", "alice@contoso.test", *own).json
    assert len(told["Templates"]) == 3, told
    assert grants("For bob") == ([("alice@contoso.test", ["VIEW"])], [], 2)
    assert grants("Both") == ([("alice@contoso.test", ["EDIT", "PRINT", "VIEW"])], [], 2)
    assert grants("Scope")[1:] == (["alice@contoso.test"], 2) and grants("For jacob") == before[1]
    theirs = lab.admin("--json", "template", "show", "Theirs", "--tenant", "fabrikam.test").json
    assert theirs["RightsDefinitions"][0]["Principal"] == "bob@contoso.test"
    # what stays: the former versions, roles and the account here; policies in files elsewhere
    assert told["Remaining"]["Templates"] == 3 and told["Remaining"]["Roles"] == 1 and told["Remaining"]["SuperUsers"] == 1, told
    assert "licences inside protected files" in told["NotHere"][0]
    assert lab.admin("--json", "privacy", "replace", "bob@contoso.test", "alice@contoso.test", *own).json["Templates"] == []
    row = [r for r in map(json.loads, lab.admin("log", "admin", "--json", *own).out.splitlines()) if "3 templates" in r["result"]]
    assert len(row) == 2 and all("bob" not in r["command"] for r in row), row


def everything_about_one_address():
    # proves: S-322
    # touches: S-324
    with Lab(people=("alice", "bob", "jacob@contoso.test")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
        own = ("--tenant", "contoso.test")
        # a record in each store, and one of somebody whose address only ends the same
        for who in ("bob", "jacob"):
            lab.admin("template", "add", "--name", "For " + who, "--grant", f"{who}@contoso.test:VIEW", *own)
            lab.admin("role", "add", f"{who}@contoso.test", "--role", "Reader", *own)
            lab.admin("superuser", "feature", "enable", *own)
            lab.admin("superuser", "add", f"{who}@contoso.test", *own)
            lab.admin("group", "add", "g-" + who, *own)
            lab.admin("group", "member", "add", "g-" + who, f"{who}@contoso.test", *own)
        for person in (alice, bob):
            path = person.write(f"of-{person.name}.txt", b"text\n")
            made = person.rms("--json", "protect", path, "--perm", "bob@contoso.test:VIEW", "--in-place").json_lines[0]
            person.rms("revoke", made["EncryptedFile"], "--force")
        bob.rms("admin", "login")
        # what clients send as their log is dropped
        assert bob.rest("POST", "/my/v2/clientlogs/debug", '{"log": "planted-in-a-client-log bob@contoso.test"}')[0] == 200
        told = lab.admin("privacy", "export", "BOB@contoso.test", *own).json
        assert told["Address"] == "bob@contoso.test"
        for place in ("Accounts", "Addresses", "Groups", "SignIns", "AdminSessions", "Roles", "SuperUsers", "Templates", "Documents",
                      "Revocations", "AdminLog", "UsageLog"):
            assert told[place], (place, told)
        assert [a["Upn"] for a in told["Accounts"]] == ["bob@contoso.test"] and [g["Name"] for g in told["Groups"]] == ["g-bob"]
        assert [r["Role"] for r in told["Roles"]] == ["Reader"] and [s["Address"] for s in told["SuperUsers"]] == ["bob@contoso.test"]
        assert len([t for t in told["Templates"] if t["Current"]]) == 1, told["Templates"]
        assert {d["Issuer"] for d in told["Documents"]} == {"bob@contoso.test"}
        assert any("AddRole" in r["Command"] for r in told["AdminLog"]) and not any("jacob" in r["Command"] for r in told["AdminLog"])
        assert all("bob@contoso.test" in json.dumps(r) for r in told["UsageLog"]) and {r["c-ip"] for r in told["UsageLog"]} == {"127.0.0.1"}
        assert "jacob" not in json.dumps(told) and told["NotHere"]
        for file in (lab.data / "db").iterdir():
            assert b"planted-in-a-client-log" not in file.read_bytes(), file
        # nobody of that name, another organisation's, and no address at all
        for who, tenant in (("nobody@contoso.test", "contoso.test"), ("bob@contoso.test", "fabrikam.test")):
            empty = lab.admin("privacy", "export", who, "--tenant", tenant).json
            assert all(not v for v in empty.values() if isinstance(v, list) and v != told["NotHere"]), empty
        lab.admin("privacy", "export", "bob@@x", *own, code=2)
        assert lab.admin("privacy", "export", code=2)
        # taking away: said twice, or nothing happens
        for args in ((), ("--force",), ("--confirm", "alice@contoso.test", "--force"), ("--confirm", "bob@contoso.test")):
            lab.admin("privacy", "delete", "bob@contoso.test", *args, *own, code=2)
        assert lab.admin("privacy", "export", "bob@contoso.test", *own).json["Documents"]
        gone = lab.admin("--json", "privacy", "delete", "bob@contoso.test", "--confirm", "bob@contoso.test", "--force", *own).json
        assert gone["UsageRows"] >= len(told["UsageLog"]) and gone["OtherRows"] == 1 and gone["Remaining"]["Roles"] == 1, gone
        after = lab.admin("privacy", "export", "bob@contoso.test", *own).json
        assert not after["Documents"] and after["Accounts"] and after["Revocations"], after
        # (the role's session asked after the deletion; nothing from before names him)
        assert not [r for r in after["UsageLog"] if r["row-id"] in {r["row-id"] for r in told["UsageLog"]}], after["UsageLog"]
        lab.admin("log", "verify", *own)
        # alice's documents, and what was revoked, are as they were
        kept = lab.admin("--json", "tracking", "list", "--user", "alice@contoso.test", *own).json_lines
        assert len(kept) == 1 and kept[0]["Revoked"], kept
        # the search and the deletion are in the log; whom they were about is not
        log = [json.loads(line) for line in lab.admin("log", "admin", "--json", *own).out.splitlines()]
        acts = [r for r in log if "PersonalData" in r["command"]]
        assert len([r for r in acts if r["command"].startswith("RemovePersonalData") and r["status"] == "Passed"]) == 1
        assert acts and all("@" not in r["command"] and "***" in r["command"] for r in acts), acts
        assert "usage rows" in [r for r in acts if r["command"].startswith("Remove") and r["status"] == "Passed"][0]["result"]
        another_address(lab, own)
    # as somebody without the role: who_sees_personal_data


if __name__ == "__main__":
    main(every_route_by_every_role, escalation, two_at_once, at_the_same_time, sessions, on_the_command_line, who_sees_personal_data, everything_about_one_address)
