/* SPDX-License-Identifier: Apache-2.0 */
/*
 * onetill app add: registers a program that speaks the Alipay protocol and prints what its integrator pastes into
 * the settings of their SDK. It speaks to the REST door of a server: the one at --url, or, for a store that nobody
 * serves, one of its own that lives as long as the command.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/app.h"
#include "app/app_server.h"
#include "app/app_settings.h"
#include "app/options.h"
#include "base/json_out.h"
#include "base/os_clock.h"
#include "base/os_random.h"
#include "doors/alipay/certificate.h"
#include "load/http_client.h"

#define ANSWER_SIZE_MAX 65536
#define KEY_FILE_MAX ALIPAY_KEY_TEXT_MAX
#define TIMEOUT_US INT64_C(30000000)

static const char help[] =
    "usage: onetill app add --name NAME --merchant ID --shop ID (--store PLACE | --url URL --token-file FILE)\n"
    "                       [OPTION]…\n\n"
    "Registers an application that speaks the Alipay protocol and prints the settings for its SDK. Without\n"
    "--public-key it makes a pair of keys; the private one stays here, in files that only you may read.\n\n"
    "  --name NAME             what people call it\n"
    "  --merchant ID           whose it is\n"
    "  --shop ID               the shop that takes payments which name none\n"
    "  --store PLACE           a file that is not being served now, or a database\n"
    "  --key FILE              its master key (FILE.key; of a database onetill.key)\n"
    "  --url URL               a server that runs: http://host:port\n"
    "  --token-file FILE       holds a token of the operator or the merchant, with --url\n"
    "  --gateway URL           how the application reaches the server (--url, or http://127.0.0.1:8080)\n"
    "  --public-key FILE       the application's public key or certificate (PEM or base64) instead of a new pair\n"
    "  --certificate           it signs with a certificate, made here; with --store, or --platform-keys\n"
    "  --platform-keys FILE    the server's FILE.platform-keys, with --url and --certificate\n"
    "  --notify-url URL        where it is told of trades that name no address\n"
    "  --gateway-url URL       where it is told of what is no trade\n"
    "  --aes                   contents may be encrypted: with an AES key\n"
    "  --keys FOLDER           where key files are written (.)\n"
    "  --for LANGUAGE          node, java, python, php, go, or all (all)\n";

struct add {
    const char *name, *store, *url, *token_file, *gateway, *public_key, *platform_keys, *notify_url, *gateway_url;
    const char *keys, *language, *key;
    struct place place; /* of the store */
    int64_t merchant_id, shop_id;
    bool certificate, aes;
    /* of the server that is spoken to */
    struct http_address address;
    char token[TOKEN_TEXT_SIZE + 1];
    /* what becomes of it */
    char key_text[KEY_FILE_MAX + 1]; /* as it is sent: a public key or a certificate */
    char app_id[24], aes_key[64], alipay_public_key[ALIPAY_PUBLIC_TEXT_SIZE];
    char alipay_certificate[CERTIFICATE_PEM_SIZE], root_certificate[CERTIFICATE_PEM_SIZE];
    char app_certificate[CERTIFICATE_PEM_SIZE];
    char paths[6][APP_PATH_SIZE];
};

enum path { PATH_pkcs1, PATH_pkcs8, PATH_aes, PATH_app_certificate, PATH_alipay_certificate, PATH_root };

/* ---- files ---- */

static bool file_read(const char *path, char *to, size_t capacity)
{
    FILE *file = fopen(path, "r");
    size_t size = file != NULL ? fread(to, 1, capacity, file) : 0;
    bool whole = file != NULL && ferror(file) == 0 && size < capacity && size > 0;
    if (file != NULL) {
        (void)fclose(file);
    }
    if (!whole) {
        fprintf(stderr, "onetill app: %s cannot be read, is empty or too long\n", path);
        return false;
    }
    to[size] = '\0';
    return true;
}

/* A new file, which only its owner may read. */
static bool file_write(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    size_t size = strlen(text);
    bool whole = file >= 0 && write(file, text, size) == (ssize_t)size && fsync(file) == 0;
    int reason = errno;
    if (file >= 0) {
        (void)close(file);
    }
    if (!whole) {
        fprintf(stderr, "onetill app: %s: %s\n", path, strerror(reason));
    }
    return whole;
}

