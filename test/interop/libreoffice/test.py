"""Protected docx, xlsx and pptx in Debian's LibreOffice with the extension of apps/libreoffice, as their readers use it."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import time
import zipfile
import zlib

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.lang import DisposedException

from rmslab import BUILD, SANITIZER_MARKS, Lab, main

EXTENSION = BUILD / "apps/libreoffice/openrms.oxt"
LIBRARIES = BUILD / "lib/client"
PROGRAM = "/usr/lib/libreoffice/program/soffice.bin"
RESTART = (79, 81)  # exit statuses that ask for another start, as after an extension was added
NOBODY = 65534
PAGE = "The plan: sell apples."


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

    def __init__(self, person, display=None):
        self.person, self.display = person, display
        self.profile = person.home / "office"
        self.log = open(person.home / "office.log", "ab")
        self.process = None
        self.add_extension()

    def env(self):
        more = {"DISPLAY": self.display} if self.display else {}
        return self.person.env(LD_LIBRARY_PATH=LIBRARIES, ASAN_OPTIONS="detect_leaks=0:verify_asan_link_order=0", TMPDIR=self.person.lab.dir / "tmp", **more)

    def add_extension(self):
        """For this profile; unopkg does not do that for root."""
        if (self.profile / "user").exists():
            return
        self.profile.mkdir()
        call = ["unopkg", "add", f"-env:UserInstallation=file://{self.profile}", str(EXTENSION)]
        if os.geteuid() == 0:
            for place in (self.person.lab.dir, self.person.lab.dir / "home", self.person.home):
                place.chmod(0o711)
            os.chown(self.profile, NOBODY, NOBODY)
            call = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *call]
        subprocess.run(call, env={"PATH": os.environ["PATH"], "HOME": str(self.profile), "LANG": "C.UTF-8"}, check=True, timeout=120, stdout=self.log, stderr=self.log)

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
        with contextlib.suppress(AttributeError, DisposedException, Exception):
            self.desktop.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        text = self.text()
        assert not any(mark in text for mark in SANITIZER_MARKS), text

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
        document.close(True)


def protected(person, path):
    status = person.rms("status", path, "--json").json
    return status[0] if isinstance(status, list) else status


class Story:
    """What all tests share: documents of alice for bob, who edits, and dave, who looks; carol has no right."""

    def __enter__(self):
        self.lab = Lab(people=("alice", "bob", "carol", "dave")).__enter__()
        (self.lab.dir / "tmp").mkdir()
        self.folder = self.lab.dir / "shared"
        self.folder.mkdir()
        return self

    def __exit__(self, *problem):
        self.lab.__exit__(*problem)


def edited_by_bob(story):
    """touches: C-075 C-080"""
    alice, bob = story.lab.person("alice"), story.lab.person("bob")
    with Office(bob) as office:
        make_documents(office, story.folder)
        before = {}
        for extension in FILTERS:
            path = story.folder / f"plan.{extension}"
            alice.rms("protect", path, "--in-place", "--perm", "bob@contoso.test:Co-Author", "--perm", "dave@contoso.test:VIEW")
            before[path] = protected(alice, path)
        for path in before:
            document = office.open(path, Hidden=True)
            assert not document.isReadonly()
            assert PAGE in text_of(document).getString() or path.suffix == ".pptx", text_of(document).getString()
            text_of(document).setString("Bob sells pears.")
            document.store()
            document.close(True)
    for path, old in before.items():
        now = protected(alice, path)
        assert {**now, "OriginalSize": 0} == {**old, "OriginalSize": 0}, (old, now)
        clear = alice.home / path.name
        alice.rms("unprotect", path, "--output", clear)
        with zipfile.ZipFile(clear) as package:
            assert any(b"Bob sells pears." in package.read(name) for name in package.namelist()), path
    assert not any(b"Bob sells" in p.read_bytes() for p in story.folder.iterdir())


def refused_for_carol(story):
    carol = story.lab.person("carol")
    office = Office(carol)
    office.run("--convert-to", "txt:Text", "--outdir", str(carol.home), str(story.folder / "plan.docx"))
    assert "OpenRMS: you have no rights to this content" in office.text(), office.text()
    assert not (carol.home / "plan.txt").exists()


def tells_the_story():
    with Story() as story:
        edited_by_bob(story)
        refused_for_carol(story)


main(tells_the_story)
