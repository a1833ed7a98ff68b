"""Killed in the middle of writing: exactly one of the original or the complete protected file, never neither."""
import os
import random
import signal
import subprocess
import time

from rmslab import BUILD, Lab, main


def run_and_kill(person, args, delay):
    process = subprocess.Popen([BUILD / "cmd/rms/rms", *map(str, args)], env=person.env(), cwd=person.home,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
    return process.returncode


def protect_is_killed_at_twenty_points():
    # proves: C-044
    seed = int(os.environ.get("RMS_SEED", str(random.randrange(1 << 30))))
    print("RMS_SEED =", seed)
    rng = random.Random(seed)
    with Lab(people=("alice",)) as lab:
        alice = lab.person("alice")
        data = rng.randbytes(48 << 20)
        timed = alice.write("time.bin", data)
        alice.rms("bootstrap")
        began = time.monotonic()
        alice.rms("protect", timed, "--only-me", "--in-place")
        whole = time.monotonic() - began
        killed = runs = 0
        while killed < 20 and runs < 80:
            i, runs = runs, runs + 1
            path = alice.write(f"work{i}.bin", data)
            path.chmod(0o640)
            began = time.monotonic()
            if run_and_kill(alice, ("protect", path, "--only-me", "--in-place"), rng.uniform(0.02, whole * 1.05)) < 0:
                killed += 1
            else:  # it was quicker than the machine let the first one be
                whole = min(whole, time.monotonic() - began)
            protected = alice.home / f"work{i}.bin.pfile"
            assert path.exists() or protected.exists(), "neither is there"
            if path.exists():
                assert path.read_bytes() == data
            if protected.exists():
                alice.rms("unprotect", protected, "-o", alice.home / "back")
                assert (alice.home / "back").read_bytes() == data
                assert protected.stat().st_mode & 0o777 == 0o640
                (alice.home / "back").unlink()
                protected.unlink()
            path.unlink(missing_ok=True)
            for leftover in alice.home.glob(".*.rms-*"):
                leftover.unlink()  # a killed process cannot remove its temporary file; it never bears the target's name
        assert killed == 20, f"only {killed} of {runs} runs were killed in time"


def unprotect_is_killed():
    with Lab(people=("alice",)) as lab:
        alice = lab.person("alice")
        rng = random.Random(7)
        data = rng.randbytes(24 << 20)
        path = alice.write("u.bin", data)
        alice.rms("protect", path, "--only-me", "--in-place")
        protected = alice.home / "u.bin.pfile"
        original = protected.read_bytes()
        for _ in range(8):
            run_and_kill(alice, ("unprotect", protected, "--in-place"), rng.uniform(0.02, 0.5))
            assert path.exists() or protected.exists()
            if path.exists():
                assert path.read_bytes() == data
                path.unlink()
            protected.write_bytes(original)


if __name__ == "__main__":
    main(protect_is_killed_at_twenty_points, unprotect_is_killed)
