"""The description of the data API (doc/protocol/openapi.yaml) against the route table, in both directions, and against real answers."""
import json
import re
import subprocess

import jsonschema
import yaml

from rmslab import BUILD, SOURCE, Lab, SocketConnection, b64, main, pfile_licence, quote

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


class Description:
    def __init__(self, name="openapi.yaml"):
        self.document = yaml.safe_load((SOURCE / "doc/protocol" / name).read_text())
        # references inside of it; those of JSON Schema 2020-12, which OpenAPI 3.1 takes over
        self.resolver = jsonschema.RefResolver("", self.document)

    def at(self, node):
        return self.resolver.resolve(node["$ref"])[1] if "$ref" in node else node

    def operations(self):
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                assert method in METHODS, (path, method)
                yield path, method.upper(), operation

    def find(self, path):
        """The operation that a request goes to: fixed words before parameters."""
        found = [(p.count("{"), p, o) for p, m, o in self.operations() if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", p), path)]
        assert found, path
        return min(found)[1:]

    def check(self, path, status, kind, value):
        described, operation = self.find(path)
        assert str(status) in operation["responses"], f"{described}: {status} is not described"
        content = self.at(operation["responses"][str(status)])["content"]
        assert kind.split(";")[0] in content, (described, kind)
        validator = jsonschema.Draft202012Validator(content[kind.split(";")[0]]["schema"], resolver=self.resolver)
        for part in value if kind.startswith("application/x-ndjson") else [value]:
            problem = jsonschema.exceptions.best_match(validator.iter_errors(part))
            assert problem is None, f"{described} {status}: {problem.message} at {list(problem.path)}"
        return described, str(status)


def they_are_well_formed():
    for name in ("openapi.yaml", "openapi-admin.yaml"):
        it_is_well_formed(Description(name))


def it_is_well_formed(api):
    assert api.document["openapi"].startswith("3.1.") and {"title", "version"} <= set(api.document["info"])
    ids = []
    for path, method, operation in api.operations():
        ids.append(operation["operationId"])
        said = [api.at(p) for p in operation.get("parameters", ())]
        assert {p["name"] for p in said if p["in"] == "path"} == set(re.findall(r"\{(\w+)\}", path)), path
        assert all(p["in"] != "path" or p["required"] is True for p in said) and len({(p["name"], p["in"]) for p in said}) == len(said), path
        assert "200" in operation["responses"] and all("description" in api.at(r) for r in operation["responses"].values()), path
        for response in operation["responses"].values():
            for media in api.at(response)["content"].values():
                jsonschema.Draft202012Validator.check_schema(media["schema"])
        for scheme in operation.get("security", ()):
            assert set(scheme) <= set(api.document["components"]["securitySchemes"]), path
    assert len(set(ids)) == len(ids)
    for name, schema in api.document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema.get("type") != "object" or schema.get("additionalProperties", schema.get("unevaluatedProperties")) is False, name
    used = set(re.findall(r"#/components/(\w+/[\w-]+)", json.dumps(api.document)))
    held = {f"{kind}/{name}" for kind, group in api.document["components"].items() if kind != "securitySchemes" for name in group}
    assert used == held, used ^ held


def route_table():
    listed = subprocess.run([BUILD / "service/service_route_test", "--print"], check=True, capture_output=True, text=True).stdout
    rows = {}
    for line in listed.splitlines():
        _, methods, _, pattern = line.split(" ", 3)
        rows.setdefault(pattern, set()).update(methods.rstrip(",").split(","))
    return rows


def it_says_what_the_route_table_says():
    api, rows = Description(), route_table()
    described = {}
    for path, method, _ in api.operations():
        pattern = re.sub(r"\{\w+\}", "{}", path).replace("/my/v2/", "/my/v1|v2/")
        assert method in rows.get(pattern, ()), f"{method} {path}: the service has no such route"
        described.setdefault(pattern, set()).add(method)
    assert set(api.document["x-described"]) == set(described), set(api.document["x-described"]) ^ set(described)
    for pattern in described:
        assert rows[pattern] & {"GET"} == described[pattern], pattern
    # what reads documents, logs, reports and templates and is not described would be forgotten
    subject = re.compile(r"/(my/v1\|v2|admin/v1/tenants/\{\})/(documents|reports|log/(usage|admin)|templates|tracking)(/\{\}(/(events|summary|people|map))?|/group)?")
    missing = {p for p, methods in rows.items() if subject.fullmatch(p) and "GET" in methods} - set(described)
    assert not missing, f"not described: {missing}"


def answers_are_what_it_says():
    api = Description()
    seen = set()
    with Lab(people=("alice", "bob", "mallory")) as lab:
        alice, bob, mallory = (lab.person(n) for n in ("alice", "bob", "mallory"))
        path = alice.write("plan.txt", b"text\n")
        alice.rms("protect", path, "--perm", "bob@contoso.test:VIEW,EXTRACT", "--offline-days", "7", "--in-place")
        licence = {"SerializedPublishingLicense": b64(pfile_licence(alice.home / "plan.ptxt"))}
        for person in (bob, mallory):
            person.rest("POST", "/my/v2/enduserlicenses", licence)
        bob.rms("open", alice.home / "plan.ptxt", "-o", bob.home / "plan.txt")
        lab.admin("template", "add", "--name", "Secret", "--grant", "bob@contoso.test:VIEW")
        lab.usage()  # rows of a moment ago have come
        content = alice.rest("GET", "/my/v2/documents")[2][0]["ContentId"]
        alice.rms("revoke", content, "--yes", code=None)

        def over_https(person, path, token=True):
            status, headers, reply = person.rest("GET", path, token=token)
            seen.add(api.check(path.split("?")[0], status, headers["Content-Type"], reply))
            return status

        def at_the_socket(path):
            connection = SocketConnection(lab.socket, 60)
            connection.request("GET", path)
            reply = connection.getresponse()
            data, kind = reply.read(), reply.headers["Content-Type"]
            value = [json.loads(line) for line in data.splitlines()] if "ndjson" in kind else json.loads(data)
            connection.close()
            seen.add(api.check(path.split("?")[0], reply.status, kind, value))
            return value

        views = [f"/{content}/{view}" for view in ("events", "summary", "people", "map")]
        for rest in ("", "?q=plan", f"/{content}", *views):
            assert over_https(alice, "/my/v2/documents" + rest) == 200
            assert over_https(alice, "/my/v2/documents" + rest, "x.y.z") == 401
        for rest in (f"/{content}", *views):
            assert over_https(mallory, "/my/v2/documents" + rest) == 404
        for rest in ("templates", "templateinformation"):
            assert over_https(alice, "/my/v2/" + rest) == 200 and over_https(alice, "/my/v2/" + rest, "x.y.z") == 401
        tenant = "/admin/v1/tenants/contoso.test"
        template = at_the_socket(tenant + "/templates")[0]["TemplateId"]
        assert at_the_socket(tenant + f"/documents/{content}/events") and at_the_socket(tenant + "/log/usage") and at_the_socket(tenant + "/log/admin")
        for rest in ("/documents", "/documents?user=alice@contoso.test", f"/documents/{content}", f"/documents/{quote('nonsense')}", f"/documents/{template}", f"/documents/{template}/events",
                     "/log/usage?limit=1", "/log/usage?from=x", "/log/admin?limit=x", "/templates?lang=de", f"/templates/{template}", f"/templates/{content}", "/tracking", "/tracking/group",
                     *(f"/reports/{kind}" for kind in ("day", "hour", "document", "person", "template", "refusal")), "/reports/day?from=x", "/reports/nothing"):
            at_the_socket(tenant + rest)
        for rest in ("/documents", f"/documents/{content}", f"/documents/{content}/events", "/log/usage", "/log/admin", "/templates", "/templates/x", "/tracking", "/tracking/group", "/reports/day"):
            at_the_socket("/admin/v1/tenants/nobody.test" + rest)
        for person in (alice, bob):
            assert at_the_socket(tenant + f"/log/usage?user={person.address}")
        lab.admin("tracking", "disable", "--force")
        for rest in ("", f"/{content}", *views):
            assert over_https(alice, "/my/v2/documents" + rest) == 403
    unseen = {(p, s) for p, _, o in api.operations() for s in o["responses"]} - seen
    assert not {u for u in unseen if u[1] == "200"}, f"never answered: {unseen}"
    print(f"     {len(seen)} kinds of answers; described and not seen: {sorted(unseen)}")


# Examples that are refused here as they should be: one pair of eyes is enough by then; the operator asked himself; nothing is to end; secrets are not kept.
REFUSED = {("POST", "recoveries"): "conflict", ("POST", "recoveries/{recovery}/approve"): "approval-required", ("POST", "recoveries/{recovery}/end"): "conflict",
           ("POST", "exports/{export}/approve"): "approval-required", ("POST", "exports/{export}/end"): "conflict",
           ("GET", "apps/{application}/secrets/{secret}"): "not-found", ("POST", "documents/{document}/restore"): "conflict"}


def things_to_name(lab):
    """An object of each sort, for the parameters of paths, and what examples stand for."""
    alice, here = lab.person("alice"), "/tenants/contoso.test"

    def made(path, body):
        status, reply = lab.admin_http("POST", here + path, body)
        assert status == 200, (path, reply)
        return reply

    path = alice.write("plan.txt", b"text\n")
    alice.rms("protect", path, "--perm", "bob@contoso.test:VIEW", "--in-place")
    app = made("/apps", {"Name": "App"})
    template = made("/templates", {"Names": {"1033": "T"}})["TemplateId"]
    made(f"/templates/{template}", {"Status": "Published"})
    made("/superusers", {"FourEyes": True})
    made("/roles", {"Member": "bob@contoso.test", "Role": "Reader"})
    words = {"LICENCE": b64(pfile_licence(alice.home / "plan.ptxt")),
             "TEMPLATE": lab.admin_http("GET", f"{here}/templates/{template}/export")[1]["Template"]}
    lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
    words["CERTIFICATE"] = lab.admin_http("GET", "/tenants/fabrikam.test/userdomains/own")[1]["Certificate"]
    made("/userdomains", {"Certificate": words["CERTIFICATE"]})
    names = {"tenant": "contoso.test", "user": "alice@contoso.test", "application": app["Id"], "secret": app["Secrets"][0]["Id"],
             "template": template, "group": made("/groups", {"Name": "G"})["Id"], "kind": "day",
             "recovery": made("/recoveries", {"Owner": "bob@contoso.test", "For": "alice@contoso.test", "Hours": 4, "Reason": "R"})["Id"],
             "export": made("/exports", {"Recipient": "0123456789abcdef" * 4})["Id"],
             "issuer": made("/issuers", {"Issuer": "https://i.test", "Audience": ["rms"], "JwksUri": "https://i.test/keys"})["Id"],
             "partner": lab.admin_http("GET", f"{here}/userdomains")[1][0]["Key"],
             "client": made("/clients", {"ClientId": "c", "Name": "C", "RedirectUris": ["https://c.test/"]})["ClientId"],
             "token": made("/scim/tokens", {"Name": "S"})["Id"], "key": made("/keys", {"Status": "Archived"})["KeyIdentifier"],
             "directory": made("/directories", {"Name": "D", "Url": "ldaps://127.0.0.1:1", "PeopleBase": "dc=d", "BindDn": "cn=d",
                                                "PasswordFile": "ad-password"})["Id"],
             "document": alice.rest("GET", "/my/v2/documents")[2][0]["ContentId"]}
    made("/superusers", {"FourEyes": False})
    return names, words


def every_call_of_administration():
    # proves: S-330
    api = Description("openapi-admin.yaml")
    table = {(p, m) for p, methods in route_table().items() if p.startswith("/admin/v1/") for m in methods}
    assert table == {(re.sub(r"\{\w+\}", "{}", p), m) for p, m, _ in api.operations()}
    with Lab(people=("alice", "bob")) as lab:
        names, words = things_to_name(lab)

        def call(method, path, operation, body=None):
            needed = {p["name"] for p in map(api.at, operation["parameters"]) if p["in"] == "query" and p.get("required")} | \
                ({"user"} if "/tracking/" in path and path.rsplit("/", 1)[1] in ("docs", "log") else set())
            query = "&".join(f"{n}={quote({'confirm': names['key']}.get(n, 'bob@contoso.test'))}" for n in sorted(needed))
            what_if = "what-if=true" if method != "GET" else ""
            target = re.sub(r"\{(\w+)\}", lambda m: quote(names[m[1]]), path.removeprefix("/admin/v1"))
            return at_the_socket(lab, method, f"/admin/v1{target}?{'&'.join(filter(None, (query, what_if)))}", body)

        for path, method, operation in api.operations():
            if path == "/admin/v1/session":
                continue  # of people: below
            body = None
            if method == "POST":
                media = operation["requestBody"]["content"]["application/json"]
                jsonschema.validate(media["example"], media["schema"], resolver=api.resolver)
                body = {k: words.get(v, v) if isinstance(v, str) else v for k, v in media["example"].items()}
                status, reply = call(method, path, operation, {**body, "Undocumented": 1})
                assert (status, reply["Reason"]) == (400, "bad-argument"), (path, status, reply)
                # what is described is known
                status, reply = call(method, path, operation, {k: {"x": []} for k in media["schema"]["properties"]})
                assert "unknown member" not in str(reply), (path, reply)
            status, reply = call(method, path, operation, body)
            expected = REFUSED.get((method, path.removeprefix("/admin/v1/tenants/{tenant}/")))
            assert status == 200 if expected is None else reply["Reason"] == expected, (method, path, status, reply)
        # the same over HTTPS: with a session, for whoever has the role
        alice = lab.person("alice")
        lab.admin("role", "add", alice.address, "--tenant", "contoso.test")
        assert alice.rest("POST", "/admin/v1/session", {"Undocumented": 1})[2]["Reason"] == "bad-argument"
        status, _, reply = alice.rest("POST", "/admin/v1/session", {})
        assert status == 200, reply
        session = {"X-RMS-Admin-Session": reply["Session"]}
        assert alice.rest("POST", "/admin/v1/tenants/-/settings", {"Undocumented": 1}, headers=session)[2]["Reason"] == "bad-argument"
        assert alice.rest("GET", "/admin/v1/tenants/-/templates", headers=session)[0] == 200
        assert alice.rest("DELETE", "/admin/v1/session", headers=session)[0] == 200


def at_the_socket(lab, method, target, body):
    connection = SocketConnection(lab.socket, 120)
    connection.request(method, target, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
    reply = connection.getresponse()
    data, kind = reply.read(), reply.headers["Content-Type"] or ""
    connection.close()
    return reply.status, [json.loads(line) for line in data.splitlines()] if "ndjson" in kind else json.loads(data)


if __name__ == "__main__":
    main(they_are_well_formed, every_call_of_administration, it_says_what_the_route_table_says, answers_are_what_it_says)
