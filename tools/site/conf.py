# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx builds the site from what tools/make-site has prepared."""

project = "Cobble"
copyright = ""  # pylint: disable=redefined-builtin
extensions = ["myst_parser"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
# Headings have the names that GitHub gives them.
myst_heading_anchors = 4
# A lexer that does not know `…` still shows the block.
suppress_warnings = ["misc.highlighting_failure"]
smartquotes = False

html_theme = "furo"
html_title = "Cobble"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_use_index = False
pygments_style = "friendly"
pygments_dark_style = "native"
html_theme_options = {"source_repository": ""}
