/* By which groups somebody is in a group: breadth first, upwards, each group once, so that cycles end
 * (S-044). */
#include "directory/directory.h"

#define NONE          SIZE_MAX
#define STEPS_MAX     10000 /* groups looked at; beyond, the way is not told */
#define STEPS_AT_ONCE 64

struct step {
    struct rms_group group;
    size_t from; /* the step below; NONE: he is a member himself */
};

struct search {
    struct rms_db *db;
    struct rms_arena *arena;
    const struct rms_path_question *question;
    struct step *steps;
    size_t count, room;
};

static bool seen(const struct search *search, const char *id)
{
    for (size_t i = 0; i < search->count; i++) {
        if (strcmp(search->steps[i].group.id, id) == 0) {
            return true;
        }
    }
    return false;
}

static int grow(struct search *search)
{
    size_t room = search->room * 2 + STEPS_AT_ONCE;
    struct step *bigger = rms_arena_array(search->arena, room, sizeof *bigger);

    if (bigger == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (search->count > 0) {
        memcpy(bigger, search->steps, search->count * sizeof *bigger);
    }
    search->steps = bigger;
    search->room = room;
    return 0;
}

static int add_above(struct search *search, const char *member_id, size_t from)
{
    struct rms_groups above;

    RMS_TRY(rms_groups_direct(search->db, search->arena, search->question->tenant_id, member_id, &above));
    for (size_t i = 0; i < above.count && search->count < STEPS_MAX; i++) {
        if (seen(search, above.items[i].id)) {
            continue;
        }
        if (search->count == search->room) {
            RMS_TRY(grow(search));
        }
        search->steps[search->count++] = (struct step){above.items[i], from};
    }
    return 0;
}

static int lay_out(const struct search *search, size_t last, struct rms_group_path *path_out)
{
    size_t count = 0;
    struct rms_group *groups;

    for (size_t i = last; i != NONE; i = search->steps[i].from) {
        count++;
    }
    groups = rms_arena_array(search->arena, count, sizeof *groups);
    if (groups == NULL) {
        return RMS_E_NO_MEMORY;
    }
    *path_out = (struct rms_group_path){groups, count};
    for (size_t i = last; i != NONE; i = search->steps[i].from) {
        groups[--count] = search->steps[i].group;
    }
    return 0;
}

int rms_directory_group_path(struct rms_db *db, struct rms_arena *arena,
    const struct rms_path_question *question, struct rms_group_path *path_out)
{
    struct search search = {.db = db, .arena = arena, .question = question};

    *path_out = (struct rms_group_path){0};
    RMS_TRY(add_above(&search, question->member_id, NONE));
    for (size_t i = 0; i < search.count; i++) {
        const char *address = search.steps[i].group.address;

        if (address != NULL && strcmp(address, question->address) == 0) {
            return lay_out(&search, i, path_out);
        }
        RMS_TRY(add_above(&search, search.steps[i].group.id, i));
    }
    return 0;
}
