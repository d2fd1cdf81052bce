/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds every file of the folders named on the command line to a fuzz target, so that an ordinary build, with
 * any compiler, checks again all that the fuzzer once found. One TAP case per folder: a corpus that is missing
 * or empty fails, because it would prove nothing. Each input lies in a block of exactly its size, so that the
 * address sanitizer sees a read of one byte too many. Single thread.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"

#define INPUT_MAX_SIZE (1024 * 1024)
#define PATH_MAX_SIZE 4096

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* False when the file cannot be read whole or is larger than any input should be. */
static bool file_replay(const char *path)
{
    static uint8_t buffer[INPUT_MAX_SIZE + 1];
    FILE *file = fopen(path, "rb");
    size_t size;
    bool whole;

    if (file == NULL)
        return false;
    size = fread(buffer, 1, sizeof(buffer), file);
    whole = ferror(file) == 0 && size <= INPUT_MAX_SIZE;
    fclose(file);
    if (!whole)
        return false;

    uint8_t *input = malloc(size + (size == 0));
    assert(input != NULL);
    memcpy(input, buffer, size);
    int rc = LLVMFuzzerTestOneInput(input, size);
    free(input);
    return rc == 0;
}

static int name_is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Sorted, so that two runs meet the inputs in the same order. */
static bool folder_replay(const char *folder, int number)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, name_is_visible, alphasort);
    bool ok = count > 0;

    if (!ok)
        printf("# %s holds no input\n", folder);
    for (int i = 0; i < count; i++) {
        char path[PATH_MAX_SIZE];
        int size = snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        assert(size > 0 && (size_t)size < sizeof(path));
        fprintf(stderr, "%s\n", path); /* the last line names the culprit when the target aborts */
        if (!file_replay(path)) {
            printf("# %s: not readable, too large, or turned down by the target\n", path);
            ok = false;
        }
        free(entries[i]);
    }
    free(entries);
    printf("%s %d - the %d inputs of %s\n", ok ? "ok" : "not ok", number, count < 0 ? 0 : count, folder);
    return ok;
}

int main(int argc, char **argv)
{
    bool ok = argc > 1;

    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("1..%d\n", argc - 1);
    for (int i = 1; i < argc; i++)
        ok = folder_replay(argv[i], i) && ok;
    return ok ? 0 : 1;
}
