"""The tour of ./demo, as a new user would take it; it builds the release when it is missing."""
import os
import pathlib
import subprocess
import tempfile

from rmslab import SOURCE, free_port, main


def the_tour_does_what_it_says():
    with tempfile.TemporaryDirectory() as place:
        target = pathlib.Path(place) / "demo"
        env = {k: v for k, v in os.environ.items() if not k.startswith("RMS_")}
        done = subprocess.run([SOURCE / "demo", "--once", "--dir", target, "--port", str(free_port())], env=env,
                              capture_output=True, text=True, timeout=550)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "every step did what it says" in done.stdout
        lines = (target / "demo.env").read_text()
        for name in ("RMS_URL", "RMS_CA", "RMS_ALICE_EMAIL", "RMS_ALICE_PASSWORD", "RMS_BOB_EMAIL", "RMS_MALLORY_PASSWORD"):
            assert f"{name}=" in lines, lines
        again = subprocess.run([SOURCE / "demo", "--port", "none"], env=env, capture_output=True, text=True)
        assert again.returncode == 2 and "--port" in again.stderr


if __name__ == "__main__":
    main(the_tour_does_what_it_says)
