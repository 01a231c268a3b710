namespace LoRi.Runs.Reports;

/// <summary>How a page looks: readable in light and in dark, on narrow screens and on paper.</summary>
internal static class PageStyle
{
    /// <summary>The style sheet.</summary>
    public const string Text = """
        :root { color-scheme: light dark;
          --ink: #1c2024; --soft: #5c6670; --line: #d9dee3; --page: #ffffff; --card: #f5f7f9; --mark: #fff3d6;
          --far: #b4bdc6; --own: #00623f; --own-on: #ffffff;
          --c0: #0068b0; --c1: #cc5500; --c2: #00845f; --c3: #b0457f; --c4: #7a6200; --c5: #5a50c8; --c6: #c0392b; --c7: #4a5560; }
        @media (prefers-color-scheme: dark) {
          :root { --ink: #e6e9ec; --soft: #a2adb8; --line: #3a424b; --page: #14171a; --card: #1d2226; --mark: #3d3417;
            --far: #59636d; --own: #3fcf9f; --own-on: #10231c;
            --c0: #5db4f0; --c1: #ff9a52; --c2: #3fcf9f; --c3: #ee93c6; --c4: #d8bf4e; --c5: #a9a2ff; --c6: #ff8a7d; --c7: #b6c1cc; } }
        body { margin: 0; background: var(--page); color: var(--ink);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
        main { max-width: 1180px; margin: 0 auto; padding: 20px 24px 48px; overflow-wrap: anywhere; }
        h1 { font-size: 27px; line-height: 1.25; margin: 12px 0 6px; text-wrap: balance; overflow-wrap: anywhere; }
        h2 { font-size: 19px; margin: 32px 0 10px; padding-bottom: 4px; border-bottom: 1px solid var(--line); }
        h3 { font-size: 15px; margin: 18px 0 6px; } .card h3 { margin-top: 0; }
        p { margin: 8px 0; max-width: 80ch; overflow-wrap: anywhere; }
        .charts.small { grid-template-columns: repeat(auto-fill, minmax(min(100%, 250px), 1fr)); gap: 16px 20px; }
        .charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 460px), 1fr)); gap: 22px 26px; margin: 18px 0; }
        .chart { margin: 0; min-width: 0; } .chart > svg { width: 100%; height: auto; display: block; }
        .chart.main { grid-column: 1 / -1; max-width: 820px; }
        figcaption { font-weight: 600; margin-bottom: 4px; }
        .grid { stroke: var(--line); stroke-width: 1; } .axis { stroke: var(--soft); stroke-width: 1; fill: none; }
        .tick { fill: var(--soft); font-size: 11.5px; } .label { fill: var(--ink); font-size: 12.5px; }
        polyline { fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke: currentColor; }
        .strong polyline { stroke-width: 3.4; } .far { color: var(--far); } .far polyline { stroke-width: 1; }
        .c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); } .c3 { color: var(--c3); }
        .c4 { color: var(--c4); } .c5 { color: var(--c5); } .c6 { color: var(--c6); } .c7 { color: var(--c7); }
        .legend { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: 13px; padding-left: 13%; }
        .key { overflow-wrap: anywhere; } .key svg { width: 26px; height: 8px; margin-right: 6px; vertical-align: middle; }
        .wide { overflow-x: auto; margin: 10px 0; }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }
        th, td { padding: 4px 14px 4px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
        th { font-weight: 600; border-bottom: 2px solid var(--line); vertical-align: bottom; overflow-wrap: normal; }
        td { overflow-wrap: break-word; white-space: pre-line; max-width: 60ch; } .name { white-space: nowrap; }
        .long { overflow-wrap: anywhere; min-width: 18ch; }
        .n { text-align: right; padding-left: 14px; min-width: 0; } td.n { white-space: nowrap; }
        .mark td { background: var(--mark); } .mark td:first-child { font-weight: 600; }
        .bars { margin: 16px 0; max-width: 900px; }
        .bar { display: grid; grid-template-columns: minmax(0, 15em) minmax(0, 3fr) 5em minmax(0, 1fr) 7em;
          gap: 0 12px; align-items: center; padding: 2px 8px; font-variant-numeric: tabular-nums; }
        .bar.hero { background: var(--mark); font-weight: 600; } .who { overflow-wrap: anywhere; } .value { text-align: right; }
        .track { position: relative; display: block; height: 14px; background: var(--card); } .bar.hero .track { background: var(--page); }
        .fill { display: block; height: 100%; background: var(--far); } .bar.hero .fill { background: var(--c0); }
        .range { position: absolute; top: 6px; height: 2px; min-width: 2px; background: var(--ink); }
        .card { background: var(--card); border-radius: 6px; padding: 12px 16px; margin: 12px 0; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 16px; margin: 0; }
        dt { color: var(--soft); } dd { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
        .strip { position: relative; display: flex; flex-wrap: wrap; gap: 8px 4px; list-style: none; margin: 8px 0; padding: 0; }
        .strip li { flex: 0 1 auto; display: flex; flex-direction: column; justify-content: flex-end; max-width: 24ch; min-width: 5ch; }
        .strip li:focus-visible { outline: 2px solid var(--c0); outline-offset: 2px; } .strip-head { margin: 12px 0 0; color: var(--soft); }
        .above { color: var(--soft); padding: 2px 4px; font-size: 13px; min-height: 1.5em; text-align: center;
          white-space: pre-wrap; overflow-wrap: anywhere; }
        .token { display: block; text-align: center; padding: 3px 6px; border: 2px solid var(--line); border-radius: 4px;
          background: var(--page); white-space: pre-wrap; overflow-wrap: anywhere; }
        .token.own { background: var(--own); border-color: var(--own); color: var(--own-on); }
        .token.else { border: 2px dashed var(--own); }
        .lead .token { border-color: transparent; background: none; color: var(--soft); font-size: 13px; }
        .strip-key { padding: 0; max-width: none; } .strip-key .token { display: inline-block; min-width: 2ch; padding: 0 6px; }
        .top { display: none; position: absolute; left: 0; right: 0; top: 100%; z-index: 1; background: var(--page); white-space: pre-wrap;
          border: 1px solid var(--soft); border-radius: 4px; padding: 6px 10px; overflow-wrap: anywhere; }
        .strip li:hover .top, .strip li:focus .top { display: block; } .strip:hover li:focus:not(:hover) .top { display: none; }
        details { margin: 10px 0; } summary { cursor: pointer; color: var(--c0); }
        @media (max-width: 600px) { .bar { grid-template-columns: minmax(0, 3fr) 5em minmax(0, 1fr) 7em; padding: 4px; }
          .who { grid-column: 1 / -1; } }
        @media (max-width: 600px) { dl { grid-template-columns: 1fr; } dt { margin-top: 4px; } }
        @media print { .chart, .card, tr { break-inside: avoid; } }

        """;
}
