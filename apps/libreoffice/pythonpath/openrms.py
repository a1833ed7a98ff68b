"""librms for the extension: what of its public interface is needed here, through ctypes."""
import ctypes
import os
import threading

LIBRARY = "librms.so.0"
ACTIONS = ("load", "modify", "cut", "paste", "save", "copy", "screen-capture", "save-as", "offer-clear-formats", "print",
           "comment", "comment-only", "edit-policy", "macros")  # enum rms_action

_READ = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_size_t)


class _Callbacks(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("user_data", "token", "consent", "log", "device_code", "browser")]


class _Options(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("url", ctypes.c_char_p), ("ca_file", ctypes.c_char_p), ("store_dir", ctypes.c_char_p),
                ("config_file", ctypes.c_char_p), ("user", ctypes.c_char_p), ("store", ctypes.c_int), ("offline", ctypes.c_bool),
                ("application", ctypes.c_char_p), ("application_version", ctypes.c_char_p), ("callbacks", _Callbacks),
                ("on_behalf", ctypes.c_char_p), ("what_if", ctypes.c_bool)]


class _Source(ctypes.Structure):
    _fields_ = [("user_data", ctypes.c_void_p), ("size", ctypes.c_uint64), ("read", _READ)]


class _ErrorInfo(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("reason", ctypes.c_char_p), ("http_status", ctypes.c_int), ("exit_status", ctypes.c_int),
                ("wire", ctypes.c_char_p), ("text", ctypes.c_char_p), ("next", ctypes.c_char_p)]


class _Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_char_p) for name in ("name", "description", "template_id", "owner", "issued_to", "referrer", "content_id", "extension")]
    _fields_ += [("rights", ctypes.POINTER(ctypes.c_char_p)), ("content_valid_until", ctypes.c_int64), ("license_valid_until", ctypes.c_int64),
                 ("from_cache", ctypes.c_bool), ("is_owner", ctypes.c_bool)]


class Refused(Exception):
    """librms said no: a sentence for people, and the stable reason."""

    def __init__(self, reason, text):
        super().__init__(text)
        self.reason = reason


def _load():
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError as error:
        raise Refused("internal", f"OpenRMS is not installed as it should be: {error}") from error
    handle, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    for name, result, *arguments in (
            ("rms_context_new", ctypes.c_int, ctypes.POINTER(_Options), ctypes.POINTER(handle)),
            ("rms_last_detail", text, handle),
            ("rms_last_referrer", text, handle),
            ("rms_error_info", ctypes.POINTER(_ErrorInfo), ctypes.c_int),
            ("rms_document_open", ctypes.c_int, handle, ctypes.POINTER(_Source), ctypes.POINTER(handle)),
            ("rms_document_free", None, ctypes.POINTER(handle)),
            ("rms_document_size", ctypes.c_int, handle, ctypes.POINTER(ctypes.c_uint64)),
            ("rms_document_read", ctypes.c_int64, handle, ctypes.c_uint64, handle, size),
            ("rms_document_info", ctypes.POINTER(_Info), handle),
            ("rms_document_permits", ctypes.c_bool, handle, ctypes.c_int),
            ("rms_document_missing", text, handle, ctypes.c_int),
            ("rms_document_refused", ctypes.c_int, handle, text),
            ("rms_refusals_send", ctypes.c_int, handle),
            ("rms_document_save_to", ctypes.c_int, handle, ctypes.POINTER(_Source), ctypes.c_int)):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def _source_of(data):
    """Bytes as a source; the caller keeps the result as long as librms may read."""

    def read(_, offset, buffer, length):
        part = data[offset:offset + length]
        ctypes.memmove(buffer, part, len(part))
        return len(part)

    return _Source(None, len(data), _READ(read))


class Library:
    """One context for the process: one signed-in person."""

    def __init__(self, version):
        self.functions = _load()
        self.context = ctypes.c_void_p()
        options = _Options(size=ctypes.sizeof(_Options), application=b"LibreOffice", application_version=version.encode())
        self.check(self.functions.rms_context_new(ctypes.byref(options), ctypes.byref(self.context)))

    def check(self, code):
        if code >= 0:
            return code
        info = self.functions.rms_error_info(code).contents
        texts = [info.text.decode(), self.functions.rms_last_detail(self.context).decode(), info.next.decode()]
        referrer = self.functions.rms_last_referrer(self.context).decode() if self.context else ""
        if referrer:
            texts.append("Ask " + referrer)
        raise Refused(info.reason.decode(), ". ".join(t.rstrip(".") for t in texts if t) + ".")


class Document:
    """A protected document that is open for the person."""

    def __init__(self, library, data):
        self.library, self.functions = library, library.functions
        self.lock = threading.Lock()  # a handle belongs to one thread at a time
        self.source = _source_of(data)
        self.handle = ctypes.c_void_p()
        library.check(self.functions.rms_document_open(library.context, ctypes.byref(self.source), ctypes.byref(self.handle)))
        info = self.functions.rms_document_info(self.handle).contents
        self.name = (info.name or b"").decode() or "Restricted access"
        self.owner = (info.owner or b"").decode()
        self.views = []  # of LibreOffice, where the rights are enforced
        self.rights = []
        while info.rights[len(self.rights)]:
            self.rights.append(info.rights[len(self.rights)].decode())

    def permits(self, action):
        return self.functions.rms_document_permits(self.handle, ACTIONS.index(action))

    def refused(self, action):
        """The person tried it: whoever protected the document hears of that, by a thread that nobody waits for."""
        with self.lock:
            right = self.functions.rms_document_missing(self.handle, ACTIONS.index(action))
            if right is None or self.functions.rms_document_refused(self.handle, right) < 0:
                return
        threading.Thread(target=self.functions.rms_refusals_send, args=(self.library.context,), daemon=True).start()

    def clear(self):
        """The content, as a whole."""
        size = ctypes.c_uint64()
        with self.lock:
            self.library.check(self.functions.rms_document_size(self.handle, ctypes.byref(size)))
            buffer = ctypes.create_string_buffer(size.value)
            done = 0
            done = self.library.check(self.functions.rms_document_read(self.handle, 0, buffer, size.value))
            return buffer.raw[:done]

    def protect(self, content):
        """The protected file with another content: licence, owner, content id and key stay."""
        source = _source_of(content)
        file = os.memfd_create("openrms")
        try:
            with self.lock:
                self.library.check(self.functions.rms_document_save_to(self.handle, ctypes.byref(source), file))
            with open(file, "rb", closefd=False) as stream:
                stream.seek(0)
                return stream.read()
        finally:
            os.close(file)

    def close(self):
        self.views.clear()
        with self.lock:
            self.functions.rms_document_free(ctypes.byref(self.handle))
