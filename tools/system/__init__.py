# SPDX-License-Identifier: BSD-2-Clause
"""The system description: read, checked, written as the table that init reads, drawn. tools/lykos-system is the program.

words.py     what is wrong, and where; numbers shared with init
system.lark  the grammar: a line of a description
reading.py   lines into programs
model.py     programs and what they are given
checks.py    what must hold of all programs together; needs.py and waits.py are two of the checks
table.py     the table
graph.py     the picture
"""
