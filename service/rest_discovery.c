/* Service discovery (rest-protocol section 4), client logs (17) and the licensing URL itself. */
#include "service/rest.h"
#include "service/rest_write.h"

struct endpoint {
    const char *name;
    const char *path; /* below /my/v2 */
};

/* The first five are required by clients; what this service does not answer is not listed. */
static const struct endpoint endpoints[] = {
    {"enduserlicenses", "enduserlicenses"},
    {"publishinglicenses", "publishinglicenses"},
    {"templates", "templates"},
    {"clientdebuglogs", "clientlogs/debug"},
    {"clientperformancelogs", "clientlogs/performance"},
    {"clientlicensorcertificates", "clientlicensorcertificates"},
    {"accountcertificates", "accountcertificates"},
    {"licensorcertificate", "licensorcertificate"},
    {"uselicenses", "uselicenses"},
    {"signedtemplates", "signedtemplates"},
    {"documents", "documents"},
    {"templateinformation", "templateinformation"},
};

int rms_rest_discovery(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_buf *out = &reply->body;
    /* the route has fixed the shape: /my/v1/... or /my/v2/... */
    char version = request->path[5];
    rms_out_open(out, NULL, '[');
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        const char *uri =
            rms_arena_printf(request->arena, "%s/my/v%c/%s", front->base_url, version, endpoints[i].path);
        if (uri == NULL) {
            return RMS_E_NO_MEMORY;
        }
        rms_out_open(out, NULL, '{');
        rms_out_text(out, "Name", endpoints[i].name);
        rms_out_text(out, "Uri", uri);
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
    return RMS_OK;
}

/* Taken and forgotten: nothing of a client's log is stored. */
int rms_rest_client_log(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    (void)front;
    (void)request;
    rms_buf_append_str(&reply->body, "{}");
    return RMS_OK;
}

/* People and browsers follow the URL in a licence: say what it is. */
int rms_rest_licensing_info(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_buf *out = &reply->body;
    const char *discovery = rms_arena_printf(request->arena, "%s/my/v2/servicediscovery", front->base_url);
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Service", "OpenRMS licensing");
    rms_out_text(out, "Message",
        "This address names the service in protected content. Programs start at the address in Discovery.");
    rms_out_text(out, "Discovery", discovery);
    rms_out_close(out, '}');
    return RMS_OK;
}
