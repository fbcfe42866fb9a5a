"""The style of the HTML report, light and dark. No font, image or script from anywhere."""

STYLE = """
:root { --ink:#1b1f24; --dim:#656d76; --line:#e3e6ea; --paper:#fff; --tint:#f6f8fa; --good:#1a7f37; --bad:#c4252b;
  --good-tint:#dff3e4; --bad-tint:#fbe3e4; --warn:#8a5a00; --warn-tint:#fff4d6; --blue:#2f6fde; }
@media (prefers-color-scheme: dark) { :root { --ink:#e6e9ee; --dim:#9aa4af; --line:#30363d; --paper:#0f1318;
  --tint:#171c23; --good:#4cc76a; --bad:#ff6b70; --good-tint:#16321f; --bad-tint:#3d1d20; --warn:#f0c060;
  --warn-tint:#352a10; --blue:#74a5ff; } }
* { box-sizing:border-box; }
body { margin:0; color:var(--ink); background:var(--paper);
  font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif; }
nav { position:sticky; top:0; z-index:2; display:flex; flex-wrap:wrap; gap:4px 16px; background:var(--paper);
  padding:10px max(24px,calc(50vw - 576px)); border-bottom:1px solid var(--line); font-size:13.5px; }
nav b { margin-right:10px; }
nav a { color:var(--dim); text-decoration:none; }
nav a:hover { color:var(--blue); }
main { max-width:1200px; margin:0 auto; padding:8px 24px 80px; }
h1 { font-size:30px; letter-spacing:-.02em; margin:28px 0 2px; }
h2 { font-size:21px; letter-spacing:-.01em; margin:52px 0 8px; padding-top:14px; border-top:1px solid var(--line);
  scroll-margin-top:48px; }
p { max-width:860px; margin:8px 0; }
.sub,.note,.dim { color:var(--dim); }
.note { font-size:13px; }
.cards { display:grid; grid-template-columns:repeat(auto-fit,minmax(180px,1fr)); gap:12px; margin:20px 0 12px; }
.card { border:1px solid var(--line); border-radius:10px; padding:12px 16px; background:var(--tint); }
.card b { display:block; font-size:28px; line-height:1.15; font-variant-numeric:tabular-nums; }
.card span { color:var(--dim); font-size:13px; }
.card.good b { color:var(--good); }
.card.bad b { color:var(--bad); }
.warning { background:var(--warn-tint); color:var(--warn); border-radius:8px; padding:10px 14px; max-width:none;
  font-size:14px; }
.machine { display:grid; grid-template-columns:repeat(auto-fill,minmax(210px,1fr)); margin:10px 0; overflow:hidden;
  border:1px solid var(--line); border-radius:10px; }
.machine div { padding:8px 14px; box-shadow:1px 1px 0 var(--line); }
dt { color:var(--dim); font-size:12px; }
dd { margin:0; font-size:14px; overflow-wrap:anywhere; }
figure { margin:18px 0; padding:14px 16px 10px; border:1px solid var(--line); border-radius:10px; }
figcaption { font-weight:600; margin-bottom:8px; }
figcaption code { font-weight:500; }
figure svg { width:100%; height:auto; display:block; }
figure > svg { max-width:960px; }
.grid2 { display:grid; grid-template-columns:repeat(auto-fit,minmax(460px,1fr)); gap:16px; margin:18px 0; }
.grid2 figure { margin:0; }
svg text { font-family:inherit; fill:var(--ink); }
svg .tick { font-size:11.5px; fill:var(--dim); }
svg .axis { font-size:12px; fill:var(--dim); }
svg .legend { font-size:11.5px; }
svg .grid { stroke:var(--line); stroke-width:1; }
.grid2 svg .tick,.grid2 svg .legend,.grid2 svg .axis { font-size:16px; }
.strip line { stroke:var(--line); stroke-width:1.4; }
.strip .mid { stroke:var(--dim); }
.strip circle { fill:var(--blue); opacity:.65; }
.bullet .good { fill:var(--good-tint); }
.bullet .bar { fill:var(--good); }
.bullet .limit { stroke:var(--ink); stroke-width:2; }
.bullet.missed .bar { fill:var(--bad); }
.scroll { overflow-x:auto; margin:12px 0; }
table { border-collapse:collapse; font-size:13.5px; width:100%; }
th { text-align:left; color:var(--dim); font-weight:500; font-size:12px; vertical-align:bottom; padding:6px 10px 6px 0;
  border-bottom:1px solid var(--line); }
td { padding:7px 10px 7px 0; border-bottom:1px solid var(--line); vertical-align:top; }
.n { text-align:right; font-variant-numeric:tabular-nums; white-space:nowrap; }
.big { font-weight:600; }
.yard td { color:var(--dim); }
.yard .big,.yard b { font-weight:500; }
.span { color:var(--dim); font-size:12px; line-height:1.4; max-width:330px; margin-top:2px; }
.span b { font-weight:400; color:var(--blue); }
.n .span { max-width:none; }
.ratio { font-size:12px; margin-top:3px; color:var(--dim); }
.published td { color:var(--dim); font-style:italic; }
code { font:12.5px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace; }
td > code { white-space:nowrap; }
pre { font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace; background:var(--tint); padding:10px 14px;
  border-radius:8px; overflow-x:auto; }
.hold,.miss,.noisy { display:inline-block; border-radius:20px; padding:0 9px; font-size:12px; white-space:nowrap; }
.hold { background:var(--good-tint); color:var(--good); }
.miss { background:var(--bad-tint); color:var(--bad); font-weight:600; }
.noisy { background:var(--warn-tint); color:var(--warn); }
details { margin:8px 0; }
summary { cursor:pointer; color:var(--blue); font-size:13.5px; }
.mislead { border-left:3px solid var(--warn); padding-left:12px; }
"""
