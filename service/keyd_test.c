#include "service/keyd_test.h"

#include "crypto/random.h"

#define TEXT "<XrML><BODY type=\"Microsoft Rights Template\">policy of \xc3\xa4lice</BODY></XrML>"

static const uint8_t bound[RMS_SHA256_BYTES] = {1, 2, 3};
static const uint8_t other_bound[RMS_SHA256_BYTES] = {1, 2, 4};

static struct rms_published publish(struct lab *lab, unsigned bits)
{
    const struct rms_publish_request ask = {.key_id = lab->tenant->key.key_id,
        .mode = RMS_MODE_CBC4K,
        .key_bits = bits,
        .owner_bound = bound,
        .erd = RMS_VIEW_LITERAL(TEXT)};
    struct rms_published published;

    assert_int_equal(rms_keyd_publish(lab->client, &ask, &published), 0);
    return published;
}

static struct rms_open_request open_of(struct lab *lab, const struct rms_published *published)
{
    return (struct rms_open_request){.key_id = lab->tenant->key.key_id,
        .bits = {RMS_SEALED_KEY_V2, rms_buf_view(&published->bits)},
        .bound = bound,
        .owner_bound = bound,
        .erd = rms_buf_view(&published->erd)};
}

static int try_open(struct lab *lab, const struct rms_open_request *ask)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(4096);
    struct rms_opened opened;

    return rms_keyd_open(lab->client, ask, &opened, &text);
}

/* --- the licence path ------------------------------------------------------------------------------- */

static void opens_what_it_published(void **state)
{
    static const unsigned sizes[] = {128, 256};
    struct lab *lab = *state;

    for (size_t i = 0; i < RMS_COUNT(sizes); i++) {
        RMS_PUBLISHED_CLEANUP struct rms_published published = publish(lab, sizes[i]);
        RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(4096);
        RMS_RELEASED_CLEANUP struct rms_released released;
        const struct rms_open_request ask = open_of(lab, &published);
        struct rms_opened opened;

        assert_int_equal(published.key.len, sizes[i] / 8);
        assert_int_equal(rms_keyd_open(lab->client, &ask, &opened, &text), 0);
        assert_string_equal(rms_buf_text(&text), TEXT);
        assert_int_equal(opened.mode, RMS_MODE_CBC4K);
        assert_int_equal(opened.key_bytes, sizes[i] / 8);
        assert_true(opened.owner_bound);
        assert_true(published.opened.owner_bound);
        assert_memory_equal(opened.fingerprint, published.opened.fingerprint, RMS_SHA256_BYTES);
        assert_memory_not_equal(opened.handle, published.opened.handle, RMS_KEY_HANDLE_BYTES);
        assert_int_equal(rms_keyd_release(lab->client, lab->tenant->key.key_id, opened.handle, &released), 0);
        assert_int_equal(released.len, published.key.len);
        assert_memory_equal(released.key, published.key.key, released.len);
    }
}

/* What keyd seals opens with lib/xrml and the recipient's key, and the rights data with the content key. */
static void agrees_with_the_licence_library(void **state)
{
    struct lab *lab = *state;
    RMS_PUBLISHED_CLEANUP struct rms_published published = publish(lab, 256);
    RMS_BUF_CLEANUP struct rms_buf bits = RMS_BUF_INIT(4096);
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(4096);
    const struct rms_seal_target target = {rms_rsa_public_of(lab->machine), bound};
    struct rms_content_key key;
    struct rms_enabling_bits sealed;

    assert_int_equal(
        rms_keyd_seal_to(lab->client, lab->tenant->key.key_id, published.opened.handle, &target, &bits), 0);
    sealed = (struct rms_enabling_bits){RMS_SEALED_KEY_V2, rms_buf_view(&bits)};
    assert_int_equal(rms_enabling_open_key(lab->machine, &sealed, bound, &key), 0);
    assert_int_equal(key.mode, RMS_MODE_CBC4K);
    assert_true(rms_view_equal(rms_secret_view(key.key), rms_view_of(published.key.key, published.key.len)));
    assert_int_equal(rms_erd_decrypt(rms_secret_view(key.key), rms_buf_view(&published.erd), &text), 0);
    assert_string_equal(rms_buf_text(&text), TEXT);
    rms_content_key_fini(&key);
}

