/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/tokens.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/hash.h"

#define TOKEN_MAC_SIZE 16
#define TOKEN_SIGNED_SIZE (1 + 8 + 8)
#define TOKEN_SIZE (TOKEN_SIGNED_SIZE + TOKEN_MAC_SIZE)
#define TOKEN_PREFIX "ot_"
#define TOKEN_PREFIX_SIZE (sizeof(TOKEN_PREFIX) - 1)
#define REMEMBERED_COUNT 2048 /* verified tokens per thread, a power of two */
#define SLOTS_FIRST 1024

static_assert(TOKEN_TEXT_SIZE == TOKEN_PREFIX_SIZE + BASE64URL_SIZE(TOKEN_SIZE),
              "the text form has one size");

/* What is known of one token. */
struct slot {
    int64_t token_id;  /* 0: free */
    int64_t parent_id; /* 0: none */
    bool revoked, with_issued;
};

struct tokens {
    struct hmac_key key;
    uint64_t number;               /* of this set among all that this process ever opened */
    atomic_uint_fast64_t revision; /* grows with each revocation */
    pthread_rwlock_t lock;         /* guards what follows */
    struct arena arena;
    struct slot *slots; /* open addressing */
    size_t slot_count, count;
};

/* What a thread has verified: sound for `number`, not void up to `revision`. */
struct remembered {
    uint64_t number, revision;
    struct caller caller;
    int64_t token_id;
    char text[TOKEN_TEXT_SIZE];
};

static _Thread_local struct remembered remembered[REMEMBERED_COUNT];

struct tokens *tokens_open(const struct master_key *key)
{
    static atomic_uint_fast64_t numbers = 0;
    struct arena arena;
    arena_init(&arena, 64 * 1024, 512 * 1024 * 1024);
    struct tokens *tokens = arena_take(&arena, sizeof(*tokens));
    master_key_derive_hmac(key, "onetill tokens v1", &tokens->key);
    tokens->number = atomic_fetch_add(&numbers, 1) + 1;
    tokens->slot_count = SLOTS_FIRST;
    tokens->slots = arena_take(&arena, tokens->slot_count * sizeof(tokens->slots[0]));
    int rc = pthread_rwlock_init(&tokens->lock, NULL);
    assert(rc == 0);
    tokens->arena = arena;
    return tokens;
}

void tokens_close(struct tokens *tokens)
{
    struct arena arena = tokens->arena;
    (void)pthread_rwlock_destroy(&tokens->lock);
    hmac_key_wipe(&tokens->key);
    arena_release(&arena);
}

static void i64_write(int64_t value, uint8_t *to)
{
    for (int i = 7; i >= 0; i--) {
        to[i] = (uint8_t)value;
        value = (int64_t)((uint64_t)value >> 8);
    }
}

static int64_t i64_read(const uint8_t *from)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) {
        value = value << 8 | from[i];
    }
    return (int64_t)value;
}

void tokens_issue(const struct tokens *tokens, struct caller caller, int64_t token_id,
                  char to[TOKEN_TEXT_SIZE])
{
    uint8_t bytes[TOKEN_SIZE];
    uint8_t mac[SHA256_SIZE];
    assert(caller.kind >= CALLER_operator);
    assert(caller.kind <= CALLER_shopper);
    assert(token_id > 0);
    bytes[0] = (uint8_t)caller.kind;
    i64_write(caller.id, bytes + 1);
    i64_write(token_id, bytes + 9);
    hmac_write(&tokens->key, bytes, TOKEN_SIGNED_SIZE, mac);
    memcpy(bytes + TOKEN_SIGNED_SIZE, mac, TOKEN_MAC_SIZE);
    memcpy(to, TOKEN_PREFIX, TOKEN_PREFIX_SIZE);
    size_t size = base64url_write(bytes, sizeof(bytes), to + TOKEN_PREFIX_SIZE);
    assert(TOKEN_PREFIX_SIZE + size + 1 == TOKEN_TEXT_SIZE);
}

/* ---- what is known of tokens ---- */

/* The token's slot, or the free one where it belongs. */
static struct slot *slot_of(struct slot *slots, size_t slot_count, int64_t token_id)
{
    size_t at = (size_t)hash_mix((uint64_t)token_id) & (slot_count - 1);
    while (slots[at].token_id != 0 && slots[at].token_id != token_id) {
        at = (at + 1) & (slot_count - 1);
    }
    return &slots[at];
}

/* Twice the room; the old slots stay in the arena, which at most doubles what is held. */
static bool slots_grow(struct tokens *tokens)
{
    size_t slot_count = tokens->slot_count * 2;
    struct slot *slots = arena_try(&tokens->arena, slot_count * sizeof(slots[0]));
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < tokens->slot_count; i++) {
        if (tokens->slots[i].token_id != 0) {
            *slot_of(slots, slot_count, tokens->slots[i].token_id) = tokens->slots[i];
        }
    }
    tokens->slots = slots;
    tokens->slot_count = slot_count;
    return true;
}

