# SPDX-License-Identifier: Apache-2.0
"""The real server as a child, and a client that can also say what no client should."""

import contextlib
import http.client
import itertools
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

_KEYS = itertools.count(1)
TIMEOUT_S = 60
# In memory where there is such a place: what a disk does to it is the business of other tests.
FOLDER = '/dev/shm' if os.access('/dev/shm', os.W_OK) else None
CODES_SEEN = set()  # of every problem that any client was told


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """Of a problem; None for any other answer."""
        if not self.headers.get('content-type', '').startswith('application/problem+json'):
            return None
        code = self.json.get('code')
        CODES_SEEN.add(code)
        return code

    @property
    def fields(self):
        """Every field that a problem names."""
        document = self.json
        return [document.get('field')] + [error['field'] for error in document.get('errors', [])]

    def __repr__(self):
        return f'{self.status} {self.body[:600].decode("utf-8", "replace")}'


class Client:
    """One keep-alive connection, opened again when the server closes it. One thread at a time."""

    def __init__(self, server, token=None):
        self.server = server
        self.token = token
        self.connection = None

    def send(self, method, path, body=None, headers=None, key=True, again=True):
        """`body`: bytes as they are, anything else as JSON. A key of its own unless told otherwise. A connection that
        was closed meanwhile is opened again, unless `again` is false."""
        sent = {'Host': 'till'}
        if self.token:
            sent['Authorization'] = f'Bearer {self.token}'
        if body is not None:
            sent['Content-Type'] = 'application/json'
            body = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        if key and method in ('POST', 'PUT', 'PATCH', 'DELETE'):
            sent['Idempotency-Key'] = key if isinstance(key, str) else f'e2e-{os.getpid()}-{next(_KEYS)}'
        for name, value in (headers or {}).items():
            sent.pop(name, None)
            if value is not None:
                sent[name] = value
        for attempt in (1, 2):
            try:
                return self._send_once(method, path, body, sent)
            except (http.client.HTTPException, OSError):
                self.close()
                if attempt == 2 or not again:
                    raise
        return None

    def _send_once(self, method, path, body, headers):
        if self.connection is None:
            self.connection = self.server.connect()
        self.connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        if body is not None or method in ('POST', 'PUT', 'PATCH'):
            headers = dict(headers, **{'Content-Length': str(len(body or b''))})
        for name, value in headers.items():
            self.connection.putheader(name, value)
        self.connection.endheaders(body)
        response = self.connection.getresponse()
        endless = response.getheader('Content-Type', '').startswith('text/event-stream')
        answer = Answer(response.status, response.getheaders(), b'' if endless else response.read())
        if response.will_close or endless:
            self.close()
        return answer

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def get(self, path, **more):
        return self.send('GET', path, **more)

    def post(self, path, body=None, **more):
        return self.send('POST', path, body, **more)

    def must(self, method, path, body=None, status=None):
        """For what a test needs and is not about."""
        answer = self.send(method, path, body)
        if answer.status // 100 != 2 or (status and answer.status != status):
            raise AssertionError(f'{method} {path} {body}: {answer!r}')
        return answer.json