static void gives_one_answer_for_everything_that_does_not_open(void **state)
{
    struct lab *lab = *state;
    RMS_PUBLISHED_CLEANUP struct rms_published published = publish(lab, 256);
    RMS_PUBLISHED_CLEANUP struct rms_published other = publish(lab, 256);
    struct rms_open_request ask = open_of(lab, &published);

    ask.owner_bound = other_bound;
    assert_int_equal(try_open(lab, &ask), RMS_E_BAD_LICENSE);
    ask.bound = NULL;
    assert_int_equal(try_open(lab, &ask), RMS_E_BAD_LICENSE);
    ask.owner_bound = NULL;
    assert_int_equal(try_open(lab, &ask), RMS_E_BAD_LICENSE);
    ask = open_of(lab, &published);
    ask.erd = rms_buf_view(&other.erd);
    assert_int_equal(try_open(lab, &ask), RMS_E_BAD_LICENSE);
    ask.erd = rms_view_of(NULL, 0);
    assert_int_equal(try_open(lab, &ask), RMS_E_BAD_LICENSE);
    ask = open_of(lab, &published);
    published.bits.data[5] ^= 1; /* in the RSA block */
    assert_int_equal(try_open(lab, &ask), RMS_E_BAD_LICENSE);
    ask.bound = NULL;
    assert_int_equal(try_open(lab, &ask), RMS_E_BAD_LICENSE);
    published.bits.data[5] ^= 1;
    published.bits.data[published.bits.len - 1] ^= 1; /* in the session block */
    ask.bound = bound;
    assert_int_equal(try_open(lab, &ask), RMS_E_BAD_LICENSE);
}

/* Which of the two opened it shows when the other is broken. */
static void opens_by_the_key_box_alone(void **state)
{
    struct lab *lab = *state;
    RMS_PUBLISHED_CLEANUP struct rms_published published = publish(lab, 256);
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(4096);
    RMS_RELEASED_CLEANUP struct rms_released released;
    struct rms_open_request ask = open_of(lab, &published);
    struct rms_opened opened;

    ask.box = rms_buf_view(&published.box);
    published.bits.data[5] ^= 1;
    assert_int_equal(rms_keyd_open(lab->client, &ask, &opened, &text), 0);
    assert_string_equal(rms_buf_text(&text), TEXT);
    assert_int_equal(opened.mode, RMS_MODE_CBC4K);
    assert_true(opened.owner_bound);
    assert_memory_equal(opened.fingerprint, published.opened.fingerprint, RMS_SHA256_BYTES);
    assert_int_equal(rms_keyd_release(lab->client, lab->tenant->key.key_id, opened.handle, &released), 0);
    assert_int_equal(released.len, published.key.len);
    assert_memory_equal(released.key, published.key.key, released.len);
}

/* Another owner or content, no owner, another document's box, another tenant's key, damage at every byte and
 * every length: as if there were none. */
static void a_key_box_opens_nothing_else(void **state)
{
    struct lab *lab = *state;
    RMS_PUBLISHED_CLEANUP struct rms_published published = publish(lab, 256);
    RMS_PUBLISHED_CLEANUP struct rms_published other = publish(lab, 256);
    struct rms_new_key second;
    struct rms_open_request ask = open_of(lab, &published);

    published.bits.data[5] ^= 1; /* so that the bits do not open either */
    ask.box = rms_buf_view(&published.box);
    assert_int_equal(try_open(lab, &ask), 0);
    ask.owner_bound = other_bound;
    assert_int_equal(try_open(lab, &ask), RMS_E_BAD_LICENSE);
    ask.owner_bound = NULL;
    assert_int_equal(try_open(lab, &ask), RMS_E_BAD_LICENSE);
    ask.owner_bound = bound;
    ask.box = rms_buf_view(&other.box);
    assert_int_equal(try_open(lab, &ask), RMS_E_BAD_LICENSE); /* the rights data are of another key */
    for (size_t i = 0; i < published.box.len; i++) {
        ask.box = rms_view_of(published.box.data, i);
        assert_int_equal(try_open(lab, &ask), RMS_E_BAD_LICENSE);
        ask.box = rms_buf_view(&published.box);
        published.box.data[i] ^= 1;
        assert_int_equal(try_open(lab, &ask), RMS_E_BAD_LICENSE);
        published.box.data[i] ^= 1;
    }
    assert_int_equal(try_open(lab, &ask), 0);
    assert_int_equal(
        rms_keyd_generate(lab->client, RMS_KEY_TENANT_RSA, RMS_TENANT_KEY_BITS, LAB_TENANT, &second), 0);
    assert_int_equal(rms_keyd_load(lab->client, &second.key), 0);
    ask.key_id = second.key.key_id;
    assert_int_equal(try_open(lab, &ask), RMS_E_BAD_LICENSE);
    rms_new_key_fini(&second);
}

