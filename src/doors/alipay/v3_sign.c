/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/v3_sign.h"

#include <pthread.h>
#include <strings.h>

#include "base/hash.h"

#define SCHEME SPAN("ALIPAY-SHA256withRSA")
#define SIGN_MARK SPAN(",sign=")
#define TIMESTAMP_MS_MAX INT64_C(253402300799999) /* the last one of the year 9999 */
#define NONCES_FIRST 1024                         /* remembered without growing; a power of two */

const char *v3_error_code(enum v3_error error)
{
    switch (error) {
    case V3_ok:
        return "";
    case V3_missing: /* what the platform itself says to a request without the header */
    case V3_no_timestamp:
        return "missing-timestamp";
    case V3_bad_scheme:
        return "invalid-signature-type";
    case V3_bad_form:
        return "invalid-signature";
    case V3_no_sign:
        return "missing-signature";
    case V3_no_app_id:
        return "missing-app-id";
    case V3_bad_timestamp:
        return "invalid-timestamp";
    case V3_no_nonce:
    case V3_bad_nonce:
        return "invalid-parameter";
    }
    assert(!"an error of the list");
    return "";
}

const char *v3_error_text(enum v3_error error)
{
    switch (error) {
    case V3_ok:
        return "the header is good";
    case V3_missing:
        return "there is no Authorization header";
    case V3_bad_scheme:
        return "the Authorization header does not begin with ALIPAY-SHA256withRSA";
    case V3_bad_form:
        return "the Authorization header is too long, or says one thing twice";
    case V3_no_sign:
        return "the Authorization header does not end with ,sign=";
    case V3_no_app_id:
        return "the Authorization header has no app_id";
    case V3_no_timestamp:
        return "the Authorization header has no timestamp";
    case V3_bad_timestamp:
        return "the timestamp is not a number of milliseconds since 1970";
    case V3_no_nonce:
        return "the Authorization header has no nonce";
    case V3_bad_nonce:
        return "the nonce is too long";
    }
    assert(!"an error of the list");
    return "";
}

/* ---- the header ---- */

/* Between the scheme and the last ",sign=", for what stands between them may contain such a mark itself. */
static enum v3_error header_split(struct span header, struct v3_authorization *to)
{
    struct span scheme = SCHEME;
    struct span mark = SIGN_MARK;
    struct span text = span_trim(header);

    if (text.size == 0) {
        return V3_missing;
    }
    if (text.size > V3_AUTHORIZATION_SIZE_MAX) {
        return V3_bad_form;
    }
    if (text.size <= scheme.size || strncasecmp(text.bytes, scheme.bytes, scheme.size) != 0 ||
        text.bytes[scheme.size] != ' ') {
        return V3_bad_scheme;
    }
    text = span_trim((struct span){ text.bytes + scheme.size, text.size - scheme.size });
    for (size_t at = text.size; at >= mark.size; at--) {
        if (memcmp(text.bytes + at - mark.size, mark.bytes, mark.size) == 0) {
            to->auth_string = (struct span){ text.bytes, at - mark.size };
            to->sign = (struct span){ text.bytes + at, text.size - at };
            return to->sign.size > 0 ? V3_ok : V3_no_sign;
        }
    }
    return V3_no_sign;
}

static bool member_set(struct span *member, struct span value)
{
    if (member->bytes != NULL) {
        return false;
    }
    *member = value;
    return true;
}

/* What clients add of their own is signed with the rest and means nothing to us. */
static bool pairs_read(struct v3_authorization *to, struct span *timestamp, struct span *expired)
{
    struct span rest = to->auth_string;

    while (rest.size > 0) {
        struct span value;
        struct span name = span_trim(span_cut(span_cut(rest, ',', &rest), '=', &value));
        bool sound = true;
        value = span_trim(value);
        if (span_equal(name, SPAN("app_id"))) {
            sound = member_set(&to->app_id, value);
        } else if (span_equal(name, SPAN("app_cert_sn"))) {
            sound = member_set(&to->app_cert_sn, value);
        } else if (span_equal(name, SPAN("nonce"))) {
            sound = member_set(&to->nonce, value);
        } else if (span_equal(name, SPAN("timestamp"))) {
            sound = member_set(timestamp, value);
        } else if (span_equal(name, SPAN("expired_seconds"))) {
            sound = member_set(expired, value);
        }
        if (!sound) {
            return false;
        }
    }
    return true;
}

