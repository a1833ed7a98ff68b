/* Labels that several tests use. */
#ifndef RMS_LABEL_TEST_H
#define RMS_LABEL_TEST_H

#include "base/test.h"
#include "label/pairs.h"

#define ARENA              (16u * 1024 * 1024)
#define OURS               "d5fe813e-0caa-432a-b2ac-d555aa91bd1c"
#define THEIRS             "72f988bf-86f1-41af-91ab-2d7cd011db47"
#define LABEL_A            "3de9faa6-9fe1-49b3-9a08-227a296b54a6"
#define LABEL_B            "2096f6a2-d2f7-48be-b329-b73aaa526e5d"
#define LABEL_X            "f42aa342-8706-4288-bd11-ebb85995028c"
#define PROTECTED_BIT      8
#define KEY(id, attribute) "MSIP_Label_" id "_" attribute

static inline void put_all(struct rms_label_pairs *pairs, const char *const (*rows)[2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(rms_label_pairs_put(pairs, rows[i][0], rows[i][1]), 0);
    }
}
#define PUT_ALL(pairs, rows) put_all(pairs, rows, sizeof(rows) / sizeof((rows)[0]))

/* As the 2019 layout has it: parent and sublabel with their sets, ours; one of another organisation. */
static const char *const old_layout[][2] = {{KEY(LABEL_A, "Enabled"), "True"}, {KEY(LABEL_A, "SiteId"), OURS},
    {KEY(LABEL_A, "Ref"), "https://api.informationprotection.azure.com/api/" OURS},
    {KEY(LABEL_A, "Owner"), "alice@contoso.test"},
    {KEY(LABEL_A, "SetDate"), "2017-09-05T13:44:33.6592363+03:00"}, {KEY(LABEL_A, "Name"), "Confidential"},
    {KEY(LABEL_A, "Application"), "Microsoft Azure Information Protection"},
    {KEY(LABEL_A, "Extended_MSFT_Method"), "Manual"}, {KEY(LABEL_B, "Enabled"), "True"},
    {KEY(LABEL_B, "Ref"), "https://api.informationprotection.azure.com/api/" OURS},
    {KEY(LABEL_B, "SetDate"), "2017-09-05T13:44:33.6592363+03:00"}, {KEY(LABEL_B, "Name"), "Finance"},
    {KEY(LABEL_B, "Parent"), LABEL_A}, {KEY(LABEL_B, "Extended_MSFT_Method"), "Automatic"},
    {"Sensitivity", "Confidential Finance"}, {KEY(LABEL_X, "Enabled"), "true"},
    {KEY(LABEL_X, "SiteId"), THEIRS}, {KEY(LABEL_X, "Name"), "General"},
    {KEY(LABEL_X, "SetDate"), "2020-01-01T00:00:00Z"}};

static inline struct rms_labelled wanted(const char *id)
{
    struct rms_labelled label = {.name = "Internal",
        .set_at = "2026-11-22T12:00:00Z",
        .method = "Privileged",
        .owner = "",
        .content_bits = PROTECTED_BIT};

    memcpy(label.id, id, RMS_GUID_TEXT);
    memcpy(label.site, OURS, RMS_GUID_TEXT);
    return label;
}

#endif