/* touches: S-209 */
static void makes_keys_of_the_sizes_there_are(void **state)
{
    static const struct {
        enum rms_key_kind kind;
        unsigned bits;
        int status;
    } cases[] = {
        {RMS_KEY_TENANT_RSA, 3072, 0},
        {RMS_KEY_TENANT_RSA, 1024, RMS_E_BAD_ARGUMENT},
        {RMS_KEY_TENANT_RSA, 0, RMS_E_BAD_ARGUMENT},
        {RMS_KEY_TENANT_RSA, 2056, RMS_E_BAD_ARGUMENT},
        {RMS_KEY_TENANT_RSA, 8192, RMS_E_BAD_ARGUMENT},
        {RMS_KEY_TENANT_RSA, 65536 + 2048, RMS_E_BAD_ARGUMENT},
        {RMS_KEY_USER_RSA, 3072, RMS_E_BAD_ARGUMENT},
        {RMS_KEY_TOKEN_EC, 2048, RMS_E_BAD_ARGUMENT},
    };
    struct lab *lab = *state;

    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        struct rms_new_key key;

        assert_int_equal(
            rms_keyd_generate(lab->client, cases[i].kind, cases[i].bits, LAB_TENANT, &key), cases[i].status);
        if (cases[i].status == 0) {
            assert_int_equal(key.rsa.bits, cases[i].bits);
            assert_int_equal(rms_keyd_load(lab->client, &key.key), 0);
        }
        rms_new_key_fini(&key);
    }
}

/* The bits say the same, for whoever has only the private key. */
static void a_damaged_key_box_is_no_damage(void **state)
{
    struct lab *lab = *state;
    RMS_PUBLISHED_CLEANUP struct rms_published published = publish(lab, 256);
    struct rms_open_request ask = open_of(lab, &published);

    published.box.data[20] ^= 1;
    ask.box = rms_buf_view(&published.box);
    assert_int_equal(try_open(lab, &ask), 0);
}

/* As clients of others make them: bound to the server alone. */
static void opens_without_a_binding_when_told_so(void **state)
{
    struct lab *lab = *state;
    RMS_PUBLISHED_CLEANUP struct rms_published published = publish(lab, 256);
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(4096);
    struct rms_open_request ask = open_of(lab, &published);
    struct rms_opened opened;

    rms_buf_reset(&published.bits);
    assert_int_equal(rms_enabling_seal_key(&lab->tenant->rsa, RMS_MODE_CBC4K,
                         rms_view_of(published.key.key, published.key.len), bound, &published.bits),
        0);
    ask.bits.blob = rms_buf_view(&published.bits);
    ask.owner_bound = NULL;
    assert_int_equal(rms_keyd_open(lab->client, &ask, &opened, &text), 0);
    assert_false(opened.owner_bound);
    ask.bound = other_bound;
    ask.owner_bound = bound;
    assert_int_equal(try_open(lab, &ask), RMS_E_BAD_LICENSE);
    ask.bound = NULL;
    assert_int_equal(try_open(lab, &ask), 0);
}

