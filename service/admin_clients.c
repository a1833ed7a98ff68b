/* Which clients are served: kinds of devices, the REST interface, versions, keys (client_state.h). */
#include "service/admin.h"
#include "service/client_state.h"
#include "service/rest_write.h"
#include "service/tenant.h"
#include "store/account.h"

static int read_state(struct rms_request *request, struct rms_client_state *state)
{
    struct rms_tenant t;
    RMS_TRY(rms_admin_tenant(request, &t));
    return rms_client_state_read(request->arena, t.settings, state);
}

static int store(struct rms_request *request, const struct rms_client_state *state, struct rms_tenant *t)
{
    return rms_client_state_write(request->arena, t->settings, state, &t->settings);
}

static const char *state_word(bool off)
{
    return off ? "Disabled" : "Enabled";
}

/* --- kinds of devices ------------------------------------------------------------------------------------
 */

int rms_admin_platform_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_client_state state;
    struct rms_buf *out = &reply->body;
    (void)front;
    RMS_TRY(read_state(request, &state));
    rms_out_open(out, NULL, '[');
    for (unsigned i = 0; i < RMS_PLATFORM_COUNT; i++) {
        rms_out_open(out, NULL, '{');
        rms_out_text(out, "Platform", rms_platform_name((enum rms_platform)i));
        rms_out_text(out, "State", state_word((state.platforms_off & 1u << i) != 0));
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
    return RMS_OK;
}

static int read_platforms(
    struct rms_admin_body *body, const char *member, const char *all_member, unsigned *bits_out)
{
    bool all = false;
    const char *const *names = NULL;
    size_t count = 0;
    *bits_out = 0;
    RMS_TRY(rms_reader_texts(&body->reader, body->object, member, &names, &count));
    for (size_t i = 0; i < count; i++) {
        enum rms_platform platform;
        if (rms_platform_parse(names[i], &platform) < 0) {
            return rms_reader_fail(&body->reader, member,
                "not one of Windows, WindowsStore, WindowsPhone, Mac, iOS, Android, Web");
        }
        *bits_out |= 1u << platform;
    }
    RMS_TRY(rms_reader_bool(&body->reader, body->object, all_member, &all));
    *bits_out |= all ? (1u << RMS_PLATFORM_COUNT) - 1 : 0;
    return RMS_OK;
}

static int set_platforms(struct rms_request *request, struct rms_admin_body *body, struct rms_tenant *t)
{
    struct rms_client_state state;
    unsigned on;
    unsigned off;
    RMS_TRY(rms_client_state_read(request->arena, t->settings, &state));
    RMS_TRY(read_platforms(body, "Enable", "EnableAll", &on));
    RMS_TRY(read_platforms(body, "Disable", "DisableAll", &off));
    if ((on & off) != 0) {
        return rms_reader_fail(&body->reader, "Disable", "the same as in Enable");
    }
    state.platforms_off = (state.platforms_off | off) & ~on;
    return store(request, &state, t);
}

int rms_admin_platform_set(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Enable", "Disable", "EnableAll", "DisableAll", NULL};
    struct rms_tenant t;
    RMS_TRY(rms_admin_edit_tenant(request, names, set_platforms, &t));
    return rms_admin_platform_list(front, request, reply);
}

/* --- the REST interface ----------------------------------------------------------------------------------
 */

int rms_admin_rest_state(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_client_state state;
    (void)front;
    RMS_TRY(read_state(request, &state));
    rms_admin_write_word(request, reply, "IPCv3ServiceFunctionalState", state_word(state.rest_off));
    return RMS_OK;
}

static int set_rest(struct rms_request *request, struct rms_admin_body *body, struct rms_tenant *t)
{
    struct rms_client_state state;
    const char *word = NULL;
    RMS_TRY(rms_client_state_read(request->arena, t->settings, &state));
    RMS_TRY(rms_admin_need(body, "State", 16, &word));
    state.rest_off = strcmp(word, state_word(true)) == 0;
    if (!state.rest_off && strcmp(word, state_word(false)) != 0) {
        return rms_reader_fail(&body->reader, "State", "neither Enabled nor Disabled");
    }
    return store(request, &state, t);
}

