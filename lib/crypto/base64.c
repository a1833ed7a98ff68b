#include "crypto/base64.h"

#include <openssl/evp.h>

/* OpenSSL codes a block in one call, with int lengths and a NUL behind; it does not judge the text: that is
 * done here. Steps are multiples of 3 bytes and 4 characters. */
#define ENCODE_STEP 12288u
#define DECODE_STEP 4096u

void rms_base64_encode(struct rms_buf *out, struct rms_view data)
{
    while (data.len > 0) {
        size_t step = data.len < ENCODE_STEP ? data.len : ENCODE_STEP;
        uint8_t *place = rms_buf_reserve(out, RMS_BASE64_LEN(step));

        if (place == NULL) {
            return;
        }
        rms_buf_commit(out, (size_t)EVP_EncodeBlock(place, data.data, (int)step));
        data = rms_view_of(data.data + step, data.len - step);
    }
}

void rms_base64url_encode(struct rms_buf *out, struct rms_view data)
{
    RMS_BUF_CLEANUP struct rms_buf padded = RMS_BUF_INIT(SIZE_MAX / 2);
    size_t len = data.len / 3 * 4 + (data.len % 3 > 0 ? data.len % 3 + 1 : 0);

    rms_base64_encode(&padded, data);
    if (rms_buf_status(&padded) != 0) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < len; i++) {
        uint8_t c = padded.data[i];

        padded.data[i] = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    rms_buf_append(out, padded.data, len);
}

/* Whole groups of four. EVP_DecodeBlock trims some characters at both ends: then it returns fewer bytes. It
 * takes '=' anywhere as zero, so that is looked for here. */
static int decode_groups(struct rms_view text, struct rms_buf *out)
{
    if (text.len > 0 && memchr(text.data, '=', text.len) != NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    while (text.len > 0) {
        size_t step = text.len < DECODE_STEP ? text.len : DECODE_STEP;
        size_t bytes = step / 4 * 3;
        uint8_t *place = rms_buf_reserve(out, bytes);

        if (place == NULL) {
            return RMS_E_LIMIT;
        }
        if (EVP_DecodeBlock(place, text.data, (int)step) != (int)bytes) {
            return RMS_E_BAD_ARGUMENT;
        }
        rms_buf_commit(out, bytes);
        text = rms_view_of(text.data + step, text.len - step);
    }
    return 0;
}

/* A last group of 2 or 3 symbols carries 1 or 2 bytes. Its spare bits must be zero, so that one value has one
 * text: filled up with 'A' (zero) it must decode to zeros behind those bytes. */
static int decode_rest(struct rms_view text, struct rms_buf *out)
{
    RMS_BUF_CLEANUP struct rms_buf group = RMS_BUF_INIT(3);
    uint8_t symbols[4] = {'A', 'A', 'A', 'A'};

    if (text.len == 0) {
        return 0;
    }
    if (text.len == 1) {
        return RMS_E_BAD_ARGUMENT;
    }
    memcpy(symbols, text.data, text.len);
    RMS_TRY(decode_groups(rms_view_of(symbols, sizeof symbols), &group));
    if (group.data[2] != 0 || (text.len == 2 && group.data[1] != 0)) {
        return RMS_E_BAD_ARGUMENT;
    }
    rms_buf_append(out, group.data, text.len - 1);
    return rms_buf_status(out);
}

/* Symbols of the standard alphabet without padding. Leaves out as it was on failure. */
static int decode_symbols(struct rms_view symbols, struct rms_buf *out)
{
    size_t whole = symbols.len / 4 * 4;
    size_t before = out->len;
    int status = decode_groups(rms_view_of(symbols.data, whole), out);

    if (status == 0) {
        status = decode_rest(rms_view_of(symbols.data + whole, symbols.len - whole), out);
    }
    if (status != 0) {
        rms_buf_truncate(out, before);
    }
    return status;
}

int rms_base64_decode(struct rms_view text, struct rms_buf *out)
{
    size_t pads = 0;

    if (text.len % 4 != 0) {
        return RMS_E_BAD_ARGUMENT;
    }
    while (pads < 2 && pads < text.len && text.data[text.len - 1 - pads] == '=') {
        pads++;
    }
    return text.len == 0 ? 0 : decode_symbols(rms_view_of(text.data, text.len - pads), out);
}

int rms_base64_decode_spaced(struct rms_view text, struct rms_buf *out)
{
    RMS_BUF_CLEANUP struct rms_buf dense = RMS_BUF_INIT(SIZE_MAX / 2);

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            rms_buf_append_byte(&dense, c);
        }
    }
    RMS_TRY(rms_buf_status(&dense));
    return rms_base64_decode(rms_buf_view(&dense), out);
}

int rms_base64url_decode(struct rms_view text, struct rms_buf *out)
{
    RMS_BUF_CLEANUP struct rms_buf standard = RMS_BUF_INIT(SIZE_MAX / 2);
    uint8_t *place = rms_buf_reserve(&standard, text.len);
    uint8_t foreign = 0;

    if (place == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        foreign |= (uint8_t)(c == '+' || c == '/');
        place[i] = c == '-' ? '+' : c == '_' ? '/' : c;
    }
    rms_buf_commit(&standard, text.len);
    return foreign != 0 ? RMS_E_BAD_ARGUMENT : decode_symbols(rms_buf_view(&standard), out);
}
