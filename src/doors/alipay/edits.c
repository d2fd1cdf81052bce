/* SPDX-License-Identifier: Apache-2.0 */
/* What the door does around the till's commands about apps, because it takes keys and the master key. */
#include "doors/alipay/alipay_internal.h"

/*
 * A public key in any of its spellings becomes the one that is stored; of a certificate also its serial number.
 * False: it is none that we take.
 */
static bool key_normalise(char text[APP_KEY_SIZE], char cert_sn[33])
{
    struct alipay_key key;
    char normal[ALIPAY_PUBLIC_TEXT_SIZE];
    static_assert(sizeof(normal) <= APP_KEY_SIZE, "the normal form fits the row");
    cert_sn[0] = '\0';
    if (text[0] == '\0') {
        return true;
    }
    if (!cert_sn_read(span_of(text), cert_sn)) {
        cert_sn[0] = '\0'; /* a key alone */
    }
    if (alipay_public_read(span_of(text), &key) != ALIPAY_KEY_ok) {
        return false;
    }
    size_t size = alipay_public_write(&key, normal);
    memcpy(text, normal, size + 1);
    alipay_key_release(&key);
    return true;
}

static enum refusal create_before(void *context, const struct caller *caller, int64_t now_us, void *request)
{
    struct app_create *create = request;
    (void)context;
    (void)caller;
    (void)now_us;
    return key_normalise(create->public_key, create->cert_sn) ? REFUSAL_none : REFUSAL_app_key_invalid;
}

static enum refusal change_before(void *context, const struct caller *caller, int64_t now_us, void *request)
{
    struct app_change *change = request;
    (void)context;
    (void)caller;
    (void)now_us;
    return key_normalise(change->public_key, change->cert_sn) ? REFUSAL_none : REFUSAL_app_key_invalid;
}

struct app_added {
    char aes_key[ALIPAY_AES_KEY_TEXT_SIZE];
};
static const struct column app_added_columns[] = {
    COLUMN(app_added, aes_key, .text = "AES key of the app in base64; never stored. Empty: it has none."),
};
static const struct shape app_added_shape = SHAPE("app_secret", app_added, app_added_columns);

static void app_after(void *context, const struct caller *caller, const void *request, const void *answer, void *added)
{
    const struct alipay *door = context;
    const struct app_row *app = answer;
    struct app_added *to = added;
    uint8_t key[ALIPAY_AES_KEY_SIZE];
    (void)caller;
    (void)request;
    if (app->aes_generation <= 0) {
        return;
    }
    alipay_aes_key(&door->aes_master, app->app_id, app->aes_generation, key);
    alipay_aes_key_write(key, to->aes_key);
    explicit_bzero(key, sizeof(key));
}

void alipay_edits(struct alipay *door, struct rest_edit to[ALIPAY_EDIT_COUNT])
{
    to[0] = (struct rest_edit){ .command = "app_create",
                                .before = create_before,
                                .after = app_after,
                                .added = &app_added_shape,
                                .context = door };
    to[1] = to[0];
    to[1].command = "app_change";
    to[1].before = change_before;
}

size_t alipay_app_pages(struct alipay *door, struct rest_page *to)
{
    to[0] = (struct rest_page){ .name = "sandbox_fault",
                                .method = "POST",
                                .route = "/v1/sandbox/faults",
                                .callers = CALLER_BIT(operator) | CALLER_BIT(merchant),
                                .serve = alipay_fault_page,
                                .context = door,
                                .unlisted = true,
                                .content_type = "application/json",
                                .summary = "Orders a fault of the Alipay gateway or of a notice, in a sandbox." };
    to[1] = (struct rest_page){ .name = "alipay_image",
                                .method = "GET",
                                .route = "/alipay/image/{image_id}",
                                .callers = CALLER_BIT(none),
                                .serve = alipay_image_page,
                                .context = door,
                                .unlisted = true,
                                .content_type = "application/octet-stream",
                                .summary = "An image that was uploaded through the Alipay gateway." };
    return 2;
}
