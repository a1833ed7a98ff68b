"""Templates as administrators keep them: texts, rights, expiry, scope, files, history; and who is offered them."""
import base64
import calendar
import contextlib
import json
import os
import pty
import subprocess
import threading
import time
import zipfile

from rmslab import BUILD, Lab, PASSWORD, b64, main, pfile_licence, quote

TEXT = b"Under a template.\n"
NOBODY = "00000000-0000-4000-8000-000000000000"
TENANT = "/tenants/-"


def add(lab, name, *args, code=0):
    made = lab.admin("--json", "template", "add", "--name", name, *args, code=code)
    return made.json if code == 0 else made


def show(lab, name):
    return lab.admin("--json", "template", "show", name).json


def offered(person, query="", headers=None, version="v2"):
    """{id: name} of the list by the public protocol."""
    status, _, reply = person.rest("GET", f"/my/{version}/templates{query}", headers=headers)
    assert status == 200, reply
    return {t["Id"]: t["Name"] for t in reply}


def publish(person, template_id):
    """Status and reply; the licence is in SerializedPublishingLicense."""
    status, _, reply = person.rest("POST", "/my/v2/publishinglicenses", {
        "PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False, "TemplateId": template_id})
    return status, reply


def refused(person, template_id, reason):
    status, reply = publish(person, template_id)
    assert status >= 400 and reply["Reason"] == reason, reply


def licence_of(person, template_id):
    status, reply = publish(person, template_id)
    assert status == 200, reply
    return reply["SerializedPublishingLicense"]


def opens(person, licence):
    """None, or why not."""
    status, _, reply = person.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": licence})
    assert status == 200, reply
    return reply["Reason"]


def at_a_terminal(lab, answer, *args):
    """Exit status and what the terminal showed of an administration verb whose question gets this answer."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([BUILD / "cmd/rms/rms", "admin", *args], stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True,
                               env={"PATH": os.environ["PATH"], "HOME": str(lab.dir), "RMS_ADMIN_SOCKET": str(lab.socket),
                                    "LANG": "C.UTF-8", "TERM": "dumb"})
    os.write(ours, answer.encode())
    code = process.wait(60)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # a terminal without its other end
        while chunk := os.read(ours, 65536):
            shown += chunk
    os.close(ours)
    return code, shown.decode(errors="replace")


def life_by_command_and_by_calls():
    # touches: S-093
    bad = (("bad-argument", 400, {"Names": {"1033": ""}}), ("bad-argument", 400, {"Names": {"99999": "X"}}),
           ("bad-argument", 400, {"RightsDefinitions": [{"Principal": "bob@contoso.test", "Rights": ["VIEEW"]}]}),
           ("not-found", 404, {"RightsDefinitions": [{"Principal": "no-such-group", "Rights": ["VIEW"]}]}),
           ("bad-argument", 400, {"LicenseValidityDuration": 10000}), ("not-found", 404, {"ScopedIdentities": ["nobody"]}),
           ("bad-argument", 400, {"Status": "Gone"}), ("conflict", 409, {"Version": 99}), ("bad-argument", 400, {"Owner": "x"}))
    with Lab(people=("alice", "bob")) as lab:
        def same(t):
            return {k: t[k] for k in ("Names", "Descriptions", "Status", "RightsDefinitions", "LicenseValidityDuration",
                                      "ContentExpirationOption", "ContentValidityDuration", "ScopedIdentities", "Version")}
        add(lab, "Sales", "--grant", "bob@contoso.test:VIEW", "--published")
        lab.admin("template", "set", "Sales", "--offline-days", "3", "--expire-days", "9", "--scope", "alice@contoso.test")
        lab.admin("template", "archive", "Sales")
        lab.admin("template", "publish", "Sales")
        lab.admin("template", "export", "Sales", "-o", lab.dir / "sales.xml")
        lab.admin("template", "import", lab.dir / "sales.xml", "--force")
        by_command = show(lab, "Sales")
        lab.admin("template", "remove", "Sales", "--yes")

        status, made = lab.admin_http("POST", TENANT + "/templates", {"Names": {"1033": "Sales"}, "Published": True,
                                      "RightsDefinitions": [{"Principal": "bob@contoso.test", "Rights": ["VIEW"]}]})
        assert status == 200, made
        one = f"{TENANT}/templates/{made['TemplateId']}"
        for change in ({"LicenseValidityDuration": 3, "ContentValidityDuration": 9, "ScopedIdentities": ["alice@contoso.test"]},
                       {"Status": "Archived"}, {"Status": "Published"}):
            assert lab.admin_http("POST", one, change)[0] == 200, change
        exported = lab.admin_http("GET", one + "/export")[1]["Template"]
        assert lab.admin_http("POST", TENANT + "/templates/import", {"Template": exported, "Force": True})[0] == 200
        by_call = lab.admin_http("GET", one)[1]
        assert same(by_command) == same(by_call), (by_command, by_call)

        file = lab.dir / "bad.json"
        for reason, http, change in bad:
            status, reply = lab.admin_http("POST", one, change)
            assert (status, reply["Reason"]) == (http, reason), (change, reply)
            file.write_text(json.dumps({"TemplateId": by_call["TemplateId"], **change}))
            assert f"({reason})" in lab.admin("template", "apply", file, "--yes", code=None).err, change
        # the same by the options of the command, and files that are no template
        for reason, args in (("bad-argument", ("--name-in", "99999=X")), ("not-found", ("--grant", "no-such-group:VIEW")),
                             ("bad-argument", ("--grant", "bob@contoso.test:VIEEW")),
                             ("not-found", ("--scope", "nobody"))):
            done = lab.admin("template", "set", "Sales", *args, code=None)
            assert done.code in (2, 4) and f"({reason})" in done.err, done
        file.write_text("<XrML/>")
        assert lab.admin_http("POST", TENANT + "/templates/import", {"Template": "<XrML/>", "Force": True})[1]["Reason"] == "bad-argument"
        assert "(bad-argument)" in lab.admin("template", "import", file, "--force", code=2).err
        for verb, (method, path, body) in (("show", ("GET", "", None)), ("publish", ("POST", "", {"Status": "Published"})), ("remove", ("DELETE", "", None)),
                                           ("export", ("GET", "/export", None)), ("history", ("GET", "/history", None))):
            status, reply = lab.admin_http(method, f"{TENANT}/templates/None{path}", body)
            done = lab.admin("template", verb, "None", *(("--yes",) if verb == "remove" else ()), code=4)
            assert (status, reply["Reason"]) == (404, "not-found") and "(not-found)" in done.err, (verb, reply, done)
        assert lab.admin_http("GET", one)[1] == by_call
        lab.admin("template", "remove", "Sales", "--yes")
        assert "Sales" not in lab.admin("template", "list").out


def five_hundred_are_the_most():
    # proves: S-094, S-332
    with Lab(people=()) as lab:
        made = [lab.admin_http("POST", TENANT + "/templates", {"Names": {"1033": f"T{i}"}, "Published": i % 2 == 0}) for i in range(500)]
        assert all(status == 200 for status, _ in made), made[-1]
        spare, last = lab.dir / "spare.xml", lab.dir / "last.xml"
        for i, file in ((498, spare), (499, last)):
            lab.admin("template", "export", f"T{i}", "-o", file)
        done = add(lab, "One more", code=5)
        assert "(limit)" in done.err and "export and remove" in done.err, done
        lab.admin("template", "import", last, "--force")  # over itself
        lab.admin("template", "remove", "T498", "--yes")
        add(lab, "In its place")
        assert "(limit)" in lab.admin("template", "import", spare, code=5).err
        assert len(lab.admin("--json", "template", "list").json_lines) == 502
        # other lists have no end either, and the same order again and again
        for i in range(600):
            assert lab.admin_http("POST", TENANT + "/users", {"Address": f"p{i:03}@contoso.test"})[0] == 200
        listed = lab.admin("--json", "user", "list").out
        people = [json.loads(line) for line in listed.splitlines()]
        assert {p["Address"] for p in people} == {f"p{i:03}@contoso.test" for i in range(600)} and len(people) == 600
        assert all(p["CreatedTime"].endswith("Z") and len(p["CreatedTime"]) == 20 for p in people)
        assert lab.admin("--json", "user", "list").out == listed
        for words in (("log", "usage"), ("log", "admin"), ("report", "day")):
            done = lab.admin(*words, "--from", "yesterday", code=2)
            assert "YYYY-MM-DD" in done.err and "hh:mm" in done.err, done
            lab.admin(*words, "--from", "2030-01-31T12:00+02:00", "--to", "2030-02-01")


def texts():
    # proves: S-095, S-096
    with Lab(people=("alice",)) as lab:
        add(lab, "A", "--name-in", "1034=B", "--description", "only English", code=2)
        add(lab, "A", "--description", "", code=2)
        add(lab, "", code=2)
        add(lab, "A", "--name-in", "99999=B", code=2)
        add(lab, "A", "--name-in", "klingon=B", code=2)
        lab.admin("template", "add", "--name-in", "1033", code=2)
        for bad in "<>%&/?;+\\:#":
            for name in (bad, f"Name {bad} x"):
                done = add(lab, name, code=2)
                assert f"character {bad} " in done.err, done
        for bad in ("a\tb", "a\nb", "a\x1b[31mb", "a\x7fb", "x" * 300):
            add(lab, bad, code=2)
        assert len(lab.admin("--json", "template", "list").json_lines) == 2
        # built-in names have such characters, and stay as they are when something else changes
        default = "Confidential \\ All Employees"
        file = lab.dir / "d.json"
        lab.admin("template", "export", default, "--policy-file", "-o", file)
        policy = json.loads(file.read_text())
        policy["LicenseValidityDuration"] = 3
        file.write_text(json.dumps(policy))
        assert "character" not in lab.admin("template", "apply", file, "--yes").err
        assert show(lab, default)["LicenseValidityDuration"] == 3
        # a name that comes with an import is kept
        lab.admin("template", "export", default, "-o", lab.dir / "d.xml")
        lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
        there = ("--tenant", "fabrikam.test")
        taken = lab.admin("--json", "template", "import", lab.dir / "d.xml", "--foreign", *there).json
        assert taken["Name"] == default and any("character \\" in w for w in taken["Warnings"]), taken
        assert "name-characters" in lab.admin("template", "lint", taken["TemplateId"], *there).out


def languages():
    # proves: S-097
    # touches: C-035
    with Lab(people=("alice",)) as lab:
        alice = lab.person("alice")
        lab.admin("template", "add", "--name-in", "1034=Secreto", "--name-in", "fr=Confidentiel", "--grant", "all-staff:VIEW", "--published")
        template = show(lab, "Secreto")
        assert list(template["Names"]) == ["1034", "1036"], template
        cases = (("1036", "1033", "Confidentiel"), ("1031", "1034", "Secreto"), ("1031", "1031", "Secreto"),
                 ("fr-CA", "es", "Confidentiel"), ("1036", "1034", "Confidentiel"), ("", "", "Secreto"))
        for version in ("v1", "v2"):
            for asked, system, name in cases:
                shown = offered(alice, headers={"Accept-Language": f"{asked},{system};q=0.5"}, version=version)
                assert shown[template["TemplateId"]] == name, (asked, system, shown)
                shown = offered(alice, f"?language={asked},{system}", version=version)
                assert asked == "" or shown[template["TemplateId"]] == name, (asked, system, shown)
        for language, name in (("fr-FR", "Confidentiel"), ("es-ES", "Secreto"), ("de-DE", "Secreto")):
            assert name in alice.rms("template", "list", "--lang", language).out
        assert "Confidentiel" in alice.rms("template", "list", env=alice.env(LANG="fr_FR.UTF-8", LC_ALL="fr_FR.UTF-8")).out
        licence_of(alice, template["TemplateId"])


def one_name_twice():
    # proves: S-099
    with Lab(people=()) as lab:
        first = add(lab, "Twice")
        done = lab.admin("template", "add", "--name", "Twice")
        assert f"{first['TemplateId']} has the same name" in done.err, done
        ids = [t["TemplateId"] for t in lab.admin("--json", "template", "list").json_lines if t["Name"] == "Twice"]
        done = lab.admin("template", "show", "Twice", code=5)
        assert len(ids) == 2 and all(i in done.err for i in ids), done
        for i in ids:
            assert show(lab, i)["TemplateId"] == i


def updates_are_never_lost():
    # proves: S-100
    with Lab(people=("alice", "bob")) as lab:
        add(lab, "T", "--grant", "alice@contoso.test:VIEW", "--grant", "bob@contoso.test:VIEW", "--offline-days", "4")
        lab.admin("template", "set", "T", "--grant", "bob@contoso.test:VIEW,PRINT")
        changed = show(lab, "T")
        assert [g["Principal"] for g in changed["RightsDefinitions"]] == ["bob@contoso.test"], changed
        assert changed["LicenseValidityDuration"] == 4 and changed["Names"] == {"1033": "T"}
        results = {}

        def one(number):
            results[number] = lab.admin("template", "set", "T", "--grant-add", f"p{number}@contoso.test:VIEW", code=None).code

        threads = [threading.Thread(target=one, args=(i,)) for i in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        there = {g["Principal"] for g in show(lab, "T")["RightsDefinitions"]}
        assert set(results.values()) <= {0, 5} and 0 in results.values(), results
        assert there == {"bob@contoso.test"} | {f"p{i}@contoso.test" for i, code in results.items() if code == 0}, (results, there)

        lab.admin("template", "set", "T", "--grant-add", "bob@contoso.test:EDIT", "--grant-remove", next(iter(there - {"bob@contoso.test"})))
        rights = next(g["Rights"] for g in show(lab, "T")["RightsDefinitions"] if g["Principal"] == "bob@contoso.test")
        assert {"VIEW", "PRINT", "EDIT"} <= set(rights)
        lab.admin("template", "set", "T", "--grant-remove", "nobody@contoso.test", code=4)
        lab.admin("template", "set", "T", "--grant", "bob@contoso.test:VIEW")
        assert "archive" in lab.admin("template", "set", "T", "--grant-remove", "bob@contoso.test", code=2).err


def policy_files():
    # touches: S-093, S-100, S-113
    with Lab(people=("alice", "bob")) as lab:
        add(lab, "Board", "--grant", "alice@contoso.test:VIEW,EDIT", "--scope", "alice@contoso.test")
        template = show(lab, "Board")
        file = lab.dir / "board.json"
        lab.admin("template", "export", "Board", "--policy-file", "-o", file)
        lab.admin("template", "export", "Board", "--policy-file", "-o", file, code=5)
        lab.admin("template", "export", "Board", "--policy-file", "-o", file, "--force")
        assert "nothing to change" in lab.admin("template", "apply", file).out
        policy = json.loads(file.read_text())
        assert policy["Version"] == 1 and policy["ScopedIdentities"] == ["alice@contoso.test"], policy
        policy["RightsDefinitions"] = [{"Principal": "bob@contoso.test", "Rights": ["Viewer"]}]
        policy["LicenseValidityDuration"] = 2
        file.write_text(json.dumps(policy, indent=1))
        asked = lab.admin("template", "apply", file, code=2)  # nobody there to say yes
        for line in ("- RightsDefinitions alice@contoso.test:", "+ RightsDefinitions bob@contoso.test:", "- LicenseValidityDuration: -1",
                     "+ LicenseValidityDuration: 2"):
            assert line in asked.out, (line, asked)
        assert show(lab, "Board") == template
        # another administrator is faster
        lab.admin("template", "set", "Board", "--description", "changed meanwhile")
        assert "(conflict)" in lab.admin("template", "apply", file, "--yes", code=5).err
        assert show(lab, "Board")["Description"] == "changed meanwhile" and show(lab, "Board")["Version"] == 2
        del policy["Version"], policy["Descriptions"], policy["ScopedIdentities"]
        file.write_text(json.dumps(policy))
        done = lab.admin("--json", "template", "apply", file, "--yes").json_lines
        assert {c["Setting"] for c in done[0]["Changes"]} == {"RightsDefinitions alice@contoso.test", "RightsDefinitions bob@contoso.test",
                                                             "LicenseValidityDuration"}, done
        now = show(lab, "Board")
        assert now["Description"] == "changed meanwhile" and now["ScopedIdentities"] == ["alice@contoso.test"], now
        assert now["RightsDefinitions"][0]["Level"] == "Viewer" and now["Version"] == 3
        # a new one, and files that are none
        file.write_text(json.dumps({"Names": {"en": "New", "de": "Neu"}, "RightsDefinitions": [
            {"Principal": "all-staff", "Rights": ["VIEW"]}], "Status": "Published"}))
        lab.admin("template", "apply", file, "--yes")
        assert show(lab, "Neu")["Names"] == {"1033": "New", "1031": "Neu"}
        for text, why in (('{\n"Names": {\n}', "line 3"), ("[]", "not an object"), ("{}", "neither TemplateId nor Names"),
                          ('{"Names":{"1033":"X"},"Names":{}}', "line 1"), ("", "JSON")):
            file.write_text(text)
            assert why in lab.admin("template", "apply", file, "--yes", code=2).err, text
        assert "Board" in lab.admin("log", "admin").out


def files_and_history():
    # proves: S-109, S-110
    with Lab(people=("alice", "bob")) as lab:
        add(lab, "Plan", "--grant", "bob@contoso.test:Viewer", "--expire-days", "5", "--offline-days", "2", "--scope", "alice@contoso.test",
            "--published")
        before = show(lab, "Plan")
        signed, policy = lab.dir / "plan.any", lab.dir / "plan.json"
        lab.admin("template", "export", "Plan", "-o", signed)
        lab.admin("template", "export", "Plan", "-o", signed, code=5)
        lab.admin("template", "export", "Plan", "--policy-file", "-o", policy)
        text = json.loads(policy.read_text())
        text["Descriptions"]["1033"] = "Edited"
        policy.write_text(json.dumps(text))
        lab.admin("template", "apply", policy, "--yes")
        lab.admin("template", "import", signed, code=5)
        assert show(lab, "Plan")["Description"] == "Edited"
        lab.admin("template", "import", signed, "--force")
        after = show(lab, "Plan")
        assert {k: v for k, v in after.items() if k not in ("Version", "LastModifiedTimeStamp")} == \
            {k: v for k, v in before.items() if k not in ("Version", "LastModifiedTimeStamp")}, (before, after)
        history = lab.admin("--json", "template", "history", before["TemplateId"]).json_lines
        assert [(h["Version"], h["Description"]) for h in history] == [(1, "Plan"), (2, "Edited"), (3, "Plan")], history
        lab.admin("template", "restore", "Plan", "--to-version", "2")
        assert show(lab, "Plan")["Description"] == "Edited" and show(lab, "Plan")["Version"] == 4
        lab.admin("template", "restore", "Plan", "--to-version", "77", code=4)
        lab.admin("template", "restore", "Plan", code=2)
        # removed, and back from history: the numbers go on
        lab.admin("template", "remove", "Plan", "--yes")
        lab.admin("template", "restore", before["TemplateId"], "--to-version", "1")
        assert show(lab, "Plan")["Version"] == 5 and show(lab, "Plan")["Description"] == "Plan"
        for _ in range(25):
            lab.admin_http("POST", f"{TENANT}/templates/{before['TemplateId']}", {"Status": "Published"})
        assert len(lab.admin("--json", "template", "history", "Plan").json_lines) == 21

        # bytes that were changed, cut, or never signed
        whole = signed.read_text()
        count = len(lab.admin("--json", "template", "list").json_lines)
        lab.admin("template", "remove", "Plan", "--yes")
        for bad in (whole.replace("Viewer", "Viewer ").replace("VIEW>", "EDIT>"), whole.replace("bob@", "eve@"), whole[:-40], whole[:200],
                    whole.replace('"Status":"Published"', '"Status":"Archived"').replace("Published", "Archived"), "<XrML/>", "", "{}",
                    whole + whole, whole.replace("<SIGNATURE>", "<X>").replace("</SIGNATURE>", "</X>")):
            assert bad != whole
            signed.write_text(bad)
            done = lab.admin("template", "import", signed, code=None)
            assert done.code == 2 and "(bad-argument)" in done.err, (bad[:100], done)
        signed.write_bytes(b"\xff\xfe\x00bin")
        lab.admin("template", "import", signed, code=2)
        assert len(lab.admin("--json", "template", "list").json_lines) == count - 1

        # of another tenant: refused, unless it is wanted; of nobody here: refused
        lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
        here, there = ("--tenant", "contoso.test"), ("--tenant", "fabrikam.test")
        lab.admin("template", "add", "--name", "Shared", "--grant", "all-staff:VIEW", "--published", "--scope", "alice@contoso.test", *here)
        lab.admin("template", "export", "Shared", "-o", lab.dir / "shared.xml", *here)
        done = lab.admin("template", "import", lab.dir / "shared.xml", *there, code=None)
        assert done.code == 1 and "another tenant" in done.err and "(unknown-key)" in done.err, done
        assert "Shared" not in lab.admin("template", "list", *there).out
        done = lab.admin("template", "import", lab.dir / "shared.xml", "--foreign", *there)
        assert "all members of contoso.test" in done.err, done
        taken = lab.admin("--json", "template", "show", "Shared", *there).json
        assert taken["Status"] == "Archived" and taken["ScopedIdentities"] == ["alice@contoso.test"], taken
        found = lab.admin("--json", "template", "lint", "Shared", *there).json_lines
        assert ["contoso.test" in f["Text"] for f in found if f["Code"] == "foreign-members"] == [True], found
        lab.admin("template", "remove", "Shared", "--yes", *there)
        whole = bytearray((lab.dir / "shared.xml").read_bytes())
        for at in (len(whole) // 4, len(whole) // 2, len(whole) - 60):
            changed = bytearray(whole)
            changed[at] ^= 1
            (lab.dir / "changed.xml").write_bytes(changed)
            lab.admin("template", "import", lab.dir / "changed.xml", "--foreign", *there, code=2)
        assert "Shared" not in lab.admin("template", "list", *there).out


TEXTS = '<?xml version="1.0" encoding="UTF-8"?>\n<templates language="{}">{}</templates>'
ONE = '<template id="{}"><name>{}</name><description>{}</description></template>'


def translation():
    # proves: S-098
    with Lab(people=()) as lab:
        archive, back = lab.dir / "texts.zip", lab.dir / "back.zip"

        def texts():
            return {t["TemplateId"]: (t["Names"], t["Descriptions"], t["Version"]) for t in lab.admin("--json", "template", "list").json_lines}

        def pack(files):
            with zipfile.ZipFile(back, "w", zipfile.ZIP_DEFLATED) as z:
                for name, text in files.items():
                    z.writestr(name, text)

        def take(*args, code=0):
            return lab.admin("--json", "template", "texts", "import", back, *args, code=code)

        plan = lab.admin("--json", "template", "add", "--name", 'Plan "A"', "--description", "For < & > all", "--name-in", "fr=Projet",
                         "--description-in", "fr=Pour tous").json["TemplateId"]
        other = add(lab, "Other")["TemplateId"]
        before = texts()
        lab.admin("template", "texts", "export", code=2)
        lab.admin("template", "texts", "export", "-o", archive)
        lab.admin("template", "texts", "export", "-o", archive, code=5)
        lab.admin("template", "texts", "export", "-o", archive, "--force")
        with zipfile.ZipFile(archive) as z:
            files = {name: z.read(name).decode() for name in z.namelist()}
        assert set(files) == {"1033.xml", "1036.xml"} and other not in files["1036.xml"], files
        # as it was: nothing changes
        pack(files)
        assert [f["Changed"] for f in take().json_lines] == [0, 0] and texts() == before
        # one language
        pack({**files, "1036.xml": files["1036.xml"].replace("Projet", "Plan d\u2019action").replace("Pour tous", "\u00c0 tous")})
        take("--what-if")
        assert texts() == before
        assert {f["File"]: f["Changed"] for f in take().json_lines} == {"1033.xml": 0, "1036.xml": 1}
        after = texts()
        assert after[plan] == ({"1033": 'Plan "A"', "1036": "Plan d\u2019action"}, {"1033": "For < & > all", "1036": "\u00c0 tous"}, 2), after
        assert {k: v for k, v in after.items() if k != plan} == {k: v for k, v in before.items() if k != plan}
        # a new language, of one template only
        pack({"de.xml": TEXTS.format(1031, ONE.format(other, "Anderes", "Anderes"))})
        take()
        assert texts()[other][0] == {"1033": "Other", "1031": "Anderes"} and texts()[plan] == after[plan]
        # broken ones are named; the others are taken, or with --atomic none
        good = TEXTS.format(1034, ONE.format(other, "Otro", "Otro"))
        broken = {
            "cut.xml": good[:-20], "mixed.xml": good.replace("</name>", "</nam>"), "klingon.xml": good.replace("1034", "klingon"),
            "lcid.xml": good.replace("1034", "99999"), "who.xml": good.replace(other, NOBODY), "id.xml": good.replace(other, "x"),
            "half.xml": good.replace("<description>Otro</description>", ""), "empty.xml": good.replace("<name>Otro", "<name>"),
            "mark.xml": good.replace("<name>Otro", "<name>Otro &lt;b&gt;"), "more.xml": good.replace("<name>", "<rights/><name>"),
            "laugh.xml": good.replace("<templates", '<!DOCTYPE t [<!ENTITY a "b">]><templates').replace("Otro", "&a;"),
            "binary.xml": b"\x00\xff\xfe",
        }
        now = texts()
        for name, text in broken.items():
            pack({name: text, "it.xml": good.replace("1034", "1040")})
            done = take("--atomic", code=None)
            assert done.code in (2, 4) and ("bad-argument" in done.err or "not-found" in done.err), (name, done)
            assert texts() == now, name
        for name, text in broken.items():
            pack({name: text, "it.xml": good.replace("1034", "1040").replace("Otro", f"Altro {name}")})
            done = take(code=None)
            assert done.code in (2, 4) and f"{name}: " in done.err, (name, done)
            assert texts()[other][0] == {**now[other][0], "1040": f"Altro {name}"}, (name, done)
            assert [f["File"] for f in done.json_lines] == ["it.xml"], (name, done)
        back.write_text("no archive")
        take(code=2)
        # what was changed meanwhile is not undone: an import names only what its files do
        lab.admin("template", "set", "Other", "--offline-days", "3")
        pack({"es.xml": good})
        take("--atomic")
        assert show(lab, other)["LicenseValidityDuration"] == 3 and texts()[other][0]["1034"] == "Otro"
        # the call itself: all or none, and no more than texts
        def call(*templates):
            return lab.admin_http("POST", TENANT + "/templates/texts", {"Templates": list(templates)})
        one = {"TemplateId": other, "Names": {"1033": "Changed"}, "Descriptions": {"1033": "Changed"}}
        for bad, reason in (({"TemplateId": NOBODY, "Names": {"1033": "X"}}, "not-found"), ({**one, "Version": 1}, "conflict"),
                            ({**one, "Status": "Published"}, "bad-argument"), ("x", "bad-argument"),
                            ({**one, "RightsDefinitions": []}, "bad-argument"), ({"Names": {"1033": "X"}}, "bad-argument")):
            assert call(one, bad)[1]["Reason"] == reason, bad
            assert texts()[other][0]["1033"] == "Other", bad


def a_readers_copy_makes_nothing_public():
    # proves: S-054
    # touches: S-109, S-114
    """What devices get is signed too. An operator who imports such a copy changes neither scope nor status."""
    with Lab(people=("alice", "bob")) as lab:
        template = add(lab, "Closed", "--grant", "bob@contoso.test:VIEW", "--scope", "alice@contoso.test", "--published")
        status, _, reply = lab.person("alice").rest("GET", f"/my/v2/signedtemplates?ids={template['TemplateId']}")
        assert status == 200 and len(reply) == 1, reply
        copy = lab.dir / "copy.xml"
        copy.write_bytes(base64.b64decode(reply[0]["Template"]))
        lab.admin("template", "archive", "Closed")
        lab.admin("template", "import", copy, "--force")
        now = show(lab, "Closed")
        assert now["Status"] == "Archived" and now["ScopedIdentities"] == ["alice@contoso.test"], now
        lab.admin("template", "remove", "Closed", "--yes")
        lab.admin("template", "import", copy)
        assert show(lab, "Closed")["Status"] == "Archived"

        # Whoever can authenticate is granted by name. ANYONE of a file that this service did not export, as AD RMS wrote it in the same
        # form, is kept but gives nothing, and is pointed at.
        alice, bob, own = lab.person("alice"), lab.person("bob"), lab.dir / "own.xml"
        template = add(lab, "Open", "--grant", "any-authenticated:VIEW", "--grant", "alice@contoso.test:VIEW,EDIT", "--published")
        lab.admin("template", "add", "--name", "None", "--grant", "any-authenticated", code=2)
        assert lab.admin_http("POST", TENANT + "/templates", {"Names": {"1033": "None"}, "RightsDefinitions": [
            {"Principal": "any-authenticated", "Rights": []}]})[0] == 400
        assert lab.admin_http("POST", TENANT + "/templates", {"Names": {"1033": "By call"}, "RightsDefinitions": [
            {"Principal": "any-authenticated", "Rights": ["VIEW"]}]})[0] == 200
        path = alice.write("open.txt", b"text")
        alice.rms("protect", path, "--perm", "any-authenticated:VIEW", "--in-place")
        alice.rms("protect", alice.home / "open.ptxt", "--perm", "any-authenticated", "--in-place", code=2)
        licence = licence_of(alice, template["TemplateId"])
        assert opens(bob, licence) is None
        assert lab.admin("--json", "template", "lint", "Open").json_lines == []
        copy.write_bytes(base64.b64decode(alice.rest("GET", f"/my/v2/signedtemplates?ids={template['TemplateId']}")[2][0]["Template"]))
        lab.admin("template", "export", "Open", "-o", own)
        done = lab.admin("template", "import", copy, "--force")
        assert "ANYONE" in done.err and "gives nobody anything" in done.err, done
        assert [g["Principal"] for g in show(lab, "Open")["RightsDefinitions"]] == ["anyone@inactive.invalid", "alice@contoso.test"]
        assert opens(bob, licence) == "no-rights"
        (found,) = lab.admin("--json", "template", "lint", "Open").json_lines
        assert found["Code"] == "inactive-anyone" and "ANYONE" in found["Text"], found
        lab.admin("template", "import", own, "--force")  # what was exported here says what it means
        assert opens(bob, licence) is None and lab.admin("--json", "template", "lint", "Open").json_lines == []


def after_a_new_key():
    # touches: S-114, S-109
    with Lab(people=("alice", "bob")) as lab:
        alice = lab.person("alice")
        template = add(lab, "Kept", "--grant", "bob@contoso.test:Co-Author", "--published")
        file = lab.dir / "kept.xml"
        lab.admin("template", "export", "Kept", "-o", file)

        def signed():
            return {t["Id"]: t["Template"] for t in alice.rest("GET", "/my/v2/signedtemplates")[2]}

        before = signed()
        lab.admin("key", "rotate", "--force")
        after = signed()
        assert set(before) == set(after) and all(before[i] != after[i] for i in before)
        # what the old key signed is still this tenant's
        lab.admin("template", "remove", "Kept", "--yes")
        lab.admin("template", "import", file)
        assert show(lab, "Kept")["TemplateId"] == template["TemplateId"]
        assert opens(lab.person("bob"), licence_of(alice, template["TemplateId"])) is None


def expiry_fields():
    # proves: S-101, S-102
    # touches: S-103
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        for bad in ({"ContentExpirationOption": "OnDate"}, {"ContentExpirationOption": "AfterDays", "ContentValidityDuration": 0},
                    {"ContentExpirationOption": "AfterDays"}, {"ContentExpirationOption": "Never", "ContentExpirationDate": "2030-01-01"},
                    {"ContentExpirationOption": "Never", "ContentValidityDuration": 3}, {"ContentExpirationOption": "Sometimes"},
                    {"ContentExpirationDate": "2030-01-01", "ContentValidityDuration": 3}, {"ContentExpirationDate": "2030-13-01"}):
            file = lab.dir / "e.json"
            file.write_text(json.dumps({"Names": {"1033": "E"}, **bad}))
            lab.admin("template", "apply", file, "--yes", code=2)
        add(lab, "E", "--expire-days", "0", code=2)
        add(lab, "E", "--expire-on", "2030-06-01", "--tz", "Europe/Atlantis", code=2)
        made = add(lab, "E", "--grant", "all-staff:VIEW", "--expire-on", "2030-06-01", "--tz", "Europe/Berlin", "--published")
        assert made["ContentExpirationDate"] == "2030-05-31T22:00:00Z", made
        # an end that is near enough for the tokens of this test
        lab.admin("template", "set", "E", "--expire-days", "10")
        licence = licence_of(alice, made["TemplateId"])
        lab.admin("template", "set", "E", "--expire-on", "2030-06-01", "--tz", "Europe/Berlin")
        end = calendar.timegm((2030, 5, 31, 22, 0, 0))

        def at(when):
            offset = int(lab.clock_file.read_text())
            lab.move_clock(seconds=when - int(time.time()) - offset)
            bob.login()
            return opens(bob, licence)

        assert at(end - 120) is None
        assert at(end + 1) == "expired"


def adhoc_policies_are_nobodys_to_change():
    # proves: S-106
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        alice.rms("protect", alice.write("a.txt", TEXT), "--perm", "bob@contoso.test:VIEW", "--in-place")
        protected = alice.home / "a.ptxt"
        licence = b64(pfile_licence(protected))
        status, _, reply = bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": licence})
        assert status == 200 and reply["Name"] == "Restricted Access" and reply["Owner"] == "alice@contoso.test", reply
        assert "Restricted Access" in alice.rms("status", protected).out
        known = {t["TemplateId"] for t in lab.admin("--json", "template", "list").json_lines}
        assert reply["Id"] not in known and not reply["FromTemplate"]
        for verb in (("show",), ("set", "--offline-days", "1"), ("archive",), ("publish",), ("remove", "--force"), ("export",), ("history",)):
            lab.admin("template", verb[0], reply["Id"], *verb[1:], code=4)
        # a template of the same GUID does not take it over either
        file = lab.dir / "t.json"
        file.write_text(json.dumps({"TemplateId": reply["Id"], "Names": {"1033": "Mine now"}, "RightsDefinitions": [
            {"Principal": "all-staff", "Rights": ["OWNER"]}]}))
        lab.admin("template", "apply", file, "--yes")
        status, _, again = bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": licence})
        assert again["Rights"] == reply["Rights"] and again["Name"] == "Restricted Access", again
        alice.rms("unprotect", protected, "-o", alice.home / "b.txt")
        alice.rms("protect", alice.home / "b.txt", "--only-me", "--in-place")
        assert opens(bob, b64(pfile_licence(alice.home / "b.ptxt"))) == "no-rights"
        path = alice.write("c.txt", TEXT)
        for bad in (("--perm", ":VIEW"), ("--perm", "bob@contoso.test:"), ("--perm", "bob@contoso.test:VIEW", "--expire-days", "-1")):
            alice.rms("protect", path, *bad, "--in-place", code=2)
        assert path.read_bytes() == TEXT


def removal_and_return():
    # proves: S-107, S-108
    with Lab(people=("alice", "bob", "mallory")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        template = add(lab, "Gone", "--grant", "bob@contoso.test:VIEW", "--published")
        for name in ("Confidential \\ All Employees", "Highly Confidential \\ All Employees"):
            assert "(conflict)" in lab.admin("template", "remove", name, "--force", code=5).err
        licence = licence_of(alice, template["TemplateId"])
        assert opens(bob, licence) is None
        file = lab.dir / "gone.xml"
        lab.admin("template", "export", "Gone", "-o", file)
        done = lab.admin("template", "remove", "Gone", code=2)
        assert "--yes" in done.err, done
        code, shown = at_a_terminal(lab, "n\n", "template", "remove", "Gone")
        assert code == 2 and "bob@contoso.test" in shown and "nobody but the owner" in shown and "[y/N]" in shown, shown
        assert opens(bob, licence) is None
        used = lab.admin("--json", "template", "usage", "Gone").json
        assert (used["Published"], used["Opened"]) == (1, 2), used
        code, shown = at_a_terminal(lab, "n\n", "template", "remove", "Gone")
        assert code == 2 and used["LastUsed"] in shown and "Opened" in shown, shown
        lab.move_clock(days=1)
        done = lab.admin("template", "remove", "Gone", "--yes", code=5)
        assert f"protected with 1 times, opened 2 times, last at {used['LastUsed']}" in done.err, done
        lab.admin("template", "remove", "Gone", "--force")
        for person in ("alice", "bob", "mallory"):
            lab.person(person).login()
        lab.admin("superuser", "feature", "enable")
        lab.admin("superuser", "add", "mallory@contoso.test")
        assert opens(bob, licence) == "template-not-found"
        assert opens(alice, licence) is None and opens(lab.person("mallory"), licence) is None
        refused(alice, template["TemplateId"], "template-not-found")
        lab.admin("template", "import", file)
        assert opens(bob, licence) is None


def default_templates():
    # proves: S-010
    with Lab(people=("alice", "bob")) as lab:
        alice, bob = lab.person("alice"), lab.person("bob")
        name = "Confidential \\ All Employees"
        template = show(lab, name)
        licence = licence_of(alice, template["TemplateId"])

        def rights():
            return bob.rest("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": licence})[2]["Rights"]

        assert "OWNER" in rights()
        lab.admin("template", "set", name, "--name", "For us", "--description", "For us", "--grant", "all-staff:VIEW", "--offline-days", "1",
                  "--expire-days", "30")
        assert "For us" in alice.rms("template", "list", "--refresh").out
        assert rights() == ["VIEW"] and show(lab, "For us")["ReadOnly"]
        alice.rms("protect", alice.write("d.txt", TEXT), "--template", "For us", "--in-place")  # with what the device has by now
        assert opens(bob, b64(pfile_licence(alice.home / "d.ptxt"))) is None
        lab.admin("template", "remove", "For us", "--force", code=5)
        lab.admin("template", "archive", "For us")
        assert "For us" not in alice.rms("template", "list", "--refresh").out
        refused(alice, template["TemplateId"], "template-archived")
        alice.rms("protect", alice.write("e.txt", TEXT), "--template", "For us", "--in-place", code=4)
        assert opens(bob, licence) is None
        assert opens(bob, b64(pfile_licence(alice.home / "d.ptxt"))) is None


def departments():
    # proves: S-113, S-115
    # touches: S-104, S-111, S-120
    with Lab(people=("alice", "bob", "erin")) as lab:
        alice, bob, erin = (lab.person(n) for n in ("alice", "bob", "erin"))
        lab.admin("group", "add", "mkt-eu", "--address", "mkt-eu@contoso.test")
        lab.admin("group", "member", "add", "mkt-eu", "erin@contoso.test")
        lab.admin("group", "add", "protectors")
        for person in ("erin@contoso.test", "bob@contoso.test"):
            lab.admin("group", "member", "add", "protectors", person)
            lab.admin("identity", "refresh", "--user", person)
        template = add(lab, "Campaign X", "--description", "Launch in May", "--grant", "bob@contoso.test:VIEW", "--scope", "mkt-eu", "--published")
        tid, every = template["TemplateId"], {t["TemplateId"] for t in lab.admin("--json", "template", "list").json_lines}
        for version in ("v1", "v2"):
            assert set(offered(erin, version=version)) == every, offered(erin, version=version)
            assert set(offered(bob, version=version)) == every - {tid}, offered(bob, version=version)
        assert "Campaign X" in erin.rms("template", "list", "--refresh").out
        assert "Campaign X" not in bob.rms("template", "list", "--refresh").out
        lab.admin("onboarding", "set", "--group", "protectors", "--force")
        assert offered(alice) == {} and set(offered(erin)) == every and set(offered(bob)) == every - {tid}

        # by id: absent, like one that never was
        for path in ("templates", "signedtemplates", "templateinformation"):
            for person, count in ((erin, 1), (bob, 0), (alice, 0)):
                status, _, reply = person.rest("GET", f"/my/v2/{path}?ids={tid},{NOBODY}")
                assert status == 200 and len(reply) == count, (path, person.name, reply)
        versions = {t["Id"]: t["Version"] for t in erin.rest("GET", "/my/v2/templateinformation")[2]}
        assert set(versions) == every and versions[tid] == 1
        assert erin.rest("GET", "/my/v2/templates?ids=" + ",".join([tid] * 100))[0] == 200
        for bad in (",".join([tid] * 101), "x", tid + ",,", tid[:-1]):
            status, _, reply = erin.rest("GET", f"/my/v2/templates?ids={bad}")
            assert status == 400 and reply["Reason"] == "bad-argument", (bad, reply)
        refused(bob, tid, "publish-not-allowed")
        licence = licence_of(erin, tid)
        assert opens(bob, licence) is None  # the scope says who chooses, not who opens
        lab.admin("template", "archive", "Campaign X")
        refused(bob, tid, "publish-not-allowed")
        refused(erin, tid, "template-archived")
        assert opens(bob, licence) is None

        # a refusal writes nothing
        path = bob.write("b.txt", TEXT)
        done = bob.rms("protect", path, "--template", tid, "--in-place", code=4)
        assert "Campaign" not in done.err and path.read_bytes() == TEXT and not (bob.home / "b.ptxt").exists()

        # changes keep the scope; an unknown one changes nothing
        lab.admin("template", "publish", "Campaign X")
        lab.admin("template", "set", "Campaign X", "--name", "Campaign Y", "--description", "Y")
        assert show(lab, "Campaign Y")["ScopedIdentities"] == ["mkt-eu@contoso.test"]
        assert lab.admin_http("POST", f"{TENANT}/templates/{tid}", {"Names": {"1033": "Z"}})[1]["ScopedIdentities"] == ["mkt-eu@contoso.test"]
        lab.admin("template", "set", tid, "--scope", "nobody@contoso.test", code=4)
        lab.admin("template", "set", tid, "--scope", "no-such-group", code=4)
        assert show(lab, tid)["ScopedIdentities"] == ["mkt-eu@contoso.test"]
        lab.admin("template", "set", tid, "--no-scope")
        assert tid in offered(bob)


def what_others_bring():
    # touches: S-094, S-104, S-107
    """Odd input at every door: too many grants, unknown rights, ids of another tenant, templates that are gone."""
    with Lab(people=("alice", "bob")) as lab:
        alice = lab.person("alice")
        lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
        here, there = "/tenants/contoso.test", "/tenants/fabrikam.test"
        lab.admin("user", "add", "fay@fabrikam.test", "--tenant", "fabrikam.test", "--password-stdin", stdin=PASSWORD + "\n")
        fay = lab.person("fay@fabrikam.test")
        fay.login()
        theirs = lab.admin_http("GET", there + "/templates")[1][0]["TemplateId"]
        group = lab.admin("--json", "group", "add", "fab", "--address", "fab@fabrikam.test", "--tenant", "fabrikam.test").json["Id"]

        def grants(count, rights=("VIEW",)):
            return [{"Principal": f"person{i}@partner.test", "Rights": list(rights)} for i in range(count)]

        def new(body):
            return lab.admin_http("POST", here + "/templates", {"Names": {"1033": "N"}, **body})

        def reason(answer):
            return answer[1]["Reason"]

        assert reason(new({"RightsDefinitions": grants(10001)})) == "bad-argument"
        assert reason(new({"RightsDefinitions": grants(10000, ("Co-Owner",))})) == "limit"  # no licence could carry it
        status, big = new({"RightsDefinitions": grants(10000), "Published": True})
        assert status == 200 and len(big["RightsDefinitions"]) == 10000, reason((status, big))
        assert big["TemplateId"] in offered(alice)
        assert "N" in alice.rms("template", "list", "--refresh").out.split()
        status, reply = publish(alice, big["TemplateId"])
        assert status == 200, reply
        assert opens(alice, reply["SerializedPublishingLicense"]) is None
        more = f"{here}/templates/{big['TemplateId']}"
        assert reason(lab.admin_http("POST", more, {"GrantAdd": [{"Principal": "one@partner.test", "Rights": ["VIEW"]}]})) == "bad-argument"

        for bad in ({"RightsDefinitions": [{"Principal": "bob@contoso.test", "Rights": ["ROOT"]}]},
                    {"RightsDefinitions": [{"Principal": "bob@contoso.test", "Rights": []}]},
                    {"RightsDefinitions": [{"Principal": "bob@contoso.test\n", "Rights": ["VIEW\u0000"]}]},
                    {"RightsDefinitions": [{"Principal": "<b>@contoso.test", "Rights": ["VIEW"]}, {}]},
                    {"RightsDefinitions": {"a": 1}}, {"RightsDefinitions": ["x"]}, {"Descriptions": {"1033": "a\u0001b"}},
                    {"Names": {"1033": "a\u0000b"}}, {"Names": {"1033": 1}}, {"Names": []}, {"TemplateId": "x"}, {"TemplateId": "../x"},
                    {"GrantRemove": "x"}, {"Published": "yes"}):
            assert reason(new(bad)) == "bad-argument", bad
        assert reason(new({"RightsDefinitions": [{"Principal": group, "Rights": ["VIEW"]}]})) == "not-found"
        assert reason(new({"ScopedIdentities": [group]})) == "not-found"
        assert reason(new({"ScopedIdentities": ["fab@fabrikam.test"]})) == "not-found"
        markup = {"Names": {"1033": "Q&A"}}
        assert reason(new(markup)) == "bad-argument"
        status, kept = new({"Names": {"1033": "\"'Quoted'\""}, "Descriptions": {"1033": "<script>alert(1)</script> & ]]> \u202e"},
                            "RightsDefinitions": [{"Principal": "alice@contoso.test", "Rights": ["VIEW"]}], "Published": True})
        assert status == 200, kept
        assert offered(alice)[kept["TemplateId"]] == "\"'Quoted'\""
        licence = licence_of(alice, kept["TemplateId"])

        # of another tenant: as if it did not exist
        for method, path in (("GET", ""), ("POST", ""), ("DELETE", ""), ("GET", "/export"), ("GET", "/history"), ("POST", "/restore")):
            body = {"Version": 1} if method == "POST" else None
            assert lab.admin_http(method, f"{here}/templates/{theirs}{path}", body)[0] == 404, (method, path)
        refused(alice, theirs, "template-not-found")
        refused(alice, NOBODY, "template-not-found")
        refused(fay, kept["TemplateId"], "template-not-found")
        assert offered(fay, f"?ids={kept['TemplateId']}") == {} == offered(alice, f"?ids={theirs}")
        # the same GUID there is another template: it decides nothing here
        status, _ = lab.admin_http("POST", there + "/templates", {"TemplateId": kept["TemplateId"], "Names": {"1033": "Shadow"},
                                   "RightsDefinitions": [{"Principal": "fay@fabrikam.test", "Rights": ["OWNER"]}]})
        assert status == 200
        assert opens(fay, licence) == "no-rights" and opens(lab.person("bob"), licence) == "no-rights"
        assert reason(new({"TemplateId": kept["TemplateId"]})) == "conflict"

        # archived, then gone
        lab.admin("template", "archive", kept["TemplateId"], "--tenant", "contoso.test")
        refused(alice, kept["TemplateId"], "template-archived")
        assert opens(alice, licence) is None
        lab.admin("template", "remove", kept["TemplateId"], "--force", "--tenant", "contoso.test")
        refused(alice, kept["TemplateId"], "template-not-found")
        assert opens(lab.person("bob"), licence) == "template-not-found"
        assert lab.admin_http("GET", f"{here}/templates/{quote('a/b ? #')}")[0] == 404


if __name__ == "__main__":
    main(life_by_command_and_by_calls, five_hundred_are_the_most, texts, languages, one_name_twice, updates_are_never_lost, policy_files,
         files_and_history, translation, a_readers_copy_makes_nothing_public, after_a_new_key, expiry_fields, adhoc_policies_are_nobodys_to_change, removal_and_return,
         default_templates, departments, what_others_bring)