/* FOLDER/NAME.ending, where only plain characters of the name stay. */
static bool path_make(struct add *add, enum path path, const char *ending)
{
    char plain[64];
    size_t size = 0;
    for (const char *at = add->name; *at != '\0' && size < sizeof(plain) - 1; at++) {
        bool keep = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') ||
                    *at == '-' || *at == '_';
        plain[size++] = keep ? *at : '_';
    }
    plain[size] = '\0';
    int written = snprintf(add->paths[path], APP_PATH_SIZE, "%s/%s.%s", add->keys, plain, ending);
    return written > 0 && written < APP_PATH_SIZE;
}

static bool paths_make(struct add *add)
{
    static const char *const endings[] = { [PATH_pkcs1] = "private.pem",
                                           [PATH_pkcs8] = "private.pkcs8.pem",
                                           [PATH_aes] = "aes.txt",
                                           [PATH_app_certificate] = "appCertPublicKey.crt",
                                           [PATH_alipay_certificate] = "alipayCertPublicKey_RSA2.crt",
                                           [PATH_root] = "alipayRootCert.crt" };
    static_assert(COUNT_OF(endings) == COUNT_OF(((struct add *)0)->paths), "each path has its ending");
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        if (!path_make(add, (enum path)i, endings[i])) {
            fprintf(stderr, "onetill app: the path of the folder is too long\n");
            return false;
        }
        if (access(add->paths[i], F_OK) == 0) {
            fprintf(stderr, "onetill app: %s exists already; keys are not overwritten\n", add->paths[i]);
            return false;
        }
    }
    return true;
}

/* ---- keys ---- */

/* Makes a pair: private halves into files, the public one into `key`. */
static bool pair_make(struct add *add, struct alipay_key *key)
{
    static char pem[ALIPAY_PRIVATE_PEM_SIZE];
    struct alipay_key pair;
    alipay_keypair_make(ALIPAY_RSA2_BITS_MIN, &pair);
    alipay_private_write(&pair, ALIPAY_PKCS1, pem);
    bool written = file_write(add->paths[PATH_pkcs1], pem);
    if (written) {
        alipay_private_write(&pair, ALIPAY_PKCS8, pem);
        written = file_write(add->paths[PATH_pkcs8], pem);
    }
    explicit_bzero(pem, sizeof(pem));
    alipay_public_of(&pair, key);
    alipay_key_release(&pair);
    if (!written) {
        alipay_key_release(key);
    }
    return written;
}

static bool given_key_read(struct add *add, struct alipay_key *key)
{
    if (!file_read(add->public_key, add->key_text, sizeof(add->key_text))) {
        return false;
    }
    enum alipay_key_error error = alipay_public_read(span_of(add->key_text), key);
    if (error != ALIPAY_KEY_ok) {
        fprintf(stderr, "onetill app: %s: %s\n", add->public_key, alipay_key_error_text(error));
    }
    return error == ALIPAY_KEY_ok;
}

/* Signs a certificate for the key with the root in the file of the platform's keys. */
static bool certificate_make(struct add *add, const struct alipay_key *key)
{
    static struct platform_keys platform;
    char path[APP_PATH_SIZE], error[256];
    if (add->store != NULL ? !path_beside(add->place.stem, ".platform-keys", path)
                           : !span_copy(span_of(add->platform_keys), path, sizeof(path))) {
        fprintf(stderr, "onetill app: the path of the platform's keys is too long\n");
        return false;
    }
    int64_t now_us = os_now_us();
    if (platform_keys_open(path, false, now_us, &platform, error, sizeof(error)) != STATUS_ok) {
        fprintf(stderr, "onetill app: %s\n", error);
        return false;
    }
    struct span name = span_of(add->name);
    name.size = name.size < 64 ? name.size : 64;
    app_certificate_make(&platform, key, span_is_text(name) ? name : SPAN("app"), now_us, add->app_certificate);
    platform_keys_release(&platform);
    return span_copy(span_of(add->app_certificate), add->key_text, sizeof(add->key_text));
}

static bool keys_make(struct add *add)
{
    struct alipay_key key;
    if (add->public_key != NULL ? !given_key_read(add, &key) : !pair_make(add, &key)) {
        return false;
    }
    bool made = true;
    if (add->certificate) {
        made = certificate_make(add, &key);
    } else if (add->public_key == NULL) {
        static_assert(ALIPAY_PUBLIC_TEXT_SIZE <= sizeof(add->key_text), "it fits");
        alipay_public_write(&key, add->key_text);
    }
    alipay_key_release(&key);
    return made;
}

