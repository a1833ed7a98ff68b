"""Without the service: opening within a use licence's validity and not after, protecting with the certificate of the device."""
import os

from rmslab import Lab, PASSWORD, main, pfile_licence

TEXT = b"Offline is a place too.\n"


def thirty_days_of_several_people():
    # proves: S-134, C-027
    with Lab(people=("alice", "anna", "john", "amelia"), login=False) as lab:
        alice, anna, john, amelia = (lab.person(n) for n in ("alice", "anna", "john", "amelia"))
        alice.login()
        everybody = [a for p in (anna, john, amelia) for a in ("--perm", f"{p.address}:Co-Author")]
        for name, more in (("plan", ()), ("strict", ("--offline-days", "0"))):
            alice.rms("protect", alice.write(f"{name}.txt", TEXT), *everybody, *more, "--in-place")
        today = 0

        def on(day):
            nonlocal today
            lab.move_clock(days=day - today)
            today = day

        def opens(person, name="plan", offline=False, code=0):
            got = person.home / "got.txt"
            done = person.rms(*(("--offline",) if offline else ()), "open", alice.home / f"{name}.ptxt", "-o", got, code=code)
            assert got.exists() == (code == 0), done
            got.unlink(missing_ok=True)
            assert code == 0 or "(needs-online)" in done.err, done

        def asked(person):
            return len(lab.usage(user_id=person.address, request_type="AcquireLicense"))

        anna.login()
        opens(anna)
        opens(anna, "strict")
        on(1)
        opens(anna, offline=True)
        for _ in range(2):  # never offline: each time the service is asked, and without it nothing opens
            before = asked(anna)
            opens(anna, "strict")
            assert asked(anna) == before + 1
        opens(anna, "strict", offline=True, code=6)
        on(7)
        amelia.login()
        opens(amelia)
        on(29)
        opens(anna, offline=True)
        on(31)
        opens(anna, offline=True, code=6)
        before = asked(anna)
        opens(anna)  # renewed
        opens(anna, offline=True)
        assert asked(anna) == before + 1
        john.login()
        opens(john)
        on(60)
        opens(john, offline=True)
        on(62)
        opens(john, offline=True, code=6)
        on(67)
        opens(amelia, offline=True, code=6)


def bob_opens_offline_within_the_validity_and_not_after():
    # touches: S-133, S-134, S-135, C-027
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        path = alice.write("week.txt", TEXT)
        alice.rms("protect", path, "--perm", "bob@contoso.test:Co-Author", "--offline-days", "7", "--in-place")
        protected = alice.home / "week.ptxt"
        bob.rms("open", protected, "-o", bob.home / "0.txt")
        lab.stop()
        lab.move_clock(days=6)
        bob.rms("open", protected, "-o", bob.home / "6.txt")
        assert (bob.home / "6.txt").read_bytes() == TEXT
        lab.move_clock(days=2)
        late = bob.rms("open", protected, "-o", bob.home / "8.txt", code=6)
        assert "needs-online" in late.err or "unreachable" in late.err, late
        assert not (bob.home / "8.txt").exists()
        lab.start()
        bob.login()
        bob.rms("open", protected, "-o", bob.home / "9.txt")


def always_online_is_never_cached():
    # touches: S-132, S-133
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        path = alice.write("strict.txt", TEXT)
        alice.rms("protect", path, "--perm", "bob@contoso.test:Co-Author", "--offline-days", "0", "--in-place")
        protected = alice.home / "strict.ptxt"
        bob.rms("open", protected, "-o", bob.home / "1.txt")
        lab.stop()
        bob.rms("open", protected, "-o", bob.home / "2.txt", code=6)
        alice.rms("open", protected, "-o", alice.home / "own.txt")


