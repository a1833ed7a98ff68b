"""Who protects a document is told by mail who opened it or was refused; a mail server that stalls or lies holds up nothing."""
import calendar
import os
import signal
import time
import uuid

from rmslab import Lab, b64, main, pfile_licence
from rmsmail import MailServer, html_of, read_messages, text_of, wait_for

TEXT = b"The merger closes on Friday.\n" * 3


def protect(person, name, *words):
    path = person.write(name, TEXT)
    return person.rms("--json", "protect", path, *words, "--in-place").json_lines[0]["EncryptedFile"]


def opens(person, path, code=0):
    return person.rms("open", path, "-o", person.home / f"{uuid.uuid4()}.txt", code=code)


def asks(person, path, token):
    """A request for a licence, whatever the answer."""
    code, _, reply = person.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": b64(pfile_licence(path))}, token)
    assert code == 200, reply


class Directory:
    """Where `mail = directory:` puts messages."""

    def __init__(self, lab):
        self.path = lab.dir / "mail"
        self.path.mkdir()
        lab.rmsd_args += ["--set", f"mail=directory:{self.path}"]
        self.lab = lab

    def messages(self):
        return read_messages(self.path.glob("*.eml"))


def lab_with_directory(people=("alice", "bob", "mallory")):
    lab = Lab(people=people, rmsd_args=[])
    return lab, Directory(lab)


def notify(person, path, info):
    content = person.rms("--json", "status", path).json["ContentId"]
    body = {"NotificationType": "OpenedOnly", "NotificationInfo": info}
    return person.rest("POST", f"/my/v2/documents/{content}/notify", body)


def noon_in_july(lab):
    now = time.time()
    july = calendar.timegm((time.gmtime(now).tm_year + 1, 7, 1, 12, 0, 0))
    lab.move_clock(seconds=int(july - now))
    for name in ("alice", "bob"):
        lab.person(name).login()
    return time.strftime("%Y", time.gmtime(july))


def quiet_for_a_while():
    """Before it is said that nothing came: jobs look every second."""
    time.sleep(3)


def until(done, seconds=120):
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.2)


def counted(messages, word):
    """How often the letters say that something was opened or refused."""
    return sum(int(line.split(word + " ")[1].split(" times")[0]) for m in messages for line in text_of(m).splitlines()
               if line.startswith("Since the last message"))


def counted_later(lab, mail, opened, refused):
    """The pace passes quickly, until everything is told."""
    def done():
        lab.move_clock(seconds=400)
        messages = mail.messages()
        return (counted(messages, "opened"), counted(messages, "refused")) == (opened, refused)
    until(done)
    return mail.messages()


def told_by_a_mail_server():
    # touches: S-168, S-169
    with MailServer() as server, Lab(rmsd_args=server.settings()) as lab:
        alice, bob, mallory = (lab.person(n) for n in ("alice", "bob", "mallory"))
        path = protect(alice, "Plan für Ärzte.txt", "--perm", "bob@contoso.test:Co-Author", "--notify", "opened,refused")
        assert alice.rms("--json", "track", path).json["NotificationType"] == "Enabled"
        opens(alice, path)  # herself: no news
        opens(bob, path)
        first = wait_for(server.messages, lambda m: len(m) == 1)[0]
        assert first["To"] == "alice@contoso.test" and first["Envelope-to"] == "alice@contoso.test", first.items()
        assert first["From"].addresses[0].addr_spec == "rms@contoso.test" and first["From"].addresses[0].display_name == "Contoso"
        assert first["Subject"] == "bob@contoso.test opened Plan für Ärzte.txt", first["Subject"]
        assert first["Auto-Submitted"] == "auto-generated" and first["Message-ID"] and first["Date"]
        assert first.get_content_type() == "multipart/alternative"
        for text in (text_of(first), html_of(first)):
            assert "bob@contoso.test" in text and "opened" in text and "127.0.0.1" in text and "Contoso" in text, text
            assert "alice@contoso.test" not in text and "Friday" not in text, text
            assert alice.rms("--json", "status", path).json["ContentId"] in text, text
        assert "TLS" in (server.dir / "log/mainlog").read_text() and "A=plain:rmsd" in (server.dir / "log/mainlog").read_text()

        # The next ones come a little later, together.
        opens(mallory, path, code=1)
        second = wait_for(server.messages, lambda m: len(m) == 2)[1]
        assert second["Subject"] == "mallory@contoso.test was refused Plan für Ärzte.txt", second["Subject"]
        assert "refused" in text_of(second) and "bob@contoso.test" not in text_of(second), text_of(second)

        # Not any more.
        assert alice.rms("--json", "track", path, "--notify", "none").json["NotificationType"] == "Disabled"
        asks(bob, path, bob.token())
        quiet_for_a_while()
        assert len(server.messages()) == 2


