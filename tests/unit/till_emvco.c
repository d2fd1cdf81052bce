/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "till/emvco.h"
#include "till/emvco_profile.h"

/* The sample of the specification's annex: templates, Chinese names, fields out of order. */
/* clang-format off */
#define SAMPLE \
    "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN5914BEST " \
    "TRANSPORT6007BEIJING64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603***0708A600866" \
    "70902ME91320016A0112233449988770708123456786304A13A"
/* clang-format on */

/* A payload with its CRC put on, so that a case shows only what it is about. */
static struct span sealed(const char *body, char to[1024])
{
    int size = snprintf(to, 1020, "%s6304", body);
    snprintf(to + size, 5, "%04X", (unsigned)emvco_crc(to, (size_t)size));
    return span_of(to);
}

static enum emvco_error error_of(const char *body)
{
    char payload[1024];
    struct emvco emvco;
    return emvco_parse(sealed(body, payload), &emvco);
}

static void assert_error(enum emvco_error error, enum emvco_error expected)
{
    assert_string_equal(emvco_error_name(error), emvco_error_name(expected));
}

static void assert_span(struct span text, const char *expected)
{
    assert_int_equal(text.size, strlen(expected));
    if (text.size > 0) {
        assert_memory_equal(text.bytes, expected, text.size);
    }
}

static void crc_gives_the_check_value_of_its_catalogue(void **state)
{
    (void)state;
    assert_int_equal(emvco_crc("123456789", 9), 0x29B1);
    assert_int_equal(emvco_crc("", 0), 0xFFFF);
}

static void the_sample_of_the_specification_is_read(void **state)
{
    struct emvco emvco;
    (void)state;
    assert_error(emvco_parse(SPAN(SAMPLE), &emvco), EMVCO_ok);
    assert_int_equal(emvco.initiation, EMVCO_INITIATION_dynamic);
    assert_int_equal(emvco.account_count, 2);
    assert_int_equal(emvco.accounts[0].id, 29);
    assert_span(emvco_find(emvco.accounts[0].value, 0), "D15600000000");
    assert_span(emvco_find(emvco.accounts[0].value, 5), "A93FO3230Q");
    assert_int_equal(emvco.accounts[1].id, 31);
    assert_span(emvco_find(emvco.accounts[1].value, 3), "12345678");
    assert_int_equal(emvco.category, 4111);
    assert_int_equal(emvco.currency, 156);
    assert_span(emvco.amount, "23.72");
    assert_int_equal(emvco.tip, EMVCO_TIP_prompt);
    assert_span(emvco.country, "CN");
    assert_span(emvco.name, "BEST TRANSPORT");
    assert_span(emvco.city, "BEIJING");
    assert_span(emvco.postal, "");
    assert_span(emvco.additional[EMVCO_ADDITIONAL_store], "1234");
    assert_span(emvco.additional[EMVCO_ADDITIONAL_customer], "***");
    assert_span(emvco.additional[EMVCO_ADDITIONAL_terminal], "A6008667");
    assert_span(emvco.additional[EMVCO_ADDITIONAL_consumer_data], "ME");
    assert_span(emvco.additional[EMVCO_ADDITIONAL_bill], "");
    assert_span(emvco.language, "ZH");
    assert_span(emvco.name_local, "最佳运输");
    assert_span(emvco.city_local, "北京");
    assert_int_equal(emvco.unreserved_count, 1);
    assert_int_equal(emvco.unreserved[0].id, 91);
    assert_span(emvco_find(emvco.unreserved[0].value, 7), "12345678");
}

