"""Without the service: opening within a use licence's validity and not after, protecting with the certificate of the device."""
from rmslab import Lab, main

TEXT = b"Offline is a place too.\n"


def bob_opens_offline_within_the_validity_and_not_after():
    # proves: S-134, C-027
    # touches: S-133, S-135
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
    # proves: S-139
    # touches: S-137, C-031
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        alice.rms("bootstrap")
        alice.rms("template", "refresh")
        lab.stop()
        adhoc, templated = alice.write("a.txt", TEXT), alice.write("t.txt", TEXT)
        alice.rms("protect", adhoc, "--perm", "bob@contoso.test:Co-Author", "--in-place")
        alice.rms("protect", templated, "--template", "Confidential \\ All Employees", "--in-place")
        alice.rms("open", alice.home / "a.ptxt", "-o", alice.home / "own.txt")
        assert (alice.home / "own.txt").read_bytes() == TEXT
        bob.rms("open", alice.home / "a.ptxt", "-o", bob.home / "a.txt", code=6)
        lab.start()
        for name in ("a", "t"):
            bob.rms("open", alice.home / f"{name}.ptxt", "-o", bob.home / f"{name}.txt")
            assert (bob.home / f"{name}.txt").read_bytes() == TEXT


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
        lab.stop()
        lab.move_clock(days=-4)
        back = bob.rms("open", protected, "-o", bob.home / "1.txt", code=6)
        assert "needs-online" in back.err or "unreachable" in back.err, back


def certificates_renew_by_themselves():
    # proves: S-124
    # touches: C-003, S-043
    with Lab(people=("alice", "bob")) as lab:
        alice = lab.person("alice")
        alice.rms("protect", alice.write("1.txt", TEXT), "--only-me", "--in-place")
        lab.move_clock(days=32)
        alice.login()
        alice.rms("protect", alice.write("2.txt", TEXT), "--only-me", "--in-place")
        lab.move_clock(days=32)
        alice.login()
        lab.admin("user", "set", "alice@contoso.test", "--disable")
        refused = alice.rms("protect", alice.write("3.txt", TEXT), "--only-me", "--in-place", code=None)
        assert refused.code in (1, 3) and "account-disabled" in refused.err, refused
        assert (alice.home / "3.txt").exists()


if __name__ == "__main__":
    main(bob_opens_offline_within_the_validity_and_not_after, always_online_is_never_cached, alice_protects_with_the_service_down,
         a_fresh_device_cannot_work_offline, a_clock_set_back_needs_the_service, certificates_renew_by_themselves)