def only_what_was_asked_for():
    # touches: S-153, S-168
    lab, mail = lab_with_directory()
    with lab:
        alice, bob, mallory = (lab.person(n) for n in ("alice", "bob", "mallory"))
        quiet = protect(alice, "quiet.txt", "--perm", "bob@contoso.test:Co-Author")
        refused = protect(alice, "refused.txt", "--perm", "bob@contoso.test:Co-Author", "--notify", "refused")
        for path in (quiet, refused):
            opens(bob, path)
            opens(mallory, path, code=1)
        message = wait_for(mail.messages, lambda m: len(m) == 1)[0]
        assert message["Subject"] == "mallory@contoso.test was refused refused.txt", message["Subject"]
        assert "quiet.txt" not in text_of(message) and "bob@" not in text_of(message)

        # Asked for afterwards: from then on. Registering under another name leaves it as it is.
        lab.move_clock(seconds=60)
        assert alice.rms("--json", "track", quiet, "--notify", "opened").json["NotificationType"] == "OpenedOnly"
        alice.rms("track", quiet, "--register", "--name", "loud.txt")
        asks(bob, quiet, bob.token())
        asks(mallory, quiet, mallory.token())
        message = wait_for(mail.messages, lambda m: len(m) == 2)[1]
        assert message["Subject"] == "bob@contoso.test opened loud.txt", message["Subject"]

        # What an application refused, too, with the right that was missing.
        viewed = protect(alice, "viewed.txt", "--perm", "bob@contoso.test:VIEW", "--notify", "refused")
        bob.rms("cat", viewed, code=1)
        lab.move_clock(seconds=400)
        message = wait_for(mail.messages, lambda m: len(m) == 3)[2]
        assert message["Subject"] == "bob@contoso.test was refused viewed.txt", message["Subject"]
        assert "EXPORT" in text_of(message) and "rms " in text_of(message), text_of(message)

        # Whose it is not has no say; words that are none.
        assert "role-required" in bob.rms("track", quiet, "--notify", "none", code=3).err
        bob.rms("track", alice.rms("--json", "status", quiet).json["ContentId"], "--notify", "none", code=4)
        for words in ("opened,never", "daily", "none,opened", "opened,daily,weekly", ""):
            alice.rms("track", quiet, "--notify", words, code=2)
            alice.rms("protect", alice.write("x.txt", TEXT), "--only-me", "--notify", words, code=2)
        alice.rms("protect", alice.write("x.txt", TEXT), "--only-me", "--notify", "opened", "--no-track", code=2)
        alice.rms("track", "--notify", "none", code=2)
        licence = {"SerializedPublishingLicense": b64(pfile_licence(quiet)), "ContentName": "x"}
        for extra in ({}, {"NotificationType": "Always"}, {"NotificationType": 1}, {"NotificationType": None},
                      {"NotificationType": "Enabled", "NotificationPreference": "Hourly"}):
            code, _, reply = alice.rest("POST", "/my/v2/documents", {"Documents": [{**licence, **extra}]})
            assert (code, reply["Reason"]) == (400, "bad-argument"), (extra, reply)
        assert [r["request-type"] for r in lab.usage(request_type="UpdateNotificationSettings")], "in the usage log"


def a_busy_document_makes_few_mails():
    # touches: S-168
    lab, mail = lab_with_directory()
    with lab:
        alice, bob, mallory = (lab.person(n) for n in ("alice", "bob", "mallory"))
        paths = [protect(alice, f"busy{i}.txt", "--perm", "bob@contoso.test:Co-Author", "--notify", "opened,refused") for i in range(2)]
        token = bob.token()
        for _ in range(150):
            for path in paths:
                asks(bob, path, token)
        asks(mallory, paths[0], mallory.token())
        messages = counted_later(lab, mail, 300, 1)
        assert len(messages) < 20 and any("mallory@contoso.test" in text_of(m) for m in messages), [m["Subject"] for m in messages]
        assert any("Only the newest 20" in text_of(m) for m in messages)


