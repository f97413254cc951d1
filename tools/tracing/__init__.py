# SPDX-License-Identifier: BSD-2-Clause
"""From what the tracer wrote to a timeline that is looked at (docs/tracing.md): names.py knows what the numbers mean, stream.py
reads the records, timeline.py finds out from them who did what when, chrome.py, page.py and picture.py show that;
album.py has the pictures of docs."""
