# SPDX-License-Identifier: Apache-2.0
"""Every operation succeeds and answers what the description says; keys, methods and pages behave."""

import concurrent.futures
import threading
import time
import unittest

import jsonschema

from api_recipes import flat, operations, resolve
from till import Client, Server, Side


class Till(unittest.TestCase):
    """A server with two sides that know nothing of one another. Subclasses share the program, not the server."""

    program = None
    sources = None
    stopped = False  # whether a test stops the server itself
    options = ('--test-clock', '--test-clock-start', '2014-12-12T02:00:00Z')

    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls.program, *cls.options)
        cls.operator = cls.server.operator()
        cls.document = Client(cls.server).get('/v1/openapi.json').json
        cls.operations = list(operations(cls.document))
        cls.problem = jsonschema.Draft202012Validator(cls.document['components']['schemas']['Problem'])
        cls.ours, cls.theirs = Side(cls.server, cls.operator, 1), Side(cls.server, cls.operator, 2)

    def setUp(self):
        if not self.stopped and not self.server.alive():
            self.skipTest('the server has ended; the class fails')

    @classmethod
    def tearDownClass(cls):
        """Whatever a class did, the server is still there, said no 5xx and keeps the books."""
        try:
            alive = cls.server.alive() or cls.stopped
            status = cls.server.stop()
            wrong = cls.server.audit()
            if not alive or status != 0 or wrong:
                raise AssertionError(f'alive {alive}, exit status {status}, {wrong}: {cls.server.errors()}')
        finally:
            cls.server.close()

    def nothing(self, wrong):
        """That there are no findings."""
        if wrong:
            self.fail('\n'.join([f'{len(wrong)} findings:', *wrong[:60]]))

    def problem_check(self, answer, where):
        """That it is a problem document as described, about this answer."""
        self.assertIsNotNone(answer.code, f'{where}: no problem document: {answer!r}')
        self.problem.validate(answer.json)
        self.assertEqual(answer.json['status'], answer.status, where)


def undeclared(document, schema, value, where='answer'):
    """Members of an answer that its schema does not know."""
    schema = resolve(document, schema)
    if isinstance(value, list):
        for element in value:
            yield from undeclared(document, schema.get('items', {}), element, f'{where}[]')
    elif isinstance(value, dict):
        known = flat(document, schema)['properties']
        for name, member in value.items():
            if name not in known:
                yield f'{where}.{name}'
            elif isinstance(member, (dict, list)):
                yield from undeclared(document, known[name], member, f'{where}.{name}')


