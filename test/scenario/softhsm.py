"""A private SoftHSM2 token for tests: RMS_TEST_KEYSTORE=softhsm gives every lab one, which then keeps its tenant keys.

    softhsm.py run COMMAND...       runs a command with RMS_TEST_KEYSTORE=softhsm
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
SPY = "pkcs11-spy.so"  # of OpenSC: writes down every call
LABEL = "rights"
PIN = "2468-of-a-test"


def wanted():
    return os.environ.get("RMS_TEST_KEYSTORE") == "softhsm"


class Token:
    """In a directory of its own; rmsd finds it by SOFTHSM2_CONF."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.tokens = self.dir / "tokens"
        self.conf = self.dir / "softhsm2.conf"
        self.env = {"SOFTHSM2_CONF": str(self.conf)}
        self.module = MODULE
        self.calls = self.dir / "calls.log"

    def make(self):
        if shutil.which("softhsm2-util") is None:
            raise SystemExit("softhsm.py: there is no softhsm2-util; run scripts/install-deps test")
        self.tokens.mkdir(parents=True, mode=0o700)
        self.conf.write_text(f"directories.tokendir = {self.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.util("--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", "87654321")
        return self

    def util(self, *args, check=True):
        return subprocess.run(["softhsm2-util", *map(str, args)], env={**os.environ, **self.env}, check=check,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def tool(self, *args):
        """What a vendor's tools do, as the token's user."""
        return subprocess.run(["pkcs11-tool", "--module", MODULE, "--token-label", LABEL, "--login", "--pin", PIN, *args],
                              env={**os.environ, **self.env}, check=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def settings(self, default=True):
        """For rmsd's command line."""
        rows = {"pkcs11_module": self.module, "pkcs11_token": LABEL, "pkcs11_paths": f"{self.tokens}:{self.conf}"}
        if default:
            rows["key_store"] = "pkcs11"
        return [word for name, value in rows.items() for word in ("--set", f"{name}={value}")]

    def give_pin(self, data, pin=PIN):
        """The credential, as a file of the data directory."""
        data.mkdir(mode=0o700, exist_ok=True)
        path = data / "pkcs11.pin"
        path.touch(mode=0o600)
        path.write_text(pin + "\n")

    def write_down_calls(self):
        """Before the service starts: its calls go through OpenSC's spy."""
        self.module = next(str(p) for p in pathlib.Path("/usr/lib").glob("*/" + SPY))
        self.env.update(PKCS11SPY=MODULE, PKCS11SPY_OUTPUT=str(self.calls))

    def count(self, call):
        """How often the call was made and went well: the key store's own count."""
        parts = re.split(r"^\d+: (C_\w+)$", self.calls.read_text(errors="replace"), flags=re.M)
        return sum(name == call and "CKR_OK" in after for name, after in zip(parts[1::2], parts[2::2]))

    def give_to(self, account, data):
        """The service runs as another account: token, PIN and data directory are its own."""
        self.give_pin(data)
        for path in (self.dir, *self.dir.rglob("*"), data, data / "pkcs11.pin"):
            os.chown(path, account.pw_uid, account.pw_gid)

    def take_away(self):
        self.tokens.rename(self.dir / "away")

    def bring_back(self):
        (self.dir / "away").rename(self.tokens)


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] != "run":
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(subprocess.run(sys.argv[2:], env={**os.environ, "RMS_TEST_KEYSTORE": "softhsm"}, check=False).returncode)