static void a_written_payload_reads_back(void **state)
{
    static char first[EMVCO_SIZE_MAX + 1], second[EMVCO_SIZE_MAX + 1];
    struct emvco emvco, again;
    size_t size = 0, second_size = 0;
    (void)state;
    assert_error(emvco_parse(SPAN(SAMPLE), &emvco), EMVCO_ok);
    assert_error(emvco_write(&emvco, first, sizeof(first), &size), EMVCO_ok);
    assert_int_equal(size, sizeof(SAMPLE) - 1); /* the same fields in our order */
    assert_string_equal(
        first,
        "00020101021229300012D156000000000510A93FO3230Q31280012D1560000000103081234567852044111530315654052"
        "3.725502015802CN5914BEST TRANSPORT6007BEIJING6233030412340603***0708A60086670902ME64200002ZH0104最佳"
        "运输0202北京91320016A01122334499887707081234567863047D4F");
    assert_error(emvco_parse(span_of(first), &again), EMVCO_ok);
    assert_error(emvco_write(&again, second, sizeof(second), &second_size), EMVCO_ok);
    assert_string_equal(first, second);
    for (size_t capacity = 0; capacity <= size; capacity++) {
        assert_error(emvco_write(&again, second, capacity, &second_size), EMVCO_no_room);
    }
    assert_error(emvco_write(&again, second, size + 1, &second_size), EMVCO_ok);
}

static void every_changed_byte_of_the_sample_is_refused(void **state)
{
    char payload[] = SAMPLE;
    struct emvco emvco;
    (void)state;
    for (size_t at = 0; at < sizeof(SAMPLE) - 1; at++) {
        for (int bit = 0; bit < 8; bit++) {
            payload[at] = (char)(payload[at] ^ (1 << bit));
            enum emvco_error error = emvco_parse(span_of(payload), &emvco);
            /* The one change that means nothing is the case of a hex digit of the CRC. */
            bool other_case =
                bit == 5 && at >= sizeof(SAMPLE) - 5 && payload[at] >= 'a' && payload[at] <= 'f';
            assert_int_equal(error == EMVCO_ok, other_case);
            payload[at] = (char)(payload[at] ^ (1 << bit));
        }
    }
    for (size_t size = 0; size < sizeof(SAMPLE) - 1; size++) {
        assert_int_not_equal(emvco_parse((struct span){ payload, size }, &emvco), EMVCO_ok);
    }
}

/* Pieces of a payload that is right, for cases to break one of. */
#define ACCOUNT "26240015example.onetill0101t"
#define MONEY "520454115303156"
#define MERCHANT "5802CN5904SHOP6007BEIJING"

static void each_fault_of_the_form_has_its_error(void **state)
{
    static const struct {
        const char *payload;
        enum emvco_error error;
    } cases[] = {
        { "", EMVCO_missing_format },
        { "\xff", EMVCO_bad_text },
        { "000201\n", EMVCO_bad_text },
        { "0", EMVCO_bad_tag },
        { "0x0201", EMVCO_bad_tag },
        { "00", EMVCO_bad_length },
        { "000", EMVCO_bad_length },
        { "00x201", EMVCO_bad_length },
        { "0000", EMVCO_bad_length },
        { "00021", EMVCO_bad_length },
        { "010212", EMVCO_missing_format },
        { "000202", EMVCO_bad_format },
        { "0003010", EMVCO_bad_format },
        { "000201", EMVCO_missing_crc },
        { "000201000201", EMVCO_duplicate_tag },
        { "00020163040000", EMVCO_bad_crc },
        { "000201630300A", EMVCO_bad_crc },
        { "000201630300g", EMVCO_bad_crc },
    };
    char payload[1024];
    struct emvco emvco;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_error(emvco_parse(span_of(cases[i].payload), &emvco), cases[i].error);
    }
    /* Whatever follows the CRC, be it a field or half of one. */
    sealed("000201" ACCOUNT MONEY MERCHANT, payload);
    assert_error(emvco_parse(span_of(payload), &emvco), EMVCO_ok);
    size_t size = strlen(payload);
    memcpy(payload + size, "0", 2);
    assert_error(emvco_parse(span_of(payload), &emvco), EMVCO_trailing_bytes);
    memcpy(payload + size, "010211", 7);
    assert_error(emvco_parse(span_of(payload), &emvco), EMVCO_trailing_bytes);
    memset(payload, '0', 513);
    assert_error(emvco_parse((struct span){ payload, 513 }, &emvco), EMVCO_too_long);
}

