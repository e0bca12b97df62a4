// All that a keyboard reaches: selection by value, what is shown, one trial, the table of trials.

const MOST_ROWS = 100;
const element = (id) => document.getElementById(id);

function make(tag, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children);
  return made;
}

function fillChoices() {
  const options = (list, chosen) => list.map(({ key, label, short }) => make("option", { value: key, textContent: short || label, selected: key === chosen }));
  const choices = [["cloud-x", "x", columns], ["cloud-y", "y", columns], ["hue", "hue", columns],
    ["map-measure", "map", data.maps.measures], ["curve-measure", "curve", data.curves.measures]];
  for (const [id, name, list] of choices) {
    element(id).replaceChildren(...options(list, state[name]));
    element(id).addEventListener("change", (event) => {
      state[name] = event.target.value;
      tell();
    });
  }
}

function fillBoxes() {
  element("boxes").replaceChildren(...columns.map((column) => make("fieldset", {}, make("legend", { textContent: column.label }), ...(column.levels ? levelBoxes(column) : endFields(column)))));
}

function levelBoxes(column) {
  return column.levels.map((level, number) => {
    const box = make("input", { type: "checkbox", name: column.key, value: number });
    box.addEventListener("change", () => {
      const boxes = [...document.getElementsByName(column.key)];
      const on = boxes.filter((one) => one.checked).map((one) => [Number(one.value) - 0.4, Number(one.value) + 0.4]);
      filter(column.key, on.length === boxes.length ? null : on.length ? on : [[-2, -1.5]]);
    });
    return make("label", {}, box, ` ${level}`);
  });
}

function endFields(column) {
  return ["from", "to"].map((word, number) => {
    const field = make("input", { type: "number", step: "any", name: `${column.key} ${word}` });
    field.addEventListener("change", () => {
      const fields = ["from", "to"].map((one) => document.getElementsByName(`${column.key} ${one}`)[0].value);
      const read = (text, open) => (text === "" ? open : column.log ? Math.log10(Number(text)) : Number(text));
      filter(column.key, fields.every((text) => text === "") ? null : [[read(fields[0], column.low), read(fields[1], column.high)]]);
    });
    return make("label", {}, `${word} `, field, number ? "" : " ");
  });
}

function showBoxes() {
  for (const column of columns) {
    const ranges = state.filters[column.key];
    if (column.levels)
      for (const box of document.getElementsByName(column.key)) box.checked = !ranges || ranges.some(([low, high]) => box.value >= low && box.value <= high);
    else
      ["from", "to"].forEach((word, end) => {
        const field = document.getElementsByName(`${column.key} ${word}`)[0];
        const position = ranges ? (end ? ranges[ranges.length - 1][1] : ranges[0][0]) : null;
        if (document.activeElement !== field) field.value = position === null ? "" : Number((column.log ? 10 ** position : position).toPrecision(4));
      });
  }
}

function showCount() {
  element("count").textContent = `${select().length} of ${trials.length} trials selected`;
  element("chips").replaceChildren(...Object.keys(state.filters).map((key) => {
    const chip = make("button", { type: "button", textContent: `${describeFilter(key)} ×`, title: "take this away" });
    chip.addEventListener("click", () => filter(key, null));
    return chip;
  }));
}

function showTrial(trial) {
  if (trial < 0) return;
  const facts = columns.flatMap((column) => [make("dt", { textContent: column.label }), make("dd", { textContent: say(column, trial) })]);
  const copy = make("button", { type: "button", textContent: "Copy" });
  copy.addEventListener("click", () => navigator.clipboard?.writeText(command(trial)));
  element("trial").replaceChildren(make("p", {}, make("strong", { textContent: data.ids[trial] })), make("p", { className: "hint" }, "The command that runs it alone: ", copy), make("pre", { textContent: command(trial) }), make("dl", {}, ...facts));
}

function pick(trial) {
  state.picked = trial;
  showTrial(trial);
  tell();
}

// The table, in the order of the column whose head was pressed; pressed again, the other way.
const order = { key: "", way: 1 };

function sorted(chosen) {
  const column = byKey.get(order.key);
  if (!column) return chosen;
  const missing = order.way * Infinity; // comes last, whichever way
  const at = (trial) => column.positions[trial] ?? missing;
  return [...chosen].sort((a, b) => order.way * (at(a) - at(b)) || a - b);
}

function head(column) {
  const button = make("button", { type: "button", textContent: column.label });
  button.addEventListener("click", () => {
    Object.assign(order, { key: column.key, way: order.key === column.key ? -order.way : 1 });
    showRows();
  });
  const way = order.key === column.key ? (order.way > 0 ? "ascending" : "descending") : "none";
  const cell = make("th", { scope: "col" }, button);
  cell.setAttribute("aria-sort", way);
  return cell;
}

function showRows() {
  const chosen = sorted(select());
  const rows = chosen.slice(0, MOST_ROWS);
  element("rows-about").textContent = `${chosen.length > MOST_ROWS ? `The first ${MOST_ROWS} of ${chosen.length}. ` : ""}Press a head to sort, a trial to look at it.`;
  element("rows").tHead.replaceChildren(make("tr", {}, make("th", { textContent: "trial", scope: "col" }), ...columns.map(head)));
  element("rows").tBodies[0].replaceChildren(...rows.map((trial) => {
    const button = make("button", { type: "button", textContent: data.ids[trial].slice(0, 10), title: command(trial) });
    button.addEventListener("click", () => pick(trial));
    return make("tr", { className: trial === state.picked ? "picked" : "" }, make("td", {}, button), ...columns.map((column) => make("td", { textContent: say(column, trial) })));
  }));
}
