"""Bad input for every row of the route table (service/route.c), as section 0.3 of the requirements has it: no row is picked by hand,
so that a new one is tested from the day it is added. Refused with a reason, in the protocol's form, and nothing has changed."""
import base64
import http.client
import json
import secrets
import subprocess
import uuid

from rmslab import BUILD, Lab, LocalConnection, SocketConnection, main, quote

LICENCE_BODY = 12 << 20
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "BREW")
GARBAGE = [b"{", b"[]", b"null", b'"text"', b"\xff\xfe{}", b'{"a":"\xc3\x28"}', b'{"a":1,"a":2}', b'{"a":' * 200 + b"1" + b"}" * 200, b"[" * 5000, b"{} {}", b'{"a":"\\u0000"}',
           b"\x00", b"{'a':1}", b'{"__proto__":{"x":1}}', b"<a/>"]
WRONG_IDS = ["nonsense", "00000000-0000-0000-0000-000000000000", "{x}", "%00", "%ff", "%zz", "..%2f..%2fetc%2fpasswd", "%27%20OR%201%3D1%20--", "x" * 500, "%0d%0aX-Evil:1",
             "%3Cscript%3E", "-1", "*", "%e2%80%ae"]
# Rows that read no JSON of the body: what they do with garbage is none of its business. Each with its reason.
READS_NO_BODY = {"/my/v1|v2/clientlogs/debug": "a client's own log, dropped unread", "/my/v1|v2/clientlogs/performance": "the same",
                 "/admin/v1/db/migrate": "takes no arguments", "/admin/v1/db/backup": "takes no arguments",
                 "/admin/v1/db/accept-restore": "takes no arguments"}


class Row:
    def __init__(self, line):
        self.who, methods, body_max, self.pattern = line.split(" ", 3)
        self.methods, self.body_max = methods.rstrip(",").split(","), int(body_max)
        self.takes_json = self.who != "anyone" and self.body_max > 0 and self.pattern not in READS_NO_BODY

    def path(self, *ids):
        """With the parameters put in; the last one given fills the rest."""
        parts, ids = [], list(ids)
        for part in self.pattern.split("/"):
            if part == "{}":
                part = ids.pop(0) if len(ids) > 1 else ids[0]
            parts.append(part.split("|")[-1])
        return "/".join(parts)

    def body(self, method):
        """A harmless one, where one is taken."""
        return b"{}" if method != "GET" and self.body_max else None

    @property
    def count(self):
        return self.pattern.count("{}")

    def __repr__(self):
        return f"{'|'.join(self.methods)} {self.pattern} ({self.who})"


def table():
    listed = subprocess.run([BUILD / "service/service_route_test", "--print"], check=True, capture_output=True, text=True).stdout.splitlines()
    rows = [Row(line) for line in listed]
    assert len(rows) > 50 and {r.who for r in rows} >= {"anyone", "bearer", "pusher", "operator"}
    return rows


class Stage:
    """Two organisations with something of every kind; requests as the row's caller, all of the first one."""

    def __init__(self, lab):
        self.lab, self.kept = lab, {}
        lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
        alice = lab.person("alice")
        self.headers = {"bearer": {"Authorization": "Bearer " + alice.token()}, "anyone": {}, "operator": {}}
        tenant = {t["Name"]: t["TenantId"] for t in lab.admin_http("GET", "/tenants")[1]}
        self.mine, self.other = tenant["Contoso"], tenant["Fabrikam"]
        for name in ("contoso", "fabrikam"):
            made = lab.admin("--json", "scim", "token", "create", "t", "--tenant", name + ".test").json
            if name == "contoso":
                self.headers["pusher"] = {"Authorization": "Bearer " + made["Token"]}
            else:
                other = {"Authorization": "Bearer " + made["Token"]}
            lab.admin("group", "add", "g", "--address", f"g@{name}.test", "--tenant", name + ".test")
            lab.admin("issuer", "add", f"https://login.{name}.test/", "--tenant", name + ".test")
            lab.admin("client", "add", f"app-{name}", "--redirect", "http://127.0.0.1:1/x", "--tenant", name + ".test")
        lab.admin("user", "add", "fay@fabrikam.test", "--tenant", "fabrikam.test")
        scim = f"/{self.other}/scim/v2"
        self.foreign = [lab.http("POST", scim + "/Users", {"userName": "sid@fabrikam.test"}, other)[2]["id"],
                        lab.http("POST", scim + "/Groups", {"displayName": "s"}, other)[2]["id"]]
        for path, member in (("users", "Id"), ("groups", "Id"), ("templates", "TemplateId"), ("keys", "KeyIdentifier"), ("issuers", "Id"), ("clients", "ClientId"),
                             ("scim/tokens", "Id")):
            self.foreign += [row[member] for row in lab.admin_http("GET", f"/tenants/{self.other}/{path}")[1]]
        self.foreign += ["fay@fabrikam.test", "g@fabrikam.test", self.other]
        self.before = self.state()

    def state(self):
        """What must not change, of both."""
        return [self.lab.admin_http("GET", f"/tenants/{t}{p}")[1] for t in (self.mine, self.other)
                for p in ("", "/users", "/groups", "/templates", "/keys", "/issuers", "/clients", "/scim/tokens", "/superusers", "/onboarding", "/tracking", "/documents")]

    def connect(self, row):
        return SocketConnection(self.lab.socket, 120) if row.who == "operator" else LocalConnection("localhost", self.lab.port, context=self.lab.tls(), timeout=120)

    def ask(self, row, method, path, body=None, headers=None, who=None):
        """One connection for each of the two doors; where the service ends it, the next request makes another."""
        connection = self.kept.setdefault(row.who == "operator", None) or self.connect(row)
        self.kept[row.who == "operator"] = connection
        try:
            connection.request(method, path, body, {"Content-Type": "application/json", **self.headers[who or row.who], **(headers or {})})
            reply = connection.getresponse()
            return reply.status, reply.headers, reply.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise

    def refused(self, row, got, *statuses):
        status, headers, body = got
        assert 400 <= status < 500 and (not statuses or status in statuses), (row, status, body[:300])
        assert "x-ms-rms-request-id" in headers, row
        if row.who in ("bearer", "operator") and b"{" in body[:1]:
            reply = json.loads(body)
            assert {"Code", "Message", "Reason", "Next", "CorrelationId"} <= set(reply), (row, reply)
        return status

    def paths(self, row):
        return row.path(self.mine, str(uuid.uuid4()))


