"""How long use licences last: the tenant's maximum, the policy's allowance, the end of the content; whichever comes first."""
import datetime

from rmslab import Lab, b64, main, pfile_licence

TEXT = b"Good until then.\n"
DAY = 86400
NEVER = None


def time_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() if text else None


def set_maximum(lab, days):
    lab.admin("license", "max-validity", "set", days, "--force")


def the_longest_validity_of_a_tenant():
    # proves: S-132
    with Lab(people=("alice", "bob")) as lab:
        get = ("license", "max-validity", "get")
        assert lab.admin(*get).out.strip() == "30"
        lab.admin("license", "max-validity", "set", "60", code=2)  # nobody there to confirm it
        assert lab.admin(*get).out.strip() == "30"
        set_maximum(lab, 60)
        assert lab.admin(*get).out.strip() == "60"
        for bad in ("65536", "-1", "x", "", "1.5", "99999999999999999999"):
            lab.admin("license", "max-validity", "set", bad, "--force", code=2)
        lab.admin("license", "max-validity", "set", "--force", code=2)
        assert lab.admin(*get).out.strip() == "60"
        for edge in ("65535", "0"):
            set_maximum(lab, edge)
            assert lab.admin(*get).out.strip() == edge

        alice, bob = lab.person("alice"), lab.person("bob")
        path = alice.write("online.txt", TEXT)
        alice.rms("protect", path, "--perm", "bob@contoso.test:Co-Author", "--offline-days", "7", "--in-place")
        for i in range(2):
            before = len(lab.usage(user_id="bob@contoso.test", request_type="AcquireLicense"))
            bob.rms("open", alice.home / "online.ptxt", "-o", bob.home / f"{i}.txt")
            assert len(lab.usage(user_id="bob@contoso.test", request_type="AcquireLicense")) == before + 1
        lab.stop()
        bob.rms("open", alice.home / "online.ptxt", "-o", bob.home / "off.txt", code=6)
        assert not (bob.home / "off.txt").exists()


def licences_end_as_computed():
    # proves: S-133
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        licences = {}
        for offline in (-1, 0, 7, 9999):
            for expiry in (NEVER, 3):
                name = f"offline {offline} expiry {expiry}"
                made = lab.admin("template", "add", "--name", name, "--description", name, "--grant", "bob@contoso.test:VIEW",
                                 "--offline-days", str(offline), "--published", *(() if expiry is NEVER else ("--expire-days", expiry)))
                assert ("warning: licences will end after 30 days" in made.err) == (offline == 9999), made
                shown = next(t for t in alice.rms("--json", "template", "list", "--refresh").json_lines if t["Name"] == name)
                status, _, reply = alice.rest("POST", "/my/v2/publishinglicenses", {
                    "PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False, "TemplateId": shown["TemplateId"]})
                assert status == 200, reply
                licences[offline, expiry] = reply["SerializedPublishingLicense"]
        token = bob.token()
        for tenant in (0, 7, 30):
            set_maximum(lab, tenant)
            for (offline, expiry), licence in licences.items():
                now = datetime.datetime.now(datetime.timezone.utc).timestamp()
                status, _, reply = bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": licence}, token=token)
                case = (tenant, offline, expiry, reply)
                assert status == 200 and reply["AccessStatus"] == "AccessGranted", case
                days = tenant if offline < 0 else min(tenant, offline)
                if expiry is not NEVER:
                    days = min(days, expiry)
                    assert abs(time_of(reply["ContentValidUntil"]) - now - expiry * DAY) < 120, case
                else:
                    assert reply["ContentValidUntil"] is None, case
                assert reply["allowOfflineAccess"] is (days > 0), case
                if days > 0:
                    assert abs(time_of(reply["LicenseValidUntil"]) - now - days * DAY) < 120, case


def what_is_kept_ends_in_time():
    # touches: S-134, C-027, C-030
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        set_maximum(lab, 7)
        grants = {"long": ("--offline-days", "9999"), "short": ("--expire-days", "3"), "once": ("--offline-days", "0")}
        for name, extra in grants.items():
            alice.rms("protect", alice.write(f"{name}.txt", TEXT), "--perm", "bob@contoso.test:Co-Author", "--in-place", *extra)

        def opens(name, code):
            got = bob.home / "got.txt"
            done = bob.rms("open", alice.home / f"{name}.ptxt", "-o", got, code=code)
            assert got.exists() == (code == 0)
            got.unlink(missing_ok=True)
            return done.err

        for name in grants:
            opens(name, 0)
        set_maximum(lab, 1)  # what is issued already keeps its end
        lab.stop()
        opens("once", 6)
        lab.move_clock(days=2)
        opens("long", 0)
        opens("short", 0)
        lab.move_clock(days=2)  # day 4
        opens("long", 0)
        assert "unreachable" in opens("short", 6)
        lab.move_clock(days=4)  # day 8
        text = opens("long", 6)
        assert "needs-online" in text or "unreachable" in text, text
        lab.start()
        bob.login()
        opens("long", 0)
        assert "expired" in opens("short", 1)


def an_expired_document_is_one_reason_everywhere():
    # touches: S-081, S-106, C-064, C-085
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        alice.rms("protect", alice.write("e.txt", TEXT), "--perm", "bob@contoso.test:Co-Owner", "--expire-days", "1", "--in-place")
        protected = alice.home / "e.ptxt"
        bob.rms("open", protected, "-o", bob.home / "0.txt")
        lab.move_clock(days=2)
        for person in (alice, bob):
            person.login()
        for verb in (("open", protected, "-o", bob.home / "1.txt"), ("unprotect", protected, "-o", bob.home / "1.txt"),
                     ("cat", protected)):
            done = bob.rms(*verb, code=1)
            assert "(expired)" in done.err and not done.out and not (bob.home / "1.txt").exists(), done
        status, _, reply = bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(protected))})
        assert status == 200 and reply["AccessStatus"] == "ContentExpired" and reply["Key"] is None, reply
        alice.rms("unprotect", protected, "-o", alice.home / "again.txt")
        assert (alice.home / "again.txt").read_bytes() == TEXT


def days_of_a_licence_file_count_from_protection():
    # proves: C-229
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        file = alice.home / "days.json"
        new = ("license", "new", "--perm", "bob@contoso.test:Co-Author")
        for bad in ("0", "-1", "36501", "x"):
            alice.rms(*new, "--out", file, "--valid-days", bad, code=2)
            assert not file.exists()
        alice.rms(*new, "--out", file, "--valid-days", "5")
        lab.move_clock(days=3)
        alice.rms("protect", alice.write("d.txt", TEXT), "--license", file, "--in-place")
        for day, code in ((7, 0), (9, 1)):
            lab.move_clock(days=day - 3 if code == 0 else 2)
            done = bob.rms("open", alice.home / "d.ptxt", "-o", bob.home / f"{day}.txt", code=code)
            assert code == 0 or "(expired)" in done.err, done


if __name__ == "__main__":
    main(the_longest_validity_of_a_tenant, licences_end_as_computed, what_is_kept_ends_in_time,
         an_expired_document_is_one_reason_everywhere, days_of_a_licence_file_count_from_protection)
