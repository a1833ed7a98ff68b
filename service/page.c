#include "service/page.h"

#include <stdarg.h>
#include <unistr.h>

#include "crypto/base64.h"
#include "crypto/random.h"

void rms_page_nonce_new(char nonce_out[RMS_NONCE_TEXT])
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(64);
    uint8_t random[16];

    rms_random(random, sizeof random);
    rms_base64url_encode(&text, rms_view_of(random, sizeof random));
    memcpy(nonce_out, rms_buf_text(&text), RMS_NONCE_TEXT);
}

#define REPLACEMENT "\xef\xbf\xbd"

static const char *reference(ucs4_t c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return c < 0x20 || (c >= 0x7f && c < 0xa0) ? REPLACEMENT : NULL;
    }
}

void rms_page_escape(struct rms_buf *out, const char *text)
{
    struct rms_view rest = rms_view_str(text);

    while (rest.len > 0) {
        ucs4_t c;
        int used = u8_mbtoucr(&c, rest.data, rest.len);
        const char *instead = used > 0 ? reference(c) : REPLACEMENT;

        used = used > 0 ? used : 1;
        if (instead != NULL) {
            rms_buf_append_str(out, instead);
        } else {
            rms_buf_append(out, rest.data, (size_t)used);
        }
        rest = rms_view_of(rest.data + used, rest.len - (size_t)used);
    }
}

/* printf with one conversion, %s, which escapes; so no text reaches a page unescaped. */
__attribute__((format(printf, 2, 3))) static void add(struct rms_buf *out, const char *format, ...)
{
    va_list list;
    const char *percent;

    va_start(list, format);
    while ((percent = strstr(format, "%s")) != NULL) {
        rms_buf_append(out, format, (size_t)(percent - format));
        rms_page_escape(out, va_arg(list, const char *));
        format = percent + 2;
    }
    va_end(list);
    rms_buf_append_str(out, format);
}

/* Contrast: text on card at least 7:1, button and error text at least 4.5:1, in both colour schemes. */
static const char style[] =
    ":root{color-scheme:light dark;--back:#eef1f4;--card:#fff;--text:#1b1f24;--soft:#4d5560;--line:#6b7480;"
    "--act:#0b57a4;--on-act:#fff;--bad:#a8071a}"
    "@media(prefers-color-scheme:dark){:root{--back:#14171a;--card:#1e2226;--text:#e8eaed;--soft:#b4bcc6;"
    "--line:#8a939e;--act:#8ab8f0;--on-act:#0b1a2b;--bad:#ffb4ab}}"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--back);color:var(--text);font:1rem/1.5 system-ui,sans-serif}"
    "main{max-width:26rem;margin:0 auto;padding:1.25rem;background:var(--card)}"
    "@media(min-width:30rem){main{margin:8vh auto;padding:2rem;border-radius:.5rem}}"
    "h1{font-size:1.4rem;line-height:1.25;margin:0 0 1rem}"
    "p{margin:0 0 1rem;overflow-wrap:anywhere}"
    "label{display:block;font-weight:600;margin:0 0 .25rem}"
    "input{display:block;width:100%;font:inherit;color:inherit;background:transparent;padding:.6rem;"
    "margin:0 0 1rem;border:1px solid var(--line);border-radius:.25rem}"
    "input[aria-invalid]{border-color:var(--bad);border-width:2px}"
    "button{font:inherit;font-weight:600;min-height:2.75rem;padding:.5rem 1.25rem;margin:0 .5rem .5rem 0;"
    "border:1px solid "
    "var(--act);border-radius:.25rem;background:var(--act);color:var(--on-act);cursor:pointer}"
    "button.plain{background:transparent;color:var(--text);border-color:var(--line)}"
    ":focus-visible{outline:3px solid var(--act);outline-offset:2px}"
    ".error{color:var(--bad);font-weight:600}"
    ".soft{color:var(--soft)}"
    ".code{font:600 1.5rem ui-monospace,monospace;letter-spacing:.1em}"
    "dt{color:var(--soft)}dd{margin:0 0 .75rem;font-weight:600;overflow-wrap:anywhere}";

static void head(struct rms_buf *out, const char *nonce, const char *title)
{
    add(out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"robots\" content=\"noindex\">\n<title>%s</title>\n<style nonce=\"%s\">",
        title, nonce);
    rms_buf_append(out, style, sizeof style - 1);
    add(out, "</style>\n</head>\n<body>\n<main>\n<h1>%s</h1>\n", title);
}

static void foot(struct rms_buf *out)
{
    rms_buf_append_str(out, "</main>\n</body>\n</html>\n");
}

