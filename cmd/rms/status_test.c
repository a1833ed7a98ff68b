/* What files tell of themselves: real files and licences of the original service, and files that are none. */
#include "base/test.h"

#include <ftw.h>
#include <limits.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/json.h"
#include "cmd/rms/capture.h"

static char home[] = "/tmp/rms-status-XXXXXX";
static const struct verb *verbs; /* both, ended */

static int make_home(void **state)
{
    static struct verb all[3];

    (void)state;
    all[0] = verb_status;
    all[1] = verb_license;
    verbs = all;
    assert_non_null(mkdtemp(home));
    (void)setenv("HOME", home, 1);
    (void)setenv("RMS_KEYRING", "off", 1);
    (void)unsetenv("RMS_STORE");
    return chdir(home);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info;
    (void)type;
    (void)place;
    return remove(path);
}

static int remove_home(void **state)
{
    (void)state;
    assert_int_equal(chdir("/"), 0);
    return nftw(home, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *vector(const char *name)
{
    static char path[PATH_MAX];
    const char *source = getenv("RMS_SOURCE_DIR");

    (void)snprintf(path, sizeof path, "%s/test/vectors/%s", source != NULL ? source : ".", name);
    return path;
}

static json_t *json_of(const char *out)
{
    json_t *object = NULL;

    assert_int_equal(rms_json_parse(rms_view_str(out), &object), 0);
    return object;
}

/* Made by the original service; values as test/vectors/pfile/README.md tells them. touches: C-219, C-096 */
static void real_files(void **state)
{
    static const struct {
        const char *file, *status, *owner, *content_id;
    } cases[] = {
        {"pfile/AliceBvt.txt.pfile", "Protected (Generic)", "alice@isvtenant999.onmicrosoft.com",
            "23090335-566a-4e3f-9ba8-544ca32e5998"},
        {"pfile/android_template_01.ptxt", "Protected (Native)", "bob@isvtenant999.onmicrosoft.com",
            "03527b60-0416-4103-ad05-5f9f510e55e3"},
    };
    struct captured got;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        json_t *RMS_JSON_CLEANUP object = NULL;

        CAPTURE(verbs, &got, "status", "--json", vector(cases[i].file));
        assert_int_equal(got.status, EXIT_DONE);
        object = json_of(got.out);
        assert_string_equal(rms_json_str(object, "Status"), cases[i].status);
        assert_true(json_is_true(json_object_get(object, "IsRMSProtected")));
        assert_true(json_is_false(json_object_get(object, "IsLabeled")));
        assert_string_equal(rms_json_str(object, "RMSOwner"), cases[i].owner);
        assert_string_equal(rms_json_str(object, "ContentId"), cases[i].content_id);
        assert_true(json_is_true(json_object_get(object, "SignatureConsistent")));
        assert_true(json_is_false(json_object_get(object, "SignatureTrusted")));
    }
}

static void unprotected_and_missing(void **state)
{
    static const char *const empty[] = {"MainLabelId", "MainLabelName", "SubLabelId", "SubLabelName",
        "LabelingSiteId", "Owner", "LabelingMethod", "LabelDate", "RMSTemplateId", "RMSTemplateName",
        "RMSIssuedTime", "RMSOwner", "RMSIssuer", "ContentId"};
    json_t *RMS_JSON_CLEANUP plain = NULL;
    json_t *RMS_JSON_CLEANUP missing = NULL;
    struct captured got;

    (void)state;
    CAPTURE(verbs, &got, "status", "--json", vector("pfile/README.md"));
    assert_int_equal(got.status, EXIT_DONE);
    plain = json_of(got.out);
    assert_true(json_is_false(json_object_get(plain, "IsRMSProtected")));
    for (size_t i = 0; i < RMS_COUNT(empty); i++) {
        assert_string_equal(rms_json_str(plain, empty[i]), "");
    }
    CAPTURE(verbs, &got, "status", "--protection", vector("pfile/README.md"));
    assert_non_null(strstr(got.out, ": Unprotected\n"));
    CAPTURE(verbs, &got, "status", "--json", "missing.txt");
    assert_int_equal(got.status, EXIT_MISSING);
    missing = json_of(got.out);
    assert_string_equal(rms_json_str(missing, "Status"), "Failed");
    assert_string_equal(rms_json_str(missing, "Reason"), "not-found");
    CAPTURE(verbs, &got, "status", "missing.txt", vector("pfile/README.md"));
    assert_int_equal(got.status, EXIT_REFUSED);
}

static void licences_by_themselves(void **state)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(1u << 20);
    json_t *RMS_JSON_CLEANUP object = NULL;
    struct captured got;

    (void)state;
    CAPTURE(verbs, &got, "license", "show", "--json", vector("licences/AliceBvt.pl.xml"));
    assert_int_equal(got.status, EXIT_DONE);
    object = json_of(got.out);
    assert_true(json_is_false(json_object_get(object, "IsRMSProtected")));
    assert_string_equal(rms_json_str(object, "RMSOwner"), "alice@isvtenant999.onmicrosoft.com");
    assert_true(json_is_true(json_object_get(object, "SignatureConsistent")));
    CAPTURE(verbs, &got, "license", "show", vector("licences/README.md"));
    assert_int_equal(got.status, EXIT_REFUSED);
    /* cut anywhere it is no licence, and nothing else happens */
    assert_int_equal(rms_file_read(vector("licences/AliceBvt.pl.xml"), &text), 0);
    for (size_t len = 0; len < text.len; len += 1 + text.len / 40) {
        assert_int_equal(rms_file_write("cut", rms_view_of(text.data, len), 0600), 0);
        CAPTURE(verbs, &got, "license", "show", "cut");
        assert_int_equal(got.status, EXIT_REFUSED);
        assert_string_equal(got.out, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_files),
        cmocka_unit_test(unprotected_and_missing),
        cmocka_unit_test(licences_by_themselves),
    };

    return cmocka_run_group_tests(tests, make_home, remove_home);
}
