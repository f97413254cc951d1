# SPDX-License-Identifier: BSD-2-Clause
"""What tools/bench is made of: what is compared with what (reference), booting and measuring (boots), the plugin's report
(events), tables for people (tables), the committed numbers (baseline), the picture (chart)."""
