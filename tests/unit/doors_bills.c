/* SPDX-License-Identifier: Apache-2.0 */
/* Bills fetched over HTTP, unpacked with libzip, read back, and held against the ledger to the cent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <iconv.h>
#include <jansson.h>
#include <zip.h>

#include "base/civil.h"
#include "doors/alipay/bill.h"
#include "doors/alipay/money_text.h"
#include "doors_till_stage.h"
#include "till/trade.h"

#define DAY "2014-12-12"
#define FILE_SIZE_MAX (1 << 20)
#define LINES_MAX 2048
#define FIELDS_MAX 32
#define TRADE_FIELDS 25
#define ACCOUNT_FIELDS 12

struct scene {
    struct stage stage;
    struct bills *bills;
    struct rest_page pages[BILL_PAGE_COUNT];
    char url[BILL_URL_SIZE];
};

/* One CSV file, cut into lines and fields; in UTF-8. */
struct sheet {
    char name[256];
    char bytes[FILE_SIZE_MAX];
    char *lines[LINES_MAX];
    size_t line_count;
};

static struct sheet rows, summary;
static struct stream stream;
static struct span body;

/* ---- the scene ---- */

static void bills_begin(struct scene *scene)
{
    struct bills_settings settings = { .engine = scene->stage.house.engine,
                                       .store = scene->stage.house.store,
                                       .key = &scene->stage.key,
                                       .base_url = "http://till.example" };
    scene->bills = bills_open(&settings);
    assert_non_null(scene->bills);
    bill_pages(scene->bills, scene->pages);
    stage_door_open(&scene->stage, scene->pages, BILL_PAGE_COUNT);
    bills_start(scene->bills);
}

static void scene_open(struct scene *scene, bool sqlite)
{
    *scene = (struct scene){ .url = "" };
    stage_open(&scene->stage, sqlite);
    city_make(&scene->stage);
    bills_begin(scene);
}

static void scene_close(struct scene *scene)
{
    bills_stop(scene->bills);
    stage_door_close(&scene->stage);
    bills_close(scene->bills);
    stage_close(&scene->stage);
}

static enum bill_outcome ask(struct scene *scene, enum bill_kind kind, const char *date)
{
    struct bill_wish wish = { .kind = kind, .merchant_id = 1, .date = span_of(date) };
    house_settle(&scene->stage.house);
    return bill_url_make(scene->bills, &wish, scene->url);
}

/* The address without the host, with one part of it put in another's place. */
static const char *path_with(const struct scene *scene, const char *part, const char *other)
{
    static char path[2 * BILL_URL_SIZE];
    const char *from = scene->url + strlen("http://till.example");
    const char *at = strstr(from, part);
    assert_non_null(at);
    snprintf(path, sizeof(path), "%.*s%s%s", (int)(at - from), from, other, at + strlen(part));
    return path;
}

/* The answer's status; its body is in `body` until the next. */
static int fetch(struct scene *scene, const char *path)
{
    int status = 0;
    if (stream.text != NULL) {
        stream_close(&stream);
    }
    stream_open(&stream, &scene->stage, path, "Connection: close\r\n");
    stream_until_end(&stream);
    assert_int_equal(sscanf(stream.text, "HTTP/1.1 %d", &status), 1);
    const char *end = strstr(stream.text, "\r\n\r\n");
    assert_non_null(end);
    body = (struct span){ end + 4, stream.size - (size_t)(end + 4 - stream.text) };
    return status;
}

static void to_utf8(char *from, size_t size, bool gbk, char *to, size_t capacity)
{
    size_t left = capacity - 1;
    iconv_t tool = iconv_open("UTF-8", gbk ? "GBK" : "UTF-8");
    assert_true(tool != (iconv_t)-1);
    assert_int_equal(iconv(tool, &from, &size, &to, &left), 0);
    *to = '\0';
    iconv_close(tool);
}

