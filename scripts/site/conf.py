"""Sphinx's settings for the documentation site. scripts/docs_site.py puts this file beside the pages."""

# pylint: disable=invalid-name
# The names are Sphinx's.
from pygments.lexers import TextLexer
from sphinx.highlighting import lexers

# Pygments knows no CSV.
lexers["csv"] = TextLexer()

project = "cloudops.ovh"
author = "The cloudops.ovh authors"
# pylint: disable-next=redefined-builtin
copyright = "The cloudops.ovh authors"
title = html_title = html_short_title = "cloudops.ovh"
extensions = ["sphinx_antsibull_ext", "sphinx.ext.intersphinx", "myst_parser"]
exclude_patterns = ["templates"]
root_doc = "index"
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
# Headings of Markdown pages as targets of links, as sites that host repositories make them.
myst_heading_anchors = 4
# What Ansible's own documentation is asked for. The inventory is made by scripts/docs_site.py: nothing is fetched.
intersphinx_mapping = {"ansible": ("https://docs.ansible.com/ansible/latest/", "ansible.inv")}
intersphinx_disabled_reftypes: list[str] = []
nitpicky = True
highlight_language = "YAML+Jinja"
pygments_style = "ansible"
html_theme = "sphinx_ansible_theme"
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
html_use_index = False
# The theme's own banner leads to Ansible's site; the one in here leads to our first page.
templates_path = ["templates"]
html_theme_options = {"vcs_pageview_mode": "", "topbar_links": {}, "show_extranav": False}