static void carries_large_rights_data(void **state)
{
    struct lab *lab = *state;
    RMS_BUF_CLEANUP struct rms_buf long_text = RMS_BUF_INIT(RMS_KEYD_TEXT_MAX + 1);
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(RMS_KEYD_TEXT_MAX);
    struct rms_publish_request ask = {
        .key_id = lab->tenant->key.key_id, .mode = RMS_MODE_CBC4K, .key_bits = 256, .owner_bound = bound};
    struct rms_published published;
    struct rms_open_request open;
    struct rms_opened opened;

    rms_buf_append_str(&long_text, "<XrML>");
    while (long_text.len < RMS_XRML_MAX_BYTES / 3) { /* the body is in UTF-16 and base64 */
        rms_buf_append_byte(&long_text, 'x');
    }
    rms_buf_append_str(&long_text, "</XrML>");
    ask.erd = rms_buf_view(&long_text);
    assert_int_equal(rms_keyd_publish(lab->client, &ask, &published), 0);
    open = open_of(lab, &published);
    assert_int_equal(rms_keyd_open(lab->client, &open, &opened, &text), 0);
    assert_true(rms_view_equal(rms_buf_view(&text), rms_buf_view(&long_text)));
    rms_published_fini(&published);

    ask.draft.tail = rms_view_of(long_text.data, RMS_XRML_MAX_BYTES / 3); /* no licence is so long */
    assert_int_equal(rms_keyd_publish(lab->client, &ask, &published), RMS_E_LIMIT);
    rms_published_fini(&published);
    while (long_text.len <= RMS_KEYD_TEXT_MAX) {
        rms_buf_append_byte(&long_text, ' ');
    }
    ask.erd = rms_buf_view(&long_text);
    assert_int_equal(rms_keyd_publish(lab->client, &ask, &published), RMS_E_LIMIT);
    rms_published_fini(&published);
}

/* --- handles ---------------------------------------------------------------------------------------- */

static void forgets_the_oldest_handle_for_room(void **state)
{
    struct lab *lab = *state;
    RMS_PUBLISHED_CLEANUP struct rms_published first = publish(lab, 256);
    RMS_PUBLISHED_CLEANUP struct rms_published second = publish(lab, 256);
    RMS_RELEASED_CLEANUP struct rms_released released;
    struct rms_keyd_stats stats;

    for (int i = 0; i < 31; i++) { /* the table holds 32; first is used again and again */
        struct rms_published more = publish(lab, 128);

        rms_published_fini(&more);
        assert_int_equal(
            rms_keyd_release(lab->client, lab->tenant->key.key_id, first.opened.handle, &released), 0);
    }
    assert_int_equal(rms_keyd_release(lab->client, lab->tenant->key.key_id, second.opened.handle, &released),
        RMS_E_RECHALLENGE);
    assert_memory_equal(released.key, first.key.key, 32);
    assert_int_equal(rms_keyd_stats(lab->client, &stats), 0);
    assert_int_equal(stats.open_handles, 32);
    assert_int_equal(stats.evictions, 1);
}

static void keeps_tenants_apart(void **state)
{
    struct lab *lab = *state;
    RMS_PUBLISHED_CLEANUP struct rms_published published = publish(lab, 256);
    RMS_RELEASED_CLEANUP struct rms_released released = {.len = 0};
    RMS_BUF_CLEANUP struct rms_buf bits = RMS_BUF_INIT(4096);
    const struct rms_seal_target target = {rms_rsa_public_of(lab->machine), bound};
    uint8_t no_handle[RMS_KEY_HANDLE_BYTES] = {0};
    struct rms_new_key other;

    assert_int_equal(
        rms_keyd_generate(lab->client, RMS_KEY_TENANT_RSA, RMS_TENANT_KEY_BITS, NULL, &other), 0);
    assert_int_equal(rms_keyd_release(lab->client, other.key.key_id, published.opened.handle, &released),
        RMS_E_RECHALLENGE);
    assert_int_equal(rms_keyd_seal_to(lab->client, other.key.key_id, published.opened.handle, &target, &bits),
        RMS_E_RECHALLENGE);
    assert_int_equal(
        rms_keyd_release(lab->client, lab->tenant->key.key_id, no_handle, &released), RMS_E_RECHALLENGE);
    assert_int_equal(released.len, 0);
    rms_new_key_fini(&other);
}

/* --- keys ------------------------------------------------------------------------------------------- */