def one_mail_a_day():
    # touches: S-168, S-169
    lab, mail = lab_with_directory(("alice", "bob"))
    with lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        daily = [protect(alice, f"{i}.txt", "--perm", "bob@contoso.test:Co-Author", "--notify", "opened,daily") for i in range(3)]
        weekly = protect(alice, "week.txt", "--perm", "bob@contoso.test:Co-Author", "--notify", "opened,refused,weekly")
        assert alice.rms("--json", "track", daily[0]).json["NotificationPreference"] == "Daily"
        token = bob.token()
        for path in (*daily, weekly):
            asks(bob, path, token)
        quiet_for_a_while()
        assert mail.messages() == []
        lab.move_clock(days=1)
        messages = wait_for(mail.messages, lambda m: len(m) >= 1)
        day = [m for m in messages if "today" in m["Subject"]]
        assert len(day) == 1 and day[0]["Subject"] == "Your documents today: opened 3 times, refused 0 times", day[0]["Subject"]
        assert all(f"{i}.txt" in text_of(day[0]) for i in range(3)) and "week.txt" not in text_of(day[0])
        bob.login()
        for path in daily:  # at most one a day, whatever happens
            asks(bob, path, bob.token())
        quiet_for_a_while()
        assert len([m for m in mail.messages() if "today" in m["Subject"]]) == 1
        lab.move_clock(days=1)
        messages = wait_for(mail.messages, lambda m: len([x for x in m if "today" in x["Subject"]]) == 2)
        if len(messages) == 2:  # it is not a Monday: to the end of Sunday, when the week's mail is due
            now = int(time.time()) + int(lab.clock_file.read_text())
            lab.move_clock(seconds=7 * 86400 - (now - 4 * 86400) % (7 * 86400) + 60)
        messages = wait_for(mail.messages, lambda m: len(m) == 3)
        assert sorted(m["Subject"].split(":")[0] for m in messages) == ["Your documents this week", "Your documents today", "Your documents today"]


STYLES = (
    # July in Los Angeles by Windows' name; with names of one's own; an offset alone; one for a zone that is not known; German; no culture
    ({"Culture": "en-US", "TimeZoneId": "Pacific Standard Time"}, ("Pacific Daylight Time", "Jul 1, {year}, 5:")),
    ({"TimeZoneId": "Pacific Standard Time", "TimeZoneDaylightName": "Sommerzeit hier"}, ("{year}-07-01 05:", "Sommerzeit hier")),
    ({"TimeZoneId": "", "TimeZoneOffset": -420, "TimeZoneStandardName": "Mine"}, ("{year}-07-01 05:", "Mine")),
    ({"TimeZoneId": "Atlantis/Poseidonis", "TimeZoneOffset": 330}, ("{year}-07-01 17:", "GMT+05:30")),
    ({"Culture": "de-AT", "TimeZoneId": "Europe/Vienna"}, ("01.07.{year}, 14:", "Mitteleuropäische Sommerzeit", "geöffnet", "verweigert")),
    ({"Culture": "xx", "TimeZoneId": "Europe/Vienna"}, ("{year}-07-01 14:", "Central European Summer Time", "opened")))
BAD_STYLES = ({"TimeZoneOffset": 9999}, {"TimeZoneOffset": -9999}, {"TimeZoneOffset": "7"}, {"Culture": "de\r\nBcc: x"}, {"Culture": "e" * 36},
              {"TimeZoneId": "x" * 65}, {"TimeZoneStandardName": "a\nb"}, {"Bcc": "x"}, [], "de")


def in_the_readers_language_and_time():
    # proves: S-168
    lab, mail = lab_with_directory(("alice", "bob"))
    with lab:
        year = noon_in_july(lab)
        alice, bob = lab.person("alice"), lab.person("bob")
        token = bob.token()
        for i, (info, words) in enumerate(STYLES):
            path = protect(alice, f"style{i}.txt", "--perm", "bob@contoso.test:Co-Author")
            code, _, reply = notify(alice, path, info)
            assert code == 200 and all(reply["NotificationInfo"][name] == value for name, value in info.items()), reply
            asks(bob, path, token)
            message = wait_for(mail.messages, lambda m: len(m) == i + 1)[-1]
            assert all(word.format(year=year) in text_of(message) for word in words), (info, text_of(message))
            assert message["Subject"].startswith("bob@contoso.test hat style" if "geöffnet" in words else "bob@contoso.test opened style"), message["Subject"]
            lab.move_clock(seconds=400)
        assert '"mail.culture","to":"alice@contoso.test","unknown":"xx"' in lab.log_text()
        for info in BAD_STYLES:
            assert notify(alice, path, info)[2]["Reason"] == "bad-argument", info
        # What rms says by itself: of the system it runs on.
        env = {**alice.env(), "LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Kolkata"}
        shown = alice.rms("--json", "track", path, "--notify", "opened", env=env).json["NotificationInfo"]
        assert (shown["Culture"], shown["TimeZoneId"], shown["TimeZoneOffset"]) == ("de-DE", "Asia/Kolkata", 330), shown

        # Registering is told when that was wished for.
        code, _, reply = alice.rest("POST", "/my/v2/documents", {"Documents": [{"SerializedPublishingLicense": b64(pfile_licence(path)),
            "ContentName": "told.txt", "NotificationType": "Unchanged", "SendRegistrationEmail": True}]})
        assert code == 200 and reply[0]["Registered"], reply
        message = wait_for(mail.messages, lambda m: len(m) == len(STYLES) + 1)[-1]
        assert message["To"] == "alice@contoso.test" and message["Subject"] == "told.txt wird nun verfolgt", message["Subject"]


