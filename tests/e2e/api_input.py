# SPDX-License-Identifier: Apache-2.0
"""Input that no client should send: each gets a 4xx problem that names the field, and nothing happens."""

import json
import re
import urllib.parse

from api_operations import Till
from api_recipes import flat, resolve

BIG = 10 ** 30
DEEP = b'[' * 20000 + b']' * 20000

# By type of a schema: what it is not. Texts are JSON as it is sent, so that JSON itself can be bent as well.
NOT_TEXT = ('7', 'true', 'null', '[]', '{}', '"a\\u0000b"', '"a\\u0007b"', '"a\\nb"', '"\\ud800"')
NOT_NUMBER = ('"x"', '""', '"-"', 'true', 'null', '[]', '{}', '1.5', '1e2', '1E400', '-0.0', str(BIG), str(-BIG),
              '9223372036854775808', '-9223372036854775809', '"7"')
NOT_ID = ('"x"', '""', '"0"', '0', '-1', '"-1"', '" 1"', '"1 "', '"+1"', '"1.0"', '1.5', 'true', 'null', '[]', '{}',
          '"0x10"', '"９"', str(BIG), f'"{BIG}"', '"9223372036854775808"', '"1\\u0000"')
NOT_FLAG = ('0', '1', '"true"', 'null', '[]', '{}')
NOT_LIST = ('0', '"x"', 'null', '{}', 'true', '[1]', '["x"]', '[null]', '[[]]')
NOT_TIME = ('0', '""', '"yesterday"', '"2014-12-12"', '"2014-13-01T00:00:00Z"', '"2014-02-30T00:00:00Z"',
            '"2014-12-12T25:00:00Z"', '"2014-12-12T10:00:00"', '"99999-01-01T00:00:00Z"', 'null', '[]', '{}')


def wrong_values(schema, required=True):
    """Texts of JSON that are no value of the schema. What may be left out may also be null."""
    return [value for value in _wrong_values(schema) if required or value != 'null']


