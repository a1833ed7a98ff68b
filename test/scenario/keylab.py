"""What tests of tenant keys share: keys as the service lists them, files and licences under them, rmsd as a command."""

import base64
import contextlib
import re
import sqlite3
import subprocess

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from keysearch import open_box
from rmslab import BUILD, pfile_licence

SOFTWARE = ("--set", "key_store=software")  # what is about the keys that the service keeps itself
PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
DATA = b"Kept under one key, read under the next.\n"
PUBLISH = {"PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False,
           "Policy": {"UserRights": [{"Users": ["bob@contoso.test"], "Rights": ["VIEW"]}], "allowOfflineAccess": True,
                      "IntervalTimeInDays": 7}}


def keys(lab, tenant=None):
    return lab.admin("key", "list", "--json", *(("--tenant", tenant) if tenant else ())).json_lines


def active(lab, tenant=None):
    found = [k for k in keys(lab, tenant) if k["Status"] == "Active"]
    assert len(found) == 1, found
    return found[0]


def modulus(text):
    """Of the first certified key in a licence or certificate."""
    text = text.decode("utf-8-sig") if isinstance(text, bytes) else text
    certified = text[text.index("<ISSUEDPRINCIPALS>"):]
    return re.search(r'<VALUE encoding="base64"[^>]*>([^<]+)</VALUE>', certified).group(1)


def server_key(person):
    """The service's active key as clients see it."""
    status, _, reply = person.rest("GET", "/my/v2/licensorcertificate")
    assert status == 200, reply
    return modulus(base64.b64decode(reply["LicensorCertificate"]))


def publish(person):
    status, _, reply = person.rest("POST", "/my/v2/publishinglicenses", PUBLISH)
    assert status == 200, reply
    return reply


def consume(person, published):
    """By the public protocol: the content key."""
    body = {"SerializedPublishingLicense": published["SerializedPublishingLicense"]}
    status, _, reply = person.rest("POST", "/my/v2/enduserlicenses", body)
    assert status == 200 and reply["AccessStatus"] == "AccessGranted", reply
    assert reply["Key"]["Value"] == published["Key"]["Value"]


def protect(person, name, *more):
    path = person.write(name + ".bin", DATA + name.encode())
    person.rms("protect", path, *(more or ("--perm", "bob@contoso.test:Co-Author", "--perm", "carol@contoso.test:Co-Author")),
               "--in-place")
    return person.home / (name + ".bin.pfile")


def opens(person, path, code=0):
    out = person.home / "opened.bin"
    out.unlink(missing_ok=True)
    done = person.rms("open", path, "-o", out, code=code)
    assert code != 0 or out.read_bytes() == DATA + path.name.split(".")[0].encode()
    return done


def names(path):
    return modulus(pfile_licence(path))


def tool(lab, *args, stdin="", code=0, cwd=None):
    """rmsd as a command, beside the service that runs."""
    done = subprocess.run([BUILD / "cmd/rmsd/rmsd", "--dir", lab.data, "--url", lab.url,
                           *(["--set", "database=" + lab.database] if lab.database else []), *map(str, args)],
                          input=stdin, capture_output=True, text=True, timeout=120, cwd=cwd)
    assert code is None and done.returncode > 0 or done.returncode == code, (args, done)
    assert "Sanitizer" not in done.stderr, done.stderr
    return done


def written(lab, out, stdin, *args, code=0):
    """rmsd backup write, or another command that writes a file, as a shell runs it."""
    done = subprocess.run([BUILD / "cmd/rmsd/rmsd", "--dir", lab.data, "--url", lab.url, *(["--set", "database=" + lab.database] if lab.database else []),
                           *map(str, args or ("backup", "write"))], input=stdin.encode(), stdout=out, stderr=subprocess.PIPE, timeout=300)
    assert done.returncode == code and b"Sanitizer" not in done.stderr, done.stderr
    return done.stderr.decode()


def written_error(lab, *args, stdin, code):
    return written(lab, subprocess.DEVNULL, stdin, *args, code=code)


def package(lab, path, *args, stdin, code=0):
    """rmsd tpd export, as a shell runs it."""
    with open(path, "wb") as out:
        written(lab, out, stdin, "tpd", "export", *args, code=code)
    return path


def package_records(path, passphrase):
    """By doc/format/backup.md, with a library that is not ours."""
    data = path.read_bytes()
    head, rest, number, out = data[:48], data[48:], 0, b""
    key = Scrypt(salt=head[16:48], length=32, n=1 << 17, r=8, p=1).derive(passphrase.encode())
    while rest:
        size = int.from_bytes(rest[:4], "little")
        box, rest = rest[4:4 + (size & 0x7fffffff)], rest[4 + (size & 0x7fffffff):]
        out += open_box(key, box, head + number.to_bytes(8, "little") + bytes([size >> 31]))
        number += 1
    return out


def a_lost_pair_is_another(lab, bob, path):
    """The service's copy of a person's key pair is gone: another is made, and old licences are worth nothing."""
    def pair():
        with contextlib.closing(sqlite3.connect(lab.data / "db/openrms.db")) as database, database:
            return database.execute("SELECT modulus FROM user_key JOIN account ON account.id = account_id WHERE upn = ?", (bob.address,)).fetchall()

    former = pair()
    with contextlib.closing(sqlite3.connect(lab.data / "db/openrms.db")) as database, database:
        assert database.execute("DELETE FROM user_key WHERE modulus = ?", former[0]).rowcount == 1
    lab.start()
    bob.login()
    bob.rms("bootstrap", "--force")
    assert len(pair()) == 1 and pair() != former
    refused = bob.rms("--offline", "open", path, "-o", bob.home / "lost.bin", code=None)
    assert refused.code != 0 and "(bad-license)" in refused.err, refused
    opens(bob, path)  # asks for a licence of the new pair
    bob.rms("--offline", "open", path, "-o", bob.home / "found.bin")