class Operations(Till):
    def test_every_operation_answers_as_it_is_described(self):
        wrong = []
        resolver = jsonschema.RefResolver('', self.document)
        for operation in self.operations:
            if operation.recipe is None:
                wrong.append(f'{operation.name}: nobody knows how it succeeds (api_recipes.py)')
                continue
            answer = operation.perform(self.operator, operation.recipe(self.ours))
            content = answer.headers.get('content-type', '').partition(';')[0]
            if answer.status != operation.status or content not in operation.content:
                wrong.append(f'{operation.name}: {content} {answer!r}')
            elif content == 'application/json':
                schema = operation.content[content].get('schema', {})
                try:
                    jsonschema.Draft202012Validator(schema, resolver=resolver).validate(answer.json)
                    wrong += [f'{operation.name}: {name} is not described'
                              for name in (undeclared(self.document, schema, answer.json) if schema else ())]
                except jsonschema.ValidationError as error:
                    wrong.append(f'{operation.name}: {error.message} in {answer!r}')
        self.nothing(wrong)

    def test_head_is_get_without_a_body(self):
        for operation in self.operations:
            if operation.method != 'GET':
                continue
            path, query, _ = operation.recipe(self.ours)
            got = self.operator.get(operation.url(path, query))
            head = self.operator.send('HEAD', operation.url(path, query))
            self.assertEqual((head.status, head.body, head.headers.get('content-type')),
                             (got.status, b'', got.headers.get('content-type')), operation.name)

    def test_methods_that_are_not_offered(self):
        offered = {}
        for operation in self.operations:
            offered.setdefault(operation.path, []).append(operation)
        for path, group in offered.items():
            url = group[0].url(group[0].recipe(self.ours)[0], {})
            allowed = {operation.method for operation in group}
            options = self.operator.send('OPTIONS', url)
            self.assertEqual((options.status, options.body), (204, b''), path)
            listed = set(options.headers['allow'].split(', '))
            self.assertLessEqual(allowed, listed, path)
            for method in {'GET', 'POST', 'PUT', 'PATCH', 'DELETE'} - listed:
                answer = self.operator.send(method, url)
                self.assertEqual((answer.status, answer.code), (405, 'method_not_allowed'), f'{method} {path}')
                self.assertEqual(set(answer.headers['allow'].split(', ')), listed, path)
                self.problem_check(answer, path)

    def test_addresses_that_lead_nowhere(self):
        for path in ('/v1', '/v1/', '/v1/nothing', '/v1/trades/1/2/3', '/v1//trades', '/v1/shops/1/', '/v2/trades',
                     '/v1/%2e%2e/metrics', '/v1/../metrics', '/v1/shops/%2f'):
            answer = self.operator.get(path)
            self.assertIn(answer.status, (404, 422), path)
        self.assertEqual(self.operator.get('/v1/nothing').code, 'route_unknown')
        self.assertEqual(self.operator.get('/v1/trades/77/receipt').status, 404)

    def test_limits_of_http(self):
        pay = self.ours.pay_body()
        large = self.operator.post('/v1/trades/pay', dict(pay, subject='x' * 70000))
        self.assertEqual(large.status, 413)
        told = self.server.raw(b'POST /v1/trades/pay HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n')
        self.assertIn(b' 413 ', told.split(b'\r\n')[0])
        self.assertIn(b' 4', self.server.raw(b'GET /' + b'x' * 70000 + b' HTTP/1.1\r\nHost: a\r\n\r\n')[:12])
        self.assertIn(b' 4', self.server.raw(b'GET / HTTP/1.1\r\nHost: a\r\nX: ' + b'x' * 70000 + b'\r\n\r\n')[:12])
        self.assertIn(b' 501 ', self.server.raw(b'BREW /v1/time HTTP/1.1\r\nHost: a\r\n\r\n')[:20])
        self.operator.must('POST', '/v1/trades/pay', pay)

    def test_who_cannot_be_somebody_is_told_401(self):
        tokens = (None, '', 'x', 'ot_', 'ot_' + 'A' * 44, self.server.operator_token[:-1],
                  self.server.operator_token + 'A', self.server.operator_token.swapcase(), 'é' * 20, 'x' * 4000)
        for token in tokens:
            headers = {'Authorization': None if token is None else f'Bearer {token}'.encode()}
            answer = self.operator.get('/v1/policy', headers=headers)
            self.assertEqual((answer.status, answer.code), (401, 'unauthenticated'), repr(token))
            self.assertIn('Bearer', answer.headers['www-authenticate'])
        basic = self.operator.get('/v1/policy', headers={'Authorization': f'Basic {self.server.operator_token}'})
        self.assertEqual(basic.status, 401)

    def test_a_revoked_token_is_refused_at_once(self):
        for _ in range(20):
            issued = self.ours.issued()
            client = Client(self.server, issued['token'])
            self.assertEqual(client.get(f'/v1/shops/{self.ours.shop}').status, 200)
            revoked = self.operator.send('DELETE', f'/v1/tokens/{issued["token_id"]}')
            self.assertEqual((revoked.status, revoked.json['state']), (200, 'revoked'))
            self.assertEqual(client.get(f'/v1/shops/{self.ours.shop}').status, 401)
            again = self.operator.send('DELETE', f'/v1/tokens/{issued["token_id"]}')
            self.assertEqual(again.json, revoked.json)
            client.close()

    def test_health_and_time(self):
        health = Client(self.server).get('/healthz')
        self.assertEqual((health.status, health.json['healthy']), (200, True))
        before = Client(self.server).get('/v1/time').json
        self.assertTrue(before['test_clock'])
        self.assertEqual(before['now'][:13], '2014-12-12T02')

    def test_metrics_are_prometheus_text(self):
        answer = Client(self.server).get('/metrics')
        self.assertTrue(answer.headers['content-type'].startswith('text/plain; version=0.0.4'))
        helps, types, samples = {}, {}, {}
        for line in answer.body.decode('ascii').splitlines():
            if line.startswith('# HELP '):
                helps[line.split(' ', 3)[2]] = line
            elif line.startswith('# TYPE '):
                _, _, name, kind = line.split(' ')
                self.assertNotIn(name, types)
                types[name] = kind
            else:
                name, value = line.rsplit(' ', 1)
                self.assertNotIn(name, samples)
                samples[name] = float(value)
        self.assertGreater(len(samples), 50)
        for name in samples:
            family = name.partition('{')[0]
            for ending in ('_bucket', '_sum', '_count'):
                if types.get(family.removesuffix(ending)) == 'histogram':
                    family = family.removesuffix(ending)
            self.assertIn(family, types, name)
            self.assertIn(family, helps, name)
        self.assertGreater(samples['onetill_http_requests_total'], 0)


