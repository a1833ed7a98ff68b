"""Signing in as people do: a code typed in another browser, a browser here, the code flow by hand; and what must not work."""
import base64
import hashlib
import json
import os
import re
import secrets
import subprocess
import time
import urllib.parse

from rmsbrowser import Browser, fake_desktop, opened_url
from rmslab import BUILD, SOURCE, Lab, PASSWORD, SANITIZER_MARKS, main

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class Started:
    """A command that goes on while the test does something else."""

    def __init__(self, person, *args, env=None):
        self.process = subprocess.Popen([BUILD / "cmd/rms/rms", *args], env=env or person.env(), cwd=person.home, text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.seen = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def wait_for(self, pattern):
        """Reads messages until one fits."""
        for line in self.process.stderr:
            self.seen += line
            found = re.search(pattern, self.seen)
            if found:
                return found
        raise AssertionError(f"ended with {self.process.wait()} before {pattern!r}: {self.seen}")

    def end(self, code):
        out, err = self.process.communicate(timeout=60)
        self.seen += err
        assert not any(mark in self.seen for mark in SANITIZER_MARKS), self.seen
        assert self.process.returncode == code, (self.process.returncode, out, self.seen)
        return out


def authority_of(lab, person):
    status, headers, _ = lab.http("GET", f"/my/v2/servicediscovery?email={person.address}")
    assert status == 401
    return re.search(r'authorization_uri="([^"]+)/oauth2/authorize"', headers["WWW-Authenticate"]).group(1)


def post(lab, url, **form):
    return lab.http("POST", urllib.parse.urlsplit(url).path, urllib.parse.urlencode(form),
                    {"Content-Type": "application/x-www-form-urlencoded"})


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def safe_page(page):
    """What every page of the sign-in promises (doc/protocol/sign-in.md)."""
    assert page.policy("default-src") == ["'none'"] and page.policy("frame-ancestors") == ["'none'"], page.headers
    assert page.headers["Cache-Control"] == "no-store" and page.headers["X-Frame-Options"] == "DENY", page.headers
    assert "script" not in {tag for tag, _ in page.parser.tags}
    for field in page.parser.forms[0].fields.values() if page.parser.forms else ():
        assert field.get("type") == "hidden" or any(tag == "label" and a.get("for") == field["id"] for tag, a in page.parser.tags), field
    return page


def a_code_typed_in_another_browser():
    # touches: S-036
    with Lab(people=("alice", "bob"), login=False) as lab:
        alice = lab.person("alice")
        with Started(alice, "login", "--device") as command:
            address, code = command.wait_for(r"open (https://\S+) in any browser and enter the code ([B-Z]{4}-[B-Z]{4})").groups()
            browser = Browser(lab.tls())
            page = safe_page(browser.visit(address))
            wrong = safe_page(browser.press(page, "step", "code", user_code="BBBB-BBBB"))
            assert wrong.status == 400 and "not valid" in wrong.text and not wrong.form.fields.get("password"), wrong.text
            page = safe_page(browser.press(wrong, "step", "code", user_code=code.lower().replace("-", " ")))
            assert page.status == 200 and code in page.text and "OpenRMS" in page.text, page.text
            page = safe_page(browser.press(page, "step", "allow", username=alice.address, password="guess"))
            assert page.status == 400 and command.process.poll() is None, page.text
            assert page.form.fields["username"]["value"] == alice.address and not page.form.fields["password"].get("value")
            done = safe_page(browser.press(page, "step", "allow", password=PASSWORD))
            assert done.status == 200 and "connected" in done.text, done.text
            assert alice.address in command.end(0)
        assert alice.rms("--json", "whoami").json["Account"] == alice.address
        assert alice.rms("template", "list").code == 0
        # The code is used up.
        again = browser.press(browser.visit(address), "step", "code", user_code=code)
        assert again.status == 400 and "not valid" in again.text, again.text


def a_code_that_is_refused_or_runs_out():
    with Lab(people=("alice",), login=False) as lab:
        alice = lab.person("alice")
        browser = Browser(lab.tls())
        with Started(alice, "login", "--device") as command:
            address, code = command.wait_for(r"open (https://\S+) in any browser and enter the code (\S+)").groups()
            page = browser.press(browser.visit(f"{address}?user_code={code}"), "step", "code")
            assert "refused" in browser.press(page, "step", "deny").text
            command.end(3)
            assert "declined" in command.seen and "Signed in" not in command.seen, command.seen
        alice.rms("whoami", code=3)

        authority = authority_of(lab, alice)
        status, _, asked = post(lab, authority + "/oauth2/devicecode", client_id="rms")
        assert status == 200 and asked["interval"] == 5 and asked["expires_in"] == 900, asked
        poll = {"grant_type": DEVICE_GRANT, "client_id": "rms", "device_code": asked["device_code"]}
        assert post(lab, authority + "/oauth2/token", **poll)[2]["error"] == "authorization_pending"
        assert post(lab, authority + "/oauth2/token", **poll)[2]["error"] == "slow_down"
        other = {**poll, "device_code": secrets.token_urlsafe(32)}
        assert post(lab, authority + "/oauth2/token", **other)[2]["error"] == "invalid_grant"
        lab.move_clock(seconds=1000)
        assert post(lab, authority + "/oauth2/token", **poll)[2]["error"] == "expired_token"
        late = browser.press(browser.visit(address), "step", "code", user_code=asked["user_code"])
        assert late.status == 400 and "expired" in late.text, late.text


def codes_are_not_guessed_and_forms_not_forged():
    with Lab(people=("alice",), login=False) as lab:
        alice = lab.person("alice")
        authority = authority_of(lab, alice)
        asked = post(lab, authority + "/oauth2/devicecode", client_id="rms")[2]
        url = authority + "/oauth2/device"
        form = {"user_code": asked["user_code"], "step": "allow", "username": alice.address, "password": PASSWORD}
        browser = Browser(lab.tls())
        page = browser.visit(url)
        csrf = page.form.fields["csrf"]["value"]
        for forged in ({}, {"csrf": ""}, {"csrf": csrf[:-2] + "xx"}, {"csrf": csrf}):  # the last one without the cookie
            victim = browser if forged.get("csrf") != csrf else Browser(lab.tls())
            page = victim.visit(url, {**form, **forged})
            assert page.status == 400 and "connected" not in page.text, (forged, page.text)
        for _ in range(12):
            page = browser.press(browser.visit(url), "step", "code", user_code="BCDF-GHJK")
        assert page.status == 429 and int(page.headers["Retry-After"]) > 0 and "too many" in page.text, page.text
        right = browser.press(browser.visit(url), "step", "code", user_code=asked["user_code"])
        assert right.status == 429, "the right code after too many wrong ones"


def a_browser_on_this_machine():
    # touches: S-036
    with Lab(people=("alice", "bob"), login=False) as lab:
        alice = lab.person("alice")
        env, opened = fake_desktop(alice)
        with Started(alice, "login", "--browser", "--email", alice.address, env=env) as command:
            browser = Browser(lab.tls())
            page = safe_page(browser.visit(opened_url(opened)))
            assert page.status == 200 and page.form.fields["username"]["value"] == alice.address, page.source
            page = safe_page(browser.press(page, "decision", "allow", password="guess"))
            assert page.status == 400 and page.form.fields["username"]["value"] == alice.address, page.text
            sent = browser.press(page, "decision", "allow", password=PASSWORD)
            assert "close this window" in browser.follow(sent, sent_from=page).text
            assert alice.address in command.end(0)
        assert alice.rms("--json", "whoami").json["Account"] == alice.address

        # Without options a desktop means the browser; cancelling there ends it here.
        with Started(alice, "login", env=env) as command:
            page = browser.visit(opened_url(opened))
            browser.follow(browser.press(page, "decision", "deny"), sent_from=page)
            command.end(3)
            assert "declined" in command.seen, command.seen
        assert alice.rms("--json", "whoami").json["Account"] == alice.address

        # Somebody else knocks at the port with a code of his own.
        with Started(alice, "login", "--browser", env=env) as command:
            url = opened_url(opened)
            redirect = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["redirect_uri"][0]
            for query in ("?code=evil&state=guess", "?code=evil", "", "favicon.ico"):
                browser.visit(redirect + query)
            assert command.process.poll() is None
            page = browser.visit(url)
            browser.follow(browser.press(page, "decision", "allow", username="bob@contoso.test", password=PASSWORD), sent_from=page)
            assert "bob@contoso.test" in command.end(0)


KNOWN = """import ssl, sys
sys.path.insert(0, "{scenarios}")
from rmsbrowser import Browser
browser = Browser(ssl.create_default_context(cafile="{ca}"))
page = browser.visit(sys.argv[1])
browser.follow(browser.press(page, "decision", "allow", username="{who}", password="{password}"), sent_from=page)
open("{log}", "a").write(sys.argv[1] + "\\n")
"""


def known_desktop(lab, person):
    """One whose browser knows the person already: nobody is asked anything."""
    env, opened = fake_desktop(person)
    program = person.write("known.py", KNOWN.format(scenarios=SOURCE / "test/scenario", ca=lab.ca, who=person.address, password=PASSWORD,
                                                    log=opened))
    (person.home / "bin/xdg-open").write_text(f'#!/bin/sh\nexec /usr/bin/python3 "{program}" "$1"\n')
    return env, opened


def first_use_prepares_everything():
    # proves: S-122
    with Lab(people=("alice", "bob"), login=False) as lab:
        def protect(person, env):
            person.rms("protect", person.write("a.txt", "first use\n"), "--perm", "bob@contoso.test:VIEW", env=env)

        def prepared(person):
            return [len(lab.usage(request_type=kind, user_id=person.address)) for kind in ("Certify", "GetClientLicensorCert")]

        # another account of the system, or another device: the same once more
        for number in (1, 2):
            alice = lab.person("alice").device(number)
            env, opened = known_desktop(lab, alice)
            protect(alice, env)
            assert prepared(alice) == [number, number]
            assert len(opened.read_text().splitlines()) == 1
            protect(alice, env)
            offline = alice.write("o.txt", "certificates are here\n")
            alice.rms("--offline", "protect", offline, "--only-me", "--in-place", env=env)
            assert prepared(alice) == [number, number] and len(opened.read_text().splitlines()) == 1

        # the provider asks for a password: once, at the person's own tenant
        lab.admin("tenant", "create", "--name", "Fabrikam", "--domain", "fabrikam.test")
        lab.admin("user", "add", "fay@fabrikam.test", "--tenant", "fabrikam.test", "--password-stdin", stdin=PASSWORD + "\n")
        fay = lab.person("fay@fabrikam.test")
        env, opened = fake_desktop(fay)
        path = fay.write("f.txt", "first use\n")
        with Started(fay, "--user", fay.address, "protect", str(path), "--only-me", "--in-place", env=env) as command:
            browser = Browser(lab.tls())
            page = safe_page(browser.visit(opened_url(opened)))
            assert page.form.fields["username"]["value"] == fay.address, page.text
            browser.follow(browser.press(page, "decision", "allow", password=PASSWORD), sent_from=page)
            command.end(0)
        assert fay.rms("--json", "whoami").json["Domain"] == "fabrikam.test"
        fay.rms("protect", fay.write("g.txt", "second use\n"), "--only-me", "--in-place", env=env)
        assert not opened.exists(), "asked again"

        # not wanted: nothing is kept, nothing is changed
        other = lab.person("bob")
        env, opened = fake_desktop(other)
        path = other.write("o.txt", "first use\n")
        with Started(other, "protect", str(path), "--only-me", "--in-place", env=env) as command:
            page = browser.visit(opened_url(opened))
            browser.follow(browser.press(page, "decision", "deny"), sent_from=page)
            command.end(3)
            assert "declined" in command.seen, command.seen
        assert path.read_text() == "first use\n" and not (other.home / ".local/share/openrms/store.db").exists()

        # nobody's account
        gone = other.rms("login", "--email", "gus@nowhere.test", "--password-stdin", stdin=PASSWORD + "\n", code=3)
        assert "(not-authenticated)" in gone.err and "signs up" in gone.err, gone


class Flow:
    """The code flow with PKCE by hand."""

    def __init__(self, lab, authority, redirect="http://127.0.0.1:9/", **more):
        self.lab, self.authority, self.redirect = lab, authority, redirect
        self.verifier = secrets.token_urlsafe(48)
        self.state = secrets.token_urlsafe(8)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {"response_type": "code", "client_id": "rms", "redirect_uri": redirect, "state": self.state,
                 "code_challenge": challenge, "code_challenge_method": "S256", **more}
        self.url = f"{authority}/oauth2/authorize?" + urllib.parse.urlencode({k: v for k, v in query.items() if v is not None})
        self.browser = Browser(lab.tls())

    def answer(self, page):
        """What was sent back to the client."""
        assert page.status == 303, (page.status, page.text)
        target, _, query = page.headers["Location"].partition("?")
        assert target == self.redirect, page.headers["Location"]
        values = {k: v[0] for k, v in urllib.parse.parse_qs(query).items()}
        assert values.pop("state") == self.state
        return values

    def code(self, person):
        page = self.browser.visit(self.url)
        return self.answer(self.browser.press(page, "decision", "allow", username=person.address, password=PASSWORD))["code"]

    def redeem(self, code, **changed):
        form = {"grant_type": "authorization_code", "client_id": "rms", "code": code, "redirect_uri": self.redirect,
                "code_verifier": self.verifier, **changed}
        status, _, reply = post(self.lab, self.authority + "/oauth2/token", **{k: v for k, v in form.items() if v is not None})
        return status, reply


def the_code_flow_by_hand():
    # touches: S-036
    with Lab(people=("alice", "bob"), login=False) as lab:
        alice = lab.person("alice")
        authority = authority_of(lab, alice)
        # Who else is trusted does not change whom clients are sent to.
        lab.admin("issuer", "add", "https://login.contoso.test/", "--jwks-uri", "https://login.contoso.test/keys")
        assert authority_of(lab, alice) == authority and authority.startswith(lab.url + "/"), authority
        lab.admin("client", "add", "other-app", "--redirect", "https://app.contoso.test/back")

        flow = Flow(lab, authority, scope="openid", nonce="n-1")
        code = flow.code(alice)
        status, tokens = flow.redeem(code)
        assert status == 200 and tokens["token_type"] == "Bearer", tokens
        claims = claims_of(tokens["access_token"])
        assert claims["iss"] == authority and claims["email"] == alice.address and claims["appid"] == "rms", claims
        assert claims["aud"] == lab.url + "/" and claims["exp"] - claims["iat"] == 3600, claims
        identity = claims_of(tokens["id_token"])
        assert identity["nonce"] == "n-1" and identity["aud"] == "rms" and identity["sub"] == claims["sub"], identity
        headers = {"Authorization": "Bearer " + tokens["access_token"]}
        assert lab.http("GET", "/my/v2/templates", None, headers)[0] == 200
        # Presented again: refused, and what came of it ends.
        status, reply = flow.redeem(code)
        assert status == 400 and reply["error"] == "invalid_grant", reply
        status, _, reply = post(lab, authority + "/oauth2/token", grant_type="refresh_token", client_id="rms",
                                refresh_token=tokens["refresh_token"])
        assert status == 400 and reply["error"] == "invalid_grant", reply

        for changed in ({"code_verifier": secrets.token_urlsafe(48)}, {"code_verifier": None}, {"code_verifier": "short"},
                        {"redirect_uri": "http://127.0.0.1:10/"}, {"client_id": "other-app"}, {"code": "x" * 43}):
            flow = Flow(lab, authority)
            code = flow.code(alice)
            status, reply = flow.redeem(**{"code": code, **changed})
            assert status == 400 and reply["error"] in ("invalid_grant", "invalid_client"), (changed, reply)
            if "code" not in changed:  # a failed try uses the code up
                assert flow.redeem(code)[0] == 400, changed
        flow = Flow(lab, authority)
        code = flow.code(alice)
        lab.move_clock(seconds=121)
        assert flow.redeem(code)[1]["error"] == "invalid_grant", "a code of more than two minutes"


def requests_that_are_not_answered():
    with Lab(people=("alice",), login=False) as lab:
        authority = authority_of(lab, lab.person("alice"))
        lab.admin("client", "add", "other-app", "--redirect", "https://app.contoso.test/back")
        # Not proved to be the client's: nothing is sent there, a page says so.
        for redirect in ("https://evil.test/", "http://127.0.0.1.evil.test:9/", "http://127.0.0.1:9@evil.test/", "http://192.0.2.1:9/",
                         "javascript:alert(1)", "http://127.0.0.1:9/#part", "https://app.contoso.test/back"):
            flow = Flow(lab, authority, redirect=redirect)
            page = safe_page(flow.browser.visit(flow.url))
            assert page.status == 400 and "Location" not in page.headers and "return address" in page.text, (redirect, page.text)
        for redirect in ("https://app.contoso.test/back/", "https://app.contoso.test/BACK", "https://app.contoso.test/back?x=1",
                         "http://app.contoso.test/back"):
            flow = Flow(lab, authority, redirect=redirect, client_id="other-app")
            assert flow.browser.visit(flow.url).status == 400, redirect
        flow = Flow(lab, authority, client_id="nobody")
        assert "not registered" in flow.browser.visit(flow.url).text
        # The client's own mistakes go back to it.
        for changed, error in (({"code_challenge": None}, "invalid_request"), ({"code_challenge_method": "plain"}, "invalid_request"),
                               ({"code_challenge": "short"}, "invalid_request"), ({"response_type": "token"}, "unsupported_response_type"),
                               ({"resource": "https://other.test/"}, "invalid_target"), ({"prompt": "none"}, "login_required"),
                               ({"request_uri": "https://evil.test/"}, "request_not_supported")):
            flow = Flow(lab, authority, **changed)
            assert flow.answer(flow.browser.visit(flow.url))["error"] in (error, error.replace("request_not", "request_uri_not")), changed
        flow = Flow(lab, authority)
        twice = flow.browser.visit(flow.url + "&client_id=other-app")
        assert twice.status == 400 and "Location" not in twice.headers
        # Texts from outside stay texts.
        flow = Flow(lab, authority, login_hint='"><script>alert(1)</script>')
        page = flow.browser.visit(flow.url)
        assert "<script" not in page.source and "&lt;script&gt;" in page.source
        safe_page(page)


def wrong_passwords_are_counted_and_tell_nothing():
    with Lab(people=("alice",), login=False) as lab:
        alice = lab.person("alice")
        authority = authority_of(lab, alice)
        lab.add_user("gone")
        lab.admin("user", "set", "gone@contoso.test", "--disable")
        texts = {}
        for who in ("alice@contoso.test", "nobody@contoso.test", "gone@contoso.test"):
            flow = Flow(lab, authority)
            page = flow.browser.press(flow.browser.visit(flow.url), "decision", "allow", username=who, password="guess")
            assert page.status == 400, page.text
            texts[who] = page.text.replace(who, "WHO")
        assert len(set(texts.values())) == 1, texts
        for i in range(12):
            done = alice.rms("login", "--email", alice.address, "--password-stdin", stdin=f"guess {i}\n", code=None)
            assert done.code in (3, 6), done
        late = alice.rms("login", "--email", alice.address, "--password-stdin", stdin=PASSWORD + "\n", code=None)
        assert late.code == 6 and "(throttled)" in late.err, late
        lab.move_clock(seconds=601)
        alice.login()


if __name__ == "__main__":
    main(a_code_typed_in_another_browser, a_code_that_is_refused_or_runs_out, codes_are_not_guessed_and_forms_not_forged,
         a_browser_on_this_machine, first_use_prepares_everything, the_code_flow_by_hand, requests_that_are_not_answered, wrong_passwords_are_counted_and_tell_nothing)
