# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The style and the script of the page. Neither has any data in it, so that both are the same in every report."""

from __future__ import annotations

#: How many rows are shown at first. Laying out thousands takes seconds; printing shows them all.
SHOWN = 300

#: Without scripts nobody could ask for the others.
NOSCRIPT_STYLE = "@media screen { tr.cut { display: table-row; } }"

#: Each text colour reaches a contrast of 4.5 on each ground it is used on; a test computes it.
STYLE = """
:root {
  color-scheme: light dark;
  --ground: #f5f6f8; --card: #ffffff; --text: #1b1f24; --quiet: #57606a; --line: #d5dae0; --link: #0b57c4;
  --chip: #eef1f5; --hover: #f3f6fb;
  --error: #a1142a; --error-ground: #fdebec; --error-line: #d1293d;
  --warning: #764200; --warning-ground: #fff3d4; --warning-line: #c98a12;
  --ok: #11602a; --ok-ground: #e0f7e6; --ok-line: #1f8a43;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1318; --card: #171c23; --text: #e7ecf2; --quiet: #a3adb8; --line: #303842; --link: #85b8ff;
    --chip: #252c36; --hover: #1d242d;
    --error: #ffa7a0; --error-ground: #3d171c; --error-line: #f0525f;
    --warning: #f2c765; --warning-ground: #362a0c; --warning-line: #d79a25;
    --ok: #86e0a5; --ok-ground: #11301d; --ok-line: #38a85f;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 84rem; padding: 1.5rem 1.25rem 3rem; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif; }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.2; }
h2 { margin: 2.25rem 0 .75rem; font-size: 1.2rem; }
h3 { margin: 0 0 .5rem; font-size: 1rem; }
p { margin: .25rem 0; }
[hidden] { display: none !important; }
.sub, footer, small, .what, .where { color: var(--quiet); }
.away { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 1rem; padding: .5rem 1rem; background: var(--card); color: var(--link); z-index: 3; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }

.verdict { display: flex; align-items: center; gap: .75rem; margin: 1.25rem 0 1rem; padding: .9rem 1.1rem;
  border-radius: .6rem; border-left: .4rem solid; font-size: 1.2rem; }
.mark { flex: none; width: 2rem; height: 2rem; border-radius: 50%; display: grid; place-items: center; font-weight: 700;
  border: 2px solid; }
.verdict.error, .badge.error, .tile.error { background: var(--error-ground); color: var(--error); }
.verdict.warning, .badge.warning, .tile.warning { background: var(--warning-ground); color: var(--warning); }
.verdict.ok { background: var(--ok-ground); color: var(--ok); }
.verdict.error { border-color: var(--error-line); }
.verdict.warning { border-color: var(--warning-line); }
.verdict.ok { border-color: var(--ok-line); }
.mark { border-color: currentColor; }

.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .75rem; margin: 0; }
.tile { display: flex; flex-direction: column-reverse; padding: .7rem 1rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .6rem; }
.tile dt { font-size: .9rem; }
.tile dd { margin: 0; font-size: 1.7rem; font-weight: 700; line-height: 1.2; font-variant-numeric: tabular-nums; }

.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .9rem 1.1rem; }
.groups { display: grid; gap: .6rem; }
.group { display: grid; grid-template-columns: 17rem minmax(0, 1fr) auto; gap: .25rem 1.5rem; align-items: start;
  border-left: .3rem solid; }
.group.error { border-left-color: var(--error-line); }
.group.warning { border-left-color: var(--warning-line); }
.group.error .number { background: var(--error-ground); color: var(--error); }
.group.warning .number { background: var(--warning-ground); color: var(--warning); }
.group h3 { display: flex; gap: .6rem; margin: 0; }
.number { flex: none; min-width: 2.4rem; height: 1.5rem; padding: 0 .5rem; border-radius: 1rem; text-align: center;
  font-variant-numeric: tabular-nums; }
.group ul { margin: 0; padding: 0; list-style: none; columns: 2 17rem; column-gap: 1.5rem; }
.group ul.wide { columns: 1; }
.group li { padding: .1rem 0; overflow-wrap: anywhere; break-inside: avoid; }
.group b { font-weight: 600; }
.group .what { display: block; font-size: .88rem; }
.where { font-size: .88rem; }
@media (max-width: 52rem) { .group { grid-template-columns: minmax(0, 1fr); } .show { justify-self: start; } }
.note { border-left: .25rem solid var(--warning-line); margin-top: .75rem; }

.tools { display: flex; flex-wrap: wrap; align-items: end; gap: .75rem; margin-bottom: .75rem; }
.tools label { display: grid; gap: .15rem; font-size: .85rem; color: var(--quiet); }
.tools select { max-width: 18rem; }
input, select, button { font: inherit; color: var(--text); background: var(--card); border: 1px solid var(--quiet);
  border-radius: .4rem; padding: .35rem .6rem; }
.tools input, .tools select, .tools button { height: 2.3rem; font-size: .95rem; }
button { cursor: pointer; }
button:hover { background: var(--hover); }
.show { font-size: .85rem; color: var(--link); border-color: var(--line); white-space: nowrap; }
output { padding: .35rem 0; margin-left: auto; color: var(--quiet); font-variant-numeric: tabular-nums; }

.scroll { padding: 0; overflow-x: auto; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .5rem .75rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
tbody tr:last-child > * { border-bottom: 0; }
thead th { font-size: .85rem; color: var(--quiet); white-space: nowrap; background: var(--card); }
tbody th { font-weight: 600; overflow-wrap: anywhere; }
#table td { overflow-wrap: anywhere; }
small { display: block; font-size: .8rem; font-weight: 400; }
table:not(#table) small { white-space: nowrap; }
code { font-size: .78rem; }
summary { cursor: pointer; }
details code { display: block; margin-top: .3rem; line-height: 1.3; }
#accounts { width: fit-content; }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.none { color: var(--quiet); }
@media screen { tr.cut { display: none; } }
.role, .badge { display: inline-block; max-width: 100%; padding: .05rem .5rem; margin: .1rem 0; border-radius: 1rem;
  font-size: .82rem; }
.role { background: var(--chip); }
.role b { font-weight: 700; }
.role.extra { background: var(--error-ground); color: var(--error); }
.role.lacking { background: transparent; color: var(--warning); border: 1px dashed var(--warning-line); }
.badge { font-weight: 600; white-space: nowrap; }

#table { table-layout: fixed; min-width: 64rem; }
#table tbody tr:hover { background: var(--hover); }
.c-person { width: 22%; } .c-alone { width: 24%; } .c-project { width: 8.5rem; }
.c-status { width: 5.5rem; } .c-date { width: 7.2rem; }
.c-storage { width: 6rem; } .c-findings { width: 11rem; }
#more { margin: .75rem auto 0; display: block; }
.long { max-height: calc(100vh - 7rem); overflow-y: auto; }
#table thead th { position: sticky; top: 0; z-index: 1; padding: .35rem .25rem; box-shadow: 0 1px var(--line); }
#table thead button { width: 100%; padding: .25rem .5rem; border: 0; background: none; text-align: left;
  font-weight: 700; color: var(--quiet); white-space: nowrap; }
#table thead button:hover { background: var(--hover); }
#table thead button::after { content: " \\2195"; opacity: .55; }
#table [aria-sort="ascending"] button::after { content: " \\2191"; opacity: 1; }
#table [aria-sort="descending"] button::after { content: " \\2193"; opacity: 1; }
#table [aria-sort] button { color: var(--text); }
footer { margin-top: 2rem; font-size: .85rem; }

@media print {
  @page { size: A4 landscape; margin: 12mm; }
  :root { --ground: #ffffff; --card: #ffffff; --text: #000000; --quiet: #444444; --line: #bbbbbb; --chip: #f0f0f0;
    --error: #8a0f22; --error-ground: #ffffff; --warning: #5f3500; --warning-ground: #ffffff;
    --ok: #0c4a1f; --ok-ground: #ffffff; }
  html { font-size: 10.5px; }
  body { max-width: none; padding: 0; font-size: 10px; }
  .tools, .skip, .show, #more { display: none !important; }
  .scroll { overflow: visible; max-height: none; }
  #table thead th { position: static; }
  #table { min-width: 0; }
  thead { display: table-header-group; break-inside: avoid; break-after: avoid; }
  tr, .group, .tile { break-inside: avoid; }
  h2 { break-after: avoid; margin-top: 1.5rem; }
  th, td { padding: .3rem .5rem; }
  /* Browsers leave controls out where they repeat the head of a table on each page. */
  #table thead button { display: none; }
  #table thead th::before { content: attr(data-title); padding: 0 .25rem; }
  .badge, .number { border: 1px solid currentColor; }
  .role { border: 1px solid var(--line); }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
"""

