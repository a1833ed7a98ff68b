#include "format/kind.h"

#include <stdio.h>

#include "base/text.h"

#define PFILE    ".pfile"
#define WORD_MAX 512u /* MB */

/* Shorthand for rows of one family. */
#define OPC(ext, inspected)                                                                                  \
    {                                                                                                        \
        ext, RMS_KIND_OFFICE, RMS_HOME_OPC, 256, true, true, inspected, 0                                    \
    }
#define OLE(ext, label, inspected)                                                                           \
    {                                                                                                        \
        ext, RMS_KIND_OFFICE, RMS_HOME_OLE, 256, label, true, inspected, 0                                   \
    }
#define WORD(ext, home)                                                                                      \
    {                                                                                                        \
        ext, RMS_KIND_OFFICE, home, 256, true, true, true, WORD_MAX                                          \
    }
#define TEXT(ext)                                                                                            \
    {                                                                                                        \
        ext, RMS_KIND_TEXT, RMS_HOME_NONE, 256, false, false, true, 0                                        \
    }
#define IMAGE(ext, home, inspected)                                                                          \
    {                                                                                                        \
        ext, RMS_KIND_IMAGE, home, 256, (home) != RMS_HOME_NONE, false, inspected, 0                         \
    }
#define GENERIC(ext, home)                                                                                   \
    {                                                                                                        \
        ext, RMS_KIND_GENERIC, home, 256, (home) != RMS_HOME_NONE, false, false, 0                           \
    }
#define LOOKED_INTO(ext)                                                                                     \
    {                                                                                                        \
        ext, RMS_KIND_GENERIC, RMS_HOME_NONE, 256, false, false, true, 0                                     \
    }
#define PROTECTED(ext)                                                                                       \
    {                                                                                                        \
        ext, RMS_KIND_PROTECTED, RMS_HOME_NONE, 256, false, false, false, 0                                  \
    }
#define MAIL(ext, home)                                                                                      \
    {                                                                                                        \
        ext, RMS_KIND_MAIL, home, 256, false, false, true, 0                                                 \
    }
#define EXCLUDED(ext)                                                                                        \
    {                                                                                                        \
        ext, RMS_KIND_EXCLUDED, RMS_HOME_NONE, 0, false, false, false, 0                                     \
    }

