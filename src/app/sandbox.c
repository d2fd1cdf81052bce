/* SPDX-License-Identifier: Apache-2.0 */
#include "app/sandbox.h"

#include <stdlib.h>

#include "app/sandbox_internal.h"
#include "base/json_out.h"
#include "doors/alipay/certificate.h"
#include "doors/alipay/money_text.h"
#include "doors/alipay/platform.h"
#include "people/app.h"
#include "till/policy.h"
#include "till/wallet.h"

#define LINE_SIZE_MAX 65536
#define ANSWER_SIZE_MAX 4096

const struct sandbox_shopper sandbox_shoppers[SANDBOX_SHOPPER_COUNT] = {
    { { .shopper_id = 1001, .name = "林夏 Lin Xia", .logon_id = "15900005620" }, 1000000 },
    { { .shopper_id = 1002, .name = "陈博 Chen Bo", .logon_id = "chenbo@sandbox.example" }, 10000 },
    { { .shopper_id = 1003, .name = "赵敏 Zhao Min", .logon_id = "18600001234", .no_password_limit_minor = -1 }, 1000 },
};

/* One merchant with all that is needed to sell, for each app. */
static const struct {
    struct merchant_create merchant;
    struct shop_create shop;
    struct terminal_create terminal;
    const char *app_name;
    bool certificate;
} sellers[SANDBOX_APP_COUNT] = {
    { { .merchant_id = 1, .name = "Sandbox Stores" },
      { .shop_id = 1, .merchant_id = 1, .name = "Sandbox Store 沙箱商店", .city = "Hangzhou", .kind = "supermarket" },
      { .terminal_id = 1, .shop_id = 1, .name = "Till 1" },
      "Sandbox POS",
      false },
    { { .merchant_id = 2, .name = "Sandbox Bakery" },
      { .shop_id = 2, .merchant_id = 2, .name = "Sandbox Bakery 沙箱面包房", .city = "Hangzhou", .kind = "snack" },
      { .terminal_id = 2, .shop_id = 2, .name = "Till 1" },
      "Sandbox ERP",
      true },
};

/* A hundred payments in a test must not meet a limit that is meant for people; refusals are provoked otherwise. */
static const struct policy_row policy = {
    .one = 1,
    .day_static_minor = 100000000,
    .day_code_minor = 100000000,
    .day_confirmed_minor = 1000000000,
    .no_password_minor = 100000,
    .wallet_max_minor = 100000000,
    .trade_max_minor = 10000000000,
    .code_misses_terminal = 10,
    .code_misses_shop = 60,
    .pay_timeout_s = 900,
    .confirm_timeout_s = 120,
    .sandbox = 1,
};

struct sandbox *sandbox_open(const struct sandbox_settings *settings)
{
    struct sandbox *sandbox = calloc(1, sizeof(*sandbox));
    assert(sandbox != NULL);
    sandbox->engine = settings->engine;
    sandbox->paycode_key = settings->paycode_key;
    int rc = pthread_mutex_init(&sandbox->lock, NULL);
    assert(rc == 0);
    return sandbox;
}

void sandbox_close(struct sandbox *sandbox)
{
    (void)pthread_mutex_destroy(&sandbox->lock);
    free(sandbox);
}

/* ---- bringing everybody in: one call after the other ---- */

struct waiting {
    struct call call;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
};

static void call_done(struct call *call)
{
    struct waiting *waiting = call->context;
    pthread_mutex_lock(&waiting->lock);
    waiting->done = true;
    pthread_cond_signal(&waiting->wake);
    pthread_mutex_unlock(&waiting->lock);
}

/* Under a key it happens once in the life of the store, as the operator; without one as the system. */
static enum refusal ask(struct sandbox *sandbox, const struct command *command, const void *request, void *answer,
                        const char *key)
{
    struct waiting waiting = { .call = { .command = command,
                                         .request = request,
                                         .answer = answer,
                                         .caller = { .kind = key != NULL ? CALLER_operator : CALLER_system },
                                         .done = call_done,
                                         .context = &waiting } };
    assert(command->answer->size <= ANSWER_SIZE_MAX);
    memset(answer, 0, command->answer->size);
    if (key != NULL) {
        bool fits = span_copy(span_of(key), waiting.call.request_key, sizeof(waiting.call.request_key));
        assert(fits);
    }
    pthread_mutex_init(&waiting.lock, NULL);
    pthread_cond_init(&waiting.wake, NULL);
    bool taken = engine_submit(sandbox->engine, &waiting.call);
    assert(taken); /* nobody else asks yet */
    pthread_mutex_lock(&waiting.lock);
    while (!waiting.done) {
        pthread_cond_wait(&waiting.wake, &waiting.lock);
    }
    pthread_mutex_unlock(&waiting.lock);
    pthread_cond_destroy(&waiting.wake);
    pthread_mutex_destroy(&waiting.lock);
    assert(waiting.call.status == STATUS_ok); /* calls without a deadline are decided */
    return waiting.call.refusal;
}

