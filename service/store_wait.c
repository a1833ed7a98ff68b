#include "service/store_wait.h"

#include <poll.h>

#include "base/log.h"

#define AGAIN_MS 1000

int rms_store_wait(const char *url, int signals, struct rms_store **store_out)
{
    struct pollfd told = {.fd = signals, .events = POLLIN};
    int status = rms_store_open(url, store_out);

    if (status == RMS_E_UNREACHABLE) {
        rms_log(RMS_LOG_ERROR, "store.waiting", "text",
            "the database server cannot be reached; trying again until it answers", NULL);
    }
    while (status == RMS_E_UNREACHABLE) {
        if (poll(&told, 1, AGAIN_MS) > 0) {
            return RMS_E_CANCELLED;
        }
        status = rms_store_open_again(url, store_out);
        if (status == 0) {
            rms_log(RMS_LOG_INFO, "store.found", NULL);
        }
    }
    return status;
}
