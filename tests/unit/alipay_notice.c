/* SPDX-License-Identifier: Apache-2.0 */
/* Notices, read back as a receiver would: decoded, sorted and verified by hand with OpenSSL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "doors/alipay/money_text.h"
#include "doors/alipay/notice.h"
#include "till/trade.h"

#define PARAMETERS_MAX 64
#define SHOP_ID 100000000001
#define SHOPPER_ID 42
#define PAID_US INT64_C(1767232805000000) /* 2026-01-01 10:00:05 in Beijing */

struct parameter {
    char name[64];
    char value[8192];
    size_t size;
};

struct received {
    struct parameter list[PARAMETERS_MAX];
    size_t count;
};

static struct alipay_key key;
static struct arena arena;

static int hex_digit(char digit)
{
    const char *digits = "0123456789ABCDEF";
    const char *at = strchr(digits, digit);
    assert_non_null(at);
    return (int)(at - digits);
}

static size_t decode(struct span text, char *to)
{
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.bytes[i] == '%') {
            assert_true(i + 2 < text.size);
            to[size++] = (char)(hex_digit(text.bytes[i + 1]) * 16 + hex_digit(text.bytes[i + 2]));
            i += 2;
        } else {
            to[size++] = text.bytes[i] == '+' ? ' ' : text.bytes[i];
        }
    }
    to[size] = '\0';
    return size;
}

static void receive(struct span body, struct received *received)
{
    received->count = 0;
    while (body.size > 0) {
        struct span value, pair = span_cut(body, '&', &body), name = span_cut(pair, '=', &value);
        assert_true(received->count < PARAMETERS_MAX);
        struct parameter *parameter = &received->list[received->count++];
        assert_true(span_copy(name, parameter->name, sizeof(parameter->name)));
        assert_true(value.size < sizeof(parameter->value));
        parameter->size = decode(value, parameter->value);
    }
}

static const char *value_of(const struct received *received, const char *name)
{
    const char *found = NULL;
    for (size_t i = 0; i < received->count; i++) {
        if (strcmp(received->list[i].name, name) == 0) {
            assert_null(found); /* once only */
            found = received->list[i].value;
        }
    }
    return found;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct parameter *)a)->name, ((const struct parameter *)b)->name);
}

/* As the receiver's side of the protocol says it, with nothing of ours but the key's handle. */
static bool verifies(const struct received *received, const EVP_MD *digest)
{
    static char canonical[65536];
    static struct received sorted;
    unsigned char signature[1024];
    size_t size = 0;
    sorted = *received;
    qsort(sorted.list, sorted.count, sizeof(sorted.list[0]), by_name);
    for (size_t i = 0; i < sorted.count; i++) {
        const struct parameter *parameter = &sorted.list[i];
        if (strcmp(parameter->name, "sign") == 0 || strcmp(parameter->name, "sign_type") == 0) {
            continue;
        }
        size += (size_t)snprintf(canonical + size, sizeof(canonical) - size, "%s%s=", size > 0 ? "&" : "",
                                 parameter->name);
        memcpy(canonical + size, parameter->value, parameter->size);
        size += parameter->size;
    }
    const char *sign = value_of(received, "sign");
    assert_non_null(sign);
    int length = EVP_DecodeBlock(signature, (const unsigned char *)sign, (int)strlen(sign));
    assert_true(length > 0);
    for (const char *pad = strchr(sign, '='); pad != NULL && *pad == '='; pad++) {
        length--;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_non_null(context);
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, digest, NULL, key.handle), 1);
    int good = EVP_DigestVerify(context, signature, (size_t)length, (const unsigned char *)canonical, size);
    EVP_MD_CTX_free(context);
    return good == 1;
}

static struct trade_row paid_trade(void)
{
    struct trade_row trade = { .trade_id = INT64_C(2118123456789012345),
                               .merchant_id = 1,
                               .shop_id = SHOP_ID,
                               .shopper_id = SHOPPER_ID,
                               .out_trade_no = "T1",
                               .subject = "\xe5\x92\x96\xe5\x95\xa1 A+B&C=%20",
                               .currency = 156,
                               .state = TRADE_success,
                               .way = WAY_scan,
                               .list_minor = 10000,
                               .discount_minor = 2000,
                               .paid_minor = 8000,
                               .paid_left_minor = 8000,
                               .left_minor = 10000,
                               .created_at_us = PAID_US - 5 * US_PER_SECOND,
                               .paid_at_us = PAID_US,
                               .discounts_count = 1,
                               .discounts = { { .campaign_id = 7, .platform_minor = 500, .merchant_minor = 1500 } } };
    return trade;
}

