-- SPDX-License-Identifier: BSD-2-Clause
-- For test.lua: a file that is run from within itself.
again()
