"""Files as they really are: kinds, names, places that cannot be written, damage at every spot, folders, many files."""
import base64
import contextlib
import email
import email.message
import email.policy
import io
import json
import os
import pathlib
import pty
import random
import re
import shutil
import socket
import struct
import subprocess
import zipfile
import zlib
from xml.etree import ElementTree

import olefile

from rmslab import BUILD, SANITIZER_MARKS, SOURCE, Lab, main

TEXT = b"Some text.\n"


def kinds_and_names():
    # proves: C-081
    # touches: C-042, C-071
    rng = random.Random(1)
    with Lab(people=("alice",)) as lab:
        alice = lab.person("alice")
        names = {"a.txt": "a.ptxt", "B.TXT": "B.PTXT", "c.xml": "c.pxml", "d.jpg": "d.pjpg", "e.jpeg": "e.pjpeg", "f.png": "f.ppng",
                 "g.tif": "g.ptif", "h.tiff": "h.ptiff", "i.bmp": "i.pbmp", "j.gif": "j.pgif", "k.zip": "k.zip.pfile",
                 "l.csv": "l.csv.pfile", "noext": "noext.pfile", "with space.txt": "with space.ptxt",
                 "übergrößen 中文.txt": "übergrößen 中文.ptxt", "-rf.txt": "-rf.ptxt"}
        sizes = [0, 1, 15, 16, 17, 4095, 4096, 4097, 8192, 100000, 1 << 20, (1 << 20) + 1]
        for i, (name, protected) in enumerate(names.items()):
            data = rng.randbytes(sizes[i % len(sizes)])
            path = alice.write(f"k/{name}", data)
            done = alice.rms("--json", "protect", "--only-me", "--in-place", "--", path).json_lines[0]
            made = alice.home / "k" / protected
            if not made.exists():  # an upper-case extension may get a lower-case p
                made = next(p for p in (alice.home / "k").iterdir() if p.name.lower() == protected.lower())
            assert done["Status"] == "Success" and not path.exists(), done
            status = alice.rms("--offline", "--json", "status", made).json_lines[0]
            form = "Generic" if protected.endswith(".pfile") else "Native"
            assert status["IsRMSProtected"] is True and status["Status"] == f"Protected ({form})", status
            assert status["OriginalExtension"] == os.path.splitext(name)[1] and status["OriginalSize"] == len(data), status
            alice.rms("unprotect", "--in-place", "--", made)
            assert path.read_bytes() == data, name


