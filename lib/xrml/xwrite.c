#include "xrml/xwrite.h"

#include <strings.h>

#include "base/text.h"
#include "crypto/base64.h"
#include "xrml/xread.h"

/* GUIDs Microsoft servers use for these (section 2, table). */
#define REFERRAL_GUID "81c42010-208a-458a-bab6-c3c60f06dd5f"

int rms_xw_status(const struct rms_xwriter *w)
{
    return w->bad ? RMS_E_BAD_ARGUMENT : rms_buf_status(w->out);
}

void rms_xw_raw(struct rms_xwriter *w, const char *markup)
{
    rms_buf_append_str(w->out, markup);
}

void rms_xw_view(struct rms_xwriter *w, struct rms_view markup)
{
    rms_buf_append_view(w->out, markup);
}

/* Which control characters may stand as they are: a parser would change the others. */
static bool needs_reference(uint8_t c, bool attribute)
{
    return c == '\r' || (attribute && (c == '\n' || c == '\t'));
}

/* U+FFFE and U+FFFF: valid UTF-8, no XML. */
static bool has_noncharacter(const char *text)
{
    return strstr(text, "\xef\xbf\xbe") != NULL || strstr(text, "\xef\xbf\xbf") != NULL;
}

static size_t clean_run(const char *text, bool attribute)
{
    size_t len = 0;

    while (text[len] != 0 && !needs_reference((uint8_t)text[len], attribute)) {
        len++;
    }
    return len;
}

static bool forbidden_control(const char *text)
{
    for (; *text != 0; text++) {
        if ((uint8_t)*text < 0x20 && *text != '\t' && *text != '\n' && *text != '\r') {
            return true;
        }
    }
    return false;
}

static void escape(struct rms_xwriter *w, const char *text, bool attribute)
{
    size_t len;

    if (text == NULL || !rms_text_valid(rms_view_str(text)) || forbidden_control(text) ||
        has_noncharacter(text)) {
        w->bad = true;
        return;
    }
    while (*text != 0) {
        len = clean_run(text, attribute);
        rms_text_xml_escape(w->out, rms_view_of(text, len));
        text += len;
        if (*text != 0) {
            rms_buf_printf(w->out, "&#%d;", *text);
            text++;
        }
    }
}

void rms_xw_text(struct rms_xwriter *w, const char *text)
{
    escape(w, text, false);
}

void rms_xw_attr(struct rms_xwriter *w, const char *name, const char *value)
{
    rms_buf_append_byte(w->out, ' ');
    rms_xw_raw(w, name);
    rms_xw_raw(w, "=\"");
    escape(w, value, true);
    rms_buf_append_byte(w->out, '"');
}

void rms_xw_open(struct rms_xwriter *w, const char *tag)
{
    rms_buf_append_byte(w->out, '<');
    rms_xw_raw(w, tag);
    rms_buf_append_byte(w->out, '>');
}

void rms_xw_close(struct rms_xwriter *w, const char *tag)
{
    rms_xw_raw(w, "</");
    rms_xw_raw(w, tag);
    rms_buf_append_byte(w->out, '>');
}

void rms_xw_element(struct rms_xwriter *w, const char *tag, const char *text)
{
    rms_xw_open(w, tag);
    rms_xw_text(w, text);
    rms_xw_close(w, tag);
}

void rms_xw_time(struct rms_xwriter *w, const char *tag, int64_t time)
{
    char text[RMS_TIME_TEXT];

    rms_time_xrml(time, text);
    rms_xw_element(w, tag, text);
    w->bad = w->bad || time == RMS_TIME_NONE;
}

void rms_xw_range(struct rms_xwriter *w, const char *tag, int64_t from, int64_t until)
{
    rms_xw_open(w, tag);
    if (from != RMS_TIME_NONE) {
        rms_xw_time(w, "FROM", from);
    } else {
        rms_xw_element(w, "FROM", RMS_XTIME_FIRST);
    }
    if (until != RMS_TIME_NONE) {
        rms_xw_time(w, "UNTIL", until);
    } else {
        rms_xw_element(w, "UNTIL", RMS_XTIME_LAST);
    }
    rms_xw_close(w, tag);
}

