# SPDX-License-Identifier: BSD-2-Clause
"""gdb's commands for Lykos. Read them in this order: abi, memory, layout (what stands where), objects (processes, endpoints,
capabilities), messages (invocations in words), space (address spaces), programs and stack (symbols, back-traces), waits, machine,
commands. Loaded by tools/lykos-gdb.py, inside gdb, under the name `lykos`."""
