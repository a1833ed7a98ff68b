"""The service is found by DNS: a real name server and a real service on a loopback of their own.

The test makes itself a network and a mount namespace, so that nothing of the machine changes or is asked: its own
/etc/resolv.conf, port 53 and 443. Without the right to make them it fails."""
import concurrent.futures
import contextlib
import http.server
import itertools
import os
import pathlib
import pty
import socket
import ssl
import subprocess
import sys
import threading
import time

from directories import Slapd
from rmslab import BUILD, PASSWORD, Lab, Person, main

TEXT = b"Found by its name.\n"
INSIDE = "RMS_SRV_TEST_INSIDE"
NAME = "_rmsdisco._http._tcp."
OURS, THEIRS, NOBODY = "127.0.0.1", "127.0.0.66", "127.0.0.99"


def enter():
    """Starts this program anew in namespaces of its own, as root of them, or says why not."""
    own = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = ["unshare", *own, "--net", "--mount", "--propagation", "private", "--"]
    tried = subprocess.run([*command, "true"], capture_output=True, text=True)
    if tried.returncode != 0:
        sys.exit("this test needs network and mount namespaces of its own (root with CAP_SYS_ADMIN, or user namespaces), "
                 f"and the machine does not permit them: {tried.stderr.strip()}")
    os.environ[INSIDE] = "1"
    os.execvp(command[0], [*command, sys.executable, *sys.argv])


def cover(path, text=""):
    """Puts a file of ours over one of the machine's, for this mount namespace alone; from then on the path is ours to write."""
    file = pathlib.Path(LAB.dir, path.replace("/", "-"))
    file.write_text(text)
    subprocess.run(["mount", "--bind", file, os.path.realpath(path)], check=True)
    assert os.path.samefile(path, file)


def name_servers(*addresses, options=""):
    assert os.path.samefile("/etc/resolv.conf", LAB.dir / "-etc-resolv.conf"), "the machine's own file"
    pathlib.Path("/etc/resolv.conf").write_text("".join(f"nameserver {address}\n" for address in addresses) + options)


class Dns:
    """dnsmasq with the records of one test, and a log of what it is asked."""

    def __init__(self, *records, ours=OURS):
        self.log = LAB.dir / f"dns-{next(NUMBERS)}.log"
        self.process = subprocess.Popen(
            ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--pid-file", "--user=root",
             "--bind-interfaces", "--listen-address=" + OURS, "--log-queries", "--log-facility=" + str(self.log),
             "--local=/test/", "--host-record=rms.contoso.test," + ours, *records],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + 30
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < end, self.process.stderr.read()

    def answers(self):
        query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05ready\x04test\x00\x00\x01\x00\x01"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.2)
            with contextlib.suppress(OSError):
                s.connect((OURS, 53))
                s.send(query)
                return s.recv(512)[:2] == b"\x12\x34"
        time.sleep(0.05)
        return False

    def names(self, kind="query["):
        return [line.split()[-3] for line in self.log.read_text().splitlines() if kind in line]

    def asked(self):
        """Names of the SRV questions so far, in their order."""
        return self.names("query[SRV]")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.process.stderr.close()


def srv(domain, target, priority=0, weight=0, port=80):
    return f"--srv-host={NAME}{domain},{target},{port},{priority},{weight}" if target else f"--srv-host={NAME}{domain}"


class NamedLab(Lab):
    """The service has a name and the port that clients take for granted."""

    def start(self, wait=True):
        self.port, self.url = 443, "https://rms.contoso.test"
        super().start(wait)


LAB = NamedLab(people=("alice", "bob"), login=False)
NUMBERS = itertools.count(100)


def fresh(address="alice@contoso.test"):
    """Somebody on a new device."""
    return Person(LAB, address.split("@")[0], address, next(NUMBERS))


def plain(person, **extra):
    """An environment in which nothing says where the service is."""
    return person.env(RMS_URL=None, **extra)


def sign_in(person, code=0, **extra):
    return person.rms("login", "--email", person.address, "--password-stdin", stdin=PASSWORD + "\n", env=plain(person, **extra), code=code)