def alice_protects_with_the_service_down():
    # proves: S-137, S-139, C-031
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        alice.rms("bootstrap")
        alice.rms("template", "refresh")
        # her own licence is kept in the file and here, unless she says no
        for name, more in (("kept", ()), ("left", ("--no-persist-key", "all"))):
            before = alice.rms("--json", "cache", "clean").json["Kept"]
            alice.rms("protect", alice.write(f"{name}.txt", TEXT), "--only-me", "--in-place", *more)
            grew = alice.rms("--json", "cache", "clean").json["Kept"] - before
            assert grew == (0 if more else 1), (name, grew)
        left = alice.home / "left.ptxt"
        assert len(pfile_licence(left)) < len(pfile_licence(alice.home / "kept.ptxt"))
        lab.stop()
        assert alice.rms("cat", alice.home / "kept.ptxt").out == TEXT.decode()
        assert "needs-online" in alice.rms("--offline", "cat", left, code=6).err
        adhoc, templated = alice.write("a.txt", TEXT), alice.write("t.txt", TEXT)
        alice.rms("protect", adhoc, "--perm", "bob@contoso.test:Co-Author", "--in-place")
        alice.rms("protect", templated, "--template", "Confidential \\ All Employees", "--in-place")
        alice.rms("open", alice.home / "a.ptxt", "-o", alice.home / "own.txt")
        assert (alice.home / "own.txt").read_bytes() == TEXT
        bob.rms("open", alice.home / "a.ptxt", "-o", bob.home / "a.txt", code=6)
        # templates count for a day
        lab.move_clock(seconds=23 * 3600)
        late = ("--template", "Confidential \\ All Employees", "--in-place")
        alice.rms("protect", alice.write("late.txt", TEXT), *late)
        lab.move_clock(seconds=2 * 3600)
        too_late = alice.write("too-late.txt", TEXT)
        assert "templates too old" in alice.rms("protect", too_late, *late, code=6).err and too_late.read_bytes() == TEXT
        lab.start()
        bob.login()
        assert alice.rms("cat", left).out == TEXT.decode() and bob.rms("cat", alice.home / "late.ptxt").out == TEXT.decode()
        for name in ("a", "t"):
            bob.rms("open", alice.home / f"{name}.ptxt", "-o", bob.home / f"{name}.txt")
            assert (bob.home / f"{name}.txt").read_bytes() == TEXT
        # A device without a publishing certificate cannot.
        fresh = alice.device(2)
        fresh.login()
        path = fresh.write("n.txt", TEXT)
        done = fresh.rms("--offline", "protect", path, "--only-me", "--in-place", code=6)
        assert "(needs-online)" in done.err and path.read_bytes() == TEXT, done


def templates_count_for_a_time():
    # proves: S-116, S-140
    # touches: S-117
    with Lab(people=("alice",)) as lab:
        alice = lab.person("alice")
        config = alice.home / ".config/openrms/rms.conf"
        config.parent.mkdir(parents=True)
        log = alice.home / ".local/state/openrms/rms.log"
        under = ("--template", "Confidential \\ All Employees", "--in-place")

        def new(name):
            lab.admin("template", "add", "--name", name, "--grant", "all-staff:VIEW", "--published")

        def lists(name):
            return name in alice.rms("template", "list").out

        def fresh_for(seconds, name):
            """What is new is seen after that time and not before, and at once when asked for."""
            alice.rms("template", "refresh")
            new(name)
            lab.move_clock(seconds=seconds - 120)  # the machine may be slow
            assert not lists(name)
            lab.move_clock(seconds=121)
            assert lists(name)
            new(name + " at once")
            assert not lists(name + " at once")
            alice.rms("template", "refresh")
            assert lists(name + " at once")

        fresh_for(86400, "A day")
        config.write_text("template_refresh_days = 3\ntemplate_refresh_seconds = 300\n")
        fresh_for(300, "Seconds win")
        for bad in ("template_refresh_seconds = 0", "template_refresh_days = 0"):
            config.write_text(bad + "\n")
            fresh_for(86400, f"Default {bad.split()[0]}")
            assert f"rms.conf: {bad} is out of range" in log.read_text(), log.read_text()

        # who asks each time sees a change at once; a device that cannot ask keeps its list, whole, and says so
        alice.rms("template", "refresh")
        kept = alice.rms("--json", "template", "list").out
        lab.admin("template", "set", "A day", "--name", "Another day")
        assert "Another day" in {t["Name"] for t in alice.rest("GET", "/my/v2/templates")[2]}
        alice.token()
        lab.stop()
        assert alice.rms("template", "refresh", code=6).out == "" and alice.rms("--json", "template", "list").out == kept
        assert "templates not refreshed, the kept ones stay" in log.read_text(), log.read_text()
        lab.start()
        alice.rms("template", "refresh")
        assert lists("Another day")

        # what is kept and too old: not without the service
        config.write_text("template_refresh_seconds = 3600\n")
        alice.rms("template", "refresh")
        lab.move_clock(seconds=3000)
        alice.rms("--offline", "protect", alice.write("in-time.txt", TEXT), *under)
        lab.move_clock(seconds=4200)
        path = alice.write("late.txt", TEXT)
        assert "(needs-online)" in alice.rms("--offline", "protect", path, *under, code=6).err and path.read_bytes() == TEXT

        # who may not protect any more can until the certificate ends, and gets no other
        config.write_text("template_refresh_days = 3000\n")
        alice.rms("protect", path, *under)
        lab.admin("onboarding", "set", "--use-license", "true", "--force")
        lab.move_clock(days=20)
        alice.login()
        alice.rms("protect", alice.write("still.txt", TEXT), *under)
        lab.move_clock(days=7)
        alice.rms("--offline", "protect", alice.write("at-last.txt", TEXT), *under)
        lab.move_clock(days=3)
        alice.login()
        path = alice.write("no.txt", TEXT)
        for way in ((), ("--offline",)):
            assert "(publish-not-allowed)" in alice.rms(*way, "protect", path, *under, code=1).err and path.read_bytes() == TEXT
        assert not (alice.home / "no.ptxt").exists()


