#include "service/guest_state.h"

#include "base/json.h"
#include "base/text.h"
#include "service/settings_text.h"

#define PASSCODES "GuestPasscodes"
#define DOCUMENTS "GuestPasscodeDocuments"
#define SIGN_UP   "GuestSignUp"
#define PROTECT   "GuestSignUpProtect"
#define DOMAINS   "GuestSignUpDomains"

int rms_guest_state_read(struct rms_arena *arena, const char *settings, struct rms_guest_state *state_out)
{
    RMS_JSON_CLEANUP json_t *json = NULL;

    *state_out = (struct rms_guest_state){0};
    if (settings == NULL || rms_json_parse(rms_view_str(settings), &json) < 0) {
        return 0;
    }
    state_out->passcodes = json_is_true(json_object_get(json, PASSCODES));
    state_out->documents = json_is_true(json_object_get(json, DOCUMENTS));
    state_out->sign_up = json_is_true(json_object_get(json, SIGN_UP));
    state_out->protect = json_is_true(json_object_get(json, PROTECT));
    return rms_json_texts(
        arena, json_object_get(json, DOMAINS), &state_out->domains, &state_out->domain_count);
}

int rms_guest_state_write(struct rms_arena *arena, const char *settings, const struct rms_guest_state *state,
    const char **settings_out)
{
    RMS_JSON_CLEANUP json_t *json = rms_settings_text_open(settings);
    json_t *domains = json_array();

    for (size_t i = 0; i < state->domain_count; i++) {
        (void)json_array_append_new(domains, json_string(state->domains[i]));
    }
    if (json_array_size(domains) != state->domain_count ||
        json_object_set_new(json, PASSCODES, json_boolean(state->passcodes)) != 0 ||
        json_object_set_new(json, DOCUMENTS, json_boolean(state->documents)) != 0 ||
        json_object_set_new(json, SIGN_UP, json_boolean(state->sign_up)) != 0 ||
        json_object_set_new(json, PROTECT, json_boolean(state->protect)) != 0 ||
        json_object_set(json, DOMAINS, domains) != 0) {
        json_decref(domains);
        return RMS_E_NO_MEMORY;
    }
    json_decref(domains);
    return rms_settings_text_close(arena, json, settings_out);
}

bool rms_guest_may_sign_up(const struct rms_guest_state *state, const char *address)
{
    const char *domain = rms_address_domain(address);

    for (size_t i = 0; i < state->domain_count; i++) {
        if (strcmp(state->domains[i], domain) == 0) {
            return state->sign_up;
        }
    }
    return state->sign_up && state->domain_count == 0;
}

bool rms_guest_public_domain(const char *domain)
{
    static const char *const domains[] = {"gmail.com", "googlemail.com", "outlook.com", "hotmail.com",
        "live.com", "msn.com", "yahoo.com", "ymail.com", "aol.com", "icloud.com", "me.com", "mac.com",
        "gmx.de", "gmx.net", "gmx.com", "web.de", "t-online.de", "freenet.de", "mail.com", "proton.me",
        "protonmail.com", "posteo.de", "mailbox.org", "zoho.com", "yandex.com", "yandex.ru", "mail.ru",
        "qq.com", "163.com", "126.com", "orange.fr", "free.fr", "libero.it"};

    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++) {
        if (strcmp(domains[i], domain) == 0) {
            return true;
        }
    }
    return false;
}
