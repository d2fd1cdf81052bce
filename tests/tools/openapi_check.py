#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks an OpenAPI 3.1 description: openapi_check.py COMMAND [ARGUMENT…], which prints it. Prints TAP.

Structure only, without a network: what is required is there, each reference leads somewhere, each component is used,
names are unique, parameters of paths are declared, schemas are JSON Schema 2020-12 where python3-jsonschema is there.
"""

import json
import re
import subprocess
import sys

import tap

METHODS = ('get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace')


def operations(document):
    for path, item in document['paths'].items():
        for method, operation in item.items():
            yield f'{method.upper()} {path}', path, method, operation


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get('$ref'), str):
            yield node['$ref']
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolve(document, reference):
    """What a local reference points to, or None."""
    node = document
    if not reference.startswith('#/'):
        return None
    for part in reference[2:].split('/'):
        part = part.replace('~1', '/').replace('~0', '~')
        if not isinstance(node, dict) or part not in node:
            return None
        node = node[part]
    return node


def check_head(document):
    if document.get('openapi') != '3.1.0':
        yield 'openapi is not 3.1.0'
    for member in ('title', 'version'):
        if not isinstance(document.get('info', {}).get(member), str):
            yield f'info.{member} is missing'
    if not document.get('paths'):
        yield 'there are no paths'


def check_references(document):
    for reference in sorted(set(references(document))):
        if resolve(document, reference) is None:
            yield f'{reference} leads nowhere'


def check_components_used(document):
    used = set(references(document))
    for kind, parts in document['components'].items():
        for name in parts:
            if not re.fullmatch(r'[A-Za-z0-9._-]+', name):
                yield f'components/{kind}/{name}: not a name for a component'
            if kind != 'securitySchemes' and f'#/components/{kind}/{name}' not in used:
                yield f'components/{kind}/{name} is used by nobody'


def check_paths(document):
    shapes = {}
    for path, item in document['paths'].items():
        if not path.startswith('/'):
            yield f'{path} does not begin with a slash'
        shape = re.sub(r'\{[^}]*\}', '{}', path)
        if shape in shapes:
            yield f'{path} is the same as {shapes[shape]}'
        shapes[shape] = path
        for method in item:
            if method not in METHODS:
                yield f'{path}: {method} is no method'


def check_operations(document):
    names = {}
    for where, _, method, operation in operations(document):
        name = operation.get('operationId', '')
        if not re.fullmatch(r'[a-z][a-z0-9_]*', name):
            yield f'{where}: operationId {name!r}'
        if name in names:
            yield f'{where}: {name} is the operation of {names[name]}'
        names[name] = where
        if not operation.get('summary'):
            yield f'{where}: no summary'
        if not any(re.fullmatch('2[0-9][0-9]', status) for status in operation['responses']):
            yield f'{where}: no answer of success'
        if not any(status.startswith('4') for status in operation['responses']):
            yield f'{where}: no answer of refusal'
        if method in ('get', 'delete', 'head') and 'requestBody' in operation:
            yield f'{where}: a body where none belongs'


def parameters(document, operation):
    for parameter in operation.get('parameters', ()):
        yield resolve(document, parameter['$ref']) if '$ref' in parameter else parameter


def check_parameters(document):
    for where, path, _, operation in operations(document):
        found = list(parameters(document, operation))
        keys = [(parameter['in'], parameter['name']) for parameter in found]
        if len(keys) != len(set(keys)):
            yield f'{where}: a parameter is declared twice'
        wanted = set(re.findall(r'\{([^}]*)\}', path))
        given = {parameter['name'] for parameter in found if parameter['in'] == 'path'}
        for name in sorted(wanted ^ given):
            yield f'{where}: {name} is {"not declared" if name in wanted else "not in the path"}'
        for parameter in found:
            if parameter['in'] == 'path' and parameter.get('required') is not True:
                yield f'{where}: {parameter["name"]} is in the path and not required'
            if 'schema' not in parameter:
                yield f'{where}: {parameter["name"]} has no schema'


def check_keys(document):
    """What changes something says how it is repeated safely: a key, or none by its method; lists how old they are."""
    for where, _, method, operation in operations(document):
        names = {parameter['name'] for parameter in parameters(document, operation)}
        if 'Idempotency-Key' in names and method == 'get':
            yield f'{where}: reading takes no key'
        if 'cursor' in names and 'Onetill-Read-Age-Ms' not in json.dumps(operation['responses']):
            yield f'{where}: does not say how old a list may be'
        if 'Idempotency-Key' in names and 'Idempotent-Replayed' not in json.dumps(operation['responses']):
            yield f'{where}: does not tell repeats apart'


def check_required(document):
    for name, schema in document['components']['schemas'].items():
        for member in schema.get('required', ()):
            if member not in schema.get('properties', {}):
                yield f'{name}: {member} is required and not described'


def check_schemas(document):
    for name, schema in document['components']['schemas'].items():
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            yield f'{name}: {error.message}'
    for where, _, _, operation in operations(document):
        for parameter in parameters(document, operation):
            try:
                jsonschema.Draft202012Validator.check_schema(parameter['schema'])
            except jsonschema.SchemaError as error:
                yield f'{where}: {parameter["name"]}: {error.message}'


CHECKS = (
    ('the head is there', check_head),
    ('each reference leads somewhere', check_references),
    ('each component is used', check_components_used),
    ('each path is there once', check_paths),
    ('each operation has a name, a summary and answers', check_operations),
    ('parameters are declared', check_parameters),
    ('keys are where they belong', check_keys),
    ('required members are described', check_required),
)


def unique(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError('twice: ' + ', '.join(sorted({name for name in names if names.count(name) > 1})))
    return members


def main(command):
    report = tap.Report()
    printed = subprocess.run(command, check=True, capture_output=True).stdout
    try:
        document = json.loads(printed, object_pairs_hook=unique)
    except ValueError as error:
        report.case('it is JSON', [str(error)])
        return report.end()
    report.case('it is JSON', [])
    for name, check in CHECKS:
        report.case(name, list(check(document)))
    if jsonschema is None:
        report.case('schemas are JSON Schema', [], skip='python3-jsonschema is not installed')
    else:
        report.case('schemas are JSON Schema', list(check_schemas(document)))
    return report.end()


try:
    import jsonschema
except ImportError:
    jsonschema = None

if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit('usage: openapi_check.py COMMAND [ARGUMENT…]')
    sys.exit(main(sys.argv[1:]))