static void each_fault_of_a_field_has_its_error(void **state)
{
    static const struct {
        const char *body;
        enum emvco_error error;
    } cases[] = {
        { "000201" ACCOUNT MONEY MERCHANT, EMVCO_ok },
        { "000201010211" ACCOUNT MONEY MERCHANT, EMVCO_ok },
        { "000201010213" ACCOUNT MONEY MERCHANT, EMVCO_bad_initiation },
        { "00020101011" ACCOUNT MONEY MERCHANT, EMVCO_bad_initiation },
        { "000201" ACCOUNT ACCOUNT MONEY MERCHANT, EMVCO_duplicate_tag },
        { "000201" MONEY MERCHANT, EMVCO_missing_account },
        { "0002010216400000000000000A" MONEY MERCHANT, EMVCO_ok }, /* 02 to 25 are no templates */
        { "0002012608abcdefgh" MONEY MERCHANT, EMVCO_bad_tag },
        { "00020126050101t" MONEY MERCHANT, EMVCO_bad_account }, /* whose template? */
        { "00020126100001a0001b" MONEY MERCHANT, EMVCO_duplicate_tag },
        { "00020126060001ab" MONEY MERCHANT, EMVCO_bad_tag },
        { "00020126060003ab" MONEY MERCHANT, EMVCO_bad_length },
        { "00020126370033abcdefghijklmnopqrstuvwxyz0123456" MONEY MERCHANT, EMVCO_bad_account },
        { "000201" ACCOUNT "5303156" MERCHANT, EMVCO_missing_category },
        { "000201" ACCOUNT "5203541"
          "5303156" MERCHANT,
          EMVCO_bad_category },
        { "000201" ACCOUNT "520454x1"
          "5303156" MERCHANT,
          EMVCO_bad_category },
        { "000201" ACCOUNT "52045411" MERCHANT, EMVCO_missing_currency },
        { "000201" ACCOUNT "520454115303CNY" MERCHANT, EMVCO_bad_currency },
        { "000201" ACCOUNT "520454115303000" MERCHANT, EMVCO_bad_currency },
        { "000201" ACCOUNT "5204541153041560" MERCHANT, EMVCO_bad_currency },
        { "000201" ACCOUNT MONEY "5904SHOP6007BEIJING", EMVCO_missing_country },
        { "000201" ACCOUNT MONEY "5802cn5904SHOP6007BEIJING", EMVCO_bad_country },
        { "000201" ACCOUNT MONEY "5803CHN5904SHOP6007BEIJING", EMVCO_bad_country },
        { "000201" ACCOUNT MONEY "5802CN6007BEIJING", EMVCO_missing_name },
        { "000201" ACCOUNT MONEY "5802CN5926ABCDEFGHIJKLMNOPQRSTUVWXYZ6007BEIJING", EMVCO_bad_name },
        { "000201" ACCOUNT MONEY "5802CN5902小店6007BEIJING", EMVCO_not_ascii },
        { "000201" ACCOUNT MONEY "5802CN5904SHOP", EMVCO_missing_city },
        { "000201" ACCOUNT MONEY "5802CN5904SHOP6016ABCDEFGHIJKLMNOP", EMVCO_bad_city },
        { "000201" ACCOUNT MONEY MERCHANT "611110000000000", EMVCO_bad_postal },
        { "000201" ACCOUNT MONEY MERCHANT "6106100000", EMVCO_ok },
        { "000201" ACCOUNT MONEY MERCHANT "62050001x", EMVCO_bad_additional },
        { "000201" ACCOUNT MONEY MERCHANT "62080904AMEA", EMVCO_bad_additional },
        { "000201" ACCOUNT MONEY MERCHANT "62070103***", EMVCO_ok },
        { "000201" ACCOUNT MONEY MERCHANT "62050103*", EMVCO_bad_length },
        { "000201" ACCOUNT MONEY MERCHANT "62100101a0101b", EMVCO_duplicate_tag },
        { "000201" ACCOUNT MONEY MERCHANT "62055001x", EMVCO_bad_tag },
        { "000201" ACCOUNT MONEY MERCHANT "620950050101x", EMVCO_bad_additional },
        { "000201" ACCOUNT MONEY MERCHANT "620950050001x", EMVCO_ok },
        { "000201" ACCOUNT MONEY MERCHANT "64060002zh", EMVCO_bad_language },
        { "000201" ACCOUNT MONEY MERCHANT "64060102小店", EMVCO_bad_language },
        { "000201" ACCOUNT MONEY MERCHANT "64120002zh0102小店", EMVCO_ok },
        { "000201" ACCOUNT MONEY MERCHANT "64130003zho0102小店", EMVCO_bad_language },
        { "000201" ACCOUNT MONEY MERCHANT "64120002z10102小店", EMVCO_bad_language },
        { "000201" ACCOUNT MONEY MERCHANT "64160002zh0106小店", EMVCO_bad_length }, /* a length in bytes */
        { "000201" ACCOUNT MONEY MERCHANT "80050001x", EMVCO_ok },
        { "000201" ACCOUNT MONEY MERCHANT "80050101x", EMVCO_bad_unreserved },
        { "000201" ACCOUNT MONEY MERCHANT "8003abc", EMVCO_bad_tag },
        { "000201" ACCOUNT MONEY MERCHANT "6505hello", EMVCO_ok }, /* reserved: dropped */
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_error(error_of(cases[i].body), cases[i].error);
    }
}

