#!/usr/bin/env python3
"""Writes doc/requirements.md: every requirement, whether it is met, and the tests that say so.

Usage: requirements.py [--check]

The requirements stand in doc/requirements.tsv (id, priority, short title). Tests name them in a comment:
    proves: S-070, C-084     the test runs the whole acceptance check, as far as this stage of the product goes
    touches: S-123           the test runs a part of it
A list may go on in the next line after a comma. A requirement is done when a test proves it, partly done when tests
only touch it, else open. --check writes nothing; status 1 when the page is not the one that would be written, or
when a test names an id that does not exist.
"""

import collections
import os
import re
import sys

DATA = "doc/requirements.tsv"
PAGE = "doc/requirements.md"
PRIORITIES = ("core", "full", "ext")
SKIPPED = {".git", "build", "node_modules", "vectors", "__pycache__"}
INPUTS = "fuzz/corpus"  # of fuzz targets; test/scenario/corpus is a test
TEST_NAME = re.compile(r"_test\.(c|py|js|mjs)$|\.test\.(js|mjs|ts)$")
TEST_TREES = ("test/", "fuzz/")
TEST_FILES = ("demo", "check")
CLAIM = re.compile(r"\b(proves|touches):[ \t]*")
ID = re.compile(r"[SC]-\d{3}\b|B-\d{2}\b")

Requirement = collections.namedtuple("Requirement", "id priority title section")
Claim = collections.namedtuple("Claim", "kind id path line")


def load_requirements(root):
    """In the order of the file; ValueError for a line that is none."""
    section, found = "", {}
    with open(os.path.join(root, DATA), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if line.startswith("#") or not line:
                section = line[1:].strip()
                continue
            cells = line.split("\t")
            if len(cells) != 3 or not ID.fullmatch(cells[0]) or cells[1] not in PRIORITIES or cells[0] in found:
                raise ValueError(f"{DATA}:{number}: not an id, a priority and a title")
            found[cells[0]] = Requirement(*cells, section)
    return found


def test_sources(root):
    for directory, names, files in os.walk(root):
        here = os.path.relpath(directory, root).replace(os.sep, "/")
        names[:] = sorted(n for n in names if n not in SKIPPED and f"{here}/{n}" != INPUTS)
        for name in sorted(files):
            path = os.path.relpath(os.path.join(directory, name), root).replace(os.sep, "/")
            wanted = TEST_NAME.search(name) or path.startswith(TEST_TREES) or path in TEST_FILES
            if wanted and not name.endswith(".md"):
                yield path


def listed_ids(lines, number, start):
    """The ids behind a claim, over as many lines as end with a comma."""
    ids, text = [], lines[number][start:]
    while True:
        match = re.match(rf"({ID.pattern})\s*(,?)\s*", text)
        if not match:
            return ids
        ids.append(match.group(1))
        text = text[match.end():]
        if not match.group(2):
            return ids
        if not text and number + 1 < len(lines):
            number += 1
            text = re.sub(r"^[\s*#/]+", "", lines[number])


def claims_of(root, path):
    with open(os.path.join(root, path), "rb") as file:
        data = file.read()
    if b"\0" in data[:8192]:
        return
    lines = data.decode("utf-8", "replace").split("\n")
    for number, line in enumerate(lines):
        for match in CLAIM.finditer(line):
            ids = listed_ids(lines, number, match.end())
            for found in ids or [""]:
                yield Claim(match.group(1), found, path, number + 1)


def collect(root, requirements):
    """Claims by id, and complaints."""
    claims, complaints = collections.defaultdict(list), []
    for path in test_sources(root):
        for claim in claims_of(root, path):
            if claim.id in requirements:
                claims[claim.id].append(claim)
            else:
                what = f"unknown requirement {claim.id}" if claim.id else "no requirement id"
                complaints.append(f"{path}:{claim.line}: {claim.kind}: {what}")
    return claims, complaints


def state_of(claims):
    if any(claim.kind == "proves" for claim in claims):
        return "done"
    return "partly" if claims else "open"


def short_name(path):
    return re.sub(r"(_test)?\.\w+$", "", re.sub(r"^(lib|test)/", "", path))


def links(paths):
    return ", ".join(f"[{short_name(path)}](../{path})" for path in sorted(paths))


def tests_cell(claims):
    proving = {claim.path for claim in claims if claim.kind == "proves"}
    proves, touches = links(proving), links({claim.path for claim in claims} - proving)
    if proves and touches:
        return f"{proves}; partly {touches}"
    return proves or touches


def count_table(requirements, claims):
    yield "| Priority | done | partly | open | all |"
    yield "|---|---:|---:|---:|---:|"
    for priority in PRIORITIES:
        states = [state_of(claims[r.id]) for r in requirements.values() if r.priority == priority]
        counts = [str(states.count(state)) for state in ("done", "partly", "open")]
        yield f"| {priority} | {' | '.join(counts)} | {len(states)} |"


def page(requirements, claims):
    yield "# Requirements"
    yield ""
    yield "Generated by `scripts/requirements.py` from `doc/requirements.tsv` and the tests; do not edit."
    yield ""
    yield ("*done*: a test runs the whole acceptance check, as far as this stage of the product goes. *partly*: tests "
           "run a part of it. Priorities: core = first usable release, full = parity, ext = later or optional.")
    yield ""
    yield from count_table(requirements, claims)
    section = None
    for requirement in requirements.values():
        if requirement.section != section:
            section = requirement.section
            yield from ("", f"## {section}", "", "| Id | Priority | Requirement | State | Tests |", "|---|---|---|---|---|")
        found = claims[requirement.id]
        title = requirement.title.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
        yield f"| {requirement.id} | {requirement.priority} | {title} | {state_of(found)} | {tests_cell(found)} |"


def check(root, text):
    try:
        with open(os.path.join(root, PAGE), encoding="utf-8") as file:
            committed = file.read()
    except FileNotFoundError:
        committed = ""
    if committed == text:
        return True
    old, new = committed.split("\n"), text.split("\n")
    differing = next((i for i, pair in enumerate(zip(old, new)) if pair[0] != pair[1]), min(len(old), len(new)))
    print(f"{PAGE}:{differing + 1}: not what the tests say now: run scripts/requirements.py")
    return False


def main(arguments):
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    try:
        requirements = load_requirements(root)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    claims, complaints = collect(root, requirements)
    text = "\n".join(page(requirements, claims)) + "\n"
    for complaint in complaints:
        print(complaint)
    if arguments:
        return 0 if check(root, text) and not complaints else 1
    with open(os.path.join(root, PAGE), "w", encoding="utf-8") as file:
        file.write(text)
    states = collections.Counter(state_of(claims[identity]) for identity in requirements)
    print(f"{PAGE}: {states['done']} done, {states['partly']} partly, {states['open']} open")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
