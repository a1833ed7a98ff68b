/* Code pages of mails by number, as Windows knows them, and by name, as MIME and iconv do. */
#include <errno.h>
#include <iconv.h>

#include "base/text.h"
#include "format/message.h"

#define STEP 4096u

static const struct {
    uint32_t code_page;
    const char *charset;
} pages[] = {
    {65001, "utf-8"},
    {20127, "us-ascii"},
    {1250, "windows-1250"},
    {1251, "windows-1251"},
    {1252, "windows-1252"},
    {1253, "windows-1253"},
    {1254, "windows-1254"},
    {1255, "windows-1255"},
    {1256, "windows-1256"},
    {1257, "windows-1257"},
    {1258, "windows-1258"},
    {28591, "iso-8859-1"},
    {28592, "iso-8859-2"},
    {28593, "iso-8859-3"},
    {28594, "iso-8859-4"},
    {28595, "iso-8859-5"},
    {28596, "iso-8859-6"},
    {28597, "iso-8859-7"},
    {28598, "iso-8859-8"},
    {28599, "iso-8859-9"},
    {28603, "iso-8859-13"},
    {28605, "iso-8859-15"},
    {20866, "koi8-r"},
    {21866, "koi8-u"},
    {874, "cp874"},
    {932, "shift_jis"},
    {936, "gb2312"},
    {949, "euc-kr"},
    {950, "big5"},
    {50220, "iso-2022-jp"},
    {51932, "euc-jp"},
    {54936, "gb18030"},
    {1200, "utf-16le"},
};

const char *rms_code_page_charset(uint32_t code_page)
{
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        if (pages[i].code_page == code_page) {
            return pages[i].charset;
        }
    }
    return NULL;
}

uint32_t rms_code_page_of(const char *charset)
{
    for (size_t i = 0; charset != NULL && i < sizeof pages / sizeof pages[0]; i++) {
        if (rms_text_equal_nocase(pages[i].charset, charset)) {
            return pages[i].code_page;
        }
    }
    return 0;
}

/* As far as iconv goes; over one bad byte. */
static int convert(iconv_t with, struct rms_view bytes, struct rms_buf *out)
{
    char *in = (char *)(uintptr_t)bytes.data;
    size_t left = bytes.len;

    while (left > 0) {
        char step[STEP];
        char *place = step;
        size_t room = sizeof step;
        size_t status = iconv(with, &in, &left, &place, &room);
        int reason = errno;

        rms_buf_append(out, step, sizeof step - room);
        if (status == (size_t)-1 && reason != E2BIG) {
            rms_buf_append_str(out, "\xef\xbf\xbd");
            in++;
            left--;
        }
        RMS_TRY(rms_buf_status(out));
    }
    return rms_buf_status(out);
}

int rms_code_page_text(uint32_t code_page, struct rms_view bytes, struct rms_buf *out)
{
    const char *charset = rms_code_page_charset(code_page);
    iconv_t with = charset != NULL ? iconv_open("utf-8", charset) : (iconv_t)-1;
    int status;

    if (with == (iconv_t)-1) {
        return RMS_E_UNSUPPORTED;
    }
    status = convert(with, bytes, out);
    (void)iconv_close(with);
    return status;
}