static void signs_what_the_public_key_verifies(void **state)
{
    struct lab *lab = *state;
    RMS_BUF_CLEANUP struct rms_buf signature = RMS_BUF_INIT(1024);
    struct rms_keyd_signing signing = {lab->client, lab->tenant->key.key_id, RMS_SIGN_UL};
    struct rms_signer signer = rms_keyd_signer(&signing, &lab->tenant->rsa);
    uint8_t digest[RMS_HASH_MAX];

    rms_hash(RMS_SHA256, RMS_VIEW_LITERAL("licence"), digest);
    assert_int_equal(signer.sign(signer.context, RMS_SHA256, digest, &signature), 0);
    assert_int_equal(rms_rsa_verify(&signer.key, RMS_SHA256, digest, rms_buf_view(&signature)), 0);
    assert_int_equal(rms_keyd_sign(&signing, RMS_SHA1, digest, &signature), RMS_E_WEAK_CRYPTO);
    signing.purpose = 0;
    assert_int_equal(rms_keyd_sign(&signing, RMS_SHA256, digest, &signature), RMS_E_BAD_ARGUMENT);
}

static void signs_tokens(void **state)
{
    struct lab *lab = *state;
    static const uint8_t zeros[64];
    uint8_t digest[RMS_SHA256_BYTES] = {9};
    uint8_t signature[64] = {0};

    assert_int_equal(rms_keyd_sign_token(lab->client, lab->token->key.key_id, digest, signature), 0);
    assert_memory_not_equal(signature, zeros, 64);
    assert_memory_not_equal(lab->token->ec.x, zeros, 32);
}

static void uses_each_key_for_its_kind_only(void **state)
{
    struct lab *lab = *state;
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(4096);
    struct rms_keyd_signing signing = {lab->client, NULL, RMS_SIGN_PL};
    const struct rms_seal_target target = {rms_rsa_public_of(lab->machine), bound};
    uint8_t digest[RMS_HASH_MAX] = {0};
    uint8_t signature[64];

    /* all three are loaded first */
    assert_int_equal(rms_keyd_load(lab->client, &lab->tenant->key), 0);
    assert_int_equal(rms_keyd_load(lab->client, &lab->user->key), 0);
    assert_int_equal(rms_keyd_load(lab->client, &lab->token->key), 0);
    signing.key_id = lab->token->key.key_id;
    assert_int_equal(rms_keyd_sign(&signing, RMS_SHA256, digest, &out), RMS_E_BAD_ARGUMENT);
    signing.key_id =
        lab->user->key.key_id; /* not among the tenants' keys, and loading it does not make it one */
    assert_int_equal(rms_keyd_sign(&signing, RMS_SHA256, digest, &out), RMS_E_UNKNOWN_KEY);
    assert_int_equal(
        rms_keyd_sign_token(lab->client, lab->tenant->key.key_id, digest, signature), RMS_E_BAD_ARGUMENT);
    assert_int_equal(
        rms_keyd_wrap_user_key(lab->client, lab->tenant->key.key_id, &target, &out), RMS_E_UNKNOWN_KEY);
    assert_int_equal(out.len, 0);
}

static void wraps_a_user_key_for_a_machine(void **state)
{
    struct lab *lab = *state;
    RMS_BUF_CLEANUP struct rms_buf bits = RMS_BUF_INIT(4096);
    const struct rms_seal_target target = {rms_rsa_public_of(lab->machine), bound};
    struct rms_enabling_bits sealed;
    struct rms_rsa_private *key;

    assert_int_equal(rms_keyd_wrap_user_key(lab->client, lab->user->key.key_id, &target, &bits), 0);
    sealed = (struct rms_enabling_bits){RMS_SEALED_KEY_V2, rms_buf_view(&bits)};
    assert_int_equal(rms_enabling_open_private(lab->machine, &sealed, bound, &key), 0);
    assert_true(rms_rsa_public_equal(rms_rsa_public_of(key), &lab->user->rsa));
    rms_rsa_private_free(&key);
}

