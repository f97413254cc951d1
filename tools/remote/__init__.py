# SPDX-License-Identifier: BSD-2-Clause
"""The host's side of the ports through which virsh reaches Lykos: where they are and which is free (ports), the messages that go
over them (wire), and libvirt's own daemon, to compare with (libvirtd)."""
