/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/till_edits.h"

#include <stdio.h>

#include "base/os_random.h"
#include "doors/offline_code.h"
#include "people/people.h"
#include "till/emvco_profile.h"
#include "till/pay_url.h"
#include "till/paycode_digits.h"

#define DRIFT_STEPS 1

void paycode_master(const struct master_key *key, struct hmac_key *to)
{
    master_key_derive_hmac(key, MASTER_LABEL_PAY_CODES, to);
}

void webhook_master(const struct master_key *key, struct hmac_key *to)
{
    master_key_derive_hmac(key, "onetill webhooks v1", to);
}

void webhook_secret(const struct hmac_key *key, int64_t endpoint_id, int32_t generation,
                    uint8_t to[WEBHOOK_SECRET_SIZE])
{
    char label[64];
    uint8_t digest[SHA256_SIZE];
    int size = snprintf(label, sizeof(label), "endpoint %lld %d", (long long)endpoint_id, (int)generation);
    hmac_write(key, label, (size_t)size, digest);
    memcpy(to, digest, WEBHOOK_SECRET_SIZE);
}

/* ---- pay codes and log-in codes ---- */

struct code_kind {
    enum paycode_error (*parse)(struct span code, int64_t *alias, uint32_t *otp);
    int64_t (*match)(const uint8_t *secret, uint32_t otp, int64_t now_step, int drift_steps);
};

static void code_place(const struct code_kind *kind, const struct hmac_key *key, struct span code, int64_t now_us,
                       int64_t *device_id, int64_t *step)
{
    uint8_t secret[PAYCODE_SECRET_SIZE];
    uint32_t otp;
    *step = 0;
    if (kind->parse(span_trim(code), device_id, &otp) != PAYCODE_ok) {
        *device_id = -1; /* the command says it in its turn */
        return;
    }
    paycode_secret(key, *device_id, 0, secret);
    int64_t found = kind->match(secret, otp, paycode_step(now_us), DRIFT_STEPS);
    *step = found > 0 ? found : 0;
    explicit_bzero(secret, sizeof(secret));
}

void paycode_place(const struct hmac_key *key, struct span code, int64_t now_us, int64_t *device_id, int64_t *step)
{
    static const struct code_kind pay_code = { paycode_parse, paycode_match };
    code_place(&pay_code, key, code, now_us, device_id, step);
}

void logincode_place(const struct hmac_key *key, struct span code, int64_t now_us, int64_t *device_id, int64_t *step)
{
    static const struct code_kind login_code = { logincode_parse, logincode_match };
    code_place(&login_code, key, code, now_us, device_id, step);
}

static enum refusal pay_before(void *context, const struct caller *caller, int64_t now_us, void *request)
{
    const struct till_edits *edits = context;
    struct trade_pay *pay = request;
    (void)caller;
    paycode_place(&edits->paycode_key, span_of(pay->pay_code), now_us, &pay->code_device_id, &pay->code_step);
    return REFUSAL_none;
}

static enum refusal issue_before(void *context, const struct caller *caller, int64_t now_us, void *request)
{
    struct paycode_issue *issue = request;
    (void)context;
    (void)caller;
    (void)now_us;
    issue->device_id = (int64_t)(os_random_u64() % 1000000000);
    return REFUSAL_none;
}

struct device_added {
    char secret[48];
    char otpauth[PAYCODE_URI_SIZE_MAX];
};
static const struct column device_added_columns[] = {
    COLUMN(device_added, secret, .text = "32 bytes in base64url, for the device only; shown here and never stored."),
    COLUMN(device_added, otpauth, .text = "The same for authenticator apps; they show a pay code's last seven digits."),
};
static const struct shape device_added_shape = SHAPE("device_secret", device_added, device_added_columns);

static void issue_after(void *context, const struct caller *caller, const void *request, const void *answer,
                        void *added)
{
    const struct till_edits *edits = context;
    const struct device_row *device = answer;
    struct device_added *to = added;
    uint8_t secret[PAYCODE_SECRET_SIZE];
    char label[32];
    size_t size;
    (void)caller;
    (void)request;
    paycode_secret(&edits->paycode_key, device->device_id, 0, secret);
    base64url_write(secret, sizeof(secret), to->secret);
    int label_size = snprintf(label, sizeof(label), "%09lld", (long long)device->device_id);
    enum status status = paycode_uri_write((struct span){ label, (size_t)label_size }, secret, to->otpauth,
                                           sizeof(to->otpauth), &size);
    assert(status == STATUS_ok);
}