static void amounts_and_tips_follow_their_grammar(void **state)
{
    static const struct {
        const char *fields;
        enum emvco_error error;
    } cases[] = {
        { "540523.72", EMVCO_ok },
        { "540298", EMVCO_ok },
        { "540398.", EMVCO_ok },
        { "54040.01", EMVCO_ok },
        { "5413999999999.999", EMVCO_ok },
        { "541499999999999.99", EMVCO_bad_amount },
        { "54010", EMVCO_bad_amount },
        { "54040.00", EMVCO_bad_amount },
        { "5403.50", EMVCO_bad_amount },
        { "5401.", EMVCO_bad_amount },
        { "54041,00", EMVCO_bad_amount },
        { "5403-10", EMVCO_bad_amount },
        { "5403 10", EMVCO_bad_amount },
        { "54051.2.3", EMVCO_bad_amount },
        { "54031e5", EMVCO_bad_amount },
        { "550201", EMVCO_ok },
        { "55020256041.50", EMVCO_ok },
        { "56041.50550202", EMVCO_ok }, /* in any order */
        { "5502035705 5.00", EMVCO_bad_tip },
        { "550203570510.25", EMVCO_ok },
        { "55020357029.", EMVCO_ok },
        { "5502035703100", EMVCO_bad_tip },
        { "55020357010", EMVCO_bad_tip },
        { "550202", EMVCO_bad_tip },
        { "550203", EMVCO_bad_tip },
        { "56041.50", EMVCO_bad_tip },
        { "57025.", EMVCO_bad_tip },
        { "55020157025.", EMVCO_bad_tip },
        { "55020257025.", EMVCO_bad_tip },
        { "55020356025.", EMVCO_bad_tip },
        { "55020256025.57025.", EMVCO_bad_tip },
        { "550200", EMVCO_bad_tip },
        { "550204", EMVCO_bad_tip },
        { "55011", EMVCO_bad_tip },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char body[512];
        snprintf(body, sizeof(body), "000201" ACCOUNT MONEY "%s" MERCHANT, cases[i].fields);
        assert_error(error_of(body), cases[i].error);
    }
}

