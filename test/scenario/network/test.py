"""What the client makes of a bad network: a man in the middle that throttles, cuts, redirects, answers nonsense, and
listens. He has the service's own TLS certificate, so that nothing but his behaviour is wrong."""
import base64
import contextlib
import http.server
import json
import re
import socket
import socketserver
import ssl
import subprocess
import threading
import time

from rmslab import BUILD, Lab, LocalConnection, free_port, main

TEXT = b"MARKER-5b1d9d1c7f5a4c3e8a1b and more text\n" * 50


class Middle(http.server.BaseHTTPRequestHandler):
    """Forwards to the service unless the plan says otherwise; keeps everything that passes."""

    protocol_version = "HTTP/1.1"

    def forward(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        server = self.server
        server.seen.append((self.command, self.path, dict(self.headers), body))
        plan = server.plan(self) if server.plan else None
        if plan == "drop":
            self.connection.close()
            self.close_connection = True
            return
        if plan is None:
            plan = server.ask(self, body)
        status, headers, data = plan
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = forward

    def log_message(self, *args):
        pass


class Proxy(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, lab, port):
        super().__init__(("127.0.0.1", port), Middle)
        self.lab, self.plan, self.seen = lab, None, []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(lab.data / "tls" / "server.pem", self.key())
        self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def key(self):
        tls = self.lab.data / "tls"
        return next(p for p in sorted(tls.iterdir()) if b"PRIVATE KEY" in p.read_bytes() and "ca" not in p.name)

    def handle_error(self, request, client_address):
        pass  # dropped connections are the point

    def ask(self, handler, body):
        connection = LocalConnection("localhost", self.lab.port, context=self.lab.tls(), timeout=60)
        try:
            connection.request(handler.command, handler.path, body or None,
                               {k: v for k, v in handler.headers.items() if k.lower() not in ("content-length",)})
            reply = connection.getresponse()
            data = reply.read()
            keep = {k: v for k, v in reply.headers.items()
                    if k.lower() not in ("content-length", "connection", "transfer-encoding")}
            return reply.status, keep, data
        finally:
            connection.close()


class ProxyLab(Lab):
    """The service's public name is the proxy's."""

    def start(self, wait=True):
        self.proxy_port = free_port()
        self.url = f"https://localhost:{self.proxy_port}"
        super().start(wait)
        self.proxy = Proxy(self, self.proxy_port)

    def stop(self, seconds=30):
        if getattr(self, "proxy", None) is not None:
            self.proxy.shutdown()
            self.proxy.server_close()
            self.proxy = None
        return super().stop(seconds)


@contextlib.contextmanager
def story(**kwargs):
    with ProxyLab(people=("alice", "bob"), **kwargs) as lab:
        alice = lab.person("alice")
        path = alice.write("plan.txt", TEXT)
        alice.rms("protect", path, "--perm", "bob@contoso.test:Co-Author", "--in-place")
        lab.proxy.seen.clear()
        yield lab, alice, lab.person("bob"), alice.home / "plan.ptxt"


def requests(lab, part):
    return [s for s in lab.proxy.seen if part in s[1]]


def throttled_three_times():
    # proves: S-303, C-021
    with story() as (lab, alice, bob, file):
        times, waits = [], [2, 1, 1]

        def plan(handler):
            if "/uselicenses" in handler.path:
                times.append(time.monotonic())
                if len(times) <= 3:
                    return 429, {"Retry-After": str(waits[len(times) - 1])}, b"{}"
            return None

        lab.proxy.plan = plan
        bob.rms("unprotect", file, "-o", bob.home / "1.txt")
        assert (bob.home / "1.txt").read_bytes() == TEXT
        assert len(times) == 4, times
        pauses = [b - a for a, b in zip(times, times[1:])]
        assert all(p >= w for p, w in zip(pauses, waits)), pauses

        # without Retry-After: growing pauses, no busy loop; for ever: a named end after the cap
        config = bob.write("rms.conf", "retry_seconds = 5\n")
        (bob.home / ".config/openrms").mkdir(parents=True)
        config.rename(bob.home / ".config/openrms/rms.conf")
        bob.rms("cache", "clean")
        times.clear()
        lab.proxy.plan = lambda handler: (429, {}, b"{}") if "licenses" in handler.path else None
        other = alice.write("other.txt", TEXT)
        lab.proxy.plan, kept = None, lab.proxy.plan
        alice.rms("protect", other, "--perm", "bob@contoso.test:Co-Author", "--in-place")
        lab.proxy.plan = kept
        lab.proxy.seen.clear()
        began = time.monotonic()
        done = bob.rms("unprotect", alice.home / "other.ptxt", "-o", bob.home / "2.txt", code=6)
        took = time.monotonic() - began
        assert "throttled" in done.err, done
        assert took < 12, took
        assert 2 <= len(requests(lab, "/uselicenses")) <= 6, len(requests(lab, "/uselicenses"))
        assert not (bob.home / "2.txt").exists()
        # a second, whatever the service asks for
        (bob.home / ".config/openrms/rms.conf").write_text("retry_seconds = 1\n")
        lab.proxy.plan = lambda handler: (429, {"Retry-After": "30"}, b"{}") if "licenses" in handler.path else None
        began = time.monotonic()
        assert "throttled" in bob.rms("unprotect", alice.home / "other.ptxt", "-o", bob.home / "2.txt", code=6).err
        assert time.monotonic() - began < 20 and not (bob.home / "2.txt").exists()


def cut_and_nonsense():
    # touches: C-095
    with story() as (lab, alice, bob, file):
        answers = [
            ("drop", 6, "unreachable"),
            ((302, {"Location": "https://evil.example/"}, b""), None, ""),
            ((200, {"Content-Type": "text/html"}, b"<html>welcome to the hotel network</html>"), 6, "unreachable"),
            ((200, {}, b"{\"AccessStatus\":\"AccessGranted\",\"UseLicense\":\"AAAA\"}"), 1, "bad-license"),
            ((200, {}, b"{\"AccessStatus\":\"AccessGranted\"}"), 1, "bad-license"),
            ((200, {}, b"[]"), 1, "no-rights"),
            ((200, {}, b"{" * 100000), 6, "unreachable"),
            ((500, {}, b"{\"Code\":\"Microsoft.RightsManagement.Exceptions.BadInputException\"}"), 1, "bad-license"),
            ((503, {}, b""), 6, "unreachable"),
            ((424, {}, b"{}"), 6, "key-unavailable"),
        ]
        for answer, code, word in answers:
            lab.proxy.plan = lambda handler, a=answer: a if "/uselicenses" in handler.path else None
            done = bob.rms("unprotect", file, "-o", bob.home / "x.txt", code=code)
            assert done.code != 0 and word in done.err, (answer, done)
            assert not (bob.home / "x.txt").exists()
        lab.proxy.plan = None
        bob.rms("unprotect", file, "-o", bob.home / "x.txt")


def discovery_must_be_https():
    # touches: S-278
    with story() as (lab, alice, bob, file):
        def plan(handler):
            if "servicediscovery" not in handler.path or "Authorization" not in handler.headers:
                return None
            status, headers, data = lab.proxy.ask(handler, b"")
            return status, headers, data.replace(b"https://", b"http://")

        bob.rms("reset", "--yes")
        bob.login()
        lab.proxy.plan = plan
        done = bob.rms("open", file, "-o", bob.home / "x.txt", code=6)
        assert "unreachable" in done.err
        # a stored answer that is wrong: one failure, then discovery anew
        lab.proxy.plan = None
        bob.rms("unprotect", file, "-o", bob.home / "x.txt")


def an_expired_token_is_renewed():
    with story() as (lab, alice, bob, file):
        refused = []

        def plan(handler):
            if "/uselicenses" in handler.path and not refused:
                refused.append(handler.headers["Authorization"])
                return 401, {}, b""
            return None

        lab.proxy.plan = plan
        bob.rms("unprotect", file, "-o", bob.home / "x.txt")
        sent = [s[2]["Authorization"] for s in requests(lab, "/uselicenses")]
        assert len(sent) == 2 and sent[0] != sent[1], sent
        tokens = [s for s in requests(lab, "/oauth2/token") if b"refresh_token" in s[3]]
        assert len(tokens) == 1


def modulus_of(licensor):
    """Of the tenant's key, as licences write it."""
    text = base64.b64decode(licensor["LicensorCertificate"]).decode("utf-8-sig")
    return re.findall(r'size="2048">([A-Za-z0-9+/=]+)<', text[text.index("<ISSUEDPRINCIPALS"):])[0]


def templates_are_signed_with_the_key_in_use():
    # proves: S-114
    with story() as (lab, alice, bob, file):
        for name in ("Plan", "Budget"):
            lab.admin("template", "add", "--name", name, "--grant", "bob@contoso.test:Co-Author", "--published")

        def signed():
            """Each published template as its text."""
            return {t["Id"]: base64.b64decode(t["Template"]).decode("utf-8-sig") for t in alice.rest("GET", "/my/v2/signedtemplates")[2]}

        def key():
            return modulus_of(alice.rest("GET", "/my/v2/licensorcertificate")[2])

        before, former = signed(), key()
        lab.admin("key", "rotate", "--force")
        after, now = signed(), key()
        assert len(before) >= 4 and set(after) == set(before) and former != now
        for text in after.values():
            assert now in text[:text.index("</ISSUER>")] and former not in text, text[:2000]
        assert not any(now in text for text in before.values())

        # a file with a template that somebody changed on its way, or where it is kept
        def plan(handler):
            if "signedtemplates" not in handler.path:
                return None
            status, headers, data = lab.proxy.ask(handler, b"")
            rows = json.loads(data)
            for row in rows:
                row["Template"] = base64.b64encode(base64.b64decode(row["Template"]).replace(b"bob@", b"eve@")).decode()
            return status, headers, json.dumps(rows).encode()

        lab.proxy.plan = plan
        alice.rms("template", "refresh")
        shown = alice.rms("template", "list").out
        assert "Plan" not in shown and "All Employees" in shown, shown
        path = alice.write("new.txt", TEXT)
        for more in ((), ("--offline",)):
            refused = alice.rms(*more, "protect", path, "--template", "Plan", "--in-place", code=1)
            assert "(bad-signature)" in refused.err and path.read_bytes() == TEXT, refused
        lab.proxy.plan = None
        alice.rms("protect", path, "--template", "Plan", "--in-place")  # whole at the service: fetched anew
        assert bob.rms("cat", alice.home / "new.ptxt").out.encode() == TEXT


def no_content_on_the_wire():
    # proves: C-040, S-129
    with story() as (lab, alice, bob, file):
        lab.proxy.seen.clear()
        path = alice.write("wire.txt", TEXT)
        alice.rms("protect", path, "--perm", "bob@contoso.test:Co-Author", "--in-place", "--online")
        bob.rms("unprotect", alice.home / "wire.ptxt", "-o", bob.home / "wire.txt")
        assert (bob.home / "wire.txt").read_bytes() == TEXT
        seen = list(lab.proxy.seen)
        assert seen
        # A member that nobody declared is refused, and kept nowhere.
        status, _, reply = alice.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": "AAAA", "Content": TEXT.decode()})
        assert status == 400 and reply["Reason"] == "bad-argument", reply
        lab.stop()
        for file in (*lab.data.rglob("*"), lab.dir / "rmsd.log"):
            assert not file.is_file() or b"MARKER-5b1d9d1c7f5a4c3e8a1b" not in file.read_bytes(), file
        for _, target, headers, body in seen:
            assert b"MARKER-5b1d9d1c7f5a4c3e8a1b" not in body
            assert b"TUFSS0VS" not in body  # base64 of the marker's start
            assert "Authorization" not in headers or headers["Authorization"].startswith("Bearer ")


def nothing_is_asked_when_the_licence_is_here():
    # touches: C-027, S-134
    with story() as (lab, alice, bob, file):
        bob.rms("unprotect", file, "-o", bob.home / "1.txt")
        lab.proxy.seen.clear()
        bob.rms("unprotect", file, "-o", bob.home / "2.txt")
        alice.rms("unprotect", file, "-o", alice.home / "2.txt")
        assert lab.proxy.seen == []


def viewer(person, file, code=0, **env):
    """What the reference viewer (examples/viewer.c) lets the person do."""
    done = subprocess.run([BUILD / "examples/example_viewer", file], env=person.env(**env), cwd=person.home, capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == code and "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done
    return done.stderr if code else {line.split()[1] for line in done.stdout.splitlines() if line.startswith("enabled ")}


def every_outcome_is_told_apart():
    # proves: S-148, S-294
    with story() as (lab, alice, bob, file):
        denied = lambda reason: (200, {}, json.dumps({"AccessStatus": "AccessDenied", "Reason": reason, "ErrorMessage": "words of the service",
                                                      "Referrer": "mailto:alice@contoso.test"}).encode())
        refused = lambda reason, status=400: (status, {}, json.dumps({"Reason": reason, "Message": "words of the service"}).encode())
        config = bob.home / ".config/openrms/rms.conf"
        config.parent.mkdir(parents=True)
        outcomes = [
            (denied("no-rights"), "no-rights", "no-rights", 1),
            (denied("expired"), "expired", "expired", 1),
            (denied("revoked"), "revoked", "revoked", 1),
            (refused("role-required", 403), "role-required", "not-owner", 3),
            (refused("account-disabled"), "account-disabled", "identity", 3),
            (refused("template-archived"), "template-archived", "template", 1),
            (refused("template-not-found"), "template-not-found", "template", 4),
            (refused("not-registered", 404), "not-registered", "not-registered", 4),
            ((429, {"Retry-After": "100000"}, b"{}"), "throttled", "throttled", 6),
            ("drop", "unreachable", "network", 6),
            (refused("consent-refused"), "consent-refused", "consent", 1),
            (denied("moon-phase"), "moon-phase", "other", 1),
            (refused("moon-phase"), "moon-phase", "other", 1),
            (None, "needs-online", "needs-online", 6),  # the context is offline
        ]
        told = {}
        for answer, reason, category, code in outcomes:
            config.write_text("offline = true\n" if answer is None else "")
            lab.proxy.plan = lambda handler, a=answer: a if "/uselicenses" in handler.path else None
            said = viewer(bob, file, code=code)
            assert f"({reason}, {category})" in said, (reason, said)
            assert "ask: " in said or answer != denied(reason), said
            line = bob.rms("cat", file, code=code)
            assert line.out == "" and ("moon-phase" in line.err if category == "other" else reason in line.err), line
            told.setdefault(category, set()).add(line.err.splitlines()[0])
        flat = [text for texts in told.values() for text in texts]
        assert len(told) == 12 and len(set(flat)) == len(flat), told  # no two categories share their sentence
        # the service's number for it, and its words, are kept
        config.write_text("")
        lab.proxy.plan = None
        mallory = lab.person(lab.add_user("mallory"))
        mallory.login()
        said = viewer(mallory, file, code=1)
        assert "(no-rights, no-rights)" in said and "number: " in said and "ask: mailto:alice@contoso.test" in said, said
        row = lab.usage(user_id="mallory@contoso.test")[-1]
        assert said.split("number: ")[1].split()[0] in row.values(), (said, row)


def the_contract_is_kept():
    # proves: S-089, C-088
    everything = {"load", "modify", "cut", "paste", "save", "copy", "screen-capture", "save-as", "offer-clear-formats", "print", "comment",
                  "comment-only", "edit-policy", "macros"}
    editing = {"modify", "cut", "paste"}
    rights = {"VIEW": set(), "EDIT": editing | {"save"}, "DOCEDIT": editing, "COMMENT": {"comment-only"}, "EXPORT": {"save-as", "offer-clear-formats"},
              "FORWARD": set(), "OWNER": everything, "PRINT": {"print"}, "REPLY": set(), "REPLYALL": set(), "EXTRACT": {"copy", "screen-capture"},
              "VIEWRIGHTSDATA": set(), "EDITRIGHTSDATA": {"edit-policy"}, "OBJMODEL": {"macros"}, "OUR.OWN": set()}
    with story() as (lab, alice, bob, file):
        files = {right: alice.write(f"{right}.txt", TEXT) for right in rights}
        for right, path in files.items():
            more = ("--custom-right", "OUR.OWN") if right == "OUR.OWN" else ()
            alice.rms("protect", path, "--perm", f"bob@contoso.test:{right}", "--in-place", *more)
        for right, path in files.items():
            assert viewer(bob, path.with_suffix(".ptxt")) == rights[right] | {"load"}, right
        # a use licence that was changed on its way enables nothing
        def spoil(handler):
            if "/uselicenses" not in handler.path:
                return None
            status, headers, data = lab.proxy.ask(handler, lab.proxy.seen[-1][3])
            reply = json.loads(data)
            licence = bytearray(base64.b64decode(reply["UseLicense"]))
            licence[licence.index(b"bob@contoso.test")] ^= 1
            reply["UseLicense"] = base64.b64encode(licence).decode()
            return status, headers, json.dumps(reply).encode()

        bob.rms("cache", "clean")
        fresh = alice.write("fresh.txt", TEXT)
        alice.rms("protect", fresh, "--perm", "bob@contoso.test:VIEW,PRINT", "--in-place")
        lab.proxy.plan = spoil
        said = viewer(bob, fresh.with_suffix(".ptxt"), code=1)
        assert "(bad-signature" in said, said
        lab.proxy.plan = None
        assert viewer(bob, fresh.with_suffix(".ptxt")) == {"load", "print"}


def certificates_renew_and_old_ones_do_not_count():
    # proves: S-124, C-003
    with story() as (lab, alice, bob, file):
        def fresh(name):
            alice.rms("protect", alice.write(f"{name}.txt", TEXT), "--perm", "bob@contoso.test:Co-Author", "--offline-days", "7", "--in-place")
            return alice.home / f"{name}.ptxt"

        bob.rms("cat", file)
        old = requests(lab, "/uselicenses")[-1]
        lab.move_clock(days=31)
        before = len(requests(lab, "/accountcertificates"))
        bob.rms("cat", fresh("second"))  # there is no terminal: nobody could be asked for anything
        assert len(requests(lab, "/accountcertificates")) > before
        lab.move_clock(days=9)
        status, _, reply = bob.rest("POST", old[1], old[3])
        assert status == 400 and reply["Reason"] == "rac-expired", reply
        kept, missed = fresh("kept"), fresh("missed")
        bob.rms("cat", kept)
        lab.admin("user", "set", "bob@contoso.test", "--disable")
        for verb in (("bootstrap", "--force"), ("cat", missed)):
            assert "(account-disabled)" in bob.rms(*verb, code=3).err
        assert bob.rms("cat", kept).out == TEXT.decode()
        lab.move_clock(days=8)
        bob.rms("cat", kept, code=3)


class Tunnel(socketserver.ThreadingTCPServer):
    """A proxy for HTTPS; one that wants a password says so."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Through)
        self.used, self.wants_password = 0, False
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Through(socketserver.BaseRequestHandler):
    def handle(self):
        head = b""
        while b"\r\n\r\n" not in head:
            part = self.request.recv(4096)
            if not part:
                return
            head += part
        self.server.used += 1
        if self.server.wants_password:
            self.request.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\n\r\n")
            return
        port = int(head.split()[1].rpartition(b":")[2])
        with socket.create_connection(("127.0.0.1", port)) as far:
            self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=self.pump, args=(far, self.request), daemon=True)
            back.start()
            self.pump(self.request, far)
            back.join(60)

    @staticmethod
    def pump(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


def proxies():
    # proves: S-306, C-020
    with Lab(people=("alice",)) as lab, Tunnel() as tunnel:
        alice = lab.person("alice")
        named, config = alice.env(https_proxy=tunnel.url), alice.home / ".config/openrms/rms.conf"
        alice.rms("bootstrap", "--force", env=named)
        by_environment = tunnel.used
        assert by_environment > 0
        for exempt in ("localhost", "other.test,localhost", "*"):
            alice.rms("bootstrap", "--force", env=alice.env(https_proxy=tunnel.url, no_proxy=exempt))
            assert tunnel.used == by_environment, exempt
        config.parent.mkdir(parents=True)
        config.write_text(f'proxy = "{tunnel.url}"\n')
        alice.rms("bootstrap", "--force")
        assert tunnel.used > by_environment
        tunnel.wants_password = True
        began = time.monotonic()
        said = alice.rms("bootstrap", "--force", code=6).err
        assert "proxy authentication unsupported" in said and f"localhost:{lab.port}" in said and time.monotonic() - began < 60, said
        tunnel.shutdown()


if __name__ == "__main__":
    main(throttled_three_times, cut_and_nonsense, discovery_must_be_https, an_expired_token_is_renewed,
         templates_are_signed_with_the_key_in_use, no_content_on_the_wire, nothing_is_asked_when_the_licence_is_here, every_outcome_is_told_apart, the_contract_is_kept,
         certificates_renew_and_old_ones_do_not_count, proxies)
