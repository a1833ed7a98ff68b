"""Running the service: what monitoring sees and who may look, TLS, hostile input, privileges, a full disk."""
import hashlib
import http.client
import importlib.util
import json
import os
import pathlib
import pwd
import re
import resource
import socket
import ssl
import subprocess
import threading
import time
import uuid

import postgres
from directories import Office
from rmslab import BUILD, SOURCE, Lab, b64, free_port, main, pfile_licence

TEXT = b"Service as usual.\n"
SAMPLE = re.compile(r'^([a-z_]+)(?:\{([a-z]+="[^"\\\n]*"(?:,[a-z]+="[^"\\\n]*")*)\})? (-?[0-9.]+)$')


def until(holds, what, seconds=120):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.1)


def with_management(kind=Lab, address="127.0.0.1", **more):
    """A service whose administration has an address of its own: (lab, port)."""
    port = free_port()
    args = ["--set", f"admin_listen={address}:{port}", *more.pop("rmsd_args", [])]
    return kind(rmsd_args=args, **more), port


def ask(lab, port, method, path, headers=None, body=None, address="127.0.0.1", timeout=120):
    """HTTPS to one of the service's addresses: (status, headers, text)."""
    plain = socket.create_connection((address, port), timeout)
    connection = http.client.HTTPSConnection("localhost", port, timeout=timeout)
    connection.sock = lab.tls().wrap_socket(plain, server_hostname="localhost" if address == "127.0.0.1" else address)
    try:
        connection.request(method, path, body, headers or {})
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read().decode()
    finally:
        connection.close()


def ready(lab, port):
    status, _, text = ask(lab, port, "GET", "/ready")
    return status, json.loads(text)


def metrics(lab, port):
    """As a scraper reads them: {(name, labels): value}; each series once, each name declared before."""
    status, headers, text = ask(lab, port, "GET", "/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4"), (status, headers)
    found, declared = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert name not in declared and kind in ("counter", "gauge", "histogram"), line
            declared[name] = kind
        elif not line.startswith("# HELP "):
            name, labels, value = SAMPLE.match(line).groups()
            assert re.sub(r"_(bucket|sum|count)$", "", name) in declared or name in declared, line
            assert (name, labels) not in found, line
            found[name, labels] = float(value)
    return found, text


def counted(found, kind, result):
    return found.get(("rms_requests_total", f'type="{kind}",result="{result}"'), 0)


