#!/usr/bin/env python3
"""Checks that the manual pages of librms (doc/man) say what its headers say.

Usage: check-man.py [--fix] [--aliases DIR] [--self-test] [--cc COMPILER] [DIRECTORY]

One line per violation (file:line: rule: text), a summary, status 1 when there is any.
  synopsis   every public function stands in the SYNOPSIS of exactly one page of section 3, with the header's prototype
  type       every public struct and enum stands in exactly one page, with the header's members
  name       a function of the SYNOPSIS stands in NAME
  codes      the list of rms_error_info.3.scd is the one made from errors.def (--fix writes it)
  code       a code a page speaks of exists
  see        a page of section 3 or 5 that is referred to exists
  example    what stands under EXAMPLE compiles without warnings
  lint       scdoc and mandoc accept the page (left out when they are not installed)
--aliases DIR writes a page that points to the right one for every function, so that `man FUNCTION` works.
--self-test breaks each rule once and proves that it is found.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

HEADERS = ("include/openrms/error.h", "include/openrms/openrms.h")
CODES = "include/openrms/errors.def"
PAGES = "doc/man"
CODES_PAGE = "rms_error_info.3.scd"
CODES_SECTION = "CODES"
COMPILE = ["-std=gnu17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-xc", "-"]
# scdoc writes more paragraph macros than needed; readers do not see them.
TOLERATED = "skipping paragraph macro"


def squeeze(text):
    """One blank between words, none inside brackets."""
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"\s*([(){}*,;])\s*", r"\1", text)


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def statements(text):
    """The declarations of C text, each up to its semicolon outside of braces."""
    depth, start = 0, 0
    for place, char in enumerate(text):
        depth += {"{": 1, "}": -1}.get(char, 0)
        if char == ";" and depth == 0:
            yield text[start:place]
            start = place + 1


def declarations(text):
    """({function: prototype}, {type: definition}) of C text."""
    text = without_comments(text)
    text = re.sub(r"^[ \t]*#.*?(?<!\\)$", "", text, flags=re.M | re.S)
    text = re.sub(r'extern "C" \{', "", text)
    functions, types = {}, {}
    for statement in statements(text):
        statement = squeeze(re.sub(r"\bRMS_(PUBLIC|MUST_USE)\b", "", statement))
        definition = re.match(r"((?:struct|enum) \w+)\{", statement)
        prototype = re.match(r"[\w ]+?[ *](rms_\w+)\(", statement)
        if definition:
            types[definition.group(1)] = statement
        elif prototype:
            functions[prototype.group(1)] = statement
    return functions, types


class Page:
    def __init__(self, name, text):
        self.name, self.text = name, text
        self.blocks = []  # (section, line, text) of literal blocks
        self.plain = {}   # section -> text outside of literal blocks
        self.lone = []    # lines of literal blocks with a backslash that gets lost
        section, block = "", None
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip() == "```":
                if block is not None:
                    self.blocks.append((section, block[0], "\n".join(block[1])))
                block = (number + 1, []) if block is None else None
            elif block is not None:
                # scdoc takes single backslashes away here, too
                block[1].append(line.replace("\\\\", "\\"))
                if "\\" in line.replace("\\\\", ""):
                    self.lone.append(number)
            elif re.match(r"# ", line):
                section = line[2:].strip()
            else:
                self.plain[section] = self.plain.get(section, "") + line + "\n"

    def c_blocks(self, example):
        return [b for b in self.blocks if b[0].startswith("EXAMPLE") == example]


def load_codes(root):
    """(symbol, value, reason, http, exit, wire, text, next) of every row."""
    row = re.compile(r'^RMS_ERROR\((\w+), (-\d+), "([^"]*)", (\d+), (\d+), "([^"]*)", "([^"]*)", "([^"]*)"\)$', re.M)
    with open(os.path.join(root, CODES), encoding="utf-8") as file:
        return row.findall(file.read())


def codes_text(rows):
    """The list as the page has it."""
    def plain(text):
        return re.sub(r"([\\*_])", r"\\\1", text)

    return "\n" + "\n".join(f"*RMS_E_{symbol}*, {value}, \"{reason}\"\n\t{plain(text)}; {plain(after)}.\n\tExit status {exit},"
                            f" HTTP {http}.\n" for symbol, value, reason, http, exit, _, text, after in rows) + "\n"


def replace_codes(text, wanted):
    pattern = re.compile(rf"(^# {CODES_SECTION}\n(?:.*\n)*?; .*\n)((?:(?!# ).*\n)*)", re.M)
    return pattern.sub(lambda match: match.group(1) + wanted, text, count=1)


# --- rules ---

def check_declared(found, kind, public, pages_of):
    for name, declared in sorted(public.items()):
        places = pages_of.get(name, [])
        if len(places) != 1:
            where = ", ".join(page for page, _, _ in places) or "no page"
            found.append((PAGES, 1, kind, f"{name} stands in {where}, instead of one page"))
        for page, line, text in places:
            if text != declared:
                found.append((page, line, kind, f"{name} differs from the header: {declared}"))
    for name in sorted(set(pages_of) - set(public)):
        page, line, _ = pages_of[name][0]
        found.append((page, line, kind, f"{name} is in no public header"))


def check_declarations(found, pages, functions, types):
    shown_functions, shown_types = {}, {}
    for page in pages:
        if not page.name.endswith(".3.scd"):
            continue
        for section, line, text in page.c_blocks(False):
            here_functions, here_types = declarations(text)
            for name, declared in here_types.items():
                shown_types.setdefault(name, []).append((page.name, line, declared))
            if section != "SYNOPSIS":
                continue
            for name, declared in here_functions.items():
                shown_functions.setdefault(name, []).append((page.name, line, declared))
                if not re.search(rf"\b{name}\b", page.plain.get("NAME", "")):
                    found.append((page.name, 1, "name", f"{name} is not in NAME"))
    check_declared(found, "synopsis", functions, shown_functions)
    check_declared(found, "type", types, shown_types)
    return shown_functions


def check_references(found, pages, functions, codes):
    known = {page.name[:-4] for page in pages} | {name + ".3" for name in functions}
    symbols = {row[0] for row in codes}
    for page in pages:
        for match in re.finditer(r"\*((?:open)?rms[\w.]*)\*\(([35])\)", page.text):
            if f"{match.group(1)}.{match.group(2)}" not in known:
                found.append((page.name, page.text.count("\n", 0, match.start()) + 1, "see", match.group(0)))
        for match in re.finditer(r"\bRMS_E_([A-Z_]*[A-Z])\b", page.text):
            if match.group(1) not in symbols:
                found.append((page.name, page.text.count("\n", 0, match.start()) + 1, "code", match.group(0)))


def check_examples(found, root, pages, compiler):
    count = 0
    for page in pages:
        blocks = page.c_blocks(True) if page.name.endswith(".3.scd") else []
        if page.name.endswith(".3.scd") and not blocks:
            found.append((page.name, 1, "example", "no example"))
        for line in page.lone:
            found.append((page.name, line, "example", "a backslash is doubled in these pages"))
        for _, line, text in blocks:
            result = subprocess.run([compiler, "-I", os.path.join(root, "include"), *COMPILE], capture_output=True,
                                    input=f'#line {line} "{page.name}"\n{text}\n', text=True, check=False)
            count += 1
            if result.returncode != 0:
                found.append((page.name, line, "example", "does not compile:\n" + result.stderr.rstrip()))
    return count


def lint(found, pages):
    if not shutil.which("scdoc") or not shutil.which("mandoc"):
        return "no lint: scdoc or mandoc is not installed"
    for page in pages:
        made = subprocess.run(["scdoc"], input=page.text, capture_output=True, text=True, check=False)
        if made.returncode != 0:
            found.append((page.name, 1, "lint", made.stderr.strip()))
            continue
        read = subprocess.run(["mandoc", "-Tlint", "-Wwarning"], input=made.stdout, capture_output=True, text=True,
                              check=False)
        for line in (read.stdout + read.stderr).splitlines():
            if line and TOLERATED not in line:
                found.append((page.name, 1, "lint", line))
    return "linted"


def load_pages(root):
    directory = os.path.join(root, PAGES)
    pages = []
    for name in sorted(os.listdir(directory)):
        if name.endswith(".scd"):
            with open(os.path.join(directory, name), encoding="utf-8") as file:
                pages.append(Page(name, file.read()))
    return pages


def check(root, compiler, fix=False, aliases=None, with_lint=True):
    """(violations, summary)"""
    found, functions, types = [], {}, {}
    for header in HEADERS:
        with open(os.path.join(root, header), encoding="utf-8") as file:
            more_functions, more_types = declarations(file.read())
        functions.update(more_functions)
        types.update(more_types)
    types.pop("enum rms_error", None)  # made from errors.def, see "codes"
    codes = load_codes(root)
    pages = load_pages(root)
    for page in pages:
        if page.name == CODES_PAGE:
            text = replace_codes(page.text, codes_text(codes))
            if text != page.text and fix:
                with open(os.path.join(root, PAGES, page.name), "w", encoding="utf-8") as file:
                    file.write(text)
                page.text = text
            if text != page.text or any(f"*RMS_E_{row[0]}*," not in text for row in codes):
                found.append((page.name, 1, "codes", "differs from errors.def: run scripts/check-man.py --fix"))
    shown = check_declarations(found, pages, functions, types)
    check_references(found, pages, functions, codes)
    examples = check_examples(found, root, pages, compiler)
    linted = lint(found, pages) if with_lint else "no lint"
    if aliases:
        write_aliases(aliases, shown)
    return found, (f"{len(pages)} pages, {len(functions)} functions, {len(types)} types, {len(codes)} codes, "
                   f"{examples} examples, {linted}; {len(found)} violations")


def write_aliases(directory, shown):
    os.makedirs(directory, exist_ok=True)
    for name, places in shown.items():
        page = places[0][0][:-len(".scd")]
        if page != name + ".3":
            with open(os.path.join(directory, name + ".3"), "w", encoding="utf-8") as file:
                file.write(f".so man3/{page}\n")


# --- proof that each rule can fail ---

CLEAN = {
    HEADERS[0]: '#define RMS_MUST_USE\n#define RMS_PUBLIC\nenum rms_error { RMS_OK = 0,\n#define X(a) \\\n  a\n};\n',
    HEADERS[1]: "#include <openrms/error.h>\n/* A; */\nstruct rms_a { int b; /* c; */ };\n"
                "RMS_PUBLIC RMS_MUST_USE int rms_f(struct rms_a *a,\n    int (*g)(void *user_data, int i));\n",
    CODES: '/* Codes. */\nRMS_ERROR(IO, -51, "io", 500, 1, "InternalException", "it failed", "try_again")\n',
    "doc/man/" + CODES_PAGE:
        'rms_error_info(3)\n\n# NAME\n\nrms_f - does\n\n# SYNOPSIS\n\n```\nint rms_f(struct rms_a *a, int (*g)(void *user_data,'
        ' int i));\nstruct rms_a {\n    int b;\n};\n```\n\n# CODES\n\n; made\n\n*RMS_E_IO*, -51, "io"\n\tit failed; '
        'try\\_again.\n\tExit status 1, HTTP 500.\n\n# EXAMPLE\n\n```\n#include <openrms/openrms.h>\n```\n\n'
        '# SEE ALSO\n\n*rms_f*(3)\n',
}
BROKEN = [
    ("synopsis", "int rms_f(struct", "int rms_f(const struct"),
    ("synopsis", "int rms_f(struct", "long rms_g(void);\nint rms_f(struct"),
    ("synopsis", "# SYNOPSIS", "# DESCRIPTION"),
    ("type", "    int b;", "    long b;"),
    ("type", "struct rms_a {\n    int b;\n};\n", ""),
    ("name", "rms_f - does", "f - does"),
    ("codes", "it failed;", "it broke;"),
    ("code", "rms_f - does", "rms_f - RMS_E_OI"),
    ("see", "*rms_f*(3)", "*rms_q*(3)"),
    ("example", "#include <openrms/openrms.h>", "int f(void) { return g(); }"),
    ("example", "# EXAMPLE", "# MORE"),
    ("example", "#include <openrms/openrms.h>", 'const char a[] = "\\n";'),
    ("lint", "rms_error_info(3)", "rms_error_info"),
]


def found_in(files, compiler):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)
        return check(root, compiler)[0]


def self_test(compiler):
    failures = [f"clean pages: {violation}" for violation in found_in(CLEAN, compiler)]
    can_lint = shutil.which("scdoc") and shutil.which("mandoc")
    path = "doc/man/" + CODES_PAGE
    for rule, old, new in BROKEN:
        if rule == "lint" and not can_lint:
            continue
        assert old in CLEAN[path]
        broken = {**CLEAN, path: CLEAN[path].replace(old, new)}
        rules = {violation[2] for violation in found_in(broken, compiler)}
        if rule not in rules:
            failures.append(f"{rule}: {old!r} as {new!r} is not found, only {sorted(rules)}")
    for failure in failures:
        print("self-test: " + failure)
    print(f"self-test: {len(BROKEN)} broken pages, {len(failures)} failures")
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--help", "-h", action="store_true")
    parser.add_argument("--fix", action="store_true")
    parser.add_argument("--aliases")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--cc", default="cc")
    parser.add_argument("directory", nargs="?", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    arguments = parser.parse_args()
    if arguments.help:
        print(__doc__)
        return 0
    if arguments.self_test:
        return self_test(arguments.cc)
    found, summary = check(arguments.directory, arguments.cc, arguments.fix, arguments.aliases)
    for page, line, rule, text in found:
        print(f"{page if page == PAGES else PAGES + '/' + page}:{line}: {rule}: {text}")
    print(summary)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
