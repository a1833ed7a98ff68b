#!/usr/bin/env python3
"""rms label on Office packages, looked at by another ZIP and another XML reader.

Usage: label_test.py RMS
"""

import json
import os
import pathlib
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
import zipfile

RMS = sys.argv[1]
OURS, THEIRS = "d5fe813e-0caa-432a-b2ac-d555aa91bd1c", "72f988bf-86f1-41af-91ab-2d7cd011db47"
A, B = "3de9faa6-9fe1-49b3-9a08-227a296b54a6", "2096f6a2-d2f7-48be-b329-b73aaa526e5d"
CUSTOM = "{http://schemas.openxmlformats.org/officeDocument/2006/custom-properties}"
VT = "{http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes}"
TYPES = ('<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
         '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
         '<Default Extension="xml" ContentType="application/xml"/></Types>')
RELS = '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>'
INFO_REL = ('<Relationship Id="rId9" Type="http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels" '
            'Target="docMetadata/LabelInfo.xml"/>')
INFO = ('<?xml version="1.0"?><clbl:labelList xmlns:clbl="http://schemas.microsoft.com/office/2020/mipLabelMetadata">'
        '<clbl:label id="{%s}" enabled="1" method="Privileged" siteId="{%s}" contentBits="8" removed="0"/></clbl:labelList>')


def rms(*args, code=0, **options):
    env = {**os.environ, "RMS_STORE": str(work / "store"), "RMS_KEYRING": "off", "HOME": str(work)}
    done = subprocess.run([RMS, *map(str, args)], capture_output=True, text=True, stdin=subprocess.DEVNULL, env=env, **options)
    assert done.returncode == code, (args, done)
    return done.stdout


def label_set(path, guid, name, *more, tenant=OURS, **options):
    return rms("label", "set", path, "--id", guid, "--name", name, "--tenant", tenant, *more, **options)


def labels(path):
    return [json.loads(line) for line in rms("label", "get", path, "--json").splitlines()]


def in_force(path):
    return {(row["TenantId"], row["LabelId"], row["LabelName"]) for row in labels(path) if row["InForce"]}


def package(name, rels="", **parts):
    path = work / name
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("[Content_Types].xml", TYPES, zipfile.ZIP_DEFLATED)
        out.writestr("_rels/.rels", RELS % rels, zipfile.ZIP_DEFLATED)
        out.writestr("word/document.xml", "<w>" + "text " * 5000 + "</w>", zipfile.ZIP_DEFLATED, 1)
        out.writestr("word/media/image1.png", os.urandom(100_000), zipfile.ZIP_STORED)
        for part, text in parts.items():
            out.writestr(part.replace("__", "/").replace("_dot_", "."), text, zipfile.ZIP_DEFLATED)
    return path


def stored(path):
    """Every entry as it is stored, but for the parts that tell of properties."""
    rows = {}
    with zipfile.ZipFile(path) as archive, open(path, "rb") as raw:
        assert archive.testzip() is None
        for info in archive.infolist():
            raw.seek(info.header_offset)
            head = raw.read(30)
            raw.seek(info.header_offset + 30 + sum(struct.unpack("<HH", head[26:30])))
            rows[info.filename] = (info.compress_type, info.CRC, raw.read(info.compress_size))
    for changed in ("[Content_Types].xml", "_rels/.rels", "docProps/custom.xml"):
        rows.pop(changed, None)
    return rows


def properties(path):
    root = ET.fromstring(zipfile.ZipFile(path).read("docProps/custom.xml"))
    assert [int(p.get("pid")) for p in root] == list(range(2, 2 + len(root)))
    return {p.get("name"): p.find(VT + "lpwstr").text for p in root.findall(CUSTOM + "property")}


