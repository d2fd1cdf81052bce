/* SPDX-License-Identifier: Apache-2.0 */
#include "people/app.h"

#include "base/hash.h"

#define DRAWS_MAX 8
#define GIVEN_IDS INT64_C(1000000000000) /* that begin with 9021 */

const struct app_row *app_ask(struct view *view, int64_t app_id)
{
    struct app_row key = { .app_id = app_id };
    return view_ask(view, &app_table, &key);
}

static const struct column app_columns[] = {
    COLUMN(app_row, app_id, .form = FORM_id),
    COLUMN(app_row, merchant_id, .form = FORM_id),
    COLUMN(app_row, shop_id, .form = FORM_id),
    COLUMN(app_row, name),
    COLUMN(app_row, cert_sn),
    COLUMN(app_row, notify_url),
    COLUMN(app_row, gateway_url),
    COLUMN(app_row, aes_generation),
    COLUMN(app_row, disabled, .form = FORM_flag),
    COLUMN(app_row, notify_paid_only, .form = FORM_flag),
    COLUMN(app_row, created_at_us, .form = FORM_instant),
};
const struct shape app_shape = SHAPE("app", app_row, app_columns);

/* ---- what may stand in an app ---- */

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

bool address_callable(const char *address)
{
    size_t scheme = starts_with(address, "https://") ? 8 : starts_with(address, "http://") ? 7 : 0;
    bool host = scheme > 0 && strchr("/?#:", address[scheme]) == NULL; /* strchr finds the end, too */
    for (const char *at = address; host && *at != '\0'; at++) {
        host = *at > ' ' && *at < 0x7f && *at != '@' && *at != '\\';
    }
    return host;
}

static bool address_allowed(const char *address)
{
    return address[0] == '\0' || address_callable(address);
}

/* Base64 on one line, as the door makes it. */
static bool key_readable(const char *key)
{
    size_t size = strlen(key);
    size_t digits = strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    size_t filled = strspn(key + digits, "=");
    return size % 4 == 0 && filled <= 2 && digits + filled == size;
}

static bool serial_readable(const char *serial)
{
    size_t size = strlen(serial);
    return (size == 0 || size == 32) && strspn(serial, "0123456789abcdef") == size;
}

/* Copies a text without what may stand behind its end: rows are compared byte by byte. */
static void text_put(char *to, size_t capacity, const char *text)
{
    size_t size = strnlen(text, capacity - 1);
    memset(to, 0, capacity);
    memcpy(to, text, size);
}

/* A given key; one that is too long for the row is none of those that the door makes, and is cut to be seen as such. */
static void key_put(char to[APP_KEY_SIZE], const char *given)
{
    bool fits = strlen(given) < APP_KEY_SIZE;
    text_put(to, APP_KEY_SIZE, fits ? given : "?");
}

