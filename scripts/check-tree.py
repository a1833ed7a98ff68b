#!/usr/bin/env python3
"""Checks what compilers do not: layer order, banned calls, size of functions and files, documents.

Usage: check-tree.py [--self-test] [DIRECTORY]

One line per violation (file:line: rule: text), a summary, status 1 when there is any. Functions are found by the
layout that scripts/check-format keeps: the braces of a function body stand in the first column.
--self-test breaks each rule once in a small tree of its own and proves that it is found.
"""

import os
import re
import statistics
import sys
import tempfile

# Exceptions, counted: (rule, file) -> (how many, why). One more is a violation, and so is one less.
ALLOWED = {
    ("memory", "lib/crypto/password.c"): (1, "what libcrypt allocates is freed by free()"),
    ("memory", "lib/crypto/hsm_uri.c"): (1, "what p11-kit allocates is freed by free()"),
    ("parameters", "lib/crypto/content.c"): (2, "a block number, two places and their lengths: a struct would be silly"),
    ("parameters", "service/http.c"): (1, "the signature libmicrohttpd asks for"),
    ("parameters", "lib/client/batch.c"): (1, "rms_protect_files of the public interface"),
    ("clock", "service/http_watch.c"): (1, "the deadline of a timed wait, not of a decision"),
}

# What each library may include besides itself, from bottom to top.
LAYERS = {
    "base": (),
    "sandbox": ("base",),
    "policy": ("base",),
    "crypto": ("base",),
    "xrml": ("base", "crypto", "policy"),
    "format": ("base", "crypto"),
    "label": ("base", "format"),
    "archive": ("base", "format", "label"),
    "detect": ("base",),
    "store": ("base", "crypto", "policy"),
    "directory": ("base", "crypto", "policy", "store"),
    "client": ("base", "sandbox", "crypto", "policy", "xrml", "format", "label", "archive", "detect"),
}
# Libraries with one place that calls them: headers, and files that may.
OWNERS = (
    (re.compile(r"^(ldap|lber|sasl|gssapi)[/.]"), re.compile(r"^lib/directory/ldap"), "lib/directory/ldap*.c"),
    (re.compile(r"^(gsf|glib)[/.]"), re.compile(r"^lib/format/cfb_write\.c$"), "lib/format/cfb_write.c"),
    (re.compile(r"^gmime/"), re.compile(r"^(lib/format/mime|service/mail_message)\.c$"), "lib/format/mime.c"),
    (re.compile(r"^maxminddb"), re.compile(r"^service/location\.c$"), "service/location.c"),
    (re.compile(r"^unicode/"), re.compile(r"^service/mail_style\.c$"), "service/mail_style.c"),
    (re.compile(r"^libxml/"), re.compile(r"^lib/format/html\.c$"), "lib/format/html.c"),
    (re.compile(r"^archive(_entry)?\.h"), re.compile(r"^lib/archive/stream\.c$"), "lib/archive/stream.c"),
    (re.compile(r"^qpdf/"), re.compile(r"^lib/format/pdf_qpdf"), "lib/format/pdf_qpdf*"),
)
CRYPTO_HEADERS = re.compile(r"^(openssl/|p11-kit/|cjose/|intel-ipsec-mb|ipsec-mb)")

ALLOCATION = ("malloc calloc realloc reallocarray free strdup strndup asprintf vasprintf posix_memalign "
              "aligned_alloc memalign valloc").split()
# CLOCK_MONOTONIC serves deadlines; what moves decisions is the time of day.
CLOCK = re.compile(r"(?:time|gettimeofday)\s*\(|clock_gettime\s*\(\s*CLOCK_(?!MONOTONIC\b)")
NEVER = {name: "use " + instead for name, instead in {
    "strcpy": "base/bytes.h or base/text.h", "stpcpy": "base/bytes.h", "strcat": "rms_buf_append_str",
    "strncpy": "rms_buf_append", "strncat": "rms_buf_append", "sprintf": "rms_buf_printf",
    "vsprintf": "rms_buf_printf", "gets": "rms_cursor", "strtok": "rms_cursor", "alloca": "an arena",
    "atoi": "strtol and check it", "atol": "strtol and check it", "atoll": "strtoll and check it",
    "tmpnam": "base/file.h", "mktemp": "base/file.h", "tempnam": "base/file.h", "system": "posix_spawn",
    "popen": "posix_spawn", "rand": "crypto/random.h", "random": "crypto/random.h", "srand": "crypto/random.h",
    "localtime": "base/time.h", "gmtime": "base/time.h", "ctime": "base/time.h", "asctime": "base/time.h",
}.items()}