struct code_added {
    char pay_code[PAYCODE_SIZE];
    char login_code[PAYCODE_SIZE];
};
static const struct column code_added_columns[] = {
    COLUMN(code_added, pay_code, .text = "What the device shows to a till now."),
    COLUMN(code_added, login_code, .text = "What it shows its owner for logging in now; no till ever sees it."),
};
static const struct shape code_added_shape = SHAPE("pay_code", code_added, code_added_columns);

static void code_after(void *context, const struct caller *caller, const void *request, const void *answer,
                       void *added)
{
    const struct till_edits *edits = context;
    const struct device_row *device = answer;
    struct code_added *to = added;
    uint8_t secret[PAYCODE_SECRET_SIZE];
    (void)caller;
    (void)request;
    int64_t step = paycode_step(edits->now_us(edits->clock_context));
    paycode_secret(&edits->paycode_key, device->device_id, 0, secret);
    paycode_write(device->device_id, secret, step, to->pay_code);
    logincode_write(device->device_id, secret, step, to->login_code);
    explicit_bzero(secret, sizeof(secret));
}

/* ---- QR payloads ---- */

struct qr_added {
    char qr_url[PAY_URL_SIZE];
    char qr_emvco[EMVCO_SIZE_MAX + 1];
};
static const struct column qr_added_columns[] = {
    COLUMN(qr_added, qr_url, .text = "Payload of our own QR; GET /v1/qr.svg?text=… draws it."),
    COLUMN(qr_added, qr_emvco, .text = "The same as an EMVCo merchant-presented payload."),
};
static const struct shape qr_added_shape = SHAPE("qr", qr_added, qr_added_columns);

static struct span ascii_or(const char *text, const char *otherwise, size_t most)
{
    struct span span = span_of(text);
    for (size_t i = 0; i < span.size; i++) {
        if ((unsigned char)span.bytes[i] >= 0x7F || (unsigned char)span.bytes[i] < 0x20) {
            return span_of(otherwise); /* the scheme's main template is ASCII */
        }
    }
    span = span_trim((struct span){ span.bytes, span.size < most ? span.size : most });
    return span.size > 0 ? span : span_of(otherwise);
}

struct qr_subject {
    enum pay_url_kind kind;
    int64_t id;
    int64_t amount_minor; /* 0: typed by the shopper */
    int32_t currency;
    struct span name, city;
};

/* Decimals of a currency's minor unit (ISO 4217) and the country an EMVCo payload names for it. */
struct currency {
    int32_t number;
    int digits;
    const char *country;
};

static const struct currency *currency_of(int32_t number)
{
    static const struct currency currencies[] = {
        { 156, 2, "CN" }, { 344, 2, "HK" }, { 392, 0, "JP" }, { 410, 0, "KR" }, { 702, 2, "SG" },
        { 764, 2, "TH" }, { 840, 2, "US" }, { 978, 2, "DE" }, { 986, 2, "BR" }, { 356, 2, "IN" },
    };
    for (size_t i = 0; i < COUNT_OF(currencies); i++) {
        if (currencies[i].number == number) {
            return &currencies[i];
        }
    }
    return NULL;
}

/* Leaves qr_emvco empty when the scheme cannot say it: an unknown currency, an amount of more than 13 digits. */
static void emvco_fill(const struct till_edits *edits, const struct qr_subject *subject, struct qr_added *to)
{
    char mac[PAY_URL_MAC_SIZE + 1], id[24], amount[EMVCO_AMOUNT_SIZE] = "", account[128];
    char kind[] = { (char)subject->kind, '\0' };
    size_t size = 0;
    const struct currency *currency = currency_of(subject->currency);
    if (currency == NULL) {
        return;
    }
    pay_url_mac(&edits->qr_key, subject->kind, subject->id, mac);
    int id_size = snprintf(id, sizeof(id), "%lld", (long long)subject->id);
    struct span values[EMVCO_PROFILE_FIELDS_MAX] = { [EMVCO_ONETILL_kind] = span_of(kind),
                                                     [EMVCO_ONETILL_id] = { id, (size_t)id_size },
                                                     [EMVCO_ONETILL_mac] = span_of(mac) };
    struct emvco emvco = {
        .initiation = subject->amount_minor > 0 ? EMVCO_INITIATION_dynamic : EMVCO_INITIATION_static,
        .category = 5999, /* miscellaneous retail */
        .currency = currency->number,
        .country = span_of(currency->country),
        .name = subject->name,
        .city = subject->city,
        .account_count = 1,
    };
    if (subject->amount_minor > 0 && !emvco_amount_write(subject->amount_minor, currency->digits, amount)) {
        return;
    }
    emvco.amount = span_of(amount);
    enum emvco_error error = emvco_profile_account(&emvco_profiles[EMVCO_PROFILE_onetill], values, account,
                                                   sizeof(account), &emvco.accounts[0]);
    if (error == EMVCO_ok) {
        error = emvco_write(&emvco, to->qr_emvco, sizeof(to->qr_emvco), &size);
    }
    if (error != EMVCO_ok) {
        to->qr_emvco[0] = '\0';
    }
}