def package(part, text):
    """An Office package as its program would begin one."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", '<?xml version="1.0"?><Types '
                         'xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>')
        archive.writestr(part, text)
    return made.getvalue()


def gsf(*arguments):
    return subprocess.run(["gsf", *map(str, arguments)], check=True, capture_output=True).stdout


def structure(path, small, content):
    """The data spaces around a content stream (MS-OFFCRYPTO 2.2), as another program finds them."""
    space, transform = small
    with olefile.OleFileIO(path) as ole:
        assert not ole.parsing_issues, ole.parsing_issues
        root, wide = "\x06DataSpaces", lambda text: text.encode("utf-16-le")
        names = {"/".join(stream) for stream in ole.listdir()}
        assert {f"{root}/Version", f"{root}/DataSpaceMap", content, f"{root}/DataSpaceInfo/{space}",
                f"{root}/TransformInfo/{transform}/\x06Primary"} <= names, names
        assert wide("Microsoft.Container.DataSpaces") in ole.openstream(f"{root}/Version").read()
        entry = ole.openstream(f"{root}/DataSpaceMap").read()
        assert wide(content) in entry and wide(space) in entry, entry
        assert wide(transform) in ole.openstream(f"{root}/DataSpaceInfo/{space}").read()
        primary = ole.openstream(f"{root}/TransformInfo/{transform}/\x06Primary").read()
        size = int.from_bytes(primary[172:176], "little")
        assert wide("{C73DFACD-061F-43B0-8B64-0C620D2A8B50}") in primary[:88]
        assert primary[92:154] == wide("Microsoft.Metadata.DRMTransform") and primary[156:168] == b"\1\0\0\0" * 3
        assert primary[176:].startswith(b"<?xml") and -len(primary) % 4 == 0 and 0 <= len(primary) - 176 - size < 4
        stream = ole.openstream(content).read()
        assert (len(stream) - 8) % 4096 == 0
        euls = [ole.openstream(name).read() for name in names if name.startswith(f"{root}/TransformInfo/{transform}/EUL-")]
    return stream, euls


def carried_licence(person, path):
    """A use licence in the document, in the published form; with it the document opens where none is kept and no service is."""
    kept = structure(path, OOXML, "EncryptedPackage")[0]
    person.rms("license", "embed", path)
    content, (eul,) = structure(path, OOXML, "EncryptedPackage")
    header, size = (int.from_bytes(eul[at:at + 4], "little") for at in (0, 4))
    licence = int.from_bytes(eul[header:header + 4], "little")
    chain = ElementTree.fromstring(eul[header + 4:header + 4 + licence])
    assert content == kept and header == 8 + (size + 3) // 4 * 4 and 0 <= len(eul) - header - 4 - licence < 4
    assert base64.b64decode(eul[8:8 + size]).decode("utf-16-le") == f"Windows:{person.address}"
    assert chain.tag == "certificatechain" and len(chain) > 1 and {node.tag for node in chain} == {"certificate"}
    assert all(base64.b64decode(node.text).decode("utf-16-le").startswith("<XrML") for node in chain)
    assert person.rms("--json", "status", path).json_lines[0]["Seal"] == "unchanged"


OOXML, BINARY = ("DRMEncryptedDataSpace", "DRMEncryptedTransform"), ("\x09DRMDataSpace", "\x09DRMTransform")


def office_documents():
    # proves: C-058, C-080
    # touches: C-042, C-051, C-071
    rng = random.Random(2)
    strict = '<w:document xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main" w:conformance="strict"/>'
    clear = {"plan.docx": package("word/document.xml", rng.randbytes(200000).hex()),
             "Budget.XLSX": package("xl/workbook.xml", "amounts"), "board.pptx": package("ppt/presentation.xml", "x" * 3000000),
             "flow.vsdx": package("visio/document.xml", "boxes"), "strict.docx": package("word/document.xml", strict)}
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        for name, data in clear.items():
            path = alice.write(f"o/{name}", data)
            done = alice.rms("--json", "protect", path, "--perm", "bob@contoso.test:VIEW,EXTRACT", "--in-place").json_lines[0]
            assert done["Status"] == "Success" and done["OutputFile"] == str(path), done
            status = alice.rms("--offline", "--json", "status", path).json_lines[0]
            assert status["Status"] == "Protected (Native)" and status["OriginalSize"] == len(data), status
            assert status["RMSOwner"] == alice.address and status["OriginalExtension"] == os.path.splitext(name)[1], status
            # Other programs see a compound file of the published form.
            content, euls = structure(path, OOXML, "EncryptedPackage")
            assert not euls and int.from_bytes(content[:8], "little") == len(data)
            assert gsf("cat", path, "EncryptedPackage") == content and data[:64] not in content
            assert b"EncryptedPackage" in gsf("list", path)
            # bob opens it within his rights, alice takes the protection off
            shutil.copy(path, bob.home / name)
            bob.rms("open", bob.home / name, "-o", bob.home / f"clear-{name}")
            assert (bob.home / f"clear-{name}").read_bytes() == data
            if name == "plan.docx":
                carried_licence(bob, bob.home / name)
                second = bob.device("2")
                second.login()
                second.rms("bootstrap")
                assert "needs-online" in second.rms("--offline", "open", path, "-o", bob.home / "carried.docx", code=None).err
                second.rms("--offline", "open", bob.home / name, "-o", bob.home / "carried.docx")
                assert (bob.home / "carried.docx").read_bytes() == data
            alice.rms("unprotect", path, "--in-place")
            assert path.read_bytes() == data, name
        # A program that knows nothing of protection shows what this is, and not a word of the document.
        for name, streams, reader in (("old.doc", {"WordDocument": b"\xec\xa5\xc1" + b"\0" * 5000, "1Table": b"SECRET" * 900}, "catdoc"),
                                      ("old.xls", {"Workbook": bytes([9, 8, 4, 0, 0, 6, 5, 0]) + b"SECRET" * 900}, "xls2csv")):
            for stream, data in streams.items():
                alice.write(f"{name}.parts/{stream}", data)
            path = alice.home / "o" / name
            subprocess.run(["gsf", "createole", path, *streams], check=True, capture_output=True, cwd=alice.home / f"{name}.parts")
            data = path.read_bytes()
            alice.rms("protect", path, "--only-me", "--in-place")
            structure(path, BINARY, "\x09DRMContent")
            shown = subprocess.run([reader, path], capture_output=True, check=True).stdout
            assert b"This document is protected" in shown and b"SECRET" not in path.read_bytes(), shown
            alice.rms("unprotect", path, "--in-place")
            assert path.read_bytes() == data, name
        # copies, protecting again, and a batch
        for name, data in clear.items():
            alice.write(f"many/{name}", data)
        alice.rms("protect", alice.home / "many", "-r", "--only-me", "--in-place")
        alice.rms("protect", alice.home / "many", "-r", "--perm", "bob@contoso.test:VIEW", "--in-place")
        assert "no-rights" in bob.rms("unprotect", alice.home / "many/plan.docx", "--out", bob.home / "b", code=1).err
        alice.rms("unprotect", alice.home / "many", "-r", "--out", alice.home / "back")
        for name, data in clear.items():
            assert (alice.home / "back/many" / name).read_bytes() == data
        alice.rms("protect", alice.write("c/plan.docx", clear["plan.docx"]), "--only-me")
        assert (alice.home / "c/plan-Copy.docx").read_bytes()[:4] == b"\xd0\xcf\x11\xe0"
        # What only has the name is protected as any file is.
        alice.rms("protect", alice.write("c/text.docx", TEXT), "--only-me", "--in-place")
        assert (alice.home / "c/text.docx.pfile").exists()


def pdf(catalogue="", objects=(), trailer=""):
    """A document of one page, as a program would write it. Objects 1 to 6 are taken."""
    page = b"BT /F1 12 Tf 72 700 Td (The yield of plot seven) Tj ET\n" * 50
    bodies = [f"<< /Type /Catalog /Pages 2 0 R {catalogue} >>", "<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>",
              "<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 595 842 ] /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> >>",
              "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", page, "<< /Author (Somebody Nobody Knows) >>", *objects]
    out, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        if isinstance(body, bytes):
            data = zlib.compress(body)
            body = f"<< /Length {len(data)} /Filter /FlateDecode >>\nstream\n".encode() + data + b"\nendstream"
        out += f"{number} 0 obj\n".encode() + (body if isinstance(body, bytes) else body.encode()) + b"\nendobj\n"
    table = f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n" + "".join(f"{place:010d} 00000 n \n" for place in places)
    return out + (f"{table}trailer\n<< /Size {len(bodies) + 1} /Root 1 0 R /Info 6 0 R {trailer} >>\n"
                  f"startxref\n{len(out)}\n%%EOF\n").encode()


def said(*command):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout


def pdf_documents():
    # proves: C-051
    # touches: C-042, C-055, C-059, C-065, C-069, C-071
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        first = alice.write("p/first.pdf", pdf())
        objects = alice.home / "p/Objects.PDF"
        said("qpdf", "--object-streams=generate", first, objects)
        said("qpdf", "--linearize", first, alice.home / "p/fast.pdf")
        alice.write("p/attached.pdf", pdf("/Names << /EmbeddedFiles << /Names [ (a) 7 0 R ] >> >>",
                                          ["<< /Type /Filespec /F (a) /EF << /F 8 0 R >> >>", b"member" * 1000]))
        form = pdf("/AcroForm << /Fields [ 6 0 R ] >>")
        signed = pdf("/AcroForm << /Fields [ 6 0 R ] /SigFlags 3 >>")
        alice.write("p/form.pdf", form)
        for path in sorted((alice.home / "p").iterdir()):
            data = path.read_bytes()
            done = alice.rms("--json", "protect", path, "--perm", "bob@contoso.test:VIEW,EXTRACT", "--in-place").json_lines[0]
            assert done["Status"] == "Success" and done["OutputFile"] == str(path), done
            status = alice.rms("--offline", "--json", "status", path).json_lines[0]
            assert status["Status"] == "Protected (Native)" and status["RMSOwner"] == alice.address, status
            # Any reader opens it, and tells what it is; nothing of the document is there in clear.
            said("qpdf", "--check", path)
            assert "This document is protected." in said("pdftotext", path, "-")
            assert b"Nobody Knows" not in path.read_bytes() and b"member" not in path.read_bytes()
            shutil.copy(path, bob.home / path.name)
            bob.rms("open", bob.home / path.name, "-o", bob.home / f"clear-{path.name}")
            assert (bob.home / f"clear-{path.name}").read_bytes() == data, path
            # Protected again, by the same person for nobody else
            alice.rms("protect", path, "--only-me", "--in-place")
            shutil.copy(path, bob.home / path.name)
            assert "no-rights" in bob.rms("open", bob.home / path.name, "-o", bob.home / "no.pdf", code=1).err
            # A changed byte is found wherever it is, or does not matter.
            whole = path.read_bytes()
            for at in random.Random(3).sample(range(len(whole)), 12):
                broken = alice.write("broken.pdf", whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
                done = alice.rms("unprotect", broken, "-o", alice.home / "b.pdf", code=None)
                assert done.code in (0, 1), done
                if done.code == 0:
                    assert (alice.home / "b.pdf").read_bytes() == data, at
                    (alice.home / "b.pdf").unlink()
            alice.rms("unprotect", path, "--in-place")
            assert path.read_bytes() == data, path
        # What is refused, in both modes, with its reason, the files as they were
        for password in ("word", ""):
            said("qpdf", "--encrypt", password, "owner", "256", "--", first, alice.home / f"r-locked{password}.pdf")
        alice.write("EncryptionInfo", "x")
        alice.write("EncryptedPackage", "y")
        subprocess.run(["gsf", "createole", "r-locked.docx", "EncryptionInfo", "EncryptedPackage"], cwd=alice.home, check=True)
        alice.write("r-form.pdf", form)
        alice.write("r-signed.pdf", signed)
        only_signed = alice.write("r-only-signed.pdf", pdf("/AcroForm << /Fields [ ] /SigFlags 3 >>"))
        protected = alice.write("r-protected.pdf", pdf())
        alice.rms("protect", protected, "--only-me", "--in-place")
        rows = {"r-lockedword.pdf": ("password-protected",) * 2, "r-locked.pdf": ("password-protected",) * 2,
                "r-locked.docx": ("password-protected",) * 2, "r-form.pdf": ("", "form"), "r-signed.pdf": ("signed", "form"),
                "r-only-signed.pdf": ("signed", ""), "r-protected.pdf": ("", "already-protected")}
        for name, reasons in rows.items():
            data = (alice.home / name).read_bytes()
            for native, reason in zip(("true", "false"), reasons):
                alice.write(".config/openrms/rms.conf", f"pdf_native = {native}\n")
                done = alice.rms("protect", alice.home / name, "--only-me", "--out", alice.home / native, code=1 if reason else 0)
                assert reason in done.err, (name, native, done.err)
                assert (alice.home / name).read_bytes() == data
        assert not (alice.home / "true/r-signed.pdf").exists() and (alice.home / "true/r-form.pdf").exists()
        wrapped = alice.home / "false/r-only-signed.ppdf"
        assert wrapped.read_bytes()[:6] == b".pfile"
        alice.rms("unprotect", wrapped, "--in-place")
        assert wrapped.with_suffix(".pdf").read_bytes() == only_signed.read_bytes()
        # What only has the name is protected as any file is.
        alice.rms("protect", alice.write("text.pdf", TEXT), "--only-me", "--in-place")
        assert (alice.home / "text.pdf.pfile").exists()


def on_terminal(person, *arguments):
    """What a command shows on a terminal of its own, and its exit status."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen([BUILD / "cmd/rms/rms", *map(str, arguments)], env=person.env(TERM="dumb"), cwd=person.home,
                               stdin=subprocess.DEVNULL, stdout=terminal, stderr=subprocess.STDOUT, start_new_session=True)
    os.close(terminal)
    text = b""
    with contextlib.suppress(OSError):  # EIO: the other end is closed
        while piece := os.read(controller, 65536):
            text += piece
    os.close(controller)
    return text.decode(errors="replace"), process.wait(60)