/* ---- the server ---- */

static json_t *ask(struct add *add, const char *method, const char *path, struct span body, int wanted)
{
    static char answer[ANSWER_SIZE_MAX];
    char headers[512];
    int size = snprintf(headers, sizeof(headers),
                        "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                        "Idempotency-Key: app-%016llx%016llx\r\n",
                        add->token, (unsigned long long)os_random_u64(), (unsigned long long)os_random_u64());
    struct http_call call = { .method = span_of(method),
                              .path = span_of(path),
                              .headers = { headers, (size_t)size },
                              .body = body,
                              .timeout_us = TIMEOUT_US,
                              .answer = answer,
                              .answer_capacity = sizeof(answer) };
    enum status status = http_call(&add->address, &call);
    explicit_bzero(headers, sizeof(headers));
    if (status != STATUS_ok) {
        fprintf(stderr, "onetill app: the server does not answer\n");
        return NULL;
    }
    json_t *document = json_loadb(call.answer_body.bytes, call.answer_body.size, 0, NULL);
    if (call.status != wanted || !json_is_object(document)) {
        const char *detail = json_string_value(json_object_get(document, "detail"));
        fprintf(stderr, "onetill app: %d: %s\n", call.status, detail != NULL ? detail : "the server does not say why");
        json_decref(document);
        return NULL;
    }
    return document;
}

static bool member_take(const json_t *document, const char *name, char *to, size_t capacity)
{
    const char *text = json_string_value(json_object_get(document, name));
    if (text == NULL || !span_copy(span_of(text), to, capacity)) {
        fprintf(stderr, "onetill app: the server's answer has no %s\n", name);
        return false;
    }
    return true;
}

/* First, because the server makes its keys when they are first asked for. */
static bool platform_ask(struct add *add)
{
    json_t *document = ask(add, "GET", "/v1/alipay/platform", (struct span){ NULL, 0 }, 200);
    bool taken = document != NULL &&
                 member_take(document, "alipay_public_key", add->alipay_public_key, sizeof(add->alipay_public_key)) &&
                 member_take(document, "alipay_certificate", add->alipay_certificate,
                             sizeof(add->alipay_certificate)) &&
                 member_take(document, "alipay_root_certificate", add->root_certificate, sizeof(add->root_certificate));
    json_decref(document);
    return taken;
}

static bool app_ask(struct add *add)
{
    static char body[2 * KEY_FILE_MAX];
    struct json_out out;
    json_out_init(&out, body, sizeof(body));
    json_out_object(&out);
    json_out_key(&out, "name");
    json_out_text(&out, span_of(add->name));
    json_out_key(&out, "merchant_id");
    json_out_id(&out, add->merchant_id);
    json_out_key(&out, "shop_id");
    json_out_id(&out, add->shop_id);
    json_out_key(&out, "public_key");
    json_out_text(&out, span_of(add->key_text));
    json_out_key(&out, "notify_url");
    json_out_text(&out, span_of(add->notify_url != NULL ? add->notify_url : ""));
    json_out_key(&out, "gateway_url");
    json_out_text(&out, span_of(add->gateway_url != NULL ? add->gateway_url : ""));
    json_out_key(&out, "aes");
    json_out_bool(&out, add->aes);
    json_out_object_end(&out);
    json_t *document = ask(add, "POST", "/v1/apps", json_out_end(&out), 201);
    bool taken = document != NULL && member_take(document, "app_id", add->app_id, sizeof(add->app_id)) &&
                 (!add->aes || member_take(document, "aes_key", add->aes_key, sizeof(add->aes_key)));
    json_decref(document);
    return taken;
}

/* ---- what is left behind ---- */

static bool files_write(struct add *add)
{
    if (add->aes && !file_write(add->paths[PATH_aes], add->aes_key)) {
        return false;
    }
    if (!add->certificate) {
        return true;
    }
    return file_write(add->paths[PATH_app_certificate], add->app_certificate) &&
           file_write(add->paths[PATH_alipay_certificate], add->alipay_certificate) &&
           file_write(add->paths[PATH_root], add->root_certificate);
}

