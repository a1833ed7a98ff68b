#include "service/tool.h"

#include <stdio.h>

#include "base/clock.h"
#include "service/keyd_masterkey.h"
#include "service/master_process.h"
#include "service/settings.h"
#include "store/admin_log.h"
#include "store/tenant.h"

#define ARENA_MAX (4u << 20)

int rms_tool_begin(const struct rms_settings *settings, struct rms_tool *tool_out)
{
    *tool_out = (struct rms_tool){.settings = settings};
    RMS_TRY(rms_master_key_load(settings, &tool_out->master));
    tool_out->sealing_key = rms_master_key_for_sealing(tool_out->master);
    tool_out->arena = rms_arena_new(ARENA_MAX);
    rms_secret_harden_process();
    return tool_out->sealing_key != NULL && tool_out->arena != NULL ? 0 : RMS_E_NO_MEMORY;
}

int rms_tool_open(struct rms_tool *tool)
{
    RMS_TRY(rms_process_become(tool->settings));
    RMS_TRY(rms_store_open(tool->settings->database, &tool->store));
    return rms_db_open(tool->store, &tool->db);
}

void rms_tool_close(struct rms_tool *tool)
{
    rms_db_close(&tool->db);
    rms_store_free(&tool->store);
    rms_arena_free(&tool->arena);
    rms_secret_free(&tool->sealing_key);
    rms_secret_free(&tool->master);
}

int rms_tool_note(
    const struct rms_tool *tool, const char *tenant_id, const char *command, const char *subject)
{
    char text[128];
    const struct rms_admin_row row = {.tenant_id = tenant_id,
        .time = rms_clock_now(),
        .actor = "operator",
        .command = text,
        .passed = true,
        .result = "True"};

    (void)snprintf(text, sizeof text, "%s%s%s", command, subject[0] != '\0' ? " " : "", subject);
    return rms_admin_log_append(tool->db, &row);
}

int rms_tool_note_all(const struct rms_tool *tool, const char *command, const char *subject)
{
    struct rms_tenants tenants;

    RMS_TRY(rms_tenant_list(tool->db, tool->arena, &tenants));
    for (size_t i = 0; i < tenants.count; i++) {
        RMS_TRY(rms_tool_note(tool, tenants.items[i].id, command, subject));
    }
    return 0;
}