def who_revokes_may_write_to_readers():
    # proves: S-163
    lab, mail = lab_with_directory(("alice", "bob", "carol", "dave"))
    with lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        lab.admin("group", "add", "staff@contoso.test")
        lab.admin("group", "member", "add", "staff@contoso.test", "dave@contoso.test")
        grants = ("--perm", "staff@contoso.test:VIEW", "--perm", "stranger@elsewhere.test:VIEW")
        named = protect(alice, "named.txt", "--perm", "carol@contoso.test:VIEW", *grants)
        silent = protect(alice, "silent.txt", "--perm", "bob@contoso.test:VIEW", *grants)
        opened = protect(alice, "opened.txt", "--perm", "bob@contoso.test:VIEW", *grants)
        for path in (silent, opened):
            asks(bob, path, bob.token())
        alice.rms("revoke", silent, "--force")
        alice.rms("revoke", named, "--force", "--message", "Old numbers. <b>Ask me.</b>")
        content = alice.rms("--json", "status", opened).json["ContentId"]
        code, _, reply = alice.rest("POST", f"/my/v2/documents/{content}/revoke", {"Message": "By its id.\nBcc: eve@evil.test\n"})
        assert code == 200 and reply["Revoked"], reply
        alice.rms("revoke", content, "--force", "--message", "Again.")  # it is revoked: nothing happens
        alice.rms("revoke", content, "--undo", "--message", "x", code=2)
        told = {m["To"]: m for m in wait_for(mail.messages, lambda m: len(m) == 2)}
        bobs, carols = told["bob@contoso.test"], told["carol@contoso.test"]
        assert carols["Subject"] == "named.txt was revoked" and carols["Bcc"] is None, carols.items()
        assert "    Old numbers. <b>Ask me.</b>" in text_of(carols).splitlines() and "alice@contoso.test revoked" in text_of(carols), text_of(carols)
        assert "&lt;b&gt;Ask me." in html_of(carols)
        assert bobs["Subject"] == "opened.txt was revoked" and {"    By its id.", "    Bcc: eve@evil.test"} <= set(text_of(bobs).splitlines()) and bobs["Bcc"] is None
        # Somebody else's words reach nobody; by turns makes no flood.
        code, _, reply = bob.rest("POST", f"/my/v2/documents/{content}/revoke", {"Message": "Phish."})
        assert reply["Reason"] == "not-registered", reply
        alice.rms("revoke", content, "--undo")
        alice.rms("revoke", content, "--force", "--message", "Third.")
        quiet_for_a_while()
        assert len(mail.messages()) == 2, [m.items() for m in mail.messages()]


def names_stay_names():
    # touches: S-169
    lab, mail = lab_with_directory(("alice", "bob"))
    with lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        lab.admin("user", "add", "eve@contoso.test", "--name", "<b>Eve</b>\u202e", "--password-stdin", stdin="correct horse battery staple\n")
        evil = "a\nBcc: eve@evil.test\n\n<script>alert(1)</script>\u202e{1}{2}.txt"
        path = protect(alice, "a.txt", "--perm", "bob@contoso.test:Co-Author", "--notify", "opened")
        code, _, reply = alice.rest("POST", "/my/v2/documents", {"Documents": [{
            "SerializedPublishingLicense": b64(pfile_licence(path)), "ContentName": evil, "NotificationType": "Enabled"}]})
        assert code == 200 and reply[0]["Registered"], reply
        asks(bob, path, bob.token())
        wait_for(mail.messages, lambda m: len(m) == 1)
        (raw,) = [p.read_bytes() for p in mail.path.glob("*.eml")]
        (message,) = mail.messages()
        assert sorted(message.keys()) == sorted(["From", "To", "Subject", "Message-Id", "Date", "Auto-Submitted", "MIME-Version", "Content-Type"]), message.keys()
        assert message["Subject"].startswith("bob@contoso.test opened a Bcc: eve@evil.test  <script>"), message["Subject"]
        assert message["Bcc"] is None and message["To"] == "alice@contoso.test"
        assert b"\nBcc" not in raw and all(len(line) <= 998 for line in raw.split(b"\r\n")) and b"\n" not in raw.replace(b"\r\n", b"")
        assert "<script>" not in html_of(message) and "&lt;script&gt;" in html_of(message), html_of(message)
        assert "\u202e" not in message["Subject"] and "{1}{2}" in (message["Subject"] + text_of(message)), message["Subject"]


