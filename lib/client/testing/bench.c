/* Measures protecting and opening without a service: client_bench DIRECTORY [FILES [MIB]]. One line a figure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "client/testing/issuer.h"
#include "crypto/content.h"
#include "xrml/testing/world.h"

#define PATH_ROOM 192

static double now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_s(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6 +
           (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
}

static void show_memory(const char *when)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    (void)printf("%-28s %8.1f MiB resident at most\n", when, (double)usage.ru_maxrss / 1024);
}

struct tally {
    char (*outputs)[PATH_ROOM];
    unsigned failures;
};

static int note(void *user_data, size_t index, int code, const struct rms_file_result *result)
{
    struct tally *tally = user_data;

    tally->failures += code != 0;
    if (strlen(result->output) < PATH_ROOM) {
        memcpy(tally->outputs[index], result->output, strlen(result->output) + 1);
    }
    return 0;
}

static void small_files(
    struct rms_context *context, const struct rms_policy_builder *policy, const char *folder, size_t count)
{
    const struct rms_file_options options = {.size = sizeof options, .in_place = true};
    char(*names)[PATH_ROOM] = rms_calloc(count, sizeof *names);
    const char **paths = rms_calloc(count, sizeof *paths);
    struct tally tally = {rms_calloc(count, PATH_ROOM), 0};
    double start;
    double cpu;

    for (size_t i = 0; i < count; i++) {
        (void)snprintf(names[i], PATH_ROOM, "%s/f%zu.txt", folder, i);
        rms_test_fill(names[i], 4000 + i % 1000);
        paths[i] = names[i];
    }
    start = now_s();
    cpu = cpu_s();
    rms_must(rms_protect_files(context, paths, count, policy, &options, note, &tally));
    (void)printf("%-28s %8.0f files/s %8.0f us cpu a file, %u failures\n", "protect small files",
        (double)count / (now_s() - start), (cpu_s() - cpu) / (double)count * 1e6, tally.failures);
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(names[i], PATH_ROOM, "%s", tally.outputs[i]);
    }
    start = now_s();
    cpu = cpu_s();
    rms_must(rms_unprotect_files(context, paths, count, &options, note, &tally));
    (void)printf("%-28s %8.0f files/s %8.0f us cpu a file, %u failures\n", "unprotect small files",
        (double)count / (now_s() - start), (cpu_s() - cpu) / (double)count * 1e6, tally.failures);
    for (size_t i = 0; i < count; i++) {
        (void)unlink(tally.outputs[i]);
    }
    rms_free(names);
    rms_free(paths);
    rms_free(tally.outputs);
    show_memory("after small files");
}

static void make_large(const char *path, size_t mib)
{
    static uint8_t block[1 << 20];
    struct rms_file_output output;

    for (size_t i = 0; i < sizeof block; i++) {
        block[i] = (uint8_t)(i * 2654435761u >> 11);
    }
    rms_must(rms_file_output_open(&output, path));
    for (size_t i = 0; i < mib; i++) {
        rms_must(rms_fd_write_all(output.fd, block, sizeof block));
    }
    rms_must(rms_file_output_publish(&output, true));
}

static void large_file(
    struct rms_context *context, const struct rms_policy_builder *policy, const char *folder, size_t mib)
{
    struct rms_file_options options = {.size = sizeof options};
    struct rms_file_result result;
    char clear[PATH_ROOM];
    char secret[PATH_ROOM];

    (void)snprintf(clear, sizeof clear, "%s/large.bin", folder);
    (void)snprintf(secret, sizeof secret, "%s/large.bin.pfile", folder);
    make_large(clear, mib);
    for (int round = 0; round < 3; round++) {
        double start = now_s();
        double cpu = cpu_s();

        options.output = secret;
        rms_must(rms_protect_file(context, clear, policy, &options, &result));
        (void)printf("%-28s %8.2f GB/s %8.3f s cpu\n", "protect large file",
            (double)mib * 1.048576e-3 / (now_s() - start), cpu_s() - cpu);
        (void)unlink(clear);
        start = now_s();
        cpu = cpu_s();
        options.output = clear;
        rms_must(rms_unprotect_file(context, secret, &options, &result));
        (void)printf("%-28s %8.2f GB/s %8.3f s cpu\n", "unprotect large file",
            (double)mib * 1.048576e-3 / (now_s() - start), cpu_s() - cpu);
        (void)unlink(secret);
    }
    (void)unlink(clear);
    show_memory("after a large file");
}

int main(int argc, char **argv)
{
    struct rms_issuer issuer;
    struct rms_context *context;
    struct rms_policy_builder *policy = NULL;
    const char *folder = argc > 1 ? argv[1] : ".";

    rms_issuer_open(&issuer);
    context = rms_issuer_context(&issuer, "bench");
    rms_issuer_enrol(&issuer, context, RMS_TEST_ALICE, "user", 31);
    rms_must(rms_policy_custom(context, &policy));
    rms_must(rms_policy_grant(policy, RMS_TEST_BOB, "VIEW", false));
    (void)printf("%-28s %s\n", "engine", rms_content_engine());
    show_memory("before");
    large_file(context, policy, folder, argc > 3 ? strtoul(argv[3], NULL, 10) : 1024);
    small_files(context, policy, folder, argc > 2 ? strtoul(argv[2], NULL, 10) : 5000);
    rms_policy_free(&policy);
    rms_context_free(&context);
    rms_issuer_close(&issuer);
    return 0;
}