/* A store of an earlier sandbox has the app with the keys of the build of then. */
static enum refusal app_fill(struct sandbox *sandbox, size_t index, void *answer)
{
    const struct sandbox_app_keys *keys = &sandbox_app_keys[index];
    struct app_create create = { .merchant_id = sellers[index].merchant.merchant_id,
                                 .shop_id = sellers[index].shop.shop_id,
                                 .aes = 1 };
    struct app_change change = { .shop_id = create.shop_id };
    bool fits = span_to_i64(span_of(keys->app_id), &create.app_id) &&
                span_copy(span_of(sellers[index].app_name), create.name, sizeof(create.name)) &&
                span_copy(span_of(keys->public_key), create.public_key, sizeof(create.public_key)) &&
                (!sellers[index].certificate ||
                 span_copy(span_of(keys->certificate_sn), create.cert_sn, sizeof(create.cert_sn)));
    assert(fits);
    enum refusal refusal = ask(sandbox, &app_create, &create, answer, NULL);
    if (refusal == REFUSAL_id_taken) {
        change.app_id = create.app_id;
        memcpy(change.name, create.name, sizeof(change.name));
        memcpy(change.public_key, create.public_key, sizeof(change.public_key));
        memcpy(change.cert_sn, create.cert_sn, sizeof(change.cert_sn));
        refusal = ask(sandbox, &app_change, &change, answer, NULL);
    }
    if (refusal == REFUSAL_none) {
        sandbox->apps[index] = *(const struct app_row *)answer;
    }
    return refusal;
}

static enum refusal shopper_fill(struct sandbox *sandbox, const struct sandbox_shopper *shopper, void *answer)
{
    char key[REQUEST_KEY_SIZE];
    struct wallet_move money = { .shopper_id = shopper->person.shopper_id, .amount_minor = shopper->money_minor };
    snprintf(key, sizeof(key), "sandbox-money-%lld", (long long)shopper->person.shopper_id);
    enum refusal refusal = ask(sandbox, &shopper_create, &shopper->person, answer, NULL);
    return refusal == REFUSAL_none ? ask(sandbox, &wallet_top_up, &money, answer, key) : refusal;
}

bool sandbox_fill(struct sandbox *sandbox, char *error, size_t error_size)
{
    _Alignas(16) uint8_t answer[ANSWER_SIZE_MAX];
    enum refusal refusal = ask(sandbox, &policy_change, &policy, answer, NULL);
    for (size_t i = 0; i < SANDBOX_APP_COUNT && refusal == REFUSAL_none; i++) {
        refusal = ask(sandbox, &merchant_create, &sellers[i].merchant, answer, NULL);
        if (refusal == REFUSAL_none) {
            refusal = ask(sandbox, &shop_create, &sellers[i].shop, answer, NULL);
        }
        if (refusal == REFUSAL_none) {
            refusal = ask(sandbox, &terminal_create, &sellers[i].terminal, answer, NULL);
        }
        if (refusal == REFUSAL_none) {
            refusal = app_fill(sandbox, i, answer);
        }
    }
    for (size_t i = 0; i < SANDBOX_SHOPPER_COUNT && refusal == REFUSAL_none; i++) {
        refusal = shopper_fill(sandbox, &sandbox_shoppers[i], answer);
    }
    if (refusal != REFUSAL_none) {
        snprintf(error, error_size, "the store has other content under the sandbox's ids: %s",
                 refusal_text((int)refusal)->text);
        return false;
    }
    return true;
}

/* ---- the line ---- */

static void text(struct json_out *out, const char *key, const char *value)
{
    json_out_key(out, key);
    json_out_text(out, span_of(value));
}

static void number(struct json_out *out, const char *key, int64_t value)
{
    json_out_key(out, key);
    json_out_i64(out, value);
}

static void id(struct json_out *out, const char *key, int64_t value)
{
    json_out_key(out, key);
    json_out_id(out, value);
}

static void user(struct json_out *out, enum user_kind kind, int64_t value)
{
    char user_id[USER_ID_SIZE];
    user_id_write(kind, value, user_id);
    text(out, "user_id", user_id);
}

static void address(struct json_out *out, const char *key, const char *url, const char *path)
{
    char whole[512];
    snprintf(whole, sizeof(whole), "%s%s", url, path);
    text(out, key, whole);
}

/* The AES key as the REST door shows it with the app. */
static void aes_key(struct json_out *out, const struct sandbox_facts *facts, const struct app_row *app)
{
    _Alignas(16) uint8_t added[REST_ADDED_SIZE_MAX] = { 0 };
    struct caller caller = { .kind = CALLER_operator };
    const struct column *column =
        facts->app_edit != NULL ? shape_column(facts->app_edit->added, SPAN("aes_key")) : NULL;
    if (column != NULL) {
        facts->app_edit->after(facts->app_edit->context, &caller, NULL, app, added);
        json_out_key(out, "aes_key");
        json_out_text(out, column_bytes(column, added));
        explicit_bzero(added, sizeof(added));
    }
}

