# SPDX-License-Identifier: BSD-2-Clause
"""The parts of tools/test, one module for each kind. core.py has what they share."""
