"""Licences and certificates, read and made from doc/format/xrml.md and [MS-RMPR] alone."""
import base64
import hashlib
import html
import re
import struct
import uuid

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

ECB, CBC4K_UNPADDED, CBC4K = 0xFFFF, 0xFFFE, 0xFFFD
ISSUES = {"Server-Licensor-Certificate": ("Server-Licensor-Certificate", "Client-Licensor-Certificate", "Group-Identity-Credential", "Publishing-License", "Content-License"),
          "Client-Licensor-Certificate": ("Publishing-License", "Content-License")}


def need(condition, why):
    if not condition:
        raise ValueError(why)


def element(text, name, what=""):
    """The surface text of the first such element."""
    found = re.search(rf"<{name}\b{what}[^>]*?(/>|>.*?</{name}>)", text, re.DOTALL)
    need(found, f"no {name}")
    return found[0]


def inside(text, *names):
    for name in names:
        text = element(text, name)
    return html.unescape(re.sub(r"^<[^>]*>|</[^>]*>$", "", text))


def public_key(text):
    """The key of a PUBLICKEY: the modulus is little-endian."""
    key = element(text, "PUBLICKEY")
    modulus = base64.b64decode(re.search(r'encoding="base64"[^>]*>([^<]*)<', key)[1])
    return int(re.search(r'encoding="integer32"[^>]*>(\d+)<', key)[1]), int.from_bytes(modulus, "little")


