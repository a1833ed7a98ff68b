"""Archives, folders of mails and mails, opened by bulk unprotect: every sort, everything that is hostile, and recovery."""
import base64
import email
import email.message
import email.policy
import io
import lzma
import os
import shutil
import stat
import struct
import subprocess
import tarfile
import time
import zipfile
import zlib

from rmslab import Lab, main

PST = 51 * (1 << 30) // 10
WHEN = 1700000000  # an even second, as zip has them
CLEAR = b"clear from the beginning\n" * 50


def seven(*arguments, cwd=None):
    return subprocess.run(["7zz", *map(str, arguments)], check=True, capture_output=True, cwd=cwd).stdout


def protected(person, name, data, *policy):
    """The bytes of the file and the name it has when it is protected."""
    path = person.write(f"make/{name}", data)
    done = person.rms("--json", "protect", path, *(policy or ("--only-me",)), "--in-place").json_lines[0]
    made = done["OutputFile"]
    with open(made, "rb") as file:
        content = file.read()
    os.unlink(made)
    return os.path.basename(made), content


def zipped(members):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = b"kept as it is"
        for i, (name, data) in enumerate(members):
            info = zipfile.ZipInfo(name, time.localtime(WHEN + 60 * i)[:6])
            info.compress_type = zipfile.ZIP_STORED if i % 2 else zipfile.ZIP_DEFLATED
            info.external_attr = (stat.S_IFREG | 0o640) << 16
            archive.writestr(info, data)
    return made.getvalue()


def tarred(members, mode="w", form=tarfile.PAX_FORMAT):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode, format=form) as archive:
        for i, (name, data) in enumerate(members):
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode, info.uname = len(data), WHEN + 60 * i, 0o640, "somebody"
            archive.addfile(info, io.BytesIO(data))
    return made.getvalue()


def sevened(person, members, *options):
    folder = person.home / "seven"
    shutil.rmtree(folder, ignore_errors=True)
    for i, (name, data) in enumerate(members):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        os.utime(folder / name, (WHEN + 60 * i, WHEN + 60 * i))
    made = person.home / "made.7z"
    made.unlink(missing_ok=True)
    seven("a", "-t7z", *options, made, *[name for name, _ in members], cwd=folder)
    return made.read_bytes()