SCRIPT = """
"use strict";
(() => {
  const body = document.querySelector("#table tbody");
  const rows = Array.from(body.rows);
  const heads = Array.from(document.querySelectorAll("#table thead th"));
  const field = (id) => document.getElementById(id);
  const fields = ["search", "project", "role", "kind"].map(field).filter(Boolean);
  const number = new Intl.NumberFormat("en");
  const compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;
  const most = Number(field("more").dataset.shown);
  let all = false;
  const texts = new Map();
  const textOf = (row) => {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    return texts.get(row);
  };
  const valueOf = (id) => (field(id) ? field(id).value : "");
  const has = (list, one) => list.split(" ").includes(one);

  const fits = (row, words, project, role, kind) => {
    const { p, r, f } = row.dataset;
    if (project && p !== project) return false;
    if (role && !has(r, role)) return false;
    if (kind === "*" ? !f : kind === "-" ? f : kind && !has(f, kind)) return false;
    return words.every((word) => textOf(row).includes(word));
  };

  const filter = () => {
    const words = valueOf("search").toLowerCase().split(/\\s+/).filter(Boolean);
    const [project, role, kind] = ["project", "role", "kind"].map(valueOf);
    let found = 0;
    for (const row of rows) {
      row.hidden = !fits(row, words, project, role, kind);
      if (!row.hidden) found += 1;
      row.classList.toggle("cut", !all && found > most);
    }
    field("count").textContent = `${number.format(found)} of ${number.format(rows.length)} rows`;
    field("more").textContent = `Show ${number.format(found - most)} more`;
    field("more").hidden = all || found <= most;
  };

  const keyOf = (row, column) => {
    const cell = row.cells[column];
    return "s" in cell.dataset ? cell.dataset.s : cell.textContent;
  };

  const sort = (column, descending) => {
    const keyed = rows.map((row) => [keyOf(row, column), row]);
    keyed.sort(([one], [other]) => {
      // What is empty comes last, whichever way.
      if (!one || !other) return (one ? 0 : 1) - (other ? 0 : 1);
      return descending ? compare(other, one) : compare(one, other);
    });
    keyed.forEach(([, row], index) => { rows[index] = row; });
    filter();
    const part = document.createDocumentFragment();
    part.append(...rows);
    body.append(part);
    heads.forEach((head, index) => {
      if (index === column) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  };

  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const ascending = head.getAttribute("aria-sort") === "ascending";
      // The gravest first is what people want of the last column.
      const fresh = !head.hasAttribute("aria-sort") && column === heads.length - 1;
      sort(column, ascending || fresh);
    });
  });

  let waiting = 0;
  field("search").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 120);
  });
  for (const one of fields) one.addEventListener("change", filter);
  field("more").addEventListener("click", () => {
    all = true;
    filter();
  });
  field("reset").addEventListener("click", () => {
    for (const one of fields) one.value = "";
    filter();
    field("search").focus();
  });
  for (const button of document.querySelectorAll(".show")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      for (const one of fields) one.value = "";
      field("kind").value = button.dataset.kind;
      filter();
      field("accounts").scrollIntoView();
      field("accounts").focus({ preventScroll: true });
    });
  }
  document.querySelector(".tools").hidden = false;
  filter();
})();
"""