/* The paragraph that the fields refer to by aria-describedby. */
static void error_line(struct rms_buf *out, const char *error)
{
    if (error != NULL) {
        add(out, "<p class=\"error\" id=\"error\" role=\"alert\">%s</p>\n", error);
    }
}

static const char *error_marks(const char *error)
{
    return error != NULL ? " aria-invalid=\"true\" aria-describedby=\"error\"" : "";
}

/* No action attribute: the form goes to the address of the page itself, query included. */
static void form_open(struct rms_buf *out, const char *csrf)
{
    add(out, "<form method=\"post\">\n<input type=\"hidden\" name=\"csrf\" value=\"%s\">\n", csrf);
}

/* Address and password. The first field still to be filled has the focus. */
static void credentials(struct rms_buf *out, const char *address, const char *error)
{
    bool known = address != NULL && address[0] != '\0';

    rms_buf_append_str(out,
        "<label for=\"username\">E-mail address</label>\n"
        "<input id=\"username\" name=\"username\" type=\"email\" autocomplete=\"username\" "
        "autocapitalize=\"none\" spellcheck=\"false\" maxlength=\"254\" required");
    rms_buf_append_str(out, error_marks(error));
    rms_buf_append_str(out, known ? "" : " autofocus");
    add(out, " value=\"%s\">\n<label for=\"password\">Password</label>\n", address);
    rms_buf_append_str(out, "<input id=\"password\" name=\"password\" type=\"password\" "
                            "autocomplete=\"current-password\" maxlength=\"1024\" required");
    rms_buf_append_str(out, error_marks(error));
    rms_buf_append_str(out, known ? " autofocus>\n" : ">\n");
}

void rms_page_signin(struct rms_buf *out, const struct rms_page_signin *page)
{
    head(out, page->nonce, "Sign in");
    add(out, "<p>to continue to <strong>%s</strong></p>\n", page->client);
    error_line(out, page->error);
    form_open(out, page->csrf);
    credentials(out, page->address, page->error);
    rms_buf_append_str(out, "<button name=\"decision\" value=\"allow\">Sign in</button>\n"
                            "<button class=\"plain\" name=\"decision\" value=\"deny\" formnovalidate>Cancel"
                            "</button>\n");
    if (page->passcode) {
        rms_buf_append_str(out,
            "<p class=\"soft\">Guests can sign in without a password: type your address, then</p>\n"
            "<button class=\"plain\" name=\"decision\" value=\"passcode\" formnovalidate>Send me a "
            "code</button>\n");
    }
    rms_buf_append_str(out, "</form>\n");
    if (page->sign_up != NULL) {
        add(out, "<p><a href=\"%s\">Make an account</a></p>\n", page->sign_up);
    }
    foot(out);
}

void rms_page_passcode(struct rms_buf *out, const struct rms_page_passcode *page)
{
    char reference[RMS_PAGE_REFERENCE + 1] = "";

    memcpy(reference, page->proof, strnlen(page->proof, RMS_PAGE_REFERENCE));
    head(out, page->nonce, "Type the code");
    add(out, "<p>to continue to <strong>%s</strong></p>\n", page->client);
    add(out,
        "<p>If <strong>%s</strong> is a guest here, a message with a code is on its way. It must show the "
        "reference <strong>%s</strong>.</p>\n",
        page->address, reference);
    error_line(out, page->error);
    form_open(out, page->csrf);
    add(out,
        "<input type=\"hidden\" name=\"username\" value=\"%s\">\n<input type=\"hidden\" name=\"proof\" "
        "value=\"%s\">\n",
        page->address, page->proof);
    rms_buf_append_str(out,
        "<label for=\"code\">Code</label>\n<input class=\"code\" id=\"code\" name=\"code\" "
        "inputmode=\"numeric\" "
        "autocomplete=\"one-time-code\" pattern=\"[0-9 ]*\" maxlength=\"16\" required autofocus");
    rms_buf_append_str(out, error_marks(page->error));
    rms_buf_append_str(out,
        ">\n<button name=\"decision\" value=\"code\">Sign in</button>\n"
        "<button class=\"plain\" name=\"decision\" value=\"passcode\" formnovalidate>Send another"
        "</button>\n"
        "<button class=\"plain\" name=\"decision\" value=\"deny\" formnovalidate>Cancel"
        "</button>\n</form>\n");
    foot(out);
}

static void signup_address(struct rms_buf *out, const struct rms_page_signup *page)
{
    rms_buf_append_str(out,
        "<label for=\"username\">E-mail address</label>\n"
        "<input id=\"username\" name=\"username\" type=\"email\" autocomplete=\"email\" "
        "autocapitalize=\"none\" spellcheck=\"false\" maxlength=\"254\" required autofocus");
    rms_buf_append_str(out, error_marks(page->error));
    add(out, " value=\"%s\">\n<button name=\"step\" value=\"address\">Continue</button>\n", page->address);
}

