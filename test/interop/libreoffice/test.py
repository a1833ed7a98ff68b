"""Protected docx, xlsx and pptx in Debian's LibreOffice with the extension of apps/libreoffice, as their readers use it."""
import contextlib
import os
import pathlib
import re
import shutil
import struct
import subprocess
import threading
import time
import zipfile
import zlib

import uno
import unohelper
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.frame import XStatusListener
from com.sun.star.io import IOException
from com.sun.star.util import URL

from rmslab import BUILD, SANITIZER_MARKS, Lab, main

EXTENSION = BUILD / "apps/libreoffice/openrms.oxt"
LIBRARIES = BUILD / "lib/client"
PROGRAM = "/usr/lib/libreoffice/program/soffice.bin"
RESTART = (79, 81)  # exit statuses that ask for another start, as after an extension was added
NOBODY = 65534
PAGE = "The plan: sell apples."
CHANGED = "The plan: sell pears."
SAVING = ("OriginalSize", "SealedBy", "SealedTime", "EditedSinceProtected")  # what saving changes in the status
REFUSED = ("Print", "PrintDefault", "Copy", "Cut", "Save", "SaveAs", "ExportTo", "ExportToPDF", "EditDoc", "SendMail", "RunMacro")


def values(**named):
    return tuple(PropertyValue(name, 0, value, 0) for name, value in named.items())


def wait_for(what, condition, seconds=120):
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < end, what
        time.sleep(0.1)


