/* Any bytes as custom properties and as a mail header: what can be read can be written, and reads the same
 * again. */

#include "fuzz/label.h"
#include "label/custom.h"
#include "label/mail.h"
#include "label/part.h"

#define ARENA_MAX (64u * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_custom(struct rms_view text)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(4 * RMS_PART_MAX);
    struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);
    struct rms_label_pairs again = RMS_LABEL_PAIRS(arena);

    if (arena == NULL || rms_label_custom_read(text, &pairs) != 0) {
        return;
    }
    check(rms_label_custom_write(text, &pairs, &out) == 0);
    check(rms_label_custom_read(rms_buf_view(&out), &again) == 0);
    same(&pairs, &again);
}

static void check_mail(struct rms_view text)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(4 * RMS_LABEL_MAIL_MAX);
    struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);
    struct rms_labelled label;
    bool doubtful;

    if (arena == NULL || rms_label_mail_read(text, &pairs) != 0) {
        return;
    }
    if (rms_label_in_force(&pairs, NULL, &label, &doubtful) == 0) {
        check(label.enabled && label.id[0] != '\0');
    }
    if (rms_label_mail_write(&pairs, &out) == 0) {
        check(memmem(out.data != NULL ? out.data : (const uint8_t *)"", out.len, "\n", 1) == NULL ||
              memmem(out.data, out.len, "\r\n ", 3) != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_custom(rms_view_of(data, size));
    check_mail(rms_view_of(data, size));
    return 0;
}
