"""An independent client of the public REST protocol: written from the protocol alone, with nothing of ours but the URL, the CA
and a token. Its own pfile reader and writer use python3-cryptography."""
import base64
import contextlib
import json
import re
import sqlite3
import uuid

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from rmslab import Lab, main

BLOCK = 4096


def cipher_iv(key, block):
    e = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return e.update(block.to_bytes(8, "little") + bytes(8)) + e.finalize()


def cbc4k(key, data, encrypt):
    out = b""
    if encrypt:
        tail = len(data) // BLOCK * BLOCK
        pad = PKCS7(128).padder()
        data = data[:tail] + pad.update(data[tail:]) + pad.finalize()
    for i in range(0, len(data), BLOCK):
        c = Cipher(algorithms.AES(key), modes.CBC(cipher_iv(key, i // BLOCK)))
        c = c.encryptor() if encrypt else c.decryptor()
        out += c.update(data[i:i + BLOCK]) + c.finalize()
    if not encrypt:
        last = (len(data) - 1) // BLOCK * BLOCK
        unpad = PKCS7(128).unpadder()
        out = out[:last] + unpad.update(out[last:]) + unpad.finalize()
    return out


def write_pfile(extension, licence, content):
    extension = extension.encode()
    start = 18 + 40
    offsets = [start, start + len(extension)]
    header = b".pfile" + (3).to_bytes(4, "little") + bytes(4) + bytes(4)
    content_at = offsets[1] + len(licence)
    for value in (40, offsets[0], len(extension), offsets[1], len(licence), content_at):
        header += value.to_bytes(4, "little")
    header += b"\xff" * 8 + content_at.to_bytes(4, "little") + bytes(4)
    return header + extension + licence + content


def read_pfile(data):
    assert data[:6] == b".pfile"
    at = 18 + int.from_bytes(data[14:18], "little")
    field = [int.from_bytes(data[at + i:at + i + 4], "little") for i in range(0, 24, 4)]
    return data[field[3]:field[3] + field[4]], data[field[5]:]


class Client:
    """As existing clients behave: every protected call is made twice, the probe with its whole body."""

    def __init__(self, lab, token):
        self.lab, self.token = lab, token
        self.endpoints = {}

    def call(self, method, path, body=None, probe_headers=None):
        plain = {"content-type": "application/json", "Accept": "application/json"} if method == "POST" else {}
        status, headers, _ = self.lab.http(method, path, body, {**plain, **(probe_headers or {})})
        assert status == 401, (path, status)
        challenge = headers.get_all("WWW-Authenticate")
        assert len(challenge) == 1 and challenge[0].lower().startswith("bearer "), challenge
        pairs = [p.split("=") for p in challenge[0][7:].split(",")]
        assert all(len(p) == 2 for p in pairs), challenge  # real clients drop pairs with another "="
        values = {k.strip().lower(): v.strip().strip('"') for k, v in pairs}
        assert values.get("authorization_uri", values.get("authorization", "")).startswith("https://"), values
        assert values["resource"], values
        guid = "{%s};{%s}" % (uuid.uuid4(), uuid.uuid4())
        return self.lab.http(method, path, body, {
            "Authorization": "bearer " + self.token, "Accept": "application/json", "content-type": "application/json",
            "Accept-Language": "En-en", "x-ms-rms-request-id": guid,
            "x-ms-rms-platform-id": "AppName=rmscore;AppVersion=1.0;DevicePlatform=WindowsStore;SDKVersion=4.1;"})

    def discover(self, query, headers=None, version="v2"):
        status, _, found = self.call("GET", f"/my/{version}/servicediscovery?{query}", None, headers)
        assert status == 200, (status, found)
        assert all(e["Name"] and e["Uri"].startswith("https://") for e in found), found
        self.endpoints = {e["Name"].lower(): re.sub(r"^https://[^/]+", "", e["Uri"]) for e in found}
        for needed in ("enduserlicenses", "publishinglicenses", "templates", "clientdebuglogs", "clientperformancelogs"):
            assert needed in self.endpoints, self.endpoints

    def post(self, name, body):
        return self.call("POST", self.endpoints[name], json.dumps(body))


def published(reply):
    for name in ("SerializedPublishingLicense", "Owner"):
        assert isinstance(reply[name], str) and reply[name], reply
    key = reply["Key"]
    assert key["Algorithm"] == "AES" and key["CipherMode"].upper() == "MICROSOFT.CBC4K", key
    licence = base64.b64decode(reply["SerializedPublishingLicense"], validate=True)
    assert licence.startswith(b"\xef\xbb\xbf"), licence[:20]
    return licence, base64.b64decode(key["Value"])


def discovery_and_templates():
    # touches: S-278, S-279, S-284
    with Lab(people=("alice",)) as lab:
        client = Client(lab, lab.person("alice").token())
        client.discover("email=alice@contoso.test")
        client.discover(f"service={lab.url}/_wmcs/licensing", {"x-ms-rms-service-url": f"{lab.url}/_wmcs/licensing"})
        client.discover("email=alice@contoso.test", version="v1")
        client.discover("email=alice@contoso.test")
        status, _, templates = client.call("GET", client.endpoints["templates"])
        assert status == 200 and len(templates) == 2, templates
        for template in templates:
            assert all(isinstance(template[k], str) and template[k] for k in ("Id", "Name", "Description")), template
            uuid.UUID(template["Id"])
        for name in ("clientdebuglogs", "clientperformancelogs"):
            assert client.post(name, {})[0] == 200


def publish_with_template_and_custom_rights():
    # proves: S-142, S-277
    # touches: S-280, S-281, S-282, S-283, S-075
    with Lab() as lab:
        alice, bob, mallory = (lab.person(n) for n in ("alice", "bob", "mallory"))
        author, reader, stranger = (Client(lab, p.token()) for p in (alice, bob, mallory))
        for client, who in ((author, "alice"), (reader, "bob"), (stranger, "mallory")):
            client.discover(f"email={who}@contoso.test")
        template = author.call("GET", author.endpoints["templates"])[2][0]
        common = {"PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False}
        status, _, reply = author.post("publishinglicenses", {**common, "TemplateId": template["Id"],
                                                              "SignedApplicationData": {"MS.Content.Name": "plan.txt"}})
        assert status == 200, reply
        licence, key = published(reply)
        assert reply["Name"] == template["Name"] and reply["Id"].lower() == template["Id"].lower(), reply
        status, _, granted = reader.post("enduserlicenses", {"SerializedPublishingLicense": base64.b64encode(licence).decode()})
        assert status == 200 and granted["AccessStatus"] == "AccessGranted" and granted["FromTemplate"] is True, granted
        assert base64.b64decode(granted["Key"]["Value"]) == key and granted["Key"]["Size"] == len(key)
        assert granted["SignedApplicationData"]["MS.Content.Name"] == "plan.txt"
        assert granted["Rights"] and granted["IssuedTo"] == "bob@contoso.test"
        assert granted["Policy"] is None or isinstance(granted["Policy"]["UserRights"], list)

        status, _, reply = author.post("publishinglicenses", {
            **common, "ReferralInfo": "mailto:alice@contoso.test",
            "Policy": {"Descriptors": [{"Name": "Reviewers", "Description": "Read and comment.", "Language": "en-US"}],
                       "UserRights": [{"Users": ["Bob@Contoso.test"], "Rights": ["View", "COMMENT", "ACME.MEASURE"]}],
                       "allowOfflineAccess": True, "IntervalTimeInDays": 30, "LicenseValidUntil": "2031-01-31T12:00:00Z",
                       "EncryptedApplicationData": {"CaseNumber": "1138"}}})
        assert status == 200, reply
        licence, key = published(reply)
        encoded = base64.b64encode(licence).decode()
        assert author.post("publishinglicenses", common)[2]["Reason"] == "bad-argument"  # neither policy nor template
        status, _, granted = reader.post("enduserlicenses", {"SerializedPublishingLicense": encoded})
        assert status == 200 and sorted(granted["Rights"]) == ["ACME.MEASURE", "COMMENT", "VIEW"], granted
        assert granted["EncryptedApplicationData"] == {"CaseNumber": "1138"}
        assert granted["ContentValidUntil"] == "2031-01-31T12:00:00Z" and granted["LicenseValidUntil"].endswith("Z")
        assert granted["allowOfflineAccess"] is True and granted["FromTemplate"] is False
        status, _, denied = stranger.post("enduserlicenses", {"SerializedPublishingLicense": encoded})
        assert status == 200 and denied["AccessStatus"] == "AccessDenied" and denied["Key"] is None, denied
        assert denied["Rights"] == [] and "alice@contoso.test" in denied["Referrer"], denied
        status, _, own = author.post("enduserlicenses", {"SerializedPublishingLicense": encoded})
        assert own["Rights"] == ["OWNER"] and isinstance(own["Policy"]["UserRights"], list), own

        status, _, reply = author.post("publishinglicenses", {**common, "Policy": {
            "UserRoles": [{"Users": ["bob@contoso.test"], "Roles": ["REVIEWER"]}], "allowOfflineAccess": False, "IntervalTimeInDays": 0}})
        assert status == 200, reply
        licence, _ = published(reply)
        granted = reader.post("enduserlicenses", {"SerializedPublishingLicense": base64.b64encode(licence).decode()})[2]
        assert {"VIEW", "EDIT", "DOCEDIT", "FORWARD"} <= set(granted["Rights"]) and granted["allowOfflineAccess"] is False, granted
        nothing_is_kept_on_the_device(lab, (alice, bob), base64.b64encode(licence).decode())


def nothing_is_kept_on_the_device(lab, people, licence):
    """No certificate (but the mark that the next one may be new), no key of the device, no licence; and an expired token gets nothing."""
    for person in people:
        with contextlib.closing(sqlite3.connect(person.home / ".local/share/openrms/store.db")) as store:
            kept = store.execute("SELECT kind, length(box) FROM entry").fetchall()  # kinds: doc/format/client-store.md
            assert kept and all(kind not in (2, 4, 6) or (kind == 4 and size < 100) for kind, size in kept), (person.name, kept)
    token = people[1].token()
    lab.move_clock(seconds=3700)
    headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
    for _ in range(2):
        assert lab.http("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": licence}, headers)[0] == 401


def stored_forms_of_a_licence():
    # Every variant of rest-protocol section 9 that senders use.
    with Lab(people=("alice", "bob")) as lab:
        author, reader = (Client(lab, lab.person(n).token()) for n in ("alice", "bob"))
        author.discover("email=alice@contoso.test")
        reader.discover("email=bob@contoso.test")
        policy = {"UserRights": [{"Users": ["bob@contoso.test"], "Rights": ["VIEW"]}], "allowOfflineAccess": False, "IntervalTimeInDays": 0}
        reply = author.post("publishinglicenses", {"PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False, "Policy": policy})[2]
        licence, _ = published(reply)
        text = licence[3:].decode()
        bare = text[text.index("<XrML"):]
        forms = [licence, licence + b"\0", b"\xef\xbb\xbf" + bare.encode(), text.encode(), text.encode() + b"\0\0\0",
                 text.encode("utf-16-le"), text.encode("utf-16-le") + b"\0\0"]
        for form in forms:
            status, _, granted = reader.post("enduserlicenses", {"SerializedPublishingLicense": base64.b64encode(form).decode()})
            assert status == 200 and granted["AccessStatus"] == "AccessGranted", (form[:40], granted)
        old = author.post("publishinglicenses", {"PreferDeprecatedAlgorithms": True, "AllowAuditedExtraction": False, "Policy": policy})[2]
        assert old["Key"]["CipherMode"].upper() == "MICROSOFT.ECB" and len(base64.b64decode(old["Key"]["Value"])) == 16, old["Key"]
        status, _, granted = reader.post("enduserlicenses", {"SerializedPublishingLicense": old["SerializedPublishingLicense"]})
        assert granted["Key"]["CipherMode"].upper() == "MICROSOFT.ECB", granted


def files_travel_both_ways():
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        author, reader = Client(lab, alice.token()), Client(lab, bob.token())
        author.discover("email=alice@contoso.test")
        reader.discover("email=bob@contoso.test")
        clear = bytes(range(256)) * 40 + b"end"
        reply = author.post("publishinglicenses", {
            "PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False,
            "Policy": {"UserRights": [{"Users": ["bob@contoso.test"], "Rights": ["VIEW", "EXTRACT"]}], "allowOfflineAccess": True,
                       "IntervalTimeInDays": 7}})[2]
        licence, key = published(reply)
        theirs = bob.write("theirs.ptxt", write_pfile(".txt", licence, cbc4k(key, clear, True)))
        bob.rms("unprotect", theirs, "--in-place")
        assert (bob.home / "theirs.txt").read_bytes() == clear

        path = alice.write("ours.txt", clear)
        for extra in ((), ("--online",)):
            path.write_bytes(clear)
            alice.rms("protect", path, "--perm", "bob@contoso.test:VIEW", "--in-place", *extra)
            licence, content = read_pfile((alice.home / "ours.ptxt").read_bytes())
            status, _, granted = reader.post("enduserlicenses", {"SerializedPublishingLicense": base64.b64encode(licence).decode()})
            assert status == 200 and granted["AccessStatus"] == "AccessGranted", granted
            assert cbc4k(base64.b64decode(granted["Key"]["Value"]), content, False) == clear
            (alice.home / "ours.ptxt").unlink()


def errors_have_the_public_shape():
    with Lab(people=("alice",)) as lab:
        client = Client(lab, lab.person("alice").token())
        client.discover("email=alice@contoso.test")
        foreign = base64.b64encode(open(__import__("os").environ["RMS_SOURCE_DIR"] + "/test/vectors/licences/linuxTest.pl.xml", "rb").read())
        cases = [
            ("publishinglicenses", {"PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False}, "BadInputException"),
            ("enduserlicenses", {"SerializedPublishingLicense": "not base64!"}, "BadInputException"),
            ("enduserlicenses", {"SerializedPublishingLicense": base64.b64encode(b"<x/>").decode()}, "BadInputException"),
            ("enduserlicenses", {"SerializedPublishingLicense": foreign.decode()}, "UnrecognizedUrlException"),
        ]
        for name, body, code in cases:
            status, _, error = client.post(name, body)
            assert status == 400 and error["Code"] == "Microsoft.RightsManagement.Exceptions." + code, (body if len(str(body)) < 200 else code, error)
            assert error["Message"], error


if __name__ == "__main__":
    main(discovery_and_templates, publish_with_template_and_custom_rights, stored_forms_of_a_licence, files_travel_both_ways,
         errors_have_the_public_shape)