static void amounts_convert_exactly(void **state)
{
    static const struct {
        const char *text;
        int digits;
        int64_t minor; /* 0: refused */
    } reads[] = {
        { "23.72", 2, 2372 },
        { "98", 2, 9800 },
        { "98.", 2, 9800 },
        { "0.01", 2, 1 },
        { "00.5", 2, 50 },
        { "1.230", 2, 123 },
        { "1.234", 2, 0 },
        { "1.234", 3, 1234 },
        { "100.00", 0, 100 },
        { "100.01", 0, 0 },
        { "0.001", 2, 0 },
        { "0", 2, 0 },
        { "9999999999999", 4, INT64_C(99999999999990000) },
        { "", 2, 0 },
        { "12345678901234", 2, 0 },
        { "1,00", 2, 0 },
        { ".5", 2, 0 },
    };
    char text[EMVCO_AMOUNT_SIZE];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(reads); i++) {
        int64_t minor = -1;
        assert_int_equal(emvco_amount_read(span_of(reads[i].text), reads[i].digits, &minor),
                         reads[i].minor > 0);
        assert_int_equal(minor, reads[i].minor > 0 ? reads[i].minor : -1);
    }
    static const struct {
        int64_t minor;
        int digits;
        const char *text; /* NULL: refused */
    } writes[] = {
        { 1, 2, "0.01" },
        { 100, 2, "1.00" },
        { 2372, 2, "23.72" },
        { 100, 0, "100" },
        { 1234, 3, "1.234" },
        { 0, 2, NULL },
        { -5, 2, NULL },
        { 1, 4, "0.0001" },
        { INT64_C(999999999999), 2, "9999999999.99" },
        { INT64_C(1000000000000), 2, NULL },
        { INT64_C(9999999999999), 0, "9999999999999" },
        { INT64_MAX, 2, NULL },
    };
    for (size_t i = 0; i < COUNT_OF(writes); i++) {
        bool written = emvco_amount_write(writes[i].minor, writes[i].digits, text);
        assert_int_equal(written, writes[i].text != NULL);
        if (written) {
            int64_t back = 0;
            assert_string_equal(text, writes[i].text);
            assert_true(emvco_amount_read(span_of(text), writes[i].digits, &back));
            assert_int_equal(back, writes[i].minor);
        }
    }
}

/* Payloads as they are found in the wild. */
static void payloads_of_other_schemes_are_read(void **state)
{
    struct emvco emvco;
    char payload[1024];
    (void)state;
    const struct emvco_profile *upi = &emvco_profiles[EMVCO_PROFILE_upi];
    assert_error(
        emvco_parse(sealed("00020101021102164403849933195906041552202409933195926260010A000000524"
                           "0108shop@upi5204939953033565802IN5923CENTRAL WAREHOUSING NEW6009New Delhi"
                           "6106110016",
                           payload),
                    &emvco),
        EMVCO_ok);
    assert_span(emvco_profile_value(upi, emvco_profile_find(upi, &emvco), EMVCO_UPI_address), "shop@upi");
    assert_int_equal(emvco.account_count, 3);

    const struct emvco_profile *pix = &emvco_profiles[EMVCO_PROFILE_pix];
    assert_error(
        emvco_parse(SPAN("00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-42665544000052040000530398"
                         "65802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D"),
                    &emvco),
        EMVCO_ok);
    assert_span(emvco_profile_value(pix, emvco_profile_find(pix, &emvco), EMVCO_PIX_key),
                "123e4567-e12b-12d1-a456-426655440000");
    assert_span(emvco.additional[EMVCO_ADDITIONAL_reference], "***");
    assert_int_equal(emvco.category, 0);
    /* Some banks write the identifier in capitals. */
    assert_error(
        emvco_parse(
            sealed("00020126300014BR.GOV.BCB.PIX0108loja@bbb5204000053039865802BR5904Loja6008BRASILIA",
                   payload),
            &emvco),
        EMVCO_ok);
    assert_span(emvco_profile_value(pix, emvco_profile_find(pix, &emvco), EMVCO_PIX_key), "loja@bbb");

    /* PromptPay leaves out category, name and city, which nobody else may. */
    const struct emvco_profile *promptpay = &emvco_profiles[EMVCO_PROFILE_promptpay];
    assert_error(
        emvco_parse(sealed("00020101021229370016A0000006770101110113006680000000053037645802TH", payload),
                    &emvco),
        EMVCO_ok);
    assert_span(emvco_profile_value(promptpay, emvco_profile_find(promptpay, &emvco), EMVCO_PROMPTPAY_mobile),
                "0066800000000");
    assert_int_equal(emvco.category, EMVCO_CATEGORY_ABSENT);
    assert_error(error_of("00020101021230370016A0000006770101110113006680000000053037645802TH"),
                 EMVCO_missing_category);
}