def fresh():
    """proves: C-170 - with unit.label.pairs, which reads both layouts."""
    path = package("plan.docx")
    before = stored(path)
    assert labels(path) == []
    label_set(path, A, "Confidential", "--content-bits", 8)
    found = properties(path)
    key = f"MSIP_Label_{A}_"
    assert found[key + "Enabled"] == "true" and found[key + "SiteId"] == OURS, found
    assert found[key + "Name"] == "Confidential" and found[key + "Method"] == "Privileged"
    assert found[key + "ContentBits"] == "8" and found[key + "SetDate"].startswith("20"), found
    assert found["Sensitivity"] == "Confidential"
    assert stored(path) == before
    types = ET.fromstring(zipfile.ZipFile(path).read("[Content_Types].xml"))
    assert "/docProps/custom.xml" in [row.get("PartName") for row in types]
    assert in_force(path) == {(OURS, A, "Confidential")}
    status = json.loads(rms("status", path, "--json"))
    assert status["IsLabeled"] and status["MainLabelId"] == A and status["MainLabelName"] == "Confidential", status
    assert "Confidential" in rms("status", path)
    return path


def changing(path):
    """proves: C-171 - the old set complete when the disk is full, other organisations' kept."""
    before = stored(path)
    label_set(path, B, "General", tenant=THEIRS)
    theirs = {k: v for k, v in properties(path).items() if B in k}
    assert theirs
    data = path.read_bytes()

    def no_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    label_set(path, "00000000-0000-4000-8000-00000000000a", "Public", code=1, preexec_fn=no_room)
    assert path.read_bytes() == data and list(work.glob(".*rms-*")) == []
    label_set(path, "00000000-0000-4000-8000-00000000000a", "Public")
    found = properties(path)
    assert not [k for k in found if A in k] and {k: v for k, v in found.items() if B in k} == theirs
    assert stored(path) == before
    rms("label", "remove", path, "--tenant", OURS)
    assert {k for k in properties(path)} == set(theirs)
    data = path.read_bytes()
    rms("label", "remove", path, "--tenant", OURS, code=4)
    assert path.read_bytes() == data


def label_info():
    """touches: C-173 - LabelInfo wins, and is written where everybody reads."""
    path = package("book.xlsx", INFO_REL, docMetadata__LabelInfo_dot_xml=INFO % (A, OURS))
    assert in_force(path) == {(OURS, A, "")}
    label_set(path, B, "Internal")
    assert "docMetadata/LabelInfo.xml" not in zipfile.ZipFile(path).namelist()
    assert in_force(path) == {(OURS, B, "Internal")}
    odd = package("odd.xlsx", INFO_REL, docMetadata__LabelInfo_dot_xml=(INFO % (A, OURS)).replace("{", "").replace("}", ""))
    assert labels(odd) == []
    label_set(odd, B, "Internal")
    assert in_force(odd) == {(OURS, B, "Internal")}


def refused():
    plain = work / "a.docx"
    for content in (b"", b"no archive", b"PK\x03\x04" + b"\0" * 100, package("c.docx").read_bytes()[:-30]):
        plain.write_bytes(content)
        done = subprocess.run([RMS, "label", "set", plain, "--id", A, "--name", "x", "--tenant", OURS], capture_output=True, text=True)
        assert done.returncode == 1 and ("unsupported" in done.stderr or "damaged" in done.stderr), done
        assert plain.read_bytes() == content
    text = work / "a.txt"
    text.write_text("text")
    rms("label", "get", text, code=1)
    rms("label", "get", work / "missing.docx", code=4)
    label_set(package("d.docx"), "no-guid", "x", code=2)
    label_set(package("d.docx"), A, "two\nlines", code=2)
    rms("label", "set", package("d.docx"), "--id", A, "--name", "x", code=2)  # nobody is signed in, no --tenant