class Keys(Till):
    def test_the_same_again_gets_the_same_bytes(self):
        for make in (lambda: self.ours.pay_body(), lambda: dict(self.ours.pay_body(), pay_code='281234567890123456')):
            body = make()
            first = self.operator.post('/v1/trades/pay', body, key='same-' + body['out_trade_no'])
            second = self.operator.post('/v1/trades/pay', body, key='same-' + body['out_trade_no'])
            self.assertNotIn('idempotent-replayed', first.headers)
            self.assertEqual(second.headers.get('idempotent-replayed'), 'true')
            self.assertEqual((second.status, second.body), (first.status, first.body))

    def test_the_same_key_for_something_else(self):
        body = self.ours.pay_body()
        self.assertEqual(self.operator.post('/v1/trades/pay', body, key='once').status, 201)
        for path, other in (('/v1/trades/pay', dict(body, amount_minor=1001)), ('/v1/trades/preview', None),
                            ('/v1/trades', {'shop_id': self.ours.shop, 'out_trade_no': 'o', 'amount_minor': 1})):
            if other is not None:
                answer = self.operator.post(path, other, key='once')
                self.assertEqual((answer.status, answer.code), (409, 'request_reused'), path)
        spaced = self.operator.post('/v1/trades/pay', b' ' + self.ours.next().encode(), key='once')
        self.assertIn(spaced.status, (400, 409))
        shop = self.ours.client('shop')
        self.assertEqual(shop.post('/v1/trades/pay', self.ours.pay_body(), key='once').status, 201)

    def test_keys_that_are_none(self):
        body = {'name': 'Lotus'}
        for key in (None, b'', b'x' * 65, b'a b', b'\xc3\xa9', b'a\tb'):
            answer = self.operator.post('/v1/merchants', body, headers={'Idempotency-Key': key})
            self.assertEqual((answer.status, answer.code), (400, 'key_missing'), key)
            self.assertIn('Idempotency-Key', answer.fields)
        for key in ('!', '~' * 64):
            self.assertEqual(self.operator.post('/v1/merchants', body, key=key).status, 201)

    def test_twenty_at_once_take_effect_once(self):
        for _ in range(5):
            body = self.ours.pay_body()
            key = 'at-once-' + body['out_trade_no']

            def pay(_):
                client = self.server.operator()
                answer = client.post('/v1/trades/pay', body, key=key)
                client.close()
                return answer
            with concurrent.futures.ThreadPoolExecutor(20) as pool:
                answers = list(pool.map(pay, range(20)))
            self.assertEqual({answer.status for answer in answers}, {201})
            self.assertEqual(len({answer.body for answer in answers}), 1)
            fresh = [answer for answer in answers if 'idempotent-replayed' not in answer.headers]
            self.assertEqual(len(fresh), 1)

    def test_the_same_number_under_another_key_is_the_same_trade(self):
        body = self.ours.pay_body()
        first, again = (self.operator.post('/v1/trades/pay', body) for _ in range(2))
        self.assertEqual((again.status, again.json), (first.status, first.json))
        other = self.operator.post('/v1/trades/pay', dict(body, amount_minor=999))
        self.assertEqual((other.status, other.code), (409, 'trade_differs'))