static struct emvco counter(struct emvco_field account)
{
    struct emvco emvco = {
        .initiation = EMVCO_INITIATION_static,
        .category = 5411,
        .currency = 156,
        .country = SPAN("CN"),
        .name = SPAN("WUMART"),
        .city = SPAN("BEIJING"),
        .account_count = 1,
    };
    emvco.accounts[0] = account;
    return emvco;
}

static void our_own_account_is_written_and_found(void **state)
{
    const struct emvco_profile *ours = &emvco_profiles[EMVCO_PROFILE_onetill];
    const struct span values[EMVCO_PROFILE_FIELDS_MAX] = {
        [EMVCO_ONETILL_kind] = SPAN("s"),
        [EMVCO_ONETILL_id] = SPAN("9223372036854775807"),
        [EMVCO_ONETILL_mac] = SPAN("Ab-_Ab-_Ab"),
    };
    char buffer[100], payload[EMVCO_SIZE_MAX + 1];
    struct emvco_field account;
    struct emvco read;
    size_t size = 0;
    (void)state;
    assert_error(emvco_profile_account(ours, values, buffer, sizeof(buffer), &account), EMVCO_ok);
    struct emvco emvco = counter(account);
    emvco.language = SPAN("zh");
    emvco.name_local = SPAN("物美超市（学院路店）");
    emvco.city_local = SPAN("北京");
    assert_error(emvco_write(&emvco, payload, sizeof(payload), &size), EMVCO_ok);
    assert_error(emvco_parse((struct span){ payload, size }, &read), EMVCO_ok);
    struct span found = emvco_profile_find(ours, &read);
    assert_span(emvco_profile_value(ours, found, EMVCO_ONETILL_kind), "s");
    assert_span(emvco_profile_value(ours, found, EMVCO_ONETILL_id), "9223372036854775807");
    assert_span(emvco_profile_value(ours, found, EMVCO_ONETILL_mac), "Ab-_Ab-_Ab");
    assert_span(read.name_local, "物美超市（学院路店）");
    assert_int_equal(emvco_profile_find(&emvco_profiles[EMVCO_PROFILE_pix], &read).size, 0);

    const struct span none[EMVCO_PROFILE_FIELDS_MAX] = { { NULL, 0 } };
    const struct span too_long[EMVCO_PROFILE_FIELDS_MAX] = { SPAN("tt") };
    const struct span beyond[EMVCO_PROFILE_FIELDS_MAX] = { SPAN("t"), SPAN("1"), SPAN("x"), SPAN("y") };
    assert_error(emvco_profile_account(ours, none, buffer, sizeof(buffer), &account), EMVCO_bad_account);
    assert_error(emvco_profile_account(ours, too_long, buffer, sizeof(buffer), &account), EMVCO_bad_account);
    assert_error(emvco_profile_account(ours, beyond, buffer, sizeof(buffer), &account), EMVCO_bad_account);
    assert_error(emvco_profile_account(ours, values, buffer, 20, &account), EMVCO_no_room);
}

static void the_writer_refuses_what_the_parser_would(void **state)
{
    static const char plain[] = "0123456789012345678901234567890123456789012345678901234567890123456789"
                                "012345678901234567890123456789";
    char payload[EMVCO_SIZE_MAX + 1];
    struct emvco_field account = { 26, SPAN("0015example.onetill0101t") };
    size_t size = 0;
    (void)state;
    struct emvco emvco = counter(account);
    emvco.name = SPAN("小店");
    assert_error(emvco_write(&emvco, payload, sizeof(payload), &size), EMVCO_bad_name);
    emvco = counter(account);
    emvco.category = EMVCO_CATEGORY_ABSENT;
    assert_error(emvco_write(&emvco, payload, sizeof(payload), &size), EMVCO_missing_category);
    emvco = counter(account);
    emvco.accounts[emvco.account_count++] = account;
    assert_error(emvco_write(&emvco, payload, sizeof(payload), &size), EMVCO_duplicate_tag);
    emvco = counter((struct emvco_field){ 52, account.value });
    assert_error(emvco_write(&emvco, payload, sizeof(payload), &size), EMVCO_bad_account);
    emvco = counter((struct emvco_field){ 2, { plain, 100 } });
    assert_error(emvco_write(&emvco, payload, sizeof(payload), &size), EMVCO_bad_account);
    emvco = counter(account);
    emvco.name_local = SPAN("小店");
    assert_error(emvco_write(&emvco, payload, sizeof(payload), &size), EMVCO_bad_language);
    emvco = counter(account);
    emvco.unreserved[emvco.unreserved_count++] = (struct emvco_field){ 79, SPAN("0001x") };
    assert_error(emvco_write(&emvco, payload, sizeof(payload), &size), EMVCO_bad_unreserved);
    emvco = counter(account);
    for (size_t id = 1; id <= 4; id++) {
        emvco.additional[id] = (struct span){ plain, 25 }; /* 116 characters, each of them right */
    }
    assert_error(emvco_write(&emvco, payload, sizeof(payload), &size), EMVCO_bad_additional);
    emvco = counter(account);
    for (uint8_t id = 2; id < 7; id++) {
        emvco.accounts[emvco.account_count++] = (struct emvco_field){ id, { plain, 99 } };
    }
    assert_error(emvco_write(&emvco, payload, sizeof(payload), &size), EMVCO_too_long);
    assert_int_equal(size, 0);
}