def sanitizer():
    """The runtime that the library of this build needs in front of everything; None for other builds."""
    linked = subprocess.run(["ldd", LIBRARIES / "librms.so.0"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"=> (\S*lib[at]san\S*)", linked)
    return found and found[1]


def command(*arguments):
    """LibreOffice without its starting program, so that the sanitizer is in this process alone and not in those it starts."""
    runtime = sanitizer()
    before = ["/lib64/ld-linux-x86-64.so.2", "--preload", runtime, "--argv0", PROGRAM] if runtime else []
    return [*before, PROGRAM, "--norestore", "--nologo", "--nolockcheck", *arguments]


class Office:
    """One person's LibreOffice with a profile of its own, and the connection to it."""

    def __init__(self, person, like=None, display=None):
        self.person, self.display = person, display
        self.profile = person.home / "office"
        self.log = open(person.home / "office.log", "ab")
        self.process = None
        if like is None:
            self.add_extension()
        else:
            shutil.copytree(like.profile, self.profile)  # with the extension, and not a first start any more

    def env(self):
        more = {"DISPLAY": self.display} if self.display else {}
        return self.person.env(LD_LIBRARY_PATH=LIBRARIES, ASAN_OPTIONS="detect_leaks=0:verify_asan_link_order=0", TMPDIR=self.person.lab.dir / "tmp", **more)

    def add_extension(self):
        """For this profile; unopkg does not do that for root."""
        self.profile.mkdir()
        extension = shutil.copy(EXTENSION, self.profile)  # nobody may not look everywhere
        call = ["unopkg", "add", f"-env:UserInstallation=file://{self.profile}", str(extension)]
        if os.geteuid() == 0:
            for place in (self.person.lab.dir, self.person.lab.dir / "home", self.person.home):
                place.chmod(0o711)
            os.chown(self.profile, NOBODY, NOBODY)
            call = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *call]
        subprocess.run(call, env={"PATH": os.environ["PATH"], "HOME": str(self.profile), "LANG": "C.UTF-8"}, cwd=self.profile, check=True,
                       timeout=120, stdout=self.log, stderr=self.log)

    def start(self, *arguments):
        head = () if self.display else ("--headless",)
        return subprocess.Popen(command(f"-env:UserInstallation=file://{self.profile}", *head, *arguments), env=self.env(), cwd=self.person.home,
                                stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def run(self, *arguments):
        """Until it ends by itself."""
        while True:
            code = self.start(*arguments).wait(180)
            if code not in RESTART:
                return code

    def __enter__(self):
        pipe = f"{self.person.lab.dir.name}-{self.person.name}"
        accept = f"--accept=pipe,name={pipe};urp;StarOffice.ComponentContext"
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
        self.process = self.start(accept)

        def connect():
            if self.process.poll() is not None:
                assert self.process.returncode in RESTART, self.text()
                self.process = self.start(accept)
            with contextlib.suppress(NoConnectException):
                return resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")

        try:
            self.context = wait_for("LibreOffice does not answer", connect)
            self.desktop = self.make("com.sun.star.frame.Desktop")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.display:
            self.process.kill()  # it has asked the person something
        else:
            with contextlib.suppress(Exception):  # the connection may end before the answer comes
                self.desktop.terminate()
        try:
            self.process.wait(60)
        finally:
            self.process.kill()
            self.process.wait()
        assert not any(mark in self.text() for mark in SANITIZER_MARKS), self.text()

    def text(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def make(self, service):
        return self.context.ServiceManager.createInstanceWithContext(service, self.context)

    def open(self, path, **more):
        return self.desktop.loadComponentFromURL(f"file://{path}", "_blank", 0, values(**more))


def text_of(document):
    """What the tests look at: the paragraph, the cell, the shape."""
    if document.supportsService("com.sun.star.text.TextDocument"):
        return document.Text
    if document.supportsService("com.sun.star.sheet.SpreadsheetDocument"):
        return document.Sheets.getByIndex(0).getCellByPosition(0, 0)
    return document.DrawPages.getByIndex(0).getByIndex(0)


FILTERS = {"docx": ("swriter", "MS Word 2007 XML"), "xlsx": ("scalc", "Calc MS Excel 2007 XML"), "pptx": ("simpress", "Impress MS PowerPoint 2007 XML")}


def make_documents(office, folder):
    """Real ones, by LibreOffice itself."""
    for extension, (factory, name) in FILTERS.items():
        document = office.desktop.loadComponentFromURL(f"private:factory/{factory}", "_blank", 0, values(Hidden=True))
        if factory == "simpress":
            shape = document.createInstance("com.sun.star.drawing.TextShape")
            document.DrawPages.getByIndex(0).add(shape)
        text_of(document).setString(PAGE)
        document.storeToURL(f"file://{folder}/plan.{extension}", values(FilterName=name))
        if factory == "simpress":
            document.storeToURL(f"file://{folder}/old.ppt", values(FilterName="MS PowerPoint 97"))
        document.close(True)


class Story:
    """Documents of alice for bob, who edits, and dave, who looks; carol has no right."""

    def __init__(self, lab):
        self.lab, self.folder = lab, lab.dir / "shared"
        self.folder.mkdir()
        (lab.dir / "tmp").mkdir()

    def wait_for_refusal(self, name, right):
        """Alice sees who tried what, and in which program."""
        def seen():
            events = self.lab.person("alice").rms("track", self.folder / "plan.docx", "--json").json["Events"]
            return any(e["RequesterEmail"].startswith(name) and e["Right"] == right and e["Application"].startswith("LibreOffice ") for e in events)
        wait_for(f"{name} and {right} are not told", seen)


@contextlib.contextmanager
def screen(folder):
    """A display of its own: its name, and the file that holds its picture."""
    reader, writer = os.pipe()
    with open(folder / "xvfb.log", "wb") as log:
        server = subprocess.Popen(["Xvfb", "-displayfd", str(writer), "-screen", "0", "1100x800x24", "-fbdir", folder, "-nolisten", "tcp"],
                                  pass_fds=(writer,), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    os.close(writer)
    try:
        with open(reader) as number:
            yield ":" + number.readline().strip(), folder / "Xvfb_screen0"
    finally:
        server.terminate()
        server.wait(60)


def picture(path):
    """Of a screen (X window dump, 32 bits a pixel): width, height, and rows of red, green, blue."""
    data = path.read_bytes()
    head = struct.unpack(">25I", data[:100])
    size, width, height, stride, colours = head[0], head[4], head[5], head[12], head[19]
    start = size + colours * 12
    rows = []
    for y in range(height):
        line = data[start + y * stride:start + y * stride + width * 4]
        row = bytearray(width * 3)
        row[0::3], row[1::3], row[2::3] = line[2::4], line[1::4], line[0::4]
        rows.append(bytes(row))
    return width, height, rows


def write_png(path, width, height, rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows), 6)) + chunk(b"IEND", b""))


class States(unohelper.Base, XStatusListener):
    """What LibreOffice says of a command: is it there for the person?"""

    def __init__(self):
        self.enabled = None

    def statusChanged(self, event):
        self.enabled = event.IsEnabled

    def disposing(self, event):
        pass


def dispatch_of(office, frame, command):
    url = URL(Complete=".uno:" + command)
    _, url = office.make("com.sun.star.util.URLTransformer").parseStrict(url)
    return frame.queryDispatch(url, "", 0), url


