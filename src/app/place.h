/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a store is, as it is typed after --store, and everything that follows from it: how it is opened, what
 * people are told it is called, and which files belong to it.
 *
 *     FILE                        the embedded store; FILE.key, FILE.operator-token … stand beside it
 *     memory:                     nothing is kept, and no file is made
 *     postgres://user@host/name   a database; its files have the name of the key's, by default ./onetill
 *     env:NAME                    one of these, from the environment variable NAME: no other user of the
 *                                 machine sees it there
 *
 * A database's address may hold a password. It is in `text` and nowhere else: messages show `name`, children
 * get their place through the environment, and arguments_hide covers it in what ps shows. One thread.
 */
#ifndef APP_PLACE_H
#define APP_PLACE_H

#include "app/app.h"
#include "doors/master_key.h"
#include "store/store.h"

#define PLACE_NAME_SIZE 1024

enum place_kind {
    PLACE_file,
    PLACE_memory,
    PLACE_postgres,
};

struct place {
    enum place_kind kind;
    const char *text;               /* for opening it; lives as long as what it was read from */
    char name[PLACE_NAME_SIZE];     /* for people */
    char stem[APP_PATH_SIZE];       /* the names of its files begin so; empty: there are none */
    char key_path[APP_PATH_SIZE];   /* of its master key; empty: there is none */
};

/* `key` is the file of the master key, or NULL. NULL: it is read; otherwise what is wrong, in a sentence's middle. */
MUST_CHECK const char *place_read(struct place *place, const char *text, const char *key);

/* Passwords in the arguments are covered for whoever lists processes; `argv` then has copies of its own. */
void arguments_hide(int argc, char **argv);

/* No password of this place stays in the message. */
void place_cover(const struct place *place, char *error);

/* What a child of this process is given after --store for the same place; also sets this process's environment. */
MUST_CHECK bool place_for_child(const struct place *place, char to[APP_PATH_SIZE]);

struct place_settings {
    int64_t cache_mb;        /* rows held in memory; 0: the store's default */
    bool warm;               /* of a file: rows that are asked for often are read ahead after opening */
    const char *address;     /* where this process serves, for people; NULL: it is a tool */
    const char *read_place;  /* a replica that readers use; NULL: none */
    uint32_t partitions;     /* of a database that is made now; 0: 1 */
    bool value_lists;        /* of a database that shards */
};

/* Opens the store of the till. False with a sentence that names the place. */
MUST_CHECK bool place_open(const struct place *place, const struct place_settings *settings, struct store **store,
                           char *error, size_t error_size);
/* Why such a store is dead, or "". Any thread. */
void place_fault(const struct place *place, struct store *store, struct store_error *why);
/* A snapshot of it, also while it is served. As above. */
MUST_CHECK bool place_snapshot(const struct place *place, struct reader **reader, char *error, size_t error_size);

/*
 * The master key, made when there is none and `create` says so. Of a database that is opened, `store`, only one will
 * do: the first process that serves it makes the key, or brings one, and leaves a check value there, from which
 * nothing follows but whether another key is the same. `store` may be NULL: the file is taken as it is. False with
 * a sentence.
 */
MUST_CHECK bool place_key(const struct place *place, struct store *store, bool create, struct master_key *key,
                          char *error, size_t error_size);

/* A platform_note (doors/alipay/platform.h) in an opened database: sealed keys of the platform. Any thread. */
MUST_CHECK bool place_platform_note(void *store, struct span wanted, uint8_t *found, size_t *size, char *error,
                                    size_t error_size);

#endif