static void makes_wrapped_pairs(void **state)
{
    struct lab *lab = *state;
    RMS_BUF_CLEANUP struct rms_buf bits = RMS_BUF_INIT(4096);
    const struct rms_seal_target target = {rms_rsa_public_of(lab->machine), bound};
    struct rms_enabling_bits sealed;
    struct rms_rsa_public public;
    struct rms_rsa_private *key;

    assert_int_equal(rms_keyd_new_wrapped_pair(lab->client, &target, &public, &bits), 0);
    sealed = (struct rms_enabling_bits){RMS_SEALED_KEY_V2, rms_buf_view(&bits)};
    assert_int_equal(rms_enabling_open_private(lab->machine, &sealed, bound, &key), 0);
    assert_true(rms_rsa_public_equal(rms_rsa_public_of(key), &public));
    rms_rsa_private_free(&key);
}

static void refuses_weak_recipients(void **state)
{
    struct lab *lab = *state;
    RMS_BUF_CLEANUP struct rms_buf bits = RMS_BUF_INIT(4096);
    struct rms_rsa_public weak = *rms_rsa_public_of(lab->machine);
    const struct rms_seal_target target = {&weak, bound};
    struct rms_rsa_public public;

    weak.bits = 1024;
    assert_int_equal(rms_keyd_new_wrapped_pair(lab->client, &target, &public, &bits), RMS_E_WEAK_CRYPTO);
}

/* A sealed key opens only as what it was made: id, tenant and kind are bound, every byte counts. */
static void unseals_only_what_was_sealed(void **state)
{
    struct lab *lab = *state;
    struct rms_sealed_key copy;

    for (int i = 0; i < 5; i++) {
        copy = lab->user->key;
        copy.sealed = RMS_BUF_INIT(RMS_KEY_SEALED_MAX);
        rms_buf_append_view(&copy.sealed, rms_buf_view(&lab->user->key.sealed));
        if (i == 0) {
            memcpy(copy.key_id, LAB_TENANT, sizeof copy.key_id);
        } else if (i == 1) {
            memcpy(copy.tenant_id, copy.key_id, sizeof copy.tenant_id);
        } else if (i == 2) {
            copy.kind = RMS_KEY_TENANT_RSA;
        } else if (i == 3) {
            copy.sealed.data[copy.sealed.len / 2] ^= 1;
        } else {
            rms_buf_truncate(&copy.sealed, copy.sealed.len - 1);
        }
        assert_int_equal(rms_keyd_load(lab->client, &copy), RMS_E_KEY_UNAVAILABLE);
        rms_buf_fini(&copy.sealed);
    }
    assert_int_equal(rms_keyd_load(lab->client, &lab->user->key), 0);
    assert_int_equal(rms_keyd_load(lab->client, &lab->user->key), 0);
}

static void loads_what_it_does_not_hold_by_the_callback(void **state)
{
    struct lab *lab = *state;
    uint8_t digest[RMS_SHA256_BYTES] = {0};
    uint8_t signature[64];

    assert_int_equal(rms_keyd_sign_token(lab->client, lab->token->key.key_id, digest, signature), 0);
    assert_int_equal(lab->fetches, 1);
    assert_int_equal(rms_keyd_sign_token(lab->client, lab->token->key.key_id, digest, signature), 0);
    assert_int_equal(lab->fetches, 1);
    assert_int_equal(rms_keyd_sign_token(lab->client, LAB_TENANT, digest, signature), RMS_E_UNKNOWN_KEY);
    assert_int_equal(rms_keyd_sign_token(lab->client, "no guid", digest, signature), RMS_E_BAD_ARGUMENT);
}

static void bounds_the_user_keys_it_holds(void **state)
{
    struct lab *lab = *state;
    RMS_BUF_CLEANUP struct rms_buf bits = RMS_BUF_INIT(65536);
    const struct rms_seal_target target = {rms_rsa_public_of(lab->machine), bound};
    struct rms_keyd_stats stats;

    assert_int_equal(rms_keyd_wrap_user_key(lab->client, lab->user->key.key_id, &target, &bits), 0);
    for (int i = 0; i < 4; i++) {
        struct rms_new_key more;

        assert_int_equal(rms_keyd_generate(lab->client, RMS_KEY_USER_RSA, RMS_USER_KEY_BITS, NULL, &more), 0);
        assert_int_equal(rms_keyd_load(lab->client, &more.key), 0);
        rms_new_key_fini(&more);
    }
    assert_int_equal(rms_keyd_stats(lab->client, &stats), 0);
    assert_int_equal(stats.keys_held, 4);
    assert_int_equal(lab->fetches, 1);
    assert_int_equal(rms_keyd_wrap_user_key(lab->client, lab->user->key.key_id, &target, &bits), 0);
    assert_int_equal(lab->fetches, 2);
}

