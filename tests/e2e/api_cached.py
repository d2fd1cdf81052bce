# SPDX-License-Identifier: Apache-2.0
"""What recipes make once for each side: there may be only a few of it."""

import functools


def cached(make):
    name = f'_{make.__module__}_{make.__name__}'

    @functools.wraps(make)
    def wrapped(side):
        if not hasattr(side, name):
            setattr(side, name, make(side))
        return getattr(side, name)
    return wrapped
