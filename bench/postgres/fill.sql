-- SPDX-License-Identifier: Apache-2.0
INSERT INTO account SELECT i, 100000000 FROM generate_series(1, 100000) i;
INSERT INTO account SELECT 10000000 + i, 0 FROM generate_series(1, 2000) i;
INSERT INTO account SELECT 20000000 + i, 1000000000000000 FROM generate_series(1, 2000) i;
VACUUM ANALYZE;