def is_enabled(office, frame, command):
    dispatch, url = dispatch_of(office, frame, command)
    if dispatch is None:
        return False
    states = States()
    dispatch.addStatusListener(states, url)
    wait_for(command + " has no state", lambda: states.enabled is not None)
    dispatch.removeStatusListener(states, url)
    return states.enabled


def paths(story):
    return [story.folder / f"plan.{extension}" for extension in FILTERS]


def edited_by_bob(story):
    """As a program of his, without a window: his rights are enough for that. touches: C-075, C-080"""
    alice, bob = story.lab.person("alice"), story.lab.person("bob")
    with Office(bob) as office:
        make_documents(office, story.folder)
        for path in paths(story):
            alice.rms("protect", path, "--in-place", "--perm", "bob@contoso.test:Co-Author", "--perm", "dave@contoso.test:VIEW")
        before = {path: status(alice, path) for path in paths(story)}
        for path in before:
            document = office.open(path, Hidden=True)
            assert not document.isReadonly()
            assert text_of(document).getString() == PAGE, path
            text_of(document).setString(CHANGED)
            document.store()
            document.close(True)
    for path, old in before.items():
        now = status(alice, path)
        assert now["Seal"] == "unchanged" and now["EditedSinceProtected"] and now["SealedBy"] == bob.address, now
        assert {**now, **{name: old[name] for name in SAVING}} == old
        clear = alice.home / path.name
        alice.rms("unprotect", path, "--output", clear)
        with zipfile.ZipFile(clear) as package:
            assert any(CHANGED.encode() in package.read(name) for name in package.namelist()), path
    return office


def status(person, path):
    return person.rms("status", path, "--json").json


