/** System fonts, and colours that keep their contrast in light and dark, also for those who do not see red from green. */
export const style = `
:root {
  --paper: #ffffff; --ink: #1b2430; --soft: #5c6b7c; --line: #dfe5ec; --panel: #f6f8fa;
  --good: #0a7d4b; --good-panel: #e7f6ee; --bad: #b42318; --bad-panel: #fdecea;
  --c1: #0b6fc2; --c2: #d9730d; --c3: #0f8a6d; --c4: #b03a8c; --c5: #7a5cc9; --c6: #9a7b00; --c7: #3f8fa8; --c8: #6b5b4b; --c9: #a9b3bd;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #10161d; --ink: #e6ebf1; --soft: #9aa8b7; --line: #2b3641; --panel: #17202a;
    --good: #4cc38a; --good-panel: #12291f; --bad: #ff8a80; --bad-panel: #351a18;
    --c1: #58a8f0; --c2: #f0a04b; --c3: #45c9a5; --c4: #e77fc4; --c5: #a893f2; --c6: #d9bd3f; --c7: #72c3dc; --c8: #c9b49d; --c9: #6c7885;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, 'DejaVu Sans', sans-serif; font-variant-numeric: tabular-nums }
main { max-width: 1200px; margin: 0 auto; padding: 32px 24px 48px }
h1 { font-size: 26px; line-height: 1.2; margin: 0 }
h2 { font-size: 17px; margin: 36px 0 8px }
.question { color: var(--soft); font-size: 16px; margin: 6px 0 20px; max-width: 110ch }
p.remark { color: var(--soft); margin: 0 0 12px; max-width: 100ch }
.verdict { border-radius: 8px; padding: 12px 16px; display: flex; flex-wrap: wrap; gap: 2px 20px }
.verdict.good { background: var(--good-panel) } .verdict.bad { background: var(--bad-panel) }
.good { color: var(--good) } .bad { color: var(--bad) }
.verdict span { color: var(--ink) }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-top: 16px }
.tile { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; display: flex; flex-direction: column }
.tile .name, .tile .remark { color: var(--soft); font-size: 13px }
.tile .value { font-size: 25px; font-weight: 600; line-height: 1.3 }
.tile small { font-size: 14px; font-weight: 400; color: var(--soft) }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(460px, 100%), 1fr)); gap: 16px }
figure { margin: 0; border: 1px solid var(--line); border-radius: 8px; padding: 12px 12px 4px; display: flex; flex-direction: column }
figcaption { font-weight: 600 } figcaption small { font-weight: 400; color: var(--soft) }
.legend { list-style: none; margin: 2px 0 4px; padding: 0; display: flex; flex-wrap: wrap; align-content: flex-start; gap: 0 14px; font-size: 13px; color: var(--soft); flex: 1 }
.legend b { color: var(--ink); font-weight: 600 }
.legend i { display: inline-block; width: 14px; border-top: 3px solid var(--colour); margin: 0 5px 4px 0 }
.legend i.dashed { border-top-style: dotted }
svg { width: 100%; height: auto; display: block }
svg text { font-size: 11px; fill: var(--soft) }
text.y { text-anchor: end } text.x { text-anchor: middle } text.left, text.limit { text-anchor: end }
text.mark { fill: var(--ink) }
.grid { stroke: var(--line); fill: none }
.line { stroke: var(--colour); fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round }
.line.dashed { stroke-dasharray: 2 5; stroke-width: 1.5 }
.area { fill: var(--colour); fill-opacity: .82; stroke: var(--paper); stroke-width: .8 }
circle, .bar { fill: var(--colour) }
path.mark { stroke: var(--ink); stroke-dasharray: 3 3; fill: none }
path.limit { stroke: var(--bad); stroke-dasharray: 5 4; fill: none } text.limit { fill: var(--bad) }
.hint { fill: transparent } .hint:hover { fill: var(--soft); fill-opacity: .13 }
.c1 { --colour: var(--c1) } .c2 { --colour: var(--c2) } .c3 { --colour: var(--c3) } .c4 { --colour: var(--c4) }
.c5 { --colour: var(--c5) } .c6 { --colour: var(--c6) } .c7 { --colour: var(--c7) } .c8 { --colour: var(--c8) } .c9 { --colour: var(--c9) }
.table { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: 14px }
th { color: var(--soft); font-weight: 500 }
th, td { padding: 6px 12px; border-bottom: 1px solid var(--line); vertical-align: top }
.figure { text-align: right; white-space: nowrap } .text { text-align: left }
footer { color: var(--soft); font-size: 14px }
footer h2 { color: var(--ink) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 18px; margin: 0 }
dt { color: var(--ink) } dd { margin: 0 }
@media (max-width: 600px) { dl { grid-template-columns: 1fr } dd { margin-bottom: 6px } main { padding: 20px 14px } }
`