class Thief(http.server.BaseHTTPRequestHandler):
    """Behaves like a rights service that wants a password, and keeps what it is told."""

    def take(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        self.send_response(401)
        self.send_header("WWW-Authenticate", f'Bearer authorization_uri="https://{self.server.name}/t/oauth2/authorize", realm="x", resource="y"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = take

    def log_message(self, *args):
        pass


class Trap(http.server.ThreadingHTTPServer):
    """The thief's server: a name, and a certificate for it from an authority the client trusts (as anybody gets one for his own
    domain) or from none."""

    daemon_threads = True

    def __init__(self, name, trusted=True, address=THEIRS):
        super().__init__((address, 443), Thief)
        self.name, self.seen, self.greeted = name, [], 0
        key, cert = LAB.dir / f"{name}.key", LAB.dir / f"{name}.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-keyout", key, "-out", cert, "-subj", "/CN=" + name, "-addext", "subjectAltName=DNS:" + name],
                       check=True, capture_output=True)
        self.ca = LAB.dir / f"{name}.trusted.pem"
        self.ca.write_bytes(LAB.ca.read_bytes() + (cert.read_bytes() if trusted else b""))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def get_request(self):
        self.greeted += 1
        return super().get_request()

    def handle_error(self, request, client_address):
        pass  # who does not trust it hangs up

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def got_secrets(self):
        return any(PASSWORD.encode() in body or b"password" in body or "Authorization" in headers for _, _, headers, body in self.seen)


def start():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    LAB.__enter__()
    cover("/etc/resolv.conf")
    if os.path.exists("/etc/nsswitch.conf"):
        cover("/etc/nsswitch.conf", "hosts: files dns\n")  # no resolver of the machine that a socket file leads to
    name_servers(OURS)


def stop():
    LAB.__exit__(None, None, None)


def the_service_of_the_domain_is_found():
    # touches: C-013, S-123, S-278
    with Dns(srv("contoso.test", "rms.contoso.test")) as dns:
        alice, bob = fresh(), fresh("bob@contoso.test")
        for person in (alice, bob):
            sign_in(person)
        alice.rms("protect", alice.write("a.txt", TEXT), "--perm", "bob@contoso.test:Co-Author", "--in-place", env=plain(alice))
        bob.rms("open", alice.home / "a.ptxt", "-o", bob.home / "a.txt", env=plain(bob))
        assert (bob.home / "a.txt").read_bytes() == TEXT
        assert '"https://rms.contoso.test"' in alice.rms("--json", "whoami", env=plain(alice)).out
        assert dns.asked() == [NAME + "contoso.test"] * 2, dns.asked()  # asked at sign-in, then kept


def settings_come_before_dns():
    # touches: C-013, S-123
    with Dns(srv("contoso.test", "dead.contoso.test"), "--host-record=dead.contoso.test," + NOBODY) as dns:
        fresh().login()  # RMS_URL is set
        other = fresh()
        (other.home / ".config/openrms").mkdir(parents=True)
        (other.home / ".config/openrms/rms.conf").write_text('url = "https://rms.contoso.test"\n')
        sign_in(other)
        assert dns.asked() == []
        gone = sign_in(fresh(), code=6)
        assert "unreachable" in gone.err and "https://dead.contoso.test" in gone.err, gone


def the_next_host_is_tried_when_one_is_down():
    with Dns(srv("contoso.test", "rms.contoso.test", 30), srv("contoso.test", "nowhere.contoso.test", 10),
             srv("contoso.test", "dead.contoso.test", 20, 50), srv("contoso.test", "backup.contoso.test", 40),
             "--host-record=dead.contoso.test," + NOBODY, "--host-record=backup.contoso.test," + THEIRS) as dns:
        with Trap("backup.contoso.test") as trap:
            alice = fresh()
            sign_in(alice)
            alice.rms("template", "list", env=plain(alice))
            asked = [name for name in dns.names() if name.endswith(".contoso.test") and not name.startswith("_")]
            assert list(dict.fromkeys(asked)) == ["nowhere.contoso.test", "dead.contoso.test", "rms.contoso.test"], asked
            assert trap.greeted == 0


def without_a_record_the_reason_is_clear():
    # touches: C-013, S-278
    with Dns(srv("none.test", None)) as dns:
        alice = fresh()
        missing = sign_in(alice, code=6)
        assert "unreachable" in missing.err and "DNS has no SRV record _rmsdisco._http._tcp.contoso.test" in missing.err, missing
        assert "RMS_URL" in missing.err and "rms.conf" in missing.err, missing
        assert not (alice.home / ".local/share/openrms/store.db").exists()

        sign_in(fresh("alice@a.eu.contoso.test"), code=6)
        assert dns.asked()[1:] == [NAME + "a.eu.contoso.test", NAME + "eu.contoso.test", NAME + "contoso.test"], dns.asked()

        decided = sign_in(fresh("alice@none.test"), code=6)  # the target "." of RFC 2782
        assert "_rmsdisco._http._tcp.none.test says that there is none" in decided.err, decided


