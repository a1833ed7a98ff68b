"""What goes wrong around us: clocks, certificates of the connection, folders and stores. Each has one clear reason, and nothing is lost."""
import contextlib
import os
import shutil
import socket
import sqlite3
import ssl
import subprocess
import time

from rmslab import Lab, PASSWORD, main

TEXT = b"Trouble ahead.\n"
DAY, HOUR = 86400, 3600


def reason(done, word, *texts):
    """Exactly one message, with this reason and these texts."""
    lines = [line for line in done.err.splitlines() if line.startswith("rms: ")]
    assert len(lines) == 1 and f"({word})" in lines[0] and all(t in lines[0] for t in texts), done


def failed_checks(person, **more):
    """{check: line} of the failed checks of rms doctor."""
    done = person.rms("doctor", code=None, **more)
    lines = {line.split()[1]: line for line in done.out.splitlines() if line.startswith("FAILED")}
    assert done.code == (1 if lines else 0), done
    return lines


def with_clock(person, seconds):
    """This person's device has another time than everybody else."""
    file = person.home / "clock"
    file.write_text(f"{seconds}\n")
    time.sleep(0.1)
    return person.env(RMS_CLOCK_FILE=file)


def the_clock_of_a_device_is_wrong():
    # touches: C-235, S-136
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        alice.rms("protect", alice.write("plan.txt", TEXT), "--perm", "bob@contoso.test:Co-Owner", "--in-place")
        protected = alice.home / "plan.ptxt"
        bob.rms("open", protected, "-o", bob.home / "0.txt")
        for ahead, words in ((2 * HOUR, "2 hours ahead of"), (-2 * HOUR, "2 hours behind"), (-40 * DAY, "40 days behind"),
                             (40 * DAY, "40 days ahead of")):
            env = with_clock(bob, ahead)
            found = failed_checks(bob, env=env)
            assert "wrong-clock" in found["clock"] and words in found["clock"], found
            # Hours do not matter. Days do: what is protected then could never be opened, so it is refused.
            fits = abs(ahead) < DAY
            path = bob.write("mine.txt", TEXT)
            done = bob.rms("protect", path, "--only-me", "--in-place", env=env, code=0 if fits else 1)
            assert path.exists() == (not fits) and (bob.home / "mine.ptxt").exists() == fits, done
            if fits:
                bob.rms("unprotect", bob.home / "mine.ptxt", "--in-place")
            else:
                reason(done, "wrong-clock", words)
            assert path.read_bytes() == TEXT
        done = bob.rms("open", protected, "-o", bob.home / "1.txt", env=with_clock(bob, 40 * DAY), code=1)
        reason(done, "wrong-clock", "40 days ahead")
        # Offline there is nothing to compare with but the certificates.
        path = bob.write("mine.txt", TEXT)
        done = bob.rms("--offline", "protect", path, "--only-me", "--in-place", env=with_clock(bob, -40 * DAY), code=1)
        reason(done, "wrong-clock", "later time")
        assert path.read_bytes() == TEXT
        # Set right, everything works at once.
        bob.rms("open", protected, "-o", bob.home / "2.txt")
        bob.rms("protect", path, "--only-me", "--in-place")


def the_clock_of_the_service_was_wrong():
    with Lab(people=("alice", "bob"), login=False) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        right = with_clock(bob, 0)
        lab.move_clock(days=60)
        bob.rms("login", "--email", bob.address, "--password-stdin", stdin=PASSWORD + "\n", env=right)
        assert "60 days behind" in failed_checks(bob, env=right)["clock"]
        path = bob.write("mine.txt", TEXT)
        reason(bob.rms("protect", path, "--only-me", "--in-place", env=right, code=1), "wrong-clock", "60 days behind")
        assert path.read_bytes() == TEXT
        # Certificates of the wrong time are replaced without anybody's doing once the service's clock is right.
        lab.move_clock(days=-60)
        bob.rms("protect", path, "--perm", "alice@contoso.test:Co-Author", "--in-place", env=right)
        alice.login()
        alice.rms("open", bob.home / "mine.ptxt", "-o", alice.home / "mine.txt")
        assert (alice.home / "mine.txt").read_bytes() == TEXT
        assert not failed_checks(bob, env=right)