FUNCTION_LINES, PARAMETERS, NESTING, FILE_LINES, README_LINES = 80, 6, 4, 800, 30

CODE = (".c", ".h", ".cc", ".hh")
SCRIPTS = (".py", ".sh", ".js", ".mjs", ".ts")
SKIPPED_DIRECTORIES = {".git", "build", "node_modules", "__pycache__", ".venv"}
DATA_DIRECTORIES = ("fuzz/corpus/", "test/vectors/")
MARKER = re.compile(r"\b(TO" + r"DO|FIX" + r"ME)\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(?:work|root|home/[a-z]\w*|Users/\w+)/")
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")


class Report:
    """Collects violations; knows the exceptions."""

    def __init__(self, allowed):
        self.found = []
        self.lengths = []
        self.allowed = allowed
        self.files = 0

    def add(self, rule, path, line, text):
        self.found.append((rule, path, line, text))

    def violations(self):
        counted = {}
        for rule, path, _, _ in self.found:
            counted[(rule, path)] = counted.get((rule, path), 0) + 1
        for entry in self.found:
            if counted[entry[:2]] != self.allowed.get(entry[:2], (0,))[0]:
                yield entry
        for (rule, path), (count, _) in sorted(self.allowed.items()):
            if counted.get((rule, path), 0) < count:
                yield ("allowed", path, 0, f"only {counted.get((rule, path), 0)} of {count} exceptions to "
                       f"'{rule}' are left: lower the number in ALLOWED")


def blank(match):
    """Spaces of the same length, so that lines and columns stay."""
    return re.sub(r"[^\n]", " ", match.group(0))


def strip_c(text, keep_strings=False):
    """Without comments and, unless asked, the insides of literals."""
    token = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'", re.S)

    def replace(match):
        literal = match.group(0)[0] in "\"'"
        if literal:
            return match.group(0) if keep_strings else '"' + " " * (len(match.group(0)) - 2) + '"'
        return blank(match)

    return token.sub(replace, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def is_test(path):
    return path.endswith("_test.c") or path.startswith(("test/", "fuzz/", "bench/"))


# --- rules about one C file ---

def check_includes(report, path, text):
    library = path.split("/")[1] if path.startswith("lib/") else None
    for match in re.finditer(r"^[ \t]*#[ \t]*include[ \t]*([<\"])([^>\"]+)[>\"]", strip_c(text, True), re.M):
        header, line = match.group(2), line_of(text, match.start())
        if CRYPTO_HEADERS.match(header) and library != "crypto" and not is_test(path):
            report.add("crypto", path, line, f"{header}: only lib/crypto calls the crypto libraries")
        for headers, files, owner in OWNERS:
            if headers.match(header) and match.group(1) == "<" and not files.match(path) and not is_test(path):
                report.add("owner", path, line, f"{header}: only {owner} calls that library")
        target = header.split("/")[0]
        if library is None or match.group(1) == "<" or "/" not in header or target in (library, "openrms"):
            continue
        if library not in LAYERS:
            report.add("layer", path, line, f"lib/{library} has no place in LAYERS")
        elif target not in LAYERS[library]:
            report.add("layer", path, line, f"lib/{library} may not include {header}")


def check_top_includes(report, path, text):
    """Above the libraries: services and programs know nothing of each other but rmsd's main of the service."""
    root = path.split("/")[0]
    forbidden = {"lib": ("service", "cmd", "gateway", "desktop"), "include": ("lib", "base", "service", "cmd"),
                 "service": ("cmd", "gateway", "desktop")}.get(root, ())
    for match in re.finditer(r"^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"/]+)/", text, re.M):
        if match.group(1) in forbidden:
            report.add("layer", path, line_of(text, match.start()), f"{root}/ may not include {match.group(1)}/")