static void qr_fill(const struct till_edits *edits, const struct qr_subject *subject, struct qr_added *to)
{
    pay_url_write(&edits->qr_key, span_of(edits->base_url), subject->kind, subject->id, to->qr_url);
    emvco_fill(edits, subject, to);
}

static void trade_after(void *context, const struct caller *caller, const void *request, const void *answer,
                        void *added)
{
    const struct trade_row *trade = answer;
    char name[26];
    int size = snprintf(name, sizeof(name), "Shop %lld", (long long)trade->shop_id);
    struct qr_subject subject = { .kind = PAY_URL_trade,
                                  .id = trade->trade_id,
                                  .amount_minor = trade->list_minor,
                                  .currency = trade->currency,
                                  .name = { name, (size_t)min_i64(size, 25) },
                                  .city = SPAN("Onetill") };
    (void)caller;
    (void)request;
    qr_fill(context, &subject, added);
}

static void shop_after(void *context, const struct caller *caller, const void *request, const void *answer,
                       void *added)
{
    const struct shop_row *shop = answer;
    struct qr_subject subject = { .kind = PAY_URL_shop,
                                  .id = shop->shop_id,
                                  .currency = shop->currency,
                                  .name = ascii_or(shop->name, "Onetill shop", 25),
                                  .city = ascii_or(shop->city, "Onetill", 15) };
    (void)caller;
    (void)request;
    qr_fill(context, &subject, added);
}

/* An EMVCo payload of ours: kind and id from the account template, signed like the URL. */
static bool emvco_read(const struct till_edits *edits, struct span payload, int32_t *to_kind, int64_t *to_id)
{
    const struct emvco_profile *profile = &emvco_profiles[EMVCO_PROFILE_onetill];
    struct emvco emvco;
    int64_t id;
    if (emvco_parse(payload, &emvco) != EMVCO_ok) {
        return false;
    }
    struct span found = emvco_profile_find(profile, &emvco);
    struct span kind = emvco_profile_value(profile, found, EMVCO_ONETILL_kind);
    struct span mac = emvco_profile_value(profile, found, EMVCO_ONETILL_mac);
    bool known = kind.size == 1 && (kind.bytes[0] == PAY_URL_trade || kind.bytes[0] == PAY_URL_shop);
    if (!known || !span_to_i64(emvco_profile_value(profile, found, EMVCO_ONETILL_id), &id) || id <= 0 ||
        !pay_url_mac_holds(&edits->qr_key, (enum pay_url_kind)kind.bytes[0], id, mac)) {
        return false;
    }
    *to_kind = kind.bytes[0] == PAY_URL_trade ? 1 : 2;
    *to_id = id;
    return true;
}

/* What a QR names. One that is none of ours is of kind 0: the command says it in its turn. */
static void qr_read(const struct till_edits *edits, const char *qr, int32_t *to_kind, int64_t *to_id)
{
    struct span text = span_trim(span_of(qr));
    enum pay_url_kind kind;
    int64_t id;
    if (pay_url_parse(&edits->qr_key, span_of(edits->base_url), text, &kind, &id) == PAY_URL_ok) {
        *to_kind = kind == PAY_URL_trade ? 1 : 2;
        *to_id = id;
    } else if (!emvco_read(edits, text, to_kind, to_id)) {
        *to_kind = 0;
    }
}

static enum refusal qr_before(void *context, const struct caller *caller, int64_t now_us, void *request)
{
    struct qr_pay *pay = request;
    (void)caller;
    (void)now_us;
    qr_read(context, pay->qr, &pay->qr_kind, &pay->qr_id);
    return REFUSAL_none;
}

static enum refusal scan_before(void *context, const struct caller *caller, int64_t now_us, void *request)
{
    struct qr_scan *scan = request;
    (void)caller;
    (void)now_us;
    qr_read(context, scan->qr, &scan->qr_kind, &scan->qr_id);
    return REFUSAL_none;
}

/* ---- tokens, campaigns, webhooks, the clock ---- */

struct token_added {
    char token[TOKEN_TEXT_SIZE];
};
static const struct column token_added_columns[] = {
    COLUMN(token_added, token, .text = "The bearer token; shown here and never stored."),
};
static const struct shape token_added_shape = SHAPE("token_text", token_added, token_added_columns);