def every_row():
    # touches: S-001, S-326
    with Lab(people=("alice",)) as lab:
        stage, rows = Stage(lab), table()
        allowed = {}
        for row in rows:
            allowed.setdefault(row.pattern, set()).update(row.methods)
        for check in (wrong_methods, nobody, too_long, wrong_type, garbage, wrong_ids, ids_of_others, wrong_queries):
            count = 0
            for row in rows:
                count += check(stage, row, allowed[row.pattern])
            assert stage.state() == stage.before, f"{check.__name__} changed something"
            print(f"     {check.__name__}: {count} requests", flush=True)
        assert lab.person("alice").rest("GET", "/my/v2/templates")[0] == 200
        rows = lab.admin("--json", "log", "usage", "--tenant", "contoso.test").json_lines
        assert "internal" not in {r.get("result") for r in rows}, "something failed that never should"


def wrong_methods(stage, row, allowed):
    tried = [m for m in METHODS if m not in allowed]
    path = stage.paths(row)
    for method in tried:
        status, headers, body = stage.ask(row, method, path)  # refused by the head alone, so without a body
        if status == 404:
            continue  # other rows with a fixed word in that place
        assert status == 405 or (status < 500 and method in METHODS[:5]), (row, method, status, body[:200])
        if status == 405:
            assert set(headers["Allow"].split(", ")) >= set(row.methods), (row, headers["Allow"])
    return len(tried)


def nobody(stage, row, _):
    """Without a token, with a made-up one, with that of another kind; the operator's rows over the network, as a person without a role."""
    if row.who == "anyone":
        return 0
    tokens = [{}, {"Authorization": "Bearer " + secrets.token_urlsafe(30)}, {"Authorization": "Basic eDp5"}, stage.headers["pusher" if row.who == "bearer" else "bearer"]]
    path, method = stage.paths(row), row.methods[0]
    for token in tokens:
        status, headers, reply = stage.lab.http(method, path, None if row.who == "operator" else row.body(method),
                                                {"Content-Type": "application/json", **token})
        if row.who == "operator":
            assert status in (401, 403, 404), (row, status)
        else:
            assert status == 401 and "Bearer" in headers["WWW-Authenticate"], (row, status, reply)
    return len(tokens)