def a_server_that_stalls_holds_up_nothing():
    # touches: S-169
    with MailServer() as server, Lab(rmsd_args=[*server.settings(), "--set", "purge_interval=1"]) as lab:
        alice, bob, mallory = (lab.person(n) for n in ("alice", "bob", "mallory"))
        path = protect(alice, "plan.txt", "--perm", "bob@contoso.test:Co-Author", "--notify", "opened,refused")
        server.stall()
        token = bob.token()
        asks(bob, path, token)
        quiet_for_a_while()
        began = time.monotonic()
        asks(bob, path, token)
        assert time.monotonic() - began < 30 and server.messages() == []

        # Ending does not wait for it, nor does killing lose what it had in hand.
        began = time.monotonic()
        lab.stop()
        assert time.monotonic() - began < 30
        lab.start()
        asks(mallory, path, mallory.token())
        quiet_for_a_while()
        for pid in lab.children().values():
            os.kill(pid, signal.SIGKILL)
        lab.rmsd.kill()
        lab.rmsd.wait()
        lab.start()
        server.go_on()
        lab.move_clock(seconds=1000)
        counted_later(lab, server, 2, 1)

        # Away: later, once. The queue does not grow with what happens meanwhile.
        before = len(server.messages())
        server.stop()
        for _ in range(5):
            asks(bob, path, token)
        until(lambda: '"mail.failed"' in lab.log_text())
        server.start()
        messages = counted_later(lab, server, 7, 1)
        assert len(messages) <= before + 2, [text_of(m) for m in messages]


def given_up_after_a_day():
    # With the first mail of told_by_a_mail_server, one_mail_a_day and names_stay_names this is the whole check.
    # proves: S-169
    with MailServer() as server, Lab(people=("alice", "bob", "nobody"), rmsd_args=server.settings()) as lab:
        alice, bob, nobody = (lab.person(n) for n in ("alice", "bob", "nobody"))
        mine = protect(alice, "mine.txt", "--perm", "bob@contoso.test:Co-Author", "--notify", "opened")
        theirs = protect(nobody, "theirs.txt", "--perm", "bob@contoso.test:Co-Author", "--notify", "opened")
        token = bob.token()
        asks(bob, theirs, token)  # whose mailbox the server refuses
        asks(bob, mine, token)  # others are served
        wait_for(server.messages, lambda m: len(m) == 1)
        rows = wait_for_rows(lab, 1)
        assert "DropMail notice nobody@contoso.test" in rows and "no such person" not in alice.rms("track", mine).out

        server.stop()
        lab.move_clock(seconds=1000)
        asks(bob, mine, token)
        until(lambda: '"mail.later","kind":"notice","to":"alice@contoso.test"' in lab.log_text())
        lab.move_clock(days=1, seconds=3600)
        assert "DropMail notice alice@contoso.test" in wait_for_rows(lab, 2)
        server.start()
        bob.login()
        asks(bob, mine, bob.token())
        fresh = wait_for(server.messages, lambda m: len(m) == 2)[1]
        assert fresh["Subject"] == "bob@contoso.test opened mine.txt", fresh["Subject"]


def wait_for_rows(lab, count, seconds=120):
    end = time.monotonic() + seconds
    while True:
        rows = lab.admin("log", "admin").out
        if rows.count("DropMail") >= count:
            return rows
        assert time.monotonic() < end, rows
        time.sleep(0.5)


if __name__ == "__main__":
    main(told_by_a_mail_server, only_what_was_asked_for, a_busy_document_makes_few_mails, one_mail_a_day, in_the_readers_language_and_time,
         who_revokes_may_write_to_readers, names_stay_names,
         a_server_that_stalls_holds_up_nothing, given_up_after_a_day)
