"""Many at once: people and programs of all kinds while the operator changes things; one person in many windows."""
import collections
import concurrent.futures
import json
import os
import signal
import ssl
import threading
import time

from rmslab import Lab, LocalConnection, PASSWORD, main, quote

TEXT = b"Everybody at once.\n"
SECONDS = 8


class Wire:
    """One connection that stays open, as programs have it."""

    def __init__(self, lab, token=None):
        self.connection = LocalConnection("localhost", lab.port, context=lab.tls(), timeout=60)
        self.headers = {"Content-Type": "application/json", **({"Authorization": "Bearer " + token} if token else {})}

    def call(self, method, path, body=None):
        reused = self.connection.sock is not None
        try:
            self.connection.request(method, path, json.dumps(body) if body is not None else None, self.headers)
            reply = self.connection.getresponse()
        except (ConnectionError, ssl.SSLEOFError):
            # A server may end an idle connection at any time; programs then ask again, once, on a new one.
            self.connection.close()
            if not reused:
                raise
            return self.call(method, path, body)
        data = reply.read()
        return reply.status, json.loads(data) if data and "json" in reply.headers.get("Content-Type", "") else data


def ask(lab, *request):
    """A request on a connection of its own. One that a retiring front had accepted and not begun is closed without an answer;
    nothing was done for it, and programs ask again, once."""
    try:
        return lab.http(*request)
    except (ConnectionError, ssl.SSLEOFError):
        return lab.http(*request)


def policy(*people):
    return {"PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False,
            "Policy": {"UserRights": [{"Users": list(people), "Rights": ["VIEW"]}], "allowOfflineAccess": True, "IntervalTimeInDays": 7}}


def people_programs_and_the_operator():
    # touches: S-105, S-185
    with Lab() as lab:
        people = {name: lab.person(name) for name in ("alice", "bob", "mallory")}
        tokens = {name: person.token() for name, person in people.items()}
        over = time.monotonic() + SECONDS
        done, wrong, made = collections.Counter(), [], collections.deque(maxlen=50)
        lock = threading.Lock()

        def check(what, fine, reply):
            with lock:
                done[what] += 1
                if not fine:
                    wrong.append((what, reply if len(str(reply)) < 600 else str(reply)[:600]))

        def protect():
            wire = Wire(lab, tokens["alice"])
            while time.monotonic() < over:
                status, reply = wire.call("POST", "/my/v2/publishinglicenses", policy("bob@contoso.test"))
                check("publish", status == 200, (status, reply))
                if status == 200:
                    made.append((reply["SerializedPublishingLicense"], reply["Key"]["Value"]))

        def read(name, granted):
            wire = Wire(lab, tokens[name])
            while time.monotonic() < over:
                if not made:
                    time.sleep(0.05)
                    continue
                licence, key = made[-1]
                status, reply = wire.call("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": licence})
                fine = status == 200 and (reply["Key"]["Value"] == key if granted else reply["AccessStatus"] == "AccessDenied" and not reply["Key"])
                check(f"read as {name}", fine, (status, reply))

        def look():
            wire = Wire(lab, tokens["bob"])
            while time.monotonic() < over:
                status, reply = wire.call("GET", "/my/v2/templates")
                check("templates", status == 200 and 2 <= len(reply) <= 3, (status, reply))
                status, reply = wire.call("GET", "/my/v2/servicediscovery?email=bob@contoso.test")
                check("discovery", status == 200, (status, reply))

        def strangers():
            while time.monotonic() < over:
                status, _, reply = ask(lab, "GET", "/my/v2/templates", None, {"Authorization": "Bearer " + "x" * 200})
                check("stranger", status == 401, (status, reply))

        def sign_in():
            while time.monotonic() < over:
                status, _, reply = ask(lab, "POST", "/contoso.test/oauth2/token",
                                       f"grant_type=password&client_id=rms&username=bob%40contoso.test&password={quote(PASSWORD)}",
                                       {"Content-Type": "application/x-www-form-urlencoded"})
                check("sign-in", status in (200, 429), (status, reply))
                time.sleep(0.1)

        def operate():
            changes = ((("template", "add", "--name", "Extra", "--description", "Extra", "--grant", "bob@contoso.test:VIEW", "--published")),
                       ("group", "add", "crowd", "--address", "crowd@contoso.test", "--kind", "security"),
                       ("group", "member", "add", "crowd", "bob@contoso.test"), ("template", "set", "Extra", "--grant", "crowd@contoso.test:VIEW"),
                       ("issuer", "add", "https://login.contoso.test/", "--audience", "https://rms.contoso.test/", "--jwks-uri", "https://login.contoso.test/keys"),
                       ("user", "set", "mallory@contoso.test", "--disable"), ("user", "set", "mallory@contoso.test", "--enable"),
                       ("superuser", "feature", "enable"), ("superuser", "feature", "disable"), ("health",), ("log", "usage", "--json", "--limit", "20"),
                       ("issuer", "remove", "https://login.contoso.test/", "--force"), ("group", "member", "remove", "crowd", "bob@contoso.test"),
                       ("group", "remove", "crowd", "--force"), ("template", "archive", "Extra"), ("template", "remove", "Extra", "--force"))
            while time.monotonic() < over:
                for change in changes:
                    result = lab.admin(*change, code=None)
                    check("operator", result.code == 0, repr(result))
                os.kill(lab.rmsd.pid, signal.SIGHUP)

        jobs = [(protect,), (protect,), (read, "bob", True), (read, "bob", True), (read, "alice", True), (look,), (strangers,), (sign_in,), (operate,)]
        with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
            for future in [pool.submit(*job) for job in jobs]:
                future.result()
        assert not wrong, (len(wrong), wrong[:5])
        assert all(done[what] > 3 for what in ("publish", "read as bob", "read as alice", "templates", "discovery", "stranger", "sign-in", "operator")), done
        rows = collections.Counter(r["request-type"] for r in lab.usage() if r["result"] == "Success")
        assert rows["FECreatePublishingLicenseV1"] == done["publish"], (rows, done)
        assert rows["FECreateEndUserLicenseV1"] == done["read as bob"] + done["read as alice"], (rows, done)


def one_person_in_many_windows():
    # touches: C-002, S-143
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        for i in range(6):
            alice.rms("protect", alice.write(f"{i}.txt", TEXT), "--perm", "bob@contoso.test:Co-Author", "--in-place")
        # The first commands of a fresh device, all at once: one prepares it, the others wait for that.
        fresh = bob.device(2)
        fresh.login()

        def windows(person, kind):
            def window(i):
                if kind == "open":
                    return person.rms("open", alice.home / f"{i}.ptxt", "-o", person.home / f"{i}-{time.monotonic_ns()}.txt")
                return person.rms("protect", person.write(f"{kind}/{i}.txt", TEXT), "--only-me", "--in-place")
            with concurrent.futures.ThreadPoolExecutor(6) as pool:
                return list(pool.map(window, range(6)))

        windows(fresh, "open")
        assert sorted(p.read_bytes() for p in fresh.home.glob("*-*.txt")) == [TEXT] * 6
        # All tokens ran out: one window renews, and nobody presents a refresh token twice, which would end the sign-in.
        for kind in ("first", "second"):
            lab.move_clock(seconds=2 * 3600)
            windows(fresh, kind)
        lab.move_clock(days=29)  # the certificates too
        windows(fresh, "third")
        fresh.rms("template", "list", "--refresh")
        assert len(list(fresh.home.glob("*/*.ptxt"))) == 18


if __name__ == "__main__":
    main(people_programs_and_the_operator, one_person_in_many_windows)
