"use strict";
// Which trials are selected. A filter is a list of ranges of positions on the axis of one column;
// every view sets and shows these same filters, so a selection in one is a selection in all.

const data = JSON.parse(document.getElementById("data").textContent);
const columns = data.columns;
const byKey = new Map(columns.map((column) => [column.key, column]));
const trials = data.ids.map((_, number) => number);
const state = { filters: {}, picked: -1, x: "", y: "", hue: "", curve: "", map: "" };
const listeners = [];

// Measurements come as 16-bit places between the least and the greatest one of a measure; 65535 is
// none. `read` gives the number at a place in the order in which they were written.
const NONE = 65535;
for (const measured of [data.curves, data.maps])
  for (const [key, { low, high, text }] of Object.entries(measured.values)) {
    const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
    const places = new Uint16Array(bytes.buffer);
    measured.values[key] = (at) => (places[at] === NONE ? null : low + ((high - low) * places[at]) / (NONE - 1));
  }

function curve(trial) {
  const read = data.curves.values[state.curve];
  return data.curves.at.map((_, epoch) => (read ? read(trial * data.curves.at.length + epoch) : null));
}

function cell(trial, layer, epoch) {
  const { at, layers, values } = data.maps;
  return values[state.map] ? values[state.map]((trial * layers.length + layer) * at.length + epoch) : null;
}

// The position of a trial on the axis of a column: the number of its level, its value, or the
// logarithm of it; null where it has none.
for (const column of columns) {
  column.positions = column.log
    ? column.values.map((value) => (value === null ? null : Math.log10(value)))
    : column.values;
  const there = column.positions.filter((position) => position !== null);
  column.low = column.levels ? 0 : there.reduce((a, b) => Math.min(a, b), Infinity);
  column.high = column.levels ? column.levels.length - 1 : there.reduce((a, b) => Math.max(a, b), -Infinity);
}

function format(value) {
  if (value === null || value === undefined) return "–";
  return Math.abs(value) >= 1e5 || (value !== 0 && Math.abs(value) < 1e-3)
    ? value.toExponential(2).replace("e+", "e")
    : String(Number(value.toPrecision(4)));
}

function say(column, trial) {
  const value = column.values[trial];
  return column.levels && value !== null ? column.levels[value] : format(value);
}

function passes(key, trial) {
  const position = byKey.get(key).positions[trial];
  return position !== null && state.filters[key].some(([low, high]) => position >= low && position <= high);
}

// The selected trials; without the filters of some columns where a view shows those itself.
function select(except = []) {
  const keys = Object.keys(state.filters).filter((key) => !except.includes(key));
  return trials.filter((trial) => keys.every((key) => passes(key, trial)));
}

function command(trial) {
  return data.commands[trial];
}

function describeFilter(key) {
  const column = byKey.get(key);
  if (column.levels) {
    const names = column.levels.filter((_, n) => state.filters[key].some(([a, b]) => n >= a && n <= b));
    return `${column.short}: ${names.join(", ") || "none"}`;
  }
  const read = (position) => format(column.log ? 10 ** position : position);
  return `${column.short}: ${state.filters[key].map(([a, b]) => `${read(a)} to ${read(b)}`).join(", ")}`;
}

// Sets the filter of a column; no range takes it away. `from` is the view that did so.
function filter(key, ranges, from = "") {
  if (ranges && ranges.length) state.filters[key] = ranges;
  else delete state.filters[key];
  tell(from);
}

function tell(from = "") {
  remember();
  for (const listener of listeners) listener(from);
}

// The state is kept in the address, so that it outlives a page that loads itself, and can be sent.
function remember() {
  const picked = state.picked < 0 ? "" : data.ids[state.picked];
  history.replaceState(null, "", `#${encodeURIComponent(JSON.stringify({ ...state, picked }))}`);
}

function recall() {
  const first = (given) => (columns.find((column) => column.given === given && column.key !== "seed") || columns[0]).key;
  Object.assign(state, { x: byKey.has(data.x) ? data.x : first(true), y: first(false) });
  state.hue = byKey.has(data.hue) ? data.hue : state.x;
  state.curve = data.curves.measures[0]?.key || "";
  state.map = data.maps.measures[0]?.key || "";
  let kept = {};
  try {
    kept = JSON.parse(decodeURIComponent(location.hash.slice(1)) || "{}");
  } catch { /* an address that was cut: all trials are shown */ }
  for (const name of ["x", "y", "hue"]) if (byKey.has(kept[name])) state[name] = kept[name];
  for (const [name, source] of [["curve", data.curves], ["map", data.maps]])
    if (source.values[kept[name]]) state[name] = kept[name];
  for (const [key, ranges] of Object.entries(kept.filters || {})) if (byKey.has(key)) state.filters[key] = ranges;
  state.picked = data.ids.indexOf(kept.picked);
}
