"""Reports: sums over the usage log that a person wants to look at, and a program can read."""
import csv
import io
import os
import re
import sqlite3
import subprocess
import time
import zoneinfo
from datetime import datetime, timezone

import places
from rmslab import Lab, b64, main, pfile_licence, postgres

COUNTED = ("day", "hour", "document", "person", "template", "refusal")
IN_SECONDS = 60  # on a busy machine with sanitizers; a second else
MANY = int(os.environ.get("RMS_ROWS", 200_000))


def report(lab, kind, *args, **kwargs):
    return lab.admin("report", kind, *args, "--json", **kwargs).json_lines


def questions_have_answers():
    # touches: S-188
    with Lab() as lab:
        alice, bob, mallory = (lab.person(n) for n in ("alice", "bob", "mallory"))
        long_name = "ein sehr langer Name, wie ihn Menschen so vergeben – Überarbeitet (3).txt"
        paths = [alice.write(name, "text") for name in ("plan.txt", long_name, "=cmd.txt")]
        for path in paths:
            alice.rms("protect", path, "--perm", "bob@contoso.test:VIEW", "--in-place")
        plan = alice.home / "plan.ptxt"
        for _ in range(3):
            bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(plan))})
        mallory.rms("open", plan, "-o", mallory.home / "x", code=1)
        content = alice.rms("status", plan, "--json").json_lines[0]["ContentId"]

        people = {line["Key"]: line for line in report(lab, "person", "--content", content)}
        assert people["bob@contoso.test"]["Opened"] == 3 and people["mallory@contoso.test"]["Refused"] == 1, people
        assert [line["Key"] for line in report(lab, "person", "--refused", "--content", content)] == ["mallory@contoso.test"]
        opened = {line["Key"]: line for line in report(lab, "document", "--user", "bob@contoso.test")}
        assert opened[content]["Opened"] == 3 and opened[content]["Name"] == "plan.txt", opened
        assert {line["Key"] for line in report(lab, "refusal")} >= {"no-rights"}
        today = report(lab, "day", "--day", time.strftime("%Y-%m-%d"))
        assert len(today) >= 1 and sum(line["Published"] for line in today) == 3, today
        assert sum(line["Requests"] for line in report(lab, "hour")) == sum(line["Requests"] for line in report(lab, "day"))
        # what is not there is nothing, and no mistake; what cannot be is one
        assert report(lab, "person", "--content", "11111111-0000-4000-8000-000000000000") == []
        assert report(lab, "day", "--from", "2001-01-01", "--to", "2001-12-31") == []
        lab.admin("report", "person", "--content", "abc", code=2)
        lab.admin("report", "person", "--template", "abc", code=2)
        lab.admin("report", "day", "--from", "yesterday", code=2)
        lab.admin("report", "day", "--limit", "0", code=2)
        lab.admin("report", "nonsense", code=2)
        lab.admin("report", "day", "--tenant", "fabrikam.test", code=4)

        # for people
        for kind in COUNTED:
            for width in (20, 80, 200):
                env = {**alice.env(), "RMS_ADMIN_SOCKET": str(lab.socket), "COLUMNS": str(width)}
                shown = lab.run(("admin", "report", kind), env).out
                widest = max(len(line) for line in shown.splitlines())
                assert "█" not in shown or widest < width, (kind, width, shown)
        env["COLUMNS"] = "160"
        shown = lab.run(("admin", "report", "document"), env).out
        assert long_name not in shown and long_name[:32] + "…" in shown, shown
        assert re.search(r"plan\.txt .* [█▏▎▍▌▋▊▉]+$", shown, re.MULTILINE), shown
        env["LANG"] = "C"
        env["LC_ALL"] = "C"
        assert "█" not in lab.run(("admin", "report", "day"), env).out
        lines = lab.admin("report", "document", "--limit", "1").out.splitlines()
        assert "--limit N" in lines[-1] and len(lines) == 5, lines
        # for spreadsheets
        rows = list(csv.DictReader(io.StringIO(lab.admin("report", "document", "--csv").out)))
        assert {row["Name"] for row in rows} == {"plan.txt", long_name, "'=cmd.txt"}, rows


FILL = """WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
INSERT INTO usage_log (tenant_id, time, row_id, request_type, user_id, result, content_id, file_name, admin_action,
 super_user, membership_age_s, chain_seq)
SELECT '%s', %d + CAST(i AS BIGINT) * 86400 / %d, 'r' || i, 'AcquireLicense', 'user' || (i %% 5000) || '@contoso.test',
 CASE WHEN i %% 10 = 0 THEN 'no-rights' ELSE 'Success' END, 'c' || (i %% 50000), 'plan.txt', 0, 0, 0, i + 1000000 FROM n"""


def insert(lab, sql):
    if lab.database:
        name = lab.database.partition("///")[2].partition("?")[0]
        postgres.of_environment().sql(sql, name)
    else:
        with sqlite3.connect(lab.data / "db/openrms.db", timeout=60) as db:
            db.execute("PRAGMA synchronous = OFF")
            db.execute(sql)