static const struct rms_kind rows[] = {
    WORD("docx", RMS_HOME_OPC),
    WORD("docm", RMS_HOME_OPC),
    WORD("dotx", RMS_HOME_OPC),
    WORD("dotm", RMS_HOME_OPC),
    OPC("xlsx", true),
    OPC("xlsm", true),
    OPC("xlsb", true),
    OPC("xltx", true),
    OPC("xltm", true),
    OPC("pptx", true),
    OPC("pptm", true),
    OPC("ppsx", true),
    OPC("ppsm", true),
    OPC("potx", true),
    OPC("potm", true),
    OPC("vsdx", false),
    OPC("vsdm", false),
    OPC("vssx", false),
    OPC("vssm", false),
    OPC("vstx", false),
    OPC("vstm", false),
    {"xlam", RMS_KIND_OFFICE, RMS_HOME_OPC, 256, false, true, false, 0},
    {"thmx", RMS_KIND_OFFICE, RMS_HOME_NONE, 256, false, true, false, 0},
    {"xps", RMS_KIND_OFFICE, RMS_HOME_OPC, 256, true, false, false, 0},
    WORD("doc", RMS_HOME_OLE),
    WORD("dot", RMS_HOME_OLE),
    OLE("xls", true, true),
    OLE("xlt", true, true),
    OLE("ppt", true, true),
    OLE("pps", true, true),
    OLE("xla", false, false),
    {"pot", RMS_KIND_GENERIC, RMS_HOME_NONE, 256, false, false, true, 0},
    {"pdf", RMS_KIND_PDF, RMS_HOME_PDF, 256, true, false, true, 0},
    TEXT("txt"),
    TEXT("xml"),
    IMAGE("jpg", RMS_HOME_XMP, false),
    IMAGE("jpeg", RMS_HOME_XMP, false),
    IMAGE("jpe", RMS_HOME_XMP, false),
    IMAGE("jfif", RMS_HOME_XMP, false),
    IMAGE("jif", RMS_HOME_XMP, false),
    IMAGE("png", RMS_HOME_XMP, false),
    IMAGE("tif", RMS_HOME_XMP, true),
    IMAGE("tiff", RMS_HOME_XMP, true),
    IMAGE("bmp", RMS_HOME_NONE, false),
    IMAGE("gif", RMS_HOME_NONE, false),
    IMAGE("giff", RMS_HOME_NONE, false),
    IMAGE("jt", RMS_HOME_NONE, false),
    GENERIC("jfi", RMS_HOME_XMP),
    GENERIC("vsd", RMS_HOME_OLE),
    GENERIC("vdw", RMS_HOME_OLE),
    GENERIC("vss", RMS_HOME_OLE),
    GENERIC("vst", RMS_HOME_OLE),
    GENERIC("oxps", RMS_HOME_OPC),
    GENERIC("dwfx", RMS_HOME_OPC),
    GENERIC("mpp", RMS_HOME_OLE),
    GENERIC("mpt", RMS_HOME_OLE),
    GENERIC("pub", RMS_HOME_OLE),
    GENERIC("psd", RMS_HOME_XMP),
    GENERIC("dng", RMS_HOME_XMP),
    LOOKED_INTO("csv"),
    LOOKED_INTO("rtf"),
    LOOKED_INTO("zip"),
    LOOKED_INTO("odt"),
    LOOKED_INTO("ods"),
    LOOKED_INTO("odp"),
    PROTECTED("pfile"),
    PROTECTED("ppdf"),
    PROTECTED("ptxt"),
    PROTECTED("pxml"),
    PROTECTED("pjpg"),
    PROTECTED("pjpeg"),
    PROTECTED("pjpe"),
    PROTECTED("pjfif"),
    PROTECTED("pjif"),
    PROTECTED("ppng"),
    PROTECTED("ptif"),
    PROTECTED("ptiff"),
    PROTECTED("pbmp"),
    PROTECTED("pgif"),
    PROTECTED("pgiff"),
    PROTECTED("pjt"),
    PROTECTED("rpmsg"),
    MAIL("eml", RMS_HOME_HEADER),
    MAIL("msg", RMS_HOME_NONE),
    EXCLUDED("lnk"),
    EXCLUDED("exe"),
    EXCLUDED("com"),
    EXCLUDED("cmd"),
    EXCLUDED("bat"),
    EXCLUDED("dll"),
    EXCLUDED("ini"),
    EXCLUDED("pst"),
    EXCLUDED("sca"),
    EXCLUDED("drm"),
    EXCLUDED("sys"),
    EXCLUDED("cpl"),
    EXCLUDED("inf"),
    EXCLUDED("drv"),
    EXCLUDED("dat"),
    EXCLUDED("tmp"),
    EXCLUDED("msp"),
    EXCLUDED("msi"),
    EXCLUDED("pdb"),
    EXCLUDED("jar"),
};

static const struct rms_kind other = {"", RMS_KIND_OTHER, RMS_HOME_NONE, 256, false, false, false, 0};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

const char *rms_kind_extension(const char *name)
{
    const char *base = base_name(name);
    const char *dot = strrchr(base, '.');

    if (dot == NULL || dot == base || dot[1] == '\0') {
        return base + strlen(base);
    }
    return dot;
}

static const struct rms_kind *row_of(const char *extension)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rms_text_equal_nocase(rows[i].extension, extension)) {
            return &rows[i];
        }
    }
    return NULL;
}

const struct rms_kind *rms_kind_of(const char *name)
{
    const char *extension = rms_kind_extension(name);
    const struct rms_kind *row = extension[0] != '\0' ? row_of(extension + 1) : NULL;

    return row != NULL ? row : &other;
}

const struct rms_kind *rms_kind_row(size_t i)
{
    return i < sizeof rows / sizeof rows[0] ? &rows[i] : NULL;
}

enum rms_kind_setting rms_kind_setting_parse(const char *text)
{
    static const struct {
        const char *word;
        enum rms_kind_setting setting;
    } words[] = {{"Native", RMS_SETTING_NATIVE}, {"Pfile", RMS_SETTING_PFILE}, {"Off", RMS_SETTING_OFF}};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (rms_text_equal_nocase(words[i].word, text)) {
            return words[i].setting;
        }
    }
    return RMS_SETTING_DEFAULT;
}