def dns_alone_does_not_get_a_password():
    """The thief writes the DNS records, and has a trusted certificate for a domain of his own."""
    names = ("rms.evil.test", "contoso.test.evil.test", "evilcontoso.test")
    with Dns(srv("evil.test", "rms.evil.test"), *(srv("contoso.test", name) for name in names),
             *(f"--host-record={name},{THEIRS}" for name in names)), Trap("rms.evil.test") as trap:
        # the last one: the record is of a parent, which may be of somebody else (as co.uk is)
        for address in ("alice@contoso.test", "alice@contoso.test", "alice@contoso.test", "alice@x.evil.test"):
            refused = sign_in(fresh(address), code=1, RMS_CA=trap.ca)
            assert "server-not-trusted" in refused.err and "trusted_servers in rms.conf" in refused.err, refused
            assert "is neither in the mail domain nor among the trusted servers" in refused.err, refused
        doubt = fresh().rms("--user", "alice@contoso.test", "doctor", env=plain(fresh(), RMS_CA=trap.ca), code=1)
        assert "neither in the mail domain" in doubt.out, doubt
        assert trap.greeted == 0

        # who is listed is asked: the list is the person's word
        alice = fresh("alice@x.evil.test")
        config = alice.home / ".config/openrms/rms.conf"
        config.parent.mkdir(parents=True)
        config.write_text('trusted_servers = {"https://rms.evil.test"}\n')
        sign_in(alice, code=6, RMS_CA=trap.ca)
        assert trap.seen[0][1].startswith("/my/v2/servicediscovery") and trap.got_secrets()