class Server:
    def __init__(self, program, *options, store=None, tls=None):
        self.program = str(program)
        self.folder = None if store else tempfile.mkdtemp(prefix='onetill-e2e-', dir=FOLDER)
        self.store = store or str(pathlib.Path(self.folder) / 'shop.db')
        self.tls = tls  # a context for clients
        self.log = open(f'{self.store}.log' if self.store != 'memory:' else os.devnull, 'a+b')
        self.process = subprocess.Popen(
            [self.program, 'serve', '--store', self.store, '--listen', '127.0.0.1:0', *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
        ready = self.process.stdout.readline().decode().split()
        if not ready or ready[0] != 'ready':
            raise AssertionError(f'the server did not become ready: {self.errors()}')
        self.port = int(ready[1].rsplit(':', 1)[1])

    def connect(self, timeout=TIMEOUT_S):
        if self.tls:
            return http.client.HTTPSConnection('127.0.0.1', self.port, timeout=timeout, context=self.tls)
        return http.client.HTTPConnection('127.0.0.1', self.port, timeout=timeout)

    def socket(self, timeout=TIMEOUT_S):
        return socket.create_connection(('127.0.0.1', self.port), timeout)

    def raw(self, data, timeout=TIMEOUT_S):
        """Sends bytes, closes the sending side, returns whatever comes until the end."""
        parts = []
        with self.socket(timeout) as wire:
            with contextlib.suppress(OSError):
                wire.sendall(data)
                wire.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                while part := wire.recv(65536):
                    parts.append(part)
        return b''.join(parts)

    @property
    def operator_token(self):
        return pathlib.Path(f'{self.store}.operator-token').read_text().strip()

    def operator(self):
        return Client(self, self.operator_token)

    def token(self, kind, subject, number=1):
        """A token from the key file, as `onetill token` spells it."""
        done = subprocess.run([self.program, 'token', '--store', self.store, '--kind', kind, '--id', str(subject),
                               '--token-id', str(number)], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def alive(self):
        return self.process.poll() is None

    def errors(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read().decode('utf-8', 'replace')

    def stop(self, number=signal.SIGTERM):
        """The exit status."""
        if self.alive():
            self.process.send_signal(number)
        try:
            return self.process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None

    def audit(self):
        """None when the books hold, the first discrepancy otherwise."""
        done = subprocess.run([self.program, 'audit', '--store', self.store, '--json'], capture_output=True, text=True,
                              check=False)
        if done.returncode == 0 and json.loads(done.stdout)['ok']:
            return None
        return f'audit ended with {done.returncode}: {done.stdout} {done.stderr}'

    def close(self):
        self.stop()
        self.process.stdout.close()
        self.log.close()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


class Side:
    """One merchant with all that hangs below it, and one shopper. Two of them must not learn of one another."""

    def __init__(self, server, operator, number):
        self.server, self.operator, self.number = server, operator, number
        self.secret = f'secret-{number}-{number}'  # stands in everything that only this side may see
        self.merchant, self.shop, self.other_shop = str(number), str(number * 10 + 1), str(number * 10 + 2)
        self.terminal, self.shopper = str(number * 100 + 1), str(number * 1000 + 1)
        must = operator.must
        must('POST', '/v1/merchants', {'merchant_id': self.merchant, 'name': self.secret})
        for shop in (self.shop, self.other_shop):
            must('POST', '/v1/shops', {'shop_id': shop, 'merchant_id': self.merchant, 'name': self.secret})
        must('POST', '/v1/terminals', {'terminal_id': self.terminal, 'shop_id': self.shop, 'name': self.secret})
        must('POST', '/v1/shoppers', {'shopper_id': self.shopper, 'name': self.secret,
                                      'no_password_limit_minor': 100000})
        must('POST', f'/v1/shoppers/{self.shopper}/wallet/top_up', {'amount_minor': 50000000})
        self.serial = itertools.count(1)
        self.lock = threading.Lock()
        self.tokens = {kind: server.token(kind, subject, number * 1000 + place) for place, (kind, subject) in
                       enumerate((('merchant', self.merchant), ('shop', self.shop), ('terminal', self.terminal),
                                  ('shopper', self.shopper)))}

    def client(self, kind):
        return Client(self.server, self.tokens[kind])

    def next(self, prefix='e'):
        with self.lock:
            return f'{prefix}{self.number}-{next(self.serial)}'

    def pay_code(self):
        """A fresh one: a device shows one code a minute, so each payment gets a device of its own."""
        device = self.operator.must('POST', f'/v1/shoppers/{self.shopper}/devices', {})['device_id']
        path = f'/v1/shoppers/{self.shopper}/devices/{device}/pay_code'
        return self.operator.must('GET', path)['pay_code']

    def pay_body(self, amount=1000, shop=None):
        return {'shop_id': shop or self.shop, 'out_trade_no': self.next(), 'amount_minor': amount,
                'subject': self.secret, 'pay_code': self.pay_code()}

    def paid(self, amount=1000):
        return self.operator.must('POST', '/v1/trades/pay', self.pay_body(amount))

    def opened(self, amount=1000):
        return self.operator.must('POST', '/v1/trades', {'shop_id': self.shop, 'out_trade_no': self.next(),
                                                         'amount_minor': amount, 'subject': self.secret})

    def waiting(self):
        """A scanned trade above the limit: it waits for its shopper."""
        trade = self.paid(150000)
        assert trade['state'] == 'WAIT_BUYER_PAY', trade
        return trade

    def campaign(self, money=10000):
        campaign = self.operator.must('POST', '/v1/campaigns', campaign_body(self.shop, self.next('Offer ')))
        if money:
            self.operator.must('POST', f'/v1/campaigns/{campaign["campaign_id"]}/fund', {'platform_minor': money})
        return campaign

    def ended_campaign(self):
        """One that is in nobody's way: a shop has only a few live ones."""
        campaign = self.campaign(0)
        self.operator.must('POST', f'/v1/campaigns/{campaign["campaign_id"]}/end')
        return campaign

    def device(self):
        return self.operator.must('POST', f'/v1/shoppers/{self.shopper}/devices', {})['device_id']

    def issued(self):
        return self.operator.must('POST', '/v1/tokens', {'caller_kind': 'shop', 'caller_id': self.shop,
                                                         'name': self.secret})

    def endpoint(self):
        return self.operator.must('POST', '/v1/webhooks', {'merchant_id': self.merchant,
                                                           'url': f'https://127.0.0.1:9/{self.secret}'})


def campaign_body(shop, name):
    return {'name': name, 'kind': 'percentage', 'percent_bp': 5000, 'cap_minor': 300,
            'starts_at': '2014-01-01T00:00:00Z', 'ends_at': '2014-02-01T00:00:00Z',
            'targets': [{'kind': 'shop', 'id': shop}]}
