// The four charts. Each is drawn anew when the selection changes; Plotly draws what differs.

const MOST_LINES = 200; // of the curves, one a trial
const PALETTE = ["#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#ca9161", "#949494", "#56b4e9", "#9a9a00", "#b2182b"];
const RAMP = [[0, "#352a87"], [0.25, "#2f7bd6"], [0.5, "#2aa876"], [0.75, "#d9a520"], [1, "#f4d03f"]];
const CONFIG = { displayModeBar: false, responsive: true }; // a double click takes a zoom back

function ink(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function layout(more = {}) {
  const axis = { gridcolor: ink("line"), zerolinecolor: ink("line"), linecolor: ink("faint"), automargin: true };
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, hovermode: "closest",
    font: { color: ink("ink"), size: 12, family: "system-ui, DejaVu Sans, sans-serif" },
    margin: { l: 55, r: 12, t: 10, b: 44 }, uirevision: "kept",
    hoverlabel: { font: { size: 11 }, align: "left" },
    ...more,
    xaxis: { ...axis, ...more.xaxis }, yaxis: { ...axis, ...more.yaxis },
  };
}

// Ticks of a column's axis: its levels, or the round values of a logarithm.
function ticks(column) {
  if (column.levels) return { tickvals: column.levels.map((_, n) => n), ticktext: column.levels };
  if (!column.log) return {};
  const found = [];
  for (let power = Math.floor(column.low); power <= Math.ceil(column.high); power++) found.push(power);
  const steps = found.length > 3 ? [1] : found.length > 1 ? [1, 3] : [1, 2, 3, 5, 7];
  const values = found.flatMap((power) => steps.map((step) => step * 10 ** power));
  return { tickvals: values.map(Math.log10), ticktext: values.map(format) };
}

// The colour of a trial by the column `hue`: of few levels one each, of numbers a place on a ramp.
function place(trial) {
  const column = byKey.get(state.hue);
  return column.positions[trial];
}

function named() {
  const column = byKey.get(state.hue);
  return Boolean(column.levels && column.levels.length <= PALETTE.length);
}

function paint() {
  const column = byKey.get(state.hue);
  const span = { cmin: column.low, cmax: column.high > column.low ? column.high : column.low + 1 };
  if (!named()) return { ...span, colorscale: RAMP };
  const count = Math.max(column.levels.length, 1);
  const scale = column.levels.flatMap((_, n) => [[n / count, PALETTE[n]], [(n + 1) / count, PALETTE[n]]]);
  return { cmin: -0.5, cmax: count - 0.5, colorscale: scale };
}

function colorOf(trial) {
  const at = place(trial);
  if (at === null) return ink("faint");
  if (named()) return PALETTE[at];
  const { cmin, cmax } = paint();
  const share = Math.min(1, Math.max(0, (at - cmin) / (cmax - cmin)));
  return `hsl(${Math.round(250 - 205 * share)} 62% ${Math.round(42 + 14 * share)}%)`;
}

function hover(trial) {
  const given = columns.filter((column) => column.given).map((column) => `${column.short} = ${say(column, trial)}`);
  const wrapped = command(trial).replace(/(.{1,60})( |$)/g, "$1<br>");
  return `<b>${data.ids[trial]}</b><br>${given.join("<br>")}<br><br>${wrapped}`;
}

function drawLines() {
  const shown = lineColumns();
  const chosen = select(shown.map((column) => column.key));
  const dimensions = shown.map((column) => ({
    label: column.short.length > 20 ? `${column.short.slice(0, 19)}…` : column.short,
    values: chosen.map((trial) => column.positions[trial] ?? column.low),
    range: column.high > column.low ? [column.low, column.high] : [column.low - 0.5, column.low + 0.5],
    ...(state.filters[column.key] ? { constraintrange: state.filters[column.key] } : {}),
    ...ticks(column),
  }));
  const line = { color: chosen.map((trial) => place(trial) ?? 0), ...paint() };
  const trace = {
    type: "parcoords", dimensions, line, customdata: chosen, labelangle: -12, labelside: "top",
    unselected: { line: { color: ink("faint"), opacity: 0.15 } },
    tickfont: { size: 11, color: ink("ink") }, labelfont: { color: ink("ink") }, rangefont: { color: "rgba(0,0,0,0)" },
  };
  return Plotly.react("lines", [trace], layout({ margin: { l: leftMargin(shown[0]), r: 50, t: 70, b: 16 } }), CONFIG);
}

// Room for the levels of the first axis, which stand to its left (pixels; the chart cuts off what is longer).
function leftMargin(column) {
  const longest = Math.max(0, ...(column?.levels ?? []).map((level) => String(level).length));
  return Math.min(160, Math.max(60, 7 * longest + 14));
}

// Every column on an axis of its own, but what all have in common; the outcomes last.
function lineColumns() {
  return columns.filter((column) => column.high > column.low);
}