def wait_for_port(lab):
    """Readiness of a service whose certificate nobody accepts."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", lab.port), timeout=5).close()
            return
        time.sleep(0.05)
    raise AssertionError(lab.log_text())


def an_authority_that_has_expired():
    # touches: C-235, S-290
    years = 20 * 365
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        alice.rms("protect", alice.write("plan.txt", TEXT), "--perm", "bob@contoso.test:Co-Owner", "--in-place")
        protected = alice.home / "plan.ptxt"
        lab.stop()
        lab.ca.unlink()
        shutil.rmtree(lab.data / "tls")
        lab.move_clock(days=-years)
        lab.rmsd_args.append("--accept-clock")
        lab.start(wait=False)
        wait_for_port(lab)
        today = alice.env(RMS_CLOCK_FILE=None)
        path = alice.write("more.txt", TEXT)
        for verb in (("login", "--email", alice.address, "--password-stdin"), ("template", "list", "--refresh"),
                     ("protect", path, "--online", "--only-me", "--in-place")):
            done = alice.rms(*verb, env=today, code=6, stdin=PASSWORD + "\n" if verb[0] == "login" else None)
            reason(done, "tls", "certificate has expired")
        assert path.read_bytes() == TEXT
        done = bob.rms("open", protected, "-o", bob.home / "1.txt", env=bob.env(RMS_CLOCK_FILE=None), code=6)
        reason(done, "tls", "certificate has expired")
        assert not (bob.home / "1.txt").exists()
        found = failed_checks(alice, env=today)
        assert list(found) == ["tls"] and "certificate has expired" in found["tls"], found
        # The operator is told too, and what he is told to do helps.
        lab.stop()
        lab.move_clock(days=years)
        lab.start(wait=False)
        wait_for_port(lab)
        assert "rmsd.setup.ca-ends" in lab.log_text()
        health = lab.admin("health", "--json")
        assert health.json["Status"] == "degraded" and health.json["Problems"] == ["authority"], health
        assert "rms: warning: the certification authority ended " in health.err and "remove ca.pem" in health.err, health
        with contextlib.suppress(ssl.SSLError):
            lab.http("GET", "/my/v2/servicediscovery")
            raise AssertionError("a certificate under an expired authority was accepted")
        lab.stop()
        lab.ca.unlink()
        shutil.rmtree(lab.data / "tls")
        lab.start()
        assert not failed_checks(alice)
        assert lab.admin("health", "--json").json["Status"] == "ok"
        bob.rms("open", protected, "-o", bob.home / "1.txt")


def connections_that_do_not_work():
    # touches: C-235
    with Lab(people=("alice",)) as lab:
        alice = lab.person("alice")
        fresh = alice.device(2)
        empty, folder = fresh.write("empty.pem", b""), fresh.home
        cases = (  # reason, what is different, what the message says
            ("unreachable", {"RMS_URL": "https://localhost:1"}, "no connection"),
            ("unreachable", {"RMS_URL": "https://no-such-host.invalid"}, "host name is not known"),
            ("tls", {"RMS_CA": empty}, "certif"), ("tls", {"RMS_CA": folder / "missing.pem"}, "certif"), ("tls", {"RMS_CA": None}, "certif"),
            ("bad-argument", {"RMS_URL": f"http://localhost:{lab.port}"}, "no https URL"), ("bad-argument", {"RMS_URL": "contoso"}, "no https URL"))
        for word, change, text in cases:
            done = fresh.rms("login", "--email", fresh.address, "--password-stdin", env=fresh.env(**change), code=None,
                             stdin=PASSWORD + "\n")
            assert done.code in (2, 6), (change, done)
            reason(done, word, text)
            found = failed_checks(fresh, env=fresh.env(**change))
            line = next(iter(found.values()))
            assert len(found) == 1 and f"({word})" in line and "run: rms doctor" not in line, (change, found)
        found = failed_checks(fresh)
        assert list(found) == ["sign-in"] and "not-authenticated" in found["sign-in"], found
        alice.rms("template", "list")
        lab.admin("user", "set", alice.address, "--disable")
        found = failed_checks(alice)
        assert found and all("(account-disabled)" in line for line in found.values()), found


@contextlib.contextmanager
def unwritable(folder):
    """Nobody may write there: read-only for root too, where we may mount; else by mode."""
    if os.geteuid() != 0:
        folder.chmod(0o555)
        try:
            yield
        finally:
            folder.chmod(0o755)
        return
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def folders_that_cannot_be_written():
    # touches: C-049
    with Lab(people=("alice", "bob")) as lab:
        alice = lab.person("alice")
        folder = alice.home / "ro"
        clear, secret = alice.write("ro/clear.txt", TEXT), alice.write("ro/secret.txt", TEXT)
        alice.rms("protect", secret, "--only-me", "--in-place")
        protected = folder / "secret.ptxt"
        before = {p.name: p.read_bytes() for p in folder.iterdir()}
        with unwritable(folder):
            for verb in (("protect", clear, "--only-me", "--in-place"), ("protect", clear, "--only-me"),
                         ("protect", clear, "--only-me", "--out", folder / "sub"), ("unprotect", protected, "--in-place"),
                         ("unprotect", protected), ("protect", protected, "--perm", "bob@contoso.test:VIEW", "--in-place"),
                         ("open", protected, "-o", folder / "x.txt"),
                         ("license", "new", "--out", folder / "l.xml", "--perm", "bob@contoso.test:VIEW")):
                reason(alice.rms(*verb, code=1), "permission", str(folder))
            many = alice.rms("--json", "protect", folder, "--only-me", "--in-place", code=1)
            assert {line["Reason"] for line in many.json_lines if line.get("Status") == "Failed"} == {"permission"}, many
            # From there to elsewhere works.
            alice.rms("open", protected, "-o", alice.home / "fine.txt")
            alice.rms("protect", clear, "--only-me", "-o", alice.home / "fine.ptxt")
            reason(alice.rms("--store", folder / "store", "login", "--email", alice.address, "--password-stdin",
                             stdin=PASSWORD + "\n", code=1), "permission", str(folder / "store"))
            noted = alice.rms("--log-file", folder / "rms.log", "whoami")
            assert noted.err.count("\n") == 1 and str(folder / "rms.log") in noted.err, noted
        assert before == {p.name: p.read_bytes() for p in folder.iterdir()}
        with unwritable(alice.home / ".local/share/openrms"):
            path = alice.write("mine.txt", TEXT)
            for verb in (("whoami",), ("protect", path, "--only-me", "--in-place"), ("template", "refresh"), ("logout",), ("doctor",)):
                done = alice.rms(*verb, code=None)
                if done.code != 0:
                    reason(done, "permission", str(alice.home / ".local/share/openrms"))
            assert path.exists() or (alice.home / "mine.ptxt").exists()
        assert alice.rms("whoami").code == 0


def a_store_that_takes_nothing_more():
    """What cannot be kept for later does not stop what works now."""
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        names = [f"{number}.txt" for number in range(5)]
        for name in names:
            alice.rms("protect", alice.write(name, TEXT), "--perm", "bob@contoso.test:Co-Owner", "--in-place")
        bob.rms("open", alice.home / "0.ptxt", "-o", bob.home / "0.txt")
        for person in (alice, bob):
            with contextlib.closing(sqlite3.connect(person.home / ".local/share/openrms/store.db")) as store, store:
                store.execute("CREATE TRIGGER full BEFORE INSERT ON entry BEGIN SELECT RAISE(FAIL, 'full'); END")
        bob.rms("open", alice.home / "1.ptxt", "-o", bob.home / "1.txt")
        assert (bob.home / "1.txt").read_bytes() == TEXT
        bob.rms("unprotect", alice.home / "2.ptxt", "--out", bob.home / "clear/")
        assert (bob.home / "clear/2.txt").read_bytes() == TEXT
        logged = (bob.home / ".local/state/openrms/rms.log").read_text()
        assert "the licence could not be kept" in logged, logged
        # It was not kept indeed, and what was before still is.
        bob.rms("--offline", "open", alice.home / "1.ptxt", "-o", bob.home / "3.txt", code=6)
        bob.rms("--offline", "open", alice.home / "0.ptxt", "-o", bob.home / "4.txt")
        for more in ((), ("--online",)):
            path = alice.write("mine.txt", TEXT)
            done = alice.rms("protect", path, "--only-me", "--in-place", *more)
            assert not path.exists(), done
            alice.rms("unprotect", alice.home / "mine.ptxt", "--in-place")
            assert path.read_bytes() == TEXT


if __name__ == "__main__":
    main(the_clock_of_a_device_is_wrong, the_clock_of_the_service_was_wrong, an_authority_that_has_expired, connections_that_do_not_work,
         folders_that_cannot_be_written, a_store_that_takes_nothing_more)
