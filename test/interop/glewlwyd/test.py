"""Two real OpenID Connect providers at once, for one tenant: Glewlwyd (Debian) and oidc-provider (npm)."""
import base64
import hashlib
import http.cookiejar
import importlib.util
import json
import os
import pathlib
import secrets
import sqlite3
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from cryptography.hazmat.primitives.asymmetric import rsa

from rmslab import Lab, free_port, main

HERE = pathlib.Path(__file__).parent
SCHEMA = pathlib.Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
REDIRECT = "http://localhost:9/callback"
RESOURCE = "https://rms.contoso.test/"
CONFIG = """
port = {port}
bind_address = "127.0.0.1"
external_url = "http://127.0.0.1:{port}/"
api_prefix = "api"
log_mode = "console"
log_level = "WARNING"
cookie_secure = 0
session_expiration = 3600
session_key = "SESSION"
admin_scope = "g_admin"
profile_scope = "g_profile"
user_module_path = "/usr/lib/glewlwyd/user"
client_module_path = "/usr/lib/glewlwyd/client"
user_auth_scheme_module_path = "/usr/lib/glewlwyd/scheme"
plugin_module_path = "/usr/lib/glewlwyd/plugin"
hash_algorithm = "SHA512"
database = {{ type = "sqlite3"; path = "{database}"; }};
"""