/* What both commands check of an app; `public_key` may be empty. */
static enum refusal app_check(struct view *view, const struct moment *at, const struct app_row *app)
{
    const struct shop_row *shop = shop_ask(view, app->shop_id);
    if (!access_merchant(at, app->merchant_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(merchant_ask(view, app->merchant_id))) {
        return REFUSAL_merchant_unknown;
    }
    if (!row_exists(shop) || shop->merchant_id != app->merchant_id) {
        return REFUSAL_shop_unknown;
    }
    if (!key_readable(app->public_key) || !serial_readable(app->cert_sn)) {
        return REFUSAL_app_key_invalid;
    }
    return address_allowed(app->notify_url) && address_allowed(app->gateway_url) ? REFUSAL_none : REFUSAL_url_invalid;
}

/* ---- create ---- */

static const struct column create_columns[] = {
    COLUMN(app_create, app_id, .form = FORM_id, .least = APP_ID_LEAST, .most = APP_ID_MOST,
           .text = "16 digits, chosen by the platform only; left out, the till gives one."),
    COLUMN(app_create, merchant_id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(app_create, shop_id, .form = FORM_id, .flags = COLUMN_required,
           .text = "Takes the payments that name no shop."),
    COLUMN(app_create, name, .flags = COLUMN_required, .least = 1),
    COLUMN(app_create, public_key, .flags = COLUMN_lines,
           .text = "The app's RSA public key, PEM or base64 alone, PKCS#1 or SPKI, or its certificate. Without one "
                   "nothing is answered yet."),
    COLUMN(app_create, cert_sn, .form = FORM_hidden),
    COLUMN(app_create, notify_url, .text = "Where trades are told that name no address of their own."),
    COLUMN(app_create, gateway_url, .text = "Where messages go that are about no single trade."),
    COLUMN(app_create, aes, .form = FORM_flag, .text = "With a key for encrypted content."),
    COLUMN(app_create, notify_paid_only, .form = FORM_flag,
           .text = "Tell only of payments and of partial refunds, not of closing and full refunds."),
};
static const struct shape create_shape = SHAPE("app_create", app_create, create_columns);

static void app_fill(struct app_row *app, const struct app_create *want)
{
    app->merchant_id = want->merchant_id;
    app->shop_id = want->shop_id;
    text_put(app->name, sizeof(app->name), want->name);
    key_put(app->public_key, want->public_key);
    text_put(app->cert_sn, sizeof(app->cert_sn), want->cert_sn);
    text_put(app->notify_url, sizeof(app->notify_url), want->notify_url);
    text_put(app->gateway_url, sizeof(app->gateway_url), want->gateway_url);
    app->aes_generation = want->aes;
    app->notify_paid_only = want->notify_paid_only;
}

/*
 * An id that is free; NULL when all that were drawn are taken, which does not happen. It follows from the
 * merchant and its count of apps: an id of the moment would be another one at each round of deciding.
 */
static const struct app_row *app_draw(struct view *view, const struct merchant_row *merchant)
{
    uint64_t seed = hash_mix((uint64_t)merchant->merchant_id) + (uint64_t)merchant->apps_created;
    for (int draw = 0; draw < DRAWS_MAX; draw++) {
        seed = hash_mix(seed + 1);
        const struct app_row *app = app_ask(view, APP_ID_GIVEN + (int64_t)(seed % (uint64_t)GIVEN_IDS));
        if (!row_exists(app)) {
            return app;
        }
    }
    return NULL;
}

static enum refusal decide_create(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct app_create *want = request;
    struct app_row wanted = { .app_id = want->app_id };
    app_fill(&wanted, want);
    enum refusal refusal = app_check(view, at, &wanted);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (want->app_id != 0 && !access_platform(at)) {
        return REFUSAL_forbidden; /* or one could take the id that another will bring along */
    }
    const struct merchant_row *merchant = merchant_ask(view, want->merchant_id);
    const struct app_row *asked = want->app_id != 0 ? app_ask(view, want->app_id) : app_draw(view, merchant);
    if (asked == NULL) {
        return REFUSAL_id_taken;
    }
    if (row_exists(asked)) {
        wanted.created_at_us = asked->created_at_us;
        if (memcmp(&wanted, asked, sizeof(wanted)) != 0) {
            return REFUSAL_id_taken;
        }
    } else if (merchant->apps_created >= APPS_MAX) {
        return REFUSAL_apps_full;
    } else {
        struct app_row *app = view_change(view, asked);
        app_fill(app, want);
        app->created_at_us = at->now_us;
        struct merchant_row *counted = view_change(view, merchant);
        counted->apps_created++;
    }
    memcpy(answer, asked, sizeof(*asked));
    return REFUSAL_none;
}

const struct command app_create = {
    .name = "app_create",
    .number = 31,
    .method = "POST",
    .route = "/v1/apps",
    .http_status = 201,
    .callers = CALLERS_MERCHANT,
    .request = &create_shape,
    .answer = &app_shape,
    .decide = decide_create,
    .summary = "Registers a program of a merchant's that speaks the Alipay protocol. Again with the same id and "
               "content: the same app.",
};

/* ---- change ---- */

static const char *const aes_names[] = { "", "renewed", "ended", NULL };

static const struct column change_columns[] = {
    COLUMN(app_change, app_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(app_change, shop_id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(app_change, name, .flags = COLUMN_required, .least = 1),
    COLUMN(app_change, public_key, .flags = COLUMN_lines,
           .text = "Left out: as it is. Another key ends a certificate of the one before."),
    COLUMN(app_change, cert_sn, .form = FORM_hidden),
    COLUMN(app_change, notify_url, .text = "Left out: none."),
    COLUMN(app_change, gateway_url, .text = "Left out: none."),
    COLUMN(app_change, aes, .form = FORM_choice, .names = aes_names,
           .text = "Gives it a new key for encrypted content, or ends the one it has. Left out: as it is."),
    COLUMN(app_change, disabled, .form = FORM_flag, .text = "Nothing of it is answered any more."),
    COLUMN(app_change, notify_paid_only, .form = FORM_flag),
};
static const struct shape change_shape = SHAPE("app_change", app_change, change_columns);

static void app_apply(struct app_row *app, const struct app_change *want)
{
    app->shop_id = want->shop_id;
    text_put(app->name, sizeof(app->name), want->name);
    if (want->public_key[0] != '\0' && strcmp(want->public_key, app->public_key) != 0) {
        key_put(app->public_key, want->public_key);
        memset(app->cert_sn, 0, sizeof(app->cert_sn));
    }
    if (want->cert_sn[0] != '\0') {
        text_put(app->cert_sn, sizeof(app->cert_sn), want->cert_sn);
    }
    text_put(app->notify_url, sizeof(app->notify_url), want->notify_url);
    text_put(app->gateway_url, sizeof(app->gateway_url), want->gateway_url);
    app->disabled = want->disabled;
    app->notify_paid_only = want->notify_paid_only;
}

/* Generations go on counting when a key was ended, so that an old one never comes back: an ended one is negative. */
static void aes_apply(struct app_row *app, int32_t aes)
{
    int32_t newest = app->aes_generation < 0 ? -app->aes_generation : app->aes_generation;
    if (aes == APP_AES_renewed) {
        app->aes_generation = newest + 1;
    } else if (aes == APP_AES_ended) {
        app->aes_generation = -newest;
    }
}

static enum refusal decide_change(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct app_change *want = request;
    const struct app_row *asked = app_ask(view, want->app_id);
    if (!row_exists(asked) || !access_merchant(at, asked->merchant_id)) {
        return REFUSAL_app_unknown;
    }
    struct app_row changed = *asked;
    app_apply(&changed, want);
    aes_apply(&changed, want->aes);
    enum refusal refusal = app_check(view, at, &changed);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct app_row *app = view_change(view, asked);
    *app = changed;
    memcpy(answer, app, sizeof(*app));
    return REFUSAL_none;
}

const struct command app_change = {
    .name = "app_change",
    .number = 32,
    .method = "POST",
    .route = "/v1/apps/{app_id}",
    .http_status = 200,
    .callers = CALLERS_MERCHANT,
    .request = &change_shape,
    .answer = &app_shape,
    .decide = decide_change,
    .summary = "Sets an app's name, shop and addresses anew, changes its key, ends it or lets it go on.",
};

/* ---- query ---- */

static const struct column ref_columns[] = {
    COLUMN(app_ref, app_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape ref_shape = SHAPE("app_ref", app_ref, ref_columns);

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct app_ref *want = request;
    const struct app_row *app = app_ask(view, want->app_id);
    if (!row_exists(app) || !access_merchant(at, app->merchant_id)) {
        return REFUSAL_app_unknown;
    }
    memcpy(answer, app, sizeof(*app));
    return REFUSAL_none;
}

const struct command app_query = {
    .name = "app_query",
    .number = 33,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/apps/{app_id}",
    .http_status = 200,
    .callers = CALLERS_MERCHANT,
    .request = &ref_shape,
    .answer = &app_table.shape,
    .decide = decide_query,
    .summary = "One app, with its public key.",
};