enum v3_error v3_authorization_read(struct span header, struct v3_authorization *to)
{
    struct span timestamp = { NULL, 0 }, expired = { NULL, 0 };
    int64_t at_ms, seconds;

    *to = (struct v3_authorization){ 0 };
    enum v3_error error = header_split(header, to);
    if (error != V3_ok) {
        return error;
    }
    if (!pairs_read(to, &timestamp, &expired)) {
        return V3_bad_form;
    }
    if (to->app_id.size == 0) {
        return V3_no_app_id;
    }
    if (timestamp.size == 0) {
        return V3_no_timestamp;
    }
    if (!span_to_i64(timestamp, &at_ms) || at_ms < 0 || at_ms > TIMESTAMP_MS_MAX) {
        return V3_bad_timestamp;
    }
    if (to->nonce.size == 0) {
        return V3_no_nonce;
    }
    if (to->nonce.size > V3_NONCE_SIZE_MAX) {
        return V3_bad_nonce;
    }
    to->at_us = at_ms * 1000;
    to->expires_in_us = V3_WINDOW_US;
    if (span_to_i64(expired, &seconds) && seconds > 0 && seconds < V3_WINDOW_US / 1000000) {
        to->expires_in_us = seconds * 1000000;
    }
    return V3_ok;
}

bool v3_timestamp_fresh(const struct v3_authorization *authorization, int64_t now_us)
{
    return authorization->at_us <= now_us + V3_WINDOW_US &&
           authorization->at_us >= now_us - authorization->expires_in_us;
}

/* ---- what is signed ---- */

/* Each line with its end; bytes NULL when the arena is full. */
static struct span lines_join(const struct span *lines, size_t count, struct arena *arena)
{
    size_t size = 0, at = 0;

    for (size_t i = 0; i < count; i++) {
        size += lines[i].size + 1;
    }
    char *to = arena_try(arena, size);
    if (to == NULL) {
        return (struct span){ NULL, 0 };
    }
    for (size_t i = 0; i < count; i++) {
        if (lines[i].size > 0) {
            memcpy(to + at, lines[i].bytes, lines[i].size);
        }
        at += lines[i].size;
        to[at++] = '\n';
    }
    return (struct span){ to, at };
}

struct span v3_request_text(const struct v3_request *request, struct arena *arena)
{
    const struct span lines[] = {
        request->auth_string, request->method, request->target, request->body, request->app_auth_token,
    };
    size_t count = COUNT_OF(lines) - (request->app_auth_token.bytes == NULL ? 1 : 0);
    return lines_join(lines, count, arena);
}

struct span v3_answer_text(struct span timestamp, struct span nonce, struct span body, struct arena *arena)
{
    const struct span lines[] = { timestamp, nonce, body };
    return lines_join(lines, COUNT_OF(lines), arena);
}

/* ---- nonces ---- */

/*
 * The nonces lie in a ring as they came, so the oldest leave first; a table with open addressing, twice as
 * large, finds them by a keyed hash of 64 bits. Two nonces with one hash would turn away an honest request:
 * with all V3_NONCES_MAX in use that happens once in 10^13 requests, and the client's next nonce is another.
 */
struct nonce {
    uint64_t hash;
    int64_t used_us;
};

struct v3_nonces {
    pthread_mutex_t lock; /* guards all that follows */
    struct arena own;     /* of this struct */
    struct arena arena;   /* of ring and slots */
    size_t nonces_max;
    struct nonce *ring; /* `capacity`, a power of two; the oldest at `first` */
    size_t capacity, first, count;
    uint32_t *slots; /* twice as many: index into the ring and 1, or 0 */
};

struct v3_nonces *v3_nonces_open(size_t nonces_max)
{
    struct arena arena;

    assert(nonces_max > 0);
    assert(nonces_max <= V3_NONCES_MAX);
    arena_init(&arena, sizeof(struct v3_nonces), 2 * sizeof(struct v3_nonces));
    struct v3_nonces *nonces = arena_take(&arena, sizeof(*nonces));
    nonces->own = arena;
    nonces->nonces_max = nonces_max;
    int rc = pthread_mutex_init(&nonces->lock, NULL);
    assert(rc == 0);
    return nonces;
}