/* A payload of exactly 512 bytes is right on both sides; one of 513 on neither. */
static void the_longest_payload_fits_exactly(void **state)
{
    static const char plain[] = "0123456789012345678901234567890123456789012345678901234567890123456789"
                                "01234567890123456789012345678";
    char payload[EMVCO_SIZE_MAX + 1];
    struct emvco emvco = counter((struct emvco_field){ 2, { plain, 99 } }), read;
    size_t size = 0;
    (void)state;
    assert_error(emvco_write(&emvco, payload, sizeof(payload), &size), EMVCO_ok);
    for (uint8_t id = 3; id < 6; id++) {
        emvco.accounts[emvco.account_count++] = (struct emvco_field){ id, { plain, 99 } };
    }
    assert_error(emvco_write(&emvco, payload, sizeof(payload), &size), EMVCO_ok);
    size_t last = EMVCO_SIZE_MAX - size - 4;
    assert_in_range(last, 1, 98);
    emvco.accounts[emvco.account_count++] = (struct emvco_field){ 6, { plain, last } };
    assert_error(emvco_write(&emvco, payload, sizeof(payload), &size), EMVCO_ok);
    assert_int_equal(size, EMVCO_SIZE_MAX);
    assert_error(emvco_parse((struct span){ payload, size }, &read), EMVCO_ok);
    emvco.accounts[emvco.account_count - 1].value.size++;
    assert_error(emvco_write(&emvco, payload, sizeof(payload), &size), EMVCO_too_long);
}

static void fields_are_walked_one_by_one(void **state)
{
    struct span rest = SPAN("0002ZH0104最佳运输");
    struct emvco_field field;
    (void)state;
    assert_error(emvco_next(&rest, &field), EMVCO_ok);
    assert_int_equal(field.id, 0);
    assert_span(field.value, "ZH");
    assert_error(emvco_next(&rest, &field), EMVCO_ok);
    assert_span(field.value, "最佳运输");
    assert_int_equal(rest.size, 0);
    assert_int_equal(emvco_find(SPAN("0002ZH01"), 1).size, 0);
    assert_int_equal(emvco_find(SPAN("0002ZH"), 7).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc_gives_the_check_value_of_its_catalogue),
        cmocka_unit_test(the_sample_of_the_specification_is_read),
        cmocka_unit_test(a_written_payload_reads_back),
        cmocka_unit_test(every_changed_byte_of_the_sample_is_refused),
        cmocka_unit_test(each_fault_of_the_form_has_its_error),
        cmocka_unit_test(each_fault_of_a_field_has_its_error),
        cmocka_unit_test(amounts_and_tips_follow_their_grammar),
        cmocka_unit_test(amounts_convert_exactly),
        cmocka_unit_test(payloads_of_other_schemes_are_read),
        cmocka_unit_test(our_own_account_is_written_and_found),
        cmocka_unit_test(the_writer_refuses_what_the_parser_would),
        cmocka_unit_test(the_longest_payload_fits_exactly),
        cmocka_unit_test(fields_are_walked_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