static void settings_print(const struct add *add)
{
    char gateway[512];
    const char *base = add->gateway != NULL ? add->gateway : add->url != NULL ? add->url : "http://127.0.0.1:8080";
    snprintf(gateway, sizeof(gateway), "%s/gateway.do", base);
    struct app_settings settings = {
        .app_id = add->app_id,
        .gateway = gateway,
        .endpoint = base,
        .private_path = add->public_key == NULL ? add->paths[PATH_pkcs1] : "your-private-key.pem",
        .pkcs8_path = add->public_key == NULL ? add->paths[PATH_pkcs8] : "your-private-key.pkcs8.pem",
        .alipay_public_key = add->alipay_public_key,
        .aes_path = add->aes ? add->paths[PATH_aes] : NULL,
    };
    if (add->certificate) {
        settings.app_certificate_path = add->paths[PATH_app_certificate];
        settings.alipay_certificate_path = add->paths[PATH_alipay_certificate];
        settings.root_certificate_path = add->paths[PATH_root];
    }
    printf("app_id %s\n", add->app_id);
    for (size_t i = 0; app_settings_language(i) != NULL; i++) {
        if (strcmp(add->language, "all") == 0 || strcmp(add->language, app_settings_language(i)) == 0) {
            putchar('\n');
            bool printed = app_settings_print(&settings, app_settings_language(i), stdout);
            assert(printed);
        }
    }
}

static bool add_all(struct add *add)
{
    if (!paths_make(add) || !platform_ask(add)) {
        return false;
    }
    if (!keys_make(add) || !app_ask(add)) {
        if (add->app_id[0] == '\0' && add->public_key == NULL) {
            (void)unlink(add->paths[PATH_pkcs1]); /* ours, as paths_make has seen, and of no use */
            (void)unlink(add->paths[PATH_pkcs8]);
        }
        return false;
    }
    if (!files_write(add)) {
        return false;
    }
    settings_print(add);
    return true;
}

/* ---- the two ways to a server ---- */

static bool add_served(struct add *add)
{
    struct span url = span_of(add->url);
    if (!http_address_read(url, &add->address)) {
        fprintf(stderr, "onetill app: --url wants http://ADDRESS:PORT; no names, no TLS: run it beside the server\n");
        return false;
    }
    if (!file_read(add->token_file, add->token, sizeof(add->token))) {
        return false;
    }
    struct span token = span_trim(span_of(add->token));
    memmove(add->token, token.bytes, token.size);
    add->token[token.size] = '\0';
    return add_all(add);
}

static bool add_unserved(struct add *add)
{
    char error[512] = "", address[64];
    uint16_t port;
    const char *wrong = place_read(&add->place, add->store, add->key);
    if (wrong != NULL || (add->place.kind != PLACE_postgres && access(add->place.text, F_OK) != 0)) {
        fprintf(stderr, "onetill app: %s%s\n", wrong != NULL ? wrong : "there is no store ", add->place.name);
        return false;
    }
    if (!app_server_open(&add->place, &port, add->token, error, sizeof(error))) {
        fprintf(stderr, "onetill app: %s\n", error);
        return false;
    }
    int size = snprintf(address, sizeof(address), "127.0.0.1:%u", port);
    bool read = http_address_read((struct span){ address, (size_t)size }, &add->address);
    assert(read);
    bool added = add_all(add);
    app_server_close();
    return added;
}

/* ---- the subcommand ---- */

enum add_option {
    OPTION_name = 256, OPTION_merchant, OPTION_shop, OPTION_store, OPTION_url, OPTION_token_file, OPTION_gateway,
    OPTION_public_key, OPTION_certificate, OPTION_platform_keys, OPTION_notify_url, OPTION_gateway_url, OPTION_aes,
    OPTION_keys, OPTION_for, OPTION_key, OPTION_help,
};

static const struct option options[] = {
    { "name", required_argument, NULL, OPTION_name },
    { "merchant", required_argument, NULL, OPTION_merchant },
    { "shop", required_argument, NULL, OPTION_shop },
    { "store", required_argument, NULL, OPTION_store },
    { "key", required_argument, NULL, OPTION_key },
    { "url", required_argument, NULL, OPTION_url },
    { "token-file", required_argument, NULL, OPTION_token_file },
    { "gateway", required_argument, NULL, OPTION_gateway },
    { "public-key", required_argument, NULL, OPTION_public_key },
    { "certificate", no_argument, NULL, OPTION_certificate },
    { "platform-keys", required_argument, NULL, OPTION_platform_keys },
    { "notify-url", required_argument, NULL, OPTION_notify_url },
    { "gateway-url", required_argument, NULL, OPTION_gateway_url },
    { "aes", no_argument, NULL, OPTION_aes },
    { "keys", required_argument, NULL, OPTION_keys },
    { "for", required_argument, NULL, OPTION_for },
    { "help", no_argument, NULL, OPTION_help },
    { NULL, 0, NULL, 0 },
};

