"""Two nodes on one PostgreSQL: what is changed on one is in force on the other within a second, also when the server was
gone for a while."""
import calendar
import contextlib
import pathlib
import shutil
import tempfile
import threading
import time

import postgres
from rmslab import Lab, PASSWORD, free_port, main

RIGHTS = {"PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False}
WITHIN_S = 1.0
TRIES = 8  # on a busy machine one of them shall be fast; a node that looks too seldom never is


@contextlib.contextmanager
def two_nodes(people=("alice", "bob"), cluster=None, settings=()):
    """The second has the master key and the public address of the first, and clients reach it by its own port."""
    with contextlib.ExitStack() as stack:
        cluster = cluster or postgres.of_environment() or stack.enter_context(postgres.private())
        args = [word for setting in settings for word in ("--set", setting)]
        a = stack.enter_context(Lab(people=people, database=cluster.database(f"nodes-{time.monotonic_ns():x}"),
                                    rmsd_args=args))
        b = stack.enter_context(Lab(start=False, database=a.database, rmsd_args=args))
        b.url, b.token = a.url, a.token
        b.data.mkdir(mode=0o700)
        shutil.copy2(a.data / "master.key", b.data / "master.key")
        b.start()
        yield a, b


def call(node, token, method, path, body=None):
    return node.http(method, path, body, {"Authorization": "Bearer " + token, "Content-Type": "application/json"})


def publish(node, token, grant=None, template=None):
    body = dict(RIGHTS)
    if template:
        body["TemplateId"] = template
    else:
        body["Policy"] = {"UserRights": [{"Users": [grant], "Rights": ["VIEW"]}], "allowOfflineAccess": False,
                          "IntervalTimeInDays": 0}
    return call(node, token, "POST", "/my/v2/publishinglicenses", body)


def opens(node, token, licence):
    """Does the node grant it? None: it refuses the person altogether."""
    status, _, reply = call(node, token, "POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": licence})
    return reply["AccessStatus"] == "AccessGranted" if status == 200 else None


def in_force_soon(change, holds):
    """Makes changes until a request begun within the time met the effect of one; every one must show in the end."""
    seen = []
    for i in range(TRIES):
        change(i)
        began = asked = time.monotonic()
        while not holds(i):
            assert time.monotonic() < began + 60, f"change {i} is not in force after a minute"
            time.sleep(0.02)
            asked = time.monotonic()
        seen.append(asked - began)
        if seen[-1] <= WITHIN_S:
            return
    raise AssertionError(f"in force after {seen} s, never within {WITHIN_S}")