class Pages(Till):
    def walk(self, client, path, limit):
        """All elements of a list, and how many pages they took."""
        found, cursor, pages = [], None, 0
        while True:
            page = client.must('GET', f'{path}?limit={limit}' + (f'&cursor={cursor}' if cursor else ''))
            self.assertLessEqual(len(page['data']), limit)
            found += page['data']
            pages += 1
            cursor = page['next_cursor']
            if cursor is None:
                return found, pages
            self.assertEqual(len(page['data']), limit)

    def test_a_list_is_whole_while_it_grows(self):
        there = [self.ours.opened()['trade_id'] for _ in range(130)]
        path = f'/v1/shops/{self.ours.shop}/trades'
        going_on = threading.Event()

        def grow():
            client = self.server.operator()
            while not going_on.is_set():
                client.post('/v1/trades', {'shop_id': self.ours.shop, 'out_trade_no': self.ours.next(),
                                           'amount_minor': 5})
                time.sleep(0.002)
            client.close()
        grower = threading.Thread(target=grow)
        grower.start()
        try:
            for limit in (1, 7, 10, 100):
                found, pages = self.walk(self.operator, path, limit)
                numbers = [int(trade['trade_id']) for trade in found]
                self.assertEqual(numbers, sorted(set(numbers), reverse=True), 'newest first, each once')
                self.assertLessEqual(set(map(int, there)), set(numbers))
                self.assertGreaterEqual(pages, len(there) // limit)
        finally:
            going_on.set()
            grower.join()

    def test_what_was_answered_is_listed(self):
        for _ in range(20):
            trade = self.ours.paid()
            listed = self.operator.must('GET', f'/v1/shops/{self.ours.shop}/trades?limit=1')['data']
            self.assertEqual(listed, [trade])
            line = self.operator.must('GET', f'/v1/shoppers/{self.ours.shopper}/wallet/statement?limit=1')['data'][0]
            self.assertEqual((line['reference_id'], line['amount_minor']), (trade['trade_id'], -1000))

    def test_cursors_are_for_going_on_only(self):
        for _ in range(3):
            self.ours.opened()
        path = f'/v1/shops/{self.ours.shop}/trades'
        cursor = self.operator.must('GET', f'{path}?limit=1')['next_cursor']
        elsewhere = ((self.ours.client('shop'), path), (self.operator, f'/v1/merchants/{self.ours.merchant}/shops'))
        wrong = [(self.operator, path, text) for text in ('', 'x', cursor[:-1], cursor + 'A', 'A' * 3000, '%00', "'--")]
        for client, where, text in wrong + [(client, where, cursor) for client, where in elsewhere]:
            answer = client.get(f'{where}?cursor={text}')
            self.assertEqual((answer.status, answer.code), (422, 'invalid_field'), f'{where} {text}')
            self.assertIn('cursor', answer.fields)
        for limit in ('0', '101', '-1', 'x', '1.5', '', '99999999999999999999'):
            answer = self.operator.get(f'{path}?limit={limit}')
            self.assertEqual((answer.status, answer.code), (422, 'invalid_field'), limit)
            self.assertIn('limit', answer.fields)
