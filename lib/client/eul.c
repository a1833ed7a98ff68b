#include "client/eul.h"

#include <stdio.h>

#include "base/text.h"
#include "client/access.h"
#include "client/opened.h"
#include "crypto/base64.h"
#include "crypto/random.h"
#include "format/office.h"

#define GUID_BYTES 16
#define BASE32_LEN 26

static void base32(const uint8_t bytes[GUID_BYTES], char out[BASE32_LEN + 1])
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    for (unsigned i = 0; i < BASE32_LEN; i++) {
        unsigned bit = i * 5;
        unsigned pair = (unsigned)bytes[bit / 8] << 8 | (bit / 8 + 1 < GUID_BYTES ? bytes[bit / 8 + 1] : 0u);

        out[i] = alphabet[pair >> (11 - bit % 8) & 31];
    }
    out[BASE32_LEN] = '\0';
}

static int write_chain(const struct rms_access *access, struct rms_buf *out)
{
    struct rms_chain chain;

    RMS_TRY(rms_chain_parse(access->arena, access->use_chain, &chain));
    rms_buf_append_str(out, "<?xml version=\"1.0\"?><certificatechain>");
    for (size_t i = 0; i < chain.count; i++) {
        struct rms_buf RMS_BUF_CLEANUP wide = RMS_BUF_INIT(RMS_EUL_MAX);

        RMS_TRY(rms_text_to_utf16(chain.nodes[i].xrml->source, &wide));
        rms_buf_append_str(out, "<certificate>");
        rms_base64_encode(out, rms_buf_view(&wide));
        rms_buf_append_str(out, "</certificate>");
    }
    rms_buf_append_str(out, "</certificatechain>");
    return rms_buf_status(out);
}

static int write_stream(const struct rms_access *access, struct rms_buf *out)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(RMS_EUL_MAX);

    RMS_TRY(write_chain(access, &text));
    return rms_ds_emit_eul(access->address, rms_buf_view(&text), out);
}

int rms_eul_make(const struct rms_opened *opened, struct rms_buf *out, struct rms_eul *eul_out)
{
    const struct rms_access *access = opened->access;
    uint8_t guid[GUID_BYTES];
    char name[BASE32_LEN + 1];
    int status;

    *eul_out = (struct rms_eul){.user = access->address, .others = &opened->container};
    if (eul_out->others->cfb == NULL || access->use_chain.len == 0 || !access->offline_kept) {
        return 0;
    }
    status = write_stream(access, out);
    if (status != 0) {
        return status == RMS_E_LIMIT ? 0 : status;
    }
    rms_random(guid, sizeof guid);
    base32(guid, name);
    (void)snprintf(eul_out->name, sizeof eul_out->name, "EUL-%s", name);
    eul_out->stream = rms_buf_view(out);
    return 0;
}

int rms_eul_chain(struct rms_arena *arena, struct rms_view text, struct rms_buf *chain_out)
{
    const struct rms_xnode *chain;
    struct rms_xtext xml;

    RMS_TRY(rms_xtext_parse(arena, text, &xml));
    chain = xml.root->first;
    if (chain == NULL || !rms_text_equal_nocase(chain->name, "certificatechain")) {
        return RMS_E_BAD_LICENSE;
    }
    for (const struct rms_xnode *node = chain->first; node != NULL; node = node->next) {
        struct rms_buf RMS_BUF_CLEANUP wide = RMS_BUF_INIT(RMS_EUL_MAX);

        if (!rms_text_equal_nocase(node->name, "certificate") ||
            rms_base64_decode_spaced(rms_view_str(node->text), &wide) != 0 ||
            rms_text_from_utf16(rms_buf_view(&wide), chain_out) != 0) {
            return RMS_E_BAD_LICENSE;
        }
    }
    return rms_buf_status(chain_out);
}
