#include "client/discovery.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include "base/log.h"
#include "base/text.h"
#include "client/context.h"
#include "client/http.h"
#include "crypto/random.h"

#define SRV_PREFIX "_rmsdisco._http._tcp."
#define SRV_FIXED  6 /* priority, weight and port in front of the target */
#define ANSWER_MAX 8192
#define WAIT_S     2 /* for one answer of one name server, at first */
#define ROUNDS     2

/* A host name that may become part of a URL. */
static bool is_host(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";

    return text[0] != '\0' && text[0] != '-' && text[0] != '.' && strspn(text, allowed) == strlen(text);
}

/* The host to try after the first `done`: of the lowest priority, by chance and weight. A weight of 0 keeps a
 * small chance (RFC 2782). */
static size_t choose(const struct rms_srv *srv, size_t done)
{
    uint16_t lowest = UINT16_MAX;
    uint32_t total = 0;
    uint32_t chance;
    size_t chosen = done;

    for (size_t i = done; i < srv->count; i++) {
        lowest = srv->hosts[i].priority < lowest ? srv->hosts[i].priority : lowest;
    }
    for (size_t i = done; i < srv->count; i++) {
        total += srv->hosts[i].priority == lowest ? srv->hosts[i].weight * 100u + 1 : 0;
    }
    rms_random(&chance, sizeof chance);
    chance %= total;
    for (size_t i = done; i < srv->count; i++) {
        uint32_t share = srv->hosts[i].priority == lowest ? srv->hosts[i].weight * 100u + 1 : 0;

        if (chance < share) {
            chosen = i;
            break;
        }
        chance -= share;
    }
    return chosen;
}

static void order(struct rms_srv *srv)
{
    for (size_t i = 0; i + 1 < srv->count; i++) {
        size_t next = choose(srv, i);
        struct rms_srv_host host = srv->hosts[next];

        srv->hosts[next] = srv->hosts[i];
        srv->hosts[i] = host;
    }
}

/* The port is not looked at: the service is at 443 whatever the record says (rest-protocol section 2). */
static int take_record(const ns_msg *message, const ns_rr *record, struct rms_srv *srv)
{
    struct rms_srv_host *host = &srv->hosts[srv->count];

    if (ns_rr_rdlen(*record) <= SRV_FIXED ||
        ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message), ns_rr_rdata(*record) + SRV_FIXED,
            host->name, sizeof host->name) < 0) {
        return RMS_E_DAMAGED;
    }
    host->priority = (uint16_t)ns_get16(ns_rr_rdata(*record));
    host->weight = (uint16_t)ns_get16(ns_rr_rdata(*record) + 2);
    srv->count += is_host(host->name);
    return 0;
}

int rms_srv_parse(struct rms_view answer, struct rms_srv *srv_out)
{
    bool found = false;
    ns_msg message;

    srv_out->count = 0;
    if (answer.len > ANSWER_MAX || ns_initparse(answer.data, (int)answer.len, &message) != 0) {
        return RMS_E_DAMAGED;
    }
    for (int i = 0; i < ns_msg_count(message, ns_s_an) && srv_out->count < RMS_SRV_MAX; i++) {
        ns_rr record;

        if (ns_parserr(&message, ns_s_an, i, &record) != 0) {
            return RMS_E_DAMAGED;
        }
        if (ns_rr_type(record) == ns_t_srv) {
            found = true;
            RMS_TRY(take_record(&message, &record, srv_out));
        }
    }
    order(srv_out);
    return found ? 0 : RMS_E_NOT_FOUND;
}