def listed(path):
    """Name, content, time and mode of every file, in order."""
    name = path.name
    if name.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            return [(i.filename, archive.read(i), time.mktime((*i.date_time, 0, 0, -1)), i.external_attr >> 16 & 0o777) for i in archive.infolist()]
    if name.endswith(".7z"):
        folder = path.parent / (name + ".out")
        shutil.rmtree(folder, ignore_errors=True)
        seven("x", f"-o{folder}", path)
        names = [line[7:] for line in seven("l", "-slt", "-ba", path).decode().splitlines() if line.startswith("Path = ")]
        return [(n, (folder / n).read_bytes(), (folder / n).stat().st_mtime, None) for n in names if (folder / n).is_file()]
    data = path.read_bytes()
    if name.endswith("zst"):
        data = subprocess.run(["zstd", "-dc"], input=data, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return [(m.name, archive.extractfile(m).read(), m.mtime, m.mode) for m in archive if m.isreg()]


def mail(text, **attachments):
    made = email.message.EmailMessage()
    made["From"], made["To"], made["Subject"], made["X-Kept"] = "alice@contoso.test", "bob@contoso.test", "Größe", "yes"
    made.set_content(text)
    for name, data in attachments.items():
        made.add_attachment(data, maintype="application", subtype="octet-stream", filename=name.replace("_", "."))
    return made


def failures(done):
    return {line["FileName"]: line["Reason"] for line in done.json_lines if line.get("Status") == "Failed"}


def every_sort(alice, carol):
    # touches: C-056
    theirs = protected(carol, "theirs.txt", b"carol's own")
    mine = [protected(alice, "plan.txt", b"the plan " * 20000), protected(alice, "übergröße.csv", b"1;2;3\n")]
    members = [("a/note.txt", CLEAR), *((f"a/{name}", data) for name, data in mine), (theirs[0], theirs[1]),
               ("inner.zip", zipped([mine[0], ("b.txt", CLEAR)])), ("last.bin", os.urandom(5000))]
    wanted = [("a/note.txt", CLEAR), ("a/plan.txt", b"the plan " * 20000), ("a/übergröße.csv", b"1;2;3\n"), theirs, None,
              members[-1]]
    makers = {"x.zip": zipped(members), "x.tar": tarred(members), "gnu.tar": tarred(members, form=tarfile.GNU_FORMAT),
              "x.tgz": tarred(members, "w:gz"), "x.tar.bz2": tarred(members, "w:bz2"), "X.TAR.XZ": tarred(members, "w:xz"),
              "x.tar.zst": subprocess.run(["zstd", "-c"], input=tarred(members), check=True, capture_output=True).stdout,
              "x.7z": sevened(alice, members), "plain.7z": sevened(alice, members, "-mhc=off", "-m0=lzma2", "-ms=off")}
    for name, data in makers.items():
        path = alice.write(f"sorts/{name}", data)
        path.chmod(0o640)
        if name == "x.zip":  # a copy first: the archive itself stays as it is
            done = alice.rms("--json", "unprotect", path, "--out", alice.home / "copies", code=1)
            assert path.read_bytes() == data and (alice.home / "copies" / name).exists(), done
        before = listed(path)
        done = alice.rms("--json", "unprotect", path, "--in-place", code=1)
        assert failures(done) == {f"{path}/{theirs[0]}": "no-rights"}, done
        states = [line.get("Status") for line in done.json_lines]
        assert states.count("Success") == 4 and done.json_lines[-1]["Summary"]["Failed"] == 1, done
        after = listed(path)
        order = {n: i for i, (n, *_rest) in enumerate(before)}
        for i, (n, content, when, mode) in enumerate(after):
            source = members[[m[0] for m in members].index(before[i][0])] if name.endswith("7z") else members[i]
            expected = wanted[members.index(source)]
            if expected is None:
                with zipfile.ZipFile(io.BytesIO(content)) as inner:
                    assert inner.namelist() == ["plan.txt", "b.txt"] and inner.read("plan.txt") == b"the plan " * 20000
            else:
                assert (n, content) == expected, (name, n)
            assert abs(when - before[i][2]) < 2 and mode == before[i][3], (name, n, when, before[i], mode)
        assert len(after) == len(before) == len(order) and stat.S_IMODE(path.stat().st_mode) == 0o640
        assert sorted(p.name for p in path.parent.iterdir() if p.name.startswith(".")) == []
        # what is left is a failure again, and nothing is written
        state = path.stat()
        done = alice.rms("--json", "unprotect", path, "--in-place", code=1)
        assert failures(done) == {f"{path}/{theirs[0]}": "no-rights"} and path.stat() == state, done
        assert [line["Status"] for line in done.json_lines if line.get("FileName") == str(path)] == ["Skipped"], done
    # nothing protected in it: left alone, as any clear file
    clear = alice.write("sorts/clear.zip", zipped([("a.txt", CLEAR)]))
    done = alice.rms("--json", "unprotect", clear, "--in-place", code=7)
    assert done.json_lines[0]["Reason"] == "not-protected", done
    # a packed member that is not replaced is copied as it was packed
    with zipfile.ZipFile(io.BytesIO(makers["x.zip"])) as old, zipfile.ZipFile(alice.home / "sorts/x.zip") as new:
        assert new.comment == old.comment
        for n in ("a/note.txt", theirs[0], "last.bin"):
            a, b = old.getinfo(n), new.getinfo(n)
            assert (a.compress_type, a.compress_size, a.CRC, a.date_time) == (b.compress_type, b.compress_size, b.CRC, b.date_time)


def one_file_to_other_verbs(alice):
    # proves: C-055
    inside = protected(alice, "inside.txt", b"inside")
    attached = mail("words", inside_ptxt=inside[1]).as_bytes()
    for name, data in (("p.zip", zipped([inside, ("n.txt", CLEAR)])), ("p.7z", sevened(alice, [inside])), ("p.rar", b"Rar!\x1a\x07\0" + CLEAR),
                       ("p.pst", b"!BDN" + CLEAR), ("p.tar", tarred([inside])), ("p.mbox", b"From a Mon 1 1:00:00 2024\n" + attached)):
        path = alice.write(f"one/{name}", data)
        if name == "p.pst":  # never protected by verbs for files
            assert alice.rms("--json", "protect", path, "--only-me", "--in-place", code=7).json_lines[0]["Status"] == "Skipped"
            continue
        status = alice.rms("--offline", "--json", "status", path).json_lines[0]
        assert status["IsRMSProtected"] is False, status
        alice.rms("protect", path, "--only-me", "--in-place")
        outer = path.with_name(name + ".pfile")
        assert alice.rms("--offline", "--json", "status", outer).json_lines[0]["OriginalSize"] == len(data)
        # one layer comes off: members are what they were
        alice.rms("unprotect", outer, "--in-place")
        assert path.read_bytes() == data and not outer.exists(), name
    eml = alice.write("one/p.eml", attached)
    done = alice.rms("--json", "protect", eml, "--encrypt-only", "--enable-msg-file-type", "-o", alice.home / "one/sent.eml")
    assert done.json_lines[0]["Status"] == "Success", done


def mails_and_folders(alice):
    # touches: C-056
    name, secret = protected(alice, "plan.txt", b"the plan")
    path = alice.write("m/sent.eml", mail("SECRET words").as_bytes(policy=email.policy.SMTP))
    alice.rms("protect", path, "--encrypt-only", "--enable-msg-file-type", "-o", alice.home / "m/protected.eml")
    sent = (alice.home / "m/protected.eml").read_bytes()
    path.unlink()
    # a clear mail with protected attachments: a file, an archive, a protected mail
    outer = mail("clear words\nFrom here on\n", plan_ptxt=secret, box_zip=zipped([(name, secret)]), x_txt=CLEAR)
    outer.add_attachment(email.message_from_bytes(sent, policy=email.policy.default))
    path = alice.write("m/outer.eml", outer.as_bytes(policy=email.policy.SMTP))
    done = alice.rms("--json", "unprotect", path, "--in-place")
    clear = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert clear["X-Kept"] == "yes" and clear["Subject"] == "Größe" and clear.get_body().get_content().splitlines()[1] == "From here on"
    files = {p.get_filename(): p.get_payload(decode=True) for p in clear.iter_attachments()}
    assert files["plan.txt"] == b"the plan" and files["x.txt"] == CLEAR, (files.keys(), done)
    with zipfile.ZipFile(io.BytesIO(files["box.zip"])) as box:
        assert box.read("plan.txt") == b"the plan"
    (inner,) = [p.get_content() for p in clear.iter_attachments() if p.get_content_type() == "message/rfc822"]
    assert inner.get_body().get_content().strip() == "SECRET words" and inner["Content-Class"] is None
    # a mail whose boundaries do not hold would come back with other parts: it stays, alone and in an archive
    bad = (b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: attachment; filename=" +
           name.encode() + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(secret).replace(b"\n", b"\r\n") +
           b"--b\r\nContent-Type: message/rfc822\r\n\r\n--b--\r\n")
    path = alice.write("m/bad.eml", bad)
    done = alice.rms("--json", "unprotect", path, "--in-place", code=1)
    assert (failures(done).get(str(path)) == "damaged" and "would not come back" in done.err and path.read_bytes() == bad), done
    path = alice.write("m/bad.zip", zipped([("bad.eml", bad), (name, secret)]))
    done = alice.rms("--json", "unprotect", path, "--in-place", code=1)
    assert failures(done) == {f"{path}/bad.eml": "damaged", f"{path}/bad.eml/{name}": "damaged"}, done
    with zipfile.ZipFile(path) as box:
        assert box.read("bad.eml") == bad and box.read("plan.txt") == b"the plan"
    # a folder: the mails beside stay byte for byte
    others = [b"From a@b.test Mon Jan  1 10:00:00 2024\nSubject: one\n\nbody\n>From x\nFrom nobody without a time\n\n",
              b"From c@d.test Mon Jan  1 11:00:00 2024\nSubject: three\nContent-Type: text/plain\n\nend\n"]
    middle = b"From c@d.test Mon Jan  1 10:30:00 2024\nContent-Length: 5\n"
    for dos in (False, True):
        parts = [others[0], middle + sent.replace(b"\r\n", b"\n") + b"\n", others[1]]
        data = b"".join(part.replace(b"\n", b"\r\n") if dos else part for part in parts)
        path = alice.write(f"m/folder{dos}.mbox", data)
        done = alice.rms("--json", "unprotect", path, "--in-place")
        made = path.read_bytes()
        first, last = (part.replace(b"\n", b"\r\n") if dos else part for part in others)
        assert made.startswith(first + middle.split(b"\n")[0]) and made.endswith(last) and b"Content-Length" not in made, done
        assert base64.b64encode(b"SECRET words\r\n") in made and b"rpmsg" not in made, made
        assert made.count(b"\r\n") == (made.count(b"\n") if dos else 0)


def nested(depth, inside):
    data = zipped([inside])
    for _ in range(depth - 1):
        data = zipped([("level.zip", data)])
    return data


def packed_header(dictionary):
    """A 7z of one empty-looking LZMA folder that asks for this dictionary, its header in clear."""
    header = bytes([1, 4, 6, 0, 1, 9, 10, 0, 7, 11, 1, 0, 1, 0x23, 3, 1, 1, 5, 0x5d]) + struct.pack("<I", dictionary)
    header += bytes([12, 20, 0, 8, 0, 5, 1, 0x11, 19, 0]) + "a.ptxt\0".encode("utf-16-le")[:18] + bytes([0, 0])
    start = struct.pack("<QQI", 10, len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + bytes(10) + header


def hostile(alice, lab):
    name, secret = protected(alice, "plan.txt", b"the plan")
    outside = lab.dir / "outside.txt"

    def refuse(file, data, reason, code=1):
        path = alice.write(f"h/{file}", data)
        done = alice.rms("--json", "unprotect", path, "--in-place", code=code)
        assert path.read_bytes() == data, file
        (row,) = [line for line in done.json_lines if line.get("FileName") == str(path)]
        assert row["Reason"] == reason, (file, done)
        assert [p for p in path.parent.iterdir() if ".rms-" in p.name] == [], file
        return done

    # deep: ten are opened, eleven are not
    path = alice.write("h/ten.zip", nested(10, (name, secret)))
    alice.rms("unprotect", path, "--in-place")
    done = refuse("eleven.zip", nested(11, (name, secret)), "archive-limit")
    assert "max depth" in done.err, done
    # bombs: zeros behind a magic that looks protected; a tar of zeros beside something protected; many members
    zeros = b".pfile" + bytes(1 << 20)
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(bomb.compress(zeros if i == 0 else bytes(1 << 20)) for i in range(300)) + bomb.flush()
    size, crc = len(zeros) + 299 * (1 << 20), 0
    for i in range(300):
        crc = zlib.crc32(zeros if i == 0 else bytes(1 << 20), crc)
    entry = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, crc, len(packed), size, 6, 0)
    local = b"PK\3\4" + entry + b"a.ptxt" + packed
    central = b"PK\1\2\x14\0" + entry + struct.pack("<HHHII", 0, 0, 0, 0, 0) + b"a.ptxt"
    data = local + central + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    refuse("bomb.zip", data, "archive-limit")
    refuse("many.tar.xz", lzma.compress(tarred([("n", b"")])[:512] * 100002, preset=0), "archive-limit")
    refuse("dictionary.7z", packed_header(0xFFFFFFFF), "archive-limit")
    # names are text: nothing is written where they point
    members = [(f"../../{outside.name}.ptxt", secret), (str(outside) + ".ptxt", secret), ("..", b"x"), ("a\x1b[2J.ptxt", secret)]
    path = alice.write("h/slip.tar", tarred(members))
    done = alice.rms("unprotect", path, "--in-place")
    assert not outside.exists() and "\x1b" not in done.out + done.err
    with tarfile.open(path) as archive:
        assert archive.getnames() == [f"../../{outside.name}.txt", str(outside).lstrip("/") + ".txt", "..", "a\x1b[2J.txt"] or \
            archive.getnames() == [f"../../{outside.name}.txt", str(outside) + ".txt", "..", "a\x1b[2J.txt"], archive.getnames()
    # links are kept and not followed; a hard link goes with its file; members twice
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for target, kind in ((str(outside), tarfile.SYMTYPE), (None, None), (name, tarfile.LNKTYPE), (None, None)):
            info = tarfile.TarInfo(name if kind is None else f"link{kind.decode()}.ptxt")
            info.type, info.linkname, info.size = kind or tarfile.REGTYPE, target or "", 0 if kind else len(secret)
            archive.addfile(info, None if kind else io.BytesIO(secret))
    path = alice.write("h/links.tar", made.getvalue())
    done = alice.rms("--json", "unprotect", path, "--in-place", code=1)
    assert failures(done) == {f"{path}/{name}": "conflict"}, done
    with tarfile.open(path) as archive:
        rows = [(m.name, m.type, m.linkname) for m in archive]
    assert rows == [("link2.ptxt", b"2", str(outside)), ("plan.txt", b"0", ""), ("link1.ptxt", b"1", "plan.txt"), (name, b"0", "")], rows
    # a name that is taken
    path = alice.write("h/taken.zip", zipped([(name, secret), ("plan.txt", CLEAR)]))
    done = alice.rms("--json", "unprotect", path, "--in-place", code=1)
    assert failures(done) == {f"{path}/{name}": "conflict"} and path.read_bytes() == zipped([(name, secret), ("plan.txt", CLEAR)]), done
    # passwords: members of zip are failures, the rest goes on; 7z can only be written as a whole
    folder = alice.home / "pass"
    folder.mkdir()
    (folder / "locked.txt").write_bytes(CLEAR)
    (folder / name).write_bytes(secret)
    seven("a", "-tzip", "-psesame", "../h/locked.zip", "locked.txt", cwd=folder)
    seven("a", "-tzip", "../h/locked.zip", name, cwd=folder)
    path = alice.home / "h/locked.zip"
    done = alice.rms("--json", "unprotect", path, "--in-place", code=1)
    assert failures(done) == {f"{path}/locked.txt": "password-protected"}, done
    assert CLEAR in seven("e", "-so", "-psesame", path, "locked.txt") and seven("e", "-so", path, "plan.txt") == b"the plan"
    for options in (("-psesame",), ("-psesame", "-mhe=on")):
        refuse("locked.7z", sevened(alice, [(name, secret)], *options), "password-protected")
    # cut anywhere: refused, or what is whole is whole; never a crash, never a half
    for file, data in (("cut.zip", zipped([(name, secret), ("b.txt", CLEAR)])), ("cut.7z", sevened(alice, [(name, secret)])),
                       ("cut.tgz", tarred([(name, secret), ("b.txt", CLEAR)], "w:gz")), ("cut.tar.xz", tarred([(name, secret)], "w:xz"))):
        for length in (0, 33, len(data) // 2, len(data) - 1):
            path = alice.write(f"h/{file}", data[:length])
            done = alice.rms("unprotect", path, "--in-place", code=None)
            assert done.code in (1, 7) and path.read_bytes() == data[:length], (file, length, done)
    # Outlook's data files: refused before anything is read
    path = alice.home / "h/big.pst"
    with open(path, "wb") as file:
        file.write(b"!BDN")
        file.truncate(PST)
    done = alice.rms("--json", "unprotect", path, "--in-place", code=1)
    assert done.json_lines[0]["Reason"] == "limit" and path.stat().st_size == PST, done
    path.unlink()


def rar_becomes_zip(alice):
    name, secret = protected(alice, "plan.txt", b"the plan")
    data = b"Rar!\x1a\x07\x00" + rar_block(0x73, 0, b"\0" * 6)
    for member, content in ((name, secret), ("b.txt", CLEAR)):
        fields = struct.pack("<IIBIIBBHI", len(content), len(content), 3, zlib.crc32(content), 0x58000000, 20, 0x30, len(member), 0o100640)
        data += rar_block(0x74, 0x8000, fields + member.encode()) + content
    path = alice.write("r/x.rar", data + rar_block(0x7b, 0x4000, b""))
    alice.rms("unprotect", path, "--in-place")
    assert not path.exists()
    with zipfile.ZipFile(alice.home / "r/x.rar.zip") as made:
        assert made.namelist() == ["plan.txt", "b.txt"] and made.read("plan.txt") == b"the plan" and made.read("b.txt") == CLEAR


def rar_block(kind, flags, rest):
    body = struct.pack("<BHH", kind, flags, 7 + len(rest)) + rest
    return struct.pack("<H", zlib.crc32(body) & 0xffff) + body


def recovery(lab, alice, bob, carol):
    # touches: S-184
    for i in range(94):
        alice.write(f"tree/{i % 7}/file{i}.txt", b"%d" % i)
    alice.rms("protect", alice.home / "tree", "-r", "--only-me", "--in-place")
    _, secret = protected(alice, "in.txt", b"in")
    tree = bob.home / "tree"
    shutil.copytree(alice.home / "tree", tree)
    bob.write("tree/box.zip", zipped([("in.ptxt", secret)]))
    bob.write("tree/box.tgz", tarred([("in.ptxt", secret)], "w:gz"))
    bob.write("tree/folder.eml", mail("w", in_ptxt=secret).as_bytes())
    for i, data in enumerate((secret[:len(secret) // 2], secret.replace(b"XrML", b"XrNL"), None)):
        bob.write(f"tree/bad{i}" + (".ptxt" if data else ".zip"), data or zipped([("in.ptxt", secret[:-40])]))
    lab.admin("superuser", "add", bob.address)
    lab.admin("superuser", "feature", "enable")
    log = bob.home / "log"
    done = bob.rms("--json", "unprotect", "-r", tree, "--in-place", "--log", log, code=1)
    summary = done.json_lines[-1]["Summary"]
    assert summary["Success"] == 97 and summary["Failed"] == 3, summary
    rows = [line.split("\t") for line in (bob.home / "log-failure").read_text().splitlines()]
    assert sorted(os.path.relpath(row[1], tree) for row in rows) == ["bad0.ptxt", "bad1.ptxt", "bad2.zip/in.ptxt"], rows
    assert all(row[3] in ("damaged", "bad-license", "bad-signature") for row in rows), rows
    assert len((bob.home / "log-debug").read_text().splitlines()) > 97
    assert all((tree / f"{i % 7}/file{i}.txt").read_bytes() == b"%d" % i for i in range(94))
    done = bob.rms("--json", "unprotect", "--retry", bob.home / "log-failure", "--in-place", code=1)
    tried = {os.path.relpath(line["FileName"], tree) for line in done.json_lines if "FileName" in line}
    assert tried == {"bad0.ptxt", "bad1.ptxt", "bad2.zip", "bad2.zip/in.ptxt"}, tried
    done = bob.rms("--json", "unprotect", "-r", tree, "--in-place", "--log", log, code=1)
    assert done.json_lines[-1]["Summary"]["Success"] == 0 and done.json_lines[-1]["Summary"]["Failed"] == 3, done.json_lines[-1]


def archives():
    with Lab(people=("alice", "bob", "carol")) as lab:
        alice, bob, carol = (lab.person(name) for name in ("alice", "bob", "carol"))
        every_sort(alice, carol)
        one_file_to_other_verbs(alice)
        mails_and_folders(alice)
        hostile(alice, lab)
        rar_becomes_zip(alice)
        recovery(lab, alice, bob, carol)


if __name__ == "__main__":
    main(archives)
