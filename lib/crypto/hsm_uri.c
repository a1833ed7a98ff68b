#include "crypto/hsm_uri.h"

#include <p11-kit/uri.h>
#include <stdlib.h>

static int take_label(const P11KitUri *parsed, struct rms_hsm_uri *uri)
{
    const CK_TOKEN_INFO *token = p11_kit_uri_get_token_info((P11KitUri *)(uintptr_t)parsed);
    size_t len = sizeof token->label;

    memcpy(uri->label, token->label, sizeof token->label);
    while (len > 0 && (uri->label[len - 1] == ' ' || uri->label[len - 1] == '\0')) {
        uri->label[--len] = '\0';
    }
    uri->label[sizeof token->label] = '\0';
    return memchr(uri->label, '\0', sizeof uri->label) != NULL ? 0 : RMS_E_BAD_ARGUMENT;
}

static int take_id(P11KitUri *parsed, struct rms_hsm_uri *uri)
{
    const CK_ATTRIBUTE *id = p11_kit_uri_get_attribute(parsed, CKA_ID);

    if (id == NULL) {
        return 0;
    }
    if (id->ulValueLen > sizeof uri->id) {
        return RMS_E_BAD_ARGUMENT;
    }
    memcpy(uri->id, id->pValue, id->ulValueLen);
    uri->id_len = id->ulValueLen;
    return 0;
}

int rms_hsm_uri_parse(const char *text, struct rms_hsm_uri *uri_out)
{
    P11KitUri *parsed = p11_kit_uri_new();
    int status = RMS_E_BAD_ARGUMENT;

    *uri_out = (struct rms_hsm_uri){0};
    if (parsed == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (p11_kit_uri_parse(text, P11_KIT_URI_FOR_OBJECT_ON_TOKEN, parsed) == P11_KIT_URI_OK &&
        p11_kit_uri_get_pin_value(parsed) == NULL && p11_kit_uri_get_pin_source(parsed) == NULL) {
        status = take_label(parsed, uri_out);
    }
    if (status == 0) {
        status = take_id(parsed, uri_out);
    }
    p11_kit_uri_free(parsed);
    return status;
}

static int put_parts(P11KitUri *uri, const char *label, struct rms_view id)
{
    CK_TOKEN_INFO *token = p11_kit_uri_get_token_info(uri);
    CK_ATTRIBUTE attribute = {CKA_ID, (void *)(uintptr_t)id.data, id.len};

    memset(token->label, ' ', sizeof token->label);
    memcpy(token->label, label, strnlen(label, sizeof token->label));
    return p11_kit_uri_set_attribute(uri, &attribute) == P11_KIT_URI_OK ? 0 : RMS_E_NO_MEMORY;
}

int rms_hsm_uri_format(const char *label, struct rms_view id, struct rms_buf *out)
{
    P11KitUri *uri = p11_kit_uri_new();
    char *text = NULL;
    int status = uri != NULL ? put_parts(uri, label, id) : RMS_E_NO_MEMORY;

    if (status == 0 && p11_kit_uri_format(uri, P11_KIT_URI_FOR_OBJECT_ON_TOKEN, &text) != P11_KIT_URI_OK) {
        status = RMS_E_NO_MEMORY;
    }
    if (status == 0) {
        rms_buf_append_str(out, text);
        status = rms_buf_status(out);
    }
    free(text);
    p11_kit_uri_free(uri);
    return status;
}
