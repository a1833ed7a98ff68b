"""Protected docx, xlsx and pptx in LibreOffice: Detection decrypts them as they are opened, Encryption encrypts them as
they are saved, Enforcement does not let people do what they have no right to. README.md says how they fit together."""
import secrets

import uno
import unohelper
from com.sun.star.beans import NamedValue, PropertyValue
from com.sun.star.document import XEventListener, XExtendedFilterDetection
from com.sun.star.io import IOException
from com.sun.star.packages import XPackageEncryption
from com.sun.star.task import XJob

import enforcement
import openrms

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SPACE = "DRMEncryptedDataSpace"  # MS-OFFCRYPTO 2.2.4; what LibreOffice calls CryptoType
TOKEN = "OpenRMS.Document"

documents = {}  # token -> openrms.Document; a token is in the EncryptionData of the document that LibreOffice has open


def library(ctx, kept=[]):
    if not kept:
        kept.append(openrms.Library(setting(ctx, "/org.openoffice.Setup/Product", "ooSetupVersion")))
    return kept[0]


def setting(ctx, path, name):
    provider = ctx.ServiceManager.createInstanceWithContext("com.sun.star.configuration.ConfigurationProvider", ctx)
    return provider.createInstanceWithArguments(
        "com.sun.star.configuration.ConfigurationAccess", (PropertyValue("nodepath", 0, path, 0),)).getByName(name)


def named(*pairs):
    return uno.Any("[]com.sun.star.beans.NamedValue", tuple(NamedValue(name, value) for name, value in pairs))


def token_of(pairs):
    return next((p.Value for p in pairs or () if p.Name == TOKEN), None)


def document_of(pairs):
    """What is open under the token among these named values; None for documents that are not ours."""
    return documents.get(token_of(pairs))


def read_all(stream, piece=1 << 20):
    parts = []
    while True:
        count, part = stream.readBytes(None, piece)
        parts.append(part.value)
        if count < piece:
            return b"".join(parts)


class Detection(unohelper.Base, XExtendedFilterDetection):
    """Asked first about every file of the names in types.xcu. A protected one becomes a clear package in memory, which
    LibreOffice's own detection and filters then take instead of the file."""

    def __init__(self, ctx):
        self.ctx = ctx

    def detect(self, descriptor):
        media = {p.Name: p.Value for p in descriptor}
        stream = media.get("InputStream")
        if stream is None:
            return "", descriptor
        data = read_all(stream)
        if not data.startswith(COMPOUND):
            return "", descriptor
        try:
            more = self.open(data, media)
        except openrms.Refused as refusal:
            if refusal.reason == "not-protected":
                return "", descriptor
            enforcement.tell(self.ctx, media, str(refusal))
            more = {"Aborted": True}
        return "", tuple(PropertyValue(n, 0, v, 0) for n, v in {**media, **more}.items())

    def open(self, data, media):
        document = openrms.Document(library(self.ctx), data)
        missing = [action for action in ("copy", "macros") if not document.permits(action)]
        if enforcement.is_for_program(media) and missing:
            document.refused(missing[0])
            raise openrms.Refused("no-rights", "A program may read this document only with the rights EXTRACT and OBJMODEL.")
        clear = self.ctx.ServiceManager.createInstanceWithContext("com.sun.star.comp.MemoryStream", self.ctx)
        clear.getOutputStream().writeBytes(uno.ByteSequence(document.clear()))
        token = secrets.token_hex(16)
        documents[token] = document
        return {**enforcement.media(document),
                "ComponentData": named(("DecryptedPackage", clear)),
                "EncryptionData": named(("CryptoType", SPACE), (TOKEN, token))}


class Encryption(unohelper.Base, XPackageEncryption):
    """Made by LibreOffice when it writes a document that has our CryptoType. Reading is Detection's alone: here no output
    stream arrives from outside (decrypt has it as [out])."""

    def __init__(self, ctx, *_):
        self.ctx = ctx
        self.document = None

    def readEncryptionInfo(self, streams):
        return False

    def generateEncryptionKey(self, password):
        return False

    def decrypt(self, stream):
        return False, None

    def createEncryptionData(self, password):
        return ()

    def checkDataIntegrity(self):
        return False

    def setupEncryption(self, pairs):
        self.document = document_of(pairs)
        return self.document is not None

    def encrypt(self, stream):
        try:
            if self.document is None:
                raise openrms.Refused("not-protected", "The document is not open any more.")
            protected = self.document.protect(read_all(stream))
        except openrms.Refused as refusal:
            enforcement.tell(self.ctx, {}, str(refusal))
            raise IOException(str(refusal), self)
        manager = self.ctx.ServiceManager
        file = manager.createInstanceWithArgumentsAndContext("com.sun.star.io.SequenceInputStream", (uno.ByteSequence(protected),), self.ctx)
        storage = manager.createInstanceWithArgumentsAndContext("com.sun.star.embed.OLESimpleStorage", (file,), self.ctx)
        return tuple(NamedValue(name, uno.ByteSequence(data)) for name, data in streams_of(storage, ""))


def streams_of(storage, path):
    """Names and bytes of all streams of a compound file, storages before their names."""
    for name in storage.getElementNames():
        element = storage.getByName(name)
        if hasattr(element, "getElementNames"):
            yield from streams_of(element, path + name + "/")
        else:
            yield path + name, read_all(element.getInputStream())


class Enforcement(unohelper.Base, XJob):
    """Runs when a view of a document was made."""

    def __init__(self, ctx):
        self.ctx = ctx

    def execute(self, arguments):
        environment = {p.Name: p.Value for part in arguments if part.Name == "Environment" for p in part.Value}
        model = environment.get("Model")
        pairs = {p.Name: p.Value for p in model.getArgs()}.get("EncryptionData") if model is not None else None
        document = document_of(pairs)
        if document is not None:
            if not document.views:
                model.addEventListener(End(token_of(pairs)))
            self.guard(model, document)
        return None

    def guard(self, model, document):
        """Every view that has no guard yet: events do not say which is new."""
        views = model.getControllers()
        while views.hasMoreElements():
            view = views.nextElement()
            if view not in document.views:
                document.views.append(view)
                enforcement.enforce(self.ctx, view, document)


class End(unohelper.Base, XEventListener):
    """Of a document in LibreOffice: the key is wiped."""

    def __init__(self, token):
        self.token = token

    def notifyEvent(self, event):
        pass

    def disposing(self, event):
        document = documents.pop(self.token, None)
        if document is not None:
            document.close()


g_ImplementationHelper = unohelper.ImplementationHelper()
for implementation, services in (
        (Detection, ("com.sun.star.document.ExtendedTypeDetection",)),
        (Encryption, ("com.sun.star.comp.oox.crypto." + SPACE, "com.sun.star.packages.PackageEncryption")),
        (Enforcement, ("com.sun.star.task.Job",))):
    g_ImplementationHelper.addImplementation(implementation, "org.openrms.libreoffice." + implementation.__name__, services)