int rms_admin_rest_set(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"State", NULL};
    struct rms_tenant t;
    RMS_TRY(rms_admin_edit_tenant(request, names, set_rest, &t));
    return rms_admin_rest_state(front, request, reply);
}

/* --- versions and keys -----------------------------------------------------------------------------------
 */

/* NULL when the account is gone, or it is no account's. */
static const char *name_of(struct rms_request *request, const char *tenant_id, const char *account_id)
{
    struct rms_account account;
    bool known = account_id != NULL && rms_account_get(request->worker->db, request->arena, tenant_id,
                                           account_id, &account) == RMS_OK;
    return known ? account.upn : NULL;
}

int rms_admin_exclusion_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_client_state state;
    struct rms_buf *out = &reply->body;
    (void)front;
    RMS_TRY(read_state(request, &state));
    rms_out_open(out, NULL, '{');
    rms_out_texts(out, "Clients", state.clients, state.client_count);
    rms_out_texts(out, "Systems", state.systems, state.system_count);
    rms_out_open(out, "Keys", '[');
    for (size_t i = 0; i < state.key_count; i++) {
        const struct rms_excluded_key *key = &state.keys[i];
        rms_out_open(out, NULL, '{');
        rms_out_text(out, "Key", key->key);
        rms_out_text(out, "User", name_of(request, request->tenant->row.id, key->account_id));
        rms_out_time(out, "ExcludedTime", key->time);
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
    rms_out_close(out, '}');
    return RMS_OK;
}

struct texts {
    const char *const *items;
    size_t count;
};

static int read_texts(struct rms_admin_body *body, const char *member, struct texts *out)
{
    *out = (struct texts){NULL, 0};
    return rms_reader_texts(&body->reader, body->object, member, &out->items, &out->count);
}

static size_t find(const char *const *texts, size_t count, const char *text)
{
    size_t i = 0;
    while (i < count && strcmp(texts[i], text) != 0) {
        i++;
    }
    return i;
}

/* Adds the one list to the rules and takes the other out of them. */
static int change_rules(
    struct rms_admin_body *body, const char *const members[2], const char *const **rules, size_t *count)
{
    struct texts add;
    struct texts drop;
    RMS_TRY(read_texts(body, members[0], &add));
    RMS_TRY(read_texts(body, members[1], &drop));
    const char **list = rms_arena_array(body->reader.arena, *count + add.count + 1, sizeof *list);
    if (list == NULL) {
        return RMS_E_NO_MEMORY;
    }
    memcpy(list, *rules, *count * sizeof *list);
    for (size_t i = 0; i < add.count; i++) {
        if (!rms_version_rule_valid(add.items[i])) {
            return rms_reader_fail(&body->reader, members[0], "not FROM-TO or NAME FROM-TO, like 1.0-1.4");
        }
        if (find(list, *count, add.items[i]) == *count) {
            list[(*count)++] = add.items[i];
        }
    }
    for (size_t i = 0; i < drop.count; i++) {
        size_t at = find(list, *count, drop.items[i]);
        if (at == *count) {
            return RMS_E_NOT_FOUND;
        }
        memmove(&list[at], &list[at + 1], (--*count - at) * sizeof *list);
    }
    *rules = list;
    return *count <= RMS_EXCLUDED_RULES_MAX ? RMS_OK : RMS_E_LIMIT;
}

static size_t find_key(const struct rms_client_state *state, const char *text)
{
    size_t i = 0;
    while (i < state->key_count && strcmp(state->keys[i].key, text) != 0) {
        i++;
    }
    return i;
}