def check_calls(report, path, text, stripped):
    in_base = path.startswith("lib/base/")
    # Tests may call what they compare with, but not what is never safe.
    for match in re.finditer(r"(?<![\w.>])([a-z_]\w*)\s*\(", stripped):
        name = match.group(1)
        if name in NEVER:
            report.add("banned", path, line_of(text, match.start()), f"{name}(): {NEVER[name]}")
        elif name in ALLOCATION and not in_base and not is_test(path):
            report.add("memory", path, line_of(text, match.start()), f"{name}(): use base/mem.h or an arena")
        elif CLOCK.match(stripped, match.start()) and not in_base and not is_test(path):
            report.add("clock", path, line_of(text, match.start()), f"{name}(): use base/clock.h")


def check_guard(report, path, text, guards):
    match = re.search(r"^#ifndef (\w+)\n#define (\w+)\s*\n", text, re.M)
    if not match or match.group(1) != match.group(2) or not re.search(r"^#endif[^\n]*\s*\Z", text, re.M):
        report.add("guard", path, 1, "no include guard around the whole header")
    elif guards.setdefault(match.group(1), path) != path:
        report.add("guard", path, line_of(text, match.start()), f"guard also used by {guards[match.group(1)]}")


def matching(text, close):
    """Index of the parenthesis that the one at `close` ends, or -1."""
    depth = 0
    for i in range(close, -1, -1):
        depth += {")": 1, "(": -1}.get(text[i], 0)
        if depth == 0:
            return i
    return -1


def opens_block(text, brace):
    """Whether the brace begins a block of a statement, not an initialiser."""
    before = text[:brace].rstrip()
    if before.endswith(")"):
        head = text[:max(matching(text, len(before) - 1), 0)].rstrip()
        word = re.search(r"(\w+)$", head)
        return bool(word) and word.group(1) not in ("return", "sizeof")
    return bool(re.search(r"(\b(else|do)|[;{}:])$", before))


def deepest(body):
    """Nesting of blocks below the function's own. What stands inside an initialiser is no block."""
    stack, seen = [], 0
    for match in re.finditer(r"[{}]", body):
        if match.group(0) == "}":
            stack = stack[:-1]
            continue
        stack.append(not stack or (stack[-1] and opens_block(body, match.start())))
        seen = max(seen, sum(stack) - 1)
    return seen


def parameters(signature):
    """Number of parameters, or 0 when it is no function."""
    signature = re.sub(r"__attribute__\s*\(\(.*?\)\)", "", signature, flags=re.S).rstrip()
    if not signature.endswith(")"):
        return 0
    inside = signature[matching(signature, len(signature) - 1) + 1:-1]
    while True:
        flat = re.sub(r"\([^()]*\)", "", inside)
        if flat == inside:
            break
        inside = flat
    return 0 if inside.strip() in ("", "void") else inside.count(",") + 1


def functions(stripped):
    """(first line, last line, signature, body) of each function definition."""
    lines = stripped.split("\n")
    start = None
    for number, line in enumerate(lines):
        if line.rstrip() == "{" and start is None:
            start = number
        elif line.startswith("}") and start is not None:
            first = start
            while first > 0 and lines[first - 1].strip() and not re.match(r"[#}]|.*;\s*$", lines[first - 1]):
                first -= 1
            yield first + 1, number + 1, "\n".join(lines[first:start]), "\n".join(lines[start:number + 1])
            start = None


def check_functions(report, path, stripped):
    for first, last, signature, body in functions(stripped):
        length = last - first + 1
        if not is_test(path):
            report.lengths.append(length)
        if length > FUNCTION_LINES:
            report.add("length", path, first, f"function of {length} lines (at most {FUNCTION_LINES})")
        count = parameters(signature)
        if count > PARAMETERS:
            report.add("parameters", path, first, f"{count} parameters (at most {PARAMETERS})")
        depth = deepest(body)
        if depth > NESTING:
            report.add("nesting", path, first, f"blocks {depth} deep (at most {NESTING})")


def check_code(report, path, text, guards):
    stripped = strip_c(text)
    check_includes(report, path, text)
    check_top_includes(report, path, text)
    check_calls(report, path, text, stripped)
    check_functions(report, path, stripped)
    if path.endswith((".h", ".hh")):
        check_guard(report, path, text, guards)


