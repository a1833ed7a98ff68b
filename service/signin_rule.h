/* The pure rules of the code flow: PKCE (RFC 7636), redirect addresses (RFC 8252), scopes, user codes
 * (RFC 8628 section 6.1). No store, no clock. */
#ifndef RMS_SERVICE_SIGNIN_RULE_H
#define RMS_SERVICE_SIGNIN_RULE_H

#include "base/bytes.h"

#define RMS_PKCE_CHALLENGE_LEN 43 /* base64url of a SHA-256 */
#define RMS_REDIRECT_MAX       1024
#define RMS_USER_CODE_TEXT     9  /* "BCDFGHJK" with its NUL: as stored */
#define RMS_USER_CODE_SHOWN    10 /* "BCDF-GHJK" with its NUL: as people see it */

/* True when the text has the form of an S256 challenge. */
bool rms_pkce_challenge_valid(const char *challenge);

/* True when SHA-256 of the verifier (43 to 128 unreserved characters) is the challenge. */
bool rms_pkce_verify(const char *verifier, const char *challenge);

/* True when uri is the registered one, byte for byte. A registered text whose port is '*' and whose host is
 * 127.0.0.1, [::1] or localhost stands for any port (RFC 8252 section 7.3); when it ends there, also for any
 * plain path. Fragments, user names and control characters never match. */
bool rms_redirect_match(const char *registered, const char *uri);

/* Whether a redirect address may be registered: https, http to a loopback host, or a private scheme with a
 * dot in its name (RFC 8252 section 7.1). Never a fragment. */
bool rms_redirect_acceptable(const char *registered);

/* The source expression that lets a browser follow the redirect after a form was sent: scheme, host and port,
 * or the scheme alone when the host has no such form (CSP level 3, section 6.7.2). */
void rms_redirect_source(const char *uri, struct rms_buf *out);

/* A scope list is blank-separated; NULL has no word. */
bool rms_scope_has(const char *scope, const char *word);

/* "bcdfghjk", " BCDF-GHJK" -> "BCDFGHJK". RMS_E_BAD_ARGUMENT when it is not eight letters of the alphabet. */
RMS_MUST_USE int rms_user_code_parse(const char *typed, char code_out[RMS_USER_CODE_TEXT]);

/* With the hyphen. */
void rms_user_code_show(const char code[RMS_USER_CODE_TEXT], char shown_out[RMS_USER_CODE_SHOWN]);

/* A random one: 20 letters to the power of 8, 34 bits. */
void rms_user_code_new(char code_out[RMS_USER_CODE_TEXT]);

#endif
