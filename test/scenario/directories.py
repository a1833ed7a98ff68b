"""Directories of a test's own: certificates for them, and slapd on loopback with a configuration in a directory of its own."""
import base64
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from rmslab import Lab, free_port

TEXT = b"Board minutes, not for the press.\n"

SCHEMA = """dn: cn=openrms,cn=schema,cn=config
objectClass: olcSchemaConfig
cn: openrms
olcAttributeTypes: ( 1.3.6.1.4.1.4203.666.11.1 NAME 'proxyAddresses' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
olcAttributeTypes: ( 1.3.6.1.4.1.4203.666.11.2 NAME 'userPrincipalName' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
olcAttributeTypes: ( 1.3.6.1.4.1.4203.666.11.6 NAME 'userAccountControl' EQUALITY integerMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
olcAttributeTypes: ( 1.3.6.1.4.1.4203.666.11.4 NAME 'serviceBindingInformation' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
olcObjectClasses: ( 1.3.6.1.4.1.4203.666.11.3 NAME 'mailObject' SUP top AUXILIARY
  MAY ( proxyAddresses $ userPrincipalName $ mail $ userAccountControl ) )
olcObjectClasses: ( 1.3.6.1.4.1.4203.666.11.5 NAME 'serviceConnectionPoint' SUP top STRUCTURAL
  MUST cn MAY serviceBindingInformation )
"""

CONFIG = """dn: cn=config
objectClass: olcGlobal
cn: config
olcPidFile: {dir}/slapd.pid
olcTLSCertificateFile: {dir}/server.pem
olcTLSCertificateKeyFile: {dir}/server.key
olcTLSCACertificateFile: {dir}/ca.pem
olcAllows: bind_anon_cred
olcSizeLimit: size.soft=500 size.hard=500 size.prtotal=unlimited

dn: cn=module,cn=config
objectClass: olcModuleList
cn: module
olcModulePath: /usr/lib/ldap
olcModuleLoad: back_mdb
olcModuleLoad: dynlist

dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

include: file:///etc/ldap/schema/core.ldif

include: file:///etc/ldap/schema/cosine.ldif

include: file:///etc/ldap/schema/inetorgperson.ldif

include: file:///etc/ldap/schema/dyngroup.ldif

{schema}
dn: olcDatabase=frontend,cn=config
objectClass: olcDatabaseConfig
objectClass: olcFrontendConfig
olcDatabase: frontend

dn: olcDatabase=config,cn=config
objectClass: olcDatabaseConfig
olcDatabase: config
olcRootDN: cn=root,cn=config
olcRootPW: {root}

dn: olcDatabase=mdb,cn=config
objectClass: olcDatabaseConfig
objectClass: olcMdbConfig
olcDatabase: mdb
olcDbDirectory: {dir}/data
olcDbMaxSize: 1073741824
olcDbNoSync: TRUE
olcDbIndex: objectClass eq
olcDbIndex: modifyTimestamp eq
olcSuffix: {base}
olcRootDN: cn=root,{base}
olcRootPW: {root}
olcAccess: to attrs=userPassword by anonymous auth by * none
olcAccess: to dn.exact="cn=SCP,{base}" by * read
olcAccess: to * by dn.exact="cn=rms,{base}" read by * none
olcLimits: dn.exact="cn=rms,{base}" size.soft=500 size.hard=500 size.prtotal=unlimited

dn: olcOverlay=dynlist,olcDatabase={{1}}mdb,cn=config
objectClass: olcOverlayConfig
objectClass: olcDynamicList
olcOverlay: dynlist
olcDlAttrSet: groupOfURLs memberURL member
"""


def certificates(directory, names):
    """ca.pem, server.pem and server.key for the names ("DNS:...", "IP:...")."""
    directory = pathlib.Path(directory)

    def openssl(*args):
        subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=directory)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-keyout", "ca.key",
            "-out", "ca.pem", "-subj", "/CN=Directory CA", "-addext", "basicConstraints=critical,CA:TRUE")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=directory")
    (directory / "names").write_text("subjectAltName=" + ",".join(names) + "\nextendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
            "-out", "server.pem", "-extfile", "names")


