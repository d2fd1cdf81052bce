/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What parses is written back to the same text; what is written for any kind and id parses back to them. The
 * seeds are signed with the key below.
 */
#include "till/pay_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void text_try(const struct hmac_key *key, struct span base, struct span text)
{
    char url[PAY_URL_SIZE];
    enum pay_url_kind kind;
    int64_t id;

    if (pay_url_parse(key, base, text, &kind, &id) != PAY_URL_ok) {
        return;
    }
    size_t size = pay_url_write(key, base, kind, id, url);
    assert(span_equal(text, (struct span){ url, size }));
}

/* The path and id of the input with the mac that belongs to them, so that the parser is run to its end. */
static void path_try(const struct hmac_key *key, struct span base, struct span text)
{
    char url[PAY_URL_SIZE * 2];
    struct span mac;
    int64_t id;

    struct span head = span_cut(text, '.', &mac);
    struct span id_text = head;
    while (id_text.size > 0 && memchr(id_text.bytes, '/', id_text.size) != NULL) {
        (void)span_cut(id_text, '/', &id_text);
    }
    if (head.size > PAY_URL_SIZE || !span_to_i64(id_text, &id) || id <= 0) {
        return;
    }
    memcpy(url, head.bytes, head.size);
    url[head.size] = '.';
    pay_url_mac(key, PAY_URL_trade, id, url + head.size + 1);
    text_try(key, base, (struct span){ url, head.size + 1 + PAY_URL_MAC_SIZE });
    pay_url_mac(key, PAY_URL_shop, id, url + head.size + 1);
    text_try(key, base, (struct span){ url, head.size + 1 + PAY_URL_MAC_SIZE });
}

static void number_try(const struct hmac_key *key, struct span base, const uint8_t *data, size_t size)
{
    char url[PAY_URL_SIZE];
    enum pay_url_kind right_kind = size % 2 == 0 ? PAY_URL_trade : PAY_URL_shop;
    enum pay_url_kind kind;
    uint64_t number = 0;
    int64_t id;

    memcpy(&number, data, size < sizeof(number) ? size : sizeof(number));
    int64_t right_id = (int64_t)(number >> 1 | 1);
    size_t url_size = pay_url_write(key, base, right_kind, right_id, url);
    enum pay_url_error error = pay_url_parse(key, base, (struct span){ url, url_size }, &kind, &id);
    assert(error == PAY_URL_ok);
    assert(kind == right_kind);
    assert(id == right_id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct span bases[] = { { "https://till.example", 20 }, { "", 0 } };
    struct span text = { (const char *)data, size };
    struct hmac_key key;

    hmac_key_init(&key, "a key of a test", 15);
    for (size_t i = 0; i < COUNT_OF(bases); i++) {
        text_try(&key, bases[i], text);
        path_try(&key, bases[i], text);
        if (size > 0) {
            number_try(&key, bases[i], data, size);
        }
    }
    return 0;
}