def moment(time_):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time_))


PLAN, BUDGET, TEMPLATE = (f"{i}1111111-0000-4000-8000-000000000000" for i in (1, 2, 3))
HOME, NEARBY, AWAY = "10.1.0.5", "10.1.200.9", "203.0.113.9"


def synthetic_month(first):
    """(seconds since the month began, who, result, content, address)"""
    hour, day = 3600, 86400
    rows = [(d * day + 10 * hour, "bob", "Success", PLAN, HOME) for d in range(30)]
    rows += [(3 * day + 2 * hour, "carol", "Success", BUDGET, HOME), (5 * day + 12 * hour, "bob", "no-rights", BUDGET, HOME),
             (7 * day + 10 * hour + 1200, "bob", "Success", BUDGET, AWAY),  # 20 minutes after, from elsewhere
             (8 * day + 10 * hour + 1200, "bob", "Success", BUDGET, NEARBY), (9 * day + 13 * hour, "bob", "Success", BUDGET, AWAY),
             (9 * day + 13 * hour + 60, "carol", "Success", BUDGET, HOME)]
    return sorted((first + at, f"{who}@contoso.test", *rest) for at, who, *rest in rows)


def six_questions(lab):
    # proves: S-197
    first = (int(time.time()) // 86400 - 45) * 86400
    tenant = lab.admin("tenant", "show", "--json").json["TenantId"]
    rows = synthetic_month(first)
    values = ", ".join(f"('{tenant}', {at}, 'm{i}', 'AcquireLicense', '{who}', '{result}', '{content}', '{ip}', '{TEMPLATE}', 'alice@contoso.test', 0, 0, 0, {i + 1000000})"
                       for i, (at, who, result, content, ip) in enumerate(rows))
    insert(lab, "INSERT INTO usage_log (tenant_id, time, row_id, request_type, user_id, result, content_id, c_ip, template_id, issuer,"
                " admin_action, super_user, membership_age_s, chain_seq) VALUES " + values)

    def log(*args, **kwargs):
        return lab.admin("--json", "tracking", "log", *args, **kwargs).json_lines

    def short(lines):
        return [(line["RequestTime"], line["RequesterEmail"], line["ContentId"]) for line in lines]

    def expected(wanted):
        return [(moment(at), who, content) for at, who, result, content, ip in rows if wanted(at, who, result, content, ip)]

    month = ("--from", moment(first), "--to", moment(first + 30 * 86400))
    assert short(log("--content", PLAN)) == expected(lambda at, who, result, content, ip: content == PLAN)
    assert log("--content", "91111111-0000-4000-8000-000000000000") == []
    log("--content", "1111", code=2)
    a, b = first + 5 * 86400, first + 9 * 86400
    assert short(log("--user", "bob@contoso.test", "--from", moment(a), "--to", moment(b))) == expected(
        lambda at, who, *_: who == "bob@contoso.test" and a <= at <= b)
    assert [(line["Key"], line["Refused"]) for line in report(lab, "person", "--refused", *month)] == [("bob@contoso.test", 1)]
    assert {line["Key"]: line["Opened"] for line in report(lab, "person", "--template", TEMPLATE, *month)} == {
        "bob@contoso.test": 33, "carol@contoso.test": 2}

    def outside(at, who, result, *_):
        local = datetime.fromtimestamp(at, timezone.utc).astimezone(zoneinfo.ZoneInfo("America/Los_Angeles"))
        return result == "Success" and (local.weekday() >= 5 or not 3 <= local.hour < 6)
    hours = ("--outside-hours", "03:00-06:00", "--zone", "Pacific Standard Time")
    found = short(log(*hours, *month))
    assert found == expected(outside) and (moment(first + 3 * 86400 + 7200), "carol@contoso.test", BUDGET) in found, found
    assert len(log("--outside-hours", "00:00-24:00", *month)) == sum(
        datetime.fromtimestamp(r[0], timezone.utc).weekday() >= 5 and r[2] == "Success" for r in rows)
    (far,) = log("--distant", "60", *month)
    assert (far["RequestTime"], far["RequesterIp"], far["PreviousIp"]) == (moment(first + 7 * 86400 + 37200), AWAY, HOME), far
    assert far["PreviousTime"] == moment(first + 7 * 86400 + 36000), far
    assert len(log("--distant", "240", *month)) == 2 and len(log("--distant", "10080", *month)) == 4, "also on the next day"
    for wrong in (("--outside-hours", "8-18"), ("--outside-hours", "08:00-25:00"), ("--outside-hours", "08:60-18:00"), ("--zone", "UTC"),
                  ("--outside-hours", "08:00-18:00", "--zone", "Atlantis"), ("--distant", "0"), ("--distant", "x")):
        log(*wrong, code=2)
    assert "limit" in lab.admin("tracking", "log", "--outside-hours", "11:00-12:00", "--limit", "3", code=None).err


def lookups(lab, run):
    """What the front connects to or sends elsewhere while run() goes on."""
    trace = lab.dir / "trace"
    with subprocess.Popen(["strace", "-f", "-e", "trace=connect,sendto,sendmsg", "-o", trace, "-p", str(lab.children()["front"])],
                          stderr=subprocess.PIPE, text=True) as strace:
        assert "attached" in strace.stderr.readline()
        run()
        strace.terminate()
    return [line for line in trace.read_text().splitlines() if "AF_INET" in line]


def where_it_was_opened(lab):
    # proves: S-156
    tenant = lab.admin("tenant", "show", "--json").json["TenantId"]
    alice = lab.person("alice")
    path = alice.write("where.txt", "text")
    alice.rms("protect", path, "--perm", "bob@contoso.test:VIEW", "--in-place")
    path = alice.home / "where.ptxt"
    content = alice.rms("status", path, "--json").json_lines[0]["ContentId"]
    now = int(time.time()) - 86400
    where = (places.LONDON, places.SLOUGH, places.PRIVATE, places.LONDON, places.TOKYO, "127.0.0.1")
    insert(lab, "INSERT INTO usage_log (tenant_id, time, row_id, request_type, user_id, result, content_id, c_ip, issuer, date_published,"
                " admin_action, super_user, membership_age_s, chain_seq) VALUES " + ", ".join(
                    f"('{tenant}', {now + 60 * i}, 'w{i}', 'AcquireLicense', 'bob@contoso.test', 'Success', '{content}', '{ip}', 'alice@contoso.test',"
                    f" {now + 86400}, 0, 0, 0, {i + 3000000})" for i, ip in enumerate(where)))
    expected = ["London, United Kingdom", "Slough, United Kingdom", "unknown", "London, United Kingdom", "Tokyo, Japan", "unknown"]
    seen = []
    assert lookups(lab, lambda: seen.extend(alice.rms("--json", "track", path).json["Events"])) == []
    assert [e["Place"] for e in seen] == expected and seen[0]["Position"] == "51.5142,-0.0931" and seen[2]["Position"] is None, seen
    assert (seen[4]["Country"], seen[4]["City"], seen[2]["Country"]) == ("Japan", "Tokyo", None)
    assert "London, United Kingdom" in alice.rms("track", path).out and "unknown" in alice.rms("track", path).out
    assert [row["Place"] for row in csv.DictReader(io.StringIO(alice.rms("track", path, "--csv").out))] == expected
    shown = {p["RequesterIp"]: p["City"] for p in alice.rest("GET", f"/my/v2/documents/{content}/map")[2]}
    assert shown[places.TOKYO] == "Tokyo" and shown[places.PRIVATE] is None, shown
    # Slough is near, though its network is another; Tokyo is not.
    far = lab.admin("--json", "tracking", "log", "--content", content, "--distant", "60").json_lines
    assert (places.TOKYO, places.LONDON) in [(e["RequesterIp"], e["PreviousIp"]) for e in far]
    assert (places.SLOUGH, places.LONDON) not in [(e["RequesterIp"], e["PreviousIp"]) for e in far], far
    # Without its database places are unknown, and everything else goes on.
    lab.stop()
    (lab.dir / "places.mmdb").rename(lab.dir / "gone.mmdb")
    lab.start()
    assert '"places.failed"' in lab.log_text()
    assert {e["Place"] for e in alice.rms("--json", "track", path).json["Events"]} == {"unknown"}
    alice.rms("open", path, "-o", alice.home / "again.txt")


def many_rows_of_one_day():
    # The current day answers in seconds, however much happened on it, and nothing was added for that to what writes a row.
    with Lab(people=("alice",)) as lab:
        lab.stop()
        database = places.write(lab.dir / "places.mmdb")
        lab.rmsd_args += ["--set", f"places={database}"]
        lab.start()
        six_questions(lab)
        where_it_was_opened(lab)
        tenant = lab.admin("tenant", "show", "--json").json["TenantId"]
        day = (int(time.time()) // 86400 - 2) * 86400
        fill = FILL % (MANY - 1, tenant, day, MANY)
        insert(lab, fill)
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(day))
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(day + 86399))
        for kind in ("day", "hour", "document", "person", "refusal"):
            began = time.monotonic()
            lines = lab.admin("report", kind, "--from", at, "--to", until, "--limit", "20", "--json").json_lines
            took = time.monotonic() - began
            print(f"     {kind}: {took:.2f} s", flush=True)
            assert lines and took < IN_SECONDS, (kind, took)
            if kind == "day":
                assert lines[0]["Requests"] == MANY and lines[0]["People"] == 5000 and lines[0]["Documents"] == 50000, lines


if __name__ == "__main__":
    main(questions_have_answers, many_rows_of_one_day)
