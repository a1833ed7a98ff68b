"""The usage log: one row for every request, with its exact fields; the admin log."""
import re
import uuid

from rmslab import Lab, b64, main, pfile_licence

FIELDS = ("date time row-id request-type user-id result correlation-id content-id owner-email issuer template-id file-name "
          "date-published c-info c-ip admin-action acting-as-user").split()


def rows_and_fields():
    # proves: S-186, S-193
    # touches: S-185, S-191
    with Lab() as lab:
        alice, bob, mallory = (lab.person(n) for n in ("alice", "bob", "mallory"))
        path = alice.write("plan.txt", "text")
        alice.rms("protect", path, "--perm", "bob@contoso.test:VIEW", "--in-place")
        licence = b64(pfile_licence(alice.home / "plan.ptxt"))
        correlation = str(uuid.uuid4())
        nasty = "AppName=evil\tname;AppVersion=1"
        status, headers, _ = bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": licence},
                                      headers={"x-ms-rms-request-id": correlation, "x-ms-rms-platform-id": nasty})
        assert status == 200 and correlation in headers["x-ms-rms-request-id"]
        _, headers, _ = mallory.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": licence},
                                     headers={"x-ms-rms-request-id": "abc"})
        made_up = headers["x-ms-rms-request-id"].strip("{}")
        uuid.UUID(made_up)
        assert bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": "AAAA"})[0] == 400
        assert bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": licence}, token=False)[0] == 401

        # The id in the message of the client and in its log finds the rows of that try, and only those.
        failed = mallory.rms("open", alice.home / "plan.ptxt", "-o", mallory.home / "x.txt", code=1)
        said = re.search(r"correlation id:? ([0-9a-f-]{36})", failed.err).group(1)
        assert said in (mallory.home / ".local/state/openrms/rms.log").read_text()

        rows = lab.usage()
        tried = [r for r in rows if said in r["correlation-id"]]
        assert len(tried) == 1 and tried[0]["user-id"] == "mallory@contoso.test" and tried[0]["result"] != "Success", tried
        good = [r for r in rows if correlation in r["correlation-id"]]
        assert len(good) == 1, good
        row = good[0]
        assert row["request-type"] == "FECreateEndUserLicenseV1" and row["user-id"] == "bob@contoso.test", row
        assert row["result"] == "Success" and row["owner-email"] == "alice@contoso.test" and row["issuer"] == "alice@contoso.test", row
        assert row["content-id"] and row["date-published"] and row["c-ip"] == "127.0.0.1", row
        denied = [r for r in rows if made_up in r["correlation-id"]]
        assert len(denied) == 1 and denied[0]["result"] != "Success", denied
        bad = [r for r in rows if r["user-id"] == "bob@contoso.test" and r["result"] not in ("Success",) and not r["content-id"]]
        assert bad, "an unreadable licence has its row too"

        text = lab.admin("log", "usage").out
        lines = text.split("\n")
        assert lines[0] == "#Software: RMS" and lines[1] == "#Version: 1.1", lines[:3]
        assert lines[2].startswith("#Fields:"), lines[2]
        named = lines[2][len("#Fields:"):].split()
        assert named[:17] == FIELDS, named
        for line in lines[3:]:
            if line:
                cells = line.split("\t")
                assert len(cells) == len(named), line
                assert cells[4].startswith("'") and cells[4].endswith("'") and cells[5].startswith("'"), line
                uuid.UUID(cells[2].strip("{}"))
        assert lab.admin("log", "usage", "--from", "2016-02-30", code=2)


def admin_actions_are_logged():
    # touches: S-194
    with Lab(people=("alice",)) as lab:
        lab.admin("user", "set", "alice@contoso.test", "--disable")
        lab.admin("user", "show", "nobody@contoso.test", code=4)
        text = lab.admin("log", "admin").out
        assert "alice@contoso.test" in text and "Passed" in text and "Failed" in text, text
        assert "correct horse" not in text


if __name__ == "__main__":
    main(rows_and_fields, admin_actions_are_logged)
