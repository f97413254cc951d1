# SPDX-License-Identifier: BSD-2-Clause
"""The kit, with which servers are written outside of the tree (docs/kit.md). tools/lykos and tools/make-kit are the programs.

project.py   a new project from the template
testing.py   `make test` of a project: boots, and judges what is printed
faults.py    reports of faults, and where in the sources they are
exercise.py  the exercises of the book: a folder to work in
grading.py   and the points that it has
pack.py      what the kit is made of, as an archive whose bytes depend on nothing else
"""
