#include "service/route.h"

#include "service/admin.h"
#include "service/rest.h"
#include "service/scim.h"
#include "service/signin.h"
#include "service/tracking.h"

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
#define MY(path)                                  "/my/v1|v2/" path
#define BEARER(methods, path, max, handler, word) FOR_OTHERS(methods, path, NONE, max, handler, word)
#define FOR_OTHERS(methods, path, area, max, handler, word)                                                  \
    {                                                                                                        \
        methods, MY(path), RMS_WHO_BEARER, RMS_AREA_##area, max, rms_rest_##handler, RMS_LOG_USAGE, word,    \
            false                                                                                            \
    }
/* A person's change that can be rehearsed. Never what hands out a licence: that is always logged as such. */
#define CHANGE(path, max, handler, word)                                                                     \
    {                                                                                                        \
        POST, MY(path), RMS_WHO_BEARER, RMS_AREA_NONE, max, rms_rest_##handler, RMS_LOG_USAGE, word, true    \
    }

#define SIGNIN(methods, path, max, handler)                                                                  \
    {                                                                                                        \
        methods, path, RMS_WHO_ANYONE, RMS_AREA_NONE, max, rms_signin_##handler, RMS_LOG_NONE, NULL, false   \
    }

/* What a directory pushes: changes are rows of the admin log. */
#define SCIM_READ(path, handler)                                                                             \
    {                                                                                                        \
        GET, "/{}/scim/v2/" path, RMS_WHO_PUSHER, RMS_AREA_NONE, 0, rms_scim_##handler, RMS_LOG_NONE, NULL,  \
            false                                                                                            \
    }
#define SCIM(methods, path, max, handler, word)                                                              \
    {                                                                                                        \
        methods, "/{}/scim/v2/" path, RMS_WHO_PUSHER, RMS_AREA_NONE, max, rms_scim_##handler, RMS_LOG_ADMIN, \
            word, false                                                                                      \
    }

/* Administration: the word is the command of the admin log. OPERATOR rows are for the socket alone: they
 * concern the deployment, other tenants, or what the service trusts. */
#define ROW(methods, path, who, area, handler, word)                                                         \
    {                                                                                                        \
        methods, "/admin/v1/" path, who, area, RMS_ADMIN_BODY_MAX, rms_admin_##handler, RMS_LOG_ADMIN, word, \
            true                                                                                             \
    }
#define OPERATOR(methods, path, handler, word)                                                               \
    ROW(methods, path, RMS_WHO_OPERATOR, RMS_AREA_NONE, handler, word)
