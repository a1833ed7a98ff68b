"""The usage log handed on: to a file that is rotated, and to a journal; whatever happens to those who take it."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

from rmslab import Lab, main

JOURNALD = "/lib/systemd/systemd-journald"


def until(holds, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def ask(lab, count):
    token = lab.person("alice").token()
    for _ in range(count):
        assert lab.http("GET", "/my/v2/templates", None, {"Authorization": "Bearer " + token,
                                                         "User-Agent": "evil\tname \"x\""})[0] == 200


def row_ids(lab):
    return [r["row-id"].strip("{}") for r in lab.usage()]


@contextlib.contextmanager
def place():
    with tempfile.TemporaryDirectory(dir=os.environ.get("RMS_LAB_TMP")) as name:
        yield pathlib.Path(name)


def a_file_that_is_rotated():
    # touches: S-196, S-189
    for form in ("jsonl", "log"):
        with place() as there:
            path = there / f"usage.{form}"

            def lines():
                files = sorted(p for p in there.iterdir() if p.name != path.name) + ([path] if path.exists() else [])
                return [line for p in files for line in p.read_text().splitlines() if not line.startswith("#")]

            def ids():
                return [json.loads(line)["row-id"].strip("{}") if form == "jsonl" else line.split("\t")[2].strip("{}")
                        for line in lines()]
            with Lab(people=("alice",), rmsd_args=["--set", f"usage_file={path}", "--set", "usage_file_max_bytes=4096"]) as lab:
                for _ in range(3):
                    ask(lab, 15)
                    until(lambda: set(row_ids(lab)) <= set(ids()), "rows are missing")
                wanted = row_ids(lab)  # of the tenant; rows of nobody are handed on too
                assert [i for i in ids() if i in wanted] == wanted, "doubled, or in another order"
                assert len([p for p in there.iterdir() if p != path]) >= 2, "it is not rotated"
                for old in there.iterdir():
                    assert old.stat().st_mode & 0o777 == 0o600
                    assert form == "jsonl" or old.read_text().startswith("#Software: RMS\n#Version: 1.1\n#Fields:"), old
                # the place goes away and comes back, the process dies: every row at least once, no half line
                there.rename(there.with_suffix(".gone"))
                ask(lab, 5)
                until(lambda: "stream.broken" in lab.log_text(), "nobody says so")
                there.with_suffix(".gone").rename(there)
                until(lambda: set(row_ids(lab)) <= set(ids()), "rows are missing")
                until(lambda: "stream.recovered" in lab.log_text(), "nobody says so")
                for _ in range(3):
                    ask(lab, 3)
                    until(lambda: "jobs" in lab.children(), "it does not come back")
                    os.kill(lab.children()["jobs"], signal.SIGKILL)
                until(lambda: set(row_ids(lab)) <= set(ids()), "rows are missing")
                if form == "jsonl":
                    tenant = lab.admin("tenant", "show", "--json").json["TenantId"]
                    assert {json.loads(line)["tenant"] for line in lines()} <= {tenant, "-"}
                else:
                    assert {line.count("\t") for line in lines()} == {lines()[0].count("\t")}


def entries(datagram):
    """systemd's native protocol."""
    found = {}
    while datagram:
        line, _, datagram = datagram.partition(b"\n")
        size, = struct.unpack("<Q", datagram[:8])
        found[line.decode()] = datagram[8:8 + size].decode()
        assert datagram[8 + size:9 + size] == b"\n"
        datagram = datagram[9 + size:]
    return found


def a_journal():
    with place() as there:
        path = there / "socket"
        with Lab(people=("alice",), rmsd_args=["--set", f"usage_journal={path}"]) as lab:
            ask(lab, 3)
            until(lambda: "stream.broken" in lab.log_text(), "nobody says that there is no journal")
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
                journal.bind(str(path))  # it takes nothing yet: the rest waits, and nobody else
                ask(lab, 60)
                journal.settimeout(60)
                got = []
                wanted = row_ids(lab)
                while set(wanted) - {g["OPENRMS_ROW_ID"].strip("{}") for g in got}:
                    got.append(entries(journal.recv(1 << 20)))
            assert [i for i in (g["OPENRMS_ROW_ID"].strip("{}") for g in got) if i in wanted] == wanted
            row = [g for g in got if g["OPENRMS_REQUEST_TYPE"] == "FEGetAllTemplates"][-1]
            assert row["SYSLOG_IDENTIFIER"] == "rmsd-usage" and row["PRIORITY"] == "6", row
            assert row["OPENRMS_USER"] == "alice@contoso.test" and row["OPENRMS_RESULT"] == "Success", row
            assert json.loads(row["OPENRMS_ROW"])["c-info"] == "evil\tname \"x\"", row


# What runs in a mount namespace of its own, where /run is ours alone.
PRIVATE_JOURNALD = """
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd /run/log/journal || exit 77
{journald} 2>/dev/null &
journald=$!
"$@"
status=$?
kill $journald
exit $status
"""


def rows_reach_a_real_journald():
    path = pathlib.Path("/run/systemd/journal/socket")
    until(path.exists, "journald does not start")
    with Lab(people=("alice",), rmsd_args=["--set", f"usage_journal={path}"]) as lab:
        ask(lab, 20)
        wanted = row_ids(lab)

        def found():
            out = subprocess.run(["journalctl", "-t", "rmsd-usage", "-o", "json", "--no-pager"], check=True,
                                 stdout=subprocess.PIPE).stdout
            return {json.loads(line)["OPENRMS_ROW_ID"].strip("{}"): json.loads(line) for line in out.splitlines()}
        until(lambda: set(wanted) <= set(found()), "rows are missing")
        row = found()[wanted[-1]]
        assert row["OPENRMS_USER"] == "alice@contoso.test" and json.loads(row["OPENRMS_ROW"])["result"] == "Success", row


def a_real_journald():
    # Where this machine lets us have one of our own.
    if os.geteuid() != 0 or not pathlib.Path(JOURNALD).exists() or not shutil.which("journalctl"):
        print("     no systemd-journald to start", flush=True)
        return
    done = subprocess.run(["unshare", "-m", "sh", "-c", PRIVATE_JOURNALD.format(journald=JOURNALD), "sh", sys.executable,
                           __file__, "rows_reach_a_real_journald"], check=False, stderr=subprocess.PIPE)
    if done.returncode == 77 or b"unshare" in done.stderr:
        print("     no mount namespace of our own here", flush=True)
        return
    assert done.returncode == 0, done.stderr.decode()[-2000:]


if __name__ == "__main__":
    if sys.argv[1:] == ["rows_reach_a_real_journald"]:
        main(rows_reach_a_real_journald)
    main(a_file_that_is_rotated, a_journal, a_real_journald)
