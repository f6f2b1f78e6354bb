"""How the page looks: light and dark, screen and paper. Text on every ground has 4.5:1 or more.

Gains are blue and losses orange, which people who do not tell red from green can tell apart; no
fact is told by colour alone.
"""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root {
  color-scheme: light dark;
  --page: #f6f6f4; --card: #ffffff; --ink: #1b1b1a; --soft: #5d5d59; --line: #dededa;
  --faint: #ecece8; --equity: #1f5fbf; --held: #77776f; --up: 31, 95, 191; --down: 200, 82, 10;
  --gain: #1f5fbf; --loss: #b8480a; --alarm: #fff3d6; --alarm-line: #b27b00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #141413; --card: #1d1d1b; --ink: #ecece6; --soft: #a8a8a0; --line: #3a3a37;
    --faint: #2b2b29; --equity: #78abf5; --held: #96968d; --up: 96, 156, 245;
    --down: 240, 130, 60; --gain: #78abf5; --loss: #f2935a; --alarm: #33290f;
    --alarm-line: #d9a73a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
main, header, footer { max-width: 1080px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 32px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 36px 0 10px; }
pre { margin-bottom: 14px; }
h3 { font-size: 14px; margin: 0; font-weight: 600; }
p { margin: 6px 0; }
header > p, footer { color: var(--soft); }
footer { padding-top: 28px; padding-bottom: 40px; font-size: 13px; }
.alarm p { color: var(--ink); }
.status {
  display: inline-block; border: 1px solid var(--line); border-radius: 999px; padding: 0 10px;
  margin-right: 8px; color: var(--ink); font-size: 13px; background: var(--card);
}
.alarm {
  border-left: 4px solid var(--alarm-line); background: var(--alarm); padding: 8px 14px;
  margin: 16px 0 0; border-radius: 4px;
}
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 10px; margin: 20px 0 0; }
.tiles > div, figure {
  background: var(--card); border: 1px solid var(--line); border-radius: 8px;
}
.tiles > div { padding: 12px 14px; }
.tiles dt { color: var(--soft); font-size: 13px; }
.tiles dd { margin: 0; }
.tiles .value { font-size: 24px; font-weight: 600; line-height: 1.3; white-space: nowrap; }
.tiles .beside { color: var(--soft); font-size: 13px; min-height: 1.5em; }
figure { margin: 14px 0 0; padding: 12px 14px 8px; }
figcaption { display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: baseline; }
figcaption h3 { overflow-wrap: anywhere; }
.keys { display: flex; flex-wrap: wrap; gap: 0 14px; color: var(--soft); font-size: 13px; }
.key { display: inline-block; width: 16px; height: 0; margin-right: 6px; vertical-align: middle; }
.key.equity, .key.close, .key.held, .key.won, .key.lost { border-top: 2px solid; }
.key.equity, .key.won { border-color: var(--equity); }
.key.held { border-color: var(--held); border-top-style: dashed; }
.key.start { border-top: 2px dotted var(--soft); }
.key.close { border-color: var(--soft); }
.key.lost { border-color: var(--loss); border-top-style: dashed; }
.key.dot { width: 7px; height: 7px; border-radius: 50%; vertical-align: baseline; }
.key.dot.bought { background: var(--gain); }
.key.dot.sold { background: var(--loss); }
.key.bought:not(.dot), .key.sold:not(.dot) {
  width: 0; border: 5px solid transparent; vertical-align: baseline; border-top-width: 0;
}
.key.bought:not(.dot) { border-bottom: 9px solid var(--gain); }
.key.sold:not(.dot) { border-bottom-width: 0; border-top: 9px solid var(--loss); }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg text { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
path, line { fill: none; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
line.grid { stroke: var(--faint); }
line.axis { stroke: var(--line); }
line.start { stroke: var(--soft); stroke-dasharray: 2 4; }
path.equity { stroke: var(--equity); stroke-width: 1.8; }
path.held { stroke: var(--held); stroke-width: 1.3; stroke-dasharray: 5 3; }
path.under { fill: rgba(var(--down), .22); }
path.drawdown { stroke: var(--loss); stroke-width: 1.3; }
path.range { fill: var(--line); }
path.close { stroke: var(--soft); stroke-width: 1.2; }
path.won { stroke: var(--gain); stroke-width: 1.6; }
path.lost { stroke: var(--loss); stroke-width: 1.6; stroke-dasharray: 4 3; }
path.bought { fill: var(--gain); stroke: var(--card); stroke-width: .8; }
path.sold { fill: var(--loss); stroke: var(--card); stroke-width: .8; }
path.dots { stroke-width: 3; stroke-linecap: round; opacity: .55; }
path.dots.bought { stroke: var(--gain); }
path.dots.sold { stroke: var(--loss); }
rect.gain { fill: var(--gain); }
rect.loss { fill: var(--loss); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; font-size: 14px; padding: 0 0 4px; }
th, td { padding: 4px 10px 4px 0; text-align: right; border-bottom: 1px solid var(--faint); }
th { font-weight: 400; color: var(--soft); }
tbody th, th:first-child, .word, .pairs th { text-align: left; }
tbody th { color: var(--ink); }
.wide + h3, .columns + h3 { margin-top: 14px; }
.wide { overflow-x: auto; margin-top: 14px; }
.wide table { font-size: 13px; }
.wide td, .wide th { white-space: nowrap; }
.wide, .card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.wide, .card { padding: 12px 14px; }
.columns { columns: 2; column-gap: 14px; }
.columns > * { break-inside: avoid; margin-bottom: 14px; }
tbody tr:last-child > * { border-bottom: 0; }
.pairs td { overflow-wrap: anywhere; }
.months { font-size: 13px; border-collapse: separate; border-spacing: 2px; }
.months td, .months th { padding: 3px 6px; border: 0; white-space: nowrap; }
.months td { border-radius: 3px; }
.months td.year { font-weight: 600; }
.up1 { background: rgba(var(--up), .10); } .up2 { background: rgba(var(--up), .18); }
.up3 { background: rgba(var(--up), .27); } .up4 { background: rgba(var(--up), .36); }
.up5 { background: rgba(var(--up), .44); } .up6 { background: rgba(var(--up), .52); }
.down1 { background: rgba(var(--down), .10); } .down2 { background: rgba(var(--down), .18); }
.down3 { background: rgba(var(--down), .27); } .down4 { background: rgba(var(--down), .36); }
.down5 { background: rgba(var(--down), .44); } .down6 { background: rgba(var(--down), .52); }
ul { margin: 6px 0 0; padding-left: 20px; }
details { margin-top: 14px; }
summary { cursor: pointer; }
pre {
  overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 12px 14px; margin: 6px 0 14px; font-size: 13px;
}
code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.meanings { display: grid; grid-template-columns: max-content 1fr; gap: 2px 18px; font-size: 13px; }
.meanings dd { margin: 0; }
:focus-visible { outline: 2px solid var(--equity); outline-offset: 2px; }
@media (max-width: 760px) {
  .tiles { grid-template-columns: repeat(2, 1fr); }
  .columns { columns: 1; }
  svg text { font-size: 20px; }
}
@media print {
  body { background: #fff; font-size: 12px; }
  figure, .tiles > div { break-inside: avoid; }
  details > summary { list-style: none; }
}
"""