class Daemon:
    """A server that a subclass starts (self.process), with its output in self.log and its files in self.dir."""

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
            self.log.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


class Slapd(Daemon):
    """A private slapd. People are below ou=people, groups below ou=groups."""

    base = "dc=contoso,dc=test"
    password = "reads everything"

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(mode=0o700)
        self.plain, self.tls = free_port(), free_port()
        self.url = f"ldap://127.0.0.1:{self.plain}"
        self.tls_url = f"ldaps://127.0.0.1:{self.tls}"
        self.root = os.urandom(16).hex()
        self.process = None
        for name in ("config", "data"):
            (self.dir / name).mkdir()
        certificates(self.dir, ["IP:127.0.0.1"])
        text = CONFIG.format(dir=self.dir, root=self.root, base=self.base, schema=SCHEMA)
        self.tool("slapadd", "-n0", "-F", self.dir / "config", stdin=text)
        self.load(f"dn: {self.base}\nobjectClass: organization\nobjectClass: dcObject\no: Contoso\ndc: contoso\n\n"
                  f"dn: ou=people,{self.base}\nobjectClass: organizationalUnit\nou: people\n\n"
                  f"dn: ou=groups,{self.base}\nobjectClass: organizationalUnit\nou: groups\n\n"
                  f"dn: cn=rms,{self.base}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n"
                  f"cn: rms\nuserPassword: {self.password}\n")

    @staticmethod
    def tool(*args, stdin=None):
        done = subprocess.run([str(a) if i else f"/usr/sbin/{a}" for i, a in enumerate(args)], input=stdin, capture_output=True,
                              text=True)
        assert done.returncode == 0, (args, done.stderr[-3000:])

    def load(self, ldif):
        """While it does not run: fast."""
        assert self.process is None
        self.tool("slapadd", "-q", "-n1", "-F", self.dir / "config", stdin=ldif)

    def start(self):
        self.log = open(self.dir / "log", "ab")
        self.process = subprocess.Popen(
            ["/usr/sbin/slapd", "-d", "stats", "-F", self.dir / "config", "-h", f"{self.url}/ {self.tls_url}/"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        end = time.monotonic() + 60
        while True:
            assert self.process.poll() is None and time.monotonic() < end, self.log_text()
            with contextlib.suppress(AssertionError):
                self.client("ldapsearch", "-LLL", "-s", "base", "-b", "", "supportedLDAPVersion")
                return self
            time.sleep(0.1)

    def log_text(self):
        return (self.dir / "log").read_text(errors="replace")

    def client(self, program, *args, stdin=None):
        env = {"PATH": os.environ["PATH"], "LDAPTLS_CACERT": str(self.dir / "ca.pem")}
        done = subprocess.run([program, "-x", "-H", self.tls_url, "-D", f"cn=root,{self.base}", "-w", self.root, *args],
                              input=stdin, capture_output=True, text=True, env=env, timeout=120)
        assert done.returncode == 0, (program, args, done.stderr)
        return done.stdout

    def modify(self, ldif):
        self.client("ldapmodify", stdin=ldif)

    def person_dn(self, name):
        return f"uid={name},ou=people,{self.base}"

    def group_dn(self, name):
        return f"cn={name},ou=groups,{self.base}"

    def person(self, name, *values, password=None):
        """LDIF of a person; values are further lines."""
        return "\n".join([f"dn: {self.person_dn(name)}", "objectClass: inetOrgPerson", "objectClass: mailObject", f"uid: {name}",
                          f"cn: {name.capitalize()}", f"sn: {name.capitalize()}",
                          *([f"userPassword: {password}"] if password else []), *values]) + "\n\n"

    def group(self, name, members, *values):
        """LDIF of a group; members are DNs."""
        return "\n".join([f"dn: {self.group_dn(name)}", "objectClass: groupOfNames", "objectClass: mailObject", f"cn: {name}",
                          *(f"member: {dn}" for dn in members or [f"cn=rms,{self.base}"]), *values]) + "\n\n"

    def add(self, *entries):
        self.client("ldapadd", stdin="".join(entries))

    def delete(self, *dns):
        self.client("ldapdelete", *dns)


class Samba(Daemon):
    """A private Samba domain controller for CONTOSO.TEST: LDAP and KDC on 127.0.0.1, whose ports are the fixed ones. Needs a network
    and a mount namespace of the test's own (see enter)."""

    realm = "CONTOSO.TEST"
    base = "dc=contoso,dc=test"
    host = "dc1.contoso.test"
    url, tls_url = f"ldap://{host}", f"ldaps://{host}"
    password = "Adm1n-Passw0rd"

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(mode=0o755)
        self.process = None
        self.conf = self.dir / "smb.conf"
        self.krb5 = self.dir / "krb5.conf"
        (self.dir / "certificates").mkdir(mode=0o700)
        certificates(self.dir / "certificates", [f"DNS:{self.host}"])
        self.krb5.write_text(f"[libdefaults]\n default_realm = {self.realm}\n dns_lookup_kdc = false\n dns_lookup_realm = false\n"
                             " dns_canonicalize_hostname = false\n rdns = false\n"
                             f"[realms]\n {self.realm} = {{\n  kdc = 127.0.0.1\n  admin_server = 127.0.0.1\n }}\n"
                             f"[domain_realm]\n .contoso.test = {self.realm}\n")
        self.settings(provisioned=False)
        # The machine may have no extended attributes: they go into a file.
        self.tool("domain", "provision", f"--realm={self.realm}", "--domain=CONTOSO", "--server-role=dc", "--dns-backend=NONE",
                  f"--adminpass={self.password}", f"--targetdir={self.dir}", "--host-ip=127.0.0.1", "--host-name=dc1",
                  f"--option=posix:eadb={self.dir}/eadb.tdb", "--option=interfaces=127.0.0.1", "--option=bind interfaces only=yes")
        self.settings()
        self.tool("spn", "add", f"ldap/{self.host}", "DC1$")  # as the service for dynamic updates does, which is not started

    def settings(self, provisioned=True):
        place, secrets = self.dir, self.dir / "certificates"
        rest = "" if not provisioned else f"""
            realm = {self.realm}
            netbios name = DC1
            server role = active directory domain controller
            server services = ldap, kdc
            private dir = {place}/private
            state directory = {place}/state
            cache directory = {place}/cache
            lock directory = {place}
            pid directory = {place}
            ncalrpc dir = {place}/ncalrpc
            interfaces = 127.0.0.1
            bind interfaces only = yes
            ldap server require strong auth = allow_sasl_over_tls
            tls keyfile = {secrets}/server.key
            tls certfile = {secrets}/server.pem
            tls cafile = {secrets}/ca.pem
            log file = {place}/log
            posix:eadb = {place}/eadb.tdb
            """
        self.conf.write_text("[global]\n workgroup = CONTOSO\n" + rest.replace("            ", " "))

    def environment(self):
        return {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "HOME": str(self.dir), "LANG": "C.UTF-8", "KRB5_CONFIG": str(self.krb5),
                "LDAPTLS_CACERT": str(self.dir / "certificates/ca.pem")}

    def tool(self, *args):
        done = subprocess.run(["samba-tool", *map(str, args), "-s", str(self.conf)], capture_output=True, text=True,
                              env=self.environment(), timeout=300)
        assert done.returncode == 0, (args, done.stdout[-2000:], done.stderr[-3000:])

    def start(self):
        self.log = open(self.dir / "output", "ab")
        self.process = subprocess.Popen(["/usr/sbin/samba", "--interactive", "--model=single", f"--configfile={self.conf}"],
                                        stdin=subprocess.PIPE, stdout=self.log, stderr=self.log, env=self.environment())
        end = time.monotonic() + 120
        while True:
            assert self.process.poll() is None and time.monotonic() < end, (self.dir / "output").read_text()[-3000:]
            with contextlib.suppress(AssertionError):
                self.client("ldapsearch", "-LLL", "-s", "base", "-b", self.base, "objectClass")
                return self
            time.sleep(0.2)

    def client(self, program, *args, stdin=None):
        done = subprocess.run([program, "-x", "-H", self.tls_url, "-D", f"Administrator@{self.realm}", "-w", self.password, *args],
                              input=stdin, capture_output=True, text=True, env=self.environment(), timeout=120)
        assert done.returncode == 0, (program, args, done.stdout, done.stderr)
        return done.stdout

    def modify(self, ldif):
        self.client("ldapmodify", stdin=ldif)

    def add(self, *entries):
        self.client("ldapadd", stdin="".join(entries))

    def person_dn(self, name):
        return f"CN={name},CN=Users,{self.base}"

    group_dn = person_dn

    def person(self, name, *values, password="Us3r-Passw0rd", control=512):
        secret = base64.b64encode(f'"{password}"'.encode("utf-16-le")).decode()
        return "\n".join([f"dn: {self.person_dn(name)}", "objectClass: user", f"sAMAccountName: {name}", f"unicodePwd:: {secret}",
                          f"userAccountControl: {control}", *values]) + "\n\n"

    def group(self, name, members, *values, group_type=-2147483640):
        """A universal security group; 8 is a distribution group."""
        return "\n".join([f"dn: {self.group_dn(name)}", "objectClass: group", f"sAMAccountName: {name}", f"groupType: {group_type}",
                          *(f"member: {dn}" for dn in members), *values]) + "\n\n"

    def delete(self, *dns):
        self.client("ldapdelete", *dns)


def enter(mark="RMS_DIRECTORY_TEST_INSIDE"):
    """Starts this program anew in namespaces of its own, where the ports of a domain controller are free."""
    if mark in os.environ:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    command = ["unshare", "--net", "--mount", "--propagation", "private", "--"]
    tried = subprocess.run([*command, "true"], capture_output=True, text=True)
    if os.geteuid() != 0 or tried.returncode != 0:
        sys.exit("this test needs to be root with network and mount namespaces of its own: a domain controller has fixed ports, and "
                 f"gives its files owners. {tried.stderr.strip()}")
    os.environ[mark] = "1"
    os.execvp(command[0], [*command, sys.executable, *sys.argv])


def names(directory, text):
    """/etc/hosts of this mount namespace."""
    file = pathlib.Path(directory) / "hosts"
    file.write_text(text)
    subprocess.run(["mount", "--bind", file, "/etc/hosts"], check=True)


def wait_for(what, true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.2)


class Office(Lab):
    """A service whose people live in slapd, all but alice."""

    def __init__(self, **options):
        super().__init__(people=("alice",), **options)

    def slapd(self):
        return Slapd(self.dir / "slapd")

    def credential(self, name, text, mode=0o600):
        path = self.data / "credentials" / name
        path.write_text(text)
        path.chmod(mode)

    def connect(self, slapd, *args, name="office", code=0, url=None):
        if not (self.data / "credentials" / "office").exists():
            self.credential("office", slapd.password + "\n")
        return self.admin("directory", "add", name, "--url", url or slapd.url, "--ca", slapd.dir / "ca.pem", "--base", slapd.base,
                          "--bind-dn", f"cn=rms,{slapd.base}", "--password-file", "office", *args, code=code)

    def refresh(self, code=0, name="office", *args):
        done = self.admin("--json", "directory", "refresh", name, *args, code=code)
        return done.json if done.out else {}

    def listed(self, name="office"):
        return next(d for d in self.admin("--json", "directory", "list").json_lines if d["Name"] == name)

    def user(self, who):
        return self.admin("--json", "user", "show", who).json

    def document(self, *grants):
        alice = self.person("alice")
        path = alice.write(f"minutes-{time.monotonic_ns()}.txt", TEXT)
        alice.rms("protect", path, *(a for g in grants for a in ("--perm", f"{g}:VIEW,EXTRACT")), "--in-place")
        return path.with_suffix(".ptxt")

    def opens(self, who, path, allowed=True, reason="no-rights"):
        done = self.person(who).rms("cat", path, code=0 if allowed else None)
        if not allowed:
            assert done.code != 0 and reason in done.err, done

    def may_open(self, who, path):
        return self.person(who).rms("cat", path, code=None).code == 0