def other_provider():
    """The oidc-provider of the neighbouring test."""
    spec = importlib.util.spec_from_file_location("oidc", HERE.parent / "oidc" / "test.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def new_key(kid):
    """A private RSA key as a JWK."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_numbers()

    def number(value):
        return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()

    return {"kty": "RSA", "alg": "RS256", "kid": kid, "n": number(key.public_numbers.n), "e": number(key.public_numbers.e), "d": number(key.d), "p": number(key.p),
            "q": number(key.q), "dp": number(key.dmp1), "dq": number(key.dmq1), "qi": number(key.iqmp)}


class Session:
    """A browser that stays signed in."""

    def __init__(self, root):
        self.root = root
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), NoRedirects())

    def call(self, method, path, body=None, form=None):
        data = json.dumps(body).encode() if body is not None else urllib.parse.urlencode(form).encode() if form else None
        kind = {"Content-Type": "application/json"} if body is not None else {}
        request = urllib.request.Request(self.root + path, data, kind, method=method)
        try:
            with self.opener.open(request, timeout=20) as reply:
                text = reply.read()
                return reply.status, reply.headers, json.loads(text) if text and b"json" in reply.headers.get("Content-Type", "").encode() else text
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def need(self, method, path, body=None):
        status, _, reply = self.call(method, path, body)
        assert status == 200, (method, path, status, reply[:500])
        return reply


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Glewlwyd:
    def __init__(self, directory, people):
        self.port = free_port()
        self.root = f"http://127.0.0.1:{self.port}"
        self.issuer = self.root + "/api/oidc"
        self.keys = [new_key("first")]
        database = directory / "glewlwyd.db"
        with sqlite3.connect(database) as db:
            db.executescript(SCHEMA.read_text())
        (directory / "glewlwyd.conf").write_text(CONFIG.format(port=self.port, database=database))
        self.log = open(directory / "glewlwyd.log", "wb")
        self.process = subprocess.Popen(["glewlwyd", "-c", str(directory / "glewlwyd.conf")], stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        try:
            self.wait()
            self.fill(people)
        except BaseException:
            self.__exit__()
            print((directory / "glewlwyd.log").read_text()[-3000:])
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()

    def wait(self):
        end = time.monotonic() + 60
        while True:
            try:
                return urllib.request.urlopen(self.root + "/config", timeout=5).read()
            except urllib.error.HTTPError:
                return None
            except OSError:
                assert time.monotonic() < end and self.process.poll() is None, "Glewlwyd did not start"
                time.sleep(0.1)

    def plugin(self):
        return {"module": "oidc", "name": "oidc", "display_name": "oidc", "parameters": {
            "iss": self.issuer, "jwt-type": "rsa", "jwt-key-size": "256", "jwks-private": json.dumps({"keys": self.keys}), "default-kid": self.keys[0]["kid"],
            "jwks-show": True, "access-token-duration": 3600, "refresh-token-duration": 3600, "code-duration": 600, "refresh-token-rolling": False,
            "allow-non-oidc": True, "auth-type-code-enabled": True, "auth-type-token-enabled": False, "auth-type-id-token-enabled": True,
            "auth-type-password-enabled": False, "auth-type-client-enabled": False, "auth-type-device-enabled": False, "auth-type-refresh-enabled": False,
            "pkce-allowed": True, "pkce-required": True, "subject-type": "public", "allowed-scope": ["openid", "rights"],
            "resource-allowed": True, "resource-scope": {"rights": [RESOURCE, "https://other.test/"]}, "resource-client-property": "", "resource-scope-and-client-property": False,
            "additional-parameters": [{"user-parameter": "email", "token-parameter": "email"}]}}

    def fill(self, people):
        self.admin = Session(self.root)
        self.admin.need("POST", "/api/auth", {"username": "admin", "password": "password"})
        self.admin.need("POST", "/api/scope", {"name": "rights", "display_name": "rights", "password_required": True, "password_max_age": 0, "scheme": {}})
        self.admin.need("POST", "/api/client", {"client_id": "desktop", "name": "desktop", "confidential": False, "enabled": True, "redirect_uri": [REDIRECT],
                                                "authorization_type": ["code"], "scope": ["openid", "rights"]})
        for address in people:
            self.admin.need("POST", "/api/user", {"username": address.split("@")[0], "password": "a long password", "email": address, "enabled": True,
                                                  "scope": ["g_profile", "openid", "rights"]})
        self.admin.need("POST", "/api/mod/plugin", self.plugin())

    def rotate(self):
        """A new key signs; the one before is still published."""
        self.keys.insert(0, new_key(secrets.token_hex(4)))
        self.reload()

    def forget_old_keys(self):
        del self.keys[1:]
        self.reload()

    def reload(self):
        self.admin.need("PUT", "/api/mod/plugin/oidc", self.plugin())
        self.admin.need("PUT", "/api/mod/plugin/oidc/reset")

    def token(self, person, resource=RESOURCE):
        browser = Session(self.root)
        browser.need("POST", "/api/auth", {"username": person.split("@")[0], "password": "a long password"})
        browser.need("PUT", "/api/auth/grant/desktop", {"scope": "openid rights"})
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = urllib.parse.urlencode({"client_id": "desktop", "response_type": "code", "redirect_uri": REDIRECT, "scope": "openid rights", "nonce": "n", "state": "s",
                                        "code_challenge": challenge, "code_challenge_method": "S256", "resource": resource, "g_continue": ""})
        status, headers, reply = browser.call("GET", "/api/oidc/auth?" + query)
        landed = urllib.parse.parse_qs(urllib.parse.urlsplit(headers.get("Location", "")).query)
        assert status == 302 and "code" in landed, (status, headers.get("Location"), reply)
        status, _, reply = browser.call("POST", "/api/oidc/token", form={"grant_type": "authorization_code", "code": landed["code"][0], "redirect_uri": REDIRECT,
                                                                       "client_id": "desktop", "code_verifier": verifier, "resource": resource})
        assert status == 200, (status, reply)
        return reply["access_token"]


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def templates(lab, token):
    return lab.http("GET", "/my/v2/templates", None, {"Authorization": "Bearer " + token})[0]


def packed(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forgeries(token, of_the_other):
    """What can be made of good tokens without a key."""
    header, payload, signature = token.split(".")
    yield "no signature", f"{packed({'alg': 'none'})}.{payload}."
    yield "signature cut off", f"{header}.{payload}."
    yield "another signature", f"{header}.{payload}.{of_the_other.split('.')[2]}"
    yield "another person", f"{header}.{packed({**claims(token), 'email': 'bob@contoso.test'})}.{signature}"
    yield "another issuer", f"{header}.{packed({**claims(token), 'iss': claims(of_the_other)['iss']})}.{signature}"


def two_providers_for_one_tenant():
    # proves: S-036
    # touches: S-037, S-060
    oidc = other_provider()
    oidc.install()
    os.environ["RMS_LOOPBACK_ISSUERS"] = "1"
    people = ("alice@contoso.test", "bob@contoso.test", "stranger@elsewhere.test")
    with Lab(people=("alice", "bob"), login=False) as lab, Glewlwyd(lab.dir, people) as first, oidc.Provider(RESOURCE) as second:
        token = first.token("alice@contoso.test")
        assert claims(token)["iss"] == first.issuer and claims(token)["email"] == "alice@contoso.test", claims(token)
        assert templates(lab, token) == 401, "an issuer nobody configured was accepted"
        for provider in (first, second):
            lab.admin("issuer", "add", provider.issuer, "--audience", RESOURCE)
        other = second.token("bob@contoso.test")
        assert templates(lab, token) == 200 and templates(lab, other) == 200
        rights = {"UserRights": [{"Users": ["bob@contoso.test"], "Rights": ["VIEW"]}], "allowOfflineAccess": False, "IntervalTimeInDays": 0}
        headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
        status, _, made = lab.http("POST", "/my/v2/publishinglicenses", {"PreferDeprecatedAlgorithms": False, "AllowAuditedExtraction": False, "Policy": rights}, headers)
        assert status == 200 and made["Owner"] == "alice@contoso.test", made
        headers["Authorization"] = "Bearer " + other
        status, _, got = lab.http("POST", "/my/v2/enduserlicenses", {"SerializedPublishingLicense": made["SerializedPublishingLicense"]}, headers)
        assert status == 200 and got["Rights"] == ["VIEW"], got

        for what, forged in forgeries(token, other):
            status, headers, reply = lab.http("GET", "/my/v2/templates", None, {"Authorization": "Bearer " + forged})
            assert status == 401 and reply["Reason"] == "not-authenticated", (what, status, reply)
            assert 'authorization_uri="https://' in headers["WWW-Authenticate"] and 'resource="https://' in headers["WWW-Authenticate"], what
        assert templates(lab, first.token("alice@contoso.test", "https://other.test/")) == 401, "wrong audience"
        assert templates(lab, first.token("stranger@elsewhere.test")) == 401, "nobody's address"
        # clocks: five minutes of difference are forgiven, more is not
        lab.move_clock(seconds=-240)
        assert templates(lab, first.token("alice@contoso.test")) == 200, "a token from four minutes ahead"
        lab.move_clock(seconds=-240)
        assert templates(lab, first.token("alice@contoso.test")) == 401, "a token from eight minutes ahead"
        lab.move_clock(seconds=480 + 3600 + 240)
        assert templates(lab, token) == 200, "ended four minutes ago"
        lab.move_clock(seconds=120)
        assert templates(lab, token) == 401, "ended six minutes ago"
        lab.move_clock(seconds=-3600 - 360)

        # another key, the old one still published, then no more
        first.rotate()
        lab.move_clock(seconds=120)  # key sets are asked for again at most once a minute
        fresh = first.token("alice@contoso.test")
        assert templates(lab, fresh) == 200 and templates(lab, token) == 200
        first.forget_old_keys()
        first.rotate()
        lab.move_clock(seconds=120)
        assert templates(lab, first.token("alice@contoso.test")) == 200
        assert templates(lab, token) == 401, "a key that is published no more was accepted"
        assert templates(lab, other) == 200, "the other issuer has nothing to do with that"

        lab.admin("issuer", "remove", second.issuer, "--force")
        assert templates(lab, other) == 401 and templates(lab, first.token("alice@contoso.test")) == 200


if __name__ == "__main__":
    main(two_providers_for_one_tenant)