/* touches: S-215 (with the wrong master secret no key can be used) */
static void without_its_master_key_it_is_locked(void **state)
{
    struct lab *lab = *state;
    struct rms_keyd_stats stats;
    struct rms_new_key key;

    rms_keyd_free(&lab->keyd);
    rms_secret_free(&lab->master);
    lab_start_keyd(lab, NULL);
    lab_connect(lab, 1);
    assert_int_equal(rms_keyd_load(lab->client, &lab->tenant->key), RMS_E_KEY_UNAVAILABLE);
    assert_int_equal(rms_keyd_generate(lab->client, RMS_KEY_USER_RSA, RMS_USER_KEY_BITS, NULL, &key),
        RMS_E_KEY_UNAVAILABLE);
    rms_new_key_fini(&key);
    assert_int_equal(rms_keyd_ping(lab->client), 0);
    assert_int_equal(rms_keyd_stats(lab->client, &stats), 0);
    assert_true(stats.locked);
}

static void another_master_key_opens_nothing(void **state)
{
    struct lab *lab = *state;

    rms_keyd_free(&lab->keyd);
    rms_secret_bytes(lab->master)[0] ^= 1;
    lab_start_keyd(lab, NULL);
    lab_connect(lab, 1);
    assert_int_equal(rms_keyd_load(lab->client, &lab->tenant->key), RMS_E_KEY_UNAVAILABLE);
}

static void counts_what_it_did(void **state)
{
    struct lab *lab = *state;
    RMS_PUBLISHED_CLEANUP struct rms_published published = publish(lab, 256);
    struct rms_keyd_stats stats;

    assert_int_equal(published.key.len, 32);
    assert_int_equal(rms_keyd_ping(lab->client), 0);
    assert_int_equal(rms_keyd_stats(lab->client, &stats), 0);
    assert_int_equal(stats.operations[RMS_KEYD_PUBLISH], 1);
    assert_int_equal(stats.operations[RMS_KEYD_PING], 1);
    assert_int_equal(stats.open_handles, 1);
    assert_int_equal(stats.connections, 2);
    assert_false(stats.locked);
}

#define IN_LAB(test) cmocka_unit_test_setup_teardown(test, lab_open, lab_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_LAB(opens_what_it_published),
        IN_LAB(opens_by_the_key_box_alone),
        IN_LAB(a_key_box_opens_nothing_else),
        IN_LAB(makes_keys_of_the_sizes_there_are),
        IN_LAB(a_damaged_key_box_is_no_damage),
        IN_LAB(agrees_with_the_licence_library),
        IN_LAB(gives_one_answer_for_everything_that_does_not_open),
        IN_LAB(opens_without_a_binding_when_told_so),
        IN_LAB(carries_large_rights_data),
        IN_LAB(forgets_the_oldest_handle_for_room),
        IN_LAB(keeps_tenants_apart),
        IN_LAB(signs_what_the_public_key_verifies),
        IN_LAB(signs_tokens),
        IN_LAB(uses_each_key_for_its_kind_only),
        IN_LAB(wraps_a_user_key_for_a_machine),
        IN_LAB(makes_wrapped_pairs),
        IN_LAB(refuses_weak_recipients),
        IN_LAB(unseals_only_what_was_sealed),
        IN_LAB(loads_what_it_does_not_hold_by_the_callback),
        IN_LAB(bounds_the_user_keys_it_holds),
        IN_LAB(without_its_master_key_it_is_locked),
        IN_LAB(another_master_key_opens_nothing),
        IN_LAB(counts_what_it_did),
    };

    return cmocka_run_group_tests(tests, NULL, lab_end);
}