def changes_cross():
    with two_nodes() as (a, b):
        alice, bob = a.person("alice").token(), a.person("bob").token()
        status, _, made = publish(a, alice, grant="bob@contoso.test")
        assert status == 200, made
        direct = made["SerializedPublishingLicense"]
        assert opens(b, bob, direct) is True and opens(b, alice, direct) is True

        def templates(node):
            return {t["Name"]: t["Id"] for t in call(node, alice, "GET", "/my/v2/templates")[2]}

        # a template: offered, then archived
        in_force_soon(lambda i: a.admin("template", "add", "--name", f"T{i}", "--description", "x", "--grant",
                                        "bob@contoso.test:VIEW", "--published"), lambda i: f"T{i}" in templates(b))
        used = templates(b)["T0"]
        assert publish(b, alice, template=used)[0] == 200
        in_force_soon(lambda i: a.admin("template", "publish" if i % 2 else "archive", "T0"),
                      lambda i: (publish(b, alice, template=used)[0] == 200) == bool(i % 2))

        # what a template grants, for content that exists
        a.admin("template", "publish", "T0")
        status, _, made = publish(a, alice, template=used)
        licence = made["SerializedPublishingLicense"]
        assert opens(b, bob, licence) is True
        in_force_soon(lambda i: a.admin("template", "set", "T0", "--grant", f"{'bob' if i % 2 else 'nobody'}@contoso.test:VIEW"),
                      lambda i: opens(b, bob, licence) is bool(i % 2))

        # an account
        in_force_soon(lambda i: a.admin("user", "set", "bob@contoso.test", "--enable" if i % 2 else "--disable"),
                      lambda i: (opens(b, bob, direct) is True) == bool(i % 2))
        a.admin("user", "set", "bob@contoso.test", "--enable")

        # a group, whose members the other node has in memory
        a.admin("group", "add", "mkt", "--address", "mkt@contoso.test", "--kind", "security")
        a.admin("group", "refresh", "mkt")
        status, _, made = publish(a, alice, grant="mkt@contoso.test")
        licence = made["SerializedPublishingLicense"]
        assert opens(b, bob, licence) is False

        def member(i):
            a.admin("group", "member", "remove" if i % 2 else "add", "mkt", "bob@contoso.test")
            a.admin("group", "refresh", "mkt")

        in_force_soon(member, lambda i: opens(b, bob, licence) is not bool(i % 2))

        # a document that is taken back and given again
        status, _, made = publish(a, alice, grant="bob@contoso.test")
        licence, document = made["SerializedPublishingLicense"], "/my/v2/documents/" + made["ContentId"]
        assert opens(b, bob, licence) is True
        in_force_soon(lambda i: call(a, alice, "POST", document + ("/restore" if i % 2 else "/revoke")),
                      lambda i: opens(b, bob, licence) is bool(i % 2))
        assert opens(b, alice, licence) is True

        # a kind of device, and a key that is excluded
        def served(i):
            status = b.http("GET", "/my/v2/templates", None, {"Authorization": "Bearer " + alice, "x-ms-rms-platform-id": "DevicePlatform=Mac;"})[0]
            return (status == 200) == bool(i % 2)

        in_force_soon(lambda i: a.admin("platform", "enable" if i % 2 else "disable", "--platform", "Mac", "--force"), served)

        # the whole tenant, and the other way round
        in_force_soon(lambda i: b.admin("service", "enable") if i % 2 else b.admin("service", "disable", "--force"),
                      lambda i: (publish(a, alice, grant="bob@contoso.test")[0] == 200) == bool(i % 2))


def keys_cross():
    # A tenant made on one node: the other has its keys at once, and either opens what the other issued.
    with two_nodes(people=("alice",)) as (a, b):
        b.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
        b.admin("user", "add", "fay@fabrikam.test", "--tenant", "fabrikam.test", "--password-stdin", stdin=PASSWORD + "\n")
        fay = a.person("fay@fabrikam.test")
        fay.login()
        token = fay.token()
        for here, there in ((a, b), (b, a)):
            status, _, made = publish(here, token, grant="fay@fabrikam.test")
            assert status == 200, made
            assert opens(there, token, made["SerializedPublishingLicense"]) is True
        # one log for all nodes
        deadline = time.monotonic() + 30
        while True:
            log = a.admin("log", "usage", "--tenant", "fabrikam.test", "--json").json_lines
            if sum(r["request-type"] == "FECreatePublishingLicenseV1" for r in log) == 2:
                break
            assert time.monotonic() < deadline, log
            time.sleep(0.1)
        for node in (a, b):
            node.admin("log", "verify", "--tenant", "fabrikam.test")


def bytes_that_are_no_text_do_not_stop_the_log():
    with two_nodes(people=("alice",)) as (a, b):
        headers = {"Authorization": "Bearer " + a.person("alice").token(), "User-Agent": "evil \xff\xfe"}
        assert b.http("GET", "/my/v2/templates", None, headers)[0] == 200
        assert call(b, a.person("alice").token(), "GET", "/my/v2/servicediscovery")[0] == 200
        deadline = time.monotonic() + 60
        while not (a.usage(request_type="FEGetAllTemplates") and a.usage(request_type="ServiceDiscoveryForUser")):
            assert time.monotonic() < deadline, "the rows do not come\n" + b.log_text()[-2000:]
        assert a.usage(request_type="FEGetAllTemplates")[0]["c-info"].strip("'") == "evil ??"


SILENT_S = 3  # a server that says nothing for so long is away (service/lookout.h)
GRACE_S = 12   # --set database_grace of some tests


