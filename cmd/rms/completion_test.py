#!/usr/bin/env python3
"""The completion scripts: as packaged, accepted by the shells, and completing what is expected.

Usage: completion_test.py RMS (with RMS_SOURCE_DIR, or from the source directory)
"""

import os
import pathlib
import shutil
import subprocess
import sys

SOURCE = pathlib.Path(os.environ.get("RMS_SOURCE_DIR", "."))
FILES = {"bash": SOURCE / "packaging/completion/rms.bash", "zsh": SOURCE / "packaging/completion/_rms"}

BASH = """
source {file}
COMP_WORDS=(rms "$@"); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); COMPREPLY=(); _rms 2>/dev/null; echo "${{COMPREPLY[*]}}"
"""
ZSH = """
compdef() {{ : }}
compadd() {{ shift; print -- $* }}
_files() {{ print FILES }}
source {file}
words=(rms "$@"); CURRENT=$#words; _rms
"""

# words so far, what must be offered, what must not; bash narrows down to what fits the last word, zsh does so itself
CASES = [
    (["pro"], ["protect"], ["admin", "open"]),
    (["--json", "adm"], ["admin"], []),
    (["admin", "us"], ["user"], ["protect"]),
    (["admin", "user", ""], ["add", "list", "show", "set", "remove"], ["tenant"]),
    (["admin", "user", "add", "--pass"], ["--password-stdin"], ["--perm"]),
    (["--url", "admin", "admin", "group", "member", ""], ["add", "remove"], ["user"]),
    (["protect", "--no-persist-key", ""], ["all", "disk", "license"], ["--json"]),
    (["admin", "group", "add", "g", "--kind", "s"], ["security"], ["--json"]),
    (["status", "--color", "a"], ["auto", "always"], ["--json"]),
    (["completion", ""], ["bash", "zsh"], []),
]


def complete(shell, script, words):
    done = subprocess.run([shell, *(["-f"] if shell == "zsh" else []), "-c", script, shell, *words], capture_output=True, text=True,
                          timeout=30)
    assert done.returncode == 0, done
    return done.stdout.split()


def check_shell(program, shell, script):
    printed = subprocess.run([program, "completion", shell], capture_output=True, text=True, check=True).stdout
    assert printed == FILES[shell].read_text(), f"{FILES[shell]} is old: write it anew with rms completion {shell}"
    if shutil.which(shell) is None:
        print(f"{shell}: not installed, only compared")
        return
    subprocess.run([shell, "-n", FILES[shell]], check=True)
    for words, offered, others in CASES:
        got = complete(shell, script.format(file=FILES[shell]), words)
        assert set(offered) <= set(got), (shell, words, got)
        assert not set(others) & set(got) or shell == "zsh" and len(words) == 1, (shell, words, got)
    print(f"{shell}: {len(CASES)} cases")


def main():
    for shell, script in (("bash", BASH), ("zsh", ZSH)):
        check_shell(sys.argv[1], shell, script)
    return 0


if __name__ == "__main__":
    sys.exit(main())