#define ADMIN(methods, path, area, handler, word)                                                            \
    ROW(methods, path, RMS_WHO_ADMIN, RMS_AREA_##area, handler, word)
#define TENANT(methods, path, area, handler, word) ADMIN(methods, "tenants/{}/" path, area, handler, word)

const struct rms_route rms_routes[] = {
    /* the hot ones first: rows are tried in order */
    FOR_OTHERS(POST, "enduserlicenses", OPEN, LICENCE, end_user_licence, "FECreateEndUserLicenseV1"),
    BEARER(POST, "uselicenses", LICENCE, use_licence, "AcquireLicense"),
    FOR_OTHERS(POST, "publishinglicenses", PROTECT, LICENCE, publish, "FECreatePublishingLicenseV1"),
    BEARER(POST, "publishinglicenses/rights", LICENCE, rights_list, "GetRightsList"),
    BEARER(POST, "publishinglicenses/rights/change", LICENCE, rights_change, "UpdateRightsList"),
    BEARER(GET, "servicediscovery", 0, discovery, "ServiceDiscoveryForUser"),
    FOR_OTHERS(GET, "templates", PROTECT, 0, templates, "FEGetAllTemplates"),
    BEARER(GET, "signedtemplates", 0, signed_templates, "AcquireTemplates"),
    BEARER(GET, "templateinformation", 0, template_information, "AcquireTemplateInformation"),
    BEARER(GET, "licensorcertificate", 0, licensor_certificate, "GetLicensorCertificate"),
    BEARER(POST, "accountcertificates", CERTIFICATE, account_certificate, "Certify"),
    BEARER(POST, "clientlicensorcertificates", CERTIFICATE, client_licensor, "GetClientLicensorCert"),
    CHANGE("documents", LICENCE, tracking_register, "RegisterDocument"),
    BEARER(GET, "documents", 0, tracking_list, "GetAllDocs"),
    BEARER(GET, "documents/{}", 0, tracking_show, "GetSingle"),
    BEARER(GET, "documents/{}/events", 0, tracking_events, "LoadEventsForTimeline"),
    BEARER(GET, "documents/{}/summary", 0, tracking_summary, "LoadEventsForSummary"),
    BEARER(GET, "documents/{}/people", 0, tracking_people, "GetRecipients"),
    BEARER(GET, "documents/{}/map", 0, tracking_map, "LoadEventsForMap"),
    BEARER(POST, "documents/{}/refusals", SMALL, tracking_refusal, RMS_TRACKING_REFUSAL),
    CHANGE("documents/{}/revoke", LICENCE, tracking_revoke, "RevokeAccess"),
    CHANGE("documents/{}/notify", SMALL, tracking_notify, "UpdateNotificationSettings"),
    CHANGE("documents/{}/restore", SMALL, tracking_restore, "RestoreAccess"),
    CHANGE("documents/{}/delegates", SMALL, tracking_delegate, "SetDocumentDelegate"),
    CHANGE("documents/{}/handover", SMALL, tracking_hand_over, "TransferOwnership"),
    BEARER(POST, "clientlogs/debug", RMS_REST_LOG_BODY_MAX, client_log, "ClientLogs"),
    BEARER(POST, "clientlogs/performance", RMS_REST_LOG_BODY_MAX, client_log, "ClientLogs"),

    {GET, "/_wmcs/licensing", RMS_WHO_ANYONE, RMS_AREA_NONE, 0, rms_rest_licensing_info, RMS_LOG_NONE, NULL,
        false},
    {GET, "/_wmcs/certification", RMS_WHO_ANYONE, RMS_AREA_NONE, 0, rms_rest_licensing_info, RMS_LOG_NONE,
        NULL, false},

    {GET, "/health", RMS_WHO_MONITOR, RMS_AREA_NONE, 0, rms_rest_alive, RMS_LOG_NONE, NULL, false},
    {GET, "/ready", RMS_WHO_MONITOR, RMS_AREA_NONE, 0, rms_rest_ready, RMS_LOG_NONE, NULL, false},
    {GET, "/metrics", RMS_WHO_MONITOR, RMS_AREA_NONE, 0, rms_rest_metrics, RMS_LOG_NONE, NULL, false},

    SIGNIN(GET, "/{}/.well-known/openid-configuration", 0, configuration),
    SIGNIN(GET, "/{}/discovery/keys", 0, keys),
    SIGNIN(GET | POST, "/{}/oauth2/authorize", FORM, authorize),
    SIGNIN(GET | POST, "/{}/oauth2/signup", FORM, signup),
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

    ADMIN(POST, "session", SESSION, login, "ConnectService"),
    ADMIN(DELETE, "session", SESSION, logout, "DisconnectService"),
    OPERATOR(GET, "health", health, "GetHealth"),
    OPERATOR(GET, "db", db_check, "TestDatabase"),
    OPERATOR(POST, "db/migrate", db_migrate, "UpdateDatabase"),
    OPERATOR(POST, "db/backup", db_backup, "BackupDatabase"),
    OPERATOR(POST, "db/accept-restore", db_accept, "AcceptRestore"),
    OPERATOR(POST, "tenants", tenant_add, "AddTenant"),
    OPERATOR(GET, "tenants", tenant_list, "GetTenants"),
    ADMIN(GET, "tenants/{}", SERVICE, tenant_show, "GetConfiguration"),
    TENANT(GET, "state", SERVICE, tenant_state, "GetTenantFunctionalState"),
    TENANT(POST, "state", SERVICE, tenant_set_state, "SetTenantFunctionalState"),
    TENANT(POST, "settings", SERVICE, tenant_settings, "SetTenantSettings"),
    TENANT(GET, "max-validity", SERVICE, tenant_validity, "GetMaxUseLicenseValidityTime"),
    OPERATOR(POST, "tenants/{}/domains", domain_add, "AddDomain"),
    TENANT(POST, "keys", PEOPLE, key_add, "AddKey"),
    TENANT(GET, "keys", SERVICE, key_list, "GetKeys"),
    TENANT(POST, "keys/{}", PEOPLE, key_change, "SetKeyProperties"),
    TENANT(DELETE, "keys/{}", PEOPLE, key_remove, "RemoveKey"),
    TENANT(POST, "rotation", PEOPLE, key_rotation, "SetKeyRotation"),
    TENANT(GET, "doctor", SERVICE, doctor, "TestService"),
    TENANT(POST, "breach", PEOPLE, key_breach, "RespondToBreach"),
    TENANT(POST, "users", PEOPLE, user_add, "AddUser"),
    TENANT(GET, "users", HELP, user_list, "GetUsers"),
    TENANT(GET, "users/{}", HELP, user_show, "GetUser"),
    TENANT(POST, "users/{}", PEOPLE, user_change, "SetUser"),
    TENANT(DELETE, "users/{}", PEOPLE, user_remove, "RemoveUser"),
    TENANT(GET, "users/{}/identity", HELP, user_identity, "CheckIdentity"),
    TENANT(POST, "apps", PEOPLE, app_add, "AddApplication"),
    TENANT(GET, "apps", PEOPLE, app_list, "GetApplications"),
    TENANT(GET, "apps/{}", PEOPLE, app_show, "GetApplication"),
    TENANT(POST, "apps/{}", PEOPLE, app_change, "SetApplication"),
    TENANT(DELETE, "apps/{}", PEOPLE, app_remove, "RemoveApplication"),
    TENANT(POST, "apps/{}/secrets", PEOPLE, app_secret_add, "AddApplicationSecret"),
    TENANT(GET, "apps/{}/secrets/{}", PEOPLE, app_secret_show, "GetApplicationSecret"),
    TENANT(DELETE, "apps/{}/secrets/{}", PEOPLE, app_secret_remove, "RemoveApplicationSecret"),
    TENANT(GET, "roles", PEOPLE, role_list, "GetRoleBasedAdministrator"),
    TENANT(POST, "roles", PEOPLE, role_add, "AddRoleBasedAdministrator"),
    TENANT(POST, "roles/remove", PEOPLE, role_remove, "RemoveRoleBasedAdministrator"),
    TENANT(POST, "explain", HELP, explain, "ExplainDecision"),
    TENANT(POST, "groups", PEOPLE, group_add, "AddGroup"),
    TENANT(GET, "groups", HELP, group_list, "GetGroups"),
    TENANT(POST, "groups/refresh", HELP, group_refresh, "RefreshMembership"),
    TENANT(GET, "groups/{}", HELP, group_show, "GetGroup"),
    TENANT(DELETE, "groups/{}", PEOPLE, group_remove, "RemoveGroup"),
    TENANT(POST, "groups/{}/members", PEOPLE, group_members, "SetGroupMembers"),
    TENANT(POST, "templates", TEMPLATE, template_add, "AddTemplate"),
    TENANT(GET, "templates", TEMPLATE, template_list, "GetAllTemplates"),
    TENANT(GET, "templates/{}", TEMPLATE, template_show, "GetTemplateById"),
    TENANT(POST, "templates/import", TEMPLATE, template_import, "ImportTemplate"),
    TENANT(POST, "templates/texts", TEMPLATE, template_texts, "UpdateTemplateTexts"),
    TENANT(POST, "templates/{}", TEMPLATE, template_change, "UpdateTemplate"),
    TENANT(DELETE, "templates/{}", TEMPLATE, template_remove, "DeleteTemplateById"),
    TENANT(GET, "templates/{}/export", TEMPLATE, template_export, "ExportTemplate"),
    TENANT(GET, "templates/{}/history", TEMPLATE, template_history, "GetTemplateHistory"),
    TENANT(POST, "templates/{}/restore", TEMPLATE, template_restore, "RestoreTemplate"),
    TENANT(GET, "templates/{}/lint", TEMPLATE, template_lint, "CheckTemplate"),
    TENANT(GET, "templates/{}/usage", TEMPLATE, template_usage, "GetTemplateUsage"),
    TENANT(POST, "onboarding", SERVICE, onboarding_set, "SetOnboardingControlPolicy"),
    TENANT(GET, "onboarding", SERVICE, onboarding_show, "GetOnboardingControlPolicy"),
    TENANT(GET, "superusers/group", SUPER, super_group, "GetSuperUserGroup"),
    TENANT(GET, "config", SERVICE, tenant_config, "GetTenantConfiguration"),
    TENANT(GET, "migration", SERVICE, migration_show, "GetMigrationUrl"),
    TENANT(POST, "migration", SERVICE, migration_set, "SetMigrationUrl"),
    TENANT(GET, "log/feature", REPORT, log_feature, "GetUsageLogFeature"),
    TENANT(POST, "log/feature", SERVICE, log_feature, "SetUsageLogFeature"),
    TENANT(GET, "log/storage", REPORT, log_storage, "GetUsageLogStorageAccount"),
    TENANT(POST, "log/storage", SERVICE, log_storage, "SetUsageLogStorageAccount"),
    TENANT(GET, "log/last-number", REPORT, log_number, "GetUsageLogLastCounterValue"),
    TENANT(GET, "platforms", SERVICE, platform_list, "GetDevicePlatform"),
    TENANT(POST, "platforms", SERVICE, platform_set, "SetDevicePlatform"),
    TENANT(GET, "rest", SERVICE, rest_state, "GetIPCv3Service"),
    TENANT(POST, "rest", SERVICE, rest_set, "SetIPCv3Service"),
    TENANT(GET, "exclusions", PEOPLE, exclusion_list, "GetExclusions"),
    TENANT(POST, "exclusions", PEOPLE, exclusion_set, "SetExclusions"),
    TENANT(POST, "superusers", SUPER, super_change, "SetSuperUsers"),
    TENANT(GET, "superusers", SUPER, super_show, "GetSuperUsers"),
    TENANT(POST, "recoveries", SUPER, recovery_ask, "RequestRecovery"),
    TENANT(GET, "recoveries", SUPER, recovery_list, "GetRecoveries"),
    TENANT(POST, "recoveries/{}/approve", SUPER, recovery_approve, "ApproveRecovery"),
    TENANT(POST, "recoveries/{}/deny", SUPER, recovery_deny, "DenyRecovery"),
    TENANT(POST, "recoveries/{}/end", SUPER, recovery_end, "EndRecovery"),
    TENANT(POST, "exports", PEOPLE, export_ask, "RequestTpdExport"),
    TENANT(GET, "exports", PEOPLE, export_list, "GetTpdExports"),
    TENANT(POST, "exports/{}/approve", PEOPLE, export_approve, "ApproveTpdExport"),
    TENANT(POST, "exports/{}/deny", PEOPLE, export_deny, "DenyTpdExport"),
    TENANT(POST, "exports/{}/end", PEOPLE, export_end, "EndTpdExport"),
    OPERATOR(POST, "tenants/{}/issuers", issuer_add, "AddIssuer"),
    OPERATOR(GET, "tenants/{}/issuers", issuer_list, "GetIssuers"),
    OPERATOR(DELETE, "tenants/{}/issuers/{}", issuer_remove, "RemoveIssuer"),
    OPERATOR(GET, "tenants/{}/userdomains/own", partner_own, "ExportTrustedUserDomain"),
    OPERATOR(POST, "tenants/{}/userdomains", partner_import, "ImportTrustedUserDomain"),
    OPERATOR(GET, "tenants/{}/userdomains", partner_list, "GetTrustedUserDomains"),
    OPERATOR(DELETE, "tenants/{}/userdomains/{}", partner_remove, "RemoveTrustedUserDomain"),
    OPERATOR(POST, "tenants/{}/directories", directory_add, "AddDirectory"),
    OPERATOR(GET, "tenants/{}/directories", directory_list, "GetDirectories"),
    OPERATOR(GET, "tenants/{}/directories/{}", directory_show, "GetDirectory"),
    OPERATOR(DELETE, "tenants/{}/directories/{}", directory_remove, "RemoveDirectory"),
    OPERATOR(POST, "tenants/{}/directories/{}/refresh", directory_refresh, "UpdateDirectory"),
    OPERATOR(POST, "tenants/{}/clients", client_add, "AddClient"),
    OPERATOR(GET, "tenants/{}/clients", client_list, "GetClients"),
    OPERATOR(DELETE, "tenants/{}/clients/{}", client_remove, "RemoveClient"),
    TENANT(POST, "scim/tokens", PEOPLE, scim_token_add, "AddScimToken"),
    TENANT(GET, "scim/tokens", PEOPLE, scim_token_list, "GetScimTokens"),
    TENANT(DELETE, "scim/tokens/{}", PEOPLE, scim_token_remove, "RemoveScimToken"),
    TENANT(GET, "documents", TRACKING, tracking_list, "GetDocuments"),
    TENANT(GET, "documents/{}", TRACKING, tracking_show, "GetDocument"),
    TENANT(GET, "documents/{}/events", TRACKING, tracking_events, "GetDocumentLog"),
    TENANT(POST, "documents/{}/revoke", TRACKING, tracking_revoke, "SetDocumentRevoked"),
    TENANT(POST, "documents/{}/restore", TRACKING, tracking_restore, "ClearDocumentRevoked"),
    TENANT(POST, "handovers", TRACKING, owner_transfer, "TransferOwnership"),
    TENANT(GET, "handovers", TRACKING, owner_list, "GetOwnershipTransfers"),
    TENANT(GET, "guests", PEOPLE, guests_state, "GetGuestAccess"),
    TENANT(POST, "guests", PEOPLE, guests_set, "SetGuestAccess"),
    TENANT(GET, "tracking", SERVICE, tracking_state, "GetDocumentTracking"),
    TENANT(POST, "tracking", SERVICE, tracking_set, "SetDocumentTracking"),
    TENANT(GET, "tracking/group", SERVICE, no_track_show, "GetDoNotTrackUserGroup"),
    TENANT(POST, "tracking/group", SERVICE, no_track_set, "SetDoNotTrackUserGroup"),
    TENANT(GET, "tracking/docs", TRACKING, tracking_docs, "GetDocumentLog"),
    TENANT(GET, "tracking/log", TRACKING, tracking_log, "GetTrackingLog"),
    TENANT(GET, "log/usage", REPORT, log_usage, "GetUserLog"),
    TENANT(GET, "log/admin", REPORT, log_admin, "GetAdminLog"),
    TENANT(GET, "log/verify", REPORT, log_verify, "VerifyUserLog"),
    TENANT(GET, "reports/{}", REPORT, report, "GetReport"),
    TENANT(GET, "privacy", PEOPLE, privacy_show, "GetPersonalData"),
    TENANT(POST, "privacy/delete", PEOPLE, privacy_delete, "RemovePersonalData"),
    TENANT(POST, "privacy/replace", PEOPLE, privacy_replace, "ReplacePersonalAddress"),
    TENANT(POST, "log/erase", PEOPLE, log_erase, "EraseUserLogPerson"),
    OPERATOR(POST, "tenants/{}/log/trim", log_trim, "TrimUserLog"),
    TENANT(GET, "retention", REPORT, retention_show, "GetRetention"),
    OPERATOR(POST, "tenants/{}/retention", retention_set, "SetRetention"),
    {0},
};
