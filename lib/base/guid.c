#include "base/guid.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

static const char hex[] = "0123456789abcdef";

static bool dash_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

/* Names of licences must not repeat: without randomness there is no way on. */
static void fill_random(uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t got = getrandom(bytes, len, 0);

        if (got < 0 && errno != EINTR) {
            abort();
        }
        if (got > 0) {
            bytes += got;
            len -= (size_t)got;
        }
    }
}

void rms_guid_new(char guid_out[RMS_GUID_TEXT])
{
    uint8_t bytes[16];
    size_t nibble = 0;

    fill_random(bytes, sizeof bytes);
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < RMS_GUID_TEXT - 1; i++) {
        if (dash_at(i)) {
            guid_out[i] = '-';
            continue;
        }
        guid_out[i] = hex[nibble % 2 == 0 ? bytes[nibble / 2] >> 4 : bytes[nibble / 2] & 0x0f];
        nibble++;
    }
    guid_out[RMS_GUID_TEXT - 1] = '\0';
}

/* The lower-case hex digit, or 0. */
static char hex_digit(uint8_t c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')) {
        return (char)c;
    }
    return c >= 'A' && c <= 'F' ? (char)(c + ('a' - 'A')) : '\0';
}

int rms_guid_parse(struct rms_view text, char guid_out[RMS_GUID_TEXT])
{
    char guid[RMS_GUID_TEXT] = "";

    if (text.len == RMS_GUID_TEXT + 1 && text.data[0] == '{' && text.data[text.len - 1] == '}') {
        text = rms_view_of(text.data + 1, text.len - 2);
    }
    if (text.len != RMS_GUID_TEXT - 1) {
        return RMS_E_BAD_ARGUMENT;
    }
    for (size_t i = 0; i < text.len; i++) {
        guid[i] = dash_at(i) && text.data[i] == '-' ? '-' : hex_digit(text.data[i]);
        if (guid[i] == '\0' || dash_at(i) != (guid[i] == '-')) {
            return RMS_E_BAD_ARGUMENT;
        }
    }
    memcpy(guid_out, guid, sizeof guid);
    return 0;
}
