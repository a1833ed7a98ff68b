"""A browser as far as plain forms need one: pages, cookies, forms with their buttons, and the policies a page sends."""
import html.parser
import http.cookiejar
import os
import time
import urllib.error
import urllib.parse
import urllib.request


class Form:
    def __init__(self, attributes):
        self.action = attributes.get("action", "")
        self.method = attributes.get("method", "get").lower()
        self.fields = {}  # name: its attributes
        self.buttons = []  # attributes


class Parser(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms, self.text, self.tags = [], [], []

    def handle_starttag(self, tag, attrs):
        attributes = {name: value or "" for name, value in attrs}
        self.tags.append((tag, attributes))
        if tag == "form":
            self.forms.append(Form(attributes))
        elif tag == "input" and self.forms:
            self.forms[-1].fields[attributes["name"]] = attributes
        elif tag == "button" and self.forms:
            self.forms[-1].buttons.append(attributes)

    def handle_data(self, data):
        if data.strip() and (not self.tags or self.tags[-1][0] != "style"):
            self.text.append(data.strip())


class Page:
    def __init__(self, url, status, headers, data):
        self.url, self.status, self.headers, self.source = url, status, headers, data.decode(errors="replace")
        self.parser = Parser()
        if "html" in headers.get("Content-Type", ""):
            self.parser.feed(self.source)

    @property
    def text(self):
        return " ".join(self.parser.text)

    @property
    def form(self):
        assert len(self.parser.forms) == 1, self.source
        return self.parser.forms[0]

    def policy(self, directive):
        """The words of one directive of the content security policy; None when it is not named."""
        for part in self.headers.get("Content-Security-Policy", "").split(";"):
            words = part.split()
            if words and words[0] == directive:
                return words[1:]
        return None


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Browser:
    def __init__(self, tls):
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(
            NoRedirect, urllib.request.HTTPCookieProcessor(self.cookies), urllib.request.HTTPSHandler(context=tls),
            urllib.request.ProxyHandler({}))

    def visit(self, url, form=None):
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        try:
            with self.opener.open(urllib.request.Request(url, data), timeout=30) as reply:
                return Page(url, reply.status, reply.headers, reply.read())
        except urllib.error.HTTPError as reply:
            return Page(url, reply.code, reply.headers, reply.read())

    def press(self, page, name, value, **typed):
        """Fills in the page's form and presses one of its buttons, with the rules of a browser."""
        form = page.form
        button = next(b for b in form.buttons if b["name"] == name and b["value"] == value)
        values = {field: attributes.get("value", "") for field, attributes in form.fields.items()}
        assert set(typed) <= set(values), f"no such field: {set(typed) - set(values)}"
        values.update(typed)
        for field, attributes in form.fields.items():
            missing = "required" in attributes and not values[field] and "formnovalidate" not in button
            assert not missing, f"a browser would not send the form without {field}"
        values[name] = value
        assert form.method == "post"
        return self.visit(urllib.parse.urljoin(page.url, form.action) if form.action else page.url, values)

    def follow(self, page, sent_from=None):
        """Goes where a redirect points, if the page whose form led here allows that."""
        assert page.status in (302, 303), (page.status, page.text)
        target = urllib.parse.urlsplit(page.headers["Location"])
        if sent_from is not None:
            allowed = sent_from.policy("form-action")
            own = urllib.parse.urlsplit(sent_from.url)
            assert allowed is not None and (f"{target.scheme}://{target.netloc}" in allowed or
                                            "'self'" in allowed and target[:2] == own[:2]), (allowed, target)
        return self.visit(page.headers["Location"])


def fake_desktop(person):
    """A directory with an xdg-open that only writes down what it should open."""
    place = person.home / "bin"
    place.mkdir()
    opened = person.home / "opened"
    (place / "xdg-open").write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >"{opened}.new" && mv "{opened}.new" "{opened}"\n')
    (place / "xdg-open").chmod(0o755)
    return person.env(PATH=f"{place}:{os.environ['PATH']}", DISPLAY=":77"), opened


def opened_url(opened):
    end = time.monotonic() + 120
    while not opened.exists() and time.monotonic() < end:
        time.sleep(0.05)
    url = opened.read_text().strip()
    opened.unlink()
    return url
