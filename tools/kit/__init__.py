# SPDX-License-Identifier: BSD-2-Clause
"""The kit, with which servers are written outside of the tree (docs/kit.md). tools/lykos and tools/make-kit are the programs.

project.py   a new project from the template
testing.py   `make test` of a project: boots, and judges what is printed
pack.py      what the kit is made of, as an archive whose bytes depend on nothing else
"""
