"""What the rights of a document allow in LibreOffice: how it is opened, and which commands there are."""
import os
import pathlib
import sys

import unohelper
from com.sun.star.awt.MessageBoxType import WARNINGBOX
from com.sun.star.frame import FeatureStateEvent, XDispatch, XDispatchProviderInterceptor

NEVER_EXECUTE = 0  # document.MacroExecMode
BANNER = "openrms"

# Commands of the dispatch framework that need a right; LibreOffice knows further ones by the Lock... of media() only.
COMMANDS = {
    "print": "Print PrintDefault PrinterSetup",
    "copy": "Copy CopyHyperlinkLocation SaveGraphic SaveBackground ExternalEdit CopyUnformatted",
    "save-as": "SaveAs SaveAsRemote SaveACopy SaveAsTemplate SaveAll ExportTo ExportToPDF ExportDirectToPDF ExportToEPUB "
               "ExportDirectToEPUB RedactDoc AutoRedactDoc SendMail SendMailDocAsMS SendMailDocAsOOo SendMailDocAsPDF "
               "SendOutlineToStarImpress SendOutlineToClipboard SendAbstractToStarImpress NewGlobalDoc NewHtmlDoc WebHtml "
               "SendFax MailMergeWizard HtmlExport VersionDialog",
    "save": "Save",
    "modify": "EditDoc ReadOnlyDoc Cut Paste PasteSpecial PasteUnformatted",
    "macros": "RunMacro MacroDialog MacroOrganizer ScriptOrganizer BasicIDEAppear RunBasic RecordMacro",
}
# And one more right for what takes out of the document and changes it.
ALSO = {"Cut": "copy"}
WORDS = {"print": "printed", "copy": "copied from", "save-as": "saved in another form", "save": "saved", "modify": "changed",
         "macros": "used by macros"}


def refused_commands(document):
    """{command: action that the person has no right to}"""
    refused = {}
    for action, names in COMMANDS.items():
        for name in names.split():
            for needed in (action, ALSO.get(name, action)):
                if not document.permits(needed):
                    refused[name] = needed
    return refused


def media(document):
    """How the document is to be opened. LibreOffice keeps to these wherever it knows them."""
    more = {
        "ReadOnly": not document.permits("save"),
        "LockEditDoc": not document.permits("save"),
        "LockSave": not document.permits("save"),
        "LockPrint": not document.permits("print"),
        "LockContentExtraction": not document.permits("copy"),
        "LockExport": not document.permits("save-as"),
        "NoAutoSave": True,  # recovery files would be clear
        "PickListEntry": False,  # the list of recent files keeps pictures of first pages
        "AsTemplate": False,  # it opens itself: a second document would have its content id and key
    }
    if not document.permits("macros"):
        more["MacroExecutionMode"] = NEVER_EXECUTE
    return more


def is_for_program(media):
    """Nobody is going to look at it: it is opened for a program, which can do with it what it likes."""
    arguments = pathlib.Path("/proc/self/cmdline").read_bytes().split(b"\0")
    return bool(media.get("Hidden")) or b"--headless" in arguments or os.environ.get("SAL_USE_VCLPLUGIN") == "svp"


def tell(ctx, media, text):
    """A window with the text where somebody sits, and a line for whoever reads the output of LibreOffice."""
    print("OpenRMS:", text, file=sys.stderr, flush=True)
    if is_for_program(media):
        return
    manager = ctx.ServiceManager
    frame = manager.createInstanceWithContext("com.sun.star.frame.Desktop", ctx).getCurrentFrame()
    toolkit = manager.createInstanceWithContext("com.sun.star.awt.Toolkit", ctx)
    box = toolkit.createMessageBox(frame.getContainerWindow() if frame else None, WARNINGBOX, 1, "OpenRMS", text)
    box.execute()
    box.dispose()


class Refusal(unohelper.Base, XDispatch):
    """A command that is there and does nothing but say why."""

    def __init__(self, ctx, document, action):
        self.ctx, self.document, self.action = ctx, document, action

    def dispatch(self, url, arguments):
        self.document.refused(self.action)
        tell(self.ctx, {}, f"This document must not be {WORDS[self.action]}: you have no right to. {summary(self.document)}")

    def addStatusListener(self, listener, url):
        listener.statusChanged(FeatureStateEvent(self, url, "", False, False, None))

    def removeStatusListener(self, listener, url):
        pass


class Interceptor(unohelper.Base, XDispatchProviderInterceptor):
    """Stands before all commands of a frame."""

    def __init__(self, ctx, document):
        self.slave = self.master = None
        self.refusals = {".uno:" + name: Refusal(ctx, document, action) for name, action in refused_commands(document).items()}

    def queryDispatch(self, url, target, flags):
        refusal = self.refusals.get(url.Complete.partition("?")[0])
        return refusal or (self.slave.queryDispatch(url, target, flags) if self.slave else None)

    def queryDispatches(self, requests):
        return tuple(self.queryDispatch(r.FeatureURL, r.FrameName, r.SearchFlags) for r in requests)

    def getSlaveDispatchProvider(self):
        return self.slave

    def setSlaveDispatchProvider(self, provider):
        self.slave = provider

    def getMasterDispatchProvider(self):
        return self.master

    def setMasterDispatchProvider(self, provider):
        self.master = provider


def summary(document):
    return f"{document.name}, owner {document.owner}. Your rights: {', '.join(document.rights)}."


def enforce(ctx, controller, document):
    """For one view."""
    frame = controller.getFrame()
    if frame is not None:
        frame.registerDispatchProviderInterceptor(Interceptor(ctx, document))
    if hasattr(controller, "appendInfobar") and not controller.hasInfobar(BANNER):
        controller.appendInfobar(BANNER, "Use of this document is restricted.", summary(document), 0, (), False)
