#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""onetill app add: at a server that runs, in a store that nobody serves, with a pair of keys and with a certificate.
What it leaves behind is checked with openssl, and what it prints with the settings it names."""

import json
import pathlib
import re
import stat
import subprocess

from program import ONETILL, Case, run_tests
from till import Server


def openssl(*arguments, given=None):
    command = ['openssl', *map(str, arguments)]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=True).stdout


class AppAdd(Case):
    """An app is registered, and its keys fit what the server knows."""

    def setUp(self):
        super().setUp()
        self.keys = self.folder / 'keys'
        self.keys.mkdir()
        self.store = self.folder / 'shop.till'

    def served(self):
        till = Server(ONETILL, store=str(self.store))
        self.addCleanup(till.close)
        operator = till.operator()
        operator.must('POST', '/v1/merchants', {'merchant_id': '7', 'name': 'M'})
        operator.must('POST', '/v1/shops', {'merchant_id': '7', 'shop_id': '8', 'name': 'S'})
        return till

    @staticmethod
    def url(till):
        return f'http://127.0.0.1:{till.port}'

    def add(self, *arguments):
        return self.run_program('app', 'add', '--merchant', 7, '--keys', self.keys, *arguments)

    def added(self, *arguments):
        done = self.add('--shop', 8, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return re.match(r'app_id (9021\d{12})\n', done.stdout)[1], done.stdout

    def public_half(self, name):
        for ending in ('private.pem', 'private.pkcs8.pem'):
            path = self.keys / f'{name}.{ending}'
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
            yield ''.join(openssl('rsa', '-in', path, '-pubout').split('\n')[1:-2])

    def at_server(self, till):
        return '--url', self.url(till), '--token-file', f'{self.store}.operator-token'

    def test_a_server_that_runs_is_told(self):
        till = self.served()
        app_id, text = self.added('--name', 'POS 1', '--aes', '--notify-url', 'https://shop.example/n',
                                  *self.at_server(till))
        app = till.operator().must('GET', f'/v1/apps/{app_id}')
        self.assertEqual((app['name'], app['merchant_id'], app['shop_id']), ('POS 1', '7', '8'))
        self.assertEqual(app['notify_url'], 'https://shop.example/n')
        self.assertEqual(list(self.public_half('POS_1')), [app['public_key']] * 2)
        self.assertEqual(len((self.keys / 'POS_1.aes.txt').read_text()), 24)
        platform = till.operator().must('GET', '/v1/alipay/platform')
        for language in ('AlipaySdk(', 'AlipayConfig', 'AlipayClientConfig', 'AopClient', 'alipay.New('):
            self.assertIn(language, text)
        self.assertEqual(text.count(platform['alipay_public_key']), 5)
        self.assertEqual(text.count(f'{self.url(till)}/gateway.do'), 5)
        private = (self.keys / 'POS_1.private.pem').read_text().split('\n')[1]
        self.assertNotIn(private, text, 'a private key is never shown')

    def test_a_store_that_nobody_serves_is_changed(self):
        till = self.served()
        till.stop()
        app_id, text = self.added('--name', 'ERP', '--store', self.store, '--for', 'node',
                                  '--gateway', 'https://pay.example')
        self.assertIn("gateway: 'https://pay.example/gateway.do'", text)
        self.assertNotIn('AopClient', text)
        till = Server(ONETILL, store=str(self.store))
        self.addCleanup(till.close)
        app = till.operator().must('GET', f'/v1/apps/{app_id}')
        self.assertEqual(list(self.public_half('ERP')), [app['public_key']] * 2)
        done = self.add('--shop', 8, '--name', 'Two', '--store', self.store)
        self.assertEqual(done.returncode, 3)
        self.assertIn('served by another process', done.stderr)

    def test_a_certificate_is_signed_by_the_platform(self):
        till = self.served()
        app_id, text = self.added('--name', 'C', *self.at_server(till), '--certificate', '--platform-keys',
                                  f'{self.store}.platform-keys')
        certificate = self.keys / 'C.appCertPublicKey.crt'
        openssl('verify', '-CAfile', self.keys / 'C.alipayRootCert.crt', certificate)
        openssl('verify', '-CAfile', self.keys / 'C.alipayRootCert.crt', self.keys / 'C.alipayCertPublicKey_RSA2.crt')
        app = till.operator().must('GET', f'/v1/apps/{app_id}')
        self.assertRegex(app['cert_sn'], r'^[0-9a-f]{32}$')
        spki = ''.join(openssl('x509', '-in', certificate, '-pubkey', '-noout').split('\n')[1:-2])
        self.assertEqual(spki, app['public_key'])
        self.assertIn(str(certificate), text)

    def test_a_public_key_of_the_integrator_is_taken_as_it_is(self):
        till = self.served()
        pair = openssl('genrsa', '2048')
        spki = openssl('rsa', '-pubout', given=pair)
        path = self.folder / 'theirs.pem'
        path.write_text(spki)
        app_id, _ = self.added('--name', 'Theirs', '--public-key', path, *self.at_server(till))
        app = till.operator().must('GET', f'/v1/apps/{app_id}')
        self.assertEqual(app['public_key'], ''.join(spki.split('\n')[1:-2]))
        self.assertEqual(list(self.keys.iterdir()), [])
        path.write_text(pair)
        done = self.add('--shop', 8, '--name', 'Private', '--public-key', path, *self.at_server(till))
        self.assertEqual(done.returncode, 3)
        self.assertIn('private', done.stderr)

    def test_what_is_refused_leaves_nothing_behind(self):
        till = self.served()
        done = self.add('--shop', 9, '--name', 'X', *self.at_server(till))
        self.assertEqual(done.returncode, 3)
        self.assertIn('there is no such shop', done.stderr)
        self.assertEqual(list(self.keys.iterdir()), [])
        (self.keys / 'X.private.pem').write_text('mine')
        done = self.add('--shop', 8, '--name', 'X', *self.at_server(till))
        self.assertEqual((done.returncode, (self.keys / 'X.private.pem').read_text()), (3, 'mine'))

    def test_wrong_arguments_are_named(self):
        for arguments, words in (((), '--name, --merchant'), (('--name', 'X', '--shop', 8), 'one of --store and --url'),
                                 (('--name', 'X', '--shop', 8, '--url', 'http://127.0.0.1:1'), '--token-file'),
                                 (('--name', 'X', '--shop', 'y'), 'not a value')):
            done = self.add(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(words, done.stderr)


class Sandbox(Case):
    """serve --sandbox without a store: ready with everything, and gone without a trace."""

    def test_nothing_is_left_behind(self):
        process = self.start_program('serve', '--sandbox', '--listen', '127.0.0.1:0')
        facts = json.loads(process.stdout.readline())
        self.assertRegex(process.stdout.readline(), r'^ready http://127\.0\.0\.1:\d+ pid \d+$')
        self.assertNotEqual(list(self.folder.iterdir()), [])
        self.assertEqual(len(facts['shoppers']), 3)
        self.assertEqual((facts['app']['mode'], facts['other']['app']['mode']), ('key', 'certificate'))
        process.terminate()
        process.communicate()
        self.assertEqual(process.returncode, 0)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_kept_store_is_the_same_sandbox_again(self):
        store = self.folder / 'kept.till'
        for _ in range(2):
            process = self.start_program('serve', '--sandbox', '--listen', '127.0.0.1:0', '--store', store)
            json.loads(process.stdout.readline())
            process.terminate()
            process.communicate()
            self.assertEqual(process.returncode, 0)
        document, status = self.audit(store)
        self.assertEqual((document['ok'], status), (True, 0))
        self.assertTrue(pathlib.Path(store).exists())


if __name__ == '__main__':
    run_tests(AppAdd, Sandbox)
