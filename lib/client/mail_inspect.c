/* What a mail tells in clear, protected or not. */
#include "client/inspect.h"
#include "format/mime.h"
#include "format/outlook.h"

struct inspection {
    rms_each_field *each;
    void *user_data;
};

static void tell(const struct inspection *inspection, enum rms_mail_field field, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        inspection->each(inspection->user_data, field, value);
    }
}

static int inspect_mail(const struct rms_reader *file, const struct inspection *inspection)
{
    struct rms_mime RMS_MIME_CLEANUP *mail = NULL;
    const char *value;

    RMS_TRY(rms_mime_open(file, &mail));
    tell(inspection, RMS_MAIL_SUBJECT, rms_mime_subject(mail));
    tell(inspection, RMS_MAIL_SENDER, rms_mime_sender(mail));
    for (size_t i = 0; (value = rms_mime_recipient(mail, i)) != NULL; i++) {
        tell(inspection, RMS_MAIL_RECIPIENT, value);
    }
    for (size_t i = 0; i < rms_mime_attachment_count(mail); i++) {
        tell(inspection, RMS_MAIL_ATTACHED, rms_mime_attachment(mail, i)->name);
    }
    return 0;
}

static int inspect_item(const struct rms_reader *file, const struct inspection *inspection)
{
    struct rms_outlook RMS_OUTLOOK_CLEANUP *item = NULL;
    const char *value;

    RMS_TRY(rms_outlook_open(file, &item));
    tell(inspection, RMS_MAIL_SUBJECT, rms_outlook_subject(item));
    tell(inspection, RMS_MAIL_SENDER, rms_outlook_sender(item));
    for (size_t i = 0; (value = rms_outlook_recipient(item, i)) != NULL; i++) {
        tell(inspection, RMS_MAIL_RECIPIENT, value);
    }
    for (size_t i = 0; (value = rms_outlook_attachment(item, i)) != NULL; i++) {
        tell(inspection, RMS_MAIL_ATTACHED, value);
    }
    return 0;
}

int rms_inspect_mail(const struct rms_inspect *file, rms_each_field *each, void *user_data)
{
    const struct inspection inspection = {each, user_data};
    const struct rms_reader reader = rms_inspect_reader(file);
    int status = inspect_item(&reader, &inspection);

    if (status != RMS_E_NOT_FOUND) {
        return status;
    }
    return rms_mime_looks(&reader) ? inspect_mail(&reader, &inspection) : RMS_E_UNSUPPORTED;
}