# --- rules about any file ---

def check_text(report, path, text):
    for match in MACHINE_PATH.finditer(text):
        report.add("machine", path, line_of(text, match.start()), "path of one machine: " + match.group(0))
    if path.endswith(CODE + SCRIPTS):
        for match in MARKER.finditer(text):
            report.add("marker", path, line_of(text, match.start()), match.group(0) + ": finish it or leave it out")
        lines = text.count("\n")
        if lines > FILE_LINES:
            report.add("file", path, lines, f"{lines} lines (at most {FILE_LINES})")


def check_links(report, root, path, text):
    text = re.sub(r"^(```|~~~).*?^\1", blank, text, flags=re.S | re.M)
    text = re.sub(r"`[^`\n]*`", blank, text)
    for match in LINK.finditer(text):
        target = match.group(1).split("#")[0]
        if not target or re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        if not os.path.exists(os.path.join(root, os.path.dirname(path), target)):
            report.add("link", path, line_of(text, match.start()), f"{target} does not exist")


def needs_readme(directory):
    """Every directory of source but the root and the single cases of a test suite."""
    return directory and not re.match(r"(test/[^/]+/|\.)", directory)


def check_readmes(report, directories, readmes):
    for directory in sorted(directories):
        if needs_readme(directory) and directory + "/README.md" not in readmes:
            report.add("readme", directory, 0, "a directory of source has a README.md")
    for path, lines in sorted(readmes.items()):
        if "/" in path and not path.startswith("doc/") and lines > README_LINES:
            report.add("readme", path, lines, f"{lines} lines (at most {README_LINES})")


def read_text(path):
    """None for what is not text."""
    if os.path.getsize(path) > 2 << 20:
        return None
    with open(path, "rb") as file:
        data = file.read()
    if b"\0" in data[:8192]:
        return None
    return data.decode("utf-8", "replace")


def walk(root):
    for directory, names, files in os.walk(root):
        names[:] = sorted(n for n in names if n not in SKIPPED_DIRECTORIES)
        for name in sorted(files):
            full = os.path.join(directory, name)
            if os.path.isfile(full) and not os.path.islink(full):
                yield os.path.relpath(full, root).replace(os.sep, "/"), full


def check_tree(root, allowed):
    report = Report(allowed)
    guards, directories, readmes = {}, set(), {}
    for path, full in walk(root):
        if path.startswith(DATA_DIRECTORIES) and not path.endswith("README.md"):
            continue
        text = read_text(full)
        if text is None:
            continue
        report.files += 1
        check_text(report, path, text)
        if path.endswith(CODE):
            check_code(report, path, text, guards)
        if path.endswith(CODE + SCRIPTS):
            directories.add(os.path.dirname(path))
        if path.endswith(".md") and (path.startswith("doc/") or path.endswith("README.md")):
            check_links(report, root, path, text)
        if path.endswith("README.md"):
            readmes[path] = text.count("\n")
    check_readmes(report, directories, readmes)
    return report