static void sheet_read(zip_t *archive, zip_uint64_t index, bool gbk, struct sheet *sheet)
{
    static char raw[FILE_SIZE_MAX / 2];
    const char *name = zip_get_name(archive, index, ZIP_FL_ENC_RAW);
    assert_non_null(name);
    to_utf8((char *)(uintptr_t)name, strlen(name), gbk, sheet->name, sizeof(sheet->name));
    zip_file_t *file = zip_fopen_index(archive, index, 0);
    assert_non_null(file);
    zip_int64_t size = zip_fread(file, raw, sizeof(raw));
    assert_true(size > 0 && size < (zip_int64_t)sizeof(raw));
    zip_fclose(file);
    to_utf8(raw, (size_t)size, gbk, sheet->bytes, sizeof(sheet->bytes));
    sheet->line_count = 0;
    for (char *at = sheet->bytes; *at != '\0';) {
        char *end = strstr(at, "\r\n");
        assert_non_null(end); /* the last line has its end too */
        *end = '\0';
        assert_true(sheet->line_count < LINES_MAX);
        sheet->lines[sheet->line_count++] = at;
        at = end + 2;
    }
}

/* Of what was fetched: its two files. */
static void unpack(bool gbk)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(body.bytes, body.size, 0, &error);
    assert_non_null(source);
    zip_t *archive = zip_open_from_source(source, ZIP_RDONLY, &error);
    assert_non_null(archive);
    assert_int_equal(zip_get_num_entries(archive, 0), 2);
    sheet_read(archive, 0, gbk, &rows);
    sheet_read(archive, 1, gbk, &summary);
    zip_discard(archive);
    zip_error_fini(&error);
}

static void fetch_bill(struct scene *scene, enum bill_kind kind, const char *date)
{
    enum bill_outcome outcome = ask(scene, kind, date);
    assert_true(outcome == BILL_made || outcome == BILL_made_empty);
    assert_int_equal(fetch(scene, path_with(scene, "csv.zip", "csv.zip")), 200);
    assert_non_null(strstr(stream.text, "application/octet-stream"));
    unpack(true);
}

/* The fields of a line, their TABs taken off. */
static size_t fields_of(char *line, char *fields[FIELDS_MAX])
{
    size_t count = 0;
    for (char *at = line; at != NULL;) {
        char *comma = strchr(at, ',');
        if (comma != NULL) {
            *comma = '\0';
        }
        size_t size = strlen(at);
        if (size > 0 && at[size - 1] == '\t') {
            at[size - 1] = '\0';
        }
        assert_true(count < FIELDS_MAX);
        fields[count++] = at;
        at = comma != NULL ? comma + 1 : NULL;
    }
    return count;
}

static int64_t minor_of(const char *text)
{
    int64_t minor = 0;
    bool negative = text[0] == '-';
    assert_true(yuan_read(span_of(text + negative), &minor));
    return negative ? -minor : minor;
}

/* ---- facts ---- */

/* Two payments and a refund of the first in part; then the day is over. */
static void a_plain_day(struct scene *scene, struct trade_row *trade, struct trade_row *other)
{
    static struct trade_pay want;
    stage_move(&scene->stage, 3 * US_PER_MINUTE);
    want = (struct trade_pay){ .shop_id = 1,
                               .terminal_id = 1,
                               .out_trade_no = "T1",
                               .subject = "拿铁, 大杯",
                               .amount_minor = 1840,
                               .code_device_id = 1,
                               .code_step = (HOUSE_NOON_US + 3 * US_PER_MINUTE) / US_PER_MINUTE,
                               .detail = { .operator_id = "op1", .body = "=1+1", .terminal_code = "pos7" } };
    assert_int_equal(house_call(&scene->stage.house, house_shop(1), &trade_pay, &want, trade), REFUSAL_none);
    *other = city_pay(&scene->stage, 2, 2, 2000);
    struct trade_refund back = { .trade_id = trade->trade_id,
                                 .amount_minor = 1000,
                                 .out_request_no = "R1",
                                 .reason = "cold" };
    assert_int_equal(city_try(&scene->stage, &trade_refund, &back), REFUSAL_none);
    stage_move(&scene->stage, US_PER_DAY);
}

