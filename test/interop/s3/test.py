"""The usage log in an object store: npm's s3rver, and npm's aws4 as a second opinion on every signature."""
import collections
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from rmslab import Lab, free_port, main

HERE = pathlib.Path(__file__).parent
WORK = pathlib.Path(os.environ["RMS_BUILD_DIR"]) / "s3rver"
KEY_ID, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def until(holds, what, seconds=120):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def install():
    """What the lock file says, in the build directory."""
    WORK.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "server.mjs"):
        shutil.copy(HERE / name, WORK / name)
    if not (WORK / "node_modules" / "s3rver").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=WORK, check=True, capture_output=True, timeout=300)


class Store:
    """The bucket is "audit"; what it holds is read from its files."""

    def __init__(self):
        install()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="rmss3-", dir=os.environ.get("RMS_LAB_TMP")))
        self.port = free_port()
        self.seen = []
        self.process = subprocess.Popen(["node", "server.mjs", str(self.port), self.dir / "buckets", "eu-test-1", KEY_ID, SECRET], cwd=WORK,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ready = False
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        until(lambda: self.ready, "the store does not start")
        self.credentials = self.dir / "credentials"
        self.give(SECRET)

    def read(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                self.seen.append(json.loads(line))
            self.ready = self.ready or line.strip() == "ready"

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.process.stdin.close()
        self.process.wait(10)
        self.reader.join()
        if kind is None:
            shutil.rmtree(self.dir, ignore_errors=True)

    def give(self, secret, mode=0o600):
        new = self.dir / "new"
        new.write_text(f"{KEY_ID}\n{secret}\n")
        new.chmod(mode)
        with open(self.credentials, "w", encoding="ascii") as old:  # the same file: the sandbox let this one in
            old.write(new.read_text())
        self.credentials.chmod(mode)

    def tell(self, mode):
        before = len(self.seen)
        self.process.stdin.write(mode + "\n")
        self.process.stdin.flush()
        until(lambda: {"mode": mode} in self.seen[before:], "the store does not listen")

    def settings(self, bucket="audit", interval=1):
        values = {"usage_s3": f"http://127.0.0.1:{self.port}/{bucket}/openrms/usage", "usage_s3_region": "eu-test-1",
                  "usage_s3_credentials": self.credentials, "usage_s3_interval": interval}
        return [word for name, value in values.items() for word in ("--set", f"{name}={value}")]

    def objects(self):
        """Name below the prefix -> rows, in the order of names."""
        top = self.dir / "buckets" / "audit" / "openrms" / "usage"
        found = {}
        for path in sorted(top.rglob("*.jsonl._S3rver_object")) if top.exists() else []:
            name = str(path.relative_to(top)).removesuffix("._S3rver_object")
            found[name] = [json.loads(line) for line in path.read_text().splitlines()]
        return found

    def row_ids(self):
        by_number = sorted(self.objects().items(), key=lambda item: item[0].split("/")[-1])
        return [row["row-id"].strip("{}") for _, rows in by_number for row in rows]


def ask(lab, count):
    token = lab.person("alice").token()
    for _ in range(count):
        assert lab.http("GET", "/my/v2/templates", None, {"Authorization": "Bearer " + token})[0] == 200


def wanted(lab):
    return [row["row-id"].strip("{}") for row in lab.usage()]


def all_there(lab, store):
    """Every row of the tenant, once, in the order of the log; rows of nobody go there too."""
    rows = wanted(lab)
    until(lambda: set(rows) <= set(store.row_ids()), "rows are missing: " + lab.log_text()[-2000:])
    found = store.row_ids()
    assert [i for i in found if i in set(rows)] == rows, "another order"
    assert max(collections.Counter(found).values()) == 1, "doubled"


def rows_become_objects():
    with Store() as store, Lab(people=("alice",), rmsd_args=store.settings()) as lab:
        for _ in range(3):
            ask(lab, 5)
            all_there(lab, store)
        tenant = lab.admin("tenant", "show", "--json").json["TenantId"]
        for name, rows in store.objects().items():
            owner, day, file = name.split("/")
            assert owner in (tenant, "-") and {row["tenant"] for row in rows} == {owner}, name
            assert {row["time"][:10] for row in rows} == {day}, (name, rows[0])
            assert len(file) == len("0" * 19 + "-" + "0" * 36 + ".jsonl"), name
        assert len([name for name in store.objects() if name.startswith(tenant)]) >= 3
        puts = [seen for seen in store.seen if "path" in seen]
        assert {seen["method"] for seen in puts} == {"PUT"} and {seen["code"] for seen in puts} == {None}, puts
        lab.move_clock(seconds=86400)  # another day is another folder
        lab.person("alice").login()
        ask(lab, 1)
        all_there(lab, store)
        assert len({name.split("/")[1] for name in store.objects() if name.startswith(tenant)}) == 2
        assert SECRET not in lab.log_text()


def a_store_that_fails():
    with Store() as store, Lab(people=("alice",), rmsd_args=store.settings()) as lab:
        ask(lab, 3)
        all_there(lab, store)
        store.tell("refuse")
        ask(lab, 3)
        until(lambda: '"SlowDown"' in json.dumps(store.seen) and "HTTP 503 SlowDown" in lab.log_text(), "nobody says so")
        ask(lab, 3)  # a later batch: what was begun goes as it is
        store.tell("obey")
        all_there(lab, store)
        until(lambda: "stream.recovered" in lab.log_text(), "nobody says so")

        store.tell("drop")  # it is stored, and nobody hears of it
        before = len(store.seen)
        ask(lab, 3)
        until(lambda: len([s for s in store.seen[before:] if s.get("mode") == "drop" and "path" in s]) >= 2, "it is not tried again")
        ask(lab, 3)
        os.kill(lab.children()["jobs"], signal.SIGKILL)  # nor by whom it comes after
        until(lambda: lab.children().get("jobs"), "jobs does not come back")
        store.tell("obey")
        all_there(lab, store)
        paths = collections.Counter(s["path"] for s in store.seen if "path" in s)
        assert max(paths.values()) >= 2, "no object was written twice under its name"

        store.give("not the secret")
        ask(lab, 2)
        until(lambda: "HTTP 403 SignatureDoesNotMatch" in lab.log_text(), "nobody says so")
        store.give(SECRET, mode=0o644)
        until(lambda: "everybody may read them" in lab.log_text(), "a key that everybody may read is used")
        store.give(SECRET)  # read anew, without a restart
        all_there(lab, store)
        lab.stop(10)  # while the thread waits


def a_bucket_that_is_not_there():
    with Store() as store, Lab(people=("alice",), rmsd_args=store.settings(bucket="other")) as lab:
        ask(lab, 2)
        until(lambda: "NoSuchBucket" in lab.log_text(), "nobody says so")
        assert not store.objects()


if __name__ == "__main__":
    main(rows_become_objects, a_store_that_fails, a_bucket_that_is_not_there)
