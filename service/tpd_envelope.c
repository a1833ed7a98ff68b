#include "base/cursor.h"
#include "base/file.h"
#include "crypto/base64.h"
#include "crypto/random.h"
#include "service/tpd.h"

#define MAGIC         "OpenRMSTpdFor\n"
#define MAGIC_LEN     (sizeof MAGIC - 1)
#define VERSION       1
#define SECRET_BYTES  32
#define PASSWORD_TEXT 64

/* A text that can stand in a file of one line. */
static int make_password(const uint8_t secret[SECRET_BYTES], struct rms_secret **password_out)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(PASSWORD_TEXT);

    rms_base64_encode(&text, rms_view_of(secret, SECRET_BYTES));
    RMS_TRY(rms_buf_status(&text));
    *password_out = rms_secret_take(text.data, text.len); /* which wipes it */
    return *password_out != NULL ? 0 : RMS_E_NO_MEMORY;
}

static int write_head(int fd, const struct rms_rsa_public *recipient, struct rms_view secret)
{
    RMS_BUF_CLEANUP struct rms_buf head = RMS_BUF_INIT(MAGIC_LEN + 4);
    RMS_BUF_CLEANUP struct rms_buf sealed = RMS_BUF_INIT(RMS_RSA_BYTES_MAX);

    RMS_TRY(rms_rsa_seal(recipient, RMS_RSA_OAEP, secret, &sealed));
    rms_buf_append(&head, MAGIC, MAGIC_LEN);
    rms_buf_append_u16(&head, VERSION);
    rms_buf_append_u16(&head, (uint16_t)sealed.len);
    RMS_TRY(rms_buf_status(&head));
    RMS_TRY(rms_fd_write_all(fd, head.data, head.len));
    return rms_fd_write_all(fd, sealed.data, sealed.len);
}

int rms_tpd_envelope_begin(int fd, const struct rms_rsa_public *recipient, struct rms_secret **password_out)
{
    uint8_t secret[SECRET_BYTES];
    int status;

    *password_out = NULL;
    rms_random(secret, sizeof secret);
    status = write_head(fd, recipient, rms_view_of(secret, sizeof secret));
    if (status == 0) {
        status = make_password(secret, password_out);
    }
    rms_wipe(secret, sizeof secret);
    return status;
}

int rms_tpd_envelope_open(struct rms_view file, const struct rms_rsa_private *key,
    struct rms_secret **password_out, struct rms_view *package_out)
{
    struct rms_cursor in = rms_cursor_of(file);
    uint8_t secret[SECRET_BYTES];
    struct rms_view sealed;
    int status;

    *password_out = NULL;
    if (!rms_view_equal(rms_cursor_take(&in, MAGIC_LEN), rms_view_of(MAGIC, MAGIC_LEN))) {
        return RMS_E_BAD_ARGUMENT;
    }
    if (rms_cursor_u16(&in) != VERSION) {
        return RMS_E_UNSUPPORTED_VERSION;
    }
    sealed = rms_cursor_take(&in, rms_cursor_u16(&in));
    if (sealed.len == 0 || rms_cursor_left(&in) == 0) {
        return RMS_E_BAD_ARGUMENT;
    }
    if (sealed.len != rms_rsa_public_of(key)->bits / 8) {
        return RMS_E_PERMISSION; /* of another size: another key's */
    }
    *package_out = rms_cursor_take(&in, rms_cursor_left(&in));
    status = rms_rsa_unseal(key, RMS_RSA_OAEP, sealed, secret, sizeof secret);
    if (status == 0) {
        status = make_password(secret, password_out);
    }
    rms_wipe(secret, sizeof secret);
    return status;
}