static void the_bill_of_a_day_is_the_protocols_to_the_letter(void **state)
{
    static struct scene scene;
    char wanted[1024], number[2][TRADE_NO_SIZE];
    struct trade_row trade, other;
    (void)state;
    scene_open(&scene, true);
    a_plain_day(&scene, &trade, &other);
    fetch_bill(&scene, BILL_trade, DAY);
    (void)trade_no_write(trade.trade_id, number[0]);
    (void)trade_no_write(other.trade_id, number[1]);

    assert_string_equal(rows.name, "20881000000000010156_20141212_业务明细.csv");
    assert_int_equal(rows.line_count, 12);
    assert_string_equal(rows.lines[0], "#支付宝业务明细查询");
    assert_string_equal(rows.lines[1], "#账号：[20881000000000010156]");
    assert_string_equal(rows.lines[2],
                        "#起始日期：[2014年12月12日 00:00:00]   终止日期：[2014年12月13日 00:00:00]");
    assert_string_equal(rows.lines[3], "#-----------------------------------------业务明细列表"
                                       "----------------------------------------");
    assert_string_equal(
        rows.lines[4],
        "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
        "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,"
        "券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注");
    snprintf(wanted, sizeof(wanted),
             "%s\t,T1\t,交易\t,拿铁， 大杯\t,2014-12-12 12:03:00\t,2014-12-12 12:03:00\t,1\t,物美 \"1\"\t,op1\t,pos7\t,"
             "2088000000000001\t,18.40,18.40,0.00,0.00,0.00,0.00,0.00,\t,0.00,0.00,\t,0.00,0.00,＝1+1\t",
             number[0]);
    assert_string_equal(rows.lines[5], wanted);
    snprintf(wanted, sizeof(wanted),
             "%s\t,T1\t,退款\t,拿铁， 大杯\t,2014-12-12 12:03:00\t,2014-12-12 12:06:00\t,1\t,物美 \"1\"\t,op1\t,pos7\t,"
             "2088000000000001\t,-10.00,-10.00,0.00,0.00,0.00,0.00,0.00,\t,0.00,0.00,R1\t,0.00,0.00,cold\t",
             number[0]);
    assert_string_equal(rows.lines[6], wanted);
    snprintf(wanted, sizeof(wanted),
             "%s\t,%s\t,交易\t,\t,2014-12-12 12:06:00\t,2014-12-12 12:06:00\t,2\t,物美 \"2\"\t,\t,2\t,"
             "2088000000000002\t,20.00,20.00,0.00,0.00,0.00,0.00,0.00,\t,0.00,0.00,\t,0.00,0.00,\t",
             number[1], other.out_trade_no);
    assert_string_equal(rows.lines[7], wanted);
    assert_string_equal(rows.lines[8], "#-----------------------------------------业务明细列表结束"
                                       "------------------------------------");
    assert_string_equal(rows.lines[9], "#交易合计：2笔，商家实收共38.40元，商家优惠共0.00元");
    assert_string_equal(rows.lines[10], "#退款合计：1笔，商家实收退款共-10.00元，商家优惠退款共0.00元");
    assert_string_equal(rows.lines[11], "#导出时间：[2014年12月13日 12:06:00]");

    assert_string_equal(summary.name, "20881000000000010156_20141212_业务明细(汇总).csv");
    assert_string_equal(summary.lines[0], "#支付宝业务汇总查询");
    assert_string_equal(summary.lines[4],
                        "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,"
                        "商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）");
    assert_string_equal(summary.lines[5], "1\t,物美 \"1\"\t,1,1,8.40,8.40,0.00,0.00,0.00,0.00,0.00,8.40");
    assert_string_equal(summary.lines[6], "2\t,物美 \"2\"\t,1,0,20.00,20.00,0.00,0.00,0.00,0.00,0.00,20.00");
    assert_string_equal(summary.lines[7], "合计\t,\t,2,1,28.40,28.40,0.00,0.00,0.00,0.00,0.00,28.40");
    scene_close(&scene);
}

static void an_address_is_signed_and_good_for_thirty_seconds(void **state)
{
    static struct scene scene;
    (void)state;
    scene_open(&scene, true);
    city_pay(&scene.stage, 1, 1, 2500);
    stage_move(&scene.stage, US_PER_DAY);
    assert_int_equal(ask(&scene, BILL_trade, DAY), BILL_made);
    assert_non_null(strstr(scene.url, "&downloadFileName=20881000000000010156_20141212.csv.zip&"));
    assert_int_equal(fetch(&scene, path_with(&scene, "bizType=trade", "bizType=signcustomer")), 403);
    assert_int_equal(fetch(&scene, path_with(&scene, "bizDates=20141212", "bizDates=20141211")), 403);
    assert_int_equal(fetch(&scene, path_with(&scene, "userId=20881000000000010156", "userId=20881000000000020156")),
                     403);
    assert_int_equal(fetch(&scene, path_with(&scene, "timestamp=1", "timestamp=2")), 403);
    assert_int_equal(fetch(&scene, path_with(&scene, "token=", "token=0")), 403);
    assert_int_equal(fetch(&scene, path_with(&scene, "&token=", "&tok=")), 403);
    assert_int_equal(fetch(&scene, path_with(&scene, "fileType=csv.zip", "fileType=exe")), 422);
    stage_move(&scene.stage, 30 * US_PER_SECOND);
    assert_int_equal(fetch(&scene, path_with(&scene, "csv.zip", "csv.zip")), 200);
    stage_move(&scene.stage, 2 * US_PER_SECOND);
    assert_int_equal(fetch(&scene, path_with(&scene, "csv.zip", "csv.zip")), 403);
    scene_close(&scene);
}