static int ask(res_state resolver, const char *domain, struct rms_srv *srv_out)
{
    struct rms_buf RMS_BUF_CLEANUP name = RMS_BUF_INIT(512);
    uint8_t answer[ANSWER_MAX];
    int len;

    rms_buf_append_str(&name, SRV_PREFIX);
    rms_buf_append_str(&name, domain);
    RMS_TRY(rms_buf_status(&name));
    len = res_nquery(resolver, rms_buf_text(&name), ns_c_in, ns_t_srv, answer, sizeof answer);
    if (len < 0) {
        bool answered = resolver->res_h_errno == HOST_NOT_FOUND || resolver->res_h_errno == NO_DATA;

        return answered ? RMS_E_NOT_FOUND : RMS_E_UNREACHABLE;
    }
    return rms_srv_parse(rms_view_of(answer, (size_t)len), srv_out);
}

/* The leftmost label is dropped each time; a single label is never asked for. Only a clear "no such record"
 * leads on: who can keep an answer away does not get to choose which domain decides. */
static int ask_domains(const char *domain, struct rms_srv *srv_out)
{
    struct __res_state resolver = {0};
    int status = RMS_E_NOT_FOUND;

    if (res_ninit(&resolver) != 0) {
        return RMS_E_UNREACHABLE;
    }
    resolver.retrans = WAIT_S;
    resolver.retry = ROUNDS;
    for (const char *at = domain; status == RMS_E_NOT_FOUND && strchr(at, '.') != NULL;
         at = strchr(at, '.') + 1) {
        status = ask(&resolver, at, srv_out);
    }
    res_nclose(&resolver);
    return status;
}

/* Is the host of a root (https://host) the domain or in it? Then its certificate proves that the domain's
 * owner runs it. */
static bool is_in(const char *root, const char *domain)
{
    const char *host = root + strlen("https://");
    size_t len = strlen(host);
    size_t tail = strlen(domain);

    return len >= tail && rms_text_equal_nocase(host + len - tail, domain) &&
           (len == tail || host[len - tail - 1] == '.');
}

int rms_consent(struct rms_context *context, const char *root, const char *domain)
{
    int answer = 0;

    if (rms_settings_names(&context->settings, root)) {
        return 0;
    }
    if (!rms_settings_trusts(&context->settings, root)) {
        return rms_fail(context, RMS_E_SERVER_NOT_TRUSTED, "%s is not among the trusted servers", root);
    }
    if (domain != NULL && is_in(root, domain)) {
        return 0;
    }
    if (RMS_ASKED(context, consent) != NULL) {
        answer = context->callbacks.consent(context->callbacks.user_data, root);
    } else if (domain != NULL || context->mode == RMS_MODE_SERVER) {
        answer = RMS_E_SERVER_NOT_TRUSTED;
    }
    if (answer == RMS_E_SERVER_NOT_TRUSTED) {
        return rms_fail(
            context, answer, "%s is neither in the mail domain nor among the trusted servers", root);
    }
    return answer == 0 ? 0 : rms_fail(context, RMS_E_CONSENT_REFUSED, "%s was not allowed", root);
}

static int add_root(struct rms_arena *arena, const char *url, struct rms_service *service)
{
    struct rms_buf RMS_BUF_CLEANUP root = RMS_BUF_INIT(1024);

    RMS_TRY(rms_http_origin(url, &root));
    service->roots[service->count] = rms_arena_strdup(arena, rms_buf_text(&root));
    return service->roots[service->count++] != NULL ? 0 : RMS_E_NO_MEMORY;
}

/* --- the directory (S-123) --- */

#define BINDING "serviceBindingInformation" /* of a serviceConnectionPoint: the URL of the service */

/* The first value of the attribute in the answer, which is LDIF: "\tname: value". NULL: none. */
static const char *binding_in(struct rms_arena *arena, const struct rms_buf *ldif)
{
    const char *text = rms_buf_text(ldif);
    size_t at = 0;

    while (at < ldif->len) {
        const char *line = text + at;
        size_t len = strcspn(line, "\n");
        size_t blanks = strspn(line, "\t ");

        if (blanks < len && strncasecmp(line + blanks, BINDING ": ", strlen(BINDING ": ")) == 0) {
            blanks += strlen(BINDING ": ");
            return rms_arena_printf(arena, "%.*s", (int)(len - blanks), line + blanks);
        }
        at += len + 1;
    }
    return NULL;
}

