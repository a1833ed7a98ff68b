"""An independent reader of protected files: written from doc/format alone, with nothing of ours but the URL, the CA and a token. It
makes its own device, has the content key sealed to it, and compares what comes out byte by byte."""
import email.message
import email.policy
import io
import random
import struct
import subprocess
import zipfile

import containers
import licence
from cryptography.exceptions import InvalidSignature
from rmslab import BUILD, SOURCE, Lab, main

import documents

RIGHTS = "bob@contoso.test:VIEW,EDIT,EXPORT"
ROOTS = {0: "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456",
         16: "960fa5264c27efe2c3886c7d5d77646316aad1966c083bf2a336f69822ece573",
         65552: "9239fe85b8dd6efeb985ee3624545ce76246ce3bae8ba4b77b5845379872f8f6",
         9437184: "36cbb889ebf2caa6220a56aa3f563c2cf2a9886aa5172fb3d11448041e4ecc2e"}


def device(person):
    token = person.token()

    def ask(method, path, body):
        status, _, reply = person.rest(method, "/my/v2/" + path, body, token)
        assert status == 200, (path, status, reply)
        return reply

    return licence.Device(ask)


def sources(folder):
    """A file of each form and of lengths around its blocks."""
    rng = random.Random(4)
    vectors = SOURCE / "test/vectors/files"
    for name in ("budget.docx", "figures.xlsx", "pitch.pptx", "report.pdf", "chart.png"):
        (folder / name).write_bytes((vectors / name).read_bytes())
    documents.old_excel(folder / "old.xls", rng)
    documents.packed_page(folder / "packed.pdf", rng)
    for length in (0, 1, 4095, 4096, 5 << 20):
        (folder / f"of{length}.txt").write_bytes(rng.randbytes(length))
    with zipfile.ZipFile(folder / "papers.zip", "w") as out:
        out.writestr("a.txt", rng.randbytes(10000))


def protected(person, source, *words):
    """The protected file's path, made beside the source."""
    return person.home / person.rms("--json", "protect", source, *words).json_lines[0]["EncryptedFile"]


def opens(reader, path, source, sealed="author"):
    """Whole check of one file: licence, key, content, seal."""
    file = containers.read(path.read_bytes())
    mode, key = reader.content_key(file.licence)
    clear = file.clear(mode, key)
    assert clear == source.read_bytes(), f"{path}: another content"
    assert containers.check_seal(file, len(clear), reader.anchor) == sealed, path
    return file, mode, key


def every_form_in_every_cipher():
    for length, root in ROOTS.items():
        made = bytes(((i * 131 >> 3) ^ i ^ (i >> 16)) & 255 for i in range(length))
        assert containers.tree(made)[0].hex() == root, length
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        reader = device(bob)
        for number, (cipher, mode, bits) in enumerate((("aes256-cbc4k", licence.CBC4K, 256), ("aes128-ecb", licence.ECB, 128))):
            folder = alice.home / f"in{number}"
            folder.mkdir()
            sources(folder)
            forms = set()
            for source in sorted(folder.iterdir()):
                path = protected(alice, source, "--perm", RIGHTS, "--cipher", cipher, "--out", alice.home / f"out{number}")
                file, found, key = opens(reader, path, source)
                assert (found, len(key) * 8) == (mode, bits), (path, hex(found), len(key))
                forms.add(file.form)
                forged(reader, path, source)
            assert forms == {containers.PFILE, containers.PACKAGE, containers.BINARY, containers.PDF}, forms
        older_versions(reader, alice)
        saved_by_an_editor(reader, alice, bob)


def forged(reader, path, source):
    """One bit of the cipher text, or a byte where there is none: the seal does not hold."""
    file = containers.read(path.read_bytes())
    file.hashed = file.hashed[:-1] + bytes([(file.hashed or b"\0")[-1] ^ 1])
    try:
        containers.check_seal(file, len(source.read_bytes()), reader.anchor)
    except (ValueError, InvalidSignature):
        return
    raise AssertionError(f"{path}: the seal holds over something else")


def older_versions(reader, alice):
    """Versions 2.0 and 2.1, as the page has them: both read them."""
    source = alice.home / "in0/of4096.txt"
    data = protected(alice, source, "--perm", RIGHTS, "-o", alice.home / "new.ptxt").read_bytes()
    for minor in (0, 1):
        path = alice.home / f"old{minor}.ptxt"
        path.write_bytes(data[:6] + struct.pack("<II", 2, minor) + data[14:])
        opens(reader, path, source)
        alice.rms("open", path, "-o", alice.home / f"clear{minor}.txt")
        assert (alice.home / f"clear{minor}.txt").read_bytes() == source.read_bytes()
    for vector in sorted((SOURCE / "test/vectors/pfile").glob("*.p*")):
        chain = licence.chain(containers.read(vector.read_bytes()).licence)
        for node in chain:
            node.check_signature()
        assert chain[0].kind == "Publishing-License" and chain[0].content_id(), vector


def saved_by_an_editor(reader, alice, bob):
    """By who may edit, and by the author."""
    for person, name in ((bob, "of4096.txt"), (bob, "budget.docx"), (alice, "of4096.txt")):
        source, edited = alice.home / "in0" / name, person.home / ("edited-" + name)
        path = protected(alice, source, "--perm", RIGHTS, "-o", person.home / ("saved" + source.suffix.replace(".txt", ".ptxt")))
        edited.write_bytes(source.read_bytes() + b"more")
        done = subprocess.run([BUILD / "examples/example_save", path, edited], env=person.env(), capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert containers.read(path.read_bytes()).seal[16:20] == b"\2\0\0\0", name
        opens(reader, path, edited, sealed="editor")


def mails():
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        text, picture = "Meet on Friday at ten.\n", (SOURCE / "test/vectors/files/chart.png").read_bytes()
        mail = email.message.EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = alice.address, bob.address, "Friday"
        mail.set_content(text)
        mail.add_attachment(picture, maintype="image", subtype="png", filename="chart.png")
        mail.add_attachment((SOURCE / "test/vectors/files/budget.docx").read_bytes(), maintype="application", subtype="octet-stream", filename="budget.docx")
        source = alice.write("friday.eml", mail.as_bytes(policy=email.policy.SMTP))
        path = protected(alice, source, "--do-not-forward", "--enable-msg-file-type", "-o", alice.home / "sent.eml")
        carrier = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert carrier["Content-Class"] == "rpmsg.message", carrier.items()
        attached = [part for part in carrier.iter_attachments() if part.get_filename() == "message.rpmsg"]
        assert len(attached) == 1 and attached[0].get_content_type() == "application/x-microsoft-rpmsg-message"
        reader = device(bob)
        file = containers.read(attached[0].get_content())
        mode, key = reader.content_key(file.licence)
        clear = file.clear(mode, key)
        form, page, body, attachments = containers.mail(clear)
        assert (form, page, body) == (1, 65001, text.replace("\n", "\r\n").encode()), (form, page, body)
        assert file.form == containers.MAIL and containers.check_seal(file, len(clear), reader.anchor) == "author"
        assert set(attachments) == {"chart.png", "budget.docx"} and attachments["chart.png"] == picture, attachments.keys()
        inner = bob.home / "inner.docx"
        inner.write_bytes(attachments["budget.docx"])
        opens(reader, inner, SOURCE / "test/vectors/files/budget.docx")


if __name__ == "__main__":
    main(every_form_in_every_cipher, mails)