def shown_to_the_unaware(story):
    """A PowerPoint file where nobody knows of protection: one line that says so, nothing of the document. LibreOffice would look for
    its extension, so it is given what else is in the file. touches: C-080"""
    alice, path = story.lab.person("alice"), story.folder / "old.ppt"
    clear = path.read_bytes()
    alice.rms("protect", path, "--in-place", "--only-me")
    parts, streams = alice.home / "parts", ("PowerPoint Document", "Current User", "\5SummaryInformation")
    parts.mkdir()
    for name in streams:
        (parts / name).write_bytes(subprocess.run(["gsf", "cat", path, name], capture_output=True, check=True).stdout)
    assert len((parts / streams[2]).read_bytes()) < 4096  # the picture of the first slide is not in it
    subprocess.run(["gsf", "createole", alice.home / "old.ppt", *streams], cwd=parts, check=True, capture_output=True)
    call = ["soffice", "--headless", f"-env:UserInstallation=file://{parts}/plain", "--convert-to", "pdf", "--outdir", alice.home, alice.home / "old.ppt"]
    done = subprocess.run(call, env=alice.env(), cwd=alice.home, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done
    shown = subprocess.run(["pdftotext", alice.home / "old.pdf", "-"], capture_output=True, text=True, check=True).stdout
    assert "This document is protected." in shown and PAGE not in shown, shown
    shutil.rmtree(parts)
    alice.rms("unprotect", path, "--in-place")
    assert path.read_bytes() == clear


def viewing_copies(story):
    """PDF made in the sandbox, with the document's policy; of what is none, a warning. touches: C-107"""
    alice, bob = story.lab.person("alice"), story.lab.person("bob")
    folder, sent = alice.home / "clear", alice.home / "sent"
    folder.mkdir()
    for path in paths(story):
        alice.rms("unprotect", path, "--output", folder / path.name)
    (folder / "note.txt").write_text("no document")
    (folder / "odd.xlsx").write_bytes((folder / "plan.xlsx").read_bytes()[:1000])
    answer = alice.rms("protect", folder, "--viewing-copy", "--out", sent, "--perm", "bob@contoso.test:VIEW")
    assert answer.err.count("warning: no viewing copy") == 1 and "odd.xlsx" in answer.err, answer.err
    copies = sorted(path.name for path in (sent / "clear").glob("*.ppdf"))
    assert copies == ["plan-Copy(2).ppdf", "plan-Copy.ppdf", "plan.ppdf"], copies
    for name in copies:
        shown = status(bob, sent / "clear" / name)
        assert shown["Seal"] == "unchanged" and shown["SealedBy"] == alice.address, shown
        bob.rms("cat", sent / "clear" / name, code=1)  # he may look, not take the content out
        alice.rms("unprotect", sent / "clear" / name, "--output", alice.home / "copy.pdf")
        text = subprocess.run(["pdftotext", alice.home / "copy.pdf", "-"], capture_output=True, text=True, check=True).stdout
        assert CHANGED in text, (name, text)
        (alice.home / "copy.pdf").unlink()
    left_alone_by_a_traitor(story, folder / "plan.docx")
    shutil.rmtree(folder)


def left_alone_by_a_traitor(story, document):
    """What a converter that was taken over can leave behind: a link to another file. That is no result."""
    alice = story.lab.person("alice")
    tools = alice.home / "tools"
    tools.mkdir()
    secret = alice.home / "secret.pdf"
    secret.write_text("%PDF-1.4 another matter")
    bwrap = tools / "bwrap"
    bwrap.write_text(f"#!/bin/sh\nfor last; do :; done\nwhile [ \"$1\" != --bind ]; do shift; done\nln -sf {secret} \"$2/$(basename \"$last\" .docx).pdf\"\n")
    bwrap.chmod(0o755)
    answer = alice.rms("protect", document, "--viewing-copy", "--out", alice.home / "traitor", "--only-me", env=alice.env(PATH=f"{tools}:{os.environ['PATH']}"))
    assert "LibreOffice made no PDF of it" in answer.err, answer.err
    assert [path.name for path in (alice.home / "traitor").iterdir()] == [document.name]
    answer = alice.rms("protect", document, "--viewing-copy", "--out", alice.home / "without", "--only-me", env=alice.env(PATH=alice.home))
    assert "that needs LibreOffice and bubblewrap" in answer.err, answer.err


def refused(story, name, like):
    """Nothing comes out, and LibreOffice says why."""
    person = story.lab.person(name)
    office = Office(person, like)
    office.run("--convert-to", "txt:Text", "--outdir", str(person.home), str(story.folder / "plan.docx"))
    assert not (person.home / "plan.txt").exists()
    assert "OpenRMS: " in office.text(), office.text()
    shutil.rmtree(office.profile)
    return office.text()


def looked_at_by_dave(story, like):
    """In a window: read-only for good, not printed, not copied, not exported. touches: C-088, C-089, C-091"""
    with screen(story.lab.dir) as (display, dump), Office(story.lab.person("dave"), like, display) as office:
        for path in reversed(paths(story)):
            document = office.open(path, AsTemplate=True)  # it opens itself all the same
            frame = document.CurrentController.Frame
            assert document.isReadonly()
            assert text_of(document).getString() == CHANGED
            for command in REFUSED:
                assert not is_enabled(office, frame, command), (path, command)
            assert is_enabled(office, frame, "About")
            try:
                document.store()
                raise AssertionError("saved without the right")
            except IOException:
                pass
            if path.suffix != ".docx":
                document.close(True)
        dispatch, url = dispatch_of(office, frame, "Print")
        threading.Thread(target=ask, args=(dispatch, url), daemon=True).start()
        wait_for("no message", lambda: "must not be printed" in office.text())
        for right in ("EXTRACT", "PRINT"):
            story.wait_for_refusal("dave", right)
        wait_for("an empty screen", lambda: len({p for row in picture(dump)[2] for p in zip(row[::30], row[1::30], row[2::30])}) > 8)
        settle(dump)
        write_png(BUILD / "libreoffice.png", *picture(dump))
    assert "Thumbnail" not in (office.profile / "user/registrymodifications.xcu").read_text()


def ask(dispatch, url):
    """Comes back when the person has read the message: here, with the end of LibreOffice."""
    with contextlib.suppress(Exception):
        dispatch.dispatch(url, ())


def settle(dump, quiet=1.5):
    """Until the picture stays as it is."""
    last, since = None, time.monotonic()
    end = since + 60
    while time.monotonic() - since < quiet and time.monotonic() < end:
        now = dump.read_bytes()
        if now != last:
            last, since = now, time.monotonic()
        time.sleep(0.2)


def tells_the_story():
    with Lab(people=("alice", "bob", "carol", "dave")) as lab:
        story = Story(lab)
        office = edited_by_bob(story)
        assert "you have no rights to this content" in refused(story, "carol", office)
        assert "EXTRACT and OBJMODEL" in refused(story, "dave", office)
        looked_at_by_dave(story, office)
        viewing_copies(story)
        shown_to_the_unaware(story)


main(tells_the_story)