def a_folder_in_the_service_s_place(lab):
    # proves: S-118
    # touches: C-036
    here, there = ("--tenant", "contoso.test"), ("--tenant", "fabrikam.test")
    alice, fay = lab.person("alice"), lab.person("fay@fabrikam.test")
    lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
    lab.admin("user", "add", fay.address, *there, "--password-stdin", stdin=PASSWORD + "\n")
    fay.login()
    folder = lab.dir / "unmanaged[1]"
    folder.mkdir()
    lab.admin("template", "add", "--name", "Shared", "--grant", "bob@contoso.test:VIEW,EXTRACT", "--published", *here)
    lab.admin("template", "export", "Shared", "-o", folder / "any name.xml", *here)
    whole = (folder / "any name.xml").read_text()
    for person in (alice, fay):
        config = person.home / ".config/openrms/rms.conf"
        config.parent.mkdir(parents=True)
        config.write_text(f'template_folder = "{folder}"\n')

    def listed(person):
        return [t["Name"] for t in person.rms("--json", "--log-personal", "template", "list", "--refresh").json_lines]

    assert len(listed(alice)) == 1 and listed(alice) == ["Shared"] and "Shared" not in listed(fay)
    path = alice.write("folder.txt", TEXT)
    alice.rms("protect", path, "--template", "Confidential \\ All Employees", "--in-place", code=4)
    alice.rms("protect", path, "--template", "Shared", "--in-place")
    assert lab.person("bob").rms("cat", alice.home / "folder.ptxt").out.encode() == TEXT
    # what is not signed, changed, cut, no file or of another service is passed over, with a word
    (folder / "unsigned.xml").write_text(whole.replace("<SIGNATURE>", "<X>").replace("</SIGNATURE>", "</X>"))
    (folder / "changed.xml").write_text(whole.replace("bob@", "eve@"))
    (folder / "cut.xml").write_text(whole[:-40])
    (folder / "folder.xml").mkdir()
    os.mkfifo(folder / "pipe.xml")
    lab.admin("template", "add", "--name", "Theirs", "--published", *there)
    lab.admin("template", "export", "Theirs", "-o", folder / "theirs.xml", *there)
    assert listed(alice) == ["Shared"] and listed(fay) == ["Theirs"]
    log = (alice.home / ".local/state/openrms/rms.log").read_text()
    for name in ("unsigned", "changed", "cut", "folder", "pipe", "theirs"):
        assert f"{folder}/{name}.xml was left out" in log, (name, log)
    # of this service, but not whole: it is not asked for what somebody put out of the way
    (folder / "any name.xml").unlink()
    assert listed(alice) == []


def licences_need_not_be_kept():
    # proves: C-023
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        alice.rms("protect", alice.write("c.txt", TEXT), "--perm", "bob@contoso.test:Co-Author", "--in-place")
        config = bob.home / ".config/openrms/rms.conf"
        config.parent.mkdir(parents=True)
        config.write_text("cache_licenses = false\n")
        bob.rms("template", "refresh")
        assert bob.rms("cat", alice.home / "c.ptxt").out == TEXT.decode()
        assert "needs-online" in bob.rms("--offline", "cat", alice.home / "c.ptxt", code=6).err
        assert "All Employees" in bob.rms("--offline", "template", "list").out
        a_folder_in_the_service_s_place(lab)


