/* The few HTML pages people see: sign-in, device confirmation, messages. Plain forms, no script, usable by
 * keyboard, with a screen reader, and on a phone of 320 pixels. Every interpolated text is escaped here. */
#ifndef RMS_SERVICE_PAGE_H
#define RMS_SERVICE_PAGE_H

#include "base/bytes.h"
#include "service/request.h"

#define RMS_PAGE_MAX   65536
#define RMS_NONCE_TEXT 23 /* base64url of 16 bytes and NUL */

void rms_page_nonce_new(char nonce_out[RMS_NONCE_TEXT]);

/* & < > " ' as references; control characters and bytes that are not UTF-8 as U+FFFD. NULL is "". */
void rms_page_escape(struct rms_buf *out, const char *text);

/* Texts may be NULL where "or NULL" is said. */
struct rms_page_signin {
    const char *nonce;
    const char *csrf;    /* form token */
    const char *client;  /* who asks, as a person knows it */
    const char *address; /* what was typed or hinted, or NULL */
    const char *error;   /* what went wrong, or NULL */
    bool passcode;       /* a code may be asked for */
    const char *sign_up; /* address of the page to sign up at, or NULL */
};

void rms_page_signin(struct rms_buf *out, const struct rms_page_signin *page);

/* Where the code is typed that was sent to an address. */
struct rms_page_passcode {
    const char *nonce;
    const char *csrf;
    const char *client;
    const char *address;
    const char *proof;
    const char *error; /* or NULL */
};
void rms_page_passcode(struct rms_buf *out, const struct rms_page_passcode *page);
#define RMS_PAGE_REFERENCE 6 /* characters of the proof that page and mail both show */

/* First the address; with a token name and password. */
struct rms_page_signup {
    const char *nonce;
    const char *csrf;
    const char *organisation;
    const char *address;    /* or NULL */
    const char *first_name; /* or NULL */
    const char *last_name;  /* or NULL */
    const char *proof;      /* with token */
    const char *token;      /* NULL: the first step */
    const char *error;      /* or NULL */
};
void rms_page_signup(struct rms_buf *out, const struct rms_page_signup *page);

struct rms_page_device {
    const char *nonce;
    const char *csrf;
    const char *code;    /* user code typed or linked, or NULL */
    const char *client;  /* confirmation only */
    const char *address; /* confirmation only, or NULL */
    const char *error;   /* or NULL */
};

/* First step: type the code. Second step: see who asks, check the code, sign in, allow or refuse. */
void rms_page_device_code(struct rms_buf *out, const struct rms_page_device *page);
void rms_page_device_confirm(struct rms_buf *out, const struct rms_page_device *page);

/* A heading and one paragraph. */
void rms_page_message(struct rms_buf *out, const char *nonce, const char *heading, const char *text);

/* Makes the reply a page: type, status, and the headers that keep it from being framed, cached, scripted or
 * leaked by Referer. form_source: further place a form may lead to (source expression), or NULL.
 * RMS_E_LIMIT when the page did not fit, RMS_E_NO_MEMORY. */
RMS_MUST_USE int rms_page_reply(
    struct rms_request *request, struct rms_reply *reply, const char *nonce, const char *form_source);

#endif