static void what_has_no_bill_is_told_apart(void **state)
{
    static struct scene scene;
    (void)state;
    scene_open(&scene, true);
    city_pay(&scene.stage, 1, 1, 2500);
    assert_int_equal(ask(&scene, BILL_trade, DAY), BILL_not_yet); /* the day is not over */
    stage_move(&scene.stage, 2 * US_PER_DAY);
    assert_int_equal(ask(&scene, BILL_trade, DAY), BILL_made);
    assert_int_equal(ask(&scene, BILL_trade, "2014-12-13"), BILL_made_empty);
    assert_int_equal(ask(&scene, BILL_account, "2014-12-13"), BILL_made_empty);
    assert_int_equal(ask(&scene, BILL_trade, "2014-12"), BILL_not_yet);
    assert_int_equal(ask(&scene, BILL_trade, "2014-12-11"), BILL_merchant_later);
    assert_int_equal(ask(&scene, BILL_trade, "2014-11"), BILL_merchant_later);
    assert_int_equal(ask(&scene, BILL_trade, "2008-01-01"), BILL_not_yet);
    assert_int_equal(ask(&scene, BILL_trade, "2014-12-32"), BILL_date_invalid);
    assert_int_equal(ask(&scene, BILL_trade, "20141212"), BILL_date_invalid);
    assert_int_equal(ask(&scene, BILL_trade, ""), BILL_date_invalid);
    stage_move(&scene.stage, 20 * US_PER_DAY);
    fetch_bill(&scene, BILL_trade, "2014-12");
    assert_string_equal(rows.name, "20881000000000010156_201412_业务明细.csv");
    assert_string_equal(rows.lines[2],
                        "#起始日期：[2014年12月01日 00:00:00]   终止日期：[2015年01月01日 00:00:00]");
    assert_int_equal(rows.line_count, 10);
    scene_close(&scene);
}

static void an_empty_day_has_a_file_with_sums_of_nothing(void **state)
{
    static struct scene scene;
    (void)state;
    scene_open(&scene, true);
    stage_move(&scene.stage, US_PER_DAY);
    fetch_bill(&scene, BILL_trade, DAY);
    assert_int_equal(rows.line_count, 9);
    assert_string_equal(rows.lines[6], "#交易合计：0笔，商家实收共0.00元，商家优惠共0.00元");
    assert_string_equal(summary.lines[5], "合计\t,\t,0,0,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00");
    scene_close(&scene);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *seed >> 33;
}

/* Half price for some, refunds in parts: what the bill says must be what the ledger holds. */
static void a_busy_day(struct scene *scene)
{
    uint64_t seed = 7;
    city_campaign(&scene->stage, 5, 100000);
    for (int i = 0; i < 60; i++) {
        int64_t shop_id = 1 + (int64_t)(next_random(&seed) % 2);
        struct trade_row trade =
            city_pay(&scene->stage, 1 + i % 2, shop_id, 100 + (int64_t)(next_random(&seed) % 5000));
        for (uint64_t parts = next_random(&seed) % 3; parts > 0; parts--) {
            city_refund(&scene->stage, &trade, 1 + (int64_t)(next_random(&seed) % 49));
        }
    }
}

struct found {
    int64_t platform, merchant, total, receipt;
    uint32_t payments, refunds;
};

