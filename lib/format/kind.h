/* File kinds: which extension is protected how and under which name (protected-file-formats section 2,
 * client-requirements 2.1). One table; everything that asks about extensions asks here. */
#ifndef RMS_FORMAT_KIND_H
#define RMS_FORMAT_KIND_H

#include "base/bytes.h"

enum rms_kind_class {
    RMS_KIND_OTHER,  /* anything not in the table: generic */
    RMS_KIND_TEXT,   /* .txt becomes .ptxt: pfile container, own extension */
    RMS_KIND_IMAGE,  /* .jpg becomes .pjpg */
    RMS_KIND_OFFICE, /* natively protected under its own name by Office clients */
    RMS_KIND_PDF,
    RMS_KIND_GENERIC,   /* in the table for its label metadata, protected generically */
    RMS_KIND_PROTECTED, /* extension of files that are protected already */
    RMS_KIND_EXCLUDED,  /* never protected (C-049) */
    RMS_KIND_MAIL,      /* protected as a message, by verbs for files only when that is enabled (C-050) */
};

/* Where a label is kept in the clear file (client-requirements 2.1, column "Metadata home"). */
enum rms_kind_home {
    RMS_HOME_NONE,
    RMS_HOME_OPC, /* docProps/custom.xml or the LabelInfo part */
    RMS_HOME_OLE, /* properties of a compound file */
    RMS_HOME_PDF,
    RMS_HOME_XMP,
    RMS_HOME_HEADER, /* of a mail: only where mails are files to protect (C-077) */
};

struct rms_kind {
    const char *extension; /* lower case, without dot */
    enum rms_kind_class class;
    enum rms_kind_home home;
    unsigned key_bits;  /* content key of its native or generic protection */
    bool label_only;    /* may carry a label without protection */
    bool edit_in_place; /* an application can edit and save it protected */
    bool inspected;     /* content is looked at for sensitive information */
    unsigned max_mb;    /* largest clear file protected natively (C-052); 0: no limit of its own */
};

/* The row for a file name or path, by its extension without regard to case; never NULL. Names without
 * extension (a leading dot does not start one) give the row of other files. */
const struct rms_kind *rms_kind_of(const char *name);

/* The i-th row for documentation and tests, NULL behind the last. */
const struct rms_kind *rms_kind_row(size_t i);

/* The extension with its dot, "" when there is none. Borrowed from name. */
const char *rms_kind_extension(const char *name);

/* The administrator's setting for an extension (C-047). */
enum rms_kind_setting { RMS_SETTING_DEFAULT, RMS_SETTING_NATIVE, RMS_SETTING_PFILE, RMS_SETTING_OFF };

/* "Native", "Pfile", "Off" in any case; everything else is the default, as C-047 says. */
enum rms_kind_setting rms_kind_setting_parse(const char *text);

/* How a file is going to be protected. */
enum rms_kind_form {
    RMS_FORM_OFFICE, /* compound file, name unchanged; what only has the name of one gets RMS_FORM_PFILE */
    RMS_FORM_PDF,    /* PDF, name unchanged; what only has the name of one gets RMS_FORM_PFILE */
    RMS_FORM_PREFIX, /* pfile container, "p" before the extension */
    RMS_FORM_PFILE,  /* pfile container, ".pfile" appended */
};

/* RMS_E_FILE_BLOCKED for excluded kinds and for "Off"; RMS_E_ALREADY_PROTECTED for an extension of protected
 * files. */
RMS_MUST_USE int rms_kind_form_of(
    const struct rms_kind *kind, enum rms_kind_setting setting, enum rms_kind_form *form_out);

/* The protected name for a clear one, both without directory. RMS_E_NAME_TOO_LONG past 255 bytes. */
#define RMS_NAME_MAX 256 /* with NUL */
RMS_MUST_USE int rms_kind_protected_name(const char *name, enum rms_kind_form form, char out[RMS_NAME_MAX]);

/* The clear name for a protected one (C-071): the base name is the file's current one, the extension is the
 * one stored in the container ("" when it stores none). */
RMS_MUST_USE int rms_kind_clear_name(const char *name, const char *stored_extension, char out[RMS_NAME_MAX]);

/* Does the name look like that of a pfile container (.pfile, .ptxt, ...)? The content decides, this is a
 * hint. */
bool rms_kind_looks_protected(const char *name);

#endif
