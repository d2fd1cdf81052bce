/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys that we sign with as the platform: a root certificate, the key of now and its certificate, one PEM
 * bundle (certificate.h). They stand in a file of their own beside the store, FILE.platform-keys, readable by
 * its owner only, and are made when they are first needed: a till without apps never has them. Losing the file
 * means that every app must be given a new public key of the platform, so it is backed up like the master key.
 *
 * Of a database that several processes serve they stand in the database, sealed (sealed.h): the first process that
 * needs them makes them, or takes those in the file, for all.
 *
 * Any thread. The first call of platform_keys reads the file or makes the keys (about half a second of CPU), and
 * others wait for it meanwhile: not for a thread that must not wait, unless platform_ready said yes. What it
 * returns lives as long as the platform and never changes.
 */
#ifndef DOORS_ALIPAY_PLATFORM_H
#define DOORS_ALIPAY_PLATFORM_H

#include "base/span.h"

#define PLATFORM_FILE_SUFFIX ".platform-keys"

struct platform_keys; /* certificate.h: key, certificates, serial numbers */
struct platform;

/*
 * Notes `wanted` in the database, unless there is something already, and hands over what there is then, of at most
 * PLATFORM_NOTE_MAX bytes; size 0: nothing. `wanted` without bytes only reads. False with a sentence in `error`.
 */
#define PLATFORM_NOTE_MAX 16384
typedef bool platform_note(void *context, struct span wanted, uint8_t *found, size_t *size, char *error,
                           size_t error_size);

struct platform_settings {
    const char *store_path; /* the keys' file is beside it; "memory:" or NULL: nothing is kept */
    struct span bundle;     /* the PEM text of given keys (a sandbox's), instead of a file; empty: none */
    platform_note *note;    /* of a database; otherwise NULL */
    void *note_context;
    uint8_t note_key[32];   /* SEALED_KEY_SIZE, derived from the master key under SEALED_KEY_LABEL */
};

/* Never NULL; nothing is read yet. The settings are copied, the bundle too. */
struct platform *platform_open(const struct platform_settings *settings);
/* No thread may be signing any more. */
void platform_close(struct platform *platform);

/*
 * Of a database: reads the keys if there are some, and makes none. At the start, where waiting harms nobody; true also
 * when there are none yet. False with a sentence in `error`.
 */
MUST_CHECK bool platform_look(struct platform *platform, char *error, size_t error_size);

/* Whether platform_keys answers at once. */
bool platform_ready(struct platform *platform);

/*
 * The keys; NULL, with a sentence in `error`, when the file cannot be read or made, or does not hold keys. A
 * fault is tried again at the next call. A file that others than its owner may read is refused.
 */
MUST_CHECK const struct platform_keys *platform_keys(struct platform *platform, char *error, size_t error_size);

#endif