static void app_write(struct json_out *out, const struct sandbox *sandbox, const struct sandbox_facts *facts,
                      const struct platform_keys *platform, size_t index)
{
    const struct sandbox_app_keys *keys = &sandbox_app_keys[index];
    json_out_key(out, "app");
    json_out_object(out);
    text(out, "app_id", keys->app_id);
    text(out, "name", sandbox->apps[index].name);
    text(out, "mode", sellers[index].certificate ? "certificate" : "key");
    text(out, "sign_type", "RSA2");
    text(out, "private_key", keys->private_pkcs1);
    text(out, "private_key_pkcs8", keys->private_pkcs8);
    text(out, "public_key", keys->public_key);
    text(out, "alipay_public_key", platform->public_text);
    text(out, "app_certificate", keys->certificate);
    text(out, "app_cert_sn", keys->certificate_sn);
    aes_key(out, facts, &sandbox->apps[index]);
    json_out_object_end(out);
}

static void seller_write(struct json_out *out, const struct sandbox *sandbox, const struct sandbox_facts *facts,
                         const struct platform_keys *platform, size_t index)
{
    app_write(out, sandbox, facts, platform, index);
    json_out_key(out, "merchant");
    json_out_object(out);
    id(out, "merchant_id", sellers[index].merchant.merchant_id);
    user(out, USER_merchant, sellers[index].merchant.merchant_id);
    text(out, "name", sellers[index].merchant.name);
    json_out_object_end(out);
    json_out_key(out, "shop");
    json_out_object(out);
    id(out, "shop_id", sellers[index].shop.shop_id);
    user(out, USER_shop, sellers[index].shop.shop_id);
    text(out, "name", sellers[index].shop.name);
    json_out_object_end(out);
    json_out_key(out, "terminal");
    json_out_object(out);
    id(out, "terminal_id", sellers[index].terminal.terminal_id);
    text(out, "name", sellers[index].terminal.name);
    json_out_object_end(out);
}

static void shoppers_write(struct json_out *out, const struct sandbox_facts *facts)
{
    char path[96];
    json_out_key(out, "shoppers");
    json_out_array(out);
    for (size_t i = 0; i < SANDBOX_SHOPPER_COUNT; i++) {
        const struct shopper_create *person = &sandbox_shoppers[i].person;
        json_out_object(out);
        id(out, "shopper_id", person->shopper_id);
        user(out, USER_shopper, person->shopper_id);
        text(out, "logon_id", person->logon_id);
        text(out, "name", person->name);
        number(out, "money_minor", sandbox_shoppers[i].money_minor);
        json_out_key(out, "confirms_each");
        json_out_bool(out, person->no_password_limit_minor < 0);
        snprintf(path, sizeof(path), "/v1/sandbox/shoppers/%lld/pay_code", (long long)person->shopper_id);
        address(out, "pay_code_url", facts->url, path);
        json_out_object_end(out);
    }
    json_out_array_end(out);
}

bool sandbox_print(const struct sandbox *sandbox, const struct sandbox_facts *facts, FILE *to)
{
    static char bytes[LINE_SIZE_MAX];
    char error[256];
    struct json_out out;
    const struct platform_keys *platform = platform_keys(facts->platform, error, sizeof(error));
    if (platform == NULL) {
        fprintf(stderr, "onetill serve: %s\n", error);
        return false;
    }
    json_out_init(&out, bytes, sizeof(bytes));
    json_out_object(&out);
    text(&out, "url", facts->url);
    address(&out, "gateway", facts->url, "/gateway.do");
    address(&out, "oauth_url", facts->url, "/oauth2/publicAppAuthorize.htm");
    address(&out, "wallet_url", facts->url, "/wallet/");
    address(&out, "sandbox_url", facts->url, "/sandbox/");
    text(&out, "operator_token", facts->operator_token);
    seller_write(&out, sandbox, facts, platform, 0);
    shoppers_write(&out, facts);
    text(&out, "alipay_certificate", platform->certificate);
    text(&out, "alipay_root_certificate", platform->root_certificate);
    text(&out, "alipay_cert_sn", platform->cert_sn);
    text(&out, "alipay_root_cert_sn", platform->root_cert_sn);
    json_out_key(&out, "other");
    json_out_object(&out);
    seller_write(&out, sandbox, facts, platform, 1);
    json_out_object_end(&out);
    json_out_object_end(&out);
    struct span line = json_out_end(&out);
    return line.size > 0 && fwrite(line.bytes, 1, line.size, to) == line.size && fputc('\n', to) != EOF;
}
