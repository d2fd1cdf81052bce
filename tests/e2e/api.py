#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""api.py ONETILL SOURCES [CLASS…]: the API of a real server, from outside. Prints TAP."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'tools'))

# pylint: disable=wrong-import-position
import api_access
import api_input
import api_operations
import api_tokens
import api_weather
import api_years
import tap

CLASSES = (api_operations.Operations, api_operations.Keys, api_operations.Pages, api_input.Input,
           api_input.Refusals, api_access.Access, api_tokens.Tokens, api_years.Years, api_weather.Weather,
           api_weather.Tls, api_weather.Stopping, api_weather.RealClock)


def main(arguments):
    api_operations.Till.program = arguments[0]
    api_operations.Till.sources = pathlib.Path(arguments[1])
    wanted = [one for one in CLASSES if not arguments[2:] or one.__name__ in arguments[2:]]
    return tap.run(*wanted)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