static struct found trades_sum(void)
{
    struct found found = { .payments = 0 };
    char *fields[FIELDS_MAX];
    for (size_t i = 5; i < rows.line_count && rows.lines[i][0] != '#'; i++) {
        assert_int_equal(fields_of(rows.lines[i], fields), TRADE_FIELDS);
        found.total += minor_of(fields[11]);
        found.receipt += minor_of(fields[12]);
        found.platform += minor_of(fields[15]);
        found.merchant += minor_of(fields[16]);
        bool refund = strcmp(fields[2], "退款") == 0;
        assert_int_equal(refund, fields[21][0] != '\0');
        assert_int_equal(minor_of(fields[11]), minor_of(fields[12]) + minor_of(fields[16]));
        found.payments += !refund;
        found.refunds += refund;
    }
    return found;
}

static int64_t takings(struct scene *scene)
{
    return house_balance(&scene->stage.house, 1, PURPOSE_takings, UNIT_CNY) +
           house_balance(&scene->stage.house, 2, PURPOSE_takings, UNIT_CNY);
}

static void the_bill_matches_the_ledger_to_the_cent(void **state)
{
    static struct scene scene;
    (void)state;
    scene_open(&scene, true);
    a_busy_day(&scene);
    int64_t wallets = house_balance(&scene.stage.house, 1, PURPOSE_wallet, UNIT_CNY) +
                      house_balance(&scene.stage.house, 2, PURPOSE_wallet, UNIT_CNY);
    stage_move(&scene.stage, US_PER_DAY);
    fetch_bill(&scene, BILL_trade, DAY);
    struct found found = trades_sum();
    assert_int_equal(found.payments, 60);
    assert_true(found.refunds > 20);
    assert_true(found.platform > 0); /* else this shows little */
    assert_int_equal(found.receipt, takings(&scene));
    assert_int_equal(found.total - found.platform - found.merchant, 2 * 450000 - wallets);
    scene_close(&scene);
}

/* Each balance is the one before and the movement; the last is what the shop's account holds. */
static void an_account_bill_is_a_chain_that_ends_in_the_ledger(void **state)
{
    static struct scene scene;
    char *fields[FIELDS_MAX];
    int64_t balance = 0, in = 0, out = 0, ends[2] = { 0, 0 };
    size_t shop = 0, at;
    char wanted[256], amount[2][YUAN_TEXT_SIZE];
    (void)state;
    scene_open(&scene, true);
    a_busy_day(&scene);
    stage_move(&scene.stage, US_PER_DAY);
    fetch_bill(&scene, BILL_account, DAY);
    assert_string_equal(rows.name, "20881000000000010156_20141212_账务明细.csv");
    assert_string_equal(rows.lines[4], "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,"
                                       "支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注");
    for (at = 5; at < rows.line_count && rows.lines[at][0] != '#'; at++) {
        assert_int_equal(fields_of(rows.lines[at], fields), ACCOUNT_FIELDS);
        int64_t more = minor_of(fields[6]), less = minor_of(fields[7]);
        if (minor_of(fields[8]) != balance + more + less) { /* the next shop's */
            assert_int_equal(shop, 0);
            shop = 1;
            balance = 0;
        }
        balance += more + less;
        assert_int_equal(minor_of(fields[8]), balance);
        assert_string_equal(fields[10], less < 0 ? "退款" : "在线支付");
        ends[shop] = balance;
        in += more;
        out += less;
    }
    assert_int_equal(ends[0], house_balance(&scene.stage.house, 1, PURPOSE_takings, UNIT_CNY));
    assert_int_equal(ends[1], house_balance(&scene.stage.house, 2, PURPOSE_takings, UNIT_CNY));
    (void)yuan_write(in, amount[0]);
    (void)yuan_write(out, amount[1]);
    snprintf(wanted, sizeof(wanted), "笔，共%s元", amount[1]);
    assert_non_null(strstr(rows.lines[at + 1], wanted));
    snprintf(wanted, sizeof(wanted), "#收入合计：60笔，共%s元", amount[0]);
    assert_string_equal(rows.lines[at + 2], wanted);
    assert_string_equal(summary.name, "20881000000000010156_20141212_账务明细(汇总).csv");
    scene_close(&scene);
}

