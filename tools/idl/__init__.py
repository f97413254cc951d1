# SPDX-License-Identifier: BSD-2-Clause
"""The compiler of the interface language; tools/lykos-idl is its command. docs/idl.md describes the language.

In reading order: model.py (what a file says), syntax.py with grammar.lark (text to model), load.py (files and their imports);
check.py, check_types.py and check_kernel.py (is it right); text.py (names and lines of what is made); kernel.py,
kernel_tables.py, kernel_stubs.py and kernel_page.py (what is made for the kernel); c_types.py, client.py and server.py
(what is made for servers), page.py (their reference pages).
numbers.py reads only the numbers of the kernel, without all this, for other tools.
"""
