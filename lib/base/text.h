/* Text: UTF-8 everywhere inside; UTF-16LE where the formats hash or store it. */
#ifndef RMS_BASE_TEXT_H
#define RMS_BASE_TEXT_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/cursor.h"

/* Well-formed UTF-8 without NUL. */
bool rms_text_valid(struct rms_view utf8);

/* No control characters (C0, DEL, C1), and well-formed: fit for names, logs and terminals. */
bool rms_text_printable(struct rms_view utf8);

/* Appends UTF-16LE. The input must be well-formed UTF-8 (RMS_E_BAD_ARGUMENT otherwise); NUL is a character
 * like others here. ASCII runs are fast. */
RMS_MUST_USE int rms_text_to_utf16(struct rms_view utf8, struct rms_buf *out);

/* Appends UTF-8; odd length or lone surrogates are RMS_E_BAD_ARGUMENT. */
RMS_MUST_USE int rms_text_from_utf16(struct rms_view utf16le, struct rms_buf *out);

/* UTF-16LE piece by piece, for hashing without storing: converts from the cursor until out is nearly full,
 * returns the bytes written. Done when the cursor is at its end; ill-formed UTF-8 marks it bad. */
#define RMS_UTF16_CHUNK_MIN 256 /* least cap */
size_t rms_text_utf16_chunk(struct rms_cursor *utf8, uint8_t *out, size_t cap);

/* ASCII case-insensitive comparison, for protocol words and right names. */
bool rms_text_equal_nocase(const char *a, const char *b);

/* E-mail addresses: the form compared everywhere. Trims blanks, folds case (Unicode), converts the domain
 * with IDNA (libunistring, libidn2). RMS_E_BAD_ARGUMENT unless there is exactly one @ with text on both
 * sides, a domain of letters, digits, hyphens and underscores, at most 254 bytes, and no control character,
 * blank or invisible character inside. */
#define RMS_ADDRESS_MAX 255
RMS_MUST_USE int rms_address_normalise(const char *address, char out[RMS_ADDRESS_MAX]);

/* The part behind @; the address must be normalised. */
const char *rms_address_domain(const char *address);

/* XML-escapes & < > " into out. */
void rms_text_xml_escape(struct rms_buf *out, struct rms_view text);

/* Nearest of a NULL-terminated list by edit distance (at most 2), or NULL: for "did you mean". */
const char *rms_text_nearest(const char *word, const char *const *list);

#endif