def too_long(stage, row, _):
    """Announced, and (small ones) sent piece by piece without saying how much."""
    tried = [m for m in row.methods if m != "GET"]
    for method in tried:
        connection = stage.connect(row)
        connection.putrequest(method, stage.paths(row))
        for name, value in {"Content-Type": "application/json", "Content-Length": str(row.body_max + 1), **stage.headers[row.who]}.items():
            connection.putheader(name, value)
        connection.endheaders()
        reply = connection.getresponse()
        # no licence is so long, so what is sent as one is none (S-317)
        assert reply.status == (400 if row.body_max == LICENCE_BODY else 413), (row, reply.status)
        connection.close()
        if row.body_max <= 1 << 20:
            status, _, body = stage.ask(row, method, stage.paths(row), iter([b"x" * 4096] * (row.body_max // 4096 + 2)))
            assert status == 413, (row, status, body[:200])
    return len(tried)


def wrong_type(stage, row, _):
    if row.body_max == 0:
        return 0
    for kind in ("text/xml", "multipart/form-data; boundary=x", "application/jsonp", "x" * 300):
        for method in (m for m in row.methods if m != "GET"):
            status, _, body = stage.ask(row, method, stage.paths(row), b"{}", {"Content-Type": kind})
            assert status in ((415,) if row.who != "anyone" else range(400, 500)), (row, kind, status, body[:200])
    return 4


def garbage(stage, row, _):
    tried = [m for m in row.methods if m != "GET"] if row.takes_json else []
    for method in tried:
        for body in GARBAGE:
            stage.refused(row, stage.ask(row, method, stage.paths(row), body), 400, 404)
    return len(tried) * len(GARBAGE)


def wrong_ids(stage, row, _):
    if row.count == 0:
        return 0
    last = row.who == "anyone" or row.count == 1
    for wrong in WRONG_IDS:
        for ids in ((wrong,),) if last else ((wrong,), (stage.mine, wrong)):
            for method in row.methods:
                status, headers, body = stage.ask(row, method, row.path(*ids), row.body(method))
                assert status < 500 and "X-Evil" not in headers, (row, wrong, status, body[:200])
                if row.who != "anyone":
                    stage.refused(row, (status, headers, body))
    return len(WRONG_IDS)


def of_the_same_form(name):
    if "@" in name:
        return "nobody@" + name.split("@")[1]
    return str(uuid.uuid4()) if name.count("-") == 4 else "app-nobody"


def plain(reply, *names):
    """An answer without what differs from request to request, and without the name that was asked for."""
    text = reply[2].decode(errors="replace")
    for name in names:
        text = text.replace(name, "ID")
    try:
        parsed = json.loads(text)
        for member in ("CorrelationId", "correlationId"):
            parsed.pop(member, None)
        return reply[0], parsed
    except (ValueError, AttributeError):
        return reply[0], text


def ids_of_others(stage, row, _):
    """What belongs to another organisation is answered like what does not exist."""
    own = 1 if "{}/scim/" in row.pattern or row.pattern.startswith("/admin/v1/tenants/{}") else 0
    if row.who == "anyone" or row.count <= own:
        return 0
    for method in row.methods:
        body = row.body(method)
        for foreign in stage.foreign:
            unknown = of_the_same_form(foreign)
            ask = [stage.ask(row, method, row.path(*([stage.mine] * own), quote(name)), body) for name in (foreign, unknown)]
            stage.refused(row, ask[0])
            assert plain(ask[0], foreign) == plain(ask[1], unknown), (row, foreign, ask)
    return len(stage.foreign)


def wrong_queries(stage, row, _):
    for query in ("%zz", "a=%ff", "a=%00", "&".join(f"a{n}=1" for n in range(200)), "from=yesterday&to=-1&limit=x&count=x&startIndex=x&filter=x", "x" * 2100):
        for method in row.methods:
            try:
                status, _, body = stage.ask(row, method, stage.paths(row) + "?" + query, b"[]" if row.body(method) else None)
            except (OSError, http.client.HTTPException):
                continue  # the connection is cut: also a refusal
            assert status < 500, (row, query[:40], status, body[:200])
    return 6


def no_key_for_just_anybody():
    """Every row that takes a body gets a licence it could open: nobody, a stranger and the operator learn no content key."""
    # proves: S-032
    with Lab(people=("alice", "mallory")) as lab:
        alice = lab.person("alice")
        status, _, made = alice.rest("POST", "/my/v2/publishinglicenses", {"PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False,
                                                                           "Policy": {"UserRights": [{"Users": ["alice@contoso.test"], "Rights": ["OWNER"]}]}})
        assert status == 200 and made["Key"]["Value"], made
        licence, key = made["SerializedPublishingLicense"], made["Key"]["Value"].encode()
        assert key in json.dumps(alice.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": licence})[2]).encode()
        tenant, body = lab.admin_http("GET", "/tenants")[1][0]["TenantId"], json.dumps({"SerializedPublishingLicense": licence})
        forms = (key, base64.b64decode(key), base64.b64decode(key).hex().encode())
        count = 0
        for row in table():
            token = {"Authorization": "Bearer " + lab.person("mallory").token()} if row.who == "bearer" else {}
            for headers in ({}, token):
                connection = SocketConnection(lab.socket, 60) if row.who == "operator" else LocalConnection("localhost", lab.port, context=lab.tls(), timeout=60)
                connection.request(row.methods[-1], row.path(tenant, str(uuid.uuid4())), body if row.body_max else None,
                                   {"Content-Type": "application/json", **headers})
                reply = connection.getresponse().read()
                connection.close()
                count += 1
                assert not any(form in reply for form in forms), (row, reply[:200])
        for path in ("/_wmcs/decommission/decommission.asmx", "/_wmcs/decommission", "/decommission", "/my/v2/decommission", "/admin/v1/decommission"):
            for headers in ({}, {"Authorization": "Bearer " + alice.token()}):
                assert lab.http("POST", path, {"SerializedPublishingLicense": licence}, headers)[0] == 404, path
        assert not [row for row in table() if "decommission" in row.pattern]
        print(f"     {count} requests", flush=True)


if __name__ == "__main__":
    main(every_row, no_key_for_just_anybody)
