"""The key of the local store in a desktop's keyring: a real Secret Service (gnome-keyring) on a session bus of its own."""
import base64
import contextlib
import os
import shutil
import subprocess
import time

from rmslab import PASSWORD, Lab, main

TEXT = b"Read at a desktop.\n"
SERVICE = "org.freedesktop.secrets"
COLLECTION = "/org/freedesktop/secrets/collection/login"


class Desktop:
    """A session bus, and a keyring that `unlock` opens with a password. Nobody is there to answer a prompt."""

    def __init__(self, home):
        self.home, self.keyring = home, None
        (home / "run").mkdir(mode=0o700, exist_ok=True)

    def __enter__(self):
        plain = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8",
                 "XDG_RUNTIME_DIR": str(self.home / "run")}
        self.bus = subprocess.Popen(["dbus-run-session", "--", "sh", "-c", 'echo "$DBUS_SESSION_BUS_ADDRESS"; read _'],
                                    env=plain, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    stderr=open(self.home / "bus.log", "ab"), text=True)
        self.variables = {"RMS_KEYRING": None, "XDG_RUNTIME_DIR": plain["XDG_RUNTIME_DIR"],
                          "DBUS_SESSION_BUS_ADDRESS": self.bus.stdout.readline().strip()}
        assert self.variables["DBUS_SESSION_BUS_ADDRESS"], (self.home / "bus.log").read_text()
        self.plain = {**plain, "DBUS_SESSION_BUS_ADDRESS": self.variables["DBUS_SESSION_BUS_ADDRESS"]}
        return self

    def __exit__(self, *_):
        """The bus ends when its input does, and what is on it with the bus."""
        self.end_keyring()
        self.bus.stdin.close()
        self.bus.wait(30)
        self.bus.stdout.close()

    def unlock(self):
        """Starts the keyring as a login does; it is made by the first."""
        self.keyring = subprocess.Popen(["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"],
                                        env=self.plain, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                        stderr=open(self.home / "keyring.log", "ab"))
        self.keyring.stdin.write(b"a password")
        self.keyring.stdin.close()
        end = time.monotonic() + 30
        while b"boolean true" not in self.ask("org.freedesktop.DBus", "/", "org.freedesktop.DBus.NameHasOwner", "string:" + SERVICE):
            assert self.keyring.poll() is None and time.monotonic() < end, (self.home / "keyring.log").read_text()
            time.sleep(0.05)
        return self

    def ask(self, service, path, method, *values):
        done = subprocess.run(["dbus-send", "--session", "--print-reply", "--dest=" + service, path, method, *values],
                              env=self.plain, capture_output=True, timeout=60)
        assert done.returncode == 0, done
        return done.stdout

    def lock(self):
        said = self.ask(SERVICE, "/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock", "array:objpath:" + COLLECTION)
        assert COLLECTION.encode() in said, said

    def end_keyring(self):
        if self.keyring is not None:
            self.keyring.terminate()
            self.keyring.wait(30)
            self.keyring = None

    def secrets(self):
        """What the keyring keeps for stores: {id: secret}."""
        done = subprocess.run(["secret-tool", "search", "--all", "xdg:schema", "org.openrms.Store"], env=self.plain,
                              capture_output=True, text=True, timeout=60)
        found, secret = {}, None
        for line in (done.stdout + done.stderr).splitlines():
            name, _, value = line.partition(" = ")
            secret = value if name == "secret" else secret
            if name == "attribute.id":
                found[value] = secret
        return found

    def remember(self, name, secret):
        subprocess.run(["secret-tool", "store", "--label=copied", "xdg:schema", "org.openrms.Store", "id", name], input=secret,
                       env=self.plain, check=True, text=True, timeout=60)

    def forget(self, name):
        subprocess.run(["secret-tool", "clear", "id", name], env=self.plain, check=True, timeout=60)


def store_of(person):
    return person.home / ".local/share/openrms"


def state_of(person):
    return {name: (store_of(person) / name).read_bytes() for name in ("device.key", "store.db")}


def sign_in(person, env, code=0):
    return person.rms("login", "--email", person.address, "--password-stdin", stdin=PASSWORD + "\n", env=env, code=code)


@contextlib.contextmanager
def at_a_desktop():
    """Alice signs in where there is an unlocked keyring, and protects a file."""
    with Lab(people=("alice",), login=False) as lab:
        alice = lab.person("alice")
        with Desktop(alice.home) as desktop:
            desktop.unlock()
            env = alice.env(**desktop.variables)
            sign_in(alice, env)
            alice.rms("protect", alice.write("a.txt", TEXT), "--template", "Confidential \\ All Employees", "--in-place", env=env)
            yield lab, alice, desktop, env


def opens(person, env, *args, code=0):
    copy = person.home / "copy.txt"
    copy.unlink(missing_ok=True)
    done = person.rms(*args, "open", person.home / "a.ptxt", "-o", copy, env=env, code=code)
    assert copy.exists() == (code == 0) and (code != 0 or copy.read_bytes() == TEXT), done
    return done