def _wrong_values(schema):
    kinds = schema.get('type', 'object')
    if kinds == ['string', 'integer']:
        values = list(NOT_ID)
        if 'maximum' in schema:
            values += [str(schema['maximum'] + 1), f'"{schema["maximum"] + 1}"']
    elif kinds == 'integer':
        values = list(NOT_NUMBER)
        values += [str(schema['minimum'] - 1)] if 'minimum' in schema else []
        values += [str(schema['maximum'] + 1)] if 'maximum' in schema else []
    elif kinds == 'boolean':
        values = list(NOT_FLAG)
    elif kinds == 'array':
        values = list(NOT_LIST) + ['[' + ','.join(['{}'] * (schema.get('maxItems', 8) + 1)) + ']']
    elif schema.get('format') == 'date-time':
        values = list(NOT_TIME)
    else:
        values = list(NOT_TEXT)
        if 'enum' in schema:
            values += ['""', '"nonsense"']
        if schema.get('minLength'):
            values.append('""')
        if 'maxLength' in schema:
            values += ['"' + 'x' * (schema['maxLength'] + 1) + '"', '"' + '好' * (schema['maxLength'] // 3 + 1) + '"',
                       '"' + 'x' * 60000 + '"']
    return values


def write(members):
    text = ','.join(f'"{name}":{value}' for name, value in members.items())
    return f'{{{text}}}'.encode('utf-8', 'surrogatepass')


class Input(Till):
    def members(self, operation):
        body = operation.recipe(self.ours)[2] or {}
        return {name: json.dumps(value) for name, value in body.items()}

    def refused(self, operation, path, body, what, field=None, query=None, **more):
        """One request; what was wrong with the answer, or nothing."""
        url = operation.url(path, query or {})
        answer = self.operator.send(operation.method, url, body, key=operation.keyed, **more)
        where = f'{operation.name} {what}'
        if not 400 <= answer.status < 500:
            return [f'{where}: {answer!r}']
        self.problem_check(answer, where)
        if answer.code == 'malformed_json':  # the body cannot be read at all: the place is named
            return [] if 'line ' in answer.json['detail'] or not body.strip() or field is None \
                else [f'{where}: does not say where: {answer!r}']
        if field is not None and not any(named and (named == field or named.startswith((f'{field}.', f'{field}[')))
                                         for named in answer.fields):
            return [f'{where}: does not name {field}: {answer!r}']
        return []

    def test_wrong_values_of_each_member(self):
        wrong, count = [], 0
        for operation in self.operations:
            if not operation.body_schema:
                continue
            path = operation.recipe(self.ours)[0]
            members = self.members(operation)
            for name, schema in operation.body_schema['properties'].items():
                for value in wrong_values(resolve(self.document, schema),
                                          name in operation.body_schema['required']):
                    count += 1
                    wrong += self.refused(operation, path, write(dict(members, **{name: value})),
                                          f'{name}={value[:60]}', name)
            for name in operation.body_schema['required']:
                less = {key: value for key, value in members.items() if key != name}
                wrong += self.refused(operation, path, write(less), f'without {name}', name)
            for name in ('colour', 'Amount_minor', '', 'amount_minor ', '__proto__', 'x' * 5000, 'a.b', '名'):
                wrong += self.refused(operation, path, write(dict(members, **{name: '1'})), f'with {name[:20]}')
        self.nothing(wrong)
        self.assertGreater(count, 1000)

    def test_elements_of_lists(self):
        wrong = []
        for operation in self.operations:
            for name, schema in (operation.body_schema or {'properties': {}})['properties'].items():
                if schema.get('type') != 'array':
                    continue
                element = flat(self.document, schema['items'])
                path, members = operation.recipe(self.ours)[0], self.members(operation)
                for inner, inner_schema in element['properties'].items():
                    for value in wrong_values(resolve(self.document, inner_schema),
                                              inner in element['required']):
                        body = write(dict(members, **{name: f'[{{"{inner}":{value}}}]'}))
                        wrong += self.refused(operation, path, body, f'{name}[0].{inner}={value[:40]}', name)
        self.nothing(wrong)

    def test_bodies_that_are_no_json_object(self):
        bodies = {
            'nothing': b'', 'blank': b'   ', 'half': b'{"a":', 'list': b'[]', 'text': b'"x"', 'number': b'7',
            'null': b'null', 'two': b'{}{}', 'garbage behind': b'{} x', 'single quotes': b"{'a':1}",
            'comma': b'{"a":1,}', 'invalid UTF-8': b'{"name":"\xff\xfe"}', 'overlong': b'{"name":"\xc0\xaf"}',
            'surrogate': b'{"name":"\xed\xa0\x80"}', 'BOM': b'\xef\xbb\xbf{}', 'zero': b'{"name":"a\x00b"}',
            'zeros': b'\0' * 50,
            'deep lists': DEEP, 'deep objects': b'{"a":' * 9000 + b'1' + b'}' * 9000,
            'deep in a member': b'{"name":' + DEEP + b'}',
            'open deep': b'[' * 60000, 'twice': b'{"name":"a","name":"b"}', 'NaN': b'{"amount_minor":NaN}',
            'Infinity': b'{"amount_minor":-Infinity}', 'hex': b'{"amount_minor":0x10}',
            'leading zero': b'{"amount_minor":007}',
            'huge': b'{"amount_minor":' + b'9' * 50000 + b'}', 'huge exponent': b'{"amount_minor":1e99999999}',
            'form': b'amount_minor=1&shop_id=2', 'xml': b'<?xml version="1.0"?><a/>',
        }
        wrong = []
        for operation in self.operations:
            if not operation.body_schema:
                continue
            path = operation.recipe(self.ours)[0]
            for what, body in bodies.items():
                if body.strip() == b'' and not operation.body_schema['required']:
                    continue
                wrong += self.refused(operation, path, body, what)
        self.nothing(wrong)

    def test_a_member_given_twice(self):
        for operation in self.operations:
            if operation.body_schema and operation.body_schema['required']:
                members = self.members(operation)
                name = operation.body_schema['required'][0]
                body = write(members)[:-1] + f',"{name}":{members[name]}}}'.encode()
                self.assertEqual(self.refused(operation, operation.recipe(self.ours)[0], body, f'{name} twice'), [])

    def test_content_types(self):
        wrong = []
        for operation in self.operations:
            if not operation.body_schema:
                continue
            path, _, body = operation.recipe(self.ours)
            for kind in (None, 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x',
                         'application/jsonx', 'text/json', 'application/json+x', ''):
                answer = self.operator.send(operation.method, operation.url(path, {}), body or {}, key=operation.keyed,
                                            headers={'Content-Type': kind})
                if (answer.status, answer.code) != (415, 'type_unsupported'):
                    wrong.append(f'{operation.name} {kind}: {answer!r}')
        self.nothing(wrong)
        answer = self.operator.post('/v1/trades/preview', {'shop_id': self.ours.shop, 'amount_minor': 5},
                                    headers={'Content-Type': 'Application/JSON; charset=utf-8'})
        self.assertEqual(answer.status, 200)

    def test_paths_and_queries(self):
        wrong = []
        for operation in self.operations:
            path, query, body = operation.recipe(self.ours)
            for parameter in operation.parameters:
                name, schema = parameter['name'], parameter['schema']
                if parameter['in'] == 'header' or schema.get('type') == 'string' and name in ('cursor', 'text'):
                    continue
                values = ['x', '', '-1', '0', '1.5', str(BIG), '%', 'a\0b', '\x7f', '名', 'x' * 3000, ' 1',
                          '9223372036854775808']
                if schema.get('type') == 'string' and 'enum' not in schema and 'format' not in schema:
                    values = ['a\0b', '\x01', 'x' * 3000, '']  # any other text is a number that is not known
                values = [value for value in values
                          if value not in ('-1', '0') or int(value) < schema.get('minimum', 1)]
                for value in values:
                    if parameter['in'] == 'path':
                        got = self.refused(operation, dict(path, **{name: value}), body, f'{name}={value[:30]!r}',
                                           None if value == '' else name)
                    else:
                        got = self.refused(operation, path, body, f'?{name}={value[:30]!r}', name,
                                           dict(query, **{name: value}))
                    wrong += got
            if operation.method == 'GET' and not operation.open:
                if not any(content in operation.content for content in ('image/svg+xml', 'image/png',
                                                                        'text/event-stream')):
                    wrong += self.refused(operation, path, None, 'an unknown parameter', 'colour',
                                          dict(query, colour='red'))
        self.nothing(wrong)

    def test_a_body_where_none_belongs_is_no_way_in(self):
        """A command without members in its body takes none: {} or nothing."""
        trade = self.ours.paid()['trade_id']
        for body in ({'trade_id': '5'}, {'colour': 1}):
            answer = self.operator.post(f'/v1/trades/{trade}/cancel', body)
            self.assertEqual((answer.status, answer.code), (422, 'unknown_field'), body)
        self.assertEqual(self.operator.must('GET', f'/v1/trades/{trade}')['state'], 'TRADE_SUCCESS')

    def test_bytes_that_are_no_http(self):
        for data in (b'\0' * 100, b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc' + b'\xaa' * 200, b'GET\r\n\r\n',
                     b'\r\n' * 500,
                     b'GET /v1/time HTTP/9.9\r\n\r\n', b'GET /v1/time HTTP/1.1\nHost: a\n\n',
                     b'POST / HTTP/1.1\r\nHost: a\r\n'
                     b'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n',
                     b'GET /v1/time HTTP/1.1\r\n\r\n',
                     b'POST /v1/trades/pay HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\nhello',
                     b'POST /v1/trades/pay HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
                     b'zz\r\nhello\r\n0\r\n\r\n'):
            told = self.server.raw(data, 5)
            self.assertNotIn(b' 500 ', told[:20], data)
        self.assertEqual(self.operator.get('/healthz').status, 200)

    def test_zzz_and_nothing_of_all_that_happened(self):
        """Runs last: no 5xx was said, nobody was made twice, the metrics agree."""
        metrics = self.operator.get('/metrics').body.decode()
        said = re.search(r'^onetill_http_answers_server_error_total (\d+)$', metrics, re.MULTILINE)
        self.assertEqual(said[1], '0')
        self.assertEqual(self.operator.get('/healthz').status, 200)


class Refusals(Till):
    """Magic amounts: with the policy's sandbox each refusal can be provoked by an amount."""

    def test_every_refusal_by_its_amount(self):
        text = (self.sources / 'engine' / 'refusal.def').read_text()
        refusals = re.findall(r'^REFUSAL\((\w+), (\d+), (\d+), "([^"]*)"', text, re.MULTILINE)
        self.assertGreater(len(refusals), 40)
        policy = self.operator.must('GET', '/v1/policy')
        body = self.ours.pay_body()
        plain = self.operator.post('/v1/trades/pay', dict(self.ours.pay_body(), amount_minor=99000060))
        self.assertEqual((plain.status, plain.json['state']), (201, 'WAIT_BUYER_PAY'))  # only in a sandbox
        self.operator.must('PUT', '/v1/policy', dict(policy, sandbox=True))
        for name, number, status, field in refusals:
            if name == 'none':
                continue
            for path, more in (('/v1/trades/pay', {'pay_code': body['pay_code']}), ('/v1/trades', {})):
                answer = self.operator.post(path, {'shop_id': self.ours.shop, 'out_trade_no': self.ours.next('magic'),
                                                   'amount_minor': 99000000 + int(number), **more})
                self.assertEqual((answer.status, answer.code), (int(status), name))
                self.assertEqual(answer.json.get('field', ''), field, name)
                self.problem_check(answer, name)
            top_up = self.operator.post(f'/v1/shoppers/{self.ours.shopper}/wallet/top_up',
                                        {'amount_minor': 99000000 + int(number)})
            self.assertEqual(top_up.code, name)
        self.operator.must('PUT', '/v1/policy', policy)
        self.assertEqual(urllib.parse.urlparse(answer.json['type']).path, f'/problems/{name}')