class Node:
    """One XrML element: what it says, as long as its signature holds."""

    def __init__(self, text):
        self.text = text
        self.body = text[text.index("<BODY"):text.index("</BODY>") + len("</BODY>")]
        self.issuer = element(self.body, "ISSUER")
        self.principals = element(self.body, "ISSUEDPRINCIPALS")
        label = 'type="Microsoft Rights Label"' in self.body[:self.body.index(">")]
        self.kind = "Publishing-License" if label else re.search(r'<OBJECT type="([^"]*)"', element(self.body, "DESCRIPTOR"))[1]

    def issuer_key(self):
        return public_key(self.issuer)

    def key(self):
        return public_key(self.principals)

    def check_signature(self):
        signature = self.text[self.text.index("<SIGNATURE>"):]
        digest = hashlib.sha256(self.body.encode("utf-16-le")).digest()
        stated = element(signature, "DIGEST")
        need("<ALGORITHM>SHA256</ALGORITHM>" in stated and base64.b64decode(re.search(r'"base64"[^>]*>([^<]*)<', stated)[1]) == digest,
             "the digest is another")
        value = base64.b64decode(re.search(r'"base64"[^>]*>([^<]*)<', signature.replace(stated, ""))[1])
        try:
            rsa.RSAPublicNumbers(*self.issuer_key()).public_key().verify(value, digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
        except InvalidSignature:
            raise ValueError("the signature does not hold") from None

    def content_id(self):
        return inside(element(self.body, "WORK"), "OBJECT", "ID").strip("{}").lower()

    def owner(self):
        return inside(element(self.body, "OWNER"), "NAME")

    def data(self, name):
        """Signed application data; None when there is none. Of two the first counts."""
        found = re.search(rf'<AUTHENTICATEDDATA id="(?:LICENSEMETADATA|APPSPECIFIC)" name="{re.escape(name)}">(.*?)</AUTHENTICATEDDATA>', self.body)
        return html.unescape(found[1]) if found else None

    def rights(self):
        work = element(self.body, "RIGHTSGROUP")
        return set(re.findall(r'<RIGHT name="([^"]*)"', work)) | set(re.findall(r"<(VIEW|EDIT|PRINT|EXPORT|EXTRACT)>", work))


def chain(data):
    """The nodes, leaf first, of any stored form."""
    if data[:2] == b"\xff\xfe" or data[1:2] == b"\0":
        text = data.decode("utf-16-le")
    else:
        text = data.decode()
    return [Node(node) for node in re.findall(r"<XrML\b.*?</XrML>", text, re.DOTALL)]


def check(nodes, anchor, at=0):
    """The leaf hangs under the anchor (a key), by rule 1 and 4 of section 2."""
    node = nodes[at]
    node.check_signature()
    if node.issuer_key() == anchor:
        return
    for above in range(at + 1, len(nodes)):
        if nodes[above].key() == node.issuer_key() and node.kind in ISSUES.get(nodes[above].kind, ()):
            return check(nodes, anchor, above)
    raise ValueError("nobody known issued it")


def unseal(bits, bound, private_key):
    """What enabling bits hold; bound: the text the blob is bound to."""
    need('type="sealed-key-v2"' in bits, "old enabling bits")
    blob = base64.b64decode(re.search(r"<VALUE[^>]*>([^<]*)<", bits)[1])
    size = private_key.key_size // 8
    opened = private_key.decrypt(blob[:size], padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None))
    length, mode, key_bits, block, _ = struct.unpack_from("<HHHHI", opened)
    need(length == len(opened) == 12 + key_bits // 8 and mode == ECB and block == 16, "a strange key header")
    session = Cipher(algorithms.AES(opened[12:]), modes.ECB()).decryptor()
    clear = session.update(blob[size:]) + session.finalize()
    version, length, *zeros = struct.unpack_from("<IIII", clear)
    need(version == 2 and not any(zeros) and 32 < length <= len(clear) - 16, "a strange header")
    payload, digest = clear[16:16 + length - 32], clear[16 + length - 32:16 + length]
    need(digest == hashlib.sha256(bound.encode("utf-16-le")).digest(), "bound to another licence")
    return payload


def private_key(blob):
    """A CryptoAPI PRIVATEKEYBLOB."""
    need(blob[:4] == b"\x07\x02\0\0" and blob[8:12] == b"RSA2", "no private key")
    bits, exponent = struct.unpack_from("<II", blob, 12)
    at, numbers = 20, []
    for size in (bits // 8, *[bits // 16] * 5, bits // 8):
        numbers.append(int.from_bytes(blob[at:at + size], "little"))
        at += size
    n, p, q, dp, dq, inverse, d = numbers
    return rsa.RSAPrivateNumbers(p, q, d, dp, dq, inverse, rsa.RSAPublicNumbers(exponent, n)).private_key()


def machine_certificate(key):
    """A machine certificate that certifies itself."""
    def guid():
        return f'<ID type="MS-GUID">{{{uuid.uuid4()}}}</ID>'

    numbers = key.public_key().public_numbers()
    modulus = base64.b64encode(numbers.n.to_bytes(256, "little")).decode()
    machine = (f'<OBJECT type="Machine-Unique-Identifier">{guid()}<NAME>Machine</NAME></OBJECT><PUBLICKEY><ALGORITHM>RSA</ALGORITHM>'
               f'<PARAMETER name="public-exponent"><VALUE encoding="integer32">{numbers.e}</VALUE></PARAMETER>'
               f'<PARAMETER name="modulus"><VALUE encoding="base64" size="2048">{modulus}</VALUE></PARAMETER></PUBLICKEY>')
    body = (f'<BODY type="LICENSE" version="3.0"><ISSUEDTIME>2026-01-01T00:00</ISSUEDTIME><DESCRIPTOR><OBJECT type="Machine-Certificate">'
            f'{guid()}<NAME>Machine-Certificate</NAME></OBJECT></DESCRIPTOR><ISSUER>{machine}</ISSUER>'
            f'<ISSUEDPRINCIPALS><PRINCIPAL>{machine}<SECURITYLEVEL name="Platform" value="1.0.0.0" />'
            f'<SECURITYLEVEL name="Manufacturer" value="Reader" /><SECURITYLEVEL name="Repository" value="1.0.0.0" /></PRINCIPAL>'
            f'</ISSUEDPRINCIPALS></BODY>')
    signed = body.encode("utf-16-le")
    value = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return (f'<XrML xmlns="" version="1.2">{body}<SIGNATURE><DIGEST><ALGORITHM>SHA256</ALGORITHM><PARAMETER name="codingtype">'
            f'<VALUE encoding="string">surface-coding</VALUE></PARAMETER><VALUE encoding="base64" size="256">'
            f'{base64.b64encode(hashlib.sha256(signed).digest()).decode()}</VALUE></DIGEST><ALGORITHM>RSA PKCS#1-V1.5</ALGORITHM>'
            f'<VALUE encoding="base64" size="2048">{base64.b64encode(value).decode()}</VALUE></SIGNATURE></XrML>').encode()


class Device:
    """A device that the reader made itself: its machine key, the person's account certificate and key."""

    def __init__(self, ask):
        """ask(method, path, body) makes an authorised request below /my/v2 and gives the reply."""
        self.ask = ask
        machine = rsa.generate_private_key(65537, 2048)
        server = ask("GET", "licensorcertificate", None)
        slc = chain(base64.b64decode(server["LicensorCertificate"]))[0]
        self.anchor = slc.key()
        slc.check_signature()
        reply = ask("POST", "accountcertificates", {"MachineCertificate": base64.b64encode(machine_certificate(machine)).decode()})
        self.account = reply["AccountCertificate"]
        nodes = chain(base64.b64decode(self.account))
        check(nodes, self.anchor)
        rac = nodes[0]
        bits = element(element(rac.body, "FEDERATIONPRINCIPALS"), "ENABLINGBITS")
        self.key = private_key(unseal(bits, rac.issuer, machine))
        public = self.key.public_key().public_numbers()
        need((public.e, public.n) == rac.key(), "the key is not the certified one")

    def content_key(self, licence):
        """(mode, key) that the service gives for a publishing licence."""
        nodes = chain(licence)
        check(nodes, self.anchor)
        reply = self.ask("POST", "uselicenses", {"AccountCertificate": self.account,
                                                 "SerializedPublishingLicense": base64.b64encode(licence).decode()})
        need(reply["AccessStatus"] == "AccessGranted", reply.get("Reason"))
        use = chain(base64.b64decode(reply["UseLicense"]))
        check(use, self.anchor)
        need(use[0].kind == "Content-License" and use[0].content_id() == nodes[0].content_id(), "a use licence for something else")
        bits = element(element(use[0].body, "RIGHTSGROUP"), "ENABLINGBITS")
        payload = unseal(bits, use[0].issuer, self.key)
        length, mode, key_bits, block, _ = struct.unpack_from("<HHHHI", payload)
        need(length == len(payload) == 12 + key_bits // 8 and block == 16, "a strange content key")
        return mode, payload[12:]