void rms_xw_guid(struct rms_xwriter *w, const char *guid)
{
    char plain[RMS_GUID_TEXT];

    if (guid == NULL || rms_guid_parse(rms_view_str(guid), plain) != 0) {
        w->bad = true;
        return;
    }
    rms_buf_append_byte(w->out, '{');
    rms_xw_raw(w, plain);
    rms_buf_append_byte(w->out, '}');
}

void rms_xw_base64(struct rms_xwriter *w, struct rms_view bytes)
{
    rms_base64_encode(w->out, bytes);
}

void rms_xw_value(struct rms_xwriter *w, struct rms_view bytes)
{
    rms_buf_printf(w->out, "<VALUE encoding=\"base64\" size=\"%zu\">", bytes.len * 8);
    rms_xw_base64(w, bytes);
    rms_xw_close(w, "VALUE");
}

void rms_xw_object(struct rms_xwriter *w, const struct rms_xw_object *object)
{
    rms_xw_raw(w, "<OBJECT");
    if (object->type != NULL) {
        rms_xw_attr(w, "type", object->type);
    }
    rms_xw_raw(w, "><ID type=\"MS-GUID\">");
    rms_xw_guid(w, object->guid);
    rms_xw_close(w, "ID");
    if (object->name != NULL) {
        rms_xw_element(w, "NAME", object->name);
    }
    if (object->url != NULL) {
        rms_xw_raw(w, "<ADDRESS type=\"URL\">");
        rms_xw_text(w, object->url);
        rms_xw_close(w, "ADDRESS");
    }
    rms_xw_close(w, "OBJECT");
}

void rms_xw_public_key(struct rms_xwriter *w, const struct rms_rsa_public *key)
{
    rms_xw_raw(w, "<PUBLICKEY><ALGORITHM>RSA</ALGORITHM><PARAMETER name=\"public-exponent\">"
                  "<VALUE encoding=\"integer32\">65537</VALUE></PARAMETER><PARAMETER name=\"modulus\">");
    rms_xw_value(w, rms_view_of(key->modulus, key->bits / 8));
    rms_xw_raw(w, "</PARAMETER></PUBLICKEY>");
}

void rms_xw_bits(struct rms_xwriter *w, struct rms_view blob)
{
    w->bad = w->bad || blob.len == 0;
    rms_xw_raw(w, "<ENABLINGBITS type=\"sealed-key-v2\">");
    rms_xw_value(w, blob);
    rms_xw_close(w, "ENABLINGBITS");
}

void rms_xw_level(struct rms_xwriter *w, const char *name, const char *value)
{
    rms_xw_raw(w, "<SECURITYLEVEL");
    rms_xw_attr(w, "name", name);
    rms_xw_attr(w, "value", value);
    rms_xw_raw(w, " />");
}

void rms_xw_point(
    struct rms_xwriter *w, const char *type, const char *guid, const char *name, const char *url)
{
    const struct rms_xw_object object = {type, guid, name, url};

    if (url == NULL) {
        return;
    }
    rms_xw_open(w, "DISTRIBUTIONPOINT");
    rms_xw_object(w, &object);
    rms_xw_close(w, "DISTRIBUTIONPOINT");
}

void rms_xw_referral(struct rms_xwriter *w, const char *address)
{
    rms_xw_point(w, "Referral-Info", REFERRAL_GUID, NULL, address);
}