def revoke(node, token, made):
    return call(node, token, "POST", "/my/v2/documents/" + made["ContentId"] + "/revoke")


class Reader(threading.Thread):
    """Opens one licence again and again, and notes what it was told and when."""

    def __init__(self, node, token, licence):
        super().__init__(daemon=True)
        self.args = (node, token, "POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": licence})
        self.done, self.seen = threading.Event(), []

    def run(self):
        while not self.done.is_set():
            began = time.monotonic()
            status, headers, reply = call(*self.args)
            self.seen.append((began, time.monotonic() - began, status, headers, reply))
            self.done.wait(0.01)

    def granted_between(self, begin, end):
        return [s for s in self.seen if begin <= s[0] < end and s[2] == 200 and s[4]["AccessStatus"] == "AccessGranted"]

    def refused(self):
        return [s for s in self.seen if s[2] != 200 or s[4]["AccessStatus"] != "AccessGranted"]


@contextlib.contextmanager
def readers(*args):
    threads = [Reader(*one) for one in args]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        for thread in threads:
            thread.done.set()
        for thread in threads:
            thread.join()


def health(node):
    return node.admin("health", "--json").json


def until(holds, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def every_row_once(node, wanted, **where):
    """Exactly these correlation ids, once the rows are there."""
    def ids():
        return [r["correlation-id"] for r in node.usage(**where)]
    until(lambda: set(wanted) <= set(ids()), "rows are missing", 120)
    found = [i for i in ids() if i in set(wanted)]
    assert len(found) == len(set(found)) == len(wanted), "rows are doubled"
    node.admin("log", "verify")


def licences_go_on_while_the_server_is_away():
    # touches: S-314
    # Under load the server hangs, and another time dies: who asks for a licence that the node knows has it, what is not
    # in memory is refused as unreachable and not as forbidden, and every row is in the log afterwards, once.
    with postgres.private() as cluster, two_nodes(cluster=cluster) as (a, b):
        alice, bob = a.person("alice").token(), a.person("bob").token()
        _, _, made = publish(a, alice, grant="bob@contoso.test")
        _, _, cold = publish(a, alice, grant="bob@contoso.test")
        licence = made["SerializedPublishingLicense"]
        assert all(opens(node, bob, licence) is True for node in (a, b))
        with readers(*((node, bob, licence) for node in (a, b) for _ in range(3))) as threads:
            for away in ("frozen", "immediate"):
                with contextlib.ExitStack() as stack:
                    if away == "frozen":
                        stack.enter_context(cluster.frozen())
                    else:
                        cluster.down(away)
                        stack.callback(cluster.up)
                    for node in (a, b):
                        until(lambda node=node: health(node)["Database"]["Away"], "it does not notice")
                        assert health(node)["Status"] == "degraded"
                    away_at = time.monotonic()
                    status, headers, reply = call(b, bob, "POST", "/my/v2/enduserlicenses",
                                                  {"SerializedPublishingLicense": cold["SerializedPublishingLicense"]})
                    assert status == 200 or (status == 503 and reply["Reason"] == "unreachable"), (status, reply)
                    status, headers, reply = publish(a, alice, grant="bob@contoso.test")
                    assert status == 200 or (status == 503 and reply["Reason"] == "unreachable"), (status, reply)
                    status, headers, reply = revoke(a, alice, made)
                    assert status == 503 and reply["Reason"] == "unreachable" and int(headers["Retry-After"]) > 0, reply
                    until(lambda: all(t.granted_between(away_at, time.monotonic()) for t in threads), "they do not go on")
                for node in (a, b):
                    until(lambda node=node: health(node)["Status"] == "ok", "the node does not come back\n" + node.log_text()[-3000:])
                    until(lambda node=node: publish(node, alice, grant="bob@contoso.test")[0] == 200, "it does not publish")
        for thread in threads:
            assert not thread.refused(), thread.refused()[:3]
            assert max(s[1] for s in thread.seen) < 60
        every_row_once(a, [s[3]["x-ms-rms-request-id"] for t in threads for s in t.seen],
                       request_type="FECreateEndUserLicenseV1")
        # and what is revoked now is refused at once
        assert revoke(a, alice, made)[0] == 200
        until(lambda: opens(b, bob, licence) is False, "a revocation does not arrive", 10)


def the_grace_ends():
    # Behind it nothing is given on what may be old, and nobody hears "no rights".
    with postgres.private() as cluster, two_nodes(cluster=cluster, settings=(f"database_grace={GRACE_S}",)) as (a, b):
        alice, bob = a.person("alice").token(), a.person("bob").token()
        _, _, made = publish(a, alice, grant="bob@contoso.test")
        licence = made["SerializedPublishingLicense"]
        assert all(opens(node, bob, licence) is True for node in (a, b))
        with cluster.frozen():
            began = time.monotonic()
            with readers((a, bob, licence), (b, bob, licence)) as threads:
                until(lambda: all(t.refused() for t in threads), "it grants without a database", GRACE_S + 60)
            for thread in threads:
                assert all(s[2] == 503 and s[4]["Reason"] == "unreachable" for s in thread.refused()), thread.refused()[0]
                assert thread.granted_between(began + SILENT_S + 1, began + GRACE_S), "no grace at all"
                # a request that was let in just before may end a moment later
                assert not thread.granted_between(began + GRACE_S + 1, time.monotonic()), "the grace does not end"
        for node in (a, b):
            until(lambda node=node: opens(node, bob, licence) is True, "the node does not come back\n" + node.log_text()[-3000:])
    # no grace: nothing without the server
    with postgres.private() as cluster, two_nodes(cluster=cluster, settings=("database_grace=0",)) as (a, b):
        alice, bob = a.person("alice").token(), a.person("bob").token()
        licence = publish(a, alice, grant="bob@contoso.test")[2]["SerializedPublishingLicense"]
        assert opens(b, bob, licence) is True
        cluster.down("immediate")
        ask = {"SerializedPublishingLicense": licence}
        until(lambda: call(b, bob, "POST", "/my/v2/enduserlicenses", ask)[0] == 503, "it grants without a database")
        cluster.up()
        until(lambda: opens(b, bob, licence) is True, "the node does not come back")


def a_server_that_went_back():
    # A backup is put back under a running node: its caches are of another history, so it begins anew.
    with postgres.private() as cluster, two_nodes(cluster=cluster) as (a, b):
        alice = a.person("alice").token()
        database = a.database.partition("///")[2].partition("?")[0]
        assert publish(b, alice, grant="bob@contoso.test")[0] == 200
        cluster.sql("UPDATE change_counter SET changes = changes - 1", database)
        for node in (a, b):
            until(lambda node=node: "store.went-back" in node.log_text(), "it does not notice")
            until(lambda node=node: node.log_text().count("front.started") == 2, "no new front\n" + node.log_text()[-2000:])
            until(lambda node=node: publish(node, alice, grant="bob@contoso.test")[0] == 200, "it does not serve")


def another_node(stack, first, settings=()):
    """One more on the same database, by the key and the public address of the first."""
    node = stack.enter_context(Lab(start=False, database=first.database,
                                   rmsd_args=[word for setting in settings for word in ("--set", setting)]))
    node.url, node.token = first.url, first.token
    node.data.mkdir(mode=0o700)
    shutil.copy2(first.data / "master.key", node.data / "master.key")
    node.start()
    return node


class Client(threading.Thread):
    """Publishes and opens, each time at the next of the nodes there are; a balancer's client."""

    def __init__(self, nodes, alice, bob):
        super().__init__(daemon=True)
        self.nodes, self.alice, self.bob = nodes, alice, bob
        self.done, self.served, self.failed = threading.Event(), {}, []

    def run(self):
        turn = 0
        while not self.done.is_set():
            nodes = list(self.nodes)
            here, there = nodes[turn % len(nodes)], nodes[(turn + 1) % len(nodes)]
            turn += 1
            try:
                status, _, made = publish(here, self.alice, grant="bob@contoso.test")
                if status != 200 or opens(there, self.bob, made["SerializedPublishingLicense"]) is not True:
                    self.failed.append((status, made))
                for node in (here, there):
                    self.served[node.port] = self.served.get(node.port, 0) + 1
            except OSError as error:
                self.failed.append(repr(error))


def one_node_becomes_three():
    # proves: S-311
    with postgres.private() as cluster, contextlib.ExitStack() as stack:
        a = stack.enter_context(Lab(people=("alice", "bob"), database=cluster.database(f"nodes-{time.monotonic_ns():x}")))
        a.admin("role", "add", "alice@contoso.test")
        alice, bob = a.person("alice").token(), a.person("bob").token()
        status, _, begun = call(a, alice, "POST", "/admin/v1/session", {})
        assert status == 200, begun
        nodes = [a]
        clients = [Client(nodes, alice, bob) for _ in range(4)]
        for client in clients:
            client.start()
        try:
            for count in (1, 2, 3):
                if count > 1:
                    nodes.append(another_node(stack, a))
                before = {c: dict(c.served) for c in clients}
                until(lambda: all(c.failed or all(c.served.get(n.port, 0) - before[c].get(n.port, 0) >= 3 for n in nodes) for c in clients),
                      "a node serves nobody", 300)
            # a session belongs to no node
            for node in nodes:
                status, _, reply = node.http("GET", "/admin/v1/tenants/-/templates", None,
                                             {"Authorization": "Bearer " + alice, "X-RMS-Admin-Session": begun["Session"]})
                assert status == 200, reply
            # and one that is taken out ends what it has
            gone = nodes.pop(0)
            before = {c: sum(c.served.values()) for c in clients}
            until(lambda: all(c.failed or sum(c.served.values()) - before[c] >= 6 for c in clients), "nobody is served", 300)
            assert gone.stop() == 0
            before = {c: sum(c.served.values()) for c in clients}
            until(lambda: all(c.failed or sum(c.served.values()) - before[c] >= 6 for c in clients), "nobody is served", 300)
        finally:
            for client in clients:
                client.done.set()
            for client in clients:
                client.join()
        assert not any(c.failed for c in clients), [c.failed[:2] for c in clients]


def clocks_of_nodes():
    # proves: S-187
    with postgres.private() as cluster, contextlib.ExitStack() as stack:
        a = stack.enter_context(Lab(people=("alice", "bob"), database=cluster.database(f"nodes-{time.monotonic_ns():x}")))
        nodes = [a, another_node(stack, a), another_node(stack, a)]
        token = a.person("alice").token()
        for node, seconds in zip(nodes, (0, 3, -3)):  # as NTP lets them
            node.move_clock(seconds=seconds)
        for _ in range(15):
            for node in nodes:
                assert call(node, token, "GET", "/my/v2/templates")[0] == 200
        until(lambda: len(a.usage(request_type="FEGetAllTemplates")) == 45, "rows are missing")
        database = a.database.partition("///")[2].partition("?")[0]
        arrived = [int(t) for t in cluster.sql("SELECT time FROM usage_log ORDER BY seq", database)]
        newest = 0
        for moment in arrived:
            newest = max(newest, moment)
            assert newest - moment < 60, "rows are out of order by a minute"
        assert abs(arrived[-1] - time.time()) < 600, "this is not UTC"
        shown = a.usage(request_type="FEGetAllTemplates")[0]["time"]
        assert shown.endswith("Z") and abs(calendar.timegm(time.strptime(shown, "%Y-%m-%dT%H:%M:%SZ")) - time.time()) < 600, shown
        for node in nodes:
            assert health(node)["Status"] == "ok", health(node)
        for off in (600, -600):
            nodes[2].move_clock(seconds=off)
            until(lambda: health(nodes[2])["Problems"] == ["clock"], "it does not notice")
            told = health(nodes[2])
            assert told["Status"] == "degraded" and abs(told["ClockAheadSeconds"] - off) < 60, told
            assert [health(node)["Status"] for node in nodes[:2]] == ["ok", "ok"]
            nodes[2].move_clock(seconds=-off)
            until(lambda: health(nodes[2])["Status"] == "ok", "it does not recover")


def a_start_without_the_server():
    # rmsd waits for it, says so once, and serves when it is there; and can be stopped meanwhile.
    with postgres.private() as cluster:
        url = cluster.database("late")
        cluster.down("fast")
        with Lab(start=False, database=url) as lab:
            lab.start(wait=False)
            until(lambda: "store.waiting" in lab.log_text(), "it does not wait\n" + lab.log_text())
            assert lab.stop() == 0, "\n" + lab.log_text()
            assert '"child":"front"' not in lab.log_text(), "\n" + lab.log_text()
            lab.start(wait=False)
            until(lambda: lab.log_text().count("store.waiting") == 2, "it does not wait")
            cluster.up()
            lab.wait_ready()
            assert lab.log_text().count("store.waiting") == 2 and "store.found" in lab.log_text()
            assert lab.log_text().count('"store.postgresql.unreachable"') == 2 and "giving-up" not in lab.log_text(), lab.log_text()


def make_certificate(cluster):
    """The server's, for localhost and signed by itself: who trusts this file trusts this server."""
    certificate, key = cluster.data / "server.crt", cluster.data / "server.key"
    cluster.command("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate)
    key.chmod(0o600)
    return certificate


def log_says(lab, word):
    lab.start(wait=False)
    deadline = time.monotonic() + 60
    while word not in lab.log_text() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert word in lab.log_text(), lab.log_text()
    lab.stop()


def a_server_proves_its_name():
    # Over a network: no word to a server without a certificate that counts; with one, and a password from a file.
    with postgres.private() as cluster:
        port = free_port()
        certificate = make_certificate(cluster)
        cluster.sql("CREATE ROLE node LOGIN PASSWORD 'right'")
        cluster.sql("CREATE DATABASE far OWNER node")
        cluster.down("fast")
        (cluster.data / "pg_hba.conf").write_text("local all rms trust\nhostssl all node 127.0.0.1/32 scram-sha-256\n")
        with open(cluster.data / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(f"listen_addresses = '127.0.0.1'\nport = {port}\nssl = on\n")
        cluster.up()
        with tempfile.TemporaryDirectory() as elsewhere:
            trusted = shutil.copy(certificate, elsewhere)
            passwords = pathlib.Path(elsewhere) / "passwords"
            passwords.write_text(f"*:{port}:far:node:right\n")
            passwords.chmod(0o600)
            url = f"postgresql://node@localhost:{port}/far?hostaddr=127.0.0.1&passfile={passwords}"
            with Lab(start=False, database=url) as lab:
                log_says(lab, "certificate verify failed")
            with Lab(start=False, database=url.replace("localhost", "127.0.0.1") + f"&sslrootcert={trusted}") as lab:
                log_says(lab, "does not match host name")
            with Lab(people=("alice",), database=url + f"&sslrootcert={trusted}") as lab:
                assert publish(lab, lab.person("alice").token(), grant="bob@contoso.test")[0] == 200


def passwords_stay_unseen():
    # The server refuses us: the log says so, and shows no password.
    with postgres.private() as cluster:
        (cluster.data / "pg_hba.conf").write_text("local all rms trust\nlocal all all scram-sha-256\n")
        cluster.sql("CREATE ROLE node LOGIN PASSWORD 'right'")
        cluster.command(postgres.program("pg_ctl"), "reload", "-D", cluster.data, "-s")
        url = cluster.database("secret").replace("user=rms", "user=node")
        lab = Lab(start=False, database=url + "&password=s3cr3t-word")
        with lab:
            log_says(lab, "password authentication failed")
            assert "s3cr3t" not in lab.log_text()


if __name__ == "__main__":
    main(changes_cross, keys_cross, bytes_that_are_no_text_do_not_stop_the_log,
         licences_go_on_while_the_server_is_away, the_grace_ends, a_server_that_went_back,
         one_node_becomes_three, clocks_of_nodes, a_start_without_the_server, a_server_proves_its_name, passwords_stay_unseen)