// Levels lie on top of each other, so points are moved aside a little, always by as much.
function jitter(column, trial) {
  const position = column.positions[trial];
  return column.levels && position !== null ? position + (((trial * 0.618034) % 1) - 0.5) * 0.3 : position;
}

function drawCloud() {
  showLegend();
  const [x, y] = [byKey.get(state.x), byKey.get(state.y)];
  const chosen = new Set(select());
  const shown = [trials.filter((trial) => !chosen.has(trial)), [...chosen]];
  const traces = shown.map((own, number) => ({
    type: "scatter", mode: "markers", customdata: own, hoverinfo: number ? "text" : "skip",
    x: own.map((trial) => jitter(x, trial)), y: own.map((trial) => jitter(y, trial)),
    text: number ? own.map(hover) : [],
    marker: {
      size: own.map((trial) => (trial === state.picked ? 15 : 8)), opacity: number ? 0.85 : 0.25,
      color: number ? own.map(colorOf) : ink("faint"),
      line: { width: own.map((trial) => (trial === state.picked ? 3 : 0)), color: ink("ink") },
    },
    selected: { marker: { opacity: 0.85 } }, unselected: { marker: { opacity: 0.85 } },
  }));
  const axis = (column) => ({ title: { text: column.label, standoff: 6 }, ...ticks(column) });
  return Plotly.react("cloud", traces, layout({ xaxis: axis(x), yaxis: axis(y), dragmode: "select", selections: [] }), CONFIG);
}

// The legend of the colours above both charts: levels by name, numbers by their ends.
function showLegend() {
  const column = byKey.get(state.hue);
  const entries = named()
    ? column.levels.map((level, n) => [PALETTE[n], level])
    : ends(column).map((trial) => [colorOf(trial), say(column, trial)]);
  for (const legend of document.querySelectorAll(".legend")) {
    const marks = entries.map(([color, word]) => make("span", {}, make("i", { style: `background:${color}` }), word));
    legend.replaceChildren(`${column.short}: `, ...marks);
  }
}

function ends(column) {
  return [column.positions.indexOf(column.low), column.positions.indexOf(column.high)].filter((trial) => trial >= 0);
}

// The means over the selected trials, [layer][epoch] of a measure.
function meanMap(chosen) {
  return data.maps.layers.map((_, layer) => data.maps.at.map((_, epoch) => mean(chosen.map((trial) => cell(trial, layer, epoch)))));
}

function mean(values) {
  const there = values.filter((value) => value !== null);
  return there.length ? there.reduce((sum, value) => sum + value, 0) / there.length : null;
}

function drawMap() {
  const chosen = select();
  const measure = data.maps.measures.find((one) => one.key === state.map);
  document.getElementById("map-about").textContent = `The mean of ${chosen.length} trials; the input is at the top.`;
  const trace = {
    type: "heatmap", z: meanMap(chosen), x: data.maps.at.map(String), y: data.maps.layers, colorscale: "Cividis",
    hoverongaps: false,
    colorbar: { thickness: 12, tickfont: { color: ink("ink") }, title: { text: measure ? measure.label : "", side: "right" } },
    hovertemplate: "%{y}, epoch %{x}: %{z:.4g}<extra></extra>",
  };
  const axes = { xaxis: { type: "category", title: { text: "epoch" } }, yaxis: { type: "category", autorange: "reversed" } };
  return Plotly.react("map", [trace], layout({ ...axes, margin: { l: 70, r: 8, t: 10, b: 44 } }), CONFIG);
}

function drawCurves() {
  const chosen = select();
  const step = Math.max(1, Math.ceil(chosen.length / MOST_LINES));
  const drawn = chosen.filter((trial, n) => n % step === 0 || trial === state.picked);
  document.getElementById("curves-about").textContent =
    `One line is one trial${step > 1 ? `, ${drawn.length} of ${chosen.length} are drawn` : ""}; the thick one is the mean of all ${chosen.length}.`;
  const at = data.curves.at;
  const traces = drawn.map((trial) => ({
    type: "scatter", mode: "lines", x: at, y: curve(trial), customdata: at.map(() => trial), connectgaps: true,
    hovertemplate: `${hover(trial)}<extra>epoch %{x}: %{y:.4g}</extra>`,
    line: { color: colorOf(trial), width: trial === state.picked ? 4 : 1 }, opacity: trial === state.picked ? 1 : 0.55,
  }));
  const all = chosen.map(curve);
  const middle = at.map((_, epoch) => mean(all.map((own) => own[epoch])));
  traces.push({ type: "scatter", mode: "lines", x: at, y: middle, connectgaps: true, line: { color: ink("ink"), width: 3 }, hovertemplate: "mean, epoch %{x}: %{y:.4g}<extra></extra>" });
  const measure = data.curves.measures.find((one) => one.key === state.curve);
  return Plotly.react("curves", traces, layout({ xaxis: { title: { text: "epoch" } }, yaxis: { title: { text: measure ? measure.label : "" } } }), CONFIG);
}
