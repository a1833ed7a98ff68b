/* E-mail addresses in the one form that is compared (text.h). Most are ASCII and need no library. */
#include "base/text.h"

#include <idn2.h>
#include <stdlib.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

static bool ascii_only(struct rms_view text)
{
    uint8_t all = 0;

    for (size_t i = 0; i < text.len; i++) {
        all |= text.data[i];
    }
    return all < 0x80;
}

static struct rms_view trim(struct rms_view text)
{
    while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = rms_view_of(text.data + 1, text.len - 1);
    }
    while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

/* Controls, blanks and invisible characters (which make two addresses look alike) have no place. */
static bool character_fits(ucs4_t c)
{
    const uint32_t refused = UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cf | UC_CATEGORY_MASK_Z;

    if (c < 0x80) {
        return c > 0x20 && c != 0x7f;
    }
    return !uc_is_general_category_withtable(c, refused);
}

static bool characters_fit(struct rms_view text)
{
    size_t pos = 0;
    ucs4_t c;
    int used;

    while (pos < text.len) {
        used = u8_mbtoucr(&c, text.data + pos, text.len - pos);
        if (used <= 0 || !character_fits(c)) {
            return false;
        }
        pos += (size_t)used;
    }
    return true;
}

static void append_lower(struct rms_buf *out, struct rms_view text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        rms_buf_append_byte(out, c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c);
    }
}

static int append_local(struct rms_buf *out, struct rms_view local)
{
    uint8_t *folded;
    size_t len = 0;

    if (ascii_only(local)) {
        append_lower(out, local);
        return rms_buf_status(out);
    }
    folded = u8_casefold(local.data, local.len, NULL, UNINORM_NFC, NULL, &len);
    if (folded == NULL) {
        return RMS_E_NO_MEMORY;
    }
    rms_buf_append(out, folded, len);
    free(folded);
    return rms_buf_status(out);
}

/* Labels of letters, digits, hyphen and underscore, none of them empty. */
static bool domain_fits(struct rms_view domain)
{
    size_t label = 0;

    for (size_t i = 0; i < domain.len; i++) {
        uint8_t c = domain.data[i];

        if (c == '.') {
            if (label == 0) {
                return false;
            }
            label = 0;
            continue;
        }
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_')) {
            return false;
        }
        label++;
    }
    return label > 0;
}

static int append_domain(struct rms_buf *out, struct rms_view domain)
{
    char text[RMS_ADDRESS_MAX];
    char *ascii = NULL;
    size_t start = out->len;
    int status;

    if (ascii_only(domain)) {
        append_lower(out, domain);
    } else {
        memcpy(text, domain.data, domain.len);
        text[domain.len] = '\0';
        status = idn2_to_ascii_8z(text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
        if (status != IDN2_OK) {
            return status == IDN2_MALLOC ? RMS_E_NO_MEMORY : RMS_E_BAD_ARGUMENT;
        }
        append_lower(out, rms_view_str(ascii));
        idn2_free(ascii);
    }
    RMS_TRY(rms_buf_status(out));
    return domain_fits(rms_view_of(out->data + start, out->len - start)) ? 0 : RMS_E_BAD_ARGUMENT;
}

int rms_address_normalise(const char *address, char out[RMS_ADDRESS_MAX])
{
    RMS_BUF_CLEANUP struct rms_buf normal = RMS_BUF_INIT(RMS_ADDRESS_MAX - 1);
    struct rms_view text = trim(rms_view_str(address));
    const uint8_t *at = text.len > 0 ? memchr(text.data, '@', text.len) : NULL;
    size_t local_len;
    int status;

    if (at == NULL || text.len >= RMS_ADDRESS_MAX || !characters_fit(text)) {
        return RMS_E_BAD_ARGUMENT;
    }
    local_len = (size_t)(at - text.data);
    if (local_len == 0 || memchr(at + 1, '@', text.len - local_len - 1) != NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    /* the room at once: what does not fit later is too long, not out of memory */
    if (rms_buf_reserve(&normal, RMS_ADDRESS_MAX - 1) == NULL) {
        return RMS_E_NO_MEMORY;
    }
    status = append_local(&normal, rms_view_of(text.data, local_len));
    if (status == 0) {
        rms_buf_append_byte(&normal, '@');
        status = append_domain(&normal, rms_view_of(at + 1, text.len - local_len - 1));
    }
    if (status == 0) {
        memcpy(out, normal.data, normal.len + 1);
    }
    return status == RMS_E_LIMIT ? RMS_E_BAD_ARGUMENT : status;
}

const char *rms_address_domain(const char *address)
{
    const char *at = strchr(address, '@');

    return at != NULL ? at + 1 : "";
}
