"""Protected files, read from doc/format (pfile.md, office.md, pdf.md, rpmsg.md, seal.md) alone."""
import base64
import hashlib
import io
import struct
import zlib

import olefile
import pypdf
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from licence import CBC4K, CBC4K_UNPADDED, ECB, chain, check, need

BLOCK = 4096
PFILE, PACKAGE, BINARY, PDF, MAIL = 1, 2, 3, 4, 5


# --- ciphers ---------------------------------------------------------------------------------------

def aes(key, mode, data):
    c = Cipher(algorithms.AES(key), mode).decryptor()
    return c.update(data) + c.finalize()


def decrypt(mode, key, data, padded):
    """The clear bytes, without padding when there is one; else with the zeros behind them."""
    need(len(data) % 16 == 0, "no whole cipher blocks")
    if mode == ECB:
        return aes(key, modes.ECB(), data)
    need(mode in (CBC4K, CBC4K_UNPADDED), "a cipher that nobody described")
    number = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    out = b"".join(aes(key, modes.CBC(number.update((at // BLOCK).to_bytes(8, "little") + bytes(8))), data[at:at + BLOCK])
                   for at in range(0, len(data), BLOCK))
    if padded and mode == CBC4K:
        need(out and 1 <= out[-1] <= 16 and out.endswith(out[-1:] * out[-1]), "no padding")
        out = out[:-out[-1]]
    return out


# --- what every container gives ----------------------------------------------------------------------

class Protected:
    """form, licence, what the seal hashes, the seal (record and hashes, b"" for none), and clear(mode, key)."""

    def __init__(self, form, licence, hashed, seal, clear, extension=""):
        self.form, self.licence, self.hashed, self.seal, self.clear, self.extension = form, licence, hashed, seal, clear, extension


def read(data):
    if data[:6] == b".pfile":
        return pfile(data)
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return office(data)
    if data[:8] == bytes.fromhex("76e80460c411e386"):
        return message(data)
    need(b"%PDF-" in data[:1024], "not protected")
    return pdf(data)


# --- pfile -------------------------------------------------------------------------------------------

def pfile(data):
    major, minor, redirect = struct.unpack_from("<III", data, 6)
    need(major in (2, 3), "unsupported version")
    at = 18 + redirect
    header, extension_at, extension, licence_at, licence, content = struct.unpack_from("<6I", data, at)
    size, metadata_at, metadata = (None, 0, 0) if (major, minor) == (2, 0) else struct.unpack_from("<QII", data, at + 24)
    behind = max(licence_at + licence, metadata_at + metadata)
    need(max(behind, extension_at + extension, at + header) <= content <= len(data), "parts outside")
    cipher = data[content:]
    if size == 2 ** 64 - 1 or (size == 0 and len(cipher) > 16):
        size = None

    def clear(mode, key):
        out = decrypt(CBC4K if mode == ECB and major == 2 else mode, key, cipher, True)
        if mode == ECB and major != 2:
            out = out[:size]
        need(size is None or size == len(out), "another size")
        return out

    return Protected(PFILE, data[licence_at:licence_at + licence], cipher, data[behind:content], clear,
                     data[extension_at:extension_at + extension].decode())


# --- Office and mail ---------------------------------------------------------------------------------

SPACES = "\x06DataSpaces"
CLASS = "{C73DFACD-061F-43B0-8B64-0C620D2A8B50}"


class Reader:
    """Small streams of MS-OFFCRYPTO 2.1 and 2.2."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def u32(self):
        self.at += 4
        return struct.unpack_from("<I", self.data, self.at - 4)[0]

    def bytes(self, length):
        need(length <= len(self.data) - self.at, "cut off")
        self.at += length
        return self.data[self.at - length:self.at]

    def padded(self):
        length = self.u32()
        out = self.bytes(length)
        self.bytes(min(-length % 4, len(self.data) - self.at))
        return out

    def text(self):
        return self.padded().decode("utf-16-le")


def office(data, form=None):
    with olefile.OleFileIO(io.BytesIO(data)) as ole:
        def stream(*path):
            return ole.openstream(list(path)).read()

        def optional(*path):
            return stream(*path) if ole.exists(list(path)) else b""

        version = Reader(stream(SPACES, "Version"))
        need(version.text() == "Microsoft.Container.DataSpaces", "no data spaces")
        content, space = data_space(Reader(stream(SPACES, "DataSpaceMap")))
        info = Reader(stream(SPACES, "DataSpaceInfo", space))
        need((info.u32(), info.u32()) == (8, 1), "not one transform")
        licence = transform(Reader(stream(SPACES, "TransformInfo", info.text(), "\x06Primary")))
        whole = stream(*content)
        size, cipher = struct.unpack("<Q", whole[:8])[0], whole[8:]
        seal = optional(SPACES, "TransformInfo", "OpenRMSSeal")
    if form is None:
        form = PACKAGE if content == ["EncryptedPackage"] else BINARY

    def clear(mode, key):
        out = decrypt(mode, key, cipher, False)
        need(size <= len(out) < size + BLOCK + 1, "another size")
        return out[:size]

    return Protected(form, licence, cipher, seal, clear)


def data_space(reader):
    """The path of the content stream, and its data space."""
    need((reader.u32(), reader.u32()) == (8, 1), "not one entry")
    reader.u32()
    parts = reader.u32()
    path = []
    for _ in range(parts):
        reader.u32()
        path.append(reader.text())
    return path, reader.text()


def transform(reader):
    """The licence."""
    reader.u32()
    reader.u32()
    need(reader.text().upper() == CLASS, "another transform")
    reader.text()
    reader.bytes(12)
    need(reader.u32() == 4, "an extensibility header")
    return reader.padded()


def message(data):
    inflater, out, at = zlib.decompressobj(), [], 8
    while at < len(data):
        mark, holds, packed = struct.unpack_from("<III", data, at)
        need(mark == 0xFA0 and 1 <= holds <= 4096 and 1 <= packed <= 8192, "a strange block")
        out.append(inflater.decompress(data[at + 12:at + 12 + packed]))
        need(len(out[-1]) == holds, "a block of another size")
        at += 12 + packed
    return office(b"".join(out), MAIL)


def mail(content):
    """The body, and the attachments by value by name."""
    with olefile.OleFileIO(io.BytesIO(content)) as ole:
        form, page = struct.unpack("<HI", ole.openstream("OutlookBodyStreamInfo").read()[:6])
        body = ole.openstream("BodyRTF" if form == 3 else "BodyPT-HTML").read()
        attachments = {}
        for number in range(1024):
            place = ["Attachment List", f"MailAttachment {number}"]
            if ole.exists([*place, "AttachDesc"]):
                name, how = describe(ole.openstream([*place, "AttachDesc"]).read())
                need(how == 1, "only attachments by value are read")
                attachments[name] = ole.openstream([*place, "AttachContents"]).read()
    return form, page, body, attachments


def describe(data):
    """Name and kind of an attachment."""
    need(struct.unpack_from("<H", data)[0] == 0x0203, "another version")
    at, narrow, wide = 2, [], []
    for _ in range(6):
        narrow.append(data[at + 1:at + 1 + data[at]])
        at += 1 + data[at]
    how = struct.unpack_from("<I", data, at + 16)[0]
    at += 20
    for _ in range(8):
        wide.append(data[at + 1:at + 1 + 2 * data[at]].decode("utf-16-le"))
        at += 1 + 2 * data[at]
    long_path, path, display, long_name, name, extension = wide[2:]
    return long_name or name or display or narrow[3].decode(), how


# --- PDF ---------------------------------------------------------------------------------------------

def pdf(data):
    wrapper = pypdf.PdfReader(io.BytesIO(data))
    specification = wrapper.trailer["/Root"]["/AF"][0].get_object()
    need(specification["/AFRelationship"] == "/EncryptedPayload", "no encrypted payload")
    kind = specification["/EP"]
    need(kind["/Subtype"] == "/MicrosoftIRMServices", "another handler")
    payload = specification["/EF"]["/F"].get_object()._data
    # another name of the same length, so that the library takes strings and streams as they are stored
    inner = pypdf.PdfReader(io.BytesIO(payload.replace(b"/Encrypt ", b"/Encrypx ")))
    handler = inner.trailer["/Encrypx"].get_object()
    need(handler["/Filter"].lower() == "/microsoftirmservices" and handler["/MicrosoftIRMVersion"] == 2, "another version")
    licence = raw(handler["/PublishingLicense"])
    seal = raw(kind["/OpenRMSSeal"]) if "/OpenRMSSeal" in kind else b""
    return Protected(PDF, licence, payload, seal, lambda mode, key: original(inner, mode, key), ".pdf")


def raw(text):
    return text if isinstance(text, bytes) else text.original_bytes


def item(stored, mode, key):
    clear = decrypt(mode, key, stored, True)
    length = struct.unpack(">I", clear[:4])[0]
    need(length <= len(clear) - 4, "a strange item")
    return clear[4:4 + length]


def original(inner, mode, key):
    note = inner.trailer["/Root"]["/XXOpenRMS_Original"].get_object()
    gaps = zlib.decompress(item(note._data, mode, key))
    version, count = struct.unpack_from("<II", gaps)
    streams = [inner.get_object(reference)._data for reference in list.__iter__(note["/Streams"])]
    need(version == 1 and count == len(streams), "a strange note of the original")
    out, at = [], 8
    for number in range(count + 1):
        length = struct.unpack_from("<Q", gaps, at)[0]
        out.append(gaps[at + 8:at + 8 + length])
        at += 8 + length
        if number < count:
            out.append(item(streams[number], mode, key))
    whole = b"".join(out)
    size, digest = struct.unpack_from("<Q32s", gaps, at)
    leaves = b"".join(hashlib.sha256(whole[i:i + 65536]).digest() for i in range(0, len(whole), 65536))
    need(size == len(whole) and digest == hashlib.sha256(leaves).digest(), "not the original")
    return whole


# --- the seal ----------------------------------------------------------------------------------------

def tree(data):
    """(root, all hashes in order)"""
    leaf = 32768
    while len(data) // leaf >= 262144 and leaf < 1 << 20:
        leaf *= 2
    level = [hashlib.sha256(data[at:at + leaf]).digest() for at in range(0, max(len(data), 1), leaf)]
    levels = list(level)
    while len(level) > 128:
        level = [hashlib.sha256(b"".join(level[at:at + 128])).digest() for at in range(0, len(level), 128)]
        levels += level
    return hashlib.sha256(b"".join(level)).digest(), b"".join(levels)


def check_seal(file, clear_size, anchor):
    """Who sealed it: "author", "editor", or None when the licence says that there is no seal. Anything wrong raises."""
    publishing = chain(file.licence)
    word = publishing[0].data("Container.Seal")
    if word is None:
        return None
    seal = file.seal
    need(seal[:16] == b"OpenRMS.Seal 1\n\0", "no seal")
    signer, form, _, clear, cipher, digest, root, length = struct.unpack_from("<IIQQQ32s32sI", seal, 16)
    need(length <= 512, "a long signature")
    signature = seal[116:116 + length]
    proof_length = struct.unpack_from("<I", seal, 116 + length)[0]
    end = 120 + length + proof_length
    found, levels = tree(file.hashed)
    need(form == file.form and clear == clear_size and cipher == len(file.hashed), "sealed for another file")
    need(digest == hashlib.sha256(file.licence).digest() and root == found, "changed after it was sealed")
    need(seal[end:] == (b"" if form == PDF else levels), "strange hashes")
    signed = hashlib.sha256(seal[:112] + publishing[0].content_id().encode()).digest()
    if signer == 1:
        need(proof_length == 0 and length == 64 and len(word) == 88, "a strange seal")
        author(base64.b64decode(word)).verify(encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")),
                                              signed, ec.ECDSA(Prehashed(hashes.SHA256())))
        return "author"
    need(signer == 2, "nobody signed")
    editor(publishing, seal[120 + length:end], anchor).verify(signature, signed, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
    return "editor"


def author(point):
    return ec.EllipticCurvePublicNumbers(int.from_bytes(point[:32], "big"), int.from_bytes(point[32:], "big"), ec.SECP256R1()).public_key()


def editor(publishing, proof, anchor):
    """The key of whom the service let edit this content; without a proof that of the author, by the licence he gave himself."""
    licence = publishing[0]
    if proof:
        nodes = chain(proof)
        check(nodes, anchor)
        need(all(node.kind != "Client-Licensor-Certificate" for node in nodes), "a licence that a person made")
    else:
        nodes = [node for node in publishing if node.kind == "Content-License"]
        need(nodes and nodes[0].issuer_key() == licence.issuer_key(), "no licence of the author's own")
        nodes[0].check_signature()
    use = nodes[0]
    need(use.kind == "Content-License", "no use licence")
    need(use.content_id() == licence.content_id() and use.owner() == licence.owner() != "", "a licence for something else")
    need(use.rights() & {"EDIT", "OWNER"}, "no right to edit")
    return rsa.RSAPublicNumbers(*use.key()).public_key()
