/* Protected files whatever their format: one table of the containers there are, each with its reader and its
 * writer. Everything that protects, opens or asks about files goes through here; what differs between the
 * containers (where licence and content lie, what happens to the name, how the content ends) is told in the
 * fields. */
#ifndef RMS_FORMAT_CONTAINER_H
#define RMS_FORMAT_CONTAINER_H

#include "crypto/content.h"
#include "format/cfb_write.h"
#include "format/pdf.h"
#include "format/pfile.h"

enum rms_container_kind {
    RMS_CONTAINER_PFILE,
    RMS_CONTAINER_PACKAGE, /* compound file around an Office package (docx, xlsx, ...) */
    RMS_CONTAINER_BINARY,  /* compound file around an older Office file (doc, xls, ppt) */
    RMS_CONTAINER_PDF,     /* no content in one piece: read and written by pdf.h */
    RMS_CONTAINER_MESSAGE, /* message.rpmsg, by itself or in the mail that carries it */
};

/* A part of a file: a range of the file itself or of a stream in it. */
struct rms_part {
    struct rms_reader reader;
    uint64_t offset, len;
};

struct rms_rpmsg;

struct rms_container {
    enum rms_container_kind kind;
    bool keeps_name;                         /* the clear file has the same name */
    unsigned major;                          /* version, of a pfile */
    char extension[RMS_PFILE_EXTENSION_MAX]; /* of the clear file as stored; "" when none is */
    uint64_t original_size;                  /* RMS_PFILE_SIZE_UNKNOWN when the container does not tell */
    struct rms_part licence, content;        /* content: the cipher text; of PDF the encrypted document */
    struct rms_part seal;                    /* and the hashes behind it (seal.h); len 0: none */
    struct rms_part note;                    /* of whoever saved it last; len 0: none */
    struct rms_cfb *cfb;                     /* what the parts live in, when it is a compound file */
    uint32_t transform;                      /* there the storage of the licences */
    struct rms_pdf *pdf;                     /* has the licence; the content is its own to read */
    struct rms_rpmsg *rpmsg;                 /* what the compound file of a message lives in */
};

/* Reads what file is. The file must stay until rms_container_close. RMS_E_NOT_PROTECTED when it is none of
 * ours, RMS_E_UNSUPPORTED_VERSION, RMS_E_DAMAGED, or the reader's own code. kind is set also when it fails
 * with RMS_E_DAMAGED. */
RMS_MUST_USE int rms_container_open(const struct rms_reader *file, struct rms_container *container_out);
void rms_container_close(struct rms_container *container);

/* May a file with these first bytes (65536, or all) be protected? A guess that only spares opening it. */
bool rms_container_looks(struct rms_view head);
#define RMS_CONTAINER_CLEANUP __attribute__((cleanup(rms_container_close)))

/* Appends the licence as stored. */
RMS_MUST_USE int rms_container_licence(const struct rms_container *container, struct rms_buf *out);

/* The extension of the clear file whose protected form has this name now. */
const char *rms_container_extension(const struct rms_container *container, const char *name);

/* How the content of this kind is encrypted when the licence says mode. */
enum rms_cipher_mode rms_container_mode(
    enum rms_container_kind kind, unsigned major, enum rms_cipher_mode mode);

/* --- writing --- */

/* What a compound file is going to hold of use licences: this one (stream empty: none), and those of other
 * people in a file before. */
struct rms_eul {
    const char *user;
    char name[32];
    struct rms_view stream;
    const struct rms_container *others; /* NULL: none */
};

struct rms_container_request {
    enum rms_container_kind kind;
    const char *extension;   /* with its dot; "" when none */
    struct rms_view licence; /* in the form of rms_container_form */
    uint64_t size;           /* of the clear content */
    struct rms_view note;    /* of whoever saves; empty: none */
    uint64_t seal_len;       /* what rms_container_finish is going to get */
    /* What stands in clear beside the content is taken from here: the clear file, or one protected before.
     * NULL: nothing. */
    const struct rms_reader *beside;
    struct rms_view summary, document; /* property streams; "": none, or those of beside */
    struct rms_view metadata;          /* of a pfile */
    const struct rms_eul *eul;         /* NULL: no use licences */
};

struct rms_container_out {
    struct rms_writer stream; /* where the content goes, */
    uint64_t content_offset;  /* from here on */
    struct rms_writer file;
    uint64_t seal_offset;
    struct rms_cfb_writer *office;
    struct rms_rpmsg *rpmsg;
    struct rms_container_request request;
};

/* Appends the licence in the form that files of this kind keep it in. */
RMS_MUST_USE int rms_container_form(
    enum rms_container_kind kind, struct rms_view licence, struct rms_buf *out);

/* Everything in front of the content. file and what the request points to must stay until the end.
 * RMS_E_LIMIT when the content is larger than the container can be. */
RMS_MUST_USE int rms_container_begin(const struct rms_container_request *request,
    const struct rms_writer *file, struct rms_container_out *out);
/* When the whole content is written. seal may be empty. */
RMS_MUST_USE int rms_container_finish(struct rms_container_out *out, struct rms_view seal);
void rms_container_abort(struct rms_container_out *out); /* harmless after finish */

#endif