static bool language_known(const char *language)
{
    for (size_t i = 0; app_settings_language(i) != NULL; i++) {
        if (strcmp(language, app_settings_language(i)) == 0) {
            return true;
        }
    }
    return strcmp(language, "all") == 0;
}

/* What goes into snippets between quotes. */
static bool address_plain(const char *text)
{
    size_t size = strlen(text);
    return size > 0 && size < 300 && strpbrk(text, "\"'\\ \n") == NULL && text[size - 1] != '/';
}

static bool option_take(void *context, int option)
{
    struct add *add = context;
    const char **texts[] = { [OPTION_name - OPTION_name] = &add->name,
                             [OPTION_store - OPTION_name] = &add->store,
                             [OPTION_url - OPTION_name] = &add->url,
                             [OPTION_token_file - OPTION_name] = &add->token_file,
                             [OPTION_gateway - OPTION_name] = &add->gateway,
                             [OPTION_public_key - OPTION_name] = &add->public_key,
                             [OPTION_platform_keys - OPTION_name] = &add->platform_keys,
                             [OPTION_notify_url - OPTION_name] = &add->notify_url,
                             [OPTION_gateway_url - OPTION_name] = &add->gateway_url,
                             [OPTION_keys - OPTION_name] = &add->keys,
                             [OPTION_for - OPTION_name] = &add->language,
                             [OPTION_key - OPTION_name] = &add->key };
    if (option == OPTION_certificate || option == OPTION_aes) {
        *(option == OPTION_aes ? &add->aes : &add->certificate) = true;
        return true;
    }
    if (option == OPTION_merchant || option == OPTION_shop) {
        return option_number(optarg, 1, INT64_MAX, option == OPTION_shop ? &add->shop_id : &add->merchant_id);
    }
    assert(option >= OPTION_name);
    assert((size_t)(option - OPTION_name) < COUNT_OF(texts));
    *texts[option - OPTION_name] = optarg;
    if (option == OPTION_gateway || option == OPTION_url) {
        return address_plain(optarg);
    }
    if (option == OPTION_keys) {
        return strpbrk(optarg, "\"'\\\n") == NULL;
    }
    return option != OPTION_for || language_known(optarg);
}

static const char *options_check(void *context, char **files, int file_count)
{
    const struct add *add = context;
    (void)files;
    (void)file_count;
    if (add->name == NULL || add->merchant_id == 0 || add->shop_id == 0) {
        return "--name, --merchant and --shop are needed";
    }
    if ((add->store == NULL) == (add->url == NULL)) {
        return "one of --store and --url is needed";
    }
    if (add->url != NULL && add->token_file == NULL) {
        return "--url wants --token-file";
    }
    if (add->url != NULL && add->certificate && add->platform_keys == NULL) {
        return "--certificate with --url wants --platform-keys";
    }
    return NULL;
}

static const struct options_terms terms = { .command = "app add",
                                           .help = help,
                                           .options = options,
                                           .help_option = OPTION_help,
                                           .take = option_take,
                                           .check = options_check };

int app_main(int argc, char **argv)
{
    static struct add add = { .keys = ".", .language = "all" };
    if (argc < 2 || strcmp(argv[1], "add") != 0) {
        bool asked = argc == 2 && strcmp(argv[1], "--help") == 0;
        fputs(help, asked ? stdout : stderr);
        return asked ? EXIT_holds : EXIT_usage;
    }
    int exit_status = options_read(&terms, argc - 1, argv + 1, &add);
    if (exit_status != EXIT_holds) {
        return exit_status < 0 ? EXIT_holds : exit_status;
    }
    bool added = add.store != NULL ? add_unserved(&add) : add_served(&add);
    explicit_bzero(add.token, sizeof(add.token));
    explicit_bzero(add.aes_key, sizeof(add.aes_key));
    return added ? EXIT_holds : EXIT_fault;
}