/* The token's slot, made when there is none; NULL when there is no room. Under the lock. */
static struct slot *slot_make(struct tokens *tokens, int64_t token_id)
{
    struct slot *slot = slot_of(tokens->slots, tokens->slot_count, token_id);
    assert(token_id > 0);
    if (slot->token_id != 0) {
        return slot;
    }
    if (tokens->count == TOKENS_KNOWN_MAX || (tokens->count * 2 >= tokens->slot_count && !slots_grow(tokens))) {
        return NULL;
    }
    slot = slot_of(tokens->slots, tokens->slot_count, token_id);
    slot->token_id = token_id;
    tokens->count++;
    return slot;
}

bool tokens_descend(struct tokens *tokens, int64_t token_id, int64_t parent_id)
{
    assert(parent_id > 0);
    assert(parent_id < token_id); /* so that going back comes to an end */
    pthread_rwlock_wrlock(&tokens->lock);
    struct slot *slot = slot_make(tokens, token_id);
    if (slot != NULL) {
        slot->parent_id = parent_id;
    }
    pthread_rwlock_unlock(&tokens->lock);
    return slot != NULL;
}

static bool revoke(struct tokens *tokens, int64_t token_id, bool with_issued)
{
    pthread_rwlock_wrlock(&tokens->lock);
    struct slot *slot = slot_make(tokens, token_id);
    if (slot != NULL) {
        slot->revoked = true;
        slot->with_issued = slot->with_issued || with_issued;
        /* Before the lock is given back, so that no check can miss both the slot and the revision. */
        atomic_fetch_add(&tokens->revision, 1);
    }
    pthread_rwlock_unlock(&tokens->lock);
    return slot != NULL;
}

bool tokens_revoke(struct tokens *tokens, int64_t token_id)
{
    return revoke(tokens, token_id, true);
}

bool tokens_revoke_alone(struct tokens *tokens, int64_t token_id)
{
    return revoke(tokens, token_id, false);
}

/* Also says up to which revision that is so. */
static bool is_void(struct tokens *tokens, int64_t token_id, uint64_t *revision)
{
    pthread_rwlock_rdlock(&tokens->lock);
    *revision = atomic_load(&tokens->revision);
    const struct slot *slot = slot_of(tokens->slots, tokens->slot_count, token_id);
    bool is = slot->revoked;
    while (!is && slot->parent_id != 0) {
        slot = slot_of(tokens->slots, tokens->slot_count, slot->parent_id);
        is = slot->with_issued;
    }
    pthread_rwlock_unlock(&tokens->lock);
    return is;
}

/* ---- checking ---- */

static bool token_read(const struct tokens *tokens, struct span text, struct caller *caller,
                       int64_t *token_id)
{
    uint8_t bytes[TOKEN_SIZE];
    uint8_t mac[SHA256_SIZE];
    size_t size;
    struct span encoded = { text.bytes + TOKEN_PREFIX_SIZE, text.size - TOKEN_PREFIX_SIZE };
    if (memcmp(text.bytes, TOKEN_PREFIX, TOKEN_PREFIX_SIZE) != 0 ||
        !base64url_read(encoded, bytes, sizeof(bytes), &size) || size != sizeof(bytes)) {
        return false;
    }
    hmac_write(&tokens->key, bytes, TOKEN_SIGNED_SIZE, mac);
    if (!digest_equal(mac, bytes + TOKEN_SIGNED_SIZE, TOKEN_MAC_SIZE)) {
        return false;
    }
    *caller = (struct caller){ .kind = bytes[0], .id = i64_read(bytes + 1) };
    *token_id = i64_read(bytes + 9);
    /* The signature is right, so these hold unless an issuer was wrong. */
    assert(caller->kind >= CALLER_operator);
    assert(caller->kind <= CALLER_shopper);
    return true;
}

bool tokens_check(struct tokens *tokens, struct span text, struct caller *caller, int64_t *token_id)
{
    if (text.size != TOKEN_TEXT_SIZE - 1) {
        return false;
    }
    uint64_t revision = atomic_load(&tokens->revision);
    struct remembered *entry = &remembered[hash_bytes(text.bytes, text.size) & (REMEMBERED_COUNT - 1)];
    bool known = entry->number == tokens->number && digest_equal(entry->text, text.bytes, text.size);
    if (!known) {
        struct remembered fresh = { .number = tokens->number };
        if (!token_read(tokens, text, &fresh.caller, &fresh.token_id)) {
            return false;
        }
        memcpy(fresh.text, text.bytes, text.size);
        *entry = fresh;
    }
    if ((!known || entry->revision != revision) && is_void(tokens, entry->token_id, &entry->revision)) {
        entry->number = 0; /* forgotten: it is read and found void again each time */
        return false;
    }
    *caller = entry->caller;
    *token_id = entry->token_id;
    return true;
}