/* RMS_E_NOT_FOUND when the directory does not say, for whatever reason: DNS is asked then. */
static int discover_by_directory(
    struct rms_context *context, struct rms_arena *arena, struct rms_service *service)
{
    struct rms_http_reply RMS_HTTP_REPLY_CLEANUP reply = {0};
    struct rms_http_request request = {.brief = true, .directory = true};
    const char *binding;
    int status;

    if (context->settings.connection_point == NULL) {
        return RMS_E_NOT_FOUND;
    }
    request.url = rms_arena_printf(arena, "%s?" BINDING "?base", context->settings.connection_point);
    if (request.url == NULL) {
        return RMS_E_NO_MEMORY;
    }
    status = rms_http_call(context, &request, &reply);
    if (status == RMS_E_CANCELLED || status == RMS_E_NO_MEMORY) {
        return status;
    }
    binding = status == 0 ? binding_in(arena, &reply.body) : NULL;
    if (binding != NULL && add_root(arena, binding, service) == 0) {
        return 0;
    }
    rms_note(context, RMS_LOG_INFO, "the directory names no service: %s",
        status == 0 ? context->settings.connection_point : rms_last_detail(context));
    return RMS_E_NOT_FOUND;
}

/* --- DNS, and what comes after it --- */

static int discover_by_dns(struct rms_context *context, struct rms_arena *arena, struct rms_service *service)
{
    struct rms_srv srv;
    int status = ask_domains(service->domain, &srv);

    if (status == RMS_E_NOT_FOUND) {
        return rms_fail(context, RMS_E_UNREACHABLE,
            "no service found: RMS_URL and url in rms.conf are not set, and DNS has no SRV record " SRV_PREFIX
            "%s",
            service->domain);
    }
    if (status != 0) {
        return rms_fail(context, RMS_E_UNREACHABLE,
            "no service found: RMS_URL and url in rms.conf are not set, and DNS gives no usable answer "
            "about " SRV_PREFIX "%s",
            service->domain);
    }
    if (srv.count == 0) {
        return rms_fail(context, RMS_E_UNREACHABLE,
            "no service found: the SRV record " SRV_PREFIX "%s says that there is none", service->domain);
    }
    for (size_t i = 0; i < srv.count; i++) {
        const char *url = rms_arena_printf(arena, "https://%s", srv.hosts[i].name);

        RMS_TRY(url != NULL ? add_root(arena, url, service) : RMS_E_NO_MEMORY);
    }
    return 0;
}

int rms_discover(struct rms_context *context, struct rms_arena *arena, const char *address,
    struct rms_service *service_out)
{
    const char *url = context->settings.url;
    int status;

    *service_out = (struct rms_service){0};
    if (url != NULL) {
        status = add_root(arena, url, service_out);
        return status == RMS_E_BAD_ARGUMENT ? rms_fail(context, status, "%s is no https URL", url) : status;
    }
    if (address == NULL || strchr(address, '@') == NULL) {
        return rms_fail(context, RMS_E_UNREACHABLE,
            "no service address: neither RMS_URL nor url in rms.conf is set, and there is no mail domain to "
            "ask DNS about");
    }
    if (context->settings.offline) {
        return rms_fail(context, RMS_E_NEEDS_ONLINE, "the service is needed and this is an offline context");
    }
    service_out->domain = rms_arena_strdup(arena, strchr(address, '@') + 1);
    if (service_out->domain == NULL) {
        return RMS_E_NO_MEMORY;
    }
    status = discover_by_directory(context, arena, service_out);
    if (status == RMS_E_NOT_FOUND) {
        status = discover_by_dns(context, arena, service_out);
    }
    if (status == RMS_E_UNREACHABLE && context->settings.discovery != NULL) {
        *service_out = (struct rms_service){0};
        return add_root(arena, context->settings.discovery, service_out);
    }
    return status;
}
