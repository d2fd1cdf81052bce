/* SPDX-License-Identifier: Apache-2.0 */
#include "app/app_settings.h"

static void node_print(const struct app_settings *settings, FILE *to)
{
    fprintf(to,
            "// Node: npm install alipay-sdk\n"
            "import { readFileSync } from 'node:fs';\n"
            "import { AlipaySdk } from 'alipay-sdk';\n"
            "const alipay = new AlipaySdk({\n"
            "    appId: '%s',\n"
            "    privateKey: readFileSync('%s', 'ascii'),\n"
            "    keyType: 'PKCS1',\n"
            "    signType: 'RSA2',\n"
            "    gateway: '%s',\n"
            "    endpoint: '%s',\n",
            settings->app_id, settings->private_path, settings->gateway, settings->endpoint);
    if (settings->app_certificate_path != NULL) {
        fprintf(to,
                "    appCertPath: '%s',\n"
                "    alipayPublicCertPath: '%s',\n"
                "    alipayRootCertPath: '%s',\n",
                settings->app_certificate_path, settings->alipay_certificate_path, settings->root_certificate_path);
    } else {
        fprintf(to, "    alipayPublicKey: '%s',\n", settings->alipay_public_key);
    }
    if (settings->aes_path != NULL) {
        fprintf(to, "    encryptKey: readFileSync('%s', 'ascii').trim(),\n", settings->aes_path);
    }
    fputs("});\n", to);
}

static void java_print(const struct app_settings *settings, FILE *to)
{
    fprintf(to,
            "// Java: com.alipay.sdk:alipay-sdk-java\n"
            "AlipayConfig config = new AlipayConfig();\n"
            "config.setServerUrl(\"%s\");\n"
            "config.setAppId(\"%s\");\n"
            "config.setPrivateKey(Files.readString(Path.of(\"%s\"))"
            ".replaceAll(\"-----[A-Z ]+-----|\\\\s\", \"\"));\n"
            "config.setFormat(\"json\");\n"
            "config.setCharset(\"UTF-8\");\n"
            "config.setSignType(\"RSA2\");\n",
            settings->gateway, settings->app_id, settings->pkcs8_path);
    if (settings->app_certificate_path != NULL) {
        fprintf(to,
                "config.setAppCertPath(\"%s\");\n"
                "config.setAlipayPublicCertPath(\"%s\");\n"
                "config.setRootCertPath(\"%s\");\n",
                settings->app_certificate_path, settings->alipay_certificate_path, settings->root_certificate_path);
    } else {
        fprintf(to, "config.setAlipayPublicKey(\"%s\");\n", settings->alipay_public_key);
    }
    if (settings->aes_path != NULL) {
        fprintf(to,
                "config.setEncryptType(\"AES\");\n"
                "config.setEncryptKey(Files.readString(Path.of(\"%s\")).trim());\n",
                settings->aes_path);
    }
    fputs("AlipayClient alipay = new DefaultAlipayClient(config);\n", to);
}

/* What the Python and PHP snippets take: a key file without its first and last line. */
static void python_print(const struct app_settings *settings, FILE *to)
{
    fprintf(to,
            "# Python: pip install alipay-sdk-python\n"
            "from alipay.aop.api.AlipayClientConfig import AlipayClientConfig\n"
            "from alipay.aop.api.DefaultAlipayClient import DefaultAlipayClient\n"
            "config = AlipayClientConfig()\n"
            "config.server_url = '%s'\n"
            "config.app_id = '%s'\n"
            "config.app_private_key = ''.join(open('%s').read().split('\\n')[1:-2])\n"
            "config.alipay_public_key = '%s'\n"
            "config.sign_type = 'RSA2'\n",
            settings->gateway, settings->app_id, settings->private_path, settings->alipay_public_key);
    if (settings->aes_path != NULL) {
        fprintf(to, "config.encrypt_type = 'AES'\nconfig.encrypt_key = open('%s').read().strip()\n",
                settings->aes_path);
    }
    fputs("alipay = DefaultAlipayClient(config)\n", to);
    if (settings->app_certificate_path != NULL) {
        fputs("# This SDK knows no certificates: an app that signs with one is not for it.\n", to);
    }
}

static void php_print(const struct app_settings *settings, FILE *to)
{
    bool certificate = settings->app_certificate_path != NULL;
    fprintf(to,
            "// PHP: composer require alipaysdk/openapi\n"
            "$aop = new %s();\n"
            "$aop->gatewayUrl = '%s';\n"
            "$aop->appId = '%s';\n"
            "$aop->rsaPrivateKey = preg_replace('/-----[A-Z ]+-----|\\s/', '', file_get_contents('%s'));\n"
            "$aop->signType = 'RSA2';\n"
            "$aop->postCharset = 'UTF-8';\n"
            "$aop->format = 'json';\n",
            certificate ? "AopCertClient" : "AopClient", settings->gateway, settings->app_id, settings->private_path);
    if (certificate) {
        fprintf(to,
                "$aop->appCertSN = $aop->getCertSN('%s');\n"
                "$aop->alipayrsaPublicKey = $aop->getPublicKey('%s');\n"
                "$aop->alipayRootCertSN = $aop->getRootCertSN('%s');\n"
                "$aop->isCheckAlipayPublicCert = true;\n",
                settings->app_certificate_path, settings->alipay_certificate_path, settings->root_certificate_path);
    } else {
        fprintf(to, "$aop->alipayrsaPublicKey = '%s';\n", settings->alipay_public_key);
    }
    if (settings->aes_path != NULL) {
        fprintf(to, "$aop->encryptType = 'AES';\n$aop->encryptKey = trim(file_get_contents('%s'));\n",
                settings->aes_path);
    }
}

static void go_print(const struct app_settings *settings, FILE *to)
{
    fprintf(to,
            "// Go: go get github.com/smartwalle/alipay/v3\n"
            "key, err := os.ReadFile(\"%s\")\n"
            "client, err := alipay.New(\"%s\", string(key), false, alipay.WithSandboxGateway(\"%s\"))\n",
            settings->private_path, settings->app_id, settings->gateway);
    if (settings->app_certificate_path != NULL) {
        fprintf(to,
                "err = client.LoadAppCertPublicKeyFromFile(\"%s\")\n"
                "err = client.LoadAlipayCertPublicKeyFromFile(\"%s\")\n"
                "err = client.LoadAliPayRootCertFromFile(\"%s\")\n",
                settings->app_certificate_path, settings->alipay_certificate_path, settings->root_certificate_path);
    } else {
        fprintf(to, "err = client.LoadAliPayPublicKey(\"%s\")\n", settings->alipay_public_key);
    }
    if (settings->aes_path != NULL) {
        fprintf(to,
                "secret, err := os.ReadFile(\"%s\")\n"
                "err = client.SetEncryptKey(strings.TrimSpace(string(secret)))\n",
                settings->aes_path);
    }
}

static const struct {
    const char *name;
    void (*print)(const struct app_settings *settings, FILE *to);
} languages[] = {
    { "node", node_print }, { "java", java_print }, { "python", python_print }, { "php", php_print },
    { "go", go_print },
};

const char *app_settings_language(size_t index)
{
    return index < COUNT_OF(languages) ? languages[index].name : NULL;
}

bool app_settings_print(const struct app_settings *settings, const char *language, FILE *to)
{
    for (size_t i = 0; i < COUNT_OF(languages); i++) {
        if (strcmp(languages[i].name, language) == 0) {
            languages[i].print(settings, to);
            return true;
        }
    }
    return false;
}
