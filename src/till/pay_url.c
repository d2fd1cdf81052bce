/* SPDX-License-Identifier: Apache-2.0 */
#include "till/pay_url.h"

#include "till/text_out.h"

#define ID_DIGITS_MAX 19

static const char mac_label[] = "onetill pay url v1";

void pay_url_mac(const struct hmac_key *key, enum pay_url_kind kind, int64_t id,
                 char to[PAY_URL_MAC_SIZE + 1])
{
    uint8_t message[sizeof(mac_label) - 1 + 1 + 8];
    uint8_t mac[SHA256_SIZE];
    char text[BASE64URL_SIZE(8)];
    uint64_t rest = (uint64_t)id;

    assert(kind == PAY_URL_trade || kind == PAY_URL_shop);
    assert(id > 0);
    memcpy(message, mac_label, sizeof(mac_label) - 1);
    message[sizeof(mac_label) - 1] = (uint8_t)kind;
    for (size_t i = sizeof(message); i-- > sizeof(mac_label);) {
        message[i] = (uint8_t)rest;
        rest >>= 8;
    }
    hmac_write(key, message, sizeof(message), mac);
    /* The first 10 characters stand for the first 60 bits, whatever follows. */
    size_t size = base64url_write(mac, 8, text);
    assert(size > PAY_URL_MAC_SIZE);
    memcpy(to, text, PAY_URL_MAC_SIZE);
    to[PAY_URL_MAC_SIZE] = '\0';
}

bool pay_url_mac_holds(const struct hmac_key *key, enum pay_url_kind kind, int64_t id, struct span mac)
{
    char right[PAY_URL_MAC_SIZE + 1];

    if (mac.size != PAY_URL_MAC_SIZE) {
        return false;
    }
    pay_url_mac(key, kind, id, right);
    return digest_equal(right, mac.bytes, PAY_URL_MAC_SIZE);
}

static void base_assert(struct span base)
{
    assert(base.size <= PAY_URL_BASE_MAX);
    assert(base.size == 0 || base.bytes[base.size - 1] != '/');
}

size_t pay_url_write(const struct hmac_key *key, struct span base, enum pay_url_kind kind, int64_t id,
                     char to[PAY_URL_SIZE])
{
    struct text_out out = text_out_begin(to, PAY_URL_SIZE);
    char mac[PAY_URL_MAC_SIZE + 1];

    base_assert(base);
    pay_url_mac(key, kind, id, mac);
    text_out_span(&out, base);
    text_out_literal(&out, kind == PAY_URL_trade ? "/q/t/" : "/q/s/");
    text_out_number(&out, (uint64_t)id, 1);
    text_out_literal(&out, ".");
    text_out_literal(&out, mac);
    assert(!out.failed);
    return out.size;
}

/* One id has one spelling: no sign, no zeros in front. */
static bool id_read(struct span text, int64_t *id)
{
    return text.size > 0 && text.size <= ID_DIGITS_MAX && text.bytes[0] >= '1' && text.bytes[0] <= '9' &&
           span_to_i64(text, id);
}

enum pay_url_error pay_url_parse(const struct hmac_key *key, struct span base, struct span url,
                                 enum pay_url_kind *kind, int64_t *id)
{
    static const char path_trade[] = "/q/t/";
    static const char path_shop[] = "/q/s/";
    const size_t path_size = sizeof(path_trade) - 1;
    enum pay_url_kind found_kind;
    struct span mac;
    int64_t found_id;

    base_assert(base);
    if (url.size < base.size || !span_equal((struct span){ url.bytes, base.size }, base)) {
        return PAY_URL_other_base;
    }
    struct span rest = { url.bytes + base.size, url.size - base.size };
    if (rest.size < path_size || rest.size > PAY_URL_SIZE) {
        return PAY_URL_bad_form;
    }
    if (memcmp(rest.bytes, path_trade, path_size) == 0) {
        found_kind = PAY_URL_trade;
    } else if (memcmp(rest.bytes, path_shop, path_size) == 0) {
        found_kind = PAY_URL_shop;
    } else {
        return PAY_URL_bad_form;
    }
    rest = (struct span){ rest.bytes + path_size, rest.size - path_size };
    if (memchr(rest.bytes, '.', rest.size) == NULL) {
        return PAY_URL_bad_form;
    }
    struct span id_text = span_cut(rest, '.', &mac);
    if (!id_read(id_text, &found_id)) {
        return PAY_URL_bad_id;
    }
    if (!pay_url_mac_holds(key, found_kind, found_id, mac)) {
        return PAY_URL_bad_mac;
    }
    *kind = found_kind;
    *id = found_id;
    return PAY_URL_ok;
}
