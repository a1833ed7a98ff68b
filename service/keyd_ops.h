/* The one table of what may be asked of keyd (doc/protocol/keyd.md). A row: name, number on the wire, slow or
 * not, most bytes of a request. Both sides use it: keyd to dispatch, the front's keyclient to ask. */
#ifndef RMS_SERVICE_KEYD_OPS_H
#define RMS_SERVICE_KEYD_OPS_H

#include <stdint.h>

#include "store/chain.h"
#include "xrml/licence.h"

/* Slow: may have to make a pair of RSA keys, handed to threads of lower priority. The numbers behind: most
 * bytes of the body of a request, of a reply. */
#define RMS_KEYD_OPS(X)                                                                                      \
    X(PING, 1, false, 0, 0, ping)                                                                            \
    X(STATS, 2, false, 0, 512, stats)                                                                        \
    X(GENERATE, 3, true, 64, 8192, generate)                                                                 \
    X(LOAD, 4, false, 8192, 0, load)                                                                         \
    X(SIGN, 5, false, 64, 1024, sign)                                                                        \
    X(SIGN_TOKEN, 6, false, 64, 64, sign_token)                                                              \
    X(PUBLISH, 7, false, RMS_KEYD_TEXT_MAX + RMS_XRML_MAX_BYTES + 256, RMS_KEYD_REPLY_MAX, publish)          \
    X(OPEN, 8, false, RMS_KEYD_ERD_MAX + 8192, RMS_KEYD_REPLY_MAX, open)                                     \
    X(RELEASE, 9, false, 32, 64, release)                                                                    \
    X(SEAL_TO, 10, false, 1024, 8192, seal_to)                                                               \
    X(WRAP_USER_KEY, 11, false, 1024, 8192, wrap_user_key)                                                   \
    X(NEW_WRAPPED_PAIR, 12, true, 1024, 8192, new_wrapped_pair)                                              \
    X(SIGN_LOG, 13, false, RMS_CHAIN_TEXT_MAX + 64, 64, sign_log)                                            \
    X(MAKE_IN_TOKEN, 14, true, 64, 8192, make_in_token)                                                      \
    X(ADOPT, 15, true, 128, 8192, adopt)                                                                     \
    X(MOVE_TO_TOKEN, 16, true, 128, 8192, move_to_token)                                                     \
    X(FORGET, 17, false, 32, 0, forget)

/* Rights data: most bytes of its text when publishing, and of its ciphertext when opening. UTF-16 doubles the
 * one, and three bytes of UTF-8 can come from two of the other. */
#define RMS_KEYD_TEXT_MAX  (4u * 1024 * 1024 - 64)
#define RMS_KEYD_ERD_MAX   (8u * 1024 * 1024)
#define RMS_KEYD_REPLY_MAX (RMS_KEYD_ERD_MAX + RMS_XRML_MAX_BYTES + 8192)

enum rms_keyd_op {
#define X(name, number, slow, request_max, reply_max, handler) RMS_KEYD_##name = number,
    RMS_KEYD_OPS(X)
#undef X
};

#define RMS_KEYD_OP_COUNT 18 /* highest number + 1 */

enum rms_key_kind {
    RMS_KEY_TENANT_RSA = 1, /* RSA: signs licences, opens content keys */
    RMS_KEY_USER_RSA = 2,   /* RSA-2048: a person's account key, the same on all his devices */
    RMS_KEY_TOKEN_EC = 3,   /* P-256: signs access tokens of the built-in sign-in */
    RMS_KEY_LOG_EC = 4,     /* P-256: signs statements about the logs, and nothing else */
};
#define RMS_KEY_KINDS 5

/* Sizes: new tenant keys may also have 3072 or 4096 bits (S-209). */
#define RMS_TENANT_KEY_BITS 2048
#define RMS_USER_KEY_BITS   2048
#define RMS_TOKEN_KEY_BITS  256
#define RMS_LOG_KEY_BITS    256

/* What a tenant key signs; counted in the journal. */
enum rms_sign_purpose {
    RMS_SIGN_SLC = 1,
    RMS_SIGN_TEMPLATE = 2,
    RMS_SIGN_RAC = 3,
    RMS_SIGN_CLC = 4,
    RMS_SIGN_PL = 5,
    RMS_SIGN_UL = 6,
    RMS_SIGN_OTHER = 7, /* revocation lists, exports */
};
#define RMS_SIGN_PURPOSES 8

#define RMS_KEY_NO_TENANT "00000000-0000-0000-0000-000000000000" /* of keys of the service itself */

#define RMS_KEY_HANDLE_BYTES 16
#define RMS_KEY_OBJECT_MAX   64   /* bytes of the id that a key has in a token */
#define RMS_KEY_SEALED_MAX   4096 /* bytes of a sealed private key */
#define RMS_KEY_BOX_MAX      64   /* bytes of a key box (keyd_box.h) */

#endif
