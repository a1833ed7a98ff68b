/* Replays a corpus through a fuzz target where there is no libFuzzer: every file of the directories and every
 * file named as an argument, and the empty input. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

#define INPUT_MAX (16u * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static int replay_file(const char *path)
{
    RMS_BUF_CLEANUP struct rms_buf input = RMS_BUF_INIT(INPUT_MAX);

    if (rms_file_read(path, &input) != 0) {
        (void)fprintf(stderr, "%s: cannot be read\n", path);
        return 1;
    }
    (void)LLVMFuzzerTestOneInput((const uint8_t *)rms_buf_text(&input), input.len);
    return 0;
}

static int replay_directory(DIR *directory, const char *path)
{
    const struct dirent *entry;
    char file[4096];
    int failed = 0;

    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.') {
            (void)snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
            failed |= replay_file(file);
        }
    }
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;

    if (LLVMFuzzerInitialize != NULL) {
        (void)LLVMFuzzerInitialize(&argc, &argv);
    }
    (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        DIR *directory = opendir(argv[i]);

        if (directory != NULL) {
            failed |= replay_directory(directory, argv[i]);
            (void)closedir(directory);
        } else {
            failed |= replay_file(argv[i]);
        }
    }
    return failed;
}
