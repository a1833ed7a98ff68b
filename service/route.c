#include "service/route.h"

#include "service/admin.h"
#include "service/rest.h"
#include "service/scim.h"
#include "service/signin.h"

#define GET    RMS_METHOD_GET
#define POST   RMS_METHOD_POST
#define DELETE RMS_METHOD_DELETE
#define PUT    RMS_METHOD_PUT
#define PATCH  RMS_METHOD_PATCH

#define LICENCE     RMS_REST_LICENCE_BODY_MAX
#define CERTIFICATE RMS_REST_CERTIFICATE_BODY_MAX
#define FORM        RMS_SIGNIN_BODY_MAX
#define SMALL       RMS_REST_SMALL_BODY_MAX
#define SCIM_USER   RMS_SCIM_USER_BODY_MAX
#define SCIM_MANY   RMS_SCIM_BODY_MAX

/* Public protocol and desktop flow: log words of service-requirements 8.2. */
#define MY(path) "/my/v1|v2/" path
#define BEARER(methods, path, max, handler, word)                                                            \
    {                                                                                                        \
        methods, MY(path), RMS_WHO_BEARER, max, rms_rest_##handler, RMS_LOG_USAGE, word                      \
    }

#define SIGNIN(methods, path, max, handler)                                                                  \
    {                                                                                                        \
        methods, path, RMS_WHO_ANYONE, max, rms_signin_##handler, RMS_LOG_NONE, NULL                         \
    }

/* What a directory pushes: changes are rows of the admin log. */
#define SCIM_READ(path, handler)                                                                             \
    {                                                                                                        \
        GET, "/{}/scim/v2/" path, RMS_WHO_PUSHER, 0, rms_scim_##handler, RMS_LOG_NONE, NULL                  \
    }
#define SCIM(methods, path, max, handler, word)                                                              \
    {                                                                                                        \
        methods, "/{}/scim/v2/" path, RMS_WHO_PUSHER, max, rms_scim_##handler, RMS_LOG_ADMIN, word           \
    }

/* Administration: the word is the command of the admin log. */
#define ADMIN(methods, path, handler, word)                                                                  \
    {                                                                                                        \
        methods, "/admin/v1/" path, RMS_WHO_OPERATOR, RMS_ADMIN_BODY_MAX, rms_admin_##handler,               \
            RMS_LOG_ADMIN, word                                                                              \
    }

