"""At a terminal: passwords without echo, texts on the screen, private copies for applications, Ctrl-C."""
import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import termios
import time

from rmslab import BUILD, PASSWORD, Lab, main

RMS = BUILD / "cmd/rms/rms"


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, person, *args):
        self.controller, terminal = pty.openpty()
        self.process = subprocess.Popen([RMS, *map(str, args)], env=person.env(TERM="xterm", XDG_RUNTIME_DIR=person.home / "run"),
                                        cwd=person.home, stdin=terminal, stdout=terminal, stderr=terminal,
                                        start_new_session=True, close_fds=True)
        self.terminal = terminal  # kept open, so that settings can be read
        self.text = ""

    def read_until(self, mark, seconds=30):
        end = time.monotonic() + seconds
        while mark not in self.text:
            assert time.monotonic() < end, f"no {mark!r} in {self.text!r}"
            if select.select([self.controller], [], [], 0.2)[0]:
                self.text += os.read(self.controller, 65536).decode(errors="replace")
        return self.text

    def write(self, text):
        os.write(self.controller, text.encode())

    def echo(self):
        return bool(termios.tcgetattr(self.terminal)[3] & termios.ECHO)

    def finish(self, seconds=60):
        code = self.process.wait(seconds)
        while select.select([self.controller], [], [], 0.2)[0]:
            self.text += os.read(self.controller, 65536).decode(errors="replace")
        os.close(self.controller)
        os.close(self.terminal)
        return code


def run_home(person):
    (person.home / "run").mkdir(mode=0o700, exist_ok=True)
    return person


def passwords_are_asked_for_without_echo():
    with Lab(people=("alice",), login=False) as lab:
        alice = run_home(lab.person("alice"))
        terminal = Terminal(alice, "login", "--email", alice.address, "--password-stdin")
        terminal.read_until("Password: ")
        assert not terminal.echo()
        terminal.write(PASSWORD + "\n")
        assert terminal.finish() == 0, terminal.text
        assert PASSWORD not in terminal.text and "Signed in as alice@contoso.test" in terminal.text, terminal.text

        terminal = Terminal(alice, "login", "--email", alice.address, "--password-stdin")
        terminal.read_until("Password: ")
        terminal.process.send_signal(signal.SIGINT)
        terminal.process.wait(30)
        assert terminal.echo()
        assert terminal.finish() != 0, terminal.text


def a_text_is_shown_and_commands_nothing():
    # touches: S-090, C-087, C-094
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), run_home(lab.person("bob"))
        path = alice.write("note.txt", "first line\n\033]0;owned\007red\033[31m\ttext\nlast line")
        alice.rms("protect", path, "--perm", "bob@contoso.test:VIEW", "--in-place")
        protected = alice.home / "note.ptxt"
        terminal = Terminal(bob, "open", protected)
        assert terminal.finish() == 0, terminal.text
        assert "first line" in terminal.text and "last line" in terminal.text and "Your rights: VIEW" in terminal.text, terminal.text
        assert "\033]0" not in terminal.text and "\033[31m" not in terminal.text and "?[31m" in terminal.text, terminal.text
        piped = bob.rms("open", protected, code=1)
        assert piped.out == "" and "no-rights" in piped.err and "alice@contoso.test" in piped.err, piped
        assert bob.rms("cat", protected, code=1).out == ""
        assert alice.rms("cat", protected).out.startswith("first line")


def applications_get_a_private_copy_for_a_while():
    # touches: C-046, C-074
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), run_home(lab.person("bob"))
        table, picture = alice.write("figures.csv", "1,2\n"), alice.write("chart.png", b"\x89PNG not really")
        alice.rms("protect", table, picture, "--perm", "bob@contoso.test:VIEW", "--in-place")
        report = bob.home / "report"
        app = bob.write("app.sh", f'stat -c "%a %n" "$1" >{report}; stat -c "%a" "$(dirname "$1")" >>{report}; cat "$1" >>{report}\n')
        bob.rms("open", alice.home / "figures.csv.pfile", "--app", f"sh {app}", env=bob.env(XDG_RUNTIME_DIR=bob.home / "run"))
        file, directory, content = report.read_text().splitlines()
        mode, copy = file.split(" ", 1)
        assert mode == "400" and directory == "700" and content == "1,2", report.read_text()
        assert copy.startswith(str(bob.home / "run/rms-open-")) and copy.endswith("/figures.csv"), copy
        assert not pathlib.Path(copy).exists() and not list((bob.home / "run").iterdir())
        report.unlink()
        refused = bob.rms("open", alice.home / "chart.ppng", "--app", f"sh {app}", code=1)
        assert "no-rights" in refused.err and not report.exists(), refused
        bob.rms("open", alice.home / "figures.csv.pfile", "--app", "false", code=1)
        bob.rms("open", alice.home / "figures.csv.pfile", code=1)  # no terminal, no desktop, and no right to copy