int rms_kind_form_of(const struct rms_kind *kind, enum rms_kind_setting setting, enum rms_kind_form *form_out)
{
    /* The form of each class by default, and whether a setting may choose the other one (C-047: no effect on
     * Office). */
    static const struct {
        int code;
        enum rms_kind_form form;
        bool choice;
    } forms[] = {
        [RMS_KIND_OTHER] = {0, RMS_FORM_PFILE, true},
        [RMS_KIND_TEXT] = {0, RMS_FORM_PREFIX, true},
        [RMS_KIND_IMAGE] = {0, RMS_FORM_PREFIX, true},
        [RMS_KIND_OFFICE] = {0, RMS_FORM_OFFICE, false},
        [RMS_KIND_PDF] = {0, RMS_FORM_PDF, true},
        [RMS_KIND_GENERIC] = {0, RMS_FORM_PFILE, true},
        [RMS_KIND_PROTECTED] = {RMS_E_ALREADY_PROTECTED, RMS_FORM_PFILE, false},
        [RMS_KIND_EXCLUDED] = {RMS_E_FILE_BLOCKED, RMS_FORM_PFILE, false},
        [RMS_KIND_MAIL] = {RMS_E_FILE_BLOCKED, RMS_FORM_PFILE, false},
    };
    int code = forms[kind->class].code;

    if (code == 0 && setting == RMS_SETTING_OFF) {
        code = RMS_E_FILE_BLOCKED;
    }
    *form_out = forms[kind->class].form;
    if (forms[kind->class].choice && setting == RMS_SETTING_NATIVE && kind->class != RMS_KIND_PDF) {
        *form_out = RMS_FORM_PREFIX;
    }
    if (forms[kind->class].choice && setting == RMS_SETTING_PFILE) {
        *form_out = RMS_FORM_PFILE;
    }
    return code;
}

/* stem_len bytes of name, then two more pieces. */
static int join(
    const char *name, size_t stem_len, const char *middle, const char *end, char out[RMS_NAME_MAX])
{
    int len = stem_len < RMS_NAME_MAX
                  ? snprintf(out, RMS_NAME_MAX, "%.*s%s%s", (int)stem_len, name, middle, end)
                  : -1;

    if (len < 0 || len >= RMS_NAME_MAX) {
        out[0] = '\0';
        return RMS_E_NAME_TOO_LONG;
    }
    return 0;
}

int rms_kind_protected_name(const char *name, enum rms_kind_form form, char out[RMS_NAME_MAX])
{
    const char *extension = rms_kind_extension(name);

    if (form == RMS_FORM_OFFICE || form == RMS_FORM_PDF) {
        return join(name, strlen(name), "", "", out);
    }
    /* a name without extension has nowhere to put the "p" */
    if (form == RMS_FORM_PREFIX && extension[0] != '\0') {
        return join(name, (size_t)(extension - name), ".p", extension + 1, out);
    }
    return join(name, strlen(name), PFILE, "", out);
}

static bool ends_with(const char *name, size_t len, const char *extension)
{
    size_t need = strlen(extension);
    char tail[RMS_NAME_MAX];

    if (need == 0 || need >= len || need >= sizeof tail) {
        return false;
    }
    memcpy(tail, name + len - need, need);
    tail[need] = '\0';
    return rms_text_equal_nocase(tail, extension);
}

/* ".ptxt" is ".txt" with a p: the stored extension says so, or the table when nothing is stored. */
static bool is_prefixed(const char *extension, const char *stored)
{
    const struct rms_kind *row;

    if (extension[0] == '\0' || (extension[1] != 'p' && extension[1] != 'P')) {
        return false;
    }
    if (stored[0] != '\0' && rms_text_equal_nocase(extension + 2, stored + 1)) {
        return true;
    }
    row = row_of(extension + 1);
    return row != NULL && row->class == RMS_KIND_PROTECTED;
}

int rms_kind_clear_name(const char *name, const char *stored_extension, char out[RMS_NAME_MAX])
{
    const char *extension = rms_kind_extension(name);
    size_t stem = (size_t)(extension - name);

    if (rms_text_equal_nocase(extension, PFILE)) {
        bool complete = stored_extension[0] == '\0' || ends_with(name, stem, stored_extension);

        return join(name, stem, complete ? "" : stored_extension, "", out);
    }
    if (rms_text_equal_nocase(extension, ".rpmsg")) {
        return join(name, stem, stored_extension, "", out);
    }
    if (is_prefixed(extension, stored_extension)) {
        bool stored = stored_extension[0] != '\0';

        return join(name, stem, stored ? stored_extension : ".", stored ? "" : extension + 2, out);
    }
    if (stored_extension[0] == '\0' || rms_text_equal_nocase(extension, stored_extension)) {
        return join(name, strlen(name), "", "", out);
    }
    return join(name, strlen(name), stored_extension, "", out);
}

bool rms_kind_looks_protected(const char *name)
{
    return rms_kind_of(name)->class == RMS_KIND_PROTECTED;
}
