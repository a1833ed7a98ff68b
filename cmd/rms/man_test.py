#!/usr/bin/env python3
"""The manual pages of the programs name every verb, option and setting, and none that does not exist.

Usage: man_test.py RMS RMSD (with RMS_SOURCE_DIR, or from the source directory)

A verb of rms has a heading "## rms VERB" in one page of section 1; between it and the next heading, or under
"# OPTIONS" of the same page, stands each of its options. Options of every verb stand in rms.1.
"""

import os
import pathlib
import re
import subprocess
import sys

PAGES = pathlib.Path(os.environ.get("RMS_SOURCE_DIR", ".")) / "doc/man"
HELP_OPTION = re.compile(r"^  (?:-\w, |    )--([a-z0-9-]+)", re.M)
PAGE_OPTION = re.compile(r"\*--([a-z0-9-]+)\*")


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout


def verbs(program, path=()):
    """{(verb path): options of its own}"""
    text = run(program, *path, "--help")
    if "[ARGUMENT…]" not in text.splitlines()[0]:
        return {path: set(HELP_OPTION.findall(text.partition("\nOptions:")[2].partition("\nOptions of every")[0]))}
    found = {}
    for line in text.partition("\nVerbs:\n")[2].partition("\n\n")[0].splitlines():
        found.update(verbs(program, (*path, line.split()[0])))
    return found


def defined(text):
    """Options at the beginning of a line: those that the page explains."""
    return {name for line in text.splitlines() if line.startswith("*-") for name in PAGE_OPTION.findall(line)}


def sections(path):
    """{heading: text} of a page; "# OPTIONS" ends at the next heading of the first level."""
    found, heading = {}, ""
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        found[heading] = found.get(heading, "") + line + "\n"
    return found


def check_rms(program):
    problems, places, documented = [], {}, {}
    for page in sorted(PAGES.glob("*.1.scd")):
        parts = sections(page)
        for heading, text in parts.items():
            if heading.startswith("rms "):
                path = tuple(heading.split()[1:])
                places.setdefault(path, []).append(page.name)
                documented[path] = (defined(text), defined(parts.get("OPTIONS", "")))
    known = verbs(program)
    for path, options in known.items():
        if len(places.get(path, [])) != 1:
            problems.append(f"rms {' '.join(path)}: stands in {places.get(path, 'no page')}")
            continue
        own, common = documented[path]
        problems += [f"{places[path][0]}: rms {' '.join(path)}: --{o} is missing" for o in options - own - common]
        problems += [f"{places[path][0]}: rms {' '.join(path)}: there is no --{o}" for o in own - options]
    problems += [f"{places[p][0]}: there is no verb rms {' '.join(p)}" for p in set(places) - set(known)]
    every = set(HELP_OPTION.findall(run(program, "--help")))
    explained = defined(sections(PAGES / "rms.1.scd")["OPTIONS"])
    problems += [f"rms.1.scd: --{o} is missing or not there any more" for o in every ^ explained]
    return problems, len(known)


def check_rmsd(program):
    known = set(re.findall(r"--([a-z0-9-]+)", run(program, "--help")))
    # what argp adds, and words of the description
    explained = defined((PAGES / "rmsd.8.scd").read_text()) | {"version"}
    problems = [f"rmsd.8.scd: --{o} is missing or not there any more" for o in (known | {"version"}) ^ explained]
    settings = set(re.findall(r"^(\w+) =", run(program, "--print-config"), re.M))
    page = (PAGES / "rmsd.conf.5.scd").read_text()
    named = {n.replace("\\", "") for line in page.splitlines() if line.startswith("*") and "(" not in line
             for n in re.findall(r"\*([a-z0-9\\_]+)\*", line)}
    return problems + [f"rmsd.conf.5.scd: {s} is missing or not there any more" for s in settings ^ named], len(settings)


def main():
    problems, verb_count = check_rms(sys.argv[1])
    more, setting_count = check_rmsd(sys.argv[2])
    for problem in problems + more:
        print(problem)
    print(f"{verb_count} verbs, {setting_count} settings, {len(problems + more)} problems")
    return 1 if problems + more else 0


if __name__ == "__main__":
    sys.exit(main())