def mails():
    # proves: C-079
    # touches: C-050, C-055, C-077, C-078, C-094, C-325, S-076
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
    attached = {"plan.docx": package("word/document.xml", "SECRET" * 9000), "offer.pdf": pdf(), "chart.png": picture}
    body = "<html><head><style>p {}</style></head><body><p>Grüße, the <b>SECRET</b> yield</p><script>evil()</script></body></html>"
    mail = email.message.EmailMessage()
    mail["From"], mail["To"], mail["Cc"] = "Alice <alice@contoso.test>", "Bob <bob@contoso.test>", "alice@contoso.test"
    mail["Subject"], mail["Message-ID"], mail["X-Kept"] = "Yield of plot seven, Größe", "<one@contoso.test>", "as it was"
    mail.set_content("plain words")
    mail.add_alternative(body, subtype="html")
    for name, data in attached.items():
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    inner = email.message.EmailMessage()
    inner["Subject"] = "../../etc/passwd"
    inner.set_content("inside")
    mail.add_attachment(inner)
    with Lab(people=("alice", "bob", "carol")) as lab:
        alice, bob, carol = (lab.person(name) for name in ("alice", "bob", "carol"))
        path = alice.write("m/mail.eml", mail.as_bytes(policy=email.policy.SMTP))
        # Verbs for files leave mails alone until they are told; Do Not Forward is for mails alone.
        assert alice.rms("--json", "protect", path, "--do-not-forward", code=None).json_lines[0]["Status"] == "Skipped"
        assert "bad-argument" in alice.rms("protect", alice.write("m/a.txt", TEXT), "--do-not-forward", code=2).err
        assert sorted(p.name for p in path.parent.iterdir()) == ["a.txt", "mail.eml"]
        made = alice.home / "m/sent.eml"
        alice.rms("protect", path, "--do-not-forward", "--enable-msg-file-type", "-o", made)
        assert b"SECRET" not in made.read_bytes()
        # Another reader of MIME sees one message with a notice and message.rpmsg; header fields are as they were.
        carrier = email.message_from_bytes(made.read_bytes(), policy=email.policy.default)
        notice, part = carrier.iter_parts()
        assert carrier["Content-Class"] == "rpmsg.message" and not carrier.defects and carrier.get_content_type() == "multipart/mixed"
        assert [carrier[name] for name in ("Subject", "From", "X-Kept")] == [mail[name] for name in ("Subject", "From", "X-Kept")]
        assert "protected" in notice.get_content() and part.get_filename() == "message.rpmsg"
        assert part.get_content_type() == "application/x-microsoft-rpmsg-message"
        # The layers of C-079, read by an inflater, a reader of compound files, and another one.
        packed, inflater, compound, at = part.get_content(), zlib.decompressobj(), b"", 8
        assert packed[:8] == bytes.fromhex("76e80460c411e386")
        while at < len(packed):
            mark, clear, size = struct.unpack_from("<III", packed, at)
            block = inflater.decompress(packed[at + 12:at + 12 + size])
            assert mark == 0xfa0 and len(block) == clear <= 4096, (mark, clear, len(block))
            compound, at = compound + block, at + 12 + size
        with olefile.OleFileIO(io.BytesIO(compound)) as ole:
            assert {"\x06DataSpaces/Version", "\x06DataSpaces/DataSpaceMap", "\tDRMContent",
                    "\x06DataSpaces/TransformInfo/\tDRMTransform/\x06Primary"} <= {"/".join(s) for s in ole.listdir()}
        assert b"DRMContent" in gsf("list", alice.write("m/inner.ole", compound))
        # Told without rights: who, about what, how protected.
        status = carol.rms("--offline", "--json", "status", made).json_lines[0]
        assert status["Status"] == "Protected (Native)" and status["RMSOwner"] == alice.address, status
        assert status["Seal"] == "unchanged" and status["SealedBy"] == alice.address, status
        assert status["Mail"] == {"Subject": mail["Subject"], "From": alice.address, "To": [bob.address, alice.address],
                                  "Attachments": ["message.rpmsg"]}, status
        # bob reads it on a terminal; what leaves it are copies, which he may have of what is protected by itself.
        for where in (made, alice.write("m/message.rpmsg", packed)):
            shown, code = on_terminal(bob, "open", where)
            assert code == 0 and "Grüße, the SECRET yield" in shown and "evil" not in shown and "p {}" not in shown, shown
            assert "plan.docx (protected by itself)" in shown and "chart.png" in shown, shown
            assert "no-rights" in bob.rms("open", where, code=1).err and "no-rights" in bob.rms("cat", where, code=1).err
        done = bob.rms("open", made, "--save-attachments", bob.home / "got", code=1)
        assert sorted(p.name for p in (bob.home / "got").iterdir()) == ["offer.pdf", "plan.docx"] and "SECRET" not in done.out, done
        for name in ("plan.docx", "offer.pdf"):
            assert "no-rights" in bob.rms("open", bob.home / "got" / name, "-o", bob.home / "x", code=1).err
        assert "no-rights" in carol.rms("open", made, "-o", "-", code=1).err
        assert "no-rights" in bob.rms("unprotect", made, "-o", bob.home / "clear.eml", code=1).err
        assert not (bob.home / "clear.eml").exists()
        # A protected message is not protected again; its author takes the protection off.
        again = alice.rms("protect", made, "--only-me", "--enable-msg-file-type", "-o", alice.home / "m/y.eml", code=1)
        assert "already-protected" in again.err
        for source in (made, alice.home / "m/message.rpmsg"):
            alice.rms("unprotect", source, "-o", alice.home / "m/clear.eml")
            clear = email.message_from_bytes((alice.home / "m/clear.eml").read_bytes(), policy=email.policy.default)
            assert clear.get_body().get_content() == body + "\r\n" or clear.get_body().get_content() == body + "\n", clear.get_body()
            files = {p.get_filename(): p.get_payload(decode=True) for p in clear.iter_attachments()}
            assert {name: files[name] for name in attached} == attached, files.keys()
            assert b"inside" in files["passwd.eml"] and clear["Content-Class"] is None
            assert source != made or [clear[n] for n in ("Subject", "To", "X-Kept")] == [mail[n] for n in ("Subject", "To", "X-Kept")]
            (alice.home / "m/clear.eml").unlink()
        alice.rms("open", made, "--save-attachments", alice.home / "all")
        assert sorted(p.name for p in (alice.home / "all").iterdir()) == ["chart.png", "offer.pdf", "passwd.eml", "plan.docx"]
        assert (alice.home / "all/chart.png").read_bytes() == picture
        # A text in its own characters; a protected mail among the attachments; nobody to send it to; another's mail.
        simple = email.message.EmailMessage()
        simple["From"], simple["To"] = alice.address, bob.address
        simple.set_content("Grüße", charset="iso-8859-1")
        options = ("--encrypt-only", "--enable-msg-file-type", "-o")
        alice.rms("protect", alice.write("n/a.eml", simple.as_bytes()), *options, alice.home / "n/b.eml")
        assert "Grüße" in alice.rms("open", alice.home / "n/b.eml").out
        assert alice.rms("--json", "open", alice.home / "n/b.eml").json["CodePage"] == 28591
        outer = email.message.EmailMessage()
        outer["From"], outer["To"] = alice.address, bob.address
        outer.add_attachment(email.message_from_bytes((alice.home / "n/b.eml").read_bytes(), policy=email.policy.default))
        alice.rms("protect", alice.write("n/c.eml", outer.as_bytes()), *options, alice.home / "n/d.eml")
        alice.rms("unprotect", alice.home / "n/d.eml", "-o", alice.home / "n/e.eml")
        (inside,) = email.message_from_bytes((alice.home / "n/e.eml").read_bytes(), policy=email.policy.default).iter_attachments()
        inside = email.message_from_bytes(inside.get_payload(decode=True), policy=email.policy.default)
        assert inside["Content-Class"] is None and inside.get_body().get_content().strip() == "Grüße", inside
        del simple["To"]
        lonely = alice.rms("protect", alice.write("n/f.eml", simple.as_bytes()), *options, alice.home / "n/g.eml", code=1)
        assert "unknown-recipient" in lonely.err and not (alice.home / "n/g.eml").exists()
        theirs = alice.rms("protect", bob.write("m.eml", outer.as_bytes().replace(b"From: alice", b"From: carol")), *options,
                           alice.home / "n/g.eml", code=3)
        assert "role-required" in theirs.err and not (alice.home / "n/g.eml").exists()
        # Damaged anywhere: one reason, nothing written.
        for spoilt in (b"\0" + packed[1:], packed[:8] + b"\xa1" + packed[9:], packed[:12] + struct.pack("<I", 4097) + packed[16:],
                       packed[:8], packed[:len(packed) // 2], packed[:-1]):
            victim = bob.write("v.rpmsg", spoilt)
            done = bob.rms("open", victim, "-o", bob.home / "v.out", code=1)
            assert "(damaged)" in done.err or "(not-protected)" in done.err and spoilt[:8] != packed[:8], (len(spoilt), done)
            assert not (bob.home / "v.out").exists()
def message(path, parts, **attachments):
    """An Outlook message as far as its attachments go; parts is a directory to make it in."""
    parts.mkdir()
    (parts / "__properties_version1.0").write_bytes(b"\0" * 32)
    for number, data in enumerate(attachments.values()):
        place = parts / f"__attach_version1.0_#{number:08X}"
        place.mkdir()
        (place / "__substg1.0_37010102").write_bytes(data)
        (place / "__substg1.0_3707001F").write_bytes(list(attachments)[number].replace("_", ".").encode("utf-16-le"))
    subprocess.run(["gsf", "createole", path, *sorted(p.name for p in parts.iterdir())], check=True, capture_output=True, cwd=parts)
    return path


def status_without_network_and_sign_in():
    # proves: S-295
    # touches: C-096
    own = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    with Lab(people=("alice",)) as lab:
        alice = lab.person("alice")
        for name, data in (("a.docx", package("word/document.xml", "a")), ("b.pdf", pdf()), ("c.bin", b"generic"), ("d.txt", TEXT)):
            alice.rms("protect", alice.write(f"s/{name}", data), "--only-me", "--in-place")
        mail = email.message.EmailMessage()
        mail["From"], mail["To"] = alice.address, alice.address
        mail.set_content("words")
        alice.rms("protect", alice.write("s/f.eml", mail.as_bytes()), "--encrypt-only", "--enable-msg-file-type", "-o", alice.home / "s/sent.eml")
        lab.stop()
        sent = email.message_from_bytes((alice.home / "s/sent.eml").read_bytes(), policy=email.policy.default)
        packed = next(part for part in sent.iter_parts() if part.get_filename() == "message.rpmsg").get_content()
        message(alice.home / "s/e.msg", alice.home / "m1", message_rpmsg=packed)
        nobody = lab.dir / "nobody"
        nobody.mkdir()
        env = {"PATH": os.environ["PATH"], "HOME": str(nobody), "ASAN_OPTIONS": "detect_leaks=0", "RMS_KEYRING": "off"}

        def status(path, code=0):
            """In a network namespace without interfaces; nobody is signed in there."""
            done = subprocess.run(["unshare", *own, "--net", "--", BUILD / "cmd/rms/rms", "--json", "status", path], env=env,
                                  capture_output=True, text=True)
            assert done.returncode == code and not any(mark in done.stderr for mark in SANITIZER_MARKS), (path, done)
            return json.loads(done.stdout)

        files = {"a.docx": "Native", "b.pdf": "Native", "c.bin.pfile": "Generic", "d.ptxt": "Native"}
        for name, form in {**files, "e.msg": "Native", "sent.eml": "Native"}.items():
            shown = status(alice.home / "s" / name)
            assert shown["IsRMSProtected"] is True and shown["Status"] == f"Protected ({form})", shown
            assert shown["IsLabeled"] is False and shown["ContainsProtectedObjects"] is False, shown
            assert len(shown["ContentId"]) > 30 and shown["RMSOwner"] == "alice@contoso.test", shown
            assert all(url.startswith(lab.url) for url in shown["LicensingUrls"]) and shown["LicensingUrls"], shown
        plain = status(alice.write("s/plain.txt", TEXT))
        assert plain["IsRMSProtected"] is False and plain["Status"] == "Unprotected" and plain["ContentId"] == "", plain
        # messages: with something protected in it, with nothing
        inside = (alice.home / "s/c.bin.pfile").read_bytes()
        carrier = status(message(alice.home / "s/carrier.msg", alice.home / "m2", note=b"a", file=inside))
        assert carrier["IsRMSProtected"] is False and carrier["ContainsProtectedObjects"] is True, carrier
        clear = status(message(alice.home / "s/clear.msg", alice.home / "m3", note=b"a"))
        assert clear["IsRMSProtected"] is False and clear["ContainsProtectedObjects"] is False, clear
        for parts, holds in (((b"a",), False), ((b"a", inside), True), (((alice.home / "s/a.docx").read_bytes(),), True), ((inside[:90],), False)):
            letter = email.message.EmailMessage()
            letter["From"], letter["To"] = alice.address, alice.address
            letter.set_content("words")
            for number, part in enumerate(parts):
                letter.add_attachment(part, maintype="application", subtype="octet-stream", filename=f"{number}.bin")
            shown = status(alice.write("s/clear.eml", letter.as_bytes()))
            assert shown["IsRMSProtected"] is False and shown["ContainsProtectedObjects"] is holds, (holds, shown)
        # a header that was cut or changed
        for name in files:
            whole = (alice.home / "s" / name).read_bytes()
            for bad in (whole[:len(whole) // 3], whole.replace(b"XrML", b"XrNL").replace(b"BODY", b"BODX")):
                damaged = alice.write(f"s/bad-{name}", bad)
                assert status(damaged, code=1)["Reason"] == "bad-license", (name, len(bad))
        whole = (alice.home / "s/e.msg").read_bytes()
        for number, bad in enumerate((packed[:len(packed) // 3], packed[:20] + b"\xff" + packed[21:], packed[:8])):
            damaged = message(alice.home / f"s/bad{number}.msg", alice.home / f"bad{number}", message_rpmsg=bad)
            assert status(damaged, code=1)["Reason"] == "bad-license", number
        assert status(alice.write("s/cut.msg", whole[:len(whole) // 3]), code=1)["Reason"] == "bad-license"


def copies_folders_and_conflicts():
    # proves: C-214, C-215
    # touches: C-043, C-213
    with Lab(people=("alice",)) as lab:
        alice = lab.person("alice")
        path = alice.write("c/a.txt", TEXT)
        for expected in ("a-Copy.ptxt", "a-Copy(2).ptxt", "a-Copy(3).ptxt"):
            alice.rms("protect", path, "--only-me")
            assert (alice.home / "c" / expected).exists(), sorted(p.name for p in (alice.home / "c").iterdir())
        assert path.read_bytes() == TEXT
        alice.write("c/a.ptxt", b"something else")
        alice.rms("protect", path, "--only-me", "--in-place", code=1)
        assert path.read_bytes() == TEXT and (alice.home / "c/a.ptxt").read_bytes() == b"something else"
        tree = {"t/1.txt": b"1", "t/x/2.bin": b"2", "t/x/y/3.png": b"3"}
        for name, data in tree.items():
            alice.write(name, data)
        done = alice.rms("--json", "protect", alice.home / "t", "-r", "--out", alice.home / "out", "--only-me").json_lines
        assert len([d for d in done if d.get("Status") == "Success"]) == 3, done
        made = sorted(str(p.relative_to(alice.home / "out")) for p in (alice.home / "out").rglob("*") if p.is_file())
        assert [p.removeprefix("t/") for p in made] == ["1.ptxt", "x/2.bin.pfile", "x/y/3.ppng"], made
        where = sorted(p.name for p in (alice.home / "c").iterdir())
        alice.rms("protect", path, "--only-me", "--out", "/proc/1/nowhere", code=None)
        failed = alice.rms("--json", "protect", path, "--only-me", "--out", "/proc/1/nowhere", code=None)
        assert failed.code != 0 and failed.json_lines[0]["Status"] == "Failed", failed
        assert where == sorted(p.name for p in (alice.home / "c").iterdir()) and path.read_bytes() == TEXT
        alice.rms("unprotect", alice.home / "out", "-r", "--out", alice.home / "back")
        for name, data in tree.items():
            found = [p for p in (alice.home / "back").rglob(name.split("/")[-1])]
            assert len(found) == 1 and found[0].read_bytes() == data, (name, found)
        before = sorted(p.name for p in alice.home.iterdir())
        alice.rms("protect", alice.home / "t" / "*.txt", "--only-me", code=4)
        alice.rms("protect", "https://dav.contoso.test/a.txt", "--only-me", code=2)
        assert before == sorted(p.name for p in alice.home.iterdir())
        bad = alice.write("m/2.ptxt", b".pfile" + b"\0" * 5)
        ok = alice.write("m/1.txt", TEXT)
        last = alice.write("m/3.txt", TEXT)
        alice.rms("protect", ok, last, "--only-me", "--in-place")
        mixed = alice.rms("--json", "unprotect", alice.home / "m/1.ptxt", bad, alice.home / "m/3.ptxt", "--in-place", code=1).json_lines
        states = [m["Status"] for m in mixed if "Status" in m]
        assert states == ["Success", "Failed", "Success"], mixed
        assert [os.path.basename(m["FileName"]) for m in mixed if "FileName" in m] == ["1.ptxt", "2.ptxt", "3.ptxt"], mixed
        assert (alice.home / "m/3.txt").read_bytes() == TEXT


def places_that_do_not_work():
    # proves: C-053
    # touches: C-049
    with Lab(people=("alice",)) as lab:
        alice = lab.person("alice")
        for name, data in (("empty.txt", b""), ("two words.txt", TEXT), ("größe 中.txt", TEXT), ("-rf.txt", TEXT), ("n" * 249, TEXT)):
            path = alice.write(name, data)
            alice.rms("protect", "--only-me", "--in-place", "--", name)
            assert not path.exists()
            made = next(p for p in alice.home.iterdir() if p.name in (f"{path.stem}.ptxt", f"{name}.pfile"))
            alice.rms("unprotect", "--in-place", "--", made.name)
            assert path.read_bytes() == data
        kept = alice.write("kept.txt", TEXT)
        kept.chmod(0o400)
        assert "(permission)" in alice.rms("protect", kept, "--only-me", "--in-place", code=1).err
        assert kept.read_bytes() == TEXT
        linked = alice.write("linked.txt", TEXT)
        (alice.home / "second.txt").hardlink_to(linked)
        warned = alice.rms("protect", linked, "--only-me", "--in-place")
        assert "hard links" in warned.err and not linked.exists() and (alice.home / "second.txt").read_bytes() == TEXT, warned
        target = alice.write("real.txt", TEXT)
        link = alice.home / "link.txt"
        link.symlink_to(target)
        alice.rms("protect", link, "--only-me", "--in-place", code=7)
        assert link.is_symlink() and target.read_bytes() == TEXT
        assert alice.rms("protect", "/dev/null", "--only-me", "--in-place", code=7)
        os.mkfifo(alice.home / "pipe.txt")
        alice.rms("protect", alice.home / "pipe.txt", "--only-me", "--in-place", code=7)
        with socket.socket(socket.AF_UNIX) as unix:
            os.chdir(alice.home)
            unix.bind("sock.txt")
            alice.rms("protect", "sock.txt", "--only-me", "--in-place", code=7)
        alice.rms("protect", alice.write("x.exe", TEXT), "--only-me", "--in-place", code=7)
        assert (alice.home / "x.exe").read_bytes() == TEXT
        long = alice.write("n" * 251, TEXT)
        done = alice.rms("protect", long, "--only-me", "--in-place", code=1)
        assert "name-too-long" in done.err and long.read_bytes() == TEXT, done
        alice.rms("protect", alice.home / "missing.txt", "--only-me", code=4)
        alice.rms("protect", target, "--perm", "not an address:VIEW", code=2)
        alice.rms("protect", target, "--perm", "bob@contoso.test:", code=2)
        alice.rms("protect", target, "--perm", "bob@contoso.test:VIEEW", code=2)
        alice.rms("protect", target, "--template", "No such template", code=4)
        alice.rms("protect", target, "--only-me", "--no-such-option", code=2)
        assert target.read_bytes() == TEXT


def programs_and_folders_of_the_system_are_left_alone():
    # proves: C-049
    with Lab(people=("alice",)) as lab:
        alice = lab.person("alice")
        program, document, hidden = alice.write("mix/x.exe", TEXT), alice.write("mix/y.docx", b""), alice.write("mix/AppData/z.txt", TEXT)
        document.write_bytes((SOURCE / "test/vectors/files/budget.docx").read_bytes())
        inside = alice.write("mix/AppData/w.docx", document.read_bytes())
        label = ("--id", "3de9faa6-9fe1-49b3-9a08-227a296b54a6", "--name", "Confidential")
        clear = {path: path.read_bytes() for path in (program, hidden, inside)}
        before = document.read_bytes()

        def outcomes(rows):
            return {pathlib.Path(r["FileName"]).name: (r["Status"], r["Reason"]) for r in rows if "FileName" in r}

        skipped = {name: ("Skipped", "file-blocked") for name in ("x.exe", "z.txt", "w.docx")}
        done = alice.rms("--json", "label", "set", "-r", alice.home / "mix", *label, code=7)
        assert outcomes(done.json_lines) == {**skipped, "y.docx": ("Success", None)}, done
        assert document.read_bytes() != before
        told = alice.rms("label", "set", program, inside, *label, code=7)
        assert told.err.count("(file-blocked)") == 2 and str(program) in told.err and str(inside) in told.err, told
        assert alice.rms("--json", "label", "remove", "-r", alice.home / "mix", code=7).json_lines[-1]["Summary"]["Success"] == 1
        for path in clear:
            told = alice.rms("protect", path, "--only-me", "--in-place", code=7)
            assert "(file-blocked)" in told.err and str(path) in told.err, told
            alice.rms("unprotect", path, "--in-place", code=7)
        done = alice.rms("--json", "protect", "-r", alice.home / "mix", "--only-me", "--in-place", code=7)
        assert outcomes(done.json_lines) == {**skipped, "y.docx": ("Success", None)}, done
        assert {path: path.read_bytes() for path in clear} == clear
        alice.rms("protect", "/usr/lib/os-release", "--only-me", code=7)
        alice.rms("label", "set", "/etc/hostname", *label, code=7)


def what_an_administrator_prevented():
    # proves: C-048
    with Lab(people=("alice",)) as lab:
        alice = lab.person("alice")
        before = alice.write("before.txt", TEXT)
        alice.rms("protect", before, "--only-me", "--in-place")
        alice.write(".config/openrms/rms.conf", 'protection "txt" {\n  encryption = "Off"\n}\n')
        path = alice.write("after.txt", TEXT)
        refused = alice.rms("protect", path, "--only-me", "--in-place", code=1)
        assert "administrator has prevented" in refused.err and path.read_bytes() == TEXT, refused
        alice.rms("unprotect", alice.home / "before.ptxt", "--in-place")
        assert before.read_bytes() == TEXT


def what_an_administrator_chose():
    # proves: C-047
    with Lab(people=("alice",)) as lab:
        alice = lab.person("alice")
        clear = {"a.docx": package("word/document.xml", "words"), "a.txt": TEXT, "a.pdf": pdf(), "a.zip": b"PK\x05\x06" + bytes(18), "a": TEXT}
        for name, data in clear.items():
            alice.write(f"c/{name}", data)
        same = {"a.docx": "a.docx", "a.pdf": "a.pdf", "a": "a.pfile"}
        usual = {**same, "a.txt": "a.ptxt", "a.zip": "a.zip.pfile"}
        table = {"Native": {**usual, "a.zip": "a.pzip"}, "Sometimes": usual, "Off": {},
                 "Pfile": {**usual, "a.txt": "a.txt.pfile", "a.pdf": "a.pdf.pfile"}}

        def made(rules, folder):
            alice.write(".config/openrms/rms.conf", "".join(f'protection "{key}" {{ {rule} }}\n' for key, rule in rules.items()))
            results = {}
            for name in clear:
                done = alice.rms("protect", alice.home / "c" / name, "--only-me", "--out", alice.home / folder, code=None)
                results[name] = {path.name for path in (alice.home / folder).glob("*")} - set().union(*results.values(), set())
                assert done.code == (0 if results[name] else 1), (rules, name, done)
                assert results[name] or "administrator has prevented" in done.err, (rules, name, done)
            return {name: names.pop() for name, names in results.items() if names}

        for value, expected in table.items():
            rules = {name.partition(".")[2] or ".": f'encryption = "{value}"' for name in clear}
            assert made(rules, value) == expected, value
        # A named extension beats all others, "*" means no Office document, and the generic form can be forbidden.
        assert made({"*": 'encryption = "Off"', "txt": 'encryption = "Pfile"'}, "star") == {"a.docx": "a.docx", "a.txt": "a.txt.pfile"}
        assert made({"*": "allow_pfile = false"}, "native") == {"a.docx": "a.docx", "a.txt": "a.ptxt", "a.pdf": "a.pdf"}


def a_full_disk_leaves_the_input():
    with Lab(people=("alice",)) as lab:
        alice = lab.person("alice")
        place = alice.home / "small"
        place.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", place], capture_output=True).returncode != 0:
            # Without the right to mount: a limit on the size of files gives the same failure of write.
            path = alice.write("big.bin", os.urandom(2 << 20))
            done = subprocess.run(["sh", "-c", 'ulimit -f 1024; exec "$@"', "sh", str(lab_rms()), "protect", str(path), "--only-me",
                                   "--in-place"], env=alice.env(), capture_output=True, text=True)
            assert done.returncode != 0 and path.stat().st_size == 2 << 20
            return
        try:
            path = place / "big.bin"
            data = os.urandom(2 << 20)
            path.write_bytes(data)
            done = alice.rms("protect", path, "--only-me", "--in-place", code=1)
            assert "no-space" in done.err, done
            assert path.read_bytes() == data and [p.name for p in place.iterdir()] == ["big.bin"]
        finally:
            subprocess.run(["umount", place], check=True)


def lab_rms():
    from rmslab import BUILD
    return BUILD / "cmd/rms/rms"


def damage_is_named_and_nothing_is_written():
    # touches: C-069
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        path = alice.write("d.bin", os.urandom(9000))
        alice.rms("protect", path, "--perm", "bob@contoso.test:Co-Owner", "--in-place")
        whole = (alice.home / "d.bin.pfile").read_bytes()
        content = int.from_bytes(whole[18 + int.from_bytes(whole[14:18], "little"):][20:24], "little")
        assert 500 < content < len(whole)
        rng = random.Random(42)
        victim = bob.home / "v.bin.pfile"
        out = bob.home / "v.bin"
        accepted = []
        for at in sorted(rng.sample(range(content), 60)) + list(range(0, 40)):
            flipped = bytearray(whole)
            flipped[at] ^= 1 << rng.randrange(8)
            victim.write_bytes(flipped)
            done = bob.rms("unprotect", victim, "-o", out, code=None)
            assert done.code in (0, 1, 6), done
            if done.code == 0:
                accepted.append(at)
                assert out.read_bytes() == path_bytes(alice, bob, whole), at
                out.unlink()
            assert not out.exists()
        # Only the explanation for people in front of the header, and unsigned dressing of the licence, may change unnoticed.
        redirect = int.from_bytes(whole[14:18], "little")
        assert all(18 <= at < 18 + redirect or licence_dressing(whole, at) for at in accepted), accepted
        for length in list(range(0, 60)) + rng.sample(range(60, len(whole)), 40):
            victim.write_bytes(whole[:length])
            done = bob.rms("unprotect", victim, "-o", out, code=None)
            assert done.code == 1 and not out.exists(), (length, done)


def path_bytes(alice, bob, whole):
    good = bob.home / "good.bin.pfile"
    good.write_bytes(whole)
    bob.rms("unprotect", good, "-o", bob.home / "good.bin", code=None)
    return (bob.home / "good.bin").read_bytes()


def licence_dressing(whole, at):
    """Outside BODY and SIGNATURE elements: prolog and attributes of XrML are not signed (the published rule)."""
    before, after = whole[:at], whole[at:]
    opened = max(before.rfind(b"<BODY"), before.rfind(b"<SIGNATURE"))
    closed = max(before.rfind(b"</BODY>"), before.rfind(b"</SIGNATURE>"))
    del after
    return opened <= closed or b"<ALGORITHM>" in whole[opened:at]


if __name__ == "__main__":
    main(kinds_and_names, office_documents, pdf_documents, mails, status_without_network_and_sign_in, copies_folders_and_conflicts, places_that_do_not_work, programs_and_folders_of_the_system_are_left_alone, what_an_administrator_prevented, what_an_administrator_chose, a_full_disk_leaves_the_input,
         damage_is_named_and_nothing_is_written)
