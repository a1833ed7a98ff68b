"""Tokens of a real OpenID Connect provider (npm's oidc-provider), not only of the built-in sign-in."""
import base64
import hashlib
import http.cookiejar
import json
import os
import pathlib
import re
import secrets
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from rmslab import Lab, free_port, main

HERE = pathlib.Path(__file__).parent
WORK = pathlib.Path(os.environ["RMS_BUILD_DIR"]) / "oidc-provider"


def install():
    """The provider as the lock file says, in the build directory."""
    WORK.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "provider.mjs"):
        shutil.copy(HERE / name, WORK / name)
    if not (WORK / "node_modules" / "oidc-provider").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=WORK, check=True, capture_output=True, timeout=300)


class Provider:
    def __init__(self, resource):
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.resource = resource
        self.process = subprocess.Popen(["node", "provider.mjs", str(self.port), resource], cwd=WORK, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.wait_for("ready")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)

    def wait_for(self, word):
        """The provider's library prints notices on the same stream."""
        for line in self.process.stdout:
            if line.strip() == word:
                return
        raise AssertionError(f"the provider ended before it said {word}")

    def rotate(self):
        self.process.stdin.write("rotate\n")
        self.process.stdin.flush()
        self.wait_for("rotated")

    def token(self, person, resource=None, second_factor=False):
        """The code flow with PKCE, as a browser goes through it."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        redirect = "http://127.0.0.1:9/callback"
        query = {"client_id": "desktop", "response_type": "code", "redirect_uri": redirect, "scope": "openid rights",
                 "code_challenge": challenge, "code_challenge_method": "S256", "resource": resource or self.resource, "state": "s"}
        landed = {}

        class Stop(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, req, fp, code, msg, headers, newurl):
                if newurl.startswith(redirect):
                    landed["url"] = newurl
                    return None
                return super().redirect_request(req, fp, code, msg, headers, newurl)

        browser = urllib.request.build_opener(Stop, urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

        def visit(url, form=None):
            try:
                return browser.open(url, urllib.parse.urlencode(form).encode() if form else None, timeout=20)
            except urllib.error.HTTPError as error:
                if "url" in landed:
                    return None
                raise AssertionError(error.read().decode()[:500]) from error

        page = visit(self.issuer + "/auth?" + urllib.parse.urlencode(query))
        for form in ({"prompt": "login", "login": person, "password": "any"}, {"prompt": "consent"}):
            if page is None:
                break
            action = re.search(r'action="([^"]+)"', page.read().decode()).group(1)
            page = visit(urllib.parse.urljoin(page.url, action) + ("?second-factor" if second_factor and "login" in form else ""), form)
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(landed["url"]).query)["code"][0]
        reply = urllib.request.urlopen(self.issuer + "/token", urllib.parse.urlencode({
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "client_id": "desktop",
            "code_verifier": verifier, "resource": resource or self.resource}).encode(), timeout=20)
        return json.load(reply)["access_token"]


def templates(lab, token):
    return lab.http("GET", "/my/v2/templates", None, {"Authorization": "Bearer " + token})


def tokens_of_another_issuer():
    # touches: S-036, S-037
    install()
    os.environ["RMS_LOOPBACK_ISSUERS"] = "1"
    with Lab(people=("alice", "bob"), login=False) as lab, Provider("https://rms.contoso.test/") as provider:
        token = provider.token("alice@contoso.test")
        assert templates(lab, token)[0] == 401, "an issuer nobody configured was accepted"
        lab.admin("issuer", "add", provider.issuer, "--audience", "https://rms.contoso.test/")
        status, _, listed = templates(lab, token)
        assert status == 200 and len(listed) == 2, (status, listed)

        rights = {"UserRights": [{"Users": ["bob@contoso.test"], "Rights": ["VIEW"]}], "allowOfflineAccess": False, "IntervalTimeInDays": 0}
        headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
        status, _, made = lab.http("POST", "/my/v2/publishinglicenses",
                                   {"PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False, "Policy": rights}, headers)
        assert status == 200 and made["Owner"] == "alice@contoso.test", made
        bob = provider.token("bob@contoso.test")
        headers["Authorization"] = "Bearer " + bob
        status, _, got = lab.http("POST", "/my/v2/enduserlicenses",
                                  {"SerializedPublishingLicense": made["SerializedPublishingLicense"]}, headers)
        assert status == 200 and got["AccessStatus"] == "AccessGranted" and got["Rights"] == ["VIEW"], got

        assert templates(lab, provider.token("alice@contoso.test", "https://other.test/"))[0] == 401, "wrong audience"
        assert templates(lab, provider.token("stranger@elsewhere.test"))[0] == 401, "nobody's address"
        assert templates(lab, provider.token("unverified@contoso.test"))[0] == 401
        lab.move_clock(seconds=3600)
        assert templates(lab, token)[0] == 401, "expired"
        lab.move_clock(seconds=-3600)
        provider.rotate()
        lab.move_clock(seconds=120)  # key sets are asked for again at most once a minute
        fresh = provider.token("alice@contoso.test")
        assert templates(lab, fresh)[0] == 200, "the provider changed its keys"
        lab.admin("issuer", "remove", provider.issuer, "--force")
        assert templates(lab, fresh)[0] == 401, "a removed issuer was accepted"


def a_sign_in_that_is_strong_and_recent_enough():
    # touches: S-060, S-276
    install()
    os.environ["RMS_LOOPBACK_ISSUERS"] = "1"
    resource = "https://rms.contoso.test/"
    with Lab(people=("alice",), login=False) as lab, Provider(resource) as provider:
        lab.admin("issuer", "add", provider.issuer, "--audience", resource, "--acr", "a b", code=2)
        lab.admin("issuer", "add", provider.issuer, "--audience", resource, "--acr", 'x"y', code=2)
        lab.admin("issuer", "add", provider.issuer, "--audience", resource, "--max-age", "0", code=2)
        lab.admin("issuer", "add", provider.issuer, "--audience", resource, "--acr", "urn:x:mfa", "--acr", "mfa", "--max-age", "600")
        shown = lab.admin("--json", "issuer", "list").json_lines[0]
        assert shown["AcrValues"] == ["urn:x:mfa", "mfa"] and shown["MaxAge"] == 600, shown
        weak, strong = provider.token("alice@contoso.test"), provider.token("alice@contoso.test", second_factor=True)
        for _ in range(2):  # the second time from memory, were it kept
            status, headers, _ = templates(lab, weak)
            challenge = headers["WWW-Authenticate"]
            assert status == 401 and 'error="insufficient_user_authentication"' in challenge, challenge
            assert 'acr_values="urn:x:mfa mfa"' in challenge and 'max_age="600"' in challenge and 'authorization_uri="' in challenge, challenge
        assert "insufficient" not in templates(lab, "x.y.z")[1]["WWW-Authenticate"], "nothing is told to whoever shows no good token"
        assert templates(lab, strong)[0] == 200
        lab.admin("issuer", "remove", provider.issuer, "--force")
        lab.admin("issuer", "add", provider.issuer, "--audience", resource, "--acr", "otp", "--max-age", "60")
        assert templates(lab, strong)[0] == 200, "a method counts too"
        lab.move_clock(seconds=330)
        assert templates(lab, strong)[0] == 200, "within the skew"
        lab.move_clock(seconds=60)
        assert templates(lab, strong)[0] == 401, "too long ago, though the token is good and was remembered"


if __name__ == "__main__":
    main(tokens_of_another_issuer, a_sign_in_that_is_strong_and_recent_enough)