static struct notice notice_of(const struct trade_row *trade)
{
    return (struct notice){ .delivery_id = INT64_C(2118123456789012399),
                            .topic = TOPIC_trade_paid,
                            .created_at_us = PAID_US,
                            .now_us = PAID_US + US_PER_SECOND,
                            .app_id = INT64_C(9021000000000001),
                            .trade = trade,
                            .refund_paid_minor = -1 };
}

static void write_and_receive(const struct notice *notice, struct received *received)
{
    struct span body;
    arena_rewind(&arena);
    assert_true(notice_write(notice, &key, &arena, &body));
    assert_true(body.size <= NOTICE_BODY_SIZE_MAX);
    receive(body, received);
    assert_true(verifies(received, notice->digest == ALIPAY_RSA2 ? EVP_sha256() : EVP_sha1()));
}

static void expect(const struct received *received, const char *name, const char *value)
{
    const char *found = value_of(received, name);
    if (value == NULL) {
        assert_null(found);
        return;
    }
    if (found == NULL) {
        fail_msg("%s is missing", name);
    }
    assert_string_equal(found, value);
}

static void a_payment_is_told_in_full(void **state)
{
    static struct received received;
    struct trade_row trade = paid_trade();
    struct notice notice = notice_of(&trade);
    (void)state;
    notice.body = SPAN("two cups");
    notice.passback = SPAN("a=1&b=%2F");
    notice.buyer_logon_id = SPAN("15912345620");
    notice.campaign_names[0] = SPAN("\xe5\x8d\x8a\xe4\xbb\xb7 \"now\"");
    write_and_receive(&notice, &received);
    static const char *const wanted[][2] = {
        { "gmt_create", "2026-01-01 10:00:00" },
        { "gmt_payment", "2026-01-01 10:00:05" },
        { "notify_time", "2026-01-01 10:00:06" },
        { "charset", "utf-8" },
        { "subject", "\xe5\x92\x96\xe5\x95\xa1 A+B&C=%20" },
        { "body", "two cups" },
        { "buyer_id", "2088000000000042" },
        { "buyer_logon_id", "159****5620" },
        { "seller_id", "20882100000000001" },
        { "version", "1.0" },
        { "notify_id", "2026010190000002118123456789012399" },
        { "notify_type", "trade_status_sync" },
        { "out_trade_no", "T1" },
        { "total_amount", "100.00" },
        { "receipt_amount", "85.00" },
        { "invoice_amount", "80.00" },
        { "buyer_pay_amount", "80.00" },
        { "point_amount", "0.00" },
        { "trade_status", "TRADE_SUCCESS" },
        { "app_id", "9021000000000001" },
        { "auth_app_id", "9021000000000001" },
        { "fund_bill_list", "[{\"amount\":\"80.00\",\"fundChannel\":\"ALIPAYACCOUNT\"},"
                            "{\"amount\":\"5.00\",\"fundChannel\":\"COUPON\"},"
                            "{\"amount\":\"15.00\",\"fundChannel\":\"MCOUPON\"}]" },
        { "voucher_detail_list", "[{\"amount\":\"20.00\",\"merchantContribute\":\"15.00\","
                                 "\"name\":\"\xe5\x8d\x8a\xe4\xbb\xb7 \\\"now\\\"\","
                                 "\"otherContribute\":\"5.00\",\"type\":\"ALIPAY_FIX_VOUCHER\"}]" },
        { "passback_params", "a=1&b=%2F" },
        { "sign_type", "RSA2" },
    };
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        expect(&received, wanted[i][0], wanted[i][1]);
    }
    assert_int_equal(received.count, COUNT_OF(wanted) + 2); /* trade_no and sign */
    int64_t trade_id;
    assert_true(trade_no_read(span_of(value_of(&received, "trade_no")), &trade_id));
    assert_true(trade_id == trade.trade_id);
}

static void a_part_refund_adds_its_facts(void **state)
{
    static struct received received;
    struct trade_row trade = paid_trade();
    struct notice notice = notice_of(&trade);
    (void)state;
    trade.left_minor = 7000;
    trade.paid_left_minor = 5600;
    notice.topic = TOPIC_trade_refunded;
    notice.created_at_us = PAID_US + US_PER_HOUR + 123000;
    notice.request_no = SPAN("R1");
    notice.refund_paid_minor = 800;
    write_and_receive(&notice, &received);
    expect(&received, "trade_status", "TRADE_SUCCESS");
    expect(&received, "gmt_refund", "2026-01-01 11:00:05.123");
    expect(&received, "refund_fee", "30.00");
    expect(&received, "send_back_fee", "8.00");
    expect(&received, "out_biz_no", "R1");
    expect(&received, "gmt_close", NULL);
}