def summary(report, violations):
    lengths = sorted(report.lengths) or [0]
    ninetieth = lengths[min(len(lengths) - 1, len(lengths) * 9 // 10)]
    return (f"{report.files} files, {len(report.lengths)} functions: median {statistics.median_low(lengths)}, "
            f"90 % at most {ninetieth}, longest {lengths[-1]} lines; {len(ALLOWED)} exceptions; "
            f"{violations} violations")


# --- proof that each rule can fail ---

CLEAN = {
    "README.md": "[code](lib/base/a.c) [web](https://example.org/x) `[no](link)`\n",
    "lib/base/README.md": "Base.\n",
    "lib/base/a.h": "/* A. */\n#ifndef RMS_BASE_A_H\n#define RMS_BASE_A_H\n#endif\n",
    "lib/base/a.c": '#include "base/a.h"\n/* malloc( strcpy( */\nint f(void)\n{\n    return free(0), g("strcpy(", \'"\');\n}\n',
    "lib/xrml/README.md": "XrML.\n",
    "lib/xrml/x.c": '#include "base/a.h"\n#include "policy/p.h"\nint x(int a, int (*b)(int, int), int c)\n{\n'
                    "    if (a) {\n        while (b) {\n            for (;;) {\n                do {\n"
                    "                    s = (struct t){{1}, {{2}}};\n                } while (c);\n            }\n"
                    "        }\n    }\n    p->free(x);\n    return 0;\n}\n",
    "lib/xrml/x_test.c": '#include <openssl/evp.h>\nint t(void)\n{\n    free(0);\n    return time(0) > 0;\n}\n',
}
BODY = "int f(void)\n{\n%s}\n"
BROKEN = {
    "layer": [{"lib/policy/README.md": "x\n", "lib/policy/p.c": '#include "xrml/x.h"\n'},
              {"lib/new/README.md": "x\n", "lib/new/n.c": '#include "base/a.h"\n'},
              {"lib/base/b.c": '#include "service/front.h"\n'}],
    "owner": [{"lib/xrml/y.c": "#include <ldap.h>\n"}, {"lib/xrml/y.c": "#include <gssapi/gssapi.h>\n"}],
    "crypto": [{"lib/xrml/y.c": "#include <openssl/evp.h>\n"}, {"lib/xrml/y.c": "#include <intel-ipsec-mb.h>\n"}],
    "banned": [{"lib/base/b.c": BODY % '    strcpy(a, "b");\n'}, {"lib/xrml/y_test.c": BODY % "    sprintf(a, b);\n"}],
    "memory": [{"lib/xrml/y.c": BODY % "    return malloc(1);\n"}],
    "clock": [{"lib/xrml/y.c": BODY % "    return time(NULL);\n"}],
    "guard": [{"lib/base/b.h": "int b;\n"}, {"lib/base/b.h": CLEAN["lib/base/a.h"]}],
    "length": [{"lib/base/b.c": BODY % ("    f();\n" * 78)}],
    "parameters": [{"lib/base/b.c": "int f(int a, int b, int c,\n    int d, int e, int (*f)(int, int), int g)\n{\n}\n"}],
    "nesting": [{"lib/base/b.c": BODY % ("    if (a) {\n" * 5 + "    }\n" * 5)}],
    "file": [{"lib/base/b.c": "int a;\n" * 801}],
    "readme": [{"lib/store/s.c": "int s;\n"}, {"lib/base/README.md": "x\n" * 31}],
    "link": [{"doc/d.md": "[gone](../lib/gone.c)\n"}, {"lib/base/README.md": "[gone](gone.h#part)\n"}],
    "machine": [{"doc/d.md": "in /wo" + "rk/main here\n"}, {"lib/base/b.c": '"/ho' + 'me/x1/y"\n'}],
    "marker": [{"lib/base/b.c": "/* TO" + "DO later */\n"}],
}


def found_in(files, allowed=None):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)
        return list(check_tree(root, allowed or {}).violations())


def self_test():
    failures = [f"clean tree: {v}" for v in found_in(CLEAN)]
    for rule, cases in BROKEN.items():
        for number, case in enumerate(cases):
            rules = {v[0] for v in found_in({**CLEAN, **case})}
            if rules != {rule}:
                failures.append(f"{rule}, case {number}: found {sorted(rules) or 'nothing'}")
    one = {**CLEAN, **BROKEN["memory"][0]}
    if found_in(one, {("memory", "lib/xrml/y.c"): (1, "test")}):
        failures.append("an exception is not honoured")
    if not found_in(CLEAN, {("memory", "lib/xrml/y.c"): (1, "test")}):
        failures.append("an exception that is no longer needed is not found")
    for failure in failures:
        print("self-test: " + failure)
    print(f"self-test: {sum(map(len, BROKEN.values()))} broken trees, {len(BROKEN)} rules, {len(failures)} failures")
    return 1 if failures else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) > 1 or any(a.startswith("-") for a in arguments):
        print(__doc__, file=sys.stderr)
        return 2
    root = arguments[0] if arguments else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    report = check_tree(root, ALLOWED)
    violations = list(report.violations())
    for rule, path, line, text in sorted(violations, key=lambda v: (v[1], v[2])):
        print(f"{path}:{line}: {rule}: {text}")
    print(summary(report, len(violations)))
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