def folders():
    """Many files in one run: each reported, what has no place for labels skipped in a folder and refused when it is named."""
    tree = work / "tree"
    (tree / "below").mkdir(parents=True)
    first, second = (package(f"tree/{name}") for name in ("a.docx", "below/b.xlsx"))
    (tree / "c.txt").write_text("text")
    package("tree/d.docx", "<no XML")
    (tree / "e.docx").symlink_to(second)
    named = ("--id", A, "--name", "Confidential", "--tenant", OURS)
    rows = [json.loads(line) for line in rms("label", "set", "-r", work / "tree", *named, "--json", "--log", work / "run", code=1).splitlines()]
    (tree / "d.docx").unlink()
    summary = rows.pop()
    assert summary == {"Summary": {"Success": 2, "Skipped": 2, "Failed": 1, "Untouched": 0}}, summary
    assert [(pathlib.Path(r["FileName"]).name, r["Status"], r["Reason"]) for r in rows] == [
        ("a.docx", "Success", None), ("b.xlsx", "Success", None), ("c.txt", "Skipped", "unsupported"), ("d.docx", "Failed", "damaged"),
        ("e.docx", "Skipped", "file-blocked")], rows
    assert len((work / "run-failure").read_text().splitlines()) == 1
    rms("label", "set", tree / "c.txt", *named, code=1)
    found = [json.loads(line) for line in rms("label", "get", work / "tree", "--json", code=7).splitlines()]
    assert [r["LabelId"] for r in found if "LabelId" in r] == [A, A] and {r.get("Status") for r in found} == {None, "Skipped"}, found
    rms("label", "remove", second, "--tenant", OURS)
    text = rms("label", "remove", "-r", work / "tree", "--tenant", OURS, code=7)
    assert text.splitlines() == [str(first), "1 done, 3 skipped, 0 failed"], text
    assert labels(first) == labels(second) == []
    package("tree/f.docx")
    lines = rms("label", "set", work / "tree/a.docx", work / "tree/f.docx", *named).splitlines()
    assert lines[-1] == "2 done, 0 skipped, 0 failed", lines

    # proves: C-213 - paths: folders whole without -r, no wildcards, no web addresses; unit.cli.items has one level for protecting
    assert [r["LabelId"] for r in map(json.loads, rms("label", "get", tree, "--json", code=7).splitlines()) if "LabelId" in r] == [A, A]
    for verb in (("label", "get"), ("label", "set", *named), ("label", "remove", "--tenant", OURS), ("status",)):
        rms(*verb, tree / "*.docx", code=4)
        rms(*verb, "https://files.contoso.test/dav/a.docx", code=2)
    listed = subprocess.run([RMS, "label", "get", "--stdin0", "--json"], input=f"{tree}/a.docx\0{tree}/f.docx\0", capture_output=True, text=True)
    assert listed.returncode == 0 and len(listed.stdout.splitlines()) == 2, listed


def logs():
    """proves: C-218 - the failure log is enough to try again what failed, and nothing else."""
    tree, base = work / "ten", work / "logs"
    tree.mkdir()
    for i in range(10):
        package(f"ten/{i}.docx", "<no XML" if i in (3, 7) else "")
    named = ("--id", A, "--name", "Confidential", "--tenant", OURS)
    rms("label", "set", tree, *named, "--log", work / "missing/log", code=2)
    assert all(labels(path) == [] for path in tree.iterdir() if path.stem not in "37")
    rms("label", "set", tree, *named, "--log", base, code=1)
    rows = [line.split("\t") for line in (work / "logs-failure").read_text().splitlines()]
    assert [(row[1], row[2], row[3]) for row in rows] == [(str(tree / f"{i}.docx"), "Failed", "damaged") for i in (3, 7)], rows
    assert len(base.read_text().splitlines()) == 8 and len((work / "logs-debug").read_text().splitlines()) == 10
    for i in (3, 7):
        package(f"ten/{i}.docx")
    again = [json.loads(line) for line in rms("label", "set", *named, "--json", "--retry", work / "logs-failure").splitlines()]
    assert [r.get("FileName") for r in again] == [str(tree / "3.docx"), str(tree / "7.docx"), None], again
    assert again[-1]["Summary"]["Success"] == 2 and len(labels(tree / "3.docx")) == 1


with tempfile.TemporaryDirectory() as place:
    work = pathlib.Path(place)
    changing(fresh())
    label_info()
    refused()
    folders()
    logs()
print("rms label: passed")
