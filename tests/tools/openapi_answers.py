#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls every operation that a server describes and holds each answer against the description.

openapi_answers.py PROGRAM starts `PROGRAM serve` on a store of its own. Requests are made from the schemas: whatever is
required, with the smallest value that is allowed. Whether the business says yes or no, status and body must be what the
description announces. Prints TAP, one case for each operation.
"""

import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import tap

# What others hang on comes first, what ends something last.
FIRST = ('merchant_create', 'shop_create', 'terminal_create', 'shopper_create')
NOT_JSON = ('metrics_read', 'openapi_read')


class Server:
    def __init__(self, program, folder):
        store = pathlib.Path(folder) / 'till'
        self.process = subprocess.Popen([program, 'serve', '--store', store, '--listen', '127.0.0.1:0', '--test-clock'],
                                        stdout=subprocess.PIPE, text=True)
        ready = re.match(r'ready (\S+)', self.process.stdout.readline())
        if ready is None:
            sys.exit('openapi_answers.py: the server does not start')
        self.address = ready[1]
        self.token = (pathlib.Path(folder) / 'till.operator-token').read_text().strip()
        self.calls = 0

    def ask(self, method, path, body=None):
        """Status, content type and body."""
        self.calls += 1
        headers = {'Authorization': f'Bearer {self.token}', 'Idempotency-Key': f'answers-{self.calls}'}
        data = None
        if body is not None:
            headers['Content-Type'] = 'application/json'
            data = json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, method=method, headers=headers, data=data)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.headers.get_content_type(), answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers.get_content_type(), answer.read()

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


def resolve(document, node):
    while '$ref' in node:
        found = document
        for part in node['$ref'][2:].split('/'):
            found = found[part]
        node = found
    return node


def value_for(document, schema):
    schema = resolve(document, schema)
    kinds = schema['type'] if isinstance(schema['type'], list) else [schema['type']]
    if 'enum' in schema:
        return schema['enum'][0]
    if kinds[0] == 'object':
        return {name: value_for(document, schema['properties'][name]) for name in schema['required']}
    if kinds[0] == 'array':
        return [value_for(document, schema['items'])]
    if kinds[0] == 'integer':
        return max(schema.get('minimum', 1), 1)
    if kinds[0] == 'boolean':
        return True
    if 'integer' in kinds:
        return '1'
    if 'pattern' in schema:
        return '0' * int(re.search(r'\{(?:\d+,)?(\d+)\}', schema['pattern'])[1])
    return {'date-time': '2014-12-12T10:00:00Z', 'date': '2014-12-12'}.get(schema.get('format'), 'x')


def request_for(document, path, operation):
    """The path with its parameters, and the body."""
    parameters = [resolve(document, parameter) for parameter in operation['parameters']]
    query = [f'{one["name"]}={value_for(document, one["schema"])}' for one in parameters
             if one['in'] == 'query' and one['required']]
    for one in parameters:
        if one['in'] == 'path':
            path = path.replace('{' + one['name'] + '}', '1')
    body = None
    if 'requestBody' in operation:
        body = value_for(document, operation['requestBody']['content']['application/json']['schema'])
        if operation['operationId'] in FIRST:
            body[operation['operationId'].split('_')[0] + '_id'] = '1'
    return path + ('?' + '&'.join(query) if query else ''), body


def findings(document, operation, answer):
    status, kind, body = answer
    responses = operation['responses']
    response = responses.get(str(status)) or responses.get(f'{status // 100}XX')
    if response is None or status >= 500:
        return [f'{status} is not announced: {body[:300]}']
    content = resolve(document, response)['content']
    if kind not in content:
        return [f'{kind} is not announced']
    if 'json' not in kind:
        return []
    schema = {**content[kind]['schema'], 'components': document['components']}
    value = json.loads(body)
    errors = jsonschema.Draft202012Validator(schema).iter_errors(value)
    found = [f'{error.json_path}: {error.message}' for error in errors]
    if status < 300:
        found += unknown_members(document, content[kind]['schema'], value, '$')
    return found


def unknown_members(document, schema, value, where):
    """Members of an answer that the description keeps quiet about."""
    schema = resolve(document, schema)
    properties = dict(schema.get('properties', {}))
    for part in schema.get('allOf', ()):
        properties.update(resolve(document, part)['properties'])
    if not properties or not isinstance(value, dict):
        return
    for name, member in value.items():
        if name not in properties:
            yield f'{where}.{name} is not described'
            continue
        inner = resolve(document, properties[name])
        for index, element in enumerate(member if isinstance(member, list) else ()):
            yield from unknown_members(document, inner['items'], element, f'{where}.{name}[{index}]')


def ordered(document):
    operations = [(method, path, operation) for path, item in document['paths'].items()
                  for method, operation in item.items() if operation['operationId'] not in NOT_JSON]
    rank = {name: place for place, name in enumerate(FIRST)}
    return sorted(operations, key=lambda one: (rank.get(one[2]['operationId'], len(FIRST)), one[0] == 'delete'))


def main(program):
    report = tap.Report()
    if jsonschema is None:
        report.case('answers are as described', [], skip='python3-jsonschema is not installed')
        return report.end()
    with tempfile.TemporaryDirectory(prefix='onetill-answers-') as folder:
        server = Server(program, folder)
        document = json.loads(server.ask('GET', '/v1/openapi.json')[2])
        succeeded = 0
        for method, path, operation in ordered(document):
            target, body = request_for(document, path, operation)
            answer = server.ask(method.upper(), target, body)
            succeeded += answer[0] < 300
            report.case(f'{operation["operationId"]} answers {answer[0]} as described',
                        findings(document, operation, answer))
        few = [] if succeeded >= 10 else [f'only {succeeded} operations succeeded: this test proves too little']
        report.case('enough operations succeed', few)
        status = server.close()
        report.case('the server ends well', [] if status == 0 else [f'it ended with {status}'])
    return report.end()


try:
    import jsonschema
except ImportError:
    jsonschema = None

if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit('usage: openapi_answers.py PROGRAM')
    sys.exit(main(sys.argv[1]))