static void a_refund_in_full_closes(void **state)
{
    static struct received received;
    struct trade_row trade = paid_trade();
    struct notice notice = notice_of(&trade);
    (void)state;
    trade.state = TRADE_closed;
    trade.close_reason = CLOSE_cancelled;
    trade.left_minor = 0;
    trade.paid_left_minor = 0;
    trade.closed_at_us = PAID_US + US_PER_MINUTE;
    notice.topic = TOPIC_trade_closed;
    notice.created_at_us = trade.closed_at_us;
    notice.request_no = SPAN(REFUND_OF_CANCEL);
    write_and_receive(&notice, &received);
    expect(&received, "trade_status", "TRADE_CLOSED");
    expect(&received, "refund_fee", "100.00");
    expect(&received, "gmt_refund", "2026-01-01 10:01:05.000");
    expect(&received, "gmt_close", "2026-01-01 10:01:05");
    expect(&received, "out_biz_no", NULL);
    expect(&received, "send_back_fee", NULL);
}

static void a_trade_that_was_never_paid_has_no_payment(void **state)
{
    static const char *const absent[] = { "gmt_payment",      "receipt_amount", "buyer_pay_amount", "buyer_id",
                                          "fund_bill_list",   "refund_fee",     "gmt_refund",       "body",
                                          "voucher_detail_list" };
    static struct received received;
    struct trade_row trade = paid_trade();
    struct notice notice = notice_of(&trade);
    (void)state;
    trade.state = TRADE_closed;
    trade.shopper_id = 0;
    trade.paid_at_us = 0;
    trade.paid_minor = trade.paid_left_minor = trade.discount_minor = 0;
    trade.left_minor = 0;
    trade.discounts_count = 0;
    trade.closed_at_us = PAID_US;
    notice.topic = TOPIC_trade_closed;
    write_and_receive(&notice, &received);
    expect(&received, "trade_status", "TRADE_CLOSED");
    expect(&received, "total_amount", "100.00");
    for (size_t i = 0; i < COUNT_OF(absent); i++) {
        expect(&received, absent[i], NULL);
    }
}

static void attempts_differ_in_their_time_alone(void **state)
{
    static struct received first, second;
    struct trade_row trade = paid_trade();
    struct notice notice = notice_of(&trade);
    (void)state;
    write_and_receive(&notice, &first);
    notice.now_us += US_PER_DAY;
    write_and_receive(&notice, &second);
    assert_int_equal(first.count, second.count);
    for (size_t i = 0; i < first.count; i++) {
        const char *name = first.list[i].name;
        assert_string_equal(name, second.list[i].name);
        bool differs = strcmp(first.list[i].value, second.list[i].value) != 0;
        assert_int_equal(differs, strcmp(name, "notify_time") == 0 || strcmp(name, "sign") == 0);
    }
}

static void it_speaks_the_charset_and_the_digest_of_the_trade(void **state)
{
    static struct received received;
    char type[NOTICE_TYPE_SIZE];
    struct trade_row trade = paid_trade();
    struct notice notice = notice_of(&trade);
    (void)state;
    notice.subject = SPAN("\xe5\x92\x96\xe5\x95\xa1\xf0\x9f\x8d\xb5"); /* with a cup that GBK does not have */
    notice.charset = CHARSET_gbk;
    notice.digest = ALIPAY_RSA;
    write_and_receive(&notice, &received);
    expect(&received, "charset", "GBK");
    expect(&received, "sign_type", "RSA");
    expect(&received, "subject", "\xbf\xa7\xb7\xc8?");
    notice_type(CHARSET_gbk, type);
    assert_string_equal(type, "application/x-www-form-urlencoded; charset=GBK");
}

/* Every text as long as its column, in characters that take nine bytes when encoded. */
static void the_longest_texts_fit(void **state)
{
    static char text[4][1024];
    static struct received received;
    static const size_t sizes[] = { 768, 384, 512, 99 };
    struct trade_row trade = paid_trade();
    struct notice notice = notice_of(&trade);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        for (size_t at = 0; at + 3 <= sizes[i]; at += 3) {
            memcpy(text[i] + at, "\xe5\x92\x96", 3);
        }
    }
    memset(trade.out_trade_no, 'Z', sizeof(trade.out_trade_no) - 1);
    trade.discounts_count = DISCOUNTS_MAX;
    for (int i = 0; i < DISCOUNTS_MAX; i++) {
        trade.discounts[i] =
            (struct discount_row){ .campaign_id = 7, .platform_minor = 1000000000, .merchant_minor = 2000000000 };
        notice.campaign_names[i] = (struct span){ text[0], NAME_SIZE - 1 - (NAME_SIZE - 1) % 3 };
    }
    notice.subject = span_of(text[0]);
    notice.body = span_of(text[1]);
    notice.passback = span_of(text[2]);
    notice.buyer_logon_id = span_of(text[3]);
    trade.left_minor = 1;
    notice.topic = TOPIC_trade_refunded;
    notice.request_no = span_of(trade.out_trade_no);
    write_and_receive(&notice, &received);
    expect(&received, "subject", text[0]);
    expect(&received, "passback_params", text[2]);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *seed >> 33;
}