static int add_key(
    struct rms_arena *arena, struct rms_client_state *state, const struct rms_excluded_key *key)
{
    if (find_key(state, key->key) < state->key_count) {
        return RMS_OK;
    }
    if (state->key_count >= RMS_EXCLUDED_KEYS_MAX) {
        return RMS_E_LIMIT;
    }
    struct rms_excluded_key *keys = rms_arena_array(arena, state->key_count + 1, sizeof *keys);
    if (keys == NULL) {
        return RMS_E_NO_MEMORY;
    }
    memcpy(keys, state->keys, state->key_count * sizeof *keys);
    keys[state->key_count++] = *key;
    state->keys = keys;
    return RMS_OK;
}

/* The pair that a user has now; the next certificate is for a new one. */
static int add_user(
    struct rms_request *request, const char *tenant_id, const char *name, struct rms_client_state *state)
{
    struct rms_account account;
    struct rms_user_key stored;
    struct rms_rsa_public public_key;
    struct rms_excluded_key key = {.time = request->now};
    struct rms_db *db = request->worker->db;
    int rc = rms_account_find(db, request->arena, tenant_id, name, &account);
    if (rc < 0) {
        return rms_fail(request, rc, "no such user");
    }
    key.account_id = account.id;
    rc = rms_user_key_get(db, request->arena, tenant_id, account.id, &stored);
    if (rc < 0) {
        return rms_fail(request, rc, "the user has no key yet");
    }
    RMS_TRY(rms_rsa_public_set(&public_key, stored.modulus));
    rms_key_text(&public_key, key.key);
    return add_key(request->arena, state, &key);
}

static int change_keys(
    struct rms_request *request, struct rms_admin_body *body, struct rms_client_state *state)
{
    struct texts add;
    struct texts drop;
    struct rms_excluded_key key = {.time = request->now};
    RMS_TRY(read_texts(body, "AddKeys", &add));
    RMS_TRY(read_texts(body, "RemoveKeys", &drop));
    for (size_t i = 0; i < add.count; i++) {
        if (rms_key_text_parse(add.items[i], key.key) < 0) {
            return rms_reader_fail(&body->reader, "AddKeys", "neither SHA-256 of a key nor id of a device");
        }
        RMS_TRY(add_key(request->arena, state, &key));
    }
    for (size_t i = 0; i < drop.count; i++) {
        size_t at = rms_key_text_parse(drop.items[i], key.key) == RMS_OK ? find_key(state, key.key)
                                                                         : state->key_count;
        if (at == state->key_count) {
            return rms_fail(request, RMS_E_NOT_FOUND, "the key is not excluded");
        }
        memmove(&state->keys[at], &state->keys[at + 1], (--state->key_count - at) * sizeof *state->keys);
    }
    return RMS_OK;
}

static int set_exclusions(struct rms_request *request, struct rms_admin_body *body, struct rms_tenant *t)
{
    static const char *const clients[2] = {"AddClients", "RemoveClients"};
    static const char *const systems[2] = {"AddSystems", "RemoveSystems"};
    struct rms_client_state state;
    struct texts users;
    RMS_TRY(rms_client_state_read(request->arena, t->settings, &state));
    RMS_TRY(change_rules(body, clients, &state.clients, &state.client_count));
    RMS_TRY(change_rules(body, systems, &state.systems, &state.system_count));
    RMS_TRY(change_keys(request, body, &state));
    RMS_TRY(read_texts(body, "AddUsers", &users));
    for (size_t i = 0; i < users.count; i++) {
        RMS_TRY(add_user(request, t->id, users.items[i], &state));
    }
    return store(request, &state, t);
}

int rms_admin_exclusion_set(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"AddUsers", "AddKeys", "RemoveKeys", "AddClients", "RemoveClients",
        "AddSystems", "RemoveSystems", NULL};
    struct rms_tenant t;
    RMS_TRY(rms_admin_edit_tenant(request, names, set_exclusions, &t));
    return rms_admin_exclusion_list(front, request, reply);
}
