/* What a seal costs: bench_seal protect|read DIRECTORY MIB. One line of ours, theirs and their unit:
 * encrypting a content with its tree of hashes and without; random reads of 4 KiB in a sealed file beside
 * plain reads of the 256 KiB they need (median). DIRECTORY should be memory. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "client/crypt.h"
#include "client/testing/issuer.h"
#include "crypto/random.h"
#include "xrml/testing/world.h"

#define MIB       ((uint64_t)1024 * 1024)
#define RUNS      5u
#define READS     2000u
#define PIECE     4096u
#define WINDOW    ((uint64_t)256 * 1024) /* what librms reads at a time */
#define PATH_ROOM 512

static double now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void need(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "bench_seal: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

/* --- protecting --- */

static int read_fd(void *context, uint64_t offset, void *buffer, size_t len)
{
    return rms_fd_pread_full(*(int *)context, buffer, len, offset) == (long)len ? 0 : RMS_E_IO;
}

static int write_fd(void *context, uint64_t offset, const void *data, size_t len)
{
    return rms_fd_pwrite_all(*(int *)context, data, len, offset);
}

struct bulk {
    int in, out;
    uint64_t size;
    struct rms_content_key key;
    struct rms_context *context;
    uint8_t *hashes;
};

/* Seconds for the content, with the tree or without. The output's pages are there already: their making is
 * the kernel's. */
static double run(struct bulk *bulk, bool sealed)
{
    const uint64_t len = rms_content_encrypted_len(RMS_MODE_CBC4K, bulk->size);
    const struct rms_crypt_job job = {
        .context = bulk->context,
        .in = {&bulk->in, bulk->size, read_fd},
        .in_len = bulk->size,
        .out = {&bulk->out, write_fd, false},
        .encrypt = &bulk->key,
        .hashes = sealed ? bulk->hashes : NULL,
        .hashed_len = len,
        .clear_size = UINT64_MAX,
        .threads = rms_crypt_threads(),
    };
    double began = now_s();
    uint8_t root[RMS_HASH_MAX];
    uint64_t written;

    rms_must(rms_crypt_run(&job, &written));
    if (sealed) {
        rms_tree_finish(bulk->hashes, len, root);
    }
    return now_s() - began;
}

static void protecting(struct rms_context *context, const char *source, const char *folder, uint64_t size)
{
    char path[PATH_ROOM];
    struct bulk bulk = {.size = size, .context = context, .key = {.mode = RMS_MODE_CBC4K}};
    double best[2] = {1e9, 1e9};

    (void)snprintf(path, sizeof path, "%s/out.bin", folder);
    bulk.in = open(source, O_RDONLY | O_CLOEXEC);
    bulk.out = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bulk.key.key = rms_secret_new(32);
    bulk.hashes = rms_malloc((size_t)rms_tree_size(rms_content_encrypted_len(RMS_MODE_CBC4K, size)));
    need(bulk.in >= 0 && bulk.out >= 0 && bulk.key.key != NULL && bulk.hashes != NULL, path);
    rms_random(rms_secret_bytes(bulk.key.key), 32);
    (void)run(&bulk, false);
    for (unsigned i = 0; i < RUNS; i++) {
        for (unsigned sealed = 0; sealed < 2; sealed++) {
            double seconds = run(&bulk, sealed == 1);

            best[sealed] = seconds < best[sealed] ? seconds : best[sealed];
        }
    }
    (void)printf("%.0f %.0f MiB/s\n", (double)(size / MIB) / best[1], (double)(size / MIB) / best[0]);
    rms_free(bulk.hashes);
    rms_content_key_fini(&bulk.key);
    (void)close(bulk.in);
    (void)close(bulk.out);
    (void)unlink(path);
}

/* --- reading at random --- */

static int by_time(const void *a, const void *b)
{
    double first = *(const double *)a;
    double second = *(const double *)b;

    return (first > second) - (first < second);
}

static uint64_t anywhere(uint64_t size)
{
    uint64_t place;

    rms_random(&place, sizeof place);
    return place % (size - WINDOW);
}

static void reading(struct rms_context *context, const char *path, uint64_t size)
{
    static double ours[READS];
    static double theirs[READS];
    static uint8_t window[WINDOW];
    struct rms_document *document = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    need(fd >= 0, path);
    rms_must(rms_document_open_file(context, path, &document));
    for (unsigned i = 0; i < READS; i++) {
        double began = now_s();

        need(rms_document_read(document, anywhere(size), window, PIECE) == PIECE, "a read failed");
        ours[i] = now_s() - began;
        began = now_s();
        need(rms_fd_pread_full(fd, window, sizeof window, anywhere(size)) == (long)sizeof window, path);
        theirs[i] = now_s() - began;
    }
    qsort(ours, READS, sizeof *ours, by_time);
    qsort(theirs, READS, sizeof *theirs, by_time);
    (void)printf("%.0f %.0f us\n", ours[READS / 2] * 1e6, theirs[READS / 2] * 1e6);
    rms_document_free(&document);
    (void)close(fd);
}

int main(int count, char **arguments)
{
    const struct rms_file_options in_place = {.size = sizeof in_place, .in_place = true};
    struct rms_policy_builder *policy = NULL;
    struct rms_file_result result;
    struct rms_issuer issuer;
    struct rms_context *alice;
    char source[PATH_ROOM];
    uint64_t size;

    need(count == 4, "bench_seal protect|read DIRECTORY MIB");
    size = strtoull(arguments[3], NULL, 10) * MIB;
    (void)snprintf(source, sizeof source, "%s/source.bin", arguments[2]);
    need(size >= MIB && rms_file_write(source, rms_view_of("", 0), 0600) == 0 &&
             truncate(source, (off_t)size) == 0,
        source);
    rms_issuer_open(&issuer);
    alice = rms_issuer_context(&issuer, "alice");
    rms_issuer_enrol(&issuer, alice, RMS_TEST_ALICE, "user", 31);
    rms_must(rms_policy_custom(alice, &policy));
    if (strcmp(arguments[1], "protect") == 0) {
        protecting(alice, source, arguments[2], size);
        (void)unlink(source);
    } else {
        rms_must(rms_protect_file(alice, source, policy, &in_place, &result));
        reading(alice, result.output, size);
        (void)unlink(result.output);
    }
    rms_policy_free(&policy);
    rms_context_free(&alice);
    rms_issuer_close(&issuer);
    return EXIT_SUCCESS;
}
