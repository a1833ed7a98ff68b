"""A directory pushes its people and groups by SCIM; leavers are out at once; the token opens nothing else."""
import json
import os
import sqlite3
import time

from rmslab import Lab, b64, main, pfile_licence, quote

TEXT = b"The merger closes on Friday.\n"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
OURS = "urn:openrms:params:scim:schemas:extension:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


class Directory:
    """What a directory's provisioning agent does."""

    def __init__(self, lab, name="agent", *args, tenant=None):
        self.lab = lab
        made = lab.admin("--json", "scim", "token", "create", name, *args, *(["--tenant", tenant] if tenant else [])).json
        self.token, self.base = made["Token"], made["Url"].removeprefix(lab.url)

    def call(self, method, path, body=None, status=None, token=None, timeout=60):
        headers = {"Authorization": "Bearer " + (token or self.token), "Content-Type": "application/scim+json"}
        got, headers, reply = self.lab.http(method, self.base + path, body, headers, timeout=timeout)
        assert status is None or got == status, (method, path, got, str(reply)[:600])
        if got != 204:
            assert headers["Content-Type"] == "application/scim+json", (path, headers["Content-Type"])
        if got >= 400:
            assert reply["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"] and reply["status"] == str(got), reply
        return reply

    def user(self, name, /, **more):
        return self.call("POST", "/Users", {"schemas": [USER], "userName": name, **more}, 201)

    def group(self, name, /, *members, address=None, **more):
        return self.call("POST", "/Groups", {"schemas": [GROUP, OURS], "displayName": name, "members": [{"value": m} for m in members],
                                             **({OURS: {"address": address}} if address else {}), **more}, 201)

    def patch(self, path, *operations, status=200):
        return self.call("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, status)

    def find(self, kind, filter):
        return self.call("GET", f"/{kind}?filter={quote(filter)}", None, 200)["Resources"]


def sign_in(lab, address):
    """Pushed accounts have no password; an operator may give one."""
    lab.admin("user", "set", address, "--password-stdin", stdin="correct horse battery staple\n")
    person = lab.person(address)
    person.login()
    return person


def within_a_second(check):
    """The promise is one second; what counts here is that it comes true without anybody's help."""
    end = time.monotonic() + 30
    while not check():
        assert time.monotonic() < end, "the change did not arrive"
        time.sleep(0.05)


def people_come_and_go():
    # touches: S-037, S-038, S-041, S-043, S-045
    with Lab(people=("alice",)) as lab:
        idp = Directory(lab)
        erin = idp.user("erin@contoso.test", externalId="e-1", name={"givenName": "Erin", "familyName": "May"}, emails=[
            {"value": "erin.m@contoso.test", "primary": True, "type": "work"}, {"value": "smtp:e.m@contoso.test"}, {"value": "SIP:erin@contoso.test"}])
        assert erin["displayName"] == "Erin May" and erin["active"] is True and erin["userType"] == "Member", erin
        assert [(e["value"], e["primary"]) for e in erin["emails"]] == [
            ("erin.m@contoso.test", True), ("e.m@contoso.test", False), ("SIP:erin@contoso.test", False)], erin
        checked = lab.admin("--json", "identity", "check", "erin@contoso.test").json
        assert set(checked["Addresses"]) == {"erin.m@contoso.test", "e.m@contoso.test"}, checked
        eu = idp.group("mkt-eu", erin["id"])
        mkt = idp.group("mkt", eu["id"], address="mkt@contoso.test")
        assert mkt[OURS] == {"address": "mkt@contoso.test", "kind": "security"}, mkt

        alice, reader = lab.person("alice"), sign_in(lab, "erin@contoso.test")
        path = alice.write("plan.txt", TEXT)
        alice.rms("protect", path, "--perm", "mkt@contoso.test:VIEW", "--in-place")
        licence = {"SerializedPublishingLicense": b64(pfile_licence(alice.home / "plan.ptxt"))}
        token = reader.token()

        def access():
            status, _, reply = reader.rest("POST", "/my/v2/enduserlicenses", licence, token=token)
            return reply.get("AccessStatus", reply.get("Reason")) if status in (200, 400, 401) else status

        assert access() == "AccessGranted"
        # B-06: membership is kept for three hours, a push is not waited for
        idp.patch(f"/Groups/{eu['id']}", {"op": "remove", "path": f'members[value eq "{erin["id"]}"]'})
        within_a_second(lambda: access() == "AccessDenied")
        idp.patch(f"/Groups/{eu['id']}", {"op": "Add", "path": "members", "value": [{"value": erin["id"]}]})
        within_a_second(lambda: access() == "AccessGranted")
        idp.patch(f"/Groups/{mkt['id']}", {"op": "remove", "path": "members", "value": [{"value": eu["id"]}]})
        within_a_second(lambda: access() == "AccessDenied")
        idp.patch(f"/Groups/{mkt['id']}", {"op": "add", "value": {"members": [{"value": eu["id"]}]}})
        within_a_second(lambda: access() == "AccessGranted")

        # an alias, and its end
        idp.patch(f"/Users/{erin['id']}", {"op": "add", "path": "emails", "value": [{"value": "may@contoso.test"}]},
                  {"op": "replace", "path": 'emails[type eq "work"].value', "value": "erin.may@contoso.test"})
        assert set(lab.admin("--json", "identity", "check", "erin@contoso.test").json["Addresses"]) == {
            "erin.may@contoso.test", "e.m@contoso.test", "may@contoso.test"}
        # the leaver: a text for the flag is what some directories send
        idp.patch(f"/Users/{erin['id']}", {"op": "Replace", "path": "active", "value": "False"})
        within_a_second(lambda: access() == "account-disabled")
        replaced = idp.call("PUT", f"/Users/{erin['id']}", {"schemas": [USER], "userName": "erin@contoso.test", "displayName": "E"}, 200)
        assert replaced["active"] is False and "emails" not in replaced, "silence enabled an account"
        idp.patch(f"/Users/{erin['id']}", {"op": "replace", "value": {"active": True}})
        within_a_second(lambda: access() == "AccessGranted")
        idp.call("DELETE", f"/Users/{erin['id']}", None, 204)
        within_a_second(lambda: access() == "not-authenticated")
        idp.call("GET", f"/Users/{erin['id']}", None, 404)
        assert idp.call("GET", f"/Groups/{eu['id']}", None, 200)["members"] == []
        rows = [r for r in lab.admin("--json", "log", "admin").json_lines if r["actor"] == "scim:agent"]
        assert sum("ScimRemoveUser" in r["command"] for r in rows) == 1 and any("-Active False" in r["command"] for r in rows), rows


def a_recycled_address_inherits_nothing():
    # touches: S-042
    with Lab(people=("alice",)) as lab:
        idp = Directory(lab)
        old = idp.user("sam@contoso.test")
        alice = lab.person("alice")
        alice.rms("protect", alice.write("s.txt", TEXT), "--perm", "sam@contoso.test:VIEW", "--in-place")
        licence = {"SerializedPublishingLicense": b64(pfile_licence(alice.home / "s.ptxt"))}
        idp.call("DELETE", f"/Users/{old['id']}", None, 204)
        lab.move_clock(days=16)
        new = idp.user("sam@contoso.test", meta={"created": "2001-01-01T00:00:00Z"}, id=old["id"])
        assert new["id"] != old["id"] and not new["meta"]["created"].startswith("2001"), new
        status, _, reply = sign_in(lab, "sam@contoso.test").rest("POST", "/my/v2/enduserlicenses", licence)
        assert status == 200 and reply["Reason"] == "account-newer-than-content", reply


def what_is_found():
    with Lab(people=()) as lab:
        idp = Directory(lab)
        made = [idp.user(f"u{n:02}@contoso.test", externalId=f"x-{n}", displayName="Twin" if n < 2 else f"U {n}") for n in range(7)]
        lab.add_user("local")
        assert [u["id"] for u in idp.find("Users", 'userName eq "U03@Contoso.test"')] == [made[3]["id"]]
        assert [u["id"] for u in idp.find("Users", 'externalId eq "x-4"')] == [made[4]["id"]]
        assert [u["id"] for u in idp.find("Users", f'id eq "{made[5]["id"]}"')] == [made[5]["id"]]
        assert {u["id"] for u in idp.find("Users", 'displayName eq "Twin"')} == {made[0]["id"], made[1]["id"]}
        assert idp.find("Users", 'userName eq "local@contoso.test"') == [], "a local account is shown"
        assert idp.find("Users", 'emails[value eq "u01@contoso.test"]') == [], "a userName is no address"
        idp.patch(f"/Users/{made[1]['id']}", {"op": "add", "path": "emails", "value": {"value": "SMTP:u01@contoso.test"}})
        assert [u["id"] for u in idp.find("Users", 'emails[value eq "u01@contoso.test"]')] == [made[1]["id"]]
        seen, start = [], 1
        while True:
            page = idp.call("GET", f"/Users?startIndex={start}&count=3", None, 200)
            assert page["totalResults"] == 7 and page["startIndex"] == start and page["itemsPerPage"] == len(page["Resources"]), page
            if not page["Resources"]:
                break
            seen += [u["id"] for u in page["Resources"]]
            start += 3
        assert sorted(seen) == sorted(u["id"] for u in made)
        assert idp.call("GET", "/Users?count=0", None, 200)["totalResults"] == 7
        group = idp.group("G", made[0]["id"], externalId="g-1")
        assert [g["id"] for g in idp.find("Groups", 'displayName eq "G"')] == [group["id"]]
        assert [g["id"] for g in idp.find("Groups", f'members eq "{made[0]["id"]}"')] == [group["id"]]
        assert idp.find("Groups", f'members eq "{made[1]["id"]}"') == []
        lean = idp.call("GET", "/Groups?excludedAttributes=members&filter=externalId+eq+%22g-1%22", None, 200)["Resources"]
        assert len(lean) == 1 and "members" not in lean[0], lean
        for path, need in (("/ServiceProviderConfig", "patch"), ("/ResourceTypes", "Resources"), ("/Schemas", "Resources"),
                           ("/ResourceTypes/User", "endpoint"), (f"/Schemas/{USER}", "attributes")):
            assert need in idp.call("GET", path, None, 200), path
        idp.call("GET", "/Schemas/nothing", None, 404)


BAD_FILTERS = ["userName", "userName eq", 'userName eq "', 'userName eq "x" or 1 eq 1', 'userName co "x"', 'userName eq "x"; DROP TABLE account',
               'password eq "x"', "userName eq 'x'", 'userName eq "x" and active eq true', 'emails[value eq "x"', "[" * 500, "a" * 1500, 'meta.created eq "x"']
HARMLESS_FILTERS = ['userName eq "x\\" OR \\"1\\"=\\"1"', "userName eq \"' OR 1=1 --\"", 'externalId eq "%"', 'displayName eq "\\u0000"', 'id eq "1"']


def what_an_attacker_tries():
    # touches: S-001
    with Lab(people=("alice",)) as lab:
        lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
        idp = Directory(lab, tenant="contoso.test")
        other = Directory(lab, tenant="fabrikam.test")
        bob = idp.user("bob@contoso.test")
        fay = other.user("fay@fabrikam.test")
        sales = other.group("sales", fay["id"])
        alice = lab.admin("--json", "user", "show", "alice@contoso.test", "--tenant", "contoso.test").json
        mine = idp.group("mine")

        # other tenants' ids and local ones are nobody's
        for path in (f"/Users/{fay['id']}", f"/Groups/{sales['id']}", f"/Users/{alice['Id']}", "/Users/nonsense", f"/Groups/{bob['id']}"):
            for method, body in (("GET", None), ("PUT", {"userName": "x@contoso.test", "displayName": "x"}), ("DELETE", None),
                                 ("PATCH", {"Operations": [{"op": "replace", "path": "displayName", "value": "x"}]})):
                idp.call(method, path, body, 404)
        for member in (fay["id"], sales["id"], alice["Id"], "nonsense", "", "bulkId:x"):
            assert idp.patch(f"/Groups/{mine['id']}", {"op": "add", "path": "members", "value": [{"value": bob["id"]}, {"value": member}]},
                             status=400)["scimType"] == "invalidValue"
        assert idp.call("GET", f"/Groups/{mine['id']}", None, 200)["members"] == [], "half of a change was kept"
        idp.call("POST", "/Users", {"userName": "alice@contoso.test"}, 409)
        idp.call("POST", "/Users", {"userName": "new@contoso.test", "emails": [{"value": "alice@contoso.test"}]}, 409)
        idp.call("POST", "/Groups", {"displayName": "a", OURS: {"address": "bob@contoso.test"}}, 409)
        # a token is good in its own tenant
        for base in (other.base, other.base.replace(other.base.split("/")[1], "fabrikam.test")):
            assert lab.http("GET", base + "/Users", None, {"Authorization": "Bearer " + idp.token})[0] == 401
        assert lab.http("GET", idp.base.replace(idp.base.split("/")[1], "CONTOSO.test") + "/Users", None, {"Authorization": "Bearer " + idp.token})[0] == 200
        for token in ("", "x", idp.token[:-1], idp.token + "x", idp.token.lower(), lab.person("alice").token()):
            status, headers, _ = lab.http("GET", idp.base + "/Users", None, {"Authorization": "Bearer " + token})
            assert status == 401 and headers["WWW-Authenticate"] == 'Bearer realm="scim"', (token, status)
        for path in ("/my/v2/templates", "/my/v2/documents"):
            assert lab.http("GET", path, None, {"Authorization": "Bearer " + idp.token})[0] == 401
        assert lab.http("GET", "/admin/v1/tenants", None, {"Authorization": "Bearer " + idp.token})[0] == 404

        # nothing but what is described is taken
        greedy = idp.user("eve@contoso.test", roles=[{"value": "GlobalAdministrator"}], entitlements=["superuser"], password="hunter2hunter2",
                          licensed=True, superUser=True, groups=[{"value": mine["id"]}], id=alice["Id"], source="local", tenant_id="x",
                          **{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": alice["Id"]}}, OURS: {"kind": "x"}})
        shown = lab.admin("--json", "user", "show", "eve@contoso.test", "--tenant", "contoso.test").json
        assert greedy["id"] != alice["Id"] and shown["Licensed"] is False, shown
        assert "GlobalAdministrator" not in json.dumps(greedy) and "password" not in greedy
        assert idp.call("GET", f"/Groups/{mine['id']}", None, 200)["members"] == []
        lab.person("eve").login(code=3)
        assert "eve@contoso.test" not in lab.admin("superuser", "list", "--tenant", "contoso.test").out
        idp.patch(f"/Users/{greedy['id']}", {"op": "add", "path": "roles", "value": "GlobalAdministrator"}, {"op": "replace", "path": "password", "value": "hunter2hunter2"},
                  {"op": "add", "path": "urn:x:y:licensed", "value": True})
        assert lab.admin("--json", "user", "show", "eve@contoso.test", "--tenant", "contoso.test").json["Licensed"] is False
        assert "hunter2" not in lab.admin("log", "admin", "--tenant", "contoso.test").out

        # filters
        for text in BAD_FILTERS:
            assert idp.call("GET", "/Users?filter=" + quote(text), None, 400)["scimType"] == "invalidFilter", text
        for text in HARMLESS_FILTERS:
            status = lab.http("GET", idp.base + "/Users?filter=" + quote(text), None, {"Authorization": "Bearer " + idp.token})
            assert status[0] == 400 or status[2]["totalResults"] == 0, (text, status)
        assert len(idp.call("GET", "/Users", None, 200)["Resources"]) == 2

        # bodies
        bad = [b"", b"[]", b"{", b"\xff\xfe", b'{"userName":"a@contoso.test","userName":"b@contoso.test"}', b"[" * 100000,
               b'{"a":' * 1000 + b"1" + b"}" * 1000, b'{"userName":"a@contoso.test","USERNAME":"b@contoso.test"}', b'{"userName":5}', b'{"userName":"no address"}',
               b'{"userName":"a\\u0000@contoso.test"}', b'{"userName":"a@contoso.test","emails":[{"value":"x"}]}', b'{"userName":"a@contoso.test","active":"maybe"}',
               json.dumps({"userName": "a@contoso.test", "displayName": "x" * 1000}).encode(), json.dumps({"userName": "a@contoso.test", "emails": [{"value": "a@contoso.test", "primary": True}, {"value": "b@contoso.test", "primary": True}]}).encode(),
               json.dumps({"userName": "a@contoso.test", **{f"x{n}": 1 for n in range(300)}}).encode()]
        for body in bad:
            idp.call("POST", "/Users", body, 400)
        # announced is enough: who refuses does not read on, and a client that writes on may hear nothing but the end of the connection
        assert lab.http("POST", idp.base + "/Users", None, {"Authorization": "Bearer " + idp.token, "Content-Length": "300000"})[0] == 413
        assert lab.http("POST", idp.base + "/Users", b"{}", {"Authorization": "Bearer " + idp.token, "Content-Type": "text/xml"})[0] == 415
        for operations, kind in (([], "invalidSyntax"), ([{"op": "move", "path": "active"}], "invalidSyntax"), ([{"op": "remove"}], "noTarget"),
                                 ([{"op": "remove", "path": "userName"}], "invalidValue"), ([{"op": "remove", "path": "active"}], "invalidValue"),
                                 ([{"op": "replace", "path": "emails[", "value": "x"}], "invalidPath"), ([{"op": "replace", "path": 5, "value": "x"}], "invalidPath"),
                                 ([{"op": "replace", "path": 'emails[value eq "no@contoso.test"]', "value": {"value": "x@contoso.test"}}], "noTarget")):
            assert idp.call("PATCH", f"/Users/{bob['id']}", {"Operations": operations}, 400)["scimType"] == kind, operations
        huge = [{"op": "add", "path": "emails", "value": [{"value": f"a{n}@contoso.test"}]} for n in range(1001)]
        idp.call("PATCH", f"/Users/{bob['id']}", {"Operations": huge}, 413)
        idp.call("PATCH", f"/Users/{bob['id']}", {"Operations": huge[:501]}, 413)
        assert "emails" not in idp.call("GET", f"/Users/{bob['id']}", None, 200)
        for method in ("PUT", "DELETE", "PATCH"):
            assert lab.http(method, idp.base + "/Users", b"{}", {"Authorization": "Bearer " + idp.token})[0] == 405
        # strangers leave no rows in the log of administration
        before = len(lab.admin("--json", "log", "admin", "--tenant", "contoso.test").json_lines)
        for _ in range(5):
            assert lab.http("POST", idp.base + "/Users", b"{}", {"Authorization": "Bearer x"})[0] == 401
        assert len(lab.admin("--json", "log", "admin", "--tenant", "contoso.test").json_lines) == before + 1  # the reading itself


def tokens_end():
    with Lab(people=()) as lab:
        idp = Directory(lab, "a", "--days", "30")
        assert idp.token not in lab.admin("--json", "scim", "token", "list").out
        lab.admin("scim", "token", "create", "a", code=5)
        lab.admin("scim", "token", "create", "b", "--days", "0", code=2)
        lab.admin("scim", "token", "create", "b", "--days", "731", code=2)
        lab.admin("scim", "token", "revoke", "nothing", "--force", code=4)
        if lab.database is None:
            rows = sqlite3.connect(lab.data / "db/openrms.db").execute("SELECT * FROM scim_token").fetchall()
            assert len(rows) == 1 and idp.token not in str(rows), rows
        for name in os.listdir(lab.data / "db") if lab.database is None else ():
            assert idp.token.encode() not in (lab.data / "db" / name).read_bytes(), name
        lab.move_clock(days=31)
        idp.call("GET", "/Users", None, 401)
        lab.move_clock(days=-31)
        idp.call("GET", "/Users", None, 200)
        lab.admin("scim", "token", "revoke", "a", "--force")
        idp.call("GET", "/Users", None, 401)
        idp.call("POST", "/Users", {"userName": "late@contoso.test"}, 401)
        assert "late@contoso.test" not in lab.admin("user", "list").out


def many_at_once():
    with Lab(people=()) as lab:
        idp = Directory(lab)
        began = time.monotonic()
        operations = [{"method": "POST", "path": "/Users", "bulkId": f"u{n}", "data": {"userName": f"user{n}@contoso.test", "externalId": str(n), "displayName": f"User {n}",
                       "emails": [{"value": f"user{n}@contoso.test", "primary": True}]}} for n in range(9990)]
        operations += [{"method": "POST", "path": "/Users", "data": {"userName": "user1@contoso.test"}},
                       {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"displayName": "G", "members": [{"value": "bulkId:u1"}, {"value": "bulkId:u2"}]}},
                       {"method": "PATCH", "path": "/Groups/bulkId:g", "data": {"Operations": [{"op": "add", "path": "members", "value": [{"value": "bulkId:u3"}]}]}},
                       {"method": "POST", "path": "/Groups", "data": {"displayName": "H", "members": [{"value": "bulkId:nobody"}]}},
                       {"method": "DELETE", "path": "/Users/bulkId:u9"}, {"method": "GET", "path": "/Users"}, {"method": "POST", "path": "/Tenants", "data": {}}, 7]
        reply = idp.call("POST", "/Bulk", {"schemas": [BULK], "Operations": operations}, 200, timeout=600)["Operations"]
        took = time.monotonic() - began
        print(f"     {len(operations)} operations in {took:.1f} s")
        assert len(reply) == len(operations) and all(r["status"] == "201" for r in reply[:9990]), [r for r in reply[:9990] if r["status"] != "201"][:3]
        assert [r["status"] for r in reply[9990:]] == ["409", "201", "200", "400", "204", "400", "400", "400"], reply[9990:]
        ids = [r["location"].rsplit("/", 1)[1] for r in reply[:9990] if r["bulkId"] != "u9"]
        group = reply[9991]["location"].rsplit("/", 1)[1]
        assert len(idp.call("GET", f"/Groups/{group}", None, 200)["members"]) == 3
        assert len(idp.find("Users", 'userName eq "user77@contoso.test"')) == 1
        began = time.monotonic()
        idp.call("PATCH", f"/Groups/{group}", {"Operations": [{"op": "replace", "path": "members", "value": [{"value": i} for i in ids]}]}, 200, timeout=600)
        assert len(idp.call("GET", f"/Groups/{group}", None, 200, timeout=600)["members"]) == len(ids)
        print(f"     a group of {len(ids)} members in {time.monotonic() - began:.1f} s")
        stop = idp.call("POST", "/Bulk", {"failOnErrors": 1, "Operations": [operations[0], operations[1]]}, 200)["Operations"]
        assert len(stop) == 1 and stop[0]["status"] == "409", stop
        idp.call("POST", "/Bulk", {"Operations": [7] * 10001}, 413)
        began = time.monotonic()
        rows = [r for r in lab.admin("--json", "log", "admin").json_lines if r["command"].startswith("ScimBulk POST Users")]
        assert len(rows) >= 9000 or len(rows) == 0, len(rows)  # the newest rows are shown


if __name__ == "__main__":
    main(people_come_and_go, a_recycled_address_inherits_nothing, what_is_found, what_an_attacker_tries, tokens_end, many_at_once)