static void token_after(void *context, const struct caller *caller, const void *request, const void *answer,
                        void *added)
{
    const struct till_edits *edits = context;
    const struct token_row *token = answer;
    struct token_added *to = added;
    (void)caller;
    (void)request;
    tokens_issue(edits->tokens, (struct caller){ token->caller_kind, token->caller_id }, token->token_id, to->token);
}

struct secret_added {
    char secret[48];
};
static const struct column secret_added_columns[] = {
    COLUMN(secret_added, secret, .text = "Signs the deliveries (Standard Webhooks); never stored."),
};
static const struct shape secret_added_shape = SHAPE("webhook_secret", secret_added, secret_added_columns);

static void endpoint_after(void *context, const struct caller *caller, const void *request, const void *answer,
                           void *added)
{
    const struct till_edits *edits = context;
    const struct endpoint_row *endpoint = answer;
    struct secret_added *to = added;
    uint8_t secret[WEBHOOK_SECRET_SIZE];
    (void)caller;
    (void)request;
    webhook_secret(&edits->webhook_key, endpoint->endpoint_id, endpoint->generation, secret);
    memcpy(to->secret, "whsec_", 6);
    base64_write(secret, sizeof(secret), to->secret + 6);
}

/* ---- vouchers without a network ---- */

struct kept_added {
    char offline_code[OFFLINE_CODE_SIZE];
};
static const struct column kept_added_columns[] = {
    COLUMN(kept_added, offline_code,
           .text = "Signed, for the QR that a till reads without a network; GET /v1/qr.svg?text=... draws it."),
};
static const struct shape kept_added_shape = SHAPE("offline_code", kept_added, kept_added_columns);

static void kept_after(void *context, const struct caller *caller, const void *request, const void *answer,
                       void *added)
{
    const struct till_edits *edits = context;
    struct kept_added *to = added;
    (void)caller;
    (void)request;
    offline_code_write(edits->offline_key, answer, to->offline_code);
}

struct quota_added {
    char offline_key[OFFLINE_KEY_TEXT_SIZE];
};
static const struct column quota_added_columns[] = {
    COLUMN(quota_added, offline_key, .text = "Ed25519 public key in base64url, with which tills check offline codes."),
};
static const struct shape quota_added_shape = SHAPE("offline_key", quota_added, quota_added_columns);

static void quota_after(void *context, const struct caller *caller, const void *request, const void *answer,
                        void *added)
{
    const struct till_edits *edits = context;
    struct quota_added *to = added;
    (void)caller;
    (void)request;
    (void)answer;
    offline_key_public(edits->offline_key, to->offline_key);
}

static enum refusal clock_before(void *context, const struct caller *caller, int64_t now_us, void *request)
{
    const struct till_edits *edits = context;
    const struct clock_move *move = request;
    if (caller->kind == CALLER_operator && edits->clock_move != NULL && move->now_us > now_us) {
        edits->clock_move(edits->clock_context, move->now_us);
    }
    return REFUSAL_none;
}

void till_edits_init(struct till_edits *edits, const struct master_key *key)
{
    const struct rest_edit list[] = {
        { .command = "trade_pay", .before = pay_before },
        { .command = "trade_create", .after = trade_after, .added = &qr_added_shape },
        { .command = "qr_pay", .before = qr_before },
        { .command = "qr_scan", .before = scan_before },
        { .command = "shop_create", .after = shop_after, .added = &qr_added_shape },
        { .command = "shop_query", .after = shop_after, .added = &qr_added_shape },
        { .command = "paycode_issue", .before = issue_before, .after = issue_after, .added = &device_added_shape },
        { .command = "paycode_query", .after = code_after, .added = &code_added_shape },
        { .command = "token_issue", .after = token_after, .added = &token_added_shape },
        { .command = "endpoint_create", .after = endpoint_after, .added = &secret_added_shape },
        { .command = "endpoint_rotate", .after = endpoint_after, .added = &secret_added_shape },
        { .command = "clock_move", .before = clock_before },
        { .command = "voucher_keep", .after = kept_after, .added = &kept_added_shape },
        { .command = "voucher_quota_reserve", .after = quota_after, .added = &quota_added_shape },
        { .command = "voucher_quota_query", .after = quota_after, .added = &quota_added_shape },
    };
    static_assert(COUNT_OF(list) <= TILL_EDITS_MAX, "the list fits");
    paycode_master(key, &edits->paycode_key);
    webhook_master(key, &edits->webhook_key);
    master_key_derive_hmac(key, "onetill qr v1", &edits->qr_key);
    offline_key_derive(key, edits->offline_key);
    memcpy(edits->edits, list, sizeof(list));
    edits->count = COUNT_OF(list);
    for (size_t i = 0; i < edits->count; i++) {
        edits->edits[i].context = edits;
    }
}