void v3_nonces_close(struct v3_nonces *nonces)
{
    struct arena own = nonces->own;
    if (nonces->capacity > 0) {
        arena_release(&nonces->arena);
    }
    (void)pthread_mutex_destroy(&nonces->lock);
    arena_release(&own);
}

static size_t slot_mask(const struct v3_nonces *nonces)
{
    return nonces->capacity * 2 - 1;
}

/* Where the hash stands, or the free slot where it would. */
static size_t slot_find(const struct v3_nonces *nonces, uint64_t hash)
{
    size_t slot = (size_t)hash_mix(hash) & slot_mask(nonces);
    while (nonces->slots[slot] != 0 && nonces->ring[nonces->slots[slot] - 1].hash != hash) {
        slot = (slot + 1) & slot_mask(nonces);
    }
    return slot;
}

/* Closes the gap, so that what was pushed behind it is found again. */
static void slot_free(struct v3_nonces *nonces, size_t slot)
{
    size_t mask = slot_mask(nonces);
    size_t next = slot;

    for (;;) {
        next = (next + 1) & mask;
        if (nonces->slots[next] == 0) {
            break;
        }
        size_t home = (size_t)hash_mix(nonces->ring[nonces->slots[next] - 1].hash) & mask;
        if (((next - home) & mask) >= ((next - slot) & mask)) {
            nonces->slots[slot] = nonces->slots[next];
            slot = next;
        }
    }
    nonces->slots[slot] = 0;
}

static void nonce_put(struct v3_nonces *nonces, struct nonce nonce)
{
    size_t slot = slot_find(nonces, nonce.hash);
    size_t place = (nonces->first + nonces->count) & (nonces->capacity - 1);
    assert(nonces->slots[slot] == 0);
    assert(nonces->count < nonces->capacity);
    nonces->ring[place] = nonce;
    nonces->slots[slot] = (uint32_t)place + 1;
    nonces->count++;
}

static void nonces_forget(struct v3_nonces *nonces, int64_t now_us)
{
    while (nonces->count > 0 && nonces->ring[nonces->first].used_us + V3_NONCE_KEPT_US < now_us) {
        slot_free(nonces, slot_find(nonces, nonces->ring[nonces->first].hash));
        nonces->first = (nonces->first + 1) & (nonces->capacity - 1);
        nonces->count--;
    }
}

/* Twice the room, and the old one given back. */
static void nonces_grow(struct v3_nonces *nonces)
{
    struct v3_nonces old = *nonces;
    size_t size;

    nonces->capacity = old.capacity == 0 ? NONCES_FIRST : old.capacity * 2;
    size = nonces->capacity * (sizeof(struct nonce) + 2 * sizeof(uint32_t));
    arena_init(&nonces->arena, size, size);
    nonces->ring = arena_take(&nonces->arena, nonces->capacity * sizeof(struct nonce));
    nonces->slots = arena_take(&nonces->arena, nonces->capacity * 2 * sizeof(uint32_t));
    nonces->first = 0;
    nonces->count = 0;
    for (size_t i = 0; i < old.count; i++) {
        nonce_put(nonces, old.ring[(old.first + i) & (old.capacity - 1)]);
    }
    if (old.capacity > 0) {
        arena_release(&old.arena);
    }
}

static enum v3_nonce nonce_use(struct v3_nonces *nonces, uint64_t hash, int64_t now_us)
{
    nonces_forget(nonces, now_us);
    if (nonces->capacity > 0 && nonces->slots[slot_find(nonces, hash)] != 0) {
        return V3_NONCE_used;
    }
    if (nonces->count == nonces->nonces_max) {
        return V3_NONCE_full;
    }
    if (nonces->count == nonces->capacity) {
        nonces_grow(nonces);
    }
    nonce_put(nonces, (struct nonce){ hash, now_us });
    return V3_NONCE_fresh;
}

enum v3_nonce v3_nonces_use(struct v3_nonces *nonces, struct span app_id, struct span nonce, int64_t now_us)
{
    uint64_t hash = hash_mix(hash_bytes(app_id.bytes, app_id.size)) ^ hash_bytes(nonce.bytes, nonce.size);
    int rc = pthread_mutex_lock(&nonces->lock);
    assert(rc == 0);
    enum v3_nonce result = nonce_use(nonces, hash, now_us);
    rc = pthread_mutex_unlock(&nonces->lock);
    assert(rc == 0);
    return result;
}
