// Starts the page: draws it once, then whenever the selection changes, and listens to the charts.

// All but the lines.
async function drawUsable() {
  showCount();
  showBoxes();
  showRows();
  await Promise.all([drawCloud(), drawMap(), drawCurves()]);
}

async function drawAll(from = "") {
  await drawUsable();
  if (from !== "lines") await drawLines(); // last: without a graphics card it takes longest
}

// A drag along an axis: Plotly has put the ranges into the dimension itself.
function readLines() {
  const dimensions = element("lines").data[0].dimensions;
  lineColumns().forEach((column, number) => {
    const ranges = dimensions[number].constraintrange;
    if (ranges && ranges.length) state.filters[column.key] = Array.isArray(ranges[0]) ? ranges.map((one) => [...one]) : [[...ranges]];
    else delete state.filters[column.key];
  });
  tell("lines");
}

function readCloud(event) {
  if (!event || !event.range) return;
  for (const [key, range] of [[state.x, event.range.x], [state.y, event.range.y]]) state.filters[key] = [[Math.min(...range), Math.max(...range)]];
  tell("cloud");
}

function listenToLines() {
  element("lines").on("plotly_restyle", readLines);
  element("lines").on("plotly_hover", (event) => showTrial(element("lines").data[0].customdata[event.curveNumber] ?? -1));
}

function listen() {
  element("cloud").on("plotly_selected", readCloud);
  for (const id of ["cloud", "curves"]) {
    const trialOf = (event) => event.points[0].customdata;
    element(id).on("plotly_hover", (event) => trialOf(event) !== undefined && showTrial(trialOf(event)));
    element(id).on("plotly_click", (event) => trialOf(event) !== undefined && pick(trialOf(event)));
  }
  element("reset").addEventListener("click", () => {
    state.filters = {};
    tell();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll());
  const follow = Number(document.body.dataset.follow);
  if (follow) setTimeout(() => location.reload(), follow * 1000);
}

// Notes, in ms since the page was opened, when all but the lines can be used, and when they can.
async function start() {
  recall();
  fillChoices();
  fillBoxes();
  listeners.push((from) => drawAll(from));
  await drawUsable();
  listen();
  showTrial(state.picked);
  document.body.dataset.usable = Math.round(performance.now());
  await new Promise((next) => setTimeout(next)); // what was drawn is seen first
  await drawLines();
  listenToLines();
  document.body.dataset.ready = Math.round(performance.now());
}

start();
