/* Values of proxyAddresses (S-038). */
#include <strings.h>

#include "store/account.h"

/* A colon in front of the @ ends a prefix: "SIP:c@x" has one, "c@x" none. X500 values have a prefix and no @.
 */
static size_t prefix_length(const char *value)
{
    size_t i = strcspn(value, ":@");

    return value[i] == ':' ? i + 1 : 0;
}

enum rms_proxy rms_proxy_parse(const char *value, char address_out[RMS_ADDRESS_MAX])
{
    enum rms_proxy kind = RMS_PROXY_ALIAS;
    size_t prefix;

    address_out[0] = '\0';
    value += strspn(value, " \t");
    prefix = prefix_length(value);
    if (prefix > 0) {
        if (prefix != 5 || strncasecmp(value, "smtp:", 5) != 0) {
            return RMS_PROXY_PREFIX;
        }
        kind = memcmp(value, "SMTP:", 5) == 0 ? RMS_PROXY_PRIMARY : RMS_PROXY_ALIAS;
        value += prefix;
        value += strspn(value, " \t");
    }
    if (value[0] == '\0') {
        return RMS_PROXY_EMPTY;
    }
    if (rms_address_normalise(value, address_out) < 0) {
        address_out[0] = '\0';
        return RMS_PROXY_SHAPE;
    }
    return kind;
}