def at_a_terminal(person, answer, **extra):
    """Signs in at a terminal, where the person is asked about a host outside of the mail domain; (exit status, text)."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([BUILD / "cmd/rms/rms", "login", "--email", person.address, "--device"], cwd=person.home, stdin=theirs,
                          stdout=theirs, stderr=theirs, env=plain(person, TERM="xterm", **extra), start_new_session=True) as process:
        os.close(theirs)
        text = b""
        with contextlib.suppress(OSError):  # how a terminal says that the other side is gone
            while piece := os.read(ours, 4096):
                text += piece
                if answer and b"nor in your mail domain?" in text:
                    os.write(ours, answer)
                    answer = None
        os.close(ours)
    return process.returncode, text.decode(errors="replace")


def a_person_is_asked():
    with Dns(srv("contoso.test", "rms.evil.test"), "--host-record=rms.evil.test," + THEIRS), Trap("rms.evil.test") as trap:
        code, text = at_a_terminal(fresh(), b"n\n", RMS_CA=trap.ca)
        assert code == 1 and "Contact https://rms.evil.test, which" in text and "consent-refused" in text, text
        assert trap.greeted == 0
        code, text = at_a_terminal(fresh(), b"y\n", RMS_CA=trap.ca)
        assert code == 6 and trap.seen, text


def a_name_that_leads_elsewhere_is_not_believed():
    """The record is right, the address behind the name is the thief's: his certificate is for another name, or nobody's."""
    alice = fresh()
    with Dns(srv("contoso.test", "rms.contoso.test")):
        sign_in(alice)
    for name, trusted in (("rms.evil.test", True), ("rms.contoso.test", False)):
        with Dns(srv("contoso.test", "rms.contoso.test"), ours=THEIRS), Trap(name, trusted) as trap:
            refused = sign_in(fresh(), code=6, RMS_CA=trap.ca)
            assert "(tls)" in refused.err and "certificate" in refused.err, refused
            # nor does he who waits until somebody is signed in get tokens
            alice.rms("bootstrap", "--force", env=plain(alice, RMS_CA=trap.ca), code=6)
            assert trap.greeted == 2 and trap.seen == [], trap.seen


def timed(person):
    began = time.monotonic()
    return sign_in(person, code=6).err, time.monotonic() - began


class GoneLab(Lab):
    """The service of somebody else, under a name that leads nowhere afterwards."""

    def start(self, wait=True):
        self.url = f"https://dead.contoso.test:{self.port}"
        super().start(wait)


def of_another_service():
    """A protected file, and the root of the service that its licence names."""
    with Dns("--host-record=dead.contoso.test," + OURS), GoneLab(people=("gus",), tenant=("Gone", "gone.test")) as lab:
        gus = lab.person("gus")
        gus.rms("protect", gus.write("g.txt", TEXT), "--only-me", "--in-place")
        return (gus.home / "g.ptxt").read_bytes(), lab.url


def the_order_of_the_sources():
    # proves: S-123
    """Setting, directory, DNS, the service for the rest: each names another server, and one after the other is taken away."""
    sources = ("setting", "directory", "dns", "rest")
    hosts = [f"--host-record={name}.contoso.test,127.0.0.{71 + i}" for i, name in enumerate(sources)]
    with contextlib.ExitStack() as stack:
        traps = {name: stack.enter_context(Trap(f"{name}.contoso.test", address=f"127.0.0.{71 + i}")) for i, name in enumerate(sources)}
        trusted = LAB.dir / "all.pem"
        trusted.write_bytes(b"".join(trap.ca.read_bytes() for trap in traps.values()))
        slapd = Slapd(LAB.dir / "slapd")
        slapd.load(f"dn: cn=SCP,{slapd.base}\nobjectClass: serviceConnectionPoint\ncn: SCP\n"
                   "serviceBindingInformation: https://directory.contoso.test/_wmcs/certification\n")
        stack.enter_context(slapd)
        alice = fresh()
        config = alice.home / ".config/openrms/rms.conf"
        config.parent.mkdir(parents=True)

        def reached(*there, dns=True, **extra):
            """Which server a sign-in came to, with these lines in rms.conf."""
            config.write_text("".join(line + "\n" for line in there))
            before = {name: trap.greeted for name, trap in traps.items()}
            with Dns(*([srv("contoso.test", "dns.contoso.test")] if dns else []), *hosts):
                done = sign_in(alice, code=None, RMS_CA=trusted, **extra)
            assert done.code != 0
            return [name for name, trap in traps.items() if trap.greeted > before[name]], done

        url = 'url = "https://setting.contoso.test"'
        point = f'connection_point = "{slapd.url}/cn=SCP,{slapd.base}"'
        rest = 'discovery = "https://rest.contoso.test"'
        assert reached(url, point, rest)[0] == ["setting"]
        assert reached(point, rest)[0] == ["directory"]
        for gone in ((), (f'connection_point = "{slapd.url}/cn=None,{slapd.base}"',), ('connection_point = "ldap://127.0.0.1:9/cn=SCP"',),
                     ('connection_point = "file:///etc/passwd"',), ('connection_point = "https://setting.contoso.test/x"',)):
            assert reached(*gone, rest)[0] == ["dns"], gone
        assert reached(rest, dns=False)[0] == ["rest"]
        nowhere, done = reached(dns=False)
        assert nowhere == [] and done.code == 6 and "unreachable" in done.err, done
        # what the directory says is believed no more than DNS: a password only for a server of the mail domain
        slapd.modify(f"dn: cn=SCP,{slapd.base}\nchangetype: modify\nreplace: serviceBindingInformation\n"
                     "serviceBindingInformation: https://rms.evil.test/\n")
        nowhere, done = reached(point, rest)
        assert nowhere == [] and "server-not-trusted" in done.err, done

    # Content whose licence names a server that is gone: that one first, then the one that discovery finds, then no more.
    file, gone = of_another_service()
    with Dns(srv("contoso.test", "rms.contoso.test"), "--host-record=dead.contoso.test," + NOBODY) as dns:
        alice = fresh()
        sign_in(alice)
        config = alice.home / ".config/openrms/rms.conf"
        config.parent.mkdir(parents=True)
        config.write_text(f'trusted_servers = {{ "{gone}" }}\n')
        foreign = alice.write("foreign.ptxt", file)
        before = len(LAB.usage(request_type="AcquireLicense"))
        done = alice.rms("open", foreign, "-o", alice.home / "x.txt", env=plain(alice), code=6)
        assert "(unreachable)" in done.err and "dead.contoso.test" in done.err and not (alice.home / "x.txt").exists(), done
        assert "dead.contoso.test" in dns.names("query[A]")
        assert len(LAB.usage(request_type="AcquireLicense")) == before + 1


def a_name_server_that_hangs():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((NOBODY, 53))
        # for one the record does not come, for the other the address behind it
        with Dns(srv("contoso.test", "slow.contoso.test"), f"--server=/slow.contoso.test/hangs.test/{NOBODY}") as dns:
            with concurrent.futures.ThreadPoolExecutor() as pool:
                record, address = pool.map(timed, (fresh("alice@a.hangs.test"), fresh()))
            assert "DNS gives no usable answer about _rmsdisco._http._tcp.a.hangs.test" in record[0] and record[1] < 30, record
            assert "unreachable" in address[0] and "slow.contoso.test" in address[0] and address[1] < 60, address
            # who keeps an answer away does not make another domain decide
            assert NAME + "hangs.test" not in dns.asked(), dns.asked()
        # the first of two hangs: the other one answers
        name_servers(NOBODY, OURS, options="options timeout:1\n")
        with Dns(srv("contoso.test", "rms.contoso.test")):
            sign_in(fresh())
        name_servers(OURS)


if __name__ == "__main__":
    if INSIDE not in os.environ:
        enter()
    main(start, the_service_of_the_domain_is_found, settings_come_before_dns, the_next_host_is_tried_when_one_is_down,
         without_a_record_the_reason_is_clear, dns_alone_does_not_get_a_password, a_person_is_asked,
         a_name_that_leads_elsewhere_is_not_believed, the_order_of_the_sources,
         a_name_server_that_hangs, stop)