static int64_t amount_of(uint64_t *seed)
{
    return (int64_t)(next_random(seed) % 3 == 0 ? 0 : next_random(seed) % 10000000);
}

/* Clients differ in what they do with empty parameters, so there is none whatever the trade is like. */
static void no_parameter_is_ever_empty_or_repeated(void **state)
{
    static struct received received;
    uint64_t seed = 20261122;
    (void)state;
    for (int round = 0; round < 100; round++) {
        struct trade_row trade = paid_trade();
        struct notice notice = notice_of(&trade);
        trade.state = 1 + (int32_t)(next_random(&seed) % 4);
        trade.paid_minor = amount_of(&seed);
        trade.discounts_count = (int32_t)(next_random(&seed) % (DISCOUNTS_MAX + 1));
        trade.discount_minor = 0;
        for (int32_t i = 0; i < trade.discounts_count; i++) {
            trade.discounts[i].platform_minor = amount_of(&seed);
            trade.discounts[i].merchant_minor = amount_of(&seed);
            trade.discount_minor += trade.discounts[i].platform_minor + trade.discounts[i].merchant_minor;
        }
        trade.list_minor = trade.paid_minor + trade.discount_minor;
        trade.left_minor = trade.list_minor / (int64_t)(1 + next_random(&seed) % 3);
        trade.paid_at_us = next_random(&seed) % 2 == 0 ? 0 : PAID_US;
        trade.closed_at_us = next_random(&seed) % 2 == 0 ? 0 : PAID_US;
        trade.shopper_id = (int64_t)(next_random(&seed) % 2);
        trade.subject[next_random(&seed) % 2] = '\0'; /* empty, or cut within a character */
        trade.subject[0] = trade.subject[0] != '\0' ? 'x' : '\0';
        notice.topic = 1 + (int32_t)(next_random(&seed) % 3);
        notice.refund_paid_minor = amount_of(&seed) - 1;
        write_and_receive(&notice, &received);
        for (size_t i = 0; i < received.count; i++) {
            assert_true(received.list[i].size > 0);
            assert_non_null(value_of(&received, received.list[i].name)); /* which finds it once only */
        }
    }
}

static void what_is_no_text_is_never_sent(void **state)
{
    struct trade_row trade = paid_trade();
    struct notice notice = notice_of(&trade);
    struct span body;
    (void)state;
    notice.body = SPAN("\xff\xfe");
    arena_rewind(&arena);
    assert_false(notice_write(&notice, &key, &arena, &body));
}

static void only_the_very_word_is_heard(void **state)
{
    (void)state;
    assert_true(notice_heard(200, SPAN("success")));
    assert_false(notice_heard(201, SPAN("success")));
    assert_false(notice_heard(302, SPAN("success")));
    assert_false(notice_heard(0, SPAN("success")));
    assert_false(notice_heard(200, SPAN("")));
    assert_false(notice_heard(200, SPAN("Success")));
    assert_false(notice_heard(200, SPAN("success\n")));
    assert_false(notice_heard(200, SPAN("\"success\"")));
    assert_false(notice_heard(200, SPAN("\xef\xbb\xbfsuccess")));
}

static int prepare(void **state)
{
    (void)state;
    alipay_keypair_make(2048, &key);
    arena_init(&arena, NOTICE_ARENA_SIZE, NOTICE_ARENA_SIZE);
    return 0;
}

static int clean_up(void **state)
{
    (void)state;
    arena_release(&arena);
    alipay_key_release(&key);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_payment_is_told_in_full),
        cmocka_unit_test(a_part_refund_adds_its_facts),
        cmocka_unit_test(a_refund_in_full_closes),
        cmocka_unit_test(a_trade_that_was_never_paid_has_no_payment),
        cmocka_unit_test(attempts_differ_in_their_time_alone),
        cmocka_unit_test(it_speaks_the_charset_and_the_digest_of_the_trade),
        cmocka_unit_test(the_longest_texts_fit),
        cmocka_unit_test(no_parameter_is_ever_empty_or_repeated),
        cmocka_unit_test(what_is_no_text_is_never_sent),
        cmocka_unit_test(only_the_very_word_is_heard),
    };
    return cmocka_run_group_tests(tests, prepare, clean_up);
}