static bool has_element_form(const char *name)
{
    static const char *const names[] = {"VIEW", "EDIT", "PRINT", "EXPORT", "EXTRACT"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

void rms_xw_right_open(struct rms_xwriter *w, const char *name)
{
    if (has_element_form(name)) {
        rms_xw_open(w, name);
        return;
    }
    rms_xw_raw(w, "<RIGHT");
    rms_xw_attr(w, "name", name);
    rms_xw_raw(w, ">");
}

void rms_xw_right_close(struct rms_xwriter *w, const char *name)
{
    rms_xw_close(w, has_element_form(name) ? name : "RIGHT");
}

void rms_xw_owner(struct rms_xwriter *w, const char *owner)
{
    rms_xw_raw(w, "<METADATA><OWNER><OBJECT><ID type=\"Unspecified\" />");
    rms_xw_element(w, "NAME", owner);
    rms_xw_raw(w, "</OBJECT></OWNER></METADATA>");
}

void rms_xw_data(struct rms_xwriter *w, const char *id, const char *name, const char *value)
{
    rms_xw_raw(w, "<AUTHENTICATEDDATA");
    rms_xw_attr(w, "id", id);
    rms_xw_attr(w, "name", name);
    rms_xw_raw(w, ">");
    rms_xw_text(w, value);
    rms_xw_close(w, "AUTHENTICATEDDATA");
}

void rms_xw_free_data(struct rms_xwriter *w, const char *id, const struct rms_name_value *data)
{
    if (data->name == NULL || strncasecmp(data->name, RMS_XOWN_PREFIX, sizeof RMS_XOWN_PREFIX - 1) == 0) {
        w->bad = true;
        return;
    }
    rms_xw_data(w, id, data->name, data->value);
}

static void write_signature(struct rms_xwriter *w, struct rms_view digest, struct rms_view signature)
{
    rms_xw_raw(w, "<SIGNATURE><DIGEST><ALGORITHM>SHA256</ALGORITHM><PARAMETER name=\"codingtype\">"
                  "<VALUE encoding=\"string\">surface-coding</VALUE></PARAMETER>");
    rms_xw_value(w, digest);
    rms_xw_raw(w, "</DIGEST><ALGORITHM>RSA PKCS#1-V1.5</ALGORITHM>");
    rms_xw_value(w, signature);
    rms_xw_raw(w, "</SIGNATURE>");
}

int rms_xw_with_signature(const struct rms_signed_body *body, const char *purpose, struct rms_buf *out)
{
    struct rms_xwriter w = RMS_XWRITER(out);

    rms_xw_raw(&w, "<XrML xmlns=\"\" version=\"1.2\"");
    if (purpose != NULL) {
        rms_xw_attr(&w, "purpose", purpose);
    }
    rms_xw_raw(&w, ">");
    rms_xw_view(&w, body->body);
    write_signature(&w, rms_view_of(body->digest, RMS_SHA256_BYTES), body->signature);
    rms_xw_close(&w, "XrML");
    return rms_xw_status(&w);
}

int rms_xw_signed(
    const struct rms_signer *signer, struct rms_view body, const char *purpose, struct rms_buf *out)
{
    RMS_BUF_CLEANUP struct rms_buf signature = RMS_BUF_INIT(RMS_RSA_BYTES_MAX);
    uint8_t digest[RMS_HASH_MAX];

    if (signer->key.bits < 2048 && !signer->legacy) {
        return RMS_E_WEAK_CRYPTO;
    }
    RMS_TRY(rms_hash_utf16(RMS_SHA256, body, digest));
    RMS_TRY(signer->sign(signer->context, RMS_SHA256, digest, &signature));
    if (signature.len != signer->key.bits / 8) {
        return RMS_E_INTERNAL;
    }
    return rms_xw_with_signature(
        &(const struct rms_signed_body){body, digest, rms_buf_view(&signature)}, purpose, out);
}

void rms_xw_levels_of(struct rms_xwriter *w, const struct rms_xnode *node)
{
    const struct rms_xnode *level = rms_xnode_child(node, "SECURITYLEVEL");

    for (; level != NULL; level = rms_xnode_sibling(level, "SECURITYLEVEL")) {
        rms_xw_view(w, level->source);
    }
}