static void the_same_bill_comes_in_utf8_and_as_json(void **state)
{
    static struct scene scene;
    (void)state;
    scene_open(&scene, true);
    a_busy_day(&scene);
    stage_move(&scene.stage, US_PER_DAY);
    assert_int_equal(ask(&scene, BILL_trade, DAY), BILL_made);
    assert_int_equal(fetch(&scene, path_with(&scene, "fileType=csv.zip", "fileType=csv.utf8.zip")), 200);
    unpack(false);
    assert_string_equal(rows.name, "20881000000000010156_20141212_业务明细.csv");
    struct found found = trades_sum();
    assert_int_equal(found.receipt, takings(&scene));

    assert_int_equal(fetch(&scene, path_with(&scene, "fileType=csv.zip", "fileType=json")), 200);
    assert_non_null(strstr(stream.text, "application/json"));
    json_t *bill = json_loadb(body.bytes, body.size, 0, NULL);
    assert_non_null(bill);
    json_t *list = json_object_get(bill, "rows"), *total = json_object_get(bill, "total");
    assert_int_equal(json_array_size(list), found.payments + found.refunds);
    int64_t receipt = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        receipt += json_integer_value(json_object_get(json_array_get(list, i), "receipt_minor"));
    }
    assert_int_equal(receipt, found.receipt);
    assert_int_equal(json_integer_value(json_object_get(total, "receipt_minor")), found.receipt);
    assert_int_equal(json_integer_value(json_object_get(total, "payments")), found.payments);
    assert_int_equal(json_array_size(json_object_get(bill, "stores")), 2);
    json_decref(bill);
    scene_close(&scene);
}

static void texts_do_no_harm_in_a_spreadsheet(void **state)
{
    static const char *const subjects[] = { "=HYPERLINK(\"x\")", "+1,2", "@a", "-b", "a\xf0\x9f\x8d\xb5,b,c" };
    static const char *const wanted[] = { "＝HYPERLINK(\"x\")", "＋1，2", "＠a", "－b", "a?，b，c" };
    static struct scene scene;
    char *fields[FIELDS_MAX];
    (void)state;
    scene_open(&scene, true);
    for (size_t i = 0; i < COUNT_OF(subjects); i++) {
        static struct trade_pay want;
        stage_move(&scene.stage, 3 * US_PER_MINUTE);
        want = (struct trade_pay){ .shop_id = 1,
                                   .amount_minor = 100,
                                   .code_device_id = 1,
                                   .code_step = atomic_load(&scene.stage.now_us) / US_PER_MINUTE };
        snprintf(want.out_trade_no, sizeof(want.out_trade_no), "S%zu", i);
        snprintf(want.subject, sizeof(want.subject), "%s", subjects[i]);
        assert_int_equal(city_try(&scene.stage, &trade_pay, &want), REFUSAL_none);
    }
    stage_move(&scene.stage, US_PER_DAY);
    fetch_bill(&scene, BILL_trade, DAY);
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        assert_int_equal(fields_of(rows.lines[5 + i], fields), TRADE_FIELDS);
        assert_string_equal(fields[3], wanted[i]);
    }
    scene_close(&scene);
}

static void a_store_without_readers_has_no_bills(void **state)
{
    static struct scene scene;
    (void)state;
    scene_open(&scene, false);
    stage_move(&scene.stage, US_PER_DAY);
    assert_int_equal(ask(&scene, BILL_trade, DAY), BILL_fault);
    scene_close(&scene);
}

static void a_stopped_one_says_that_it_is_busy(void **state)
{
    static struct scene scene;
    (void)state;
    scene_open(&scene, true);
    city_pay(&scene.stage, 1, 1, 2500);
    stage_move(&scene.stage, US_PER_DAY);
    assert_int_equal(ask(&scene, BILL_trade, DAY), BILL_made);
    bills_stop(scene.bills);
    assert_int_equal(fetch(&scene, path_with(&scene, "csv.zip", "csv.zip")), 503);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bill_of_a_day_is_the_protocols_to_the_letter),
        cmocka_unit_test(an_address_is_signed_and_good_for_thirty_seconds),
        cmocka_unit_test(what_has_no_bill_is_told_apart),
        cmocka_unit_test(an_empty_day_has_a_file_with_sums_of_nothing),
        cmocka_unit_test(the_bill_matches_the_ledger_to_the_cent),
        cmocka_unit_test(an_account_bill_is_a_chain_that_ends_in_the_ledger),
        cmocka_unit_test(the_same_bill_comes_in_utf8_and_as_json),
        cmocka_unit_test(texts_do_no_harm_in_a_spreadsheet),
        cmocka_unit_test(a_store_without_readers_has_no_bills),
        cmocka_unit_test(a_stopped_one_says_that_it_is_busy),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (stream.text != NULL) {
        stream_close(&stream);
    }
    return failed;
}
