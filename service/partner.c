#include "service/partner.h"

#include <stdio.h>

#include "base/json.h"
#include "base/text.h"
#include "service/settings_text.h"

#define SETTING "TrustedUserDomains"

static int read_one(struct rms_arena *arena, const json_t *item, struct rms_partner *partner)
{
    const char *key = rms_json_str(item, "Key");

    if (key == NULL || strlen(key) != sizeof partner->key - 1) {
        return RMS_E_INTERNAL;
    }
    memcpy(partner->key, key, sizeof partner->key);
    for (size_t i = 0; i < sizeof partner->fingerprint; i++) {
        unsigned byte = 0;

        if (sscanf(key + 2 * i, "%2x", &byte) != 1) {
            return RMS_E_INTERNAL;
        }
        partner->fingerprint[i] = (uint8_t)byte;
    }
    partner->name = rms_arena_strdup(arena, rms_json_str(item, "Name"));
    partner->time = json_integer_value(json_object_get(item, "Time"));
    return rms_json_texts(arena, json_object_get(item, "Domains"), &partner->domains, &partner->domain_count);
}

int rms_partners_read(struct rms_arena *arena, const char *settings, struct rms_partners *partners_out)
{
    RMS_JSON_CLEANUP json_t *json = rms_settings_text_open(settings);
    const json_t *list = json_object_get(json, SETTING);
    const json_t *item;
    size_t i;

    if (json == NULL) {
        return RMS_E_NO_MEMORY;
    }
    *partners_out = (struct rms_partners){
        .items = rms_arena_array(arena, json_array_size(list) + 1, sizeof *partners_out->items)};
    if (partners_out->items == NULL) {
        return RMS_E_NO_MEMORY;
    }
    json_array_foreach(list, i, item)
    {
        RMS_TRY(read_one(arena, item, &partners_out->items[partners_out->count++]));
    }
    return 0;
}

static json_t *write_one(const struct rms_partner *partner)
{
    json_t *domains = json_array();

    for (size_t i = 0; i < partner->domain_count; i++) {
        (void)json_array_append_new(domains, json_string(partner->domains[i]));
    }
    if (json_array_size(domains) != partner->domain_count) {
        json_decref(domains);
        return NULL;
    }
    return json_pack("{s:s, s:s*, s:o, s:I}", "Key", partner->key, "Name", partner->name, "Domains", domains,
        "Time", (json_int_t)partner->time);
}

int rms_partners_write(struct rms_arena *arena, const char *settings, const struct rms_partners *partners,
    const char **settings_out)
{
    RMS_JSON_CLEANUP json_t *json = rms_settings_text_open(settings);
    json_t *list = json_array();

    for (size_t i = 0; i < partners->count; i++) {
        (void)json_array_append_new(list, write_one(&partners->items[i]));
    }
    if (json == NULL || json_array_size(list) != partners->count) {
        json_decref(list);
        return RMS_E_NO_MEMORY;
    }
    if (json_object_set_new(json, SETTING, list) != 0) {
        return RMS_E_NO_MEMORY;
    }
    return rms_settings_text_close(arena, json, settings_out);
}

static bool may_name(const struct rms_partner *partner, const char *address)
{
    char normal[RMS_ADDRESS_MAX];

    if (address == NULL || rms_address_normalise(address, normal) != 0) {
        return false;
    }
    for (size_t i = 0; i < partner->domain_count; i++) {
        if (strcmp(partner->domains[i], rms_address_domain(normal)) == 0) {
            return true;
        }
    }
    return partner->domain_count == 0;
}

int rms_partners_verify(
    const struct rms_partners *partners, const struct rms_chain *chain, const struct rms_certificate *rac)
{
    for (size_t i = 0; i < partners->count; i++) {
        const struct rms_partner *partner = &partners->items[i];
        const struct rms_trust trust = {.fingerprints = &partner->fingerprint, .fingerprint_count = 1};
        int status = may_name(partner, rac->address) ? rms_chain_verify(chain, &trust) : RMS_E_UNKNOWN_KEY;

        if (status != RMS_E_UNKNOWN_KEY) {
            return status;
        }
    }
    return RMS_E_UNKNOWN_KEY;
}