static void signup_account(struct rms_buf *out, const struct rms_page_signup *page)
{
    add(out,
        "<input type=\"hidden\" name=\"proof\" value=\"%s\">\n<input type=\"hidden\" name=\"token\" "
        "value=\"%s\">\n",
        page->proof, page->token);
    add(out,
        "<label for=\"first_name\">First name</label>\n<input id=\"first_name\" name=\"first_name\" "
        "autocomplete=\"given-name\" maxlength=\"100\" required autofocus value=\"%s\">\n"
        "<label for=\"last_name\">Last name</label>\n<input id=\"last_name\" name=\"last_name\" "
        "autocomplete=\"family-name\" maxlength=\"100\" required value=\"%s\">\n",
        page->first_name, page->last_name);
    rms_buf_append_str(out,
        "<label for=\"password\">Password (at least 10 characters)</label>\n"
        "<input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"new-password\" "
        "minlength=\"10\" maxlength=\"511\" required");
    rms_buf_append_str(out, error_marks(page->error));
    rms_buf_append_str(out, ">\n<button name=\"step\" value=\"account\">Make my account</button>\n");
}

void rms_page_signup(struct rms_buf *out, const struct rms_page_signup *page)
{
    head(out, page->nonce, "Make an account");
    add(out, "<p>to open documents of <strong>%s</strong></p>\n", page->organisation);
    error_line(out, page->error);
    form_open(out, page->csrf);
    (page->token != NULL ? signup_account : signup_address)(out, page);
    rms_buf_append_str(out, "</form>\n");
    foot(out);
}

void rms_page_device_code(struct rms_buf *out, const struct rms_page_device *page)
{
    head(out, page->nonce, "Connect a device");
    rms_buf_append_str(out, "<p>Type the code that your device or terminal shows.</p>\n");
    error_line(out, page->error);
    form_open(out, page->csrf);
    rms_buf_append_str(out, "<label for=\"user_code\">Code</label>\n"
                            "<input class=\"code\" id=\"user_code\" name=\"user_code\" autocomplete=\"off\" "
                            "autocapitalize=\"characters\" spellcheck=\"false\" maxlength=\"16\" required "
                            "autofocus");
    rms_buf_append_str(out, error_marks(page->error));
    add(out, " value=\"%s\">\n<button name=\"step\" value=\"code\">Continue</button>\n</form>\n", page->code);
    foot(out);
}

/* RFC 8628 section 5.4: the person must see what asks and compare the code, since the code may have been sent
 * by somebody else. */
void rms_page_device_confirm(struct rms_buf *out, const struct rms_page_device *page)
{
    head(out, page->nonce, "Is this your device?");
    add(out,
        "<dl>\n<dt>Wants to sign in as you</dt><dd>%s</dd>\n<dt>Code</dt><dd class=\"code\">%s</dd>\n</dl>\n",
        page->client, page->code);
    rms_buf_append_str(out,
        "<p>Go on only if you started this yourself and your device shows exactly this "
        "code. If somebody sent you the code, refuse: they would get access as you.</p>\n");
    error_line(out, page->error);
    form_open(out, page->csrf);
    add(out, "<input type=\"hidden\" name=\"user_code\" value=\"%s\">\n", page->code);
    credentials(out, page->address, page->error);
    rms_buf_append_str(out, "<button name=\"step\" value=\"allow\">Sign in and allow</button>\n"
                            "<button class=\"plain\" name=\"step\" value=\"deny\" formnovalidate>Refuse"
                            "</button>\n</form>\n");
    foot(out);
}

void rms_page_message(struct rms_buf *out, const char *nonce, const char *heading, const char *text)
{
    head(out, nonce, heading);
    add(out, "<p>%s</p>\n", text);
    foot(out);
}

int rms_page_reply(
    struct rms_request *request, struct rms_reply *reply, const char *nonce, const char *form_source)
{
    const char *policy = rms_arena_printf(request->arena,
        "default-src 'none'; style-src 'nonce-%s'; form-action 'self'%s%s; frame-ancestors 'none'; "
        "base-uri 'none'",
        nonce, form_source != NULL ? " " : "", form_source != NULL ? form_source : "");

    RMS_TRY(rms_buf_status(&reply->body));
    if (policy == NULL) {
        return RMS_E_NO_MEMORY;
    }
    reply->type = "text/html; charset=utf-8";
    reply->page = true;
    reply->final = true;
    rms_reply_header(reply, "Content-Security-Policy", policy);
    rms_reply_header(reply, "X-Frame-Options", "DENY");
    rms_reply_header(reply, "Referrer-Policy", "no-referrer");
    rms_reply_header(reply, "Cache-Control", "no-store");
    return 0;
}
