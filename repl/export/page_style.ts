/** Without this file an exported page would be unstyled: one column, light and dark, and readable on paper. */

export const PAGE_STYLE = `
:root { --page: #fdfdfc; --text: #1c1e21; --faint: #5d6570; --line: #dfe2e6; --block: #f3f4f5; --warn: #fff4d6; --warn-line: #d9a400;
  --keyword: #7a2ea0; --string: #0f6b3c; --number: #9a4a00; --operator: #31538f; --comment: #646c76; --error: #b3261e; --hot: 213, 94, 0; }
@media (prefers-color-scheme: dark) { :root { --page: #16181b; --text: #e4e6e9; --faint: #9aa3ad; --line: #33383f; --block: #1f2327; --warn: #3a3116; --warn-line: #d9a400;
  --keyword: #d3a2ef; --string: #86d3a3; --number: #f0b173; --operator: #9dbdf0; --comment: #8f98a3; --error: #ff8a80; --hot: 240, 150, 60; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 62rem; background: var(--page); color: var(--text); font: 16px/1.55 system-ui, sans-serif; }
h1 { margin: 0 0 1.2rem; font-size: 1.6rem; line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 0.5rem; font-size: 1.1rem; }
.stale { padding: 0.7rem 1rem; background: var(--warn); border-left: 4px solid var(--warn-line); border-radius: 4px; }
.stale ul { margin: 0.4rem 0 0; }
pre { margin: 0.8rem 0; padding: 0.7rem 0.9rem; overflow-x: auto; background: var(--block); border: 1px solid var(--line); border-radius: 6px; font: 0.86rem/1.5 ui-monospace, monospace; }
.prose { white-space: pre-line; }
.number { color: var(--number); } .string { color: var(--string); } .operator, .pipe, .bracket { color: var(--operator); } .keyword { color: var(--keyword); }
.comment { color: var(--comment); } .param { color: var(--keyword); } .error { color: var(--error); }
figure { margin: 0.8rem 0 1.4rem; }
figcaption { margin-bottom: 0.3rem; color: var(--faint); font-size: 0.84rem; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
.group { font-weight: 600; margin: 0.6rem 0 0.2rem; }
.beside { display: flex; flex-wrap: wrap; gap: 0.4rem 2.5rem; }
table { border-collapse: collapse; font-size: 0.9rem; }
th, td { padding: 0.22rem 0.8rem 0.22rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); max-width: 34rem; overflow-wrap: anywhere; }
th { font-weight: 600; } .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } .null { color: var(--faint); }
.more { color: var(--faint); font-size: 0.85rem; }
.plot { overflow-x: auto; } .plot svg { max-width: 100%; height: auto; background: white; border-radius: 4px; }
.context { margin: 0.5rem 0; } .context small { display: block; color: var(--faint); }
.h1 { background: rgba(var(--hot), 0.12); } .h2 { background: rgba(var(--hot), 0.24); } .h3 { background: rgba(var(--hot), 0.36); } .h4 { background: rgba(var(--hot), 0.5); } .h5 { background: rgba(var(--hot), 0.66); }
.special { color: var(--faint); text-decoration: line-through; } .fires { outline: 2px solid rgb(var(--hot)); border-radius: 2px; }
footer { margin-top: 2.5rem; padding-top: 0.8rem; border-top: 1px solid var(--line); color: var(--faint); font-size: 0.8rem; }
footer th { font-weight: 500; white-space: nowrap; } footer table { font-size: 0.8rem; } footer td { overflow-wrap: anywhere; max-width: none; }
@media print { body { max-width: none; } pre, figure, table { break-inside: avoid; } }
`;
