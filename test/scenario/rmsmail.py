"""A mail server of a test's own: Exim on a port of the loopback, with STARTTLS and names and passwords, into one Maildir."""
import email
import email.policy
import os
import pathlib
import pwd
import shutil
import signal
import smtplib
import subprocess
import tempfile
import time

from rmslab import free_port

NAME, PASSWORD = "rmsd", "a password with blanks & signs"
ACCOUNT = "Debian-exim"

CONFIG = """
primary_hostname = mail.contoso.test
exim_user = {user}
exim_group = {group}
spool_directory = {dir}/spool
log_file_path = {dir}/log/%slog
pid_file_path = {dir}/exim.pid
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
tls_advertise_hosts = *
tls_certificate = {dir}/tls.pem
tls_privatekey = {dir}/tls.key
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
acl_smtp_rcpt = recipient
deliver_drop_privilege = true
rfc1413_query_timeout = 0s
host_lookup =
keep_environment =
begin acl
recipient:
  deny   !authenticated = *
         message = sign in first
  deny   local_parts = nobody
         message = no such person here
  accept
begin routers
all:
  driver = accept
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = {dir}/mail
  maildir_format
  envelope_to_add
  user = {user}
  group = {group}
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_set_id = $auth2
  server_condition = ${{if and{{{{eq{{$auth2}}{{{name}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
"""


class MailServer:
    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="rmsmail-"))
        self.port = free_port()
        self.process = None
        account = pwd.getpwnam(ACCOUNT) if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        for name in ("spool", "log", "mail/new", "mail/cur", "mail/tmp"):
            (self.dir / name).mkdir(parents=True)
        self.certificate = self.dir / "tls.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", self.dir / "tls.key", "-out", self.certificate, "-days", "3650", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        self.config = self.dir / "exim.conf"
        self.config.write_text(CONFIG.format(dir=self.dir, port=self.port, name=NAME, password=PASSWORD,
                                             user=account.pw_uid, group=account.pw_gid))
        self.credentials = self.dir / "credentials"
        self.credentials.write_text(f"{NAME}\n{PASSWORD}\n")
        self.credentials.chmod(0o600)
        if os.getuid() == 0:
            for path in (self.dir, *self.dir.rglob("*")):
                if path not in (self.config, self.credentials):
                    os.chown(path, account.pw_uid, account.pw_gid)

    def settings(self):
        """For rmsd."""
        return [word for setting in (f"mail=smtp://localhost:{self.port}", f"mail_credentials={self.credentials}",
                                     f"ca_file={self.certificate}", "mail_from=rms@contoso.test")
                for word in ("--set", setting)]

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            for path in (self.dir / "log").glob("*log"):
                print(f"--- {path.name}\n{path.read_text(errors='replace')}")
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def start(self):
        self.process = subprocess.Popen(["exim4", "-C", self.config, "-bdf", "-q1m"], stdin=subprocess.DEVNULL,
                                        env={"PATH": os.environ["PATH"]}, start_new_session=True)
        end = time.monotonic() + 60
        while True:
            try:
                smtplib.SMTP("localhost", self.port, timeout=10).quit()
                return
            except OSError:
                assert self.process.poll() is None and time.monotonic() < end, "exim4 does not answer"
                time.sleep(0.1)

    def stop(self):
        """With what it started: it began a session of its own."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGCONT)
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.process = None

    def stall(self):
        """Connections are accepted by the kernel, and nobody answers."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def go_on(self):
        os.killpg(self.process.pid, signal.SIGCONT)

    def messages(self):
        return read_messages((self.dir / "mail/new").iterdir())


def read_messages(paths):
    """Parsed, in the order of their time and name."""
    found = []
    for path in sorted(paths):
        found.append(email.message_from_bytes(path.read_bytes(), policy=email.policy.default))
    return sorted(found, key=lambda m: m["Date"].datetime)


def wait_for(read, wanted, seconds=120):
    """Calls read() until wanted(its messages), and returns them."""
    end = time.monotonic() + seconds
    while True:
        messages = read()
        if wanted(messages):
            return messages
        assert time.monotonic() < end, [(m["To"], m["Subject"]) for m in messages]
        time.sleep(0.2)


def text_of(message):
    return message.get_body(("plain",)).get_content()


def html_of(message):
    return message.get_body(("html",)).get_content()