def a_generic_file_goes_to_the_default_application():
    # proves: C-046
    with Lab(people=("alice", "bob", "carol")) as lab:
        alice, bob, carol = lab.person("alice"), run_home(lab.person("bob")), run_home(lab.person("carol"))
        alice.rms("protect", alice.write("figures.csv", "1,2\n"), "--perm", "bob@contoso.test:VIEW", "--in-place")
        protected = alice.home / "figures.csv.pfile"
        report = lab.dir / "report"
        desktop = bob.write("bin/xdg-open", f'#!/bin/sh\nbasename "$1" >{report}.new; cat "$1" >>{report}.new; mv {report}.new {report}\n')
        desktop.chmod(0o755)

        def opening(person):
            env = person.env(DISPLAY=":99", XDG_RUNTIME_DIR=person.home / "run", PATH=f"{desktop.parent}:{os.environ['PATH']}")
            return subprocess.Popen([RMS, "open", protected], env=env, cwd=person.home, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True)

        process = opening(bob)
        end = time.monotonic() + 120
        while not report.exists():
            assert process.poll() is None and time.monotonic() < end, process.communicate()
            time.sleep(0.05)
        out, told = process.communicate("\n", timeout=120)
        assert process.returncode == 0 and out == "", (out, told)
        assert report.read_text().splitlines() == ["figures.csv", "1,2"], report.read_text()
        assert "Your rights: VIEW" in told and "by alice@contoso.test" in told and "does not hold you to these rights" in told, told
        assert [r["result"] for r in lab.usage(user_id="bob@contoso.test", request_type="AcquireLicense")] == ["Success"]
        assert not list((bob.home / "run").iterdir())
        report.unlink()
        process = opening(carol)
        out, told = process.communicate("", timeout=120)
        assert process.returncode == 1 and "no-rights" in told and not report.exists(), (out, told)


def native_files_are_only_looked_at():
    # proves: C-045
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = run_home(lab.person("alice")), run_home(lab.person("bob"))
        alice.rms("protect", alice.write("note.txt", "first words\n"), "--perm", "bob@contoso.test:VIEW,EDIT", "--in-place")
        protected = alice.home / "note.ptxt"
        before = protected.read_bytes()
        # The viewer shows it and has nothing to edit or save with; what an application does to its copy stays there.
        terminal = Terminal(bob, "view", protected)
        assert terminal.finish() == 0 and "first words" in terminal.text, terminal.text
        for verb in ("view", "open"):
            shown = bob.rms(verb, "--help").out
            assert "-app" in shown and not re.search(r"--(edit|save)\b(?!-attachments)", shown), shown
        app = alice.write("app.sh", f'stat -c %a "$1" >{alice.home}/mode; (echo other words >"$1") 2>/dev/null; true\n')
        refused = bob.rms("view", protected, "--app", f"sh {app}", code=1)
        assert "no-rights" in refused.err and not (alice.home / "mode").exists(), refused
        alice.rms("view", protected, "--app", f"sh {app}", env=alice.env(XDG_RUNTIME_DIR=alice.home / "run"))
        assert (alice.home / "mode").read_text() == "400\n" and protected.read_bytes() == before
        # By the interface he may, as his rights say, and the file goes on under its licence.
        examples = BUILD / "examples"
        said = subprocess.run([examples / "example_viewer", protected], env=bob.env(), capture_output=True, text=True)
        assert said.returncode == 0 and {"enabled modify", "enabled save"} <= set(said.stdout.splitlines()), said
        content_id = bob.rms("--json", "status", protected).json["ContentId"]
        saved = subprocess.run([examples / "example_save", protected, bob.write("edited.txt", "second words\n")], env=bob.env(),
                               capture_output=True, text=True)
        assert saved.returncode == 0, saved
        assert alice.rms("cat", protected).out == "second words\n" and bob.rms("--json", "status", protected).json["ContentId"] == content_id


def ctrl_c_leaves_whole_files():
    # touches: C-044, C-214
    with Lab(people=("alice",)) as lab:
        alice = lab.person("alice")
        count, text = 1500, b"A line of text.\n" * 200
        for i in range(count):
            alice.write(f"many/{i:04d}.txt", text)
        alice.rms("bootstrap")
        process = subprocess.Popen([RMS, "--json", "protect", "many", "--only-me", "--in-place"], env=alice.env(), cwd=alice.home,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while not list((alice.home / "many").glob("*.ptxt")):
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 1 and b"cancelled" in err, (process.returncode, err)
        rows = [json.loads(line) for line in out.splitlines()]
        done = [row for row in rows if row.get("Status") == "Success"]
        summary = rows[-1]["Summary"]
        assert summary["Success"] == len(done) > 0 and summary["Untouched"] == count - len(done) > 0, summary
        assert not any(row.get("Status") == "Failed" for row in rows), rows[:3]
        left = sorted((alice.home / "many").iterdir())
        assert len(left) == count and sum(p.suffix == ".ptxt" for p in left) == len(done), len(left)
        assert all(p.suffix == ".ptxt" or p.read_bytes() == text for p in left)
        alice.rms("protect", "many", "--only-me", "--in-place", code=None)
        assert len(list((alice.home / "many").glob("*.ptxt"))) == count


def names_come_on_standard_input_and_pipes_may_close():
    # touches: C-213
    with Lab(people=("alice",)) as lab:
        alice = lab.person("alice")
        names = ["a.txt", "with space.txt", "line\nend.txt", "-rf.txt"]
        for name in names:
            alice.write(name, b"x")
        done = alice.rms("--json", "protect", "--only-me", "--in-place", "--stdin0", stdin="\0".join(names).encode())
        assert [row["FileName"] for row in done.json_lines if "FileName" in row] == names, done
        assert not any((alice.home / name).exists() for name in names)
        closed = subprocess.run(["sh", "-c", f'"{RMS}" status . --json | head -n 1'], env=alice.env(), cwd=alice.home,
                                capture_output=True, text=True, timeout=60)
        assert json.loads(closed.stdout)["IsRMSProtected"] is True and closed.stderr == "", closed


if __name__ == "__main__":
    main(passwords_are_asked_for_without_echo, a_text_is_shown_and_commands_nothing, applications_get_a_private_copy_for_a_while, a_generic_file_goes_to_the_default_application,
         native_files_are_only_looked_at,
         ctrl_c_leaves_whole_files, names_come_on_standard_input_and_pipes_may_close)