const struct rms_route rms_routes[] = {
    /* the hot ones first: rows are tried in order */
    BEARER(POST, "enduserlicenses", LICENCE, end_user_licence, "FECreateEndUserLicenseV1"),
    BEARER(POST, "uselicenses", LICENCE, use_licence, "AcquireLicense"),
    BEARER(POST, "publishinglicenses", LICENCE, publish, "FECreatePublishingLicenseV1"),
    BEARER(GET, "servicediscovery", 0, discovery, "ServiceDiscoveryForUser"),
    BEARER(GET, "templates", 0, templates, "FEGetAllTemplates"),
    BEARER(GET, "signedtemplates", 0, signed_templates, "AcquireTemplates"),
    BEARER(GET, "templateinformation", 0, template_information, "AcquireTemplateInformation"),
    BEARER(GET, "licensorcertificate", 0, licensor_certificate, "GetLicensorCertificate"),
    BEARER(POST, "accountcertificates", CERTIFICATE, account_certificate, "Certify"),
    BEARER(POST, "clientlicensorcertificates", CERTIFICATE, client_licensor, "GetClientLicensorCert"),
    BEARER(POST, "documents", LICENCE, tracking_register, "RegisterDocument"),
    BEARER(GET, "documents", 0, tracking_list, "GetAllDocs"),
    BEARER(GET, "documents/{}", 0, tracking_show, "GetSingle"),
    BEARER(GET, "documents/{}/events", 0, tracking_events, "LoadEventsForTimeline"),
    BEARER(POST, "documents/{}/revoke", SMALL, tracking_revoke, "RevokeAccess"),
    BEARER(POST, "documents/{}/notify", SMALL, tracking_notify, "UpdateNotificationSettings"),
    BEARER(POST, "documents/{}/restore", SMALL, tracking_restore, "RestoreAccess"),
    BEARER(POST, "clientlogs/debug", RMS_REST_LOG_BODY_MAX, client_log, "ClientLogs"),
    BEARER(POST, "clientlogs/performance", RMS_REST_LOG_BODY_MAX, client_log, "ClientLogs"),

    {GET, "/_wmcs/licensing", RMS_WHO_ANYONE, 0, rms_rest_licensing_info, RMS_LOG_NONE, NULL},
    {GET, "/_wmcs/certification", RMS_WHO_ANYONE, 0, rms_rest_licensing_info, RMS_LOG_NONE, NULL},

    SIGNIN(GET, "/{}/.well-known/openid-configuration", 0, configuration),
    SIGNIN(GET, "/{}/discovery/keys", 0, keys),
    SIGNIN(GET | POST, "/{}/oauth2/authorize", FORM, authorize),
    SIGNIN(POST, "/{}/oauth2/token", FORM, token),
    SIGNIN(POST, "/{}/oauth2/revoke", FORM, revoke),
    SIGNIN(POST, "/{}/oauth2/devicecode", FORM, devicecode),
    SIGNIN(GET | POST, "/{}/oauth2/device", FORM, device),
    SIGNIN(GET, "/common/userrealm/{}", 0, realm),

    SCIM_READ("serviceproviderconfig", config),
    SCIM_READ("resourcetypes", types),
    SCIM_READ("resourcetypes/{}", types),
    SCIM_READ("schemas", schemas),
    SCIM_READ("schemas/{}", schemas),
    SCIM_READ("users", user_list),
    SCIM_READ("users/{}", user_get),
    SCIM_READ("groups", group_list),
    SCIM_READ("groups/{}", group_get),
    SCIM(POST, "users", SCIM_USER, user_add, "ScimAddUser"),
    SCIM(PUT, "users/{}", SCIM_USER, user_put, "ScimSetUser"),
    SCIM(PATCH, "users/{}", SCIM_USER, user_patch, "ScimSetUser"),
    SCIM(DELETE, "users/{}", 0, user_remove, "ScimRemoveUser"),
    SCIM(POST, "groups", SCIM_MANY, group_add, "ScimAddGroup"),
    SCIM(PUT, "groups/{}", SCIM_MANY, group_put, "ScimSetGroup"),
    SCIM(PATCH, "groups/{}", SCIM_MANY, group_patch, "ScimSetGroup"),
    SCIM(DELETE, "groups/{}", 0, group_remove, "ScimRemoveGroup"),
    SCIM(POST, "bulk", SCIM_MANY, bulk, "ScimBulk"),

    ADMIN(GET, "health", health, "GetHealth"),
    ADMIN(GET, "db", db_check, "TestDatabase"),
    ADMIN(POST, "db/migrate", db_migrate, "UpdateDatabase"),
    ADMIN(POST, "db/backup", db_backup, "BackupDatabase"),
    ADMIN(POST, "tenants", tenant_add, "AddTenant"),
    ADMIN(GET, "tenants", tenant_list, "GetTenants"),
    ADMIN(GET, "tenants/{}", tenant_show, "GetConfiguration"),
    ADMIN(GET, "tenants/{}/state", tenant_state, "GetTenantFunctionalState"),
    ADMIN(POST, "tenants/{}/state", tenant_set_state, "SetTenantFunctionalState"),
    ADMIN(POST, "tenants/{}/settings", tenant_settings, "SetTenantSettings"),
    ADMIN(GET, "tenants/{}/max-validity", tenant_validity, "GetMaxUseLicenseValidityTime"),
    ADMIN(POST, "tenants/{}/domains", domain_add, "AddDomain"),
    ADMIN(POST, "tenants/{}/keys", key_add, "AddKey"),
    ADMIN(GET, "tenants/{}/keys", key_list, "GetKeys"),
    ADMIN(POST, "tenants/{}/keys/{}", key_change, "SetKeyProperties"),
    ADMIN(POST, "tenants/{}/users", user_add, "AddUser"),
    ADMIN(GET, "tenants/{}/users", user_list, "GetUsers"),
    ADMIN(GET, "tenants/{}/users/{}", user_show, "GetUser"),
    ADMIN(POST, "tenants/{}/users/{}", user_change, "SetUser"),
    ADMIN(DELETE, "tenants/{}/users/{}", user_remove, "RemoveUser"),
    ADMIN(GET, "tenants/{}/users/{}/identity", user_identity, "CheckIdentity"),
    ADMIN(POST, "tenants/{}/explain", explain, "ExplainDecision"),
    ADMIN(POST, "tenants/{}/groups", group_add, "AddGroup"),
    ADMIN(GET, "tenants/{}/groups", group_list, "GetGroups"),
    ADMIN(POST, "tenants/{}/groups/refresh", group_refresh, "RefreshMembership"),
    ADMIN(GET, "tenants/{}/groups/{}", group_show, "GetGroup"),
    ADMIN(DELETE, "tenants/{}/groups/{}", group_remove, "RemoveGroup"),
    ADMIN(POST, "tenants/{}/groups/{}/members", group_members, "SetGroupMembers"),
    ADMIN(POST, "tenants/{}/templates", template_add, "AddTemplate"),
    ADMIN(GET, "tenants/{}/templates", template_list, "GetAllTemplates"),
    ADMIN(GET, "tenants/{}/templates/{}", template_show, "GetTemplateById"),
    ADMIN(POST, "tenants/{}/templates/import", template_import, "ImportTemplate"),
    ADMIN(POST, "tenants/{}/templates/{}", template_change, "UpdateTemplate"),
    ADMIN(DELETE, "tenants/{}/templates/{}", template_remove, "DeleteTemplateById"),
    ADMIN(GET, "tenants/{}/templates/{}/export", template_export, "ExportTemplate"),
    ADMIN(GET, "tenants/{}/templates/{}/history", template_history, "GetTemplateHistory"),
    ADMIN(POST, "tenants/{}/templates/{}/restore", template_restore, "RestoreTemplate"),
    ADMIN(POST, "tenants/{}/onboarding", onboarding_set, "SetOnboardingControlPolicy"),
    ADMIN(GET, "tenants/{}/onboarding", onboarding_show, "GetOnboardingControlPolicy"),
    ADMIN(POST, "tenants/{}/superusers", super_change, "SetSuperUsers"),
    ADMIN(GET, "tenants/{}/superusers", super_show, "GetSuperUsers"),
    ADMIN(POST, "tenants/{}/issuers", issuer_add, "AddIssuer"),
    ADMIN(GET, "tenants/{}/issuers", issuer_list, "GetIssuers"),
    ADMIN(DELETE, "tenants/{}/issuers/{}", issuer_remove, "RemoveIssuer"),
    ADMIN(POST, "tenants/{}/clients", client_add, "AddClient"),
    ADMIN(GET, "tenants/{}/clients", client_list, "GetClients"),
    ADMIN(DELETE, "tenants/{}/clients/{}", client_remove, "RemoveClient"),
    ADMIN(POST, "tenants/{}/scim/tokens", scim_token_add, "AddScimToken"),
    ADMIN(GET, "tenants/{}/scim/tokens", scim_token_list, "GetScimTokens"),
    ADMIN(DELETE, "tenants/{}/scim/tokens/{}", scim_token_remove, "RemoveScimToken"),
    ADMIN(GET, "tenants/{}/documents", tracking_list, "GetDocuments"),
    ADMIN(GET, "tenants/{}/documents/{}", tracking_show, "GetDocument"),
    ADMIN(GET, "tenants/{}/documents/{}/events", tracking_events, "GetDocumentLog"),
    ADMIN(POST, "tenants/{}/documents/{}/revoke", tracking_revoke, "SetDocumentRevoked"),
    ADMIN(POST, "tenants/{}/documents/{}/restore", tracking_restore, "ClearDocumentRevoked"),
    ADMIN(GET, "tenants/{}/tracking", tracking_state, "GetDocumentTracking"),
    ADMIN(POST, "tenants/{}/tracking", tracking_set, "SetDocumentTracking"),
    ADMIN(GET, "tenants/{}/log/usage", log_usage, "GetUserLog"),
    ADMIN(GET, "tenants/{}/log/admin", log_admin, "GetAdminLog"),
    ADMIN(GET, "tenants/{}/log/verify", log_verify, "VerifyUserLog"),
    ADMIN(GET, "tenants/{}/reports/{}", report, "GetReport"),
    ADMIN(POST, "tenants/{}/log/erase", log_erase, "EraseUserLogPerson"),
    ADMIN(POST, "tenants/{}/log/trim", log_trim, "TrimUserLog"),
    {0},
};