def a_fresh_device_cannot_work_offline():
    # touches: C-001, C-032, S-122
    with Lab(people=("alice",), login=False) as lab:
        alice = lab.person("alice")
        lab.stop()
        path = alice.write("a.txt", TEXT)
        alice.rms("protect", path, "--only-me", "--in-place", code=None)
        assert path.read_bytes() == TEXT and not (alice.home / "a.ptxt").exists()


def a_clock_set_back_needs_the_service():
    # proves: S-136
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        path = alice.write("c.txt", TEXT)
        alice.rms("protect", path, "--perm", "bob@contoso.test:Co-Author", "--offline-days", "7", "--in-place")
        protected = alice.home / "c.ptxt"
        lab.move_clock(days=5)
        bob.login()
        bob.rms("open", protected, "-o", bob.home / "5.txt")
        # Somewhat behind is still fine, also while a device is prepared.
        slow = bob.device(2)
        file = slow.home / "clock"
        file.write_text(f"{int(lab.clock_file.read_text()) - 600}\n")
        behind = slow.env(RMS_CLOCK_FILE=file)
        slow.rms("login", "--email", bob.address, "--password-stdin", stdin=PASSWORD + "\n", env=behind)
        slow.rms("open", protected, "-o", slow.home / "5.txt", env=behind)
        lab.stop()
        lab.move_clock(days=-4)
        back = bob.rms("--offline", "open", protected, "-o", bob.home / "1.txt", code=6)
        assert "(needs-online)" in back.err, back


def certificates_renew_by_themselves():
    # touches: S-124, C-003, S-043
    with Lab(people=("alice", "bob")) as lab:
        alice = lab.person("alice")
        alice.rms("protect", alice.write("1.txt", TEXT), "--only-me", "--in-place")
        lab.move_clock(days=32)
        alice.rms("protect", alice.write("2.txt", TEXT), "--only-me", "--in-place")
        lab.move_clock(days=32)
        alice.token()  # for an hour, in which the account is disabled
        lab.admin("user", "set", "alice@contoso.test", "--disable")
        refused = alice.rms("protect", alice.write("3.txt", TEXT), "--only-me", "--in-place", code=None)
        assert refused.code in (1, 3) and "account-disabled" in refused.err, refused
        assert (alice.home / "3.txt").exists()


def a_disabled_account_gets_nothing_new():
    # proves: S-043
    with Lab(people=("alice", "carol")) as lab:
        alice, carol = lab.person("alice"), lab.person("carol")
        for name in ("kept", "new"):
            alice.rms("protect", alice.write(f"{name}.txt", TEXT), "--perm", "carol@contoso.test:Co-Author", "--offline-days", "7",
                      "--in-place")
        carol.rms("open", alice.home / "kept.ptxt", "-o", carol.home / "1.txt")
        lab.admin("user", "set", "carol@contoso.test", "--disable")
        for verb in (("bootstrap", "--force"), ("open", alice.home / "new.ptxt", "-o", carol.home / "2.txt")):
            refused = carol.rms(*verb, code=3)
            assert "(account-disabled)" in refused.err, refused
        lab.move_clock(days=6)
        carol.rms("open", alice.home / "kept.ptxt", "-o", carol.home / "3.txt")
        assert (carol.home / "3.txt").read_bytes() == TEXT
        lab.move_clock(days=2)
        carol.rms("open", alice.home / "kept.ptxt", "-o", carol.home / "4.txt", code=3)
        assert not (carol.home / "2.txt").exists() and not (carol.home / "4.txt").exists()


if __name__ == "__main__":
    main(thirty_days_of_several_people, a_disabled_account_gets_nothing_new, bob_opens_offline_within_the_validity_and_not_after, always_online_is_never_cached, alice_protects_with_the_service_down,
         templates_count_for_a_time, licences_need_not_be_kept,
         a_fresh_device_cannot_work_offline, a_clock_set_back_needs_the_service, certificates_renew_by_themselves)