def what_monitoring_sees():
    # proves: S-315
    lab, port = with_management(Office)
    with lab, lab.slapd() as slapd:
        slapd.add(slapd.person("bob", "mail: bob@contoso.test"))
        lab.connect(slapd)
        lab.refresh()
        alice = lab.person("alice")
        assert json.loads(ask(lab, port, "GET", "/health")[2]) == {"Status": "ok"}
        assert ready(lab, port) == (200, {"Status": "ok", "Problems": []})
        before = metrics(lab, port)[0]
        path = alice.write("merger-of-the-century.txt", TEXT)
        alice.rms("protect", path, "--perm", "bob@contoso.test:VIEW", "--in-place")
        licence = {"SerializedPublishingLicense": b64(pfile_licence(alice.home / "merger-of-the-century.ptxt"))}
        token = alice.token()
        for _ in range(3):
            assert alice.rest("POST", "/my/v2/enduserlicenses", licence, token=token)[0] == 200
        assert alice.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": "AAAA"}, token=token)[0] == 400
        assert lab.http("GET", "/no/such/path")[0] == 404
        after, text = metrics(lab, port)
        kind = "FECreateEndUserLicenseV1"
        assert counted(after, kind, "ok") - counted(before, kind, "ok") == 3
        assert counted(after, kind, "bad-license") == 1 and counted(after, "Unknown", "not-found") >= 1
        count = after["rms_request_seconds_count", f'type="{kind}"']
        assert count == 4 == after["rms_request_seconds_bucket", f'type="{kind}",le="+Inf"']
        rising = [v for (n, l), v in after.items() if n == "rms_request_seconds_bucket" and f'"{kind}"' in l]
        assert rising == sorted(rising) and len(rising) == 12
        assert after["rms_cache_lookups_total", 'cache="licence",outcome="hit"'] >= 2
        assert after["rms_key_operations_total", 'operation="open"'] >= 1
        assert {"rms_requests_waiting", "rms_log_spool_permille", "rms_log_rows_total", "rms_key_stock"} <= {n for n, _ in after}
        # nobody and nothing is named, and no secret is in them
        tenant = lab.admin("--json", "tenant", "show").json
        for private in ("contoso", "@", "alice", "merger", tenant["TenantId"], tenant["Keys"][0]["KeyIdentifier"], token, "127.0.0.1",
                        "ldap", "office", slapd.password):
            assert private not in text, private
        # the directory goes: licences go on, and the reason is named
        slapd.stop()
        until(lambda: ready(lab, port) == (200, {"Status": "degraded", "Problems": ["directory"]}), lambda: ready(lab, port))
        assert metrics(lab, port)[0]["rms_problem", 'name="directory"'] == 1
        assert alice.rest("POST", "/my/v2/enduserlicenses", licence, token=token)[0] == 200
        # where the public is, there is nothing; whoever asks, and however
        for path in ("/metrics", "/ready", "/health", "/Metrics", "/metrics/", "/admin/v1/health"):
            for headers in ({}, {"Authorization": "Bearer " + token}):
                assert lab.http("GET", path, None, headers)[0] == 404, path
        # and with an address of its own administration is nowhere else; nor is anything else there
        assert lab.http("GET", "/admin/v1/tenants/-/templates")[0] == 404
        assert ask(lab, port, "GET", "/admin/v1/tenants/-/templates")[0] == 401
        for path in ("/my/v2/templates", "/my/v2/servicediscovery", "/contoso.test/.well-known/openid-configuration", "/_wmcs/licensing",
                     "/admin/v1/health", "/admin/v1/tenants"):
            assert ask(lab, port, "GET", path, {"Authorization": "Bearer " + token})[0] == 404, path
    # without such an address there is no monitoring over the network at all
    with Lab(people=()) as lab:
        assert [lab.http("GET", p)[0] for p in ("/metrics", "/ready", "/health")] == [404] * 3


# --- TLS ----------------------------------------------------------------------------------------------------------------


def handshake(port, *options):
    """What openssl, willing to do anything, agrees on: (protocol, suite), or None."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "localhost", *options],
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=120)
    found = re.search(rb"^New, (\S+), Cipher is (\S+)", done.stdout, re.M)
    return (found[1].decode(), found[2].decode()) if found and found[2] != b"(NONE)" else None


def accepted_suites(port):
    """All of TLS 1.2, one after the other, as scanners do: what was agreed on is not offered again."""
    seen = []
    while True:
        without = "".join(":!" + s for s in seen)
        got = handshake(port, "-tls1_2", "-cipher", f"ALL:COMPLEMENTOFALL{without}:@SECLEVEL=0")
        if got is None:
            return seen
        assert got[1] not in seen
        seen.append(got[1])


def tls_is_strong():
    # proves: S-316
    lab, port = with_management(people=())
    with lab:
        for where in (lab.port, port):
            for old in ("-tls1_1", "-tls1"):
                assert handshake(where, old, "-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0") is None, old
            suites = accepted_suites(where)
            assert suites and all(re.match(r"ECDHE-(RSA|ECDSA)-(AES(128|256)-GCM-SHA(256|384)|CHACHA20-POLY1305)$", s) for s in suites), suites
            new = [s for s in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_CCM_SHA256",
                               "TLS_AES_128_CCM_8_SHA256") if handshake(where, "-tls1_3", "-ciphersuites", s)]
            assert new and all("CCM" not in s for s in new), new
            # no plain HTTP: not even an answer
            with socket.create_connection(("127.0.0.1", where), 60) as plain:
                plain.sendall(b"GET /my/v2/servicediscovery HTTP/1.1\r\nHost: localhost\r\n\r\n")
                plain.settimeout(60)
                with_it = b""
                try:
                    while chunk := plain.recv(4096):
                        with_it += chunk
                except OSError:
                    pass
                assert b"HTTP/" not in with_it, with_it
        status, headers, _ = lab.http("GET", "/contoso.test/oauth2/device")
        assert status == 200 and int(re.search(r"max-age=(\d+)", headers["Strict-Transport-Security"])[1]) >= 31536000, headers
        assert [p for p in listening(lab) if p not in (lab.port, port)] == [], "something else listens"


def listening(lab):
    """TCP ports that rmsd's processes listen on."""
    pids = [lab.rmsd.pid, *lab.children().values()]
    inodes = {os.readlink(fd)[8:-1] for pid in pids for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir() if os.readlink(fd).startswith("socket:")}
    rows = [line.split() for name in ("tcp", "tcp6") for line in pathlib.Path(f"/proc/{lab.rmsd.pid}/net/{name}").read_text().splitlines()[1:]]
    return {int(r[1].rpartition(":")[2], 16) for r in rows if r[3] == "0A" and r[9] in inodes}


