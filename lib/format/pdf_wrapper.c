#include "format/pdf_wrapper.h"

#include <inttypes.h>
#include <stdio.h>

#define HEAD_LEN 4096u /* the payload begins here */
#define NAME     "MicrosoftIRMServices Protected PDF.pdf"
#define TEXT_MAX 8192u

/* Objects 1 to 4; the next are made when they are written, the seventh is the payload. */
static const char page_text[] =
    "BT /F1 18 Tf 72 740 Td (This document is protected.) Tj "
    "/F1 11 Tf 0 -32 Td (It is encrypted. Only the people whom its author named can read it, and only in a) "
    "Tj "
    "0 -15 Td (program that supports rights management for PDF.) Tj "
    "0 -30 Td (With OpenRMS:   rms status FILE   tells who protected it,   rms open FILE   opens it.) Tj ET";

static const char *const objects[] = {
    "<< /Type /Catalog /Pages 2 0 R /Collection << /Type /Collection /D (" NAME ") /View /H >> "
    "/AF [ 6 0 R ] /Names << /EmbeddedFiles << /Names [ (" NAME ") 6 0 R ] >> >> >>",
    "<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>",
    ("<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 595 842 ] /Contents 5 0 R "
     "/Resources << /Font << /F1 4 0 R >> >> >>"),
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
};
#define TEXT    5u /* the page's */
#define SPEC    6u
#define OBJECTS ((size_t)6)

/* The entry of the seal is between the two; readers pass over what they do not know. */
static const char spec_head[] = "<< /Type /Filespec /F (" NAME ") /UF (" NAME ") "
                                "/Desc (This embedded file is encrypted using MicrosoftIRMServices filter) "
                                "/AFRelationship /EncryptedPayload "
                                "/EP << /Type /EncryptedPayload /Subtype /MicrosoftIRMServices /Version 2";
static const char spec_tail[] = " >> /EF << /F 7 0 R /UF 7 0 R >> >>";

struct table {
    uint64_t places[OBJECTS + 1];
};

uint64_t rms_pdf_wrapper_payload(void)
{
    return HEAD_LEN;
}

static void emit_spec(struct rms_buf *out, struct rms_view seal)
{
    rms_buf_append_str(out, spec_head);
    if (seal.len > 0) {
        rms_buf_append_str(out, " /OpenRMSSeal <");
        for (size_t i = 0; i < seal.len; i++) {
            rms_buf_printf(out, "%02x", seal.data[i]);
        }
        rms_buf_append_byte(out, '>');
    }
    rms_buf_append_str(out, spec_tail);
}

static void emit_object(struct rms_buf *out, size_t number, struct rms_view seal)
{
    if (number == SPEC) {
        emit_spec(out, seal);
    } else if (number == TEXT) {
        rms_buf_printf(out, "<< /Length %zu >>\nstream\n%s\nendstream", sizeof page_text - 1, page_text);
    } else {
        rms_buf_append_str(out, objects[number - 1]);
    }
}

/* Ends with the line "stream" at HEAD_LEN: blanks in front of the last object fill what is left. */
static int emit_head(struct rms_buf *out, const struct rms_pdf_wrap *wrap, struct table *table)
{
    char last[256];
    int len = snprintf(last, sizeof last,
        "7 0 obj\n<< /Type /EmbeddedFile /Subtype /application#2Fpdf /Params << /Size %" PRIu64
        " >> /Length %" PRIu64 " >>\nstream\n",
        wrap->payload_len, wrap->payload_len);

    rms_buf_append_str(out, "%PDF-2.0\n%\xe2\xe3\xcf\xd3\n");
    for (size_t i = 0; i < OBJECTS; i++) {
        table->places[i] = out->len;
        rms_buf_printf(out, "%zu 0 obj\n", i + 1);
        emit_object(out, i + 1, wrap->seal);
        rms_buf_append_str(out, "\nendobj\n");
    }
    RMS_TRY(rms_buf_status(out));
    if (len < 0 || out->len + (size_t)len > HEAD_LEN) {
        return RMS_E_INTERNAL;
    }
    while (out->len + (size_t)len < HEAD_LEN - 1) {
        rms_buf_append_byte(out, ' ');
    }
    if (out->len + (size_t)len < HEAD_LEN) {
        rms_buf_append_byte(out, '\n');
    }
    table->places[OBJECTS] = out->len;
    rms_buf_append_str(out, last);
    return rms_buf_status(out);
}

static int emit_end(struct rms_buf *out, uint64_t offset, const struct table *table, const uint8_t id[16])
{
    static const char begin[] = "\nendstream\nendobj\n";

    rms_buf_append_str(out, begin);
    rms_buf_printf(out, "xref\n0 %zu\n0000000000 65535 f \n", OBJECTS + 2);
    for (size_t i = 0; i <= OBJECTS; i++) {
        rms_buf_printf(out, "%010" PRIu64 " 00000 n \n", table->places[i]);
    }
    rms_buf_printf(out, "trailer\n<< /Size %zu /Root 1 0 R /ID [ ", OBJECTS + 2);
    for (int twice = 0; twice < 2; twice++) {
        rms_buf_append_byte(out, '<');
        for (size_t i = 0; i < 16; i++) {
            rms_buf_printf(out, "%02x", id[i]);
        }
        rms_buf_append_str(out, "> ");
    }
    rms_buf_printf(out, "] >>\nstartxref\n%" PRIu64 "\n%%%%EOF\n", offset + sizeof begin - 1);
    return rms_buf_status(out);
}

int rms_pdf_wrapper_write(const struct rms_writer *out, const struct rms_pdf_wrap *wrap, uint64_t *len_out)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TEXT_MAX);
    uint64_t end = HEAD_LEN + wrap->payload_len;
    struct table table;

    RMS_TRY(emit_head(&text, wrap, &table));
    RMS_TRY(out->write(out->context, 0, text.data, text.len));
    rms_buf_reset(&text);
    RMS_TRY(emit_end(&text, end, &table, wrap->id));
    RMS_TRY(out->write(out->context, end, text.data, text.len));
    *len_out = end + text.len;
    return 0;
}
