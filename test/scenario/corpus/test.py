"""Real documents of many kinds through protect, status, open, unprotect and label, byte for byte.

A third of them; all (more than 200) with RMS_CORPUS=whole.
"""
import os
import shutil
import subprocess

import olefile

from documents import collect, parts
from rmslab import Lab, main

WHOLE = os.environ.get("RMS_CORPUS") == "whole"
OURS, THEIRS = "d5fe813e-0caa-432a-b2ac-d555aa91bd1c", "72f988bf-86f1-41af-91ab-2d7cd011db47"
LABEL, OTHER = "3de9faa6-9fe1-49b3-9a08-227a296b54a6", "2096f6a2-d2f7-48be-b329-b73aaa526e5d"
FOREIGN = "f42aa342-8706-4288-bd11-ebb85995028c"
LABELLED = {".docx", ".xlsx", ".pptx", ".xls", ".pdf", ".tif", ".tiff", ".png", ".jpg", ".jpeg"}


def label_set(person, paths, guid=LABEL, name="Confidential", tenant=OURS, code=0):
    return person.rms("label", "set", *paths, "--id", guid, "--name", name, "--tenant", tenant, "--content-bits", 8, code=code)


def labels(person, paths):
    rows = person.rms("label", "get", *paths, "--json").json_lines
    return {row["FileName"]: (row["LabelId"], row["LabelName"]) for row in rows if row["TenantId"] == OURS and row["InForce"]}


def there_and_back():
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        folder = alice.home / "corpus"
        folder.mkdir()
        paths = collect(folder, 1.0 if WHOLE else 0.3)
        assert len(paths) >= (200 if WHOLE else 50), len(paths)
        clear = {path.name: path.read_bytes() for path in paths}
        print(f"{len(clear)} documents, {sum(map(len, clear.values())) >> 10} KiB")
        done = alice.rms("--json", "protect", folder, "-r", "--perm", "bob@contoso.test:VIEW,EXTRACT", "--in-place").json_lines
        done = [row for row in done if "OutputFile" in row]
        assert len(done) == len(clear) and all(row["Status"] == "Success" for row in done), done
        status = alice.rms("--offline", "--json", "status", folder, "-r").json_lines
        assert len(status) == len(clear) and all(row["IsRMSProtected"] and row["RMSOwner"] == alice.address for row in status)
        # bob opens some of every kind within his rights, alice takes all back
        protected = sorted(folder.iterdir())
        for path in protected[::1 if WHOLE else 9]:
            shutil.copy(path, bob.home / path.name)
            bob.rms("open", bob.home / path.name, "-o", bob.home / "out")
            assert (bob.home / "out").read_bytes() in clear.values(), path
            (bob.home / "out").unlink()
        alice.rms("unprotect", folder, "-r", "--in-place")
        for name, data in clear.items():
            assert (folder / name).read_bytes() == data, name
        assert len(list(folder.iterdir())) == len(clear)


def labels_change_nothing_else():
    # touches: C-059, C-170, C-171
    with Lab(start=False, people=("alice",), login=False) as lab:
        alice = lab.person("alice")
        folder = alice.home / "corpus"
        folder.mkdir()
        paths = [p for p in collect(folder, 1.0 if WHOLE else 0.3) if p.suffix in LABELLED]
        paths = [p for p in paths if p.suffix != ".jpeg" or p.read_bytes()[:2] == b"\xff\xd8"]
        clear = {path: (path.read_bytes(), parts(path)) for path in paths}
        label_set(alice, paths, FOREIGN, "General", THEIRS)
        label_set(alice, paths, OTHER, "Old")
        label_set(alice, paths)
        found = labels(alice, paths)
        assert found == {str(path): (LABEL, "Confidential") for path in paths}, found
        rows = alice.rms("label", "get", *paths, "--tenant", THEIRS, "--json").json_lines
        assert len(rows) == len(paths) and all(row["LabelName"] == "General" and row["InForce"] for row in rows)
        for path, (data, inside) in clear.items():
            if path.suffix == ".pdf":
                assert path.read_bytes().startswith(data), path
                subprocess.run(["qpdf", "--check", path], check=True, capture_output=True)
                told = subprocess.run(["pdfinfo", "-custom", path], check=True, capture_output=True, text=True).stdout
                assert f"MSIP_Label_{LABEL}_Name:Confidential" in told.replace(" ", ""), told
            else:
                assert parts(path) == inside, path
        alice.rms("label", "remove", *paths, "--tenant", OURS)
        assert labels(alice, paths) == {}


def said_in_clear():
    # proves: C-059, C-172
    # touches: C-042
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        folder = alice.home / "d"
        folder.mkdir()
        paths = {p.name: p for p in collect(folder, 0.01)}
        names = ["word0.docx", "old_excel0.xls", "page0.pdf", "image0.png", "image0.jpg", "image0.tif"]
        label_set(alice, [paths[name] for name in names])
        clear = {name: paths[name].read_bytes() for name in [*names, "found0.txt", "archive0.zip"]}
        inside = parts(paths["word0.docx"])
        assert b"Alice Author" in inside["docProps/core.xml"] and b"Bob Reader" in inside["word/comments.xml"]
        assert all(change in inside["word/document.xml"] for change in (b"<w:ins ", b"<w:del "))
        for name in clear:
            alice.rms("protect", paths[name], "--only-me", "--in-place")
        places = {name: folder / name for name in ("word0.docx", "old_excel0.xls", "page0.pdf")}
        places |= {"image0.png": folder / "image0.ppng", "image0.jpg": folder / "image0.pjpg", "image0.tif": folder / "image0.ptif",
                   "found0.txt": folder / "found0.ptxt", "archive0.zip": folder / "archive0.zip.pfile"}
        for name in ("found0.txt", "archive0.zip"):  # the clear file has no place for a label, the protected one has
            assert "unsupported" in label_set(alice, [paths["found0.xml"]], code=1).err
            label_set(alice, [places[name]])
        for name, path in places.items():  # bob has no rights, and is not signed in to anything
            shutil.copy(path, bob.home / path.name)
            row = bob.rms("--offline", "--json", "status", bob.home / path.name).json_lines[0]
            assert row["IsRMSProtected"] and row["MainLabelId"] == LABEL and row["MainLabelName"] == "Confidential", row
            assert "Confidential" in bob.rms("--offline", "status", bob.home / path.name).out
        # a program that knows nothing of protection shows the title
        shown = subprocess.run(["gsf", "props", places["word0.docx"]], capture_output=True, text=True).stdout
        with olefile.OleFileIO(places["word0.docx"]) as ole:
            about = ole.get_metadata()
            assert about.title == b"Plan word0" and about.author == b"Alice Author", shown
        subprocess.run(["qpdf", "--check", places["page0.pdf"]], check=True, capture_output=True)
        # another label on the protected files, and what is inside as it was
        label_set(alice, places.values(), OTHER, "Public")
        assert set(labels(alice, places.values()).values()) == {(OTHER, "Public")}
        for name, path in places.items():
            alice.rms("unprotect", path, "--in-place")
            assert (folder / name).read_bytes() == clear[name], name
        assert parts(folder / "word0.docx") == inside


if __name__ == "__main__":
    main(there_and_back, labels_change_nothing_else, said_in_clear)
