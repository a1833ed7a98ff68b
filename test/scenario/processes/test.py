"""The processes: keyd without network and files, each child may die without losing an acknowledged request."""
import hmac
import json
import os
import pathlib
import signal
import subprocess
import threading
import time

from rmslab import BUILD, Lab, main

TEXT = b"Processes come and go.\n"


def keyd_has_no_network_and_no_files():
    with Lab(people=()) as lab:
        children = lab.children()
        assert {"keyd", "front", "jobs"} <= set(children), children
        pid = children["keyd"]
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        assert "Seccomp:\t2" in status, status
        assert "NoNewPrivs:\t1" in status, status
        for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            target = os.readlink(fd)
            assert target.startswith(("socket:", "pipe:", "anon_inode:", "/dev/null")) or target.endswith(
                ("keyd.journal", "rmsd.log")), target
        unix = pathlib.Path(f"/proc/{pid}/net/tcp").read_text()
        inodes = {os.readlink(fd)[8:-1] for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir()
                  if os.readlink(fd).startswith("socket:")}
        assert not any(line.split()[9] in inodes for line in unix.splitlines()[1:]), "keyd holds a TCP socket"
        keys = (lab.data / "master.key").read_bytes()
        assert (lab.data / "master.key").stat().st_mode & 0o077 == 0 and keys


def children_come_back_and_nothing_acknowledged_is_lost():
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        token = alice.token()
        headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
        body = {"PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False,
                "Policy": {"UserRights": [{"Users": ["bob@contoso.test"], "Rights": ["VIEW"]}], "allowOfflineAccess": False,
                           "IntervalTimeInDays": 0}}
        stop, acknowledged, other = threading.Event(), [], []

        def work():
            while not stop.is_set():
                try:
                    status, _, reply = lab.http("POST", "/my/v2/publishinglicenses", body, headers, timeout=20)
                except OSError as error:
                    other.append(repr(error))
                    time.sleep(0.05)
                    continue
                if status == 200:
                    acknowledged.append(reply)
                else:
                    other.append((status, reply))

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for name in ("keyd", "front", "jobs", "keyd", "front"):
            time.sleep(1.5)
            os.kill(lab.children()[name], signal.SIGKILL)
            before = len(acknowledged)
            deadline = time.monotonic() + 30
            while len(acknowledged) <= before and time.monotonic() < deadline:
                time.sleep(0.1)
            assert len(acknowledged) > before, f"no licence within 30 s after {name} was killed: {other[-3:]}"
        stop.set()
        for thread in threads:
            thread.join()
        assert len(acknowledged) > 20, len(acknowledged)
        # Every acknowledged licence opens, and every one has its row.
        bob_token = bob.token()
        step = max(1, len(acknowledged) // 50)
        for reply in acknowledged[::step]:
            status, _, got = lab.http("POST", "/my/v2/enduserlicenses",
                                      {"SerializedPublishingLicense": reply["SerializedPublishingLicense"]},
                                      {"Authorization": "Bearer " + bob_token, "Content-Type": "application/json"})
            assert status == 200 and got["AccessStatus"] == "AccessGranted", (status, got)
            assert got["Key"]["Value"] == reply["Key"]["Value"]
        logged = {r["content-id"].strip("{}").lower() for r in lab.usage(request_type="FECreatePublishingLicenseV1")}
        missing = [r for r in acknowledged if r["ContentId"].lower() not in logged]
        assert not missing, f"{len(missing)} of {len(acknowledged)} acknowledged requests have no row"


def stopping_is_clean_and_starting_again_keeps_everything():
    # touches: S-035
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        path = alice.write("keep.txt", TEXT)
        alice.rms("protect", path, "--perm", "bob@contoso.test:Co-Author", "--in-place")
        assert lab.stop() == 0
        lab.start()
        bob.rms("open", alice.home / "keep.ptxt", "-o", bob.home / "keep.txt")
        assert (bob.home / "keep.txt").read_bytes() == TEXT


def journal_key(lab):
    """As doc/protocol/keyd.md: HKDF-SHA256 of the master key, one block of it."""
    extracted = hmac.digest(b"OpenRMS keyd", (lab.data / "master.key").read_bytes(), "sha256")
    return hmac.digest(extracted, b"journal v1\x01", "sha256")


def verify_journal(lab):
    done = subprocess.run([BUILD / "cmd/rmsd/rmsd", "--dir", lab.data, "journal", "verify"], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def a_long_journal_goes_on_in_a_new_file():
    with Lab(people=()) as lab:
        lab.stop()
        path, key = lab.data / "keyd.journal", journal_key(lab)
        lines = path.read_bytes().splitlines()
        chain, more = bytes.fromhex(lines[-1][-64:].decode()), []
        for number in range(len(lines) + 1, len(lines) + 6000):
            text = json.dumps({"n": number, "event": "counts", "operations": "x" * 3000}).encode()
            chain = hmac.digest(key, chain + text, "sha256")
            more.append(text + b" " + chain.hex().encode() + b"\n")
        with open(path, "ab") as file:
            file.writelines(more)
        lab.start()
        end = time.monotonic() + 60
        while "keyd.journal.rotated" not in lab.log_text() and time.monotonic() < end:
            time.sleep(0.1)
        aside = sorted(lab.data.glob("keyd.journal-*"))
        assert len(aside) == 1 and aside[0].stat().st_size > 16 << 20 and path.stat().st_size < 1 << 20, aside
        first = json.loads(path.read_bytes().splitlines()[0][:-65])
        assert first["event"] == "continues" and first["chain"] == chain.hex() and first["file"] == aside[0].name, first
        assert 0 < lab.admin("health", "--json").json["Keyd"]["JournalBytes"] < 1 << 20
        lab.stop()
        code, said = verify_journal(lab)
        assert code == 0 and aside[0].name in said and "not here" not in said, said
        # What is older may be kept elsewhere; what is here cannot be shortened.
        aside[0].write_bytes(b"".join(aside[0].read_bytes().splitlines(keepends=True)[:-1]))
        code, said = verify_journal(lab)
        assert code != 0 and "does not go on" in said, said
        aside[0].unlink()
        code, said = verify_journal(lab)
        assert code == 0 and "not here" in said and chain.hex() in said, said


if __name__ == "__main__":
    main(keyd_has_no_network_and_no_files, children_come_back_and_nothing_acknowledged_is_lost,
         stopping_is_clean_and_starting_again_keeps_everything, a_long_journal_goes_on_in_a_new_file)