def closed(person, env):
    """Whatever needs the store says why it cannot be had and what to do, in time, and leaves it as it is."""
    before, began = state_of(person), time.monotonic()
    for done in (person.rms("whoami", env=env, code=3), opens(person, env, code=3), sign_in(person, env, code=3)):
        assert "store-not-bound" in done.err and "in a keyring that is locked or not here" in done.err, done
        assert "unlock your keyring; else run: rms reset, then rms login" in done.err, done
    found = person.rms("--json", "doctor", env=env, code=1)
    assert "store" in found.out and "keyring" in found.out and "tls" not in found.out, found
    assert state_of(person) == before
    assert time.monotonic() - began < 60


def the_key_is_in_the_keyring_and_nowhere_else():
    with at_a_desktop() as (lab, alice, desktop, env):
        (name, secret), = desktop.secrets().items()
        key = base64.urlsafe_b64decode(secret + "=")
        file = state_of(alice)["device.key"]
        assert len(key) == 32 and file[13] == 1 and file[30:62] == bytes(32), file  # doc/format/client-store.md
        assert base64.urlsafe_b64encode(file[14:30]).rstrip(b"=") == name.encode()
        for path in (p for p in lab.dir.rglob("*") if p.is_file() and not p.is_symlink()):
            assert key not in path.read_bytes() and secret.encode() not in path.read_bytes(), path
        assert "key in keyring" in alice.rms("doctor", env=env).out
        lab.stop()
        opens(alice, env)
        lab.start()

        alice.rms("reset", "--yes", env=env)
        assert desktop.secrets() == {}
        sign_in(alice, env)
        (other, fresh), = desktop.secrets().items()
        assert other != name and fresh != secret

        # an entry that somebody removed cannot be told from one that is locked away: nothing is given up by itself
        desktop.forget(other)
        closed(alice, env)
        alice.rms("reset", "--yes", env=env)
        sign_in(alice, env)
        opens(alice, env)
        assert len(desktop.secrets()) == 1


def a_copied_store_does_not_open():
    # proves: C-004
    with at_a_desktop() as (lab, alice, desktop, env):
        def copied(number):
            thief = alice.device(number)
            shutil.copytree(store_of(alice), store_of(thief))
            shutil.copy(alice.home / "a.ptxt", thief.home)
            return thief

        # a machine without a keyring: nothing opens, and the way out is the one that is named
        thief = copied(8)
        bare = thief.env(RMS_KEYRING=None)
        closed(thief, bare)
        thief.rms("reset", "--yes", env=bare)
        assert not (store_of(thief) / "device.key").exists() and not (store_of(thief) / "store.db").exists()
        sign_in(thief, bare)
        assert "key in file" in thief.rms("doctor", env=bare).out

        # a machine with a keyring of its own
        thief = copied(9)
        with Desktop(thief.home) as other:
            other.unlock()
            away = thief.env(**other.variables)
            closed(thief, away)
            assert other.secrets() == {}
            # not even with the secret: the machine's name decides, too; such a store is replaced
            (name, secret), = desktop.secrets().items()
            other.remember(name, secret)
            away["RMS_MACHINE_ID_FILE"] = str(thief.write("machine-id", "0" * 32 + "\n"))
            refused = opens(thief, away, "--offline", code=3)
            assert "store-not-bound" in refused.err and "another device or for another account" in refused.err, refused
            sign_in(thief, away)
            opens(thief, away)
            assert len(other.secrets()) == 1 and name not in other.secrets()
        opens(alice, env, "--offline")


def a_locked_keyring_closes_the_store_and_loses_nothing():
    # touches: C-004
    with at_a_desktop() as (lab, alice, desktop, env):
        desktop.lock()
        closed(alice, env)

        # who signs in for the first time while it is locked has a key in a file, and is told so
        late = alice.device(2)
        beside = late.env(**desktop.variables)
        sign_in(late, beside)
        assert "key in file" in late.rms("doctor", env=beside).out

        desktop.end_keyring()
        desktop.unlock()
        lab.stop()
        opens(alice, env, "--offline")
        opens(alice, env)


def a_keyring_that_goes_away_later():
    # touches: C-004
    with at_a_desktop() as (lab, alice, desktop, env):
        desktop.end_keyring()  # the bus starts another one, which nobody unlocks
        closed(alice, env)
        desktop.__exit__()
        closed(alice, env)  # the bus itself is gone
        closed(alice, {**env, "RMS_KEYRING": "off"})  # for new stores: no way around the keyring of this one
        with Desktop(alice.home) as later:
            later.unlock()
            opens(alice, alice.env(**later.variables), "--offline")


if __name__ == "__main__":
    main(the_key_is_in_the_keyring_and_nowhere_else, a_copied_store_does_not_open,
         a_locked_keyring_closes_the_store_and_loses_nothing, a_keyring_that_goes_away_later)