# --- hostile input ------------------------------------------------------------------------------------------------------


def stat_of(pid):
    """(seconds of processor, peak MiB) of a process."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    peak = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), peak / 1024


def bombs():
    """Licences that cost a careless reader much more than their sender."""
    names = [f"e{i}" for i in range(30)]
    entities = "".join(f'<!ENTITY {n} "{("&" + names[i - 1] + ";") * 10 if i else "ha" * 50}">' for i, n in enumerate(names))
    yield "entities", f'<?xml version="1.0"?><!DOCTYPE XrML [{entities}]><XrML>&{names[-1]};</XrML>'
    yield "one large entity", f'<?xml version="1.0"?><!DOCTYPE XrML [<!ENTITY a "{"a" * 100000}">]><XrML>{"&a;" * 20000}</XrML>'
    for what in ("SYSTEM \"file:///etc/passwd\"", "SYSTEM \"https://127.0.0.1:1/x\"", "PUBLIC \"x\" \"file:///dev/zero\""):
        yield what, f'<?xml version="1.0"?><!DOCTYPE XrML [<!ENTITY x {what}>]><XrML>&x;</XrML>'
    yield "parameter entities", '<?xml version="1.0"?><!DOCTYPE XrML [<!ENTITY % a "<!ENTITY b \'x\'>">%a;]><XrML>&b;</XrML>'
    yield "depth", "<XrML>" * 10000 + "</XrML>" * 10000
    yield "depth without end", "<XrML>" * 10000
    yield "attributes", "<XrML " + " ".join(f'a{i}="x"' for i in range(50000)) + "/>"
    yield "one attribute", f'<XrML a="{"x" * 4000000}"/>'
    yield "width", "<XrML>" + "<a/>" * 500000 + "</XrML>"
    yield "a comment", "<XrML><!--" + "-a" * 2000000 + "--></XrML>"


def hostile_licences_cost_little():
    # proves: S-317
    with Lab(people=("alice",)) as lab:
        alice = lab.person("alice")
        token, front = alice.token(), lab.children()["front"]
        good = alice.write("good.txt", TEXT)
        alice.rms("protect", good, "--only-me", "--in-place")
        licence = b64(pfile_licence(alice.home / "good.ptxt"))
        headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
        assert lab.http("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": licence}, headers)[0] == 200
        _, peak = stat_of(front)
        for name, text in bombs():
            for form in ("utf-8", "utf-16"):
                for path in ("enduserlicenses", "uselicenses"):
                    used, _ = stat_of(front)
                    status, _, reply = lab.http("POST", "/my/v2/" + path, {"SerializedPublishingLicense": b64(text.encode(form))}, headers)
                    assert status == 400 and reply["Reason"] == ("bad-license" if path == "enduserlicenses" else reply["Reason"]), (name, form, reply)
                    # the work it makes, not how long a busy machine takes for it; sanitizers included
                    assert stat_of(front)[0] - used <= 1.0, (name, form, path)
        # 100 MB: refused before they are read
        for path in ("enduserlicenses", "publishinglicenses"):
            used, began = stat_of(front)[0], time.monotonic()
            connection = http.client.HTTPSConnection("localhost", lab.port, context=lab.tls(), timeout=120)
            connection.sock = lab.tls().wrap_socket(socket.create_connection(("127.0.0.1", lab.port)), server_hostname="localhost")
            connection.putrequest("POST", "/my/v2/" + path)
            for field, value in {**headers, "Content-Length": str(140 << 20)}.items():
                connection.putheader(field, value)
            connection.endheaders()
            reply = connection.getresponse()
            assert reply.status == 400 and json.loads(reply.read())["Reason"] == "bad-license", path
            connection.close()
            assert stat_of(front)[0] - used <= 1.0, (path, time.monotonic() - began)
        assert stat_of(front)[1] - peak < 512, "the service keeps what it was sent"
        assert lab.children()["front"] == front, "a front died of it"
        # the same in a file, at the reader
        head = (alice.home / "good.ptxt").read_bytes()
        at = head.index(pfile_licence(alice.home / "good.ptxt"))
        bomb = alice.write("bomb.ptxt", head[:at] + b"<XrML>" * 10000 + head[at + 60000:] + b"x" * 60000)
        done = alice.rms("cat", bomb, code=1)
        assert re.search(r"\((bad-license|damaged|bad-signature)\)", done.err), done
        assert lab.http("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": licence}, headers)[0] == 200


# --- privileges ---------------------------------------------------------------------------------------------------------


def status_of(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {k: v.split() for k, _, v in (line.partition(":") for line in lines)}


def modes_below(path):
    return {p: p.lstat().st_mode & 0o777 for p in [path, *path.rglob("*")]}


def least_privilege():
    # proves: S-319
    root = os.geteuid() == 0
    account = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.geteuid())
    lab, port = with_management(people=("alice",), address="127.0.0.2", rmsd_args=["--user", account.pw_name] if root else [])
    if root:
        lab.dir.chmod(0o711)
        if lab.token is not None:
            lab.token.give_to(account, lab.data)
    with lab:
        lab.admin("role", "add", "alice@contoso.test")
        for name, pid in lab.children().items():
            status = status_of(pid)
            assert set(status["Uid"]) == {str(account.pw_uid)} and set(status["Gid"]) == {str(account.pw_gid)}, (name, status)
            assert not root or not {"0"} & set(status["Groups"]), (name, status["Groups"])
            for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
                assert not root or int(status[kind][0], 16) == 0, (name, kind, status[kind])
            assert status["NoNewPrivs"] == ["1"] and status["Seccomp"] == ["2"], (name, status)
        # the key material is in a process of its own (test/scenario/processes)
        assert {"keyd", "front", "jobs"} <= set(lab.children())
        # files: nobody but the service's account, and its keys not even all of that
        for path, mode in modes_below(lab.data).items():
            assert mode & 0o022 == 0, (path, oct(mode))
            public = path.name in ("ca.pem", "server.pem", "rmsd.pid")
            assert public or mode & 0o077 == 0, (path, oct(mode))
        assert lab.data.stat().st_mode & 0o777 == 0o700
        if root:
            assert (lab.data / "master.key").stat().st_uid == 0 and (lab.data / "tls/ca.key").stat().st_uid == 0
        # administration at another address
        token = lab.person("alice").token()
        headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
        status, _, text = ask(lab, port, "POST", "/admin/v1/session", headers, "{}", address="127.0.0.2")
        assert status == 200, text
        headers["X-RMS-Admin-Session"] = json.loads(text)["Session"]
        assert ask(lab, port, "GET", "/admin/v1/tenants/-/templates", headers, address="127.0.0.2")[0] == 200
        assert lab.http("GET", "/admin/v1/tenants/-/templates", None, headers)[0] == 404
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
            raise AssertionError("administration listens elsewhere too")
        except OSError:
            pass
        # a data directory that others may enter
        lab.stop()
        for mode in (0o755, 0o750, 0o701):
            lab.data.chmod(mode)
            lab.start(wait=False)
            assert lab.rmsd.wait(120) != 0
            assert "the data directory must have mode 0700" in lab.log_text()
            lab.stop()
            (lab.dir / "rmsd.log").write_text("")
        lab.data.chmod(0o700)
        lab.start()


# --- a log that cannot be written ---------------------------------------------------------------------------------------


def limit_files(lab, size):
    """The disk is full for the front: no file grows beyond this."""
    hard = resource.prlimit(lab.children()["front"], resource.RLIMIT_FSIZE)[1]
    resource.prlimit(lab.children()["front"], resource.RLIMIT_FSIZE, (size, hard))


def templates(lab, token):
    return lab.http("GET", "/my/v2/templates", None, {"Authorization": "Bearer " + token})


def a_full_disk_and_time_to_visibility():
    # proves: S-188
    if os.environ.get("RMS_TEST_DATABASE"):
        print("     the log is on a server", flush=True)
        return
    for unlogged in ("no", "yes"):
        lab, port = with_management(people=("alice",), rmsd_args=["--set", f"unlogged_service={unlogged}"])
        with lab:
            token = lab.person("alice").token()
            if unlogged == "no":
                rows_are_seen_soon(lab, token)
            limit_files(lab, 4096)
            until(lambda: templates(lab, token)[0] == 200 and ready(lab, port)[1]["Problems"] == ["log"] or templates(lab, token)[0] == 503,
                  lambda: ready(lab, port))
            status, state = ready(lab, port)
            assert state["Problems"] == ["log"], state
            assert (status, state["Status"]) == ((503, "down") if unlogged == "no" else (200, "degraded")), (status, state)
            got, _, reply = templates(lab, token)
            assert (got, reply.get("Reason") if got != 200 else None) == ((503, "unreachable") if unlogged == "no" else (200, None)), reply
            # room again: nothing was lost but what the setting allows to be
            limit_files(lab, resource.RLIM_INFINITY)
            until(lambda: ready(lab, port)[1]["Status"] == "ok", lambda: ready(lab, port))
            assert templates(lab, token)[0] == 200
            lab.admin("log", "verify")


def rows_are_seen_soon(lab, token):
    """Under load each row is there for a reader soon after its request; the reader asks for the current day."""
    done, lock, stop = {}, threading.Lock(), threading.Event()

    def work():
        while not stop.is_set():
            mark = str(uuid.uuid4())
            status, _, _ = lab.http("GET", "/my/v2/templates", None, {"Authorization": "Bearer " + token, "x-ms-rms-request-id": mark})
            assert status == 200
            with lock:
                done[mark] = time.monotonic()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    seen, ends = {}, time.monotonic() + 600
    while time.monotonic() < ends and len(done) < 1000 or set(done) - set(seen):
        assert time.monotonic() < ends + 60, "rows do not come"
        if len(done) >= 1000:
            stop.set()
        with lock:
            waiting = set(done) - set(seen)
        rows = {r["correlation-id"] for r in lab.admin("log", "usage", "--json", "--limit", "3000").json_lines}
        now = time.monotonic()
        seen.update({mark: now - done[mark] for mark in waiting & rows})
    stop.set()
    for thread in threads:
        thread.join()
    late = sorted(seen.values())
    assert late[int(len(late) * 0.999)] < 60, late[-5:]


# --- other releases -----------------------------------------------------------------------------------------------------


def protocol_client():
    """The client that is written from the public protocol alone; there is no older one."""
    spec = importlib.util.spec_from_file_location("rest_client", SOURCE / "test/interop/rest_client/test.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Client


class Upgraded:
    """A service that changes its release, and people whose devices do not."""

    def __init__(self, lab):
        self.lab, self.alice, self.bob = lab, lab.person("alice"), lab.person("bob")
        self.files, self.published = [], []
        lab.admin("template", "add", "--name", "Kept", "--grant", "bob@contoso.test:VIEW", "--published")
        self.schema = lab.admin("health", "--json").json["StoreVersion"]

    def run(self, release):
        """The release of this tree is 0; 1 and 2 come behind it (test/scenario/operation/releases)."""
        self.lab.stop()
        (self.lab.dir / "rmsd.log").write_text("")
        self.lab.program = BUILD / (f"test/rmsd-next-{release}" if release else "cmd/rmsd/rmsd")
        self.lab.start()
        assert self.lab.admin("health", "--json").json["StoreVersion"] == self.schema + release

    def use(self, name):
        """Something new is made, and all that was ever made is as it was."""
        path = self.alice.write(name + ".txt", TEXT)
        self.alice.rms("protect", path, "--perm", "bob@contoso.test:VIEW,EXTRACT", "--in-place")
        self.files.append(self.alice.home / (name + ".ptxt"))
        author, reader = (protocol_client()(self.lab, p.token()) for p in (self.alice, self.bob))
        author.discover("email=alice@contoso.test", version="v1")
        reader.discover("email=bob@contoso.test")
        templates = author.call("GET", author.endpoints["templates"])[2]
        assert "Kept" in [t["Name"] for t in templates], templates
        kept = next(t["Id"] for t in templates if t["Name"] == "Kept")
        status, _, reply = author.post("publishinglicenses", {"PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False, "TemplateId": kept})
        assert status == 200, reply
        self.published.append((reply["SerializedPublishingLicense"], reply["Key"]["Value"]))
        for licence, key in self.published:
            status, _, granted = reader.post("enduserlicenses", {"SerializedPublishingLicense": licence})
            assert status == 200 and granted["Key"]["Value"] == key and granted["Rights"] == ["VIEW"], granted
        for file in self.files:
            assert self.bob.rms("cat", file).out.encode() == TEXT
            assert reader.post("enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(file))})[0] == 200
        for more in ((), ("--admin",)):
            self.lab.admin("log", "verify", *more)
        until(lambda: len(self.licensed()) == len(self.files) + len(self.published), self.licensed)

    def licensed(self):
        return {row["content-id"] for row in self.lab.usage(request_type="FECreateEndUserLicenseV1")} - {""}


def another_release(lab, digest):
    done = Upgraded(lab)
    done.use("zero")
    lab.admin("key", "rotate", "--force")
    done.run(1)
    done.use("one")
    done.run(0)  # rolled back by one
    assert '"store.newer"' in lab.log_text(), lab.log_text()
    done.use("back")
    done.run(2)
    assert '"store.newer"' not in lab.log_text()
    done.use("two")
    # back by two: refused, told, nothing touched
    lab.stop()
    (lab.dir / "rmsd.log").write_text("")
    before, lab.program = digest(), BUILD / "cmd/rmsd/rmsd"
    lab.start(wait=False)
    assert lab.rmsd.wait(300) != 0
    assert '"store.too-new"' in lab.log_text() and "put back a backup" in lab.log_text(), lab.log_text()
    lab.stop()
    assert digest() == before
    done.run(1)
    assert '"store.newer"' in lab.log_text(), lab.log_text()


def releases_forth_and_back():
    # proves: S-320
    with Lab(people=("alice", "bob")) as lab:
        files = [lab.data / "db/openrms.db", lab.data / "db/openrms.db-wal"]
        another_release(lab, lambda: [hashlib.sha256(f.read_bytes()).hexdigest() for f in files if f.exists() and f.stat().st_size])
    with postgres.private() as server, Lab(people=("alice", "bob"), database=server.database("releases")) as lab:
        tables = [r for r in server.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1", "releases")]
        assert "change_counter" in tables and "schema_version" in tables, tables
        another_release(lab, lambda: [server.sql(f"SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {name} t", "releases") for name in tables])


if __name__ == "__main__":
    main(what_monitoring_sees, tls_is_strong, hostile_licences_cost_little, least_privilege, a_full_disk_and_time_to_visibility,
         releases_forth_and_back)
