#include "client/discovery.h"

#include <arpa/nameser.h>
#include <netinet/in.h>
#include <resolv.h>

#include "base/text.h"
#include "client/context.h"

#define SRV_PREFIX "_rmsdisco._http._tcp."
#define SRV_FIXED  6 /* priority, weight and port in front of the target */
#define ANSWER_MAX 8192

/* A host name that may become part of a URL. */
static bool is_host(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";

    return text[0] != '\0' && text[0] != '-' && text[0] != '.' && strspn(text, allowed) == strlen(text);
}

int rms_srv_parse(struct rms_view answer, char host_out[RMS_HOST_MAX])
{
    ns_msg message;

    if (answer.len > ANSWER_MAX || ns_initparse(answer.data, (int)answer.len, &message) != 0) {
        return RMS_E_DAMAGED;
    }
    for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
        ns_rr record;

        if (ns_parserr(&message, ns_s_an, i, &record) != 0) {
            return RMS_E_DAMAGED;
        }
        if (ns_rr_type(record) != ns_t_srv) {
            continue;
        }
        if (ns_rr_rdlen(record) <= SRV_FIXED ||
            ns_name_uncompress(ns_msg_base(message), ns_msg_end(message), ns_rr_rdata(record) + SRV_FIXED,
                host_out, RMS_HOST_MAX) < 0) {
            return RMS_E_DAMAGED;
        }
        /* "." means that the service is decidedly not there (RFC 2782) */
        return is_host(host_out) ? 0 : RMS_E_NOT_FOUND;
    }
    return RMS_E_NOT_FOUND;
}

static int ask(res_state resolver, const char *domain, char host_out[RMS_HOST_MAX])
{
    struct rms_buf RMS_BUF_CLEANUP name = RMS_BUF_INIT(512);
    uint8_t answer[ANSWER_MAX];
    int len;

    rms_buf_append_str(&name, SRV_PREFIX);
    rms_buf_append_str(&name, domain);
    RMS_TRY(rms_buf_status(&name));
    len = res_nquery(resolver, rms_buf_text(&name), ns_c_in, ns_t_srv, answer, sizeof answer);
    if (len <= 0 || (size_t)len > sizeof answer) {
        return RMS_E_NOT_FOUND;
    }
    return rms_srv_parse(rms_view_of(answer, (size_t)len), host_out);
}

int rms_discover_domain(const char *domain, struct rms_buf *root_out)
{
    struct __res_state resolver = {0};
    char host[RMS_HOST_MAX];
    int status = RMS_E_NOT_FOUND;

    if (res_ninit(&resolver) != 0) {
        return RMS_E_NOT_FOUND;
    }
    resolver.retrans = 2;
    resolver.retry = 2;
    /* the leftmost label is dropped each time; a single label is never asked for */
    for (const char *at = domain; status != 0 && strchr(at, '.') != NULL; at = strchr(at, '.') + 1) {
        status = ask(&resolver, at, host);
    }
    res_nclose(&resolver);
    if (status != 0) {
        return RMS_E_NOT_FOUND;
    }
    rms_buf_append_str(root_out, "https://");
    rms_buf_append_str(root_out, host);
    return rms_buf_status(root_out);
}

int rms_consent(struct rms_context *context, const char *root)
{
    int answer;

    if (!rms_settings_trusts(&context->settings, root)) {
        return rms_fail(context, RMS_E_SERVER_NOT_TRUSTED, "%s is not among the trusted servers", root);
    }
    if (context->callbacks.consent == NULL) {
        return 0;
    }
    answer = context->callbacks.consent(context->callbacks.user_data, root);
    return answer == 0 ? 0 : rms_fail(context, RMS_E_CONSENT_REFUSED, "%s was not allowed", root);
}

int rms_discover_root(struct rms_context *context, const char *address, struct rms_buf *root_out)
{
    const char *at = address != NULL ? strchr(address, '@') : NULL;

    if (context->settings.url != NULL) {
        return rms_http_origin(context->settings.url, root_out) == 0
                   ? 0
                   : rms_fail(context, RMS_E_BAD_ARGUMENT, "%s is no https URL", context->settings.url);
    }
    if (at == NULL) {
        return rms_fail(context, RMS_E_UNREACHABLE,
            "no service address: neither RMS_URL nor url in rms.conf is set, and there is no mail domain to "
            "ask "
            "DNS about");
    }
    if (context->settings.offline) {
        return rms_fail(context, RMS_E_NEEDS_ONLINE, "the service is needed and this is an offline context");
    }
    if (rms_discover_domain(at + 1, root_out) != 0) {
        return rms_fail(context, RMS_E_UNREACHABLE,
            "no service found: RMS_URL and url in rms.conf are not set, and DNS has no SRV record " SRV_PREFIX
            "%s",
            at + 1);
    }
    return rms_consent(context, rms_buf_text(root_out));
}
